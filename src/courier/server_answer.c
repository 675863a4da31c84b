/* SPDX-License-Identifier: EUPL-1.2 */
/* What a known peer gets: acknowledgements, refusals in words, pieces of evidence. */
#include "courier/server_state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *phrase_of(int status)
{
        static const struct {
                int status;
                const char *phrase;
        } phrases[] = {{200, "OK"}, {201, "Created"}, {206, "Partial Content"}, {400, "Bad Request"},
                {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
                {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"}, {413, "Content Too Large"},
                {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
                {417, "Expectation Failed"}, {429, "Too Many Requests"},
                {431, "Request Header Fields Too Large"}, {503, "Service Unavailable"},
                {505, "HTTP Version Not Supported"}};

        for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
                if (phrases[i].status == status)
                        return phrases[i].phrase;
        return "Answer";
}

void answer_forget(struct connection *connection)
{
        content_free(connection->body);
        connection->body = NULL;
        connection->server->counts.bodies_bytes -= connection->body_reserved;
        connection->body_reserved = 0;
        if (connection->file >= 0)
                close(connection->file);
        connection->file = -1;
}

/* Status line and the fields that every answer has, without the empty line. */
static void begin(struct connection *connection, struct evbuffer *output, int status, uint64_t length)
{
        char date[HTTP_DATE_MAX], text[TIME_TEXT_MAX];
        int64_t now_ms = server_now(connection->server);

        evbuffer_add_printf(output,
                "HTTP/1.1 %d %s\r\nDate: %s\r\nRogatory-Time: %s\r\nContent-Length: %llu\r\n"
                "Cache-Control: no-store\r\n%s",
                status, phrase_of(status), http_date_write(now_ms, date), time_format_utc(now_ms, text),
                (unsigned long long)length, connection->close ? "Connection: close\r\n" : "");
}

void answer_json(struct connection *connection, int status, const char *body, bool close)
{
        struct evbuffer *output = bufferevent_get_output(connection->stream);

        answer_forget(connection);
        connection->close = connection->close || close;
        begin(connection, output, status, strlen(body));
        evbuffer_add_printf(output, "Content-Type: application/json\r\n%s%s\r\n",
                status == 503 || status == 429 ? "Retry-After: 60\r\n" : "",
                status == 405 ? "Allow: GET, POST\r\n" : "");
        evbuffer_add(output, body, strlen(body));
        connection_enter(connection, PHASE_ANSWER, connection->server->limits.stall_ms);
}

/* The object is used up. */
static void answer_object(struct connection *connection, int status, json_t *object, bool close)
{
        char *body = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

        json_decref(object);
        answer_json(connection, status, body ? body : "{}", close);
        free(body);
}

void answer_refusal(
        struct connection *connection, int status, const char *code, const char *words, bool close)
{
        connection->server->counts.refused_requests++;
        answer_object(connection, status,
                json_pack("{s:s, s:i, s:s}", "error", code, "status", status, "words", words), close);
}

static void acknowledge(struct connection *connection, bool again)
{
        char digest[DIGEST_TEXT_MAX], text[TIME_TEXT_MAX];
        struct server *server = connection->server;
        int64_t told_ms = TIME_UNKNOWN;

        json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "message", connection->id, "state",
                again ? "recognised" : "accepted", "sha256",
                digest_format(content_digest(connection->body), digest), "sender", connection->organisation,
                "recipient", server->organisation, "at", time_format_utc(server_now(server), text));
        if (object && connection->request.time[0] &&
                time_parse_rfc3339(slice_of(connection->request.time), &told_ms, NULL, NULL) == 0)
                json_object_set_new(
                        object, "your_clock_ahead_ms", json_integer(told_ms - connection->head_ms));
        answer_object(connection, again ? 200 : 201, object, false);
}

void answer_message(struct connection *connection, int reception)
{
        struct server_counts *counts = &connection->server->counts;

        switch (reception) {
        case QUEUE_ACCEPTED:
                counts->messages++;
                acknowledge(connection, false);
                return;
        case QUEUE_RECOGNISED:
                counts->recognised++;
                acknowledge(connection, true);
                return;
        case QUEUE_CONFLICT:
                counts->conflicts++;
                server_remark(connection->server, connection->organisation, "other-content",
                        "An id came again with another content; it was refused and is kept as an incident");
                answer_refusal(connection, 409, "other-content",
                        "Another message has come under this id before; a changed message needs a new id",
                        false);
                return;
        case QUEUE_FULL:
                answer_refusal(connection, 429, "too-many-messages",
                        "Too many of your messages wait to be read; try again later", false);
                return;
        default:
                answer_refusal(connection, 503, "not-durable",
                        "This node could not make the message durable; try again later", false);
        }
}

/* What is nobody's, somebody else's and not yet offered cannot be told apart from outside. */
static void answer_no_evidence(struct connection *connection)
{
        answer_refusal(connection, 404, "no-such-evidence", "Nothing is offered to you under this name",
                connection->request.close);
}

static int open_offer(struct connection *connection, struct server_offer *ret_offer)
{
        struct server *server = connection->server;
        int64_t now_ms = server_now(server);
        struct error error = {0};

        if (!server->sink.evidence || !id_is_valid(connection->manifest) ||
                !evidence_name_is_valid(connection->name))
                return -ENOENT;
        int r = server->sink.evidence(server->sink.context, connection->organisation, connection->manifest,
                connection->name, ret_offer, &error);
        if (r < 0) {
                if (r != -ENOENT)
                        server_remark(server, connection->organisation, "evidence", error.text);
                return r;
        }
        if (strcmp(ret_offer->recipient, connection->organisation) != 0) {
                server_remark(server, connection->organisation, "not-the-recipient",
                        "A peer asked for evidence that is offered to another one");
                r = -ENOENT;
        } else if (now_ms < ret_offer->from_ms) {
                r = -ENOENT;
        } else if (now_ms >= ret_offer->until_ms) {
                r = -ESTALE;
        }
        if (r < 0)
                close(ret_offer->file);
        return r;
}

/* 206 or 200 with the fields that let a download go on where it was cut off (RFC 9110, 14 and 13.1.5). */
static void begin_file(struct connection *connection, const struct server_offer *offer, bool part)
{
        struct evbuffer *output = bufferevent_get_output(connection->stream);
        char digest[DIGEST_TEXT_MAX];

        begin(connection, output, part ? 206 : 200, connection->file_until - connection->file_from);
        evbuffer_add_printf(output,
                "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nETag: \"%s\"\r\n",
                digest_format(offer->digest, digest));
        if (part)
                evbuffer_add_printf(output, "Content-Range: bytes %llu-%llu/%llu\r\n",
                        (unsigned long long)connection->file_from,
                        (unsigned long long)connection->file_until - 1, (unsigned long long)offer->length);
        evbuffer_add(output, "\r\n", 2);
        connection_enter(connection, PHASE_ANSWER, connection->server->limits.stall_ms);
        (void)answer_continue(connection);
}

static int read_range(const struct connection *connection, const struct server_offer *offer,
        uint64_t *ret_from, uint64_t *ret_until)
{
        const struct http_request *request = &connection->request;
        char digest[DIGEST_TEXT_MAX], etag[DIGEST_TEXT_MAX + 2];

        *ret_from = 0;
        *ret_until = offer->length;
        snprintf(etag, sizeof etag, "\"%s\"", digest_format(offer->digest, digest));
        /* Another file than the one that was begun: all of it. */
        if (request->if_range[0] && strcmp(request->if_range, etag) != 0)
                return 0;
        return http_range_read(request->range, offer->length, ret_from, ret_until);
}

void answer_evidence(struct connection *connection)
{
        struct server_offer offer = {.file = -1};

        int r = open_offer(connection, &offer);
        if (r == -ESTALE) {
                answer_refusal(connection, 410, "window-over",
                        "The time in which this could be fetched is over; ask its sender for it again",
                        connection->request.close);
                return;
        }
        if (r < 0) {
                answer_no_evidence(connection);
                return;
        }
        r = read_range(connection, &offer, &connection->file_from, &connection->file_until);
        if (r < 0) {
                close(offer.file);
                answer_refusal(connection, r == -ERANGE ? 416 : 400, "range",
                        r == -ERANGE ? "Nothing of this file stands there"
                                     : "One range is given as bytes=FIRST-[LAST]",
                        connection->request.close);
                return;
        }
        connection->file = offer.file;
        connection->file_at = connection->file_from;
        begin_file(connection, &offer, r == 1);
}

bool answer_continue(struct connection *connection)
{
        struct server *server = connection->server;
        uint8_t piece[SERVER_PIECE];

        if (connection->file < 0)
                return false;
        if (connection->file_at == connection->file_until) {
                if (server->sink.evidence_taken)
                        server->sink.evidence_taken(server->sink.context, connection->organisation,
                                connection->manifest, connection->name, connection->file_from,
                                connection->file_until);
                close(connection->file);
                connection->file = -1;
                return false;
        }
        uint64_t left = connection->file_until - connection->file_at;
        ssize_t n = pread(connection->file, piece, left < sizeof piece ? (size_t)left : sizeof piece,
                (off_t)connection->file_at);
        if (n <= 0) {
                server_remark(server, connection->organisation, "evidence-unreadable",
                        "A file of evidence cannot be read, or is shorter than its manifest says");
                /* The length was promised: only cutting off tells the peer that this is not all. */
                struct timeval at_once = {0};
                evbuffer_drain(bufferevent_get_output(connection->stream),
                        evbuffer_get_length(bufferevent_get_output(connection->stream)));
                event_add(connection->deadline, &at_once);
                return true;
        }
        connection->file_at += (uint64_t)n;
        evbuffer_add(bufferevent_get_output(connection->stream), piece, (size_t)n);
        connection_enter(connection, PHASE_ANSWER, server->limits.stall_ms);
        return true;
}
