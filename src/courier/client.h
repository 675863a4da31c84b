/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_CLIENT_H
#define ROGATORY_COURIER_CLIENT_H

/* The node's side that knocks at peers: by libcurl, over TLS 1.3, to the one certificate that is pinned for
 * the peer. No certificate authority, no redirect, no proxy, no other protocol, and nothing out of the
 * environment.
 *
 * A call blocks until it is done or one of the times below is over; a handle serves one thread. */

#include "base/error.h"
#include "courier/content.h"
#include "courier/names.h"
#include "courier/queue.h"
#include "courier/tls.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_CONNECT_MS 15000                           /* name, connection and handshake */
#define CLIENT_SLOW_BYTES_PER_S 1024                      /* slower than this for so long: */
#define CLIENT_SLOW_S 30                                  /* it is given up */
#define CLIENT_MESSAGE_MS 1800000                         /* a message as a whole */
#define CLIENT_ANSWER_BYTES_MAX QUEUE_ACKNOWLEDGEMENT_MAX /* of an answer that is no evidence */
#define CLIENT_HEAD_BYTES_MAX 16384                       /* of the head of an answer */

struct client;

/* A peer, as the directory says. */
struct client_peer {
        const char *organisation;
        const char *host; /* name or address */
        uint16_t port;
        const char *fingerprint; /* of its certificate for TLS */
};

struct client_options {
        const char *organisation;            /* who we are */
        const struct tls_identity *identity; /* borrowed for the life of the client */
        int64_t connect_ms, message_ms;      /* 0: the constants above */
        int64_t (*now)(void *context);       /* NULL: the machine's clock */
        bool (*stop)(void *context);         /* asked while evidence comes: true interrupts it; may be NULL */
        void *context;
};

int client_new(const struct client_options *options, struct client **ret_client, struct error *error);
void client_free(struct client *client);

enum client_end {
        CLIENT_DELIVERED,   /* the peer has it durably */
        CLIENT_UNREACHABLE, /* no connection, or not with this peer: try again */
        CLIENT_NOT_NOW,     /* cut off, or the peer cannot or will not take it now: try again */
        CLIENT_REFUSED      /* the peer will never take this message */
};

struct client_result {
        enum client_end end;
        int status;                                    /* of HTTP; 0 where there was no answer */
        bool was_there;                                /* delivered: the peer had it before */
        char reason[QUEUE_REASON_MAX];                 /* in words, where not delivered */
        char acknowledgement[CLIENT_ANSWER_BYTES_MAX]; /* as the peer said it; delivered only */
        size_t acknowledgement_length;
        /* The peer's clock against ours, where its answer told; else measured_ms is TIME_UNKNOWN. */
        struct skew skew;
        /* How far ours is ahead of the peer's as the peer sees it, turned round to "peer ahead of us". */
        struct skew told;
};

/* Sends one message and waits for its acknowledgement. Negative only where this node itself failed (no
 * memory, the content cannot be read); everything that the peer or the network did is in the result. */
int client_deliver(struct client *client, const struct client_peer *peer, const char *id,
        const struct content *content, struct client_result *ret_result, struct error *error);

/* A file of evidence beside a message, as its manifest says. */
struct client_file {
        const char *manifest; /* id */
        const char *name;
        uint64_t length;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 */
        uint8_t second_digest[64];    /* SHA3-512 */
};

enum download_end {
        DOWNLOAD_DONE,        /* FOLDER/NAME is whole, durable, and has both digests */
        DOWNLOAD_INTERRUPTED, /* what came is kept in FOLDER/.NAME.part: call again */
        DOWNLOAD_REFUSED,     /* the peer does not offer it, or no longer */
        DOWNLOAD_WRONG        /* whole, but not what the manifest says: thrown away */
};
struct download_result {
        enum download_end end;
        int status;
        uint64_t kept_bytes; /* of an interrupted one */
        char reason[QUEUE_REASON_MAX];
};

/* Goes on where an earlier call was interrupted. DOWNLOAD_DONE at once where the file is there already and is
 * the right one. Nothing counts as received before its digests were compared. One process fetches a file at a
 * time; where another does, or where the folder is removed meanwhile, it is interrupted. Negative where this
 * node failed: -ENOSPC where the disk is full. */
int client_download(struct client *client, const struct client_peer *peer, const struct client_file *file,
        const char *folder, struct download_result *ret_result, struct error *error);

/* SHA-256 and SHA3-512 of a file, for a manifest. Two constructions that share nothing: who breaks one has to
 * break the other for the same file. ret_length: bytes read. */
int evidence_digests(int file, const char *name, uint8_t ret_digest[DIGEST_BYTES], uint8_t ret_second[64],
        uint64_t *ret_length, struct error *error);

#endif
