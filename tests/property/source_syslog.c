/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines as the documents of each vendor show them (doc/format/syslog.md names these). */
#include "source.h"

#include "base/time.h"

#include <inttypes.h>

/* The last Sundays of March and October 2026, 01:00 UTC. */
#define SUMMER_FROM INT64_C(1774746000000)
#define SUMMER_TO INT64_C(1792890000000)

static int offset_minutes(const struct telling *t, int64_t at)
{
        return !t->local ? 0 : at >= SUMMER_FROM && at < SUMMER_TO ? 120 : 60;
}

static struct civil reading(const struct telling *t, int64_t at)
{
        return time_to_civil(at + offset_minutes(t, at) * TIME_MINUTE);
}

static const char *month_name(int month)
{
        static const char names[12][4] = {
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        return names[month - 1];
}

static const char *host_name(const struct telling *t, const struct told *told)
{
        return t->relayed && told->hold->outside != OUTSIDE_FIRST ? "nat1" : "nat0";
}

static void whole_seconds(struct telling *t)
{
        t->grain_ms = 1000;
}

/* A header that a relay writes: of RFC 3164 with or without a fraction, or ISO 8601. */
static void put_head(struct telling *t, const struct told *told, int64_t at, FILE *file)
{
        struct civil c = reading(t, at);
        int offset = offset_minutes(t, at);

        if (t->style % 3 == 2) {
                fprintf(file, "<134>%04d-%02d-%02dT%02d:%02d:%02d.%03d+%02d:%02d %s ", c.year, c.month, c.day,
                        c.hour, c.minute, c.second, c.millisecond, offset / 60, offset % 60,
                        host_name(t, told));
                return;
        }
        t->needs_zone = t->needs_year = true;
        fprintf(file, "%s %2d %02d:%02d:%02d", month_name(c.month), c.day, c.hour, c.minute, c.second);
        if (t->style % 3 == 1)
                fprintf(file, ".%03d", c.millisecond);
        else
                whole_seconds(t);
        fprintf(file, " %s ", host_name(t, told));
}

/* RFC 5424, and the form of it that Huawei and IOS XR write. */
static void put_head_5424(struct telling *t, const struct told *told, int64_t at, FILE *file)
{
        struct civil c = reading(t, at);
        int offset = offset_minutes(t, at);

        fprintf(file, "<14>1 %04d-%02d-%02dT%02d:%02d:%02d.%03d+%02d:%02d %s ", c.year, c.month, c.day,
                c.hour, c.minute, c.second, c.millisecond, offset / 60, offset % 60, host_name(t, told));
}

static void put_head_loose(struct telling *t, const struct told *told, int64_t at, FILE *file)
{
        struct civil c = reading(t, at);

        whole_seconds(t);
        t->needs_zone = true;
        fprintf(file, "<134>1 %04d %s %02d %02d:%02d:%02d %s ", c.year, month_name(c.month), c.day, c.hour,
                c.minute, c.second, host_name(t, told));
}

/* The texts of a hold's addresses. */
struct names {
        char inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX], destination[ADDRESS_TEXT_MAX];
};

static struct names names_of(const struct hold *h)
{
        struct names n;
        dotted(h->inside, n.inside);
        dotted(h->outside, n.outside);
        dotted(h->destination, n.destination);
        return n;
}

#define PROTOCOL(h) ((h)->protocol == 6 ? "TCP" : "UDP")

static int juniper_pba(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        static const char *const words[] = {"ALLOC", "RELEASE", "INTERIM"}, *const verbs[] = {"allocates",
                                                                                    "releases", "interim"};
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        /* An interim repeats when the block was allocated. */
        int64_t epoch = (told->what == TELL_ALIVE ? log_clock(t->world, h->from) : shown) / 1000;

        whole_seconds(t);
        if (t->style & 8 || told->what == TELL_ALIVE) {
                put_head_5424(t, told, shown, f);
                fprintf(f,
                        "RT_NAT - RT_SRC_NAT_PBA_%s [junos@2636.1.1.1.2.135 internal-ip=\"%s\" "
                        "block-used=\"1\" "
                        "block-max-per-host=\"4\" block-port-low=\"%u\" block-port-high=\"%u\" "
                        "reflexive-ip=\"%s\" "
                        "nat-pool-name=\"p\" logical-system-id=\"0\" epoch-time-64=\"%" PRIx64 "\"]\n",
                        words[told->what], n.inside, h->port_first, h->port_last, n.outside, (uint64_t)epoch);
                return 1;
        }
        put_head(t, told, shown, f);
        fprintf(f,
                "RT_NAT: RT_SRC_NAT_PBA_%s: Subscriber %s used/maximum [1/4] blocks, %s port block [%u-%u] "
                "from %s in "
                "source pool p lsys_id: 0 epoch 0x%" PRIx64 "\n",
                words[told->what], n.inside, verbs[told->what], h->port_first, h->port_last, n.outside,
                (uint64_t)epoch);
        return 1;
}

