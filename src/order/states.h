/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_STATES_H
#define ROGATORY_ORDER_STATES_H

/* The states of an order, of the task of each identifier and of a delivery, and the steps between them, as
 * one table: who may take a step, from where to where, what must hold, what may not. Nothing else moves a
 * state. A pure function: facts and the instant go in, "allowed" or "refused, because ..." comes out.
 *
 * The names on the wire are those of ETSI TS 103 120: AuthorisationStatus, LDTaskStatus and LPTaskStatus,
 * DeliveryStatus. An order has finer states than the wire; several share a name there. */

#include "order/deadline.h"
#include "order/rules.h"

enum order_state {
        ORDER_STATE_NONE,
        /* at the authority */
        ORDER_STATE_DRAFT,
        ORDER_STATE_AWAITING_APPROVAL,
        ORDER_STATE_APPROVED,
        ORDER_STATE_EMERGENCY_APPROVED, /* before validation */
        ORDER_STATE_NOT_APPROVED,
        ORDER_STATE_MERGED, /* an amendment that was sent: it stands in the order that it amends */
        ORDER_STATE_SENT,
        ORDER_STATE_SUSPENDED, /* the provider stated a conflict with a third country's law: a court decides
                                */
        ORDER_STATE_ANSWERED,  /* an answer is here, sealed */
        ORDER_STATE_OPENED,    /* an officer has read it */
        ORDER_STATE_INFORMED,  /* the person knows; the end */
        /* at the provider */
        ORDER_STATE_RECEIVED,
        ORDER_STATE_EXAMINED,
        ORDER_STATE_CLARIFYING,
        ORDER_STATE_ROUTED,    /* Form 3 for privilege, immunity or the press */
        ORDER_STATE_IN_REVIEW, /* a third country's law */
        ORDER_STATE_PREPARED,  /* an answer is ready, nobody outside has it */
        ORDER_STATE_HELD,      /* until the enforcing authority clears it, or day 10 */
        ORDER_STATE_RELEASED,  /* the answer is on its way; the end */
        ORDER_STATE_PRESERVED,
        /* at both */
        ORDER_STATE_INVALID,
        ORDER_STATE_REFUSED,
        ORDER_STATE_WITHDRAWN,
        ORDER_STATE_DELETED, /* withdrawn, and all data that it brought are deleted */
        ORDER_STATE_EXPIRED,
        ORDER_STATES
};
extern const struct vocabulary order_state_words; /* wire: AuthorisationStatus */

enum task_state {
        TASK_NONE,
        TASK_AWAITING_APPROVAL,
        TASK_AWAITING_DISCLOSURE,
        TASK_DISCLOSED,
        TASK_NOT_AVAILABLE,
        TASK_AWAITING_PRESERVATION,
        TASK_PRESERVED,
        TASK_NOT_PRESERVED,
        TASK_REJECTED,
        TASK_CANCELLED,
        TASK_EXPIRED,
        TASK_ERROR,
        TASK_INVALID,
        TASK_STATES
};
extern const struct vocabulary task_state_words; /* wire: LDTaskStatus, LPTaskStatus */

enum delivery_state {
        DELIVERY_NONE,
        DELIVERY_AVAILABLE,
        DELIVERY_RECEIVED,
        DELIVERY_ACKNOWLEDGED,
        DELIVERY_EXPIRED,
        DELIVERY_ERROR,
        DELIVERY_STATES
};
extern const struct vocabulary delivery_state_words; /* wire: DeliveryStatus */

enum machine { MACHINE_ORDER, MACHINE_TASK, MACHINE_DELIVERY };

/* What steps ask for. Worked out of the facts by step_conditions. */
enum step_condition {
        STEP_RULES_PASS = 1 << 0, /* no finding routes or stops, and every warning was decided */
        STEP_RULES_ROUTE = 1 << 1,
        STEP_RULES_STOP = 1 << 2,
        STEP_PRODUCTION = 1 << 3,
        STEP_PRESERVATION = 1 << 4,
        STEP_UNVALIDATED = 1 << 5,       /* issued before validation, and not validated since */
        STEP_OVERDUE = 1 << 6,           /* and the 48 hours are over */
        STEP_VALID_NOW = 1 << 7,         /* validated, or surely within the 48 hours by either node's clock */
        STEP_TWO_PEOPLE = 1 << 8,        /* no emergency, or two people stand for it */
        STEP_CALLED_BACK = 1 << 9,       /* no emergency, or confirmed by the directory's contact */
        STEP_CLEAR = 1 << 10,            /* no enforcing authority has to be waited for any more */
        STEP_EA_REFUSED = 1 << 11,       /* it refused all */
        STEP_EA_DELETE = 1 << 12,        /* it wants deleted what an emergency had produced */
        STEP_QUESTION = 1 << 13,         /* a question to the issuing authority is open */
        STEP_QUESTION_OVERDUE = 1 << 14, /* for more than five days */
        STEP_REVIEW = 1 << 15,           /* a court has to decide on a third country's law */
        STEP_REVIEW_LIFTED = 1 << 16,
        STEP_ROUTE_OPEN = 1 << 17, /* Form 3 on privilege or the press is not decided */
        STEP_WITHDRAWN = 1 << 18,  /* a withdrawal of all identifiers is here */
        STEP_AMENDED = 1 << 19,    /* a newer generation is here than the one examined */
        STEP_STALE = 1 << 20,      /* what was prepared is older than an objection, withdrawal or amendment */
        STEP_ANSWER_PASSES = 1 << 21, /* the rules for answers and the scope let it leave */
        STEP_PRESERVATION_OVER = 1 << 22,
        STEP_DELETED = 1 << 23,            /* the deletion of all its data is on record */
        STEP_RELEASED = 1 << 24,           /* of tasks: the order's answer was released */
        STEP_IDENTIFIER_REFUSED = 1 << 25, /* of tasks */
        STEP_WINDOW_OVER = 1 << 26,        /* of deliveries: can be fetched no longer */
        STEP_DELAY_DECIDED =
                1 << 27, /* a delay of informing the person has reasons and an end that is to come */
};

