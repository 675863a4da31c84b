/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing and verifying belong together: what is signed verifies, and nothing else does. */
#include "crypto/cms_sign.h"
#include "crypto/cms_verify.h"

#include "crypto/authority_test.h"
#include "crypto/cms_shape.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct party root, middle, seal, rsa, stranger, stamps;
static struct certificate_set pinned, services, between;

static const char content[] = "<manifest/>\r\nwith lines\n"; /* which S/MIME would rewrite */

static int make_parties(void **state)
{
        (void)state;
        root = party_authority("Root", NULL);
        middle = party_authority("Between", &root);
        seal = party_seal("seal", "P-256", &middle);
        rsa = party_seal("rsa seal", "RSA", &middle);
        stranger = party_seal("seal", "P-256", NULL);
        stamps = party_timestamps("timestamps", &root);
        authority_must(certificate_set_add(&pinned, root.certificate) == 0);
        authority_must(certificate_set_add(&between, middle.certificate) == 0);
        authority_must(certificate_set_add(&services, stamps.certificate) == 0);
        return 0;
}

static int free_parties(void **state)
{
        struct party *all[] = {&root, &middle, &seal, &rsa, &stranger, &stamps};

        (void)state;
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                party_free(all[i]);
        certificate_set_free(&pinned);
        certificate_set_free(&services);
        certificate_set_free(&between);
        return 0;
}

static struct cms_trust usual(void)
{
        return (struct cms_trust){
                .signers = &pinned, .timestamps = &services, .instant_ms = AUTHORITY_NOW + TIME_HOUR};
}

static struct buffer sign(const struct party *party)
{
        struct buffer der = buffer_make(1 << 20);
        struct error error = {0};
        authority_must(cms_sign(party->key, party->certificate, &between, content, sizeof content - 1,
                               AUTHORITY_NOW, &der, &error) == 0);
        return der;
}

/* Verifies; the code of the first fatal finding, or "" where it holds. */
static const char *verdict(const struct buffer *der, const void *over, size_t length,
        const struct cms_trust *trust, struct cms_signature *ret_signature)
{
        struct findings findings = {0};
        struct cms_signature signature = {.proven_ms = TIME_UNKNOWN};
        const char *code = "";
        int r = cms_verify(
                der->bytes, der->length, over, length, trust, "signature.p7s", &findings, &signature);

        assert_int_equal(r == 0, findings_hold(&findings));
        for (size_t i = 0; i < findings.count && code[0] == '\0'; i++)
                if (findings.list[i].weight == FINDING_FATAL)
                        code = findings.list[i].code;
        if (ret_signature)
                *ret_signature = signature;
        else
                cms_signature_clear(&signature);
        findings_free(&findings);
        return code;
}

static void test_what_is_signed_verifies(void **state)
{
        const struct party *parties[] = {&seal, &rsa};

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct cms_trust trust = usual();
                struct cms_signature signature;
                struct buffer der = sign(parties[i]);
                assert_string_equal(verdict(&der, content, sizeof content - 1, &trust, &signature), "");
                assert_true(certificate_same(signature.signer, parties[i]->certificate));
                assert_int_equal(signature.stated_ms, AUTHORITY_NOW);
                assert_int_equal(signature.proven_ms, TIME_UNKNOWN);
                assert_string_equal(signature.algorithm, i == 0 ? "ECDSA" : "RSASSA-PSS");
                cms_signature_clear(&signature);
                assert_string_equal(
                        verdict(&der, "something else", 14, &trust, NULL), "message-digest-differs");
                trust.timestamp_required = true;
                assert_string_equal(
                        verdict(&der, content, sizeof content - 1, &trust, NULL), "timestamp-missing");
                buffer_free(&der);
        }
}

static void test_strangers_and_times_are_refused(void **state)
{
        struct cms_trust trust = usual();
        struct buffer der = sign(&stranger), good = sign(&seal);

        (void)state;
        assert_string_equal(
                verdict(&der, content, sizeof content - 1, &trust, NULL), "certificate-not-trusted");
        trust.instant_ms = AUTHORITY_UNTIL + TIME_DAY;
        assert_string_equal(
                verdict(&good, content, sizeof content - 1, &trust, NULL), "certificate-not-valid");
        buffer_free(&der);
        buffer_free(&good);
}

