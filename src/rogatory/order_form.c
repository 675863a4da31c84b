/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/order_form.h"

#include "base/json_shape.h"
#include "hi1/hi1.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the template ---- */

/* When a field is needed, or must be left empty, in words. */
static const struct {
        uint32_t condition;
        const char *words;
} condition_words[] = {
        {FORM_ALWAYS, "always"},
        {FORM_PRODUCTION, "of production"},
        {FORM_PRESERVATION, "of preservation"},
        {FORM_SUBSCRIBER, "where subscriber data are asked for"},
        {FORM_IDENTIFY, "where data to identify the user are asked for"},
        {FORM_TRAFFIC, "of traffic data"},
        {FORM_CONTENT, "of content data"},
        {FORM_EMERGENCY, "in emergencies"},
        {FORM_VALIDATED, "where another authority validates"},
        {FORM_DELAYED, "where the person is informed later"},
        {FORM_EA, "where the enforcing authority is notified"},
        {FORM_EA_EXEMPT, "where it is not notified of traffic or content data"},
        {FORM_OTHER_RECIPIENT, "where another authority receives the data"},
        {FORM_EARLIER, "where there are earlier orders"},
        {FORM_PROCESSOR, "where the provider is a processor"},
        {FORM_PROTECTED, "where something may protect the data"},
        {FORM_ALL_HOLDERS, "where all holders are to be named"},
        {FORM_READDRESSED, "where another establishment is addressed"},
};

static void write_conditions(struct buffer *ret, const char *lead, uint32_t conditions)
{
        const char *between = lead;

        for (size_t i = 0; i < sizeof condition_words / sizeof *condition_words; i++)
                if (conditions & condition_words[i].condition) {
                        buffer_printf(ret, "%s %s", between, condition_words[i].words);
                        between = ",";
                }
}

static void write_words(struct buffer *ret, const struct vocabulary *words)
{
        for (size_t i = 0; i < words->count; i++)
                buffer_printf(ret, "%s %s", i ? "," : "", words->words[i].name);
}

static void write_kind(struct buffer *ret, const struct model_field *field)
{
        switch (field->kind) {
        case MODEL_CHOICE:
                buffer_append_text(ret, "; one of");
                write_words(ret, field->words);
                break;
        case MODEL_SET:
                buffer_append_text(ret, "; some of");
                write_words(ret, field->words);
                break;
        case MODEL_INSTANT:
                buffer_append_text(ret, "; an instant with its offset, as 2026-11-20T23:35:52+01:00");
                break;
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                buffer_append_text(ret, "; a number");
                break;
        case MODEL_ID:
                buffer_append_text(ret, "; the id of an order");
                break;
        case MODEL_COUNTRY:
                buffer_append_text(ret, "; two letters, as AT");
                break;
        case MODEL_ORGANISATION:
                buffer_append_text(ret, "; the short name in the directory");
                break;
        case MODEL_PERSON:
                buffer_append_text(ret, "; login@organisation");
                break;
        case MODEL_LIST:
                buffer_append_text(ret, "; any number of these");
                break;
        default:
                break;
        }
}

/* What the node fills in, or takes another way. */
static bool is_left_out(const struct model_type *type, const struct model_field *field)
{
        return (type == &order_type && strcmp(field->name, "identifiers") == 0) ||
               (type == &authority_type && strcmp(field->name, "signatory") == 0);
}

static const char *empty_value(const struct model_field *field)
{
        switch (field->kind) {
        case MODEL_SET:
        case MODEL_TEXTS:
                return "[]";
        case MODEL_INSTANT:
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                return "null";
        default:
                return "\"\"";
        }
}

static void write_type(struct buffer *ret, const struct model_type *type, unsigned depth);

static void write_field(
        struct buffer *ret, const struct model_field *field, unsigned depth, const char *value, bool last)
{
        int indent = (int)depth * 2;

