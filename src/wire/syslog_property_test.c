/* SPDX-License-Identifier: EUPL-1.2 */
/* decode(encode(x)) = x for random events, with encoders that share nothing with the decoder. And one byte
 * changed: the line is refused, or says the same, or says what the byte says and nothing else. */
#include "wire/syslog_fixture_test.h"

#include <ctype.h>

#define ROUNDS 300
#define LONGEST 1500

static uint64_t random_state = 20260706;

static uint32_t random_number(uint32_t below)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (uint32_t)(random_state >> 20) % below;
}

struct shown {
        char inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX], destination[ADDRESS_TEXT_MAX];
        struct civil at;
        bool opens;
};

static struct shown show(const struct nat_event *e)
{
        struct shown s = {.at = time_to_civil(e->time_ms), .opens = e->action == NAT_OPEN};
        struct address outside = address_from_ipv4(e->outside);

        address_format(&e->inside, s.inside);
        address_format(&outside, s.outside);
        address_format(&e->destination, s.destination);
        return s;
}

static const char *month_name(int month)
{
        static const char *const months[] = {
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        return months[month - 1];
}

#define BSD "%s %2d %02d:%02d:%02d "
#define BSD_OF(s) month_name((s).at.month), (s).at.day, (s).at.hour, (s).at.minute, (s).at.second
#define ISO "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ "
#define ISO_OF(s)                                                                                            \
        (s).at.year, (s).at.month, (s).at.day, (s).at.hour, (s).at.minute, (s).at.second, (s).at.millisecond

static void encode_pba(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                "RT_NAT - RT_SRC_NAT_PBA_%s [internal-ip=\"%s\" block-used=\"1\" block-max-per-host=\"4\" "
                "block-port-low=\"%u\" block-port-high=\"%u\" reflexive-ip=\"%s\" nat-pool-name=\"p\" "
                "logical-system-id=\"%u\" epoch-time-64=\"%llx\"]",
                s.opens ? "ALLOC" : "RELEASE", s.inside, e->port_first, e->port_last, s.outside, e->vrf,
                (unsigned long long)(e->time_ms / 1000));
}

static void encode_pba_text(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                BSD "nat1 RT_NAT: RT_SRC_NAT_PBA_%s: Subscriber %s used/maximum [1/4] blocks, %s port block "
                    "[%u-%u] from %s in source pool p lsys_id: %u epoch 0x%llx",
                BSD_OF(s), s.opens ? "ALLOC" : "RELEASE", s.inside, s.opens ? "allocates" : "releases",
                e->port_first, e->port_last, s.outside, e->vrf, (unsigned long long)(e->time_ms / 1000));
}

static void encode_flow(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                "<14>1 " ISO
                "nat1 RT_FLOW - RT_FLOW_SESSION_%s [junos@2636.1.1.1.2.135 source-address=\"%s\" "
                "source-port=\"%u\" destination-address=\"%s\" destination-port=\"%u\" "
                "nat-source-address=\"%s\" nat-source-port=\"%u\" protocol-id=\"%u\" policy-name=\"x\"]",
                ISO_OF(s), s.opens ? "CREATE" : "CLOSE", s.inside, e->inside_port, s.destination,
                e->destination_port, s.outside, e->port_first, e->protocol);
}

static void encode_ms_session(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                BSD "nat1 {set}[jservices-nat]: JSERVICES_SESSION_%s: application:none, xe-3/1/1.0 %s:%u "
                    "[%s:%u] -> %s:%u (%s)",
                BSD_OF(s), s.opens ? "OPEN" : "CLOSE", s.inside, e->inside_port, s.outside, e->port_first,
                s.destination, e->destination_port, e->protocol == 6 ? "TCP" : "UDP");
}

static void encode_ms_block(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST, BSD "nat1 {set}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_%s: %s -> %s:%u-%u",
                BSD_OF(s), s.opens ? "ALLOC" : "RELEASE", s.inside, s.outside, e->port_first, e->port_last);
}

