/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/container.h"

#include "container/manifest.h"
#include "container/zip_archive.h"
#include "crypto/cms_shape.h"
#include "crypto/cms_sign.h"
#include "crypto/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OWN_NAME_MAX 64

struct signing {
        char manifest_name[OWN_NAME_MAX], signature_name[OWN_NAME_MAX];
        struct buffer manifest, signature;
};

struct container_draft {
        struct manifest_entry *entries;
        size_t count;
        struct signing signings[CONTAINER_SIGNERS_MAX];
        size_t signed_count;
};

/* "type/subtype" of the letters of RFC 6838 section 4.2. */
static bool media_type_is_sound(const char *type)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
        size_t first = strspn(type, letters);
        if (first == 0 || type[first] != '/')
                return false;
        size_t second = strspn(type + first + 1, letters);
        /* '&' is allowed there and means something in XML. */
        return second > 0 && type[first + 1 + second] == '\0' && strlen(type) < 128 && !strchr(type, '&');
}

static int check_part(const struct container_part *parts, size_t at, size_t *total, struct error *error)
{
        const struct container_part *part = &parts[at];
        const char *wrong = zip_name_wrong(part->name, strlen(part->name));

        if (!wrong && !zip_name_is_plain(part->name))
                wrong = "it has other characters than letters, digits, '.', '-' and '_'";
        if (!wrong &&
                (strcasecmp(part->name, "mimetype") == 0 || strncasecmp(part->name, "META-INF", 8) == 0))
                wrong = "it is kept for the container itself";
        if (!wrong && part->name[strlen(part->name) - 1] == '/')
                wrong = "it is a folder's";
        for (size_t i = 0; !wrong && i < at; i++)
                if (strcasecmp(parts[i].name, part->name) == 0)
                        wrong = "there is another of this name";
        if (wrong)
                return error_set(error, -EINVAL, "A file in a container may not be named \"%s\": %s",
                        part->name, wrong);
        if (!media_type_is_sound(part->media_type))
                return error_set(
                        error, -EINVAL, "\"%s\" is no media type (of %s)", part->media_type, part->name);
        *total += part->length;
        if (part->length > CONTAINER_ENTRY_BYTES_MAX || *total > CONTAINER_TOTAL_BYTES_MAX - (1 << 20))
                return error_set(error, -EINVAL,
                        "%s: too long for a container; evidence of this size travels beside the message",
                        part->name);
        return 0;
}

int container_draft_new(const struct container_part *parts, size_t count, struct container_draft **ret_draft,
        struct error *error)
{
        size_t total = 0;
        int r = 0;

        if (count == 0 || count > CONTAINER_ENTRIES_MAX - 1 - 2 * CONTAINER_SIGNERS_MAX)
                return error_set(error, -EINVAL, "A container holds 1 to %d files, and not %zu",
                        CONTAINER_ENTRIES_MAX - 1 - 2 * CONTAINER_SIGNERS_MAX, count);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = check_part(parts, i, &total, error);
        if (r < 0)
                return r;
        struct container_draft *draft = calloc(1, sizeof *draft);
        struct manifest_entry *entries = calloc(count, sizeof *entries);
        if (!draft || !entries) {
                free(draft);
                free(entries);
                return error_set(error, -ENOMEM, "Out of memory");
        }
        for (size_t i = 0; i < count; i++)
                entries[i] = (struct manifest_entry){
                        parts[i].name, parts[i].media_type, parts[i].bytes, parts[i].length};
        draft->entries = entries;
        draft->count = count;
        *ret_draft = draft;
        return 0;
}

void container_draft_free(struct container_draft *draft)
{
        if (!draft)
                return;
        for (size_t i = 0; i < draft->signed_count; i++) {
                buffer_free(&draft->signings[i].manifest);
                buffer_free(&draft->signings[i].signature);
        }
        free(draft->entries);
        free(draft);
}

int container_draft_sign(struct container_draft *draft, const struct private_key *key,
        const struct certificate *certificate, const struct certificate_set *between, int64_t instant_ms,
        struct error *error)
{
        if (draft->signed_count == CONTAINER_SIGNERS_MAX)
                return error_set(error, -EINVAL, "A container has at most %d signers", CONTAINER_SIGNERS_MAX);
        struct signing *one = &draft->signings[draft->signed_count];
        (void)snprintf(
                one->manifest_name, OWN_NAME_MAX, "META-INF/ASiCManifest%03zu.xml", draft->signed_count + 1);
        (void)snprintf(
                one->signature_name, OWN_NAME_MAX, "META-INF/signature%03zu.p7s", draft->signed_count + 1);
        one->manifest = buffer_make(MANIFEST_BYTES_MAX);
        one->signature = buffer_make(CMS_SIGNATURE_BYTES_MAX);
        int r = manifest_write(one->signature_name, draft->entries, draft->count, &one->manifest);
        if (r < 0)
                (void)error_set(error, r, "The manifest of the container cannot be written");
        else
                r = cms_sign(key, certificate, between, one->manifest.bytes, one->manifest.length, instant_ms,
                        &one->signature, error);
        if (r < 0) {
                buffer_free(&one->manifest);
                buffer_free(&one->signature);
                return r;
        }
        draft->signed_count++;
        return 0;
}

void container_draft_signature_value(
        const struct container_draft *draft, const uint8_t **ret_value, size_t *ret_length)
{
        *ret_value = NULL;
        *ret_length = 0;
        if (draft->signed_count == 0)
                return;
        const struct buffer *signature = &draft->signings[draft->signed_count - 1].signature;
        (void)timestamp_signature_value(signature->bytes, signature->length, ret_value, ret_length);
}

int container_draft_timestamp(
        struct container_draft *draft, const void *token, size_t length, struct error *error)
{
        if (draft->signed_count == 0)
                return error_set(error, -EINVAL, "Nobody has signed what is to be timestamped");
        struct buffer *signature = &draft->signings[draft->signed_count - 1].signature;
        struct buffer with = buffer_make(CMS_SIGNATURE_BYTES_MAX);
        int r = timestamp_attach(signature->bytes, signature->length, token, length, &with, error);
        if (r < 0) {
                buffer_free(&with);
                return r;
        }
        buffer_free(signature);
        *signature = with;
        return 0;
}

int container_draft_write(const struct container_draft *draft, struct buffer *ret_bytes, struct error *error)
{
        size_t count = 0;

        if (draft->signed_count == 0)
                return error_set(error, -EINVAL, "A container that nobody has signed is not written");
        struct zip_content *contents = calloc(1 + draft->count + 2 * draft->signed_count, sizeof *contents);
        if (!contents)
                return error_set(error, -ENOMEM, "Out of memory");
        /* First, so that what this is can be seen at a fixed place: EN 319 162-1 annex A.1. */
        contents[count++] =
                (struct zip_content){"mimetype", CONTAINER_MEDIA_TYPE, sizeof CONTAINER_MEDIA_TYPE - 1};
        for (size_t i = 0; i < draft->count; i++)
                contents[count++] = (struct zip_content){
                        draft->entries[i].name, draft->entries[i].bytes, draft->entries[i].length};
        for (size_t i = 0; i < draft->signed_count; i++) {
                const struct signing *one = &draft->signings[i];
                contents[count++] =
                        (struct zip_content){one->manifest_name, one->manifest.bytes, one->manifest.length};
                contents[count++] = (struct zip_content){
                        one->signature_name, one->signature.bytes, one->signature.length};
        }
        int r = zip_pack(contents, count, ret_bytes, error);
        free(contents);
        return r;
}
