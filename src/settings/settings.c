/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/settings.h"

#include "settings/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void parser_report(struct parser *parser, unsigned line, const char *format, ...)
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

/* Sections. The name is the first member of each structure, except the node's, of which there is one. */

static const struct key_table *table_of(enum section section)
{
        switch (section) {
        case SECTION_REALM:
                return realm_keys();
        case SECTION_EXPORTER:
                return exporter_keys();
        case SECTION_NODE:
                return node_keys();
        default:
                return listener_keys();
        }
}

static size_t size_of(enum section section)
{
        static const size_t sizes[SECTION_COUNT] = {[SECTION_REALM] = sizeof(struct realm_settings),
                [SECTION_EXPORTER] = sizeof(struct exporter_settings),
                [SECTION_NODE] = sizeof(struct node_settings),
                [SECTION_LISTENER] = sizeof(struct listener_settings)};
        return sizes[section];
}

static size_t count_of(const struct settings *settings, enum section section)
{
        switch (section) {
        case SECTION_REALM:
                return settings->realm_count;
        case SECTION_EXPORTER:
                return settings->exporter_count;
        case SECTION_NODE:
                return 1;
        default:
                return settings->listener_count;
        }
}

static const void *items_of(const struct settings *settings, enum section section)
{
        switch (section) {
        case SECTION_REALM:
                return settings->realms;
        case SECTION_EXPORTER:
                return settings->exporters;
        case SECTION_NODE:
                return &settings->node;
        default:
                return settings->listeners;
        }
}

static const void *item_of(const struct settings *settings, enum section section, size_t index)
{
        return (const char *)items_of(settings, section) + index * size_of(section);
}

