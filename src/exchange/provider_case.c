/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/provider_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_fact(
        struct provider_case *c, const char *name, int64_t missing, int64_t *ret, struct error *error)
{
        return book_fact(c->office, c->order.id, name, missing, ret, error);
}

int provider_fact(struct provider_case *c, const char *name, int64_t value, struct error *error)
{
        return book_fact_set(c->office, c->order.id, name, value, error);
}

/* ---- refusals ---- */

static int note_refusal(void *context, const struct book_task *task)
{
        struct provider_case *c = context;

        if (!task->refused || c->refusal_count == ORDER_IDENTIFIERS_MAX)
                return 0;
        struct scope_refusal *refusal = &c->refusals[c->refusal_count++];
        snprintf(refusal->identifier_id, sizeof refusal->identifier_id, "%s", task->identifier_id);
        snprintf(refusal->reason, sizeof refusal->reason, "%.*s", (int)sizeof refusal->reason - 1,
                task->reason);
        return 0;
}

static int read_refusals(struct provider_case *c, struct error *error)
{
        if (!c->refusals)
                c->refusals = calloc(ORDER_IDENTIFIERS_MAX, sizeof *c->refusals);
        if (!c->refusals)
                return error_set(error, -ENOMEM, "not enough memory");
        c->refusal_count = 0;
        int r = book_tasks_each(c->office, c->order.id, note_refusal, c, error);
        c->scope =
                (struct scope){.order = c->form, .refusals = c->refusals, .refusal_count = c->refusal_count};
        return r;
}

/* ---- pauses and deadlines ---- */

static int read_pauses(struct provider_case *c, struct error *error)
{
        int64_t count = 0;
        char name[32];
        int r = read_fact(c, FACT_PAUSES, 0, &count, error);

        c->pause_count = 0;
        for (int64_t i = 0; r == 0 && i < count && i < DEADLINE_PAUSES_MAX; i++) {
                struct deadline_pause *pause = &c->pauses[c->pause_count++];
                snprintf(name, sizeof name, "pause-from-%d", (int)i);
                r = read_fact(c, name, TIME_UNKNOWN, &pause->from_ms, error);
                snprintf(name, sizeof name, "pause-to-%d", (int)i);
                if (r == 0)
                        r = read_fact(c, name, TIME_UNKNOWN, &pause->to_ms, error);
        }
        return r;
}

int provider_pause(struct provider_case *c, int64_t from_ms, int64_t to_ms, struct error *error)
{
        size_t number = c->pause_count;
        char name[32];

        if (from_ms == TIME_UNKNOWN) { /* ends the one that is open */
                if (number == 0)
                        return 0;
                number--;
        } else if (number == DEADLINE_PAUSES_MAX) {
                return error_set(error, -E2BIG,
                        "the clock of this order was stopped %u times, which is too often",
                        DEADLINE_PAUSES_MAX);
        }
        int r = 0;
        if (from_ms != TIME_UNKNOWN) {
                snprintf(name, sizeof name, "pause-from-%d", (int)number);
                r = provider_fact(c, name, from_ms, error);
                if (r == 0)
                        r = provider_fact(c, FACT_PAUSES, (int64_t)number + 1, error);
        }
        snprintf(name, sizeof name, "pause-to-%d", (int)number);
        if (r == 0 && to_ms != TIME_UNKNOWN)
                r = provider_fact(c, name, to_ms, error);
        if (r == 0)
                r = read_pauses(c, error);
        return r == 0 ? provider_due(c, error) : r;
}

int provider_due(struct provider_case *c, struct error *error)
{
        if (c->form->kind != ORDER_PRODUCTION)
                return 0;
        return provider_fact(c, FACT_DUE_MS,
                deadline_production(&c->calendar, c->form->deadline.kind, c->order.received_ms, c->pauses,
                        c->pause_count),
                error);
}

/* ---- facts ---- */

static int64_t skew_of(struct office *office, const char *organisation)
{
        struct skew skew;

        if (!*organisation ||
                queue_skew(office_queue(office), organisation, SKEW_SEEN_BY_US, &skew, NULL) != 0)
                return 0;
        return llabs(skew.ahead_ms) + skew.uncertainty_ms;
}

