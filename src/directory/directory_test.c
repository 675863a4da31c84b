/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/scene_test.h"

#include <jansson.h>
#include <string.h>

static struct buffer example; /* the text of the scene */

static int setup(void **state)
{
        struct directory *directory = scene_directory();
        (void)state;
        example = buffer_make(DIRECTORY_BYTES_MAX);
        assert_int_equal(directory_write(directory, &example), 0);
        directory_free(directory);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        buffer_free(&example);
        return 0;
}

static struct directory *parse(struct slice text)
{
        struct directory *directory = NULL;
        struct error error = {0};
        if (directory_parse(text, &directory, &error) < 0)
                fail_msg("%s", error.text);
        return directory;
}

static void test_writing_and_reading(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        struct buffer again = buffer_make(DIRECTORY_BYTES_MAX);
        assert_int_equal(directory_write(directory, &again), 0);
        assert_int_equal(again.length, example.length);
        assert_memory_equal(again.bytes, example.bytes, example.length);
        assert_int_equal(directory->version, 7);
        assert_int_equal(directory->issued_ms, SCENE_NOW - TIME_HOUR);
        assert_int_equal(directory->organisation_count, SCENE_ORGANISATIONS);
        assert_string_equal(directory->organisations[1].display_name, "J\xc3\xb6rg's \"at-prosecution\"");
        assert_int_equal(directory->organisations[1].roles[0].production, SCENE_MILD);
        assert_int_equal(directory->organisations[1].roles[0].preservation, SCENE_ALL);
        assert_string_equal(directory->organisations[0].contacts[0].phone, "+431234560");
        assert_string_equal(directory->organisations[2].log_key.name, "de-enforcement.example/log");
        assert_int_equal(directory_state_of(directory, "AT")->holidays[1], 20813);
        assert_int_equal(directory_state_of(directory, "DE")->known_to, 20818);
        assert_null(directory_state_of(directory, "FR"));
        buffer_free(&again);
        directory_free(directory);
}

/* --- what is refused --- */

/* Reads the scene with one change of its JSON: the member at `path` (names and numbers, separated by slashes)
 * becomes `value`, a JSON text, or is taken out where that is NULL. */
static int read_changed(const char *path, const char *value, struct error *error)
{
        json_t *root = json_loadb((const char *)example.bytes, example.length, 0, NULL), *at = root;
        json_t *becomes = value ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
        struct directory *directory = NULL;
        struct slice rest = slice_of(path);
        char word[64];

        assert_non_null(root);
        assert_true(!value || becomes);
        for (;;) {
                struct slice part = slice_cut(&rest, '/');
                uint64_t index = 0;
                snprintf(word, sizeof word, "%.*s", (int)part.length, part.text);
                bool element = slice_number(part, 1000, &index) == 0;
                if (rest.length == 0) {
                        if (element && becomes && index == json_array_size(at))
                                json_array_append_new(at, becomes);
                        else if (element && becomes)
                                json_array_set_new(at, index, becomes);
                        else if (element)
                                json_array_remove(at, index);
                        else if (becomes)
                                json_object_set_new(at, word, becomes);
                        else
                                assert_int_equal(json_object_del(at, word), 0);
                        break;
                }
                at = element ? json_array_get(at, index) : json_object_get(at, word);
                assert_non_null(at);
        }
        char *text = json_dumps(root, 0);
        int r = directory_parse(slice_of(text), &directory, error);
        directory_free(directory);
        free(text);
        json_decref(root);
        return r;
}

struct change {
        const char *path, *value, *says;
};

