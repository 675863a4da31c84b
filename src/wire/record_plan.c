/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/record_plan.h"

#include "wire/template.h"

#define WORD 8u

static struct record_spot spot_of(struct place place, unsigned size)
{
        unsigned last = size - WORD, at = place.offset < last ? place.offset : last;

        if (place.length == 0 || place.length > WORD)
                return (struct record_spot){0};
        return (struct record_spot){
                .mask = place.length == WORD ? UINT64_MAX : (UINT64_C(1) << 8 * place.length) - 1,
                .at = (uint16_t)at,
                .shift = (uint8_t)(8 * (WORD - place.length - (place.offset - at))),
        };
}

static inline __attribute__((always_inline)) uint64_t number_at(
        const uint8_t *record, struct record_spot spot)
{
        uint64_t word;

        memcpy(&word, record + spot.at, sizeof word);
        return be64toh(word) >> spot.shift & spot.mask;
}

/* Dialects in which an address or a port of zero, or an outside address like the inside one, has a meaning of
 * its own are judged record by record. */
static bool is_plain(const struct dialect *dialect)
{
        return dialect->event_source == EVENT_IS_ELEMENT &&
               !(dialect->flags &
                       (DIALECT_MIXED | DIALECT_PORT_ZERO | DIALECT_INSIDE_ZERO | DIALECT_BINARY_LOG));
}

static bool fits(const struct template *template, const struct place *view)
{
        const struct dialect *dialect = template->judged_by;

        return !template->is_variable && template->shortest >= WORD && is_plain(dialect) &&
               view[dialect->event_slot].length != 0 && view[SLOT_INSIDE4].length == 4 &&
               view[SLOT_INSIDE6].length == 0 && view[SLOT_OUTSIDE4].length == 4 &&
               view[SLOT_SUBSCRIBER].length == 0 && view[SLOT_OUTSIDE_PORT].length != 0 &&
               (view[SLOT_TIME_MS].length == 8 || view[SLOT_TIME_S].length == 4);
}

void record_plan_make(struct record_plan *plan, const struct template *template)
{
        const struct dialect *dialect = template->judged_by;
        const struct place *view = template->view;
        unsigned size = template->shortest;
        bool in_ms = view[SLOT_TIME_MS].length == 8;

        *plan = (struct record_plan){.fits = fits(template, view)};
        if (!plan->fits)
                return;
        plan->flags = view[SLOT_INSIDE_PORT].length ? NAT_HAS_INSIDE_PORT : 0;
        plan->session_flags = dialect->flags & DIALECT_DESTINATION_DEPENDENT ? NAT_DESTINATION_BOUND : 0;
        plan->time_unit = in_ms ? 1 : TIME_SECOND;
        plan->delay_ms = dialect->delay_ms;
        for (int protocol = 1; protocol < 256; protocol++)
                if (nat_protocol_has_port(protocol))
                        plan->ported[protocol / 64] |= UINT64_C(1) << protocol % 64;
        plan->event = spot_of(view[dialect->event_slot], size);
        plan->time = spot_of(view[in_ms ? SLOT_TIME_MS : SLOT_TIME_S], size);
        plan->outside = spot_of(view[SLOT_OUTSIDE4], size);
        plan->inside = spot_of(view[SLOT_INSIDE4], size);
        plan->protocol = spot_of(view[SLOT_PROTOCOL], size);
        plan->inside_port = spot_of(view[SLOT_INSIDE_PORT], size);
        plan->outside_port = spot_of(view[SLOT_OUTSIDE_PORT], size);
        plan->destination = spot_of(view[SLOT_DESTINATION4], size);
        plan->post_destination = spot_of(view[SLOT_POST_DESTINATION4], size);
        plan->destination_port = spot_of(view[SLOT_DESTINATION_PORT], size);
        plan->post_destination_port = spot_of(view[SLOT_POST_DESTINATION_PORT], size);
        plan->vrf = spot_of(view[SLOT_VRF], size);
        plan->instance = spot_of(view[SLOT_INSTANCE], size);
}

