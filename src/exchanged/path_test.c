/* SPDX-License-Identifier: EUPL-1.2 */
/* Schedules: an order on its path between two or three nodes that run, while kill -9 and SIGSTOP befall the
 * nodes, each of their processes and whatever people do. Half of them are orders for traffic data that wait
 * for their enforcing authority. Whatever happens: no order is lost, none is answered twice, no evidence
 * leaves without its clearance or after its withdrawal, and every log is sound and what the others witnessed.
 *
 * Each schedule is drawn from the seed and its number. By the environment:
 *   ROGATORY_LONG=1          1,000 schedules instead of 8
 *   ROGATORY_SCHEDULES=N     so many
 *   ROGATORY_SCHEDULE=N      this one alone, its nodes' folders are kept where it fails
 *   ROGATORY_SEED=S          another seed (815)
 *   ROGATORY_JOBS=N          so many at once (3)
 *   ROGATORY_SECONDS=N       none is begun later than that
 *   ROGATORY_TALK=1          says what people do
 * The failed ones are named at the end. */
#include "exchanged/invariants_test.h"

#include <sys/mman.h>

#define SEED 815
#define JOBS_MAX 16
#define SCHEDULE_MS 180000 /* far more than one ever takes */
#define TURN_US 3000

/* What all processes of the test count. */
struct counts {
        unsigned faults[FAULT_KINDS], people, ended[SCENARIOS], released[SCENARIOS], withdrawn_first;
};
static struct counts *counts;

#define COUNT(what) __atomic_fetch_add(&counts->what, 1, __ATOMIC_RELAXED)

/* ---- faults ---- */

struct befalling {
        bool begun, over;
        int64_t at_ms; /* TIME_UNKNOWN: not enough has happened yet */
        int64_t until_ms;
        pid_t stopped[DESCENDANTS_MAX]; /* those that are, also where their parent is killed meanwhile */
        size_t stopped_count;
};

/* False where there is nobody whom it could befall yet. */
static bool befall(struct run *run, const struct fault *fault, struct befalling *now)
{
        unsigned which = run->plan->places[fault->place];
        pid_t child;

        if (!is_running(which))
                return false;
        switch (fault->kind) {
        case FAULT_PARENT:
                kill_node(which, SIGKILL);
                return true;
        case FAULT_CRASH:
                crash_node(which, run->busy[which].pid);
                return true;
        case FAULT_STOP:
                return kill(nodes[which], SIGSTOP) == 0;
        case FAULT_STOP_ALL:
                now->stopped_count = stop_all(which, now->stopped);
                return true;
        default:
                child = find_child(which, fault->kind == FAULT_GATE);
                if (child <= 0)
                        return false;
                if (fault->kind == FAULT_STOP_CHILD)
                        now->stopped[now->stopped_count++] = child;
                return kill(child, fault->kind == FAULT_STOP_CHILD ? SIGSTOP : SIGKILL) == 0;
        }
}

static void recover(struct run *run, const struct fault *fault, const struct befalling *now)
{
        unsigned which = run->plan->places[fault->place];

        for (size_t i = 0; i < now->stopped_count; i++)
                kill(now->stopped[i], SIGCONT);
        if (fault->kind == FAULT_STOP && is_running(which))
                kill(nodes[which], SIGCONT);
        else if (fault->kind < FAULT_STOP && !is_running(which))
                start_node(which);
}

static bool step_faults(struct run *run, struct befalling *befalling)
{
        int64_t now_ms = clock_steady_ms();
        bool all_over = true;

        for (unsigned i = 0; i < run->plan->fault_count; i++) {
                const struct fault *fault = &run->plan->faults[i];
                struct befalling *now = &befalling[i];
                if (now->at_ms == TIME_UNKNOWN && run->changes >= fault->changes)
                        now->at_ms = now_ms + fault->delay_ms;
                if (!now->begun && now->at_ms != TIME_UNKNOWN && now_ms >= now->at_ms &&
                        befall(run, fault, now)) {
                        now->begun = true;
                        now->until_ms = now_ms + fault->duration_ms;
                        COUNT(faults[fault->kind]);
                        if (getenv("ROGATORY_TALK"))
                                print_message("                %s of %s\n", fault_names[fault->kind],
                                        names[run->plan->places[fault->place]]);
                }
                if (now->begun && !now->over && now_ms >= now->until_ms) {
                        recover(run, fault, now);
                        now->over = true;
                }
                all_over &= now->over;
        }
        return all_over;
}

