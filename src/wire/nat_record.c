/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/nat_record.h"

#define BIT(slot) (UINT32_C(1) << (slot))

/* Big-endian number of 0..8 bytes. The places were checked against the record by the caller. */
static inline uint64_t number_at(const uint8_t *record, struct place place)
{
        const uint8_t *p = record + place.offset;
        uint64_t value = 0;

        switch (place.length) {
        case 1:
                return p[0];
        case 2:
                return (uint64_t)p[0] << 8 | p[1];
        case 4:
                return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
        default:
                for (size_t i = 0; i < place.length; i++)
                        value = value << 8 | p[i];
                return value;
        }
}

static uint32_t slots_present(const struct template *template)
{
        uint32_t present = 0;

        for (int slot = 0; slot < SLOT_COUNT; slot++)
                if (template->places[slot].length != 0)
                        present |= BIT(slot);
        return present;
}

static struct meaning refuse(enum refusal refusal, const char *complaint)
{
        return (struct meaning){
                .state = MEANING_REFUSED, .refusal = (uint8_t)refusal, .complaint = complaint};
}

#define RANGE_SLOTS                                                                                          \
        (BIT(SLOT_RANGE_START) | BIT(SLOT_RANGE_END) | BIT(SLOT_RANGE_STEP) | BIT(SLOT_RANGE_PORTS))
#define INSIDE_SLOTS (BIT(SLOT_INSIDE4) | BIT(SLOT_INSIDE6))
#define ENDPOINT_SLOTS (INSIDE_SLOTS | BIT(SLOT_OUTSIDE4) | BIT(SLOT_OUTSIDE_PORT) | BIT(SLOT_INSIDE_PORT))

/* Events that bind nothing name no inside host. One that does is a binding of another numbering (the drafts
 * before RFC 8158 use 12 and 13 for address bindings), and passing over it would lose a binding without a
 * trace. */
static struct meaning judge_unbinding(uint32_t present, const struct dialect_event *event)
{
        static const uint32_t required[DIALECT_VALUES_MAX] = {
                [13] = BIT(SLOT_QUOTA), [18] = BIT(SLOT_THRESHOLD)};

        if (event->value == 13 || event->value == 18) {
                if ((present & required[event->value]) != required[event->value])
                        return refuse(REFUSAL_CONTRADICTION,
                                "a quota or threshold event without its kind (IE 466, 467)");
                if (present & (BIT(SLOT_OUTSIDE_PORT) | RANGE_SLOTS))
                        return refuse(
                                REFUSAL_CONTRADICTION, "a quota or threshold event with an outside port");
        } else if (present & (INSIDE_SLOTS | RANGE_SLOTS | BIT(SLOT_OUTSIDE_PORT))) {
                return refuse(
                        REFUSAL_CONTRADICTION, "an exhaustion event with an inside host or an outside port");
        }
        return (struct meaning){.event = event, .state = MEANING_BINDS_NOTHING};
}

static struct meaning judge_family(uint32_t present, const struct dialect_event *event)
{
        if (event->family == 4 && (present & BIT(SLOT_INSIDE6)))
                return refuse(REFUSAL_CONTRADICTION, "a NAT44 event with an inside IPv6 address (IE 27)");
        if (event->family == 6 && (present & BIT(SLOT_INSIDE4)))
                return refuse(REFUSAL_CONTRADICTION, "a NAT64 event with an inside IPv4 address (IE 8)");
        if (event->family == 6 && !(present & BIT(SLOT_INSIDE6)))
                return refuse(REFUSAL_MISSING_FIELD, "a NAT64 event without an inside IPv6 address (IE 27)");
        return (struct meaning){.event = event, .state = MEANING_BINDS, .kind = event->kind};
}

static struct meaning judge_port_kind(uint32_t present, const struct meaning *so_far)
{
        if (present & RANGE_SLOTS)
                return refuse(
                        REFUSAL_CONTRADICTION, "a session or mapping with a port range (IE 361 to 364)");
        if (present & (BIT(SLOT_QUOTA) | BIT(SLOT_THRESHOLD)))
                return refuse(REFUSAL_CONTRADICTION,
                        "a session or mapping with a quota or threshold (IE 466, 467)");
        if (!(present & BIT(SLOT_PROTOCOL)))
                return refuse(REFUSAL_MISSING_FIELD, "a session or mapping without a protocol (IE 4)");
        /* Without both the inside host and the port nothing is left that could be said. */
        if (!(present & INSIDE_SLOTS) && !(present & BIT(SLOT_OUTSIDE_PORT)))
                return refuse(REFUSAL_MISSING_FIELD,
                        "a session or mapping with neither inside address nor outside port");
        return *so_far;
}

