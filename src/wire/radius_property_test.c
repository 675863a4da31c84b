/* SPDX-License-Identifier: EUPL-1.2 */
/* Made-up records, written as packets and as a detail file: both must say what was made up, and the same.
 * Packets with bytes changed at random must be refused, or be sound. Usage: [ROUNDS [SEED]]. */
#include "wire/radius.h"

#include "wire/radius_encoder_test.h"
#include "wire/text_collect.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW INT64_C(1795226354000)
#define RANGES_MOST 4

static uint64_t seed = 1, rounds = 3000;

static uint32_t draw(uint32_t below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (uint32_t)((seed >> 16) % below);
}

enum range_kind { BY_RFC8045, BY_NOKIA, BY_HUAWEI, BY_H3C, RANGE_KINDS };

/* What a record is made of. */
struct made {
        uint32_t status;
        char user[40], session[20], inside[20], prefix[40], delegated[40], host[40];
        bool has_event_time, has_session, has_inside, has_prefix, has_delegated, has_host;
        int64_t event_ms, receipt_ms;
        uint32_t delay, session_time;
        enum range_kind range_kind;
        unsigned range_count;
        struct {
                char outside[20];
                uint16_t first, last;
        } ranges[RANGES_MOST];
        uint32_t alloc;
};

static struct made make(void)
{
        struct made m = {
                .status = 1 + draw(3), .receipt_ms = NOW + draw(100000000), .delay = draw(3) * draw(30)};

        snprintf(m.user, sizeof m.user, "k\xc3\xbcnde \"%u\"\\@example.net", draw(1000));
        snprintf(m.session, sizeof m.session, "%08X", draw(UINT32_MAX));
        snprintf(m.inside, sizeof m.inside, "100.64.%u.%u", draw(256), draw(256));
        snprintf(m.prefix, sizeof m.prefix, "2001:db8:%x::/%u", 1 + draw(65535), 48 + draw(17));
        snprintf(m.delegated, sizeof m.delegated, "2001:db8:%x:ff00::/%u", 1 + draw(65535), 56 + draw(9));
        snprintf(m.host, sizeof m.host, "2001:db8::%x", 1 + draw(65535));
        m.has_event_time = draw(2);
        m.has_session = draw(8) > 0;
        m.has_inside = draw(8) > 0;
        m.has_prefix = draw(2);
        m.has_delegated = draw(2);
        m.has_host = draw(3) == 0;
        m.event_ms = m.receipt_ms / 1000 * 1000 - (int64_t)draw(50) * 1000;
        m.session_time = m.status == 1 ? 0 : 1 + draw(100000);
        m.range_kind = (enum range_kind)draw(RANGE_KINDS);
        m.range_count = draw(RANGES_MOST + 1);
        m.alloc = m.status == 2 ? 2 : m.status == 1 ? 1 : 1 + draw(2);
        for (unsigned i = 0; i < m.range_count; i++) {
                snprintf(m.ranges[i].outside, sizeof m.ranges[i].outside, "198.51.100.%u", 1 + draw(250));
                m.ranges[i].first = (uint16_t)draw(60000);
                m.ranges[i].last = (uint16_t)(m.ranges[i].first + draw(5000));
        }
        return m;
}

static uint32_t ipv4(const char *text)
{
        struct address address;

        assert_int_equal(address_parse(slice_of(text), &address, NULL), 0);
        return address_ipv4(&address);
}

