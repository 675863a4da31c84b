/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/radius.h"

#include "base/cursor.h"
#include "wire/accounting_hearing.h"

#include <stdio.h>
#include <stdlib.h>

#define CODE_ACCOUNTING_REQUEST 4
#define ATTRIBUTE_VENDOR 26    /* RFC 2865 section 5.26 */
#define ATTRIBUTE_EXTENDED 241 /* RFC 6929 section 2.1: the one whose extended types matter here */
#define EXTENDED_PORT_RANGE 6  /* RFC 8045 section 3.1.2 */
#define EXTENDED_PORT_MAP 7    /* section 3.1.3 */

struct radius_decoder {
        struct radius_counts counts;
        struct accounting_record record;
        struct accounting_repeats repeats;
        struct accounting_hearing *hearings; /* by exporter; owned */
        size_t hearing_count;
        int64_t widest_offset_ms;
        bool restart_noted, offset_noted;
        uint8_t standard[256]; /* attribute by its number; ATTRIBUTE_COUNT: none that matters */
};

/* NAS clocks further off than this are remarked. */
#define OFFSET_REMARKED_MS (5 * TIME_SECOND)

int radius_decoder_new(struct radius_decoder **ret_decoder)
{
        struct radius_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        memset(decoder->standard, ATTRIBUTE_COUNT, sizeof decoder->standard);
        for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++)
                if (accounting_fields[i].vendor == 0)
                        decoder->standard[accounting_fields[i].type] = (uint8_t)i;
        *ret_decoder = decoder;
        return 0;
}

void radius_decoder_free(struct radius_decoder *decoder)
{
        if (!decoder)
                return;
        for (size_t i = 0; i < decoder->hearing_count; i++)
                coverage_free(&decoder->hearings[i].found);
        free(decoder->hearings);
        free(decoder);
}

struct radius_counts radius_decoder_counts(const struct radius_decoder *decoder)
{
        return decoder->counts;
}

static int hearing_of(struct radius_decoder *decoder, const struct radius_exporter *exporter,
        struct accounting_hearing **ret)
{
        if (exporter->number >= decoder->hearing_count) {
                size_t count = (size_t)exporter->number + 1;
                struct accounting_hearing *grown =
                        realloc(decoder->hearings, count * sizeof *decoder->hearings);
                if (!grown)
                        return -ENOMEM;
                for (size_t i = decoder->hearing_count; i < count; i++)
                        accounting_hearing_begin(&grown[i], (uint16_t)i, false, 0);
                decoder->hearings = grown;
                decoder->hearing_count = count;
        }
        *ret = &decoder->hearings[exporter->number];
        (*ret)->loss_reported = exporter->loss_reported;
        if (exporter->heartbeat_ms > 0)
                (*ret)->heartbeat_ms = exporter->heartbeat_ms;
        return 0;
}

/* --- Values --- */

static bool take_prefix(struct accounting_record *record, enum accounting_attribute attribute,
        const uint8_t *p, size_t length)
{
        uint8_t bytes[16] = {0};

        /* RFC 3162 section 2.3: what is left out is zero, and bits beyond the length must be. */
        if (length < 2 || length > 18 || p[0] != 0 || p[1] > 128 || (length - 2) * 8 < p[1])
                return false;
        memcpy(bytes, p + 2, length - 2);
        struct address address = address_from_ipv6(bytes);
        struct prefix prefix = prefix_of(&address, p[1]);
        return address_compare(&prefix.address, &address) == 0 &&
               accounting_take_prefix(record, attribute, &prefix);
}

