/* SPDX-License-Identifier: EUPL-1.2 */
/* From what an import gathered to the store. */
#include "intake/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the stored leases of a realm, adds the new ones, and writes all as the next generation. */
static int merge_leases(struct intake *intake, struct intake_realm *realm, struct error *error)
{
        struct depot_window window;
        struct depot_draft draft;
        int64_t until = realm->leases_until_ms;
        bool torn = realm->leases_torn;

        if (realm->leases.count == 0 && !torn)
                return 0;
        int r = depot_lease_window_open(
                intake->depot, realm->settings.name, DEPOT_LEASE_WINDOW_FROM, &window, error);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0) {
                r = lease_read_heap(window.leases, &realm->leases, error);
                until = lease_heard_until(window.leases) > until ? lease_heard_until(window.leases) : until;
                torn = torn || lease_log_is_torn(window.leases);
                depot_window_release(&window);
                if (r < 0)
                        return r;
        }
        r = lease_heap_join(&realm->leases);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = lease_quality_of(realm->leases.items, realm->leases.count, &intake->summary.lease_quality);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = depot_draft_begin(
                intake->depot, realm->settings.name, true, DEPOT_LEASE_WINDOW_FROM, &draft, error);
        if (r < 0)
                return r;
        struct segment_header header = {.window_from = DEPOT_LEASE_WINDOW_FROM,
                .window_to = DEPOT_LEASE_WINDOW_TO,
                .generation = draft.generation};
        memcpy(header.realm, realm->settings.name, sizeof header.realm);
        r = lease_segment_write_rows(&header, realm->leases.items, realm->leases.count,
                torn ? LEASE_LOG_TORN : until, &draft.output, error);
        if (r < 0) {
                depot_draft_abandon(&draft);
                return r;
        }
        intake->summary.bytes_written += draft.bytes;
        intake->summary.leases += realm->leases.count;
        intake->summary.lease_files_written++;
        lease_heap_free(&realm->leases);
        return depot_draft_publish(intake->depot, &draft, error);
}

/* What was heard belongs to the realm of its exporter. */
static int share_coverage(struct intake *intake, const struct coverage *heard)
{
        int r = 0;

        for (size_t i = 0; i < heard->span_count && r == 0; i++) {
                uint16_t realm = intake->sources.items[heard->spans[i].exporter].realm;
                r = coverage_add_span(&intake->realms[realm].coverage, &heard->spans[i]);
        }
        for (size_t i = 0; i < heard->gap_count && r == 0; i++) {
                uint16_t realm = intake->sources.items[heard->gaps[i].exporter].realm;
                r = coverage_add_gap(&intake->realms[realm].coverage, &heard->gaps[i]);
        }
        return r;
}

static int finish_flow(struct intake *intake, struct error *error)
{
        struct decode_sink sink = intake_sink(intake);
        struct coverage heard = {0};

        intake->error = error;
        intake->place_is_base = false;
        int r = flow_decoder_finish(intake->flow, &sink, &heard);
        if (r == 0)
                r = userlog_decoder_finish(intake->userlog, &heard);
        if (r == 0)
                r = intake_finish_radius(intake, &heard);
        if (r == 0)
                r = share_coverage(intake, &heard);
        coverage_free(&heard);
        return r;
}

void intake_forget_future(struct coverage *coverage, int64_t latest_ms)
{
        size_t kept = 0;

        for (size_t i = 0; i < coverage->span_count; i++)
                if (coverage->spans[i].to <= latest_ms)
                        coverage->spans[kept++] = coverage->spans[i];
        coverage->span_count = kept;
}

/* Where it is counted how a realm's addresses are shared; NULL: nowhere. */
static struct sharing *sharing_of(struct intake *intake, const char *realm)
{
        const struct settings *settings = depot_settings(intake->depot);

        for (size_t i = 0; intake->sharing && i < settings->realm_count; i++)
                if (strcmp(settings->realms[i].name, realm) == 0)
                        return &intake->sharing[i];
        return NULL;
}

