/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/settings.h"

#include "base/json_shape.h"
#include "courier/timestamp_fetch.h"
#include "directory/json_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAYS_MOST 36500
#define MILLISECONDS_MOST ((size_t)DAYS_MOST * 86400000)

void office_settings_default(struct office_settings *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->limits = rule_settings_default();
        ret->limits.shared = NULL;
        ret->limits.shared_count = 0;
        ret->limits.shared_unknown = true;
        ret->inform = (struct inform_rules){.within_days = 30, .most_delay_days = 180};
        ret->near_edge_ms = 5 * TIME_SECOND;
}

/* ---- people ---- */

/* As accounts of Linux are called (useradd(8)), and so that login@organisation is a person of order/model.h.
 */
static bool login_is_valid(struct slice login)
{
        char person[OFFICE_LOGIN_MAX + sizeof "@x"];

        if (login.length == 0 || login.length >= OFFICE_LOGIN_MAX)
                return false;
        snprintf(person, sizeof person, "%.*s@x", (int)login.length, login.text);
        return model_is_person(slice_of(person));
}

static int find_person(
        struct office_settings *settings, struct slice login, struct office_login **ret, struct error *error)
{
        if (!login_is_valid(login))
                return error_set(
                        error, -EINVAL, "\"%.*s\" is no login name", (int)(login.length % 100), login.text);
        for (size_t i = 0; i < settings->person_count; i++)
                if (slice_is(login, settings->people[i].login)) {
                        *ret = &settings->people[i];
                        return 0;
                }
        if (settings->person_count == OFFICE_PEOPLE_MAX)
                return error_set(error, -E2BIG, "a node has at most %d people", OFFICE_PEOPLE_MAX);
        *ret = &settings->people[settings->person_count++];
        **ret = (struct office_login){.roles = 0};
        memcpy((*ret)->login, login.text, login.length);
        return 0;
}

static int add_role(struct office_login *person, struct slice name, struct error *error)
{
        int role = word_find(&person_role_words, name);

        if (role == PERSON_NONE)
                return error_set(error, -EINVAL,
                        "\"%.*s\" is no role; one of officer, validator, desk, second-person, overseer, "
                        "administrator",
                        (int)(name.length % 100), name.text);
        person->roles |= WORD_BIT(role);
        return 0;
}

int office_settings_set_listen(struct office_settings *settings, const char *text, struct error *error)
{
        struct address address;
        int port;

        if (strlen(text) >= sizeof settings->listen)
                return error_set(error, -EINVAL, "%.60s...: is too long for ADDR:PORT", text);
        int r = address_parse_with_port(slice_of(text), &address, &port, error);
        if (r < 0)
                return r;
        /* Any port that is free would be none that anybody finds. */
        if (port < 1 || port > UINT16_MAX)
                return error_set(
                        error, -EINVAL, "%s: a node listens at ADDR:PORT, with a port from 1 to 65535", text);
        memcpy(settings->listen, text, strlen(text) + 1);
        return 0;
}

int office_settings_add_person(struct office_settings *settings, struct slice text, struct error *error)
{
        struct office_login *person = NULL;
        struct slice roles = text, login = slice_cut(&roles, ':');

        if (roles.length == 0)
                return error_set(error, -EINVAL, "write a person as LOGIN:ROLE[,ROLE], not \"%.*s\"",
                        (int)(text.length % 100), text.text);
        int r = find_person(settings, login, &person, error);
        while (r == 0 && roles.length > 0)
                r = add_role(person, slice_cut(&roles, ','), error);
        return r;
}

/* ---- reading ---- */

static int read_person(struct office_settings *settings, const json_t *value, const struct json_place *place,
        struct error *error)
{
        static const struct json_member members[] = {
                {"login", JSON_STRING, 0, 1, OFFICE_LOGIN_MAX - 1},
                {"roles", JSON_ARRAY, 0, 1, 6},
        };
        struct office_login *person = NULL;
        struct error reason = {0};
        size_t before = settings->person_count;

