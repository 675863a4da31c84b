/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_ANSWERS_H
#define ROGATORY_TESTS_PROPERTY_ANSWERS_H

/* Questions to a simulated world, and what its truth says of the answers. */

#include "inquiry/inquiry.h"
#include "world.h"

struct question answers_choose(const struct world *world, struct dice *dice);

/* What is wrong with an answer ("WRONG NAME"); NULL where nothing is. grain_ms: how coarse the times in the
 * log are: nobody can know more than that. */
const char *answers_mistake(const struct world *world, const struct answer *answer, int64_t grain_ms);

/* To standard error: the answer beside the truth. */
void answers_print(const struct world *world, const struct answer *answer, uint64_t seed, const char *what);

#endif
