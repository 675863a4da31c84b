/* SPDX-License-Identifier: EUPL-1.2 */
#include "reception/reception.h"

#include "reception/state.h"

#include <stdlib.h>

static int no_memory(struct error *error, int code)
{
        return code == -ENOMEM ? error_set(error, code, "not enough memory") : code;
}

/* --- Exporters --- */

static uint16_t realm_number(const struct settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->realm_count; i++)
                if (strcmp(settings->realms[i].name, name) == 0)
                        return (uint16_t)i;
        return UINT16_MAX;
}

static int set_exporter(struct reception *reception, uint16_t number, struct error *error)
{
        const struct exporter_settings *settings = &reception->settings->exporters[number];
        struct reception_exporter *exporter = &reception->exporters[number];

        *exporter = (struct reception_exporter){.settings = settings,
                .realm = realm_number(reception->settings, settings->realm),
                .dialect = settings->dialect[0] ? dialect_by_name(settings->dialect) : NULL,
                .counts = {.last_ms = TIME_UNKNOWN,
                        .offset_min_ms = OFFSET_UNKNOWN,
                        .offset_max_ms = OFFSET_UNKNOWN}};
        if (exporter->realm == UINT16_MAX)
                return error_set(error, -EINVAL, "exporter %s: there is no realm \"%s\"", settings->name,
                        settings->realm);
        /* One name may stand for a device's flow records and for its syslog. */
        if (settings->dialect[0] && !exporter->dialect && !text_format_by_name(settings->dialect) &&
                !syslog_family_by_name(settings->dialect))
                return error_set(error, -EINVAL, "exporter %s: there is no dialect \"%s\"", settings->name,
                        settings->dialect);
        return 0;
}

int reception_new(const struct settings *settings, const struct reception_zones *zones,
        const struct reception_sink *sink, struct reception **ret_reception, struct error *error)
{
        struct reception *reception = calloc(1, sizeof *reception);
        int r = reception ? 0 : -ENOMEM;

        if (r == 0) {
                reception->settings = settings;
                reception->zones = *zones;
                reception->sink = *sink;
                reception->latest_ms = TIME_UNKNOWN;
                reception->syslog = text_format_by_name("syslog");
                reception->exporters = calloc(settings->exporter_count + 1, sizeof *reception->exporters);
                reception->is_torn = calloc(settings->realm_count + 1, sizeof *reception->is_torn);
                r = reception->exporters && reception->is_torn ? 0 : -ENOMEM;
        }
        if (r == 0)
                r = flow_decoder_new(&reception->flow);
        if (r == 0)
                r = userlog_decoder_new(&reception->userlog);
        if (r == 0)
                r = radius_decoder_new(&reception->radius);
        for (size_t i = 0; r == 0 && i < settings->exporter_count; i++)
                r = set_exporter(reception, (uint16_t)i, error);
        if (r < 0) {
                reception_free(reception);
                return no_memory(error, r);
        }
        *ret_reception = reception;
        return 0;
}

void reception_free(struct reception *reception)
{
        if (!reception)
                return;
        for (size_t i = 0; reception->exporters && i < reception->settings->exporter_count; i++) {
                if (reception->exporters[i].text)
                        reception->syslog->free(reception->exporters[i].text);
                conntrack_decoder_free(reception->exporters[i].conntrack);
        }
        syslog_book_free(reception->book);
        free(reception->exporters);
        free(reception->is_torn);
        flow_decoder_free(reception->flow);
        userlog_decoder_free(reception->userlog);
        radius_decoder_free(reception->radius);
        coverage_free(&reception->found);
        free(reception);
}

/* --- Sink of the decoders --- */

static int take_event(void *context, const struct nat_event *event)
{
        struct reception *reception = context;

        if (event->time_ms < TIME_FIRST || event->time_ms > reception->now_ms + RECEPTION_AHEAD_MS) {
                reception_refuse(reception, REFUSAL_IMPOSSIBLE_TIME, 0,
                        event->time_ms < TIME_FIRST ? "a time before the year 1970"
                                                    : "a time more than a day ahead of its receipt");
                return 0;
        }
        reception->exporters[event->exporter].counts.events++;
        return reception->sink.event(reception->sink.context, event);
}