        int r = json_check_object(value, place, members, COUNT(members), error);
        if (r < 0)
                return r;
        r = find_person(settings, slice_of(json_text(value, "login")), &person, &reason);
        if (r == 0 && settings->person_count == before)
                return json_refuse(place, error, "this login is named twice");
        const json_t *roles = json_object_get(value, "roles");
        for (size_t i = 0; r == 0 && i < json_array_size(roles); i++) {
                const char *name = json_string_value(json_array_get(roles, i));
                r = add_role(person, slice_of(name ? name : ""), &reason);
        }
        return r < 0 ? json_refuse(place, error, "%s", reason.text) : 0;
}

static int read_people(struct office_settings *settings, const json_t *list, const struct json_place *above,
        struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                struct json_place place = {.above = above, .index = i};
                r = read_person(settings, json_array_get(list, i), &place, error);
        }
        return r;
}

/* ---- keys ---- */

static int place_key(struct office_settings *settings, int purpose, struct slice where, struct error *error)
{
        static const char scheme[] = "pkcs11:";
        struct office_key_place *place = &settings->keys[purpose];

        *place = (struct office_key_place){.uri = ""};
        if (slice_is(where, "file"))
                return 0;
        if (!slice_starts(where, scheme) || where.length >= sizeof place->uri)
                return error_set(error, -EINVAL,
                        "say \"file\", or \"pkcs11:...\" of at most %zu bytes (RFC 7512)",
                        sizeof place->uri - 1);
        int r = token_uri_read(slice_make(where.text + sizeof scheme - 1, where.length - (sizeof scheme - 1)),
                &place->token, error);
        if (r == 0)
                memcpy(place->uri, where.text, where.length);
        return r;
}

int office_settings_place_key(struct office_settings *settings, struct slice text, struct error *error)
{
        struct slice where = text, purpose = slice_cut(&where, '=');

        for (int i = 0; i < DIRECTORY_PURPOSES; i++)
                if (slice_is(purpose, directory_purpose_name((enum directory_purpose)i)))
                        return place_key(settings, i, where, error);
        return error_set(error, -EINVAL,
                "write where a key is as seal=..., tls=... or decryption=..., not \"%.*s\"",
                (int)(text.length % 100), text.text);
}

static int read_token_files(struct office_settings *settings, const json_t *list,
        const struct json_place *above, struct error *error)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                struct json_place place = {.above = above, .index = i};
                const char *path = json_string_value(json_array_get(list, i));
                if (!path || *path != '/' || strlen(path) >= PATH_MAX)
                        return json_refuse(&place, error, "must be a path from the root");
                json_copy(settings->token_files[settings->token_file_count++], path);
        }
        return 0;
}

static int read_keys(struct office_settings *settings, const json_t *value, const struct json_place *place,
        struct error *error)
{
        static const struct json_member members[] = {
                {"seal", JSON_STRING, JSON_OPTIONAL, 1, OFFICE_KEY_URI_MAX - 1},
                {"tls", JSON_STRING, JSON_OPTIONAL, 1, OFFICE_KEY_URI_MAX - 1},
                {"decryption", JSON_STRING, JSON_OPTIONAL, 1, OFFICE_KEY_URI_MAX - 1},
                {"token_files", JSON_ARRAY, JSON_OPTIONAL, 0, OFFICE_TOKEN_FILES_MAX},
        };
        struct json_place files = {.above = place, .member = "token_files"};

        int r = value ? json_check_object(value, place, members, COUNT(members), error) : 0;
        for (int i = 0; r == 0 && i < DIRECTORY_PURPOSES; i++) {
                struct error reason = {0};
                const char *name = directory_purpose_name((enum directory_purpose)i);
                const char *where = value ? json_text(value, name) : NULL;
                struct json_place one = {.above = place, .member = name};
                if (where && place_key(settings, i, slice_of(where), &reason) < 0)
                        r = json_refuse(&one, error, "%s", reason.text);
        }
        return r == 0 && value
                       ? read_token_files(settings, json_object_get(value, "token_files"), &files, error)
                       : r;
}

static void take_number(const json_t *object, const char *name, int64_t *ret)
{
        const json_t *value = json_object_get(object, name);

        if (value)
                *ret = json_integer_value(value);
}

