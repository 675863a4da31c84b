/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_TERMINAL_H
#define ROGATORY_ROGATORY_TERMINAL_H

/* What the program says: results on standard output, whole or as an error; complaints on standard error. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "rogatory/command.h"

#include <jansson.h>

#define OUTPUT_MAX ((size_t)1 << 30) /* bytes of one result */

/* Writes the buffer to standard output. EXIT_DONE; EXIT_FAILED (and says why on standard error) where it, or
 * the making of the text, failed: half an answer must not look like one. */
int output_write(const struct buffer *text);

/* Takes over the JSON value and appends it as one line. Sets the buffer's failure where it cannot. */
void output_json_line(struct buffer *text, json_t *value);

/* "rogatory: MESSAGE" on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a mistake on the command line, with a pointer to --help. Returns EXIT_USAGE. */
int complain_usage(const struct command *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* The reason of a failure. Returns EXIT_FAILED. */
int complain_error(const struct error *error);

/* Prints the help of a command. An exit code. */
int print_help(const struct command *command);

/* Appends text that came from outside: control characters, characters that change the direction of writing
 * and bytes that are no UTF-8 are written as \xNN, so that a name in a log can neither steer the terminal nor
 * look like another. */
void append_foreign(struct buffer *text, const char *foreign);

/* Appends words with a line break (and `indent` blanks) wherever a line would pass 80 columns, and a line
 * end. `column`: where the first word begins. */
void append_wrapped(struct buffer *text, const char *words, unsigned column, unsigned indent);

/* Foreign text as a JSON string. Bytes that are no UTF-8 are written as \xNN; JSON itself escapes the rest.
 */
json_t *json_foreign(const char *foreign);

/* The same, appended as JSON text with its quotes. */
void append_json_string(struct buffer *text, struct slice foreign);

#endif
