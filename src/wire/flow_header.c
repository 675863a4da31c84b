/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/flow_state.h"

#define IPFIX_HEADER 16    /* RFC 7011 section 3.1 */
#define NETFLOW9_HEADER 20 /* RFC 3954 section 5.1 */
#define SET_HEADER 4

static int refuse_header(
        enum refusal refusal, const char *complaint, enum refusal *ret_refusal, const char **ret_complaint)
{
        *ret_refusal = refusal;
        *ret_complaint = complaint;
        return -EBADMSG;
}

int flow_header_read(const void *bytes, size_t length, struct flow_header *ret_header,
        enum refusal *ret_refusal, const char **ret_complaint)
{
        struct cursor cursor = cursor_over(bytes, length);
        struct flow_header header = {.uptime_zero_ms = TIME_UNKNOWN, .length = length};

        header.version = cursor_be16(&cursor);
        if (cursor.overrun)
                return refuse_header(
                        REFUSAL_TRUNCATED, "shorter than a version number", ret_refusal, ret_complaint);
        if (header.version != 9 && header.version != 10)
                return refuse_header(
                        REFUSAL_BAD_VERSION, "the version is neither 9 nor 10", ret_refusal, ret_complaint);
        if (header.version == 10) {
                header.header_length = IPFIX_HEADER;
                header.length = cursor_be16(&cursor);
                header.export_ms = (int64_t)cursor_be32(&cursor) * TIME_SECOND;
        } else {
                header.header_length = NETFLOW9_HEADER;
                header.count = cursor_be16(&cursor);
                int64_t uptime_ms = cursor_be32(&cursor);
                header.export_ms = (int64_t)cursor_be32(&cursor) * TIME_SECOND;
                header.uptime_zero_ms = header.export_ms - uptime_ms;
        }
        header.number = cursor_be32(&cursor);
        header.domain = cursor_be32(&cursor);
        if (cursor.overrun)
                return refuse_header(
                        REFUSAL_TRUNCATED, "shorter than its header", ret_refusal, ret_complaint);
        if (header.length < header.header_length)
                return refuse_header(
                        REFUSAL_BAD_LENGTH, "its length is less than its header", ret_refusal, ret_complaint);
        *ret_header = header;
        return 0;
}

/* Zero bytes between a flowset and the next header (or the end): some exporters pad their datagrams so. The
 * header itself begins with a zero byte. */
static bool skip_zeros(struct cursor *cursor)
{
        while (cursor_left(cursor) >= 2) {
                if (cursor->at[0] == 0 && (cursor->at[1] == 9 || cursor->at[1] == 10))
                        return true;
                if (cursor->at[0] != 0)
                        return false;
                cursor_skip(cursor, 1);
        }
        return cursor_left(cursor) == 0 || cursor->at[0] == 0;
}

/* Flowset numbers 2 to 255 are reserved (RFC 3954 section 5.2), so that 9 or 10 there is the version of the
 * next message. */
static int netflow9_length(const void *bytes, size_t length, size_t *ret_length, struct error *error)
{
        struct cursor cursor = cursor_over(bytes, length);

        cursor_skip(&cursor, NETFLOW9_HEADER);
        while (cursor_left(&cursor) >= SET_HEADER) {
                struct cursor set = cursor;
                uint16_t id = cursor_be16(&set), set_length = cursor_be16(&set);
                if (id == 9 || id == 10)
                        break;
                if (id == 0 && set_length == 0) {
                        if (!skip_zeros(&cursor))
                                return error_set(error, -EBADMSG,
                                        "bytes follow a NetFlow v9 message that are no flowset");
                        break;
                }
                if (set_length < SET_HEADER || set_length > cursor_left(&cursor))
                        return error_set(error, -EBADMSG,
                                "a NetFlow v9 flowset at byte %zu says it is %u bytes long, where %zu are "
                                "left; cut the "
                                "file there or import the capture it was made from",
                                cursor_offset(&cursor), set_length, cursor_left(&cursor));
                cursor_skip(&cursor, set_length);
        }
        if (cursor_left(&cursor) < SET_HEADER && cursor_left(&cursor) > 0)
                cursor.at = cursor.end;
        *ret_length = cursor_offset(&cursor);
        return 0;
}

int flow_message_length(const void *bytes, size_t length, size_t *ret_length, struct error *error)
{
        struct flow_header header;
        enum refusal refusal;
        const char *complaint;

        if (flow_header_read(bytes, length, &header, &refusal, &complaint) < 0)
                return error_set(error, -EBADMSG, "no IPFIX or NetFlow v9 message here: %s", complaint);
        if (header.version == 9)
                return netflow9_length(bytes, length, ret_length, error);
        if (header.length > length)
                return error_set(error, -EBADMSG,
                        "an IPFIX message says it is %zu bytes long, where %zu are left; the "
                        "file is cut short",
                        header.length, length);
        *ret_length = header.length;
        return 0;
}

bool flow_resembles(const void *bytes, size_t length)
{
        const uint8_t *p = bytes;

        /* RFC 3954 section 5.1, RFC 7011 section 3.1: they begin with their version. */
        return length >= 16 && p[0] == 0 && (p[1] == 9 || p[1] == 10);
}
