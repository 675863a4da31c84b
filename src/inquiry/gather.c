/* SPDX-License-Identifier: EUPL-1.2 */
#include "inquiry/gather.h"

#include "nat/carry.h"
#include "nat/planned.h"

#include <stdlib.h>
#include <string.h>

static int64_t window_of(int64_t instant)
{
        int64_t rest = instant % DEPOT_WINDOW_MS;
        return instant - (rest < 0 ? rest + DEPOT_WINDOW_MS : rest);
}

int inquiry_open_leases(struct inquiry *inquiry, unsigned realm, struct error *error)
{
        struct realm_window *leases = &inquiry->leases[realm];

        int r = depot_lease_window_open(inquiry->cache.depot, inquiry->realms[realm].name,
                DEPOT_LEASE_WINDOW_FROM, &leases->window, error);
        if (r == -ENOENT)
                return 0;
        leases->is_open = r == 0;
        return r;
}

int inquiry_open_plans(struct inquiry *inquiry, unsigned realm, struct error *error)
{
        struct realm_window *plans = &inquiry->plans[realm];

        int r = depot_plan_window_open(
                inquiry->cache.depot, inquiry->realms[realm].name, &plans->window, error);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        plans->is_open = true;
        unsigned count = plan_name_count(plans->window.plans);
        plans->map = calloc(count + 1, sizeof *plans->map);
        r = plans->map ? 0 : -ENOMEM;
        for (unsigned i = 0; i < count && r == 0; i++)
                r = exporter_number(
                        &inquiry->cache, realm, plan_name(plans->window.plans, i), true, &plans->map[i]);
        return r < 0 ? error_set(error, r, "not enough memory to open the plans") : 0;
}

/* --- Windows --- */

/* The same binding as it stands in two windows. */
static bool same_binding(const struct nat_binding *a, const struct nat_binding *b)
{
        return a->from_edge == b->from_edge && a->from_ms == b->from_ms && a->port_first == b->port_first &&
               a->port_last == b->port_last && a->protocol == b->protocol && a->kind == b->kind &&
               a->inside == b->inside && a->inside_port == b->inside_port &&
               a->destination == b->destination && a->destination_port == b->destination_port &&
               a->session == b->session && a->exporter == b->exporter;
}

/* A binding that crosses into a window stands in both; the later window knows more of it. */
static void drop_repeated(struct gathered *g, size_t first_of_later)
{
        size_t kept = 0;

        for (size_t i = 0; i < g->bindings.count; i++) {
                bool repeated = false;
                for (size_t k = first_of_later; i < first_of_later && k < g->bindings.count && !repeated; k++)
                        repeated = same_binding(&g->bindings.items[i], &g->bindings.items[k]);
                if (repeated)
                        continue;
                g->bindings.items[kept] = g->bindings.items[i];
                g->references[kept++] = g->references[i];
        }
        g->bindings.count = kept;
}

