/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/key.h"

#include "base/time.h"
#include "settings/node_value.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 60         /* bytes of a bad value that a message repeats */
#define NEAR_ENOUGH 3        /* changes of a letter that a misspelling may need */
#define COMPARED_NAME_MAX 32 /* no key is longer */

static int shown(struct slice value)
{
        return (int)(value.length > SHOWN_MAX ? SHOWN_MAX : value.length);
}

bool settings_name_is_valid(const char *name)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";
        size_t length = strlen(name);

        /* Names become folders: one that begins with a dot would be hidden, or be the folder above. */
        return length > 0 && length < SETTINGS_NAME_MAX && name[0] != '.' && name[0] != '-' &&
               strspn(name, allowed) == length;
}

const struct key *key_find(const struct key_table *table, struct slice name)
{
        for (size_t i = 0; i < table->count; i++)
                if (slice_is(name, table->keys[i].name))
                        return &table->keys[i];
        return NULL;
}

/* Levenshtein's distance, over one row. */
static unsigned distance(struct slice a, const char *b)
{
        unsigned row[COMPARED_NAME_MAX + 1];
        size_t length = strlen(b);

        if (a.length > COMPARED_NAME_MAX || length > COMPARED_NAME_MAX)
                return COMPARED_NAME_MAX;
        for (size_t j = 0; j <= length; j++)
                row[j] = (unsigned)j;
        for (size_t i = 1; i <= a.length; i++) {
                unsigned diagonal = row[0];
                row[0] = (unsigned)i;
                for (size_t j = 1; j <= length; j++) {
                        unsigned above = row[j];
                        unsigned best = diagonal + (a.text[i - 1] != b[j - 1]);
                        if (above + 1 < best)
                                best = above + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                        diagonal = above;
                }
        }
        return row[length];
}

const struct key *key_nearest(const struct key_table *table, struct slice name)
{
        const struct key *nearest = NULL;
        unsigned least = NEAR_ENOUGH + 1;

        for (size_t i = 0; i < table->count; i++) {
                unsigned changes = distance(name, table->keys[i].name);
                if (changes < least && changes < name.length) {
                        least = changes;
                        nearest = &table->keys[i];
                }
        }
        return nearest;
}

/* Reading */

static int copy_text(struct slice value, char *field, size_t size, struct error *problem)
{
        if (value.length >= size)
                return error_set(problem, -EINVAL, "\"%.*s...\" is longer than %zu characters", shown(value),
                        value.text, size - 1);
        if (memchr(value.text, '\0', value.length))
                return error_set(problem, -EINVAL, "the value holds a zero byte");
        memset(field, 0, size);
        memcpy(field, value.text, value.length);
        return 0;
}

static int read_name(struct slice value, char *field, struct error *problem)
{
        char name[SETTINGS_NAME_MAX] = "";

        int r = copy_text(value, name, sizeof name, problem);
        if (r == 0 && !settings_name_is_valid(name))
                r = error_set(problem, -EINVAL,
                        "\"%s\" is not a name; use letters, digits and . - _ : and begin with a letter or "
                        "digit",
                        name);
        if (r == 0)
                memcpy(field, name, sizeof name);
        return r;
}

static int read_looked_up(const struct key *key, struct slice value, const struct settings_checks *checks,
        char *field, struct error *problem)
{
        bool zone = key->kind == KEY_ZONE;
        bool (*known)(void *, const char *) =
                !checks ? NULL : (zone ? checks->zone_is_known : checks->dialect_is_known);
        char name[64] = "";

        int r = copy_text(value, name, sizeof name, problem);
        if (r == 0 && known && !known(checks->context, name))
                r = error_set(problem, -EINVAL,
                        zone ? "\"%s\" is not a time zone of this system; write its name in the IANA "
                               "database, "
                               "like Europe/Berlin, or UTC"
                             : "\"%s\" is not a known dialect; 'rogatory dialects' lists them",
                        name);
        if (r == 0)
                memcpy(field, name, sizeof name);
        return r;
}

