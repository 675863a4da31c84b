/* SPDX-License-Identifier: EUPL-1.2 */
/* Juniper: SRX and MX-SPC3 (RT_NAT, RT_FLOW), and the services cards of the MX (MS-MPC, MS-DPC). */
#include "wire/syslog_vendors.h"

/* --- Port blocks of SRX, MX-SPC3 --- */

/* epoch-time-64 is hexadecimal seconds UTC: that of the allocation in ALLOC and INTERIM, that of the release
 * in RELEASE. An INTERIM line therefore says that the block was lent at its epoch, and when it was written is
 * not in it. */
static const struct syslog_key pba_keys[] = {
        {.key = "internal-ip", .field = SYSLOG_INSIDE},
        {.key = "block-port-low", .field = SYSLOG_FIRST},
        {.key = "block-port-high", .field = SYSLOG_LAST},
        {.key = "reflexive-ip", .field = SYSLOG_OUTSIDE},
        {.key = "epoch-time-64", .field = SYSLOG_EPOCH_HEX},
        /* Logical systems are networks of their own, each with the same private addresses; 0 is the device
           itself. */
        {.key = "logical-system-id", .field = SYSLOG_VRF, .optional = true},
};

#define PBA(message, happens, more)                                                                          \
        {                                                                                                    \
                .text = message, SYSLOG_KEYS(pba_keys), .mark = " reflexive-ip=", .kind = NAT_BLOCK,         \
                .action = happens, .flags = SYSLOG_OWN_TIME | (more)                                         \
        }
#define PBA_TEXT(message, does, happens, more)                                                               \
        {.text = message ": Subscriber %{inside} used/maximum [%{word}] blocks, " does                       \
                         "port block [%{first}-%{last}] from %{outside} in source pool %{word} "             \
                         "lsys_id: %{vrf} epoch %{epoch-hex}",                                               \
                .second_mark = " used/maximum [",                                                            \
                .kind = NAT_BLOCK,                                                                           \
                .action = happens,                                                                           \
                .flags = SYSLOG_OWN_TIME | (more)},                                                          \
        {                                                                                                    \
                .text = message ": Subscriber %{inside} used/maximum [%{word}] blocks, " does                \
                                "port block [%{first}-%{last}] from %{outside} in source pool %{word}",      \
                .second_mark = " used/maximum [", .kind = NAT_BLOCK, .action = happens                       \
        }

static const struct syslog_pattern pba[] = {
        PBA("RT_SRC_NAT_PBA_ALLOC [", NAT_OPEN, 0),
        PBA("RT_SRC_NAT_PBA_INTERIM [", NAT_ALIVE, SYSLOG_LATE),
        PBA("RT_SRC_NAT_PBA_RELEASE [", NAT_CLOSE, 0),
        PBA("RT_NAT - RT_SRC_NAT_PBA_ALLOC [", NAT_OPEN, 0),
        PBA("RT_NAT - RT_SRC_NAT_PBA_INTERIM [", NAT_ALIVE, SYSLOG_LATE),
        PBA("RT_NAT - RT_SRC_NAT_PBA_RELEASE [", NAT_CLOSE, 0),
        PBA_TEXT("RT_SRC_NAT_PBA_ALLOC", "allocates ", NAT_OPEN, 0),
        PBA_TEXT("RT_SRC_NAT_PBA_INTERIM", "%{text}", NAT_ALIVE, SYSLOG_LATE),
        PBA_TEXT("RT_SRC_NAT_PBA_RELEASE", "releases ", NAT_CLOSE, 0),
        {.text = "RT_SRC_NAT_PBA_", .action = SYSLOG_NOTHING}, /* others are refused */
        {.text = "RT_NAT_RULE_MATCH%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_SRC_NAT_SUBS_POOL_ALARM_%{text}", .action = SYSLOG_NOTHING},
};

const struct syslog_family syslog_juniper_pba = {
        .name = "juniper-pba",
        .description = "Juniper SRX, MX-SPC3: port blocks (RT_SRC_NAT_PBA_ALLOC, _INTERIM, _RELEASE)",
        .source = "Junos OS System Log Explorer, RT_NAT; Next Gen Services: System Log Error Messages",
        SYSLOG_PATTERNS(pba),
};

/* --- Sessions of SRX, MX-SPC3 --- */

#define FLOW_KEYS                                                                                            \
        {.key = "source-address", .field = SYSLOG_INSIDE},                                                   \
                {.key = "source-port", .field = SYSLOG_INSIDE_PORT},                                         \
                {.key = "destination-address", .field = SYSLOG_DESTINATION},                                 \
                {.key = "destination-port", .field = SYSLOG_DESTINATION_PORT},                               \
                {.key = "nat-source-address", .field = SYSLOG_OUTSIDE},                                      \
                {.key = "nat-source-port", .field = SYSLOG_FIRST},                                           \
        {                                                                                                    \
                .key = "protocol-id", .field = SYSLOG_PROTOCOL                                               \
        }