static int need_references(struct gathered *g, size_t count)
{
        if (count <= g->reference_room)
                return 0;
        uint64_t *grown = realloc(g->references, 2 * count * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        g->references = grown;
        g->reference_room = 2 * count;
        return 0;
}

static int keep_references(
        struct gathered *g, size_t first, const struct reference_list *found, int64_t window_from)
{
        int r = need_references(g, g->bindings.count);

        for (size_t i = first; i < g->bindings.count && r == 0; i++)
                g->references[i] = reference_make(window_from, found->items[i - first]);
        return r;
}

/* Was the window made by bolder rules than the realm has now? */
static bool made_bolder(const struct segment_header *header, const struct attribution_rules *rules)
{
        struct segment_rules now = {
                .endpoint_independent = rules->mapping == MAPPING_ENDPOINT_INDEPENDENT,
                .longest_session_ms = rules->longest_session_ms,
                .longest_block_ms = rules->longest_block_ms,
        };
        return segment_rules_bolder(&header->made_by, &now) ||
               (header->older_until > header->window_from && segment_rules_bolder(&header->older, &now));
}

/* All bindings of the endpoint in one window: also those beside the interval, because they may show when the
 * endpoint was free. Without a port only what touches the interval, for that may be much. */
static int gather_window(
        struct cached_window *w, const struct question *q, struct gathered *g, struct error *error)
{
        uint32_t outside = address_ipv4(&q->address);
        size_t first = g->bindings.count;
        int64_t from = q->port < 0 ? g->from_ms : w->from,
                to = q->port < 0 ? g->to_ms : w->from + DEPOT_WINDOW_MS;
        uint32_t sheet;

        window_announce(w, outside);
        g->found.count = 0;
        int r = segment_query(w->window.segment, outside, q->port, from, to, &g->hosts, w->map, &g->bindings,
                &g->found, error);
        if (r == 0)
                r = keep_references(g, first, &g->found, w->from);
        if (r < 0)
                return r;
        drop_repeated(g, first);
        const struct segment_header *header = segment_header_of(w->window.segment);
        g->blocks = g->blocks || header->has_blocks;
        g->others = g->others || (header->binding_count > 0 && !header->has_blocks);
        g->rules_changed = g->rules_changed || made_bolder(header, &g->rules);
        g->untold_flows = g->untold_flows || header->has_untold_flows;
        g->ours = g->ours || segment_find_sheet(w->window.segment, outside, &sheet) == 0;
        return 0;
}

static int gather_coverage(struct inquiry *inquiry, unsigned realm, int64_t from_ms, int64_t to_ms,
        struct coverage *ret, struct error *error)
{
        const char *name = inquiry->realms[realm].name;
        struct cached_window *w;
        unsigned windows = 0;
        int r = 0;

        for (int64_t at = window_of(from_ms); at <= to_ms && r == 0; at += DEPOT_WINDOW_MS) {
                r = window_cache_get(&inquiry->cache, realm, name, at, &w, error);
                if (r == 0 && w) {
                        r = coverage_add_all(ret, &w->coverage);
                        windows++;
                }
        }
        if (windows > 1)
                coverage_normalise(ret, 0);
        return r;
}

static void bound_interval(const struct question *q, struct gathered *g)
{
        int64_t most = INQUIRY_HOURS_MAX / 2 * TIME_HOUR;

        if (g->from_ms < q->at_ms - q->skew_ms - most)
                g->from_ms = q->at_ms - q->skew_ms - most;
        if (g->to_ms > q->at_ms + q->skew_ms + most)
                g->to_ms = q->at_ms + q->skew_ms + most;
}

/* Where an hour has no window, nothing is known of it; but what was open at the end of the last window before
 * it may have gone on. */
static int gather_before(struct inquiry *inquiry, unsigned realm, const struct question *q, int64_t missing,
        struct gathered *g, struct error *error)
{
        const struct depot_files *files;
        struct cached_window *w = NULL;
        int64_t before = TIME_UNKNOWN;

        int r = inquiry_windows(inquiry, realm, missing - g->rules.longest_block_ms, missing, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < files->count; i++)
                if (files->items[i].from < missing)
                        before = files->items[i].from;
        if (before == TIME_UNKNOWN || missing - before > g->rules.longest_block_ms)
                return 0;
        r = window_cache_get(&inquiry->cache, realm, inquiry->realms[realm].name, before, &w, error);
        return r == 0 && w ? gather_window(w, q, g, error) : r;
}

static int gather_windows(struct inquiry *inquiry, unsigned realm, const struct question *q,
        struct gathered *g, struct error *error)
{
        const char *name = inquiry->realms[realm].name;
        struct cached_window *w;
        bool first = true;
        int r = 0;

        for (int64_t at = window_of(g->from_ms); at <= g->to_ms && r == 0; at += DEPOT_WINDOW_MS) {
                r = window_cache_get(&inquiry->cache, realm, name, at, &w, error);
                g->windows += r == 0 && w;
                if (r == 0 && w)
                        r = gather_window(w, q, g, error);
                else if (r == 0 && first)
                        r = gather_before(inquiry, realm, q, at, g, error);
                first = false;
        }
        return r;
}

/* Was this exporter heard at that instant? */
static bool is_heard_at(const struct coverage *coverage, uint16_t exporter, int64_t at)
{
        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter == exporter && !(span->flags & SPAN_KNOWN_ONLY) && span->from <= at &&
                        (span->to >= at || span->flags & SPAN_CONTINUES))
                        return true;
        }
        return false;
}

static int add_clocks_of(const struct cached_window *w, uint16_t exporter, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < w->coverage.span_count && r == 0; i++)
                if (w->coverage.spans[i].exporter == exporter &&
                        w->coverage.spans[i].offset_min_ms != OFFSET_UNKNOWN)
                        r = coverage_add_span(ret, &w->coverage.spans[i]);
        return r;
}

