/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages built here, attribute by attribute, and what comes out of them; where libnetfilter_conntrack is
 * there, also messages of its making, whose events must be those of the line that it prints of them. */
#include "wire/conntrack_netlink.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RECEIPT INT64_C(1795226353664)
#define KERNEL_MS INT64_C(1795226353100)

enum { NEW = 0x100, DESTROY = 0x102, FRESH = 0x600, LISTED = 2 };

/* ---- an encoder of its own ---- */

static uint8_t made[4096];
static size_t made_length;

static void put(const void *bytes, size_t length)
{
        assert_true(made_length + length <= sizeof made);
        memcpy(made + made_length, bytes, length);
        made_length += length;
}

static size_t begin_attribute(uint16_t number)
{
        size_t at = made_length;
        const uint16_t head[2] = {0, number};

        put(head, sizeof head);
        return at;
}

static void end_attribute(size_t at)
{
        uint16_t length = (uint16_t)(made_length - at);

        memcpy(made + at, &length, sizeof length);
        while (made_length % 4)
                put("", 1);
}

static void put_number(uint16_t number, uint64_t value, unsigned bytes)
{
        size_t at = begin_attribute(number);

        for (unsigned i = bytes; i-- > 0;)
                put(&(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
        end_attribute(at);
}

static size_t begin_message(uint16_t type, uint16_t flags, uint8_t family)
{
        size_t at = made_length;

        put(&(uint32_t){0}, 4);
        put(&type, 2);
        put(&flags, 2);
        put("\0\0\0\0\0\0\0\0", 8);
        put(&family, 1);
        put("\0\0\0", 3);
        return at;
}

static void end_message(size_t at)
{
        uint32_t length = (uint32_t)(made_length - at);

        memcpy(made + at, &length, sizeof length);
}

struct side {
        uint32_t src, dst;
        uint16_t from, to;
};

static void put_tuple(uint16_t number, uint8_t protocol, const struct side *side)
{
        size_t tuple = begin_attribute(number | 0x8000), inner = begin_attribute(1 | 0x8000);

        put_number(1, side->src, 4);
        put_number(2, side->dst, 4);
        end_attribute(inner);
        inner = begin_attribute(2 | 0x8000);
        put_number(1, protocol, 1);
        if (protocol == 1) {
                put_number(4, side->from, 2);
        } else {
                put_number(2, side->from, 2);
                put_number(3, side->to, 2);
        }
        end_attribute(inner);
        end_attribute(tuple);
}

static const struct side sent = {0x64400003, 0xcb0071c8, 40378, 80};
static const struct side answered = {0xcb0071c8, 0xcb007109, 80, 2042};

static void put_tuples(uint8_t protocol)
{
        put_tuple(1, protocol, &sent);
        put_tuple(
                2, protocol, protocol == 1 ? &(struct side){answered.src, answered.dst, 2042, 0} : &answered);
}

static void put_life(int64_t began_ms, int64_t ended_ms)
{
        size_t at = begin_attribute(20 | 0x8000);

        put_number(1, (uint64_t)began_ms * 1000000, 8);
        if (ended_ms)
                put_number(2, (uint64_t)ended_ms * 1000000, 8);
        end_attribute(at);
}

/* ---- reading ---- */

static struct collected c;
static struct conntrack_decoder *decoder;
static struct conntrack_counts counts;

static void check_counts(void)
{
        counts = conntrack_decoder_counts(decoder);
        uint64_t sum = counts.used + counts.not_nat + counts.existing + counts.gone + counts.other +
                       counts.reported_losses;
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                sum += counts.refused[i];
        assert_int_equal(sum, counts.messages);
        assert_int_equal(counts.used, c.event_count);
}

static void decode_made_at(int64_t receipt_ms)
{
        const struct decode_sink sink = {
                .context = &c, .event = collect_event, .refused = collect_refused, .noted = collect_note};
        uint8_t *exact = malloc(made_length ? made_length : 1); /* so that a sanitizer sees its end */

        assert_non_null(exact);
        memcpy(exact, made, made_length);
        assert_int_equal(conntrack_decode(decoder, receipt_ms, exact, made_length, &sink), 0);
        free(exact);
        made_length = 0;
        check_counts();
}

static int begin_with(bool ends_are_told)
{
        const struct conntrack_options options = {.exporter = 7, .ends_are_told = ends_are_told};

        c = (struct collected){0};
        made_length = 0;
        return conntrack_decoder_new(&options, &decoder);
}

static int begin(void **state)
{
        (void)state;
        return begin_with(true);
}

static int end(void **state)
{
        (void)state;
        conntrack_decoder_free(decoder);
        collected_free(&c);
        return 0;
}

static void put_entry(uint16_t type, uint16_t flags, uint32_t id)
{
        size_t at = begin_message(type, flags, 2);

        put_tuples(6);
        put_number(12, id, 4);
        end_message(at);
}

static void opens_and_closes(void **state)
{
        (void)state;
        put_entry(NEW, FRESH, 3206273513);
        put_entry(DESTROY, 0, 3206273513);
        decode_made_at(RECEIPT);
        assert_int_equal(c.event_count, 2);
        const struct nat_event *open = &c.events[0], *close = &c.events[1];
        assert_int_equal(open->time_ms, RECEIPT);
        assert_int_equal(open->action, NAT_OPEN);
        assert_int_equal(open->kind, NAT_SESSION);
        assert_int_equal(open->protocol, 6);
        assert_int_equal(address_ipv4(&open->inside), 0x64400003);
        assert_int_equal(open->inside_port, 40378);
        assert_int_equal(open->outside, 0xcb007109);
        assert_int_equal(open->port_first, 2042);
        assert_int_equal(open->port_last, 2042);
        assert_int_equal(address_ipv4(&open->destination), 0xcb0071c8);
        assert_int_equal(open->destination_port, 80);
        assert_int_equal(open->session, 3206273513);
        assert_int_equal(open->exporter, 7);
        assert_int_equal(open->flags, NAT_HAS_INSIDE_PORT | NAT_HAS_DESTINATION | NAT_DESTINATION_BOUND);
        assert_int_equal(close->action, NAT_CLOSE_BOUND);
        assert_int_equal(close->session, open->session);
}

static void icmp_and_zones(void **state)
{
        (void)state;
        size_t at = begin_message(NEW, FRESH, 2);
        put_tuples(1);
        put_number(18, 9, 2);
        end_message(at);
        decode_made_at(RECEIPT);
        assert_int_equal(c.event_count, 1);
        assert_int_equal(c.events[0].port_first, 2042);
        assert_int_equal(c.events[0].inside_port, 40378);
        assert_int_equal(c.events[0].destination_port, 0);
        assert_int_equal(c.events[0].vrf, 9);
        assert_int_equal(c.events[0].session, 0);
}

/* Updates, IPv6, what is not translated, and messages that are not conntrack's. */
static void binds_nothing(void **state)
{
        (void)state;
        put_entry(NEW, 0, 1);
        end_message(begin_message(NEW, FRESH, 10));
        size_t at = begin_message(NEW, FRESH, 2);
        put_tuple(1, 17, &sent);
        put_tuple(2, 17, &(struct side){sent.dst, sent.src, sent.to, sent.from});
        end_message(at);
        end_message(begin_message(0x200, 0, 2));
        decode_made_at(RECEIPT);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(counts.not_nat, 3);
        assert_int_equal(counts.other, 1);
        assert_int_equal(c.refused_count, 0);
}

static void put_stamped(uint16_t type, uint16_t flags, bool has_stamp, int64_t began_ms, int64_t ended_ms)
{
        size_t at = begin_message(type, flags, 2);

        put_tuples(6);
        put_number(12, 4, 4);
        if (has_stamp)
                put_number(27, (uint64_t)KERNEL_MS * 1000000 + 999999, 8);
        if (began_ms)
                put_life(began_ms, ended_ms);
        end_message(at);
}

static void times_of_the_kernel(void **state)
{
        (void)state;
        put_stamped(NEW, FRESH, true, 0, 0);
        put_stamped(DESTROY, 0, true, KERNEL_MS, KERNEL_MS + 300);
        decode_made_at(RECEIPT);
        assert_int_equal(c.events[0].time_ms, KERNEL_MS);
        assert_int_equal(c.events[0].action, NAT_OPEN);
        assert_int_equal(c.events[1].time_ms, KERNEL_MS + 300);
        assert_int_equal(c.events[1].action, NAT_CLOSE);
        /* An end without a stamped opening, a life that runs backwards, and one that ends after it was told.
         */
        put_stamped(DESTROY, 0, false, KERNEL_MS, KERNEL_MS + 300);
        put_stamped(DESTROY, 0, true, KERNEL_MS, KERNEL_MS - 1);
        put_stamped(DESTROY, 0, true, KERNEL_MS, RECEIPT + 1);
        decode_made_at(RECEIPT);
        for (unsigned i = 2; i < 5; i++) {
                assert_int_equal(c.events[i].time_ms, RECEIPT);
                assert_int_equal(c.events[i].action, NAT_CLOSE_BOUND);
        }
        /* What came a minute after it happened: so late may others come too. */
        put_stamped(NEW, FRESH, true, 0, 0);
        decode_made_at(RECEIPT + 59000);
        struct coverage heard = {0};
        assert_int_equal(conntrack_decoder_finish(decoder, &heard), 0);
        assert_int_equal(heard.span_count, 1);
        assert_true(heard.spans[0].delay_ms >= 59000);
        coverage_free(&heard);
}

/* What is listed is alive, but not what had ended before the listing was read. */
static void listing(void **state)
{
        (void)state;
        put_entry(NEW, LISTED, 11);
        put_entry(DESTROY, 0, 12);
        put_entry(NEW, LISTED, 12);
        put_entry(NEW, FRESH, 12);
        put_entry(NEW, LISTED, 12);
        decode_made_at(RECEIPT);
        assert_int_equal(c.event_count, 4);
        assert_int_equal(c.events[0].action, NAT_ALIVE);
        assert_int_equal(c.events[0].session, 11);
        assert_int_equal(c.events[3].action, NAT_ALIVE);
        assert_int_equal(counts.alive, 2);
        assert_int_equal(counts.gone, 1);

        /* The end of a listing, with and without a code, and one that the kernel calls incomplete. */
        size_t at = begin_message(3, LISTED, 0);
        end_message(at);
        at = begin_message(3, LISTED | 0x10, 0);
        end_message(at);
        at = made_length;
        put("\x14\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 20); /* -EPERM */
        decode_made_at(RECEIPT);
        assert_int_equal(counts.other, 3);
        assert_int_equal(counts.incomplete, 2);
        assert_int_equal(c.noted_count, 2);
}

/* Where the ends of what existed are not told, nothing is claimed of it. */
static void listing_without_ends(void **state)
{
        (void)state;
        end(NULL);
        assert_int_equal(begin_with(false), 0);
        put_entry(NEW, LISTED, 11);
        decode_made_at(RECEIPT);
        assert_int_equal(c.event_count, 0);
        assert_int_equal(counts.existing, 1);
}

static void refuse_one(enum refusal why)
{
        size_t refused = c.refused_count, events = c.event_count;

        decode_made_at(RECEIPT);
        assert_int_equal(c.refused_count, refused + 1);
        assert_int_equal(c.event_count, events);
        assert_int_equal(c.last_refusal, why);
}

static void refuses_what_contradicts_itself(void **state)
{
        (void)state;
        /* No answer's tuple. */
        size_t at = begin_message(NEW, FRESH, 2);
        put_tuple(1, 6, &sent);
        end_message(at);
        refuse_one(REFUSAL_MISSING_FIELD);
        /* A tuple twice. */
        at = begin_message(NEW, FRESH, 2);
        put_tuples(6);
        put_tuple(2, 6, &answered);
        end_message(at);
        refuse_one(REFUSAL_CONTRADICTION);
        /* Two protocols. */
        at = begin_message(NEW, FRESH, 2);
        put_tuple(1, 6, &sent);
        put_tuple(2, 17, &answered);
        end_message(at);
        refuse_one(REFUSAL_CONTRADICTION);
        /* An identifier of two bytes. */
        at = begin_message(NEW, FRESH, 2);
        put_tuples(6);
        put_number(12, 1, 2);
        end_message(at);
        refuse_one(REFUSAL_BAD_LENGTH);
        /* The address 0.0.0.0, another family, another version. */
        at = begin_message(NEW, FRESH, 2);
        put_tuple(1, 6, &sent);
        put_tuple(2, 6, &(struct side){answered.src, 0, 80, 2042});
        end_message(at);
        refuse_one(REFUSAL_BAD_VALUE);
        end_message(begin_message(NEW, FRESH, 3));
        refuse_one(REFUSAL_BAD_VALUE);
        at = begin_message(NEW, FRESH, 2);
        made[at + 17] = 1;
        end_message(at);
        refuse_one(REFUSAL_BAD_VERSION);
}

/* Cut and flipped everywhere: counted, the good message before it delivered, nothing read beyond the end. */
static void damage(void **state)
{
        static uint8_t whole[sizeof made];

        (void)state;
        put_entry(NEW, FRESH, 1);
        size_t first = made_length;
        put_entry(DESTROY, 0, 1);
        size_t length = made_length;
        memcpy(whole, made, length);
        made_length = 0;
        for (size_t cut = first + 1; cut < length; cut++) {
                size_t events = c.event_count;
                put(whole, cut);
                decode_made_at(RECEIPT);
                assert_int_equal(c.event_count, events + 1);
                assert_int_equal(c.last_refusal, REFUSAL_TRUNCATED);
        }
        for (size_t at = 0; at < length; at++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        put(whole, length);
                        made[at] ^= (uint8_t)(1u << bit);
                        decode_made_at(RECEIPT);
                }
}

/* What was heard, silence that is known to be silence, and what the kernel dropped. */
static void hearing(void **state)
{
        struct coverage heard = {0};

        (void)state;
        assert_int_equal(conntrack_heard(decoder, RECEIPT - 30000), 0);
        put_entry(NEW, FRESH, 1);
        decode_made_at(RECEIPT);
        assert_int_equal(conntrack_heard(decoder, RECEIPT + 50000), 0);
        assert_int_equal(conntrack_lost(decoder, RECEIPT + 60000), 0);
        assert_int_equal(conntrack_heard(decoder, RECEIPT + 90000), 0);
        assert_int_equal(conntrack_decoder_finish(decoder, &heard), 0);
        assert_int_equal(heard.span_count, 1);
        assert_int_equal(heard.spans[0].from, RECEIPT - 30000);
        assert_int_equal(heard.spans[0].to, RECEIPT + 90000);
        assert_int_equal(heard.spans[0].exporter, 7);
        assert_int_equal(heard.gap_count, 1);
        assert_int_equal(heard.gaps[0].reason, GAP_REPORTED);
        assert_true(heard.gaps[0].from <= RECEIPT + 50000 && heard.gaps[0].to >= RECEIPT + 60000);
        coverage_free(&heard);
}

#ifdef HAVE_LIBNETFILTER_CONNTRACK
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
        seed = seed * 1664525 + 1013904223;
        return (uint32_t)((uint64_t)seed * below >> 32);
}

/* An entry as a NAT might have it, and some that it might not. */
static struct nf_conntrack *draw_entry(void)
{
        static const uint8_t protocols[] = {6, 17, 1, 47, 132, 33, 136, 50};
        struct nf_conntrack *ct = nfct_new();
        uint8_t protocol = protocols[draw(sizeof protocols)];
        uint32_t inside = htonl(0x64400000 + draw(256)), far = htonl(0xc6336400 + draw(256));
        bool translated = draw(4) > 0;

        assert_non_null(ct);
        nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, AF_INET);
        nfct_set_attr_u8(ct, ATTR_REPL_L3PROTO, AF_INET);
        nfct_set_attr_u32(ct, ATTR_ORIG_IPV4_SRC, inside);
        nfct_set_attr_u32(ct, ATTR_ORIG_IPV4_DST, far);
        nfct_set_attr_u32(ct, ATTR_REPL_IPV4_SRC, far);
        nfct_set_attr_u32(ct, ATTR_REPL_IPV4_DST, translated ? htonl(0xcb007100 + draw(4)) : inside);
        nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, protocol);
        nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, protocol);
        uint16_t source = htons((uint16_t)draw(65536)), destination = htons((uint16_t)draw(65536));
        if (protocol == 1) {
                nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, 8);
                nfct_set_attr_u8(ct, ATTR_ICMP_CODE, 0);
                nfct_set_attr_u16(ct, ATTR_ICMP_ID, source);
        } else if (protocol != 50) {
                nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, source);
                nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, destination);
                nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, destination);
                nfct_set_attr_u16(ct, ATTR_REPL_PORT_DST,
                        translated && draw(2) ? htons((uint16_t)draw(65536)) : source);
        }
        nfct_set_attr_u32(ct, ATTR_ID, draw(UINT32_MAX));
        if (draw(3) == 0)
                nfct_set_attr_u16(ct, ATTR_ZONE, (uint16_t)(1 + draw(65535)));
        else if (draw(3) == 0)
                nfct_set_attr_u16(ct, ATTR_ORIG_ZONE, (uint16_t)(1 + draw(65535)));
        nfct_set_attr_u32(ct, ATTR_MARK, draw(10));
        nfct_set_attr_u32(ct, ATTR_TIMEOUT, draw(1000));
        return ct;
}

