/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_PEOPLE_TEST_H
#define ROGATORY_EXCHANGED_PEOPLE_TEST_H

/* For tests: what people do in a schedule, by what stands in the book of their node. Each node has one who
 * does something at a time, in a process of his own, or by a command that the node carries out. */

#include "exchange/enforcing.h"
#include "exchange/validating.h"
#include "exchanged/path_test.h"
#include "exchanged/schedule_test.h"

#include <time.h>

/* What a node's book says, read anew when its file has changed. */
struct view {
        char id[MODEL_ID_MAX], state[64];
        int64_t called_back, decided, objected, validated, extended, preserved_until, withdrawn, ea_refused;
        int64_t waiting; /* messages of the outbox and the inbox */
        struct timespec changed;
        off_t length;
        int64_t looked_ms;
        bool fresh;
};

struct run {
        const struct schedule_plan *plan;
        struct view views[ALL_NODES];
        unsigned changes;    /* of states, at all nodes */
        unsigned attempts;   /* of people */
        unsigned impatience; /* how often somebody tried what he may not */
        struct {
                pid_t pid;
                int64_t kill_at_us, again_ms; /* 0: let live; when the next may begin */
                int end;                      /* of a pipe: why it was refused */
        } busy[ALL_NODES];
        unsigned people_killed;
};

static inline int64_t steady_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- what stands in the book ---- */

#define FACT_IS(name) "(SELECT coalesce(max(value), 0) FROM book_fact WHERE name = '" name "'),"
#define STEPS_ARE(name) "(SELECT count(*) FROM book_decision WHERE step = '" name "'),"
static const char look_sql[] = "SELECT " STEPS_ARE("call-back") FACT_IS("decided-here") STEPS_ARE("object")
        FACT_IS("validated") FACT_IS("extended") FACT_IS("preserved-until") FACT_IS("withdrawn")
                FACT_IS("ea-refused") "(SELECT count(*) FROM outbox WHERE state = 0) + (SELECT count(*) FROM "
                                      "inbox WHERE state = 0),"
                                      " id, state FROM (SELECT 1) LEFT JOIN book_order";

static inline void look_anew(unsigned which, struct view *view)
{
        int64_t *numbers[] = {&view->called_back, &view->decided, &view->objected, &view->validated,
                &view->extended, &view->preserved_until, &view->withdrawn, &view->ea_refused, &view->waiting};
        const int count = sizeof numbers / sizeof *numbers;
        char path[300];
        sqlite3 *database = NULL;
        sqlite3_stmt *row = NULL;

        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[which]));
        if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_busy_timeout(database, 5) == SQLITE_OK &&
                sqlite3_prepare_v2(database, look_sql, -1, &row, NULL) == SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW) {
                for (int i = 0; i < count; i++)
                        *numbers[i] = sqlite3_column_int64(row, i);
                const char *id = (const char *)sqlite3_column_text(row, count),
                           *state = (const char *)sqlite3_column_text(row, count + 1);
                snprintf(view->id, sizeof view->id, "%s", id ? id : "");
                snprintf(view->state, sizeof view->state, "%s", state ? state : "");
                view->fresh = true;
        }
        sqlite3_finalize(row);
        sqlite3_close(database);
}

/* A file that was written within the last clock ticks may be written again without a newer time; and what is
 * written is seen by others only when its writer has said so in shared memory, which may be long after. */
static inline void look(struct run *run, unsigned which)
{
        struct view *view = &run->views[which];
        struct timespec now, *changed = &view->changed;
        struct stat status, log;
        char path[300], before[64];

        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[which]));
        if (stat(path, &status) < 0)
                return;
        snprintf(path, sizeof path, "%s/exchange.sqlite-wal", scratch_path(names[which]));
        if (stat(path, &log) == 0 && (log.st_mtim.tv_sec > status.st_mtim.tv_sec ||
                                             (log.st_mtim.tv_sec == status.st_mtim.tv_sec &&
                                                     log.st_mtim.tv_nsec > status.st_mtim.tv_nsec)))
                status = log;
        if (view->fresh && clock_steady_ms() < view->looked_ms + 500 && status.st_size == view->length &&
                status.st_mtim.tv_sec == changed->tv_sec && status.st_mtim.tv_nsec == changed->tv_nsec)
                return;
        clock_gettime(CLOCK_REALTIME, &now);
        bool settled = (now.tv_sec - status.st_mtim.tv_sec) * 1000 +
                               (now.tv_nsec - status.st_mtim.tv_nsec) / 1000000 >
                       20;
        memcpy(before, view->state, sizeof before);
        view->fresh = false;
        view->looked_ms = clock_steady_ms();
        look_anew(which, view);
        view->fresh = view->fresh && settled;
        view->length = status.st_size;
        *changed = status.st_mtim;
        run->changes += strcmp(before, view->state) != 0;
}

