/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_DIALECT_H
#define ROGATORY_WIRE_DIALECT_H

/* How one family of exporters writes NAT events into IPFIX or NetFlow v9: a small description in a table
 * (dialect.c). The next exporter is a row there; what rows can say is judged in nat_judge.c and read in
 * nat_record.c. */

#include "nat/event.h"
#include "wire/element.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a record says what happened. */
enum dialect_event_source {
        EVENT_IS_ELEMENT,  /* in the value of `event_slot` */
        EVENT_IS_TEMPLATE, /* in the number of its template */
        EVENT_IS_EDGE,     /* value 1 where the template has IE 152 (start), 2 where it has IE 153 (end) */
        EVENT_IS_FLOW,     /* nowhere: a flow that began and ended, or goes on; value 0 */
};

/* What an event value means in a dialect. */
struct dialect_event {
        uint16_t value;
        uint8_t kind;     /* enum nat_kind */
        int8_t action;    /* enum nat_action, or -1: known, but binds nothing */
        uint8_t family;   /* 4: inside is IE 8; 6: inside is IE 27; 0: either */
        const char *name; /* "NAT44 session create", as in the document */
        uint64_t needs;   /* where it binds nothing: slots without which it is not this event, */
        uint64_t bars;    /* ... and with which it is a binding of another numbering */
};

enum dialect_flag {
        DIALECT_SEQUENCE_COUNTS_PACKETS = 1 << 0, /* NetFlow v9 (RFC 3954); IPFIX counts data records */
        DIALECT_BLOCK_END_FROM_COUNT = 1 << 1,    /* no IE 362: the end follows from start, step and count */
        DIALECT_DESTINATION_DEPENDENT = 1 << 2,   /* this NAT lends one endpoint to several destinations */
        DIALECT_BLOCK_BY_RANGE = 1 << 3, /* sessions and blocks share event values: a record that carries a
                                          * port range (IE 361) is a block */
        DIALECT_BINARY_LOG = 1 << 15, /* neither IPFIX nor NetFlow, but a binary flow log (userlog.h): it has
                                       * no natEvent, and flow records of such an exporter are refused */
        DIALECT_INSIDE_OPTIONAL = 1 << 4, /* records without an inside address are delivered as such */
        DIALECT_INSIDE_ZERO = 1 << 5,     /* ... and an address of zero is none */
        DIALECT_MIXED = 1 << 6, /* also sends flows that are not translated: without an outside address, or
                                 * with the inside one in its place */
        DIALECT_PORT_ZERO = 1 << 7, /* an outside port of zero is one that is not said */
};

/* What stands under one element in this dialect has the meaning of another. Where a template has both, it is
 * not of this dialect. */
struct dialect_alias {
        uint8_t from, to; /* enum slot */
};

/* Event values lie below this where they stand in an element (RFC 8158 ends at 18). */
#define DIALECT_VALUES_MAX 32
#define DIALECT_SIGNATURES_MAX 2
#define DIALECT_ALIASES_MAX 8

/* Ports of one non-contiguous block (step above 1); each becomes an event of its own, so the number is
 * bounded. */
#define DIALECT_STEPPED_PORTS_MAX 4096

struct dialect {
        const char *name;        /* "rfc8158" */
        const char *description; /* one line for a person */
        const char *carries;     /* what its records tell and what they cannot, for a person */
        const char *source;      /* the document */
        uint16_t version;        /* 9, 10, or 0 for both */
        uint8_t event_source;    /* enum dialect_event_source */
        uint8_t event_slot;      /* enum slot, where the event is an element */
        unsigned flags;
        const struct dialect_event *events;
        size_t event_count;
        struct dialect_alias aliases[DIALECT_ALIASES_MAX]; /* ended by one with from == to */
        uint64_t required;     /* slots that every record of it has, beside those that every event needs */
        uint64_t foreign;      /* slots that show another dialect, beside SLOTS_MARKING */
        uint64_t marks;        /* those of SLOTS_MARKING that it uses itself */
        const char *host_mark; /* see identity_read(); NULL where no record names a subscriber */
        int64_t delay_ms;      /* a flow may be reported this long after it began */
        uint64_t signatures[DIALECT_SIGNATURES_MAX]; /* a template with all of these is of this dialect beyond
                                                      * doubt; 0 where there are none */
};

/* What is known of a record's template. */
struct dialect_traits {
        uint16_t version, template_id;
        uint64_t present; /* slots that the template has */
};

/* The table and its length. */
const struct dialect *dialect_table(size_t *ret_count);

/* By name; NULL where unknown. */
const struct dialect *dialect_by_name(const char *name);

/* The meaning of an event value; NULL where the dialect does not know it. */
const struct dialect_event *dialect_event_of(const struct dialect *dialect, unsigned value);

/* The dialect of a template whose fields only one exporter sends; NULL where there is none. */
const struct dialect *dialect_of_template(const struct dialect_traits *traits);

/* The dialect of a record by its natEvent, where the settings name none and its template shows none; NULL
 * where it is not beyond doubt. A record with an RFC 8158 value is rfc8158 because every record is held
 * against that document's field lists; a NetFlow v9 record with 1 or 2 is Cisco's, and what Juniper means by
 * these in NetFlow v9 is the same. */
const struct dialect *dialect_of_event(const struct dialect_traits *traits, unsigned value);

#endif
