/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_SCENE_TEST_H
#define ROGATORY_NAT_SCENE_TEST_H

/* A small scene for the tests of the verdict: one outside address, three inside hosts, one exporter that was
 * heard for two days around NOW, and the question who held port 4711/tcp at NOW. Every test changes what it
 * is about. */

#include "nat/attribution.h"
#include "nat/holding.h"
#include "nat/tenancy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1795168800000) /* 2026-11-20T10:00:00Z */
#define SEC TIME_SECOND
#define OUTSIDE UINT32_C(0xc6336407) /* 198.51.100.7 */
#define PORT 4711
#define SCENE_BINDINGS_MAX 16

enum inside { ALICE = 1, BOB = 2, CAROL = 3, SERVER = 4, OTHER_SERVER = 5 };

struct scene {
        struct attribution_rules rules;
        struct question question;
        struct evidence evidence;
        struct nat_binding bindings[SCENE_BINDINGS_MAX];
        struct coverage coverage;
        struct host_table hosts;
        struct lease_list leases;
};

static inline struct address inside_address(unsigned host)
{
        return address_from_ipv4((host >= SERVER ? UINT32_C(0xc0000200) : UINT32_C(0x64400000)) + host);
}

static inline void scene_span(struct scene *s, uint16_t exporter, int64_t from, int64_t to)
{
        struct coverage_span span = {
                .from = from,
                .to = to,
                .flags = SPAN_HAS_EVENTS,
                .delay_ms = 1000,
                .offset_min_ms = OFFSET_UNKNOWN,
                .offset_max_ms = OFFSET_UNKNOWN,
                .exporter = exporter,
        };
        assert_int_equal(coverage_add_span(&s->coverage, &span), 0);
}

static inline void scene_gap(struct scene *s, enum gap_reason reason, int64_t from, int64_t to)
{
        struct coverage_gap gap = {.from = from, .to = to, .reason = (uint8_t)reason};
        assert_int_equal(coverage_add_gap(&s->coverage, &gap), 0);
}

/* The log was heard in other spans than the scene says. */
static inline void scene_heard_only(struct scene *s, int64_t from, int64_t to)
{
        s->coverage.span_count = 0;
        scene_span(s, 0, from, to);
}

/* The exporters that a scene may expect. */
static const uint16_t scene_exporters[] = {0, 1};

static inline void scene_begin(struct scene *s)
{
        *s = (struct scene){
                .rules = {.mapping = MAPPING_ENDPOINT_INDEPENDENT,
                        .uncertainty_ms = 2 * SEC,
                        .longest_session_ms = 24 * TIME_HOUR,
                        .longest_block_ms = 30 * TIME_DAY},
                .question = {.address = address_from_ipv4(OUTSIDE),
                        .port = PORT,
                        .protocol = 6,
                        .at_ms = NOW,
                        .skew_ms = 2 * SEC,
                        .destination_port = -1},
                .evidence = {.expected = scene_exporters,
                        .expected_count = 1,
                        .ours = true,
                        .leases_heard_until_ms = TIME_UNKNOWN},
        };
        assert_int_equal(host_table_init(&s->hosts, 100), 0);
        for (unsigned host = ALICE; host <= OTHER_SERVER; host++) {
                struct nat_host made = {.address = inside_address(host)};
                uint32_t number;
                assert_int_equal(host_intern(&s->hosts, &made, &number), 0);
                assert_int_equal(number, host);
        }
        scene_span(s, 0, NOW - 48 * TIME_HOUR, NOW + TIME_HOUR);
}

/* A mapping of the port asked, with both edges observed; seconds from NOW. */
static inline struct nat_binding *scene_binding(struct scene *s, unsigned inside, int64_t from, int64_t to)
{
        assert_true(s->evidence.binding_count < SCENE_BINDINGS_MAX);
        struct nat_binding *b = &s->bindings[s->evidence.binding_count++];
        *b = (struct nat_binding){
                .from_ms = NOW + from * SEC,
                .to_ms = NOW + to * SEC,
                .outside = OUTSIDE,
                .inside = inside,
                .port_first = PORT,
                .port_last = PORT,
                .inside_port = (uint16_t)(40000 + inside),
                .protocol = 6,
                .kind = NAT_MAPPING,
                .flags = NAT_HAS_INSIDE_PORT,
                .from_edge = EDGE_OBSERVED,
                .to_edge = EDGE_OBSERVED,
        };
        return b;
}

