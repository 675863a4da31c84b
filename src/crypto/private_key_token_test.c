/* SPDX-License-Identifier: EUPL-1.2 */
/* A token that is played by a key in memory: what is asked for goes to it, and comes back as it is needed. */
#include "crypto/private_key.h"

#include "crypto/authority_test.h"
#include "crypto/cms_seal.h"
#include "crypto/cms_sign.h"
#include "crypto/cms_verify.h"

#include <openssl/ecdsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct played {
        EVP_PKEY *key;
        size_t signed_count, agreed_count, closed;
        bool broken;
};

static int play_sign(void *context, const uint8_t *digest, size_t length, size_t size, uint8_t *ret_signature,
        struct error *error)
{
        struct played *token = context;
        EVP_PKEY_CTX *signing = EVP_PKEY_CTX_new(token->key, NULL);
        uint8_t der[256];
        const uint8_t *at = der;
        size_t der_length = sizeof der;

        token->signed_count++;
        if (token->broken) {
                EVP_PKEY_CTX_free(signing);
                return error_set(error, -EIO, "the token was taken out");
        }
        authority_must(EVP_PKEY_sign_init(signing) == 1 &&
                       EVP_PKEY_sign(signing, der, &der_length, digest, length) == 1);
        ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der_length);
        authority_must(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, (int)size) > 0);
        authority_must(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + size, (int)size) > 0);
        ECDSA_SIG_free(signature);
        EVP_PKEY_CTX_free(signing);
        return 0;
}

static int play_agree(void *context, const uint8_t *point, size_t length, size_t size, uint8_t *ret_secret,
        struct error *error)
{
        struct played *token = context;
        EVP_PKEY *peer = EVP_PKEY_new();
        EVP_PKEY_CTX *agreeing = EVP_PKEY_CTX_new(token->key, NULL);
        size_t got = size;

        token->agreed_count++;
        authority_must(EVP_PKEY_copy_parameters(peer, token->key) == 1 &&
                       EVP_PKEY_set1_encoded_public_key(peer, point, length) == 1);
        authority_must(EVP_PKEY_derive_init(agreeing) == 1 && EVP_PKEY_derive_set_peer(agreeing, peer) == 1 &&
                       EVP_PKEY_derive(agreeing, ret_secret, &got) == 1 && got == size);
        EVP_PKEY_CTX_free(agreeing);
        EVP_PKEY_free(peer);
        return token->broken ? error_set(error, -EIO, "the token was taken out") : 0;
}

static void test_a_token_signs(void **state)
{
        static const char *const kinds[] = {"P-256", "P-384", "P-521"};
        struct error error = {0};

        (void)state;
        for (size_t i = 0; i < 3; i++) {
                struct party party = party_seal("seal", kinds[i], NULL);
                struct played token = {.key = party.key->key};
                struct private_key_token asked = {.sign = play_sign, .context = &token};
                struct certificate_set pinned = {0};
                struct cms_trust trust = {.signers = &pinned, .instant_ms = AUTHORITY_NOW};
                struct buffer der = buffer_make(1 << 20);
                struct findings findings = {0};
                struct cms_signature signature;
                struct private_key *key = NULL;

                assert_int_equal(certificate_set_add(&pinned, party.certificate), 0);
                assert_int_equal(private_key_in_token(party.certificate, &asked, &key, &error), 0);
                assert_true(private_key_fits(key, party.certificate));
                assert_int_equal(
                        cms_sign(key, party.certificate, NULL, "x", 1, AUTHORITY_NOW, &der, &error), 0);
                assert_int_equal(token.signed_count, 1);
                assert_int_equal(
                        cms_verify(der.bytes, der.length, "x", 1, &trust, "s", &findings, &signature), 0);
                cms_signature_clear(&signature);
                buffer_clear(&der);
                token.broken = true;
                assert_int_equal(
                        cms_sign(key, party.certificate, NULL, "x", 1, AUTHORITY_NOW, &der, &error), -EIO);
                assert_non_null(strstr(error.text, "the token was taken out"));
                assert_string_equal(private_key_trouble(key), "the token was taken out");
                assert_int_equal(der.length, 0);
                private_key_free(key);
                findings_free(&findings);
                certificate_set_free(&pinned);
                buffer_free(&der);
                party_free(&party);
        }
}

static void test_a_token_opens_evidence(void **state)
{
        struct party party = party_receiver("receiver", "P-256", NULL);
        struct played token = {.key = party.key->key};
        struct private_key_token asked = {.sign = play_sign, .agree = play_agree, .context = &token};
        const struct certificate *recipients[] = {party.certificate};
        struct buffer der = buffer_make(1 << 20);
        struct findings findings = {0};
        struct cms_plaintext plain = {0};
        struct private_key *key = NULL;
        struct error error = {0};

        (void)state;
        assert_int_equal(cms_seal("evidence", 8, recipients, 1, &der, &error), 0);
        assert_int_equal(private_key_in_token(party.certificate, &asked, &key, &error), 0);
        assert_int_equal(cms_open(der.bytes, der.length, key, party.certificate, "e", &findings, &plain), 0);
        assert_memory_equal(plain.bytes, "evidence", 8);
        assert_int_equal(token.agreed_count, 1);
        cms_plaintext_free(&plain);
        token.broken = true;
        assert_int_equal(
                cms_open(der.bytes, der.length, key, party.certificate, "e", &findings, &plain), -EIO);
        assert_null(plain.bytes);
        assert_string_equal(findings.list[findings.count - 1].sentence, "the token was taken out");
        private_key_free(key);
        findings_free(&findings);
        buffer_free(&der);
        party_free(&party);
}

static void play_close(void *context)
{
        ((struct played *)context)->closed++;
}

static void test_a_token_with_another_key_is_found_out(void **state)
{
        static const enum private_key_use uses[] = {PRIVATE_KEY_SIGNS, PRIVATE_KEY_AGREES};
        struct party party = party_receiver("receiver", "P-256", NULL),
                     other = party_receiver("other", "P-256", NULL);
        struct error error = {0};

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct played token = {.key = party.key->key};
                struct private_key_token asked = {
                        .sign = play_sign, .agree = play_agree, .close = play_close, .context = &token};
                struct private_key *key = NULL;

                assert_int_equal(private_key_in_token(party.certificate, &asked, &key, &error), 0);
                assert_int_equal(private_key_prove(key, uses[i], &error), 0);
                assert_null(private_key_trouble(key));
                token.key = other.key->key;
                assert_int_equal(private_key_prove(key, uses[i], &error), -EKEYREJECTED);
                assert_non_null(strstr(error.text, "not that of the certificate"));
                token.broken = true;
                assert_int_equal(private_key_prove(key, uses[i], &error), -EIO);
                assert_non_null(strstr(error.text, "the token was taken out"));
                private_key_free(key);
                assert_int_equal(token.closed, 1);
                assert_int_equal(private_key_prove(party.key, uses[i], &error), 0);
        }
        party_free(&party);
        party_free(&other);
}

static void test_rsa_stays_in_files(void **state)
{
        struct party party = party_seal("seal", "RSA", NULL);
        struct private_key_token asked = {.sign = play_sign};
        struct private_key *key = NULL;
        struct error error = {0};

        (void)state;
        assert_int_equal(private_key_in_token(party.certificate, &asked, &key, &error), -EINVAL);
        assert_non_null(strstr(error.text, "CN=seal"));
        party_free(&party);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_token_signs),
                cmocka_unit_test(test_a_token_opens_evidence),
                cmocka_unit_test(test_a_token_with_another_key_is_found_out),
                cmocka_unit_test(test_rsa_stays_in_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
