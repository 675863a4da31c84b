/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EVIDENCE_SELECTION_H
#define ROGATORY_EVIDENCE_SELECTION_H

/* What of one answer of the store leaves: the finding on one question. */

#include "evidence/store_answer.h"

/* What the findings of one identifier come to. */
struct selection {
        enum answer_verdict verdict;
        const struct identifier *identifier;
        bool may_name;      /* persons may be named: scope_may_name of the verdict */
        size_t bindings;    /* that leave */
        size_t named;       /* of them with a subscriber or an inside address */
        size_t subscribers; /* texts that were released */
        int64_t holders;    /* how many held it, or may have, over all its questions */
        int64_t judged_from_ms, judged_to_ms;
        int64_t margin_ms;                  /* the smallest; MODEL_UNSTATED */
        int64_t lease_from_ms, lease_to_ms; /* the edges nearest to the time asked; TIME_UNKNOWN */
        int64_t clock_offset_ms;            /* the largest in size; MODEL_UNSTATED */
        int64_t uncertainty_ms;
        char clock_source[256];
        enum address_origin origin;
        uint64_t withheld[SCOPE_FATES]; /* bindings that the store told and that do not leave, by reason */
};

/* Windows that bindings stand in, each once: a JSON array that grows. */
struct window_list {
        const struct evidence_case *of;
        json_t *list;
        bool unproven; /* one of them stands in no log */
};

/* The finding as an object; what it comes to is added to `selection`. NULL: no memory, or the failure of the
 * window's search, with error set. */
json_t *selection_finding(const struct evidence_case *of, const struct evidence_question *question,
        const struct store_answer *answer, struct selection *selection, struct window_list *windows,
        struct error *error);

/* "2026-11-11T10:00:00.000Z", and with a zone "2026-11-11T11:00:00.000+01:00"; JSON null where unknown. */
json_t *selection_utc(int64_t instant);
json_t *selection_local(const struct local_zone *zone, int64_t instant);

/* [{code, sentence}] of an answer's or candidate's reasons. */
json_t *selection_reasons(const json_t *codes);

#endif
