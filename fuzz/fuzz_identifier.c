/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses the kind that is expected, the rest is a source. Whatever is read out of one of its
 * lines is read again out of its excerpt, the same, and stands in the model's form. */
#include "order/form.h"
#include "order/identifier.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int offset(void *context, int64_t instant)
{
        (void)context;
        return instant / (180 * TIME_DAY) % 2 ? 7200 : 3600; /* clocks that are set twice a year, about */
}

static int check(void *context, uint64_t line, size_t place, size_t length, int r,
        struct identifier *identifier, const struct error *error)
{
        const struct identifier_source_text *source = context;
        struct error why;
        char words[256];

        if (place + length > source->text.length || line == 0)
                abort();
        if (r < 0) {
                if (!*error->text)
                        abort();
                return 0;
        }
        if (!model_is_plain_text(slice_of(identifier->value)) || !*identifier->value ||
                identifier->kind == IDENTIFIER_NONE ||
                (identifier->from_ms != TIME_UNKNOWN && identifier->to_ms < identifier->from_ms) ||
                identifier_check_source(identifier, source, &why) < 0)
                abort();
        identifier_time_words(identifier, source->zone, words, sizeof words);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct local_zone zone = {.name = "Test/Zone", .offset = offset};
        struct identifier_source_text source = {.title = "fuzz", .zone = &zone};

        if (length == 0)
                return 0;
        source.text = slice_make((const char *)bytes + 1, length - 1);
        if (identifier_scan(&source, (enum identifier_kind)(bytes[0] % (IDENTIFIER_OTHER + 1)), check,
                    &source, NULL) != 0)
                abort();
        return 0;
}
