/* SPDX-License-Identifier: EUPL-1.2 */
/* Examining a log from its first entry to its signature. Everything is computed anew out of the entries, so
 * that a tile, an entry or an opening that was changed is found wherever it stands. */
#include "chronicle/keys.h"
#include "chronicle/state.h"
#include "os/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct check {
        char folder[PATH_MAX];
        struct note_key key;
        struct findings *findings;
        struct checkpoint checkpoint;
        struct openings *openings;
        struct chronicle_counts counts;
        bool tiles_differ;
        uint64_t published_size;
        struct merkle_hash published_root;
};

/* A failure that says something of the log is a finding; the others end the examination. */
static int judge(struct check *check, int r, const char *code, const char *place, const struct error *error)
{
        if (r != -EBADMSG && r != -ENOENT && r != -ENOKEY && r != -EKEYREJECTED && r != -EINVAL &&
                r != -EPROTONOSUPPORT)
                return r;
        findings_add(check->findings, FINDING_FATAL, code, place, "%s", error->text);
        return 0;
}

/* ---- the signature ---- */

static int read_key(struct check *check, const struct note_key *given, struct error *error)
{
        struct note_key log, witness;

        int r = keys_read_public(check->folder, &log, &witness, error);
        if (r == 0 && given && !note_key_is(given, &log))
                findings_add(check->findings, FINDING_FATAL, "key", "log.vkey",
                        "the key in the folder is not the one that this log is known by");
        if (r < 0 && !given)
                return r;
        check->key = given ? *given : log;
        return 0;
}

static int read_checkpoint(struct check *check, struct error *error)
{
        struct buffer note = buffer_make(CHECKPOINT_BYTES_MAX);
        char path[PATH_MAX];

        int r = chronicle_join(check->folder, "checkpoint", path, error);
        if (r == 0)
                r = file_read(path, &note, error);
        if (r == 0)
                r = checkpoint_open(slice_make((const char *)note.bytes, note.length), &check->key, 1,
                        &check->checkpoint, NULL, error);
        if (r == 0 && strcmp(check->checkpoint.origin, check->key.name) != 0)
                r = error_set(error, -EBADMSG, "the checkpoint is of the log %s", check->checkpoint.origin);
        buffer_free(&note);
        return r;
}

/* ---- openings ---- */

static int check_erasure(struct check *check, uint64_t index, const char *place, struct error *error)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        uint8_t salt[COMMITMENT_SALT_BYTES];
        struct log_entry entry = {.kind = NULL};
        uint64_t by;

        check->counts.erased++;
        int r = openings_erased_by(check->openings, index, &by, error);
        if (r == 0)
                r = openings_find(check->openings, by, salt, &content, error);
        if (r == 0)
                r = log_entry_read(slice_make((const char *)content.bytes, content.length), &entry, error);
        bool told = r == 0 && strcmp(entry.kind_name, "opening-erased") == 0 &&
                    (uint64_t)json_integer_value(json_object_get(entry.fields, "entry")) == index;
        if (r == 0)
                log_entry_free(&entry);
        buffer_free(&content);
        if (told)
                return 0;
        if (r == 0 || r == -ENODATA || r == -ENOENT || r == -EBADMSG) {
                findings_add(check->findings, FINDING_FATAL, "erasure", place,
                        "it was erased, and no entry of the log says so");
                return 0;
        }
        return r;
}

