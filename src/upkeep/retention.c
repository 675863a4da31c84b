/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/retention.h"

#include "settings/retention.h"
#include "upkeep/preserve.h"
#include "upkeep/retention_window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct prefix every_address; /* ::/0 */

/* --- Rules --- */

static int add_item(struct retention_realm *realm, enum retain_kind kind, const struct retain_range *range,
        int64_t keep_ms, int64_t now_ms)
{
        struct retention_item *items = realloc(realm->items, (realm->item_count + 1) * sizeof *items);
        struct retention rule = {.keep_ms = keep_ms};

        if (!items)
                return -ENOMEM;
        realm->items = items;
        items[realm->item_count++] = (struct retention_item){.kind = kind,
                .of_range = range != NULL,
                .prefix = range ? range->prefix : every_address,
                .keep_ms = keep_ms,
                .horizon_ms = retention_horizon(&rule, now_ms)};
        return 0;
}

static int add_items(struct retention_realm *realm, int64_t now_ms)
{
        const struct realm_settings *s = realm->settings;
        int r = add_item(realm, RETAIN_BINDINGS, NULL, s->retain_ms, now_ms);

        if (r == 0)
                r = add_item(realm, RETAIN_DESTINATIONS, NULL, s->retain_destinations_ms, now_ms);
        if (r == 0)
                r = add_item(realm, RETAIN_LEASES, NULL, s->retain_leases_ms, now_ms);
        for (size_t i = 0; i < s->retain_ranges.count && r == 0; i++)
                r = add_item(realm, s->retain_ranges.items[i].kind, &s->retain_ranges.items[i],
                        s->retain_ranges.items[i].retain_ms, now_ms);
        return r;
}

struct retention_item *retention_item_of(
        struct retention_realm *realm, enum retain_kind kind, const struct address *address)
{
        struct retention rule = retention_of(realm->settings, kind, address);

        return rule.range ? &realm->items[RETAIN_KIND_COUNT +
                                          (rule.range - realm->settings->retain_ranges.items)]
                          : &realm->items[kind];
}

/* --- What will be noted as destroyed --- */

static int64_t noted_horizon(enum retain_kind kind, int64_t horizon_ms)
{
        /* Windows are destroyed whole: what is noted is the end of the last one. */
        return kind == RETAIN_LEASES ? horizon_ms : horizon_ms - horizon_ms % DEPOT_WINDOW_MS;
}

/* A prefix that is noted apart begins with what was destroyed of the larger one around it. */
static int note(struct retention_realm *realm, const struct depot_gone_list *before, enum retain_kind kind,
        const struct prefix *prefix, int64_t now_ms)
{
        struct retention rule = retention_of_prefix(realm->settings, kind, prefix);
        int64_t horizon = retention_horizon(&rule, now_ms);
        struct depot_gone gone = {
                .kind = kind, .prefix = *prefix, .until_ms = depot_gone_until(before, kind, prefix)};

        if (horizon > TIME_FIRST && noted_horizon(kind, horizon) > gone.until_ms)
                gone.until_ms = noted_horizon(kind, horizon);
        /* An entry is needed also where nothing is gone, so that a larger prefix does not speak for it. */
        if (gone.until_ms == TIME_UNKNOWN)
                gone.until_ms = TIME_FIRST;
        return depot_gone_add(&realm->gone, &gone);
}

static bool is_limited(const struct retention_realm *realm, enum retain_kind kind)
{
        for (size_t i = 0; i < realm->item_count; i++)
                if (realm->items[i].kind == kind && realm->items[i].keep_ms != 0)
                        return true;
        return false;
}

static int note_all(struct depot *depot, struct retention_realm *realm, int64_t now_ms, struct error *error)
{
        struct depot_gone_list before;

        int r = depot_gone_read(depot, realm->name, &before, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < before.count && r == 0; i++)
                r = note(realm, &before, before.items[i].kind, &before.items[i].prefix, now_ms);
        for (size_t i = 0; i < realm->item_count && r == 0; i++)
                if (is_limited(realm, realm->items[i].kind))
                        r = note(realm, &before, realm->items[i].kind, &realm->items[i].prefix, now_ms);
        depot_gone_free(&before);
        return r;
}

/* --- Leases --- */

int64_t retention_lease_end(const struct lease *leases, size_t count, size_t index)
{
        const struct lease_event *lease = &leases[index].is;

        if (lease->to_edge == EDGE_OBSERVED || lease->to_edge == EDGE_BOUND)
                return lease->to_ms;
        for (size_t i = index + 1; i < count; i++) {
                const struct lease_event *next = &leases[i].is;
                if (next->prefix.length != lease->prefix.length ||
                        address_compare(&next->prefix.address, &lease->prefix.address) != 0)
                        break;
                if (next->vrf == lease->vrf && next->from_edge == EDGE_OBSERVED &&
                        lease->from_edge != EDGE_OPEN && next->from_ms > lease->from_ms &&
                        (leases[index].seen_until_ms == TIME_UNKNOWN ||
                                next->from_ms > leases[index].seen_until_ms))
                        return next->from_ms;
        }
        return TIME_UNKNOWN;
}

