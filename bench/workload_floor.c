/* SPDX-License-Identifier: EUPL-1.2 */
/* The floor: what an ideal adaptive arithmetic coder would need for these sessions, with one table of symbols
 * per column that learns as it goes. Sessions of a public address are taken in order of their beginning.
 * Nothing is counted for finding them again, for checksums or for whole bytes. */
#include "workload.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS 272u
#define PRIOR (1.0 / 16) /* of each symbol, before the first was seen */
#define RECENT 8u        /* destinations of a subscriber that are remembered */

enum column {
        START,
        SUBSCRIBER,
        PORT,
        PROTOCOL,
        DURATION,
        INSIDE_PORT,
        DESTINATION,
        DESTINATION_PORT,
        COLUMNS
};

static const char *const column_names[COLUMNS] = {"start", "subscriber", "public port", "protocol",
        "duration", "inside port", "destination", "destination port"};

struct table {
        double counts[SYMBOLS];
        double total;
};

static struct table starts, ranks, protocols, durations[3], inside_ports, destination_ranks,
        destination_ports[3];
static double bits[COLUMNS];
static uint64_t coded;

struct address_state {
        int64_t start;
        uint32_t recent[PER_ADDRESS];
        unsigned known;
};
struct subscriber_state {
        uint16_t inside_port;
        uint32_t recent[RECENT];
        unsigned known;
};
static struct address_state *address_states;
static struct subscriber_state *subscriber_states;
static uint32_t *destination_counts;
static double destination_total;

static double code(struct table *table, unsigned symbol)
{
        double length = log2((table->total + PRIOR * SYMBOLS) / (table->counts[symbol] + PRIOR));

        table->counts[symbol]++;
        table->total++;
        return length;
}

/* Numbers: below 16 each a symbol, above it the highest three bits are one and the others are plain. */
static double code_number(struct table *table, uint64_t value)
{
        if (value < 16)
                return code(table, (unsigned)value);
        unsigned top = 63 - (unsigned)__builtin_clzll(value);
        unsigned symbol = 16 + (top - 4) * 4 + (unsigned)(value >> (top - 2) & 3);
        return code(table, symbol) + top - 2;
}

/* Moves a value to the front of a list; its rank before, or `*known` where it is new. */
static unsigned to_front(uint32_t *list, unsigned *known, unsigned most, uint32_t value)
{
        unsigned rank = 0;

        while (rank < *known && list[rank] != value)
                rank++;
        unsigned found = rank;
        if (rank == *known && *known < most)
                ++*known;
        if (rank == most)
                rank--;
        memmove(list + 1, list, rank * sizeof *list);
        list[0] = value;
        return found;
}

static void code_destination(struct subscriber_state *state, const struct session *s, unsigned row)
{
        unsigned before = state->known;
        unsigned rank = to_front(state->recent, &state->known, RECENT, s->destination);

        bits[DESTINATION] += code(&destination_ranks, rank == before ? RECENT : rank);
        if (rank == before) { /* new to the subscriber: named among all, by how often it was before */
                uint32_t *count = &destination_counts[s->destination];
                bits[DESTINATION] += log2((destination_total + 0.5 * DESTINATIONS) / (*count + 0.5));
                ++*count;
                destination_total++;
        }
        unsigned port = s->destination_port == 443  ? 0
                        : s->destination_port == 80 ? 1
                        : s->destination_port == 53 ? 2
                        : s->destination_port == 0  ? 3
                                                    : 4;
        bits[DESTINATION_PORT] += code(&destination_ports[row], port) + (port == 4 ? log2(65536) : 0);
}

static void code_session(struct workload *w, const struct session *s)
{
        struct address_state *address = &address_states[w->outside[s->subscriber]];
        struct subscriber_state *subscriber = &subscriber_states[s->subscriber];
        int64_t start = w->now.begins_ms + s->from;
        unsigned row = s->protocol == 6 ? 0 : s->protocol == 17 ? 1 : 2;

        coded++;
        bits[START] += code_number(&starts, (uint64_t)(start - address->start));
        address->start = start;
        bits[SUBSCRIBER] +=
                code(&ranks, to_front(address->recent, &address->known, PER_ADDRESS, s->subscriber));
        bits[DURATION] += code_number(&durations[row], s->to - s->from);
        if (w->options.blocks) {
                bits[PORT] += log2(PORTS / BLOCK_PORTS);
                return;
        }
        bits[PORT] += log2(PORTS);
        bits[PROTOCOL] += code(&protocols, row);
        int16_t step = (int16_t)(uint16_t)(s->inside_port - subscriber->inside_port);
        bits[INSIDE_PORT] +=
                code_number(&inside_ports, step < 0 ? 2 * (uint64_t)-step - 1 : 2 * (uint64_t)step);
        subscriber->inside_port = s->inside_port;
        code_destination(subscriber, s, row);
}

void floor_hour(struct workload *w)
{
        if (!address_states) {
                address_states = need(calloc(w->addresses, sizeof *address_states));
                subscriber_states = need(calloc(w->options.subscribers, sizeof *subscriber_states));
                destination_counts = need(calloc(DESTINATIONS, sizeof *destination_counts));
                for (unsigned i = 0; i < w->addresses; i++)
                        address_states[i].start = BEGIN_MS;
        }
        for (size_t i = 0; i < w->event_count; i++)
                if (w->events[i] & EVENT_OPENS)
                        code_session(w, event_session(w, w->events[i]));
}

void floor_print(const struct workload *w, FILE *out)
{
        double sum = 0;

        (void)w;
        fputs(", \"floor_bits\": {", out);
        for (unsigned c = 0; c < COLUMNS; c++)
                fprintf(out, "%s\"%s\": %.3f", c ? ", " : "", column_names[c], bits[c] / (double)coded);
        fputs("}, \"floor_bytes\": {", out);
        for (unsigned c = 0; c < COLUMNS; c++) {
                sum += bits[c] / (double)coded / 8;
                if (c == DURATION)
                        fprintf(out, "\"core\": %.3f, ", sum);
                if (c == INSIDE_PORT)
                        fprintf(out, "\"with inside port\": %.3f, ", sum);
        }
        fprintf(out, "\"all\": %.3f}", sum);
}
