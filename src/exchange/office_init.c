/* SPDX-License-Identifier: EUPL-1.2 */
/* A new node's folder. */
#include "crypto/seal.h"
#include "exchange/office_state.h"
#include "os/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct making {
        char path[PATH_MAX]; /* from the root */
        const struct office_plan *plan;
        struct directory *directory;
        const struct directory_organisation *self;
};

static int must_be_empty(const char *path, struct error *error)
{
        DIR *folder = opendir(path);
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(folder));)
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = error_set(error, -EEXIST,
                                "%s: is not empty (%.100s ...); a node is made in a folder of its own", path,
                                entry->d_name);
        closedir(folder);
        return r;
}

static int make_folders(struct making *making, const char *path, struct error *error)
{
        static const char *const names[] = {"keys", "directory", "containers", "evidence", "spool"};
        char folder[PATH_MAX];

        int r = folder_make(path, error);
        if (r == 0 && !realpath(path, making->path))
                r = error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        for (size_t i = 0; r == 0 && i < sizeof names / sizeof *names; i++) {
                int length = snprintf(folder, sizeof folder, "%s/%s", making->path, names[i]);
                r = length >= PATH_MAX ? error_set(error, -ENAMETOOLONG, "%s: the path is too long", path)
                                       : folder_make(folder, error);
        }
        return r;
}

/* Files come out with mode 0600, for the one account that runs the node. */
static int copy(const struct making *making, const char *from, const char *to, const char *name, size_t most,
        struct error *error)
{
        struct buffer bytes;
        char folder[PATH_MAX];

        int r = office_read_file(from, name, most, &bytes, error);
        int length = snprintf(folder, sizeof folder, "%s/%s", making->path, to);
        if (r == 0 && length >= PATH_MAX)
                r = error_set(error, -ENAMETOOLONG, "%s: the path is too long", making->path);
        if (r == 0)
                r = file_publish(folder, name, bytes.bytes, bytes.length, error);
        if (bytes.bytes)
                seal_wipe(bytes.bytes, bytes.capacity);
        buffer_free(&bytes);
        return r;
}

static int copy_all(const struct making *making, struct error *error)
{
        static const char *const certificates[] = {
                "seal.crt", "tls.crt", "decryption.crt", "log.key", "witness.key"};
        static const char *const directory[] = {"directory.json", "directory.json.sig", "operator.pub"};
        char name[64];
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof certificates / sizeof *certificates; i++)
                r = copy(making, making->plan->keys, "keys", certificates[i], PRIVATE_KEY_BYTES_MAX, error);
        /* A key that is in a token comes into no file. */
        for (int purpose = 0; r == 0 && purpose < DIRECTORY_PURPOSES; purpose++) {
                snprintf(
                        name, sizeof name, "%s.key", directory_purpose_name((enum directory_purpose)purpose));
                if (!*making->plan->settings->keys[purpose].uri)
                        r = copy(making, making->plan->keys, "keys", name, PRIVATE_KEY_BYTES_MAX, error);
        }
        for (size_t i = 0; r == 0 && i < sizeof directory / sizeof *directory; i++)
                r = copy(making, making->plan->directory, "directory", directory[i], DIRECTORY_BYTES_MAX,
                        error);
        return r;
}

/* Whose node it will be, as the directory says; its signature is checked when the node is opened. */
static int find_self(struct making *making, struct error *error)
{
        struct buffer text;

        int r = office_read_file(
                making->plan->directory, "directory.json", DIRECTORY_BYTES_MAX, &text, error);
        if (r == 0 && (r = directory_parse(slice_make((const char *)text.bytes, text.length),
                               &making->directory, error)) < 0)
                error_prefix(error, r, "%s/directory.json: ", making->plan->directory);
        buffer_free(&text);
        if (r < 0)
                return r;
        making->self = directory_find(making->directory, making->plan->settings->organisation);
        return making->self ? 0
                            : error_set(error, -ENOENT, "%s: is not in the directory %s",
                                      making->plan->settings->organisation, making->plan->directory);
}

