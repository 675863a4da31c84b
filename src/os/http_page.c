/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/http_page.h"

#include "os/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define STATUS_OK 200u

/* --- What was answered --- */

static int shown(struct slice slice)
{
        return slice.length < 60 ? (int)slice.length : 60;
}

static bool is_named(struct slice name, const char *wanted)
{
        return name.length == strlen(wanted) && strncasecmp(name.text, wanted, name.length) == 0;
}

static int no_http(struct error *error)
{
        return error_set(error, -EBADMSG, "the answer is none of HTTP: something else listens there");
}

static int read_status(struct slice line, struct error *error)
{
        struct slice word = slice_word(&line), code = slice_word(&line);
        uint64_t status;

        if (!slice_starts(word, "HTTP/1.") || slice_number(code, 999, &status) < 0)
                return no_http(error);
        line = slice_trim(line);
        if (status != STATUS_OK)
                return error_set(
                        error, -EBADMSG, "the answer is %u %.*s", (unsigned)status, shown(line), line.text);
        return 0;
}

int http_page_body(struct slice answer, struct slice *ret_body, struct error *error)
{
        struct slice rest = answer;
        uint64_t length = UINT64_MAX;
        bool has_end = false;

        int r = read_status(slice_trim(slice_cut(&rest, '\n')), error);
        while (r == 0 && rest.length > 0 && !has_end) {
                struct slice line = slice_trim(slice_cut(&rest, '\n'));
                struct slice name = slice_cut(&line, ':');
                has_end = name.length == 0;
                if (is_named(name, "Transfer-Encoding"))
                        return error_set(error, -EBADMSG, "the answer is in pieces, which nobody asked for");
                if (is_named(name, "Content-Length") &&
                        slice_number(slice_trim(line), HTTP_PAGE_MAX, &length) < 0)
                        return no_http(error);
        }
        if (r < 0)
                return r;
        if (!has_end || (length != UINT64_MAX && rest.length < length))
                return error_set(error, -EBADMSG, "the answer is cut off");
        *ret_body = slice_make(rest.text, length < rest.length ? (size_t)length : rest.length);
        return 0;
}

/* --- Asking --- */

static int failed(int number, struct error *error)
{
        return error_set(error, -number, "%s", strerrordesc_np(number));
}

static int wait_for(int socket, short events, int64_t until_ms, struct error *error)
{
        struct pollfd wait = {.fd = socket, .events = events};
        int ready;

        do {
                int64_t left = until_ms - clock_steady_ms();
                ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        } while (ready < 0 && errno == EINTR);
        if (ready < 0)
                return failed(errno, error);
        return ready > 0 ? 0 : error_set(error, -ETIMEDOUT, "no answer in time");
}

static int connect_to(const struct address *address, uint16_t port, int64_t until_ms, struct error *error)
{
        struct sockaddr_in6 far = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        struct sockaddr_in far4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        bool is4 = address_is_ipv4(address);
        const void *name = is4 ? (const void *)&far4 : &far;
        socklen_t length = is4 ? sizeof far4 : sizeof far, size = sizeof(int);
        int number = 0;

        if (is4)
                far4.sin_addr.s_addr = htonl(address_ipv4(address));
        else
                memcpy(&far.sin6_addr, address->bytes, sizeof far.sin6_addr);
        int s = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s < 0)
                return failed(errno, error);
        int r = connect(s, name, length) == 0 || errno == EINPROGRESS ? 0 : failed(errno, error);
        r = r < 0 ? r : wait_for(s, POLLOUT, until_ms, error);
        if (r == 0 && (getsockopt(s, SOL_SOCKET, SO_ERROR, &number, &size) < 0 || number))
                r = failed(number ? number : errno, error);
        if (r == 0)
                return s;
        close(s);
        return r;
}

static int send_request(int s, const struct buffer *request, int64_t until_ms, struct error *error)
{
        for (size_t sent = 0; sent < request->length;) {
                ssize_t went = send(s, request->bytes + sent, request->length - sent, MSG_NOSIGNAL);
                if (went < 0 && errno != EAGAIN && errno != EINTR)
                        return failed(errno, error);
                sent += went > 0 ? (size_t)went : 0;
                int r = went < 0 ? wait_for(s, POLLOUT, until_ms, error) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int receive_answer(int s, struct buffer *answer, int64_t until_ms, struct error *error)
{
        for (;;) {
                int r = wait_for(s, POLLIN, until_ms, error);
                if (r == 0 && buffer_reserve(answer, READ_BYTES) < 0)
                        r = error_set(error, -EFBIG, "the answer is longer than %u MiB", HTTP_PAGE_MAX >> 20);
                if (r < 0)
                        return r;
                ssize_t got = recv(s, answer->bytes + answer->length, READ_BYTES, 0);
                if (got < 0 && errno != EAGAIN && errno != EINTR)
                        return failed(errno, error);
                if (got == 0)
                        return 0;
                answer->length += got > 0 ? (size_t)got : 0;
        }
}

int http_page_get(const struct address *address, uint16_t port, const char *path, int64_t patience_ms,
        struct buffer *ret, struct error *error)
{
        struct buffer request = buffer_make(4096), answer = buffer_make(HTTP_PAGE_MAX + READ_BYTES);
        int64_t until_ms = clock_steady_ms() + patience_ms;
        struct slice body;

        int r = buffer_printf(&request, "GET %s HTTP/1.0\r\nConnection: close\r\n\r\n", path) < 0
                        ? error_set(error, -ENOMEM, "not enough memory")
                        : 0;
        int s = r < 0 ? r : connect_to(address, port, until_ms, error);
        r = s < 0 ? s : send_request(s, &request, until_ms, error);
        r = r < 0 ? r : receive_answer(s, &answer, until_ms, error);
        if (s >= 0)
                close(s);
        if (r == 0)
                r = http_page_body(slice_make((const char *)answer.bytes, answer.length), &body, error);
        if (r == 0 && buffer_append(ret, body.text, body.length) < 0)
                r = error_set(error, -ENOMEM, "not enough memory");
        buffer_free(&request);
        buffer_free(&answer);
        return r;
}
