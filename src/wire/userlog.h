/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_USERLOG_H
#define ROGATORY_WIRE_USERLOG_H

/* Binary flow logs over UDP: H3C (and HP) userlog 3.0 and Huawei's flow eLog. A header of 16 bytes, then
 * records of 64 bytes, big endian; no templates. doc/format/userlog.md says which public document every field
 * follows, and what no document says. Pure: it is handed datagrams. */

#include "wire/flow.h"

/* Named limits. */
#define USERLOG_COUNT_MAX 100 /* records in one datagram (H3C: "1 to 100"; Huawei: what fits an Ethernet) */
#define USERLOG_UNITS_MAX 256 /* boards (chassis, slot, processor) of one exporter that are followed */

/* The times of a record and of its header are read from one clock. A record that is further ahead or behind
 * than this was stamped by another (local time in one of the two: zones differ by 15 minutes at least). */
#define USERLOG_AHEAD_MS (5 * TIME_SECOND)
#define USERLOG_BEHIND_MS (10 * TIME_MINUTE)

struct userlog_decoder;

int userlog_decoder_new(struct userlog_decoder **ret_decoder); /* -ENOMEM */
void userlog_decoder_free(struct userlog_decoder *decoder);

/* Are these bytes one of the two beyond doubt? Version and type are known, and the length is exactly that of
 * the records counted in the header, each of which says IPv4. */
bool userlog_recognise(const void *bytes, size_t length);

/* The same for every version and type that the vendors name, also those whose records nobody describes: their
 * records are at least all of one length. userlog_decode refuses what it cannot read, by name. */
bool userlog_resembles(const void *bytes, size_t length);

/* Decodes one datagram. exporter->dialect NULL: what is recognised beyond doubt is decoded. A dialect of
 * another family, or the other one of the two: refused. receipt_ms: when it was received by the receiver's
 * clock, or TIME_UNKNOWN. Damage is told to the sink and counted; 0, or -ENOMEM, or what the sink returned.
 */
int userlog_decode(struct userlog_decoder *decoder, const struct flow_exporter *exporter, int64_t receipt_ms,
        const void *bytes, size_t length, const struct decode_sink *sink);

/* Closes the open spans and appends what was heard and lost to ret. 0 or -ENOMEM. */
int userlog_decoder_finish(struct userlog_decoder *decoder, struct coverage *ret);

/* What was heard so far, as flow_decoder_pieces. */
int userlog_decoder_pieces(struct userlog_decoder *decoder, struct coverage *ret);

/* Counts of one exporter; all zero where it was never heard. data_records are records, messages datagrams. */
struct flow_counts userlog_decoder_counts(const struct userlog_decoder *decoder, uint16_t exporter);

#endif
