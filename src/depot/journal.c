/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/journal.h"

#include "base/time.h"
#include "depot/journal_internal.h"
#include "os/clock.h"
#include "os/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct error *error, const char *path, const char *what)
{
        int code = errno;
        return error_set(error, -code, "%s: %s: %s", path, what, strerrordesc_np(code));
}

/* The room for the head stands in front of the entries, so that a batch is one piece and one write. */
static int empty_batch(struct journal *journal)
{
        static const uint8_t head[JOURNAL_BATCH_HEAD_BYTES];

        buffer_clear(&journal->batch);
        journal->pending_count = 0;
        return buffer_append(&journal->batch, head, sizeof head);
}

static void free_journal(struct journal *journal)
{
        if (journal->file >= 0)
                close(journal->file);
        journal_keys_close(journal);
        seal_free(journal->seal);
        lock_release(journal->lock);
        buffer_free(&journal->batch);
        buffer_free(&journal->sealed);
        free(journal->files);
        free(journal);
}

int journal_open(const char *folder, const struct journal_options *options, struct journal **ret_journal,
        struct journal_found *ret_found, struct error *error)
{
        struct journal *journal = calloc(1, sizeof *journal);
        struct journal_found found = {0};
        char path[PATH_MAX];

        if (!journal)
                return error_set(error, -ENOMEM, "%s: not enough memory", folder);
        journal->lock = journal->file = -1;
        journal->unsynced_ms = -1;
        journal->batch = buffer_make(JOURNAL_BATCH_HEAD_BYTES + JOURNAL_PENDING_MAX);
        journal->sealed = buffer_make(JOURNAL_BATCH_HEAD_BYTES + JOURNAL_PENDING_MAX + JOURNAL_TAG_BYTES);
        if (options)
                journal->options = *options;
        if (journal->options.sync_interval_ms == 0)
                journal->options.sync_interval_ms = JOURNAL_SYNC_MS_DEFAULT;
        if (journal->options.file_bytes_max == 0)
                journal->options.file_bytes_max = JOURNAL_FILE_BYTES_DEFAULT;
        int used = snprintf(journal->folder, sizeof journal->folder, "%s", folder);
        int r = used < 0 || (size_t)used >= sizeof journal->folder
                        ? error_set(error, -ENAMETOOLONG, "%.100s...: the path is too long", folder)
                        : folder_make(folder, error);
        if (r == 0)
                r = journal_path(journal, "lock", path, error);
        if (r == 0)
                r = lock_take(path, false, &journal->lock, error);
        if (r == 0)
                r = journal_keys_open(journal, error);
        if (r == 0)
                r = journal_list(journal, error);
        if (r == 0)
                r = journal_recover(journal, &found, error);
        if (r == 0 && empty_batch(journal) < 0)
                r = error_set(error, -ENOMEM, "%s: not enough memory", folder);
        if (r < 0) {
                free_journal(journal);
                return r;
        }
        if (ret_found)
                *ret_found = found;
        *ret_journal = journal;
        return 0;
}

int journal_close(struct journal *journal, struct error *error)
{
        if (!journal)
                return 0;
        int r = journal_sync(journal, error);
        free_journal(journal);
        return r;
}

/* Only a file of which no entry can be read has the name of one that is to be made: a writer was killed at
 * its beginning, and nothing is lost with it, or its header is damaged, and then a person may want to see it.
 */
static int clear_name(const char *path, struct error *error)
{
        struct journal_header header;
        char aside[PATH_MAX + 16];
        struct file_map map;

        int r = file_map(path, &map, error);
        if (r < 0)
                return r;
        bool is_begun = map.length < JOURNAL_HEADER_BYTES ||
                        journal_header_read(map.bytes, map.length, &header, NULL) == 0;
        file_unmap(&map);
        if (is_begun)
                return file_remove(path, error);
        snprintf(aside, sizeof aside, "%s.damaged", path);
        return rename(path, aside) < 0 ? failed(error, path, "cannot be moved aside") : 0;
}

static int make_file(
        struct journal *journal, struct journal_file *file, const char *path, struct error *error)
{
        uint8_t header[JOURNAL_HEADER_BYTES];
        struct journal_header content = {
                .window_from = file->window_from, .first_sequence = file->first_sequence};

        if (getrandom(&content.mark, sizeof content.mark, 0) != (ssize_t)sizeof content.mark)
                return failed(error, path, "no random number could be had");
        int made = journal_key_make(journal, file, &content, &journal->seal, error);
        if (made < 0)
                return made;
        journal_header_write(&content, header);
        int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (descriptor < 0)
                return failed(error, path, "cannot be made");
        int r = file_write_all(descriptor, header, sizeof header, path, error);
        file->bytes = sizeof header;
        if (r == 0 && journal_add_file(journal, file) < 0)
                r = error_set(error, -ENOMEM, "%s: not enough memory", path);
        if (r < 0) {
                close(descriptor);
                unlink(path);
                return r;
        }
        journal->file = descriptor;
        journal->mark = content.mark;
        journal->folder_changed = true;
        return 0;
}

