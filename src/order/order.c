/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/form.h"

void *message_body(struct message *message)
{
        return &message->order; /* all bodies begin where the union does */
}

const void *message_body_const(const struct message *message)
{
        return &message->order;
}

void message_init(struct message *message, enum message_kind kind)
{
        const struct model_type *body = message_body_type(kind);

        memset(message, 0, sizeof *message);
        model_init(&message_head_type, message);
        message->kind = body ? kind : MESSAGE_NONE;
        if (body)
                model_init(body, message_body(message));
        if (kind == MESSAGE_PRODUCTION_ORDER)
                message->order.kind = ORDER_PRODUCTION;
        if (kind == MESSAGE_PRESERVATION_ORDER)
                message->order.kind = ORDER_PRESERVATION;
}

void message_free(struct message *message)
{
        const struct model_type *body = message_body_type(message->kind);

        if (body)
                model_free(body, message_body(message));
        model_free(&message_head_type, message);
        message_init(message, MESSAGE_NONE);
}

int message_copy(const struct message *from, struct message *ret)
{
        const struct model_type *body = message_body_type(from->kind);

        message_free(ret);
        message_init(ret, from->kind);
        int r = model_copy(&message_head_type, from, ret);
        if (r == 0 && body)
                r = model_copy(body, message_body_const(from), message_body(ret));
        if (r < 0)
                message_free(ret);
        return r;
}

bool message_equal(const struct message *one, const struct message *other)
{
        const struct model_type *body = message_body_type(one->kind);

        return model_equal(&message_head_type, one, other) &&
               (!body || model_equal(body, message_body_const(one), message_body_const(other)));
}

struct order *message_order(struct message *message)
{
        switch (message->kind) {
        case MESSAGE_PRODUCTION_ORDER:
        case MESSAGE_PRESERVATION_ORDER:
                return &message->order;
        case MESSAGE_AMENDMENT:
                return &message->amendment.order;
        case MESSAGE_VALIDATION_REQUEST:
                return &message->validation_request.order;
        case MESSAGE_EA_NOTIFICATION:
                return &message->ea_notification.order;
        default:
                return NULL;
        }
}

const struct order *message_order_const(const struct message *message)
{
        switch (message->kind) {
        case MESSAGE_PRODUCTION_ORDER:
        case MESSAGE_PRESERVATION_ORDER:
                return &message->order;
        case MESSAGE_AMENDMENT:
                return &message->amendment.order;
        case MESSAGE_VALIDATION_REQUEST:
                return &message->validation_request.order;
        case MESSAGE_EA_NOTIFICATION:
                return &message->ea_notification.order;
        default:
                return NULL;
        }
}

const struct identifier *order_identifier(const struct order *order, const char *id)
{
        for (size_t i = 0; i < order->identifiers.count; i++)
                if (strcmp(order->identifiers.items[i].id, id) == 0)
                        return &order->identifiers.items[i];
        return NULL;
}

uint64_t order_categories(const struct order *order, const struct identifier *identifier)
{
        return identifier->categories ? identifier->categories : order->data.categories;
}