static bool lease_is_due(
        const struct retention_realm *realm, const struct lease_list *leases, size_t index, int64_t now_ms)
{
        struct retention rule =
                retention_of(realm->settings, RETAIN_LEASES, &leases->items[index].is.prefix.address);

        return retention_is_due(&rule, retention_lease_end(leases->items, leases->count, index), now_ms);
}

static int open_leases(struct depot *depot, const struct retention_realm *realm, struct depot_window *window,
        struct lease_list *leases, struct error *error)
{
        int r = depot_lease_window_open(depot, realm->name, DEPOT_LEASE_WINDOW_FROM, window, error);

        if (r < 0)
                return r;
        r = lease_read_all(window->leases, leases, error);
        if (r < 0) {
                depot_window_release(window);
                lease_list_free(leases);
        }
        return r;
}

static int survey_leases(
        struct depot *depot, struct retention_realm *realm, int64_t now_ms, struct error *error)
{
        struct depot_window window;
        struct lease_list leases = {0};

        if (!is_limited(realm, RETAIN_LEASES))
                return 0;
        int r = open_leases(depot, realm, &window, &leases, error);
        if (r == -EBADMSG)
                realm->unreadable++;
        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        for (size_t i = 0; i < leases.count; i++)
                if (lease_is_due(realm, &leases, i, now_ms))
                        retention_item_of(realm, RETAIN_LEASES, &leases.items[i].is.prefix.address)
                                ->records++;
                else
                        realm->leases_kept++;
        depot_window_release(&window);
        lease_list_free(&leases);
        return 0;
}

static int write_leases(struct depot *depot, const struct retention_realm *realm,
        const struct depot_window *window, const struct lease_list *leases, struct error *error)
{
        struct segment_header header = *lease_header_of(window->leases);
        int64_t until =
                lease_log_is_torn(window->leases) ? LEASE_LOG_TORN : lease_heard_until(window->leases);
        struct depot_draft draft;

        int r = depot_draft_begin(depot, realm->name, DEPOT_LEASES, DEPOT_LEASE_WINDOW_FROM, &draft, error);
        if (r < 0)
                return r;
        header.generation = draft.generation;
        r = lease_segment_write(&header, leases->items, leases->count, until, &draft.output, error);
        if (r < 0)
                depot_draft_abandon(&draft);
        return r < 0 ? r : depot_draft_publish(depot, &draft, error);
}

static int cut_leases(
        struct depot *depot, const struct retention_realm *realm, int64_t now_ms, struct error *error)
{
        struct depot_window window;
        struct lease_list leases = {0}, kept = {0};

        int r = open_leases(depot, realm, &window, &leases, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < leases.count && r == 0; i++)
                if (!lease_is_due(realm, &leases, i, now_ms))
                        r = lease_list_append(&kept, &leases.items[i]);
        r = r < 0 ? error_set(error, r, "not enough memory")
                  : write_leases(depot, realm, &window, &kept, error);
        depot_window_release(&window);
        lease_list_free(&leases);
        lease_list_free(&kept);
        return r;
}

static bool leases_are_due(const struct retention_realm *realm)
{
        for (size_t i = 0; i < realm->item_count; i++)
                if (realm->items[i].kind == RETAIN_LEASES && realm->items[i].records > 0)
                        return true;
        return false;
}

/* --- A realm --- */

static int add_window(struct retention_realm *realm, const struct depot_file *file, bool whole)
{
        if (realm->window_count % 64 == 0) {
                struct retention_window *windows =
                        realloc(realm->windows, (realm->window_count + 64) * sizeof *windows);
                if (!windows)
                        return -ENOMEM;
                realm->windows = windows;
        }
        realm->windows[realm->window_count++] =
                (struct retention_window){.from_ms = file->from, .to_ms = file->to, .whole = whole};
        realm->whole += whole;
        realm->parts += !whole;
        return 0;
}

static int survey_window(struct depot *depot, struct retention_realm *realm, const struct depot_file *file,
        int64_t now_ms, struct error *error)
{
        struct depot_window window;
        bool whole = retention_of_window(realm->settings, file->to, now_ms), due = whole;

        if (!whole && !retention_touches_window(realm->settings, file->to, now_ms))
                return 0;
        int r = depot_window_open(depot, realm->name, file->from, &window, error);
        if (r == 0 && whole)
                realm->bindings += segment_header_of(window.segment)->binding_count;
        else if (r == 0)
                r = retention_survey_segment(window.segment, realm, file->to, now_ms, &due, error);
        if (r == 0)
                depot_window_release(&window);
        if (r == -EBADMSG) {
                realm->unreadable++;
                r = 0;
        }
        if (r == 0 && due && add_window(realm, file, whole) < 0)
                r = error_set(error, -ENOMEM, "not enough memory");
        return r;
}

