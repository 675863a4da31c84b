/* SPDX-License-Identifier: EUPL-1.2 */
/* A message on its way: into the journal, then decoded. What a replay reads goes the same way from there. */
#include "base/checksum.h"
#include "node/node.h"
#include "os/alive.h"
#include "os/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What an entry of the journal is. The first ones are enum reception_content. */
enum entry_kind {
        ENTRY_LOST =
                RECEPTION_CONTENT_COUNT, /* port: the content; bytes: the exporter's name, or none: all */
        ENTRY_CLOSED,                    /* a connection ended */
        ENTRY_KIND_COUNT
};

/* One number of an exporter that stays its own when the configuration changes: a digest of its name. */
static uint64_t digest_of_name(const char *name)
{
        return checksum(name, strlen(name));
}

static uint16_t exporter_by_digest(const struct node *node, uint64_t digest)
{
        for (size_t i = 0; i < node->settings.exporter_count; i++)
                if (digest_of_name(node->settings.exporters[i].name) == digest)
                        return (uint16_t)i;
        return EXPORTER_NOBODY;
}

/* --- Decoding --- */

/* Decodes an entry of the exporter: of this moment, or of the journal. */
static int decode(struct node *node, const struct journal_entry *entry, uint16_t exporter)
{
        struct error error = {0};
        int r = 0;

        if (entry->kind < RECEPTION_CONTENT_COUNT) {
                const struct reception_message message = {.content = (enum reception_content)entry->kind,
                        .exporter = exporter,
                        .session = entry->kind == RECEPTION_CONNTRACK ? 0
                                   : entry->stream                    ? (uint32_t)entry->stream
                                                                      : (uint32_t)entry->port + 1,
                        .receipt_ms = entry->receipt_ms,
                        .bytes = entry->bytes,
                        .length = entry->length};
                r = reception_take(node->reception, &message, &error);
        } else if (entry->kind == ENTRY_LOST) {
                r = reception_lost(node->reception, (enum reception_content)entry->port, exporter,
                        entry->receipt_ms, &error);
        } else if (entry->kind == ENTRY_CLOSED) {
                reception_end_session(node->reception, exporter, (uint32_t)entry->stream);
        }
        if (entry->receipt_ms > node->receipt_ms)
                node->receipt_ms = entry->receipt_ms;
        node->told = entry->sequence;
        if (r < 0 && node->code == 0)
                node_fail(node, r, "%s", error.text);
        return r;
}

static int take(struct node *node, struct journal_entry *entry, uint16_t exporter)
{
        struct error error = {0};
        int r = journal_append(node->journal, entry, &entry->sequence, &error);

        if (r == 0)
                return decode(node, entry, exporter);
        if (r != -EMSGSIZE)
                node_stop_taking(node, STOP_JOURNAL, error.text);
        return r;
}

/* --- What listeners tell --- */

static struct node_session *find_session(
        struct node *node, const struct node_listener *listener, uint64_t connection)
{
        uint16_t number = (uint16_t)(listener - node->listeners);

        for (size_t i = 0; i < node->session_count; i++)
                if (node->sessions[i].connection == connection && node->sessions[i].listener == number)
                        return &node->sessions[i];
        return NULL;
}

static struct node_session *session_of(struct node *node, const struct node_listener *listener,
        uint64_t connection, uint16_t exporter, const struct address *source)
{
        struct node_session *session = find_session(node, listener, connection);

        if (session)
                return session;
        if (node->session_count == node->session_capacity) {
                size_t capacity = node->session_capacity ? node->session_capacity * 2 : 64;
                struct node_session *sessions = realloc(node->sessions, capacity * sizeof *sessions);
                if (!sessions)
                        return NULL;
                node->sessions = sessions;
                node->session_capacity = capacity;
        }
        session = &node->sessions[node->session_count++];
        /* Counted from the time of the start on, so that no two lives of the process have one number for two
         * connections while the journal still knows the first. Above the ports of datagrams. */
        node->next_session = node->next_session < 0x7fffffff ? node->next_session + 1 : 1;
        *session = (struct node_session){.connection = connection,
                .session = node->next_session | UINT32_C(0x80000000),
                .listener = (uint16_t)(listener - node->listeners),
                .exporter = exporter,
                .source = *source};
        if (session->session == UINT32_MAX) /* has a meaning of its own */
                session->session--;
        return session;
}

