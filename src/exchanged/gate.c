/* SPDX-License-Identifier: EUPL-1.2 */
/* Where peers knock: the courier's server in a process of its own. */
#include "exchanged/offers.h"

#include "courier/server.h"
#include "exchange/office.h"
#include "os/alive.h"
#include "os/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKEW_SAID_MS 5000 /* a peer's clock that is off by less is not worth a line */
#define SKEW_AGAIN_MS INT64_C(3600000)
#define SKEWS_MAX 64

struct skew_said {
        char organisation[ORGANISATION_TEXT_MAX];
        int64_t ahead_ms, said_ms;
};

/* A certificate with which somebody may knock, as the directory says. */
struct pin {
        uint8_t fingerprint[DIGEST_BYTES];
        int64_t from_ms, until_ms;
        char organisation[ORGANISATION_TEXT_MAX];
};

struct gate {
        struct exchanged *node;
        struct pin *pins;
        size_t pin_count;
        struct queue *queue;
        char spool[PATH_MAX];
        struct private_key *key; /* for TLS */
        struct certificate *certificate;
        struct server *server;
        int told, offers;
        struct skew_said skews[SKEWS_MAX];
        uint64_t skew_count;
};

static bool known(void *context, const char *fingerprint, char ret_organisation[ORGANISATION_TEXT_MAX])
{
        const struct gate *gate = context;
        int64_t now_ms = clock_now_ms();
        uint8_t digest[DIGEST_BYTES];

        if (digest_parse(slice_of(fingerprint), digest) < 0)
                return false;
        for (size_t i = 0; i < gate->pin_count; i++) {
                const struct pin *pin = &gate->pins[i];
                if (memcmp(pin->fingerprint, digest, DIGEST_BYTES) != 0 || now_ms < pin->from_ms ||
                        now_ms >= pin->until_ms)
                        continue;
                snprintf(ret_organisation, ORGANISATION_TEXT_MAX, "%s", pin->organisation);
                return true;
        }
        return false;
}

static int take(void *context, const struct server_arrival *arrival, struct error *error)
{
        struct gate *gate = context;
        char quoted[LOG_QUOTED_MAX];

        int r = queue_receive(gate->queue, arrival->organisation, arrival->id, arrival->content,
                arrival->told_ms, arrival->now_ms, error);
        if (r < 0)
                log_event(LOG_FAILURE, "message-not-taken", "peer=%s id=%s text=%s", arrival->organisation,
                        arrival->id, log_quote(error->text, quoted));
        else
                log_event(r == QUEUE_CONFLICT ? LOG_CAUTION : LOG_NOTICE,
                        r == QUEUE_ACCEPTED     ? "message-taken"
                        : r == QUEUE_RECOGNISED ? "message-recognised"
                        : r == QUEUE_CONFLICT   ? "message-conflict"
                                                : "inbox-full",
                        "peer=%s id=%s bytes=%llu", arrival->organisation, arrival->id,
                        (unsigned long long)content_length(arrival->content));
        if (r == QUEUE_ACCEPTED)
                alive_say(gate->told, GATE_MESSAGE);
        return r;
}

/* A line where a clock is off, and again where it changed. */
static void say_skew(struct gate *gate, const char *organisation, const struct skew *skew)
{
        struct skew_said *said = NULL;

        for (unsigned i = 0; i < SKEWS_MAX && !said; i++)
                if (strcmp(gate->skews[i].organisation, organisation) == 0)
                        said = &gate->skews[i];
        bool off = llabs(skew->ahead_ms) > SKEW_SAID_MS + skew->uncertainty_ms;
        if ((!said && !off) || (said && llabs(said->ahead_ms - skew->ahead_ms) < SKEW_SAID_MS &&
                                       clock_steady_ms() < said->said_ms + SKEW_AGAIN_MS))
                return;
        if (!said)
                said = &gate->skews[gate->skew_count++ % SKEWS_MAX];
        *said = (struct skew_said){.ahead_ms = skew->ahead_ms, .said_ms = clock_steady_ms()};
        snprintf(said->organisation, sizeof said->organisation, "%s", organisation);
        log_event(off ? LOG_CAUTION : LOG_NOTICE, "clock-skew", "peer=%s ahead_ms=%lld uncertainty_ms=%lld",
                organisation, (long long)skew->ahead_ms, (long long)skew->uncertainty_ms);
}

static void see_skew(void *context, const char *organisation, const struct skew *skew)
{
        struct gate *gate = context;
        struct error error = {0};

        if (queue_note_skew(gate->queue, organisation, SKEW_SEEN_BY_US, skew, &error) < 0)
                exchanged_say(LOG_CAUTION, "skew-not-kept", "%s", error.text);
        say_skew(gate, organisation, skew);
}

static void remark(void *context, const char *organisation, const char *code, const char *words)
{
        char quoted[LOG_QUOTED_MAX];

        (void)context;
        log_event(LOG_CAUTION, "peer", "peer=%s code=%s text=%s",
                organisation && *organisation ? organisation : "unknown", code, log_quote(words, quoted));
}

static int offer(void *context, const char *organisation, const char *manifest, const char *name,
        struct server_offer *ret_offer, struct error *error)
{
        const struct gate *gate = context;
        char quoted[LOG_QUOTED_MAX], reason[LOG_QUOTED_MAX];

