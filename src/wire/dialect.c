/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/dialect.h"

#include <string.h>

#define BIT(slot) SLOT_BIT(SLOT_##slot)
#define EVENTS(table) .events = (table), .event_count = sizeof(table) / sizeof((table)[0])
#define RANGE (BIT(RANGE_START) | BIT(RANGE_END) | BIT(RANGE_STEP) | BIT(RANGE_PORTS))
#define UPTIMES (BIT(FIRST_UPTIME) | BIT(LAST_UPTIME))

/* Events that bind nothing. One that names an inside host or an outside port is a binding of another
 * numbering (12 and 13 are address bindings in the drafts before RFC 8158), and passing over it would lose a
 * binding without a trace. */
#define EXHAUSTED .action = -1, .bars = BIT(INSIDE4) | BIT(INSIDE6) | BIT(OUTSIDE_PORT) | RANGE
#define LIMIT(slot) .action = -1, .needs = BIT(slot), .bars = BIT(OUTSIDE_PORT) | RANGE

/* IANA "NAT Event Type" registry, RFC 8158 section 4.3. Values 1 and 2 are historic there and bind nothing
 * here: an exporter that sends them speaks another dialect. */
static const struct dialect_event rfc8158_events[] = {
        {.value = 3, .name = "addresses exhausted", EXHAUSTED},
        {4, NAT_SESSION, NAT_OPEN, 4, "NAT44 session create", 0, 0},
        {5, NAT_SESSION, NAT_CLOSE, 4, "NAT44 session delete", 0, 0},
        {6, NAT_SESSION, NAT_OPEN, 6, "NAT64 session create", 0, 0},
        {7, NAT_SESSION, NAT_CLOSE, 6, "NAT64 session delete", 0, 0},
        {8, NAT_MAPPING, NAT_OPEN, 4, "NAT44 BIB create", 0, 0},
        {9, NAT_MAPPING, NAT_CLOSE, 4, "NAT44 BIB delete", 0, 0},
        {10, NAT_MAPPING, NAT_OPEN, 6, "NAT64 BIB create", 0, 0},
        {11, NAT_MAPPING, NAT_CLOSE, 6, "NAT64 BIB delete", 0, 0},
        {.value = 12, .name = "ports exhausted", EXHAUSTED},
        {.value = 13, .name = "quota exceeded", LIMIT(QUOTA)},
        {14, NAT_ADDRESS, NAT_OPEN, 0, "address binding create", 0, 0},
        {15, NAT_ADDRESS, NAT_CLOSE, 0, "address binding delete", 0, 0},
        {16, NAT_BLOCK, NAT_OPEN, 0, "port block allocation", 0, 0},
        {17, NAT_BLOCK, NAT_CLOSE, 0, "port block de-allocation", 0, 0},
        {.value = 18, .name = "threshold exceeded", LIMIT(THRESHOLD)},
};

/* Value 0 means "invalid" there and is refused like any value that the table does not hold. */
static const struct dialect_event cisco_events[] = {
        {1, NAT_SESSION, NAT_OPEN, 0, "translation or port block create", 0, 0},
        {2, NAT_SESSION, NAT_CLOSE, 0, "translation or port block delete", 0, 0},
};

/* An update counts bytes of a flow while it lives, but also when it is torn down, then with the time of the
 * teardown or after it: taken as a sign of life it could outlive the flow, so it binds nothing. */
static const struct dialect_event asa_events[] = {
        {.value = 0, .name = "default (to be ignored)", .action = -1},
        {1, NAT_SESSION, NAT_OPEN, 0, "flow created", 0, 0},
        {2, NAT_SESSION, NAT_CLOSE, 0, "flow deleted", 0, 0},
        {.value = 3, .name = "flow denied", .action = -1},
        {.value = 4, .name = "flow alert", .action = -1},
        {.value = 5, .name = "flow update", .action = -1},
};

