/* SPDX-License-Identifier: EUPL-1.2 */
#include "issuance/issuance.h"

#include "crypto/private_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NOW INT64_C(1795131352123) /* 2026-11-19T23:35:52.123Z */

static struct issuance_list *read_list(const char *text)
{
        struct issuance_list *list = NULL;
        struct error error = {0};
        if (issuance_list_read(slice_of(text), "list", &list, &error) < 0)
                fail_msg("%s", error.text);
        return list;
}

static const struct issuance_file *file_of(const struct issuance_set *set, const char *path)
{
        for (size_t i = 0; i < set->count; i++)
                if (strcmp(set->files[i].path, path) == 0)
                        return &set->files[i];
        fail_msg("%s is not in the set", path);
        return NULL;
}

static struct slice text_of(const struct issuance_set *set, const char *path)
{
        const struct issuance_file *file = file_of(set, path);
        return slice_make((const char *)file->bytes.bytes, file->bytes.length);
}

static void check_pair(const struct issuance_set *set, const char *path, enum certificate_use use)
{
        struct private_key_guard guard = {.mode = 0600, .owned = true};
        struct certificate_set roots = {0};
        struct certificate *certificate = NULL;
        struct private_key *key = NULL;
        struct findings findings = {0};
        struct error error = {0};
        char name[ISSUANCE_PATH_MAX + 8];

        struct slice root = text_of(set, "root.crt");
        assert_int_equal(certificate_set_parse(&roots, root.text, root.length, "root.crt", &error), 0);
        snprintf(name, sizeof name, "%s.crt", path);
        struct slice text = text_of(set, name);
        assert_int_equal(certificate_parse(text.text, text.length, name, &certificate, &error), 0);
        assert_int_equal(certificate_check(certificate, NULL, &roots, use, NOW, path, &findings), 0);
        assert_int_equal(
                certificate_check(certificate, NULL, &roots, use, NOW + 31 * TIME_DAY, path, &findings),
                -EBADMSG);
        snprintf(name, sizeof name, "%s.key", path);
        text = text_of(set, name);
        assert_true(file_of(set, name)->secret);
        assert_int_equal(private_key_parse(text.text, text.length, guard, name, &key, &error), 0);
        assert_true(private_key_fits(key, certificate));
        private_key_free(key);
        certificate_free(certificate);
        certificate_set_free(&roots);
        findings_free(&findings);
}

static void test_the_default_set_is_complete_and_holds_together(void **state)
{
        struct issuance_list *list = read_list(issuance_default_list);
        struct issuance_set set;
        struct error error = {0};
        struct note_key operator;
        struct directory *directory = NULL;
        struct directory_pin nothing_yet = {.version = 0};
        char path[ISSUANCE_PATH_MAX];

        (void)state;
        assert_int_equal(issuance_make(list, NOW, 30, 3, &set, &error), 0);
        struct slice public = slice_trim(text_of(&set, "directory/operator.pub"));
        assert_int_equal(note_key_read(public, &operator, & error), 0);
        assert_int_equal(directory_verify(text_of(&set, "directory/directory.json"),
                                 text_of(&set, "directory/directory.json.sig"), &operator, & nothing_yet, NOW,
                                 &directory, &error),
                0);
        assert_int_equal(directory->version, 3);
        assert_int_equal(directory->organisation_count, 5);
        for (size_t i = 0; i < directory->organisation_count; i++) {
                const struct directory_organisation *organisation = &directory->organisations[i];
                static const enum certificate_use uses[] = {
                        CERTIFICATE_SEALS, CERTIFICATE_SERVES, CERTIFICATE_RECEIVES};
                for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                        snprintf(path, sizeof path, "organisations/%s/%s", organisation->name,
                                directory_purpose_name((enum directory_purpose)purpose));
                        check_pair(&set, path, uses[purpose]);
                        assert_non_null(
                                directory_certificate_at(organisation, (enum directory_purpose)purpose, NOW));
                }
                snprintf(path, sizeof path, "organisations/%s/log.key", organisation->name);
                struct note_secret secret;
                assert_int_equal(note_secret_read(slice_trim(text_of(&set, path)), &secret, &error), 0);
                assert_true(note_key_is(&secret.key, &organisation->log_key));
        }
        check_pair(&set, "tsa", CERTIFICATE_TIMESTAMPS);
        const struct directory_organisation *prosecution = directory_find(directory, "at-prosecution-vienna");
        assert_int_equal(directory_may_order(
                                 directory, prosecution, ORGANISATION_ISSUING, false, CATEGORY_TRAFFIC, NOW),
                DIRECTORY_CATEGORY_NOT_GIVEN);
        assert_string_equal(directory_state_of(directory, "DE")->zone, "Europe/Berlin");
        directory_free(directory);
        issuance_set_free(&set);
        issuance_list_free(list);
}

