/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"
#include "store/block_encode.h"
#include "store/file_frame.h"
#include "store/segment_training.h"
#include "store/sheet_head.h"

#include <stdlib.h>

/* The first sheets are held back until this many bindings are there; they teach the probabilities for all. */
#define TRAINING_BINDINGS (UINT32_C(1) << 18)
/* Ceilings of what one sheet may grow to, far above what an hour of 65,536 ports can hold. */
#define SHEET_BYTES_MAX (SIZE_C(1) << 31)
#define HEAD_BYTES_MAX ((SIZE_C(1) << 24) - 1)
#define SIZE_C(n) ((size_t)n)

struct held_sheet {
        struct nat_binding *bindings; /* owned */
        size_t count;
};

struct segment_writer {
        struct segment_header header;
        const char *const *exporter_names; /* borrowed */
        unsigned exporter_count;
        struct frame_writer frame;
        struct block_encoder encoder;
        struct model_tables tables;
        const struct host_table *hosts; /* borrowed */
        /* sheets held back for training */
        struct held_sheet *held;
        size_t held_count, held_capacity, held_bindings;
        bool trained;
        /* by host number; host_seen holds the number of the last sheet in which it stood */
        uint32_t *host_index, *host_seen, *destination_index;
        uint32_t host_capacity;
        uint32_t sheets_prepared;
        struct numbered_host *sheet_hosts;
        uint32_t sheet_host_count, sheet_host_capacity;
        uint32_t *destinations; /* host numbers in order of their index, from 1 */
        uint32_t destination_count, destination_capacity;
        uint32_t last_outside;
        struct buffer head, blocks, directory, dictionary, sheets;
};

int segment_writer_new(const struct segment_header *header, const char *const *exporter_names,
        unsigned exporter_count, const struct segment_output *output, struct segment_writer **ret_writer)
{
        struct segment_writer *writer = calloc(1, sizeof *writer);

        if (!writer)
                return -ENOMEM;
        writer->header = *header;
        writer->header.binding_count = 0;
        writer->header.sheet_count = 0;
        writer->header.block_bindings = SEGMENT_BLOCK_BINDINGS;
        writer->exporter_names = exporter_names;
        writer->exporter_count = exporter_count;
        writer->encoder.rest = buffer_make(SEGMENT_BLOCK_BINDINGS * 256);
        writer->head = buffer_make(HEAD_BYTES_MAX);
        writer->blocks = buffer_make(SHEET_BYTES_MAX);
        writer->directory = buffer_make(HEAD_BYTES_MAX);
        writer->dictionary = buffer_make(HEAD_BYTES_MAX);
        writer->sheets = buffer_make(SHEET_BYTES_MAX);
        int r = frame_begin(&writer->frame, SEGMENT_MAGIC, &writer->header, output);
        if (r < 0) {
                segment_writer_free(writer);
                return r;
        }
        *ret_writer = writer;
        return 0;
}

void segment_writer_free(struct segment_writer *writer)
{
        if (!writer)
                return;
        for (size_t i = 0; i < writer->held_count; i++)
                free(writer->held[i].bindings);
        free(writer->held);
        free(writer->host_index);
        free(writer->host_seen);
        free(writer->destination_index);
        free(writer->sheet_hosts);
        free(writer->destinations);
        buffer_free(&writer->encoder.rest);
        buffer_free(&writer->head);
        buffer_free(&writer->blocks);
        buffer_free(&writer->directory);
        buffer_free(&writer->dictionary);
        buffer_free(&writer->sheets);
        frame_free(&writer->frame);
        free(writer);
}

/* ---- what a sheet must be ---- */

static const char *fault_of(
        const struct segment_writer *writer, const struct nat_binding *b, const struct host_table *hosts)
{
        if (b->exporter >= writer->exporter_count)
                return "an exporter without a name";
        if (b->from_edge >= EDGE_COUNT || b->to_edge >= EDGE_COUNT || b->kind >= NAT_KIND_COUNT)
                return "an edge or kind that does not exist";
        if ((b->from_edge == EDGE_OPEN) != (b->from_ms == TIME_UNKNOWN) ||
                (b->to_edge == EDGE_OPEN) != (b->to_ms == TIME_UNKNOWN))
                return "an unknown time at a known edge, or a known time at an open edge";
        if (b->port_last < b->port_first)
                return "a port range that ends before it begins";
        if (b->inside > hosts->count || b->destination > hosts->count)
                return "a host number that was never given";
        return NULL;
}