static int read_choice(const struct key *key, struct slice value, int *ret_choice, struct error *problem)
{
        struct buffer words = buffer_make(256);

        for (const struct key_choice *choice = key->choices; choice->word; choice++) {
                if (slice_is(value, choice->word)) {
                        *ret_choice = choice->value;
                        buffer_free(&words);
                        return 0;
                }
                buffer_printf(&words, "%s%s", words.length ? ", " : "", choice->word);
        }
        int r = error_set(problem, -EINVAL, "\"%.*s\" is not one of: %.*s", shown(value), value.text,
                (int)words.length, words.bytes ? (char *)words.bytes : "");
        buffer_free(&words);
        return r;
}

static int read_duration(const struct key *key, struct slice value, int64_t *field, struct error *problem)
{
        char least[TIME_TEXT_MAX], most[TIME_TEXT_MAX];
        int64_t duration;

        int r = time_parse_duration(value, &duration, problem);
        if (r < 0)
                return -EINVAL;
        if (duration < key->least || duration > key->most)
                return error_set(problem, -EINVAL, "\"%.*s\" is outside %s to %s", shown(value), value.text,
                        time_format_duration(key->least, least), time_format_duration(key->most, most));
        *field = duration;
        return 0;
}

static int read_prefixes(struct slice value, struct prefix_list *field, struct error *problem)
{
        struct prefix_list list = {.items = NULL, .count = 0};
        int r = 0;

        while (r == 0 && value.length) {
                struct slice piece = slice_trim(slice_cut(&value, ','));
                if (list.count == SETTINGS_PREFIXES_MAX) {
                        r = error_set(problem, -EINVAL, "more than %d prefixes", SETTINGS_PREFIXES_MAX);
                        break;
                }
                struct prefix *grown = realloc(list.items, (list.count + 1) * sizeof *grown);
                if (!grown) {
                        r = -ENOMEM;
                        break;
                }
                list.items = grown;
                r = prefix_parse(piece, &list.items[list.count], problem);
                list.count += r == 0;
        }
        if (r < 0) {
                free(list.items);
                return r == -ENOMEM ? r : -EINVAL;
        }
        free(field->items);
        *field = list;
        return 0;
}

static const char *const retain_kinds[RETAIN_KIND_COUNT] = {
        [RETAIN_BINDINGS] = "bindings", [RETAIN_DESTINATIONS] = "destinations", [RETAIN_LEASES] = "leases"};

const char *retain_kind_name(enum retain_kind kind)
{
        return kind < RETAIN_KIND_COUNT ? retain_kinds[kind] : "-";
}

static int read_retain(const struct key *key, struct slice value, int64_t *field, struct error *problem)
{
        if (!slice_is(value, "unlimited"))
                return read_duration(key, value, field, problem);
        *field = 0;
        return 0;
}

/* "198.51.100.0/26 bindings 365d" */
static int read_range(
        const struct key *key, struct slice piece, struct retain_range *ret_range, struct error *problem)
{
        struct slice prefix = slice_word(&piece), kind = slice_word(&piece), time = slice_word(&piece);
        struct retain_range range = {.kind = RETAIN_BINDINGS};

        if (time.length == 0 || slice_trim(piece).length > 0)
                return error_set(problem, -EINVAL,
                        "each range is a prefix, what is kept, and how long, as in "
                        "198.51.100.0/26 bindings 365d");
        while (range.kind < RETAIN_KIND_COUNT && !slice_is(kind, retain_kinds[range.kind]))
                range.kind++;
        if (range.kind == RETAIN_KIND_COUNT)
                return error_set(problem, -EINVAL, "\"%.*s\" is not one of: bindings, destinations, leases",
                        shown(kind), kind.text);
        int r = prefix_parse(prefix, &range.prefix, problem);
        if (r == 0)
                r = read_retain(key, time, &range.retain_ms, problem);
        if (r == 0)
                *ret_range = range;
        return r;
}

