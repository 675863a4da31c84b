/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_MATCH_H
#define ROGATORY_WIRE_SYSLOG_MATCH_H

/* The patterns of all families, compiled, and what a pattern found in a message. Used only by the syslog
 * format; whoever has many of its decoders makes the book for them (text_options.book). */

#include "base/slice.h"
#include "base/time.h"
#include "wire/syslog.h"

/* What the fields of one message say. `has` tells which are set, by enum syslog_field. */
struct syslog_found {
        uint32_t has;
        int8_t action; /* of the words met; SYSLOG_PASS where there were none */
        uint8_t protocol;
        bool outside_is_ipv6; /* then outside is void */
        uint32_t outside;     /* host order */
        struct address inside, destination;
        uint64_t inside_port, first, last, count, destination_port;
        uint64_t epoch_ms, epoch_resolution_ms, lasted_ms;
        uint32_t vrf, session;
        struct civil date, clock; /* stamp fills both */
        int64_t clock_resolution_ms;
        int zone_s; /* seconds east of UTC */
};

static inline bool syslog_has(const struct syslog_found *found, enum syslog_field field)
{
        return found->has >> field & 1;
}

struct syslog_compiled; /* one pattern */
struct syslog_book;     /* all of them */

/* 0, -ENOMEM, or -EINVAL where a pattern is wrong (a mistake in a table: a test compiles them all). */
int syslog_book_make(struct syslog_book **ret_book);
void syslog_book_free(struct syslog_book *book);

struct syslog_match {
        const struct syslog_family *family; /* whose message it is; NULL: nobody's */
        const struct syslog_pattern
                *pattern; /* NULL: it is a message of the family that no pattern matches */
        struct syslog_found found;
        struct slice rest;  /* behind it; may not be empty where the pattern has SYSLOG_REPEATS */
        struct slice stuck; /* where the best pattern stopped matching */
};

/* Finds the pattern of a message that begins at `text`. only: no other family is looked at; NULL: all. True
 * where a pattern matches; otherwise ret->family tells whose damaged message it is. */
bool syslog_book_match(const struct syslog_book *book, struct slice text, const struct syslog_family *only,
        struct syslog_match *ret);

/* The next event of a message whose patterns repeat, by the patterns of its family. */
bool syslog_book_match_next(const struct syslog_book *book, struct slice text, struct syslog_match *match);

/* A family whose mark stands anywhere in the text; NULL where none. */
const struct syslog_family *syslog_book_marked(const struct syslog_book *book, struct slice text);

#endif
