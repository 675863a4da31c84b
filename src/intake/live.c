/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/live.h"

#include "intake/reading.h"

#include <stdlib.h>
#include <string.h>

/* --- Beginning --- */

static int take_exporters(struct intake *intake, struct error *error)
{
        const struct settings *settings = depot_settings(intake->depot);
        int r = 0;

        for (size_t i = 0; i < settings->exporter_count && r == 0; i++) {
                uint16_t number;
                r = intake_source_by_name(intake, settings->exporters[i].name, &number, error);
        }
        return r;
}

int intake_live_new(struct depot *depot, struct intake **ret_intake, struct error *error)
{
        struct intake *intake = calloc(1, sizeof *intake);

        if (!intake)
                return error_set(error, -ENOMEM, "not enough memory");
        intake->depot = depot;
        intake->summary.first_ms = intake->summary.last_ms = TIME_UNKNOWN;
        int r = host_table_init(&intake->hosts, INTAKE_HOSTS_MAX);
        if (r < 0)
                error_set(error, r, "not enough memory");
        else
                r = take_exporters(intake, error);
        if (r < 0) {
                intake_free(intake);
                return r;
        }
        *ret_intake = intake;
        return 0;
}

/* --- What comes --- */

static int refuse(struct intake *intake, enum refusal refusal, const char *detail)
{
        intake_take_refusal(intake, refusal, 0, detail);
        return 1;
}

static bool is_possible(const struct nat_event *e)
{
        bool inside = !(e->flags & NAT_INSIDE_UNKNOWN), destination = e->flags & NAT_HAS_DESTINATION;

        return e->port_first <= e->port_last && e->kind < NAT_KIND_COUNT && e->action < NAT_ACTION_COUNT &&
               !(e->flags & NAT_PLANNED) && inside == !address_is_none(&e->inside) &&
               destination == !address_is_none(&e->destination);
}

int intake_live_event(
        struct intake *intake, const struct nat_event *event, int64_t now_ms, struct error *error)
{
        uint64_t before = intake->summary.events;

        if (event->exporter >= intake->sources.count)
                return refuse(intake, REFUSAL_BAD_VALUE, "an exporter that is not configured");
        if (!is_possible(event))
                return refuse(intake, REFUSAL_BAD_VALUE, "an event that cannot be");
        intake->latest_ms = now_ms + TIME_DAY;
        intake->error = error;
        int r = intake_take_event(intake, event);
        return r < 0 ? r : intake->summary.events == before;
}

void intake_live_expect(const struct intake *intake, const struct nat_event *events, size_t count)
{
        uint32_t outside[BUCKET_EXPECTED_MAX];

        if (count == 0 || count > BUCKET_EXPECTED_MAX || events->exporter >= intake->sources.count)
                return;
        for (size_t i = 0; i < count; i++)
                outside[i] = events[i].outside;
        bucket_expect(&intake->buckets, intake->sources.items[events->exporter].realm,
                events->time_ms - events->time_ms % DEPOT_WINDOW_MS, outside, count);
}

int intake_live_lease(struct intake *intake, uint16_t exporter, const struct lease_event *event,
        int64_t now_ms, struct error *error)
{
        uint64_t before = intake->summary.lease_events;

        if (exporter >= intake->sources.count)
                return refuse(intake, REFUSAL_BAD_VALUE, "an exporter that is not configured");
        if (event->subscriber[0] == '\0' || !memchr(event->subscriber, 0, sizeof event->subscriber) ||
                event->from_edge >= EDGE_COUNT || event->to_edge >= EDGE_COUNT)
                return refuse(intake, REFUSAL_BAD_VALUE, "a lease that cannot be");
        intake->latest_ms = now_ms + TIME_DAY;
        intake->lease_realm = intake->sources.items[exporter].realm;
        int64_t delay_ms = intake->sources.items[exporter].settings.delay_ms;
        intake->lease_settle_ms =
                delay_ms > INTAKE_LIVE_LEASE_SETTLE_MS ? delay_ms : INTAKE_LIVE_LEASE_SETTLE_MS;
        intake->error = error;
        int r = intake_take_lease(intake, event);
        return r < 0 ? r : intake->summary.lease_events == before;
}

/* Pieces come many times a second and join into few spans. */
static void join_pieces(struct intake *intake, struct intake_realm *realm)
{
        size_t count = realm->coverage.span_count + realm->coverage.gap_count;
        const struct heartbeats heartbeats = source_heartbeats(&intake->sources);

        if (count < 2 * realm->pieces_joined + INTAKE_LIVE_GAPS_JOIN)
                return;
        coverage_normalise_each(&realm->coverage, &heartbeats);
        realm->pieces_joined = realm->coverage.span_count + realm->coverage.gap_count;
}