void record_plan_learn(
        struct record_plan *plan, const struct dialect *chosen, unsigned value, const struct nat_event *event)
{
        if (!plan->fits || value >= DIALECT_VALUES_MAX ||
                (event->kind != NAT_SESSION && event->kind != NAT_MAPPING))
                return;
        if (plan->chosen != chosen)
                plan->ready = 0;
        plan->chosen = chosen;
        plan->kinds[value] = event->kind;
        plan->actions[value] = event->action;
        plan->ready |= UINT32_C(1) << value;
}

/* What a record carries, before it is an event. */
struct numbers {
        uint64_t value, time, outside, inside, protocol, inside_port, outside_port, vrf;
        uint64_t destination, destination_port;
};

/* false where anything calls for judgement. */
static inline __attribute__((always_inline)) bool read_numbers(const struct record_plan *plan,
        const uint8_t *record, const struct record_limits *limits, struct numbers *ret)
{
        uint64_t post = number_at(record, plan->post_destination);
        uint64_t post_port = number_at(record, plan->post_destination_port);
        uint64_t instance = number_at(record, plan->instance);

        ret->value = number_at(record, plan->event);
        ret->time = number_at(record, plan->time) * plan->time_unit;
        ret->outside = number_at(record, plan->outside);
        ret->inside = number_at(record, plan->inside);
        ret->protocol = number_at(record, plan->protocol);
        ret->inside_port = number_at(record, plan->inside_port);
        ret->outside_port = number_at(record, plan->outside_port);
        ret->vrf = number_at(record, plan->vrf);
        ret->destination = number_at(record, plan->destination);
        ret->destination_port = number_at(record, plan->destination_port);
        bool sound = (ret->value < DIALECT_VALUES_MAX) &
                     (ret->time - limits->earliest <= limits->latest - limits->earliest) &
                     (ret->outside != 0) & (ret->inside != 0) & (ret->protocol - 1 < 255) &
                     (ret->outside_port - 1 < UINT16_MAX) &
                     ((ret->inside_port | post_port | ret->destination_port) <= UINT16_MAX) &
                     ((ret->vrf | instance) <= UINT32_MAX);
        if (!sound || !(plan->ready >> ret->value & 1) ||
                !(plan->ported[ret->protocol / 64] >> ret->protocol % 64 & 1))
                return false;
        ret->vrf = ret->vrf ? ret->vrf : instance;
        ret->destination = post ? post : ret->destination;
        ret->destination_port = post_port ? post_port : ret->destination_port;
        return true;
}

size_t record_plan_read(const struct record_plan *plan, const uint8_t *records, size_t size, size_t count,
        const struct record_limits *limits, struct nat_event *ret_events, int64_t *ret_earliest)
{
        int64_t earliest = INT64_MAX;
        size_t done = 0;

        for (; done < count; done++, records += size) {
                struct nat_event *e = &ret_events[done];
                struct numbers n;
                if (!read_numbers(plan, records, limits, &n))
                        break;
                bool is_session = plan->kinds[n.value] == NAT_SESSION;
                bool has_destination = is_session && n.destination != 0;
                e->time_ms = (int64_t)n.time;
                e->inside = address_from_ipv4((uint32_t)n.inside);
                e->destination =
                        has_destination ? address_from_ipv4((uint32_t)n.destination) : (struct address){{0}};
                e->outside = (uint32_t)n.outside;
                e->vrf = (uint32_t)n.vrf;
                e->session = 0;
                e->port_first = e->port_last = (uint16_t)n.outside_port;
                e->inside_port = (uint16_t)n.inside_port;
                e->destination_port = has_destination ? (uint16_t)n.destination_port : 0;
                e->exporter = limits->exporter;
                e->protocol = (uint8_t)n.protocol;
                e->kind = plan->kinds[n.value];
                e->action = plan->actions[n.value];
                e->flags = (uint8_t)(plan->flags | (is_session ? plan->session_flags : 0) |
                                     (has_destination ? NAT_HAS_DESTINATION : 0));
                earliest = e->time_ms < earliest ? e->time_ms : earliest;
        }
        *ret_earliest = earliest;
        return done;
}
