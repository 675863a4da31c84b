/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_FINDING_H
#define ROGATORY_BASE_FINDING_H

/* What an examination found, step by step, for a person and for a program: each step that held, each
 * deviation that changes nothing, and each reason for which what was examined is refused. */

#include "base/buffer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define FINDINGS_MAX 1000     /* kept; what comes behind them is counted, and still refuses */
#define FINDING_PLACE_MAX 160 /* with the end mark; longer places are cut */
#define FINDING_SENTENCE_MAX 512

enum finding_weight {
        FINDING_HELD,   /* a step that was checked and holds */
        FINDING_REMARK, /* differs from the standard or from how rogatory writes, and weakens no proof */
        FINDING_FATAL,  /* for this nothing that was examined may be relied on */
};

struct finding {
        enum finding_weight weight;
        const char *code;              /* a fixed word in lower case with hyphens, for programs; static */
        char place[FINDING_PLACE_MAX]; /* where: a file, an entry, a field */
        char sentence[FINDING_SENTENCE_MAX];
};

/* Zero-initialise; free with findings_free. */
struct findings {
        struct finding *list; /* in the order of the examination */
        size_t count, capacity;
        size_t fatal, remarked; /* of all, also of those that were not kept */
        size_t dropped;         /* not kept, because there were FINDINGS_MAX or no memory */
};

/* Adds one. code must outlive the findings. What is not printable in place or sentence becomes '?', so that
 * nothing a peer wrote moves a terminal's cursor. Never fails: what cannot be kept is counted. */
void findings_add(struct findings *findings, enum finding_weight weight, const char *code, const char *place,
        const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same and returns code_returned, so that `return findings_refuse(...)` is one line. */
int findings_refuse(struct findings *findings, const char *code, const char *place, const char *format, ...)
        __attribute__((format(printf, 4, 5))); /* returns -EBADMSG */

/* Nothing fatal was found. (Nothing at all found holds too: the examination must have happened.) */
bool findings_hold(const struct findings *findings);

/* The first with this code, or NULL. */
const struct finding *findings_find(const struct findings *findings, const char *code);

/* Every fatal finding from the one numbered `from` on becomes a remark: for a step that may fail without
 * failing the whole. */
void findings_soften(struct findings *findings, size_t from);

/* "held", "remark", "refused". */
const char *finding_weight_word(enum finding_weight weight);

/* One line each: weight, place, sentence, code. */
int findings_write(const struct findings *findings, struct buffer *buffer);

void findings_free(struct findings *findings);

#endif
