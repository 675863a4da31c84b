/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/realm_key.h"

#include <stdio.h>
#include <string.h>

#define FIRST_LINE "rogatory-realm-key 1"

int realm_key_derive(const uint8_t *parts, size_t length, const uint8_t table_id[KEY_TABLE_ID_BYTES],
        const char *realm, uint8_t ret_key[SEAL_KEY_BYTES])
{
        char purpose[REALM_NAME_MAX + 32];
        int used = snprintf(purpose, sizeof purpose, "rogatory realm key 1 %s", realm);

        if (used < 0 || (size_t)used >= sizeof purpose)
                return -EIO;
        return seal_derive(parts, length, table_id, KEY_TABLE_ID_BYTES, purpose, (size_t)used, ret_key);
}

int realm_key_identify(const uint8_t key[SEAL_KEY_BYTES], uint8_t ret_id[REALM_KEY_ID_BYTES])
{
        static const char purpose[] = "rogatory realm key id 1";
        uint8_t derived[SEAL_KEY_BYTES];

        int r = seal_derive(key, SEAL_KEY_BYTES, "", 0, purpose, sizeof purpose - 1, derived);
        if (r == 0)
                memcpy(ret_id, derived, REALM_KEY_ID_BYTES);
        return r;
}

static void append_hex(struct buffer *buffer, const char *word, const uint8_t *bytes, size_t length)
{
        static const char digits[] = "0123456789abcdef";

        buffer_append_text(buffer, word);
        for (size_t i = 0; i < length; i++) {
                buffer_append_u8(buffer, (uint8_t)digits[bytes[i] >> 4]);
                buffer_append_u8(buffer, (uint8_t)digits[bytes[i] & 15]);
        }
        buffer_append_u8(buffer, '\n');
}

int realm_key_file_write(const struct realm_key_file *file, struct buffer *buffer)
{
        buffer_append_text(buffer, FIRST_LINE "\nrealm ");
        buffer_append_text(buffer, file->realm);
        append_hex(buffer, "\ntable ", file->table_id, sizeof file->table_id);
        for (unsigned i = 0; i < file->count; i++)
                append_hex(buffer, "key ", file->keys[i], SEAL_KEY_BYTES);
        return buffer->failed;
}

static int digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A line "WORD HEX" of exactly length bytes. */
static bool take_hex(struct slice *rest, const char *word, uint8_t *ret, size_t length)
{
        struct slice line = slice_cut(rest, '\n'), name = slice_cut(&line, ' ');

        if (!slice_is(name, word) || line.length != 2 * length)
                return false;
        for (size_t i = 0; i < length; i++) {
                int high = digit(line.text[2 * i]), low = digit(line.text[2 * i + 1]);
                if (high < 0 || low < 0)
                        return false;
                ret[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}

static bool parse(struct slice rest, struct realm_key_file *file)
{
        if (rest.length == 0 || rest.text[rest.length - 1] != '\n' ||
                !slice_is(slice_cut(&rest, '\n'), FIRST_LINE))
                return false;
        struct slice realm = slice_cut(&rest, '\n');
        if (!slice_is(slice_cut(&realm, ' '), "realm") || realm.length == 0 ||
                realm.length >= sizeof file->realm || memchr(realm.text, '\0', realm.length))
                return false;
        memcpy(file->realm, realm.text, realm.length);
        if (!take_hex(&rest, "table", file->table_id, sizeof file->table_id))
                return false;
        while (rest.length > 0 && file->count < 2)
                if (!take_hex(&rest, "key", file->keys[file->count++], SEAL_KEY_BYTES))
                        return false;
        return rest.length == 0 && file->count > 0;
}

int realm_key_file_read(
        struct slice text, const char *name, struct realm_key_file *ret_file, struct error *error)
{
        struct realm_key_file file = {.count = 0};
        int r = 0;

        if (parse(text, &file))
                *ret_file = file;
        else
                r = error_set(error, -EBADMSG,
                        "%s: this is no key file of rogatory, or it is damaged; put it back from its copy",
                        name);
        seal_wipe(&file, sizeof file);
        return r;
}
