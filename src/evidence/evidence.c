/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/selection.h"

#include "order/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 1024

/* ---- one identifier ---- */

/* What the verdicts on its addresses come to: doubt about one of them is doubt about all. */
static enum answer_verdict verdict_of(const struct evidence_case *of, const struct store_answer *answers,
        const struct identifier *identifier)
{
        size_t ones = 0, nobodies = 0, unknowns = 0, count = 0;

        for (size_t i = 0; i < of->count; i++) {
                if (strcmp(of->questions[i].identifier_id, identifier->id) != 0)
                        continue;
                count++;
                ones += answers[i].verdict == VERDICT_OF_ONE;
                nobodies += answers[i].verdict == VERDICT_OF_NOBODY;
                unknowns += answers[i].verdict == VERDICT_OF_UNKNOWN;
        }
        if (count == 0)
                return VERDICT_OF_NONE;
        if (unknowns > 0)
                return VERDICT_OF_UNKNOWN;
        if (nobodies == count)
                return VERDICT_OF_NOBODY;
        return ones == 1 && ones + nobodies == count ? VERDICT_OF_ONE : VERDICT_OF_SEVERAL;
}

static json_t *asked_of(const struct evidence_case *of, const struct identifier *identifier)
{
        char address[ADDRESS_TEXT_MAX], protocol[PROTOCOL_NAME_MAX], digest[DIGEST_TEXT_MAX];
        static const uint8_t no_digest[MODEL_DIGEST_BYTES];
        bool pasted = memcmp(identifier->source.digest, no_digest, sizeof no_digest) != 0;
        json_t *asked = json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?}", "kind",
                word_name(&identifier_kind_words, identifier->kind), "value", identifier->value, "port",
                identifier->source_port == MODEL_UNSTATED ? json_null()
                                                          : json_integer(identifier->source_port),
                "protocol",
                identifier->protocol == MODEL_UNSTATED
                        ? json_null()
                        : json_string(store_answer_protocol_name((int)identifier->protocol, protocol)),
                "from", selection_utc(identifier->from_ms), "from_local",
                selection_local(of->zone, identifier->from_ms), "to", selection_utc(identifier->to_ms),
                "to_local", selection_local(of->zone, identifier->to_ms), "zone",
                of->zone ? of->zone->name : NULL, "stated_time", identifier->stated_time);

        json_object_set_new(asked, "destination",
                address_is_none(&identifier->destination)
                        ? json_null()
                        : json_pack("{s:s, s:o}", "address",
                                  address_format(&identifier->destination, address), "port",
                                  identifier->destination_port == MODEL_UNSTATED
                                          ? json_null()
                                          : json_integer(identifier->destination_port)));
        json_object_set_new(asked, "source",
                pasted ? json_pack("{s:s?, s:s, s:o, s:s?}", "title", identifier->source.title, "sha256",
                                 digest_format(identifier->source.digest, digest), "line",
                                 identifier->source.line == MODEL_UNSTATED
                                         ? json_null()
                                         : json_integer(identifier->source.line),
                                 "excerpt", identifier->source.excerpt)
                       : json_null());
        return asked;
}

static bool is_near(int64_t edge, const struct identifier *identifier, int64_t near)
{
        return edge != TIME_UNKNOWN && edge >= identifier->from_ms - near && edge <= identifier->to_ms + near;
}

static void warn(json_t *warnings, const char *text)
{
        json_array_append_new(warnings, json_string(text));
}

/* Fills in the result of the message, the labels of requirement 9, and what has to be read before the data.
 */
