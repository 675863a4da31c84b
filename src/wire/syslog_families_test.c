/* SPDX-License-Identifier: EUPL-1.2 */
/* Every kind of message of the families, in the form of their vendors. */
#include "wire/syslog_fixture_test.h"

struct row {
        const char *line, *events;
};

static void expect_rows(const struct row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                fixture_expect(rows[i].line, rows[i].events, REFUSAL_COUNT);
}

#define EXPECT_ROWS(rows) expect_rows(rows, sizeof(rows) / sizeof(rows)[0])

struct bad_row {
        const char *line;
        enum refusal refusal;
};

static void expect_refused(const struct bad_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                fixture_expect(rows[i].line, NULL, rows[i].refusal);
}

#define EXPECT_REFUSED(rows) expect_refused(rows, sizeof(rows) / sizeof(rows)[0])

#define PBA(message, low, high, epoch)                                                                       \
        "<14>1 2026-07-06T12:00:00.100Z nat1 RT_NAT - " message                                              \
        " [junos@2636.1.1.1.2.135 internal-ip=\"100.64.0.7\" block-used=\"1\" block-max-per-host=\"4\" "     \
        "block-port-low=\"" low "\" block-port-high=\"" high "\" reflexive-ip=\"192.0.2.9\" "                \
        "nat-pool-name=\"a b\" logical-system-id=\"0\" epoch-time-64=\"" epoch "\"]\n"

