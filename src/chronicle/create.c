/* SPDX-License-Identifier: EUPL-1.2 */
/* A new log, and the keys of one that is there. */
#include "chronicle/keys.h"
#include "chronicle/state.h"
#include "crypto/seal.h"
#include "os/file.h"
#include "os/keyring.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- keys ---- */

static int key_path(
        const char *folder, const char *given, const char *name, char ret_path[PATH_MAX], struct error *error)
{
        if (!given)
                return chronicle_join(folder, name, ret_path, error);
        int used = snprintf(ret_path, PATH_MAX, "%s", given);
        return used < 0 || used >= PATH_MAX
                       ? error_set(error, -ENAMETOOLONG, "%s: the path is too long", given)
                       : 0;
}

static int read_secret(
        const char *path, enum note_key_type type, struct note_secret *ret_secret, struct error *error)
{
        struct buffer text = buffer_make(SECRET_MOST + 1);

        int r = secret_file_read(path, &text, error);
        if (r == 0) {
                secret_keep(text.bytes, text.capacity);
                r = note_secret_read(
                        slice_trim(slice_make((const char *)text.bytes, text.length)), ret_secret, error);
                if (r == 0 && ret_secret->key.type != type)
                        r = error_set(error, -EINVAL, "is a key of another use");
                if (r < 0)
                        error_prefix(error, r, "%s: ", path);
        }
        if (text.bytes)
                seal_wipe(text.bytes, text.capacity);
        buffer_free(&text);
        return r;
}

static int make_secret(const char *path, const char *name, enum note_key_type type, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX * 2);
        uint8_t bytes[ED25519_SECRET_BYTES];
        struct note_secret secret = {.secret = {0}};

        int r = buffer_reserve(&text, NOTE_KEY_TEXT_MAX * 2);
        if (r == 0)
                r = ed25519_make(bytes);
        if (r < 0) {
                buffer_free(&text);
                return error_set(error, r, "a key could not be made");
        }
        r = note_secret_make(name, type, bytes, &secret, error);
        if (r == 0) {
                note_secret_write(&secret, &text);
                buffer_append_u8(&text, '\n');
                r = secret_file_create(path, text.bytes, text.length, error);
        }
        seal_wipe(bytes, sizeof bytes);
        seal_wipe(&secret, sizeof secret);
        seal_wipe(text.bytes, text.capacity);
        buffer_free(&text);
        return r;
}

int keys_read_secret(const char *folder, const struct chronicle_keys *keys, struct note_secret *ret_log,
        struct note_secret *ret_witness, struct error *error)
{
        char log[PATH_MAX], witness[PATH_MAX];

        int r = key_path(folder, keys ? keys->log : NULL, "log.key", log, error);
        if (r == 0)
                r = key_path(folder, keys ? keys->witness : NULL, "witness.key", witness, error);
        if (r == 0)
                r = read_secret(log, NOTE_KEY_ED25519, ret_log, error);
        if (r == 0)
                r = read_secret(witness, NOTE_KEY_COSIGNATURE, ret_witness, error);
        /* One key for both uses would let a signature of one pass where the other is wanted
         * (c2sp.org/signed-note, "Verifier keys"). */
        if (r == 0 && memcmp(ret_log->secret, ret_witness->secret, ED25519_SECRET_BYTES) == 0)
                r = error_set(error, -EINVAL, "%s: is the same key as %s; a witness needs one of its own",
                        witness, log);
        return r;
}

static int read_public(const char *folder, const char *name, enum note_key_type type,
        struct note_key *ret_key, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);
        char path[PATH_MAX];

        int r = chronicle_join(folder, name, path, error);
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0) {
                r = note_key_read(
                        slice_trim(slice_make((const char *)text.bytes, text.length)), ret_key, error);
                if (r == 0 && ret_key->type != type)
                        r = error_set(error, -EINVAL, "is a key of another use");
                if (r < 0)
                        error_prefix(error, r, "%s: ", path);
        }
        buffer_free(&text);
        return r;
}

int keys_read_public(
        const char *folder, struct note_key *ret_log, struct note_key *ret_witness, struct error *error)
{
        int r = read_public(folder, "log.vkey", NOTE_KEY_ED25519, ret_log, error);
        return r == 0 ? read_public(folder, "witness.vkey", NOTE_KEY_COSIGNATURE, ret_witness, error) : r;
}

