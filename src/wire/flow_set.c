/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/flow_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SET_HEADER 4
#define FIRST_DATA_SET 256
#define PADDING_MAX                                                                                          \
        3 /* sets end on a multiple of four bytes; more left over than this must at least be zero */

void flow_refuse(struct flow_pass *pass, enum refusal refusal, size_t offset, const char *format, ...)
{
        char detail[256];
        va_list arguments;

        pass->state->counts.refused[refusal]++;
        if (!pass->sink || !pass->sink->refused)
                return;
        va_start(arguments, format);
        vsnprintf(detail, sizeof detail, format, arguments);
        va_end(arguments);
        pass->sink->refused(pass->sink->context, refusal, offset, detail);
}

void flow_mark(struct flow_pass *pass, enum gap_reason reason, uint32_t records)
{
        if (!pass->outcome.is_marked)
                pass->outcome.reason = (uint8_t)reason;
        pass->outcome.is_marked = true;
        pass->outcome.refused += records;
}

/* ---- data ---- */

/* Every step-th port of the range is a binding of its own. */
static int deliver_stepped(struct flow_pass *pass, const struct record_result *result)
{
        struct nat_event event = result->event;

        for (unsigned port = result->event.port_first; port <= result->event.port_last;
                port += result->step) {
                event.port_first = event.port_last = (uint16_t)port;
                pass->state->counts.events++;
                int r = pass->sink->event(pass->sink->context, &event);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void note_time(struct flow_pass *pass, int64_t time_ms, int64_t delay_ms)
{
        int64_t delay = pass->context.export_ms - time_ms;

        if (delay < delay_ms)
                delay = delay_ms;
        if (delay > pass->outcome.slowest_ms)
                pass->outcome.slowest_ms = delay;
        if (pass->outcome.first_event_ms == TIME_UNKNOWN || time_ms < pass->outcome.first_event_ms)
                pass->outcome.first_event_ms = time_ms;
        pass->outcome.has_nat = true;
}

static int deliver_event(struct flow_pass *pass, const struct nat_event *event)
{
        pass->state->counts.events++;
        return pass->sink->event(pass->sink->context, event);
}

/* Whom the inside host is comes before what it did. */
static int deliver_identity(struct flow_pass *pass, const struct record_result *result, int64_t time_ms)
{
        if (result->identity.subscriber[0] == '\0' || !pass->sink->lease)
                return 0;
        struct lease_event lease = identity_lease(&result->identity, result->event.vrf, time_ms);
        return pass->sink->lease(pass->sink->context, &lease);
}

static int deliver(struct flow_pass *pass, const struct record_result *result)
{
        note_time(pass, result->event.time_ms, result->delay_ms);
        int r = deliver_identity(pass, result, result->event.time_ms);
        if (r < 0)
                return r;
        if (result->step != 1)
                return deliver_stepped(pass, result);
        r = deliver_event(pass, &result->event);
        if (r < 0 || result->closes_ms == TIME_UNKNOWN)
                return r;
        /* Copied here and not before: a copy right behind the writing of the fields waits for every one of
         * them. */
        struct nat_event closing = result->event;
        closing.time_ms = result->closes_ms;
        closing.action = result->closes_action;
        r = deliver_identity(pass, result, closing.time_ms);
        return r < 0 ? r : deliver_event(pass, &closing);
}

static int data_record(struct flow_pass *pass, struct template *template, const struct place *places,
        const uint8_t *record, size_t offset)
{
        struct record_result *result = pass->result;

        pass->state->counts.data_records++;
        switch (nat_record_read(template, places, record, &pass->context, result)) {
        case RECORD_EVENTS:
                return deliver(pass, result);
        case RECORD_NOT_NAT:
                pass->state->counts.not_nat++;
                return 0;
        case RECORD_NOT_TRANSLATED:
                pass->state->counts.not_translated++;
                return 0;
        case RECORD_BINDS_NOTHING:
                pass->state->counts.other_events++;
                return 0;
        case RECORD_REFUSED:
                break;
        }
        flow_refuse(pass, result->refusal, offset, "template %u, event %u: %s", template->id, result->value,
                result->complaint);
        flow_mark(pass, GAP_REFUSED, 1);
        return 0;
}

static int deliver_batch(struct flow_pass *pass, const struct nat_event *events, size_t count)
{
        pass->state->counts.events += count;
        if (pass->sink->events)
                return pass->sink->events(pass->sink->context, events, count);
        int r = 0;
        for (size_t i = 0; i < count && r >= 0; i++)
                r = pass->sink->event(pass->sink->context, &events[i]);
        return r < 0 ? r : 0;
}

/* Times that nat_record_read takes: within the range of times, and neither long before nor after the message.
 */
static struct record_limits limits_of(const struct flow_pass *pass)
{
        int64_t earliest = pass->context.export_ms - RECORD_BEHIND_MS;
        int64_t latest = pass->context.export_ms + RECORD_AHEAD_MS + pass->exporter->delay_ms;

        earliest = earliest > 1 ? earliest : 1;
        latest = latest < TIME_LIMIT ? latest : TIME_LIMIT - 1;
        return (struct record_limits){.earliest = (uint64_t)earliest,
                .latest = (uint64_t)(latest > earliest ? latest : earliest),
                .exporter = pass->exporter->number};
}

/* Takes those records at the front of the set that need no judgement. */
static int planned_records(struct flow_pass *pass, const struct template *template, struct cursor *set)
{
        const struct record_plan *plan = &template->plan;
        struct record_limits limits;

        if (!pass->batch || !plan->ready || plan->chosen != pass->exporter->dialect)
                return 0;
        limits = limits_of(pass);
        for (;;) {
                size_t most = cursor_left(set) / template->shortest;
                int64_t earliest;
                most = most < FLOW_BATCH_MAX ? most : FLOW_BATCH_MAX;
                size_t count = record_plan_read(
                        plan, set->at, template->shortest, most, &limits, pass->batch, &earliest);
                if (count == 0)
                        return 0;
                cursor_skip(set, count * template->shortest);
                pass->outcome.records += (uint32_t)count;
                pass->state->counts.data_records += count;
                note_time(pass, earliest, plan->delay_ms);
                int r = deliver_batch(pass, pass->batch, count);
                if (r < 0 || count < most)
                        return r;
        }
}

static bool is_zero(const struct cursor *cursor)
{
        for (const uint8_t *p = cursor->at; p < cursor->end; p++)
                if (*p)
                        return false;
        return true;
}

static int fixed_records(struct flow_pass *pass, struct template *template, struct cursor *set, size_t offset)
{
        size_t left_over = cursor_left(set) % template->shortest;
        struct cursor padding = *set;

        cursor_skip(&padding, cursor_left(&padding) - left_over);
        if (left_over > PADDING_MAX && !is_zero(&padding)) {
                flow_refuse(pass, REFUSAL_BAD_LENGTH, offset,
                        "a data set of %zu bytes does not fit the %u-byte records of template %u",
                        cursor_left(set), template->shortest, template->id);
                flow_mark(pass, GAP_DAMAGED, 0);
                pass->outcome.count_known = false;
                return 0;
        }
        while (cursor_left(set) >= template->shortest) {
                int r = planned_records(pass, template, set);
                if (r < 0 || cursor_left(set) < template->shortest)
                        return r;
                size_t at = offset + cursor_offset(set);
                const uint8_t *record = cursor_take(set, template->shortest);
                pass->outcome.records++;
                if (template->is_options) {
                        pass->state->counts.option_records++;
                        continue;
                }
                r = data_record(pass, template, template->places, record, at);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int variable_records(
        struct flow_pass *pass, struct template *template, struct cursor *set, size_t offset)
{
        struct place places[SLOT_COUNT];

        while (cursor_left(set) >= template->shortest) {
                size_t at = offset + cursor_offset(set);
                const uint8_t *record = set->at;
                if (cursor_left(set) <= PADDING_MAX && is_zero(set))
                        return 0;
                memset(places, 0, sizeof places);
                if (!template_walk(template, set, places, NULL)) {
                        flow_refuse(pass, REFUSAL_BAD_LENGTH, at, "a record of template %u runs past its set",
                                template->id);
                        flow_mark(pass, GAP_DAMAGED, 0);
                        pass->outcome.count_known = false;
                        return 0;
                }
                pass->outcome.records++;
                if (template->is_options) {
                        pass->state->counts.option_records++;
                        continue;
                }
                int r = data_record(pass, template, places, record, at);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int walk_records(struct flow_pass *pass, struct template *template, struct cursor *set)
{
        struct flow_field fields[FLOW_FIELDS_MAX];

        while (cursor_left(set) >= template->shortest) {
                if (template->is_variable && cursor_left(set) <= PADDING_MAX && is_zero(set))
                        return 0;
                if (!template_walk(template, set, NULL, fields))
                        return 0;
                struct flow_record record = {
                        .domain = pass->header.domain,
                        .version = pass->header.version,
                        .template_id = template->id,
                        .is_options = template->is_options,
                        .export_ms = pass->header.export_ms,
                        .fields = fields,
                        .field_count = template->field_count,
                };
                int r = pass->walk(pass->walk_context, &record);
                if (r < 0)
                        return r;
        }
        return 0;
}

int flow_records_read(struct flow_pass *pass, struct template *template, struct cursor *set, size_t offset)
{
        if (pass->walk)
                return walk_records(pass, template, set);
        return template->is_variable ? variable_records(pass, template, set, offset)
                                     : fixed_records(pass, template, set, offset);
}

struct flow_session *flow_session_find(struct flow_domain *domain, uint32_t session)
{
        unsigned most = domain->session_count < FLOW_SESSIONS_MAX ? domain->session_count : FLOW_SESSIONS_MAX;

        for (unsigned i = 0; i < most; i++)
                if (domain->sessions[i].number == session)
                        return &domain->sessions[i];
        return NULL;
}

bool flow_session_begun(struct flow_domain *domain, uint32_t session)
{
        const struct flow_session *found = flow_session_find(domain, session);

        return found && found->has_begun;
}

struct template *flow_template(struct flow_domain *domain, uint16_t id, uint32_t session)
{
        return template_find(&domain->templates, id, session, flow_session_begun(domain, session));
}

/* A late message was written before a redefinition that is already known: its data has the old shape. */
static bool is_outdated(const struct flow_pass *pass, const struct template *template)
{
        return pass->is_late && template->was_redefined &&
               (int32_t)(template->sequence - pass->header.number) > 0;
}

static int data_set(struct flow_pass *pass, uint16_t id, struct cursor *set, size_t offset)
{
        struct template *template = flow_template(pass->domain, id, pass->exporter->session);

        pass->outcome.has_data = true;
        if (template && !is_outdated(pass, template))
                return flow_records_read(pass, template, set, offset);
        if (pass->walk)
                return 0;
        pass->outcome.count_known = false;
        if (!template)
                return flow_pending_keep(pass, id, set, offset);
        flow_refuse(pass, REFUSAL_NO_TEMPLATE, offset,
                "template %u was redefined before this late message came", id);
        flow_mark(pass, GAP_UNDECODABLE, 0);
        return 0;
}

/* ---- templates ---- */

static void forget_template(struct flow_pass *pass, uint16_t id)
{
        size_t before = pass->domain->templates.count;

        template_remove(&pass->domain->templates, id, EVERY_SESSION);
        pass->state->template_count -= before - pass->domain->templates.count;
}

static void withdraw(struct flow_pass *pass, uint16_t id)
{
        size_t before = pass->domain->templates.count;

        pass->state->counts.withdrawals++;
        if (pass->is_late)
                return;
        if (id == 2 || id == 3)
                template_remove_all(&pass->domain->templates, id == 3, pass->exporter->session);
        else
                template_remove(&pass->domain->templates, id, pass->exporter->session);
        pass->state->template_count -= before - pass->domain->templates.count;
}

/* An exporter that takes another port at each start leaves templates behind that nobody asks for. Returns how
 * many are left. */
static size_t forget_lost_sessions(struct flow_pass *pass)
{
        struct template_list *list = &pass->domain->templates;
        size_t before = list->count;

        for (size_t i = 0; i < list->count;) {
                uint32_t session = list->items[i]->session;
                if (flow_session_find(pass->domain, session) || session == pass->exporter->session) {
                        i++;
                        continue;
                }
                template_remove_all(list, false, session);
                template_remove_all(list, true, session);
                i = 0;
        }
        pass->state->template_count -= before - list->count;
        return list->count;
}

static int learn(struct flow_pass *pass, struct template *template, size_t offset)
{
        uint32_t session = pass->exporter->session;
        const struct template *known = flow_template(pass->domain, template->id, session);
        size_t before = pass->domain->templates.count;
        uint16_t id = template->id;
        bool changed;

        pass->state->counts.templates++;
        if (pass->is_late && known) { /* what came after it counts */
                free(template);
                return 0;
        }
        template->sequence = pass->header.number;
        template->session = session;
        if (!known && pass->domain->templates.count >= FLOW_TEMPLATES_MAX)
                before = forget_lost_sessions(pass);
        int r = !known && pass->state->template_count >= FLOW_EXPORTER_TEMPLATES_MAX
                        ? -EFBIG
                        : template_put(&pass->domain->templates, template,
                                  flow_session_begun(pass->domain, session), &changed);
        if (r < 0)
                free(template);
        if (r == -EFBIG) {
                flow_refuse(pass, REFUSAL_TEMPLATE_LIMIT, offset, "template %u of domain %u is one too many",
                        id, pass->header.domain);
                return 0;
        }
        if (r < 0)
                return r;
        pass->state->template_count += pass->domain->templates.count - before;
        pass->state->counts.template_changes += changed;
        return flow_pending_decode(pass, id);
}

static int template_set(struct flow_pass *pass, bool is_options, struct cursor *set, size_t offset)
{
        while (cursor_left(set) >= SET_HEADER) {
                struct template_header header = {0};
                struct template *template = NULL;
                const char *complaint = NULL;
                size_t at = offset + cursor_offset(set);
                if (cursor_left(set) < 8 && is_zero(set))
                        return 0;
                pass->templates++;
                int r = template_read(set, pass->header.version, is_options, &header, &template, &complaint);
                if (r == -EBADMSG || r == -EFBIG) {
                        flow_refuse(pass, r == -EFBIG ? REFUSAL_TEMPLATE_LIMIT : REFUSAL_BAD_TEMPLATE, at,
                                "template %u: %s", header.id, complaint);
                        /* What stood under this number is no longer true, and what is true is not known. */
                        forget_template(pass, header.id);
                        if (set->overrun)
                                return 0;
                        continue;
                }
                if (r < 0)
                        return r;
                if (!template)
                        withdraw(pass, header.id);
                else if ((r = learn(pass, template, at)) < 0)
                        return r;
        }
        return 0;
}

/* ---- sets ---- */

static int one_set(struct flow_pass *pass, uint16_t id, struct cursor *set, size_t offset)
{
        uint16_t templates = pass->header.version == 10 ? 2 : 0;

        if (id == templates || id == templates + 1)
                return template_set(pass, id != templates, set, offset);
        if (id >= FIRST_DATA_SET)
                return data_set(pass, id, set, offset);
        flow_refuse(pass, REFUSAL_BAD_LENGTH, offset, "set number %u is reserved", id);
        flow_mark(pass, GAP_DAMAGED, 0);
        pass->outcome.count_known = false;
        return 0;
}

int flow_sets_read(struct flow_pass *pass, struct cursor *cursor)
{
        while (cursor_left(cursor) > 0) {
                size_t at = cursor_offset(cursor);
                if (is_zero(cursor)) /* datagrams filled up with zeros */
                        return 0;
                uint16_t id = cursor_be16(cursor), length = cursor_be16(cursor);
                bool fits = !cursor->overrun && length >= SET_HEADER &&
                            (size_t)(length - SET_HEADER) <= cursor_left(cursor);
                if (!fits) {
                        flow_refuse(pass, length > SET_HEADER ? REFUSAL_TRUNCATED : REFUSAL_BAD_LENGTH, at,
                                "set %u says it is %u bytes long, where %zu are left", id, length,
                                (size_t)(cursor->end - cursor->start) - at);
                        flow_mark(pass, GAP_DAMAGED, 0);
                        pass->outcome.count_known = false;
                        return 0;
                }
                struct cursor set = cursor_part(cursor, (size_t)length - SET_HEADER);
                int r = one_set(pass, id, &set, at + SET_HEADER);
                if (r < 0)
                        return r;
        }
        return 0;
}
