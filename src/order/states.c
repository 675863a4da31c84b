/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/states.h"

#include <stdarg.h>
#include <stdio.h>

#define WORDS(rows) sizeof rows / sizeof *rows

static const struct word order_state_rows[] = {
        {ORDER_STATE_DRAFT, "draft", "CreatingForCSP", "being written"},
        {ORDER_STATE_AWAITING_APPROVAL, "awaiting-approval", "AwaitingApproval", "waits for the validator"},
        {ORDER_STATE_APPROVED, "approved", "Approved", "approved, not sent"},
        {ORDER_STATE_EMERGENCY_APPROVED, "emergency-approved", "EmergencyApproval",
                "an emergency, not validated"},
        {ORDER_STATE_NOT_APPROVED, "not-approved", "Rejected", "the validator did not approve it"},
        {ORDER_STATE_MERGED, "merged", "SubmittedToCSP", "sent; it stands in the order that it amends"},
        {ORDER_STATE_SENT, "sent", "SubmittedToCSP", "sent"},
        {ORDER_STATE_SUSPENDED, "suspended", "Suspended",
                "suspended: a court has to decide on a third country's law"},
        {ORDER_STATE_ANSWERED, "answered", "SubmittedToCSP", "an answer is here, unopened"},
        {ORDER_STATE_OPENED, "opened", "SubmittedToCSP",
                "the answer was opened; the person has to be informed"},
        {ORDER_STATE_INFORMED, "informed", "Expired", "the person was informed"},
        {ORDER_STATE_RECEIVED, "received", "SubmittedToCSP", "received, not examined"},
        {ORDER_STATE_EXAMINED, "examined", "SubmittedToCSP", "examined"},
        {ORDER_STATE_CLARIFYING, "clarifying", "Suspended", "waits for an answer of the issuing authority"},
        {ORDER_STATE_ROUTED, "routed", "Suspended",
                "privilege, immunity or press: waits for the enforcing authority"},
        {ORDER_STATE_IN_REVIEW, "in-review", "Suspended",
                "conflict with a third country's law: waits for the court"},
        {ORDER_STATE_PREPARED, "prepared", "SubmittedToCSP", "an answer is prepared"},
        {ORDER_STATE_HELD, "held", "Suspended", "held until the enforcing authority clears it, or day 10"},
        {ORDER_STATE_RELEASED, "released", "Expired", "answered"},
        {ORDER_STATE_PRESERVED, "preserved", "SubmittedToCSP", "data are preserved"},
        {ORDER_STATE_INVALID, "invalid", "Invalid", "not an order: seal, directory or rules"},
        {ORDER_STATE_REFUSED, "refused", "Rejected", "refused"},
        {ORDER_STATE_WITHDRAWN, "withdrawn", "Cancelled", "withdrawn; its data have to be deleted"},
        {ORDER_STATE_DELETED, "deleted", "Cancelled", "withdrawn, its data deleted"},
        {ORDER_STATE_EXPIRED, "expired", "Expired", "over"},
};
const struct vocabulary order_state_words = {"state of the order", order_state_rows, WORDS(order_state_rows)};

static const struct word task_state_rows[] = {
        {TASK_AWAITING_APPROVAL, "awaiting-approval", "AwaitingApproval", "waits for the validator"},
        {TASK_AWAITING_DISCLOSURE, "awaiting-disclosure", "AwaitingDisclosure", "waits for the provider"},
        {TASK_DISCLOSED, "disclosed", "Disclosed", "disclosed"},
        {TASK_NOT_AVAILABLE, "not-available", "DisclosureNotAvailable", "nothing to disclose"},
        {TASK_AWAITING_PRESERVATION, "awaiting-preservation", "AwaitingPreservation",
                "waits to be preserved"},
        {TASK_PRESERVED, "preserved", "Preserved", "preserved"},
        {TASK_NOT_PRESERVED, "not-preserved", "PreservationNotAvailable", "nothing to preserve"},
        {TASK_REJECTED, "rejected", "Rejected", "refused"},
        {TASK_CANCELLED, "cancelled", "Cancelled", "withdrawn"},
        {TASK_EXPIRED, "expired", "Expired", "preservation is over"},
        {TASK_ERROR, "error", "Error", "failed, will be tried again"},
        {TASK_INVALID, "invalid", "Invalid", "not an order"},
};
const struct vocabulary task_state_words = {"state of the task", task_state_rows, WORDS(task_state_rows)};

