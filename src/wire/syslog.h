/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_H
#define ROGATORY_WIRE_SYSLOG_H

/* How the NATs of many vendors write their events into syslog: data, not code. A family is a table of
 * patterns with named fields; the engine (syslog.c) compiles all of them once and finds the pattern of a line
 * by the literal that it begins with. To add a family: a file syslog_VENDOR.c with its table, its name in
 * syslog_families.c, its section in doc/format/syslog.md, seeds and words for the fuzzer.
 *
 * A line is, in this order: a priority "<134>", a header (RFC 5424, RFC 3164, an RFC 3339 time and a host, or
 * Cisco's "seq: HOST: time:"), and the message. A pattern begins where a message can begin: behind the
 * header, behind a "tag[pid]:", and in RFC 5424 at APP-NAME, at MSGID, at the structured data and behind it.
 * It never begins in the middle of a text: what a subscriber can write into another program's log (a host
 * name in a DHCP request) must not become an event. */

#include "nat/event.h"
#include "wire/sink.h"

/* What a field of a pattern means. In the text of a pattern a field is written %{name}. A field that stands
 * twice in a text has to say the same twice. */
enum syslog_field {
        SYSLOG_WORD,             /* word: anything up to the next literal, no blanks; skipped */
        SYSLOG_TEXT,             /* text: anything up to the next literal; skipped. May be empty */
        SYSLOG_INSIDE,           /* inside: address, IPv4 or IPv6 */
        SYSLOG_INSIDE_PORT,      /* inside-port */
        SYSLOG_OUTSIDE,          /* outside: IPv4 address */
        SYSLOG_FIRST,            /* first: the outside port, or the first of a block */
        SYSLOG_LAST,             /* last: of a block, inclusive */
        SYSLOG_COUNT,            /* count: ports of a block, where its last port is not written */
        SYSLOG_DESTINATION,      /* destination: address */
        SYSLOG_DESTINATION_PORT, /* destination-port */
        SYSLOG_PROTOCOL,         /* protocol: IANA number, or a name (tcp, UDP, icmp ...) */
        SYSLOG_VRF,              /* vrf: a number, or a name that stands for one ("-" and nothing: 0) */
        SYSLOG_SESSION,          /* session: the NAT's own identity of the binding */
        SYSLOG_EPOCH_HEX,        /* epoch-hex: seconds since 1970 UTC in hexadecimal */
        SYSLOG_EPOCH,            /* epoch: seconds since 1970 UTC, decimal, with or without a fraction */
        SYSLOG_STAMP,            /* stamp: YYYYMMDDhhmmss, no zone */
        SYSLOG_DATE,             /* date: YYYY-MM-DD or YYYY/M/D, no zone; goes with time */
        SYSLOG_TIME,             /* time: h:mm:ss with or without a fraction */
        SYSLOG_ZONE,             /* zone: +0300 or +03:00, of date and time or of stamp */
        SYSLOG_LASTED_MS,        /* lasted-ms: how long it had existed when it was closed, milliseconds */
        SYSLOG_LASTED_S,         /* lasted-s: the same in seconds, rounded in whatever way */
        SYSLOG_ACTION,           /* action: a word out of the words of its pattern or key */
        SYSLOG_FIELD_COUNT
};

/* Instead of an enum nat_action. */
#define SYSLOG_NOTHING (-1) /* known, but it binds nothing: counted as not_nat */
#define SYSLOG_PASS (-2)    /* a word that has to be there and says nothing about the action */

/* What a word means. A word that is not in the list is refused. A list ends with a NULL word. */
struct syslog_word {
        const char *word;
        int8_t means; /* enum nat_action, SYSLOG_NOTHING or SYSLOG_PASS */
};

/* One key of a keyed message. Keys that are not listed are skipped, a listed key that comes twice is refused.
 */
struct syslog_key {
        const char *key;
        enum syslog_field field;
        const struct syslog_word *words; /* for SYSLOG_ACTION */
        bool optional;                   /* false: the message is refused without it */
};

/* Most keys of one pattern. */
#define SYSLOG_KEYS_MAX 32

enum syslog_flag {
        SYSLOG_OWN_TIME = 1 << 0,          /* the event's time is a field; the header's is not looked at */
        SYSLOG_OWN_TIME_UTC = 1 << 1,      /* stamp, date and time are UTC */
        SYSLOG_ZERO_UNTRANSLATED = 1 << 2, /* outside address 0.0.0.0 means "not translated" */
        SYSLOG_PORT_NOT_LOGGED = 1 << 3,   /* a session or mapping without its outside port */
        SYSLOG_DESTINATION_DEPENDENT = 1 << 4, /* this NAT lends one endpoint to several destinations */
        SYSLOG_PORT_FOLLOWS_INSIDE = 1 << 5,   /* a line without outside port kept the inside one */
        SYSLOG_ICMP_UNCLEAR = 1 << 8, /* its documents do not say which field is ICMP's outside identifier: it
                                       * counts as not logged */
        SYSLOG_REPEATS = 1 << 6, /* several events may stand one behind the other in a message: what follows
                                  * is matched again with the patterns of this family that have this flag */
        SYSLOG_LATE = 1 << 7,    /* the time of such a line is not that at which it was written (interim lines
                                  * with the time of the allocation): it says nothing about what was heard */
};

struct syslog_pattern {
        /* Literals and fields. A blank stands for one or more blanks; "%%" is "%". It has to reach to the end
         * of the message unless it ends with %{text}, keys follow, or SYSLOG_REPEATS is set. It begins with a
         * literal, which need not be long where `mark` is given. */
        const char *text;
        /* At least 5 bytes that stand in every such message and in nothing else, or NULL. Where the literal
         * at the beginning is shorter than 6 bytes, a message is of this family only with its mark. */
        const char *mark;
        /* The same at another place, or NULL. Where a mark (or a literal at the beginning of 8 bytes or more)
         * is found in a line of which no message can be made, the line is refused as a damaged one instead of
         * being taken for another program's; with marks at two places damage at one of them is noticed. */
        const char *second_mark;
        const struct syslog_key *keys; /* behind the text: key=value or key="value" in any order; or NULL */
        size_t key_count;
        const struct syslog_word *words; /* for %{action}; or NULL */
        int8_t kind;                     /* enum nat_kind */
        int8_t action;                   /* enum nat_action, or SYSLOG_NOTHING; an action field outranks it */
        uint8_t protocol; /* where no field says it; NAT_PROTOCOL_ANY for blocks and addresses */
        unsigned flags;   /* enum syslog_flag */
};

struct syslog_family {
        const char *name;        /* "juniper-pba": for --dialect and `dialect` in rogatory.conf */
        const char *description; /* one line for a person */
        const char *source;      /* the document */
        const struct syslog_pattern *patterns;
        size_t pattern_count;
};

const struct syslog_family *const *syslog_families(size_t *ret_count);
const struct syslog_family *syslog_family_by_name(const char *name); /* NULL where unknown */

#define SYSLOG_PATTERNS(array) .patterns = (array), .pattern_count = sizeof(array) / sizeof(array)[0]
#define SYSLOG_KEYS(array) .keys = (array), .key_count = sizeof(array) / sizeof(array)[0]

#endif