static int juniper_flow(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        bool closes = told->what == TELL_CLOSE;

        if (told->what == TELL_ALIVE || (closes && t->source->flags & SOURCE_NO_ENDS) ||
                (!closes && t->source->flags & SOURCE_ENDS))
                return 0;
        put_head_5424(t, told, shown, f);
        fprintf(f,
                "RT_FLOW - RT_FLOW_SESSION_%s [junos@2636.1.1.1.2.135 %ssource-address=\"%s\" "
                "source-port=\"%u\" "
                "destination-address=\"%s\" destination-port=\"%u\" nat-source-address=\"%s\" "
                "nat-source-port=\"%u\" "
                "protocol-id=\"%u\" policy-name=\"x\"",
                closes ? "CLOSE" : "CREATE", closes ? "reason=\"TCP FIN\" " : "", n.inside, h->inside_port,
                n.destination, h->destination_port, n.outside, h->port_first, h->protocol);
        if (closes)
                fprintf(f, " elapsed-time=\"%" PRId64 "\"", (h->to - h->from) / 1000);
        fprintf(f, "]\n");
        return 1;
}

static int juniper_ms(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        static const char *const words[] = {"ALLOC", "RELEASE", "ACTIVE"};
        const struct hold *h = told->hold;
        struct names n = names_of(h);

        put_head(t, told, shown, f);
        if (t->world->scenario.kind == NAT_BLOCK)
                fprintf(f, "{s}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_%s: %s -> %s:%u-%u 0x%" PRIx64 "\n",
                        words[told->what], n.inside, n.outside, h->port_first, h->port_last,
                        (uint64_t)(shown / 1000));
        else
                fprintf(f,
                        "{s}[jservices-nat]: JSERVICES_SESSION_%s: application:none, xe-3/1/1.0 %s:%u "
                        "[%s:%u] -> %s:%u (%s)\n",
                        told->what == TELL_OPEN ? "OPEN" : "CLOSE", n.inside, h->inside_port, n.outside,
                        h->port_first, n.destination, h->destination_port, PROTOCOL(h));
        return 1;
}

static int a10(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil c = reading(t, shown);

        put_head(t, told, shown, f);
        if (t->world->scenario.kind == NAT_BLOCK) {
                whole_seconds(t);
                t->needs_zone = true;
                fprintf(f, "NAT:%04d%02d%02d%02d%02d%02d 3e2d PortBatchV2%s: [%s %s %u %u]\n", c.year,
                        c.month, c.day, c.hour, c.minute, c.second,
                        told->what == TELL_OPEN ? "Allocated" : "Freed", n.inside, n.outside, h->port_first,
                        h->port_last);
        } else if (t->world->scenario.kind == NAT_MAPPING) {
                fprintf(f, "NAT-%s-%c: %s:%u<-->%s:%u to 203.0.113.1:443\n", PROTOCOL(h),
                        told->what == TELL_OPEN ? 'C' : 'D', n.inside, h->inside_port, n.outside,
                        h->port_first);
        } else {
                fprintf(f, "NAT-%s-%c: %s:%u<->%s:%u,%s:%u<-->%s:%u\n", PROTOCOL(h),
                        told->what == TELL_OPEN ? 'C' : 'D', n.inside, h->inside_port, n.destination,
                        h->destination_port, n.destination, h->destination_port, n.outside, h->port_first);
        }
        return 1;
}

static int six_wind(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        const char *word = told->what == TELL_OPEN ? "NEW" : "DESTROY";

        if (t->world->scenario.kind != NAT_BLOCK) {
                put_head(t, told, shown, f);
                fprintf(f,
                        "fp-cgnat[7]: %s CONN: fwd proto %u %s:%u -> %s:%u, back proto %u %s:%u --> %s:%u\n",
                        word, h->protocol, n.inside, h->inside_port, n.destination, h->destination_port,
                        h->protocol, n.destination, h->destination_port, n.outside, h->port_first);
                return 1;
        }
        for (unsigned protocol = 6; protocol <= 17; protocol += 11) {
                put_head(t, told, shown, f);
                fprintf(f,
                        "fp-cgnat[7]: USER %s (matching rule 1): %s BLOCK (pool \"p\", ip public %s, proto "
                        "%u, port %u - %u)\n",
                        n.inside, word, n.outside, protocol, h->port_first, h->port_last);
        }
        return 1;
}

