/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/parse.h"

#include "base/country.h"
#include "base/json_shape.h"
#include "directory/json_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAX ((size_t)1 << 53) /* what every reader of JSON keeps exactly */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- single values ---- */

/* RFC 3339 with Z: one instant has one writing. */
int directory_read_instant(const json_t *object, const char *name, const struct json_place *above,
        int64_t *ret, struct error *error)
{
        struct json_place place = {.above = above, .member = name};
        const char *text = json_text(object, name);
        struct error reason = {0};
        int64_t instant;

        if (time_parse_rfc3339(slice_of(text), &instant, NULL, &reason) < 0)
                return json_refuse(&place, error, "%s", reason.text);
        if (text[strlen(text) - 1] != 'Z')
                return json_refuse(&place, error, "instants of a directory are in UTC and end in Z");
        *ret = instant;
        return 0;
}

int directory_read_date(const char *text, int64_t *ret_day)
{
        struct civil civil = {.year = 0};
        uint64_t year, month, day;

        if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
                slice_number(slice_make(text, 4), 9999, &year) < 0 ||
                slice_number(slice_make(text + 5, 2), 12, &month) < 0 ||
                slice_number(slice_make(text + 8, 2), 31, &day) < 0 || year < 1970)
                return -EINVAL;
        civil.year = (int)year;
        civil.month = (int)month;
        civil.day = (int)day;
        if (!civil_is_valid(&civil))
                return -EINVAL;
        *ret_day = time_from_civil(&civil) / TIME_DAY;
        return 0;
}

static int read_day(const char *text, const struct json_place *place, int64_t *ret, struct error *error)
{
        if (directory_read_date(text, ret) < 0)
                return json_refuse(place, error, "\"%.16s\" is no date; write it as 2026-12-24", text);
        return 0;
}

int directory_read_country(
        const json_t *object, const struct json_place *above, char ret[3], struct error *error)
{
        struct json_place place = {.above = above, .member = "country"};
        const char *text = json_text(object, "country");

        if (!country_is_assigned(text))
                return json_refuse(
                        &place, error, "\"%.8s\" is no country of ISO 3166-1 (two upper-case letters)", text);
        memcpy(ret, text, 3);
        return 0;
}

static bool is_zone(const char *text)
{
        return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-") ==
                       strlen(text) &&
               text[0] != '/' && strchr(text, '/');
}

/* ---- States ---- */

static int read_holidays(const json_t *object, const struct json_place *above, struct directory_state *state,
        struct error *error)
{
        static const struct json_member members[] = {
                {"from", JSON_STRING, 0, 10, 10},
                {"to", JSON_STRING, 0, 10, 10},
                {"dates", JSON_ARRAY, 0, 0, DIRECTORY_HOLIDAYS_MAX},
        };
        static const struct json_member date = {NULL, JSON_STRING, 0, 10, 10};
        struct json_place place = {.above = above, .member = "holidays"};
        struct json_place list = {.above = &place, .member = "dates"};

        int r = json_check_object(object, &place, members, COUNT(members), error);
        if (r == 0)
                r = read_day(json_text(object, "from"), &place, &state->known_from, error);
        if (r == 0)
                r = read_day(json_text(object, "to"), &place, &state->known_to, error);
        if (r == 0 && state->known_to < state->known_from)
                r = json_refuse(&place, error, "\"to\" is before \"from\"");
        const json_t *dates = json_object_get(object, "dates");
        size_t count = r == 0 ? json_array_size(dates) : 0;
        if (count > 0 && !(state->holidays = calloc(count, sizeof *state->holidays)))
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct json_place at = {.above = &list, .index = i};
                int64_t *day = &state->holidays[i];
                r = json_check_element(json_array_get(dates, i), &at, &date, error);
                if (r == 0)
                        r = read_day(json_string_value(json_array_get(dates, i)), &at, day, error);
                if (r == 0 && (*day < state->known_from || *day > state->known_to))
                        r = json_refuse(&at, error, "is not within \"from\" and \"to\"");
                if (r == 0 && i > 0 && *day <= day[-1])
                        r = json_refuse(&at, error, "dates are written once and in ascending order");
                state->holiday_count = i + 1;
        }
        return r;
}

