/* SPDX-License-Identifier: EUPL-1.2 */
/* Key tables and the sources of realm keys. Only whoever holds the store's lock changes either. */
#include "depot/keys.h"

#include "depot/current_key.h"
#include "os/file.h"
#include "os/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between a reader's look at the table and at the key a writer may replace both. */
#define ATTEMPTS 16
#define TABLE_MAX ((size_t)256 << 20)

const struct key_sources *depot_key_sources(const struct depot *depot, const char *realm)
{
        const struct realm_settings *settings = settings_realm(&depot->settings, realm);

        return settings && settings->key.count > 0 ? &settings->key : NULL;
}

static int table_path(
        const struct depot *depot, const char *realm, char ret_path[DEPOT_PATH_MAX], struct error *error)
{
        return depot_join(ret_path, DEPOT_PATH_MAX, error, "%s/keys/%s.keys", depot->path, realm);
}

int depot_has_key_table(const struct depot *depot, const char *realm, struct error *error)
{
        char path[DEPOT_PATH_MAX];

        int r = table_path(depot, realm, path, error);
        if (r < 0)
                return r;
        if (access(path, F_OK) == 0)
                return 1;
        return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
}

/* ---- the realm's key ---- */

/* What goes into a realm key, once for each key that the key file holds. */
struct parts {
        unsigned count;
        size_t length[2];
        uint8_t bytes[2][KEY_SOURCES_MAX * SECRET_MOST];
};

static void add_part(struct parts *parts, unsigned candidate, const void *bytes, size_t length)
{
        memcpy(parts->bytes[candidate] + parts->length[candidate], bytes, length);
        parts->length[candidate] += length;
}

static int add_source(struct parts *parts, const struct key_sources *sources, const struct key_source *source,
        const struct realm_key_file *file, struct error *error)
{
        struct buffer secret = buffer_make(SECRET_MOST);
        int r = 0;

        for (unsigned i = 0; source == key_sources_replaceable(sources) && i < parts->count; i++)
                add_part(parts, i, file->keys[i], SEAL_KEY_BYTES);
        if (source->kind == KEY_SOURCE_KEYRING)
                r = keyring_read(source->name, &secret, error);
        else if (source->kind == KEY_SOURCE_CREDENTIAL)
                r = credential_read(source->name, &secret, error);
        for (unsigned i = 0; r == 0 && secret.length && i < parts->count; i++)
                add_part(parts, i, secret.bytes, secret.length);
        if (secret.bytes)
                seal_wipe(secret.bytes, secret.capacity);
        buffer_free(&secret);
        return r;
}

/* The realm keys that the sources give: one, or two while one takes the place of the other. */
static int derive(const struct key_sources *sources, const struct realm_key_file *file,
        const uint8_t table_id[KEY_TABLE_ID_BYTES], const char *realm, uint8_t ret_keys[2][SEAL_KEY_BYTES],
        struct error *error)
{
        struct parts parts = {.count = key_sources_replaceable(sources) ? file->count : 1};
        int r = 0;

        secret_keep(ret_keys, (size_t)2 * SEAL_KEY_BYTES);
        secret_keep(&parts, sizeof parts);
        for (size_t i = 0; r == 0 && i < sources->count; i++)
                r = add_source(&parts, sources, &sources->items[i], file, error);
        for (unsigned i = 0; r == 0 && i < parts.count; i++) {
                r = realm_key_derive(parts.bytes[i], parts.length[i], table_id, realm, ret_keys[i]);
                if (r < 0)
                        error_set(
                                error, r, "realm %s: the library of ciphers refuses to make its key", realm);
        }
        unsigned count = parts.count;
        seal_wipe(&parts, sizeof parts);
        return r < 0 ? r : (int)count;
}

/* ---- reading ---- */

