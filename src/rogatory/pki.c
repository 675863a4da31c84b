/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory pki`: keys, certificates and a directory for tests and trials. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "issuance/issuance.h"
#include "os/clock.h"
#include "os/file.h"

#include <dirent.h>
#include <string.h>

enum { KEY_ORGANISATIONS = 1, KEY_DAYS, KEY_JSON };

#define DAYS_USUAL 90
#define PATH_BYTES 4096

static int must_be_empty(const char *path, struct error *error)
{
        DIR *folder = opendir(path);
        int r = 0;

        if (!folder)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(folder));)
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = error_set(error, -ENOTEMPTY,
                                "%s: is not empty (%.100s ...); keys are never written over others", path,
                                entry->d_name);
        closedir(folder);
        return r;
}

/* Files come with mode 0600 and folders with 0700: nothing here is for other accounts before somebody decides
 * so. */
static int write_file(const char *path, const struct issuance_file *file, struct error *error)
{
        char folder[PATH_BYTES];
        const char *slash = strrchr(file->path, '/');

        if (file->folder) {
                snprintf(folder, sizeof folder, "%s/%s", path, file->path);
                return folder_make(folder, error);
        }
        snprintf(folder, sizeof folder, "%s%s%.*s", path, slash ? "/" : "",
                slash ? (int)(slash - file->path) : 0, file->path);
        return file_publish(
                folder, slash ? slash + 1 : file->path, file->bytes.bytes, file->bytes.length, error);
}

static int write_set(const char *path, const struct issuance_set *set, struct error *error)
{
        int r = strlen(path) > PATH_BYTES - ISSUANCE_PATH_MAX - 2
                        ? error_set(error, -ENAMETOOLONG, "%s: the name is too long", path)
                        : folder_make(path, error);

        for (size_t i = 0; r == 0 && i < set->count; i++)
                r = write_file(path, &set->files[i], error);
        return r;
}

static int read_list(const char *path, struct issuance_list **ret_list, struct error *error)
{
        struct buffer text = buffer_make(ISSUANCE_LIST_BYTES_MAX);

        if (!path)
                return issuance_list_read(
                        slice_of(issuance_default_list), "the list of organisations", ret_list, error);
        int r = file_read(path, &text, error);
        if (r == 0)
                r = issuance_list_read(
                        slice_make((const char *)text.bytes, text.length), path, ret_list, error);
        buffer_free(&text);
        return r;
}

static void write_text(const char *path, const struct issuance_list *list, unsigned days, struct buffer *ret)
{
        append_foreign(ret, path);
        buffer_printf(ret, ": keys, certificates and a signed directory, valid for %u days\n\n", days);
        for (size_t i = 0; i < list->organisation_count; i++)
                buffer_printf(ret, "  organisations/%s\n", list->organisations[i].name);
        buffer_append_text(ret,
                "  directory/  root.crt  tsa.crt\n\n"
                "For tests and trials only: whoever made this set holds every private key in it, so\n"
                "that nothing signed or sealed with them proves who did it. README says more.\n");
}

static json_t *to_json(
        const char *path, const struct issuance_list *list, const struct issuance_set *set, unsigned days)
{
        json_t *organisations = json_array(), *files = json_array();

        for (size_t i = 0; i < list->organisation_count; i++)
                json_array_append_new(organisations, json_string(list->organisations[i].name));
        for (size_t i = 0; i < set->count; i++)
                if (!set->files[i].folder)
                        json_array_append_new(files, json_string(set->files[i].path));
        return json_pack("{s:o, s:b, s:i, s:o, s:o}", "folder", json_foreign(path), "for_tests_only", 1,
                "days", (int)days, "organisations", organisations, "files", files);
}

static int make(const char *path, const char *organisations, unsigned days, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct issuance_list *list = NULL;
        struct issuance_set set = {.count = 0};
        struct error error = {0};
        int64_t now_ms = clock_now_ms();

        int r = must_be_empty(path, &error);
        if (r == 0)
                r = read_list(organisations, &list, &error);
        /* Seconds as the version: a set that is made later is never a roll-back of an earlier one. */
        if (r == 0)
                r = issuance_make(list, now_ms, days, (uint64_t)(now_ms / 1000), &set, &error);
        if (r == 0)
                r = write_set(path, &set, &error);
        if (r == 0 && json)
                output_json_line(&text, to_json(path, list, &set, days));
        else if (r == 0)
                write_text(path, list, days, &text);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        issuance_set_free(&set);
        issuance_list_free(list);
        buffer_free(&text);
        return code;
}

static int run_pki(const struct command *command, int argc, char **argv)
{
        struct option_reader reader;
        struct error error = {0};
        const char *organisations = NULL;
        uint64_t days = DAYS_USUAL;
        bool json = false;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == KEY_ORGANISATIONS)
                        organisations = reader.value;
                else if (key == KEY_JSON)
                        json = true;
                else if (slice_number(slice_of(reader.value), ISSUANCE_DAYS_MAX, &days) < 0 || days == 0)
                        return complain_usage(command, "--days: 1 to %d", ISSUANCE_DAYS_MAX);
        }
        if (optind == argc)
                return complain_usage(command, "DIR is missing: the folder that is to be made");
        if (argc - optind > 1)
                return complain_usage(command, "one folder at a time");
        return make(argv[optind], organisations, (unsigned)days, json);
}

static const struct option_text pki_options[] = {
        {KEY_ORGANISATIONS, "organisations", "FILE",
                "Whom the set is for, one a line: NAME ROLE[,ROLE] NATURE NODE PHONE DISPLAY NAME;\n"
                "NATURE is - where there is none. Lines 'state COUNTRY ZONE [DATE]...' give zone\n"
                "and holidays of a State; those of AT and DE are known."},
        {KEY_DAYS, "days", "N", "How long all of it is valid (90)."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_pki = {
        .name = "pki",
        .summary = "make keys, certificates and a directory for tests",
        .usage = "[--organisations FILE] [--days N] [--json] DIR",
        .description =
                "Makes everything that a group of nodes needs to exchange orders, in one new folder,\n"
                "readable by the calling account alone: an authority; seal, TLS and decryption\n"
                "certificates, log and witness keys of each organisation; a timestamp service; a signed\n"
                "directory. Without --organisations for an issuing authority, a validating authority and\n"
                "an oversight body in Austria, and an enforcing authority and a provider in Germany, all\n"
                "on this machine.\n\n"
                "For tests and trials only: one hand makes every private key.\n",
        .options = pki_options,
        .option_count = sizeof pki_options / sizeof pki_options[0],
        .exits = "0  made\n1  failure, such as a folder that is not empty\n2  wrong usage",
        .examples = "rogatory pki trial\nrogatory pki --organisations nodes.txt --days 30 trial",
        .run = run_pki,
};