/* What a service manager does: a node that ended is started again. It may end by itself only where one of its
 * processes was killed before it was ready. */
static void restart_ended(const struct run *run, const struct befalling *befalling)
{
        bool killed[ALL_NODES] = {false};
        int status;

        for (unsigned i = 0; i < run->plan->fault_count; i++)
                killed[run->plan->places[run->plan->faults[i].place]] |= befalling[i].begun;
        for (unsigned i = 0; i < run->plan->place_count; i++) {
                unsigned which = run->plan->places[i];
                if (!is_running(which) || waitpid(nodes[which], &status, WNOHANG) != nodes[which])
                        continue;
                nodes[which] = 0;
                HOLDS(run->plan, killed[which]);
                start_node(which);
        }
}

/* ---- one schedule ---- */

static bool one_of(const char *state, const char *states)
{
        size_t length = strlen(state);
        const char *at = length ? strstr(states, state) : NULL;

        return at && (at == states || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0');
}

static bool has_ended(const struct run *run)
{
        const struct view *issuer = &run->views[run->plan->places[0]], *provider = &run->views[DE],
                          *ea = &run->views[EA];

        for (unsigned i = 0; i < run->plan->place_count; i++) {
                unsigned which = run->plan->places[i];
                if (run->views[which].waiting != 0 || run->busy[which].pid > 0 || !is_running(which))
                        return false;
        }
        switch (run->plan->scenario) {
        case WHOLLY_REFUSED:
                return strcmp(provider->state, "refused") == 0 && issuer->ea_refused > 0;
        case TRAFFIC_WITHDRAWN:
        case WITHDRAWN:
                return one_of(issuer->state, "deleted informed") &&
                       one_of(provider->state, "withdrawn deleted released") &&
                       (!is_traffic(run->plan->scenario) || ea->decided > 0 ||
                               one_of(ea->state, "withdrawn"));
        case PRESERVED:
                return strcmp(provider->state, "preserved") == 0 && issuer->extended > 0 &&
                       provider->extended > 0;
        default:
                return strcmp(issuer->state, "informed") == 0;
        }
}

static void talk_of(const struct run *run)
{
        for (unsigned i = 0; i < run->plan->place_count; i++) {
                const struct view *view = &run->views[run->plan->places[i]];
                print_message(
                        "%s (%s): \"%s\", %lld messages wait, decided %lld, validated %lld, extended %lld\n",
                        names[run->plan->places[i]],
                        is_running(run->plan->places[i]) ? "runs" : "does not run", view->state,
                        (long long)view->waiting, (long long)view->decided, (long long)view->validated,
                        (long long)view->extended);
        }
}

/* One that was started a moment ago may not listen to signals yet, and one that lost a process before it was
 * ready ends by itself. True where it ended as it should. */
static bool end_node(unsigned which, bool was_hit)
{
        int status = 0;

        kill(nodes[which], SIGTERM);
        assert_int_equal(waitpid(nodes[which], &status, 0), nodes[which]);
        nodes[which] = 0;
        if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
                !(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) && !(was_hit && WIFEXITED(status)))
                fail_msg("%s ended with %x", names[which], (unsigned)status);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void run_schedule(const struct schedule_plan *plan)
{
        struct run run = {.plan = plan};
        struct befalling befalling[FAULTS_MAX] = {{.begun = false}};
        int64_t give_up_ms = clock_steady_ms() + SCHEDULE_MS;

        for (unsigned i = 0; i < FAULTS_MAX; i++)
                befalling[i].at_ms = TIME_UNKNOWN;
        for (unsigned i = 0; i < plan->place_count; i++)
                start_node(plan->places[i]);
        for (bool over = false; !over;) {
                over = step_faults(&run, befalling);
                restart_ended(&run, befalling);
                for (unsigned i = 0; i < plan->place_count; i++) {
                        look(&run, plan->places[i]);
                        step_people(&run, plan->places[i], (enum who)i);
                }
                bool ended = has_ended(&run);
                if (ended)
                        run.changes = AT_THE_END; /* whatever has not befallen does now */
                over = over && ended;
                if (clock_steady_ms() > give_up_ms) {
                        talk_of(&run);
                        fail_msg("schedule %u, %s: the order does not arrive; %s", plan->number,
                                scenario_names[plan->scenario], last_words);
                }
                usleep(TURN_US);
        }
        __atomic_fetch_add(&counts->people, run.people_killed, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < plan->place_count; i++) {
                /* What the last pass left to do. */
                AWAIT((look(&run, plan->places[i]), run.views[plan->places[i]].waiting == 0));
                unsigned which = plan->places[i];
                bool was_hit = false;
                for (unsigned k = 0; k < plan->fault_count; k++)
                        was_hit |= plan->faults[k].place == i;
                if (!end_node(which, was_hit)) {
                        start_node(which);
                        sleep(1);
                        HOLDS(plan, end_node(which, false));
                }
        }
}

/* ---- folders ---- */

struct slot {
        char folder[64]; /* of the schedules that run in it one after the other */
        uint16_t ports[ALL_NODES];
        pid_t pid;
        unsigned schedule;
};

static char copy_from[80], copy_to[80];

static int copy_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        struct buffer bytes = buffer_make(64 << 20);
        char to[600];

        (void)place;
        snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
        if (kind == FTW_D)
                return mkdir(to, status->st_mode & 0777);
        if (kind != FTW_F)
                return -1;
        int file = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0777);
        bool done = file >= 0 && file_read(path, &bytes, NULL) == 0 &&
                    write(file, bytes.bytes, bytes.length) == (ssize_t)bytes.length;
        if (file >= 0)
                close(file);
        buffer_free(&bytes);
        return done ? 0 : -1;
}

