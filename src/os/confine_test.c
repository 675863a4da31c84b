/* SPDX-License-Identifier: EUPL-1.2 */
/* Each attempt is made by a process of its own, which confines itself as a role first. It tells by its exit
 * code what the attempt gave, or dies of it; the parent compares with what os/confine.h promises. */
#include "os/confine.h"

#include "os/program.h"
#include "os/scratch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define NOBODY "nobody"
#define DIES (-SIGSYS)
#define NOT_CONFINED 100

static bool has_landlock;
static bool collect_has_paths, parent_may_connect;
static uint16_t parent_port; /* that it connects to; 0: any */
static int before;           /* a socket that was made before */
static int pair[2];          /* and two of the unix domain */

/* 0, or the errno of the attempt. */
typedef int attempt_function(void);

static int open_inside(void)
{
        int file = open(scratch_path("store/file"), O_RDWR);
        char text[8];
        return file < 0 ? errno : read(file, text, sizeof text) == 5 && fsync(file) == 0 ? 0 : EIO;
}

static int open_outside(void)
{
        return open(scratch_path("outside"), O_RDONLY) < 0 ? errno : 0;
}

static int make_inside(void)
{
        int file = open(scratch_path("store/new"), O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (file < 0 || write(file, "x", 1) != 1 || ftruncate(file, 0) < 0 ||
                rename(scratch_path("store/new"), scratch_path("store/newer")) < 0 ||
                unlink(scratch_path("store/newer")) < 0)
                return errno;
        return 0;
}

static int write_what_is_for_reading(void)
{
        return open(scratch_path("readable/file"), O_WRONLY) < 0 ? errno : 0;
}

static int make_outside(void)
{
        return open(scratch_path("free/new"), O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
}

static int remove_outside(void)
{
        return unlink(scratch_path("free/file")) < 0 ? errno : 0;
}

static int make_socket(void)
{
        return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int connect_somewhere(void)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0x7f000001)}};
        return connect(before, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
}

static int listen_somewhere(void)
{
        struct sockaddr_in at = {.sin_family = AF_INET};
        return bind(before, (struct sockaddr *)&at, sizeof at) < 0 ? errno : 0;
}

static int execute(void)
{
        char *arguments[] = {(char[]){"true"}, NULL}, *environment[] = {NULL};
        execve("/bin/true", arguments, environment);
        return errno;
}

static int start_a_process(void)
{
        pid_t child = fork();
        if (child == 0)
                _exit(0);
        return child < 0 ? errno : 0;
}

static int signal_parent(void)
{
        return kill(getppid(), 0) < 0 ? errno : 0;
}

/* As the store does for a question: a pipe, a child, its end. */
static int have_work_done(void)
{
        int ends[2], status;
        char text[4] = "";

        if (pipe2(ends, O_CLOEXEC) < 0)
                return errno;
        pid_t child = fork();
        if (child == 0)
                _exit(write(ends[1], "abc", 3) == 3 ? 0 : 1);
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
                return ECHILD;
        return read(ends[0], text, sizeof text) == 3 ? 0 : EIO;
}

/* Minus the signal that a child died of. */
static int outcome_in_child(attempt_function *attempt)
{
        int status;

        pid_t child = fork();
        if (child == 0)
                _exit(attempt());
        if (child < 0 || waitpid(child, &status, 0) != child)
                return ECHILD;
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0 : EPERM;
}

static int a_child_executes(void)
{
        return outcome_in_child(execute);
}

static int a_child_makes_a_socket(void)
{
        return outcome_in_child(make_socket);
}

static int a_child_signals_its_parent(void)
{
        return outcome_in_child(signal_parent);
}

static int start_a_thread(void)
{
        return syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES, NULL, NULL, NULL,
                       0UL) < 0
                       ? errno
                       : 0;
}

static void *do_nothing(void *context)
{
        return context;
}

/* As modules of tokens may, and whoever enters a network before it confines itself. */
static int work_in_a_thread(void)
{
        pthread_t thread;

        int code = pthread_create(&thread, NULL, do_nothing, NULL);
        return code ? code : pthread_join(thread, NULL);
}

static int enter_a_name_space(void)
{
        long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0UL);
        if (child == 0)
                _exit(0);
        return child < 0 ? errno : 0;
}

