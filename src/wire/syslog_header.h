/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_HEADER_H
#define ROGATORY_WIRE_SYSLOG_HEADER_H

/* What stands before the message in a line of syslog: RFC 5424, RFC 3164, files of relays that write an RFC
 * 3339 time, Cisco IOS, or nothing. Used only by the syslog format. */

#include "wire/text_time.h"

/* Places at which a message may begin. */
#define SYSLOG_STARTS_MAX 6

struct syslog_header {
        struct text_reading reading;
        bool has_time;
        bool is_unset;     /* the device says that its clock was never set (Cisco's "*") */
        bool is_ambiguous; /* month and day may be the other way round, unless the family is declared */
        bool is_framed;    /* there is a header with a time: the line is syslog, whatever its message is */
        int64_t resolution_ms; /* of the reading: 1000 for whole seconds, 1 for milliseconds */
        struct slice host;     /* empty where none is stated */
        struct slice starts[SYSLOG_STARTS_MAX];
        unsigned start_count;
        struct slice structured; /* RFC 5424: structured data, behind which further starts are; or empty */
};

/* Never fails: a line that begins like no header is a bare message. */
void syslog_header_read(struct slice line, struct syslog_header *ret);

/* Adds the starts behind structured data. To be called where none of the others was one: looking for the end
 * of structured data costs a walk over most of the line. */
void syslog_header_read_on(struct syslog_header *header);

/* Cuts "2026-11-20T23:35:52.123+01:00" (RFC 3339; a blank instead of T, and no zone, are taken as well) off
 * *rest. ret_resolution_ms: 1000, 100, 10 or 1. */
bool syslog_take_iso_time(struct slice *rest, struct text_reading *ret, int64_t *ret_resolution_ms);

#endif