static void encode_ranges(const struct made *m, struct radius_packet *packet)
{
        char text[80];

        for (unsigned i = 0; i < m->range_count; i++) {
                if (m->range_kind == BY_RFC8045) {
                        put_port_range(packet, ipv4(m->ranges[i].outside), m->ranges[i].first,
                                m->ranges[i].last, 0, m->alloc);
                        continue;
                }
                if (m->range_kind == BY_NOKIA) {
                        snprintf(text, sizeof text, "%s %u-%u router base", m->ranges[i].outside,
                                m->ranges[i].first, m->ranges[i].last);
                        put_vendor_text(packet, 6527, 121, text);
                        continue;
                }
                uint32_t vendor = m->range_kind == BY_HUAWEI ? 2011 : 25506;
                uint8_t base = m->range_kind == BY_HUAWEI ? 161 : 32;
                put_vendor_address(packet, vendor, base, m->ranges[i].outside);
                put_vendor_number(packet, vendor, (uint8_t)(base + 1), m->ranges[i].first);
                put_vendor_number(packet, vendor, (uint8_t)(base + 2), m->ranges[i].last);
        }
        if (m->range_kind == BY_NOKIA && m->range_count)
                put_vendor_number(packet, 6527, 163, 1);
        if (m->range_kind == BY_HUAWEI && m->range_count && m->status == 3)
                put_vendor_number(packet, 2011, 165, m->alloc - 1);
}

static void encode_packet(const struct made *m, struct radius_packet *packet)
{
        packet_begin(packet, 4, (uint8_t)draw(256));
        put_text(packet, 1, m->user);
        put_number(packet, 40, m->status);
        if (m->has_session)
                put_text(packet, 44, m->session);
        put_address(packet, 4, "192.0.2.77");
        if (m->has_inside)
                put_address(packet, 8, m->inside);
        if (m->has_prefix)
                put_prefix(packet, 97, m->prefix);
        if (m->has_delegated)
                put_prefix(packet, 123, m->delegated);
        if (m->has_host)
                put_address(packet, 168, m->host);
        if (m->has_event_time)
                put_number(packet, 55, (uint32_t)(m->event_ms / 1000));
        if (m->delay)
                put_number(packet, 41, m->delay);
        if (m->session_time)
                put_number(packet, 46, m->session_time);
        encode_ranges(m, packet);
}

static void write_ranges(const struct made *m, char *text, size_t size)
{
        size_t at = strlen(text);

#define SAY(...) at += (size_t)snprintf(text + at, size - at, __VA_ARGS__)
        for (unsigned i = 0; i < m->range_count; i++) {
                const char *vendor =
                        m->range_kind == BY_HUAWEI ? "Huawei-NAT-Public-Address" : "H3C-NAT-IP-Address";
                const char *port = m->range_kind == BY_HUAWEI ? "Huawei-NAT" : "H3C-NAT";
                unsigned first = m->ranges[i].first, last = m->ranges[i].last;
                if (m->range_kind == BY_RFC8045)
                        SAY("\tIP-Port-Range-Range-Start = %u\n\tIP-Port-Range-Range-End = %u\n"
                            "\tIP-Port-Range-Ext-IPv4-Addr = %s\n\tIP-Port-Range-Alloc = %s\n",
                                first, last, m->ranges[i].outside,
                                m->alloc == 1 ? "Allocation" : "Deallocation");
                else if (m->range_kind == BY_NOKIA)
                        SAY("\tAlc-Nat-Port-Range = \"%s %u-%u router base\"\n", m->ranges[i].outside, first,
                                last);
                else
                        SAY("\t%s = %s\n\t%s-Start-Port = %u\n\t%s-End-Port = %u\n", vendor,
                                m->ranges[i].outside, port, first, port, last);
        }
        if (m->range_kind == BY_NOKIA && m->range_count)
                SAY("\tAlc-Acct-Triggered-Reason = regular\n");
        if (m->range_kind == BY_HUAWEI && m->range_count && m->status == 3)
                SAY("\tHuawei-NAT-Port-Range-Update = %u\n", m->alloc - 1);
}