static struct meaning judge_block(
        uint32_t present, const struct dialect *dialect, const struct meaning *so_far)
{
        bool counted = dialect->flags & DIALECT_BLOCK_END_FROM_COUNT;

        if (!(present & BIT(SLOT_RANGE_START)))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without its first port (IE 361)");
        if (!(present & BIT(SLOT_RANGE_END)) && !(counted && (present & BIT(SLOT_RANGE_PORTS))))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without its last port (IE 362)");
        if (present & BIT(SLOT_OUTSIDE_PORT))
                return refuse(REFUSAL_CONTRADICTION, "a port block with a single outside port (IE 227)");
        if (!(present & INSIDE_SLOTS))
                return refuse(REFUSAL_MISSING_FIELD, "a port block without an inside address");
        return *so_far;
}

static struct meaning judge_address(uint32_t present, const struct meaning *so_far)
{
        if (present & RANGE_SLOTS)
                return refuse(REFUSAL_CONTRADICTION, "an address binding with a port range (IE 361 to 364)");
        if (present & (BIT(SLOT_OUTSIDE_PORT) | BIT(SLOT_INSIDE_PORT)))
                return refuse(REFUSAL_CONTRADICTION, "an address binding with a port");
        if (!(present & INSIDE_SLOTS))
                return refuse(REFUSAL_MISSING_FIELD, "an address binding without an inside address");
        return *so_far;
}

static struct meaning judge(const struct template *template, const struct dialect *dialect, unsigned value)
{
        const struct dialect_event *event = dialect_event_of(dialect, value);
        uint32_t present = slots_present(template);

        if (!event)
                return refuse(REFUSAL_UNKNOWN_EVENT, "the dialect does not know this event value");
        if (template->unsound)
                return refuse(REFUSAL_CONTRADICTION, template->unsound);
        if (event->action < 0)
                return judge_unbinding(present, event);
        struct meaning meaning = judge_family(present, event);
        if (meaning.state != MEANING_BINDS)
                return meaning;
        if (!(present & BIT(SLOT_OUTSIDE4)))
                return refuse(REFUSAL_MISSING_FIELD, "a NAT event without an outside IPv4 address (IE 225)");
        if ((dialect->flags & DIALECT_BLOCK_BY_RANGE) && (present & BIT(SLOT_RANGE_START)))
                meaning.kind = NAT_BLOCK;
        switch (meaning.kind) {
        case NAT_BLOCK:
                return judge_block(present, dialect, &meaning);
        case NAT_ADDRESS:
                return judge_address(present, &meaning);
        default:
                return judge_port_kind(present, &meaning);
        }
}

/* The meaning of a value for this template, judged when first met. NULL where no dialect is known. */
static const struct meaning *meaning_of(
        struct template *template, const struct dialect *dialect, unsigned value, struct meaning *scratch)
{
        if (!dialect) {
                dialect = dialect_recognise(
                        template->version, value, template->places[SLOT_OUTSIDE4].length != 0);
                /* One template that speaks two dialects speaks neither beyond doubt. */
                if (dialect && template->judged_by && dialect != template->judged_by)
                        template->is_ambiguous = true;
                if (template->is_ambiguous)
                        return NULL;
        }
        if (!dialect || (dialect->version != 0 && dialect->version != template->version))
                return NULL;
        if (value >= DIALECT_VALUES_MAX) {
                *scratch = refuse(REFUSAL_UNKNOWN_EVENT, "the dialect does not know this event value");
                return scratch;
        }
        if (template->judged_by != dialect) {
                memset(template->meanings, 0, sizeof template->meanings);
                template->judged_by = dialect;
        }
        if (template->meanings[value].state == MEANING_NOT_JUDGED)
                template->meanings[value] = judge(template, dialect, value);
        return &template->meanings[value];
}

static enum record_outcome refused(struct record_result *result, enum refusal refusal, const char *complaint)
{
        result->refusal = refusal;
        result->complaint = complaint;
        return RECORD_REFUSED;
}

static int64_t time_of(const struct place *places, const uint8_t *record,
        const struct record_context *context, uint8_t action)
{
        if (places[SLOT_TIME_MS].length == 8) {
                uint64_t time = number_at(record, places[SLOT_TIME_MS]);
                return time < (uint64_t)TIME_LIMIT ? (int64_t)time : TIME_UNKNOWN;
        }
        if (places[SLOT_TIME_S].length == 4)
                return (int64_t)number_at(record, places[SLOT_TIME_S]) * TIME_SECOND;
        enum slot uptime = action == NAT_OPEN ? SLOT_FIRST_UPTIME : SLOT_LAST_UPTIME;
        if (context->uptime_zero_ms != TIME_UNKNOWN && places[uptime].length == 4)
                return context->uptime_zero_ms + (int64_t)number_at(record, places[uptime]);
        return TIME_UNKNOWN;
}