static int take_message(void *context, const struct collect_message *message)
{
        struct node_listener *listener = context;
        struct node *node = listener->node;
        struct journal_entry entry = {.receipt_ms = message->receipt_ms,
                .source = message->source,
                .port = message->port,
                .kind = (uint8_t)listener->content,
                .bytes = message->bytes,
                .length = message->length};

        /* Datagrams that were read when it stopped are taken yet, where that is possible at all. */
        if (node->ends || node->stopped & STOP_JOURNAL || (node->stopped && message->connection))
                return -EAGAIN;
        if (message->connection) {
                struct node_session *session =
                        session_of(node, listener, message->connection, message->exporter, &message->source);
                if (!session)
                        return -ENOMEM;
                entry.stream = session->session;
        }
        if (listener->content == RECEPTION_CONNTRACK)
                entry.stream = digest_of_name(node->settings.exporters[message->exporter].name);
        return take(node, &entry, message->exporter);
}

static int settle(void *context)
{
        struct node *node = ((struct node_listener *)context)->node;
        struct error error = {0};

        if (node->code < 0)
                return node->code;
        int r = journal_flush(node->journal, &error);
        if (r < 0) {
                node_stop_taking(node, STOP_JOURNAL, error.text);
                return r;
        }
        r = node_send(node);
        if (r == 0 && node_queued(node) > NODE_QUEUE_PAUSE)
                node_stop_taking(node, STOP_QUEUE, "too much is on its way to it");
        return r;
}

static int take_loss(struct node *node, enum reception_content content, uint16_t exporter, int64_t now_ms)
{
        const char *name =
                exporter < node->settings.exporter_count ? node->settings.exporters[exporter].name : "";
        struct journal_entry entry = {.receipt_ms = now_ms,
                .port = (uint16_t)content,
                .kind = ENTRY_LOST,
                .bytes = name,
                .length = strlen(name)};

        /* Where the journal does not take it, it is told all the same: a replay begins with a loss anyway. */
        if (take(node, &entry, name[0] ? exporter : EXPORTER_EVERY) == 0 || node->code < 0)
                return node->code;
        entry.sequence = node->told;
        return decode(node, &entry, name[0] ? exporter : EXPORTER_EVERY);
}

static void note_loss(void *context, const struct collect_loss *loss)
{
        struct node_listener *listener = context;
        struct node *node = listener->node;
        bool is_known = loss->exporter < node->settings.exporter_count;

        node_say_seldom(node, loss->by_kernel ? 4 : 5, LOG_CAUTION, "lost",
                "listener %s: %llu messages of %s: %s", listener->settings->name,
                (unsigned long long)loss->count,
                is_known ? node->settings.exporters[loss->exporter].name : "exporters that are not known",
                loss->by_kernel ? "the kernel's buffer was full" : collect_refusal_name(loss->refusal));
        take_loss(node, listener->content, is_known ? loss->exporter : EXPORTER_EVERY, loss->noticed_ms);
}

static void note_closed(void *context, uint64_t connection, uint16_t exporter, enum collect_end end,
        size_t part, int64_t now_ms)
{
        struct node_listener *listener = context;
        struct node *node = listener->node;
        struct node_session *session = find_session(node, listener, connection);

        if (part > 0)
                take_loss(node, listener->content, exporter, now_ms);
        if (end != COLLECT_END_PEER && end != COLLECT_END_IDLE)
                node_say_seldom(node, 6, LOG_CAUTION, "connection-ended", "listener %s, exporter %s: %s",
                        listener->settings->name,
                        exporter < node->settings.exporter_count ? node->settings.exporters[exporter].name
                                                                 : "?",
                        collect_end_name(end));
        if (!session)
                return;
        struct journal_entry entry = {.receipt_ms = now_ms,
                .source = session->source,
                .kind = ENTRY_CLOSED,
                .stream = session->session};
        if (take(node, &entry, session->exporter) < 0)
                reception_end_session(node->reception, session->exporter, session->session);
        *session = node->sessions[--node->session_count];
}

