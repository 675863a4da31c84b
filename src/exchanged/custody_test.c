/* SPDX-License-Identifier: EUPL-1.2 */
/* Requirement 18, and its like for the directory, between nodes that run: what was set back or forked has no
 * effect once its log differs, at the latest from its second message on, is an incident, and oversight hears
 * of it. */
#include "exchanged/path_test.h"

#define TAKEN                                                                                                \
        "SELECT count(*) FROM book_message WHERE direction = 2 AND refused = 0 AND kind = 'error-report'"
#define AGAINST_LOG "SELECT count(*) FROM book_incident WHERE code LIKE 'log-%'"
#define ROLLED_BACK "SELECT count(*) FROM book_incident WHERE code = 'directory-rolled-back'"

static void shell(const char *command)
{
        const char *const words[] = {"/bin/sh", "-c", command, NULL};

        assert_int_equal(run_program(words), 0);
}

static void copy_folder(const char *from, const char *to)
{
        char command[800];

        snprintf(command, sizeof command, "rm -rf '%s' && cp -a '%s' '%s'", scratch_path(to),
                scratch_path(from), scratch_path(to));
        shell(command);
}

static void send_and_await(unsigned messages)
{
        int64_t before = number_of(DE, TAKEN);
        char id[MODEL_ID_MAX];

        for (unsigned i = 0; i < messages; i++)
                send_report(AT, DE, id);
        AWAIT(number_of(DE, TAKEN) == before + messages);
}

static void requirement_18_a_node_that_was_set_back_is_refused_and_told(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        start_node(AT);
        start_node(DE);
        start_node(OVERSIGHT);
        AWAIT(said(AT, "event=ready") && said(DE, "event=ready") && said(OVERSIGHT, "event=ready"));
        send_and_await(1);
        kill_node(AT, SIGTERM);
        copy_folder(names[AT], "yesterday");
        start_node(AT);
        send_and_await(3);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state = 0") == 0);
        kill_node(AT, SIGTERM);
        copy_folder("yesterday", names[AT]);
        start_node(AT);
        int64_t taken = number_of(DE, TAKEN);
        /* Sealed before its log has anything new, the first is what a late message of yesterday is; its own
         * entry makes the log another one. */
        send_report(AT, DE, id);
        AWAIT(number_of(DE, AGAINST_LOG) == 1 || number_of(DE, TAKEN) == taken + 1);
        int64_t refused = number_of(DE, AGAINST_LOG);
        taken = number_of(DE, TAKEN);
        /* And as many as let its log grow beyond what it was. */
        for (int i = 1; i <= 12; i++) {
                send_report(AT, DE, id);
                AWAIT(number_of(DE, AGAINST_LOG) >= refused + i);
                assert_int_equal(number_of(DE, TAKEN), taken);
        }
        AWAIT(number_of(OVERSIGHT, TAKEN " AND sender = '" PROVIDER "'") >= 1);
        /* It finds out itself, by what its peer has cosigned. */
        AWAIT(number_of(AT, "SELECT count(*) FROM book_incident WHERE code = 'cosignature-wrong'") >= 1);
        for (unsigned i = 0; i < ALL_NODES; i++)
                if (nodes[i] > 0) {
                        kill_node(i, SIGTERM);
                        check_log(i);
                }
}

static void put_directory(const char *set, unsigned to)
{
        char command[1200];

        snprintf(command, sizeof command,
                "cd '%s/directory' && for f in directory.json directory.json.sig; do cp $f "
                "'%s'/directory/$f.new"
                " && mv '%s'/directory/$f.new '%s'/directory/$f; done",
                scratch_path(set), scratch_path(names[to]), scratch_path(names[to]), scratch_path(names[to]));
        shell(command);
}

/* The operator's next version: the same with another number. */
static void make_second_version(void)
{
        char command[1600], path[300];

        snprintf(path, sizeof path, "%s/directory/directory.json", scratch_path("newer"));
        snprintf(command, sizeof command,
                "mkdir -p '%s/directory' && sed 's/\"version\": 1,/\"version\": 2,/' "
                "'%s/directory/directory.json' > '%s' && '%s' directory sign '%s' --key "
                "'%s/directory/operator.key'",
                scratch_path("newer"), scratch_path("pki"), path, rogatory, path, scratch_path("pki"));
        shell(command);
}

static void a_directory_that_was_set_back_stops_orders(void **state)
{
        const struct office_options options = {.now = node_now, .context = &ahead_ms[DE], .login = "desk"};
        struct office *office = NULL;
        struct error error = {0};
        char id[MODEL_ID_MAX];

        (void)state;
        make_second_version();
        start_node(AT);
        start_node(DE);
        AWAIT(said(AT, "event=ready") && said(DE, "event=ready"));
        put_directory("newer", DE);
        AWAIT(number_of(DE, "SELECT version FROM office_pin") == 2);
        send_and_await(1);
        put_directory("pki", DE);
        AWAIT(said(DE, "event=pass-failed"));
        AWAIT(number_of(DE, ROLLED_BACK) == 1);
        assert_int_equal(office_open(scratch_path(names[DE]), &options, &office, &error), -ESTALE);
        int64_t taken = number_of(DE, TAKEN);
        send_report(AT, DE, id);
        AWAIT(said(AT, "event=message-waits"));
        assert_int_equal(number_of(DE, TAKEN), taken);
        assert_int_equal(number_of(DE, ROLLED_BACK), 1);
        /* Nothing is lost by it. */
        put_directory("newer", DE);
        AWAIT(number_of(DE, TAKEN) == taken + 1);
        for (unsigned i = 0; i < NODES; i++) {
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

static int setup(void **state)
{
        node_count = ALL_NODES;
        memset(ahead_ms, 0, sizeof ahead_ms);
        return make_nodes(state);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, stop_nodes)
        const struct CMUnitTest tests[] = {
                TEST(requirement_18_a_node_that_was_set_back_is_refused_and_told),
                TEST(a_directory_that_was_set_back_stops_orders),
        };

        rogatory = argc > 2 ? argv[2] : "";
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
