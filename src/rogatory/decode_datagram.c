/* SPDX-License-Identifier: EUPL-1.2 */
/* Datagrams that are no flow messages: which kind they are, their bytes, and what is made of them. */
#include "rogatory/decode.h"

#include "intake/datagram.h"
#include "wire/radius.h"
#include "wire/userlog.h"

#include <stdlib.h>
#include <string.h>

struct decode_datagrams {
        struct radius_decoder *radius;
        struct userlog_decoder *userlog;
        struct decode_verdict verdict;
};

static int make(struct decode_datagrams **ret_datagrams)
{
        struct decode_datagrams *datagrams = calloc(1, sizeof *datagrams);

        if (!datagrams)
                return -ENOMEM;
        datagrams->verdict = decode_verdict_make();
        if (radius_decoder_new(&datagrams->radius) < 0 || userlog_decoder_new(&datagrams->userlog) < 0) {
                decode_datagrams_free(datagrams);
                return -ENOMEM;
        }
        *ret_datagrams = datagrams;
        return 0;
}

void decode_datagrams_free(struct decode_datagrams *datagrams)
{
        if (!datagrams)
                return;
        radius_decoder_free(datagrams->radius);
        userlog_decoder_free(datagrams->userlog);
        decode_verdict_free(&datagrams->verdict);
        free(datagrams);
}

static void write_text(struct decode_job *job, const struct decode_place *place, const char *kind,
        const struct decode_verdict *verdict)
{
        char text[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];
        const struct packet *packet = place->packet;

        buffer_printf(&job->out, "packet %llu, %s, %s:%u", (unsigned long long)place->number,
                time_format_utc(place->receipt_ms, time), address_format(&packet->source, text),
                packet->source_port);
        buffer_printf(&job->out, " to %s:%u\n  %s, %zu bytes: ", address_format(&packet->destination, text),
                packet->destination_port, kind, packet->length);
        decode_hex_write(packet->payload, packet->length, &job->out);
        buffer_append_u8(&job->out, '\n');
        if (verdict->made + verdict->refused > 0)
                buffer_append(&job->out, verdict->text.bytes, verdict->text.length);
        else
                buffer_append_text(&job->out, "  => nothing is made of it\n");
}

static void write_json(struct decode_job *job, const struct decode_place *place, const char *kind,
        const struct decode_verdict *verdict)
{
        char text[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];
        const struct packet *packet = place->packet;

        buffer_append_text(&job->out, "{\"file\":");
        append_json_string(&job->out, slice_of(job->path));
        buffer_printf(&job->out,
                ",\"packet\":%llu,\"exporter\":\"%s\",\"captured\":\"%s\",\"datagram\":\"%s\"",
                (unsigned long long)place->number, address_format(&packet->source, text),
                time_format_utc(place->receipt_ms, time), kind);
        buffer_append_text(&job->out, ",\"bytes\":\"");
        for (size_t i = 0; i < packet->length; i++)
                buffer_printf(&job->out, "%02x", packet->payload[i]);
        buffer_append_text(&job->out, "\",\"result\":[");
        buffer_append(&job->out, verdict->json.bytes, verdict->json.length);
        buffer_append_text(&job->out, "]}\n");
}

/* Hands it to the decoder of its kind; a kind that has none here is only shown. */
static int decode(struct decode_job *job, const struct decode_place *place, const char *kind)
{
        struct decode_datagrams *datagrams = job->datagrams;
        struct decode_sink sink = decode_verdict_sink(&datagrams->verdict);
        const struct packet *packet = place->packet;
        uint16_t number = decode_exporter_number(job->flow, place);

        decode_verdict_clear(&datagrams->verdict);
        if (strcmp(kind, "RADIUS accounting") == 0) {
                struct radius_exporter exporter = {.number = number};
                return radius_decode(datagrams->radius, &exporter, place->receipt_ms, packet->payload,
                        packet->length, &sink);
        }
        if (strcmp(kind, "binary flow log") == 0) {
                struct flow_exporter exporter = {.number = number, .dialect = job->options.dialect};
                return userlog_decode(datagrams->userlog, &exporter, place->receipt_ms, packet->payload,
                        packet->length, &sink);
        }
        return 0;
}

int decode_datagram(struct decode_job *job, const struct decode_place *place)
{
        const struct datagram_kind *kind = datagram_kind_of(place->packet);

        if (!kind)
                return 0;
        if (strcmp(kind->name, "flow export") == 0)
                return decode_flow_message(job, place, place->packet->payload, place->packet->length);
        int r = job->datagrams ? 0 : make(&job->datagrams);
        if (r == 0)
                r = decode(job, place, kind->name);
        if (r < 0)
                return r;
        const struct decode_verdict *verdict = &job->datagrams->verdict;
        (job->options.json ? write_json : write_text)(job, place, kind->name, verdict);
        job->refused += verdict->refused;
        job->shown++;
        return decode_flush(job);
}
