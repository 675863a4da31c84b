/* SPDX-License-Identifier: EUPL-1.2 */
#include "relay/counts.h"

#include "relay/relay.h"

#include <errno.h>
#include <string.h>

#define HEAD_BYTES 8u /* kind, and how long a row is: both sides are one build, and say so */

static size_t row_bytes(unsigned kind)
{
        static const size_t bytes[RELAY_COUNTS_KIND_END] = {
                [RELAY_COUNTS_EXPORTER] = sizeof(struct relay_exporter_counts),
                [RELAY_COUNTS_LISTENER] = sizeof(struct relay_listener_counts),
                [RELAY_COUNTS_COLLECTOR] = sizeof(struct relay_collector_counts),
                [RELAY_COUNTS_STORE] = sizeof(struct relay_store_counts),
        };
        return kind < RELAY_COUNTS_KIND_END ? bytes[kind] : 0;
}

size_t relay_counts_pack(enum relay_counts_kind kind, const void *rows, size_t count, struct buffer *ret)
{
        uint32_t head[2] = {kind, (uint32_t)row_bytes(kind)};
        size_t most = (RELAY_COUNTS_MAX - HEAD_BYTES) / head[1];

        count = count < most ? count : most;
        buffer_clear(ret);
        buffer_append(ret, head, sizeof head);
        return buffer_append(ret, rows, count * head[1]) == 0 ? count : 0;
}

int relay_counts_unpack(const void *bytes, size_t length, enum relay_counts_kind *ret_kind, size_t *ret_count)
{
        uint32_t head[2];

        if (length < HEAD_BYTES)
                return -EBADMSG;
        memcpy(head, bytes, sizeof head);
        if (head[1] == 0 || row_bytes(head[0]) != head[1] || (length - HEAD_BYTES) % head[1] != 0)
                return -EBADMSG;
        *ret_kind = (enum relay_counts_kind)head[0];
        *ret_count = (length - HEAD_BYTES) / head[1];
        return 0;
}

void relay_counts_row(const void *bytes, enum relay_counts_kind kind, size_t index, void *ret_row)
{
        memcpy(ret_row, (const uint8_t *)bytes + HEAD_BYTES + index * row_bytes(kind), row_bytes(kind));
}
