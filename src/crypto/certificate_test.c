/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/certificate.h"

#include "crypto/authority_test.h"
#include "crypto/private_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct party root, middle, seal, other_root;

static int make_parties(void **state)
{
        (void)state;
        root = party_authority("Root of Tests", NULL);
        middle = party_authority("Authority between", &root);
        seal = party_seal("at-prosecution-vienna \xc3\xa4", "P-256", &middle);
        other_root = party_authority("Root of Tests", NULL);
        return 0;
}

static int free_parties(void **state)
{
        (void)state;
        party_free(&root);
        party_free(&middle);
        party_free(&seal);
        party_free(&other_root);
        return 0;
}

/* What certificate_check says: the code of the last finding. */
static const char *said(const struct party *party, const struct party *between, const struct party *pinned,
        enum certificate_use use, int64_t instant_ms)
{
        struct certificate_set set = {0}, helpers = {0};
        struct findings findings = {0};

        assert_int_equal(certificate_set_add(&set, pinned->certificate), 0);
        if (between)
                assert_int_equal(certificate_set_add(&helpers, between->certificate), 0);
        int r = certificate_check(
                party->certificate, between ? &helpers : NULL, &set, use, instant_ms, "here", &findings);
        assert_int_equal(r == 0, findings_hold(&findings));
        const char *code = findings.list[findings.count - 1].code;
        findings_free(&findings);
        certificate_set_free(&set);
        certificate_set_free(&helpers);
        return code;
}

static void test_is_read_and_described(void **state)
{
        struct certificate *read = NULL, *again = NULL;
        struct error error = {0};
        size_t length;

        (void)state;
        assert_int_equal(certificate_parse(seal.pem, strlen(seal.pem), "seal.pem", &read, &error), 0);
        assert_string_equal(certificate_words(read)->subject, "CN=at-prosecution-vienna \xc3\xa4");
        assert_string_equal(certificate_words(read)->issuer, "CN=Authority between");
        assert_string_equal(certificate_words(read)->key, "EC P-256");
        assert_int_equal(certificate_words(read)->from_ms, AUTHORITY_FROM);
        assert_int_equal(certificate_words(read)->until_ms, AUTHORITY_UNTIL);
        assert_false(certificate_words(read)->authority);
        const uint8_t *der = certificate_der(read, &length);
        assert_int_equal(certificate_parse(der, length, "seal.der", &again, &error), 0);
        assert_true(certificate_same(read, again));
        assert_int_equal(certificate_parse(der, length - 1, "cut.der", &(struct certificate *){NULL}, &error),
                -EBADMSG);
        assert_non_null(strstr(error.text, "cut.der"));
        certificate_free(again);
        certificate_free(read);
}

static void test_sets_take_all_or_nothing(void **state)
{
        struct certificate_set set = {0};
        struct error error = {0};
        char text[32768];

        (void)state;
        (void)snprintf(text, sizeof text, "roots of tests\n%s%s", root.pem, middle.pem);
        assert_int_equal(certificate_set_parse(&set, text, strlen(text), "roots", &error), 0);
        assert_int_equal(set.count, 2);
        assert_non_null(certificate_set_find(&set, certificate_words(middle.certificate)->fingerprint));
        assert_null(certificate_set_find(&set, certificate_words(seal.certificate)->fingerprint));
        (void)snprintf(text, sizeof text, "%s%s", seal.pem, seal.key_pem);
        assert_int_equal(certificate_set_parse(&set, text, strlen(text), "mixed", &error), -EBADMSG);
        assert_non_null(strstr(error.text, "PRIVATE KEY"));
        assert_int_equal(set.count, 2);
        assert_int_equal(certificate_set_parse(&set, "nothing", 7, "empty", &error), -EBADMSG);
        struct certificate *one;
        assert_int_equal(certificate_set_parse(&set, "", 0, "empty", &error), -EBADMSG);
        (void)snprintf(text, sizeof text, "%s%s", root.pem, middle.pem);
        assert_int_equal(certificate_parse(text, strlen(text), "two", &one, &error), -EBADMSG);
        certificate_set_free(&set);
}

static void test_only_pinned_ones_are_trusted(void **state)
{
        (void)state;
        assert_string_equal(
                said(&seal, &middle, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), "certificate-trusted");
        assert_string_equal(
                said(&seal, NULL, &middle, CERTIFICATE_SEALS, AUTHORITY_NOW), "certificate-trusted");
        assert_string_equal(
                said(&seal, NULL, &seal, CERTIFICATE_SEALS, AUTHORITY_NOW), "certificate-trusted");
        assert_string_equal(
                said(&seal, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), "certificate-not-trusted");
        /* of the same name, with another key */
        assert_string_equal(said(&seal, &middle, &other_root, CERTIFICATE_SEALS, AUTHORITY_NOW),
                "certificate-not-trusted");
}

