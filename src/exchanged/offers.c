/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence that lies beside a message: the gate asks for it by name, and gets a descriptor of what the book
 * says is offered to that peer. So the gate needs to reach neither the book's keys nor the evidence. */
#include "exchanged/offers.h"

#include "exchange/beside.h"
#include "exchange/provider.h"
#include "os/clock.h"
#include "os/pass.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct offer_request {
        uint64_t number;
        char organisation[ORGANISATION_TEXT_MAX], manifest[ID_TEXT_MAX], name[EVIDENCE_NAME_MAX];
};

struct offer_reply {
        uint64_t number; /* of the request */
        int code;
        char words[256];
        struct server_offer offer; /* its file comes as a descriptor */
};

/* --- At the gate --- */

static int take_reply(
        int socket, uint64_t number, struct offer_reply *reply, int *ret_file, struct error *error)
{
        int64_t until_ms = clock_steady_ms() + OFFER_MS;
        size_t length;

        for (;;) {
                struct pollfd wait = {.fd = socket, .events = POLLIN};
                int64_t left_ms = until_ms - clock_steady_ms();
                if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
                        return error_set(error, -ETIMEDOUT, "the book was not asked in time");
                int r = pass_receive(socket, reply, sizeof *reply, &length, ret_file, 1, error);
                if (r < 0)
                        return r;
                if (length == sizeof *reply && reply->number == number)
                        return 0;
                close(*ret_file); /* of a request that was given up */
        }
}

int offer_ask(int socket, const char *organisation, const char *manifest, const char *name,
        struct server_offer *ret_offer, struct error *error)
{
        static uint64_t number;
        struct offer_request request = {.number = ++number};
        struct offer_reply reply;
        int file;

        snprintf(request.organisation, sizeof request.organisation, "%s", organisation);
        snprintf(request.manifest, sizeof request.manifest, "%s", manifest);
        snprintf(request.name, sizeof request.name, "%s", name);
        int r = pass_send(socket, &request, sizeof request, NULL, 0, error);
        if (r == 0)
                r = take_reply(socket, request.number, &reply, &file, error);
        if (r < 0)
                return r;
        if (reply.code < 0) {
                close(file);
                return error_set(error, reply.code, "%.*s", (int)sizeof reply.words, reply.words);
        }
        *ret_offer = reply.offer;
        ret_offer->file = file;
        return 0;
}

/* --- At the parent --- */

static void find_offer(
        struct exchanged *node, const struct offer_request *request, struct offer_reply *reply, int *ret_file)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        struct provider_offer found = {.file = -1};
        struct office *office = NULL;
        struct error error = {0};

        int r = office_open(node->folder, &as_node, &office, &error);
        if (r == 0)
                r = provider_offer_open(
                        office, request->organisation, request->manifest, request->name, &found, &error);
        office_close(office);
        reply->code = r < 0 ? r : 0;
        snprintf(reply->words, sizeof reply->words, "%.255s", r < 0 ? error.text : "");
        if (r < 0)
                return;
        reply->offer = (struct server_offer){
                .from_ms = found.from_ms, .until_ms = found.until_ms, .file = -1, .length = found.length};
        snprintf(reply->offer.recipient, sizeof reply->offer.recipient, "%s", found.recipient);
        memcpy(reply->offer.digest, found.digest, sizeof reply->offer.digest);
        *ret_file = found.file;
}

/* Behind the reply, which does not wait for the book. */
static void note_strange(const struct exchanged *node, const struct offer_request *request)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        struct office *office = NULL;
        struct error error = {0};

        int r = office_open(node->folder, &as_node, &office, &error);
        if (r == 0)
                r = beside_offer_strange(office, request->organisation, request->manifest, &error);
        if (r < 0)
                exchanged_say(LOG_CAUTION, "refusal-not-kept", "%s", error.text);
        office_close(office);
}

static bool ends_text(const char *text, size_t size)
{
        return memchr(text, '\0', size) != NULL;
}

void offer_answer(struct exchanged *node)
{
        struct offer_request request;
        struct offer_reply reply = {.code = -EPROTO};
        struct error error = {0};
        int told, file = node->offers;

        if (recv(node->offers, &request, sizeof request, MSG_DONTWAIT) != (ssize_t)sizeof request ||
                !ends_text(request.organisation, sizeof request.organisation) ||
                !ends_text(request.manifest, sizeof request.manifest) ||
                !ends_text(request.name, sizeof request.name))
                return;
        int r = child_start(node, CHILD_COMMAND, NULL, false, &told, &error);
        if (r < 0)
                exchanged_say(LOG_CAUTION, "busy", "%s", error.text);
        if (r <= 0)
                return;
        reply.number = request.number;
        find_offer(node, &request, &reply, &file);
        r = pass_send(node->offers, &reply, sizeof reply, &file, 1, &error);
        if (reply.code == -ENOENT)
                note_strange(node, &request);
        _exit(r < 0);
}
