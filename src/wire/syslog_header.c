/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/syslog_header.h"

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void advance(struct slice *rest, size_t count)
{
        rest->text += count;
        rest->length -= count;
}

static bool take_char(struct slice *rest, char c)
{
        if (rest->length == 0 || rest->text[0] != c)
                return false;
        advance(rest, 1);
        return true;
}

/* At least one blank. */
static bool take_blanks(struct slice *rest)
{
        size_t count = 0;

        while (count < rest->length && (rest->text[count] == ' ' || rest->text[count] == '\t'))
                count++;
        advance(rest, count);
        return count > 0;
}

/* least to most digits; what follows is no digit. */
static bool take_digits(struct slice *rest, size_t least, size_t most, int *ret)
{
        size_t count = 0;
        int number = 0;

        while (count < rest->length && count < most && is_digit(rest->text[count]))
                number = number * 10 + (rest->text[count++] - '0');
        if (count < least || (count < rest->length && is_digit(rest->text[count])))
                return false;
        advance(rest, count);
        *ret = number;
        return true;
}

/* ".123" into milliseconds; further digits are cut off. */
static bool take_fraction(struct slice *rest, int *ret_millisecond, int64_t *ret_resolution_ms)
{
        static const int scale[] = {0, 100, 10, 1};
        size_t count = 0;
        int number = 0;

        advance(rest, 1);
        for (; count < rest->length && is_digit(rest->text[count]); count++)
                if (count < 3)
                        number = number * 10 + (rest->text[count] - '0');
        if (count == 0)
                return false;
        advance(rest, count);
        *ret_millisecond = number * scale[count < 3 ? count : 3];
        *ret_resolution_ms = scale[count < 3 ? count : 3];
        return true;
}

/* "hh:mm:ss", and a fraction behind one of `marks`. */
static bool take_clock(struct slice *rest, const char *marks, struct civil *c, int64_t *ret_resolution_ms)
{
        *ret_resolution_ms = TIME_SECOND;
        if (!take_digits(rest, 1, 2, &c->hour) || !take_char(rest, ':') ||
                !take_digits(rest, 2, 2, &c->minute) || !take_char(rest, ':') ||
                !take_digits(rest, 2, 2, &c->second))
                return false;
        if (rest->length > 1 && rest->text[0] && strchr(marks, rest->text[0]) && is_digit(rest->text[1]) &&
                !take_fraction(rest, &c->millisecond, ret_resolution_ms))
                return false;
        /* A leap second is read as the end of its minute, as everywhere here. */
        if (c->second == 60) {
                c->second = 59;
                c->millisecond = 999;
        }
        return true;
}

static bool is_sound(struct civil c)
{
        if (c.year == 0)
                c.year = 2000;
        return civil_is_valid(&c);
}

/* "Z", "+01:00" or "+0100". */
static bool take_offset(struct slice *rest, struct text_reading *ret)
{
        bool west = rest->length && rest->text[0] == '-';
        int hours, minutes;

        if (take_char(rest, 'Z') || take_char(rest, 'z')) {
                ret->has_offset = true;
                return true;
        }
        if (!west && !(rest->length && rest->text[0] == '+'))
                return true;
        advance(rest, 1);
        struct slice compact = *rest;
        if (take_digits(rest, 2, 2, &hours) && take_char(rest, ':')) {
                if (!take_digits(rest, 2, 2, &minutes))
                        return false;
        } else {
                int both;
                *rest = compact;
                if (!take_digits(rest, 4, 4, &both))
                        return false;
                hours = both / 100;
                minutes = both % 100;
        }
        if (hours > 23 || minutes > 59)
                return false;
        ret->has_offset = true;
        ret->offset_s = (hours * 60 + minutes) * (west ? -60 : 60);
        return true;
}

/* A time is a word of its own, or a colon follows it. */
static bool ends_here(struct slice rest)
{
        return rest.length == 0 || rest.text[0] == ' ' || rest.text[0] == '\t' || rest.text[0] == ':';
}