/* Opens the table by one of the keys; which receives its number. -EKEYREJECTED where none fits. */
static int open_table(const struct buffer *bytes, const char *path, uint8_t keys[2][SEAL_KEY_BYTES],
        int count, int *ret_which, struct key_table **ret_table, struct error *error)
{
        int r = -EKEYREJECTED;

        for (int i = 0; r == -EKEYREJECTED && i < count; i++) {
                r = key_table_read(bytes->bytes, bytes->length, path, keys[i], ret_table, error);
                *ret_which = i;
        }
        if (r == -EKEYREJECTED)
                return error_set(error, r,
                        "%s: no key of the realm's sources is the one this key table was written with; a "
                        "copy "
                        "from before a destruction opens no more; otherwise put table and key of one time "
                        "back",
                        path);
        return r;
}

static int read_table(struct depot *depot, struct realm_keys *keys, const char *path,
        const struct key_sources *sources, struct buffer *bytes, struct error *error)
{
        const struct key_source *own = key_sources_replaceable(sources);
        uint8_t realm_keys[2][SEAL_KEY_BYTES];
        struct current_key current = {.file = {.count = 0}};
        struct key_table_head head;
        int which = 0;

        int r = key_table_head_read(bytes->bytes, bytes->length, path, &head, error);
        if (r == 0 && strcmp(head.realm, keys->realm) != 0)
                r = error_set(error, -EBADMSG,
                        "%s: is the key table of realm %s; it was renamed or copied, put it back", path,
                        head.realm);
        if (r == 0 && own)
                r = current_key_read(own, &head, &current, error);
        if (r == 0)
                r = derive(sources, &current.file, head.table_id, head.realm, realm_keys, error);
        if (r > 0)
                r = open_table(bytes, path, realm_keys, r, &which, &keys->table, error);
        if (r == 0 && depot->lock >= 0 && own)
                r = current_key_settle(own, &current, which, error);
        seal_wipe(realm_keys, sizeof realm_keys);
        current_key_wipe(&current);
        return r;
}

static void note_file(struct realm_keys *keys, const struct stat *status)
{
        keys->changed = status->st_mtim;
        keys->file = status->st_ino;
        keys->size = (uint64_t)status->st_size;
}

static bool is_current(const struct realm_keys *keys, const struct stat *status)
{
        return keys->file == status->st_ino && keys->size == (uint64_t)status->st_size &&
               keys->changed.tv_sec == status->st_mtim.tv_sec &&
               keys->changed.tv_nsec == status->st_mtim.tv_nsec;
}

static int load(struct depot *depot, struct realm_keys *keys, const char *path, struct error *error)
{
        const struct key_sources *sources = depot_key_sources(depot, keys->realm);
        struct stat status;
        int r = -EKEYREJECTED;

        if (!sources)
                return error_set(error, -ENOKEY,
                        "%s/" DEPOT_SETTINGS_FILE
                        ": files of realm %s are sealed, and it names no key for it; "
                        "write the line key = ... again",
                        depot->path, keys->realm);
        /* A key that is replaced while it is read may look like another one, or like none: it is overwritten.
         */
        for (int attempt = 0; (r == -EKEYREJECTED || r == -EBADMSG) && attempt < ATTEMPTS; attempt++) {
                struct buffer bytes = buffer_make(TABLE_MAX);
                r = stat(path, &status) < 0 ? error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno))
                                            : file_read(path, &bytes, error);
                if (r == 0)
                        r = read_table(depot, keys, path, sources, &bytes, error);
                buffer_free(&bytes);
        }
        if (r == 0)
                note_file(keys, &status);
        return r;
}

static struct realm_keys *find(const struct depot *depot, const char *realm)
{
        struct realm_keys *keys = depot->keys;

        while (keys && strcmp(keys->realm, realm) != 0)
                keys = keys->next;
        return keys;
}

void depot_keys_drop(struct depot *depot, const char *realm)
{
        for (struct realm_keys **at = &depot->keys; *at;) {
                struct realm_keys *keys = *at;
                if (realm && strcmp(keys->realm, realm) != 0) {
                        at = &keys->next;
                        continue;
                }
                *at = keys->next;
                key_table_free(keys->table);
                free(keys);
        }
}

