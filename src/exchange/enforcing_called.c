/* SPDX-License-Identifier: EUPL-1.2 */
/* Form 3 at an enforcing authority: privilege, immunity and the press are its to decide also where section K
 * did not name it (Articles 10(5) and 11(4)). The order comes with it as its issuer sealed it. */
#include "exchange/facts.h"
#include "exchange/handlers.h"
#include "exchange/post_state.h"
#include "exchange/provider_case.h"
#include "os/file.h"

#include <stdio.h>
#include <string.h>

struct called {
        struct office *office;
        const struct post_arrival *arrival;
        const struct container_object *file;
        struct post_opened opened;
        struct post_refusal refusal;
};

/* Why the order in Form 3 is not the one that it speaks of, or none for us; NULL: it is. */
static const char *wrong_with(const struct called *called)
{
        const struct message *message = &called->opened.message;
        const struct order *form = message_order_const(message);
        const char *provider = called->arrival->sender->name, *us = office_organisation(called->office);

        if (!form ||
                (message->kind != MESSAGE_PRODUCTION_ORDER && message->kind != MESSAGE_PRESERVATION_ORDER &&
                        message->kind != MESSAGE_AMENDMENT))
                return "what Form 3 brings is no order";
        if (strcmp(message->order_id, called->arrival->message->order_id) != 0)
                return "what Form 3 brings is another order";
        if (strcmp(message->sender.organisation, called->opened.sender->name) != 0)
                return "the order that Form 3 brings is sealed by somebody else than its sender";
        if (strcmp(message->receiver.organisation, provider) != 0 ||
                strcmp(form->addressee.organisation, provider) != 0)
                return "the order that Form 3 brings is addressed to somebody else";
        if (strcmp(form->addressee.country, office_self(called->office)->country) != 0)
                return "the order is executed in another State";
        if (form->ea.notified == STATED_YES && strcmp(form->ea.authority.organisation, us) != 0)
                return "section K names another enforcing authority";
        return NULL;
}

static int add_order(struct called *called, struct error *error)
{
        const struct message *message = &called->opened.message;
        const struct order *form = message_order_const(message);
        struct office *office = called->office;
        struct book_message kept = {.direction = DIRECTION_IN,
                .at_ms = called->arrival->received_ms,
                .sent_ms = message->sent_ms};
        struct book_order row = provider_row_of(office, &(struct post_arrival){.message = message,
                                                                .sender = called->opened.sender,
                                                                .received_ms = called->arrival->received_ms});
        char name[POST_FILE_NAME_MAX];

        row.side = SIDE_ENFORCING;
        snprintf(kept.peer, sizeof kept.peer, "%s", called->opened.sender->name);
        int r = digest_of(called->file->bytes, called->file->length, kept.digest);
        if (r < 0)
                return error_set(error, r, "a digest could not be made");
        r = book_message_put(office, message, &kept, error);
        post_file_name(kept.peer, message->id, name);
        if (r == 0)
                r = file_publish(
                        office_containers(office), name, called->file->bytes, called->file->length, error);
        if (r == 0)
                r = book_order_add(office, &row, error);
        if (r == 0)
                r = book_party_add(office, row.id, form->issuer.organisation, ORGANISATION_ISSUING, error);
        if (r == 0 && *form->validator.organisation)
                r = book_party_add(
                        office, row.id, form->validator.organisation, ORGANISATION_VALIDATING, error);
        if (r == 0)
                r = book_party_add(
                        office, row.id, form->addressee.organisation, ORGANISATION_PROVIDER, error);
        if (r == 0)
                r = office_log(office, "authority-notified", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:s}", "order", row.id, "authority",
                                office_organisation(office), "message", called->arrival->message->id),
                        error);
        return r;
}

static int take_with_order(struct called *called, struct error *error)
{
        const struct post_arrival *arrival = called->arrival;

        called->file = container_find(arrival->container, POST_EVIDENCE_FOLDER FORM3_ORDER_NAME);
        if (!called->file) {
                error_set(error, -ENOENT, "this node knows no such order, and Form 3 does not bring it");
                return POST_REFUSED;
        }
        int r = post_open(called->office, called->file->bytes, called->file->length, arrival->received_ms,
                &called->opened, &called->refusal, error);
        if (r == -EBADMSG) {
                error_set(error, r, "the order that Form 3 brings: %s: %.300s", called->refusal.code,
                        called->refusal.words);
                return POST_REFUSED;
        }
        const char *wrong = r == 0 ? wrong_with(called) : NULL;
        if (wrong) {
                error_set(error, -EBADMSG, "%s", wrong);
                return POST_REFUSED;
        }
        if (r == 0)
                r = add_order(called, error);
        return r < 0 ? r : POST_TAKEN;
}

/* Form 3 of an order that is known: its provider's. */
static int look(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct rule_findings findings;
        struct message order;

        message_init(&order, MESSAGE_NONE);
        int r = book_order_message(office, arrival->order, &order, error);
        if (r == 0) {
                struct rule_facts facts = facts_make(
                        office, arrival->message, message_order_const(&order), arrival->sender->name);
                r = facts_look(office, arrival->message, &facts, &findings, error);
        }
        if (r == 0) {
                for (size_t i = 0; r == 0 && i < findings.count; i++)
                        if (findings.items[i].severity == SEVERITY_STOP) {
                                error_set(error, -EINVAL, "%s: %.300s", findings.items[i].rule->id,
                                        findings.items[i].words);
                                r = POST_REFUSED;
                        }
                rule_findings_free(&findings);
        }
        message_free(&order);
        return r;
}

int enforcing_receive_impossibility(
        struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct called called = {.office = office, .arrival = arrival};

        if (arrival->order)
                return look(office, arrival, error);
        message_init(&called.opened.message, MESSAGE_NONE);
        int r = take_with_order(&called, error);
        post_opened_clear(&called.opened);
        return r;
}
