/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/node.h"

#include "crypto/digest.h"
#include "os/alive.h"
#include "os/clock.h"
#include "os/confine.h"
#include "os/file.h"
#include "os/zone.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
#define SELDOM_MS 60000
#define FILE_BYTES_LEAST (1u << 20)

/* Zones that exporters state, opened when they are first met. */
struct zone_table {
        struct open_zone {
                struct zone *zone; /* owned */
                struct local_clock clock;
        } * items;
        size_t count;
};

/* --- Words --- */

void node_say(enum log_weight weight, const char *event, const char *format, ...)
{
        char text[600], quoted[LOG_QUOTED_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        log_event(weight, event, "text=%s", log_quote(text, quoted));
}

void node_say_seldom(
        struct node *node, unsigned which, enum log_weight weight, const char *event, const char *format, ...)
{
        struct said *said = &node->said[which];
        int64_t now = clock_steady_ms();
        char text[600], quoted[LOG_QUOTED_MAX];
        va_list arguments;

        if (said->since_ms != 0 && now - said->since_ms < SELDOM_MS) {
                said->more++;
                return;
        }
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        log_event(
                weight, event, "more=%llu text=%s", (unsigned long long)said->more, log_quote(text, quoted));
        said->since_ms = now;
        said->more = 0;
}

int node_fail(struct node *node, int code, const char *format, ...)
{
        char text[ERROR_TEXT_MAX];
        va_list arguments;

        if (node->code == 0) {
                va_start(arguments, format);
                vsnprintf(text, sizeof text, format, arguments);
                va_end(arguments);
                node->code = error_set(&node->failure, code, "%s", text);
        }
        node->ends = true;
        if (node->base)
                event_base_loopbreak(node->base);
        return node->code;
}

/* --- Opening --- */

static int read_settings(struct node *node, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX);
        struct settings_problem problem;
        size_t count = 0;
        char path[4096];

        if (snprintf(path, sizeof path, "%s/rogatory.conf", node->options.folder) >= (int)sizeof path ||
                snprintf(node->journal_folder, sizeof node->journal_folder, "%s/journal",
                        node->options.folder) >= (int)sizeof node->journal_folder)
                return error_set(error, -ENAMETOOLONG, "%s: is too long", node->options.folder);
        int r = file_read(path, &text, error);
        if (r == 0)
                r = digest_of(text.bytes, text.length, node->configuration);
        if (r == 0) {
                r = settings_parse(
                        (const char *)text.bytes, text.length, &node->settings, &problem, 1, &count);
                if (r < 0)
                        r = count ? error_set(error, r, "%s:%u: %s", path, problem.line, problem.text)
                                  : error_set(error, r, "%s: cannot be read", path);
        }
        buffer_free(&text);
        return r;
}

static int to_instant(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        struct zone_reading reading = zone_from_civil(context, civil);

        if (reading.count == 0)
                return -ERANGE;
        *ret_instant = reading.instants[0];
        if (reading.count == 1)
                return 0;
        *ret_second = reading.instants[1];
        return 1;
}

/* All that the exporters state, before the process is confined. */
static int open_zones(struct node *node, struct error *error)
{
        node->zones = calloc(1, sizeof *node->zones);
        if (node->zones)
                node->zones->items = calloc(node->settings.exporter_count + 1, sizeof *node->zones->items);
        if (!node->zones || !node->zones->items)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < node->settings.exporter_count; i++) {
                const char *name = node->settings.exporters[i].zone;
                size_t k = 0;
                while (k < node->zones->count && strcmp(zone_name(node->zones->items[k].zone), name) != 0)
                        k++;
                if (!name[0] || k < node->zones->count)
                        continue;
                struct open_zone *open = &node->zones->items[node->zones->count];
                int r = zone_open(name, &open->zone, error);
                if (r < 0)
                        return r;
                open->clock = (struct local_clock){.context = open->zone, .to_instant = to_instant};
                node->zones->count++;
        }
        return 0;
}

