/* SPDX-License-Identifier: EUPL-1.2 */
/* Sessions: bursts per subscriber, log-normal durations, ports at random among those that are free. */
#include "workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BURST_MEAN 8.0
#define FAVOURITES 6u
#define BURSTS_MOST 512u
#define BLOCKS_PER_ADDRESS (PORTS / BLOCK_PORTS)
#define HOUR_LONGEST 3600.0 /* seconds that a session lasts at most */

struct subscriber {
        uint32_t favourites[FAVOURITES];
        unsigned inside_port;
        bool known;
};

static struct subscriber *subscribers;
static uint8_t *taken; /* per address and protocol a byte for each port (or block) */

static double exponential(double mean)
{
        return -mean * log(uniform());
}

static double log_normal(double median, double sigma)
{
        return median * exp(sigma * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform()));
}

/* Zipf with exponent 1 by inversion of the continuous distribution. */
static unsigned zipf(unsigned count)
{
        return (unsigned)(exp(uniform() * log((double)count + 1)) - 1);
}

static void choose_kind(struct session *s, bool lookup)
{
        unsigned kind = below(100);

        s->protocol = 6;
        s->destination_port = 443;
        if (lookup) {
                s->protocol = 17;
                s->destination_port = 53;
        } else if (kind < 2) {
                s->protocol = 1;
                s->destination_port = 0;
        } else if (kind < 32) {
                s->protocol = 17;
                s->destination_port = kind < 24 ? 443 : (uint16_t)(1024 + below(60000));
        } else if (kind < 40) {
                s->destination_port = 80;
        } else if (kind < 44) {
                s->destination_port = (uint16_t)(1024 + below(60000));
        }
}

static void make_session(struct hour *hour, unsigned number, uint32_t from)
{
        struct session *s = &hour->sessions[hour->count++];
        struct subscriber *subscriber = &subscribers[number];
        bool lookup = below(100) < 22;
        double seconds = lookup ? log_normal(0.08, 0.8) : log_normal(25, 1.65);

        *s = (struct session){.from = from, .subscriber = number};
        if (below(100) < 35)
                subscriber->favourites[below(FAVOURITES)] = zipf(DESTINATIONS);
        s->destination = subscriber->favourites[below(FAVOURITES)];
        choose_kind(s, lookup);
        if (seconds > HOUR_LONGEST)
                seconds = HOUR_LONGEST;
        s->to = from + 1 + (uint32_t)(seconds * 1000);
        if (below(100) < 42) { /* systems that draw their ports at random */
                s->inside_port = (uint16_t)(32768 + below(32768));
                return;
        }
        subscriber->inside_port = subscriber->inside_port < 65535 ? subscriber->inside_port + 1 : 32768;
        s->inside_port = (uint16_t)subscriber->inside_port;
}

static int by_time(const void *left, const void *right)
{
        uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
        return a < b ? -1 : a > b;
}

/* The hour's bursts in order of time, because a customer's system counts its ports up. */
static unsigned begin_bursts(uint32_t *begins, unsigned count)
{
        unsigned bursts = (unsigned)(count / (BURST_MEAN + 1)) + 1;

        for (unsigned i = 0; i < bursts; i++)
                begins[i] = below(HOUR_MS);
        qsort(begins, bursts, sizeof *begins, by_time);
        return bursts;
}

static void make_bursts(struct hour *hour, unsigned number, unsigned count)
{
        struct subscriber *subscriber = &subscribers[number];
        uint32_t begins[BURSTS_MOST];

        if (!subscriber->known) {
                subscriber->known = true;
                subscriber->inside_port = 32768 + below(32768);
                for (unsigned i = 0; i < FAVOURITES; i++)
                        subscriber->favourites[i] = zipf(DESTINATIONS);
        }
        for (unsigned left = count; left > 0;) {
                unsigned part = left < BURSTS_MOST ? left : BURSTS_MOST, bursts = begin_bursts(begins, part);
                left -= part;
                for (unsigned i = 0; i < bursts && part > 0; i++) {
                        unsigned burst = i + 1 == bursts ? part : 1 + (unsigned)exponential(BURST_MEAN);
                        double at = begins[i];
                        for (; burst > 0 && part > 0; burst--, part--) {
                                make_session(hour, number, (uint32_t)at);
                                at += exponential(400);
                                if (at >= HOUR_MS)
                                        at = begins[i];
                        }
                }
        }
}

