/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/dhcp_tenure.h"

#include "base/checksum.h"

#include <stdio.h>
#include <stdlib.h>

enum tenure_phase {
        TENURE_NONE,   /* nobody's, as far as the file tells */
        TENURE_OPEN,   /* held */
        TENURE_ENDING, /* ended without a time: the next transaction in the file bounds it */
};

struct tenure {
        struct prefix prefix;
        uint8_t phase;
        uint8_t rank;
        bool begun; /* the file showed the address in other hands (or free) before */
        bool lost;  /* its last record could not be read: the next is as good as the first */
        uint64_t client;
        int64_t from_ms, seen_ms; /* first and latest transaction */
        int64_t end_ms;           /* runs out; TIME_UNKNOWN: never */
        int64_t ended_ms;         /* NONE: when the last tenure ended, TIME_UNKNOWN where not known */
        char subscriber[SUBSCRIBER_MAX];
};

/* An item that is ending, and its last transaction. */
struct ending {
        int64_t seen_ms;
        uint32_t item;
};

struct dhcp_tenures {
        struct text_decoder *decoder;
        struct tenure *items;
        size_t count, capacity;
        uint32_t *slots; /* open addressing: number of the item plus 1 */
        size_t slot_count;
        struct ending *ending; /* items in that phase, as a heap */
        size_t ending_count, ending_capacity;
        int64_t latest_ms; /* latest transaction so far; TIME_UNKNOWN */
};

int dhcp_tenures_new(struct text_decoder *decoder, struct dhcp_tenures **ret_tenures)
{
        struct dhcp_tenures *t = calloc(1, sizeof *t);

        if (!t)
                return -ENOMEM;
        t->decoder = decoder;
        t->latest_ms = TIME_UNKNOWN;
        *ret_tenures = t;
        return 0;
}

void dhcp_tenures_free(struct dhcp_tenures *t)
{
        if (!t)
                return;
        free(t->items);
        free(t->slots);
        free(t->ending);
        free(t);
}

/* --- The table --- */

static size_t slot_of(const struct dhcp_tenures *t, const struct prefix *prefix)
{
        uint8_t key[17];

        memcpy(key, prefix->address.bytes, 16);
        key[16] = prefix->length;
        size_t slot = checksum(key, sizeof key) & (t->slot_count - 1);
        while (t->slots[slot]) {
                const struct prefix *other = &t->items[t->slots[slot] - 1].prefix;
                if (other->length == prefix->length &&
                        address_compare(&other->address, &prefix->address) == 0)
                        break;
                slot = (slot + 1) & (t->slot_count - 1);
        }
        return slot;
}

static int grow(struct dhcp_tenures *t)
{
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        struct tenure *items = realloc(t->items, capacity * sizeof *items);

        if (!items)
                return -ENOMEM;
        t->items = items;
        uint32_t *slots = calloc(capacity * 2, sizeof *slots);
        if (!slots)
                return -ENOMEM;
        free(t->slots);
        t->slots = slots;
        t->slot_count = capacity * 2;
        t->capacity = capacity;
        for (size_t i = 0; i < t->count; i++)
                t->slots[slot_of(t, &t->items[i].prefix)] = (uint32_t)i + 1;
        return 0;
}

/* The address's place, made where it is new. */
static int find(struct dhcp_tenures *t, const struct prefix *prefix, struct tenure **ret, bool *ret_is_new)
{
        if (t->count == t->capacity) {
                int r = grow(t);
                if (r < 0)
                        return r;
        }
        size_t slot = slot_of(t, prefix);
        *ret_is_new = t->slots[slot] == 0;
        if (*ret_is_new) {
                if (t->count == DHCP_ADDRESSES_MAX)
                        return -E2BIG;
                t->items[t->count] = (struct tenure){.prefix = *prefix, .ended_ms = TIME_UNKNOWN};
                t->slots[slot] = (uint32_t)++t->count;
        }
        *ret = &t->items[t->slots[slot] - 1];
        return 0;
}

/* --- Delivering --- */

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