static int check_sheet(const struct segment_writer *writer, const struct nat_binding *bindings, size_t count,
        const struct host_table *hosts, struct error *error)
{
        if (writer->header.sheet_count > 0 && bindings[0].outside <= writer->last_outside)
                return error_set(error, -EINVAL, "sheets must come by ascending outside address");
        for (size_t i = 0; i < count; i++) {
                const char *fault = fault_of(writer, &bindings[i], hosts);
                if (fault)
                        return error_set(error, -EINVAL, "binding %zu of its sheet has %s", i, fault);
                if (bindings[i].outside != bindings[0].outside)
                        return error_set(
                                error, -EINVAL, "binding %zu of its sheet has another outside address", i);
                if (i > 0 && binding_compare(&bindings[i - 1], &bindings[i]) > 0)
                        return error_set(error, -EINVAL, "binding %zu of its sheet is out of order", i);
        }
        return 0;
}

/* ---- tables by host number ---- */

static int grow_array(uint32_t **array, uint32_t old, uint32_t capacity)
{
        uint32_t *grown = realloc(*array, capacity * sizeof **array);

        if (!grown)
                return -ENOMEM;
        memset(grown + old, 0, (capacity - old) * sizeof *grown);
        *array = grown;
        return 0;
}

static int make_room_for_hosts(struct segment_writer *writer)
{
        uint32_t wanted = writer->hosts->count + 1;

        if (wanted <= writer->host_capacity)
                return 0;
        uint32_t capacity = wanted > UINT32_C(1) << 30 ? wanted : wanted * 2;
        if (grow_array(&writer->host_index, writer->host_capacity, capacity) < 0 ||
                grow_array(&writer->host_seen, writer->host_capacity, capacity) < 0 ||
                grow_array(&writer->destination_index, writer->host_capacity, capacity) < 0)
                return -ENOMEM;
        writer->host_capacity = capacity;
        writer->encoder.host_index = writer->host_index;
        writer->encoder.destination_index = writer->destination_index;
        return 0;
}