static int fill_result(const struct evidence_case *of, const struct selection *found, struct result *result,
        json_t *warnings, struct error *error)
{
        bool all = of->scope->order->data.all_holders == STATED_YES;
        char words[WORDS_MAX];

        result->verdict = found->verdict;
        result->outcome = found->named > 0 ? OUTCOME_DISCLOSED : OUTCOME_NOT_AVAILABLE;
        if (result->outcome == OUTCOME_NOT_AVAILABLE)
                result->obstacles = WORD_BIT(OBSTACLE_NOT_STORED);
        result->holders = found->holders;
        result->judged_from_ms = found->judged_from_ms;
        result->judged_to_ms = found->judged_to_ms;
        result->clock_uncertainty_ms = found->uncertainty_ms <= INT32_MAX ? found->uncertainty_ms : INT32_MAX;
        int r = model_text(&result->statement, slice_of(scope_statement(found->verdict, all)), MODEL_LONG,
                "statement", error);
        if (r < 0 || found->named == 0)
                return r;
        result->address_origin = found->origin;
        result->clock_offset_ms = found->clock_offset_ms;
        result->lease_from_ms = found->lease_from_ms;
        result->lease_to_ms = found->lease_to_ms;
        result->margin_ms = found->margin_ms == MODEL_UNSTATED || found->margin_ms <= UINT32_MAX
                                    ? found->margin_ms
                                    : UINT32_MAX;
        bool near = (found->margin_ms != MODEL_UNSTATED && found->margin_ms < of->near_edge_ms) ||
                    is_near(found->lease_from_ms, found->identifier, of->near_edge_ms) ||
                    is_near(found->lease_to_ms, found->identifier, of->near_edge_ms);
        result->near_edge = near ? STATED_YES : STATED_NO;
        if (near)
                warn(warnings,
                        "The time asked is near an edge of a binding or of a lease: a small error of a "
                        "clock would name somebody else.");
        if (found->origin == ORIGIN_USER_STATED || found->origin == ORIGIN_NOT_KNOWN) {
                snprintf(words, sizeof words,
                        "The postal address is %s: it is not proven that anybody lives "
                        "there.",
                        word_meaning(&address_origin_words, found->origin));
                warn(warnings, words);
        }
        return model_text(
                &result->clock_source, slice_of(found->clock_source), MODEL_LONG, "clock_source", error);
}

static json_t *withheld_of(const struct selection *found)
{
        json_t *withheld = json_array();

        for (int i = SCOPE_INSIDE + 1; i < SCOPE_FATES; i++)
                if (found->withheld[i] > 0)
                        json_array_append_new(
                                withheld, json_pack("{s:I, s:s}", "bindings", (json_int_t)found->withheld[i],
                                                  "why", scope_fate_words((enum scope_fate)i)));
        return withheld;
}

static json_t *time_or_null(int64_t number)
{
        return number == MODEL_UNSTATED ? json_null() : json_integer(number);
}

static json_t *identifier_object(const struct evidence_case *of, const struct selection *found,
        const struct result *result, json_t *findings, json_t *warnings)
{
        return json_pack(
                "{s:s, s:o, s:s, s:s?, s:s, s:I, s:{s:o, s:o}, s:o, s:o, s:s, s:s, s:{s:s?, s:o, s:o}, "
                "s:o, s:s, s:o, s:o}",
                "id", found->identifier->id, "asked", asked_of(of, found->identifier), "outcome",
                word_name(&outcome_words, result->outcome), "verdict",
                found->verdict ? word_name(&answer_verdict_words, found->verdict) : NULL, "statement",
                result->statement, "holders", (json_int_t)found->holders, "judged", "from",
                selection_utc(found->judged_from_ms), "to", selection_utc(found->judged_to_ms), "findings",
                findings, "warnings", warnings, "address_origin",
                word_name(&address_origin_words, found->origin), "address_origin_words",
                word_meaning(&address_origin_words, found->origin), "clock", "source",
                *found->clock_source ? found->clock_source : NULL, "offset_ms",
                time_or_null(found->clock_offset_ms), "uncertainty_ms", json_integer(found->uncertainty_ms),
                "margin_ms", time_or_null(found->margin_ms), "near_edge",
                word_name(&yes_no_words, (int)(result->near_edge ? result->near_edge : STATED_NO)),
                "withheld", withheld_of(found), "corroborate", json_false());
}

