/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/chronicle.h"

#include "chronicle/keys.h"
#include "chronicle/state.h"
#include "crypto/seal.h"
#include "os/file.h"
#include "os/keyring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what stands on the disk ---- */

static int read_checkpoint(struct chronicle *chronicle, struct checkpoint *ret_checkpoint,
        struct buffer *note, struct error *error)
{
        char path[PATH_MAX];

        int r = chronicle_join(chronicle->path, "checkpoint", path, error);
        if (r == 0)
                r = file_read(path, note, error);
        if (r == -ENOENT)
                return error_set(error, -EBADMSG,
                        "%s: there is no checkpoint, so this is no log or not a whole one", chronicle->path);
        if (r < 0)
                return r;
        r = checkpoint_open(slice_make((const char *)note->bytes, note->length), &chronicle->log_key, 1,
                ret_checkpoint, NULL, error);
        if (r < 0)
                return error_prefix(error, r == -ENOMEM ? r : -EBADMSG, "%s: ", path);
        if (strcmp(ret_checkpoint->origin, chronicle->log_key.name) != 0)
                return error_set(error, -EBADMSG, "%s: is of another log", path);
        return 0;
}

static bool is_same_root(const struct merkle_hash *a, const struct merkle_hash *b)
{
        return memcmp(a->bytes, b->bytes, MERKLE_HASH_BYTES) == 0;
}

/* Reads the right edge and holds it against the signed root. */
static int load_edge(struct chronicle *chronicle, const struct checkpoint *checkpoint,
        struct tile_edge **ret_edge, struct error *error)
{
        struct tile_edge *edge;
        struct merkle_hash root;

        int r = tile_edge_load(chronicle_tile_read, chronicle->path, checkpoint->size, &edge, error);
        if (r < 0)
                return r;
        r = tile_edge_root(edge, &root, error);
        if (r == 0 && !is_same_root(&root, &checkpoint->root))
                r = error_set(error, -EBADMSG,
                        "%s: the tiles are not those of the signed checkpoint: the log was changed or "
                        "damaged; "
                        "nothing is appended before that is explained (`rogatory log check`)",
                        chronicle->path);
        if (r < 0)
                tile_edge_free(edge);
        else
                *ret_edge = edge;
        return r;
}

/* The checkpoint that was published before must be the beginning of this one: a log that was set back, or
 * taken from another place, must not go on as if nothing had happened. */
static int check_published(struct chronicle *chronicle, const struct checkpoint *checkpoint, uint64_t size,
        const struct merkle_hash *published, struct error *error)
{
        struct tile_source *source;
        struct merkle_hash root;

        if (size > checkpoint->size)
                return error_set(error, -EBADMSG,
                        "%s: the checkpoint states %" PRIu64 " entries, but one of %" PRIu64
                        " was published before: the log was set back; put the missing part back from a copy",
                        chronicle->path, checkpoint->size, size);
        int r = tile_source_new(chronicle_tile_read, chronicle->path, checkpoint->size, &source);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = merkle_root(tile_source_hash, source, size, &root, error);
        tile_source_free(source);
        if (r == 0 && !is_same_root(&root, published))
                r = error_set(error, -EBADMSG,
                        "%s: the checkpoint of %" PRIu64
                        " entries that was published before is no beginning of this log: it was replaced",
                        chronicle->path, size);
        return r;
}

int chronicle_refresh(struct chronicle *chronicle, struct error *error)
{
        struct buffer note = buffer_make(CHECKPOINT_BYTES_MAX);
        struct checkpoint checkpoint;
        struct tile_edge *edge = NULL;
        struct merkle_hash published;
        uint64_t size;

        /* In this order: a writer takes the opposite one, so that a reader never sees a log that seems set
         * back. */
        int r = openings_published(chronicle->openings, &size, &published, error);
        if (r == 0)
                r = read_checkpoint(chronicle, &checkpoint, &note, error);
        if (r == 0 && chronicle->edge && checkpoint.size == chronicle->now.size &&
                is_same_root(&checkpoint.root, &chronicle->now.root)) {
                buffer_free(&note);
                return 0;
        }
        if (r == 0 && chronicle->note.length > 0 && checkpoint.size < chronicle->now.size)
                r = error_set(
                        error, -EBADMSG, "%s: the log became shorter while it was open", chronicle->path);
        if (r == 0)
                r = load_edge(chronicle, &checkpoint, &edge, error);
        if (r == 0)
                r = check_published(chronicle, &checkpoint, size, &published, error);
        /* A writer was killed between its checkpoint and its last step, which is done here. */
        if (r == 0 && size < checkpoint.size && chronicle->mode == CHRONICLE_WRITE)
                r = openings_settle(chronicle->openings, checkpoint.size, &checkpoint.root, error);
        if (r < 0) {
                tile_edge_free(edge);
                buffer_free(&note);
                return r;
        }
        tile_edge_free(chronicle->edge);
        buffer_free(&chronicle->note);
        chronicle->edge = edge;
        chronicle->note = note;
        chronicle->now = checkpoint;
        return 0;
}

