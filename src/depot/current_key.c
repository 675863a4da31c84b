/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/current_key.h"

#include "crypto/digest.h"
#include "os/keyring.h"
#include "settings/token_uri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void current_key_wipe(struct current_key *current)
{
        seal_wipe(current, sizeof *current);
}

/* ---- in a file ---- */

/* -ENOENT where there is no such file, with no words. */
static int read_key_file(const char *path, struct realm_key_file *ret_file, struct error *error)
{
        struct buffer text = buffer_make(SECRET_MOST);

        secret_keep(ret_file, sizeof *ret_file);
        int r = secret_file_read(path, &text, error);
        if (r == 0)
                r = realm_key_file_read(
                        slice_make(text.bytes ? (char *)text.bytes : "", text.length), path, ret_file, error);
        if (text.bytes)
                seal_wipe(text.bytes, text.capacity);
        buffer_free(&text);
        return r;
}

static int write_key_file(
        const char *path, const struct realm_key_file *file, bool new_file, struct error *error)
{
        struct buffer text = buffer_make(REALM_KEY_FILE_MAX);

        int r = buffer_reserve(&text, REALM_KEY_FILE_MAX);
        if (r == 0)
                r = realm_key_file_write(file, &text);
        if (r < 0)
                error_set(error, r, "%s: not enough memory", path);
        else if (new_file)
                r = secret_file_create(path, text.bytes, text.length, error);
        else
                r = secret_file_replace(path, text.bytes, text.length, error);
        if (text.bytes)
                seal_wipe(text.bytes, text.capacity);
        buffer_free(&text);
        return r;
}

/* The key file that belongs to this table. */
static int read_own_key_file(const char *path, const struct key_table_head *head,
        struct realm_key_file *ret_file, struct error *error)
{
        int r = read_key_file(path, ret_file, error);
        if (r == -ENOENT)
                return error_set(error, -ENOKEY,
                        "%s: the key of realm %s is missing, and without it nothing that is sealed can be "
                        "read; "
                        "put it back from its copy",
                        path, head->realm);
        if (r == 0 && (strcmp(ret_file->realm, head->realm) != 0 ||
                              memcmp(ret_file->table_id, head->table_id, sizeof head->table_id) != 0)) {
                seal_wipe(ret_file, sizeof *ret_file);
                return error_set(error, -EKEYREJECTED,
                        "%s: this key belongs to another realm or another store than the key table of realm "
                        "%s; "
                        "name a file of its own for each, or put the right one back",
                        path, head->realm);
        }
        return r;
}

/* What was left half done. which: the key that the table is written with. */
static int settle_key_file(const char *path, struct realm_key_file *file, int which, struct error *error)
{
        int r = secret_file_tidy(path, error);

        if (r < 0 || file->count == 1)
                return r;
        if (which == 1)
                memcpy(file->keys[0], file->keys[1], SEAL_KEY_BYTES);
        seal_wipe(file->keys[1], SEAL_KEY_BYTES);
        file->count = 1;
        return write_key_file(path, file, false, error);
}

/* ---- in a token ---- */

static int open_token(
        const struct key_source *source, bool to_change, struct token **ret_token, struct error *error)
{
        struct token_uri uri;

        int r = token_uri_read(slice_of(source->name), &uri, error);
        if (r < 0)
                return r;
        const struct token_place place = {uri.module, uri.token, uri.object, uri.pin_file};
        r = token_open(&place, to_change, ret_token, error);
        return r == -ENOENT || r == -ENODEV ? -ENOKEY : r; /* -ENOENT says that there is no key table */
}

/* A key of a token begins its number with that of the table, so that stores and realms do not take each
 * other's. The rest is random. */
static int draw_id(const uint8_t table_id[KEY_TABLE_ID_BYTES], uint8_t ret_id[TOKEN_KEY_ID_BYTES])
{
        memcpy(ret_id, table_id, KEY_TABLE_ID_BYTES);
        return seal_random(ret_id + KEY_TABLE_ID_BYTES, TOKEN_KEY_ID_BYTES - KEY_TABLE_ID_BYTES);
}

/* What the realm key is made of: the token's key applied to a value of this table alone. */
static int add_part(
        struct token *token, const struct token_key *key, struct current_key *current, struct error *error)
{
        char purpose[REALM_NAME_MAX + KEY_TABLE_ID_BYTES + 32];
        uint8_t value[DIGEST_BYTES];
        unsigned at = current->file.count;

        int used = snprintf(purpose, sizeof purpose, "rogatory token part 1 %s", current->file.realm);
        memcpy(purpose + used + 1, current->file.table_id, KEY_TABLE_ID_BYTES);
        int r = digest_of(purpose, (size_t)used + 1 + KEY_TABLE_ID_BYTES, value);
        if (r < 0)
                return error_set(error, r, "realm %s: no digest can be made", current->file.realm);
        r = token_apply(token, key, value, current->file.keys[at], error);
        if (r < 0)
                return r;
        memcpy(current->ids[at], key->id, sizeof key->id);
        current->file.count++;
        return 0;
}

static int read_token(const struct key_source *source, const struct key_table_head *head,
        struct current_key *current, struct error *error)
{
        struct token_key keys[TOKEN_KEYS_MAX];
        struct token *token;

