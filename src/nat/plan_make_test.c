/* SPDX-License-Identifier: EUPL-1.2 */
/* Every formula against the vendor's own way of counting, written down once more and for one port at a time:
 * every port of every outside address must have the same holder, or nobody. */
#include "nat/plan_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SINCE INT64_C(1793491200000)
#define IN 0x64400000u  /* 100.64.0.0 */
#define OUT 0xcb007100u /* 203.0.113.0 */
#define NOBODY 0
#define POOL UINT32_MAX

static const struct plan_row pattern = {.from_ms = SINCE, .to_ms = TIME_UNKNOWN};
static struct plan_table table;

/* Who has the port by formula: an inside address, NOBODY or POOL. */
typedef uint32_t reverse(const void *config, uint32_t outside, uint32_t port);

static void compare_every_port(reverse *holder, const void *config, uint32_t first, uint32_t last)
{
        for (uint32_t outside = first; outside <= last; outside++)
                for (uint32_t port = 0; port <= UINT16_MAX; port++) {
                        const struct plan_row *row;
                        int r = plan_table_holder(&table, outside, (uint16_t)port, 6, SINCE, &row);
                        uint32_t expected = holder(config, outside, port);
                        uint32_t found = r == 0            ? NOBODY
                                         : row->is_dynamic ? POOL
                                                           : address_ipv4(&row->inside.address);
                        if (r < 0 || found != expected)
                                fail_msg("%08x port %u: %08x (%d) instead of %08x", outside, port, found, r,
                                        expected);
                }
}

/* --- VPP det44 --- */

struct det44 {
        uint32_t in, out;
        unsigned in_length, out_length;
};

/* Asked of every inside host in turn: forward, and is the port in the block that comes out? */
static uint32_t det44_holder(const void *config, uint32_t outside, uint32_t port)
{
        const struct det44 *c = config;
        uint32_t ratio = (1U << (32 - c->in_length)) / (1U << (32 - c->out_length));
        uint32_t ports_per_host = (65535 - 1023) / ratio;

        for (uint32_t host = c->in; host < c->in + (1U << (32 - c->in_length)); host++) {
                uint32_t offset = host - c->in, low = 1024 + ports_per_host * (offset % ratio);
                if (c->out + offset / ratio == outside && port >= low && port < low + ports_per_host)
                        return host;
        }
        return NOBODY;
}

static void det44(void **state)
{
        static const struct det44 configs[] = {
                {IN, OUT, 28, 30}, {IN, OUT, 27, 32}, {IN + 64, OUT + 8, 30, 30}};

        (void)state;
        for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
                const struct det44 *c = &configs[i];
                plan_table_free(&table);
                assert_int_equal(
                        plan_make_det44(&pattern, c->in, c->in_length, c->out, c->out_length, &table, NULL),
                        0);
                assert_int_equal(table.count, 1U << (32 - c->in_length));
                compare_every_port(det44_holder, c, c->out - 1, c->out + (1U << (32 - c->out_length)));
        }
}

/* The naive reverse, (1000 - 1024) / n, names the first subscriber for a port that no one has. */
static void det44_port_below_the_blocks(void **state)
{
        const struct plan_row *row;

        (void)state;
        plan_table_free(&table);
        assert_int_equal(plan_make_det44(&pattern, IN, 18, OUT, 30, &table, NULL), 0);
        assert_int_equal(plan_table_holder(&table, OUT, 1000, 17, SINCE, &row), 0);
        assert_int_equal(plan_table_holder(&table, OUT, 1023, 17, SINCE, &row), 0);
        assert_int_equal(plan_table_holder(&table, OUT, 1024, 17, SINCE, &row), 1);
        /* VPP's manual of `det44 forward`: the third host of a /18 behind a /30 has ports 1054 to 1068. */
        assert_int_equal(plan_table_holder(&table, OUT, 1068, 17, SINCE, &row), 1);
        assert_int_equal(address_ipv4(&row->inside.address), IN + 2);
        assert_int_equal(row->port_first, 1054);
        /* 64512 ports in 4096 blocks of 15 leave 3072 over. */
        assert_int_equal(plan_table_holder(&table, OUT, 1024 + 4096 * 15, 17, SINCE, &row), 0);
        assert_int_equal(plan_table_holder(&table, OUT, 1068, 17, SINCE - 1, &row), 0);
}

