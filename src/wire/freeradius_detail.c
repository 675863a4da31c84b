/* SPDX-License-Identifier: EUPL-1.2 */
/* Detail files of FreeRADIUS 3: RFC 2866 accounting as text. A record is a line with the server's local date,
 * lines `TAB Attribute = value`, and an empty line.
 *
 * The date in the first line has no zone and is never read. The instant is Event-Timestamp (RFC 2869
 * section 5.3) where it says its zone, else the server's Timestamp (seconds since 1970) less Acct-Delay-Time.
 * All are whole seconds: a start counts from the beginning of its second, a stop until the end of it. */
#include "wire/accounting_hearing.h"
#include "wire/text_decoder.h"
#include "wire/text_time.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_LINES_MAX 512
#define VALUE_MAX 1024 /* bytes of an attribute that matters */

/* TLVs of RFC 8045 as this server prints them: each a line of its own, and nothing shows where one attribute
 * ends and the next begins. */
struct flat_tlvs {
        struct accounting_tlv items[ACCOUNTING_RANGES_MAX * 4];
        size_t count;
};

struct detail_decoder {
        struct text_decoder common;
        bool open;      /* a record has begun */
        uint64_t line;  /* of its beginning */
        uint64_t lines; /* behind it */
        struct accounting_record record;
        struct flat_tlvs ranges, maps;
        struct accounting_repeats repeats;
        struct accounting_hearing hearing;
        bool restart_noted;
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct detail_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, TIME_SECOND);
        accounting_hearing_begin(
                &decoder->hearing, options->exporter, options->loss_reported, options->heartbeat_ms);
        *ret_decoder = &decoder->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        struct detail_decoder *d = (struct detail_decoder *)decoder;

        coverage_free(&d->hearing.found);
        text_decoder_release(decoder);
        free(decoder);
}

