/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_NODES_TEST_H
#define ROGATORY_EXCHANGED_NODES_TEST_H

/* For tests: two nodes in a scratch folder, each a rogatory-exchange that runs, and hands on their database
 * and log. */

#include "exchange/post.h"
#include "issuance/issuance.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/person.h"
#include "os/scratch_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define AUTHORITY "at-prosecution-vienna"
#define PROVIDER "de-provider"
#define HOSTILE "fr-court" /* the directory names it, and it has no node of ours */
#define ORDER_ID "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"
#define NOBODY 65534
#define PATIENCE_MS 60000

/* Most tests need the first two alone. */
enum { AT, DE, NODES, COURT = NODES, EA, OVERSIGHT, ALL_NODES };
static uint16_t published[ALL_NODES]; /* where the directory says that they are; 0: where they are */
#define PUBLISHED(which) (published[which] ? published[which] : ports[which])
static const char *const names[ALL_NODES] = {
        AUTHORITY, PROVIDER, "at-court-vienna", "de-enforcement-berlin", "at-oversight"};
static unsigned node_count = NODES; /* that are made */
static const char *program;         /* rogatory-exchange, of little patience */
static pid_t nodes[ALL_NODES];
static uint16_t ports[ALL_NODES];
static int64_t ahead_ms[ALL_NODES];      /* of their clocks, where the program is one of tests
                                            (tests/exchange/pretend.c) */
static bool store_below_scratch;         /* the provider has SCRATCH/store */
static const char *own_roles[ALL_NODES]; /* of whoever runs the test, as he acts over a node's socket; NULL:
                                            none */

static inline void must(int r, const struct error *error)
{
        if (r < 0)
                fail_msg("%s (%d)", error->text, r);
}

/* One that is free now, and that no connection is given as its own end (ip_local_port_range): a node that was
 * killed must be able to come back to it. */
static inline uint16_t free_port(void)
{
        static unsigned next;

        if (next == 0)
                next = (unsigned)getpid() * 97u;
        for (unsigned tries = 0; tries < 20000; tries++) {
                uint16_t port = (uint16_t)(10000 + next++ % 20000);
                struct sockaddr_in at = {.sin_family = AF_INET,
                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                        .sin_port = htons(port)};
                int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                bool bound = s >= 0 && bind(s, (struct sockaddr *)&at, sizeof at) == 0;
                if (s >= 0)
                        close(s);
                if (bound)
                        return port;
        }
        fail_msg("no port is free");
        return 0;
}

/* Keys and the directory of both, as SCRATCH/name. */
static inline void write_set(uint64_t version, const char *name)
{
        struct issuance_list *list = NULL;
        struct issuance_set set = {.count = 0};
        struct error error = {0};
        char text[1024], path[512];

        snprintf(text, sizeof text,
                AUTHORITY
                " issuing-authority prosecutor https://127.0.0.1:%u +431000001 Prosecution\n" PROVIDER
                " provider - https://127.0.0.1:%u +4930000004 Provider\n"
                "at-court-vienna issuing-authority,validating-authority court https://127.0.0.1:%u "
                "+431000002 Court\n"
                "de-enforcement-berlin enforcing-authority - https://127.0.0.1:%u +4930000003 EA\n"
                "at-oversight oversight - https://127.0.0.1:%u +431000005 Oversight\n" HOSTILE
                " validating-authority court https://127.0.0.1:1 +331000001 Court\n"
                "state FR Europe/Paris 2026-12-25\n",
                PUBLISHED(AT), PUBLISHED(DE), PUBLISHED(COURT), PUBLISHED(EA), PUBLISHED(OVERSIGHT));
        must(issuance_list_read(slice_of(text), "list", &list, &error), &error);
        must(issuance_make(list, clock_now_ms() - 3 * TIME_HOUR, 90, version, &set, &error), &error);
        must(folder_make(scratch_path(name), &error), &error);
        for (size_t i = 0; i < set.count; i++) {
                const struct issuance_file *file = &set.files[i];
                snprintf(path, sizeof path, "%s/%s", scratch_path(name), file->path);
                if (file->folder) {
                        must(folder_make(path, &error), &error);
                        continue;
                }
                char *slash = strrchr(path, '/');
                *slash = '\0';
                must(file_publish(path, slash + 1, file->bytes.bytes, file->bytes.length, &error), &error);
        }
        issuance_set_free(&set);
        issuance_list_free(list);
}

