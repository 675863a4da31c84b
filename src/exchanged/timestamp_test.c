/* SPDX-License-Identifier: EUPL-1.2 */
/* Nodes that run, one of them with a timestamp service behind HTTP (tests/exchange/timestamps.py): what
 * leaves has its timestamp, openssl and rogatory-verify say so; a service that is down, slow, hostile or
 * somebody else's gets nothing out, and why is said. */
#include "exchanged/keys_test.h"

static const char *service_program, *verify_program, *rogatory_program;
static pid_t service;

/* ---- programs ---- */

/* What a program prints, both ways; its exit code. */
static int run(const char *const *words, char *ret_text, size_t size)
{
        int ends[2], status = -1;
        size_t length = 0;
        ssize_t n;

        fflush(NULL);
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                dup2(ends[1], STDERR_FILENO);
                execv(words[0], (char *const *)(uintptr_t)words);
                _exit(127);
        }
        close(ends[1]);
        while (length < size - 1 && (n = read(ends[0], ret_text + length, size - 1 - length)) > 0)
                length += (size_t)n;
        ret_text[length] = '\0';
        close(ends[0]);
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the service ---- */

static void behave(const char *manner)
{
        struct error error = {0};

        must(file_publish(scratch_path("service"), "manner", manner, strlen(manner), &error), &error);
}

static unsigned start_service(bool by_tls)
{
        char folder[300], certificate[300], key[300], path[400];
        struct buffer port = buffer_make(16);
        struct error error = {0};

        snprintf(folder, sizeof folder, "%s", scratch_path("service"));
        snprintf(certificate, sizeof certificate, "%s", scratch_path("pki/tsa.crt"));
        snprintf(key, sizeof key, "%s", scratch_path("pki/tsa.key"));
        must(folder_make(folder, &error), &error);
        behave("good");
        snprintf(path, sizeof path, "%s/port", folder);
        fflush(NULL);
        service = fork();
        if (service == 0) {
                execl("/usr/bin/python3", "python3", service_program, "serve", folder, certificate, key,
                        by_tls ? "tls" : "plain", (char *)NULL);
                _exit(127);
        }
        AWAIT(access(path, R_OK) == 0);
        must(file_read(path, &port, &error), &error);
        assert_int_equal(buffer_append_u8(&port, 0), 0);
        unsigned number = (unsigned)strtoul((char *)port.bytes, NULL, 10);
        buffer_free(&port);
        return number;
}

static unsigned service_port;
static bool optional, by_tls, in_token;

/* Only the authority asks; both believe. */
static void name_service(struct office_settings *settings, unsigned which)
{
        if (which == AT)
                snprintf(settings->timestamp_url, sizeof settings->timestamp_url, "http://127.0.0.1:%u/",
                        service_port);
        snprintf(settings->timestamp_certificate, sizeof settings->timestamp_certificate, "timestamps.crt");
        settings->timestamp_optional = optional;
        if (in_token && which == AT)
                key_in_token(settings, which);
}

static int make(void **state)
{
        int r = scratch_setup(state);

        for (unsigned i = 0; i < ALL_NODES; i++)
                ports[i] = free_port();
        if (in_token && softhsm_setup(token_label) != 0)
                return -1;
        write_set(1, "pki");
        service_port = start_service(by_tls);
        adapt = name_service;
        for (unsigned i = 0; i < NODES; i++) {
                set_clock(i, 0);
                make_node(i);
        }
        return r;
}

static int make_with_service(void **state)
{
        optional = false;
        return make(state);
}

static int make_with_optional_service(void **state)
{
        optional = true;
        return make(state);
}

static int make_with_keys_in_token(void **state)
{
        optional = false;
        in_token = softhsm_module() && softhsm_has_tool();
        return make(state);
}

