/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: one byte that chooses the dialect, then datagrams, each behind its length (two bytes, big endian).
 */
#include "nat/coverage.h"
#include "wire/userlog.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define REQUIRE(condition)                                                                                   \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

struct tally {
        uint64_t events, refused;
};

static int on_event(void *context, const struct nat_event *event)
{
        struct tally *tally = context;

        tally->events++;
        REQUIRE(event->exporter == 7 && event->outside != 0 && event->session != 0);
        REQUIRE(event->port_first <= event->port_last);
        REQUIRE(event->kind < NAT_KIND_COUNT && event->action < NAT_ACTION_COUNT);
        REQUIRE(event->time_ms > 0 && event->time_ms < TIME_LIMIT);
        REQUIRE(!address_is_none(&event->inside));
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct tally *tally = context;

        (void)offset;
        tally->refused++;
        REQUIRE(refusal < REFUSAL_COUNT && detail[0] != '\0');
}

static void check(struct userlog_decoder *decoder, const struct tally *tally)
{
        struct flow_counts counts = userlog_decoder_counts(decoder, 7);
        struct coverage coverage = {0};
        uint64_t refused = 0;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                refused += counts.refused[i];
        REQUIRE(counts.events == tally->events && refused == tally->refused);
        REQUIRE(userlog_decoder_finish(decoder, &coverage) == 0);
        for (size_t i = 0; i < coverage.gap_count; i++)
                REQUIRE(coverage.gaps[i].from <= coverage.gaps[i].to);
        coverage_normalise(&coverage, 60000);
        coverage_free(&coverage);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const char *const names[] = {"h3c-userlog", "huawei-elog", "rfc8158"};
        struct flow_exporter exporter = {.number = 7, .delay_ms = 1000};
        struct tally tally = {0};
        const struct decode_sink sink = {.context = &tally, .event = on_event, .refused = on_refused};
        struct userlog_decoder *decoder;

        if (length == 0 || userlog_decoder_new(&decoder) < 0)
                return 0;
        if (bytes[0] % 4 < 3)
                exporter.dialect = dialect_by_name(names[bytes[0] % 4]);
        for (size_t at = 1; at + 2 <= length;) {
                size_t size = (size_t)bytes[at] << 8 | bytes[at + 1];
                at += 2;
                if (size > length - at)
                        size = length - at;
                if (userlog_recognise(bytes + at, size))
                        REQUIRE(userlog_resembles(bytes + at, size));
                REQUIRE(userlog_decode(decoder, &exporter, TIME_UNKNOWN, bytes + at, size, &sink) == 0);
                at += size;
        }
        check(decoder, &tally);
        userlog_decoder_free(decoder);
        return 0;
}