/* --- RFC 7422 --- */

static uint32_t rfc7422_holder(const void *config, uint32_t outside, uint32_t port)
{
        const struct plan_blocks *b = config;
        uint32_t ports = b->port_last - b->port_first + 1U;
        uint32_t ratio = b->ratio, share = b->block_size ? b->block_size : ports / (ratio + b->dynamic);

        if (port < b->port_first || port > b->port_last || outside < b->outside.first ||
                (outside - b->outside.first) * ratio >= b->inside.count)
                return NOBODY;
        uint32_t offset = port - b->port_first;
        uint32_t slot = b->is_staggered ? offset % ratio : offset / share;
        bool is_lent = offset < share * ratio;
        if (!is_lent)
                return b->dynamic ? POOL : NOBODY;
        uint64_t host = (uint64_t)(outside - b->outside.first) * ratio + slot;
        return host < b->inside.count ? (uint32_t)(b->inside.first + host) : NOBODY;
}

static void rfc7422(void **state)
{
        struct plan_blocks configs[] = {
                {.inside = {IN, 16}, .outside = {OUT, 2}, .port_first = 1024, .port_last = 65535, .ratio = 8},
                {.inside = {IN, 16},
                        .outside = {OUT, 4},
                        .port_first = 1024,
                        .port_last = 65535,
                        .ratio = 5,
                        .dynamic = 2},
                {.inside = {IN + 3, 7},
                        .outside = {OUT, 1},
                        .port_first = 1024,
                        .port_last = 65535,
                        .ratio = 7,
                        .is_staggered = true},
                {.inside = {IN + 3, 7},
                        .outside = {OUT, 2},
                        .port_first = 4000,
                        .port_last = 9999,
                        .ratio = 4,
                        .dynamic = 1,
                        .is_staggered = true},
                {.inside = {IN, 5},
                        .outside = {OUT, 1},
                        .port_first = 0,
                        .port_last = 65535,
                        .ratio = 5,
                        .block_size = 1000,
                        .dynamic = 3},
                {.inside = {IN, 1}, .outside = {OUT, 1}, .port_first = 0, .port_last = 65535, .ratio = 1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
                configs[i].pattern = pattern;
                plan_table_free(&table);
                assert_int_equal(plan_make_rfc7422(&configs[i], &table, NULL), 0);
                compare_every_port(rfc7422_holder, &configs[i], OUT, OUT + 4);
        }
        /* The ratio that the pools need is found by itself. */
        struct plan_blocks own = configs[0];
        own.ratio = 0;
        plan_table_free(&table);
        assert_int_equal(plan_make_rfc7422(&own, &table, NULL), 0);
        compare_every_port(rfc7422_holder, &configs[0], OUT, OUT + 2);
}

/* --- Juniper and A10 --- */

static uint32_t juniper_holder(const void *config, uint32_t outside, uint32_t port)
{
        const struct plan_blocks *b = config;
        uint32_t per_address = (uint32_t)((b->inside.count + b->outside.count - 1) / b->outside.count);
        uint32_t block = b->block_size ? b->block_size : 64512 / per_address;
        uint32_t rounded = per_address * block;

        for (uint32_t host = b->inside.first; host < b->inside.first + b->inside.count; host++) {
                uint32_t port_offset = (host - b->inside.first) * block;
                uint32_t start = 1024 + port_offset % rounded;
                if (b->outside.first + port_offset / rounded == outside && port >= start &&
                        port < start + block)
                        return host;
        }
        return NOBODY;
}

static void juniper(void **state)
{
        struct plan_blocks configs[] = {{.inside = {IN + 1, 30}, .outside = {OUT + 1, 4}},
                {.inside = {IN, 32}, .outside = {OUT, 1}},
                {.inside = {IN + 1, 14}, .outside = {OUT, 3}, .block_size = 249}};

        (void)state;
        for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
                configs[i].pattern = pattern;
                plan_table_free(&table);
                assert_int_equal(plan_make_juniper(&configs[i], &table, NULL), 0);
                compare_every_port(juniper_holder, &configs[i], OUT, OUT + 5);
        }
        /* The example of Juniper's manual: a /16 without its boundary addresses behind 254 addresses gives
         * blocks of 249 ports, and its 506th host the second address from port 62278 on. */
        struct plan_blocks manual = {
                .pattern = pattern, .inside = {0x0a010001, 65534}, .outside = {OUT + 1, 254}};
        plan_table_free(&table);
        assert_int_equal(plan_make_juniper(&manual, &table, NULL), 0);
        assert_int_equal(address_ipv4(&table.lines[505].row.inside.address), 0x0a0101fa);
        assert_int_equal(table.lines[505].row.outside, OUT + 2);
        assert_int_equal(table.lines[505].row.port_first, 62278);
        assert_int_equal(table.lines[505].row.port_last, 62278 + 248);
}

