/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/check.h"

#include <stdio.h>
#include <stdlib.h>

struct check {
        struct depot *depot;
        struct check_report *report;
        check_progress *progress;
        void *context;
        uint64_t total; /* bytes of all files */
        bool out_of_memory;
        /* the file being verified */
        const char *realm;
        const struct depot_file *file;
        enum depot_kind kind;
        const struct segment_reader *segment; /* NULL for leases and plans */
};

/* --- The report --- */

/* Room for one more damage, zeroed; NULL where it is only counted. */
static struct check_damage *add_damage(struct check *check)
{
        struct check_report *report = check->report;

        report->damage_total++;
        if (report->damage_count == CHECK_DAMAGES_KEPT)
                return NULL;
        if (report->damage_count % 64 == 0) {
                struct check_damage *items =
                        realloc(report->damages, (report->damage_count + 64) * sizeof *items);
                if (!items) {
                        check->out_of_memory = true;
                        return NULL;
                }
                report->damages = items;
        }
        struct check_damage *damage = &report->damages[report->damage_count++];
        *damage = (struct check_damage){.in_block = false};
        return damage;
}

static void name_file(const struct check *check, struct check_damage *damage)
{
        char place[96];

        depot_file_place(check->kind, check->file, place, sizeof place);
        snprintf(damage->file, sizeof damage->file, "realms/%s/%s/%s", check->realm,
                depot_kind_folder(check->kind), place);
}

static void bad_file(struct check *check, const struct error *error)
{
        struct check_damage *damage = add_damage(check);

        if (!damage)
                return;
        name_file(check, damage);
        snprintf(damage->reason, sizeof damage->reason, "%s", error->text);
}

static void bad_block(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        struct check *check = context;
        struct check_damage *damage = add_damage(check);

        if (!damage)
                return;
        name_file(check, damage);
        damage->in_block = true;
        damage->sheet = sheet;
        damage->block = block;
        damage->outside = check->segment ? segment_sheet_address(check->segment, sheet) : 0;
        snprintf(damage->reason, sizeof damage->reason, "%s", reason);
}

/* --- Files --- */

static void bad_chunk(void *context, uint64_t from, uint64_t length)
{
        struct check *check = context;
        struct check_damage *damage = add_damage(check);

        if (!damage)
                return;
        name_file(check, damage);
        snprintf(damage->reason, sizeof damage->reason,
                "bytes %llu to %llu were damaged or changed under their seal", (unsigned long long)from,
                (unsigned long long)(from + length - 1));
}

/* Also the chunks that nothing of the content lies in. */
static void check_seal(struct check *check, const struct depot_window *window)
{
        check->report->sealed += window->seal != NULL;
        (void)depot_window_check_seal(window, bad_chunk, check);
}

static int check_segment(struct check *check)
{
        struct depot_window window;
        struct error error = {0};

        check->report->segments++;
        if (depot_window_open(check->depot, check->realm, check->file->from, &window, &error) < 0) {
                bad_file(check, &error);
                return 0;
        }
        check_seal(check, &window);
        check->segment = window.segment;
        check->report->bindings += segment_header_of(window.segment)->binding_count;
        int r = segment_verify(window.segment, bad_block, check);
        check->segment = NULL;
        depot_window_release(&window);
        return r < 0 ? r : 0;
}

static int check_leases(struct check *check)
{
        struct depot_window window;
        struct error error = {0};

        check->report->lease_files++;
        if (depot_lease_window_open(check->depot, check->realm, check->file->from, &window, &error) < 0) {
                bad_file(check, &error);
                return 0;
        }
        check_seal(check, &window);
        check->report->leases += lease_reader_count(window.leases);
        int r = lease_segment_verify(window.leases, bad_block, check);
        depot_window_release(&window);
        return r < 0 ? r : 0;
}

static int check_plans(struct check *check)
{
        struct depot_window window;
        struct error error = {0};

        check->report->plan_files++;
        if (depot_plan_window_open(check->depot, check->realm, &window, &error) < 0) {
                bad_file(check, &error);
                return 0;
        }
        check_seal(check, &window);
        check->report->plan_rows += plan_summary_of(window.plans).rows;
        int r = plan_segment_verify(window.plans, bad_block, check);
        depot_window_release(&window);
        return r < 0 ? r : 0;
}

static int check_files(struct check *check, const struct depot_files *files, enum depot_kind kind)
{
        struct check_report *report = check->report;
        int r = 0;

        for (size_t i = 0; i < files->count && r == 0; i++) {
                check->file = &files->items[i];
                check->kind = kind;
                r = kind == DEPOT_NAT      ? check_segment(check)
                    : kind == DEPOT_LEASES ? check_leases(check)
                                           : check_plans(check);
                report->bytes += check->file->size;
                if (check->progress)
                        check->progress(check->context, report->bytes, check->total,
                                report->segments + report->lease_files + report->plan_files);
        }
        return r;
}

static int check_realm(struct check *check, const char *realm, struct error *error)
{
        struct depot_files files[DEPOT_KIND_COUNT] = {0};
        int r = 0;

        check->realm = realm;
        check->report->realms++;
        r = depot_nat_files(check->depot, realm, &files[DEPOT_NAT], error);
        if (r == 0)
                r = depot_lease_files(check->depot, realm, &files[DEPOT_LEASES], error);
        if (r == 0)
                r = depot_plan_files(check->depot, realm, &files[DEPOT_PLANS], error);
        for (enum depot_kind kind = DEPOT_NAT; kind < DEPOT_KIND_COUNT; kind++)
                for (size_t i = 0; i < files[kind].count; i++)
                        check->total += files[kind].items[i].size;
        for (enum depot_kind kind = DEPOT_NAT; kind < DEPOT_KIND_COUNT; kind++) {
                if (r == 0)
                        r = check_files(check, &files[kind], kind);
                depot_files_free(&files[kind]);
        }
        return r;
}

/* --- The record of access --- */

static int check_access(struct check *check, struct error *error)
{
        struct access_head head = {0};
        struct error reason = {0};
        uint64_t bad_line = 0;

        int r = depot_check_access(check->depot, &head, &bad_line, &check->report->cut_bytes, &reason);
        check->report->access_entries = head.entries;
        if (r == -EBADMSG) {
                struct check_damage *damage = add_damage(check);
                if (damage) {
                        snprintf(damage->file, sizeof damage->file, "access.log");
                        snprintf(damage->reason, sizeof damage->reason, "%s", reason.text);
                }
                return 0;
        }
        if (r < 0)
                *error = reason;
        return r;
}

int check_store(struct depot *depot, check_progress *progress, void *context, struct check_report *ret_report,
        struct error *error)
{
        struct check check = {.depot = depot, .report = ret_report, .progress = progress, .context = context};
        char **realms = NULL;
        size_t count = 0;

        *ret_report = (struct check_report){0};
        int r = configuration_check(depot_path(depot), &ret_report->configuration, error);
        if (r == 0)
                r = depot_realms(depot, &realms, &count, error);
        for (size_t i = 0; i < count; i++) {
                if (r == 0)
                        r = check_realm(&check, realms[i], error);
                free(realms[i]);
        }
        free(realms);
        if (r == 0)
                r = check_access(&check, error);
        if (r == 0 && check.out_of_memory)
                r = -ENOMEM;
        if (r == -ENOMEM)
                error_set(error, r, "not enough memory");
        if (r < 0)
                check_report_free(ret_report);
        return r;
}

void check_report_free(struct check_report *report)
{
        free(report->damages);
        configuration_report_free(&report->configuration);
        *report = (struct check_report){0};
}
