/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes the reference workload: a carrier-grade NAT's events in the forms that devices write, and questions
 * with their truth.
 *
 * 200 sessions per subscriber and hour in bursts, 32 subscribers per public address, log-normal durations
 * (mean about 84 s, one hour at most), public ports at random among those that are free, 200,000 destinations
 * by Zipf's law; over several hours the load follows the time of day. The truth is found by comparing each
 * question with every session that could hold it, without any code of the program that is measured.
 *
 *   workload [options] [EVENTS.ipfix] QUESTIONS.csv TRUTH.csv
 *     --sessions N        in all (blocks with --blocks)
 *     --subscribers N     (a subscriber for every 200 sessions of an hour)
 *     --hours N           the sessions begin within so many hours (1)
 *     --seed N --questions N --skew MS
 *     --blocks            port blocks of 512 in place of sessions
 *     --write FORM=FILE   ipfix, pcap, netflow9, syslog or csv; may stand several times
 *     --leases N=FILE     leases: the subscribers' own and older or unused ones
 *     --lose N --reorder N --duplicate N   messages of 10,000 (ipfix, pcap, netflow9)
 *     --floor             bits that an ideal adaptive coder needs for each column
 *
 * Prints what was made as one JSON object. */
#include "workload.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSIONS_MOST 1000000000u
#define HOURS_MOST 87600u

/* ---- random numbers ---- */

static uint64_t random_state;

void random_seed(uint64_t seed)
{
        random_state = seed;
}

uint64_t next_random(void)
{
        uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
}

double uniform(void)
{
        return ((double)(next_random() >> 11) + 0.5) / 9007199254740992.0;
}

unsigned below(unsigned limit)
{
        return (unsigned)(uniform() * limit);
}

void *need(void *memory)
{
        if (!memory)
                die("not enough memory");
        return memory;
}

void die(const char *what)
{
        fprintf(stderr, "workload: ");
        perror(what);
        exit(1);
}

/* ---- options ---- */

static unsigned number_of(const char *text, unsigned least, unsigned most, char stop)
{
        char *end;
        unsigned long number = strtoul(text, &end, 10);

        if (*end != stop || end == text || number < least || number > most) {
                fprintf(stderr, "workload: %s is not a number from %u to %u\n", text, least, most);
                exit(2);
        }
        return (unsigned)number;
}

static const struct option known[] = {{"sessions", 1, NULL, 's'}, {"subscribers", 1, NULL, 'u'},
        {"hours", 1, NULL, 'h'}, {"seed", 1, NULL, 'r'}, {"questions", 1, NULL, 'q'}, {"skew", 1, NULL, 'k'},
        {"blocks", 0, NULL, 'b'}, {"write", 1, NULL, 'w'}, {"leases", 1, NULL, 'l'}, {"lose", 1, NULL, 'x'},
        {"reorder", 1, NULL, 'y'}, {"duplicate", 1, NULL, 'z'}, {"floor", 0, NULL, 'f'}, {0}};

struct paths {
        const char *write[OUTPUTS_MOST], *leases;
        unsigned write_count;
};

static void take_option(int letter, const char *value, struct options *o, struct paths *paths)
{
        switch (letter) {
        case 's':
                o->sessions = number_of(value, 1, SESSIONS_MOST, '\0');
                break;
        case 'u':
                o->subscribers = number_of(value, 1, INSIDE_ADDRESSES, '\0');
                break;
        case 'h':
                o->hours = number_of(value, 1, HOURS_MOST, '\0');
                break;
        case 'r':
                o->seed = number_of(value, 1, UINT32_MAX, '\0');
                break;
        case 'q':
                o->questions = number_of(value, 1, 100000000, '\0');
                break;
        case 'k':
                o->skew_ms = number_of(value, 1, HOUR_MS, '\0');
                break;
        case 'b':
                o->blocks = true;
                break;
        case 'f':
                o->floor = true;
                break;
        case 'x':
                o->lose = number_of(value, 0, 10000, '\0');
                break;
        case 'y':
                o->reorder = number_of(value, 0, 10000, '\0');
                break;
        case 'z':
                o->duplicate = number_of(value, 0, 10000, '\0');
                break;
        case 'l':
                o->leases = number_of(value, 1, SESSIONS_MOST, '=');
                paths->leases = strchr(value, '=') + 1;
                break;
        case 'w':
                if (paths->write_count < OUTPUTS_MOST - 1) {
                        paths->write[paths->write_count++] = value;
                        break;
                }
                __attribute__((fallthrough));
        default:
                exit(2);
        }
}

