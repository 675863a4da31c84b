/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_POST_H
#define ROGATORY_EXCHANGE_POST_H

/* Messages out and in. Out: message and files become HI1 JSON in a container with our seal, stand in the
 * outbox, the book and the log, all in the step that is open. In: what the courier took is opened strictly,
 * its seal, sender, receiver, id, time and log are checked, the handler of its kind has its effect, and a
 * receipt goes back; what is refused has no effect but the refusal (doc/format/office.md). */

#include "container/container.h"
#include "exchange/book.h"

#define POST_MESSAGE_NAME "message.json"
#define POST_EVIDENCE_FOLDER "evidence/"
#define POST_MANIFEST_NAME "manifest.json"        /* of evidence beside the message (courier/manifest.h) */
#define POST_CHECKPOINT_NAME "custody/checkpoint" /* of the sender's log, as tlog-witness asks for it */
#define POST_FURTHER_NAME                                                                                    \
        "custody/checkpoint-known" /* the same from the size that the receiver has cosigned */
#define POST_EARLIER_NAME                                                                                    \
        "custody/earlier" /* our checkpoints that the receiver may not have seen, with proofs */
#define POST_COSIGNED_NAME "custody/cosigned" /* checkpoint of the receiver's log, cosigned by the sender */
#define POST_DAYS 60 /* a message that its receiver has not taken in so many days has failed */
#define POST_FUTURE_MS                                                                                       \
        (5 * TIME_MINUTE)   /* a sender's clock may be so far ahead, beyond the skew measured                \
                             */
#define POST_EARLIER_MAX 64 /* of them; more are not on their way at once */

/* A file in the container. */
struct post_file {
        const char *name; /* plain; stands as evidence/NAME */
        const char *media_type;
        const char *description;   /* may be NULL */
        const char *identifier_id; /* may be NULL: of the whole message */
        const void *bytes;         /* borrowed */
        size_t length;
        bool encrypted; /* to the receiver's decryption certificate, by the caller */
};

struct post_extra {
        const char *manifest; /* JSON of evidence beside the message; NULL: none */
};

/* Sends a message. The caller fills kind, order_id, receiver.organisation and body; sender, sent_ms, the
 * receiver's country, and id where it is empty are filled in here, and a row in message->files for each file
 * (rows with `outside` are the caller's). -EINVAL where the directory does not know the receiver,
 * -EKEYEXPIRED where it has expired and the message orders production, -EFBIG where it is too large for one
 * message. */
int post_send(struct office *office, struct message *message, const struct post_file *files, size_t count,
        const struct post_extra *extra, struct error *error);

/* Which generation of the order a message is about: the first, where it does not say. */
int64_t post_generation(const struct message *message);

/* ---- timestamps ----
 *
 * Where the settings name a timestamp service, what post_send sealed waits until the service has answered:
 * it is sealed anew, with the timestamp (level T), and then handed to the courier. A service that does not
 * answer, or answers with what is refused, is asked again; where the settings say so the message leaves
 * without (level B), and the log, the message's state and the caller are told why. */

enum post_stamp_state {
        POST_STAMP_WAITS,
        POST_STAMP_HAS,     /* it left with a timestamp */
        POST_STAMP_WITHOUT, /* it left without one, as the settings let it */
        POST_STAMP_FAILED   /* it never leaves: what was kept is not what was sealed, or it is for nobody */
};

struct post_stamp {
        char message_id[MODEL_ID_MAX];
        enum post_stamp_state state;
        int64_t since_ms;  /* when it was sealed first */
        int64_t proven_ms; /* POST_STAMP_HAS: by the timestamp; else TIME_UNKNOWN */
        int64_t next_ms;   /* POST_STAMP_WAITS: not asked before */
        int64_t attempts;
        char reason[BOOK_TEXT_MAX]; /* why it waits, or left without; "" before the first attempt */
};

/* -ENOENT: no service was to be asked for this message. */
int post_stamp_find(struct office *office, const char *id, struct post_stamp *ret, struct error *error);
/* The one that waits longest, and how many wait. ret_count 0: *ret is not touched. */
int post_stamp_first(struct office *office, struct post_stamp *ret, uint64_t *ret_count, struct error *error);

/* Messages of an order that wait, left without, or never leave: [{"message", "kind", "to", "state", "since",
 * "reason"}].
 */
int post_stamps_of(struct office *office, const char *order_id, json_t **ret_list, struct error *error);

struct post_stamped {
        uint64_t with, without; /* how many left */
        uint64_t failed;        /* never leave; each is an incident */
        bool waits;             /* the service was asked in vain */
        char reason[BOOK_TEXT_MAX];
};
/* Asks the service for each message that waits and is due, outside of steps; a first one in vain ends it.
 * What waited while the settings named a service, and they no longer do, leaves without.
 * office_options.timestamp must be there. Negative where this node failed. */
int post_stamp_all(struct office *office, struct post_stamped *ret, struct error *error);

/* ---- coming in ---- */

/* A message that was found to be what its seal says. */
struct post_arrival {
        const struct message *message;
        const struct container *container;
        const struct directory_organisation *sender;
        uint8_t digest[DIGEST_BYTES];   /* SHA-256 of the container */
        int64_t received_ms;            /* by the courier, our clock */
        int64_t skew_ms;                /* the sender's clock minus ours, as far as measured */
        const struct book_order *order; /* that it is about, where the book has it; else NULL */
};

/* What a handler says. */
enum post_effect {
        POST_TAKEN,   /* has had its effect; a receipt "received" goes back */
        POST_REFUSED, /* error says why; whatever the handler wrote is undone, a receipt "refused" goes back
                       */
        POST_DIFFERS  /* refused too: it is of an order with other words than ours */
};
#define INCIDENT_ORDER_DIFFERS "order-differs"
/* Has the effect of one message within the step that is open. An enum post_effect, or a negative errno where
 * this node failed: then the message waits and is tried again. */
typedef int post_handler(struct office *office, const struct post_arrival *arrival, struct error *error);

/* Who may send what to whom, and what it does: the table in exchange/handlers.c. */
struct post_row {
        enum message_kind kind;
        enum book_side side; /* of this node in the order */
        bool begins;         /* the order need not be in the book yet */
        uint64_t from;       /* WORD_BITs of enum organisation_role: what the sender must be in the order, or,
                              * where it begins, in the directory */
        post_handler *handle;
};
const struct post_row *post_row_find(enum message_kind kind, enum book_side side);
size_t post_rows(const struct post_row **ret_rows);
/* What follows a refusal by the row's handler, beside the receipt; NULL: nothing. */
post_handler *post_row_refused(const struct post_row *row);

/* Handles the message that waits longest. 1: there was one; 0: none waits; negative: this node failed, and
 * the message waits on. */
int post_take(struct office *office, struct error *error);
/* All that wait; returns how many. */
int post_take_all(struct office *office, struct error *error);

/* Opens the container of a message that was accepted, from the node's folder, with everything checked as when
 * it came. Caller: container_free. */
int post_container(struct office *office, const char *peer, const char *id, struct container *ret_container,
        struct error *error);

#endif
