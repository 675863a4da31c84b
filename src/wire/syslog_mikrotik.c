/* SPDX-License-Identifier: EUPL-1.2 */
/* MikroTik RouterOS: a firewall rule with log=yes writes a line for a packet. Behind "NAT" stands the
 * translation, where there is one already: in the srcnat chain itself there is none yet, and then nothing
 * tells the outside endpoint. No line tells that a connection ended, or when it began: proven is that the
 * translation existed at that moment. So such a log shows nothing of what it does not hold (SYSLOG_LATE).
 *
 * Interface names may hold blanks, and a subscriber's name may be part of one ("<pppoe-NAME>"): so a line has
 * to fit to its very end, or a name could bring a translation of its own. */
#include "wire/syslog_vendors.h"

#define PLACE "in:%{text} out:%{text}, %{text}proto %{protocol}"
/* A packet from inside: NAT (inside->outside)->destination. */
#define FORWARD                                                                                              \
        "%{word}, NAT (%{inside}:%{inside-port}->%{outside}:%{first})->%{destination}:%{destination-port}, "
/* One to the inside, an answer or a forwarded port: NAT source->(outside->inside). */
#define BACKWARD                                                                                             \
        "%{word}, NAT %{destination}:%{destination-port}->(%{outside}:%{first}->%{inside}:%{inside-port}), "
/* The translated pair alone. */
#define PAIR                                                                                                 \
        "%{inside}:%{inside-port}->%{word}, NAT (%{outside}:%{first}->%{destination}:%{destination-port}), "
/* ICMP and others without ports: the identifier is not written. */
#define PORTLESS "%{word}, NAT (%{inside}->%{outside})->%{destination}, "

#define TRANSLATED(lead, between, parts, more)                                                               \
        {                                                                                                    \
                .text = lead PLACE between parts "len %{word}", .mark = ", NAT ", .kind = NAT_SESSION,       \
                .action = NAT_ALIVE, .flags = SYSLOG_LATE | (more)                                           \
        }
/* TCP's flags and ICMP's type stand in parentheses. */
#define BOTH(lead, parts, more)                                                                              \
        TRANSLATED(lead, ", ", parts, more), TRANSLATED(lead, " (%{text}), ", parts, more)
#define LINES(lead)                                                                                          \
        BOTH(lead, FORWARD, 0), BOTH(lead, BACKWARD, 0), BOTH(lead, PAIR, 0),                                \
                BOTH(lead, PORTLESS, SYSLOG_PORT_NOT_LOGGED),                                                \
        {                                                                                                    \
                .text = lead "in:%{text} out:%{text}, %{text}proto %{text}->%{word}, len %{word}",           \
                .mark = " out:", .action = SYSLOG_NOTHING                                                    \
        }

static const struct syslog_pattern patterns[] = {
        LINES(""),                       /* behind the chain's name or the rule's prefix */
        LINES("firew%{word} %{text}: "), /* with the topics, and then the chain's name */
};

const struct syslog_family syslog_mikrotik = {
        .name = "mikrotik",
        .description = "MikroTik RouterOS: firewall log (that a translation exists; never an end)",
        .source = "MikroTik RouterOS manual, Firewall, log of rules; lines in public parsers' tests",
        SYSLOG_PATTERNS(patterns),
};
