/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchanged/peer.h"

#include "os/clock.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "https://192.0.2.1:7101", "https://[2001:db8::1]/", "https://node.example.org": what the directory lets
 * through. */
static int read_address(struct peer *peer, const char *url, struct error *error)
{
        const char *at = url + strlen("https://"), *end;
        size_t length;

        if (strncmp(url, "https://", strlen("https://")) != 0)
                return error_set(error, -ENOENT, "%s: is no address of a node", url);
        if (*at == '[') {
                at++;
                length = strcspn(at, "]");
                end = at + length + (at[length] == ']');
        } else {
                length = strcspn(at, ":/");
                end = at + length;
        }
        long port = *end == ':' ? strtol(end + 1, NULL, 10) : 443;
        if (length == 0 || length >= sizeof peer->host || port < 1 || port > UINT16_MAX)
                return error_set(error, -ENOENT, "%s: is no address of a node", url);
        memcpy(peer->host, at, length);
        peer->host[length] = '\0';
        peer->at.host = peer->host;
        peer->at.port = (uint16_t)port;
        return 0;
}

int peer_find(const struct directory *directory, const char *organisation, struct peer *ret_peer,
        struct error *error)
{
        const struct directory_organisation *found = directory_find(directory, organisation);
        const struct directory_certificate *pinned =
                found ? directory_certificate_at(found, DIRECTORY_TLS, clock_now_ms()) : NULL;
        uint8_t digest[DIGEST_BYTES];
        size_t length;

        if (!pinned)
                return error_set(error, -ENOENT,
                        found ? "%s: the directory pins no certificate for TLS for it now"
                              : "%s: is not in the directory",
                        organisation);
        const uint8_t *der = certificate_der(pinned->certificate, &length);
        if (digest_of(der, length, digest) < 0)
                return error_set(error, -EIO, "OpenSSL gives no SHA-256");
        digest_format(digest, ret_peer->fingerprint);
        snprintf(ret_peer->organisation, sizeof ret_peer->organisation, "%s", organisation);
        ret_peer->at.fingerprint = ret_peer->fingerprint;
        ret_peer->at.organisation = ret_peer->organisation;
        return read_address(ret_peer, found->node, error);
}

uint32_t peer_random(void *context)
{
        uint32_t bits = 0;

        (void)context;
        if (RAND_bytes((unsigned char *)&bits, sizeof bits) != 1)
                bits = (uint32_t)clock_steady_ms() * 2654435761u;
        return bits;
}
