/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_ACCESS_RECORD_H
#define ROGATORY_CUSTODY_ACCESS_RECORD_H

/* The record of access: who asked what, when, for which case, with which verdict. One JSON line per entry,
 * chained by SHA-256: each entry carries its number, the hash of the entry before it and its own hash over
 * all of that, so that nothing can be changed, removed or put in between without breaking every later hash.
 * doc/format/access-record.md is authoritative. Callers know only this header, because the chain will become
 * a transparency log. Pure: text in, text out; the file is the depot's. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define ACCESS_HASH_BYTES 32
#define ACCESS_LINE_MAX 65536 /* bytes of an entry, with its line end */

/* The end of the chain: what the next entry continues. All zero for an empty record. */
struct access_head {
        uint64_t entries;
        uint8_t hash[ACCESS_HASH_BYTES]; /* of the last entry */
        int64_t at_ms;                   /* of the last entry */
};

/* What one entry says. All borrowed text, UTF-8. */
struct access_entry {
        int64_t at_ms;              /* when it happened, our clock */
        const char *person;         /* who: "uid 1000 (anna)" */
        const char *action;         /* "ask", "batch-ask", "import", "check" ... */
        const char *case_reference; /* the case, NULL for actions without one */
        const char *question;       /* JSON object text of the question, NULL where none */
        const char *verdict;        /* verdict name, NULL where none */
        const char *detail; /* JSON object text of further facts (candidates' references), NULL where none */
};

/* Appends the entry's line with its line end to ret and moves *head on. 0, -ENOMEM, -EINVAL with a message.
 */
int access_entry_write(
        const struct access_entry *entry, struct access_head *head, struct buffer *ret, struct error *error);

/* Checks one line against the head before it and moves *head on. -EBADMSG with a message that says what does
 * not fit. */
int access_entry_check(struct slice line, struct access_head *head, struct error *error);

/* The head that a record ends in, from its last line alone (without its line end): the line's own hash is
 * verified, what stands before it is not. So an entry can be appended without reading the whole record.
 * -EBADMSG with a message. */
int access_head_of(struct slice line, struct access_head *ret_head, struct error *error);

/* Checks a whole record; ret_head is its end, ret_bad_line (from 1) the first bad line where -EBADMSG is
 * returned. A last line without its line end is a write that was cut off: it is reported as such by ret_cut
 * (bytes of it). */
int access_record_check(struct slice record, struct access_head *ret_head, uint64_t *ret_bad_line,
        size_t *ret_cut, struct error *error);

#endif
