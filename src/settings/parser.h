/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_PARSER_H
#define ROGATORY_SETTINGS_PARSER_H

/* What the parser hands to the checks of the whole file. Known only inside settings/. */

#include "settings/key.h"

enum section { SECTION_REALM, SECTION_EXPORTER, SECTION_NODE, SECTION_LISTENER, SECTION_COUNT };

/* Where each section and key stood, for messages about them. */
struct place {
        unsigned line;            /* of the heading; 0: nobody wrote it (the realm "default", the node) */
        uint32_t keys;            /* bit per row of the table: already given */
        unsigned lines[KEYS_MAX]; /* per row */
};

struct parser {
        const struct settings_checks *checks;
        struct settings settings;
        struct place *places[SECTION_COUNT]; /* in step with the settings' arrays; owned */
        struct settings_problem *problems;   /* owned */
        size_t problem_count;
        unsigned line;
        const struct key_table *table; /* of the open section; NULL before the first, behind a bad heading */
        enum section section;          /* the open one is the last of its kind */
        bool heading_was_bad;
        bool no_memory;
};

void parser_report(struct parser *parser, unsigned line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Where a key of the section stood, or the section where it was not given. */
unsigned parser_line_of(const struct parser *parser, enum section section, size_t index, const char *key);
bool parser_is_given(const struct parser *parser, enum section section, size_t index, const char *key);

/* What only shows once all sections are read. */
void parser_check_whole(struct parser *parser);
void parser_check_node(struct parser *parser);

#endif
