/* SPDX-License-Identifier: EUPL-1.2 */
/* A DHCP server with a known truth writes its lease file in each of the forms; whatever is read out of the
 * file, whole, written anew or cut at any byte, must be true. The encoders are written from the descriptions
 * of the formats and share nothing with the decoders. */
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESSES 3
#define CLIENTS 3
#define SECONDS 400 /* of simulated time */
#define LIFE 60
#define EPOCH INT64_C(1795262400) /* 2026-11-21T12:00:00Z */
#define TEXT_SIZE 60000

enum form { DHCPD4, DHCPD6, KEA4, KEA6, FORMS };

struct server {
        enum form form;
        uint32_t random;
        int now;
        int holder[ADDRESSES]; /* -1: nobody */
        int tenure[ADDRESSES]; /* number of the tenure */
        int given[ADDRESSES], seen[ADDRESSES], ends[ADDRESSES];
        int tenures;
        struct {
                signed char client;
                short tenure;
        } truth[ADDRESSES][SECONDS + LIFE + 1];
        char last[ADDRESSES][600]; /* the last record of each, for a file that is written anew */
        char text[TEXT_SIZE];
        size_t length;
};

static uint32_t dice(struct server *s, uint32_t sides)
{
        s->random = s->random * 1664525u + 1013904223u;
        return (s->random >> 8) % sides;
}

static const char *stamp(int second, char text[40])
{
        char utc[TIME_TEXT_MAX];
        int64_t instant = (EPOCH + second) * TIME_SECOND;

        time_format_utc(instant, utc);
        snprintf(text, 40, "%d %.4s/%.2s/%.2s %.8s", (int)((instant / TIME_DAY + 4) % 7), utc, utc + 5,
                utc + 8, utc + 11);
        return text;
}

static void append(struct server *s, const char *text)
{
        size_t length = strlen(text);

        assert_true(s->length + length < sizeof s->text);
        memcpy(s->text + s->length, text, length + 1);
        s->length += length;
}

/* state: 0 in force, 1 ran out, 2 given back */
static void write_dhcpd(struct server *s, int a, int client, int state)
{
        static const char *const states[] = {"active", "expired", "released"};
        static const char *const states4[] = {"active", "free", "free"};
        char starts[40], ends[40], cltt[40];
        bool six = s->form == DHCPD6;

        stamp(s->given[a], starts);
        stamp(!six && state == 2 ? s->now : s->ends[a], ends);
        stamp(six && state == 2 ? s->now : s->seen[a], cltt);
        if (six)
                snprintf(s->last[a], sizeof s->last[a],
                        "ia-na \"\\001\\002\\003\\004\\000\\003\\000\\001client%d\" {\n  cltt %s;\n  iaaddr "
                        "2001:db8::%d {\n"
                        "    binding state %s;\n    preferred-life 30;\n    max-life 60;\n    ends %s;\n  "
                        "}\n}\n\n",
                        client, cltt, a + 1, states[state], ends);
        else
                snprintf(s->last[a], sizeof s->last[a],
                        "lease 100.64.0.%d {\n  starts %s;\n  ends %s;\n  cltt %s;\n  binding state %s;\n"
                        "  next binding state free;\n  hardware ethernet 02:00:00:00:00:%02x;\n  uid "
                        "\"client%d\";\n}\n",
                        a + 1, starts, ends, cltt, states4[state], client, client);
}

static void write_kea(struct server *s, int a, int client, int state)
{
        long long seen = EPOCH + s->seen[a];
        int life = state == 2 ? 0 : LIFE;

        if (s->form == KEA4)
                snprintf(s->last[a], sizeof s->last[a],
                        "100.64.0.%d,02:00:00:00:00:%02x,63:6c:69:65:6e:74:3%d,%d,%lld,1,0,0,,%d,\n", a + 1,
                        client, client, life, seen + life, state == 1 ? 2 : 0);
        else
                snprintf(s->last[a], sizeof s->last[a],
                        "2001:db8::%d,00:03:00:01:63:6c:69:65:6e:74:3%d,%d,%lld,1,30,0,7,128,0,0,,,%d,,,\n",
                        a + 1, client, life, seen + life, state == 1 ? 2 : 0);
}

static void note(struct server *s, int a, int client, int state)
{
        if (s->form <= DHCPD6)
                write_dhcpd(s, a, client, state);
        else
                write_kea(s, a, client, state);
        append(s, s->last[a]);
}