/* ---- deeds beyond those of path_test.h ---- */

static inline int do_emergency(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        form.order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&form.order.deadline.threat, "A child is missing since noon.");
        form.order.emergency.unvalidated = STATED_YES;
        form.order.emergency.domestic_power = STATED_YES;
        example_text(&form.order.emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&form.order.emergency.call_back_contact, "Duty officer");
        example_authority(&form.order.validator, "AT", names[COURT], NATURE_COURT, "huber@at-court-vienna");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static inline int do_preservation(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        example_preservation(&form);
        struct identifier_list *list = &form.order.identifiers;
        for (size_t i = 0; i < list->count; i++)
                model_free(&identifier_type, &list->items[i]);
        list->count = 0;
        memset(form.id, 0, sizeof form.id);
        EXAMPLE_SET(form.order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(form.order.addressee.country, "DE");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

/* A judge asks for traffic data, the enforcing authority is notified. */
static inline int do_traffic(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        struct order *body = &form.order;
        body->deadline.kind = DEADLINE_TEN_DAYS_WITH_EA;
        body->data.categories |=
                WORD_BIT(CATEGORY_TRAFFIC); /* and who it was, else there is nothing to leave */
        body->data.traffic = WORD_BIT(TRAFFIC_CONNECTIONS);
        body->data.from_ms = question_ms - TIME_HOUR;
        body->data.to_ms = question_ms + TIME_HOUR;
        body->grounds.threshold = THRESHOLD_THREE_YEARS;
        example_authority(&body->issuer, "AT", names[COURT], NATURE_COURT, "berger@at-court-vienna");
        body->ea.notified = STATED_YES;
        example_authority(&body->ea.authority, "DE", names[EA], NATURE_COURT, "huber@de-enforcement-berlin");
        example_text(&body->ea_information.necessity, "No other trace leads to the sender.");
        example_text(&body->ea_information.case_summary, "Threats in a forum");
        example_text(&body->ea_information.offence, "Fraud, section 146");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static inline int do_clear(struct office *office, const char *id, struct error *error)
{
        return enforcing_clear(office, id, "no ground to refuse", error);
}

static inline int do_object_to_all(struct office *office, const char *id, struct error *error)
{
        const struct enforcing_objection all = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_FUNDAMENTAL_RIGHTS,
                .explanation = "a manifest breach"};

        return enforcing_object(office, id, &all, 1, error);
}

/* To the first identifier, which asks for REFUSED_ADDRESS. */
static inline int do_object_to_first(struct office *office, const char *id, struct error *error)
{
        struct enforcing_objection one = {.effect = OBJECTION_REFUSED,
                .ground = GROUND_PRESS_FREEDOM,
                .explanation = "the line of a newspaper"};
        struct book_order order;
        struct message message;

        message_init(&message, MESSAGE_NONE);
        int r = book_order_find(office, id, &order, error);
        if (r == 0)
                r = book_order_message(office, &order, &message, error);
        const struct order *form = r == 0 ? message_order_const(&message) : NULL;
        if (r == 0 && (!form || form->identifiers.count < 2))
                r = error_set(error, -EBADMSG, "the notification does not have both identifiers");
        if (r == 0) {
                one.identifier_id = form->identifiers.items[0].id;
                r = enforcing_object(office, id, &one, 1, error);
        }
        message_free(&message);
        return r;
}

static inline int do_withdraw(struct office *office, const char *id, struct error *error)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "it was solved", .delete_data = true};

        return authority_withdraw(office, id, &withdrawal, error);
}

static inline int do_validate(struct office *office, const char *id, struct error *error)
{
        return validating_decide(office, id, VALIDATION_GRANTED, "looked at", error);
}

static inline int do_extend(struct office *office, const char *id, struct error *error)
{
        return authority_extend(office, id, "not found yet", error);
}

static inline int do_call_back(struct office *office, const char *id, struct error *error)
{
        return provider_call_back(office, id, true, "Dr. Huber", error);
}

/* ---- who does what next ---- */

