/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_ELEMENT_H
#define ROGATORY_WIRE_ELEMENT_H

/* The information elements that NAT events are made of. A template is compiled into the places where these
 * lie in a record; a dialect says what they mean. The numbers stand in template.c. */

#include <stdint.h>

enum slot {
        SLOT_EVENT,                     /* 230 natEvent */
        SLOT_INSIDE4,                   /* 8 sourceIPv4Address */
        SLOT_INSIDE6,                   /* 27 sourceIPv6Address */
        SLOT_OUTSIDE4,                  /* 225 postNATSourceIPv4Address */
        SLOT_PROTOCOL,                  /* 4 protocolIdentifier */
        SLOT_INSIDE_PORT,               /* 7 sourceTransportPort */
        SLOT_OUTSIDE_PORT,              /* 227 postNAPTSourceTransportPort */
        SLOT_DESTINATION4,              /* 12 destinationIPv4Address */
        SLOT_POST_DESTINATION4,         /* 226 postNATDestinationIPv4Address */
        SLOT_DESTINATION_PORT,          /* 11 destinationTransportPort */
        SLOT_POST_DESTINATION_PORT,     /* 228 postNAPTDestinationTransportPort */
        SLOT_TIME_MS,                   /* 323 observationTimeMilliseconds */
        SLOT_TIME_S,                    /* 322 observationTimeSeconds */
        SLOT_START_MS,                  /* 152 flowStartMilliseconds */
        SLOT_END_MS,                    /* 153 flowEndMilliseconds */
        SLOT_FIRST_UPTIME,              /* 22 flowStartSysUpTime */
        SLOT_LAST_UPTIME,               /* 21 flowEndSysUpTime */
        SLOT_BOOT_MS,                   /* 160 systemInitTimeMilliseconds */
        SLOT_VRF,                       /* 234 ingressVRFID */
        SLOT_INSTANCE,                  /* 463 natInstanceID */
        SLOT_VLAN,                      /* 58 vlanId */
        SLOT_RANGE_START,               /* 361 portRangeStart */
        SLOT_RANGE_END,                 /* 362 portRangeEnd */
        SLOT_RANGE_STEP,                /* 363 portRangeStepSize */
        SLOT_RANGE_PORTS,               /* 364 portRangeNumPorts */
        SLOT_POOL,                      /* 283 natPoolId */
        SLOT_QUOTA,                     /* 466 natQuotaExceededEvent */
        SLOT_THRESHOLD,                 /* 467 natThresholdEvent */
        SLOT_FIREWALL_EVENT,            /* 233 firewallEvent */
        SLOT_OLD_FIREWALL_EVENT,        /* 40005, Cisco ASA before 8.4(5), as are the four that follow */
        SLOT_OLD_OUTSIDE4,              /* 40001 */
        SLOT_OLD_POST_DESTINATION4,     /* 40002 */
        SLOT_OLD_OUTSIDE_PORT,          /* 40003 */
        SLOT_OLD_POST_DESTINATION_PORT, /* 40004 */
        SLOT_SUBSCRIBER,                /* enterprise 637, 93: Nokia's aluNatSubString */
        SLOT_INSIDE_SERVICE,            /* enterprise 637, 91: Nokia's aluInsideServiceId */
        SLOT_LAST_OF_EVENTS = SLOT_INSIDE_SERVICE,
        /* What follows is part of no event and only shows who the exporter is. */
        SLOT_EXTENDED_EVENT, /* 33002, Cisco ASA's extended event code */
        SLOT_APPLICATION,    /* 95 applicationId */
        SLOT_FORWARDING,     /* 89 forwardingStatus */
        SLOT_END_REASON,     /* 136 flowEndReason */
        SLOT_FORTINET_65,    /* 65, in FortiOS templates only */
        SLOT_COUNT
};

/* Sets of slots. */
#define SLOT_BIT(slot) (UINT64_C(1) << (slot))
_Static_assert(SLOT_COUNT <= 64, "sets of slots are 64 bits");

/* Elements that say which kind of event a record is, or belong to one vendor alone: where a dialect does not
 * know one of them, the record is of another dialect. */
#define SLOTS_MARKING                                                                                        \
        (SLOT_BIT(SLOT_EVENT) | SLOT_BIT(SLOT_FIREWALL_EVENT) | SLOT_BIT(SLOT_OLD_FIREWALL_EVENT) |          \
                SLOT_BIT(SLOT_OLD_OUTSIDE4) | SLOT_BIT(SLOT_SUBSCRIBER))

#endif
