/* SPDX-License-Identifier: EUPL-1.2 */
/* Detail files of FreeRADIUS 3: RFC 2866 accounting as text. A record is a line with the server's local date,
 * lines `TAB Attribute = value`, and an empty line.
 *
 * The date in the first line has no zone and is never read. The instant is Event-Timestamp (RFC 2869
 * section 5.3) where it says its zone, else the server's Timestamp (seconds since 1970) less Acct-Delay-Time.
 * All are whole seconds: a start counts from the beginning of its second, a stop until the end of it. */
#include "base/checksum.h"
#include "wire/text_decoder.h"
#include "wire/text_time.h"

#include <stdlib.h>

#define RECORD_PREFIXES_MAX 16 /* addresses and prefixes in one record */
#define RECORD_LINES_MAX 512
#define VALUE_MAX 1024 /* bytes of an attribute that matters */
/* An Event-Timestamp further than this from when the record came contradicts it: that clock was not set. */
#define EVENT_TIME_REACH TIME_DAY

enum record_status { STATUS_NONE, STATUS_START, STATUS_STOP, STATUS_INTERIM, STATUS_ON_OFF, STATUS_OTHER };

struct record {
        bool open;
        uint64_t line;  /* of its beginning */
        uint64_t lines; /* behind it */
        enum record_status status;
        int64_t event_ms;                  /* TIME_UNKNOWN: no Event-Timestamp that says its zone */
        int64_t received_ms;               /* TIME_UNKNOWN: no Timestamp */
        int64_t delay_ms, session_time_ms; /* -1: not there */
        uint64_t session_id, nas[3];       /* hashes; 0: not there. NAS: IPv4, IPv6, identifier */
        struct prefix prefixes[RECORD_PREFIXES_MAX];
        size_t prefix_count;
        char subscriber[SUBSCRIBER_MAX];
        enum refusal refusal;
        char wrong[200]; /* the first thing that was wrong; empty: sound */
};

struct detail_decoder {
        struct text_decoder common;
        struct record record;
        bool restart_noted;
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct detail_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, TIME_SECOND);
        *ret_decoder = &decoder->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        free(decoder);
}

static void spoil(struct record *record, enum refusal refusal, const char *what, struct slice name)
{
        struct error error;

        if (record->wrong[0])
                return;
        record->refusal = refusal;
        error_set(&error, -EBADMSG, "%.*s: %s", name.length > 40 ? 40 : (int)name.length,
                name.length ? name.text : "", what);
        memcpy(record->wrong, error.text, sizeof record->wrong - 1);
        record->wrong[sizeof record->wrong - 1] = '\0';
}

/* One character behind a backslash, as FreeRADIUS prints strings; -1 where it never does so. */
static int unescape(struct slice *rest)
{
        char c = rest->text[0];
        size_t used = 1;
        int value = c == 'n'                             ? '\n'
                    : c == 'r'                           ? '\r'
                    : c == 't'                           ? '\t'
                    : c == '\\' || c == '"' || c == '\'' ? c
                                                         : -1;

        if (c >= '0' && c <= '3' && rest->length >= 3) {
                for (value = 0, used = 0; used < 3; used++) {
                        if (rest->text[used] < '0' || rest->text[used] > '7')
                                return -1;
                        value = value * 8 + (rest->text[used] - '0');
                }
        }
        *rest = slice_make(rest->text + used, rest->length - used);
        return value;
}

/* The text of a value, without quotes and escapes; false where it is damaged or too long to matter. */
static bool read_value(struct slice value, char text[VALUE_MAX], struct slice *ret)
{
        size_t length = 0;

        if (value.length == 0 || value.text[0] != '"') {
                *ret = value;
                return value.length > 0;
        }
        for (struct slice rest = slice_make(value.text + 1, value.length - 1); rest.length;) {
                int c = (unsigned char)rest.text[0];
                rest = slice_make(rest.text + 1, rest.length - 1);
                if (c == '"') {
                        *ret = slice_make(text, length);
                        return rest.length == 0;
                }
                if (c == '\\')
                        c = rest.length ? unescape(&rest) : -1;
                if (c < 0 || length == VALUE_MAX)
                        return false;
                text[length++] = (char)c;
        }
        return false;
}

static uint64_t hash_of(struct slice text)
{
        uint64_t hash = checksum(text.text, text.length);

        return hash ? hash : 1;
}

