/* SPDX-License-Identifier: EUPL-1.2 */
/* Windows whose bindings stay and whose hearing changes: what was heard is known at the end of an import
 * only, and by then most of its windows are written. Their bindings need not be decoded and encoded again. */
#include "intake/merge_internal.h"

#include <stdlib.h>

static bool same_rules(const struct segment_rules *made_by, const struct attribution_rules *rules)
{
        return made_by->endpoint_independent == (rules->mapping == MAPPING_ENDPOINT_INDEPENDENT) &&
               made_by->longest_session_ms == rules->longest_session_ms &&
               made_by->longest_block_ms == rules->longest_block_ms;
}

/* Bindings name their exporters by number: the import's must be the same. */
static bool same_numbers(const struct opened *stored)
{
        const struct segment_reader *segment = stored->window.segment;

        for (unsigned i = 0; i < segment_exporter_count(segment); i++)
                if (segment_exporter_name(segment, i)[0] && stored->map[i] != i)
                        return false;
        return true;
}

/* Would a merge of nothing give the very same bindings? It would where the rules by which bindings go on into
 * the window and out of it are the same, and nothing was destroyed. */
static bool stays_same(
        const struct walk *walk, const struct opened *stored, const struct segment_header *before)
{
        const struct segment_header *header = segment_header_of(stored->window.segment);

        return !walk->request->only && walk->gone.count == 0 && same_rules(&header->made_by, &walk->rules) &&
               (!before || same_rules(&before->made_by, &walk->rules)) &&
               header->destinations_kept == walk->request->realm->keep_destinations && same_numbers(stored);
}

static int header_of(struct walk *walk, const struct stop *stop, struct segment_header *ret)
{
        struct opened opened;

        if (walk->carried_from == stop->window_from && walk->carried_header.generation == stop->generation) {
                *ret = walk->carried_header;
                return 0;
        }
        int r = merge_open(walk, stop->window_from, &opened);
        if (r < 0)
                return r;
        *ret = *segment_header_of(opened.window.segment);
        merge_close(&opened);
        return 0;
}

static int publish(struct walk *walk, const struct opened *stored, const struct segment_header *before,
        const struct coverage *coverage, uint64_t *ret_generation)
{
        const struct merge_request *request = walk->request;
        const struct segment_header *header = segment_header_of(stored->window.segment);
        const char **exporters = merge_exporter_names(walk);
        struct segment_header made = *header;
        struct depot_draft draft;

        if (!exporters)
                return -ENOMEM;
        int r = depot_draft_begin(
                request->depot, request->realm->name, false, header->window_from, &draft, walk->error);
        if (r < 0) {
                free(exporters);
                return r;
        }
        made.generation = draft.generation;
        made.older = (struct segment_rules){0};
        made.older_until = 0;
        merge_state_rules(walk, header, before, &made);
        r = segment_copy(stored->window.segment, &made, exporters, request->sources->count, coverage,
                &draft.output, &made, walk->error);
        free(exporters);
        if (r < 0) {
                depot_draft_abandon(&draft);
                return r;
        }
        uint64_t bytes = draft.bytes;
        r = depot_draft_publish(request->depot, &draft, walk->error);
        if (r < 0)
                return r;
        walk->counts->windows_written++;
        walk->counts->bytes_written += bytes;
        *ret_generation = made.generation;
        return 0;
}

int merge_hearing(struct walk *walk, const struct opened *stored, const struct stop *before,
        const struct coverage *coverage, uint64_t *ret_generation, bool *ret_done)
{
        struct segment_header header;
        int r = before ? header_of(walk, before, &header) : 0;

        *ret_done = false;
        if (r < 0 || !stays_same(walk, stored, before ? &header : NULL))
                return r;
        r = publish(walk, stored, before ? &header : NULL, coverage, ret_generation);
        *ret_done = r == 0;
        return r;
}