static const struct word delivery_state_rows[] = {
        {DELIVERY_AVAILABLE, "available", "Available", "can be fetched"},
        {DELIVERY_RECEIVED, "received", "Received", "fetched"},
        {DELIVERY_ACKNOWLEDGED, "acknowledged", "Acknowledged", "opened and acknowledged"},
        {DELIVERY_EXPIRED, "expired", "Expired", "can be fetched no longer"},
        {DELIVERY_ERROR, "error", "Error", "failed"},
};
const struct vocabulary delivery_state_words = {
        "state of the delivery", delivery_state_rows, WORDS(delivery_state_rows)};

struct step_facts step_facts_make(enum order_kind kind, int64_t now_ms)
{
        return (struct step_facts){.now_ms = now_ms,
                .kind = kind,
                .issued_ms = TIME_UNKNOWN,
                .ea_release_ms = TIME_UNKNOWN,
                .question_due_ms = TIME_UNKNOWN,
                .preserved_until_ms = TIME_UNKNOWN,
                .prepared_ms = TIME_UNKNOWN,
                .changed_ms = TIME_UNKNOWN,
                .window_to_ms = TIME_UNKNOWN};
}

static bool is_over(int64_t due_ms, int64_t now_ms)
{
        return due_ms != TIME_UNKNOWN && now_ms >= due_ms;
}

/* Without the instant at which it was issued nobody can say that 48 hours are not over. */
static uint32_t validation_conditions(const struct step_facts *facts)
{
        if (!facts->unvalidated || facts->validated)
                return STEP_VALID_NOW;
        int64_t due = deadline_validation(facts->issued_ms);
        uint32_t found = STEP_UNVALIDATED;
        if (due == TIME_UNKNOWN || facts->now_ms >= due)
                found |= STEP_OVERDUE;
        int64_t skew = facts->skew_ms < 0 ? -facts->skew_ms : facts->skew_ms;
        if (due != TIME_UNKNOWN && skew < DEADLINE_VALIDATION_HOURS * TIME_HOUR && facts->now_ms < due - skew)
                found |= STEP_VALID_NOW;
        return found;
}

/* Article 8(4): the notification has suspensive effect, but not in emergencies. */
static bool is_clear(const struct step_facts *facts)
{
        return !facts->ea_involved || facts->emergency || facts->ea_cleared ||
               is_over(facts->ea_release_ms, facts->now_ms);
}

