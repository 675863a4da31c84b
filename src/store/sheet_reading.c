/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sheet_reading.h"

#include <stdio.h>
#include <stdlib.h>

void reference_list_free(struct reference_list *list)
{
        free(list->items);
        *list = (struct reference_list){0};
}

static int append_reference(struct reference_list *list, uint64_t reference)
{
        if (!list)
                return 0;
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 16;
                uint64_t *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = reference;
        return 0;
}

/* ---- opening a sheet ---- */

void reading_close(struct reading *reading)
{
        free(reading->hosts);
        free(reading->numbers);
}

int reading_damaged(struct reading *reading, const char *what)
{
        reading->damage = what;
        return -EBADMSG;
}

/* Sheets stand one behind the other: what one may use ends where the next begins, so that reading a whole
 * file takes time in proportion to its length, whatever it says of itself. */
static uint64_t sheet_offset(const struct segment_reader *reader, uint32_t sheet)
{
        if (sheet == segment_sheet_count(reader))
                return reader->frame.body_end;
        return load_le64(reader->sheets + (size_t)sheet * SHEET_ENTRY_LENGTH + 8) & UINT64_C(0xffffffffff);
}

void segment_sheet_span(
        const struct segment_reader *reader, uint32_t sheet, uint64_t *ret_offset, uint64_t *ret_length)
{
        uint64_t from = sheet_offset(reader, sheet), to = sheet_offset(reader, sheet + 1);
        bool inside = from < to && to <= reader->frame.body_end;

        *ret_offset = inside ? from : 0;
        *ret_length = inside ? to - from : 0;
}

int reading_open(struct reading *reading, const struct segment_reader *reader, uint32_t sheet)
{
        struct cursor entry =
                cursor_over(reader->sheets + (size_t)sheet * SHEET_ENTRY_LENGTH, SHEET_ENTRY_LENGTH);

        *reading = (struct reading){.reader = reader, .sheet = sheet};
        cursor_le32(&entry);
        uint32_t sum = cursor_le32(&entry);
        uint64_t offset = cursor_le(&entry, 5), length = cursor_le(&entry, 3);
        reading->limit = sheet_offset(reader, sheet + 1);
        if (offset < HEADER_LENGTH || reading->limit > reader->frame.body_end || offset > reading->limit ||
                length > reading->limit - offset)
                return reading_damaged(reading, "its head stands outside its place in the file");
        const uint8_t *head = reader->frame.bytes + offset;
        const char *fault =
                segment_part_fault(reader, offset, length, sum, "the checksum of its head is wrong");
        if (fault)
                return reading_damaged(reading, fault);
        if (!sheet_head_open(&reading->head, head, (size_t)length, &reader->frame.header, offset + length))
                return reading_damaged(reading, "its head contradicts itself");
        int64_t hosts = sheet_host_count(&reading->head);
        if (hosts <= 0 || hosts > UINT32_MAX)
                return reading_damaged(reading, "its dictionary of hosts contradicts itself");
        reading->host_count = (uint32_t)hosts;
        return 0;
}

static int need_hosts(struct reading *reading)
{
        if (reading->hosts)
                return 0;
        reading->hosts = calloc(reading->host_count, sizeof *reading->hosts);
        if (!reading->hosts)
                return -ENOMEM;
        if (sheet_read_hosts(&reading->head, reading->hosts, reading->host_count) < 0)
                return reading_damaged(reading, "its dictionary of hosts contradicts itself");
        return 0;
}

/* ---- a destination by its number in the segment ---- */

static int find_page(struct reading *reading, uint32_t page, const uint8_t **ret_page, size_t *ret_length)
{
        const struct segment_reader *reader = reading->reader;
        struct cursor entry =
                cursor_over(reader->pages + (size_t)page * PAGE_ENTRY_LENGTH, PAGE_ENTRY_LENGTH);
        uint64_t offset = cursor_le64(&entry);
        uint32_t length = cursor_le32(&entry), sum = cursor_le32(&entry);

        if (offset < HEADER_LENGTH || offset > reader->frame.body_end ||
                length > reader->frame.body_end - offset)
                return reading_damaged(reading, "a page of destinations stands outside the file's body");
        const char *fault = segment_part_fault(
                reader, offset, length, sum, "the checksum of a page of destinations is wrong");
        if (fault)
                return reading_damaged(reading, fault);
        *ret_page = reader->frame.bytes + offset;
        *ret_length = length;
        return 0;
}

static int find_destination(struct reading *reading, uint32_t destination, struct nat_host *ret_host)
{
        uint32_t page = (destination - 1) / PAGE_DESTINATIONS, row = (destination - 1) % PAGE_DESTINATIONS;
        const uint8_t *bytes = NULL;
        size_t length = 0;
        int r = find_page(reading, page, &bytes, &length);

        if (r < 0)
                return r;
        struct cursor cursor = cursor_over(bytes, length);
        if (cursor_u8(&cursor) == 0) {
                cursor_skip(&cursor, (size_t)row * 4);
                ret_host->address = address_from_ipv4(cursor_be32(&cursor));
                ret_host->vrf = 0;
        } else {
                cursor_skip(&cursor, (size_t)row * 20);
                const uint8_t *address = cursor_take(&cursor, 16);
                if (address)
                        ret_host->address = address_from_ipv6(address);
                ret_host->vrf = cursor_le32(&cursor);
        }
        return cursor.overrun ? reading_damaged(reading, "a page of destinations is too short") : 0;
}

/* ---- rows ---- */

