/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sheet_lookup.h"

#include <stdlib.h>

/* Reads a whole sheet, or what of it touches an interval. */
struct whole_reading {
        struct reading sheet;
        struct block_decoder *decoder; /* owned */
};

/* reading_open, with what turns many rows into the numbers of one caller. close_whole in every case. */
static int open_whole(struct whole_reading *whole, const struct segment_reader *reader, uint32_t sheet)
{
        struct reading *reading = &whole->sheet;
        int r = reading_open(reading, reader, sheet);

        whole->decoder = NULL;
        if (r < 0)
                return r;
        /* Not on the stack, where it would be cleared each time, and not cleared here: rows are written
         * before read. */
        whole->decoder = malloc(sizeof *whole->decoder);
        reading->numbers = malloc(reading->host_count * sizeof *reading->numbers);
        if (!whole->decoder || !reading->numbers)
                return -ENOMEM;
        memset(reading->numbers, 0xff, reading->host_count * sizeof *reading->numbers);
        return 0;
}

static void close_whole(struct whole_reading *whole)
{
        free(whole->decoder);
        reading_close(&whole->sheet);
}

static int read_block(struct whole_reading *whole, const struct selection *selection,
        const struct block_entry *entry, uint64_t first_reference)
{
        uint64_t hits[HIT_WORDS];
        struct block_scan scan;

        int r = reading_open_scan(&whole->sheet, entry, &scan);
        if (r < 0)
                return r;
        memset(hits, 0xff, sizeof hits);
        block_decoder_begin(whole->decoder);
        r = reading_decode(&whole->sheet, whole->decoder, selection, entry, &scan, hits, entry->count);
        return r <= 0 ? r
                      : reading_emit(&whole->sheet, whole->decoder, selection, entry, &scan, hits,
                                (unsigned)r, first_reference);
}

static int read_selected(const struct segment_reader *reader, uint32_t sheet,
        const struct selection *selection, struct error *error)
{
        struct whole_reading whole;
        struct block_entry entry;
        int block = -1;
        int r = open_whole(&whole, reader, sheet);

        for (int next = 1; r == 0 && next > 0;) {
                next = sheet_head_next(&whole.sheet.head, &entry);
                if (next < 0)
                        r = reading_damaged(&whole.sheet, "its directory contradicts itself");
                if (next <= 0)
                        break;
                block++;
                /* The directory's times pass over no block: they are those of signs of life too. */
                r = read_block(&whole, selection, &entry, (uint64_t)block * whole.sheet.head.block_bindings);
        }
        if (r < 0)
                r = reading_explain(&whole.sheet, block, r, error);
        close_whole(&whole);
        return r;
}

int segment_read_sheet(const struct segment_reader *reader, uint32_t sheet, struct host_table *hosts,
        const uint16_t *exporter_map, struct binding_list *ret, struct error *error)
{
        struct selection all = {.port = -1,
                .from = INT64_MIN,
                .to = INT64_MAX,
                .hosts = hosts,
                .exporter_map = exporter_map,
                .ret = ret};

        return read_selected(reader, sheet, &all, error);
}

int segment_query(const struct segment_reader *reader, uint32_t outside, int port, int64_t from, int64_t to,
        struct host_table *hosts, const uint16_t *exporter_map, struct binding_list *ret,
        struct reference_list *references, struct error *error)
{
        struct selection selection = {.port = port,
                .from = from,
                .to = to,
                .hosts = hosts,
                .exporter_map = exporter_map,
                .ret = ret,
                .references = references};
        uint32_t sheet;

        if (segment_find_sheet(reader, outside, &sheet) < 0)
                return 0;
        return port < 0 ? read_selected(reader, sheet, &selection, error)
                        : sheet_lookup(reader, sheet, &selection, error);
}

/* ---- verification ---- */

/* Also what a question never needs to know: that the directory tells the truth about the block. */
static const char *check_against_directory(const struct binding_list *rows, const struct block_entry *entry)
{
        if (rows->count != entry->count || binding_instant(&rows->items[0]) != entry->begin)
                return "the directory gives another beginning";
        for (size_t i = 0; i < rows->count; i++) {
                const struct nat_binding *row = &rows->items[i];
                if (i > 0 && binding_instant(row) < binding_instant(row - 1))
                        return "its bindings are out of order";
                if (row->from_edge == EDGE_OPEN && !(entry->flags & BLOCK_BEGIN_UNKNOWN))
                        return "the directory does not tell of an unknown beginning";
                if (!(entry->flags & BLOCK_END_UNKNOWN) &&
                        (row->to_edge == EDGE_OPEN || row->to_ms > entry->end))
                        return "the directory gives an earlier end";
        }
        return NULL;
}

/* Reads every block of a sheet for itself. Returns the number of damaged ones or -ENOMEM. */
static int verify_sheet(const struct segment_reader *reader, uint32_t sheet, struct host_table *hosts,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context)
{
        struct whole_reading whole;
        struct block_entry entry;
        struct binding_list rows = {0};
        struct selection all = {.port = -1, .from = INT64_MIN, .to = INT64_MAX, .hosts = hosts, .ret = &rows};
        uint32_t block = 0;
        int damaged = 0, next = 0;
        int r = open_whole(&whole, reader, sheet);

        while (r == 0 && (next = sheet_head_next(&whole.sheet.head, &entry)) > 0) {
                rows.count = 0;
                whole.sheet.damage = NULL;
                r = read_block(&whole, &all, &entry, 0);
                if (r == 0)
                        whole.sheet.damage = check_against_directory(&rows, &entry);
                if (whole.sheet.damage) {
                        bad(context, sheet, block, whole.sheet.damage);
                        damaged++;
                        r = 0;
                }
                block++;
        }
        if (r == -EBADMSG || next < 0) {
                bad(context, sheet, block,
                        r == -EBADMSG ? whole.sheet.damage : "its directory contradicts itself");
                damaged++;
                r = 0;
        }
        binding_list_free(&rows);
        close_whole(&whole);
        return r < 0 ? r : damaged;
}

int segment_verify(const struct segment_reader *reader,
        void (*bad)(void *context, uint32_t sheet, uint32_t block, const char *reason), void *context)
{
        int damaged = 0;

        for (uint32_t sheet = 0; sheet < segment_sheet_count(reader); sheet++) {
                struct host_table hosts;
                int r = host_table_init(&hosts, UINT32_MAX);
                if (r == 0) {
                        r = verify_sheet(reader, sheet, &hosts, bad, context);
                        host_table_free(&hosts);
                }
                if (r < 0)
                        return r;
                damaged += r;
        }
        return damaged;
}
