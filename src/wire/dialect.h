/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_DIALECT_H
#define ROGATORY_WIRE_DIALECT_H

/* How one family of exporters writes NAT events into IPFIX or NetFlow v9: a small description in a table
 * (dialect.c); issue after issue adds rows, not code. */

#include "nat/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a natEvent value means in a dialect. */
struct dialect_event {
        uint8_t value;    /* IE 230 */
        uint8_t kind;     /* enum nat_kind */
        int8_t action;    /* enum nat_action, or -1: known, but binds nothing */
        uint8_t family;   /* 4: inside is IE 8; 6: inside is IE 27; 0: either */
        const char *name; /* "NAT44 session create", as in the IANA registry */
};

enum dialect_flag {
        DIALECT_SEQUENCE_COUNTS_PACKETS = 1 << 0, /* NetFlow v9 (RFC 3954); IPFIX counts data records */
        DIALECT_BLOCK_END_FROM_COUNT = 1 << 1,    /* no IE 362: the end follows from start, step and count */
        DIALECT_DESTINATION_DEPENDENT = 1 << 2,   /* this NAT lends one endpoint to several destinations */
        DIALECT_BLOCK_BY_RANGE = 1 << 3, /* sessions and blocks share event values: a record that carries a
                                          * port range (IE 361) is a block */
        DIALECT_BINARY_LOG = 1 << 15, /* neither IPFIX nor NetFlow, but a binary flow log (userlog.h): it has
                                       * no natEvent, and flow records of such an exporter are refused */
};

/* Event values lie below this (RFC 8158 ends at 18). */
#define DIALECT_VALUES_MAX 32

/* Ports of one non-contiguous block (step above 1); each becomes an event of its own, so the number is
 * bounded. */
#define DIALECT_STEPPED_PORTS_MAX 4096

struct dialect {
        const char *name;        /* "rfc8158" */
        const char *description; /* one line for a person */
        const char *source;      /* the document */
        uint16_t version;        /* 9, 10, or 0 for both */
        unsigned flags;
        const struct dialect_event *events;
        size_t event_count;
};

/* The table and its length. */
const struct dialect *dialect_table(size_t *ret_count);

/* By name; NULL where unknown. */
const struct dialect *dialect_by_name(const char *name);

/* The meaning of an event value; NULL where the dialect does not know it. */
const struct dialect_event *dialect_event_of(const struct dialect *dialect, unsigned value);

/* The dialect of a record where the exporter's settings name none; NULL where it is not beyond doubt.
 * value: IE 230; has_outside: the template carries IE 225. An IPFIX record with an RFC 8158 value is rfc8158
 * because every record is held against that document's field lists; a NetFlow v9 record with 1 or 2 is
 * cisco-nel. */
const struct dialect *dialect_recognise(uint16_t version, unsigned value, bool has_outside);

#endif