        int r = offer_ask(gate->offers, organisation, manifest, name, ret_offer, error);
        if (r < 0)
                log_event(LOG_CAUTION, "evidence-refused", "peer=%s manifest=%s name=%s text=%s",
                        organisation, manifest, log_quote(name, quoted), log_quote(error->text, reason));
        return r;
}

static void say_taken(void *context, const char *organisation, const char *manifest, const char *name,
        uint64_t from, uint64_t until)
{
        char quoted[LOG_QUOTED_MAX];

        (void)context;
        log_event(LOG_NOTICE, "evidence-taken", "peer=%s manifest=%s name=%s from=%llu until=%llu",
                organisation, manifest, log_quote(name, quoted), (unsigned long long)from,
                (unsigned long long)until);
}

static int64_t now(void *context)
{
        (void)context;
        return clock_now_ms();
}

static void tell(evutil_socket_t socket, short what, void *context)
{
        struct gate *gate = context;

        (void)socket;
        (void)what;
        /* A token that failed once may be gone for good; a new gate finds out, and says how it is. */
        if (private_key_trouble(gate->key)) {
                exchanged_say(LOG_FAILURE, "token-failed", "%s", private_key_trouble(gate->key));
                _exit(1);
        }
        alive_say(gate->told, ALIVE_WORKING);
}

static int add_pins(struct gate *gate, const struct directory_organisation *organisation, struct error *error)
{
        for (size_t i = 0; i < organisation->certificate_count[DIRECTORY_TLS]; i++) {
                const struct directory_certificate *one = &organisation->certificates[DIRECTORY_TLS][i];
                struct pin *pin = &gate->pins[gate->pin_count];
                size_t length;
                const uint8_t *der = certificate_der(one->certificate, &length);
                if (digest_of(der, length, pin->fingerprint) < 0)
                        return error_set(error, -EIO, "OpenSSL gives no SHA-256");
                pin->from_ms = one->from_ms;
                pin->until_ms = one->until_ms;
                snprintf(pin->organisation, sizeof pin->organisation, "%s", organisation->name);
                gate->pin_count++;
        }
        return 0;
}

/* Who may knock is taken out of the directory, and the node's folder is closed again: no key but that for TLS
 * is in the memory of the process that strangers talk to. Another directory is another gate. */
static int read_folder(struct gate *gate, struct tls_identity *identity, struct error *error)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        struct office *office;

        int r = office_open(gate->node->folder, &as_node, &office, error);
        if (r < 0)
                return r;
        const struct directory *directory = office_directory(office);
        gate->pins =
                calloc(directory->organisation_count * DIRECTORY_CERTIFICATES_MAX + 1, sizeof *gate->pins);
        r = gate->pins ? 0 : error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; r == 0 && i < directory->organisation_count; i++)
                r = add_pins(gate, &directory->organisations[i], error);
        snprintf(gate->spool, sizeof gate->spool, "%s", office_spool(office));
        if (r == 0)
                r = office_take_key(office, DIRECTORY_TLS, &gate->key, &gate->certificate, error);
        office_close(office);
        if (r == 0)
                r = tls_identity_of(gate->certificate, gate->key, identity, error);
        return r;
}

static int begin(
        struct gate *gate, struct event_base *base, struct tls_identity *identity, struct error *error)
{
        const struct server_sink sink = {.context = gate,
                .known = known,
                .message = take,
                .evidence = offer,
                .evidence_taken = say_taken,
                .skew = see_skew,
                .remark = remark,
                .now = now};
        const struct server_options options = {.address = gate->node->address,
                .port = gate->node->port,
                .organisation = gate->node->organisation,
                .spool = gate->spool,
                .identity = identity};
        char path[PATH_MAX + sizeof OFFICE_DATABASE_NAME];

        int r = read_folder(gate, identity, error);
        snprintf(path, sizeof path, "%s/" OFFICE_DATABASE_NAME, gate->node->folder);
        if (r == 0)
                r = queue_open(path, &gate->queue, error);
        return r == 0 ? server_new(base, &options, &sink, &gate->server, error) : r;
}

void gate_run(struct exchanged *node, int told, int offers)
{
        const struct timeval often = {
                .tv_sec = ALIVE_INTERVAL_MS / 2000, .tv_usec = ALIVE_INTERVAL_MS / 2 % 1000 * 1000};
        struct gate *gate = calloc(1, sizeof *gate);
        struct event_base *base = event_base_new();
        struct tls_identity identity = {0};
        struct error error = {0};

        if (!gate || !base)
                _exit(1);
        *gate = (struct gate){.node = node, .told = told, .offers = offers};
        alive_say(told, ALIVE_STARTING);
        int r = begin(gate, base, &identity, &error);
        if (r == 0)
                r = gate_confine(node, &error);
        struct event *telling = event_new(base, -1, EV_PERSIST, tell, gate);
        if (r == 0 && (!telling || event_add(telling, &often) < 0))
                r = error_set(&error, -ENOMEM, "not enough memory");
        if (r == 0) {
                log_event(LOG_NOTICE, "listening", "address=%s port=%u", node->address,
                        server_port(gate->server));
                alive_say(told, ALIVE_READY);
                event_base_dispatch(base);
                exchanged_say(LOG_FAILURE, "gate-ended", "its loop ended");
        } else {
                exchanged_say(LOG_FAILURE, "gate-failed", "%s", error.text);
        }
        _exit(1);
}
