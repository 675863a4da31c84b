/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/key_table.h"

#include "base/checksum.h"
#include "base/cursor.h"
#include "crypto/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "ROGKEY\r\n"
#define VERSION 1u
#define HEADER_BYTES 160
#define CHECKED (HEADER_BYTES - 8) /* of the header, under its checksum */
#define CLEAR_BYTES 40             /* of an entry, before the wrapped key */
#define WRAPPED_BYTES (SEAL_KEY_BYTES + SEAL_TAG_BYTES)
#define ENTRY_BYTES (CLEAR_BYTES + WRAPPED_BYTES)
#define SALT_BYTES 32
#define SALT_OFFSET 48

static_assert(FILE_KEY_ID_BYTES >= SEAL_NONCE_BYTES, "a key's number is its nonce too");

struct key_table {
        struct key_table_head head;
        uint8_t realm_key[SEAL_KEY_BYTES]; /* the table is authenticated with it at each writing */
        struct seal *wrapping;
        struct file_key *keys; /* ascending; owned */
        size_t count, capacity;
};

/* ---- the clear header ---- */

/* In the build for fuzzing, whose inputs cannot have right checksums, each counts as right. */
static bool checksum_is(const uint8_t *bytes, uint64_t expected)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        (void)bytes, (void)expected;
        return true;
#else
        return checksum(bytes, CHECKED) == expected;
#endif
}

static int damaged(const char *name, const char *what, struct error *error)
{
        return error_set(error, -EBADMSG,
                "%s: the key table is damaged (%s); put it back from a copy that is no older than the last "
                "import and the last destruction: without it the realm's sealed files cannot be read",
                name, what);
}

int key_table_head_read(const void *bytes, size_t length, const char *name, struct key_table_head *ret_head,
        struct error *error)
{
        struct key_table_head head = {.count = 0};

        if (length < HEADER_BYTES + SEAL_TAG_BYTES)
                return damaged(name, "it is too short", error);
        struct cursor cursor = cursor_over(bytes, HEADER_BYTES);
        if (memcmp(cursor_take(&cursor, 8), MAGIC, 8) != 0)
                return error_set(error, -EBADMSG, "%s: this is no key table of rogatory", name);
        uint32_t version = cursor_le32(&cursor);
        head.count = cursor_le32(&cursor);
        memcpy(head.table_id, cursor_take(&cursor, KEY_TABLE_ID_BYTES), KEY_TABLE_ID_BYTES);
        memcpy(head.realm_key_id, cursor_take(&cursor, REALM_KEY_ID_BYTES), REALM_KEY_ID_BYTES);
        cursor_skip(&cursor, SALT_BYTES);
        head.serial = cursor_le64(&cursor);
        size_t realm = cursor_u8(&cursor);
        if (realm < REALM_NAME_MAX)
                memcpy(head.realm, cursor_take(&cursor, realm), realm);
        cursor_skip(&cursor, cursor_left(&cursor) - 8);
        if (!checksum_is(bytes, cursor_le64(&cursor)) || realm >= REALM_NAME_MAX)
                return damaged(name, "its header", error);
        if (version != VERSION)
                return error_set(error, -EPROTONOSUPPORT,
                        "%s: written by a newer rogatory (version %u); use that one", name,
                        (unsigned)version);
        if (head.count > KEY_TABLE_FILES_MAX ||
                length != HEADER_BYTES + (size_t)head.count * ENTRY_BYTES + SEAL_TAG_BYTES)
                return damaged(name, "its length", error);
        *ret_head = head;
        return 0;
}

/* ---- keys of the table itself ---- */

static int make_wrapping(
        const struct key_table_head *head, const uint8_t realm_key[SEAL_KEY_BYTES], struct seal **ret_seal)
{
        static const char purpose[] = "rogatory key table wrapping 1";
        uint8_t key[SEAL_KEY_BYTES];

        int r = seal_derive(realm_key, SEAL_KEY_BYTES, head->table_id, sizeof head->table_id, purpose,
                sizeof purpose - 1, key);
        if (r == 0)
                r = seal_new(key, ret_seal);
        seal_wipe(key, sizeof key);
        return r;
}

/* The table is authenticated as the context of an empty content, under a key of this one writing: its salt is
 * random, so the nonce may always be zero. */
