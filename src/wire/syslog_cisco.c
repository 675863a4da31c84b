/* SPDX-License-Identifier: EUPL-1.2 */
/* NAT on routers of Cisco. IOS and IOS XE write one message per translation, IOS XR's CGv6 writes several
 * events in brackets into one message of RFC 5424. */
#include "wire/syslog_vendors.h"

/* Protocol, inside local, inside global, outside local, outside global, and the number of the VRF. The inside
 * global endpoint is the public one; of the other side the global one is what the Internet knows. Behind the
 * VRF some releases print the rest of a fixed buffer as dots. Where the NAT keeps no destination (CGN mode)
 * both outside endpoints are zero: then it is a mapping, for every destination. The data plane's messages
 * come wrapped in those of the control plane. */
#define ENDPOINTS "%{protocol} %{inside}:%{inside-port} %{outside}:%{first} "
#define ANYWHERE ENDPOINTS "0.0.0.0:0 0.0.0.0:0"
#define SOMEWHERE ENDPOINTS "%{word} %{destination}:%{destination-port}"
/* Short, so that other messages of the control plane are other messages. */
#define WRAPPED "%%IOS%{word}: %{text}"
#define NAME "%%NAT-6-LOG_TRANSLATION: "

#define LINE(before, what, to, end, sign, of, does)                                                          \
        {                                                                                                    \
                .text = before NAME what " Translation " to " %{vrf}" end, .mark = (sign), .kind = (of),     \
                .action = (does)                                                                             \
        }
#define TRANSLATION(before, what, does)                                                                      \
        LINE(before, what, ANYWHERE, ".%{text}", " 0.0.0.0:0 0.0.0.0:0 ", NAT_MAPPING, does),                \
                LINE(before, what, ANYWHERE, "", " 0.0.0.0:0 0.0.0.0:0 ", NAT_MAPPING, does),                \
                LINE(before, what, SOMEWHERE, ".%{text}", "NAT-6-LOG_TRANSLATION: " what, NAT_SESSION,       \
                        does),                                                                               \
                LINE(before, what, SOMEWHERE, "", "NAT-6-LOG_TRANSLATION: " what, NAT_SESSION, does)

/* IOS without the data plane of XE. */
#define CLASSIC(name, what, does)                                                                            \
        {                                                                                                    \
                .text = "%%IPNAT-6-" name ": " what " " SOMEWHERE, .mark = "IPNAT-6-" name,                  \
                .kind = NAT_SESSION, .action = (does)                                                        \
        }

static const struct syslog_pattern iosxe[] = {
        TRANSLATION(WRAPPED, "Created", NAT_OPEN),
        TRANSLATION(WRAPPED, "Deleted", NAT_CLOSE),
        TRANSLATION("", "Created", NAT_OPEN),
        TRANSLATION("", "Deleted", NAT_CLOSE),
        CLASSIC("NAT_CREATED", "Created", NAT_OPEN),
        CLASSIC("NAT_DELETED", "Deleted", NAT_CLOSE),
};

const struct syslog_family syslog_cisco_iosxe = {.name = "cisco-iosxe",
        .description = "Cisco IOS and IOS XE, 'ip nat log translations syslog'",
        .source = "message LOG_TRANSLATION as in rsyslog's test bench; IPNAT as in blog.ipspace.net 2008/12",
        SYSLOG_PATTERNS(iosxe)};

/* [EventName L4 OriginalSourceIP InsideVRFName OriginalSourceIPv6 TranslatedSourceIP OriginalPort
 * TranslatedFirstSourcePort TranslatedLastSourcePort DestinationIP DestinationPort], "-" where a field does
 * not apply. Port blocks are "user based"; their records carry no protocol. With an original IPv6 address it
 * is DS-Lite or NAT64, and that address is the customer's: several of DS-Lite have the same IPv4 address. All
 * events of a packet happened within a second of its time. */
static const struct syslog_word assignment[] = {{"A", NAT_OPEN}, {"W", NAT_CLOSE}, {NULL, 0}};
static const struct syslog_word with_destination[] = {{"AD", NAT_OPEN}, {"WD", NAT_CLOSE}, {NULL, 0}};

static const struct syslog_pattern iosxr[] = {
        {.text = "[Userbased%{action} - %{inside} %{vrf} - %{outside} - %{first} %{last} - -]",
                .words = assignment,
                .kind = NAT_BLOCK,
                .flags = SYSLOG_REPEATS},
        {.text = "[Userbased%{action} - %{word} %{vrf} %{inside} %{outside} - %{first} %{last} - -]",
                .words = assignment,
                .kind = NAT_BLOCK,
                .flags = SYSLOG_REPEATS},
        {.text = "[Sessionbased%{action} %{protocol} %{inside} %{vrf} - %{outside} %{inside-port} %{first} - "
                 "- "
                 "-]",
                .words = assignment,
                .kind = NAT_MAPPING,
                .flags = SYSLOG_REPEATS},
        {.text = "[Sessionbased%{action} %{protocol} %{word} %{vrf} %{inside} %{outside} %{inside-port} "
                 "%{first} - - -]",
                .words = assignment,
                .kind = NAT_MAPPING,
                .flags = SYSLOG_REPEATS},
        {.text = "[Sessionbased%{action} %{protocol} %{inside} %{vrf} - %{outside} %{inside-port} %{first} - "
                 "%{destination} %{destination-port}]",
                .words = with_destination,
                .kind = NAT_SESSION,
                .flags = SYSLOG_REPEATS},
        {.text = "[Sessionbased%{action} %{protocol} %{word} %{vrf} %{inside} %{outside} %{inside-port} "
                 "%{first} - %{destination} %{destination-port}]",
                .words = with_destination,
                .kind = NAT_SESSION,
                .flags = SYSLOG_REPEATS},
        {.text = "[Portblockrunout %{text}]",
                .kind = NAT_BLOCK,
                .action = SYSLOG_NOTHING,
                .flags = SYSLOG_REPEATS},
};

const struct syslog_family syslog_cisco_iosxr = {.name = "cisco-iosxr",
        .description = "Cisco IOS XR, CGv6 (NAT44, DS-Lite, NAT64)",
        .source = "Cisco IOS XR Carrier Grade NAT Configuration Guide for the CRS, release 5.2.x, External "
                  "Logging, pages 96-100",
        SYSLOG_PATTERNS(iosxr)};