struct collect_sink node_collect_sink(struct node_listener *listener)
{
        return (struct collect_sink){.context = listener,
                .message = take_message,
                .settle = settle,
                .lost = note_loss,
                .closed = note_closed};
}

/* --- Replay --- */

static uint16_t exporter_of(struct node *node, const struct journal_entry *entry)
{
        if (entry->kind == ENTRY_LOST)
                return entry->length ? exporter_by_digest(node, checksum(entry->bytes, entry->length))
                                     : EXPORTER_EVERY;
        if (entry->kind == RECEPTION_CONNTRACK)
                return exporter_by_digest(node, entry->stream);
        const struct exporter *found = exporters_find(node->senders, &entry->source);
        return found ? found->number : EXPORTER_NOBODY;
}

static int replay_entry(void *context, const struct journal_entry *entry)
{
        struct node *node = context;
        uint16_t exporter = exporter_of(node, entry);
        int r = 0;

        if (exporter == EXPORTER_NOBODY && entry->kind != ENTRY_LOST) {
                node->not_configured++;
                node->told = entry->sequence;
        } else if (entry->kind >= ENTRY_KIND_COUNT) {
                node->told = entry->sequence;
        } else {
                r = decode(node, entry, exporter);
        }
        if (r == 0 && ++node->replayed % 1024 == 0) {
                r = node_tell(node);
                if (r == 0)
                        r = node_wait(node, NODE_QUEUE_PAUSE);
                alive_say(node->options.ready, ALIVE_STARTING);
        }
        return r;
}

static int lose_all(struct node *node, int64_t now_ms)
{
        static const enum reception_content contents[] = {
                RECEPTION_TEXT, RECEPTION_RADIUS, RECEPTION_CONNTRACK};
        int r = 0;

        for (unsigned i = 0; i < 3 && r == 0; i++)
                r = take_loss(node, contents[i], EXPORTER_EVERY, now_ms);
        return r;
}

static void replay_lost(void *context, uint64_t first, uint64_t last, int64_t after_ms, int64_t before_ms)
{
        struct node *node = context;
        struct error error = {0};

        node_say(LOG_FAILURE, "journal-lost",
                "%llu messages were taken and are not in the journal any more; they were not on the disk "
                "when "
                "the machine stopped",
                (unsigned long long)(last - first + 1));
        for (unsigned i = 0; i < RECEPTION_CONTENT_COUNT; i++)
                reception_lost(node->reception, (enum reception_content)i, EXPORTER_EVERY,
                        before_ms != TIME_UNKNOWN ? before_ms : after_ms, &error);
}

int node_begin_after_loss(struct node *node)
{
        return lose_all(node, clock_now_ms());
}

int node_replay(struct node *node, struct error *error)
{
        const struct journal_replay_sink sink = {.context = node, .entry = replay_entry, .lost = replay_lost};
        struct journal_replayed replayed = {0};

        node->is_replaying = true;
        int r = journal_replay(node->journal, &sink, &replayed, error);
        if (r == 0)
                r = node_tell(node);
        node->is_replaying = false;
        if (node->code < 0)
                return error_set(error, node->code, "%s", node->failure.text);
        if (r == 0 && (replayed.entries || replayed.damaged_bytes || replayed.damaged_files))
                node_say(replayed.damaged_bytes || replayed.damaged_files ? LOG_CAUTION : LOG_NOTICE,
                        "replayed",
                        "%llu messages out of the journal; %llu of exporters that are not configured any "
                        "more, "
                        "%llu bytes damaged, %llu files unreadable",
                        (unsigned long long)replayed.entries, (unsigned long long)node->not_configured,
                        (unsigned long long)replayed.damaged_bytes,
                        (unsigned long long)replayed.damaged_files);
        return r;
}
