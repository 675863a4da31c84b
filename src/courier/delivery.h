/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_DELIVERY_H
#define ROGATORY_COURIER_DELIVERY_H

/* Brings what is due in the outbox to its recipients, and keeps what became of it. One call is one round; the
 * caller runs it again at queue_next_due or when something was enqueued. It may be killed at any moment: what
 * was not acknowledged is sent again, and the recipient recognises it.
 *
 * A recipient that cannot be reached costs one attempt a round. One that is slow holds up the round for at
 * most CLIENT_MESSAGE_MS a message: who has much to send gives each recipient a thread with a queue handle
 * and a client of its own, and sets `recipient`. */

#include "courier/client.h"
#include "courier/queue.h"

struct delivery {
        struct queue *queue;
        struct client *client;
        const char *spool;     /* folder for contents that are being sent */
        const char *recipient; /* only this one; NULL: all */
        struct schedule schedule;
        void *context;
        /* Where a recipient is, by the directory of now. The texts live until the next call. -ENOENT: it is
         * not in the directory, or the directory has expired: tried again later, with these words. */
        int (*find)(
                void *context, const char *organisation, struct client_peer *ret_peer, struct error *error);
        uint32_t (*random)(void *context);
        int64_t (*now)(void *context);
        bool (*stop)(void *context); /* asked between messages; may be NULL */
        /* What became of each attempt; may be NULL. */
        void (*told)(void *context, const struct outgoing *outgoing, const struct client_result *result);
};

struct delivery_counts {
        uint32_t attempts, delivered, refused, failed;
};

/* 0, or negative where this node itself failed; what was counted until then stands in ret_counts either way.
 */
int delivery_round(const struct delivery *delivery, struct delivery_counts *ret_counts, struct error *error);

#endif
