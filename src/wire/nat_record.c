/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/nat_record.h"

#include "base/checksum.h"

/* What is done with a template and the dialect it is read in: kept until it is read in another. */
static void begin_dialect(struct template *template, const struct dialect *dialect)
{
        if (template->judged_by == dialect)
                return;
        memset(template->meanings, 0, sizeof template->meanings);
        template->judged_by = dialect;
        nat_view(dialect, template, template->places, template->view);
        record_plan_make(&template->plan, template);
}

static const struct meaning *meaning_of(
        struct template *template, const struct dialect *dialect, unsigned value, struct meaning *scratch)
{
        size_t index = dialect->event_source == EVENT_IS_ELEMENT ? value : 0;

        if (index >= DIALECT_VALUES_MAX) {
                *scratch = nat_judge(template, dialect, value);
                return scratch;
        }
        if (template->meanings[index].state == MEANING_NOT_JUDGED)
                template->meanings[index] = nat_judge(template, dialect, value);
        return &template->meanings[index];
}

static enum record_outcome refused(struct record_result *result, enum refusal refusal, const char *complaint)
{
        result->refusal = refusal;
        result->complaint = complaint;
        return RECORD_REFUSED;
}

/* Uptimes count milliseconds in 32 bits and begin anew after 49.7 days. An event cannot be later than its
 * message, so the latest time that is not is meant. */
static int64_t time_of_uptime(int64_t zero_ms, uint64_t uptime_ms, const struct record_context *context)
{
        const int64_t turn = INT64_C(1) << 32;
        int64_t latest = context->export_ms + RECORD_AHEAD_MS + context->exporter->delay_ms;

        if (zero_ms < 0 || zero_ms > latest)
                return TIME_UNKNOWN;
        int64_t time = zero_ms + (int64_t)(uptime_ms & UINT32_MAX);
        if (time > latest)
                return time - turn;
        return time + (latest - time) / turn * turn;
}

static int64_t time_at_ms(const struct place *places, enum slot slot, const uint8_t *record)
{
        uint64_t time = nat_number_at(record, places[slot]);

        return time < (uint64_t)TIME_LIMIT ? (int64_t)time : TIME_UNKNOWN;
}

/* When the uptime counter was zero: NetFlow v9 says it in the header, IPFIX in IE 160. */
static int64_t uptime_of(const struct place *places, const uint8_t *record,
        const struct record_context *context, enum slot slot)
{
        int64_t zero = context->uptime_zero_ms;

        if (places[slot].length != 4)
                return TIME_UNKNOWN;
        if (places[SLOT_BOOT_MS].length == 8)
                zero = time_at_ms(places, SLOT_BOOT_MS, record);
        if (zero == TIME_UNKNOWN)
                return TIME_UNKNOWN;
        return time_of_uptime(zero, nat_number_at(record, places[slot]), context);
}

static int64_t time_of(const struct place *places, const uint8_t *record,
        const struct record_context *context, uint8_t action)
{
        if (places[SLOT_TIME_MS].length == 8)
                return time_at_ms(places, SLOT_TIME_MS, record);
        if (places[SLOT_TIME_S].length == 4)
                return (int64_t)nat_number_at(record, places[SLOT_TIME_S]) * TIME_SECOND;
        return uptime_of(places, record, context, action == NAT_OPEN ? SLOT_FIRST_UPTIME : SLOT_LAST_UPTIME);
}

static const char *check_time(int64_t time, const struct record_context *context)
{
        if (time == TIME_UNKNOWN || time <= 0)
                return "the event has no time (IE 323 or 322)";
        if (time < context->export_ms - RECORD_BEHIND_MS)
                return "the event is more than a day older than its message";
        if (time > context->export_ms + RECORD_AHEAD_MS + context->exporter->delay_ms)
                return "the event is later than its message";
        return NULL;
}

