/* SPDX-License-Identifier: EUPL-1.2 */
/* syslog_rate [LINES] [FAMILY]: how many lines of syslog per second of processor time the decoder takes, for
 * each family and for all of them mixed on eight hosts. The lines are made here; nothing is stored. */
#include "wire/text_collect.h"

#include <inttypes.h>
#include <time.h>

#define LINE_LONGEST 1400

static const char *const templates[][2] = {
        {"juniper-pba", "<14>1 2026-07-06T14:%02u:%02u.576Z nat%u RT_NAT - RT_SRC_NAT_PBA_ALLOC "
                        "[junos@2636.1.1.1.2.135 internal-ip=\"100.64.%u.%u\" block-used=\"1\" "
                        "block-max-per-host=\"4\" block-port-low=\"%u\" block-port-high=\"65535\" "
                        "reflexive-ip=\"192.0.2.9\" nat-pool-name=\"guest\" logical-system-id=\"0\" "
                        "epoch-time-64=\"6a4bb7a0\"]"},
        {"juniper-flow", "<14>1 2026-07-06T14:%02u:%02u.576Z nat%u RT_FLOW - RT_FLOW_SESSION_CLOSE "
                         "[junos@2636.1.1.1.2.135 reason=\"TCP FIN\" source-address=\"100.64.%u.%u\" "
                         "source-port=\"%u\" destination-address=\"203.0.113.15\" destination-port=\"80\" "
                         "connection-tag=\"0\" service-name=\"junos-http\" nat-source-address=\"192.0.2.49\" "
                         "nat-source-port=\"19162\" nat-destination-address=\"203.0.113.15\" "
                         "nat-destination-port=\"80\" nat-connection-tag=\"0\" src-nat-rule-type=\"source "
                         "rule\" src-nat-rule-name=\"nat1\" dst-nat-rule-type=\"N/A\" "
                         "dst-nat-rule-name=\"N/A\" protocol-id=\"6\" policy-name=\"permit_all\" "
                         "source-zone-name=\"trust\" destination-zone-name=\"untrust\" session-id-32=\"5\" "
                         "packets-from-client=\"6\" bytes-from-client=\"337\" packets-from-server=\"4\" "
                         "bytes-from-server=\"535\" elapsed-time=\"1\" application=\"HTTP\" "
                         "nested-application=\"UNKNOWN\" username=\"N/A\" roles=\"N/A\"]"},
        {"juniper-ms-mpc", "Jul  6 14:%02u:%02u nat%u {sset}[jservices-nat]: JSERVICES_SESSION_OPEN: "
                           "application:none, xe-3/1/1.0 100.64.%u.%u:%u [198.51.100.17:1048] -> "
                           "203.0.113.2:63 (UDP)"},
        {"a10", "Jul  6 14:%02u:%02u nat%u NAT:20260706140537 3e2d PortBatchV2Allocated: [100.64.%u.%u "
                "198.51.100.176 %u 65535]"},
        {"6wind", "Jul  6 14:%02u:%02u nat%u fp-cgnat[2484]: NEW CONN: fwd proto 6 100.64.%u.%u:%u -> "
                  "203.0.113.1:33815, back proto 6 203.0.113.1:33815 --> 198.51.100.3:10752"},
        {"nfware", "<134>1 2026-07-06T14:%02u:%02u.000Z nat%u nat - - - A VRF 0 6 INT 100.64.%u.%u:%u EXT "
                   "198.51.100.1:28475 DST 203.0.113.206:443 DIR OUT"},
        {"huawei", "<134>1 2026 Jul 06 14:%02u:%02u nat%u test - NAT444:SessionbasedA [17 100.64.%u.%u - "
                   "198.51.100.1 %u 1025 -]"},
        {"fortinet", "Jul 6 14:%02u:%02u nat%u date=2026-07-06 time=14:29:32 sn=F2K61FTK00000000 vd=cgn-hw1 "
                     "pid=805306369 type=sess act=start tran=snat proto=6 ipold=v4 ipnew=v4 "
                     "sip=100.64.%u.%u dip=203.0.113.155 sport=%u dport=80 nsip=198.51.100.182 "
                     "ndip=203.0.113.155 nsport=8117 ndport=80 sentp=0 sentb=0 rcvdp=0 rcvdb=0"},
        {"cisco-iosxe", "<190>Jul  6 14:%02u:%02u nat%u %%IOSXE-6-PLATFORM: F0: cpp_cp: QFP:0.0 Thread:105 "
                        "TS:00000012345678 %%NAT-6-LOG_TRANSLATION: Created Translation UDP 100.64.%u.%u:%u "
                        "198.51.100.1:21129 203.0.113.9:53 203.0.113.9:53 0................"},
        {"cisco-iosxr", "<134>1 2026 Jul 06 14:%02u:%02u nat%u - - NAT44 - [SessionbasedAD 17 100.64.%u.%u b "
                        "- 198.51.100.1 %u 1025 - 203.0.113.9 53]"},
        {"cisco-asa", "<166>Jul  6 14:%02u:%02u nat%u : %%ASA-6-305011: Built dynamic TCP translation from "
                      "inside:100.64.%u.%u/%u to outside:198.51.100.1/1025"},
        {"mikrotik",
                "<30>Jul  6 14:%02u:%02u nat%u forward: in:lan out:wan, connection-state:established,snat "
                "src-mac 02:00:00:00:00:01, proto TCP (ACK,PSH), 100.64.1.1:1->203.0.113.9:443, NAT "
                "(100.64.%u.%u:%u->198.51.100.1:1025)->203.0.113.9:443, len 40"},
        {"jool", "<6>Jul  6 14:%02u:%02u nat%u kernel: [  312.493235] alpha 2026/7/6 14:1:2 (GMT) - Mapped "
                 "2001:db8::%u:%u#%u to 198.51.100.1#8208 (UDP)"},
        {"h3c", "<189>Jul  6 14:%02u:%02u 2026 nat%u USERLOG/7/NAT: TCP; "
                "100.64.%u.%u:%u--->198.51.100.1:1025; "
                "203.0.113.9:443; [2026/07/06 14:00:00-0000/00/00 00:00:00]; Operator 8: Data flow created"},
        {"citrix",
                "07/07/2026:14:%02u:%02u GMT nat%u 0-PPE-2 : default LSN LSN_ADDRPORT_MAPPING 85 0 : A&PDM "
                "CREATED Client IP:Port:TD 100.64.%u.%u:%u:0, NatIP:NatPort 198.51.100.1:1025, Destination "
                "IP:Port:TD 203.0.113.9:80:0, Protocol: TCP"},
        {"chatter",
                "Jul  6 14:%02u:%02u nat%u sshd[%u%u%u]: Accepted publickey for admin from 192.0.2.1 port "
                "51234 ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyz"},
};

