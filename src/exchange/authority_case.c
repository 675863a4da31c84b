/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/authority_case.h"
#include "exchange/beside.h"

#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int case_refresh(struct authority_case *c, struct error *error)
{
        int64_t review = TIME_UNKNOWN, lifted = TIME_UNKNOWN;

        int r = book_step_facts(c->office, &c->order, c->form, c->acts, &c->facts, error);
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_REVIEW_MS, TIME_UNKNOWN, &review, error);
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_REVIEW_LIFTED_MS, TIME_UNKNOWN, &lifted, error);
        c->facts.review_open = review != TIME_UNKNOWN;
        c->facts.review_lifted = lifted != TIME_UNKNOWN;
        return r == 0 ? case_add_acts(c, error) : r;
}

int case_open(struct office *office, const char *id, struct authority_case *c, struct error *error)
{
        c->office = office;
        message_init(&c->message, MESSAGE_NONE);
        message_init(&c->before, MESSAGE_NONE);
        int r = book_order_find(office, id, &c->order, error);
        if (r < 0)
                return r;
        if (c->order.side != SIDE_AUTHORITY)
                return error_set(error, -EINVAL, "this node did not issue the order %s: it is its %s",
                        c->order.id, word_name(&book_side_words, c->order.side));
        r = book_order_message(office, &c->order, &c->message, error);
        if (r < 0)
                return r;
        c->form = message_order(&c->message);
        if (!c->form)
                return error_set(error, -EBADMSG, "what the book has as the order %s is none", c->order.id);
        r = case_open_amended(c, error);
        return r == 0 ? case_refresh(c, error) : r;
}

void case_close(struct authority_case *c)
{
        message_free(&c->message);
        message_free(&c->before);
}

int case_may(struct authority_case *c, enum person_role role, struct error *error)
{
        for (size_t i = 0; i < c->facts.act_count; i++)
                if (c->acts[i].role != role && strcmp(c->acts[i].person, office_person(c->office)) == 0)
                        return error_set(error, -EPERM,
                                "%s acted for this order as %s: another person has to", c->acts[i].person,
                                word_name(&person_role_words, c->acts[i].role));
        return office_need_role(c->office, role, error);
}

int case_take(struct authority_case *c, const char *step, const char *reason, struct error *error)
{
        return book_take(c->office, &c->order, step, ACTOR_PERSON, &c->facts, reason, error);
}

int case_keep_draft(struct authority_case *c, struct error *error)
{
        struct book_message row = {.direction = DIRECTION_DRAFT, .at_ms = office_now(c->office)};

        c->message.sent_ms = office_now(c->office);
        snprintf(row.peer, sizeof row.peer, "%s", c->order.peer);
        int r = case_note_changes(c, error);
        return r == 0 ? book_message_put(c->office, &c->message, &row, error) : r;
}

int case_rules(struct authority_case *c, struct rule_findings *ret, struct error *error)
{
        struct rule_facts facts =
                facts_make(c->office, &c->message, c->amends ? message_order_const(&c->before) : NULL, NULL);
        struct rule_findings findings;

        int r = facts_look(c->office, &c->message, &facts, &findings, error);
        if (r < 0)
                return r;
        if (office_in_step(c->office))
                r = book_fact_set(c->office, c->order.id, FACT_WORST, findings.worst, error);
        c->facts.worst = findings.worst;
        if (ret)
                *ret = findings;
        else
                rule_findings_free(&findings);
        return r;
}

int case_look_again(struct authority_case *c, struct error *error)
{
        int64_t inform_ms = TIME_UNKNOWN;

        int r = case_refresh(c, error);
        if (r == 0 && c->order.state == ORDER_STATE_OPENED)
                r = book_fact(c->office, c->order.id, FACT_INFORM_LOOK_MS, TIME_UNKNOWN, &inform_ms, error);
        if (r < 0)
                return r;
        c->order.look_ms = step_next_look(MACHINE_ORDER, c->order.state, &c->facts);
        if (step_of_clock(MACHINE_ORDER, c->order.state, &c->facts))
                c->order.look_ms = office_now(c->office); /* there is something to do already */
        if (inform_ms != TIME_UNKNOWN && (c->order.look_ms == TIME_UNKNOWN || inform_ms < c->order.look_ms))
                c->order.look_ms = inform_ms;
        return book_order_update(c->office, &c->order, error);
}

int case_run(
        struct office *office, const char *id, case_work *work, const void *arguments, struct error *error)
{
        struct authority_case *c = calloc(1, sizeof *c);

