/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/statistics.h"

#include "base/address.h"
#include "base/time.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* What a number is. Times and offsets stand in milliseconds and are told in seconds. */
enum number { SUM, NOW, INSTANT, OFFSET, LASTED };

struct metric {
        const char *name; /* without "rogatory_" and its suffix; in JSON as it is */
        const char *help;
        enum number number;
        size_t at; /* of eight bytes in its row */
};

#define ROW(type, member) offsetof(struct type, member)

static const struct metric exporter_metrics[] = {
        {"exporter_messages", "Messages taken", SUM, ROW(relay_exporter_counts, messages)},
        {"exporter_bytes", "Bytes of them", SUM, ROW(relay_exporter_counts, bytes)},
        {"exporter_events", "Events of a NAT in them", SUM, ROW(relay_exporter_counts, events)},
        {"exporter_leases", "Statements about leases in them", SUM, ROW(relay_exporter_counts, leases)},
        {"exporter_lost", "Records or packets that sequence numbers miss", SUM,
                ROW(relay_exporter_counts, lost)},
        {"exporter_gaps", "Gaps in what was heard", SUM, ROW(relay_exporter_counts, gaps)},
        {"exporter_restarts", "Restarts of its numbering", SUM, ROW(relay_exporter_counts, restarts)},
        {"exporter_clock_steps", "Times that its clock was set back", SUM,
                ROW(relay_exporter_counts, clock_steps)},
        {"exporter_last_heard", "When its last message came, since 1970", INSTANT,
                ROW(relay_exporter_counts, last_ms)},
        {"exporter_clock_offset_least", "Its clock minus ours, lately", OFFSET,
                ROW(relay_exporter_counts, offset_min_ms)},
        {"exporter_clock_offset_most", "Its clock minus ours, lately", OFFSET,
                ROW(relay_exporter_counts, offset_max_ms)},
};

static const struct metric listener_metrics[] = {
        {"listener_received", "Messages read", SUM, ROW(relay_listener_counts, received)},
        {"listener_delivered", "Messages taken", SUM, ROW(relay_listener_counts, delivered)},
        {"listener_bytes", "Bytes of them", SUM, ROW(relay_listener_counts, bytes)},
        {"listener_refused", "Messages not taken, for any reason", SUM, ROW(relay_listener_counts, refused)},
        {"listener_strangers", "Messages of senders that are not configured", SUM,
                ROW(relay_listener_counts, strangers)},
        {"listener_over_rate", "Messages above their sender's rate", SUM,
                ROW(relay_listener_counts, over_rate)},
        {"listener_not_taken", "Messages that came while nothing could be taken", SUM,
                ROW(relay_listener_counts, not_taken)},
        {"listener_kernel_drops", "Messages that the kernel dropped because its buffer was full", SUM,
                ROW(relay_listener_counts, dropped_by_kernel)},
        {"listener_connections", "Open connections", NOW, ROW(relay_listener_counts, connections)},
};

static const struct metric collector_metrics[] = {
        {"journal_next", "Sequence of the next message", SUM, ROW(relay_collector_counts, journal_next)},
        {"journal_flushed", "All below it survive the end of the process", SUM,
                ROW(relay_collector_counts, journal_flushed)},
        {"journal_durable", "All below it survive the end of the machine", SUM,
                ROW(relay_collector_counts, journal_durable)},
        {"journal_released", "All up to it stand in windows", SUM,
                ROW(relay_collector_counts, journal_released)},
        {"journal_bytes", "Size of the journal", NOW, ROW(relay_collector_counts, journal_bytes)},
        {"queued_bytes", "On their way to the store", NOW, ROW(relay_collector_counts, queued_bytes)},
        {"taking", "1 where messages are taken, 0 where they wait in the kernel", NOW,
                ROW(relay_collector_counts, is_taking)},
        {"stops", "How often nothing was taken", SUM, ROW(relay_collector_counts, stops)},
        {"stopped", "For how long nothing was taken, in all", LASTED, ROW(relay_collector_counts, stop_ms)},
        {"started", "When the collector began, since 1970", INSTANT, ROW(relay_collector_counts, started_ms)},
};

