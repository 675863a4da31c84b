/* SPDX-License-Identifier: EUPL-1.2 */
/* A wrong dialect given on purpose never leads to a wrong name: known bindings, written as each exporter
 * would, are read in every dialect. What comes out is true, or nothing comes out and that is counted. In the
 * right dialect all that was written comes out. */
#include "wire/flow.h"

#include "wire/dialect_encoder_test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1700000000u
#define NOW_MS (INT64_C(1700000000) * 1000)
#define ROUNDS 200

struct result {
        struct nat_event events[8];
        struct lease_event leases[8];
        unsigned event_count, lease_count, leases_at_event, refused;
        char detail[256];
};

static uint64_t dice_state = 0x20261121;

/* splitmix64: the same numbers in every run. */
static uint64_t dice(uint64_t sides)
{
        uint64_t z = dice_state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return (z ^ z >> 31) % sides;
}

static int on_event(void *context, const struct nat_event *event)
{
        struct result *result = context;

        assert_true(result->event_count < 8);
        result->events[result->event_count++] = *event;
        result->leases_at_event = result->lease_count;
        return 0;
}

static int on_lease(void *context, const struct lease_event *event)
{
        struct result *result = context;

        assert_true(result->lease_count < 8);
        result->leases[result->lease_count++] = *event;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct result *result = context;

        (void)refusal, (void)offset;
        result->refused++;
        snprintf(result->detail, sizeof result->detail, "%s", detail);
}

static struct flow_counts read_message(
        const struct encoder *e, const struct dialect *dialect, struct result *result)
{
        struct flow_exporter exporter = {.number = 2, .dialect = dialect, .delay_ms = 1000};
        struct decode_sink sink = {
                .context = result, .event = on_event, .lease = on_lease, .refused = on_refused};
        struct flow_decoder *decoder;

        memset(result, 0, sizeof *result);
        assert_int_equal(flow_decoder_new(&decoder), 0);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, e->bytes, e->length, &sink), 0);
        struct flow_counts counts = flow_decoder_counts(decoder, 2);
        flow_decoder_free(decoder);
        return counts;
}

static struct truth roll_truth(const struct writing *writing)
{
        static const uint8_t kinds[] = {NAT_SESSION, NAT_SESSION, NAT_MAPPING, NAT_BLOCK, NAT_ADDRESS};
        struct truth t = {
                .time_ms = NOW_MS - 2000000 - (int64_t)dice(1000000),
                .inside = 0x64400000u + (uint32_t)dice(1u << 22),
                .outside = 0xc6336400u + (uint32_t)dice(256),
                .destination = 0xcb007100u + (uint32_t)dice(256),
                .vrf = (uint32_t)dice(65536),
                .inside_port = (uint16_t)dice(65536),
                .outside_port = (uint16_t)(1 + dice(65535)),
                .destination_port = (uint16_t)(1 + dice(65535)),
                .protocol = dice(2) ? 6 : 17,
                .kind = kinds[dice(sizeof kinds)],
                .is64 = dice(2),
                .closes = !writing->is_flow && dice(2),
                .is_named = strcmp(writing->dialect, "nokia") == 0 && dice(2),
        };

        t.last_ms = t.time_ms + (int64_t)dice(1000000);
        t.goes_on = dice(2);
        t.outside_last = t.outside_port;
        if (t.kind == NAT_BLOCK)
                t.outside_last = (uint16_t)(t.outside_port + dice(65536u - t.outside_port));
        if (t.kind == NAT_ADDRESS) {
                t.outside_port = 0;
                t.outside_last = UINT16_MAX;
        }
        snprintf(t.name, sizeof t.name, "line-%u@10.0.0.%u", (unsigned)dice(100000), (unsigned)dice(256));
        return t;
}

static struct address inside_of(const struct truth *t)
{
        uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};

        for (int i = 0; i < 4; i++)
                bytes[12 + i] = (uint8_t)(t->inside >> 8 * (3 - i));
        return t->is64 ? address_from_ipv6(bytes) : address_from_ipv4(t->inside);
}

