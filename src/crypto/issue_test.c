/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/issue.h"

#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/private_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW INT64_C(1795131352000)

struct made {
        struct buffer certificate, key;
};

static struct made make(const struct issuer *issuer, const struct issue_wish *wish)
{
        struct made made = {buffer_make(1 << 16), buffer_make(1 << 16)};
        struct error error = {0};

        assert_int_equal(issue_certificate(issuer, wish, &made.certificate, &made.key, &error), 0);
        return made;
}

static struct certificate *parse(const struct buffer *pem)
{
        struct certificate *certificate = NULL;
        struct error error = {0};

        assert_int_equal(certificate_parse(pem->bytes, pem->length, "test", &certificate, &error), 0);
        return certificate;
}

static bool serves(const struct certificate *certificate, const struct certificate_set *roots,
        enum certificate_use use, int64_t at_ms)
{
        struct findings findings = {0};
        int r = certificate_check(certificate, NULL, roots, use, at_ms, "test", &findings);

        findings_free(&findings);
        assert_true(r == 0 || r == -EBADMSG);
        return r == 0;
}

static void test_each_serves_what_it_was_made_for(void **state)
{
        static const enum certificate_use uses[ISSUE_USES][2] = {
                [ISSUE_SEAL] = {CERTIFICATE_SEALS, CERTIFICATE_SEALS},
                [ISSUE_TLS] = {CERTIFICATE_SERVES, CERTIFICATE_CALLS},
                [ISSUE_DECRYPTION] = {CERTIFICATE_RECEIVES, CERTIFICATE_RECEIVES},
                [ISSUE_TIMESTAMP] = {CERTIFICATE_TIMESTAMPS, CERTIFICATE_TIMESTAMPS}};
        struct private_key_guard guard = {.mode = 0600, .owned = true};
        struct made root = {buffer_make(1 << 16), buffer_make(1 << 16)};
        struct certificate_set roots = {0};
        struct issuer *issuer;
        struct error error = {0};

        (void)state;
        assert_int_equal(
                issuer_new("authority", NOW, NOW + TIME_DAY, &issuer, &root.certificate, &root.key, &error),
                0);
        assert_int_equal(certificate_set_parse(
                                 &roots, root.certificate.bytes, root.certificate.length, "root", &error),
                0);
        for (int use = 0; use < ISSUE_USES; use++) {
                struct issue_wish wish = {.use = (enum issue_use)use,
                        .name = "one",
                        .organisation = "\xc3\x96",
                        .country = "AT",
                        .host = use == ISSUE_TLS ? "2001:db8::1" : NULL,
                        .from_ms = NOW,
                        .until_ms = NOW + TIME_HOUR};
                struct made made = make(issuer, &wish);
                struct certificate *certificate = parse(&made.certificate);
                struct private_key *key = NULL;
                assert_int_equal(
                        private_key_parse(made.key.bytes, made.key.length, guard, "key", &key, &error), 0);
                assert_true(private_key_fits(key, certificate));
                for (int i = 0; i < 2; i++) {
                        assert_true(serves(certificate, &roots, uses[use][i], NOW + 1000));
                        assert_false(serves(certificate, &roots, uses[use][i], NOW + TIME_HOUR + 1000));
                        assert_false(
                                serves(certificate, &roots, uses[(use + 1) % 3][i], NOW + 1000) && use < 3);
                }
                private_key_free(key);
                certificate_free(certificate);
                buffer_free(&made.certificate);
                buffer_free(&made.key);
        }
        certificate_set_free(&roots);
        issuer_free(issuer);
        buffer_free(&root.certificate);
        buffer_free(&root.key);
}

static void test_what_is_refused(void **state)
{
        static const char *const hosts[] = {"a.example,IP:192.0.2.1", "a example", "A.example", "a\n"};
        struct made root = {buffer_make(1 << 16), buffer_make(1 << 16)};
        struct issue_wish wish = {.use = ISSUE_TLS, .name = "one", .from_ms = NOW, .until_ms = NOW};
        struct issuer *issuer;
        struct error error = {0};

        (void)state;
        assert_int_equal(issuer_new("authority", NOW, NOW - 1, &issuer, &root.certificate, &root.key, &error),
                -EINVAL);
        assert_int_equal(
                issuer_new("authority", NOW, NOW + TIME_DAY, &issuer, &root.certificate, &root.key, &error),
                0);
        size_t before = root.certificate.length;
        assert_int_equal(issue_certificate(issuer, &wish, &root.certificate, &root.key, &error), -EINVAL);
        wish.until_ms = NOW + TIME_HOUR;
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
                wish.host = hosts[i];
                assert_int_equal(
                        issue_certificate(issuer, &wish, &root.certificate, &root.key, &error), -EINVAL);
        }
        assert_int_equal(root.certificate.length, before);
        issuer_free(issuer);
        buffer_free(&root.certificate);
        buffer_free(&root.key);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_serves_what_it_was_made_for),
                cmocka_unit_test(test_what_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