int chronicle_begin(struct chronicle *chronicle, int *ret_lock, struct error *error)
{
        char path[PATH_MAX];
        int lock;

        if (chronicle->mode != CHRONICLE_WRITE)
                return error_set(error, -EROFS, "%s: this log is open for reading only", chronicle->path);
        int r = chronicle_join(chronicle->path, "lock", path, error);
        if (r == 0)
                r = lock_take(path, true, &lock, error);
        if (r < 0)
                return r;
        r = chronicle_join(chronicle->path, CHRONICLE_DRAFT, path, error);
        if (r == 0)
                r = file_remove(path, error);
        if (r == 0)
                r = chronicle_refresh(chronicle, error);
        if (r < 0)
                lock_release(lock);
        else
                *ret_lock = lock;
        return r;
}

/* ---- opening ---- */

static int read_keys(struct chronicle *chronicle, const struct chronicle_keys *keys, struct error *error)
{
        int r = keys_read_public(chronicle->path, &chronicle->log_key, &chronicle->witness_key, error);
        if (r < 0 || chronicle->mode == CHRONICLE_READ)
                return r;
        r = keys_read_secret(
                chronicle->path, keys, &chronicle->log_secret, &chronicle->witness_secret, error);
        if (r == 0 && (!note_key_is(&chronicle->log_secret.key, &chronicle->log_key) ||
                              !note_key_is(&chronicle->witness_secret.key, &chronicle->witness_key)))
                r = error_set(error, -EINVAL,
                        "%s: the secret keys are not those of log.vkey and witness.vkey; a log keeps its "
                        "keys",
                        chronicle->path);
        return r;
}

static int open_parts(struct chronicle *chronicle, const struct chronicle_keys *keys, struct error *error)
{
        char database[PATH_MAX];
        int lock;

        int r = read_keys(chronicle, keys, error);
        if (r == 0)
                r = chronicle_join(chronicle->path, "openings.db", database, error);
        if (r == 0)
                r = openings_open(
                        database, false, chronicle->mode == CHRONICLE_WRITE, &chronicle->openings, error);
        if (r < 0 || chronicle->mode == CHRONICLE_READ)
                return r < 0 ? r : chronicle_refresh(chronicle, error);
        r = chronicle_begin(chronicle, &lock, error);
        if (r == 0)
                lock_release(lock);
        return r;
}

int chronicle_open(const char *path, enum chronicle_mode mode, const struct chronicle_keys *keys,
        struct chronicle **ret_chronicle, struct error *error)
{
        struct chronicle *chronicle = calloc(1, sizeof *chronicle);

        if (!chronicle)
                return error_set(error, -ENOMEM, "not enough memory");
        chronicle->mode = mode;
        chronicle->note = buffer_make(CHECKPOINT_BYTES_MAX);
        if (mode == CHRONICLE_WRITE)
                secret_keep(chronicle, sizeof *chronicle);
        int r = realpath(path, chronicle->path)
                        ? open_parts(chronicle, keys, error)
                        : error_set(error, -errno, "%s: cannot be found: %s", path, strerrordesc_np(errno));
        if (r < 0)
                chronicle_close(chronicle);
        else
                *ret_chronicle = chronicle;
        return r;
}

void chronicle_close(struct chronicle *chronicle)
{
        if (!chronicle)
                return;
        openings_close(chronicle->openings);
        tile_edge_free(chronicle->edge);
        buffer_free(&chronicle->note);
        seal_wipe(chronicle, sizeof *chronicle);
        free(chronicle);
}

const struct note_key *chronicle_log_key(const struct chronicle *chronicle)
{
        return &chronicle->log_key;
}

const struct note_key *chronicle_witness_key(const struct chronicle *chronicle)
{
        return &chronicle->witness_key;
}

int chronicle_checkpoint(struct chronicle *chronicle, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error)
{
        int r = chronicle_refresh(chronicle, error);

        if (r == 0 && ret_note &&
                (r = buffer_append(ret_note, chronicle->note.bytes, chronicle->note.length)) < 0)
                error_set(error, r, "not enough memory");
        if (r == 0)
                *ret_checkpoint = chronicle->now;
        return r;
}
