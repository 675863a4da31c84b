/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes back and forth about an order: a NotificationObject with the status of each object that it speaks
 * of, and a DeliveryObject for each file of an answer. */
#include "hi1/objects.h"

#include <string.h>

#define NOTIFICATION "{http://uri.etsi.org/03120/common/2016/02/Notification}NotificationObject"
#define DELIVERY "{http://uri.etsi.org/03120/common/2019/10/Delivery}DeliveryObject"

/* ---- statuses ---- */

/* One status of one object; `id` empty: of the whole order. */
static void add_status(
        struct objects *objects, json_t *list, const char *id, json_t *entry, const char *details)
{
        json_t *status = json_pack("{s:s, s:o}", "notification:AssociatedObject",
                id[0] ? id : objects->message->order_id, "notification:Status", entry);

        objects_put_text(objects, status, "notification:Details", details);
        if (json_array_append_new(list, status) < 0)
                objects->failed = true;
}

/* The same status for each id, or for the whole order where there is none. */
static void add_statuses(struct objects *objects, json_t *list, const struct text_list *ids,
        const char *owner, const char *name, const char *value)
{
        for (size_t i = 0; i < ids->count; i++)
                add_status(objects, list, ids->items[i], objects_entry(owner, name, value), NULL);
        if (ids->count == 0)
                add_status(objects, list, "", objects_entry(owner, name, value), NULL);
}

/* Form 3: data that are not there are no refusal, and what is unclear can be made clear. */
static const char *obstacle_status(uint64_t obstacles, bool preservation)
{
        if (obstacles & (WORD_BIT(OBSTACLE_INCOMPLETE) | WORD_BIT(OBSTACLE_MANIFEST_ERROR) |
                                WORD_BIT(OBSTACLE_INSUFFICIENT_INFORMATION)))
                return "Invalid";
        if ((obstacles & ~(WORD_BIT(OBSTACLE_NOT_STORED) | WORD_BIT(OBSTACLE_FORCE_MAJEURE))) == 0)
                return preservation ? "PreservationNotAvailable" : "DisclosureNotAvailable";
        return "Rejected";
}

static void add_impossibilities(struct objects *objects, json_t *list)
{
        const struct cannot_execute *body = &objects->message->cannot_execute;
        bool preservation = body->order_kind == ORDER_PRESERVATION;

        for (size_t i = 0; i < body->reasons.count; i++) {
                const struct impossibility *reason = &body->reasons.items[i];
                add_status(objects, list, reason->identifier_id,
                        objects_entry("ETSI", preservation ? "LPTaskStatus" : "LDTaskStatus",
                                obstacle_status(reason->obstacles, preservation)),
                        reason->explanation);
        }
}

static void add_results(struct objects *objects, json_t *list)
{
        const struct result_list *results = &objects->message->answer.results;

        for (size_t i = 0; i < results->count; i++) {
                const struct result *result = &results->items[i];
                bool preservation =
                        result->outcome == OUTCOME_PRESERVED || result->outcome == OUTCOME_NOT_PRESERVED;
                const char *wire = word_wire(&outcome_words, (int)result->outcome);
                add_status(objects, list, result->identifier_id,
                        objects_entry("ETSI", preservation ? "LPTaskStatus" : "LDTaskStatus",
                                wire ? wire : "Error"),
                        NULL);
        }
}

static void add_objections(struct objects *objects, json_t *list)
{
        const struct objection_list *objections = &objects->message->ea_objection.objections;

        for (size_t i = 0; i < objections->count; i++)
                add_status(objects, list, objections->items[i].identifier_id,
                        objects_entry(HI1_PROFILE_OWNER, "ObjectionEffect",
                                word_name(&objection_effect_words, (int)objections->items[i].effect)),
                        objections->items[i].explanation);
}

static void add_questions(struct objects *objects, json_t *list)
{
        const struct question_list *questions = &objects->message->clarification_request.questions;

        for (size_t i = 0; i < questions->count; i++)
                add_status(objects, list, questions->items[i].identifier_id,
                        objects_entry(HI1_PROFILE_OWNER, "Clarification", "asked"), questions->items[i].text);
}

static void add_replies(struct objects *objects, json_t *list)
{
        const struct reply_list *replies = &objects->message->clarification_answer.replies;

        for (size_t i = 0; i < replies->count; i++)
                add_status(objects, list, replies->items[i].identifier_id,
                        objects_entry(HI1_PROFILE_OWNER, "Clarification", "answered"),
                        replies->items[i].text);
}

/* One status for the whole order, named by the kind of the message and one of its choices. */
static void add_choice(struct objects *objects, json_t *list, const char *id, const char *name,
        const struct vocabulary *words, int choice)
{
        add_status(objects, list, id, objects_entry(HI1_PROFILE_OWNER, name, word_name(words, choice)), NULL);
}

