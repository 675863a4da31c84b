/* SPDX-License-Identifier: EUPL-1.2 */
/* A plan segment from anywhere: opened, verified, read whole and asked (see fuzz_segment.c about checksums).
 */
#include "store/plan_segment.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void ignore(void *context, uint32_t sheet, uint32_t block, const char *reason)
{
        (void)context, (void)sheet, (void)block;
        if (!reason)
                abort();
}

/* Whatever is handed out is a row that can be, of a plan with a name. */
static int take(void *context, const struct plan_entry *entry, uint32_t number)
{
        (void)number;
        if (plan_row_check(&entry->row, NULL) < 0 || !plan_name(context, entry->exporter))
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct plan_reader *reader = NULL;
        struct plan_list list = {0};
        struct error error = {0};
        uint32_t outside;

        if (plan_reader_new(bytes, length, "fuzz", &reader, &error) < 0)
                return error.code < 0 ? 0 : (abort(), 0);
        plan_segment_verify(reader, ignore, NULL);
        plan_read_each(reader, take, reader, &error);
        plan_query(reader, 0xc6336407u, &list, &error);
        if (list.count < 4096 && plan_settle(&list, NULL, &outside) < 0)
                abort();
        plan_list_free(&list);
        plan_reader_free(reader);
        return 0;
}