static int take_lease(void *context, const struct lease_event *lease)
{
        struct reception *reception = context;

        if (lease->from_ms != TIME_UNKNOWN && lease->from_ms > reception->now_ms + RECEPTION_AHEAD_MS) {
                reception_refuse(
                        reception, REFUSAL_IMPOSSIBLE_TIME, 0, "a time more than a day ahead of its receipt");
                return 0;
        }
        reception->exporters[reception->exporter].counts.leases++;
        return reception->sink.lease(reception->sink.context, reception->exporter, lease);
}

void reception_refuse(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct reception *reception = context;
        struct reception_exporter *exporter = &reception->exporters[reception->exporter];

        (void)offset;
        exporter->counts.refused[refusal]++;
        /* "lease-log = complete" says that every start and stop is told; of this one it is known that not all
         * were understood. An event that is not known is a port range beside leases that count. */
        if (reception->reads_leases && refusal != REFUSAL_UNKNOWN_EVENT &&
                !reception->is_torn[exporter->realm])
                reception->tears = true;
        if (reception->sink.refused)
                reception->sink.refused(
                        reception->sink.context, reception->exporter, refusal, detail ? detail : "");
}

static void take_note(void *context, const char *sentence)
{
        struct reception *reception = context;

        if (reception->sink.noted)
                reception->sink.noted(reception->sink.context, reception->exporter, sentence);
}

static struct decode_sink sink_of(struct reception *reception)
{
        return (struct decode_sink){
                .context = reception,
                .event = take_event,
                .lease = take_lease,
                .refused = reception_refuse,
                .noted = take_note,
        };
}

/* --- Messages --- */

static int take_flow(struct reception *reception, const struct reception_message *message)
{
        const struct reception_exporter *exporter = &reception->exporters[message->exporter];
        struct decode_sink sink = sink_of(reception);
        struct flow_exporter flow = {
                .number = message->exporter,
                .dialect = exporter->dialect,
                .delay_ms = exporter->settings->delay_ms,
                .restart_keeps = exporter->settings->restart_keeps,
        };

        /* What only looks like a binary flow log is handed over too, to be refused by name. */
        if (!flow_resembles(message->bytes, message->length) &&
                userlog_resembles(message->bytes, message->length))
                return userlog_decode(reception->userlog, &flow, message->receipt_ms, message->bytes,
                        message->length, &sink);
        flow.session = message->session;
        return flow_decode(
                reception->flow, &flow, message->receipt_ms, message->bytes, message->length, &sink);
}

static struct radius_exporter radius_exporter(const struct reception *reception, uint16_t number)
{
        const struct reception_exporter *exporter = &reception->exporters[number];

        return (struct radius_exporter){
                .number = number,
                .realm = exporter->realm,
                .loss_reported = exporter->settings->loss == LOSS_REPORTED,
                .heartbeat_ms = exporter->settings->heartbeat_ms,
        };
}

static int take_radius(struct reception *reception, const struct reception_message *message)
{
        struct radius_exporter exporter = radius_exporter(reception, message->exporter);
        struct decode_sink sink = sink_of(reception);
        uint16_t realm = reception->exporters[message->exporter].realm;

        reception->reads_leases = true;
        reception->tears = false;
        int r = radius_decode(
                reception->radius, &exporter, message->receipt_ms, message->bytes, message->length, &sink);
        reception->reads_leases = false;
        if (r < 0 || !reception->tears)
                return r;
        reception->is_torn[realm] = true;
        return reception->sink.torn(reception->sink.context, realm);
}

/* As with lines: what came before is not known, so that it begins with a loss. */
static int conntrack_of(struct reception *reception, uint16_t number, struct conntrack_decoder **ret_decoder)
{
        struct reception_exporter *exporter = &reception->exporters[number];
        const struct conntrack_options options = {
                .exporter = number, .heartbeat_ms = exporter->settings->heartbeat_ms, .ends_are_told = true};
        int r = 0;

        if (!exporter->conntrack) {
                r = conntrack_decoder_new(&options, &exporter->conntrack);
                if (r == 0)
                        conntrack_begin_lost(exporter->conntrack);
        }
        if (r == 0)
                *ret_decoder = exporter->conntrack;
        return r;
}

