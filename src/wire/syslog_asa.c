/* SPDX-License-Identifier: EUPL-1.2 */
/* Cisco's firewalls: ASA, its predecessor PIX and its successor Firepower write the same messages. The level
 * in the name can be changed by the administrator, the number cannot. */
#include "wire/syslog_vendors.h"

/* Behind an inside address the identity firewall may name a user in parentheses. */
#define INSIDE_ENDPOINT "%{text}:%{inside}/%{inside-port}"
#define OUTSIDE_ENDPOINT "%{text}:%{outside}/%{first}"
#define OUTSIDE_BLOCK "%{text}:%{inside} to %{text}:%{outside}/%{first}-%{last}"

/* A translation slot of one port is lent to its inside endpoint for every destination. */
#define SLOT(box)                                                                                            \
        {.text = "%%" box "-%{word}-305011: Built %{word} %{protocol} translation from " INSIDE_ENDPOINT     \
                 " to " OUTSIDE_ENDPOINT,                                                                    \
                .mark = "-305011: Built ",                                                                   \
                .kind = NAT_MAPPING,                                                                         \
                .action = NAT_OPEN},                                                                         \
                {.text = "%%" box                                                                            \
                         "-%{word}-305011: Built %{word} %{protocol} translation from " INSIDE_ENDPOINT      \
                         "(%{text}) to " OUTSIDE_ENDPOINT,                                                   \
                        .mark = "-305011: Built ",                                                           \
                        .kind = NAT_MAPPING,                                                                 \
                        .action = NAT_OPEN},                                                                 \
                {.text = "%%" box                                                                            \
                         "-%{word}-305012: Teardown %{word} %{protocol} translation from " INSIDE_ENDPOINT   \
                         " to " OUTSIDE_ENDPOINT " duration %{word}",                                        \
                        .mark = "-305012: Teardown ",                                                        \
                        .kind = NAT_MAPPING,                                                                 \
                        .action = NAT_CLOSE},                                                                \
        {                                                                                                    \
                .text = "%%" box                                                                             \
                        "-%{word}-305012: Teardown %{word} %{protocol} translation from " INSIDE_ENDPOINT    \
                        "(%{text}) to " OUTSIDE_ENDPOINT " duration %{word}",                                \
                .mark = "-305012: Teardown ", .kind = NAT_MAPPING, .action = NAT_CLOSE                       \
        }

/* A translation of whole addresses, without ports. */
#define ADDRESS_SLOT(box)                                                                                    \
        {.text = "%%" box "-%{word}-305009: Built %{word} translation from %{text}:%{inside} to "            \
                 "%{text}:%{outside}",                                                                       \
                .mark = "-305009: Built ",                                                                   \
                .kind = NAT_ADDRESS,                                                                         \
                .action = NAT_OPEN},                                                                         \
        {                                                                                                    \
                .text = "%%" box "-%{word}-305010: Teardown %{word} translation from %{text}:%{inside} to "  \
                        "%{text}:%{outside} duration %{word}",                                               \
                .mark = "-305010: Teardown ", .kind = NAT_ADDRESS, .action = NAT_CLOSE                       \
        }

/* Block allocation: the word before "block" is the protocol that the block is for, or, as the list of
 * messages has it, a number (of blocks or of ports), which says nothing about protocols. It is read as an
 * inside port because that is a number which no block uses. */
#define BLOCK_OF(box, name, number)                                                                          \
        {.text = "%%" box "-%{word}-305014: Allocated " name                                                 \
                 " block of ports for translation from " OUTSIDE_BLOCK,                                      \
                .mark = "-305014: Allocated ",                                                               \
                .kind = NAT_BLOCK,                                                                           \
                .action = NAT_OPEN,                                                                          \
                .protocol = (number)},                                                                       \
                {.text = "%%" box "-%{word}-305015: Released " name                                          \
                         " block of ports for translation from " OUTSIDE_BLOCK,                              \
                        .mark = "-305015: Released ",                                                        \
                        .kind = NAT_BLOCK,                                                                   \
                        .action = NAT_CLOSE,                                                                 \
                        .protocol = (number)},                                                               \
        {                                                                                                    \
                .text = "%%" box "-%{word}-305017: Pba-interim-logging: Active " name                        \
                        " block of ports for translation from " OUTSIDE_BLOCK,                               \
                .mark = "-305017: Pba-interim-logging", .kind = NAT_BLOCK, .action = NAT_ALIVE,              \
                .protocol = (number)                                                                         \
        }

/* A connection names both endpoints with their translation behind them. Its end does not repeat the
 * translation, so only the moment at which it was built is proven: the slot was there. Slots have messages of
 * their own; where these are switched off nothing tells when a slot ended, so a connection is no proof of
 * hearing (SYSLOG_LATE). */
#define CONNECTION(box, number, proto, protocol_number)                                                      \
        {.text = "%%" box "-%{word}-" number ": Built %{word} " proto                                        \
                 " connection %{word} for %{text} (%{word}) to " INSIDE_ENDPOINT " (%{outside}/%{first})",   \
                .mark = "-" number ": Built ",                                                               \
                .kind = NAT_MAPPING,                                                                         \
                .action = NAT_ALIVE,                                                                         \
                .protocol = (protocol_number),                                                               \
                .flags = SYSLOG_LATE},                                                                       \
        {                                                                                                    \
                .text = "%%" box "-%{word}-" number ": Built %{word} " proto                                 \
                        " connection %{word} for %{text} (%{word}) to " INSIDE_ENDPOINT                      \
                        " (%{outside}/%{first}) (%{text}",                                                   \
                .mark = "-" number ": Built ", .kind = NAT_MAPPING, .action = NAT_ALIVE,                     \
                .protocol = (protocol_number), .flags = SYSLOG_LATE                                          \
        }

#define NOTHING(box, number, word)                                                                           \
        {                                                                                                    \
                .text = "%%" box "-%{word}-" number ": " word " %{text}", .mark = "-" number ": " word,      \
                .action = SYSLOG_NOTHING                                                                     \
        }

#define BOX(box)                                                                                             \
        SLOT(box), ADDRESS_SLOT(box), BLOCK_OF(box, "TCP", 6), BLOCK_OF(box, "UDP", 17),                     \
                BLOCK_OF(box, "ICMP", 1), BLOCK_OF(box, "%{inside-port}", NAT_PROTOCOL_ANY),                 \
                CONNECTION(box, "302013", "TCP", 6), CONNECTION(box, "302015", "UDP", 17),                   \
                NOTHING(box, "302014", "Teardown"), NOTHING(box, "302016", "Teardown"),                      \
                NOTHING(box, "305013", "Asymmetric")

static const struct syslog_pattern patterns[] = {BOX("ASA"), BOX("FTD"), BOX("PIX")};

const struct syslog_family syslog_cisco_asa = {.name = "cisco-asa",
        .description = "Cisco ASA, Firepower and PIX: translations, port blocks, connections",
        .source = "Cisco Secure Firewall ASA Series Syslog Messages, 302013 to 302016 and 305009 to 305017",
        SYSLOG_PATTERNS(patterns)};
