/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_CONTENT_H
#define ROGATORY_COURIER_CONTENT_H

/* The bytes of one message on their way through this process. Small ones stay in memory; a larger one goes to
 * a temporary file that has no name, so that nothing is left of it whatever becomes of the process. It is no
 * safe place: what must last is in the queue (courier/queue.h). */

#include "base/error.h"
#include "crypto/digest.h"

#include <stddef.h>
#include <stdint.h>

#define CONTENT_MEMORY_MAX 65536 /* above so many bytes it goes to the file */

struct content;

/* folder: where the temporary file is made, with room for the largest message. most: bytes, no more are
 * taken. */
int content_new(const char *folder, uint64_t most, struct content **ret_content, struct error *error);
void content_free(struct content *content);

/* -EFBIG where it would be longer than `most`. */
int content_append(struct content *content, const void *bytes, size_t length, struct error *error);

/* Nothing is appended behind it. A file is on the disk then, so that a disk that does not take it shows here.
 */
int content_finish(struct content *content, struct error *error);

uint64_t content_length(const struct content *content);
const uint8_t *content_digest(const struct content *content); /* SHA-256; only after content_finish */

/* Reads up to length bytes from a place; ret_length is less only at the end. */
int content_read(const struct content *content, uint64_t from, void *ret_bytes, size_t length,
        size_t *ret_length, struct error *error);

/* Appended and finished in one call. */
int content_of(const char *folder, const void *bytes, size_t length, struct content **ret_content,
        struct error *error);

#endif