/* ---- ---- */

/* Sessions that have begun when so many hours are over: the evening has more than the morning. */
static unsigned begun_until(const struct options *o, unsigned hour)
{
        double sum = 0, all = 0;

        for (unsigned i = 0; i < o->hours; i++) {
                double load = o->hours == 1 ? 1 : 1 + 0.4 * sin(2 * M_PI * ((i + 10) % 24 - 13.0) / 24);
                sum += i < hour ? load : 0;
                all += load;
        }
        return hour == o->hours ? o->sessions : (unsigned)(o->sessions * (sum / all));
}

static void prepare(struct workload *w)
{
        struct options *o = &w->options;

        if (!o->subscribers)
                o->subscribers =
                        (unsigned)(((uint64_t)o->sessions + (uint64_t)PER_SUBSCRIBER * o->hours - 1) /
                                   ((uint64_t)PER_SUBSCRIBER * o->hours));
        w->addresses = (o->subscribers + PER_ADDRESS - 1) / PER_ADDRESS;
        w->outside = need(calloc(o->subscribers, sizeof *w->outside));
        /* Neighbours inside are none outside: the subscribers of an address come from all over the pool. */
        for (unsigned i = 0; i < o->subscribers; i++)
                w->outside[i] =
                        (uint32_t)((i % w->addresses + (uint64_t)(i / w->addresses) * 104729) % w->addresses);
        random_seed(o->seed);
}

static void make(struct workload *w)
{
        unsigned begun = 0;

        for (unsigned hour = 0; hour <= w->options.hours; hour++) {
                unsigned until =
                        hour < w->options.hours ? begun_until(&w->options, hour + 1) : w->options.sessions;
                hour_make(w, hour, until - begun);
                begun = until;
                output_hour(w);
                if (w->options.floor)
                        floor_hour(w);
                truth_hour(w, hour);
        }
}

static double seconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int count, char **arguments)
{
        static struct workload w = {
                .options = {.sessions = 1000000, .questions = 10000, .skew_ms = 1, .seed = 4711, .hours = 1}};
        struct paths paths = {0};
        char events[4200];

        for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;)
                take_option(letter, optarg, &w.options, &paths);
        int rest = count - optind;
        if (rest != 3 && (rest != 2 || (!paths.write_count && !w.options.floor && !paths.leases))) {
                fputs("Usage: workload [options] [EVENTS.ipfix] QUESTIONS TRUTH (the source says which)\n",
                        stderr);
                return 2;
        }
        prepare(&w);
        if (rest == 3) {
                snprintf(events, sizeof events, "ipfix=%s", arguments[optind++]);
                output_add(&w, events);
        }
        for (unsigned i = 0; i < paths.write_count; i++)
                output_add(&w, paths.write[i]);
        make(&w);
        output_finish(&w);
        const struct output_counts *made = output_counts_of();
        double spent = seconds();
        truth_finish(&w, arguments[optind], arguments[optind + 1]);
        if (paths.leases)
                write_leases(&w, paths.leases);
        printf("{\"sessions\": %u, \"events\": %llu, \"subscribers\": %u, \"addresses\": %u, \"hours\": %u, "
               "\"messages\": %llu, \"lost\": %llu, \"reordered\": %llu, \"duplicated\": %llu, "
               "\"events_per_cpu_second\": %.0f",
                w.options.sessions, (unsigned long long)made->events, w.options.subscribers, w.addresses,
                w.options.hours, (unsigned long long)made->messages, (unsigned long long)made->lost,
                (unsigned long long)made->reordered, (unsigned long long)made->duplicated,
                (double)made->events / spent);
        if (w.options.floor)
                floor_print(&w, stdout);
        puts("}");
        return fflush(stdout) != 0;
}
