/* SPDX-License-Identifier: EUPL-1.2 */
/* The organisation's keys, each where the settings say: a file of the node's folder, or a token that gives it
 * to nobody. A key is opened when it is first needed, so that no process has one that it does not use. */
#include "crypto/seal.h"
#include "exchange/office_state.h"
#include "os/file.h"
#include "os/token_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "keys/seal.crt" */
static int key_file(const struct office *office, enum directory_purpose purpose, const char *kind,
        char ret_path[PATH_MAX], struct error *error)
{
        char name[64];

        snprintf(name, sizeof name, "keys/%s.%s", directory_purpose_name(purpose), kind);
        return office_join(office, name, ret_path, error);
}

/* ---- in a file ---- */

static int read_key(const struct office *office, enum directory_purpose purpose, struct private_key **ret_key,
        struct error *error)
{
        char path[PATH_MAX];
        struct buffer bytes = buffer_make(PRIVATE_KEY_BYTES_MAX);
        struct stat status;

        int r = key_file(office, purpose, "key", path, error);
        if (r == 0)
                r = buffer_reserve(&bytes, PRIVATE_KEY_BYTES_MAX); /* so that it does not move */
        if (r == 0)
                r = file_read(path, &bytes, error);
        if (r == 0 && stat(path, &status) < 0)
                r = error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (r == 0) {
                struct private_key_guard guard = {.mode = status.st_mode & 07777,
                        .owned = status.st_uid == geteuid() || status.st_uid == 0};
                r = private_key_parse(bytes.bytes, bytes.length, guard, path, ret_key, error);
        }
        if (bytes.bytes)
                seal_wipe(bytes.bytes, bytes.capacity);
        buffer_free(&bytes);
        return r;
}

/* ---- in a token ---- */

static int sign(void *context, const uint8_t *digest, size_t length, size_t size, uint8_t *ret_signature,
        struct error *error)
{
        return token_private_sign(context, digest, length, size, ret_signature, error);
}

static int agree(void *context, const uint8_t *point, size_t length, size_t size, uint8_t *ret_secret,
        struct error *error)
{
        return token_private_agree(context, point, length, size, ret_secret, error);
}

static void close_token(void *context)
{
        token_private_close(context);
}

static int read_certificate(const struct office *office, enum directory_purpose purpose,
        struct certificate **ret_certificate, struct error *error)
{
        char path[PATH_MAX];
        struct buffer bytes = buffer_make(CERTIFICATE_TEXT_MAX);

        int r = key_file(office, purpose, "crt", path, error);
        if (r == 0)
                r = file_read(path, &bytes, error);
        if (r == 0)
                r = certificate_parse(bytes.bytes, bytes.length, path, ret_certificate, error);
        buffer_free(&bytes);
        return r;
}

/* The public half is that of the certificate; that the token has the other half is tried at once. */
static int open_token(const struct office *office, enum directory_purpose purpose,
        struct private_key **ret_key, struct error *error)
{
        const struct token_uri *uri = &office->settings->keys[purpose].token;
        const struct token_place place = {uri->module, uri->token, uri->object, uri->pin_file};
        struct private_key_token asked = {.sign = sign, .agree = agree, .close = close_token};
        struct token_private *token = NULL;
        struct certificate *certificate = NULL;
        struct private_key *key = NULL;

        int r = read_certificate(office, purpose, &certificate, error);
        if (r == 0)
                r = token_private_open(&place, &token, error);
        asked.context = token;
        if (r == 0 && (r = private_key_in_token(certificate, &asked, &key, error)) < 0)
                token_private_close(token);
        if (r == 0 && (r = private_key_prove(key,
                               purpose == DIRECTORY_DECRYPTION ? PRIVATE_KEY_AGREES : PRIVATE_KEY_SIGNS,
                               error)) < 0) {
                if (r == -EKEYREJECTED && !private_key_trouble(key))
                        error_set(error, r, "token %s: the key %s is not that of %s/keys/%s.crt", uri->token,
                                uri->object, office->path, directory_purpose_name(purpose));
                private_key_free(key);
        }
        certificate_free(certificate);
        if (r == 0)
                *ret_key = key;
        else
                error_prefix(error, r, "the %s key (exchange.json, keys): ", directory_purpose_name(purpose));
        return r;
}

/* ---- given out ---- */

static int hold(const struct office *office, enum directory_purpose purpose, struct error *error)
{
        struct private_key **held = &office->keys->held[purpose];

        if (*held)
                return 0;
        return *office->settings->keys[purpose].uri ? open_token(office, purpose, held, error)
                                                    : read_key(office, purpose, held, error);
}

int office_key(const struct office *office, enum directory_purpose purpose,
        const struct private_key **ret_key, const struct certificate **ret_certificate, struct error *error)
{
        const struct directory_certificate *pinned =
                directory_certificate_at(office->self, purpose, office_now(office));

        int r = hold(office, purpose, error);
        if (r < 0)
                return r;
        if (!pinned)
                return error_set(error, -ENOKEY, "the directory pins no %s certificate of %s for now",
                        directory_purpose_name(purpose), office->self->name);
        if (!private_key_fits(office->keys->held[purpose], pinned->certificate)) {
                char where[OFFICE_KEY_URI_MAX];
                office_key_where(office, purpose, where);
                return error_set(error, -ENOKEY,
                        "%s: %s is not the key of the certificate that the directory pins for now",
                        office->path, where);
        }
        if (ret_key)
                *ret_key = office->keys->held[purpose];
        if (ret_certificate)
                *ret_certificate = pinned->certificate;
        return 0;
}

int office_take_key(struct office *office, enum directory_purpose purpose, struct private_key **ret_key,
        struct certificate **ret_certificate, struct error *error)
{
        struct certificate *certificate = NULL;

        int r = hold(office, purpose, error);
        if (r == 0)
                r = read_certificate(office, purpose, &certificate, error);
        if (r == 0 && !private_key_fits(office->keys->held[purpose], certificate)) {
                certificate_free(certificate);
                r = error_set(error, -EINVAL, "%s/keys/%s.crt is not the certificate of the key",
                        office->path, directory_purpose_name(purpose));
        }
        if (r < 0)
                return r;
        *ret_certificate = certificate;
        *ret_key = office->keys->held[purpose];
        office->keys->held[purpose] = NULL;
        return 0;
}

void office_key_where(
        const struct office *office, enum directory_purpose purpose, char ret_text[OFFICE_KEY_URI_MAX])
{
        const struct office_key_place *place = &office->settings->keys[purpose];

        if (*place->uri)
                memcpy(ret_text, place->uri, sizeof place->uri);
        else
                snprintf(ret_text, OFFICE_KEY_URI_MAX, "keys/%s.key", directory_purpose_name(purpose));
}

void office_keys_free(struct office_keys *keys)
{
        if (!keys)
                return;
        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                private_key_free(keys->held[purpose]);
        free(keys);
}