/* Turns the numbers of the file into those of the caller. */
static int translate(struct reading *reading, const struct selection *selection, struct nat_binding *row)
{
        uint32_t index = row->inside, unknown = UINT32_MAX;
        uint32_t *number = reading->numbers ? &reading->numbers[index] : &unknown;
        int r = need_hosts(reading);

        if (r == 0 && *number == UINT32_MAX)
                r = host_intern(selection->hosts, &reading->hosts[index], number);
        if (r < 0)
                return r;
        row->inside = *number;
        if (row->destination) {
                struct nat_host host;
                r = find_destination(reading, row->destination, &host);
                if (r == 0)
                        r = host_intern(selection->hosts, &host, &row->destination);
                if (r < 0)
                        return r;
        }
        if (!selection->exporter_map)
                return 0;
        if (row->exporter >= reading->reader->exporter_count)
                return reading_damaged(reading, "an exporter has no name");
        row->exporter = selection->exporter_map[row->exporter];
        return 0;
}

/* The first hit at or behind `row`; HIT_WORDS * 64 where there is none. */
static unsigned next_hit(const uint64_t hits[HIT_WORDS], unsigned row)
{
        for (unsigned word = row / 64; word < HIT_WORDS; word++) {
                uint64_t left = hits[word] & (word == row / 64 ? UINT64_MAX << row % 64 : UINT64_MAX);
                if (left)
                        return 64 * word + (unsigned)__builtin_ctzll(left);
        }
        return 64 * HIT_WORDS;
}

/* Takes the times of all rows up to the last hit and forgets hits that do not touch the interval.
 * Returns the row behind the last hit. */
static unsigned keep_touching(const struct block_decoder *decoder, const struct selection *selection,
        uint64_t hits[HIT_WORDS], unsigned last)
{
        unsigned kept = 0;

        for (unsigned i = next_hit(hits, 0); i < last; i = next_hit(hits, i + 1)) {
                if (block_row_touches(decoder, i, selection->from, selection->to))
                        kept = i + 1;
                else
                        hits[i / 64] &= ~(UINT64_C(1) << i % 64);
        }
        return kept;
}

int reading_emit(struct reading *reading, const struct block_decoder *decoder,
        const struct selection *selection, const struct block_entry *entry, const struct block_scan *scan,
        const uint64_t hits[HIT_WORDS], unsigned last, uint64_t first_reference)
{
        uint32_t outside = segment_sheet_address(reading->reader, reading->sheet);

        for (unsigned i = next_hit(hits, 0); i < last; i = next_hit(hits, i + 1)) {
                struct nat_binding row = block_row(decoder, entry, scan, i);
                row.outside = outside;
                int r = translate(reading, selection, &row);
                if (r == 0)
                        r = append_reference(selection->references, first_reference + i);
                if (r == 0)
                        r = binding_list_append(selection->ret, &row);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- blocks ---- */

int reading_open_scan(struct reading *reading, const struct block_entry *entry, struct block_scan *ret_scan)
{
        if (entry->offset > reading->limit ||
                entry->scan_length + entry->rest_length > reading->limit - entry->offset)
                return reading_damaged(reading, "it stands outside its sheet");
        const uint8_t *bytes = reading->reader->frame.bytes + entry->offset;
        const char *fault = segment_part_fault(reading->reader, entry->offset, entry->scan_length,
                entry->scan_checksum, "the checksum of its ports is wrong");
        if (fault)
                return reading_damaged(reading, fault);
        if (!block_open_scan(bytes, entry, ret_scan))
                return reading_damaged(reading, "its ports contradict themselves");
        return 0;
}

int reading_decode(struct reading *reading, struct block_decoder *decoder, const struct selection *selection,
        const struct block_entry *entry, const struct block_scan *scan, uint64_t hits[HIT_WORDS],
        unsigned last)
{
        const struct segment_reader *reader = reading->reader;
        const uint8_t *rest = reader->frame.bytes + entry->offset + entry->scan_length;

        const char *fault = segment_part_fault(reader, entry->offset + entry->scan_length, entry->rest_length,
                entry->rest_checksum, "the checksum of its columns is wrong");
        if (fault)
                return reading_damaged(reading, fault);
        if (!block_decode_times(decoder, reader->tables, entry, scan, rest, last))
                return reading_damaged(reading, "its times contradict themselves");
        last = keep_touching(decoder, selection, hits, last);
        if (last == 0)
                return 0;
        if (!block_decode_holders(decoder, reader->tables, entry, scan, rest, last, reading->host_count))
                return reading_damaged(reading, "its holders contradict themselves");
        if (!block_decode_destinations(
                    decoder, reader->tables, entry, scan, rest, last, reader->destination_count))
                return reading_damaged(reading, "its destinations contradict themselves");
        return (int)last;
}

/* ---- messages ---- */

int reading_explain(const struct reading *reading, int block, int r, struct error *error)
{
        char where[64] = "its head", address[ADDRESS_TEXT_MAX];
        struct address outside = address_from_ipv4(segment_sheet_address(reading->reader, reading->sheet));

        if (r == -EFBIG)
                return error_set(
                        error, r, "%s: more hosts than the caller can number", reading->reader->name);
        if (r != -EBADMSG)
                return error_set(error, r, "%s: out of memory", reading->reader->name);
        if (block >= 0)
                snprintf(where, sizeof where, "block %d", block);
        return error_set(error, r,
                "%s: the sheet of %s, %s, is damaged: %s; restore this file from a copy, other sheets are "
                "not affected",
                reading->reader->name, address_format(&outside, address), where, reading->damage);
}