/* Why the event is not the truth; NULL where it is. What it leaves open is no lie. */
static const char *find_lie(const struct writing *w, const struct truth *t, const struct nat_event *e)
{
        struct address inside = inside_of(t), destination = address_from_ipv4(t->destination);
        /* A flow's last packet is its end, or a sign of life where the exporter does not say why it tells it.
         */
        bool closing = e->action == NAT_CLOSE || (w->is_flow && e->action == NAT_ALIVE);

        if (w->is_flow && t->goes_on && e->action == NAT_CLOSE)
                return "end";
        bool has_port = !(e->flags & NAT_PORT_UNKNOWN) || e->kind == NAT_ADDRESS;

        if (e->action != NAT_OPEN && !closing)
                return "action";
        if (!w->is_flow && closing != t->closes)
                return "action";
        if (e->time_ms != (w->is_flow && closing ? t->last_ms : t->time_ms))
                return "time";
        if (e->kind != t->kind)
                return "kind";
        if (e->outside != t->outside)
                return "outside address";
        if (has_port && (e->port_first != t->outside_port || e->port_last != t->outside_last))
                return "outside port";
        if (!has_port && (e->port_first != 0 || e->port_last != UINT16_MAX))
                return "ports of an unknown port";
        if (e->flags & NAT_INSIDE_UNKNOWN ? !address_is_none(&e->inside)
                : t->is_named             ? !address_is_named(&e->inside)
                                          : address_compare(&e->inside, &inside) != 0)
                return "inside address";
        if (t->kind == NAT_SESSION && e->protocol != t->protocol)
                return "protocol";
        if ((e->flags & NAT_HAS_INSIDE_PORT) && e->inside_port != t->inside_port)
                return "inside port";
        if ((e->flags & NAT_HAS_DESTINATION) && (address_compare(&e->destination, &destination) != 0 ||
                                                        e->destination_port != t->destination_port))
                return "destination";
        if (e->vrf != 0 && e->vrf != t->vrf)
                return "VRF";
        return NULL;
}

static const char *find_lie_of_lease(const struct truth *t, const struct result *r, unsigned i)
{
        const struct lease_event *lease = &r->leases[i];

        if (!t->is_named || strcmp(lease->subscriber, t->name) != 0)
                return "subscriber";
        if (lease->prefix.length != 128 || address_compare(&lease->prefix.address, &r->events[i].inside) != 0)
                return "leased host";
        if (lease->from_ms != r->events[i].time_ms || lease->to_ms != lease->from_ms ||
                lease->from_edge != EDGE_INTERIM || lease->to_edge != EDGE_INTERIM)
                return "time of the lease";
        return lease->vrf != t->vrf || (lease->flags & LEASE_ANY_VRF) ? "VRF of the lease" : NULL;
}

static void check_truth(
        const struct writing *w, const struct truth *t, const struct dialect *d, const struct result *r)
{
        for (unsigned i = 0; i < r->event_count; i++) {
                const char *lie = find_lie(w, t, &r->events[i]);
                if (lie)
                        fail_msg("%s, %s, read as %s: a wrong %s", w->dialect, w->what, d ? d->name : "-",
                                lie);
        }
        assert_true(r->lease_count == 0 || r->lease_count == r->event_count);
        assert_int_equal(r->leases_at_event, r->lease_count); /* who comes before what */
        for (unsigned i = 0; i < r->lease_count; i++) {
                const char *lie = find_lie_of_lease(t, r, i);
                if (lie)
                        fail_msg("%s, %s, read as %s: a wrong %s", w->dialect, w->what, d ? d->name : "-",
                                lie);
        }
}

/* What the record says at its second time: an exporter that does not tell why it tells a flow proves no end.
 */
static enum nat_action last_action(const struct writing *w, const struct truth *t)
{
        for (const struct encoded_field *f = w->fields; f->element; f++)
                if (f->element == 136 && !t->goes_on)
                        return NAT_CLOSE;
        return NAT_ALIVE;
}

/* In its own dialect nothing is lost but what the dialect cannot carry. */
static void check_whole(const struct writing *w, const struct truth *t, const struct result *r)
{
        if (r->event_count != (w->is_flow ? 2u : 1u))
                fail_msg("%s, %s: %u events; %s", w->dialect, w->what, r->event_count, r->detail);
        for (unsigned i = 0; i < r->event_count; i++) {
                const struct nat_event *e = &r->events[i];
                assert_int_equal(e->action, w->is_flow && i == 1 ? last_action(w, t)
                                            : t->closes          ? NAT_CLOSE
                                                                 : NAT_OPEN);
                assert_int_equal(!!(e->flags & NAT_PORT_UNKNOWN), w->no_port);
                assert_int_equal(!!(e->flags & NAT_INSIDE_UNKNOWN), w->no_inside);
                assert_int_equal(e->vrf, w->no_vrf ? 0 : t->vrf);
                assert_int_equal(!!(e->flags & NAT_HAS_DESTINATION), !w->no_destination);
                assert_int_equal(e->exporter, 2);
        }
        assert_int_equal(r->lease_count, t->is_named ? r->event_count : 0);
        assert_int_equal(r->refused, 0);
}

