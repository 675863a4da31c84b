/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buffer.h"
#include "order/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of the well-formed UTF-8 character at the beginning (RFC 3629 section 4), 0 where there is none. */
static size_t character_length(const unsigned char *at, size_t left)
{
        unsigned char least = 0x80, most = 0xbf;
        size_t length;

        if (at[0] < 0x80)
                return 1;
        if (at[0] >= 0xc2 && at[0] <= 0xdf) {
                length = 2;
        } else if (at[0] >= 0xe0 && at[0] <= 0xef) {
                length = 3;
                least = at[0] == 0xe0 ? 0xa0 : least; /* no longer writing than needed */
                most = at[0] == 0xed ? 0x9f : most;   /* no surrogates */
        } else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
                length = 4;
                least = at[0] == 0xf0 ? 0x90 : least;
                most = at[0] == 0xf4 ? 0x8f : most; /* nothing above U+10FFFF */
        } else {
                return 0;
        }
        if (left < length || at[1] < least || at[1] > most)
                return 0;
        for (size_t i = 2; i < length; i++)
                if (at[i] < 0x80 || at[i] > 0xbf)
                        return 0;
        return length;
}

/* What would let a text look like another one on a screen: control characters, and the marks that turn the
 * direction of writing (Unicode Technical Report 36, section 2.5). */