/* The numbering before RFC 8158 moved it: it collides with that from 4 on. */
static const struct dialect_event draft02_events[] = {
        {1, NAT_SESSION, NAT_OPEN, 4, "NAT44 session create", 0, 0},
        {2, NAT_SESSION, NAT_CLOSE, 4, "NAT44 session delete", 0, 0},
        {.value = 3, .name = "addresses exhausted", EXHAUSTED},
        {4, NAT_SESSION, NAT_OPEN, 6, "NAT64 session create", 0, 0},
        {5, NAT_SESSION, NAT_CLOSE, 6, "NAT64 session delete", 0, 0},
        {6, NAT_MAPPING, NAT_OPEN, 4, "NAT44 BIB create", 0, 0},
        {7, NAT_MAPPING, NAT_CLOSE, 4, "NAT44 BIB delete", 0, 0},
        {8, NAT_MAPPING, NAT_OPEN, 6, "NAT64 BIB create", 0, 0},
        {9, NAT_MAPPING, NAT_CLOSE, 6, "NAT64 BIB delete", 0, 0},
        {.value = 10, .name = "ports exhausted", EXHAUSTED},
        {.value = 11,
                .action = -1,
                .name = "quota exceeded",
                .bars = BIT(OUTSIDE4) | BIT(OUTSIDE_PORT) | RANGE},
        {12, NAT_ADDRESS, NAT_OPEN, 0, "address binding create", 0, 0},
        {13, NAT_ADDRESS, NAT_CLOSE, 0, "address binding delete", 0, 0},
        {14, NAT_BLOCK, NAT_OPEN, 0, "port block allocation", 0, 0},
        {15, NAT_BLOCK, NAT_CLOSE, 0, "port block de-allocation", 0, 0},
};

static const struct dialect_event edge_events[] = {
        {1, NAT_SESSION, NAT_OPEN, 0, "flow creation (the template has flowStartMilliseconds)", 0, 0},
        {2, NAT_SESSION, NAT_CLOSE, 0, "flow deletion (the template has flowEndMilliseconds)", 0, 0},
};

static const struct dialect_event huawei_events[] = {
        {259, NAT_SESSION, NAT_OPEN, 4, "session creation (number of the template)", 0, 0},
        {260, NAT_SESSION, NAT_CLOSE, 4, "session deletion (number of the template)", 0, 0},
};

/* The first and the last packet of a flow were seen; whether the translation stood before or after says
 * nobody. */
static const struct dialect_event flow_events[] = {
        {0, NAT_SESSION, NAT_OPEN, 0, "a translated flow, from its first to its last packet", 0, 0},
};

/* FreeBSD's pflow knows two of RFC 8158's events, VPP leaves out BIBs of NAT44, bindings and blocks. */
static const struct dialect_event pflow_events[] = {
        {4, NAT_SESSION, NAT_OPEN, 4, "NAT44 session create", 0, 0},
        {5, NAT_SESSION, NAT_CLOSE, 4, "NAT44 session delete", 0, 0},
};
static const struct dialect_event vpp_events[] = {
        {.value = 3, .name = "addresses exhausted", EXHAUSTED},
        {4, NAT_SESSION, NAT_OPEN, 4, "NAT44 session create", 0, 0},
        {5, NAT_SESSION, NAT_CLOSE, 4, "NAT44 session delete", 0, 0},
        {6, NAT_SESSION, NAT_OPEN, 6, "NAT64 session create", 0, 0},
        {7, NAT_SESSION, NAT_CLOSE, 6, "NAT64 session delete", 0, 0},
        {10, NAT_MAPPING, NAT_OPEN, 6, "NAT64 BIB create", 0, 0},
        {11, NAT_MAPPING, NAT_CLOSE, 6, "NAT64 BIB delete", 0, 0},
        {.value = 12, .name = "ports exhausted", EXHAUSTED},
        {.value = 13, .name = "quota exceeded", LIMIT(QUOTA)},
};

