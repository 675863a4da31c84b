/* SPDX-License-Identifier: EUPL-1.2 */
/* An enforcing authority decides on the order that it was shown. Who shows it another one than the addressee
 * has, with fewer identifiers or other data, would get a clearance for both: so what it says names the words
 * of the order by their digest (hi1_order_digest), and counts of this order alone. */
#include "exchange/provider_case.h"
#include "hi1/hi1.h"

#include <stdio.h>
#include <string.h>

int provider_same_words(
        struct provider_case *c, const uint8_t digest[DIGEST_BYTES], bool *ret_same, struct error *error)
{
        uint8_t own[DIGEST_BYTES];
        int r = hi1_order_digest(c->order.id, c->order.generation, c->form, own, error);

        *ret_same = r == 0 && memcmp(own, digest, sizeof own) == 0;
        return r;
}

void provider_say_differs(const struct provider_case *c, const char *authority, struct error *error)
{
        error_set(error, -EBADMSG,
                "order-differs: generation %lld of the order that %s was notified of is not the one that "
                "this node has: it says something else",
                (long long)c->order.generation, authority);
}

int provider_note_differs(struct provider_case *c, const struct post_arrival *arrival, struct error *error)
{
        struct book_incident incident = {.code = INCIDENT_ORDER_DIFFERS, .at_ms = office_now(c->office)};
        struct error words = {0};

        provider_say_differs(c, arrival->sender->name, &words);
        snprintf(incident.peer, sizeof incident.peer, "%s", arrival->sender->name);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", arrival->message->id);
        book_text_set(incident.words, words.text);
        int r = book_incident_add(c->office, &incident, error);
        if (r == 0)
                r = provider_fact(c, FACT_ORDER_DIFFERS_MS, office_now(c->office), error);
        return r;
}

int provider_refuse_back(
        struct office *office, const struct post_arrival *arrival, const char *words, struct error *error)
{
        const struct model_field *list =
                model_field_find(message_body_type(MESSAGE_RECEIPT), slice_of("findings"));
        struct message message;

        message_init(&message, MESSAGE_RECEIPT);
        struct receipt *receipt = &message.receipt;
        snprintf(message.order_id, sizeof message.order_id, "%s", arrival->message->order_id);
        snprintf(message.reply_to, sizeof message.reply_to, "%s", arrival->message->id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s",
                arrival->sender->name);
        message.test = arrival->message->test;
        snprintf(receipt->message_id, sizeof receipt->message_id, "%s", arrival->message->id);
        receipt->message_kind = arrival->message->kind;
        receipt->effect = RECEIPT_REFUSED;
        memcpy(receipt->container_digest, arrival->digest, sizeof receipt->container_digest);
        receipt->received_ms = arrival->received_ms;
        int r = model_texts_add(list, receipt, slice_of(words), error);
        if (r == 0)
                r = post_send(office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}
