/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan_set.h"

#include "nat/event.h"

#include <errno.h>
#include <stdlib.h>

int plan_list_append(struct plan_list *list, const struct plan_entry *entry)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 64;
                struct plan_entry *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *entry;
        return 0;
}

void plan_list_free(struct plan_list *list)
{
        free(list->items);
        *list = (struct plan_list){0};
}

bool plan_same_holder(const struct plan_row *a, const struct plan_row *b)
{
        return a->is_dynamic == b->is_dynamic && a->vrf == b->vrf && a->inside.length == b->inside.length &&
               address_compare(&a->inside.address, &b->inside.address) == 0;
}

/* --- The set --- */

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->field != b->field)                                                                    \
                        return a->field < b->field ? -1 : 1;                                                 \
        } while (0)

int plan_entry_compare(const void *left, const void *right)
{
        const struct plan_entry *a = left, *b = right;

        COMPARE(row.outside);
        COMPARE(row.from_ms);
        COMPARE(row.port_first);
        COMPARE(row.port_last);
        COMPARE(row.repeat_count);
        COMPARE(row.repeat_every);
        COMPARE(row.protocol);
        COMPARE(row.is_dynamic);
        int r = address_compare(&a->row.inside.address, &b->row.inside.address);
        if (r)
                return r;
        COMPARE(row.inside.length);
        COMPARE(row.vrf);
        COMPARE(exporter);
        COMPARE(row.to_ms);
        return 0;
}

/* The later of two imports of one row must be known as such. */
static int compare_order(const void *left, const void *right, void *context)
{
        const struct plan_entry *items = context;
        uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
        int r = plan_entry_compare(&items[a], &items[b]);

        return r ? r : (a > b) - (a < b);
}

/* The same row, but for its end. */
static bool is_same_but_open(const struct plan_entry *open, const struct plan_entry *other)
{
        struct plan_entry closed = *other;

        closed.row.to_ms = open->row.to_ms;
        return open->row.to_ms == TIME_UNKNOWN && plan_entry_compare(open, &closed) == 0;
}

/* Sorts and keeps each row once. */
static int unite(struct plan_list *list)
{
        uint32_t *order = malloc((list->count + 1) * sizeof *order);
        struct plan_entry *sorted = malloc((list->count + 1) * sizeof *sorted);
        size_t kept = 0;

        if (!order || !sorted || list->count > UINT32_MAX) {
                free(order);
                free(sorted);
                return -ENOMEM;
        }
        for (size_t i = 0; i < list->count; i++)
                order[i] = (uint32_t)i;
        if (list->count > 1)
                qsort_r(order, list->count, sizeof *order, compare_order, list->items);
        for (size_t i = 0; i < list->count; i++) {
                const struct plan_entry *entry = &list->items[order[i]];
                /* An open row stands right before the same row with an end (TIME_UNKNOWN is the least). */
                if (kept > 0 && (plan_entry_compare(&sorted[kept - 1], entry) == 0 ||
                                        is_same_but_open(&sorted[kept - 1], entry)))
                        kept--;
                sorted[kept] = *entry;
                sorted[kept].until_ms = entry->row.to_ms;
                sorted[kept++].marks &= (uint8_t)~PLAN_DISPUTED;
        }
        free(order);
        free(list->items);
        list->items = sorted;
        list->capacity = list->count + 1;
        list->count = kept;
        return 0;
}

/* --- One address: rows against each other --- */

/* A range begins or ends here. */
struct border {
        uint32_t port; /* the first port behind it, where it ends */
        uint32_t row;
        bool ends;
};

struct weighing {
        struct plan_entry *rows; /* of one address, by beginning */
        uint32_t count;
        struct border *borders;
        size_t border_count, border_room;
        uint32_t *active; /* rows that lend the ports looked at, ascending, so by beginning */
        uint32_t active_count, active_room;
        const struct plan_report *report;
        bool disputes; /* second walk: ends are known, disputes are looked for */
};

