/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/flow.h"

#include "base/checksum.h"
#include "wire/flow_state.h"

#include <stdlib.h>

/* Restarts in a row, without a message in order between them, after which the numbers mean nothing. */
#define CHAOS_RESTARTS 3

int flow_decoder_new(struct flow_decoder **ret_decoder)
{
        struct flow_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        *ret_decoder = decoder;
        return 0;
}

static void free_domain(struct flow_state *state, struct flow_domain *domain)
{
        flow_pending_expire(state, domain, INT64_MAX, NULL);
        template_list_free(&domain->templates);
        sequence_free(&domain->sequence);
        free(domain);
}

void flow_decoder_free(struct flow_decoder *decoder)
{
        if (!decoder)
                return;
        for (size_t i = 0; i < decoder->state_count; i++) {
                struct flow_state *state = decoder->states[i];
                for (size_t k = 0; state && k < state->domain_count; k++)
                        free_domain(state, state->domains[k]);
                if (state)
                        free(state->domains);
                free(state);
        }
        free(decoder->states);
        free(decoder->heard);
        free(decoder);
}

int flow_state_of(struct flow_decoder *decoder, uint16_t exporter, struct flow_state **ret_state)
{
        if (exporter >= decoder->state_count) {
                size_t count = (size_t)exporter + 1;
                struct flow_state **states = realloc(decoder->states, count * sizeof *states);
                if (!states)
                        return -ENOMEM;
                memset(&states[decoder->state_count], 0, (count - decoder->state_count) * sizeof *states);
                decoder->states = states;
                decoder->state_count = count;
        }
        if (!decoder->states[exporter]) {
                decoder->states[exporter] = calloc(1, sizeof *decoder->states[exporter]);
                if (!decoder->states[exporter])
                        return -ENOMEM;
        }
        *ret_state = decoder->states[exporter];
        return 0;
}

static struct flow_domain *find_domain(struct flow_state *state, const struct flow_header *header)
{
        for (size_t i = 0; i < state->domain_count; i++) {
                size_t index = (state->last_domain + i) % state->domain_count;
                struct flow_domain *domain = state->domains[index];
                if (domain->number == header->domain && domain->version == header->version) {
                        state->last_domain = index;
                        return domain;
                }
        }
        return NULL;
}

/* 0, -ENOMEM, or -EFBIG where the exporter has too many. */
int flow_domain_of(struct flow_state *state, const struct flow_exporter *exporter,
        const struct flow_header *header, struct flow_domain **ret_domain)
{
        *ret_domain = find_domain(state, header);
        if (*ret_domain)
                return 0;
        if (state->domain_count >= FLOW_DOMAINS_MAX)
                return -EFBIG;
        if (state->domain_count == state->domain_capacity) {
                size_t capacity = state->domain_capacity ? state->domain_capacity * 2 : 4;
                struct flow_domain **domains = realloc(state->domains, capacity * sizeof *domains);
                if (!domains)
                        return -ENOMEM;
                state->domains = domains;
                state->domain_capacity = capacity;
        }
        struct flow_domain *domain = calloc(1, sizeof *domain);
        if (!domain)
                return -ENOMEM;
        domain->number = header->domain;
        domain->version = header->version;
        bool packets = header->version == 9 ||
                       (exporter->dialect && (exporter->dialect->flags & DIALECT_SEQUENCE_COUNTS_PACKETS));
        sequence_init(&domain->sequence, exporter->number, header->domain, packets);
        state->domains[state->domain_count++] = domain;
        *ret_domain = domain;
        return 0;
}

struct flow_session *flow_session_of(struct flow_domain *domain, uint32_t session, bool *ret_is_new)
{
        struct flow_session *found = flow_session_find(domain, session);

        *ret_is_new = !found;
        if (!found) {
                found = &domain->sessions[domain->session_count++ % FLOW_SESSIONS_MAX];
                *found = (struct flow_session){.number = session};
        }
        return found;
}

static int note_heard(struct flow_decoder *decoder, struct flow_domain *domain)
{
        if (domain->is_heard)
                return 0;
        if (decoder->heard_count == decoder->heard_capacity) {
                size_t capacity = decoder->heard_capacity ? decoder->heard_capacity * 2 : 16;
                struct flow_domain **heard = realloc(decoder->heard, capacity * sizeof *heard);
                if (!heard)
                        return -ENOMEM;
                decoder->heard = heard;
                decoder->heard_capacity = capacity;
        }
        decoder->heard[decoder->heard_count++] = domain;
        domain->is_heard = true;
        return 0;
}

/* After a restart the same template number may stand for another shape (RFC 7011 section 8.4): data waits
 * until the exporter says it again. Not where numbers are no numbers, or nothing would ever be decoded. What
 * other sessions announced stays theirs, because they may go on beside this one. */