static int read_state(const json_t *object, const struct json_place *place, struct directory_state *state,
        struct error *error)
{
        static const struct json_member members[] = {
                {"country", JSON_STRING, 0, 2, 2},
                {"zone", JSON_STRING, 0, 3, DIRECTORY_ZONE_MAX - 1},
                {"holidays", JSON_OBJECT, 0, 0, 0},
        };

        int r = json_check_object(object, place, members, COUNT(members), error);
        if (r == 0)
                r = directory_read_country(object, place, state->country, error);
        if (r < 0)
                return r;
        if (!is_zone(json_text(object, "zone")))
                return json_refuse(place, error, "\"zone\" is no name of a time zone such as Europe/Vienna");
        json_copy(state->zone, json_text(object, "zone"));
        return read_holidays(json_object_get(object, "holidays"), place, state, error);
}

static int read_states(const json_t *list, struct directory *directory, struct error *error)
{
        struct json_place above = {.member = "states"};
        size_t count = json_array_size(list);

        if (!(directory->states = calloc(count, sizeof *directory->states)))
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                struct json_place place = {.above = &above, .index = i};
                directory->state_count = i + 1;
                int r = read_state(json_array_get(list, i), &place, &directory->states[i], error);
                if (r < 0)
                        return r;
                if (i > 0 && strcmp(directory->states[i].country, directory->states[i - 1].country) <= 0)
                        return json_refuse(
                                &place, error, "States are written once and in the order of their codes");
        }
        return 0;
}

static int read_organisations(const json_t *list, struct directory *directory, struct error *error)
{
        struct json_place above = {.member = "organisations"};
        size_t count = json_array_size(list);

        if (!(directory->organisations = calloc(count, sizeof *directory->organisations)))
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                struct json_place place = {.above = &above, .index = i};
                struct directory_organisation *at = &directory->organisations[i];
                directory->organisation_count = i + 1;
                int r = directory_read_organisation(json_array_get(list, i), &place, at, error);
                if (r < 0)
                        return r;
                if (i > 0 && strcmp(at->name, at[-1].name) <= 0)
                        return json_refuse(&place, error,
                                "organisations are written once and in the order of their names");
                if (!directory_state_of(directory, at->country))
                        return json_refuse(
                                &place, error, "its country %s is not among \"states\"", at->country);
        }
        return 0;
}

/* ---- what must be unique in the whole ---- */

struct pinned {
        const uint8_t *fingerprint;
        size_t organisation;
};

static int compare_pinned(const void *a, const void *b)
{
        return memcmp(((const struct pinned *)a)->fingerprint, ((const struct pinned *)b)->fingerprint,
                DIGEST_BYTES);
}

static size_t collect(const struct directory *directory, struct pinned *ret)
{
        size_t count = 0;

        for (size_t i = 0; i < directory->organisation_count; i++)
                for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                        for (size_t k = 0; k < directory->organisations[i].certificate_count[purpose]; k++)
                                ret[count++] =
                                        (struct pinned){certificate_words(directory->organisations[i]
                                                                                  .certificates[purpose][k]
                                                                                  .certificate)
                                                                ->fingerprint,
                                                i};
        return count;
}

static bool shares_log(const struct directory_organisation *one, const struct directory_organisation *other)
{
        return strcmp(one->log_key.name, other->log_key.name) == 0 ||
               memcmp(one->log_key.public_key, other->log_key.public_key, ED25519_PUBLIC_BYTES) == 0 ||
               memcmp(one->witness_key.public_key, other->witness_key.public_key, ED25519_PUBLIC_BYTES) == 0;
}

/* A certificate is of one organisation and for one purpose: else it would not tell who signed, or a key that
 * answers on the network would sign orders. */
