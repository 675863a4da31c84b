/* SPDX-License-Identifier: EUPL-1.2 */
/* Directories: what is read is written in one form, which reads to the same again. */
#include "directory/directory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct directory *directory)
{
        struct buffer first = buffer_make(64u << 20), second = buffer_make(64u << 20);
        struct directory *again = NULL;
        struct error error = {0};

        if (directory_write(directory, &first) < 0 ||
                directory_parse(slice_make((const char *)first.bytes, first.length), &again, &error) < 0 ||
                directory_write(again, &second) < 0 || first.length != second.length ||
                memcmp(first.bytes, second.bytes, first.length) != 0)
                abort();
        directory_free(again);
        buffer_free(&first);
        buffer_free(&second);
}

/* The input is a directory, or one behind a signature (the first byte says which), so that the reader of
 * signatures sees hostile bytes too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct directory *directory = NULL;
        struct error error = {0};

        if (size > 0 && data[0] == '!') {
                static const struct note_key key = {.name = "operator.example", .type = NOTE_KEY_ED25519};
                static const struct directory_pin nothing_yet = {.version = 0};
                struct slice signature = slice_make((const char *)data + 1, size - 1);
                if (directory_verify(slice_of("{}"), signature, &key, &nothing_yet, 0, &directory, &error) ==
                        0)
                        abort();
                return 0;
        }
        int r = directory_parse(slice_make((const char *)data, size), &directory, &error);
        if (r < 0) {
                if (error.text[0] == '\0' || directory)
                        abort();
                return 0;
        }
        write_again(directory);
        directory_free(directory);
        return 0;
}
