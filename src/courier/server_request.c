/* SPDX-License-Identifier: EUPL-1.2 */
/* What a known peer asks: heads, bodies, and what is refused before a body is taken. */
#include "courier/server_state.h"

#include <stdio.h>
#include <string.h>

/* Of a refused request nobody reads the body: the connection ends behind the refusal. */
static void refuse(struct connection *connection, int status, const char *code, const char *words)
{
        answer_refusal(connection, status, code, words, true);
}

static uint64_t reserved_by(const struct server *server, const char *organisation)
{
        const struct connection *other;
        uint64_t sum = 0;

        TAILQ_FOREACH(other, &server->peers, entry)
        if (strcmp(other->organisation, organisation) == 0)
                sum += other->body_reserved;
        return sum;
}

/* The room that a body needs is set aside before its first byte is taken. */
static bool reserve(struct connection *connection, uint64_t length)
{
        struct server *server = connection->server;

        if (length > server->limits.bodies_bytes - server->counts.bodies_bytes ||
                reserved_by(server, connection->organisation) + length > server->limits.bodies_per_peer_bytes)
                return false;
        server->counts.bodies_bytes += length;
        connection->body_reserved = length;
        return true;
}

/* How far the peer's clock is off: between its clock's reading and ours lies the way here, which takes no
 * less than nothing; how much more is not known, so this only bounds it from below. */
static void note_skew(struct connection *connection, int64_t told_ms)
{
        struct server *server = connection->server;
        const struct skew skew = {.ahead_ms = told_ms - connection->head_ms,
                .uncertainty_ms = server->limits.head_ms,
                .measured_ms = connection->head_ms};

        if (server->sink.skew)
                server->sink.skew(server->sink.context, connection->organisation, &skew);
}

static bool read_time(struct connection *connection, int64_t *ret_told_ms)
{
        *ret_told_ms = TIME_UNKNOWN;
        return connection->request.time[0] == '\0' ||
               time_parse_rfc3339(slice_of(connection->request.time), ret_told_ms, NULL, NULL) == 0;
}

static void begin_message(struct connection *connection)
{
        struct server *server = connection->server;
        const struct http_request *request = &connection->request;
        const char *id = request->target + strlen(SERVER_MESSAGES_PATH);
        struct error error = {0};

        if (!id_is_valid(id)) {
                refuse(connection, 404, "no-message-id",
                        "Behind messages/ stands a UUID of version 4 in lower case");
                return;
        }
        memcpy(connection->id, id, sizeof connection->id);
        if (strcmp(request->content_type, SERVER_MESSAGE_TYPE) != 0) {
                refuse(connection, 415, "content-type", "A message is sent as " SERVER_MESSAGE_TYPE);
                return;
        }
        if (request->length == 0 || request->length > MESSAGE_BYTES_MAX) {
                refuse(connection, request->length ? 413 : 400, "message-size",
                        "A message has 1 to 26214400 bytes (25,600 kB); larger evidence travels beside it");
                return;
        }
        if (http_content_digest_read(request->content_digest, connection->announced) < 0) {
                refuse(connection, 400, "no-digest",
                        "A message is sent with one SHA-256 in Content-Digest (RFC 9530): sha-256=:BASE64:");
                return;
        }
        if (!reserve(connection, request->length)) {
                refuse(connection, 503, "busy", "Too much is being received already; try again later");
                return;
        }
        if (content_new(server->spool, request->length, &connection->body, &error) < 0) {
                server_remark(server, connection->organisation, "no-room", error.text);
                refuse(connection, 503, "busy", "This node cannot take a message now; try again later");
                return;
        }
        connection->body_left = request->length;
        connection_enter(connection, PHASE_BODY,
                server->limits.body_ms + (int64_t)(request->length * 1000 / SERVER_BODY_BYTES_PER_S));
}

static void begin_evidence(struct connection *connection)
{
        const char *rest = connection->request.target + strlen(SERVER_EVIDENCE_PATH);
        size_t length = strcspn(rest, "/");

        if (rest[length] != '/' || length >= sizeof connection->manifest ||
                strlen(rest + length + 1) >= sizeof connection->name) {
                answer_refusal(connection, 404, "no-such-evidence",
                        "Nothing is offered to you under this name", connection->request.close);
                return;
        }
        memcpy(connection->manifest, rest, length);
        connection->manifest[length] = '\0';
        snprintf(connection->name, sizeof connection->name, "%s", rest + length + 1);
        answer_evidence(connection);
}

