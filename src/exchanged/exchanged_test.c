/* SPDX-License-Identifier: EUPL-1.2 */
/* Two nodes as they run: messages go, receipts come back, whatever is killed. */
#include "exchanged/nodes_test.h"

#include "os/pass.h"
#include "rogatory/node.h"

#define MESSAGES 6

#define DELIVERED "SELECT count(*) FROM outbox WHERE state = 1"
#define WAITING "SELECT count(*) FROM outbox WHERE state = 0"
#define DONE "SELECT count(*) FROM inbox WHERE state = 1"
#define UNDONE "SELECT count(*) FROM inbox WHERE state <> 1"

static void a_message_goes_and_its_receipt_comes_back(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        start_node(AT);
        start_node(DE);
        AWAIT(said(AT, "event=ready") && said(DE, "event=ready"));
        send_report(AT, DE, id);
        AWAIT(number_of(DE, DONE) == 1 && number_of(AT, DONE) == 1);
        AWAIT(number_of(AT, DELIVERED) == 1 && number_of(DE, DELIVERED) == 1);
        for (unsigned i = 0; i < NODES; i++) {
                kill_node(i, SIGTERM);
                assert_true(said(i, "event=ended"));
                check_log(i);
        }
}

/* Until the peer is there, what is to be sent waits. */
static void a_peer_may_be_away(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        start_node(AT);
        send_report(AT, DE, id);
        AWAIT(said(AT, "event=message-waits"));
        assert_int_equal(number_of(AT, WAITING), 1);
        start_node(DE);
        AWAIT(number_of(AT, DELIVERED) == 1 && number_of(AT, DONE) == 1);
        kill_node(AT, SIGTERM);
        kill_node(DE, SIGTERM);
}

