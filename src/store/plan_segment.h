/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_PLAN_SEGMENT_H
#define ROGATORY_STORE_PLAN_SEGMENT_H

/* A plan segment: the rows of all plans of one realm (nat/plan_set.h), sorted by outside address, in blocks
 * of rows compressed by zstd with a checksum each, and an index of the first address of each block
 * (doc/format/plan-segment.md is authoritative). Rows stay rows: a set of repeated ranges is one. Pure. */

#include "base/error.h"
#include "nat/plan_set.h"
#include "store/segment.h"

#define PLAN_BLOCK_ROWS 256

/* Writes a whole plan segment. rows: settled by plan_settle. names: of the plans, by exporter number. 0,
 * -ENOMEM, -EINVAL or what the output returned. */
int plan_segment_write(const struct segment_header *header, const struct plan_list *rows,
        const char *const *names, unsigned name_count, const struct segment_output *output,
        struct error *error);

struct plan_reader;

/* As segment_reader_new. */
int plan_reader_new(const void *bytes, size_t length, const char *name, struct plan_reader **ret_reader,
        struct error *error);
void plan_reader_free(struct plan_reader *reader);
const struct segment_header *plan_header_of(const struct plan_reader *reader);

struct plan_summary {
        uint64_t rows;
        uint32_t addresses;  /* different outside addresses */
        uint32_t disputed;   /* rows that contradict others */
        uint32_t incomplete; /* rows of tables of which others were refused */
        int64_t from_ms;     /* the earliest beginning; TIME_UNKNOWN without rows */
        int64_t until_ms;    /* the latest end; TIME_UNKNOWN: until further notice */
};
struct plan_summary plan_summary_of(const struct plan_reader *reader);

/* Names of the plans by number; NULL for a number that there is not. */
unsigned plan_name_count(const struct plan_reader *reader);
const char *plan_name(const struct plan_reader *reader, unsigned number);

/* Hands every row to take, in order (outside address, then beginning); number counts from 0 within the
 * address, as in the record of an answer. Goes on while take returns 0; what it returns else is handed on.
 * -EBADMSG for a damaged block. */
int plan_read_each(const struct plan_reader *reader,
        int (*take)(void *context, const struct plan_entry *entry, uint32_t number), void *context,
        struct error *error);

/* All rows of one outside address, in order; none where the plan does not name it. Appends. -EBADMSG for a
 * damaged block. */
int plan_query(
        const struct plan_reader *reader, uint32_t outside, struct plan_list *ret, struct error *error);

/* As segment_verify. */
int plan_segment_verify(const struct plan_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context);

#endif