/* A binding may have been told of in another hour than that asked, by a log that had not begun then: the
 * clock of that log gave the binding its times. */
static int gather_clocks(struct inquiry *inquiry, unsigned realm, const struct question *q,
        struct gathered *g, struct error *error)
{
        const char *name = inquiry->realms[realm].name;
        int64_t most = INQUIRY_HOURS_MAX / 2 * TIME_HOUR, last_window = TIME_UNKNOWN;
        uint16_t last_exporter = 0;
        int r = 0;

        for (size_t i = 0; i < g->bindings.count && r == 0; i++) {
                const struct nat_binding *b = &g->bindings.items[i];
                const int64_t told[] = {b->from_edge == EDGE_OPEN ? TIME_UNKNOWN : b->from_ms,
                        b->to_edge == EDGE_OPEN ? TIME_UNKNOWN : b->to_ms};
                for (unsigned k = 0; k < 2 && r == 0; k++) {
                        struct cached_window *w;
                        if (told[k] == TIME_UNKNOWN || told[k] < q->at_ms - most ||
                                told[k] > q->at_ms + most || is_heard_at(&g->clocks, b->exporter, told[k]))
                                continue;
                        if (window_of(told[k]) == last_window && b->exporter == last_exporter)
                                continue;
                        last_window = window_of(told[k]);
                        last_exporter = b->exporter;
                        r = window_cache_get(&inquiry->cache, realm, name, last_window, &w, error);
                        if (r == 0 && w)
                                r = add_clocks_of(w, b->exporter, &g->clocks);
                }
        }
        coverage_normalise(&g->clocks, 0);
        return r;
}

/* The source itself says which beginning and end belong together (a row of a table, a conntrack id): then an
 * end that stands in a later window proves all the time before it. */
static int gather_known_ends(struct inquiry *inquiry, unsigned realm, struct gathered *g, struct error *error)
{
        int r = 0;

        for (size_t i = 0; i < g->bindings.count && r == 0; i++)
                if (g->bindings.items[i].session != 0)
                        r = gather_end(inquiry, realm, g, &g->bindings.items[i], error);
        return r;
}

/* Windows beside the question's that are searched for the address, before it is said not to be the realm's.
 */
#define NEIGHBOURS_SEARCHED 4

/* Does a stored window near the question's know the address? */
static int find_nearby(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        struct error *error)
{
        struct depot_files files;

        int r = depot_nat_names_around(inquiry->cache.depot, inquiry->realms[realm].name, g->from_ms,
                NEIGHBOURS_SEARCHED, &files, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < files.count && r == 0 && !g->ours; i++) {
                struct cached_window *w;
                uint32_t sheet;
                r = window_cache_get(
                        &inquiry->cache, realm, inquiry->realms[realm].name, files.items[i].from, &w, error);
                if (r == 0 && w)
                        g->ours =
                                segment_find_sheet(w->window.segment, address_ipv4(&q->address), &sheet) == 0;
        }
        depot_files_free(&files);
        return r;
}

/* --- Exporters --- */

/* May this exporter lend the address? Its settings may confine it to some addresses; one without settings may
 * lend all of its realm's. */
static bool may_lend(const struct exporter_settings *exporter, const struct address *address)
{
        if (exporter && exporter->lends_nothing)
                return false;
        if (!exporter || exporter->outside.count == 0)
                return true;
        for (size_t i = 0; i < exporter->outside.count; i++)
                if (prefix_contains(&exporter->outside.items[i], address))
                        return true;
        return false;
}

/* Log exporters that must have been heard of the address. */
static int expect_logs(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g)
{
        const struct settings *settings = depot_settings(inquiry->cache.depot);

        for (size_t i = 0; i < settings->exporter_count; i++) {
                const struct exporter_settings *exporter = &settings->exporters[i];
                uint16_t number;
                if (strcmp(exporter->realm, inquiry->realms[realm].name) != 0)
                        continue;
                int r = exporter_number(&inquiry->cache, realm, exporter->name, false, &number);
                if (r < 0)
                        return r;
                inquiry->cache.exporters[number].settings = exporter;
                if (!may_lend(exporter, &q->address))
                        continue;
                g->expected[g->expected_count++] = number;
                g->loss_undetectable = g->loss_undetectable || exporter->loss == LOSS_UNDETECTABLE;
        }
        return 0;
}