/* Its certificate for TLS is the service's own, and what it must lead to is read from a file of the node. */
static void use_tls(const char *authorities)
{
        struct office_settings *settings = read_settings(AT);
        struct buffer bytes = buffer_make(65536);
        struct error error = {0};

        must(file_read(scratch_path(authorities), &bytes, &error), &error);
        must(file_publish(scratch_path(names[AT]), "authorities.crt", bytes.bytes, bytes.length, &error),
                &error);
        buffer_free(&bytes);
        snprintf(settings->timestamp_authorities, PATH_MAX, "authorities.crt");
        snprintf(settings->timestamp_url, OFFICE_URL_MAX, "https://127.0.0.1:%u/", service_port);
        write_settings(AT, settings);
        free(settings);
}

static int make_with_tls(void **state)
{
        in_token = optional = false;
        by_tls = true;
        int r = make(state);
        by_tls = false;
        return r;
}

static int stop(void **state)
{
        if (service > 0) {
                kill(service, SIGKILL);
                waitpid(service, NULL, 0);
        }
        service = 0;
        return stop_nodes(state);
}

static void start(void)
{
        for (unsigned i = 0; i < NODES; i++)
                start_node(i);
        for (unsigned i = 0; i < NODES; i++)
                AWAIT(said(i, "event=ready"));
}

static void finish(void)
{
        for (unsigned i = 0; i < NODES; i++) {
                assert_false(said(i, "signal="));
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

/* ---- what is shown ---- */

static void verify(const char *id)
{
        char container[400], folder[300], root[300], directory[300], operator[300], services[300], text[8192];

        snprintf(container, sizeof container, "%s/containers/out-%s.asice", scratch_path(names[AT]), id);
        snprintf(folder, sizeof folder, "%s", scratch_path("service"));
        snprintf(root, sizeof root, "%s", scratch_path("pki/root.crt"));
        const char *const openssl[] = {
                "/usr/bin/python3", service_program, "verify", folder, container, root, NULL};
        if (run(openssl, text, sizeof text) != 0 || !strstr(text, "Time stamp: "))
                fail_msg("openssl ts -verify: %s", text);
        snprintf(directory, sizeof directory, "%s", scratch_path("pki/directory/directory.json"));
        snprintf(operator, sizeof operator, "%s", scratch_path("pki/directory/operator.pub"));
        snprintf(services, sizeof services, "%s", scratch_path("pki/tsa.crt"));
        const char *const ours[] = {verify_program, "--directory", directory, "--directory-key", operator,
                "--timestamps", services, "--timestamp-required", "--strict", container, NULL};
        if (run(ours, text, sizeof text) != 0 || !strstr(text, "The timestamp service ") ||
                !strstr(text, "signed that this existed at 2"))
                fail_msg("rogatory-verify: %s", text);
}

static void what_leaves_has_a_timestamp(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        start();
        send_report(AT, DE, id);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 1);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_message WHERE kind = 'receipt' AND refused = 0") == 1);
        assert_int_equal(number_of(AT, "SELECT count(*) FROM post_stamp WHERE state = 'stamped'"), 1);
        assert_true(said(AT, "event=timestamped"));
        verify(id);
        finish();
}

/* Each manner has words of its own, which the administrator reads, and nothing leaves meanwhile. */
static void a_service_that_does_not_do_it_is_told_of(void **state)
{
        static const struct {
                const char *manner, *words;
        } cases[] = {
                {"down", "answers with the status 503"},
                {"huge", "answers more than 262144 bytes"},
                {"slow", "does not answer: Operation timed out"},
                {"wrong-nonce", "something else than was asked for"},
                {"wrong-imprint", "something else than was asked for"},
                {"other-signer", "no pinned service"},
        };
        char id[MODEL_ID_MAX], node[300], text[8192];

        (void)state;
        behave("down");
        start();
        send_report(AT, DE, id);
        snprintf(node, sizeof node, "--node=%s", scratch_path(names[AT]));
        const char *const check[] = {rogatory_program, "office", "check", node, NULL};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char question[200];
                behave(cases[i].manner);
                snprintf(question, sizeof question,
                        "SELECT count(*) FROM post_stamp WHERE state = 'waits' AND reason LIKE '%%%s%%'",
                        cases[i].words);
                AWAIT(number_of(AT, question) == 1);
                assert_true(said(AT, cases[i].words) && said(AT, "event=timestamp-waits"));
                assert_int_equal(number_of(AT, "SELECT count(*) FROM outbox"), 0);
                if (run(check, text, sizeof text) != 0 || !strstr(text, "1 message waits for a timestamp"))
                        fail_msg("office check: %s", text);
        }
        assert_int_equal(number_of(DE, "SELECT count(*) FROM inbox"), 0);
        behave("good");
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 1);
        verify(id);
        /* One that is not there at all. */
        kill(service, SIGKILL);
        waitpid(service, NULL, 0);
        service = 0;
        send_report(AT, DE, id);
        AWAIT(number_of(AT, "SELECT count(*) FROM post_stamp WHERE reason LIKE '%does not answer: Failed to "
                            "connect%'") == 1);
        finish();
}