static const struct syslog_key create_keys[] = {FLOW_KEYS};
static const struct syslog_key close_keys[] = {
        FLOW_KEYS, {.key = "elapsed-time", .field = SYSLOG_LASTED_S, .optional = true}};

#define FLOW(message, its_keys, happens)                                                                     \
        {.text = message " [",                                                                               \
                SYSLOG_KEYS(its_keys),                                                                       \
                .mark = " nat-source-address=",                                                              \
                .kind = NAT_SESSION,                                                                         \
                .action = happens,                                                                           \
                .flags = SYSLOG_ICMP_UNCLEAR},                                                               \
        {                                                                                                    \
                .text = "RT_FLOW - " message " [", SYSLOG_KEYS(its_keys),                                    \
                .mark = " nat-source-address=", .kind = NAT_SESSION, .action = happens,                      \
                .flags = SYSLOG_ICMP_UNCLEAR                                                                 \
        }
/* Unstructured. From release 12.3X48 on a connection tag stands behind each pair, and rules have a type. */
#define FLOW_TEXT(message, happens)                                                                          \
        {.text = message " %{inside}/%{inside-port}->%{destination}/%{destination-port} %{word} "            \
                         "%{outside}/%{first}->%{word}/%{word} %{word} %{word} %{protocol} %{text}",         \
                .kind = NAT_SESSION,                                                                         \
                .action = happens,                                                                           \
                .flags = SYSLOG_ICMP_UNCLEAR},                                                               \
                {.text = message " %{inside}/%{inside-port}->%{destination}/%{destination-port} %{word} "    \
                                 "%{word} %{outside}/%{first}->%{word}/%{word} %{word} source rule %{word} " \
                                 "N/A N/A %{protocol} %{text}",                                              \
                        .kind = NAT_SESSION,                                                                 \
                        .action = happens,                                                                   \
                        .flags = SYSLOG_ICMP_UNCLEAR},                                                       \
        {                                                                                                    \
                .text = message " %{inside}/%{inside-port}->%{destination}/%{destination-port} %{word} "     \
                                "%{word} %{outside}/%{first}->%{word}/%{word} %{word} N/A N/A N/A N/A "      \
                                "%{protocol} %{text}",                                                       \
                .kind = NAT_SESSION, .action = happens, .flags = SYSLOG_ICMP_UNCLEAR                         \
        }

static const struct syslog_pattern flow[] = {
        FLOW("RT_FLOW_SESSION_CREATE", create_keys, NAT_OPEN),
        FLOW("RT_FLOW_SESSION_CLOSE", close_keys, NAT_CLOSE),
        FLOW("RT_FLOW_SESSION_CREATE_USF", create_keys, NAT_OPEN),
        FLOW("RT_FLOW_SESSION_CLOSE_USF", close_keys, NAT_CLOSE),
        FLOW_TEXT("RT_FLOW_SESSION_CREATE: session created", NAT_OPEN),
        FLOW_TEXT("RT_FLOW_SESSION_CLOSE: session closed %{text}:", NAT_CLOSE),
        {.text = "RT_FLOW_SESSION_DENY%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_FLOW - RT_FLOW_SESSION_DENY%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_FLOW_SESSION_UPDATE%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_FLOW - RT_FLOW_SESSION_UPDATE%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_FLOW_SESSION_", .action = SYSLOG_NOTHING}, /* others are refused */
        {.text = "APPTRACK_SESSION_%{text}", .action = SYSLOG_NOTHING},
        {.text = "RT_FLOW - APPTRACK_SESSION_%{text}", .action = SYSLOG_NOTHING},
};

const struct syslog_family syslog_juniper_flow = {
        .name = "juniper-flow",
        .description = "Juniper SRX, MX-SPC3: sessions (RT_FLOW_SESSION_CREATE, _CLOSE)",
        .source = "Junos OS: Information Provided in Session Log Entries for SRX Series Services Gateways",
        SYSLOG_PATTERNS(flow),
};

/* --- MS-MPC, MS-MIC, MS-DPC --- */

/* The number behind a block is not documented as the time of the event; the header's counts. */
#define BLOCK(message, happens)                                                                              \
        {.text = message ": %{inside} -> %{outside}:%{first}-%{last}",                                       \
                .kind = NAT_BLOCK,                                                                           \
                .action = happens},                                                                          \
        {                                                                                                    \
                .text = message ": %{inside} -> %{outside}:%{first}-%{last} 0x%{word}", .kind = NAT_BLOCK,   \
                .action = happens                                                                            \
        }
