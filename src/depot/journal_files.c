/* SPDX-License-Identifier: EUPL-1.2 */
/* The journal's folder: names, what a writer finds, what is released. */
#include "depot/journal_internal.h"

#include "base/checksum.h"
#include "base/cursor.h"
#include "base/time.h"
#include "os/file.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RELEASED_NAME "released"
#define RELEASED_BYTES 24u

static const uint8_t released_magic[8] = {'R', 'O', 'G', 'R', 'E', 'L', '\r', '\n'};

int journal_path(
        const struct journal *journal, const char *name, char ret_path[PATH_MAX], struct error *error)
{
        int used = snprintf(ret_path, PATH_MAX, "%s/%s", journal->folder, name);
        return used < 0 || used >= PATH_MAX
                       ? error_set(error, -ENAMETOOLONG, "%s: the path is too long", journal->folder)
                       : 0;
}

void journal_name_write(int64_t window_from, uint64_t first_sequence, char ret_name[JOURNAL_NAME_MAX])
{
        struct civil c = time_to_civil(window_from);
        snprintf(ret_name, JOURNAL_NAME_MAX, "%04d%02d%02dT%02dZ.%016" PRIx64 ".jnl", c.year, c.month, c.day,
                c.hour, first_sequence);
}

static bool read_digits(const char *text, size_t length, int *ret_number)
{
        uint64_t number;
        if (slice_number(slice_make(text, length), INT32_MAX, &number) < 0)
                return false;
        *ret_number = (int)number;
        return true;
}

bool journal_name_read(const char *name, struct journal_file *ret_file)
{
        struct journal_file file = {.bytes = 0};
        struct civil civil = {0};

        if (strlen(name) != 33 || !read_digits(name, 4, &civil.year) ||
                !read_digits(name + 4, 2, &civil.month) || !read_digits(name + 6, 2, &civil.day) ||
                !read_digits(name + 9, 2, &civil.hour) || !civil_is_valid(&civil))
                return false;
        file.window_from = time_from_civil(&civil);
        for (const char *at = name + 13; at < name + 29; at++) {
                const char *digits = "0123456789abcdef", *digit = *at ? strchr(digits, *at) : NULL;
                if (!digit)
                        return false;
                file.first_sequence = file.first_sequence << 4 | (uint64_t)(digit - digits);
        }
        /* Whatever else could be read as a name is none. */
        journal_name_write(file.window_from, file.first_sequence, file.name);
        if (strcmp(file.name, name) != 0 || file.first_sequence == 0)
                return false;
        *ret_file = file;
        return true;
}

