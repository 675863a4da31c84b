/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/seal_file.h"

#include "base/checksum.h"
#include "base/cursor.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "ROGSLD\r\n"
#define VERSION 1u
#define SEALED_CHUNK (SEAL_CHUNK_BYTES + SEAL_TAG_BYTES)
#define CHECKED (SEAL_HEADER_BYTES - 8) /* bytes under the header's checksum */

/* ---- the header ---- */

static void put(uint8_t *at, uint64_t value, size_t length)
{
        for (size_t i = 0; i < length; i++)
                at[i] = (uint8_t)(value >> 8 * i);
}

void seal_header_write(const struct seal_header *header, uint8_t ret_bytes[SEAL_HEADER_BYTES])
{
        size_t length = strnlen(header->realm, SEAL_REALM_MAX - 1);

        memset(ret_bytes, 0, SEAL_HEADER_BYTES);
        memcpy(ret_bytes, MAGIC, 8);
        put(ret_bytes + 8, VERSION, 4);
        put(ret_bytes + 12, SEAL_CHUNK_BYTES, 4);
        put(ret_bytes + 16, (uint64_t)header->window_from, 8);
        put(ret_bytes + 24, header->generation, 8);
        memcpy(ret_bytes + 32, header->key_id, SEAL_KEY_ID_BYTES);
        ret_bytes[48] = header->kind;
        ret_bytes[49] = (uint8_t)length;
        memcpy(ret_bytes + 50, header->realm, length);
        put(ret_bytes + CHECKED, checksum(ret_bytes, CHECKED), 8);
}

bool seal_file_begins(const void *bytes, size_t length)
{
        return length >= 8 && memcmp(bytes, MAGIC, 8) == 0;
}

/* In the build for fuzzing, whose inputs cannot have right checksums, each counts as right. */
static bool header_is_sound(const uint8_t *bytes)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
        (void)bytes;
        return true;
#else
        struct cursor cursor = cursor_over(bytes + CHECKED, 8);
        return cursor_le64(&cursor) == checksum(bytes, CHECKED);
#endif
}

int seal_header_read(const void *bytes, size_t length, const char *name, struct seal_header *ret_header,
        struct error *error)
{
        struct cursor cursor = cursor_over(bytes, length < SEAL_HEADER_BYTES ? length : SEAL_HEADER_BYTES);
        struct seal_header header = {.kind = 0};

        if (!seal_file_begins(bytes, length) || length < SEAL_HEADER_BYTES + SEAL_TAG_BYTES)
                return error_set(error, -EBADMSG,
                        "%s: this is no sealed file (%zu bytes); restore it from a copy", name, length);
        if (!header_is_sound(bytes))
                return error_set(error, -EBADMSG,
                        "%s: the header of the sealed file (bytes 0-127) is damaged; restore this file from "
                        "a "
                        "copy, the other files of the store are not affected",
                        name);
        cursor_skip(&cursor, 8);
        uint32_t version = cursor_le32(&cursor), chunk = cursor_le32(&cursor);
        if (version != VERSION || chunk != SEAL_CHUNK_BYTES)
                return error_set(error, -EPROTONOSUPPORT,
                        "%s: sealed by a newer rogatory (version %u, chunks of %u bytes); use that one", name,
                        (unsigned)version, (unsigned)chunk);
        header.window_from = (int64_t)cursor_le64(&cursor);
        header.generation = cursor_le64(&cursor);
        memcpy(header.key_id, cursor_take(&cursor, SEAL_KEY_ID_BYTES), SEAL_KEY_ID_BYTES);
        header.kind = cursor_u8(&cursor);
        size_t realm = cursor_u8(&cursor);
        if (realm >= SEAL_REALM_MAX)
                return error_set(error, -EBADMSG,
                        "%s: the realm's name in the header of the sealed file is damaged; restore this file "
                        "from a copy",
                        name);
        memcpy(header.realm, cursor_take(&cursor, realm), realm);
        *ret_header = header;
        return 0;
}

/* ---- chunks ---- */

/* One key seals one file, so its chunks' numbers never repeat under it. */
static void make_nonce(uint64_t chunk, bool last, uint8_t ret_nonce[SEAL_NONCE_BYTES])
{
        put(ret_nonce, chunk, 8);
        put(ret_nonce + 8, last, 4);
}

struct seal_writer {
        struct seal *seal;
        seal_output *output;
        void *context;
        uint8_t header[DIGEST_BYTES]; /* digest: the context of each chunk */
        uint64_t chunk;               /* the one that is being filled */
        size_t filled;
        uint8_t plain[SEAL_CHUNK_BYTES], sealed[SEALED_CHUNK];
};

