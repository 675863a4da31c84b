/* SPDX-License-Identifier: EUPL-1.2 */
/* The answer is prepared: exactly what is ordered is asked of the store, and what of it was ordered is kept,
 * encrypted to this node, until a second person releases it. */
#include "exchange/provider_case.h"

#include "exchange/window_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_BLOCK 4096

struct preparation {
        struct provider_case *c;
        const struct provider_preparing *how;
        struct evidence_question *questions;
        size_t count;
        struct buffer *outputs; /* of the store, by question */
        struct slice *answers;
        struct buffer proof;
        char base[DIRECTORY_URL_MAX + 16];
        char case_reference[MODEL_ID_MAX]; /* under which the store is asked */
        struct message answer;
        json_t *evidence;
        struct buffer parts[DRAFT_PARTS];
};

/* ---- the store ---- */

static int ask(struct preparation *p, size_t number, struct error *error)
{
        char question[EVIDENCE_WORDS_MAX][EVIDENCE_WORD_MAX];
        const char *words[EVIDENCE_WORDS_MAX + 8] = {
                "ask", "--json", "--case", p->case_reference, "--store", provider_store_path(p->c)};
        size_t given = 6, count = evidence_question_words(&p->questions[number], question);
        const struct provider_store *store = p->how->store;
        int code;

        for (size_t i = 0; i < count; i++)
                words[given++] = question[i];
        words[given] = NULL;
        p->outputs[number] = buffer_make(PROVIDER_OUTPUT_MAX);
        int r = (store && store->run ? store->run : provider_run_program)(
                store ? store->context : NULL, words, &p->outputs[number], &code, error);
        p->answers[number] = slice_make((const char *)p->outputs[number].bytes, p->outputs[number].length);
        return r < 0 ? error_prefix(error, r, "the store was asked about %.60s: ", question[0]) : 0;
}

/* What was preserved for an earlier order of this authority answers in its case alone: where section D names
 * it, the store is asked in that case. Whose order it is for stands in the log. */
static int find_case(struct preparation *p, struct error *error)
{
        const struct earlier_list *earlier = &p->c->form->earlier;
        struct book_order order;
        struct error reason = {0};

        snprintf(p->case_reference, sizeof p->case_reference, "%s", p->c->order.id);
        for (size_t i = 0; i < earlier->count; i++) {
                if (!*earlier->items[i].order_id)
                        continue;
                int r = book_order_find(p->c->office, earlier->items[i].order_id, &order, &reason);
                if (r < 0 && r != -ENOENT)
                        return error_set(error, r, "%s", reason.text);
                if (r == 0 && order.side == SIDE_PROVIDER && order.kind == ORDER_PRESERVATION &&
                        order.state == ORDER_STATE_PRESERVED && strcmp(order.peer, p->c->order.peer) == 0)
                        snprintf(p->case_reference, sizeof p->case_reference, "%s", order.id);
        }
        return 0;
}

static int ask_all(struct preparation *p, struct error *error)
{
        if (!*provider_store_path(p->c) && !p->how->store)
                return error_set(error, -EINVAL, "this node has no store: name it in exchange.json");
        int r = evidence_questions(&p->c->scope, &p->questions, &p->count, error);
        if (r == 0)
                r = find_case(p, error);
        if (r < 0)
                return r;
        p->outputs = calloc(p->count + 1, sizeof *p->outputs);
        p->answers = calloc(p->count + 1, sizeof *p->answers);
        if (!p->outputs || !p->answers)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; r == 0 && i < p->count; i++)
                r = ask(p, i, error);
        return r;
}

/* ---- windows ---- */

static int find_window(void *context, const char *realm, const char *file, struct evidence_window *ret_window,
        struct error *error)
{
        struct preparation *p = context;
        struct logged_window window;

        int r = window_index_find(p->c->office, realm, file, &window, error);
        if (r != 1)
                return r;
        buffer_clear(&p->proof);
        r = chronicle_prove(office_chronicle(p->c->office), window.index, true, &p->proof, error);
        if (r == 0)
                r = buffer_append_u8(&p->proof, 0);
        if (r < 0)
                return r;
        ret_window->known = true;
        memcpy(ret_window->digest, window.digest, sizeof ret_window->digest);
        ret_window->origin = office_self(p->c->office)->log_key.name;
        ret_window->index = window.index;
        ret_window->proof = (const char *)p->proof.bytes;
        return 0;
}

