/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/plans.h"

#include "intake/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void realm_plans_free(struct realm_plans *plans)
{
        plan_list_free(&plans->rows);
        for (unsigned i = 0; i < plans->file_count; i++)
                free(plans->files[i].name);
        free(plans->files);
        free(plans->names);
        *plans = (struct realm_plans){.name_count = 0};
}

/* --- One file --- */

static int find_name(struct realm_plans *plans, const char *name, uint16_t *ret_number)
{
        for (unsigned i = 0; i < plans->name_count; i++)
                if (strcmp(plans->names[i], name) == 0) {
                        *ret_number = (uint16_t)i;
                        return 0;
                }
        if (plans->name_count == INTAKE_PLAN_NAMES_MAX)
                return -E2BIG;
        char(*names)[SEGMENT_EXPORTER_NAME_MAX] =
                realloc(plans->names, (plans->name_count + 1) * sizeof *names);
        if (!names)
                return -ENOMEM;
        plans->names = names;
        snprintf(names[plans->name_count], sizeof *names, "%s", name);
        *ret_number = (uint16_t)plans->name_count++;
        return 0;
}

int intake_plans_begin(struct intake *intake, const char *name, struct error *error)
{
        struct realm_plans *plans = &intake->realms[intake->lease_realm].plans;
        struct plan_files *files = realloc(plans->files, (plans->file_count + 1) * sizeof *files);
        char *path = strdup(intake->path ? intake->path : "");

        if (files)
                plans->files = files;
        int r = files && path ? find_name(plans, name, &intake->plan_name) : -ENOMEM;
        if (r < 0) {
                free(path);
                return error_set(error, r,
                        r == -E2BIG ? "more than %u plans in one realm" : "not enough memory",
                        INTAKE_PLAN_NAMES_MAX);
        }
        files[plans->file_count++] = (struct plan_files){.name = path, .behind = plans->lines};
        plans->file_first = plans->rows.count;
        return 0;
}

void intake_plans_end(struct intake *intake, bool refused)
{
        struct realm_plans *plans = &intake->realms[intake->lease_realm].plans;

        for (size_t i = plans->file_first; i < plans->rows.count && refused; i++)
                plans->rows.items[i].marks |= PLAN_INCOMPLETE;
        plans->lines += (uint32_t)intake->place;
        if (refused && plans->rows.count > plans->file_first)
                intake_take_note(intake, "lines of this plan were refused: answers for the addresses that it "
                                         "names are `unknown` until it is imported whole");
}

int intake_take_plan(void *context, const struct plan_row *row)
{
        struct intake *intake = context;
        struct realm_plans *plans = &intake->realms[intake->lease_realm].plans;
        struct plan_entry entry = {.row = *row,
                .until_ms = row->to_ms,
                .place = plans->lines + (uint32_t)intake->place,
                .exporter = intake->plan_name};

        if (plans->rows.count >= INTAKE_PLAN_ROWS_MAX)
                return error_set(intake->error, -E2BIG, "a plan of more than %u rows", INTAKE_PLAN_ROWS_MAX);
        int r = plan_list_append(&plans->rows, &entry);
        if (r < 0)
                return error_set(intake->error, r, "not enough memory");
        intake->summary.plan_events++;
        return 0;
}

/* --- What contradicts --- */

struct disputes {
        struct intake *intake;
        const struct realm_plans *plans;
};

/* "plan.csv, line 12", or that the row was stored before. */
static void name_place(const struct realm_plans *plans, uint32_t place, char *ret, size_t size)
{
        unsigned file = plans->file_count;

        if (place == 0) {
                snprintf(ret, size, "a row stored before");
                return;
        }
        while (file > 1 && plans->files[file - 1].behind >= place)
                file--;
        snprintf(ret, size, "%.120s, line %u", plans->files[file - 1].name,
                (unsigned)(place - plans->files[file - 1].behind));
}

static void take_dispute(void *context, const struct plan_entry *row, const struct plan_entry *by)
{
        struct disputes *disputes = context;
        struct intake_summary *summary = &disputes->intake->summary;
        const struct plan_entry *named = row->place ? row : by, *other = row->place ? by : row;
        char outside[ADDRESS_TEXT_MAX], one[ADDRESS_TEXT_MAX], two[ADDRESS_TEXT_MAX], place[160],
                other_place[160];
        struct address address = address_from_ipv4(row->row.outside);

        summary->plan_disputed++;
        if (summary->plan_dispute[0])
                return;
        name_place(disputes->plans, named->place, place, sizeof place);
        name_place(disputes->plans, other->place, other_place, sizeof other_place);
        snprintf(summary->plan_dispute, sizeof summary->plan_dispute,
                "%s: ports of %s (%u-%u) for %s; %s: (%u-%u) for %s at the same time", place,
                address_format(&address, outside), named->row.port_first, named->row.port_last,
                named->row.is_dynamic ? "dynamic use" : prefix_format(&named->row.inside, one), other_place,
                other->row.port_first, other->row.port_last,
                other->row.is_dynamic ? "dynamic use" : prefix_format(&other->row.inside, two));
}

/* --- The set --- */

struct loading {
        struct plan_list *list;
        const uint16_t *map;
};

static int take_stored(void *context, const struct plan_entry *entry, uint32_t number)
{
        const struct loading *loading = context;
        struct plan_entry stored = *entry;

        (void)number;
        stored.exporter = loading->map[entry->exporter];
        return loading->list->count < INTAKE_PLAN_ROWS_MAX ? plan_list_append(loading->list, &stored)
                                                           : -E2BIG;
}

