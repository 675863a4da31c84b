/* SPDX-License-Identifier: EUPL-1.2 */
/* A sealed file that is read: its plain bytes lie in memory of our own, which never was in a file, and are
 * opened chunk by chunk as they are needed. */
#include "depot/keys.h"

#include <stdlib.h>
#include <sys/mman.h>

int depot_seal_open(const void *map, size_t length, const char *path, const uint8_t key[SEAL_KEY_BYTES],
        struct depot_seal **ret_seal, struct error *error)
{
        struct depot_seal *seal = calloc(1, sizeof *seal);

        if (!seal)
                return error_set(error, -ENOMEM, "%s: not enough memory", path);
        int r = seal_reader_new(map, length, path, key, &seal->reader, error);
        if (r < 0) {
                free(seal);
                return r;
        }
        seal->length = (size_t)seal_reader_length(seal->reader);
        seal->present = calloc((size_t)seal_reader_chunks(seal->reader) / 8 + 1, 1);
        /* One byte more, because an empty file has a place too. Pages that nothing touches cost nothing. */
        void *plain = mmap(NULL, seal->length + 1, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        seal->plain = plain == MAP_FAILED ? NULL : plain;
        if (!seal->present || !seal->plain) {
                depot_seal_free(seal);
                return error_set(error, -ENOMEM, "%s: not enough memory", path);
        }
        (void)madvise(seal->plain, seal->length + 1, MADV_DONTDUMP);
        *ret_seal = seal;
        return 0;
}

bool depot_seal_need(void *context, uint64_t offset, uint64_t length)
{
        struct depot_seal *seal = context;

        if (length == 0)
                return true;
        if (offset > seal->length || length > seal->length - offset)
                return false;
        for (uint64_t chunk = offset / SEAL_CHUNK_BYTES; chunk <= (offset + length - 1) / SEAL_CHUNK_BYTES;
                chunk++) {
                uint8_t bit = (uint8_t)(1u << chunk % 8);
                if (seal->present[chunk / 8] & bit)
                        continue;
                if (seal_reader_open(seal->reader, chunk, seal->plain + chunk * SEAL_CHUNK_BYTES) < 0)
                        return false;
                seal->present[chunk / 8] |= bit;
        }
        return true;
}

void depot_seal_free(struct depot_seal *seal)
{
        if (!seal)
                return;
        seal_reader_free(seal->reader);
        if (seal->plain)
                munmap(seal->plain, seal->length + 1);
        free(seal->present);
        free(seal);
}