static int deliver(struct dhcp_tenures *t, const struct tenure *tenure, int64_t to_ms,
        enum binding_edge to_edge, const struct decode_sink *sink)
{
        struct lease_event event = {.prefix = tenure->prefix,
                .session = tenure->client,
                .from_ms = tenure->from_ms,
                .to_ms = to_ms,
                .from_edge = tenure->begun ? EDGE_OBSERVED : EDGE_INTERIM,
                .to_edge = (uint8_t)to_edge,
                .flags = LEASE_ANY_VRF | LEASE_RENEWABLE};

        memcpy(event.subscriber, tenure->subscriber, sizeof event.subscriber);
        return text_deliver_lease(t->decoder, sink, &event);
}

static void close_tenure(struct tenure *tenure, int64_t ended_ms)
{
        tenure->phase = TENURE_NONE;
        tenure->ended_ms = ended_ms;
}

static bool runs_out_by(const struct tenure *tenure, int64_t instant)
{
        return tenure->end_ms != TIME_UNKNOWN && instant != TIME_UNKNOWN && tenure->end_ms <= instant;
}

/* The end is known. */
static int end_at(
        struct dhcp_tenures *t, struct tenure *tenure, int64_t instant, const struct decode_sink *sink)
{
        instant = later(instant, tenure->seen_ms);
        close_tenure(tenure, instant);
        return deliver(t, tenure, instant, EDGE_OBSERVED, sink);
}

/* It had ended by then: what is certain and what is only possible are told by two events of one lease. */
static int end_by(
        struct dhcp_tenures *t, struct tenure *tenure, int64_t instant, const struct decode_sink *sink)
{
        if (tenure->end_ms != TIME_UNKNOWN)
                instant = earlier(instant, tenure->end_ms);
        if (instant <= tenure->seen_ms)
                return end_at(t, tenure, tenure->seen_ms, sink);
        close_tenure(tenure, TIME_UNKNOWN);
        int r = deliver(t, tenure, tenure->seen_ms, EDGE_INTERIM, sink);
        return r < 0 ? r : deliver(t, tenure, instant, EDGE_BOUND, sink);
}

/* Nothing is known of its end but that it was held when it was last seen. */
static int leave_open(struct dhcp_tenures *t, struct tenure *tenure, const struct decode_sink *sink)
{
        close_tenure(tenure, TIME_UNKNOWN);
        return deliver(t, tenure, tenure->seen_ms, EDGE_INTERIM, sink);
}

/* The file has gone on to the latest transaction without a word of this address: it was held until then. */
static void hold_until_latest(const struct dhcp_tenures *t, struct tenure *tenure)
{
        int64_t until = t->latest_ms;

        if (until == TIME_UNKNOWN)
                return;
        if (tenure->end_ms != TIME_UNKNOWN)
                until = earlier(until, tenure->end_ms);
        tenure->seen_ms = later(tenure->seen_ms, until);
}

/* --- Ends without a time --- */

/* They stand in a heap by their last transactions: where a clock was wrong many may wait for a time that does
 * not come, and no record should walk past all of them. */
static void place_ending(struct dhcp_tenures *t, size_t at, struct ending moved)
{
        for (size_t above = (at - 1) / 2; at > 0 && t->ending[above].seen_ms > moved.seen_ms;
                above = (at - 1) / 2) {
                t->ending[at] = t->ending[above];
                at = above;
        }
        t->ending[at] = moved;
}

static struct ending take_first_ending(struct dhcp_tenures *t)
{
        struct ending first = t->ending[0], last = t->ending[--t->ending_count];
        size_t at = 0;

        for (size_t below = 1; below < t->ending_count; below = 2 * at + 1) {
                if (below + 1 < t->ending_count && t->ending[below + 1].seen_ms < t->ending[below].seen_ms)
                        below++;
                if (t->ending[below].seen_ms >= last.seen_ms)
                        break;
                t->ending[at] = t->ending[below];
                at = below;
        }
        t->ending[at] = last;
        return first;
}

