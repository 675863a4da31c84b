/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/zip_shape.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIGNATURE_LOCAL 0x04034b50
#define SIGNATURE_CENTRAL 0x02014b50
#define SIGNATURE_END 0x06054b50
#define SIGNATURE_DESCRIPTOR 0x08074b50
#define END_BYTES 22
#define COMMENT_MAX 65535

#define FLAG_DESCRIPTOR 0x0008 /* sizes stand behind the data */
#define FLAG_UTF8 0x0800
#define FLAGS_HARMLESS (FLAG_DESCRIPTOR | FLAG_UTF8 | 0x0006) /* 1 and 2: how hard the packer tried */

#define WRITER_MADE_BY 0x033f         /* Unix, version 6.3: what libzip writes */
#define WRITER_ATTRIBUTES 0x81a40000u /* a file, 0644 */

struct walk {
        const uint8_t *bytes;
        size_t length;
        struct findings *findings;
        struct zip_entry *entries;
        size_t count;
        uint32_t directory, directory_bytes; /* where the directory stands */
};

static int refuse(struct walk *walk, const char *code, const char *place, const char *sentence)
{
        return findings_refuse(walk->findings, code, place, "%s", sentence);
}

static void remark(struct walk *walk, const char *code, const char *place, const char *sentence)
{
        findings_add(walk->findings, FINDING_REMARK, code, place, "%s", sentence);
}

/* ---- the end of the directory ---- */

static bool find_end(const uint8_t *bytes, size_t length, size_t *ret_at)
{
        static const uint8_t mark[4] = {0x50, 0x4b, 0x05, 0x06};
        if (length < END_BYTES)
                return false;
        size_t least = length > END_BYTES + COMMENT_MAX ? length - END_BYTES - COMMENT_MAX : 0;
        for (size_t at = length - END_BYTES + 1; at-- > least;) {
                if (memcmp(bytes + at, mark, sizeof mark) == 0) {
                        *ret_at = at;
                        return true;
                }
        }
        return false;
}

static int read_end(struct walk *walk, size_t *ret_count)
{
        size_t at = 0;
        if (walk->length > CONTAINER_BYTES_MAX)
                return refuse(walk, "archive-too-long", "archive", "The archive is longer than is accepted");
        if (!find_end(walk->bytes, walk->length, &at))
                return refuse(
                        walk, "not-an-archive", "archive", "This is no zip archive: it has no directory");
        struct cursor end = cursor_over(walk->bytes + at + 4, END_BYTES - 4);
        uint16_t disk = cursor_le16(&end), directory_disk = cursor_le16(&end);
        uint16_t here = cursor_le16(&end), total = cursor_le16(&end);
        walk->directory_bytes = cursor_le32(&end);
        walk->directory = cursor_le32(&end);
        uint16_t comment = cursor_le16(&end);

        if (total == UINT16_MAX || walk->directory == UINT32_MAX || walk->directory_bytes == UINT32_MAX)
                return refuse(
                        walk, "archive-zip64", "archive", "The archive is in the form for more than 4 GiB");
        if (disk != 0 || directory_disk != 0 || here != total)
                return refuse(walk, "archive-disks", "archive", "The archive is one of several parts");
        if (at + END_BYTES + comment != walk->length)
                return refuse(walk, "archive-trailing-bytes", "archive",
                        "Bytes follow the archive that belong to nothing in it");
        if ((uint64_t)walk->directory + walk->directory_bytes != at)
                return refuse(walk, "archive-directory-place", "archive",
                        "The directory does not stand where the archive says, or bytes before or behind it "
                        "belong "
                        "to nothing");
        if (total > CONTAINER_ENTRIES_MAX)
                return refuse(walk, "archive-too-many-entries", "archive", "More entries than are accepted");
        if (comment > 0)
                remark(walk, "archive-comment", "archive", "The archive has a comment, which nobody signed");
        *ret_count = total;
        return 0;
}

/* ---- entries ---- */

static int check_name(struct walk *walk, const struct zip_entry *entry, const char *name, size_t length)
{
        const char *wrong = zip_name_wrong(name, length);
        if (wrong || strlen(entry->name) != length)
                return findings_refuse(walk->findings, "entry-name", wrong ? "archive" : entry->name,
                        "An entry may not be named \"%.*s\": %s", length > 80 ? 80 : (int)length, name,
                        wrong ? wrong : "it has an end mark within");
        for (size_t i = 0; i < walk->count; i++) {
                if (strcasecmp(walk->entries[i].name, entry->name) != 0)
                        continue;
                return strcmp(walk->entries[i].name, entry->name) == 0
                               ? refuse(walk, "entry-twice", entry->name,
                                         "Two entries have this name; programs differ in which one they take")
                               : refuse(walk, "entry-name-case", entry->name,
                                         "Two entries' names differ only in upper and lower case");
        }
        if (!zip_name_is_plain(entry->name))
                remark(walk, "entry-name-unusual", entry->name,
                        "The name has other characters than letters, digits, '.', '-' and '_'");
        return 0;
}

