/* SPDX-License-Identifier: EUPL-1.2 */
/* Port sets and the rules of MAP-E, MAP-T and lw4o6: IPv4 addresses shared by stateless softwires. */
#include "nat/plan_make.h"

/* RFC 7597 section 5.1: a port is (i, PSID, j) of a, k and m bits, a + k + m = 16; i > 0 unless a is 0, so
 * that the first 2^(16 - a) ports are nobody's. */
int plan_port_set(
        struct plan_row *row, unsigned psid_offset, unsigned psid_length, uint32_t psid, struct error *error)
{
        row->repeat_every = 0;
        row->repeat_count = 1;
        if (psid_offset > 15 || psid_length > 16 || psid_offset + psid_length > 16)
                return error_set(error, -ERANGE,
                        "PSID offset %u and length %u do not fit into the 16 bits of a port", psid_offset,
                        psid_length);
        if (psid >> psid_length)
                return error_set(error, -ERANGE, "PSID %u has more than %u bits", psid, psid_length);
        if (psid_length == 0) { /* the address is not shared: RFC 7597 section 5.2, every port */
                row->port_first = 0;
                row->port_last = UINT16_MAX;
                return 0;
        }
        unsigned m = 16 - psid_offset - psid_length;
        uint32_t every = 1U << (16 - psid_offset), first = (psid << m) + (psid_offset ? every : 0);
        row->port_first = (uint16_t)first;
        row->port_last = (uint16_t)(first + (1U << m) - 1);
        if (psid_offset > 1) {
                row->repeat_every = (uint16_t)every;
                row->repeat_count = (uint16_t)((1U << psid_offset) - 1);
        }
        return 0;
}

/* The bits of `value` behind the first `position` bits of an address. */
static void put_bits(struct address *address, unsigned position, unsigned length, uint64_t value)
{
        for (unsigned i = 0; i < length; i++) {
                unsigned bit = position + i;
                if (value >> (length - 1 - i) & 1)
                        address->bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        }
}

static int check_rule(const struct plan_map_rule *rule, struct error *error)
{
        struct prefix ipv6 = prefix_of(&rule->ipv6.address, rule->ipv6.length);

        if (rule->ipv6.length == 0 || rule->ipv6.length > 128 || address_is_ipv4(&rule->ipv6.address) ||
                address_compare(&ipv6.address, &rule->ipv6.address) != 0)
                return error_set(error, -EINVAL, "the rule IPv6 prefix is none");
        if (rule->ipv4_length > 32 ||
                (rule->ipv4_length < 32 && rule->ipv4 << rule->ipv4_length != 0 && rule->ipv4_length > 0))
                return error_set(error, -EINVAL, "the rule IPv4 prefix is none");
        if (rule->ipv6.length + rule->ea_length > 128)
                return error_set(error, -ERANGE,
                        "rule IPv6 prefix and EA bits together are longer than an address (%u + %u bits)",
                        rule->ipv6.length, rule->ea_length);
        /* RFC 7597 section 5.2: then the port set comes by other means (DHCPv6), and the rule alone says
         * nothing about it. */
        if (rule->ea_length == 0 && rule->ipv4_length < 32)
                return error_set(error, -EINVAL,
                        "without EA bits the rule does not say who has which address; give the binding "
                        "table (plan make lw4o6)");
        if (rule->ea_length > 22)
                return error_set(error, -EFBIG, "%u EA bits are more than %zu end users; divide the rule",
                        rule->ea_length, (size_t)PLAN_ROWS_MAX);
        return 0;
}

/* Where EA bits are fewer than the IPv4 suffix, an end user has an IPv4 prefix: every address of it. */
static int append_end_user(
        struct plan_row *row, uint64_t addresses, struct plan_table *ret, struct error *error)
{
        int r = plan_row_check(row, error);

        for (uint64_t i = 0; i < addresses && r == 0; i++) {
                r = plan_table_append(ret, row, 0, error);
                row->outside++;
        }
        return r;
}

int plan_make_map(const struct plan_row *pattern, const struct plan_map_rule *rule, struct plan_table *ret,
        struct error *error)
{
        int r = check_rule(rule, error);

        if (r < 0)
                return r;
        unsigned suffix = 32 - rule->ipv4_length;
        unsigned address_bits = rule->ea_length < suffix ? rule->ea_length : suffix;
        unsigned psid_length = rule->ea_length - address_bits; /* RFC 7597 section 5.2: q = o - p */
        unsigned left = suffix - address_bits;
        if (psid_length + rule->psid_offset > 16)
                return error_set(error, -ERANGE,
                        "a PSID of %u bits behind %u offset bits does not fit into a port", psid_length,
                        rule->psid_offset);
        for (uint64_t ea = 0; ea < UINT64_C(1) << rule->ea_length && r == 0; ea++) {
                struct plan_row row = {.from_ms = pattern->from_ms,
                        .to_ms = pattern->to_ms,
                        .vrf = pattern->vrf,
                        .protocol = pattern->protocol,
                        .inside = {.address = rule->ipv6.address,
                                .length = (uint8_t)(rule->ipv6.length + rule->ea_length)}};
                put_bits(&row.inside.address, rule->ipv6.length, rule->ea_length, ea);
                row.outside = rule->ipv4 + (uint32_t)(ea >> psid_length << left);
                r = plan_port_set(&row, rule->psid_offset, psid_length,
                        (uint32_t)(ea & ((UINT64_C(1) << psid_length) - 1)), error);
                if (r == 0)
                        r = append_end_user(&row, UINT64_C(1) << left, ret, error);
        }
        return r;
}