static uint32_t a10_holder(const void *config, uint32_t outside, uint32_t port)
{
        const struct plan_blocks *b = config;
        uint32_t address = b->outside.first, start = b->port_first;
        uint32_t each = (uint32_t)((b->inside.count + b->outside.count - 1) / b->outside.count);
        uint32_t block = b->block_size ? b->block_size : (b->port_last - b->port_first + 1U) / each, used = 0;

        for (uint32_t host = 0; host < b->inside.count; host++) {
                bool is_full = b->block_size ? start + block - 1 > b->port_last : used == each;
                if (is_full) {
                        address++;
                        start = b->port_first;
                        used = 0;
                }
                if (address == outside && port >= start && port < start + block)
                        return b->inside.first + host;
                start += block;
                used++;
        }
        return NOBODY;
}

static void a10(void **state)
{
        struct plan_blocks configs[] = {{.inside = {IN, 20},
                                                .outside = {OUT, 4},
                                                .port_first = 1024,
                                                .port_last = 65535,
                                                .block_size = 8000},
                {.inside = {IN, 20}, .outside = {OUT, 3}, .port_first = 1024, .port_last = 65535},
                {.inside = {IN + 9, 6},
                        .outside = {OUT, 3},
                        .port_first = 10000,
                        .port_last = 10999,
                        .block_size = 300}};

        (void)state;
        for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
                configs[i].pattern = pattern;
                plan_table_free(&table);
                assert_int_equal(plan_make_a10(&configs[i], &table, NULL), 0);
                compare_every_port(a10_holder, &configs[i], OUT, OUT + 4);
        }
}

/* --- What no formula answers --- */

static void refused(void **state)
{
        struct plan_blocks b = {.pattern = pattern,
                .inside = {IN, 16},
                .outside = {OUT, 2},
                .port_first = 1024,
                .port_last = 65535};
        struct plan_blocks small = b, dense = b, backwards = b, large = b, pool = b, none = b;
        struct error error = {0};

        (void)state;
        plan_table_free(&table);
        small.ratio = 7;
        dense.block_size = 9000;
        backwards.port_first = 5000, backwards.port_last = 4999;
        large.inside.count = UINT64_C(1) << 23;
        pool.dynamic = 1;
        none.outside.first = 0;
        assert_int_equal(plan_make_rfc7422(&small, &table, &error), -ERANGE);
        assert_int_equal(plan_make_rfc7422(&dense, &table, &error), -ERANGE);
        assert_int_equal(plan_make_juniper(&dense, &table, &error), -ERANGE);
        assert_int_equal(plan_make_a10(&dense, &table, &error), -ERANGE);
        assert_int_equal(plan_make_rfc7422(&backwards, &table, &error), -EINVAL);
        assert_int_equal(plan_make_a10(&backwards, &table, &error), -EINVAL);
        assert_int_equal(plan_make_rfc7422(&large, &table, &error), -EFBIG);
        assert_int_equal(plan_make_a10(&pool, &table, &error), -EINVAL);
        assert_int_equal(plan_make_juniper(&none, &table, &error), -EINVAL);
        assert_int_equal(plan_make_det44(&pattern, IN, 30, OUT, 28, &table, &error), -EINVAL);
        assert_int_equal(plan_make_det44(&pattern, IN, 10, OUT, 32, &table, &error), -ERANGE);
        assert_int_equal(plan_make_det44(&pattern, IN, 33, OUT, 32, &table, &error), -EINVAL);
        assert_int_equal(table.count, 0);
}

static int free_table(void **state)
{
        (void)state;
        plan_table_free(&table);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(det44),
                cmocka_unit_test(det44_port_below_the_blocks), cmocka_unit_test(rfc7422),
                cmocka_unit_test(juniper), cmocka_unit_test(a10), cmocka_unit_test(refused)};
        return cmocka_run_group_tests(tests, NULL, free_table);
}
