/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/settings.h"

#include "settings/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where each section and key stood, for messages about them. */
struct place {
        unsigned line;      /* of the heading; 0: the realm "default" that nobody wrote */
        uint32_t keys;      /* bit per row of the table: already given */
        unsigned lines[16]; /* per row */
};

struct parser {
        const struct settings_checks *checks;
        struct settings settings;
        struct place *realm_places, *exporter_places; /* in step with the settings' arrays; owned */
        struct settings_problem *problems;            /* owned */
        size_t problem_count;
        unsigned line;
        const struct key_table
                *table; /* of the open section; NULL before the first and after a bad heading */
        bool heading_was_bad;
        bool no_memory;
};

static void report(struct parser *parser, unsigned line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static void report(struct parser *parser, unsigned line, const char *format, ...)
{
        va_list arguments;

        if (parser->problem_count == SETTINGS_PROBLEMS_MAX)
                return;
        struct settings_problem *problem = &parser->problems[parser->problem_count++];
        problem->line = line;
        va_start(arguments, format);
        vsnprintf(problem->text, sizeof problem->text, format, arguments);
        va_end(arguments);
}

static int shown(struct slice text)
{
        return (int)(text.length > 60 ? 60 : text.length);
}

/* Sections */

static struct realm_settings *find_realm(const struct settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->realm_count; i++)
                if (strcmp(settings->realms[i].name, name) == 0)
                        return &settings->realms[i];
        return NULL;
}

static struct exporter_settings *find_exporter(const struct settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->exporter_count; i++)
                if (strcmp(settings->exporters[i].name, name) == 0)
                        return &settings->exporters[i];
        return NULL;
}

/* One more item in an array whose capacity is the power of two at or above its count. */
static bool grow(struct parser *parser, void **items, size_t count, size_t size)
{
        if (count == 0 || (count & (count - 1)) == 0) {
                void *grown = realloc(*items, (count ? 2 * count : 1) * size);
                if (!grown) {
                        parser->no_memory = true;
                        return false;
                }
                *items = grown;
        }
        return true;
}

static bool add_realm(struct parser *parser, const char *name, unsigned line)
{
        struct settings *settings = &parser->settings;
        size_t count = settings->realm_count;

        if (!grow(parser, (void **)&settings->realms, count, sizeof *settings->realms) ||
                !grow(parser, (void **)&parser->realm_places, count, sizeof *parser->realm_places))
                return false;
        settings->realms[count] = realm_defaults(name);
        parser->realm_places[count] = (struct place){.line = line};
        settings->realm_count++;
        return true;
}

static bool add_exporter(struct parser *parser, const char *name, unsigned line)
{
        struct settings *settings = &parser->settings;
        size_t count = settings->exporter_count;

        if (!grow(parser, (void **)&settings->exporters, count, sizeof *settings->exporters) ||
                !grow(parser, (void **)&parser->exporter_places, count, sizeof *parser->exporter_places))
                return false;
        settings->exporters[count] = exporter_defaults(name, "default");
        parser->exporter_places[count] = (struct place){.line = line};
        settings->exporter_count++;
        return true;
}

static void open_realm(struct parser *parser, const char *name)
{
        struct settings *settings = &parser->settings;
        struct realm_settings *known = find_realm(settings, name);

        if (known) {
                struct place *place = &parser->realm_places[known - settings->realms];
                if (place->line) {
                        report(parser, parser->line, "[realm %s] was already opened in line %u", name,
                                place->line);
                        return;
                }
                /* "default" exists from the start, but sections are written to at the end of the array: move
                 * it. */
                place->line = parser->line;
                struct realm_settings moved = *known;
                struct place moved_place = *place;
                size_t last = settings->realm_count - 1, at = (size_t)(known - settings->realms);
                settings->realms[at] = settings->realms[last];
                parser->realm_places[at] = parser->realm_places[last];
                settings->realms[last] = moved;
                parser->realm_places[last] = moved_place;
        } else if (settings->realm_count == SETTINGS_SECTIONS_MAX) {
                report(parser, parser->line, "more than %d realms", SETTINGS_SECTIONS_MAX);
                return;
        } else if (!add_realm(parser, name, parser->line)) {
                return;
        }
        parser->table = realm_keys();
}

static void open_exporter(struct parser *parser, const char *name)
{
        struct settings *settings = &parser->settings;
        struct exporter_settings *known = find_exporter(settings, name);

        if (known)
                report(parser, parser->line, "[exporter %s] was already opened in line %u", name,
                        parser->exporter_places[known - settings->exporters].line);
        else if (settings->exporter_count == SETTINGS_SECTIONS_MAX)
                report(parser, parser->line, "more than %d exporters", SETTINGS_SECTIONS_MAX);
        else if (add_exporter(parser, name, parser->line))
                parser->table = exporter_keys();
}

