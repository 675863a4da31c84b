/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_SEAL_FILE_H
#define ROGATORY_CRYPTO_SEAL_FILE_H

/* A sealed file (doc/format/sealed-file.md is authoritative): a clear header that says whose it is, then the
 * plain file in chunks of SEAL_CHUNK_BYTES, each sealed for itself under the file's own key, so that reading
 * one place opens one chunk. The header is the context of every chunk and the chunk's number is its nonce,
 * the last one's being marked: a chunk that was changed, moved, taken from another file or followed by less
 * than it was is refused. Pure: bytes in, bytes out. */

#include "base/error.h"
#include "crypto/seal.h"

#include <stdbool.h>

#define SEAL_HEADER_BYTES 128
#define SEAL_CHUNK_BYTES 4096
#define SEAL_REALM_MAX 64 /* with the end mark */
#define SEAL_KEY_ID_BYTES 16

/* What the clear header says. */
struct seal_header {
        char realm[SEAL_REALM_MAX];
        uint8_t kind; /* what the file holds: a number of the caller's */
        int64_t window_from;
        uint64_t generation;
        uint8_t key_id[SEAL_KEY_ID_BYTES]; /* which key it was sealed with; random, tells nothing of the key
                                            */
};

void seal_header_write(const struct seal_header *header, uint8_t ret_bytes[SEAL_HEADER_BYTES]);

/* Do these bytes begin as a sealed file does? */
bool seal_file_begins(const void *bytes, size_t length);

/* Reads and verifies the header. name: of the file, for messages. -EBADMSG; -EPROTONOSUPPORT where a newer
 * rogatory wrote it. */
int seal_header_read(const void *bytes, size_t length, const char *name, struct seal_header *ret_header,
        struct error *error);

/* ---- writing ---- */

struct seal_writer;

/* Where the sealed bytes go, in order. Negative is fatal and passed on. */
typedef int seal_output(void *context, const void *bytes, size_t length);

/* Writes the header. One key seals one file only. 0, -ENOMEM, -EIO or what the output returned. */
int seal_writer_new(const struct seal_header *header, const uint8_t key[SEAL_KEY_BYTES], seal_output *output,
        void *context, struct seal_writer **ret_writer);
int seal_writer_add(struct seal_writer *writer, const void *bytes, size_t length);
int seal_writer_finish(struct seal_writer *writer); /* seals the last chunk; then only seal_writer_free */
void seal_writer_free(struct seal_writer *writer);  /* wipes; NULL is fine */

/* ---- reading ---- */

struct seal_reader;

/* Over borrowed bytes that must outlive the reader. Opens no chunk yet. 0, -ENOMEM, -EIO, or -EBADMSG where
 * no file is of such a length. */
int seal_reader_new(const void *bytes, size_t length, const char *name, const uint8_t key[SEAL_KEY_BYTES],
        struct seal_reader **ret_reader, struct error *error);
void seal_reader_free(struct seal_reader *reader); /* wipes; NULL is fine */

uint64_t seal_reader_length(const struct seal_reader *reader); /* of the plain file */
uint64_t seal_reader_chunks(const struct seal_reader *reader); /* at least 1 */

/* Opens one chunk into ret_plain: the SEAL_CHUNK_BYTES from chunk * SEAL_CHUNK_BYTES on, or as many as the
 * plain file has. 0, -EBADMSG where it is not genuine, -EIO. */
int seal_reader_open(struct seal_reader *reader, uint64_t chunk, uint8_t *ret_plain);

#endif