static void (*adapt)(struct office_settings *settings, unsigned which); /* more of a node that is made */

static inline void make_node(unsigned which)
{
        static const char *const people[] = {"berger:officer", "huber:validator", "maier:second-person",
                "wolf:overseer", "admin:administrator", "desk:desk"};
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct error error = {0};
        char keys[512], directory[512], stamps[512];
        const struct office_options as_admin = {.login = "admin"};

        assert_non_null(settings);
        office_settings_default(settings);
        snprintf(settings->organisation, sizeof settings->organisation, "%s", names[which]);
        snprintf(settings->listen, sizeof settings->listen, "127.0.0.1:%u", ports[which]);
        if (adapt)
                adapt(settings, which);
        if (which == DE && store_below_scratch)
                snprintf(settings->store, sizeof settings->store, "%s/store", scratch);
        for (size_t i = 0; i < sizeof people / sizeof *people; i++)
                must(office_settings_add_person(settings, slice_of(people[i]), &error), &error);
        if (own_roles[which]) {
                char login[PERSON_LOGIN_MAX], own[PERSON_LOGIN_MAX + 64];
                snprintf(own, sizeof own, "%s:%s", person_login(login), own_roles[which]);
                must(office_settings_add_person(settings, slice_of(own), &error), &error);
        }
        snprintf(keys, sizeof keys, "%s/pki/organisations/%s", scratch, names[which]);
        snprintf(directory, sizeof directory, "%s/pki/directory", scratch);
        snprintf(stamps, sizeof stamps, "%s/pki/tsa.crt", scratch);
        const struct office_plan plan = {.keys = keys,
                .directory = directory,
                .settings = settings,
                .timestamps = *settings->timestamp_certificate ? stamps : NULL};
        must(office_init(scratch_path(names[which]), &plan, &as_admin, &error), &error);
        free(settings);
}

/* Also of a node that runs. */
static inline void set_clock(unsigned which, int64_t ms)
{
        char path[300], text[32];

        snprintf(path, sizeof path, "%s.clock", scratch_path(names[which]));
        snprintf(text, sizeof text, "%-30lld\n", (long long)ms);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0 && write(file, text, 31) == 31 && close(file) == 0);
        ahead_ms[which] = ms;
}

static inline void start_node(unsigned which)
{
        char log[300], clock[300];

        snprintf(log, sizeof log, "%s.log", scratch_path(names[which]));
        snprintf(clock, sizeof clock, "%s.clock", scratch_path(names[which]));
        fflush(NULL);
        nodes[which] = fork();
        if (nodes[which] == 0) {
                int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
                if (file >= 0)
                        dup2(file, STDERR_FILENO);
                setenv("ROGATORY_PRETEND_CLOCK", clock, 1);
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no nodes behind */
                execl(program, program, "--node", scratch_path(names[which]), (char *)NULL);
                _exit(127);
        }
}

