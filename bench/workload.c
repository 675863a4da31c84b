/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes the reference workload: one hour of a carrier-grade NAT as an IPFIX file (RFC 8158 section 5.3, NAT44
 * session create and delete), and questions with their truth.
 *
 * 200 sessions per subscriber and hour in bursts, 32 subscribers per public address, log-normal durations
 * (mean about 84 s, one hour at most), public ports at random among those that are free, 200,000 destinations
 * by Zipf's law. The truth is found by one pass over every session made, without any code of the program that
 * is measured.
 *
 *   workload [--sessions N] [--seed N] [--questions N] [--skew MS] EVENTS.ipfix QUESTIONS.csv TRUTH.csv */

#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_FROM INT64_C(1795168800000) /* 2026-11-20T10:00:00Z, a whole hour */
#define HOUR_MS 3600000u
#define FIRST_OUTSIDE 0xc6120000u /* 198.18.0.0/15 */
#define FIRST_INSIDE 0x64400000u  /* 100.64.0.0/10 */
#define FIRST_DESTINATION 0x08000000u
#define PER_ADDRESS 32u
#define PER_SUBSCRIBER 200u
#define BURST_MEAN 8.0
#define DESTINATIONS 200000u
#define FAVOURITES 6u
#define PORT_LOWEST 1024u
#define PORTS (65536u - PORT_LOWEST)
#define SESSIONS_MOST 1000000000u

struct options {
        unsigned sessions, questions, skew_ms;
        uint64_t seed;
};

struct session {
        uint32_t from, to; /* ms since the hour began; held in [from, to) */
        uint32_t subscriber;
        uint32_t destination;
        uint16_t port, inside_port, destination_port;
        uint8_t protocol;
};

struct question {
        uint32_t outside, at;
        uint16_t port;
        uint8_t protocol;
        uint32_t next;                   /* of the same endpoint, plus 1 */
        uint32_t holder, holders, nears; /* subscriber + 1 at the instant; how many then; how many near it */
        uint32_t near;                   /* subscriber + 1 of one who held it near the instant */
};

static struct session *sessions;
static unsigned session_count;

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

static double log_normal(double median, double sigma)
{
        return median * exp(sigma * sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform()));
}

/* Zipf with exponent 1 by inversion of the continuous distribution. */
static unsigned zipf(unsigned count)
{
        return (unsigned)(exp(uniform() * log((double)count + 1)) - 1);
}

static void *need(void *memory)
{
        if (!memory) {
                fputs("workload: not enough memory\n", stderr);
                exit(1);
        }
        return memory;
}

/* ---- sessions ---- */

static void choose_kind(struct session *s, bool lookup)
{
        unsigned kind = below(100);

        s->protocol = 6;
        s->destination_port = 443;
        if (lookup) {
                s->protocol = 17;
                s->destination_port = 53;
        } else if (kind < 2) {
                s->protocol = 1;
                s->destination_port = 0;
        } else if (kind < 32) {
                s->protocol = 17;
                s->destination_port = kind < 24 ? 443 : (uint16_t)(1024 + below(60000));
        } else if (kind < 40) {
                s->destination_port = 80;
        } else if (kind < 44) {
                s->destination_port = (uint16_t)(1024 + below(60000));
        }
}

static void make_session(
        unsigned subscriber, uint32_t favourites[FAVOURITES], unsigned *inside_port, uint32_t from)
{
        struct session *s = &sessions[session_count++];
        bool lookup = below(100) < 22;
        double seconds = lookup ? log_normal(0.08, 0.8) : log_normal(25, 1.65);

        *s = (struct session){.from = from, .subscriber = subscriber};
        if (below(100) < 35)
                favourites[below(FAVOURITES)] = zipf(DESTINATIONS);
        s->destination = favourites[below(FAVOURITES)];
        choose_kind(s, lookup);
        if (seconds > 3600)
                seconds = 3600;
        s->to = from + 1 + (uint32_t)(seconds * 1000);
        *inside_port = *inside_port < 65535 ? *inside_port + 1 : 32768;
        s->inside_port = (uint16_t)*inside_port;
}

