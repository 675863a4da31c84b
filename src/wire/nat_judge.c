/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/nat_judge.h"

#include <stdio.h>

#define BIT(slot) SLOT_BIT(SLOT_##slot)
#define RANGE_SLOTS (BIT(RANGE_START) | BIT(RANGE_END) | BIT(RANGE_STEP) | BIT(RANGE_PORTS))
#define INSIDE_SLOTS (BIT(INSIDE4) | BIT(INSIDE6))

const char *nat_view(const struct dialect *dialect, const struct template *template,
        const struct place *places, struct place *view)
{
        memcpy(view, places, SLOT_COUNT * sizeof *view);
        for (size_t i = 0; i < DIALECT_ALIASES_MAX && dialect->aliases[i].from != dialect->aliases[i].to;
                i++) {
                const struct dialect_alias *alias = &dialect->aliases[i];
                if (!(template->present & SLOT_BIT(alias->from)))
                        continue;
                if (view[alias->to].length != 0)
                        return "two elements that mean the same in this dialect";
                view[alias->to] = view[alias->from];
                view[alias->from] = (struct place){0, 0};
        }
        return NULL;
}

static bool renames_to(const struct dialect *dialect, const struct template *template, uint8_t slot)
{
        for (size_t i = 0; i < DIALECT_ALIASES_MAX && dialect->aliases[i].from != dialect->aliases[i].to; i++)
                if (dialect->aliases[i].to == slot &&
                        (template->present & SLOT_BIT(dialect->aliases[i].from)))
                        return true;
        return false;
}

bool nat_has_event(const struct dialect *dialect, const struct template *template)
{
        switch (dialect->event_source) {
        case EVENT_IS_ELEMENT:
                return (template->present & SLOT_BIT(dialect->event_slot)) != 0 ||
                       renames_to(dialect, template, dialect->event_slot);
        case EVENT_IS_EDGE:
                return (template->present & dialect->required) == dialect->required &&
                       (template->present & (BIT(START_MS) | BIT(END_MS)));
        default: /* the address alone makes it a NAT event */
                return template->present & BIT(OUTSIDE4);
        }
}

unsigned nat_event_value(const struct dialect *dialect, const struct template *template,
        const struct place *view, const uint8_t *record)
{
        switch (dialect->event_source) {
        case EVENT_IS_ELEMENT: {
                uint64_t value = nat_number_at(record, view[dialect->event_slot]);
                return value > UINT16_MAX ? UINT16_MAX : (unsigned)value;
        }
        case EVENT_IS_TEMPLATE:
                return template->id;
        case EVENT_IS_EDGE:
                return template->present & BIT(START_MS) ? 1 : 2;
        default:
                return 0;
        }
}

static struct meaning refuse(enum refusal refusal, const char *complaint)
{
        return (struct meaning){
                .state = MEANING_REFUSED, .refusal = (uint8_t)refusal, .complaint = complaint};
}

static struct meaning judge_unbinding(uint64_t present, const struct dialect_event *event)
{
        if ((present & event->needs) != event->needs)
                return refuse(
                        REFUSAL_CONTRADICTION, "a quota or threshold event without its kind (IE 466, 467)");
        if (present & event->bars)
                return refuse(REFUSAL_CONTRADICTION,
                        "an event that binds nothing, with an inside host or an outside port");
        return (struct meaning){.event = event, .state = MEANING_BINDS_NOTHING};
}

static struct meaning judge_family(uint64_t present, const struct dialect_event *event)
{
        if (event->family == 4 && (present & BIT(INSIDE6)))
                return refuse(REFUSAL_CONTRADICTION, "a NAT44 event with an inside IPv6 address (IE 27)");
        if (event->family == 6 && (present & BIT(INSIDE4)))
                return refuse(REFUSAL_CONTRADICTION, "a NAT64 event with an inside IPv4 address (IE 8)");
        if (event->family == 6 && !(present & BIT(INSIDE6)))
                return refuse(REFUSAL_MISSING_FIELD, "a NAT64 event without an inside IPv6 address (IE 27)");
        return (struct meaning){.event = event, .state = MEANING_BINDS, .kind = event->kind};
}

static struct meaning judge_port_kind(
        uint64_t present, const struct dialect *dialect, const struct meaning *so_far)
{
        bool has_inside = present & (INSIDE_SLOTS | BIT(SUBSCRIBER));

        if (present & RANGE_SLOTS)
                return refuse(
                        REFUSAL_CONTRADICTION, "a session or mapping with a port range (IE 361 to 364)");
        if (present & (BIT(QUOTA) | BIT(THRESHOLD)))
                return refuse(REFUSAL_CONTRADICTION,
                        "a session or mapping with a quota or threshold (IE 466, 467)");
        if (!(present & BIT(PROTOCOL)))
                return refuse(REFUSAL_MISSING_FIELD, "a session or mapping without a protocol (IE 4)");
        if (!has_inside && !(dialect->flags & DIALECT_INSIDE_OPTIONAL))
                return refuse(REFUSAL_MISSING_FIELD, "a session or mapping without an inside address");
        /* Without both the inside host and the port nothing is left that could be said. */
        if (!has_inside && !(present & BIT(OUTSIDE_PORT)))
                return refuse(REFUSAL_MISSING_FIELD,
                        "a session or mapping with neither inside address nor outside port");
        return *so_far;
}

