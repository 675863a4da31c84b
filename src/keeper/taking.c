/* SPDX-License-Identifier: EUPL-1.2 */
/* What comes over the relay. */
#include "keeper/keeper.h"

#include <errno.h>
#include <string.h>

static struct intake *taking(struct keeper *keeper)
{
        return generations_last(&keeper->generations)->intake;
}

static int take_hello(void *context, const struct relay_hello *hello)
{
        struct keeper *keeper = context;

        if (memcmp(hello->configuration, keeper->configuration, sizeof keeper->configuration) == 0)
                return 0;
        return error_set(&keeper->failure, -ESTALE,
                "the collector has read another rogatory.conf than the store; both must be started anew");
}

static int take_events(void *context, const struct nat_event *events, size_t count)
{
        struct keeper *keeper = context;
        struct intake *intake = taking(keeper);
        int r = 0;

        intake_live_expect(intake, events, count);
        for (size_t i = 0; i < count && r >= 0; i++) {
                r = intake_live_event(intake, &events[i], keeper->now_ms, &keeper->failure);
                keeper->counts.refused += r > 0;
        }
        keeper->counts.events += count;
        return r < 0 ? r : 0;
}

static int take_lease(void *context, uint16_t exporter, const struct lease_event *event)
{
        struct keeper *keeper = context;
        int r = intake_live_lease(taking(keeper), exporter, event, keeper->now_ms, &keeper->failure);

        keeper->counts.leases++;
        keeper->counts.refused += r > 0;
        return r < 0 ? r : 0;
}

static int take_span(void *context, const struct coverage_span *span)
{
        struct keeper *keeper = context;
        int r = intake_live_span(taking(keeper), span, &keeper->failure);

        keeper->counts.pieces++;
        return r < 0 ? r : 0;
}

static int take_gap(void *context, const struct coverage_gap *gap)
{
        struct keeper *keeper = context;
        int r = intake_live_gap(taking(keeper), gap, &keeper->failure);

        keeper->counts.pieces++;
        return r < 0 ? r : 0;
}

static int take_torn(void *context, uint16_t realm)
{
        struct keeper *keeper = context;
        const struct settings *settings = depot_settings(keeper->depot);

        intake_live_torn(taking(keeper), settings->realms[realm].name);
        return 0;
}

static int take_mark(void *context, const struct relay_mark *mark)
{
        struct keeper *keeper = context;

        generations_last(&keeper->generations)->mark = mark->sequence;
        return 0;
}

struct relay_sink keeper_sink(struct keeper *keeper)
{
        return (struct relay_sink){.context = keeper,
                .hello = take_hello,
                .events = take_events,
                .lease = take_lease,
                .span = take_span,
                .gap = take_gap,
                .torn = take_torn,
                .mark = take_mark};
}
