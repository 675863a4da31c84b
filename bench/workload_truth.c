/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions and their truth, by comparing each with every session of the hours in which it could be held. */
#include "workload.h"

#include <stdlib.h>
#include <time.h>

struct question {
        uint32_t outside; /* number of the public address */
        int64_t at_ms;
        uint16_t port;
        uint8_t protocol;
        uint32_t next;                   /* of the same endpoint, plus 1 */
        uint32_t holder, holders, nears; /* subscriber + 1 at the instant; how many then; how many near it */
        uint32_t near;                   /* subscriber + 1 of one who held it near the instant */
};

#define HEADS (1u << 22)
static struct question *questions;
static unsigned question_count, first_live, first_of_hour; /* questions before first_live are settled */
static uint32_t *heads;

/* A block is found by its first port, whatever the protocol. */
static uint32_t *head_of(const struct workload *w, uint32_t outside, uint16_t port, uint8_t protocol)
{
        if (w->options.blocks) {
                port = (uint16_t)(port - (port - PORT_LOWEST) % BLOCK_PORTS);
                protocol = 0;
        }
        uint64_t key = (uint64_t)outside << 24 | (uint64_t)port << 8 | protocol;
        return &heads[key * UINT64_C(0x9e3779b97f4a7c15) >> 42];
}

static bool same_endpoint(const struct workload *w, const struct question *q, const struct session *s)
{
        if (q->outside != w->outside[s->subscriber])
                return false;
        if (w->options.blocks)
                return q->port >= s->port && q->port < s->port + BLOCK_PORTS;
        return q->port == s->port && q->protocol == s->protocol;
}

static void make_question(const struct workload *w, struct question *q, unsigned number)
{
        const struct session *s = &w->now.sessions[(size_t)(uniform() * w->now.count)];
        uint32_t at;

        *q = (struct question){
                .outside = w->outside[s->subscriber], .port = s->port, .protocol = s->protocol};
        if (w->options.blocks) {
                q->port = (uint16_t)(q->port + below(BLOCK_PORTS));
                q->protocol = below(2) ? 6 : 17;
        }
        if (number % 5 == 4) { /* a fifth about anything, nearly always held by nobody */
                q->outside = below(w->addresses);
                q->port = (uint16_t)(PORT_LOWEST + below(PORTS));
                at = 1000 + below(HOUR_MS - 2000);
        } else if (number % 50 == 7) {
                at = s->from;
        } else if (number % 50 == 13) {
                at = s->to;
        } else {
                at = s->from + below(s->to - s->from);
        }
        q->at_ms = w->now.begins_ms + at;
}

static void judge(struct question *q, const struct session *s, int64_t begins_ms, unsigned skew_ms)
{
        int64_t from = begins_ms + s->from, to = begins_ms + s->to;

        if (from <= q->at_ms && q->at_ms < to) {
                q->holders++;
                q->holder = s->subscriber + 1;
        }
        if (from <= q->at_ms + skew_ms && q->at_ms <= to + skew_ms) {
                q->nears += q->near != s->subscriber + 1;
                q->near = s->subscriber + 1;
        }
}

/* Compares every live question with the sessions of an hour. */
static void judge_hour(const struct workload *w, const struct hour *hour, unsigned first)
{
        for (unsigned i = first; i < question_count; i++) {
                struct question *q = &questions[i];
                uint32_t *head = head_of(w, q->outside, q->port, q->protocol);
                q->next = *head;
                *head = i + 1;
        }
        for (unsigned i = 0; i < hour->count; i++) {
                const struct session *s = &hour->sessions[i];
                uint32_t k = *head_of(w, w->outside[s->subscriber], s->port, s->protocol);
                for (; k; k = questions[k - 1].next)
                        if (same_endpoint(w, &questions[k - 1], s))
                                judge(&questions[k - 1], s, hour->begins_ms, w->options.skew_ms);
        }
        for (unsigned i = first; i < question_count; i++)
                *head_of(w, questions[i].outside, questions[i].port, questions[i].protocol) = 0;
}

/* No session lasts longer than an hour: a question drawn in an hour lies in it or the next one, and whoever
 * holds it began in the hour before, in it, or in the next. */
void truth_hour(struct workload *w, unsigned hour)
{
        const struct options *o = &w->options;

        if (!questions) {
                questions = need(calloc(o->questions, sizeof *questions));
                heads = need(calloc(HEADS, sizeof *heads));
        }
        first_live = first_of_hour;
        first_of_hour = question_count;
        unsigned until = (unsigned)((uint64_t)o->questions * (hour < o->hours ? hour + 1 : hour) / o->hours);
        for (; question_count < until && w->now.count; question_count++)
                make_question(w, &questions[question_count], question_count);
        if (question_count > first_live)
                judge_hour(w, &w->now, first_live);
        if (question_count > first_of_hour)
                judge_hour(w, &w->before, first_of_hour);
}

static void print_address(FILE *file, uint32_t address)
{
        fprintf(file, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

static void write_question(FILE *file, const struct question *q)
{
        time_t seconds = q->at_ms / 1000;
        struct tm utc;
        char text[32];

        gmtime_r(&seconds, &utc);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        print_address(file, FIRST_OUTSIDE + q->outside);
        fprintf(file, ",%u,%u,%s.%03uZ\n", q->port, q->protocol, text, (unsigned)(q->at_ms % 1000));
}

void truth_finish(struct workload *w, const char *path, const char *truth_path)
{
        FILE *file = fopen(path, "w"), *truth = fopen(truth_path, "w");

        if (!file || !truth)
                die(file ? truth_path : path);
        fputs("address,port,protocol,time\n", file);
        fputs("holders,holder,near_holders,near_holder\n", truth);
        /* Drawn hour after hour; asked in another order, as questions come. */
        for (unsigned i = question_count; i > 1; i--) {
                unsigned k = w->options.hours > 1 ? below(i) : i - 1;
                struct question q = questions[i - 1];
                questions[i - 1] = questions[k];
                questions[k] = q;
        }
        for (unsigned i = 0; i < question_count; i++) {
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
        bool failed = fclose(file) != 0;
        if (fclose(truth) != 0 || failed)
                die(path);
        free(questions);
        free(heads);
}
