/* SPDX-License-Identifier: EUPL-1.2 */
/* The record of access: no bytes break the checks, and a record that passes the whole check ends in the head
 * that its last line alone gives. */
#include "custody/access_record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct slice record = slice_make((const char *)bytes, length);
        struct access_head head, last;
        uint64_t bad = 0;
        size_t cut = 0;
        struct error error = {0};

        int r = access_record_check(record, &head, &bad, &cut, &error);
        if (r < 0 && (bad == 0 || error.text[0] == '\0'))
                abort();
        if (r == 0 && head.entries > 0) {
                const char *end = record.text + length - cut - 1;
                const char *before = memrchr(record.text, '\n', (size_t)(end - record.text));
                const char *begin = before ? before + 1 : record.text;
                if (access_head_of(slice_make(begin, (size_t)(end - begin)), &last, &error) < 0 ||
                        memcmp(last.hash, head.hash, ACCESS_HASH_BYTES) != 0 || last.entries != head.entries)
                        abort();
        }
        return 0;
}