static void juniper_blocks(void **state)
{
        static const struct row rows[] = {
                {PBA("RT_SRC_NAT_PBA_ALLOC", "1024", "1151", "6a4b9840"),
                        "block open 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:1024-1151"},
                {PBA("RT_SRC_NAT_PBA_RELEASE", "1024", "1151", "6a4b9840"),
                        "block close 2026-07-06T11:57:52.999Z 0 100.64.0.7 > 192.0.2.9:1024-1151"},
                /* Lent for more than a day: the epoch is that of the allocation. */
                {PBA("RT_SRC_NAT_PBA_INTERIM", "1024", "1151", "6a44007a"),
                        "block alive 2026-06-30T17:44:26.000Z 0 100.64.0.7 > 192.0.2.9:1024-1151"},
                /* No header, and no zone is needed. */
                {"RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip=\"100.64.0.7\" block-port-low=\"1\" "
                 "block-port-high=\"2\" reflexive-ip=\"192.0.2.9\" epoch-time-64=\"6a4b9840\"]\n",
                        "block open 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:1-2"},
                {"<14>Jul  6 13:56:17 nat1 RT_NAT: RT_SRC_NAT_PBA_ALLOC: Subscriber 100.64.0.7 used/maximum "
                 "[10/15] blocks, allocates port block [24064-24191] from 192.0.2.9 in source pool P1 "
                 "lsys_id: 0 epoch 0x6a4b9840\n",
                        "block open 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:24064-24191"},
                /* The same private address in another logical system is another customer's. */
                {"RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip=\"100.64.0.7\" block-port-low=\"1\" "
                 "block-port-high=\"2\" reflexive-ip=\"192.0.2.9\" logical-system-id=\"2\" "
                 "epoch-time-64=\"6a4b9840\"]\n",
                        "block open 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:1-2 vrf 2"},
                {"<14>Jul  6 13:56:17 nat1 RT_NAT: RT_SRC_NAT_PBA_ALLOC: Subscriber 100.64.0.7 used/maximum "
                 "[10/15] blocks, allocates port block [24064-24191] from 192.0.2.9 in source pool P1 "
                 "lsys_id: 2 epoch 0x6a4b9840\n",
                        "block open 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:24064-24191 vrf 2"},
                {"Jul  6 13:56:17 nat1 RT_NAT: RT_SRC_NAT_PBA_RELEASE: Subscriber 100.64.0.7 used/maximum "
                 "[9/15] blocks, releases port block [24064-24191] from 192.0.2.9 in source pool P1\n",
                        "block close 2026-07-06T11:56:17.999Z 0 100.64.0.7 > 192.0.2.9:24064-24191"},
                {"Jul  6 13:56:17 nat1 RT_NAT: RT_SRC_NAT_PBA_INTERIM: Subscriber 100.64.0.7 used/maximum "
                 "[9/15] blocks, port block [24064-24191] from 192.0.2.9 in source pool P1 lsys_id: 0 epoch "
                 "0x6a4b9840\n",
                        "block alive 2026-07-06T11:57:52.000Z 0 100.64.0.7 > 192.0.2.9:24064-24191"},
                {"Jul  6 13:56:17 nat1 RT_NAT: RT_NAT_RULE_MATCH: protocol-id 6 protocol-name tcp\n", NULL},
        };
        static const struct bad_row bad[] = {
                {PBA("RT_SRC_NAT_PBA_ALLOC", "1151", "1024", "6a4b9840"), REFUSAL_BAD_VALUE},
                {PBA("RT_SRC_NAT_PBA_ALLOC", "1024", "65536", "6a4b9840"), REFUSAL_BAD_VALUE},
                {PBA("RT_SRC_NAT_PBA_ALLOC", "", "1151", "6a4b9840"), REFUSAL_BAD_LINE},
                {PBA("RT_SRC_NAT_PBA_ALLOC", "1024", "1151", "6a4b9840x"), REFUSAL_BAD_LINE},
                {PBA("RT_SRC_NAT_PBA_SHUFFLE", "1024", "1151", "6a4b9840"), REFUSAL_BAD_LINE},
                /* More than a day from the header that states its zone: one of both clocks is wrong. */
                {PBA("RT_SRC_NAT_PBA_ALLOC", "1024", "1151", "6a44007a"), REFUSAL_IMPOSSIBLE_TIME},
                {"RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip=\"100.64.0.7\" block-port-low=\"1\" "
                 "block-port-high=\"2\" reflexive-ip=\"192.0.2.9\"]\n",
                        REFUSAL_BAD_LINE}, /* no epoch */
                {"RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip=\"100.64.0.7\" internal-ip=\"100.64.0.8\" "
                 "block-port-low=\"1\" block-port-high=\"2\" reflexive-ip=\"192.0.2.9\" "
                 "epoch-time-64=\"6a4b9840\"]\n",
                        REFUSAL_BAD_LINE}, /* twice */
                {"RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip=\"100.64.0.7\" block-port-low=\"1\" "
                 "block-port-high=\"2\" reflexive-ip=\"192.0.2.9\" epoch-time-64=\"6a4b98\n",
                        REFUSAL_BAD_LINE}, /* cut off */
                {"Jul  6 13:56:17 nat1 RT_NAT: RT_SRC_NAT_PBA_RELEASE: Subscriber 100.64.0.7 used/maximum "
                 "[9/15] blocks, releases port block [24064-24191] from 192.0.2.9 in source pool P1 "
                 "lsys_id\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

#define FLOW(message, before, nat_address, nat_port, protocol, after)                                        \
        "<14>1 2026-07-06T14:29:06.576+02:00 nat1 RT_FLOW - " message " [junos@2636.1.1.1.2.135 " before     \
        "source-address=\"100.64.0.7\" source-port=\"47776\" "                                               \
        "destination-address=\"203.0.113.15\" destination-port=\"80\" connection-tag=\"0\" "                 \
        "nat-source-address=\"" nat_address "\" nat-source-port=\"" nat_port                                 \
        "\" nat-destination-address=\"203.0.113.15\" nat-destination-port=\"80\" "                           \
        "src-nat-rule-type=\"source rule\" policy-name=\"\\\"]\\\\\" protocol-id=\"" protocol "\" " after    \
        "application=\"a]b\"]\n"

static void juniper_sessions(void **state)
{
        static const struct row rows[] = {
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "19162", "6", ""),
                        "session open 2026-07-06T12:29:06.576Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to "
                        "203.0.113.15:80"},
                {FLOW("RT_FLOW_SESSION_CREATE_USF", "", "192.0.2.49", "19162", "17", ""),
                        "session open 2026-07-06T12:29:06.576Z 17 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to 203.0.113.15:80"},
                {FLOW("RT_FLOW_SESSION_CLOSE", "reason=\"TCP FIN\" ", "192.0.2.49", "19162", "6",
                         "elapsed-time=\"1\" "),
                        "session close 2026-07-06T12:29:06.576Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to 203.0.113.15:80"},
                /* It was alive since: an ending alone proves its minutes. */
                {FLOW("RT_FLOW_SESSION_CLOSE", "reason=\"TCP FIN\" ", "192.0.2.49", "19162", "6",
                         "elapsed-time=\"62\" "),
                        "session alive 2026-07-06T12:28:06.577Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to 203.0.113.15:80\n"
                        "session close 2026-07-06T12:29:06.576Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to 203.0.113.15:80"},
                /* Which field is ICMP's identifier is not documented. */
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "1024", "1", ""),
                        "session open 2026-07-06T12:29:06.576Z 1 100.64.0.7 > 192.0.2.49:0-65535 to "
                        "203.0.113.15:0 port-unknown"},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "100.64.0.7", "47776", "6", ""), NULL},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "2001:db8::1", "47776", "6", ""), NULL},
                {FLOW("RT_FLOW_SESSION_DENY", "", "192.0.2.49", "19162", "6", ""), NULL},
                {"Jul  6 14:29:06 nat1 RT_FLOW: RT_FLOW_SESSION_CREATE: session created "
                 "100.64.0.7/47776->203.0.113.15/80 junos-http 192.0.2.49/19162->203.0.113.15/80 rule1 None "
                 "6 "
                 "permit trust untrust 5\n",
                        "session open 2026-07-06T12:29:06.000Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to "
                        "203.0.113.15:80"},
                {"Jul  6 14:29:06 nat1 RT_FLOW: RT_FLOW_SESSION_CLOSE: session closed TCP FIN: "
                 "100.64.0.7/47776->203.0.113.15/80 0x0 junos-http 192.0.2.49/19162->203.0.113.15/80 0x0 "
                 "source rule rule1 N/A N/A 6 permit trust untrust 5 6(337) 4(535) 1 UNKNOWN\n",
                        "session close 2026-07-06T12:29:06.999Z 6 100.64.0.7:47776 > 192.0.2.49:19162-19162 "
                        "to 203.0.113.15:80"},
                {"Jul  6 14:29:06 nat1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied "
                 "192.0.2.1/1->3.3.3.3/2\n",
                        NULL},
        };
        static const struct bad_row bad[] = {
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "65536", "6", ""), REFUSAL_BAD_VALUE},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "0", "6", ""), REFUSAL_BAD_VALUE},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "0.0.0.0", "19162", "6", ""), REFUSAL_BAD_VALUE},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.049", "19162", "6", ""), REFUSAL_BAD_LINE},
                {FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "19162", "256", ""), REFUSAL_BAD_LINE},
                {FLOW("RT_FLOW_SESSION_RENAME", "", "192.0.2.49", "19162", "6", ""), REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

static void juniper_services_cards(void **state)
{
        static const struct row rows[] = {
                {"Jul  6 14:29:06 nat1 {set_3}MSVCS_LOG_SESSION_OPEN: App:none, xe-3/1/1.0#012 "
                 "100.64.0.7:18575 [198.51.100.17:1048] -> 203.0.113.2:63 (UDP)\n",
                        "session open 2026-07-06T12:29:06.000Z 17 100.64.0.7:18575 > 198.51.100.17:1048-1048 "
                        "to 203.0.113.2:63"},
                {"Jul  6 14:29:06 nat1 {set_3}MSVCS_LOG_SESSION_CLOSE: App:none, xe-3/1/1.0 "
                 "100.64.0.7:18575 [198.51.100.17:1048] -> 203.0.113.2:63 (UDP)\n",
                        "session close 2026-07-06T12:29:06.999Z 17 100.64.0.7:18575 > "
                        "198.51.100.17:1048-1048 to 203.0.113.2:63"},
                {"Jul  6 14:29:06 nat1 (FPC Slot 5, PIC Slot 0) {s}[jservices-nat]: JSERVICES_SESSION_OPEN: "
                 "application:none, xe-3/1/1.0 100.64.0.7:18575 [198.51.100.17:1048] -> 203.0.113.2:63 "
                 "[203.0.113.9:64] (TCP)\n",
                        "session open 2026-07-06T12:29:06.000Z 6 100.64.0.7:18575 > 198.51.100.17:1048-1048 "
                        "to 203.0.113.2:63"},
                {"Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_SESSION_CLOSE: application:none, "
                 "xe-3/1/1.0 100.64.0.7:18575 -> 203.0.113.2:63 (TCP)\n",
                        NULL},
                {"Jul  6 14:29:06 nat1 2026-07-06 14:29:05: {s}[jservices-nat]: "
                 "JSERVICES_NAT_PORT_BLOCK_ALLOC: 100.64.0.7 -> 198.51.100.17:1024-1151 0x6a4b9840\n",
                        "block open 2026-07-06T12:29:06.000Z 0 100.64.0.7 > 198.51.100.17:1024-1151"},
                {"Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_RELEASE: 100.64.0.7 -> "
                 "198.51.100.17:1024-1151\n",
                        "block close 2026-07-06T12:29:06.999Z 0 100.64.0.7 > 198.51.100.17:1024-1151"},
                {"Jul  6 14:29:06 nat1 {s}[FWNAT]: ASP_NAT_PORT_BLOCK_ACTIVE: 2001:db8::7 -> "
                 "198.51.100.17:1024-1151 0x6a4b9840\n",
                        "block alive 2026-07-06T12:29:06.000Z 0 2001:db8::7 > 198.51.100.17:1024-1151"},
                {"Jul  6 14:29:06 nat1 (FPC Slot 5, PIC Slot 0) {s}[FWNAT]: ASP_SFW_CREATE_ACCEPT_FLOW: "
                 "proto "
                 "6 (TCP) application: any, ge-1/3/5.0:100.64.0.7:8856 -> 203.0.113.2:80, creating forward "
                 "or watch flow ; source address and port translate to 198.51.100.17:1028\n",
                        "session open 2026-07-06T12:29:06.000Z 6 100.64.0.7:8856 > 198.51.100.17:1028-1028 "
                        "to "
                        "203.0.113.2:80"},
                {"Jul  6 14:29:06 nat1 (FPC Slot 5, PIC Slot 0) {s}[FWNAT]: ASP_SFW_DELETE_FLOW: proto 6 "
                 "(TCP) application: any, (null)(null)100.64.0.7:8856 -> 203.0.113.2:80, deleting forward or "
                 "watch flow ; source address and port translate to 198.51.100.17:1028\n",
                        "session close 2026-07-06T12:29:06.999Z 6 100.64.0.7:8856 > 198.51.100.17:1028-1028 "
                        "to 203.0.113.2:80"},
                {"Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_NAT_RULE_MATCH: proto 17(UDP) app: "
                 "any\n",
                        NULL},
        };
        static const struct bad_row bad[] = {
                {"Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_RELEASE: 100.64.0.7 -> "
                 "198.51.100.17:1024-\n",
                        REFUSAL_BAD_LINE},
                {"Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_MOVE: 100.64.0.7 -> "
                 "198.51.100.17:1024-1025\n",
                        REFUSAL_BAD_LINE},
                {"Jul  6 14:29:06 nat1 {s}MSVCS_LOG_SESSION_OPEN: App:none, xe-3/1/1.0 100.64.0.7:18575 "
                 "[198.51.100.17:1048] -> 203.0.113.2:63 (FOO)\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

static void a10(void **state)
{
        static const struct row rows[] = {
                {"Jul  6 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Allocated: [100.64.0.7 192.0.2.9 "
                 "11777 12288]\n",
                        "block open 2026-07-06T12:05:37.000Z 0 100.64.0.7 > 192.0.2.9:11777-12288"},
                /* A relay's header that states its zone bears the declared one out. */
                {"2026-07-06T12:19:37Z nat1 NAT:20260706140537 3e2d PortBatchV2Allocated: [100.64.0.7 "
                 "192.0.2.9 11777 12288]\n",
                        "block open 2026-07-06T12:05:37.000Z 0 100.64.0.7 > 192.0.2.9:11777-12288"},
                {"Jul  6 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Freed: [100.64.0.7 192.0.2.9 11777 "
                 "12288]\n",
                        "block close 2026-07-06T12:05:37.999Z 0 100.64.0.7 > 192.0.2.9:11777-12288"},
                {"Jul  6 14:05:38 nat1 NAT-TCP-C: 100.64.0.7:4000<->203.0.113.1:443,"
                 "203.0.113.1:443<-->192.0.2.9:5000\n",
                        "session open 2026-07-06T12:05:38.000Z 6 100.64.0.7:4000 > 192.0.2.9:5000-5000 to "
                        "203.0.113.1:443"},
                /* The other order: what stands twice is the server. */
                {"Jul  6 14:05:38 nat1 NAT-UDP-D: 100.64.0.7:4000<->203.0.113.1:443,"
                 "192.0.2.9:5000<-->203.0.113.1:443\n",
                        "session close 2026-07-06T12:05:38.999Z 17 100.64.0.7:4000 > 192.0.2.9:5000-5000 to "
                        "203.0.113.1:443"},
                {"Jul  6 14:05:38 nat1 NAT-ICMP-C: 100.64.0.7:4000<-->192.0.2.9:5000 to 203.0.113.1:0\n",
                        "mapping open 2026-07-06T12:05:38.000Z 1 100.64.0.7:4000 > 192.0.2.9:5000-5000"},
                {"Jul  6 14:05:38 nat1 FIXED-NAT-PORTS 100.64.0.7->192.0.2.9:3000-4000\n",
                        "block alive 2026-07-06T12:05:38.000Z 0 100.64.0.7 > 192.0.2.9:3000-4000"},
        };
        static const struct bad_row bad[] = {
                /* The header states its zone: then the device's is not the one that was declared. */
                {"2026-07-06T14:05:38Z nat1 NAT:20260706140537 3e2d PortBatchV2Freed: [100.64.0.7 192.0.2.9 "
                 "1 2]\n",
                        REFUSAL_IMPOSSIBLE_TIME},
                /* Three days from the header: whatever the zones, one of both is wrong. */
                {"Jul  9 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Freed: [100.64.0.7 192.0.2.9 1 "
                 "2]\n",
                        REFUSAL_IMPOSSIBLE_TIME},
                {"Jul  6 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Renamed: [100.64.0.7 192.0.2.9 1 "
                 "2]\n",
                        REFUSAL_BAD_LINE},
                {"Jul  6 14:05:38 nat1 NAT:20260231140537 3e2d PortBatchV2Freed: [100.64.0.7 192.0.2.9 1 "
                 "2]\n",
                        REFUSAL_BAD_LINE},
                {"Jul  6 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Freed: [100.64.0.7 192.0.2.9 2 "
                 "1]\n",
                        REFUSAL_BAD_VALUE},
                /* Neither end of the reverse tuple is the server. */
                {"Jul  6 14:05:38 nat1 NAT-TCP-C: 100.64.0.7:4000<->203.0.113.1:443,"
                 "203.0.113.2:443<-->192.0.2.9:5000\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

static void six_wind(void **state)
{
        static const struct row rows[] = {
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: USER 100.64.0.7 (matching rule 1): NEW BLOCK (pool "
                 "\"my pool\", ip public 192.0.2.9, proto 6, port 1 - 512)\n",
                        "block open 2026-07-06T12:05:38.000Z 6 100.64.0.7 > 192.0.2.9:1-512"},
                {"Jul  6 14:05:38 nat1 fp-cgnat-logd@main[4269]: USER 2001:db8::7 (matching rule 1): DESTROY "
                 "BLOCK (ip public 192.0.2.9, proto 17, port 1024 - 1535) at Mon Jul  6 14:05:38 2026\n",
                        "block close 2026-07-06T12:05:38.999Z 17 2001:db8::7 > 192.0.2.9:1024-1535"},
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: NEW CONN: fwd proto 6 100.64.0.7:4241 -> "
                 "203.0.113.1:33815, back proto 6 203.0.113.1:33815 --> 192.0.2.9:10752\n",
                        "session open 2026-07-06T12:05:38.000Z 6 100.64.0.7:4241 > 192.0.2.9:10752-10752 to "
                        "203.0.113.1:33815"},
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: DESTROY CONN: fwd proto 6 100.64.0.7:4241 -> "
                 "203.0.113.1:33815, back proto 6 203.0.113.1:33815 -> 192.0.2.9:10752\n",
                        "session close 2026-07-06T12:05:38.999Z 6 100.64.0.7:4241 > 192.0.2.9:10752-10752 to "
                        "203.0.113.1:33815"},
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: CGNAT Log listen on 5001\n", NULL},
        };
        static const struct bad_row bad[] = {
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: USER 100.64.0.7 (matching rule 1): NEW BLOCK (ip "
                 "public, proto 6, port 1 - 512)\n",
                        REFUSAL_BAD_LINE},
                {"Jul  6 14:05:38 nat1 fp-cgnat[4269]: NEW CONN: fwd proto 6 100.64.0.7:4241 -> "
                 "203.0.113.1:33815, back proto 17 203.0.113.1:33815 --> 192.0.2.9:10752\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

#define NFW "<134>1 2026-07-06T12:05:38Z nat1 nfware 7 - - "

static void nfware(void **state)
{
        static const struct row rows[] = {
                {NFW "A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n",
                        "block open 2026-07-06T12:05:38.000Z 0 100.64.0.7 > 192.0.2.9:1024-1535"},
                {NFW "D VRF 3 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n",
                        "block close 2026-07-06T12:05:38.999Z 0 100.64.0.7 > 192.0.2.9:1024-1535 vrf 3"},
                {NFW "A VRF 0 INT 100.64.0.7 EXT 192.0.2.9\n",
                        "address open 2026-07-06T12:05:38.000Z 0 100.64.0.7 > 192.0.2.9:0-65535"},
                {NFW "D VRF 0 17 INT 100.64.0.7:5 EXT 192.0.2.9:7\n",
                        "mapping close 2026-07-06T12:05:38.999Z 17 100.64.0.7:5 > 192.0.2.9:7-7"},
                {NFW "A VRF 0 6 INT 100.64.0.7:5 EXT 192.0.2.9:7 DST 203.0.113.1:443 DIR OUT\n",
                        "session open 2026-07-06T12:05:38.000Z 6 100.64.0.7:5 > 192.0.2.9:7-7 to "
                        "203.0.113.1:443"},
                {NFW "D VRF 0 1 INT 100.64.0.7:0 EXT 192.0.2.9:0 DST 203.0.113.1:0 DIR IN\n",
                        "session close 2026-07-06T12:05:38.999Z 1 100.64.0.7:0 > 192.0.2.9:0-0 to "
                        "203.0.113.1:0"},
                /* A protocol without ports takes the whole address. */
                {NFW "A VRF 0 47 INT 100.64.0.7:0 EXT 192.0.2.9:0 DST 203.0.113.1:0 DIR OUT\n",
                        "session open 2026-07-06T12:05:38.000Z 47 100.64.0.7 > 192.0.2.9:0-65535 to "
                        "203.0.113.1:0"},
        };
        static const struct bad_row bad[] = {
                {"A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n", REFUSAL_IMPOSSIBLE_TIME},
                {NFW "A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535 more\n", REFUSAL_BAD_LINE},
                {NFW "A VRF 0 INT 100.64.0.7 EXT 2001:db8::1:1024-1535\n", REFUSAL_BAD_LINE},
                {NFW "A VRF 0 6 INT 100.64.0.7:5 EXT 192.0.2.9:7 DST 203.0.113.1:443 DIR UP\n",
                        REFUSAL_BAD_LINE},
                {NFW "A VRF 0 6 INT 0.0.0.0:5 EXT 192.0.2.9:7\n", REFUSAL_BAD_VALUE},
                {NFW "A VRF 0 6 INT 100.64.0.7:65536 EXT 192.0.2.9:7\n", REFUSAL_BAD_VALUE},
                {NFW "A VRF 0 6 INT 100.64.0.7:5 EXT 192.0.2.9:7 DST 203.0.113.1:70000 DIR OUT\n",
                        REFUSAL_BAD_VALUE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

static void huawei(void **state)
{
        static const struct row rows[] = {
                /* "0 1025" is the private port and the public one (CGN Log Format, Table 2). */
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT444:SessionbasedA [17 100.64.0.7 - "
                 "192.0.2.9 0 1025 -]\n",
                        "session open 2026-07-06T12:05:55.000Z 17 100.64.0.7:0 > 192.0.2.9:1025-1025"},
                {"<134>1 2026 Jul 6 14:05:55 192.0.2.254 test - NAT444:SessionbasedW [6 100.64.0.7 - "
                 "192.0.2.9 5 1025 -]\n",
                        "session close 2026-07-06T12:05:55.999Z 6 100.64.0.7:5 > 192.0.2.9:1025-1025"},
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT64:SessionbasedA [17 - 2001:DB8:1::2:2 "
                 "192.0.2.9 0 2048 -]\n",
                        "session open 2026-07-06T12:05:55.000Z 17 2001:db8:1::2:2:0 > 192.0.2.9:2048-2048"},
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT64:SessionbasedW [17 - 2001:DB8:1::2:2 "
                 "192.0.2.9 0 2048 -]\n",
                        "session close 2026-07-06T12:05:55.999Z 17 2001:db8:1::2:2:0 > 192.0.2.9:2048-2048"},
        };
        static const struct bad_row bad[] = {
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT444:UserbasedA [- 100.64.0.7 - 192.0.2.9 "
                 "- 1024 2047 -]\n",
                        REFUSAL_BAD_LINE},
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT444:SessionbasedA [17 100.64.0.7 - "
                 "192.0.2.9 1025 0 -]\n",
                        REFUSAL_BAD_VALUE},
                {"<134>1 2026 Jul 06 14:05:55 192.0.2.254 test - NAT444:SessionbasedA [17 100.64.0.7 - "
                 "192.0.2.9 0 1025\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

#define FORTI(act, tran, outside, port, more)                                                                \
        "Oct 5 23:29:36 nat1 date=2026-10-06 time=02:29:35 sn=F2K61FTK00000000 vd=cgn-hw1 pid=8 "            \
        "type=sess act=" act " tran=" tran " proto=6 ipold=v4 ipnew=v4 sip=100.64.0.7 dip=203.0.113.1 "      \
        "sport=40836 dport=80 nsip=" outside " ndip=203.0.113.1 nsport=" port " ndport=80" more              \
        " sentp=0 sentb=0 rcvdp=0 rcvdb=0\n"

static void fortinet(void **state)
{
        static const struct row rows[] = {
                {FORTI("start", "snat", "192.0.2.9", "8117", ""),
                        "session open 2026-10-06T00:29:35.000Z 6 100.64.0.7:40836 > 192.0.2.9:8117-8117 to "
                        "203.0.113.1:80"},
                {FORTI("end", "snat", "192.0.2.9", "8117", " dur=936"),
                        "session close 2026-10-06T00:29:35.999Z 6 100.64.0.7:40836 > 192.0.2.9:8117-8117 to "
                        "203.0.113.1:80"},
                /* Milliseconds: alive since, at the latest, 2 s after the earliest beginning. */
                {FORTI("end", "snat", "192.0.2.9", "8117", " dur=2936"),
                        "session alive 2026-10-06T00:29:34.064Z 6 100.64.0.7:40836 > 192.0.2.9:8117-8117 to "
                        "203.0.113.1:80\n"
                        "session close 2026-10-06T00:29:35.999Z 6 100.64.0.7:40836 > 192.0.2.9:8117-8117 to "
                        "203.0.113.1:80"},
                /* A zone that the line states outranks the one of the settings. */
                {FORTI("start", "snat", "192.0.2.9", "8117", " tz=\"-0330\""),
                        "session open 2026-10-06T05:59:35.000Z 6 100.64.0.7:40836 > 192.0.2.9:8117-8117 to "
                        "203.0.113.1:80"},
                {FORTI("start", "none", "0.0.0.0", "0", ""), NULL},
                {FORTI("start", "snat", "0.0.0.0", "0", ""), NULL},
                {FORTI("deny", "snat", "192.0.2.9", "8117", ""), NULL},
        };
        static const struct bad_row bad[] = {
                {FORTI("pause", "snat", "192.0.2.9", "8117", ""), REFUSAL_BAD_LINE},
                {FORTI("start", "snat", "192.0.2.9", "81178", ""), REFUSAL_BAD_VALUE},
                {FORTI("start", "snat", "192.0.2.9", "", ""), REFUSAL_BAD_LINE},
                {FORTI("start", "snat", "192.0.2.9", "8117", " tz=\"+2500\""), REFUSAL_BAD_LINE},
                {FORTI("start", "snat", "192.0.2.9", "8117", " tz=CEST"), REFUSAL_BAD_LINE},
                /* Cut in the middle of a port by a relay that ends lines. */
                {"Oct 5 23:29:36 nat1 date=2026-10-06 time=02:29:35 type=sess act=start tran=snat proto=6 "
                 "sip=100.64.0.7 dip=203.0.113.1 sport=40836 dport=80 nsip=192.0.2.9 nsport=81\n",
                        REFUSAL_BAD_LINE},
        };

        (void)state;
        EXPECT_ROWS(rows);
        EXPECT_REFUSED(bad);
}

/* --- The family that was declared --- */

/* Every family's line with every family declared: an event comes out of the right one only. */
static void a_wrong_family_gives_no_event(void **state)
{
        static const struct {
                const char *family, *line;
        } lines[] = {
                {"juniper-pba", PBA("RT_SRC_NAT_PBA_ALLOC", "1024", "1151", "6a4b9840")},
                {"juniper-flow", FLOW("RT_FLOW_SESSION_CREATE", "", "192.0.2.49", "19162", "6", "")},
                {"juniper-ms-mpc", "Jul  6 14:29:06 nat1 {s}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_ALLOC: "
                                   "100.64.0.7 -> 198.51.100.17:1024-1151\n"},
                {"a10", "Jul  6 14:05:38 nat1 NAT:20260706140537 3e2d PortBatchV2Allocated: [100.64.0.7 "
                        "192.0.2.9 11777 12288]\n"},
                {"6wind", "Jul  6 14:05:38 nat1 fp-cgnat[4269]: USER 100.64.0.7 (matching rule 1): NEW BLOCK "
                          "(ip public 192.0.2.9, proto 6, port 1 - 512)\n"},
                {"nfware", NFW "A VRF 0 INT 100.64.0.7 EXT 192.0.2.9:1024-1535\n"},
                {"huawei", "<134>1 2026 Jul 06 14:05:55 nat1 test - NAT444:SessionbasedA [17 100.64.0.7 - "
                           "192.0.2.9 0 1025 -]\n"},
                {"fortinet", FORTI("start", "snat", "192.0.2.9", "8117", "")},
        };
        size_t family_count;
        const struct syslog_family *const *families = syslog_families(&family_count);

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
                for (size_t k = 0; k < family_count; k++) {
                        struct text_options options = fixture_options();
                        options.family = families[k];
                        assert_int_equal(fixture_read_with(lines[i].line, &options, true), 0);
                        bool own = strcmp(families[k]->name, lines[i].family) == 0;
                        assert_int_equal(c.event_count, own ? 1 : 0);
                        assert_int_equal(c.counts.refused[REFUSAL_CONTRADICTION], own ? 0 : 1);
                        if (own)
                                continue;
                        assert_int_equal(c.coverage.span_count, 0);
                        assert_non_null(strstr(c.last_detail, families[k]->name));
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(juniper_blocks),
                cmocka_unit_test(juniper_sessions),
                cmocka_unit_test(juniper_services_cards),
                cmocka_unit_test(a10),
                cmocka_unit_test(six_wind),
                cmocka_unit_test(nfware),
                cmocka_unit_test(huawei),
                cmocka_unit_test(fortinet),
                cmocka_unit_test(a_wrong_family_gives_no_event),
        };
        return cmocka_run_group_tests(tests, NULL, fixture_end);
}
