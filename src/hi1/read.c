/* SPDX-License-Identifier: EUPL-1.2 */
#include "hi1/tree.h"

#include "base/base64.h"
#include "base/country.h"
#include "base/json_shape.h"

#include <stdio.h>
#include <string.h>

#define OBJECTS_MAX (ORDER_IDENTIFIERS_MAX + MESSAGE_FILES_MAX + 4) /* of one message */

static const struct json_limits limits = {HI1_BYTES_MAX, HI1_DEPTH_MAX, HI1_VALUES_MAX};

/* ---- single values ---- */

/* A member that must be there and be of a kind. NULL where it is not, which is a finding. */
static const json_t *demand(const json_t *object, const char *name, json_type type,
        const struct tree_place *above, struct tree_place *ret_place, struct findings *findings)
{
        char path[FINDING_PLACE_MAX];
        const json_t *value = json_object_get(object, name);

        *ret_place = (struct tree_place){.above = above, .member = name};
        if (!value) {
                findings_refuse(findings, "missing", tree_path(ret_place, path), "is missing");
                return NULL;
        }
        if (json_typeof(value) != type) {
                tree_wrong_kind(ret_place, findings,
                        type == JSON_OBJECT  ? "an object"
                        : type == JSON_ARRAY ? "an array"
                                             : "a string");
                return NULL;
        }
        return value;
}

static void refuse(
        struct findings *findings, const char *code, const struct tree_place *place, const char *sentence)
{
        char path[FINDING_PLACE_MAX];
        findings_refuse(findings, code, tree_path(place, path), "%s", sentence);
}

/* What must be one certain text. */
static void demand_text(const json_t *object, const char *name, const char *wanted,
        const struct tree_place *above, struct findings *findings)
{
        struct tree_place place;
        char path[FINDING_PLACE_MAX];
        const json_t *value = demand(object, name, JSON_STRING, above, &place, findings);

        if (value && strcmp(json_string_value(value), wanted) != 0)
                findings_refuse(findings, "outside-profile", tree_path(&place, path),
                        "says \"%.64s\"; the profile has %s", json_string_value(value), wanted);
}

/* ---- the header ---- */

static void check_endpoint(
        const json_t *header, const char *name, const struct tree_place *above, struct findings *findings)
{
        struct tree_place place, inner;
        const json_t *endpoint = demand(header, name, JSON_OBJECT, above, &place, findings);
        const json_t *country =
                endpoint ? demand(endpoint, "CountryCode", JSON_STRING, &place, &inner, findings) : NULL;

        if (country && !country_is_assigned(json_string_value(country)))
                refuse(findings, "outside-profile", &inner, "is no country of ISO 3166-1");
        const json_t *unique =
                endpoint ? demand(endpoint, "UniqueIdentifier", JSON_STRING, &place, &inner, findings) : NULL;
        if (unique && !model_is_organisation(slice_of(json_string_value(unique))))
                refuse(findings, "outside-profile", &inner,
                        "is no short name of an organisation (a-z, 0-9 and hyphens)");
}

static void check_header(const json_t *root, struct findings *findings)
{
        struct tree_place place, inner;
        const json_t *header = demand(root, "Header", JSON_OBJECT, NULL, &place, findings);

        if (!header)
                return;
        check_endpoint(header, "SenderIdentifier", &place, findings);
        check_endpoint(header, "ReceiverIdentifier", &place, findings);
        const json_t *id = demand(header, "TransactionIdentifier", JSON_STRING, &place, &inner, findings);
        if (id && !model_is_id(slice_of(json_string_value(id))))
                refuse(findings, "outside-profile", &inner, "is no UUID of version 4 in lower case");
        (void)demand(header, "Timestamp", JSON_STRING, &place, &inner, findings);
        const json_t *version = demand(header, "Version", JSON_OBJECT, &place, &inner, findings);
        if (!version)
                return;
        demand_text(version, "ETSIVersion", HI1_VERSION, &inner, findings);
        demand_text(version, "NationalProfileOwner", HI1_PROFILE_OWNER, &inner, findings);
        demand_text(version, "NationalProfileVersion", HI1_PROFILE_VERSION, &inner, findings);
}

/* ---- the actions ---- */

static bool is_profile_type(const char *type)
{
        static const char *const types[] = {
                "{http://uri.etsi.org/03120/common/2020/09/Authorisation}AuthorisationObject",
                "{http://uri.etsi.org/03120/common/2020/09/Task}LDTaskObject",
                "{http://uri.etsi.org/03120/common/2020/09/Task}LPTaskObject",
                "{http://uri.etsi.org/03120/common/2020/09/Document}DocumentObject",
                "{http://uri.etsi.org/03120/common/2016/02/Notification}NotificationObject",
                "{http://uri.etsi.org/03120/common/2019/10/Delivery}DeliveryObject",
        };

        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
                if (strcmp(types[i], type) == 0)
                        return true;
        return false;
}