static int nfware(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        char word = told->what == TELL_OPEN ? 'A' : 'D';

        put_head_5424(t, told, shown, f);
        fprintf(f, "nfware 7 - - %c VRF 0 ", word);
        if (t->world->scenario.kind == NAT_BLOCK)
                fprintf(f, "INT %s EXT %s:%u-%u\n", n.inside, n.outside, h->port_first, h->port_last);
        else
                fprintf(f, "%u INT %s:%u EXT %s:%u", h->protocol, n.inside, h->inside_port, n.outside,
                        h->port_first);
        if (t->world->scenario.kind == NAT_SESSION)
                fprintf(f, " DST %s:%u DIR OUT", n.destination, h->destination_port);
        if (t->world->scenario.kind != NAT_BLOCK)
                fprintf(f, "\n");
        return 1;
}

static int huawei(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);

        put_head_loose(t, told, shown, f);
        fprintf(f, "test - NAT444:Sessionbased%c [%u %s - %s %u %u -]\n", told->what == TELL_OPEN ? 'A' : 'W',
                h->protocol, n.inside, n.outside, h->inside_port, h->port_first);
        return 1;
}

static int fortinet(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil c = reading(t, shown);
        bool closes = told->what == TELL_CLOSE;

        if (!closes && t->source->flags & SOURCE_ENDS)
                return 0;
        whole_seconds(t);
        put_head(t, told, shown, f);
        t->needs_zone = true;
        fprintf(f,
                "date=%04d-%02d-%02d time=%02d:%02d:%02d sn=F2K vd=v pid=1 type=sess act=%s tran=snat "
                "proto=%u ipold=v4 "
                "ipnew=v4 sip=%s dip=%s sport=%u dport=%u nsip=%s ndip=%s nsport=%u ndport=%u",
                c.year, c.month, c.day, c.hour, c.minute, c.second, closes ? "end" : "start", h->protocol,
                n.inside, n.destination, h->inside_port, h->destination_port, n.outside, n.destination,
                h->port_first, h->destination_port);
        if (closes)
                fprintf(f, " dur=%" PRId64, h->to - h->from);
        fprintf(f, " sentp=0 sentb=0 rcvdp=0 rcvdb=0\n");
        return 1;
}

/* The router's own time, with the year and a zone or without both. */
static int iosxe(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil c = reading(t, shown);
        bool mapping = t->world->scenario.kind == NAT_MAPPING;
        char destination[ADDRESS_TEXT_MAX + 8], year[8] = "";

        if (t->style & 4)
                snprintf(year, sizeof year, "%04d ", c.year);
        else
                t->needs_year = true;
        if (t->local)
                t->needs_zone = true;
        snprintf(destination, sizeof destination, "%s:%u", mapping ? "0.0.0.0" : n.destination,
                mapping ? 0 : h->destination_port);
        fprintf(f,
                "<190>4711: %s: %s %2d %s%02d:%02d:%02d.%03d %s: %s%%NAT-6-LOG_TRANSLATION: %s Translation "
                "%s %s:%u %s:%u %s %s 0\n",
                host_name(t, told), month_name(c.month), c.day, year, c.hour, c.minute, c.second,
                c.millisecond, t->local ? "CET" : "UTC",
                t->style & 8 ? "%IOSXE-6-PLATFORM: F0: cpp_cp: QFP:0.0 Thread:001 TS:00000012345678 " : "",
                told->what == TELL_OPEN ? "Created" : "Deleted", PROTOCOL(h), n.inside, h->inside_port,
                n.outside, h->port_first, destination, destination);
        return 1;
}

static int iosxr(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        char word = told->what == TELL_OPEN ? 'A' : 'W';

        put_head_loose(t, told, shown, f);
        if (t->world->scenario.kind == NAT_BLOCK)
                fprintf(f, "- - NAT44 - [Userbased%c - %s 0 - %s - %u %u - -]\n", word, n.inside, n.outside,
                        h->port_first, h->port_last);
        else if (t->world->scenario.kind == NAT_MAPPING)
                fprintf(f, "- - NAT44 - [Sessionbased%c %u %s 0 - %s %u %u - - -]\n", word, h->protocol,
                        n.inside, n.outside, h->inside_port, h->port_first);
        else
                fprintf(f, "- - NAT44 - [Sessionbased%s %u %s 0 - %s %u %u - %s %u]\n",
                        word == 'A' ? "AD" : "WD", h->protocol, n.inside, n.outside, h->inside_port,
                        h->port_first, n.destination, h->destination_port);
        return 1;
}

