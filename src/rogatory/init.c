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

enum { KEY_JSON = 1 };

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

static int make(const char *path, struct error *error)
{
        struct depot *depot = NULL;

        int r = must_be_empty(path, error);
        if (r == 0)
                r = depot_open(path, DEPOT_CREATE, &depot, error);
        if (r == 0)
                r = close_to_others(path, error);
        if (r == 0)
                r = record_creation(depot, error);
        depot_close(depot);
        return r;
}

static void write_text(const char *path, struct buffer *ret)
{
        append_foreign(ret, path);
        buffer_append_text(ret, ": a new store, readable by this account alone\n\nNext\n  1. write what is "
                                "true of your network into ");
        append_foreign(ret, path);
        buffer_append_text(ret, "/rogatory.conf\n  2. rogatory conf-check --config ");
        append_foreign(ret, path);
        buffer_append_text(ret, "\n  3. rogatory import --store ");
        append_foreign(ret, path);
        buffer_append_text(ret, " FILE...\n");
}

static int init(const char *path, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};

        if (make(path, &error) < 0)
                return complain_error(&error);
        if (json)
                output_json_line(&text, json_pack("{s:o, s:b}", "store", json_foreign(path), "created", 1));
        else
                write_text(path, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_init(const struct command *command, int argc, char **argv)
{
        struct option_reader reader;
        struct error error = {0};
        bool json = false;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                json = true;
        }
        if (optind == argc)
                return complain_usage(command, "DIR is missing: the folder that is to be made");
        if (argc - optind > 1)
                return complain_usage(command, "one folder at a time");
        return init(argv[optind], json);
}

static const struct option_text init_options[] = {
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_init = {
        .name = "init",
        .summary = "make the folder of a new store",
        .usage = "[--json] DIR",
        .description =
                "Makes the folder of a new store, readable by the calling account alone, with a\n"
                "rogatory.conf that explains every setting, and begins its record of access. A folder\n"
                "that is not empty is refused and left as it is.\n",
        .options = init_options,
        .option_count = sizeof init_options / sizeof init_options[0],
        .exits = "0  made\n1  failure, such as a folder that is not empty\n2  wrong usage",
        .examples = "rogatory init /srv/rogatory",
        .run = run_init,
};
