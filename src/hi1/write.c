/* SPDX-License-Identifier: EUPL-1.2 */
#include "hi1/tree.h"

#include <stdlib.h>
#include <string.h>

static int need(bool given, const char *name, struct error *error)
{
        return given ? 0
                     : error_set(
                               error, -EINVAL, "%s: is missing; without it the message cannot be sent", name);
}

/* Objects are named by their ids, and an id is a UUID; in the model such a list holds texts. */
static int check_ids(const struct message *message, struct error *error)
{
        const struct model_field *field =
                model_field_find(message_body_type(message->kind), slice_of("identifier_ids"));
        const struct text_list *ids = field ? model_at_const(field, message_body_const(message)) : NULL;

        for (size_t i = 0; ids && i < ids->count; i++)
                if (!model_is_id(slice_of(ids->items[i])))
                        return error_set(error, -EINVAL,
                                "identifier_ids[%zu]: \"%.40s\" is no UUID of version 4 in lower case", i,
                                ids->items[i]);
        return 0;
}

/* What the header and the objects cannot do without. */
static int check_sendable(const struct message *message, struct error *error)
{
        const struct order *order = message_order_const(message);

        int r = need(message_body_type(message->kind) != NULL, "kind", error);
        if (r == 0)
                r = need(message->id[0], "id", error);
        if (r == 0)
                r = need(message->order_id[0], "order_id", error);
        if (r == 0)
                r = need(message->sender.country[0] && message->sender.organisation[0], "sender", error);
        if (r == 0)
                r = need(
                        message->receiver.country[0] && message->receiver.organisation[0], "receiver", error);
        if (r == 0)
                r = need(message->sent_ms != TIME_UNKNOWN, "sent_ms", error);
        for (size_t i = 0; r == 0 && order && i < order->identifiers.count; i++)
                if (!order->identifiers.items[i].id[0])
                        r = error_set(error, -EINVAL,
                                "identifiers[%zu].id: is missing; without it the message cannot be sent", i);
        return r < 0 ? r : check_ids(message, error);
}

int hi1_write(const struct message *message, struct buffer *ret, struct error *error)
{
        struct buffer certificate = buffer_make(HI1_CERTIFICATE_BYTES_MAX);
        struct findings findings = {0};
        json_t *root = NULL;
        char *text = NULL;

        int r = check_sendable(message, error);
        if (r == 0 && tree_check_kind(message, &findings) < 0)
                r = error_set(error, -EINVAL, "%s",
                        findings.count ? findings.list[0].sentence : "contradicts itself");
        findings_free(&findings);
        if (r == 0)
                r = hi1_certificate_write(message, &certificate, error);
        if (r == 0) {
                root = tree_of_message(
                        message, slice_make((const char *)certificate.bytes, certificate.length), error);
                text = root ? json_dumps(root, JSON_COMPACT) : NULL;
                if (!text)
                        r = error_set(error, -ENOMEM, "the message could not be written: no memory left");
        }
        if (r == 0 && strlen(text) > HI1_BYTES_MAX)
                r = error_set(error, -EFBIG,
                        "the message has %zu bytes; %zu are the most: send fewer identifiers in one message",
                        strlen(text), HI1_BYTES_MAX);
        if (r == 0)
                r = buffer_append_text(ret, text);
        free(text);
        json_decref(root);
        buffer_free(&certificate);
        return r;
}