static int make_identifier(const struct evidence_case *of, const struct store_answer *answers,
        const struct identifier *identifier, struct result *result, struct window_list *windows,
        json_t **ret_object, struct error *error)
{
        struct selection found = {.identifier = identifier,
                .verdict = verdict_of(of, answers, identifier),
                .judged_from_ms = TIME_UNKNOWN,
                .judged_to_ms = TIME_UNKNOWN,
                .margin_ms = MODEL_UNSTATED,
                .lease_from_ms = TIME_UNKNOWN,
                .lease_to_ms = TIME_UNKNOWN,
                .clock_offset_ms = MODEL_UNSTATED,
                .origin = ORIGIN_NOT_ANSWERED};
        json_t *findings = json_array(), *warnings = json_array();
        int r = findings && warnings ? 0 : error_set(error, -ENOMEM, "not enough memory for evidence");

        found.may_name =
                found.verdict != VERDICT_OF_NONE && scope_may_name(of->scope, identifier->id, found.verdict);
        if (result->outcome != OUTCOME_REFUSED)
                for (size_t i = 0; r == 0 && i < of->count; i++) {
                        if (strcmp(of->questions[i].identifier_id, identifier->id) != 0)
                                continue;
                        json_t *finding =
                                selection_finding(of, &of->questions[i], &answers[i], &found, windows, error);
                        if (!finding || json_array_append_new(findings, finding) < 0)
                                r = error && error->code ? error->code : -ENOMEM;
                }
        if (r == 0 && result->outcome != OUTCOME_REFUSED)
                r = fill_result(of, &found, result, warnings, error);
        if (r < 0) {
                json_decref(findings);
                json_decref(warnings);
                return r;
        }
        *ret_object = identifier_object(of, &found, result, findings, warnings);
        return *ret_object ? 0 : error_set(error, -ENOMEM, "not enough memory for evidence");
}

/* ---- all of them ---- */

/* Requirement 10: one hit on one address prompts for corroboration. */
static void ask_for_more(struct answer_body *answer, json_t *identifiers, json_t *warnings)
{
        size_t hits = 0;

        for (size_t i = 0; i < answer->results.count; i++)
                hits += answer->results.items[i].outcome == OUTCOME_DISCLOSED;
        for (size_t i = 0; i < answer->results.count; i++) {
                struct result *result = &answer->results.items[i];
                if (result->outcome != OUTCOME_DISCLOSED)
                        continue;
                result->corroborate = hits == 1 ? STATED_YES : STATED_NO;
                json_object_set_new(json_array_get(identifiers, i), "corroborate", json_boolean(hits == 1));
        }
        if (hits == 1)
                warn(warnings,
                        "This rests on one hit on one address. It needs corroboration by other evidence "
                        "before anybody is suspected.");
}

static void warn_of_all(const struct answer_body *answer, const struct window_list *windows, json_t *warnings)
{
        bool unknown = false, several = false;

        for (size_t i = 0; i < answer->results.count; i++) {
                unknown |= answer->results.items[i].verdict == VERDICT_OF_UNKNOWN;
                several |= answer->results.items[i].verdict == VERDICT_OF_SEVERAL;
        }
        if (unknown)
                warn(warnings, "At least one answer is 'unknown': nobody is identified by it. It "
                               "is " SCOPE_NO_EVIDENCE ".");
        if (several)
                warn(warnings, "At least one answer is 'several': nobody is identified by it, also where all "
                               "holders "
                               "are named because the order asks for all. It is " SCOPE_NO_EVIDENCE ".");
        if (windows->unproven)
                warn(warnings, "At least one record stands in a window that is not in the provider's log: "
                               "nothing proves that it was as it is now before the answer was made.");
}

static int read_answers(
        const struct evidence_case *of, struct store_answer **ret_answers, struct error *error)
{
        struct store_answer *answers = calloc(of->count + 1, sizeof *answers);
        int r = answers ? 0 : error_set(error, -ENOMEM, "not enough memory for the store's answers");

        for (size_t i = 0; r == 0 && i < of->count; i++)
                r = store_answer_read(of->answers[i], &of->questions[i], &answers[i], error);
        if (r < 0) {
                for (size_t i = 0; answers && i < of->count; i++)
                        store_answer_free(&answers[i]);
                free(answers);
                return r;
        }
        *ret_answers = answers;
        return 0;
}

static int copy_warnings(struct answer_body *answer, const json_t *warnings, struct error *error)
{
        const struct model_field *field =
                model_field_find(message_body_type(MESSAGE_ANSWER), slice_of("warnings"));
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_array_size(warnings); i++)
                r = model_texts_add(
                        field, answer, slice_of(json_string_value(json_array_get(warnings, i))), error);
        return r;
}

