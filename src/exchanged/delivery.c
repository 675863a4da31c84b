/* SPDX-License-Identifier: EUPL-1.2 */
/* One recipient's messages, brought to it by a process of their own: a recipient that is slow holds up
 * nobody else. */
#include "exchanged/exchanged.h"
#include "exchanged/peer.h"

#include "courier/delivery.h"
#include "exchange/office.h"
#include "os/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct carrying {
        struct queue *queue;
        struct peer peer;
        char spool[PATH_MAX];
        struct private_key *key; /* for TLS */
        struct certificate *certificate;
        struct error unknown; /* why there is no peer; code 0 where there is one */
};

static int find(void *context, const char *organisation, struct client_peer *ret_peer, struct error *error)
{
        const struct carrying *carrying = context;

        if (carrying->unknown.code < 0)
                return error_set(error, -ENOENT, "%s", carrying->unknown.text);
        *ret_peer = carrying->peer.at;
        ret_peer->organisation = organisation;
        return 0;
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
        if (peer_find(office_directory(office), recipient, &carrying->peer, &carrying->unknown) == 0)
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
                .random = peer_random,
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