static int survey_realm(
        struct depot *depot, struct retention_realm *realm, int64_t now_ms, struct error *error)
{
        struct depot_files files = {0};

        int r = add_items(realm, now_ms);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = depot_nat_files(depot, realm->name, &files, error);
        for (size_t i = 0; i < files.count && r == 0; i++)
                r = survey_window(depot, realm, &files.items[i], now_ms, error);
        depot_files_free(&files);
        if (r == 0)
                r = survey_leases(depot, realm, now_ms, error);
        return r;
}

/* --- Holds --- */

static int survey_holds(struct depot *depot, struct retention_report *report, struct error *error)
{
        size_t kept = 0;

        int r = depot_holds(depot, &report->holds, error);
        for (size_t i = 0; r == 0 && i < report->holds.count; i++)
                if (report->holds.items[i].until_ms <= report->now_ms)
                        report->holds.items[kept++] = report->holds.items[i];
        report->holds.count = r == 0 ? kept : 0;
        return r;
}

/* --- All of it --- */

int retention_survey(
        struct depot *depot, int64_t now_ms, struct retention_report *ret_report, struct error *error)
{
        const struct settings *settings = depot_settings(depot);
        struct retention_report report = {.now_ms = now_ms};
        int r = 0;

        report.realms = calloc(settings->realm_count + 1, sizeof *report.realms);
        if (!report.realms)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < settings->realm_count && r == 0; i++) {
                struct retention_realm *realm = &report.realms[report.realm_count++];
                snprintf(realm->name, sizeof realm->name, "%s", settings->realms[i].name);
                realm->settings = &settings->realms[i];
                r = survey_realm(depot, realm, now_ms, error);
        }
        if (r == 0)
                r = survey_holds(depot, &report, error);
        if (r < 0) {
                retention_report_free(&report);
                return r;
        }
        *ret_report = report;
        return 0;
}

static bool realm_is_concerned(const struct retention_realm *realm)
{
        return realm->window_count > 0 || leases_are_due(realm);
}

bool retention_is_needed(const struct retention_report *report)
{
        for (size_t i = 0; i < report->realm_count; i++)
                if (realm_is_concerned(&report->realms[i]))
                        return true;
        return report->holds.count > 0;
}

/* What goes is noted before it goes, and all that goes of one realm before anything is written anew: where
 * this is cut off, more is refused than is missing, never less. */
static int carry_out_realm(
        struct depot *depot, struct retention_realm *realm, int64_t now_ms, struct error *error)
{
        int r = note_all(depot, realm, now_ms, error);

        if (r == 0)
                r = depot_gone_write(depot, realm->name, &realm->gone, error);
        if (r == 0)
                r = retention_destroy_windows(depot, realm, error);
        for (size_t i = 0; i < realm->window_count && r == 0; i++)
                if (!realm->windows[i].whole)
                        r = retention_rewrite_window(depot, realm, &realm->windows[i], now_ms, error);
        if (r == 0 && leases_are_due(realm))
                r = cut_leases(depot, realm, now_ms, error);
        return r;
}

/* What was written anew has left generations behind whose keys still open copies of them; also those of a run
 * that was cut off. */
static int destroy_replaced(struct depot *depot, const struct retention_realm *realm, struct error *error)
{
        struct depot_destruction done;

        return depot_destroy(depot, realm->name, NULL, 0, &done, error);
}

int retention_carry_out(struct depot *depot, struct retention_report *report, struct error *error)
{
        int r = 0;

        for (size_t i = 0; i < report->realm_count && r == 0; i++) {
                if (realm_is_concerned(&report->realms[i]))
                        r = carry_out_realm(depot, &report->realms[i], report->now_ms, error);
                if (r == 0)
                        r = destroy_replaced(depot, &report->realms[i], error);
        }
        for (size_t i = 0; i < report->holds.count && r == 0; i++)
                r = hold_destroy(depot, &report->holds.items[i], error);
        return r;
}

void retention_report_free(struct retention_report *report)
{
        for (size_t i = 0; i < report->realm_count; i++) {
                free(report->realms[i].items);
                free(report->realms[i].windows);
                depot_gone_free(&report->realms[i].gone);
        }
        free(report->realms);
        hold_list_free(&report->holds);
        *report = (struct retention_report){.realms = NULL};
}
