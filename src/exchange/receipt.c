/* SPDX-License-Identifier: EUPL-1.2 */
/* Receipts of what this node sent. */
#include "exchange/authority.h"
#include "exchange/beside.h"
#include "exchange/provider_case.h"

#include <stdio.h>
#include <string.h>

/* When the enforcing authority received its notification: day 10 counts from there (Article 8). */
static int note_notified(struct office *office, const struct post_arrival *arrival,
        const struct book_message *sent, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;

        if (sent->kind != MESSAGE_EA_NOTIFICATION || receipt->effect != RECEIPT_RECEIVED || !arrival->order)
                return 0;
        return book_fact_set(office, arrival->order->id, FACT_EA_NOTIFIED_MS, receipt->received_ms, error);
}

/* The order has arrived: its deadline runs from there, by the addressee's clock and calendar (Article 10). */
static int note_received(struct office *office, const struct post_arrival *arrival,
        const struct book_message *sent, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;
        struct book_order order;
        struct calendar calendar;
        struct message message;

        if (!arrival->order || arrival->order->side != SIDE_AUTHORITY ||
                receipt->effect != RECEIPT_RECEIVED || strcmp(sent->id, arrival->order->message_id) != 0 ||
                sent->kind == MESSAGE_AMENDMENT) /* its deadline runs from the order that it amends */
                return 0;
        order = *arrival->order;
        order.received_ms = receipt->received_ms;
        int r = book_order_update(office, &order, error);
        if (r < 0 || order.kind != ORDER_PRODUCTION)
                return r;
        message_init(&message, MESSAGE_NONE);
        r = book_order_message(office, &order, &message, error);
        if (r == 0) {
                const struct order *form = message_order_const(&message);
                (void)office_calendar(office, form->addressee.country, &calendar);
                int64_t due_ms =
                        deadline_production(&calendar, form->deadline.kind, receipt->received_ms, NULL, 0);
                r = due_ms == TIME_UNKNOWN ? 0 : book_fact_set(office, order.id, FACT_DUE_MS, due_ms, error);
        }
        message_free(&message);
        return r;
}

/* The addressee has not taken the order: whatever Form 3 names, nothing of it will be executed. */
static int note_refused(struct office *office, const struct post_arrival *arrival,
        const struct book_message *sent, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;
        struct act acts[BOOK_ACTS_MAX];
        struct book_order order;
        struct message message;
        struct step_facts facts;
        char reason[BOOK_TEXT_MAX];

        if (!arrival->order || arrival->order->side != SIDE_AUTHORITY ||
                arrival->order->state != ORDER_STATE_SENT || sent->kind == MESSAGE_AMENDMENT ||
                strcmp(sent->id, arrival->order->message_id) != 0)
                return 0;
        order = *arrival->order;
        message_init(&message, MESSAGE_NONE);
        int r = book_order_message(office, &order, &message, error);
        if (r == 0)
                r = book_step_facts(office, &order, message_order_const(&message), acts, &facts, error);
        snprintf(reason, sizeof reason, "%.400s",
                receipt->findings.count > 0 ? receipt->findings.items[0] : "refused there");
        if (r == 0)
                r = book_take(office, &order, "refused", ACTOR_MESSAGE, &facts, reason, error);
        message_free(&message);
        return r;
}

static bool has_role(const struct directory_organisation *organisation, enum organisation_role role)
{
        for (size_t i = 0; i < organisation->role_count; i++)
                if (organisation->roles[i].role == role)
                        return true;
        return false;
}

int handle_receipt(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct receipt *receipt = &arrival->message->receipt;
        struct book_message sent;

        /* Of a notification, to the addressee, before the order itself is there. */
        if (!arrival->order && receipt->message_kind == MESSAGE_EA_NOTIFICATION &&
                has_role(arrival->sender, ORGANISATION_ENFORCING) &&
                has_role(office_self(office), ORGANISATION_PROVIDER)) {
                int early = provider_early(office, arrival, error);
                return early == 1 ? POST_TAKEN : early == -E2BIG ? POST_REFUSED : early;
        }
        int r = book_message_find(office, NULL, receipt->message_id, &sent, error);
        if (r == -ENOENT || (r == 0 && strcmp(sent.peer, arrival->sender->name) != 0)) {
                error_set(error, -ENOENT, "a receipt of %s, which this node has not sent to %s",
                        receipt->message_id, arrival->sender->name);
                return POST_REFUSED;
        }
        bool same = r == 0 && memcmp(sent.digest, receipt->container_digest, DIGEST_BYTES) == 0;
        /* That something else came under our name is worth knowing, but acknowledges nothing. */
        if (r == 0 && !same && receipt->effect != RECEIPT_REFUSED) {
                error_set(error, -EBADMSG, "a receipt of another container than this node has sent as %s",
                        receipt->message_id);
                return POST_REFUSED;
        }
        if (r == 0)
                r = note_notified(office, arrival, &sent, error);
        if (r == 0)
                r = note_received(office, arrival, &sent, error);
        if (r == 0 && sent.kind == MESSAGE_ANSWER)
                r = beside_offer_receipt(office, sent.id, receipt, error);
        if (r == 0 && same && receipt->effect == RECEIPT_REFUSED)
                r = note_refused(office, arrival, &sent, error);
        if (r == 0 && receipt->effect == RECEIPT_REFUSED) {
                struct book_incident incident = {.code = "refused-there", .at_ms = office_now(office)};
                snprintf(incident.peer, sizeof incident.peer, "%s", arrival->sender->name);
                snprintf(incident.message_id, sizeof incident.message_id, "%s", receipt->message_id);
                snprintf(incident.words, sizeof incident.words, "%.400s%s",
                        receipt->findings.count > 0 ? receipt->findings.items[0] : "without a reason",
                        same ? "" : " (and it is not what this node has sent)");
                r = book_incident_add(office, &incident, error);
                if (r == 0 && same && sent.kind == MESSAGE_AMENDMENT && arrival->order &&
                        arrival->order->side == SIDE_AUTHORITY &&
                        strcmp(sent.peer, arrival->order->peer) == 0)
                        r = authority_amendment_refused(
                                office, sent.order_id, sent.id, incident.words, error);
        }
        if (r == 0)
                r = office_log(office, "receipt", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:s, s:s}", "message", receipt->message_id, "effect",
                                word_name(&receipt_effect_words, receipt->effect), "sender",
                                arrival->sender->name, "order", sent.order_id),
                        error);
        return r < 0 ? r : POST_TAKEN;
}
