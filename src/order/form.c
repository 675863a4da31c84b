/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/form.h"

#include <stdio.h>

/* Who must have validated by now: Article 4(1) to (3) and (5). */
static bool needs_validator(const struct order *order, uint64_t categories)
{
        if (order->emergency.unvalidated == STATED_YES)
                return false;
        if (order->issuer.nature == NATURE_OTHER)
                return true;
        return order->kind == ORDER_PRODUCTION && (categories & CATEGORIES_GRAVE) &&
               order->issuer.nature == NATURE_PROSECUTOR;
}

static uint64_t all_categories(const struct order *order)
{
        uint64_t categories = order->data.categories;

        for (size_t i = 0; i < order->identifiers.count; i++)
                categories |= order->identifiers.items[i].categories;
        return categories;
}

static uint32_t order_conditions(const struct order *order)
{
        uint64_t categories = all_categories(order);
        bool grave = order->kind == ORDER_PRODUCTION && (categories & CATEGORIES_GRAVE);
        uint32_t found = order->kind == ORDER_PRESERVATION ? FORM_PRESERVATION : FORM_PRODUCTION;

        found |= categories & WORD_BIT(CATEGORY_SUBSCRIBER) ? FORM_SUBSCRIBER : 0;
        found |= categories & WORD_BIT(CATEGORY_IDENTIFY_ONLY) ? FORM_IDENTIFY : 0;
        found |= categories & WORD_BIT(CATEGORY_TRAFFIC) ? FORM_TRAFFIC : 0;
        found |= categories & WORD_BIT(CATEGORY_CONTENT) ? FORM_CONTENT : 0;
        found |= order_is_emergency(order) ? FORM_EMERGENCY : 0;
        found |= needs_validator(order, categories) ? FORM_VALIDATED : 0;
        found |= order->information.delayed == STATED_YES ? FORM_DELAYED : 0;
        found |= order->ea.notified == STATED_YES ? FORM_EA : 0;
        found |= grave && order->ea.notified == STATED_NO ? FORM_EA_EXEMPT : 0;
        found |= order->delivery.recipient == RECIPIENT_OTHER ? FORM_OTHER_RECIPIENT : 0;
        found |= order->has_earlier == STATED_YES ? FORM_EARLIER : 0;
        found |= order->grounds.holder == HOLDER_PROCESSOR ? FORM_PROCESSOR : 0;
        found |= order->grounds.protections ? FORM_PROTECTED : 0;
        found |= order->data.all_holders == STATED_YES ? FORM_ALL_HOLDERS : 0;
        found |= order->addressee.kind == ADDRESSEE_OTHER_ESTABLISHMENT ? FORM_READDRESSED : 0;
        return found;
}

static uint32_t impossibility_conditions(const struct cannot_execute *form)
{
        const uint64_t unclear = WORD_BIT(OBSTACLE_INCOMPLETE) | WORD_BIT(OBSTACLE_MANIFEST_ERROR) |
                                 WORD_BIT(OBSTACLE_INSUFFICIENT_INFORMATION);
        uint64_t obstacles = 0;
        uint32_t found = 0;

        for (size_t i = 0; i < form->reasons.count; i++)
                obstacles |= form->reasons.items[i].obstacles;
        found |= obstacles & WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW) ? FORM_CONFLICT : 0;
        found |= obstacles & unclear ? FORM_UNCLEAR : 0;
        found |= form->addressee.kind == ADDRESSEE_OTHER_ESTABLISHMENT ? FORM_READDRESSED : 0;
        return found;
}

uint32_t form_conditions(const struct message *message)
{
        const struct order *order = message_order_const(message);
        uint32_t found = FORM_ALWAYS;

        if (order)
                found |= order_conditions(order) |
                         (message->kind == MESSAGE_EA_NOTIFICATION ? FORM_TO_EA : FORM_TO_PROVIDER);
        if (message->kind == MESSAGE_CANNOT_EXECUTE)
                found |= impossibility_conditions(&message->cannot_execute);
        return found;
}

bool order_is_emergency(const struct order *order)
{
        return order->deadline.kind == DEADLINE_EIGHT_HOURS_LIFE ||
               order->deadline.kind == DEADLINE_EIGHT_HOURS_INFRASTRUCTURE ||
               order->emergency.unvalidated == STATED_YES;
}

struct gap_search {
        struct form_gap *gaps;
        size_t room, count;
        uint32_t conditions;
};

static int look(
        void *context, const char *path, const struct model_field *field, const void *object, bool within)
{
        struct gap_search *search = context;
        bool given = model_is_given(field, object);
        bool missing = !given && within && (field->need & search->conditions);
        bool barred = given && (field->bar & search->conditions);

        /* A part that is barred wins over one that is mandatory: nobody can do both. */
        if (!barred && (!missing || (field->bar & search->conditions)))
                return 0;
        if (search->count < search->room) {
                struct form_gap *gap = &search->gaps[search->count];
                snprintf(gap->path, sizeof gap->path, "%s", path);
                gap->field = field;
                gap->barred = barred;
        }
        search->count++;
        return 0;
}

size_t form_gaps(const struct message *message, struct form_gap *ret_gaps, size_t room)
{
        struct gap_search search = {.gaps = ret_gaps, .room = room, .conditions = form_conditions(message)};

        (void)message_walk(message, look, &search); /* look never stops it */
        return search.count;
}

int message_walk(const struct message *message, model_visit *visit, void *context)
{
        const struct model_type *body = message_body_type(message->kind);
        int r = model_walk(&message_head_type, message, "message.", visit, context);

        return r || !body ? r : model_walk(body, message_body_const(message), "", visit, context);
}