/* Flow caches report a flow that goes on at the latest after half an hour, if nothing else was set (FortiOS
 * active-flow-timeout, RouterOS active-flow-timeout), and one that ended a quarter of a minute later. */
#define FLOW_CACHE_MS (30 * TIME_MINUTE + 15 * TIME_SECOND)

#define CISCO_FLAGS                                                                                          \
        (DIALECT_SEQUENCE_COUNTS_PACKETS | DIALECT_BLOCK_END_FROM_COUNT | DIALECT_BLOCK_BY_RANGE |           \
                DIALECT_INSIDE_OPTIONAL)

static const struct dialect dialects[] = {
        {
                .name = "rfc8158",
                .description = "IPFIX (or NetFlow v9) with the events of RFC 8158",
                .carries = "Sessions, mappings, address bindings and port blocks, created and deleted.",
                .source = "RFC 8158",
                .event_slot = SLOT_EVENT,
                .marks = BIT(EVENT),
                EVENTS(rfc8158_events),
        },
        {
                .name = "cisco-nel",
                .description = "NetFlow v9 event logging of Cisco's NAT (NEL): create and delete are 1 and 2",
                .carries = "Sessions and port blocks, created and deleted; the end of a block may have to be "
                           "computed from its size.",
                .source = "Cisco IOS XE, NAT high-speed logging",
                .version = 9,
                .event_slot = SLOT_EVENT,
                .flags = CISCO_FLAGS,
                .marks = BIT(EVENT),
                EVENTS(cisco_events),
        },
        {
                .name = "cisco-cgn",
                .description = "The same from an ASR 1000 in 'mode cgn', which leaves the inside address out",
                .carries = "That an outside port was in use, and never by whom: every answer from it is "
                           "unknown (inside-not-logged). The router's syslog does name the inside address.",
                .source = "Cisco IOS XE, carrier-grade NAT on ASR 1000",
                .version = 9,
                .event_slot = SLOT_EVENT,
                .flags = CISCO_FLAGS | DIALECT_INSIDE_ZERO,
                .marks = BIT(EVENT),
                EVENTS(cisco_events),
        },
        {
                .name = "cisco-asa",
                .description =
                        "NetFlow v9 security event logging of Cisco ASA (NSEL), old (40001 to 40005) and "
                        "new elements (225 to 228, 233)",
                .carries = "Every flow through the firewall, created and deleted. Most are not translated "
                           "(outside equal to inside, or 0) and are counted as such; updates and denials "
                           "bind nothing.",
                .source = "Cisco Secure Firewall ASA NetFlow Implementation Guide",
                .version = 9,
                .event_slot = SLOT_FIREWALL_EVENT,
                .flags = DIALECT_SEQUENCE_COUNTS_PACKETS | DIALECT_MIXED | DIALECT_PORT_ZERO,
                .marks = BIT(FIREWALL_EVENT) | BIT(OLD_FIREWALL_EVENT) | BIT(OLD_OUTSIDE4),
                .aliases = {{SLOT_OLD_FIREWALL_EVENT, SLOT_FIREWALL_EVENT},
                        {SLOT_OLD_OUTSIDE4, SLOT_OUTSIDE4}, {SLOT_OLD_OUTSIDE_PORT, SLOT_OUTSIDE_PORT},
                        {SLOT_OLD_POST_DESTINATION4, SLOT_POST_DESTINATION4},
                        {SLOT_OLD_POST_DESTINATION_PORT, SLOT_POST_DESTINATION_PORT}},
                .foreign = RANGE,
                .signatures = {BIT(OLD_FIREWALL_EVENT) | BIT(EXTENDED_EVENT),
                        BIT(FIREWALL_EVENT) | BIT(EXTENDED_EVENT)},
                EVENTS(asa_events),
        },
        {
                .name = "juniper",
                .description = "Juniper MX, and others that number events as the draft before RFC 8158 did",
                .carries =
                        "Sessions, mappings, address bindings and port blocks, created and deleted. The same "
                        "numbers mean other events than in RFC 8158, so it must be named in the settings.",
                .source = "draft-ietf-behave-ipfix-nat-logging-02; Junos OS, NAT event logging in flow "
                          "monitoring format",
                .event_slot = SLOT_EVENT,
                .marks = BIT(EVENT),
                EVENTS(draft02_events),
        },
        {
                .name = "nokia",
                .description = "IPFIX of Nokia SR OS (ISA and ESA), template formats 1 and 2",
                .carries =
                        "Flows, created and deleted, and the subscriber as a string: its host address, or "
                        "with "
                        "L2-aware NAT his name in place of an address. Format 1 has no outside port: every "
                        "answer from it is unknown (port-not-logged).",
                .source = "Nokia 7750 SR Multiservice ISA and ESA Guide, IPFIX flow logging",
                .version = 10,
                .event_source = EVENT_IS_EDGE,
                .marks = BIT(SUBSCRIBER),
                .required = BIT(SUBSCRIBER),
                /* In format 1 sourceIPv4Address is the outside address; format 2 does not have it. */
                .aliases = {{SLOT_INSIDE4, SLOT_OUTSIDE4}, {SLOT_START_MS, SLOT_TIME_MS},
                        {SLOT_END_MS, SLOT_TIME_MS}, {SLOT_INSIDE_SERVICE, SLOT_VRF}},
                .foreign = RANGE | BIT(INSIDE6),
                .host_mark = "LSN-Host@",
                .signatures = {BIT(SUBSCRIBER) | BIT(START_MS), BIT(SUBSCRIBER) | BIT(END_MS)},
                EVENTS(edge_events),
        },
        {
                .name = "huawei",
                .description = "Huawei flow NetStream log (NAT444), NetFlow v9 with templates 259 and 260",
                .carries =
                        "Sessions, created and deleted, with their destinations. The number of the template "
                        "is the event, so it must be named in the settings.",
                .source = "Huawei NetEngine 8000, CGN feature description, flow NetStream log format",
                .version = 9,
                .event_source = EVENT_IS_TEMPLATE,
                .flags = DIALECT_SEQUENCE_COUNTS_PACKETS,
                .required = BIT(TIME_MS) | BIT(OUTSIDE_PORT) | BIT(INSIDE_PORT),
                .aliases = {{SLOT_VLAN, SLOT_VRF}}, /* carries the number of the VPN */
                .foreign = RANGE | UPTIMES | BIT(START_MS) | BIT(END_MS) | BIT(EXTENDED_EVENT),
                EVENTS(huawei_events),
        },
        {
                .name = "fortigate",
                .description =
                        "NetFlow v9 of FortiGate: flow records with the translated addresses and ports",
                .carries =
                        "Flows from first to last packet, reported when they end or once in a while: nothing "
                        "is certain until every flow of that time was reported (half an hour, unless 'delay' "
                        "says more), and what stood before and after a flow's packets is not told.",
                .source = "FortiOS Administration Guide, NetFlow templates",
                .version = 9,
                .event_source = EVENT_IS_FLOW,
                .flags = DIALECT_SEQUENCE_COUNTS_PACKETS | DIALECT_MIXED | DIALECT_PORT_ZERO,
                .required = UPTIMES | BIT(OUTSIDE_PORT),
                .foreign = RANGE | BIT(TIME_MS) | BIT(TIME_S),
                .delay_ms = FLOW_CACHE_MS,
                .signatures = {BIT(APPLICATION) | BIT(FORTINET_65) | BIT(FORWARDING) | BIT(END_REASON) |
                               UPTIMES | BIT(OUTSIDE4) | BIT(OUTSIDE_PORT)},
                EVENTS(flow_events),
        },
        {
                .name = "mikrotik",
                .description = "IPFIX of MikroTik RouterOS: flow records with the translated addresses",
                .carries = "Flows from first to last packet, without the outside port unless the router is "
                           "told to "
                           "send it: then every answer is unknown (port-not-logged). The router must send "
                           "sys-init-time, or no record can be placed in time.",
                .source = "MikroTik RouterOS documentation, Traffic Flow",
                .version = 10,
                .event_source = EVENT_IS_FLOW,
                .flags = DIALECT_MIXED | DIALECT_PORT_ZERO,
                .foreign = RANGE | BIT(TIME_MS) | BIT(TIME_S),
                .delay_ms = FLOW_CACHE_MS,
                EVENTS(flow_events),
        },
        {
                .name = "vpp",
                .description = "IPFIX of FD.io VPP's NAT plugins",
                .carries = "Sessions and NAT64 mappings, created and deleted, those of NAT44 without a "
                           "destination. "
                           "Whether one outside port serves several customers depends on the plugin: the "
                           "realm's mapping says it.",
                .source = "FD.io VPP, NAT IPFIX logging; RFC 8158 for the values",
                .version = 10,
                .event_slot = SLOT_EVENT,
                .marks = BIT(EVENT),
                EVENTS(vpp_events),
        },
        {
                .name = "pflow",
                .description = "IPFIX of pflow(4), the NAT events of FreeBSD's pf",
                .carries =
                        "Sessions, created and deleted, with their destinations; one outside port may serve "
                        "several customers towards different destinations.",
                .source = "FreeBSD pflow(4); RFC 8158 for the values",
                .version = 10,
                .event_slot = SLOT_EVENT,
                .flags = DIALECT_DESTINATION_DEPENDENT,
                .marks = BIT(EVENT),
                EVENTS(pflow_events),
        },
        {
                .name = "h3c-userlog",
                .description = "binary flow log 3.0 of H3C and HP: operator, start and end of each session",
                .source = "H3C VSR network management configuration guide, flow log",
                .flags = DIALECT_BINARY_LOG,
        },
        {
                .name = "huawei-elog",
                .description = "binary flow eLog V1 of Huawei (NAT444): start and end of each session",
                .source = "Huawei NetEngine 8000, CGN log feature, flow eLog format",
                .flags = DIALECT_BINARY_LOG,
        },
};

