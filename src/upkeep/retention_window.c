/* SPDX-License-Identifier: EUPL-1.2 */
#include "upkeep/retention_window.h"

#include "settings/retention.h"

#include <stdlib.h>

/* Hosts that may stand in one window. */
#define WINDOW_HOSTS_MAX (UINT32_C(1) << 27)

/* --- What is due --- */

static uint64_t count_destinations(const struct binding_list *sheet)
{
        uint64_t count = 0;

        for (size_t i = 0; i < sheet->count; i++)
                count += (sheet->items[i].flags & NAT_HAS_DESTINATION) != 0;
        return count;
}

int retention_survey_segment(const struct segment_reader *segment, struct retention_realm *realm,
        int64_t window_to, int64_t now_ms, bool *ret_due, struct error *error)
{
        struct host_table hosts;
        struct binding_list sheet = {0};
        bool due = false;

        int r = host_table_init(&hosts, WINDOW_HOSTS_MAX);
        for (uint32_t i = 0; i < segment_sheet_count(segment) && r == 0; i++) {
                struct address address = address_from_ipv4(segment_sheet_address(segment, i));
                enum sheet_fate fate =
                        retention_of_sheet(realm->settings, address_ipv4(&address), window_to, now_ms);
                if (fate == SHEET_KEPT)
                        continue;
                sheet.count = 0;
                r = segment_read_sheet(segment, i, &hosts, NULL, &sheet, error);
                uint64_t destinations = r == 0 ? count_destinations(&sheet) : 0;
                if (r == 0 && fate == SHEET_GONE)
                        retention_item_of(realm, RETAIN_BINDINGS, &address)->records += sheet.count;
                else if (r == 0)
                        retention_item_of(realm, RETAIN_DESTINATIONS, &address)->records += destinations;
                due = due || fate == SHEET_GONE || destinations > 0;
        }
        if (r == -ENOMEM || r == -EFBIG)
                error_set(error, r, "not enough memory to read a window");
        binding_list_free(&sheet);
        host_table_free(&hosts);
        if (r == 0)
                *ret_due = due;
        return r;
}

/* --- Doing it --- */

int retention_destroy_windows(struct depot *depot, const struct retention_realm *realm, struct error *error)
{
        struct depot_doomed *doomed = calloc(realm->window_count + 1, sizeof *doomed);
        struct depot_destruction done;
        size_t count = 0;

        if (!doomed)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < realm->window_count; i++)
                if (realm->windows[i].whole)
                        doomed[count++] = (struct depot_doomed){
                                .kind = DEPOT_NAT, .window_from = realm->windows[i].from_ms};
        int r = depot_destroy(depot, realm->name, doomed, count, &done, error);
        free(doomed);
        return r;
}

static void drop_destinations(struct binding_list *sheet)
{
        for (size_t i = 0; i < sheet->count; i++) {
                struct nat_binding *b = &sheet->items[i];
                b->destination = HOST_NONE;
                b->destination_port = 0;
                b->flags &= (uint8_t)~NAT_HAS_DESTINATION;
        }
}

/* What the copying of one window works with. */
struct copying {
        const struct segment_reader *segment;
        const struct realm_settings *settings;
        struct host_table hosts;
        struct binding_list sheet;
        struct segment_writer *writer;
        int64_t window_to, now_ms;
};

static int copy_sheet(struct copying *c, uint32_t number, struct error *error)
{
        uint32_t outside = segment_sheet_address(c->segment, number);
        enum sheet_fate fate = retention_of_sheet(c->settings, outside, c->window_to, c->now_ms);

        if (fate == SHEET_GONE)
                return 0;
        c->sheet.count = 0;
        int r = segment_read_sheet(c->segment, number, &c->hosts, NULL, &c->sheet, error);
        if (r < 0)
                return r;
        if (fate == SHEET_WITHOUT_DESTINATIONS)
                drop_destinations(&c->sheet);
        /* Hosts have other numbers here than in the file, and equal ones may have come to be. */
        qsort(c->sheet.items, c->sheet.count, sizeof *c->sheet.items, binding_compare);
        return segment_writer_sheet(c->writer, c->sheet.items, c->sheet.count, &c->hosts, error);
}

/* Flags of the header that say what the records were stay as they were: with them an answer is more careful.
 */
static int copy_segment(struct copying *c, struct depot_draft *draft, struct error *error)
{
        struct segment_header header = *segment_header_of(c->segment);
        unsigned count = segment_exporter_count(c->segment);
        const char **names = calloc(count + 1, sizeof *names);
        int r = names ? 0 : -ENOMEM;

        header.generation = draft->generation;
        header.binding_count = 0;
        header.sheet_count = 0;
        for (unsigned i = 0; i < count && r == 0; i++)
                names[i] = segment_exporter_name(c->segment, i);
        if (r == 0)
                r = segment_writer_new(&header, names, count, &draft->output, &c->writer);
        if (r < 0)
                error_set(error, r, "not enough memory to write a window");
        for (uint32_t i = 0; i < segment_sheet_count(c->segment) && r == 0; i++)
                r = copy_sheet(c, i, error);
        if (r == 0)
                r = segment_writer_finish(c->writer, segment_coverage(c->segment), &header, error);
        segment_writer_free(c->writer);
        free(names);
        return r;
}

int retention_rewrite_window(struct depot *depot, const struct retention_realm *realm,
        const struct retention_window *window, int64_t now_ms, struct error *error)
{
        struct depot_window opened;
        struct depot_draft draft;
        struct copying copying = {.settings = realm->settings, .window_to = window->to_ms, .now_ms = now_ms};

        int r = depot_window_open(depot, realm->name, window->from_ms, &opened, error);
        if (r < 0)
                return r;
        copying.segment = opened.segment;
        r = host_table_init(&copying.hosts, WINDOW_HOSTS_MAX);
        if (r == 0)
                r = depot_draft_begin(depot, realm->name, DEPOT_NAT, window->from_ms, &draft, error);
        if (r == 0) {
                r = copy_segment(&copying, &draft, error);
                if (r < 0)
                        depot_draft_abandon(&draft);
                else
                        r = depot_draft_publish(depot, &draft, error);
        }
        binding_list_free(&copying.sheet);
        host_table_free(&copying.hosts);
        depot_window_release(&opened);
        return r;
}
