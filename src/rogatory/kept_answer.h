/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_KEPT_ANSWER_H
#define ROGATORY_ROGATORY_KEPT_ANSWER_H

/* An answer that waits for its turn to be printed, in a quarter of the bytes: names without the room behind
 * them. What is taken out is the answer that was put in, field by field. */

#include "inquiry/inquiry.h"

/* Appends the answer. 0 or the sticky failure of ret. */
int answer_keep(const struct answer *answer, struct buffer *ret);

/* An answer that was taken out, and how many its arrays have room for. */
struct answer_kept {
        struct answer answer;
        size_t candidate_room, possible_room, exporter_room;
};

/* Takes out what answer_keep has appended at `kept`. ret: zeroed, or used before, and then its arrays are
 * used again. 0 or -ENOMEM. answer_kept_free when done. */
int answer_take_out(const uint8_t *kept, struct answer_kept *ret);
void answer_kept_free(struct answer_kept *kept);

#endif