static void make_subscriber(unsigned subscriber, unsigned count)
{
        uint32_t favourites[FAVOURITES];
        unsigned inside_port = 32768 + below(32768);

        for (unsigned i = 0; i < FAVOURITES; i++)
                favourites[i] = zipf(DESTINATIONS);
        while (count > 0) {
                double at = uniform() * HOUR_MS;
                unsigned burst = 1 + (unsigned)exponential(BURST_MEAN);
                for (; burst > 0 && count > 0; burst--, count--) {
                        make_session(subscriber, favourites, &inside_port, (uint32_t)at);
                        at += exponential(400);
                        if (at >= HOUR_MS)
                                at = uniform() * HOUR_MS;
                }
        }
}

static unsigned make_sessions(unsigned wanted)
{
        unsigned subscribers = (wanted + PER_SUBSCRIBER - 1) / PER_SUBSCRIBER;

        sessions = need(calloc(wanted, sizeof *sessions));
        for (unsigned i = 0; i < subscribers; i++) {
                unsigned left = wanted - session_count;
                make_subscriber(i, left < PER_SUBSCRIBER ? left : PER_SUBSCRIBER);
        }
        return subscribers;
}

/* ---- events in order ---- */

/* An event: time and kind above (a close before an open of the same millisecond), session below. */
#define EVENT_OPENS UINT64_C(0x80000000)

static void sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
        size_t *starts = need(calloc(4096, sizeof *starts)), sum = 0;

        for (size_t i = 0; i < count; i++)
                starts[from[i] >> shift & 4095]++;
        for (size_t i = 0; i < 4096; i++) {
                size_t here = starts[i];
                starts[i] = sum;
                sum += here;
        }
        for (size_t i = 0; i < count; i++)
                to[starts[from[i] >> shift & 4095]++] = from[i];
        free(starts);
}

static uint64_t *make_events(void)
{
        size_t count = (size_t)session_count * 2;
        uint64_t *events = need(calloc(count, sizeof *events)), *spare = need(calloc(count, sizeof *spare));

        for (unsigned i = 0; i < session_count; i++) {
                events[2 * (size_t)i] = (uint64_t)sessions[i].from << 32 | EVENT_OPENS | i;
                events[2 * (size_t)i + 1] = (uint64_t)sessions[i].to << 32 | i;
        }
        sort_pass(events, spare, count, 31); /* 24 bits: two hours in ms and the kind */
        sort_pass(spare, events, count, 43);
        free(spare);
        return events;
}

/* ---- ports ---- */

static unsigned protocol_row(uint8_t protocol)
{
        return protocol == 6 ? 0 : protocol == 17 ? 1 : 2;
}

static void give_ports(const uint64_t *events, unsigned addresses)
{
        uint8_t *taken = need(calloc((size_t)addresses * 3, PORTS));

        for (size_t i = 0; i < (size_t)session_count * 2; i++) {
                struct session *s = &sessions[events[i] & (EVENT_OPENS - 1)];
                uint8_t *row =
                        taken +
                        ((size_t)(s->subscriber / PER_ADDRESS) * 3 + protocol_row(s->protocol)) * PORTS;
                if (events[i] & EVENT_OPENS) {
                        unsigned port = below(PORTS);
                        while (row[port])
                                port = below(PORTS);
                        s->port = (uint16_t)(port + PORT_LOWEST);
                        row[port] = 1;
                } else {
                        row[s->port - PORT_LOWEST] = 0;
                }
        }
        free(taken);
}

/* ---- IPFIX ---- */

#define TEMPLATE_ID 256
#define RECORD_BYTES 28u
#define RECORDS_PER_MESSAGE 49u
#define TEMPLATE_EVERY 4096u

/* observationTimeMilliseconds, natEvent, source and translated source, protocol, their ports, destination. */
static const uint16_t fields[][2] = {
        {323, 8}, {230, 1}, {8, 4}, {225, 4}, {4, 1}, {7, 2}, {227, 2}, {12, 4}, {11, 2}};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
        return at + bytes;
}

