/* SPDX-License-Identifier: EUPL-1.2 */
/* kill -9 of whatever works on an order, at random instants of its path: the nodes with all their processes,
 * and whatever people do. No order is lost, none is answered twice, every log is sound. With ROGATORY_LONG=1
 * there are 1,000 schedules. */
#include "exchanged/path_test.h"

#define ROUNDS_MAX 4000

/* Who does what next, by the state of the order at a node. */
struct next {
        unsigned node;
        const char *state, *login;
        deed *what;
};
static const struct next path[] = {
        {AT, "", "berger", do_draft},
        {AT, "draft", "berger", do_submit},
        {AT, "awaiting-approval", "huber", do_approve},
        {AT, "approved", "berger", do_send},
        {DE, "received", "desk", do_examine},
        {DE, "examined", "desk", do_prepare},
        {DE, "prepared", "maier", do_release},
        {AT, "answered", "berger", do_open},
        {AT, "opened", "berger", do_inform},
};

static struct {
        unsigned nodes, people;
} kills;

static bool chance(unsigned in)
{
        return random() % in == 0;
}

static void step_path(void)
{
        char id[MODEL_ID_MAX], state[64];
        unsigned kill_after_us = chance(3) ? 1 + (unsigned)random() % 60000 : 0;

        for (unsigned i = 0; i < sizeof path / sizeof *path; i++) {
                find_order(path[i].node, id, state);
                if (strcmp(state, path[i].state) != 0 || (path[i].node == DE && !*id))
                        continue;
                kills.people += kill_after_us > 0;
                act(path[i].node, path[i].login, path[i].what, id, kill_after_us);
        }
}

static void one_schedule(void)
{
        char id[MODEL_ID_MAX], state[64] = "";

        for (unsigned i = 0; i < NODES; i++)
                start_node(i);
        for (unsigned round = 0; strcmp(state, "informed") != 0; round++) {
                if (round == ROUNDS_MAX) {
                        find_order(DE, id, last_words + 300);
                        fail_msg("the order does not arrive: %s here, %s there; %s", state, last_words + 300,
                                last_words);
                }
                step_path();
                if (chance(8)) {
                        unsigned which = (unsigned)random() % NODES;
                        kill_node(which, SIGKILL);
                        kills.nodes++;
                        usleep((useconds_t)(random() % 20000));
                        start_node(which);
                }
                usleep((useconds_t)(random() % 30000));
                find_order(AT, id, state);
        }
}

#define ANSWERS "SELECT count(*) FROM book_message WHERE kind = 'answer' AND refused = 0 AND direction = "
static void assert_once(void)
{
        for (unsigned i = 0; i < NODES; i++) {
                AWAIT(number_of(i, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
                AWAIT(number_of(i, "SELECT count(*) FROM inbox WHERE state = 0") == 0);
                assert_int_equal(number_of(i, "SELECT count(*) FROM book_order"), 1);
                assert_int_equal(number_of(i, "SELECT count(*) FROM incident"), 0);
        }
        assert_int_equal(number_of(DE, ANSWERS "1"), 1);
        assert_int_equal(number_of(AT, ANSWERS "2"), 1);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_decision WHERE step = 'release'"), 1);
        for (unsigned i = 0; i < NODES; i++) {
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

static void killed_anywhere_an_order_is_answered_once(void **state)
{
        const char *wanted = getenv("ROGATORY_SCHEDULES");
        unsigned schedules = wanted                    ? (unsigned)strtoul(wanted, NULL, 10)
                             : getenv("ROGATORY_LONG") ? 1000
                                                       : 6;

        for (unsigned i = 0; i < schedules; i++) {
                srandom(815 + i);
                assert_int_equal(make_nodes(state), 0);
                make_source();
                make_store();
                one_schedule();
                assert_once();
                stop_nodes(state);
                *scratch = '\0';
        }
        print_message("%u schedules, %u nodes and %u people's commands killed\n", schedules, kills.nodes,
                kills.people);
}

static int end(void **state)
{
        return *scratch ? stop_nodes(state) : 0;
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(killed_anywhere_an_order_is_answered_once, end),
        };

        rogatory = argc > 2 ? argv[2] : "";
        store_below_scratch = true;
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