static void test_validity_is_judged_at_the_instant(void **state)
{
        struct party old = party_make((struct party_wish){.name = "old",
                .kind = "P-256",
                .usage = "digitalSignature",
                .issuer = &root,
                .until_ms = AUTHORITY_NOW});
        struct party expired_issuer = party_make((struct party_wish){.name = "Old authority",
                .kind = "P-256",
                .usage = "keyCertSign",
                .issuer = &root,
                .authority = true,
                .until_ms = AUTHORITY_NOW - TIME_DAY});
        struct party below = party_seal("below", "P-256", &expired_issuer);

        (void)state;
        assert_string_equal(said(&old, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW - TIME_SECOND),
                "certificate-trusted");
        assert_string_equal(
                said(&old, NULL, &old, CERTIFICATE_SEALS, AUTHORITY_NOW), "certificate-not-valid");
        assert_string_equal(
                said(&old, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_FROM - 1), "certificate-not-valid");
        assert_string_equal(said(&below, &expired_issuer, &root, CERTIFICATE_SEALS, AUTHORITY_NOW),
                "certificate-not-trusted");
        assert_string_equal(said(&below, NULL, &expired_issuer, CERTIFICATE_SEALS, AUTHORITY_NOW),
                "certificate-not-trusted");
        party_free(&below);
        party_free(&expired_issuer);
        party_free(&old);
}

static void test_purpose_is_asked_for(void **state)
{
        struct party receiver = party_receiver("receiver", "P-256", &root);
        struct party stamps = party_timestamps("timestamps", &root);
        struct party bare = party_make((struct party_wish){.name = "bare", .kind = "P-256", .issuer = &root});
        struct party server = party_make((struct party_wish){.name = "server",
                .kind = "P-256",
                .usage = "digitalSignature",
                .extended = "serverAuth",
                .issuer = &root});
        struct party document = party_make((struct party_wish){.name = "document",
                .kind = "P-256",
                .usage = "digitalSignature",
                .extended = "1.3.6.1.5.5.7.3.36",
                .issuer = &root});

        (void)state;
        static const char refused[] = "certificate-not-for-this", fine[] = "certificate-trusted";
        assert_string_equal(said(&receiver, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), refused);
        assert_string_equal(said(&receiver, NULL, &root, CERTIFICATE_RECEIVES, AUTHORITY_NOW), fine);
        assert_string_equal(said(&seal, &middle, &root, CERTIFICATE_RECEIVES, AUTHORITY_NOW), refused);
        assert_string_equal(said(&bare, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), refused);
        assert_string_equal(said(&middle, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), refused);
        assert_string_equal(said(&server, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), refused);
        assert_string_equal(said(&server, NULL, &root, CERTIFICATE_SERVES, AUTHORITY_NOW), fine);
        assert_string_equal(said(&server, NULL, &root, CERTIFICATE_CALLS, AUTHORITY_NOW), refused);
        assert_string_equal(said(&document, NULL, &root, CERTIFICATE_SEALS, AUTHORITY_NOW), fine);
        assert_string_equal(said(&stamps, NULL, &root, CERTIFICATE_TIMESTAMPS, AUTHORITY_NOW), fine);
        assert_string_equal(said(&seal, &middle, &root, CERTIFICATE_TIMESTAMPS, AUTHORITY_NOW), refused);
        party_free(&receiver);
        party_free(&stamps);
        party_free(&bare);
        party_free(&server);
        party_free(&document);
}

static void test_keys_are_kept_from_others(void **state)
{
        struct private_key *key = NULL;
        struct error error = {0};
        size_t length = strlen(seal.key_pem);
        static const struct private_key_guard good = {.mode = 0100600, .owned = true};
        static const struct private_key_guard group = {.mode = 0100640, .owned = true};
        static const struct private_key_guard strange = {.mode = 0100600, .owned = false};

        (void)state;
        assert_int_equal(private_key_parse(seal.key_pem, length, group, "k", &key, &error), -EPERM);
        assert_non_null(strstr(error.text, "0640"));
        assert_int_equal(private_key_parse(seal.key_pem, length, strange, "k", &key, &error), -EPERM);
        assert_int_equal(private_key_parse("x", 1, good, "k", &key, &error), -EBADMSG);
        assert_int_equal(private_key_parse(seal.key_pem, length, good, "k", &key, &error), 0);
        assert_true(private_key_fits(key, seal.certificate));
        assert_false(private_key_fits(key, root.certificate));
        private_key_free(key);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_is_read_and_described),
                cmocka_unit_test(test_sets_take_all_or_nothing),
                cmocka_unit_test(test_only_pinned_ones_are_trusted),
                cmocka_unit_test(test_validity_is_judged_at_the_instant),
                cmocka_unit_test(test_purpose_is_asked_for),
                cmocka_unit_test(test_keys_are_kept_from_others),
        };
        return cmocka_run_group_tests(tests, make_parties, free_parties);
}