bool syslog_take_iso_time(struct slice *rest, struct text_reading *ret, int64_t *ret_resolution_ms)
{
        struct text_reading reading = {0};
        struct slice after = *rest;
        struct civil *c = &reading.civil;

        if (after.length < 19 || after.text[4] != '-' || !take_digits(&after, 4, 4, &c->year) ||
                !take_char(&after, '-') || !take_digits(&after, 2, 2, &c->month) || !take_char(&after, '-') ||
                !take_digits(&after, 2, 2, &c->day) || c->year == 0)
                return false;
        if (!take_char(&after, 'T') && !take_char(&after, 't') && !take_char(&after, ' '))
                return false;
        if (!take_clock(&after, ".,", c, ret_resolution_ms) || !take_offset(&after, &reading) ||
                !ends_here(after) || !is_sound(*c))
                return false;
        *ret = reading;
        *rest = after;
        return true;
}

/* A year where there is one: four digits and a blank behind them. */
static void take_year(struct slice *rest, int *ret)
{
        struct slice after = *rest;
        int year;

        if (take_digits(&after, 4, 4, &year) && year >= 1970 && (after.length == 0 || take_blanks(&after))) {
                *ret = year;
                *rest = after;
        }
}

/* RFC 3164 section 4.1.2 "Nov 20 23:35:52", with a year before the clock or behind it where a device adds
 * one, and a fraction (".123" as Cisco, ":72" as H3C). */
static bool take_bsd(struct slice *rest, struct text_reading *ret, int64_t *ret_resolution_ms)
{
        struct text_reading reading = {0};
        struct slice after = *rest;
        struct civil *c = &reading.civil;

        if (after.length < 14 || !is_letter(after.text[0]))
                return false;
        c->month = text_month(slice_make(after.text, 3));
        advance(&after, 3);
        if (c->month == 0 || !take_blanks(&after) || !take_digits(&after, 1, 2, &c->day) ||
                !take_blanks(&after))
                return false;
        take_year(&after, &c->year);
        if (!take_clock(&after, ".:", c, ret_resolution_ms) || !ends_here(after) || !is_sound(*c))
                return false;
        if (c->year == 0 && after.length > 5 && after.text[0] == ' ') {
                struct slice behind = slice_make(after.text + 1, after.length - 1);
                take_year(&behind, &c->year);
                if (c->year)
                        after = slice_make(behind.text - 1, behind.length + 1);
        }
        *ret = reading;
        *rest = after;
        return is_sound(*c);
}

static void add_start(struct syslog_header *ret, struct slice at)
{
        take_blanks(&at);
        if (at.length && ret->start_count < SYSLOG_STARTS_MAX)
                ret->starts[ret->start_count++] = at;
}

/* The next word up to a blank; *rest moves to the blank behind it. */
static struct slice take_word(struct slice *rest)
{
        take_blanks(rest);
        const char *end = rest->length ? memchr(rest->text, ' ', rest->length) : NULL;
        struct slice word = slice_make(rest->text, end ? (size_t)(end - rest->text) : rest->length);
        advance(rest, word.length);
        return word;
}

static bool is_tag(struct slice word)
{
        return word.length > 1 && word.text[word.length - 1] == ':';
}

/* The services cards of Junos put their slot, and some releases a time of their own, before the message. */
static bool skip_junos_slot(struct slice *rest)
{
        struct text_reading own;
        struct slice after = *rest;
        int64_t resolution;

        take_blanks(&after);
        const char *end = slice_starts(after, "(FPC ") ? memchr(after.text, ')', after.length) : NULL;
        if (end)
                advance(&after, (size_t)(end + 1 - after.text));
        take_blanks(&after);
        bool timed = syslog_take_iso_time(&after, &own, &resolution);
        if (timed)
                take_char(&after, ':');
        if (!end && !timed)
                return false;
        *rest = after;
        return true;
}

