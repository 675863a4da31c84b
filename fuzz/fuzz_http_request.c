/* SPDX-License-Identifier: EUPL-1.2 */
/* The head of a request: the same whether it comes at once or byte by byte, and whatever is taken keeps to
 * what http_request.h promises. The first byte chooses: a head, or one of the values that stand in fields. */
#include "courier/http_request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

static void read_head(const char *text, size_t length)
{
        struct http_request request, again;
        struct http_refusal refusal = {0};

        int r = http_request_read(text, length, &request, &refusal);
        if (r < 0) {
                check(r == -EBADMSG && refusal.status >= 400 && refusal.code && refusal.words[0]);
                return;
        }
        check(r <= HTTP_HEAD_BYTES_MAX && (size_t)r <= length);
        if (r == 0)
                return;
        check(http_request_read(text, (size_t)r, &again, &refusal) == r);
        check(http_request_read(text, (size_t)r - 1, &again, &refusal) == 0);
        check(request.target[0] == '/' && !strstr(request.target, "/.") && !strstr(request.target, "//"));
        check(request.method == HTTP_GET ? request.length == 0 : request.has_length);
}

static void read_values(const char *text, size_t length)
{
        uint64_t from = 0, until = 0;
        char value[HTTP_VALUE_MAX], again[HTTP_CONTENT_DIGEST_MAX];
        uint8_t digest[DIGEST_BYTES];
        int64_t at_ms;

        if (length >= sizeof value || memchr(text, '\0', length))
                return;
        memcpy(value, text, length);
        value[length] = '\0';
        if (http_range_read(value, 1000, &from, &until) == 1)
                check(from < until && until <= 1000);
        if (http_content_digest_read(value, digest) == 0)
                check(strcmp(http_content_digest_write(digest, again), value) == 0);
        if (http_date_read(slice_make(text, length), &at_ms) == 0)
                check(at_ms >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        if (length < 1)
                return 0;
        char *text = malloc(length); /* of this very size, so that reading beyond it is seen */
        memcpy(text, bytes + 1, length - 1);
        if (bytes[0] & 1)
                read_values(text, length - 1);
        else
                read_head(text, length - 1);
        free(text);
        return 0;
}
