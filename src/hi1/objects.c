/* SPDX-License-Identifier: EUPL-1.2 */
/* The message: header, and the action requests that its kind has. */
#include "hi1/objects.h"

#include "base/base64.h"

#include <stdio.h>
#include <string.h>

/* ---- small values ---- */

void objects_put(struct objects *objects, json_t *object, const char *name, json_t *value)
{
        if (json_object_set_new(object, name, value) < 0)
                objects->failed = true;
}

void objects_put_text(struct objects *objects, json_t *object, const char *name, const char *text)
{
        if (text && text[0])
                objects_put(objects, object, name, json_string(text));
}

json_t *objects_entry(const char *owner, const char *name, const char *value)
{
        return json_pack(
                "{s:s, s:s, s:s}", "common:Owner", owner, "common:Name", name, "common:Value", value);
}

json_t *objects_endpoint(const char *country, const char *name)
{
        return json_pack("{s:s, s:s}", "CountryCode", country, "UniqueIdentifier", name);
}

json_t *objects_second(int64_t at_ms, bool up)
{
        char text[TIME_TEXT_MAX];

        if (at_ms == TIME_UNKNOWN)
                return NULL;
        if (up && at_ms % TIME_SECOND != 0)
                at_ms += TIME_SECOND;
        time_format_utc(at_ms, text);
        return json_sprintf("%.19sZ", text);
}

json_t *objects_microsecond(int64_t at_ms)
{
        char text[TIME_TEXT_MAX];

        if (at_ms == TIME_UNKNOWN)
                return NULL;
        time_format_utc(at_ms, text);
        return json_sprintf("%.23s000Z", text);
}

void objects_id(const struct message *message, const char *kind, size_t number, char ret_id[MODEL_ID_MAX])
{
        uint8_t hash[DIGEST_BYTES] = {0};
        char source[128];

        int n = snprintf(source, sizeof source, "rogatory hi1 object %s %s %zu", message->id, kind, number);
        (void)digest_of(source, (size_t)n, hash);
        /* Version 4: pseudo-random (RFC 9562 section 5.4), out of the random id of the message. */
        hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x40);
        hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
        snprintf(ret_id, MODEL_ID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8], hash[9],
                hash[10], hash[11], hash[12], hash[13], hash[14], hash[15]);
}

char *objects_ldid(const struct party *party, const char *id, char text[OBJECTS_LDID_MAX])
{
        snprintf(text, OBJECTS_LDID_MAX, "%s-%s-%s", party->country, party->organisation, id);
        return text;
}

/* ---- objects and actions ---- */

json_t *objects_make(struct objects *objects, const char *type, const char *id)
{
        json_t *object = json_pack("{s:s, s:s}", "@xsi:type", type, "ObjectIdentifier", id);

        objects_put_text(objects, object, "CountryCode", objects->message->sender.country);
        objects_put_text(objects, object, "OwnerIdentifier", objects->message->sender.organisation);
        if (objects->message->generation != MODEL_UNSTATED)
                objects_put(objects, object, "Generation", json_integer(objects->message->generation));
        return object;
}

void objects_associate(struct objects *objects, json_t *object, json_t *ids)
{
        objects_put(objects, object, "AssociatedObjects", json_pack("{s:o}", "AssociatedObject", ids));
}

void objects_add(struct objects *objects, const char *verb, json_t *object)
{
        json_t *action = json_pack("{s:I, s:{s:o}}", "ActionIdentifier",
                (json_int_t)json_array_size(objects->actions), verb, "HI1Object", object);

        if (json_array_append_new(objects->actions, action) < 0)
                objects->failed = true;
}

void objects_document(struct objects *objects, struct slice certificate)
{
        const char *type = "{http://uri.etsi.org/03120/common/2020/09/Document}DocumentObject";
        const struct message *message = objects->message;
        const struct order *order = message_order_const(message);
        struct buffer contents = buffer_make(BASE64_LENGTH(HI1_CERTIFICATE_BYTES_MAX));
        uint8_t hash[DIGEST_BYTES];
        char id[MODEL_ID_MAX], digest[DIGEST_TEXT_MAX];

        if (digest_of(certificate.text, certificate.length, hash) < 0 ||
                base64_write(certificate.text, certificate.length, &contents) < 0)
                objects->failed = true;
        objects_id(message, "document", 0, id);
        json_t *object = objects_make(objects, type, id);
        objects_associate(objects, object, json_pack("[s]", message->order_id));
        objects_put_text(objects, object, "doc:DocumentReference", message->id);
        if (order)
                objects_put_text(objects, object, "doc:DocumentName", order->title);
        objects_put(objects, object, "doc:DocumentType",
                order ? objects_entry("ETSI", "DocumentType", "Warrant")
                      : objects_entry(HI1_PROFILE_OWNER, "MessageKind",
                                word_name(&message_kind_words, (int)message->kind)));
        objects_put(objects, object, "doc:DocumentBody",
                json_pack("{s:s%, s:s, s:s, s:s}", "doc:Contents", (const char *)contents.bytes,
                        contents.length, "doc:ContentType", TREE_CERTIFICATE_TYPE, "doc:Checksum",
                        digest_format(hash, digest), "doc:ChecksumType", "SHA-256"));
        buffer_free(&contents);
        objects_add(objects, "CREATE", object);
}

