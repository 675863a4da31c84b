/* SPDX-License-Identifier: EUPL-1.2 */
/* What a listener of conntrack refuses. What it hears is tested where there is a NAT: tests/conntrack. */
#include "collect/listening_test.h"

#include <linux/netlink.h>

static int try_to_listen(int handed_over, const char *network)
{
        const struct collect_conntrack conntrack = {.exporter = 1, .network = network};
        const struct collect_listener listener = {
                .transport = COLLECT_CONNTRACK, .conntrack = &conntrack, .socket = handed_over};
        uint16_t number;

        int r = collector_listen(collector, &listener, &number, &error);
        assert_true(r < 0);
        return r;
}

static int begin(void **state)
{
        const struct collect_sink sink = {.message = see_message};

        (void)state;
        start(NULL, 0, &sink);
        return 0;
}

/* Refused, and still the caller's. */
static void sockets_of_another_kind(void **state)
{
        (void)state;
        int datagrams = socket(AF_INET, SOCK_DGRAM, 0), routes = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
            nameless = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

        assert_int_equal(try_to_listen(datagrams, NULL), -EINVAL);
        assert_non_null(strstr(error.text, "not one of netlink's for netfilter"));
        assert_int_equal(try_to_listen(routes, NULL), -EINVAL);
        assert_int_equal(try_to_listen(nameless, NULL), -EINVAL);
        assert_non_null(strstr(error.text, "not bound"));
        assert_int_equal(close(datagrams) | close(routes) | close(nameless), 0);
}

static void namespaces_that_are_none(void **state)
{
        (void)state;
        assert_int_equal(try_to_listen(-1, "/run/netns/there/is/none"), -ENOENT);
        assert_non_null(strstr(error.text, "/run/netns/there/is/none"));
        assert_true(try_to_listen(-1, "/dev/null") < 0);
        assert_non_null(strstr(error.text, "/dev/null"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(sockets_of_another_kind, begin, stop),
                cmocka_unit_test_setup_teardown(namespaces_that_are_none, begin, stop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