static int read_ranges(
        const struct key *key, struct slice value, struct retain_range_list *field, struct error *problem)
{
        struct retain_range_list list = {.items = NULL, .count = 0};
        int r = 0;

        while (r == 0 && value.length) {
                struct slice piece = slice_trim(slice_cut(&value, ','));
                if (list.count == SETTINGS_PREFIXES_MAX) {
                        r = error_set(problem, -EINVAL, "more than %d ranges", SETTINGS_PREFIXES_MAX);
                        break;
                }
                struct retain_range *grown = realloc(list.items, (list.count + 1) * sizeof *grown);
                if (!grown) {
                        r = -ENOMEM;
                        break;
                }
                list.items = grown;
                r = read_range(key, piece, &list.items[list.count], problem);
                list.count += r == 0;
        }
        if (r < 0) {
                free(list.items);
                return r == -ENOMEM ? r : -EINVAL;
        }
        free(field->items);
        *field = list;
        return 0;
}

static int read_sources(struct slice value, const struct settings_checks *checks, struct key_sources *field,
        struct error *problem)
{
        struct key_sources sources;

        int r = key_sources_read(value, &sources, problem);
        if (r == 0 && sources.count && checks && checks->key_is_sound)
                r = checks->key_is_sound(checks->context, &sources, problem);
        if (r == 0)
                *field = sources;
        return r;
}

int key_read(const struct key *key, struct slice value, const struct settings_checks *checks, void *section,
        struct error *problem)
{
        char *field = (char *)section + key->offset;
        uint64_t year, port;
        int choice, r;

        if (value.length == 0)
                return error_set(problem, -EINVAL,
                        "\"%s\" has no value; remove the line to leave it at its default", key->name);
        switch (key->kind) {
        case KEY_NAME:
                return read_name(value, field, problem);
        case KEY_ZONE:
        case KEY_DIALECT:
                return read_looked_up(key, value, checks, field, problem);
        case KEY_CHOICE:
        case KEY_SWITCH:
                r = read_choice(key, value, &choice, problem);
                if (r == 0 && key->kind == KEY_CHOICE)
                        memcpy(field, &choice, sizeof choice);
                else if (r == 0)
                        *(bool *)field = choice != 0;
                return r;
        case KEY_RETAIN:
                return read_retain(key, value, (int64_t *)(void *)field, problem);
        case KEY_DURATION:
                return read_duration(key, value, (int64_t *)(void *)field, problem);
        case KEY_YEAR:
                if (slice_number(value, (uint64_t)key->most, &year) < 0 || year < (uint64_t)key->least)
                        return error_set(problem, -EINVAL, "\"%.*s\" is not a year from %d to %d",
                                shown(value), value.text, (int)key->least, (int)key->most);
                *(int *)(void *)field = (int)year;
                return 0;
        case KEY_PREFIXES:
                return read_prefixes(value, (struct prefix_list *)(void *)field, problem);
        case KEY_SOURCES:
                return read_sources(value, checks, (struct key_sources *)(void *)field, problem);
        case KEY_RANGES:
                return read_ranges(key, value, (struct retain_range_list *)(void *)field, problem);
        case KEY_TEXT:
                return value_read_text(key, value, field, problem);
        case KEY_PATH:
                return value_read_path(key, value, checks, field, problem);
        case KEY_HOST:
                return value_read_host(value, field, problem);
        case KEY_USER:
        case KEY_GROUP:
                return value_read_account(key, value, checks, field, problem);
        case KEY_SIZE:
                return value_read_size(key, value, (uint64_t *)(void *)field, problem);
        case KEY_COUNT:
                return value_read_count(key, value, (uint32_t *)(void *)field, problem);
        case KEY_PORT:
                if (slice_number(value, UINT16_MAX, &port) < 0 || port == 0)
                        return error_set(problem, -EINVAL, "\"%.*s\" is not a port from 1 to 65535",
                                shown(value), value.text);
                *(uint16_t *)(void *)field = (uint16_t)port;
                return 0;
        case KEY_ADDRESS:
                return value_read_address(value, (struct address *)(void *)field, problem);
        case KEY_ENDPOINT:
                return value_read_endpoint(value, (struct endpoint *)(void *)field, problem);
        case KEY_NAMES:
                return value_read_names(value, (struct name_list *)(void *)field, problem);
        }
        return error_set(problem, -EINVAL, "unknown kind of key");
}

