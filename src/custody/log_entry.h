/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_LOG_ENTRY_H
#define ROGATORY_CUSTODY_LOG_ENTRY_H

/* What an entry of the log commits to (doc/format/custody-log.md is authoritative): kind, time, person and
 * the fields that its kind must have, so that what the log is kept for can be told from the openings alone.
 * Pure. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/time.h"

#include <jansson.h>
#include <stdbool.h>

#define LOG_ENTRY_MAX 65536     /* bytes of a content */
#define LOG_ENTRY_TEXT_MAX 4000 /* bytes of one text in it */

enum entry_field_type {
        FIELD_TEXT,    /* 1 to LOG_ENTRY_TEXT_MAX bytes, not only blanks */
        FIELD_TEXTS,   /* an array of such texts */
        FIELD_NAME,    /* a stable word: [a-z0-9-], as order/vocabulary.h has them */
        FIELD_NAMES,   /* an array of different such words, at least one */
        FIELD_ID,      /* a UUID in lower case (RFC 9562) */
        FIELD_HASH,    /* 64 lower-case hexadecimal digits of a SHA-256 */
        FIELD_INSTANT, /* "2026-11-20T23:35:52.123Z" */
        FIELD_COUNT,   /* a whole number from 0 */
        FIELD_FLAG,    /* true or false */
        FIELD_DETAIL,  /* an object with whatever else there is to say */
};

struct entry_field {
        const char *name;
        enum entry_field_type type;
        bool required;
        const char *words; /* of a name or names: "|one|another|", the only ones; NULL: any */
};

struct entry_kind {
        const char *name;    /* stable, lower case with hyphens */
        const char *meaning; /* in words, for a person */
        const struct entry_field *fields;
        size_t count;
};

const struct entry_kind *entry_kinds(size_t *ret_count);
const struct entry_kind *entry_kind_find(const char *name); /* NULL where there is none */

/* Appends the canonical content of an entry. by: who ("login@organisation", "node"); fields: what its kind
 * says, others but "detail" are refused. -EINVAL with a message that names the field; -ENOMEM, -EFBIG. */
int log_entry_write(const char *kind, int64_t at_ms, const char *by, const json_t *fields, struct buffer *ret,
        struct error *error);

struct log_entry {
        const struct entry_kind *kind; /* NULL where a newer rogatory knows it */
        const char *kind_name, *by;
        int64_t at_ms;
        const json_t *fields;
        json_t *content; /* owned; holds all of the above */
};

/* 0; -EBADMSG with a message where it is nothing that log_entry_write makes; -ENOMEM. */
int log_entry_read(struct slice content, struct log_entry *ret_entry, struct error *error);
void log_entry_free(struct log_entry *entry); /* zeroed is fine */

#endif
