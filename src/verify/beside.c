/* SPDX-License-Identifier: EUPL-1.2 */
/* Files that travelled beside a message, held against the message and against the manifest in its container,
 * both of which the seal covers. */
#include "verify/examine.h"

#include "order/order.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_BYTES_MAX (1u << 20)
#define PIECE 65536

static int read_all(FILE *file, EVP_MD_CTX *first, EVP_MD_CTX *second, uint64_t *ret_length)
{
        uint8_t piece[PIECE];
        size_t got;

        *ret_length = 0;
        while ((got = fread(piece, 1, sizeof piece, file)) > 0) {
                if (EVP_DigestUpdate(first, piece, got) != 1 || EVP_DigestUpdate(second, piece, got) != 1)
                        return -EIO;
                *ret_length += got;
        }
        return ferror(file) ? -EIO : 0;
}

int beside_file_read(const char *path, struct beside_file *ret, struct error *error)
{
        const char *slash = strrchr(path, '/');
        EVP_MD_CTX *first = EVP_MD_CTX_new(), *second = EVP_MD_CTX_new();
        FILE *file = fopen(path, "rbe");
        int r = file ? 0 : -errno;

        *ret = (struct beside_file){.name = slash ? slash + 1 : path};
        if (r == 0 && !(first && second && EVP_DigestInit_ex(first, EVP_sha256(), NULL) == 1 &&
                              EVP_DigestInit_ex(second, EVP_sha3_512(), NULL) == 1))
                r = -ENOMEM;
        if (r == 0)
                r = read_all(file, first, second, &ret->length);
        if (r == 0 && (EVP_DigestFinal_ex(first, ret->digest, NULL) != 1 ||
                              EVP_DigestFinal_ex(second, ret->second_digest, NULL) != 1))
                r = -EIO;
        if (file)
                (void)fclose(file);
        EVP_MD_CTX_free(first);
        EVP_MD_CTX_free(second);
        return r < 0 ? error_set(error, r, "%s: %s", path, strerrordesc_np(-r)) : 0;
}

/* ---- the manifest ---- */

/* What it says of a name; NULL: nothing. */
static const json_t *find_in(const json_t *manifest, const char *name)
{
        const json_t *files = json_object_get(manifest, "files"), *file;
        size_t i;

        json_array_foreach(files, i, file)
        {
                const char *one = json_string_value(json_object_get(file, "name"));
                if (one && strcmp(one, name) == 0)
                        return file;
        }
        return NULL;
}

static void write_hex(const uint8_t *bytes, size_t length, char *ret_text)
{
        for (size_t i = 0; i < length; i++)
                snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
}

static bool is_in(const json_t *manifest, const struct beside_file *given)
{
        const json_t *file = find_in(manifest, given->name);
        char first[2 * sizeof given->digest + 1], second[2 * sizeof given->second_digest + 1];
        const char *says_first = json_string_value(json_object_get(file, "sha256")),
                   *says_second = json_string_value(json_object_get(file, "sha3-512"));

        write_hex(given->digest, sizeof given->digest, first);
        write_hex(given->second_digest, sizeof given->second_digest, second);
        return says_first && says_second && strcmp(says_first, first) == 0 &&
               strcmp(says_second, second) == 0 &&
               json_integer_value(json_object_get(file, "bytes")) == (json_int_t)given->length;
}

/* ---- held against both ---- */

static const struct file *find_outside(const struct message *message, const char *name)
{
        for (size_t i = 0; i < message->files.count; i++) {
                const struct file *file = &message->files.items[i];
                if (file->outside == STATED_YES && file->name && strcmp(file->name, name) == 0)
                        return file;
        }
        return NULL;
}

static int examine_given(const struct message *message, const json_t *manifest,
        const struct beside_file *given, struct findings *findings)
{
        const struct file *file = find_outside(message, given->name);

        if (!file)
                return findings_refuse(findings, "beside-not-named", given->name,
                        "The message does not name this file as one that travels beside it");
        if ((uint64_t)file->size != given->length ||
                memcmp(file->digest, given->digest, sizeof given->digest) != 0)
                return findings_refuse(findings, "beside-is-another", given->name,
                        "It is not the file that travelled beside the message: its length or digest is "
                        "another");
        if (!is_in(manifest, given))
                return findings_refuse(findings, "beside-not-in-manifest", given->name,
                        "The manifest in the container has not this file, with this length and these "
                        "digests");
        findings_add(findings, FINDING_HELD, "beside", given->name,
                "It is the file that travelled beside the message: length, SHA-256 and SHA3-512 are those "
                "under the seal");
        return 0;
}

static bool is_given(const struct evidence *evidence, const char *name)
{
        for (size_t i = 0; i < evidence->beside_count; i++)
                if (strcmp(evidence->beside[i].name, name) == 0)
                        return true;
        return false;
}

int examine_beside(const struct evidence *evidence, const struct message *message,
        const struct container *container, struct findings *findings)
{
        const struct container_object *object = container_find(container, MANIFEST_NAME);
        json_t *manifest = object && object->length <= MANIFEST_BYTES_MAX
                                   ? json_loadb((const char *)object->bytes, object->length,
                                             JSON_REJECT_DUPLICATES, NULL)
                                   : NULL;
        size_t outside = 0, missing = 0;
        int r = 0;

        for (size_t i = 0; i < evidence->beside_count; i++) {
                int one = examine_given(message, manifest, &evidence->beside[i], findings);
                r = r < 0 ? r : one;
        }
        for (size_t i = 0; i < message->files.count; i++)
                if (message->files.items[i].outside == STATED_YES) {
                        outside++;
                        missing += !is_given(
                                evidence, message->files.items[i].name ? message->files.items[i].name : "");
                }
        if (missing > 0)
                findings_add(findings, FINDING_REMARK, "beside-not-given", MANIFEST_NAME,
                        "Of %zu files that travelled beside the message %zu were not given and not looked at",
                        outside, missing);
        json_decref(manifest);
        return r;
}
