/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/rules_row.h"

#include <stdio.h>

#define WINDOW_DAYS_LEAST 10
#define WINDOW_DAYS_MOST 45

static const char *place_of(size_t index, const char *field, char place[MODEL_PATH_MAX])
{
        snprintf(place, MODEL_PATH_MAX, "results[%zu].%s", index, field);
        return place;
}

#define EACH_RESULT(c, i, result)                                                                            \
        for (size_t i = 0; i < (c)->message->answer.results.count; i++)                                      \
                for (const struct result *result = &(c)->message->answer.results.items[i]; result;           \
                        result = NULL)

static const struct identifier *asked(const struct rule_case *c, const struct result *result)
{
        return c->facts->order ? order_identifier(c->facts->order, result->identifier_id) : NULL;
}

static bool discloses(const struct result *result)
{
        return result->outcome == OUTCOME_DISCLOSED;
}

void look_answer_identifiers(struct rule_case *c)
{
        const struct result_list *results = &c->message->answer.results;
        struct scope scope = {.order = c->facts->order,
                .refusals = c->facts->refusals,
                .refusal_count = c->facts->refusal_count};
        char place[MODEL_PATH_MAX];

        if (!c->facts->order) {
                broken(c, "message.order_id", NULL, "the order that it answers is not known here");
                return;
        }
        for (size_t i = 0; i < c->facts->order->identifiers.count; i++) {
                const struct identifier *identifier = &c->facts->order->identifiers.items[i];
                size_t found = 0;
                for (size_t k = 0; k < results->count; k++)
                        found += strcmp(results->items[k].identifier_id, identifier->id) == 0;
                if (found != 1)
                        broken(c, "results", identifier, "%zu results for identifier %s instead of one",
                                found, identifier->id);
        }
        EACH_RESULT(c, i, result)
        {
                bool gave = discloses(result) || result->outcome == OUTCOME_PRESERVED || result->files.count;
                if (!asked(c, result))
                        broken(c, place_of(i, "identifier_id", place), NULL,
                                "the order does not ask about %s", result->identifier_id);
                else if (gave && scope_refusal_of(&scope, result->identifier_id))
                        broken(c, place_of(i, "outcome", place), asked(c, result),
                                "it was refused, and must not be answered: %s",
                                scope_refusal_of(&scope, result->identifier_id)->reason);
                if (c->facts->order->kind == ORDER_PRESERVATION && (discloses(result) || result->files.count))
                        broken(c, place_of(i, "outcome", place), asked(c, result),
                                "a preservation order discloses nothing");
        }
}

void look_answer_unknown(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_RESULT(c, i, result)
        {
                bool unknown = result->verdict == VERDICT_OF_UNKNOWN;
                if ((unknown || result->verdict == VERDICT_OF_NOBODY) && discloses(result))
                        broken(c, place_of(i, "outcome", place), asked(c, result), "\"%s\" discloses nobody",
                                word_name(&answer_verdict_words, result->verdict));
                if (unknown && (!result->statement || !strstr(result->statement, SCOPE_NO_EVIDENCE)))
                        broken(c, place_of(i, "statement", place), asked(c, result),
                                "it does not say that it is " SCOPE_NO_EVIDENCE);
        }
}

void look_answer_several(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_RESULT(c, i, result)
        if (result->verdict == VERDICT_OF_SEVERAL && discloses(result) && c->facts->order &&
                c->facts->order->data.all_holders != STATED_YES)
                broken(c, place_of(i, "outcome", place), asked(c, result),
                        "several held it, and the order does not ask for all of them: nobody is named");
}

static bool is_address(const struct identifier *identifier)
{
        return identifier && (identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6 ||
                                     identifier->kind == IDENTIFIER_IP_RANGE);
}

void look_answer_labels(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_RESULT(c, i, result)
        {
                if (!discloses(result))
                        continue;
                if (result->address_origin == ORIGIN_NONE)
                        broken(c, place_of(i, "address_origin", place), asked(c, result),
                                "where the postal address comes from is not stated (or that there is none)");
                if (!is_address(asked(c, result)))
                        continue;
                if (!result->clock_source || result->clock_uncertainty_ms == MODEL_UNSTATED)
                        broken(c, place_of(i, "clock_source", place), asked(c, result),
                                "whose clock the records follow, and how sure it is, is not stated");
                if (result->lease_from_ms == TIME_UNKNOWN && result->lease_to_ms == TIME_UNKNOWN &&
                        result->margin_ms == MODEL_UNSTATED)
                        broken(c, place_of(i, "lease_from_ms", place), asked(c, result),
                                "neither an edge of the lease nor the margin to the nearest edge is stated");
                if (result->judged_from_ms == TIME_UNKNOWN || result->judged_to_ms == TIME_UNKNOWN)
                        broken(c, place_of(i, "judged_from_ms", place), asked(c, result),
                                "the interval that was judged is not stated");
        }
}