static const char *read_time(const struct place *places, const uint8_t *record,
        const struct record_context *context, struct nat_event *event)
{
        int64_t time = time_of(places, record, context, event->action);

        if (time == TIME_UNKNOWN || time <= 0)
                return "the event has no time (IE 323 or 322)";
        if (time < context->export_ms - RECORD_BEHIND_MS)
                return "the event is more than a day older than its message";
        if (time > context->export_ms + RECORD_AHEAD_MS + context->exporter->delay_ms)
                return "the event is later than its message";
        event->time_ms = time;
        return NULL;
}

/* Reads a port or query identifier; false where the number cannot be one. */
static bool read_port(const struct place *places, enum slot slot, const uint8_t *record, uint16_t *ret_port)
{
        uint64_t port = number_at(record, places[slot]);

        if (port > UINT16_MAX)
                return false;
        *ret_port = (uint16_t)port;
        return true;
}

static void set_flag(struct nat_event *event, unsigned flag)
{
        event->flags = (uint8_t)(event->flags | flag);
}

static const char *read_inside(const struct place *places, const uint8_t *record, struct nat_event *event)
{
        bool has4 = places[SLOT_INSIDE4].length == 4, has6 = places[SLOT_INSIDE6].length == 16;
        uint32_t inside4 = has4 ? (uint32_t)number_at(record, places[SLOT_INSIDE4]) : 0;
        struct address inside6 = {{0}};

        if (has6)
                memcpy(inside6.bytes, record + places[SLOT_INSIDE6].offset, 16);
        if (!has4 && !has6) {
                set_flag(event, NAT_INSIDE_UNKNOWN);
                return NULL;
        }
        bool is6 = has6 && !address_is_none(&inside6);
        if (inside4 != 0 && is6)
                return "two inside addresses (IE 8 and IE 27)";
        if (inside4 == 0 && !is6)
                return "the inside address is all zero";
        if (is6 && address_is_ipv4(&inside6))
                return "the inside IPv6 address (IE 27) is an IPv4 address in disguise";
        event->inside = is6 ? inside6 : address_from_ipv4(inside4);
        return NULL;
}

static void read_destination(
        const struct place *places, const uint8_t *record, bool is64, struct nat_event *event)
{
        uint32_t address = 0;
        uint16_t port = 0;

        if (places[SLOT_POST_DESTINATION4].length == 4)
                address = (uint32_t)number_at(record, places[SLOT_POST_DESTINATION4]);
        if (address == 0 && !is64 && places[SLOT_DESTINATION4].length == 4)
                address = (uint32_t)number_at(record, places[SLOT_DESTINATION4]);
        if (address == 0)
                return;
        if (!read_port(places, SLOT_POST_DESTINATION_PORT, record, &port) || port == 0)
                if (!read_port(places, SLOT_DESTINATION_PORT, record, &port))
                        port = 0;
        event->destination = address_from_ipv4(address);
        event->destination_port = port;
        set_flag(event, NAT_HAS_DESTINATION);
}

static const char *read_ports(const struct place *places, const uint8_t *record, struct nat_event *event)
{
        uint64_t protocol = number_at(record, places[SLOT_PROTOCOL]);
        uint16_t port = 0;

        if (protocol == NAT_PROTOCOL_ANY || protocol > 255)
                return "the protocol (IE 4) is none";
        event->protocol = (uint8_t)protocol;
        if (places[SLOT_INSIDE_PORT].length != 0) {
                if (!read_port(places, SLOT_INSIDE_PORT, record, &event->inside_port))
                        return "the inside port (IE 7) is no port";
                set_flag(event, NAT_HAS_INSIDE_PORT);
        }
        if (places[SLOT_OUTSIDE_PORT].length == 0 || !nat_protocol_has_port((int)protocol)) {
                event->port_last = UINT16_MAX;
                set_flag(event, NAT_PORT_UNKNOWN);
                return NULL;
        }
        if (!read_port(places, SLOT_OUTSIDE_PORT, record, &port))
                return "the outside port (IE 227) is no port";
        if (port == 0 && protocol != 1 && protocol != 58) /* ICMP: a query identifier may be zero */
                return "the outside port (IE 227) is zero";
        event->port_first = event->port_last = port;
        return NULL;
}

/* RFC 8158 section 5.9: start and end, or start, step and number. A step above one means that the ports
 * between belong to others. */
