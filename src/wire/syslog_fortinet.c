/* SPDX-License-Identifier: EUPL-1.2 */
/* Fortinet FortiGate, hardware logging of hyperscale policies (NP7). Date and time are the device's; the
 * guide's lines state no zone, other logs of FortiOS do (tz), and the relay's header may be in another one.
 * `dur` is in milliseconds: start and end of the example in the guide are 3 s apart, and it is 2936. */
#include "wire/syslog_vendors.h"

static const struct syslog_word types[] = {{"sess", SYSLOG_PASS}, {0}};
static const struct syslog_word acts[] = {
        {"start", NAT_OPEN}, {"end", NAT_CLOSE}, {"deny", SYSLOG_NOTHING}, {"drop", SYSLOG_NOTHING}, {0}};
static const struct syslog_word translations[] = {
        {"snat", SYSLOG_PASS}, {"none", SYSLOG_NOTHING}, {"dnat", SYSLOG_NOTHING}, {0}};

static const struct syslog_key keys[] = {
        {.key = "type", .field = SYSLOG_ACTION, .words = types},
        {.key = "act", .field = SYSLOG_ACTION, .words = acts},
        {.key = "tran", .field = SYSLOG_ACTION, .words = translations},
        {.key = "proto", .field = SYSLOG_PROTOCOL},
        {.key = "sip", .field = SYSLOG_INSIDE},
        {.key = "dip", .field = SYSLOG_DESTINATION},
        {.key = "sport", .field = SYSLOG_INSIDE_PORT},
        {.key = "dport", .field = SYSLOG_DESTINATION_PORT},
        {.key = "nsip", .field = SYSLOG_OUTSIDE},
        {.key = "nsport", .field = SYSLOG_FIRST},
        {.key = "dur", .field = SYSLOG_LASTED_MS, .optional = true},
        {.key = "tz", .field = SYSLOG_ZONE, .optional = true},
};

static const struct syslog_pattern patterns[] = {
        {.text = "date=%{date} time=%{time} ",
                .mark = " nsip=",
                .second_mark = " nsport=",
                SYSLOG_KEYS(keys),
                .kind = NAT_SESSION,
                .action = SYSLOG_PASS,
                .flags = SYSLOG_OWN_TIME | SYSLOG_ZERO_UNTRANSLATED | SYSLOG_ICMP_UNCLEAR},
};

const struct syslog_family syslog_fortinet = {
        .name = "fortinet",
        .description = "Fortinet FortiGate NP7: sessions of hardware logging (hyperscale firewall)",
        .source = "FortiGate Hyperscale Firewall Guide 7.0, Hardware logging for hyperscale firewall polices "
                  "that block sessions",
        SYSLOG_PATTERNS(patterns),
};