/* Does the plan speak of the address within the interval? */
static bool plan_speaks(const struct gathered *g, uint16_t number)
{
        for (size_t i = 0; i < g->plan.count; i++) {
                const struct plan_entry *entry = &g->plan.items[i];
                if (entry->exporter == number && entry->row.from_ms <= g->to_ms &&
                        (entry->until_ms == TIME_UNKNOWN || entry->until_ms > g->from_ms))
                        return true;
        }
        return false;
}

static int need_exporters(struct gathered *g, size_t count)
{
        if (count <= g->exporter_room)
                return 0;
        bool *counts = realloc(g->counts_memory, count * sizeof *counts);
        if (!counts)
                return -ENOMEM;
        g->counts_memory = counts;
        uint16_t *expected = realloc(g->expected, count * sizeof *expected);
        if (!expected)
                return -ENOMEM;
        g->expected = expected;
        g->exporter_room = count;
        return 0;
}

/* Which exporters count for the endpoint within the interval as it is known now: where plans decide, they
 * alone; where they hand the ports to the logs or do not speak, the logs alone; else both. */
static int count_exporters(
        struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g)
{
        const struct settings *settings = depot_settings(inquiry->cache.depot);
        struct plan_word word = plan_word_of(&g->plan, q, g->from_ms, g->to_ms);
        size_t most = settings->exporter_count + inquiry->cache.exporter_count;

        int r = need_exporters(g, most + 1);

        if (r < 0)
                return r;
        g->counts = NULL;
        g->expected_count = 0;
        g->loss_undetectable = false;
        g->planned = plan_decides(&word);
        r = g->planned ? 0 : expect_logs(inquiry, realm, q, g);
        /* The expected ones got numbers now, where they had none. */
        if (r == 0)
                r = need_exporters(g, inquiry->cache.exporter_count + 1);
        if (r < 0)
                return r;
        g->counts = g->counts_memory;
        memset(g->counts, 0, (inquiry->cache.exporter_count + 1) * sizeof *g->counts);
        for (unsigned i = 0; i < inquiry->cache.exporter_count; i++) {
                const struct known_exporter *known = &inquiry->cache.exporters[i];
                if (known->realm != realm)
                        continue;
                g->counts[i] = known->is_plan
                                       ? plan_counts(&word) && plan_speaks(g, (uint16_t)i)
                                       : !g->planned && may_lend(known->settings ? known->settings
                                                                                 : settings_exporter(settings,
                                                                                           known->name),
                                                                &q->address);
                if (known->is_plan && g->counts[i])
                        g->expected[g->expected_count++] = (uint16_t)i;
        }
        return 0;
}

/* --- Plans --- */

/* The rows of the address, whatever their time. */
static int gather_plan(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        struct error *error)
{
        const struct realm_window *plans = &inquiry->plans[realm];

        if (!plans->is_open)
                return 0;
        int r = plan_query(plans->window.plans, address_ipv4(&q->address), &g->plan, error);
        for (size_t i = 0; i < g->plan.count; i++)
                g->plan.items[i].exporter = plans->map[g->plan.items[i].exporter];
        g->ours = g->ours || g->plan.count > 0;
        return r;
}

/* Rows that lend the endpoint are bindings like others. */
static int gather_planned(const struct question *q, struct gathered *g)
{
        int r = 0;

        for (size_t i = 0; i < g->plan.count && r == 0; i++) {
                const struct plan_entry *entry = &g->plan.items[i];
                struct nat_binding binding;
                if (!plan_row_answers(entry, q, g->from_ms, g->to_ms))
                        continue;
                r = plan_binding_make(entry, q, entry->exporter, &g->hosts, &binding);
                if (r == 0)
                        r = need_references(g, g->bindings.count + 1);
                if (r < 0)
                        break;
                g->references[g->bindings.count] = REFERENCE_PLAN | i;
                r = binding_list_append(&g->bindings, &binding);
        }
        return r;
}

/* The plans' own hearing, each under its number. */
static int gather_plan_spans(struct inquiry *inquiry, unsigned realm, struct gathered *g)
{
        int r = 0;

        for (unsigned i = 0; i < inquiry->cache.exporter_count && r == 0; i++)
                if (inquiry->cache.exporters[i].realm == realm && inquiry->cache.exporters[i].is_plan &&
                        plan_speaks(g, (uint16_t)i))
                        r = plan_add_spans(&g->plan, (uint16_t)i, &g->coverage);
        coverage_normalise(&g->coverage, 0);
        return r;
}