/* Is the flow over, or is it only told once in a while (IPFIX registry, flowEndReason: 2 is the active
 * timeout)? Where the exporter does not say why it tells a flow, it may go on. */
static bool ends(const struct place *places, const uint8_t *record)
{
        uint64_t reason = nat_number_at(record, places[SLOT_END_REASON]);

        return places[SLOT_END_REASON].length != 0 && reason != 2 && reason >= 1 && reason <= 5;
}

/* A flow's first and last packet. */
static const char *read_flow_times(const struct place *places, const uint8_t *record,
        const struct record_context *context, struct record_result *result)
{
        bool absolute = places[SLOT_START_MS].length == 8 && places[SLOT_END_MS].length == 8;
        int64_t start = absolute ? time_at_ms(places, SLOT_START_MS, record)
                                 : uptime_of(places, record, context, SLOT_FIRST_UPTIME);
        int64_t end = absolute ? time_at_ms(places, SLOT_END_MS, record)
                               : uptime_of(places, record, context, SLOT_LAST_UPTIME);

        if (start == TIME_UNKNOWN || end == TIME_UNKNOWN)
                return "the flow has no absolute times: have the exporter send IE 152 and 153, or IE 160 "
                       "(sys-init-time) beside IE 21 and 22";
        if (end < start)
                return "the flow ends before it begins";
        const char *complaint = check_time(start, context);
        if (!complaint)
                complaint = check_time(end, context);
        result->event.time_ms = start;
        result->closes_ms = end;
        result->closes_action = ends(places, record) ? NAT_CLOSE : NAT_ALIVE;
        return complaint;
}

static const char *read_times(const struct dialect *dialect, const struct place *places,
        const uint8_t *record, const struct record_context *context, struct record_result *result)
{
        if (dialect->event_source == EVENT_IS_FLOW)
                return read_flow_times(places, record, context, result);
        result->event.time_ms = time_of(places, record, context, result->event.action);
        return check_time(result->event.time_ms, context);
}

/* Reads a port or query identifier; false where the number cannot be one. */
static bool read_port(const struct place *places, enum slot slot, const uint8_t *record, uint16_t *ret_port)
{
        uint64_t port = nat_number_at(record, places[slot]);

        if (port > UINT16_MAX)
                return false;
        *ret_port = (uint16_t)port;
        return true;
}

static void set_flag(struct nat_event *event, unsigned flag)
{
        event->flags = (uint8_t)(event->flags | flag);
}

/* The inside host by the string that names it. */
static const char *read_identity(const struct dialect *dialect, const struct place *places,
        const uint8_t *record, struct record_result *result)
{
        struct slice text = {
                (const char *)record + places[SLOT_SUBSCRIBER].offset, places[SLOT_SUBSCRIBER].length};
        const char *complaint = identity_read(text, dialect->host_mark, &result->identity);

        if (complaint)
                return complaint;
        struct address outside = address_from_ipv4(result->event.outside);
        if (address_compare(&result->identity.inside, &outside) == 0)
                return "the inside address is the outside one";
        result->event.inside = result->identity.inside;
        return NULL;
}

static const char *read_inside(const struct dialect *dialect, const struct place *places,
        const uint8_t *record, struct nat_event *event)
{
        bool has4 = places[SLOT_INSIDE4].length == 4, has6 = places[SLOT_INSIDE6].length == 16;
        uint32_t inside4 = has4 ? (uint32_t)nat_number_at(record, places[SLOT_INSIDE4]) : 0;
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
        if (inside4 == 0 && !is6 && (dialect->flags & DIALECT_INSIDE_ZERO)) {
                set_flag(event, NAT_INSIDE_UNKNOWN);
                return NULL;
        }
        if (inside4 == 0 && !is6)
                return "the inside address is all zero";
        if (is6 && address_is_named(&inside6))
                return "the inside IPv6 address (IE 27) is one that no host can have";
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
                address = (uint32_t)nat_number_at(record, places[SLOT_POST_DESTINATION4]);
        if (address == 0 && !is64 && places[SLOT_DESTINATION4].length == 4)
                address = (uint32_t)nat_number_at(record, places[SLOT_DESTINATION4]);
        if (address == 0)
                return;
        if (!read_port(places, SLOT_POST_DESTINATION_PORT, record, &port) || port == 0)
                if (!read_port(places, SLOT_DESTINATION_PORT, record, &port))
                        port = 0;
        event->destination = address_from_ipv4(address);
        event->destination_port = port;
        set_flag(event, NAT_HAS_DESTINATION);
}