static int check_opening(struct check *check, uint64_t index, struct slice entry, struct error *error)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        uint8_t salt[COMMITMENT_SALT_BYTES];
        struct log_entry read;
        char place[64];

        snprintf(place, sizeof place, "entry %" PRIu64, index);
        int r = openings_find(check->openings, index, salt, &content, error);
        if (r == -ENODATA) {
                r = check_erasure(check, index, place, error);
        } else if (r == -ENOENT) {
                findings_add(check->findings, FINDING_FATAL, "opening-lost", place,
                        "what it commits to is not kept, and nothing says that it was erased");
                r = 0;
        } else if (r == 0) {
                struct slice text = slice_make((const char *)content.bytes, content.length);
                r = commitment_check(entry, salt, text);
                if (r == -EBADMSG)
                        findings_add(check->findings, FINDING_FATAL, "opening", place,
                                "what is kept of it is not what it commits to: one of the two was changed");
                if (r == 0 && (r = log_entry_read(text, &read, error)) == 0) {
                        log_entry_free(&read);
                        check->counts.openings++;
                } else if (r == -EBADMSG && error->code == -EBADMSG && error->text[0]) {
                        findings_add(check->findings, FINDING_FATAL, "content", place, "%s", error->text);
                }
                r = r == -EBADMSG ? 0 : r;
                error->text[0] = '\0';
        }
        buffer_free(&content);
        return r;
}

/* ---- entries and tiles ---- */

/* Takes the place of writing: what would be written must stand there. */
static int compare_tile(void *context, const struct tile *tile, const uint8_t *hashes, struct error *error)
{
        struct check *check = context;
        uint8_t stored[TILE_BYTES];
        char name[TILE_PATH_MAX];

        int r = chronicle_tile_read(check->folder, tile, stored, error);
        if (r < 0) {
                check->tiles_differ = true;
                return judge(check, r, "tile", tile_path(tile, name), error);
        }
        if (memcmp(stored, hashes, (size_t)tile->width * MERKLE_HASH_BYTES) != 0) {
                check->tiles_differ = true;
                findings_add(check->findings, FINDING_FATAL, "tile", tile_path(tile, name),
                        "its hashes are not those of the entries: one of the two was changed");
        }
        return 0;
}

static int check_bundle(
        struct check *check, struct tile_edge *edge, uint64_t first, unsigned width, struct error *error)
{
        const struct tile tile = {0, first / TILE_WIDTH, width};
        struct buffer bundle = buffer_make(BUNDLE_BYTES_MAX);
        struct merkle_hash leaf;
        struct slice entry;

        int r = chronicle_bundle_read(check->folder, &tile, &bundle, error);
        struct slice rest = slice_make((const char *)bundle.bytes, bundle.length);
        for (unsigned i = 0; r == 0 && i < width; i++) {
                if (!bundle_next(&rest, &entry)) {
                        r = error_set(error, -EBADMSG, "entries are missing");
                        break;
                }
                r = merkle_leaf_hash(entry.text, entry.length, &leaf);
                if (r == 0)
                        r = tile_edge_push(edge, &leaf, compare_tile, check, error);
                if (r == 0)
                        r = check_opening(check, first + i, entry, error);
        }
        buffer_free(&bundle);
        return r;
}

static int check_tree(struct check *check, struct error *error)
{
        struct tile_edge *edge;
        struct merkle_hash root;

        int r = tile_edge_load(chronicle_tile_read, check->folder, 0, &edge, error);
        for (uint64_t at = 0; r == 0 && at < check->checkpoint.size; at += TILE_WIDTH)
                r = check_bundle(
                        check, edge, at, tile_width(0, at / TILE_WIDTH, check->checkpoint.size), error);
        if (r == 0)
                r = tile_edge_write_partial(edge, compare_tile, check, error);
        if (r == 0)
                r = tile_edge_root(edge, &root, error);
        if (r == 0 && memcmp(root.bytes, check->checkpoint.root.bytes, sizeof root) != 0)
                findings_add(check->findings, FINDING_FATAL, "root", "checkpoint",
                        "the entries do not have the root that was signed: entries were changed, taken away "
                        "or "
                        "moved");
        else if (r == 0)
                findings_add(check->findings, FINDING_HELD, "root", "checkpoint",
                        "the %" PRIu64 " entries have the root that was signed", check->checkpoint.size);
        if (r == 0 && !check->tiles_differ)
                findings_add(
                        check->findings, FINDING_HELD, "tile", "tile", "every tile is that of the entries");
        tile_edge_free(edge);
        return r;
}

