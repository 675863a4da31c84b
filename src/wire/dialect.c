/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/dialect.h"

#include <string.h>

/* IANA "NAT Event Type" registry, RFC 8158 section 4.3. Values 1 and 2 are historic there and bind nothing
 * here: an exporter that sends them speaks another dialect. */
static const struct dialect_event rfc8158_events[] = {
        {3, NAT_SESSION, -1, 0, "addresses exhausted"},
        {4, NAT_SESSION, NAT_OPEN, 4, "NAT44 session create"},
        {5, NAT_SESSION, NAT_CLOSE, 4, "NAT44 session delete"},
        {6, NAT_SESSION, NAT_OPEN, 6, "NAT64 session create"},
        {7, NAT_SESSION, NAT_CLOSE, 6, "NAT64 session delete"},
        {8, NAT_MAPPING, NAT_OPEN, 4, "NAT44 BIB create"},
        {9, NAT_MAPPING, NAT_CLOSE, 4, "NAT44 BIB delete"},
        {10, NAT_MAPPING, NAT_OPEN, 6, "NAT64 BIB create"},
        {11, NAT_MAPPING, NAT_CLOSE, 6, "NAT64 BIB delete"},
        {12, NAT_SESSION, -1, 0, "ports exhausted"},
        {13, NAT_SESSION, -1, 0, "quota exceeded"},
        {14, NAT_ADDRESS, NAT_OPEN, 0, "address binding create"},
        {15, NAT_ADDRESS, NAT_CLOSE, 0, "address binding delete"},
        {16, NAT_BLOCK, NAT_OPEN, 0, "port block allocation"},
        {17, NAT_BLOCK, NAT_CLOSE, 0, "port block de-allocation"},
        {18, NAT_SESSION, -1, 0, "threshold exceeded"},
};

/* Value 0 means "invalid" there and is refused like any value that the table does not hold. */
static const struct dialect_event cisco_nel_events[] = {
        {1, NAT_SESSION, NAT_OPEN, 0, "translation or port block create"},
        {2, NAT_SESSION, NAT_CLOSE, 0, "translation or port block delete"},
};

#define EVENTS(table) .events = (table), .event_count = sizeof(table) / sizeof((table)[0])

static const struct dialect dialects[] = {
        {
                .name = "rfc8158",
                .description = "IPFIX (or NetFlow v9) with the events of RFC 8158",
                .source = "RFC 8158",
                .version = 0,
                .flags = 0,
                EVENTS(rfc8158_events),
        },
        {
                .name = "cisco-nel",
                .description = "NetFlow v9 event logging of Cisco's NAT (NEL): create and delete are 1 and 2",
                .source = "Cisco IOS XE, NAT high-speed logging",
                .version = 9,
                .flags = DIALECT_SEQUENCE_COUNTS_PACKETS | DIALECT_BLOCK_END_FROM_COUNT |
                         DIALECT_BLOCK_BY_RANGE,
                EVENTS(cisco_nel_events),
        },
        {
                .name = "h3c-userlog",
                .description = "binary flow log 3.0 of H3C and HP: operator, start and end of each session",
                .source = "H3C VSR network management configuration guide, flow log",
                .flags = DIALECT_BINARY_LOG,
        },
        {
                .name = "huawei-elog",
                .description = "binary flow eLog V1 of Huawei (NAT444): start and end of each session",
                .source = "Huawei NetEngine 8000, CGN log feature, flow eLog format",
                .flags = DIALECT_BINARY_LOG,
        },
};

const struct dialect *dialect_table(size_t *ret_count)
{
        *ret_count = sizeof dialects / sizeof dialects[0];
        return dialects;
}

const struct dialect *dialect_by_name(const char *name)
{
        for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
                if (strcmp(dialects[i].name, name) == 0)
                        return &dialects[i];
        return NULL;
}

const struct dialect_event *dialect_event_of(const struct dialect *dialect, unsigned value)
{
        for (size_t i = 0; i < dialect->event_count; i++)
                if (dialect->events[i].value == value)
                        return &dialect->events[i];
        return NULL;
}

const struct dialect *dialect_recognise(uint16_t version, unsigned value, bool has_outside)
{
        const struct dialect *rfc8158 = &dialects[0], *cisco_nel = &dialects[1];

        if (version == 9 && (value == 1 || value == 2))
                return has_outside ? cisco_nel : NULL;
        return dialect_event_of(rfc8158, value) ? rfc8158 : NULL;
}
