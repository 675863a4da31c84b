/* SPDX-License-Identifier: EUPL-1.2 */
/* Blocks of ports by formula. They differ in what they leave out, and there alone: all of them fill one
 * outside address after the other with hosts in order. */
#include "nat/plan_make.h"

/* RFC 7422 section 2.2 reserves the well-known ports; det44 and Junos do so by their code. */
#define FIRST_PORT 1024U
#define PORTS 64512U

static int check_pools(const struct plan_blocks *b, struct error *error)
{
        const struct plan_pool *pools[] = {&b->inside, &b->outside};
        static const char *const names[] = {"inside", "outside"};

        for (unsigned i = 0; i < 2; i++)
                if (pools[i]->count == 0 || pools[i]->first == 0 ||
                        pools[i]->first + pools[i]->count - 1 > UINT32_MAX)
                        return error_set(error, -EINVAL, "no %s addresses, or more than there are", names[i]);
        if (b->inside.count > PLAN_ROWS_MAX)
                return error_set(
                        error, -EFBIG, "more than %zu inside hosts; divide the plan", (size_t)PLAN_ROWS_MAX);
        return 0;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
        return a / b + (a % b != 0);
}

static struct plan_row row_of(const struct plan_blocks *b, uint64_t host, uint64_t per_address)
{
        struct address inside = address_from_ipv4((uint32_t)(b->inside.first + host));

        return (struct plan_row){.from_ms = b->pattern.from_ms,
                .to_ms = b->pattern.to_ms,
                .inside = prefix_of(&inside, 128),
                .vrf = b->pattern.vrf,
                .outside = (uint32_t)(b->outside.first + host / per_address),
                .repeat_count = 1,
                .protocol = b->pattern.protocol};
}

static int append(struct plan_table *ret, const struct plan_row *row, struct error *error)
{
        int r = plan_row_check(row, error);

        return r < 0 ? r : plan_table_append(ret, row, 0, error);
}

/* The common part. The caller has seen to it that everything fits. */
static int fill(const struct plan_blocks *b, uint64_t per_address, uint32_t first, uint32_t block,
        struct plan_table *ret, struct error *error)
{
        int r = 0;

        for (uint64_t host = 0; host < b->inside.count && r == 0; host++) {
                struct plan_row row = row_of(b, host, per_address);
                uint32_t slot = (uint32_t)(host % per_address);
                if (b->is_staggered) {
                        row.port_first = row.port_last = (uint16_t)(first + slot);
                        row.repeat_count = (uint16_t)block;
                        row.repeat_every = block > 1 ? (uint16_t)per_address : 0;
                } else {
                        row.port_first = (uint16_t)(first + slot * block);
                        row.port_last = (uint16_t)(row.port_first + block - 1);
                }
                r = append(ret, &row, error);
        }
        return r;
}

/* RFC 7422 section 2.2: overflow beyond a host's ports is lent as the NAT runs, and logged. Which of the
 * ports that the division leaves over belong to it the RFC does not say: all of them are taken for it,
 * because a port of the pool must never be called nobody's. */
static int fill_dynamic(const struct plan_blocks *b, uint64_t per_address, uint32_t block,
        struct plan_table *ret, struct error *error)
{
        uint64_t first = b->port_first + per_address * block,
                 addresses = divide_up(b->inside.count, per_address);
        int r = 0;

        if (b->dynamic == 0 || first > b->port_last)
                return 0;
        for (uint64_t i = 0; i < addresses && r == 0; i++) {
                struct plan_row row = row_of(b, i * per_address, per_address);
                row.inside = (struct prefix){0};
                row.vrf = 0;
                row.is_dynamic = true;
                row.port_first = (uint16_t)first;
                row.port_last = b->port_last;
                r = append(ret, &row, error);
        }
        return r;
}