static uint8_t *put_template(uint8_t *at)
{
        at = put(at, 2, 2);
        at = put(at, 8 + 4 * FIELD_COUNT, 2);
        at = put(at, TEMPLATE_ID, 2);
        at = put(at, FIELD_COUNT, 2);
        for (size_t i = 0; i < FIELD_COUNT; i++)
                at = put(put(at, fields[i][0], 2), fields[i][1], 2);
        return at;
}

static uint8_t *put_record(uint8_t *at, uint64_t event)
{
        const struct session *s = &sessions[event & (EVENT_OPENS - 1)];

        at = put(at, (uint64_t)HOUR_FROM + (event >> 32), 8);
        at = put(at, event & EVENT_OPENS ? 4 : 5, 1);
        at = put(at, FIRST_INSIDE + s->subscriber, 4);
        at = put(at, FIRST_OUTSIDE + s->subscriber / PER_ADDRESS, 4);
        at = put(at, s->protocol, 1);
        at = put(at, s->inside_port, 2);
        at = put(at, s->port, 2);
        at = put(at, FIRST_DESTINATION + s->destination, 4);
        return put(at, s->destination_port, 2);
}

static void write_events(const char *path, const uint64_t *events)
{
        FILE *file = fopen(path, "wb");
        uint8_t message[1500];
        unsigned messages = 0;
        size_t count = (size_t)session_count * 2;

        for (size_t i = 0; file && i < count; messages++) {
                bool template = messages % TEMPLATE_EVERY == 0;
                size_t records = template ? RECORDS_PER_MESSAGE - 2 : RECORDS_PER_MESSAGE;
                records = records < count - i ? records : count - i;
                uint8_t *at = template ? put_template(message + 16) : message + 16;
                at = put(put(at, TEMPLATE_ID, 2), 4 + records * RECORD_BYTES, 2);
                for (size_t k = 0; k < records; k++)
                        at = put_record(at, events[i + k]);
                uint64_t exported = (uint64_t)HOUR_FROM + (events[i + records - 1] >> 32);
                put(put(put(put(put(message, 10, 2), (uint64_t)(at - message), 2), exported / 1000, 4), i, 4),
                        1, 4);
                i += records;
                if (fwrite(message, (size_t)(at - message), 1, file) != 1)
                        break;
        }
        if (!file || fflush(file) || ferror(file)) {
                perror(path);
                exit(1);
        }
        fclose(file);
}

/* ---- questions and truth ---- */

static uint64_t endpoint_hash(uint32_t outside, uint16_t port, uint8_t protocol)
{
        return ((uint64_t)outside << 24 ^ (uint64_t)port << 8 ^ protocol) * UINT64_C(0x9e3779b97f4a7c15) >>
               40;
}

static void make_question(struct question *q, unsigned number, unsigned addresses)
{
        const struct session *s = &sessions[(size_t)(uniform() * session_count)];

        *q = (struct question){.outside = FIRST_OUTSIDE + s->subscriber / PER_ADDRESS,
                .port = s->port,
                .protocol = s->protocol};
        if (number % 5 == 4) { /* a fifth about anything, nearly always held by nobody */
                q->outside = FIRST_OUTSIDE + below(addresses);
                q->port = (uint16_t)(PORT_LOWEST + below(PORTS));
                q->at = 1000 + below(HOUR_MS - 2000);
        } else if (number % 50 == 7) {
                q->at = s->from;
        } else if (number % 50 == 13) {
                q->at = s->to;
        } else {
                q->at = s->from + below(s->to - s->from);
        }
}

static void judge_session(struct question *q, const struct session *s, unsigned skew_ms)
{
        if (s->from <= q->at && q->at < s->to) {
                q->holders++;
                q->holder = s->subscriber + 1;
        }
        if (s->from <= q->at + skew_ms && q->at <= s->to + skew_ms) {
                q->nears += q->near != s->subscriber + 1;
                q->near = s->subscriber + 1;
        }
}

static struct question *make_questions(const struct options *options, unsigned addresses)
{
        struct question *questions = need(calloc(options->questions, sizeof *questions));
        uint32_t *heads = need(calloc(1u << 24, sizeof *heads));

