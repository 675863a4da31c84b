/* SPDX-License-Identifier: EUPL-1.2 */
/* The record of access as a file. It is the one file of the store that readers write to. */
#include "base/slice.h"
#include "depot/internal.h"
#include "os/clock.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPEND_MAX (256 * 1024 * 1024) /* of entries in one call */
#define ENTRIES_NEAR 32

struct record {
        char path[DEPOT_PATH_MAX];
        int file;
        struct access_head head;
};

static int failed(const struct record *record, const char *what, struct error *error)
{
        int code = errno;
        return error_set(
                error, -code, "%s: the record of access %s: %s", record->path, what, strerrordesc_np(code));
}

/* Opened, and made durable by name where it is new, and locked for this process alone. */
static int open_record(const struct depot *depot, struct record *record, struct error *error)
{
        bool made = false;

        int r = depot_join(record->path, sizeof record->path, error, "%s/access.log", depot->path);
        if (r < 0)
                return r;
        record->file = open(record->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
        if (record->file < 0 && errno == ENOENT) {
                record->file = open(record->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
                made = true;
        }
        if (record->file < 0)
                return failed(record, "cannot be written, so nothing is read", error);
        while (r == 0 && flock(record->file, LOCK_EX) < 0)
                if (errno != EINTR)
                        r = failed(record, "cannot be locked", error);
        if (r == 0 && made)
                r = folder_sync(depot->path, error);
        return r;
}

/* Reads the end of the file: enough to hold one whole entry, the line feed before it, and a cut-off one
 * behind it. */
static int read_end(const struct record *record, struct buffer *end, uint64_t *ret_size, struct error *error)
{
        struct stat status;

        if (fstat(record->file, &status) < 0)
                return failed(record, "cannot be examined", error);
        uint64_t size = (uint64_t)status.st_size;
        size_t length = size < end->ceiling ? (size_t)size : end->ceiling;
        int r = buffer_reserve(end, length);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        while (end->length < length) {
                ssize_t got = pread(record->file, end->bytes + end->length, length - end->length,
                        (off_t)(size - length + end->length));
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return failed(record, "cannot be read", error);
                end->length += (size_t)got;
        }
        *ret_size = size;
        return 0;
}

/* A write that was cut off (power, a full disk) left an entry without its end. Its question was never
 * answered. The rest is kept aside, cut off, and an entry of its own says so. */
static int put_cut_aside(const struct depot *depot, struct record *record, const uint8_t *cut, size_t length,
        uint64_t size, struct error *error)
{
        char name[64], stamp[TIME_TEXT_MAX], detail[128];
        struct buffer line = buffer_make(ACCESS_LINE_MAX);
        int64_t now = clock_now_ms();

        snprintf(name, sizeof name, "access.log.cut-%s", time_format_utc(now, stamp));
        int r = file_publish(depot->path, name, cut, length, error);
        if (r < 0)
                return r;
        if (ftruncate(record->file, (off_t)(size - length)) < 0 || fsync(record->file) < 0)
                return failed(record, "has a cut-off end that cannot be taken away", error);
        snprintf(detail, sizeof detail, "{\"bytes\":%zu,\"kept_in\":\"%s\"}", length, name);
        const struct access_entry entry = {
                .at_ms = now, .person = "rogatory", .action = "cut-off-entry-put-aside", .detail = detail};
        r = access_entry_write(&entry, &record->head, &line, error);
        if (r == 0)
                r = file_append_durable(record->file, line.bytes, line.length, record->path, error);
        buffer_free(&line);
        return r;
}

/* Finds the head: the last whole line, whose own hash must be right. */
static int find_head(const struct depot *depot, struct record *record, struct error *error)
{
        struct buffer end = buffer_make(3 * ACCESS_LINE_MAX);
        uint64_t size = 0;

        int r = read_end(record, &end, &size, error);
        if (r < 0)
                goto done;
        const uint8_t *feed = end.length ? memrchr(end.bytes, '\n', end.length) : NULL;
        size_t whole = feed ? (size_t)(feed - end.bytes) + 1 : 0;
        size_t cut = end.length - whole;
        if (cut > ACCESS_LINE_MAX || (!feed && end.length < size)) {
                r = error_set(error, -EBADMSG,
                        "%s: the record of access does not end in an entry; nothing is read before that is "
                        "explained "
                        "(`rogatory check`)",
                        record->path);
                goto done;
        }
        if (whole) {
                const uint8_t *before = memrchr(end.bytes, '\n', whole - 1);
                size_t begin = before ? (size_t)(before - end.bytes) + 1 : 0;
                r = access_head_of(
                        slice_make((const char *)end.bytes + begin, whole - 1 - begin), &record->head, error);
                if (r == -EBADMSG)
                        error_prefix(error, r,
                                "%s: nothing is read before this is explained (`rogatory check`): the last "
                                "entry ",
                                record->path);
        }
        if (r == 0 && cut)
                r = put_cut_aside(depot, record, end.bytes + whole, cut, size, error);
done:
        buffer_free(&end);
        return r;
}

/* Does the store hold windows, leases or plans of any realm? 1 or 0, or negative with a message. */
static int holds_records(struct depot *depot, struct error *error)
{
        char **realms = NULL;
        size_t count = 0;
        int found = 0;

        int r = depot_realms(depot, &realms, &count, error);
        for (size_t i = 0; i < count; i++) {
                struct depot_files nat = {0}, leases = {0}, plans = {0};
                if (r == 0 && !found)
                        r = depot_nat_files(depot, realms[i], &nat, error);
                if (r == 0 && !found)
                        r = depot_lease_files(depot, realms[i], &leases, error);
                if (r == 0 && !found)
                        r = depot_plan_files(depot, realms[i], &plans, error);
                found = found || nat.count > 0 || leases.count > 0 || plans.count > 0;
                depot_files_free(&nat);
                depot_files_free(&leases);
                depot_files_free(&plans);
                free(realms[i]);
        }
        free(realms);
        return r < 0 ? r : found;
}

/* Every import leaves an entry: a store that holds records and has no record of access has lost it. */
static int refuse_missing(struct depot *depot, struct error *error)
{
        int held = holds_records(depot, error);

        if (held <= 0)
                return held;
        return error_set(error, -EBADMSG,
                "%s/access.log: the record of access is missing or empty although this store holds records; "
                "somebody "
                "removed it: put it back from a copy, nothing is read before that",
                depot->path);
}

/* The texts of a batch's entries lie anywhere in memory, and each would be waited for: here they are waited
 * for together. */
static void bring_near(const struct access_entry *entries, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (entries[i].question)
                        (void)*(const volatile char *)entries[i].question;
                if (entries[i].detail)
                        (void)*(const volatile char *)entries[i].detail;
        }
}

int depot_record_accesses(
        struct depot *depot, const struct access_entry *entries, size_t count, struct error *error)
{
        struct record record = {.file = -1};
        struct buffer lines = buffer_make(APPEND_MAX);

        int r = open_record(depot, &record, error);
        if (r == 0)
                r = find_head(depot, &record, error);
        if (r == 0 && record.head.entries == 0 && count > 0 && strcmp(entries[0].action, "import") != 0)
                r = refuse_missing(depot, error);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (i % ENTRIES_NEAR == 0)
                        bring_near(entries + i, count - i < ENTRIES_NEAR ? count - i : ENTRIES_NEAR);
                r = access_entry_write(&entries[i], &record.head, &lines, error);
        }
        if (r == 0 && lines.length)
                r = file_append_durable(record.file, lines.bytes, lines.length, record.path, error);
        lock_release(record.file);
        buffer_free(&lines);
        return r;
}

