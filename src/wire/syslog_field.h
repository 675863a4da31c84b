/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_FIELD_H
#define ROGATORY_WIRE_SYSLOG_FIELD_H

/* Reading single fields of a message. Used only by the syslog format. */

#include "wire/syslog_match.h"

/* What stands before a blank, the stop character or the end. */
struct slice syslog_word_before(struct slice text, char stop);

/* Reads one field off *rest; stop: the character that follows it in the pattern. words: for SYSLOG_ACTION.
 * false where there is no such thing; *rest stays. Whether a number can be a port is not looked at here. */
bool syslog_take_field(struct slice *rest, enum syslog_field field, char stop,
        const struct syslog_word *words, struct syslog_found *found);

/* The whole value of a key. */
bool syslog_take_value(struct slice value, const struct syslog_key *key, struct syslog_found *found);

#endif