/* A message may begin here, and behind up to two words that end with a colon. */
static void add_starts(struct syslog_header *ret, struct slice content)
{
        if (skip_junos_slot(&content))
                ret->is_framed = true;
        add_start(ret, content);
        for (int i = 0; i < 2; i++) {
                struct slice word = take_word(&content);
                if (!is_tag(word) && !slice_is(word, ":")) /* "asa : %ASA-6-..." */
                        break;
                add_start(ret, content);
        }
}

/* Citrix: "02/28/2026:01:13:01 GMT", month first unless the device was told otherwise, so a date that has
 * another meaning with the day first is marked. Behind it stands "SEVERITY ..." or "HOST 0-PPE-2 ...". */
static bool take_citrix(struct slice rest, struct syslog_header *ret)
{
        struct text_reading reading = {0};
        struct civil *c = &reading.civil;
        int64_t resolution;

        take_blanks(&rest);
        if (rest.length < 19 || rest.text[2] != '/' || !take_digits(&rest, 2, 2, &c->month) ||
                !take_char(&rest, '/') || !take_digits(&rest, 2, 2, &c->day) || !take_char(&rest, '/') ||
                !take_digits(&rest, 4, 4, &c->year) || !take_char(&rest, ':') ||
                !take_clock(&rest, "", c, &resolution) || !civil_is_valid(c) || !take_blanks(&rest))
                return false;
        if (slice_starts(rest, "GMT ")) {
                advance(&rest, 4);
                reading.has_offset = true;
        }
        ret->reading = reading;
        ret->resolution_ms = resolution;
        ret->is_ambiguous = c->day <= 12 && c->day != c->month;
        ret->has_time = ret->is_framed = true;
        add_start(ret, rest);
        struct slice host = take_word(&rest);
        take_blanks(&rest);
        if (slice_starts(rest, "0-PPE-"))
                ret->host = host;
        add_start(ret, rest);
        return true;
}

/* Cisco IOS: "123: HOST: *May 21 12:00:01.123 gmt: %FACILITY-...": the number, the host and the mark may be
 * absent. The time is the device's own and counts before that of a relay. */
static bool take_cisco(struct slice content, struct syslog_header *ret)
{
        struct slice after = content, host = {0}, word;
        struct text_reading reading;
        int64_t resolution;

        take_blanks(&after);
        struct slice numbered = after;
        word = take_word(&numbered);
        if (is_tag(word) && is_digit(word.text[0]) && is_digit(word.text[word.length - 2])) {
                after = numbered;
                take_blanks(&after);
        }
        struct slice named = after;
        word = take_word(&named);
        if (is_tag(word) && is_letter(word.text[0])) {
                host = slice_make(word.text, word.length - 1);
                after = named;
                take_blanks(&after);
        }
        bool unset = take_char(&after, '*');
        if (!unset)
                take_char(&after, '.');
        if (!take_bsd(&after, &reading, &resolution))
                return false;
        if (!take_char(&after, ':')) {
                word = take_word(&after);
                if (!is_tag(word) || word.length > 8)
                        return false;
                word.length--;
                /* Other abbreviations mean different zones in different countries. */
                if (slice_is(word, "UTC") || slice_is(word, "utc") || slice_is(word, "GMT") ||
                        slice_is(word, "gmt") || slice_is(word, "Z"))
                        reading.has_offset = true;
        }
        take_blanks(&after);
        if (after.length == 0 || after.text[0] != '%')
                return false;
        if (host.length)
                ret->host = host;
        ret->reading = reading;
        ret->has_time = ret->is_framed = true;
        ret->is_unset = unset;
        ret->resolution_ms = resolution;
        add_starts(ret, after);
        return true;
}

static bool is_nil(struct slice word)
{
        return slice_is(word, "-");
}

/* Cuts the structured data off (RFC 5424 section 6.3): elements in brackets, in whose quoted values a bracket
 * may stand, and \" escapes a quote. */
