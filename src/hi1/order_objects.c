/* SPDX-License-Identifier: EUPL-1.2 */
/* Form 1 and Form 2 as an AuthorisationObject and one task for each identifier. */
#include "hi1/objects.h"

#include <stdio.h>
#include <string.h>

#define AUTHORISATION "{http://uri.etsi.org/03120/common/2020/09/Authorisation}AuthorisationObject"
#define DISCLOSURE "{http://uri.etsi.org/03120/common/2020/09/Task}LDTaskObject"
#define PRESERVATION "{http://uri.etsi.org/03120/common/2020/09/Task}LPTaskObject"

/* ---- the authorisation ---- */

/* EPOCPriority; both emergencies have eight hours. NULL where the form does not say. */
static const char *priority_of(const struct order *order)
{
        switch (order->deadline.kind) {
        case DEADLINE_TEN_DAYS:
                return "TenDaysASAP";
        case DEADLINE_TEN_DAYS_WITH_EA:
                return "TenDaysSubjectToEA";
        case DEADLINE_EIGHT_HOURS_LIFE:
        case DEADLINE_EIGHT_HOURS_INFRASTRUCTURE:
                return "EightHours";
        default:
                return NULL;
        }
}

static bool is_emergency(const struct order *order)
{
        return order->deadline.kind == DEADLINE_EIGHT_HOURS_LIFE ||
               order->deadline.kind == DEADLINE_EIGHT_HOURS_INFRASTRUCTURE ||
               order->emergency.unvalidated == STATED_YES;
}

static void put_flags(struct objects *objects, json_t *object, const struct order *order)
{
        json_t *flags = json_array();

        if (is_emergency(order))
                json_array_append_new(flags, objects_entry("ETSI", "AuthorisationFlag", "IsEmergency"));
        if (objects->message->test == STATED_YES)
                json_array_append_new(flags, objects_entry("ETSI", "AuthorisationFlag", "IsTest"));
        if (order->information.delayed == STATED_YES)
                json_array_append_new(
                        flags, objects_entry("ETSI", "EPOCAuthorisationFlag", "DelayInformingUser"));
        if (order->ea.notified == STATED_YES)
                json_array_append_new(
                        flags, objects_entry("ETSI", "EPOCAuthorisationFlag", "EnforcingAuthorityNotified"));
        if (json_array_size(flags) > 0)
                objects_put(objects, object, "auth:AuthorisationFlags",
                        json_pack("{s:o}", "auth:AuthorisationFlag", flags));
        else
                json_decref(flags);
}

static void put_span(struct objects *objects, json_t *object, const char *name, const char *prefix,
        int64_t from_ms, int64_t to_ms)
{
        json_t *span = json_object();
        char member[32];

        /* Whole seconds around what is meant; the milliseconds stand in the certificate. */
        snprintf(member, sizeof member, "%s:StartTime", prefix);
        if (from_ms != TIME_UNKNOWN)
                objects_put(objects, span, member, objects_second(from_ms, false));
        snprintf(member, sizeof member, "%s:EndTime", prefix);
        if (to_ms != TIME_UNKNOWN)
                objects_put(objects, span, member, objects_second(to_ms, true));
        if (!name)
                json_object_update(object, span);
        if (name && json_object_size(span) > 0)
                objects_put(objects, object, name, span);
        else
                json_decref(span);
}

/* One authority that stands for the order: who, as what, when. NULL where the form names nobody. */
static json_t *approval_of(
        struct objects *objects, const char *type, const struct authority *authority, bool emergency)
{
        const struct signatory *signatory = &authority->signatory;
        json_t *approval = json_object(), *approver = json_object();

        objects_put_text(objects, approver, "common:ApproverName", signatory->name);
        if (authority->nature != NATURE_NONE)
                objects_put_text(objects, approver, "common:ApproverRole",
                        word_wire(&authority_nature_words, (int)authority->nature));
        objects_put_text(objects, approval, "common:ApprovalType", type);
        objects_put_text(objects, approval, "common:ApprovalReference", authority->file_number);
        objects_put(objects, approval, "common:ApproverDetails", approver);
        if (signatory->signed_ms != TIME_UNKNOWN)
                objects_put(objects, approval, "common:ApprovalTimestamp",
                        objects_second(signatory->signed_ms, false));
        objects_put(objects, approval, "common:ApprovalIsEmergency", json_boolean(emergency));
        return approval;
}

