/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of real devices, where they are present: every record is accounted for, and none of these devices
 * logs a NAT event that names anyone, so none may be made up. */
#include "wire/flow.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct device {
        const char *name;
        const char *files[3];
        uint64_t data_records, option_records;
        unsigned refusals; /* bit set of enum refusal that must be met, and no other */
};

static const struct device devices[] = {
        {"mikrotik",
                {"ipfix_test_mikrotik_tpl", "ipfix_test_mikrotik_data258", "ipfix_test_mikrotik_data259"}, 46,
                0, 1u << REFUSAL_NO_DIALECT},
        {"juniper",
                {"ipfix_test_juniper_mx240_junos151r6s3_opttpl512",
                        "ipfix_test_juniper_mx240_junos151r6s3_data512"},
                0, 1, 0},
        {"zero-length", {"netflow9_test_0length_fields_tpl_data"}, 10, 0, 0},
        {"asa", {"netflow9_test_cisco_asa_1_tpl", "netflow9_test_cisco_asa_1_data"}, 14, 0, 0},
        {"fortigate",
                {"netflow9_test_fortigate_fortios_542_appid_tpl258-269",
                        "netflow9_test_fortigate_fortios_542_appid_data258_262"},
                17, 0, 1u << REFUSAL_NO_DIALECT},
        {"huawei", {"netflow9_test_huawei_netstream_tpl", "netflow9_test_huawei_netstream_data"}, 1, 0, 0},
        {"iptnetflow", {"netflow9_test_iptnetflow_reduced_size_encoding_tpldata260"}, 12, 0,
                1u << REFUSAL_NO_TEMPLATE},
        {"paloalto",
                {"netflow9_test_paloalto_81_tpl256-263",
                        "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet"},
                1, 0, 0},
        {"panos", {"netflow9_test_paloalto_panos_tpl", "netflow9_test_paloalto_panos_data"}, 8, 0, 0},
        {"invalid", {"netflow9_test_invalid01"}, 2, 1, 0},
        {"unknown", {"netflow9_test_unknown_tpl266_292_data"}, 2, 0, 0},
};

static uint64_t events, refusals[REFUSAL_COUNT];

static int on_event(void *context, const struct nat_event *event)
{
        (void)context, (void)event;
        events++;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        if (refusals[refusal]++ == 0)
                printf("  %s at byte %zu: %s\n", refusal_name(refusal), offset, detail);
}

static int feed(struct flow_decoder *decoder, const char *folder, const char *name)
{
        static uint8_t bytes[65536];
        const struct flow_exporter exporter = {.number = 1, .delay_ms = 1000};
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

        events = 0;
        memset(refusals, 0, sizeof refusals);
        for (size_t i = 0; i < 3 && device->files[i] && !failed; i++)
                failed = feed(decoder, folder, device->files[i]);
        failed |= flow_decoder_finish(decoder, &sink, &coverage);
        struct flow_counts counts = flow_decoder_counts(decoder, 1);
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                met |= (refusals[i] > 0) << i;
        printf("%s: %lu data and %lu options records, %lu not NAT, %lu not translated, refusals %#x\n",
                device->name, counts.data_records, counts.option_records, counts.not_nat,
                counts.not_translated, met);
        failed |= counts.data_records != device->data_records ||
                  counts.option_records != device->option_records || met != device->refusals || events != 0;
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