static const struct metric store_metrics[] = {
        {"store_events", "Events that the store took", SUM, ROW(relay_store_counts, events)},
        {"store_refused", "Events that the store refused", SUM, ROW(relay_store_counts, refused)},
        {"store_held_events", "Events that are in no window yet", NOW, ROW(relay_store_counts, held_events)},
        {"store_held_bytes", "Memory of them", NOW, ROW(relay_store_counts, held_bytes)},
        {"store_merges", "Merges into windows", SUM, ROW(relay_store_counts, merges)},
        {"store_merges_failed", "Merges that failed", SUM, ROW(relay_store_counts, merges_failed)},
        {"store_windows", "Windows written", SUM, ROW(relay_store_counts, windows)},
        {"store_window_bytes", "Bytes of them", SUM, ROW(relay_store_counts, window_bytes)},
        {"store_last_merge", "When the last merge ended, since 1970", INSTANT,
                ROW(relay_store_counts, last_merge_ms)},
        {"store_last_merge_took", "How long it took", OFFSET, ROW(relay_store_counts, last_merge_took_ms)},
        {"store_open_bindings", "Open at the end of the last merged hour", NOW,
                ROW(relay_store_counts, open_bindings)},
        {"store_hour", "Beginning of the last merged hour, since 1970", INSTANT,
                ROW(relay_store_counts, sharing.window_from)},
        {"store_users_most", "Most users of one public address in the last merged hour", NOW,
                ROW(relay_store_counts, users_most)},
        {"store_users_over", "Public addresses with more than 16 users in the last merged hour", NOW,
                ROW(relay_store_counts, users_over)},
        {"store_questions", "Questions answered", SUM, ROW(relay_store_counts, questions)},
        {"store_questions_busy", "Questions turned away", SUM, ROW(relay_store_counts, questions_busy)},
        {"store_disk_free_bytes", "Free space", NOW, ROW(relay_store_counts, disk_free_bytes)},
        {"store_key_since", "When the oldest key file of a realm was written, since 1970", INSTANT,
                ROW(relay_store_counts, key_since_ms)},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int64_t number_at(const struct metric *metric, const void *row)
{
        int64_t number;

        memcpy(&number, (const char *)row + metric->at, sizeof number);
        return number;
}

/* A number that is not known has no line. */
static bool is_known(const struct metric *metric, int64_t number)
{
        if (metric->number == SUM || metric->number == NOW)
                return number != -1;
        return number != INT64_MIN && number != INT32_MIN && (metric->number != INSTANT || number > 0);
}

static void write_number(const struct metric *metric, int64_t number, struct buffer *ret)
{
        int64_t size = number < 0 ? -number : number;

        if (metric->number == SUM || metric->number == NOW)
                buffer_printf(ret, "%" PRIu64, (uint64_t)number);
        else
                buffer_printf(
                        ret, "%s%" PRId64 ".%03" PRId64, number < 0 ? "-" : "", size / 1000, size % 1000);
}

static const char *suffix(const struct metric *metric)
{
        static const char *const suffixes[] = {[SUM] = "_total",
                [NOW] = "",
                [INSTANT] = "_seconds",
                [OFFSET] = "_seconds",
                [LASTED] = "_seconds_total"};
        return suffixes[metric->number];
}

/* --- Prometheus --- */

static void begin_metric(const struct metric *metric, struct buffer *ret)
{
        buffer_printf(ret, "# HELP rogatory_%s%s %s.\n# TYPE rogatory_%s%s %s\n", metric->name,
                suffix(metric), metric->help, metric->name, suffix(metric),
                metric->number == SUM || metric->number == LASTED ? "counter" : "gauge");
}

static void write_line(const struct metric *metric, const char *label, const char *value, const void *row,
        struct buffer *ret)
{
        int64_t number = number_at(metric, row);

        if (!is_known(metric, number))
                return;
        buffer_printf(ret, "rogatory_%s%s", metric->name, suffix(metric));
        if (label)
                buffer_printf(ret, "{%s=\"%s\"}", label, value);
        buffer_append_u8(ret, ' ');
        write_number(metric, number, ret);
        buffer_append_u8(ret, '\n');
}

static void write_refusals(const struct statistics *s, struct buffer *ret)
{
        buffer_append_text(ret, "# HELP rogatory_exporter_refused_total What of its messages was refused.\n"
                                "# TYPE rogatory_exporter_refused_total counter\n");
        for (size_t i = 0; i < s->exporter_count; i++)
                for (unsigned k = 0; k < REFUSAL_COUNT; k++)
                        if (s->exporters[i].refused[k])
                                buffer_printf(ret,
                                        "rogatory_exporter_refused_total{exporter=\"%s\",reason=\"%s\"} "
                                        "%" PRIu64 "\n",
                                        s->exporters[i].name, refusal_name(k), s->exporters[i].refused[k]);
}

/* Above how many users addresses are counted: powers of two, as far as they are counted one by one. */
static void write_sharing(const struct sharing *sharing, struct buffer *ret)
{
        buffer_append_text(ret, "# HELP rogatory_store_addresses_over Public addresses with more users in "
                                "the last merged hour.\n"
                                "# TYPE rogatory_store_addresses_over gauge\n");
        if (sharing->window_from == TIME_UNKNOWN)
                return;
        for (uint32_t users = 0; users < SHARING_EXACT; users = users ? 2 * users : 1)
                buffer_printf(ret, "rogatory_store_addresses_over{users=\"%" PRIu32 "\"} %" PRIu64 "\n",
                        users, sharing_over(sharing, users));
}

int statistics_prometheus(const struct statistics *s, struct buffer *ret)
{
        for (size_t m = 0; m < COUNT(exporter_metrics); m++) {
                begin_metric(&exporter_metrics[m], ret);
                for (size_t i = 0; i < s->exporter_count; i++)
                        write_line(&exporter_metrics[m], "exporter", s->exporters[i].name,
                                &s->exporters[i].counts, ret);
        }
        write_refusals(s, ret);
        for (size_t m = 0; m < COUNT(listener_metrics); m++) {
                begin_metric(&listener_metrics[m], ret);
                for (size_t i = 0; i < s->listener_count; i++)
                        write_line(&listener_metrics[m], "listener", s->listeners[i].name,
                                &s->listeners[i].counts, ret);
        }
        for (size_t m = 0; m < COUNT(collector_metrics); m++) {
                begin_metric(&collector_metrics[m], ret);
                write_line(&collector_metrics[m], NULL, NULL, &s->collector, ret);
        }
        for (size_t m = 0; m < COUNT(store_metrics) && s->store_is_known; m++) {
                begin_metric(&store_metrics[m], ret);
                write_line(&store_metrics[m], NULL, NULL, &s->store, ret);
        }
        if (s->store_is_known)
                write_sharing(&s->store.sharing, ret);
        return ret->failed;
}

/* --- JSON --- */

/* Members of one object, without its braces; the prefix of the table's names is left away. */
static void write_members(
        const struct metric *metrics, size_t count, const char *prefix, const void *row, struct buffer *ret)
{
        bool first = true;

        for (size_t m = 0; m < count; m++) {
                int64_t number = number_at(&metrics[m], row);
                const char *name = metrics[m].name;
                if (!is_known(&metrics[m], number))
                        continue;
                if (strncmp(name, prefix, strlen(prefix)) == 0)
                        name += strlen(prefix);
                buffer_printf(ret, "%s\"%s\":", first ? "" : ",", name);
                write_number(&metrics[m], number, ret);
                first = false;
        }
}

static void write_exporter(const struct statistics_exporter *exporter, struct buffer *ret)
{
        bool first = true;

        buffer_printf(ret, "{\"name\":\"%s\",", exporter->name);
        write_members(exporter_metrics, COUNT(exporter_metrics), "exporter_", &exporter->counts, ret);
        buffer_append_text(ret, ",\"refused\":{");
        for (unsigned k = 0; k < REFUSAL_COUNT; k++)
                if (exporter->refused[k]) {
                        buffer_printf(ret, "%s\"%s\":%" PRIu64, first ? "" : ",", refusal_name(k),
                                exporter->refused[k]);
                        first = false;
                }
        buffer_append_text(ret, "}}");
}

/* [users, addresses with so many] where there are any, and who has most. */
static void write_shares(const struct sharing *sharing, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX];
        bool first = true;

        if (sharing->window_from == TIME_UNKNOWN)
                return;
        buffer_append_text(ret, ",\"shares\":[");
        for (unsigned users = 0; users <= SHARING_EXACT; users++)
                if (sharing->addresses[users]) {
                        buffer_printf(ret, "%s[%u,%" PRIu32 "]", first ? "" : ",", users,
                                sharing->addresses[users]);
                        first = false;
                }
        buffer_append_text(ret, "],\"worst\":[");
        for (unsigned i = 0; i < SHARING_WORST && sharing->worst[i].users > 0; i++) {
                struct address outside = address_from_ipv4(sharing->worst[i].outside);
                buffer_printf(ret, "%s{\"address\":\"%s\",\"users\":%" PRIu32 "}", i ? "," : "",
                        address_format(&outside, address), sharing->worst[i].users);
        }
        buffer_append_u8(ret, ']');
}