        buffer_printf(
                ret, "%*s// %s%s%s", indent, "", field->section, *field->section ? ": " : "", field->label);
        write_kind(ret, field);
        write_conditions(ret, ". Needed", field->need);
        write_conditions(ret, ". Not given", field->bar);
        buffer_printf(ret, "\n%*s\"%s\": ", indent, "", field->name);
        if (field->kind == MODEL_PART) {
                buffer_append_text(ret, "{\n");
                write_type(ret, field->part, depth + 1);
                buffer_printf(ret, "%*s}", indent, "");
        } else if (field->kind == MODEL_LIST) {
                buffer_append_text(ret, "[{\n");
                write_type(ret, field->part, depth + 1);
                buffer_printf(ret, "%*s}]", indent, "");
        } else {
                buffer_append_text(ret, value ? value : empty_value(field));
        }
        buffer_append_text(ret, last ? "\n" : ",\n");
}

static const struct model_field *last_field(const struct model_type *type)
{
        const struct model_field *last = NULL;

        for (size_t i = 0; i < type->field_count; i++)
                if (!is_left_out(type, &type->fields[i]))
                        last = &type->fields[i];
        return last;
}

static void write_type(struct buffer *ret, const struct model_type *type, unsigned depth)
{
        const struct model_field *last = last_field(type);

        for (size_t i = 0; i < type->field_count; i++)
                if (!is_left_out(type, &type->fields[i]))
                        write_field(ret, &type->fields[i], depth, NULL, &type->fields[i] == last);
}

void form_write_template(enum order_kind kind, struct buffer *ret)
{
        const struct model_field *last = last_field(&order_type);

        buffer_printf(ret,
                "// %s. Fill in what is needed and leave the rest as it is, or\n"
                "// take it out. Lines that begin with // are comments. Identifiers do not stand here:\n"
                "// they are pasted out of their source (rogatory order paste), or typed and compared by\n"
                "// a second person (order type, order compare).\n{\n",
                kind == ORDER_PRODUCTION ? "Form 1, a production order (EPOC)"
                                         : "Form 2, a preservation order (EPOC-PR)");
        for (size_t i = 0; i < order_type.field_count; i++) {
                const struct model_field *field = &order_type.fields[i];
                char value[64];
                if (is_left_out(&order_type, field))
                        continue;
                snprintf(value, sizeof value, "\"%s\"", word_name(&order_kind_words, (int)kind));
                write_field(ret, field, 1, strcmp(field->name, "kind") == 0 ? value : NULL, field == last);
        }
        buffer_append_text(ret, "}\n");
}

/* ---- reading ---- */

/* Comments become blank lines, so that line numbers stay right. */
static int strip_comments(struct slice text, struct buffer *ret)
{
        while (text.length > 0) {
                struct slice line = slice_cut(&text, '\n');
                if (!slice_starts(slice_trim(line), "//"))
                        buffer_append(ret, line.text, line.length);
                buffer_append_u8(ret, '\n');
        }
        return ret->failed;
}

static bool is_empty(const json_t *value)
{
        return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
               (json_is_array(value) && json_array_size(value) == 0) ||
               (json_is_object(value) && json_object_size(value) == 0);
}

static void prune(json_t *value)
{
        const char *name;
        json_t *member;
        void *next;

        if (json_is_array(value))
                for (size_t i = json_array_size(value); i-- > 0;) {
                        prune(json_array_get(value, i));
                        if (is_empty(json_array_get(value, i)))
                                json_array_remove(value, i);
                }
        json_object_foreach_safe(value, next, name, member)
        {
                prune(member);
                if (is_empty(member))
                        json_object_del(value, name);
        }
}

/* Instants of people get the one writing that certificates have. */
static int set_instants(const struct model_type *type, json_t *object, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                json_t *value = json_object_get(object, field->name);
                char text[TIME_TEXT_MAX];
                int64_t instant;
                if (field->kind == MODEL_PART && json_is_object(value))
                        r = set_instants(field->part, value, error);
                for (size_t k = 0; r == 0 && field->kind == MODEL_LIST && k < json_array_size(value); k++)
                        r = set_instants(field->part, json_array_get(value, k), error);
                if (field->kind != MODEL_INSTANT || !json_is_string(value))
                        continue;
                r = time_parse_rfc3339(slice_of(json_string_value(value)), &instant, NULL, error);
                if (r < 0)
                        return error_prefix(error, r, "%s: ", field->name);
                json_object_set_new(object, field->name, json_string(time_format_utc(instant, text)));
        }
        return r;
}

