/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_LOG_H
#define ROGATORY_OS_LOG_H

/* Lines of a service on its standard error, one event each, for people and for machines:
 *
 *   <4>rogatoryd event=child-ended process=rogatory-store pid=4711 signal=9 text="..."
 *
 * The number is the priority of sd-daemon(3), which journald takes off; on a terminal it is left away. Fields
 * are words; what may hold a blank stands in quotes (log_quote). What peers or files said is never written as
 * it is: control characters become \xHH. No record's content belongs here. */

#include <stddef.h>

enum log_weight {
        LOG_FATAL = 2,   /* the process ends because of it */
        LOG_FAILURE = 3, /* something does not work */
        LOG_CAUTION = 4, /* something may not work for long */
        LOG_NOTICE = 5,  /* what happens rarely and is meant to */
        LOG_DETAIL = 6
};

/* program: "rogatoryd", borrowed for the life of the process. */
void log_begin(const char *program);

/* event: one word, stable. fields: "process=%s pid=%d", or NULL. A line that cannot be written is lost: a
 * service does not end because nobody reads what it says. */
void log_event(enum log_weight weight, const char *event, const char *fields, ...)
        __attribute__((format(printf, 3, 4)));

#define LOG_QUOTED_MAX 1100

/* A text as a field's value: in quotes, with quotes and backslashes behind a backslash, control characters as
 * \xHH, cut where it is longer than its place. Returns quoted. */
char *log_quote(const char *text, char quoted[LOG_QUOTED_MAX]);

#endif
