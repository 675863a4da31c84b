/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_CSV_ROW_H
#define ROGATORY_WIRE_CSV_ROW_H

/* One row of comma-separated values (RFC 4180) and the columns a header row names. A quoted field may contain
 * commas and doubled quotes but no line break: rows are read line by line. */

#include "wire/text_decoder.h"

#define CSV_FIELDS_MAX 64

struct csv_row {
        struct slice fields[CSV_FIELDS_MAX]; /* into the line, or into scratch where quotes were doubled */
        size_t count;
        char scratch[TEXT_LINE_MAX];
};

/* Splits a line of at most TEXT_LINE_MAX bytes. 0, or -EINVAL with the reason in *ret_why (static text). */
int csv_row_split(struct slice line, struct csv_row *row, const char **ret_why);

/* Where each known column stands. */
struct csv_columns {
        int at[CSV_FIELDS_MAX]; /* by the caller's column number; -1: not there */
        size_t expected;        /* fields in the header row */
        bool usable, read;      /* a header was read, and it was sound */
};

/* Reads the header row: names[i] is column i. Names that are not known are noted once each; a column named
 * twice makes the header useless. 0, or -EINVAL with the reason in *ret_why. */
int csv_columns_read(struct csv_row *row, const char *const *names, size_t name_count,
        const struct decode_sink *sink, struct csv_columns *ret, const char **ret_why);

/* The trimmed field of a column; empty where the column is not there. */
struct slice csv_field(const struct csv_row *row, const struct csv_columns *columns, unsigned column);

/* How many columns of a file's first row (comments skipped) are among names: for recognition. *ret_unknown
 * counts the others. */
size_t csv_recognise(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown);

/* A byte order mark (U+FEFF) at the start of a file is no part of the first name. */
struct slice csv_skip_mark(struct slice line);

#endif