/* ---- the message ---- */

static json_t *header_of(const struct message *message)
{
        return json_pack("{s:o, s:o, s:s, s:o, s:{s:s, s:s, s:s}}", "SenderIdentifier",
                objects_endpoint(message->sender.country, message->sender.organisation), "ReceiverIdentifier",
                objects_endpoint(message->receiver.country, message->receiver.organisation),
                "TransactionIdentifier", message->id, "Timestamp", objects_microsecond(message->sent_ms),
                "Version", "ETSIVersion", HI1_VERSION, "NationalProfileOwner", HI1_PROFILE_OWNER,
                "NationalProfileVersion", HI1_PROFILE_VERSION);
}

/* Which objects a kind of message has. The certificate is always the last. */
static void add_objects(struct objects *objects)
{
        const struct message *message = objects->message;
        const struct order *order = message_order_const(message);

        switch (message->kind) {
        case MESSAGE_PRODUCTION_ORDER:
        case MESSAGE_PRESERVATION_ORDER:
        case MESSAGE_EA_NOTIFICATION:
        case MESSAGE_VALIDATION_REQUEST:
                objects_authorisation(objects, order, "CREATE");
                objects_tasks(objects, order, "CREATE");
                break;
        case MESSAGE_AMENDMENT:
                objects_authorisation(objects, order, "UPDATE");
                objects_tasks(objects, order, "UPDATE");
                break;
        case MESSAGE_WITHDRAWAL:
                if (message->withdrawal.identifier_ids.count == 0)
                        objects_authorisation_status(objects, "Cancelled");
                objects_notification(objects);
                break;
        case MESSAGE_VALIDATION:
                objects_authorisation_status(objects,
                        message->validation.decision == VALIDATION_GRANTED ? "Approved" : "Rejected");
                objects_notification(objects);
                break;
        case MESSAGE_ANSWER:
                objects_deliveries(objects);
                objects_notification(objects);
                break;
        default:
                objects_notification(objects);
        }
}

static json_t *root_of(const struct message *message, json_t *actions)
{
        static const char *const spaces[][2] = {
                {"@xmlns", "http://uri.etsi.org/03120/common/2019/10/Core"},
                {"@xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"},
                {"@xmlns:common", "http://uri.etsi.org/03120/common/2016/02/Common"},
                {"@xmlns:auth", "http://uri.etsi.org/03120/common/2020/09/Authorisation"},
                {"@xmlns:task", "http://uri.etsi.org/03120/common/2020/09/Task"},
                {"@xmlns:doc", "http://uri.etsi.org/03120/common/2020/09/Document"},
                {"@xmlns:notification", "http://uri.etsi.org/03120/common/2016/02/Notification"},
                {"@xmlns:delivery", "http://uri.etsi.org/03120/common/2019/10/Delivery"},
        };
        json_t *root = json_object();
        int r = 0;

        for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
                r |= json_object_set_new(root, spaces[i][0], json_string(spaces[i][1]));
        r |= json_object_set_new(root, "Header", header_of(message));
        r |= json_object_set_new(root, "Payload",
                json_pack("{s:{s:{s:o}}}", "RequestPayload", "ActionRequests", "ActionRequest", actions));
        if (r != 0) {
                json_decref(root);
                return NULL;
        }
        return root;
}

json_t *tree_of_message(const struct message *message, struct slice certificate, struct error *error)
{
        struct objects objects = {.message = message, .actions = json_array()};

        add_objects(&objects);
        objects_document(&objects, certificate);
        if (objects.failed)
                json_decref(objects.actions);
        json_t *root = objects.failed ? NULL : root_of(message, objects.actions);
        if (!root)
                error_set(error, -ENOMEM, "the message could not be written: no memory left");
        return root;
}
