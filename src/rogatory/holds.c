/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory holds`: what is preserved, for which case, and until when. */
#include "rogatory/hold_view.h"
#include "rogatory/option.h"
#include "rogatory/store_option.h"
#include "rogatory/terminal.h"

#include "os/clock.h"

static void write_text(const struct hold_list *list, int64_t now_ms, struct buffer *ret)
{
        for (size_t i = 0; i < list->count; i++) {
                buffer_printf(ret, "Hold %s%s\n", list->items[i].id,
                        list->items[i].until_ms <= now_ms ? ": its time is up, 'rogatory retain' destroys it"
                                                          : "");
                hold_write_text(&list->items[i], ret);
        }
        buffer_printf(ret, "%zu hold%s. All times are UTC.\n", list->count, list->count == 1 ? "" : "s");
}

static int list_holds(struct depot *depot, bool json, struct buffer *ret, struct error *error)
{
        struct hold_list list;

        int r = depot_holds(depot, &list, error);
        if (r < 0)
                return r;
        if (json) {
                json_t *holds = json_array();
                for (size_t i = 0; i < list.count; i++)
                        json_array_append_new(holds, hold_to_json(&list.items[i]));
                output_json_line(ret, json_pack("{s:o}", "holds", holds));
        } else {
                write_text(&list, clock_now_ms(), ret);
        }
        hold_list_free(&list);
        return STORE_SOUND;
}

static int run_holds(const struct command *command, int argc, char **argv)
{
        return store_command_run(command, argc, argv, list_holds);
}

static const struct option_text holds_options[] = {
        {STORE_KEY_STORE, "store", "DIR", "The store."},
        {STORE_KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_holds = {
        .name = "holds",
        .summary = "list what is preserved",
        .usage = "--store DIR [--json]",
        .description = "Lists the holds of a store: case, endpoint, time, who made it, and until when it is\n"
                       "kept. Shows none of the records in them. That it was listed is recorded.\n",
        .options = holds_options,
        .option_count = sizeof holds_options / sizeof holds_options[0],
        .exits = "0  listed\n1  failure\n2  wrong usage",
        .examples = "rogatory holds --store /srv/rogatory",
        .run = run_holds,
};
