/* SPDX-License-Identifier: EUPL-1.2 */
/* 6WIND Virtual Service Router: fp-cgnat. */
#include "wire/syslog_vendors.h"

/* Some releases write the time a second time at the end ("at Tue Jun 11 08:03:09 2020"), without a zone. */
#define BLOCK(verb, pool, happens)                                                                           \
        {.text = "USER %{inside} (%{text}): " verb " BLOCK (" pool                                           \
                 "ip public %{outside}, proto %{protocol}, port %{first} - %{last})",                        \
                .mark = verb " BLOCK (",                                                                     \
                .second_mark = "ip public ",                                                                 \
                .kind = NAT_BLOCK,                                                                           \
                .action = happens},                                                                          \
        {                                                                                                    \
                .text = "USER %{inside} (%{text}): " verb " BLOCK (" pool                                    \
                        "ip public %{outside}, proto %{protocol}, port %{first} - %{last}) at %{text}",      \
                .mark = verb " BLOCK (", .second_mark = "ip public ", .kind = NAT_BLOCK, .action = happens   \
        }
#define CONNECTION(verb, arrow, happens)                                                                     \
        {                                                                                                    \
                .text = verb " CONN: fwd proto %{protocol} %{inside}:%{inside-port} -> "                     \
                             "%{destination}:%{destination-port}, back proto %{protocol} %{word} " arrow     \
                             " %{outside}:%{first}",                                                         \
                .mark = ", back proto ", .kind = NAT_SESSION, .action = happens                              \
        }

static const struct syslog_pattern patterns[] = {
        BLOCK("NEW", "pool \"%{text}\", ", NAT_OPEN),
        BLOCK("NEW", "", NAT_OPEN),
        BLOCK("DESTROY", "pool \"%{text}\", ", NAT_CLOSE),
        BLOCK("DESTROY", "", NAT_CLOSE),
        CONNECTION("NEW", "->", NAT_OPEN),
        CONNECTION("NEW", "-->", NAT_OPEN),
        CONNECTION("DESTROY", "->", NAT_CLOSE),
        CONNECTION("DESTROY", "-->", NAT_CLOSE),
};

const struct syslog_family syslog_6wind = {
        .name = "6wind",
        .description = "6WIND Virtual Service Router: port blocks and connections of fp-cgnat",
        .source = "6WIND VSR 3, CG-NAT Deployment Guide, Logging; User's Guide, CG-NAT, Events",
        SYSLOG_PATTERNS(patterns),
};
