/* SPDX-License-Identifier: EUPL-1.2 */
/* What a live node is told: [node], [listener NAME], and what exporters say of how they send. */
#include "base/time.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PROBLEMS 20

static struct settings_problem problems[PROBLEMS];
static size_t problem_count;

static int parse(const char *text, struct settings *ret_settings)
{
        problem_count = 0;
        memset(problems, 0, sizeof problems);
        return settings_parse(text, strlen(text), ret_settings, problems, PROBLEMS, &problem_count);
}

static void test_defaults(void **state)
{
        struct settings settings;

        (void)state;
        assert_int_equal(parse("", &settings), 0);
        assert_int_equal(settings.listener_count, 0);
        assert_int_equal(settings.node.sync_interval_ms, 1000);
        assert_int_equal(settings.node.memory, 1 << 30);
        assert_int_equal(settings.node.disk_reserve, 1 << 30);
        assert_int_equal(settings.node.merge_delay_ms, 2 * TIME_MINUTE);
        assert_int_equal(settings.node.confine, NODE_CONFINE_ON);
        assert_int_equal(settings.node.metrics.port, 0);
        assert_int_equal(settings.node.journal_key.count, 0);
        settings_free(&settings);
}

static const char full[] = "[node]\n"
                           "organisation = Exämple Networks\n"
                           "collect-user = rogatory-collect\n"
                           "store-user = rogatory\n"
                           "ask-group = lawful_1\n"
                           "ask-socket = /run/rogatory/ask.socket\n"
                           "metrics = [::1]:9464\n"
                           "sync-interval = 500ms\n"
                           "memory = 512MiB\n"
                           "journal-limit = 8GiB\n"
                           "disk-reserve = 100MiB\n"
                           "merge-delay = 5m\n"
                           "confine = off-landlock\n"
                           "journal-key = credential:journal\n"
                           "[listener flows]\n"
                           "transport = udp\n"
                           "content = flow\n"
                           "address = ::\n"
                           "port = 2055\n"
                           "buffer = 65536KiB\n"
                           "[listener secure]\n"
                           "transport = tls\n"
                           "content = syslog\n"
                           "port = 6514\n"
                           "connections = 20\n"
                           "idle = 10m\n"
                           "certificate = /etc/node.pem\n"
                           "key = /etc/node.key\n"
                           "authorities = /etc/ca.pem\n"
                           "tls12 = yes\n"
                           "[listener accounting]\n"
                           "transport = radius\n"
                           "port = 1813\n"
                           "[listener own]\n"
                           "transport = conntrack\n"
                           "exporter = here\n"
                           "[exporter here]\n"
                           "[exporter cgn]\n"
                           "address = 192.0.2.1\n"
                           "accept = flows, secure\n"
                           "rate = 5000\n"
                           "certificate-name = cgn.example.net\n"
                           "[exporter radius]\n"
                           "address = 192.0.2.2\n"
                           "secret-file = /etc/radius.secret\n";