static int make_log(const struct making *making, struct error *error)
{
        char path[PATH_MAX], log[PATH_MAX + 16], witness[PATH_MAX + 20];
        struct chronicle_keys keys = {.log = log, .witness = witness};

        int length = snprintf(path, sizeof path, "%s/chronicle", making->path);
        if (length >= PATH_MAX)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", making->path);
        snprintf(log, sizeof log, "%s/keys/log.key", making->path);
        snprintf(witness, sizeof witness, "%s/keys/witness.key", making->path);
        return chronicle_create(path, making->self->log_key.name, &keys, error);
}

static int make_database(const struct making *making, struct error *error)
{
        char path[PATH_MAX];
        struct queue *queue = NULL;

        int length = snprintf(path, sizeof path, "%s/" OFFICE_DATABASE_NAME, making->path);
        int r = length >= PATH_MAX ? error_set(error, -ENAMETOOLONG, "%s: the path is too long", making->path)
                                   : queue_open(path, &queue, error);
        if (r == 0)
                r = queue_work_begin(queue, error);
        if (r == 0)
                r = book_make_tables(queue_database(queue), error);
        if (r == 0)
                r = queue_work_commit(queue, error);
        queue_close(queue);
        return r;
}

static int copy_timestamps(const struct making *making, struct error *error)
{
        struct buffer bytes = buffer_make(CERTIFICATE_TEXT_MAX);

        if (!making->plan->timestamps)
                return 0;
        int r = file_read(making->plan->timestamps, &bytes, error);
        if (r == 0)
                r = file_publish(making->path, making->plan->settings->timestamp_certificate, bytes.bytes,
                        bytes.length, error);
        buffer_free(&bytes);
        return r;
}

static int write_settings(const struct making *making, struct error *error)
{
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX);

        int r = office_settings_write(making->plan->settings, &text, error);
        if (r == 0)
                r = file_publish(making->path, OFFICE_SETTINGS_NAME, text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}

/* Opened once: that verifies the directory and begins the log. */
static int prove(const struct making *making, const struct office_options *options, struct error *error)
{
        struct office *office = NULL;

        int r = office_open(making->path, options, &office, error);
        for (int purpose = 0; r == 0 && purpose < DIRECTORY_PURPOSES; purpose++)
                r = office_key(office, (enum directory_purpose)purpose, NULL, NULL, error);
        if (r == 0 &&
                !note_key_is(chronicle_log_key(office_chronicle(office)), &office_self(office)->log_key))
                r = error_set(error, -EINVAL, "%s/log.key is not the key that the directory pins for the log",
                        making->plan->keys);
        if (r == 0 && !note_key_is(chronicle_witness_key(office_chronicle(office)),
                              &office_self(office)->witness_key))
                r = error_set(error, -EINVAL,
                        "%s/witness.key is not the key that the directory pins for the witness",
                        making->plan->keys);
        if (r == 0)
                r = office_step_begin(office, error);
        if (r == 0)
                r = office_step_end(office,
                        office_log(office, "administration", NULL,
                                json_pack("{s:s, s:s}", "action", "node-made", "what",
                                        office_organisation(office)),
                                error),
                        error);
        office_close(office);
        return r;
}

int office_init(const char *path, const struct office_plan *plan, const struct office_options *options,
        struct error *error)
{
        struct making making = {.plan = plan};

        int r = must_be_empty(path, error);
        if (r == 0)
                r = find_self(&making, error);
        if (r == 0)
                r = make_folders(&making, path, error);
        if (r == 0)
                r = copy_all(&making, error);
        if (r == 0)
                r = copy_timestamps(&making, error);
        if (r == 0)
                r = make_log(&making, error);
        if (r == 0)
                r = make_database(&making, error);
        if (r == 0)
                r = write_settings(&making, error);
        if (r == 0)
                r = prove(&making, options, error);
        directory_free(making.directory);
        return r;
}
