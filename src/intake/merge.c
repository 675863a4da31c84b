/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/merge_internal.h"

#include "nat/carry.h"
#include "nat/pairing.h"

#include <stdlib.h>

/* --- One window --- */

void merge_close(struct opened *opened)
{
        if (!opened->is_open)
                return;
        depot_window_release(&opened->window);
        free(opened->map);
        opened->is_open = false;
}

int merge_open(struct walk *walk, int64_t window_from, struct opened *ret)
{
        *ret = (struct opened){.is_open = false};
        int r = depot_window_open(
                walk->request->depot, walk->request->realm->name, window_from, &ret->window, walk->error);
        if (r < 0)
                return r;
        r = merge_map_exporters(walk, ret->window.segment, &ret->map);
        if (r < 0)
                depot_window_release(&ret->window);
        ret->is_open = r == 0;
        return r;
}

/* Reads out of a stored window what goes on into the next. */
static int read_carry(struct walk *walk, int64_t window_from)
{
        struct opened opened;
        struct binding_list sheet = {0};

        walk->carried.count = 0;
        int r = merge_open(walk, window_from, &opened);
        if (r < 0)
                return r;
        uint32_t i = 0, end = segment_sheet_count(opened.window.segment);
        if (walk->request->only)
                end = segment_find_sheet(opened.window.segment, *walk->request->only, &i) == 0 ? i + 1 : i;
        for (; i < end && r == 0; i++) {
                sheet.count = 0;
                r = segment_read_sheet(
                        opened.window.segment, i, walk->request->hosts, opened.map, &sheet, walk->error);
                if (r == 0)
                        r = carry_select(sheet.items, sheet.count, &walk->rules,
                                window_from + DEPOT_WINDOW_MS, &walk->carried);
        }
        binding_list_free(&sheet);
        walk->carried_header = *segment_header_of(opened.window.segment);
        merge_close(&opened);
        walk->carried_from = window_from;
        walk->carry_changed = false;
        return r;
}

/* Work space of one window's merge. */
struct window_merge {
        struct walk *walk;
        int64_t from, to;
        struct opened stored;
        struct bucket *bucket; /* NULL: no new records */
        bool carry_known;      /* a window before this one exists: its open bindings are carried in */
        struct binding_list carry_out, carry_out_before;
        struct binding_list sheet, known, result; /* reused from address to address */
        struct nat_point *points;                 /* of one address */
        size_t points_room;
        struct segment_writer *writer;
        struct segment_header made; /* what was written */
        bool counts_sharing;
        struct sharing sharing;
        struct sharing_counter counter;
        size_t at_carried;
        uint32_t at_stream, at_sheet;
};

/* The lowest outside address that any of the three sources has next; false where all are used up. */
static bool next_address(const struct window_merge *m, uint32_t *ret_outside)
{
        bool any = false;
        uint32_t lowest = UINT32_MAX;

        if (m->bucket && m->at_stream < m->bucket->stream_count) {
                lowest = m->bucket->streams[m->at_stream].outside;
                any = true;
        }
        if (m->stored.is_open && m->at_sheet < segment_sheet_count(m->stored.window.segment)) {
                uint32_t outside = segment_sheet_address(m->stored.window.segment, m->at_sheet);
                lowest = outside < lowest ? outside : lowest;
                any = true;
        }
        if (m->carry_known && m->at_carried < m->walk->carried.count) {
                uint32_t outside = m->walk->carried.items[m->at_carried].outside;
                lowest = outside < lowest ? outside : lowest;
                any = true;
        }
        *ret_outside = lowest;
        return any;
}

/* Has retention destroyed something of the address behind the window whose open bindings are carried in? Then
 * what the stored window says of earlier times stands nowhere else, and is kept. */
static bool is_carry_cut(const struct window_merge *m, uint32_t outside)
{
        struct address address = address_from_ipv4(outside);
        const struct depot_gone_list *gone = &m->walk->gone;

        return depot_gone_until_of(gone, RETAIN_BINDINGS, &address) > m->walk->carried_from ||
               depot_gone_until_of(gone, RETAIN_DESTINATIONS, &address) > m->walk->carried_from;
}

/* What is known of the address so far: the stored sheet (without what had been carried in, where that is
 * carried in anew) and what is carried in. */
