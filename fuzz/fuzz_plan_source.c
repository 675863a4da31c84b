/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses the kind of listing, the rest is the file. Whatever it holds, the rows that come out
 * are possible ones. */
#include "wire/plan_source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int check_row(void *context, const struct plan_row *row)
{
        uint64_t *rows = context;

        if (plan_row_check(row, NULL) < 0)
                abort();
        ++*rows;
        return *rows < 100000 ? 0 : -EFBIG;
}

static void ignore(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        (void)offset;
        if ((unsigned)refusal >= REFUSAL_COUNT || !detail[0])
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static plan_source *const sources[] = {nft_map_read, softwire_table_read, fixed_nat_read};
        static const struct plan_row pattern = {.from_ms = 1, .to_ms = TIME_UNKNOWN};
        uint64_t rows = 0, used = 0;
        struct decode_sink sink = {.context = &rows, .plan = check_row, .refused = ignore};

        if (length == 0)
                return 0;
        struct slice text = slice_make((const char *)bytes + 1, length - 1);
        int r = sources[bytes[0] % 3](text, &pattern, &sink, &used);
        if ((r < 0 && r != -EFBIG) || used > length)
                abort();
        return 0;
}