static int check_unique(const struct directory *directory, struct error *error)
{
        struct json_place above = {.member = "organisations"}, place = {.above = &above};
        int r = 0;

        struct pinned *all = calloc(
                directory->organisation_count, DIRECTORY_PURPOSES * DIRECTORY_CERTIFICATES_MAX * sizeof *all);
        if (!all)
                return -ENOMEM;
        size_t count = collect(directory, all);
        qsort(all, count, sizeof *all, compare_pinned);
        for (size_t i = 1; i < count && r == 0; i++) {
                if (compare_pinned(&all[i - 1], &all[i]) != 0)
                        continue;
                place.index = all[i].organisation;
                r = json_refuse(&place, error,
                        "pins a certificate that %s pins too; each is of one organisation and for one "
                        "purpose",
                        directory->organisations[all[i - 1].organisation].name);
        }
        free(all);
        for (size_t i = 0; i < directory->organisation_count && r == 0; i++)
                for (size_t k = 0; k < i && r == 0; k++)
                        if (shares_log(&directory->organisations[i], &directory->organisations[k])) {
                                place.index = i;
                                r = json_refuse(&place, error, "has a log or a witness key of %s",
                                        directory->organisations[k].name);
                        }
        return r;
}

/* ---- the whole ---- */

static int read_directory(const json_t *root, struct directory *directory, struct error *error)
{
        static const struct json_member members[] = {
                {"format", JSON_STRING, 0, 1, 64},
                {"version", JSON_INTEGER, 0, 1, VERSION_MAX},
                {"issued", JSON_STRING, 0, 20, 32},
                {"expires", JSON_STRING, 0, 20, 32},
                {"signer", JSON_STRING, 0, 1, DIRECTORY_DISPLAY_NAME_MAX - 1},
                {"states", JSON_ARRAY, 0, 1, DIRECTORY_STATES_MAX},
                {"organisations", JSON_ARRAY, 0, 1, DIRECTORY_ORGANISATIONS_MAX},
        };

        const char *format = json_text(root, "format");
        if (format && strcmp(format, DIRECTORY_FORMAT) != 0)
                return json_refuse(
                        NULL, error, "its format is \"%.64s\"; this version reads " DIRECTORY_FORMAT, format);
        int r = json_check_object(root, NULL, members, COUNT(members), error);
        if (r < 0)
                return r;
        directory->version = (uint64_t)json_integer_value(json_object_get(root, "version"));
        json_copy(directory->signer, json_text(root, "signer"));
        r = directory_read_instant(root, "issued", NULL, &directory->issued_ms, error);
        if (r == 0)
                r = directory_read_instant(root, "expires", NULL, &directory->expires_ms, error);
        if (r == 0 && directory->expires_ms <= directory->issued_ms)
                r = json_refuse(NULL, error, "\"expires\" is not after \"issued\"");
        if (r == 0)
                r = read_states(json_object_get(root, "states"), directory, error);
        if (r == 0)
                r = read_organisations(json_object_get(root, "organisations"), directory, error);
        if (r == 0)
                r = check_unique(directory, error);
        return r;
}

int directory_parse(struct slice text, struct directory **ret_directory, struct error *error)
{
        static const struct json_limits limits = {
                DIRECTORY_BYTES_MAX, DIRECTORY_DEPTH_MAX, DIRECTORY_VALUES_MAX};
        json_error_t reason;

        int r = json_shape_check(text, "the directory", &limits, error);
        if (r < 0)
                return r;
        json_t *root = json_loadb(text.text ? text.text : "", text.length, JSON_REJECT_DUPLICATES, &reason);
        if (!root)
                return error_set(error, -EBADMSG,
                        "the directory is no JSON, or names a member twice: line %d: %s", reason.line,
                        reason.text);
        struct directory *directory = calloc(1, sizeof *directory);
        r = directory ? read_directory(root, directory, error) : -ENOMEM;
        if (r == 0)
                r = digest_of(text.text, text.length, directory->digest);
        json_decref(root);
        if (r < 0) {
                directory_free(directory);
                if (r != -EBADMSG)
                        return error_set(error, r, "the directory cannot be read: %s", strerror(-r));
                return error_prefix(error, r, "the directory: ");
        }
        *ret_directory = directory;
        return 0;
}

void directory_free(struct directory *directory)
{
        if (!directory)
                return;
        for (size_t i = 0; i < directory->organisation_count; i++)
                for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                        for (size_t k = 0; k < directory->organisations[i].certificate_count[purpose]; k++)
                                certificate_free(
                                        directory->organisations[i].certificates[purpose][k].certificate);
        for (size_t i = 0; i < directory->state_count; i++)
                free(directory->states[i].holidays);
        free(directory->organisations);
        free(directory->states);
        free(directory);
}
