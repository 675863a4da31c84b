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

/* jansson does not say why it makes nothing of a text; this does. */
static int check_text(
        void *context, const char *path, const struct model_field *field, const void *object, bool within)
{
        const char *text;

        (void)within;
        if (field->kind != MODEL_TEXT)
                return 0;
        memcpy(&text, model_at_const(field, object), sizeof text);
        if (!text || model_is_plain_text(slice_of(text)))
                return 0;
        return error_set(context, -EINVAL, "%s: is not UTF-8, or has control characters", path);
}

/* What is sent must be what a peer reads: a message that was put together by hand may hold what no reader
 * accepts. */
static int check_readable(const struct message *message, struct slice certificate, struct error *error)
{
        struct findings findings = {0};
        struct message again;

        message_init(&again, MESSAGE_NONE);
        int r = hi1_certificate_read(certificate, &again, &findings);
        if (r == -EBADMSG) {
                const struct finding *why = NULL;
                for (size_t i = 0; i < findings.count && !why; i++)
                        if (findings.list[i].weight == FINDING_FATAL)
                                why = &findings.list[i];
                r = error_set(error, -EINVAL, "%s: %s", why ? why->place : "certificate",
                        why ? why->sentence : "cannot be read");
        } else if (r < 0) {
                error_set(error, r, "the message could not be written: no memory left");
        } else if (!message_equal(message, &again)) {
                r = error_set(error, -EINVAL,
                        "the message holds what cannot be written, and would be read as another");
        }
        message_free(&again);
        findings_free(&findings);
        return r;
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
                r = message_walk(message, check_text, error);
        if (r == 0)
                r = hi1_certificate_write(message, &certificate, error);
        if (r == 0)
                r = check_readable(
                        message, slice_make((const char *)certificate.bytes, certificate.length), error);
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
