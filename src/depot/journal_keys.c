/* SPDX-License-Identifier: EUPL-1.2 */
/* The keys of a sealed journal: one for each of its files, in a key table of the journal's own, which is that
 * of a realm in every respect (depot/keys.h). */
#include "depot/journal_internal.h"
#include "depot/keys.h"

#include <stdlib.h>
#include <string.h>

#define JOURNAL_REALM "journal"

/* A store's keys are those of its realms: this one has no files but ours. */
static struct depot *make_keeper(const struct journal *journal)
{
        struct depot *keeper = calloc(1, sizeof *keeper);
        struct realm_settings *realm = calloc(1, sizeof *realm);

        if (!keeper || !realm) {
                free(keeper);
                free(realm);
                return NULL;
        }
        *realm = realm_defaults(JOURNAL_REALM);
        realm->key = journal->options.key;
        keeper->settings.realms = realm;
        keeper->settings.realm_count = 1;
        keeper->mode = DEPOT_WRITE;
        keeper->lock = journal->lock; /* who writes the journal alone changes its keys */
        memcpy(keeper->path, journal->folder, sizeof journal->folder);
        return keeper;
}

void journal_keys_close(struct journal *journal)
{
        if (!journal->keeper)
                return;
        depot_keys_drop(journal->keeper, NULL);
        free(journal->keeper->settings.realms);
        free(journal->keeper);
        journal->keeper = NULL;
}

int journal_keys_open(struct journal *journal, struct error *error)
{
        struct realm_keys *keys;

        if (journal->options.key.count == 0)
                return 0;
        journal->keeper = make_keeper(journal);
        if (!journal->keeper)
                return error_set(error, -ENOMEM, "%s: not enough memory", journal->folder);
        return depot_keys_make(journal->keeper, JOURNAL_REALM, &keys, error);
}

static struct file_place place_of(const struct journal_file *file)
{
        return (struct file_place){
                .kind = DEPOT_NAT, .window_from = file->window_from, .generation = file->first_sequence};
}

static int use_key(
        struct journal *journal, uint8_t key[SEAL_KEY_BYTES], struct seal **ret_seal, struct error *error)
{
        int r = seal_new(key, ret_seal);

        seal_wipe(key, SEAL_KEY_BYTES);
        return r < 0 ? error_set(error, r, "%s: no key can be used", journal->folder) : 0;
}

int journal_key_make(struct journal *journal, const struct journal_file *file, struct journal_header *header,
        struct seal **ret_seal, struct error *error)
{
        struct file_place place = place_of(file);
        uint8_t key[SEAL_KEY_BYTES];
        struct realm_keys *keys;

        *ret_seal = NULL;
        if (!journal->keeper)
                return 0;
        int r = depot_keys_open(journal->keeper, JOURNAL_REALM, &keys, error);
        if (r < 0)
                return r;
        r = key_table_add(keys->table, &place, header->key_id, key);
        if (r < 0)
                return error_set(error, r, "%s: no key can be made for %s", journal->folder, file->name);
        header->is_sealed = true;
        /* The key is on the disk before anything that it seals. */
        r = depot_keys_write(journal->keeper, keys, error);
        if (r < 0) {
                seal_wipe(key, sizeof key);
                return r;
        }
        return use_key(journal, key, ret_seal, error);
}

int journal_key_find(struct journal *journal, const struct journal_file *file,
        const struct journal_header *header, struct seal **ret_seal, struct error *error)
{
        struct file_place place = place_of(file);
        uint8_t key[SEAL_KEY_BYTES];
        struct realm_keys *keys;

        *ret_seal = NULL;
        if (!header->is_sealed)
                return 0;
        if (!journal->keeper)
                return error_set(error, -ENOKEY, "%s/%s: is sealed, and rogatory.conf names no journal-key",
                        journal->folder, file->name);
        int r = depot_keys_open(journal->keeper, JOURNAL_REALM, &keys, error);
        if (r < 0)
                return r;
        const struct file_key *found = key_table_find(keys->table, &place);
        if (!found || memcmp(found->id, header->key_id, sizeof found->id) != 0)
                return error_set(error, -ENOKEY,
                        "%s/%s: its key is not in the journal's key table: it was destroyed, or the table is "
                        "of another time",
                        journal->folder, file->name);
        r = key_table_unwrap(keys->table, found, key);
        if (r < 0)
                return error_set(error, r, "%s/%s: its key cannot be unwrapped", journal->folder, file->name);
        return use_key(journal, key, ret_seal, error);
}

int journal_keys_destroy(struct journal *journal, size_t count, struct error *error)
{
        struct realm_keys *keys;
        bool renewed;

        if (!journal->keeper || count == 0)
                return 0;
        int r = depot_keys_open(journal->keeper, JOURNAL_REALM, &keys, error);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct file_place place = place_of(&journal->files[i]);
                key_table_forget(keys->table, &place);
        }
        return r < 0 ? r : depot_keys_renew(journal->keeper, keys, &renewed, error);
}
