/* SPDX-License-Identifier: EUPL-1.2 */
/* An order between two nodes of which each has its three keys in a token: sealed, carried over TLS, answered,
 * opened. And what is said where a token is not what the settings say. */
#include "exchanged/keys_test.h"
#include "exchanged/path_test.h"

static int make_token_and_nodes(void **state)
{
        int r = scratch_setup(state);

        if (r == 0 && softhsm_setup(token_label) != 0)
                r = -1;
        for (unsigned i = 0; i < ALL_NODES; i++)
                ports[i] = free_port();
        write_set(1, "pki");
        make_source();
        make_store();
        adapt = key_in_token;
        for (unsigned i = 0; r == 0 && i < NODES; i++) {
                set_clock(i, 0);
                make_node(i);
        }
        return r;
}

static void await_order(unsigned which, const char *wanted)
{
        char id[MODEL_ID_MAX], state[64];
        int64_t give_up = clock_steady_ms() + PATIENCE_MS;

        for (find_order(which, id, state); strcmp(state, wanted) != 0; find_order(which, id, state)) {
                if (clock_steady_ms() > give_up)
                        fail_msg("%s: the order is %s, not %s", names[which], state, wanted);
                usleep(10000);
        }
}

static void does(unsigned which, const char *login, deed *what)
{
        char id[MODEL_ID_MAX], state[64];

        find_order(which, id, state);
        if (!act(which, login, what, id, 0))
                fail_msg("%s at %s: %s", login, names[which], last_words);
}

static void assert_no_key_file(unsigned which)
{
        char path[400];

        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                snprintf(path, sizeof path, "%s/keys/%s.key", scratch_path(names[which]), purposes[purpose]);
                assert_int_equal(access(path, F_OK), -1);
        }
}

static void an_order_with_all_keys_in_tokens(void **state)
{
        (void)state;
        for (unsigned i = 0; i < NODES; i++) {
                assert_no_key_file(i);
                start_node(i);
        }
        for (unsigned i = 0; i < NODES; i++)
                AWAIT(said(i, "event=ready"));
        does(AT, "berger", do_draft);
        does(AT, "berger", do_submit);
        does(AT, "huber", do_approve);
        does(AT, "berger", do_send);
        await_order(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "maier", do_release);
        await_order(AT, "answered");
        does(AT, "berger", do_open);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        for (unsigned i = 0; i < NODES; i++) {
                assert_false(said(i, "token-failed") || said(i, "gate-failed") || said(i, "signal="));
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

/* ---- what is wrong with a token ---- */

/* A node that does not start says why. */
static void ends_with(unsigned which, const char *words)
{
        char log[300];
        int status = 0;

        snprintf(log, sizeof log, "%s.log", scratch_path(names[which]));
        (void)unlink(log);
        start_node(which);
        assert_int_equal(waitpid(nodes[which], &status, 0), nodes[which]);
        nodes[which] = 0;
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        if (!said(which, words))
                fail_msg("%s did not say: %s (see %s)", names[which], words, log);
}

static void what_is_wrong_is_said(void **state)
{
        struct office_settings *settings = read_settings(AT), *good = read_settings(AT);
        char path[400], away[400];

        (void)state;
        assert_int_equal(softhsm_write("secret/pin", "000000\n", 0600), 0);
        ends_with(AT, "the seal key (exchange.json, keys): token organisation: it does not take the PIN");
        assert_int_equal(softhsm_write("secret/pin", TOKEN_PIN "\n", 0600), 0);

        name_key(settings, "nobody", DIRECTORY_TLS);
        write_settings(AT, settings);
        ends_with(AT, "the tls key (exchange.json, keys): token organisation: has no private key labelled");

        name_key(settings, names[DE], DIRECTORY_TLS);
        write_settings(AT, settings);
        ends_with(AT, "/keys/tls.crt");

        name_key(settings, names[AT], DIRECTORY_TLS);
        name_key(settings, names[DE], DIRECTORY_DECRYPTION);
        write_settings(AT, settings);
        ends_with(AT, "token organisation: the key de-provider-decryption is not that of");

        write_settings(AT, good);
        snprintf(path, sizeof path, "%s", scratch_path("tokens"));
        snprintf(away, sizeof away, "%s", scratch_path("away"));
        assert_int_equal(rename(path, away), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        ends_with(AT, "token organisation: the module has no token of this name");
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rename(away, path), 0);
        free(settings);
        free(good);
}

/* A token that goes while the node runs, and comes back. */
static void a_token_that_goes_and_comes_back(void **state)
{
        char path[400], away[400], id[MODEL_ID_MAX];

        (void)state;
        snprintf(path, sizeof path, "%s", scratch_path("tokens"));
        snprintf(away, sizeof away, "%s", scratch_path("away"));
        for (unsigned i = 0; i < NODES; i++)
                start_node(i);
        for (unsigned i = 0; i < NODES; i++)
                AWAIT(said(i, "event=ready"));
        send_report(AT, DE, id);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 1);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        AWAIT(number_of(DE, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        send_report(AT, DE, id);
        assert_int_equal(rename(path, away), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        AWAIT(said(AT, "token organisation") || said(DE, "token organisation"));
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rename(away, path), 0);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 2);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        AWAIT(number_of(DE, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        for (unsigned i = 0; i < NODES; i++) {
                assert_false(said(i, "signal="));
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        an_order_with_all_keys_in_tokens, make_token_and_nodes, stop_nodes),
                cmocka_unit_test_setup_teardown(what_is_wrong_is_said, make_token_and_nodes, stop_nodes),
                cmocka_unit_test_setup_teardown(
                        a_token_that_goes_and_comes_back, make_token_and_nodes, stop_nodes),
        };

        rogatory = argc > 2 ? argv[2] : "";
        store_below_scratch = true;
        if (!softhsm_module() || !softhsm_has_tool()) {
                printf("SKIP: SoftHSM (softhsm2) or pkcs11-tool (opensc) is not installed\n");
                return 77;
        }
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
