/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/states.h"

/* Every step that there is. doc/format/order.md explains it. Of several that the clock may take the first one
 * counts, so those that withdraw stand before those that go on. */

#define O(name) WORD_BIT(ORDER_STATE_##name)
#define T(name) WORD_BIT(TASK_##name)
#define D(name) WORD_BIT(DELIVERY_##name)

/* At the provider, before anything has left. */
#define UNRELEASED                                                                                           \
        (O(RECEIVED) | O(EXAMINED) | O(CLARIFYING) | O(ROUTED) | O(IN_REVIEW) | O(PREPARED) | O(HELD))
/* What stands in the way of preparing, preserving and releasing alike. */
#define IN_THE_WAY                                                                                           \
        (STEP_EA_REFUSED | STEP_QUESTION | STEP_REVIEW | STEP_REVIEW_LIFTED | STEP_ROUTE_OPEN |              \
                STEP_WITHDRAWN | STEP_AMENDED | STEP_OVERDUE)

#define PERSON(name, states, next, who, need, bar, text)                                                     \
        {                                                                                                    \
                .id = name, .machine = MACHINE_ORDER, .from = (states), .to = ORDER_STATE_##next,            \
                .actor = ACTOR_PERSON, .role = PERSON_##who, .needs = (need), .bars = (bar), .words = (text) \
        }
#define MESSAGE(name, states, next, need, bar, text)                                                         \
        {                                                                                                    \
                .id = name, .machine = MACHINE_ORDER, .from = (states), .to = ORDER_STATE_##next,            \
                .actor = ACTOR_MESSAGE, .needs = (need), .bars = (bar), .words = (text)                      \
        }
#define CLOCK(name, states, next, need, bar, when, text)                                                     \
        {                                                                                                    \
                .id = name, .machine = MACHINE_ORDER, .from = (states), .to = ORDER_STATE_##next,            \
                .actor = ACTOR_CLOCK, .needs = (need), .bars = (bar), .timer = TIMER_##when, .words = (text) \
        }
#define TASK(name, states, next, by, need, bar, text)                                                        \
        {                                                                                                    \
                .id = name, .machine = MACHINE_TASK, .from = (states), .to = TASK_##next,                    \
                .actor = ACTOR_##by, .needs = (need), .bars = (bar), .words = (text)                         \
        }
#define DELIVERY(name, states, next, by, need, bar, when, text)                                              \
        {                                                                                                    \
                .id = name, .machine = MACHINE_DELIVERY, .from = (states), .to = DELIVERY_##next,            \
                .actor = ACTOR_##by, .needs = (need), .bars = (bar), .timer = TIMER_##when, .words = (text)  \
        }

