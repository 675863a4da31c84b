/* SPDX-License-Identifier: EUPL-1.2 */
/* `help` and `version`, and the text of every --help. */
#include "base/slice.h"
#include "rogatory/command.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include <string.h>

#define COMMANDS_MAX 32

const struct command *command_by_name(const char *name)
{
        size_t count;
        const struct command *const *table = command_table(&count);

        for (size_t i = 0; i < count; i++)
                if (strcmp(table[i]->name, name) == 0)
                        return table[i];
        return NULL;
}

const char *command_nearest(const char *name)
{
        size_t count;
        const struct command *const *table = command_table(&count);
        const char *names[COMMANDS_MAX];

        for (size_t i = 0; i < count && i < COMMANDS_MAX; i++)
                names[i] = table[i]->name;
        return nearest_name(name, names, count);
}

/* --- Text --- */

/* Lines of a text, each behind some blanks. */
static void append_indented(struct buffer *ret, const char *lines, unsigned blanks)
{
        struct slice rest = slice_of(lines);

        while (rest.length > 0) {
                struct slice line = slice_cut(&rest, '\n');
                if (line.length > 0)
                        buffer_printf(ret, "%*s%.*s", (int)blanks, "", (int)line.length, line.text);
                buffer_append_u8(ret, '\n');
        }
}

static void append_option(struct buffer *ret, const char *name, const char *argument, const char *help)
{
        buffer_printf(ret, "  --%s%s%s\n", name, argument ? " " : "", argument ? argument : "");
        append_indented(ret, help, 8);
}

void command_write_help(const struct command *command, struct buffer *ret)
{
        struct slice rest = slice_of(command->usage);
        const char *lead = "Usage:";

        while (rest.length > 0) {
                struct slice line = slice_cut(&rest, '\n');
                buffer_printf(
                        ret, "%-6s rogatory %s %.*s\n", lead, command->name, (int)line.length, line.text);
                lead = "";
        }
        buffer_printf(ret, "\n%s\nOptions:\n", command->description);
        for (size_t i = 0; i < command->option_count; i++)
                append_option(ret, command->options[i].name, command->options[i].argument,
                        command->options[i].help);
        append_option(ret, "help", NULL, "Shows this text.");
        buffer_printf(ret, "\nExit status:\n");
        append_indented(ret, command->exits, 2);
        buffer_printf(ret, "\nExamples:\n");
        append_indented(ret, command->examples, 2);
}

void program_write_help(struct buffer *ret)
{
        size_t count;
        const struct command *const *table = command_table(&count);

        buffer_append_text(ret,
                "Usage: rogatory COMMAND [OPTION]... [OPERAND]...\n\n"
                "Tells who was behind a public address and port at a moment, as far as the logs of a\n"
                "carrier-grade NAT prove it, and says so where they do not.\n\n"
                "Commands:\n");
        for (size_t i = 0; i < count; i++)
                buffer_printf(ret, "  %-10s %s\n", table[i]->name, table[i]->summary);
        buffer_append_text(ret,
                "\n'rogatory COMMAND --help' explains a command; the manual is rogatory(1).\n\n"
                "Examples:\n"
                "  rogatory import --store /srv/rogatory nat.pcap leases.csv\n"
                "  rogatory ask --store /srv/rogatory --case A-17/26 --proto tcp \\\n"
                "      198.51.100.7:4711 --at 2026-11-20T23:35:52Z\n");
}

/* --- The commands --- */

static json_t *command_to_json(const struct command *command)
{
        json_t *options = json_array();

        for (size_t i = 0; i < command->option_count; i++)
                json_array_append_new(options, json_pack("{s:s, s:s?}", "name", command->options[i].name,
                                                       "argument", command->options[i].argument));
        json_array_append_new(options, json_pack("{s:s, s:n}", "name", "help", "argument"));
        return json_pack(
                "{s:s, s:s, s:o}", "name", command->name, "summary", command->summary, "options", options);
}

static void append_all_as_json(struct buffer *text)
{
        size_t count;
        const struct command *const *table = command_table(&count);
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, command_to_json(table[i]));
        output_json_line(text, json_pack("{s:o}", "commands", list));
}

enum { KEY_JSON = 1 };

static int run_help(const struct command *command, int argc, char **argv)
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
        if (argc - optind > 1)
                return complain_usage(command, "help takes one command at most");

        struct buffer text = buffer_make(OUTPUT_MAX);
        const struct command *about = optind < argc ? command_by_name(argv[optind]) : NULL;
        if (optind < argc && !about) {
                const char *nearest = command_nearest(argv[optind]);
                return complain_usage(NULL, "unknown command '%s'%s%s%s", argv[optind],
                        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        }
        if (json && about)
                output_json_line(&text, command_to_json(about));
        else if (json)
                append_all_as_json(&text);
        else if (about)
                command_write_help(about, &text);
        else
                program_write_help(&text);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_version(const struct command *command, int argc, char **argv)
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
        if (optind < argc)
                return complain_usage(command, "version takes no operand");

        struct buffer text = buffer_make(OUTPUT_MAX);
        if (json)
                output_json_line(
                        &text, json_pack("{s:s, s:s}", "name", "rogatory", "version", ROGATORY_VERSION));
        else
                buffer_append_text(&text, "rogatory " ROGATORY_VERSION "\n");
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static const struct option_text help_options[] = {
        {KEY_JSON, "json", NULL, "Names and options of the commands as one JSON object."},
};

const struct command command_help = {
        .name = "help",
        .summary = "explain a command",
        .usage = "[--json] [COMMAND]",
        .description = "Shows what a command does and which options it takes; without COMMAND, the list\n"
                       "of commands.\n",
        .options = help_options,
        .option_count = sizeof help_options / sizeof help_options[0],
        .exits = "0  shown\n1  standard output could not be written\n2  wrong usage",
        .examples = "rogatory help ask",
        .run = run_help,
};

static const struct option_text version_options[] = {
        {KEY_JSON, "json", NULL, "One JSON object instead of a line."},
};

const struct command command_version = {
        .name = "version",
        .summary = "show the version",
        .usage = "[--json]",
        .description = "Shows the version of rogatory.\n",
        .options = version_options,
        .option_count = sizeof version_options / sizeof version_options[0],
        .exits = "0  shown\n1  standard output could not be written\n2  wrong usage",
        .examples = "rogatory version",
        .run = run_version,
};
