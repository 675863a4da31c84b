/* SPDX-License-Identifier: EUPL-1.2 */
/* RADIUS accounting in captures: leases, and port ranges, from each access server that sent them. */
#include "intake/datagram.h"
#include "intake/reading.h"
#include "wire/radius.h"

/* On its own ports whatever claims to be a request, so that a damaged one is refused and not passed over;
 * elsewhere only what looks like one from its first to its last byte. Answers tell nothing that the request
 * did not: they count as other packets. */
bool intake_is_radius(const struct packet *packet)
{
        if (packet->length == 0 || packet->payload[0] != 4)
                return false;
        if (packet->destination_port == RADIUS_PORT || packet->destination_port == RADIUS_PORT_OLD)
                return true;
        return radius_is_request(packet->payload, packet->length);
}

int intake_read_radius(struct intake *intake, uint16_t number, int64_t receipt_ms,
        const struct packet *packet, struct error *error)
{
        const struct source *source = &intake->sources.items[number];
        struct radius_exporter exporter = {
                .number = number,
                .realm = source->realm,
                .loss_reported = source->settings.loss == LOSS_REPORTED,
                .heartbeat_ms = source->settings.heartbeat_ms,
        };
        struct decode_sink sink = intake_sink(intake);
        uint64_t events = intake->summary.events;

        if (!intake->radius && radius_decoder_new(&intake->radius) < 0)
                return error_set(error, -ENOMEM, "not enough memory");
        intake->error = error;
        intake->lease_realm = source->realm;
        intake->summary.accounting_packets++;
        intake->reads_leases = true;
        int r = radius_decode(intake->radius, &exporter, receipt_ms, packet->payload, packet->length, &sink);
        intake->reads_leases = false;
        if (intake->summary.events > events && !exporter.loss_reported)
                intake->summary.loss_undetectable = true;
        return r < 0 ? r : intake_bound_memory(intake, error);
}

int intake_finish_radius(struct intake *intake, struct coverage *ret)
{
        if (!intake->radius)
                return 0;
        struct radius_counts counts = radius_decoder_counts(intake->radius);
        intake->summary.not_nat += counts.nothing + counts.other;
        intake->summary.restarts += counts.restarts;
        intake->summary.duplicate_messages += counts.repeated;
        return radius_decoder_finish(intake->radius, ret);
}
