/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "rogatory-evidence-manifest-1"
#define SECOND_TEXT_MAX (2 * MANIFEST_SECOND_BYTES + 1)

static bool is_printable(const char *text)
{
        for (; *text; text++)
                if (*text < 0x20 || *text > 0x7e)
                        return false;
        return true;
}

static int check_files(const struct evidence_manifest *manifest, struct error *error)
{
        if (manifest->file_count == 0 || manifest->file_count > MANIFEST_FILES_MAX)
                return error_set(error, -EINVAL, "Manifest: it names %zu files; 1 to %d are possible",
                        manifest->file_count, MANIFEST_FILES_MAX);
        for (size_t i = 0; i < manifest->file_count; i++) {
                const struct evidence_file *file = &manifest->files[i];
                if (!evidence_name_is_valid(file->name))
                        return error_set(error, -EINVAL,
                                "Manifest: the name of file %zu is not made of letters, digits, '.', '_' and "
                                "'-'",
                                i + 1);
                if (file->length == 0 || file->length > MANIFEST_FILE_BYTES_MAX)
                        return error_set(error, -EINVAL,
                                "Manifest: %s is said to have %llu bytes; 1 to %llu are possible", file->name,
                                (unsigned long long)file->length,
                                (unsigned long long)MANIFEST_FILE_BYTES_MAX);
                if (evidence_manifest_find(manifest, file->name) != file)
                        return error_set(error, -EINVAL, "Manifest: it names %s twice", file->name);
        }
        return 0;
}

int evidence_manifest_check(const struct evidence_manifest *manifest, struct error *error)
{
        int64_t window = manifest->until_ms - manifest->from_ms;

        if (!id_is_valid(manifest->id) || !id_is_valid(manifest->order))
                return error_set(error, -EINVAL,
                        "Manifest: its id and that of its order are UUIDs of version 4 in lower case");
        if (!organisation_is_valid(manifest->sender) || !organisation_is_valid(manifest->recipient))
                return error_set(
                        error, -EINVAL, "Manifest: sender and recipient are short names of organisations");
        if (manifest->means[0] == '\0' || !is_printable(manifest->means))
                return error_set(
                        error, -EINVAL, "Manifest: the means of transport are missing or not printable");
        if (manifest->made_ms < TIME_FIRST || manifest->made_ms >= TIME_LIMIT ||
                manifest->from_ms < TIME_FIRST || manifest->until_ms >= TIME_LIMIT ||
                manifest->until_ms < manifest->from_ms)
                return error_set(error, -EINVAL,
                        "Manifest: a time is out of range, or the window ends before it begins");
        if (window < MANIFEST_WINDOW_SHORTEST_MS || window > MANIFEST_WINDOW_LONGEST_MS)
                return error_set(error, -EINVAL,
                        "Manifest: the files can be fetched for %lld hours; it must be 10 to 45 days",
                        (long long)(window / TIME_HOUR));
        return check_files(manifest, error);
}

const struct evidence_file *evidence_manifest_find(const struct evidence_manifest *manifest, const char *name)
{
        for (size_t i = 0; i < manifest->file_count; i++)
                if (strcmp(manifest->files[i].name, name) == 0)
                        return &manifest->files[i];
        return NULL;
}

static json_t *write_file(const struct evidence_file *file)
{
        char digest[DIGEST_TEXT_MAX], second[SECOND_TEXT_MAX];

        for (size_t i = 0; i < MANIFEST_SECOND_BYTES; i++)
                snprintf(second + 2 * i, 3, "%02x", file->second_digest[i]);
        return json_pack("{s:s, s:I, s:s, s:s}", "name", file->name, "bytes", (json_int_t)file->length,
                "sha256", digest_format(file->digest, digest), "sha3-512", second);
}

static json_t *write_object(const struct evidence_manifest *manifest)
{
        char made[TIME_TEXT_MAX], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
        json_t *files = json_array();

        for (size_t i = 0; files && i < manifest->file_count; i++) {
                if (json_array_append_new(files, write_file(&manifest->files[i])) < 0) {
                        json_decref(files);
                        files = NULL;
                }
        }
        /* "o" takes the list over, also where packing fails. */
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format", FORMAT, "manifest",
                manifest->id, "order", manifest->order, "sender", manifest->sender, "recipient",
                manifest->recipient, "made", time_format_utc(manifest->made_ms, made), "means",
                manifest->means, "from", time_format_utc(manifest->from_ms, from), "until",
                time_format_utc(manifest->until_ms, until), "files", files);
}

int evidence_manifest_write(const struct evidence_manifest *manifest, char **ret_text, struct error *error)
{
        int r = evidence_manifest_check(manifest, error);
        if (r < 0)
                return r;
        json_t *object = write_object(manifest);
        char *text = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        json_decref(object);
        if (!text)
                return error_set(error, -ENOMEM, "Not enough memory for a manifest");
        *ret_text = text;
        return 0;
}

static int wrong(struct error *error, const char *member)
{
        return error_set(error, -EINVAL, "Manifest: \"%s\" is missing or not written as it must be", member);
}