static int asa(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        static const char *const blocks[] = {
                "305014: Allocated", "305015: Released", "305017: Pba-interim-logging: Active"};
        const struct hold *h = told->hold;
        struct names n = names_of(h);

        if (t->world->scenario.kind == NAT_BLOCK) {
                for (int protocol = 0; protocol < 2; protocol++) {
                        put_head(t, told, shown, f);
                        fprintf(f,
                                ": %%ASA-6-%s %s block of ports for translation from inside:%s to "
                                "outside:%s/%u-%u\n",
                                blocks[told->what], protocol ? "UDP" : "TCP", n.inside, n.outside,
                                h->port_first, h->port_last);
                }
                return 1;
        }
        if (told->what == TELL_ALIVE)
                return 0;
        put_head(t, told, shown, f);
        fprintf(f, ": %%ASA-6-%s dynamic %s translation from inside:%s/%u to outside:%s/%u%s\n",
                told->what == TELL_OPEN ? "305011: Built" : "305012: Teardown", PROTOCOL(h), n.inside,
                h->inside_port, n.outside, h->port_first, told->what == TELL_OPEN ? "" : " duration 0:00:30");
        return 1;
}

static int asa_connections(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);

        if (told->what == TELL_CLOSE)
                return 0;
        put_head(t, told, shown, f);
        fprintf(f,
                ": %%ASA-6-%s: Built outbound %s connection 29 for outside:%s/%u (%s/%u) to inside:%s/%u "
                "(%s/%u)\n",
                h->protocol == 6 ? "302013" : "302015", PROTOCOL(h), n.destination, h->destination_port,
                n.destination, h->destination_port, n.inside, h->inside_port, n.outside, h->port_first);
        return 1;
}

static int mikrotik(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);

        if (told->what == TELL_CLOSE)
                return 0;
        put_head(t, told, shown, f);
        fprintf(f,
                "firewall,info forward: in:ether1 out:ether2, connection-state:established,snat proto %s%s, "
                "%s:%u->%s:%u, NAT "
                "(%s:%u->%s:%u)->%s:%u, len 40\n",
                PROTOCOL(h), h->protocol == 6 ? " (ACK)" : "", n.inside, h->inside_port, n.destination,
                h->destination_port, n.inside, h->inside_port, n.outside, h->port_first, n.destination,
                h->destination_port);
        return 1;
}

/* NAT64: the inside host is 2001:db8::/96 and the world's number of it. */
static int jool(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil c = time_to_civil(shown);
        char inside[64];

        whole_seconds(t);
        snprintf(inside, sizeof inside, "2001:db8::%x:%x#%u", h->inside >> 16, h->inside & 0xffff,
                h->inside_port);
        put_head(t, told, shown, f);
        fprintf(f, "kernel: [  312.493235] alpha %04d/%d/%d %d:%d:%d (GMT) - ", c.year, c.month, c.day,
                c.hour, c.minute, c.second);
        if (t->world->scenario.kind == NAT_MAPPING)
                fprintf(f, "%s %s to %s#%u (%s)\n", told->what == TELL_OPEN ? "Mapped" : "Forgot", inside,
                        n.outside, h->port_first, PROTOCOL(h));
        else
                fprintf(f, "%s session %s|64:ff9b::cb00:7109#%u|%s#%u|%s#%u|%s\n",
                        told->what == TELL_OPEN ? "Added" : "Forgot", inside, h->destination_port, n.outside,
                        h->port_first, n.destination, h->destination_port, PROTOCOL(h));
        return 1;
}

static int h3c(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil from = reading(t, log_clock(t->world, h->from)), to = reading(t, shown);
        bool opens = told->what == TELL_OPEN;

        whole_seconds(t);
        t->needs_zone = true;
        fprintf(f,
                "<189>%s %2d %02d:%02d:%02d %04d %s %%%%10USERLOG/7/NAT(l): %s; %s:%u--->%s:%u; %s:%u; "
                "[%04d/%02d/%02d "
                "%02d:%02d:%02d-",
                month_name(to.month), to.day, to.hour, to.minute, to.second, to.year, host_name(t, told),
                PROTOCOL(h), n.inside, h->inside_port, n.outside, h->port_first, n.destination,
                h->destination_port, from.year, from.month, from.day, from.hour, from.minute, from.second);
        if (opens)
                fprintf(f, "0000/00/00 00:00:00]; Operator 8: Data flow created\n");
        else
                fprintf(f, "%04d/%02d/%02d %02d:%02d:%02d]; Operator %d: x\n", to.year, to.month, to.day,
                        to.hour, to.minute, to.second, told->what == TELL_CLOSE ? 1 : 6);
        return 1;
}