static void write_head(struct server *s)
{
        static const char *const heads[FORMS] = {"# a lease file\n\nauthoring-byte-order little-endian;\n\n",
                "# a lease file\n\nauthoring-byte-order little-endian;\n\n",
                "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
                "user_context\n",
                "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_"
                "fwd,"
                "fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n"};

        s->length = 0;
        append(s, heads[s->form]);
}

static void act(struct server *s, int a)
{
        int client = (int)dice(s, CLIENTS);

        if (s->holder[a] >= 0 && s->ends[a] <= s->now) {
                /* A server need not note at once, or at all, that a lease ran out. */
                if (dice(s, 3))
                        note(s, a, s->holder[a], 1);
                s->holder[a] = -1;
        }
        switch (dice(s, 12)) {
        case 0: /* given to somebody, if it is free */
        case 1:
                if (s->holder[a] >= 0)
                        break;
                s->holder[a] = client;
                s->tenure[a] = ++s->tenures;
                s->given[a] = s->seen[a] = s->now;
                s->ends[a] = s->now + LIFE;
                note(s, a, client, 0);
                break;
        case 2: /* renewed */
        case 3:
                if (s->holder[a] < 0)
                        break;
                s->given[a] = s->seen[a] = s->now;
                s->ends[a] = s->now + LIFE;
                note(s, a, s->holder[a], 0);
                break;
        case 4: /* given back */
                if (s->holder[a] < 0 || dice(s, 2))
                        break;
                note(s, a, s->holder[a], 2);
                s->holder[a] = -1;
                break;
        default:
                break;
        }
}

/* A file is written anew with the last record of each address (dhcpd every hour, Kea by its cleanup). */
static void serve(struct server *s, enum form form, uint32_t seed, int anew, int until)
{
        *s = (struct server){.form = form, .random = seed, .holder = {-1, -1, -1}};
        write_head(s);
        for (s->now = 0; s->now < until; s->now++) {
                for (int a = 0; a < ADDRESSES; a++)
                        act(s, a);
                for (int a = 0; a < ADDRESSES; a++) {
                        bool held = s->holder[a] >= 0 && s->now < s->ends[a];
                        s->truth[a][s->now].client = held ? (signed char)s->holder[a] : -1;
                        s->truth[a][s->now].tenure = (short)s->tenure[a];
                }
                if (s->now == anew) {
                        write_head(s);
                        for (int a = 0; a < ADDRESSES; a++)
                                append(s, s->last[a]);
                }
        }
}

static int client_of(const struct lease_event *lease)
{
        const char *name = lease->subscriber;

        if (strncmp(name, "client-id client", 16) == 0)
                return name[16] - '0';
        /* A DUID is no text: its last byte is the digit. */
        assert_int_equal(strncmp(name, "duid 00:03:00:01:63:6c:69:65:6e:74:3", 36), 0);
        return name[36] - '0';
}

static int second_of(int64_t instant)
{
        return (int)(instant / TIME_SECOND - EPOCH);
}

static void check_true(const struct server *s, const struct lease_event *lease)
{
        int a = lease->prefix.address.bytes[15] - 1, client = client_of(lease);
        int from = second_of(lease->from_ms), to = second_of(lease->to_ms);

        assert_in_range(a, 0, ADDRESSES - 1);
        assert_int_equal(lease->flags, LEASE_ANY_VRF | LEASE_RENEWABLE);
        assert_in_range(from, 0, SECONDS - 1);
        assert_true(to >= from && to < SECONDS + LIFE);
        /* Times are cut to the second; within the last one it may have ended. */
        int until = lease->to_edge == EDGE_BOUND ? from : to - 1;
        for (int t = from; t <= until; t++)
                if (s->truth[a][t].client != client || s->truth[a][t].tenure != s->truth[a][from].tenure)
                        fail_msg("%s has address %d at second %d by a lease from %d to %d (edge %u), but "
                                 "client %d had it\n%s",
                                lease->subscriber, a, t, from, to, lease->to_edge, s->truth[a][t].client,
                                s->text);
        /* A beginning and an end that are said to have been seen are those of the tenure. */
        if (lease->from_edge == EDGE_OBSERVED && from > 0)
                assert_true(s->truth[a][from - 1].client != client ||
                            s->truth[a][from - 1].tenure != s->truth[a][from].tenure);
        if (lease->to_edge != EDGE_INTERIM && to < SECONDS && to > from)
                assert_true(s->truth[a][to].client != client ||
                            s->truth[a][to].tenure != s->truth[a][from].tenure);
}

