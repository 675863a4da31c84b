/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/note.h"

#include "base/base64.h"
#include "custody/note_text.h"

#include <inttypes.h>
#include <string.h>

#define LINE_MARK "\xe2\x80\x94 " /* U+2014 and a blank */
#define KEY_ID_BYTES 4
#define TIME_BYTES 8
#define SIGNATURE_MOST (KEY_ID_BYTES + TIME_BYTES + ED25519_SIGNATURE_BYTES) /* of the types we know */

static int refuse(struct error *error, const char *reason)
{
        return error_set(error, -EBADMSG, "%s", reason);
}

/* ---- reading ---- */

/* The last empty line: the text ends before it, the signatures stand behind it. */
static bool split(struct slice bytes, struct slice *ret_text, struct slice *ret_lines)
{
        for (size_t at = bytes.length; at >= 2; at--) {
                if (bytes.text[at - 1] != '\n' || bytes.text[at - 2] != '\n')
                        continue;
                *ret_text = slice_make(bytes.text, at - 1);
                *ret_lines = slice_make(bytes.text + at, bytes.length - at);
                return true;
        }
        return false;
}

static uint32_t key_id_of(const uint8_t *bytes)
{
        return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int read_line(
        struct slice line, struct buffer *scratch, struct note_line *ret_line, struct error *error)
{
        struct slice rest = line;

        if (!slice_starts(line, LINE_MARK))
                return refuse(error, "a signature line of a note does not begin with a dash and a blank");
        rest = slice_make(line.text + strlen(LINE_MARK), line.length - strlen(LINE_MARK));
        ret_line->name = slice_cut(&rest, ' ');
        ret_line->signature = rest;
        if (!note_name_is_sound(ret_line->name))
                return refuse(error, "a signature line of a note names no key");
        buffer_clear(scratch);
        int r = base64_read(rest, scratch);
        if (r == -ENOMEM)
                return error_set(error, r, "not enough memory");
        if (r < 0 || scratch->length <= KEY_ID_BYTES)
                return refuse(error, "a signature line of a note holds no signature in base64");
        ret_line->key_id = key_id_of(scratch->bytes);
        return 0;
}

int note_read(struct slice bytes, struct note *ret_note, struct error *error)
{
        struct buffer scratch = buffer_make(NOTE_BYTES_MAX);
        struct note note = {.count = 0};
        struct slice lines;
        int r = 0;

        if (bytes.length > NOTE_BYTES_MAX)
                return error_set(error, -EBADMSG, "a note must not be longer than %u bytes", NOTE_BYTES_MAX);
        if (!note_text_is_sound(bytes))
                return refuse(error, "a note must be UTF-8 without control characters");
        if (!split(bytes, &note.text, &lines))
                return refuse(error, "a note needs an empty line between its text and its signatures");
        if (lines.length == 0 || lines.text[lines.length - 1] != '\n')
                return refuse(error, "a note must end in whole signature lines");
        while (lines.length > 0 && r == 0) {
                struct slice line = slice_cut(&lines, '\n');
                if (note.count == NOTE_SIGNATURES_MAX)
                        r = error_set(error, -EBADMSG, "a note must not have more than %d signatures",
                                NOTE_SIGNATURES_MAX);
                else
                        r = read_line(line, &scratch, &note.lines[note.count++], error);
        }
        buffer_free(&scratch);
        if (r == 0)
                *ret_note = note;
        return r;
}

/* ---- verifying ---- */

/* What a cosignature signs: two lines, then the text of the checkpoint (c2sp.org/tlog-cosignature, "Ed25519
 * signed message"). */
static int write_cosigned(struct slice text, uint64_t time_s, struct buffer *ret)
{
        buffer_printf(ret, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
        return buffer_append(ret, text.text, text.length);
}

static int verify_cosignature(
        struct slice text, const struct note_key *key, const uint8_t *bytes, uint64_t *ret_time_s)
{
        struct buffer message = buffer_make(NOTE_BYTES_MAX + 64);
        uint64_t time_s = 0;

        for (size_t i = 0; i < TIME_BYTES; i++)
                time_s = time_s << 8 | bytes[i];
        if (time_s > INT64_MAX)
                return -EKEYREJECTED;
        int r = write_cosigned(text, time_s, &message);
        if (r == 0)
                r = ed25519_verify(key->public_key, message.bytes, message.length, bytes + TIME_BYTES);
        buffer_free(&message);
        if (r == 0)
                *ret_time_s = time_s;
        return r;
}

static int verify_line(struct slice text, const struct note_line *line, const struct note_key *key,
        struct note_signed *signed_by)
{
        struct buffer bytes = buffer_make(SIGNATURE_MOST);
        bool cosigned = key->type == NOTE_KEY_COSIGNATURE;
        size_t length = KEY_ID_BYTES + (cosigned ? TIME_BYTES : 0) + ED25519_SIGNATURE_BYTES;
        uint64_t time_s = 0;

        int r = line->signature.length == BASE64_LENGTH(length) ? base64_read(line->signature, &bytes)
                                                                : -EKEYREJECTED;
        if (r == -EFBIG || (r == 0 && bytes.length != length))
                r = -EKEYREJECTED;
        if (r == 0 && cosigned)
                r = verify_cosignature(text, key, bytes.bytes + KEY_ID_BYTES, &time_s);
        else if (r == 0)
                r = ed25519_verify(key->public_key, text.text, text.length, bytes.bytes + KEY_ID_BYTES);
        buffer_free(&bytes);
        if (r == 0) {
                signed_by->holds = true;
                /* Of several by one witness the latest says most. */
                signed_by->time_s = time_s > signed_by->time_s ? time_s : signed_by->time_s;
        }
        return r;
}

int note_verify(const struct note *note, const struct note_key *keys, size_t count,
        struct note_signed *ret_signed, struct error *error)
{
        size_t held = 0;

        for (size_t k = 0; k < count; k++)
                ret_signed[k] = (struct note_signed){.holds = false};
        for (size_t i = 0; i < note->count; i++) {
                for (size_t k = 0; k < count; k++) {
                        const struct note_line *line = &note->lines[i];
                        if (line->key_id != keys[k].id || !slice_is(line->name, keys[k].name))
                                continue;
                        int r = verify_line(note->text, line, &keys[k], &ret_signed[k]);
                        if (r == -EKEYREJECTED)
                                return error_set(error, r,
                                        "the signature by %s (key %08" PRIx32 ") does not hold: the note was "
                                        "changed or is forged",
                                        keys[k].name, keys[k].id);
                        if (r < 0)
                                return error_set(error, r, "a signature could not be verified");
                        held++;
                }
        }
        return held > 0 ? 0 : error_set(error, -ENOKEY, "none of the known keys signed this note");
}

/* ---- signing ---- */

int note_sign(struct slice text, const struct note_secret *secret, uint64_t time_s, struct buffer *ret,
        struct error *error)
{
        const struct note_key *key = &secret->key;
        bool cosigned = key->type == NOTE_KEY_COSIGNATURE;
        struct buffer message = buffer_make(NOTE_BYTES_MAX + 64), bytes = buffer_make(SIGNATURE_MOST);
        uint8_t signature[ED25519_SIGNATURE_BYTES];

        if (text.length == 0 || text.length > NOTE_BYTES_MAX || text.text[text.length - 1] != '\n' ||
                !note_text_is_sound(text))
                return error_set(error, -EINVAL,
                        "only UTF-8 text without control characters that ends in a line end can be signed");
        if (cosigned ? time_s > INT64_MAX : time_s != 0)
                return error_set(error, -EINVAL, "this signature cannot state that time");
        int r = cosigned ? write_cosigned(text, time_s, &message)
                         : buffer_append(&message, text.text, text.length);
        if (r == 0)
                r = ed25519_sign(secret->secret, message.bytes, message.length, signature);
        buffer_append_be(&bytes, key->id, KEY_ID_BYTES);
        if (cosigned)
                buffer_append_be(&bytes, time_s, TIME_BYTES);
        buffer_append(&bytes, signature, sizeof signature);
        if (r == 0)
                r = bytes.failed;
        if (r == 0) {
                buffer_printf(ret, LINE_MARK "%s ", key->name);
                base64_write(bytes.bytes, bytes.length, ret);
                r = buffer_append_u8(ret, '\n');
        }
        buffer_free(&message);
        buffer_free(&bytes);
        return r < 0 ? error_set(error, r, "a note could not be signed") : 0;
}
