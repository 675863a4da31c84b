/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of IPFIX and NetFlow v9: header, templates, records. Three decoders hear each message: one walks
 * it for its fields; one decodes it as an import would, and tells what is wrong with the message as a whole;
 * and one is handed every record alone, so that what it says is known to be about that record. */
#include "base/checksum.h"
#include "base/cursor.h"
#include "rogatory/decode.h"
#include "wire/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTERS_MAX 4096       /* addresses told apart in one file */
#define KNOWN_TEMPLATES_MAX 8192 /* shown once and then only named */
#define SETS_MAX 16384           /* of one message: each has four bytes at least */
#define MESSAGE_MAX 65535
#define IPFIX_HEADER 16
#define NETFLOW9_HEADER 20
#define SET_HEADER 4

struct known_template {
        uint64_t checksum; /* of exporter, domain, number and fields */
};

struct decode_flow {
        struct flow_decoder *walker, *whole, *judge;
        struct address exporters[EXPORTERS_MAX];
        unsigned exporter_count;
        struct known_template known[KNOWN_TEMPLATES_MAX];
        unsigned known_count;
        uint32_t judge_number; /* sequence number of the next message made for the judge */
        struct decode_verdict verdict;
        uint8_t made[MESSAGE_MAX];
};

/* One message on its way. */
struct passing {
        struct decode_job *job;
        struct decode_flow *flow;
        struct decode_message message;
        struct flow_exporter exporter;
        const uint8_t *bytes;
        size_t length, header_length;
        const uint8_t *record_end; /* of the record before */
        uint64_t records;
        uint16_t set_id; /* of the set being read */
        const uint8_t *set_start, *set_end;
        uint64_t set_records;
};

int decode_flow_new(struct decode_flow **ret_flow)
{
        struct decode_flow *flow = calloc(1, sizeof *flow);

        if (!flow)
                return -ENOMEM;
        flow->verdict = decode_verdict_make();
        flow->judge_number = 1;
        if (flow_decoder_new(&flow->walker) < 0 || flow_decoder_new(&flow->whole) < 0 ||
                flow_decoder_new(&flow->judge) < 0) {
                decode_flow_free(flow);
                return -ENOMEM;
        }
        *ret_flow = flow;
        return 0;
}

void decode_flow_free(struct decode_flow *flow)
{
        if (!flow)
                return;
        flow_decoder_free(flow->walker);
        flow_decoder_free(flow->whole);
        flow_decoder_free(flow->judge);
        decode_verdict_free(&flow->verdict);
        free(flow);
}

uint16_t decode_exporter_number(struct decode_flow *flow, const struct decode_place *place)
{
        struct address address = place->packet ? place->packet->source : (struct address){{0}};
        unsigned i = 0;

        while (i < flow->exporter_count && address_compare(&flow->exporters[i], &address) != 0)
                i++;
        if (i == flow->exporter_count && i < EXPORTERS_MAX)
                flow->exporters[flow->exporter_count++] = address;
        return (uint16_t)(i < EXPORTERS_MAX ? i : EXPORTERS_MAX - 1);
}

/* --- The judge --- */