static void forget_templates(struct flow_pass *pass, struct flow_session *session)
{
        struct flow_domain *domain = pass->domain;

        if (domain->sequence.chaos >= CHAOS_RESTARTS)
                return;
        flow_pending_expire(pass->state, domain, INT64_MAX, pass->sink);
        pass->state->template_count -= domain->templates.count;
        template_remove_all(&domain->templates, false, session->number);
        template_remove_all(&domain->templates, true, session->number);
        pass->state->template_count += domain->templates.count;
}

/* Where the sequence of a domain goes back to zero, the session begins anew: unless it is known and has not
 * gone beyond zero yet, while others beside it had. */
static void follow_session(struct flow_pass *pass, bool is_restart)
{
        bool is_new;
        struct flow_session *session = flow_session_of(pass->domain, pass->exporter->session, &is_new);

        if (is_restart && pass->header.number == 0) {
                if (is_new || session->has_counted)
                        forget_templates(pass, session);
                session->has_begun = true;
                session->has_counted = false;
        }
        session->has_counted = session->has_counted || pass->header.number != 0;
}

static void check_length(struct flow_pass *pass, size_t length)
{
        if (pass->header.length == length)
                return;
        if (pass->header.length > length)
                flow_refuse(pass, REFUSAL_TRUNCATED, 0,
                        "the message says it is %zu bytes long, where %zu came", pass->header.length, length);
        else
                flow_refuse(pass, REFUSAL_BAD_LENGTH, pass->header.length, "%zu bytes follow the message",
                        length - pass->header.length);
        flow_mark(pass, GAP_DAMAGED, 0);
        if (pass->header.length > length)
                pass->outcome.count_known = false;
}

bool flow_count_holds(struct flow_pass *pass, uint32_t announced, uint32_t found, size_t offset)
{
        struct flow_domain *domain = pass->domain;

        if (announced <= found) {
                domain->count_fits = domain->count_fits || (announced == found && pass->outcome.records > 0);
                return true;
        }
        if (!domain->count_fits && domain->count_misfits >= FLOW_COUNT_MISFITS_MAX)
                return true;
        flow_refuse(pass, REFUSAL_TRUNCATED, offset,
                "%u records are missing of those that the header counts; the message was cut between two "
                "sets%s",
                announced - found,
                domain->count_fits || ++domain->count_misfits < FLOW_COUNT_MISFITS_MAX
                        ? ""
                        : "; no message has as many as its header says, so these counts are not used any "
                          "more");
        return false;
}

/* RFC 3954 section 5.1: the header counts the records of all flowsets, of templates and of data. A NetFlow v9
 * message does not say how long it is, so this alone shows that whole flowsets are missing at its end. Some
 * exporters count flowsets instead, which are fewer: that proves nothing and does no harm. */
static void check_count(struct flow_pass *pass)
{
        uint32_t found = pass->templates + pass->outcome.records;

        if (pass->header.version != 9)
                return;
        if (pass->ticket) { /* what waits for its template is counted when that comes */
                pass->ticket->announced = pass->header.count > found ? pass->header.count - found : 0;
                return;
        }
        if (!pass->outcome.count_known || flow_count_holds(pass, pass->header.count, found, 0))
                return;
        flow_mark(pass, GAP_DAMAGED, 0);
}

/* The message has been read; its ticket stays alive while data of it waits. */
static int end_message(struct flow_pass *pass)
{
        struct flow_ticket *ticket = pass->ticket;
        struct sequence_outcome *outcome = &pass->outcome;

        if (ticket && ticket->outstanding == 1 && !ticket->spoiled &&
                !flow_count_holds(pass, ticket->announced, ticket->records, 0)) {
                ticket->spoiled = true;
                flow_mark(pass, GAP_DAMAGED, 0);
        }
        if (ticket && !outcome->is_marked && ticket->outstanding == 1 && !ticket->spoiled) {
                /* The template stood behind its data in the same message. */
                outcome->records += ticket->records;
                outcome->count_known = true;
                if (ticket->slowest_ms > outcome->slowest_ms)
                        outcome->slowest_ms = ticket->slowest_ms;
        } else if (ticket) {
                outcome->ticket = outcome->is_marked || ticket->spoiled ? 0 : ticket->number;
                flow_mark(pass, GAP_UNDECODABLE, 0);
        }
        int r = sequence_end(&pass->domain->sequence, outcome, &pass->state->counts);
        if (ticket && --ticket->outstanding == 0)
                free(ticket);
        return r;
}