static const char *read_ports(const struct dialect *dialect, const struct place *places,
        const uint8_t *record, struct nat_event *event)
{
        uint64_t protocol = nat_number_at(record, places[SLOT_PROTOCOL]);
        uint16_t port = 0;

        if (protocol == NAT_PROTOCOL_ANY || protocol > 255)
                return "the protocol (IE 4) is none";
        event->protocol = (uint8_t)protocol;
        if (places[SLOT_INSIDE_PORT].length != 0) {
                if (!read_port(places, SLOT_INSIDE_PORT, record, &event->inside_port))
                        return "the inside port (IE 7) is no port";
                set_flag(event, NAT_HAS_INSIDE_PORT);
        }
        if (!read_port(places, SLOT_OUTSIDE_PORT, record, &port))
                return "the outside port (IE 227) is no port";
        if (places[SLOT_OUTSIDE_PORT].length == 0 || !nat_protocol_has_port((int)protocol) ||
                (port == 0 && (dialect->flags & DIALECT_PORT_ZERO))) {
                event->port_last = UINT16_MAX;
                set_flag(event, NAT_PORT_UNKNOWN);
                return NULL;
        }
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
        uint64_t start = nat_number_at(record, places[SLOT_RANGE_START]);
        uint64_t end = nat_number_at(record, places[SLOT_RANGE_END]);
        uint64_t step = nat_number_at(record, places[SLOT_RANGE_STEP]);
        uint64_t ports = nat_number_at(record, places[SLOT_RANGE_PORTS]);

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
                nat_number_at(record, places[SLOT_PROTOCOL]); /* zero where there is none: every protocol */

        if (protocol > 255)
                return "the protocol (IE 4) is none";
        event->protocol = (uint8_t)protocol;
        return NULL;
}

static const char *read_kind(const struct dialect *dialect, const struct place *places, const uint8_t *record,
        struct record_result *result)
{
        struct nat_event *event = &result->event;
        const char *complaint;

        switch (event->kind) {
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
                return read_ports(dialect, places, record, event);
        default:
                return read_ports(dialect, places, record, event);
        }
}

