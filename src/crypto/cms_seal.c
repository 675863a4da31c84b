/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/cms_seal.h"

#include "crypto/certificate_state.h"
#include "crypto/cms_shape.h"
#include "crypto/seal.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/ecdh.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* RSA keys by OAEP with SHA-256 in both places; EC keys by the key derivation of X9.63 with SHA-256, because
 * the library's own choices for both are of SHA-1 times. */
static bool strengthen(CMS_RecipientInfo *recipient, const EVP_PKEY *key)
{
        EVP_PKEY_CTX *context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
        if (!context)
                return false;
        if (EVP_PKEY_is_a(key, "RSA"))
                return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
        return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) == 1;
}

static bool can_receive(X509 *x509)
{
        EVP_PKEY *key = X509_get0_pubkey(x509);
        uint32_t keys = X509_get_extension_flags(x509) & EXFLAG_KUSAGE ? X509_get_key_usage(x509) : 0;

        return key && ((EVP_PKEY_is_a(key, "RSA") && keys & KU_KEY_ENCIPHERMENT) ||
                              (EVP_PKEY_is_a(key, "EC") && keys & KU_KEY_AGREEMENT));
}

static int add_recipients(
        CMS_ContentInfo *cms, const struct certificate *const *recipients, size_t count, struct error *error)
{
        for (size_t i = 0; i < count; i++) {
                X509 *x509 = recipients[i]->x509;
                if (!can_receive(x509))
                        return error_set(error, -EINVAL,
                                "The certificate of %s is not made to receive: it needs an EC key with the "
                                "usage "
                                "keyAgreement, or an RSA key with keyEncipherment",
                                recipients[i]->words.subject);
                CMS_RecipientInfo *one = CMS_add1_recipient_cert(cms, x509, CMS_KEY_PARAM);
                if (!one || !strengthen(one, X509_get0_pubkey(x509)))
                        return error_set(error, -EIO, "Nothing can be encrypted to %s: %s",
                                recipients[i]->words.subject, certificate_library_reason());
        }
        return 0;
}

int cms_seal(const void *plain, size_t length, const struct certificate *const *recipients, size_t count,
        struct buffer *ret_der, struct error *error)
{
        unsigned char *der = NULL;

        if (count == 0 || count > CMS_RECIPIENTS_MAX)
                return error_set(error, -EINVAL,
                        "Evidence is encrypted to 1 to %d recipients, and not to %zu", CMS_RECIPIENTS_MAX,
                        count);
        if (length > CMS_SEAL_BYTES_MAX)
                return error_set(
                        error, -EINVAL, "%zu bytes are too many to be encrypted in one piece", length);
        CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
        BIO *in = BIO_new_mem_buf(length > 0 ? plain : "", (int)length);
        int r = cms && in && CMS_set_detached(cms, 0) == 1 ? add_recipients(cms, recipients, count, error)
                                                           : error_set(error, -ENOMEM, "Out of memory");
        if (r == 0) {
                int der_length =
                        CMS_final(cms, in, NULL, CMS_BINARY) == 1 ? i2d_CMS_ContentInfo(cms, &der) : 0;
                r = der_length > 0 ? buffer_append(ret_der, der, (size_t)der_length)
                                   : error_set(error, -EIO, "Evidence could not be encrypted: %s",
                                             certificate_library_reason());
        }
        OPENSSL_free(der);
        BIO_free(in);
        CMS_ContentInfo_free(cms);
        ERR_clear_error();
        return r;
}

/* ---- opening ---- */

/* Reads all through the chain of BIOs into quarantine. The tag is judged at its end: where the cipher says
 * that it failed, the last read does. */
