/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EVIDENCE_STORE_ANSWER_H
#define ROGATORY_EVIDENCE_STORE_ANSWER_H

/* An answer of the store as `rogatory ask --json` writes it (doc/format/answer.schema.json), read strictly
 * and held against the question that it has to answer. */

#include "evidence/evidence.h"

struct store_answer {
        json_t *tree; /* owned; every member that is used has the kind that the schema gives it */
        enum answer_verdict verdict;
        const json_t *candidates, *possible, *coverage; /* in the tree */
        int64_t judged_from_ms, judged_to_ms;
        int64_t skew_ms;
};

/* -EBADMSG with a message where it is no answer, or the answer to another question; -EFBIG, -ENOMEM. */
int store_answer_read(struct slice text, const struct evidence_question *question,
        struct store_answer *ret_answer, struct error *error);
void store_answer_free(struct store_answer *answer); /* zeroed is fine */

/* The instant of a member that was checked; TIME_UNKNOWN for null. */
int64_t store_answer_instant(const json_t *object, const char *name);

/* IANA number of a protocol's name in an answer; -1 for what is none. */
int store_answer_protocol(const char *name);

#define PROTOCOL_NAME_MAX 8
char *store_answer_protocol_name(int protocol, char text[PROTOCOL_NAME_MAX]);

#endif
