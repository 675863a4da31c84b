/* SPDX-License-Identifier: EUPL-1.2 */
/* Two nodes with a bad network between them: connections are cut, reset, stalled, delayed and truncated at
 * random places in both directions, and for days nothing passes. No message is lost, none has two effects,
 * and both logs are sound. With ROGATORY_LONG=1 many seeds, else a few. */
#include "exchanged/log_looking_test.h"
#include "exchanged/path_test.h"
#include "exchanged/proxy_test.h"

#include "exchange/beside.h"

#define MESSAGES 8

static struct proxy networks[NODES];
static struct {
        unsigned connections, faults;
} befell;

static unsigned seeds(unsigned few, unsigned many)
{
        const char *wanted = getenv("ROGATORY_SEEDS");

        return wanted ? (unsigned)strtoul(wanted, NULL, 10) : getenv("ROGATORY_LONG") ? many : few;
}

static void set_mode(enum proxy_mode mode)
{
        for (unsigned i = 0; i < NODES; i++)
                networks[i].orders->mode = mode;
}

static void begin(void **state, unsigned seed)
{
        srandom(seed);
        for (unsigned i = 0; i < NODES; i++)
                published[i] = free_port();
        assert_int_equal(make_nodes(state), 0);
        for (unsigned i = 0; i < NODES; i++)
                proxy_start(&networks[i], published[i], ports[i], seed * 31 + i);
        set_mode(PROXY_BAD);
        for (unsigned i = 0; i < NODES; i++)
                start_node(i);
        for (unsigned i = 0; i < NODES; i++)
                AWAIT(said(i, "event=ready"));
}

static int stop(void **state)
{
        for (unsigned i = 0; i < NODES; i++) {
                if (networks[i].pid > 0) {
                        befell.connections += networks[i].orders->connections;
                        befell.faults += networks[i].orders->faults;
                }
                proxy_stop(&networks[i]);
        }
        if (!*scratch)
                return 0;
        int r = stop_nodes(state);
        *scratch = '\0';
        return r;
}

/* ---- what must hold ---- */

#define WAITS "SELECT count(*) FROM outbox WHERE state = 0"
#define LOST "SELECT count(*) FROM outbox WHERE state NOT IN (0, 1)"
#define DELIVERED "SELECT count(*) FROM outbox WHERE state = 1"
#define UNREAD "SELECT count(*) FROM inbox WHERE state = 0"
#define TAKEN "SELECT count(*) FROM inbox WHERE state = 1"
#define REFUSED "SELECT count(*) FROM inbox WHERE state = 2"

static int64_t entries(unsigned which, const char *kind)
{
        struct office *office = open_node(which, "wolf");
        int64_t count = log_look(office, kind, NULL, NULL).count;

        office_close(office);
        return count;
}

static int show_incident(void *context, const struct book_incident *incident)
{
        if (strcmp(incident->code, "error-reported") == 0)
                return 0; /* that is what the messages of this test say */
        fail_msg("seed %u: %s of %s: %s", *(const unsigned *)context, incident->code, incident->peer,
                incident->words);
        return 0;
}

static bool is_quiet(void)
{
        return number_of(AT, WAITS) == 0 && number_of(DE, WAITS) == 0 && number_of(AT, UNREAD) == 0 &&
               number_of(DE, UNREAD) == 0;
}

/* What a node has against the other: nothing. */
static void assert_no_incident(unsigned which, unsigned seed)
{
        struct office *office = open_node(which, "wolf");
        struct error error = {0};

        must(book_incidents_each(office, show_incident, &seed, &error), &error);
        office_close(office);
}

/* Everything that one sent the other has, once: what stands in the outbox of one, in the inbox of the other
 * and in its log is the same number. */