/* The stored rows, under this import's numbers of plans; none where nothing is stored. */
static int load_stored(
        struct intake *intake, struct intake_realm *realm, struct plan_list *ret, struct error *error)
{
        struct depot_window window;

        int r = depot_plan_window_open(intake->depot, realm->settings.name, &window, error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        unsigned count = plan_name_count(window.plans);
        uint16_t *map = calloc(count + 1, sizeof *map);
        struct loading loading = {.list = ret, .map = map};
        r = map ? 0 : -ENOMEM;
        for (unsigned i = 0; i < count && r == 0; i++)
                r = find_name(&realm->plans, plan_name(window.plans, i), &map[i]);
        if (r == 0)
                r = plan_read_each(window.plans, take_stored, &loading, error);
        if (r == -E2BIG)
                error_set(error, r, "plans of more than %u rows in one realm", INTAKE_PLAN_ROWS_MAX);
        else if (r == -ENOMEM)
                error_set(error, r, "not enough memory");
        free(map);
        depot_window_release(&window);
        return r;
}

static bool is_same(const struct plan_list *a, const struct plan_list *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (plan_entry_compare(&a->items[i], &b->items[i]) != 0 ||
                        a->items[i].marks != b->items[i].marks ||
                        a->items[i].until_ms != b->items[i].until_ms)
                        return false;
        return true;
}

static int publish(struct intake *intake, const struct intake_realm *realm, const struct plan_list *rows,
        struct error *error)
{
        const struct realm_plans *plans = &realm->plans;
        const char **names = calloc(plans->name_count + 1, sizeof *names);
        struct depot_draft draft;

        for (unsigned i = 0; names && i < plans->name_count; i++)
                names[i] = plans->names[i];
        int r = names ? depot_draft_begin(intake->depot, realm->settings.name, DEPOT_PLANS,
                                DEPOT_PLAN_WINDOW_FROM, &draft, error)
                      : error_set(error, -ENOMEM, "not enough memory");
        if (r < 0) {
                free(names);
                return r;
        }
        struct segment_header header = {.window_from = DEPOT_PLAN_WINDOW_FROM,
                .window_to = DEPOT_PLAN_WINDOW_TO,
                .generation = draft.generation};
        memcpy(header.realm, realm->settings.name, sizeof header.realm);
        r = plan_segment_write(&header, rows, names, plans->name_count, &draft.output, error);
        free(names);
        if (r < 0) {
                depot_draft_abandon(&draft);
                return r;
        }
        intake->summary.bytes_written += draft.bytes;
        intake->summary.plan_files_written++;
        return depot_draft_publish(intake->depot, &draft, error);
}

static void summarise(struct intake_summary *summary, const struct plan_list *rows)
{
        for (size_t i = 0; i < rows->count; i++) {
                const struct plan_entry *entry = &rows->items[i];
                bool new_address = i == 0 || rows->items[i - 1].row.outside != entry->row.outside;
                summary->plan_addresses += new_address;
                if (summary->plan_rows++ == 0) {
                        summary->plan_from_ms = entry->row.from_ms;
                        summary->plan_until_ms = entry->until_ms;
                        continue;
                }
                if (entry->row.from_ms < summary->plan_from_ms)
                        summary->plan_from_ms = entry->row.from_ms;
                if (entry->until_ms == TIME_UNKNOWN ||
                        (summary->plan_until_ms != TIME_UNKNOWN && entry->until_ms > summary->plan_until_ms))
                        summary->plan_until_ms = entry->until_ms;
        }
}

/* Stored rows first: of a row that is in both, what the import says of completeness counts. */
static int unite(
        struct intake *intake, struct intake_realm *realm, struct plan_list *all, struct error *error)
{
        struct disputes disputes = {.intake = intake, .plans = &realm->plans};
        struct plan_report report = {.context = &disputes, .disputed = take_dispute};
        struct plan_list *rows = &realm->plans.rows;
        char text[ADDRESS_TEXT_MAX];
        uint32_t outside = 0;
        int r = 0;

        for (size_t i = 0; i < rows->count && r == 0; i++)
                r = all->count < INTAKE_PLAN_ROWS_MAX ? plan_list_append(all, &rows->items[i]) : -E2BIG;
        if (r == -E2BIG)
                return error_set(error, r, "plans of more than %u rows in one realm", INTAKE_PLAN_ROWS_MAX);
        plan_list_free(rows);
        if (r == 0)
                r = plan_settle(all, &report, &outside);
        struct address address = address_from_ipv4(outside);
        if (r == -E2BIG)
                return error_set(error, r, "more than %u rows of plans for the address %s",
                        PLAN_ADDRESS_ROWS_MAX, address_format(&address, text));
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

int intake_merge_plans(struct intake *intake, struct intake_realm *realm, struct error *error)
{
        struct plan_list stored = {0}, all = {0};

        if (realm->plans.rows.count == 0)
                return 0;
        int r = load_stored(intake, realm, &stored, error);
        for (size_t i = 0; i < stored.count && r == 0; i++) {
                r = plan_list_append(&all, &stored.items[i]);
                if (r < 0)
                        error_set(error, r, "not enough memory");
        }
        if (r == 0)
                r = unite(intake, realm, &all, error);
        if (r == 0) {
                summarise(&intake->summary, &all);
                if (!is_same(&stored, &all))
                        r = publish(intake, realm, &all, error);
        }
        plan_list_free(&stored);
        plan_list_free(&all);
        return r;
}