static void assert_full(const struct settings *settings)
{
        const struct node_settings *node = &settings->node;
        const struct listener_settings *flows = settings_listener(settings, "flows");
        const struct listener_settings *secure = settings_listener(settings, "secure");
        const struct exporter_settings *cgn = settings_exporter(settings, "cgn");

        assert_string_equal(node->organisation, "Exämple Networks");
        assert_string_equal(node->collect_user, "rogatory-collect");
        assert_string_equal(node->store_user, "rogatory");
        assert_string_equal(node->ask_group, "lawful_1");
        assert_string_equal(node->ask_socket, "/run/rogatory/ask.socket");
        assert_int_equal(node->metrics.port, 9464);
        assert_int_equal(node->sync_interval_ms, 500);
        assert_int_equal(node->memory, 512 << 20);
        assert_int_equal(node->journal_limit, INT64_C(8) << 30);
        assert_int_equal(node->disk_reserve, 100 << 20);
        assert_int_equal(node->merge_delay_ms, 5 * TIME_MINUTE);
        assert_int_equal(node->confine, NODE_WITHOUT_LANDLOCK);
        assert_int_equal(node->journal_key.count, 1);
        assert_non_null(flows);
        assert_int_equal(flows->transport, LISTENER_UDP);
        assert_int_equal(flows->content, CONTENT_FLOW);
        assert_true(address_is_none(&flows->address));
        assert_int_equal(flows->port, 2055);
        assert_int_equal(flows->buffer, 64 << 20);
        assert_non_null(secure);
        assert_int_equal(secure->content, CONTENT_SYSLOG);
        assert_true(address_is_ipv4(&secure->address));
        assert_int_equal(secure->connections, 20);
        assert_int_equal(secure->idle_ms, 10 * TIME_MINUTE);
        assert_string_equal(secure->certificate, "/etc/node.pem");
        assert_string_equal(secure->key, "/etc/node.key");
        assert_string_equal(secure->authorities, "/etc/ca.pem");
        assert_true(secure->tls12);
        assert_non_null(cgn);
        assert_int_equal(cgn->accept.count, 2);
        assert_string_equal(cgn->accept.items[1], "secure");
        assert_int_equal(cgn->rate, 5000);
        assert_string_equal(cgn->certificate_name, "cgn.example.net");
}

static void test_every_key_is_read(void **state)
{
        struct settings settings;

        (void)state;
        int r = parse(full, &settings);
        if (r < 0)
                print_message("line %u: %s\n", problems[0].line, problems[0].text);
        assert_int_equal(r, 0);
        assert_full(&settings);
        assert_int_equal(settings.listener_count, 4);
        settings_free(&settings);
}

static void test_written_sections_read_back(void **state)
{
        struct buffer text = buffer_make(1 << 20);
        struct settings settings, again;

        (void)state;
        assert_int_equal(parse(full, &settings), 0);
        assert_int_equal(settings_write_node(&text, &settings.node), 0);
        for (size_t i = 0; i < settings.listener_count; i++)
                assert_int_equal(settings_write_listener(&text, &settings.listeners[i]), 0);
        for (size_t i = 0; i < settings.exporter_count; i++)
                assert_int_equal(settings_write_exporter(&text, &settings.exporters[i]), 0);
        assert_int_equal(
                settings_parse((char *)text.bytes, text.length, &again, problems, PROBLEMS, &problem_count),
                0);
        assert_full(&again);
        settings_free(&settings);
        settings_free(&again);
        buffer_free(&text);
}

static void test_who_may_send_where(void **state)
{
        struct settings settings;

        (void)state;
        assert_int_equal(parse(full, &settings), 0);
        const struct exporter_settings *here = settings_exporter(&settings, "here");
        const struct exporter_settings *cgn = settings_exporter(&settings, "cgn");
        const struct exporter_settings *radius = settings_exporter(&settings, "radius");
        const struct listener_settings *flows = settings_listener(&settings, "flows");
        const struct listener_settings *accounting = settings_listener(&settings, "accounting");
        const struct listener_settings *own = settings_listener(&settings, "own");

        assert_true(settings_accepts(cgn, flows));
        assert_false(settings_accepts(cgn, accounting));
        assert_true(settings_accepts(radius, accounting));
        assert_true(settings_accepts(radius, flows));
        assert_false(settings_accepts(here, flows));
        assert_true(settings_accepts(here, own));
        assert_false(settings_accepts(cgn, own));
        settings_free(&settings);
}

#define LISTENING                                                                                            \
        "[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = udp\ncontent = flow\nport = 4739\n"

