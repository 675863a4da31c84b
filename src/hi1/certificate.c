/* SPDX-License-Identifier: EUPL-1.2 */
/* The certificate: a message as JSON, member by member as the tables of its fields say. */
#include "hi1/tree.h"

#include "base/json_shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "rogatory-message/1"

/* ---- writing ---- */

static json_t *object_to_json(const struct model_type *type, const void *object);

static json_t *set_to_json(const struct vocabulary *words, uint64_t set)
{
        json_t *list = json_array();

        for (size_t i = 0; i < words->count; i++)
                if (set & WORD_BIT(words->words[i].value))
                        json_array_append_new(list, json_string(words->words[i].name));
        return list;
}

static json_t *texts_to_json(const struct text_list *texts)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < texts->count; i++)
                if (json_array_append_new(list, json_string(texts->items[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *list_to_json(const struct model_field *field, const void *object)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < model_list_count(field, object); i++)
                if (json_array_append_new(
                            list, object_to_json(field->part, model_list_at_const(field, object, i))) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

/* NULL: no memory, or text that is no UTF-8. */
static json_t *field_to_json(const struct model_field *field, const void *object)
{
        const void *at = model_at_const(field, object);
        char text[TIME_TEXT_MAX + DIGEST_TEXT_MAX + ADDRESS_TEXT_MAX];
        int64_t number = 0;
        uint64_t set = 0;
        int choice = 0;

        switch (field->kind) {
        case MODEL_TEXT:
                return json_string(*(char *const *)at);
        case MODEL_ID:
        case MODEL_COUNTRY:
        case MODEL_ORGANISATION:
        case MODEL_PERSON:
                return json_string(at);
        case MODEL_INSTANT:
                memcpy(&number, at, sizeof number);
                return json_string(time_format_utc(number, text));
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                memcpy(&number, at, sizeof number);
                return json_integer(number);
        case MODEL_CHOICE:
                memcpy(&choice, at, sizeof choice);
                return json_string(word_name(field->words, choice));
        case MODEL_SET:
                memcpy(&set, at, sizeof set);
                return set_to_json(field->words, set);
        case MODEL_DIGEST:
                return json_string(digest_format(at, text));
        case MODEL_ADDRESS:
                return json_string(address_format(at, text));
        case MODEL_PART:
                return object_to_json(field->part, at);
        case MODEL_LIST:
                return list_to_json(field, object);
        case MODEL_TEXTS:
                return texts_to_json(at);
        }
        return NULL;
}

static json_t *object_to_json(const struct model_type *type, const void *object)
{
        json_t *json = json_object();

        for (size_t i = 0; json && i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                if (!model_is_given(field, object))
                        continue;
                if (json_object_set_new(json, field->name, field_to_json(field, object)) < 0) {
                        json_decref(json);
                        return NULL;
                }
        }
        return json;
}

int hi1_certificate_write(const struct message *message, struct buffer *ret, struct error *error)
{
        const struct model_type *body = message_body_type(message->kind);
        char *text = NULL;

        if (!body)
                return error_set(error, -EINVAL, "kind: a message without a kind cannot be written");
        json_t *root = json_pack("{s:s, s:o, s:o}", "format", FORMAT, "head",
                object_to_json(&message_head_type, message), "body",
                object_to_json(body, message_body_const(message)));
        if (root)
                text = json_dumps(root, JSON_COMPACT);
        json_decref(root);
        if (!text)
                return error_set(error, -ENOMEM, "the certificate could not be written: no memory left");
        size_t length = strlen(text);
        int r = length > HI1_CERTIFICATE_BYTES_MAX
                        ? error_set(error, -EFBIG, "the certificate has %zu bytes; %zu are the most", length,
                                  HI1_CERTIFICATE_BYTES_MAX)
                        : buffer_append(ret, text, length);
        free(text);
        return r;
}

/* ---- reading ---- */

static int read_object(const json_t *json, const struct tree_place *place, const struct model_type *type,
        void *object, struct findings *findings);

static int wrong(const struct tree_place *place, struct findings *findings, const struct error *error)
{
        char path[FINDING_PLACE_MAX];
        return findings_refuse(findings, "wrong-value", tree_path(place, path), "%s", error->text);
}

static int read_string(const json_t *json, const struct tree_place *place, const struct model_field *field,
        void *object, struct findings *findings)
{
        struct slice text = slice_make(json_string_value(json), json_string_length(json));
        char again[TIME_TEXT_MAX + ADDRESS_TEXT_MAX];
        struct error error = {0};
        struct address address;
        int64_t instant;
        int r;

        switch (field->kind) {
        case MODEL_INSTANT:
                r = time_parse_rfc3339(text, &instant, NULL, &error);
                if (r == 0 && !slice_is(text, time_format_utc(instant, again)))
                        r = error_set(&error, -EINVAL,
                                "an instant is written with milliseconds and Z, as in %s", again);
                if (r == 0)
                        r = model_set_number(field, object, instant, &error);
                break;
        case MODEL_CHOICE:
                r = model_set_word(field, object, text, &error);
                break;
        case MODEL_DIGEST:
                r = digest_parse(text, model_at(field, object));
                if (r < 0)
                        error_set(
                                &error, r, "%s: no SHA-256 in 64 lower-case hexadecimal digits", field->name);
                break;
        case MODEL_ADDRESS:
                r = address_parse(text, &address, &error);
                if (r == 0 && !slice_is(text, address_format(&address, again)))
                        r = error_set(
                                &error, -EINVAL, "%s: the address is written as %s", field->name, again);
                if (r == 0)
                        memcpy(model_at(field, object), &address, sizeof address);
                break;
        default:
                r = model_set_text(field, object, text, &error);
        }
        return r < 0 && r != -ENOMEM ? wrong(place, findings, &error) : r;
}

/* Words of a set stand in the order of their list, each once: one set has one writing. */
static int read_set(const json_t *json, const struct tree_place *place, const struct model_field *field,
        void *object, struct findings *findings)
{
        struct error error = {0};
        int last = 0;

        for (size_t i = 0; i < json_array_size(json); i++) {
                struct tree_place at = {.above = place, .index = i};
                const char *name = json_string_value(json_array_get(json, i));
                if (!name)
                        return tree_wrong_kind(&at, findings, "a string");
                int r = model_set_word(field, object, slice_of(name), &error);
                if (r < 0)
                        return wrong(&at, findings, &error);
                int rank = tree_rank(field->words, name);
                if (rank <= last && i > 0) {
                        error_set(&error, -EINVAL,
                                "%s: the words of a set are written once, in the order of the list",
                                field->name);
                        return wrong(&at, findings, &error);
                }
                last = rank;
        }
        return 0;
}

static int read_list(const json_t *json, const struct tree_place *place, const struct model_field *field,
        void *object, struct findings *findings)
{
        struct error error = {0};

        for (size_t i = 0; i < json_array_size(json); i++) {
                struct tree_place at = {.above = place, .index = i};
                const json_t *value = json_array_get(json, i);
                void *item = NULL;
                int r;
                if (field->kind == MODEL_TEXTS && !json_is_string(value))
                        return tree_wrong_kind(&at, findings, "a string");
                if (field->kind == MODEL_TEXTS)
                        r = model_texts_add(field, object,
                                slice_make(json_string_value(value), json_string_length(value)), &error);
                else
                        r = model_list_add(field, object, &item, &error);
                if (r < 0 && r != -ENOMEM)
                        return wrong(&at, findings, &error);
                if (r == 0 && item)
                        r = read_object(value, &at, field->part, item, findings);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_field(const json_t *json, const struct tree_place *place, const struct model_field *field,
        void *object, struct findings *findings)
{
        struct error error = {0};

        switch (field->kind) {
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                if (!json_is_integer(json))
                        return tree_wrong_kind(place, findings, "a whole number");
                return model_set_number(field, object, json_integer_value(json), &error) < 0
                               ? wrong(place, findings, &error)
                               : 0;
        case MODEL_PART:
                return read_object(json, place, field->part, model_at(field, object), findings);
        case MODEL_SET:
        case MODEL_LIST:
        case MODEL_TEXTS:
                if (!json_is_array(json))
                        return tree_wrong_kind(place, findings, "an array");
                return field->kind == MODEL_SET ? read_set(json, place, field, object, findings)
                                                : read_list(json, place, field, object, findings);
        default:
                if (!json_is_string(json))
                        return tree_wrong_kind(place, findings, "a string");
                return read_string(json, place, field, object, findings);
        }
}

/* Goes on after a field that is refused, so that all of them are named at once. */
static int read_object(const json_t *json, const struct tree_place *place, const struct model_type *type,
        void *object, struct findings *findings)
{
        const char *name;
        json_t *value;
        int result = 0;

        if (!json_is_object(json))
                return tree_wrong_kind(place, findings, "an object");
        json_object_foreach((json_t *)json, name, value)
        {
                struct tree_place at = {.above = place, .member = name};
                const struct model_field *field = model_field_find(type, slice_of(name));
                char path[FINDING_PLACE_MAX];
                int r = field ? read_field(value, &at, field, object, findings)
                              : findings_refuse(findings, "unknown-member", tree_path(&at, path),
                                        "a %s has no such field", type->name);
                /* Nothing is not written: "" or [] in the place of what is not given would be a second
                 * writing. */
                if (r == 0 && !model_is_given(field, object))
                        r = findings_refuse(findings, "wrong-value", tree_path(&at, path),
                                "what is not given is left out");
                if (r == -ENOMEM)
                        return r;
                result = r < 0 ? r : result;
        }
        return result;
}

/* The kind first, because it says what the rest is. */
static int read_kind(const json_t *root, struct message *message, struct findings *findings)
{
        const char *format = json_string_value(json_object_get(root, "format"));
        const char *kind = json_string_value(json_object_get(json_object_get(root, "head"), "kind"));
        const char *name;
        json_t *value;

        if (!format)
                return findings_refuse(
                        findings, "missing", "format", "the certificate does not say its format");
        if (strcmp(format, FORMAT) != 0)
                return findings_refuse(findings, "outside-profile", "format",
                        "the certificate's format is \"%.64s\"; it must be %s", format, FORMAT);
        json_object_foreach(
                (json_t *)root, name, value) if (strcmp(name, "format") != 0 && strcmp(name, "head") != 0 &&
                                                 strcmp(name, "body") != 0) return findings_refuse(findings,
                "unknown-member", name, "a certificate has format, head and body");
        int found = kind ? word_find(&message_kind_words, slice_of(kind)) : 0;
        if (found == 0)
                return findings_refuse(findings, kind ? "wrong-value" : "missing", "head.kind", "%s",
                        kind ? "no kind of message"
                             : "the certificate does not say which kind of message it is");
        message_init(message, (enum message_kind)found);
        return 0;
}

static int read_certificate(const json_t *root, struct message *message, struct findings *findings)
{
        struct tree_place head = {.member = "head"}, body = {.member = "body"};

        int r = read_kind(root, message, findings);
        if (r < 0)
                return r;
        enum message_kind kind = message->kind;
        r = read_object(json_object_get(root, "head"), &head, &message_head_type, message, findings);
        /* The body is a union: its reading must follow the kind that it was made for. */
        if (message->kind != kind)
                return r < 0 ? r : -EBADMSG;
        if (!json_object_get(root, "body"))
                return findings_refuse(findings, "missing", "body", "the certificate has no body");
        int second = read_object(json_object_get(root, "body"), &body, message_body_type(kind),
                message_body(message), findings);
        if (r == 0 && second == 0)
                return tree_check_kind(message, findings);
        return r < 0 && second != -ENOMEM ? r : second;
}

/* What the forms ask for and bar. */
static void add_gaps(const struct message *message, struct findings *findings)
{
        static const size_t room = 64;
        struct form_gap *gaps = calloc(room, sizeof *gaps);
        size_t count = gaps ? form_gaps(message, gaps, room) : 0;

        for (size_t i = 0; i < count && i < room; i++)
                findings_add(findings, FINDING_REMARK, gaps[i].barred ? "form-barred" : "form-missing",
                        gaps[i].path, "%s: %s", gaps[i].field->label,
                        gaps[i].barred ? "is given but must not be"
                                       : "the form asks for it, and it is not given");
        if (count > room)
                findings_add(
                        findings, FINDING_REMARK, "form-missing", "", "and %zu fields more", count - room);
        free(gaps);
}

int hi1_certificate_read(struct slice text, struct message *message, struct findings *findings)
{
        static const struct json_limits limits = {HI1_CERTIFICATE_BYTES_MAX, HI1_DEPTH_MAX, HI1_VALUES_MAX};
        struct error error = {0};
        json_error_t reason;

        message_free(message);
        if (json_shape_check(text, "the certificate", &limits, &error) < 0)
                return findings_refuse(findings, "too-large", "certificate", "%s", error.text);
        json_t *root = json_loadb(text.text ? text.text : "", text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!root)
                return findings_refuse(findings, "not-json", "certificate",
                        "the certificate is no JSON, or names a member twice: line %d: %s", reason.line,
                        reason.text);
        int r = read_certificate(root, message, findings);
        json_decref(root);
        if (r < 0)
                message_free(message);
        else
                add_gaps(message, findings);
        return r;
}