static int begin_ending(struct dhcp_tenures *t, struct tenure *tenure)
{
        if (t->ending_count == t->ending_capacity) {
                size_t capacity = t->ending_capacity ? t->ending_capacity * 2 : 64;
                struct ending *ending = realloc(t->ending, capacity * sizeof *ending);
                if (!ending)
                        return -ENOMEM;
                t->ending = ending;
                t->ending_capacity = capacity;
        }
        place_ending(t, t->ending_count++,
                (struct ending){.seen_ms = tenure->seen_ms, .item = (uint32_t)(tenure - t->items)});
        tenure->phase = TENURE_ENDING;
        return 0;
}

/* A transaction at this instant was written behind them. A clock that went back says nothing. */
static int bound_endings(struct dhcp_tenures *t, int64_t instant, const struct decode_sink *sink)
{
        int r = 0;

        while (r == 0 && t->ending_count > 0 && t->ending[0].seen_ms <= instant) {
                struct ending first = take_first_ending(t);
                struct tenure *tenure = &t->items[first.item];
                /* Others were settled meanwhile. */
                if (tenure->phase == TENURE_ENDING && tenure->seen_ms == first.seen_ms)
                        r = end_by(t, tenure, instant, sink);
        }
        return r;
}

/* --- Records --- */

static void begin_tenure(struct tenure *tenure, const struct dhcp_record *record, bool begun)
{
        tenure->phase = TENURE_OPEN;
        tenure->begun = begun && !tenure->lost;
        tenure->lost = false;
        tenure->client = record->client;
        tenure->rank = (uint8_t)record->rank;
        tenure->from_ms = record->from_ms;
        tenure->seen_ms = later(record->from_ms, record->seen_ms);
        tenure->end_ms = record->end_ms;
        snprintf(tenure->subscriber, sizeof tenure->subscriber, "%s", record->subscriber);
}

/* From here on the client is all that is known, which a customer chooses himself (dhcp_identity.h). */
#define RANK_OF_CLIENT 4

/* A renewal that reaches the server without the relay names the client only: it is still the same tenure. The
 * same client behind another line of a relay is another subscriber, whatever the relay tells of the line. */
static bool is_same_holder(const struct tenure *tenure, const struct dhcp_record *record)
{
        bool by_relay = tenure->rank < RANK_OF_CLIENT && record->rank < RANK_OF_CLIENT;

        return tenure->client == record->client &&
               ((tenure->rank != record->rank && !by_relay) ||
                       strcmp(tenure->subscriber, record->subscriber) == 0);
}

static int take_held(struct dhcp_tenures *t, struct tenure *tenure, const struct dhcp_record *record,
        bool is_new, const struct decode_sink *sink)
{
        int64_t seen = later(record->from_ms, record->seen_ms);
        int r = 0;

        if (tenure->phase == TENURE_ENDING) /* not bounded: the clock went back */
                r = leave_open(t, tenure, sink);
        if (tenure->phase == TENURE_NONE) {
                begin_tenure(tenure, record, !is_new);
                return r;
        }
        if (tenure->end_ms != TIME_UNKNOWN && tenure->end_ms < record->from_ms) {
                r = end_at(t, tenure, tenure->end_ms, sink);
                begin_tenure(tenure, record, true);
                return r;
        }
        if (is_same_holder(tenure, record)) {
                if (seen < tenure->seen_ms)
                        return 0;
                tenure->seen_ms = seen;
                tenure->end_ms = record->end_ms == TIME_UNKNOWN ? TIME_UNKNOWN : later(record->end_ms, seen);
                if (record->rank < tenure->rank) {
                        tenure->rank = (uint8_t)record->rank;
                        snprintf(tenure->subscriber, sizeof tenure->subscriber, "%s", record->subscriber);
                }
                return 0;
        }
        r = record->from_ms < tenure->seen_ms ? leave_open(t, tenure, sink)
                                              : end_by(t, tenure, record->from_ms, sink);
        begin_tenure(tenure, record, true);
        return r;
}

