/* SPDX-License-Identifier: EUPL-1.2 */
/* Numbers for whoever watches the node: once a second the collector is told them, who shows them. */
#include "keeper/keeper.h"

#include "os/clock.h"
#include "relay/counts.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Merges count in processes of their own, which end; this memory is shared with them. No more than one of
 * them runs at a time, and nothing but what is shown depends on it. */
int keeper_begin_counting(struct keeper *keeper, struct error *error)
{
        size_t realms = depot_settings(keeper->depot)->realm_count;
        void *memory = mmap(NULL, (realms + 1) * sizeof *keeper->sharing, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
                return error_set(error, -ENOMEM, "not enough memory");
        keeper->sharing = memory;
        keeper->sharing_realms = realms;
        for (size_t i = 0; i < realms; i++)
                keeper->sharing[i] = SHARING_NONE;
        return 0;
}

void keeper_end_counting(struct keeper *keeper)
{
        if (keeper->sharing)
                munmap(keeper->sharing, (keeper->sharing_realms + 1) * sizeof *keeper->sharing);
        keeper->sharing = NULL;
}

/* A key file is written anew whenever its key is replaced, and at no other time. What stands in a token, a
 * keyring or a credential says nothing of its age. */
static int64_t oldest_key(const struct settings *settings)
{
        int64_t oldest = INT64_MIN;

        for (size_t i = 0; i < settings->realm_count; i++) {
                const char *path = key_sources_file(&settings->realms[i].key);
                struct stat status;
                if (!path || stat(path, &status) < 0)
                        continue;
                int64_t at = (int64_t)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
                oldest = oldest == INT64_MIN || at < oldest ? at : oldest;
        }
        return oldest;
}

static void add_held(const struct keeper *keeper, struct relay_store_counts *row)
{
        for (unsigned i = 0; i < keeper->generations.count; i++) {
                struct intake_live_state state = intake_live_state(keeper->generations.items[i].intake);
                row->held_events += state.events;
                row->held_bytes += state.bytes;
        }
}

static void add_sharing(const struct keeper *keeper, struct relay_store_counts *row)
{
        row->sharing = SHARING_NONE;
        for (size_t i = 0; i < keeper->sharing_realms; i++)
                sharing_join(&row->sharing, &keeper->sharing[i]);
        bool is_known = row->sharing.window_from != TIME_UNKNOWN;
        row->open_bindings = is_known ? row->sharing.open : UINT64_MAX;
        row->users_most = is_known ? row->sharing.worst[0].users : UINT64_MAX;
        row->users_over = is_known ? sharing_over(&row->sharing, SHARING_LIMIT) : UINT64_MAX;
}

static struct relay_store_counts take_row(const struct keeper *keeper)
{
        const struct keeper_counts *c = &keeper->counts;
        struct relay_store_counts row = {.events = c->events,
                .leases = c->leases,
                .pieces = c->pieces,
                .refused = c->refused,
                .merges = c->merges,
                .merges_failed = c->merges_failed,
                .windows = c->windows,
                .window_bytes = c->window_bytes,
                .last_merge_ms = c->last_merge_ms ? c->last_merge_ms : INT64_MIN,
                .last_merge_took_ms = c->last_merge_ms ? c->last_merge_took_ms : INT64_MIN,
                .questions = c->questions,
                .questions_busy = c->questions_busy,
                .disk_free_bytes = UINT64_MAX,
                .key_since_ms = oldest_key(depot_settings(keeper->depot))};
        struct statvfs disk;

        add_held(keeper, &row);
        add_sharing(keeper, &row);
        /* What root alone may use is not free for this process. */
        if (statvfs(keeper->options.store, &disk) == 0)
                row.disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        return row;
}

int keeper_tell_counts(struct keeper *keeper, struct error *error)
{
        int64_t steady_ms = clock_steady_ms();

        /* Who does not read what he was told is told nothing newer. */
        if ((keeper->counts_ms && steady_ms < keeper->counts_ms + KEEPER_COUNTS_MS) || keeper->out.length > 0)
                return 0;
        keeper->counts_ms = steady_ms;
        struct relay_store_counts row = take_row(keeper);
        struct buffer packed = buffer_make(RELAY_COUNTS_MAX);
        int r = relay_counts_pack(RELAY_COUNTS_STORE, &row, 1, &packed) == 1 ? 0 : -ENOMEM;
        if (r == 0)
                r = relay_write_counts(&keeper->writer, packed.bytes, packed.length);
        buffer_free(&packed);
        return r < 0 ? error_set(error, r, "the collector cannot be told how the store does") : 0;
}