static int take_conntrack(struct reception *reception, const struct reception_message *message)
{
        struct decode_sink sink = sink_of(reception);
        struct conntrack_decoder *decoder;
        int r = conntrack_of(reception, message->exporter, &decoder);

        return r < 0 ? r
                     : conntrack_decode(decoder, message->receipt_ms, message->bytes, message->length, &sink);
}

static int take_text(struct reception *reception, const struct reception_message *message)
{
        struct slice rest = slice_make(message->bytes, message->length);
        struct decode_sink sink = sink_of(reception);
        struct text_decoder *decoder;
        int r = reception_text_of(reception, message->exporter, &decoder);

        while (r == 0 && rest.length)
                r = reception->syslog->line(decoder, slice_cut(&rest, '\n'), &sink);
        return r;
}

static void note_instant(struct reception *reception, int64_t now_ms)
{
        if (reception->latest_ms == TIME_UNKNOWN || now_ms > reception->latest_ms)
                reception->latest_ms = now_ms;
}

int reception_take(struct reception *reception, const struct reception_message *message, struct error *error)
{
        static int (*const take[RECEPTION_CONTENT_COUNT])(
                struct reception *, const struct reception_message *) = {
                [RECEPTION_FLOW] = take_flow,
                [RECEPTION_TEXT] = take_text,
                [RECEPTION_RADIUS] = take_radius,
                [RECEPTION_CONNTRACK] = take_conntrack,
        };

        if (message->exporter >= reception->settings->exporter_count ||
                (unsigned)message->content >= RECEPTION_CONTENT_COUNT)
                return error_set(error, -EINVAL, "a message of exporter %u, which the settings do not have",
                        message->exporter);
        struct reception_counts *counts = &reception->exporters[message->exporter].counts;
        counts->messages++;
        counts->bytes += message->length;
        counts->last_ms = message->receipt_ms;
        reception->exporter = message->exporter;
        reception->now_ms = message->receipt_ms;
        note_instant(reception, message->receipt_ms);
        return no_memory(error, take[message->content](reception, message));
}

/* --- Losses --- */

static int lost_of(
        struct reception *reception, enum reception_content content, uint16_t number, int64_t now_ms)
{
        struct reception_exporter *exporter = &reception->exporters[number];
        struct radius_exporter radius = radius_exporter(reception, number);

        switch (content) {
        case RECEPTION_TEXT:
                if (exporter->text)
                        text_lost(exporter->text);
                return 0;
        case RECEPTION_RADIUS:
                return radius_decoder_lost(reception->radius, &radius);
        case RECEPTION_CONNTRACK:
                return exporter->conntrack ? conntrack_lost(exporter->conntrack, now_ms) : 0;
        case RECEPTION_FLOW: /* numbers show what is missing, and how much */
        case RECEPTION_CONTENT_COUNT:
                break;
        }
        return 0;
}

int reception_lost(struct reception *reception, enum reception_content content, uint16_t exporter,
        int64_t now_ms, struct error *error)
{
        int r = 0;

        for (size_t i = 0; i < reception->settings->exporter_count && r == 0; i++)
                if (exporter == EXPORTER_EVERY || exporter == i)
                        r = lost_of(reception, content, (uint16_t)i, now_ms);
        return no_memory(error, r);
}

int reception_listened(struct reception *reception, uint16_t exporter, int64_t now_ms, struct error *error)
{
        struct conntrack_decoder *decoder;

        if (exporter >= reception->settings->exporter_count)
                return 0;
        note_instant(reception, now_ms);
        int r = conntrack_of(reception, exporter, &decoder);
        if (r == 0)
                r = conntrack_heard(decoder, now_ms);
        return no_memory(error, r);
}

/* --- Coverage --- */

static int64_t within(int64_t instant)
{
        return instant < TIME_FIRST ? TIME_FIRST : instant < TIME_LIMIT ? instant : TIME_LIMIT - 1;
}

