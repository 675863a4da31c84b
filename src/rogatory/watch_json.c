/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/watch.h"

/* What is not known is null. */
static json_t *count_json(int64_t count)
{
        return count < 0 ? json_null() : json_integer(count);
}

static json_t *instant_json(int64_t instant_ms)
{
        char text[TIME_TEXT_MAX];

        return instant_ms == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant_ms, text));
}

static json_t *seconds_json(int64_t ms)
{
        return ms == TIME_UNKNOWN ? json_null() : json_real((double)ms / 1000);
}

static json_t *rate_json(double rate)
{
        return rate < 0 ? json_null() : json_real((double)(int64_t)(rate * 1000 + 0.5) / 1000);
}

static json_t *string_json(const char *text)
{
        return text ? json_string(text) : json_null();
}

static json_t *exporter_json(const struct watch_reading *r, const struct watch_exporter *e)
{
        return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", e->name,
                "messages_per_second", rate_json(e->message_rate), "events_per_second",
                rate_json(e->event_rate), "lost", count_json(e->lost), "gaps", count_json(e->gaps), "refused",
                count_json(e->refused), "restarts", count_json(e->restarts), "clock_steps",
                count_json(e->clock_steps), "clock_offset_least_seconds", seconds_json(e->offset_least_ms),
                "clock_offset_most_seconds", seconds_json(e->offset_most_ms), "last_heard",
                instant_json(e->last_heard_ms), "trouble", string_json(watch_exporter_trouble(r, e)));
}

static json_t *listener_json(const struct watch_listener *l)
{
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", l->name, "transport", l->transport,
                "messages_per_second", rate_json(l->message_rate), "kernel_drops",
                count_json(l->kernel_drops), "refused", count_json(l->refused), "connections",
                count_json(l->connections));
}

static json_t *journal_json(const struct watch_reading *r)
{
        int64_t next = r->collector.journal_next, released = r->collector.journal_released;
        int64_t durable = r->collector.journal_durable;

        return json_pack("{s:o, s:o, s:o, s:o}", "bytes", count_json(r->collector.journal_bytes),
                "in_no_window",
                count_json(next < 0 || released < 0 ? -1
                           : next > released + 1    ? next - released - 1
                                                    : 0),
                "not_durable",
                count_json(next < 0 || durable < 0 ? -1
                           : next > durable        ? next - durable
                                                   : 0),
                "queued_bytes", count_json(r->collector.queued_bytes));
}

static json_t *store_json(const struct watch_reading *r)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "held_events",
                count_json(r->store.held_events), "held_bytes", count_json(r->store.held_bytes), "refused",
                count_json(r->store.refused), "windows", count_json(r->store.windows), "window_bytes",
                count_json(r->store.window_bytes), "last_merge", instant_json(r->store.last_merge_ms),
                "last_merge_took_seconds", seconds_json(r->store.last_merge_took_ms), "merges_failed",
                count_json(r->store.merges_failed), "questions", count_json(r->store.questions),
                "questions_busy", count_json(r->store.questions_busy), "disk_free_bytes",
                count_json(r->store.disk_free_bytes), "key_since", instant_json(r->store.key_since_ms));
}

static json_t *users_json(const struct watch_reading *r, uint32_t limit)
{
        json_t *worst = json_array();

        for (size_t i = 0; i < r->worst_count; i++)
                json_array_append_new(worst, json_pack("{s:s, s:o}", "address", r->worst[i].address, "users",
                                                     count_json(r->worst[i].users)));
        return json_pack("{s:o, s:o, s:o, s:i, s:o, s:o}", "hour", instant_json(r->store.hour_ms),
                "open_bindings", count_json(r->store.open_bindings), "addresses",
                count_json(watch_addresses(r)), "limit", (int)limit, "over", count_json(watch_over(r, limit)),
                "worst", worst);
}

json_t *watch_to_json(const struct watch_reading *r, const char *node, uint32_t limit)
{
        json_t *listeners = json_array(), *exporters = json_array();

        for (size_t i = 0; i < r->listener_count; i++)
                json_array_append_new(listeners, listener_json(&r->listeners[i]));
        for (size_t i = 0; i < r->exporter_count; i++)
                json_array_append_new(exporters, exporter_json(r, &r->exporters[i]));
        return json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "node", node, "at",
                instant_json(r->now_ms), "since", instant_json(r->collector.started_ms), "taking",
                r->collector.taking == 1, "stopped_seconds", seconds_json(r->collector.stopped_ms), "journal",
                journal_json(r), "store", store_json(r), "sharing", users_json(r, limit), "listeners",
                listeners, "exporters", exporters);
}
