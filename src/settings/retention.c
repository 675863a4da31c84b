/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/retention.h"

#include "base/time.h"

static int64_t own_time(const struct realm_settings *realm, enum retain_kind kind)
{
        switch (kind) {
        case RETAIN_DESTINATIONS:
                return realm->retain_destinations_ms;
        case RETAIN_LEASES:
                return realm->retain_leases_ms;
        default:
                return realm->retain_ms;
        }
}

static bool is_shorter(int64_t a, int64_t b)
{
        return a != 0 && (b == 0 || a < b);
}

struct retention retention_of_prefix(
        const struct realm_settings *realm, enum retain_kind kind, const struct prefix *prefix)
{
        struct retention best = {.keep_ms = own_time(realm, kind)};

        for (size_t i = 0; i < realm->retain_ranges.count; i++) {
                const struct retain_range *range = &realm->retain_ranges.items[i];
                unsigned length = range->prefix.length;
                if (range->kind != kind || length > prefix->length ||
                        !prefix_contains(&range->prefix, &prefix->address))
                        continue;
                bool shorter = is_shorter(range->retain_ms, best.keep_ms);
                if (!best.range || length > best.range->prefix.length ||
                        (length == best.range->prefix.length && shorter))
                        best = (struct retention){.keep_ms = range->retain_ms, .range = range};
        }
        return best;
}

struct retention retention_of(
        const struct realm_settings *realm, enum retain_kind kind, const struct address *address)
{
        struct prefix host = {.address = *address, .length = 128};

        return retention_of_prefix(realm, kind, &host);
}

int64_t retention_horizon(const struct retention *retention, int64_t now_ms)
{
        return retention->keep_ms == 0 ? TIME_UNKNOWN : now_ms - retention->keep_ms;
}

bool retention_is_due(const struct retention *retention, int64_t last_ms, int64_t now_ms)
{
        int64_t horizon = retention_horizon(retention, now_ms);

        return horizon != TIME_UNKNOWN && last_ms != TIME_UNKNOWN && last_ms < horizon;
}

enum sheet_fate retention_of_sheet(
        const struct realm_settings *realm, uint32_t outside, int64_t window_to, int64_t now_ms)
{
        struct address address = address_from_ipv4(outside);
        struct retention bindings = retention_of(realm, RETAIN_BINDINGS, &address);
        struct retention destinations = retention_of(realm, RETAIN_DESTINATIONS, &address);

        if (retention_is_due(&bindings, window_to - 1, now_ms))
                return SHEET_GONE;
        return retention_is_due(&destinations, window_to - 1, now_ms) ? SHEET_WITHOUT_DESTINATIONS
                                                                      : SHEET_KEPT;
}

bool retention_of_window(const struct realm_settings *realm, int64_t window_to, int64_t now_ms)
{
        struct retention own = {.keep_ms = realm->retain_ms};
        bool due = retention_is_due(&own, window_to - 1, now_ms);

        for (size_t i = 0; i < realm->retain_ranges.count && due; i++) {
                struct retention range = {.keep_ms = realm->retain_ranges.items[i].retain_ms};
                if (realm->retain_ranges.items[i].kind == RETAIN_BINDINGS)
                        due = retention_is_due(&range, window_to - 1, now_ms);
        }
        return due;
}

bool retention_touches_window(const struct realm_settings *realm, int64_t window_to, int64_t now_ms)
{
        struct retention bindings = {.keep_ms = realm->retain_ms};
        struct retention destinations = {.keep_ms = realm->retain_destinations_ms};
        bool touched = retention_is_due(&bindings, window_to - 1, now_ms) ||
                       retention_is_due(&destinations, window_to - 1, now_ms);

        for (size_t i = 0; i < realm->retain_ranges.count && !touched; i++) {
                struct retention range = {.keep_ms = realm->retain_ranges.items[i].retain_ms};
                if (realm->retain_ranges.items[i].kind != RETAIN_LEASES)
                        touched = retention_is_due(&range, window_to - 1, now_ms);
        }
        return touched;
}
