/* SPDX-License-Identifier: EUPL-1.2 */
/* Appending: openings, then tiles, then the checkpoint. Only the last step makes the entries part of the log;
 * what stands on the disk before it belongs to no checkpoint and is written anew by whoever comes next. */
#include "chronicle/state.h"
#include "crypto/seal.h"
#include "os/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The entries of one append. */
struct batch {
        size_t count;
        struct opening *openings; /* contents are slices of `contents` */
        uint8_t (*entries)[COMMITMENT_ENTRY_BYTES];
        struct buffer contents;
};

static void batch_free(struct batch *batch)
{
        free(batch->openings);
        free(batch->entries);
        buffer_free(&batch->contents);
}

static int prepare(const struct chronicle_item *items, size_t count, struct batch *batch, struct error *error)
{
        size_t *begins = calloc(count + 1, sizeof *begins);

        *batch = (struct batch){.count = count, .contents = buffer_make(CHRONICLE_ITEMS_MAX * LOG_ENTRY_MAX)};
        batch->openings = calloc(count, sizeof *batch->openings);
        batch->entries = calloc(count, sizeof *batch->entries);
        int r = begins && batch->openings && batch->entries ? 0
                                                            : error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < count && r == 0; i++) {
                r = log_entry_write(
                        items[i].kind, items[i].at_ms, items[i].by, items[i].fields, &batch->contents, error);
                if (r == 0)
                        begins[i + 1] = batch->contents.length;
        }
        for (size_t i = 0; i < count && r == 0; i++) {
                struct opening *opening = &batch->openings[i];
                opening->content = slice_make(
                        (const char *)batch->contents.bytes + begins[i], begins[i + 1] - begins[i]);
                r = seal_random(opening->salt, sizeof opening->salt);
                if (r == 0)
                        r = commitment_make(opening->salt, opening->content, batch->entries[i]);
                if (r < 0)
                        error_set(error, r, "an entry of the log could not be made");
        }
        free(begins);
        return r;
}

/* Writes the bundles that change, from the one that the log ends in. */
static int write_bundles(struct chronicle *chronicle, const struct batch *batch, struct error *error)
{
        struct buffer bundle = buffer_make(BUNDLE_BYTES_MAX);
        uint64_t size = chronicle->now.size;
        struct tile tile = {0, size / TILE_WIDTH, (unsigned)(size % TILE_WIDTH)};
        int r = tile.width > 0 ? chronicle_bundle_read(chronicle->path, &tile, &bundle, error) : 0;

        for (size_t i = 0; i < batch->count && r == 0; i++) {
                if ((r = bundle_append(&bundle, batch->entries[i], COMMITMENT_ENTRY_BYTES)) < 0)
                        error_set(error, r, "not enough memory");
                tile.width++;
                if (r == 0 && (tile.width == TILE_WIDTH || i + 1 == batch->count))
                        r = chronicle_bundle_write(chronicle->path, &tile, &bundle, error);
                if (tile.width == TILE_WIDTH) {
                        tile = (struct tile){0, tile.index + 1, 0};
                        buffer_clear(&bundle);
                }
        }
        buffer_free(&bundle);
        return r;
}

static int write_tiles(struct chronicle *chronicle, const struct batch *batch, struct error *error)
{
        struct merkle_hash leaf;
        int r = 0;

        for (size_t i = 0; i < batch->count && r == 0; i++) {
                r = merkle_leaf_hash(batch->entries[i], COMMITMENT_ENTRY_BYTES, &leaf);
                r = r < 0 ? error_set(error, r, "a hash of the tree could not be computed")
                          : tile_edge_push(
                                    chronicle->edge, &leaf, chronicle_tile_write, chronicle->path, error);
        }
        return r == 0 ? tile_edge_write_partial(chronicle->edge, chronicle_tile_write, chronicle->path, error)
                      : r;
}

/* What could not be settled is settled by whoever opens the log next; an erasure must be done when it is said
 * to be, the rest is only bookkeeping: the entries are in the log. */
static int settle(struct chronicle *chronicle, const uint64_t *erased, struct error *error)
{
        struct error reason = {0};

        int r = openings_settle(chronicle->openings, chronicle->now.size, &chronicle->now.root, &reason);
        if (r == 0)
                return 0;
        tile_edge_free(chronicle->edge);
        chronicle->edge = NULL;
        return erased ? error_set(error, r, "%s", reason.text) : 0;
}