/* Nodes that have done nothing yet are made once, and copied. */
static void make_slot(struct slot *slot)
{
        const char *below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        char made[80];

        snprintf(slot->folder, sizeof slot->folder, "%s/rogatory-test-XXXXXX", below);
        assert_non_null(mkdtemp(slot->folder));
        snprintf(scratch, sizeof scratch, "%.50s/run", slot->folder);
        assert_int_equal(mkdir(scratch, 0700), 0);
        for (unsigned i = 0; i < ALL_NODES; i++)
                ports[i] = slot->ports[i] = free_port();
        write_set(1, "pki");
        for (unsigned i = 0; i <= EA; i++) {
                set_clock(i, 0);
                make_node(i);
        }
        make_two_sources();
        make_store();
        snprintf(made, sizeof made, "%.50s/made", slot->folder);
        assert_int_equal(rename(scratch, made), 0);
}

static void take_copy(const struct slot *slot)
{
        snprintf(scratch, sizeof scratch, "%.50s/run", slot->folder);
        snprintf(copy_from, sizeof copy_from, "%.50s/made", slot->folder);
        snprintf(copy_to, sizeof copy_to, "%.50s/run", slot->folder);
        memcpy(ports, slot->ports, sizeof ports);
        assert_int_equal(nftw(copy_from, copy_one, 16, FTW_PHYS), 0);
}

