/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/token_private.h"

#include "os/token_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define POINT_MAX 133               /* 04 x y of P-521 */
#define WRAPPED_MAX (POINT_MAX + 3) /* the same in DER */
#define OCTET_STRING 0x04

struct token_private {
        struct token *token;
        CK_OBJECT_HANDLE handle;
        pid_t process; /* that opened it */
        /* To begin anew with. */
        char module[PATH_MAX], name[80], object[80], pin_file[PATH_MAX];
};

static struct token_place place_of(const struct token_private *key)
{
        return (struct token_place){key->module, key->name, key->object, key->pin_file};
}

/* ---- finding ---- */

static bool says(const struct token *token, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE which, bool otherwise)
{
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE wanted = {which, &value, sizeof value};

        return token->module->C_GetAttributeValue(token->session, handle, &wanted, 1) == CKR_OK
                       ? value == CK_TRUE
                       : otherwise;
}

/* A key that can be read, or wrapped and taken away, is no better than one in a file. */
static int check_key(const struct token *token, CK_OBJECT_HANDLE handle, struct error *error)
{
        CK_KEY_TYPE type = CK_UNAVAILABLE_INFORMATION;
        CK_ATTRIBUTE wanted = {CKA_KEY_TYPE, &type, sizeof type};

        CK_RV code = token->module->C_GetAttributeValue(token->session, handle, &wanted, 1);
        if (code != CKR_OK)
                return token_failed(token, "a key does not say of what kind it is", code, error);
        if (type != CKK_EC)
                return error_set(error, -EKEYREJECTED,
                        "token %s: the private key %s is no EC key; in tokens only EC keys are used",
                        token->name, token->object);
        if (!says(token, handle, CKA_SENSITIVE, false) || says(token, handle, CKA_EXTRACTABLE, true))
                return error_set(error, -EKEYREJECTED,
                        "token %s: the private key %s can be taken out of the token; make or import it so "
                        "that it cannot (CKA_SENSITIVE, not CKA_EXTRACTABLE)",
                        token->name, token->object);
        if (says(token, handle, CKA_ALWAYS_AUTHENTICATE, false))
                return error_set(error, -EKEYREJECTED,
                        "token %s: the private key %s wants the PIN for every single use, which nobody "
                        "enters at a node; make one without that (CKA_ALWAYS_AUTHENTICATE)",
                        token->name, token->object);
        return 0;
}

static int find_key(const struct token *token, CK_OBJECT_HANDLE *ret_handle, struct error *error)
{
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_BBOOL yes = CK_TRUE;
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes},
                {CKA_LABEL, (void *)(uintptr_t)token->object, strlen(token->object)}};
        CK_OBJECT_HANDLE found[2];
        CK_ULONG count = 0;

        CK_RV code = token->module->C_FindObjectsInit(token->session, wanted, sizeof wanted / sizeof *wanted);
        if (code == CKR_OK) {
                code = token->module->C_FindObjects(token->session, found, 2, &count);
                (void)token->module->C_FindObjectsFinal(token->session);
        }
        if (code != CKR_OK)
                return token_failed(token, "its keys cannot be looked for", code, error);
        if (count == 0)
                return error_set(error, -ENOENT,
                        "token %s: has no private key labelled \"%s\" (object= of the URI)", token->name,
                        token->object);
        if (count > 1)
                return error_set(error, -ENOTUNIQ,
                        "token %s: several private keys are labelled \"%s\"; give each a label of its own",
                        token->name, token->object);
        *ret_handle = found[0];
        return check_key(token, found[0], error);
}

/* ---- opening ---- */

static int begin(struct token_private *key, struct error *error)
{
        struct token_place place = place_of(key);

        int r = token_open(&place, false, &key->token, error);
        if (r < 0)
                return r;
        key->process = getpid();
        r = find_key(key->token, &key->handle, error);
        /* Other processes log in too; each use takes the lock again. */
        token_unlock(key->token);
        if (r < 0) {
                token_close(key->token);
                key->token = NULL; /* the next use begins anew */
        }
        return r;
}

int token_private_open(const struct token_place *place, struct token_private **ret_key, struct error *error)
{
        struct token_private *key = calloc(1, sizeof *key);

        if (!key)
                return error_set(error, -ENOMEM, "token %s: not enough memory", place->token);
        memcpy(key->module, place->module, strnlen(place->module, sizeof key->module - 1));
        memcpy(key->name, place->token, strnlen(place->token, sizeof key->name - 1));
        memcpy(key->object, place->object, strnlen(place->object, sizeof key->object - 1));
        memcpy(key->pin_file, place->pin_file, strnlen(place->pin_file, sizeof key->pin_file - 1));
        int r = begin(key, error);
        if (r < 0)
                token_private_close(key);
        else
                *ret_key = key;
        return r;
}

