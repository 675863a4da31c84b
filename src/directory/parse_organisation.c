/* SPDX-License-Identifier: EUPL-1.2 */
/* One organisation of a directory: its name, roles, certificates, log and contacts. */
#include "directory/parse.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_name(const char *text)
{
        size_t length = strlen(text);

        return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && text[0] != '-' &&
               text[length - 1] != '-' && !strstr(text, "--");
}

/* https://HOST[:PORT][/PATH], nothing that a reader and a library could take for different hosts. */
static bool is_node_address(const char *text)
{
        static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
        static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._~-";
        uint64_t port = 1;

        if (strncmp(text, "https://", 8) != 0)
                return false;
        const char *at = text + 8;
        size_t length;
        if (*at == '[') {
                length = strspn(at + 1, "0123456789abcdef:");
                if (length < 2 || at[1 + length] != ']')
                        return false;
                at += length + 2;
        } else {
                length = strspn(at, host);
                if (length == 0 || at[0] == '.' || at[0] == '-' || at[length - 1] == '-')
                        return false;
                at += length;
        }
        if (*at == ':') {
                length = strspn(at + 1, "0123456789");
                if (length > 5 || slice_number(slice_make(at + 1, length), 65535, &port) < 0 || port == 0)
                        return false;
                at += length + 1;
        }
        return *at == '\0' || (*at == '/' && strspn(at, path) == strlen(at) && !strstr(at, ".."));
}

static bool is_phone(const char *text)
{
        size_t digits = strlen(text) - 1;
        return text[0] == '+' && digits >= 7 && digits <= 15 && text[1] != '0' &&
               strspn(text + 1, "0123456789") == digits;
}

/* ---- roles ---- */

static int read_categories(
        const json_t *list, const struct json_place *place, uint64_t *ret, struct error *error)
{
        static const struct json_member word = {NULL, JSON_STRING, 0, 1, 32};
        uint64_t set = 0;

        for (size_t i = 0; i < json_array_size(list); i++) {
                struct json_place at = {.above = place, .index = i};
                const json_t *value = json_array_get(list, i);
                int r = json_check_element(value, &at, &word, error);
                if (r < 0)
                        return r;
                int category = word_find(&data_category_words, slice_of(json_string_value(value)));
                if (category == 0)
                        return json_refuse(
                                &at, error, "\"%.32s\" is no category of data", json_string_value(value));
                if (set >= WORD_BIT(category))
                        return json_refuse(&at, error,
                                "categories are written once, in the order subscriber, identify-only, "
                                "traffic, content");
                set |= WORD_BIT(category);
        }
        *ret = set;
        return 0;
}

static bool orders(enum organisation_role role)
{
        return role == ORGANISATION_ISSUING || role == ORGANISATION_VALIDATING;
}

static int read_role(const json_t *object, const struct json_place *place, enum authority_nature nature,
        struct directory_role *role, struct error *error)
{
        static const struct json_member members[] = {
                {"role", JSON_STRING, 0, 1, 32},
                {"production", JSON_ARRAY, JSON_OPTIONAL, 0, 4},
                {"preservation", JSON_ARRAY, JSON_OPTIONAL, 0, 4},
        };
        struct json_place production = {.above = place, .member = "production"};
        struct json_place preservation = {.above = place, .member = "preservation"};

        int r = json_check_object(object, place, members, COUNT(members), error);
        if (r < 0)
                return r;
        role->role = (enum organisation_role)word_find(
                &organisation_role_words, slice_of(json_text(object, "role")));
        if (role->role == ORGANISATION_NONE)
                return json_refuse(
                        place, error, "\"%.32s\" is no role of an organisation", json_text(object, "role"));
        if (orders(role->role) != (json_object_get(object, "production") != NULL) ||
                orders(role->role) != (json_object_get(object, "preservation") != NULL))
                return json_refuse(place, error,
                        "issuing and validating authorities have \"production\" and \"preservation\", others "
                        "have neither");
        r = read_categories(json_object_get(object, "production"), &production, &role->production, error);
        if (r == 0)
                r = read_categories(
                        json_object_get(object, "preservation"), &preservation, &role->preservation, error);
        /* Regulation (EU) 2023/1543, Article 4(2): a directory cannot give what the law does not. */
        if (r == 0 && nature == NATURE_PROSECUTOR && (role->production & CATEGORIES_GRAVE))
                r = json_refuse(&production, error,
                        "a prosecutor neither orders nor validates the production of traffic or content data "
                        "(Article 4(2))");
        /* Article 4(1)(b), (2)(b), (3)(b): who validates is a judge, a court, an investigating judge or a
         * prosecutor. */
        if (r == 0 && nature == NATURE_OTHER && role->role == ORGANISATION_VALIDATING)
                r = json_refuse(place, error,
                        "only a judge, a court, an investigating judge or a prosecutor validates (Article "
                        "4)");
        return r;
}