static inline void set_destination(struct nat_binding *b, unsigned server, uint16_t port)
{
        b->kind = NAT_SESSION;
        b->destination = server;
        b->destination_port = port;
        b->flags |= NAT_HAS_DESTINATION;
}

static inline void set_open_end(struct nat_binding *b)
{
        b->to_edge = EDGE_OPEN;
        b->to_ms = TIME_UNKNOWN;
}

static inline void set_open_beginning(struct nat_binding *b)
{
        b->from_edge = EDGE_OPEN;
        b->from_ms = TIME_UNKNOWN;
}

/* A lease of one inside host; seconds from NOW. */
static inline struct lease *scene_lease(
        struct scene *s, unsigned inside, const char *subscriber, int64_t from, int64_t to)
{
        struct address address = inside_address(inside);
        struct lease lease = {
                .is = {.prefix = prefix_of(&address, 128),
                        .from_ms = NOW + from * SEC,
                        .to_ms = NOW + to * SEC,
                        .from_edge = EDGE_OBSERVED,
                        .to_edge = EDGE_OBSERVED,
                        .flags = LEASE_ANY_VRF},
                .seen_until_ms = NOW + to * SEC,
        };
        snprintf(lease.is.subscriber, sizeof lease.is.subscriber, "%s", subscriber);
        assert_int_equal(lease_list_append(&s->leases, &lease), 0);
        s->evidence.leases_stored = true;
        return &s->leases.items[s->leases.count - 1];
}

static inline void scene_settle(struct scene *s)
{
        coverage_normalise(&s->coverage, TIME_MINUTE);
        s->evidence.bindings = s->bindings;
        s->evidence.hosts = &s->hosts;
        s->evidence.coverage = &s->coverage;
        s->evidence.leases = s->leases.items;
        s->evidence.lease_count = s->leases.count;
}

static inline void scene_end(struct scene *s)
{
        coverage_free(&s->coverage);
        host_table_free(&s->hosts);
        lease_list_free(&s->leases);
}

static inline void alice(struct scene *s)
{
        scene_binding(s, ALICE, -60, 60);
}

static inline void alice_then_bob_at_the_edge(struct scene *s)
{
        scene_binding(s, ALICE, -60, -1);
        scene_binding(s, BOB, 2, 60);
}

static inline struct nat_binding *whole_address(struct scene *s)
{
        struct nat_binding *b = scene_binding(s, ALICE, -60, 60);
        b->port_first = 0;
        b->port_last = UINT16_MAX;
        b->kind = NAT_ADDRESS;
        b->protocol = NAT_PROTOCOL_ANY;
        return b;
}

/* --- Cases of the verdict --- */

#define BIT(reason) (1u << (reason))
#define BITS(a, b) (BIT(a) | BIT(b))

struct verdict_case {
        const char *name;
        void (*arrange)(struct scene *s);
        enum verdict verdict;
        unsigned reasons;     /* all of these */
        unsigned reasons_not; /* and none of these */
        size_t candidates, possible;
};

static inline void run_case(const struct verdict_case *c)
{
        struct scene s;
        struct attribution a;

        scene_begin(&s);
        c->arrange(&s);
        scene_settle(&s);
        assert_int_equal(attribution_decide(&s.question, &s.rules, &s.evidence, &a), 0);
        if (a.verdict != c->verdict)
                fail_msg("%s: %s with reasons %x", c->name, verdict_name(a.verdict), a.reasons);
        if ((a.reasons & c->reasons) != c->reasons || (a.reasons & c->reasons_not))
                fail_msg("%s: reasons %x, wanted %x and not %x", c->name, a.reasons, c->reasons,
                        c->reasons_not);
        if (a.candidates.count != c->candidates || a.possible.count != c->possible)
                fail_msg("%s: %zu candidates, %zu possible", c->name, a.candidates.count, a.possible.count);
        attribution_free(&a);
        scene_end(&s);
}

#define RUN(cases)                                                                                           \
        do {                                                                                                 \
                for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++)                                \
                        run_case(&(cases)[i]);                                                               \
        } while (0)

#endif