static int write_public(const char *folder, const char *name, const struct note_key *key, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);

        note_key_write(key, &text);
        int r = buffer_append_u8(&text, '\n');
        r = r < 0 ? error_set(error, r, "not enough memory")
                  : chronicle_publish(folder, name, text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}

/* ---- a new log ---- */

static int make_key_if_missing(const char *folder, const char *given, const char *standard,
        const char *origin, enum note_key_type type, struct error *error)
{
        char path[PATH_MAX];

        int r = key_path(folder, given, standard, path, error);
        if (r == 0 && access(path, F_OK) < 0)
                r = make_secret(path, origin, type, error);
        return r;
}

static int write_first_checkpoint(const char *folder, const char *origin, const struct note_secret *secret,
        struct merkle_hash *ret_root, struct error *error)
{
        struct checkpoint checkpoint = {.size = 0};
        struct buffer note = buffer_make(CHECKPOINT_BYTES_MAX);

        if (strlen(origin) >= sizeof checkpoint.origin)
                return error_set(error, -EINVAL, "the name of a log is too long");
        memcpy(checkpoint.origin, origin, strlen(origin) + 1);
        int r = merkle_empty_root(&checkpoint.root);
        if (r == 0)
                r = checkpoint_sign(&checkpoint, secret, 0, &note, error);
        if (r == 0)
                r = chronicle_publish(folder, "checkpoint", note.bytes, note.length, error);
        if (r == 0)
                *ret_root = checkpoint.root;
        buffer_free(&note);
        return r;
}

static int fill(
        const char *folder, const char *origin, const struct chronicle_keys *keys, struct error *error)
{
        struct note_secret log = {.secret = {0}}, witness = {.secret = {0}};
        struct openings *openings = NULL;
        struct merkle_hash root;
        char database[PATH_MAX];

        int r = make_key_if_missing(
                folder, keys ? keys->log : NULL, "log.key", origin, NOTE_KEY_ED25519, error);
        if (r == 0)
                r = make_key_if_missing(folder, keys ? keys->witness : NULL, "witness.key", origin,
                        NOTE_KEY_COSIGNATURE, error);
        if (r == 0)
                r = keys_read_secret(folder, keys, &log, &witness, error);
        if (r == 0 && strcmp(log.key.name, origin) != 0)
                r = error_set(error, -EINVAL, "the key of the log is that of %s and not of %s", log.key.name,
                        origin);
        if (r == 0)
                r = write_public(folder, "log.vkey", &log.key, error);
        if (r == 0)
                r = write_public(folder, "witness.vkey", &witness.key, error);
        if (r == 0)
                r = chronicle_join(folder, "openings.db", database, error);
        /* Of a creation that was cut off; there is no log yet that it could belong to. */
        if (r == 0)
                r = file_remove(database, error);
        if (r == 0)
                r = openings_open(database, true, true, &openings, error);
        /* The checkpoint comes last: a folder without one is no log. */
        if (r == 0)
                r = merkle_empty_root(&root);
        if (r == 0)
                r = openings_settle(openings, 0, &root, error);
        if (r == 0)
                r = write_first_checkpoint(folder, origin, &log, &root, error);
        openings_close(openings);
        seal_wipe(&log, sizeof log);
        seal_wipe(&witness, sizeof witness);
        return r;
}

int chronicle_create(
        const char *path, const char *origin, const struct chronicle_keys *keys, struct error *error)
{
        char folder[PATH_MAX], checkpoint[PATH_MAX];
        struct note_key name;
        const uint8_t none[ED25519_PUBLIC_BYTES] = {0};

        int r = note_key_make(origin, NOTE_KEY_ED25519, none, &name, error);
        if (r < 0)
                return error_prefix(error, r, "the name of a log is the name of its key: ");
        r = folder_make(path, error);
        if (r == 0 && !realpath(path, folder))
                r = error_set(error, -errno, "%s: cannot be found: %s", path, strerrordesc_np(errno));
        if (r == 0)
                r = chronicle_join(folder, "checkpoint", checkpoint, error);
        if (r == 0 && access(checkpoint, F_OK) == 0)
                r = error_set(error, -EEXIST, "%s: there is a log already", path);
        return r == 0 ? fill(folder, origin, keys, error) : r;
}
