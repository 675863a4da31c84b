/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_QUEUE_H
#define ROGATORY_COURIER_QUEUE_H

/* The durable outbox and inbox of a node, in one SQLite file. What a function here reports as done is on the
 * disk. The clock is the caller's: now_ms is milliseconds since 1970 UTC.
 *
 * Several processes may have the file open at once, each with a handle of its own; a handle serves one
 * thread. Beside the file stand FILE-wal and FILE-shm: to move a queue, close it everywhere or move all
 * three. */

#include "base/error.h"
#include "courier/content.h"
#include "courier/names.h"
#include "courier/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_REASON_MAX 512           /* longest reason kept, with its end mark; longer ones are cut */
#define QUEUE_ACKNOWLEDGEMENT_MAX 4096 /* bytes of a peer's acknowledgement */
#define QUEUE_WAITING_MAX 10000        /* messages of one sender that wait for their consumer */
#define QUEUE_WAITING_BYTES_MAX (UINT64_C(4) << 30) /* and their bytes */
#define QUEUE_TAKES_IN_A_ROW 3 /* a message that was given back so often lets the others go first */

struct sqlite3;
struct queue;

/* Makes the file where it is missing (mode 0600) and checks it where it is not. -EBADMSG: damaged, no queue,
 * or of a later version; nothing was changed then. -EBUSY: others held it for too long. */
int queue_open(const char *path, struct queue **ret_queue, struct error *error);
void queue_close(struct queue *queue); /* what was begun and not committed is undone */

/* For a consumer whose own tables stand in the same file: between queue_take_begin and queue_take_commit its
 * statements are part of the same transaction. Tables of the queue are not the caller's to touch. */
struct sqlite3 *queue_database(struct queue *queue);

/* A transaction of such a consumer that takes no message: its own statements and what it enqueues become
 * durable together, or not at all. -EBUSY where one is open already, or a message is taken. */
int queue_work_begin(struct queue *queue, struct error *error);
int queue_work_commit(struct queue *queue, struct error *error);
void queue_work_abandon(struct queue *queue); /* nothing is fine */

/* --- Outbox --- */

enum outgoing_state {
        OUTGOING_QUEUED,
        OUTGOING_DELIVERED, /* the peer has said that it has it durably */
        OUTGOING_FAILED,    /* for good; `reason` says why */
        OUTGOING_WITHDRAWN
};
const char *outgoing_state_name(enum outgoing_state state); /* "queued": stable */

struct outgoing {
        char id[ID_TEXT_MAX];
        char recipient[ORGANISATION_TEXT_MAX];
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the content */
        uint64_t length;
        enum outgoing_state state;
        uint32_t attempts; /* begun, ever */
        int64_t enqueued_ms, not_after_ms;
        int64_t next_attempt_ms; /* not before; only where queued */
        int64_t settled_ms;      /* delivered, failed or withdrawn; TIME_UNKNOWN before */
        int64_t withdrawn_ms; /* TIME_UNKNOWN where not; beside `delivered`: the withdrawal came too late */
        char reason[QUEUE_REASON_MAX]; /* of the last attempt or the end; empty where there is none */
        uint8_t acknowledgement_digest[DIGEST_BYTES]; /* SHA-256 of what the peer answered; where delivered */
};

/* 0: it will be delivered, or failed with a reason at not_after_ms. 1: it was there before (same id,
 * recipient and content). -EEXIST: the id stands for another message. -EFBIG, -EINVAL with words. While a
 * message is taken (queue_take_begin) it becomes durable with queue_take_commit, within queue_work_begin with
 * queue_work_commit. */
int queue_enqueue(struct queue *queue, const char *id, const char *recipient, int64_t not_after_ms,
        const struct content *content, int64_t now_ms, struct error *error);

/* No further attempt is made. ret_may_have_arrived: an attempt was begun, so the peer may have it all the
 * same; an acknowledgement that still comes turns the state into delivered. 1: had been settled before, and
 * stays what it was. -ENOENT. */
int queue_withdraw(struct queue *queue, const char *id, const char *reason, int64_t now_ms,
        bool *ret_may_have_arrived, struct error *error);

/* Gives the message that has waited longest for an attempt, counts the attempt durably and sets when the next
 * one is due; so a sender that dies in the midst is only late. Messages past their not_after_ms become failed
 * first. recipient: only its messages, NULL: all. random: 32 random bits. 1: there is one; 0: none is due. */
int queue_attempt_begin(struct queue *queue, const char *recipient, const struct schedule *schedule,
        uint32_t random, int64_t now_ms, struct outgoing *ret_outgoing, struct error *error);

/* The content as it was enqueued; -EBADMSG where the stored bytes have another digest. The caller frees it.
 */
int queue_outgoing_content(struct queue *queue, const char *id, const char *folder,
        struct content **ret_content, struct error *error);

/* What became of the attempt. acknowledgement: what the authenticated peer said, kept as it is. */
int queue_attempt_delivered(struct queue *queue, const char *id, const void *acknowledgement, size_t length,
        int64_t now_ms, struct error *error);
int queue_attempt_failed(struct queue *queue, const char *id, const char *reason, bool for_good,
        const struct schedule *schedule, uint32_t random, int64_t now_ms, struct error *error);

/* The recipient cannot be reached: none of its messages is due before. One attempt tells about all of them.
 */