uint32_t step_conditions(const struct step_facts *facts)
{
        uint32_t found = validation_conditions(facts);
        bool stale = facts->prepared_ms == TIME_UNKNOWN ||
                     (facts->changed_ms != TIME_UNKNOWN && facts->changed_ms >= facts->prepared_ms);
        const struct {
                bool holds;
                uint32_t condition;
        } rows[] = {
                {facts->worst < SEVERITY_WARNING ||
                                (facts->worst == SEVERITY_WARNING && facts->warnings_decided),
                        STEP_RULES_PASS},
                {facts->worst == SEVERITY_ROUTE, STEP_RULES_ROUTE},
                {facts->worst == SEVERITY_STOP, STEP_RULES_STOP},
                {facts->kind == ORDER_PRODUCTION, STEP_PRODUCTION},
                {facts->kind == ORDER_PRESERVATION, STEP_PRESERVATION},
                {!facts->emergency || facts->two_people, STEP_TWO_PEOPLE},
                {!facts->emergency || facts->called_back, STEP_CALLED_BACK},
                {is_clear(facts), STEP_CLEAR},
                {facts->ea_refused_all, STEP_EA_REFUSED},
                {facts->ea_delete, STEP_EA_DELETE},
                {facts->question_open, STEP_QUESTION},
                {facts->question_open && is_over(facts->question_due_ms, facts->now_ms),
                        STEP_QUESTION_OVERDUE},
                {facts->review_open, STEP_REVIEW},
                {facts->review_lifted, STEP_REVIEW_LIFTED},
                {facts->route_open, STEP_ROUTE_OPEN},
                {facts->withdrawn, STEP_WITHDRAWN},
                {facts->amended, STEP_AMENDED},
                {stale, STEP_STALE},
                {facts->answer_passes, STEP_ANSWER_PASSES},
                {is_over(facts->preserved_until_ms, facts->now_ms), STEP_PRESERVATION_OVER},
                {facts->deleted, STEP_DELETED},
                {facts->released, STEP_RELEASED},
                {facts->identifier_refused, STEP_IDENTIFIER_REFUSED},
                {is_over(facts->window_to_ms, facts->now_ms), STEP_WINDOW_OVER},
                {facts->delay_decided, STEP_DELAY_DECIDED},
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                found |= rows[i].holds ? rows[i].condition : 0;
        return found;
}

/* Why a step is refused where a condition fails: [0] it is needed and does not hold, [1] it holds and bars.
 */
static const struct {
        uint32_t condition;
        const char *words[2];
} condition_rows[] = {
        {STEP_RULES_PASS, {"the rules found what stops it, or a warning that nobody has decided", ""}},
        {STEP_RULES_ROUTE,
                {"no rule found a protection", "a protection was found: it goes to the enforcing authority"}},
        {STEP_RULES_STOP, {"no rule stops it", "a rule stops it"}},
        {STEP_PRODUCTION, {"it orders no production", "it orders production"}},
        {STEP_PRESERVATION, {"it orders no preservation", "it orders preservation"}},
        {STEP_UNVALIDATED, {"it needs no validation any more", "it is not validated"}},
        {STEP_OVERDUE, {"the 48 hours are not over", "it was not validated within 48 hours"}},
        {STEP_VALID_NOW, {"it is not validated, and by one of the clocks the 48 hours may be over", ""}},
        {STEP_TWO_PEOPLE, {"an emergency needs two different people", ""}},
        {STEP_CALLED_BACK, {"the emergency was not confirmed by the contact that the directory names", ""}},
        {STEP_CLEAR, {"the enforcing authority has not cleared it, and day 10 is not over",
                             "nothing is waited for"}},
        {STEP_EA_REFUSED,
                {"the enforcing authority has not refused it", "the enforcing authority refused it"}},
        {STEP_EA_DELETE, {"the enforcing authority does not want it deleted",
                                 "the enforcing authority wants it deleted"}},
        {STEP_QUESTION, {"no question is open", "a question to the issuing authority is open"}},
        {STEP_QUESTION_OVERDUE, {"the five days for an answer are not over", ""}},
        {STEP_REVIEW, {"no conflict with a third country's law was stated",
                              "a court has to decide on a third country's law"}},
        {STEP_REVIEW_LIFTED, {"the court has not lifted it", "the court lifted it"}},
        {STEP_ROUTE_OPEN,
                {"no protection is being decided", "privilege, immunity or the press is not decided"}},
        {STEP_WITHDRAWN, {"it is not withdrawn", "it is withdrawn"}},
        {STEP_AMENDED, {"there is no newer generation", "a newer generation has to be examined"}},
        {STEP_STALE, {"what was prepared is current", "no answer is prepared, or it is older than an "
                                                      "objection, a withdrawal or an amendment"}},
        {STEP_ANSWER_PASSES, {"the answer has not passed the rules and the scope", ""}},
        {STEP_PRESERVATION_OVER,
                {"the time of preservation is not over", "the time of preservation is over"}},
        {STEP_DELETED, {"the deletion of its data is not on record", ""}},
        {STEP_RELEASED, {"the answer was not released", ""}},
        {STEP_IDENTIFIER_REFUSED, {"the identifier was not refused", "the identifier was refused"}},
        {STEP_WINDOW_OVER, {"it can still be fetched", "it can be fetched no longer"}},
        {STEP_DELAY_DECIDED, {"no delay with reasons and an end was decided", ""}},
};

static const char *condition_words(uint32_t failed, bool bars)
{
        for (size_t i = 0; i < sizeof condition_rows / sizeof *condition_rows; i++)
                if (failed & condition_rows[i].condition)
                        return condition_rows[i].words[bars];
        return "";
}

static const char *state_name(enum machine machine, int state)
{
        const struct vocabulary *words = machine == MACHINE_ORDER  ? &order_state_words
                                         : machine == MACHINE_TASK ? &task_state_words
                                                                   : &delivery_state_words;
        return word_name(words, state);
}

/* Returns false; the reason is left away where nobody asks for it. */
__attribute__((format(printf, 2, 3))) static bool refuse(char *ret_reason, const char *format, ...)
{
        va_list arguments;

        if (!ret_reason)
                return false;
        va_start(arguments, format);
        vsnprintf(ret_reason, STEP_REASON_MAX, format, arguments);
        va_end(arguments);
        return false;
}

/* Nobody holds two roles of one decision; who cannot be told apart from somebody else does nothing. */
static bool person_may(const struct step *step, const struct step_facts *facts,
        const struct step_taker *taker, char *ret_reason)
{
        if (taker->role != step->role)
                return refuse(ret_reason, "only somebody in the role %s may do this",
                        word_name(&person_role_words, step->role));
        if (!taker->person || !model_is_person(slice_of(taker->person)))
                return refuse(ret_reason, "nobody is named who does it");
        for (size_t i = 0; i < facts->act_count; i++)
                if (facts->acts[i].role != step->role && strcmp(facts->acts[i].person, taker->person) == 0)
                        return refuse(ret_reason, "%.120s acted for this order as %s: another person has to",
                                taker->person, word_name(&person_role_words, facts->acts[i].role));
        return true;
}

bool step_is_allowed(const struct step *step, int state, const struct step_facts *facts,
        const struct step_taker *taker, char *ret_reason)
{
        if (state < 1 || state > 62 || !(step->from & WORD_BIT(state)))
                return refuse(ret_reason, "not from the state %s", state_name(step->machine, state));
        if (step->actor != taker->actor)
                return refuse(ret_reason, "%s",
                        step->actor == ACTOR_PERSON    ? "a person has to do this"
                        : step->actor == ACTOR_MESSAGE ? "only a message that was checked does this"
                                                       : "only the clock does this");
        if (step->actor == ACTOR_PERSON && !person_may(step, facts, taker, ret_reason))
                return false;
        uint32_t holds = step_conditions(facts);
        if (step->needs & ~holds)
                return refuse(ret_reason, "%s", condition_words(step->needs & ~holds, false));
        if (step->bars & holds)
                return refuse(ret_reason, "%s", condition_words(step->bars & holds, true));
        return true;
}

int step_take(enum machine machine, const char *id, int state, const struct step_facts *facts,
        const struct step_taker *taker, int *ret_state, struct error *error)
{
        const struct step *step = steps_find(machine, id);
        char reason[STEP_REASON_MAX];

        if (!step)
                return error_set(error, -ENOENT, "there is no step \"%s\"", id);
        if (!step_is_allowed(step, state, facts, taker, reason))
                return error_set(error, -EPERM, "%s: %s", id, reason);
        *ret_state = step->to;
        return 0;
}

const struct step *step_of_clock(enum machine machine, int state, const struct step_facts *facts)
{
        const struct step_taker clock = {.actor = ACTOR_CLOCK};

        for (size_t i = 0; i < steps_count(); i++) {
                const struct step *step = steps_at(i);
                if (step->machine == machine && step->actor == ACTOR_CLOCK &&
                        step_is_allowed(step, state, facts, &clock, NULL))
                        return step;
        }
        return NULL;
}

static int64_t timer_due(enum step_timer timer, const struct step_facts *facts)
{
        switch (timer) {
        case TIMER_VALIDATION:
                return facts->unvalidated && !facts->validated ? deadline_validation(facts->issued_ms)
                                                               : TIME_UNKNOWN;
        case TIMER_EA:
                return facts->ea_release_ms;
        case TIMER_CLARIFICATION:
                return facts->question_open ? facts->question_due_ms : TIME_UNKNOWN;
        case TIMER_PRESERVATION:
                return facts->preserved_until_ms;
        case TIMER_WINDOW:
                return facts->window_to_ms;
        case TIMER_NONE:
                break;
        }
        return TIME_UNKNOWN;
}

int64_t step_next_look(enum machine machine, int state, const struct step_facts *facts)
{
        int64_t next = TIME_UNKNOWN;

        for (size_t i = 0; i < steps_count() && state > 0 && state < 63; i++) {
                const struct step *step = steps_at(i);
                if (step->machine != machine || !(step->from & WORD_BIT(state)) || step->timer == TIMER_NONE)
                        continue;
                int64_t due = timer_due(step->timer, facts);
                if (due != TIME_UNKNOWN && due > facts->now_ms && (next == TIME_UNKNOWN || due < next))
                        next = due;
        }
        return next;
}

bool state_is_end(enum machine machine, int state)
{
        for (size_t i = 0; i < steps_count(); i++)
                if (steps_at(i)->machine == machine && state > 0 && state < 63 &&
                        (steps_at(i)->from & WORD_BIT(state)) && steps_at(i)->to != state)
                        return false;
        return true;
}

const struct step *steps_find(enum machine machine, const char *id)
{
        for (size_t i = 0; i < steps_count(); i++)
                if (steps_at(i)->machine == machine && strcmp(steps_at(i)->id, id) == 0)
                        return steps_at(i);
        return NULL;
}