static enum record_status status_of(struct slice text)
{
        static const struct {
                const char *name;
                enum record_status status;
        } known[] = {{"Start", STATUS_START}, {"1", STATUS_START}, {"Stop", STATUS_STOP}, {"2", STATUS_STOP},
                {"Interim-Update", STATUS_INTERIM}, {"Alive", STATUS_INTERIM}, {"3", STATUS_INTERIM},
                {"Accounting-On", STATUS_ON_OFF}, {"7", STATUS_ON_OFF}, {"Accounting-Off", STATUS_ON_OFF},
                {"8", STATUS_ON_OFF}};

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (slice_is(text, known[i].name))
                        return known[i].status;
        return STATUS_OTHER;
}

static bool take_seconds(struct slice text, int64_t *ret_ms)
{
        uint64_t seconds;

        if (slice_number(text, (uint64_t)(TIME_LIMIT / TIME_SECOND) - 1, &seconds) < 0)
                return false;
        *ret_ms = (int64_t)seconds * TIME_SECOND;
        return true;
}

/* "Nov 20 2026 23:35:52 UTC" (a day below ten is padded with a blank). 0 with the instant, TIME_UNKNOWN where
 * its zone is a name that could mean several; false where it is no date at all. */
static bool read_date(struct slice text, const struct text_options *options, int64_t *ret)
{
        struct slice rest = text, month = slice_word(&rest), day = slice_word(&rest),
                     year = slice_word(&rest);
        struct civil c = {0};
        int64_t instant, second;
        uint64_t number;
        char joined[24];

        if (year.length != 4 || slice_number(year, 9999, &number) < 0 || month.length != 3 || day.length > 2)
                return false;
        struct slice clock = slice_word(&rest), zone = slice_trim(rest);
        if (clock.length != 8)
                return false;
        memcpy(joined, month.text, 3);
        joined[3] = ' ';
        memset(joined + 4, '0', 2);
        memcpy(joined + 6 - day.length, day.text, day.length);
        joined[6] = ' ';
        memcpy(joined + 7, clock.text, 8);
        struct slice together = slice_make(joined, 15);
        if (!text_take_bsd_time(&together, &c))
                return false;
        c.year = (int)number;
        if (!civil_is_valid(&c))
                return false;
        *ret = TIME_UNKNOWN;
        if (slice_is(zone, "UTC") || slice_is(zone, "GMT") || slice_is(zone, "Z"))
                *ret = time_from_civil(&c);
        else if (options->clock &&
                 options->clock->to_instant(options->clock->context, &c, &instant, &second) == 0)
                *ret = instant;
        return true;
}

static bool take_event_timestamp(struct detail_decoder *d, struct slice text)
{
        return take_seconds(text, &d->record.event_ms) ||
               read_date(text, &d->common.options, &d->record.event_ms);
}

static bool take_prefix(struct record *record, struct slice text, bool single)
{
        struct prefix prefix;

        if (record->prefix_count == RECORD_PREFIXES_MAX || prefix_parse(text, &prefix, NULL) < 0 ||
                (single && prefix.length != 128) || prefix.length == 0)
                return false;
        for (size_t i = 0; i < record->prefix_count; i++)
                if (memcmp(&record->prefixes[i], &prefix, sizeof prefix) == 0)
                        return true;
        if (address_is_ipv4(&prefix.address) && address_ipv4(&prefix.address) == 0)
                return true; /* RFC 2866 allows 0.0.0.0 before an address is chosen */
        record->prefixes[record->prefix_count++] = prefix;
        return true;
}

static bool take_subscriber(struct record *record, struct slice text)
{
        char name[SUBSCRIBER_MAX];

        if (text_subscriber(text, name) || (record->subscriber[0] && strcmp(record->subscriber, name) != 0))
                return false;
        memcpy(record->subscriber, name, sizeof name);
        return true;
}

enum attribute {
        STATUS_TYPE,
        USER_NAME,
        SESSION_ID,
        NAS_IPV4,
        NAS_IPV6,
        NAS_NAME,
        EVENT_TIME,
        RECEIVED,
        SESSION_TIME,
        DELAY_TIME,
        ADDRESS_IPV4,
        ADDRESS_IPV6,
        PREFIX_IPV6,
        PREFIX_DELEGATED,
        ATTRIBUTE_COUNT
};

static const char *const attribute_names[ATTRIBUTE_COUNT] = {"Acct-Status-Type", "User-Name",
        "Acct-Session-Id", "NAS-IP-Address", "NAS-IPv6-Address", "NAS-Identifier", "Event-Timestamp",
        "Timestamp", "Acct-Session-Time", "Acct-Delay-Time", "Framed-IP-Address", "Framed-IPv6-Address",
        "Framed-IPv6-Prefix", "Delegated-IPv6-Prefix"};