int queue_postpone(struct queue *queue, const char *recipient, int64_t until_ms, struct error *error);

/* Calls for each recipient that has a message due, until a call returns other than 0, which is returned. */
typedef int queue_recipient_call(void *context, const char *recipient);
int queue_each_due_recipient(
        struct queue *queue, int64_t now_ms, queue_recipient_call *call, void *context, struct error *error);

/* ret_due_ms: when the next attempt is due or a message expires; TIME_UNKNOWN where nothing waits. */
int queue_next_due(struct queue *queue, int64_t *ret_due_ms, struct error *error);

/* -ENOENT. */
int queue_outgoing(struct queue *queue, const char *id, struct outgoing *ret_outgoing, struct error *error);

/* Calls for each message, oldest first, until a call returns other than 0, which is returned. */
typedef int queue_outgoing_call(void *context, const struct outgoing *outgoing);
int queue_each_outgoing(struct queue *queue, queue_outgoing_call *call, void *context, struct error *error);

/* --- Inbox --- */

enum queue_reception {
        QUEUE_ACCEPTED,   /* durable, for the first time */
        QUEUE_RECOGNISED, /* durable since earlier: the same id with the same content */
        QUEUE_CONFLICT,   /* the same id with another content: not taken, and an incident */
        QUEUE_FULL        /* too much of this sender waits for its consumer: not taken */
};

/* Exactly one effect per sender and id. Ids are of their sender: else whoever learns an id could block it. An
 * id that comes from a second sender is taken and is an incident; whether the sender may bring a message that
 * another one sealed is the consumer's to decide. told_ms: the time that the peer's clock showed, or
 * TIME_UNKNOWN. Returns an enum queue_reception, or a negative errno: then nothing may be acknowledged.
 * -EBUSY while a message is taken by this handle. */
int queue_receive(struct queue *queue, const char *sender, const char *id, const struct content *content,
        int64_t told_ms, int64_t now_ms, struct error *error);

enum incoming_state { INCOMING_WAITING, INCOMING_DONE, INCOMING_REFUSED };

struct incoming {
        char id[ID_TEXT_MAX];
        char sender[ORGANISATION_TEXT_MAX];
        uint8_t digest[DIGEST_BYTES];
        uint64_t length;
        enum incoming_state state;
        uint32_t takes; /* how often it was taken, this time included: above 1 an earlier one did not end */
        int64_t received_ms, told_ms, settled_ms;
        char reason[QUEUE_REASON_MAX]; /* where refused */
};

/* Takes the message that waits longest. 1: there is one, and a transaction is open until commit, refuse or
 * abandon; 0: none waits. Whoever dies between leaves it waiting, with nothing of what was done in
 * queue_database and no queue_enqueue of between; effects elsewhere have to recognise sender and id by
 * themselves. Other writers wait meanwhile, so no take is kept while a person thinks. */
int queue_take_begin(struct queue *queue, struct incoming *ret_incoming, struct error *error);
int queue_take_content(
        struct queue *queue, const char *folder, struct content **ret_content, struct error *error);
int queue_take_commit(struct queue *queue, int64_t now_ms, struct error *error);
int queue_take_refuse(struct queue *queue, const char *reason, int64_t now_ms, struct error *error);
void queue_take_abandon(struct queue *queue);

int queue_incoming(struct queue *queue, const char *sender, const char *id, struct incoming *ret_incoming,
        struct error *error);

/* --- Incidents --- */

enum incident_kind {
        INCIDENT_OTHER_CONTENT, /* a sender's id came again with another content, which was refused */
        INCIDENT_OTHER_SENDER   /* an id that another sender had used before; it was taken */
};

struct incident {
        enum incident_kind kind;
        char peer[ORGANISATION_TEXT_MAX];
        char id[ID_TEXT_MAX];
        int64_t first_ms, last_ms;
        uint64_t count;                    /* a repeated one is counted and takes no further room */
        uint8_t digest_kept[DIGEST_BYTES]; /* of the message that stands */
        uint8_t digest_came[DIGEST_BYTES]; /* of what came last */
};
typedef int queue_incident_call(void *context, const struct incident *incident);
int queue_each_incident(struct queue *queue, queue_incident_call *call, void *context, struct error *error);

/* --- Clocks of peers --- */

enum skew_direction { SKEW_SEEN_BY_US, SKEW_TOLD_BY_PEER };

struct skew {
        int64_t ahead_ms;       /* the peer's clock less ours; negative: it is behind */
        int64_t uncertainty_ms; /* it lies so far to both sides at most */
        int64_t measured_ms;    /* by our clock */
};
int queue_note_skew(struct queue *queue, const char *organisation, enum skew_direction direction,
        const struct skew *skew, struct error *error);
/* -ENOENT where none was measured. */
int queue_skew(struct queue *queue, const char *organisation, enum skew_direction direction,
        struct skew *ret_skew, struct error *error);

/* --- Keeping it small --- */

/* Forgets the content of what was settled before; ids, digests and acknowledgements stay, so that a repeated
 * message is still recognised. Returns how many. */
int queue_forget(struct queue *queue, int64_t before_ms, struct error *error);
/* Forgets the content of one message that came and is settled; the same stays. 1; 0 where there is none. */
int queue_forget_received(struct queue *queue, const char *sender, const char *id, struct error *error);

#endif
