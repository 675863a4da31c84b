/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_PROGRESS_H
#define ROGATORY_OS_PROGRESS_H

/* One line on standard error that says how far a long job is, only where standard error is a terminal. */

#include <stdbool.h>
#include <stdint.h>

struct progress {
        const char *unit; /* "lines", "questions": what `things` counts; borrowed */
        bool shown;       /* standard error is a terminal */
        bool drawn;       /* a line stands there */
        int64_t begun_ms; /* steady clock */
        int64_t drawn_ms; /* steady clock */
};

void progress_begin(struct progress *progress, const char *unit);

/* done of total (bytes; total 0 where not known) and the number of things so far. Draws a few times a second
 * at most, so it may be called for every block of work. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total, uint64_t things);

/* Takes the line away, so that what follows starts on an empty one. */
void progress_end(struct progress *progress);

/* The text of the line, for progress_update and for tests: " 42.0 %  1,234,567 lines  0.61 M/s  3 min 20 s
 * left". */
void progress_text(char *text, unsigned size, const char *unit, uint64_t done, uint64_t total,
        uint64_t things, int64_t elapsed_ms);

#endif