static bool take_attribute(struct detail_decoder *d, enum attribute attribute, struct slice value)
{
        struct record *record = &d->record;

        switch (attribute) {
        case STATUS_TYPE:
                if (record->status != STATUS_NONE)
                        return false;
                record->status = status_of(value);
                return true;
        case USER_NAME:
                return take_subscriber(record, value);
        case SESSION_ID:
                record->session_id = hash_of(value);
                return true;
        case NAS_IPV4:
        case NAS_IPV6:
        case NAS_NAME:
                record->nas[attribute - NAS_IPV4] = hash_of(value);
                return true;
        case EVENT_TIME:
                return take_event_timestamp(d, value);
        case RECEIVED:
                return take_seconds(value, &record->received_ms);
        case SESSION_TIME:
                return take_seconds(value, &record->session_time_ms);
        case DELAY_TIME:
                return take_seconds(value, &record->delay_ms);
        case ADDRESS_IPV4:
        case ADDRESS_IPV6:
                return take_prefix(record, value, true);
        default:
                return take_prefix(record, value, false);
        }
}

static void take_attribute_line(struct detail_decoder *d, struct slice text)
{
        char plain[VALUE_MAX];
        struct slice rest = slice_trim(text), value;
        struct slice name = slice_word(&rest), sign = slice_word(&rest);

        if (!slice_is(sign, "=") && !slice_is(sign, ":=") && !slice_is(sign, "+=")) {
                spoil(&d->record, REFUSAL_BAD_LINE, "not an attribute line", name);
                return;
        }
        for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
                if (!slice_is(name, attribute_names[i]))
                        continue;
                if (!read_value(slice_trim(rest), plain, &value) ||
                        !take_attribute(d, (enum attribute)i, value))
                        spoil(&d->record, REFUSAL_BAD_VALUE,
                                "the value cannot be read or contradicts the one before", name);
                return;
        }
}

static int refuse_record(
        struct detail_decoder *d, enum refusal refusal, const char *why, const struct decode_sink *sink)
{
        return text_refuse_at(&d->common, sink, d->record.line, refusal, why);
}

/* The instant of the record. *ret_exact: it is the NAS's own; false: no later than that. */
static const char *instant_of(const struct record *record, int64_t *ret, bool *ret_exact)
{
        int64_t delay = record->delay_ms > 0 ? record->delay_ms : 0;
        bool received = record->received_ms != TIME_UNKNOWN;
        int64_t sent = received ? record->received_ms - delay : TIME_UNKNOWN;

        if (record->event_ms == TIME_UNKNOWN && !received)
                return "neither an Event-Timestamp that says its zone nor a Timestamp";
        if (record->event_ms != TIME_UNKNOWN && received &&
                (record->event_ms - sent > EVENT_TIME_REACH || sent - record->event_ms > EVENT_TIME_REACH))
                return "Event-Timestamp is more than a day from when the record came";
        *ret_exact = record->event_ms != TIME_UNKNOWN;
        *ret = *ret_exact ? record->event_ms : sent;
        return *ret >= TIME_FIRST ? NULL : "the time lies before 1970";
}

/* Both edges as RFC 2866 section 5.1 and 5.7 tell them. */
static void set_edges(const struct record *record, int64_t instant, bool exact, struct lease_event *event)
{
        event->from_ms = event->to_ms = TIME_UNKNOWN;
        event->from_edge = event->to_edge = EDGE_OPEN;
        if (record->status == STATUS_START) {
                event->from_ms = instant;
                event->from_edge = EDGE_OBSERVED;
        } else if (record->status == STATUS_INTERIM) {
                event->from_ms = event->to_ms = instant;
                event->from_edge = event->to_edge = EDGE_INTERIM;
        } else {
                event->to_ms = instant + TIME_SECOND - 1;
                event->to_edge = exact ? EDGE_OBSERVED : EDGE_BOUND;
                if (record->session_time_ms >= 0 && event->to_ms - record->session_time_ms >= TIME_FIRST) {
                        event->from_ms = event->to_ms - record->session_time_ms;
                        event->from_edge = EDGE_BOUND;
                }
        }
}

static uint64_t session_of(const struct record *record)
{
        uint64_t nas = record->nas[0] ? record->nas[0] : record->nas[1] ? record->nas[1] : record->nas[2];
        uint64_t parts[2] = {record->session_id, nas};
        uint64_t hash = checksum(parts, sizeof parts);

        return record->session_id == 0 ? 0 : hash ? hash : 1;
}