/* What was heard at a time that has not come was not heard then. */
static int tell_span(struct reception *reception, const struct coverage_span *span)
{
        struct reception_counts *counts = &reception->exporters[span->exporter].counts;

        if (span->offset_min_ms != OFFSET_UNKNOWN) {
                counts->offset_min_ms = span->offset_min_ms;
                counts->offset_max_ms = span->offset_max_ms;
        }
        if (reception->latest_ms == TIME_UNKNOWN || span->to > reception->latest_ms + RECEPTION_AHEAD_MS ||
                span->to < TIME_FIRST || span->from != within(span->from))
                return 0;
        return reception->sink.span(reception->sink.context, span);
}

static int tell_gap(struct reception *reception, const struct coverage_gap *gap)
{
        struct coverage_gap told = *gap;
        int64_t from = within(gap->from), to = within(gap->to);

        told.from = from < to ? from : to;
        told.to = from < to ? to : from;
        reception->exporters[gap->exporter].counts.gaps++;
        return reception->sink.gap(reception->sink.context, &told);
}

static int tell_found(struct reception *reception)
{
        struct coverage *found = &reception->found;
        int r = 0;

        for (size_t i = 0; i < found->gap_count && r == 0; i++)
                r = tell_gap(reception, &found->gaps[i]);
        for (size_t i = 0; i < found->span_count && r == 0; i++)
                r = tell_span(reception, &found->spans[i]);
        found->span_count = found->gap_count = 0;
        return r;
}

int reception_pieces(struct reception *reception, struct error *error)
{
        struct coverage *found = &reception->found;
        int r = flow_decoder_pieces(reception->flow, found);

        if (r == 0)
                r = userlog_decoder_pieces(reception->userlog, found);
        if (r == 0)
                r = radius_decoder_pieces(reception->radius, found);
        for (size_t i = 0; i < reception->settings->exporter_count && r == 0; i++) {
                struct reception_exporter *exporter = &reception->exporters[i];
                if (exporter->text)
                        r = reception->syslog->pieces(exporter->text, found);
                if (r == 0 && exporter->conntrack)
                        r = conntrack_decoder_pieces(exporter->conntrack, found);
        }
        return no_memory(error, r < 0 ? r : tell_found(reception));
}

int reception_finish(struct reception *reception, struct error *error)
{
        struct decode_sink sink = sink_of(reception);
        struct coverage *found = &reception->found;
        int r = flow_decoder_finish(reception->flow, &sink, found);

        if (r == 0)
                r = userlog_decoder_finish(reception->userlog, found);
        if (r == 0)
                r = radius_decoder_finish(reception->radius, found);
        for (size_t i = 0; i < reception->settings->exporter_count && r == 0; i++) {
                struct reception_exporter *exporter = &reception->exporters[i];
                if (exporter->text)
                        r = reception->syslog->finish(exporter->text, &sink, found);
                if (r == 0 && exporter->conntrack)
                        r = conntrack_decoder_finish(exporter->conntrack, found);
        }
        return no_memory(error, r < 0 ? r : tell_found(reception));
}

/* --- Going on --- */

void reception_end_session(struct reception *reception, uint16_t exporter, uint32_t session)
{
        flow_decoder_end_session(reception->flow, exporter, session);
}

int reception_save(const struct reception *reception, struct buffer *ret)
{
        return flow_decoder_save(reception->flow, ret);
}

int reception_load(struct reception *reception, const void *bytes, size_t length, struct error *error)
{
        return flow_decoder_load(reception->flow, bytes, length, error);
}

bool reception_waits(const struct reception *reception)
{
        return flow_decoder_waits(reception->flow);
}

struct reception_counts reception_counts(const struct reception *reception, uint16_t number)
{
        struct reception_counts counts = reception->exporters[number].counts;
        struct flow_counts flow = flow_decoder_counts(reception->flow, number),
                           userlog = userlog_decoder_counts(reception->userlog, number);

        counts.lost = flow.lost + userlog.lost;
        counts.restarts = flow.restarts + userlog.restarts;
        counts.clock_steps = flow.clock_steps + userlog.clock_steps;
        return counts;
}