#define DIALECTS (sizeof dialects / sizeof dialects[0])

const struct dialect *dialect_table(size_t *ret_count)
{
        *ret_count = DIALECTS;
        return dialects;
}

const struct dialect *dialect_by_name(const char *name)
{
        for (size_t i = 0; i < DIALECTS; i++)
                if (strcmp(dialects[i].name, name) == 0)
                        return &dialects[i];
        return NULL;
}

const struct dialect_event *dialect_event_of(const struct dialect *dialect, unsigned value)
{
        for (size_t i = 0; i < dialect->event_count; i++)
                if (dialect->events[i].value == value)
                        return &dialect->events[i];
        return NULL;
}

const struct dialect *dialect_of_template(const struct dialect_traits *traits)
{
        for (size_t i = 0; i < DIALECTS; i++)
                for (size_t k = 0; k < DIALECT_SIGNATURES_MAX; k++) {
                        uint64_t signature = dialects[i].signatures[k];
                        if (signature && (traits->present & signature) == signature &&
                                dialects[i].version == traits->version)
                                return &dialects[i];
                }
        return NULL;
}

const struct dialect *dialect_of_event(const struct dialect_traits *traits, unsigned value)
{
        const struct dialect *rfc8158 = &dialects[0], *cisco_nel = &dialects[1], *cisco_cgn = &dialects[2];
        bool has_inside = traits->present & (BIT(INSIDE4) | BIT(INSIDE6));

        if (traits->version == 9 && (value == 1 || value == 2))
                return !(traits->present & BIT(OUTSIDE4)) ? NULL : has_inside ? cisco_nel : cisco_cgn;
        return dialect_event_of(rfc8158, value) ? rfc8158 : NULL;
}