static int deliver_record(struct detail_decoder *d, const struct decode_sink *sink)
{
        const struct record *record = &d->record;
        struct lease_event event = {.session = session_of(record), .flags = LEASE_ANY_VRF};
        int64_t instant;
        bool exact;
        const char *why = instant_of(record, &instant, &exact);

        if (why)
                return refuse_record(d, REFUSAL_IMPOSSIBLE_TIME, why, sink);
        if (record->prefix_count == 0) {
                d->common.counts.not_nat++;
                return 0;
        }
        if (!record->subscriber[0])
                return refuse_record(
                        d, REFUSAL_MISSING_FIELD, "no User-Name says whose address this was", sink);
        set_edges(record, instant, exact, &event);
        memcpy(event.subscriber, record->subscriber, sizeof event.subscriber);
        d->common.counts.used++;
        for (size_t i = 0; i < record->prefix_count; i++) {
                event.prefix = record->prefixes[i];
                int r = text_deliver_lease(&d->common, sink, &event);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* An Accounting-On or -Off ends every session of that NAS without a Stop. Nothing is delivered: leases that
 * have no end stay unproven from their last sign of life on. */
static int end_record(struct detail_decoder *d, const struct decode_sink *sink)
{
        struct record *record = &d->record;
        int r = 0;

        if (!record->open)
                return 0;
        if (record->wrong[0])
                r = refuse_record(d, record->refusal, record->wrong, sink);
        else if (record->status == STATUS_NONE)
                r = refuse_record(
                        d, REFUSAL_MISSING_FIELD, "no Acct-Status-Type: is this an accounting record?", sink);
        else if (record->status == STATUS_START || record->status == STATUS_STOP ||
                 record->status == STATUS_INTERIM)
                r = deliver_record(d, sink);
        else
                d->common.counts.other++;
        if (record->status == STATUS_ON_OFF && !d->restart_noted) {
                d->restart_noted = true;
                text_note(sink, "a NAS restarted (Accounting-On/Off): its sessions ended without a Stop, and "
                                "leases whose "
                                "end was never logged stay unproven");
        }
        record->open = false;
        return r;
}

static void begin_record(struct detail_decoder *d)
{
        d->record = (struct record){.open = true,
                .line = d->common.counts.lines,
                .event_ms = TIME_UNKNOWN,
                .received_ms = TIME_UNKNOWN,
                .delay_ms = -1,
                .session_time_ms = -1};
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct detail_decoder *d = (struct detail_decoder *)common;
        uint64_t blank = common->counts.blank;
        int r = 0;

        if (!text_take_line(common, &text, sink)) {
                if (common->counts.blank != blank)
                        return end_record(d, sink);
                spoil(&d->record, REFUSAL_BAD_LINE, "an over-long line in the record", slice_of("record"));
                return 0;
        }
        if (text.text[0] != '\t' && text.text[0] != ' ') {
                if (d->record.open) {
                        spoil(&d->record, REFUSAL_TRUNCATED, "the record breaks off without an empty line",
                                slice_of("record"));
                        r = end_record(d, sink);
                }
                begin_record(d);
                return r;
        }
        if (!d->record.open)
                return text_refuse(common, sink, REFUSAL_BAD_LINE, "an attribute that belongs to no record");
        common->counts.continued++;
        if (++d->record.lines > RECORD_LINES_MAX)
                spoil(&d->record, REFUSAL_BAD_LINE, "more than 512 lines", slice_of("record"));
        else
                take_attribute_line(d, text);
        return 0;
}

static int finish(struct text_decoder *common, const struct decode_sink *sink, struct coverage *ret)
{
        struct detail_decoder *d = (struct detail_decoder *)common;

        (void)ret;
        /* Its last line may be cut in the middle of a number. */
        spoil(&d->record, REFUSAL_TRUNCATED, "the file ends without the empty line that closes it",
                slice_of("record"));
        return end_record(d, sink);
}

/* An unindented line, then indented attributes, one of them an accounting attribute. */
static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length);
        bool in_record = false, accounting = false;

        while (rest.length) {
                struct slice first = text_first_line(&rest);
                if (slice_trim(first).length == 0) {
                        in_record = false;
                        continue;
                }
                bool indented = first.text[0] == '\t';
                if (indented != in_record)
                        return 0;
                if (indented && rest.length && !memmem(first.text, first.length, " = ", 3))
                        return 0;
                accounting =
                        accounting || (indented && slice_starts(slice_trim(first), "Acct-Status-Type = "));
                in_record = true;
        }
        return accounting ? 90 : 0;
}

const struct text_format text_format_freeradius_detail = {
        .name = "freeradius-detail",
        .description = "FreeRADIUS detail files of accounting (RFC 2866)",
        .carries_leases = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