static const char *read_range(
        const struct place *places, const uint8_t *record, bool counted, struct record_result *result)
{
        uint64_t start = number_at(record, places[SLOT_RANGE_START]);
        uint64_t end = number_at(record, places[SLOT_RANGE_END]);
        uint64_t step = number_at(record, places[SLOT_RANGE_STEP]);
        uint64_t ports = number_at(record, places[SLOT_RANGE_PORTS]);

        if (step == 0)
                step = 1;
        if (start > UINT16_MAX || end > UINT16_MAX || step > UINT16_MAX || ports > UINT16_MAX + 1)
                return "a port range holds a number that is no port";
        if (end == 0 && counted && ports > 0)
                end = start + step * (ports - 1);
        if (end > UINT16_MAX || end < start || end == 0)
                return "a port range runs backwards or past the last port";
        if (ports != 0 && (end - start) / step + 1 != ports)
                return "the first and last port contradict the number of ports (IE 364)";
        if (step > 1 && (end - start) / step >= DIALECT_STEPPED_PORTS_MAX)
                return "a stepped port range has more ports than are kept";
        result->step = (uint32_t)step;
        result->event.port_first = (uint16_t)start;
        result->event.port_last = (uint16_t)end;
        return NULL;
}

static const char *read_range_protocol(
        const struct place *places, const uint8_t *record, struct nat_event *event)
{
        uint64_t protocol =
                number_at(record, places[SLOT_PROTOCOL]); /* zero where there is none: every protocol */

        if (protocol > 255)
                return "the protocol (IE 4) is none";
        event->protocol = (uint8_t)protocol;
        return NULL;
}

static const char *read_kind(const struct template *template, const struct place *places,
        const uint8_t *record, const struct meaning *meaning, struct record_result *result)
{
        struct nat_event *event = &result->event;
        const struct dialect *dialect = template->judged_by;
        const char *complaint;

        switch (meaning->kind) {
        case NAT_BLOCK:
                complaint = read_range_protocol(places, record, event);
                return complaint ? complaint
                                 : read_range(places, record, dialect->flags & DIALECT_BLOCK_END_FROM_COUNT,
                                           result);
        case NAT_ADDRESS:
                event->port_last = UINT16_MAX;
                return read_range_protocol(places, record, event);
        case NAT_SESSION:
                read_destination(places, record, places[SLOT_INSIDE6].length == 16, event);
                if (dialect->flags & DIALECT_DESTINATION_DEPENDENT)
                        set_flag(event, NAT_DESTINATION_BOUND);
                return read_ports(places, record, event);
        default:
                return read_ports(places, record, event);
        }
}

/* Variable-length fields get their lengths only here; fixed ones were judged with the template. */
static bool lengths_sound(const struct template *template, const struct place *places)
{
        for (int slot = 0; slot < SLOT_COUNT; slot++)
                if (template->places[slot].length == FIELD_VARIABLE &&
                        !template_length_fits(slot, places[slot].length))
                        return false;
        return true;
}

enum record_outcome nat_record_read(struct template *template, const struct place *places,
        const uint8_t *record, const struct record_context *context, struct record_result *result)
{
        struct meaning scratch;
        struct nat_event *event = &result->event;

        if (template->is_variable && !lengths_sound(template, places))
                return refused(
                        result, REFUSAL_BAD_VALUE, "a field of the NAT event has an impossible length");
        uint64_t value = number_at(record, places[SLOT_EVENT]);
        result->value = value > UINT16_MAX ? UINT16_MAX : (unsigned)value;
        const struct meaning *meaning =
                meaning_of(template, context->exporter->dialect, result->value, &scratch);
        if (!meaning)
                return refused(result, REFUSAL_NO_DIALECT, "set the exporter's dialect");
        if (meaning->state == MEANING_REFUSED)
                return refused(result, (enum refusal)meaning->refusal, meaning->complaint);
        if (meaning->state == MEANING_BINDS_NOTHING)
                return RECORD_BINDS_NOTHING;

        *event = (struct nat_event){
                .outside = (uint32_t)number_at(record, places[SLOT_OUTSIDE4]),
                .exporter = context->exporter->number,
                .kind = meaning->kind,
                .action = (uint8_t)meaning->event->action,
        };
        result->step = 1;
        if (event->outside == 0)
                return RECORD_NOT_TRANSLATED;
        const char *complaint = read_time(places, record, context, event);
        if (complaint)
                return refused(result, REFUSAL_IMPOSSIBLE_TIME, complaint);
        uint64_t vrf = number_at(record, places[SLOT_VRF]);
        if (vrf == 0)
                vrf = number_at(record, places[SLOT_INSTANCE]);
        if (vrf > UINT32_MAX)
                return refused(result, REFUSAL_BAD_VALUE, "the VRF (IE 234 or 463) is too large");
        event->vrf = (uint32_t)vrf;
        complaint = read_inside(places, record, event);
        if (!complaint)
                complaint = read_kind(template, places, record, meaning, result);
        return complaint ? refused(result, REFUSAL_BAD_VALUE, complaint) : RECORD_EVENTS;
}
