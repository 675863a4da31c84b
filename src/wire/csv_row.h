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

/* The same for files that never quote: every comma separates, every other byte belongs to a field. */
int csv_row_split_plain(struct slice line, struct csv_row *row, const char **ret_why);

/* Where each known column stands. */
struct csv_columns {
        int at[CSV_FIELDS_MAX]; /* by the caller's column number; -1: not there */
        size_t expected;        /* fields in the header row */
        bool usable, read;      /* a header was read, and it was sound */
};

/* A kind of table, and one while it is read. names[i] is column i: its name, and behind "|" other names that
 * people give it ("start|valid_from"). Case does not matter, and a blank or hyphen stands for an underscore.
 */
struct csv_table {
        const char *const *names;
        size_t name_count;
        /* Which column is missing, as a sentence part in ret; false where the header row will do. */
        bool (*lacks)(const struct csv_columns *columns, char *ret, size_t size);
        bool plain; /* nothing is quoted */
        struct csv_columns columns;
        struct csv_row row;
};

/* Takes the next line: counts and refuses what is no row, reads the header row. 1: a row with as many fields
 * as the header row is in table->row and waits to be counted; 0: the line is done. */
int csv_take_line(struct text_decoder *decoder, struct csv_table *table, struct slice line,
        const struct decode_sink *sink);

/* Reads the header row. Names that are not known are noted; a column named twice makes the header useless.
 * Where a column's own name is there, its other names are not read. 0, or -EINVAL with the reason in
 * *ret_why. */
int csv_columns_read(struct csv_row *row, const char *const *names, size_t name_count,
        const struct decode_sink *sink, struct csv_columns *ret, const char **ret_why);

/* The trimmed field of a column; empty where the column is not there. */
struct slice csv_field(const struct csv_row *row, const struct csv_columns *columns, unsigned column);

/* How many columns of a file's first row (comments skipped) are among names: for recognition. *ret_unknown
 * counts the others. */
size_t csv_recognise(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown);

/* The same, as bits: which of at most 64 names it has. */
uint64_t csv_recognise_columns(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown);

/* A byte order mark (U+FEFF) at the start of a file is no part of the first name. */
struct slice csv_skip_mark(struct slice line);

#endif
