/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_REALM_KEY_H
#define ROGATORY_CUSTODY_REALM_KEY_H

/* The realm's key, under which the keys of its files stand wrapped (key_table.h), and the file that holds the
 * part of it that can be destroyed (doc/format/key-table.md is authoritative). A realm key is derived from
 * one or more parts, in the order in which rogatory.conf names their sources, and all of them are needed.
 * Pure. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "crypto/seal.h"

#define KEY_TABLE_ID_BYTES 16
#define REALM_KEY_ID_BYTES 16
#define REALM_NAME_MAX 64       /* with the end mark */
#define REALM_KEY_FILE_MAX 1024 /* bytes of a key file */

/* Out of the parts, put one behind the other. The table's number goes in, so that one credential gives
 * different keys to two realms or two stores. 0 or -EIO. */
int realm_key_derive(const uint8_t *parts, size_t length, const uint8_t table_id[KEY_TABLE_ID_BYTES],
        const char *realm, uint8_t ret_key[SEAL_KEY_BYTES]);

/* Tells keys apart and says nothing of them. 0 or -EIO. */
int realm_key_identify(const uint8_t key[SEAL_KEY_BYTES], uint8_t ret_id[REALM_KEY_ID_BYTES]);

/* What a key file holds: one key, or two while one takes the place of the other. */
struct realm_key_file {
        char realm[REALM_NAME_MAX];
        uint8_t table_id[KEY_TABLE_ID_BYTES]; /* of the key table that it belongs to */
        unsigned count;                       /* 1 or 2 */
        uint8_t keys[2][SEAL_KEY_BYTES];      /* the older first; wipe it after use */
};

/* text: the whole file. name: for messages. -EBADMSG, whatever differs from what realm_key_file_write makes.
 */
int realm_key_file_read(
        struct slice text, const char *name, struct realm_key_file *ret_file, struct error *error);
/* 0 or the failure of the buffer. */
int realm_key_file_write(const struct realm_key_file *file, struct buffer *buffer);

#endif
