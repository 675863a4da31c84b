/* SPDX-License-Identifier: EUPL-1.2 */
/* Plans as configurations of the NAT that is to keep them. What a target cannot express is refused: a
 * configuration that is nearly the plan would make the plan a lie. */
#include "nat/plan_make.h"
#include "rogatory/plan.h"

#include <stdlib.h>
#include <string.h>

/* --- nftables --- */

/* What every protocol means for a map: those whose ports (for ICMP: identifiers) nftables translates into a
 * range. */
static const char *protocol_name(uint8_t protocol)
{
        switch (protocol) {
        case 0:
                return "{ tcp, udp, icmp }";
        case 1:
                return "icmp";
        case 6:
                return "tcp";
        case 17:
                return "udp";
        case 33:
                return "dccp";
        case 132:
                return "sctp";
        default:
                return NULL;
        }
}

static int check_row(const struct plan_row *row, const struct plan_row *first, struct error *error)
{
        char outside[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX];

        plan_outside_text(row->outside, outside);
        plan_holder_text(row, inside);
        if (row->is_dynamic)
                return error_set(error, -EINVAL,
                        "nftables cannot lend ports %u-%u of %s as a pool beside the blocks: a map knows "
                        "only "
                        "hosts",
                        row->port_first, row->port_last, outside);
        if (!address_is_ipv4(&row->inside.address))
                return error_set(error, -EINVAL,
                        "nftables' source NAT does not translate the IPv6 host %s to IPv4", inside);
        if (row->repeat_count > 1)
                return error_set(error, -EINVAL,
                        "%s has %u ranges of ports; a map of nftables gives a host one", inside,
                        row->repeat_count);
        if (row->vrf)
                return error_set(error, -EINVAL,
                        "%s is in VRF %u; a map of nftables tells hosts apart by address alone", inside,
                        row->vrf);
        if (row->protocol != first->protocol)
                return error_set(
                        error, -EINVAL, "the rows are for several protocols; make one plan for each");
        if (row->from_ms != first->from_ms || row->to_ms != first->to_ms)
                return error_set(error, -EINVAL,
                        "the rows hold at different times; a ruleset is the state of one moment");
        if (!protocol_name(row->protocol))
                return error_set(
                        error, -EINVAL, "nftables has no port translation for protocol %u", row->protocol);
        return 0;
}

static int compare_inside(const void *left, const void *right)
{
        const struct plan_row *const *a = left, *const *b = right;

        return plan_holder_compare(*a, *b);
}

/* The rows in the order of inside hosts, each host once. */
static int sort_rows(const struct plan_table *table, const struct plan_row ***ret, struct error *error)
{
        const struct plan_row **rows = calloc(table->count ? table->count : 1, sizeof *rows);
        char inside[ADDRESS_TEXT_MAX];
        int r = rows ? 0 : error_set(error, -ENOMEM, "not enough memory");

        for (size_t i = 0; i < table->count && r == 0; i++) {
                rows[i] = &table->lines[i].row;
                r = check_row(rows[i], rows[0], error);
        }
        if (r == 0)
                qsort(rows, table->count, sizeof *rows, compare_inside);
        for (size_t i = 1; i < table->count && r == 0; i++)
                if (plan_holder_compare(rows[i - 1], rows[i]) == 0)
                        r = error_set(error, -EINVAL, "%s has two blocks; a map of nftables gives a host one",
                                plan_holder_text(rows[i], inside));
        if (r < 0) {
                free(rows);
                return r;
        }
        *ret = rows;
        return 0;
}

static bool interface_is_sound(const char *name)
{
        size_t length = strlen(name);

        for (size_t i = 0; i < length; i++)
                if (name[i] <= ' ' || name[i] == '"' || name[i] == '/' || name[i] > '~')
                        return false;
        return length > 0 && length < 16; /* IFNAMSIZ with its end mark */
}

