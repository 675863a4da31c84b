/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/preserve.h"

#include "depot/gone.h"
#include "nat/carry.h"
#include "os/file.h"
#include "settings/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 4000000u
#define CONF_MAX (8u << 20)

/* An inside host behind a binding that is copied, and since when its tenant matters. */
struct tenancy {
        struct address address;
        int64_t since_ms;
};

struct preserving {
        struct depot *depot, *into;
        const struct hold *hold;
        struct realm_settings realm; /* of the realm that is being copied; lists are the depot's */
        struct attribution_rules rules;
        int64_t from_ms, to_ms;    /* with the margin */
        struct tenancy *tenancies; /* owned; of this realm */
        size_t tenancy_count;
        struct depot_gone_list gone; /* of this realm: what it lacks, and what the hold must not use */
        bool realm_is_written, hour_is_doubtful;
        struct preserve_counts counts;
        struct error *error;
};

bool hold_covers(const struct hold *hold, const struct question *q, int64_t from_ms, int64_t to_ms)
{
        return address_compare(&hold->address, &q->address) == 0 &&
               (hold->port < 0 || hold->port == q->port) &&
               (hold->protocol < 0 || hold->protocol == q->protocol) &&
               from_ms >= hold->from_ms - hold->margin_ms && to_ms <= hold->to_ms + hold->margin_ms;
}

/* --- Which bindings --- */

/* The endpoint is the hold's, and the binding may have been held at some moment of its time. An end that was
 * not seen may have come as late as any binding lives. */
static bool matches(const struct preserving *p, const struct nat_binding *b)
{
        const struct hold *hold = p->hold;
        int64_t begin = b->from_edge == EDGE_OBSERVED || b->from_edge == EDGE_BOUND ? b->from_ms : INT64_MIN;
        int64_t end = b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND ? b->to_ms : INT64_MAX;

        if (b->to_edge == EDGE_INTERIM)
                end = b->to_ms + binding_longest_life(b, &p->rules);
        else if (end == INT64_MAX && b->from_edge != EDGE_OPEN)
                end = b->from_ms + binding_longest_life(b, &p->rules);
        if (hold->port >= 0 && (hold->port < b->port_first || hold->port > b->port_last))
                return false;
        if (hold->protocol >= 0 && b->protocol != NAT_PROTOCOL_ANY && b->protocol != hold->protocol)
                return false;
        return begin <= p->to_ms && end >= p->from_ms;
}

