/* SPDX-License-Identifier: EUPL-1.2 */
/* The words of an order as one number: whoever holds other words holds another number. */
#include "hi1/hi1.h"

#include "crypto/digest.h"

#include <stdio.h>

/* Before what is digested: the digest of an order is that of no file and of no message. */
static const char domain[] = "rogatory-order-words/1\n";

/* Section M is for the enforcing authority alone (Article 8(1)): the addressee has an order without it. */
static int plain_order(const struct order *order, struct message *ret)
{
        const struct model_field *information = model_field_find(&order_type, slice_of("ea_information"));
        int r = model_copy(&order_type, order, &ret->order);

        if (r == 0)
                model_free(information->part, model_at(information, &ret->order));
        return r;
}

int hi1_order_digest(const char *order_id, int64_t generation, const struct order *order,
        uint8_t ret_digest[MODEL_DIGEST_BYTES], struct error *error)
{
        struct buffer text = buffer_make(HI1_CERTIFICATE_BYTES_MAX + sizeof domain);
        struct message plain;

        message_init(&plain,
                order->kind == ORDER_PRESERVATION ? MESSAGE_PRESERVATION_ORDER : MESSAGE_PRODUCTION_ORDER);
        int r = plain_order(order, &plain);
        if (r == 0)
                r = buffer_append(&text, domain, sizeof domain - 1);
        if (r < 0)
                error_set(error, r, "not enough memory for the digest of an order");
        snprintf(plain.order_id, sizeof plain.order_id, "%s", order_id);
        plain.generation = generation == MODEL_UNSTATED ? 0 : generation;
        if (r == 0)
                r = hi1_certificate_write(&plain, &text, error);
        if (r == 0 && (r = digest_of(text.bytes, text.length, ret_digest)) < 0)
                error_set(error, r, "a digest could not be made");
        message_free(&plain);
        buffer_free(&text);
        return r;
}
