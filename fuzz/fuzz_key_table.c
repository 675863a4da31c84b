/* SPDX-License-Identifier: EUPL-1.2 */
/* Key tables and key files. */
#include "custody/key_table.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is written back as it was. */
static void read_key_file(const uint8_t *data, size_t size)
{
        struct buffer text = buffer_make(REALM_KEY_FILE_MAX);
        struct realm_key_file file;
        struct error error = {0};

        if (realm_key_file_read(slice_make((const char *)data, size), "input", &file, &error) == 0 &&
                (realm_key_file_write(&file, &text) < 0 || text.length != size ||
                        memcmp(text.bytes, data, size) != 0))
                abort();
        buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t key[SEAL_KEY_BYTES] = {42};
        struct buffer bytes = buffer_make(64u << 20);
        uint8_t plain[SEAL_KEY_BYTES];
        struct key_table *table;
        struct key_table_head head;
        struct error error = {0};

        if (size > 0 && size < REALM_KEY_FILE_MAX)
                read_key_file(data, size);
        if (key_table_head_read(data, size, "input", &head, &error) == 0 &&
                key_table_read(data, size, "input", key, &table, &error) == 0) {
                for (size_t i = 0; i < key_table_count(table); i++)
                        (void)key_table_unwrap(table, key_table_at(table, i), plain);
                if (key_table_write(table, &bytes) < 0 || bytes.length != size)
                        abort();
                key_table_free(table);
        }
        buffer_free(&bytes);
        return 0;
}
