/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_QUESTION_TEXT_H
#define ROGATORY_ROGATORY_QUESTION_TEXT_H

/* A question as a person writes it, on the command line or as a row of a batch, and its reading. */

#include "base/buffer.h"
#include "nat/attribution.h"

/* The parts as given; an empty slice where one is not. */
struct question_text {
        struct slice address;     /* with or without ":PORT" */
        struct slice port;        /* of its own (a batch column) */
        struct slice protocol;    /* "tcp" or a number */
        struct slice time;        /* RFC 3339 with an offset */
        struct slice destination; /* ADDR[:PORT] */
};

/* Reads a question. skew_ms is put in as it is. -EINVAL with a message that says what to write instead. */
int question_read(const struct question_text *text, int64_t skew_ms, struct question *ret_question,
        struct error *error);

/* "tcp", "17" and so on: an IANA protocol number 1..255. */
int protocol_read(struct slice text, int *ret_protocol, struct error *error);

/* "tcp", or "protocol 47" for one that we have no name for. Returns text. */
#define PROTOCOL_TEXT_MAX 24
char *protocol_format(int protocol, char text[PROTOCOL_TEXT_MAX]);

/* The same as a JSON string holds it: the name, or the bare number. Returns text. */
char *protocol_format_code(int protocol, char text[PROTOCOL_TEXT_MAX]);

#endif
