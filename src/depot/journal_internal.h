/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_JOURNAL_INTERNAL_H
#define ROGATORY_DEPOT_JOURNAL_INTERNAL_H

/* Shared by the sources of the journal. */

#include "depot/journal.h"

#include <limits.h>

#define JOURNAL_NAME_MAX 64

struct journal_file {
        char name[JOURNAL_NAME_MAX];
        int64_t window_from;
        uint64_t first_sequence;
        uint64_t bytes;
};

struct journal {
        char folder[PATH_MAX];
        struct journal_options options;
        int lock;
        struct journal_file
                *files; /* owned; ascending by first sequence; the last one is written where file >= 0 */
        size_t file_count, file_capacity;
        int file; /* descriptor of the file that is written; -1: the next flush begins one */
        uint64_t mark;
        struct buffer batch;  /* room for the head, then the pending entries */
        struct buffer sealed; /* the same as it is written */
        uint32_t pending_count;
        int64_t pending_window;
        uint64_t next, flushed, durable, released;
        bool folder_changed;  /* a file's name is not on the disk yet */
        struct depot *keeper; /* of the keys; owned; NULL: it is plain */
        struct seal *seal;    /* by the key of the file that is written; owned; NULL: it is plain */
        int64_t unsynced_ms;  /* steady clock: since when something is with the kernel only; -1: nothing is */
};

/* journal_keys.c. The table is opened with the lock held, and made where there is none. */
int journal_keys_open(struct journal *journal, struct error *error);
void journal_keys_close(struct journal *journal);
/* A key for a file that begins: its number goes into the header. ret_seal NULL: the journal is plain. */
int journal_key_make(struct journal *journal, const struct journal_file *file, struct journal_header *header,
        struct seal **ret_seal, struct error *error);
/* That of a file that is read; NULL where it is plain. -ENOKEY with words. */
int journal_key_find(struct journal *journal, const struct journal_file *file,
        const struct journal_header *header, struct seal **ret_seal, struct error *error);
/* Destroys the keys of the first `count` files, before they are removed. */
int journal_keys_destroy(struct journal *journal, size_t count, struct error *error);

/* Is nothing of the file needed any more? Its key may be gone: a writer was killed before it removed it. */
bool journal_file_is_released(const struct journal *journal, size_t index);

/* Maps and scans one of the files. As journal_scan; -ENOKEY. ret_length (may be NULL): of the file. */
int journal_scan_file(struct journal *journal, const struct journal_file *file,
        const struct journal_scan_sink *sink, struct journal_scanned *ret, size_t *ret_length,
        struct error *error);

/* FOLDER/name. -ENAMETOOLONG with a message. */
int journal_path(
        const struct journal *journal, const char *name, char ret_path[PATH_MAX], struct error *error);

/* "20261120T10Z.0000000000000001.jnl" and back. */
void journal_name_write(int64_t window_from, uint64_t first_sequence, char ret_name[JOURNAL_NAME_MAX]);
bool journal_name_read(const char *name, struct journal_file *ret_file);

/* Fills the list of files from the folder. */
int journal_list(struct journal *journal, struct error *error);
int journal_add_file(struct journal *journal, const struct journal_file *file);

/* Finds `released`, and where the sequences go on. */
int journal_recover(struct journal *journal, struct journal_found *ret_found, struct error *error);

#endif
