/* SPDX-License-Identifier: EUPL-1.2 */
/* Decisions, tasks, and the steps of order/states.h with what the book knows. */
#include "exchange/book_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void book_text_set(char ret_text[BOOK_TEXT_MAX], const char *text)
{
        int length = text ? slice_fitting(text, BOOK_TEXT_MAX - 1) : 0;

        if (length > 0)
                memcpy(ret_text, text, (size_t)length);
        ret_text[length] = '\0';
}

static int column_word(sqlite3_stmt *rows, int column, const struct vocabulary *words)
{
        const unsigned char *text = sqlite3_column_text(rows, column);

        return text ? word_find(words, slice_of((const char *)text)) : 0;
}

/* ---- decisions ---- */

int book_decision_add(struct office *office, const struct book_decision *decision, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_decision(order_id, step, person, role, at_ms, state_from, state_to,"
                        " identifier_id, reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        "ttttitttt", decision->order_id, decision->step, decision->person,
                        word_name(&person_role_words, decision->role), decision->at_ms,
                        word_name(&order_state_words, decision->from),
                        word_name(&order_state_words, decision->to), decision->identifier_id,
                        decision->reason);
        return r < 0 ? r : 0;
}

int book_decisions_each(struct office *office, const char *order_id, book_decision_visit *visit,
        void *context, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT order_id, step, person, role, at_ms, state_from, state_to, identifier_id, reason"
                " FROM book_decision WHERE order_id = ?1 ORDER BY number",
                "t", order_id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                struct book_decision decision = {
                        .role = (enum person_role)column_word(rows, 3, &person_role_words),
                        .at_ms = sqlite3_column_int64(rows, 4),
                        .from = column_word(rows, 5, &order_state_words),
                        .to = column_word(rows, 6, &order_state_words)};
                rows_text(rows, 0, decision.order_id, sizeof decision.order_id);
                rows_text(rows, 1, decision.step, sizeof decision.step);
                rows_text(rows, 2, decision.person, sizeof decision.person);
                rows_text(rows, 7, decision.identifier_id, sizeof decision.identifier_id);
                rows_text(rows, 8, decision.reason, sizeof decision.reason);
                r = visit(context, &decision);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

int book_acts(struct office *office, const char *order_id, struct act ret_acts[BOOK_ACTS_MAX],
        size_t *ret_count, struct error *error)
{
        sqlite3_stmt *rows;
        size_t count = 0;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT DISTINCT person, role FROM book_decision WHERE order_id = ?1 AND role <> "
                "'not-stated'",
                "t", order_id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1 && count < BOOK_ACTS_MAX) {
                rows_text(rows, 0, ret_acts[count].person, sizeof ret_acts[count].person);
                ret_acts[count++].role = (enum person_role)column_word(rows, 1, &person_role_words);
        }
        rows_finish(rows);
        /* Who acted and is not seen could act again in another role. */
        if (r == 1)
                return error_set(error, -E2BIG, "more than %u people acted for this order", BOOK_ACTS_MAX);
        *ret_count = count;
        return r;
}

/* ---- tasks ---- */