static bool is_deceptive(const unsigned char *at, size_t length)
{
        if (length == 1)
                return (at[0] < 0x20 && at[0] != '\n' && at[0] != '\t') || at[0] == 0x7f;
        if (length == 2)
                return at[0] == 0xc2 && at[1] < 0xa0; /* C1 controls */
        if (length == 3 && at[0] == 0xe2)
                return (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
                       (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
        return false;
}

bool model_is_plain_text(struct slice text)
{
        const unsigned char *at = (const unsigned char *)text.text;

        for (size_t i = 0; i < text.length;) {
                size_t length = character_length(at + i, text.length - i);
                if (length == 0 || is_deceptive(at + i, length))
                        return false;
                i += length;
        }
        return true;
}

bool model_is_id(struct slice text)
{
        if (text.length != MODEL_ID_MAX - 1)
                return false;
        for (size_t i = 0; i < text.length; i++) {
                char c = text.text[i];
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;
                if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
                        return false;
        }
        /* RFC 9562 sections 4.1 and 4.2: the variant, and version 4 */
        return text.text[14] == '4' && strchr("89ab", text.text[19]) != NULL;
}

bool model_is_country(struct slice text)
{
        return text.length == 2 && text.text[0] >= 'A' && text.text[0] <= 'Z' && text.text[1] >= 'A' &&
               text.text[1] <= 'Z';
}

bool model_is_organisation(struct slice text)
{
        if (text.length == 0 || text.length >= MODEL_ORGANISATION_MAX || text.text[0] == '-' ||
                text.text[text.length - 1] == '-')
                return false;
        for (size_t i = 0; i < text.length; i++) {
                char c = text.text[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                        return false;
        }
        return true;
}

bool model_is_person(struct slice text)
{
        struct slice rest = text;
        struct slice login = slice_cut(&rest, '@');

        if (login.length == 0 || text.length >= MODEL_PERSON_MAX || !model_is_organisation(rest))
                return false;
        for (size_t i = 0; i < login.length; i++) {
                char c = login.text[i];
                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                            (i > 0 && (c == '-' || c == '.' || c == '_'))))
                        return false;
        }
        return true;
}

int model_text(char **text, struct slice value, size_t limit, const char *what, struct error *error)
{
        char *copy = NULL;

        if (value.length > limit)
                return error_set(error, -EINVAL,
                        "%s: %zu bytes, more than the %zu that are allowed; shorten it", what, value.length,
                        limit);
        if (!model_is_plain_text(value))
                return error_set(error, -EINVAL,
                        "%s: not UTF-8, or with control characters or marks that turn the direction of "
                        "writing; "
                        "remove them",
                        what);
        if (value.length) {
                copy = malloc(value.length + 1);
                if (!copy)
                        return error_set(error, -ENOMEM, "%s: no memory left", what);
                memcpy(copy, value.text, value.length);
                copy[value.length] = '\0';
        }
        free(*text);
        *text = copy;
        return 0;
}

/* A short text of a given form, in an array of the struct. */
static int set_short(const struct model_field *field, char *at, size_t room, bool (*is_form)(struct slice),
        const char *form, struct slice text, struct error *error)
{
        if (text.length && !is_form(text))
                return error_set(error, -EINVAL, "%s: \"%.*s\" is no %s", field->name,
                        (int)(text.length < 64 ? text.length : 64), text.text, form);
        memset(at, 0, room);
        if (text.length)
                memcpy(at, text.text, text.length);
        return 0;
}

int model_set_text(const struct model_field *field, void *object, struct slice text, struct error *error)
{
        void *at = model_at(field, object);

        switch (field->kind) {
        case MODEL_TEXT: {
                char *held;
                memcpy(&held, at, sizeof held);
                int r = model_text(&held, text, field->limit, field->name, error);
                memcpy(at, &held, sizeof held);
                return r;
        }
        case MODEL_ID:
                return set_short(field, at, MODEL_ID_MAX, model_is_id,
                        "UUID of version 4 in lower case (f81d4fae-7dec-41d0-a765-00a0c91e6bf6)", text,
                        error);
        case MODEL_COUNTRY:
                return set_short(field, at, MODEL_COUNTRY_MAX, model_is_country,
                        "country code of two upper-case letters (AT)", text, error);
        case MODEL_ORGANISATION:
                return set_short(field, at, MODEL_ORGANISATION_MAX, model_is_organisation,
                        "short name of an organisation: letters a-z, digits and hyphens, at most 63", text,
                        error);
        case MODEL_PERSON:
                return set_short(field, at, MODEL_PERSON_MAX, model_is_person,
                        "person: login@organisation in lower case", text, error);
        default:
                return error_set(error, -EINVAL, "%s: takes no text", field->name);
        }
}

int model_set_number(const struct model_field *field, void *object, int64_t number, struct error *error)
{
        int64_t least = 0, most = field->limit;

        if (field->kind == MODEL_INSTANT) {
                least = TIME_FIRST;
                most = TIME_LIMIT - 1;
        } else if (field->kind == MODEL_SIGNED) {
                least = -most;
        } else if (field->kind != MODEL_NUMBER) {
                return error_set(error, -EINVAL, "%s: takes no number", field->name);
        }
        if (number != MODEL_UNSTATED && (number < least || number > most))
                return error_set(error, -ERANGE, "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64,
                        field->name, number, least, most);
        memcpy(model_at(field, object), &number, sizeof number);
        return 0;
}

static int unknown_word(const struct model_field *field, struct slice name, struct error *error)
{
        struct buffer list = buffer_make(4096);

        for (size_t i = 0; i < field->words->count; i++)
                buffer_printf(&list, "%s%s", i ? ", " : "", field->words->words[i].name);
        buffer_append_u8(&list, '\0');
        int r = error_set(error, -EINVAL, "%s: \"%.*s\" is none of: %s", field->name,
                (int)(name.length < 40 ? name.length : 40), name.text,
                list.failed ? "" : (const char *)list.bytes);
        buffer_free(&list);
        return r;
}

int model_set_word(const struct model_field *field, void *object, struct slice name, struct error *error)
{
        if (field->kind != MODEL_CHOICE && field->kind != MODEL_SET)
                return error_set(error, -EINVAL, "%s: takes no word of a list", field->name);
        int value = word_find(field->words, name);
        if (value == 0)
                return unknown_word(field, name, error);
        if (field->kind == MODEL_CHOICE) {
                memcpy(model_at(field, object), &value, sizeof value);
                return 0;
        }
        uint64_t set;
        memcpy(&set, model_at(field, object), sizeof set);
        set |= WORD_BIT(value);
        memcpy(model_at(field, object), &set, sizeof set);
        return 0;
}

struct walk {
        model_visit *visit;
        void *context;
        char path[MODEL_PATH_MAX];
};

static int walk_type(struct walk *walk, const struct model_type *type, const void *object, size_t end,
        bool within, unsigned depth);

static int walk_items(
        struct walk *walk, const struct model_field *field, const void *object, size_t end, unsigned depth)
{
        size_t count = model_list_count(field, object);

        for (size_t i = 0; i < count; i++) {
                int written = snprintf(walk->path + end, sizeof walk->path - end, "[%zu].", i);
                int r = walk_type(walk, field->part, model_list_at_const(field, object, i),
                        end + (size_t)written, true, depth + 1);
                if (r)
                        return r;
        }
        return 0;
}

static int walk_type(struct walk *walk, const struct model_type *type, const void *object, size_t end,
        bool within, unsigned depth)
{
        if (depth > MODEL_DEPTH_MAX)
                return -ELOOP;
        for (size_t i = 0; i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                int written = snprintf(walk->path + end, sizeof walk->path - end, "%s", field->name);
                size_t here = end + (size_t)written;

                if (here + 8 >= sizeof walk->path) /* our own tables are not that deep */
                        return -ENAMETOOLONG;
                int r = walk->visit(walk->context, walk->path, field, object, within);
                if (r)
                        return r;
                if (field->kind == MODEL_PART) {
                        walk->path[here] = '.';
                        r = walk_type(walk, field->part, model_at_const(field, object), here + 1,
                                within && model_is_given(field, object), depth + 1);
                } else if (field->kind == MODEL_LIST) {
                        r = walk_items(walk, field, object, here, depth);
                }
                if (r)
                        return r;
        }
        return 0;
}

int model_walk(const struct model_type *type, const void *object, const char *prefix, model_visit *visit,
        void *context)
{
        struct walk walk = {.visit = visit, .context = context};
        size_t end = strlen(prefix);

        if (end >= MODEL_PATH_MAX / 2)
                return -ENAMETOOLONG;
        memcpy(walk.path, prefix, end);
        return walk_type(&walk, type, object, end, true, 0);
}
