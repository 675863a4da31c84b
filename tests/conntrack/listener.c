/* SPDX-License-Identifier: EUPL-1.2 */
/* listener listen NAMESPACE HEARD READY list|events BUFFER: listens to the NAT of a network namespace as a
 * collector does, confined where it may be, until SIGTERM; writes the events to HEARD and prints
 * "heard N alive N lost some|none gaps some|none".
 * listener compare HEARD LINES some|none: LINES is what `conntrack -E -o timestamp,id` printed of the same
 * namespace; every event must be one of the lines, and every line an event unless some were lost.
 * listener ends HEARD: prints "exact" where each opening has an exact end two to three seconds behind it, by
 * the kernel's times, "bounds" where all ends are bounds, else "neither". */
#include "collect/collector.h"
#include "os/confine.h"
#include "wire/conntrack_netlink.h"
#include "wire/text.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORTER 3
#define CLOCK_MS 60000 /* between two readers of one event, one of which was stopped */

struct events {
        struct nat_event *items;
        size_t count, room;
};

static struct conntrack_decoder *decoder;
static struct events heard, printed;
static uint64_t alive, lost, refused;

static _Noreturn void give_up(const char *what)
{
        fprintf(stderr, "listener: %s\n", what);
        exit(2);
}

static int keep(void *context, const struct nat_event *event)
{
        struct events *events = context;

        if (event->action == NAT_ALIVE) {
                alive++;
                return 0;
        }
        if (events->count == events->room) {
                events->room = events->room ? 2 * events->room : 4096;
                events->items = realloc(events->items, events->room * sizeof *events->items);
                if (!events->items)
                        give_up("no memory");
        }
        events->items[events->count++] = *event;
        return 0;
}

static void refuse(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        (void)context;
        fprintf(stderr, "refused at %zu: %s: %s\n", offset, refusal_name(refusal), detail);
        refused++;
}

static int take_message(void *context, const struct collect_message *message)
{
        const struct decode_sink sink = {.context = &heard, .event = keep, .refused = refuse};

        (void)context;
        if (message->exporter != EXPORTER)
                give_up("a message of another exporter");
        return conntrack_decode(decoder, message->receipt_ms, message->bytes, message->length, &sink);
}

static void take_loss(void *context, const struct collect_loss *loss)
{
        (void)context;
        if (!loss->by_kernel || loss->exporter != EXPORTER)
                give_up("a loss that is not the kernel's");
        lost += loss->count;
        if (conntrack_lost(decoder, loss->noticed_ms) < 0)
                give_up("no memory");
}

static void read_lines(FILE *file)
{
        const struct text_options options = {.exporter = EXPORTER, .loss_reported = true};
        const struct decode_sink sink = {.context = &printed, .event = keep, .refused = refuse};
        struct text_decoder *lines;
        struct coverage coverage = {0};
        char line[2048];

        if (text_format_by_name("conntrack")->create(&options, &lines) < 0)
                give_up("no memory");
        while (fgets(line, sizeof line, file))
                if (line[0] == '[')
                        text_format_by_name("conntrack")
                                ->line(lines, slice_make(line, strcspn(line, "\n")), &sink);
        text_format_by_name("conntrack")->finish(lines, &sink, &coverage);
        text_format_by_name("conntrack")->free(lines);
        coverage_free(&coverage);
}

#define COMPARE(field)                                                                                       \
        do {                                                                                                 \
                if (a->field != b->field)                                                                    \
                        return a->field < b->field ? -1 : 1;                                                 \
        } while (0)

/* Everything but the time. */
static int compare_events(const void *left, const void *right)
{
        const struct nat_event *a = left, *b = right;

        COMPARE(session);
        COMPARE(action);
        COMPARE(kind);
        COMPARE(protocol);
        COMPARE(outside);
        COMPARE(port_first);
        COMPARE(port_last);
        COMPARE(inside_port);
        COMPARE(vrf);
        COMPARE(destination_port);
        COMPARE(exporter);
        COMPARE(flags);
        int r = memcmp(&a->inside, &b->inside, sizeof a->inside);
        return r ? r : memcmp(&a->destination, &b->destination, sizeof a->destination);
}

static int compare_with_times(const void *left, const void *right)
{
        const struct nat_event *a = left, *b = right;
        int r = compare_events(a, b);

        if (r)
                return r;
        COMPARE(time_ms);
        return 0;
}

static bool is_same(const struct nat_event *a, const struct nat_event *b)
{
        int64_t apart = a->time_ms - b->time_ms;

        return compare_events(a, b) == 0 && apart <= CLOCK_MS && apart >= -CLOCK_MS;
}

/* Two events of one instant may reach two readers in different orders. Lines may be more only where events
 * were lost. */
static bool compare(bool some_lost)
{
        size_t at = 0;

        qsort(heard.items, heard.count, sizeof *heard.items, compare_with_times);
        qsort(printed.items, printed.count, sizeof *printed.items, compare_with_times);
        for (size_t i = 0; i < heard.count; i++, at++) {
                while (some_lost && at < printed.count && !is_same(&heard.items[i], &printed.items[at]))
                        at++;
                if (at == printed.count || !is_same(&heard.items[i], &printed.items[at])) {
                        fprintf(stderr, "event %zu of %zu is not line %zu of %zu\n", i, heard.count, at,
                                printed.count);
                        return false;
                }
        }
        return refused == 0 && heard.count > 0 && (some_lost || printed.count == heard.count);
}