static void test_no_secret_is_called_public(void **state)
{
        struct issuance_list *list = read_list(issuance_default_list);
        struct issuance_set set;
        struct error error = {0};
        size_t secrets = 0;

        (void)state;
        assert_int_equal(issuance_make(list, NOW, 30, 1, &set, &error), 0);
        for (size_t i = 0; i < set.count; i++) {
                const struct issuance_file *file = &set.files[i];
                bool secret = file->bytes.bytes &&
                              (memmem(file->bytes.bytes, file->bytes.length, "PRIVATE KEY", 11) ||
                                      memmem(file->bytes.bytes, file->bytes.length, "PRIVATE+KEY", 11));
                assert_int_equal(secret, file->secret);
                secrets += secret;
        }
        assert_int_equal(secrets, 3 + 5 * 5);
        issuance_set_free(&set);
        issuance_list_free(list);
}

static void test_lists_that_are_refused(void **state)
{
        static const char *const texts[][2] = {
                {"", "names no organisation"},
                {"# nobody\n", "names no organisation"},
                {"at-a", "a role is missing"},
                {"at-a king - https://a.example +431234567 A", "list:1: is no role of an organisation: king"},
                {"\nat-a issuing-authority - https://a.example +431234567 A",
                        "list:2: an issuing or validating authority needs a nature"},
                {"at-a provider court https://a.example +431234567 A", "only issuing and validating"},
                {"at-a provider - https://a.example +431234567", "the display name is missing"},
                {"x provider - https://a.example +431234567 A", "begins with the country"},
                {"at-a provider - https://a.example +431234567 A\nat-a provider - https://a.example "
                 "+431234567 A",
                        "list:2: this name"},
                {"state XX Etc/UTC", "no country"},
                {"state AT Etc/UTC 2026-12-25 2026-12-24", "ascending order"},
                {"state AT Etc/UTC\nstate AT Etc/UTC", "this State stands above"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct issuance_list *list = NULL;
                struct error error = {0};
                assert_int_equal(issuance_list_read(slice_of(texts[i][0]), "list", &list, &error), -EBADMSG);
                if (!strstr(error.text, texts[i][1]))
                        fail_msg("%s", error.text);
        }
}

/* What a list says that a directory must not hold is refused by the reader of directories, with its words. */
static void test_sets_that_cannot_be_made(void **state)
{
        static const char *const texts[][2] = {
                {"at-a provider - http://a.example +431234567 A", "\"node\" must be https"},
                {"at-a provider - https://a.example 0431234567 A", "E.164"},
                {"fr-a provider - https://a.example +331234567 A", "the holidays of FR are not known"},
                {"at-a validating-authority other https://a.example +431234567 A", "only a judge"},
                {"xx-a provider - https://a.example +431234567 A\nstate AT Etc/UTC", "XX"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct issuance_list *list = read_list(texts[i][0]);
                struct issuance_set set = {0};
                struct error error = {0};
                assert_true(issuance_make(list, NOW, 30, 1, &set, &error) < 0);
                if (!strstr(error.text, texts[i][1]))
                        fail_msg("%s", error.text);
                issuance_list_free(list);
        }
        struct issuance_list *list =
                read_list("fr-a provider - https://a.example +331234567 A\nstate FR Europe/Paris 2026-12-25");
        struct issuance_set set = {0};
        struct error error = {0};
        assert_int_equal(issuance_make(list, NOW, 30, 1, &set, &error), 0);
        issuance_set_free(&set);
        assert_int_equal(issuance_make(list, NOW, 0, 1, &set, &error), -EINVAL);
        issuance_list_free(list);
}

static int64_t day(int year, int month, int number)
{
        struct civil civil = {.year = year, .month = month, .day = number};
        return time_from_civil(&civil) / TIME_DAY;
}

static void test_holidays(void **state)
{
        int64_t days[32];
        size_t count;
        (void)state;
        assert_int_equal(issuance_easter(2026), day(2026, 4, 5));
        assert_int_equal(issuance_easter(2027), day(2027, 3, 28));
        assert_int_equal(issuance_easter(2019),
                day(2019, 4, 21)); /* not the March that a rule by the equinox would give */
        assert_int_equal(issuance_easter(2076), day(2076, 4, 19));
        assert_int_equal(issuance_easter(1981), day(1981, 4, 19));
        assert_int_equal(issuance_holidays("DE", 2026, days, 32, &count), 0);
        assert_int_equal(count, 9);
        assert_int_equal(days[1], day(2026, 4, 3)); /* Good Friday */
        assert_int_equal(issuance_holidays("AT", 2026, days, 32, &count), 0);
        assert_int_equal(count, 13);
        assert_int_equal(days[6], day(2026, 6, 4)); /* Corpus Christi */
        /* Ascension on the first of May: one day less. */
        assert_int_equal(issuance_holidays("AT", 2008, days, 32, &count), 0);
        assert_int_equal(count, 12);
        assert_int_equal(issuance_holidays("FR", 2026, days, 32, &count), -ENOENT);
        assert_int_equal(issuance_holidays("AT", 2026, days, 3, &count), -E2BIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_default_set_is_complete_and_holds_together),
                cmocka_unit_test(test_no_secret_is_called_public),
                cmocka_unit_test(test_lists_that_are_refused),
                cmocka_unit_test(test_sets_that_cannot_be_made),
                cmocka_unit_test(test_holidays),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
