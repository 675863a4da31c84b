/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/http_request.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HOST "Host: node.example\r\n"

static int read_text(const char *text, struct http_request *ret, struct http_refusal *ret_refusal)
{
        size_t length = strlen(text);
        char *copy = malloc(length); /* without an end mark, so that reading too far is seen */

        memcpy(copy, text, length);
        int r = http_request_read(copy, length, ret, ret_refusal);
        free(copy);
        return r;
}

static void a_message(void **state)
{
        static const char text[] = "POST /rogatory/v1/messages/x HTTP/1.1\r\n" HOST "Content-Type:  a/b \r\n"
                                   "content-length: 12\r\nX-Other: y\r\nConnection: close\r\n\r\nbody";
        struct http_request request;
        struct http_refusal refusal;

        (void)state;
        assert_int_equal(read_text(text, &request, &refusal), sizeof text - 1 - 4);
        assert_int_equal(request.method, HTTP_POST);
        assert_string_equal(request.target, "/rogatory/v1/messages/x");
        assert_true(request.has_length && request.close);
        assert_int_equal(request.length, 12);
        assert_string_equal(request.content_type, "a/b");
        assert_string_equal(request.range, "");
        /* Every part of it is no head yet. */
        for (size_t length = 0; length < sizeof text - 1 - 4; length++)
                assert_int_equal(http_request_read(text, length, &request, &refusal), 0);
}

static void what_is_refused(void **state)
{
        static const struct {
                const char *text;
                int status;
        } cases[] = {
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 0x10\r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", 400},
                {"POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
                {"POST /a HTTP/1.1\r\n" HOST "\r\n", 411},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Encoding: gzip\r\n\r\n", 415},
                {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n", 417},
                {"GET /a HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST HOST "\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "Range: bytes=0-\r\nRange: bytes=1-\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "Range : bytes=0-\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "A: b\nc: d\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400},
                {"GET /a HTTP/1.1\r\n" HOST "A: \x80\r\n\r\n", 400},
                {"GET /a HTTP/1.0\r\n" HOST "\r\n", 505},
                {"GET /a HTTP/2.0\r\n" HOST "\r\n", 505},
                {"GET  /a HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET /a b HTTP/1.1\r\n" HOST "\r\n", 505},
                {"GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET /.hidden HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET //b HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET /a%2f HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET /a?b HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET https://node.example/ HTTP/1.1\r\n" HOST "\r\n", 400},
                {"GET * HTTP/1.1\r\n" HOST "\r\n", 400},
                {"DELETE /a HTTP/1.1\r\n" HOST "\r\n", 405},
                {"get /a HTTP/1.1\r\n" HOST "\r\n", 405},
                {"\r\n\r\n", 400},
                {"\x16\x03\x01 \r\n\r\n", 400},
        };
        struct http_request request;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct http_refusal refusal = {0};
                int r = read_text(cases[i].text, &request, &refusal);
                if (r != -EBADMSG || refusal.status != cases[i].status || !refusal.words[0] || !refusal.code)
                        fail_msg("case %zu: %d, status %d (%s)", i, r, refusal.status, refusal.words);
        }
}

static void limits(void **state)
{
        static char text[HTTP_HEAD_BYTES_MAX + 100];
        struct http_request request;
        struct http_refusal refusal = {0};

        (void)state;
        memset(text, 'a', sizeof text);
        assert_int_equal(http_request_read(text, HTTP_HEAD_BYTES_MAX - 1, &request, &refusal), 0);
        assert_int_equal(http_request_read(text, HTTP_HEAD_BYTES_MAX, &request, &refusal), -EBADMSG);
        assert_int_equal(refusal.status, 431);

        size_t n = (size_t)snprintf(text, sizeof text, "GET /%0300d HTTP/1.1\r\n" HOST "\r\n", 1);
        assert_int_equal(http_request_read(text, n, &request, &refusal), -EBADMSG);
        assert_int_equal(refusal.status, 414);

        n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST);
        for (int i = 0; i < HTTP_FIELDS_MAX - 1; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, "x%d: y\r\n", i);
        memcpy(text + n, "\r\n", 3);
        assert_int_equal(http_request_read(text, n + 2, &request, &refusal), n + 2);
        n += (size_t)snprintf(text + n, sizeof text - n, "z: y\r\n\r\n");
        assert_int_equal(http_request_read(text, n, &request, &refusal), -EBADMSG);
        assert_int_equal(refusal.status, 431);

        n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "Range: %0200d\r\n\r\n", 1);
        assert_int_equal(http_request_read(text, n, &request, &refusal), -EBADMSG);
        assert_int_equal(refusal.status, 400);
        n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a%cb\r\n\r\n", 0);
        assert_int_equal(http_request_read(text, n, &request, &refusal), -EBADMSG);
}

