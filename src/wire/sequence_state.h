/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SEQUENCE_STATE_H
#define ROGATORY_WIRE_SEQUENCE_STATE_H

/* Shared by the parts of sequence.h, and nobody else's business. */

#include "wire/sequence.h"

/* Header times are whole seconds: what happened within the second of a message may be exported after it. */
#define CUT_MS 1000

/* How far number is ahead of another, modulo 2^32; negative: behind. */
static inline int32_t sequence_ahead(uint32_t number, uint32_t of)
{
        return (int32_t)(number - of);
}

/* Keep a span or gap until it is fetched; of the present run where a run says something. 0 or -ENOMEM. */
int sequence_keep_gap(struct sequence *s, int64_t from, int64_t to, uint8_t reason, uint32_t count);
int sequence_keep_span(
        struct sequence *s, int64_t from, int64_t to, uint32_t first, uint32_t end, bool begins_empty);

/* Moves what was kept to ret. 0 or -ENOMEM. */
int sequence_hand_over(struct sequence *s, struct coverage *ret);

/* Does a landmark lie within these numbers, the ends included? */
bool sequence_meets_landmark(const struct sequence *s, uint32_t first, uint32_t end);

bool sequence_run_begins_empty(const struct sequence_run *run);
int64_t sequence_run_from(const struct sequence_run *run); /* from when on everything is in the store */

#endif
