/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/private_key.h"

#include "crypto/certificate_state.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_LEAST 2048
#define RSA_BITS_MOST 8192

/* Nobody is asked for a password: a service has nobody to ask. */
static int no_password(char *text, int size, int writing, void *context)
{
        (void)text, (void)size, (void)writing;
        *(bool *)context = true;
        return -1;
}

static bool known_kind(const EVP_PKEY *key)
{
        char group[32] = "";
        int bits = EVP_PKEY_get_bits(key);

        if (EVP_PKEY_is_a(key, "RSA"))
                return bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST;
        if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
                return false;
        return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ||
               strcmp(group, "secp521r1") == 0;
}

int private_key_parse(const void *bytes, size_t length, struct private_key_guard guard, const char *name,
        struct private_key **ret_key, struct error *error)
{
        bool asked = false;

        if (!guard.owned)
                return error_set(error, -EPERM,
                        "%s: belongs to another account; a private key must belong to the account that uses "
                        "it",
                        name);
        if (guard.mode & 077)
                return error_set(error, -EPERM,
                        "%s: others may read or change this private key (mode %04o); set it to 0600", name,
                        guard.mode & 07777);
        if (length > PRIVATE_KEY_BYTES_MAX)
                return error_set(error, -EBADMSG, "%s: too long for a private key", name);
        BIO *in = BIO_new_mem_buf(length > 0 ? bytes : "", (int)length);
        struct private_key *key = calloc(1, sizeof *key);
        if (!in || !key) {
                BIO_free(in);
                free(key);
                return error_set(error, -ENOMEM, "%s: out of memory", name);
        }
        key->key = PEM_read_bio_PrivateKey(in, NULL, no_password, &asked);
        BIO_free(in);
        ERR_clear_error();
        if (key->key && known_kind(key->key)) {
                *ret_key = key;
                return 0;
        }
        const char *reason =
                asked       ? "is encrypted; store it without a password, in a file only its user reads"
                : !key->key ? "holds no private key in PEM"
                            : "is neither EC (P-256, P-384, P-521) nor RSA of 2048 to 8192 bits";
        private_key_free(key);
        return error_set(error, -EBADMSG, "%s: %s", name, reason);
}

void private_key_free(struct private_key *key)
{
        if (!key)
                return;
        EVP_PKEY_free(key->key);
        private_key_leave_token(key);
        free(key);
}

bool private_key_fits(const struct private_key *key, const struct certificate *certificate)
{
        EVP_PKEY *public = X509_get0_pubkey(certificate->x509);
        bool fits = public && EVP_PKEY_eq(public, key->key) == 1;
        ERR_clear_error();
        return fits;
}
