/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory conf-check`: every mistake in a configuration, before anything starts with it. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "upkeep/configuration.h"

enum { KEY_CONFIG = 1, KEY_JSON };

static void write_text(const struct configuration_report *report, struct buffer *ret)
{
        for (size_t i = 0; i < report->count; i++) {
                const struct configuration_mistake *mistake = &report->mistakes[i];
                append_foreign(ret, mistake->file);
                if (mistake->line > 0)
                        buffer_printf(ret, ":%u", mistake->line);
                buffer_append_text(ret, ": ");
                append_foreign(ret, mistake->text);
                buffer_append_u8(ret, '\n');
        }
        append_foreign(ret, report->file);
        if (report->count > 0)
                buffer_printf(ret, ": %zu mistake%s; nothing should start with this configuration\n",
                        report->count, report->count == 1 ? "" : "s");
        else
                buffer_printf(ret, ": sound, %zu realm%s, %zu exporter%s, %zu listener%s\n", report->realms,
                        report->realms == 1 ? "" : "s", report->exporters, report->exporters == 1 ? "" : "s",
                        report->listeners, report->listeners == 1 ? "" : "s");
}

static void write_json(const struct configuration_report *report, struct buffer *ret)
{
        json_t *list = json_array();

        for (size_t i = 0; i < report->count; i++)
                json_array_append_new(list,
                        json_pack("{s:o, s:o, s:o}", "file", json_foreign(report->mistakes[i].file), "line",
                                report->mistakes[i].line ? json_integer(report->mistakes[i].line)
                                                         : json_null(),
                                "mistake", json_foreign(report->mistakes[i].text)));
        output_json_line(ret, json_pack("{s:b, s:o, s:o, s:I, s:I, s:I}", "sound", report->count == 0, "file",
                                      json_foreign(report->file), "mistakes", list, "realms",
                                      (json_int_t)report->realms, "exporters", (json_int_t)report->exporters,
                                      "listeners", (json_int_t)report->listeners));
}

static int check(const char *path, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct configuration_report report;
        struct error error = {0};

        if (configuration_check(path, &report, &error) < 0)
                return complain_error(&error);
        if (json)
                write_json(&report, &text);
        else
                write_text(&report, &text);
        int code = output_write(&text);
        if (code == EXIT_DONE && report.count > 0)
                code = EXIT_FAILED;
        configuration_report_free(&report);
        buffer_free(&text);
        return code;
}

static int run_conf_check(const struct command *command, int argc, char **argv)
{
        struct option_reader reader;
        struct error error = {0};
        const char *path = NULL;
        bool json = false;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == KEY_CONFIG)
                        path = reader.value;
                else
                        json = true;
        }
        if (!path)
                return complain_usage(
                        command, "--config PATH is missing: a rogatory.conf, or the folder that holds it");
        if (optind < argc)
                return complain_usage(
                        command, "'%s' is one word too many: conf-check takes only options", argv[optind]);
        return check(path, json);
}

static const struct option_text conf_check_options[] = {
        {KEY_CONFIG, "config", "PATH",
                "A rogatory.conf, or the folder of a store: then also who else may read or\n"
                "change what is in it."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_conf_check = {
        .name = "conf-check",
        .summary = "say every mistake in a configuration",
        .usage = "--config PATH [--json]",
        .description =
                "Says every mistake in a configuration with its file and line, and what to write\n"
                "instead: unknown keys, values, zones and dialects, sections that contradict each other,\n"
                "listeners that would refuse everybody, accounts, keys and certificates that are not\n"
                "there, and rights that let other accounts read or change a store. Opens no store,\n"
                "changes nothing, and reads nobody's records.\n",
        .options = conf_check_options,
        .option_count = sizeof conf_check_options / sizeof conf_check_options[0],
        .exits = "0  no mistake\n1  mistakes were found, or the configuration could not be read\n2  wrong "
                 "usage",
        .examples = "rogatory conf-check --config /srv/rogatory\n"
                    "rogatory conf-check --config rogatory.conf.new --json",
        .run = run_conf_check,
};
