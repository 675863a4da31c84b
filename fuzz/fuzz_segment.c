/* SPDX-License-Identifier: EUPL-1.2 */
/* A nat segment from anywhere: opened, verified, read whole and asked. In the fuzzing build checksums count
 * as right, so that the decoder behind them is reached. */
#include "store/segment.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void ignore(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context, (void)sheet, (void)block;
        if (!reason)
                abort();
}

static void read_sheet(const struct segment_reader *reader, uint32_t sheet)
{
        struct host_table hosts;
        struct binding_list list = {0};
        struct reference_list references = {0};
        struct error error = {0};
        uint32_t outside = segment_sheet_address(reader, sheet);

        if (host_table_init(&hosts, 1u << 20) < 0)
                return;
        segment_read_sheet(reader, sheet, &hosts, NULL, &list, &error);
        for (int port = 0; port < 65536; port += 16383)
                segment_query(
                        reader, outside, port, 0, INT64_C(1) << 50, &hosts, NULL, &list, &references, &error);
        if (list.count > 0)
                segment_query(reader, outside, list.items[0].port_first, list.items[0].from_ms,
                        list.items[0].to_ms, &hosts, NULL, &list, NULL, &error);
        reference_list_free(&references);
        binding_list_free(&list);
        host_table_free(&hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct segment_reader *reader = NULL;
        struct error error = {0};
        struct segment_column_size sizes[32];

        if (segment_reader_new(bytes, length, "fuzz", &reader, &error) < 0)
                return error.code < 0 ? 0 : (abort(), 0);
        segment_column_sizes(reader, sizes, 32);
        segment_verify(reader, ignore, NULL);
        for (uint32_t sheet = 0; sheet < segment_sheet_count(reader) && sheet < 16; sheet++)
                read_sheet(reader, sheet);
        segment_reader_free(reader);
        return 0;
}
