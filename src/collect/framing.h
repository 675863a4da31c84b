/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_FRAMING_H
#define ROGATORY_COLLECT_FRAMING_H

/* Where one message ends and the next begins in a stream of bytes. Pure: the caller owns the bytes.
 *
 *   IPFIX   each message tells its length (RFC 7011 section 3.1)
 *   syslog  octet counting ("5 <13>a", RFC 6587 section 3.4.1) and lines (section 3.4.2), each message as it
 * begins: a digit other than 0 begins a count, everything else a line. Once a sender has counted, what begins
 * neither with a count nor with '<' shows that a count was wrong: the place is lost, and the stream is given
 * up, because a message that begins or ends elsewhere could say something else.
 *
 * A line that is cut off by the end of the stream is no message. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMING_SYSLOG_MAX 65536u /* bytes of one message; RFC 5424 section 6.1 asks for 2048 */
#define FRAMING_HELD_MAX 65600u   /* bytes that must be held to see any message whole */
#define FRAMING_COUNT_DIGITS_MAX 9u

enum framing_kind { FRAMING_IPFIX, FRAMING_SYSLOG };

enum framing_outcome {
        FRAMING_MORE,     /* no whole message yet: nothing is used up */
        FRAMING_MESSAGE,  /* one message; used: what is done with when it was handed on */
        FRAMING_NOTHING,  /* bytes that are no message (empty lines, the rest of a long one) */
        FRAMING_TOO_LONG, /* a message that is too long is passed over, and those after it are good */
        FRAMING_BROKEN    /* no message begins here: the stream must be given up */
};

struct framing {
        enum framing_kind kind;
        bool has_counted;      /* a count was met */
        bool is_skipping_line; /* in a line that is too long */
        uint64_t skip_bytes;   /* of a counted message that is too long */
        size_t searched;       /* bytes in which no end of line was found */
};

struct framing_step {
        enum framing_outcome outcome;
        size_t used;
        const uint8_t *message; /* borrowed from the caller's bytes */
        size_t length;
        const char *complaint; /* FRAMING_BROKEN: why; a sentence part */
};

/* Looks at the bytes that were not used up yet. Asked again with the same bytes it says the same again. */
struct framing_step framing_next(struct framing *framing, const uint8_t *bytes, size_t length);

#endif
