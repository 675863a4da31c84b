/* SPDX-License-Identifier: EUPL-1.2 */
/* Form 3: what cannot or may not be executed, and why, for each identifier. */
#include "exchange/post_state.h"
#include "exchange/provider_case.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_reason(struct provider_case *c, const struct form3_reason *from, struct cannot_execute *body,
        struct error *error)
{
        const struct model_type *type = message_body_type(MESSAGE_CANNOT_EXECUTE);
        void *item;

        int r = model_list_add(model_field_find(type, slice_of("reasons")), body, &item, error);
        if (r < 0)
                return r;
        struct impossibility *reason = item;
        if (from->identifier_id)
                snprintf(reason->identifier_id, sizeof reason->identifier_id, "%s", from->identifier_id);
        reason->obstacles = from->obstacles;
        r = model_text(&reason->explanation, slice_of(from->explanation), MODEL_LONG, "explanation", error);
        if (r == 0)
                r = model_list_add(model_field_find(type, slice_of("kept")), body, &item, error);
        if (r < 0)
                return r;
        struct kept_data *kept = item;
        kept->preserved = c->order.state == ORDER_STATE_PRESERVED ? STATED_YES : STATED_NO;
        if (from->identifier_id)
                snprintf(kept->identifier_id, sizeof kept->identifier_id, "%s", from->identifier_id);
        return 0;
}

