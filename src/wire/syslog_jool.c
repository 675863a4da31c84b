/* SPDX-License-Identifier: EUPL-1.2 */
/* Jool, NAT64 in the Linux kernel: instance, time in GMT without leading zeros, action. A mapping (BIB entry)
 * serves every destination; a session names one. The kernel's own time stands in brackets before; where a
 * journal has taken that away, only the instance's usual name can tell where the message begins. */
#include "wire/syslog_vendors.h"

#define KERNEL "[%{text}] %{word} "
#define DEFAULT "defau%{word} "
#define WHEN "%{date} %{time} (GMT) - "
#define MAPPING "%{inside}#%{inside-port} to %{outside}#%{first} (%{protocol})"
#define SESSION                                                                                              \
        " session %{inside}#%{inside-port}|%{word}|%{outside}#%{first}|%{destination}#%{destination-port}|"  \
        "%{protocol}"

#define LINE(lead, what, rest, of, does)                                                                     \
        {                                                                                                    \
                .text = lead WHEN what rest, .mark = " (GMT) - ", .kind = (of), .action = (does),            \
                .flags = SYSLOG_OWN_TIME | SYSLOG_OWN_TIME_UTC                                               \
        }
#define LINES(lead)                                                                                          \
        LINE(lead, "Mapped ", MAPPING, NAT_MAPPING, NAT_OPEN),                                               \
                LINE(lead, "Forgot ", MAPPING, NAT_MAPPING, NAT_CLOSE),                                      \
                LINE(lead, "Added", SESSION, NAT_SESSION, NAT_OPEN),                                         \
                LINE(lead, "Forgot", SESSION, NAT_SESSION, NAT_CLOSE)

static const struct syslog_pattern patterns[] = {LINES(KERNEL), LINES(DEFAULT)};

const struct syslog_family syslog_jool = {.name = "jool",
        .description = "Jool (NAT64), logging-bib and logging-session",
        .source = "Jool manual, global flags logging-bib and logging-session",
        SYSLOG_PATTERNS(patterns)};
