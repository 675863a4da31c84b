/* SPDX-License-Identifier: EUPL-1.2 */
/* Sources, all public; doc/format/userlog.md tells where they leave off:
 * [H3C]      H3C VSR network management configuration guide, "Flow log": fields of the log header and of the
 *            NAT flow log 3.0 (also kept in the repository bg6cq/h3cflowd, flow_fields.md);
 * [HP]       HP High-End Firewalls, system management configuration guide R3721, user logging, tables 12, 13,
 * 25; [Huawei]   NetEngine 8000 product documentation, CGN log feature, "Flow eLog Format", V1 (NAT444);
 * [tshark]   Wireshark's dissector "userlog", which reads the layout of H3C 3.0. */
#include "wire/userlog.h"

#include "base/checksum.h"
#include "base/cursor.h"
#include "wire/sequence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER_LENGTH 16
#define RECORD_LENGTH 64
/* [HP] version 1.0: two addresses, two ports, two times, protocol and operator; no document has longer ones
 * than twice two IPv6 addresses and what 3.0 has beside addresses. */
#define RECORD_SHORTEST 22
#define RECORD_LONGEST 256
#define VERSION_H3C_1 1
#define VERSION_H3C_3 3
#define VERSION_HUAWEI_1 0x10
#define LOG_TYPE_NAT 4
#define LOG_TYPE_NAT66 5

/* [H3C] Operator; 5 and 254 as in [HP]. */
enum operator_value {
        OPERATOR_ENDED = 1,
        OPERATOR_AGED = 2,
        OPERATOR_RECONFIGURED = 3,
        OPERATOR_NO_RESOURCE = 4,
        OPERATOR_ONE_TO_ONE = 5,
        OPERATOR_ACTIVE = 6,
        OPERATOR_TABLE_FULL = 7,
        OPERATOR_CREATED = 8,
        OPERATOR_OTHER = 254,
};

enum family { FAMILY_H3C, FAMILY_HUAWEI };

static const struct {
        const char *dialect;
        uint32_t stream_tag; /* keeps their streams apart from those of IPFIX domains, small numbers */
        bool counts_packets; /* what the sequence number counts */
} families[] = {
        /* [H3C] FlowSequence: the count of log packets, of all types and versions. A collector's author took
         * it for a count of records; counting packets then finds holes where there are none, never the other
         * way round, because a number that grows by records grows by at least one for each packet. */
        [FAMILY_H3C] = {"h3c-userlog", 0x554c0000, true},
        /* [Huawei] flow_sequence: the number of the flow, from zero. */
        [FAMILY_HUAWEI] = {"huawei-elog", 0x454c0000, false},
};

/* One board of one exporter: it counts its packets itself. */
struct unit {
        uint32_t stream;
        enum family family;
        struct sequence sequence;
        /* Start times of the first and last creation that was logged as such: an opening between them was
         * logged when it happened, not only when the session had ended. TIME_UNKNOWN: none. */
        int64_t first_creation_ms, last_creation_ms;
        int64_t first_heard_ms; /* time of the earliest packet */
        bool is_heard;          /* since pieces were taken last */
};

struct exporter_state {
        struct flow_counts counts;
        struct unit *units; /* owned */
        size_t unit_count, unit_capacity;
        bool is_heard; /* one of them */
};

struct userlog_decoder {
        struct exporter_state *exporters; /* by number; owned */
        size_t exporter_count;
};

struct header {
        enum family family;
        uint8_t version, type;
        uint32_t count;
        int64_t export_ms;
        uint32_t number, board;
};

struct record {
        uint32_t source, source_after, destination, destination_after;
        uint16_t source_port, source_port_after, destination_port, destination_port_after;
        uint32_t start, end; /* seconds since 1970 */
        uint32_t vrf;
        uint8_t protocol, action, ip_version;
};

struct pass {
        struct exporter_state *state;
        struct unit *unit;
        const struct flow_exporter *exporter;
        const struct decode_sink *sink;
        struct header header;
        struct sequence_outcome outcome;
};