static int make_tag(const uint8_t realm_key[SEAL_KEY_BYTES], const uint8_t salt[SALT_BYTES],
        const void *bytes, size_t length, const uint8_t *given, uint8_t ret_tag[SEAL_TAG_BYTES])
{
        static const char purpose[] = "rogatory key table proof 1";
        static const uint8_t nonce[SEAL_NONCE_BYTES];
        uint8_t key[SEAL_KEY_BYTES], digest[DIGEST_BYTES], none[1];
        struct seal *seal = NULL;

        int r = seal_derive(realm_key, SEAL_KEY_BYTES, salt, SALT_BYTES, purpose, sizeof purpose - 1, key);
        if (r == 0)
                r = seal_new(key, &seal);
        if (r == 0)
                r = digest_of(bytes, length, digest);
        if (r == 0)
                r = given ? seal_open(seal, nonce, digest, sizeof digest, given, SEAL_TAG_BYTES, none)
                          : seal_close(seal, nonce, digest, sizeof digest, none, 0, ret_tag);
        seal_free(seal);
        seal_wipe(key, sizeof key);
        return r;
}

/* ---- entries ---- */

static int compare_places(const struct file_place *a, const struct file_place *b)
{
        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        if (a->window_from != b->window_from)
                return a->window_from < b->window_from ? -1 : 1;
        return (a->generation > b->generation) - (a->generation < b->generation);
}