/* The index of the section of that name; the count of sections where there is none. */
static size_t find_section(const struct settings *settings, enum section section, const char *name)
{
        size_t count = count_of(settings, section), i = 0;

        if (section == SECTION_NODE)
                return 0;
        while (i < count && strcmp(item_of(settings, section, i), name) != 0)
                i++;
        return i;
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

static bool add_place(struct parser *parser, enum section section, size_t count, unsigned line)
{
        if (!grow(parser, (void **)&parser->places[section], count, sizeof(struct place)))
                return false;
        parser->places[section][count] = (struct place){.line = line};
        return true;
}

static bool add_section(struct parser *parser, enum section section, const char *name, unsigned line)
{
        struct settings *settings = &parser->settings;
        size_t count = count_of(settings, section);

        if (section != SECTION_NODE && !add_place(parser, section, count, line))
                return false;
        switch (section) {
        case SECTION_REALM:
                if (!grow(parser, (void **)&settings->realms, count, sizeof *settings->realms))
                        return false;
                settings->realms[settings->realm_count++] = realm_defaults(name);
                return true;
        case SECTION_EXPORTER:
                if (!grow(parser, (void **)&settings->exporters, count, sizeof *settings->exporters))
                        return false;
                settings->exporters[settings->exporter_count++] = exporter_defaults(name, "default");
                return true;
        case SECTION_LISTENER:
                if (!grow(parser, (void **)&settings->listeners, count, sizeof *settings->listeners))
                        return false;
                settings->listeners[settings->listener_count++] = listener_defaults(name);
                return true;
        default:
                return false;
        }
}

/* The realm "default" exists from the start, but sections are written to at the end of the array: move it. */
static void move_realm_to_end(struct parser *parser, size_t at)
{
        struct settings *settings = &parser->settings;
        struct place *places = parser->places[SECTION_REALM];
        size_t last = settings->realm_count - 1;
        struct realm_settings moved = settings->realms[at];
        struct place moved_place = places[at];

        settings->realms[at] = settings->realms[last];
        places[at] = places[last];
        settings->realms[last] = moved;
        places[last] = moved_place;
}

static void open_section(struct parser *parser, enum section section, const char *name)
{
        static const size_t most[SECTION_COUNT] = {
                SETTINGS_SECTIONS_MAX, SETTINGS_SECTIONS_MAX, 1, SETTINGS_LISTENERS_MAX};
        const char *kind = table_of(section)->section;
        size_t count = count_of(&parser->settings, section);
        size_t at = find_section(&parser->settings, section, name);
        struct place *known = at < count ? &parser->places[section][at] : NULL;

        if (known && known->line) {
                parser_report(parser, parser->line, "[%s%s%s] was already opened in line %u", kind,
                        name[0] ? " " : "", name, known->line);
                return;
        }
        if (known) {
                known->line = parser->line;
                if (section == SECTION_REALM)
                        move_realm_to_end(parser, at);
        } else if (count == most[section]) {
                parser_report(parser, parser->line, "more than %zu %ss", most[section], kind);
                return;
        } else if (!add_section(parser, section, name, parser->line)) {
                return;
        }
        parser->table = table_of(section);
        parser->section = section;
}

static bool section_of(struct slice kind, enum section *ret_section)
{
        for (unsigned i = 0; i < SECTION_COUNT; i++)
                if (slice_is(kind, table_of((enum section)i)->section)) {
                        *ret_section = (enum section)i;
                        return true;
                }
        return false;
}

static void parse_heading(struct parser *parser, struct slice line)
{
        char name[SETTINGS_NAME_MAX] = "";
        enum section section;

        parser->table = NULL;
        parser->heading_was_bad = true;
        if (line.text[line.length - 1] != ']') {
                parser_report(parser, parser->line, "a section heading ends in \"]\"");
                return;
        }
        struct slice rest = slice_make(line.text + 1, line.length - 2);
        struct slice kind = slice_word(&rest), given = slice_trim(rest);
        if (!section_of(kind, &section)) {
                parser_report(parser, parser->line,
                        "unknown section \"%.*s\"; write [realm NAME], [exporter NAME], [listener NAME] or "
                        "[node]",
                        shown(kind), kind.text);
                return;
        }
        if (section == SECTION_NODE && given.length) {
                parser_report(parser, parser->line, "there is one node, and it has no name: write [node]");
                return;
        }
        if (given.length < sizeof name && !(given.length && memchr(given.text, '\0', given.length)))
                memcpy(name, given.text, given.length);
        if (section != SECTION_NODE && !settings_name_is_valid(name)) {
                parser_report(parser, parser->line,
                        "\"%.*s\" is not a name; use 1 to %d letters, digits and . - _ : and begin with a "
                        "letter or "
                        "digit",
                        shown(given), given.text, SETTINGS_NAME_MAX - 1);
                return;
        }
        open_section(parser, section, name);
        parser->heading_was_bad = parser->table == NULL;
}

/* Keys */

static void report_unknown_key(struct parser *parser, struct slice name)
{
        const struct key_table *table = parser->table, *other = NULL;
        const struct key *nearest = key_nearest(table, name);

        for (unsigned i = 0; !other && i < SECTION_COUNT; i++)
                if (key_find(table_of((enum section)i), name))
                        other = table_of((enum section)i);
        if (other)
                parser_report(parser, parser->line, "\"%.*s\" belongs into %s, not into %s", shown(name),
                        name.text, other->place, table->place);
        else if (nearest)
                parser_report(parser, parser->line, "unknown key \"%.*s\"; did you mean \"%s\"?", shown(name),
                        name.text, nearest->name);
        else
                parser_report(parser, parser->line, "unknown key \"%.*s\" in %s", shown(name), name.text,
                        table->place);
}

static void parse_assignment(struct parser *parser, struct slice line)
{
        struct slice rest = line;
        struct slice name = slice_trim(slice_cut(&rest, '='));
        struct error problem = {.code = 0};

        if (name.length == 0 || !memchr(line.text, '=', line.length)) {
                parser_report(parser, parser->line,
                        "\"%.*s\" is neither KEY = VALUE nor [SECTION NAME] nor # COMMENT", shown(line),
                        line.text);
                return;
        }
        if (!parser->table) {
                if (!parser->heading_was_bad)
                        parser_report(parser, parser->line,
                                "\"%.*s\" stands before the first section; write [realm NAME] above it",
                                shown(name), name.text);
                return;
        }
        const struct key *key = key_find(parser->table, name);
        if (!key) {
                report_unknown_key(parser, name);
                return;
        }
        size_t index = count_of(&parser->settings, parser->section) - 1;
        struct place *place = &parser->places[parser->section][index];
        void *section =
                (char *)items_of(&parser->settings, parser->section) + index * size_of(parser->section);
        size_t row = (size_t)(key - parser->table->keys);
        if (place->keys & 1u << row) {
                parser_report(parser, parser->line, "\"%s\" was already given in line %u", key->name,
                        place->lines[row]);
                return;
        }
        place->keys |= 1u << row;
        place->lines[row] = parser->line;
        int r = key_read(key, slice_trim(rest), parser->checks, section, &problem);
        if (r == -ENOMEM)
                parser->no_memory = true;
        else if (r < 0)
                parser_report(parser, parser->line, "%s: %s", key->name, problem.text);
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

unsigned parser_line_of(const struct parser *parser, enum section section, size_t index, const char *key)
{
        const struct key_table *table = table_of(section);
        const struct place *place = &parser->places[section][index];
        size_t row = (size_t)(key_find(table, slice_of(key)) - table->keys);

        return place->lines[row] ? place->lines[row] : place->line;
}

bool parser_is_given(const struct parser *parser, enum section section, size_t index, const char *key)
{
        const struct key_table *table = table_of(section);
        size_t row = (size_t)(key_find(table, slice_of(key)) - table->keys);

        return parser->places[section][index].lines[row] != 0;
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
                parser_report(parser, 1, "the file is longer than %d bytes", SETTINGS_FILE_MAX);
                return;
        }
        while (rest.length && !parser->no_memory) {
                parser->line++;
                parse_line(parser, slice_cut(&rest, '\n'));
        }
        parser_check_whole(parser);
        parser_check_node(parser);
}

int settings_parse_checked(const char *text, size_t length, const struct settings_checks *checks,
        struct settings *ret_settings, struct settings_problem *problems, size_t most, size_t *ret_count)
{
        struct parser parser = {.checks = checks};
        int r = 0;

        parser.problems = calloc(SETTINGS_PROBLEMS_MAX, sizeof *parser.problems);
        parser.settings.node = node_defaults();
        if (!parser.problems || !add_place(&parser, SECTION_NODE, 0, 0) ||
                !add_section(&parser, SECTION_REALM, "default", 0))
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
        for (unsigned i = 0; i < SECTION_COUNT; i++)
                free(parser.places[i]);
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
                free(settings->exporters[i].accept.items);
        }
        free(settings->realms);
        free(settings->exporters);
        free(settings->listeners);
        *settings = (struct settings){.realms = NULL};
}

static const void *find_named(const struct settings *settings, enum section section, const char *name)
{
        size_t at = find_section(settings, section, name);
        return at < count_of(settings, section) ? item_of(settings, section, at) : NULL;
}

const struct realm_settings *settings_realm(const struct settings *settings, const char *name)
{
        return find_named(settings, SECTION_REALM, name);
}

const struct exporter_settings *settings_exporter(const struct settings *settings, const char *name)
{
        return find_named(settings, SECTION_EXPORTER, name);
}

const struct listener_settings *settings_listener(const struct settings *settings, const char *name)
{
        return find_named(settings, SECTION_LISTENER, name);
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
