/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory dialects`: what can be read. */
#include "rogatory/families.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "wire/dialect.h"
#include "wire/text.h"

enum { KEY_JSON = 1 };

static const char *versions_of(const struct dialect *dialect)
{
        if (dialect->flags & DIALECT_BINARY_LOG)
                return "binary log";
        return dialect->version == 9 ? "NetFlow v9" : dialect->version == 10 ? "IPFIX" : "IPFIX, NetFlow v9";
}

static void write_dialects(struct buffer *ret)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);

        buffer_append_text(
                ret, "Dialects of IPFIX and NetFlow v9 (--dialect, or 'dialect' in rogatory.conf)\n");
        for (size_t i = 0; i < count; i++) {
                buffer_printf(ret, "\n  %s  (%s; after %s)\n    ", table[i].name, versions_of(&table[i]),
                        table[i].source);
                append_wrapped(ret, table[i].description, 4, 4);
                if (table[i].carries) {
                        buffer_append_text(ret, "    ");
                        append_wrapped(ret, table[i].carries, 4, 4);
                }
                for (size_t k = 0; k < table[i].event_count; k++)
                        buffer_printf(
                                ret, "    %5u  %s\n", table[i].events[k].value, table[i].events[k].name);
        }
}

static void write_formats(struct buffer *ret)
{
        size_t count;
        const struct text_format *const *formats = text_formats(&count);

        buffer_append_text(ret, "\nText formats (--format)\n\n");
        for (size_t i = 0; i < count; i++) {
                buffer_printf(ret, "  %-18s ", formats[i]->name);
                append_wrapped(ret, formats[i]->description, 21, 21);
        }
}

static json_t *dialects_to_json(void)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++) {
                json_t *events = json_array();
                for (size_t k = 0; k < table[i].event_count; k++)
                        json_array_append_new(
                                events, json_pack("{s:i, s:s}", "value", table[i].events[k].value, "name",
                                                table[i].events[k].name));
                json_array_append_new(list,
                        json_pack("{s:s, s:s, s:s*, s:s, s:s, s:o}", "name", table[i].name, "description",
                                table[i].description, "carries", table[i].carries, "protocols",
                                versions_of(&table[i]), "source", table[i].source, "events", events));
        }
        return list;
}

static json_t *formats_to_json(void)
{
        size_t count;
        const struct text_format *const *formats = text_formats(&count);
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:b}", "name", formats[i]->name, "description",
                                      formats[i]->description, "leases", formats[i]->carries_leases));
        return list;
}

static int run_dialects(const struct command *command, int argc, char **argv)
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
                return complain_usage(command, "dialects takes no operand");

        struct buffer text = buffer_make(OUTPUT_MAX);
        if (json) {
                output_json_line(
                        &text, json_pack("{s:o, s:o, s:o}", "dialects", dialects_to_json(), "formats",
                                       formats_to_json(), "families", families_to_json()));
        } else {
                write_dialects(&text);
                write_formats(&text);
                families_write(&text);
        }
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static const struct option_text dialects_options[] = {
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_dialects = {
        .name = "dialects",
        .summary = "list the dialects and formats that can be read",
        .usage = "[--json]",
        .description =
                "Lists how exporters write NAT events into IPFIX and NetFlow v9, with the event values\n"
                "that each dialect knows, the text formats, and the families of syslog. An event\n"
                "value that a dialect does not know is counted and reported, never guessed.\n",
        .options = dialects_options,
        .option_count = sizeof dialects_options / sizeof dialects_options[0],
        .exits = "0  listed\n1  standard output could not be written\n2  wrong usage",
        .examples = "rogatory dialects",
        .run = run_dialects,
};