static struct meaning judge_block(
        uint64_t present, const struct dialect *dialect, const struct meaning *so_far)
{
        bool counted = dialect->flags & DIALECT_BLOCK_END_FROM_COUNT;

        if (!(present & BIT(RANGE_START)))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without its first port (IE 361)");
        if (!(present & BIT(RANGE_END)) && !(counted && (present & BIT(RANGE_PORTS))))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without its last port (IE 362)");
        if (present & BIT(OUTSIDE_PORT))
                return refuse(REFUSAL_CONTRADICTION, "a port block with a single outside port (IE 227)");
        if (!(present & INSIDE_SLOTS) && !(dialect->flags & DIALECT_INSIDE_OPTIONAL))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without an inside address");
        return *so_far;
}

static struct meaning judge_address(uint64_t present, const struct meaning *so_far)
{
        if (present & (RANGE_SLOTS | BIT(QUOTA) | BIT(THRESHOLD)))
                return refuse(REFUSAL_CONTRADICTION,
                        "an address binding with a port range, quota or threshold (IE 361 to 364, 466, 467)");
        if (present & (BIT(OUTSIDE_PORT) | BIT(INSIDE_PORT)))
                return refuse(REFUSAL_CONTRADICTION, "an address binding with a port");
        if (!(present & INSIDE_SLOTS))
                return refuse(REFUSAL_MISSING_FIELD, "an address binding without an inside address");
        return *so_far;
}

/* What shows that the template is of another dialect; NULL where nothing does. */
static const char *find_stranger(const struct template *template, const struct dialect *dialect)
{
        uint64_t strange = template->present & SLOTS_MARKING & ~dialect->marks;

        if (strange & BIT(EVENT))
                return "it has a natEvent (IE 230), which this dialect does not";
        if (strange & (BIT(FIREWALL_EVENT) | BIT(OLD_FIREWALL_EVENT) | BIT(OLD_OUTSIDE4)))
                return "it has the elements of a firewall's log (IE 233, 40001 to 40005), which this dialect "
                       "does "
                       "not";
        if (strange)
                return "it has a subscriber string of Nokia, which this dialect does not";
        if (template->present & dialect->foreign)
                return "it has an element that exporters of this dialect do not send";
        return NULL;
}

static uint64_t slots_of(const struct place *view)
{
        uint64_t present = 0;

        for (int slot = 0; slot < SLOT_COUNT; slot++)
                if (view[slot].length != 0)
                        present |= SLOT_BIT(slot);
        return present;
}

static struct meaning judge_binding(
        const struct dialect *dialect, const struct dialect_event *event, uint64_t present)
{
        struct meaning meaning = judge_family(present, event);

        if (meaning.state != MEANING_BINDS)
                return meaning;
        if (!(present & BIT(OUTSIDE4)))
                return refuse(REFUSAL_MISSING_FIELD, "a NAT event without an outside IPv4 address (IE 225)");
        if ((present & dialect->required) != dialect->required)
                return refuse(REFUSAL_MISSING_FIELD, "it lacks an element that this dialect always has");
        if ((dialect->flags & DIALECT_BLOCK_BY_RANGE) && (present & BIT(RANGE_START)))
                meaning.kind = NAT_BLOCK;
        switch (meaning.kind) {
        case NAT_BLOCK:
                return judge_block(present, dialect, &meaning);
        case NAT_ADDRESS:
                return judge_address(present, &meaning);
        default:
                return judge_port_kind(present, dialect, &meaning);
        }
}

struct meaning nat_judge(const struct template *template, const struct dialect *dialect, unsigned value)
{
        const struct dialect_event *event = dialect_event_of(dialect, value);
        struct place view[SLOT_COUNT];
        const char *stranger = find_stranger(template, dialect);

        if (!event)
                return refuse(REFUSAL_UNKNOWN_EVENT, "the dialect does not know this event value");
        if (!stranger)
                stranger = nat_view(dialect, template, template->places, view);
        if (!stranger)
                stranger = template->unsound;
        if (stranger)
                return refuse(REFUSAL_CONTRADICTION, stranger);
        uint64_t present = slots_of(view);
        if (event->action < 0)
                return judge_unbinding(present, event);
        if ((dialect->flags & DIALECT_MIXED) && !(present & BIT(OUTSIDE4)))
                return (struct meaning){.event = event, .state = MEANING_NOT_TRANSLATED};
        return judge_binding(dialect, event, present);
}

static bool would_take(const struct dialect *dialect, const struct template *template, unsigned value)
{
        if ((dialect->version != 0 && dialect->version != template->version) ||
                !nat_has_event(dialect, template))
                return false;
        if (dialect->event_source != EVENT_IS_ELEMENT)
                value = nat_event_value(dialect, template, NULL, NULL);
        else if (dialect->event_slot != SLOT_EVENT)
                return false;
        return nat_judge(template, dialect, value).state == MEANING_BINDS;
}

const char *nat_hint(const struct template *template, unsigned value, char text[NAT_HINT_MAX])
{
        const char *fitting[16];
        size_t count, fits = 0, used;
        const struct dialect *table = dialect_table(&count);

        for (size_t i = 0; i < count && fits < sizeof fitting / sizeof fitting[0]; i++)
                if (would_take(&table[i], template, value))
                        fitting[fits++] = table[i].name;
        if (fits == 0)
                return "no dialect is set, and none that is known fits";
        used = (size_t)snprintf(text, NAT_HINT_MAX, "set the exporter's dialect: ");
        for (size_t i = 0; i < fits && used < NAT_HINT_MAX; i++)
                used += (size_t)snprintf(text + used, NAT_HINT_MAX - used, "%s%s",
                        i == 0          ? ""
                        : i + 1 == fits ? " or "
                                        : ", ",
                        fitting[i]);
        return text;
}