void token_private_close(struct token_private *key)
{
        if (!key)
                return;
        token_close(key->token);
        free(key);
}

/* Begins anew where this is another process than the one that opened the key. */
static int renew(struct token_private *key, struct error *error)
{
        if (key->token && key->process == getpid())
                return 0;
        /* What the parent began is the parent's: this process only lets go of its copy. */
        token_close(key->token);
        key->token = NULL;
        return begin(key, error);
}

/* ---- using ---- */

static int begin_use(struct token_private *key, struct error *error)
{
        int r = renew(key, error);

        return r < 0 ? r : token_lock(key->token, LOCK_SH, error);
}

int token_private_sign(struct token_private *key, const uint8_t *digest, size_t length, size_t size,
        uint8_t *ret_signature, struct error *error)
{
        CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
        uint8_t given[64];
        CK_ULONG got = 2 * size;

        if (length > sizeof given)
                return error_set(
                        error, -EINVAL, "token %s: a digest of %zu bytes is not signed", key->name, length);
        memcpy(given, digest, length);
        int r = begin_use(key, error);
        if (r < 0)
                return r;
        struct token *token = key->token;
        CK_RV code = token->module->C_SignInit(token->session, &mechanism, key->handle);
        if (code == CKR_OK)
                code = token->module->C_Sign(token->session, given, length, ret_signature, &got);
        token_unlock(token);
        if (code != CKR_OK)
                return token_failed(token, "it does not sign (ECDSA)", code, error);
        return got == 2 * size ? 0
                               : error_set(error, -EIO,
                                         "token %s: a signature has %lu bytes, not %zu: the key is of "
                                         "another curve than its certificate",
                                         token->name, (unsigned long)got, 2 * size);
}

/* A secret that may be read, for this session alone. */
static CK_RV derive(struct token_private *key, const uint8_t *point, size_t length, size_t size,
        CK_OBJECT_HANDLE *ret_secret)
{
        CK_OBJECT_CLASS class = CKO_SECRET_KEY;
        CK_KEY_TYPE type = CKK_GENERIC_SECRET;
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ULONG bytes = size;
        CK_ATTRIBUTE made[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type},
                {CKA_VALUE_LEN, &bytes, sizeof bytes}, {CKA_TOKEN, &no, sizeof no},
                {CKA_SENSITIVE, &no, sizeof no}, {CKA_EXTRACTABLE, &yes, sizeof yes}};
        uint8_t given[WRAPPED_MAX];
        CK_ECDH1_DERIVE_PARAMS parameters = {
                .kdf = CKD_NULL, .ulPublicDataLen = length, .pPublicData = given};
        CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameters, sizeof parameters};

        memcpy(given, point, length);
        return key->token->module->C_DeriveKey(
                key->token->session, &mechanism, key->handle, made, sizeof made / sizeof *made, ret_secret);
}

/* The point as it is; older tokens want it as DER's OCTET STRING (v2.40 section 2.3.5 allows both). */
static CK_RV derive_either(struct token_private *key, const uint8_t *point, size_t length, size_t size,
        CK_OBJECT_HANDLE *ret_secret)
{
        uint8_t wrapped[WRAPPED_MAX];
        size_t head = length < 128 ? 2 : 3;

        CK_RV code = derive(key, point, length, size, ret_secret);
        if (code == CKR_OK)
                return code;
        wrapped[0] = OCTET_STRING;
        wrapped[1] = 0x81;
        wrapped[head - 1] = (uint8_t)length;
        memcpy(wrapped + head, point, length);
        CK_RV second = derive(key, wrapped, length + head, size, ret_secret);
        return second == CKR_OK ? second : code;
}

int token_private_agree(struct token_private *key, const uint8_t *point, size_t length, size_t size,
        uint8_t *ret_secret, struct error *error)
{
        CK_OBJECT_HANDLE secret = 0;
        CK_ATTRIBUTE value = {CKA_VALUE, ret_secret, size};

        if (length > POINT_MAX)
                return error_set(error, -EINVAL, "token %s: a point of %zu bytes is of no curve that is used",
                        key->name, length);
        int r = begin_use(key, error);
        if (r < 0)
                return r;
        struct token *token = key->token;
        CK_RV code = derive_either(key, point, length, size, &secret);
        if (code == CKR_OK) {
                code = token->module->C_GetAttributeValue(token->session, secret, &value, 1);
                (void)token->module->C_DestroyObject(token->session, secret);
        }
        token_unlock(token);
        if (code != CKR_OK)
                return token_failed(token, "it agrees on no secret (ECDH)", code, error);
        return value.ulValueLen == size ? 0
                                        : error_set(error, -EIO, "token %s: a secret has %lu bytes, not %zu",
                                                  token->name, (unsigned long)value.ulValueLen, size);
}