/* The checkpoint that was published before must be the beginning of this one. */
static int check_published(struct check *check, struct error *error)
{
        const struct checkpoint *now = &check->checkpoint;
        struct tile_source *source;
        struct merkle_hash root;

        if (check->published_size > now->size) {
                findings_add(check->findings, FINDING_FATAL, "set-back", "checkpoint",
                        "a checkpoint of %" PRIu64 " entries was published before: the log was set back",
                        check->published_size);
                return 0;
        }
        int r = tile_source_new(chronicle_tile_read, check->folder, now->size, &source);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = merkle_root(tile_source_hash, source, check->published_size, &root, error);
        tile_source_free(source);
        if (r == 0 && memcmp(&root, &check->published_root, sizeof root) != 0)
                findings_add(check->findings, FINDING_FATAL, "replaced", "checkpoint",
                        "another tree of %" PRIu64 " entries was published before: the log was replaced",
                        check->published_size);
        return r;
}

/* Before the checkpoint is read: a writer goes the other way round, so that a log that grows meanwhile does
 * not look set back. */
static int open_database(struct check *check, struct error *error)
{
        char path[PATH_MAX];

        int r = chronicle_join(check->folder, "openings.db", path, error);
        if (r == 0)
                r = openings_open(path, false, false, &check->openings, error);
        return r == 0 ? openings_published(
                                check->openings, &check->published_size, &check->published_root, error)
                      : r;
}

static void tell_openings(struct check *check)
{
        static const char *const codes[] = {"opening", "opening-lost", "content", "erasure"};

        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
                if (findings_find(check->findings, codes[i]))
                        return;
        findings_add(check->findings, FINDING_HELD, "opening", "openings.db",
                "kept, and what their entries commit to: %" PRIu64
                "; erased, each told by an entry: %" PRIu64,
                check->counts.openings, check->counts.erased);
}

static int examine_signature(
        struct check *check, const struct note_key *key, bool *ret_signed, struct error *error)
{
        int r = read_key(check, key, error);

        if (r == 0)
                r = read_checkpoint(check, error);
        *ret_signed = r == 0;
        if (r < 0)
                return judge(check, r, "signature", "checkpoint", error);
        findings_add(check->findings, FINDING_HELD, "signature", "checkpoint",
                "signed by %s (key %08" PRIx32 ")", check->key.name, check->key.id);
        check->counts.entries = check->checkpoint.size;
        return 0;
}

static int examine(struct check *check, const struct note_key *key, struct error *error)
{
        bool is_signed = false;

        int opened = open_database(check, error);
        struct error reason = *error;
        int r = examine_signature(check, key, &is_signed, error);
        if (r < 0 || !is_signed)
                return r;
        if (opened < 0) {
                *error = reason;
                return judge(check, opened, "damaged", "openings.db", error);
        }
        r = check_published(check, error);
        if (r == 0)
                r = check_tree(check, error);
        if (r == 0)
                tell_openings(check);
        return r < 0 ? judge(check, r, "damaged", "log", error) : 0;
}

int chronicle_check(const char *path, const struct note_key *key, struct findings *findings,
        struct chronicle_counts *ret_counts, struct error *error)
{
        struct check *check = calloc(1, sizeof *check);
        struct error reason = {0};
        int r = 0;

        if (!check)
                return error_set(error, -ENOMEM, "not enough memory");
        if (!realpath(path, check->folder)) {
                r = error_set(error, -errno, "%s: cannot be found: %s", path, strerrordesc_np(errno));
                free(check);
                return r;
        }
        check->findings = findings;
        r = examine(check, key, &reason);
        if (r < 0)
                error_set(error, r, "%s", reason.text[0] ? reason.text : "the log could not be examined");
        else
                *ret_counts = check->counts;
        openings_close(check->openings);
        free(check);
        return r;
}
