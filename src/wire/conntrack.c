/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines of `conntrack -E -o timestamp[,id][,extended]`, conntrack-tools 1.4: the kernel's own account of a
 * Linux NAT.
 *
 *   [1700000000.123456]     [NEW] tcp      6 120 SYN_SENT src=A dst=B sport=1 dport=2 [UNREPLIED] src=B dst=C
 * sport=2 dport=3 id=4711
 *
 * What the tuples mean: conntrack_entry.h. The time is that at which the tool read the event: a DESTROY
 * follows the real end by many seconds, so it is only a bound. One pass over the line, no allocation: this is
 * the busiest text format. */
#include "wire/conntrack_entry.h"
#include "wire/text_decoder.h"

#include <stdlib.h>

enum conntrack_tag { TAG_NEW, TAG_UPDATE, TAG_DESTROY };

struct conntrack_line {
        int64_t time_ms;
        enum conntrack_tag tag;
        unsigned words;       /* before the first src= */
        struct slice word[4]; /* [ipv4 2] tcp 6 */
        struct conntrack_tuple tuples[2];
        unsigned tuple_count;
        uint32_t id, zone;
        bool has_id, is_ipv6;
        uint8_t protocol;
        const char *wrong; /* what was wrong, for the refusal */
        struct slice at;   /* ... and where */
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct text_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(decoder, options, 0);
        *ret_decoder = decoder;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        free(decoder);
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool take_char(struct slice *rest, char c)
{
        if (rest->length == 0 || rest->text[0] != c)
                return false;
        rest->text++;
        rest->length--;
        return true;
}

static void skip_blanks(struct slice *rest)
{
        while (rest->length && (rest->text[0] == ' ' || rest->text[0] == '\t')) {
                rest->text++;
                rest->length--;
        }
}

/* Digits up to the first other character; false where there are none or the number passes the maximum. */
static bool take_number(struct slice *rest, uint64_t maximum, uint64_t *ret)
{
        uint64_t number = 0;
        size_t digits = 0;

        while (digits < rest->length && is_digit(rest->text[digits])) {
                number = number * 10 + (uint64_t)(rest->text[digits] - '0');
                if (++digits > 18 || number > maximum)
                        return false;
        }
        rest->text += digits;
        rest->length -= digits;
        *ret = number;
        return digits > 0;
}

/* "[1700000000.123456]" to milliseconds, cut and not rounded. */
static bool take_time(struct slice *rest, int64_t *ret)
{
        struct slice after = *rest;
        uint64_t seconds, millisecond = 0;
        unsigned digits = 0;

        if (!take_char(&after, '[') || !take_number(&after, (uint64_t)TIME_LIMIT / 1000 - 1, &seconds))
                return false;
        if (take_char(&after, '.'))
                for (; after.length && is_digit(after.text[0]); digits++, after.text++, after.length--)
                        if (digits < 3)
                                millisecond = millisecond * 10 + (uint64_t)(after.text[0] - '0');
        if (digits > 9 || !take_char(&after, ']'))
                return false;
        for (; digits < 3; digits++)
                millisecond *= 10;
        *ret = (int64_t)(seconds * 1000 + millisecond);
        *rest = after;
        return true;
}

static bool take_tag(struct slice *rest, enum conntrack_tag *ret)
{
        static const char *const tags[] = {"[NEW]", "[UPDATE]", "[DESTROY]"};

        skip_blanks(rest);
        for (unsigned i = 0; i < 3; i++)
                if (slice_starts(*rest, tags[i])) {
                        size_t length = strlen(tags[i]);
                        *rest = slice_make(rest->text + length, rest->length - length);
                        *ret = (enum conntrack_tag)i;
                        return true;
                }
        return false;
}

/* A dotted quad without leading zeros (which some read as octal). */
static bool read_ipv4(struct slice text, uint32_t *ret)
{
        uint32_t address = 0;
        struct slice rest = text;

        for (int i = 0; i < 4; i++) {
                uint64_t part;
                const char *first = rest.text;
                if (!take_number(&rest, 255, &part) || (*first == '0' && rest.text - first > 1))
                        return false;
                address = address << 8 | (uint32_t)part;
                if (i < 3 && !take_char(&rest, '.'))
                        return false;
        }
        *ret = address;
        return rest.length == 0;
}

static bool read_port(struct slice text, uint16_t *ret)
{
        uint64_t number;

        if (!take_number(&text, UINT16_MAX, &number) || text.length)
                return false;
        *ret = (uint16_t)number;
        return true;
}

static bool wrong(struct conntrack_line *line, const char *what, struct slice at)
{
        line->wrong = what;
        line->at = at;
        return false;
}

static bool set_once(struct conntrack_line *line, struct slice key, enum conntrack_field field)
{
        struct conntrack_tuple *tuple = line->tuple_count ? &line->tuples[line->tuple_count - 1] : NULL;

        if (!tuple || (tuple->has & field))
                return wrong(line, "a field in an unexpected place", key);
        tuple->has |= field;
        return true;
}

static bool take_address(struct conntrack_line *line, struct slice key, struct slice value)
{
        bool is_src = key.text[0] == 's';

        if (is_src) {
                if (line->tuple_count == 2)
                        return wrong(line, "more than two tuples", key);
                line->tuple_count++;
        }
        if (!set_once(line, key, is_src ? CONNTRACK_HAS_SRC : CONNTRACK_HAS_DST))
                return false;
        struct conntrack_tuple *tuple = &line->tuples[line->tuple_count - 1];
        if (value.length && memchr(value.text, ':', value.length)) {
                line->is_ipv6 = true;
                return true;
        }
        return read_ipv4(value, is_src ? &tuple->src : &tuple->dst) ||
               wrong(line, "not an IPv4 address", value);
}

static bool take_port(struct conntrack_line *line, struct slice key, struct slice value)
{
        bool is_source = key.text[0] == 's';

        if (!set_once(line, key, is_source ? CONNTRACK_HAS_SPORT : CONNTRACK_HAS_DPORT))
                return false;
        struct conntrack_tuple *tuple = &line->tuples[line->tuple_count - 1];
        return read_port(value, is_source ? &tuple->sport : &tuple->dport) ||
               wrong(line, "not a port", value);
}

/* In ICMP lines the first id= of each tuple is the query identifier; any other is conntrack's own number. */
static bool take_id(struct conntrack_line *line, struct slice key, struct slice value)
{
        struct conntrack_tuple *tuple = line->tuple_count ? &line->tuples[line->tuple_count - 1] : NULL;
        bool is_icmp = line->protocol == 1 || line->protocol == 58;
        uint64_t number;

        if (is_icmp && tuple && !(tuple->has & CONNTRACK_HAS_ICMP_ID)) {
                tuple->has |= CONNTRACK_HAS_ICMP_ID;
                return read_port(value, &tuple->icmp_id) || wrong(line, "not an ICMP identifier", value);
        }
        if (line->has_id || line->tuple_count != 2)
                return wrong(line, "a field in an unexpected place", key);
        if (!take_number(&value, UINT32_MAX, &number) || value.length)
                return wrong(line, "not a conntrack id", value);
        line->has_id = true;
        line->id = number ? (uint32_t)number : UINT32_MAX;
        return true;
}

static bool take_zone(struct conntrack_line *line, struct slice value)
{
        uint64_t number;

        if (!take_number(&value, UINT16_MAX, &number) || value.length)
                return wrong(line, "not a zone", value);
        line->zone = (uint32_t)number;
        return true;
}

static bool take_field(struct conntrack_line *line, struct slice key, struct slice value)
{
        switch (key.length) {
        case 2:
                return slice_is(key, "id") ? take_id(line, key, value) : true;
        case 3:
                return slice_is(key, "src") || slice_is(key, "dst") ? take_address(line, key, value) : true;
        case 4:
                /* Connection tracking zones keep overlapping inside networks apart, as VRFs do. */
                return slice_is(key, "zone") ? take_zone(line, value) : true;
        case 5:
                return slice_is(key, "sport") || slice_is(key, "dport") ? take_port(line, key, value) : true;
        case 9:
                return slice_is(key, "zone-orig") ? take_zone(line, value) : true;
        default:
                return true; /* counters, marks, timeouts: nothing that names anyone */
        }
}

/* "[ipv4 2] tcp 6" before the timeout and the state. */
static bool take_protocol(struct conntrack_line *line)
{
        unsigned at = line->words > 1 && (slice_is(line->word[0], "ipv4") || slice_is(line->word[0], "ipv6"))
                              ? 2
                              : 0;
        uint64_t number;

        line->is_ipv6 = at == 2 && line->word[0].text[3] == '6';
        if (line->words < at + 2 || slice_number(line->word[at + 1], 255, &number) < 0)
                return wrong(line, "no protocol number before src=", line->word[0]);
        line->protocol = (uint8_t)number;
        return true;
}

/* One run of non-blanks; equals is where its first '=' stands. */
static bool take_token(struct conntrack_line *line, struct slice token, const char *equals)
{
        if (!equals) {
                if (line->tuple_count)
                        return wrong(line, "an unexpected word", token);
                if (line->words < 4)
                        line->word[line->words++] = token;
                return true;
        }
        struct slice key = slice_make(token.text, (size_t)(equals - token.text));
        struct slice value = slice_make(equals + 1, token.length - key.length - 1);
        if (line->tuple_count == 0 && slice_is(key, "src") && !take_protocol(line))
                return false;
        return take_field(line, key, value);
}

/* Everything behind the tag. Flags and kernel times stand in brackets and may contain blanks. */
static bool take_tokens(struct conntrack_line *line, struct slice rest)
{
        for (skip_blanks(&rest); rest.length; skip_blanks(&rest)) {
                /* Behind it stands the name of the process that removed the entry: free text. */
                if (slice_starts(rest, "[USERSPACE]"))
                        break;
                if (rest.text[0] == '[') {
                        const char *end = memchr(rest.text, ']', rest.length);
                        if (!end)
                                return wrong(line, "a bracket that does not close", rest);
                        rest = slice_make(end + 1, rest.length - (size_t)(end + 1 - rest.text));
                        continue;
                }
                const char *end = rest.text + rest.length, *at = rest.text, *equals = NULL;
                for (; at < end && *at != ' ' && *at != '\t'; at++)
                        if (*at == '=' && !equals)
                                equals = at;
                struct slice token = slice_make(rest.text, (size_t)(at - rest.text));
                rest = slice_make(at, (size_t)(end - at));
                if (!take_token(line, token, equals))
                        return false;
        }
        for (unsigned i = 0; i < 2; i++)
                if ((line->tuples[i].has & (CONNTRACK_HAS_SRC | CONNTRACK_HAS_DST)) !=
                        (CONNTRACK_HAS_SRC | CONNTRACK_HAS_DST))
                        return wrong(line, "two tuples with src= and dst= are needed; is the line cut off?",
                                slice_make(rest.text, 0));
        return true;
}

static int take_event(
        struct text_decoder *decoder, const struct conntrack_line *line, const struct decode_sink *sink)
{
        struct conntrack_entry entry = {.tuples = {line->tuples[0], line->tuples[1]},
                .time_ms = line->time_ms,
                .id = line->has_id ? line->id : 0,
                .zone = line->zone,
                .exporter = decoder->options.exporter,
                .protocol = line->protocol,
                .action = line->tag == TAG_NEW ? NAT_OPEN : NAT_CLOSE_BOUND};
        struct nat_event event;
        enum refusal why;
        const char *sentence;