enum who { ISSUER, ADDRESSEE, OTHER };
#define S(name) (1u << (name))
#define ANY (S(SCENARIOS) - 1)
#define PRODUCED (ANY & ~S(PRESERVED))
#define TRAFFIC (S(CLEARED) | S(PARTLY_REFUSED) | S(WHOLLY_REFUSED) | S(TRAFFIC_WITHDRAWN))

struct deed_row {
        unsigned scenarios; /* S(...) */
        enum who who;
        const char *state, *login;
        deed *what;
        const char *words; /* of the command that does the same, with a role that own_roles gives; NULL */
        bool (*when)(const struct run *run, const struct view *view);
};

static inline bool not_called_back(const struct run *run, const struct view *view)
{
        (void)run;
        return view->called_back == 0;
}

static inline bool called_back(const struct run *run, const struct view *view)
{
        return run->plan->scenario != EMERGENCY || view->called_back > 0;
}

static inline bool undecided(const struct run *run, const struct view *view)
{
        (void)run;
        return view->decided == 0;
}

static inline bool not_objected(const struct run *run, const struct view *view)
{
        (void)run;
        return view->objected == 0;
}

static inline bool objected(const struct run *run, const struct view *view)
{
        (void)run;
        return view->objected > 0 && view->decided == 0;
}

static inline bool to_withdraw(const struct run *run, const struct view *view)
{
        return view->withdrawn == 0 && run->changes >= run->plan->withdraw_at;
}

static inline bool validated(const struct run *run, const struct view *view)
{
        return run->plan->scenario != EMERGENCY || view->validated > 0;
}

static inline bool to_extend(const struct run *run, const struct view *view)
{
        (void)run;
        return view->extended == 0 && view->preserved_until > 0;
}

static inline bool impatient(const struct run *run, const struct view *view)
{
        (void)view;
        return run->changes == run->plan->impatient_at && run->plan->number % 3 == 0 && run->impatience == 0;
}

/* The first that fits is done. */
static const struct deed_row deed_rows[] = {
        {S(PLAIN) | S(WITHDRAWN), ISSUER, "", "berger", do_draft, NULL, NULL},
        {S(EMERGENCY), ISSUER, "", "berger", do_emergency, NULL, NULL},
        {S(PRESERVED), ISSUER, "", "berger", do_preservation, NULL, NULL},
        {TRAFFIC, ISSUER, "", "berger", do_traffic, NULL, NULL},
        {ANY, ISSUER, "draft", "berger", do_submit, NULL, NULL},
        {ANY & ~S(EMERGENCY), ISSUER, "awaiting-approval", "huber", do_approve, NULL, NULL},
        {S(EMERGENCY), ISSUER, "awaiting-approval", "maier", do_approve, NULL, NULL},
        {ANY & ~S(EMERGENCY), ISSUER, "approved", "berger", do_send, "order send", NULL},
        {S(EMERGENCY), ISSUER, "emergency-approved", "berger", do_send, "order send", NULL},
        {S(TRAFFIC_WITHDRAWN) | S(WITHDRAWN), ISSUER, "sent", "berger", do_withdraw, NULL, to_withdraw},
        {S(TRAFFIC_WITHDRAWN) | S(WITHDRAWN), ISSUER, "answered", "berger", do_withdraw, NULL, to_withdraw},
        {S(TRAFFIC_WITHDRAWN) | S(WITHDRAWN), ISSUER, "opened", "berger", do_withdraw, NULL, to_withdraw},
        {S(PRESERVED), ISSUER, "sent", "berger", do_extend, NULL, to_extend},
        {ANY, ISSUER, "answered", "berger", do_open, NULL, NULL},
        {ANY, ISSUER, "opened", "berger", do_inform, NULL, validated},
        {ANY, ADDRESSEE, "examined", "maier", do_release, NULL, impatient},
        {TRAFFIC, ADDRESSEE, "held", "maier", do_release, NULL, impatient},
        {S(EMERGENCY), ADDRESSEE, "received", "maier", do_call_back, NULL, not_called_back},
        {ANY, ADDRESSEE, "received", "desk", do_examine, "inbox accept", called_back},
        {ANY, ADDRESSEE, "examined", "desk", do_prepare, "answer prepare --purpose order", NULL},
        {PRODUCED, ADDRESSEE, "prepared", "maier", do_release, NULL, NULL},
        {S(CLEARED) | S(TRAFFIC_WITHDRAWN), OTHER, "received", "huber", do_clear, "clear", undecided},
        {S(WHOLLY_REFUSED), OTHER, "received", "huber", do_object_to_all, NULL, undecided},
        {S(EMERGENCY), OTHER, "received", "huber", do_validate, NULL, undecided},
        {S(PARTLY_REFUSED), OTHER, "received", "huber", do_object_to_first, NULL, not_objected},
        {S(PARTLY_REFUSED), OTHER, "received", "huber", do_clear, "clear", objected},
};

