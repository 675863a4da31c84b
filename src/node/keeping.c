/* SPDX-License-Identifier: EUPL-1.2 */
/* Templates outlive this process, and hold exactly where the journal begins to be replayed: a state is taken
 * now and then at a mark, and stands on the disk before the journal is released up to that mark. The file
 * holds two, so that one of them fits whichever sequence is released when the process is killed.
 *
 *   magic, digests of the exporters' names in their order, then twice: sequence, length, checksum of the
 * state, the state (all numbers little endian) */
#include "base/checksum.h"
#include "base/cursor.h"
#include "node/node.h"
#include "os/clock.h"
#include "os/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME "templates"
#define MAGIC "rgtkept1"

static void forget(struct node *node, size_t first, size_t count)
{
        for (size_t i = first; i < first + count; i++)
                buffer_free(&node->kept[i].state);
        memmove(&node->kept[first], &node->kept[first + count],
                (node->kept_count - first - count) * sizeof node->kept[0]);
        node->kept_count -= count;
}

void node_forget_kept(struct node *node)
{
        forget(node, 0, node->kept_count);
}

/* Every second of those between the first and the last. */
static void thin(struct node *node)
{
        for (size_t i = 1; i + 1 < node->kept_count; i++)
                forget(node, i, 1);
}

/* Data that waits for its template is in the journal and nowhere else: it is not released for a while. A
 * template that never comes must not hold it for ever. */
static bool is_waiting(struct node *node, int64_t now)
{
        if (!reception_waits(node->reception)) {
                node->waiting_since_ms = 0;
                return false;
        }
        if (node->waiting_since_ms == 0)
                node->waiting_since_ms = now;
        return now - node->waiting_since_ms < NODE_WAIT_MS;
}

/* Behind a mark: what a reception must know to go on there. */
void node_keep(struct node *node)
{
        struct node_kept made = {.sequence = node->marked, .state = buffer_make(NODE_KEPT_BYTES_MAX)};
        int64_t now = clock_steady_ms();
        size_t bytes = 0;

        if (node->kept_count > 0 && now - node->kept_ms < NODE_KEEP_MS)
                return;
        if (is_waiting(node, now))
                return;
        if (reception_save(node->reception, &made.state) < 0) {
                node_say_seldom(node, 2, LOG_FAILURE, "templates",
                        "not enough memory to keep the templates; the journal is not released further");
                buffer_free(&made.state);
                return;
        }
        /* Taking a state of very many exporters takes a while, so it is done less often. */
        node->kept_ms = now + (int64_t)(made.state.length >> 14);
        if (node->kept_count == NODE_KEPT_MAX)
                thin(node);
        for (size_t i = 0; i < node->kept_count; i++)
                bytes += node->kept[i].state.length;
        while (bytes + made.state.length > NODE_KEPT_BYTES_MAX && node->kept_count > 2) {
                bytes -= node->kept[1].state.length;
                forget(node, 1, 1);
        }
        node->kept[node->kept_count++] = made;
}

static void append(struct buffer *file, const struct node_kept *kept)
{
        buffer_append_le(file, kept->sequence, 8);
        buffer_append_le(file, kept->state.length, 8);
        buffer_append_le(file, checksum(kept->state.bytes, kept->state.length), 8);
        buffer_append(file, kept->state.bytes, kept->state.length);
}

/* Numbers of exporters mean what they meant when the state was taken: their names stand before it. */
static void append_names(const struct node *node, struct buffer *file)
{
        buffer_append(file, MAGIC, 8);
        buffer_append_le(file, node->settings.exporter_count, 4);
        for (size_t i = 0; i < node->settings.exporter_count; i++) {
                const char *name = node->settings.exporters[i].name;
                buffer_append_le(file, checksum(name, strlen(name)), 8);
        }
}

/* 0: all of them have the numbers that they had; -ESTALE: one has not; -EBADMSG. */
static int compare_names(const struct node *node, struct cursor *cursor)
{
        const uint8_t *magic = cursor_take(cursor, 8);
        uint64_t count = cursor_le32(cursor);
        int r = magic && memcmp(magic, MAGIC, 8) == 0 ? 0 : -EBADMSG;

        for (uint64_t i = 0; i < count && r == 0 && !cursor->overrun; i++) {
                const char *name = i < node->settings.exporter_count ? node->settings.exporters[i].name : "";
                if (cursor_le64(cursor) != checksum(name, strlen(name)))
                        r = -ESTALE;
        }
        return r == 0 && cursor->overrun ? -EBADMSG : r;
}

/* The latest state at or before a sequence; SIZE_MAX where there is none. */
static size_t latest(const struct node *node, uint64_t sequence)
{
        size_t found = SIZE_MAX;

        for (size_t i = 0; i < node->kept_count; i++)
                if (node->kept[i].sequence <= sequence)
                        found = i;
        return found;
}

int node_release(struct node *node, uint64_t sequence, struct error *error)
{
        struct buffer file = buffer_make(2 * (size_t)NODE_KEPT_BYTES_MAX + 4096);
        uint64_t released = journal_state(node->journal).released;
        size_t before = latest(node, released), next = latest(node, sequence);

        if (next == SIZE_MAX || node->kept[next].sequence <= released)
                return 0; /* with the next one */
        append_names(node, &file);
        append(&file, &node->kept[before == SIZE_MAX ? next : before]);
        append(&file, &node->kept[next]);
        int r = file.failed ? error_set(error, file.failed, "not enough memory")
                            : file_publish(node->journal_folder, NAME, file.bytes, file.length, error);
        buffer_free(&file);
        if (r == 0)
                r = journal_release(node->journal, node->kept[next].sequence, error);
        if (r == 0)
                forget(node, 0, next); /* it stays itself: the one that holds now */
        return r;
}

/* The state that fits what is released; 0 where there is none, 1 with it, or -EBADMSG. */
static int choose(const struct node *node, const struct buffer *file, uint64_t released, struct cursor *ret)
{
        struct cursor cursor = cursor_over(file->bytes, file->length);
        uint64_t best = 0;
        int found = compare_names(node, &cursor);

        if (found < 0)
                return found;
        for (unsigned i = 0; i < 2; i++) {
                uint64_t sequence = cursor_le64(&cursor), length = cursor_le64(&cursor),
                         sum = cursor_le64(&cursor);
                struct cursor state = cursor_part(&cursor, length);
                if (state.overrun || checksum(state.at, cursor_left(&state)) != sum)
                        return -EBADMSG;
                if (sequence <= released && (!found || sequence > best)) {
                        best = sequence;
                        found = 1;
                        *ret = state;
                }
        }
        return found;
}

int node_load(struct node *node, struct error *error)
{
        struct buffer file = buffer_make(2 * (size_t)NODE_KEPT_BYTES_MAX + 4096);
        struct cursor state;
        char path[sizeof node->journal_folder + sizeof NAME + 1];

        snprintf(path, sizeof path, "%s/" NAME, node->journal_folder);
        int r = file_read(path, &file, error);
        if (r == 0) {
                r = choose(node, &file, journal_state(node->journal).released, &state);
                if (r > 0)
                        r = reception_load(node->reception, state.at, cursor_left(&state), error);
                if (r == -EBADMSG || r == -ESTALE)
                        node_say(LOG_CAUTION, "templates",
                                "%s %s; flows are read again when their exporters announce their templates",
                                path,
                                r == -ESTALE ? "is of exporters that stood in another order in rogatory.conf"
                                             : "is damaged");
        }
        buffer_free(&file);
        return r == -ENOENT || r == -EBADMSG || r == -ESTALE ? 0 : r;
}
