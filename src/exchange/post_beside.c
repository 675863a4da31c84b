/* SPDX-License-Identifier: EUPL-1.2 */
/* What a message says of the evidence beside it, twice: as files of its own, by which the rules and people
 * know them, and as the manifest under which they are fetched. Both have to say the same. */
#include "exchange/beside.h"
#include "exchange/post_state.h"

#include <string.h>

static size_t outside_count(const struct file_list *files)
{
        size_t count = 0;

        for (size_t i = 0; i < files->count; i++)
                count += files->items[i].outside == STATED_YES;
        return count;
}

static int check_head(const struct post_opened *opened, const struct evidence_manifest *manifest,
        struct post_refusal *refusal)
{
        uint64_t bytes = 0;

        if (strcmp(manifest->sender, opened->sender->name) != 0 ||
                strcmp(manifest->order, opened->message.order_id) != 0)
                return post_refuse(refusal, "manifest-differs",
                        "%s: is of %s and of the order %s, and the message is not", POST_MANIFEST_NAME,
                        manifest->sender, manifest->order);
        for (size_t i = 0; i < manifest->file_count; i++) {
                const struct evidence_file *file = &manifest->files[i];
                bytes += file->length; /* 1,000 of 1 TiB at the most */
                if (file->length > BESIDE_FILE_BYTES_MAX)
                        return post_refuse(refusal, "evidence-too-large",
                                "%s: has %llu bytes; %llu are the most that can be opened here", file->name,
                                (unsigned long long)file->length, (unsigned long long)BESIDE_FILE_BYTES_MAX);
        }
        if (bytes > BESIDE_BYTES_MAX)
                return post_refuse(refusal, "evidence-too-large",
                        "%llu bytes lie beside the message; this node fetches %llu at the most",
                        (unsigned long long)bytes, (unsigned long long)BESIDE_BYTES_MAX);
        return 0;
}

static int check_rows(
        const struct file_list *files, const struct evidence_manifest *manifest, struct post_refusal *refusal)
{
        for (size_t i = 0; i < files->count; i++) {
                const struct file *file = &files->items[i];
                if (file->outside != STATED_YES)
                        continue;
                const struct evidence_file *named =
                        file->name ? evidence_manifest_find(manifest, file->name) : NULL;
                if (!named || file->size != (int64_t)named->length ||
                        memcmp(file->digest, named->digest, DIGEST_BYTES) != 0)
                        return post_refuse(refusal, "manifest-differs",
                                "%.100s: the manifest names another file, or none, than the message",
                                file->name ? file->name : "a file without a name");
        }
        /* Each name is there once, so as many are the same. */
        return outside_count(files) == manifest->file_count
                       ? 0
                       : post_refuse(refusal, "manifest-differs",
                                 "the manifest names %zu files, and the message %zu that lie beside it",
                                 manifest->file_count, outside_count(files));
}

int post_check_manifest(const struct post_opened *opened, struct post_refusal *refusal, struct error *error)
{
        const struct container_object *object = container_find(&opened->container, POST_MANIFEST_NAME);
        struct evidence_manifest manifest;
        struct error reason = {0};

        if (!object)
                return outside_count(&opened->message.files) == 0
                               ? 0
                               : post_refuse(refusal, "manifest-missing",
                                         "files lie beside the message, and it has no manifest of them");
        int r = evidence_manifest_read(object->bytes, object->length, &manifest, &reason);
        if (r == -ENOMEM)
                return error_set(error, r, "%s", reason.text);
        if (r < 0)
                return post_refuse(refusal, "manifest-wrong", "%.400s", reason.text);
        r = check_head(opened, &manifest, refusal);
        if (r == 0)
                r = check_rows(&opened->message.files, &manifest, refusal);
        evidence_manifest_free(&manifest);
        return r;
}
