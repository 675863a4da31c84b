/* SPDX-License-Identifier: EUPL-1.2 */
/* A lease segment from anywhere: opened, verified, read whole and asked (see fuzz_segment.c about checksums).
 */
#include "store/lease_segment.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void ignore(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context, (void)sheet, (void)block;
        if (!reason)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct lease_reader *reader = NULL;
        struct lease_list list = {0};
        struct error error = {0};
        struct address address = address_from_ipv4(0x64400001u);

        if (lease_reader_new(bytes, length, "fuzz", &reader, &error) < 0)
                return error.code < 0 ? 0 : (abort(), 0);
        lease_segment_verify(reader, ignore, NULL);
        lease_read_all(reader, &list, &error);
        lease_query(reader, &address, 0, INT64_C(1) << 50, &list, &error);
        if (list.count > 0)
                lease_query(reader, &list.items[0].is.prefix.address, 0, INT64_C(1) << 50, &list, &error);
        lease_list_free(&list);
        lease_reader_free(reader);
        return 0;
}