static void test_only_a_fitting_valid_certificate_signs(void **state)
{
        struct buffer der = buffer_make(1 << 20);
        struct error error = {0};

        (void)state;
        assert_int_equal(
                cms_sign(seal.key, rsa.certificate, NULL, "x", 1, AUTHORITY_NOW, &der, &error), -EINVAL);
        assert_int_equal(
                cms_sign(seal.key, seal.certificate, NULL, "x", 1, AUTHORITY_UNTIL + TIME_DAY, &der, &error),
                -EINVAL);
        assert_int_equal(der.length, 0);
}

static void test_a_timestamp_proves_when(void **state)
{
        struct cms_trust trust = usual();
        struct cms_signature signature;
        struct buffer der = sign(&seal), stamped = buffer_make(1 << 20), again = buffer_make(1 << 20);
        struct error error = {0};

        (void)state;
        timestamps_put(&stamps, &der, AUTHORITY_NOW + TIME_MINUTE, &stamped);
        trust.timestamp_required = true;
        /* long after the certificates have ended */
        trust.instant_ms = AUTHORITY_UNTIL + 1000 * TIME_DAY;
        assert_string_equal(verdict(&stamped, content, sizeof content - 1, &trust, &signature), "");
        assert_int_equal(signature.proven_ms, AUTHORITY_NOW + TIME_MINUTE);
        cms_signature_clear(&signature);
        assert_int_equal(timestamp_attach(stamped.bytes, stamped.length, "0", 1, &again, &error), -EEXIST);
        trust.timestamps = NULL;
        assert_string_equal(
                verdict(&stamped, content, sizeof content - 1, &trust, NULL), "timestamp-not-believed");
        trust.timestamps = &between; /* pinned, but not this one */
        assert_string_equal(
                verdict(&stamped, content, sizeof content - 1, &trust, NULL), "timestamp-not-genuine");
        trust = usual();
        trust.instant_ms = AUTHORITY_NOW - TIME_DAY;
        assert_string_equal(verdict(&stamped, content, sizeof content - 1, &trust, NULL), "timestamp-ahead");
        buffer_free(&der);
        buffer_free(&stamped);
}

static void test_a_timestamp_of_something_else_is_refused(void **state)
{
        struct cms_trust trust = usual();
        struct buffer one = sign(&seal), other = sign(&seal), request = buffer_make(1 << 20);
        struct buffer response = buffer_make(1 << 20), token = buffer_make(1 << 20),
                      put = buffer_make(1 << 20);
        const uint8_t *value;
        size_t length;
        struct error error = {0};
        static const uint8_t nonce[TIMESTAMP_NONCE_BYTES] = {9}, another[TIMESTAMP_NONCE_BYTES] = {8};

        (void)state;
        assert_int_equal(timestamp_signature_value(other.bytes, other.length, &value, &length), 0);
        assert_int_equal(timestamp_request(value, length, nonce, &request), 0);
        timestamps_answer(&stamps, &request, AUTHORITY_NOW, &response);
        /* an answer to another request: the nonce differs */
        struct buffer unasked = buffer_make(1 << 20);
        assert_int_equal(timestamp_request(value, length, another, &unasked), 0);
        assert_int_equal(timestamp_accept(unasked.bytes, unasked.length, response.bytes, response.length,
                                 &token, &error),
                -EBADMSG);
        assert_int_equal(timestamp_accept(request.bytes, request.length, response.bytes, response.length,
                                 &token, &error),
                0);
        assert_int_equal(timestamp_attach(one.bytes, one.length, token.bytes, token.length, &put, &error), 0);
        assert_string_equal(
                verdict(&put, content, sizeof content - 1, &trust, NULL), "timestamp-not-genuine");
        struct buffer *all[] = {&one, &other, &request, &response, &token, &put, &unasked};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                buffer_free(all[i]);
}

static void test_a_declined_timestamp_is_told_in_its_words(void **state)
{
        struct buffer request = buffer_make(1 << 10), response = buffer_make(1 << 20),
                      token = buffer_make(1 << 20);
        struct error error = {0};
        static const uint8_t nonce[TIMESTAMP_NONCE_BYTES] = {1}, garbage[] = {0x30, 0x03, 0x02, 0x01, 0x05};
        struct buffer bad = buffer_make(64);

        (void)state;
        assert_int_equal(timestamp_request("x", 1, nonce, &request), 0);
        assert_int_equal(buffer_append(&bad, garbage, sizeof garbage), 0);
        timestamps_answer(&stamps, &bad, AUTHORITY_NOW, &response);
        assert_int_equal(timestamp_accept(request.bytes, request.length, response.bytes, response.length,
                                 &token, &error),
                -EBADMSG);
        assert_non_null(strstr(error.text, "declined"));
        /* In words that a terminal or JSON would take for something else. */
        buffer_clear(&response);
        timestamps_decline("busy\x1b[2J\n\xff\xfe now", 15, &response);
        assert_int_equal(timestamp_accept(request.bytes, request.length, response.bytes, response.length,
                                 &token, &error),
                -EBADMSG);
        if (!strstr(error.text, "declined (status 2): busy?[2J??? now"))
                fail_msg("%s", error.text);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&bad);
}

