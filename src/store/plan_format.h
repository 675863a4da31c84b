/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_PLAN_FORMAT_H
#define ROGATORY_STORE_PLAN_FORMAT_H

/* The numbers of the plan segment file (doc/format/plan-segment.md). */

#include "store/file_frame.h"
#include "store/plan_segment.h"

enum plan_section {
        PLAN_SECTION_SUMMARY = 1,
        PLAN_SECTION_INDEX = 2,
        PLAN_SECTION_NAMES = 3,
        PLAN_SECTION_COUNT = 3,
};

#define PLAN_SUMMARY_LENGTH 36
#define PLAN_INDEX_ENTRY_LENGTH 19

/* First byte of a row. */
enum plan_row_flag {
        PLAN_ROW_DISPUTED = 1 << 0,
        PLAN_ROW_INCOMPLETE = 1 << 1,
        PLAN_ROW_DYNAMIC = 1 << 2,
        PLAN_ROW_HAS_END = 1 << 3,  /* the table says when it ends */
        PLAN_ROW_HAS_NEXT = 1 << 4, /* it is open, and a later row takes its place */
        PLAN_ROW_REPEATS = 1 << 5,  /* several ranges */
        PLAN_ROW_FLAGS_KNOWN = (1 << 6) - 1,
};

/* The longest row: every number at its longest. */
#define PLAN_ROW_MAX (1 + 5 + 3 * 10 + 3 * 3 + 3 + 1 + 2 * 10 + 1 + 5 + 3)
#define PLAN_BLOCK_MAX (PLAN_BLOCK_ROWS * PLAN_ROW_MAX)

/* An inside address as two halves, because one row's is mostly the one before plus a constant. */
static inline uint64_t plan_half(const struct address *address, unsigned half)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < 8; i++)
                value = value << 8 | address->bytes[8 * half + i];
        return value;
}

static inline void plan_set_half(struct address *address, unsigned half, uint64_t value)
{
        for (unsigned i = 8; i-- > 0; value >>= 8)
                address->bytes[8 * half + i] = (uint8_t)value;
}

#endif
