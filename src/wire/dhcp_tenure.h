/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_DHCP_TENURE_H
#define ROGATORY_WIRE_DHCP_TENURE_H

/* Who held an address for how long, out of the log that a DHCP server keeps of its leases (dhcpd.leases,
 * Kea's memfile). Records of one address supersede each other in the order of the file, and what they prove
 * is told by the records of all addresses together:
 *
 * - A record of a lease in force proves the instant of its transaction.
 * - From there to the next record of the address nothing changed, because a change would have been written:
 * the client held it for as long as the file is known to go on (the latest transaction before), at most until
 * the lease ran out.
 * - An end with its time is that end. Of one without a time (Kea deletes a lease that is given back) it is
 * known that it lies between the latest transaction before the record and the next one behind it.
 * - The first record of an address in a file does not tell who had it before, nor since when: a server writes
 *   its file anew now and then and keeps the last record of each address only.
 *
 * Nothing is claimed beyond the file's end, and nothing is joined across files here: that is lease_join's. */

#include "wire/text_decoder.h"

/* Addresses and prefixes that are followed at once, about 400 bytes each. Records of more are refused. */
#define DHCP_ADDRESSES_MAX 2000000u

enum dhcp_state {
        DHCP_HELD,  /* in force */
        DHCP_ENDED, /* expired, given back or free */
        DHCP_NOBODY /* declined, abandoned: not the client's, whoever has it */
};

struct dhcp_record {
        struct prefix prefix;
        enum dhcp_state state;
        uint64_t client;        /* dhcp_identity_client; 0: the record names none */
        unsigned rank;          /* dhcp_identity_subscriber; lower is better */
        const char *subscriber; /* "" where the record names none */
        int64_t from_ms; /* held since then at the latest; TIME_UNKNOWN where not said (never for HELD) */
        int64_t seen_ms; /* its transaction, at or after from_ms; TIME_UNKNOWN where not said */
        int64_t end_ms;  /* HELD: runs out then; ENDED: ended then; TIME_UNKNOWN: never, not said */
};

struct dhcp_tenures;

/* decoder: the caller's, which counts what is delivered; borrowed. */
int dhcp_tenures_new(struct text_decoder *decoder, struct dhcp_tenures **ret_tenures); /* 0 or -ENOMEM */

/* Takes the next record of the file and delivers the leases that it ends. 0, -ENOMEM, what the sink returned,
 * or -E2BIG where there are too many addresses (the record was not taken). */
int dhcp_tenures_take(
        struct dhcp_tenures *tenures, const struct dhcp_record *record, const struct decode_sink *sink);

/* A record of this address could not be read: what it held until then is delivered, and the next record of it
 * is a first one. 0, -ENOMEM or what the sink returned. */
int dhcp_tenures_lose(
        struct dhcp_tenures *tenures, const struct prefix *prefix, const struct decode_sink *sink);

/* Something could not be read that may have been of any address: everything held is delivered as proven so
 * far, and the file begins anew. */
int dhcp_tenures_lose_all(struct dhcp_tenures *tenures, const struct decode_sink *sink);

/* The file is at its end: delivers what was still held. 0 or what the sink returned. */
int dhcp_tenures_finish(struct dhcp_tenures *tenures, const struct decode_sink *sink);
void dhcp_tenures_free(struct dhcp_tenures *tenures);

#endif