static int begin_file(struct journal *journal, struct error *error)
{
        struct journal_file file = {
                .window_from = journal->pending_window, .first_sequence = journal->flushed};
        struct journal_file *last = journal->file_count ? &journal->files[journal->file_count - 1] : NULL;
        char path[PATH_MAX];

        journal_name_write(file.window_from, file.first_sequence, file.name);
        int r = journal_path(journal, file.name, path, error);
        if (r == 0 && last && last->first_sequence == file.first_sequence) {
                char damaged[PATH_MAX];
                r = journal_path(journal, last->name, damaged, error);
                if (r == 0)
                        r = clear_name(damaged, error);
                journal->file_count -= r == 0;
        }
        return r < 0 ? r : make_file(journal, &file, path, error);
}

static void leave_file(struct journal *journal)
{
        close(journal->file);
        seal_free(journal->seal);
        journal->seal = NULL;
        journal->file = -1;
}

/* The file for what is pending. A file that is left is on the disk before the next one begins. */
static int choose_file(struct journal *journal, struct error *error)
{
        const struct journal_file *now =
                journal->file_count ? &journal->files[journal->file_count - 1] : NULL;

        if (journal->file >= 0 && now->window_from == journal->pending_window &&
                now->bytes < journal->options.file_bytes_max)
                return 0;
        if (journal->file >= 0) {
                int r = fdatasync(journal->file) < 0 ? failed(error, now->name, "cannot be made durable") : 0;
                leave_file(journal);
                if (r < 0)
                        return r;
        }
        return begin_file(journal, error);
}

/* The batch as it is written: itself, or sealed beside itself, because a write that fails is tried again, in
 * another file and so under another key. */
static int close_batch(struct journal *journal, struct buffer **ret_written, struct error *error)
{
        struct buffer *batch = &journal->batch;

        if (journal->seal) {
                buffer_clear(&journal->sealed);
                buffer_append(&journal->sealed, batch->bytes, batch->length);
                if (buffer_reserve(&journal->sealed, JOURNAL_TAG_BYTES) < 0)
                        return error_set(error, -ENOMEM, "%s: not enough memory", journal->folder);
                int r = journal_payload_seal(journal->seal, journal->sealed.bytes + JOURNAL_BATCH_HEAD_BYTES,
                        batch->length - JOURNAL_BATCH_HEAD_BYTES, journal->flushed, journal->mark);
                if (r < 0)
                        return error_set(error, r, "%s: cannot be sealed", journal->folder);
                batch = &journal->sealed;
                batch->length += JOURNAL_TAG_BYTES;
        }
        journal_batch_close(batch->bytes, batch->length - JOURNAL_BATCH_HEAD_BYTES, journal->mark,
                journal->flushed, journal->pending_count);
        *ret_written = batch;
        return 0;
}

int journal_flush(struct journal *journal, struct error *error)
{
        if (journal->pending_count == 0)
                return 0;
        int r = choose_file(journal, error);
        if (r < 0)
                return r;
        struct journal_file *file = &journal->files[journal->file_count - 1];
        struct buffer *written;
        r = close_batch(journal, &written, error);
        if (r == 0)
                r = file_write_all(journal->file, written->bytes, written->length, file->name, error);
        if (r < 0) {
                /* The cut-off batch is taken back. Where that fails it stays as what it is, damage in front
                 * of a file's end, and the next batch goes into another file. */
                if (ftruncate(journal->file, (off_t)file->bytes) < 0)
                        leave_file(journal);
                if (journal->file >= 0 && file->bytes == JOURNAL_HEADER_BYTES) {
                        /* Nothing in it yet: its name is free for the next attempt. */
                        char path[PATH_MAX];
                        leave_file(journal);
                        if (journal_path(journal, file->name, path, NULL) == 0 && unlink(path) == 0)
                                journal->file_count--;
                }
                return r;
        }
        file->bytes += written->length;
        journal->flushed += journal->pending_count;
        if (journal->unsynced_ms < 0)
                journal->unsynced_ms = clock_steady_ms();
        return empty_batch(journal);
}

int journal_sync(struct journal *journal, struct error *error)
{
        int r = journal_flush(journal, error);
        if (r < 0 || (journal->unsynced_ms < 0 && !journal->folder_changed))
                return r;
        if (journal->file >= 0 && fdatasync(journal->file) < 0) {
                /* What the kernel still holds of this file after a failed sync nobody knows (the error is
                 * told once); what comes next goes into a file of its own. */
                r = failed(error, journal->files[journal->file_count - 1].name, "cannot be made durable");
                leave_file(journal);
                return r;
        }
        if (journal->folder_changed)
                r = folder_sync(journal->folder, error);
        if (r < 0)
                return r;
        journal->folder_changed = false;
        journal->unsynced_ms = -1;
        journal->durable = journal->flushed;
        return 0;
}

