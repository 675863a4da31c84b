/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan_check.h"

#include "nat/plan_set.h"

#include <stdlib.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))
/* A host with more rows than this has its ports not added up: the work grows with their square. */
#define HOST_ROWS_MAX 4096

static int no_memory(struct error *error)
{
        return error_set(error, -ENOMEM, "not enough memory to check the plan");
}

static int64_t end_of(const struct plan_row *row)
{
        return row->to_ms == TIME_UNKNOWN ? INT64_MAX : row->to_ms;
}

/* --- Overlaps --- */

struct range {
        uint16_t first, last;
        size_t row;
};

static int compare_ranges(const void *left, const void *right)
{
        const struct range *a = left, *b = right;

        return a->first != b->first ? COMPARE(a->first, b->first) : COMPARE(a->row, b->row);
}

/* All rows of an address are port sets of one pattern (MAP): then they meet in every range or in none, and
 * one range speaks for the others. */
static bool is_one_pattern(const struct plan_line *lines, size_t count)
{
        const struct plan_row *first = &lines[0].row;

        for (size_t i = 0; i < count; i++) {
                const struct plan_row *row = &lines[i].row;
                if (row->repeat_every != first->repeat_every || row->repeat_count != first->repeat_count)
                        return false;
                if (row->repeat_every &&
                        (row->port_first / row->repeat_every != first->port_first / row->repeat_every ||
                                row->port_last / row->repeat_every != first->port_first / row->repeat_every))
                        return false;
        }
        return true;
}

static int ranges_of(const struct plan_table *table, const struct plan_address *address,
        struct range **ret_ranges, size_t *ret_count, struct error *error)
{
        const struct plan_line *lines = table->lines + address->first;
        bool one = is_one_pattern(lines, address->count);
        size_t total = 0, used = 0;

        for (size_t i = 0; i < address->count; i++)
                total += one ? 1U : lines[i].row.repeat_count;
        if (total > PLAN_RANGES_MAX)
                return error_set(error, -EFBIG, "one outside address has more than %zu ranges of ports",
                        (size_t)PLAN_RANGES_MAX);
        struct range *ranges = calloc(total, sizeof *ranges);
        if (!ranges)
                return no_memory(error);
        for (size_t i = 0; i < address->count; i++)
                for (unsigned k = 0; k < (one ? 1U : lines[i].row.repeat_count); k++, used++) {
                        plan_row_range(&lines[i].row, k, &ranges[used].first, &ranges[used].last);
                        ranges[used].row = address->first + i;
                }
        qsort(ranges, total, sizeof *ranges, compare_ranges);
        *ret_ranges = ranges;
        *ret_count = total;
        return 0;
}

static void note_overlap(const struct plan_table *table, const struct range *a, const struct range *b,
        struct plan_findings *ret)
{
        const struct plan_row *x = &table->lines[a->row].row, *y = &table->lines[b->row].row;

        if (plan_holder_compare(x, y) == 0 || !plan_rows_meet(x, y))
                return;
        for (size_t i = 0; i < ret->overlap_count; i++) /* the same two rows, in another range */
                if (ret->overlaps[i].a == a->row && ret->overlaps[i].b == b->row)
                        return;
        ret->overlap_total++;
        if (ret->overlap_count == PLAN_FINDINGS_MAX)
                return;
        int64_t to = end_of(x) < end_of(y) ? end_of(x) : end_of(y);
        ret->overlaps[ret->overlap_count++] = (struct plan_overlap){.a = a->row,
                .b = b->row,
                .port = b->first > a->first ? b->first : a->first,
                .from_ms = x->from_ms > y->from_ms ? x->from_ms : y->from_ms,
                .to_ms = to == INT64_MAX ? TIME_UNKNOWN : to};
}

