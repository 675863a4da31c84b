/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_POST_STATE_H
#define ROGATORY_EXCHANGE_POST_STATE_H

/* What the files of the post share. */

#include "exchange/office_state.h"
#include "exchange/post.h"

#define POST_TAKES_MAX 50 /* a message that was taken so often without an end is refused */

/* Why a message is refused. */
struct post_refusal {
        char code[64]; /* stable; "" where nothing is refused */
        char words[BOOK_TEXT_MAX];
};

/* Fills it in and returns -EBADMSG. */
int post_refuse(struct post_refusal *refusal, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* ---- logs of others (post_custody.c) ---- */

struct post_custody {
        struct buffer checkpoint, further, earlier, cosigned; /* what goes into a container; empty: nothing */
        struct buffer note;                                   /* our signed checkpoint */
        uint64_t size;                                        /* of our log, as it says */
};
/* What we say of our log and of the receiver's. Caller: post_custody_free. */
int post_custody_make(struct office *office, const struct directory_organisation *receiver,
        struct post_custody *ret, struct error *error);
void post_custody_free(struct post_custody *custody);
/* That the receiver was sent this. */
int post_custody_sent(struct office *office, const char *organisation, const struct post_custody *custody,
        struct error *error);

/* Judges what a container says of the sender's log, and keeps what it has cosigned of ours. Only a log that
 * is proven to go on from what we know passes. 0; -EBADMSG: the message is refused (refusal); else this node
 * failed. */
int post_custody_look(struct office *office, const struct directory_organisation *sender,
        const struct container *container, struct post_refusal *refusal, struct error *error);

/* ---- what oversight is told (post_report.c) ---- */

/* Where an incident speaks against somebody's log: tells the oversight bodies of our State, or all where it
 * has none, once a day of each peer and code. Within a step, before the incident is in the book. */
int post_report(struct office *office, const struct book_incident *incident, const char *order_id,
        struct error *error);

/* ---- sealing (post_seal.c) ---- */

struct post_sealing {
        struct office *office;
        const struct message *message;                 /* borrowed */
        const struct directory_organisation *receiver; /* borrowed */
        struct container_part *parts;                  /* owned; what stands in them is not */
        char (*names)[CONTAINER_NAME_MAX + 1];
        size_t part_count;
        struct post_custody custody;
        struct container_draft *draft;
        const struct certificate *seal; /* that signed; borrowed */
        struct buffer container;        /* once it was written */
        int64_t proven_ms;              /* by the timestamp; TIME_UNKNOWN: it has none */
};
/* Room for so many parts beside those of custody. In any case: post_sealing_end. */
int post_sealing_begin(struct post_sealing *sealing, size_t parts, struct error *error);
void post_sealing_end(struct post_sealing *sealing);
void post_sealing_add(struct post_sealing *sealing, const char *folder, const char *name,
        const char *media_type, const void *bytes, size_t length);
/* What we say of our log and of the receiver's. */
int post_sealing_custody(struct post_sealing *sealing, struct error *error);
int post_sealing_sign(struct post_sealing *sealing, struct error *error);
/* Asks the timestamp service (office_options.timestamp must be there). -EBADMSG: what it gave is refused;
 * others as that says. */
int post_sealing_stamp(struct post_sealing *sealing, struct error *error);
/* -EFBIG where a message may not have so many bytes and still_to_come. */
int post_sealing_write(struct post_sealing *sealing, size_t still_to_come, struct error *error);
/* Within a step: to the courier, and to the log. Takes over detail (may be NULL). */
int post_sealing_hand_over(
        struct post_sealing *sealing, uint8_t ret_digest[DIGEST_BYTES], struct error *error);
int post_sealing_enter(struct post_sealing *sealing, const uint8_t digest[DIGEST_BYTES], json_t *detail,
        struct error *error);

/* ---- waiting for a timestamp (post_stamp.c) ---- */

#define POST_STAMP_MORE ((size_t)1 << 20) /* bytes that a message grows by at most until it leaves */

/* Within a step: a message that is sealed without a timestamp waits until it has one. */
int post_stamp_wait(struct post_sealing *sealing, struct error *error);

/* ---- one container (post_open.c) ---- */

struct post_opened {
        struct container container;
        struct message message; /* initialised always; of kind MESSAGE_NONE where it could not be read */
        const struct directory_organisation *sender; /* whose seal it is; NULL: nobody's */
        struct findings findings;
};
/* Opens it and checks what can be checked of it alone: seal, JSON, files. at_ms: when it came. 0, -EBADMSG
 * with the refusal, or this node failed. Caller: post_opened_clear in any case. */
int post_open(struct office *office, const void *bytes, size_t length, int64_t at_ms, struct post_opened *ret,
        struct post_refusal *refusal, struct error *error);
void post_opened_clear(struct post_opened *opened);
/* Says the manifest in it the same as the message? As post_open. (post_beside.c) */
int post_check_manifest(const struct post_opened *opened, struct post_refusal *refusal, struct error *error);

/* "FOLDER/containers/in-SENDER-ID.asice" or "out-ID.asice" (peer NULL): the name in that folder. */
#define POST_FILE_NAME_MAX 160
void post_file_name(const char *peer, const char *id, char ret_name[POST_FILE_NAME_MAX]);

#endif
