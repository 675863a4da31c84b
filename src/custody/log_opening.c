/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/log_opening.h"

#include "base/base64.h"
#include "custody/jcs.h"

#include <stdlib.h>
#include <string.h>

static const struct json_limits limits = {.bytes = LOG_PROOF_EXTRA_MAX, .depth = 1, .values = 4};

int log_opening_write(const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content, struct buffer *ret)
{
        struct buffer text = buffer_make(LOG_PROOF_EXTRA_MAX);
        char hex[DIGEST_TEXT_MAX];
        json_t *extra = json_pack(
                "{s:s%, s:s}", "content", content.text, content.length, "salt", digest_format(salt, hex));

        int r = extra ? jcs_write(extra, &text, NULL) : -ENOMEM;
        if (r == 0)
                r = base64_write(text.bytes, text.length, ret);
        json_decref(extra);
        buffer_free(&text);
        return r;
}

static int refuse(struct error *error)
{
        return error_set(error, -EBADMSG, "the extra data of the proof is no opening of an entry");
}

/* The object {"content":...,"salt":...}; new reference. */
static int read_extra(struct slice base64, json_t **ret_extra, struct error *error)
{
        struct buffer text = buffer_make(LOG_PROOF_EXTRA_MAX);

        int r = base64_read(base64, &text);
        if (r == 0)
                r = jcs_read(slice_make((const char *)text.bytes, text.length), "the opening of an entry",
                        &limits, ret_extra, error);
        else
                r = r == -ENOMEM ? error_set(error, r, "not enough memory") : refuse(error);
        buffer_free(&text);
        return r;
}

int log_opening_verify(const struct log_proof *proof, const char *origin, const struct note_key *keys,
        size_t count, struct checkpoint *ret_checkpoint, struct log_entry *ret_entry, struct error *error)
{
        uint8_t salt[COMMITMENT_SALT_BYTES], entry[COMMITMENT_ENTRY_BYTES];
        struct checkpoint checkpoint;
        struct log_entry read;
        json_t *extra;

        if (proof->extra.length == 0)
                return error_set(error, -ENODATA, "the proof does not say what the entry commits to");
        int r = read_extra(proof->extra, &extra, error);
        if (r < 0)
                return r;
        const char *content = json_string_value(json_object_get(extra, "content"));
        const char *salt_text = json_string_value(json_object_get(extra, "salt"));
        if (json_object_size(extra) != 2 || !content || !salt_text ||
                digest_parse(slice_of(salt_text), salt) < 0)
                r = refuse(error);
        if (r == 0 && (r = commitment_make(salt, slice_of(content), entry)) < 0)
                error_set(error, r, "the entry could not be computed");
        if (r == 0)
                r = log_proof_verify(proof, slice_make((const char *)entry, sizeof entry), origin, keys,
                        count, &checkpoint, error);
        if (r == 0)
                r = log_entry_read(slice_of(content), &read, error);
        json_decref(extra);
        if (r < 0)
                return r;
        *ret_checkpoint = checkpoint;
        *ret_entry = read;
        return 0;
}