/* A child of a node that is told by what it logs last. */
static void a_second_node_of_one_folder_does_not_start(void **state)
{
        int status;

        (void)state;
        start_node(AT);
        AWAIT(said(AT, "event=ready"));
        pid_t first = nodes[AT];
        start_node(AT);
        assert_int_equal(waitpid(nodes[AT], &status, 0), nodes[AT]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        assert_true(said(AT, "runs already"));
        nodes[AT] = first;
        kill_node(AT, SIGTERM);
}

/* What somebody at the socket gets out of a command that is of no order: whatever option names a node. */
static int ask_for(unsigned which, const char *const *words)
{
        char path[600], bytes[2000];
        unsigned char outcome[2] = {0, 0};
        struct error error = {0};
        size_t length = 0;
        int socket, null = open("/dev/null", O_RDWR | O_CLOEXEC), descriptors[3] = {null, null, null};

        snprintf(path, sizeof path, "%s/" OFFICE_SOCKET_NAME, scratch_path(names[which]));
        for (size_t i = 0; words[i]; i++) {
                memcpy(bytes + length, words[i], strlen(words[i]) + 1);
                length += strlen(words[i]) + 1;
        }
        must(pass_connect(path, &socket, &error), &error);
        must(pass_send(socket, bytes, length, descriptors, 3, &error), &error);
        assert_int_equal(recv(socket, outcome, sizeof outcome, MSG_WAITALL), 2);
        close(socket);
        close(null);
        return outcome[0] == NODE_DONE ? outcome[1] : -1;
}

/* It has the keys of the node, and whoever asks has perhaps no role at all. */
static void people_cannot_have_a_node_made_by_a_node(void **state)
{
        char keys[600], directory[600], made[600];
        const char *const init[] = {"office", "init", "--node=x", "--from", keys, "--directory", directory,
                "--organisation", names[AT], made, NULL},
                          *const show[] = {"office", "show", "--node", "x", NULL},
                          *const other[] = {"top", "--node", "x", "--once", NULL},
                          *const evil[] = {"inbox", "accept", "--why", "--node=x", "--nod", made, "0b54ed12",
                                  NULL},
                          *const log[] = {"log", "check", "--log", made, "--node", "x", NULL},
                          *const init_log[] = {
                                  "log", "init", "--log", made, "--origin", "a/b", "--node", "x", NULL};

        (void)state;
        snprintf(keys, sizeof keys, "%s/keys", scratch_path(names[AT]));
        snprintf(directory, sizeof directory, "%s/directory", scratch_path(names[AT]));
        snprintf(made, sizeof made, "%s/made", scratch_path(names[AT]));
        start_node(AT);
        AWAIT(said(AT, "event=ready"));
        assert_int_equal(ask_for(AT, show), 0);
        assert_int_not_equal(ask_for(AT, init), 0);
        assert_int_not_equal(access(made, F_OK), 0);
        assert_int_equal(ask_for(AT, other), -1);
        assert_int_equal(ask_for(AT, evil), -1);
        assert_int_not_equal(ask_for(AT, log), 0);
        assert_int_not_equal(ask_for(AT, init_log), 0);
        assert_int_not_equal(access(made, F_OK), 0);
        kill_node(AT, SIGTERM);
}

static void copy_directory(const char *set, unsigned to)
{
        static const char *const files[] = {"directory.json", "directory.json.sig"};
        char from[300], folder[300];
        struct error error = {0};

        for (unsigned i = 0; i < 2; i++) {
                struct buffer bytes = buffer_make(DIRECTORY_BYTES_MAX);
                snprintf(from, sizeof from, "%s/directory/%s", scratch_path(set), files[i]);
                snprintf(folder, sizeof folder, "%s/directory", scratch_path(names[to]));
                must(file_read(from, &bytes, &error), &error);
                must(file_publish(folder, files[i], bytes.bytes, bytes.length, &error), &error);
                buffer_free(&bytes);
        }
}

/* Somebody else's directory is not this operator's. */
static void a_forged_directory_stops_what_it_could_touch(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        write_set(2, "forged");
        start_node(AT);
        start_node(DE);
        AWAIT(said(AT, "event=ready") && said(DE, "event=ready"));
        copy_directory("forged", DE);
        AWAIT(said(DE, "event=directory-changed"));
        AWAIT(said(DE, "event=pass-failed"));
        send_report(AT, DE, id);
        AWAIT(said(AT, "event=message-waits"));
        assert_int_equal(number_of(DE, DONE), 0);
        copy_directory("pki", DE);
        AWAIT(number_of(DE, DONE) == 1);
        kill_node(AT, SIGTERM);
        kill_node(DE, SIGTERM);
}

/* kill -9 at random instants: nothing is lost, nothing is done twice, both logs are sound. */
static void killed_again_and_again(void **state)
{
        unsigned schedules = getenv("ROGATORY_LONG") ? 100 : 3, kills = 0;
        char id[MODEL_ID_MAX];

        (void)state;
        for (unsigned schedule = 0; schedule < schedules; schedule++) {
                srandom(4711 + schedule);
                if (schedule > 0)
                        assert_int_equal(make_nodes(state), 0);
                for (unsigned i = 0; i < NODES; i++)
                        start_node(i);
                for (unsigned i = 0; i < MESSAGES; i++) {
                        send_report(i % 2, 1 - i % 2, id);
                        unsigned which = (unsigned)random() % NODES;
                        usleep((useconds_t)(random() % 150000));
                        kill_node(which, SIGKILL);
                        kills++;
                        usleep((useconds_t)(random() % 30000));
                        start_node(which);
                }
                for (unsigned i = 0; i < NODES; i++) {
                        AWAIT(number_of(i, DELIVERED) == MESSAGES);
                        AWAIT(number_of(i, DONE) == MESSAGES);
                        assert_int_equal(number_of(i, UNDONE), 0);
                        assert_int_equal(number_of(i, "SELECT count(*) FROM incident"), 0);
                }
                for (unsigned i = 0; i < NODES; i++) {
                        kill_node(i, SIGTERM);
                        check_log(i);
                }
                if (schedule + 1 < schedules)
                        stop_nodes(state);
        }
        print_message("%u schedules, %u nodes killed\n", schedules, kills);
}

#define WITH_NODES(test) cmocka_unit_test_setup_teardown(test, make_nodes, stop_nodes)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                WITH_NODES(a_message_goes_and_its_receipt_comes_back),
                WITH_NODES(a_peer_may_be_away),
                WITH_NODES(a_second_node_of_one_folder_does_not_start),
                WITH_NODES(people_cannot_have_a_node_made_by_a_node),
                WITH_NODES(a_forged_directory_stops_what_it_could_touch),
                WITH_NODES(killed_again_and_again),
        };

        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