int intake_flush(struct intake *intake, int64_t before, bool with_coverage, struct error *error)
{
        int r = 0;

        for (unsigned i = 0; i < intake->realm_count && r == 0; i++) {
                struct intake_realm *realm = &intake->realms[i];
                if (with_coverage)
                        intake_forget_future(&realm->coverage, intake->latest_ms);
                struct merge_request request = {
                        .depot = intake->depot,
                        .realm = &realm->settings,
                        .realm_number = (uint16_t)i,
                        .buckets = &intake->buckets,
                        .before = before,
                        .coverage = with_coverage ? &realm->coverage : NULL,
                        .sources = &intake->sources,
                        .hosts = &intake->hosts,
                        .sharing = sharing_of(intake, realm->settings.name),
                        .whole = intake->now_ms,
                        .leaves_gone = intake->is_live,
                        .carried =
                                intake->is_live ? NULL : &realm->carried, /* a live node forgets its hosts */
                };
                r = merge_run(&request, &intake->merged, error);
                if (r == 0 && with_coverage)
                        r = merge_leases(intake, realm, error);
                if (r == 0 && with_coverage)
                        r = intake_merge_plans(intake, realm, error);
        }
        return r;
}

static void add_counts(struct intake_summary *summary, const struct flow_counts *counts)
{
        summary->not_nat += counts->not_nat;
        summary->not_translated += counts->not_translated;
        summary->other_events += counts->other_events;
        summary->option_records += counts->option_records;
        summary->templates += counts->templates;
        summary->duplicate_messages += counts->duplicate_messages;
        summary->lost += counts->lost;
        summary->restarts += counts->restarts;
        summary->clock_steps += counts->clock_steps;
}

static void add_flow_counts(struct intake *intake)
{
        for (unsigned i = 0; i < intake->sources.count; i++) {
                struct flow_counts flow = flow_decoder_counts(intake->flow, (uint16_t)i);
                struct flow_counts userlog = userlog_decoder_counts(intake->userlog, (uint16_t)i);
                add_counts(&intake->summary, &flow);
                add_counts(&intake->summary, &userlog);
        }
}

/* Exporters that gave events and are not in the settings yet are written there: the store must know whom to
 * expect. */
static int declare_exporters(struct intake *intake, struct error *error)
{
        struct buffer text = buffer_make(16u << 20);
        int r = 0;

        for (unsigned i = 0; i < intake->sources.count && r == 0; i++) {
                struct source *source = &intake->sources.items[i];
                if (source->in_settings || source->events == 0)
                        continue;
                if (intake->options.dialect && intake->options.dialect[0] && source->dialect)
                        snprintf(source->settings.dialect, sizeof source->settings.dialect, "%s",
                                intake->options.dialect);
                source->settings.outside = source->settings.address = (struct prefix_list){0};
                r = settings_write_exporter(&text, &source->settings);
                source->in_settings = true;
        }
        if (r == 0 && text.length > 0)
                r = depot_add_settings(intake->depot, &text, error);
        buffer_free(&text);
        return r;
}

int intake_commit(struct intake *intake, struct intake_summary *ret_summary, struct error *error)
{
        int r = finish_flow(intake, error);

        if (r == 0)
                r = declare_exporters(intake, error);
        if (r == 0)
                r = intake_flush(intake, INT64_MAX, true, error);
        if (r < 0)
                return r;
        add_flow_counts(intake);
        if (intake->merged.windows_skipped > 0)
                intake_take_note(intake, "the log was heard over more empty hours than one import stores; "
                                         "import it in smaller pieces");
        for (unsigned i = 0; i < intake->realm_count; i++)
                if (intake->realms[i].used && intake->realms[i].settings.mapping == MAPPING_UNDECLARED)
                        intake->summary.mapping_undeclared = true;
        intake->summary.windows_written = intake->merged.windows_written;
        intake->summary.bytes_written += intake->merged.bytes_written;
        intake->summary.bindings_paired = intake->merged.paired;
        intake->summary.bindings_open = intake->merged.open;
        intake->summary.bindings_unbegun = intake->merged.unbegun;
        *ret_summary = intake->summary;
        return 0;
}