static void parse_heading(struct parser *parser, struct slice line)
{
        char name[SETTINGS_NAME_MAX] = "";

        parser->table = NULL;
        parser->heading_was_bad = true;
        if (line.text[line.length - 1] != ']') {
                report(parser, parser->line, "a section heading ends in \"]\"");
                return;
        }
        struct slice rest = slice_make(line.text + 1, line.length - 2);
        struct slice kind = slice_word(&rest), given = slice_trim(rest);
        if (!slice_is(kind, "realm") && !slice_is(kind, "exporter")) {
                report(parser, parser->line,
                        "unknown section \"%.*s\"; write [realm NAME] or [exporter NAME]", shown(kind),
                        kind.text);
                return;
        }
        if (given.length < sizeof name && !(given.length && memchr(given.text, '\0', given.length)))
                memcpy(name, given.text, given.length);
        if (!settings_name_is_valid(name)) {
                report(parser, parser->line,
                        "\"%.*s\" is not a name; use 1 to %d letters, digits and . - _ : and begin with a "
                        "letter or "
                        "digit",
                        shown(given), given.text, SETTINGS_NAME_MAX - 1);
                return;
        }
        if (slice_is(kind, "realm"))
                open_realm(parser, name);
        else
                open_exporter(parser, name);
        parser->heading_was_bad = parser->table == NULL;
}

/* Keys */

static void report_unknown_key(struct parser *parser, struct slice name)
{
        const struct key_table *table = parser->table;
        const struct key_table *other = table == realm_keys() ? exporter_keys() : realm_keys();
        const struct key *nearest = key_nearest(table, name);

        if (key_find(other, name))
                report(parser, parser->line, "\"%.*s\" belongs into an %s section, not into a %s section",
                        shown(name), name.text, other->section, table->section);
        else if (nearest)
                report(parser, parser->line, "unknown key \"%.*s\"; did you mean \"%s\"?", shown(name),
                        name.text, nearest->name);
        else
                report(parser, parser->line, "unknown key \"%.*s\" in a %s section", shown(name), name.text,
                        table->section);
}

static void parse_assignment(struct parser *parser, struct slice line)
{
        struct slice rest = line;
        struct slice name = slice_trim(slice_cut(&rest, '='));
        struct error problem = {.code = 0};

        if (name.length == 0 || !memchr(line.text, '=', line.length)) {
                report(parser, parser->line,
                        "\"%.*s\" is neither KEY = VALUE nor [SECTION NAME] nor # COMMENT", shown(line),
                        line.text);
                return;
        }
        if (!parser->table) {
                if (!parser->heading_was_bad)
                        report(parser, parser->line,
                                "\"%.*s\" stands before the first section; write [realm NAME] above it",
                                shown(name), name.text);
                return;
        }
        const struct key *key = key_find(parser->table, name);
        if (!key) {
                report_unknown_key(parser, name);
                return;
        }
        bool realm = parser->table == realm_keys();
        struct place *place = realm ? &parser->realm_places[parser->settings.realm_count - 1]
                                    : &parser->exporter_places[parser->settings.exporter_count - 1];
        void *section = realm ? (void *)&parser->settings.realms[parser->settings.realm_count - 1]
                              : (void *)&parser->settings.exporters[parser->settings.exporter_count - 1];
        size_t row = (size_t)(key - parser->table->keys);
        if (place->keys & 1u << row) {
                report(parser, parser->line, "\"%s\" was already given in line %u", key->name,
                        place->lines[row]);
                return;
        }
        place->keys |= 1u << row;
        place->lines[row] = parser->line;
        int r = key_read(key, slice_trim(rest), parser->checks, section, &problem);
        if (r == -ENOMEM)
                parser->no_memory = true;
        else if (r < 0)
                report(parser, parser->line, "%s: %s", key->name, problem.text);
}

static void parse_line(struct parser *parser, struct slice line)
{
        struct slice content = slice_trim(slice_cut(&line, '#'));

        if (content.length == 0)
                return;
        if (content.text[0] == '[')
                parse_heading(parser, content);
        else
                parse_assignment(parser, content);
}

/* What only shows once all sections are read. */

static unsigned line_of(const struct place *place, const struct key_table *table, const char *key)
{
        size_t row = (size_t)(key_find(table, slice_of(key)) - table->keys);
        return place->lines[row] ? place->lines[row] : place->line;
}

static bool list_holds(const struct prefix_list *list, const struct prefix *prefix)
{
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].length <= prefix->length &&
                        prefix_contains(&list->items[i], &prefix->address))
                        return true;
        return false;
}

static void check_outside(struct parser *parser, const struct exporter_settings *exporter,
        const struct realm_settings *realm, unsigned line)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; realm->outside.count && i < exporter->outside.count; i++)
                if (!list_holds(&realm->outside, &exporter->outside.items[i]))
                        report(parser, line, "outside: %s is not among the outside prefixes of realm %s",
                                prefix_format(&exporter->outside.items[i], text), realm->name);
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
        return a->length == b->length && address_compare(&a->address, &b->address) == 0;
}