/* An end of which the file shows no beginning: the record itself tells of a lease that was held. */
static int take_lone_end(struct dhcp_tenures *t, struct tenure *tenure, const struct dhcp_record *record,
        const struct decode_sink *sink)
{
        if (record->client == 0 || !record->subscriber[0] || record->from_ms == TIME_UNKNOWN ||
                record->end_ms == TIME_UNKNOWN || record->end_ms < later(record->from_ms, record->seen_ms))
                return 0;
        if (tenure->client == record->client && tenure->ended_ms == record->end_ms)
                return 0; /* written again: expired, then free */
        begin_tenure(tenure, record, false);
        return end_at(t, tenure, record->end_ms, sink);
}

static int take_end(struct dhcp_tenures *t, struct tenure *tenure, const struct dhcp_record *record,
        const struct decode_sink *sink)
{
        if (tenure->phase == TENURE_ENDING)
                return 0;
        if (tenure->phase == TENURE_NONE)
                return record->state == DHCP_ENDED ? take_lone_end(t, tenure, record, sink) : 0;
        if (record->state == DHCP_ENDED && record->client && record->client != tenure->client) {
                int64_t by = record->from_ms != TIME_UNKNOWN ? record->from_ms : record->seen_ms;
                int r = by == TIME_UNKNOWN || by < tenure->seen_ms ? leave_open(t, tenure, sink)
                                                                   : end_by(t, tenure, by, sink);
                return r < 0 ? r : take_lone_end(t, tenure, record, sink);
        }
        if (record->state == DHCP_ENDED && record->end_ms != TIME_UNKNOWN) {
                int64_t end = record->end_ms;
                return end_at(
                        t, tenure, tenure->end_ms == TIME_UNKNOWN ? end : earlier(end, tenure->end_ms), sink);
        }
        hold_until_latest(t, tenure);
        if (runs_out_by(tenure, t->latest_ms))
                return end_at(t, tenure, tenure->end_ms, sink);
        if (record->seen_ms != TIME_UNKNOWN && record->seen_ms > tenure->seen_ms)
                return end_by(t, tenure, record->seen_ms, sink);
        return begin_ending(t, tenure);
}

int dhcp_tenures_take(
        struct dhcp_tenures *t, const struct dhcp_record *record, const struct decode_sink *sink)
{
        struct tenure *tenure;
        bool is_new;
        int r = find(t, &record->prefix, &tenure, &is_new);

        if (r < 0)
                return r;
        if (record->state != DHCP_HELD)
                return take_end(t, tenure, record, sink);
        int64_t seen = later(record->from_ms, record->seen_ms);
        r = bound_endings(t, seen, sink);
        if (r == 0)
                r = take_held(t, tenure, record, is_new, sink);
        if (t->latest_ms == TIME_UNKNOWN || seen > t->latest_ms)
                t->latest_ms = seen;
        return r;
}

int dhcp_tenures_finish(struct dhcp_tenures *t, const struct decode_sink *sink)
{
        int r = 0;

        for (size_t i = 0; i < t->count && r == 0; i++) {
                struct tenure *tenure = &t->items[i];
                if (tenure->phase == TENURE_NONE)
                        continue;
                bool open = tenure->phase == TENURE_OPEN;
                if (open)
                        hold_until_latest(t, tenure);
                r = open && runs_out_by(tenure, t->latest_ms) ? end_at(t, tenure, tenure->end_ms, sink)
                                                              : leave_open(t, tenure, sink);
        }
        return r;
}

int dhcp_tenures_lose(struct dhcp_tenures *t, const struct prefix *prefix, const struct decode_sink *sink)
{
        struct tenure *tenure;
        bool is_new;
        int r = find(t, prefix, &tenure, &is_new);

        if (r == -E2BIG)
                return 0;
        if (r == 0 && tenure->phase == TENURE_OPEN)
                hold_until_latest(t, tenure);
        if (r == 0 && tenure->phase != TENURE_NONE)
                r = leave_open(t, tenure, sink);
        if (r == 0)
                tenure->lost = true;
        return r;
}

int dhcp_tenures_lose_all(struct dhcp_tenures *t, const struct decode_sink *sink)
{
        int r = dhcp_tenures_finish(t, sink);

        free(t->items);
        free(t->slots);
        t->items = NULL;
        t->slots = NULL;
        t->count = t->capacity = t->slot_count = t->ending_count = 0;
        t->latest_ms = TIME_UNKNOWN;
        return r;
}
