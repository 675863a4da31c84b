/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SHEET_HEAD_H
#define ROGATORY_STORE_SHEET_HEAD_H

/* The head of a sheet: how many bindings, the dictionary of inside hosts, and the directory of blocks. It
 * stands in front of the blocks, so that one read ahead brings both. */

#include "base/buffer.h"
#include "base/cursor.h"
#include "store/segment_format.h"

/* Writes the dictionary of hosts sorted by sheet_host_compare without repetition; the first may be "no host".
 * 0 or the sticky failure of out. */
int sheet_put_dictionary(struct buffer *out, const struct nat_host *hosts, uint32_t count);

/* By VRF, then address. */
int sheet_host_compare(const struct nat_host *a, const struct nat_host *b);

/* Writes one entry of the directory. previous_begin: that of the block before, the window's beginning for the
 * first. */
void sheet_put_entry(struct buffer *out, const struct block_entry *entry, int64_t previous_begin);

/* A head that is being read. */
struct sheet_head {
        uint64_t binding_count;
        const uint8_t *dictionary; /* borrowed */
        size_t dictionary_length;
        struct cursor directory;
        uint64_t blocks_left, bindings_left;
        unsigned block_bindings;
        uint64_t next_offset; /* in the file */
        int64_t last_begin;
};

/* Opens the head that stands in bytes; blocks_offset: where its first block stands in the file. Of the file's
 * header: where the window begins, and how many bindings a full block holds. false where it is damaged. */
bool sheet_head_open(struct sheet_head *head, const uint8_t *bytes, size_t length,
        const struct segment_header *header, uint64_t blocks_offset);

/* The next block: 1, 0 where there is no other, or -EBADMSG. */
int sheet_head_next(struct sheet_head *head, struct block_entry *ret_entry);

/* Number of hosts in the dictionary, by its own word: at most 8 per byte. -EBADMSG. */
int64_t sheet_host_count(const struct sheet_head *head);

/* Fills hosts with sheet_host_count entries. 0 or -EBADMSG. */
int sheet_read_hosts(const struct sheet_head *head, struct nat_host *hosts, uint32_t count);

#endif