static json_t *statuses_of(struct objects *objects)
{
        const struct message *message = objects->message;
        json_t *list = json_array();

        switch (message->kind) {
        case MESSAGE_CANNOT_EXECUTE:
                add_impossibilities(objects, list);
                break;
        case MESSAGE_ANSWER:
                add_results(objects, list);
                break;
        case MESSAGE_EA_OBJECTION:
                add_objections(objects, list);
                break;
        case MESSAGE_CLARIFICATION_REQUEST:
                add_questions(objects, list);
                break;
        case MESSAGE_CLARIFICATION_ANSWER:
                add_replies(objects, list);
                break;
        case MESSAGE_EA_CLEARANCE:
                add_statuses(objects, list, &message->ea_clearance.identifier_ids, HI1_PROFILE_OWNER,
                        "EnforcingAuthority", "cleared");
                break;
        case MESSAGE_WITHDRAWAL:
                add_statuses(objects, list, &message->withdrawal.identifier_ids, "ETSI",
                        "AuthorisationStatus", "Cancelled");
                break;
        case MESSAGE_PRODUCTION_FOLLOWS:
                add_statuses(objects, list, &message->production_follows.identifier_ids, HI1_PROFILE_OWNER,
                        "Preservation", "production-follows");
                break;
        case MESSAGE_EXTENSION:
                add_status(objects, list, "",
                        objects_entry("ETSI", "LPWorkflowEndpoint", "PreservationExtension"),
                        message->extension.reason);
                break;
        case MESSAGE_VALIDATION:
                add_choice(objects, list, "", "ValidationDecision", &validation_decision_words,
                        (int)message->validation.decision);
                break;
        case MESSAGE_REVIEW_DECISION:
                add_choice(objects, list, "", "ReviewOutcome", &review_outcome_words,
                        (int)message->review_decision.outcome);
                break;
        case MESSAGE_RECEIPT:
                add_choice(objects, list, message->receipt.message_id, "ReceiptEffect", &receipt_effect_words,
                        (int)message->receipt.effect);
                break;
        case MESSAGE_ERROR_REPORT:
                add_choice(objects, list, message->error_report.identifier_id, "ErrorKind", &error_kind_words,
                        (int)message->error_report.kind);
                break;
        default:
                break;
        }
        return list;
}

void objects_notification(struct objects *objects)
{
        const struct message *message = objects->message;
        char id[MODEL_ID_MAX];

        objects_id(message, "notification", 0, id);
        json_t *object = objects_make(objects, NOTIFICATION, id), *statuses = statuses_of(objects);
        objects_associate(objects, object, json_pack("[s]", message->order_id));
        objects_put_text(objects, object, "notification:NotificationDetails",
                word_meaning(&message_kind_words, (int)message->kind));
        objects_put(objects, object, "notification:NotificationType",
                objects_entry(HI1_PROFILE_OWNER, "MessageKind",
                        word_name(&message_kind_words, (int)message->kind)));
        objects_put(objects, object, "notification:NewNotification", json_true());
        objects_put(objects, object, "notification:NotificationTimestamp",
                objects_second(message->sent_ms, false));
        if (json_array_size(statuses) > 0)
                objects_put(objects, object, "notification:StatusOfAssociatedObjects",
                        json_pack("{s:o}", "notification:AssociatedObjectStatus", statuses));
        else
                json_decref(statuses);
        objects_add(objects, "CREATE", object);
}

/* ---- deliveries ---- */

/* Where the bytes are: beside the message under their own address, or in the container. */
static json_t *url_of(struct objects *objects, const struct file *file)
{
        static const uint8_t none[DIGEST_BYTES];
        json_t *url = json_object();
        char digest[DIGEST_TEXT_MAX];

        if (file->location)
                objects_put_text(objects, url, "delivery:URL", file->location);
        else
                objects_put(objects, url, "delivery:URL",
                        json_sprintf("evidence/%s", file->name ? file->name : ""));
        if (file->size != MODEL_UNSTATED)
                objects_put(objects, url, "delivery:ContentLength", json_integer(file->size));
        objects_put_text(objects, url, "delivery:ContentType", file->media_type);
        if (file->available_to_ms != TIME_UNKNOWN)
                objects_put(objects, url, "delivery:Expiry", objects_microsecond(file->available_to_ms));
        objects_put_text(objects, url, "delivery:OriginalFilename", file->name);
        if (memcmp(file->digest, none, sizeof none) != 0)
                objects_put(objects, url, "delivery:Checksums",
                        json_pack("{s:[{s:s, s:s}]}", "common:ChecksumAndType", "common:Checksum",
                                digest_format(file->digest, digest), "common:ChecksumType", "SHA-256"));
        return url;
}

static void add_delivery(struct objects *objects, const struct file *file, size_t number, bool last)
{
        const struct message *message = objects->message;
        const char *about = file->identifier_id[0] ? file->identifier_id : message->order_id;
        char id[MODEL_ID_MAX], delivery[MODEL_ID_MAX], reference[OBJECTS_LDID_MAX];

        objects_id(message, "delivery", number, id);
        objects_id(message, "deliveries", 0, delivery);
        json_t *object = objects_make(objects, DELIVERY, id);
        objects_associate(objects, object, json_pack("[s]", about));
        /* The reference is the one that the task had, which the receiver of the answer gave. */
        objects_put(objects, object, "delivery:Reference",
                json_pack("{s:s}", "delivery:LDID", objects_ldid(&message->receiver, about, reference)));
        objects_put_text(objects, object, "delivery:DeliveryID", delivery);
        objects_put(objects, object, "delivery:SequenceNumber", json_integer((json_int_t)number));
        objects_put(objects, object, "delivery:LastSequence", json_boolean(last));
        objects_put(objects, object, "delivery:Delivery",
                json_pack("{s:o}", "delivery:URL", url_of(objects, file)));
        objects_put(objects, object, "delivery:DeliveryStatus",
                objects_entry("ETSI", "DeliveryStatus", "Available"));
        objects_add(objects, "DELIVER", object);
}

void objects_deliveries(struct objects *objects)
{
        const struct file_list *files = &objects->message->files;

        for (size_t i = 0; i < files->count; i++)
                add_delivery(objects, &files->items[i], i, i + 1 == files->count);
}
