/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EVIDENCE_EVIDENCE_H
#define ROGATORY_EVIDENCE_EVIDENCE_H

/* The evidence of an answer: what the store said about exactly the identifiers and times that were ordered,
 * cut down to the data categories that were ordered, with the places where each record stands and can be
 * proven to have stood. doc/format/evidence.md is authoritative. Three writings of the same: JSON, a
 * statement for people, and a description of its provenance in the terms of CASE and UCO. The latter two are
 * made out of the first and of nothing else. Pure: what the store said comes in as text.
 *
 * Nothing of a store's answer leaves that is not taken out of it here, member by member: what an answer may
 * say in the future stays inside until somebody decides about it. */

#include "base/buffer.h"
#include "crypto/digest.h"
#include "order/local_time.h"
#include "order/scope.h"

#include <jansson.h>

#define EVIDENCE_FORMAT "rogatory-evidence/1"
#define EVIDENCE_QUESTIONS_MAX 1000u          /* to the store, of one order */
#define EVIDENCE_ANSWER_MAX ((size_t)4 << 20) /* bytes of one answer of the store */
#define EVIDENCE_CANDIDATES_MAX 10000u        /* of one answer */
#define EVIDENCE_JSON_MAX ((size_t)64 << 20)
#define EVIDENCE_WIDEN_MAX_MS                                                                                \
        TIME_HOUR /* an interval judged beyond this around the time asked answers another                    \
                   * question */
#define EVIDENCE_WORDS_MAX 10
#define EVIDENCE_WORD_MAX 80

/* ---- what the store is asked ---- */

struct evidence_question {
        char identifier_id[MODEL_ID_MAX];
        struct address address;
        int port, protocol; /* -1: not given */
        int64_t at_ms;
        int64_t skew_ms;            /* 0: the clock uncertainty of the realm, by its own settings */
        struct address destination; /* none: not given */
        int destination_port;       /* -1: not given */
};

/* The questions of an order: one for each address of each identifier that may be answered and that a store
 * can be asked about (an address with a time). What is asked is the middle of the identifier's time, with
 * half its length and scope->skew_ms around it. ret_questions: owned by the caller (free). 0, -ENOMEM, -E2BIG
 * with a message. */
int evidence_questions(const struct scope *scope, struct evidence_question **ret_questions, size_t *ret_count,
        struct error *error);

/* The words of `rogatory ask` that ask it, without store and case. Returns how many. */
size_t evidence_question_words(
        const struct evidence_question *question, char ret_words[EVIDENCE_WORDS_MAX][EVIDENCE_WORD_MAX]);

/* ---- what the evidence is made of ---- */

/* A stored window and where the log says what it was. */
struct evidence_window {
        bool known;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the file as it was stored */
        const char *origin;           /* of the log */
        uint64_t index;               /* of the entry */
        const char *proof; /* c2sp.org/tlog-proof, with its opening; borrowed until the next call */
};
/* The window of a realm by the name of its file. A window that stands in no log is not known, and is said to
 * be so. 0 or a negative errno with a message. */
typedef int evidence_window_find(void *context, const char *realm, const char *file,
        struct evidence_window *ret_window, struct error *error);

/* What the provider's customer register says of a subscriber. It is added only where the store itself has
 * named him for an identifier, by the very same text. */
struct evidence_person {
        const char *subscriber;
        const char *name;           /* may be NULL */
        const char *postal_address; /* may be NULL */
        enum address_origin origin; /* of the postal address; mandatory where there is one */
};

struct evidence_case {
        const struct scope *scope; /* with the order */
        const char *order_id;
        int64_t generation;
        const char *provider, *authority; /* organisations */
        const char *prepared_by;          /* person */
        int64_t made_ms;
        const struct local_zone *zone; /* whose local time stands beside UTC; may be NULL */
        int64_t near_edge_ms;          /* an edge nearer than this to the time asked is near */
        const char *program;           /* "rogatory 0.2.0" */
        const char *base;              /* IRI that the names of things in the provenance begin with */
        const struct evidence_question *questions;
        const struct slice *answers; /* of the store, in the order of the questions */
        size_t count;
        const struct evidence_person *persons;
        size_t person_count;
        evidence_window_find *window; /* NULL: no log */
        void *context;
};

/* Makes the evidence, and the results that stand in the answer's message (answer: initialised, without
 * results). An answer of the store that does not fit its question is refused: -EBADMSG with a message, and
 * there is no evidence. *ret_evidence: the caller's. -ENOMEM, -E2BIG. */
int evidence_make(const struct evidence_case *of, struct answer_body *answer, json_t **ret_evidence,
        struct error *error);

/* ---- its three writings; each appends ---- */

#define EVIDENCE_JSON_NAME "evidence.json"
#define EVIDENCE_STATEMENT_NAME "statement.html"
#define EVIDENCE_PROVENANCE_NAME "provenance.jsonld"

int evidence_write_json(const json_t *evidence, struct buffer *ret, struct error *error);
/* One HTML page for people, that a court can print: nothing in it is loaded, nothing in it runs. */
int evidence_write_statement(const json_t *evidence, struct buffer *ret, struct error *error);
/* json, statement: the files that it describes. */
int evidence_write_provenance(const json_t *evidence, struct slice json, struct slice statement,
        struct buffer *ret, struct error *error);

#endif