static int gather_known(struct window_merge *m, uint32_t outside)
{
        struct walk *walk = m->walk;
        int r = 0;

        m->sheet.count = m->known.count = 0;
        if (m->stored.is_open && m->at_sheet < segment_sheet_count(m->stored.window.segment) &&
                segment_sheet_address(m->stored.window.segment, m->at_sheet) == outside) {
                r = segment_read_sheet(m->stored.window.segment, m->at_sheet++, walk->request->hosts,
                        m->stored.map, &m->sheet, walk->error);
                if (r == 0)
                        r = carry_select(
                                m->sheet.items, m->sheet.count, &walk->rules, m->to, &m->carry_out_before);
                if (r == 0)
                        r = carry_strip(m->sheet.items, m->sheet.count,
                                m->carry_known && !is_carry_cut(m, outside) ? m->from : INT64_MIN, &m->known);
        }
        for (; r == 0 && m->carry_known && m->at_carried < walk->carried.count &&
                walk->carried.items[m->at_carried].outside == outside;
                m->at_carried++)
                r = binding_list_append(&m->known, &walk->carried.items[m->at_carried]);
        return r;
}

static void count_bindings(struct window_merge *m)
{
        struct merge_counts *counts = m->walk->counts;

        for (size_t i = 0; i < m->result.count; i++) {
                const struct nat_binding *b = &m->result.items[i];
                if (binding_instant(b) < m->from)
                        continue;
                bool begun = b->from_edge != EDGE_OPEN;
                bool ended = b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND;
                counts->paired += begun && ended;
                counts->open += !ended;
                counts->unbegun += !begun;
        }
}

