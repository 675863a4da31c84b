/* SPDX-License-Identifier: EUPL-1.2 */
/* One recipient's messages, brought to it by a process of their own: a recipient that is slow holds up
 * nobody else. */
#include "exchanged/exchanged.h"

#include "courier/delivery.h"
#include "exchange/office.h"
#include "os/clock.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct carrying {
        struct queue *queue;
        struct client_peer peer;
        char host[DIRECTORY_URL_MAX];
        char fingerprint[FINGERPRINT_TEXT_MAX];
        char spool[PATH_MAX];
        struct private_key *key; /* for TLS */
        struct certificate *certificate;
        struct error unknown; /* why there is no peer; code 0 where there is one */
};

/* "https://192.0.2.1:7101", "https://[2001:db8::1]/", "https://node.example.org": what the directory lets
 * through. */
static int read_address(struct carrying *carrying, const char *url, struct error *error)
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
        if (length == 0 || length >= sizeof carrying->host || port < 1 || port > UINT16_MAX)
                return error_set(error, -ENOENT, "%s: is no address of a node", url);
        memcpy(carrying->host, at, length);
        carrying->host[length] = '\0';
        carrying->peer.host = carrying->host;
        carrying->peer.port = (uint16_t)port;
        return 0;
}

static int find_recipient(struct carrying *carrying, const struct directory *directory, const char *recipient,
        struct error *error)
{
        const struct directory_organisation *found = directory_find(directory, recipient);
        const struct directory_certificate *pinned =
                found ? directory_certificate_at(found, DIRECTORY_TLS, clock_now_ms()) : NULL;
        uint8_t digest[DIGEST_BYTES];
        size_t length;

        if (!pinned)
                return error_set(error, -ENOENT,
                        found ? "%s: the directory pins no certificate for TLS for it now"
                              : "%s: is not in the directory",
                        recipient);
        const uint8_t *der = certificate_der(pinned->certificate, &length);
        if (digest_of(der, length, digest) < 0)
                return error_set(error, -EIO, "OpenSSL gives no SHA-256");
        digest_format(digest, carrying->fingerprint);
        carrying->peer.fingerprint = carrying->fingerprint;
        return read_address(carrying, found->node, error);
}

static int find(void *context, const char *organisation, struct client_peer *ret_peer, struct error *error)
{
        const struct carrying *carrying = context;

        if (carrying->unknown.code < 0)
                return error_set(error, -ENOENT, "%s", carrying->unknown.text);
        *ret_peer = carrying->peer;
        ret_peer->organisation = organisation;
        return 0;
}

static uint32_t random_bits(void *context)
{
        uint32_t bits = 0;

        (void)context;
        if (RAND_bytes((unsigned char *)&bits, sizeof bits) != 1)
                bits = (uint32_t)clock_steady_ms() * 2654435761u;
        return bits;
}

static int64_t now(void *context)
{
        (void)context;
        return clock_now_ms();
}

static void told(void *context, const struct outgoing *outgoing, const struct client_result *result)
{
        const struct carrying *carrying = context;
        const char *trouble = private_key_trouble(carrying->key);
        char quoted[LOG_QUOTED_MAX];

        if (trouble)
                exchanged_say(LOG_FAILURE, "token-failed", "%s", trouble);
        if (result->end == CLIENT_DELIVERED)
                log_event(LOG_NOTICE, result->was_there ? "message-was-there" : "message-delivered",
                        "peer=%s id=%s bytes=%llu attempts=%u", outgoing->recipient, outgoing->id,
                        (unsigned long long)outgoing->length, outgoing->attempts);
        else
                log_event(result->end == CLIENT_REFUSED ? LOG_FAILURE : LOG_CAUTION,
                        result->end == CLIENT_REFUSED ? "message-refused" : "message-waits",
                        "peer=%s id=%s attempts=%u status=%d text=%s", outgoing->recipient, outgoing->id,
                        outgoing->attempts, result->status, log_quote(result->reason, quoted));
}

/* What is needed is taken out of the folder before it is closed to this process. */
static int read_folder(struct carrying *carrying, const struct exchanged *node, const char *recipient,
        struct tls_identity *identity, struct error *error)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        char database[PATH_MAX];
        struct office *office;

        int r = office_open(node->folder, &as_node, &office, error);
        if (r < 0)
                return r;
        if (find_recipient(carrying, office_directory(office), recipient, &carrying->unknown) == 0)
                carrying->unknown.code = 0;
        snprintf(carrying->spool, sizeof carrying->spool, "%s", office_spool(office));
        r = office_take_key(office, DIRECTORY_TLS, &carrying->key, &carrying->certificate, error);
        if (r == 0)
                r = tls_identity_of(carrying->certificate, carrying->key, identity, error);
        if (r == 0)
                r = office_join(office, OFFICE_DATABASE_NAME, database, error);
        if (r == 0)
                r = queue_open(database, &carrying->queue, error);
        office_close(office);
        return r;
}

static int carry(struct carrying *carrying, const struct exchanged *node, const char *recipient,
        const struct tls_identity *identity, struct error *error)
{
        const struct client_options options = {.organisation = node->organisation, .identity = identity};
        struct delivery delivery = {.queue = carrying->queue,
                .spool = carrying->spool,
                .recipient = recipient,
                .schedule = {.first_ms = node->times->delivery_ms,
                        .longest_ms = node->times->delivery_most_ms},
                .context = carrying,
                .find = find,
                .random = random_bits,
                .now = now,
                .told = told};
        struct delivery_counts counts;

        int r = client_new(&options, &delivery.client, error);
        if (r == 0)
                r = delivery_round(&delivery, &counts, error);
        return r;
}

void delivery_run(struct exchanged *node, const char *recipient)
{
        struct carrying *carrying = calloc(1, sizeof *carrying);
        struct tls_identity identity = {0};
        struct error error = {0};

        int r = carrying ? read_folder(carrying, node, recipient, &identity, &error)
                         : error_set(&error, -ENOMEM, "not enough memory");
        if (r == 0)
                r = delivery_confine(node, &error);
        if (r == 0)
                r = carry(carrying, node, recipient, &identity, &error);
        if (r < 0)
                exchanged_say(LOG_FAILURE, "delivery-failed", "%s", error.text);
        if (carrying)
                queue_close(carrying->queue);
        _exit(r < 0);
}