/* Codes of the verdict's reasons, each once. */
static int copy_reasons(struct result *result, const json_t *object, struct error *error)
{
        const struct model_field *field = model_field_find(&result_type, slice_of("reasons"));
        const json_t *findings = json_object_get(object, "findings");
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_array_size(findings); i++) {
                const json_t *reasons = json_object_get(json_array_get(findings, i), "reasons");
                for (size_t k = 0; r == 0 && k < json_array_size(reasons); k++) {
                        const char *code =
                                json_string_value(json_object_get(json_array_get(reasons, k), "code"));
                        bool there = false;
                        for (size_t t = 0; t < result->reasons.count; t++)
                                there |= strcmp(result->reasons.items[t], code) == 0;
                        if (!there)
                                r = model_texts_add(field, result, slice_of(code), error);
                }
        }
        return r;
}

static json_t *head_of(const struct evidence_case *of, json_t *identifiers, json_t *windows, json_t *warnings)
{
        const struct order *order = of->scope->order;

        return json_pack(
                "{s:s, s:s, s:I, s:s, s:s, s:s?, s:s?, s:s, s:o, s:o, s:s?, s:s, s:s, s:o, s:o, s:o}",
                "format", EVIDENCE_FORMAT, "order", of->order_id, "generation", (json_int_t)of->generation,
                "provider", of->provider, "authority", of->authority, "file_number",
                order->issuing_file_number, "title", order->title, "prepared_by", of->prepared_by, "made",
                selection_utc(of->made_ms), "made_local", selection_local(of->zone, of->made_ms), "zone",
                of->zone ? of->zone->name : NULL, "program", of->program, "base", of->base, "warnings",
                warnings, "identifiers", identifiers, "windows", windows);
}

static int make(const struct evidence_case *of, const struct store_answer *answers,
        struct answer_body *answer, json_t **ret_evidence, struct error *error)
{
        json_t *identifiers = json_array(), *warnings = json_array();
        struct window_list windows = {.of = of, .list = json_array()};
        int r = identifiers && warnings && windows.list ? scope_results(of->scope, answer, error) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < answer->results.count; i++) {
                struct result *result = &answer->results.items[i];
                json_t *object = NULL;
                r = make_identifier(of, answers, &of->scope->order->identifiers.items[i], result, &windows,
                        &object, error);
                if (r == 0)
                        r = copy_reasons(result, object, error);
                if (object)
                        json_array_append_new(identifiers, object);
        }
        if (r == 0) {
                ask_for_more(answer, identifiers, warnings);
                warn_of_all(answer, &windows, warnings);
                for (size_t i = 0; i < json_array_size(identifiers); i++)
                        json_array_extend(
                                warnings, json_object_get(json_array_get(identifiers, i), "warnings"));
                r = copy_warnings(answer, warnings, error);
        }
        if (r < 0) {
                json_decref(identifiers);
                json_decref(warnings);
                json_decref(windows.list);
                return r;
        }
        *ret_evidence = head_of(of, identifiers, windows.list, warnings);
        return *ret_evidence ? 0 : error_set(error, -ENOMEM, "not enough memory for evidence");
}

int evidence_make(const struct evidence_case *of, struct answer_body *answer, json_t **ret_evidence,
        struct error *error)
{
        struct store_answer *answers = NULL;
        int r = read_answers(of, &answers, error);

        if (r < 0)
                return r;
        r = make(of, answers, answer, ret_evidence, error);
        for (size_t i = 0; i < of->count; i++)
                store_answer_free(&answers[i]);
        free(answers);
        return r;
}

int evidence_write_json(const json_t *evidence, struct buffer *ret, struct error *error)
{
        char *text = json_dumps(evidence, JSON_INDENT(1));

        if (!text)
                return error_set(error, -ENOMEM, "not enough memory for the evidence as text");
        int r = buffer_append_text(ret, text);
        free(text);
        if (r == 0)
                r = buffer_append_text(ret, "\n");
        return r == 0 ? 0 : error_set(error, r, "the evidence is too large");
}