static void test_mistakes(void **state)
{
        static const struct {
                const char *text;
                unsigned line;
                const char *part;
        } cases[] = {
                {"[node cgn]\n", 1, "has no name"},
                {"[node]\n[node]\n", 2, "already opened in line 1"},
                {"[node]\nmemory = 12\n", 2, "not a size"},
                {"[node]\nmemory = 1 GiB\n", 2, "not a size"},
                {"[node]\nmemory = 1MiB\n", 2, "outside 16MiB to 1TiB"},
                {"[node]\nmemory = 99999999TiB\n", 2, "outside 16MiB to 1TiB"},
                {"[node]\nmetrics = 127.0.0.1\n", 2, "has no port"},
                {"[node]\nmetrics = localhost:9464\n", 2, "localhost"},
                {"[node]\nstore-user = root\n", 2, "root cannot be confined"},
                {"[node]\nask-group = a b\n", 2, "not the name of a group"},
                {"[node]\nask-socket = ask.socket\n", 2, "no path of a file from the root"},
                {"[node]\nconfine = yes\n", 2, "not one of: on, off-landlock, off-seccomp, off"},
                {"[node]\nstore-user = a\ncollect-user = a\n", 3, "is the store-user too"},
                {"[node]\norganisation = a\x01z\n", 2, "control character"},
                {"[node]\nzone = UTC\n", 2, "belongs into a realm section, not into the node section"},
                {"[realm a]\ntransport = udp\n", 2, "belongs into a listener section"},
                {"[node]\njournal-key = file:/k/a\n[realm x]\nkey = file:/k/a\n", 2, "also that of realm x"},
                {"[realm y]\nkey = file:/k/a\n[realm x]\nkey = file:/k/a\n", 4, "also that of realm y"},
                {"[listener a]\nport = 4739\n", 1, "says no transport"},
                {"[listener a]\ntransport = sctp\n", 2, "not one of: udp, tcp, tls, radius, conntrack"},
                {"[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = udp\nport = 1\n", 3,
                        "says no content"},
                {"[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = tcp\ncontent = flow\n", 3,
                        "says no port"},
                {"[listener a]\ntransport = udp\ncontent = flow\nport = 4739\n", 1, "would refuse everybody"},
                {"[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = radius\nport = 1813\n", 3,
                        "and a secret-file"},
                {"[exporter e]\naddress = 192.0.2.1\nsecret-file = /s\n[listener a]\ntransport = radius\n"
                 "port = 1813\ncontent = flow\n",
                        7, "content: means nothing to a listener with transport = radius"},
                {LISTENING "certificate = /a.pem\n", 7, "means nothing"},
                {LISTENING "idle = 1h\n", 7, "means nothing"},
                {LISTENING "exporter = e\n", 7, "means nothing"},
                {LISTENING "port = 0\n", 7, "already given"},
                {"[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = udp\ncontent = flow\nport = "
                 "65536\n",
                        6, "not a port"},
                {LISTENING "[listener b]\ntransport = udp\ncontent = syslog\naddress = 192.0.2.9\n"
                           "port = 4739\n",
                        11, "is taken by [listener a]"},
                {LISTENING "[node]\nmetrics = 127.0.0.1:4739\n[listener b]\ntransport = tcp\n"
                           "content = flow\nport = 4739\n",
                        12, "that of the node's metrics"},
                {"[exporter e]\naddress = 192.0.2.1\n[listener a]\ntransport = tls\ncontent = flow\n"
                 "port = 4740\nkey = /k\n",
                        3, "says no certificate"},
                {"[listener a]\ntransport = conntrack\n", 1, "says no exporter"},
                {"[listener a]\ntransport = conntrack\nexporter = e\n", 3, "no section [exporter e]"},
                {"[exporter e]\n[listener a]\ntransport = conntrack\nexporter = e\n[listener b]\n"
                 "transport = conntrack\nexporter = e\n",
                        6, "by [listener a] already"},
                {"[exporter e]\naddress = 192.0.2.1\naccept = a\n", 3, "no section [listener a]"},
                {"[exporter e]\naddress = 192.0.2.1\naccept = a, a\n", 3, "twice"},
                {LISTENING "[exporter f]\naccept = a\n", 8, "where its messages come from is not said"},
                {LISTENING "[exporter f]\nrate = 0\n", 8, "not a whole number"},
                {LISTENING "[exporter f]\ncertificate-name = *.example.net\n", 8, "not a DNS name"},
                {LISTENING "[exporter f]\nsecret-file = secret\n", 8, "no path of a file"},
                {LISTENING "[exporter f]\naddress = 192.0.2.1\n", 8, "also that of exporter e"},
                {"[exporter e]\naddress = 192.0.2.1, 192.0.2.1\n", 2, "twice"},
                {"[exporter e]\naddress = 192.0.2.1\ncertificate-name = e.example.net\n[listener a]\n"
                 "transport = tls\ncontent = flow\nport = 4740\ncertificate = /c\nkey = /k\n",
                        3, "asks for no certificate"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct settings settings;
                int r = parse(cases[i].text, &settings);
                if (r != -EINVAL || problem_count != 1 || problems[0].line != cases[i].line ||
                        !strstr(problems[0].text, cases[i].part))
                        fail_msg("%s: %zu problems, first in line %u: %s", cases[i].text, problem_count,
                                problems[0].line, problems[0].text);
        }
}

/* The same port is free for the other family, another address, and the other kind of socket. */
static void test_ports_that_do_not_meet(void **state)
{
        static const char text[] =
                LISTENING "[listener b]\ntransport = tcp\ncontent = flow\nport = 4739\n"
                          "[listener c]\ntransport = udp\ncontent = flow\naddress = ::\nport = 4739\n"
                          "[listener d]\ntransport = udp\ncontent = flow\naddress = 192.0.2.1\nport = 2055\n"
                          "[listener e]\ntransport = udp\ncontent = flow\naddress = 192.0.2.2\nport = 2055\n";
        struct settings settings;

        (void)state;
        assert_int_equal(parse(text, &settings), 0);
        settings_free(&settings);
}

static int missing_file(void *context, enum settings_file file, const char *path, struct error *problem)
{
        *(unsigned *)context |= 1u << file;
        return error_set(problem, -EINVAL, "%s: not there", path);
}

static int missing_key(void *context, const struct key_sources *sources, struct error *problem)
{
        *(unsigned *)context |= 0x100;
        return error_set(problem, -EINVAL, "%s: no key", sources->items[0].name);
}

static bool nobody(void *context, const char *name)
{
        (void)name;
        *(unsigned *)context |= 0x1000;
        return false;
}

static void test_what_only_the_system_knows(void **state)
{
        unsigned asked = 0;
        const struct settings_checks checks = {.context = &asked,
                .user_is_known = nobody,
                .group_is_known = nobody,
                .file_is_sound = missing_file,
                .key_is_sound = missing_key};
        struct settings settings;

        (void)state;
        assert_int_equal(settings_parse_checked(
                                 full, strlen(full), &checks, &settings, problems, PROBLEMS, &problem_count),
                -EINVAL);
        assert_int_equal(asked, 0x110f);
        /* 3 accounts, the socket, the key, 3 files of TLS, the secret (and what lacks without them). */
        unsigned lines[] = {3, 4, 5, 6, 14, 27, 28, 29};
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
                assert_int_equal(problems[i].line, lines[i]);
        assert_non_null(strstr(problems[0].text, "there is no user \"rogatory-collect\""));
        assert_non_null(strstr(problems[2].text, "there is no group \"lawful_1\""));
        assert_non_null(strstr(problems[4].text, "journal: no key"));
        assert_non_null(strstr(problems[5].text, "/etc/node.pem: not there"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_every_key_is_read),
                cmocka_unit_test(test_written_sections_read_back),
                cmocka_unit_test(test_who_may_send_where),
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test(test_ports_that_do_not_meet),
                cmocka_unit_test(test_what_only_the_system_knows),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
