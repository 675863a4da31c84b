/* SPDX-License-Identifier: EUPL-1.2 */
/* What outlives a flow decoder: templates, and where each numbering stood. Data read by an outdated template
 * names the wrong person without being noticed, so both are kept together, and the numbers decide whether the
 * templates still hold. */
#include "wire/flow_state.h"

#include <stdlib.h>

enum { SESSION_BEGUN = 1, SESSION_COUNTED = 2 };
enum { TEMPLATE_OPTIONS = 1, TEMPLATE_REDEFINED = 2 };

static unsigned session_count(const struct flow_domain *domain)
{
        return domain->session_count < FLOW_SESSIONS_MAX ? domain->session_count : FLOW_SESSIONS_MAX;
}

static void save_template(const struct template *template, struct buffer *ret)
{
        buffer_append_le(ret, template->session, 4);
        buffer_append_le(ret, template->sequence, 4);
        buffer_append_le(ret, template->id, 2);
        buffer_append_u8(ret, (uint8_t)((template->is_options ? TEMPLATE_OPTIONS : 0) |
                                        (template->was_redefined ? TEMPLATE_REDEFINED : 0)));
        buffer_append_le(ret, (uint64_t)(template->field_count - 1), 1);
        for (size_t i = 0; i < template->field_count; i++) {
                buffer_append_le(ret, template->fields[i].enterprise, 4);
                buffer_append_le(ret, template->fields[i].element, 2);
                buffer_append_le(ret, template->fields[i].length, 2);
        }
}

static void save_domain(uint16_t exporter, const struct flow_domain *domain, struct buffer *ret)
{
        const struct sequence *s = &domain->sequence;
        uint32_t expected = s->known ? s->run.expected : domain->resumed.expected;
        int64_t highest_ms = s->known ? s->run.highest_ms : domain->resumed.highest_ms;
        int64_t since_ms = s->known ? sequence_heard_since(s) : domain->resumed.heard_since_ms;

        buffer_append_le(ret, exporter, 2);
        buffer_append_le(ret, domain->version, 2);
        buffer_append_le(ret, domain->number, 4);
        buffer_append_u8(ret, s->counts_packets);
        buffer_append_u8(ret, s->known && s->run.expected_unknown);
        buffer_append_le(ret, expected, 4);
        buffer_append_le(ret, (uint64_t)highest_ms, 8);
        buffer_append_le(ret, (uint64_t)since_ms, 8);
        buffer_append_le(ret, session_count(domain), 2);
        buffer_append_le(ret, domain->templates.count, 4);
        buffer_append_u8(ret, domain->count_fits);
        for (unsigned i = 0; i < session_count(domain); i++) {
                buffer_append_le(ret, domain->sessions[i].number, 4);
                buffer_append_u8(ret, (uint8_t)((domain->sessions[i].has_begun ? SESSION_BEGUN : 0) |
                                                (domain->sessions[i].has_counted ? SESSION_COUNTED : 0)));
        }
        for (size_t i = 0; i < domain->templates.count; i++)
                save_template(domain->templates.items[i], ret);
}

int flow_decoder_save(const struct flow_decoder *decoder, struct buffer *ret)
{
        for (size_t i = 0; i < decoder->state_count; i++) {
                const struct flow_state *state = decoder->states[i];
                for (size_t k = 0; state && k < state->domain_count; k++)
                        if (state->domains[k]->sequence.known || state->domains[k]->resumed.is_set)
                                save_domain((uint16_t)i, state->domains[k], ret);
        }
        return ret->failed;
}

bool flow_decoder_waits(const struct flow_decoder *decoder)
{
        for (size_t i = 0; i < decoder->state_count; i++)
                if (decoder->states[i] && decoder->states[i]->pending_bytes > 0)
                        return true;
        return false;
}

static int load_template(struct flow_state *state, struct flow_domain *domain, struct cursor *cursor)
{
        uint32_t session = (uint32_t)cursor_le(cursor, 4), sequence = (uint32_t)cursor_le(cursor, 4);
        uint16_t id = cursor_le16(cursor);
        uint8_t flags = cursor_u8(cursor);
        size_t count = (size_t)cursor_u8(cursor) + 1;
        struct template_field fields[FLOW_FIELDS_MAX];
        struct template *template;
        bool changed;

        for (size_t i = 0; i < count; i++) {
                fields[i].enterprise = (uint32_t)cursor_le(cursor, 4);
                fields[i].element = cursor_le16(cursor);
                fields[i].length = cursor_le16(cursor);
        }
        if (cursor->overrun || state->template_count >= FLOW_EXPORTER_TEMPLATES_MAX)
                return -EBADMSG;
        int r = template_make(domain->version, id, flags & TEMPLATE_OPTIONS, fields, count, &template);
        if (r < 0)
                return r;
        template->session = session;
        template->sequence = sequence;
        template->was_redefined = flags &TEMPLATE_REDEFINED;
        size_t before = domain->templates.count;
        r = template_put(&domain->templates, template, true, &changed);
        if (r < 0)
                free(template);
        state->template_count += domain->templates.count - before;
        return r == -EFBIG ? -EBADMSG : r;
}