enum step_actor { ACTOR_PERSON, ACTOR_MESSAGE, ACTOR_CLOCK };
enum step_timer {
        TIMER_NONE,
        TIMER_VALIDATION,
        TIMER_EA,
        TIMER_CLARIFICATION,
        TIMER_PRESERVATION,
        TIMER_WINDOW
};

struct step {
        const char *id; /* stable: "release" */
        enum machine machine;
        uint64_t from; /* WORD_BITs of states */
        int to;
        enum step_actor actor;
        enum person_role role; /* of ACTOR_PERSON */
        uint32_t needs;        /* all of them */
        uint32_t bars;         /* none of them */
        enum step_timer timer; /* when the clock may take it */
        const char *words;     /* what it is, for people */
};

/* Who did what for this order until now. */
struct act {
        char person[MODEL_PERSON_MAX];
        enum person_role role;
};
#define ACTS_MAX 256u

/* Everything a step depends on. Zero-initialise with step_facts_make. */
struct step_facts {
        int64_t now_ms;
        int64_t skew_ms; /* of the other node's clock against ours, as far as it is known; either sign */
        enum order_kind kind;
        bool emergency;
        bool two_people;       /* emergency: first and second person differ and both confirmed it */
        bool called_back;      /* emergency: confirmed by the contact that the directory names */
        bool unvalidated;      /* issued before validation */
        bool validated;        /* validated since */
        enum severity worst;   /* of the findings about the order */
        bool warnings_decided; /* a person decided each warning, on record */
        bool ea_involved;      /* section K, or the rules say that it has to be */
        bool ea_cleared;       /* by checked messages that cover all identifiers: scope_covers_all */
        bool ea_refused_all;   /* scope_refuses_all, by its objections */
        bool ea_delete;
        bool question_open;
        bool review_open, review_lifted;
        bool route_open;
        bool withdrawn;     /* all identifiers; of some: changed_ms and scope_refusals_of */
        bool amended;       /* a newer generation than the one examined */
        bool answer_passes; /* rules_look of the answer found nothing that stops, and scope let every record
                               pass */
        bool deleted;
        bool delay_decided;
        /* Of the 48 hours: when the first generation was signed, or received where that is earlier; an
         * amendment does not begin them anew. */
        int64_t issued_ms;
        int64_t ea_release_ms;   /* deadline_ea_release; TIME_UNKNOWN: nobody proves that it was notified */
        int64_t question_due_ms; /* deadline_clarification */
        int64_t preserved_until_ms;
        int64_t prepared_ms; /* the answer was made; TIME_UNKNOWN: none is */
        int64_t changed_ms;  /* the last objection, withdrawal of an identifier, amendment; TIME_UNKNOWN: none
                              */
        bool released, identifier_refused; /* of tasks */
        int64_t window_to_ms;              /* of deliveries */
        const struct act *acts;            /* borrowed */
        size_t act_count;
};
struct step_facts step_facts_make(enum order_kind kind, int64_t now_ms);

uint32_t step_conditions(const struct step_facts *facts);

/* Who wants to take it. person: login@organisation, or NULL where the node itself does. */
struct step_taker {
        enum step_actor actor;
        enum person_role role;
        const char *person;
};

#define STEP_REASON_MAX 256 /* bytes of ret_reason */
/* May the step be taken from this state? Otherwise false, with the reason in words where ret_reason is not
 * NULL. */
bool step_is_allowed(const struct step *step, int state, const struct step_facts *facts,
        const struct step_taker *taker, char *ret_reason);

/* Takes a step by its name: ret_state is the new one. 0; -ENOENT (no such step), -EPERM with a message. */
int step_take(enum machine machine, const char *id, int state, const struct step_facts *facts,
        const struct step_taker *taker, int *ret_state, struct error *error);

/* Which step the clock has to take now; NULL for none. */
const struct step *step_of_clock(enum machine machine, int state, const struct step_facts *facts);
/* When to look again: the next instant at which time alone allows the clock a step from this state.
 * TIME_UNKNOWN. */
int64_t step_next_look(enum machine machine, int state, const struct step_facts *facts);

bool state_is_end(enum machine machine, int state);

size_t steps_count(void);
const struct step *steps_at(size_t index);
const struct step *steps_find(enum machine machine, const char *id);

#endif