static void make_block(struct hour *hour, unsigned number)
{
        double ms = exponential(900000);
        uint32_t from = below(HOUR_MS);

        hour->sessions[hour->count++] = (struct session){.from = from,
                .to = from + 1 + (uint32_t)(ms < HOUR_MS - 1 ? ms : HOUR_MS - 1),
                .subscriber = number};
}

static void make_sessions(struct workload *w, unsigned wanted)
{
        struct hour *hour = &w->now;
        unsigned count = w->options.subscribers;

        if (wanted > hour->room) {
                free(hour->sessions);
                hour->sessions = need(malloc((size_t)wanted * sizeof *hour->sessions));
                hour->room = wanted;
        }
        if (!subscribers)
                subscribers = need(calloc(count, sizeof *subscribers));
        for (unsigned i = 0; i < count; i++) {
                unsigned share = (unsigned)((uint64_t)wanted * (i + 1) / count) -
                                 (unsigned)((uint64_t)wanted * i / count);
                for (unsigned k = 0; k < share && w->options.blocks; k++)
                        make_block(hour, i);
                if (!w->options.blocks)
                        make_bursts(hour, i, share);
        }
}

/* ---- events in order ---- */

static void sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
        static size_t starts[4096];
        size_t sum = 0;

        memset(starts, 0, sizeof starts);
        for (size_t i = 0; i < count; i++)
                starts[from[i] >> shift & 4095]++;
        for (size_t i = 0; i < 4096; i++) {
                size_t here = starts[i];
                starts[i] = sum;
                sum += here;
        }
        for (size_t i = 0; i < count; i++)
                to[starts[from[i] >> shift & 4095]++] = from[i];
}

static void need_events(struct workload *w, size_t count)
{
        if (count <= w->event_room)
                return;
        free(w->events);
        free(w->spare);
        w->events = need(malloc(count * sizeof *w->events));
        w->spare = need(malloc(count * sizeof *w->spare));
        w->event_room = count;
}

static void order_events(struct workload *w)
{
        size_t count = 0;

        need_events(w, (size_t)w->before.count + 2 * (size_t)w->now.count);
        for (unsigned i = 0; i < w->before.count; i++)
                if (w->before.sessions[i].to >= HOUR_MS)
                        w->events[count++] =
                                (uint64_t)(w->before.sessions[i].to - HOUR_MS) << 32 | EVENT_BEFORE | i;
        for (unsigned i = 0; i < w->now.count; i++) {
                const struct session *s = &w->now.sessions[i];
                w->events[count++] = (uint64_t)s->from << 32 | EVENT_OPENS | i;
                if (s->to < HOUR_MS)
                        w->events[count++] = (uint64_t)s->to << 32 | i;
        }
        w->event_count = count;
        sort_pass(w->events, w->spare, count, 31); /* 24 bits: two hours in ms and the kind */
        sort_pass(w->spare, w->events, count, 43);
}

/* ---- ports ---- */

static unsigned protocol_row(uint8_t protocol)
{
        return protocol == 6 ? 0 : protocol == 17 ? 1 : 2;
}

static uint8_t *port_row(const struct workload *w, const struct session *s)
{
        return taken + ((size_t)w->outside[s->subscriber] * 3 + protocol_row(s->protocol)) * PORTS;
}

static void give_ports(struct workload *w)
{
        unsigned step = w->options.blocks ? BLOCK_PORTS : 1, choices = PORTS / step;

        if (!taken)
                taken = need(calloc((size_t)w->addresses * 3, PORTS));
        for (size_t i = 0; i < w->event_count; i++) {
                /* Each event lies elsewhere in memory: fetch what a later one will touch. */
                if (i + 16 < w->event_count)
                        __builtin_prefetch(event_session(w, w->events[i + 16]));
                struct session *s = (struct session *)event_session(w, w->events[i]);
                uint8_t *row = port_row(w, s);
                if (w->events[i] & EVENT_OPENS) {
                        unsigned port = below(choices);
                        while (row[port])
                                port = below(choices);
                        s->port = (uint16_t)(port * step + PORT_LOWEST);
                        row[port] = 1;
                } else {
                        row[(s->port - PORT_LOWEST) / step] = 0;
                }
        }
}

void hour_make(struct workload *w, unsigned hour, unsigned wanted)
{
        struct hour spare = w->before;

        w->before = w->now;
        w->now = spare;
        w->now.count = 0;
        w->now.begins_ms = BEGIN_MS + (int64_t)hour * HOUR_MS;
        if (wanted)
                make_sessions(w, wanted);
        order_events(w);
        give_ports(w);
}
