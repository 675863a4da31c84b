/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/scope.h"

#include "order/form.h"

#include <stdio.h>

const char *scope_fate_words(enum scope_fate fate)
{
        static const char *const words[SCOPE_FATES] = {
                [SCOPE_INSIDE] = "asked for",
                [SCOPE_OTHER_ADDRESS] = "of an address that is not asked about",
                [SCOPE_OTHER_PORT] = "of a port that is not asked about",
                [SCOPE_OTHER_PROTOCOL] = "of a protocol that is not asked about",
                [SCOPE_OTHER_TIME] = "of a time that is not asked about",
                [SCOPE_OTHER_CATEGORY] = "of a data category that is not ordered",
                [SCOPE_REFUSED] = "of an identifier that must not be answered",
        };

        return (unsigned)fate < SCOPE_FATES ? words[fate] : "unheard of";
}

const struct scope_refusal *scope_refusal_of(const struct scope *scope, const char *identifier_id)
{
        for (size_t i = 0; i < scope->refusal_count; i++) {
                const struct scope_refusal *refusal = &scope->refusals[i];
                if (!*refusal->identifier_id || strcmp(refusal->identifier_id, identifier_id) == 0)
                        return refusal;
        }
        return NULL;
}

struct refusal_list {
        struct scope_refusal *items;
        size_t room, count;
};

static void add_refusal(
        struct refusal_list *list, const char *identifier_id, const char *who, const char *reason)
{
        if (list->count < list->room) {
                struct scope_refusal *refusal = &list->items[list->count];
                snprintf(refusal->identifier_id, sizeof refusal->identifier_id, "%s", identifier_id);
                snprintf(refusal->reason, sizeof refusal->reason, "%s: %s", who, reason);
        }
        list->count++;
}

static void add_refusals(
        struct refusal_list *list, const struct text_list *ids, const char *who, const char *reason)
{
        if (ids->count == 0)
                add_refusal(list, "", who, reason);
        for (size_t i = 0; i < ids->count; i++)
                add_refusal(list, ids->items[i], who, reason);
}

/* The first word of a set says why; all of them stand in the message itself. */
static const char *first_meaning(const struct vocabulary *words, uint64_t set)
{
        return word_meaning(words, set ? __builtin_ctzll(set) : 0);
}

size_t scope_refusals_of(const struct message *message, struct scope_refusal *ret_refusals, size_t room)
{
        struct refusal_list list = {.items = ret_refusals, .room = room};

        switch (message->kind) {
        case MESSAGE_EA_OBJECTION:
                for (size_t i = 0; i < message->ea_objection.objections.count; i++) {
                        const struct objection *objection = &message->ea_objection.objections.items[i];
                        if (objection->effect != OBJECTION_CONDITIONAL)
                                add_refusal(&list, objection->identifier_id,
                                        "the enforcing authority refuses it",
                                        first_meaning(&refusal_ground_words, objection->grounds));
                }
                break;
        case MESSAGE_WITHDRAWAL:
                add_refusals(&list, &message->withdrawal.identifier_ids, "withdrawn",
                        word_meaning(&withdrawal_reason_words, message->withdrawal.reason));
                break;
        case MESSAGE_REVIEW_DECISION:
                if (message->review_decision.outcome != REVIEW_UPHELD)
                        add_refusals(&list, &message->review_decision.identifier_ids, "the court",
                                word_meaning(&review_outcome_words, message->review_decision.outcome));
                break;
        case MESSAGE_CANNOT_EXECUTE:
                for (size_t i = 0; i < message->cannot_execute.reasons.count; i++) {
                        const struct impossibility *reason = &message->cannot_execute.reasons.items[i];
                        add_refusal(&list, reason->identifier_id, "not executed",
                                first_meaning(&obstacle_words, reason->obstacles));
                }
                break;
        default:
                break;
        }
        return list.count;
}

bool scope_covers_all(const struct order *order, const struct text_list *identifier_ids)
{
        for (size_t i = 0; identifier_ids->count && i < order->identifiers.count; i++) {
                bool found = false;
                for (size_t k = 0; k < identifier_ids->count && !found; k++)
                        found = strcmp(identifier_ids->items[k], order->identifiers.items[i].id) == 0;
                if (!found)
                        return false;
        }
        return true;
}

bool scope_refuses_all(const struct scope *scope)
{
        for (size_t i = 0; i < scope->order->identifiers.count; i++)
                if (!scope_refusal_of(scope, scope->order->identifiers.items[i].id))
                        return false;
        return scope->order->identifiers.count > 0;
}

static bool has_address(const struct identifier *identifier, const struct address *address)
{
        if (identifier->kind == IDENTIFIER_IP_RANGE)
                return address_compare(&identifier->address, address) <= 0 &&
                       address_compare(address, &identifier->address_last) <= 0;
        return (identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6) &&
               address_compare(&identifier->address, address) == 0;
}

static bool has_port(const struct identifier *identifier, const struct scope_record *record)
{
        if (identifier->source_port == MODEL_UNSTATED)
                return true;
        if (record->port_first == MODEL_UNSTATED && record->port_last == MODEL_UNSTATED)
                return true;
        return record->port_first <= identifier->source_port && identifier->source_port <= record->port_last;
}

