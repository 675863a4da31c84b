/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_H
#define ROGATORY_STORE_SEGMENT_H

/* A segment: all bindings and the coverage of one realm in one window of time, in one immutable file that
 * needs no other (doc/format/segment.md is authoritative). Inside: one sheet per outside address, a sheet is
 * a row of blocks in order of beginning, a block holds at most SEGMENT_BLOCK_BINDINGS bindings as
 * entropy-coded columns under one checksum. Pure: the writer hands out bytes, the reader works on bytes
 * (usually a mapped file). */

#include "base/buffer.h"
#include "base/error.h"
#include "nat/binding.h"
#include "nat/coverage.h"
#include "nat/host.h"

#define SEGMENT_BLOCK_BINDINGS 256
#define SEGMENT_BLOCK_BINDINGS_LONG 512 /* of files that say so; read, no longer written */
#define SEGMENT_EXPORTER_NAME_MAX 64    /* bytes with the end mark */
#define SEGMENT_REALM_NAME_MAX 64

/* What decides which bindings go on from one window into the next: one that ends because its endpoint was
 * opened again (endpoint-independent mapping), or that is older than any binding lives, is left out. Where a
 * realm is later set to less bold rules, its windows may lack what those would have kept, and must say so. */
struct segment_rules {
        bool endpoint_independent;
        int64_t longest_session_ms, longest_block_ms;
};

/* Do rules a leave out something that rules b would carry on? */
bool segment_rules_bolder(const struct segment_rules *a, const struct segment_rules *b);

/* What a segment says of itself. */
struct segment_header {
        char realm[SEGMENT_REALM_NAME_MAX];
        int64_t window_from, window_to; /* [from, to), ms UTC */
        uint64_t generation;            /* a higher one of the same realm and window replaces a lower one */
        bool destinations_kept;
        bool has_blocks;   /* it holds port blocks or whole-address bindings (the writer adds it) */
        bool has_unported; /* it holds bindings whose outside port was not logged (the writer adds it) */
        struct segment_rules made_by; /* the rules by which bindings were carried out of this window */
        struct segment_rules
                older;           /* bolder ones by which something may have been left out of it before ... */
        int64_t older_until;     /* ... that could still be alive until then; TIME_FIRST: none */
        bool has_untold_flows;   /* it holds sessions that carry neither destination nor identity, so that a
                                  * close may  belong to any of one customer's flows over the endpoint (the
                                  * writer adds it) */
        uint64_t binding_count;  /* filled in by the writer */
        uint32_t sheet_count;    /* filled in by the writer */
        unsigned block_bindings; /* of a full block; filled in by writer and reader */
};

/* Where the writer's bytes go, in order. Negative is fatal and passed on. */
struct segment_output {
        void *context;
        int (*write)(void *context, const void *bytes, size_t length);
};

struct segment_writer;

/* Begins a segment. names: exporter names by number, borrowed until finish. 0 or -ENOMEM. */
int segment_writer_new(const struct segment_header *header, const char *const *exporter_names,
        unsigned exporter_count, const struct segment_output *output, struct segment_writer **ret_writer);

/* Adds the sheet of one outside address; addresses strictly ascending, bindings sorted by binding_compare.
 * hosts: the table that the bindings' numbers refer to (the same one for every call), borrowed until finish:
 * the first sheets are held back to learn probabilities from. 0, -ENOMEM, -EINVAL (order, or a binding that
 * cannot be) or what the output returned. */
int segment_writer_sheet(struct segment_writer *writer, const struct nat_binding *bindings, size_t count,
        const struct host_table *hosts, struct error *error);

/* Writes coverage, index and trailer. The writer is empty afterwards and must be freed. */
int segment_writer_finish(struct segment_writer *writer, const struct coverage *coverage,
        struct segment_header *ret_header, struct error *error);
void segment_writer_free(struct segment_writer *writer);

struct segment_reader;

/* Writes an open segment anew with what bindings do not decide: another generation and rules (of `header`,
 * the rest of which is not looked at), names of exporters and coverage. Sheets and their probabilities are
 * copied as they are, bytes and checksums, so exporters must keep their numbers. What is damaged in them is
 * copied too, and found when it is read. 0 and ret_header, -ENOMEM, -EBADMSG (under a seal), or what the
 * output returned. */