/* The next binding that this exporter can tell, written. */
static struct truth write_next(const struct writing *writing, struct encoder *e)
{
        struct truth t;

        do {
                t = roll_truth(writing);
        } while (!write_truth(e, writing, &t, NOW));
        return t;
}

static void test_every_dialect_by_every_other(void **state)
{
        static struct encoder e;
        size_t count;
        const struct dialect *table = dialect_table(&count);
        unsigned told = 0, refused = 0;

        (void)state;
        for (size_t i = 0; i < WRITINGS; i++) {
                const struct writing *w = &writings[i];
                for (unsigned round = 0; round < ROUNDS; round++) {
                        struct truth t = write_next(w, &e);
                        for (size_t k = 0; k <= count; k++) {
                                const struct dialect *d = k < count ? &table[k] : NULL;
                                struct result r;
                                read_message(&e, d, &r);
                                check_truth(w, &t, d, &r);
                                if (d && strcmp(d->name, w->dialect) == 0)
                                        check_whole(w, &t, &r);
                                if (r.event_count == 0 && r.refused == 0)
                                        fail_msg("%s, %s, read as %s: lost without a trace", w->dialect,
                                                w->what, d ? d->name : "-");
                                told += r.event_count > 0;
                                refused += r.refused > 0;
                        }
                }
        }
        print_message("%u records told the truth, %u were refused\n", told, refused);
}

/* Every dialect of the table has an encoder here, or this test would not see it. */
static void test_every_dialect_is_written(void **state)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);

        (void)state;
        for (size_t i = 0; i < count; i++) {
                bool written = table[i].event_count == 0; /* not a dialect of IPFIX or NetFlow */
                for (size_t k = 0; k < WRITINGS; k++)
                        written |= strcmp(writings[k].dialect, table[i].name) == 0;
                if (!written)
                        fail_msg("nothing here writes the dialect %s", table[i].name);
        }
}

static bool stands_in(const struct encoder *e, const uint8_t *bytes, size_t length)
{
        for (size_t at = 0; at + length <= e->length; at++)
                if (memcmp(&e->bytes[at], bytes, length) == 0)
                        return true;
        return false;
}

static void check_stands(const struct encoder *e, const struct nat_event *event)
{
        char text[ADDRESS_TEXT_MAX];
        uint8_t outside[4];

        for (int i = 0; i < 4; i++)
                outside[i] = (uint8_t)(event->outside >> 8 * (3 - i));
        assert_true(stands_in(e, outside, 4));
        if (event->flags & NAT_INSIDE_UNKNOWN || address_is_named(&event->inside))
                return;
        address_format(&event->inside, text);
        if (address_is_ipv4(&event->inside))
                assert_true(stands_in(e, &event->inside.bytes[12], 4) ||
                            stands_in(e, (const uint8_t *)text, strlen(text)));
        else
                assert_true(stands_in(e, event->inside.bytes, 16) || stands_in(e, (const uint8_t *)text, 4));
}

/* One byte of a message is another: what comes out still stands in the message, and what does not come out
 * was counted. */
static void test_any_byte_changed(void **state)
{
        static struct encoder e;

        (void)state;
        for (size_t i = 0; i < WRITINGS; i++) {
                const struct writing *w = &writings[i];
                const struct dialect *d = dialect_by_name(w->dialect);
                for (unsigned round = 0; round < ROUNDS * 4; round++) {
                        struct result r;
                        write_next(w, &e);
                        e.bytes[dice(e.length)] ^= (uint8_t)(1 + dice(255));
                        struct flow_counts c = read_message(&e, d, &r);
                        for (unsigned k = 0; k < r.event_count; k++)
                                check_stands(&e, &r.events[k]);
                        assert_int_equal(c.events, r.event_count);
                        assert_true(r.event_count > 0 || r.refused > 0 || c.not_nat + c.not_translated > 0 ||
                                    c.other_events + c.option_records > 0 || c.data_records == 0);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_dialect_by_every_other),
                cmocka_unit_test(test_every_dialect_is_written),
                cmocka_unit_test(test_any_byte_changed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