/* The new points of the address, out of the bucket. */
static int gather_points(struct window_merge *m, uint32_t outside, size_t *ret_count)
{
        const struct bucket_stream *stream = &m->bucket->streams[m->at_stream];

        if (m->at_stream == m->bucket->stream_count || stream->outside != outside)
                return 0;
        if (stream->count > m->points_room) {
                struct nat_point *grown = realloc(m->points, 2 * (size_t)stream->count * sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                m->points = grown;
                m->points_room = 2 * (size_t)stream->count;
        }
        int r = bucket_unpack(m->walk->request->buckets, stream, m->bucket->window_from,
                m->walk->request->hosts, m->points);
        m->at_stream++;
        *ret_count = stream->count;
        if (r == -EFBIG)
                error_set(m->walk->error, r,
                        "too many different hosts for one import; import fewer files at once");
        return r;
}

/* Has retention destroyed all of this window that lay in these addresses? */
static bool is_gone(const struct window_merge *m, const struct prefix *prefix)
{
        return m->walk->request->leaves_gone &&
               depot_gone_until(&m->walk->gone, RETAIN_BINDINGS, prefix) >= m->to;
}

static int merge_address(struct window_merge *m, uint32_t outside)
{
        const struct prefix prefix = {.address = address_from_ipv4(outside), .length = 128};
        struct walk *walk = m->walk;
        size_t count = 0;

        int r = m->bucket ? gather_points(m, outside, &count) : 0;
        if (is_gone(m, &prefix))
                count = 0;
        if (r == 0)
                r = gather_known(m, outside);
        if (r < 0)
                return r;
        m->result.count = 0;
        r = pairing_run(m->points, count, walk->request->realm->keep_destinations, m->known.items,
                m->known.count, &m->result);
        if (r < 0 || m->result.count == 0)
                return r;
        count_bindings(m);
        if (m->counts_sharing) {
                uint32_t users;
                r = sharing_count(&m->counter, m->result.items, m->result.count, &users);
                if (r < 0)
                        return r;
                sharing_add(&m->sharing, outside, users);
        }
        r = carry_select(m->result.items, m->result.count, &walk->rules, m->to, &m->carry_out);
        return r < 0 ? r
                     : segment_writer_sheet(m->writer, m->result.items, m->result.count, walk->request->hosts,
                               walk->error);
}

/* All three sources stand at this address, or behind where it would be. */
static bool seek_address(struct window_merge *m, uint32_t outside)
{
        bool stored =
                m->stored.is_open && segment_find_sheet(m->stored.window.segment, outside, &m->at_sheet) == 0;
        bool new = m->bucket &&bucket_find(m->bucket, outside, &m->at_stream);

        if (m->stored.is_open && !stored)
                m->at_sheet = segment_sheet_count(m->stored.window.segment);
        if (m->bucket && !new)
                m->at_stream = m->bucket->stream_count;
        /* Nothing but this address is carried where only it matters. */
        return stored || new || (m->carry_known && m->walk->carried.count > 0);
}

static int write_sheets(struct window_merge *m)
{
        const uint32_t *only = m->walk->request->only;
        uint32_t outside;
        int r = 0;

        if (only)
                return seek_address(m, *only) ? merge_address(m, *only) : 0;
        if (m->bucket)
                bucket_group(m->bucket);
        while (r == 0 && next_address(m, &outside))
                r = merge_address(m, outside);
        return r;
}

/* Is what goes on out of this window the same as before? Both lists are by address, each address sorted. */
static bool carry_is_same(const struct window_merge *m)
{
        /* The windows behind a new one were made with what had been carried past it. */
        if (!m->stored.is_open && m->carry_known && m->walk->carried.count > 0)
                return false;
        if (!m->stored.is_open || m->carry_out.count != m->carry_out_before.count)
                return m->carry_out.count == 0 && m->carry_out_before.count == 0;
        for (size_t i = 0; i < m->carry_out.count; i++)
                if (binding_compare(&m->carry_out.items[i], &m->carry_out_before.items[i]) != 0)
                        return false;
        return true;
}

/* What was left out by bolder rules cannot be brought back by a merge: they are kept in mind for as long as
 * it could live. */
static void keep_in_mind(struct segment_header *header, const struct segment_rules *rules, int64_t until)
{
        struct segment_rules *older = &header->older;

        if (until <= header->window_from || !segment_rules_bolder(rules, &header->made_by))
                return;
        bool first = header->older_until <= header->window_from;
        older->endpoint_independent = (!first && older->endpoint_independent) || rules->endpoint_independent;
        if (first || rules->longest_session_ms < older->longest_session_ms)
                older->longest_session_ms = rules->longest_session_ms;
        if (first || rules->longest_block_ms < older->longest_block_ms)
                older->longest_block_ms = rules->longest_block_ms;
        if (until > header->older_until)
                header->older_until = until;
}

/* The rules of now, and bolder ones of the stored generation and of the window that is carried into this one.
 */
void merge_state_rules(const struct walk *walk, const struct segment_header *stored,
        const struct segment_header *before, struct segment_header *header)
{
        int64_t life = merge_memory_of(walk);

        header->made_by = (struct segment_rules){
                .endpoint_independent = walk->rules.mapping == MAPPING_ENDPOINT_INDEPENDENT,
                .longest_session_ms = walk->rules.longest_session_ms,
                .longest_block_ms = walk->rules.longest_block_ms,
        };
        if (stored) {
                keep_in_mind(header, &stored->made_by, stored->window_to + life);
                keep_in_mind(header, &stored->older, stored->older_until);
        }
        if (before) {
                keep_in_mind(header, &before->made_by, before->window_to + life);
                keep_in_mind(header, &before->older, before->older_until);
        }
}

/* Names of the sources of the realm by number, for a segment; owned by the caller. */
const char **merge_exporter_names(const struct walk *walk)
{
        unsigned names = walk->request->sources->count;
        const char **exporters = calloc(names + 1, sizeof *exporters);

        for (unsigned i = 0; exporters && i < names; i++) {
                const struct source *source = &walk->request->sources->items[i];
                exporters[i] = source->realm == walk->request->realm_number ? source->settings.name : "";
        }
        return exporters;
}

static int write_segment(struct window_merge *m, const struct coverage *coverage, struct depot_draft *draft)
{
        struct walk *walk = m->walk;
        unsigned names = walk->request->sources->count;
        const char **exporters = merge_exporter_names(walk);
        struct segment_header header = {.window_from = m->from,
                .window_to = m->to,
                .generation = draft->generation,
                .destinations_kept = walk->request->realm->keep_destinations};

        if (!exporters)
                return -ENOMEM;
        merge_state_rules(walk, m->stored.is_open ? segment_header_of(m->stored.window.segment) : NULL,
                m->carry_known ? &walk->carried_header : NULL, &header);
        memcpy(header.realm, walk->request->realm->name, sizeof header.realm);
        int r = segment_writer_new(&header, exporters, names, &draft->output, &m->writer);
        if (r == 0)
                r = write_sheets(m);
        if (r == 0)
                r = segment_writer_finish(m->writer, coverage, &header, walk->error);
        if (r == 0)
                m->made = header;
        segment_writer_free(m->writer);
        free(exporters);
        return r;
}

static void window_merge_free(struct window_merge *m)
{
        binding_list_free(&m->carry_out);
        binding_list_free(&m->carry_out_before);
        binding_list_free(&m->sheet);
        binding_list_free(&m->known);
        binding_list_free(&m->result);
        free(m->points);
        sharing_counter_free(&m->counter);
        merge_close(&m->stored);
}

static int rewrite_window(struct window_merge *m, const struct coverage *coverage)
{
        struct walk *walk = m->walk;
        struct depot_draft draft;

        int r = depot_draft_begin(
                walk->request->depot, walk->request->realm->name, false, m->from, &draft, walk->error);
        if (r < 0)
                return r;
        r = write_segment(m, coverage, &draft);
        if (r < 0) {
                depot_draft_abandon(&draft);
                return r;
        }
        m->sharing.open = m->carry_out.count;
        if (m->counts_sharing)
                *walk->request->sharing = m->sharing;
        uint64_t bytes = draft.bytes;
        r = depot_draft_publish(walk->request->depot, &draft, walk->error);
        if (r < 0)
                return r;
        walk->counts->windows_written++;
        walk->counts->bytes_written += bytes;
        walk->carry_changed = !carry_is_same(m);
        struct binding_list swapped = walk->carried;
        walk->carried = m->carry_out;
        m->carry_out = swapped;
        walk->carried_header = m->made;
        walk->carried_from = m->from;
        return 0;
}

static struct bucket *find_bucket(const struct merge_request *request, int64_t window_from)
{
        for (size_t i = 0; i < request->buckets->count; i++)
                if (merge_takes(request, &request->buckets->items[i]) &&
                        request->buckets->items[i].window_from == window_from)
                        return &request->buckets->items[i];
        return NULL;
}

static bool coverage_is_same(const struct coverage *coverage, const struct opened *stored)
{
        const struct coverage *old = segment_coverage(stored->window.segment);

        if (old->span_count != coverage->span_count || old->gap_count != coverage->gap_count)
                return false;
        for (size_t i = 0; i < old->span_count; i++) {
                const struct coverage_span *a = &old->spans[i], *b = &coverage->spans[i];
                if (stored->map[a->exporter] != b->exporter || a->stream != b->stream || a->from != b->from ||
                        a->to != b->to || a->sequence_from != b->sequence_from ||
                        a->sequence_to != b->sequence_to || a->delay_ms != b->delay_ms ||
                        a->flags != b->flags || a->offset_min_ms != b->offset_min_ms ||
                        a->offset_max_ms != b->offset_max_ms)
                        return false;
        }
        for (size_t i = 0; i < old->gap_count; i++) {
                const struct coverage_gap *a = &old->gaps[i], *b = &coverage->gaps[i];
                if (stored->map[a->exporter] != b->exporter || a->stream != b->stream || a->from != b->from ||
                        a->to != b->to || a->reason != b->reason || a->count != b->count)
                        return false;
        }
        return true;
}

/* The stored window before a stop, whose open bindings must be carried into it; NULL where there is none. */
static const struct stop *stop_before(const struct walk *walk, size_t index)
{
        while (index-- > 0)
                if (walk->stops.items[index].stored)
                        return &walk->stops.items[index];
        return NULL;
}

static int prepare_carry(struct walk *walk, size_t index, bool *ret_known)
{
        const struct stop *before = stop_before(walk, index);

        *ret_known = before != NULL;
        if (!before || (walk->carried_from == before->window_from &&
                               walk->carried_header.generation == before->generation))
                return 0;
        return read_carry(walk, before->window_from);
}

/* Makes the window anew where anything of it has changed; where only its hearing has, its bindings are copied
 * as they stand. */
static int update_window(struct window_merge *m, size_t index, const struct coverage *coverage)
{
        struct walk *walk = m->walk;
        struct stop *stop = &walk->stops.items[index];
        bool binds = m->bucket || walk->carry_changed, is_heard = false;
        int r = 0;

        walk->rewritten = binds || (!stop->stored && stop->wanted) ||
                          (stop->stored && !coverage_is_same(coverage, &m->stored));
        if (!walk->rewritten)
                return 0;
        if (!binds && stop->stored && !m->counts_sharing)
                r = merge_hearing(
                        walk, &m->stored, stop_before(walk, index), coverage, &stop->generation, &is_heard);
        if (r < 0 || is_heard)
                return r;
        r = prepare_carry(walk, index, &m->carry_known);
        if (r == 0)
                r = rewrite_window(m, coverage);
        if (r == 0) {
                stop->stored = true;
                stop->generation = m->made.generation;
        }
        return r;
}

static int visit(struct walk *walk, size_t index)
{
        struct stop *stop = &walk->stops.items[index];
        struct window_merge m = {
                .walk = walk, .from = stop->window_from, .to = stop->window_from + DEPOT_WINDOW_MS};
        struct coverage cut = {0};
        const struct prefix everywhere = {.length = 0};
        const struct sharing *sharing = walk->request->sharing;
        int r = 0;

        m.counts_sharing = sharing && m.to <= walk->request->whole &&
                           (sharing->window_from == TIME_UNKNOWN || m.from >= sharing->window_from);
        m.sharing.window_from = m.from;
        m.bucket = find_bucket(walk->request, stop->window_from);
        /* A window that was destroyed whole is not made again. */
        if (!stop->stored && is_gone(&m, &everywhere)) {
                walk->rewritten = false;
                if (m.bucket && !walk->request->only)
                        bucket_drop(
                                walk->request->buckets, (size_t)(m.bucket - walk->request->buckets->items));
                return 0;
        }
        if (stop->stored)
                r = merge_open(walk, stop->window_from, &m.stored);
        if (r == 0)
                r = coverage_cut(&walk->coverage, m.from, m.to, merge_memory_of(walk), &cut);
        if (r == 0) {
                const struct heartbeats heartbeats = source_heartbeats(walk->request->sources);
                coverage_normalise_each(&cut, &heartbeats);
                r = update_window(&m, index, &cut);
        }
        window_merge_free(&m);
        coverage_free(&cut);
        if (r == 0 && m.bucket && !walk->request->only)
                bucket_drop(walk->request->buckets, (size_t)(m.bucket - walk->request->buckets->items));
        return r;
}

/* Takes up what the merge before left. It counts only as long as the window is the one that was written then.
 */
static void take_carried(struct walk *walk)
{
        struct merge_carried *left = walk->request->carried;

        if (!left || left->header.window_to == 0)
                return;
        walk->carried = left->bindings;
        walk->carried_header = left->header;
        walk->carried_from = left->header.window_from;
        *left = (struct merge_carried){.bindings = {0}};
}

static void leave_carried(struct walk *walk)
{
        struct merge_carried *left = walk->request->carried;

        if (!left || walk->carried_from == TIME_UNKNOWN)
                return;
        *left = (struct merge_carried){.header = walk->carried_header, .bindings = walk->carried};
        walk->carried = (struct binding_list){0};
        struct nat_binding *fitting =
                realloc(left->bindings.items, (left->bindings.count + 1) * sizeof *fitting);
        if (fitting) { /* it is held while millions of events are read */
                left->bindings.items = fitting;
                left->bindings.capacity = left->bindings.count + 1;
        }
}

void merge_carried_free(struct merge_carried *carried)
{
        binding_list_free(&carried->bindings);
        *carried = (struct merge_carried){.bindings = {0}};
}

int merge_run(const struct merge_request *request, struct merge_counts *counts, struct error *error)
{
        struct walk walk = {
                .request = request,
                .rules = {.mapping = request->realm->mapping,
                        .uncertainty_ms = request->realm->uncertainty_ms,
                        .longest_session_ms = request->realm->longest_session_ms,
                        .longest_block_ms = request->realm->longest_block_ms},
                .counts = counts,
                .carried_from = TIME_UNKNOWN,
                .error = error,
        };
        int64_t from, to;
        int r = 0;

        if (!merge_extent(&walk, &from, &to))
                return 0;
        take_carried(&walk);
        r = depot_gone_read(request->depot, request->realm->name, &walk.gone, error);
        if (r == 0)
                r = merge_plan(&walk, from, to);
        for (size_t i = 0; i < walk.stops.count && r == 0; i++) {
                r = visit(&walk, i);
                /* Behind the new material, the first window that stays as it is ends the walk. */
                if (walk.stops.items[i].window_from > to && !walk.rewritten)
                        break;
        }
        if (r == -ENOMEM)
                error_set(error, r, "out of memory while merging realm \"%s\"", request->realm->name);
        if (r == 0)
                leave_carried(&walk);
        depot_gone_free(&walk.gone);
        free(walk.stops.items);
        coverage_free(&walk.coverage);
        binding_list_free(&walk.carried);
        return r;
}