#define BLOCKS(prefix)                                                                                       \
        BLOCK(prefix "_NAT_PORT_BLOCK_ALLOC", NAT_OPEN), BLOCK(prefix "_NAT_PORT_BLOCK_ACTIVE", NAT_ALIVE),  \
                BLOCK(prefix "_NAT_PORT_BLOCK_RELEASE", NAT_CLOSE)

/* "App:none, xe-3/1/1.0 INSIDE [OUTSIDE] -> DESTINATION (UDP)"; without brackets nothing is translated. */
#define MS_SESSION(begins, its_mark, application, happens)                                                   \
        {.text = begins application "%{word}, %{word} %{inside}:%{inside-port} [%{outside}:%{first}] -> "    \
                                    "%{destination}:%{destination-port} (%{protocol})",                      \
                .mark = its_mark,                                                                            \
                .second_mark = "] -> ",                                                                      \
                .kind = NAT_SESSION,                                                                         \
                .action = happens,                                                                           \
                .flags = SYSLOG_ICMP_UNCLEAR},                                                               \
                {.text = begins application                                                                  \
                        "%{word}, %{word} %{inside}:%{inside-port} [%{outside}:%{first}] -> "                \
                        "%{destination}:%{destination-port} [%{word}] (%{protocol})",                        \
                        .mark = its_mark,                                                                    \
                        .second_mark = "] -> ",                                                              \
                        .kind = NAT_SESSION,                                                                 \
                        .action = happens,                                                                   \
                        .flags = SYSLOG_ICMP_UNCLEAR},                                                       \
        {                                                                                                    \
                .text = begins application "%{word}, %{word} %{inside}:%{inside-port} -> %{text}",           \
                .mark = its_mark, .action = SYSLOG_NOTHING                                                   \
        }
#define MS_SESSIONS(message, happens)                                                                        \
        MS_SESSION("{%{text}}" message ": ", message, "App:", happens),                                      \
                MS_SESSION(message ": ", message, "App:", happens),                                          \
                MS_SESSION(message ": ", message, "application:", happens)

/* MS-DPC: one line for each of the two flows of a session; the one with the source's translation is read. */
#define ASP_FLOW(message, interface, does, happens)                                                          \
        {                                                                                                    \
                .text = message                                                                              \
                        ": proto %{protocol} (%{word}) application: %{word}, " interface "%{inside}:%{"      \
                        "inside-port} -> "                                                                   \
                        "%{destination}:%{"                                                                  \
                        "destination-port}"                                                                  \
                        ", " does " forward or watch flow ; source address and port translate to "           \
                        "%{outside}:%{first}",                                                               \
                .kind = NAT_SESSION, .action = happens, .flags = SYSLOG_ICMP_UNCLEAR                         \
        }

static const struct syslog_pattern ms_mpc[] = {
        MS_SESSIONS("MSVCS_LOG_SESSION_OPEN", NAT_OPEN),
        MS_SESSIONS("MSVCS_LOG_SESSION_CLOSE", NAT_CLOSE),
        MS_SESSIONS("JSERVICES_SESSION_OPEN", NAT_OPEN),
        MS_SESSIONS("JSERVICES_SESSION_CLOSE", NAT_CLOSE),
        BLOCKS("JSERVICES"),
        BLOCKS("ASP"),
        ASP_FLOW("ASP_SFW_CREATE_ACCEPT_FLOW", "%{word}:", "creating", NAT_OPEN),
        ASP_FLOW("ASP_SFW_DELETE_FLOW", "(null)(null)", "deleting", NAT_CLOSE),
        ASP_FLOW("ASP_SFW_DELETE_FLOW", "%{word}:", "deleting", NAT_CLOSE),
        {.text = "JSERVICES_NAT_PORT_BLOCK_", .action = SYSLOG_NOTHING}, /* others are refused */
        {.text = "JSERVICES_NAT_RULE_MATCH%{text}", .action = SYSLOG_NOTHING},
        {.text = "JSERVICES_NAT_POOL_RELEASE%{text}", .action = SYSLOG_NOTHING},
        {.text = "ASP_NAT_POOL_RELEASE%{text}", .action = SYSLOG_NOTHING},
        {.text = "ASP_SFW_RULE_ACCEPT%{text}", .action = SYSLOG_NOTHING},
};

const struct syslog_family syslog_juniper_ms_mpc = {
        .name = "juniper-ms-mpc",
        .description = "Juniper MX with MS-MPC, MS-MIC or MS-DPC: sessions and port blocks (JSERVICES_, "
                       "MSVCS_LOG_, ASP_)",
        .source = "Junos OS: Exporting Syslog Messages to an External Host Without Flow Monitoring Formats; "
                  "Log Generation (NAT)",
        SYSLOG_PATTERNS(ms_mpc),
};
