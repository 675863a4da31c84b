/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory top`: how a node does, as long as one looks. It asks the node's own numbers; no record is read,
 * and nothing that it shows names a subscriber. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"
#include "rogatory/watch.h"

#include "base/address.h"
#include "nat/sharing.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/http_page.h"
#include "os/screen.h"
#include "settings/node_value.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE "/metrics.json"
#define PATIENCE_MS 2000
#define INTERVAL_MS 2000
#define INTERVAL_ONCE_MS 1000
#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS (TIME_HOUR)

enum { KEY_NODE = 1, KEY_CONFIG, KEY_ONCE, KEY_INTERVAL, KEY_LIMIT, KEY_JSON };

struct top {
        struct endpoint endpoint;
        char node[ADDRESS_TEXT_MAX + 16];
        int64_t interval_ms; /* -1: not said */
        uint32_t limit;
        bool once, json;
        struct watch_reading reading;
        struct error trouble; /* of the last look */
        enum watch_order order;
        struct watch_place place;
};

/* --- Looking --- */

/* The numbers of now take the place of those before, which they are compared with. */
static int look(struct top *top, struct error *error)
{
        struct buffer page = buffer_make(WATCH_PAGE_MAX);
        struct watch_reading reading = {.document = NULL};

        int r = http_page_get(&top->endpoint.address, top->endpoint.port, PAGE, PATIENCE_MS, &page, error);
        if (r == 0)
                r = watch_read(slice_make((const char *)page.bytes, page.length), &reading, error);
        if (r == 0) {
                watch_compare(&reading, &top->reading);
                watch_sort(&reading, top->order);
                watch_free(&top->reading);
                top->reading = reading;
        } else {
                watch_free(&reading);
        }
        buffer_free(&page);
        return r;
}

static struct watch_view view_of(const struct top *top)
{
        return (struct watch_view){.reading = top->reading.document ? &top->reading : NULL,
                .node = top->node,
                .limit = top->limit,
                .order = top->order};
}

/* --- Once --- */

static int show_once(struct top *top)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};
        int64_t interval_ms = top->interval_ms < 0 ? INTERVAL_ONCE_MS : top->interval_ms;

        int r = look(top, &error);
        if (r == 0 && interval_ms > 0) {
                usleep((useconds_t)(interval_ms * 1000));
                r = look(top, &error);
        }
        if (r < 0) {
                complain("%s: %s", top->node, error.text);
                buffer_free(&text);
                return EXIT_FAILED;
        }
        struct watch_view view = view_of(top);
        view.has_colour = screen_has_colour();
        if (top->json)
                output_json_line(&text, watch_to_json(&top->reading, top->node, top->limit));
        else
                watch_write(&view, &text, NULL);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

/* --- Going on --- */

static void draw(struct top *top)
{
        struct buffer text = buffer_make(WATCH_PAGE_MAX);
        struct watch_view view = view_of(top);

        screen_size(&view.width, &view.height);
        view.has_colour = screen_has_colour();
        view.has_keys = true;
        view.trouble = top->trouble.code ? top->trouble.text : NULL;
        view.from = top->place.first;
        if (watch_write(&view, &text, &top->place) == 0)
                screen_draw(slice_make((const char *)text.bytes, text.length));
        buffer_free(&text);
}

static void scroll(struct top *top, bool down, size_t lines)
{
        size_t *first = &top->place.first;

        if (down)
                *first += lines;
        else
                *first = *first > lines ? *first - lines : 0;
}

/* false: it is enough. */
static bool press(struct top *top, int key)
{
        size_t page = top->place.shown > 1 ? top->place.shown - 1 : 1;

        switch (key) {
        case 'q':
        case 'Q':
        case SCREEN_END:
                return false;
        case 's':
                top->order = (top->order + 1) % WATCH_ORDER_COUNT;
                top->place.first = 0;
                watch_sort(&top->reading, top->order);
                break;
        case 'k':
        case SCREEN_UP:
                scroll(top, false, 1);
                break;
        case 'j':
        case SCREEN_DOWN:
                scroll(top, true, 1);
                break;
        case SCREEN_PAGE_UP:
                scroll(top, false, page);
                break;
        case ' ':
        case SCREEN_PAGE_DOWN:
                scroll(top, true, page);
                break;
        default:
                break;
        }
        return true;
}

/* Until the next look is due, whatever keys are pressed. */
static bool wait_and_listen(struct top *top, int64_t until_ms)
{
        for (;;) {
                int64_t left = until_ms - clock_steady_ms();
                int key = screen_wait(left > 0 ? left : 0);
                if (key == SCREEN_NONE && left <= 0)
                        return true;
                if (key == SCREEN_NONE)
                        continue;
                if (!press(top, key))
                        return false;
                draw(top);
        }
}

static int show_live(struct top *top)
{
        int64_t interval_ms = top->interval_ms < 0 ? INTERVAL_MS : top->interval_ms, next_ms;
        struct error error = {0};

        /* Who never answered is said where it stays to be read. */
        if (look(top, &error) < 0) {
                complain("%s: %s", top->node, error.text);
                return EXIT_FAILED;
        }
        if (screen_begin(&error) < 0)
                return complain_error(&error);
        do {
                next_ms = clock_steady_ms() + interval_ms;
                draw(top);
                if (!wait_and_listen(top, next_ms))
                        break;
                top->trouble = (struct error){.code = 0};
        } while (look(top, &top->trouble) <= 0);
        screen_end();
        return EXIT_DONE;
}

/* --- Words --- */

static int find_node(struct top *top, const char *config, struct error *error)
{
        struct buffer text = buffer_make(SETTINGS_FILE_MAX);
        struct settings settings = {0};
        struct settings_problem problem;
        struct stat status;
        size_t count = 0;
        char path[4096];

        bool is_folder = stat(config, &status) == 0 && S_ISDIR(status.st_mode);
        if (snprintf(path, sizeof path, is_folder ? "%s/rogatory.conf" : "%s", config) >= (int)sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: is too long", config);
        int r = file_read(path, &text, error);
        if (r == 0) {
                r = settings_parse((const char *)text.bytes, text.length, &settings, &problem, 1, &count);
                if (r < 0)
                        error_set(error, r, "%s:%u: %s", path, r == -EINVAL ? problem.line : 0,
                                r == -EINVAL ? problem.text : "not enough memory");
                else if (settings.node.metrics.port == 0)
                        r = error_set(error, -ENOENT,
                                "%s: tells its numbers nowhere; write \"metrics = 127.0.0.1:9464\" into its "
                                "[node]",
                                path);
                top->endpoint = settings.node.metrics;
                settings_free(&settings);
        }
        buffer_free(&text);
        return r;
}

/* A server that listens everywhere is asked on this machine. */
static void ask_here(struct endpoint *endpoint)
{
        static const uint8_t loopback6[16] = {[15] = 1};
        struct address every4 = address_from_ipv4(0);

        if (address_compare(&endpoint->address, &every4) == 0)
                endpoint->address = address_from_ipv4(0x7f000001);
        else if (address_is_none(&endpoint->address))
                endpoint->address = address_from_ipv6(loopback6);
}

static int read_interval(const char *word, int64_t *ret, struct error *error)
{
        int r = time_parse_duration(slice_of(word), ret, error);

        if (r == 0 && *ret != 0 && (*ret < INTERVAL_LEAST_MS || *ret > INTERVAL_MOST_MS))
                return error_set(error, -ERANGE, "--interval is 100ms to 1h, not %s", word);
        return r;
}

static int read_limit(const char *word, uint32_t *ret, struct error *error)
{
        uint64_t limit;

        if (slice_number(slice_of(word), WATCH_LIMIT_MAX, &limit) < 0 || limit == 0)
                return error_set(error, -EINVAL, "--limit is a number of users, 1 to %u, not '%s'",
                        WATCH_LIMIT_MAX, word);
        *ret = (uint32_t)limit;
        return 0;
}

struct words {
        const char *node, *config;
        bool wants_help;
};

static int read_words(struct top *top, const struct command *command, int argc, char **argv,
        struct words *words, struct error *error)
{
        struct option_reader reader;
        int key, r = 0;

        option_begin(&reader, command, argc, argv);
        while (r == 0 && (key = option_next(&reader, error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return -EINVAL;
                words->wants_help = words->wants_help || key == OPTION_HELP;
                top->once = top->once || key == KEY_ONCE;
                top->json = top->json || key == KEY_JSON;
                if (key == KEY_NODE)
                        words->node = reader.value;
                else if (key == KEY_CONFIG)
                        words->config = reader.value;
                else if (key == KEY_INTERVAL)
                        r = read_interval(reader.value, &top->interval_ms, error);
                else if (key == KEY_LIMIT)
                        r = read_limit(reader.value, &top->limit, error);
        }
        if (r < 0 || words->wants_help)
                return r;
        if (optind < argc)
                return error_set(error, -EINVAL, "top takes no operand");
        if (!words->node == !words->config)
                return error_set(error, -EINVAL, "one of --node and --config says which node");
        if (words->node)
                r = value_read_endpoint(slice_of(words->node), &top->endpoint, error);
        return r;
}

static int run(const struct command *command, int argc, char **argv)
{
        struct top top = {.interval_ms = -1, .limit = SHARING_LIMIT};
        struct words words = {.node = NULL};
        struct buffer name = buffer_make(sizeof top.node - 1);
        struct error error = {0};

        if (read_words(&top, command, argc, argv, &words, &error) < 0)
                return complain_usage(command, "%s", error.text);
        if (words.wants_help)
                return print_help(command);
        bool is_live = !top.once && !top.json && screen_is_there();
        if (is_live && top.interval_ms == 0)
                return complain_usage(command, "--interval 0s is for --once and --json");
        if (words.config && find_node(&top, words.config, &error) < 0)
                return complain_error(&error);
        ask_here(&top.endpoint);
        value_write_endpoint(&top.endpoint, &name);
        memcpy(top.node, name.bytes, name.length);
        buffer_free(&name);
        int code = is_live ? show_live(&top) : show_once(&top);
        watch_free(&top.reading);
        return code;
}

static const struct option_text options[] = {
        {KEY_NODE, "node", "ADDRESS:PORT", "Where the node tells its numbers: 'metrics' of its [node]."},
        {KEY_CONFIG, "config", "DIR", "The node's folder, or its rogatory.conf: the address is read there."},
        {KEY_ONCE, "once", NULL, "Shows one look and ends; so it does where output is no terminal."},
        {KEY_INTERVAL, "interval", "DURATION",
                "Time between two looks, 100ms to 1h: 2s; 1s with --once and --json, which look\n"
                "twice to tell rates. There, 0s looks once and tells none."},
        {KEY_LIMIT, "limit", "USERS", "How many users may share a public address, 1 to 127: 16."},
        {KEY_JSON, "json", NULL, "One look as a JSON object."},
};

const struct command command_top = {
        .name = "top",
        .summary = "watch a live node",
        .usage = "--node ADDRESS:PORT [OPTION]...\n"
                 "--config DIR [OPTION]...",
        .description =
                "Shows how a live node does: what comes from which exporter, what was lost, missed\n"
                "or refused, how far clocks are off, what waits, and how many users share a public\n"
                "address. It reads the node's own numbers (doc/metrics.md); no subscriber is among\n"
                "them. An exporter behind a '!' loses something now, has been silent for a minute, or\n"
                "has a clock that is off by more than a second. Times are UTC. Keys: q ends, s sorts\n"
                "otherwise, up and down show other exporters.\n",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .exits = "0  shown\n1  the node does not answer, or standard output could not be written\n2  wrong "
                 "usage",
        .examples = "rogatory top --node 127.0.0.1:9464\n"
                    "rogatory top --config /srv/rogatory --once --json",
        .run = run,
};
