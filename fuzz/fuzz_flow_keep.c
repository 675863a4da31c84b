/* SPDX-License-Identifier: EUPL-1.2 */
/* What a flow decoder keeps for the next one: any bytes are loaded or refused, and what was loaded is saved
 * and loaded again without a change. */
#include "wire/flow.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct buffer first = buffer_make(64u << 20), second = buffer_make(64u << 20);
        struct flow_decoder *decoder = NULL, *other = NULL;
        struct error error = {0};

        check(flow_decoder_new(&decoder) == 0 && flow_decoder_new(&other) == 0);
        int r = flow_decoder_load(decoder, bytes, length, &error);
        check(r == 0 || (r == -EBADMSG && error.text[0]));
        check(flow_decoder_save(decoder, &first) == 0);
        if (r == 0) {
                check(flow_decoder_load(other, first.bytes, first.length, &error) == 0);
                check(flow_decoder_save(other, &second) == 0);
                check(first.length == second.length &&
                        (first.length == 0 || memcmp(first.bytes, second.bytes, first.length) == 0));
        }
        flow_decoder_free(decoder);
        flow_decoder_free(other);
        buffer_free(&first);
        buffer_free(&second);
        return 0;
}