int seal_writer_new(const struct seal_header *header, const uint8_t key[SEAL_KEY_BYTES], seal_output *output,
        void *context, struct seal_writer **ret_writer)
{
        struct seal_writer *writer = calloc(1, sizeof *writer);
        uint8_t bytes[SEAL_HEADER_BYTES];

        if (!writer)
                return -ENOMEM;
        writer->output = output;
        writer->context = context;
        seal_header_write(header, bytes);
        int r = seal_new(key, &writer->seal);
        if (r == 0)
                r = digest_of(bytes, sizeof bytes, writer->header);
        if (r == 0)
                r = output(context, bytes, sizeof bytes);
        if (r < 0) {
                seal_writer_free(writer);
                return r;
        }
        *ret_writer = writer;
        return 0;
}

static int close_chunk(struct seal_writer *writer, bool last)
{
        uint8_t nonce[SEAL_NONCE_BYTES];

        make_nonce(writer->chunk, last, nonce);
        int r = seal_close(writer->seal, nonce, writer->header, sizeof writer->header, writer->plain,
                writer->filled, writer->sealed);
        if (r == 0)
                r = writer->output(writer->context, writer->sealed, writer->filled + SEAL_TAG_BYTES);
        writer->chunk++;
        writer->filled = 0;
        return r;
}

int seal_writer_add(struct seal_writer *writer, const void *bytes, size_t length)
{
        const uint8_t *at = bytes;
        int r = 0;

        while (r == 0 && length > 0) {
                /* A full chunk waits for what follows it: nothing may, and then it is the last. */
                if (writer->filled == SEAL_CHUNK_BYTES)
                        r = close_chunk(writer, false);
                size_t room = SEAL_CHUNK_BYTES - writer->filled, taken = length < room ? length : room;
                memcpy(writer->plain + writer->filled, at, taken);
                writer->filled += taken;
                at += taken;
                length -= taken;
        }
        return r;
}

int seal_writer_finish(struct seal_writer *writer)
{
        return close_chunk(writer, true);
}

void seal_writer_free(struct seal_writer *writer)
{
        if (!writer)
                return;
        seal_free(writer->seal);
        seal_wipe(writer->plain, sizeof writer->plain);
        free(writer);
}

struct seal_reader {
        struct seal *seal;
        const uint8_t *chunks; /* borrowed */
        uint64_t count;
        size_t last; /* bytes of the last chunk, sealed */
        uint8_t header[DIGEST_BYTES];
};

int seal_reader_new(const void *bytes, size_t length, const char *name, const uint8_t key[SEAL_KEY_BYTES],
        struct seal_reader **ret_reader, struct error *error)
{
        size_t body = length < SEAL_HEADER_BYTES ? 0 : length - SEAL_HEADER_BYTES;
        size_t rest = body % SEALED_CHUNK;

        /* Every chunk has content, but for the only one of an empty file. */
        if (body < SEAL_TAG_BYTES || (rest > 0 && rest < SEAL_TAG_BYTES) ||
                (rest == SEAL_TAG_BYTES && body > SEAL_TAG_BYTES))
                return error_set(error, -EBADMSG,
                        "%s: no sealed file has %zu bytes: it was cut off; restore it from a copy", name,
                        length);
        struct seal_reader *reader = calloc(1, sizeof *reader);
        if (!reader)
                return error_set(error, -ENOMEM, "%s: not enough memory", name);
        reader->chunks = (const uint8_t *)bytes + SEAL_HEADER_BYTES;
        reader->count = body / SEALED_CHUNK + (rest > 0);
        reader->last = rest > 0 ? rest : SEALED_CHUNK;
        int r = seal_new(key, &reader->seal);
        if (r == 0)
                r = digest_of(bytes, SEAL_HEADER_BYTES, reader->header);
        if (r < 0) {
                seal_reader_free(reader);
                return error_set(error, r, "%s: the library of ciphers refuses", name);
        }
        *ret_reader = reader;
        return 0;
}

void seal_reader_free(struct seal_reader *reader)
{
        if (!reader)
                return;
        seal_free(reader->seal);
        free(reader);
}

uint64_t seal_reader_length(const struct seal_reader *reader)
{
        return (reader->count - 1) * SEAL_CHUNK_BYTES + reader->last - SEAL_TAG_BYTES;
}

uint64_t seal_reader_chunks(const struct seal_reader *reader)
{
        return reader->count;
}

int seal_reader_open(struct seal_reader *reader, uint64_t chunk, uint8_t *ret_plain)
{
        bool last = chunk + 1 == reader->count;
        uint8_t nonce[SEAL_NONCE_BYTES];

        if (chunk >= reader->count)
                return -EBADMSG;
        make_nonce(chunk, last, nonce);
        return seal_open(reader->seal, nonce, reader->header, sizeof reader->header,
                reader->chunks + chunk * SEALED_CHUNK, last ? reader->last : SEALED_CHUNK, ret_plain);
}