static void put_approvals(struct objects *objects, json_t *object, const struct order *order)
{
        bool emergency = order->emergency.unvalidated == STATED_YES;
        json_t *list = json_array();

        json_array_append_new(list, approval_of(objects, "issuing-authority", &order->issuer, emergency));
        if (order->validator.nature != NATURE_NONE)
                json_array_append_new(
                        list, approval_of(objects, "validating-authority", &order->validator, false));
        objects_put(objects, object, "auth:AuthorisationApprovalDetails", list);
}

/* Of the addressee, or of the receiver where the form does not name him by his short name. */
static json_t *provider_of(const struct objects *objects, const struct order *order)
{
        const struct party *receiver = &objects->message->receiver;
        const struct addressee *addressee = &order->addressee;

        return addressee->country[0] && addressee->organisation[0]
                       ? objects_endpoint(addressee->country, addressee->organisation)
                       : objects_endpoint(receiver->country, receiver->organisation);
}

void objects_authorisation(struct objects *objects, const struct order *order, const char *verb)
{
        json_t *object = objects_make(objects, AUTHORISATION, objects->message->order_id);
        const char *priority = priority_of(order), *legal = word_wire(&order_kind_words, (int)order->kind);
        bool unvalidated = order->emergency.unvalidated == STATED_YES;

        objects_put_text(objects, object, "auth:AuthorisationReference", order->issuing_file_number);
        if (legal)
                objects_put(objects, object, "auth:AuthorisationLegalType",
                        objects_entry("ETSI", "EPOCLegalType", legal));
        if (priority)
                objects_put(objects, object, "auth:AuthorisationPriority",
                        objects_entry("ETSI", "EPOCPriority", priority));
        objects_put(objects, object, "auth:AuthorisationStatus",
                objects_entry("ETSI", "AuthorisationStatus", unvalidated ? "EmergencyApproval" : "Approved"));
        objects_put(objects, object, "auth:AuthorisationDesiredStatus",
                objects_entry("ETSI", "AuthorisationDesiredStatus", "SubmittedToCSP"));
        put_span(objects, object, "auth:AuthorisationTimespan", "auth", order->data.from_ms,
                order->data.to_ms);
        objects_put(objects, object, "auth:AuthorisationCSPID",
                json_pack("{s:[o]}", "auth:CSPID", provider_of(objects, order)));
        if (order->issuer.signatory.signed_ms != TIME_UNKNOWN)
                objects_put(objects, object, "auth:AuthorisationCreationTimestamp",
                        objects_second(order->issuer.signatory.signed_ms, false));
        put_approvals(objects, object, order);
        put_flags(objects, object, order);
        objects_add(objects, verb, object);
}

void objects_authorisation_status(struct objects *objects, const char *desired)
{
        json_t *object = objects_make(objects, AUTHORISATION, objects->message->order_id);

        objects_put(objects, object, "auth:AuthorisationDesiredStatus",
                objects_entry("ETSI", "AuthorisationDesiredStatus", desired));
        objects_add(objects, "UPDATE", object);
}

/* ---- tasks ---- */

/* RequestType has names for two of the mixtures only. */
static const char *request_type(uint64_t categories)
{
        static const struct {
                uint64_t set;
                const char *name;
        } rows[] = {
                {WORD_BIT(CATEGORY_SUBSCRIBER), "SubscriberData"},
                {WORD_BIT(CATEGORY_IDENTIFY_ONLY), "UserIdentifyingData"},
                {WORD_BIT(CATEGORY_TRAFFIC), "TrafficData"},
                {WORD_BIT(CATEGORY_CONTENT), "StoredContentData"},
                {CATEGORIES_MILD, "SubscriberDataAndUserIdentifyingData"},
                {CATEGORIES_GRAVE, "TrafficDataAndStoredContentData"},
        };

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                if (rows[i].set == categories)
                        return rows[i].name;
        return "Other";
}