static const struct change refused[] = {
        {"format", "\"rogatory-directory/2\"", "its format is"},
        {"format", NULL, "format: is missing"},
        {"version", "0", "version: 0;"},
        {"version", "-7", "version: -7;"},
        {"version", "7.5", "version: must be a whole number"},
        {"version", "\"7\"", "version: must be a whole number"},
        {"issued", "\"2026-11-20T06:15:52\"", "issued: "},
        {"issued", "\"2026-11-20T06:15:52+01:00\"", "end in Z"},
        {"expires", "\"2026-01-01T00:00:00.000Z\"", "\"expires\" is not after"},
        {"trusted", "true", "\"trusted\" that this version does not know"},
        {"signer", "\"a\\nb\"", "signer: has a control character"},
        {"signer", "\"\"", "signer: 0 bytes long"},
        {"states", "[]", "states: 0 elements"},
        {"states/0", NULL, "its country AT is not among"},
        {"states/0/zone", "\"../etc/passwd/\"", "no name of a time zone"},
        {"states/0/country", "\"XX\"", "no country of ISO 3166-1"},
        {"states/1/country", "\"AT\"", "written once"},
        {"states/0/holidays/dates/1", "\"2026-12-25\"", "ascending order"},
        {"states/0/holidays/dates/0", "\"2026-02-29\"", "is no date"},
        {"states/0/holidays/dates/0", "\"2020-12-25\"", "is not within"},
        {"states/0/holidays/to", "\"2025-12-31\"", "before"},
        {"organisations/0/name", "\"de-court\"", "must be its country in lower case"},
        {"organisations/0/name", "\"at-Court\"", "must be its country in lower case"},
        {"organisations/0/name", "\"at--court\"", "must be its country in lower case"},
        {"organisations/0/name", "\"at-zz\"", "in the order of their names"},
        {"organisations/1/name", "\"at-court\"", "written once"},
        {"organisations/0/country", "\"UK\"", "no country"},
        {"organisations/0/admin", "1", "organisations[0]: has a member"},
        {"organisations/0/node", "\"http://at-court.example\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://a@b.example\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://b.example:0\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://b.example:65536\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://b.example/../x\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://b.example?x\"", "\"node\" must be https"},
        {"organisations/0/node", "\"https://[2001:db8::1]x\"", "\"node\" must be https"},
        {"organisations/0/nature", NULL, "have a \"nature\""},
        {"organisations/3/nature", "\"court\"", "have a \"nature\""},
        {"organisations/0/nature", "\"policeman\"", "no nature of an authority"},
        {"organisations/0/nature", "\"prosecutor\"", "Article 4(2)"},
        {"organisations/0/nature", "\"other\"", "only a judge"},
        {"organisations/0/roles", "[]", "0 elements"},
        {"organisations/0/roles/0/role", "\"king\"", "no role"},
        {"organisations/0/roles/0/role", "\"validating-authority\"", "written once"},
        {"organisations/0/roles/0/production", NULL, "have \"production\""},
        {"organisations/3/roles/0/production", "[]", "have \"production\""},
        {"organisations/0/roles/0/production/0", "\"everything\"", "no category"},
        {"organisations/0/roles/0/production/0", "\"content\"", "written once"},
        {"organisations/1/roles/0/production", "[\"traffic\"]", "Article 4(2)"},
        {"organisations/0/certificates/seal", "[]", "seal: 0 elements"},
        {"organisations/0/certificates/seal/0/pem",
                "\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\\n\\n\\n\\n\"",
                "seal[0]"},
        {"organisations/0/certificates/seal/0/until", "\"2036-01-01T00:00:00.000Z\"", "less than"},
        {"organisations/0/certificates/seal/0/from", "\"2016-01-01T00:00:00.000Z\"", "less than"},
        {"organisations/0/certificates/seal/0/until", "\"2026-01-01T00:00:00.000Z\"", "not after"},
        {"organisations/3/certificates/seal/0/from", "\"2026-11-20T00:00:00.000Z\"", "ascending order"},
        {"organisations/0/log/key", "\"PRIVATE+KEY\"", "log.key: "},
        {"organisations/0/log/origin", "\"at-court.example/other\"", "another name"},
        {"organisations/0/log/witness", NULL, "log.witness: is missing"},
        {"organisations/0/call_back", "[]", "call_back: 0 elements"},
        {"organisations/0/call_back/0/phone", "\"012345678\"", "no number of E.164"},
        {"organisations/0/call_back/0/phone", "\"+4312345678901234\"", "no number of E.164"},
};

static void test_each_deviation_refuses_and_names_its_place(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
                struct error error = {0};
                int r = read_changed(refused[i].path, refused[i].value, &error);
                if (r != -EBADMSG || !strstr(error.text, refused[i].says))
                        fail_msg("%s = %s: %d, \"%s\"", refused[i].path,
                                refused[i].value ? refused[i].value : "nothing", r, error.text);
        }
}

/* Puts what stands at one place of the JSON to another one too. */
static void test_nothing_is_of_two_organisations(void **state)
{
        static const char *const moves[][5] = {
                {"certificates", "seal", "certificates", "seal", "pins a certificate that"},
                {"log", "key", "log", "key", "has a log or a witness key of"},
        };
        (void)state;
        for (size_t i = 0; i < 2; i++) {
                json_t *root = json_loadb((const char *)example.bytes, example.length, 0, NULL);
                json_t *list = json_object_get(root, "organisations");
                json_t *from = json_object_get(json_array_get(list, 0), moves[i][0]);
                json_t *to = json_object_get(json_array_get(list, 1), moves[i][2]);
                struct directory *directory = NULL;
                struct error error = {0};
                json_object_set(to, moves[i][3], json_object_get(from, moves[i][1]));
                json_object_set(to, "origin", json_object_get(from, "origin"));
                if (i == 0)
                        json_object_del(to, "origin");
                char *text = json_dumps(root, 0);
                assert_int_equal(directory_parse(slice_of(text), &directory, &error), -EBADMSG);
                if (!strstr(error.text, moves[i][4]))
                        fail_msg("%s", error.text);
                free(text);
                json_decref(root);
        }
}

