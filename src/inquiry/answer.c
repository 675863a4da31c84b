/* SPDX-License-Identifier: EUPL-1.2 */
#include "inquiry/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_free(struct answer *answer)
{
        free(answer->candidates);
        free(answer->possible);
        free(answer->exporters);
        answer->candidates = answer->possible = NULL;
        answer->exporters = NULL;
        answer->candidate_count = answer->possible_count = answer->exporter_count = 0;
}

/* A name that may be cut. */
static void copy_name(char *ret, size_t size, const char *name)
{
        size_t length = strnlen(name, size - 1);

        memcpy(ret, name, length);
        ret[length] = '\0';
}

static int64_t distance(int64_t a, int64_t b)
{
        return a > b ? a - b : b - a;
}

static void name_lease(struct answer_candidate *ret, const struct lease *lease)
{
        copy_name(ret->subscriber, sizeof ret->subscriber, lease->is.subscriber);
        ret->has_lease = true;
        ret->lease_prefix = lease->is.prefix;
        ret->lease_from_ms = lease->is.from_ms;
        ret->lease_to_ms = lease->is.to_ms;
        ret->lease_from_edge = lease->is.from_edge;
        ret->lease_to_edge = lease->is.to_edge;
}

static int name_record(struct inquiry *inquiry, unsigned realm, uint64_t reference, uint32_t outside,
        char *ret, size_t size, struct error *error)
{
        int64_t window_from = (int64_t)(reference >> 32) * DEPOT_WINDOW_MS;
        bool planned = (reference & REFERENCE_PLAN) == REFERENCE_PLAN;
        struct address address = address_from_ipv4(outside);
        char text[ADDRESS_TEXT_MAX];
        struct cached_window *w;

        if (!planned) {
                int r = window_cache_get(
                        &inquiry->cache, realm, inquiry->realms[realm].name, window_from, &w, error);
                if (r < 0 || !w)
                        return r;
        }
        /* "REALM/nat/FILE#ADDRESS/NUMBER", without printf: one for each candidate. */
        const char *parts[] = {inquiry->realms[realm].name, "/",
                depot_kind_folder(planned ? DEPOT_PLANS : DEPOT_NAT), "/",
                planned ? inquiry->plans[realm].window.file.name : w->window.file.name, "#",
                address_format(&address, text), "/"};
        size_t length = 0;
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                copy_name(ret + length, size - length, parts[i]);
                length += strlen(ret + length);
        }
        snprintf(ret + length, size - length, "%u", (unsigned)(reference & UINT32_MAX));
        return 0;
}

/* The fields of a NAT binding; an end beyond the question's windows is looked up. */
static int name_binding(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        const struct candidate *c, struct answer_candidate *ret, struct error *error)
{
        struct nat_binding b = c->binding;
        struct nat_host inside = host_get(&g->hosts, b.inside);
        struct nat_host destination = host_get(&g->hosts, b.destination);

        int r = b.flags & NAT_PLANNED ? 0 : gather_end(inquiry, realm, g, &b, error);
        if (r == 0)
                r = name_record(
                        inquiry, realm, c->reference, b.outside, ret->record, sizeof ret->record, error);
        if (r < 0)
                return r;
        ret->inside = inside.address;
        ret->vrf = inside.vrf;
        ret->planned = b.flags & NAT_PLANNED;
        ret->inside_port = b.flags & NAT_HAS_INSIDE_PORT ? b.inside_port : -1;
        ret->destination = destination.address;
        ret->destination_port = b.flags & NAT_HAS_DESTINATION ? b.destination_port : -1;
        ret->to_ms = b.to_ms;
        ret->to_edge = b.to_edge;
        if (b.to_edge != EDGE_OPEN &&
                (ret->margin_ms == TIME_UNKNOWN || distance(q->at_ms, b.to_ms) < ret->margin_ms))
                ret->margin_ms = distance(q->at_ms, b.to_ms);
        copy_name(ret->exporter, sizeof ret->exporter, inquiry->cache.exporters[b.exporter].name);
        return 0;
}

static int name_candidate(struct inquiry *inquiry, unsigned realm, const struct question *q,
        struct gathered *g, const struct candidate *c, struct answer_candidate *ret, struct error *error)
{
        *ret = (struct answer_candidate){
                .inside_port = -1,
                .port_first = c->binding.port_first,
                .port_last = c->binding.port_last,
                .protocol = c->binding.protocol,
                .kind = c->binding.kind,
                .destination_port = -1,
                .from_ms = c->binding.from_ms,
                .to_ms = c->binding.to_ms,
                .from_edge = c->binding.from_edge,
                .to_edge = c->binding.to_edge,
                .margin_ms = c->margin_ms,
                .clock_offset_ms = c->clock_offset_ms,
                .lease_from_ms = TIME_UNKNOWN,
                .lease_to_ms = TIME_UNKNOWN,
                .reasons = c->reasons,
        };
        int r = 0;

        copy_name(ret->realm, sizeof ret->realm, inquiry->realms[realm].name);
        if (c->lease)
                name_lease(ret, c->lease);
        if (!c->from_lease_only)
                r = name_binding(inquiry, realm, q, g, c, ret, error);
        else
                snprintf(ret->record, sizeof ret->record, "%s/leases/%s", ret->realm,
                        inquiry->leases[realm].is_open ? inquiry->leases[realm].window.file.name : "live");
        return r;
}

static int name_all(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        const struct candidate_list *list, struct answer_candidate **ret_items, size_t *ret_count,
        struct error *error)
{
        int r = 0;