/* Writing */

static int write_choice(const struct key *key, int value, struct buffer *buffer)
{
        for (const struct key_choice *choice = key->choices; choice->word; choice++)
                if (choice->value == value)
                        return buffer_append_text(buffer, choice->word);
        return buffer->failed ? buffer->failed : (buffer->failed = -EINVAL);
}

static int write_prefixes(const struct prefix_list *list, struct buffer *buffer)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < list->count; i++)
                buffer_printf(buffer, "%s%s", i ? ", " : "", prefix_format(&list->items[i], text));
        return buffer->failed;
}

static int write_retain(int64_t retain_ms, struct buffer *buffer)
{
        char text[TIME_TEXT_MAX];

        return buffer_append_text(buffer, retain_ms ? time_format_duration(retain_ms, text) : "unlimited");
}

static int write_ranges(const struct retain_range_list *list, struct buffer *buffer)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < list->count; i++) {
                buffer_printf(buffer, "%s%s %s ", i ? ", " : "", prefix_format(&list->items[i].prefix, text),
                        retain_kind_name(list->items[i].kind));
                write_retain(list->items[i].retain_ms, buffer);
        }
        return buffer->failed;
}

int key_write(const struct key *key, const void *section, struct buffer *buffer)
{
        const void *field = (const char *)section + key->offset;
        char text[TIME_TEXT_MAX];
        int choice;

        switch (key->kind) {
        case KEY_NAME:
        case KEY_ZONE:
        case KEY_DIALECT:
                return buffer_append_text(buffer, field);
        case KEY_CHOICE:
                memcpy(&choice, field, sizeof choice);
                /* What must be said has no word for "unsaid". */
                return key->example && choice == 0 ? buffer->failed : write_choice(key, choice, buffer);
        case KEY_SWITCH:
                return write_choice(key, *(const bool *)field, buffer);
        case KEY_RETAIN:
                return write_retain(*(const int64_t *)field, buffer);
        case KEY_DURATION:
                return buffer_append_text(buffer, time_format_duration(*(const int64_t *)field, text));
        case KEY_YEAR:
                return *(const int *)field ? buffer_printf(buffer, "%d", *(const int *)field)
                                           : buffer->failed;
        case KEY_PREFIXES:
                return write_prefixes(field, buffer);
        case KEY_SOURCES:
                return key_sources_write(field, buffer);
        case KEY_RANGES:
                return write_ranges(field, buffer);
        case KEY_TEXT:
        case KEY_PATH:
        case KEY_HOST:
        case KEY_USER:
        case KEY_GROUP:
                return buffer_append_text(buffer, field);
        case KEY_SIZE:
                return value_write_size(*(const uint64_t *)field, buffer);
        case KEY_COUNT:
                return buffer_printf(buffer, "%u", *(const uint32_t *)field);
        case KEY_PORT:
                return *(const uint16_t *)field ? buffer_printf(buffer, "%u", *(const uint16_t *)field)
                                                : buffer->failed;
        case KEY_ADDRESS:
                return value_write_address(field, buffer);
        case KEY_ENDPOINT:
                return value_write_endpoint(field, buffer);
        case KEY_NAMES:
                return value_write_names(field, buffer);
        }
        return buffer->failed;
}