static const struct step table[] = {
        /* The authority */
        PERSON("submit", O(DRAFT), AWAITING_APPROVAL, OFFICER, 0, 0,
                "the officer hands the draft to the validator"),
        PERSON("approve", O(AWAITING_APPROVAL), APPROVED, VALIDATOR, STEP_RULES_PASS, STEP_UNVALIDATED,
                "the validator approves it, on another login"),
        PERSON("approve-emergency", O(AWAITING_APPROVAL), EMERGENCY_APPROVED, SECOND,
                STEP_RULES_PASS | STEP_UNVALIDATED | STEP_TWO_PEOPLE, STEP_OVERDUE,
                "a second person stands for an emergency that is not validated yet"),
        PERSON("disapprove", O(AWAITING_APPROVAL), NOT_APPROVED, VALIDATOR, 0, 0,
                "the validator does not approve it"),
        PERSON("revise", O(NOT_APPROVED) | O(AWAITING_APPROVAL), DRAFT, OFFICER, 0, 0,
                "the officer takes it back to write"),
        PERSON("send", O(APPROVED), SENT, OFFICER, STEP_RULES_PASS | STEP_TWO_PEOPLE | STEP_VALID_NOW,
                STEP_UNVALIDATED, "the officer sends it"),
        PERSON("send-emergency", O(EMERGENCY_APPROVED), SENT, OFFICER,
                STEP_RULES_PASS | STEP_TWO_PEOPLE | STEP_VALID_NOW, STEP_OVERDUE,
                "the officer sends the emergency order"),
        PERSON("send-amendment", O(APPROVED) | O(EMERGENCY_APPROVED), MERGED, OFFICER,
                STEP_RULES_PASS | STEP_TWO_PEOPLE | STEP_VALID_NOW, STEP_OVERDUE,
                "the officer sends it as an amendment of an order that was sent"),
        PERSON("discard",
                O(DRAFT) | O(AWAITING_APPROVAL) | O(APPROVED) | O(EMERGENCY_APPROVED) | O(NOT_APPROVED),
                WITHDRAWN, OFFICER, 0, 0, "the officer gives it up before it is sent"),
        PERSON("withdraw", O(SENT) | O(SUSPENDED) | O(ANSWERED) | O(OPENED), WITHDRAWN, OFFICER, 0, 0,
                "the officer withdraws it"),
        CLOCK("withdraw-unvalidated",
                O(EMERGENCY_APPROVED) | O(SENT) | O(SUSPENDED) | O(ANSWERED) | O(OPENED), WITHDRAWN,
                STEP_OVERDUE, 0, VALIDATION, "not validated within 48 hours: it withdraws itself"),
        MESSAGE("suspend", O(SENT), SUSPENDED, STEP_REVIEW | STEP_PRODUCTION, 0,
                "Form 3 states a conflict with a third country's law"),
        PERSON("uphold", O(SUSPENDED), SENT, VALIDATOR, 0, STEP_REVIEW | STEP_REVIEW_LIFTED | STEP_OVERDUE,
                "a court has upheld it; the provider is told"),
        PERSON("lift", O(SUSPENDED), REFUSED, VALIDATOR, STEP_REVIEW_LIFTED, 0,
                "a court has lifted it; the provider is told"),
        MESSAGE("refused", O(SENT), REFUSED, 0, 0, "Form 3 says that nothing will be executed"),
        MESSAGE("answered", O(SENT) | O(ANSWERED) | O(OPENED), ANSWERED, 0, STEP_OVERDUE,
                "an answer arrives, or a further one"),
        MESSAGE("preserved-there", O(SENT), EXPIRED, STEP_PRESERVATION, STEP_OVERDUE,
                "the provider says that all is preserved and over"),
        PERSON("open", O(ANSWERED), OPENED, OFFICER, 0, STEP_OVERDUE | STEP_EA_DELETE,
                "the officer opens the answer"),
        MESSAGE("delete-wanted", O(ANSWERED) | O(OPENED), WITHDRAWN, STEP_EA_DELETE, 0,
                "the enforcing authority objects to what an emergency had produced"),
        PERSON("delay", O(OPENED), OPENED, OFFICER, STEP_DELAY_DECIDED, 0,
                "informing the person is delayed, with reasons"),
        PERSON("inform", O(OPENED), INFORMED, OFFICER, 0, STEP_OVERDUE | STEP_EA_DELETE,
                "the person is informed"),
        CLOCK("delete", O(WITHDRAWN), DELETED, STEP_DELETED, 0, NONE, "the deletion is on record"),
        /* The provider */
        CLOCK("unvalidated", UNRELEASED | O(PRESERVED), WITHDRAWN, STEP_OVERDUE, 0, VALIDATION,
                "not validated within 48 hours: it counts as withdrawn"),
        MESSAGE("invalid", O(RECEIVED), INVALID, STEP_RULES_STOP, 0,
                "seal, directory or rules say that it is no order"),
        PERSON("call-back", O(RECEIVED), RECEIVED, SECOND, 0, STEP_RULES_STOP,
                "somebody calls the contact that the directory names"),
        PERSON("examine", O(RECEIVED), EXAMINED, DESK,
                STEP_RULES_PASS | STEP_CALLED_BACK | STEP_TWO_PEOPLE | STEP_VALID_NOW,
                IN_THE_WAY & ~(uint32_t)STEP_AMENDED, "the desk has read the legal summary"),
        PERSON("ask", O(RECEIVED) | O(EXAMINED) | O(PREPARED) | O(HELD), CLARIFYING, DESK, STEP_QUESTION, 0,
                "the desk asks the issuing authority; the clock stops"),
        MESSAGE("clarified", O(CLARIFYING), RECEIVED, 0, STEP_QUESTION,
                "the issuing authority answered; it is examined again"),
        CLOCK("unanswered", O(CLARIFYING), EXPIRED, STEP_PRESERVATION | STEP_QUESTION_OVERDUE, 0,
                CLARIFICATION, "five days without an answer free the provider of a preservation order"),
        PERSON("route", O(RECEIVED) | O(EXAMINED) | O(PREPARED) | O(HELD), ROUTED, DESK, STEP_RULES_ROUTE, 0,
                "the desk sends Form 3 on privilege, immunity or the press"),
        MESSAGE("unrouted", O(ROUTED), RECEIVED, 0, STEP_ROUTE_OPEN | STEP_EA_REFUSED | STEP_RULES_ROUTE,
                "it is decided that no protection stands in the way"),
        PERSON("object", O(RECEIVED) | O(EXAMINED) | O(PREPARED) | O(HELD), IN_REVIEW, DESK,
                STEP_REVIEW | STEP_PRODUCTION, 0, "the desk states a conflict with a third country's law"),
        MESSAGE("upheld", O(IN_REVIEW), RECEIVED, 0, STEP_REVIEW | STEP_REVIEW_LIFTED,
                "the court upholds it"),
        MESSAGE("lifted", O(IN_REVIEW), REFUSED, STEP_REVIEW_LIFTED, 0, "the court lifts it"),
        PERSON("prepare", O(EXAMINED), PREPARED, DESK, STEP_PRODUCTION | STEP_RULES_PASS | STEP_VALID_NOW,
                IN_THE_WAY, "the desk prepares the answer"),
        MESSAGE("prepare-again", O(PREPARED) | O(HELD), EXAMINED, STEP_STALE, 0,
                "an objection or a withdrawal changed what may be answered"),
        MESSAGE("amended", UNRELEASED | O(PRESERVED), RECEIVED, STEP_AMENDED,
                STEP_QUESTION | STEP_REVIEW | STEP_ROUTE_OPEN,
                "a newer generation takes its place and is examined"),
        CLOCK("hold", O(PREPARED), HELD, STEP_PRODUCTION, STEP_CLEAR, NONE,
                "the enforcing authority has its time"),
        CLOCK("unhold", O(HELD), PREPARED, STEP_CLEAR, 0, EA, "cleared, or day 10 is over"),
        PERSON("release", O(PREPARED), RELEASED, SECOND,
                STEP_PRODUCTION | STEP_RULES_PASS | STEP_CLEAR | STEP_ANSWER_PASSES | STEP_CALLED_BACK |
                        STEP_TWO_PEOPLE | STEP_VALID_NOW,
                IN_THE_WAY | STEP_STALE, "a second person releases the answer"),
        PERSON("refuse", O(RECEIVED) | O(EXAMINED) | O(PREPARED) | O(HELD), REFUSED, DESK, 0, 0,
                "the desk sends Form 3: nothing will be executed"),
        MESSAGE("ea-refused", UNRELEASED, REFUSED, STEP_EA_REFUSED, 0,
                "the enforcing authority refuses all of it"),
        PERSON("preserve", O(EXAMINED), PRESERVED, DESK, STEP_PRESERVATION | STEP_RULES_PASS | STEP_VALID_NOW,
                IN_THE_WAY, "the data are preserved"),
        CLOCK("preservation-over", O(PRESERVED), EXPIRED, STEP_PRESERVATION_OVER, 0, PRESERVATION,
                "60 or 90 days are over, and no production follows"),
        MESSAGE("withdrawn", UNRELEASED | O(PRESERVED), WITHDRAWN, STEP_WITHDRAWN, 0, "a withdrawal arrives"),
        /* Tasks: one for each identifier */
        TASK("ask", T(AWAITING_APPROVAL), AWAITING_DISCLOSURE, MESSAGE, STEP_PRODUCTION, 0,
                "its order was sent"),
        TASK("ask-preservation", T(AWAITING_APPROVAL), AWAITING_PRESERVATION, MESSAGE, STEP_PRESERVATION, 0,
                "its order was sent"),
        TASK("disclose", T(AWAITING_DISCLOSURE), DISCLOSED, MESSAGE, STEP_RELEASED | STEP_PRODUCTION,
                STEP_IDENTIFIER_REFUSED, "its result was released"),
        TASK("find-nothing", T(AWAITING_DISCLOSURE), NOT_AVAILABLE, MESSAGE, STEP_RELEASED | STEP_PRODUCTION,
                STEP_IDENTIFIER_REFUSED, "it was answered that there is nothing"),
        TASK("preserve", T(AWAITING_PRESERVATION), PRESERVED, MESSAGE, STEP_PRESERVATION,
                STEP_IDENTIFIER_REFUSED, "its data are preserved"),
        TASK("find-nothing-to-preserve", T(AWAITING_PRESERVATION), NOT_PRESERVED, MESSAGE, STEP_PRESERVATION,
                STEP_IDENTIFIER_REFUSED, "there is nothing to preserve"),
        TASK("reject", T(AWAITING_APPROVAL) | T(AWAITING_DISCLOSURE) | T(AWAITING_PRESERVATION) | T(ERROR),
                REJECTED, MESSAGE, STEP_IDENTIFIER_REFUSED, 0, "it was refused"),
        TASK("cancel",
                T(AWAITING_APPROVAL) | T(AWAITING_DISCLOSURE) | T(AWAITING_PRESERVATION) | T(PRESERVED) |
                        T(ERROR),
                CANCELLED, MESSAGE, STEP_WITHDRAWN, 0, "it was withdrawn"),
        TASK("fail", T(AWAITING_DISCLOSURE) | T(AWAITING_PRESERVATION), ERROR, MESSAGE, 0, 0,
                "the store failed"),
        TASK("retry", T(ERROR), AWAITING_DISCLOSURE, MESSAGE, STEP_PRODUCTION, 0, "it is tried again"),
        TASK("retry-preservation", T(ERROR), AWAITING_PRESERVATION, MESSAGE, STEP_PRESERVATION, 0,
                "it is tried again"),
        TASK("invalid", T(AWAITING_APPROVAL) | T(AWAITING_DISCLOSURE) | T(AWAITING_PRESERVATION), INVALID,
                MESSAGE, STEP_RULES_STOP, 0, "its order is none"),
        {.id = "expire",
                .machine = MACHINE_TASK,
                .from = T(PRESERVED),
                .to = TASK_EXPIRED,
                .actor = ACTOR_CLOCK,
                .needs = STEP_PRESERVATION_OVER,
                .timer = TIMER_PRESERVATION,
                .words = "its time is over"},
        /* Deliveries of large evidence */
        DELIVERY("fetch", D(AVAILABLE), RECEIVED, MESSAGE, 0, STEP_WINDOW_OVER, NONE,
                "it was fetched and its digest fits"),
        DELIVERY("acknowledge", D(RECEIVED), ACKNOWLEDGED, MESSAGE, 0, 0, NONE,
                "a receipt says that it was opened"),
        DELIVERY("fail", D(AVAILABLE) | D(RECEIVED), ERROR, MESSAGE, 0, 0, NONE, "it was damaged on the way"),
        DELIVERY("offer-again", D(ERROR), AVAILABLE, MESSAGE, 0, STEP_WINDOW_OVER, NONE,
                "it can be fetched again"),
        DELIVERY("expire", D(AVAILABLE) | D(ERROR), EXPIRED, CLOCK, STEP_WINDOW_OVER, 0, WINDOW,
                "its window is over"),
};

size_t steps_count(void)
{
        return sizeof table / sizeof *table;
}

const struct step *steps_at(size_t index)
{
        return &table[index];
}
