/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_RADIUS_SERVER_H
#define ROGATORY_COLLECT_RADIUS_SERVER_H

/* Answers of a listener for RADIUS accounting. A request is answered when it was delivered and settled, and
 * again each time its sender repeats it, without being delivered again (RFC 5080 section 2.2.2). Requests in
 * which a sender only raised Acct-Delay-Time are new packets; that they tell of the same is known to
 * wire/accounting. */

#include "collect/collector_state.h"

#define RADIUS_REPEATS 4096u /* requests that are remembered; of a place that is taken the oldest goes */
#define RADIUS_REPEAT_MS INT64_C(30 * 1000) /* senders give up before */

int radius_server_new(struct radius_server **ret_server); /* -ENOMEM, -EIO */
void radius_server_free(struct radius_server *server);

/* Takes one datagram of a known exporter; head: what the kernel said of it, for the way back. */
void radius_take(struct listening *listening, struct exporter *exporter, struct collect_message *message,
        struct msghdr *head, int64_t steady_ms);

/* The end of a batch: sends the answers where it is settled, else forgets the requests, so that they are
 * delivered again when they are repeated. */
void radius_settle(struct listening *listening, bool is_settled);

#endif
