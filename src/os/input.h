/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_INPUT_H
#define ROGATORY_OS_INPUT_H

/* A stream of bytes from a file or from standard input. gzip (RFC 1952, also several members one after
 * another) and zstd (RFC 8878, also several frames) are recognised by their first bytes and unpacked on the
 * way. */

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct input;

/* path "-" is standard input. The name in messages is the path, or "standard input". */
int input_open(const char *path, struct input **ret_input, struct error *error);
void input_close(struct input *input);

/* Fills bytes with up to length bytes: the number read, 0 at the end. -EBADMSG where compressed data is
 * damaged or ends early (everything before that was handed out); other negative errno where reading fails. */
ssize_t input_read(struct input *input, void *bytes, size_t length, struct error *error);

/* Shows up to length (at most INPUT_PEEK_MAX) first bytes without taking them, as long as nothing was read
 * yet: the number shown (fewer only where the file is shorter), or what input_read returns. Later reads begin
 * with them. */
#define INPUT_PEEK_MAX 4096
ssize_t input_peek(struct input *input, void *bytes, size_t length, struct error *error);

const char *input_name(const struct input *input);
uint64_t input_consumed(const struct input *input); /* bytes of the file itself read so far, for progress */
uint64_t input_size(const struct input *input);     /* of the file itself; 0 where not known (a pipe) */

#endif