/* A certificate of one purpose does not serve another. */
static void test_a_certificate_is_for_its_purpose(void **state)
{
        static const char *const purposes[] = {"seal", "tls", "decryption"};
        (void)state;
        for (int from = 0; from < 3; from++)
                for (int to = 0; to < 3; to++) {
                        json_t *root = json_loadb((const char *)example.bytes, example.length, 0, NULL);
                        json_t *all = json_object_get(
                                json_array_get(json_object_get(root, "organisations"), 0), "certificates");
                        struct directory *directory = NULL;
                        struct error error = {0};
                        json_object_set(all, purposes[to], json_object_get(all, purposes[from]));
                        char *text = json_dumps(root, 0);
                        int r = directory_parse(slice_of(text), &directory, &error);
                        assert_int_equal(r, from == to ? 0 : -EBADMSG);
                        directory_free(directory);
                        free(text);
                        json_decref(root);
                }
}

static void test_no_json_and_double_members(void **state)
{
        static const char *const texts[] = {"", "[]", "{", "null", "{\"version\":1,\"version\":2}",
                "{\"format\":\"rogatory-directory/1\",\"format\":\"rogatory-directory/1\"}",
                "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}"};
        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct directory *directory = NULL;
                struct error error = {0};
                assert_int_equal(directory_parse(slice_of(texts[i]), &directory, &error), -EBADMSG);
                assert_true(error.text[0] != '\0');
        }
        struct buffer deep = buffer_make(1000);
        struct directory *directory = NULL;
        struct error error = {0};
        for (int i = 0; i < 100; i++)
                buffer_append_u8(&deep, '[');
        assert_int_equal(directory_parse(scene_slice(&deep), &directory, &error), -EFBIG);
        buffer_free(&deep);
}

/* --- lookups --- */

static void test_finding_organisations(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        assert_string_equal(directory_find(directory, "de-provider")->name, "de-provider");
        assert_string_equal(directory_find(directory, "at-court")->name, "at-court");
        assert_null(directory_find(directory, "at-cour"));
        assert_null(directory_find(directory, "zz"));
        const struct directory_organisation *at = NULL;
        at = directory_next_with_role(directory, at, ORGANISATION_ISSUING, NULL);
        assert_string_equal(at->name, "at-court");
        at = directory_next_with_role(directory, at, ORGANISATION_ISSUING, NULL);
        assert_string_equal(at->name, "at-prosecution");
        assert_null(directory_next_with_role(directory, at, ORGANISATION_ISSUING, NULL));
        assert_null(directory_next_with_role(directory, NULL, ORGANISATION_ENFORCING, "AT"));
        assert_string_equal(directory_next_with_role(directory, NULL, ORGANISATION_ENFORCING, "DE")->name,
                "de-enforcement");
        directory_free(directory);
}

static void test_holidays_beyond_the_list_are_not_known(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        const struct directory_state *germany = directory_state_of(directory, "DE");
        int64_t first = germany->known_from * TIME_DAY, last = germany->known_to * TIME_DAY;

        assert_true(directory_knows_holidays(germany, SCENE_NOW, SCENE_NOW + 10 * TIME_DAY));
        assert_true(directory_knows_holidays(germany, first + TIME_DAY, last - 1));
        assert_false(directory_knows_holidays(germany, first + TIME_DAY - 1, last - 1));
        assert_false(directory_knows_holidays(germany, first + TIME_DAY, last));
        assert_false(directory_knows_holidays(germany, SCENE_NOW, SCENE_NOW - 1));
        directory_free(directory);
}