        int r = conntrack_entry_event(&entry, &event, &why, &sentence);
        if (r < 0)
                return text_refuse(decoder, sink, why, "protocol %u: %s", line->protocol, sentence);
        if (r == 0) {
                decoder->counts.not_nat++;
                return 0;
        }
        decoder->counts.used++;
        return text_deliver(decoder, sink, &event);
}

/* A line without a time of its own: what the tool says on standard error, or damage. */
static int take_remark(struct text_decoder *decoder, struct slice text, const struct decode_sink *sink)
{
        static const char *const remarks[] = {"conntrack v",
                "NOTICE: ", "This message means that the current netlink", "Please, check --buffer-size"};
        struct slice trimmed = slice_trim(text);
        struct slice after = text;
        enum conntrack_tag tag;

        for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++)
                if (slice_starts(trimmed, remarks[i])) {
                        decoder->counts.other++;
                        return 0;
                }
        if (take_tag(&after, &tag))
                return text_refuse(decoder, sink, REFUSAL_IMPOSSIBLE_TIME,
                        "no time; run conntrack with -o timestamp,id");
        return text_refuse(decoder, sink, REFUSAL_BAD_LINE,
                "not a line of conntrack -E -o timestamp: \"%.*s\"",
                trimmed.length > 60 ? 60 : (int)trimmed.length, trimmed.text);
}