        for (unsigned i = 0; i < options->questions; i++) {
                make_question(&questions[i], i, addresses);
                uint32_t *head =
                        &heads[endpoint_hash(questions[i].outside, questions[i].port, questions[i].protocol)];
                questions[i].next = *head;
                *head = i + 1;
        }
        for (unsigned i = 0; i < session_count; i++) {
                const struct session *s = &sessions[i];
                uint32_t outside = FIRST_OUTSIDE + s->subscriber / PER_ADDRESS;
                for (uint32_t k = heads[endpoint_hash(outside, s->port, s->protocol)]; k;
                        k = questions[k - 1].next) {
                        struct question *q = &questions[k - 1];
                        if (q->outside == outside && q->port == s->port && q->protocol == s->protocol)
                                judge_session(q, s, options->skew_ms);
                }
        }
        free(heads);
        return questions;
}

static void print_address(FILE *file, uint32_t address)
{
        fprintf(file, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

static void write_question(FILE *file, const struct question *q)
{
        int64_t at = HOUR_FROM + q->at;
        time_t seconds = at / 1000;
        struct tm utc;
        char text[32];

        gmtime_r(&seconds, &utc);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        print_address(file, q->outside);
        fprintf(file, ",%u,%u,%s.%03uZ\n", q->port, q->protocol, text, (unsigned)(at % 1000));
}

static void write_questions(
        const char *path, const char *truth_path, const struct question *questions, unsigned count)
{
        FILE *file = fopen(path, "w"), *truth = fopen(truth_path, "w");

        if (!file || !truth) {
                perror(file ? truth_path : path);
                exit(1);
        }
        fputs("address,port,protocol,time\n", file);
        fputs("holders,holder,near_holders,near_holder\n", truth);
        for (unsigned i = 0; i < count; i++) {
                const struct question *q = &questions[i];
                write_question(file, q);
                fprintf(truth, "%u,", q->holders);
                if (q->holder)
                        print_address(truth, FIRST_INSIDE + q->holder - 1);
                fprintf(truth, ",%u,", q->nears);
                if (q->near)
                        print_address(truth, FIRST_INSIDE + q->near - 1);
                fputc('\n', truth);
        }
        bool failed = fflush(file) != 0 || ferror(file) != 0;
        failed = fflush(truth) != 0 || ferror(truth) != 0 || failed;
        fclose(file);
        fclose(truth);
        if (failed) {
                perror(path);
                exit(1);
        }
}

/* ---- ---- */

static unsigned number_of(const char *text, unsigned most)
{
        char *end;
        unsigned long number = strtoul(text, &end, 10);

        if (*end != '\0' || end == text || number < 1 || number > most) {
                fprintf(stderr, "workload: %s is not a number from 1 to %u\n", text, most);
                exit(2);
        }
        return (unsigned)number;
}

int main(int count, char **arguments)
{
        static const struct option known[] = {{"sessions", 1, NULL, 's'}, {"seed", 1, NULL, 'r'},
                {"questions", 1, NULL, 'q'}, {"skew", 1, NULL, 'k'}, {0}};
        struct options options = {.sessions = 1000000, .questions = 10000, .skew_ms = 1, .seed = 4711};
        int option;

        while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
                if (option == 's')
                        options.sessions = number_of(optarg, SESSIONS_MOST);
                else if (option == 'r')
                        options.seed = number_of(optarg, UINT32_MAX);
                else if (option == 'q')
                        options.questions = number_of(optarg, 100000000);
                else if (option == 'k')
                        options.skew_ms = number_of(optarg, 3600000);
                else
                        return 2;
        }
        if (count - optind != 3) {
                fputs("Usage: workload [--sessions N] [--seed N] [--questions N] [--skew MS] EVENTS "
                      "QUESTIONS TRUTH\n",
                        stderr);
                return 2;
        }
        random_state = options.seed;
        unsigned subscribers = make_sessions(options.sessions);
        unsigned addresses = (subscribers + PER_ADDRESS - 1) / PER_ADDRESS;
        uint64_t *events = make_events();
        give_ports(events, addresses);
        write_events(arguments[optind], events);
        free(events);
        struct question *questions = make_questions(&options, addresses);
        write_questions(arguments[optind + 1], arguments[optind + 2], questions, options.questions);
        free(questions);
        free(sessions);
        return 0;
}