#define TEMPLATE_COUNT (sizeof templates / sizeof templates[0])

static int to_instant(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        (void)ret_second;
        *ret_instant = time_from_civil(civil);
        return 0;
}

static int by_host(void *context, const char *host, struct text_options *ret)
{
        *ret = *(const struct text_options *)context;
        ret->exporter = (uint16_t)host[strlen(host) - 1];
        return 0;
}

static int count_event(void *context, const struct nat_event *event)
{
        (void)event;
        ++*(uint64_t *)context;
        return 0;
}

/* Returns the refused lines. */
static uint64_t measure(const char *name, char (*lines)[LINE_LONGEST], size_t different, size_t count)
{
        static const struct local_clock clock_utc = {.to_instant = to_instant};
        struct text_options options = {.loss_reported = true, .clock = &clock_utc, .year = 2026};
        struct text_options base = options;
        struct text_decoder *decoder;
        uint64_t events = 0, bytes = 0, refused = 0;
        struct decode_sink sink = {.context = &events, .event = count_event};
        struct coverage heard = {0};

        options.by_host = by_host;
        options.by_host_context = &base;
        if (text_format_syslog.create(&options, &decoder) < 0)
                return 1;
        clock_t begun = clock();
        for (size_t i = 0; i < count; i++) {
                struct slice line = slice_of(lines[i % different]);
                bytes += line.length;
                if (text_format_syslog.line(decoder, line, &sink) < 0)
                        return 1;
        }
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        const struct text_counts *counts = text_format_syslog.counts(decoder);
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                refused += counts->refused[i];
        printf("%-15s %9.0f lines/s %7.0f MB/s  %" PRIu64 " events, %" PRIu64 " refused\n", name,
                (double)count / seconds, (double)bytes / 1e6 / seconds, events, refused);
        text_format_syslog.finish(decoder, &sink, &heard);
        text_format_syslog.free(decoder);
        coverage_free(&heard);
        return refused;
}

static void make_line(char line[LINE_LONGEST], const char *template, size_t i)
{
        unsigned second = (unsigned)(i / 8 % 3600);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, LINE_LONGEST, template, second / 60, second % 60, (unsigned)(i % 8),
                (unsigned)(i / 250 % 250), (unsigned)(i % 250), 1024 + (unsigned)(i * 7919 % 60000));
#pragma GCC diagnostic pop
}

int main(int argc, char **argv)
{
        size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000000, different = 20000;
        char(*lines)[LINE_LONGEST] = malloc(different * sizeof *lines);
        uint64_t refused = 0;

        if (!lines || count == 0)
                return 1;
        for (size_t t = 0; t < TEMPLATE_COUNT; t++) {
                if (argc > 2 && strcmp(argv[2], templates[t][0]) != 0)
                        continue;
                for (size_t i = 0; i < different; i++)
                        make_line(lines[i], templates[t][1], i);
                refused += measure(templates[t][0], lines, different, count);
        }
        for (size_t i = 0; i < different && argc < 3; i++)
                make_line(lines[i], templates[i % TEMPLATE_COUNT][1], i);
        if (argc < 3)
                refused += measure("mixed", lines, different, count);
        free(lines);
        return refused != 0;
}
