/* SPDX-License-Identifier: EUPL-1.2 */
/* A10 Thunder CGN (ACOS). Its own time "NAT:20260706140537" states no zone. */
#include "wire/syslog_vendors.h"

#define BATCH(message, happens)                                                                              \
        {                                                                                                    \
                .text = "NAT:%{stamp} %{word} " message ": [%{inside} %{outside} %{first} %{last}]",         \
                .mark = "PortBatchV2", .second_mark = "NAT:20", .kind = NAT_BLOCK, .action = happens,        \
                .flags = SYSLOG_OWN_TIME                                                                     \
        }

/* The reverse tuple begins with the server or with the NAT, depending on the release; what stands twice is
 * the server. */
#define SESSION(protocol_name, number, letter, happens)                                                      \
        {.text = "NAT-" protocol_name "-" letter                                                             \
                 ": %{inside}:%{inside-port}<->%{destination}:%{destination-port},"                          \
                 "%{destination}:%{destination-port}<-->%{outside}:%{first}",                                \
                .kind = NAT_SESSION,                                                                         \
                .action = happens,                                                                           \
                .protocol = number},                                                                         \
                {.text = "NAT-" protocol_name "-" letter                                                     \
                         ": %{inside}:%{inside-port}<->%{destination}:%{destination-port}, "                 \
                         "%{destination}:%{destination-port}<-->%{outside}:%{first}",                        \
                        .kind = NAT_SESSION,                                                                 \
                        .action = happens,                                                                   \
                        .protocol = number},                                                                 \
                {.text = "NAT-" protocol_name "-" letter                                                     \
                         ": %{inside}:%{inside-port}<->%{destination}:%{destination-port},"                  \
                         "%{outside}:%{first}<-->%{destination}:%{destination-port}",                        \
                        .kind = NAT_SESSION,                                                                 \
                        .action = happens,                                                                   \
                        .protocol = number},                                                                 \
        {                                                                                                    \
                .text = "NAT-" protocol_name "-" letter ": %{inside}:%{inside-port}<-->%{outside}:%{first} " \
                        "to %{word}",                                                                        \
                .kind = NAT_MAPPING, .action = happens, .protocol = number                                   \
        }

static const struct syslog_pattern patterns[] = {
        BATCH("PortBatchV2Allocated", NAT_OPEN),
        BATCH("PortBatchV2Freed", NAT_CLOSE),
        SESSION("TCP", 6, "C", NAT_OPEN),
        SESSION("TCP", 6, "D", NAT_CLOSE),
        SESSION("UDP", 17, "C", NAT_OPEN),
        SESSION("UDP", 17, "D", NAT_CLOSE),
        SESSION("ICMP", 1, "C", NAT_OPEN),
        SESSION("ICMP", 1, "D", NAT_CLOSE),
        /* What a fixed NAT computed: it says that the block is lent, not since when. */
        {.text = "FIXED-NAT-PORTS %{inside}->%{outside}:%{first}-%{last}",
                .kind = NAT_BLOCK,
                .action = NAT_ALIVE},
};

const struct syslog_family syslog_a10 = {
        .name = "a10",
        .description = "A10 Thunder CGN: port batches (version 2), sessions and mappings in ASCII, fixed NAT",
        .source = "A10 ACOS, CGN logging (template logging); messages as parsed by public collectors",
        SYSLOG_PATTERNS(patterns),
};
