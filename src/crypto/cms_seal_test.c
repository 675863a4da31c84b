/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/cms_seal.h"

#include "crypto/authority_test.h"
#include "crypto/cms_shape.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct party root, ec, rsa, other, seal;

static int make_parties(void **state)
{
        (void)state;
        root = party_authority("Root", NULL);
        ec = party_receiver("ec receiver", "P-256", &root);
        rsa = party_receiver("rsa receiver", "RSA", &root);
        other = party_receiver("relay", "P-384", &root);
        seal = party_seal("seal", "P-256", &root);
        return 0;
}

static int free_parties(void **state)
{
        struct party *all[] = {&root, &ec, &rsa, &other, &seal};

        (void)state;
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                party_free(all[i]);
        return 0;
}

static struct buffer sealed(const void *plain, size_t length)
{
        const struct certificate *recipients[] = {ec.certificate, rsa.certificate};
        struct buffer der = buffer_make(16 << 20);
        struct error error = {0};
        authority_must(cms_seal(plain, length, recipients, 2, &der, &error) == 0);
        return der;
}

static int open_as(const struct party *party, const void *der, size_t length, struct cms_plaintext *ret_plain,
        const char **ret_code)
{
        struct findings findings = {0};
        int r = cms_open(der, length, party->key, party->certificate, "evidence.p7m", &findings, ret_plain);
        assert_int_equal(r == 0, findings_hold(&findings));
        *ret_code = findings.count > 0 ? findings.list[findings.count - 1].code : "";
        findings_free(&findings);
        return r;
}

static void test_every_recipient_opens(void **state)
{
        const struct party *parties[] = {&ec, &rsa};
        static const size_t lengths[] = {0, 1, 100, 3000000};
        uint8_t *plain = calloc(1, lengths[3]);
        const char *code;

        (void)state;
        for (size_t i = 0; i < lengths[3]; i++)
                plain[i] = (uint8_t)(i * 7 + (i >> 8));
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
                struct buffer der = sealed(plain, lengths[l]);
                for (size_t i = 0; i < 2; i++) {
                        struct cms_plaintext opened = {0};
                        assert_int_equal(open_as(parties[i], der.bytes, der.length, &opened, &code), 0);
                        assert_int_equal(opened.length, lengths[l]);
                        assert_memory_equal(opened.bytes, plain, lengths[l]);
                        cms_plaintext_free(&opened);
                }
                buffer_free(&der);
        }
        free(plain);
}

static bool contains(const struct buffer *buffer, const char *text)
{
        return memmem(buffer->bytes, buffer->length, text, strlen(text)) != NULL;
}

/* A relay has the message, its own key and any certificate, and gets nothing of it. */
static void requirement_19_evidence_is_encrypted_to_its_recipient(void **state)
{
        static const char secret[] = "subscriber 4711, Example Street 1";
        struct buffer der = sealed(secret, sizeof secret - 1);
        struct cms_plaintext opened = {0};
        struct findings findings = {0};
        const char *code;

        (void)state;
        assert_false(contains(&der, "4711"));
        assert_int_equal(open_as(&other, der.bytes, der.length, &opened, &code), -EKEYREJECTED);
        assert_string_equal(code, "sealed-to-others");
        /* with the recipient's certificate, which is no secret, and a key of its own */
        assert_true(cms_open(der.bytes, der.length, other.key, ec.certificate, "e", &findings, &opened) < 0);
        assert_true(cms_open(der.bytes, der.length, ec.key, rsa.certificate, "e", &findings, &opened) < 0);
        assert_null(opened.bytes);
        findings_free(&findings);
        buffer_free(&der);
}

static void test_no_changed_byte_opens(void **state)
{
        static const char secret[] = "what nobody may change";
        struct buffer der = sealed(secret, sizeof secret - 1);
        size_t opened_all = 0;
        const char *code;

        (void)state;
        for (size_t i = 0; i < der.length; i++) {
                struct cms_plaintext opened = {0};
                der.bytes[i] ^= 1;
                /* What is changed in another recipient's part does not concern this one; the plaintext is
                 * genuine. */
                if (open_as(&ec, der.bytes, der.length, &opened, &code) == 0) {
                        assert_int_equal(opened.length, sizeof secret - 1);
                        assert_memory_equal(opened.bytes, secret, opened.length);
                        cms_plaintext_free(&opened);
                        opened_all++;
                } else {
                        assert_null(opened.bytes);
                }
                der.bytes[i] ^= 1;
        }
        assert_true(opened_all < der.length * 7 / 10);
        /* the encrypted content and its tag stand at the end */
        for (size_t i = der.length - 16 - 2 - (sizeof secret - 1); i < der.length; i++) {
                struct cms_plaintext opened = {0};
                der.bytes[i] ^= 0x10;
                assert_true(open_as(&ec, der.bytes, der.length, &opened, &code) < 0);
                assert_true(open_as(&rsa, der.bytes, der.length, &opened, &code) < 0);
                der.bytes[i] ^= 0x10;
        }
        buffer_free(&der);
}

static void test_what_proves_nothing_is_refused(void **state)
{
        struct cms_plaintext opened = {0};
        const char *code;

        (void)state;
        for (int kind = 0; kind < 3; kind++) {
                BIO *in = BIO_new_mem_buf("plain", 5);
                STACK_OF(X509) *to = sk_X509_new_null();
                unsigned char *der = NULL;
                (void)sk_X509_push(to, kind == 2 ? rsa.certificate->x509 : ec.certificate->x509);
                const EVP_CIPHER *cipher = kind == 0   ? EVP_aes_256_cbc()
                                           : kind == 1 ? EVP_aes_128_gcm()
                                                       : EVP_aes_256_gcm(); /* RSA by PKCS#1 v1.5 */
                CMS_ContentInfo *cms = CMS_encrypt(to, in, cipher, CMS_BINARY);
                int length = i2d_CMS_ContentInfo(cms, &der);
                assert_int_equal(
                        open_as(kind == 2 ? &rsa : &ec, der, (size_t)length, &opened, &code), -EBADMSG);
                assert_string_equal(code, kind == 0 ? "cms-unauthenticated" : "cms-malformed");
                assert_null(opened.bytes);
                OPENSSL_free(der);
                CMS_ContentInfo_free(cms);
                sk_X509_free(to);
                BIO_free(in);
        }
}

static void test_only_to_who_can_receive(void **state)
{
        const struct certificate *recipients[] = {ec.certificate, seal.certificate};
        struct buffer der = buffer_make(1 << 20);
        struct error error = {0};

        (void)state;
        assert_int_equal(cms_seal("x", 1, recipients, 2, &der, &error), -EINVAL);
        assert_non_null(strstr(error.text, "CN=seal"));
        assert_int_equal(cms_seal("x", 1, recipients, 0, &der, &error), -EINVAL);
        assert_int_equal(der.length, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_recipient_opens),
                cmocka_unit_test(requirement_19_evidence_is_encrypted_to_its_recipient),
                cmocka_unit_test(test_no_changed_byte_opens),
                cmocka_unit_test(test_what_proves_nothing_is_refused),
                cmocka_unit_test(test_only_to_who_can_receive),
        };
        return cmocka_run_group_tests(tests, make_parties, free_parties);
}