        if (!c)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = office_step_begin(office, error);
        if (r == 0) {
                r = case_open(office, id, c, error);
                if (r == 0)
                        r = work(c, arguments, error);
                if (r >= 0) {
                        int looked = case_look_again(c, error);
                        r = looked < 0 ? looked : r;
                }
                r = office_step_end(office, r, error);
                case_close(c);
        }
        free(c);
        return r;
}

int case_sign(struct authority_case *c, struct signatory *ret, struct error *error)
{
        const char *person = office_person(c->office);
        size_t length = strcspn(person, "@");

        snprintf(ret->person, sizeof ret->person, "%s", person);
        ret->signed_ms = office_now(c->office);
        /* The officer's own name stands in section I; of others the login is what the node knows. */
        if (strcmp(person, c->form->issuer.signatory.person) == 0 && c->form->issuer.signatory.name)
                return model_text(&ret->name, slice_of(c->form->issuer.signatory.name), MODEL_SHORT,
                        "name of the signatory", error);
        return model_text(
                &ret->name, slice_make(person, length), MODEL_SHORT, "name of the signatory", error);
}

int case_authority(struct authority_case *c, struct authority *ret, struct error *error)
{
        int r = model_copy(&authority_type, &c->form->issuer, ret);

        if (r < 0)
                return error_set(error, r, "not enough memory");
        free(ret->signatory.name);
        ret->signatory.name = NULL;
        return case_sign(c, &ret->signatory, error);
}

void case_message(struct authority_case *c, enum message_kind kind, const char *receiver, struct message *ret)
{
        message_init(ret, kind);
        snprintf(ret->order_id, sizeof ret->order_id, "%s", c->order.id);
        snprintf(ret->receiver.organisation, sizeof ret->receiver.organisation, "%s",
                receiver ? receiver : c->order.peer);
        ret->generation = c->order.generation;
        ret->test = c->message.test;
}

int case_send(struct authority_case *c, struct message *message, int r, struct error *error)
{
        if (r == 0)
                r = post_send(c->office, message, NULL, 0, NULL, error);
        message_free(message);
        return r;
}

/* ---- deletion ---- */

struct deleting {
        struct authority_case *c;
        struct text_list *digests;
        struct error *error;
        int64_t files;
        json_t *proof; /* what was deleted, for the log */
};

static int delete_one(void *context, const struct book_message *row)
{
        struct deleting *deleting = context;
        char name[160], path[PATH_MAX], text[DIGEST_TEXT_MAX];

        if (row->direction != DIRECTION_IN || row->kind != MESSAGE_ANSWER)
                return 0;
        snprintf(name, sizeof name, "in-%s-%s.asice", row->peer, row->id);
        int length = snprintf(path, sizeof path, "%s/%s", office_containers(deleting->c->office), name);
        if (length >= (int)sizeof path)
                return error_set(deleting->error, -ENAMETOOLONG, "%s: the path is too long", name);
        int r = file_remove(path, deleting->error);
        if (r == 0 && deleting->digests) {
                char **items =
                        reallocarray(deleting->digests->items, deleting->digests->count + 1, sizeof *items);
                if (!items)
                        return error_set(deleting->error, -ENOMEM, "not enough memory");
                deleting->digests->items = items;
                items[deleting->digests->count] = strdup(digest_format(row->digest, text));
                if (!items[deleting->digests->count])
                        return error_set(deleting->error, -ENOMEM, "not enough memory");
                deleting->digests->count++;
        }
        /* The courier's own copy of it, and of nothing else. */
        if (r == 0)
                r = queue_forget_received(
                        office_queue(deleting->c->office), row->peer, row->id, deleting->error);
        if (r < 0)
                return r;
        json_array_append_new(deleting->proof,
                json_pack("{s:s, s:s}", "message", row->id, "container", digest_format(row->digest, text)));
        deleting->files++;
        return beside_delete(deleting->c->office, row->peer, row->id, &deleting->files, deleting->error);
}

int case_delete_data(struct authority_case *c, struct text_list *digests, struct error *error)
{
        struct deleting deleting = {.c = c, .digests = digests, .error = error, .proof = json_array()};

        int r = book_messages_each(c->office, c->order.id, MESSAGE_ANSWER, delete_one, &deleting, error);
        if (r == 0)
                r = folder_sync(office_containers(c->office), error);
        if (r == 0)
                r = book_fact_set(c->office, c->order.id, FACT_DELETED_MS, office_now(c->office), error);
        if (r == 0)
                r = office_log(c->office, "retention", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:s, s:I, s:{s:O}}", "action", "destroyed", "what",
                                "everything that the order brought", "order", c->order.id, "files",
                                (json_int_t)deleting.files, "detail", "containers", deleting.proof),
                        error);
        json_decref(deleting.proof);
        return r;
}