int book_task_put(struct office *office, const struct book_task *task, struct error *error)
{
        int r = book_must_write(office, error);

        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT INTO book_task VALUES(?1, ?2, (SELECT count(*) FROM book_task WHERE order_id "
                        "="
                        " ?1), ?3, ?4, ?5) ON CONFLICT(order_id, identifier_id) DO UPDATE SET state = ?3,"
                        " refused = ?4, reason = ?5",
                        "tttit", task->order_id, task->identifier_id,
                        word_name(&task_state_words, task->state), (int64_t)task->refused, task->reason);
        return r < 0 ? r : 0;
}

int book_tasks_each(struct office *office, const char *order_id, book_task_visit *visit, void *context,
        struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT order_id, identifier_id, state, refused, reason FROM book_task WHERE order_id = ?1"
                " ORDER BY place",
                "t", order_id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                struct book_task task = {.state = column_word(rows, 2, &task_state_words),
                        .refused = sqlite3_column_int(rows, 3)};
                rows_text(rows, 0, task.order_id, sizeof task.order_id);
                rows_text(rows, 1, task.identifier_id, sizeof task.identifier_id);
                rows_text(rows, 4, task.reason, sizeof task.reason);
                r = visit(context, &task);
                if (r != 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

int book_tasks_make(
        struct office *office, const char *order_id, const struct order *order, struct error *error)
{
        int r = book_must_write(office, error);

        for (size_t i = 0; r >= 0 && i < order->identifiers.count; i++)
                r = rows_run(office_database(office), error,
                        "INSERT OR IGNORE INTO book_task VALUES(?1, ?2, ?3, ?4, 0, '')", "ttit", order_id,
                        order->identifiers.items[i].id, (int64_t)i,
                        word_name(&task_state_words, TASK_AWAITING_APPROVAL));
        return r < 0 ? r : 0;
}

struct stepping {
        const struct step *step;
        const struct step_facts *facts;
        struct book_task *tasks;
        size_t count;
};

static int note_task(void *context, const struct book_task *task)
{
        struct stepping *stepping = context;
        const struct step_taker taker = {.actor = stepping->step->actor};
        struct step_facts facts = *stepping->facts;
        char reason[STEP_REASON_MAX];

        facts.identifier_refused = task->refused;
        if (stepping->count < ORDER_IDENTIFIERS_MAX &&
                step_is_allowed(stepping->step, task->state, &facts, &taker, reason)) {
                stepping->tasks[stepping->count] = *task;
                stepping->tasks[stepping->count++].state = stepping->step->to;
        }
        return 0;
}

int book_tasks_step(struct office *office, const char *order_id, const char *step,
        const struct step_facts *facts, struct error *error)
{
        struct stepping stepping = {.step = steps_find(MACHINE_TASK, step), .facts = facts};

        if (!stepping.step)
                return error_set(error, -ENOENT, "there is no step \"%s\" of tasks", step);
        stepping.tasks = calloc(ORDER_IDENTIFIERS_MAX, sizeof *stepping.tasks);
        if (!stepping.tasks)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = book_tasks_each(office, order_id, note_task, &stepping, error);
        for (size_t i = 0; r == 0 && i < stepping.count; i++)
                r = book_task_put(office, &stepping.tasks[i], error);
        free(stepping.tasks);
        return r;
}

/* ---- steps of an order ---- */

struct fact_row {
        const char *name;
        int64_t missing, value;
};

static int read_facts(
        struct office *office, const char *order_id, struct fact_row *list, size_t count, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < count; i++)
                r = book_fact(office, order_id, list[i].name, list[i].missing, &list[i].value, error);
        return r;
}

enum {
        F_VALIDATED,
        F_WARNINGS,
        F_WORST,
        F_SECOND,
        F_EA_INVOLVED,
        F_EA_CLEARED,
        F_EA_REFUSED,
        F_EA_DELETE,
        F_QUESTION,
        F_QUESTION_DUE,
        F_WITHDRAWN,
        F_DELETED,
        F_DELAYED_UNTIL,
        F_DELAY_DECIDED,
        F_PRESERVED_UNTIL,
        F_CHANGED,
        F_COUNT
};

/* Two different people stand for an emergency: in the form, and by what the book saw them do. */
static bool has_two_people(const struct order *form, int64_t second_ms)
{
        return *form->emergency.first_person && *form->emergency.second_person && second_ms != TIME_UNKNOWN &&
               strcmp(form->emergency.first_person, form->emergency.second_person) != 0;
}

int book_step_facts(struct office *office, const struct book_order *order, const struct order *form,
        struct act acts[BOOK_ACTS_MAX], struct step_facts *ret_facts, struct error *error)
{
        struct fact_row f[F_COUNT] = {[F_VALIDATED] = {FACT_VALIDATED_MS, TIME_UNKNOWN, 0},
                [F_WARNINGS] = {FACT_WARNINGS_DECIDED, -1, 0},
                [F_WORST] = {FACT_WORST, SEVERITY_STOP, 0}, /* nobody has looked: nothing passes */
                [F_SECOND] = {FACT_SECOND_CONFIRMED_MS, TIME_UNKNOWN, 0},
                [F_EA_INVOLVED] = {FACT_EA_INVOLVED, form->ea.notified == STATED_YES, 0},
                [F_EA_CLEARED] = {FACT_EA_CLEARED_MS, TIME_UNKNOWN, 0},
                [F_EA_REFUSED] = {FACT_EA_REFUSED_MS, TIME_UNKNOWN, 0},
                [F_EA_DELETE] = {FACT_EA_DELETE_MS, TIME_UNKNOWN, 0},
                [F_QUESTION] = {FACT_QUESTION_MS, TIME_UNKNOWN, 0},
                [F_QUESTION_DUE] = {FACT_QUESTION_DUE_MS, TIME_UNKNOWN, 0},
                [F_WITHDRAWN] = {FACT_WITHDRAWN_MS, TIME_UNKNOWN, 0},
                [F_DELETED] = {FACT_DELETED_MS, TIME_UNKNOWN, 0},
                [F_DELAYED_UNTIL] = {FACT_DELAYED_UNTIL_MS, TIME_UNKNOWN, 0},
                [F_DELAY_DECIDED] = {FACT_DELAY_DECIDED_MS, TIME_UNKNOWN, 0},
                [F_PRESERVED_UNTIL] = {FACT_PRESERVED_UNTIL_MS, TIME_UNKNOWN, 0},
                [F_CHANGED] = {FACT_CHANGED_MS, TIME_UNKNOWN, 0}};
        struct skew skew;
        size_t count = 0;

        int r = read_facts(office, order->id, f, F_COUNT, error);
        if (r == 0)
                r = book_acts(office, order->id, acts, &count, error);
        if (r < 0)
                return r;
        struct step_facts facts = step_facts_make(order->kind, office_now(office));
        facts.emergency = order->emergency;
        facts.unvalidated = form->emergency.unvalidated == STATED_YES;
        facts.validated = f[F_VALIDATED].value != TIME_UNKNOWN;
        facts.two_people = has_two_people(form, f[F_SECOND].value);
        facts.worst = (enum severity)f[F_WORST].value;
        facts.warnings_decided = f[F_WARNINGS].value >= 0;
        facts.ea_involved = f[F_EA_INVOLVED].value != 0;
        facts.ea_cleared = f[F_EA_CLEARED].value != TIME_UNKNOWN;
        facts.ea_refused_all = f[F_EA_REFUSED].value != TIME_UNKNOWN;
        facts.ea_delete = f[F_EA_DELETE].value != TIME_UNKNOWN;
        facts.question_open = f[F_QUESTION].value != TIME_UNKNOWN;
        facts.question_due_ms = f[F_QUESTION_DUE].value;
        facts.withdrawn = f[F_WITHDRAWN].value != TIME_UNKNOWN;
        facts.deleted = f[F_DELETED].value != TIME_UNKNOWN;
        facts.delay_decided =
                f[F_DELAY_DECIDED].value != TIME_UNKNOWN && f[F_DELAYED_UNTIL].value > office_now(office);
        facts.preserved_until_ms = f[F_PRESERVED_UNTIL].value;
        facts.changed_ms = f[F_CHANGED].value;
        facts.issued_ms = order->issued_ms;
        if (queue_skew(office_queue(office), order->peer, SKEW_SEEN_BY_US, &skew, NULL) == 0)
                facts.skew_ms =
                        skew.ahead_ms + (skew.ahead_ms < 0 ? -skew.uncertainty_ms : skew.uncertainty_ms);
        facts.acts = acts;
        facts.act_count = count;
        *ret_facts = facts;
        return 0;
}

int book_take(struct office *office, struct book_order *order, const char *step, enum step_actor actor,
        const struct step_facts *facts, const char *reason, struct error *error)
{
        const struct step *row = steps_find(MACHINE_ORDER, step);
        struct step_taker taker = {.actor = actor};
        struct book_decision decision = {.at_ms = office_now(office), .from = order->state};
        int state = order->state;

        if (row && actor == ACTOR_PERSON) {
                int may = office_need_role(office, row->role, error);
                if (may < 0)
                        return may;
                taker.role = decision.role = row->role;
                taker.person = office_person(office);
        }
        int r = step_take(MACHINE_ORDER, step, order->state, facts, &taker, &state, error);
        if (r < 0)
                return r;
        order->state = decision.to = state;
        order->changed_ms = office_now(office);
        order->look_ms = step_next_look(MACHINE_ORDER, state, facts);
        snprintf(decision.order_id, sizeof decision.order_id, "%s", order->id);
        snprintf(decision.step, sizeof decision.step, "%s", step);
        snprintf(decision.person, sizeof decision.person, "%s", taker.person ? taker.person : OFFICE_NODE);
        book_text_set(decision.reason, reason);
        r = book_order_update(office, order, error);
        if (r == 0)
                r = book_decision_add(office, &decision, error);
        if (r == 0 && actor != ACTOR_MESSAGE) {
                json_t *fields = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "order", order->id, "decision",
                        step, "role", taker.person ? word_name(&person_role_words, taker.role) : OFFICE_NODE,
                        "detail", "from", word_name(&order_state_words, decision.from), "to",
                        word_name(&order_state_words, state));
                if (fields && *decision.reason)
                        json_object_set_new(fields, "reason", json_string(decision.reason));
                r = office_log(office, "decision", taker.person ? NULL : OFFICE_NODE, fields, error);
        }
        return r;
}
