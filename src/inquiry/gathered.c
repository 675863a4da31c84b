/* SPDX-License-Identifier: EUPL-1.2 */
/* The memory of a question's evidence. Most questions need a few kilobytes of it in a dozen pieces, which
 * cost more to ask for than to fill: each question takes over those of the one before. */
#include "inquiry/gather.h"

#include <stdlib.h>

void gathered_free(struct gathered *g)
{
        binding_list_free(&g->bindings);
        free(g->references);
        host_table_free(&g->hosts);
        coverage_free(&g->coverage);
        coverage_free(&g->clocks);
        plan_list_free(&g->plan);
        reference_list_free(&g->found);
        free(g->counts_memory);
        free(g->expected);
        lease_list_free(&g->leases);
}

int gathered_begin(struct inquiry *inquiry, struct gathered *ret)
{
        struct gathered *spare = inquiry->spare, empty = {0};

        *ret = empty;
        if (!spare || !spare->hosts.hosts)
                return host_table_init(&ret->hosts, INQUIRY_HOSTS_MAX);
        ret->bindings = spare->bindings;
        ret->references = spare->references;
        ret->reference_room = spare->reference_room;
        ret->found = spare->found;
        ret->hosts = spare->hosts;
        ret->coverage = spare->coverage;
        ret->clocks = spare->clocks;
        ret->counts_memory = spare->counts_memory;
        ret->expected = spare->expected;
        ret->exporter_room = spare->exporter_room;
        ret->plan = spare->plan;
        ret->leases = spare->leases;
        *spare = empty;
        ret->bindings.count = ret->found.count = ret->plan.count = ret->leases.count = 0;
        ret->coverage.span_count = ret->coverage.gap_count = 0;
        ret->clocks.span_count = ret->clocks.gap_count = 0;
        host_table_clear(&ret->hosts);
        return 0;
}

/* More than this is given back: a question for a whole address may have gathered an hour of it. */
#define SPARE_ITEMS_MAX 1024

void gathered_done(struct inquiry *inquiry, struct gathered *g)
{
        if (!inquiry->spare)
                inquiry->spare = calloc(1, sizeof *inquiry->spare);
        bool small = g->bindings.capacity <= SPARE_ITEMS_MAX && g->hosts.capacity <= SPARE_ITEMS_MAX &&
                     g->coverage.span_capacity <= SPARE_ITEMS_MAX &&
                     g->coverage.gap_capacity <= SPARE_ITEMS_MAX &&
                     g->clocks.span_capacity <= SPARE_ITEMS_MAX && g->plan.capacity <= SPARE_ITEMS_MAX &&
                     g->clocks.gap_capacity <= SPARE_ITEMS_MAX && g->leases.capacity <= SPARE_ITEMS_MAX;
        if (!small || !inquiry->spare || inquiry->spare->hosts.hosts)
                gathered_free(g);
        else
                *inquiry->spare = *g;
}
