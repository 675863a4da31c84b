/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/attribution.h"

#include "nat/exporter_clock.h"
#include "nat/planned.h"
#include "nat/tenancy.h"

#include <errno.h>
#include <stdlib.h>

#define BIT(reason) (1u << (reason))

/* One way in which somebody may have held the endpoint: a holding, seen as one subscriber's. */
struct claim {
        struct candidate candidate;
        struct stretch stretch; /* the part of the interval it may concern */
        bool certain;           /* held at some moment of the interval, by this subscriber, for certain */
};

struct claim_list {
        struct claim *items;
        size_t count, capacity;
};

/* What the whole judgement works on. */
struct judgement {
        const struct question *question;
        const struct attribution_rules *rules;
        const struct evidence *evidence;
        struct stretch interval;
        struct holding_list holdings;
        struct claim_list claims;
        struct attribution *ret;
        struct plan_word plan;  /* what plans say of the endpoint in the interval */
        bool plan_contradicted; /* a log says otherwise */
        bool port_open;         /* the question should name a port and does not */
        bool protocol_open;     /* it names no protocol */
};

static int add_claim(struct claim_list *list, const struct claim *claim)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 4;
                struct claim *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *claim;
        return 0;
}

static int add_candidate(struct candidate_list *list, const struct candidate *candidate)
{
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 2;
                struct candidate *items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        list->items[list->count++] = *candidate;
        return 0;
}

static const struct coverage *clocks_of(const struct evidence *evidence)
{
        return evidence->clocks ? evidence->clocks : evidence->coverage;
}

