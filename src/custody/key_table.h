/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_KEY_TABLE_H
#define ROGATORY_CUSTODY_KEY_TABLE_H

/* The key table of a realm: one random key for each generation of each stored file, wrapped by the realm's
 * key (doc/format/key-table.md is authoritative). A file whose key is not in it cannot be read by anybody, so
 * taking a key out and wrapping the others under a new realm key destroys the file and every copy of it. What
 * was destroyed stays named until its file is gone. Pure: bytes in, bytes out. */

#include "custody/realm_key.h"

#define KEY_TABLE_FILES_MAX (1u << 20)
#define FILE_KEY_ID_BYTES 16

/* Which file a key belongs to. */
struct file_place {
        uint8_t kind; /* a number of the caller's */
        int64_t window_from;
        uint64_t generation;
};

struct file_key {
        struct file_place place;
        bool destroyed; /* there is no key any more; only the file's name is left */
        uint8_t id[FILE_KEY_ID_BYTES];
        uint8_t wrapped[SEAL_KEY_BYTES + SEAL_TAG_BYTES];
};

struct key_table;

/* What the clear header says: enough to look for the realm's key. */
struct key_table_head {
        char realm[REALM_NAME_MAX];
        uint8_t table_id[KEY_TABLE_ID_BYTES];
        uint8_t realm_key_id[REALM_KEY_ID_BYTES];
        uint64_t serial; /* how often the table was written */
        uint32_t count;
};

/* -EBADMSG, -EPROTONOSUPPORT, with a message that names the file. */
int key_table_head_read(const void *bytes, size_t length, const char *name, struct key_table_head *ret_head,
        struct error *error);

/* An empty table. 0, -ENOMEM, -EIO. */
int key_table_new(const char *realm, const uint8_t table_id[KEY_TABLE_ID_BYTES],
        const uint8_t realm_key[SEAL_KEY_BYTES], struct key_table **ret_table);

/* Reads and verifies a whole table; nothing is unwrapped yet. -EKEYREJECTED where the key is another than the
 * one it was made with, -EBADMSG, -ENOMEM, -EIO. */
int key_table_read(const void *bytes, size_t length, const char *name,
        const uint8_t realm_key[SEAL_KEY_BYTES], struct key_table **ret_table, struct error *error);
void key_table_free(struct key_table *table); /* wipes; NULL is fine */

/* Appends the table's bytes, one serial higher. 0, -EIO or the failure of the buffer. */
int key_table_write(struct key_table *table, struct buffer *buffer);

const struct key_table_head *key_table_head_of(const struct key_table *table);

/* Where the realm's key lies, for whoever keeps such bytes off the swap. */
const void *key_table_secret(const struct key_table *table, size_t *ret_length);

/* Files in ascending order of kind, window, generation. */
size_t key_table_count(const struct key_table *table);
const struct file_key *key_table_at(const struct key_table *table, size_t index);
/* NULL where the table does not name the file. Valid until the table changes. */
const struct file_key *key_table_find(const struct key_table *table, const struct file_place *place);

/* The key of a file, to be wiped after use. 0, -ENOKEY where it was destroyed, -EBADMSG, -EIO. */
int key_table_unwrap(struct key_table *table, const struct file_key *key, uint8_t ret_key[SEAL_KEY_BYTES]);

/* Makes a new key for a file; one that the table has for this place is forgotten. 0, -ENOMEM, -EFBIG, -EIO.
 */
int key_table_add(struct key_table *table, const struct file_place *place, uint8_t ret_id[FILE_KEY_ID_BYTES],
        uint8_t ret_key[SEAL_KEY_BYTES]);

/* Overwrites a key and keeps the name of its file. The table as it stands on the disk still has the key, and
 * so have copies of it: it is gone when the table was wrapped anew, written, and the old realm key destroyed.
 */
void key_table_destroy(struct key_table *table, const struct file_place *place);
/* Forgets a file altogether. */
void key_table_forget(struct key_table *table, const struct file_place *place);

/* Wraps all keys under another realm key. 0, -EBADMSG, -EIO, -ENOMEM; after a failure the table is as before.
 */
int key_table_wrap_anew(struct key_table *table, const uint8_t realm_key[SEAL_KEY_BYTES]);

#endif
