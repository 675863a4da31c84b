/* SPDX-License-Identifier: EUPL-1.2 */
/* One record: every field beside its meaning, and what rogatory makes of it. */
#include "rogatory/decode.h"
#include "wire/registry.h"

#include <string.h>

#define VALUE_MAX (1u << 16)

/* --- Verdict --- */

struct decode_verdict decode_verdict_make(void)
{
        return (struct decode_verdict){.text = buffer_make(OUTPUT_MAX), .json = buffer_make(OUTPUT_MAX)};
}

void decode_verdict_free(struct decode_verdict *verdict)
{
        buffer_free(&verdict->text);
        buffer_free(&verdict->json);
}

void decode_verdict_clear(struct decode_verdict *verdict)
{
        buffer_clear(&verdict->text);
        buffer_clear(&verdict->json);
        verdict->made = verdict->refused = 0;
        verdict->has_event = false;
}

static void begin_item(struct decode_verdict *verdict)
{
        buffer_append_text(&verdict->text, "  => ");
        if (verdict->json.length > 0)
                buffer_append_u8(&verdict->json, ',');
}

static int take_event(void *context, const struct nat_event *event)
{
        struct decode_verdict *verdict = context;

        begin_item(verdict);
        decode_event_write(event, &verdict->text);
        buffer_append_u8(&verdict->text, '\n');
        decode_event_json(event, &verdict->json);
        if (!verdict->has_event)
                verdict->event = *event;
        verdict->has_event = true;
        verdict->made++;
        return 0;
}

static int take_lease(void *context, const struct lease_event *lease)
{
        struct decode_verdict *verdict = context;

        begin_item(verdict);
        decode_lease_write(lease, &verdict->text);
        buffer_append_u8(&verdict->text, '\n');
        decode_lease_json(lease, &verdict->json);
        verdict->made++;
        return 0;
}

static void take_refusal(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct decode_verdict *verdict = context;

        (void)offset;
        begin_item(verdict);
        buffer_printf(&verdict->text, "refused (%s): ", refusal_name(refusal));
        append_foreign(&verdict->text, detail ? detail : "");
        buffer_append_text(&verdict->text, "\n     ");
        append_wrapped(&verdict->text, refusal_sentence(refusal), 5, 5);
        buffer_printf(&verdict->json, "{\"refused\":\"%s\",\"detail\":", refusal_name(refusal));
        append_json_string(&verdict->json, slice_of(detail ? detail : ""));
        buffer_append_u8(&verdict->json, '}');
        verdict->refused++;
}

static void take_note(void *context, const char *sentence)
{
        struct decode_verdict *verdict = context;

        begin_item(verdict);
        append_foreign(&verdict->text, sentence);
        buffer_append_u8(&verdict->text, '\n');
        buffer_append_text(&verdict->json, "{\"note\":");
        append_json_string(&verdict->json, slice_of(sentence));
        buffer_append_u8(&verdict->json, '}');
        verdict->made++;
}

struct decode_sink decode_verdict_sink(struct decode_verdict *verdict)
{
        return (struct decode_sink){
                .context = verdict,
                .event = take_event,
                .lease = take_lease,
                .refused = take_refusal,
                .noted = take_note,
        };
}

/* --- Fields --- */

/* The value and, where it is an event's, its name. */
static void write_value(const struct decode_job *job, const struct decode_message *message,
        const struct flow_field *field, struct buffer *ret)
{
        decode_value_write(field, message, ret);
        decode_event_name_write(field, &job->options, message->version, ret);
}

static void write_field(struct decode_job *job, const struct decode_message *message,
        const struct flow_field *field, const struct nat_event *event, bool is_nat)
{
        char name[REGISTRY_NAME_MAX], number[24];
        struct buffer value = buffer_make(VALUE_MAX);
        const char *meaning = is_nat ? decode_meaning(field, event) : NULL;

        if (field->enterprise)
                snprintf(number, sizeof number, "%u/%u", field->enterprise, field->element);
        else
                snprintf(number, sizeof number, "%u", field->element);
        write_value(job, message, field, &value);
        buffer_append_u8(&value, '\0');
        buffer_printf(&job->out, meaning ? "    %9s  %-28s  %-24s%s%s\n" : "    %9s  %-28s  %s%s%s\n", number,
                registry_name(field->enterprise, field->element, name),
                value.bytes ? (char *)value.bytes : "", meaning ? "  = " : "", meaning ? meaning : "");
        buffer_free(&value);
}