/* What OpenSSL verifies with CMS_CADES though nothing says what was signed. */
static void test_a_signature_without_signed_attributes_is_refused(void **state)
{
        static const struct {
                unsigned int flags;
                const char *code;
        } cases[] = {
                {CMS_NOATTR, "signed-attributes-missing"},
                {0, "signing-certificate-attribute"}, /* CMS, but not CAdES */
                {CMS_CADES | CMS_USE_KEYID, ""},
        };
        struct cms_trust trust = usual();

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                BIO *in = BIO_new_mem_buf(content, sizeof content - 1);
                CMS_ContentInfo *cms =
                        CMS_sign(NULL, NULL, NULL, NULL, CMS_BINARY | CMS_DETACHED | CMS_PARTIAL);
                struct buffer der = buffer_make(1 << 20);
                unsigned char *bytes = NULL;
                assert_non_null(CMS_add1_signer(cms, seal.certificate->x509, seal.key->key, EVP_sha256(),
                        CMS_BINARY | CMS_NOSMIMECAP | cases[i].flags));
                assert_int_equal(CMS_add1_cert(cms, middle.certificate->x509), 1);
                assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY | CMS_DETACHED), 1);
                int length = i2d_CMS_ContentInfo(cms, &bytes);
                assert_int_equal(buffer_append(&der, bytes, (size_t)length), 0);
                trust.instant_ms = AUTHORITY_NOW;
                assert_string_equal(verdict(&der, content, sizeof content - 1, &trust, NULL), cases[i].code);
                OPENSSL_free(bytes);
                CMS_ContentInfo_free(cms);
                BIO_free(in);
                buffer_free(&der);
        }
}

/* Every byte, changed in three ways: nothing but the genuine one verifies. */
static void check_changes(const struct party *party)
{
        static const uint8_t changes[] = {0x01, 0x80, 0xff};
        struct cms_trust trust = usual();
        struct buffer der = sign(party), stamped = buffer_make(1 << 20);

        timestamps_put(&stamps, &der, AUTHORITY_NOW, &stamped);
        trust.timestamp_required = true;
        assert_string_equal(verdict(&stamped, content, sizeof content - 1, &trust, NULL), "");
        for (size_t i = 0; i < stamped.length; i++) {
                for (size_t c = 0; c < sizeof changes; c++) {
                        stamped.bytes[i] ^= changes[c];
                        if (strcmp(verdict(&stamped, content, sizeof content - 1, &trust, NULL), "") == 0)
                                fail_msg("byte %zu of %zu changed by %02x still verifies", i, stamped.length,
                                        changes[c]);
                        stamped.bytes[i] ^= changes[c];
                }
        }
        for (size_t cut = 0; cut < stamped.length; cut += 7) {
                struct buffer part = stamped;
                part.length = cut;
                assert_string_not_equal(verdict(&part, content, sizeof content - 1, &trust, NULL), "");
        }
        assert_int_equal(buffer_append_u8(&stamped, 0), 0);
        assert_string_equal(verdict(&stamped, content, sizeof content - 1, &trust, NULL), "cms-malformed");
        buffer_free(&der);
        buffer_free(&stamped);
}

static void test_no_changed_byte_verifies(void **state)
{
        (void)state;
        check_changes(&seal);
        check_changes(&rsa);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_signed_verifies),
                cmocka_unit_test(test_strangers_and_times_are_refused),
                cmocka_unit_test(test_only_a_fitting_valid_certificate_signs),
                cmocka_unit_test(test_a_timestamp_proves_when),
                cmocka_unit_test(test_a_timestamp_of_something_else_is_refused),
                cmocka_unit_test(test_a_declined_timestamp_is_told_in_its_words),
                cmocka_unit_test(test_a_signature_without_signed_attributes_is_refused),
                cmocka_unit_test(test_no_changed_byte_verifies),
        };
        return cmocka_run_group_tests(tests, make_parties, free_parties);
}
