/* SPDX-License-Identifier: EUPL-1.2 */
/* Towards the store: what was decoded, and up to which sequence; from it: what stands in windows. */
#include "node/node.h"
#include "os/alive.h"
#include "os/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES 65536u

size_t node_queued(const struct node *node)
{
        return node->filling.length + node->sending.length - node->sent;
}

/* --- What is read from the store --- */

static int take_hello(void *context, const struct relay_hello *hello)
{
        struct node *node = context;

        if (memcmp(hello->configuration, node->configuration, sizeof node->configuration) != 0)
                return node_fail(node, -ESTALE,
                        "the store has read another rogatory.conf than the collector; both must be started "
                        "anew");
        node->greeted = true;
        return 0;
}

static int take_released(void *context, uint64_t sequence)
{
        struct node *node = context;

        if (sequence > node->marked)
                return node_fail(node, -EBADMSG,
                        "the store has released sequence %llu, and was told of none behind %llu",
                        (unsigned long long)sequence, (unsigned long long)node->marked);
        node->released = sequence;
        return 0;
}

static int take_counts(void *context, const void *bytes, size_t length)
{
        struct node *node = context;
        enum relay_counts_kind kind;
        size_t count;

        if (relay_counts_unpack(bytes, length, &kind, &count) < 0)
                return node_fail(node, -EBADMSG, "the store sent counts that are none");
        if (kind == RELAY_COUNTS_STORE && count == 1) {
                relay_counts_row(bytes, kind, 0, &node->store);
                node->store_is_known = true;
        }
        return 0;
}

static int take_stopping(void *context)
{
        ((struct node *)context)->store_stops = true;
        return 0;
}

