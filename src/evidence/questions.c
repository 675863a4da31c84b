/* SPDX-License-Identifier: EUPL-1.2 */
/* What the store is asked for an order: exactly its identifiers, at exactly their times. */
#include "evidence/store_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "order/rules.h"

static bool can_be_asked(const struct scope *scope, const struct identifier *identifier)
{
        bool address = identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6 ||
                       identifier->kind == IDENTIFIER_IP_RANGE;

        return address && identifier->from_ms != TIME_UNKNOWN && identifier->to_ms != TIME_UNKNOWN &&
               identifier->from_ms <= identifier->to_ms && !scope_refusal_of(scope, identifier->id);
}

static void step_address(struct address *address)
{
        for (size_t i = sizeof address->bytes; i-- > 0;)
                if (++address->bytes[i] != 0)
                        return;
}

static int add_identifier(const struct scope *scope, const struct identifier *identifier,
        struct evidence_question *questions, size_t *count, struct error *error)
{
        uint64_t addresses = identifier_addresses(identifier);
        int64_t half = (identifier->to_ms - identifier->from_ms + 1) / 2;
        struct address address = identifier->address;

        if (addresses > EVIDENCE_QUESTIONS_MAX - *count)
                return error_set(error, -E2BIG,
                        "identifier %s: the order asks about more than %u addresses, which is more than a "
                        "store is asked for one order",
                        identifier->id, EVIDENCE_QUESTIONS_MAX);
        for (uint64_t i = 0; i < addresses; i++, step_address(&address)) {
                struct evidence_question *q = &questions[(*count)++];
                *q = (struct evidence_question){.address = address,
                        .port = identifier->source_port == MODEL_UNSTATED ? -1 : (int)identifier->source_port,
                        .protocol = identifier->protocol == MODEL_UNSTATED ? -1 : (int)identifier->protocol,
                        .at_ms = identifier->from_ms + half,
                        .skew_ms = half + (scope->skew_ms > 0 ? scope->skew_ms : 0),
                        .destination = identifier->destination,
                        .destination_port = identifier->destination_port == MODEL_UNSTATED ||
                                                            address_is_none(&identifier->destination)
                                                    ? -1
                                                    : (int)identifier->destination_port};
                memcpy(q->identifier_id, identifier->id, sizeof q->identifier_id);
        }
        return 0;
}

int evidence_questions(const struct scope *scope, struct evidence_question **ret_questions, size_t *ret_count,
        struct error *error)
{
        struct evidence_question *questions = calloc(EVIDENCE_QUESTIONS_MAX, sizeof *questions);
        size_t count = 0;
        int r = questions ? 0 : error_set(error, -ENOMEM, "not enough memory for the questions of an order");

        for (size_t i = 0; r == 0 && i < scope->order->identifiers.count; i++)
                if (can_be_asked(scope, &scope->order->identifiers.items[i]))
                        r = add_identifier(
                                scope, &scope->order->identifiers.items[i], questions, &count, error);
        if (r < 0) {
                free(questions);
                return r;
        }
        *ret_questions = questions;
        *ret_count = count;
        return 0;
}

static void with_port(const struct address *address, int port, char word[EVIDENCE_WORD_MAX])
{
        char text[ADDRESS_TEXT_MAX];

        address_format(address, text);
        if (port < 0)
                snprintf(word, EVIDENCE_WORD_MAX, "%s", text);
        else
                snprintf(word, EVIDENCE_WORD_MAX, address_is_ipv4(address) ? "%s:%d" : "[%s]:%d", text, port);
}

size_t evidence_question_words(
        const struct evidence_question *question, char ret_words[EVIDENCE_WORDS_MAX][EVIDENCE_WORD_MAX])
{
        char text[TIME_TEXT_MAX], protocol[PROTOCOL_NAME_MAX];
        size_t count = 0;

        with_port(&question->address, question->port, ret_words[count++]);
        snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "--at");
        snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "%s", time_format_utc(question->at_ms, text));
        if (question->skew_ms > 0) {
                snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "--skew");
                snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "%s",
                        time_format_duration(question->skew_ms, text));
        }
        if (question->protocol >= 0) {
                bool named = question->protocol == 1 || question->protocol == 6 || question->protocol == 17;
                snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "--proto");
                if (named)
                        snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "%s",
                                store_answer_protocol_name(question->protocol, protocol));
                else
                        snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "%d", question->protocol);
        }
        if (!address_is_none(&question->destination)) {
                snprintf(ret_words[count++], EVIDENCE_WORD_MAX, "--dest");
                with_port(&question->destination, question->destination_port, ret_words[count++]);
        }
        return count;
}
