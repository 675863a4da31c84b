/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/delivery.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

struct round {
        const struct delivery *delivery;
        struct delivery_counts *counts;
        struct error *error;
};

static int64_t now_of(const struct delivery *delivery)
{
        return delivery->now(delivery->context);
}

static int keep_skew(const struct delivery *delivery, const struct outgoing *outgoing,
        const struct client_result *result, struct error *error)
{
        int r = 0;

        if (result->skew.measured_ms != TIME_UNKNOWN)
                r = queue_note_skew(
                        delivery->queue, outgoing->recipient, SKEW_SEEN_BY_US, &result->skew, error);
        if (r == 0 && result->told.measured_ms != TIME_UNKNOWN)
                r = queue_note_skew(
                        delivery->queue, outgoing->recipient, SKEW_TOLD_BY_PEER, &result->told, error);
        return r;
}

static int keep_result(
        struct round *round, const struct outgoing *outgoing, const struct client_result *result)
{
        const struct delivery *delivery = round->delivery;
        struct delivery_counts *counts = round->counts;

        if (result->end == CLIENT_DELIVERED) {
                counts->delivered++;
                return queue_attempt_delivered(delivery->queue, outgoing->id, result->acknowledgement,
                        result->acknowledgement_length, now_of(delivery), round->error);
        }
        if (result->end == CLIENT_REFUSED)
                counts->refused++;
        else
                counts->failed++;
        return queue_attempt_failed(delivery->queue, outgoing->id, result->reason,
                result->end == CLIENT_REFUSED, &delivery->schedule, delivery->random(delivery->context),
                now_of(delivery), round->error);
}

/* What the peer and the network do is in the result. A content that cannot be read will not become readable.
 */
static int send_one(struct round *round, const struct outgoing *outgoing, struct client_result *result)
{
        const struct delivery *delivery = round->delivery;
        struct content *content = NULL;
        struct client_peer peer = {0};
        struct error error = {0};

        memset(result, 0, sizeof *result);
        result->end = CLIENT_UNREACHABLE;
        result->skew.measured_ms = result->told.measured_ms = TIME_UNKNOWN;
        int r = delivery->find(delivery->context, outgoing->recipient, &peer, &error);
        if (r < 0) {
                snprintf(result->reason, sizeof result->reason, "%s", error.text);
                return r == -ENOMEM ? error_set(round->error, r, "%s", error.text) : 0;
        }
        r = queue_outgoing_content(delivery->queue, outgoing->id, delivery->spool, &content, &error);
        if (r == 0)
                r = client_deliver(delivery->client, &peer, outgoing->id, content, result, &error);
        content_free(content);
        if (r == -EBADMSG || r == -ENOENT || r == -EINVAL) {
                result->end = r == -EINVAL ? CLIENT_UNREACHABLE : CLIENT_REFUSED;
                snprintf(result->reason, sizeof result->reason, "%s", error.text);
                return 0;
        }
        return r < 0 ? error_set(round->error, r, "%s", error.text) : 0;
}

static int serve_recipient(void *context, const char *recipient)
{
        struct round *round = context;
        const struct delivery *delivery = round->delivery;
        struct client_result result;
        struct outgoing outgoing;

        if (delivery->recipient && strcmp(delivery->recipient, recipient) != 0)
                return 0;
        while (!delivery->stop || !delivery->stop(delivery->context)) {
                int r = queue_attempt_begin(delivery->queue, recipient, &delivery->schedule,
                        delivery->random(delivery->context), now_of(delivery), &outgoing, round->error);
                if (r <= 0)
                        return r;
                round->counts->attempts++;
                r = send_one(round, &outgoing, &result);
                if (r == 0)
                        r = keep_result(round, &outgoing, &result);
                if (r == 0)
                        r = keep_skew(delivery, &outgoing, &result, round->error);
                if (r < 0)
                        return r;
                if (delivery->told)
                        delivery->told(delivery->context, &outgoing, &result);
                /* Not a word of HTTP: the next message would fare no better. It is asked for soon, not with
                 * the patience that the oldest message has come to. */
                if (result.end == CLIENT_UNREACHABLE || (result.end == CLIENT_NOT_NOW && result.status == 0))
                        return queue_postpone(delivery->queue, recipient,
                                now_of(delivery) + schedule_wait_ms(&delivery->schedule, 1, UINT32_MAX),
                                round->error);
        }
        return 0;
}

int delivery_round(const struct delivery *delivery, struct delivery_counts *ret_counts, struct error *error)
{
        struct round round = {.delivery = delivery, .counts = ret_counts, .error = error};

        memset(ret_counts, 0, sizeof *ret_counts);
        return queue_each_due_recipient(delivery->queue, now_of(delivery), serve_recipient, &round, error);
}