/* The object of a verb of the profile; NULL, and a finding, where there is none. */
static const json_t *check_verb(
        const char *verb, const json_t *content, const struct tree_place *above, struct findings *findings)
{
        struct tree_place place = {.above = above, .member = verb}, inner, type_place;

        if (strcmp(verb, "CREATE") != 0 && strcmp(verb, "UPDATE") != 0 && strcmp(verb, "DELIVER") != 0) {
                refuse(findings, "outside-profile", &place,
                        "the profile has CREATE, UPDATE and DELIVER; nothing else is done on request");
                return NULL;
        }
        if (!json_is_object(content)) {
                tree_wrong_kind(&place, findings, "an object");
                return NULL;
        }
        const json_t *object = demand(content, "HI1Object", JSON_OBJECT, &place, &inner, findings);
        const json_t *type =
                object ? demand(object, "@xsi:type", JSON_STRING, &inner, &type_place, findings) : NULL;
        if (type && !is_profile_type(json_string_value(type))) {
                refuse(findings, "outside-profile", &type_place, "the profile has no such object");
                return NULL;
        }
        if (type)
                (void)demand(object, "ObjectIdentifier", JSON_STRING, &inner, &type_place, findings);
        return type ? object : NULL;
}

/* Looks at one action request. Its object, where it is one of the profile. */
static const json_t *check_action(
        const json_t *action, const struct tree_place *place, struct findings *findings)
{
        const json_t *object = NULL;
        const char *name;
        json_t *value;
        size_t verbs = 0;

        if (!json_is_object(action)) {
                tree_wrong_kind(place, findings, "an object");
                return NULL;
        }
        if (!json_is_integer(json_object_get(action, "ActionIdentifier"))) {
                struct tree_place inner = {.above = place, .member = "ActionIdentifier"};
                refuse(findings, "missing", &inner, "is missing, or no whole number");
        }
        json_object_foreach((json_t *)action, name, value)
        {
                if (strcmp(name, "ActionIdentifier") == 0)
                        continue;
                object = check_verb(name, value, place, findings);
                verbs++;
        }
        if (verbs != 1)
                refuse(findings, verbs ? "outside-profile" : "missing", place,
                        "an action request has exactly one verb");
        return verbs == 1 ? object : NULL;
}

/* Is this the object whose body is the certificate? */
static bool holds_certificate(const json_t *object)
{
        const char *type = json_string_value(
                json_object_get(json_object_get(object, "doc:DocumentBody"), "doc:ContentType"));

        return type && strcmp(type, TREE_CERTIFICATE_TYPE) == 0;
}

/* Looks at all actions. The object with the certificate; NULL where there is none or more than one. */
static const json_t *check_actions(const json_t *root, struct findings *findings)
{
        struct tree_place payload_place, request_place, actions_place, list_place;
        const json_t *payload = demand(root, "Payload", JSON_OBJECT, NULL, &payload_place, findings),
                     *found = NULL;
        const json_t *request = payload ? demand(payload, "RequestPayload", JSON_OBJECT, &payload_place,
                                                  &request_place, findings)
                                        : NULL;
        const json_t *actions = request ? demand(request, "ActionRequests", JSON_OBJECT, &request_place,
                                                  &actions_place, findings)
                                        : NULL;
        const json_t *list =
                actions ? demand(actions, "ActionRequest", JSON_ARRAY, &actions_place, &list_place, findings)
                        : NULL;
        size_t certificates = 0;

        if (list && json_array_size(list) > OBJECTS_MAX) {
                refuse(findings, "too-large", &list_place,
                        "has more action requests than a message can have");
                return NULL;
        }
        for (size_t i = 0; i < json_array_size(list); i++) {
                struct tree_place place = {.above = &list_place, .index = i};
                const json_t *object = check_action(json_array_get(list, i), &place, findings);
                if (object && holds_certificate(object)) {
                        found = object;
                        certificates++;
                }
        }
        if (list && certificates != 1)
                refuse(findings, certificates ? "outside-profile" : "missing", &list_place,
                        certificates ? "more than one DocumentObject holds a certificate"
                                     : "no DocumentObject holds the certificate "
                                       "(ContentType " TREE_CERTIFICATE_TYPE ")");
        return certificates == 1 ? found : NULL;
}

/* ---- the whole ---- */

