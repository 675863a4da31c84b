/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_BASE64_H
#define ROGATORY_BASE_BASE64_H

/* Base 64 (RFC 4648 section 4) in the one writing that a content has: padded, no line ends, no other
 * character, unused bits zero. */

#include "base/buffer.h"
#include "base/slice.h"

#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4) /* characters, without an end mark */

/* Appends the text. The buffer's failure. */
int base64_write(const void *bytes, size_t length, struct buffer *ret);

/* Appends the bytes. -EINVAL where the text is anything but what base64_write makes, and then ret is
 * unchanged; or the buffer's failure. */
int base64_read(struct slice text, struct buffer *ret);

#endif
