/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_ERROR_H
#define ROGATORY_BASE_ERROR_H

/* How every function in rogatory reports failure.
 *
 * A function that can fail returns int. 0 (or a documented non-negative value) is success; a negative errno
 * is fatal for the call and is passed on; a positive value other than a documented result is never returned.
 * Outputs are ret_ parameters and are not touched on failure. Libraries never print: the reason in words is
 * written into a struct error that the caller owns. */

#include <errno.h>

/* Longest message kept, with its end mark. Longer ones are cut, which is visible by the trailing "...". */
#define ERROR_TEXT_MAX 512

/* The reason of the last failure in words, for a person. Owned by the caller; zero-initialise before first
 * use. */
struct error {
        int code;                  /* the negative errno that was returned, 0 when nothing failed */
        char text[ERROR_TEXT_MAX]; /* says what was wrong, where, and what to do; no trailing newline */
};

/* Writes the reason and returns code, so that `return error_set(error, -EBADMSG, "...")` is one line.
 * error may be NULL (the reason is dropped). code must be negative. */
int error_set(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts words in front of the reason that is already there ("FILE: " + reason). Returns error->code.
 * error may be NULL, then code is returned. */
int error_prefix(struct error *error, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
