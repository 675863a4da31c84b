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
        struct buffer checkpoint, further, cosigned; /* what goes into a container; empty: nothing */
        uint64_t size;                               /* of our log, as checkpoint says */
};
/* What we say of our log and of the receiver's. Caller: post_custody_free. */
int post_custody_make(struct office *office, const struct directory_organisation *receiver,
        struct post_custody *ret, struct error *error);
void post_custody_free(struct post_custody *custody);
/* That the receiver was sent a checkpoint of this size. */
int post_custody_sent(struct office *office, const char *organisation, uint64_t size, struct error *error);

/* Judges what a container says of the sender's log, and keeps what it has cosigned of ours. 0; -EBADMSG: the
 * message is refused (refusal); else this node failed. */
int post_custody_look(struct office *office, const struct directory_organisation *sender,
        const struct container *container, int64_t sent_ms, struct post_refusal *refusal,
        struct error *error);

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
