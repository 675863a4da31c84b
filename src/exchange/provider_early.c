/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages come from several nodes, each with an outbox of its own: what the enforcing or the validating
 * authority decides may arrive before the order, or the amendment, that it decides on. It is kept, and has
 * its effect once that is here. Were it refused, an objection would be lost and the data released. */
#include "exchange/office_state.h"
#include "exchange/provider_case.h"
#include "exchange/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EARLY_MESSAGES_MAX 200 /* of one sender, about orders that are not here */
#define EARLY_FOR_ONE_MAX 64   /* that have their effect when an order comes */

int provider_early(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        int64_t count = 0;

        if (arrival->order && arrival->order->generation >= post_generation(arrival->message))
                return 0;
        int r = book_messages_early(office, arrival->sender->name, &count, error);
        if (r < 0)
                return r;
        if (count <= EARLY_MESSAGES_MAX) /* this one is in the book already */
                return 1;
        error_set(error, -E2BIG, "%s sent more than %u messages about orders that this node does not know",
                arrival->sender->name, EARLY_MESSAGES_MAX);
        return -E2BIG;
}

struct early {
        struct {
                char peer[MODEL_ORGANISATION_MAX], id[MODEL_ID_MAX];
                int64_t at_ms;
                uint8_t digest[DIGEST_BYTES];
        } list[EARLY_FOR_ONE_MAX];
        size_t count;
        int64_t generation;
};

static int note_early(void *context, const struct book_message *row)
{
        struct early *early = context;

        if (row->direction != DIRECTION_IN || row->refused || row->generation != early->generation ||
                (row->kind != MESSAGE_VALIDATION && row->kind != MESSAGE_EA_OBJECTION &&
                        row->kind != MESSAGE_EA_CLEARANCE && row->kind != MESSAGE_RECEIPT))
                return 0;
        if (early->count == EARLY_FOR_ONE_MAX)
                return 1;
        snprintf(early->list[early->count].peer, MODEL_ORGANISATION_MAX, "%s", row->peer);
        snprintf(early->list[early->count].id, MODEL_ID_MAX, "%s", row->id);
        memcpy(early->list[early->count].digest, row->digest, DIGEST_BYTES);
        early->list[early->count++].at_ms = row->at_ms;
        return 0;
}

static int savepoint(struct office *office, const char *sql, struct error *error)
{
        int r = rows_run(office_database(office), error, sql, "");

        return r < 0 ? r : 0;
}

/* As the post does with a message that comes now: what is refused has no effect. */
static int take_one(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct post_row *row = post_row_find(arrival->message->kind, SIDE_PROVIDER);
        size_t items = office->item_count;
        struct error reason = {0};

        int r = savepoint(office, "SAVEPOINT early", error);
        if (r < 0 || !row)
                return r;
        r = row->handle(office, arrival, &reason);
        if (r < 0)
                return error_set(error, r, "%s", reason.text);
        if (r == POST_TAKEN)
                return savepoint(office, "RELEASE early", error);
        bool differs = r == POST_DIFFERS;
        office_step_trim(office, items);
        r = savepoint(office, "ROLLBACK TO early", error);
        if (r == 0)
                r = savepoint(office, "RELEASE early", error);
        struct book_incident incident = {.code = "early-refused", .at_ms = office_now(office)};
        snprintf(incident.peer, sizeof incident.peer, "%s", arrival->sender->name);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", arrival->message->id);
        book_text_set(incident.words, reason.text);
        if (differs)
                snprintf(incident.code, sizeof incident.code, INCIDENT_ORDER_DIFFERS);
        if (r == 0)
                r = book_incident_add(office, &incident, error);
        /* A receipt said that it was received. */
        return r == 0 && differs ? provider_refuse_back(office, arrival, reason.text, error) : r;
}

int provider_take_early(struct office *office, const char *order_id, struct error *error)
{
        struct early *early = calloc(1, sizeof *early);
        struct book_order order;

        if (!early)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = book_order_find(office, order_id, &order, error);
        early->generation = order.generation;
        if (r == 0)
                r = book_messages_each(office, order_id, MESSAGE_NONE, note_early, early, error);
        for (size_t i = 0; r >= 0 && i < early->count; i++) {
                struct message message;
                const struct directory_organisation *sender =
                        directory_find(office_directory(office), early->list[i].peer);
                if (!sender) /* the directory has let it go meanwhile */
                        continue;
                message_init(&message, MESSAGE_NONE);
                r = book_message_read(office, early->list[i].peer, early->list[i].id, &message, error);
                if (r == 0) /* steps before may have moved it */
                        r = book_order_find(office, order_id, &order, error);
                struct post_arrival arrival = {.message = &message,
                        .sender = sender,
                        .received_ms = early->list[i].at_ms,
                        .order = &order};
                memcpy(arrival.digest, early->list[i].digest, DIGEST_BYTES);
                if (r == 0)
                        r = take_one(office, &arrival, error);
                message_free(&message);
        }
        free(early);
        return r < 0 ? r : 0;
}
