/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that wait for a timestamp, by two processes: one has the key of the seal and reaches no network,
 * the other reaches the timestamp service and has nothing. */
#include "exchanged/exchanged.h"

#include "courier/timestamp_fetch.h"
#include "crypto/timestamp.h"
#include "exchange/post.h"
#include "os/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MORE_MS 5000 /* beyond that of the fetching itself */

struct asked {
        uint32_t length; /* of the request, which follows */
};
struct answered {
        int32_t code;    /* 0, or what timestamp_fetch said */
        uint32_t length; /* of the response, which follows */
        char words[ERROR_TEXT_MAX];
};

static bool read_all(int socket, void *bytes, size_t length)
{
        for (size_t done = 0; done < length;) {
                ssize_t n = recv(socket, (char *)bytes + done, length - done, 0);
                if (n <= 0)
                        return false;
                done += (size_t)n;
        }
        return true;
}

static bool write_all(int socket, const void *bytes, size_t length)
{
        for (size_t done = 0; done < length;) {
                ssize_t n = send(socket, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
                if (n <= 0)
                        return false;
                done += (size_t)n;
        }
        return true;
}

/* ---- who fetches ---- */

/* Before it is confined: afterwards it reaches no file of the node. */
static int read_authorities(const struct exchanged *node, struct buffer *ret, struct error *error)
{
        char path[2 * PATH_MAX];

        if (!*node->timestamp_authorities)
                return 0;
        snprintf(path, sizeof path, "%s/%s", node->folder, node->timestamp_authorities);
        return file_read(path, ret, error);
}

static void serve_fetches(const struct exchanged *node, int socket)
{
        struct buffer authorities = buffer_make(CERTIFICATE_TEXT_MAX),
                      response = buffer_make(TIMESTAMP_RESPONSE_MAX);
        struct error unready = {0};
        struct asked asked;

        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        int ready = read_authorities(node, &authorities, &unready);
        if (ready == 0)
                ready = stamp_fetch_confine(node, &unready);
        const struct timestamp_service service = {.url = node->timestamp_url,
                .authorities = slice_make((const char *)authorities.bytes, authorities.length),
                .whole_ms = node->times->timestamp_ms};
        while (read_all(socket, &asked, sizeof asked)) {
                char request[TIMESTAMP_REQUEST_MAX];
                struct answered answered = {.code = ready};
                struct error error = unready;
                if (asked.length > sizeof request || !read_all(socket, request, asked.length))
                        break;
                buffer_clear(&response);
                if (ready == 0)
                        answered.code = timestamp_fetch(
                                &service, slice_make(request, asked.length), &response, &error);
                answered.length = (uint32_t)response.length;
                snprintf(answered.words, sizeof answered.words, "%s", answered.code < 0 ? error.text : "");
                if (!write_all(socket, &answered, sizeof answered) ||
                        !write_all(socket, response.bytes, response.length))
                        break;
        }
        _exit(0);
}

/* ---- who seals ---- */

struct fetcher {
        int socket;
};

/* office_options.timestamp: the url is the fetcher's own to know. */
static int ask(void *context, const char *url, struct slice request, struct buffer *ret_response,
        struct error *error)
{
        const struct fetcher *fetcher = context;
        const struct asked asked = {.length = (uint32_t)request.length};
        struct answered answered;

        if (!write_all(fetcher->socket, &asked, sizeof asked) ||
                !write_all(fetcher->socket, request.text, request.length) ||
                !read_all(fetcher->socket, &answered, sizeof answered) ||
                answered.length > TIMESTAMP_RESPONSE_MAX ||
                buffer_reserve(ret_response, answered.length) < 0 ||
                !read_all(fetcher->socket, ret_response->bytes, answered.length))
                return error_set(error, -EHOSTUNREACH,
                        "the timestamp service %s was asked, and the process that asks it did not come back",
                        url);
        answered.words[sizeof answered.words - 1] = '\0';
        if (answered.code < 0)
                return error_set(error, answered.code, "%s", answered.words);
        ret_response->length = answered.length;
        return 0;
}

static int start_fetcher(struct exchanged *node, struct fetcher *fetcher, struct error *error)
{
        int64_t whole_ms = (node->times->timestamp_ms > 0 ? node->times->timestamp_ms : TIMESTAMP_FETCH_MS) +
                           PATIENCE_MORE_MS;
        struct timeval patience = {.tv_sec = whole_ms / 1000, .tv_usec = whole_ms % 1000 * 1000};
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return error_set(error, -errno, "no sockets: %s", strerrordesc_np(errno));
        pid_t pid = fork();
        if (pid == 0) {
                close(ends[0]);
                serve_fetches(node, ends[1]);
        }
        int code = errno;
        close(ends[1]);
        fetcher->socket = ends[0];
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        return pid < 0 ? error_set(error, -code, "no process: %s", strerrordesc_np(code)) : 0;
}

static void say(const struct post_stamped *told)
{
        char quoted[LOG_QUOTED_MAX];

        if (told->with > 0)
                log_event(LOG_NOTICE, "timestamped", "messages=%llu", (unsigned long long)told->with);
        if (told->without > 0)
                log_event(LOG_CAUTION, "timestamp-missing", "messages=%llu text=%s",
                        (unsigned long long)told->without, log_quote(told->reason, quoted));
        if (told->failed > 0)
                log_event(LOG_FAILURE, "message-not-sealed", "messages=%llu text=%s",
                        (unsigned long long)told->failed, log_quote(told->reason, quoted));
        if (told->waits)
                exchanged_say(LOG_CAUTION, "timestamp-waits", "%s", told->reason);
}

void stamp_run(struct exchanged *node)
{
        struct fetcher fetcher = {.socket = -1};
        const struct office_options as_node = {.login = OFFICE_NODE,
                .timestamp = ask,
                .context = &fetcher,
                .timestamp_retry_ms = node->times->timestamp_retry_ms};
        struct post_stamped told = {.with = 0};
        struct office *office = NULL;
        struct error error = {0};

        int r = exchanged_read_settings(node, &error);
        if (r == 0)
                r = start_fetcher(node, &fetcher, &error);
        if (r == 0)
                r = office_open(node->folder, &as_node, &office, &error);
        /* A token is opened while its module may still do what it needs for that. */
        if (r == 0)
                r = office_key(office, DIRECTORY_SEAL, NULL, NULL, &error);
        if (r == 0)
                r = stamp_confine(node, &error);
        if (r == 0)
                r = post_stamp_all(office, &told, &error);
        say(&told);
        if (r < 0)
                exchanged_say(LOG_FAILURE, "timestamping-failed", "%s", error.text);
        office_close(office);
        _exit(r < 0);
}