static void assert_nothing_lost(unsigned seed)
{
        AWAIT(is_quiet() && (usleep(200000), is_quiet()));
        for (unsigned i = 0; i < NODES; i++)
                assert_no_incident(i, seed);
        for (unsigned i = 0; i < NODES; i++) {
                int64_t sent = number_of(i, DELIVERED), taken = number_of(1 - i, TAKEN),
                        logged = entries(1 - i, "message-received");
                if (number_of(i, LOST) != 0 || number_of(i, REFUSED) != 0 || sent != taken || taken != logged)
                        fail_msg("seed %u: %s sent %lld, %lld were taken, %lld stand in the log", seed,
                                names[i], (long long)sent, (long long)taken, (long long)logged);
                assert_int_equal(number_of(i, "SELECT count(*) FROM incident"), 0);
        }
        for (unsigned i = 0; i < NODES; i++) {
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

/* ---- messages ---- */

/* Days pass at both nodes, in which nothing does. */
static void days_pass(int64_t *days)
{
        set_mode(PROXY_DOWN);
        usleep(200000);
        *days += 1 + random() % 9;
        for (unsigned i = 0; i < NODES; i++)
                set_clock(i, *days * TIME_DAY);
        usleep(300000);
}

static void messages(void **state, unsigned seed)
{
        char id[MODEL_ID_MAX];
        int64_t days = 0;

        begin(state, seed);
        for (unsigned i = 0; i < MESSAGES; i++) {
                send_report(i % 2, 1 - i % 2, id);
                usleep((useconds_t)(random() % 200000));
                if (i % 4 == 3)
                        days_pass(&days);
                set_mode(random() % 4 ? PROXY_BAD : PROXY_DOWN);
                if (random() % 4 == 0) { /* a bad network is no excuse to be spared */
                        unsigned which = (unsigned)random() % NODES;
                        kill_node(which, SIGKILL);
                        start_node(which);
                }
        }
        /* The network stays bad: it has to do without a good one. */
        set_mode(PROXY_BAD);
        assert_nothing_lost(seed);
        for (unsigned i = 0; i < NODES; i++) /* each report had its effect, once */
                assert_int_equal(
                        number_of(i, "SELECT count(*) FROM book_incident WHERE code = 'error-reported'"),
                        MESSAGES / 2);
        stop(state);
}

static void no_message_is_lost_or_has_two_effects(void **state)
{
        unsigned count = seeds(2, 200);

        for (unsigned i = 0; i < count; i++)
                messages(state, 1000 + i);
        print_message("%u connections, %u of them cut, reset, stalled, delayed or truncated\n",
                befell.connections, befell.faults);
}

/* ---- an order with evidence beside its answer ---- */

static int do_release_beside(struct office *office, const char *id, struct error *error)
{
        provider_inside_set(1000);
        return provider_release(office, id, error);
}

static void does(unsigned which, const char *login, deed *what)
{
        char id[MODEL_ID_MAX], order_state[64];

        find_order(which, id, order_state);
        if (!act(which, login, what, id, 0))
                fail_msg("%s at %s: %s", login, names[which], last_words);
}

static void await_order(unsigned which, const char *wanted)
{
        char id[MODEL_ID_MAX], order_state[64];

        AWAIT((find_order(which, id, order_state), strcmp(order_state, wanted) == 0));
}

static void order(void **state, unsigned seed)
{
        begin(state, seed);
        make_source();
        make_store();
        does(AT, "berger", do_draft);
        does(AT, "berger", do_submit);
        does(AT, "huber", do_approve);
        does(AT, "berger", do_send);
        await_order(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "maier", do_release_beside);
        await_order(AT, "answered");
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fetch WHERE state = 'here'") == 3);
        does(AT, "berger", do_open);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_offer WHERE state = 'acknowledged'") == 1);
        assert_nothing_lost(seed);
        assert_int_equal(entries(AT, "evidence-fetched"), 1);
        assert_int_equal(entries(DE, "released"), 1);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'answer'"), 1);
        stop(state);
}

static void an_order_is_answered_once(void **state)
{
        unsigned count = seeds(1, 100);

        for (unsigned i = 0; i < count; i++)
                order(state, 5000 + i);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(no_message_is_lost_or_has_two_effects, stop),
                cmocka_unit_test_teardown(an_order_is_answered_once, stop),
        };

        if (getenv("ROGATORY_ONLY"))
                cmocka_set_test_filter(getenv("ROGATORY_ONLY"));
        rogatory = argc > 2 ? argv[2] : "";
        store_below_scratch = true;
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
