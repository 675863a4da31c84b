/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/zip_archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* Unix, a file, 0644: what libzip writes for itself, stated so that another version of it writes the same. */
#define ATTRIBUTES 0x81a40000u

static int refuse_library(struct findings *findings, const char *place, const char *reason)
{
        return findings_refuse(findings, "entry-unreadable", place, "It cannot be unpacked: %s", reason);
}

static int unpack_entry(zip_t *archive, zip_uint64_t index, const struct zip_entry *entry,
        struct findings *findings, uint8_t **ret_content)
{
        const char *name = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
        if (!name || strcmp(name, entry->name) != 0)
                return refuse_library(findings, entry->name, "the library reads another directory");
        zip_file_t *file = zip_fopen_index(archive, index, 0);
        if (!file)
                return refuse_library(findings, entry->name, zip_strerror(archive));
        /* A byte more than is said: more than is said is refused, and the end is read, where the sum is
         * checked. */
        uint8_t *content = malloc((size_t)entry->size + 1);
        size_t got = 0;
        zip_int64_t more = 1;
        while (content && got <= entry->size && more > 0) {
                more = zip_fread(file, content + got, (size_t)entry->size + 1 - got);
                got += more > 0 ? (size_t)more : 0;
        }
        int r = !content ? -ENOMEM : 0;
        if (content && (more < 0 || got != entry->size))
                r = refuse_library(findings, entry->name,
                        more < 0 ? zip_error_strerror(zip_file_get_error(file))
                                 : "it is not as long as is said");
        (void)zip_fclose(file);
        if (r < 0)
                free(content);
        else
                *ret_content = content;
        return r;
}

int zip_unpack(const void *bytes, size_t length, const struct zip_entry *entries, size_t count,
        struct findings *findings, uint8_t ***ret_contents)
{
        zip_error_t reason;
        uint8_t **contents = calloc(count + 1, sizeof *contents);
        zip_error_init(&reason);
        zip_source_t *source = zip_source_buffer_create(bytes, length, 0, &reason);
        zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, &reason) : NULL;
        int r = contents ? 0 : -ENOMEM;

        if (!archive) {
                if (r == 0)
                        r = refuse_library(findings, "archive", zip_error_strerror(&reason));
                zip_source_free(source);
        } else if (r == 0 && zip_get_num_entries(archive, 0) != (zip_int64_t)count) {
                r = refuse_library(findings, "archive", "the library reads another directory");
        }
        for (size_t i = 0; r == 0 && i < count; i++)
                r = unpack_entry(archive, i, &entries[i], findings, &contents[i]);
        if (archive)
                zip_discard(archive);
        zip_error_fini(&reason);
        if (r == 0) {
                *ret_contents = contents;
                return 0;
        }
        for (size_t i = 0; contents && i < count; i++)
                free(contents[i]);
        free(contents);
        return r;
}

static bool add(zip_t *archive, const struct zip_content *content)
{
        zip_source_t *source = zip_source_buffer(archive, content->bytes, content->length, 0);
        if (!source)
                return false;
        zip_int64_t index = zip_file_add(archive, content->name, source, ZIP_FL_ENC_GUESS);
        if (index < 0) {
                zip_source_free(source);
                return false;
        }
        return zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
               zip_file_set_dostime(archive, (zip_uint64_t)index, 0, ZIP_DATE, 0) == 0 &&
               zip_file_set_external_attributes(
                       archive, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX, ATTRIBUTES) == 0;
}

static int take(zip_source_t *written, struct buffer *ret_archive)
{
        zip_stat_t stat;
        if (zip_source_stat(written, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) ||
                zip_source_open(written) != 0)
                return -EIO;
        int r = buffer_reserve(ret_archive, stat.size);
        if (r == 0 && zip_source_read(written, ret_archive->bytes + ret_archive->length, stat.size) !=
                              (zip_int64_t)stat.size)
                r = -EIO;
        if (r == 0)
                ret_archive->length += stat.size;
        (void)zip_source_close(written);
        return r;
}

int zip_pack(
        const struct zip_content *contents, size_t count, struct buffer *ret_archive, struct error *error)
{
        zip_error_t reason;
        zip_error_init(&reason);
        zip_source_t *written = zip_source_buffer_create(NULL, 0, 0, &reason);
        zip_t *archive = written ? zip_open_from_source(written, ZIP_TRUNCATE, &reason) : NULL;
        bool sound = archive != NULL;

        if (archive)
                zip_source_keep(written);
        for (size_t i = 0; sound && i < count; i++)
                sound = add(archive, &contents[i]);
        if (sound)
                sound = zip_close(archive) == 0;
        int r = sound ? take(written, ret_archive) : -EIO;
        if (r < 0)
                (void)error_set(error, r, "The container could not be packed: %s",
                        sound     ? "out of memory"
                        : archive ? zip_strerror(archive)
                                  : zip_error_strerror(&reason));
        if (!sound && archive)
                zip_discard(archive);
        zip_source_free(written);
        zip_error_fini(&reason);
        return r;
}
