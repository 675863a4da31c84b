/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_HTTP_REQUEST_H
#define ROGATORY_COURIER_HTTP_REQUEST_H

/* The head of a request in HTTP/1.1 (RFC 9110, RFC 9112), read strictly, and the few header fields that the
 * profile knows. Pure. What two readers could understand differently is refused and never repaired: repeated
 * fields, folded lines, bare line feeds, two ways to say a length. */

#include "base/error.h"
#include "base/slice.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_BYTES_MAX 16384 /* request line and header fields, with the empty line */
#define HTTP_FIELDS_MAX 64
#define HTTP_TARGET_MAX 257 /* with the end mark */
#define HTTP_VALUE_MAX 129  /* of a field that the profile knows; with the end mark */
#define HTTP_DATE_MAX 30    /* "Sun, 06 Nov 1994 08:49:37 GMT" with the end mark */
#define HTTP_CONTENT_DIGEST_MAX 64

enum http_method { HTTP_GET, HTTP_POST };

struct http_request {
        enum http_method method;
        char target[HTTP_TARGET_MAX]; /* [A-Za-z0-9/._-], begins with '/', no empty part, no part of dots */
        bool has_length;
        uint64_t length; /* Content-Length */
        bool close;      /* the client wants no further request on this connection */
        /* Empty where the field was not sent. */
        char content_type[HTTP_VALUE_MAX];
        char content_digest[HTTP_VALUE_MAX];
        char range[HTTP_VALUE_MAX];
        char if_range[HTTP_VALUE_MAX];
        char time[HTTP_VALUE_MAX]; /* Rogatory-Time */
};

/* Why a request is not taken. */
struct http_refusal {
        int status;       /* 400 ... */
        const char *code; /* "bad-request": stable, for programs */
        char words[ERROR_TEXT_MAX];
};

/* Reads the head that begins at bytes. Returns its length when it is whole; 0 where more has to come;
 * -EBADMSG with the refusal, and then nothing behind it can be understood. */
int http_request_read(
        const char *bytes, size_t length, struct http_request *ret_request, struct http_refusal *ret_refusal);

/* A single range of bytes (RFC 9110, 14.1.2) of something with this size. 0: no range, the whole is meant.
 * 1: from and up to (exclusive) are set. -ERANGE: there is nothing of it. -EINVAL: not to be understood, or
 * several ranges, which this profile has no use for. */
int http_range_read(const char *range, uint64_t size, uint64_t *ret_from, uint64_t *ret_until);

/* "sha-256=:BASE64:" (RFC 9530, 2) and no other. 0 or -EINVAL. */
int http_content_digest_read(const char *value, uint8_t ret_digest[DIGEST_BYTES]);
char *http_content_digest_write(
        const uint8_t digest[DIGEST_BYTES], char text[HTTP_CONTENT_DIGEST_MAX]); /* returns text */

/* IMF-fixdate (RFC 9110, 5.6.7): whole seconds. */
char *http_date_write(int64_t at_ms, char text[HTTP_DATE_MAX]); /* returns text */
int http_date_read(struct slice text, int64_t *ret_at_ms);      /* 0 or -EINVAL */

#endif