static void skip_structured_data(struct slice *rest)
{
        take_blanks(rest);
        if (take_char(rest, '-'))
                return;
        while (rest->length && rest->text[0] == '[') {
                bool quoted = false;
                size_t at = 1;
                for (; at < rest->length && (quoted || rest->text[at] != ']'); at++) {
                        if (rest->text[at] == '\\' && quoted)
                                at++;
                        else if (rest->text[at] == '"')
                                quoted = !quoted;
                }
                advance(rest, at < rest->length ? at + 1 : rest->length);
        }
}

void syslog_header_read_on(struct syslog_header *header)
{
        struct slice message = header->structured;

        if (message.length == 0)
                return;
        header->structured = (struct slice){0};
        skip_structured_data(&message);
        take_blanks(&message);
        if (slice_starts(message, "\xef\xbb\xbf"))
                advance(&message, 3);
        add_starts(header, message);
}

/* Behind the PRI: VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG. Huawei writes the
 * time as "2020 Jan 17 11:05:55". */
static bool take_5424(struct slice rest, struct syslog_header *ret)
{
        int version;

        if (!take_digits(&rest, 1, 3, &version) || version == 0 || !take_blanks(&rest))
                return false;
        struct slice after = rest;
        if (syslog_take_iso_time(&rest, &ret->reading, &ret->resolution_ms)) {
                ret->has_time = true;
        } else if (is_nil(take_word(&after))) {
                rest = after;
        } else {
                int year = 0;
                take_year(&rest, &year);
                if (year == 0 || !take_bsd(&rest, &ret->reading, &ret->resolution_ms))
                        return false;
                ret->reading.civil.year = year;
                if (!civil_is_valid(&ret->reading.civil))
                        return false;
                ret->has_time = true;
        }
        struct slice host = take_word(&rest);
        ret->host = is_nil(host) ? (struct slice){0} : host;
        ret->is_framed = true;
        add_start(ret, rest);
        take_word(&rest); /* APP-NAME */
        take_word(&rest); /* PROCID */
        add_start(ret, rest);
        take_word(&rest); /* MSGID */
        add_start(ret, rest);
        take_blanks(&rest);
        ret->structured = rest;
        return true;
}

/* "<134>": 0 to 191 (RFC 5424 section 6.2.1). */
static bool take_priority(struct slice *rest)
{
        struct slice after = *rest;
        int priority;

        if (!take_char(&after, '<') || !take_digits(&after, 1, 3, &priority) || priority > 191 ||
                !take_char(&after, '>'))
                return false;
        *rest = after;
        return true;
}

static void take_host_and_message(struct slice rest, struct syslog_header *ret)
{
        struct slice after = rest;
        struct slice host = take_word(&after);

        ret->has_time = ret->is_framed = true;
        /* "Nov 20 23:35:52 kernel: ..." and "... sshd[17]: ..." name no host. */
        if (host.length == 0 || is_tag(host)) {
                add_starts(ret, rest);
                return;
        }
        ret->host = host;
        if (!take_cisco(after, ret))
                add_starts(ret, after);
}

void syslog_header_read(struct slice line, struct syslog_header *ret)
{
        struct slice rest = line;

        *ret = (struct syslog_header){.resolution_ms = TIME_SECOND};
        take_blanks(&rest);
        bool has_priority = take_priority(&rest);
        if (has_priority && take_5424(rest, ret))
                return;
        ret->host = (struct slice){0};
        if (take_citrix(rest, ret))
                return;
        if (rest.length &&
                (is_digit(rest.text[0]) ? syslog_take_iso_time(&rest, &ret->reading, &ret->resolution_ms)
                                        : take_bsd(&rest, &ret->reading, &ret->resolution_ms))) {
                struct slice bare = slice_make(line.text, line.length);
                /* "May 21 12:00:01.123: %SYS-...": Cisco without a number before the time. */
                if (rest.length && rest.text[0] == ':' && take_cisco(bare, ret))
                        return;
                take_host_and_message(rest, ret);
                return;
        }
        if (take_cisco(rest, ret))
                return;
        add_starts(ret, rest);
}