/* The format of ETSI TS 103 280 for a kind of identifier; NULL where it has none. */
static const char *format_of(enum identifier_kind kind)
{
        switch (kind) {
        case IDENTIFIER_IPV4:
                return "IPV4Address";
        case IDENTIFIER_IPV6:
                return "IPV6Address";
        case IDENTIFIER_PHONE:
                return "InternationalE164";
        case IDENTIFIER_EMAIL:
                return "InternationalizedEmailAddress";
        case IDENTIFIER_IMEI:
                return "IMEI";
        case IDENTIFIER_MAC:
                return "MACAddress";
        case IDENTIFIER_USER_ID:
                return "ServiceAccessIdentifier";
        default:
                return NULL;
        }
}

static json_t *value_of(const char *owner, const char *name, const char *value)
{
        return json_pack("{s:{s:s, s:s}, s:s}", "task:FormatType", "task:FormatOwner", owner,
                "task:FormatName", name, "task:Value", value);
}

static void add_value(struct objects *objects, json_t *values, json_t *value)
{
        if (json_array_append_new(values, value) < 0)
                objects->failed = true;
}

/* As the standard writes it: E.164 there has no plus. */
static const char *written(const struct identifier *identifier)
{
        return identifier->kind == IDENTIFIER_PHONE && identifier->value[0] == '+' ? identifier->value + 1
                                                                                   : identifier->value;
}

static void add_values(struct objects *objects, const struct identifier *identifier, json_t *values)
{
        const char *format = format_of(identifier->kind);
        char port[24];

        if (identifier->value)
                add_value(objects, values,
                        format ? value_of("ETSI", format, written(identifier))
                               : value_of(HI1_PROFILE_OWNER,
                                         word_name(&identifier_kind_words, (int)identifier->kind),
                                         identifier->value));
        if (identifier->source_port == MODEL_UNSTATED)
                return;
        snprintf(port, sizeof port, "%lld", (long long)identifier->source_port);
        add_value(objects, values,
                identifier->protocol == 6    ? value_of("ETSI", "TCPPort", port)
                : identifier->protocol == 17 ? value_of("ETSI", "UDPPort", port)
                                             : value_of(HI1_PROFILE_OWNER, "port", port));
}

static void put_task_flags(struct objects *objects, json_t *object, const struct order *order)
{
        json_t *flags = json_array();

        if (is_emergency(order))
                json_array_append_new(flags, objects_entry("ETSI", "LDTaskFlag", "IsEmergency"));
        if (objects->message->test == STATED_YES)
                json_array_append_new(flags, objects_entry("ETSI", "LDTaskFlag", "IsTest"));
        if (json_array_size(flags) > 0)
                objects_put(objects, object, "task:Flags", json_pack("{s:o}", "task:LDTaskFlag", flags));
        else
                json_decref(flags);
}

static void add_task(struct objects *objects, const struct order *order, const struct identifier *identifier,
        const char *verb)
{
        bool preservation = order->kind == ORDER_PRESERVATION;
        json_t *object = objects_make(objects, preservation ? PRESERVATION : DISCLOSURE, identifier->id);
        json_t *details = json_object(), *values = json_array();
        char reference[OBJECTS_LDID_MAX];

        objects_associate(objects, object, json_pack("[s]", objects->message->order_id));
        objects_put_text(objects, object, "task:Reference",
                objects_ldid(&objects->message->sender, identifier->id, reference));
        objects_put(objects, object, "task:DesiredStatus",
                preservation ? objects_entry("ETSI", "LPTaskDesiredStatus", "AwaitingPreservation")
                             : objects_entry("ETSI", "LDTaskDesiredStatus", "AwaitingDisclosure"));
        objects_put(objects, details, "task:Type",
                objects_entry("ETSI", "RequestType", request_type(order_categories(order, identifier))));
        put_span(objects, details, NULL, "task", identifier->from_ms, identifier->to_ms);
        add_values(objects, identifier, values);
        objects_put(objects, details, "task:RequestValues", json_pack("{s:o}", "task:RequestValue", values));
        objects_put(objects, object, "task:RequestDetails", details);
        objects_put(objects, object, "task:CSPID", provider_of(objects, order));
        if (!preservation)
                put_task_flags(objects, object, order);
        objects_add(objects, verb, object);
}

void objects_tasks(struct objects *objects, const struct order *order, const char *verb)
{
        for (size_t i = 0; i < order->identifiers.count; i++)
                add_task(objects, order, &order->identifiers.items[i], verb);
}
