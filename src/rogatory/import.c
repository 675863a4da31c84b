/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory import`: files into a store, with a summary of what was read, stored and refused. */
#include "rogatory/import_view.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/person.h"
#include "os/progress.h"
#include "os/zone.h"
#include "wire/dialect.h"
#include "wire/syslog.h"

#include <stdlib.h>

enum {
        KEY_STORE = 1,
        KEY_REALM,
        KEY_EXPORTER,
        KEY_DIALECT,
        KEY_FORMAT,
        KEY_ZONE,
        KEY_YEAR,
        KEY_MAPPING,
        KEY_LOSS,
        KEY_JSON,
        KEY_QUIET
};

/* File names that the record of access keeps of one import; the others are counted. */
#define RECORDED_FILES 100

struct import_options {
        const char *store, *year;
        struct intake_options intake;
        bool json, quiet;
        char **files;
        size_t file_count;
};

/* --- The command line --- */

static void take_option(struct import_options *o, int key, const char *value)
{
        switch (key) {
        case KEY_STORE:
                o->store = value;
                break;
        case KEY_REALM:
                o->intake.realm = value;
                break;
        case KEY_EXPORTER:
                o->intake.exporter = value;
                break;
        case KEY_DIALECT:
                o->intake.dialect = value;
                break;
        case KEY_FORMAT:
                o->intake.format = value;
                break;
        case KEY_ZONE:
                o->intake.zone = value;
                break;
        case KEY_YEAR:
                o->year = value;
                break;
        case KEY_MAPPING:
                o->intake.mapping = value;
                break;
        case KEY_LOSS:
                o->intake.loss = value;
                break;
        case KEY_JSON:
                o->json = true;
                break;
        default:
                o->quiet = true;
                break;
        }
}

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(value, words[i]) == 0)
                        return true;
        return false;
}

static bool is_format(const char *name)
{
        static const char *const fixed[] = {"auto", "pcap", "flow"};

        return is_one_of(name, fixed, 3) || text_format_by_name(name) != NULL;
}

static int check_names(const struct command *command, const struct intake_options *o)
{
        static const char *const mappings[] = {"endpoint-independent", "destination-dependent"};
        static const char *const losses[] = {"reported", "sequence", "undetectable"};

        if (o->realm && !settings_name_is_valid(o->realm))
                return complain_usage(
                        command, "--realm: '%s' is no name; letters, digits and . - _ : are", o->realm);
        if (o->exporter && !settings_name_is_valid(o->exporter))
                return complain_usage(
                        command, "--exporter: '%s' is no name; letters, digits and . - _ : are", o->exporter);
        if (o->dialect && !dialect_by_name(o->dialect) && !syslog_family_by_name(o->dialect))
                return complain_usage(command,
                        "--dialect: '%s' is not known; 'rogatory dialects' lists those that are", o->dialect);
        if (o->format && !is_format(o->format))
                return complain_usage(command,
                        "--format: '%s' is not known; write auto, pcap, flow, or a name out of 'rogatory "
                        "dialects'",
                        o->format);
        if (o->zone && !zone_is_known(o->zone))
                return complain_usage(command,
                        "--zone: '%s' is no time zone of this machine; write one as Europe/Berlin", o->zone);
        if (o->mapping && !is_one_of(o->mapping, mappings, 2))
                return complain_usage(
                        command, "--mapping: write endpoint-independent or destination-dependent");
        if (o->loss && !is_one_of(o->loss, losses, 3))
                return complain_usage(command, "--loss: write reported, sequence or undetectable");
        return -1;
}

/* An exit code, or -1 to go on. */
static int read_options(const struct command *command, int argc, char **argv, struct import_options *ret)
{
        struct option_reader reader;
        struct error error = {0};
        uint64_t year = 0;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                take_option(ret, key, reader.value);
        }
        if (!ret->store)
                return complain_usage(
                        command, "--store DIR is missing: the store, which is made where there is none");
        if (optind == argc)
                return complain_usage(command, "no file is given; \"-\" is standard input");
        if (ret->year && (slice_number(slice_of(ret->year), 2261, &year) < 0 || year < 1970))
                return complain_usage(command, "--year: write a year from 1970 to 2261");
        ret->intake.year = (int)year;
        ret->files = argv + optind;
        ret->file_count = (size_t)(argc - optind);
        return check_names(command, &ret->intake);
}

/* --- The work --- */

static void show_progress(void *context, const char *file, uint64_t done, uint64_t total, uint64_t events)
{
        struct progress *progress = context;

        (void)file;
        progress_update(progress, done, total, events);
}

struct work {
        const struct import_options *options;
        struct depot *depot;
        struct intake *intake;
        struct intake_summary summary;
        struct failed_file *failed; /* room for all files */
        size_t failed_count;
        int64_t begun_ms;
};

/* Reads what can be read: a file that cannot must not cost the others. Negative: nothing more can be done. */
static int read_files(struct work *work, struct error *error)
{
        struct progress progress;
        int r = 0;

        progress_begin(&progress, "events");
        if (work->options->quiet)
                progress.shown = false;
        r = intake_new(work->depot, &work->options->intake, show_progress, &progress, &work->intake, error);
        for (size_t i = 0; i < work->options->file_count && r == 0; i++) {
                struct failed_file *failed = &work->failed[work->failed_count];
                *failed = (struct failed_file){.path = work->options->files[i]};
                r = intake_file(work->intake, failed->path, &failed->error);
                if (r < 0 && r != -ENOMEM && r != -ENOSPC && r != -EIO) {
                        work->failed_count++;
                        r = 0;
                } else if (r < 0) {
                        *error = failed->error;
                }
        }
        if (r == 0)
                r = intake_commit(work->intake, &work->summary, error);
        progress_end(&progress);
        return r;
}

static json_t *files_to_json(const struct import_options *o)
{
        json_t *list = json_array();

        for (size_t i = 0; i < o->file_count && i < RECORDED_FILES; i++) {
                size_t length = strlen(o->files[i]);
                /* The end of a path says more than its beginning. */
                json_array_append_new(list, json_foreign(o->files[i] + (length > 255 ? length - 255 : 0)));
        }
        return list;
}

/* failure: NULL, or why the import ended. */
static int record(const struct work *work, const struct import_view *view, const struct error *failure,
        struct error *error)
{
        char person[PERSON_TEXT_MAX];
        json_t *detail = json_pack("{s:o, s:I, s:o*}", "files", files_to_json(work->options), "file_count",
                (json_int_t)work->options->file_count, "failed",
                failure ? json_foreign(failure->text) : NULL);
        json_t *summary = failure ? json_object() : import_to_json(view);

        json_object_del(summary, "not_read");
        json_object_del(summary, "refused");
        if (detail)
                json_object_update_new(detail, summary);
        char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        json_decref(detail);
        if (!text)
                return error_set(error, -ENOMEM, "not enough memory");
        struct access_entry entry = {.at_ms = clock_now_ms(),
                .person = person_describe(person),
                .action = "import",
                .detail = text};
        int r = depot_record_access(work->depot, &entry, error);
        free(text);
        return r;
}

static int show(const struct work *work, const struct import_view *view)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (work->options->json)
                output_json_line(&text, import_to_json(view));
        else if (!work->options->quiet)
                import_write_text(view, &text);
        int code = output_write(&text);
        buffer_free(&text);
        for (size_t i = 0; i < view->failed_count && work->options->quiet; i++)
                complain_error(&view->failed[i].error);
        return view->failed_count > 0 ? EXIT_FAILED : code;
}

static int import(struct work *work)
{
        const struct import_options *o = work->options;
        struct error error = {0}, unrecorded = {0};

        int r = depot_open(o->store, DEPOT_CREATE, &work->depot, &error);
        if (r < 0)
                return complain_error(&error);
        work->begun_ms = clock_steady_ms();
        r = read_files(work, &error);
        struct import_view view = {.summary = &work->summary,
                .failed = work->failed,
                .failed_count = work->failed_count,
                .realm = o->intake.realm ? o->intake.realm : "",
                .exporter = o->intake.exporter ? o->intake.exporter : "",
                .elapsed_ms = clock_steady_ms() - work->begun_ms};
        int code = r < 0 ? complain_error(&error) : EXIT_DONE;
        if (record(work, &view, r < 0 ? &error : NULL, &unrecorded) < 0)
                code = complain_error(&unrecorded);
        if (r == 0) {
                int shown = show(work, &view);
                code = code == EXIT_DONE ? shown : code;
        }
        return code;
}

static int run_import(const struct command *command, int argc, char **argv)
{
        struct import_options options = {0};
        int code = read_options(command, argc, argv, &options);

        if (code >= 0)
                return code;
        struct work work = {.options = &options};
        work.failed = calloc(options.file_count, sizeof *work.failed);
        if (!work.failed) {
                complain("not enough memory");
                return EXIT_FAILED;
        }
        code = import(&work);
        if (work.intake)
                intake_free(work.intake);
        if (work.depot)
                depot_close(work.depot);
        free(work.failed);
        return code;
}

static const struct option_text import_options[] = {
        {KEY_STORE, "store", "DIR", "The store. Made where there is none."},
        {KEY_REALM, "realm", "NAME",
                "The realm of exporters that rogatory.conf does not name; \"default\" otherwise."},
        {KEY_EXPORTER, "exporter", "NAME",
                "The name of the source, for files that do not carry the sender's address, or\n"
                "in place of it. Without it, each line of syslog is of the exporter that it\n"
                "names as its host."},
        {KEY_DIALECT, "dialect", "NAME",
                "How the exporter writes NAT events, or the family of its lines in syslog\n"
                "('rogatory dialects' lists both). Without it, the exporter's section or an\n"
                "unmistakable signature decides, and what stays in doubt is refused."},
        {KEY_FORMAT, "format", "auto|pcap|flow|NAME",
                "What the files are: a capture, raw IPFIX or NetFlow v9 messages, or a text\n"
                "format by its name. auto (the default) looks at their beginning."},
        {KEY_ZONE, "zone", "TZ", "The time zone of lines that do not say theirs, as Europe/Berlin."},
        {KEY_YEAR, "year", "YYYY", "The year of lines that do not say theirs."},
        {KEY_MAPPING, "mapping", "endpoint-independent|destination-dependent",
                "The NAT's mapping behaviour (RFC 4787, section 4.1), written into the\n"
                "settings of a realm that this import makes."},
        {KEY_LOSS, "loss", "reported|sequence|undetectable",
                "How losses show in the log, written into the settings of an exporter that\n"
                "this import makes."},
        {KEY_JSON, "json", NULL, "The summary as one JSON object."},
        {KEY_QUIET, "quiet", NULL, "No progress and no summary; only what went wrong."},
};

const struct command command_import = {
        .name = "import",
        .summary = "read NAT logs and leases into a store",
        .usage = "--store DIR [OPTION]... FILE...\n--store DIR [OPTION]... -",
        .description = "Reads NAT logs (IPFIX and NetFlow v9 from captures or raw files, conntrack, ulogd2,\n"
                       "CSV, syslog of many vendors, binary flow logs), leases (CSV, RADIUS accounting,\n"
                       "lease files of ISC dhcpd and Kea) and tables of plans into a store; gzip and zstd\n"
                       "files are unpacked on the way. What is damaged is counted and reported, everything\n"
                       "sound beside it is imported. Importing a file twice changes no answer.\n",
        .options = import_options,
        .option_count = sizeof import_options / sizeof import_options[0],
        .exits = "0  imported (what was refused inside a file stands in the summary)\n"
                 "1  failure: a file could not be read at all, or the store could not be written\n"
                 "2  wrong usage",
        .examples = "rogatory import --store /srv/rogatory nat.pcap leases.csv\n"
                    "conntrack -E -o timestamp,id | rogatory import --store /srv/rogatory \\\n"
                    "    --exporter cgn1 --mapping destination-dependent --format conntrack -\n"
                    "rogatory import --store /srv/rogatory --realm north --dialect cisco-nel nel.pcap",
        .run = run_import,
};
