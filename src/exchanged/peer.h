/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_PEER_H
#define ROGATORY_EXCHANGED_PEER_H

/* Another node as this one reaches it, by the directory of now. For processes that then close the node's
 * folder. */

#include "courier/client.h"
#include "directory/directory.h"

struct peer {
        struct client_peer at; /* of client.h; points into this */
        char organisation[ORGANISATION_TEXT_MAX];
        char host[DIRECTORY_URL_MAX];
        char fingerprint[FINGERPRINT_TEXT_MAX];
};

/* -ENOENT with words: the directory does not name it, pins no certificate of it now, or no address. */
int peer_find(const struct directory *directory, const char *organisation, struct peer *ret_peer,
        struct error *error);

/* 32 random bits; context is not looked at. */
uint32_t peer_random(void *context);

#endif