static int load_domain(struct flow_decoder *decoder, struct cursor *cursor)
{
        struct flow_exporter exporter = {.number = cursor_le16(cursor)};
        struct flow_header header = {.version = cursor_le16(cursor)};
        struct flow_domain *domain;
        struct flow_state *state;

        header.domain = cursor_le32(cursor);
        bool counts_packets = cursor_u8(cursor), is_unknown = cursor_u8(cursor);
        uint32_t expected = cursor_le32(cursor);
        int64_t highest_ms = (int64_t)cursor_le64(cursor), since_ms = (int64_t)cursor_le64(cursor);
        unsigned sessions = cursor_le16(cursor);
        uint32_t templates = cursor_le32(cursor);
        bool count_fits = cursor_u8(cursor);
        if (cursor->overrun || exporter.number == UINT16_MAX ||
                (header.version != 9 && header.version != 10) || sessions > FLOW_SESSIONS_MAX ||
                templates > FLOW_TEMPLATES_MAX)
                return -EBADMSG;
        int r = flow_state_of(decoder, exporter.number, &state);
        if (r == 0)
                r = flow_domain_of(state, &exporter, &header, &domain);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        if (domain->sequence.known || domain->resumed.is_set)
                return -EBADMSG; /* said twice */
        domain->sequence.counts_packets = counts_packets;
        domain->count_fits = count_fits;
        domain->resumed.is_set = true;
        domain->resumed.expected = expected;
        /* Where the last message could not be counted, no number is the next one. */
        domain->resumed.highest_ms = is_unknown ? INT64_MAX : highest_ms;
        domain->resumed.heard_since_ms = since_ms;
        for (unsigned i = 0; i < sessions; i++) {
                bool is_new;
                struct flow_session *session = flow_session_of(domain, cursor_le32(cursor), &is_new);
                uint8_t flags = cursor_u8(cursor);
                session->has_begun = flags & SESSION_BEGUN;
                session->has_counted = flags & SESSION_COUNTED;
        }
        for (uint32_t i = 0; i < templates && r == 0; i++)
                r = load_template(state, domain, cursor);
        return r == 0 && cursor->overrun ? -EBADMSG : r;
}

int flow_decoder_load(struct flow_decoder *decoder, const void *bytes, size_t length, struct error *error)
{
        struct cursor cursor = cursor_over(bytes, length);
        int r = 0;

        while (cursor_left(&cursor) > 0 && r == 0)
                r = load_domain(decoder, &cursor);
        if (r == -EBADMSG)
                return error_set(error, r,
                        "the kept templates are damaged at byte %zu; what follows there has to be announced "
                        "again by its exporters",
                        cursor_offset(&cursor));
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

static void forget(struct flow_state *state, struct flow_domain *domain, uint32_t session)
{
        size_t before = domain->templates.count;

        template_remove_all(&domain->templates, false, session);
        template_remove_all(&domain->templates, true, session);
        state->template_count -= before - domain->templates.count;
}

void flow_resume(struct flow_pass *pass)
{
        struct flow_domain *domain = pass->domain;
        const struct flow_header *header = &pass->header;
        bool goes_on = header->number - domain->resumed.expected <= SEQUENCE_JUMP_RECORDS &&
                       domain->resumed.highest_ms != INT64_MAX &&
                       header->export_ms >= domain->resumed.highest_ms - SEQUENCE_BACKWARDS_MS;

        domain->resumed.is_set = false;
        if (goes_on) {
                sequence_resume(&domain->sequence, domain->resumed.expected, domain->resumed.heard_since_ms);
                return;
        }
        forget(pass->state, domain, EVERY_SESSION);
        domain->session_count = 0;
}

void flow_decoder_end_session(struct flow_decoder *decoder, uint16_t exporter, uint32_t session)
{
        struct flow_state *state = exporter < decoder->state_count ? decoder->states[exporter] : NULL;

        for (size_t i = 0; state && i < state->domain_count; i++)
                forget(state, state->domains[i], session);
}