static int compare_border(const void *left, const void *right)
{
        const struct border *a = left, *b = right;

        if (a->port != b->port)
                return a->port < b->port ? -1 : 1;
        if (a->ends != b->ends)
                return a->ends ? -1 : 1;
        return (a->row > b->row) - (a->row < b->row);
}

static int reserve(void **items, size_t *room, size_t wanted, size_t size)
{
        if (wanted <= *room)
                return 0;
        void *grown = realloc(*items, wanted * 2 * size);
        if (!grown)
                return -ENOMEM;
        *items = grown;
        *room = wanted * 2;
        return 0;
}

/* The borders of all rows that speak of one protocol. */
static int find_borders(struct weighing *w, uint8_t protocol)
{
        size_t wanted = 0;

        for (uint32_t i = 0; i < w->count; i++)
                wanted += 2u * w->rows[i].row.repeat_count;
        void *items = w->borders;
        int r = reserve(&items, &w->border_room, wanted, sizeof *w->borders);
        w->borders = items;
        if (r < 0)
                return r;
        w->border_count = 0;
        for (uint32_t i = 0; i < w->count; i++) {
                const struct plan_row *row = &w->rows[i].row;
                if (row->protocol != protocol && row->protocol != NAT_PROTOCOL_ANY)
                        continue;
                for (unsigned k = 0; k < row->repeat_count; k++) {
                        uint32_t shift = k * (uint32_t)row->repeat_every;
                        w->borders[w->border_count++] =
                                (struct border){.port = row->port_first + shift, .row = i};
                        w->borders[w->border_count++] =
                                (struct border){.port = row->port_last + shift + 1, .row = i, .ends = true};
                }
        }
        if (w->border_count > 1)
                qsort(w->borders, w->border_count, sizeof *w->borders, compare_border);
        return 0;
}