/* ---- doing it ---- */

static inline int do_by_command(unsigned which, const char *words, const char *id)
{
        char text[128], node[300];
        const char *arguments[16] = {rogatory};
        size_t count = 1;

        snprintf(text, sizeof text, "%s", words);
        for (char *rest = text, *word; (word = strsep(&rest, " ")) && count < 12;)
                arguments[count++] = word;
        snprintf(node, sizeof node, "--node=%s", scratch_path(names[which]));
        arguments[count++] = node;
        arguments[count++] = id;
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nothing >= 0)
                dup2(nothing, STDOUT_FILENO);
        execv(rogatory, (char *const *)(const void *)arguments);
        return 127;
}

static inline int do_here(unsigned which, const char *login, deed *what, const char *id, int told)
{
        const struct office_options options = {.now = node_now, .context = &ahead_ms[which], .login = login};
        struct office *office = NULL;
        struct error error = {0};

        int r = office_open(scratch_path(names[which]), &options, &office, &error);
        if (r == 0)
                r = what(office, id, &error);
        if (r < 0 && write(told, error.text, strlen(error.text)) < 0)
                return 2;
        office_close(office);
        return r < 0;
}

static inline void begin_deed(struct run *run, unsigned which, const struct deed_row *row)
{
        unsigned attempt = run->attempts++ % HASTE_MAX;
        run->impatience += row->when == impatient;
        bool by_socket = row->words && run->plan->by_socket[attempt] && is_running(which);
        int ends[2];

        fflush(NULL);
        assert_int_equal(pipe(ends), 0);
        /* A command by the socket hands its end on to a node, which may be stopped when it is read. */
        assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
        pid_t pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ends[0]);
                if (by_socket)
                        dup2(ends[1], STDERR_FILENO);
                _exit(by_socket ? do_by_command(which, row->words, run->views[which].id)
                                : do_here(which, row->login, row->what, run->views[which].id, ends[1]));
        }
        close(ends[1]);
        run->busy[which].pid = pid;
        run->busy[which].end = ends[0];
        unsigned haste_us = run->plan->haste_us[attempt];
        run->busy[which].kill_at_us = haste_us ? steady_us() + haste_us : 0;
        if (getenv("ROGATORY_TALK"))
                print_message("%u changes: %s in \"%s\" by %s%s\n", run->changes, names[which],
                        run->views[which].state, row->login, by_socket ? " (socket)" : "");
}

/* Ends what has ended, and what is in too much haste. */
static inline void end_deed(struct run *run, unsigned which)
{
        pid_t pid = run->busy[which].pid;
        int status;

        if (pid > 0 && run->busy[which].kill_at_us && steady_us() >= run->busy[which].kill_at_us) {
                kill(pid, SIGKILL);
                run->busy[which].kill_at_us = 0;
                run->people_killed++;
        }
        if (pid <= 0 || waitpid(pid, &status, WNOHANG) != pid)
                return;
        char words[600] = "";
        ssize_t length = read(run->busy[which].end, words, sizeof words - 1);
        words[length > 0 ? length : 0] = '\0';
        close(run->busy[which].end);
        run->busy[which].pid = 0;
        run->views[which].fresh = false;
        bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        run->busy[which].again_ms = clock_steady_ms() + (done || WIFSIGNALED(status) ? 0 : 20);
        if (*words)
                snprintf(last_words, sizeof last_words, "%s", words);
        if (getenv("ROGATORY_TALK"))
                print_message("        %s: %x %s\n", names[which], (unsigned)status, words);
}

static inline void step_people(struct run *run, unsigned which, enum who who)
{
        const struct view *view = &run->views[which];

        end_deed(run, which);
        if (run->busy[which].pid > 0 || clock_steady_ms() < run->busy[which].again_ms)
                return;
        for (size_t i = 0; i < sizeof deed_rows / sizeof *deed_rows; i++) {
                const struct deed_row *row = &deed_rows[i];
                if (row->who == who && row->scenarios & S(run->plan->scenario) &&
                        strcmp(row->state, view->state) == 0 && (who == ISSUER || *view->id) &&
                        (!row->when || row->when(run, view))) {
                        begin_deed(run, which, row);
                        return;
                }
        }
}

#endif