        int r = open_token(source, false, &token, error);
        if (r < 0)
                return r;
        int count = token_find(token, head->table_id, sizeof head->table_id, keys, error);
        if (count == 0)
                count = error_set(error, -ENOKEY,
                        "the token has no key for realm %s of this store, and without it nothing that is "
                        "sealed "
                        "can be read (key = pkcs11:%s)",
                        head->realm, source->name);
        memcpy(current->file.realm, head->realm, sizeof current->file.realm);
        memcpy(current->file.table_id, head->table_id, sizeof head->table_id);
        r = count < 0 ? count : 0;
        for (int i = 0; r == 0 && i < count; i++)
                r = add_part(token, &keys[i], current, error);
        token_close(token);
        return r;
}

static int make_in_token(const struct key_source *source, struct current_key *current, struct error *error)
{
        uint8_t id[TOKEN_KEY_ID_BYTES];
        struct token_key key;
        struct token *token;

        int r = draw_id(current->file.table_id, id);
        if (r < 0)
                return error_set(error, r, "realm %s: the library of ciphers has no random numbers",
                        current->file.realm);
        r = open_token(source, true, &token, error);
        if (r < 0)
                return r;
        r = token_make_key(token, id, &key, error);
        if (r == 0)
                r = add_part(token, &key, current, error);
        token_close(token);
        return r;
}

static int settle_token(
        const struct key_source *source, struct current_key *current, int which, struct error *error)
{
        struct token_key keys[TOKEN_KEYS_MAX];
        struct token *token;

        if (current->file.count == 1)
                return 0;
        int r = open_token(source, true, &token, error);
        if (r < 0)
                return r;
        int count = token_find(token, current->file.table_id, sizeof current->file.table_id, keys, error);
        r = count < 0 ? count : 0;
        for (int i = 0; r == 0 && i < count; i++)
                if (memcmp(keys[i].id, current->ids[which], sizeof keys[i].id) != 0)
                        r = token_destroy_key(token, &keys[i], error);
        token_close(token);
        return r;
}

int current_key_destroy_in_token(
        const struct key_source *source, const struct key_table_head *head, struct error *error)
{
        struct token_key keys[TOKEN_KEYS_MAX];
        struct token *token;

        int r = open_token(source, true, &token, error);
        if (r < 0)
                return r;
        int count = token_find(token, head->table_id, sizeof head->table_id, keys, error);
        r = count < 0 ? count : 0;
        for (int i = 0; r == 0 && i < count; i++)
                r = token_destroy_key(token, &keys[i], error);
        token_close(token);
        return r;
}

/* ---- whichever it is ---- */

int current_key_read(const struct key_source *source, const struct key_table_head *head,
        struct current_key *ret_current, struct error *error)
{
        *ret_current = (struct current_key){.file = {.count = 0}};
        secret_keep(ret_current, sizeof *ret_current);
        return source->kind == KEY_SOURCE_FILE
                       ? read_own_key_file(source->name, head, &ret_current->file, error)
                       : read_token(source, head, ret_current, error);
}

int current_key_make(const struct key_source *source, const char *realm,
        const uint8_t table_id[KEY_TABLE_ID_BYTES], struct current_key *ret_current, struct error *error)
{
        struct current_key current = {.file = {.count = 0}};

        secret_keep(&current, sizeof current);
        memcpy(current.file.realm, realm, strnlen(realm, sizeof current.file.realm - 1));
        memcpy(current.file.table_id, table_id, KEY_TABLE_ID_BYTES);
        int r = 0;
        if (source->kind == KEY_SOURCE_TOKEN) {
                r = make_in_token(source, &current, error);
        } else if ((r = seal_random(current.file.keys[0], SEAL_KEY_BYTES)) < 0) {
                error_set(error, r, "realm %s: the library of ciphers has no random numbers", realm);
        } else {
                current.file.count = 1;
        }
        if (r == 0)
                *ret_current = current;
        current_key_wipe(&current);
        return r;
}

int current_key_publish(
        const struct key_source *source, const struct current_key *current, struct error *error)
{
        return source->kind == KEY_SOURCE_FILE ? write_key_file(source->name, &current->file, true, error)
                                               : 0;
}

int current_key_add(const struct key_source *source, struct current_key *current, struct error *error)
{
        if (current->file.count != 1)
                return error_set(error, -EBADMSG,
                        "realm %s: its key source holds two keys although the store is locked; try again",
                        current->file.realm);
        if (source->kind == KEY_SOURCE_TOKEN)
                return make_in_token(source, current, error);
        if (seal_random(current->file.keys[1], SEAL_KEY_BYTES) < 0)
                return error_set(error, -EIO, "realm %s: the library of ciphers has no random numbers",
                        current->file.realm);
        current->file.count = 2;
        return write_key_file(source->name, &current->file, false, error);
}

int current_key_settle(
        const struct key_source *source, struct current_key *current, int which, struct error *error)
{
        return source->kind == KEY_SOURCE_FILE ? settle_key_file(source->name, &current->file, which, error)
                                               : settle_token(source, current, which, error);
}
