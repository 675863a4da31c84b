/* SPDX-License-Identifier: EUPL-1.2 */
/* What a live node knows beside its store: windows in memory, and leases that are not stored yet. */
#include "inquiry/gather.h"

#include <stdlib.h>
#include <string.h>

/* --- Windows --- */

void inquiry_leave_memory(struct inquiry *inquiry)
{
        for (unsigned i = inquiry->cache.window_count; i-- > 0;)
                if (inquiry->cache.windows[i].in_memory)
                        window_cache_drop(&inquiry->cache, i);
        inquiry_forget_windows(inquiry);
}

int inquiry_enter_memory(struct inquiry *inquiry)
{
        for (unsigned i = inquiry->cache.window_count; i-- > 0;) {
                const struct cached_window *w = &inquiry->cache.windows[i];
                if (w->in_memory ||
                        depot_memory_has(inquiry->cache.depot, inquiry->realms[w->realm].name, w->from))
                        window_cache_drop(&inquiry->cache, i);
        }
        inquiry_forget_windows(inquiry);
        return 0;
}

/* --- Leases --- */

int inquiry_add_leases(
        struct inquiry *inquiry, const char *realm, const struct lease_list *leases, int64_t until_ms)
{
        for (unsigned i = 0; i < inquiry->realm_count; i++) {
                struct live_leases *live = &inquiry->live[i];
                if (strcmp(inquiry->realms[i].name, realm) != 0)
                        continue;
                const struct lease_list **grown = realloc(live->lists, (live->count + 1) * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                live->lists = grown;
                if (live->count == 0)
                        live->until_ms = TIME_UNKNOWN;
                grown[live->count++] = leases;
                live->torn = live->torn || until_ms == LEASE_LOG_TORN;
                if (until_ms != LEASE_LOG_TORN && until_ms > live->until_ms)
                        live->until_ms = until_ms;
        }
        return 0;
}

bool has_leases(const struct inquiry *inquiry, unsigned realm)
{
        return inquiry->leases[realm].is_open || inquiry->live[realm].count > 0;
}

/* The first lease of a list whose prefix does not stand before this one. */
static size_t first_of(const struct lease_list *list, const struct prefix *prefix)
{
        size_t low = 0, high = list->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct prefix *at = &list->items[middle].is.prefix;
                int order = address_compare(&at->address, &prefix->address);
                if (order < 0 || (order == 0 && at->length < prefix->length))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* Prefixes that contain the address, of every length. */
static int take_containing(
        const struct lease_list *list, const struct address *address, struct lease_list *ret)
{
        int r = 0;

        for (unsigned length = 0; length <= 128 && r == 0; length++) {
                struct prefix wanted = prefix_of(address, (uint8_t)length);
                for (size_t i = first_of(list, &wanted); i < list->count && r == 0; i++) {
                        const struct prefix *at = &list->items[i].is.prefix;
                        if (at->length != length || address_compare(&at->address, &wanted.address) != 0)
                                break;
                        r = lease_list_append(ret, &list->items[i]);
                }
        }
        return r;
}

int gather_leases_at(const struct inquiry *inquiry, unsigned realm, const struct address *address,
        int64_t from, struct lease_list *ret, struct error *error)
{
        const struct live_leases *live = &inquiry->live[realm];
        const struct lease_reader *stored =
                inquiry->leases[realm].is_open ? inquiry->leases[realm].window.leases : NULL;
        struct lease_list found = {0};
        int r = 0;

        for (unsigned i = 0; i < live->count && r == 0; i++)
                r = take_containing(live->lists[i], address, &found);
        if (r == 0 && found.count == 0) {
                lease_list_free(&found);
                return stored ? lease_query(stored, address, from, INT64_MAX, ret, error) : 0;
        }
        /* What came belongs to sessions that began at any time. */
        if (r == 0 && stored)
                r = lease_query(stored, address, INT64_MIN, INT64_MAX, &found, error);
        if (r == 0)
                r = lease_join(&found);
        for (size_t i = 0; i < found.count && r == 0; i++)
                r = lease_list_append(ret, &found.items[i]);
        if (r == -ENOMEM)
                error_set(error, r, "not enough memory for this question");
        lease_list_free(&found);
        return r;
}
