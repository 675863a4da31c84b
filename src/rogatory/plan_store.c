/* SPDX-License-Identifier: EUPL-1.2 */
/* The plans of a store, read for `rogatory plan show`, and the entry in the record of access that this
 * leaves: the table names no person, but whoever reads it reads where they are found. */
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/person.h"

#include <stdlib.h>

static int take_entry(void *context, const struct plan_entry *entry, uint32_t number)
{
        struct plan_reading *reading = context;
        struct plan_row row = entry->row;

        (void)number;
        reading->unproven += entry->marks != 0;
        row.to_ms = entry->until_ms; /* as the store answers: an open row ends where the next begins */
        return plan_table_append(&reading->table, &row, 0, reading->error);
}

int plan_store_read(struct depot *depot, const char *realm, struct plan_reading *ret, struct error *error)
{
        struct depot_window window;
        int r = depot_plan_window_open(depot, realm, &window, error);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        ret->error = error;
        ret->is_stored = true;
        r = plan_read_each(window.plans, take_entry, ret, error);
        depot_window_release(&window);
        return r;
}

int plan_store_record(struct depot *depot, const struct plan_options *o, uint64_t rows, struct error *error)
{
        char person[PERSON_TEXT_MAX];
        json_t *detail = json_pack("{s:s, s:o, s:o, s:I}", "verb", "show", "address",
                o->address ? json_foreign(o->address) : json_null(), "limit",
                o->limit ? json_foreign(o->limit) : json_null(), "rows", (json_int_t)rows);
        char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

        json_decref(detail);
        if (!text)
                return error_set(error, -ENOMEM, "not enough memory");
        struct access_entry entry = {
                .at_ms = clock_now_ms(), .person = person_describe(person), .action = "plan", .detail = text};
        int r = depot_record_access(depot, &entry, error);
        free(text);
        return r;
}