static int enter(struct depot *depot, struct realm_keys *keys)
{
        size_t length;
        const void *secret = key_table_secret(keys->table, &length);

        secret_keep(secret, length);
        keys->next = depot->keys;
        depot->keys = keys;
        return 0;
}

static struct realm_keys *make_keys(const char *realm, struct error *error)
{
        struct realm_keys *keys = calloc(1, sizeof *keys);

        if (keys)
                memcpy(keys->realm, realm, strnlen(realm, sizeof keys->realm - 1));
        else
                error_set(error, -ENOMEM, "realm %s: not enough memory for its keys", realm);
        return keys;
}

/* ---- what a killed writer left ---- */

static bool is_there(const struct depot *depot, const char *realm, const struct file_place *place,
        char ret_path[DEPOT_PATH_MAX])
{
        char name[sizeof((struct depot_file *)NULL)->name];

        if (place->kind >= DEPOT_KIND_COUNT)
                return false;
        depot_name_write(name, sizeof name, place->kind, place->window_from, place->generation);
        return depot_file_path(depot, realm, place->kind, name, ret_path, DEPOT_PATH_MAX, NULL) == 0 &&
               access(ret_path, F_OK) == 0;
}

/* Removes files whose keys are destroyed. */
static int remove_destroyed(const struct depot *depot, const struct realm_keys *keys, struct error *error)
{
        char path[DEPOT_PATH_MAX];
        int r = 0;

        for (size_t i = 0; r == 0 && i < key_table_count(keys->table); i++) {
                const struct file_key *key = key_table_at(keys->table, i);
                if (!key->destroyed || !is_there(depot, keys->realm, &key->place, path))
                        continue;
                r = file_remove(path, error);
                if (r == 0)
                        r = depot_sync_around(path, error);
        }
        return r;
}

int depot_keys_open(struct depot *depot, const char *realm, struct realm_keys **ret_keys, struct error *error)
{
        struct realm_keys *keys = find(depot, realm);
        char path[DEPOT_PATH_MAX];
        struct stat status;

        int r = table_path(depot, realm, path, error);
        if (r < 0)
                return r;
        if (keys && (depot->lock >= 0 || (stat(path, &status) == 0 && is_current(keys, &status)))) {
                *ret_keys = keys;
                return 0;
        }
        depot_keys_drop(depot, realm);
        r = depot_has_key_table(depot, realm, error);
        if (r <= 0)
                return r < 0 ? r : error_set(error, -ENOENT, "%s: there is no key table", path);
        keys = make_keys(realm, error);
        r = keys ? load(depot, keys, path, error) : -ENOMEM;
        if (r == 0 && depot->lock >= 0)
                r = remove_destroyed(depot, keys, error);
        if (r < 0) {
                key_table_free(keys ? keys->table : NULL);
                free(keys);
                return r;
        }
        *ret_keys = keys;
        return enter(depot, keys);
}

int depot_keys_tidy(struct depot *depot, struct error *error)
{
        char **names = NULL;
        size_t count = 0;

        int r = depot_realms(depot, &names, &count, error);
        for (size_t i = 0; i < count; i++) {
                struct realm_keys *keys;
                /* The keys of one realm may be elsewhere while another's are here. */
                (void)depot_keys_open(depot, names[i], &keys, NULL);
                free(names[i]);
        }
        free(names);
        return r;
}

/* ---- making and changing ---- */

int depot_keys_write(struct depot *depot, struct realm_keys *keys, struct error *error)
{
        struct buffer bytes = buffer_make(TABLE_MAX);
        char folder[DEPOT_PATH_MAX], name[SETTINGS_NAME_MAX + 8], path[DEPOT_PATH_MAX];

        int r = depot_join(folder, sizeof folder, error, "%s/keys", depot->path);
        if (r == 0)
                r = depot_join(name, sizeof name, error, "%s.keys", keys->realm);
        /* What was destroyed is named until its file is gone. */
        for (size_t i = key_table_count(keys->table); r == 0 && i-- > 0;) {
                struct file_place place = key_table_at(keys->table, i)->place;
                if (key_table_at(keys->table, i)->destroyed && !is_there(depot, keys->realm, &place, path))
                        key_table_forget(keys->table, &place);
        }
        if (r == 0) {
                r = key_table_write(keys->table, &bytes);
                if (r < 0)
                        error_set(error, r, "%s/%s: the key table cannot be made", folder, name);
        }
        if (r == 0)
                r = file_publish(folder, name, bytes.bytes, bytes.length, error);
        buffer_free(&bytes);
        return r;
}