/* A source that gave records but no span of hearing cannot show what it lost. */
static void find_silent_sources(struct gathered *g)
{
        for (size_t i = 0; i < g->bindings.count && !g->loss_undetectable && g->windows > 0; i++) {
                bool heard = g->bindings.items[i].flags & NAT_PLANNED;
                for (size_t k = 0; k < g->coverage.span_count && !heard; k++)
                        heard = g->coverage.spans[k].exporter == g->bindings.items[i].exporter;
                g->loss_undetectable = !heard;
        }
}

/* --- Leases --- */

static int gather_leases_of(const struct inquiry *inquiry, unsigned realm, const struct question *q,
        const struct address *address, struct gathered *g, struct error *error)
{
        int64_t from = g->from_ms, ahead = g->to_ms - q->at_ms - q->skew_ms;

        /* A flow belongs to whoever opened it: leases since then matter (nat/attribution.c), also where a
         * clock that was ahead tells of it later than it was. */
        for (size_t i = 0; i < g->bindings.count; i++) {
                const struct nat_binding *b = &g->bindings.items[i];
                if (b->kind < NAT_BLOCK && b->from_edge != EDGE_OPEN && b->from_ms - ahead < from)
                        from = b->from_ms - ahead;
        }
        from -= g->rules.uncertainty_ms;
        return gather_leases_at(inquiry, realm, address, from, &g->leases, error);
}

/* The leases of every inside host that may be concerned, and of the address itself. */
static int gather_leases(const struct inquiry *inquiry, unsigned realm, const struct question *q,
        struct gathered *g, struct error *error)
{
        g->leases_until_ms = TIME_UNKNOWN;
        const struct live_leases *live = &inquiry->live[realm];
        const struct lease_reader *stored = inquiry->leases[realm].window.leases;
        if (!has_leases(inquiry, realm))
                return 0;
        if (inquiry->leases[realm].is_open)
                g->leases_until_ms = lease_heard_until(stored);
        if (live->count > 0 && live->until_ms > g->leases_until_ms)
                g->leases_until_ms = live->until_ms;
        if (live->torn || (inquiry->leases[realm].is_open && lease_log_is_torn(stored)))
                g->rules.lease_log_complete = false;
        int r = gather_leases_of(inquiry, realm, q, &q->address, g, error);
        g->ours = g->ours || g->leases.count > 0;
        for (uint32_t number = 1; number <= g->hosts.count && r == 0; number++) {
                struct nat_host host = host_get(&g->hosts, number);
                bool inside = false, repeated = false;
                for (size_t i = 0; i < g->bindings.count && !inside; i++)
                        inside = g->bindings.items[i].inside == number;
                for (uint32_t before = 1; before < number && inside && !repeated; before++)
                        repeated = address_compare(&g->hosts.hosts[before].address, &host.address) == 0;
                if (inside && !repeated && address_compare(&host.address, &q->address) != 0)
                        r = gather_leases_of(inquiry, realm, q, &host.address, g, error);
        }
        return r;
}

/* --- All of it --- */

/* The bindings within the interval, and the interval as the clocks of the logs that told them make it: the
 * wider it is, the more of them there are. */
static int gather_interval(struct inquiry *inquiry, unsigned realm, const struct question *q,
        struct gathered *g, struct error *error)
{
        int64_t from_ms = q->at_ms - q->skew_ms, to_ms = q->at_ms + q->skew_ms;
        int r = gather_coverage(inquiry, realm, from_ms, to_ms, &g->clocks, error);

        if (r == 0)
                r = count_exporters(inquiry, realm, q, g);
        if (r < 0)
                return r;
        do {
                attribution_interval(q, &g->rules, &g->clocks, g->counts, &g->from_ms, &g->to_ms);
                bound_interval(q, g);
                bool wider = g->from_ms < from_ms || g->to_ms > to_ms;
                from_ms = g->from_ms;
                to_ms = g->to_ms;
                g->bindings.count = g->windows = 0;
                r = gather_windows(inquiry, realm, q, g, error);
                if (r == 0)
                        r = gather_known_ends(inquiry, realm, g, error);
                if (r == 0 && wider)
                        r = gather_coverage(inquiry, realm, from_ms, to_ms, &g->clocks, error);
                /* A wider interval may have brought windows with exporters that were not met before. */
                if (r == 0)
                        r = count_exporters(inquiry, realm, q, g);
                if (r == 0)
                        r = gather_clocks(inquiry, realm, q, g, error);
                if (r == 0) {
                        attribution_interval(q, &g->rules, &g->clocks, g->counts, &g->from_ms, &g->to_ms);
                        bound_interval(q, g);
                }
        } while (r == 0 && (g->from_ms < from_ms || g->to_ms > to_ms));
        return r;
}