/* ---- the evidence ---- */

/* How long a name is, and how many records there are, is not for who sees the sizes of what is encrypted. */
static int pad(struct buffer *part, struct error *error)
{
        int r = 0;

        while (r == 0 && part->length % PART_BLOCK != 0)
                r = buffer_append_u8(part, part->length % PART_BLOCK == PART_BLOCK - 1 ? '\n' : ' ');
        return r < 0 ? error_set(error, r, "not enough memory for evidence") : 0;
}

static int make_parts(struct preparation *p, struct error *error)
{
        for (int i = 0; i < DRAFT_PARTS; i++)
                p->parts[i] = buffer_make(EVIDENCE_JSON_MAX);
        int r = evidence_write_json(p->evidence, &p->parts[PROVIDER_JSON], error);
        if (r == 0)
                r = pad(&p->parts[PROVIDER_JSON], error);
        if (r == 0)
                r = evidence_write_statement(p->evidence, &p->parts[PROVIDER_STATEMENT], error);
        if (r == 0)
                r = pad(&p->parts[PROVIDER_STATEMENT], error);
        if (r == 0)
                r = evidence_write_provenance(p->evidence,
                        slice_make(
                                (const char *)p->parts[PROVIDER_JSON].bytes, p->parts[PROVIDER_JSON].length),
                        slice_make((const char *)p->parts[PROVIDER_STATEMENT].bytes,
                                p->parts[PROVIDER_STATEMENT].length),
                        &p->parts[PROVIDER_PROVENANCE], error);
        return r == 0 ? pad(&p->parts[PROVIDER_PROVENANCE], error) : r;
}

static int make_evidence(struct preparation *p, struct error *error)
{
        struct provider_case *c = p->c;

        p->proof = buffer_make(LOG_ENTRY_MAX * 8);
        snprintf(p->base, sizeof p->base, "%s/kb/", office_self(c->office)->node);
        message_init(&p->answer, MESSAGE_ANSWER);
        const struct evidence_case of = {.scope = &c->scope,
                .order_id = c->order.id,
                .generation = c->order.generation,
                .provider = office_organisation(c->office),
                .authority = c->order.peer,
                .prepared_by = office_person(c->office),
                .made_ms = office_now(c->office),
                .zone = c->calendar.zone,
                .near_edge_ms = office_settings(c->office)->near_edge_ms,
                .program = "rogatory " ROGATORY_VERSION,
                .base = p->base,
                .questions = p->questions,
                .answers = p->answers,
                .count = p->count,
                .persons = p->how->persons,
                .person_count = p->how->person_count,
                .window = find_window,
                .context = p};
        int r = window_index_update(c->office, error);
        if (r == 0)
                r = evidence_make(&of, &p->answer.answer, &p->evidence, error);
        return r == 0 ? make_parts(p, error) : r;
}

/* ---- the message ---- */

static int add_files(struct answer_body *body, struct error *error)
{
        const struct model_field *field = model_field_find(&result_type, slice_of("files"));
        char name[80];
        int r = 0;

        for (size_t i = 0; i < body->results.count; i++)
                for (int k = 0;
                        r == 0 && k < DRAFT_PARTS && body->results.items[i].outcome != OUTCOME_REFUSED; k++) {
                        snprintf(name, sizeof name, "%s.p7m", draft_names[k]);
                        r = model_texts_add(field, &body->results.items[i], slice_of(name), error);
                }
        return r;
}

static int fill_message(struct preparation *p, struct error *error)
{
        struct provider_case *c = p->c;
        struct message *message = &p->answer;
        struct answer_body *body = &message->answer;

        int r = office_new_id(message->id, error);
        snprintf(message->order_id, sizeof message->order_id, "%s", c->order.id);
        snprintf(message->reply_to, sizeof message->reply_to, "%s", c->order.message_id);
        snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s", c->order.peer);
        snprintf(
                message->receiver.country, sizeof message->receiver.country, "%s", c->message.sender.country);
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s",
                office_organisation(c->office));
        snprintf(message->sender.country, sizeof message->sender.country, "%s",
                office_self(c->office)->country);
        message->generation = c->order.generation;
        message->sent_ms = office_now(c->office);
        message->test = c->message.test;
        body->answered_ms = office_now(c->office);
        body->final = STATED_YES;
        if (r == 0)
                r = provider_self(c, &body->provider, error);
        if (r == 0)
                r = provider_sign(c, &body->signatory, error);
        if (r == 0)
                r = model_text(&body->means, slice_of("in this container, encrypted to its recipient"),
                        MODEL_SHORT, "means", error);
        if (r == 0)
                r = add_files(body, error);
        if (r == 0)
                r = conditions_state(c, body, error);
        return r;
}