static void write_detail(const struct made *m, char *text, size_t size)
{
        static const char *const statuses[] = {"", "Start", "Stop", "Interim-Update"};
        size_t at = 0, from = 0;

        SAY("Sat Nov 21 01:59:14 2026\n\tUser-Name = \"");
        for (; m->user[from]; from++)
                SAY(m->user[from] == '"' || m->user[from] == '\\' ? "\\%c" : "%c", m->user[from]);
        SAY("\"\n\tAcct-Status-Type = %s\n", statuses[m->status]);
        if (m->has_session)
                SAY("\tAcct-Session-Id = \"%s\"\n", m->session);
        SAY("\tNAS-IP-Address = 192.0.2.77\n");
        if (m->has_inside)
                SAY("\tFramed-IP-Address = %s\n", m->inside);
        if (m->has_prefix)
                SAY("\tFramed-IPv6-Prefix = %s\n", m->prefix);
        if (m->has_delegated)
                SAY("\tDelegated-IPv6-Prefix = %s\n", m->delegated);
        if (m->has_host)
                SAY("\tFramed-IPv6-Address = %s\n", m->host);
        if (m->has_event_time)
                SAY("\tEvent-Timestamp = %" PRId64 "\n", m->event_ms / 1000);
        if (m->delay)
                SAY("\tAcct-Delay-Time = %u\n", m->delay);
        if (m->session_time)
                SAY("\tAcct-Session-Time = %u\n", m->session_time);
        write_ranges(m, text, size);
        at = strlen(text);
        SAY("\tTimestamp = %" PRId64 "\n\n", m->receipt_ms / 1000);
#undef SAY
}

static void decode_packet(const struct radius_packet *packet, int64_t receipt_ms, struct collected *ret)
{
        struct decode_sink sink = {.context = ret,
                .event = collect_event,
                .lease = collect_lease,
                .refused = collect_refused,
                .noted = collect_note};
        struct radius_exporter exporter = {.number = 0};
        struct radius_decoder *decoder;

        memset(ret, 0, sizeof *ret);
        assert_int_equal(radius_decoder_new(&decoder), 0);
        assert_int_equal(
                radius_decode(decoder, &exporter, receipt_ms, packet->bytes, packet->length, &sink), 0);
        struct radius_counts counts = radius_decoder_counts(decoder);
        assert_int_equal(counts.events, ret->event_count);
        assert_int_equal(counts.leases, ret->lease_count);
        uint64_t outcomes =
                counts.used + counts.nothing + counts.restarts + counts.other + ret->refused_count;
        assert_in_range(outcomes, 1, 1 + counts.used);
        radius_decoder_free(decoder);
}

static void assert_is_made(const struct made *m, const struct collected *c)
{
        const char *texts[4];
        char text[ADDRESS_TEXT_MAX];
        size_t count = 0;
        int64_t instant = m->has_event_time ? m->event_ms : m->receipt_ms / 1000 * 1000 - m->delay * 1000;

        if (m->has_inside)
                texts[count++] = m->inside;
        if (m->has_prefix)
                texts[count++] = m->prefix;
        if (m->has_delegated)
                texts[count++] = m->delegated;
        if (m->has_host)
                texts[count++] = m->host;
        assert_int_equal(c->lease_count, count);
        for (size_t i = 0; i < count; i++) {
                assert_string_equal(prefix_format(&c->leases[i].prefix, text), texts[i]);
                assert_string_equal(c->leases[i].subscriber, m->user);
                int64_t said = m->status == 2 ? c->leases[i].to_ms - 999 : c->leases[i].from_ms;
                assert_int_equal(said, instant);
                assert_int_equal(c->leases[i].session != 0, m->has_session);
        }
        assert_int_equal(c->event_count, m->range_count);
        for (size_t i = 0; i < m->range_count; i++) {
                assert_int_equal(c->events[i].outside, ipv4(m->ranges[i].outside));
                assert_int_equal(c->events[i].port_first, m->ranges[i].first);
                assert_int_equal(c->events[i].port_last, m->ranges[i].last);
                bool given_back =
                        m->status == 2 ||
                        (m->alloc == 2 && (m->range_kind == BY_RFC8045 || m->range_kind == BY_HUAWEI));
                assert_int_equal(c->events[i].action == NAT_CLOSE || c->events[i].action == NAT_CLOSE_BOUND,
                        given_back);
                assert_int_equal(c->events[i].action == NAT_OPEN, m->status == 1);
        }
}

