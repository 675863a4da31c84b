/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_JOURNAL_H
#define ROGATORY_DEPOT_JOURNAL_H

/* The write-ahead log of a collector: what came is here before anything is made of it, and stays until it
 * stands in windows.
 *
 *   FOLDER/lock                                         taken by the one writer
 *   FOLDER/20261120T10Z.0000000000000001.jnl            entries of one hour of receipt, from that sequence on
 *   FOLDER/released                                     up to which sequence entries are in windows
 *
 * The steps of an entry, and what each survives:
 *   journal_append   taken into memory                      nothing
 *   journal_flush    handed to the kernel, as one batch     kill -9 of this process at any instant
 *   journal_sync     on the disk                            power failure
 * journal_tick does the second always and the third once per interval. Whoever acknowledges (RADIUS) does so
 * behind journal_flush.
 *
 * Every entry has a sequence number, which no other ever has. A replay delivers each entry that was not
 * released exactly once and in order; what is missing shows as a gap in the numbers and is told. Files are
 * only appended to: a batch that was cut off is no batch, and the next writer begins a new file.
 *
 * Sealed, the key of a file is destroyed before the file is removed, and the key that it stood under is
 * replaced: copies of either are of no use then.
 *
 * After a sync that failed nobody knows what of the entries since `durable` is on the disk. It is told once,
 * by the error of that call; what comes after goes into another file, and `durable` goes on behind its
 * success.
 *
 * For one thread. Calls block for as long as the disk takes. */

#include "depot/journal_format.h"
#include "settings/key_source.h"

#define JOURNAL_SYNC_MS_DEFAULT INT64_C(1000)
#define JOURNAL_FILE_BYTES_DEFAULT (UINT64_C(256) << 20) /* a file that is longer is followed by another */
#define JOURNAL_PENDING_MAX (8u << 20)                   /* bytes of entries that are not flushed yet */

struct journal_options {
        int64_t sync_interval_ms; /* 0: JOURNAL_SYNC_MS_DEFAULT */
        uint64_t file_bytes_max;  /* 0: JOURNAL_FILE_BYTES_DEFAULT */
        struct key_sources key;   /* what it is sealed by: a key for each file, in FOLDER/keys/journal.keys
                                   * (doc/format/key-table.md); count 0: it is plain */
};

/* What was found when it was opened. */
struct journal_found {
        uint64_t files;
        uint64_t waiting;      /* sequences that are not released: what a replay will tell of */
        int64_t last_ms;       /* receipt time of the last entry; TIME_UNKNOWN where there is none */
        uint64_t torn_bytes;   /* a batch that was cut off at the end */
        bool released_unknown; /* `released` is damaged: a replay tells all that is here */
};

struct journal;

/* Opens a folder (made where it is missing) for writing. -EBUSY where another process has it; others with a
 * message. ret_found may be NULL. The journal is closed with journal_close, also after a failure of others.
 */
int journal_open(const char *folder, const struct journal_options *options, struct journal **ret_journal,
        struct journal_found *ret_found, struct error *error);

/* Flushes and syncs as far as that is possible, and frees. The result says whether all of it is on the disk.
 */
int journal_close(struct journal *journal, struct error *error);

/* Takes an entry (its sequence is given here) and copies its bytes. 0; -EMSGSIZE (above JOURNAL_ENTRY_MAX);
 * where too much is pending it flushes, and -ENOSPC or what else hindered that means: not taken, the caller
 * counts it as lost. */
int journal_append(struct journal *journal, const struct journal_entry *entry, uint64_t *ret_sequence,
        struct error *error);

/* Hands all pending entries to the kernel. After a failure (-ENOSPC: the disk is full) they stay pending and
 * in order, and the next flush tries again. */
int journal_flush(struct journal *journal, struct error *error);
int journal_sync(struct journal *journal, struct error *error);

/* Flushes, and syncs where the interval is over. steady_ms: clock_steady_ms(). */
int journal_tick(struct journal *journal, int64_t steady_ms, struct error *error);

struct journal_state {
        uint64_t next;       /* sequence of the next entry */
        uint64_t flushed;    /* all below it are with the kernel */
        uint64_t durable;    /* all below it are on the disk */
        uint64_t released;   /* all up to and including it are in windows; 0: none */
        size_t pending;      /* bytes that are not flushed */
        uint64_t file_bytes; /* of all files */
        size_t files;
};
struct journal_state journal_state(const struct journal *journal);

/* All entries up to and including this sequence stand in windows: they are not told again, and files without
 * any other are removed. Durable when it returns. */
int journal_release(struct journal *journal, uint64_t sequence, struct error *error);

struct journal_replay_sink {
        void *context;
        int (*entry)(void *context, const struct journal_entry *entry); /* negative ends the replay */
        /* Entries first..last are missing between two instants (TIME_UNKNOWN: no entry on that side); may be
         * NULL. */
        void (*lost)(void *context, uint64_t first, uint64_t last, int64_t after_ms, int64_t before_ms);
};

struct journal_replayed {
        uint64_t entries;       /* delivered */
        uint64_t lost;          /* sequences that are missing */
        uint64_t repeated;      /* entries whose sequence had been delivered: passed over */
        uint64_t damaged_bytes; /* which are no batch */
        uint64_t damaged_files; /* without a header that can be read; kept for a person to look at */
};

/* Delivers what is flushed and not released. 0, what the sink returned, or a failure to read. */
int journal_replay(struct journal *journal, const struct journal_replay_sink *sink,
        struct journal_replayed *ret_replayed, struct error *error);

#endif
