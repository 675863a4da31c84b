/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_OPENINGS_STATE_H
#define ROGATORY_CHRONICLE_OPENINGS_STATE_H

/* What the two halves of the database share. */

#include "chronicle/openings.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>

struct openings {
        char path[PATH_MAX];
        sqlite3 *database;
};

/* The last failure of the database in words. */
int openings_failed(struct openings *openings, const char *what, struct error *error);
int openings_run(struct openings *openings, const char *text, struct error *error);
int openings_statement(
        struct openings *openings, const char *text, sqlite3_stmt **ret_statement, struct error *error);
int openings_finish(struct openings *openings, sqlite3_stmt *statement, struct error *error);

#endif