/* Ranges in order of their first port; `open` are those that reach beyond the present one's beginning. */
static int find_overlaps(const struct plan_table *table, const struct plan_address *address,
        uint64_t *comparisons, struct plan_findings *ret, struct error *error)
{
        struct range *ranges;
        size_t count, open_count = 0;
        int r = ranges_of(table, address, &ranges, &count, error);

        if (r < 0)
                return r;
        size_t *open = calloc(count, sizeof *open);
        for (size_t i = 0; open && i < count && !ret->is_cut; i++) {
                size_t kept = 0;
                for (size_t k = 0; k < open_count; k++) {
                        if (ranges[open[k]].last < ranges[i].first)
                                continue;
                        note_overlap(table, &ranges[open[k]], &ranges[i], ret);
                        open[kept++] = open[k];
                }
                *comparisons += open_count;
                ret->is_cut = *comparisons > PLAN_COMPARISONS_MAX;
                open[kept++] = i;
                open_count = kept;
        }
        r = open ? 0 : no_memory(error);
        free(open);
        free(ranges);
        return r;
}

/* --- How many at one time --- */

struct edge {
        int64_t at_ms;
        int step; /* +1, -1 */
};

static int compare_edges(const void *left, const void *right)
{
        const struct edge *a = left, *b = right;

        return a->at_ms != b->at_ms ? COMPARE(a->at_ms, b->at_ms) : COMPARE(a->step, b->step);
}

static int compare_holders(const void *left, const void *right)
{
        const struct plan_line *const *a = left, *const *b = right;
        int r = plan_holder_compare(&(*a)->row, &(*b)->row);

        return r ? r : COMPARE((*a)->row.from_ms, (*b)->row.from_ms);
}

/* Rows in the order of holders: each holder counts once while any of his rows is valid. */
static uint64_t most_at_once(const struct plan_line **rows, size_t count, struct edge *edges)
{
        size_t used = 0;
        uint64_t now = 0, most = 0;

        for (size_t i = 0; i < count;) {
                int64_t from = rows[i]->row.from_ms, to = end_of(&rows[i]->row);
                size_t k = i + 1;
                for (; k < count && plan_holder_compare(&rows[i]->row, &rows[k]->row) == 0 &&
                        rows[k]->row.from_ms <= to;
                        k++)
                        to = end_of(&rows[k]->row) > to ? end_of(&rows[k]->row) : to;
                edges[used++] = (struct edge){.at_ms = from, .step = 1};
                edges[used++] = (struct edge){.at_ms = to, .step = -1};
                i = k;
        }
        qsort(edges, used, sizeof *edges, compare_edges);
        for (size_t i = 0; i < used; i++) {
                now += edges[i].step > 0 ? 1 : UINT64_MAX;
                most = now > most ? now : most;
        }
        return most;
}

/* The hosts' rows among these, in the order of holders. */
static size_t sort_holders(const struct plan_line *lines, size_t count, const struct plan_line **ret)
{
        size_t used = 0;

        for (size_t i = 0; i < count; i++)
                if (!lines[i].row.is_dynamic)
                        ret[used++] = &lines[i];
        if (used > 1)
                qsort(ret, used, sizeof *ret, compare_holders);
        return used;
}

/* --- Hosts --- */

static void add_gap(const struct plan_table *table, const struct plan_line *before,
        const struct plan_line *after, struct plan_findings *ret)
{
        ret->gap_total++;
        if (ret->gap_count < PLAN_FINDINGS_MAX)
                ret->gaps[ret->gap_count++] = (struct plan_gap){
                        .before = (size_t)(before - table->lines), .after = (size_t)(after - table->lines)};
}

/* The ports of a host at the beginning of each of his rows. Rows for several protocols lend the same ports
 * again: the first row's protocol speaks for them. */
static void count_ports(const struct plan_line **rows, size_t count, struct plan_findings *ret)
{
        if (count > HOST_ROWS_MAX)
                return;
        for (size_t i = 0; i < count; i++) {
                uint32_t ports = 0;
                for (size_t k = 0; k < count; k++)
                        if (rows[k]->row.protocol == rows[0]->row.protocol &&
                                plan_row_is_valid_at(&rows[k]->row, rows[i]->row.from_ms))
                                ports += plan_row_ports(&rows[k]->row);
                if (ports && (ret->ports_least == 0 || ports < ret->ports_least))
                        ret->ports_least = ports;
                ret->ports_most = ports > ret->ports_most ? ports : ret->ports_most;
        }
}

