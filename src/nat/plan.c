/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan.h"

#include "nat/event.h"

static int check_ports(const struct plan_row *row, struct error *error)
{
        uint32_t width = (uint32_t)row->port_last - row->port_first + 1;
        uint64_t last = row->port_last;

        if (row->port_last < row->port_first)
                return error_set(error, -EINVAL, "the ports end (%u) before they begin (%u)", row->port_last,
                        row->port_first);
        if (row->repeat_count == 0)
                return error_set(error, -EINVAL, "repeat_count is 0: a row has at least one range of ports");
        if ((row->repeat_count > 1) != (row->repeat_every > 0))
                return error_set(error, -EINVAL, "repeat_every and a repeat_count above 1 belong together");
        if (row->repeat_count == 1)
                return 0;
        if (row->repeat_every < width)
                return error_set(error, -EINVAL,
                        "a range of %u ports cannot be repeated every %u ports: the ranges overlap", width,
                        row->repeat_every);
        last += (uint64_t)row->repeat_every * (row->repeat_count - 1U);
        if (last > UINT16_MAX)
                return error_set(error, -EINVAL, "the last of the %u ranges would end at port %llu",
                        row->repeat_count, (unsigned long long)last);
        return 0;
}

static int check_inside(const struct plan_row *row, struct error *error)
{
        struct address none = {{0}};
        struct prefix masked = prefix_of(&row->inside.address, row->inside.length);
        bool ipv4 = address_is_ipv4(&row->inside.address);

        if (row->is_dynamic)
                return row->inside.length == 0 && address_compare(&row->inside.address, &none) == 0
                               ? 0
                               : error_set(error, -EINVAL, "ports of a dynamic pool are no host's by plan");
        if (row->inside.length == 0 || row->inside.length > 128 || address_is_none(&row->inside.address) ||
                (ipv4 && address_ipv4(&row->inside.address) == 0))
                return error_set(error, -EINVAL, "no host has this inside address");
        if (address_compare(&masked.address, &row->inside.address) != 0)
                return error_set(error, -EINVAL, "the inside prefix has host bits set");
        /* Ports lent to several IPv4 hosts together name none of them. A delegated IPv6 prefix is one
         * customer's (RFC 7597 section 5: the CE). */
        if (ipv4 && row->inside.length != 128)
                return error_set(error, -EINVAL,
                        "an inside IPv4 prefix is several hosts; a plan has one row for each of them");
        return 0;
}

int plan_row_check(const struct plan_row *row, struct error *error)
{
        if (row->outside == 0)
                return error_set(error, -EINVAL, "0.0.0.0 is no outside address");
        int r = check_ports(row, error);
        if (r == 0)
                r = check_inside(row, error);
        if (r < 0)
                return r;
        if (row->protocol != NAT_PROTOCOL_ANY && !nat_protocol_has_port(row->protocol))
                return error_set(error, -EINVAL, "protocol %u has no ports", row->protocol);
        if (row->from_ms < TIME_FIRST || row->from_ms >= TIME_LIMIT)
                return error_set(error, -ERANGE, "the row does not say since when it is valid");
        if (row->to_ms != TIME_UNKNOWN && row->to_ms <= row->from_ms)
                return error_set(error, -ERANGE, "the validity ends before it begins");
        return 0;
}

bool plan_row_has_port(const struct plan_row *row, uint16_t port)
{
        if (port < row->port_first)
                return false;
        uint32_t offset = (uint32_t)port - row->port_first,
                 width = (uint32_t)row->port_last - row->port_first;
        if (row->repeat_count <= 1)
                return offset <= width;
        return offset / row->repeat_every < row->repeat_count && offset % row->repeat_every <= width;
}

uint32_t plan_row_ports(const struct plan_row *row)
{
        return ((uint32_t)row->port_last - row->port_first + 1) * row->repeat_count;
}

void plan_row_range(const struct plan_row *row, unsigned index, uint16_t *ret_first, uint16_t *ret_last)
{
        *ret_first = (uint16_t)(row->port_first + index * row->repeat_every);
        *ret_last = (uint16_t)(row->port_last + index * row->repeat_every);
}

bool plan_row_is_valid_at(const struct plan_row *row, int64_t instant)
{
        return instant >= row->from_ms && (row->to_ms == TIME_UNKNOWN || instant < row->to_ms);
}

static bool ends_before(const struct plan_row *a, const struct plan_row *b)
{
        return a->to_ms != TIME_UNKNOWN && a->to_ms <= b->from_ms;
}

bool plan_rows_meet(const struct plan_row *a, const struct plan_row *b)
{
        const struct plan_row *few = a->repeat_count <= b->repeat_count ? a : b, *many = few == a ? b : a;

        if (a->outside != b->outside || ends_before(a, b) || ends_before(b, a))
                return false;
        if (a->protocol && b->protocol && a->protocol != b->protocol)
                return false;
        for (unsigned i = 0; i < few->repeat_count; i++) {
                uint16_t first, last;
                plan_row_range(few, i, &first, &last);
                for (unsigned k = 0; k < many->repeat_count; k++) {
                        uint16_t other_first, other_last;
                        plan_row_range(many, k, &other_first, &other_last);
                        if (first <= other_last && other_first <= last)
                                return true;
                }
        }
        return false;
}
