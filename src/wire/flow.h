/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_FLOW_H
#define ROGATORY_WIRE_FLOW_H

/* IPFIX (RFC 7011) and NetFlow v9 (RFC 3954) messages to NAT events and coverage. One decoder serves all
 * exporters of an import: it keeps their templates, follows their sequence numbers and their clocks. Pure: it
 * is handed bytes. */

#include "base/buffer.h"
#include "base/error.h"
#include "nat/coverage.h"
#include "wire/dialect.h"
#include "wire/sink.h"

#include <stdint.h>

/* Named limits, each charged to the exporter that causes the cost. */
#define FLOW_FIELDS_MAX 256            /* fields in one template */
#define FLOW_TEMPLATES_MAX 1024        /* templates per exporter and domain */
#define FLOW_DOMAINS_MAX 256           /* domains per exporter */
#define FLOW_PENDING_BYTES_MAX 1048576 /* data kept per domain while its template is awaited */
#define FLOW_PENDING_MS 1800000        /* ... and for how long, by export time */

#define FLOW_EXPORTER_TEMPLATES_MAX 8192         /* templates of one exporter, all domains together */
#define FLOW_EXPORTER_PENDING_BYTES_MAX 16777216 /* pending data of one exporter, all domains together */

/* Counts of one exporter, for the summary. */
struct flow_counts {
        uint64_t messages, data_records, option_records, templates, template_changes, withdrawals;
        uint64_t events;         /* delivered to the sink */
        uint64_t not_nat;        /* data records that are no NAT event (plain flows) */
        uint64_t not_translated; /* NAT-like but nothing was translated (outside 0.0.0.0) */
        uint64_t other_events;   /* known NAT events that bind nothing (exhausted, quota, threshold) */
        uint64_t duplicate_messages, late_messages,
                lost; /* lost: records (IPFIX) or packets (v9) never heard */
        uint64_t restarts, clock_steps;
        uint64_t late_decoded; /* data decoded after its template came */
        uint64_t refused[REFUSAL_COUNT];
};

struct flow_decoder;

/* -ENOMEM. */
int flow_decoder_new(struct flow_decoder **ret_decoder);
void flow_decoder_free(struct flow_decoder *decoder);

/* Who sent a message and what its settings say of it. */
struct flow_exporter {
        uint16_t number;               /* the caller's number, < 65535 */
        const struct dialect *dialect; /* NULL: what is not recognised beyond doubt (dialect.h) is refused */
        int64_t delay_ms;              /* the least delay assumed between an event and its export */
        uint32_t session; /* the transport session that the message came in: templates belong to it (RFC 7011
                           * section 8); 0 where it is not known */
        bool restart_keeps; /* a restart of the exporter leaves bindings alive: a sequence that begins at
                             * zero does not prove that the NAT was empty */
};

/* Decodes one message.
 * receipt_ms: when the message was received by the receiver's clock, TIME_UNKNOWN in files without receipt
 * times. Damage is told to the sink and counted; 0, or -ENOMEM, or what the sink returned. */
int flow_decode(struct flow_decoder *decoder, const struct flow_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink);

/* Does a datagram begin like one of the two? Collectors listen on every port there is, so ports decide
 * nothing. */
bool flow_resembles(const void *bytes, size_t length);

/* Tells how long the message at the start of bytes is (RFC 5655: messages one behind the other). For version
 * 9 the length is found by walking its flowsets and stops before the next plausible header. 0 and ret_length,
 * or -EBADMSG with a message. */
int flow_message_length(const void *bytes, size_t length, size_t *ret_length, struct error *error);

/* Ends the input: pending data without template is refused and counted, open spans are closed. Appends what
 * was heard and what was lost to ret. The decoder may go on afterwards. 0 or -ENOMEM. */
int flow_decoder_finish(struct flow_decoder *decoder, const struct decode_sink *sink, struct coverage *ret);

/* What was heard so far by those that were heard since this was called last: pieces that coverage_normalise
 * puts together. Nothing ends by it; data that waits for its template goes on waiting, and is not claimed. A
 * repeated call costs only for who was heard. 0 or -ENOMEM. */
int flow_decoder_pieces(struct flow_decoder *decoder, struct coverage *ret);

/* What another decoder has to know to go on after this one as if it were the same: templates, and where each
 * numbering stood. Appends to ret, in a form of this library alone (little endian, without checksum). 0, or
 * the buffer's failure. */
int flow_decoder_save(const struct flow_decoder *decoder, struct buffer *ret);

/* Does data wait for its template? It is not saved: who goes on behind a save would miss it, and not claim
 * it. */
bool flow_decoder_waits(const struct flow_decoder *decoder);

/* Puts that into a new decoder. It changes no coverage, no clock and no number: an exporter whose first
 * message does not go on where it stood counts as restarted, and its templates as forgotten. -EBADMSG with
 * words where the bytes are none of flow_decoder_save; what had been read of them until then is kept. */
int flow_decoder_load(struct flow_decoder *decoder, const void *bytes, size_t length, struct error *error);

/* A transport session is over: its templates are forgotten (RFC 7011 section 8). */
void flow_decoder_end_session(struct flow_decoder *decoder, uint16_t exporter, uint32_t session);

/* Counts of one exporter; all zero where it was never heard. */
struct flow_counts flow_decoder_counts(const struct flow_decoder *decoder, uint16_t exporter);

/* One field of one record as it stands in the message, for people and for comparison with other decoders. */
struct flow_field {
        uint32_t enterprise;  /* 0: IANA's registry (or NetFlow v9, which has no enterprises) */
        uint16_t element;     /* information element, without the enterprise bit */
        uint16_t length;      /* bytes */
        const uint8_t *bytes; /* big endian, borrowed for the call */
};

struct flow_record {
        uint32_t domain;  /* observation domain or source id */
        uint16_t version; /* 9 or 10 */
        uint16_t template_id;
        bool is_options; /* described by an options template */
        int64_t export_ms;
        const struct flow_field *fields;
        size_t field_count;
};

/* Walks the records of one message in order without judging them: learns templates, reports every data and
 * options record whose template is known. Negative results of `record` end the walk and are returned. Use a
 * decoder of its own. */
int flow_walk(struct flow_decoder *decoder, uint16_t exporter, const void *bytes, size_t length,
        int (*record)(void *context, const struct flow_record *record), void *context);

#endif
