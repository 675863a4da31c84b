/* SPDX-License-Identifier: EUPL-1.2 */
#include "keeper/keeper.h"

#include "crypto/digest.h"
#include "os/alive.h"
#include "os/clock.h"
#include "os/confine.h"
#include "os/file.h"
#include "os/person.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define OUT_MAX (1u << 20)
#define TICK_MS 200
#define MERGE_LOOK_MS 100

void keeper_say(enum log_weight weight, const char *event, const char *format, ...)
{
        char text[600], quoted[LOG_QUOTED_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        log_event(weight, event, "text=%s", log_quote(text, quoted));
}

/* --- Opening --- */

static int read_configuration(struct keeper *keeper, struct error *error)
{
        char path[4096];
        struct buffer text = buffer_make(SETTINGS_FILE_MAX);

        if (snprintf(path, sizeof path, "%s/rogatory.conf", keeper->options.store) >= (int)sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: is too long", keeper->options.store);
        int r = file_read(path, &text, error);
        if (r == 0)
                r = digest_of(text.bytes, text.length, keeper->configuration);
        buffer_free(&text);
        return r;
}

int keeper_open(struct keeper *keeper, const struct keeper_options *options, struct error *error)
{
        *keeper = (struct keeper){.options = *options, .out = buffer_make(OUT_MAX)};
        int r = depot_open(options->store, DEPOT_READ, &keeper->depot, error);
        if (r == 0)
                r = read_configuration(keeper, error);
        if (r == 0)
                r = generations_open(&keeper->generations, keeper->depot, error);
        if (r == 0)
                r = keeper_begin_counting(keeper, error);
        if (r < 0)
                return r;
        const struct settings *settings = depot_settings(keeper->depot);
        struct relay_limits limits = {
                .exporters = (uint32_t)settings->exporter_count, .realms = (uint32_t)settings->realm_count};
        struct relay_sink sink = keeper_sink(keeper);
        struct relay_hello hello;
        memcpy(hello.configuration, keeper->configuration, sizeof hello.configuration);
        relay_writer_begin(&keeper->writer, &limits, &keeper->out);
        r = relay_reader_new(RELAY_AT_STORE, &limits, &sink, &keeper->reader);
        if (r == 0)
                r = relay_write_hello(&keeper->writer, &hello);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

void keeper_close(struct keeper *keeper)
{
        relay_reader_free(keeper->reader);
        generations_close(&keeper->generations);
        keeper_end_counting(keeper);
        if (keeper->depot)
                depot_close(keeper->depot);
        buffer_free(&keeper->out);
}

struct child *keeper_child_place(struct keeper *keeper, enum child_kind kind)
{
        /* The first place is kept for a merge. */
        for (unsigned i = kind == CHILD_MERGE ? 0 : 1; i <= (kind == CHILD_MERGE ? 0 : KEEPER_QUESTIONS_MAX);
                i++)
                if (keeper->children[i].kind == CHILD_NONE)
                        return &keeper->children[i];
        return NULL;
}

/* --- The loop --- */

static volatile sig_atomic_t child_ended, end_asked, merge_asked;
static const int caught[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1};

static void on_signal(int number)
{
        if (number == SIGCHLD)
                child_ended = 1;
        else if (number == SIGUSR1)
                merge_asked = 1;
        else
                end_asked = 1;
}

void keeper_be_child(const struct keeper *keeper)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++)
                signal(caught[i], SIG_DFL);
        sigprocmask(SIG_SETMASK, &keeper->signals, NULL);
}

static void catch_signals(sigset_t *ret_before)
{
        struct sigaction action = {.sa_handler = on_signal};
        sigset_t blocked;

        sigemptyset(&blocked);
        for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++) {
                sigaddset(&blocked, caught[i]);
                sigaction(caught[i], &action, NULL);
        }
        sigprocmask(SIG_BLOCK, &blocked, ret_before);
        signal(SIGPIPE, SIG_IGN);
}

/* 1: taken; 0: nothing more now; negative: the relay ends. */
static int take(struct keeper *keeper, uint8_t *bytes, struct error *error)
{
        ssize_t got = read(keeper->options.relay, bytes, KEEPER_READ_BYTES);

        if (got < 0)
                return errno == EAGAIN || errno == EINTR
                               ? 0
                               : error_set(error, -errno, "relay: %s", strerrordesc_np(errno));
        if (got == 0)
                return error_set(error, -EPIPE, "the collector ended");
        keeper->now_ms = clock_now_ms();
        int r = relay_reader_feed(keeper->reader, bytes, (size_t)got, error);
        if (r < 0 && keeper->failure.code)
                *error = keeper->failure;
        return r < 0 ? r : 1;
}