int journal_add_file(struct journal *journal, const struct journal_file *file)
{
        if (journal->file_count == journal->file_capacity) {
                size_t capacity = journal->file_capacity ? 2 * journal->file_capacity : 16;
                struct journal_file *grown = realloc(journal->files, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                journal->files = grown;
                journal->file_capacity = capacity;
        }
        journal->files[journal->file_count++] = *file;
        return 0;
}

static int compare_files(const void *a, const void *b)
{
        const struct journal_file *one = a, *other = b;
        return one->first_sequence != other->first_sequence
                       ? (one->first_sequence > other->first_sequence) -
                                 (one->first_sequence < other->first_sequence)
                       : strcmp(one->name, other->name);
}

int journal_list(struct journal *journal, struct error *error)
{
        struct journal_file file;
        char path[PATH_MAX];
        struct stat status;
        int r = 0;

        DIR *stream = opendir(journal->folder);
        if (!stream)
                return error_set(
                        error, -errno, "%s: cannot be read: %s", journal->folder, strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (errno = 0, entry = readdir(stream));) {
                if (!journal_name_read(entry->d_name, &file))
                        continue;
                r = journal_path(journal, file.name, path, error);
                if (r == 0 && stat(path, &status) == 0)
                        file.bytes = (uint64_t)status.st_size;
                if (r == 0 && journal_add_file(journal, &file) < 0)
                        r = error_set(error, -ENOMEM, "%s: not enough memory", journal->folder);
        }
        if (r == 0 && errno)
                r = error_set(
                        error, -errno, "%s: cannot be read: %s", journal->folder, strerrordesc_np(errno));
        closedir(stream);
        if (r == 0 && journal->file_count)
                qsort(journal->files, journal->file_count, sizeof *journal->files, compare_files);
        return r;
}

/* 0 with the sequence (0 where there is none yet), -EBADMSG where it is damaged, or a failure to read. */
static int read_released(const struct journal *journal, uint64_t *ret_sequence, struct error *error)
{
        struct buffer bytes = buffer_make(RELEASED_BYTES);
        char path[PATH_MAX];

        int r = journal_path(journal, RELEASED_NAME, path, error);
        if (r == 0)
                r = file_read(path, &bytes, error);
        if (r == 0) {
                struct cursor cursor = cursor_over(bytes.bytes, bytes.length);
                bool is_ours = bytes.length == RELEASED_BYTES && memcmp(bytes.bytes, released_magic, 8) == 0;
                cursor_skip(&cursor, 8);
                uint64_t sequence = cursor_le64(&cursor);
                if (is_ours && cursor_le64(&cursor) == checksum(bytes.bytes, 16))
                        *ret_sequence = sequence;
                else
                        r = -EBADMSG;
        }
        buffer_free(&bytes);
        if (r == -ENOENT) {
                *ret_sequence = 0;
                return 0;
        }
        return r == -EFBIG ? -EBADMSG : r;
}

int journal_scan_file(struct journal *journal, const struct journal_file *file,
        const struct journal_scan_sink *sink, struct journal_scanned *ret, size_t *ret_length,
        struct error *error)
{
        struct journal_header header;
        struct seal *seal = NULL;
        struct file_map map;
        char path[PATH_MAX];

        int r = journal_path(journal, file->name, path, error);
        if (r == 0)
                r = file_map(path, &map, error);
        if (r < 0)
                return r;
        if (ret_length)
                *ret_length = map.length;
        r = journal_header_read(map.bytes, map.length, &header, error);
        if (r == 0)
                r = journal_key_find(journal, file, &header, &seal, error);
        if (r == 0)
                r = journal_scan(map.bytes, map.length, seal, sink, ret, error);
        seal_free(seal);
        file_unmap(&map);
        return r;
}

/* Nothing in the file is needed any more; its key may have been destroyed by a writer that was killed before
 * it removed the file. */
bool journal_file_is_released(const struct journal *journal, size_t index)
{
        return index + 1 < journal->file_count &&
               journal->files[index + 1].first_sequence <= journal->released + 1;
}

/* The last file that holds an entry says where the sequences go on. */
static int find_end(struct journal *journal, struct journal_found *found, struct error *error)
{
        const struct journal_scan_sink counting = {.entry = NULL};
        struct journal_scanned scanned;
        int r = 0;

        for (size_t i = journal->file_count; r == 0 && i-- > 0;) {
                const struct journal_file *file = &journal->files[i];
                size_t length = 0;
                int scan = journal_scan_file(journal, file, &counting, &scanned, &length, error);
                if (scan == -ENOKEY && journal_file_is_released(journal, i))
                        continue;
                if (scan < 0 && scan != -EBADMSG)
                        return scan == -ENOTSUP
                                       ? error_set(error, scan,
                                                 "%s/%s: was written by a later version of this program",
                                                 journal->folder, file->name)
                                       : scan;
                if (i + 1 == journal->file_count && (scan < 0 || scanned.sound_end < length))
                        found->torn_bytes = length - (scan < 0 ? 0 : scanned.sound_end);
                if (scan < 0 || scanned.entries == 0)
                        continue;
                if (scanned.next_sequence > journal->next)
                        journal->next = scanned.next_sequence;
                found->last_ms = scanned.last_ms;
                break;
        }
        return r;
}

int journal_recover(struct journal *journal, struct journal_found *ret_found, struct error *error)
{
        struct journal_found found = {.files = journal->file_count, .last_ms = TIME_UNKNOWN};

        int r = read_released(journal, &journal->released, error);
        if (r == -EBADMSG) {
                found.released_unknown = true;
                r = 0;
        }
        if (r < 0)
                return r;
        journal->next = journal->released + 1;
        /* A file's name spends its first sequence, even where nothing in it can be read. */
        if (journal->file_count && journal->files[journal->file_count - 1].first_sequence > journal->next)
                journal->next = journal->files[journal->file_count - 1].first_sequence;
        r = find_end(journal, &found, error);
        if (r < 0)
                return r;
        uint64_t first = journal->file_count ? journal->files[0].first_sequence : journal->next;
        if (first <= journal->released)
                first = journal->released + 1;
        found.waiting = journal->next > first ? journal->next - first : 0;
        journal->flushed = journal->durable = journal->next;
        *ret_found = found;
        return 0;
}

/* Files without entries that are still needed: the next one begins at or before the first that is. Their keys
 * go first. */
static int remove_released(struct journal *journal, struct error *error)
{
        size_t due = 0, gone = 0;

        while (due < journal->file_count && journal_file_is_released(journal, due))
                due++;
        int r = journal_keys_destroy(journal, due, error);
        while (r == 0 && gone < due) {
                char path[PATH_MAX];
                r = journal_path(journal, journal->files[gone].name, path, error);
                if (r == 0)
                        r = file_remove(path, error);
                gone += r == 0;
        }
        journal->file_count -= gone;
        memmove(journal->files, journal->files + gone, journal->file_count * sizeof *journal->files);
        return r;
}

int journal_release(struct journal *journal, uint64_t sequence, struct error *error)
{
        struct buffer bytes = buffer_make(RELEASED_BYTES);

        if (sequence >= journal->flushed)
                return error_set(error, -EINVAL,
                        "%s: entry %" PRIu64 " cannot be released, the journal ends before it",
                        journal->folder, sequence);
        if (sequence <= journal->released)
                return 0;
        buffer_append(&bytes, released_magic, sizeof released_magic);
        buffer_append_le(&bytes, sequence, 8);
        int r = buffer_append_le(&bytes, bytes.failed ? 0 : checksum(bytes.bytes, 16), 8);
        if (r < 0)
                error_set(error, r, "%s: not enough memory", journal->folder);
        else
                r = file_publish(journal->folder, RELEASED_NAME, bytes.bytes, bytes.length, error);
        buffer_free(&bytes);
        if (r < 0)
                return r;
        journal->released = sequence;
        return remove_released(journal, error);
}