static inline void kill_node(unsigned which, int with)
{
        int status = 0;

        if (nodes[which] <= 0)
                return;
        kill(nodes[which], with);
        assert_int_equal(waitpid(nodes[which], &status, 0), nodes[which]);
        nodes[which] = 0;
        if (with == SIGTERM && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
                fail_msg("%s ended with %x", names[which], status);
}

static inline int stop_nodes(void **state)
{
        for (unsigned i = 0; i < ALL_NODES; i++)
                if (nodes[i] > 0) {
                        kill(nodes[i], SIGKILL);
                        waitpid(nodes[i], NULL, 0);
                        nodes[i] = 0;
                }
        return scratch_teardown(state);
}

static inline int make_nodes(void **state)
{
        int r = scratch_setup(state);

        for (unsigned i = 0; i < ALL_NODES; i++)
                ports[i] = free_port();
        write_set(1, "pki");
        for (unsigned i = 0; i < node_count; i++) {
                set_clock(i, 0);
                make_node(i);
        }
        return r;
}

static int64_t node_now(void *context)
{
        return clock_now_ms() + *(const int64_t *)context;
}

static inline struct office *open_node(unsigned which, const char *login)
{
        const struct office_options options = {.now = node_now, .context = &ahead_ms[which], .login = login};
        struct office *office = NULL;
        struct error error = {0};

        must(office_open(scratch_path(names[which]), &options, &office, &error), &error);
        return office;
}

/* What a node has said until now. */
static inline bool said(unsigned which, const char *what)
{
        struct buffer text = buffer_make(64 << 20);
        char log[300];

        snprintf(log, sizeof log, "%s.log", scratch_path(names[which]));
        bool found = file_read(log, &text, NULL) == 0 && memmem(text.bytes, text.length, what, strlen(what));
        buffer_free(&text);
        return found;
}

/* A number out of a node's database, by a connection of its own. */
static inline int64_t number_of(unsigned which, const char *sql)
{
        char path[300];
        sqlite3 *database = NULL;
        sqlite3_stmt *row = NULL;
        int64_t number = -1;

        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[which]));
        if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_busy_timeout(database, 30000) == SQLITE_OK &&
                sqlite3_prepare_v2(database, sql, -1, &row, NULL) == SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW)
                number = sqlite3_column_int64(row, 0);
        sqlite3_finalize(row);
        sqlite3_close(database);
        return number;
}

/* Waits for what comes by itself; far longer than it ever takes. */
#define AWAIT(condition)                                                                                     \
        do {                                                                                                 \
                int64_t give_up = clock_steady_ms() + PATIENCE_MS;                                           \
                while (!(condition)) {                                                                       \
                        if (clock_steady_ms() > give_up)                                                     \
                                fail_msg("waited in vain: %s", #condition);                                  \
                        usleep(10000);                                                                       \
                }                                                                                            \
        } while (0)

/* A report about an order that nobody knows: any node takes it. */
static inline void send_report(unsigned from, unsigned to, char ret_id[MODEL_ID_MAX])
{
        struct office *office = open_node(from, "berger");
        struct message message;
        struct error error = {0};

        message_init(&message, MESSAGE_ERROR_REPORT);
        snprintf(message.order_id, sizeof message.order_id, ORDER_ID);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", names[to]);
        message.error_report.kind = ERROR_WRONG_PERSON;
        message.error_report.description = strdup("the port was read as another");
        message.error_report.found_ms = clock_now_ms();
        must(office_step_begin(office, &error), &error);
        must(office_step_end(office, post_send(office, &message, NULL, 0, NULL, &error), &error), &error);
        snprintf(ret_id, MODEL_ID_MAX, "%s", message.id);
        message_free(&message);
        office_close(office);
}

static inline void check_log(unsigned which)
{
        struct findings findings = {0};
        struct chronicle_counts counts;
        struct error error = {0};
        char path[300];

        snprintf(path, sizeof path, "%s/chronicle", scratch_path(names[which]));
        must(chronicle_check(path, NULL, &findings, &counts, &error), &error);
        for (size_t i = 0; i < findings.count; i++)
                if (findings.list[i].weight == FINDING_FATAL)
                        fail_msg("%s: the log is not sound: %s", names[which], findings.list[i].sentence);
        assert_true(findings_hold(&findings) && counts.entries > 0);
        findings_free(&findings);
}

/* A node does not run as root. False where the test cannot be run, which is said. */
static inline bool nodes_begin(int argc, char **argv)
{
        program = argc > 1 ? argv[1] : "";
        signal(SIGPIPE, SIG_IGN);
        if (geteuid() == 0 &&
                (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)) {
                printf("SKIP: root cannot become anybody else here\n");
                return false;
        }
        if (access(program, X_OK) == 0)
                return true;
        printf("SKIP: %s is not to be reached by the user who would run it\n", program);
        return false;
}

#endif