static uint32_t find_active(const struct weighing *w, uint32_t row)
{
        uint32_t low = 0, high = w->active_count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (w->active[middle] < row)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void cross(struct weighing *w, const struct border *border)
{
        uint32_t at = find_active(w, border->row);

        if (border->ends) {
                w->active_count--;
                memmove(w->active + at, w->active + at + 1, (w->active_count - at) * sizeof *w->active);
                return;
        }
        memmove(w->active + at + 1, w->active + at, (w->active_count - at) * sizeof *w->active);
        w->active[at] = border->row;
        w->active_count++;
}

/* An open row ends where the next row for one of its ports begins. */
static void end_open_rows(struct weighing *w)
{
        int64_t later = TIME_UNKNOWN, next = TIME_UNKNOWN; /* beginnings behind the row looked at */

        for (uint32_t i = w->active_count; i-- > 0;) {
                struct plan_entry *entry = &w->rows[w->active[i]];
                if (later != TIME_UNKNOWN && later > entry->row.from_ms)
                        next = later;
                later = entry->row.from_ms;
                if (entry->row.to_ms == TIME_UNKNOWN && next != TIME_UNKNOWN &&
                        (entry->until_ms == TIME_UNKNOWN || next < entry->until_ms))
                        entry->until_ms = next;
        }
}

static void dispute(struct weighing *w, struct plan_entry *row, const struct plan_entry *by)
{
        if (row->marks & PLAN_DISPUTED)
                return;
        row->marks |= PLAN_DISPUTED;
        if (w->report && w->report->disputed)
                w->report->disputed(w->report->context, row, by);
}

static bool lasts_until(const struct plan_entry *entry, int64_t instant)
{
        return entry->until_ms == TIME_UNKNOWN || entry->until_ms > instant;
}

static bool ends_later(const struct plan_entry *a, const struct plan_entry *b)
{
        return b->until_ms != TIME_UNKNOWN && (a->until_ms == TIME_UNKNOWN || a->until_ms > b->until_ms);
}

/* All rows before this one that give the ports to somebody else at its time. */
static void dispute_all(struct weighing *w, uint32_t position)
{
        struct plan_entry *row = &w->rows[w->active[position]];

        for (uint32_t i = 0; i < position; i++) {
                struct plan_entry *other = &w->rows[w->active[i]];
                if (!lasts_until(other, row->row.from_ms) || plan_same_holder(&other->row, &row->row))
                        continue;
                dispute(w, row, other);
                dispute(w, other, row);
        }
}

/* Walks the rows by beginning and remembers, of those before, the one that lasts longest, and the one of
 * another holder that lasts longest: whoever is disputed is so by one of the two. */
static void find_disputes(struct weighing *w)
{
        const struct plan_entry *longest = NULL, *other = NULL;

        for (uint32_t i = 0; i < w->active_count; i++) {
                const struct plan_entry *row = &w->rows[w->active[i]];
                bool disputed = (longest && !plan_same_holder(&longest->row, &row->row) &&
                                        lasts_until(longest, row->row.from_ms)) ||
                                (other && !plan_same_holder(&other->row, &row->row) &&
                                        lasts_until(other, row->row.from_ms));
                if (disputed)
                        dispute_all(w, i);
                if (!longest || ends_later(row, longest)) {
                        if (longest && !plan_same_holder(&longest->row, &row->row))
                                other = longest;
                        longest = row;
                } else if (!plan_same_holder(&longest->row, &row->row) &&
                           (!other || ends_later(row, other))) {
                        other = row;
                }
        }
}

static void walk_ports(struct weighing *w)
{
        w->active_count = 0;
        for (size_t i = 0; i < w->border_count;) {
                uint32_t port = w->borders[i].port;
                bool added = false;
                for (; i < w->border_count && w->borders[i].port == port; i++) {
                        added = added || !w->borders[i].ends;
                        cross(w, &w->borders[i]);
                }
                /* What ends takes no neighbour away that was not looked at before. */
                if (!added || w->active_count < 2)
                        continue;
                if (w->disputes)
                        find_disputes(w);
                else
                        end_open_rows(w);
        }
}

/* Once for every protocol that a row names; rows for every protocol are part of each. */
static int walk_protocols(struct weighing *w)
{
        bool named[256] = {false};
        bool any = false;
        int r = 0;

        for (uint32_t i = 0; i < w->count; i++)
                named[w->rows[i].row.protocol] = true;
        for (unsigned protocol = 1; protocol < 256 && r == 0; protocol++) {
                if (!named[protocol])
                        continue;
                any = true;
                r = find_borders(w, (uint8_t)protocol);
                if (r == 0)
                        walk_ports(w);
        }
        if (any || r < 0)
                return r;
        r = find_borders(w, NAT_PROTOCOL_ANY);
        if (r == 0)
                walk_ports(w);
        return r;
}

static int weigh_address(struct weighing *w)
{
        size_t room = w->active_room;
        void *active = w->active;

        int r = reserve(&active, &room, w->count, sizeof *w->active);
        w->active = active;
        w->active_room = (uint32_t)room;
        for (int walk = 0; walk < 2 && r == 0; walk++) {
                w->disputes = walk == 1;
                r = walk_protocols(w);
        }
        return r;
}

int plan_settle(struct plan_list *list, const struct plan_report *report, uint32_t *ret_outside)
{
        struct weighing w = {.report = report};
        int r = unite(list);

        for (size_t i = 0; i < list->count && r == 0;) {
                size_t next = i + 1;
                while (next < list->count && list->items[next].row.outside == list->items[i].row.outside)
                        next++;
                if (next - i > PLAN_ADDRESS_ROWS_MAX) {
                        *ret_outside = list->items[i].row.outside;
                        r = -E2BIG;
                        break;
                }
                w.rows = &list->items[i];
                w.count = (uint32_t)(next - i);
                if (w.count > 1)
                        r = weigh_address(&w);
                i = next;
        }
        free(w.borders);
        free(w.active);
        return r;
}