/* Two exporters that send from the same prefix could not be told apart. */
static void check_senders(struct parser *parser, size_t index, unsigned line)
{
        const struct settings *settings = &parser->settings;
        const struct prefix_list *own = &settings->exporters[index].address;
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; own->count && i < index; i++) {
                const struct prefix_list *other = &settings->exporters[i].address;
                for (size_t j = 0; j < own->count; j++)
                        for (size_t k = 0; k < other->count; k++)
                                if (same_prefix(&own->items[j], &other->items[k]))
                                        report(parser, line, "address: %s is also that of exporter %s",
                                                prefix_format(&own->items[j], text),
                                                settings->exporters[i].name);
        }
}

static void check_whole(struct parser *parser)
{
        const struct settings *settings = &parser->settings;

        for (size_t i = 0; i < settings->exporter_count; i++) {
                const struct exporter_settings *exporter = &settings->exporters[i];
                const struct place *place = &parser->exporter_places[i];
                const struct realm_settings *realm = find_realm(settings, exporter->realm);

                if (!realm)
                        report(parser, line_of(place, exporter_keys(), "realm"),
                                "realm: there is no section [realm %s]", exporter->realm);
                else
                        check_outside(parser, exporter, realm, line_of(place, exporter_keys(), "outside"));
                check_senders(parser, i, line_of(place, exporter_keys(), "address"));
        }
}

static int compare_problems(const void *a, const void *b)
{
        const struct settings_problem *one = a, *other = b;
        return (one->line > other->line) - (one->line < other->line);
}

static void parse_text(struct parser *parser, const char *text, size_t length)
{
        struct slice rest = slice_make(text, length);

        if (length > SETTINGS_FILE_MAX) {
                report(parser, 1, "the file is longer than %d bytes", SETTINGS_FILE_MAX);
                return;
        }
        while (rest.length && !parser->no_memory) {
                parser->line++;
                parse_line(parser, slice_cut(&rest, '\n'));
        }
        check_whole(parser);
}

int settings_parse_checked(const char *text, size_t length, const struct settings_checks *checks,
        struct settings *ret_settings, struct settings_problem *problems, size_t most, size_t *ret_count)
{
        struct parser parser = {.checks = checks};
        int r = 0;

        parser.problems = calloc(SETTINGS_PROBLEMS_MAX, sizeof *parser.problems);
        if (!parser.problems || !add_realm(&parser, "default", 0))
                parser.no_memory = true;
        else
                parse_text(&parser, text, length);
        if (parser.no_memory)
                r = -ENOMEM;
        else if (parser.problem_count > 0)
                r = -EINVAL;
        if (r == -EINVAL) {
                size_t copied = parser.problem_count < most ? parser.problem_count : most;
                qsort(parser.problems, parser.problem_count, sizeof *parser.problems, compare_problems);
                if (copied)
                        memcpy(problems, parser.problems, copied * sizeof *problems);
        }
        if (r != -ENOMEM && ret_count)
                *ret_count = parser.problem_count;
        free(parser.problems);
        free(parser.realm_places);
        free(parser.exporter_places);
        if (r < 0)
                settings_free(&parser.settings);
        else
                *ret_settings = parser.settings;
        return r;
}

int settings_parse(const char *text, size_t length, struct settings *ret_settings,
        struct settings_problem *problems, size_t most, size_t *ret_count)
{
        return settings_parse_checked(text, length, NULL, ret_settings, problems, most, ret_count);
}

void settings_free(struct settings *settings)
{
        for (size_t i = 0; i < settings->realm_count; i++) {
                free(settings->realms[i].outside.items);
                free(settings->realms[i].retain_ranges.items);
        }
        for (size_t i = 0; i < settings->exporter_count; i++) {
                free(settings->exporters[i].outside.items);
                free(settings->exporters[i].address.items);
        }
        free(settings->realms);
        free(settings->exporters);
        *settings = (struct settings){.realms = NULL};
}

const struct realm_settings *settings_realm(const struct settings *settings, const char *name)
{
        return find_realm(settings, name);
}

const struct exporter_settings *settings_exporter(const struct settings *settings, const char *name)
{
        return find_exporter(settings, name);
}

const struct exporter_settings *settings_exporter_at(
        const struct settings *settings, const struct address *sender)
{
        const struct exporter_settings *best = NULL;
        int best_length = -1;

        for (size_t i = 0; i < settings->exporter_count; i++) {
                const struct prefix_list *list = &settings->exporters[i].address;
                for (size_t j = 0; j < list->count; j++) {
                        if (list->items[j].length > best_length && prefix_contains(&list->items[j], sender)) {
                                best = &settings->exporters[i];
                                best_length = list->items[j].length;
                        }
                }
        }
        return best;
}
