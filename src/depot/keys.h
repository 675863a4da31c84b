/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_KEYS_H
#define ROGATORY_DEPOT_KEYS_H

/* The keys of a realm's files on the disk: keys/REALM.keys, and the realm's key out of its sources
 * (doc/format/key-table.md). Shared by the sources of this room only. */

#include "crypto/seal_file.h"
#include "custody/key_table.h"
#include "depot/internal.h"

/* One realm's keys, read. */
struct realm_keys {
        char realm[SETTINGS_NAME_MAX];
        struct key_table *table;
        struct timespec changed; /* of the table's file, when it was read */
        uint64_t file, size;     /* its inode number and bytes */
        struct realm_keys *next;
};

/* How the realm's key is made, by rogatory.conf; NULL where its files are stored as they are. */
const struct key_sources *depot_key_sources(const struct depot *depot, const char *realm);

/* Has the realm a key table? 1 or 0, or negative with words. */
int depot_has_key_table(const struct depot *depot, const char *realm, struct error *error);

/* The realm's keys as they are now. Read again where the table changed; a writer, who alone changes it, reads
 * it once, and finishes then what a killed one left half done. -ENOENT where the realm has no key table,
 * -ENOKEY, -EKEYREJECTED, -EACCES, -EBADMSG with words. */
int depot_keys_open(
        struct depot *depot, const char *realm, struct realm_keys **ret_keys, struct error *error);

/* The same for whoever is going to seal: the table, and the key where a file holds it, are made where there
 * are none. */
int depot_keys_make(
        struct depot *depot, const char *realm, struct realm_keys **ret_keys, struct error *error);

/* Publishes the table. */
int depot_keys_write(struct depot *depot, struct realm_keys *keys, struct error *error);

/* Makes a new realm key, wraps all keys of the table under it, publishes both and destroys the old one. Where
 * no source can be replaced the table is published under the same key: 0 and *ret_renewed false. */
int depot_keys_renew(struct depot *depot, struct realm_keys *keys, bool *ret_renewed, struct error *error);

/* Wipes what was read of a realm (NULL: of all), so that it is read anew. */
void depot_keys_drop(struct depot *depot, const char *realm);

/* Finishes for every realm what a killed writer left half done, as far as the keys are there; where they are
 * not, whoever needs them is told. */
int depot_keys_tidy(struct depot *depot, struct error *error);

/* A plain or sealed file, present as it is needed. */
struct depot_seal {
        struct seal_reader *reader;
        uint8_t *plain; /* mapped; as long as the plain file */
        size_t length;
        uint8_t *present; /* a bit for each chunk; owned */
};
/* map: of the sealed file, which must outlive it. */
int depot_seal_open(const void *map, size_t length, const char *path, const uint8_t key[SEAL_KEY_BYTES],
        struct depot_seal **ret_seal, struct error *error);
bool depot_seal_need(void *seal, uint64_t offset, uint64_t length); /* as segment_input.need */
void depot_seal_free(struct depot_seal *seal);

#endif
