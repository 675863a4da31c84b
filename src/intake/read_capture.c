/* SPDX-License-Identifier: EUPL-1.2 */
/* Captures: the datagrams of a pcap file, and the messages in its TCP streams, each from the exporter that
 * sent it. */
#include "intake/datagram.h"
#include "intake/reading.h"
#include "os/capture.h"
#include "wire/packet_reader.h"

#include <stdio.h>

struct reading {
        struct intake *intake;
        int64_t time_ms; /* of the packet being read */
        struct error *error;
};

static int take_datagram(void *context, const struct packet *packet)
{
        struct reading *reading = context;
        struct intake *intake = reading->intake;
        const struct datagram_kind *kind = datagram_kind_of(packet);
        uint16_t source;

        if (!kind) {
                intake->summary.not_udp++;
                return 0;
        }
        int r = intake_source_by_sender(intake, &packet->source, &source, reading->error);
        return r < 0 ? r : kind->read(intake, source, reading->time_ms, packet, reading->error);
}

static void count_other(void *context)
{
        struct reading *reading = context;

        reading->intake->summary.not_udp++;
}

static void take_damaged(void *context, uint64_t number, const char *complaint)
{
        struct reading *reading = context;
        uint64_t place = reading->intake->place;

        reading->intake->place = number;
        intake_take_refusal(reading->intake, REFUSAL_DAMAGED_PACKET, 0, complaint);
        reading->intake->place = place;
}

/* One packet; those of an interface through whose link layer IP cannot be reached are refused one by one, so
 * that they do not cost the others. */
static int take_packet(
        struct packet_reader *reader, const struct captured_packet *captured, const struct packet_sink *sink)
{
        struct reading *reading = sink->context;
        char name[CAPTURE_LINK_TEXT_MAX], complaint[CAPTURE_LINK_TEXT_MAX + 64];

        reading->intake->place = captured->number;
        reading->intake->summary.packets++;
        reading->time_ms = captured->time_ms;
        if (captured->time_ms == TIME_UNKNOWN) {
                take_damaged(reading, captured->number, "the capture does not say when it was captured");
                return 0;
        }
        if (packet_link_known(captured->link))
                return packet_reader_take(reader, captured->link, captured->bytes, captured->captured,
                        captured->original, captured->time_ms, captured->number, sink);
        snprintf(complaint, sizeof complaint, "no way is known to IP in link type %s",
                capture_link_name(captured->link, name));
        take_damaged(reading, captured->number, complaint);
        return 0;
}

static int take_packets(struct intake *intake, struct capture *capture, struct input *input,
        struct packet_reader *reader, struct error *error)
{
        struct reading reading = {.intake = intake, .time_ms = TIME_UNKNOWN, .error = error};
        struct packet_sink sink = {.context = &reading,
                .datagram = take_datagram,
                .other = count_other,
                .damaged = take_damaged};
        struct captured_packet captured;
        int r;

        while ((r = capture_next(capture, &captured, error)) > 0) {
                r = take_packet(reader, &captured, &sink);
                if (r < 0)
                        return r;
                if (intake->progress && captured.number % 4096 == 0)
                        intake->progress(intake->progress_context, intake->path, input_consumed(input),
                                input_size(input), intake->summary.events);
        }
        if (r == -EBADMSG) {
                intake->place++;
                intake_take_damage(intake, error);
                r = 0;
        }
        intake->summary.bytes += input_consumed(input);
        return r < 0 ? r : packet_reader_finish(reader, &sink);
}

int intake_read_capture(struct intake *intake, struct input *input, struct error *error)
{
        struct capture *capture;
        struct packet_reader *reader = NULL;
        char name[CAPTURE_LINK_TEXT_MAX];

        intake->place_is_base = false;
        int r = capture_over(input, &capture, error);
        if (r < 0)
                return r;
        bool is_known = packet_link_known(capture_link(capture));
        if (!is_known && !capture_has_interfaces(capture))
                r = error_set(error, -EINVAL,
                        "%s: no way is known to IP in captures of link type %s; capture on an Ethernet or "
                        "\"any\" interface",
                        intake->path, capture_link_name(capture_link(capture), name));
        else if (packet_reader_new(&reader) < 0)
                r = error_set(error, -ENOMEM, "not enough memory");
        else
                r = take_packets(intake, capture, input, reader, error);
        packet_reader_free(reader);
        capture_close(capture);
        return r;
}