static int read_limits(struct office_settings *settings, const json_t *value, const struct json_place *place,
        struct error *error)
{
        static const struct json_member members[] = {
                {"identifiers", JSON_INTEGER, JSON_OPTIONAL, 1, ORDER_IDENTIFIERS_MAX},
                {"addresses", JSON_INTEGER, JSON_OPTIONAL, 1, (size_t)1 << 32},
                {"identifier_time_ms", JSON_INTEGER, JSON_OPTIONAL, 0, MILLISECONDS_MOST},
                {"time_ms", JSON_INTEGER, JSON_OPTIONAL, 0, MILLISECONDS_MOST},
                {"traffic_kinds", JSON_INTEGER, JSON_OPTIONAL, 1, 63},
                {"content_kinds", JSON_INTEGER, JSON_OPTIONAL, 1, 63},
                {"future_ms", JSON_INTEGER, JSON_OPTIONAL, 0, MILLISECONDS_MOST},
                {"delay_days", JSON_INTEGER, JSON_OPTIONAL, 1, DAYS_MOST},
                {"near_edge_ms", JSON_INTEGER, JSON_OPTIONAL, 0, MILLISECONDS_MOST},
                {"portless_stops", JSON_TRUE, JSON_OPTIONAL, 0, 0},
        };
        struct rule_settings *limits = &settings->limits;
        int64_t identifiers = (int64_t)limits->identifiers_most, addresses = (int64_t)limits->addresses_most,
                traffic = limits->traffic_kinds_most, content = limits->content_kinds_most,
                delay = limits->delay_days_most;

        int r = value ? json_check_object(value, place, members, COUNT(members), error) : 0;
        if (!value || r < 0)
                return r;
        take_number(value, "identifiers", &identifiers);
        take_number(value, "addresses", &addresses);
        take_number(value, "identifier_time_ms", &limits->identifier_time_most_ms);
        take_number(value, "time_ms", &limits->time_most_ms);
        take_number(value, "traffic_kinds", &traffic);
        take_number(value, "content_kinds", &content);
        take_number(value, "future_ms", &limits->future_ms);
        take_number(value, "delay_days", &delay);
        take_number(value, "near_edge_ms", &settings->near_edge_ms);
        if (json_object_get(value, "portless_stops"))
                limits->portless_stops = json_is_true(json_object_get(value, "portless_stops"));
        limits->identifiers_most = (size_t)identifiers;
        limits->addresses_most = (uint64_t)addresses;
        limits->traffic_kinds_most = (unsigned)traffic;
        limits->content_kinds_most = (unsigned)content;
        limits->delay_days_most = (int)delay;
        return 0;
}

static int read_inform(struct office_settings *settings, const json_t *value, const struct json_place *place,
        struct error *error)
{
        static const struct json_member members[] = {
                {"within_days", JSON_INTEGER, 0, 1, DAYS_MOST},
                {"most_delay_days", JSON_INTEGER, 0, 1, DAYS_MOST},
        };

        int r = value ? json_check_object(value, place, members, COUNT(members), error) : 0;
        if (!value || r < 0)
                return r;
        settings->inform.within_days = (int)json_integer_value(json_object_get(value, "within_days"));
        settings->inform.most_delay_days = (int)json_integer_value(json_object_get(value, "most_delay_days"));
        return 0;
}

