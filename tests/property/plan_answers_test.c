/* SPDX-License-Identifier: EUPL-1.2 */
/* Random plans, in pieces and in any order, with logs beside them, asked at random moments. What they prove
 * is worked out beside it in the plainest way, port by port and row by row: `one`, `several` and `none`
 * exactly where the rows prove them, `unknown` everywhere else, and never a name that is not the rows'.
 *
 *     plan_answers_test [ROUNDS [SEED]]
 */
#include "intake/import_test.h"

#include "inquiry/inquiry.h"
#include "wire/plan_csv.h"

#include <stdlib.h>

#define ADDRESSES 3
#define ROWS_MAX 400
#define SESSIONS_MAX 40
#define QUESTIONS 300
#define LOG_FROM 0
#define LOG_TO (3 * 3600)
#define FIRST_PORT 1000
#define PORTS 96
#define OUTSIDE UINT32_C(0xc6336407)     /* 198.51.100.7 and the next */
#define INSIDE_BASE UINT32_C(0x64400000) /* 100.64.0.0 */

static unsigned rounds = 40;
static uint64_t first_seed = 1;

struct session {
        int64_t from, to; /* seconds, both seen */
        unsigned port, host;
        uint32_t outside;
};

struct world {
        uint64_t seed;
        struct plan_row rows[ROWS_MAX];
        int64_t until[ROWS_MAX]; /* INT64_MAX: until further notice */
        bool disputed[ROWS_MAX];
        size_t count;
        struct session sessions[SESSIONS_MAX];
        size_t session_count;
        bool logs;
};

static unsigned draw(struct world *w, unsigned most)
{
        w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned)(w->seed >> 33) % most;
}

static int64_t at_second(int64_t second)
{
        return DAY_START + second * TIME_SECOND;
}

/* --- Plans --- */

static void add_row(struct world *w, struct plan_row row)
{
        struct error error = {0};

        if (w->count == ROWS_MAX)
                return;
        if (plan_row_check(&row, &error) < 0)
                fail_msg("%s", error.text);
        w->rows[w->count++] = row;
}

static struct plan_row make_row(uint32_t outside, unsigned host, int64_t from, unsigned first, unsigned width)
{
        struct address inside = address_from_ipv4(INSIDE_BASE + host);

        return (struct plan_row){.from_ms = at_second(from),
                .to_ms = TIME_UNKNOWN,
                .inside = host ? prefix_of(&inside, 128) : (struct prefix){.length = 0},
                .is_dynamic = host == 0,
                .outside = outside,
                .port_first = (uint16_t)first,
                .port_last = (uint16_t)(first + width - 1),
                .repeat_count = 1};
}

/* One time of an address, from `from` on (to, where the table says so): blocks of one width to hosts in some
 * order, some free, some the logs'; MAP's port sets; or one row for each protocol. */
static void add_epoch(struct world *w, uint32_t outside, int64_t from, int64_t to)
{
        unsigned width = 4u << draw(w, 3), style = draw(w, 4);

        for (unsigned block = 0; block < PORTS / width; block++) {
                unsigned host = 1 + draw(w, 5);
                if (draw(w, 6) == 0)
                        continue;
                struct plan_row row =
                        make_row(outside, draw(w, 8) ? host : 0, from, FIRST_PORT + block * width, width);
                if (to)
                        row.to_ms = at_second(to);
                if (style == 1) {
                        row.port_first = (uint16_t)(FIRST_PORT + block * 2);
                        row.port_last = (uint16_t)(row.port_first + 1);
                        row.repeat_every = (uint16_t)(PORTS / width * 2);
                        row.repeat_count = (uint16_t)(width / 2);
                }
                if (style == 2) {
                        row.protocol = 6;
                        add_row(w, row);
                        row.protocol = 17;
                        row.inside = make_row(outside, host % 5 + 1, from, FIRST_PORT, 1).inside;
                        row.is_dynamic = false;
                }
                add_row(w, row);
        }
}

static void make_plan(struct world *w)
{
        for (unsigned a = 0; a < ADDRESSES; a++) {
                int64_t from = 600 + draw(w, 1200);
                bool closed = draw(w, 2);
                for (unsigned epoch = 1 + draw(w, 3); epoch > 0; epoch--) {
                        int64_t next = from + 300 + draw(w, 2400);
                        add_epoch(w, OUTSIDE + a, from, closed ? next : 0);
                        from = next + (closed && draw(w, 3) == 0 ? 120 : 0);
                }
        }
        /* Somebody mistyped. */
        for (unsigned wrong = draw(w, 3); wrong > 0; wrong--)
                add_row(w, make_row(OUTSIDE + draw(w, ADDRESSES), 6, 600 + draw(w, 4000),
                                   FIRST_PORT + draw(w, PORTS - 8), 1 + draw(w, 8)));
}

