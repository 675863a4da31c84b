/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_RADIUS_H
#define ROGATORY_WIRE_RADIUS_H

/* RADIUS Accounting-Requests (RFC 2866) out of captures: who had which address, and which public ports. One
 * decoder serves all senders of an import. Pure: it is handed the payloads of UDP datagrams.
 *
 * Nothing here proves who sent a packet: authenticators can be checked only with the shared secret. */

#include "nat/coverage.h"
#include "wire/sink.h"

#define RADIUS_PORT 1813
#define RADIUS_PORT_OLD 1646    /* in use before RFC 2866; still met */
#define RADIUS_HEADER_BYTES 20u /* RFC 2866 section 3 */
#define RADIUS_PACKET_MAX 4096u

struct radius_counts {
        uint64_t packets;
        uint64_t used;     /* records out of which something was delivered */
        uint64_t nothing;  /* sound records that name no address */
        uint64_t restarts; /* Accounting-On and -Off */
        uint64_t other;    /* packets that are no Accounting-Request, and statuses that say nothing here */
        uint64_t repeated; /* copies of a record heard before */
        uint64_t refused[REFUSAL_COUNT];
        uint64_t leases, events; /* delivered */
};

struct radius_decoder;

/* Who sent a packet and what its settings say of it. */
struct radius_exporter {
        uint16_t number;      /* the caller's number of it */
        uint16_t realm;       /* the caller's number of its realm */
        bool loss_reported;   /* loss = reported: what was not missed was heard */
        int64_t heartbeat_ms; /* longer silence ends a span of hearing; 0: a minute */
};

int radius_decoder_new(struct radius_decoder **ret_decoder); /* 0 or -ENOMEM */
void radius_decoder_free(struct radius_decoder *decoder);

/* Looks like an Accounting-Request from its first to its last byte: for datagrams on other ports. */
bool radius_is_request(const void *bytes, size_t length);

/* Decodes one packet. receipt_ms: when it was captured, TIME_UNKNOWN where that is not known. Damage is told
 * to the sink and counted. 0, -ENOMEM, or what the sink returned. */
int radius_decode(struct radius_decoder *decoder, const struct radius_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink);

/* Ends the input: appends what was heard and what was missed to ret. May go on afterwards. 0 or -ENOMEM. */
int radius_decoder_finish(struct radius_decoder *decoder, struct coverage *ret);

/* Packets of a sender were lost on their way before the next one comes. 0 or -ENOMEM. */
int radius_decoder_lost(struct radius_decoder *decoder, const struct radius_exporter *exporter);

/* What was heard so far by those that were heard since this was called last, as pieces that
 * coverage_normalise puts together; nothing ends by it. 0 or -ENOMEM. */
int radius_decoder_pieces(struct radius_decoder *decoder, struct coverage *ret);

struct radius_counts radius_decoder_counts(const struct radius_decoder *decoder);

#endif