static void look_at_host(const struct plan_table *table, const struct plan_line **rows, size_t count,
        struct plan_findings *ret)
{
        const struct plan_line *longest = rows[0];

        ret->hosts++;
        for (size_t i = 1; i < count; i++) {
                if (rows[i]->row.from_ms > end_of(&longest->row))
                        add_gap(table, longest, rows[i], ret);
                if (end_of(&rows[i]->row) > end_of(&longest->row))
                        longest = rows[i];
        }
        count_ports(rows, count, ret);
}

static void look_at_hosts(const struct plan_table *table, const struct plan_line **rows, size_t count,
        struct plan_findings *ret)
{
        for (size_t i = 0; i < count;) {
                size_t k = i + 1;
                while (k < count && plan_holder_compare(&rows[i]->row, &rows[k]->row) == 0)
                        k++;
                look_at_host(table, rows + i, k - i, ret);
                i = k;
        }
}

/* --- The whole --- */

static int split_addresses(const struct plan_table *table, struct plan_findings *ret)
{
        for (size_t i = 0; i < table->count; i++)
                ret->address_count +=
                        i == 0 || table->lines[i].row.outside != table->lines[i - 1].row.outside;
        ret->addresses = calloc(ret->address_count ? ret->address_count : 1, sizeof *ret->addresses);
        if (!ret->addresses)
                return -ENOMEM;
        size_t used = 0;
        for (size_t i = 0; i < table->count; i++) {
                uint32_t outside = table->lines[i].row.outside;
                if (i == 0 || outside != table->lines[i - 1].row.outside)
                        ret->addresses[used++] = (struct plan_address){.outside = outside, .first = i};
                ret->addresses[used - 1].count++;
        }
        return 0;
}

static void measure(const struct plan_table *table, struct plan_findings *ret)
{
        int64_t to = INT64_MIN;

        ret->from_ms = TIME_UNKNOWN;
        ret->to_ms = TIME_UNKNOWN;
        for (size_t i = 0; i < table->count; i++) {
                const struct plan_row *row = &table->lines[i].row;
                ret->dynamic_rows += row->is_dynamic;
                if (ret->from_ms == TIME_UNKNOWN || row->from_ms < ret->from_ms)
                        ret->from_ms = row->from_ms;
                to = end_of(row) > to ? end_of(row) : to;
        }
        if (table->count && to != INT64_MAX)
                ret->to_ms = to;
}

static int look(const struct plan_table *table, const struct plan_line **rows, struct edge *edges,
        struct plan_findings *ret, struct error *error)
{
        uint64_t comparisons = 0;
        int r = 0;

        for (size_t i = 0; i < ret->address_count && r == 0; i++) {
                struct plan_address *address = &ret->addresses[i];
                size_t count = sort_holders(table->lines + address->first, address->count, rows);
                address->hosts = most_at_once(rows, count, edges);
                if (address->hosts > ret->most_per_address)
                        ret->most_per_address = address->hosts;
                r = find_overlaps(table, address, &comparisons, ret, error);
        }
        size_t count = sort_holders(table->lines, table->count, rows);
        ret->hosts_most = most_at_once(rows, count, edges);
        look_at_hosts(table, rows, count, ret);
        return r;
}

/* What a store would make of the rows: equal ones are one, and an open row ends where the next row for a port
 * of its own begins. */
