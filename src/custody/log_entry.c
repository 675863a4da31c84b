/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/log_entry.h"

#include "crypto/digest.h"
#include "custody/jcs.h"

#include <stdio.h>
#include <string.h>

#define FORMAT 1
#define UUID_LENGTH 36

static const struct json_limits limits = {.bytes = LOG_ENTRY_MAX, .depth = 8, .values = 4000};

/* ---- one field ---- */

static bool is_said(const char *text)
{
        return text && strlen(text) <= LOG_ENTRY_TEXT_MAX && slice_trim(slice_of(text)).length > 0;
}

static bool is_name(const char *text, const char *words)
{
        char marked[80];

        if (!text || !text[0] || strlen(text) + 3 > sizeof marked ||
                strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text))
                return false;
        if (!words)
                return true;
        snprintf(marked, sizeof marked, "|%s|", text);
        return strstr(words, marked) != NULL;
}

static bool is_id(const char *text)
{
        if (!text || strlen(text) != UUID_LENGTH)
                return false;
        for (unsigned i = 0; i < UUID_LENGTH; i++) {
                bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
                if (hyphen ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
                        return false;
        }
        return true;
}

static bool is_hash(const char *text)
{
        uint8_t hash[DIGEST_BYTES];
        return text && digest_parse(slice_of(text), hash) == 0;
}

/* In the one writing that time_format_utc makes. */
static bool is_instant(const char *text, int64_t *ret_instant)
{
        char again[TIME_TEXT_MAX];
        int64_t instant;

        if (!text || time_parse_rfc3339(slice_of(text), &instant, NULL, NULL) < 0 || instant < TIME_FIRST ||
                instant >= TIME_LIMIT || strcmp(time_format_utc(instant, again), text) != 0)
                return false;
        if (ret_instant)
                *ret_instant = instant;
        return true;
}

static bool is_list(const json_t *value, const char *words, bool names)
{
        size_t count = json_array_size(value);

        if (!json_is_array(value) || (names && count == 0))
                return false;
        for (size_t i = 0; i < count; i++) {
                const char *text = json_string_value(json_array_get(value, i));
                if (names ? !is_name(text, words) : !is_said(text))
                        return false;
                for (size_t k = 0; names && k < i; k++)
                        if (json_equal(json_array_get(value, k), json_array_get(value, i)))
                                return false;
        }
        return true;
}

static bool field_fits(const struct entry_field *field, const json_t *value)
{
        const char *text = json_string_value(value);

        switch (field->type) {
        case FIELD_TEXT:
                return is_said(text);
        case FIELD_TEXTS:
                return is_list(value, NULL, false);
        case FIELD_NAME:
                return is_name(text, field->words);
        case FIELD_NAMES:
                return is_list(value, field->words, true);
        case FIELD_ID:
                return is_id(text);
        case FIELD_HASH:
                return is_hash(text);
        case FIELD_INSTANT:
                return is_instant(text, NULL);
        case FIELD_COUNT:
                return json_is_integer(value) && json_integer_value(value) >= 0;
        case FIELD_FLAG:
                return json_is_boolean(value);
        case FIELD_DETAIL:
                return json_is_object(value);
        }
        return false;
}

static const char *type_words(enum entry_field_type type)
{
        static const char *const words[] = {
                [FIELD_TEXT] = "text that says something",
                [FIELD_TEXTS] = "a list of texts",
                [FIELD_NAME] = "a known word in lower case with hyphens",
                [FIELD_NAMES] = "a list of known different words in lower case with hyphens",
                [FIELD_ID] = "a UUID in lower case",
                [FIELD_HASH] = "64 hexadecimal digits of a SHA-256",
                [FIELD_INSTANT] = "an instant like 2026-11-20T23:35:52.123Z",
                [FIELD_COUNT] = "a whole number from 0",
                [FIELD_FLAG] = "true or false",
                [FIELD_DETAIL] = "an object",
        };
        return words[type];
}

static const struct entry_field *find_field(const struct entry_kind *kind, const char *name)
{
        for (size_t i = 0; i < kind->count; i++)
                if (strcmp(kind->fields[i].name, name) == 0)
                        return &kind->fields[i];
        return NULL;
}

static int check_fields(const struct entry_kind *kind, const json_t *fields, struct error *error)
{
        if (!json_is_object(fields))
                return error_set(error, -EINVAL, "the fields of an entry must be a JSON object");
        for (void *member = json_object_iter((json_t *)fields); member;
                member = json_object_iter_next((json_t *)fields, member)) {
                const char *name = json_object_iter_key(member);
                const struct entry_field *field = find_field(kind, name);
                if (!field)
                        return error_set(error, -EINVAL,
                                "an entry \"%s\" has no field \"%.60s\"; what else there is to say belongs "
                                "into "
                                "\"detail\"",
                                kind->name, name);
                if (!field_fits(field, json_object_iter_value(member)))
                        return error_set(error, -EINVAL, "the field \"%s\" of an entry \"%s\" must be %s",
                                name, kind->name, type_words(field->type));
        }
        for (size_t i = 0; i < kind->count; i++)
                if (kind->fields[i].required && !json_object_get(fields, kind->fields[i].name))
                        return error_set(error, -EINVAL, "an entry \"%s\" needs the field \"%s\"", kind->name,
                                kind->fields[i].name);
        return 0;
}

/* ---- the whole content ---- */

int log_entry_write(const char *kind_name, int64_t at_ms, const char *by, const json_t *fields,
        struct buffer *ret, struct error *error)
{
        const struct entry_kind *kind = entry_kind_find(kind_name);
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        char at[TIME_TEXT_MAX];

        if (!kind)
                return error_set(error, -EINVAL, "there is no kind of entry \"%s\"", kind_name);
        if (at_ms < TIME_FIRST || at_ms >= TIME_LIMIT)
                return error_set(error, -EINVAL, "the time of an entry is outside the years 1970 to 2261");
        if (!is_said(by))
                return error_set(error, -EINVAL, "an entry needs to say whose act it was");
        int r = check_fields(kind, fields, error);
        if (r < 0)
                return r;
        json_t *whole = json_pack("{s:i, s:s, s:s, s:s, s:O}", "format", FORMAT, "kind", kind->name, "at",
                time_format_utc(at_ms, at), "by", by, "fields", (json_t *)fields);
        if (!whole)
                return error_set(error, -EINVAL, "whose act an entry was must be told in UTF-8");
        r = jcs_write(whole, &content, error);
        if (r == 0)
                r = json_shape_check(slice_make((char *)content.bytes, content.length), "an entry of the log",
                        &limits, error);
        if (r == 0 && (r = buffer_append(ret, content.bytes, content.length)) < 0)
                error_set(error, r, "not enough memory");
        json_decref(whole);
        buffer_free(&content);
        return r;
}

static int take_parts(json_t *content, struct log_entry *entry, struct error *error)
{
        const char *at = json_string_value(json_object_get(content, "at"));

        entry->content = content;
        entry->kind_name = json_string_value(json_object_get(content, "kind"));
        entry->by = json_string_value(json_object_get(content, "by"));
        entry->fields = json_object_get(content, "fields");
        if (json_object_size(content) != 5 ||
                json_integer_value(json_object_get(content, "format")) != FORMAT ||
                !is_name(entry->kind_name, NULL) || !is_said(entry->by) || !is_instant(at, &entry->at_ms) ||
                !json_is_object(entry->fields))
                return error_set(error, -EBADMSG, "is no content of an entry of the log");
        entry->kind = entry_kind_find(entry->kind_name);
        if (entry->kind && check_fields(entry->kind, entry->fields, error) < 0)
                return error ? error->code = -EBADMSG : -EBADMSG;
        return 0;
}

int log_entry_read(struct slice content, struct log_entry *ret_entry, struct error *error)
{
        struct log_entry entry = {.kind = NULL};
        json_t *value;

        int r = jcs_read(content, "the content of an entry", &limits, &value, error);
        if (r < 0)
                return r;
        r = take_parts(value, &entry, error);
        if (r < 0)
                json_decref(value);
        else
                *ret_entry = entry;
        return r;
}

void log_entry_free(struct log_entry *entry)
{
        json_decref(entry->content);
        *entry = (struct log_entry){.kind = NULL};
}
