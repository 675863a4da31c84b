/* SPDX-License-Identifier: EUPL-1.2 */
/* NFWare Virtual CGNAT: the kind of a message follows from the fields that it has. */
#include "wire/syslog_vendors.h"

/* IN: begun from outside, through a mapping that filters nothing; INT and EXT keep their meaning. */
static const struct syslog_word directions[] = {{"OUT", SYSLOG_PASS}, {"IN", SYSLOG_PASS}, {0}};

#define LINES(letter, happens)                                                                               \
        {.text = letter " VRF %{vrf} %{protocol} INT %{inside}:%{inside-port} "                              \
                        "EXT %{outside}:%{first} DST %{destination}:%{destination-port} DIR %{action}",      \
                .words = directions,                                                                         \
                .mark = " EXT ",                                                                             \
                .kind = NAT_SESSION,                                                                         \
                .action = happens},                                                                          \
                {.text = letter                                                                              \
                        " VRF %{vrf} %{protocol} INT %{inside}:%{inside-port} EXT %{outside}:%{first}",      \
                        .mark = " EXT ",                                                                     \
                        .kind = NAT_MAPPING,                                                                 \
                        .action = happens},                                                                  \
                {.text = letter " VRF %{vrf} INT %{inside} EXT %{outside}:%{first}-%{last}",                 \
                        .mark = " EXT ",                                                                     \
                        .kind = NAT_BLOCK,                                                                   \
                        .action = happens},                                                                  \
        {                                                                                                    \
                .text = letter " VRF %{vrf} INT %{inside} EXT %{outside}", .mark = " EXT ",                  \
                .kind = NAT_ADDRESS, .action = happens                                                       \
        }

static const struct syslog_pattern patterns[] = {LINES("A", NAT_OPEN), LINES("D", NAT_CLOSE)};

const struct syslog_family syslog_nfware = {
        .name = "nfware",
        .description = "NFWare Virtual CGNAT: addresses, ports, sessions and port blocks",
        .source = "NFWare Virtual CGNAT 6.3, NAT, Logging, Message format",
        SYSLOG_PATTERNS(patterns),
};