static int take_piece(struct intake *intake, uint16_t exporter, struct intake_realm **ret_realm)
{
        if (exporter >= intake->sources.count)
                return refuse(intake, REFUSAL_BAD_VALUE, "an exporter that is not configured");
        *ret_realm = &intake->realms[intake->sources.items[exporter].realm];
        return 0;
}

int intake_live_span(struct intake *intake, const struct coverage_span *span, struct error *error)
{
        struct intake_realm *realm;

        if (take_piece(intake, span->exporter, &realm))
                return 1;
        int r = coverage_add_span(&realm->coverage, span);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        realm->used = true;
        join_pieces(intake, realm);
        return 0;
}

int intake_live_gap(struct intake *intake, const struct coverage_gap *gap, struct error *error)
{
        struct intake_realm *realm;

        if (take_piece(intake, gap->exporter, &realm))
                return 1;
        int r = coverage_add_gap(&realm->coverage, gap);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        realm->used = true;
        join_pieces(intake, realm);
        return 0;
}

void intake_live_torn(struct intake *intake, const char *realm)
{
        for (unsigned i = 0; i < intake->realm_count; i++)
                if (strcmp(intake->realms[i].settings.name, realm) == 0)
                        intake->realms[i].leases_torn = true;
}

/* --- What there is --- */

struct intake_live_state intake_live_state(const struct intake *intake)
{
        struct intake_live_state state = {.bytes = intake->buckets.bytes,
                .events = intake->summary.events,
                .leases = intake->summary.lease_events,
                .first_ms = intake->summary.first_ms,
                .last_ms = intake->summary.last_ms,
                .windows = intake->buckets.count,
                .is_empty = true};

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                state.refused += intake->summary.refused[i].count;
        state.bytes += intake->hosts.capacity * sizeof *intake->hosts.hosts +
                       ((size_t)intake->hosts.mask + 1) * sizeof *intake->hosts.slots;
        for (unsigned i = 0; i < intake->realm_count; i++) {
                const struct intake_realm *realm = &intake->realms[i];
                state.bytes += realm->leases.bytes +
                               realm->coverage.span_capacity * sizeof *realm->coverage.spans +
                               realm->coverage.gap_capacity * sizeof *realm->coverage.gaps;
                state.is_empty = state.is_empty && !realm->used && !realm->leases_torn;
        }
        return state;
}

int intake_live_merge(struct intake *intake, struct depot *depot, int64_t now_ms, struct sharing *sharing,
        struct intake_live_merged *ret_merged, struct error *error)
{
        intake->depot = depot;
        intake->latest_ms = now_ms + TIME_DAY;
        intake->now_ms = now_ms;
        intake->sharing = sharing;
        intake->is_live = true;
        intake->merged = (struct merge_counts){0};
        int r = intake_flush(intake, INT64_MAX, true, error);
        *ret_merged = (struct intake_live_merged){.windows = intake->merged.windows_written,
                .bytes = intake->merged.bytes_written + intake->summary.bytes_written,
                .paired = intake->merged.paired,
                .open = intake->merged.open};
        return r;
}

int intake_live_show(
        struct intake *intake, struct depot *depot, uint32_t outside, int64_t now_ms, struct error *error)
{
        const struct heartbeats heartbeats = source_heartbeats(&intake->sources);
        int r = 0;

        intake->latest_ms = now_ms + TIME_DAY;
        for (unsigned i = 0; i < intake->realm_count && r == 0; i++) {
                struct intake_realm *realm = &intake->realms[i];
                struct merge_counts counts = {0};
                struct merge_request request = {
                        .depot = depot,
                        .realm = &realm->settings,
                        .realm_number = (uint16_t)i,
                        .buckets = &intake->buckets,
                        .before = INT64_MAX,
                        .coverage = &realm->coverage,
                        .sources = &intake->sources,
                        .hosts = &intake->hosts,
                        .only = &outside,
                        .leaves_gone = true,
                };
                intake_forget_future(&realm->coverage, intake->latest_ms);
                coverage_normalise_each(&realm->coverage, &heartbeats);
                r = merge_run(&request, &counts, error);
        }
        return r;
}

int intake_live_leases(struct intake *intake, const char *realm_name, const struct lease_list **ret_leases,
        int64_t *ret_until)
{
        for (unsigned i = 0; i < intake->realm_count; i++) {
                struct intake_realm *realm = &intake->realms[i];
                if (strcmp(realm->settings.name, realm_name) != 0)
                        continue;
                int r = lease_heap_join(&realm->leases);
                lease_list_free(&realm->leases_shown);
                if (r == 0)
                        r = lease_heap_list(&realm->leases, &realm->leases_shown);
                *ret_leases = &realm->leases_shown;
                *ret_until = realm->leases_torn ? LEASE_LOG_TORN : realm->leases_until_ms;
                return r;
        }
        *ret_leases = NULL;
        *ret_until = TIME_UNKNOWN;
        return 0;
}
