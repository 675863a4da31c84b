/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence beside messages of one sender, fetched by a process of its own. It has the key for TLS and reaches
 * what is to be fetched, the folder of that sender and the network; the log, the other keys and what others
 * sent it does not reach. What became of each file it writes into the book, where the next pass finds it. */
#include "exchanged/exchanged.h"
#include "exchanged/peer.h"

#include "exchange/beside.h"
#include "exchange/office.h"
#include "os/clock.h"
#include "os/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TURN_MS ((EXCHANGED_DELIVERY_SECONDS - 600) * INT64_C(1000)) /* before it is ended from outside */
#define FAILED_MS 1000 /* a process that cannot even begin is not started again at once */

struct fetching {
        struct queue *queue;
        struct client *client;
        struct peer peer;
        struct error unknown; /* why there is no peer; code 0 where there is one */
        char evidence[PATH_MAX];
        const char *sender;
        struct schedule schedule;
        struct private_key *key; /* of TLS, as its certificate; until the process ends */
        struct certificate *certificate;
        int64_t began_ms; /* steady clock */
};

static bool is_over(void *context)
{
        const struct fetching *fetching = context;

        return clock_steady_ms() > fetching->began_ms + TURN_MS;
}

/* What is needed is taken out of the folder before it is closed to this process. */
static int read_folder(struct fetching *fetching, const struct exchanged *node, struct tls_identity *identity,
        struct error *error)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        char database[PATH_MAX], folder[PATH_MAX], name[sizeof "evidence/" + ORGANISATION_TEXT_MAX];
        struct office *office;

        int r = office_open(node->folder, &as_node, &office, error);
        if (r < 0)
                return r;
        if (peer_find(office_directory(office), fetching->sender, &fetching->peer, &fetching->unknown) == 0)
                fetching->unknown.code = 0;
        snprintf(fetching->evidence, sizeof fetching->evidence, "%s", office_evidence(office));
        /* It is made where the message is taken; whoever moved it away finds it empty again. */
        snprintf(name, sizeof name, "evidence/%s", fetching->sender);
        r = office_join(office, name, folder, error);
        if (r == 0)
                r = folder_make(folder, error);
        if (r == 0)
                r = office_take_key(office, DIRECTORY_TLS, &fetching->key, &fetching->certificate, error);
        if (r == 0)
                r = office_join(office, OFFICE_DATABASE_NAME, database, error);
        if (r == 0)
                r = tls_identity_of(fetching->certificate, fetching->key, identity, error);
        if (r == 0)
                r = queue_open(database, &fetching->queue, error);
        office_close(office);
        return r;
}

/* The book and the log of this node need room too: evidence does not take the last of it. */
static int need_room(const struct beside_task *task, struct error *error)
{
        struct statvfs disk;

        if (statvfs(task->folder, &disk) < 0)
                return error_set(error, -errno, "%s: %s", task->folder, strerrordesc_np(errno));
        uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
        uint64_t need = (task->length > task->had ? task->length - task->had : 0) + BESIDE_RESERVE_BYTES;
        return room >= need ? 0
                            : error_set(error, -ENOSPC,
                                      "%s: the disk has %llu MB left, and %llu MB are needed; make room, it "
                                      "goes on "
                                      "by itself",
                                      task->name, (unsigned long long)(room / 1000000),
                                      (unsigned long long)(need / 1000000));
}

static int download(struct fetching *fetching, const struct beside_task *task, struct download_result *result)
{
        const struct client_file file = {
                .manifest = task->manifest, .name = task->name, .length = task->length};
        struct client_file wanted = file;
        struct error error = {0};

        memcpy(wanted.digest, task->digest, sizeof wanted.digest);
        memcpy(wanted.second_digest, task->second_digest, sizeof wanted.second_digest);
        memset(result, 0, sizeof *result);
        result->end = DOWNLOAD_INTERRUPTED;
        result->kept_bytes = task->had;
        int r = fetching->unknown.code < 0 ? error_set(&error, -ENOENT, "%s", fetching->unknown.text)
                                           : need_room(task, &error);
        if (r == 0)
                r = client_download(
                        fetching->client, &fetching->peer.at, &wanted, task->folder, result, &error);
        if (r < 0) {
                result->end = DOWNLOAD_INTERRUPTED;
                snprintf(result->reason, sizeof result->reason, "%s", error.text);
        }
        return r;
}

static void say(const struct beside_task *task, const struct download_result *result)
{
        char quoted[LOG_QUOTED_MAX];

        if (result->end == DOWNLOAD_DONE)
                log_event(LOG_NOTICE, "evidence-fetched", "peer=%s message=%s name=%s bytes=%llu attempts=%u",
                        task->sender, task->message_id, task->name, (unsigned long long)task->length,
                        task->attempts);
        else
                log_event(result->end == DOWNLOAD_WRONG ? LOG_FAILURE : LOG_CAUTION,
                        result->end == DOWNLOAD_WRONG ? "evidence-wrong" : "evidence-waits",
                        "peer=%s message=%s name=%s attempts=%u status=%d have=%llu text=%s", task->sender,
                        task->message_id, task->name, task->attempts, result->status,
                        (unsigned long long)result->kept_bytes, log_quote(result->reason, quoted));
}

/* Files one after the other until none is due. Where the peer cannot be reached, or the disk is full, the
 * next one would fare no better. */
static int fetch_all(struct fetching *fetching, struct error *error)
{
        struct download_result result;
        struct beside_task task;
        int r = 0;

        while (!is_over(fetching) &&
                (r = beside_fetch_begin(fetching->queue, fetching->sender, fetching->evidence,
                         &fetching->schedule, peer_random(NULL), clock_now_ms(), &task, error)) == 1) {
                int got = download(fetching, &task, &result);
                r = beside_fetch_end(fetching->queue, &task, &result, &fetching->schedule, peer_random(NULL),
                        clock_now_ms(), error);
                if (r < 0)
                        return r;
                say(&task, &result);
                bool nothing = result.end == DOWNLOAD_INTERRUPTED && result.kept_bytes <= task.had;
                if (got < 0 || (nothing && result.status == 0))
                        return beside_postpone(fetching->queue, fetching->sender,
                                clock_now_ms() + schedule_wait_ms(&fetching->schedule, 1, UINT32_MAX), error);
        }
        return r;
}

void fetch_run(struct exchanged *node, const char *sender)
{
        struct fetching *fetching = calloc(1, sizeof *fetching);
        struct tls_identity identity = {0};
        struct error error = {0};

        if (!fetching)
                _exit(1);
        *fetching = (struct fetching){.sender = sender,
                .schedule = {.first_ms = node->times->delivery_ms,
                        .longest_ms = node->times->delivery_most_ms},
                .began_ms = clock_steady_ms()};
        const struct client_options options = {.organisation = node->organisation,
                .identity = &identity,
                .stop = is_over,
                .context = fetching};
        int r = read_folder(fetching, node, &identity, &error);
        if (r == 0)
                r = fetch_confine(node, sender, &error);
        if (r == 0)
                r = client_new(&options, &fetching->client, &error);
        if (r == 0)
                r = fetch_all(fetching, &error);
        if (r < 0) {
                exchanged_say(LOG_FAILURE, "fetch-failed", "%s", error.text);
                usleep(FAILED_MS * 1000);
        }
        queue_close(fetching->queue);
        _exit(r < 0);
}