static int citrix(struct telling *t, const struct told *told, int64_t shown, FILE *f)
{
        const struct hold *h = told->hold;
        struct names n = names_of(h);
        struct civil c = time_to_civil(shown);

        whole_seconds(t);
        fprintf(f,
                "<134> %02d/%02d/%04d:%02d:%02d:%02d GMT %s 0-PPE-2 : default LSN LSN_ADDRPORT_MAPPING 85 0 "
                ": A&PDM %s Client "
                "IP:Port:TD %s:%u:0, NatIP:NatPort %s:%u, Destination IP:Port:TD %s:%u:0, Protocol: %s\n",
                c.month, c.day, c.year, c.hour, c.minute, c.second, host_name(t, told),
                told->what == TELL_OPEN ? "CREATED" : "DELETED", n.inside, h->inside_port, n.outside,
                h->port_first, n.destination, h->destination_port, PROTOCOL(h));
        return 1;
}

#define LINES(label, family, what, how, function)                                                            \
        {                                                                                                    \
                .name = "syslog " label, .dialect = family, .kinds = (what), .flags = SOURCE_TEXT | (how),   \
                .write = write_source_lines, .line = function                                                \
        }
#define TO SOURCE_DESTINATIONS

const struct source line_sources[] = {
        LINES("juniper-pba", "juniper-pba", BLOCKS, SOURCE_INTERIMS | SOURCE_ZONE, juniper_pba),
        LINES("juniper-flow", "juniper-flow", SESSIONS, TO, juniper_flow),
        LINES("juniper-flow, openings only", "juniper-flow", SESSIONS, TO | SOURCE_NO_ENDS, juniper_flow),
        LINES("juniper-flow, ends only", "juniper-flow", SESSIONS, TO | SOURCE_ENDS, juniper_flow),
        LINES("juniper-ms-mpc sessions", "juniper-ms-mpc", SESSIONS, TO | SOURCE_ZONE, juniper_ms),
        LINES("juniper-ms-mpc blocks", "juniper-ms-mpc", BLOCKS, SOURCE_INTERIMS | SOURCE_ZONE, juniper_ms),
        LINES("a10 batches", "a10", BLOCKS, SOURCE_ZONE, a10),
        LINES("a10 ascii", "a10", SESSIONS | MAPPINGS, TO | SOURCE_ZONE, a10),
        LINES("6wind", "6wind", SESSIONS | BLOCKS, TO | SOURCE_ZONE, six_wind),
        LINES("nfware", "nfware", SESSIONS | MAPPINGS | BLOCKS, TO, nfware),
        LINES("huawei", "huawei", SESSIONS, SOURCE_ZONE, huawei),
        LINES("fortinet", "fortinet", SESSIONS, TO | SOURCE_ZONE, fortinet),
        LINES("fortinet, ends only", "fortinet", SESSIONS, TO | SOURCE_ENDS | SOURCE_ZONE, fortinet),
        LINES("cisco-iosxe", "cisco-iosxe", SESSIONS | MAPPINGS, TO | SOURCE_ZONE, iosxe),
        LINES("cisco-iosxr", "cisco-iosxr", SESSIONS | MAPPINGS | BLOCKS, TO | SOURCE_ZONE, iosxr),
        LINES("cisco-asa", "cisco-asa", MAPPINGS | BLOCKS, SOURCE_INTERIMS | SOURCE_ZONE, asa),
        LINES("cisco-asa connections", "cisco-asa", SESSIONS, SOURCE_GLIMPSES | SOURCE_ZONE, asa_connections),
        LINES("mikrotik", "mikrotik", SESSIONS, TO | SOURCE_GLIMPSES | SOURCE_ZONE, mikrotik),
        LINES("jool", "jool", SESSIONS | MAPPINGS, TO | SOURCE_ZONE, jool),
        LINES("h3c", "h3c", SESSIONS, TO | SOURCE_INTERIMS | SOURCE_ZONE, h3c),
        LINES("citrix", "citrix", SESSIONS, TO | SOURCE_DECLARED, citrix),
};
const size_t line_source_count = sizeof line_sources / sizeof line_sources[0];