static uint32_t number_of(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A NAS is known by the text of its address, as detail files write it: so the same session out of both is
 * one. */
static bool take_address(
        struct accounting_record *record, enum accounting_attribute attribute, const struct address *address)
{
        char text[ADDRESS_TEXT_MAX];

        if (attribute == ATTRIBUTE_NAS_IPV4 || attribute == ATTRIBUTE_NAS_IPV6)
                return accounting_take_text(record, attribute, slice_of(address_format(address, text)));
        return accounting_take_address(record, attribute, address);
}

static bool take_value(struct accounting_record *record, enum accounting_attribute attribute,
        const uint8_t *p, size_t length)
{
        struct address address;

        switch ((enum accounting_kind)accounting_fields[attribute].kind) {
        case ACCOUNTING_NUMBER:
        case ACCOUNTING_TIME:
                return length == 4 && accounting_take_number(record, attribute, number_of(p));
        case ACCOUNTING_TEXT:
                return length > 0 &&
                       accounting_take_text(record, attribute, slice_make((const char *)p, length));
        case ACCOUNTING_IPV4:
                if (length != 4)
                        return false;
                address = address_from_ipv4(number_of(p));
                return take_address(record, attribute, &address);
        case ACCOUNTING_IPV6:
                if (length != 16)
                        return false;
                address = address_from_ipv6(p);
                return take_address(record, attribute, &address);
        case ACCOUNTING_PREFIX:
                return take_prefix(record, attribute, p, length);
        case ACCOUNTING_INTERFACE:
                return length == 8 && accounting_take_interface(record, p);
        }
        return false;
}

static void spoil(struct accounting_record *record, const char *name)
{
        accounting_spoil(record, REFUSAL_BAD_VALUE, slice_of(name),
                "the value cannot be, or contradicts the one before");
}

/* --- Attributes within attributes --- */

/* RFC 2865 section 5.26: a vendor's number, and usually attributes of its own. Of other vendors nothing is
 * known, not even that. */
static void take_vendor(struct accounting_record *record, struct cursor value)
{
        uint32_t vendor = cursor_be32(&value);
        unsigned first = ATTRIBUTE_NOKIA_RANGE;

        while (first < ATTRIBUTE_COUNT && accounting_fields[first].vendor != vendor)
                first++;
        if (value.overrun || first == ATTRIBUTE_COUNT)
                return;
        while (cursor_left(&value)) {
                uint8_t type = cursor_u8(&value), length = cursor_u8(&value);
                const uint8_t *p = length >= 2 ? cursor_take(&value, length - 2u) : NULL;
                if (!p || value.overrun) {
                        accounting_spoil(record, REFUSAL_BAD_LENGTH, slice_of("Vendor-Specific"),
                                "an attribute in it is longer than it is");
                        return;
                }
                for (unsigned i = first; i < ATTRIBUTE_COUNT && accounting_fields[i].vendor == vendor; i++)
                        if (accounting_fields[i].type == type &&
                                !take_value(record, (enum accounting_attribute)i, p, length - 2u))
                                spoil(record, accounting_fields[i].name);
        }
}

/* RFC 8045 section 3.2: numbers are 32 bits wide, whatever they count. */
static bool read_tlv(uint8_t type, const uint8_t *p, size_t length, struct accounting_tlv *ret)
{
        *ret = (struct accounting_tlv){.type = type};
        if (type == TLV_LOCAL_ID)
                return true;
        if (type == TLV_INSIDE_IPV6) {
                if (length == 16)
                        ret->address = address_from_ipv6(p);
                return length == 16;
        }
        if (length == 4)
                ret->number = number_of(p);
        return length == 4;
}

static bool take_tlvs(struct accounting_record *record, bool is_map, struct cursor value)
{
        struct accounting_tlv tlvs[ACCOUNTING_TLVS_MAX];
        size_t count = 0;

        while (cursor_left(&value)) {
                uint8_t type = cursor_u8(&value), length = cursor_u8(&value);
                const uint8_t *p = length >= 2 ? cursor_take(&value, length - 2u) : NULL;
                if (!p || value.overrun)
                        return false;
                if (type == 0 || type >= TLV_TYPE_COUNT)
                        continue; /* of a later standard */
                if (count == ACCOUNTING_TLVS_MAX || !read_tlv(type, p, length - 2u, &tlvs[count]))
                        return false;
                count++;
        }
        return accounting_take_tlvs(record, is_map, tlvs, count);
}

static void take_extended(struct accounting_record *record, struct cursor value)
{
        uint8_t type = cursor_u8(&value);

        if (type != EXTENDED_PORT_RANGE && type != EXTENDED_PORT_MAP)
                return;
        if (!take_tlvs(record, type == EXTENDED_PORT_MAP, value))
                spoil(record, type == EXTENDED_PORT_MAP ? "IP-Port-Forwarding-Map" : "IP-Port-Range");
}

/* --- The packet --- */

/* Long extended attributes (RFC 6929 section 2.2) are stepped over fragment by fragment: each has a length of
 * its own, and none of them says anything of addresses. */
static void take_attributes(struct radius_decoder *decoder, struct cursor *body)
{
        struct accounting_record *record = &decoder->record;

        while (cursor_left(body)) {
                uint8_t type = cursor_u8(body), length = cursor_u8(body);
                const uint8_t *p = length >= 2 ? cursor_take(body, length - 2u) : NULL;
                if (!p || body->overrun) {
                        char name[40];
                        snprintf(name, sizeof name, "attribute %u", type);
                        accounting_spoil(record, REFUSAL_BAD_LENGTH, slice_of(name),
                                "it is longer than the packet, or shorter than its own header");
                        return;
                }
                if (type == ATTRIBUTE_VENDOR)
                        take_vendor(record, cursor_over(p, length - 2u));
                else if (type == ATTRIBUTE_EXTENDED)
                        take_extended(record, cursor_over(p, length - 2u));
                else if (decoder->standard[type] != ATTRIBUTE_COUNT &&
                         !take_value(
                                 record, (enum accounting_attribute)decoder->standard[type], p, length - 2u))
                        spoil(record, accounting_fields[decoder->standard[type]].name);
        }
}

/* 0 with the attributes; else the refusal is set in the record. Bytes behind the packet are padding (RFC 2865
 * section 3). */
static void read_packet(struct radius_decoder *decoder, const uint8_t *bytes, size_t length)
{
        static const struct slice packet = {.text = "packet", .length = 6};
        size_t stated = length >= 4 ? (size_t)bytes[2] << 8 | bytes[3] : 0;

        if (length < RADIUS_HEADER_BYTES)
                accounting_spoil(&decoder->record, REFUSAL_TRUNCATED, packet, "shorter than a RADIUS header");
        else if (stated < RADIUS_HEADER_BYTES || stated > RADIUS_PACKET_MAX)
                accounting_spoil(&decoder->record, REFUSAL_BAD_LENGTH, packet,
                        "its length field is below 20 or above 4096");
        else if (stated > length)
                accounting_spoil(&decoder->record, REFUSAL_TRUNCATED, packet,
                        "shorter than its own length field says");
        else {
                struct cursor body = cursor_over(bytes + RADIUS_HEADER_BYTES, stated - RADIUS_HEADER_BYTES);
                take_attributes(decoder, &body);
        }
}

bool radius_is_request(const void *bytes, size_t length)
{
        struct cursor cursor = cursor_over(bytes, length);
        uint8_t code = cursor_u8(&cursor);
        unsigned attributes = 0;

        cursor_skip(&cursor, 1);
        if (code != CODE_ACCOUNTING_REQUEST || cursor_be16(&cursor) != length)
                return false;
        cursor_skip(&cursor, RADIUS_HEADER_BYTES - 4);
        while (cursor_left(&cursor) && !cursor.overrun) {
                cursor_skip(&cursor, 1);
                uint8_t stated = cursor_u8(&cursor);
                if (stated < 2)
                        return false;
                cursor_skip(&cursor, stated - 2u);
                attributes++;
        }
        return !cursor.overrun && attributes > 0;
}

static void refuse(
        struct radius_decoder *decoder, const struct decode_sink *sink, enum refusal refusal, const char *why)
{
        char sentence[240];

        decoder->counts.refused[refusal]++;
        snprintf(sentence, sizeof sentence, "RADIUS: %s", why);
        if (sink->refused)
                sink->refused(sink->context, refusal, 0, sentence);
}

/* What a person should know of this log, once. */
static void remark(struct radius_decoder *decoder, const struct accounting_result *result,
        const struct decode_sink *sink)
{
        char sentence[200];
        int64_t off = result->offset_ms < 0 ? -result->offset_ms : result->offset_ms;

        if (result->outcome == ACCOUNTING_RESTART && !decoder->restart_noted) {
                decoder->restart_noted = true;
                if (sink->noted)
                        sink->noted(sink->context,
                                "a NAS restarted (Accounting-On/Off): its sessions ended without a Stop, and "
                                "leases whose end was never logged stay unproven");
        }
        if (!result->offset_known || result->outcome == ACCOUNTING_REFUSED || off <= OFFSET_REMARKED_MS ||
                decoder->offset_noted)
                return;
        decoder->offset_noted = true;
        snprintf(sentence, sizeof sentence,
                "an Event-Timestamp is %lld s %s when its record came: a clock is off, or records were kept "
                "back; clock-uncertainty must cover it",
                (long long)(off / TIME_SECOND), result->offset_ms < 0 ? "before" : "after");
        if (sink->noted)
                sink->noted(sink->context, sentence);
}

static void count(struct radius_decoder *decoder, const struct accounting_result *result,
        const struct decode_sink *sink)
{
        struct radius_counts *counts = &decoder->counts;

        counts->leases += result->leases;
        counts->events += result->events;
        counts->repeated += result->is_repeated;
        counts->used += result->outcome == ACCOUNTING_USED;
        counts->nothing += result->outcome == ACCOUNTING_NOTHING;
        counts->restarts += result->outcome == ACCOUNTING_RESTART;
        counts->other += result->outcome == ACCOUNTING_PASSED;
        if (result->outcome == ACCOUNTING_REFUSED)
                refuse(decoder, sink, result->refusal, result->why);
        else if (result->unusable)
                refuse(decoder, sink, REFUSAL_UNKNOWN_EVENT, result->unusable);
        remark(decoder, result, sink);
}

int radius_decode(struct radius_decoder *decoder, const struct radius_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink)
{
        struct accounting_hearing *hearing;
        struct accounting_result result;

        decoder->counts.packets++;
        if (length > 0 && *(const uint8_t *)bytes != CODE_ACCOUNTING_REQUEST) {
                decoder->counts.other++;
                return 0;
        }
        int r = hearing_of(decoder, exporter, &hearing);
        if (r < 0)
                return r;
        accounting_begin(&decoder->record);
        /* Cut to the second, as servers write it down: capture and detail file then say the same. */
        if (receipt_ms != TIME_UNKNOWN)
                decoder->record.received_ms = receipt_ms - receipt_ms % TIME_SECOND;
        read_packet(decoder, bytes, length);
        r = accounting_deliver(
                &decoder->record, exporter->number, &decoder->repeats, exporter->realm, sink, &result);
        if (r < 0)
                return r;
        count(decoder, &result, sink);
        return accounting_hearing_note(hearing, decoder->record.received_ms, &result);
}

int radius_decoder_finish(struct radius_decoder *decoder, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < decoder->hearing_count && r == 0; i++)
                r = accounting_hearing_finish(&decoder->hearings[i], ret);
        return r;
}

int radius_decoder_lost(struct radius_decoder *decoder, const struct radius_exporter *exporter)
{
        struct accounting_hearing *hearing;
        int r = hearing_of(decoder, exporter, &hearing);

        if (r == 0)
                hearing->trouble[GAP_REPORTED] = 1;
        return r;
}

int radius_decoder_pieces(struct radius_decoder *decoder, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < decoder->hearing_count && r == 0; i++)
                if (decoder->hearings[i].is_heard)
                        r = accounting_hearing_pieces(&decoder->hearings[i], ret);
        return r;
}