static int copy_conflict(const struct law_conflict *from, struct law_conflict *ret, struct error *error)
{
        const struct model_type *type =
                model_field_find(message_body_type(MESSAGE_CANNOT_EXECUTE), slice_of("conflict"))->part;

        return !from || model_copy(type, from, ret) == 0 ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

static int sign(struct provider_case *c, bool by_node, struct signatory *ret, struct error *error)
{
        if (!by_node)
                return provider_sign(c, ret, error);
        /* Rules refused it before anybody saw it: no person decided, and the seal says whose node it was. */
        snprintf(ret->person, sizeof ret->person, OFFICE_NODE "@%s", office_organisation(c->office));
        ret->signed_ms = office_now(c->office);
        return model_text(
                &ret->name, slice_of("the node, by the rules; no person"), MODEL_SHORT, "name", error);
}

static int fill(
        struct provider_case *c, const struct form3 *form, struct cannot_execute *body, struct error *error)
{
        const struct directory_organisation *enforcing = provider_enforcing(c);
        int r = model_text(&body->issuing_authority,
                slice_of(c->form->issuer.name ? c->form->issuer.name : c->order.peer), MODEL_SHORT,
                "issuing authority", error);

        body->order_kind = c->form->kind;
        if (r == 0 && enforcing)
                r = model_text(&body->enforcing_authority, slice_of(enforcing->name), MODEL_SHORT,
                        "enforcing authority", error);
        if (r == 0)
                r = provider_self(c, &body->addressee, error);
        for (size_t i = 0; r == 0 && i < form->count; i++)
                r = add_reason(c, &form->reasons[i], body, error);
        if (r == 0)
                r = copy_conflict(form->conflict, &body->conflict, error);
        if (r == 0 && form->information_needed)
                r = model_text(&body->information_needed, slice_of(form->information_needed), MODEL_LONG,
                        "information needed", error);
        return r == 0 ? sign(c, form->by_node, &body->signatory, error) : r;
}

/* The order as its issuer sealed it. */
static int read_order(struct provider_case *c, struct buffer *ret, struct error *error)
{
        char name[POST_FILE_NAME_MAX], path[PATH_MAX];

        post_file_name(c->order.peer, c->order.message_id, name);
        int length = snprintf(path, sizeof path, "%s/%s", office_containers(c->office), name);
        return length > 0 && length < (int)sizeof path
                       ? file_read(path, ret, error)
                       : error_set(error, -ENAMETOOLONG, "the node's folder has too long a name");
}

int form3_send(struct provider_case *c, const struct form3 *form, const char *receiver, struct error *error)
{
        struct buffer order = buffer_make(MESSAGE_BYTES_MAX);
        struct post_file file = {.name = FORM3_ORDER_NAME,
                .media_type = "application/vnd.etsi.asic-e+zip",
                .description = "the order as its issuing authority sealed it"};
        struct message message;

        message_init(&message, MESSAGE_CANNOT_EXECUTE);
        snprintf(message.order_id, sizeof message.order_id, "%s", c->order.id);
        snprintf(message.reply_to, sizeof message.reply_to, "%s", c->order.message_id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", receiver);
        message.generation = c->order.generation;
        message.test = c->message.test;
        int r = fill(c, form, &message.cannot_execute, error);
        if (r == 0 && form->with_order)
                r = read_order(c, &order, error);
        file.bytes = order.bytes;
        file.length = order.length;
        if (r == 0)
                r = post_send(c->office, &message, &file, form->with_order, NULL, error);
        buffer_free(&order);
        message_free(&message);
        return r;
}

/* ---- what rules refuse ---- */

/* Findings are a peer's words in part: only what is printable goes back. */
static void append(char *text, size_t room, const char *words)
{
        size_t length = strlen(text);

        snprintf(text + length, room - length, "%s%s", length ? "; " : "", words);
        for (char *at = text + length; *at; at++)
                if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
                        *at = '?';
}

struct refused {
        struct form3_reason *reasons;
        char (*texts)[RULE_FINDING_TEXT_MAX * 2];
        size_t count;
        uint64_t obstacles;
};

static void add_findings(struct refused *refused, const struct rule_findings *findings, const char *id)
{
        struct form3_reason *reason = &refused->reasons[refused->count];
        char *text = refused->texts[refused->count], words[RULE_FINDING_TEXT_MAX + 128];

        text[0] = '\0';
        reason->obstacles = 0;
        for (size_t i = 0; i < findings->count; i++) {
                const struct rule_finding *finding = &findings->items[i];
                if (finding->severity != SEVERITY_STOP || strcmp(finding->identifier_id, id) != 0)
                        continue;
                reason->obstacles |=
                        finding->rule->obstacle ? finding->rule->obstacle : WORD_BIT(OBSTACLE_OTHER);
                snprintf(words, sizeof words, "%s (Article %s): %s", finding->rule->id,
                        finding->rule->article, finding->words);
                append(text, sizeof refused->texts[0], words);
        }
        if (!reason->obstacles && *id) {
                reason->obstacles = WORD_BIT(OBSTACLE_OTHER);
                append(text, sizeof refused->texts[0],
                        "nothing speaks against this one; it is not executed because the order as a whole is "
                        "refused for what is said of the others: send it in an order of its own");
        }
        if (!reason->obstacles)
                return;
        reason->identifier_id = id;
        reason->explanation = text;
        refused->obstacles |= reason->obstacles;
        refused->count++;
}

static bool was_before(const struct order *form, size_t number)
{
        for (size_t i = 0; i < number; i++)
                if (strcmp(form->identifiers.items[i].id, form->identifiers.items[number].id) == 0)
                        return true;
        return false;
}

static int send_refused(struct provider_case *c, const struct rule_findings *findings, struct error *error)
{
        const uint64_t unclear = WORD_BIT(OBSTACLE_INCOMPLETE) | WORD_BIT(OBSTACLE_MANIFEST_ERROR) |
                                 WORD_BIT(OBSTACLE_INSUFFICIENT_INFORMATION);
        size_t most = c->form->identifiers.count + 1;
        struct refused refused = {.reasons = calloc(most, sizeof *refused.reasons),
                .texts = calloc(most, sizeof *refused.texts)};
        int r = refused.reasons && refused.texts ? 0 : error_set(error, -ENOMEM, "not enough memory");

        if (r == 0)
                add_findings(&refused, findings, "");
        for (size_t i = 0; r == 0 && i < c->form->identifiers.count && refused.count < ORDER_IDENTIFIERS_MAX;
                i++)
                if (!was_before(c->form, i))
                        add_findings(&refused, findings, c->form->identifiers.items[i].id);
        const struct form3 form = {.reasons = refused.reasons,
                .count = refused.count,
                .by_node = true,
                .information_needed =
                        refused.obstacles & unclear
                                ? "What the reasons name, in a new order: this one was not taken."
                                : NULL};
        if (r == 0)
                r = form3_send(c, &form, c->order.peer, error);
        free(refused.reasons);
        free(refused.texts);
        return r;
}

int provider_refuse_order(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        struct provider_case c = {.office = office};
        struct rule_findings findings = {.items = NULL};
        struct rule_facts facts = facts_make(office, arrival->message, NULL, arrival->sender->name);

        if (arrival->order) /* known, and its repetition is refused: the order stands as it is */
                return 0;
        int r = facts_look(office, arrival->message, &facts, &findings, error);
        if (r < 0 || findings.worst != SEVERITY_STOP) {
                rule_findings_free(&findings);
                return r;
        }
        message_init(&c.message, MESSAGE_NONE);
        r = message_copy(arrival->message, &c.message);
        if (r < 0)
                error_set(error, r, "not enough memory");
        c.form = message_order(&c.message);
        c.order = provider_row_of(office, arrival);
        if (r == 0)
                r = send_refused(&c, &findings, error);
        rule_findings_free(&findings);
        message_free(&c.message);
        return r;
}
