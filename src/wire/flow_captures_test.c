/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of real devices, where they are present: every record is accounted for, and what comes out of each
 * is said here. Only the FortiGate tells bindings in them; no other may be made to. */
#include "wire/flow.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct device {
        const char *name;
        const char *dialect; /* NULL: none is set */
        const char *files[3];
        uint64_t data_records, option_records;
        uint64_t not_translated, events, refused; /* the other data records are plain flows */
        unsigned refusals;                        /* bit set of enum refusal that must be met, and no other */
};

#define MIKROTIK                                                                                             \
        {                                                                                                    \
                "ipfix_test_mikrotik_tpl", "ipfix_test_mikrotik_data258", "ipfix_test_mikrotik_data259"      \
        }
#define ASA                                                                                                  \
        {                                                                                                    \
                "netflow9_test_cisco_asa_1_tpl", "netflow9_test_cisco_asa_1_data"                            \
        }
#define FORTIGATE                                                                                            \
        {                                                                                                    \
                "netflow9_test_fortigate_fortios_542_appid_tpl258-269",                                      \
                        "netflow9_test_fortigate_fortios_542_appid_data258_262"                              \
        }
#define HUAWEI                                                                                               \
        {                                                                                                    \
                "netflow9_test_huawei_netstream_tpl", "netflow9_test_huawei_netstream_data"                  \
        }

static const struct device devices[] = {
        /* 3 of 28 IPv4 flows left with another source address. No record says since when the uptimes count,
         * so in the right dialect too there is nothing that could be placed in time. */
        {"mikrotik", NULL, MIKROTIK, 46, 0, 25, 0, 3, 1u << REFUSAL_NO_DIALECT},
        {"mikrotik as such", "mikrotik", MIKROTIK, 46, 0, 25, 0, 3, 1u << REFUSAL_IMPOSSIBLE_TIME},
        {"mikrotik as a standard exporter", "rfc8158", MIKROTIK, 46, 0, 25, 0, 3,
                1u << REFUSAL_MISSING_FIELD},
        {"juniper", "juniper",
                {"ipfix_test_juniper_mx240_junos151r6s3_opttpl512",
                        "ipfix_test_juniper_mx240_junos151r6s3_data512"},
                0, 1, 0, 0, 0, 0},
        {"zero-length", NULL, {"netflow9_test_0length_fields_tpl_data"}, 10, 0, 0, 0, 0, 0},
        /* 14 pings were torn down, and none was translated. */
        {"asa", NULL, ASA, 14, 0, 14, 0, 0, 0},
        {"asa as such", "cisco-asa", ASA, 14, 0, 14, 0, 0, 0},
        /* 5 flows of one host behind 10.0.0.250, the 4 answers to them (where the destination was
         * translated), and 8 plain flows. */
        {"fortigate", NULL, FORTIGATE, 17, 0, 4, 10, 0, 0},
        {"fortigate as such", "fortigate", FORTIGATE, 17, 0, 4, 10, 0, 0},
        {"fortigate as mikrotik", "mikrotik", FORTIGATE, 17, 0, 0, 0, 9, 1u << REFUSAL_NO_DIALECT},
        {"fortigate as cisco", "cisco-nel", FORTIGATE, 17, 0, 4, 0, 5, 1u << REFUSAL_MISSING_FIELD},
        /* A plain NetStream flow: the templates of the NAT log are others. */
        {"huawei", NULL, HUAWEI, 1, 0, 0, 0, 0, 0},
        {"huawei as such", "huawei", HUAWEI, 1, 0, 0, 0, 0, 0},
        {"iptnetflow", NULL, {"netflow9_test_iptnetflow_reduced_size_encoding_tpldata260"}, 12, 0, 0, 0, 6,
                1u << REFUSAL_NO_TEMPLATE},
        {"paloalto", NULL,
                {"netflow9_test_paloalto_81_tpl256-263",
                        "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet"},
                1, 0, 0, 0, 0, 0},
        {"panos", NULL, {"netflow9_test_paloalto_panos_tpl", "netflow9_test_paloalto_panos_data"}, 8, 0, 0, 0,
                0, 0},
        {"invalid", NULL, {"netflow9_test_invalid01"}, 2, 1, 0, 0, 0, 0},
        {"unknown", NULL, {"netflow9_test_unknown_tpl266_292_data"}, 2, 0, 0, 0, 0, 0},
};