static int gather_nat(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        struct error *error)
{
        int r = gather_plan(inquiry, realm, q, g, error);
        if (r == 0)
                r = gather_interval(inquiry, realm, q, g, error);
        if (r == 0)
                r = gather_coverage(inquiry, realm, g->from_ms, g->to_ms, &g->coverage, error);
        if (r == 0)
                r = gather_plan_spans(inquiry, realm, g);
        if (r == 0)
                r = gather_planned(q, g);
        if (r == 0 && !g->ours)
                r = find_nearby(inquiry, realm, q, g, error);
        /* Hours without a single record do not tell what this NAT lends. */
        g->blocks = g->blocks || !g->others;
        /* What is known of logs concerns only where they count. */
        if (g->planned)
                g->loss_undetectable = g->untold_flows = g->rules_changed = false;
        else
                find_silent_sources(g);
        return r;
}

int gather(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *ret,
        struct error *error)
{
        const struct realm_settings *settings = &inquiry->realms[realm];
        struct gathered g;

        int r = gathered_begin(inquiry, &g);
        if (r < 0)
                return error_set(error, r, "not enough memory for this question");
        g.rules = (struct attribution_rules){.mapping = settings->mapping,
                .uncertainty_ms = settings->uncertainty_ms,
                .longest_session_ms = settings->longest_session_ms,
                .longest_block_ms = settings->longest_block_ms,
                .leases_any_vrf = settings->leases_any_vrf,
                .lease_log_complete = settings->lease_log_complete};
        g.from_ms = q->at_ms - q->skew_ms;
        g.to_ms = q->at_ms + q->skew_ms;
        g.ours = realm_declares(settings, &q->address);
        if (r == 0 && address_is_ipv4(&q->address))
                r = gather_nat(inquiry, realm, q, &g, error);
        g.lent = g.ours;
        if (r == 0)
                r = gather_leases(inquiry, realm, q, &g, error);
        if (r == -ENOMEM || r == -EFBIG)
                error_set(error, r, "not enough memory for this question");
        if (r < 0) {
                gathered_free(&g);
                return r;
        }
        *ret = g;
        return 0;
}

/* Takes over what a later window says of the binding. true where it may go on behind that window. */
static bool take_end(struct nat_binding *binding, const struct binding_list *found)
{
        bool goes_on = false;

        for (size_t i = 0; i < found->count; i++) {
                if (!same_binding(binding, &found->items[i]))
                        continue;
                goes_on = found->items[i].to_edge == EDGE_OPEN;
                binding->to_ms = found->items[i].to_ms;
                binding->to_edge = found->items[i].to_edge;
        }
        return goes_on;
}

int gather_end(struct inquiry *inquiry, unsigned realm, struct gathered *g, struct nat_binding *binding,
        struct error *error)
{
        const struct depot_files *files;
        bool goes_on = binding->to_edge == EDGE_OPEN && binding->from_edge != EDGE_OPEN;
        int64_t first = window_of(g->to_ms) + DEPOT_WINDOW_MS;
        int64_t last = goes_on ? window_of(binding->from_ms + binding_longest_life(binding, &g->rules)) : 0;

        if (!goes_on || last < first)
                return 0;
        int r = inquiry_windows(inquiry, realm, first, last, &files, error);
        for (size_t i = 0; r == 0 && goes_on && i < files->count && files->items[i].from <= last; i++) {
                struct binding_list found = {0};
                struct cached_window *w;
                int64_t at = files->items[i].from;
                if (at < first)
                        continue;
                r = window_cache_get(&inquiry->cache, realm, inquiry->realms[realm].name, at, &w, error);
                if (r == 0 && w)
                        r = segment_query(w->window.segment, binding->outside, binding->port_first, at,
                                at + DEPOT_WINDOW_MS, &g->hosts, w->map, &found, NULL, error);
                goes_on = r == 0 && w && take_end(binding, &found);
                /* The end is open then; a damaged hour must not silence the hours before it. */
                if (r == -EBADMSG || r == -E2BIG)
                        r = 0;
                binding_list_free(&found);
        }
        return r;
}
