/* SPDX-License-Identifier: EUPL-1.2 */
/* MAP and port sets against the bit pictures of RFC 7597, port by port. */
#include "nat/plan_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SINCE INT64_C(1793491200000)
#define IPV4 0xc0000200u /* 192.0.2.0 */

static const struct plan_row pattern = {.from_ms = SINCE, .to_ms = TIME_UNKNOWN};
static struct plan_table table;

static struct prefix prefix(const char *text)
{
        struct prefix found;

        assert_int_equal(prefix_parse(slice_of(text), &found, NULL), 0);
        return found;
}

/* RFC 7597 section 5.1 and 5.2, the way a CE would: the EA bits of his prefix as one number. */
static bool has_port(const struct plan_map_rule *rule, uint64_t ea, uint32_t address, uint32_t port)
{
        unsigned p = 32 - rule->ipv4_length, q = rule->ea_length > p ? rule->ea_length - p : 0;

        if (rule->ea_length <= p)
                return (address - rule->ipv4) >> (p - rule->ea_length) == ea;
        if (address != rule->ipv4 + (ea >> q))
                return false;
        unsigned a = rule->psid_offset, m = 16 - a - q;
        uint32_t i = port >> (16 - a), psid = port >> m & ((1U << q) - 1);
        return psid == (ea & ((1U << q) - 1)) && (a == 0 || q == 0 || i > 0);
}

static uint64_t ea_of(const struct plan_map_rule *rule, const struct prefix *inside)
{
        uint64_t ea = 0;

        assert_int_equal(inside->length, rule->ipv6.length + rule->ea_length);
        for (unsigned bit = rule->ipv6.length; bit < inside->length; bit++)
                ea = ea << 1 | (inside->address.bytes[bit / 8] >> (7 - bit % 8) & 1);
        return ea;
}

static void compare_rule(const struct plan_map_rule *rule)
{
        plan_table_free(&table);
        assert_int_equal(plan_make_map(&pattern, rule, &table, NULL), 0);
        uint32_t addresses = 1U << (32 - rule->ipv4_length);
        for (uint32_t i = 0; i < addresses; i++)
                for (uint32_t port = 0; port <= UINT16_MAX; port++) {
                        const struct plan_row *row;
                        uint64_t expected = UINT64_MAX;
                        for (uint64_t ea = 0; ea < UINT64_C(1) << rule->ea_length; ea++)
                                if (has_port(rule, ea, rule->ipv4 + i, port))
                                        expected = ea;
                        int r = plan_table_holder(&table, rule->ipv4 + i, (uint16_t)port, 17, SINCE, &row);
                        if (r < 0 || (r == 0) != (expected == UINT64_MAX) ||
                                (r == 1 && ea_of(rule, &row->inside) != expected))
                                fail_msg("address %u port %u: %d", i, port, r);
                }
}

static void every_port_of_rules(void **state)
{
        const struct plan_map_rule rules[] = {
                {prefix("2001:db8::/40"), IPV4, 31, 5, 6}, /* 16 users on each of two addresses */
                {prefix("2001:db8::/40"), IPV4, 32, 4, 0}, /* contiguous blocks */
                {prefix("2001:db8::/43"), IPV4, 32, 3, 4}, /* EA bits that begin inside a byte */
                {prefix("2001:db8::/40"), IPV4, 32, 3, 1}, /* two halves, of which the lower is nobody's */
                {prefix("2001:db8:8000::/33"), IPV4, 30, 2, 6}, /* a whole address each */
                {prefix("2001:db8::/40"), IPV4, 30, 1, 6},      /* a prefix of two addresses each */
                {prefix("2001:db8::/56"), IPV4, 32, 0, 6},      /* one to one */
        };

        (void)state;
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
                compare_rule(&rules[i]);
}

/* RFC 7597 appendix A, example 1: rule 2001:db8::/40, 192.0.2.0/24, 16 EA bits; the prefix
 * 2001:db8:12:3400::/56 means 192.0.2.18 and PSID 0x34; its port sets begin with 1232-1235 and end with
 * 64720-64723, 63 of them. */
static void example_of_the_rfc(void **state)
{
        const struct plan_map_rule rule = {prefix("2001:db8::/40"), IPV4, 24, 16, 6};
        const struct plan_row *row;
        char text[ADDRESS_TEXT_MAX];
        uint16_t first, last;

        (void)state;
        plan_table_free(&table);
        assert_int_equal(plan_make_map(&pattern, &rule, &table, NULL), 0);
        assert_int_equal(table.count, 65536);
        assert_int_equal(plan_table_holder(&table, IPV4 + 18, 1232, 6, SINCE, &row), 1);
        assert_string_equal(prefix_format(&row->inside, text), "2001:db8:12:3400::/56");
        assert_int_equal(row->repeat_count, 63);
        plan_row_range(row, 0, &first, &last);
        assert_int_equal(first, 1232);
        assert_int_equal(last, 1235);
        plan_row_range(row, 62, &first, &last);
        assert_int_equal(first, 64720);
        assert_int_equal(last, 64723);
        assert_int_equal(plan_table_holder(&table, IPV4 + 18, 1023, 6, SINCE, &row), 0);
}

static void refused(void **state)
{
        const struct plan_map_rule rules[] = {
                {prefix("2001:db8::/40"), IPV4, 24, 0, 6},  /* which user has which address is not said */
                {prefix("2001:db8::/40"), IPV4, 24, 23, 6}, /* more than a table holds */
                {prefix("2001:db8::/40"), IPV4, 32, 11, 6}, /* 17 bits of a port */
                {prefix("2001:db8::/120"), IPV4, 24, 10, 6}, {prefix("2001:db8::/40"), IPV4 + 1, 24, 10, 6},
                {prefix("192.0.2.0/24"), IPV4, 24, 10, 6}};
        struct error error = {0};
        struct plan_row row = pattern;

        (void)state;
        plan_table_free(&table);
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
                assert_true(plan_make_map(&pattern, &rules[i], &table, &error) < 0);
        assert_int_equal(table.count, 0);
        assert_int_equal(plan_port_set(&row, 6, 8, 256, &error), -ERANGE);
        assert_int_equal(plan_port_set(&row, 16, 0, 0, &error), -ERANGE);
        assert_int_equal(plan_port_set(&row, 9, 8, 1, &error), -ERANGE);
        assert_int_equal(plan_port_set(&row, 8, 8, 255, &error), 0); /* single ports */
        assert_int_equal(row.port_first, 256 + 255);
        assert_int_equal(row.port_last, row.port_first);
}

static int free_table(void **state)
{
        (void)state;
        plan_table_free(&table);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_port_of_rules),
                cmocka_unit_test(example_of_the_rfc), cmocka_unit_test(refused)};
        return cmocka_run_group_tests(tests, NULL, free_table);
}
