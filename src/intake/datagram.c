/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/datagram.h"

#include "intake/reading.h"

static bool is_flow_export(const struct packet *packet)
{
        return flow_resembles(packet->payload, packet->length);
}

static int read_flow_export(struct intake *intake, uint16_t source, int64_t receipt_ms,
        const struct packet *packet, struct error *error)
{
        /* Several processes of one exporter are told apart by their ports; a TCP connection by its own. */
        uint32_t session = (uint32_t)packet->source_port + 1;

        return intake_flow_message(
                intake, source, session, receipt_ms, packet->payload, packet->length, error);
}

/* H3C's userlog and Huawei's eLog. What only looks like one (a version whose records nobody describes) is
 * handed over too, to be refused by name. */
static bool is_userlog(const struct packet *packet)
{
        return userlog_resembles(packet->payload, packet->length);
}

static int read_userlog(struct intake *intake, uint16_t source, int64_t receipt_ms,
        const struct packet *packet, struct error *error)
{
        return intake_userlog_message(intake, source, receipt_ms, packet->payload, packet->length, error);
}

static const struct datagram_kind kinds[] = {
        {"flow export", is_flow_export, read_flow_export},
        {"binary flow log", is_userlog, read_userlog},
        {"RADIUS accounting", intake_is_radius, intake_read_radius},
};

const struct datagram_kind *datagram_kind_of(const struct packet *packet)
{
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
                if (kinds[i].recognise(packet))
                        return &kinds[i];
        return NULL;
}