static int settle(struct plan_table *table, struct plan_findings *ret, struct error *error)
{
        struct plan_list list = {0};
        uint32_t outside = 0;
        int r = 0;

        for (size_t i = 0; i < table->count && r == 0; i++)
                r = plan_list_append(&list, &(struct plan_entry){.row = table->lines[i].row,
                                                    .until_ms = table->lines[i].row.to_ms,
                                                    .place = (uint32_t)table->lines[i].line});
        if (r == 0)
                r = plan_settle(&list, NULL, &outside);
        if (r == -E2BIG)
                r = error_set(error, -EFBIG, "%u.%u.%u.%u has more than %u rows", outside >> 24,
                        outside >> 16 & 255, outside >> 8 & 255, outside & 255, PLAN_ADDRESS_ROWS_MAX);
        else if (r < 0)
                no_memory(error);
        if (r == 0) {
                ret->repeated = table->count - list.count;
                table->count = list.count;
        }
        for (size_t i = 0; i < list.count && r == 0; i++) {
                const struct plan_entry *entry = &list.items[i];
                table->lines[i] = (struct plan_line){.row = entry->row, .line = entry->place};
                ret->ended_by_next += entry->until_ms != entry->row.to_ms;
                table->lines[i].row.to_ms = entry->until_ms;
        }
        plan_list_free(&list);
        return r;
}

int plan_check(struct plan_table *table, struct plan_findings *ret, struct error *error)
{
        size_t count = table->count ? table->count : 1;
        const struct plan_line **rows = calloc(count, sizeof *rows);
        struct edge *edges = calloc(2 * count, sizeof *edges);

        *ret = (struct plan_findings){.overlaps = calloc(PLAN_FINDINGS_MAX, sizeof *ret->overlaps),
                .gaps = calloc(PLAN_FINDINGS_MAX, sizeof *ret->gaps)};
        int r = rows && edges && ret->overlaps && ret->gaps ? 0 : no_memory(error);
        if (r == 0)
                r = settle(table, ret, error);
        plan_table_sort(table);
        if (r == 0 && split_addresses(table, ret) < 0)
                r = no_memory(error);
        if (r == 0) {
                measure(table, ret);
                r = look(table, rows, edges, ret, error);
        }
        free(edges);
        free(rows);
        if (r < 0)
                plan_findings_free(ret);
        return r;
}

void plan_findings_free(struct plan_findings *report)
{
        free(report->overlaps);
        free(report->gaps);
        free(report->addresses);
        *report = (struct plan_findings){0};
}

int plan_hosts_without(const struct plan_table *table, const struct prefix *inside, uint64_t *ret_count,
        uint32_t ret_first[PLAN_WITHOUT_SHOWN], struct error *error)
{
        if (!address_is_ipv4(&inside->address) || inside->length < 96 + 8)
                return error_set(error, -ERANGE, "write an IPv4 prefix of 8 to 32 bits");
        uint32_t base = address_ipv4(&inside->address), size = 1U << (128 - inside->length);
        uint8_t *seen = calloc(size, 1);
        if (!seen)
                return no_memory(error);
        for (size_t i = 0; i < table->count; i++) {
                const struct plan_row *row = &table->lines[i].row;
                if (!row->is_dynamic && prefix_contains(inside, &row->inside.address))
                        seen[address_ipv4(&row->inside.address) - base] = 1;
        }
        *ret_count = 0;
        for (uint32_t i = 0; i < size; i++) {
                if (seen[i])
                        continue;
                if (*ret_count < PLAN_WITHOUT_SHOWN)
                        ret_first[*ret_count] = base + i;
                ++*ret_count;
        }
        free(seen);
        return 0;
}

void plan_ports_of(const struct plan_table *table, const struct plan_address *address, int64_t instant,
        uint8_t ret[65536])
{
        memset(ret, 0, 65536);
        for (size_t i = 0; i < address->count; i++) {
                const struct plan_row *row = &table->lines[address->first + i].row;
                if (!plan_row_is_valid_at(row, instant))
                        continue;
                for (unsigned k = 0; k < row->repeat_count; k++) {
                        uint16_t first, last;
                        plan_row_range(row, k, &first, &last);
                        memset(ret + first, row->is_dynamic ? 2 : 1, (size_t)last - first + 1);
                }
        }
}