static int add_sheet_host(struct segment_writer *writer, uint32_t number)
{
        if (writer->sheet_host_count == writer->sheet_host_capacity) {
                uint32_t capacity = writer->sheet_host_capacity ? writer->sheet_host_capacity * 2 : 64;
                struct numbered_host *grown = realloc(writer->sheet_hosts, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                writer->sheet_hosts = grown;
                writer->sheet_host_capacity = capacity;
        }
        writer->sheet_hosts[writer->sheet_host_count++] =
                (struct numbered_host){host_get(writer->hosts, number), number};
        return 0;
}

static int add_destination(struct segment_writer *writer, uint32_t number)
{
        if (writer->destination_count == writer->destination_capacity) {
                uint32_t capacity = writer->destination_capacity ? writer->destination_capacity * 2 : 1024;
                if (grow_array(&writer->destinations, writer->destination_capacity, capacity) < 0)
                        return -ENOMEM;
                writer->destination_capacity = capacity;
        }
        writer->destinations[writer->destination_count++] = number;
        writer->destination_index[number] = writer->destination_count;
        return 0;
}

static int compare_numbered(const void *left, const void *right)
{
        const struct numbered_host *a = left, *b = right;
        return sheet_host_compare(&a->host, &b->host);
}

/* Gives every inside host of the sheet its index, and every new destination its own. */
static int prepare_hosts(struct segment_writer *writer, const struct nat_binding *bindings, size_t count)
{
        uint32_t stamp = ++writer->sheets_prepared;
        int r = 0;

        writer->sheet_host_count = 0;
        for (size_t i = 0; i < count && r == 0; i++) {
                uint32_t inside = bindings[i].inside, destination = bindings[i].destination;
                if (writer->host_seen[inside] != stamp) {
                        writer->host_seen[inside] = stamp;
                        r = add_sheet_host(writer, inside);
                }
                if (r == 0 && destination != HOST_NONE && writer->destination_index[destination] == 0)
                        r = add_destination(writer, destination);
        }
        if (r < 0)
                return r;
        uint32_t hosts = writer->sheet_host_count;
        qsort(writer->sheet_hosts, hosts, sizeof *writer->sheet_hosts, compare_numbered);
        for (uint32_t i = 0; i < hosts; i++)
                writer->host_index[writer->sheet_hosts[i].number] = i;
        writer->encoder.host_bits = hosts > 1 ? 32u - (unsigned)__builtin_clz(hosts - 1) : 0;
        return 0;
}

/* ---- one sheet ---- */

static int encode_blocks(struct segment_writer *writer, const struct nat_binding *bindings, size_t count)
{
        int64_t previous = writer->header.window_from;

        buffer_clear(&writer->blocks);
        buffer_clear(&writer->directory);
        for (size_t at = 0; at < count; at += SEGMENT_BLOCK_BINDINGS) {
                size_t left = count - at;
                unsigned rows = left < SEGMENT_BLOCK_BINDINGS ? (unsigned)left : SEGMENT_BLOCK_BINDINGS;
                struct block_entry entry;
                int r = block_encode(&writer->encoder, bindings + at, rows, &writer->blocks, &entry);
                if (r < 0)
                        return r;
                if (writer->encoder.counting)
                        continue;
                sheet_put_entry(&writer->directory, &entry, previous);
                previous = entry.begin;
                writer->encoder.price[COLUMN_CHECKSUMS] += 8 * 2048;
        }
        return 0;
}

static int put_dictionary(struct segment_writer *writer)
{
        uint32_t count = writer->sheet_host_count;
        struct nat_host *hosts = calloc(count, sizeof *hosts);

        if (!hosts)
                return -ENOMEM;
        for (uint32_t i = 0; i < count; i++)
                hosts[i] = writer->sheet_hosts[i].host;
        buffer_clear(&writer->dictionary);
        int r = sheet_put_dictionary(&writer->dictionary, hosts, count);
        free(hosts);
        writer->encoder.price[COLUMN_HOSTS] += (uint64_t)writer->dictionary.length * 2048;
        return r;
}

static int write_sheet(struct segment_writer *writer, const struct nat_binding *bindings, size_t count)
{
        struct buffer *head = &writer->head;
        int r = prepare_hosts(writer, bindings, count);

        if (r == 0)
                r = encode_blocks(writer, bindings, count);
        if (r == 0)
                r = put_dictionary(writer);
        if (r < 0)
                return r;
        buffer_clear(head);
        buffer_append_varint(head, count);
        buffer_append_varint(head, writer->dictionary.length);
        buffer_append(head, writer->dictionary.bytes, writer->dictionary.length);
        buffer_append(head, writer->directory.bytes, writer->directory.length);
        if (writer->directory.failed || head->failed)
                return writer->directory.failed ? writer->directory.failed : head->failed;
        buffer_append_le(&writer->sheets, bindings[0].outside, 4);
        buffer_append_le(&writer->sheets, checksum(head->bytes, head->length) & UINT32_MAX, 4);
        buffer_append_le(&writer->sheets, writer->frame.offset, 5);
        buffer_append_le(&writer->sheets, head->length, 3);
        writer->encoder.price[COLUMN_CHECKSUMS] += 4 * 2048;
        if (writer->sheets.failed)
                return writer->sheets.failed;
        r = frame_write(&writer->frame, head->bytes, head->length);
        return r < 0 ? r : frame_write(&writer->frame, writer->blocks.bytes, writer->blocks.length);
}

/* ---- training ---- */

static int hold_sheet(struct segment_writer *writer, const struct nat_binding *bindings, size_t count)
{
        if (writer->held_count == writer->held_capacity) {
                size_t capacity = writer->held_capacity ? writer->held_capacity * 2 : 64;
                struct held_sheet *grown = realloc(writer->held, capacity * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                writer->held = grown;
                writer->held_capacity = capacity;
        }
        struct nat_binding *copy = malloc(count * sizeof *copy);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, bindings, count * sizeof *copy);
        writer->held[writer->held_count++] = (struct held_sheet){copy, count};
        writer->held_bindings += count;
        return 0;
}

/* Destinations that many ask for get the small numbers. */
static int rank_destinations(struct segment_writer *writer)
{
        struct destination_tally *tallies = calloc((size_t)writer->hosts->count + 1, sizeof *tallies);
        int r = 0;

        if (!tallies)
                return -ENOMEM;
        for (size_t s = 0; s < writer->held_count; s++)
                training_tally_destinations(tallies, writer->held[s].bindings, writer->held[s].count);
        uint32_t used = training_sort_destinations(tallies, writer->hosts->count);
        for (uint32_t i = 0; i < used && r == 0; i++)
                r = add_destination(writer, tallies[i].number);
        free(tallies);
        return r;
}

static int train(struct segment_writer *writer)
{
        struct training *training = calloc(1, sizeof *training);
        int r = writer->hosts ? make_room_for_hosts(writer) : 0;

        if (!training)
                return -ENOMEM;
        for (size_t s = 0; s < writer->held_count; s++)
                training_survey(training, writer->held[s].bindings, writer->held[s].count);
        training_choose(training, &writer->tables, &writer->encoder);
        free(training);
        if (r == 0 && writer->hosts)
                r = rank_destinations(writer);
        writer->encoder.counting = true;
        for (size_t s = 0; s < writer->held_count && r == 0; s++) {
                r = prepare_hosts(writer, writer->held[s].bindings, writer->held[s].count);
                if (r == 0)
                        r = encode_blocks(writer, writer->held[s].bindings, writer->held[s].count);
        }
        writer->encoder.counting = false;
        for (unsigned m = 0; m < MODEL_COUNT; m++) {
                entropy_normalise(writer->encoder.counts[m], writer->tables.frequencies[m]);
                encoding_model_make(&writer->encoder.models[m], writer->tables.frequencies[m]);
        }
        writer->trained = true;
        return r;
}

/* Learns from the sheets held back, then writes them. */
static int release_held(struct segment_writer *writer)
{
        int r = train(writer);

        for (size_t s = 0; s < writer->held_count && r == 0; s++)
                r = write_sheet(writer, writer->held[s].bindings, writer->held[s].count);
        for (size_t s = 0; s < writer->held_count; s++)
                free(writer->held[s].bindings);
        writer->held_count = writer->held_bindings = 0;
        return r;
}

static int fail(struct error *error, int r)
{
        if (r == -ENOMEM)
                return error_set(error, r, "out of memory while writing a segment");
        if (r == -EFBIG)
                return error_set(error, r, "one outside address has more bindings than a segment can hold");
        return r;
}

int segment_writer_sheet(struct segment_writer *writer, const struct nat_binding *bindings, size_t count,
        const struct host_table *hosts, struct error *error)
{
        if (count == 0)
                return 0;
        int r = check_sheet(writer, bindings, count, hosts, error);
        if (r < 0)
                return r;
        if (writer->hosts && writer->hosts != hosts)
                return error_set(error, -EINVAL, "every sheet of a segment must use the same table of hosts");
        writer->hosts = hosts;
        writer->last_outside = bindings[0].outside;
        writer->header.sheet_count++;
        writer->header.binding_count += count;
        for (size_t i = 0; i < count; i++) {
                writer->header.has_blocks |= bindings[i].kind == NAT_BLOCK || bindings[i].kind == NAT_ADDRESS;
                writer->header.has_unported |= (bindings[i].flags & NAT_PORT_UNKNOWN) != 0;
                writer->header.has_untold_flows |= bindings[i].kind == NAT_SESSION &&
                                                   bindings[i].session == 0 &&
                                                   !(bindings[i].flags & NAT_HAS_DESTINATION);
        }
        if (writer->trained) {
                r = make_room_for_hosts(writer);
                return fail(error, r < 0 ? r : write_sheet(writer, bindings, count));
        }
        r = hold_sheet(writer, bindings, count);
        if (r == 0 && writer->held_bindings >= TRAINING_BINDINGS)
                r = release_held(writer);
        return fail(error, r);
}

/* ---- the end of the file ---- */

/* All destinations of one page in the same form: 4 bytes where all are IPv4 without VRF, else 16 and 4. */
static int write_page(struct segment_writer *writer, uint32_t first, uint32_t count, struct buffer *index)
{
        struct buffer page = buffer_make(1u << 16);
        bool plain = true;

        for (uint32_t i = first; i < first + count; i++) {
                struct nat_host host = host_get(writer->hosts, writer->destinations[i]);
                plain &= address_is_ipv4(&host.address) && host.vrf == 0;
        }
        buffer_append_u8(&page, plain ? 0 : 1);
        for (uint32_t i = first; i < first + count; i++) {
                struct nat_host host = host_get(writer->hosts, writer->destinations[i]);
                buffer_append(&page, host.address.bytes + (plain ? 12 : 0), plain ? 4 : 16);
                if (!plain)
                        buffer_append_le(&page, host.vrf, 4);
        }
        buffer_append_le(index, writer->frame.offset, 8);
        buffer_append_le(index, page.length, 4);
        if (!page.failed)
                buffer_append_le(index, checksum(page.bytes, page.length) & UINT32_MAX, 4);
        writer->encoder.price[COLUMN_DESTINATION_HOSTS] += (uint64_t)page.length * 2048;
        writer->encoder.price[COLUMN_CHECKSUMS] += 4 * 2048;
        int r = page.failed ? page.failed : frame_write(&writer->frame, page.bytes, page.length);
        buffer_free(&page);
        return r;
}

static int write_destinations(struct segment_writer *writer, struct buffer *index)
{
        buffer_append_le(index, writer->destination_count, 4);
        for (uint32_t first = 0; first < writer->destination_count; first += PAGE_DESTINATIONS) {
                uint32_t left = writer->destination_count - first;
                int r = write_page(writer, first, left < PAGE_DESTINATIONS ? left : PAGE_DESTINATIONS, index);
                if (r < 0)
                        return r;
        }
        return index->failed;
}

static int write_section_with(struct segment_writer *writer, uint32_t kind, struct buffer *content, int r)
{
        if (r == 0)
                r = frame_write_section(&writer->frame, kind, content);
        buffer_clear(content);
        return r;
}

static int write_sections(
        struct segment_writer *writer, const struct coverage *coverage, struct buffer *content)
{
        struct buffer index = buffer_make(SHEET_BYTES_MAX);
        int r = write_destinations(writer, &index);

        writer->encoder.price[COLUMN_CHECKSUMS] += (SECTION_COUNT * 8 + 24) * 2048;
        if (r == 0)
                r = write_section_with(writer, SECTION_SUMMARY, content,
                        summary_write(&writer->header, writer->encoder.price, content));
        if (r == 0)
                r = write_section_with(
                        writer, SECTION_MODELS, content, tables_write(&writer->tables, content));
        if (r == 0)
                r = frame_write_section(&writer->frame, SECTION_SHEETS, &writer->sheets);
        if (r == 0)
                r = write_section_with(writer, SECTION_EXPORTERS, content,
                        exporters_write(writer->exporter_names, writer->exporter_count, content));
        if (r == 0)
                r = write_section_with(writer, SECTION_COVERAGE, content, coverage_write(coverage, content));
        if (r == 0)
                r = frame_write_section(&writer->frame, SECTION_DESTINATIONS, &index);
        buffer_free(&index);
        return r < 0 ? r : frame_finish(&writer->frame);
}

int segment_writer_finish(struct segment_writer *writer, const struct coverage *coverage,
        struct segment_header *ret_header, struct error *error)
{
        struct buffer content = buffer_make(SHEET_BYTES_MAX);
        int r = writer->trained ? 0 : release_held(writer);

        if (r == 0)
                r = write_sections(writer, coverage, &content);
        buffer_free(&content);
        if (r == 0 && ret_header)
                *ret_header = writer->header;
        return fail(error, r);
}