static void put(uint8_t *at, uint64_t value, size_t size)
{
        for (size_t i = 0; i < size; i++)
                at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

/* The header of a message of one set: its length (RFC 7011 section 3.1), or that one record or more is in it
 * (RFC 3954 section 5.1 counts the records of all sets). */
static void shorten(uint8_t *message, unsigned version, size_t length)
{
        put(message + 2, version == 10 ? length : 1, 2);
}

/* Hands the judge a message with this one set, under the header of the message it is from. */
static int judge_set(struct passing *passing, uint16_t id, const uint8_t *content, size_t size,
        const struct decode_sink *sink)
{
        struct decode_flow *flow = passing->flow;
        size_t header = passing->header_length, length = header + SET_HEADER + size;

        if (length > MESSAGE_MAX)
                return 0;
        memcpy(flow->made, passing->bytes, header);
        shorten(flow->made, passing->message.version, length);
        put(flow->made + (passing->message.version == 10 ? 8 : 12), flow->judge_number++, 4);
        put(flow->made + header, id, 2);
        put(flow->made + header + 2, SET_HEADER + size, 2);
        memcpy(flow->made + header + SET_HEADER, content, size);
        return flow_decode(flow->judge, &passing->exporter, TIME_UNKNOWN, flow->made, length, sink);
}

static const char *nothing_because(const struct flow_counts *before, const struct flow_counts *after)
{
        if (after->not_nat > before->not_nat)
                return "no NAT event: a plain flow";
        if (after->not_translated > before->not_translated)
                return "nothing was translated";
        if (after->other_events > before->other_events)
                return "a NAT event that binds nothing";
        if (after->option_records > before->option_records)
                return "options: the exporter about itself";
        return "nothing is made of it";
}

static int take_record(void *context, const struct flow_record *record)
{
        struct passing *passing = context;
        struct decode_flow *flow = passing->flow;
        const struct flow_field *last = &record->fields[record->field_count - 1];
        const uint8_t *start = passing->record_end, *end = last->bytes + last->length;

        passing->records++;
        passing->set_records++;
        passing->record_end = end;
        struct flow_counts before = flow_decoder_counts(flow->judge, passing->exporter.number);
        struct decode_sink sink = decode_verdict_sink(&flow->verdict);
        decode_verdict_clear(&flow->verdict);
        int r = judge_set(passing, record->template_id, start, (size_t)(end - start), &sink);
        if (r < 0)
                return r;
        struct flow_counts after = flow_decoder_counts(flow->judge, passing->exporter.number);
        const char *why =
                flow->verdict.made + flow->verdict.refused > 0 ? NULL : nothing_because(&before, &after);
        decode_record_write(passing->job, &passing->message, record, passing->records, &flow->verdict, why);
        if (decode_is_over(passing->job))
                return -ECANCELED;
        return decode_flush(passing->job);
}

/* --- Templates --- */

static bool is_known(struct passing *passing, const uint8_t *bytes, size_t length)
{
        struct decode_flow *flow = passing->flow;
        uint64_t sum = checksum(bytes, length) ^ (uint64_t)passing->message.domain << 17 ^
                       (uint64_t)passing->exporter.number << 49;

        for (unsigned i = 0; i < flow->known_count; i++)
                if (flow->known[i].checksum == sum)
                        return true;
        if (flow->known_count < KNOWN_TEMPLATES_MAX)
                flow->known[flow->known_count++].checksum = sum;
        return false;
}

struct template_shape {
        unsigned id, field_count, scope_count;
        bool is_options;
};

static void write_field(struct passing *passing, struct cursor *cursor, bool is_scope)
{
        struct buffer *out = &passing->job->out;
        char name[REGISTRY_NAME_MAX], number[24];
        unsigned element = cursor_be16(cursor), length = cursor_be16(cursor);
        bool has_enterprise = passing->message.version == 10 && element & 0x8000;
        uint32_t enterprise = has_enterprise ? cursor_be32(cursor) : 0;

        if (has_enterprise)
                element &= 0x7fff;
        if (enterprise)
                snprintf(number, sizeof number, "%u/%u", enterprise, element);
        else
                snprintf(number, sizeof number, "%u", element);
        /* The scopes of NetFlow v9 are numbered apart (RFC 3954 section 6.1). */
        static const char *const scopes[] = {"", "System", "Interface", "Line Card", "Cache", "Template"};
        bool old_scope = is_scope && passing->message.version == 9;
        const char *called = old_scope ? (element < 6 ? scopes[element] : "(not known)")
                                       : registry_name(enterprise, (uint16_t)element, name);
        if (passing->job->options.json)
                buffer_printf(out,
                        "{\"element\":%u,\"enterprise\":%u,\"name\":\"%s\",\"length\":%u,\"scope\":%s}",
                        element, enterprise, called, length, is_scope ? "true" : "false");
        else if (length == 65535 && passing->message.version == 10)
                buffer_printf(
                        out, "    %9s  %-28s  of any length%s\n", number, called, is_scope ? ", scope" : "");
        else
                buffer_printf(out, "    %9s  %-28s  %u byte%s%s\n", number, called, length,
                        length == 1 ? "" : "s", is_scope ? ", scope" : "");
}

/* The number and shape of the template at the cursor. */
static struct template_shape read_shape(struct cursor *cursor, unsigned version, bool is_options)
{
        struct template_shape shape = {.id = cursor_be16(cursor), .is_options = is_options};
        unsigned second = cursor_be16(cursor);

        shape.field_count = second;
        if (is_options && version == 9) { /* both are lengths in bytes */
                shape.scope_count = second / 4;
                shape.field_count = shape.scope_count + cursor_be16(cursor) / 4u;
        } else if (is_options && second > 0) {
                shape.scope_count = cursor_be16(cursor);
        }
        return shape;
}

static void write_fields(struct passing *passing, const struct template_shape *shape, struct cursor cursor)
{
        struct buffer *out = &passing->job->out;

        for (unsigned i = 0; i < shape->field_count && !cursor.overrun; i++) {
                if (passing->job->options.json && i > 0)
                        buffer_append_u8(out, ',');
                write_field(passing, &cursor, i < shape->scope_count);
        }
}

static void skip_fields(struct passing *passing, const struct template_shape *shape, struct cursor *cursor)
{
        for (unsigned i = 0; i < shape->field_count && !cursor->overrun; i++) {
                bool has_enterprise = cursor_be16(cursor) & 0x8000 && passing->message.version == 10;
                cursor_skip(cursor, has_enterprise ? 6 : 2);
        }
}

static void write_template(struct passing *passing, const struct template_shape *shape, struct cursor fields,
        bool again, bool is_cut)
{
        struct buffer *out = &passing->job->out;
        const char *kind = shape->is_options ? "options template" : "template";

        if (passing->job->options.json) {
                if (again)
                        return;
                buffer_append_text(out, "{\"file\":");
                append_json_string(out, slice_of(passing->job->path));
                buffer_printf(out, ",\"%s\":%llu,\"domain\":%u,\"defines\":%u,\"options\":%s,\"fields\":[",
                        passing->message.place->packet ? "packet" : "offset",
                        (unsigned long long)passing->message.place->number, passing->message.domain,
                        shape->id, shape->is_options ? "true" : "false");
                if (!is_cut)
                        write_fields(passing, shape, fields);
                buffer_append_text(out, "]}\n");
        } else if (is_cut) {
                buffer_printf(out, "  %s %u: cut short\n", kind, shape->id);
        } else if (shape->field_count == 0) {
                buffer_printf(out, "  %s %u is withdrawn\n", kind, shape->id);
        } else if (again) {
                buffer_printf(out, "  %s %u, as before\n", kind, shape->id);
        } else {
                buffer_printf(out, "  %s %u of %u field%s\n", kind, shape->id, shape->field_count,
                        shape->field_count == 1 ? "" : "s");
                write_fields(passing, shape, fields);
        }
}

static void write_templates(struct passing *passing, struct cursor cursor, bool is_options)
{
        while (cursor_left(&cursor) >= 4) {
                const uint8_t *start = cursor.at;
                struct template_shape shape = read_shape(&cursor, passing->message.version, is_options);
                struct cursor fields = cursor;
                if (shape.id < 256 && shape.field_count == 0)
                        return; /* padding */
                skip_fields(passing, &shape, &cursor);
                bool again = !cursor.overrun && is_known(passing, start, (size_t)(cursor.at - start));
                write_template(passing, &shape, fields, again, cursor.overrun);
        }
}

/* --- The message --- */

static bool is_template_set(unsigned version, unsigned id)
{
        return version == 10 ? id == 2 || id == 3 : id == 0 || id == 1;
}

/* One set, as a message of its own for the walker, so that what is shown keeps the message's order. */
static int take_set(struct passing *passing, unsigned id, const struct cursor *content)
{
        struct decode_flow *flow = passing->flow;
        size_t size = cursor_left(content), header = passing->header_length;
        static const struct decode_sink silent = {0};
        uint8_t *alone = malloc(header + SET_HEADER + size);

        if (!alone)
                return -ENOMEM;
        memcpy(alone, passing->bytes, header);
        shorten(alone, passing->message.version, header + SET_HEADER + size);
        memcpy(alone + header, content->at - SET_HEADER, SET_HEADER + size);
        int r = 0;
        if (is_template_set(passing->message.version, id)) {
                write_templates(passing, *content, id == 1 || id == 3);
                r = judge_set(passing, (uint16_t)id, content->at, size, &silent);
        }
        passing->set_records = 0;
        passing->record_end = alone + header + SET_HEADER;
        if (r == 0)
                r = flow_walk(flow->walker, passing->exporter.number, alone, header + SET_HEADER + size,
                        take_record, passing);
        if (r == 0 && id >= 256 && passing->set_records == 0 && size > 3 && !passing->job->options.json)
                buffer_printf(&passing->job->out, "  %zu bytes of records whose template %u has not come\n",
                        size, id);
        free(alone);
        return r;
}

static int take_sets(struct passing *passing)
{
        struct cursor cursor = cursor_over(passing->bytes, passing->length);
        int r = 0;

        cursor_skip(&cursor, passing->header_length);
        while (r == 0 && cursor_left(&cursor) >= SET_HEADER) {
                unsigned id = cursor_be16(&cursor);
                size_t length = cursor_be16(&cursor);
                if (length < SET_HEADER || length - SET_HEADER > cursor_left(&cursor))
                        break; /* `whole` says so */
                struct cursor content = cursor_part(&cursor, length - SET_HEADER);
                r = take_set(passing, id, &content);
        }
        return r;
}

static void write_header(struct passing *passing, uint32_t number)
{
        struct buffer *out = &passing->job->out;
        const struct decode_place *place = passing->message.place;
        char text[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];

        if (passing->job->options.json)
                return;
        if (place->packet) {
                buffer_printf(out, "packet %llu, %s, %s:%u", (unsigned long long)place->number,
                        time_format_utc(place->receipt_ms, time),
                        address_format(&place->packet->source, text), place->packet->source_port);
                buffer_printf(out, " to %s:%u%s\n", address_format(&place->packet->destination, text),
                        place->packet->destination_port, place->packet->protocol == 6 ? ", TCP" : "");
        } else {
                buffer_printf(out, "byte %llu\n", (unsigned long long)place->number);
        }
        buffer_printf(out, "  %s, %zu bytes, domain %u, sequence %u, exported %s\n",
                passing->message.version == 9 ? "NetFlow v9" : "IPFIX", passing->length,
                passing->message.domain, number, time_format_utc(passing->message.export_ms, time));
}

/* What an import would say of the message, beside what is said of its records. */
struct hearing {
        struct decode_job *job;
        struct decode_verdict *verdict;
};

static int ignore_event(void *context, const struct nat_event *event)
{
        (void)context;
        (void)event;
        return 0;
}

static int ignore_lease(void *context, const struct lease_event *lease)
{
        (void)context;
        (void)lease;
        return 0;
}

static void hear_refusal(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct hearing *hearing = context;
        bool is_of_message = refusal == REFUSAL_TRUNCATED || refusal == REFUSAL_BAD_LENGTH ||
                             refusal == REFUSAL_BAD_VERSION || refusal == REFUSAL_BAD_TEMPLATE ||
                             refusal == REFUSAL_TEMPLATE_LIMIT || refusal == REFUSAL_NO_TEMPLATE;

        if (is_of_message) {
                struct decode_sink sink = decode_verdict_sink(hearing->verdict);
                sink.refused(sink.context, refusal, offset, detail);
        }
}

static void write_verdict(
        struct decode_job *job, const struct decode_place *place, const struct decode_verdict *verdict)
{
        job->refused += verdict->refused;
        if (!job->options.json) {
                buffer_append(&job->out, verdict->text.bytes, verdict->text.length);
        } else if (verdict->json.length > 0) {
                buffer_append_text(&job->out, "{\"file\":");
                append_json_string(&job->out, slice_of(job->path));
                if (place)
                        buffer_printf(&job->out, ",\"%s\":%llu", place->packet ? "packet" : "offset",
                                (unsigned long long)place->number);
                buffer_append_text(&job->out, ",\"result\":[");
                buffer_append(&job->out, verdict->json.bytes, verdict->json.length);
                buffer_append_text(&job->out, "]}\n");
        }
}

/* lost_things: what the sequence numbers count. */
static void write_remarks(struct decode_job *job, const char *lost_things, const struct flow_counts *before,
        const struct flow_counts *after)
{
        if (job->options.json)
                return;
        if (after->duplicate_messages > before->duplicate_messages)
                buffer_append_text(
                        &job->out, "  => this message was heard before; an import counts it once\n");
        if (after->restarts > before->restarts)
                buffer_append_text(&job->out, "  => the exporter's numbers begin anew: it was restarted\n");
        if (after->lost > before->lost)
                buffer_printf(&job->out, "  => %llu %s before this message never came\n",
                        (unsigned long long)(after->lost - before->lost), lost_things);
}

static int hear_whole(struct passing *passing, const void *bytes, size_t length)
{
        struct decode_flow *flow = passing->flow;
        struct hearing hearing = {.job = passing->job, .verdict = &flow->verdict};
        struct decode_sink sink = {
                .context = &hearing, .event = ignore_event, .lease = ignore_lease, .refused = hear_refusal};

        struct flow_counts before = flow_decoder_counts(flow->whole, passing->exporter.number);
        decode_verdict_clear(&flow->verdict);
        int r = flow_decode(
                flow->whole, &passing->exporter, passing->message.place->receipt_ms, bytes, length, &sink);
        struct flow_counts after = flow_decoder_counts(flow->whole, passing->exporter.number);
        write_remarks(
                passing->job, passing->message.version == 9 ? "packet(s)" : "record(s)", &before, &after);
        write_verdict(passing->job, passing->message.place, &flow->verdict);
        return r;
}

/* Fills in what the header says. false where it is none. */
static bool read_header(struct passing *passing, const void *bytes, size_t length, uint32_t *ret_number)
{
        struct cursor cursor = cursor_over(bytes, length);
        struct decode_message *message = &passing->message;

        message->version = cursor_be16(&cursor);
        message->uptime_zero_ms = TIME_UNKNOWN;
        passing->bytes = bytes;
        passing->length = length;
        passing->header_length = message->version == 9 ? NETFLOW9_HEADER : IPFIX_HEADER;
        size_t second = cursor_be16(&cursor);
        int64_t uptime_ms = message->version == 9 ? cursor_be32(&cursor) : 0;
        message->export_ms = (int64_t)cursor_be32(&cursor) * TIME_SECOND;
        *ret_number = cursor_be32(&cursor);
        message->domain = cursor_be32(&cursor);
        if (message->version == 9)
                message->uptime_zero_ms = message->export_ms - uptime_ms;
        else if (second < length && second >= IPFIX_HEADER)
                passing->length = second;
        return !cursor.overrun && (message->version == 9 || message->version == 10);
}

int decode_flow_message(
        struct decode_job *job, const struct decode_place *place, const void *bytes, size_t length)
{
        struct passing passing = {.job = job, .flow = job->flow, .message.place = place};
        uint32_t number;

        passing.exporter = (struct flow_exporter){
                .number = decode_exporter_number(job->flow, place), .dialect = job->options.dialect};
        int r = 0;
        if (read_header(&passing, bytes, length, &number)) {
                write_header(&passing, number);
                r = take_sets(&passing);
        }
        if (r == -ECANCELED)
                return 0;
        return r < 0 ? r : hear_whole(&passing, bytes, length);
}

int decode_flow_finish(struct decode_job *job)
{
        struct hearing hearing = {.job = job, .verdict = &job->flow->verdict};
        struct decode_sink sink = {
                .context = &hearing, .event = ignore_event, .lease = ignore_lease, .refused = hear_refusal};
        struct coverage heard = {0};

        decode_verdict_clear(&job->flow->verdict);
        int r = flow_decoder_finish(job->flow->whole, &sink, &heard);
        coverage_free(&heard);
        if (job->flow->verdict.refused > 0 && !job->options.json)
                buffer_append_text(&job->out, "at the end\n");
        write_verdict(job, NULL, &job->flow->verdict);
        return r;
}