static void test_certificates_roll_over(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        const struct directory_organisation *provider = directory_find(directory, "de-provider");
        const struct directory_certificate *old = &provider->certificates[DIRECTORY_SEAL][0], *found;
        const uint8_t *fingerprint = certificate_words(old->certificate)->fingerprint;

        assert_ptr_equal(directory_certificate_at(provider, DIRECTORY_SEAL, SCENE_NOW - 1), old);
        assert_ptr_equal(directory_certificate_at(provider, DIRECTORY_SEAL, SCENE_NOW), old + 1);
        assert_ptr_equal(
                directory_certificate_at(provider, DIRECTORY_SEAL, SCENE_NOW + 59 * TIME_DAY), old + 1);
        assert_null(directory_certificate_at(provider, DIRECTORY_SEAL, SCENE_NOW + 60 * TIME_DAY));
        /* Both are believed while both are pinned. */
        assert_ptr_equal(
                directory_find_certificate(directory, DIRECTORY_SEAL, fingerprint, SCENE_NOW, &found),
                provider);
        assert_ptr_equal(found, old);
        assert_null(directory_find_certificate(
                directory, DIRECTORY_SEAL, fingerprint, SCENE_NOW + 30 * TIME_DAY, NULL));
        assert_null(directory_find_certificate(
                directory, DIRECTORY_SEAL, fingerprint, SCENE_NOW - 2 * TIME_DAY, NULL));
        assert_null(directory_find_certificate(directory, DIRECTORY_TLS, fingerprint, SCENE_NOW, NULL));
        directory_free(directory);
}

static void test_who_may_order_what(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        const struct directory_organisation *prosecution = directory_find(directory, "at-prosecution");
        const struct directory_organisation *court = directory_find(directory, "at-court");
        const struct directory_organisation *provider = directory_find(directory, "de-provider");
        enum organisation_role issuing = ORGANISATION_ISSUING, validating = ORGANISATION_VALIDATING;

        assert_int_equal(
                directory_may_order(directory, prosecution, issuing, false, CATEGORY_SUBSCRIBER, SCENE_NOW),
                DIRECTORY_MAY);
        assert_int_equal(
                directory_may_order(directory, prosecution, issuing, false, CATEGORY_TRAFFIC, SCENE_NOW),
                DIRECTORY_CATEGORY_NOT_GIVEN);
        assert_int_equal(
                directory_may_order(directory, prosecution, issuing, true, CATEGORY_TRAFFIC, SCENE_NOW),
                DIRECTORY_MAY);
        assert_int_equal(directory_may_order(directory, prosecution, issuing, true, CATEGORY_NONE, SCENE_NOW),
                DIRECTORY_CATEGORY_NOT_GIVEN);
        assert_int_equal(directory_may_order(
                                 directory, prosecution, validating, false, CATEGORY_SUBSCRIBER, SCENE_NOW),
                DIRECTORY_NO_SUCH_ROLE);
        assert_int_equal(
                directory_may_order(directory, court, validating, false, CATEGORY_CONTENT, SCENE_NOW),
                DIRECTORY_MAY);
        assert_int_equal(directory_may_order(directory, provider, ORGANISATION_PROVIDER, true,
                                 CATEGORY_SUBSCRIBER, SCENE_NOW),
                DIRECTORY_NO_SUCH_ROLE);
        directory_free(directory);
}

static void test_an_expired_directory_stops_production_and_not_preservation(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        const struct directory_organisation *court = directory_find(directory, "at-court");
        int64_t last = SCENE_NOW + 30 * TIME_DAY - 1;
        enum organisation_role issuing = ORGANISATION_ISSUING;

        assert_false(directory_is_expired(directory, last));
        assert_true(directory_is_expired(directory, last + 1));
        assert_int_equal(directory_may_order(directory, court, issuing, false, CATEGORY_SUBSCRIBER, last),
                DIRECTORY_MAY);
        assert_int_equal(directory_may_order(directory, court, issuing, false, CATEGORY_SUBSCRIBER, last + 1),
                DIRECTORY_EXPIRED);
        assert_int_equal(directory_may_order(directory, court, issuing, true, CATEGORY_CONTENT, last + 1),
                DIRECTORY_MAY);
        directory_free(directory);
}

/* An order is accepted only from a key that the directory pins, and only in a role that it gives for that
 * data: a certificate of the same authority with the same names is nobody's. */
