/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_SLICE_H
#define ROGATORY_BASE_SLICE_H

/* A borrowed piece of text that need not end in a zero byte, and the few readings of it that text logs need.
 * Nothing here allocates. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
        const char *text; /* borrowed; may be NULL where length is 0 */
        size_t length;    /* bytes */
};

static inline struct slice slice_of(const char *text)
{
        return (struct slice){.text = text, .length = strlen(text)};
}

static inline struct slice slice_make(const char *text, size_t length)
{
        return (struct slice){.text = text, .length = length};
}

static inline bool slice_is(struct slice slice, const char *text)
{
        size_t length = strlen(text);
        return slice.length == length && (length == 0 || memcmp(slice.text, text, length) == 0);
}

static inline bool slice_starts(struct slice slice, const char *text)
{
        size_t length = strlen(text);
        return slice.length >= length && (length == 0 || memcmp(slice.text, text, length) == 0);
}

/* Without the white space (space, tab, CR, LF) at both ends. */
struct slice slice_trim(struct slice slice);

/* Cuts off and returns what stands before the first `mark`, and moves *rest behind it. Without a mark the
 * whole rest is returned and *rest becomes empty. */
struct slice slice_cut(struct slice *rest, char mark);

/* The next word (run of non-blanks), skipping blanks before it; empty at the end. */
struct slice slice_word(struct slice *rest);

/* How many bytes of a UTF-8 text, at most `most`, end where a character ends: for printf's "%.*s", because
 * what is cut within a character is no text to JSON, and what holds it is lost. */
int slice_fitting(const char *text, unsigned most);

/* Reads a whole slice as a decimal number 0..maximum: no sign, no blanks, no empty slice.
 * 0, or -EINVAL (not a number) or -ERANGE (above maximum). */
int slice_number(struct slice slice, uint64_t maximum, uint64_t *ret_number);

#endif