int plan_make_rfc7422(const struct plan_blocks *b, struct plan_table *ret, struct error *error)
{
        int r = check_pools(b, error);

        if (r < 0)
                return r;
        if (b->port_last < b->port_first)
                return error_set(error, -EINVAL, "the ports end before they begin");
        uint64_t ports = (uint64_t)b->port_last - b->port_first + 1;
        uint64_t ratio = b->ratio ? b->ratio : divide_up(b->inside.count, b->outside.count);
        uint64_t block = b->block_size ? b->block_size : ports / (ratio + b->dynamic);
        if (divide_up(b->inside.count, ratio) > b->outside.count)
                return error_set(error, -ERANGE,
                        "%llu hosts at %llu per address need %llu outside addresses; there are %llu",
                        (unsigned long long)b->inside.count, (unsigned long long)ratio,
                        (unsigned long long)divide_up(b->inside.count, ratio),
                        (unsigned long long)b->outside.count);
        if (block == 0 || block * (ratio + b->dynamic) > ports)
                return error_set(error, -ERANGE,
                        "%llu hosts per address%s do not fit into %llu ports; use more outside addresses or "
                        "smaller blocks",
                        (unsigned long long)ratio, b->dynamic ? " and the dynamic pool" : "",
                        (unsigned long long)ports);
        r = fill(b, ratio, b->port_first, (uint32_t)block, ret, error);
        return r < 0 ? r : fill_dynamic(b, ratio, (uint32_t)block, ret, error);
}

/* Junos OS, "Deterministic NAPT Overview": Rounded_Port_Range_Per_IP = ceil(inside / outside) * block size;
 * an outside address is left when that many ports are lent. */
int plan_make_juniper(const struct plan_blocks *b, struct plan_table *ret, struct error *error)
{
        int r = check_pools(b, error);

        if (r < 0)
                return r;
        uint64_t per_address = divide_up(b->inside.count, b->outside.count);
        uint64_t block = b->block_size ? b->block_size : PORTS / per_address;
        if (block == 0 || block * per_address > PORTS)
                return error_set(error, -ERANGE,
                        "%llu hosts per address at %llu ports do not fit into the %u ports of an address",
                        (unsigned long long)per_address, (unsigned long long)block, PORTS);
        struct plan_blocks plain = *b;
        plain.is_staggered = false;
        return fill(&plain, per_address, FIRST_PORT, (uint32_t)block, ret, error);
}

/* ACOS CLI Reference for CGN, `cgnv6 fixed-nat`. Where the product puts a dynamic pool, or what an offset
 * does to the first block, is not written there: its own listing (FIXED-NAT-PORTS) tells, and is read. */
int plan_make_a10(const struct plan_blocks *b, struct plan_table *ret, struct error *error)
{
        int r = check_pools(b, error);

        if (r < 0)
                return r;
        if (b->dynamic)
                return error_set(error, -EINVAL,
                        "where A10 puts its dynamic pool is not known; give the FIXED-NAT-PORTS listing as "
                        "a file instead");
        if (b->port_last < b->port_first)
                return error_set(error, -EINVAL, "the ports end before they begin");
        uint64_t ports = (uint64_t)b->port_last - b->port_first + 1;
        uint64_t all = divide_up(b->inside.count, b->outside.count);
        uint64_t block = b->block_size ? b->block_size : ports / all;
        uint64_t per_address = !block ? 0 : b->block_size ? ports / block : all;
        if (per_address == 0 || divide_up(b->inside.count, per_address) > b->outside.count)
                return error_set(error, -ERANGE,
                        "%llu hosts with these ports do not fit into %llu outside addresses",
                        (unsigned long long)b->inside.count, (unsigned long long)b->outside.count);
        struct plan_blocks plain = *b;
        plain.is_staggered = false;
        return fill(&plain, per_address, b->port_first, (uint32_t)block, ret, error);
}

/* VPP src/plugins/nat/det44: out = base + offset / ratio, ports from 1024 + ports_per_host * (offset %
 * ratio). Its reverse formula has no check of range; here ports below 1024 and those that the division leaves
 * over are in no row. */
int plan_make_det44(const struct plan_row *pattern, uint32_t inside, unsigned inside_length, uint32_t outside,
        unsigned outside_length, struct plan_table *ret, struct error *error)
{
        if (inside_length > 32 || outside_length > 32)
                return error_set(error, -EINVAL, "an IPv4 prefix has at most 32 bits");
        if (inside_length > outside_length)
                return error_set(error, -EINVAL,
                        "det44 maps many inside hosts to few outside addresses: the inside prefix must be "
                        "the larger one");
        struct plan_blocks b = {.pattern = *pattern,
                .inside = {.first = inside, .count = UINT64_C(1) << (32 - inside_length)},
                .outside = {.first = outside, .count = UINT64_C(1) << (32 - outside_length)}};
        uint64_t ratio = b.inside.count / b.outside.count, block = PORTS / ratio;
        int r = check_pools(&b, error);
        if (r < 0)
                return r;
        if (block == 0)
                return error_set(error, -ERANGE, "%llu hosts per address leave no port to any of them",
                        (unsigned long long)ratio);
        return fill(&b, ratio, FIRST_PORT, (uint32_t)block, ret, error);
}
