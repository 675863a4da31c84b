/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_LEASE_BLOCK_H
#define ROGATORY_STORE_LEASE_BLOCK_H

/* Blocks of leases, unpacked and read row by row. A question needs one row of a block; the blocks of the last
 * questions are kept, with the places of the rows that were read of them. */

#include "base/cursor.h"
#include "store/lease_format.h"

struct lease_blocks; /* kept blocks */

struct lease_reader {
        char *name; /* owned */
        struct frame frame;
        uint64_t count;
        int64_t heard_until_ms;
        uint64_t lengths[3];  /* bit set of prefix lengths that occur */
        const uint8_t *index; /* borrowed */
        uint32_t block_count;
        struct lease_blocks *kept; /* owned */
};

/* One block, unpacked. */
struct lease_block {
        uint32_t number;
        unsigned count; /* rows */
        uint8_t *bytes; /* owned */
        size_t length, capacity;
        struct cursor rows;
        unsigned next;    /* the row that comes next */
        struct lease row; /* the last one read; the next continues from its address */
        /* Of the first `known` rows the prefix, and where they begin and end: they are in order. */
        unsigned known;
        struct prefix prefixes[LEASE_BLOCK_ROWS];
        uint32_t places[LEASE_BLOCK_ROWS + 1];
};

struct lease_blocks *lease_blocks_new(void); /* NULL: no memory */
void lease_blocks_free(struct lease_blocks *blocks);

struct lease_block *lease_block_new(void); /* empty; NULL: no memory */
void lease_block_free(struct lease_block *block);

/* Unpacks a block into one of the caller's. 0, -ENOMEM, or -EBADMSG with *ret_what. */
int lease_block_unpack(
        const struct lease_reader *reader, uint32_t number, struct lease_block *block, const char **ret_what);

/* The same for a block that the reader keeps. */
int lease_block_kept(const struct lease_reader *reader, uint32_t number, struct lease_block **ret_block,
        const char **ret_what);
/* Keeps it no longer. */
void lease_block_forget(const struct lease_reader *reader, uint32_t number);

/* Goes to the first row that is known to begin no earlier than the prefix, or else behind those known. */
void lease_block_seek(struct lease_block *block, const struct prefix *prefix);

/* The next row into block->row: 1, 0 after the last one, or -EBADMSG. */
int lease_block_next(const struct lease_reader *reader, struct lease_block *block);

#endif