static bool lends(const struct plan_row *row, unsigned port, int protocol)
{
        for (unsigned i = 0; i < row->repeat_count; i++)
                if (port >= row->port_first + i * (unsigned)row->repeat_every &&
                        port <= row->port_last + i * (unsigned)row->repeat_every)
                        return protocol < 0 || row->protocol == 0 || row->protocol == protocol;
        return false;
}

static bool share(const struct plan_row *a, const struct plan_row *b)
{
        if (a->outside != b->outside || (a->protocol && b->protocol && a->protocol != b->protocol))
                return false;
        for (unsigned port = FIRST_PORT; port < FIRST_PORT + 2 * PORTS; port++)
                if (lends(a, port, -1) && lends(b, port, -1))
                        return true;
        return false;
}

static bool same_holder(const struct plan_row *a, const struct plan_row *b)
{
        return address_compare(&a->inside.address, &b->inside.address) == 0;
}

static void weigh_plan(struct world *w)
{
        for (size_t i = 0; i < w->count; i++) {
                w->until[i] = w->rows[i].to_ms == TIME_UNKNOWN ? INT64_MAX : w->rows[i].to_ms;
                for (size_t k = 0; k < w->count && w->rows[i].to_ms == TIME_UNKNOWN; k++)
                        if (w->rows[k].from_ms > w->rows[i].from_ms && w->rows[k].from_ms < w->until[i] &&
                                share(&w->rows[i], &w->rows[k]))
                                w->until[i] = w->rows[k].from_ms;
        }
        for (size_t i = 0; i < w->count; i++) {
                w->disputed[i] = false;
                for (size_t k = 0; k < w->count && !w->disputed[i]; k++)
                        w->disputed[i] =
                                w->rows[k].from_ms < w->until[i] && w->rows[i].from_ms < w->until[k] &&
                                !same_holder(&w->rows[i], &w->rows[k]) && share(&w->rows[i], &w->rows[k]);
        }
}

/* The table in up to three files, its rows shuffled, imported one by one; some of them twice. */
static void import_plan(struct world *w, const char *store)
{
        unsigned files = 1 + draw(w, 3);
        struct buffer text[3];

        for (unsigned i = 0; i < files; i++) {
                text[i] = buffer_make(1u << 20);
                plan_csv_write_header(&text[i]);
        }
        for (size_t i = w->count; i > 1; i--) {
                size_t other = draw(w, (unsigned)i);
                struct plan_row swapped = w->rows[other];
                w->rows[other] = w->rows[i - 1];
                w->rows[i - 1] = swapped;
        }
        for (size_t i = 0; i < w->count; i++)
                for (unsigned twice = 0; twice < 1 + (draw(w, 8) == 0); twice++)
                        plan_csv_write_row(&w->rows[i], &text[draw(w, files)]);
        for (unsigned i = 0; i < files; i++) {
                make_file("plan.csv", &text[i]);
                for (unsigned twice = 0; twice < 1 + draw(w, 2); twice++)
                        import_with(store, &(const struct intake_options){.exporter = "plan"},
                                (const char *const[]){"plan.csv", NULL});
                buffer_free(&text[i]);
        }
}

/* --- Logs --- */

static int compare_lines(const void *left, const void *right)
{
        return strcmp(left, right);
}

/* Sessions of which both edges are seen, in a log that is heard throughout; no two at once on one port. */
static void import_log(struct world *w, const char *store)
{
        static char lines[4 * SESSIONS_MAX + 1000][160];
        struct buffer log = buffer_make(1u << 20);
        size_t count = 0;
        char time[TIME_TEXT_MAX], address[ADDRESS_TEXT_MAX];

        while (w->session_count < SESSIONS_MAX) {
                struct session s = {.from = 400 + 7 * draw(w, 1000),
                        .port = FIRST_PORT + 2 * (unsigned)w->session_count,
                        .host = 1 + draw(w, 5),
                        .outside = OUTSIDE + draw(w, ADDRESSES)};
                s.to = s.from + 1 + draw(w, 900);
                w->sessions[w->session_count++] = s;
                for (int end = 0; end < 2; end++) {
                        struct address outside = address_from_ipv4(s.outside);
                        snprintf(lines[count++], sizeof lines[0], "%s,%s,tcp,%s,%u,100.64.0.%u,%u,mapping\n",
                                time_format_utc(at_second(end ? s.to : s.from), time), end ? "close" : "open",
                                address_format(&outside, address), s.port, s.host, 40000 + s.host);
                }
        }
        for (int64_t second = LOG_FROM; second <= LOG_TO; second += 30)
                for (int end = 0; end < 2; end++)
                        snprintf(lines[count++], sizeof lines[0],
                                "%s,%s,tcp,198.51.100.99,65000,100.64.0.250,1,mapping\n",
                                time_format_utc(at_second(second) + end, time), end ? "close" : "open");
        qsort(lines, count, sizeof lines[0], compare_lines);
        buffer_append_text(&log, CSV_HEADER);
        for (size_t i = 0; i < count; i++)
                buffer_append_text(&log, lines[i]);
        make_file("log.csv", &log);
        buffer_free(&log);
        IMPORT(store, "log.csv");
}