static const struct local_clock *find_clock(void *context, const char *name)
{
        const struct zone_table *zones = context;

        for (size_t i = 0; i < zones->count; i++)
                if (strcmp(zone_name(zones->items[i].zone), name) == 0)
                        return &zones->items[i].clock;
        return NULL;
}

static int open_reception(struct node *node, struct error *error)
{
        const struct reception_sink sink = node_reception_sink(node);
        int r = open_zones(node, error);
        const struct reception_zones zones = {.context = node->zones, .clock = find_clock};

        return r < 0 ? r : reception_new(&node->settings, &zones, &sink, &node->reception, error);
}

/* Room comes back file by file: a journal of few bytes has small ones. */
static uint64_t file_bytes(uint64_t journal_limit)
{
        uint64_t bytes = journal_limit / 16;

        if (journal_limit == 0 || bytes > JOURNAL_FILE_BYTES_DEFAULT)
                return JOURNAL_FILE_BYTES_DEFAULT;
        return bytes > FILE_BYTES_LEAST ? bytes : FILE_BYTES_LEAST;
}

static int open_journal(struct node *node, struct error *error)
{
        const struct journal_options options = {.sync_interval_ms = node->settings.node.sync_interval_ms,
                .file_bytes_max = file_bytes(node->settings.node.journal_limit),
                .key = node->settings.node.journal_key};
        struct journal_found found = {0};
        int r = journal_open(node->journal_folder, &options, &node->journal, &found, error);

        if (r < 0)
                return r;
        node->journal_file = open(node->journal_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (node->journal_file < 0)
                return error_set(error, -errno, "%s: %s", node->journal_folder, strerror(errno));
        node->told = node->marked = journal_state(node->journal).next - 1;
        if (found.waiting > 0 || found.torn_bytes > 0)
                node_say(LOG_NOTICE, "journal",
                        "%llu messages wait in the journal; its end was torn by %llu bytes",
                        (unsigned long long)found.waiting, (unsigned long long)found.torn_bytes);
        return 0;
}

int node_open(struct node *node, const struct node_options *options, struct error *error)
{
        *node = (struct node){.options = *options,
                .journal_file = -1,
                .receipt_ms = TIME_UNKNOWN,
                .started_ms = clock_now_ms()};
        node->next_session = (uint32_t)node->started_ms & 0x7fffffff;
        int r = read_settings(node, error);
        if (r == 0) {
                node->base = event_base_new();
                r = node->base ? 0 : error_set(error, -ENOMEM, "not enough memory");
        }
        if (r == 0)
                r = node_greet(node, error);
        if (r == 0)
                r = open_reception(node, error);
        if (r == 0)
                r = folder_make(node->journal_folder, error);
        if (r == 0)
                r = node_listen(node, error);
        return r == 0 ? node_serve(node, error) : r;
}

/* The journal belongs to the user that this process becomes, who makes and opens all of its files. */
static int give_journal(struct node *node, const char *name, struct error *error)
{
        const struct passwd *user = name[0] && geteuid() == 0 ? getpwnam(name) : NULL;

        if (user && chown(node->journal_folder, user->pw_uid, user->pw_gid) < 0)
                return error_set(error, -errno, "%s: %s", node->journal_folder, strerror(errno));
        return 0;
}

int node_confine(struct node *node, struct error *error)
{
        const struct node_settings *settings = &node->settings.node;
        const char *key = key_sources_file(&settings->journal_key),
                   *credentials = getenv("CREDENTIALS_DIRECTORY");
        struct confine_path paths[4] = {{node->journal_folder, CONFINE_READ | CONFINE_WRITE}};
        char key_folder[KEY_SOURCE_NAME_MAX];
        size_t count = 1;

        if (node->zones->count > 0 && access(ZONE_FOLDER, F_OK) == 0)
                paths[count++] = (struct confine_path){ZONE_FOLDER, CONFINE_READ}; /* read again and again */
        if (key && strrchr(key, '/')) { /* the journal's key is replaced when entries are released */
                snprintf(key_folder, sizeof key_folder, "%.*s",
                        strrchr(key, '/') == key ? 1 : (int)(strrchr(key, '/') - key), key);
                paths[count++] = (struct confine_path){key_folder, CONFINE_READ | CONFINE_WRITE};
        }
        if (credentials)
                paths[count++] = (struct confine_path){credentials, CONFINE_READ};
        const struct confine_plan plan = {.role = CONFINE_COLLECT,
                .user = settings->collect_user[0] ? settings->collect_user : NULL,
                .paths = paths,
                .path_count = count,
                .without_landlock = settings->confine & NODE_WITHOUT_LANDLOCK,
                .without_seccomp = settings->confine & NODE_WITHOUT_SECCOMP};

        int r = give_journal(node, settings->collect_user, error);
        return r < 0 ? r : confine(&plan, NULL, error);
}

void node_close(struct node *node)
{
        struct error error = {0};

        node_end_listening(node);
        node_end_serving(node);
        struct event *events[] = {node->every_piece, node->every_second, node->readable, node->writable,
                node->terminate, node->interrupt};
        for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
                if (events[i])
                        event_free(events[i]);
        if (node->journal && journal_close(node->journal, &error) < 0)
                node_say(LOG_FAILURE, "journal", "%s", error.text);
        if (node->journal_file >= 0)
                close(node->journal_file);
        reception_free(node->reception);
        for (size_t i = 0; node->zones && i < node->zones->count; i++)
                zone_close(node->zones->items[i].zone);
        if (node->zones)
                free(node->zones->items);
        free(node->zones);
        relay_reader_free(node->reader);
        buffer_free(&node->filling);
        buffer_free(&node->sending);
        node_forget_kept(node);
        free(node->sessions);
        settings_free(&node->settings);
        if (node->base)
                event_base_free(node->base);
}

/* --- The loop --- */

static void on_readable(evutil_socket_t socket, short what, void *context)
{
        (void)socket;
        (void)what;
        node_receive(context);
}

static void on_writable(evutil_socket_t socket, short what, void *context)
{
        struct node *node = context;

        (void)socket;
        (void)what;
        if (node_send(node) == 0 && node_queued(node) < NODE_QUEUE_PAUSE / 2)
                node_go_on_taking(node, STOP_QUEUE);
}

static void release(struct node *node)
{
        struct error error = {0};

        if (node->released <= journal_state(node->journal).released)
                return;
        if (node_release(node, node->released, &error) < 0)
                node_say_seldom(node, 7, LOG_FAILURE, "journal", "cannot be released: %s", error.text);
}

/* What was appended and could not be flushed is tried again: with the first success everything is taken. */
static void flush_and_sync(struct node *node)
{
        struct error error = {0};

        if (journal_tick(node->journal, clock_steady_ms(), &error) < 0)
                node_stop_taking(node, STOP_JOURNAL, error.text);
        else
                node_go_on_taking(node, STOP_JOURNAL);
}

static void on_piece(evutil_socket_t socket, short what, void *context)
{
        struct node *node = context;

        (void)socket;
        (void)what;
        flush_and_sync(node);
        release(node);
        if (node_tell(node) == 0 && node_queued(node) < NODE_QUEUE_PAUSE / 2)
                node_go_on_taking(node, STOP_QUEUE);
}

static void look_at_room(struct node *node)
{
        const struct node_settings *settings = &node->settings.node;
        uint64_t bytes = journal_state(node->journal).file_bytes;
        struct statfs room;
        char words[200];

        if (fstatfs(node->journal_file, &room) == 0) {
                uint64_t left = (uint64_t)room.f_bavail * (uint64_t)room.f_bsize;
                snprintf(words, sizeof words,
                        "%llu MiB are free where the journal is, and disk-reserve keeps %llu",
                        (unsigned long long)(left >> 20), (unsigned long long)(settings->disk_reserve >> 20));
                if (left < settings->disk_reserve)
                        node_stop_taking(node, STOP_DISK, words);
                else
                        node_go_on_taking(node, STOP_DISK);
        }
        snprintf(words, sizeof words, "the journal has %llu MiB, and journal-limit is %llu",
                (unsigned long long)(bytes >> 20), (unsigned long long)(settings->journal_limit >> 20));
        if (settings->journal_limit > 0 && bytes > settings->journal_limit)
                node_stop_taking(node, STOP_JOURNAL_LIMIT, words);
        else
                node_go_on_taking(node, STOP_JOURNAL_LIMIT);
}

/* Where nothing waits in the kernel behind what conntrack delivered its silence is silence. now_ms was taken
 * before that is looked at: a process that was halted in between must not speak of the time since. */
static void note_listening(struct node *node, int64_t now_ms)
{
        struct error error = {0};

        for (size_t i = 0; i < node->settings.listener_count; i++)
                if (node->listeners[i].content == RECEPTION_CONNTRACK && !node->stopped &&
                        collector_is_drained(node->listeners[i].collector, 0))
                        reception_listened(node->reception, node->listeners[i].exporter, now_ms, &error);
}

static void on_second(evutil_socket_t socket, short what, void *context)
{
        struct node *node = context;

        (void)socket;
        (void)what;
        node->second_ms = clock_now_ms();
        look_at_room(node);
        note_listening(node, node->second_ms);
        node_serve_again(node);
        node_tell_counts(node);
        alive_say(node->options.ready, ALIVE_WORKING);
}

static void on_end(evutil_socket_t socket, short what, void *context)
{
        struct node *node = context;

        (void)socket;
        (void)what;
        node->ends = true;
        event_base_loopbreak(node->base);
}

static int begin_events(struct node *node, struct error *error)
{
        const struct timeval piece = {.tv_usec = NODE_PIECES_MS * 1000}, second = {.tv_sec = 1};

        node->every_piece = event_new(node->base, -1, EV_PERSIST, on_piece, node);
        node->every_second = event_new(node->base, -1, EV_PERSIST, on_second, node);
        node->readable = event_new(node->base, node->options.relay, EV_READ | EV_PERSIST, on_readable, node);
        node->writable = event_new(node->base, node->options.relay, EV_WRITE, on_writable, node);
        node->terminate = evsignal_new(node->base, SIGTERM, on_end, node);
        node->interrupt = evsignal_new(node->base, SIGINT, on_end, node);
        if (!node->every_piece || !node->every_second || !node->readable || !node->writable ||
                !node->terminate || !node->interrupt || event_add(node->every_piece, &piece) < 0 ||
                event_add(node->every_second, &second) < 0 || event_add(node->readable, NULL) < 0 ||
                event_add(node->terminate, NULL) < 0 || event_add(node->interrupt, NULL) < 0)
                return error_set(error, -ENOMEM, "not enough memory");
        return 0;
}

/* What was taken is flushed and told; the store has a moment to take it. */
static void end_well(struct node *node)
{
        int64_t until = clock_steady_ms() + NODE_STOP_MS;
        struct error error = {0};

        if (journal_sync(node->journal, &error) < 0)
                node_say(LOG_FAILURE, "journal", "%s", error.text);
        if (node_tell(node) < 0)
                return;
        while (node_queued(node) > 0 && clock_steady_ms() < until)
                if (node_wait(node, node_queued(node) - 1) < 0)
                        return;
        release(node);
}

int node_run(struct node *node, struct error *error)
{
        alive_say(node->options.ready, ALIVE_STARTING);
        int r = open_journal(node, error);
        if (r == 0)
                r = node_load(node, error);
        if (r == 0)
                r = node_replay(node, error);
        if (r == 0)
                r = begin_events(node, error);
        if (r == 0 && node_begin_after_loss(node) < 0)
                r = error_set(error, node->code, "%s", node->failure.text);
        if (r < 0)
                return r;
        node_say(LOG_NOTICE, "taking", "%zu listeners, %zu exporters", node->settings.listener_count,
                node->settings.exporter_count);
        alive_say(node->options.ready, ALIVE_READY);
        event_base_dispatch(node->base);
        if (node->code < 0)
                return error_set(error, node->code, "%s", node->failure.text);
        node_end_listening(node);
        end_well(node);
        node_say(LOG_NOTICE, "end", "asked to end");
        return 0;
}