/* Field by field: what lies between them is not told. */
static void assert_same(const struct collected *a, const struct collected *b)
{
        for (size_t i = 0; i < a->lease_count; i++) {
                const struct lease_event *left = &a->leases[i], *right = &b->leases[i];
                assert_memory_equal(&left->prefix, &right->prefix, sizeof left->prefix);
                assert_string_equal(left->subscriber, right->subscriber);
                assert_true(left->session == right->session && left->vrf == right->vrf);
                assert_true(left->from_ms == right->from_ms && left->to_ms == right->to_ms);
                assert_int_equal(left->from_edge, right->from_edge);
                assert_int_equal(left->to_edge, right->to_edge);
                assert_int_equal(left->flags, right->flags);
        }
        for (size_t i = 0; i < a->event_count; i++) {
                const struct nat_event *left = &a->events[i], *right = &b->events[i];
                assert_memory_equal(&left->inside, &right->inside, sizeof left->inside);
                assert_int_equal(left->time_ms, right->time_ms);
                assert_int_equal(left->outside, right->outside);
                assert_int_equal(left->port_first, right->port_first);
                assert_int_equal(left->port_last, right->port_last);
                assert_int_equal(left->session, right->session);
                assert_int_equal(left->protocol, right->protocol);
                assert_int_equal(left->kind, right->kind);
                assert_int_equal(left->action, right->action);
                assert_int_equal(left->flags, right->flags);
        }
}

static void packets_and_detail_files_say_the_same(void **state)
{
        static struct collected packets, detail;
        static char text[16384];

        (void)state;
        for (uint64_t round = 0; round < rounds; round++) {
                struct radius_packet packet;
                struct text_options options = {.exporter = 0};
                struct made m = make();
                encode_packet(&m, &packet);
                decode_packet(&packet, m.receipt_ms, &packets);
                write_detail(&m, text, sizeof text);
                assert_int_equal(
                        collect(&text_format_freeradius_detail, &options, slice_of(text), &detail), 0);
                if (packets.refused_count + detail.refused_count > 0)
                        fail_msg("%s %s\n%s", packets.last_detail, detail.last_detail, text);
                assert_is_made(&m, &packets);
                assert_int_equal(packets.lease_count, detail.lease_count);
                assert_int_equal(packets.event_count, detail.event_count);
                assert_same(&packets, &detail);
                collected_free(&packets);
                collected_free(&detail);
        }
}

static void assert_sound(const struct collected *c)
{
        for (size_t i = 0; i < c->event_count; i++) {
                assert_true(c->events[i].port_first <= c->events[i].port_last);
                assert_true(c->events[i].outside != 0);
                assert_true(c->events[i].time_ms >= TIME_FIRST);
        }
        for (size_t i = 0; i < c->lease_count; i++) {
                assert_true(c->leases[i].subscriber[0] != '\0');
                assert_true(c->leases[i].prefix.length > 0);
        }
}

static void changed_packets_are_refused_or_sound(void **state)
{
        static struct collected c;

        (void)state;
        for (uint64_t round = 0; round < rounds; round++) {
                struct radius_packet packet;
                struct made m = make();
                encode_packet(&m, &packet);
                for (unsigned i = 0; i <= draw(4); i++)
                        packet.bytes[draw((uint32_t)packet.length)] = (uint8_t)draw(256);
                if (draw(4) == 0)
                        packet.length = draw((uint32_t)packet.length);
                decode_packet(&packet, m.receipt_ms, &c);
                assert_sound(&c);
                collected_free(&c);
        }
}

/* No packet that lost its end is taken for a whole one. */
static void cut_packets_are_refused(void **state)
{
        static struct collected c;
        struct radius_packet packet;
        struct made m = make();

        (void)state;
        encode_packet(&m, &packet);
        for (size_t length = packet.length - 1; length > 0; length--) {
                packet.length = length;
                decode_packet(&packet, m.receipt_ms, &c);
                assert_int_equal(c.refused_count, 1);
                assert_int_equal(c.lease_count + c.event_count, 0);
                collected_free(&c);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(packets_and_detail_files_say_the_same),
                cmocka_unit_test(changed_packets_are_refused_or_sound),
                cmocka_unit_test(cut_packets_are_refused)};

        if (argc > 1)
                rounds = strtoull(argv[1], NULL, 10);
        if (argc > 2)
                seed = strtoull(argv[2], NULL, 10) | 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
