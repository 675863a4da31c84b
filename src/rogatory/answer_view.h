/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_ANSWER_VIEW_H
#define ROGATORY_ROGATORY_ANSWER_VIEW_H

/* How an answer is shown: as text for a person, as JSON for a machine (doc/format/answer.schema.json). Both
 * say the same, and neither adds to it. */

#include "inquiry/inquiry.h"
#include "os/zone.h"

/* An answer with what the person who asked knows beside it. All borrowed. */
struct answer_view {
        const struct answer *answer;
        struct slice time_given; /* as the person wrote it */
        const char *case_reference;
        int64_t uncertainty_ms; /* of the realm's clocks */
        struct zone *zone;      /* of the realm; NULL: UTC */
};

/* The whole plain answer. */
void answer_write_text(const struct answer_view *view, struct buffer *ret);

/* The JSON object of one question, as one line with its end. */
void answer_write_json(const struct answer_view *view, struct buffer *ret);

/* --- Pieces, apart for their tests --- */

/* A small chart of the candidates around the time asked, at most 80 columns wide. Appends nothing where there
 * are no candidates. */
void timeline_write(const struct answer_view *view, struct buffer *ret);

/* "customer-17", or "inside 100.64.0.17" where no subscriber is known, or "nobody named in the log". */
void holder_write(const struct answer_candidate *candidate, struct buffer *ret);

/* How many different holders stand in a list: by subscriber, else by inside address. */
size_t holder_count(const struct answer_candidate *candidates, size_t count);

/* "observed: the log says so" */
const char *edge_sentence(enum binding_edge edge);

/* "session", "mapping", "block", "address", or "lease" where the lease alone answers. */
const char *holding_name(const struct answer_candidate *candidate);

/* "40.250 s", "2 min 5 s", "3 h 20 min": for people; cut, never rounded up. Returns text. */
#define SPAN_TEXT_MAX 48
char *span_format(int64_t milliseconds, char text[SPAN_TEXT_MAX]);

/* "-0.250 s": a clock's offset. Returns text. */
char *offset_format(int32_t milliseconds, char text[SPAN_TEXT_MAX]);

#endif
