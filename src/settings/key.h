/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_KEY_H
#define ROGATORY_SETTINGS_KEY_H

/* The grammar of rogatory.conf as a table: one row per key, read by the parser, the writer and the template
 * alike. Known only inside settings/. */

#include "settings/settings.h"

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
        KEY_NAME,     /* char[SETTINGS_NAME_MAX]: the name of a realm */
        KEY_ZONE,     /* char[64]: IANA zone */
        KEY_DIALECT,  /* char[64] */
        KEY_CHOICE,   /* int-sized enum out of `choices` */
        KEY_SWITCH,   /* bool out of `choices` */
        KEY_DURATION, /* int64_t ms, `least` to `most` */
        KEY_RETAIN,   /* as KEY_DURATION, or "unlimited" (0) */
        KEY_YEAR,     /* int, `least` to `most` */
        KEY_PREFIXES, /* struct prefix_list */
        KEY_SOURCES,  /* struct key_sources */
        KEY_RANGES,   /* struct retain_range_list, times as KEY_RETAIN */
        KEY_TEXT,     /* char[most + 1]: one line for people */
        KEY_PATH,     /* char[most + 1]: a `file` from the root */
        KEY_HOST,     /* char[SETTINGS_HOST_MAX] */
        KEY_USER,     /* char[SETTINGS_ACCOUNT_MAX] */
        KEY_GROUP,    /* the same */
        KEY_SIZE,     /* uint64_t bytes, `least` to `most` */
        KEY_COUNT,    /* uint32_t, `least` to `most` */
        KEY_PORT,     /* uint16_t */
        KEY_ADDRESS,  /* struct address */
        KEY_ENDPOINT, /* struct endpoint */
        KEY_NAMES,    /* struct name_list */
};

struct key_choice {
        const char *word; /* NULL ends the list */
        int value;
};

struct key {
        const char *name;
        enum key_kind kind;
        size_t offset; /* in the structure of its section */
        const struct key_choice *choices;
        int64_t least, most;
        enum settings_file file;
        const char *example;   /* shown in the template where the default has no writing */
        const char *elsewhere; /* the same where it would not fit the template's other lines: only told */
        const char *help;      /* lines for a person, without the comment marks */
};

#define KEYS_MAX 16 /* of one section */

struct key_table {
        const char *section; /* "realm" */
        const char *place;   /* "a realm section", for messages */
        const struct key *keys;
        size_t count;
};

const struct key_table *realm_keys(void);
const struct key_table *exporter_keys(void);
const struct key_table *node_keys(void);
const struct key_table *listener_keys(void);

/* NULL where the table has no such key. */
const struct key *key_find(const struct key_table *table, struct slice name);

/* The key whose name is nearest to what was written; NULL where none is near. */
const struct key *key_nearest(const struct key_table *table, struct slice name);

/* Reads one value into a section's structure. problem receives what is wrong. 0, -EINVAL, -ENOMEM. */
int key_read(const struct key *key, struct slice value, const struct settings_checks *checks, void *section,
        struct error *problem);

/* Writes one value as it would stand in the file; nothing for an empty one. */
int key_write(const struct key *key, const void *section, struct buffer *buffer);

#endif