static int check_size(struct walk *walk, const struct zip_entry *entry, uint64_t *total)
{
        if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED)
                return refuse(walk, "entry-method", entry->name, "Packed by a method other than deflate");
        if (entry->flags & ~FLAGS_HARMLESS)
                return refuse(walk, "entry-flags", entry->name,
                        "Encrypted or otherwise of a kind that does not belong in a container");
        if (entry->method == ZIP_STORED && entry->packed != entry->size)
                return refuse(walk, "entry-size", entry->name, "Stored, but of another size than is said");
        if (entry->size > CONTAINER_ENTRY_BYTES_MAX || (*total += entry->size) > CONTAINER_TOTAL_BYTES_MAX)
                return refuse(walk, "entry-too-long", entry->name, "Unpacks to more bytes than are accepted");
        if (entry->size > CONTAINER_RATIO_FREE && entry->size / CONTAINER_RATIO_MAX > entry->packed)
                return refuse(walk, "entry-ratio", entry->name,
                        "Unpacks to more than a hundred times its size, as only what is made to harm does");
        if (entry->folder && entry->size > 0)
                return refuse(walk, "entry-folder", entry->name, "A folder that has content");
        return 0;
}

static void remark_entry(struct walk *walk, const struct zip_entry *entry, uint16_t extra, uint16_t comment)
{
        if (entry->folder)
                remark(walk, "entry-folder", entry->name, "An entry for a folder; containers need none");
        if (entry->flags & FLAG_DESCRIPTOR)
                remark(walk, "entry-descriptor", entry->name,
                        "Written in one pass: its size stands behind it and not before it");
        if (extra > 0)
                remark(walk, "entry-extra", entry->name, "Has an extra field in the directory");
        if (comment > 0)
                remark(walk, "entry-comment", entry->name, "Has a comment, which nobody signed");
        if (entry->method != ZIP_STORED)
                remark(walk, "entry-packed", entry->name, "Packed, and not stored as rogatory writes it");
        if (entry->stamp != (uint32_t)ZIP_DATE << 16)
                remark(walk, "entry-time", entry->name,
                        "Says when it was made, which nobody signed: 1980-01-01 00:00 is what rogatory "
                        "writes");
}

static int read_central(struct walk *walk, struct cursor *central, uint64_t *total)
{
        struct zip_entry *entry = &walk->entries[walk->count];
        if (cursor_le32(central) != SIGNATURE_CENTRAL)
                return refuse(walk, "archive-directory", "archive", "The directory is damaged");
        uint16_t made_by = cursor_le16(central), needed = cursor_le16(central);
        entry->flags = cursor_le16(central);
        entry->method = cursor_le16(central);
        entry->stamp = cursor_le32(central);
        entry->crc = cursor_le32(central);
        entry->packed = cursor_le32(central);
        entry->size = cursor_le32(central);
        uint16_t name_length = cursor_le16(central), extra = cursor_le16(central),
                 comment = cursor_le16(central);
        uint16_t disk = cursor_le16(central), internal = cursor_le16(central);
        uint32_t attributes = cursor_le32(central);
        entry->header = cursor_le32(central);
        const char *name = (const char *)cursor_take(central, name_length);
        cursor_skip(central, (size_t)extra + comment);
        if (central->overrun)
                return refuse(walk, "archive-directory", "archive", "The directory is cut short");
        if (disk != 0)
                return refuse(
                        walk, "archive-disks", "archive", "An entry stands in another part of the archive");
        size_t kept = name_length < CONTAINER_NAME_MAX ? name_length : CONTAINER_NAME_MAX;
        memcpy(entry->name, name, kept);
        entry->name[kept] = '\0';
        entry->folder = kept > 0 && entry->name[kept - 1] == '/';
        int r = check_name(walk, entry, name, name_length);
        if (r == 0)
                r = check_size(walk, entry, total);
        if (r < 0)
                return r;
        entry->needed = needed;
        remark_entry(walk, entry, extra, comment);
        if (made_by != WRITER_MADE_BY || attributes != WRITER_ATTRIBUTES || internal != 0 ||
                needed != (entry->method == ZIP_STORED ? 10 : 20))
                remark(walk, "entry-attributes", entry->name, "Has other attributes than rogatory writes");
        walk->count++;
        return 0;
}

/* ---- local headers ---- */

