/* SPDX-License-Identifier: EUPL-1.2 */
#include "inquiry/inquiry.h"

#include "inquiry/answer.h"
#include "inquiry/gather.h"
#include "os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_WITHOUT_REALM_MS 2000

/* --- Realms --- */

static int add_realm(struct inquiry *inquiry, const struct realm_settings *settings)
{
        struct realm_settings *grown = realloc(inquiry->realms, (inquiry->realm_count + 1) * sizeof *grown);

        if (!grown)
                return -ENOMEM;
        inquiry->realms = grown;
        grown[inquiry->realm_count++] = *settings;
        return 0;
}

/* Realms of the settings, and those that have a folder without standing in the settings any more. */
static int find_realms(struct inquiry *inquiry, struct error *error)
{
        const struct settings *settings = depot_settings(inquiry->cache.depot);
        char **names = NULL;
        size_t count = 0;

        int r = depot_realms(inquiry->cache.depot, &names, &count, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < settings->realm_count && r == 0; i++)
                r = add_realm(inquiry, &settings->realms[i]);
        for (size_t i = 0; i < count; i++) {
                struct realm_settings made = realm_defaults(names[i]);
                if (r == 0 && !settings_realm(settings, names[i]))
                        r = add_realm(inquiry, &made);
                free(names[i]);
        }
        free(names);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

/* --- Windows --- */

static int64_t within(int64_t at)
{
        return at < TIME_FIRST ? TIME_FIRST : at >= TIME_LIMIT ? TIME_LIMIT - 1 : at;
}

int inquiry_windows(struct inquiry *inquiry, unsigned realm, int64_t from, int64_t to,
        const struct depot_files **ret_files, struct error *error)
{
        struct near_windows *near = &inquiry->near[realm];

        from = within(from);
        to = within(to);
        *ret_files = &near->files;
        if (near->known && near->from <= from && near->to >= to)
                return 0;
        depot_files_free(&near->files);
        near->from = depot_month_of(from);
        near->to = depot_month_behind(to) - 1;
        int r = depot_nat_names_between(
                inquiry->cache.depot, inquiry->realms[realm].name, near->from, near->to, &near->files, error);
        near->known = r == 0;
        return r;
}

bool has_windows(const struct inquiry *inquiry, unsigned realm)
{
        return inquiry->any[realm] || depot_memory_has_any(inquiry->cache.depot, inquiry->realms[realm].name);
}

void inquiry_forget_windows(struct inquiry *inquiry)
{
        for (unsigned i = 0; inquiry->near && i < inquiry->realm_count; i++) {
                depot_files_free(&inquiry->near[i].files);
                inquiry->near[i].known = false;
        }
}

static int open_realm(struct inquiry *inquiry, unsigned realm, struct error *error)
{
        int r = depot_has_nat(inquiry->cache.depot, inquiry->realms[realm].name, error);

        inquiry->any[realm] = r == 1;
        if (r >= 0)
                r = depot_gone_read(
                        inquiry->cache.depot, inquiry->realms[realm].name, &inquiry->gone[realm], error);
        if (r == 0)
                r = inquiry_open_leases(inquiry, realm, error);
        return r < 0 ? r : inquiry_open_plans(inquiry, realm, error);
}

int inquiry_new(struct depot *depot, struct inquiry **ret_inquiry, struct error *error)
{
        struct inquiry *inquiry = calloc(1, sizeof *inquiry);

        if (!inquiry)
                return error_set(error, -ENOMEM, "not enough memory");
        inquiry->cache.depot = depot;
        int r = find_realms(inquiry, error);
        if (r == 0) {
                inquiry->leases = calloc(inquiry->realm_count + 1, sizeof *inquiry->leases);
                inquiry->plans = calloc(inquiry->realm_count + 1, sizeof *inquiry->plans);
                inquiry->near = calloc(inquiry->realm_count + 1, sizeof *inquiry->near);
                inquiry->any = calloc(inquiry->realm_count + 1, sizeof *inquiry->any);
                inquiry->gone = calloc(inquiry->realm_count + 1, sizeof *inquiry->gone);
                inquiry->live = calloc(inquiry->realm_count + 1, sizeof *inquiry->live);
                if (!inquiry->live || !inquiry->leases || !inquiry->plans || !inquiry->near ||
                        !inquiry->any || !inquiry->gone)
                        r = error_set(error, -ENOMEM, "not enough memory");
        }
        for (unsigned i = 0; i < inquiry->realm_count && r == 0; i++)
                r = open_realm(inquiry, i, error);
        if (r < 0) {
                inquiry_free(inquiry);
                return r;
        }
        *ret_inquiry = inquiry;
        return 0;
}

void inquiry_free(struct inquiry *inquiry)
{
        if (!inquiry)
                return;
        for (unsigned i = 0; inquiry->leases && i < inquiry->realm_count; i++)
                if (inquiry->leases[i].is_open)
                        depot_window_release(&inquiry->leases[i].window);
        for (unsigned i = 0; inquiry->plans && i < inquiry->realm_count; i++) {
                if (inquiry->plans[i].is_open)
                        depot_window_release(&inquiry->plans[i].window);
                free(inquiry->plans[i].map);
        }
        inquiry_forget_windows(inquiry);
        for (unsigned i = 0; inquiry->gone && i < inquiry->realm_count; i++)
                depot_gone_free(&inquiry->gone[i]);
        for (unsigned i = 0; inquiry->live && i < inquiry->realm_count; i++)
                free(inquiry->live[i].lists);
        free(inquiry->near);
        free(inquiry->any);
        free(inquiry->live);
        free(inquiry->gone);
        free(inquiry->leases);
        free(inquiry->plans);
        free(inquiry->realms);
        if (inquiry->spare)
                gathered_free(inquiry->spare);
        free(inquiry->spare);
        window_cache_free(&inquiry->cache);
        free(inquiry);
}

bool realm_declares(const struct realm_settings *realm, const struct address *address)
{
        for (size_t i = 0; i < realm->outside.count; i++)
                if (prefix_contains(&realm->outside.items[i], address))
                        return true;
        return false;
}

int64_t inquiry_default_skew(struct inquiry *inquiry, const struct address *address)
{
        int64_t declared = 0, any = 0;

        for (unsigned i = 0; i < inquiry->realm_count; i++) {
                const struct realm_settings *realm = &inquiry->realms[i];
                if (realm->uncertainty_ms > any)
                        any = realm->uncertainty_ms;
                if (realm_declares(realm, address) && realm->uncertainty_ms > declared)
                        declared = realm->uncertainty_ms;
        }
        int64_t skew = declared > 0 ? declared : any;
        return skew > 0 ? skew : SKEW_WITHOUT_REALM_MS;
}

/* --- One realm's judgement --- */

/* A realm that does not declare its outside addresses may own any of them. Where it has records, but was not
 * heard through the interval, another realm's proof is none. */
static bool may_own(const struct inquiry *inquiry, unsigned realm, const struct gathered *gathered,
        const struct attribution *attribution)
{
        return inquiry->realms[realm].outside.count == 0 && has_windows(inquiry, realm) &&
               (!attribution->heard.whole || gathered->loss_undetectable);
}

static int judge_realm(struct inquiry *inquiry, unsigned number, const struct question *q, int64_t now_ms,
        struct realm_answer *ret, struct error *error)
{
        struct gathered gathered;

        int r = gather(inquiry, number, q, &gathered, error);
        if (r < 0)
                return r;
        bool old = is_outside_retention(inquiry, number, q, &gathered, now_ms);
        struct evidence evidence = {
                .bindings = gathered.bindings.items,
                .binding_count = gathered.bindings.count,
                .references = gathered.references,
                .hosts = &gathered.hosts,
                .coverage = &gathered.coverage,
                .clocks = &gathered.clocks,
                .exporter_counts = gathered.counts,
                .expected = gathered.expected,
                .expected_count = gathered.expected_count,
                .loss_undetectable = gathered.loss_undetectable,
                .untold_flows = gathered.untold_flows,
                .blocks_in_realm = gathered.blocks,
                .ours = gathered.ours,
                .lent = gathered.lent,
                .rules_changed = gathered.rules_changed,
                .outside_retention = old,
                .leases = gathered.leases.items,
                .lease_count = gathered.leases.count,
                .plan = &gathered.plan,
                .leases_stored = has_leases(inquiry, number),
                .leases_heard_until_ms = gathered.leases_until_ms,
        };
        struct attribution attribution;
        r = attribution_decide(q, &gathered.rules, &evidence, &attribution);
        if (r == 0) {
                ret->concerned = old || gathered.ours || may_own(inquiry, number, &gathered, &attribution);
                r = realm_answer_make(inquiry, number, q, &gathered, &attribution, ret, error);
                attribution_free(&attribution);
        } else {
                error_set(error, r, "not enough memory");
        }
        gathered_done(inquiry, &gathered);
        return r;
}

/* --- Several realms --- */

/* One realm answers for itself. Of several that have to do with the address, one may be proven and all others
 * proven empty; anything else is no proof. */
static enum verdict combine(const struct realm_answer *answers, unsigned count, unsigned *ret_concerned)
{
        unsigned tally[4] = {0}, concerned = 0;
        enum verdict only = VERDICT_UNKNOWN;

        for (unsigned i = 0; i < count; i++) {
                if (!answers[i].concerned)
                        continue;
                concerned++;
                only = answers[i].answer.verdict;
                tally[answers[i].answer.verdict]++;
        }
        *ret_concerned = concerned;
        if (concerned <= 1)
                return only;
        if (tally[VERDICT_ONE] + tally[VERDICT_SEVERAL] >= 2 || tally[VERDICT_SEVERAL] > 0)
                return VERDICT_SEVERAL;
        if (tally[VERDICT_UNKNOWN] > 0)
                return VERDICT_UNKNOWN;
        return tally[VERDICT_ONE] ? VERDICT_ONE : VERDICT_NONE;
}

static int join_answers(
        struct realm_answer *answers, unsigned count, const struct question *q, struct answer *ret)
{
        unsigned concerned;
        int r = 0;

        *ret = (struct answer){
                .question = *q, .from_ms = q->at_ms - q->skew_ms, .to_ms = q->at_ms + q->skew_ms};
        snprintf(ret->zone, sizeof ret->zone, "UTC");
        ret->verdict = combine(answers, count, &concerned);
        ret->complete = concerned > 0;
        if (concerned == 0)
                ret->reasons = 1u << REASON_NOT_OUR_ADDRESS;
        if (concerned > 1 && ret->verdict != VERDICT_NONE)
                ret->reasons = 1u << REASON_SEVERAL_REALMS;
        for (unsigned i = 0; i < count && r == 0; i++)
                if (answers[i].concerned)
                        r = answer_take(ret, &answers[i].answer);
        /* What one realm proves by itself is no proof beside another's. */
        if (ret->verdict != VERDICT_ONE)
                ret->reasons &= ~(1u << REASON_PROVEN);
        if (ret->verdict != VERDICT_NONE)
                ret->reasons &= ~(1u << REASON_NOBODY);
        return r;
}

/* Nothing that is stored can say who held an endpoint at a time that has not come: neither a plan without an
 * end nor a log that was read with a wrong year. */
static struct answer answer_of_the_future(const struct question *q)
{
        return (struct answer){
                .question = *q,
                .verdict = VERDICT_UNKNOWN,
                .reasons = 1u << REASON_IN_FUTURE,
                .from_ms = q->at_ms - q->skew_ms,
                .to_ms = q->at_ms + q->skew_ms,
                .zone = "UTC",
        };
}

int inquiry_ask(
        struct inquiry *inquiry, const struct question *question, struct answer *ret, struct error *error)
{
        struct question q = *question;
        int64_t now_ms = clock_now_ms();

        if (q.skew_ms < 0)
                q.skew_ms = inquiry_default_skew(inquiry, &q.address);
        if (q.at_ms > now_ms) {
                *ret = answer_of_the_future(&q);
                return 0;
        }
        struct realm_answer *answers = calloc(inquiry->realm_count + 1, sizeof *answers);
        int r = answers ? 0 : error_set(error, -ENOMEM, "not enough memory");
        inquiry->cache.turn++;
        for (unsigned i = 0; i < inquiry->realm_count && r == 0; i++)
                r = judge_realm(inquiry, i, &q, now_ms, &answers[i], error);
        if (r == 0) {
                r = join_answers(answers, inquiry->realm_count, &q, ret);
                if (r < 0) {
                        error_set(error, r, "not enough memory");
                        answer_free(ret);
                }
        }
        for (unsigned i = 0; answers && i < inquiry->realm_count; i++)
                answer_free(&answers[i].answer);
        free(answers);
        return r;
}