static bool has_time(
        const struct scope *scope, const struct identifier *identifier, const struct scope_record *record)
{
        const struct data_wish *data = &scope->order->data;
        int64_t from = identifier->from_ms, to = identifier->to_ms;

        if (from == TIME_UNKNOWN || to == TIME_UNKNOWN)
                return false; /* an address without a time asks for nothing */
        if ((data->from_ms != TIME_UNKNOWN && from < data->from_ms) ||
                (data->to_ms != TIME_UNKNOWN && to > data->to_ms))
                return false; /* contradicts itself: rule identifier-is-inside-the-order */
        int64_t skew = scope->skew_ms > 0 && scope->skew_ms <= TIME_DAY ? scope->skew_ms : 0;
        if (WORD_BIT(record->category) & CATEGORIES_GRAVE)
                return record->from_ms != TIME_UNKNOWN && record->to_ms != TIME_UNKNOWN &&
                       record->from_ms >= from && record->to_ms <= to && record->from_ms <= record->to_ms;
        return (record->from_ms == TIME_UNKNOWN || record->from_ms <= to + skew) &&
               (record->to_ms == TIME_UNKNOWN || record->to_ms >= from - skew);
}

static enum scope_fate fate_by(
        const struct scope *scope, const struct identifier *identifier, const struct scope_record *record)
{
        if (!has_address(identifier, &record->address))
                return SCOPE_OTHER_ADDRESS;
        if (!has_port(identifier, record))
                return SCOPE_OTHER_PORT;
        if (identifier->protocol != MODEL_UNSTATED && record->protocol != MODEL_UNSTATED &&
                identifier->protocol != record->protocol)
                return SCOPE_OTHER_PROTOCOL;
        if (record->category == CATEGORY_NONE ||
                !(order_categories(scope->order, identifier) & scope->order->data.categories &
                        WORD_BIT(record->category)))
                return SCOPE_OTHER_CATEGORY;
        if (!has_time(scope, identifier, record))
                return SCOPE_OTHER_TIME;
        return scope_refusal_of(scope, identifier->id) ? SCOPE_REFUSED : SCOPE_INSIDE;
}

enum scope_fate scope_of(const struct scope *scope, const struct scope_record *record,
        const struct identifier **ret_identifier)
{
        enum scope_fate nearest = SCOPE_OTHER_ADDRESS;

        if (ret_identifier)
                *ret_identifier = NULL;
        for (size_t i = 0; i < scope->order->identifiers.count; i++) {
                const struct identifier *identifier = &scope->order->identifiers.items[i];
                enum scope_fate fate = fate_by(scope, identifier, record);
                if (fate == SCOPE_INSIDE) {
                        if (ret_identifier)
                                *ret_identifier = identifier;
                        return fate;
                }
                nearest = fate > nearest ? fate : nearest; /* how far it came tells best why it stays */
        }
        return nearest;
}

size_t scope_filter(const struct scope *scope, const struct scope_record *records, size_t count,
        bool *ret_passes, size_t ret_counts[SCOPE_FATES])
{
        memset(ret_counts, 0, SCOPE_FATES * sizeof *ret_counts);
        for (size_t i = 0; i < count; i++) {
                enum scope_fate fate = scope_of(scope, &records[i], NULL);
                ret_passes[i] = fate == SCOPE_INSIDE;
                ret_counts[fate]++;
        }
        return ret_counts[SCOPE_INSIDE];
}

bool scope_may_name(const struct scope *scope, const char *identifier_id, enum answer_verdict verdict)
{
        if (!order_identifier(scope->order, identifier_id) || scope_refusal_of(scope, identifier_id))
                return false;
        if (verdict == VERDICT_OF_SEVERAL)
                return scope->order->data.all_holders == STATED_YES;
        return verdict == VERDICT_OF_ONE;
}

const char *scope_statement(enum answer_verdict verdict, bool all_holders)
{
        switch (verdict) {
        case VERDICT_OF_ONE:
                return "The records prove one holder of the address and port at the time asked. They prove "
                       "whose line it "
                       "was, not who used it.";
        case VERDICT_OF_SEVERAL:
                return all_holders ? "Several held the address and port in the time asked, and the records "
                                     "do not tell which "
                                     "of them is meant. All are named because the order asks for all; at "
                                     "most one is "
                                     "concerned. That somebody is named is " SCOPE_NO_EVIDENCE "."
                                   : "Several held the address and port in the time asked, and the records "
                                     "do not tell which "
                                     "of them is meant. Nobody is named: the order does not ask for all. "
                                     "This is " SCOPE_NO_EVIDENCE ".";
        case VERDICT_OF_NOBODY:
                return "The records prove that nobody held the address and port at the time asked: address, "
                       "port or time are "
                       "probably not those that are meant.";
        case VERDICT_OF_UNKNOWN:
                return "The records prove nothing about who held the address and port at the time asked. "
                       "Nobody is named. "
                       "This is " SCOPE_NO_EVIDENCE ".";
        default:
                return "Nothing was found out. This is " SCOPE_NO_EVIDENCE ".";
        }
}

int scope_results(const struct scope *scope, struct answer_body *answer, struct error *error)
{
        const struct model_field *results =
                model_field_find(message_body_type(MESSAGE_ANSWER), slice_of("results"));

        for (size_t i = 0; i < scope->order->identifiers.count; i++) {
                const struct identifier *identifier = &scope->order->identifiers.items[i];
                const struct scope_refusal *refusal = scope_refusal_of(scope, identifier->id);
                void *item = NULL;
                int r = model_list_add(results, answer, &item, error);
                if (r < 0)
                        return r;
                struct result *result = item;
                memcpy(result->identifier_id, identifier->id, sizeof result->identifier_id);
                if (!refusal)
                        continue;
                result->outcome = OUTCOME_REFUSED;
                r = model_text(&result->statement, slice_of(*refusal->reason ? refusal->reason : "refused"),
                        MODEL_LONG, "statement", error);
                if (r < 0)
                        return r;
        }
        return 0;
}