int plan_write_nftables(
        const struct plan_table *table, const char *interface, struct buffer *ret, struct error *error)
{
        const struct plan_row **rows;
        char outside[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX];

        if (interface && !interface_is_sound(interface))
                return error_set(error, -EINVAL, "--interface: no interface has this name");
        int r = sort_rows(table, &rows, error);
        if (r < 0)
                return r;
        buffer_append_text(ret,
                "# Load into an empty connection table (conntrack -F): connections from before keep their "
                "ports.\n"
                "# Hosts that are not named here are not translated by it.\n"
                "table ip rogatory_plan {\n\tmap blocks {\n"
                "\t\ttype ipv4_addr : interval ipv4_addr . inet_service\n\t\tflags interval\n"
                "\t\telements = {\n");
        for (size_t i = 0; i < table->count; i++)
                buffer_printf(ret, "\t\t\t%s : %s . %u-%u%s\n", plan_holder_text(rows[i], inside),
                        plan_outside_text(rows[i]->outside, outside), rows[i]->port_first, rows[i]->port_last,
                        i + 1 < table->count ? "," : "");
        buffer_append_text(ret, "\t\t}\n\t}\n\tchain postrouting {\n"
                                "\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\t");
        if (interface)
                buffer_printf(ret, "oifname \"%s\" ", interface);
        buffer_printf(ret, "meta l4proto %s snat ip addr . port to ip saddr map @blocks\n\t}\n}\n",
                protocol_name(rows[0]->protocol));
        free(rows);
        return 0;
}

/* --- VPP --- */

static bool is_prefix(uint32_t first, uint64_t count, unsigned *ret_length)
{
        unsigned length = 32;

        while (length > 0 && UINT64_C(1) << (32 - length) < count)
                length--;
        *ret_length = length;
        return UINT64_C(1) << (32 - length) == count && (first & (count - 1)) == 0;
}

/* The prefixes that the plan's hosts and addresses fill. */
static bool find_prefixes(const struct plan_table *table, uint32_t *inside, unsigned *inside_length,
        uint32_t *outside, unsigned *outside_length)
{
        uint32_t in_first = UINT32_MAX, in_last = 0, out_first = UINT32_MAX, out_last = 0;

        for (size_t i = 0; i < table->count; i++) {
                const struct plan_row *row = &table->lines[i].row;
                if (row->is_dynamic || !address_is_ipv4(&row->inside.address))
                        return false;
                uint32_t host = address_ipv4(&row->inside.address);
                in_first = host < in_first ? host : in_first;
                in_last = host > in_last ? host : in_last;
                out_first = row->outside < out_first ? row->outside : out_first;
                out_last = row->outside > out_last ? row->outside : out_last;
        }
        *inside = in_first;
        *outside = out_first;
        return table->count && is_prefix(in_first, (uint64_t)in_last - in_first + 1, inside_length) &&
               is_prefix(out_first, (uint64_t)out_last - out_first + 1, outside_length);
}

int plan_write_vpp(const struct plan_table *table, struct buffer *ret, struct error *error)
{
        char in[ADDRESS_TEXT_MAX], out[ADDRESS_TEXT_MAX];
        uint32_t inside, outside;
        unsigned inside_length, outside_length;
        struct plan_table computed = {0};
        struct error ignored = {0};
        bool same = false;

        if (find_prefixes(table, &inside, &inside_length, &outside, &outside_length) &&
                plan_make_det44(&table->lines[0].row, inside, inside_length, outside, outside_length,
                        &computed, &ignored) == 0) {
                plan_table_sort(&computed);
                same = plan_table_is_same(table, &computed);
        }
        plan_table_free(&computed);
        if (!same)
                return error_set(error, -EINVAL,
                        "VPP's det44 computes its ports from two prefixes, and none gives this plan; 'plan "
                        "make det44' makes one that it keeps");
        if (table->lines[0].row.protocol || table->lines[0].row.vrf)
                return error_set(error, -EINVAL,
                        "det44 is for every protocol and says nothing of the VRF of single hosts");
        buffer_printf(ret, "det44 plugin enable\ndet44 add in %s/%u out %s/%u\n",
                plan_outside_text(inside, in), inside_length, plan_outside_text(outside, out),
                outside_length);
        return 0;
}