static void where_the_settings_let_it_it_leaves_without(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        behave("down");
        start();
        send_report(AT, DE, id);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 1);
        AWAIT(said(AT, "event=timestamp-missing messages=1"));
        assert_true(said(AT, "answers with the status 503"));
        assert_int_equal(number_of(AT, "SELECT count(*) FROM post_stamp WHERE state = 'without'"), 1);
        finish();
}

/* The key that seals is used by a process that connects nowhere any more. */
static void with_the_keys_in_a_token(void **state)
{
        if (!in_token) {
                print_message("SKIP: SoftHSM (softhsm2) or pkcs11-tool (opensc) is not installed\n");
                skip();
        }
        what_leaves_has_a_timestamp(state);
}

static void a_service_behind_tls(void **state)
{
        char id[MODEL_ID_MAX];

        (void)state;
        use_tls("pki/root.crt"); /* of somebody else */
        start();
        send_report(AT, DE, id);
        AWAIT(number_of(AT, "SELECT count(*) FROM post_stamp WHERE reason LIKE '%does not answer: SSL "
                            "certificate problem%'") == 1);
        kill_node(AT, SIGTERM);
        use_tls("service/tls.crt");
        start_node(AT);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == 1);
        verify(id);
        finish();
}

#define MESSAGES 12
/* kill -9 while the service comes and goes: each message leaves once, with its timestamp. */
static void killed_again_and_again(void **state)
{
        static const char *const manners[] = {"good", "down", "good", "slow"};
        char id[MODEL_ID_MAX];

        (void)state;
        srandom(4711);
        start();
        for (unsigned i = 0; i < MESSAGES; i++) {
                behave(manners[random() % 4]);
                send_report(AT, DE, id);
                usleep((useconds_t)(random() % 400000));
                kill_node(AT, SIGKILL);
                start_node(AT);
        }
        behave("good");
        AWAIT(number_of(AT, "SELECT count(*) FROM post_stamp WHERE state = 'stamped'") == MESSAGES);
        AWAIT(number_of(DE, "SELECT count(*) FROM inbox WHERE state = 1") == MESSAGES);
        AWAIT(number_of(AT, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        assert_int_equal(number_of(AT, "SELECT count(*) FROM outbox"), MESSAGES);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM incident"), 0);
        assert_int_equal(number_of(AT, "SELECT count(*) FROM book_incident"), 0);
        verify(id);
        finish();
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(what_leaves_has_a_timestamp, make_with_service, stop),
                cmocka_unit_test_setup_teardown(
                        a_service_that_does_not_do_it_is_told_of, make_with_service, stop),
                cmocka_unit_test_setup_teardown(with_the_keys_in_a_token, make_with_keys_in_token, stop),
                cmocka_unit_test_setup_teardown(a_service_behind_tls, make_with_tls, stop),
                cmocka_unit_test_setup_teardown(killed_again_and_again, make_with_service, stop),
                cmocka_unit_test_setup_teardown(
                        where_the_settings_let_it_it_leaves_without, make_with_optional_service, stop),
        };

        service_program = argc > 2 ? argv[2] : "";
        verify_program = argc > 3 ? argv[3] : "";
        rogatory_program = argc > 4 ? argv[4] : "";
        if (access("/usr/bin/python3", X_OK) < 0 || access("/usr/bin/openssl", X_OK) < 0) {
                printf("SKIP: python3 or openssl is not installed\n");
                return 77;
        }
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