/* A copy of the store must not hold its key. Compared by the folders themselves, not by how they are written.
 */
static int refuse_inside(const struct depot *depot, const char *key_path, struct error *error)
{
        char folder[DEPOT_PATH_MAX], store[DEPOT_PATH_MAX];
        const char *end = strrchr(key_path, '/');

        int r = depot_join(folder, sizeof folder, error, "%.*s/", (int)(end - key_path), key_path);
        if (r < 0)
                return r;
        char *real_folder = realpath(folder, NULL);
        char *real_store = realpath(depot->path, store);
        size_t length = real_store ? strlen(real_store) : 0;
        bool inside = real_folder && real_store && strncmp(real_folder, real_store, length) == 0 &&
                      (real_folder[length] == '/' || real_folder[length] == '\0');
        free(real_folder);
        return inside ? error_set(error, -EINVAL,
                                "%s: this key lies in the store, whose copies would hold it; name a file "
                                "elsewhere",
                                key_path)
                      : 0;
}

static int refuse_key_of_another(
        const struct depot *depot, const char *realm, const char *key_path, struct error *error)
{
        if (access(key_path, F_OK) == 0)
                return error_set(error, -EEXIST,
                        "%s: this key is there already, and realm %s of this store has no key table "
                        "(keys/%s.keys): "
                        "it belongs to another store or realm, or the table was lost; name another file, or "
                        "put "
                        "the table back",
                        key_path, realm, realm);
        return refuse_inside(depot, key_path, error);
}

static int make_and_write_table(struct depot *depot, struct realm_keys *keys,
        const uint8_t table_id[KEY_TABLE_ID_BYTES], const uint8_t realm_key[SEAL_KEY_BYTES],
        struct error *error)
{
        char folder[DEPOT_PATH_MAX];

        int r = key_table_new(keys->realm, table_id, realm_key, &keys->table);
        if (r < 0)
                return error_set(error, r, "realm %s: its key table cannot be made", keys->realm);
        r = depot_join(folder, sizeof folder, error, "%s/keys", depot->path);
        if (r == 0)
                r = folder_make(folder, error);
        return r < 0 ? r : depot_keys_write(depot, keys, error);
}

/* A table without files, and its realm key; the table before a key file, which so always has its table. A key
 * in a token comes before, because only it says what the table is wrapped by: whoever is killed in between
 * leaves one that no table names. */
static int make_table(
        struct depot *depot, struct realm_keys *keys, const struct key_sources *sources, struct error *error)
{
        struct current_key current = {.file = {.count = 0}};
        uint8_t realm_key[2][SEAL_KEY_BYTES], table_id[KEY_TABLE_ID_BYTES];
        const struct key_source *own = key_sources_replaceable(sources);
        const char *key_path = key_sources_file(sources);

        int r = key_path ? refuse_key_of_another(depot, keys->realm, key_path, error) : 0;
        if (r < 0)
                return r;
        r = seal_random(table_id, sizeof table_id);
        if (r < 0)
                return error_set(
                        error, r, "realm %s: the library of ciphers has no random numbers", keys->realm);
        r = own ? current_key_make(own, keys->realm, table_id, &current, error) : 0;
        if (r == 0)
                r = derive(sources, &current.file, table_id, keys->realm, realm_key, error);
        if (r > 0)
                r = make_and_write_table(depot, keys, table_id, realm_key[0], error);
        if (r == 0 && own)
                r = current_key_publish(own, &current, error);
        seal_wipe(realm_key, sizeof realm_key);
        current_key_wipe(&current);
        return r;
}

