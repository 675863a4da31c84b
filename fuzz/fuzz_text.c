/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses the format and the options, the rest is the file. Whatever it holds, every line is
 * counted once and what is delivered keeps its promises. */
#include "wire/text_collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int local_time(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        *ret_instant = time_from_civil(civil);
        *ret_second = *ret_instant + TIME_HOUR;
        return civil->hour == 2 ? 1 : civil->hour == 3 ? -ERANGE : 0;
}

static void check(bool holds)
{
        if (!holds)
                abort();
}

static void check_delivered(const struct collected *c)
{
        for (size_t i = 0; i < c->event_count && i < COLLECT_MOST; i++) {
                const struct nat_event *event = &c->events[i];
                check(event->port_first <= event->port_last && event->outside != 0);
                check(event->time_ms >= TIME_FIRST && event->time_ms < TIME_LIMIT + TIME_SECOND);
                check(event->kind < NAT_KIND_COUNT && event->action < NAT_ACTION_COUNT);
                check(address_is_none(&event->inside) == ((event->flags & NAT_INSIDE_UNKNOWN) != 0));
        }
        for (size_t i = 0; i < c->lease_count && i < COLLECT_MOST; i++) {
                const struct lease_event *lease = &c->leases[i];
                check(lease->subscriber[0] && memchr(lease->subscriber, '\0', SUBSCRIBER_MAX));
                check((lease->from_edge == EDGE_OPEN) == (lease->from_ms == TIME_UNKNOWN));
                check((lease->to_edge == EDGE_OPEN) == (lease->to_ms == TIME_UNKNOWN));
                check(lease->prefix.length > 0 && lease->prefix.length <= 128);
        }
        for (size_t i = 0; i < c->plan_count && i < COLLECT_MOST; i++)
                check(plan_row_check(&c->plans[i], NULL) == 0);
        for (size_t i = 0; i < c->coverage.span_count; i++)
                check(c->coverage.spans[i].from <= c->coverage.spans[i].to);
        for (size_t i = 0; i < c->coverage.gap_count; i++)
                check(c->coverage.gaps[i].from <= c->coverage.gaps[i].to);
}

/* Hosts are exporters by their length; some names can be none. */
static int by_host(void *context, const char *host, struct text_options *ret)
{
        *ret = *(const struct text_options *)context;
        ret->exporter = (uint16_t)strlen(host);
        return host[0] == '-' ? -EINVAL : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct local_clock clock = {.to_instant = local_time};
        static struct collected collected;
        size_t count;

        if (length == 0)
                return 0;
        const struct text_format *const *formats = text_formats(&count);
        const struct text_format *format = formats[(bytes[0] & 15) % count];
        struct text_options options = {.loss_reported = bytes[0] & 16,
                .clock = bytes[0] & 32 ? &clock : NULL,
                .year = bytes[0] & 64 ? 2026 : 0};
        struct text_options base = options;
        if (length % 2) {
                options.by_host = by_host;
                options.by_host_context = &base;
        }
        struct slice text = slice_make((const char *)bytes + 1, length - 1);
        text_format_recognise(text.text, text.length < 4096 ? text.length : 4096);
        if (collect_with_end(format, &options, text, bytes[0] & 128, &collected) == 0) {
                check(counted_lines(&collected.counts) == collected.counts.lines);
                check(collected.counts.events == collected.event_count);
                check_delivered(&collected);
        }
        collected_free(&collected);
        return 0;
}