/* --- What is proven --- */

struct truth {
        bool covered, touched, dynamic, disputed;
        unsigned hosts;  /* bit set of those who held it by plan in the interval */
        unsigned logged; /* of those who held it by a log */
        /* A log's session that meets the interval was at some time not the plan's: within the hours that the
         * question reads, or only in others. */
        bool contradicted, contradicted_elsewhere;
};

/* Whose is the port by plan at this moment? 0: the logs', -1: nobody's, -2: the plan says nothing. */
static int holder_at(const struct world *w, const struct question *q, int64_t at, bool *ret_disputed)
{
        uint32_t outside = address_ipv4(&q->address);
        int holder = -2;

        *ret_disputed = false;
        for (size_t i = 0; i < w->count; i++) {
                if (w->rows[i].outside != outside || at < w->rows[i].from_ms || at >= w->until[i])
                        continue;
                if (holder == -2)
                        holder = -1;
                if (!lends(&w->rows[i], (unsigned)q->port, q->protocol))
                        continue;
                *ret_disputed = *ret_disputed || w->disputed[i];
                holder = w->rows[i].is_dynamic
                                 ? 0
                                 : (int)(address_ipv4(&w->rows[i].inside.address) - INSIDE_BASE);
        }
        return holder;
}

static int64_t hour_of(int64_t instant)
{
        return instant / TIME_HOUR;
}

/* Everything happens at whole seconds, so looking at each one and right before it sees all. */
static struct truth find_truth(const struct world *w, const struct question *q)
{
        struct truth t = {.covered = true};
        bool disputed;

        for (int64_t at = q->at_ms - q->skew_ms; at <= q->at_ms + q->skew_ms; at += 500) {
                int holder = holder_at(w, q, at, &disputed);
                t.covered = t.covered && holder != -2;
                t.touched = t.touched || holder != -2;
                t.dynamic = t.dynamic || holder == 0;
                t.disputed = t.disputed || disputed;
                t.hosts |= holder > 0 ? 1u << holder : 0;
        }
        for (size_t i = 0; i < w->session_count; i++) {
                const struct session *s = &w->sessions[i];
                if (s->port != (unsigned)q->port || s->outside != address_ipv4(&q->address) ||
                        q->protocol != 6 || at_second(s->to) < q->at_ms - q->skew_ms ||
                        at_second(s->from) > q->at_ms + q->skew_ms)
                        continue;
                t.logged |= 1u << s->host;
                for (int64_t second = s->from; second <= s->to; second++) {
                        int holder = holder_at(w, q, at_second(second), &disputed);
                        bool differs = holder == -1 || (holder > 0 && holder != (int)s->host);
                        bool read = hour_of(at_second(second)) >= hour_of(q->at_ms - q->skew_ms) &&
                                    hour_of(at_second(second)) <= hour_of(q->at_ms + q->skew_ms);
                        t.contradicted = t.contradicted || (differs && read);
                        t.contradicted_elsewhere = t.contradicted_elsewhere || differs;
                }
        }
        return t;
}

static unsigned names_of(const struct answer *answer)
{
        unsigned names = 0;

        for (size_t i = 0; i < answer->candidate_count; i++)
                names |= 1u << (address_ipv4(&answer->candidates[i].inside) - INSIDE_BASE);
        return names;
}

static struct {
        unsigned questions, verdicts[4], contradicted, dynamic;
} tally;

#define CHECK(condition, why)                                                                                \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        fail_msg("seed %llu: %s, but %s, reasons %x, names %x; plan %x, logs %x; port %d "   \
                                 "at second "                                                                \
                                 "%lld",                                                                     \
                                (unsigned long long)seed, why, verdict_name(a->verdict), a->reasons,         \
                                names_of(a), t->hosts, t->logged, q->port,                                   \
                                (long long)((q->at_ms - DAY_START) / 1000));                                 \
        } while (0)