static void encode_a10(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST, BSD "nat1 NAT:%04d%02d%02d%02d%02d%02d 3e2d PortBatchV2%s: [%s %s %u %u]",
                BSD_OF(s), s.at.year, s.at.month, s.at.day, s.at.hour, s.at.minute, s.at.second,
                s.opens ? "Allocated" : "Freed", s.inside, s.outside, e->port_first, e->port_last);
}

static void encode_6wind_block(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                BSD "nat1 fp-cgnat[7]: USER %s (matching rule 1): %s BLOCK (pool \"p\", ip public %s, proto "
                    "%u, port %u - %u)",
                BSD_OF(s), s.inside, s.opens ? "NEW" : "DESTROY", s.outside, e->protocol, e->port_first,
                e->port_last);
}

static void encode_6wind(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                BSD "nat1 fp-cgnat[7]: %s CONN: fwd proto %u %s:%u -> %s:%u, back proto %u x --> %s:%u",
                BSD_OF(s), s.opens ? "NEW" : "DESTROY", e->protocol, s.inside, e->inside_port, s.destination,
                e->destination_port, e->protocol, s.outside, e->port_first);
}

static void encode_nfware_block(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST, "<134>1 " ISO "nat1 nfware 7 - - %c VRF %u INT %s EXT %s:%u-%u", ISO_OF(s),
                s.opens ? 'A' : 'D', e->vrf, s.inside, s.outside, e->port_first, e->port_last);
}

static void encode_nfware(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                "<134>1 " ISO "nat1 nfware 7 - - %c VRF %u %u INT %s:%u EXT %s:%u DST %s:%u DIR OUT",
                ISO_OF(s), s.opens ? 'A' : 'D', e->vrf, e->protocol, s.inside, e->inside_port, s.outside,
                e->port_first, s.destination, e->destination_port);
}

static void encode_huawei(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        bool is_nat64 = !address_is_ipv4(&e->inside);
        snprintf(line, LONGEST,
                "<134>1 %04d %s %02d %02d:%02d:%02d 192.0.2.1 test - %s:Sessionbased%c [%u %s%s%s %s %u %u "
                "-]",
                s.at.year, BSD_OF(s), is_nat64 ? "NAT64" : "NAT444", s.opens ? 'A' : 'W', e->protocol,
                is_nat64 ? "- " : "", s.inside, is_nat64 ? "" : " -", s.outside, e->inside_port,
                e->port_first);
}

static void encode_fortinet(const struct nat_event *e, char *line)
{
        struct shown s = show(e);
        snprintf(line, LONGEST,
                BSD "nat1 date=%04d-%02d-%02d time=%02d:%02d:%02d sn=F2K vd=v pid=1 type=sess "
                    "act=%s tran=snat proto=%u sip=%s dip=%s sport=%u dport=%u nsip=%s nsport=%u sentp=0",
                BSD_OF(s), s.at.year, s.at.month, s.at.day, s.at.hour, s.at.minute, s.at.second,
                s.opens ? "start" : "end", e->protocol, s.inside, s.destination, e->inside_port,
                e->destination_port, s.outside, e->port_first);
}

