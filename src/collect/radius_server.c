/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/radius_server.h"

#include "base/checksum.h"
#include "collect/radius_answer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PLACES 8u /* in which one request may stand */

/* RFC 5080 section 2.2.2: what makes two requests the same. No padding: it is hashed as it is. */
struct request_key {
        uint8_t source[16];
        uint8_t authenticator[RADIUS_AUTHENTICATOR_BYTES];
        uint8_t port[2];
        uint8_t identifier;
        uint8_t listener;
};

struct remembered {
        struct request_key key;
        int64_t at_ms; /* steady clock; 0: the place is free */
};

struct waiting_answer {
        uint8_t bytes[RADIUS_ANSWER_MAX];
        size_t length;
        struct sockaddr_storage to;
        socklen_t to_length;
        _Alignas(struct cmsghdr) uint8_t way[64]; /* from which of this machine's addresses */
        size_t way_length;
        struct remembered
                *remembered; /* NULL: a repeated request, which was settled before or is in this batch */
};

struct radius_server {
        uint8_t salt[8]; /* senders cannot choose requests that share a place */
        struct remembered remembered[RADIUS_REPEATS];
        struct waiting_answer waiting[COLLECT_BATCH];
        size_t count;
};

int radius_server_new(struct radius_server **ret_server)
{
        struct radius_server *server = calloc(1, sizeof *server);

        if (!server)
                return -ENOMEM;
        if (getrandom(server->salt, sizeof server->salt, 0) != (ssize_t)sizeof server->salt) {
                free(server);
                return -EIO;
        }
        *ret_server = server;
        return 0;
}

void radius_server_free(struct radius_server *server)
{
        free(server);
}

/* The place of a request: the one in which it stands (*ret_is_known), or the one that it may take. */
static struct remembered *place_of(
        struct radius_server *server, const struct request_key *key, int64_t steady_ms, bool *ret_is_known)
{
        uint8_t salted[sizeof server->salt + sizeof *key];

        memcpy(salted, server->salt, sizeof server->salt);
        memcpy(salted + sizeof server->salt, key, sizeof *key);
        size_t first = checksum(salted, sizeof salted) % (RADIUS_REPEATS / PLACES) * PLACES;
        struct remembered *oldest = &server->remembered[first];
        for (size_t i = 0; i < PLACES; i++) {
                struct remembered *one = &server->remembered[first + i];
                if (one->at_ms && steady_ms - one->at_ms < RADIUS_REPEAT_MS &&
                        memcmp(&one->key, key, sizeof *key) == 0) {
                        *ret_is_known = true;
                        return one;
                }
                if (one->at_ms < oldest->at_ms)
                        oldest = one;
        }
        *ret_is_known = false;
        return oldest;
}

/* The answer must leave from the address that was asked, or its sender does not know it. */
static size_t way_back(struct msghdr *head, struct cmsghdr *ret_way)
{
        for (struct cmsghdr *note = CMSG_FIRSTHDR(head); note; note = CMSG_NXTHDR(head, note)) {
                if (note->cmsg_level == IPPROTO_IP && note->cmsg_type == IP_PKTINFO) {
                        struct in_pktinfo info;
                        memcpy(&info, CMSG_DATA(note), sizeof info);
                        info.ipi_ifindex = 0;
                        *ret_way = (struct cmsghdr){.cmsg_level = IPPROTO_IP,
                                .cmsg_type = IP_PKTINFO,
                                .cmsg_len = CMSG_LEN(sizeof info)};
                        memcpy(CMSG_DATA(ret_way), &info, sizeof info);
                        return CMSG_SPACE(sizeof info);
                }
                if (note->cmsg_level == IPPROTO_IPV6 && note->cmsg_type == IPV6_PKTINFO) {
                        struct in6_pktinfo info;
                        memcpy(&info, CMSG_DATA(note), sizeof info);
                        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
                                info.ipi6_ifindex = 0;
                        *ret_way = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6,
                                .cmsg_type = IPV6_PKTINFO,
                                .cmsg_len = CMSG_LEN(sizeof info)};
                        memcpy(CMSG_DATA(ret_way), &info, sizeof info);
                        return CMSG_SPACE(sizeof info);
                }
        }
        return 0;
}

static void prepare_answer(struct radius_server *server, const uint8_t *bytes,
        const struct radius_request *request, const char *secret, struct msghdr *head,
        struct remembered *remembered)
{
        struct waiting_answer *answer = &server->waiting[server->count];

        int length = radius_answer(bytes, request, secret, answer->bytes);
        if (length < 0)
                return; /* unanswered, it is repeated */
        answer->length = (size_t)length;
        answer->to_length = head->msg_namelen;
        memcpy(&answer->to, head->msg_name, head->msg_namelen);
        memset(answer->way, 0, sizeof answer->way);
        answer->way_length = way_back(head, (struct cmsghdr *)(void *)answer->way);
        answer->remembered = remembered;
        server->count++;
}

void radius_take(struct listening *listening, struct exporter *exporter, struct collect_message *message,
        struct msghdr *head, int64_t steady_ms)
{
        struct radius_server *server = listening->collector->radius;
        struct radius_request request;
        enum radius_finding finding = RADIUS_UNPROVEN;
        bool is_known;

        if (!exporter->secret ||
                radius_examine(message->bytes, message->length, exporter->secret, &finding, &request) < 0 ||
                finding != RADIUS_SOUND) {
                collect_refuse(listening, finding == RADIUS_MALFORMED ? COLLECT_MALFORMED : COLLECT_UNPROVEN,
                        exporter->number, message->receipt_ms);
                return;
        }
        struct request_key key = {.port = {(uint8_t)(message->port >> 8), (uint8_t)message->port},
                .identifier = request.identifier,
                .listener = (uint8_t)listening->number};
        memcpy(key.source, message->source.bytes, sizeof key.source);
        memcpy(key.authenticator, request.authenticator, sizeof key.authenticator);
        struct remembered *place = place_of(server, &key, steady_ms, &is_known);
        if (is_known) {
                listening->counts.repeated++;
                prepare_answer(server, message->bytes, &request, exporter->secret, head, NULL);
                return;
        }
        uint64_t delivered = listening->counts.delivered;
        message->length = request.length;
        collect_deliver(listening, exporter, message, steady_ms);
        if (listening->counts.delivered == delivered)
                return;
        *place = (struct remembered){.key = key, .at_ms = steady_ms};
        prepare_answer(server, message->bytes, &request, exporter->secret, head, place);
}

static void send_answer(struct listening *listening, struct waiting_answer *answer)
{
        struct iovec piece = {answer->bytes, answer->length};
        struct msghdr head = {.msg_name = &answer->to,
                .msg_namelen = answer->to_length,
                .msg_iov = &piece,
                .msg_iovlen = 1,
                .msg_control = answer->way_length ? answer->way : NULL,
                .msg_controllen = answer->way_length};

        /* An answer that cannot be sent now is asked for again. */
        if (sendmsg(listening->socket, &head, MSG_DONTWAIT) < 0)
                listening->counts.socket_errors++;
        else
                listening->counts.answered++;
}

void radius_settle(struct listening *listening, bool is_settled)
{
        struct radius_server *server = listening->collector->radius;

        for (size_t i = 0; i < server->count; i++) {
                if (is_settled)
                        send_answer(listening, &server->waiting[i]);
                else if (server->waiting[i].remembered)
                        server->waiting[i].remembered->at_ms = 0;
        }
        server->count = 0;
}