int provider_refresh(struct provider_case *c, struct error *error)
{
        int64_t called = TIME_UNKNOWN, route = TIME_UNKNOWN, review = TIME_UNKNOWN, lifted = TIME_UNKNOWN,
                notified = TIME_UNKNOWN, prepared = TIME_UNKNOWN, amended = TIME_UNKNOWN,
                differs = TIME_UNKNOWN, ahead = TIME_UNKNOWN;
        int r = book_step_facts(c->office, &c->order, c->form, c->acts, &c->facts, error);

        if (r == 0)
                r = read_fact(c, FACT_CALLED_BACK_MS, TIME_UNKNOWN, &called, error);
        if (r == 0)
                r = read_fact(c, FACT_ROUTE_MS, TIME_UNKNOWN, &route, error);
        if (r == 0)
                r = read_fact(c, FACT_REVIEW_MS, TIME_UNKNOWN, &review, error);
        if (r == 0)
                r = read_fact(c, FACT_REVIEW_LIFTED_MS, TIME_UNKNOWN, &lifted, error);
        if (r == 0)
                r = read_fact(c, FACT_EA_NOTIFIED_MS, TIME_UNKNOWN, &notified, error);
        if (r == 0)
                r = read_fact(c, FACT_PREPARED_MS, TIME_UNKNOWN, &prepared, error);
        if (r == 0)
                r = read_fact(c, FACT_AMENDED_MS, TIME_UNKNOWN, &amended, error);
        if (r == 0)
                r = read_fact(c, FACT_ORDER_DIFFERS_MS, TIME_UNKNOWN, &differs, error);
        if (r == 0)
                r = read_fact(c, FACT_EA_AHEAD_MS, TIME_UNKNOWN, &ahead, error);
        if (r == 0)
                r = read_pauses(c, error);
        if (r == 0)
                r = read_refusals(c, error);
        if (r < 0)
                return r;
        c->facts.called_back = called != TIME_UNKNOWN;
        c->facts.route_open = route != TIME_UNKNOWN;
        c->facts.review_open = review != TIME_UNKNOWN;
        c->facts.review_lifted = lifted != TIME_UNKNOWN;
        c->facts.prepared_ms = prepared;
        c->facts.ea_release_ms = deadline_ea_release(&c->calendar,
                amended > c->order.received_ms ? amended : c->order.received_ms, notified,
                skew_of(c->office, c->form->ea.authority.organisation), c->pauses, c->pause_count);
        c->ea_saw_another = differs != TIME_UNKNOWN;
        c->ea_ahead = ahead != TIME_UNKNOWN;
        if (c->ea_saw_another || c->ea_ahead) /* of this order its silence says nothing */
                c->facts.ea_release_ms = TIME_UNKNOWN;
        return 0;
}

int provider_case_open(struct office *office, const char *id, struct provider_case *c, struct error *error)
{
        c->office = office;
        c->refusals = NULL;
        message_init(&c->message, MESSAGE_NONE);
        int r = book_order_find(office, id, &c->order, error);
        if (r < 0)
                return r;
        if (c->order.side != SIDE_PROVIDER)
                return error_set(error, -EINVAL,
                        "this node is not the addressee of the order %s: it is its %s", c->order.id,
                        word_name(&book_side_words, (int)c->order.side));
        r = book_order_message(office, &c->order, &c->message, error);
        if (r < 0)
                return r;
        c->form = message_order(&c->message);
        if (!c->form)
                return error_set(error, -EBADMSG, "what the book has as the order %s is none", c->order.id);
        snprintf(c->sealed_by, sizeof c->sealed_by, "%s", c->message.sender.organisation);
        (void)office_calendar(office, c->form->addressee.country, &c->calendar);
        return provider_refresh(c, error);
}

void provider_case_close(struct provider_case *c)
{
        message_free(&c->message);
        free(c->refusals);
        c->refusals = NULL;
}

/* ---- steps ---- */

int provider_take(struct provider_case *c, const char *step, enum step_actor actor, const char *reason,
        struct error *error)
{
        return book_take(c->office, &c->order, step, actor, &c->facts, reason, error);
}

int provider_may(struct provider_case *c, const char *step, struct error *error)
{
        const struct step *row = steps_find(MACHINE_ORDER, step);
        const struct step_taker taker = {
                .actor = ACTOR_PERSON, .role = row->role, .person = office_person(c->office)};
        char reason[STEP_REASON_MAX];

        int r = office_need_role(c->office, row->role, error);
        if (r < 0)
                return r;
        if (!step_is_allowed(row, c->order.state, &c->facts, &taker, reason))
                return error_set(error, -EPERM, "%s: %s", step, reason);
        return 0;
}

int provider_look_again(struct provider_case *c, struct error *error)
{
        c->order.look_ms = step_of_clock(MACHINE_ORDER, c->order.state, &c->facts)
                                   ? office_now(c->office)
                                   : step_next_look(MACHINE_ORDER, c->order.state, &c->facts);
        static const char *const others[] = {FACT_HOLDS_LOOK_MS, FACT_NOTICE_LOOK_MS};
        int r = 0;
        for (size_t i = 0; r == 0 && i < sizeof others / sizeof *others; i++) {
                int64_t at = TIME_UNKNOWN;
                r = book_fact(c->office, c->order.id, others[i], TIME_UNKNOWN, &at, error);
                if (at != TIME_UNKNOWN && (c->order.look_ms == TIME_UNKNOWN || at < c->order.look_ms))
                        c->order.look_ms = at;
        }
        return r == 0 ? book_order_update(c->office, &c->order, error) : r;
}

int provider_step(struct office *office, const char *id, provider_work *work, const void *arguments,
        struct error *error)
{
        struct provider_case c;

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = provider_case_open(office, id, &c, error);
        if (r == 0)
                r = work(&c, arguments, error);
        if (r == 0)
                r = provider_refresh(&c, error);
        if (r == 0)
                r = provider_look_again(&c, error);
        provider_case_close(&c);
        return office_step_end(office, r, error);
}

/* ---- rules ---- */