/* Text without zero bytes, of at most size - 1 bytes. */
static int read_text(
        const json_t *object, const char *member, char *ret_text, size_t size, struct error *error)
{
        const json_t *value = json_object_get(object, member);
        const char *text = json_string_value(value);
        size_t length = json_string_length(value);

        if (!text || length >= size || strlen(text) != length)
                return wrong(error, member);
        memcpy(ret_text, text, length + 1);
        return 0;
}

static int read_time(const json_t *object, const char *member, int64_t *ret_ms, struct error *error)
{
        const char *text = json_string_value(json_object_get(object, member));

        if (!text || time_parse_rfc3339(slice_of(text), ret_ms, NULL, NULL) < 0)
                return wrong(error, member);
        return 0;
}

static int read_second(const char *text, uint8_t ret_digest[MANIFEST_SECOND_BYTES])
{
        uint8_t half[DIGEST_BYTES];

        /* Two halves, each written as a SHA-256 is. */
        for (size_t i = 0; i < 2; i++) {
                if (digest_parse(slice_make(text + 64 * i, 64), half) < 0)
                        return -EINVAL;
                memcpy(ret_digest + DIGEST_BYTES * i, half, DIGEST_BYTES);
        }
        return 0;
}

static int read_file(const json_t *object, struct evidence_file *ret, struct error *error)
{
        char digest[DIGEST_TEXT_MAX], second[SECOND_TEXT_MAX];
        const json_t *bytes = json_object_get(object, "bytes");

        if (!json_is_object(object) || json_object_size(object) != 4)
                return wrong(error, "files");
        int r = read_text(object, "name", ret->name, sizeof ret->name, error);
        if (r == 0)
                r = read_text(object, "sha256", digest, sizeof digest, error);
        if (r == 0)
                r = read_text(object, "sha3-512", second, sizeof second, error);
        if (r < 0)
                return r;
        if (!json_is_integer(bytes) || json_integer_value(bytes) < 0)
                return wrong(error, "bytes");
        ret->length = (uint64_t)json_integer_value(bytes);
        if (digest_parse(slice_of(digest), ret->digest) < 0)
                return wrong(error, "sha256");
        if (strlen(second) != SECOND_TEXT_MAX - 1 || read_second(second, ret->second_digest) < 0)
                return wrong(error, "sha3-512");
        return 0;
}

static int read_files(const json_t *object, struct evidence_manifest *ret, struct error *error)
{
        const json_t *files = json_object_get(object, "files");
        size_t count = json_array_size(files);

        if (!json_is_array(files) || count == 0 || count > MANIFEST_FILES_MAX)
                return wrong(error, "files");
        ret->files = calloc(count, sizeof *ret->files);
        if (!ret->files)
                return error_set(error, -ENOMEM, "Not enough memory for a manifest");
        for (; ret->file_count < count; ret->file_count++) {
                int r = read_file(
                        json_array_get(files, ret->file_count), &ret->files[ret->file_count], error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_object(const json_t *object, struct evidence_manifest *ret, struct error *error)
{
        char format[sizeof FORMAT];

        if (!json_is_object(object) || json_object_size(object) != 10)
                return error_set(error, -EINVAL, "Manifest: it is no object with exactly its ten members");
        int r = read_text(object, "format", format, sizeof format, error);
        if (r == 0 && strcmp(format, FORMAT) != 0)
                r = wrong(error, "format");
        if (r == 0)
                r = read_text(object, "manifest", ret->id, sizeof ret->id, error);
        if (r == 0)
                r = read_text(object, "order", ret->order, sizeof ret->order, error);
        if (r == 0)
                r = read_text(object, "sender", ret->sender, sizeof ret->sender, error);
        if (r == 0)
                r = read_text(object, "recipient", ret->recipient, sizeof ret->recipient, error);
        if (r == 0)
                r = read_text(object, "means", ret->means, sizeof ret->means, error);
        if (r == 0)
                r = read_time(object, "made", &ret->made_ms, error);
        if (r == 0)
                r = read_time(object, "from", &ret->from_ms, error);
        if (r == 0)
                r = read_time(object, "until", &ret->until_ms, error);
        return r == 0 ? read_files(object, ret, error) : r;
}

int evidence_manifest_read(
        const void *bytes, size_t length, struct evidence_manifest *ret_manifest, struct error *error)
{
        struct evidence_manifest manifest = {0};
        json_error_t json_error;

        if (length > MANIFEST_BYTES_MAX)
                return error_set(error, -EFBIG, "Manifest: it has more than %u bytes", MANIFEST_BYTES_MAX);
        json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &json_error);
        if (!object)
                return error_set(error, -EINVAL, "Manifest: line %d is no JSON", json_error.line);
        int r = read_object(object, &manifest, error);
        json_decref(object);
        if (r == 0)
                r = evidence_manifest_check(&manifest, error);
        if (r < 0) {
                evidence_manifest_free(&manifest);
                return r;
        }
        *ret_manifest = manifest;
        return 0;
}

void evidence_manifest_free(struct evidence_manifest *manifest)
{
        free(manifest->files);
        manifest->files = NULL;
        manifest->file_count = 0;
}