static int read_timestamp(struct office_settings *settings, const json_t *value,
        const struct json_place *place, struct error *error)
{
        static const struct json_member members[] = {
                {"url", JSON_STRING, JSON_OPTIONAL, 8, OFFICE_URL_MAX - 1},
                {"certificate", JSON_STRING, 0, 1, PATH_MAX - 1},
                {"authorities", JSON_STRING, JSON_OPTIONAL, 1, PATH_MAX - 1},
                {"unavailable", JSON_STRING, JSON_OPTIONAL, 1, 16},
        };
        char host[TIMESTAMP_HOST_MAX];
        struct error reason = {0};
        uint16_t port;

        int r = value ? json_check_object(value, place, members, COUNT(members), error) : 0;
        if (!value || r < 0)
                return r;
        const char *url = json_text(value, "url"), *authorities = json_text(value, "authorities"),
                   *unavailable = json_text(value, "unavailable");
        json_copy(settings->timestamp_certificate, json_text(value, "certificate"));
        if (authorities)
                json_copy(settings->timestamp_authorities, authorities);
        if (unavailable && strcmp(unavailable, "wait") != 0 && strcmp(unavailable, "without") != 0)
                return json_refuse(place, error, "\"unavailable\" is \"wait\" or \"without\"");
        settings->timestamp_optional = unavailable && strcmp(unavailable, "without") == 0;
        if (!url)
                return 0;
        if (timestamp_service_place(url, host, &port, &reason) < 0)
                return json_refuse(place, error, "%s", reason.text);
        if (strncasecmp(url, "https:", 6) == 0 && !authorities)
                return json_refuse(
                        place, error, "https:// needs \"authorities\": no certificate is trusted by default");
        json_copy(settings->timestamp_url, url);
        return 0;
}

static int read_tree(const json_t *root, struct office_settings *settings, struct error *error)
{
        static const struct json_member members[] = {
                {"format", JSON_STRING, 0, 1, 64},
                {"organisation", JSON_STRING, 0, 1, MODEL_ORGANISATION_MAX - 1},
                {"listen", JSON_STRING, JSON_OPTIONAL, 1, OFFICE_LISTEN_MAX - 1},
                {"store", JSON_STRING, JSON_OPTIONAL, 1, PATH_MAX - 1},
                {"people", JSON_ARRAY, 0, 0, OFFICE_PEOPLE_MAX},
                {"keys", JSON_OBJECT, JSON_OPTIONAL, 0, 0},
                {"limits", JSON_OBJECT, JSON_OPTIONAL, 0, 0},
                {"inform", JSON_OBJECT, JSON_OPTIONAL, 0, 0},
                {"timestamp", JSON_OBJECT, JSON_OPTIONAL, 0, 0},
        };
        struct json_place places[] = {{.member = "people"}, {.member = "limits"}, {.member = "inform"},
                {.member = "timestamp"}, {.member = "keys"}};

        int r = json_check_object(root, NULL, members, COUNT(members), error);
        if (r < 0)
                return r;
        if (strcmp(json_text(root, "format"), OFFICE_SETTINGS_FORMAT) != 0)
                return error_set(error, -EBADMSG,
                        "format: is not \"" OFFICE_SETTINGS_FORMAT "\", the only one that is known here");
        json_copy(settings->organisation, json_text(root, "organisation"));
        if (!model_is_organisation(slice_of(settings->organisation)))
                return error_set(error, -EBADMSG, "organisation: is no short name of an organisation");
        if (json_text(root, "listen") &&
                (r = office_settings_set_listen(settings, json_text(root, "listen"), error)) < 0)
                return error_prefix(error, -EBADMSG, "listen: ");
        if (json_text(root, "store"))
                json_copy(settings->store, json_text(root, "store"));
        r = read_people(settings, json_object_get(root, "people"), &places[0], error);
        if (r == 0)
                r = read_keys(settings, json_object_get(root, "keys"), &places[4], error);
        if (r == 0)
                r = read_limits(settings, json_object_get(root, "limits"), &places[1], error);
        if (r == 0)
                r = read_inform(settings, json_object_get(root, "inform"), &places[2], error);
        if (r == 0)
                r = read_timestamp(settings, json_object_get(root, "timestamp"), &places[3], error);
        return r;
}

int office_settings_read(struct slice text, struct office_settings *ret, struct error *error)
{
        static const struct json_limits limits = {
                .bytes = OFFICE_SETTINGS_BYTES_MAX, .depth = 6, .values = 20000};
        json_error_t reason;

        int r = json_shape_check(text, "exchange.json", &limits, error);
        if (r < 0)
                return r;
        json_t *root = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!root)
                return error_set(error, -EBADMSG, "line %d: %s", reason.line, reason.text);
        office_settings_default(ret);
        r = read_tree(root, ret, error);
        json_decref(root);
        return r;
}

