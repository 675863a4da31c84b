/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_OFFERS_H
#define ROGATORY_EXCHANGED_OFFERS_H

/* What a gate asks its parent for: a file of evidence that is offered to a peer. */

#include "courier/server.h"
#include "exchanged/exchanged.h"

#define OFFER_MS 5000 /* longest wait of a gate for an answer */

/* At the gate; socket: of a pair (SOCK_SEQPACKET). -ENOENT: nothing is offered to this peer under the name.
 */
int offer_ask(int socket, const char *organisation, const char *manifest, const char *name,
        struct server_offer *ret_offer, struct error *error);

/* At the parent: somebody asked; a child answers. */
void offer_answer(struct exchanged *node);

#endif
