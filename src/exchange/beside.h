/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_BESIDE_H
#define ROGATORY_EXCHANGE_BESIDE_H

/* Evidence that is too large for a message travels beside it, under the manifest in the message
 * (courier/manifest.h): at an authority what is still to be fetched, at a provider what it offers. Both stand
 * in the book, so that whoever is killed goes on where it stood. */

#include "courier/client.h"
#include "courier/manifest.h"
#include "crypto/cms_seal.h"
#include "exchange/post.h"

#define BESIDE_FILE_BYTES_MAX                                                                                \
        ((uint64_t)CMS_SEAL_BYTES_MAX)            /* a longer file could be fetched and never opened         \
                                                   */
#define BESIDE_BYTES_MAX (UINT64_C(64) << 30)     /* of all files of one message */
#define BESIDE_RESERVE_BYTES (UINT64_C(64) << 20) /* left free on the disk for the node's own book and log   \
                                                   */
#define BESIDE_WRONG_MAX 3 /* so often a file may be another than its manifest says before it is given up */

/* ---- at an authority ---- */

enum fetch_state {
        FETCH_NONE,
        FETCH_WAITING,
        FETCH_HERE,     /* whole, compared, under its name */
        FETCH_FAILED,   /* given up for good */
        FETCH_OVER,     /* offered no longer, by our clock or by the sender's word, before it was here */
        FETCH_WITHDRAWN /* its order was: nobody wants it any more */
};
extern const struct vocabulary fetch_state_words;

/* The files that a message which came offers to us are to be fetched. Within the handler of the message. */
int beside_expect(struct office *office, const struct post_arrival *arrival, struct error *error);

/* One file to fetch. */
struct beside_task {
        char sender[MODEL_ORGANISATION_MAX], message_id[MODEL_ID_MAX], order_id[MODEL_ID_MAX];
        char manifest[ID_TEXT_MAX], name[EVIDENCE_NAME_MAX];
        char folder[PATH_MAX]; /* where it belongs: EVIDENCE/SENDER/MESSAGE */
        uint64_t length;
        uint8_t digest[DIGEST_BYTES], second_digest[MANIFEST_SECOND_BYTES];
        int64_t until_ms;
        uint32_t attempts; /* this one included */
        uint32_t in_vain;  /* of them, since a byte came last */
        uint64_t had;      /* bytes that were here when it began */
};

/* These four need the queue alone: who fetches has no key and no log open. Senders that have something due;
 * a call that returns other than 0 ends it. */
int beside_each_due_sender(
        struct queue *queue, int64_t now_ms, queue_recipient_call *call, void *context, struct error *error);
/* The file that waits longest, its attempt counted durably and its folder made. 1: there is one; 0: none. */
int beside_fetch_begin(struct queue *queue, const char *sender, const char *evidence,
        const struct schedule *schedule, uint32_t random, int64_t now_ms, struct beside_task *ret_task,
        struct error *error);
int beside_fetch_end(struct queue *queue, const struct beside_task *task,
        const struct download_result *result, const struct schedule *schedule, uint32_t random,
        int64_t now_ms, struct error *error);
/* The sender cannot be reached, or the disk is full: nothing of it is tried before. */
int beside_postpone(struct queue *queue, const char *sender, int64_t until_ms, struct error *error);

/* How far the evidence of an order, or of one message of it, has come. */
struct beside_progress {
        uint32_t files, here, waiting, failed; /* failed: also where the window is over */
        uint64_t bytes, bytes_here;            /* with what is here of files that are not whole */
        int64_t until_ms;                      /* the first end of a window of those that wait */
        char reason[256];                      /* why the last attempt at one of them failed */
};
/* message_id NULL: all of the order. */
int beside_progress(struct office *office, const char *order_id, const char *message_id,
        struct beside_progress *ret, struct error *error);
#define BESIDE_PROGRESS_MAX 256
/* "3 of 5 files here, 41 of 96 MB; can be fetched until 2026-12-10T10:00:00.000Z" */
void beside_progress_words(const struct beside_progress *progress, char ret_words[BESIDE_PROGRESS_MAX]);

/* The order is withdrawn: what waits is not fetched any more, and what came in part goes. Within a step. */
int beside_stop(struct office *office, const char *order_id, struct error *error);
/* What lies beside a message that came goes, whole or in part. ret_files: so many were there. */
int beside_delete(struct office *office, const char *peer, const char *message_id, int64_t *ret_files,
        struct error *error);
/* By an officer: what was given up is tried anew while its window is open. ret_files: so many. */
int beside_again(struct office *office, const char *order_id, uint32_t *ret_files, struct error *error);

/* ---- at a provider ---- */

/* Offers what lies in evidence/MANIFEST, as of the commit of the step. */
int beside_offer_put(struct office *office, const struct evidence_manifest *manifest, const char *message_id,
        struct error *error);
/* A receipt about the message with which it was offered came. */
int beside_offer_receipt(
        struct office *office, const char *message_id, const struct receipt *receipt, struct error *error);
/* What an order offers is offered no longer, and is destroyed. Within a step. */
int beside_offers_end(struct office *office, const char *order_id, const char *reason, struct error *error);
/* Somebody asked for what is offered to another organisation: once for each it is an incident and stands in
 * the log. 1: it was so. */
int beside_offer_strange(
        struct office *office, const char *organisation, const char *manifest, struct error *error);
/* For people: an array. */
int beside_offers_show(struct office *office, const char *order_id, json_t **ret_list, struct error *error);

/* ---- the clock ---- */

/* What time made of both: windows that ended, files that are all here or given up, and folders that no step
 * stands behind. Each in a step of its own. */
int beside_run(struct office *office, struct error *error);
/* When it has something to do next, or a file is due; TIME_UNKNOWN: never. */
int beside_next_look(struct office *office, int64_t *ret_ms, struct error *error);

#endif