static bool is_within(int64_t edge, int64_t from, int64_t to, int64_t near)
{
        return edge != TIME_UNKNOWN && from != TIME_UNKNOWN && to != TIME_UNKNOWN && edge >= from - near &&
               edge <= to + near;
}

void look_answer_edge(struct rule_case *c)
{
        int64_t near = c->facts->near_edge_ms;
        char place[MODEL_PATH_MAX];

        EACH_RESULT(c, i, result)
        {
                const struct identifier *identifier = asked(c, result);
                if (!discloses(result) || !identifier)
                        continue;
                bool close = (result->margin_ms != MODEL_UNSTATED && result->margin_ms < near) ||
                             is_within(result->lease_from_ms, identifier->from_ms, identifier->to_ms, near) ||
                             is_within(result->lease_to_ms, identifier->from_ms, identifier->to_ms, near);
                if (close && result->near_edge != STATED_YES)
                        broken(c, place_of(i, "near_edge", place), identifier,
                                "the time asked is near an edge, where a small error of a clock names "
                                "somebody else");
        }
}

void look_answer_corroborate(struct rule_case *c)
{
        size_t addresses = 0;
        char place[MODEL_PATH_MAX];

        EACH_RESULT(c, i, result) addresses += discloses(result) && is_address(asked(c, result));
        if (addresses != 1)
                return;
        EACH_RESULT(c, i, result)
        if (discloses(result) && is_address(asked(c, result)) && result->corroborate != STATED_YES)
                broken(c, place_of(i, "corroborate", place), asked(c, result),
                        "one hit on one address: the answer has to ask for corroboration");
}

static bool is_bare_name(const char *name)
{
        return name && *name && *name != '.' && !strchr(name, '/') && !strchr(name, '\\');
}

static bool is_listed(const struct rule_case *c, const char *name)
{
        EACH_RESULT(c, i, result)
        for (size_t k = 0; k < result->files.count; k++)
                if (strcmp(result->files.items[k], name) == 0)
                        return true;
        return false;
}

void look_answer_files(struct rule_case *c)
{
        const struct file_list *files = &c->message->files;
        char place[MODEL_PATH_MAX];

        for (size_t i = 0; i < files->count; i++) {
                const struct file *file = &files->items[i];
                bool known = file->available_from_ms != TIME_UNKNOWN && file->available_to_ms != TIME_UNKNOWN;
                int64_t window = known ? file->available_to_ms - file->available_from_ms : 0;
                snprintf(place, sizeof place, "message.files[%zu]", i);
                if (!is_bare_name(file->name))
                        broken(c, place, NULL, "its name is none, hidden, or a path");
                else if (!is_listed(c, file->name))
                        broken(c, place, NULL,
                                "\"%s\" belongs to no result: what nobody asked for does not leave",
                                file->name);
                if (file->encrypted != STATED_YES)
                        broken(c, place, NULL, "it is not encrypted to its recipient");
                if (file->outside != STATED_YES)
                        continue;
                if (!file->location || window < WINDOW_DAYS_LEAST * TIME_DAY ||
                        window > WINDOW_DAYS_MOST * TIME_DAY)
                        broken(c, place, NULL, "it cannot be fetched for %d to %d days", WINDOW_DAYS_LEAST,
                                WINDOW_DAYS_MOST);
        }
        EACH_RESULT(c, i, result)
        for (size_t k = 0; k < result->files.count; k++) {
                size_t found = 0;
                for (size_t f = 0; f < files->count; f++)
                        found += files->items[f].name &&
                                 strcmp(files->items[f].name, result->files.items[k]) == 0;
                if (found != 1)
                        broken(c, place_of(i, "files", place), asked(c, result), "%zu files are named \"%s\"",
                                found, result->files.items[k]);
        }
}