int depot_record_access(struct depot *depot, const struct access_entry *entry, struct error *error)
{
        return depot_record_accesses(depot, entry, 1, error);
}

int depot_check_access(struct depot *depot, struct access_head *ret_head, uint64_t *ret_bad_line,
        size_t *ret_cut, struct error *error)
{
        char path[DEPOT_PATH_MAX];
        struct file_map map;
        struct access_head empty = {.entries = 0, .at_ms = TIME_UNKNOWN};
        int lock = -1;

        int r = depot_join(path, sizeof path, error, "%s/access.log", depot->path);
        if (r < 0)
                return r;
        if (access(path, F_OK) < 0 && errno == ENOENT) {
                r = refuse_missing(depot, error);
                *ret_bad_line = 0;
                if (r == 0) {
                        *ret_head = empty;
                        *ret_cut = 0;
                }
                return r;
        }
        /* Under the lock, so that an entry that is being written does not look cut off. */
        r = lock_take(path, true, &lock, error);
        if (r == 0)
                r = file_map(path, &map, error);
        if (r == 0) {
                r = access_record_check(
                        slice_make(map.bytes, map.length), ret_head, ret_bad_line, ret_cut, error);
                file_unmap(&map);
                if (r == 0 && ret_head->entries == 0) {
                        *ret_bad_line = 0;
                        r = refuse_missing(depot, error);
                } else if (r < 0) {
                        error_prefix(error, r, "%s: ", path);
                }
        }
        lock_release(lock);
        return r;
}
