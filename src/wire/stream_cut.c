/* SPDX-License-Identifier: EUPL-1.2 */
/* From bytes in order to IPFIX messages. */
#include "base/cursor.h"
#include "wire/stream_state.h"

#define HEADER 16    /* RFC 7011 section 3.1 */
#define SET_HEADER 4 /* section 3.3.2 */
#define FIRST_DATA_SET 256
#define NEIGHBOURS_S 3600 /* messages of one connection that follow each other lie no further apart */

struct head {
        size_t length;
        uint32_t export_s, number, domain;
};

enum fit {
        FIT_NO,
        FIT_SO_FAR, /* more bytes are needed to tell */
        FIT_WHOLE,
};

/* Header and sets of the message at bytes: every length must lead exactly to the message's end. */
static enum fit message_fit(const uint8_t *bytes, size_t length, struct head *ret_head)
{
        struct cursor cursor = cursor_over(bytes, length);
        uint16_t version = cursor_be16(&cursor);

        if (length >= 2 ? version != 10 : length == 1 && bytes[0] != 0)
                return FIT_NO;
        ret_head->length = cursor_be16(&cursor);
        ret_head->export_s = cursor_be32(&cursor);
        ret_head->number = cursor_be32(&cursor);
        ret_head->domain = cursor_be32(&cursor);
        if (cursor.overrun)
                return FIT_SO_FAR;
        if (ret_head->length < HEADER + SET_HEADER)
                return FIT_NO;
        for (size_t at = HEADER; at < ret_head->length;) {
                if (ret_head->length - at < SET_HEADER)
                        return FIT_NO;
                if (length < at + SET_HEADER)
                        return FIT_SO_FAR;
                unsigned id = (unsigned)bytes[at] << 8 | bytes[at + 1];
                size_t set_length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
                if ((id != 2 && id != 3 && id < FIRST_DATA_SET) || set_length < SET_HEADER)
                        return FIT_NO;
                at += set_length;
                if (at > ret_head->length)
                        return FIT_NO;
        }
        return length < ret_head->length ? FIT_SO_FAR : FIT_WHOLE;
}

bool stream_begins_message(const uint8_t *bytes, size_t length)
{
        struct head head;

        return length >= HEADER + SET_HEADER && message_fit(bytes, length, &head) != FIT_NO;
}

/* Do two messages follow each other? The second counts the data records of the first (RFC 7011 section 3.1),
 * which cannot be more than it has bytes. */
static bool follow_each_other(const struct head *first, const struct head *second)
{
        return first->domain == second->domain && second->number - first->number < first->length &&
               second->export_s - first->export_s <= NEIGHBOURS_S;
}

/* What a certain boundary asks for is less: damage within a message is the decoder's business. */
static enum fit length_fit(const uint8_t *bytes, size_t length, size_t *ret_length)
{
        struct cursor cursor = cursor_over(bytes, length);
        uint16_t version = cursor_be16(&cursor);

        *ret_length = cursor_be16(&cursor);
        if (cursor.overrun)
                return FIT_SO_FAR;
        if (version != 10 || *ret_length < HEADER)
                return FIT_NO;
        return length < *ret_length ? FIT_SO_FAR : FIT_WHOLE;
}

/* Are there two whole messages in a row at bytes? */
static enum fit pair_fit(const uint8_t *bytes, size_t length)
{
        struct head first, second;
        enum fit fit = message_fit(bytes, length, &first);

        if (fit != FIT_WHOLE)
                return fit;
        fit = message_fit(bytes + first.length, length - first.length, &second);
        return fit == FIT_WHOLE && !follow_each_other(&first, &second) ? FIT_NO : fit;
}

static void drop(struct stream *stream, size_t length)
{
        memmove(stream->bytes, stream->bytes + length, stream->length - length);
        stream->length -= length;
}

void stream_tell(struct stream *stream, const char *complaint, const struct stream_sink *sink)
{
        if (!stream->told)
                sink->lost(sink->context, stream->number, complaint);
        stream->told = true;
}

/* Looks for the first place where a message certainly begins. What is before it is lost. */
static void seek(struct stream *stream, bool at_end, const struct stream_sink *sink)
{
        size_t at = 0;

        while (at < stream->length) {
                enum fit fit = pair_fit(stream->bytes + at, stream->length - at);
                if (fit == FIT_WHOLE)
                        break;
                if (fit == FIT_SO_FAR && !at_end)
                        return;
                at++;
        }
        if (at > 0)
                stream_tell(stream,
                        "bytes of IPFIX over TCP in which it is not certain where a message begins", sink);
        if (at < stream->length) {
                stream->state = STREAM_CERTAIN;
                stream->told = false;
        }
        drop(stream, at);
}

/* 1: something was cut, 0: more bytes are needed, or what the sink returned. */
static int cut_one(struct stream *stream, const struct stream_sink *sink)
{
        size_t length;

        switch (length_fit(stream->bytes, stream->length, &length)) {
        case FIT_SO_FAR:
                return 0;
        case FIT_NO: /* damage that TCP did not cause: from here on no boundary is certain */
                stream->state = STREAM_SEEKING;
                stream_tell(stream, "a message of IPFIX over TCP whose header contradicts itself", sink);
                drop(stream, 1);
                return 1;
        default:
                break;
        }
        struct packet message = stream->ends;
        message.payload = stream->bytes;
        message.length = length;
        int r = sink->message(sink->context, &message);
        drop(stream, length);
        return r < 0 ? r : 1;
}

int stream_cut(struct stream *stream, bool at_end, const struct stream_sink *sink)
{
        int r = 1;

        while (r > 0 && stream->length > 0) {
                if (stream->state == STREAM_SEEKING)
                        seek(stream, at_end, sink);
                r = stream->state == STREAM_CERTAIN && stream->length > 0 ? cut_one(stream, sink) : 0;
        }
        if (r < 0)
                return r;
        if (at_end && stream->length > 0) {
                stream_tell(stream, "a message of IPFIX over TCP that was not captured to its end", sink);
                stream->length = 0;
        }
        return 0;
}