static void requirement_01_only_a_pinned_key_in_an_allowed_role_orders(void **state)
{
        struct buffer pem = buffer_make(1 << 16), key = buffer_make(1 << 16);
        struct issuer *issuer;
        struct error error = {0};
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        const struct directory_organisation *prosecution = directory_find(directory, "at-prosecution");
        const struct directory_certificate *pinned =
                directory_certificate_at(prosecution, DIRECTORY_SEAL, SCENE_NOW);

        assert_int_equal(issuer_new("authority", SCENE_NOW - TIME_DAY, SCENE_NOW + 400 * TIME_DAY, &issuer,
                                 &pem, &key, &error),
                0);
        struct certificate *forged = scene_certificate(
                issuer, ISSUE_SEAL, "at-prosecution", SCENE_NOW - TIME_DAY, SCENE_NOW + 90 * TIME_DAY);
        assert_string_equal(
                certificate_words(forged)->subject, certificate_words(pinned->certificate)->subject);
        assert_string_equal(
                certificate_words(forged)->issuer, certificate_words(pinned->certificate)->issuer);
        assert_null(directory_find_certificate(
                directory, DIRECTORY_SEAL, certificate_words(forged)->fingerprint, SCENE_NOW, NULL));
        assert_ptr_equal(directory_find_certificate(directory, DIRECTORY_SEAL,
                                 certificate_words(pinned->certificate)->fingerprint, SCENE_NOW, NULL),
                prosecution);
        /* The key alone is not enough. */
        assert_int_equal(directory_may_order(directory, prosecution, ORGANISATION_ISSUING, false,
                                 CATEGORY_CONTENT, SCENE_NOW),
                DIRECTORY_CATEGORY_NOT_GIVEN);
        assert_int_equal(directory_may_order(directory, directory_find(directory, "de-provider"),
                                 ORGANISATION_ISSUING, false, CATEGORY_SUBSCRIBER, SCENE_NOW),
                DIRECTORY_NO_SUCH_ROLE);
        certificate_free(forged);
        issuer_free(issuer);
        directory_free(directory);
        buffer_free(&pem);
        buffer_free(&key);
}

/* Whom to call back is in the directory for every organisation: one without a contact is refused. */
static void requirement_02_every_organisation_has_a_call_back_contact_of_its_own(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        for (size_t i = 0; i < directory->organisation_count; i++)
                assert_true(directory->organisations[i].contact_count > 0 &&
                            directory->organisations[i].contacts[0].phone[0] == '+');
        directory_free(directory);
        struct error error = {0};
        assert_int_equal(read_changed("organisations/1/call_back", NULL, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "organisations[1].call_back: is missing"));
}

/* No directory can let a prosecutor order traffic or content data, whoever signs it. */
static void requirement_04_no_directory_lets_a_prosecutor_order_traffic(void **state)
{
        static const char *const sets[] = {"[\"traffic\"]", "[\"content\"]",
                "[\"subscriber\",\"identify-only\",\"traffic\",\"content\"]"};
        (void)state;
        for (size_t i = 0; i < 3; i++) {
                struct error error = {0};
                assert_int_equal(
                        read_changed("organisations/1/roles/0/production", sets[i], &error), -EBADMSG);
                assert_non_null(strstr(error.text, "Article 4(2)"));
                /* Preserving them is his: Article 4(3). */
                assert_int_equal(read_changed("organisations/1/roles/0/preservation", sets[i], &error), 0);
        }
}

/* Preservation asks for a role and a category as production does; only an expired directory does not stop it.
 */
static void requirement_05_preservation_gets_the_checks_of_production(void **state)
{
        (void)state;
        struct directory *directory = parse(scene_slice(&example));
        for (size_t i = 0; i < directory->organisation_count; i++) {
                const struct directory_organisation *organisation = &directory->organisations[i];
                if (directory_role_of(organisation, ORGANISATION_ISSUING))
                        continue;
                for (int category = CATEGORY_SUBSCRIBER; category <= CATEGORY_CONTENT; category++)
                        assert_int_equal(directory_may_order(directory, organisation, ORGANISATION_ISSUING,
                                                 true, (enum data_category)category, SCENE_NOW),
                                DIRECTORY_NO_SUCH_ROLE);
        }
        directory_free(directory);
        struct error error = {0};
        assert_int_equal(read_changed("organisations/1/roles/0/preservation", NULL, &error), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_writing_and_reading),
                cmocka_unit_test(test_each_deviation_refuses_and_names_its_place),
                cmocka_unit_test(test_nothing_is_of_two_organisations),
                cmocka_unit_test(test_a_certificate_is_for_its_purpose),
                cmocka_unit_test(test_no_json_and_double_members),
                cmocka_unit_test(test_finding_organisations),
                cmocka_unit_test(test_holidays_beyond_the_list_are_not_known),
                cmocka_unit_test(test_certificates_roll_over),
                cmocka_unit_test(test_who_may_order_what),
                cmocka_unit_test(test_an_expired_directory_stops_production_and_not_preservation),
                cmocka_unit_test(requirement_01_only_a_pinned_key_in_an_allowed_role_orders),
                cmocka_unit_test(requirement_02_every_organisation_has_a_call_back_contact_of_its_own),
                cmocka_unit_test(requirement_04_no_directory_lets_a_prosecutor_order_traffic),
                cmocka_unit_test(requirement_05_preservation_gets_the_checks_of_production),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
