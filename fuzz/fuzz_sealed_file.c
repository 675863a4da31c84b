/* SPDX-License-Identifier: EUPL-1.2 */
/* Sealed files: header, length and chunks. */
#include "crypto/seal_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t key[SEAL_KEY_BYTES] = {42};
        uint8_t plain[SEAL_CHUNK_BYTES], again[SEAL_HEADER_BYTES];
        struct seal_header header, same;
        struct seal_reader *reader;
        struct error error = {0};

        if (seal_header_read(data, size, "input", &header, &error) < 0)
                return 0;
        seal_header_write(&header, again);
        uint8_t whole[SEAL_HEADER_BYTES + SEAL_TAG_BYTES] = {0};
        for (size_t i = 0; i < sizeof again; i++)
                whole[i] = again[i];
        if (seal_header_read(whole, sizeof whole, "again", &same, &error) < 0 ||
                same.generation != header.generation || same.window_from != header.window_from)
                abort();
        if (seal_reader_new(data, size, "input", key, &reader, &error) < 0)
                return 0;
        if (seal_reader_length(reader) > size)
                abort();
        for (uint64_t chunk = 0; chunk < seal_reader_chunks(reader); chunk++)
                (void)seal_reader_open(reader, chunk, plain);
        seal_reader_free(reader);
        return 0;
}