/* The enforcing authority has decided that no protection stands in the way: what would go to it is to be read
 * and decided by the desk, and nothing more. */
static void soften(struct rule_findings *findings)
{
        findings->worst = SEVERITY_NONE;
        for (size_t i = 0; i < findings->count; i++) {
                struct rule_finding *finding = &findings->items[i];
                if (finding->severity == SEVERITY_ROUTE)
                        finding->severity = SEVERITY_WARNING;
                if (finding->severity > findings->worst)
                        findings->worst = finding->severity;
        }
        if (findings->untold > 0) /* nobody looked at those */
                findings->worst = SEVERITY_STOP;
}

int provider_rules(struct provider_case *c, struct rule_findings *ret, struct error *error)
{
        struct rule_facts facts = facts_make(c->office, &c->message, NULL, c->sealed_by);
        struct rule_findings findings;
        int64_t protections = 0;

        int r = read_fact(c, FACT_PROTECTIONS, 0, &protections, error);
        if (r < 0)
                return r;
        facts.protections_seen = (uint64_t)protections;
        facts.validated_later = c->facts.validated;
        r = facts_look(c->office, &c->message, &facts, &findings, error);
        if (r < 0)
                return r;
        if (c->facts.ea_cleared)
                soften(&findings);
        enum severity worst = findings.worst;
        if (ret)
                *ret = findings;
        else
                rule_findings_free(&findings);
        return office_in_step(c->office) ? provider_fact(c, FACT_WORST, (int64_t)worst, error) : 0;
}

/* ---- who ---- */

int provider_sign(struct provider_case *c, struct signatory *ret, struct error *error)
{
        snprintf(ret->person, sizeof ret->person, "%s", office_person(c->office));
        ret->signed_ms = office_now(c->office);
        return model_text(&ret->name, slice_of(office_person(c->office)), MODEL_SHORT, "name", error);
}

int provider_self(struct provider_case *c, struct addressee *ret, struct error *error)
{
        const struct directory_organisation *self = office_self(c->office);

        ret->kind = c->form->addressee.kind ? c->form->addressee.kind : ADDRESSEE_ESTABLISHMENT;
        snprintf(ret->country, sizeof ret->country, "%s", self->country);
        snprintf(ret->organisation, sizeof ret->organisation, "%s", self->name);
        if (ret->kind == ADDRESSEE_OTHER_ESTABLISHMENT)
                ret->kind = ADDRESSEE_ESTABLISHMENT; /* its reason is the authority's to give */
        return model_text(&ret->name, slice_of(self->display_name), MODEL_SHORT, "name", error);
}

const struct directory_organisation *provider_enforcing(struct provider_case *c)
{
        const struct directory *directory = office_directory(c->office);
        const struct directory_organisation *named =
                directory_find(directory, c->form->ea.authority.organisation);

        if (c->form->ea.notified == STATED_YES && named)
                return named;
        return directory_next_with_role(
                directory, NULL, ORGANISATION_ENFORCING, office_self(c->office)->country);
}

/* ---- tasks ---- */

int provider_task(struct provider_case *c, const char *identifier_id, int state, bool refused,
        const char *reason, struct error *error)
{
        struct book_task task = {.state = state, .refused = refused};

        snprintf(task.order_id, sizeof task.order_id, "%s", c->order.id);
        snprintf(task.identifier_id, sizeof task.identifier_id, "%s", identifier_id);
        book_text_set(task.reason, reason);
        return book_task_put(c->office, &task, error);
}

int provider_refuse_tasks(struct provider_case *c, const struct message *message, struct error *error)
{
        struct scope_refusal *refusals = calloc(ORDER_IDENTIFIERS_MAX, sizeof *refusals);

        if (!refusals)
                return error_set(error, -ENOMEM, "not enough memory");
        size_t count = scope_refusals_of(message, refusals, ORDER_IDENTIFIERS_MAX);
        struct scope scope = {.order = c->form, .refusals = refusals, .refusal_count = count};
        int r = count > ORDER_IDENTIFIERS_MAX ? error_set(error, -E2BIG, "more refusals than identifiers")
                                              : 0;
        for (size_t i = 0; r == 0 && i < c->form->identifiers.count; i++) {
                const char *id = c->form->identifiers.items[i].id;
                const struct scope_refusal *refusal = scope_refusal_of(&scope, id);
                if (refusal)
                        r = provider_task(c, id,
                                message->kind == MESSAGE_WITHDRAWAL ? TASK_CANCELLED : TASK_REJECTED, true,
                                refusal->reason, error);
        }
        free(refusals);
        return r;
}

/* ---- reading ---- */

int provider_log_reading(struct provider_case *c, const char *purpose, const char *what, struct error *error)
{
        if (!purpose || slice_trim(slice_of(purpose)).length == 0)
                return error_set(error, -EINVAL, "say for what it is read: the purpose stands in the log");
        return office_log_now(c->office, "plaintext-read", NULL,
                json_pack("{s:s, s:s, s:s}", "purpose", purpose, "what", what, "order", c->order.id), NULL,
                error);
}

const char *provider_store_path(struct provider_case *c)
{
        return office_settings(c->office)->store;
}