static const struct encoder {
        void (*encode)(const struct nat_event *event, char *line);
        uint8_t kind;
        bool own_time, in_milliseconds, has_destination, has_vrf, has_system, has_protocol, takes_ipv6;
} encoders[] = {
        {.encode = encode_pba, .kind = NAT_BLOCK, .takes_ipv6 = true, .has_system = true},
        {.encode = encode_pba_text, .kind = NAT_BLOCK, .own_time = true, .has_system = true},
        {.encode = encode_flow,
                .kind = NAT_SESSION,
                .in_milliseconds = true,
                .has_destination = true,
                .has_protocol = true,
                .takes_ipv6 = true},
        {.encode = encode_ms_session, .kind = NAT_SESSION, .has_destination = true, .has_protocol = true},
        {.encode = encode_ms_block, .kind = NAT_BLOCK, .takes_ipv6 = true},
        {.encode = encode_a10, .kind = NAT_BLOCK, .own_time = true},
        {.encode = encode_6wind_block, .kind = NAT_BLOCK, .has_protocol = true, .takes_ipv6 = true},
        {.encode = encode_6wind, .kind = NAT_SESSION, .has_destination = true, .has_protocol = true},
        {.encode = encode_nfware_block,
                .kind = NAT_BLOCK,
                .in_milliseconds = true,
                .has_vrf = true,
                .takes_ipv6 = true},
        {.encode = encode_nfware,
                .kind = NAT_SESSION,
                .in_milliseconds = true,
                .has_destination = true,
                .has_vrf = true,
                .has_protocol = true},
        {.encode = encode_huawei, .kind = NAT_SESSION, .has_protocol = true, .takes_ipv6 = true},
        {.encode = encode_fortinet,
                .kind = NAT_SESSION,
                .own_time = true,
                .has_destination = true,
                .has_protocol = true},
};

static struct nat_event random_event(const struct encoder *encoder)
{
        struct nat_event e = {.kind = encoder->kind,
                .action = random_number(2) ? NAT_OPEN : NAT_CLOSE,
                .inside = address_from_ipv4(0x64400000u + random_number(1u << 22)),
                .outside = 0xc6336400u + random_number(256),
                .exporter = 77};
        uint16_t ports[2] = {(uint16_t)(1 + random_number(65535)), (uint16_t)(1 + random_number(65535))};
        bool is_block = encoder->kind == NAT_BLOCK;

        e.time_ms = fixture_time("2026-02-01T00:00:00Z") + (int64_t)random_number(300 * 86400) * 1000 +
                    (encoder->in_milliseconds ? random_number(1000) : 0);
        if (e.action == NAT_CLOSE && !encoder->in_milliseconds)
                e.time_ms += 999;
        if (encoder->takes_ipv6 && random_number(3) == 0) {
                static const uint8_t prefix[4] = {0x20, 0x01, 0x0d, 0xb8};
                memcpy(e.inside.bytes, prefix, 4);
                for (int i = 4; i < 16; i++)
                        e.inside.bytes[i] = (uint8_t)random_number(256);
        }
        e.port_first = is_block && ports[1] < ports[0] ? ports[1] : ports[0];
        e.port_last = !is_block ? ports[0] : ports[1] < ports[0] ? ports[0] : ports[1];
        e.protocol = encoder->has_protocol ? (random_number(2) ? 6 : 17) : 0;
        e.vrf = encoder->has_vrf ? random_number(5000) : encoder->has_system ? e.port_first % 5 : 0;
        if (!is_block) {
                e.inside_port = (uint16_t)random_number(65536);
                e.flags |= NAT_HAS_INSIDE_PORT;
        }
        if (encoder->has_destination) {
                e.destination = address_from_ipv4(0xcb007100u + random_number(256));
                e.destination_port = (uint16_t)random_number(65536);
                e.flags |= NAT_HAS_DESTINATION;
        }
        return e;
}

static int utc(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        (void)context;
        (void)ret_second;
        *ret_instant = time_from_civil(civil);
        return 0;
}