/* A table that names no file and has no key protects nothing: whoever made it was killed before the key. */
static bool is_unborn(const struct depot *depot, const char *realm, const struct key_sources *sources)
{
        struct buffer bytes = buffer_make(TABLE_MAX);
        const char *key_path = key_sources_file(sources);
        struct key_table_head head = {.count = 1};
        char path[DEPOT_PATH_MAX];

        if (key_path && access(key_path, F_OK) < 0 && errno == ENOENT &&
                table_path(depot, realm, path, NULL) == 0 && file_read(path, &bytes, NULL) == 0)
                (void)key_table_head_read(bytes.bytes, bytes.length, path, &head, NULL);
        buffer_free(&bytes);
        return head.count == 0 && head.serial == 1;
}

int depot_keys_make(struct depot *depot, const char *realm, struct realm_keys **ret_keys, struct error *error)
{
        const struct key_sources *sources = depot_key_sources(depot, realm);

        int r = depot_keys_open(depot, realm, ret_keys, error);
        if (r == 0 || !sources || (r != -ENOENT && !(r == -ENOKEY && is_unborn(depot, realm, sources))))
                return r;
        struct realm_keys *keys = make_keys(realm, error);
        r = keys ? make_table(depot, keys, sources, error) : -ENOMEM;
        if (r < 0) {
                key_table_free(keys ? keys->table : NULL);
                free(keys);
                return r;
        }
        *ret_keys = keys;
        return enter(depot, keys);
}

/* The steps of doc/format/key-table.md: both keys, the table, the new key alone. */
static int replace_key(struct depot *depot, struct realm_keys *keys, const struct key_sources *sources,
        struct current_key *current, struct error *error)
{
        const struct key_source *own = key_sources_replaceable(sources);
        uint8_t realm_key[2][SEAL_KEY_BYTES];

        int r = current_key_read(own, key_table_head_of(keys->table), current, error);
        if (r == 0)
                r = current_key_add(own, current, error);
        if (r == 0)
                r = derive(sources, &current->file, current->file.table_id, keys->realm, realm_key, error);
        if (r < 0)
                return r;
        r = key_table_wrap_anew(keys->table, realm_key[1]);
        if (r < 0)
                error_set(error, r, "realm %s: its keys cannot be wrapped anew", keys->realm);
        if (r == 0)
                r = depot_keys_write(depot, keys, error);
        if (r == 0)
                r = current_key_settle(own, current, 1, error);
        seal_wipe(realm_key, sizeof realm_key);
        return r;
}

int depot_keys_renew(struct depot *depot, struct realm_keys *keys, bool *ret_renewed, struct error *error)
{
        const struct key_sources *sources = depot_key_sources(depot, keys->realm);
        struct current_key current = {.file = {.count = 0}};

        if (!sources || !key_sources_replaceable(sources)) {
                *ret_renewed = false;
                return depot_keys_write(depot, keys, error);
        }
        int r = replace_key(depot, keys, sources, &current, error);
        current_key_wipe(&current);
        if (r == 0)
                *ret_renewed = true;
        return r;
}

int depot_destroy_token_keys(struct depot *depot, const char *realm, struct error *error)
{
        const struct key_sources *sources = depot_key_sources(depot, realm);
        const struct key_source *own = sources ? key_sources_replaceable(sources) : NULL;
        struct buffer bytes = buffer_make(TABLE_MAX);
        struct key_table_head head;
        char path[DEPOT_PATH_MAX];

        if (!own || own->kind != KEY_SOURCE_TOKEN)
                return 0;
        int r = depot_has_key_table(depot, realm, error);
        if (r <= 0)
                return r;
        r = table_path(depot, realm, path, error);
        if (r == 0)
                r = file_read(path, &bytes, error);
        if (r == 0)
                r = key_table_head_read(bytes.bytes, bytes.length, path, &head, error);
        if (r == 0)
                r = current_key_destroy_in_token(own, &head, error);
        buffer_free(&bytes);
        depot_keys_drop(depot, realm);
        return r;
}