static int read_roles(const json_t *object, const struct json_place *above,
        struct directory_organisation *organisation, struct error *error)
{
        struct json_place list = {.above = above, .member = "roles"};
        const json_t *roles = json_object_get(object, "roles");
        const char *nature = json_text(object, "nature");
        bool any_orders = false;

        if (nature) {
                organisation->nature =
                        (enum authority_nature)word_find(&authority_nature_words, slice_of(nature));
                if (organisation->nature == NATURE_NONE)
                        return json_refuse(above, error, "\"%.32s\" is no nature of an authority", nature);
        }
        for (size_t i = 0; i < json_array_size(roles); i++) {
                struct json_place place = {.above = &list, .index = i};
                struct directory_role *role = &organisation->roles[i];
                int r = read_role(json_array_get(roles, i), &place, organisation->nature, role, error);
                if (r < 0)
                        return r;
                if (i > 0 && role->role <= role[-1].role)
                        return json_refuse(&place, error,
                                "roles are written once, in the order issuing-authority, "
                                "validating-authority, "
                                "enforcing-authority, provider, oversight");
                any_orders = any_orders || orders(role->role);
                organisation->role_count = i + 1;
        }
        if (any_orders != (nature != NULL))
                return json_refuse(above, error,
                        "issuing and validating authorities have a \"nature\" (judge, court, ...), others "
                        "have none");
        return 0;
}

/* ---- certificates ---- */

static int read_certificate(const json_t *object, const struct json_place *place,
        enum directory_purpose purpose, struct directory_certificate *certificate, struct error *error)
{
        static const struct json_member members[] = {
                {"from", JSON_STRING, 0, 20, 32},
                {"until", JSON_STRING, 0, 20, 32},
                {"pem", JSON_STRING, JSON_LINES, 64, CERTIFICATE_BYTES_MAX * 2},
        };
        struct error reason = {0};

        int r = json_check_object(object, place, members, COUNT(members), error);
        if (r == 0)
                r = directory_read_instant(object, "from", place, &certificate->from_ms, error);
        if (r == 0)
                r = directory_read_instant(object, "until", place, &certificate->until_ms, error);
        if (r == 0 && certificate->until_ms <= certificate->from_ms)
                r = json_refuse(place, error, "\"until\" is not after \"from\"");
        if (r < 0)
                return r;
        r = directory_certificate_read(certificate, purpose, json_text(object, "pem"), &reason);
        return r == -EBADMSG ? json_refuse(place, error, "%s", reason.text) : r;
}

static int read_purpose(const json_t *object, const struct json_place *above, enum directory_purpose purpose,
        struct directory_organisation *organisation, struct error *error)
{
        struct json_place list = {.above = above, .member = directory_purpose_name(purpose)};
        const json_t *certificates = json_object_get(object, directory_purpose_name(purpose));
        struct directory_certificate *into = organisation->certificates[purpose];

        for (size_t i = 0; i < json_array_size(certificates); i++) {
                struct json_place place = {.above = &list, .index = i};
                organisation->certificate_count[purpose] = i + 1;
                int r = read_certificate(json_array_get(certificates, i), &place, purpose, &into[i], error);
                if (r < 0)
                        return r;
                /* So that at each instant one of them is the one to use. */
                if (i > 0 && into[i].from_ms <= into[i - 1].from_ms)
                        return json_refuse(&place, error,
                                "certificates of one purpose are in ascending order of \"from\"");
        }
        return 0;
}

static int read_certificates(const json_t *object, const struct json_place *above,
        struct directory_organisation *organisation, struct error *error)
{
        static const struct json_member members[] = {
                {"seal", JSON_ARRAY, 0, 1, DIRECTORY_CERTIFICATES_MAX},
                {"tls", JSON_ARRAY, 0, 1, DIRECTORY_CERTIFICATES_MAX},
                {"decryption", JSON_ARRAY, 0, 1, DIRECTORY_CERTIFICATES_MAX},
        };
        struct json_place place = {.above = above, .member = "certificates"};

        int r = json_check_object(object, &place, members, COUNT(members), error);
        for (int purpose = 0; r == 0 && purpose < DIRECTORY_PURPOSES; purpose++)
                r = read_purpose(object, &place, (enum directory_purpose)purpose, organisation, error);
        return r;
}

/* ---- organisations ---- */

static int read_note_key(const json_t *object, const char *name, enum note_key_type type,
        const struct json_place *above, struct note_key *ret_key, struct error *error)
{
        struct json_place place = {.above = above, .member = name};
        struct error reason = {0};

        int r = note_key_read(slice_of(json_text(object, name)), ret_key, &reason);
        if (r == -EINVAL)
                return json_refuse(&place, error, "%s", reason.text);
        if (r == 0 && ret_key->type != type)
                return json_refuse(&place, error, "is a key of type %d; it must be of type %d",
                        (int)ret_key->type, (int)type);
        return r;
}

