/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/framing.h"

#include <string.h>

#define IPFIX_VERSION 10u
#define IPFIX_HEADER_BYTES 16u

static struct framing_step step(enum framing_outcome outcome, size_t used)
{
        return (struct framing_step){.outcome = outcome, .used = used};
}

static struct framing_step broken(const char *complaint)
{
        return (struct framing_step){.outcome = FRAMING_BROKEN, .complaint = complaint};
}

static struct framing_step message(const uint8_t *bytes, size_t length, size_t used)
{
        return (struct framing_step){
                .outcome = FRAMING_MESSAGE, .used = used, .message = bytes, .length = length};
}

static struct framing_step next_ipfix(const uint8_t *bytes, size_t length)
{
        if (length < 4)
                return step(FRAMING_MORE, 0);
        size_t whole = (size_t)bytes[2] << 8 | bytes[3];
        if ((bytes[0] << 8 | bytes[1]) != IPFIX_VERSION)
                return broken("no IPFIX message begins where one must (its version is not 10)");
        if (whole < IPFIX_HEADER_BYTES)
                return broken("an IPFIX message says that it is shorter than its header");
        return length < whole ? step(FRAMING_MORE, 0) : message(bytes, whole, whole);
}

static bool is_digit(uint8_t byte)
{
        return byte >= '0' && byte <= '9';
}

static struct framing_step next_line(struct framing *framing, const uint8_t *bytes, size_t length)
{
        const uint8_t *end = memchr(bytes + framing->searched, '\n', length - framing->searched);

        if (!end && length > FRAMING_SYSLOG_MAX + 1) { /* one more may be the CR of a CR LF */
                framing->is_skipping_line = true;
                framing->searched = 0;
                return step(FRAMING_TOO_LONG, length);
        }
        framing->searched = end ? (size_t)(end - bytes) : length;
        if (!end)
                return step(FRAMING_MORE, 0);
        size_t line = (size_t)(end - bytes);
        size_t used = line + 1;
        if (line && bytes[line - 1] == '\r')
                line--;
        if (line > FRAMING_SYSLOG_MAX)
                return step(FRAMING_TOO_LONG, used);
        return line ? message(bytes, line, used) : step(FRAMING_NOTHING, used);
}

static struct framing_step skip(struct framing *framing, const uint8_t *bytes, size_t length)
{
        if (framing->skip_bytes) {
                size_t now = framing->skip_bytes < length ? (size_t)framing->skip_bytes : length;
                framing->skip_bytes -= now;
                return step(FRAMING_NOTHING, now);
        }
        const uint8_t *end = memchr(bytes, '\n', length);
        framing->is_skipping_line = !end;
        return step(FRAMING_NOTHING, end ? (size_t)(end - bytes) + 1 : length);
}

/* A count and the message behind it; digits that no space follows are a line's beginning (a time, a number).
 */
static struct framing_step next_counted(struct framing *framing, const uint8_t *bytes, size_t length)
{
        uint64_t count = 0;
        size_t digits = 0;

        while (digits < length && digits <= FRAMING_COUNT_DIGITS_MAX && is_digit(bytes[digits]))
                count = count * 10 + (uint64_t)(bytes[digits++] - '0');
        if (digits > FRAMING_COUNT_DIGITS_MAX)
                return framing->has_counted ? broken("a count of octets has more than nine digits")
                                            : next_line(framing, bytes, length);
        if (digits == length)
                return step(FRAMING_MORE, 0);
        if (bytes[digits] != ' ')
                return framing->has_counted ? broken("a count of octets is followed by no space")
                                            : next_line(framing, bytes, length);
        size_t head = digits + 1;
        if (head == length)
                return step(FRAMING_MORE, 0);
        /* SYSLOG-MSG begins with its priority (RFC 5424 section 6, RFC 3164 section 4.1.1). */
        if (bytes[head] != '<')
                return framing->has_counted ? broken("a counted message does not begin with its priority")
                                            : next_line(framing, bytes, length);
        if (count > FRAMING_SYSLOG_MAX) {
                framing->has_counted = true;
                framing->skip_bytes = count;
                return step(FRAMING_TOO_LONG, head);
        }
        if (length - head < count)
                return step(FRAMING_MORE, 0);
        framing->has_counted = true;
        return message(bytes + head, (size_t)count, head + (size_t)count);
}

static struct framing_step next_syslog(struct framing *framing, const uint8_t *bytes, size_t length)
{
        if (framing->skip_bytes || framing->is_skipping_line)
                return skip(framing, bytes, length);
        if (bytes[0] >= '1' && bytes[0] <= '9')
                return next_counted(framing, bytes, length);
        /* An end of line behind a counted message is what senders add that do both. */
        if (framing->has_counted && bytes[0] != '<' && bytes[0] != '\n' && bytes[0] != '\r')
                return broken("behind a counted message begins neither a count nor a priority");
        return next_line(framing, bytes, length);
}

struct framing_step framing_next(struct framing *framing, const uint8_t *bytes, size_t length)
{
        if (length == 0)
                return step(FRAMING_MORE, 0);
        struct framing_step next = framing->kind == FRAMING_IPFIX ? next_ipfix(bytes, length)
                                                                  : next_syslog(framing, bytes, length);
        /* What was searched belongs to the bytes that are used up now; a message may be asked for again. */
        if (next.outcome != FRAMING_MORE)
                framing->searched = 0;
        return next;
}
