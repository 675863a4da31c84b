/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_LINE_READER_H
#define ROGATORY_OS_LINE_READER_H

/* Streams the lines of a text log, plain or compressed (os/input.h), in big blocks and bounded memory. */

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* No text log that we know writes lines near this long. */
#define LINE_LENGTH_DEFAULT 65536

struct line {
        struct slice text; /* without its line feed; borrowed, valid until the next call */
        uint64_t number;   /* from 1 */
        uint64_t offset;   /* of its first byte in the unpacked text */
        bool too_long;     /* longer than allowed: text holds its beginning only, the rest was skipped */
        bool ended;        /* false: the last line, and its line feed is missing (the file may be cut off) */
};

struct line_reader;

/* path as input_open; longest: bytes of a line, without its line feed. */
int line_reader_open(const char *path, size_t longest, struct line_reader **ret_reader, struct error *error);

/* The same over an input that is open already (and may have been peeked into); the reader owns it, also where
 * this fails. */
struct input;
int line_reader_over(
        struct input *input, size_t longest, struct line_reader **ret_reader, struct error *error);
void line_reader_close(struct line_reader *reader);

/* 1 and a line, 0 at the end, or what input_read returned (the lines before the damage have been handed out).
 */
int line_reader_next(struct line_reader *reader, struct line *ret_line, struct error *error);

const char *line_reader_name(const struct line_reader *reader);
uint64_t line_reader_consumed(const struct line_reader *reader); /* bytes of the file itself, for progress */
uint64_t line_reader_size(const struct line_reader *reader);     /* 0 where not known */

#endif
