/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_EVENT_H
#define ROGATORY_WIRE_SYSLOG_EVENT_H

/* From what the fields of a message say to an event. Used only by the syslog format. */

#include "wire/syslog_match.h"

struct syslog_objection {
        enum refusal refusal;
        const char *why; /* static text */
};

/* 1: *ret is an event, without time and exporter. 0: the message binds nothing. -1: refused. */
int syslog_event_make(
        const struct syslog_match *match, struct nat_event *ret, struct syslog_objection *objection);

#endif