static void check_answer(
        uint64_t seed, const struct question *q, const struct truth *t, const struct answer *a)
{
        bool single = t->hosts && (t->hosts & (t->hosts - 1)) == 0;
        bool claims = a->verdict != VERDICT_UNKNOWN;

        tally.contradicted += t->contradicted;
        tally.dynamic += t->dynamic;
        if (t->disputed) {
                CHECK(!claims, "rows contradict each other");
        } else if (t->touched && !t->dynamic && t->contradicted) {
                CHECK(!claims, "a log contradicts the plan");
        } else if (t->contradicted_elsewhere && !claims) {
                tally.contradicted++;
        } else if (t->covered && !t->dynamic) {
                CHECK(a->verdict == (single            ? VERDICT_ONE
                                            : t->hosts ? VERDICT_SEVERAL
                                                       : VERDICT_NONE),
                        "the plan decides");
                CHECK(names_of(a) == t->hosts, "the plan names others");
        } else {
                CHECK(!(names_of(a) & ~(t->hosts | t->logged)), "nobody else can have held it");
                CHECK(a->verdict != VERDICT_NONE || (t->hosts | t->logged) == 0, "somebody held it");
                CHECK(a->verdict != VERDICT_ONE || ((t->hosts | t->logged) & ~names_of(a)) == 0,
                        "somebody else held it too");
                CHECK(t->dynamic || !t->touched || a->verdict == VERDICT_UNKNOWN ||
                                a->verdict == VERDICT_SEVERAL,
                        "the plan does not say all of it");
        }
}

static struct question random_question(struct world *w)
{
        struct question q = {.address = address_from_ipv4(OUTSIDE + draw(w, ADDRESSES)),
                .port = (int)(FIRST_PORT - 4 + draw(w, PORTS + 8)),
                .protocol = draw(w, 3) ? 6 : 17,
                .at_ms = at_second(300 + draw(w, 9000)),
                .skew_ms = 1000 * (1 + draw(w, 3)),
                .destination_port = -1};

        /* Every other question is asked near an edge, many about what a log speaks of. */
        if (draw(w, 2) && w->count > 0)
                q.at_ms = w->rows[draw(w, (unsigned)w->count)].from_ms + ((int)draw(w, 9) - 4) * TIME_SECOND;
        if (draw(w, 3) == 0 && w->session_count > 0) {
                const struct session *s = &w->sessions[draw(w, (unsigned)w->session_count)];
                q.address = address_from_ipv4(s->outside);
                q.port = (int)s->port;
                q.protocol = 6;
                q.at_ms = at_second((draw(w, 2) ? s->from : s->to) + (int)draw(w, 9) - 4);
        }
        return q;
}

static void ask_all(struct world *w, const char *store, uint64_t seed)
{
        struct depot *depot = open_store(store, DEPOT_READ);
        struct inquiry *inquiry = NULL;
        struct error error = {0};

        assert_int_equal(inquiry_new(depot, &inquiry, &error), 0);
        for (unsigned i = 0; i < QUESTIONS; i++) {
                struct question q = random_question(w);
                struct truth truth = find_truth(w, &q);
                struct answer answer;
                if (inquiry_ask(inquiry, &q, &answer, &error) < 0)
                        fail_msg("seed %llu: %s", (unsigned long long)seed, error.text);
                check_answer(seed, &q, &truth, &answer);
                tally.questions++;
                tally.verdicts[answer.verdict]++;
                answer_free(&answer);
        }
        inquiry_free(inquiry);
        depot_close(depot);
}

static void test_plans(void **state)
{
        static struct world w;

        (void)state;
        for (uint64_t seed = first_seed; seed < first_seed + rounds; seed++) {
                char store[40];
                snprintf(store, sizeof store, "store-%llu", (unsigned long long)seed);
                w = (struct world){.seed = seed * 7919};
                make_store(store, draw(&w, 2)
                                          ? SETTINGS_DEFAULT
                                          : "[realm default]\nlongest-session = 10m\n[exporter cgn1]\nloss = "
                                            "reported\nrealm = default\n");
                make_plan(&w);
                w.logs = draw(&w, 2);
                if (w.logs)
                        import_log(&w, store);
                import_plan(&w, store);
                weigh_plan(&w);
                ask_all(&w, store, seed);
        }
        printf("%u questions: %u one, %u several, %u none, %u unknown; %u to the logs, %u contradicted\n",
                tally.questions, tally.verdicts[VERDICT_ONE], tally.verdicts[VERDICT_SEVERAL],
                tally.verdicts[VERDICT_NONE], tally.verdicts[VERDICT_UNKNOWN], tally.dynamic,
                tally.contradicted);
        for (int verdict = 0; verdict < 4; verdict++)
                assert_true(tally.verdicts[verdict] > 0);
}

int main(int count, char **arguments)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plans, scratch_setup, scratch_teardown)};

        if (count > 1)
                rounds = (unsigned)strtoul(arguments[1], NULL, 10);
        if (count > 2)
                first_seed = strtoull(arguments[2], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