/* Where a place stands or would stand. */
static size_t lower_bound(const struct key_table *table, const struct file_place *place)
{
        size_t low = 0, high = table->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (compare_places(&table->keys[middle].place, place) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void put_clear(struct buffer *buffer, const struct file_key *key)
{
        buffer_append_u8(buffer, key->place.kind);
        buffer_append_u8(buffer, key->destroyed);
        buffer_append_le(buffer, 0, 6);
        buffer_append_le(buffer, (uint64_t)key->place.window_from, 8);
        buffer_append_le(buffer, key->place.generation, 8);
        buffer_append(buffer, key->id, sizeof key->id);
}

/* A wrapped key is bound to the file that it opens. */
static int clear_of(const struct file_key *key, uint8_t ret_clear[CLEAR_BYTES])
{
        struct buffer buffer = buffer_make(CLEAR_BYTES);

        put_clear(&buffer, key);
        int r = buffer.failed;
        if (r == 0)
                memcpy(ret_clear, buffer.bytes, CLEAR_BYTES);
        buffer_free(&buffer);
        return r;
}

static int wrap(struct seal *wrapping, struct file_key *key, const uint8_t plain[SEAL_KEY_BYTES])
{
        uint8_t clear[CLEAR_BYTES];

        int r = clear_of(key, clear);
        return r < 0 ? r
                     : seal_close(
                               wrapping, key->id, clear, sizeof clear, plain, SEAL_KEY_BYTES, key->wrapped);
}

static int unwrap(struct seal *wrapping, const struct file_key *key, uint8_t ret_key[SEAL_KEY_BYTES])
{
        uint8_t clear[CLEAR_BYTES];

        if (key->destroyed)
                return -ENOKEY;
        int r = clear_of(key, clear);
        return r < 0 ? r
                     : seal_open(
                               wrapping, key->id, clear, sizeof clear, key->wrapped, WRAPPED_BYTES, ret_key);
}

/* ---- making, reading, writing ---- */

int key_table_new(const char *realm, const uint8_t table_id[KEY_TABLE_ID_BYTES],
        const uint8_t realm_key[SEAL_KEY_BYTES], struct key_table **ret_table)
{
        struct key_table *table = calloc(1, sizeof *table);

        if (!table)
                return -ENOMEM;
        memcpy(table->head.realm, realm, strnlen(realm, sizeof table->head.realm - 1));
        memcpy(table->head.table_id, table_id, KEY_TABLE_ID_BYTES);
        memcpy(table->realm_key, realm_key, SEAL_KEY_BYTES);
        int r = realm_key_identify(realm_key, table->head.realm_key_id);
        if (r == 0)
                r = make_wrapping(&table->head, realm_key, &table->wrapping);
        if (r < 0) {
                key_table_free(table);
                return r;
        }
        *ret_table = table;
        return 0;
}

void key_table_free(struct key_table *table)
{
        if (!table)
                return;
        seal_free(table->wrapping);
        free(table->keys);
        seal_wipe(table, sizeof *table);
        free(table);
}

static bool read_entry(struct cursor *cursor, struct file_key *key)
{
        key->place.kind = cursor_u8(cursor);
        uint8_t destroyed = cursor_u8(cursor);
        uint64_t zero = cursor_le(cursor, 6);
        key->place.window_from = (int64_t)cursor_le64(cursor);
        key->place.generation = cursor_le64(cursor);
        memcpy(key->id, cursor_take(cursor, FILE_KEY_ID_BYTES), FILE_KEY_ID_BYTES);
        memcpy(key->wrapped, cursor_take(cursor, WRAPPED_BYTES), WRAPPED_BYTES);
        key->destroyed = destroyed;
        return destroyed <= 1 && zero == 0;
}

static int read_entries(struct key_table *table, struct cursor cursor, const char *name, struct error *error)
{
        table->keys = calloc(table->head.count ? table->head.count : 1, sizeof *table->keys);
        if (!table->keys)
                return error_set(error, -ENOMEM, "%s: not enough memory", name);
        table->capacity = table->head.count ? table->head.count : 1;
        for (size_t i = 0; i < table->head.count; i++) {
                if (!read_entry(&cursor, &table->keys[i]))
                        return damaged(name, "an entry", error);
                if (i > 0 && compare_places(&table->keys[i - 1].place, &table->keys[i].place) >= 0)
                        return damaged(name, "the order of its entries", error);
                table->count++;
        }
        return 0;
}

static int verify(const struct key_table *table, const uint8_t *bytes, size_t length, const char *name,
        struct error *error)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        (void)table, (void)bytes, (void)length, (void)name, (void)error;
        return 0;
#else
        int r = make_tag(table->realm_key, bytes + SALT_OFFSET, bytes, length - SEAL_TAG_BYTES,
                bytes + length - SEAL_TAG_BYTES, NULL);
        if (r == -EBADMSG)
                return damaged(name, "its proof", error);
        return r < 0 ? error_set(error, r, "%s: the library of ciphers refuses", name) : 0;
#endif
}

int key_table_read(const void *bytes, size_t length, const char *name,
        const uint8_t realm_key[SEAL_KEY_BYTES], struct key_table **ret_table, struct error *error)
{
        struct key_table *table = NULL;
        struct key_table_head head;
        uint8_t id[REALM_KEY_ID_BYTES];

        int r = key_table_head_read(bytes, length, name, &head, error);
        if (r < 0)
                return r;
        r = realm_key_identify(realm_key, id);
        if (r == 0 && memcmp(id, head.realm_key_id, sizeof id) != 0)
                return error_set(error, -EKEYREJECTED,
                        "%s: the realm's key is another than the one this key table was written with", name);
        if (r == 0)
                r = key_table_new(head.realm, head.table_id, realm_key, &table);
        if (r < 0)
                return error_set(error, r, "%s: %s", name,
                        r == -ENOMEM ? "not enough memory" : "the library of ciphers refuses");
        table->head = head;
        r = verify(table, bytes, length, name, error);
        if (r == 0)
                r = read_entries(table,
                        cursor_over((const uint8_t *)bytes + HEADER_BYTES, (size_t)head.count * ENTRY_BYTES),
                        name, error);
        if (r < 0) {
                key_table_free(table);
                return r;
        }
        *ret_table = table;
        return 0;
}

static void put_header(const struct key_table *table, const uint8_t salt[SALT_BYTES], struct buffer *buffer)
{
        const struct key_table_head *head = &table->head;
        size_t begin = buffer->length, realm = strlen(head->realm);

        buffer_append(buffer, MAGIC, 8);
        buffer_append_le(buffer, VERSION, 4);
        buffer_append_le(buffer, table->count, 4);
        buffer_append(buffer, head->table_id, sizeof head->table_id);
        buffer_append(buffer, head->realm_key_id, sizeof head->realm_key_id);
        buffer_append(buffer, salt, SALT_BYTES);
        buffer_append_le(buffer, head->serial, 8);
        buffer_append_u8(buffer, (uint8_t)realm);
        buffer_append(buffer, head->realm, REALM_NAME_MAX - 1);
        if (!buffer->failed)
                buffer_append_le(buffer, checksum(buffer->bytes + begin, CHECKED), 8);
}

int key_table_write(struct key_table *table, struct buffer *buffer)
{
        uint8_t salt[SALT_BYTES], tag[SEAL_TAG_BYTES];
        size_t begin = buffer->length;

        int r = seal_random(salt, sizeof salt);
        if (r < 0)
                return r;
        table->head.serial++;
        table->head.count = (uint32_t)table->count;
        put_header(table, salt, buffer);
        for (size_t i = 0; i < table->count; i++) {
                put_clear(buffer, &table->keys[i]);
                buffer_append(buffer, table->keys[i].wrapped, WRAPPED_BYTES);
        }
        if (buffer->failed)
                return buffer->failed;
        r = make_tag(table->realm_key, salt, buffer->bytes + begin, buffer->length - begin, NULL, tag);
        return r < 0 ? r : buffer_append(buffer, tag, sizeof tag);
}

/* ---- using ---- */

const struct key_table_head *key_table_head_of(const struct key_table *table)
{
        return &table->head;
}

const void *key_table_secret(const struct key_table *table, size_t *ret_length)
{
        *ret_length = sizeof table->realm_key;
        return table->realm_key;
}

size_t key_table_count(const struct key_table *table)
{
        return table->count;
}

const struct file_key *key_table_at(const struct key_table *table, size_t index)
{
        return &table->keys[index];
}

static struct file_key *find(const struct key_table *table, const struct file_place *place)
{
        size_t at = lower_bound(table, place);

        return at < table->count && compare_places(&table->keys[at].place, place) == 0 ? &table->keys[at]
                                                                                       : NULL;
}

const struct file_key *key_table_find(const struct key_table *table, const struct file_place *place)
{
        return find(table, place);
}

int key_table_unwrap(struct key_table *table, const struct file_key *key, uint8_t ret_key[SEAL_KEY_BYTES])
{
        return unwrap(table->wrapping, key, ret_key);
}

int key_table_add(struct key_table *table, const struct file_place *place, uint8_t ret_id[FILE_KEY_ID_BYTES],
        uint8_t ret_key[SEAL_KEY_BYTES])
{
        struct file_key key = {.place = *place};

        if (table->count == KEY_TABLE_FILES_MAX)
                return -EFBIG;
        if (table->count == table->capacity) {
                size_t capacity = table->capacity ? 2 * table->capacity : 16;
                struct file_key *grown = realloc(table->keys, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                table->keys = grown;
                table->capacity = capacity;
        }
        int r = seal_random(ret_key, SEAL_KEY_BYTES);
        if (r == 0)
                r = seal_random(key.id, sizeof key.id);
        if (r == 0)
                r = wrap(table->wrapping, &key, ret_key);
        if (r < 0)
                return r;
        size_t at = lower_bound(table, place);
        if (at == table->count || compare_places(&table->keys[at].place, place) != 0) {
                memmove(&table->keys[at + 1], &table->keys[at], (table->count - at) * sizeof key);
                table->count++;
        }
        table->keys[at] = key;
        memcpy(ret_id, key.id, FILE_KEY_ID_BYTES);
        return 0;
}

void key_table_destroy(struct key_table *table, const struct file_place *place)
{
        struct file_key *key = find(table, place);

        if (!key)
                return;
        key->destroyed = true;
        seal_wipe(key->wrapped, sizeof key->wrapped);
}

void key_table_forget(struct key_table *table, const struct file_place *place)
{
        struct file_key *key = find(table, place);

        if (!key)
                return;
        size_t at = (size_t)(key - table->keys);
        memmove(key, key + 1, (table->count - at - 1) * sizeof *key);
        table->count--;
        seal_wipe(&table->keys[table->count], sizeof *key);
}

int key_table_wrap_anew(struct key_table *table, const uint8_t realm_key[SEAL_KEY_BYTES])
{
        struct file_key *keys = calloc(table->count ? table->count : 1, sizeof *keys);
        struct seal *wrapping = NULL;
        uint8_t plain[SEAL_KEY_BYTES], id[REALM_KEY_ID_BYTES];

        if (!keys)
                return -ENOMEM;
        if (table->count)
                memcpy(keys, table->keys, table->count * sizeof *keys);
        int r = realm_key_identify(realm_key, id);
        if (r == 0)
                r = make_wrapping(&table->head, realm_key, &wrapping);
        for (size_t i = 0; r == 0 && i < table->count; i++) {
                if (keys[i].destroyed)
                        continue;
                r = unwrap(table->wrapping, &table->keys[i], plain);
                if (r == 0)
                        r = wrap(wrapping, &keys[i], plain);
        }
        seal_wipe(plain, sizeof plain);
        if (r < 0) {
                seal_free(wrapping);
                free(keys);
                return r;
        }
        seal_free(table->wrapping);
        free(table->keys);
        table->wrapping = wrapping;
        table->keys = keys;
        table->capacity = table->count ? table->count : 1;
        memcpy(table->head.realm_key_id, id, sizeof id);
        memcpy(table->realm_key, realm_key, SEAL_KEY_BYTES);
        return 0;
}
