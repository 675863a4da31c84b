/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_LOG_H
#define ROGATORY_TESTS_PROPERTY_LOG_H

/* What the exporter of a simulated world writes, with the scenario's faults, as files in a folder. */

#include "world.h"

#define LOG_FILES_MAX 4

struct log_files {
        char paths[LOG_FILES_MAX][256];
        int count;
        int64_t first_ms[LOG_FILES_MAX];                  /* of the first line; lines alone */
        char leases[256], earlier_leases[256], plan[256]; /* "": none */
        int64_t heard_to;                                 /* the exporter still said something at this time */
        bool any_loss;                                    /* something was in fact lost or damaged */
};

/* The exporter's clock at a true instant. */
int64_t log_clock(const struct world *world, int64_t at);

/* The lease log, as a table. */
void log_write_leases(
        const struct world *world, const char *folder, struct dice *dice, struct log_files *ret);

void log_write(const struct world *world, const char *folder, struct dice *dice, struct log_files *ret);

#endif
