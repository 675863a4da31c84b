/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading entries and openings, and proofs out of the tiles. */
#include "base/base64.h"
#include "chronicle/state.h"
#include "custody/log_opening.h"
#include "custody/witness.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int no_such_entry(const struct chronicle *chronicle, uint64_t index, struct error *error)
{
        return error_set(error, -ENOENT, "%s: there is no entry %" PRIu64 "; the log has %" PRIu64,
                chronicle->path, index, chronicle->now.size);
}

/* The tile of level 0 in which an entry stands, as wide as the latest checkpoint has it. */
static struct tile tile_of(const struct chronicle *chronicle, uint64_t index)
{
        struct tile tile = {.level = 0, .index = index / TILE_WIDTH};

        tile.width = tile_width(0, tile.index, chronicle->now.size);
        return tile;
}

/* Out of a bundle whose entries are all commitments. */
static int take_entry(const struct chronicle *chronicle, struct slice bundle, uint64_t index,
        uint8_t ret_entry[COMMITMENT_ENTRY_BYTES], struct error *error)
{
        struct slice entry = {NULL, 0};

        for (unsigned i = 0; i <= index % TILE_WIDTH; i++)
                if (!bundle_next(&bundle, &entry))
                        entry.length = 0;
        if (entry.length != COMMITMENT_ENTRY_BYTES)
                return error_set(error, -EBADMSG, "%s: entry %" PRIu64 " is no commitment of this log",
                        chronicle->path, index);
        memcpy(ret_entry, entry.text, COMMITMENT_ENTRY_BYTES);
        return 0;
}

int chronicle_entry(struct chronicle *chronicle, uint64_t index, uint8_t ret_entry[COMMITMENT_ENTRY_BYTES],
        struct error *error)
{
        struct buffer bundle = buffer_make(BUNDLE_BYTES_MAX);

        int r = chronicle_refresh(chronicle, error);
        if (r == 0 && index >= chronicle->now.size)
                r = no_such_entry(chronicle, index, error);
        if (r == 0) {
                struct tile tile = tile_of(chronicle, index);
                r = chronicle_bundle_read(chronicle->path, &tile, &bundle, error);
        }
        if (r == 0)
                r = take_entry(chronicle, slice_make((const char *)bundle.bytes, bundle.length), index,
                        ret_entry, error);
        buffer_free(&bundle);
        return r;
}

/* The opening of an entry that is known, verified. */
static int find_opening(struct chronicle *chronicle, uint64_t index, struct slice entry,
        uint8_t ret_salt[COMMITMENT_SALT_BYTES], struct buffer *ret_content, struct error *error)
{
        size_t before = ret_content->length;

        int r = openings_find(chronicle->openings, index, ret_salt, ret_content, error);
        if (r == -ENODATA)
                return error_set(error, r, "what entry %" PRIu64 " commits to was erased", index);
        if (r == -ENOENT)
                return error_set(error, -EBADMSG,
                        "%s: what entry %" PRIu64 " commits to is lost: nothing says that it was erased",
                        chronicle->path, index);
        if (r < 0)
                return r;
        r = commitment_check(entry, ret_salt,
                slice_make((const char *)ret_content->bytes + before, ret_content->length - before));
        if (r < 0) {
                ret_content->length = before;
                return error_set(error, r, "%s: what is kept of entry %" PRIu64 " is not what it commits to",
                        chronicle->path, index);
        }
        return 0;
}

int chronicle_opening(struct chronicle *chronicle, uint64_t index, uint8_t ret_salt[COMMITMENT_SALT_BYTES],
        struct buffer *ret_content, struct error *error)
{
        uint8_t entry[COMMITMENT_ENTRY_BYTES];

        int r = chronicle_entry(chronicle, index, entry, error);
        return r == 0 ? find_opening(chronicle, index, slice_make((const char *)entry, sizeof entry),
                                ret_salt, ret_content, error)
                      : r;
}

/* ---- proofs ---- */

/* The extra data of a proof: {"content":...,"salt":...} in base64. */
static int write_extra(struct chronicle *chronicle, uint64_t index, struct buffer *ret, struct error *error)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        uint8_t salt[COMMITMENT_SALT_BYTES];

        int r = chronicle_opening(chronicle, index, salt, &content, error);
        if (r == -ENODATA) {
                buffer_free(&content);
                return 0;
        }
        if (r == 0 && (r = log_opening_write(
                               salt, slice_make((const char *)content.bytes, content.length), ret)) < 0)
                error_set(error, r, "not enough memory");
        buffer_free(&content);
        return r;
}