/* ---- the step ---- */

/* What was read is kept only if the order, and what was decided about it, is what it was when it was read:
 * the conditions of an enforcing authority refuse nothing, and belong into the answer. */
static int keep(struct provider_case *c, const void *arguments, struct error *error)
{
        struct preparation *p = (struct preparation *)(uintptr_t)arguments;

        if (strcmp(c->order.message_id, p->c->order.message_id) != 0 ||
                c->refusal_count != p->c->refusal_count || c->facts.changed_ms != p->c->facts.changed_ms)
                return error_set(error, -ESTALE,
                        "the order was changed while the store was asked; prepare it once more");
        int r = provider_take(c, "prepare", ACTOR_PERSON, p->how->purpose, error);
        if (r == 0)
                r = draft_keep(c, &p->answer, p->parts, error);
        return r == 0 ? provider_fact(c, FACT_PREPARED_MS, office_now(c->office), error) : r;
}

static int prepare_production(struct preparation *p, struct error *error)
{
        char what[160];

        int r = provider_may(p->c, "prepare", error);
        if (r == 0) {
                snprintf(what, sizeof what, "records of the store on the identifiers of the order (%zu)",
                        p->c->form->identifiers.count - p->c->refusal_count);
                r = provider_log_reading(p->c, p->how->purpose, what, error);
        }
        if (r == 0)
                r = ask_all(p, error);
        if (r == 0)
                r = make_evidence(p, error);
        if (r == 0)
                r = fill_message(p, error);
        return r == 0 ? provider_step(p->c->office, p->c->order.id, keep, p, error) : r;
}

static void preparation_clear(struct preparation *p)
{
        for (size_t i = 0; p->outputs && i < p->count; i++)
                buffer_free(&p->outputs[i]);
        for (int i = 0; i < DRAFT_PARTS; i++)
                buffer_free(&p->parts[i]);
        free(p->outputs);
        free(p->answers);
        free(p->questions);
        buffer_free(&p->proof);
        json_decref(p->evidence);
        message_free(&p->answer);
}

struct preserving {
        const struct provider_preparing *how;
};
static int preserve(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct preserving *preserving = arguments;

        return provider_preserve(c, preserving->how, error);
}

int provider_prepare(struct office *office, const char *id, const struct provider_preparing *preparing,
        struct error *error)
{
        struct provider_case c;
        struct preparation p = {.c = &c, .how = preparing};
        struct preserving preserving = {.how = preparing};

        message_init(&p.answer, MESSAGE_NONE);
        int r = provider_case_open(office, id, &c, error);
        if (r == 0 && c.order.kind == ORDER_PRESERVATION)
                r = provider_step(office, id, preserve, &preserving, error);
        else if (r == 0)
                r = prepare_production(&p, error);
        preparation_clear(&p);
        if (r == 0)
                r = provider_clock(office, c.order.id, error);
        provider_case_close(&c);
        return r < 0 ? r : 0;
}

int provider_read(struct office *office, const char *id, enum provider_part part, const char *purpose,
        struct buffer *ret, struct error *error)
{
        struct cms_plaintext plain = {.bytes = NULL};
        struct provider_case c;
        char what[128];

        int r = provider_case_open(office, id, &c, error);
        if (r == 0 && !office_has_role(office, PERSON_DESK) && !office_has_role(office, PERSON_SECOND) &&
                !office_has_role(office, PERSON_OVERSEER))
                r = error_set(error, -EPERM,
                        "%s is neither of the desk nor a second person nor an overseer of this node",
                        office_person(office));
        if (r == 0 && !draft_is_there(&c))
                r = error_set(error, -ENOENT, "nothing is prepared for the order %s", c.order.id);
        snprintf(what, sizeof what, "%s, prepared and not released", draft_names[part]);
        if (r == 0)
                r = provider_log_reading(&c, purpose, what, error);
        if (r == 0)
                r = draft_part(&c, part, &plain, error);
        if (r == 0)
                r = buffer_append(ret, plain.bytes, plain.length);
        cms_plaintext_free(&plain);
        provider_case_close(&c);
        return r;
}