int segment_copy(const struct segment_reader *reader, const struct segment_header *header,
        const char *const *exporter_names, unsigned exporter_count, const struct coverage *coverage,
        const struct segment_output *output, struct segment_header *ret_header, struct error *error);

/* The bytes of a file that is read. need: makes length bytes from offset on present, before they are looked
 * at for the first time (they may have to be decrypted); false where that cannot be. NULL: all are there. */
struct segment_input {
        const void *bytes; /* borrowed, must outlive the reader */
        size_t length;
        bool (*need)(void *context, uint64_t offset, uint64_t length);
        /* Tells of bytes that will be looked at next, so that they come with one reading; only while the file
         * is opened. May be NULL. */
        void (*soon)(void *context, uint64_t offset, uint64_t length);
        void *context; /* without need, used only while the file is opened */
};

/* Opens a segment over borrowed bytes that must outlive the reader. name: for messages, copied. Everything
 * but the sheets is verified here, these when they are read; -EBADMSG with a message that names file, place
 * and what to do. -EPROTONOSUPPORT where the file needs a newer rogatory (an incompatible feature flag is
 * set). */
int segment_reader_new(const void *bytes, size_t length, const char *name, struct segment_reader **ret_reader,
        struct error *error);
/* The same over bytes that come as they are needed; only what a question touches is asked for. */
int segment_reader_over(const struct segment_input *input, const char *name,
        struct segment_reader **ret_reader, struct error *error);
void segment_reader_free(struct segment_reader *reader);

const struct segment_header *segment_header_of(const struct segment_reader *reader);
unsigned segment_exporter_count(const struct segment_reader *reader);
const char *segment_exporter_name(const struct segment_reader *reader, unsigned exporter);

/* Coverage with the segment's own exporter numbers; borrowed. */
const struct coverage *segment_coverage(const struct segment_reader *reader);

/* Outside addresses in ascending order. */
uint32_t segment_sheet_count(const struct segment_reader *reader);
uint32_t segment_sheet_address(const struct segment_reader *reader, uint32_t sheet);

/* The sheet of an address: 0 and ret_sheet, or -ENOENT. */
int segment_find_sheet(const struct segment_reader *reader, uint32_t outside, uint32_t *ret_sheet);

/* Where a sheet stands in the file, for who brings it in before it is read. Nothing of it is verified: both
 * may be 0 in a damaged file. */
void segment_sheet_span(
        const struct segment_reader *reader, uint32_t sheet, uint64_t *ret_offset, uint64_t *ret_length);

/* All bindings of a sheet. Host numbers are interned into hosts; exporter numbers are translated by
 * exporter_map (segment number -> caller's number), NULL keeps them. Appends to ret (sorted by
 * binding_compare as numbered at writing). -EBADMSG for a damaged block, naming file and block; ret keeps
 * what was read before. */
int segment_read_sheet(const struct segment_reader *reader, uint32_t sheet, struct host_table *hosts,
        const uint16_t *exporter_map, struct binding_list *ret, struct error *error);

/* The bindings of one outside address that may include the port (-1: every port) and may touch [from, to] (a
 * binding with an unknown edge, or whose edge is a sign of life, may reach to the end of time). Decodes only
 * the blocks and columns that it must. references: may be NULL; receives one record number per binding: its
 * position in the sheet (from 0, blocks one behind the other), appended in step with ret. 0 also where the
 * address has no sheet. */
struct reference_list {
        uint64_t *items; /* owned */
        size_t count, capacity;
};
void reference_list_free(struct reference_list *list);

int segment_query(const struct segment_reader *reader, uint32_t outside, int port, int64_t from, int64_t to,
        struct host_table *hosts, const uint16_t *exporter_map, struct binding_list *ret,
        struct reference_list *references, struct error *error);

/* Verifies every checksum and decodes every block; calls bad for each damaged block and goes on.
 * Returns the number of damaged blocks (>= 0) or -ENOMEM. */
int segment_verify(const struct segment_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context);

/* Bytes of the file by column name, for `info` and the benchmarks; index and checksums have names of their
 * own. */
struct segment_column_size {
        const char *name;
        uint64_t bytes;
};
size_t segment_column_sizes(
        const struct segment_reader *reader, struct segment_column_size *sizes, size_t most);

#endif
