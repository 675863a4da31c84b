/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SINK_H
#define ROGATORY_WIRE_SINK_H

/* Where every decoder of this room delivers, and why it refuses. */

#include "nat/event.h"
#include "nat/lease.h"
#include "nat/plan.h"

#include <stddef.h>

/* Why something was refused: counted by kind and shown in the import's summary. */
enum refusal {
        REFUSAL_TRUNCATED,       /* shorter than its own length field says */
        REFUSAL_BAD_LENGTH,      /* a length field contradicts its surroundings */
        REFUSAL_BAD_VERSION,     /* neither version 9 nor 10 */
        REFUSAL_BAD_TEMPLATE,    /* a template that cannot be (no fields, reserved id, record longer than a
                                    message) */
        REFUSAL_TEMPLATE_LIMIT,  /* more templates or fields than the named limit */
        REFUSAL_NO_TEMPLATE,     /* data whose template never came (or came too late) */
        REFUSAL_UNKNOWN_EVENT,   /* an event value that the dialect does not know */
        REFUSAL_CONTRADICTION,   /* the event and its fields contradict each other: probably the wrong dialect
                                  */
        REFUSAL_MISSING_FIELD,   /* a NAT event without a field it cannot do without */
        REFUSAL_BAD_VALUE,       /* a value that cannot be (port range backwards, address 0.0.0.0 ...) */
        REFUSAL_IMPOSSIBLE_TIME, /* no time, or one that contradicts the message's export time by more than a
                                    day */
        REFUSAL_NO_DIALECT, /* NAT-like records, but no dialect is set and none is recognised beyond doubt */
        REFUSAL_BAD_LINE,   /* text: a line that does not match its format */
        REFUSAL_DAMAGED_PACKET, /* capture: a packet cut short or contradicting itself */
        REFUSAL_COUNT
};

const char *refusal_name(enum refusal refusal);     /* "no-template": stable, for JSON */
const char *refusal_sentence(enum refusal refusal); /* what it means and what to do */

/* Where decoders deliver. No function may keep pointers beyond the call. */
struct decode_sink {
        void *context;
        /* A sound event. Negative is fatal and ends the decoding call. */
        int (*event)(void *context, const struct nat_event *event);
        /* The same for several, in order, where a decoder has them together; NULL: each goes to `event`. */
        int (*events)(void *context, const struct nat_event *events, size_t count);
        /* A sound statement about who has an inside address; NULL where no leases are wanted. As event. */
        int (*lease)(void *context, const struct lease_event *event);
        /* A row of a plan; NULL where no plans are wanted. As event. */
        int (*plan)(void *context, const struct plan_row *row);
        /* Something was refused at `offset` bytes into the bytes that were handed over (0 in text); detail is
         * a sentence part with the numbers (template id, event value, field). */
        void (*refused)(void *context, enum refusal refusal, size_t offset, const char *detail);
        /* Worth a line in the summary but nothing was refused (a column that is not known ...); may be NULL.
         */
        void (*noted)(void *context, const char *sentence);
};

#endif