static int send_out(struct keeper *keeper, struct error *error)
{
        while (keeper->sent < keeper->out.length) {
                ssize_t sent = write(keeper->options.relay, keeper->out.bytes + keeper->sent,
                        keeper->out.length - keeper->sent);
                if (sent < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (sent < 0)
                        return error_set(error, -errno, "relay: %s", strerrordesc_np(errno));
                keeper->sent += (size_t)sent;
        }
        buffer_clear(&keeper->out);
        relay_writer_turn(&keeper->writer, &keeper->out);
        keeper->sent = 0;
        return 0;
}

static void tell_alive(struct keeper *keeper)
{
        int64_t steady_ms = clock_steady_ms();

        if (keeper->alive_ms && steady_ms < keeper->alive_ms + KEEPER_ALIVE_MS)
                return;
        alive_say(keeper->options.ready, keeper->alive_ms ? ALIVE_WORKING : ALIVE_READY);
        keeper->alive_ms = steady_ms;
}

static int turn(struct keeper *keeper, uint8_t *bytes, const sigset_t *while_waiting, struct error *error)
{
        struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
        struct pollfd waits[] = {
                {.fd = keeper->is_full ? -1 : keeper->options.relay,
                        .events = (short)(POLLIN | (keeper->out.length > 0 ? POLLOUT : 0))},
                {.fd = keeper->options.ask, .events = POLLIN},
        };

        if (ppoll(waits, 2, &tick, while_waiting) < 0 && errno != EINTR)
                return error_set(error, -errno, "poll: %s", strerrordesc_np(errno));
        int r = 0;
        if (waits[0].revents & (POLLIN | POLLHUP | POLLERR))
                r = take(keeper, bytes, error);
        if (waits[1].revents & POLLIN)
                keeper_answer(keeper);
        if (child_ended) {
                child_ended = 0;
                r = r < 0 ? r : keeper_reap(keeper, error);
        }
        r = r < 0 ? r : keeper_tell_counts(keeper, error);
        r = r < 0 ? r : send_out(keeper, error);
        tell_alive(keeper);
        return r < 0 ? r : 0;
}

/* That it began is in the record of access before anything can be read or destroyed. */
static int record_start(struct keeper *keeper, struct error *error)
{
        char person[PERSON_TEXT_MAX];
        struct access_entry entry = {
                .at_ms = clock_now_ms(), .person = person_describe(person), .action = "node-start"};

        return depot_record_access(keeper->depot, &entry, error);
}

int keeper_run(struct keeper *keeper, struct error *error)
{
        uint8_t *bytes = malloc(KEEPER_READ_BYTES);
        int64_t looked_ms = 0;
        int r = bytes ? 0 : error_set(error, -ENOMEM, "not enough memory");

        r = r < 0 ? r : record_start(keeper, error);
        catch_signals(&keeper->signals);
        fcntl(keeper->options.relay, F_SETFL, fcntl(keeper->options.relay, F_GETFL) | O_NONBLOCK);
        while (r == 0 && !end_asked) {
                r = turn(keeper, bytes, &keeper->signals, error);
                if (merge_asked) {
                        merge_asked = 0;
                        keeper->next_merge_ms = 1;
                }
                if (r == 0 && clock_steady_ms() >= looked_ms + MERGE_LOOK_MS) {
                        r = keeper_merge_if_due(keeper, error);
                        looked_ms = clock_steady_ms();
                }
        }
        free(bytes);
        return end_asked ? 0 : r;
}

/* --- Confinement --- */

/* The folder of a realm's key file: a destroyed key is replaced there. */
static size_t add_key_paths(const struct settings *settings, struct confine_path *paths, size_t count,
        char (*names)[KEY_SOURCE_NAME_MAX])
{
        size_t used = 0;

        for (size_t i = 0; i < settings->realm_count && count + used < CONFINE_PATHS_MAX; i++) {
                const char *file = key_sources_file(&settings->realms[i].key);
                const char *slash = file ? strrchr(file, '/') : NULL;
                if (!slash)
                        continue;
                snprintf(names[used], KEY_SOURCE_NAME_MAX, "%.*s", (int)(slash == file ? 1 : slash - file),
                        file);
                paths[count + used] =
                        (struct confine_path){.path = names[used], .rights = CONFINE_READ | CONFINE_WRITE};
                used++;
        }
        return count + used;
}

int keeper_confine(struct keeper *keeper, struct error *error)
{
        static const char *const readable[] = {"/usr/share/zoneinfo", "/etc"};
        const struct settings *settings = depot_settings(keeper->depot);
        struct confine_path paths[CONFINE_PATHS_MAX];
        char(*names)[KEY_SOURCE_NAME_MAX] = calloc(CONFINE_PATHS_MAX, sizeof *names);
        char person[PERSON_TEXT_MAX];
        size_t count = 0;

        if (!names)
                return error_set(error, -ENOMEM, "not enough memory");
        /* The first lookup of a name opens a socket, which is forbidden from here on. */
        person_describe(person);
        paths[count++] =
                (struct confine_path){.path = keeper->options.store, .rights = CONFINE_READ | CONFINE_WRITE};
        for (unsigned i = 0; i < 2; i++)
                if (access(readable[i], F_OK) == 0)
                        paths[count++] = (struct confine_path){.path = readable[i], .rights = CONFINE_READ};
        paths[count++] = (struct confine_path){.path = "/dev/null", .rights = CONFINE_READ | CONFINE_WRITE};
        const char *credentials = getenv("CREDENTIALS_DIRECTORY");
        if (credentials)
                paths[count++] = (struct confine_path){.path = credentials, .rights = CONFINE_READ};
        count = add_key_paths(settings, paths, count, names);
        struct confine_plan plan = {.role = CONFINE_STORE,
                .user = settings->node.store_user[0] ? settings->node.store_user : NULL,
                .paths = paths,
                .path_count = count,
                .without_landlock = settings->node.confine & NODE_WITHOUT_LANDLOCK,
                .without_seccomp = settings->node.confine & NODE_WITHOUT_SECCOMP};
        int r = confine(&plan, NULL, error);
        free(names);
        return r;
}
