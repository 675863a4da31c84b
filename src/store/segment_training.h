/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_STORE_SEGMENT_TRAINING_H
#define ROGATORY_STORE_SEGMENT_TRAINING_H

/* What the writer learns from the first sheets before it writes: which shapes and destination ports occur
 * (they get symbols), and which destinations are asked for most (they get small numbers). */

#include "store/block_encode.h"
#include "store/segment_tables.h"

struct numbered_host {
        struct nat_host host;
        uint32_t number; /* in the caller's table */
};

#define TRAINING_SHAPES 1024 /* different shapes that are counted */

struct training {
        struct shape_tally {
                uint64_t shape, count;
        } shapes[TRAINING_SHAPES];
        unsigned shape_count;
        uint32_t ports[65536];
};

void training_survey(struct training *training, const struct nat_binding *bindings, size_t count);

/* Fills the tables of shapes and ports, most frequent first, and what the encoder needs of them. */
void training_choose(struct training *training, struct model_tables *tables, struct block_encoder *encoder);

struct destination_tally {
        uint32_t count, number;
};

/* tallies: by host number, zeroed at first. */
void training_tally_destinations(
        struct destination_tally *tallies, const struct nat_binding *bindings, size_t count);
/* Brings the used ones to the front, most frequent first. Returns how many. */
uint32_t training_sort_destinations(struct destination_tally *tallies, uint32_t highest);

#endif
