/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_LEASE_FORMAT_H
#define ROGATORY_STORE_LEASE_FORMAT_H

/* The numbers of the lease segment file (doc/format/lease-segment.md). */

#include "store/file_frame.h"
#include "store/lease_segment.h"

enum lease_section {
        LEASE_SECTION_SUMMARY = 1,
        LEASE_SECTION_INDEX = 2,
        LEASE_SECTION_COUNT = 2,
};

#define LEASE_SUMMARY_LENGTH 36
#define LEASE_INDEX_ENTRY_LENGTH 32
/* The longest row: every number at its longest and the longest subscriber. */
#define LEASE_ROW_MAX (17 + 5 + 10 + 3 * 10 + 3 + 2 + SUBSCRIBER_MAX)
#define LEASE_BLOCK_MAX (LEASE_BLOCK_ROWS * LEASE_ROW_MAX)

/* By address, then length: the order of the file. */
static inline int lease_prefix_compare(const struct prefix *a, const struct prefix *b)
{
        int r = address_compare(&a->address, &b->address);
        return r ? r : (a->length > b->length) - (a->length < b->length);
}

#endif
