/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_LEASE_SEGMENT_H
#define ROGATORY_STORE_LEASE_SEGMENT_H

/* A lease segment: all leases of one realm that touch one window (a day), sorted by prefix, in blocks of rows
 * compressed by zstd with a checksum each, and an index of the first prefix of each block. */

#include "base/error.h"
#include "nat/lease_heap.h"
#include "store/segment.h"

#define LEASE_BLOCK_ROWS 64

/* In the place of heard_until_ms: records of the realm's lease log were refused, so that no log of it is
 * complete, whatever the settings say. It stays for as long as the file is added to. */
#define LEASE_LOG_TORN (TIME_UNKNOWN + 1)

/* Writes a whole lease segment. leases: joined and sorted by lease_join. heard_until_ms: the latest instant
 * that any lease record spoke of, TIME_UNKNOWN or LEASE_LOG_TORN. 0, -ENOMEM or what the output returned. */
int lease_segment_write(const struct segment_header *header, const struct lease *leases, size_t count,
        int64_t heard_until_ms, const struct segment_output *output, struct error *error);

/* The same of rows by their pointers (nat/lease_heap.h). */
int lease_segment_write_rows(const struct segment_header *header, struct lease *const *rows, size_t count,
        int64_t heard_until_ms, const struct segment_output *output, struct error *error);

struct lease_reader;

/* As segment_reader_new. */
int lease_reader_new(const void *bytes, size_t length, const char *name, struct lease_reader **ret_reader,
        struct error *error);
void lease_reader_free(struct lease_reader *reader);
const struct segment_header *lease_header_of(const struct lease_reader *reader);
uint64_t lease_reader_count(const struct lease_reader *reader);
int64_t lease_heard_until(const struct lease_reader *reader); /* TIME_UNKNOWN where torn */
bool lease_log_is_torn(const struct lease_reader *reader);

/* All leases whose prefix contains the address and that may touch [from, to]. Appends. -EBADMSG for a damaged
 * block. */
int lease_query(const struct lease_reader *reader, const struct address *address, int64_t from, int64_t to,
        struct lease_list *ret, struct error *error);

/* Every lease of the segment, in order. Appends. */
int lease_read_all(const struct lease_reader *reader, struct lease_list *ret, struct error *error);
int lease_read_heap(const struct lease_reader *reader, struct lease_heap *ret, struct error *error);

/* As segment_verify. */
int lease_segment_verify(const struct lease_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context);

#endif