static int make_inclusion(
        struct chronicle *chronicle, uint64_t index, struct merkle_proof *ret_proof, struct error *error)
{
        struct tile_source *source;

        int r = tile_source_new(chronicle_tile_read, chronicle->path, chronicle->now.size, &source);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = merkle_inclusion_make(tile_source_hash, source, index, chronicle->now.size, ret_proof, error);
        tile_source_free(source);
        return r;
}

int chronicle_prove(struct chronicle *chronicle, uint64_t index, bool with_opening, struct buffer *ret,
        struct error *error)
{
        struct buffer extra = buffer_make(BASE64_LENGTH((size_t)LOG_PROOF_EXTRA_MAX));
        uint8_t entry[COMMITMENT_ENTRY_BYTES];
        struct log_proof proof = {.index = index};
        struct checkpoint verified;

        int r = chronicle_entry(chronicle, index, entry, error);
        if (r == 0 && with_opening)
                r = write_extra(chronicle, index, &extra, error);
        if (r == 0)
                r = make_inclusion(chronicle, index, &proof.inclusion, error);
        if (r == 0) {
                proof.extra = slice_make((const char *)extra.bytes, extra.length);
                proof.checkpoint = slice_make((const char *)chronicle->note.bytes, chronicle->note.length);
                r = log_proof_verify(&proof, slice_make((const char *)entry, sizeof entry),
                        chronicle->now.origin, &chronicle->log_key, 1, &verified, error);
        }
        if (r == 0 && (r = log_proof_write(&proof, ret)) < 0)
                error_set(error, r, "not enough memory");
        buffer_free(&extra);
        return r;
}

int chronicle_witness_request(
        struct chronicle *chronicle, uint64_t old_size, struct buffer *ret, struct error *error)
{
        struct witness_request request = {.old_size = old_size};
        struct tile_source *source;

        int r = chronicle_refresh(chronicle, error);
        if (r < 0)
                return r;
        if (old_size > chronicle->now.size)
                return error_set(error, -EINVAL,
                        "%s: the log has %" PRIu64 " entries; a witness that has seen %" PRIu64
                        " has seen another one, or this one was set back",
                        chronicle->path, chronicle->now.size, old_size);
        r = tile_source_new(chronicle_tile_read, chronicle->path, chronicle->now.size, &source);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = merkle_consistency_make(
                tile_source_hash, source, old_size, chronicle->now.size, &request.proof, error);
        tile_source_free(source);
        request.checkpoint = slice_make((const char *)chronicle->note.bytes, chronicle->note.length);
        if (r == 0 && (r = witness_request_write(&request, ret)) < 0)
                error_set(error, r, "not enough memory");
        return r;
}

/* ---- walking ---- */

static int visit_one(struct chronicle *chronicle, uint64_t index, struct slice entry, struct buffer *content,
        chronicle_visit *visit, void *context, struct error *error)
{
        uint8_t salt[COMMITMENT_SALT_BYTES];
        struct log_entry read;

        buffer_clear(content);
        int r = find_opening(chronicle, index, entry, salt, content, error);
        if (r == -ENODATA)
                return visit(context, index, NULL, error);
        if (r == 0)
                r = log_entry_read(slice_make((const char *)content->bytes, content->length), &read, error);
        if (r < 0)
                return r;
        r = visit(context, index, &read, error);
        log_entry_free(&read);
        return r;
}

int chronicle_walk(struct chronicle *chronicle, uint64_t from, chronicle_visit *visit, void *context,
        struct error *error)
{
        struct buffer bundle = buffer_make(BUNDLE_BYTES_MAX), content = buffer_make(LOG_ENTRY_MAX);
        struct slice rest = {NULL, 0}, entry;

        int r = chronicle_refresh(chronicle, error);
        for (uint64_t index = from - from % TILE_WIDTH; r == 0 && index < chronicle->now.size; index++) {
                if (index % TILE_WIDTH == 0) {
                        struct tile tile = tile_of(chronicle, index);
                        buffer_clear(&bundle);
                        r = chronicle_bundle_read(chronicle->path, &tile, &bundle, error);
                        rest = slice_make((const char *)bundle.bytes, bundle.length);
                }
                if (r == 0 && !bundle_next(&rest, &entry))
                        r = error_set(error, -EBADMSG, "%s: entries are missing", chronicle->path);
                if (r == 0 && index >= from)
                        r = visit_one(chronicle, index, entry, &content, visit, context, error);
        }
        buffer_free(&bundle);
        buffer_free(&content);
        return r;
}