static void spoil(struct detail_decoder *d, enum refusal refusal, const char *what, struct slice name)
{
        accounting_spoil(&d->record, refusal, name, what);
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

/* Values that FreeRADIUS writes by name where its dictionaries have one. */
static bool read_number(enum accounting_attribute attribute, struct slice text, uint64_t *ret)
{
        static const struct {
                enum accounting_attribute attribute;
                const char *name;
                uint64_t number;
        } known[] = {{ATTRIBUTE_STATUS, "Start", 1}, {ATTRIBUTE_STATUS, "Stop", 2},
                {ATTRIBUTE_STATUS, "Interim-Update", 3}, {ATTRIBUTE_STATUS, "Alive", 3},
                {ATTRIBUTE_STATUS, "Accounting-On", 7}, {ATTRIBUTE_STATUS, "Accounting-Off", 8},
                {ATTRIBUTE_NOKIA_REASON, "regular", 1}, {ATTRIBUTE_NOKIA_REASON, "sla-start", 2},
                {ATTRIBUTE_NOKIA_REASON, "sla-stop", 3}, {ATTRIBUTE_NOKIA_REASON, "Framed-IP-Address-up", 4},
                {ATTRIBUTE_NOKIA_REASON, "Framed-IP-Address-down", 5},
                {ATTRIBUTE_NOKIA_REASON, "Alc-Ipv6-Address-up", 6},
                {ATTRIBUTE_NOKIA_REASON, "Alc-Ipv6-Address-down", 7},
                {ATTRIBUTE_NOKIA_REASON, "Delegated-IPv6-Prefix-up", 8},
                {ATTRIBUTE_NOKIA_REASON, "Delegated-IPv6-Prefix-down", 9},
                {ATTRIBUTE_NOKIA_REASON, "Framed-IPv6-Prefix-up", 10},
                {ATTRIBUTE_NOKIA_REASON, "Framed-IPv6-Prefix-down", 11}};

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (known[i].attribute == attribute && slice_is(text, known[i].name)) {
                        *ret = known[i].number;
                        return true;
                }
        if (slice_number(text, UINT64_MAX, ret) == 0)
                return true;
        *ret = 0; /* a status or a reason without a name here: neither decides anything */
        return attribute == ATTRIBUTE_STATUS || attribute == ATTRIBUTE_NOKIA_REASON;
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

static bool take_time(struct detail_decoder *d, struct slice text)
{
        uint64_t seconds;

        if (slice_number(text, UINT64_MAX, &seconds) == 0)
                return accounting_take_number(&d->record, ATTRIBUTE_EVENT_TIME, seconds);
        return read_date(text, &d->common.options, &d->record.event_ms);
}

static bool take_prefix(struct detail_decoder *d, enum accounting_attribute attribute, struct slice text)
{
        struct prefix prefix;

        return prefix_parse(text, &prefix, NULL) == 0 &&
               accounting_take_prefix(&d->record, attribute, &prefix);
}

static bool take_address(struct detail_decoder *d, enum accounting_attribute attribute, struct slice text)
{
        struct prefix prefix;

        if (attribute == ATTRIBUTE_NAS_IPV4 || attribute == ATTRIBUTE_NAS_IPV6)
                return accounting_take_text(&d->record, attribute, text);
        return prefix_parse(text, &prefix, NULL) == 0 && prefix.length == 128 &&
               accounting_take_address(&d->record, attribute, &prefix.address);
}

/* 16: no hexadecimal digit. */
static unsigned hexadecimal(char c)
{
        return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
               : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                      : 16;
}

/* "0:1:2:3": four groups of 16 bits in hexadecimal. */
static bool take_interface(struct detail_decoder *d, struct slice text)
{
        uint8_t interface[8];

        for (size_t group = 0; group < 4; group++) {
                struct slice digits = slice_cut(&text, ':');
                unsigned value = 0;
                if (digits.length == 0 || digits.length > 4 || (group == 3 && text.length))
                        return false;
                for (size_t i = 0; i < digits.length; i++) {
                        unsigned digit = hexadecimal(digits.text[i]);
                        if (digit == 16)
                                return false;
                        value = value * 16 + digit;
                }
                interface[2 * group] = (uint8_t)(value >> 8);
                interface[2 * group + 1] = (uint8_t)value;
        }
        return accounting_take_interface(&d->record, interface);
}

/* FreeRADIUS writes Chargeable-User-Identity, whose bytes may be anything, in hexadecimal: "0x6b756e64". */
static bool take_bytes(struct detail_decoder *d, enum accounting_attribute attribute, struct slice text)
{
        char bytes[VALUE_MAX / 2];
        size_t length = text.length / 2 - 1;

        if (text.length % 2 || length > sizeof bytes)
                return false;
        for (size_t i = 0; i < length; i++) {
                unsigned high = hexadecimal(text.text[2 + 2 * i]), low = hexadecimal(text.text[3 + 2 * i]);
                if (high > 15 || low > 15)
                        return false;
                bytes[i] = (char)(high << 4 | low);
        }
        return accounting_take_text(&d->record, attribute, slice_make(bytes, length));
}

static bool take_attribute(struct detail_decoder *d, enum accounting_attribute attribute, struct slice text)
{
        uint64_t number;

        switch ((enum accounting_kind)accounting_fields[attribute].kind) {
        case ACCOUNTING_NUMBER:
                return read_number(attribute, text, &number) &&
                       accounting_take_number(&d->record, attribute, number);
        case ACCOUNTING_TIME:
                return take_time(d, text);
        case ACCOUNTING_IPV4:
        case ACCOUNTING_IPV6:
                return take_address(d, attribute, text);
        case ACCOUNTING_PREFIX:
                return take_prefix(d, attribute, text);
        case ACCOUNTING_INTERFACE:
                return take_interface(d, text);
        case ACCOUNTING_TEXT:
                break;
        }
        if (attribute == ATTRIBUTE_CHARGEABLE && slice_starts(text, "0x"))
                return take_bytes(d, attribute, text);
        return accounting_take_text(&d->record, attribute, text);
}

/* --- TLVs of RFC 8045 --- */

/* "IP-Port-Range-Ext-IPv4-Addr" and the like, by dictionary.rfc8045. */
static const char *const tlv_names[TLV_TYPE_COUNT] = {[TLV_PROTOCOL] = "Type",
        [TLV_LIMIT] = "Limit",
        [TLV_OUTSIDE] = "Ext-IPv4-Addr",
        [TLV_INSIDE_IPV4] = "Int-IPv4-Addr",
        [TLV_INSIDE_IPV6] = "Int-IPv6-Addr",
        [TLV_INSIDE_PORT] = "Int-Port",
        [TLV_OUTSIDE_PORT] = "Ext-Port",
        [TLV_ALLOC] = "Alloc",
        [TLV_FIRST] = "Range-Start",
        [TLV_LAST] = "Range-End",
        [TLV_LOCAL_ID] = "Local-Id"};

static bool read_tlv(uint8_t type, struct slice text, struct accounting_tlv *ret)
{
        struct address address;
        uint64_t number = 0;

        *ret = (struct accounting_tlv){.type = type};
        if (type == TLV_LOCAL_ID)
                return true;
        if (type == TLV_OUTSIDE || type == TLV_INSIDE_IPV4 || type == TLV_INSIDE_IPV6) {
                if (address_parse(text, &address, NULL) < 0 ||
                        address_is_ipv4(&address) != (type != TLV_INSIDE_IPV6))
                        return false;
                ret->address = address;
                ret->number = type == TLV_INSIDE_IPV6 ? 0 : address_ipv4(&address);
                return true;
        }
        if (type == TLV_ALLOC && slice_is(text, "Allocation"))
                number = 1;
        else if (type == TLV_ALLOC && slice_is(text, "Deallocation"))
                number = 2;
        else if (slice_number(text, UINT32_MAX, &number) < 0)
                return false;
        ret->number = (uint32_t)number;
        return true;
}

static void take_tlv(
        struct detail_decoder *d, struct flat_tlvs *tlvs, struct slice name, size_t begin, struct slice text)
{
        char plain[VALUE_MAX];
        struct slice end = slice_make(name.text + begin, name.length - begin), value;

        for (unsigned type = 1; type < TLV_TYPE_COUNT; type++) {
                if (!slice_is(end, tlv_names[type]))
                        continue;
                if (tlvs->count < sizeof tlvs->items / sizeof tlvs->items[0] &&
                        read_value(text, plain, &value) &&
                        read_tlv((uint8_t)type, value, &tlvs->items[tlvs->count]))
                        tlvs->count++;
                else
                        spoil(d, REFUSAL_BAD_VALUE, "the value cannot be read", name);
                return;
        }
}

/* Several attributes of one kind can be told apart only where each has the same TLVs in the same order:
 * guessed wrong, ports would go with another's address. */
static void group_tlvs(struct detail_decoder *d, const struct flat_tlvs *tlvs, bool is_map)
{
        struct slice name = slice_of(is_map ? "IP-Port-Map" : "IP-Port-Range");
        size_t period = 1;

        if (tlvs->count == 0)
                return;
        while (period < tlvs->count && tlvs->items[period].type != tlvs->items[0].type)
                period++;
        for (size_t i = 0; i < tlvs->count; i++)
                if (tlvs->count % period != 0 || tlvs->items[i].type != tlvs->items[i % period].type) {
                        spoil(d, REFUSAL_BAD_VALUE,
                                "which of its parts belong together cannot be told in this file", name);
                        return;
                }
        for (size_t i = 0; i < tlvs->count; i += period)
                if (!accounting_take_tlvs(&d->record, is_map, tlvs->items + i, period))
                        spoil(d, REFUSAL_BAD_VALUE, "the value cannot be, or contradicts itself", name);
}

static void take_attribute_line(struct detail_decoder *d, struct slice text)
{
        char plain[VALUE_MAX];
        struct slice rest = slice_trim(text), value;
        struct slice name = slice_word(&rest), sign = slice_word(&rest);
        bool taken;

        if (!slice_is(sign, "=") && !slice_is(sign, ":=") && !slice_is(sign, "+=")) {
                spoil(d, REFUSAL_BAD_LINE, "not an attribute line", name);
                return;
        }
        rest = slice_trim(rest);
        if (slice_starts(name, "IP-Port-Range-") || slice_starts(name, "IP-Port-Map-")) {
                bool is_map = slice_starts(name, "IP-Port-Map-");
                take_tlv(d, is_map ? &d->maps : &d->ranges, name, is_map ? 12 : 14, rest);
                return;
        }
        if (slice_is(name, "Timestamp")) {
                uint64_t seconds;
                taken = read_value(rest, plain, &value) &&
                        slice_number(value, (uint64_t)(TIME_LIMIT / TIME_SECOND) - 1, &seconds) == 0;
                if (taken)
                        d->record.received_ms = (int64_t)seconds * TIME_SECOND;
        } else {
                unsigned i = 0;
                while (i < ATTRIBUTE_COUNT && !slice_is(name, accounting_fields[i].name))
                        i++;
                taken = i == ATTRIBUTE_COUNT ||
                        (read_value(rest, plain, &value) &&
                                take_attribute(d, (enum accounting_attribute)i, value));
        }
        if (!taken)
                spoil(d, REFUSAL_BAD_VALUE, "the value cannot be read or contradicts the one before", name);
}

/* An Accounting-On or -Off ends every session of that NAS without a Stop. Nothing is delivered: leases that
 * have no end stay unproven from their last sign of life on. */
static void note_restart(struct detail_decoder *d, const struct decode_sink *sink)
{
        d->common.counts.other++;
        if (d->restart_noted)
                return;
        d->restart_noted = true;
        text_note(sink,
                "a NAS restarted (Accounting-On/Off): its sessions ended without a Stop, and leases whose "
                "end was never logged stay unproven");
}

static int count_record(
        struct detail_decoder *d, const struct accounting_result *result, const struct decode_sink *sink)
{
        struct text_counts *counts = &d->common.counts;
        char detail[240];

        counts->events += result->events;
        counts->lease_events += result->leases;
        switch (result->outcome) {
        case ACCOUNTING_USED:
                counts->used++;
                break;
        case ACCOUNTING_NOTHING:
                counts->not_nat++;
                break;
        case ACCOUNTING_RESTART:
                note_restart(d, sink);
                break;
        case ACCOUNTING_PASSED:
                counts->other++;
                break;
        case ACCOUNTING_REFUSED:
                return text_refuse_at(&d->common, sink, d->line, result->refusal, result->why);
        }
        if (result->unusable && sink->refused) {
                snprintf(detail, sizeof detail, "line %llu: %s", (unsigned long long)d->line,
                        result->unusable);
                sink->refused(sink->context, REFUSAL_UNKNOWN_EVENT, 0, detail);
        }
        return 0;
}

static int end_record(struct detail_decoder *d, const struct decode_sink *sink)
{
        struct accounting_result result;

        if (!d->open)
                return 0;
        d->open = false;
        group_tlvs(d, &d->ranges, false);
        group_tlvs(d, &d->maps, true);
        int r = accounting_deliver(&d->record, d->common.options.exporter, &d->repeats, 0, sink, &result);
        if (r == 0)
                r = count_record(d, &result, sink);
        return r == 0 ? accounting_hearing_note(&d->hearing, d->record.received_ms, &result) : r;
}

static void begin_record(struct detail_decoder *d)
{
        accounting_begin(&d->record);
        d->ranges.count = d->maps.count = 0;
        d->open = true;
        d->line = d->common.counts.lines;
        d->lines = 0;
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct detail_decoder *d = (struct detail_decoder *)common;
        uint64_t blank = common->counts.blank;
        int r = 0;

        if (!text_take_line(common, &text, sink)) {
                if (common->counts.blank != blank)
                        return end_record(d, sink);
                spoil(d, REFUSAL_BAD_LINE, "an over-long line in the record", slice_of("record"));
                return 0;
        }
        if (text.text[0] != '\t' && text.text[0] != ' ') {
                if (d->open) {
                        spoil(d, REFUSAL_TRUNCATED, "the record breaks off without an empty line",
                                slice_of("record"));
                        r = end_record(d, sink);
                }
                begin_record(d);
                return r;
        }
        if (!d->open)
                return text_refuse(common, sink, REFUSAL_BAD_LINE, "an attribute that belongs to no record");
        common->counts.continued++;
        if (++d->lines > RECORD_LINES_MAX)
                spoil(d, REFUSAL_BAD_LINE, "more than 512 lines", slice_of("record"));
        else
                take_attribute_line(d, text);
        return 0;
}

static int finish(struct text_decoder *common, const struct decode_sink *sink, struct coverage *ret)
{
        struct detail_decoder *d = (struct detail_decoder *)common;

        /* Its last line may be cut in the middle of a number. */
        if (d->open)
                spoil(d, REFUSAL_TRUNCATED, "the file ends without the empty line that closes it",
                        slice_of("record"));
        int r = end_record(d, sink);
        return r == 0 ? accounting_hearing_finish(&d->hearing, ret) : r;
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