        if (list->count == 0)
                return 0;
        *ret_items = malloc(list->count * sizeof **ret_items);
        if (!*ret_items)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < list->count && r == 0; i++) {
                r = name_candidate(inquiry, realm, q, g, &list->items[i], &(*ret_items)[i], error);
                *ret_count = i + (r == 0);
        }
        return r;
}

static int32_t offset_of(const struct coverage *coverage, uint16_t exporter)
{
        for (size_t i = 0; i < coverage->span_count; i++) {
                const struct coverage_span *span = &coverage->spans[i];
                if (span->exporter == exporter && span->offset_min_ms != OFFSET_UNKNOWN)
                        return span->offset_min_ms / 2 + span->offset_max_ms / 2;
        }
        return OFFSET_UNKNOWN;
}

static int name_exporters(struct inquiry *inquiry, unsigned realm, const struct gathered *g,
        const struct attribution *a, struct answer *ret)
{
        size_t count = 0;

        for (unsigned i = 0; i < inquiry->cache.exporter_count; i++)
                count += g->counts && g->counts[i];
        if (count == 0)
                return 0;
        ret->exporters = malloc(count * sizeof *ret->exporters);
        if (!ret->exporters)
                return -ENOMEM;
        for (unsigned i = 0; i < inquiry->cache.exporter_count; i++) {
                if (!g->counts[i])
                        continue;
                struct heard heard = coverage_heard(&g->coverage, (uint16_t)i, NULL, a->from_ms, a->to_ms);
                struct answer_exporter *exporter = &ret->exporters[ret->exporter_count++];
                *exporter = (struct answer_exporter){
                        .whole = heard.whole,
                        .heard_from_ms = heard.whole ? heard.from : TIME_UNKNOWN,
                        .heard_to_ms = heard.whole && heard.to < TIME_LIMIT ? heard.to : TIME_UNKNOWN,
                        .clock_offset_ms = offset_of(&g->coverage, (uint16_t)i),
                        .gap_reasons = heard.gap_reasons,
                };
                copy_name(exporter->realm, sizeof exporter->realm, inquiry->realms[realm].name);
                copy_name(exporter->name, sizeof exporter->name, inquiry->cache.exporters[i].name);
        }
        return 0;
}

static bool all_known(const struct gathered *g, const struct attribution *a)
{
        for (size_t i = 0; i < g->expected_count; i++)
                if (coverage_heard(&g->coverage, g->expected[i], NULL, a->from_ms, a->to_ms).streams == 0)
                        return false;
        return true;
}

int realm_answer_make(struct inquiry *inquiry, unsigned realm, const struct question *q, struct gathered *g,
        const struct attribution *a, struct realm_answer *ret, struct error *error)
{
        struct answer *answer = &ret->answer;

        answer->verdict = a->verdict;
        answer->reasons = a->reasons;
        answer->from_ms = a->from_ms;
        answer->to_ms = a->to_ms;
        answer->complete = a->heard.whole && !g->loss_undetectable && all_known(g, a);
        copy_name(answer->realm, sizeof answer->realm, inquiry->realms[realm].name);
        copy_name(answer->zone, sizeof answer->zone, inquiry->realms[realm].zone);
        int r = name_all(
                inquiry, realm, q, g, &a->candidates, &answer->candidates, &answer->candidate_count, error);
        if (r == 0)
                r = name_all(inquiry, realm, q, g, &a->possible, &answer->possible, &answer->possible_count,
                        error);
        if (r == 0) {
                r = name_exporters(inquiry, realm, g, a, answer);
                if (r < 0)
                        error_set(error, r, "not enough memory");
        }
        return r;
}

/* Appends the items of `size` bytes of one owned array to another, which takes over the whole array where it
 * has none itself. */
static int append(void **items, size_t *count, void **more, size_t more_count, size_t size)
{
        if (more_count == 0)
                return 0;
        if (*count == 0) {
                free(*items);
                *items = *more;
                *count = more_count;
                *more = NULL;
                return 0;
        }
        uint8_t *grown = realloc(*items, (*count + more_count) * size);
        if (!grown)
                return -ENOMEM;
        memcpy(grown + *count * size, *more, more_count * size);
        *items = grown;
        *count += more_count;
        return 0;
}

int answer_take(struct answer *answer, struct answer *from)
{
        /* Under a common verdict that is no proof, what one realm holds proven is only possible. */
        bool answers = answer->verdict == VERDICT_ONE || answer->verdict == VERDICT_SEVERAL;
        void *candidates = answer->candidates, *possible = answer->possible, *exporters = answer->exporters;
        void *proven = from->candidates, *more = from->possible, *heard = from->exporters;

        int r = append(answers ? &candidates : &possible,
                answers ? &answer->candidate_count : &answer->possible_count, &proven, from->candidate_count,
                sizeof *from->candidates);
        if (r == 0)
                r = append(&possible, &answer->possible_count, &more, from->possible_count,
                        sizeof *from->possible);
        if (r == 0)
                r = append(&exporters, &answer->exporter_count, &heard, from->exporter_count,
                        sizeof *from->exporters);
        answer->candidates = candidates;
        answer->possible = possible;
        answer->exporters = exporters;
        from->candidates = proven;
        from->possible = more;
        from->exporters = heard;
        answer->reasons |= from->reasons;
        answer->complete = answer->complete && from->complete;
        answer->from_ms = from->from_ms < answer->from_ms ? from->from_ms : answer->from_ms;
        answer->to_ms = from->to_ms > answer->to_ms ? from->to_ms : answer->to_ms;
        memcpy(answer->realm, from->realm, sizeof answer->realm);
        memcpy(answer->zone, from->zone, sizeof answer->zone);
        return r;
}
