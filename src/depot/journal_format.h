/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_JOURNAL_FORMAT_H
#define ROGATORY_DEPOT_JOURNAL_FORMAT_H

/* The bytes of a journal file (doc/format/journal.md is authoritative). Pure: bytes in, bytes out. */

#include "base/address.h"
#include "base/buffer.h"
#include "base/error.h"
#include "crypto/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_HEADER_BYTES 64u
#define JOURNAL_BATCH_HEAD_BYTES 32u
#define JOURNAL_ENTRY_HEAD_BYTES 40u
#define JOURNAL_KEY_ID_BYTES 16u
#define JOURNAL_TAG_BYTES SEAL_TAG_BYTES /* behind the entries of a sealed batch */

/* Named limits. A length above them is damage, whatever its checksum says. */
#define JOURNAL_ENTRY_MAX (1u << 20)    /* bytes of one message */
#define JOURNAL_PAYLOAD_MAX (16u << 20) /* bytes of all entries of one batch */

/* One message as it came, or one word of the collector about what did not come. */
struct journal_entry {
        uint64_t sequence;     /* counts entries without end; given by the journal */
        int64_t receipt_ms;    /* milliseconds since 1970 UTC */
        struct address source; /* who sent it; none where nobody did */
        uint16_t port;         /* host order */
        uint8_t kind;          /* the caller's: how it came, or what was lost */
        uint64_t stream;       /* the caller's number of the connection; 0: no connection */
        const void *bytes;     /* borrowed */
        size_t length;
};

struct journal_header {
        int64_t window_from; /* all receipt times lie in one window, which begins here */
        uint64_t first_sequence;
        uint64_t mark;  /* random; stands in every batch of this file and in no other */
        bool is_sealed; /* its batches are sealed, by the key of that number */
        uint8_t key_id[JOURNAL_KEY_ID_BYTES];
};

void journal_header_write(const struct journal_header *header, uint8_t ret_bytes[JOURNAL_HEADER_BYTES]);

/* -EBADMSG where it is no journal or damaged, -ENOTSUP where it is of a later version. */
int journal_header_read(
        const void *bytes, size_t length, struct journal_header *ret_header, struct error *error);

/* Appends one entry to the payload of a batch. -EMSGSIZE above JOURNAL_ENTRY_MAX, or the buffer's failure;
 * the payload is as before then. */
int journal_entry_write(struct buffer *payload, const struct journal_entry *entry);

/* The head that goes in front of a payload (which follows it at once in memory, behind the head's bytes). */
void journal_batch_close(
        uint8_t *batch, size_t payload_length, uint64_t mark, uint64_t first_sequence, uint32_t count);
/* Seals the entries behind a batch's head in place of themselves; JOURNAL_TAG_BYTES more are written. The
 * numbers are those that journal_batch_close is called with afterwards. 0 or -EIO, -ENOMEM. */
int journal_payload_seal(
        struct seal *seal, uint8_t *payload, size_t length, uint64_t first_sequence, uint64_t mark);

struct journal_scan_sink {
        void *context;
        /* Each entry, in order, sequences ascending. Nothing is kept beyond the call. Negative ends the scan.
         */
        int (*entry)(void *context, const struct journal_entry *entry);
        /* Bytes that are no whole batch; may be NULL. */
        void (*damaged)(void *context, size_t offset, size_t length);
};

struct journal_scanned {
        struct journal_header header;
        uint64_t batches, entries;
        uint64_t next_sequence; /* behind the last entry; first_sequence of the header where there is none */
        int64_t last_ms;        /* receipt time of the last entry; TIME_UNKNOWN where there is none */
        size_t sound_end;       /* behind the last whole batch: what follows is torn */
        size_t damaged_bytes;   /* before that: damage between whole batches */
};

/* Reads a whole file. seal: by its key, NULL where it is not sealed. What is damaged is passed over up to the
 * next whole batch, which its mark and checksum show beyond doubt. A NULL entry only counts. 0, the header's
 * errors, or what the sink returned. */
int journal_scan(const void *bytes, size_t length, struct seal *seal, const struct journal_scan_sink *sink,
        struct journal_scanned *ret, struct error *error);

#endif