static void read_line(const char *line)
{
        static const struct local_clock clock_utc = {.to_instant = utc};
        struct text_options options = {
                .exporter = 77, .loss_reported = true, .clock = &clock_utc, .year = 2026};

        collected_free(&c);
        assert_int_equal(collect(&text_format_syslog, &options, slice_of(line), &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
}

/* What an event says as text, and what the text leaves out. */
static bool is_event(const struct nat_event *event)
{
        char expected[400];

        if (c.event_count != 1)
                return false;
        snprintf(expected, sizeof expected, "%s", fixture_event(event));
        return strcmp(expected, fixture_event(&c.events[0])) == 0 && c.events[0].flags == event->flags &&
               c.events[0].session == event->session && c.events[0].exporter == event->exporter;
}

static void what_is_written_is_read(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof encoders / sizeof encoders[0]; i++)
                for (int round = 0; round < ROUNDS; round++) {
                        struct nat_event event = random_event(&encoders[i]);
                        char line[LONGEST];
                        encoders[i].encode(&event, line);
                        read_line(line);
                        if (!is_event(&event))
                                fail_msg("%s\n  gave %s (%s)", line,
                                        c.event_count ? fixture_event(&c.events[0]) : "nothing",
                                        c.last_detail);
                }
}

/* Without what may be written differently: case, more than one blank, zeros before a number. */
static void normalise(const char *line, char *ret)
{
        char before = ' ';

        for (; *line; line++) {
                char now = *line == '\t' ? ' ' : (char)tolower((unsigned char)*line);
                bool is_zero =
                        now == '0' && !isdigit((unsigned char)before) && isdigit((unsigned char)line[1]);
                if (!(now == ' ' && before == ' ') && !is_zero)
                        *ret++ = now;
                if (!is_zero)
                        before = now;
        }
        *ret = '\0';
}

/* The lines that were read as another program's: damage in the beginning of a message may do that where it
 * has no second mark. It must stay rare. */
static unsigned silent;

static void check_mutation(const struct encoder *encoder, const struct nat_event *event, const char *changed)
{
        char again[LONGEST], left[LONGEST], right[LONGEST];

        read_line(changed);
        uint64_t refused = 0;
        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                refused += c.counts.refused[i];
        if (c.event_count == 0) {
                silent += refused == 0;
                return;
        }
        assert_int_equal(refused, 0);
        if (is_event(event))
                return;
        assert_int_equal(c.event_count, 1);
        /* A VRF may have a name, whose number cannot be written again; a key that need not come is not
         * missed. */
        bool is_unkeyed = encoder->encode == encode_pba && c.events[0].vrf == 0 && event->vrf != 0;
        if (c.events[0].vrf >> 31 || is_unkeyed) {
                c.events[0].vrf = event->vrf;
                assert_true(is_event(event));
                return;
        }
        /* Other protocols have no ports, or other ones, to write again. */
        if (c.events[0].protocol != event->protocol && c.events[0].protocol != 6 &&
                c.events[0].protocol != 17) {
                assert_memory_equal(&c.events[0].inside, &event->inside, sizeof event->inside);
                assert_int_equal(c.events[0].outside, event->outside);
                return;
        }
        encoder->encode(&c.events[0], again);
        /* Where the message has a time of its own, that of the header says nothing. */
        normalise(encoder->own_time ? strstr(again, "nat1") : again, left);
        normalise(encoder->own_time ? strstr(changed, "nat1") : changed, right);
        if (strcmp(left, right) != 0)
                fail_msg("%s\n  gave %s\n  which is %s", changed, fixture_event(&c.events[0]), again);
}

static void a_changed_byte_says_no_more_than_itself(void **state)
{
        static const char bytes[] = "0123456789abcdfxAZ .:,-/[]()=\"%\t";
        unsigned tried = 0;

        (void)state;
        silent = 0;
        for (size_t i = 0; i < sizeof encoders / sizeof encoders[0]; i++)
                for (int round = 0; round < ROUNDS; round++) {
                        struct nat_event event = random_event(&encoders[i]);
                        char line[LONGEST];
                        encoders[i].encode(&event, line);
                        size_t at = random_number((uint32_t)strlen(line));
                        char byte = bytes[random_number(sizeof bytes - 1)];
                        if (line[at] == byte)
                                continue;
                        line[at] = byte;
                        tried++;
                        check_mutation(&encoders[i], &event, line);
                }
        printf("%u damaged lines, %u of them taken for another program's\n", tried, silent);
        if (silent * 50 > tried)
                fail_msg("%u of %u damaged lines were taken for another program's", silent, tried);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(a_changed_byte_says_no_more_than_itself),
        };
        return cmocka_run_group_tests(tests, NULL, fixture_end);
}