static const char *read_values(const struct dialect *dialect, const struct place *places,
        const uint8_t *record, struct record_result *result)
{
        uint64_t vrf = nat_number_at(record, places[SLOT_VRF]);
        const char *complaint;

        if (vrf == 0)
                vrf = nat_number_at(record, places[SLOT_INSTANCE]);
        if (vrf > UINT32_MAX)
                return "the VRF (IE 234 or 463) is too large";
        result->event.vrf = (uint32_t)vrf;
        if (places[SLOT_SUBSCRIBER].length != 0)
                complaint = read_identity(dialect, places, record, result);
        else
                complaint = read_inside(dialect, places, record, &result->event);
        return complaint ? complaint : read_kind(dialect, places, record, result);
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

/* In some dialects flows that are not translated have no outside address, or the inside one in its place. */
static bool is_untranslated(const struct dialect *dialect, const struct place *places, const uint8_t *record)
{
        uint64_t outside = nat_number_at(record, places[SLOT_OUTSIDE4]);

        return outside == 0 || ((dialect->flags & DIALECT_MIXED) && places[SLOT_INSIDE4].length == 4 &&
                                       outside == nat_number_at(record, places[SLOT_INSIDE4]));
}

/* A record that shows a translation, but nothing that says what happened. */
static enum record_outcome unnamed(const struct template *template, const struct place *places,
        const uint8_t *record, const struct dialect *dialect, struct record_result *result)
{
        bool old = places[SLOT_OUTSIDE4].length != 4;
        struct place outside = places[old ? SLOT_OLD_OUTSIDE4 : SLOT_OUTSIDE4];

        if (outside.length == 4) {
                uint64_t address = nat_number_at(record, outside);
                if (address == 0 || (places[SLOT_INSIDE4].length == 4 &&
                                            address == nat_number_at(record, places[SLOT_INSIDE4])))
                        return RECORD_NOT_TRANSLATED;
        } else if (!(template->present & SLOT_BIT(SLOT_SUBSCRIBER))) {
                return RECORD_NOT_NAT;
        }
        if (dialect)
                return refused(result, REFUSAL_MISSING_FIELD,
                        "a translated address (IE 225) or a subscriber, without what says the event in the "
                        "dialect that is set");
        return refused(result, REFUSAL_NO_DIALECT, nat_hint(template, 0, result->hint));
}

/* Which dialect an event's value shows: looked up once per template and value. */
static const struct dialect *shown_by_value(
        struct template *template, const struct dialect_traits *traits, unsigned value)
{
        if (value >= DIALECT_VALUES_MAX)
                return dialect_of_event(traits, value);
        if (!(template->values_looked_up >> value & 1)) {
                template->shown_by_value[value] = dialect_of_event(traits, value);
                template->values_looked_up |= UINT32_C(1) << value;
        }
        return template->shown_by_value[value];
}

/* The dialect that a record without a set one is in; NULL where that is not beyond doubt. */
static const struct dialect *recognise(struct template *template, const struct place *places,
        const uint8_t *record, struct record_result *result)
{
        struct dialect_traits traits = {template->version, template->id, template->present};

        if (!template->is_searched) {
                template->shown_by = dialect_of_template(&traits);
                template->is_searched = true;
        }
        if (template->shown_by || !(template->present & SLOT_BIT(SLOT_EVENT)))
                return template->shown_by;
        uint64_t value = nat_number_at(record, places[SLOT_EVENT]);
        result->value = value > UINT16_MAX ? UINT16_MAX : (unsigned)value;
        const struct dialect *dialect = shown_by_value(template, &traits, result->value);
        /* One template that speaks two dialects speaks neither beyond doubt. */
        if (dialect && template->judged_by && dialect != template->judged_by) {
                template->is_ambiguous = true;
                template->plan.ready = 0;
        }
        return template->is_ambiguous ? NULL : dialect;
}

/* A flow that lasts is told several times, each time with its beginning and with another end. Without an
 * identity the second end would be taken for that of the next flow through the endpoint, which then nobody
 * would hold. The beginning and the endpoints identify it; the destination is left out, because a number made
 * of it would keep what is not to be kept. */
static uint32_t flow_identity(const struct nat_event *e)
{
        uint64_t parts[4] = {(uint64_t)e->time_ms, 0, 0,
                (uint64_t)e->outside << 32 | (uint64_t)e->port_first << 16 | e->inside_port};

        memcpy(&parts[1], e->inside.bytes, 16);
        uint32_t identity = (uint32_t)checksum(parts, sizeof parts) ^ e->protocol;
        return identity ? identity : 1;
}

static enum record_outcome read_in_dialect(struct template *template, const struct dialect *dialect,
        const struct place *places, const uint8_t *record, const struct record_context *context,
        struct record_result *result)
{
        struct meaning scratch;
        const struct meaning *meaning = meaning_of(template, dialect, result->value, &scratch);

        switch ((enum meaning_state)meaning->state) {
        case MEANING_NOT_TRANSLATED:
                return RECORD_NOT_TRANSLATED;
        case MEANING_BINDS_NOTHING:
                return RECORD_BINDS_NOTHING;
        case MEANING_BINDS:
                break;
        default:
                return refused(result, (enum refusal)meaning->refusal, meaning->complaint);
        }
        if (is_untranslated(dialect, places, record))
                return RECORD_NOT_TRANSLATED;
        result->event = (struct nat_event){
                .outside = (uint32_t)nat_number_at(record, places[SLOT_OUTSIDE4]),
                .exporter = context->exporter->number,
                .kind = meaning->kind,
                .action = (uint8_t)meaning->event->action,
        };
        result->step = 1;
        result->closes_ms = TIME_UNKNOWN;
        result->delay_ms = dialect->delay_ms;
        result->identity.subscriber[0] = '\0';
        const char *complaint = read_times(dialect, places, record, context, result);
        if (complaint)
                return refused(result, REFUSAL_IMPOSSIBLE_TIME, complaint);
        complaint = read_values(dialect, places, record, result);
        if (complaint)
                return refused(result, REFUSAL_BAD_VALUE, complaint);
        if (result->closes_ms != TIME_UNKNOWN)
                result->event.session = flow_identity(&result->event);
        return RECORD_EVENTS;
}

/* A record that contradicts the dialect it was recognised by was not recognised beyond doubt: where another
 * would take it, the person who imports is told. */
static void reconsider(const struct template *template, struct record_result *result)
{
        if (result->refusal != REFUSAL_CONTRADICTION && result->refusal != REFUSAL_MISSING_FIELD)
                return;
        if (nat_hint(template, result->value, result->hint) == result->hint) {
                result->refusal = REFUSAL_NO_DIALECT;
                result->complaint = result->hint;
        }
}

static enum record_outcome read_viewed(struct template *template, const struct dialect *dialect,
        const struct place *view, const uint8_t *record, const struct record_context *context,
        struct record_result *result)
{
        result->value = nat_event_value(dialect, template, view, record);
        enum record_outcome outcome = read_in_dialect(template, dialect, view, record, context, result);
        if (outcome == RECORD_REFUSED && !context->exporter->dialect)
                reconsider(template, result);
        if (outcome == RECORD_EVENTS)
                record_plan_learn(&template->plan, context->exporter->dialect, result->value, &result->event);
        return outcome;
}

/* A record of variable length in a dialect that gives elements other names: its view is its own. */
static __attribute__((noinline)) enum record_outcome read_renamed(struct template *template,
        const struct dialect *dialect, const struct place *places, const uint8_t *record,
        const struct record_context *context, struct record_result *result)
{
        struct place view[SLOT_COUNT];

        nat_view(dialect, template, places, view);
        return read_viewed(template, dialect, view, record, context, result);
}

enum record_outcome nat_record_read(struct template *template, const struct place *places,
        const uint8_t *record, const struct record_context *context, struct record_result *result)
{
        const struct dialect *dialect = context->exporter->dialect;

        result->value = 0;
        if (!template->is_nat)
                return RECORD_NOT_NAT;
        if (template->is_variable && !lengths_sound(template, places))
                return refused(
                        result, REFUSAL_BAD_VALUE, "a field of the NAT event has an impossible length");
        if (!dialect)
                dialect = recognise(template, places, record, result);
        if (!dialect || !nat_has_event(dialect, template)) {
                if (dialect || !(template->present & SLOT_BIT(SLOT_EVENT)))
                        return unnamed(template, places, record, dialect, result);
                return refused(result, REFUSAL_NO_DIALECT, nat_hint(template, result->value, result->hint));
        }
        if (dialect->version != 0 && dialect->version != template->version)
                return refused(result, REFUSAL_NO_DIALECT,
                        "exporters of the dialect that is set do not send this version of the protocol");
        begin_dialect(template, dialect);
        if (template->is_variable && dialect->aliases[0].from != dialect->aliases[0].to)
                return read_renamed(template, dialect, places, record, context, result);
        return read_viewed(
                template, dialect, template->is_variable ? places : template->view, record, context, result);
}
