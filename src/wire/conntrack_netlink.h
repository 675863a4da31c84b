/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_CONNTRACK_NETLINK_H
#define ROGATORY_WIRE_CONNTRACK_NETLINK_H

/* The events of a Linux NAT as the kernel sends them: netlink messages of ctnetlink (linux/netlink.h,
 * linux/netfilter/nfnetlink_conntrack.h), one datagram after the other. It says of an event what the text
 * format "conntrack" says of the same event's line. Pure: it is handed the datagrams of one network
 * namespace, in the order in which they were received; netlink is in the byte order of the machine, and so is
 * what is read here.
 *
 * Times. Where the kernel stamps its events (net.netfilter.nf_conntrack_timestamp = 1, Linux 6.14 and later)
 * an opening has the kernel's time, and an end the instant at which the entry ended: NAT_CLOSE. Else both
 * have the time of receipt, and an end is a bound (NAT_CLOSE_BOUND), because the kernel looks for what has
 * run out only now and then. An end with a stamp whose opening had none is a bound too: two clocks may order
 * them wrongly.
 *
 * A listing of the entries that exist (NLM_F_MULTI) gives NAT_ALIVE, and only where the ends of these entries
 * will be told. With nf_conntrack_events = 2, the default of Linux, they are not: an entry that was made
 * while nobody listened never tells its end, and would be taken for alive for ever. */

#include "base/slice.h"
#include "nat/coverage.h"
#include "wire/sink.h"

/* Ends remembered, because a listing that was being written when one came may still have the entry. */
#define CONNTRACK_ENDS_REMEMBERED 4096u

struct conntrack_options {
        uint16_t exporter;    /* the caller's number, put into events and coverage */
        int64_t heartbeat_ms; /* longer between two calls that say that something was heard ends a span; 0: a
                                 minute */
        bool ends_are_told;   /* nf_conntrack_events was 1 before the first entry of the listing was made */
};

/* Always: messages = used + not_nat + existing + gone + other + reported_losses + the sum of refused. */
struct conntrack_counts {
        uint64_t datagrams, messages;
        uint64_t used;     /* openings, ends and signs of life that were delivered */
        uint64_t alive;    /* of these: out of the listing */
        uint64_t not_nat;  /* sound, and bind nothing: not translated, IPv6, updates */
        uint64_t existing; /* out of the listing, left out because their ends are not told */
        uint64_t gone;     /* out of the listing, and had ended before it was read */
        uint64_t other;    /* netlink's own: end of the listing, acknowledgements */
        uint64_t reported_losses;
        uint64_t incomplete; /* listings that the kernel refused or calls incomplete; in other, too */
        uint64_t refused[REFUSAL_COUNT];
};

struct conntrack_decoder;

int conntrack_decoder_new(const struct conntrack_options *options, struct conntrack_decoder **ret_decoder);
void conntrack_decoder_free(struct conntrack_decoder *decoder);

/* One datagram. Damage goes to the sink with the place in it, and is counted. 0, -ENOMEM, or what the sink
 * returned. */
int conntrack_decode(struct conntrack_decoder *decoder, int64_t receipt_ms, const void *bytes, size_t length,
        const struct decode_sink *sink);

/* At this instant somebody listened, and had read what the kernel held: the beginning, and now and then
 * where no event came, so that silence is known to be silence. 0 or -ENOMEM. */
int conntrack_heard(struct conntrack_decoder *decoder, int64_t instant);
/* The kernel dropped events after what was heard last and before noticed_ms. 0 or -ENOMEM. */
int conntrack_lost(struct conntrack_decoder *decoder, int64_t noticed_ms);
/* Somebody else may have listened before, and what came between is not known: the heartbeat before what is
 * heard first is a gap, so that nothing joins over it. Before anything is heard. */
void conntrack_begin_lost(struct conntrack_decoder *decoder);

/* What was heard so far, where anything was since this was called last, as pieces that coverage_normalise
 * puts together; nothing ends by it. 0 or -ENOMEM. */
int conntrack_decoder_pieces(struct conntrack_decoder *decoder, struct coverage *ret);

/* Appends what was heard and missed to ret. May go on afterwards. 0 or -ENOMEM. */
int conntrack_decoder_finish(struct conntrack_decoder *decoder, struct coverage *ret);

struct conntrack_counts conntrack_decoder_counts(const struct conntrack_decoder *decoder);

#endif
