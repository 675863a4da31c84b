/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory init`: the folder of a new store, before anything is in it. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "depot/depot.h"
#include "os/clock.h"
#include "os/person.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_KEY = 1, KEY_JSON };

/* 0 where the folder is empty or not there yet. Files that are hidden count too: who makes a store does not
 * mean to share its folder with anything. */
static int must_be_empty(const char *path, struct error *error)
{
        DIR *folder = opendir(path);
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (faccessat(dirfd(folder), "rogatory.conf", F_OK, 0) == 0)
                r = error_set(error, -EEXIST,
                        "%s: is a store already; 'rogatory info --store %s' says what it holds", path, path);
        for (struct dirent *entry; r == 0 && (entry = readdir(folder));)
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = error_set(error, -ENOTEMPTY,
                                "%s: is not empty (%.100s ...); a store needs a folder of its own", path,
                                entry->d_name);
        closedir(folder);
        return r;
}

/* A folder that was there already may be open to others; what is to stand in it is nobody's but the owner's.
 */
static int close_to_others(const char *path, struct error *error)
{
        if (chmod(path, 0700) == 0)
                return 0;
        return error_set(error, -errno, "%s: its rights cannot be set: %s", path, strerrordesc_np(errno));
}

static int record_creation(struct depot *depot, struct error *error)
{
        char person[PERSON_TEXT_MAX];
        struct access_entry entry = {
                .at_ms = clock_now_ms(), .person = person_describe(person), .action = "init"};

        return depot_record_access(depot, &entry, error);
}

static int make(const char *path, const char *key, struct error *error)
{
        struct depot *depot = NULL;

        int r = must_be_empty(path, error);
        if (r == 0)
                r = depot_open(path, DEPOT_CREATE, &depot, error);
        if (r == 0)
                r = close_to_others(path, error);
        if (r == 0 && key)
                r = depot_set_value(depot, "realm", "default", "key", key, error);
        if (r == 0)
                r = record_creation(depot, error);
        depot_close(depot);
        return r;
}

static void write_text(const char *path, const char *key, struct buffer *ret)
{
        append_foreign(ret, path);
        buffer_append_text(ret, ": a new store, readable by this account alone\n");
        if (key) {
                buffer_append_text(ret, "What is stored is sealed by ");
                append_foreign(ret, key);
                buffer_append_text(ret, "; without it nobody can read it, you neither.\n");
        } else {
                buffer_append_text(
                        ret, "What is stored is not sealed: 'key' in rogatory.conf, or --key, seals it.\n");
        }
        buffer_append_text(ret, "\nNext\n  1. write what is true of your network into ");
        append_foreign(ret, path);
        buffer_append_text(ret, "/rogatory.conf\n  2. rogatory conf-check --config ");
        append_foreign(ret, path);
        buffer_append_text(ret, "\n  3. rogatoryd --config ");
        append_foreign(ret, path);
        buffer_append_text(
                ret, "\n       runs a node that listens to your NATs\n     rogatory import --store ");
        append_foreign(ret, path);
        buffer_append_text(ret, " FILE...\n       reads logs that you have\n");
}

/* A mistake in the key is told before anything is made. */
static int check_key(const char *key, struct error *error)
{
        struct key_sources sources;

        return key_sources_read(slice_of(key), &sources, error);
}

static int init(const char *path, const char *key, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};

        if (make(path, key, &error) < 0)
                return complain_error(&error);
        if (json)
                output_json_line(&text, json_pack("{s:o, s:b, s:o}", "store", json_foreign(path), "created",
                                                1, "key", key ? json_foreign(key) : json_null()));
        else
                write_text(path, key, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_init(const struct command *command, int argc, char **argv)
{
        struct option_reader reader;
        struct error error = {0};
        const char *sources = NULL;
        bool json = false;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == KEY_KEY)
                        sources = reader.value;
                else
                        json = true;
        }
        if (sources && check_key(sources, &error) < 0)
                return complain_usage(command, "--key: %s", error.text);
        if (optind == argc)
                return complain_usage(command, "DIR is missing: the folder that is to be made");
        if (argc - optind > 1)
                return complain_usage(command, "one folder at a time");
        return init(argv[optind], sources, json);
}

static const struct option_text init_options[] = {
        {KEY_KEY, "key", "SOURCES",
                "Seals what is stored: file:/PATH (made by rogatory; not in the store's folder),\n"
                "keyring:NAME, credential:NAME, pkcs11:URI, or several, separated by commas; see\n"
                "rogatory.conf(5)."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_init = {
        .name = "init",
        .summary = "make the folder of a new store",
        .usage = "[--key SOURCES] [--json] DIR",
        .description =
                "Makes the folder of a new store, readable by the calling account alone, with a\n"
                "rogatory.conf that explains every setting, and begins its record of access. A folder\n"
                "that is not empty is refused and left as it is.\n",
        .options = init_options,
        .option_count = sizeof init_options / sizeof init_options[0],
        .exits = "0  made\n1  failure, such as a folder that is not empty\n2  wrong usage",
        .examples = "rogatory init /srv/rogatory\nrogatory init --key file:/etc/rogatory/default.key "
                    "/srv/rogatory",
        .run = run_init,
};
