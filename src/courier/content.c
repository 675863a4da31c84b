/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/content.h"

#include "courier/names.h"
#include "os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct content {
        char *folder;
        uint64_t most, length;
        struct buffer memory;
        int file; /* -1: all is in memory */
        struct digest *digest;
        uint8_t hash[DIGEST_BYTES];
};

int content_new(const char *folder, uint64_t most, struct content **ret_content, struct error *error)
{
        struct content *content = calloc(1, sizeof *content);

        if (!content)
                return error_set(error, -ENOMEM, "Not enough memory for a message");
        *content = (struct content){.folder = strdup(folder),
                .most = most,
                .memory = buffer_make(CONTENT_MEMORY_MAX),
                .file = -1};
        if (!content->folder || digest_new(&content->digest) < 0) {
                content_free(content);
                return error_set(error, -ENOMEM, "Not enough memory for a message");
        }
        *ret_content = content;
        return 0;
}

void content_free(struct content *content)
{
        if (!content)
                return;
        if (content->file >= 0)
                close(content->file);
        buffer_free(&content->memory);
        digest_free(content->digest);
        free(content->folder);
        free(content);
}

/* Some file systems know no files without a name; there the name is taken away at once. */
static int open_nameless(const char *folder, struct error *error)
{
        char path[4096];
        int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
                return file >= 0 ? file
                                 : error_set(error, -errno, "%s: no temporary file can be made here: %s",
                                           folder, strerrordesc_np(errno));
        if ((size_t)snprintf(path, sizeof path, "%s/message-XXXXXX", folder) >= sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: this name is too long", folder);
        file = mkostemp(path, O_CLOEXEC);
        if (file < 0)
                return error_set(error, -errno, "%s: no temporary file can be made here: %s", folder,
                        strerrordesc_np(errno));
        unlink(path);
        return file;
}

static int move_to_file(struct content *content, struct error *error)
{
        int file = open_nameless(content->folder, error);
        if (file < 0)
                return file;
        int r = file_write_all(file, content->memory.bytes, content->memory.length, content->folder, error);
        if (r < 0) {
                close(file);
                return r;
        }
        content->file = file;
        buffer_free(&content->memory);
        return 0;
}

int content_append(struct content *content, const void *bytes, size_t length, struct error *error)
{
        int r = 0;

        if (length > content->most - content->length)
                return error_set(error, -EFBIG, "A message of more than %llu bytes is not taken",
                        (unsigned long long)content->most);
        if (digest_add(content->digest, bytes, length) < 0)
                return error_set(error, -EIO, "The SHA-256 of OpenSSL fails; this installation is broken");
        if (content->file < 0 && length > CONTENT_MEMORY_MAX - content->memory.length)
                r = move_to_file(content, error);
        if (r == 0 && content->file >= 0)
                r = file_write_all(content->file, bytes, length, content->folder, error);
        else if (r == 0 && (r = buffer_append(&content->memory, bytes, length)) < 0)
                error_set(error, r, "Not enough memory for a message");
        if (r == 0)
                content->length += length;
        return r;
}

int content_finish(struct content *content, struct error *error)
{
        if (digest_finish(content->digest, content->hash) < 0)
                return error_set(error, -EIO, "The SHA-256 of OpenSSL fails; this installation is broken");
        if (content->file >= 0 && fsync(content->file) < 0)
                return error_set(error, -errno, "%s: a temporary file cannot be written: %s", content->folder,
                        strerrordesc_np(errno));
        return 0;
}

uint64_t content_length(const struct content *content)
{
        return content->length;
}

const uint8_t *content_digest(const struct content *content)
{
        return content->hash;
}

int content_read(const struct content *content, uint64_t from, void *ret_bytes, size_t length,
        size_t *ret_length, struct error *error)
{
        size_t done = 0;

        if (from >= content->length)
                length = 0;
        else if (length > content->length - from)
                length = (size_t)(content->length - from);
        if (content->file < 0 && length > 0)
                memcpy(ret_bytes, content->memory.bytes + from, length);
        while (content->file >= 0 && done < length) {
                ssize_t n =
                        pread(content->file, (char *)ret_bytes + done, length - done, (off_t)(from + done));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return error_set(error, n < 0 ? -errno : -EIO,
                                "%s: a temporary file cannot be read: %s", content->folder,
                                n < 0 ? strerrordesc_np(errno) : "it became shorter");
                done += (size_t)n;
        }
        *ret_length = length;
        return 0;
}

int content_of(const char *folder, const void *bytes, size_t length, struct content **ret_content,
        struct error *error)
{
        struct content *content = NULL;

        int r = content_new(folder, MESSAGE_BYTES_MAX, &content, error);
        if (r == 0)
                r = content_append(content, bytes, length, error);
        if (r == 0)
                r = content_finish(content, error);
        if (r < 0) {
                content_free(content);
                return r;
        }
        *ret_content = content;
        return 0;
}