static json_t *wrap(struct office *office, json_t *body, const char *kind)
{
        static const char id[] = "00000000-0000-4000-8000-000000000000"; /* the draft gets its own */
        char now[TIME_TEXT_MAX];
        const struct directory_organisation *self = office_self(office);
        const char *addressee =
                json_string_value(json_object_get(json_object_get(body, "addressee"), "organisation"));
        const char *test = json_string_value(json_object_get(body, "test"));
        json_t *head = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:s}", "kind",
                strcmp(kind, "production") == 0 ? word_name(&message_kind_words, MESSAGE_PRODUCTION_ORDER)
                                                : word_name(&message_kind_words, MESSAGE_PRESERVATION_ORDER),
                "id", id, "order_id", id, "sender", "country", self->country, "organisation", self->name,
                "receiver", "country", self->country, "organisation", addressee ? addressee : self->name,
                "sent_ms", time_format_utc(office_now(office), now));

        if (test)
                json_object_set_new(head, "test", json_string(test));
        json_object_del(body, "test");
        return json_pack("{s:s, s:o, s:O}", "format", "rogatory-message/1", "head", head, "body", body);
}

static int read_certificate(json_t *root, const char *name, struct message *ret, struct error *error)
{
        struct findings findings = {0};
        char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

        if (!text)
                return error_set(error, -EBADMSG, "%s: cannot be read as a form", name);
        int r = hi1_certificate_read(slice_of(text), ret, &findings);
        for (size_t i = 0; r < 0 && i < findings.count; i++)
                if (findings.list[i].weight == FINDING_FATAL) {
                        const char *place = findings.list[i].place;
                        const char *within = strstr(place, "body.");
                        error_set(error, r, "%s: %s: %s", name, within ? within + 5 : place,
                                findings.list[i].sentence);
                        break;
                }
        findings_free(&findings);
        free(text);
        return r;
}

int form_read(
        struct office *office, struct slice text, const char *name, struct message *ret, struct error *error)
{
        static const struct json_limits limits = {.bytes = FORM_BYTES_MAX, .depth = 16, .values = 100000};
        struct buffer stripped = buffer_make(FORM_BYTES_MAX + 1);
        json_error_t reason;
        json_t *body = NULL, *root = NULL;

        int r = strip_comments(text, &stripped);
        if (r < 0)
                error_set(error, r, "%s: is longer than %zu bytes", name, FORM_BYTES_MAX);
        struct slice plain = slice_make((const char *)stripped.bytes, stripped.length);
        if (r == 0)
                r = json_shape_check(plain, name, &limits, error);
        if (r == 0 && !(body = json_loadb(
                                plain.text ? plain.text : "", plain.length, JSON_REJECT_DUPLICATES, &reason)))
                r = error_set(error, -EBADMSG, "%s: line %d: %s", name, reason.line, reason.text);
        if (r == 0)
                prune(body);
        const char *kind = json_string_value(json_object_get(body, "kind"));
        if (r == 0 && (!kind || (strcmp(kind, "production") != 0 && strcmp(kind, "preservation") != 0)))
                r = error_set(error, -EBADMSG, "%s: kind: is neither production nor preservation", name);
        if (r == 0 && json_object_get(body, "identifiers"))
                r = error_set(error, -EBADMSG,
                        "%s: identifiers: are not written into forms, where a slip of the fingers would name "
                        "somebody else; paste them out of their source (rogatory order paste)",
                        name);
        if (r == 0 && (r = set_instants(&order_type, body, error)) < 0)
                error_prefix(error, r, "%s: ", name);
        if (r == 0) {
                root = wrap(office, body, kind);
                r = read_certificate(root, name, ret, error);
        }
        json_decref(root);
        json_decref(body);
        buffer_free(&stripped);
        return r;
}
