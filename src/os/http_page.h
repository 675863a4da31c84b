/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_HTTP_PAGE_H
#define ROGATORY_OS_HTTP_PAGE_H

/* One page of a server near by: a GET of HTTP/1.0 (RFC 1945), whose answer ends with the connection. No names
 * are looked up, nothing is kept open, no redirection is followed. */

#include "base/address.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define HTTP_PAGE_MAX (64u << 20) /* bytes of an answer */

/* path: without blanks; it is sent as it is. patience_ms: for all of it. The body is appended to ret. 0, or
 * negative with a message: -ECONNREFUSED and its like, -ETIMEDOUT, -EBADMSG (no HTTP, or another status than
 * 200), -EFBIG. */
int http_page_get(const struct address *address, uint16_t port, const char *path, int64_t patience_ms,
        struct buffer *ret, struct error *error);

/* The body of a whole answer. 0, or -EBADMSG with a message. */
int http_page_body(struct slice answer, struct slice *ret_body, struct error *error);

#endif
