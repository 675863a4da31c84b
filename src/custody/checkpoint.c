/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/checkpoint.h"

#include "base/base64.h"
#include "custody/note_text.h"

#include <inttypes.h>
#include <string.h>

static int refuse(struct error *error, const char *reason)
{
        return error_set(error, -EBADMSG, "%s", reason);
}

int hash_line_write(const struct merkle_hash *hash, struct buffer *ret)
{
        base64_write(hash->bytes, sizeof hash->bytes, ret);
        return buffer_append_u8(ret, '\n');
}

int hash_line_read(struct slice line, struct merkle_hash *ret_hash)
{
        struct buffer bytes = buffer_make(MERKLE_HASH_BYTES + 2);

        int r = line.length == BASE64_LENGTH(MERKLE_HASH_BYTES) ? base64_read(line, &bytes) : -EBADMSG;
        if (r == 0 && bytes.length != MERKLE_HASH_BYTES)
                r = -EBADMSG;
        if (r == 0)
                memcpy(ret_hash->bytes, bytes.bytes, MERKLE_HASH_BYTES);
        buffer_free(&bytes);
        return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}

int tree_number_read(struct slice text, uint64_t *ret_number)
{
        if (text.length > 1 && text.text[0] == '0')
                return -EBADMSG;
        return slice_number(text, MERKLE_SIZE_MAX, ret_number) < 0 ? -EBADMSG : 0;
}

/* Cuts off one line that is whole. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
        if (rest->length == 0 || !memchr(rest->text, '\n', rest->length))
                return false;
        *ret_line = slice_cut(rest, '\n');
        return true;
}

int checkpoint_read(struct slice text, struct checkpoint *ret_checkpoint, struct error *error)
{
        struct checkpoint checkpoint = {.size = 0};
        struct slice rest = text, origin, size, root, extension;

        if (!next_line(&rest, &origin) || !next_line(&rest, &size) || !next_line(&rest, &root))
                return refuse(error, "a checkpoint has three lines: origin, size, root");
        if (origin.length == 0 || origin.length >= sizeof checkpoint.origin || !note_text_is_sound(origin))
                return error_set(error, -EBADMSG, "the origin of a checkpoint has 1 to %d bytes of UTF-8",
                        CHECKPOINT_ORIGIN_MAX - 1);
        if (tree_number_read(size, &checkpoint.size) < 0)
                return refuse(error, "the size of a checkpoint is no number of entries in its usual writing");
        int r = hash_line_read(root, &checkpoint.root);
        if (r == -ENOMEM)
                return error_set(error, r, "not enough memory");
        if (r < 0)
                return refuse(error, "the root of a checkpoint is no SHA-256 hash in base64");
        while (next_line(&rest, &extension))
                if (extension.length == 0)
                        return refuse(error, "a checkpoint has an empty line among its lines");
        if (rest.length > 0)
                return refuse(error, "the last line of a checkpoint is not whole");
        memcpy(checkpoint.origin, origin.text, origin.length);
        *ret_checkpoint = checkpoint;
        return 0;
}

int checkpoint_write(const struct checkpoint *checkpoint, struct buffer *ret)
{
        buffer_printf(ret, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
        return hash_line_write(&checkpoint->root, ret);
}

int checkpoint_open(struct slice bytes, const struct note_key *keys, size_t count,
        struct checkpoint *ret_checkpoint, struct note_signed *ret_signed, struct error *error)
{
        struct note_signed own[NOTE_SIGNATURES_MAX];
        struct note note;

        if (!ret_signed && count > NOTE_SIGNATURES_MAX)
                return error_set(error, -EINVAL, "a checkpoint is not held against so many keys at once");
        int r = note_read(bytes, &note, error);
        if (r == 0)
                r = note_verify(&note, keys, count, ret_signed ? ret_signed : own, error);
        return r == 0 ? checkpoint_read(note.text, ret_checkpoint, error) : r;
}

int checkpoint_sign(const struct checkpoint *checkpoint, const struct note_secret *secret, uint64_t time_s,
        struct buffer *ret, struct error *error)
{
        struct buffer text = buffer_make(CHECKPOINT_BYTES_MAX);

        int r = checkpoint_write(checkpoint, &text);
        if (r < 0) {
                error_set(error, r, "not enough memory");
        } else {
                buffer_append(ret, text.bytes, text.length);
                buffer_append_u8(ret, '\n');
                r = note_sign(slice_make((const char *)text.bytes, text.length), secret, time_s, ret, error);
        }
        buffer_free(&text);
        return r;
}