static int remember_host(struct preserving *p, const struct nat_binding *b, const struct host_table *hosts)
{
        struct nat_host host = host_get(hosts, b->inside);
        int64_t since = p->from_ms;

        if (b->flags & NAT_INSIDE_UNKNOWN || address_is_none(&host.address))
                return 0;
        if (b->kind < NAT_BLOCK && b->from_edge == EDGE_OPEN)
                since = p->from_ms - binding_longest_life(b, &p->rules);
        else if (b->kind < NAT_BLOCK && b->from_ms < since)
                since = b->from_ms;
        for (size_t i = 0; i < p->tenancy_count; i++) {
                if (address_compare(&p->tenancies[i].address, &host.address) != 0)
                        continue;
                if (since < p->tenancies[i].since_ms)
                        p->tenancies[i].since_ms = since;
                return 0;
        }
        struct tenancy *grown = realloc(p->tenancies, (p->tenancy_count + 1) * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        p->tenancies = grown;
        grown[p->tenancy_count++] = (struct tenancy){.address = host.address, .since_ms = since};
        return 0;
}

static bool share_a_port(const struct nat_binding *a, const struct nat_binding *b)
{
        bool protocol = a->protocol == b->protocol || a->protocol == NAT_PROTOCOL_ANY ||
                        b->protocol == NAT_PROTOCOL_ANY;

        return protocol && a->port_first <= b->port_last && b->port_first <= a->port_last;
}

/* A binding without a seen end, and one that is left out whose opening shows that it must have ended: with
 * both at hand nothing would be certain of the first; alone it would look as if it went on. */
static bool is_doubtful(const struct preserving *p, const struct binding_list *found)
{
        for (size_t i = 0; i < found->count; i++) {
                const struct nat_binding *b = &found->items[i];
                if (!matches(p, b) || b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND)
                        continue;
                for (size_t k = 0; k < found->count; k++)
                        if (k != i && !matches(p, &found->items[k]) && share_a_port(b, &found->items[k]) &&
                                binding_shows_end(b, &found->items[k], true))
                                return true;
        }
        return false;
}

/* Keeps what matches. */
static int sift(struct preserving *p, struct binding_list *found, const struct host_table *hosts)
{
        size_t kept = 0;
        int r = 0;

        p->hour_is_doubtful = is_doubtful(p, found);
        for (size_t i = 0; i < found->count && r == 0; i++) {
                if (!matches(p, &found->items[i]))
                        continue;
                found->items[kept++] = found->items[i];
                r = remember_host(p, &found->items[kept - 1], hosts);
        }
        found->count = kept;
        if (kept > 1)
                qsort(found->items, kept, sizeof *found->items, binding_compare);
        p->counts.bindings += kept;
        return r;
}

/* What was heard in the hour; where it is doubtful, with a gap over all of it. */
static int copy_coverage(
        const struct preserving *p, const struct segment_reader *segment, struct coverage *ret)
{
        const struct coverage *stored = segment_coverage(segment);
        const struct segment_header *header = segment_header_of(segment);
        int r = coverage_add_all(ret, stored);

        for (size_t i = 0; i < stored->span_count && r == 0 && p->hour_is_doubtful; i++) {
                struct coverage_gap gap = {.from = header->window_from,
                        .to = header->window_to - 1,
                        .stream = stored->spans[i].stream,
                        .exporter = stored->spans[i].exporter,
                        .reason = GAP_REPORTED};
                r = coverage_add_gap(ret, &gap);
        }
        coverage_normalise(ret, 0);
        return r;
}

/* --- Hours --- */

static int write_hour(struct preserving *p, const struct segment_reader *segment,
        const struct binding_list *found, const struct host_table *hosts, struct depot_draft *draft)
{
        struct segment_header header = *segment_header_of(segment);
        unsigned count = segment_exporter_count(segment);
        const char **names = calloc(count + 1, sizeof *names);
        struct segment_writer *writer = NULL;
        struct coverage coverage = {0};
        int r = names ? copy_coverage(p, segment, &coverage) : -ENOMEM;

        header.generation = draft->generation;
        header.binding_count = 0;
        header.sheet_count = 0;
        for (unsigned i = 0; i < count && r == 0; i++)
                names[i] = segment_exporter_name(segment, i);
        if (r == 0)
                r = segment_writer_new(&header, names, count, &draft->output, &writer);
        if (r < 0)
                error_set(p->error, r, "not enough memory to write a window");
        if (r == 0)
                r = segment_writer_sheet(writer, found->items, found->count, hosts, p->error);
        if (r == 0)
                r = segment_writer_finish(writer, &coverage, &header, p->error);
        if (writer)
                segment_writer_free(writer);
        coverage_free(&coverage);
        free(names);
        return r;
}

static int copy_found(struct preserving *p, const struct depot_window *window,
        const struct binding_list *found, const struct host_table *hosts)
{
        struct depot_draft draft;

        int r = depot_draft_begin(p->into, p->realm.name, DEPOT_NAT, window->file.from, &draft, p->error);
        if (r < 0)
                return r;
        r = write_hour(p, window->segment, found, hosts, &draft);
        if (r < 0)
                depot_draft_abandon(&draft);
        else
                r = depot_draft_publish(p->into, &draft, p->error);
        p->counts.hours += r == 0;
        p->realm_is_written = p->realm_is_written || r == 0;
        return r;
}

static int copy_hour(struct preserving *p, const struct depot_window *window)
{
        struct binding_list found = {0};
        struct host_table hosts;

        int r = host_table_init(&hosts, HOSTS_MAX);
        if (r == 0)
                r = segment_query(window->segment, address_ipv4(&p->hold->address), p->hold->port,
                        window->file.from, window->file.to, &hosts, NULL, &found, NULL, p->error);
        if (r == 0)
                r = sift(p, &found, &hosts);
        if (r == -ENOMEM || r == -EFBIG)
                error_set(p->error, r, "not enough memory to read a window");
        if (r == 0)
                r = copy_found(p, window, &found, &hosts);
        binding_list_free(&found);
        host_table_free(&hosts);
        return r;
}

static int copy_hours(struct preserving *p)
{
        struct depot_files files = {0};
        struct depot_window window;

        if (!address_is_ipv4(&p->hold->address))
                return 0;
        int r = depot_nat_files(p->depot, p->realm.name, &files, p->error);
        for (size_t i = 0; i < files.count && r == 0; i++) {
                if (files.items[i].to <= p->from_ms || files.items[i].from > p->to_ms)
                        continue;
                r = depot_window_open(p->depot, p->realm.name, files.items[i].from, &window, p->error);
                if (r < 0)
                        break;
                r = copy_hour(p, &window);
                depot_window_release(&window);
        }
        depot_files_free(&files);
        return r;
}

/* --- Plans --- */

static bool row_touches(const struct preserving *p, const struct plan_entry *entry)
{
        return entry->row.from_ms <= p->to_ms &&
               (entry->until_ms == TIME_UNKNOWN || entry->until_ms > p->from_ms);
}

static int write_rows(struct preserving *p, const struct plan_reader *plans, const struct plan_list *rows)
{
        struct segment_header header = *plan_header_of(plans);
        unsigned count = plan_name_count(plans);
        const char **names = calloc(count + 1, sizeof *names);
        struct depot_draft draft;

        if (!names)
                return error_set(p->error, -ENOMEM, "not enough memory");
        for (unsigned i = 0; i < count; i++)
                names[i] = plan_name(plans, i);
        int r = depot_draft_begin(
                p->into, p->realm.name, DEPOT_PLANS, DEPOT_PLAN_WINDOW_FROM, &draft, p->error);
        if (r == 0) {
                header.generation = draft.generation;
                r = plan_segment_write(&header, rows, names, count, &draft.output, p->error);
                if (r < 0)
                        depot_draft_abandon(&draft);
                else
                        r = depot_draft_publish(p->into, &draft, p->error);
        }
        free(names);
        return r;
}

/* A plan says whose a port is, and by its silence whose it is not; the rows of other ports are other people's
 * and are not copied, so that silence cannot be. */
static int sift_rows(struct preserving *p, struct plan_list *rows)
{
        size_t kept = 0;
        bool speaks = false;

        for (size_t i = 0; i < rows->count; i++) {
                const struct plan_entry *entry = &rows->items[i];
                if (!row_touches(p, entry))
                        continue;
                speaks = true;
                if (p->hold->port >= 0 && !plan_row_has_port(&entry->row, (uint16_t)p->hold->port))
                        continue;
                struct nat_host host = {.address = entry->row.inside.address, .vrf = entry->row.vrf};
                struct tenancy *grown = realloc(p->tenancies, (p->tenancy_count + 1) * sizeof *grown);
                if (!grown)
                        return error_set(p->error, -ENOMEM, "not enough memory");
                p->tenancies = grown;
                if (!entry->row.is_dynamic)
                        grown[p->tenancy_count++] =
                                (struct tenancy){.address = host.address, .since_ms = p->from_ms};
                rows->items[kept++] = *entry;
        }
        rows->count = kept;
        p->counts.plan_rows += kept;
        if (speaks && kept == 0)
                return error_set(p->error, -ENOTSUP,
                        "the plan of realm \"%s\" gives this port to nobody at that time; plans are not "
                        "destroyed by "
                        "retention, so 'rogatory ask' answers from it",
                        p->realm.name);
        return 0;
}

static int copy_plan(struct preserving *p)
{
        struct depot_window window;
        struct plan_list rows = {0};

        if (!address_is_ipv4(&p->hold->address))
                return 0;
        int r = depot_plan_window_open(p->depot, p->realm.name, &window, p->error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = plan_query(window.plans, address_ipv4(&p->hold->address), &rows, p->error);
        if (r == 0)
                r = sift_rows(p, &rows);
        if (r == 0 && rows.count > 0)
                r = write_rows(p, window.plans, &rows);
        plan_list_free(&rows);
        depot_window_release(&window);
        return r;
}

/* --- Leases --- */

/* When a lease was over: its end, or the next lease of the same prefix that was seen to begin. */
static int64_t lease_end(const struct lease_list *leases, size_t index)
{
        const struct lease_event *lease = &leases->items[index].is;
        int64_t end = TIME_UNKNOWN;

        if (lease->to_edge == EDGE_OBSERVED || lease->to_edge == EDGE_BOUND)
                return lease->to_ms;
        for (size_t i = 0; i < leases->count; i++) {
                const struct lease_event *next = &leases->items[i].is;
                bool follows = next->vrf == lease->vrf && next->prefix.length == lease->prefix.length &&
                               address_compare(&next->prefix.address, &lease->prefix.address) == 0 &&
                               next->from_edge == EDGE_OBSERVED && lease->from_edge != EDGE_OPEN &&
                               next->from_ms > lease->from_ms &&
                               (leases->items[index].seen_until_ms == TIME_UNKNOWN ||
                                       next->from_ms > leases->items[index].seen_until_ms);
                if (follows && (end == TIME_UNKNOWN || next->from_ms < end))
                        end = next->from_ms;
        }
        return end;
}

static bool is_copied(const struct lease_list *copied, const struct lease *lease)
{
        for (size_t i = 0; i < copied->count; i++)
                if (memcmp(&copied->items[i], lease, sizeof *lease) == 0)
                        return true;
        return false;
}

/* The leases of an address over a time. Later ones are left out, because they are other people's; but without
 * them one whose end was not seen would seem to go on, so that the log must then not count as complete. */
static int take_leases(struct preserving *p, const struct lease_reader *reader, const struct tenancy *tenancy,
        struct lease_list *copied, bool *later_exist)
{
        struct lease_list all = {0};
        struct retention rule = retention_of(&p->realm, RETAIN_LEASES, &tenancy->address);
        struct depot_gone due = {.prefix = {.address = tenancy->address, .length = 128},
                .kind = RETAIN_LEASES,
                .until_ms = retention_horizon(&rule, p->hold->made_ms)};
        int64_t since = tenancy->since_ms - p->rules.uncertainty_ms;

        /* What is due is not copied, and the hold knows that it lacks it. */
        if (due.until_ms < depot_gone_until_of(&p->gone, RETAIN_LEASES, &tenancy->address))
                due.until_ms = depot_gone_until_of(&p->gone, RETAIN_LEASES, &tenancy->address);
        if (due.until_ms != TIME_UNKNOWN && depot_gone_add(&p->gone, &due) < 0)
                return error_set(p->error, -ENOMEM, "not enough memory");
        if (due.until_ms > since)
                since = due.until_ms;
        int r = lease_query(reader, &tenancy->address, TIME_FIRST, INT64_MAX, &all, p->error);
        for (size_t i = 0; i < all.count && r == 0; i++) {
                const struct lease *lease = &all.items[i];
                int64_t end = lease_end(&all, i);
                bool late = lease->is.from_ms != TIME_UNKNOWN &&
                            lease->is.from_ms > p->to_ms + p->rules.uncertainty_ms;
                *later_exist = *later_exist || late;
                if (!late && (end == TIME_UNKNOWN || end >= since) && !is_copied(copied, lease))
                        r = lease_list_append(copied, lease);
        }
        lease_list_free(&all);
        return r == -ENOMEM ? error_set(p->error, r, "not enough memory") : r;
}

static int write_leases(
        struct preserving *p, const struct lease_reader *reader, struct lease_list *copied, bool torn)
{
        struct segment_header header = *lease_header_of(reader);
        int64_t until = torn || lease_log_is_torn(reader) ? LEASE_LOG_TORN : lease_heard_until(reader);
        struct depot_draft draft;

        int r = depot_draft_begin(
                p->into, p->realm.name, DEPOT_LEASES, DEPOT_LEASE_WINDOW_FROM, &draft, p->error);
        if (r < 0)
                return r;
        header.generation = draft.generation;
        p->counts.leases += copied->count;
        r = lease_join(copied) < 0 ? error_set(p->error, -ENOMEM, "not enough memory")
                                   : lease_segment_write(&header, copied->items, copied->count, until,
                                             &draft.output, p->error);
        if (r < 0)
                depot_draft_abandon(&draft);
        else
                r = depot_draft_publish(p->into, &draft, p->error);
        p->realm_is_written = p->realm_is_written || r == 0;
        return r;
}

static int copy_leases(struct preserving *p)
{
        struct tenancy direct = {.address = p->hold->address, .since_ms = p->from_ms};
        struct depot_window window;
        struct lease_list copied = {0};
        bool later = false;

        int r = depot_lease_window_open(p->depot, p->realm.name, DEPOT_LEASE_WINDOW_FROM, &window, p->error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = take_leases(p, window.leases, &direct, &copied, &later);
        for (size_t i = 0; i < p->tenancy_count && r == 0; i++)
                r = take_leases(p, window.leases, &p->tenancies[i], &copied, &later);
        if (r == 0)
                r = write_leases(p, window.leases, &copied, later);
        lease_list_free(&copied);
        depot_window_release(&window);
        return r;
}

/* --- A realm --- */

static bool declares(const struct realm_settings *realm, const struct address *address)
{
        for (size_t i = 0; i < realm->outside.count; i++)
                if (prefix_contains(&realm->outside.items[i], address))
                        return true;
        return false;
}

/* What is due must not be used, and what is partly gone would look like "nobody". */
static int check_retention(const struct preserving *p)
{
        bool ipv4 = address_is_ipv4(&p->hold->address);
        enum retain_kind kind = ipv4 ? RETAIN_BINDINGS : RETAIN_LEASES;
        struct retention rule = retention_of(&p->realm, kind, &p->hold->address);
        int64_t horizon = retention_horizon(&rule, p->hold->made_ms);
        int64_t until = depot_gone_until_of(&p->gone, kind, &p->hold->address);
        char text[TIME_TEXT_MAX];

        if (until > horizon)
                horizon = until;
        if ((p->realm.outside.count > 0 && !declares(&p->realm, &p->hold->address)) || p->from_ms >= horizon)
                return 0;
        return error_set(p->error, -ERANGE,
                "realm \"%s\" keeps nothing of this address from before %s (with the clock uncertainty, the "
                "hold would "
                "need it from before that); begin later",
                p->realm.name, time_format_utc(horizon, text));
}

static int copy_realm(struct preserving *p, const char *name)
{
        const struct realm_settings *settings = settings_realm(depot_settings(p->depot), name);

        p->realm = settings ? *settings : realm_defaults(name);
        p->rules = (struct attribution_rules){.mapping = p->realm.mapping,
                .uncertainty_ms = p->realm.uncertainty_ms,
                .longest_session_ms = p->realm.longest_session_ms,
                .longest_block_ms = p->realm.longest_block_ms};
        p->tenancy_count = 0;
        p->realm_is_written = false;
        int r = depot_gone_read(p->depot, name, &p->gone, p->error);
        if (r < 0)
                return r;
        r = check_retention(p);
        if (r == 0)
                r = copy_hours(p);
        if (r == 0)
                r = copy_plan(p);
        if (r == 0)
                r = copy_leases(p);
        if (r == 0 && p->gone.count > 0 && p->realm_is_written)
                r = depot_gone_write(p->into, name, &p->gone, p->error);
        depot_gone_free(&p->gone);
        return r;
}

/* --- The hold's own settings --- */

/* A hold must outlive the realm's key, which is replaced whenever something of the realm is destroyed, and
 * its own time: where the realm has a key in a file, the hold has one beside it. */
static int give_own_key(struct key_sources *key, const struct hold *hold, struct error *error)
{
        for (size_t i = 0; i < key->count; i++) {
                struct key_source *source = &key->items[i];
                char path[sizeof source->name];
                if (source->kind != KEY_SOURCE_FILE)
                        continue;
                int length = snprintf(path, sizeof path, "%s.hold-%s", source->name, hold->id);
                if (length < 0 || (size_t)length >= sizeof path)
                        return error_set(error, -ENAMETOOLONG,
                                "%s: the path is too long for the key of a hold beside it", source->name);
                memcpy(source->name, path, (size_t)length + 1);
        }
        return 0;
}

/* The rules by which it is judged stay those of now; its time and its key are its own. */
static int write_settings(
        struct depot *depot, const struct hold *hold, const char *folder, struct error *error)
{
        const struct settings *settings = depot_settings(depot);
        struct buffer text = buffer_make(CONF_MAX);
        int r = buffer_append_text(&text, "# The rules of the store when this hold was made.\n");

        for (size_t i = 0; i < settings->realm_count && r == 0; i++) {
                struct realm_settings realm = settings->realms[i];
                struct realm_settings plain = realm_defaults(realm.name);
                realm.retain_ms = realm.retain_destinations_ms = realm.retain_leases_ms = 0;
                realm.retain_ranges = plain.retain_ranges;
                r = give_own_key(&realm.key, hold, error);
                if (r == 0)
                        r = settings_write_realm(&text, &realm);
        }
        for (size_t i = 0; i < settings->exporter_count && r == 0; i++)
                r = settings_write_exporter(&text, &settings->exporters[i]);
        r = r < 0 ? error_prefix(error, r, "%s: the settings of the hold cannot be written: ", folder)
                  : file_publish(folder, "rogatory.conf", text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}

/* --- All of it --- */

static int64_t largest_uncertainty(const struct settings *settings)
{
        int64_t largest = 0;

        for (size_t i = 0; i < settings->realm_count; i++)
                if (settings->realms[i].uncertainty_ms > largest)
                        largest = settings->realms[i].uncertainty_ms;
        return largest;
}

static int copy_all(struct preserving *p)
{
        char **names = NULL;
        size_t count = 0;

        int r = depot_realms(p->depot, &names, &count, p->error);
        for (size_t i = 0; i < count; i++) {
                if (r == 0)
                        r = copy_realm(p, names[i]);
                free(names[i]);
        }
        free(names);
        free(p->tenancies);
        return r;
}

/* A hold has a record of access of its own; it begins with who made it. What is asked of it later stands in
 * the record of the store, where the question was asked. */
static int record_making(struct depot *into, const struct hold *hold, struct error *error)
{
        struct access_entry entry = {.at_ms = hold->made_ms,
                .person = hold->person,
                .action = "preserve",
                .case_reference = hold->case_reference};

        return depot_record_access(into, &entry, error);
}

int preserve(struct depot *depot, struct hold *hold, struct preserve_counts *ret_counts, struct error *error)
{
        struct preserving p = {.depot = depot, .hold = hold, .error = error};
        char folder[4096];

        hold->margin_ms = largest_uncertainty(depot_settings(depot));
        p.from_ms = hold->from_ms - hold->margin_ms;
        p.to_ms = hold->to_ms + hold->margin_ms;
        int r = depot_hold_begin(depot, hold, folder, sizeof folder, error);
        if (r == 0)
                r = write_settings(depot, hold, folder, error);
        if (r == 0)
                r = depot_open(folder, DEPOT_WRITE, &p.into, error);
        if (r == 0)
                r = record_making(p.into, hold, error);
        if (r == 0)
                r = copy_all(&p);
        depot_close(p.into);
        if (r < 0)
                depot_hold_abandon(depot, hold);
        else
                *ret_counts = p.counts;
        return r;
}

/* The keys first: what is left then is unreadable, also in a copy. */
static int destroy_keys(const struct hold *hold, const char *path, struct error *error)
{
        struct depot *held = NULL;
        char own[64];

        int r = depot_open(path, DEPOT_READ, &held, error);
        if (r < 0)
                return r;
        const struct settings *settings = depot_settings(held);
        snprintf(own, sizeof own, ".hold-%s", hold->id);
        for (size_t i = 0; i < settings->realm_count && r == 0; i++) {
                const char *file = key_sources_file(&settings->realms[i].key);
                /* Nothing but a hold's own key is ever removed here. */
                if (file && strlen(file) > strlen(own) && strcmp(file + strlen(file) - strlen(own), own) == 0)
                        r = file_remove(file, error);
                if (r == 0)
                        r = depot_destroy_token_keys(held, settings->realms[i].name, error);
        }
        depot_close(held);
        return r;
}

int hold_destroy(struct depot *depot, const struct hold *hold, struct error *error)
{
        char path[4096];

        int r = depot_hold_path(depot, hold->id, path, sizeof path, error);
        if (r == 0)
                r = destroy_keys(hold, path, error);
        return r < 0 ? r : depot_hold_remove(depot, hold->id, error);
}
