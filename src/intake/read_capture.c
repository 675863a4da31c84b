/* SPDX-License-Identifier: EUPL-1.2 */
/* Captures: what the UDP packets of a pcap file carry, each from the exporter that sent it. */
#include "intake/datagram.h"
#include "intake/reading.h"
#include "os/capture.h"

#include <stdio.h>

static int take_packet(
        struct intake *intake, int link, const struct captured_packet *captured, struct error *error)
{
        struct packet packet;
        uint16_t source;

        intake->summary.packets++;
        enum packet_outcome outcome =
                packet_read(link, captured->bytes, captured->captured, captured->original, &packet);
        if (outcome == PACKET_DAMAGED) {
                intake_take_refusal(intake, REFUSAL_DAMAGED_PACKET, 0, packet.complaint);
                return 0;
        }
        const struct datagram_kind *kind = outcome == PACKET_UDP ? datagram_kind_of(&packet) : NULL;
        if (!kind) {
                intake->summary.not_udp++;
                return 0;
        }
        int r = intake_source_by_sender(intake, &packet.source, &source, error);
        return r < 0 ? r : kind->read(intake, source, captured->time_ms, &packet, error);
}

static int take_packets(
        struct intake *intake, struct capture *capture, struct input *input, struct error *error)
{
        struct captured_packet captured;
        int r;

        while ((r = capture_next(capture, &captured, error)) > 0) {
                intake->place = captured.number;
                r = take_packet(intake, capture_link(capture), &captured, error);
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
        return r;
}

int intake_read_capture(struct intake *intake, struct input *input, struct error *error)
{
        struct capture *capture;

        intake->place_is_base = false;
        int r = capture_over(input, &capture, error);
        if (r < 0)
                return r;
        if (!packet_link_known(capture_link(capture)))
                r = error_set(error, -EINVAL,
                        "%s: captures of link type %d are not understood; capture on an Ethernet or \"any\" "
                        "interface",
                        intake->path, capture_link(capture));
        else
                r = take_packets(intake, capture, input, error);
        capture_close(capture);
        return r;
}
