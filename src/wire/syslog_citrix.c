/* SPDX-License-Identifier: EUPL-1.2 */
/* Citrix ADC (NetScaler), large scale NAT. What a mapping depends on stands in its kind; A&PDM is one for the
 * destination's address and port, which is a session. The text behind the time is "SEVERITY 0- PPE-2 :
 * partition" in the device's own log and "0-PPE-2 : partition" where it was sent. Other messages of LSN are
 * not shown in any public document at hand: they are refused by the mark. */
#include "wire/syslog_vendors.h"

static const struct syslog_word events[] = {{"CREATED", NAT_OPEN}, {"DELETED", NAT_CLOSE}, {NULL, 0}};

#define LINE(lead)                                                                                           \
        {                                                                                                    \
                .text = lead " : %{word} LSN LSN_ADDRPORT_MAPPING %{word} %{word} : A&PDM %{action} "        \
                             "Client IP:Port:TD %{inside}:%{inside-port}:%{vrf}, "                           \
                             "NatIP:NatPort %{outside}:%{first}, "                                           \
                             "Destination IP:Port:TD %{destination}:%{destination-port}:%{word}, "           \
                             "Protocol: %{protocol}",                                                        \
                .mark = " LSN LSN_", .words = events, .kind = NAT_SESSION                                    \
        }

static const struct syslog_pattern patterns[] = {
        /* Short, so that what is not of LSN is another program's. */
        LINE("Infor%{word} 0- PPE-%{word}"),
        LINE("0-PPE%{word}"),
};

const struct syslog_family syslog_citrix = {
        .name = "citrix",
        .description = "Citrix ADC (NetScaler): large scale NAT, mappings by address and port",
        .source = "Citrix support article CTX218017; Citrix ADC 12.1, Logging and Monitoring LSN",
        SYSLOG_PATTERNS(patterns),
};