static bool reports_loss(struct text_decoder *decoder, struct slice text)
{
        if (!text_contains(text, "enobufs"))
                return false;
        decoder->counts.reported_losses++;
        text_missing(decoder, GAP_REPORTED);
        return true;
}

static int line(struct text_decoder *decoder, struct slice text, const struct decode_sink *sink)
{
        struct conntrack_line parsed = {0};
        struct slice rest;

        if (!text_take_line(decoder, &text, sink))
                return 0;
        rest = text;
        if (!take_time(&rest, &parsed.time_ms))
                return reports_loss(decoder, text) ? 0 : take_remark(decoder, text, sink);
        if (!take_tag(&rest, &parsed.tag)) {
                parsed.wrong = "neither [NEW], [UPDATE] nor [DESTROY] behind the time";
                parsed.at = slice_trim(rest);
        } else if (take_tokens(&parsed, rest)) {
                int r = text_heard(decoder, parsed.time_ms);
                if (r < 0)
                        return r;
                if (!parsed.is_ipv6 && parsed.tag != TAG_UPDATE)
                        return take_event(decoder, &parsed, sink);
                decoder->counts.not_nat++;
                return 0;
        }
        if (reports_loss(decoder, text))
                return 0;
        return text_refuse(decoder, sink, REFUSAL_BAD_LINE, "%s: \"%.*s\"", parsed.wrong,
                parsed.at.length > 40 ? 40 : (int)parsed.at.length, parsed.at.length ? parsed.at.text : "");
}

static int finish(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        (void)sink;
        return text_hearing_finish(decoder, ret);
}

static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length);
        int sound = 0, foreign = 0;

        while (rest.length) {
                struct slice first = text_first_line(&rest);
                enum conntrack_tag tag;
                int64_t instant;
                if (rest.length == 0 && sound + foreign > 0)
                        break; /* perhaps cut off */
                if (take_time(&first, &instant) && take_tag(&first, &tag))
                        sound++;
                else if (first.length && first.text[0] == '[')
                        foreign++;
        }
        return sound == 0 ? 0 : foreign == 0 ? 95 : sound > foreign ? 60 : 0;
}

const struct text_format text_format_conntrack = {
        .name = "conntrack",
        .description = "conntrack -E -o timestamp[,id]: the events of a Linux NAT",
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
