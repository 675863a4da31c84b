/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/http_request.h"

#include "base/time.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct known_field {
        const char *name; /* lower case */
        size_t place;     /* of its text in struct http_request */
};

#define FIELD(name, member)                                                                                  \
        {                                                                                                    \
                name, offsetof(struct http_request, member)                                                  \
        }
static const struct known_field known_fields[] = {
        FIELD("content-type", content_type),
        FIELD("content-digest", content_digest),
        FIELD("range", range),
        FIELD("if-range", if_range),
        FIELD("rogatory-time", time),
};
#define KNOWN (sizeof known_fields / sizeof known_fields[0])

/* What is read beside the request itself. */
struct reading {
        struct http_request *request;
        struct http_refusal *refusal;
        bool has_host, has_connection;
        bool has[KNOWN];
};

static int refuse(struct http_refusal *refusal, int status, const char *code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static int refuse(struct http_refusal *refusal, int status, const char *code, const char *format, ...)
{
        va_list values;

        refusal->status = status;
        refusal->code = code;
        va_start(values, format);
        vsnprintf(refusal->words, sizeof refusal->words, format, values);
        va_end(values);
        return -EBADMSG;
}

static bool is_alphanumeric(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 9110, 5.6.2. */
static bool is_token(struct slice text)
{
        for (size_t i = 0; i < text.length; i++)
                if (!is_alphanumeric(text.text[i]) && !strchr("!#$%&'*+-.^_`|~", text.text[i]))
                        return false;
        return text.length > 0;
}

static bool is_same(struct slice text, const char *lower_case)
{
        if (text.length != strlen(lower_case))
                return false;
        for (size_t i = 0; i < text.length; i++) {
                char c = text.text[i];
                if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower_case[i])
                        return false;
        }
        return true;
}

static bool target_is_plain(struct slice target)
{
        if (target.length == 0 || target.text[0] != '/')
                return false;
        for (size_t i = 0; i < target.length; i++) {
                char c = target.text[i];
                if (!is_alphanumeric(c) && !strchr("/._-", c))
                        return false;
                /* Neither "//" nor a part that begins with a dot: no way leads upwards or to what is hidden.
                 */
                if (i > 0 && target.text[i - 1] == '/' && (c == '/' || c == '.'))
                        return false;
        }
        return true;
}

static int read_request_line(struct slice line, struct reading *reading)
{
        struct http_request *request = reading->request;
        struct slice rest = line, method = slice_cut(&rest, ' '), target = slice_cut(&rest, ' ');

        if (slice_is(method, "GET"))
                request->method = HTTP_GET;
        else if (slice_is(method, "POST"))
                request->method = HTTP_POST;
        else if (is_token(method))
                return refuse(reading->refusal, 405, "method", "Only GET and POST are known here");
        else
                return refuse(reading->refusal, 400, "bad-request", "This is no request line of HTTP");
        if (target.length >= HTTP_TARGET_MAX)
                return refuse(reading->refusal, 414, "target-too-long",
                        "No target here is longer than %d bytes", HTTP_TARGET_MAX - 1);
        if (!target_is_plain(target))
                return refuse(reading->refusal, 400, "bad-target",
                        "A target is a plain path: letters, digits, '.', '_', '-' and '/', without escapes "
                        "or query");
        if (!slice_is(rest, "HTTP/1.1"))
                return refuse(reading->refusal, 505, "version", "Only HTTP/1.1 is spoken here");
        memcpy(request->target, target.text, target.length);
        request->target[target.length] = '\0';
        return 0;
}

static int once(bool *has, const char *name, struct reading *reading)
{
        if (*has)
                return refuse(
                        reading->refusal, 400, "repeated-field", "The field %s stands there twice", name);
        *has = true;
        return 0;
}

static int read_known(struct slice name, struct slice value, struct reading *reading)
{
        for (size_t i = 0; i < KNOWN; i++) {
                if (!is_same(name, known_fields[i].name))
                        continue;
                if (value.length == 0 || value.length >= HTTP_VALUE_MAX)
                        return refuse(reading->refusal, 400, "bad-field", "The field %s is empty or too long",
                                known_fields[i].name);
                char *text = (char *)reading->request + known_fields[i].place;
                memcpy(text, value.text, value.length);
                text[value.length] = '\0';
                return once(&reading->has[i], known_fields[i].name, reading);
        }
        return 0;
}

static int read_field(struct slice name, struct slice value, struct reading *reading)
{
        struct http_request *request = reading->request;

        if (is_same(name, "content-length")) {
                /* RFC 9112, 6.3: two lengths are the way to hide one request in another. */
                int r = once(&request->has_length, "Content-Length", reading);
                if (r == 0 && slice_number(value, INT64_MAX, &request->length) < 0)
                        r = refuse(reading->refusal, 400, "bad-length",
                                "Content-Length is a plain number of bytes");
                return r;
        }
        if (is_same(name, "transfer-encoding"))
                return refuse(reading->refusal, 411, "length-required",
                        "A body is sent with its Content-Length and never in chunks");
        if (is_same(name, "content-encoding"))
                return refuse(reading->refusal, 415, "encoding", "A body is sent as it is, not compressed");
        if (is_same(name, "expect"))
                return refuse(
                        reading->refusal, 417, "expectation", "No expectation is met here; send without it");
        if (is_same(name, "upgrade"))
                return refuse(reading->refusal, 400, "upgrade", "No other protocol is spoken here");
        if (is_same(name, "host"))
                return once(&reading->has_host, "Host", reading);
        if (is_same(name, "connection")) {
                request->close = request->close || !is_same(value, "keep-alive");
                return once(&reading->has_connection, "Connection", reading);
        }
        return read_known(name, value, reading);
}

static int read_line(struct slice line, struct reading *reading)
{
        struct slice value = line, name = slice_cut(&value, ':');

        /* A line that begins with a blank would be a folded one (RFC 9112, 5.2), a blank before the colon is
         * how fields are smuggled (5.1): neither is a token. */
        if (name.length == line.length || !is_token(name))
                return refuse(reading->refusal, 400, "bad-field", "A line of the header is no field");
        for (size_t i = 0; i < value.length; i++) {
                unsigned char c = (unsigned char)value.text[i];
                if ((c < 0x20 && c != '\t') || c >= 0x7f)
                        return refuse(reading->refusal, 400, "bad-field",
                                "A field of the header has bytes that are no printable ASCII");
        }
        return read_field(name, slice_trim(value), reading);
}

static int check_whole(const struct reading *reading)
{
        const struct http_request *request = reading->request;

        if (!reading->has_host)
                return refuse(reading->refusal, 400, "no-host", "The field Host is missing (RFC 9112, 3.2)");
        if (request->method == HTTP_POST && !request->has_length)
                return refuse(
                        reading->refusal, 411, "length-required", "A body is sent with its Content-Length");
        if (request->method == HTTP_GET && request->length > 0)
                return refuse(reading->refusal, 400, "body-of-get", "A GET has no body here");
        return 0;
}

/* Where the head ends, behind its empty line; 0 where it does not yet. */
static size_t head_length(const char *bytes, size_t length)
{
        const char *end = memmem(bytes, length, "\r\n\r\n", 4);
        return end ? (size_t)(end - bytes) + 4 : 0;
}

int http_request_read(
        const char *bytes, size_t length, struct http_request *ret_request, struct http_refusal *ret_refusal)
{
        struct http_request request = {0};
        struct reading reading = {.request = &request, .refusal = ret_refusal};
        size_t within = length < HTTP_HEAD_BYTES_MAX ? length : HTTP_HEAD_BYTES_MAX;
        size_t head = head_length(bytes, within), fields = 0;
        int r = 0;

        if (head == 0)
                return length < HTTP_HEAD_BYTES_MAX
                               ? 0
                               : refuse(ret_refusal, 431, "head-too-long",
                                         "The head of a request has at most %d bytes", HTTP_HEAD_BYTES_MAX);
        for (const char *at = bytes, *end = bytes + head - 2; r == 0 && at < end;) {
                const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
                struct slice line = slice_make(at, (size_t)(line_end - at));
                if (memchr(line.text, '\r', line.length) || memchr(line.text, '\n', line.length) ||
                        memchr(line.text, '\0', line.length))
                        r = refuse(ret_refusal, 400, "bad-request",
                                "Lines of the head end in CR LF and hold neither");
                else if (at == bytes)
                        r = read_request_line(line, &reading);
                else if (++fields > HTTP_FIELDS_MAX)
                        r = refuse(ret_refusal, 431, "too-many-fields", "A head has at most %d fields",
                                HTTP_FIELDS_MAX);
                else
                        r = read_line(line, &reading);
                at = line_end + 2;
        }
        if (r == 0)
                r = check_whole(&reading);
        if (r < 0)
                return r;
        *ret_request = request;
        return (int)head;
}

int http_range_read(const char *range, uint64_t size, uint64_t *ret_from, uint64_t *ret_until)
{
        struct slice rest = slice_of(range);
        uint64_t from, last = INT64_MAX;

        if (rest.length == 0)
                return 0;
        if (!slice_starts(rest, "bytes="))
                return -EINVAL;
        rest = slice_make(rest.text + 6, rest.length - 6);
        if (!memchr(rest.text, '-', rest.length))
                return -EINVAL;
        struct slice first = slice_cut(&rest, '-');
        if (slice_number(first, INT64_MAX, &from) < 0)
                return -EINVAL;
        if (rest.length > 0 && (slice_number(rest, INT64_MAX, &last) < 0 || last < from))
                return -EINVAL;
        if (from >= size)
                return -ERANGE;
        *ret_from = from;
        *ret_until = last < size - 1 ? last + 1 : size;
        return 1;
}

#define DIGEST_BEGIN "sha-256=:"
#define DIGEST_BASE64 44

char *http_content_digest_write(const uint8_t digest[DIGEST_BYTES], char text[HTTP_CONTENT_DIGEST_MAX])
{
        unsigned char base64[DIGEST_BASE64 + 1];

        EVP_EncodeBlock(base64, digest, DIGEST_BYTES);
        snprintf(text, HTTP_CONTENT_DIGEST_MAX, DIGEST_BEGIN "%s:", (const char *)base64);
        return text;
}

int http_content_digest_read(const char *value, uint8_t ret_digest[DIGEST_BYTES])
{
        unsigned char decoded[DIGEST_BYTES + 1];
        char again[HTTP_CONTENT_DIGEST_MAX];
        size_t begin = strlen(DIGEST_BEGIN);

        if (strlen(value) != begin + DIGEST_BASE64 + 1 || memcmp(value, DIGEST_BEGIN, begin) != 0)
                return -EINVAL;
        if (EVP_DecodeBlock(decoded, (const unsigned char *)value + begin, DIGEST_BASE64) != DIGEST_BYTES + 1)
                return -EINVAL;
        /* One digest has one writing: unused bits that are set, or anything but the end mark, show here. */
        if (strcmp(http_content_digest_write(decoded, again), value) != 0)
                return -EINVAL;
        memcpy(ret_digest, decoded, DIGEST_BYTES);
        return 0;
}

static const char week_days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

char *http_date_write(int64_t at_ms, char text[HTTP_DATE_MAX])
{
        struct civil c = time_to_civil(at_ms);

        snprintf(text, HTTP_DATE_MAX, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                week_days + 3 * (at_ms / TIME_DAY % 7), c.day, months + (ptrdiff_t)3 * (c.month - 1), c.year,
                c.hour, c.minute, c.second);
        return text;
}

int http_date_read(struct slice text, int64_t *ret_at_ms)
{
        struct civil civil = {0};
        char again[HTTP_DATE_MAX];
        uint64_t day, year, hour, minute, second;

        if (text.length != HTTP_DATE_MAX - 1 || slice_number(slice_make(text.text + 5, 2), 31, &day) < 0 ||
                slice_number(slice_make(text.text + 12, 4), 2261, &year) < 0 ||
                slice_number(slice_make(text.text + 17, 2), 23, &hour) < 0 ||
                slice_number(slice_make(text.text + 20, 2), 59, &minute) < 0 ||
                slice_number(slice_make(text.text + 23, 2), 59, &second) < 0)
                return -EINVAL;
        for (int month = 1; month <= 12; month++)
                if (memcmp(months + (ptrdiff_t)3 * (month - 1), text.text + 8, 3) == 0)
                        civil.month = month;
        civil.day = (int)day;
        civil.year = (int)year;
        civil.hour = (int)hour;
        civil.minute = (int)minute;
        civil.second = (int)second;
        if (civil.month == 0 || !civil_is_valid(&civil) || civil.year < 1970)
                return -EINVAL;
        int64_t at_ms = time_from_civil(&civil);
        /* The day of the week and all that stands between the numbers has to be right too. */
        if (memcmp(http_date_write(at_ms, again), text.text, text.length) != 0)
                return -EINVAL;
        *ret_at_ms = at_ms;
        return 0;
}