static int clone_by_structure(void)
{
        uint64_t arguments[8] = {[4] = SIGCHLD};
        long child = syscall(SYS_clone3, arguments, sizeof arguments);
        if (child == 0)
                _exit(0);
        return child < 0 ? errno : 0;
}

/* A question's connection is handed to whoever answers it. */
static int hand_a_descriptor_over(void)
{
        char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
        struct iovec bytes = {&byte, 1};
        struct msghdr message = {
                .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);

        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &before, sizeof before);
        if (sendmsg(pair[0], &message, 0) != 1 || recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) != 1)
                return errno;
        head = CMSG_FIRSTHDR(&message);
        return head && head->cmsg_type == SCM_RIGHTS ? 0 : EIO;
}

static int trace(void)
{
        return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

static int read_parent(void)
{
        return syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL) < 0 ? errno : 0;
}

static int run_own_code(void)
{
        void *memory =
                mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? errno : 0;
}

static int make_memory_code(void)
{
        void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? ENOMEM : mprotect(memory, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int become_root(void)
{
        return setresuid(0, 0, 0) < 0 ? errno : 0;
}

/* What every role must be able to do. */
static int work(void)
{

        char *memory = malloc(3000000);
        char text[4] = "abc";

        if (!memory || (memset(memory, 1, 3000000), memory[17] != 1))
                return ENOMEM;
        free(memory);
        if (getsockname(before, (struct sockaddr *)&(struct sockaddr_storage){0}, &(socklen_t){128}) < 0)
                return errno;
        struct timespec now;
        if (clock_gettime(CLOCK_REALTIME, &now) < 0 || syscall(SYS_getrandom, text, 3UL, 0UL) != 3)
                return errno;
        return geteuid() == 0 || getuid() == 0 ? EPERM : 0;
}

static int abort_itself(void)
{
        abort();
}

/* Files can be seen by nobody but through the rights of the role: their modes allow all of it. */
static int setup(void **state)
{
        static const char *const folders[] = {"store", "readable", "free"};
        static const char *const files[] = {"store/file", "readable/file", "free/file", "outside"};

        if (scratch_setup(state) != 0 || chmod(scratch, 0777) < 0)
                return -1;
        for (size_t i = 0; i < 3; i++)
                if (mkdir(scratch_path(folders[i]), 0777) < 0 || chmod(scratch_path(folders[i]), 0777) < 0)
                        return -1;
        for (size_t i = 0; i < 4; i++) {
                FILE *file = fopen(scratch_path(files[i]), "w");
                if (!file || fputs("bytes", file) < 0 || fclose(file) != 0 ||
                        chmod(scratch_path(files[i]), 0666) < 0)
                        return -1;
        }
        return 0;
}

#define PATHS 5

static struct confine_plan plan_of_parent(struct confine_path paths[PATHS])
{
        const uint64_t kept = UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;

        paths[0] = (struct confine_path){"/usr", CONFINE_READ};
        paths[1] = (struct confine_path){"/bin/true", CONFINE_EXECUTE};
        paths[4] = (struct confine_path){"/etc", CONFINE_READ};
        paths[2] = (struct confine_path){program_loader(), CONFINE_EXECUTE};
        paths[3] =
                (struct confine_path){scratch_path("store"), CONFINE_READ | CONFINE_WRITE | CONFINE_SOCKET};
        return (struct confine_plan){.role = CONFINE_PARENT,
                .user = geteuid() == 0 ? NOBODY : NULL,
                .paths = paths,
                .path_count = PATHS,
                .capabilities = kept,
                .inherited = kept,
                .child_user = "daemon",
                .may_connect = parent_may_connect,
                .connect_ports = {0, parent_port},
                .without_landlock = !has_landlock};
}

static struct confine_plan plan_of(enum confine_role role, struct confine_path paths[PATHS])
{
        if (role == CONFINE_PARENT)
                return plan_of_parent(paths);
        paths[0] = (struct confine_path){scratch_path("store"), CONFINE_READ | CONFINE_WRITE};
        paths[1] = (struct confine_path){scratch_path("readable"), CONFINE_READ};
        return (struct confine_plan){.role = role,
                .user = geteuid() == 0 ? NOBODY : NULL,
                .paths = paths,
                .path_count = role == CONFINE_STORE || collect_has_paths ? 2 : 0,
                .without_landlock = !has_landlock};
}

static void become_nobody(void)
{
        struct passwd *nobody = getpwnam(NOBODY);
        if (!nobody || setgid(nobody->pw_gid) < 0 || setuid(nobody->pw_uid) < 0)
                _exit(NOT_CONFINED);
}

/* 0 or an errno; minus the signal where the attempt was the process' death. */
static int outcome(enum confine_role role, bool as_user, bool without_seccomp, attempt_function *attempt)
{
        int status;

        pid_t child = fork();
        if (child == 0) {
                struct confine_path paths[PATHS];
                struct error error = {0};
                struct confine_result result;

                before = socket(AF_INET, SOCK_STREAM, 0);
                if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                        _exit(NOT_CONFINED);
                if (as_user)
                        become_nobody();
                struct confine_plan plan = plan_of(role, paths);
                plan.without_seccomp = without_seccomp;
                if (confine(&plan, &result, &error) < 0) {
                        print_message("%s\n", error.text);
                        _exit(NOT_CONFINED);
                }
                if (result.uid != geteuid() || result.seccomp == without_seccomp ||
                        (result.landlock != 0) != has_landlock)
                        _exit(NOT_CONFINED);
                _exit(attempt());
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* As root where the test is root (then the role becomes nobody), and as an ordinary user in any case. */
static void expect(enum confine_role role, attempt_function *attempt, int expected)
{
        assert_int_equal(outcome(role, false, false, attempt), expected);
        if (geteuid() == 0)
                assert_int_equal(outcome(role, true, false, attempt), expected);
}

static void test_forbidden_to_all(void **state)
{
        (void)state;
        for (unsigned role = 0; role < CONFINE_PARENT; role++) {
                expect(role, work, 0);
                expect(role, make_socket, DIES);
                expect(role, connect_somewhere, DIES);
                expect(role, listen_somewhere, DIES);
                expect(role, execute, DIES);
                expect(role, start_a_thread, DIES);
                expect(role, enter_a_name_space, DIES);
                expect(role, clone_by_structure, DIES);
                expect(role, hand_a_descriptor_over, 0);
                expect(role, trace, DIES);
                expect(role, read_parent, DIES);
                expect(role, run_own_code, DIES);
                expect(role, make_memory_code, DIES);
                expect(role, signal_parent, DIES);
                expect(role, become_root, DIES);
                expect(role, abort_itself, -SIGABRT);
        }
}

static void test_collect_has_no_files(void **state)
{
        (void)state;
        expect(CONFINE_COLLECT, open_inside, DIES);
        expect(CONFINE_COLLECT, open_outside, DIES);
        expect(CONFINE_COLLECT, make_inside, DIES);
        expect(CONFINE_COLLECT, remove_outside, DIES);
        expect(CONFINE_COLLECT, start_a_process, DIES);
}

/* Its journal: the one folder that is named, and nothing beside it. */
static void test_collect_has_what_is_named(void **state)
{
        (void)state;
        collect_has_paths = true;
        expect(CONFINE_COLLECT, open_inside, 0);
        expect(CONFINE_COLLECT, make_inside, 0);
        expect(CONFINE_COLLECT, make_socket, DIES);
        expect(CONFINE_COLLECT, execute, DIES);
        expect(CONFINE_COLLECT, start_a_process, DIES);
        if (has_landlock) {
                expect(CONFINE_COLLECT, open_outside, EACCES);
                expect(CONFINE_COLLECT, make_outside, EACCES);
                expect(CONFINE_COLLECT, remove_outside, EACCES);
        }
        collect_has_paths = false;
}

static void test_store_has_children(void **state)
{
        (void)state;
        expect(CONFINE_STORE, have_work_done, 0);
        expect(CONFINE_STORE, a_child_executes, 0);
        expect(CONFINE_STORE, a_child_makes_a_socket, 0);
        expect(CONFINE_STORE, a_child_signals_its_parent, 0);
}

static int execute_what_is_named(void)
{
        int status;

        pid_t child = fork();
        if (child == 0) {
                char *arguments[] = {(char[]){"true"}, NULL}, *environment[] = {NULL};
                execve("/bin/true", arguments, environment);
                _exit(1);
        }
        return child < 0 || waitpid(child, &status, 0) != child || status != 0 ? EIO : 0;
}

static int execute_another(void)
{
        char *arguments[] = {(char[]){"false"}, NULL}, *environment[] = {NULL};
        execve("/bin/false", arguments, environment);
        return errno;
}

static int bind_in_store(void)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        int made = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(at.sun_path, sizeof at.sun_path, "%s", scratch_path("store/ask"));
        if (made < 0 || bind(made, (struct sockaddr *)&at, sizeof at) < 0 || listen(made, 1) < 0 ||
                unlink(at.sun_path) < 0)
                return errno;
        return 0;
}

static int mount_something(void)
{
        return mount("none", "/mnt", "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static int leave_name_space(void)
{
        return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

/* As rogatory-collect does at its start: root it does not become, the one user it does. */
static int become_child_user(void)
{
        uid_t daemon = getpwnam("daemon")->pw_uid, another = daemon + 1;

        if (setresuid(another, another, another) == 0)
                return EEXIST;
        struct confine_plan plan = {.user = "daemon", .without_landlock = !has_landlock};
        struct error error = {0};
        int r = confine(&plan, NULL, &error);
        if (r < 0)
                print_message("%s\n", error.text);
        return r < 0 ? -r : getuid() == daemon ? 0 : EPERM;
}

static void test_parent_whose_children_connect(void **state)
{
        (void)state;
        parent_may_connect = true;
        expect(CONFINE_PARENT, connect_somewhere, ECONNREFUSED);
        expect(CONFINE_PARENT, trace, DIES);
        /* To named ports only, where the kernel can tell them apart. */
        parent_port = 9;
        expect(CONFINE_PARENT, connect_somewhere, ECONNREFUSED);
        parent_port = 10;
        expect(CONFINE_PARENT, connect_somewhere,
                has_landlock && confine_landlock_version() >= 4 ? EACCES : ECONNREFUSED);
        parent_port = 0;
        parent_may_connect = false;
}

static void test_parent(void **state)
{
        (void)state;
        expect(CONFINE_PARENT, open_inside, 0);
        expect(CONFINE_PARENT, make_inside, 0);
        expect(CONFINE_PARENT, make_socket, 0);
        expect(CONFINE_PARENT, listen_somewhere, 0);
        expect(CONFINE_PARENT, bind_in_store, 0);
        expect(CONFINE_PARENT, have_work_done, 0);
        expect(CONFINE_PARENT, execute_what_is_named, 0);
        expect(CONFINE_PARENT, connect_somewhere, EACCES);
        expect(CONFINE_PARENT, become_root, ENOSYS);
        expect(CONFINE_PARENT, clone_by_structure, ENOSYS);
        expect(CONFINE_PARENT, work_in_a_thread, 0);
        expect(CONFINE_PARENT, enter_a_name_space, DIES);
        expect(CONFINE_PARENT, leave_name_space, DIES);
        expect(CONFINE_PARENT, mount_something, DIES);
        expect(CONFINE_PARENT, trace, DIES);
        expect(CONFINE_PARENT, read_parent, DIES);
        if (geteuid() == 0)
                assert_int_equal(outcome(CONFINE_PARENT, false, false, become_child_user), 0);
        if (!has_landlock)
                skip();
        expect(CONFINE_PARENT, execute_another, EACCES);
        expect(CONFINE_PARENT, open_outside, EACCES);
        expect(CONFINE_PARENT, make_outside, EACCES);
        expect(CONFINE_PARENT, remove_outside, EACCES);
        if (confine_landlock_version() >= 6)
                expect(CONFINE_PARENT, signal_parent, EPERM);
}

/* A parent that is no root but may become others starts its children so. */
static void test_becomes_another_without_root(void **state)
{
        (void)state;
        if (geteuid() != 0)
                skip();
        pid_t child = fork();
        if (child == 0) {
                struct confine_plan plan = {.user = NOBODY, .without_landlock = !has_landlock};
                struct confine_result result;
                struct error error = {0};
                struct passwd *daemon = getpwnam("daemon");
                const struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
                const uint32_t kept = 1u << CAP_SETUID | 1u << CAP_SETGID;
                const struct __user_cap_data_struct some[2] = {{kept, kept, 0}, {0, 0, 0}};

                if (!daemon || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
                        setresgid(daemon->pw_gid, daemon->pw_gid, daemon->pw_gid) < 0 ||
                        setresuid(daemon->pw_uid, daemon->pw_uid, daemon->pw_uid) < 0 ||
                        syscall(SYS_capset, &head, some) < 0)
                        _exit(1);
                uid_t nobody = getpwnam(NOBODY)->pw_uid;
                if (confine(&plan, &result, &error) < 0) {
                        print_message("%s\n", error.text);
                        _exit(2);
                }
                _exit(result.uid == nobody && getuid() == nobody ? 0 : 3);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_store_has_its_own(void **state)
{
        (void)state;
        expect(CONFINE_STORE, open_inside, 0);
        expect(CONFINE_STORE, make_inside, 0);
        if (!has_landlock)
                skip();
        expect(CONFINE_STORE, open_outside, EACCES);
        expect(CONFINE_STORE, write_what_is_for_reading, EACCES);
        expect(CONFINE_STORE, make_outside, EACCES);
        expect(CONFINE_STORE, remove_outside, EACCES);
}

/* Each of the two walls stands without the other. */
static void test_landlock_alone(void **state)
{
        (void)state;
        if (!has_landlock)
                skip();
        assert_int_equal(outcome(CONFINE_COLLECT, false, true, open_outside), EACCES);
        assert_int_equal(outcome(CONFINE_COLLECT, false, true, execute), EACCES);
        assert_int_equal(outcome(CONFINE_COLLECT, false, true, become_root), EPERM);
        if (confine_landlock_version() >= 4) {
                assert_int_equal(outcome(CONFINE_COLLECT, false, true, connect_somewhere), EACCES);
                assert_int_equal(outcome(CONFINE_COLLECT, false, true, listen_somewhere), EACCES);
        }
        if (confine_landlock_version() >= 6)
                assert_int_equal(outcome(CONFINE_COLLECT, false, true, signal_parent), EPERM);
}

/* What is refused, with what is said. In a process of its own, because a refusal may come half-way. */
static void expect_refusal(const struct confine_plan *plan, bool as_user, int expected, const char *words)
{
        int status;

        pid_t child = fork();
        if (child == 0) {
                struct error error = {0};
                if (as_user)
                        become_nobody();
                int r = confine(plan, NULL, &error);
                if (r != expected || !strstr(error.text, words))
                        print_message("%d: %s\n", r, error.text);
                _exit(r == expected && strstr(error.text, words) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_refuses_to_go_on(void **state)
{
        struct confine_path missing = {scratch_path("missing"), CONFINE_READ};
        const char *user = geteuid() == 0 ? NOBODY : NULL;

        (void)state;
        expect_refusal(&(struct confine_plan){.user = "no-such-user"}, false, -EINVAL, "none of that name");
        expect_refusal(&(struct confine_plan){.user = user, .path_count = 65}, false, -EINVAL, "64 paths");
        expect_refusal(&(struct confine_plan){.user = "root"}, false, -EINVAL, "is root");
        if (has_landlock)
                expect_refusal(&(struct confine_plan){.user = user, .paths = &missing, .path_count = 1},
                        false, -ENOENT, "missing");
        else
                expect_refusal(&(struct confine_plan){.user = user}, false, -EOPNOTSUPP, "no Landlock");
        if (geteuid() == 0) {
                expect_refusal(&(struct confine_plan){.user = NULL}, false, -EINVAL, "runs as root");
                expect_refusal(
                        &(struct confine_plan){.user = "daemon"}, true, -EPERM, "neither as root nor with");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_forbidden_to_all, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_collect_has_no_files, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_store_has_its_own, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_collect_has_what_is_named, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_store_has_children, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_parent_whose_children_connect, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_parent, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_becomes_another_without_root, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_landlock_alone, setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_refuses_to_go_on, setup, scratch_teardown),
        };
        has_landlock = confine_landlock_version() > 0;
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        if (failed == 0 && !has_landlock) {
                print_message("SKIP: this kernel has no Landlock, so only the half without it was tested\n");
                return 77;
        }
        return failed;
}
