/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/store_option.h"
#include "rogatory/node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/person.h"

static int record(struct depot *depot, const char *action, int result, struct error *error)
{
        static const char *const details[] = {[STORE_SOUND] = "{\"result\":\"sound\"}",
                [STORE_DAMAGED] = "{\"result\":\"damaged\"}",
                [STORE_MISCONFIGURED] = "{\"result\":\"misconfigured\"}"};
        char person[PERSON_TEXT_MAX];
        struct access_entry entry = {.at_ms = clock_now_ms(),
                .person = person_describe(person),
                .action = action,
                .detail = details[result]};

        return depot_record_access(depot, &entry, error);
}

/* The result is shown even where it cannot be recorded, because it names nobody and a broken record of access
 * is what a check must be able to tell. */
static int run(const struct command *command, const char *store, bool json, store_work *work)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0}, unrecorded = {0};
        struct depot *depot = NULL;

        int r = depot_open(store, DEPOT_READ, &depot, &error);
        if (r == 0)
                r = work(depot, json, &text, &error);
        int code = r < 0 ? complain_error(&error) : r > 0 ? EXIT_FAILED : EXIT_DONE;
        bool recorded = r < 0 || record(depot, command->name, r, &unrecorded) == 0;
        if (r >= 0) {
                int shown = output_write(&text);
                code = code == EXIT_DONE ? shown : code;
        }
        if (!recorded)
                code = complain_error(&unrecorded);
        if (depot)
                depot_close(depot);
        buffer_free(&text);
        return code;
}

int store_command_run(const struct command *command, int argc, char **argv, store_work *work)
{
        struct option_reader reader;
        struct error error = {0};
        const char *store = NULL;
        bool json = false;
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == STORE_KEY_STORE)
                        store = reader.value;
                else
                        json = true;
        }
        if (!store)
                return complain_usage(command, "--store DIR is missing");
        if (optind < argc)
                return complain_usage(command, "'%s' is one word too many: %s takes only options",
                        argv[optind], command->name);
        int code;
        return node_run(store, argc, argv, NULL, &code) ? code : run(command, store, json, work);
}