static const struct text_format *format_of(enum form form)
{
        return form <= DHCPD6 ? &text_format_dhcpd_leases : &text_format_kea_leases;
}

static struct collected c;

static void read_part(const struct server *s, size_t length, size_t refused_most)
{
        struct text_options options = {.exporter = 1};

        assert_int_equal(
                collect_with_end(format_of(s->form), &options, slice_make(s->text, length), false, &c), 0);
        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
        assert_true(c.refused_count <= refused_most);
        assert_true(c.lease_count <= COLLECT_MOST);
        for (size_t i = 0; i < c.lease_count; i++)
                check_true(s, &c.leases[i]);
        collected_free(&c);
}

static void whole_files(void **state)
{
        static struct server s;
        size_t held = 0, proven = 0;

        (void)state;
        for (uint32_t seed = 1; seed <= 100; seed++)
                for (enum form form = 0; form < FORMS; form++) {
                        serve(&s, form, seed, seed % 3 == 0 ? 250 : -1, SECONDS);
                        assert_ptr_equal(text_format_recognise(s.text, s.length < 4096 ? s.length : 4096),
                                format_of(form));
                        read_part(&s, s.length, 0);
                        if (seed % 3 == 0)
                                continue;
                        for (int a = 0; a < ADDRESSES; a++)
                                for (int t = 0; t < SECONDS - LIFE; t++) {
                                        bool claimed = false;
                                        held += s.truth[a][t].client >= 0;
                                        for (size_t i = 0; i < c.lease_count; i++)
                                                claimed = claimed ||
                                                          (c.leases[i].prefix.address.bytes[15] == a + 1 &&
                                                                  c.leases[i].to_edge != EDGE_BOUND &&
                                                                  second_of(c.leases[i].from_ms) <= t &&
                                                                  second_of(c.leases[i].to_ms) >= t);
                                        proven += claimed && s.truth[a][t].client >= 0;
                                }
                }
        /* Nearly everything that was so is proven, or the claims would be true for want of claims. */
        print_message("proven: %zu of %zu seconds held\n", proven, held);
        assert_true(proven > held / 100 * 97);
}

static void cut_anywhere(void **state)
{
        static struct server s;

        (void)state;
        for (uint32_t seed = 1000; seed < 1002; seed++)
                for (enum form form = 0; form < FORMS; form++) {
                        serve(&s, form, seed, seed % 2 ? 50 : -1, 80);
                        for (size_t length = 0; length < s.length; length++)
                                read_part(&s, length, 3);
                }
}

/* A line in the middle is gone, or is not readable: nothing false follows from what is left. */
static void without_a_line(void **state)
{
        static struct server s;
        static char whole[TEXT_SIZE];

        (void)state;
        for (uint32_t seed = 2000; seed < 2002; seed++)
                for (enum form form = 0; form < FORMS; form++) {
                        serve(&s, form, seed, -1, 200);
                        memcpy(whole, s.text, sizeof whole);
                        size_t length = s.length;
                        for (size_t at = 0; at < length; at++) {
                                if (whole[at] != '\n')
                                        continue;
                                memcpy(s.text, whole, length + 1);
                                for (size_t i = at + 1; i < length && whole[i] != '\n'; i++)
                                        s.text[i] = '\x01';
                                read_part(&s, length, 16);
                        }
                }
}

/* Whatever a byte becomes: every line is counted once and no promise of a lease event is broken. */
static void mutated(void **state)
{
        static struct server s;
        struct text_options options = {.exporter = 1};

        (void)state;
        for (enum form form = 0; form < FORMS; form++) {
                serve(&s, form, 3000, 50, 80);
                for (size_t round = 0; round < 1500; round++) {
                        size_t at = dice(&s, (uint32_t)s.length);
                        char was = s.text[at];
                        s.text[at] = (char)dice(&s, 256);
                        assert_int_equal(collect_with_end(format_of(form), &options,
                                                 slice_make(s.text, s.length), true, &c),
                                0);
                        assert_int_equal(counted_lines(&c.counts), c.counts.lines);
                        for (size_t i = 0; i < c.lease_count && i < COLLECT_MOST; i++) {
                                assert_true(c.leases[i].to_ms >= c.leases[i].from_ms);
                                assert_true(c.leases[i].subscriber[0] && c.leases[i].session);
                        }
                        collected_free(&c);
                        s.text[at] = was;
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole_files),
                cmocka_unit_test(cut_anywhere),
                cmocka_unit_test(without_a_line),
                cmocka_unit_test(mutated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