int journal_tick(struct journal *journal, int64_t steady_ms, struct error *error)
{
        int r = journal_flush(journal, error);
        if (r < 0 || journal->unsynced_ms < 0 ||
                steady_ms - journal->unsynced_ms < journal->options.sync_interval_ms)
                return r;
        return journal_sync(journal, error);
}

static int64_t window_of(int64_t instant)
{
        int64_t within = instant >= TIME_FIRST && instant < TIME_LIMIT ? instant : TIME_FIRST;
        return within - within % TIME_HOUR;
}

int journal_append(struct journal *journal, const struct journal_entry *entry, uint64_t *ret_sequence,
        struct error *error)
{
        int64_t window = window_of(entry->receipt_ms);
        size_t length = JOURNAL_ENTRY_HEAD_BYTES + entry->length;
        int r = 0;

        if (entry->length > JOURNAL_ENTRY_MAX)
                return error_set(error, -EMSGSIZE,
                        "a message of %zu bytes is longer than the %u that are kept", entry->length,
                        JOURNAL_ENTRY_MAX);
        if (journal->pending_count && (window != journal->pending_window ||
                                              journal->batch.length + length > journal->batch.ceiling))
                r = journal_flush(journal, error);
        if (r < 0)
                return r;
        r = journal_entry_write(&journal->batch, entry);
        if (r < 0)
                return error_set(error, r, "%s: not enough memory", journal->folder);
        journal->pending_window = window;
        journal->pending_count++;
        if (ret_sequence)
                *ret_sequence = journal->next;
        journal->next++;
        return 0;
}

struct journal_state journal_state(const struct journal *journal)
{
        struct journal_state state = {.next = journal->next,
                .flushed = journal->flushed,
                .durable = journal->durable,
                .released = journal->released,
                .pending = journal->batch.length - JOURNAL_BATCH_HEAD_BYTES,
                .files = journal->file_count};

        for (size_t i = 0; i < journal->file_count; i++)
                state.file_bytes += journal->files[i].bytes;
        return state;
}

struct replaying {
        const struct journal_replay_sink *sink;
        struct journal_replayed replayed;
        uint64_t expected; /* the next sequence to deliver */
        uint64_t released;
        int64_t last_ms;
};

static void tell_lost(struct replaying *replaying, uint64_t until, int64_t before_ms)
{
        if (until <= replaying->expected)
                return;
        replaying->replayed.lost += until - replaying->expected;
        if (replaying->sink->lost)
                replaying->sink->lost(replaying->sink->context, replaying->expected, until - 1,
                        replaying->last_ms, before_ms);
        replaying->expected = until;
}

static int replay_entry(void *context, const struct journal_entry *entry)
{
        struct replaying *replaying = context;

        if (entry->sequence < replaying->expected) {
                replaying->replayed.repeated += entry->sequence > replaying->released;
                return 0;
        }
        tell_lost(replaying, entry->sequence, entry->receipt_ms);
        replaying->expected = entry->sequence + 1;
        replaying->last_ms = entry->receipt_ms;
        replaying->replayed.entries++;
        return replaying->sink->entry(replaying->sink->context, entry);
}

static void replay_damage(void *context, size_t offset, size_t length)
{
        struct replaying *replaying = context;

        (void)offset;
        replaying->replayed.damaged_bytes += length;
}

static int replay_file(struct journal *journal, const struct journal_file *file, struct replaying *replaying,
        struct error *error)
{
        const struct journal_scan_sink sink = {
                .context = replaying, .entry = replay_entry, .damaged = replay_damage};
        struct journal_scanned scanned;
        size_t length = 0;

        int r = journal_scan_file(journal, file, &sink, &scanned, &length, error);
        if (r != -EBADMSG && r != -ENOTSUP)
                return r;
        /* Shorter than its header: its writer was killed at its beginning. */
        replaying->replayed.damaged_files += length >= JOURNAL_HEADER_BYTES;
        replaying->replayed.damaged_bytes += length;
        return 0;
}

int journal_replay(struct journal *journal, const struct journal_replay_sink *sink,
        struct journal_replayed *ret_replayed, struct error *error)
{
        struct replaying replaying = {.sink = sink, .last_ms = TIME_UNKNOWN, .released = journal->released};
        int r = 0;

        replaying.expected = journal->released + 1;
        if (journal->released == 0 && journal->file_count)
                replaying.expected = journal->files[0].first_sequence;
        for (size_t i = 0; r == 0 && i < journal->file_count; i++)
                if (!journal_file_is_released(journal, i))
                        r = replay_file(journal, &journal->files[i], &replaying, error);
        if (r < 0)
                return r;
        tell_lost(&replaying, journal->flushed, TIME_UNKNOWN);
        if (ret_replayed)
                *ret_replayed = replaying.replayed;
        return 0;
}