static int64_t smaller(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* --- Claims --- */

static int64_t distance(int64_t a, int64_t b)
{
        return a > b ? a - b : b - a;
}

static int64_t margin_of(const struct nat_binding *b, int64_t at_ms)
{
        int64_t margin = TIME_UNKNOWN;

        if (b->from_edge != EDGE_OPEN)
                margin = distance(at_ms, b->from_ms);
        if (b->to_edge != EDGE_OPEN && (margin == TIME_UNKNOWN || distance(at_ms, b->to_ms) < margin))
                margin = distance(at_ms, b->to_ms);
        return margin;
}

static struct candidate candidate_of(const struct judgement *j, const struct holding *h)
{
        struct candidate c = {
                .binding = *h->binding,
                .reference = j->evidence->references ? j->evidence->references[h->index] : 0,
                .clock_offset_ms = exporter_clock_offset(
                        clocks_of(j->evidence), h->binding->exporter, j->question->at_ms),
                .reasons = h->reasons,
        };
        if (h->reused_ms != TIME_UNKNOWN && h->possible.to == h->reused_ms) {
                c.binding.to_ms = h->reused_ms;
                c.binding.to_edge = EDGE_REUSED;
        }
        c.margin_ms = margin_of(&c.binding, j->question->at_ms);
        return c;
}

/* One claim per subscriber who may have had the inside address during the holding; where one is proven
 * throughout, one claim stands for all his leases. */
static int claim_by_tenants(struct judgement *j, struct claim *claim, const struct tenancy *tenancy)
{
        bool certain = claim->certain;
        int r = 0;

        if (tenancy->changed)
                claim->candidate.reasons |= BIT(REASON_LEASE_CHANGED);
        if (!tenancy->proven)
                claim->candidate.reasons |= BIT(REASON_LEASE_NOT_PROVEN);
        for (unsigned i = 0; i < tenancy->count && r == 0; i++) {
                const struct tenant *tenant = &tenancy->tenants[i];
                claim->candidate.lease = tenant->lease;
                claim->certain = certain && (tenancy->proven || tenant->certain);
                r = add_claim(&j->claims, claim);
                if (tenancy->proven)
                        break;
        }
        return r;
}

/* An inside address with a lease for one part of the interval and none for another is not proven to be
 * somebody else: the claim without a lease must not count as a second person, nor as nobody. */
static void doubt_missing_leases(struct claim_list *claims)
{
        for (size_t i = 0; i < claims->count; i++)
                for (size_t k = 0; k < claims->count && !claims->items[i].candidate.lease; k++)
                        if (claims->items[k].candidate.lease && !claims->items[k].candidate.from_lease_only &&
                                claims->items[k].candidate.binding.inside ==
                                        claims->items[i].candidate.binding.inside) {
                                claims->items[i].certain = false;
                                claims->items[i].candidate.reasons |= BIT(REASON_LEASE_NOT_PROVEN);
                        }
}

/* Did the one tenant of a holding's moments have the inside address when it was opened, and nobody else? */
static bool is_opener(const struct judgement *j, const struct nat_host *host, struct stretch opening,
        const struct tenancy *tenancy)
{
        struct tenancy then;

        tenancy_find(j->rules, j->evidence, &host->address, host->vrf, true, opening, &then);
        return then.proven &&
               strcmp(then.tenants[0].lease->is.subscriber, tenancy->tenants[0].lease->is.subscriber) == 0;
}

/* A flow belongs to whoever opened it, also where its inside address passed to somebody else meanwhile: the
 * tenant must have been the same since then. (A block of ports belongs to the inside address, whoever has
 * that now.) Others since then are added as doubtful. */
static void doubt_older_tenants(const struct judgement *j, const struct holding *h,
        const struct nat_host *host, struct stretch stretch, struct tenancy *tenancy)
{
        const struct nat_binding *b = h->binding;
        /* A clock that was ahead tells the beginning later than it was. */
        int64_t ahead = j->interval.to - j->question->at_ms - j->question->skew_ms;
        struct stretch since = {.from = b->from_ms + j->rules->uncertainty_ms - ahead, .to = stretch.to};
        struct tenancy older;

        if (b->kind >= NAT_BLOCK || b->from_edge == EDGE_OPEN || since.from >= stretch.from ||
                tenancy->count == 0)
                return;
        tenancy_find(j->rules, j->evidence, &host->address, host->vrf, true, since, &older);
        if (older.proven)
                return;
        struct stretch opening = {.from = since.from, .to = smaller(since.from + ahead, stretch.to)};
        /* Near a change of hands both are named; but whoever came long after the opening holds nothing by it.
         */
        bool later = !tenancy->changed && !is_opener(j, host, opening, tenancy);
        for (unsigned i = 0; i < tenancy->count && later; i++)
                tenancy->tenants[i].certain = false;
        tenancy->proven = false;
        tenancy->changed = tenancy->changed || older.changed;
        for (unsigned i = 0; i < older.count; i++) {
                bool known = false;
                for (unsigned k = 0; k < tenancy->count && !known; k++)
                        known = tenancy->tenants[k].lease == older.tenants[i].lease;
                if (!known && tenancy->count < TENANTS_MAX)
                        tenancy->tenants[tenancy->count++] = (struct tenant){.lease = older.tenants[i].lease};
        }
}

/* A plan may lend to a whole prefix: whoever had a part of it only is not whom it means. */
static void keep_leases_of_prefix(unsigned bits, struct tenancy *tenancy)
{
        unsigned kept = 0;

        for (unsigned i = 0; i < tenancy->count; i++)
                if (tenancy->tenants[i].lease->is.prefix.length <= bits)
                        tenancy->tenants[kept++] = tenancy->tenants[i];
        if (kept < tenancy->count)
                tenancy->proven = tenancy->changed = false;
        tenancy->count = kept;
}

/* Who may have had the inside address of a holding. */
static void find_tenants(
        const struct judgement *j, const struct holding *h, struct stretch stretch, struct tenancy *tenancy)
{
        struct nat_host host = host_get(j->evidence->hosts, h->binding->inside);
        bool widened = j->interval.from < j->question->at_ms - j->question->skew_ms ||
                       j->interval.to > j->question->at_ms + j->question->skew_ms;

        *tenancy = (struct tenancy){.count = 0};
        if (h->binding->flags & NAT_INSIDE_UNKNOWN)
                return;
        /* Where the exporter's clock was off, its times say nothing of when a lease stood: only a subscriber
         * who had the address through the whole widened interval is certain. */
        tenancy_find(j->rules, j->evidence, &host.address, host.vrf, true, widened ? j->interval : stretch,
                tenancy);
        for (unsigned i = 0; i < tenancy->count && widened && !tenancy->proven; i++)
                tenancy->tenants[i].certain = false;
        doubt_older_tenants(j, h, &host, stretch, tenancy);
        if (h->binding->flags & NAT_PLANNED)
                keep_leases_of_prefix(h->binding->inside_bits, tenancy);
}

/* Was it held for certain at some moment that was asked? By a clock that was off, these moments are others:
 * somewhere within the widened interval. What was held in another part of that was not held when it was
 * asked. */
static bool is_certain(const struct judgement *j, const struct holding *h)
{
        const struct question *q = j->question;
        struct clock_error off = exporter_clock_error(clocks_of(j->evidence), j->rules, h->binding->exporter);
        /* The end lies before the beginning where the error is known less well than the question is wide:
         * then only what was held throughout will do. */
        struct stretch asked = {
                .from = q->at_ms - q->skew_ms + off.most_ms, .to = q->at_ms + q->skew_ms + off.least_ms};

        return holding_is_certain_in(h, asked);
}

static int claim_holding(struct judgement *j, const struct holding *h)
{
        struct claim claim = {
                .candidate = candidate_of(j, h),
                .certain = is_certain(j, h) &&
                           !(h->reasons & (BIT(REASON_PORT_NOT_LOGGED) | BIT(REASON_INSIDE_NOT_LOGGED))),
                .stretch = {.from = larger(h->possible.from, j->interval.from),
                        .to = smaller(h->possible.to, j->interval.to)},
        };
        struct tenancy tenancy;

        find_tenants(j, h, claim.stretch, &tenancy);
        if (tenancy.count > 0)
                return claim_by_tenants(j, &claim, &tenancy);
        claim.candidate.reasons |= BIT(REASON_NO_LEASE);
        return add_claim(&j->claims, &claim);
}

/* The address asked may itself be leased to a subscriber: IPv6 prefixes, and IPv4 without NAT. */
static int claim_leased_address(struct judgement *j)
{
        struct tenancy tenancy;
        struct claim claim = {.certain = true, .stretch = j->interval};

        tenancy_find(j->rules, j->evidence, &j->question->address, 0, false, j->interval, &tenancy);
        claim.candidate.from_lease_only = true;
        claim.candidate.clock_offset_ms = OFFSET_UNKNOWN;
        claim.candidate.binding.protocol = NAT_PROTOCOL_ANY;
        claim.candidate.binding.kind = NAT_ADDRESS;
        claim.candidate.binding.port_last = UINT16_MAX;
        claim.candidate.binding.exporter = EXPORTER_EVERY;
        for (unsigned i = 0; i < tenancy.count; i++) {
                const struct lease *lease = tenancy.tenants[i].lease;
                claim.candidate.lease = lease;
                claim.candidate.reasons = tenancy.proven ? 0 : BIT(REASON_LEASE_NOT_PROVEN);
                claim.candidate.reasons |= tenancy.changed ? BIT(REASON_LEASE_CHANGED) : 0;
                claim.candidate.binding.from_ms = lease->is.from_ms;
                claim.candidate.binding.from_edge = lease->is.from_edge;
                claim.candidate.binding.to_ms = lease->is.to_ms;
                claim.candidate.binding.to_edge = lease->is.to_edge;
                claim.candidate.margin_ms = margin_of(&claim.candidate.binding, j->question->at_ms);
                claim.certain = tenancy.proven || tenancy.tenants[i].certain;
                int r = add_claim(&j->claims, &claim);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int gather_claims(struct judgement *j)
{
        for (size_t i = 0; i < j->holdings.count; i++) {
                if (!stretch_touches(j->holdings.items[i].possible, j->interval))
                        continue;
                int r = claim_holding(j, &j->holdings.items[i]);
                if (r < 0)
                        return r;
        }
        doubt_missing_leases(&j->claims);
        return claim_leased_address(j);
}

/* --- Who is who --- */

static bool same_person(const struct claim *a, const struct claim *b)
{
        const struct lease *x = a->candidate.lease, *y = b->candidate.lease;

        if (x && y)
                return strcmp(x->is.subscriber, y->is.subscriber) == 0;
        return !x && !y && a->candidate.binding.inside == b->candidate.binding.inside &&
               !(a->candidate.binding.flags & NAT_INSIDE_UNKNOWN);
}

/* Counts the different persons among the certain claims, up to two. */
static unsigned count_certain(const struct claim_list *claims)
{
        const struct claim *first = NULL;

        for (size_t i = 0; i < claims->count; i++) {
                if (!claims->items[i].certain)
                        continue;
                if (!first)
                        first = &claims->items[i];
                else if (!same_person(first, &claims->items[i]))
                        return 2;
        }
        return first != NULL;
}

/* Is there a claim, certain or not, by anybody but the person of the certain claims? */
static bool others_possible(const struct claim_list *claims)
{
        const struct claim *first = NULL;

        for (size_t i = 0; i < claims->count && !first; i++)
                if (claims->items[i].certain)
                        first = &claims->items[i];
        for (size_t i = 0; i < claims->count; i++)
                if (!first || !same_person(first, &claims->items[i]))
                        return true;
        return false;
}

/* How two persons who both held it for certain did so: through one inside address that changed hands, through
 * two at once, or one after the other. Bits of enum reason, over all pairs. */
static unsigned how_shared(const struct claim_list *claims)
{
        unsigned reasons = 0;

        for (size_t i = 0; i < claims->count; i++)
                for (size_t k = i + 1; k < claims->count; k++) {
                        const struct claim *a = &claims->items[i], *b = &claims->items[k];
                        if (!a->certain || !b->certain || same_person(a, b))
                                continue;
                        bool one_host = a->candidate.binding.inside == b->candidate.binding.inside;
                        bool at_once = a->stretch.from < b->stretch.to && b->stretch.from < a->stretch.to;
                        reasons |= BIT(one_host  ? REASON_LEASE_CHANGED
                                       : at_once ? REASON_SHARED_BY_DESTINATION
                                                 : REASON_SHARED_IN_TIME);
                }
        return reasons;
}

/* --- Completeness --- */

static bool is_expected(const struct judgement *j, uint16_t exporter)
{
        for (size_t i = 0; i < j->evidence->expected_count; i++)
                if (j->evidence->expected[i] == exporter)
                        return true;
        return false;
}

/* One endpoint has one holder at a time in one NAT. Where several may lend the address (one took over from
 * the other), what one of them lent says nothing of the others. */
static bool is_one_exporter(const struct judgement *j)
{
        uint16_t exporter = j->holdings.count > 0 ? j->holdings.items[0].binding->exporter : EXPORTER_EVERY;

        for (size_t i = 1; i < j->holdings.count; i++)
                if (j->holdings.items[i].binding->exporter != exporter)
                        return false;
        if (j->evidence->expected_count > 1 ||
                (j->evidence->expected_count == 1 && !is_expected(j, exporter)))
                return false;
        return j->ret->heard.exporters <= 1;
}

/* Every exporter that must have been heard has a log at all around this time. */
static bool all_expected_known(const struct judgement *j)
{
        for (size_t i = 0; i < j->evidence->expected_count; i++)
                if (coverage_heard(j->evidence->coverage, j->evidence->expected[i], NULL, j->interval.from,
                            j->interval.to)
                                .streams == 0)
                        return false;
        return true;
}

/* Every moment of the interval lies in an unbroken binding of an endpoint that has one holder at a time. */
static bool filled_by_holders(const struct judgement *j)
{
        int64_t at = j->interval.from;
        bool moved = true;

        if (!j->holdings.exclusive || !is_one_exporter(j))
                return false;
        while (moved && at <= j->interval.to) {
                moved = false;
                for (size_t i = 0; i < j->holdings.count; i++) {
                        const struct holding *h = &j->holdings.items[i];
                        if (!h->continuous || h->binding->from_ms > at || h->binding->to_ms < at ||
                                (h->binding->flags & NAT_PORT_UNKNOWN))
                                continue;
                        at = h->binding->to_ms + 1;
                        moved = true;
                }
        }
        return at > j->interval.to;
}

/* Do the records leave no moment of the interval unaccounted for? Says why not in ret->reasons. */
static bool is_accounted(struct judgement *j)
{
        struct heard *heard = &j->ret->heard;

        *heard = coverage_heard(j->evidence->coverage, EXPORTER_EVERY, j->evidence->exporter_counts,
                j->interval.from, j->interval.to);
        if (filled_by_holders(j))
                return true;
        if (j->evidence->loss_undetectable) {
                j->ret->reasons |= BIT(REASON_LOSS_UNDETECTABLE);
                return false;
        }
        if (heard->streams == 0 || !all_expected_known(j)) {
                j->ret->reasons |= BIT(REASON_NOT_HEARD);
                return false;
        }
        if (!heard->whole)
                j->ret->reasons |=
                        BIT(heard->gap_reasons & ~(1u << GAP_SILENCE) ? REASON_LOG_GAP : REASON_NOT_HEARD);
        return heard->whole;
}

/* Nobody can have held the endpoint since before the log was heard: it has been heard for longer than any
 * binding lives, or the NAT was empty when it began. */
static bool earlier_excluded(const struct judgement *j)
{
        const struct heard *heard = &j->ret->heard;
        int64_t longest = j->rules->longest_session_ms;

        if (!heard->whole)
                return false;
        /* Nobody holds by plan what its rows do not say at that moment, whatever was before. */
        if (plan_decides(&j->plan))
                return true;
        if (j->evidence->blocks_in_realm)
                longest = larger(longest, j->rules->longest_block_ms);
        /* Where records do not tell the flows of a customer apart, a close may be that of another flow than
         * the one it was paired with, and the one left open may be older than the one that lives: nothing is
         * too old to live then. */
        if (j->evidence->untold_flows)
                return heard->seen_since == INT64_MIN && j->interval.from - heard->from < longest;
        return heard->seen_since == INT64_MIN || j->interval.from - heard->seen_since >= longest;
}

/* Was the endpoint, which has one holder at a time, seen to become free before the interval, or to be opened
 * after it, with nothing lost between? The end or beginning of one session shows that only of its own
 * five-tuple: a mapping may carry other sessions. */
static bool seen_free(const struct judgement *j)
{
        const struct evidence *e = j->evidence;

        if (!j->holdings.exclusive)
                return false;
        for (size_t i = 0; i < j->holdings.count; i++) {
                const struct nat_binding *b = j->holdings.items[i].binding;
                bool ended = (b->to_edge == EDGE_OBSERVED || b->to_edge == EDGE_BOUND) &&
                             b->to_ms <= j->interval.from;
                bool opened = b->from_edge == EDGE_OBSERVED && b->from_ms >= j->interval.to;
                if ((e->blocks_in_realm && b->kind < NAT_BLOCK) ||
                        (b->kind == NAT_SESSION && !j->holdings.five_tuple))
                        continue;
                if (ended && coverage_heard(e->coverage, EXPORTER_EVERY, e->exporter_counts, b->to_ms,
                                     j->interval.to)
                                     .whole)
                        return true;
                if (opened && coverage_heard(e->coverage, EXPORTER_EVERY, e->exporter_counts,
                                      j->interval.from, b->from_ms)
                                      .whole)
                        return true;
        }
        return false;
}

/* --- The verdict --- */

/* Does one certain binding lend everything that the coarse question may mean (the whole address, every
 * protocol)? */
static bool lends_all(const struct judgement *j)
{
        for (size_t i = 0; i < j->claims.count; i++) {
                const struct nat_binding *b = &j->claims.items[i].candidate.binding;
                bool ports = !j->port_open || (b->port_first == 0 && b->port_last == UINT16_MAX);
                bool protocols = !j->protocol_open || b->protocol == NAT_PROTOCOL_ANY;
                if (j->claims.items[i].certain && ports && protocols && !(b->flags & NAT_PORT_UNKNOWN))
                        return true;
        }
        return false;
}

static void explain_doubt(struct judgement *j)
{
        for (size_t i = 0; i < j->claims.count; i++)
                j->ret->reasons |= j->claims.items[i].candidate.reasons & ~BIT(REASON_NO_LEASE);
}

static enum verdict judge_one(struct judgement *j)
{
        bool by_lease = true, proven_lease = true;

        for (size_t i = 0; i < j->claims.count; i++) {
                const struct candidate *c = &j->claims.items[i].candidate;
                by_lease = by_lease && c->from_lease_only &&
                           !(j->evidence->lent && address_is_ipv4(&j->question->address));
                proven_lease = proven_lease && !(c->reasons & BIT(REASON_LEASE_NOT_PROVEN));
        }
        bool accounted = by_lease ? proven_lease : is_accounted(j);
        bool excluded = by_lease || j->holdings.exclusive || (accounted && earlier_excluded(j));
        bool others = others_possible(&j->claims);

        if (accounted && excluded && !others && proven_lease) {
                j->ret->reasons |= BIT(REASON_PROVEN);
                return VERDICT_ONE;
        }
        if (accounted && !excluded) {
                j->ret->reasons |= BIT(REASON_EARLIER_HOLDER);
                if (j->rules->mapping == MAPPING_UNDECLARED)
                        j->ret->reasons |= BIT(REASON_MAPPING_UNDECLARED);
        }
        explain_doubt(j);
        return VERDICT_UNKNOWN;
}

/* May two hold the port at once? Not where the endpoint asked can have one holder at a time, and never where
 * one of them was lent a block or the whole address: these are one customer's whatever the destination (RFC
 * 8158 section 5.9). */
static bool may_share(const struct judgement *j)
{
        for (size_t i = 0; i < j->claims.count; i++)
                if (j->claims.items[i].certain && j->claims.items[i].candidate.binding.kind >= NAT_BLOCK)
                        return false;
        return !j->holdings.exclusive;
}

/* Records that show two at once where that cannot be are wrong, or their clock is, and do not say in what:
 * then nobody is named. */
static enum verdict judge_several(struct judgement *j)
{
        unsigned shared = how_shared(&j->claims);
        bool by_port = j->question->port >= 0 && j->question->protocol >= 0;

        if (!by_port)
                shared &= ~BIT(REASON_SHARED_BY_DESTINATION); /* different ports, not one lent twice */
        if ((shared & BIT(REASON_SHARED_BY_DESTINATION)) && !may_share(j)) {
                j->ret->reasons |= BIT(REASON_CONTRADICTION);
                explain_doubt(j);
                return VERDICT_UNKNOWN;
        }
        j->ret->reasons |= shared;
        return VERDICT_SEVERAL;
}

static enum verdict judge_nobody(struct judgement *j)
{
        if (j->claims.count > 0) {
                (void)is_accounted(j);
                explain_doubt(j);
                return VERDICT_UNKNOWN;
        }
        if (!j->evidence->ours) {
                j->ret->reasons |= BIT(REASON_NOT_OUR_ADDRESS);
                return VERDICT_UNKNOWN;
        }
        if (!address_is_ipv4(&j->question->address)) {
                bool whole = j->rules->lease_log_complete && j->evidence->leases_stored &&
                             j->evidence->leases_heard_until_ms >= j->interval.to;
                j->ret->reasons |= BIT(whole ? REASON_NOBODY : REASON_NO_LEASE);
                return whole ? VERDICT_NONE : VERDICT_UNKNOWN;
        }
        if (!is_accounted(j))
                return VERDICT_UNKNOWN;
        if (!earlier_excluded(j) && !seen_free(j)) {
                j->ret->reasons |= BIT(REASON_EARLIER_HOLDER);
                return VERDICT_UNKNOWN;
        }
        j->ret->reasons |= BIT(REASON_NOBODY);
        return VERDICT_NONE;
}

/* Times that may be wrong by any amount prove nothing, not even that several held it. */
static bool clock_was_set(struct judgement *j)
{
        if (!coverage_clock_set(
                    j->evidence->coverage, j->evidence->exporter_counts, j->interval.from, j->interval.to))
                return false;
        j->ret->reasons |= BIT(REASON_CLOCK_SET);
        return true;
}

/* Where plans contradict each other or a log, or may lack rows, nobody is named by them, and nobody is said
 * to have been nobody. */
static bool plan_is_doubtful(struct judgement *j)
{
        if (j->plan.disputed || j->plan_contradicted)
                j->ret->reasons |= BIT(REASON_CONTRADICTION);
        if (j->plan.incomplete && plan_counts(&j->plan))
                j->ret->reasons |= BIT(REASON_PLAN_INCOMPLETE);
        return j->ret->reasons & (BIT(REASON_CONTRADICTION) | BIT(REASON_PLAN_INCOMPLETE));
}

static enum verdict judge(struct judgement *j)
{
        if (j->evidence->rules_changed) {
                j->ret->reasons |= BIT(REASON_SETTINGS_CHANGED);
                explain_doubt(j);
                return VERDICT_UNKNOWN;
        }
        if (clock_was_set(j) || plan_is_doubtful(j)) {
                explain_doubt(j);
                return VERDICT_UNKNOWN;
        }
        unsigned persons = count_certain(&j->claims);
        bool coarse = (j->port_open || j->protocol_open) && persons > 0;

        if (persons >= 2 || (coarse && !lends_all(j))) {
                if (j->port_open)
                        j->ret->reasons |= BIT(REASON_NO_PORT);
                if (j->protocol_open)
                        j->ret->reasons |= BIT(REASON_NO_PROTOCOL);
                return persons >= 2 ? judge_several(j) : VERDICT_SEVERAL;
        }
        return persons == 1 ? judge_one(j) : judge_nobody(j);
}

/* Remarks that hold whatever the verdict is. */
static void remark(struct judgement *j)
{
        const struct question *q = j->question;
        bool any_destination = false, any_no_lease = false;

        for (size_t i = 0; i < j->claims.count; i++) {
                any_destination =
                        any_destination || (j->claims.items[i].candidate.binding.flags & NAT_HAS_DESTINATION);
                any_no_lease = any_no_lease || (j->claims.items[i].candidate.reasons & BIT(REASON_NO_LEASE));
        }
        if (!address_is_none(&q->destination) && j->claims.count > 0 && !any_destination)
                j->ret->reasons |= BIT(REASON_DESTINATION_NOT_STORED);
        if (any_no_lease)
                j->ret->reasons |= BIT(REASON_NO_LEASE);
        if (q->skew_ms < j->rules->uncertainty_ms)
                j->ret->reasons |= BIT(REASON_SKEW_BELOW_CLOCK);
        if (j->interval.from < q->at_ms - q->skew_ms || j->interval.to > q->at_ms + q->skew_ms)
                j->ret->reasons |= BIT(REASON_CLOCK_OFFSET);
        if (q->protocol >= 0 && !nat_protocol_has_port(q->protocol))
                j->ret->reasons |= BIT(REASON_PORTLESS_PROTOCOL);
}

static int compare_candidates(const void *left, const void *right)
{
        const struct candidate *a = left, *b = right;
        int r = binding_compare(&a->binding, &b->binding);

        if (r || !a->lease || !b->lease)
                return r;
        return strcmp(a->lease->is.subscriber, b->lease->is.subscriber);
}

static void sort_candidates(struct candidate_list *list)
{
        if (list->count > 1)
                qsort(list->items, list->count, sizeof *list->items, compare_candidates);
}

/* Certain claims are candidates only under a verdict that stands on them; under any other they are possible.
 */
static int hand_out(struct judgement *j)
{
        bool answer = j->ret->verdict == VERDICT_ONE || j->ret->verdict == VERDICT_SEVERAL;
        int r = 0;

        for (size_t i = 0; i < j->claims.count && r == 0; i++) {
                const struct claim *claim = &j->claims.items[i];
                bool named = answer && claim->certain;
                r = add_candidate(named ? &j->ret->candidates : &j->ret->possible, &claim->candidate);
        }
        sort_candidates(&j->ret->candidates);
        sort_candidates(&j->ret->possible);
        return r;
}

int attribution_decide(const struct question *q, const struct attribution_rules *rules,
        const struct evidence *e, struct attribution *ret)
{
        bool has_port = nat_protocol_has_port(q->protocol), ipv4 = address_is_ipv4(&q->address);
        struct judgement j = {.question = q,
                .rules = rules,
                .evidence = e,
                .ret = ret,
                .port_open = ipv4 && q->port < 0 && (q->protocol < 0 || has_port),
                .protocol_open = ipv4 && q->protocol < 0};

        *ret = (struct attribution){.verdict = VERDICT_UNKNOWN};
        attribution_interval(q, rules, clocks_of(e), e->exporter_counts, &ret->from_ms, &ret->to_ms);
        j.interval = (struct stretch){.from = ret->from_ms, .to = ret->to_ms};
        if (e->outside_retention) {
                ret->reasons |= BIT(REASON_OUTSIDE_RETENTION);
                return 0;
        }
        int r = holding_list_make(q, rules, e, &j.holdings);
        if (r == 0 && e->plan) {
                j.plan = plan_word_of(e->plan, q, ret->from_ms, ret->to_ms);
                j.plan_contradicted = plan_sift(&j.plan, q, e, j.interval, &j.holdings);
        }
        if (r == 0)
                r = gather_claims(&j);
        if (r == 0) {
                ret->verdict = judge(&j);
                remark(&j);
                r = hand_out(&j);
        }
        if (ret->heard.streams == 0)
                ret->heard = coverage_heard(
                        e->coverage, EXPORTER_EVERY, e->exporter_counts, ret->from_ms, ret->to_ms);
        holding_list_free(&j.holdings);
        free(j.claims.items);
        if (r < 0)
                attribution_free(ret);
        return r;
}

void attribution_free(struct attribution *attribution)
{
        free(attribution->candidates.items);
        free(attribution->possible.items);
        attribution->candidates = (struct candidate_list){0};
        attribution->possible = (struct candidate_list){0};
}
