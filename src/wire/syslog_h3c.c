/* SPDX-License-Identifier: EUPL-1.2 */
/* H3C and HP (Comware 5), NAT logs through the information center: inside, outside and destination endpoint,
 * start and end in the device's local time, and why the line was written. An end of zeros is an end not
 * known. The binary form of the same records is read by userlog.c. */
#include "wire/syslog_vendors.h"

#define FLOW                                                                                                 \
        "%{protocol}; %{inside}:%{inside-port}--->%{outside}:%{first}; %{destination}:%{destination-port}; "
#define OPEN_ENDED "[%{date} %{time}-0000/00/00 00:00:00]; "
#define ENDED "[%{word} %{word}-%{date} %{time}]; "
#define UNKNOWN "[%{word} %{word}-0000/00/00 00:00:00]; "

/* 5 is a translation without ports, whose ports mean nothing; 254 is any other reason. */
static const struct syslog_word reasons[] = {{"1", NAT_CLOSE}, {"2", NAT_CLOSE}, {"3", NAT_CLOSE},
        {"4", NAT_CLOSE}, {"7", NAT_CLOSE}, {"254", NAT_CLOSE}, {"6", NAT_ALIVE}, {NULL, 0}};

#define LINES(lead, sign)                                                                                    \
        {.text = lead FLOW OPEN_ENDED "Operator 8: %{text}",                                                 \
                .mark = (sign),                                                                              \
                .kind = NAT_SESSION,                                                                         \
                .action = NAT_OPEN,                                                                          \
                .flags = SYSLOG_OWN_TIME},                                                                   \
                {.text = lead FLOW ENDED "Operator %{action}: %{text}",                                      \
                        .mark = (sign),                                                                      \
                        .words = reasons,                                                                    \
                        .kind = NAT_SESSION,                                                                 \
                        .flags = SYSLOG_OWN_TIME},                                                           \
        {                                                                                                    \
                .text = lead FLOW UNKNOWN "Operator 6: %{text}", .mark = (sign), .action = SYSLOG_NOTHING    \
        }

static const struct syslog_pattern patterns[] = {
        LINES("%%@%{word}%%%{text}USERLOG/%{word}/NAT: ", "/NAT: "), /* in the device's log file */
        LINES("USERL%{word}/%{word}/NAT: ", "/NAT: "),
        LINES("%%%%10U%{word}/%{word}/NAT(%{word}): ", "/NAT("), /* sent to a log host */
};

const struct syslog_family syslog_h3c = {.name = "h3c",
        .description = "H3C and HP (Comware 5), NAT logs as text",
        .source = "HP MSR Router Series Layer 3 IP Services Configuration Guide (V5), R2511, page 137",
        SYSLOG_PATTERNS(patterns)};
