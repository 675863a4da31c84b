/* SPDX-License-Identifier: EUPL-1.2 */
/* Measures the segment format: bytes per column, encoding, decoding and lookups, over a synthetic hour of a
 * carrier-grade NAT (50,000 subscribers, 32 per public address, 200 sessions per subscriber and hour at scale
 * 1).
 *
 *   segment_size [--addresses N] [--destinations] [--blocks] [--orders] [--seed N] [--questions N] */

#include "store/entropy.h"
#include "store/segment.h"
#include "store/segment_format.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WINDOW_FROM INT64_C(1795168800000) /* 2026-11-20T10:00:00Z */
#define FIRST_OUTSIDE 0xc6120000u          /* 198.18.0.0/15 */
#define FIRST_INSIDE 0x64400000u           /* 100.64.0.0/10 */
#define PER_ADDRESS 32u
#define SESSIONS_PER_SUBSCRIBER 200.0
#define BLOCKS_PER_SUBSCRIBER 3.684
#define DESTINATIONS 200000u
#define FAVOURITES 6u

struct options {
        unsigned addresses, questions;
        uint64_t seed;
        bool destinations, blocks, orders;
};

/* ---- random numbers ---- */

static uint64_t random_state;

static uint64_t next_random(void)
{
        uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

static double uniform(void)
{
        return ((double)(next_random() >> 11) + 0.5) / 9007199254740992.0;
}

static unsigned below(unsigned limit)
{
        return (unsigned)(uniform() * limit);
}

static double exponential(double mean)
{
        return -mean * log(uniform());
}

static double normal(void)
{
        return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Zipf with exponent 1 by inversion of the continuous distribution. */
static unsigned zipf(unsigned count)
{
        return (unsigned)(exp(uniform() * log((double)count + 1)) - 1);
}

/* ---- the workload ---- */

struct subscriber {
        uint32_t host;
        unsigned next_port;
        uint32_t favourites[FAVOURITES];
};

static struct host_table hosts;
static uint32_t destination_numbers[DESTINATIONS];

static uint32_t intern(uint32_t address)
{
        struct nat_host host = {address_from_ipv4(address), 0};
        uint32_t number;

        if (host_intern(&hosts, &host, &number) < 0)
                abort();
        return number;
}

static void make_subscribers(struct subscriber subscribers[PER_ADDRESS], unsigned address, unsigned addresses)
{
        /* Paired pooling by hash: the customers of one public address are spread over the whole pool. */
        for (unsigned i = 0; i < PER_ADDRESS; i++) {
                unsigned number = i * addresses + (address * 7919u + i * 104729u) % addresses;
                subscribers[i].host = intern(FIRST_INSIDE + number);
                subscribers[i].next_port = 32768 + below(28232);
                for (unsigned f = 0; f < FAVOURITES; f++)
                        subscribers[i].favourites[f] = destination_numbers[zipf(DESTINATIONS)];
        }
}

static uint16_t inside_port(struct subscriber *subscriber)
{
        if (uniform() < 0.42) /* systems that draw ports at random */
                return (uint16_t)(32768 + below(28232));
        subscriber->next_port += 1 + (uniform() < 0.4 ? below(8) : 0);
        if (subscriber->next_port > 60999)
                subscriber->next_port = 32768;
        return (uint16_t)subscriber->next_port;
}

static void set_destination(struct subscriber *subscriber, struct nat_binding *b, bool name_service)
{
        unsigned f = below(FAVOURITES);

        if (uniform() < 0.18)
                subscriber->favourites[f] = destination_numbers[zipf(DESTINATIONS)];
        b->destination = subscriber->favourites[f];
        b->destination_port = name_service       ? 53
                              : uniform() < 0.83 ? 443
                              : uniform() < 0.7  ? 80
                                                 : (uint16_t)below(65536);
        if (b->protocol == 1)
                b->destination_port = 0;
        b->flags |= NAT_HAS_DESTINATION;
}

static void make_session(struct subscriber *subscriber, const struct options *options, struct nat_binding *b)
{
        double kind = uniform();
        bool name_service = kind > 0.60 && kind < 0.75;
        double duration = name_service ? exp(log(120) + 0.8 * normal()) : exp(log(30000) + 1.55 * normal());

        b->protocol = kind < 0.60 ? 6 : kind < 0.98 ? 17 : 1;
        b->to_ms = b->from_ms + (int64_t)(duration > 3600000 ? 3600000 : duration);
        b->inside_port = inside_port(subscriber);
        b->flags = NAT_HAS_INSIDE_PORT;
        if (options->destinations)
                set_destination(subscriber, b, name_service);
}

/* Ports that nobody holds at that moment, by the end of the last holder. */
static void lend_ports(struct binding_list *list)
{
        static int64_t free_from[3][65536];

        memset(free_from, 0, sizeof free_from);
        for (size_t i = 0; i < list->count; i++) {
                struct nat_binding *b = &list->items[i];
                int64_t *until = free_from[b->protocol == 6 ? 0 : b->protocol == 17 ? 1 : 2];
                uint16_t port;
                do {
                        port = (uint16_t)(1024 + below(64512));
                } while (until[port] > b->from_ms);
                until[port] = b->to_ms;
                b->port_first = b->port_last = port;
        }
}

static void add(struct binding_list *list, const struct nat_binding *b)
{
        if (binding_list_append(list, b) < 0)
                abort();
}

/* Bursts: a page, an application that wakes up. More of them late in the hour (the evening rises). */
static void make_sessions(struct binding_list *list, const struct options *options, uint32_t outside,
        struct subscriber *subscribers)
{
        for (unsigned s = 0; s < PER_ADDRESS; s++) {
                double left = SESSIONS_PER_SUBSCRIBER * exp(0.6 * normal() - 0.18);
                while (left > 0) {
                        double at = 3600000 * (uniform() < 0.1 ? sqrt(uniform()) : uniform());
                        unsigned burst = 1 + (unsigned)exponential(8);
                        for (unsigned i = 0; i < burst && left > 0; i++, left--) {
                                struct nat_binding b = {.outside = outside,
                                        .inside = subscribers[s].host,
                                        .kind = NAT_SESSION,
                                        .from_edge = EDGE_OBSERVED,
                                        .to_edge = EDGE_OBSERVED,
                                        .from_ms = WINDOW_FROM + (int64_t)at};
                                make_session(&subscribers[s], options, &b);
                                add(list, &b);
                                at += exponential(uniform() < 0.7 ? 350 : 2500);
                        }
                }
        }
        qsort(list->items, list->count, sizeof *list->items, binding_compare);
        lend_ports(list);
}

static void make_blocks(struct binding_list *list, uint32_t outside, const struct subscriber *subscribers)
{
        unsigned count = (unsigned)(PER_ADDRESS * BLOCKS_PER_SUBSCRIBER + uniform());

        for (unsigned i = 0; i < count; i++) {
                struct nat_binding b = {.outside = outside,
                        .inside = subscribers[below(PER_ADDRESS)].host,
                        .kind = NAT_BLOCK,
                        .from_edge = EDGE_OBSERVED,
                        .to_edge = EDGE_OBSERVED,
                        .from_ms = WINDOW_FROM + (int64_t)(uniform() * 3600000),
                        .port_first = (uint16_t)(1024 + 512 * below(126))};
                b.to_ms = b.from_ms + (int64_t)exponential(900000);
                b.port_last = (uint16_t)(b.port_first + 511);
                add(list, &b);
        }
}

static void make_sheet(struct binding_list *list, const struct options *options, unsigned address)
{
        struct subscriber subscribers[PER_ADDRESS];

        list->count = 0;
        make_subscribers(subscribers, address, options->addresses);
        if (options->blocks)
                make_blocks(list, FIRST_OUTSIDE + address, subscribers);
        else
                make_sessions(list, options, FIRST_OUTSIDE + address, subscribers);
        qsort(list->items, list->count, sizeof *list->items, binding_compare);
}

/* ---- the choice of order: ideal lengths with one adaptive table per column ---- */

struct tally {
        const char *name;
        double plain_bits;
        uint64_t counts[ENTROPY_SYMBOLS], total;
};

static void tally(struct tally *t, uint64_t value)
{
        unsigned symbol = value_class(value);
        t->counts[symbol]++;
        t->total++;
        t->plain_bits += symbol >= 16 && symbol < ENTROPY_ESCAPE ? entropy_class_bits[symbol] : 0;
}

static double tally_bits(const struct tally *t)
{
        double bits = t->plain_bits;

        for (unsigned s = 0; s < ENTROPY_SYMBOLS; s++)
                if (t->counts[s])
                        bits -= (double)t->counts[s] * log2((double)t->counts[s] / (double)t->total);
        return t->total ? bits / (double)t->total : 0;
}

enum { ORDER_PORT, ORDER_BEGIN, ORDER_HOST, ORDER_INSIDE_PORT, ORDER_COLUMNS };
static struct tally orders[2][ORDER_COLUMNS] = {
        {{.name = "outside port"}, {.name = "begin"}, {.name = "inside host"}, {.name = "inside port"}},
        {{.name = "outside port"}, {.name = "begin"}, {.name = "inside host"}, {.name = "inside port"}}};

static int compare_by_port(const void *left, const void *right)
{
        const struct nat_binding *a = left, *b = right;
        return a->port_first != b->port_first ? (a->port_first < b->port_first ? -1 : 1)
                                              : binding_compare(a, b);
}

static void tally_order(struct tally columns[ORDER_COLUMNS], const struct binding_list *list)
{
        uint32_t recent[PER_ADDRESS];
        uint16_t ports[PER_ADDRESS] = {0};
        unsigned known = 0;

        for (size_t i = 0; i < list->count; i++) {
                const struct nat_binding *b = &list->items[i], *before = i ? b - 1 : NULL;
                unsigned rank = 0;
                tally(&columns[ORDER_PORT],
                        zigzag(before ? (uint64_t)(b->port_first - before->port_first) : 0));
                tally(&columns[ORDER_BEGIN],
                        zigzag((uint64_t)(b->from_ms - (before ? before->from_ms : WINDOW_FROM))));
                while (rank < known && recent[rank] != b->inside)
                        rank++;
                uint16_t last = rank < known ? ports[rank] : 0;
                tally(&columns[ORDER_HOST], rank);
                tally(&columns[ORDER_INSIDE_PORT],
                        zigzag((uint64_t)(int16_t)(uint16_t)(b->inside_port - last)));
                known += rank == known;
                memmove(recent + 1, recent, rank * sizeof *recent);
                memmove(ports + 1, ports, rank * sizeof *ports);
                recent[0] = b->inside;
                ports[0] = b->inside_port;
        }
}

static void compare_orders(struct binding_list *list)
{
        tally_order(orders[0], list);
        qsort(list->items, list->count, sizeof *list->items, compare_by_port);
        tally_order(orders[1], list);
}

static void print_orders(void)
{
        double sums[2] = {0, 0};

        printf("\nbits per session by order of the rows (one ideal table per column):\n%-16s %8s %8s\n", "",
                "by start", "by port");
        for (unsigned c = 0; c < ORDER_COLUMNS; c++) {
                double start = c == ORDER_PORT ? 16 : tally_bits(&orders[0][c]),
                       port = tally_bits(&orders[1][c]);
                printf("%-16s %8.2f %8.2f\n", orders[0][c].name, start, port);
                sums[0] += start;
                sums[1] += port;
        }
        printf("%-16s %8.2f %8.2f\n", "sum", sums[0], sums[1]);
}

/* ---- measuring ---- */

static double seconds(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct question {
        uint32_t outside;
        uint16_t port;
        int64_t at;
        uint32_t inside; /* HOST_NONE where any answer may come */
};

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static void check(int r, const struct error *error)
{
        if (r >= 0)
                return;
        fprintf(stderr, "segment_size: %s\n", error->text);
        exit(1);
}

static void draw_questions(struct question *questions, unsigned count, const struct binding_list *list)
{
        for (unsigned i = 0; i < count; i++) {
                const struct nat_binding *b = &list->items[below((unsigned)list->count)];
                questions[i] = (struct question){b->outside, b->port_first, b->from_ms, b->inside};
                if (uniform() < 0.2) {
                        questions[i].at = WINDOW_FROM + below(3600000);
                        questions[i].inside = HOST_NONE;
                } else if (b->to_ms > b->from_ms) {
                        questions[i].at += below((unsigned)(b->to_ms - b->from_ms));
                }
        }
}

static int compare_doubles(const void *left, const void *right)
{
        double a = *(const double *)left, b = *(const double *)right;
        return a < b ? -1 : a > b;
}

static void ask(const struct segment_reader *reader, const struct question *questions, unsigned count)
{
        double *times = calloc(count, sizeof *times);
        struct host_table found_hosts;
        uint64_t found = 0, missed = 0;
        struct error error = {0};

        if (!times || host_table_init(&found_hosts, 1u << 20) < 0)
                abort();
        for (unsigned i = 0; i < count; i++) {
                const struct question *q = &questions[i];
                struct binding_list list = {0};
                double begin = seconds();
                check(segment_query(reader, q->outside, q->port, q->at - 2000, q->at + 2000, &found_hosts,
                              NULL, &list, NULL, &error),
                        &error);
                times[i] = seconds() - begin;
                bool held = q->inside == HOST_NONE;
                for (size_t j = 0; j < list.count; j++) {
                        struct nat_host wanted = host_get(&hosts, q->inside);
                        struct nat_host got = host_get(&found_hosts, list.items[j].inside);
                        held |= address_compare(&wanted.address, &got.address) == 0;
                }
                found += list.count;
                missed += !held;
                binding_list_free(&list);
        }
        qsort(times, count, sizeof *times, compare_doubles);
        printf("lookups %u: p50 %.2f us, p99 %.2f us, found %llu, missed %llu\n", count,
                times[count / 2] * 1e6, times[count * 99 / 100] * 1e6, (unsigned long long)found,
                (unsigned long long)missed);
        host_table_free(&found_hosts);
        free(times);
}

static void decode(const struct segment_reader *reader)
{
        struct error error = {0};
        uint64_t count = 0;
        double spent = 0;

        for (uint32_t sheet = 0; sheet < segment_sheet_count(reader); sheet++) {
                struct host_table sheet_hosts;
                struct binding_list list = {0};
                if (host_table_init(&sheet_hosts, 1u << 20) < 0)
                        abort();
                double begin = seconds();
                check(segment_read_sheet(reader, sheet, &sheet_hosts, NULL, &list, &error), &error);
                spent += seconds() - begin;
                count += list.count;
                binding_list_free(&list);
                host_table_free(&sheet_hosts);
        }
        printf("decoding %.2f M bindings/s\n", (double)count / spent / 1e6);
}

static void print_sizes(const struct segment_reader *reader, const struct buffer *file)
{
        struct segment_column_size sizes[32];
        size_t count = segment_column_sizes(reader, sizes, 32);
        double bindings = (double)segment_header_of(reader)->binding_count;

        printf("%.0f bindings in %u sheets, %zu bytes\n", bindings, (unsigned)segment_sheet_count(reader),
                file->length);
        for (size_t i = 0; i < count; i++)
                printf("%-30s %12llu bytes %8.4f bytes %7.3f bits each\n", sizes[i].name,
                        (unsigned long long)sizes[i].bytes, (double)sizes[i].bytes / bindings,
                        8 * (double)sizes[i].bytes / bindings);
        printf("%-30s %12zu bytes %8.4f bytes %7.3f bits each\n", "all", file->length,
                (double)file->length / bindings, 8 * (double)file->length / bindings);
}

static void write_file(const struct options *options, struct buffer *file, struct question *questions)
{
        static const char *const names[] = {"cgn-1"};
        struct segment_header header = {.realm = "access",
                .window_from = WINDOW_FROM,
                .window_to = WINDOW_FROM + TIME_HOUR,
                .destinations_kept = options->destinations};
        struct segment_output output = {file, write_to_buffer};
        struct segment_writer *writer;
        struct binding_list list = {0};
        struct error error = {0};
        double spent = 0;
        unsigned asked = 0;

        check(segment_writer_new(&header, names, 1, &output, &writer), &error);
        for (unsigned address = 0; address < options->addresses; address++) {
                make_sheet(&list, options, address);
                unsigned until =
                        (unsigned)((uint64_t)options->questions * (address + 1) / options->addresses);
                draw_questions(questions + asked, until - asked, &list);
                asked = until;
                double begin = seconds();
                check(segment_writer_sheet(writer, list.items, list.count, &hosts, &error), &error);
                spent += seconds() - begin;
                if (options->orders)
                        compare_orders(&list);
        }
        double begin = seconds();
        check(segment_writer_finish(writer, NULL, &header, &error), &error);
        spent += seconds() - begin;
        printf("encoding %.2f M bindings/s\n", (double)header.binding_count / spent / 1e6);
        segment_writer_free(writer);
        binding_list_free(&list);
}

static struct options parse_options(int count, char **arguments)
{
        static const struct option known[] = {{"addresses", required_argument, NULL, 'a'},
                {"questions", required_argument, NULL, 'q'}, {"seed", required_argument, NULL, 's'},
                {"destinations", no_argument, NULL, 'd'}, {"blocks", no_argument, NULL, 'b'},
                {"orders", no_argument, NULL, 'o'}, {0}};
        struct options options = {.addresses = 1563, .questions = 10000, .seed = 1};

        for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;) {
                if (letter == 'a')
                        options.addresses = (unsigned)strtoul(optarg, NULL, 10);
                else if (letter == 'q')
                        options.questions = (unsigned)strtoul(optarg, NULL, 10);
                else if (letter == 's')
                        options.seed = strtoull(optarg, NULL, 10);
                else if (letter == 'd')
                        options.destinations = true;
                else if (letter == 'b')
                        options.blocks = true;
                else if (letter == 'o')
                        options.orders = true;
                else
                        exit(2);
        }
        return options;
}

int main(int count, char **arguments)
{
        struct options options = parse_options(count, arguments);
        struct buffer file = buffer_make(SIZE_MAX / 4);
        struct question *questions = calloc(options.questions + 1u, sizeof *questions);
        struct segment_reader *reader;
        struct error error = {0};

        random_state = options.seed;
        if (!questions || options.addresses == 0 || host_table_init(&hosts, 1u << 24) < 0)
                return 1;
        for (unsigned i = 0; i < DESTINATIONS && options.destinations; i++)
                destination_numbers[i] = intern(0x08000000u + (uint32_t)(next_random() % 0x50000000u));
        write_file(&options, &file, questions);
        double begin = seconds();
        check(segment_reader_new(file.bytes, file.length, "segment_size", &reader, &error), &error);
        printf("opening %.1f us\n", (seconds() - begin) * 1e6);
        print_sizes(reader, &file);
        decode(reader);
        ask(reader, questions, options.questions);
        if (options.orders)
                print_orders();
        segment_reader_free(reader);
        buffer_free(&file);
        free(questions);
        host_table_free(&hosts);
        return 0;
}