static void write_text(struct decode_job *job, const struct decode_message *message,
        const struct flow_record *record, uint64_t number, const struct decode_verdict *verdict,
        const char *why)
{
        buffer_printf(&job->out, "  record %llu, template %u%s\n", (unsigned long long)number,
                record->template_id, record->is_options ? " (options)" : "");
        for (size_t i = 0; i < record->field_count; i++)
                write_field(job, message, &record->fields[i], verdict->has_event ? &verdict->event : NULL,
                        why == NULL);
        buffer_append(&job->out, verdict->text.bytes, verdict->text.length);
        if (why)
                buffer_printf(&job->out, "  => %s\n", why);
}

/* --- JSON --- */

/* A string without the quotes that show people where it ends. */
static void json_value(const struct buffer *value, struct buffer *ret)
{
        struct slice text = slice_make((const char *)value->bytes, value->length);

        if (text.length >= 2 && text.text[0] == '"' && text.text[text.length - 1] == '"')
                text = slice_make(text.text + 1, text.length - 2);
        append_json_string(ret, text);
}

static void json_field(struct decode_job *job, const struct decode_message *message,
        const struct flow_field *field, const struct nat_event *event, bool is_nat)
{
        char name[REGISTRY_NAME_MAX];
        struct buffer value = buffer_make(VALUE_MAX);
        const char *meaning = is_nat ? decode_meaning(field, event) : NULL;
        bool is_known = registry_element_of(field->enterprise, field->element) != NULL;

        write_value(job, message, field, &value);
        buffer_printf(&job->out, "{\"element\":%u,\"enterprise\":%u", field->element, field->enterprise);
        if (is_known)
                buffer_printf(&job->out, ",\"name\":\"%s\"",
                        registry_name(field->enterprise, field->element, name));
        buffer_append_text(&job->out, ",\"value\":");
        json_value(&value, &job->out);
        buffer_append_text(&job->out, ",\"bytes\":\"");
        for (size_t i = 0; i < field->length; i++)
                buffer_printf(&job->out, "%02x", field->bytes[i]);
        buffer_append_u8(&job->out, '"');
        if (meaning)
                buffer_printf(&job->out, ",\"meaning\":\"%s\"", meaning);
        buffer_append_u8(&job->out, '}');
        buffer_free(&value);
}

static void json_place(struct decode_job *job, const struct decode_place *place)
{
        char text[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];

        buffer_append_text(&job->out, "\"file\":");
        append_json_string(&job->out, slice_of(job->path));
        buffer_printf(&job->out, ",\"%s\":%llu", place->packet ? "packet" : "offset",
                (unsigned long long)place->number);
        if (place->packet)
                buffer_printf(
                        &job->out, ",\"exporter\":\"%s\"", address_format(&place->packet->source, text));
        if (place->receipt_ms >= TIME_FIRST && place->receipt_ms < TIME_LIMIT)
                buffer_printf(&job->out, ",\"captured\":\"%s\"", time_format_utc(place->receipt_ms, time));
}

static void write_json(struct decode_job *job, const struct decode_message *message,
        const struct flow_record *record, uint64_t number, const struct decode_verdict *verdict,
        const char *why)
{
        char time[TIME_TEXT_MAX];

        buffer_append_u8(&job->out, '{');
        json_place(job, message->place);
        buffer_printf(&job->out, ",\"protocol\":\"%s\",\"domain\":%u,\"exported\":\"%s\"",
                message->version == 9 ? "netflow9" : "ipfix", message->domain,
                time_format_utc(message->export_ms, time));
        buffer_printf(&job->out, ",\"record\":%llu,\"template\":%u,\"options\":%s,\"fields\":[",
                (unsigned long long)number, record->template_id, record->is_options ? "true" : "false");
        for (size_t i = 0; i < record->field_count; i++) {
                if (i > 0)
                        buffer_append_u8(&job->out, ',');
                json_field(job, message, &record->fields[i], verdict->has_event ? &verdict->event : NULL,
                        why == NULL);
        }
        buffer_append_text(&job->out, "],\"result\":[");
        buffer_append(&job->out, verdict->json.bytes, verdict->json.length);
        buffer_append_u8(&job->out, ']');
        if (why)
                buffer_printf(&job->out, ",\"nothing\":\"%s\"", why);
        buffer_append_text(&job->out, "}\n");
}

void decode_record_write(struct decode_job *job, const struct decode_message *message,
        const struct flow_record *record, uint64_t number, const struct decode_verdict *verdict,
        const char *why)
{
        (job->options.json ? write_json : write_text)(job, message, record, number, verdict, why);
        job->shown++;
        job->refused += verdict->refused;
}