static void remove_folder(const char *folder)
{
        nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- all of them ---- */

static unsigned number_from(const char *name, unsigned standard)
{
        const char *text = getenv(name);

        return text ? (unsigned)strtoul(text, NULL, 10) : standard;
}

/* In a process of its own: what fails there ends it, and its nodes with it. */
static void begin_schedule(struct slot *slot, unsigned number)
{
        fflush(NULL);
        slot->schedule = number;
        slot->pid = fork();
        assert_true(slot->pid >= 0);
        if (slot->pid > 0)
                return;
        const struct schedule_plan plan = draw_plan(number_from("ROGATORY_SEED", SEED), number);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        take_copy(slot);
        run_schedule(&plan);
        bool released = number_of(DE, RELEASES) > 0;
        assert_invariants(&plan);
        remove_folder(scratch);
        COUNT(ended[plan.scenario]);
        if (released)
                COUNT(released[plan.scenario]);
        fflush(NULL);
        _exit(0);
}

/* True where it was as it must be. What is left of one that was not is kept where it ran alone. */
static bool end_schedule(struct slot *slot, int status)
{
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        char run[80];

        slot->pid = 0;
        snprintf(run, sizeof run, "%.50s/run", slot->folder);
        if (!good)
                print_message("FAILED: ROGATORY_SEED=%u ROGATORY_SCHEDULE=%u (status %x)\n",
                        number_from("ROGATORY_SEED", SEED), slot->schedule, (unsigned)status);
        if (!good && getenv("ROGATORY_SCHEDULE")) {
                print_message("its nodes stand in %s\n", run);
                *slot->folder = '\0';
        } else {
                remove_folder(run);
        }
        return good;
}

static void talk_of_counts(unsigned ran, unsigned failed, int64_t seconds)
{
        print_message("%u schedules in %lld s, %u failed; kill -9 of", ran, (long long)seconds, failed);
        for (unsigned i = 0; i < FAULT_KINDS; i++)
                print_message("%s %s: %u", i ? "," : "", fault_names[i], counts->faults[i]);
        print_message(", people's commands: %u\n", counts->people);
        for (unsigned i = 0; i < SCENARIOS; i++)
                print_message("%s%s: %u, of these released %u", i ? "; " : "", scenario_names[i],
                        counts->ended[i], counts->released[i]);
        print_message("\n");
}

static void whatever_is_killed_an_order_is_answered_once_and_lawfully(void **state)
{
        bool alone = getenv("ROGATORY_SCHEDULE") != NULL;
        unsigned first = number_from("ROGATORY_SCHEDULE", 0), ran = 0, failed = 0, next = first,
                 until = first +
                         (alone ? 1 : number_from("ROGATORY_SCHEDULES", getenv("ROGATORY_LONG") ? 1000 : 8)),
                 jobs = alone ? 1 : number_from("ROGATORY_JOBS", 3);
        int64_t began_ms = clock_steady_ms(), seconds = number_from("ROGATORY_SECONDS", 0);
        struct slot slots[JOBS_MAX] = {{.pid = 0}};
        int status;

        (void)state;
        assert_true(jobs > 0 && jobs <= JOBS_MAX);
        for (unsigned i = 0; i < jobs; i++)
                make_slot(&slots[i]);
        for (unsigned busy = 0;;) {
                bool late = seconds > 0 && clock_steady_ms() - began_ms > seconds * 1000;
                for (unsigned i = 0; i < jobs && next < until && !late; i++)
                        if (slots[i].pid == 0) {
                                begin_schedule(&slots[i], next++);
                                busy++;
                        }
                if (busy == 0)
                        break;
                pid_t pid = wait(&status);
                for (unsigned i = 0; i < jobs; i++)
                        if (slots[i].pid == pid) {
                                failed += !end_schedule(&slots[i], status);
                                ran++;
                                busy--;
                        }
        }
        for (unsigned i = 0; i < jobs; i++)
                if (*slots[i].folder)
                        remove_folder(slots[i].folder);
        talk_of_counts(ran, failed, (clock_steady_ms() - began_ms) / 1000);
        assert_int_equal(failed, 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whatever_is_killed_an_order_is_answered_once_and_lawfully),
        };

        rogatory = argc > 2 ? argv[2] : "";
        store_below_scratch = true;
        own_roles[AT] = own_roles[COURT] = "officer";
        own_roles[DE] = "desk";
        own_roles[EA] = "validator";
        counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (counts == MAP_FAILED || !nodes_begin(argc, argv))
                return 77;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