int node_greet(struct node *node, struct error *error)
{
        const struct relay_limits limits = {.exporters = (uint32_t)node->settings.exporter_count,
                .realms = (uint32_t)node->settings.realm_count};
        const struct relay_sink sink = {.context = node,
                .hello = take_hello,
                .released = take_released,
                .counts = take_counts,
                .stopping = take_stopping};
        struct relay_hello hello;

        node->filling = buffer_make(NODE_QUEUE_MOST + (64u << 20));
        node->sending = buffer_make(NODE_QUEUE_MOST + (64u << 20));
        relay_writer_begin(&node->writer, &limits, &node->filling);
        memcpy(hello.configuration, node->configuration, sizeof hello.configuration);
        int r = relay_reader_new(RELAY_AT_COLLECTOR, &limits, &sink, &node->reader);
        if (r == 0)
                r = relay_write_hello(&node->writer, &hello);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

int node_receive(struct node *node)
{
        uint8_t bytes[READ_BYTES];
        struct error error = {0};

        for (;;) {
                ssize_t got = recv(node->options.relay, bytes, sizeof bytes, MSG_DONTWAIT);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        return 0;
                if (got <= 0)
                        return node_fail(node, -EPIPE, "the store is gone%s%s", got < 0 ? ": " : "",
                                got < 0 ? strerror(errno) : "");
                int r = relay_reader_feed(node->reader, bytes, (size_t)got, &error);
                if (r < 0)
                        return node->code < 0 ? node->code : node_fail(node, r, "%s", error.text);
        }
}

/* --- What is sent --- */

/* What was filled meanwhile is sent next. */
static void turn(struct node *node)
{
        struct buffer empty = node->sending;

        buffer_clear(&empty);
        if (empty.capacity > NODE_QUEUE_PAUSE / 4) /* a peak is not kept for ever */
                buffer_free(&empty);
        node->sending = node->filling;
        node->filling = empty;
        node->sent = 0;
        relay_writer_turn(&node->writer, &node->filling);
}

int node_send(struct node *node)
{
        for (;;) {
                if (node->sent == node->sending.length) {
                        if (node->filling.length == 0)
                                return 0;
                        turn(node);
                }
                ssize_t went = send(node->options.relay, node->sending.bytes + node->sent,
                        node->sending.length - node->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (went < 0 && errno == EINTR)
                        continue;
                if (went < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        break;
                if (went < 0)
                        return node_fail(node, -EPIPE, "the store is gone: %s", strerror(errno));
                node->sent += (size_t)went;
        }
        if (node->writable)
                event_add(node->writable, NULL);
        return 0;
}

int node_wait(struct node *node, size_t most)
{
        int r = node_send(node);

        while (r == 0 && node_queued(node) > most) {
                struct pollfd poll_relay = {.fd = node->options.relay, .events = POLLIN | POLLOUT};
                int ready = poll(&poll_relay, 1, ALIVE_INTERVAL_MS / 2);
                if (ready < 0 && errno != EINTR)
                        return node_fail(node, -errno, "waiting for the store: %s", strerror(errno));
                alive_say(node->options.ready, node->is_replaying ? ALIVE_STARTING : ALIVE_WORKING);
                if (ready > 0 && poll_relay.revents & (POLLIN | POLLHUP | POLLERR))
                        r = node_receive(node);
                if (r == 0)
                        r = node_send(node);
        }
        return r;
}

/* What the writer does not take is refused and counted; a full buffer waits for the store first. */
static int written(struct node *node, int r)
{
        if (r == -EINVAL) {
                node->unsound++;
                return 0;
        }
        if (r < 0)
                return node_fail(node, r, "not enough memory for what is on its way to the store");
        return node_queued(node) > NODE_QUEUE_MOST ? node_wait(node, NODE_QUEUE_PAUSE) : 0;
}

static int send_event(void *context, const struct nat_event *event)
{
        struct node *node = context;

        return written(node, relay_write_event(&node->writer, event));
}

static int send_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        struct node *node = context;

        return written(node, relay_write_lease(&node->writer, exporter, lease));
}

static int send_span(void *context, const struct coverage_span *span)
{
        struct node *node = context;

        return written(node, relay_write_span(&node->writer, span));
}

/* A gap that is not told would be a claim. */
static int send_gap(void *context, const struct coverage_gap *gap)
{
        struct node *node = context;
        int r = relay_write_gap(&node->writer, gap);

        return r == -EINVAL ? node_fail(node, r, "a gap in what was heard could not be told to the store")
                            : written(node, r);
}

static int send_torn(void *context, uint16_t realm)
{
        struct node *node = context;

        node_say(LOG_CAUTION, "leases-torn",
                "lease records were refused, so \"lease-log = complete\" of realm %s is not believed",
                node->settings.realms[realm].name);
        return written(node, relay_write_torn(&node->writer, realm));
}

static void say_refused(void *context, uint16_t exporter, enum refusal refusal, const char *detail)
{
        struct node *node = context;

        node_say_seldom(node, 0, LOG_CAUTION, "refused", "exporter %s: %s: %s",
                node->settings.exporters[exporter].name, refusal_name(refusal), detail);
}

static void say_noted(void *context, uint16_t exporter, const char *sentence)
{
        struct node *node = context;

        node_say_seldom(node, 1, LOG_NOTICE, "noted", "exporter %s: %s",
                node->settings.exporters[exporter].name, sentence);
}

struct reception_sink node_reception_sink(struct node *node)
{
        return (struct reception_sink){.context = node,
                .event = send_event,
                .lease = send_lease,
                .span = send_span,
                .gap = send_gap,
                .torn = send_torn,
                .refused = say_refused,
                .noted = say_noted};
}

int node_tell(struct node *node)
{
        struct relay_mark mark = {.sequence = node->told, .receipt_ms = node->receipt_ms};
        struct error error = {0};
        int r = reception_pieces(node->reception, &error);

        if (r < 0)
                return node->code < 0 ? node->code : node_fail(node, r, "%s", error.text);
        /* What a killed process may lose is never marked: the store would release what nobody can replay. */
        if (!node->is_replaying && journal_state(node->journal).flushed <= node->told)
                return node_send(node);
        if (node->told > node->marked) {
                r = written(node, relay_write_mark(&node->writer, &mark));
                node->marked = node->told;
                node_keep(node);
        }
        return r < 0 ? r : node_send(node);
}

/* --- Counts --- */

static int write_rows(
        struct node *node, enum relay_counts_kind kind, const void *rows, size_t row_bytes, size_t count)
{
        struct buffer packed = buffer_make(RELAY_COUNTS_MAX);
        int r = 0;

        for (size_t done = 0, some; done < count && r == 0; done += some) {
                some = relay_counts_pack(
                        kind, (const uint8_t *)rows + done * row_bytes, count - done, &packed);
                r = some ? written(node, relay_write_counts(&node->writer, packed.bytes, packed.length))
                         : node_fail(node, -ENOMEM, "not enough memory");
        }
        buffer_free(&packed);
        return r;
}

static int tell_exporters(struct node *node)
{
        struct relay_exporter_counts rows[64];
        size_t count = 0;
        int r = 0;

        for (size_t i = 0; i < node->settings.exporter_count && r == 0; i++) {
                struct reception_counts c = reception_counts(node->reception, (uint16_t)i);
                if (c.last_ms == TIME_UNKNOWN || c.last_ms < node->second_ms - 2000)
                        continue;
                struct relay_exporter_counts *row = &rows[count++];
                *row = (struct relay_exporter_counts){.exporter = i,
                        .messages = c.messages,
                        .bytes = c.bytes,
                        .events = c.events,
                        .leases = c.leases,
                        .lost = c.lost,
                        .gaps = c.gaps,
                        .restarts = c.restarts,
                        .clock_steps = c.clock_steps,
                        .last_ms = c.last_ms,
                        .offset_min_ms = c.offset_min_ms,
                        .offset_max_ms = c.offset_max_ms};
                for (unsigned k = 0; k < REFUSAL_COUNT; k++)
                        row->refused += c.refused[k];
                if (count == 64) {
                        r = write_rows(node, RELAY_COUNTS_EXPORTER, rows, sizeof rows[0], count);
                        count = 0;
                }
        }
        return r == 0 && count > 0 ? write_rows(node, RELAY_COUNTS_EXPORTER, rows, sizeof rows[0], count) : r;
}

static int tell_listeners(struct node *node)
{
        struct relay_listener_counts rows[SETTINGS_LISTENERS_MAX];

        for (size_t i = 0; i < node->settings.listener_count; i++) {
                struct collect_counts c = collector_counts(node->listeners[i].collector, 0);
                rows[i] = (struct relay_listener_counts){.listener = i,
                        .received = c.received,
                        .delivered = c.delivered,
                        .bytes = c.bytes,
                        .strangers = c.refused[COLLECT_UNKNOWN_SENDER],
                        .over_rate = c.refused[COLLECT_OVER_RATE],
                        .not_taken = c.refused[COLLECT_NOT_TAKEN],
                        .dropped_by_kernel = c.dropped_by_kernel,
                        .connections = c.open};
                for (unsigned k = 0; k < COLLECT_REFUSAL_COUNT; k++)
                        rows[i].refused += c.refused[k];
        }
        return write_rows(node, RELAY_COUNTS_LISTENER, rows, sizeof rows[0], node->settings.listener_count);
}

int node_tell_counts(struct node *node)
{
        struct journal_state journal = journal_state(node->journal);
        const struct relay_collector_counts row = {.journal_next = journal.next,
                .journal_flushed = journal.flushed,
                .journal_durable = journal.durable,
                .journal_released = journal.released,
                .journal_bytes = journal.file_bytes,
                .queued_bytes = node_queued(node),
                .is_taking = node->stopped == 0,
                .stops = node->stops,
                .stop_ms = node->stop_ms,
                .started_ms = node->started_ms};
        int r = write_rows(node, RELAY_COUNTS_COLLECTOR, &row, sizeof row, 1);

        if (r == 0)
                r = tell_listeners(node);
        if (r == 0)
                r = tell_exporters(node);
        return r;
}
