/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_CLIENT_STATE_H
#define ROGATORY_COURIER_CLIENT_STATE_H

/* What the files of the client share: client.c (connection, messages) and download.c (evidence). */

#include "courier/client.h"

#include <curl/curl.h>

struct client {
        char organisation[ORGANISATION_TEXT_MAX];
        const struct tls_identity *identity;
        int64_t connect_ms, message_ms;
        int64_t (*now)(void *context);
        bool (*stop)(void *context);
        void *context;
        CURL *curl;
};

/* One request: what goes with it and what came of it. */
struct exchange {
        struct client *client;
        struct tls_pin pin;
        struct error local; /* this node failed within a call of the library */
        struct curl_slist *fields;
        const struct content *content; /* of a POST */
        uint64_t sent;

        long status;
        size_t head_length;
        bool head_too_long, answer_too_long;
        char answer[CLIENT_ANSWER_BYTES_MAX];
        size_t answer_length;
        int64_t begun_ms, ended_ms;         /* by our clock */
        int64_t peer_ms, peer_precision_ms; /* by the peer's clock; TIME_UNKNOWN */
        char reason[CURL_ERROR_SIZE];

        /* Of a download, while its head is read: where the body begins. */
        uint64_t range_from;
        bool has_range;
        size_t (*body)(char *bytes, size_t size, size_t count, void *context);
        void *body_context;
};

int64_t client_now(const struct client *client);

/* Sets up a request to a path of the peer. end frees what it holds. */
int exchange_begin(struct exchange *exchange, struct client *client, const struct client_peer *peer,
        const char *path, struct error *error);
int exchange_field(struct exchange *exchange, const char *name, const char *value, struct error *error);
/* Runs it. Returns the library's code; exchange->reason has words for it. */
CURLcode exchange_run(struct exchange *exchange);
void exchange_end(struct exchange *exchange);

/* true where no connection with this very peer was made at all. */
bool exchange_is_unreachable(CURLcode code);

/* The words of a refusal, out of the peer's JSON; made safe to print. */
void exchange_words(const struct exchange *exchange, char *ret_words, size_t size);

#endif