static uint64_t events, refusals[REFUSAL_COUNT];

static bool lied;

/* The only bindings in these captures: ports were kept, the outside address is the firewall's own. */
static int on_event(void *context, const struct nat_event *event)
{
        struct address inside = address_from_ipv4(0xc0a86497); /* 192.168.100.151 */

        (void)context;
        if (address_compare(&event->inside, &inside) != 0 || event->outside != 0x0a0000fa /* 10.0.0.250 */ ||
                event->protocol != 6 || event->flags != (NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION) ||
                event->port_first != event->inside_port || event->port_last != event->inside_port ||
                event->action != (events % 2 ? NAT_CLOSE : NAT_OPEN))
                lied = true;
        /* The first: from 1.42 s to 1.01 s before the time in its header. */
        if (events == 0 &&
                (event->time_ms != INT64_C(1526000051000) - 2432100 + 2430680 || event->inside_port != 45380))
                lied = true;
        if (events == 1 && event->time_ms != INT64_C(1526000051000) - 2432100 + 2431090)
                lied = true;
        events++;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        if (refusals[refusal]++ == 0)
                printf("  %s at byte %zu: %s\n", refusal_name(refusal), offset, detail);
}

static int feed(struct flow_decoder *decoder, const char *folder, const char *name, const char *dialect)
{
        static uint8_t bytes[65536];
        const struct flow_exporter exporter = {
                .number = 1, .delay_ms = 1000, .dialect = dialect ? dialect_by_name(dialect) : NULL};
        const struct decode_sink sink = {.context = NULL, .event = on_event, .refused = on_refused};
        char path[PATH_MAX];

        if (snprintf(path, sizeof path, "%s/%s.dat", folder, name) >= (int)sizeof path)
                return 1;
        FILE *file = fopen(path, "rb");
        if (!file) {
                perror(path);
                return 1;
        }
        size_t length = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        return flow_decode(decoder, &exporter, TIME_UNKNOWN, bytes, length, &sink);
}

static int check(const char *folder, const struct device *device)
{
        struct flow_decoder *decoder;
        struct coverage coverage = {0};
        const struct decode_sink sink = {.context = NULL, .event = on_event, .refused = on_refused};
        int failed = flow_decoder_new(&decoder);
        unsigned met = 0;

        uint64_t refused = 0;

        events = 0;
        lied = false;
        memset(refusals, 0, sizeof refusals);
        for (size_t i = 0; i < 3 && device->files[i] && !failed; i++)
                failed = feed(decoder, folder, device->files[i], device->dialect);
        failed |= flow_decoder_finish(decoder, &sink, &coverage);
        struct flow_counts counts = flow_decoder_counts(decoder, 1);
        for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
                met |= (refusals[i] > 0) << i;
                refused += refusals[i];
        }
        printf("%s: %" PRIu64 " data and %" PRIu64 " options records, %" PRIu64 " not NAT, %" PRIu64
               " not translated, %" PRIu64 " events, %" PRIu64 " refused, refusals %#x\n",
                device->name, counts.data_records, counts.option_records, counts.not_nat,
                counts.not_translated, events, refused, met);
        failed |= counts.data_records != device->data_records ||
                  counts.option_records != device->option_records || met != device->refusals ||
                  refused != device->refused || counts.not_translated != device->not_translated ||
                  events != device->events || lied;
        coverage_free(&coverage);
        flow_decoder_free(decoder);
        return failed;
}

int main(int count, char **arguments)
{
        const char *shared = getenv("ROGATORY_SHARED");
        char folder[PATH_MAX - 256];
        struct stat status;
        int failed = 0;

        if (shared)
                snprintf(folder, sizeof folder, "%s/data/netflow", shared);
        else
                snprintf(folder, sizeof folder, "%s/../shared/data/netflow", count > 1 ? arguments[1] : ".");
        if (stat(folder, &status) < 0) {
                printf("SKIP the captures of real devices: no folder %s\n", folder);
                return 77;
        }
        for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
                int result = check(folder, &devices[i]);
                if (result)
                        printf("FAILED %s\n", devices[i].name);
                failed |= result;
        }
        return failed != 0;
}