/* The three numbers of the descriptor behind the data, with or without its signature. */
static bool skip_descriptor(struct cursor *local, const struct zip_entry *entry)
{
        struct cursor look = *local;
        if (cursor_le32(&look) == SIGNATURE_DESCRIPTOR)
                *local = look;
        return cursor_le32(local) == entry->crc && cursor_le32(local) == entry->packed &&
               cursor_le32(local) == entry->size;
}

/* Ends where the next entry must begin. */
static int check_local(struct walk *walk, const struct zip_entry *entry, size_t *ret_end)
{
        struct cursor local = cursor_over(walk->bytes, walk->directory);
        cursor_skip(&local, entry->header);
        uint32_t signature = cursor_le32(&local);
        uint16_t needed = cursor_le16(&local), flags = cursor_le16(&local), method = cursor_le16(&local);
        uint32_t stamp = cursor_le32(&local), crc = cursor_le32(&local);
        uint32_t packed = cursor_le32(&local), size = cursor_le32(&local);
        uint16_t name_length = cursor_le16(&local), extra = cursor_le16(&local);
        const char *name = (const char *)cursor_take(&local, name_length);
        cursor_skip(&local, (size_t)extra + entry->packed);
        bool later = flags & FLAG_DESCRIPTOR;

        if (local.overrun || signature != SIGNATURE_LOCAL)
                return refuse(
                        walk, "entry-header", entry->name, "Its header is not where the directory says");
        bool same = flags == entry->flags && method == entry->method && stamp == entry->stamp &&
                    name_length == strlen(entry->name) && memcmp(name, entry->name, name_length) == 0;
        bool numbers = crc == entry->crc && packed == entry->packed && size == entry->size;
        if (!same || !(numbers || (later && crc == 0 && packed == 0 && size == 0)))
                return refuse(walk, "entry-header-differs", entry->name,
                        "Its header says something else than the directory; programs differ in which one "
                        "they "
                        "believe");
        if (later && !skip_descriptor(&local, entry))
                return refuse(walk, "entry-descriptor", entry->name, "What follows its data is not its size");
        if (extra > 0)
                remark(walk, "entry-extra", entry->name, "Has an extra field in its header");
        if (needed != entry->needed)
                remark(walk, "entry-version", entry->name,
                        "Its header asks for another version of the format than the directory");
        *ret_end = cursor_offset(&local);
        return 0;
}

static int by_header(const void *a, const void *b)
{
        const struct zip_entry *const *left = a, *const *right = b;
        return (*left)->header < (*right)->header ? -1 : (*left)->header > (*right)->header;
}

/* Entries must follow one another from the first byte to the directory. */
static int check_tiling(struct walk *walk)
{
        const struct zip_entry **order = calloc(walk->count + 1, sizeof *order);
        size_t at = 0;
        int r = order ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < walk->count; i++)
                order[i] = &walk->entries[i];
        if (r == 0)
                qsort(order, walk->count, sizeof *order, by_header);
        for (size_t i = 0; r == 0 && i < walk->count; i++) {
                size_t index = (size_t)(order[i] - walk->entries);
                if (order[i]->header < at)
                        r = refuse(walk, "archive-overlap", order[i]->name, "Stands over another entry");
                else if (order[i]->header > at)
                        r = refuse(walk, "archive-gap", order[i]->name, "Bytes before it belong to no entry");
                else
                        r = check_local(walk, order[i], &at);
                if (r == 0 && index != i)
                        remark(walk, "archive-order", order[i]->name,
                                "Entries stand in another order than in the directory");
        }
        if (r == 0 && at != walk->directory)
                r = refuse(walk, "archive-gap", "archive", "Bytes before the directory belong to no entry");
        free(order);
        return r;
}

int zip_shape(const void *bytes, size_t length, struct findings *findings, struct zip_entry **ret_entries,
        size_t *ret_count)
{
        struct walk walk = {.bytes = bytes, .length = length, .findings = findings};
        size_t count = 0;
        uint64_t total = 0;
        int r = read_end(&walk, &count);

        if (r < 0)
                return r;
        walk.entries = calloc(count + 1, sizeof *walk.entries);
        if (!walk.entries)
                return -ENOMEM;
        struct cursor central = cursor_over(walk.bytes + walk.directory, walk.directory_bytes);
        while (r == 0 && walk.count < count)
                r = read_central(&walk, &central, &total);
        if (r == 0 && cursor_left(&central) > 0)
                r = refuse(&walk, "archive-directory", "archive", "The directory has more than its entries");
        if (r == 0)
                r = check_tiling(&walk);
        if (r < 0) {
                free(walk.entries);
                return r;
        }
        *ret_entries = walk.entries;
        *ret_count = walk.count;
        return 0;
}