static void begin_request(struct connection *connection)
{
        const struct http_request *request = &connection->request;
        bool message = strncmp(request->target, SERVER_MESSAGES_PATH, strlen(SERVER_MESSAGES_PATH)) == 0;
        bool evidence = strncmp(request->target, SERVER_EVIDENCE_PATH, strlen(SERVER_EVIDENCE_PATH)) == 0;
        int64_t told_ms;

        connection->server->counts.requests++;
        connection->close = request->close;
        connection->head_ms = server_now(connection->server);
        if (!read_time(connection, &told_ms)) {
                refuse(connection, 400, "bad-time",
                        "Rogatory-Time is an instant of RFC 3339 with its offset");
                return;
        }
        if (told_ms != TIME_UNKNOWN)
                note_skew(connection, told_ms);
        if (message && request->method == HTTP_POST)
                begin_message(connection);
        else if (evidence && request->method == HTTP_GET)
                begin_evidence(connection);
        else if (message || evidence)
                refuse(connection, 405, "method",
                        message ? "Messages are posted; there is nothing to read here"
                                : "Evidence is fetched with GET; nothing is taken here");
        else
                refuse(connection, 404, "no-such-place", "Nothing is here");
}

/* true where a head was whole, so that the phase has changed. */
static bool read_head(struct connection *connection, struct evbuffer *input)
{
        size_t length = evbuffer_get_length(input);
        struct http_refusal refusal = {0};

        if (length == 0)
                return false;
        if (connection->phase == PHASE_IDLE)
                connection_enter(connection, PHASE_HEAD, connection->server->limits.head_ms);
        if (length > HTTP_HEAD_BYTES_MAX)
                length = HTTP_HEAD_BYTES_MAX;
        const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)length);
        if (!bytes) {
                refuse(connection, 503, "busy", "This node has no memory for this request; try again later");
                return true;
        }
        int r = http_request_read(bytes, length, &connection->request, &refusal);
        if (r == 0)
                return false;
        if (r < 0) {
                connection->server->counts.requests++;
                refuse(connection, refusal.status, refusal.code, refusal.words);
                return true;
        }
        evbuffer_drain(input, (size_t)r);
        begin_request(connection);
        return true;
}

static void end_message(struct connection *connection)
{
        struct server *server = connection->server;
        struct server_arrival arrival = {.organisation = connection->organisation,
                .id = connection->id,
                .content = connection->body,
                .now_ms = server_now(server)};
        struct error error = {0};

        (void)read_time(connection, &arrival.told_ms);
        int r = content_finish(connection->body, &error);
        if (r == 0 && memcmp(content_digest(connection->body), connection->announced, DIGEST_BYTES) != 0) {
                refuse(connection, 400, "digest-mismatch",
                        "What came is not what Content-Digest announces; it was damaged before it was sent");
                return;
        }
        if (r == 0)
                r = server->sink.message(server->sink.context, &arrival, &error);
        if (r < 0)
                server_remark(server, connection->organisation, "not-taken", error.text);
        answer_message(connection, r);
}

/* true where the body was whole or could not be taken. */
static bool read_body(struct connection *connection, struct evbuffer *input)
{
        struct error error = {0};
        uint8_t piece[16384];

        while (connection->body_left > 0) {
                size_t wanted =
                        connection->body_left < sizeof piece ? (size_t)connection->body_left : sizeof piece;
                int n = evbuffer_remove(input, piece, wanted);
                if (n <= 0)
                        return false;
                if (content_append(connection->body, piece, (size_t)n, &error) < 0) {
                        server_remark(connection->server, connection->organisation, "no-room", error.text);
                        refuse(connection, 503, "busy",
                                "This node cannot take a message now; try again later");
                        return true;
                }
                connection->body_left -= (uint64_t)n;
        }
        end_message(connection);
        return true;
}

static void throw_away(struct connection *connection, struct evbuffer *input)
{
        size_t length = evbuffer_get_length(input);

        connection->lingered += length;
        evbuffer_drain(input, length);
        if (connection->lingered > SERVER_LINGER_BYTES_MAX)
                connection_free(connection);
}

void connection_read(struct connection *connection)
{
        struct evbuffer *input = bufferevent_get_input(connection->stream);
        bool more = true;

        /* An answer that could be written at once returns to PHASE_IDLE only by connection_written, so that
         * nobody piles up answers by asking without listening. */
        while (more) {
                switch (connection->phase) {
                case PHASE_IDLE:
                case PHASE_HEAD:
                        more = read_head(connection, input);
                        break;
                case PHASE_BODY:
                        more = read_body(connection, input);
                        break;
                case PHASE_LINGER:
                        throw_away(connection, input);
                        return;
                case PHASE_HANDSHAKE:
                case PHASE_ANSWER:
                        return;
                }
        }
}

void connection_written(struct connection *connection)
{
        if (connection->phase != PHASE_ANSWER ||
                evbuffer_get_length(bufferevent_get_output(connection->stream)) > 0 ||
                answer_continue(connection))
                return;
        answer_forget(connection);
        if (connection->close) {
                /* Closing with unread bytes would take the answer away from the peer (RFC 9112, 9.6). */
                connection_enter(connection, PHASE_LINGER, connection->server->limits.linger_ms);
                connection_read(connection);
                return;
        }
        connection_enter(connection, PHASE_IDLE, connection->server->limits.idle_ms);
        connection_read(connection);
}