/* The line that conntrack -E -o timestamp,id prints of it, read. */
static void read_line(const struct nf_conntrack *ct, bool is_new, struct collected *ret)
{
        char printed[1024], line[1200];
        const struct text_options options = {.exporter = 7, .loss_reported = true};

        nfct_snprintf(printed, sizeof printed, ct, is_new ? NFCT_T_NEW : NFCT_T_DESTROY, NFCT_O_DEFAULT,
                NFCT_OF_ID);
        snprintf(line, sizeof line, "[%lld.%03lld]\t%s\n", (long long)(RECEIPT / 1000),
                (long long)(RECEIPT % 1000), printed);
        assert_int_equal(collect(&text_format_conntrack, &options, slice_of(line), ret), 0);
}

static void same_as_the_line(void **state)
{
        static struct collected line;
        size_t compared = 0;

        (void)state;
        for (unsigned i = 0; i < 20000; i++) {
                struct nf_conntrack *ct = draw_entry();
                bool is_new = draw(2);
                struct nlmsghdr *head = mnl_nlmsg_put_header(made);
                head->nlmsg_type = is_new ? NEW : DESTROY;
                head->nlmsg_flags = is_new ? FRESH : 0;
                struct nfgenmsg *family = mnl_nlmsg_put_extra_header(head, sizeof *family);
                family->nfgen_family = AF_INET;
                assert_int_equal(nfct_nlmsg_build(head, ct), 0);
                /* Only a dump of the kernel's has it. */
                mnl_attr_put_u32(head, 12, htonl(nfct_get_attr_u32(ct, ATTR_ID)));
                made_length = head->nlmsg_len;
                c.event_count = 0;
                uint64_t used = conntrack_decoder_counts(decoder).used;
                const struct decode_sink sink = {
                        .context = &c, .event = collect_event, .refused = collect_refused};
                assert_int_equal(conntrack_decode(decoder, RECEIPT, made, made_length, &sink), 0);
                made_length = 0;
                assert_int_equal(conntrack_decoder_counts(decoder).used, used + c.event_count);
                read_line(ct, is_new, &line);
                assert_int_equal(c.event_count, line.event_count);
                if (c.event_count) {
                        assert_memory_equal(&c.events[0], &line.events[0],
                                offsetof(struct nat_event, flags) + 1); /* padding follows */
                        compared++;
                }
                collected_free(&line);
                nfct_destroy(ct);
        }
        assert_int_equal(c.refused_count, 0);
        assert_true(compared > 10000);
}
#else
static void same_as_the_line(void **state)
{
        (void)state;
        print_message("SKIP: libnetfilter_conntrack was not there when this was built\n");
        skip();
}
#endif

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(opens_and_closes, begin, end),
                cmocka_unit_test_setup_teardown(icmp_and_zones, begin, end),
                cmocka_unit_test_setup_teardown(binds_nothing, begin, end),
                cmocka_unit_test_setup_teardown(times_of_the_kernel, begin, end),
                cmocka_unit_test_setup_teardown(listing, begin, end),
                cmocka_unit_test_setup_teardown(listing_without_ends, begin, end),
                cmocka_unit_test_setup_teardown(refuses_what_contradicts_itself, begin, end),
                cmocka_unit_test_setup_teardown(damage, begin, end),
                cmocka_unit_test_setup_teardown(hearing, begin, end),
                cmocka_unit_test_setup_teardown(same_as_the_line, begin, end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