static int publish(struct chronicle *chronicle, const uint64_t *erased, struct error *error)
{
        struct checkpoint checkpoint = chronicle->now;
        struct buffer note = buffer_make(CHECKPOINT_BYTES_MAX);

        checkpoint.size = tile_edge_size(chronicle->edge);
        int r = tile_edge_root(chronicle->edge, &checkpoint.root, error);
        if (r == 0)
                r = checkpoint_sign(&checkpoint, &chronicle->log_secret, 0, &note, error);
        if (r == 0)
                r = chronicle_publish(chronicle->path, "checkpoint", note.bytes, note.length, error);
        if (r < 0) {
                buffer_free(&note);
                return r;
        }
        buffer_free(&chronicle->note);
        chronicle->note = note;
        chronicle->now = checkpoint;
        return settle(chronicle, erased, error);
}

int chronicle_append_locked(struct chronicle *chronicle, const struct chronicle_item *items, size_t count,
        const uint64_t *erased, struct error *error)
{
        struct batch batch;

        int r = prepare(items, count, &batch, error);
        if (r == 0)
                r = openings_prepare(
                        chronicle->openings, chronicle->now.size, batch.openings, count, erased, error);
        if (r == 0) {
                r = write_bundles(chronicle, &batch, error);
                if (r == 0)
                        r = write_tiles(chronicle, &batch, error);
                if (r == 0)
                        r = publish(chronicle, erased, error);
                if (r < 0) {
                        /* What is on the disk is known only when it was read again. */
                        tile_edge_free(chronicle->edge);
                        chronicle->edge = NULL;
                }
        }
        batch_free(&batch);
        return r;
}

int chronicle_append_all(struct chronicle *chronicle, const struct chronicle_item *items, size_t count,
        uint64_t *ret_first, struct error *error)
{
        int lock;

        if (count == 0 || count > CHRONICLE_ITEMS_MAX)
                return error_set(error, -EINVAL, "1 to %d entries are appended at once", CHRONICLE_ITEMS_MAX);
        int r = chronicle_begin(chronicle, &lock, error);
        if (r < 0)
                return r;
        uint64_t first = chronicle->now.size;
        r = chronicle_append_locked(chronicle, items, count, NULL, error);
        lock_release(lock);
        if (r == 0 && ret_first)
                *ret_first = first;
        return r;
}

int chronicle_append(struct chronicle *chronicle, const char *kind, int64_t at_ms, const char *by,
        const char *fields_json, uint64_t *ret_index, struct error *error)
{
        json_error_t reason;
        json_t *fields = json_loads(fields_json, JSON_REJECT_DUPLICATES, &reason);

        if (!fields)
                return error_set(error, -EINVAL, "the fields of an entry are no JSON: %s", reason.text);
        const struct chronicle_item item = {.kind = kind, .at_ms = at_ms, .by = by, .fields = fields};
        int r = chronicle_append_all(chronicle, &item, 1, ret_index, error);
        json_decref(fields);
        return r;
}

/* ---- erasing ---- */

static int check_erasable(struct chronicle *chronicle, uint64_t index, struct error *error)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        uint8_t salt[COMMITMENT_SALT_BYTES];
        struct log_entry entry;

        int r = chronicle_opening(chronicle, index, salt, &content, error);
        if (r == 0)
                r = log_entry_read(slice_make((const char *)content.bytes, content.length), &entry, error);
        if (r == 0) {
                if (strcmp(entry.kind_name, "opening-erased") == 0)
                        r = error_set(error, -EPERM,
                                "entry %" PRIu64 " tells of an erasure, which must stay to be seen", index);
                log_entry_free(&entry);
        }
        buffer_free(&content);
        return r;
}

int chronicle_erase(struct chronicle *chronicle, uint64_t index, int64_t at_ms, const char *by,
        const char *reason, struct error *error)
{
        int lock;

        int r = chronicle_begin(chronicle, &lock, error);
        if (r < 0)
                return r;
        r = check_erasable(chronicle, index, error);
        json_t *fields = json_pack("{s:I, s:s}", "entry", (json_int_t)index, "reason", reason);
        if (r == 0 && !fields)
                r = error_set(error, -EINVAL, "the reason of an erasure must be told in UTF-8");
        if (r == 0) {
                const struct chronicle_item item = {
                        .kind = "opening-erased", .at_ms = at_ms, .by = by, .fields = fields};
                r = chronicle_append_locked(chronicle, &item, 1, &index, error);
        }
        json_decref(fields);
        lock_release(lock);
        return r;
}
