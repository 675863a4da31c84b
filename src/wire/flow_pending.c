/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/flow_state.h"

#include <stdio.h>
#include <stdlib.h>

static void release_ticket(struct flow_ticket *ticket)
{
        if (--ticket->outstanding == 0)
                free(ticket);
}

static void unlink_first(struct flow_state *state, struct flow_domain *domain)
{
        struct flow_pending *pending = domain->first;

        domain->first = pending->next;
        if (!domain->first)
                domain->last = NULL;
        domain->pending_bytes -= pending->length;
        state->pending_bytes -= pending->length;
}

/* The gap that the message left when it was kept stays as it is. */
static void refuse_first(struct flow_state *state, struct flow_domain *domain, const struct decode_sink *sink)
{
        struct flow_pending *pending = domain->first;
        char detail[96];

        unlink_first(state, domain);
        state->counts.refused[REFUSAL_NO_TEMPLATE]++;
        if (sink && sink->refused) {
                snprintf(detail, sizeof detail, "template %u of domain %u never came", pending->template_id,
                        domain->number);
                sink->refused(sink->context, REFUSAL_NO_TEMPLATE, pending->offset, detail);
        }
        pending->ticket->spoiled = true;
        sequence_given_up(&domain->sequence, pending->ticket->number);
        release_ticket(pending->ticket);
        free(pending);
}

void flow_pending_expire(struct flow_state *state, struct flow_domain *domain, int64_t before_ms,
        const struct decode_sink *sink)
{
        while (domain->first && (before_ms == INT64_MAX || domain->first->export_ms < before_ms))
                refuse_first(state, domain, sink);
}

static int need_ticket(struct flow_pass *pass)
{
        if (pass->ticket)
                return 0;
        pass->ticket = calloc(1, sizeof *pass->ticket);
        if (!pass->ticket)
                return -ENOMEM;
        if (++pass->domain->ticket_number == 0)
                pass->domain->ticket_number = 1;
        pass->ticket->number = pass->domain->ticket_number;
        pass->ticket->outstanding = 1; /* held by the pass until the message ends */
        return 0;
}

static bool has_room(const struct flow_pass *pass, size_t length)
{
        return pass->domain->pending_bytes + length <= FLOW_PENDING_BYTES_MAX &&
               pass->state->pending_bytes + length <= FLOW_EXPORTER_PENDING_BYTES_MAX;
}

int flow_pending_keep(struct flow_pass *pass, uint16_t template_id, const struct cursor *set, size_t offset)
{
        size_t length = cursor_left(set);
        int r = need_ticket(pass);

        if (r < 0)
                return r;
        while (!has_room(pass, length) && pass->domain->first)
                refuse_first(pass->state, pass->domain, pass->sink);
        if (!has_room(pass, length)) {
                flow_refuse(pass, REFUSAL_NO_TEMPLATE, offset,
                        "template %u of domain %u is not known, and too much waits", template_id,
                        pass->header.domain);
                pass->ticket->spoiled = true;
                return 0;
        }
        struct flow_pending *pending = malloc(sizeof *pending + length);
        if (!pending)
                return -ENOMEM;
        *pending = (struct flow_pending){
                .ticket = pass->ticket,
                .export_ms = pass->header.export_ms,
                .uptime_zero_ms = pass->header.uptime_zero_ms,
                .offset = offset,
                .length = length,
                .session = pass->exporter->session,
                .template_id = template_id,
        };
        memcpy(pending->bytes, set->at, length);
        pass->ticket->outstanding++;
        pass->domain->pending_bytes += length;
        pass->state->pending_bytes += length;
        if (pass->domain->last)
                pass->domain->last->next = pending;
        else
                pass->domain->first = pending;
        pass->domain->last = pending;
        return 0;
}

/* Takes what can be read now of what waits for templates of this id out of the list, in order. */
static struct flow_pending *take(struct flow_pass *pass, uint16_t template_id)
{
        struct flow_pending *taken = NULL, **taken_end = &taken, **link = &pass->domain->first, *last = NULL;

        while (*link) {
                struct flow_pending *pending = *link;
                if (pending->template_id != template_id ||
                        !flow_template(pass->domain, template_id, pending->session)) {
                        last = pending;
                        link = &pending->next;
                        continue;
                }
                *link = pending->next;
                pending->next = NULL;
                *taken_end = pending;
                taken_end = &pending->next;
                pass->domain->pending_bytes -= pending->length;
                pass->state->pending_bytes -= pending->length;
        }
        pass->domain->last = last;
        return taken;
}

/* A pass of its own over the kept bytes: with the header of the message they came in. */
static int decode_one(struct flow_pass *outer, struct template *template, struct flow_pending *pending)
{
        struct flow_pass pass = *outer;
        struct flow_ticket *ticket = pending->ticket;
        struct cursor set = cursor_over(pending->bytes, pending->length);

        pass.header.export_ms = pass.context.export_ms = pending->export_ms;
        pass.header.uptime_zero_ms = pass.context.uptime_zero_ms = pending->uptime_zero_ms;
        pass.outcome = (struct sequence_outcome){.count_known = true, .first_event_ms = TIME_UNKNOWN};
        pass.ticket = NULL;
        int r = flow_records_read(&pass, template, &set, pending->offset);
        if (r < 0)
                return r;
        outer->state->counts.late_decoded++;
        ticket->records += pass.outcome.records;
        if (pass.outcome.slowest_ms > ticket->slowest_ms)
                ticket->slowest_ms = pass.outcome.slowest_ms;
        ticket->spoiled |= pass.outcome.is_marked || !pass.outcome.count_known;
        outer->outcome.has_nat |= pass.outcome.has_nat;
        if (ticket->outstanding == 1 && !ticket->spoiled && ticket != outer->ticket)
                ticket->spoiled =
                        !flow_count_holds(&pass, ticket->announced, ticket->records, pending->offset);
        if (ticket->outstanding == 1 && !ticket->spoiled && ticket != outer->ticket)
                r = sequence_decoded(
                        &outer->domain->sequence, ticket->number, ticket->records, ticket->slowest_ms);
        return r;
}

int flow_pending_decode(struct flow_pass *pass, uint16_t template_id)
{
        struct flow_pending *pending = take(pass, template_id);
        int r = 0;

        while (pending) {
                struct flow_pending *next = pending->next;
                if (r == 0)
                        r = decode_one(
                                pass, flow_template(pass->domain, template_id, pending->session), pending);
                release_ticket(pending->ticket);
                free(pending);
                pending = next;
        }
        return r;
}
