/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses the framing, the second the size of the pieces in which the stream comes. However it
 * comes, the same messages are cut out of it, and nothing is asked for that a listener would not hold. */
#include "collect/framing.h"

#include "base/checksum.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

struct read {
        uint64_t digest; /* of all messages */
        size_t messages, too_long, used;
        bool is_broken;
};

static struct read read_stream(enum framing_kind kind, const uint8_t *bytes, size_t length, size_t piece)
{
        struct framing framing = {.kind = kind};
        struct read read = {0};

        for (size_t from = 0; from < length && !read.is_broken;) {
                from = piece < length - from ? from + piece : length;
                for (;;) {
                        struct framing_step step =
                                framing_next(&framing, bytes + read.used, from - read.used);
                        check(step.used <= from - read.used);
                        if (step.outcome == FRAMING_MORE || step.outcome == FRAMING_BROKEN) {
                                read.is_broken = step.outcome == FRAMING_BROKEN;
                                check(read.is_broken || from - read.used <= FRAMING_HELD_MAX);
                                check(!read.is_broken || step.complaint);
                                break;
                        }
                        check(step.used > 0);
                        if (step.outcome == FRAMING_MESSAGE) {
                                check(step.length > 0 && step.message >= bytes + read.used &&
                                        step.message + step.length <= bytes + read.used + step.used);
                                read.digest = read.digest * 31 + checksum(step.message, step.length);
                                read.messages++;
                        }
                        read.too_long += step.outcome == FRAMING_TOO_LONG;
                        read.used += step.used;
                }
        }
        return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        if (length < 2)
                return 0;
        enum framing_kind kind = bytes[0] & 1 ? FRAMING_IPFIX : FRAMING_SYSLOG;
        struct read whole = read_stream(kind, bytes + 2, length - 2, length);
        struct read pieces = read_stream(kind, bytes + 2, length - 2, 1u + bytes[1]);
        check(whole.messages == pieces.messages && whole.digest == pieces.digest);
        check(whole.too_long == pieces.too_long && whole.is_broken == pieces.is_broken);
        return 0;
}