static void stop(evutil_socket_t number, short what, void *base)
{
        (void)number;
        (void)what;
        event_base_loopexit(base, &(struct timeval){.tv_usec = 300000});
}

/* A user namespace with one user has nobody to become; a sanitizer needs more calls than a collector. */
static bool may_confine(void)
{
        if (SANITIZED)
                return false;
        unsigned first, outside, count = 0;
        FILE *map = fopen("/proc/self/uid_map", "r");

        if (!map)
                return false;
        if (fscanf(map, "%u %u %u", &first, &outside, &count) != 3)
                count = 0;
        fclose(map);
        return count > 65534;
}

static struct collector *listen_to(struct event_base *base, const char *network, bool list, uint32_t buffer,
        struct exporters **exporters)
{
        const struct collect_conntrack conntrack = {
                .exporter = EXPORTER, .network = network, .list_existing = list};
        const struct collect_listener listener = {.transport = COLLECT_CONNTRACK,
                .conntrack = &conntrack,
                .socket = -1,
                .buffer_bytes = buffer};
        const struct collect_sink sink = {.message = take_message, .lost = take_loss};
        struct collector *collector;
        struct error error;
        uint16_t number;

        if (exporters_new(NULL, 0, exporters, &error) < 0 ||
                collector_new(base, *exporters, &sink, &collector, &error) < 0 ||
                collector_listen(collector, &listener, &number, &error) < 0)
                give_up(error.text);
        return collector;
}

static int listen_until_told(char **arguments)
{
        const struct confine_plan plan = {.role = CONFINE_COLLECT,
                .user = "nobody",
                .without_landlock = confine_landlock_version() == 0};
        const struct conntrack_options options = {.exporter = EXPORTER, .ends_are_told = true};
        struct exporters *exporters;
        struct coverage coverage = {0};
        struct error error;

        struct event_base *base = event_base_new();
        FILE *to = fopen(arguments[1], "w");
        if (!base || !to || conntrack_decoder_new(&options, &decoder) < 0)
                give_up("cannot begin");
        struct event *terminated = evsignal_new(base, SIGTERM, stop, base);
        struct collector *collector = listen_to(base, arguments[0], strcmp(arguments[3], "list") == 0,
                (uint32_t)strtoul(arguments[4], NULL, 10), &exporters);
        FILE *ready = fopen(arguments[2], "w");
        event_add(terminated, NULL);
        if (!ready || fclose(ready) != 0)
                give_up("cannot say that it is ready");
        if (may_confine() && confine(&plan, NULL, &error) < 0)
                give_up(error.text);
        event_base_dispatch(base);

        if (conntrack_decoder_finish(decoder, &coverage) < 0 ||
                fwrite(heard.items, sizeof *heard.items, heard.count, to) != heard.count || fclose(to) != 0)
                give_up("cannot write");
        printf("heard %zu alive %" PRIu64 " lost %s gaps %s\n", heard.count, alive, lost ? "some" : "none",
                coverage.gap_count ? "some" : "none");
        coverage_free(&coverage);
        event_free(terminated);
        collector_free(collector);
        exporters_free(exporters);
        event_base_free(base);
        conntrack_decoder_free(decoder);
        free(heard.items);
        return refused > 0;
}

static int compare_files(char **arguments)
{
        FILE *from = fopen(arguments[0], "r"), *lines = fopen(arguments[1], "r");
        struct nat_event event;

        if (!from || !lines)
                give_up("cannot read");
        while (fread(&event, sizeof event, 1, from) == 1)
                keep(&heard, &event);
        read_lines(lines);
        fclose(from);
        fclose(lines);
        bool same = compare(strcmp(arguments[2], "some") == 0);
        free(heard.items);
        free(printed.items);
        return same ? 0 : 1;
}

static int judge_ends(char **arguments)
{
        FILE *from = fopen(arguments[0], "r");
        size_t opens = 0, exact = 0, bounds = 0;
        struct nat_event event;

        if (!from)
                give_up("cannot read");
        while (fread(&event, sizeof event, 1, from) == 1)
                keep(&heard, &event);
        fclose(from);
        for (size_t i = 0; i < heard.count; i++) {
                const struct nat_event *a = &heard.items[i];
                opens += a->action == NAT_OPEN;
                bounds += a->action == NAT_CLOSE_BOUND;
                for (size_t j = 0; a->action == NAT_OPEN && j < heard.count; j++) {
                        const struct nat_event *b = &heard.items[j];
                        int64_t life = b->time_ms - a->time_ms;
                        exact += b->action == NAT_CLOSE && b->session == a->session && life >= 1990 &&
                                 life < 3000;
                }
        }
        puts(opens == 0 || heard.count != 2 * opens ? "neither"
                : exact == opens                    ? "exact"
                : bounds == opens                   ? "bounds"
                                                    : "neither");
        free(heard.items);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc == 7 && strcmp(argv[1], "listen") == 0)
                return listen_until_told(argv + 2);
        if (argc == 5 && strcmp(argv[1], "compare") == 0)
                return compare_files(argv + 2);
        if (argc == 3 && strcmp(argv[1], "ends") == 0)
                return judge_ends(argv + 2);
        give_up("listen NAMESPACE HEARD READY list|events BUFFER, compare HEARD LINES some|none, or ends "
                "HEARD");
}