int statistics_json(const struct statistics *s, struct buffer *ret)
{
        buffer_printf(ret, "{\"now\":%" PRId64 ".%03" PRId64 ",\"collector\":{", s->now_ms / 1000,
                s->now_ms % 1000);
        write_members(collector_metrics, COUNT(collector_metrics), "", &s->collector, ret);
        buffer_append_text(ret, "},\"store\":{");
        if (s->store_is_known) {
                write_members(store_metrics, COUNT(store_metrics), "store_", &s->store, ret);
                write_shares(&s->store.sharing, ret);
        }
        buffer_append_text(ret, "},\"listeners\":[");
        for (size_t i = 0; i < s->listener_count; i++) {
                buffer_printf(ret, "%s{\"name\":\"%s\",\"transport\":\"%s\",", i ? "," : "",
                        s->listeners[i].name, s->listeners[i].transport);
                write_members(
                        listener_metrics, COUNT(listener_metrics), "listener_", &s->listeners[i].counts, ret);
                buffer_append_u8(ret, '}');
        }
        buffer_append_text(ret, "],\"exporters\":[");
        for (size_t i = 0; i < s->exporter_count; i++) {
                if (i)
                        buffer_append_u8(ret, ',');
                write_exporter(&s->exporters[i], ret);
        }
        buffer_append_text(ret, "]}\n");
        return ret->failed;
}