/* ---- writing ---- */

static json_t *people_to_json(const struct office_settings *settings)
{
        json_t *list = json_array();

        for (size_t i = 0; i < settings->person_count; i++) {
                json_t *roles = json_array();
                for (size_t w = 0; w < person_role_words.count; w++)
                        if (settings->people[i].roles & WORD_BIT(person_role_words.words[w].value))
                                json_array_append_new(roles, json_string(person_role_words.words[w].name));
                json_array_append_new(
                        list, json_pack("{s:s, s:o}", "login", settings->people[i].login, "roles", roles));
        }
        return list;
}

/* NULL where all are in files. */
static json_t *keys_to_json(const struct office_settings *settings)
{
        json_t *keys = json_object(), *files = json_array();

        for (int i = 0; i < DIRECTORY_PURPOSES; i++)
                if (*settings->keys[i].uri)
                        json_object_set_new(keys, directory_purpose_name((enum directory_purpose)i),
                                json_string(settings->keys[i].uri));
        for (size_t i = 0; i < settings->token_file_count; i++)
                json_array_append_new(files, json_string(settings->token_files[i]));
        if (settings->token_file_count > 0)
                json_object_set_new(keys, "token_files", files);
        else
                json_decref(files);
        if (json_object_size(keys) > 0)
                return keys;
        json_decref(keys);
        return NULL;
}

static json_t *timestamp_to_json(const struct office_settings *settings)
{
        json_t *timestamp = json_pack("{s:s, s:s}", "certificate", settings->timestamp_certificate,
                "unavailable", settings->timestamp_optional ? "without" : "wait");

        if (*settings->timestamp_url)
                json_object_set_new(timestamp, "url", json_string(settings->timestamp_url));
        if (*settings->timestamp_authorities)
                json_object_set_new(timestamp, "authorities", json_string(settings->timestamp_authorities));
        return timestamp;
}

static json_t *limits_to_json(const struct office_settings *settings)
{
        const struct rule_settings *limits = &settings->limits;

        return json_pack("{s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:i, s:I, s:b}", "identifiers",
                (json_int_t)limits->identifiers_most, "addresses", (json_int_t)limits->addresses_most,
                "identifier_time_ms", (json_int_t)limits->identifier_time_most_ms, "time_ms",
                (json_int_t)limits->time_most_ms, "traffic_kinds", (int)limits->traffic_kinds_most,
                "content_kinds", (int)limits->content_kinds_most, "future_ms", (json_int_t)limits->future_ms,
                "delay_days", limits->delay_days_most, "near_edge_ms", (json_int_t)settings->near_edge_ms,
                "portless_stops", (int)limits->portless_stops);
}

int office_settings_write(const struct office_settings *settings, struct buffer *ret, struct error *error)
{
        json_t *root = json_pack(
                "{s:s, s:s}", "format", OFFICE_SETTINGS_FORMAT, "organisation", settings->organisation);

        if (*settings->listen)
                json_object_set_new(root, "listen", json_string(settings->listen));
        if (*settings->store)
                json_object_set_new(root, "store", json_string(settings->store));
        int r = json_object_set_new(root, "people", people_to_json(settings));
        json_t *keys = keys_to_json(settings);
        if (keys && json_object_set_new(root, "keys", keys) < 0)
                r = -1;
        if (json_object_set_new(root, "limits", limits_to_json(settings)) < 0 ||
                json_object_set_new(root, "inform",
                        json_pack("{s:i, s:i}", "within_days", settings->inform.within_days,
                                "most_delay_days", settings->inform.most_delay_days)) < 0)
                r = -1;
        if (*settings->timestamp_certificate)
                json_object_set_new(root, "timestamp", timestamp_to_json(settings));
        char *text = r == 0 ? json_dumps(root, JSON_INDENT(2)) : NULL;
        json_decref(root);
        if (!text)
                return error_set(error, -EINVAL, "the settings cannot be written: a text is no UTF-8");
        buffer_append_text(ret, text);
        free(text);
        r = buffer_append_u8(ret, '\n');
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}
