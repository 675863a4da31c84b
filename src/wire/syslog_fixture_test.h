/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_FIXTURE_TEST_H
#define ROGATORY_WIRE_SYSLOG_FIXTURE_TEST_H

/* For the tests of syslog: a zone with clock changes, hosts, and reading a text. */

#include "wire/syslog.h"
#include "wire/text_collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct collected c;

/* Central European time: clocks go forward on the last Sunday of March at 2:00 and back on that of October at
 * 3:00. The Sundays are those of 2025 to 2027. */
static inline int central_europe(
        void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        static const struct {
                int march, october;
        } sundays[] = {{30, 26}, {29, 25}, {28, 31}};
        int64_t local = time_from_civil(civil);
        int year = civil->year < 2025 ? 2025 : civil->year > 2027 ? 2027 : civil->year;
        struct civil begins = {.year = civil->year, .month = 3, .day = sundays[year - 2025].march, .hour = 2};
        struct civil ends = {
                .year = civil->year, .month = 10, .day = sundays[year - 2025].october, .hour = 2};
        int64_t from = time_from_civil(&begins), to = time_from_civil(&ends);

        (void)context;
        if (local >= from && local < from + TIME_HOUR)
                return -ERANGE;
        bool summer = local >= from && local < to + TIME_HOUR;
        *ret_instant = local - (summer ? 2 : 1) * TIME_HOUR;
        if (local < to || local >= to + TIME_HOUR)
                return 0;
        *ret_second = local - TIME_HOUR;
        return 1;
}

static const struct local_clock zone_central_europe = {.to_instant = central_europe};

/* Hosts "nat1" ... "nat9" are exporters 1 to 9; "no" is none; "broken" ends everything. */
static inline int fixture_host(void *context, const char *host, struct text_options *ret)
{
        *ret = *(const struct text_options *)context;
        ret->by_host = NULL;
        if (strcmp(host, "no") == 0)
                return -EINVAL;
        if (strcmp(host, "broken") == 0)
                return -EPERM;
        if (strncmp(host, "nat", 3) == 0)
                ret->exporter = (uint16_t)(host[3] - '0');
        return 0;
}

static inline struct text_options fixture_options(void)
{
        return (struct text_options){
                .exporter = 77, .loss_reported = true, .clock = &zone_central_europe, .year = 2026};
}

static inline int fixture_read_with(const char *text, struct text_options *options, bool by_host)
{
        struct text_options base = *options;

        collected_free(&c);
        options->by_host = by_host ? fixture_host : NULL;
        options->by_host_context = &base;
        int r = collect(&text_format_syslog, options, slice_of(text), &c);
        if (r == 0)
                assert_int_equal(counted_lines(&c.counts), c.counts.lines);
        return r;
}

/* In Central Europe, 2026. */
static inline void fixture_read(const char *text)
{
        struct text_options options = fixture_options();

        assert_int_equal(fixture_read_with(text, &options, true), 0);
}

static inline int64_t fixture_time(const char *rfc3339)
{
        int64_t instant = TIME_UNKNOWN;

        assert_int_equal(time_parse_rfc3339(slice_of(rfc3339), &instant, NULL, NULL), 0);
        return instant;
}

/* One line of what came out: "session open 2026-07-06T14:05:37.000Z 17 100.64.0.1:5 > 192.0.2.1:7-7 to
 * 203.0.113.1:80 vrf 3". */
static inline const char *fixture_event(const struct nat_event *event)
{
        static const char *const kinds[] = {"session", "mapping", "block", "address"};
        static const char *const actions[] = {"open", "close", "close-bound", "alive"};
        static char text[400];
        char time[TIME_TEXT_MAX], inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX],
                destination[ADDRESS_TEXT_MAX], port[8] = "", to[ADDRESS_TEXT_MAX + 16] = "", vrf[24] = "";
        struct address public = address_from_ipv4(event->outside);

        if (event->flags & NAT_HAS_INSIDE_PORT)
                snprintf(port, sizeof port, ":%u", event->inside_port);
        if (event->flags & NAT_HAS_DESTINATION)
                snprintf(to, sizeof to, " to %s:%u", address_format(&event->destination, destination),
                        event->destination_port);
        if (event->vrf)
                snprintf(vrf, sizeof vrf, " vrf %u", event->vrf);
        snprintf(text, sizeof text, "%s %s %s %u %s%s > %s:%u-%u%s%s%s%s", kinds[event->kind],
                actions[event->action], time_format_utc(event->time_ms, time), event->protocol,
                address_format(&event->inside, inside), port, address_format(&public, outside),
                event->port_first, event->port_last, to, vrf,
                event->flags & NAT_PORT_UNKNOWN ? " port-unknown" : "",
                event->flags & NAT_DESTINATION_BOUND ? " destination-bound" : "");
        return text;
}

/* Reads one line and expects these events, one per line; NULL: none, and the line is refused for `refusal`
 * (REFUSAL_COUNT: not refused). */
static inline void fixture_expect(const char *line, const char *events, enum refusal refusal)
{
        size_t at = 0;

        fixture_read(line);
        if (refusal != REFUSAL_COUNT && c.counts.refused[refusal] != 1)
                fail_msg("not refused as %s but %s: %s", refusal_name(refusal),
                        c.refused_count ? c.last_detail : "read", line);
        if (refusal == REFUSAL_COUNT && c.refused_count)
                fail_msg("refused (%s): %s", c.last_detail, line);
        for (struct slice rest = slice_of(events ? events : ""); rest.length; at++) {
                struct slice expected = slice_cut(&rest, '\n');
                const char *got = at < c.event_count ? fixture_event(&c.events[at]) : "nothing";
                if (!slice_is(expected, got))
                        fail_msg("%s\n  gave %s\n  and not %.*s", line, got, (int)expected.length,
                                expected.text);
        }
        assert_int_equal(c.event_count, at);
}

static inline int fixture_end(void **state)
{
        (void)state;
        collected_free(&c);
        return 0;
}

#endif