static int read_log(const json_t *object, const struct json_place *above,
        struct directory_organisation *organisation, struct error *error)
{
        static const struct json_member members[] = {
                {"origin", JSON_STRING, 0, 1, NOTE_NAME_MAX - 1},
                {"key", JSON_STRING, 0, 1, NOTE_KEY_TEXT_MAX - 1},
                {"witness", JSON_STRING, 0, 1, NOTE_KEY_TEXT_MAX - 1},
        };
        struct json_place place = {.above = above, .member = "log"};

        int r = json_check_object(object, &place, members, COUNT(members), error);
        if (r == 0)
                r = read_note_key(object, "key", NOTE_KEY_ED25519, &place, &organisation->log_key, error);
        if (r == 0)
                r = read_note_key(
                        object, "witness", NOTE_KEY_COSIGNATURE, &place, &organisation->witness_key, error);
        if (r == 0 && strcmp(organisation->log_key.name, json_text(object, "origin")) != 0)
                r = json_refuse(&place, error, "\"key\" has another name than \"origin\"");
        return r;
}

static int read_contacts(const json_t *list, const struct json_place *above,
        struct directory_organisation *organisation, struct error *error)
{
        static const struct json_member members[] = {
                {"name", JSON_STRING, 0, 1, DIRECTORY_DISPLAY_NAME_MAX - 1},
                {"phone", JSON_STRING, 0, 8, DIRECTORY_PHONE_MAX - 1},
        };
        struct json_place contacts = {.above = above, .member = "call_back"};

        for (size_t i = 0; i < json_array_size(list); i++) {
                struct json_place place = {.above = &contacts, .index = i};
                const json_t *object = json_array_get(list, i);
                struct directory_contact *contact = &organisation->contacts[i];
                int r = json_check_object(object, &place, members, COUNT(members), error);
                if (r < 0)
                        return r;
                json_copy(contact->name, json_text(object, "name"));
                json_copy(contact->phone, json_text(object, "phone"));
                if (!is_phone(contact->phone))
                        return json_refuse(
                                &place, error, "\"phone\" is no number of E.164 such as +4312345678");
                organisation->contact_count = i + 1;
        }
        return 0;
}

static int read_identity(const json_t *object, const struct json_place *place,
        struct directory_organisation *organisation, struct error *error)
{
        json_copy(organisation->name, json_text(object, "name"));
        json_copy(organisation->display_name, json_text(object, "display_name"));
        json_copy(organisation->node, json_text(object, "node"));
        int r = directory_read_country(object, place, organisation->country, error);
        if (r < 0)
                return r;
        /* So that no organisation of one State can look like one of another. */
        if (!is_name(organisation->name) || (organisation->name[0] ^ organisation->country[0]) != 0x20 ||
                (organisation->name[1] ^ organisation->country[1]) != 0x20 || organisation->name[2] != '-')
                return json_refuse(place, error,
                        "\"name\" must be its country in lower case, a hyphen, and words of a-z and 0-9 with "
                        "hyphens between them");
        if (!is_node_address(organisation->node))
                return json_refuse(place, error, "\"node\" must be https://HOST[:PORT][/PATH] in lower case");
        return 0;
}

int directory_read_organisation(const json_t *object, const struct json_place *place,
        struct directory_organisation *organisation, struct error *error)
{
        static const struct json_member members[] = {
                {"name", JSON_STRING, 0, 4, DIRECTORY_NAME_MAX - 1},
                {"display_name", JSON_STRING, 0, 1, DIRECTORY_DISPLAY_NAME_MAX - 1},
                {"country", JSON_STRING, 0, 2, 2},
                {"nature", JSON_STRING, JSON_OPTIONAL, 1, 32},
                {"roles", JSON_ARRAY, 0, 1, DIRECTORY_ROLES_MAX},
                {"node", JSON_STRING, 0, 9, DIRECTORY_URL_MAX - 1},
                {"certificates", JSON_OBJECT, 0, 0, 0},
                {"log", JSON_OBJECT, 0, 0, 0},
                {"call_back", JSON_ARRAY, 0, 1, DIRECTORY_CONTACTS_MAX},
        };

        int r = json_check_object(object, place, members, COUNT(members), error);
        if (r == 0)
                r = read_identity(object, place, organisation, error);
        if (r == 0)
                r = read_roles(object, place, organisation, error);
        if (r == 0)
                r = read_certificates(json_object_get(object, "certificates"), place, organisation, error);
        if (r == 0)
                r = read_log(json_object_get(object, "log"), place, organisation, error);
        if (r == 0)
                r = read_contacts(json_object_get(object, "call_back"), place, organisation, error);
        return r;
}