int userlog_decoder_new(struct userlog_decoder **ret_decoder)
{
        struct userlog_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        *ret_decoder = decoder;
        return 0;
}

void userlog_decoder_free(struct userlog_decoder *decoder)
{
        if (!decoder)
                return;
        for (size_t i = 0; i < decoder->exporter_count; i++) {
                for (size_t k = 0; k < decoder->exporters[i].unit_count; k++)
                        sequence_free(&decoder->exporters[i].units[k].sequence);
                free(decoder->exporters[i].units);
        }
        free(decoder->exporters);
        free(decoder);
}

static void refuse(struct pass *pass, enum refusal refusal, size_t offset, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void refuse(struct pass *pass, enum refusal refusal, size_t offset, const char *format, ...)
{
        char detail[192];
        va_list arguments;

        pass->state->counts.refused[refusal]++;
        if (!pass->sink->refused)
                return;
        va_start(arguments, format);
        vsnprintf(detail, sizeof detail, format, arguments);
        va_end(arguments);
        pass->sink->refused(pass->sink->context, refusal, offset, detail);
}

static void mark(struct pass *pass, enum gap_reason reason, uint32_t records)
{
        if (!pass->outcome.is_marked)
                pass->outcome.reason = (uint8_t)reason;
        pass->outcome.is_marked = true;
        pass->outcome.refused += records;
}

/* ---- header ---- */

/* false where the bytes are shorter than a header or of neither family. */
static bool read_header(const void *bytes, size_t length, struct header *ret)
{
        struct cursor cursor = cursor_over(bytes, length);
        struct header header = {0};

        header.version = cursor_u8(&cursor);
        header.type = cursor_u8(&cursor);
        header.count = cursor_be16(&cursor);
        header.export_ms = (int64_t)cursor_be32(&cursor) * TIME_SECOND;
        header.number = cursor_be32(&cursor);
        header.board = cursor_be32(&cursor);
        if (cursor.overrun)
                return false;
        header.family = header.version == VERSION_HUAWEI_1 ? FAMILY_HUAWEI : FAMILY_H3C;
        if (header.family == FAMILY_HUAWEI)
                /* The last byte is a carry flag of the sequence number and a reserved field. */
                header.board >>= 8;
        *ret = header;
        return header.version == VERSION_HUAWEI_1 || (header.version >= 1 && header.version <= 7);
}

static bool has_whole_records(const struct header *header, size_t length)
{
        return header->count >= 1 && header->count <= USERLOG_COUNT_MAX &&
               length == HEADER_LENGTH + (size_t)header->count * RECORD_LENGTH;
}

bool userlog_recognise(const void *bytes, size_t length)
{
        struct header header;

        if (!read_header(bytes, length, &header) || header.type != LOG_TYPE_NAT || header.export_ms == 0 ||
                (header.version != VERSION_H3C_3 && header.version != VERSION_HUAWEI_1) ||
                !has_whole_records(&header, length))
                return false;
        for (uint32_t i = 0; i < header.count; i++)
                if (((const uint8_t *)bytes)[HEADER_LENGTH + i * RECORD_LENGTH + 2] != 4)
                        return false;
        return true;
}

bool userlog_resembles(const void *bytes, size_t length)
{
        /* [H3C] LogType */
        static const uint16_t types =
                1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15;
        struct header header;

        if (!read_header(bytes, length, &header) || header.type > 15 || !(types >> header.type & 1) ||
                header.count < 1 || header.count > USERLOG_COUNT_MAX || header.export_ms == 0)
                return false;
        size_t each = (length - HEADER_LENGTH) / header.count;
        return (length - HEADER_LENGTH) % header.count == 0 && each >= RECORD_SHORTEST &&
               each <= RECORD_LONGEST;
}

/* ---- records ---- */

static struct record read_record(enum family family, const uint8_t *bytes)
{
        struct cursor cursor = cursor_over(bytes, RECORD_LENGTH);
        struct record record = {0};

        record.protocol = cursor_u8(&cursor);
        record.action = cursor_u8(&cursor);
        record.ip_version = cursor_u8(&cursor);
        cursor_skip(&cursor, 1); /* type of service */
        record.source = cursor_be32(&cursor);
        record.source_after = cursor_be32(&cursor);
        record.destination = cursor_be32(&cursor);
        record.destination_after = cursor_be32(&cursor);
        record.source_port = cursor_be16(&cursor);
        record.source_port_after = cursor_be16(&cursor);
        record.destination_port = cursor_be16(&cursor);
        record.destination_port_after = cursor_be16(&cursor);
        record.start = cursor_be32(&cursor);
        record.end = cursor_be32(&cursor);
        cursor_skip(&cursor, 16); /* packets and bytes */
        record.vrf = family == FAMILY_HUAWEI ? cursor_be16(&cursor) : cursor_u8(&cursor);
        return record;
}

/* Non-zero, and the same in every record of one flow: the end is no part of it. Where start and end stand in
 * one record, it is the source itself that says which beginning belongs to which end. The destination is no
 * part of it either: the number is stored, and a realm that drops destinations must not keep one in disguise.
 */
static uint32_t identity_of(const struct record *record)
{
        uint64_t parts[] = {(uint64_t)record->source << 32 | record->source_after,
                (uint64_t)record->source_port << 48 | (uint64_t)record->source_port_after << 32,
                (uint64_t)record->start << 32 | record->vrf << 8 | record->protocol};
        uint64_t hash = checksum(parts, sizeof parts);
        uint32_t folded = (uint32_t)(hash ^ hash >> 32);

        return folded ? folded : 1;
}

static bool is_translated(const struct record *record)
{
        return record->source_after != 0 &&
               (record->source_after != record->source || record->source_port_after != record->source_port);
}

/* Which instants a record proves. */
struct meaning {
        bool opens, ends;
        int64_t alive_ms; /* TIME_UNKNOWN: none */
        bool whole_address;
};

/* Where the record contradicts itself: a sentence part, and *ret_refusal. */
static const char *meaning_of_h3c(
        const struct pass *pass, const struct record *record, struct meaning *ret, enum refusal *ret_refusal)
{
        *ret_refusal = REFUSAL_CONTRADICTION;
        *ret = (struct meaning){.opens = true, .alive_ms = TIME_UNKNOWN};
        switch (record->action) {
        case OPERATOR_CREATED:
                return record->end == 0 ? NULL : "a flow that was created has an end time";
        case OPERATOR_ONE_TO_ONE:
                /* [HP] a translation without ports: only the two source addresses and the times count. */
                ret->whole_address = ret->ends = true;
                return record->source_port_after != 0 ? "a translation without ports has an outside port"
                       : record->end == 0             ? "a flow that ended has no end time"
                                                      : NULL;
        case OPERATOR_ACTIVE:
                /* [H3C] a regular record of a live flow, without an end time; [HP] the flow has lived for its
                 * time: then the end time says at least that it lived until then. The record may have waited
                 * for its packet, so without one the flow is known to have lived only `delay` before that. */
                ret->alive_ms = record->end != 0 ? (int64_t)record->end * TIME_SECOND
                                                 : pass->header.export_ms - pass->exporter->delay_ms;
                return NULL;
        case OPERATOR_ENDED:
        case OPERATOR_AGED:
        case OPERATOR_RECONFIGURED:
        case OPERATOR_NO_RESOURCE:
        case OPERATOR_TABLE_FULL:
                ret->ends = true;
                return record->end == 0 ? "a flow that ended has no end time" : NULL;
        case OPERATOR_OTHER:
                ret->ends = true;
                if (record->end != 0)
                        return NULL;
                *ret_refusal = REFUSAL_UNKNOWN_EVENT;
                return "an unnamed reason without an end time may be anything";
        default:
                *ret_refusal = REFUSAL_UNKNOWN_EVENT;
                return "no document says what this operator means";
        }
}

/* [Huawei] calls the operator a string of one byte and lists no values, so what happened is taken from the
 * two times alone, and only where they leave one reading: without an end the flow lives, with a later end it
 * has ended. Equal times may be a creation that repeats its time; that would be an end that never was. */
static const char *meaning_of_huawei(
        const struct record *record, struct meaning *ret, enum refusal *ret_refusal)
{
        *ret_refusal = REFUSAL_CONTRADICTION;
        *ret = (struct meaning){.opens = true, .ends = record->end != 0, .alive_ms = TIME_UNKNOWN};
        return record->end == record->start ? "start and end are equal, so it may be either" : NULL;
}

/* A sentence part where the times cannot be of the header's clock. */
static const char *check_times(
        const struct pass *pass, const struct record *record, const struct meaning *meaning)
{
        int64_t export_ms = pass->header.export_ms, start = (int64_t)record->start * TIME_SECOND;
        int64_t end = (int64_t)record->end * TIME_SECOND;
        int64_t latest = record->end != 0 ? end : start; /* what made the device write the record */
        int64_t delay =
                pass->exporter->delay_ms > USERLOG_BEHIND_MS ? pass->exporter->delay_ms : USERLOG_BEHIND_MS;

        if (record->start == 0)
                return "it has no start time";
        if (record->end != 0 && end < start)
                return "it ends before it begins";
        if (latest > export_ms + USERLOG_AHEAD_MS || start > export_ms + USERLOG_AHEAD_MS)
                return "it lies after the time of its packet; is one of the two in local time?";
        if (meaning->alive_ms == TIME_UNKNOWN && latest < export_ms - delay)
                return "it lies long before the time of its packet; is one of the two in local time?";
        return NULL;
}

static const char *check_ports(const struct record *record, const struct meaning *meaning)
{
        if (record->protocol == NAT_PROTOCOL_ANY)
                return "the protocol is 0";
        if (record->source == 0)
                return "the inside address is 0.0.0.0";
        if (!meaning->whole_address && nat_protocol_has_port(record->protocol) &&
                record->source_port_after == 0 && record->protocol != 1)
                return "the outside port is 0";
        return NULL;
}

static struct nat_event event_of(const struct pass *pass, const struct record *record, bool whole_address)
{
        uint32_t destination = record->destination_after ? record->destination_after : record->destination;
        bool has_port = nat_protocol_has_port(record->protocol);
        struct nat_event event = {
                .inside = address_from_ipv4(record->source),
                .outside = record->source_after,
                .vrf = record->vrf,
                .session = identity_of(record),
                .port_last = UINT16_MAX,
                .exporter = pass->exporter->number,
                .kind = NAT_ADDRESS,
        };

        if (whole_address)
                return event;
        event.kind = NAT_SESSION;
        event.protocol = record->protocol;
        if (!has_port) {
                event.flags = NAT_PORT_UNKNOWN;
        } else {
                event.flags = NAT_HAS_INSIDE_PORT;
                event.inside_port = record->source_port;
                event.port_first = event.port_last = record->source_port_after;
        }
        if (destination != 0) {
                event.flags |= NAT_HAS_DESTINATION;
                event.destination = address_from_ipv4(destination);
                /* Of ICMP it is no port of the other side (H3C repeats the identifier there). */
                if (has_port && record->protocol != 1)
                        event.destination_port = record->destination_port_after
                                                         ? record->destination_port_after
                                                         : record->destination_port;
        }
        return event;
}

static int deliver(struct pass *pass, struct nat_event *event, enum nat_action action, int64_t time_ms)
{
        event->action = (uint8_t)action;
        event->time_ms = time_ms;
        if (pass->outcome.first_event_ms == TIME_UNKNOWN || time_ms < pass->outcome.first_event_ms)
                pass->outcome.first_event_ms = time_ms;
        pass->outcome.has_nat = true;
        pass->state->counts.events++;
        return pass->sink->event(pass->sink->context, event);
}

/* A creation logged as such. */
static bool is_creation(enum family family, const struct record *record)
{
        return family == FAMILY_H3C ? record->action == OPERATOR_CREATED : record->end == 0;
}

/* Of a creation that is refused for its time nothing follows: it could vouch for any opening. */
static void note_creation(struct unit *unit, const struct record *record, int64_t export_ms)
{
        int64_t start = (int64_t)record->start * TIME_SECOND;

        if (start > export_ms + USERLOG_AHEAD_MS || start < export_ms - USERLOG_BEHIND_MS)
                return;
        if (unit->first_creation_ms == TIME_UNKNOWN || start < unit->first_creation_ms)
                unit->first_creation_ms = start;
        if (unit->last_creation_ms == TIME_UNKNOWN || start > unit->last_creation_ms)
                unit->last_creation_ms = start;
}

/* How long after it happened was told what this record is the first to tell? A device may be set to log
 * sessions only when they end. Then who is connected now is in no record yet, and what was heard says nothing
 * until the longest session is over; so such a log is said to be as late as can be written. A creation heard
 * before and one heard after an opening show that this opening had a record of its own; one that lies before
 * the log began is not claimed to have been heard. */
static int64_t delay_of(const struct pass *pass, const struct record *record)
{
        const struct unit *unit = pass->unit;
        int64_t start = (int64_t)record->start * TIME_SECOND;
        int64_t told = record->end != 0 ? (int64_t)record->end * TIME_SECOND : pass->header.export_ms;

        if (is_creation(pass->header.family, record))
                return pass->header.export_ms - start;
        if (unit->first_creation_ms == TIME_UNKNOWN || start > unit->last_creation_ms)
                return INT32_MAX;
        if (start < unit->first_creation_ms && start > unit->first_heard_ms + pass->exporter->delay_ms)
                return INT32_MAX;
        return pass->header.export_ms - told;
}

static int take_record(struct pass *pass, const uint8_t *bytes, size_t offset)
{
        struct record record = read_record(pass->header.family, bytes);
        struct meaning meaning;
        enum refusal refusal = REFUSAL_CONTRADICTION;
        const char *complaint = record.ip_version == 4 ? NULL : "its IP version is not 4";

        pass->state->counts.data_records++;
        if (!complaint && !is_translated(&record)) {
                pass->state->counts.not_translated++;
                return 0;
        }
        if (!complaint)
                complaint = pass->header.family == FAMILY_H3C
                                    ? meaning_of_h3c(pass, &record, &meaning, &refusal)
                                    : meaning_of_huawei(&record, &meaning, &refusal);
        if (!complaint && (complaint = check_times(pass, &record, &meaning)))
                refusal = REFUSAL_IMPOSSIBLE_TIME;
        if (!complaint && (complaint = check_ports(&record, &meaning)))
                refusal = REFUSAL_BAD_VALUE;
        if (complaint) {
                refuse(pass, refusal, offset, "operator %u: %s", record.action, complaint);
                mark(pass, GAP_REFUSED, 1);
                return 0;
        }
        int64_t delay = delay_of(pass, &record);
        if (delay > pass->outcome.slowest_ms)
                pass->outcome.slowest_ms = delay;
        struct nat_event event = event_of(pass, &record, meaning.whole_address);
        int64_t start = (int64_t)record.start * TIME_SECOND;
        int r = deliver(pass, &event, NAT_OPEN, start);
        if (r == 0 && meaning.alive_ms > start)
                r = deliver(pass, &event, NAT_ALIVE, meaning.alive_ms);
        if (r == 0 && meaning.ends)
                r = deliver(pass, &event, NAT_CLOSE, (int64_t)record.end * TIME_SECOND);
        return r;
}

/* ---- a datagram ---- */

static int state_of(struct userlog_decoder *decoder, uint16_t exporter, struct exporter_state **ret)
{
        if (exporter >= decoder->exporter_count) {
                size_t count = (size_t)exporter + 1;
                struct exporter_state *grown = realloc(decoder->exporters, count * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                memset(&grown[decoder->exporter_count], 0, (count - decoder->exporter_count) * sizeof *grown);
                decoder->exporters = grown;
                decoder->exporter_count = count;
        }
        *ret = &decoder->exporters[exporter];
        return 0;
}

/* 0, -ENOMEM, or -EFBIG where the exporter has too many boards. */
static int unit_of(struct pass *pass)
{
        struct exporter_state *state = pass->state;
        const struct header *header = &pass->header;
        uint32_t stream = families[header->family].stream_tag ^ header->board;

        for (size_t i = 0; i < state->unit_count; i++)
                if (state->units[i].stream == stream && state->units[i].family == header->family) {
                        pass->unit = &state->units[i];
                        return 0;
                }
        if (state->unit_count >= USERLOG_UNITS_MAX)
                return -EFBIG;
        if (state->unit_count == state->unit_capacity) {
                size_t capacity = state->unit_capacity ? state->unit_capacity * 2 : 4;
                struct unit *grown = realloc(state->units, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                state->units = grown;
                state->unit_capacity = capacity;
        }
        pass->unit = &state->units[state->unit_count++];
        *pass->unit = (struct unit){.stream = stream,
                .family = header->family,
                .first_creation_ms = TIME_UNKNOWN,
                .last_creation_ms = TIME_UNKNOWN,
                .first_heard_ms = header->export_ms};
        sequence_init(&pass->unit->sequence, pass->exporter->number, stream,
                families[header->family].counts_packets);
        return 0;
}

/* Why the records of this header are not read; NULL where they are. */
static const char *check_header(const struct pass *pass, size_t length, enum refusal *ret_refusal)
{
        const struct header *header = &pass->header;

        *ret_refusal = REFUSAL_MISSING_FIELD;
        if (header->version == VERSION_H3C_1)
                return "version 1.0 carries no translated address; let the device send version 3.0";
        *ret_refusal = REFUSAL_UNKNOWN_EVENT;
        if (header->family == FAMILY_H3C && header->version != VERSION_H3C_3)
                return "records of this version are not publicly documented; let the device send 3.0";
        if (header->type != LOG_TYPE_NAT)
                return "records of this log type are not read";
        *ret_refusal = header->count > USERLOG_COUNT_MAX ? REFUSAL_BAD_LENGTH : REFUSAL_TRUNCATED;
        if (!has_whole_records(header, length))
                return "its length is not that of the records that it counts";
        return NULL;
}

static int take_records(struct pass *pass, const uint8_t *bytes, size_t length)
{
        enum refusal refusal;
        const char *complaint;
        int r = 0;

        pass->outcome.records = pass->header.count;
        /* NAT66 lends no IPv4 address: its packets are heard, and say nothing of what is asked. */
        if (pass->header.family == FAMILY_H3C && pass->header.version == VERSION_H3C_3 &&
                pass->header.type == LOG_TYPE_NAT66) {
                pass->state->counts.not_nat += pass->header.count;
                return 0;
        }
        complaint = check_header(pass, length, &refusal);
        if (complaint) {
                refuse(pass, refusal, 0, "version 0x%02x, log type %u, %u records in %zu bytes: %s",
                        pass->header.version, pass->header.type, pass->header.count, length, complaint);
                mark(pass, GAP_REFUSED, pass->header.count);
                pass->outcome.count_known = refusal != REFUSAL_BAD_LENGTH && refusal != REFUSAL_TRUNCATED;
                return 0;
        }
        pass->outcome.has_data = true;
        for (uint32_t i = 0; i < pass->header.count; i++) {
                struct record record =
                        read_record(pass->header.family, bytes + HEADER_LENGTH + (size_t)i * RECORD_LENGTH);
                if (is_creation(pass->header.family, &record))
                        note_creation(pass->unit, &record, pass->header.export_ms);
        }
        for (uint32_t i = 0; i < pass->header.count && r == 0; i++) {
                size_t offset = HEADER_LENGTH + (size_t)i * RECORD_LENGTH;
                r = take_record(pass, bytes + offset, offset);
        }
        return r;
}

static int take_datagram(struct pass *pass, int64_t receipt_ms, const void *bytes, size_t length)
{
        /* No document says that a number of zero means an empty NAT. */
        struct flow_exporter exporter = *pass->exporter;
        struct sequence_message message = {.number = pass->header.number,
                .export_ms = pass->header.export_ms,
                .receipt_ms = receipt_ms,
                .hash = checksum(bytes, length)};
        enum sequence_verdict verdict;

        exporter.restart_keeps = true;
        pass->unit->is_heard = pass->state->is_heard = true;
        if (pass->header.export_ms < pass->unit->first_heard_ms)
                pass->unit->first_heard_ms = pass->header.export_ms;
        int r = sequence_begin(&pass->unit->sequence, &message, &exporter, &pass->state->counts, &verdict);
        if (r < 0 || verdict == SEQUENCE_DUPLICATE)
                return r;
        pass->outcome = (struct sequence_outcome){.count_known = true, .first_event_ms = TIME_UNKNOWN};
        r = take_records(pass, bytes, length);
        int ended = sequence_end(&pass->unit->sequence, &pass->outcome, &pass->state->counts);
        return r < 0 ? r : ended;
}

int userlog_decode(struct userlog_decoder *decoder, const struct flow_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink)
{
        struct pass pass = {.exporter = exporter, .sink = sink};
        int r = exporter->number == UINT16_MAX ? -EINVAL : state_of(decoder, exporter->number, &pass.state);

        if (r < 0)
                return r;
        pass.state->counts.messages++;
        if (!read_header(bytes, length, &pass.header)) {
                refuse(&pass, length < HEADER_LENGTH ? REFUSAL_TRUNCATED : REFUSAL_BAD_VERSION, 0,
                        "no flow log of H3C or Huawei begins like this");
                return 0;
        }
        const char *dialect = families[pass.header.family].dialect;
        if (exporter->dialect ? strcmp(exporter->dialect->name, dialect) != 0
                              : !userlog_recognise(bytes, length)) {
                refuse(&pass, exporter->dialect ? REFUSAL_CONTRADICTION : REFUSAL_NO_DIALECT, 0,
                        exporter->dialect ? "looks like %s, but another dialect is set for the exporter"
                                          : "may be %s, but not beyond doubt",
                        dialect);
                return 0;
        }
        r = unit_of(&pass);
        if (r == -EFBIG) {
                refuse(&pass, REFUSAL_TEMPLATE_LIMIT, 0, "board 0x%08x is one too many", pass.header.board);
                return 0;
        }
        return r < 0 ? r : take_datagram(&pass, receipt_ms, bytes, length);
}

int userlog_decoder_finish(struct userlog_decoder *decoder, struct coverage *ret)
{
        for (size_t i = 0; i < decoder->exporter_count; i++)
                for (size_t k = 0; k < decoder->exporters[i].unit_count; k++) {
                        int r = sequence_finish(&decoder->exporters[i].units[k].sequence, ret);
                        if (r < 0)
                                return r;
                }
        return 0;
}

int userlog_decoder_pieces(struct userlog_decoder *decoder, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < decoder->exporter_count && r == 0; i++) {
                struct exporter_state *state = &decoder->exporters[i];
                if (!state->is_heard)
                        continue;
                state->is_heard = false;
                for (size_t k = 0; k < state->unit_count && r == 0; k++) {
                        if (state->units[k].is_heard)
                                r = sequence_pieces(&state->units[k].sequence, ret);
                        state->units[k].is_heard = false;
                }
        }
        return r;
}

struct flow_counts userlog_decoder_counts(const struct userlog_decoder *decoder, uint16_t exporter)
{
        return exporter < decoder->exporter_count ? decoder->exporters[exporter].counts
                                                  : (struct flow_counts){0};
}