/* Reads the certificate and holds everything that came against it. */
static int read_by_certificate(
        const json_t *root, const json_t *document, struct message *message, struct findings *findings)
{
        const json_t *contents =
                json_object_get(json_object_get(document, "doc:DocumentBody"), "doc:Contents");
        struct buffer certificate = buffer_make(HI1_CERTIFICATE_BYTES_MAX);
        struct error error = {0};
        json_t *given = NULL;

        if (!json_is_string(contents))
                return findings_refuse(
                        findings, "missing", "doc:Contents", "the DocumentObject has no content");
        int r = base64_read(
                slice_make(json_string_value(contents), json_string_length(contents)), &certificate);
        struct slice text = slice_make((const char *)certificate.bytes, certificate.length);
        if (r < 0 && r != -ENOMEM)
                r = findings_refuse(findings, r == -EFBIG ? "too-large" : "wrong-value", "doc:Contents",
                        "the certificate is not in base 64, or has more than %zu bytes",
                        HI1_CERTIFICATE_BYTES_MAX);
        if (r == 0)
                r = hi1_certificate_read(text, message, findings);
        if (r == 0) {
                struct buffer again = buffer_make(HI1_BYTES_MAX);
                /* What could not be sent cannot have been sent; and one content has one writing. */
                r = hi1_write(message, &again, &error);
                if (r < 0 && r != -ENOMEM)
                        r = findings_refuse(findings, "missing", "certificate", "%s", error.text);
                if (r == 0 && !(given = json_loadb((const char *)again.bytes, again.length, 0, NULL)))
                        r = -ENOMEM;
                buffer_free(&again);
        }
        if (r == 0)
                r = tree_compare(root, given, NULL, findings);
        json_decref(given);
        buffer_free(&certificate);
        return r;
}

static json_t *load(struct slice text, struct findings *findings)
{
        struct error error = {0};
        json_error_t reason;

        if (json_shape_check(text, "the message", &limits, &error) < 0) {
                findings_refuse(findings, "too-large", "", "%s", error.text);
                return NULL;
        }
        json_t *root = json_loadb(text.text ? text.text : "", text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!root)
                findings_refuse(findings, "not-json", "",
                        "the message is no JSON, or names a member twice: line %d: %s", reason.line,
                        reason.text);
        return root;
}

int hi1_read(struct slice text, struct message *message, struct findings *findings)
{
        size_t fatal = findings->fatal;

        message_free(message);
        json_t *root = load(text, findings);
        if (!root)
                return -EBADMSG;
        int r = -EBADMSG;
        if (!json_is_object(root)) {
                findings_refuse(findings, "wrong-kind", "", "must be an object");
        } else {
                check_header(root, findings);
                const json_t *document = check_actions(root, findings);
                if (document && findings->fatal == fatal)
                        r = read_by_certificate(root, document, message, findings);
        }
        json_decref(root);
        if (r < 0)
                message_free(message);
        return r;
}

/* ---- the header alone ---- */

static void take_party(const json_t *endpoint, struct party *ret)
{
        const char *country = json_string_value(json_object_get(endpoint, "CountryCode"));
        const char *name = json_string_value(json_object_get(endpoint, "UniqueIdentifier"));

        if (country && country_is_assigned(country))
                snprintf(ret->country, sizeof ret->country, "%s", country);
        if (name && model_is_organisation(slice_of(name)))
                snprintf(ret->organisation, sizeof ret->organisation, "%s", name);
}

int hi1_read_header(struct slice text, struct hi1_header *ret_header, struct error *error)
{
        struct hi1_header header = {.sent_ms = TIME_UNKNOWN};
        json_error_t reason;

        int r = json_shape_check(text, "the message", &limits, error);
        if (r < 0)
                return r;
        json_t *root = json_loadb(text.text ? text.text : "", text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!root)
                return error_set(
                        error, -EBADMSG, "the message is no JSON: line %d: %s", reason.line, reason.text);
        const json_t *object = json_object_get(root, "Header");
        const char *id = json_string_value(json_object_get(object, "TransactionIdentifier"));
        const char *at = json_string_value(json_object_get(object, "Timestamp"));
        take_party(json_object_get(object, "SenderIdentifier"), &header.sender);
        take_party(json_object_get(object, "ReceiverIdentifier"), &header.receiver);
        if (id && model_is_id(slice_of(id)))
                snprintf(header.transaction, sizeof header.transaction, "%s", id);
        if (at && time_parse_rfc3339(slice_of(at), &header.sent_ms, NULL, NULL) < 0)
                header.sent_ms = TIME_UNKNOWN;
        json_decref(root);
        *ret_header = header;
        return 0;
}
