/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_RECEPTION_STATE_H
#define ROGATORY_RECEPTION_STATE_H

/* What a reception remembers; shared by its parts, nobody else's business. */

#include "reception/reception.h"
#include "wire/conntrack_netlink.h"
#include "wire/flow.h"
#include "wire/radius.h"
#include "wire/syslog.h"
#include "wire/syslog_match.h"
#include "wire/userlog.h"

#include <string.h>

struct reception_exporter {
        const struct exporter_settings *settings; /* borrowed */
        const struct dialect *dialect;            /* NULL: recognised or refused */
        struct text_decoder *text;                /* of lines that it sent; NULL until the first */
        struct conntrack_decoder *conntrack;      /* NULL until the first message */
        struct reception_counts counts;
        uint16_t realm;
};

struct reception {
        const struct settings *settings;
        struct reception_zones zones;
        struct reception_sink sink;
        struct reception_exporter *exporters; /* by number; owned */
        bool *is_torn;                        /* by realm; owned */
        const struct text_format *syslog;
        struct syslog_book *book; /* of all of its decoders; owned; NULL until the first */
        struct flow_decoder *flow;
        struct userlog_decoder *userlog;
        struct radius_decoder *radius;
        struct coverage found; /* on its way to the sink */
        int64_t latest_ms;     /* receipt; TIME_UNKNOWN: nothing came yet */
        /* Of the message being read. */
        int64_t now_ms;
        uint16_t exporter;
        bool reads_leases, tears;
};

/* For struct decode_sink. */
void reception_refuse(void *context, enum refusal refusal, size_t offset, const char *detail);

/* lines.c: the decoder of the lines that an exporter sends, made where there is none yet. What was sent
 * before is not known, so it begins with a loss. 0 or -ENOMEM. */
int reception_text_of(struct reception *reception, uint16_t number, struct text_decoder **ret_decoder);

#endif