static int decode_message(struct flow_pass *pass, int64_t receipt_ms, const void *bytes, size_t length)
{
        struct sequence_message message = {
                .number = pass->header.number,
                .export_ms = pass->header.export_ms,
                .receipt_ms = receipt_ms,
                .hash = checksum(bytes, length),
        };
        enum sequence_verdict verdict;

        int r = sequence_begin(
                &pass->domain->sequence, &message, pass->exporter, &pass->state->counts, &verdict);
        if (r < 0 || verdict == SEQUENCE_DUPLICATE)
                return r;
        pass->is_late = verdict == SEQUENCE_LATE;
        follow_session(pass, verdict == SEQUENCE_RESTART);
        flow_pending_expire(pass->state, pass->domain, pass->header.export_ms - FLOW_PENDING_MS, pass->sink);
        check_length(pass, length);

        size_t end = pass->header.length < length ? pass->header.length : length;
        struct cursor cursor = cursor_over(bytes, end);
        cursor_skip(&cursor, pass->header.header_length);
        r = flow_sets_read(pass, &cursor);
        check_count(pass);
        int ended = end_message(pass);
        return r < 0 ? r : ended;
}

int flow_decode(struct flow_decoder *decoder, const struct flow_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink)
{
        struct flow_pass pass = {.exporter = exporter,
                .sink = sink,
                .result = &decoder->result,
                .batch = decoder->judges_all ? NULL : decoder->batch};
        enum refusal refusal;
        const char *complaint;
        int r = exporter->number == UINT16_MAX ? -EINVAL
                                               : flow_state_of(decoder, exporter->number, &pass.state);

        if (r < 0)
                return r;
        if (flow_header_read(bytes, length, &pass.header, &refusal, &complaint) < 0) {
                flow_refuse(&pass, refusal, 0, "%s", complaint);
                return 0;
        }
        pass.state->counts.messages++;
        r = flow_domain_of(pass.state, exporter, &pass.header, &pass.domain);
        if (r == -EFBIG) {
                flow_refuse(&pass, REFUSAL_TEMPLATE_LIMIT, 0, "observation domain %u is one too many",
                        pass.header.domain);
                return 0;
        }
        if (r == 0)
                r = note_heard(decoder, pass.domain);
        if (r < 0)
                return r;
        if (pass.domain->resumed.is_set)
                flow_resume(&pass);
        pass.context = (struct record_context){
                .exporter = exporter,
                .export_ms = pass.header.export_ms,
                .uptime_zero_ms = pass.header.uptime_zero_ms,
        };
        pass.outcome = (struct sequence_outcome){.count_known = true, .first_event_ms = TIME_UNKNOWN};
        /* Where flows are reported when they end, what a message does not say may be reported long after. */
        if (exporter->dialect)
                pass.outcome.slowest_ms = exporter->dialect->delay_ms;
        return decode_message(&pass, receipt_ms, bytes, length);
}

int flow_walk(struct flow_decoder *decoder, uint16_t exporter, const void *bytes, size_t length,
        int (*record)(void *context, const struct flow_record *record), void *context)
{
        struct flow_exporter settings = {.number = exporter};
        struct flow_pass pass = {.exporter = &settings, .walk = record, .walk_context = context};
        enum refusal refusal;
        const char *complaint;
        int r = exporter == UINT16_MAX ? -EINVAL : flow_state_of(decoder, exporter, &pass.state);

        if (r < 0)
                return r;
        if (flow_header_read(bytes, length, &pass.header, &refusal, &complaint) < 0) {
                flow_refuse(&pass, refusal, 0, "%s", complaint);
                return 0;
        }
        r = flow_domain_of(pass.state, &settings, &pass.header, &pass.domain);
        if (r < 0)
                return r == -EFBIG ? 0 : r;
        size_t end = pass.header.length < length ? pass.header.length : length;
        struct cursor cursor = cursor_over(bytes, end);
        cursor_skip(&cursor, pass.header.header_length);
        return flow_sets_read(&pass, &cursor);
}

int flow_decoder_finish(struct flow_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        for (size_t i = 0; i < decoder->state_count; i++) {
                struct flow_state *state = decoder->states[i];
                for (size_t k = 0; state && k < state->domain_count; k++) {
                        flow_pending_expire(state, state->domains[k], INT64_MAX, sink);
                        int r = sequence_finish(&state->domains[k]->sequence, ret);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int flow_decoder_pieces(struct flow_decoder *decoder, struct coverage *ret)
{
        int r = 0;

        for (size_t i = 0; i < decoder->heard_count && r == 0; i++) {
                decoder->heard[i]->is_heard = false;
                r = sequence_pieces(&decoder->heard[i]->sequence, ret);
        }
        decoder->heard_count = 0;
        return r;
}

struct flow_counts flow_decoder_counts(const struct flow_decoder *decoder, uint16_t exporter)
{
        if (exporter >= decoder->state_count || !decoder->states[exporter])
                return (struct flow_counts){0};
        return decoder->states[exporter]->counts;
}