static int drain(CMS_ContentInfo *cms, struct cms_plaintext *quarantine, size_t room)
{
        BIO *chain = CMS_dataInit(cms, NULL), *cipher;
        int got = 0, r = -EBADMSG;

        if (!chain)
                return -EBADMSG;
        while (quarantine->length < room) {
                size_t left = room - quarantine->length;
                got = BIO_read(
                        chain, quarantine->bytes + quarantine->length, left < INT_MAX ? (int)left : INT_MAX);
                if (got <= 0)
                        break;
                quarantine->length += (size_t)got;
        }
        cipher = BIO_find_type(chain, BIO_TYPE_CIPHER);
        /* room is a byte more than there is plaintext, so that the end was read. */
        if (got <= 0 && cipher && BIO_get_cipher_status(cipher) == 1 && quarantine->length == room - 1)
                r = 0;
        BIO_free_all(chain);
        return r;
}

/* Is one of the recipients this certificate? Asked before decrypting, because the library tries a key on
 * recipients that it does not belong to. */
static bool is_recipient(CMS_ContentInfo *cms, X509 *x509)
{
        STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);

        for (int i = 0; all && i < sk_CMS_RecipientInfo_num(all); i++) {
                CMS_RecipientInfo *one = sk_CMS_RecipientInfo_value(all, i);
                if (CMS_RecipientInfo_type(one) == CMS_RECIPINFO_TRANS &&
                        CMS_RecipientInfo_ktri_cert_cmp(one, x509) == 0)
                        return true;
                if (CMS_RecipientInfo_type(one) != CMS_RECIPINFO_AGREE)
                        continue;
                STACK_OF(CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks(one);
                for (int k = 0; keys && k < sk_CMS_RecipientEncryptedKey_num(keys); k++)
                        if (CMS_RecipientEncryptedKey_cert_cmp(
                                    sk_CMS_RecipientEncryptedKey_value(keys, k), x509) == 0)
                                return true;
        }
        return false;
}

static int decrypt(CMS_ContentInfo *cms, const struct private_key *key, const struct certificate *certificate,
        size_t length, const char *place, struct findings *findings, struct cms_plaintext *quarantine)
{
        if (!is_recipient(cms, certificate->x509)) {
                (void)findings_refuse(findings, "sealed-to-others", place,
                        "This is encrypted to others: the certificate of %s is not among the recipients",
                        certificate->words.subject);
                return -EKEYREJECTED;
        }
        if (CMS_decrypt_set1_pkey(cms, key->key, certificate->x509) == 1 &&
                drain(cms, quarantine, length + 1) == 0)
                return 0;
        if (private_key_trouble(key)) {
                (void)findings_refuse(findings, "token-failed", place, "%s", private_key_trouble(key));
                return -EIO;
        }
        return findings_refuse(findings, "sealed-not-genuine", place,
                "This was changed on its way, or the key does not fit: its authentication fails, and nothing "
                "of "
                "it is given out");
}

int cms_open(const void *der, size_t length, const struct private_key *key,
        const struct certificate *certificate, const char *place, struct findings *findings,
        struct cms_plaintext *ret_plain)
{
        struct cms_sealed shape;
        int r = cms_shape_sealed(der, length, place, findings, &shape);
        if (r < 0)
                return r;
        const uint8_t *at = der;
        struct cms_plaintext quarantine = {.bytes = malloc(shape.length + 1)};
        if (!quarantine.bytes)
                return -ENOMEM;
        CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)length);
        if (!cms || at != (const uint8_t *)der + length)
                r = findings_refuse(
                        findings, "cms-malformed", place, "The encrypted message is not readable");
        else
                r = decrypt(cms, key, certificate, shape.length, place, findings, &quarantine);
        CMS_ContentInfo_free(cms);
        ERR_clear_error();
        if (r < 0) {
                seal_wipe(quarantine.bytes, shape.length + 1);
                free(quarantine.bytes);
                return r;
        }
        findings_add(findings, FINDING_HELD, "sealed-genuine", place,
                "This was encrypted to %s and not changed since: AES-256-GCM, %zu bytes",
                certificate->words.subject, quarantine.length);
        *ret_plain = quarantine;
        return 0;
}

void cms_plaintext_free(struct cms_plaintext *plain)
{
        if (plain->bytes)
                seal_wipe(plain->bytes, plain->length);
        free(plain->bytes);
        *plain = (struct cms_plaintext){0};
}