static void ranges(void **state)
{
        static const struct {
                const char *text;
                int result;
                uint64_t from, until;
        } cases[] = {{"", 0, 0, 0}, {"bytes=0-", 1, 0, 100}, {"bytes=99-", 1, 99, 100},
                {"bytes=10-19", 1, 10, 20}, {"bytes=10-500", 1, 10, 100}, {"bytes=100-", -ERANGE, 0, 0},
                {"bytes=-5", -EINVAL, 0, 0}, {"bytes=5", -EINVAL, 0, 0}, {"bytes=9-3", -EINVAL, 0, 0},
                {"bytes=0-1,4-5", -EINVAL, 0, 0}, {"lines=0-1", -EINVAL, 0, 0}, {"bytes=", -EINVAL, 0, 0},
                {"bytes=0-99999999999999999999", -EINVAL, 0, 0}};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                uint64_t from = 0, until = 0;
                assert_int_equal(http_range_read(cases[i].text, 100, &from, &until), cases[i].result);
                assert_int_equal(from, cases[i].from);
                assert_int_equal(until, cases[i].until);
        }
}

static void digests(void **state)
{
        uint8_t digest[DIGEST_BYTES], back[DIGEST_BYTES];
        char text[HTTP_CONTENT_DIGEST_MAX];

        (void)state;
        /* The SHA-256 of RFC 9530, B.1. */
        static const char known[] = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
        assert_int_equal(digest_of("{\"hello\": \"world\"}", 18, digest), 0);
        assert_int_equal(http_content_digest_read(known, back), 0);
        assert_string_equal(http_content_digest_write(back, text), known);
        assert_memory_equal(back, digest, sizeof digest);
        assert_int_equal(http_content_digest_read("", back), -EINVAL);
        assert_int_equal(
                http_content_digest_read("sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", back),
                -EINVAL);
        /* Bits that no digest has. */
        assert_int_equal(
                http_content_digest_read("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPF=:", back),
                -EINVAL);
        assert_int_equal(
                http_content_digest_read("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBP!=:", back),
                -EINVAL);
}

static void dates(void **state)
{
        static const char *const bad[] = {"Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 24:00:00 GMT", "Wed, 31 Feb 1999 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT", ""};
        char text[HTTP_DATE_MAX];
        int64_t at_ms;

        (void)state;
        /* The example of RFC 9110, 5.6.7. */
        assert_int_equal(http_date_read(slice_of("Sun, 06 Nov 1994 08:49:37 GMT"), &at_ms), 0);
        assert_int_equal(at_ms, INT64_C(784111777000));
        for (int64_t at = 0; at < 400; at++) {
                int64_t back;
                int64_t then = at * 37 * TIME_DAY + at * 7919 * TIME_SECOND;
                assert_int_equal(http_date_read(slice_of(http_date_write(then, text)), &back), 0);
                assert_int_equal(back, then);
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_int_equal(http_date_read(slice_of(bad[i]), &at_ms), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(limits),
                cmocka_unit_test(ranges),
                cmocka_unit_test(digests),
                cmocka_unit_test(dates),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
