/* SPDX-License-Identifier: EUPL-1.2 */
/* No wrong name out of a live node: simulated NATs and access servers send to one what they send, with every
 * fault on the way; it is asked at random moments about what just happened and about before, it merges, is
 * killed, loses the end of its journal, and begins again. In the end it has to say what an import of the same
 * messages says.
 *
 *   wrong_live_test [QUESTIONS [SEED [SOURCE]]] */
#include "answers.h"
#include "intake/intake.h"
#include "live/view.h"
#include "live_model.h"
#include "sealed.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUESTIONS_SHORT 12000
#define SOURCES_MAX 96
#define ASKED_MAX 16384
#define SHORT_BLOCK_MS (20 * TIME_MINUTE)

enum age { AGE_EDGE, AGE_MINUTE, AGE_OLD, AGE_STORED, AGE_END, AGE_COUNT };
static const char *const age_names[AGE_COUNT] = {
        "the last 5 s", "the last minute", "before", "the store alone", "everything merged"};

struct tally {
        uint64_t questions, one, none, wrong;
        uint64_t whole, needless; /* of lossless worlds: where the import knows; where the node did not */
};

/* A question that was asked while it went on; shared with the processes that ask. */
struct asked {
        struct question question;
        int64_t at; /* time of receipt */
        uint8_t verdict, age;
};

struct shared {
        struct tally ages[AGE_COUNT];
        struct asked asked[ASKED_MAX];
        size_t asked_count;
        uint64_t wrong, bolder, contradicted;
};

struct round {
        const struct source *source;
        struct scenario scenario;
        struct telling telling;
        struct world world;
        struct log_files files;
        struct received_list received;
        struct live_model model;
        struct dice *dice;
        const char *folder;
        char store[160], imported[160];
        uint64_t seed;
        int64_t uncertainty_ms, lease_late_ms, heartbeat_ms[2];
        bool radius_leases, stamped, loses_here, crashes, is_conntrack;
        unsigned pieces, asks;
};

static const struct source *sources[SOURCES_MAX];
static unsigned source_count;
static struct shared *shared;
static bool verbose;

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status, (void)kind, (void)place;
        return remove(path);
}

/* --- Sources of this test alone --- */

static void write_plain(struct telling *t)
{
        log_write(t->world, t->folder, t->dice, t->files);
}

static void write_nothing(struct telling *t)
{
        (void)t;
}

static const struct source own_sources[] = {
        {.name = "ipfix",
                .kinds = SESSIONS | MAPPINGS | BLOCKS,
                .flags = SOURCE_DESTINATIONS,
                .write = write_plain},
        {.name = "netflow v9",
                .kinds = SESSIONS | BLOCKS,
                .flags = SOURCE_DESTINATIONS,
                .write = write_plain},
        {.name = "conntrack of this machine",
                .kinds = SESSIONS,
                .flags = SOURCE_TEXT | SOURCE_DESTINATIONS | SOURCE_DEPENDENT,
                .write = write_nothing},
};

static void gather(const struct source *list, size_t count, const char *part)
{
        for (size_t i = 0; i < count; i++)
                if (!part || strstr(list[i].name, part))
                        sources[source_count++] = &list[i];
}

/* --- The scenario --- */

static void choose_faults(struct scenario *s, unsigned flags, struct dice *dice)
{
        s->lost = dice_chance(dice, 400) ? (unsigned)dice_range(dice, 0, 60) : 0;
        s->lost_burst = dice_chance(dice, 300) ? (unsigned)dice_range(dice, 0, 10) : 0;
        s->duplicated = dice_chance(dice, 400) ? (unsigned)dice_range(dice, 0, 100) : 0;
        s->reordered = dice_chance(dice, 400) ? (unsigned)dice_range(dice, 0, 100) : 0;
        s->silent_losses = dice_chance(dice, 400);
        if (flags & SOURCE_TEXT && !(flags & SOURCE_CAPTURE))
                return;
        s->truncated = dice_chance(dice, 200) ? (unsigned)dice_range(dice, 0, 20) : 0;
        if (flags & SOURCE_TEXT)
                return;
        s->late = dice_chance(dice, 300) ? (unsigned)dice_range(dice, 0, 100) : 0;
        s->restart = dice_chance(dice, 250);
        s->restart_keeps = dice_chance(dice, 500);
        if (dice_chance(dice, 150))
                s->runaway_ms = dice_range(dice, -2 * TIME_HOUR, 2 * TIME_HOUR);
        if (llabs(s->runaway_ms) <= 2 * TIME_SECOND) /* within the uncertainty, that is not off */
                s->runaway_ms = 0;
        if (dice_chance(dice, 150))
                s->step_ms = dice_range(dice, -TIME_HOUR, TIME_HOUR);
}

static enum nat_kind choose_kind(unsigned kinds, struct dice *dice)
{
        for (;;) {
                enum nat_kind kind = (enum nat_kind)dice_range(dice, NAT_SESSION, NAT_BLOCK);
                if (kinds & SOURCE_KIND(kind))
                        return kind;
        }
}

static void settle_lossless(struct scenario *s, unsigned flags)
{
        bool untold = s->kind == NAT_SESSION && (!s->keep_destinations || s->destinations_untold);

        if (flags & (SOURCE_TEXT | SOURCE_SECONDS))
                s->keep_destinations = true;
        else if (untold)
                s->longest_session_ms = 4 * TIME_HOUR;
        if (s->kind == NAT_SESSION && !(flags & SOURCE_DESTINATIONS))
                s->dependent = false;
        s->block_life_ms = SHORT_BLOCK_MS;
        s->warm = false;
        s->declared = true;
        s->leases_lost = false;
}

static struct scenario choose_scenario(const struct source *source, struct dice *dice)
{
        /* The hour that comes twice, the one that never comes; an ordinary day. */
        static const int64_t days[] = {INT64_C(1792885800000), INT64_C(1774742400000), 0, 0};
        unsigned flags = source->flags;
        bool ipv6 = strstr(source->name, "jool") != NULL;
        struct scenario s = {
                .kind = choose_kind(source->kinds, dice),
                .dependent = dice_chance(dice, flags & SOURCE_DEPENDENT ? 700 : 300),
                .keep_destinations = dice_chance(dice, 500),
                .leases = flags & SOURCE_SUBSCRIBERS || (!ipv6 && dice_chance(dice, 500)),
                .leases_lost = dice_chance(dice, 400),
                .warm = dice_chance(dice, 400),
                .netflow9 = strcmp(source->name, "netflow v9") == 0,
                .capture = true,
                .declared = dice_chance(dice, 700),
                .domains = source->write == write_plain && dice_chance(dice, 400) ? 2 : 1,
                .files = 1,
                .lossless = dice_chance(dice, 300),
                .exact = dice_chance(dice, 600),
                .longest_session_ms = LONGEST_SESSION_MS,
                .begin_ms = flags & SOURCE_ZONE ? days[dice_range(dice, 0, 3)] : 0,
        };

        if (s.kind != NAT_SESSION)
                s.dependent = false; /* mappings and blocks serve every destination */
        s.destinations_untold = s.kind == NAT_SESSION && !(flags & SOURCE_DESTINATIONS);
        s.clock_error_ms = s.exact ? 0 : (int)dice_range(dice, -1900, 1900);
        if (!s.lossless)
                choose_faults(&s, flags, dice);
        else
                settle_lossless(&s, flags);
        return s;
}

/* --- The store --- */

static enum loss_detection loss_of(const struct round *round)
{
        unsigned flags = round->source->flags;

        if (!(flags & SOURCE_TEXT) || flags & (SOURCE_NO_ENDS | SOURCE_GLIMPSES | SOURCE_ENDS))
                return LOSS_AUTOMATIC;
        return round->scenario.silent_losses && (round->scenario.lost || round->scenario.lost_burst)
                       ? LOSS_AUTOMATIC
                       : LOSS_REPORTED;
}

static void declare_exporter(
        const struct round *round, const char *name, const char *realm, unsigned sender, struct buffer *text)
{
        const struct scenario *s = &round->scenario;
        struct exporter_settings exporter = exporter_defaults(name, realm);
        struct prefix address = {.address = address_from_ipv4(0xc0000201u + sender), .length = 128},
                      outside = {.address = address_from_ipv4(OUTSIDE_FIRST + sender), .length = 128};
        struct error error = {0};

        exporter.address = (struct prefix_list){.items = &address, .count = 1};
        exporter.delay_ms = s->late ? 27 * TIME_SECOND : s->reordered ? 5 * TIME_SECOND : 2 * TIME_SECOND;
        exporter.restart_keeps = s->restart_keeps || s->warm;
        exporter.heartbeat_ms = round->heartbeat_ms[sender];
        exporter.loss = loss_of(round);
        if (round->source->dialect && (round->source->flags & SOURCE_DECLARED || round->telling.style & 32))
                snprintf(exporter.dialect, sizeof exporter.dialect, "%s", round->source->dialect);
        if (round->telling.needs_zone)
                snprintf(exporter.zone, sizeof exporter.zone, "%s",
                        round->telling.local ? "Europe/Berlin" : "UTC");
        if (round->telling.needs_year)
                exporter.year =
                        time_to_civil(round->world.log_from + (round->telling.local ? TIME_HOUR : 0)).year;
        if (round->telling.relayed && round->telling.style & 16)
                exporter.outside = (struct prefix_list){.items = &outside, .count = 1};
        live_must(settings_write_exporter(text, &exporter), &error, "settings");
}

/* Access servers: they lend no outside address, so they count in a realm of NATs only if they are thought to.
 */
static void declare_access_server(const char *name, unsigned sender, struct buffer *text)
{
        struct exporter_settings exporter = exporter_defaults(name, "sim");
        struct prefix address = {.address = address_from_ipv4(0xc0000201u + sender), .length = 128},
                      outside = {.address = address_from_ipv4(0xcb0071fe), .length = 128};
        struct error error = {0};

        exporter.heartbeat_ms = TIME_HOUR;
        exporter.address = (struct prefix_list){.items = &address, .count = 1};
        exporter.outside = (struct prefix_list){.items = &outside, .count = 1};
        live_must(settings_write_exporter(text, &exporter), &error, "settings");
}

static void declare(const struct round *round, struct depot *depot)
{
        const struct scenario *s = &round->scenario;
        struct buffer text = buffer_make(65536);
        struct realm_settings realm = realm_defaults("sim");
        struct error error = {0};
        unsigned flags = round->source->flags;
        bool resent = flags & SOURCE_SUBSCRIBERS && (s->lost || s->lost_burst || s->truncated);

        realm.longest_session_ms = s->longest_session_ms;
        realm.longest_block_ms = s->block_life_ms ? s->block_life_ms : LONGEST_BLOCK_MS;
        realm.lease_log_complete = !s->leases_lost && !resent;
        realm.keep_destinations = s->keep_destinations;
        if (!s->exact && round->telling.grain_ms)
                realm.uncertainty_ms = 2000 + round->telling.grain_ms;
        if (s->declared)
                realm.mapping = s->dependent ? MAPPING_DESTINATION_DEPENDENT : MAPPING_ENDPOINT_INDEPENDENT;
        seal_where_asked(depot, &realm);
        live_must(settings_write_realm(&text, &realm), &error, "settings");
        declare_exporter(round, round->telling.relayed ? "nat0" : "cgn", "sim", 0, &text);
        if (round->telling.relayed)
                declare_exporter(round, "nat1", "sim", 1, &text);
        if (round->radius_leases) {
                declare_access_server("bras0", 2, &text);
                declare_access_server("bras1", 3, &text);
        }
        live_must(depot_add_settings(depot, &text, &error), &error, "settings");
        buffer_free(&text);
}

static void make_store(const struct round *round, const char *path)
{
        struct depot *depot;
        struct error error = {0};

        live_must(depot_open(path, DEPOT_CREATE, &depot, &error), &error, path);
        declare(round, depot);
        depot_close(depot);
}

static void import_file(const char *store, const char *path, const char *exporter)
{
        struct intake_options options = {.exporter = exporter, .format = "auto", .realm = "sim"};
        struct intake_summary summary;
        struct depot *depot;
        struct intake *intake;
        struct error error = {0};

        live_must(depot_open(store, DEPOT_WRITE, &depot, &error), &error, store);
        live_must(intake_new(depot, &options, NULL, NULL, &intake, &error), &error, "import");
        int r = intake_file(intake, path, &error);
        if (r < 0 && r != -EINVAL)
                live_must(r, &error, path);
        live_must(intake_commit(intake, &summary, &error), &error, "commit");
        intake_free(intake);
        depot_close(depot);
}

/* --- Asking --- */

static void judge(struct round *round, const struct answer *a, enum age age)
{
        struct tally *tally = &shared->ages[age];
        const char *wrong = answers_mistake(&round->world, a, round->telling.grain_ms);

        tally->questions++;
        tally->one += a->verdict == VERDICT_ONE;
        tally->none += a->verdict == VERDICT_NONE;
        if (!wrong)
                return;
        tally->wrong++;
        if (shared->wrong++ < 5 || verbose) {
                fprintf(stderr,
                        "%s, asked at receipt time %" PRId64
                        " ms behind (%s), crashes %u merges %u, %s leases%s "
                        "relayed %d:\n",
                        round->source->name, round->model.now_ms - a->question.at_ms, age_names[age],
                        round->model.crashes, round->model.merges, round->radius_leases ? "radius" : "table",
                        round->lease_late_ms ? " late" : "", round->telling.relayed);
                answers_print(&round->world, a, round->seed, wrong);
        }
}

/* A customer who has just got an address that was another's; NULL where none has. */
static const struct hold *find_newcomer(struct round *round)
{
        const struct world *w = &round->world;
        int64_t now = round->model.now_ms;

        for (unsigned i = 0; i < 500; i++) {
                const struct hold *h = &w->holds[dice_range(round->dice, 0, (int64_t)w->hold_count - 1)];
                if (h->from > now || h->from < now - 30000)
                        continue;
                if (world_subscriber(w, h->inside, h->from) !=
                        world_subscriber(w, h->inside, h->from - 15000))
                        return h;
        }
        return NULL;
}

/* About what happens just now, and how it was before. */
static struct question choose_question(struct round *round)
{
        struct question q = answers_choose(&round->world, round->dice);
        int64_t now = round->model.now_ms,
                least = round->scenario.exact ? round->telling.grain_ms : round->uncertainty_ms;

        const struct hold *newcomer =
                round->scenario.tenure_ms && dice_chance(round->dice, 300) ? find_newcomer(round) : NULL;
        for (unsigned i = 0; i < 400 && (newcomer || !dice_chance(round->dice, 3)); i++) {
                const struct hold *h = newcomer;
                if (!h)
                        h = &round->world
                                     .holds[dice_range(round->dice, 0, (int64_t)round->world.hold_count - 1)];
                int64_t edge = h->to < now && !newcomer ? h->to : h->from;
                if (!newcomer && (edge > now + 3000 || edge < now - 20000))
                        continue;
                q.address = address_from_ipv4(h->outside);
                q.port = (int)dice_range(round->dice, h->port_first, h->port_last);
                q.protocol = h->protocol ? h->protocol : 6;
                q.destination = (struct address){{0}};
                q.destination_port = -1;
                q.at_ms = dice_chance(round->dice, 500) ? edge + dice_range(round->dice, -3000, 6000)
                                                        : now - dice_range(round->dice, -100, 9000);
                break;
        }
        if (q.at_ms > now && dice_chance(round->dice, 900))
                q.at_ms = now - dice_range(round->dice, 0, 6000);
        if (q.skew_ms >= 0 && q.skew_ms < least)
                q.skew_ms = least;
        return q;
}

static void note_asked(struct round *round, const struct answer *a, enum age age)
{
        if (!round->scenario.lossless || shared->asked_count == ASKED_MAX)
                return;
        shared->asked[shared->asked_count++] = (struct asked){.question = a->question,
                .at = round->model.now_ms,
                .verdict = (uint8_t)a->verdict,
                .age = (uint8_t)age};
}

static void ask_stored(struct round *round, const char *store, unsigned count, enum age age)
{
        struct depot *depot;
        struct inquiry *inquiry;
        struct error error = {0};

        live_must(depot_open(store, DEPOT_READ, &depot, &error), &error, store);
        live_must(inquiry_new(depot, &inquiry, &error), &error, "inquiry");
        for (unsigned i = 0; i < count; i++) {
                struct question q = choose_question(round);
                struct answer answer;
                live_must(inquiry_ask(inquiry, &q, &answer, &error), &error, "ask");
                judge(round, &answer, age);
                answer_free(&answer);
        }
        inquiry_free(inquiry);
        depot_close(depot);
}

static void ask_view(struct round *round, unsigned count)
{
        struct live_view view;
        struct error error = {0};
        int64_t now = round->model.now_ms;

        live_must(live_view_open(&view, &round->model.generations, round->store, &error), &error, "view");
        for (unsigned i = 0; i < count; i++) {
                struct question q = choose_question(round);
                enum age age = q.at_ms > now - 5000 ? AGE_EDGE : q.at_ms > now - 60000 ? AGE_MINUTE : AGE_OLD;
                struct answer answer;
                live_must(live_view_turn(&view, &q.address, now, &error), &error, "turn");
                live_must(inquiry_ask(view.inquiry, &q, &answer, &error), &error, "ask");
                judge(round, &answer, age);
                note_asked(round, &answer, age);
                answer_free(&answer);
        }
        live_view_close(&view);
}

/* In a process of its own, as the node does it. */
static void ask(struct round *round, unsigned count)
{
        int status;
        pid_t pid = fork();

        dice_roll(round->dice);
        if (pid == 0) {
                round->model.interrupt = NULL;
                ask_view(round, count);
                if (dice_chance(round->dice, 300))
                        ask_stored(round, round->store, count / 4 + 1, AGE_STORED);
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                fprintf(stderr, "a process that answers failed in the round of seed %" PRIu64 "\n",
                        round->seed);
                exit(1);
        }
}

static void on_interrupt(void *context)
{
        struct round *round = context;

        if (dice_chance(round->dice, 300))
                live_turn(&round->model);
        else
                ask(round, 4);
}

static void ask_between(void *context)
{
        struct round *round = context;

        if (dice_chance(round->dice, 300))
                ask(round, 10);
}

/* --- The messages --- */

/* This machine cannot keep up: it drops, and knows it. */
static void drop_some(struct round *round)
{
        unsigned burst = 0, per_mille = (unsigned)dice_range(round->dice, 1, 8);

        for (size_t i = 0; i < round->received.count; i++) {
                struct received *r = &round->received.items[i];
                if (burst == 0 && dice_chance(round->dice, per_mille))
                        burst = (unsigned)dice_range(round->dice, 1, 20);
                burst -= burst > 0;
                r->dropped = burst > 0 && r->sender < 2; /* access servers send again */
        }
}

static void make_messages(struct round *round)
{
        struct telling *t = &round->telling;
        unsigned flags = round->source->flags;
        struct scenario *s = &round->world.scenario, whole = *s;

        /* What is lost and noticed is lost here, not on the way. */
        if (flags & SOURCE_TEXT && !s->silent_losses) {
                round->loses_here = s->lost || s->lost_burst;
                s->lost = s->lost_burst = 0;
        } else {
                round->loses_here = !s->lossless && dice_chance(round->dice, 200);
        }
        if (round->is_conntrack) {
                received_conntrack(&round->received, t, round->stamped);
        } else if (flags & SOURCE_TEXT && !(flags & SOURCE_CAPTURE)) {
                received_lines(&round->received, t);
        } else {
                round->source->write(t);
                received_read(&round->received, round->files.paths[0], 0);
        }
        /* Messages that took over others came later. */
        for (size_t i = 1; i < round->received.count && !(flags & SOURCE_TEXT && !(flags & SOURCE_CAPTURE));
                i++)
                if (round->received.items[i].at < round->received.items[i - 1].at)
                        round->received.items[i].at = round->received.items[i - 1].at;
        if (round->radius_leases)
                received_leases(&round->received, t, 2, round->lease_late_ms);
        received_sort(&round->received);
        if (round->loses_here)
                drop_some(round);
        s->lost = whole.lost;
        s->lost_burst = whole.lost_burst;
}

/* --- One run --- */

static void crash(struct round *round, size_t next)
{
        struct live_model *model = &round->model;
        size_t least = model->marked;
        bool power = dice_chance(round->dice, 300);
        unsigned missed = dice_chance(round->dice, 500) ? (unsigned)dice_range(round->dice, 0, 40) : 0;

        /* Nobody listens until it runs again; access servers send again what nobody answers. */
        for (size_t i = next; missed-- > 0 && i < round->received.count; i++) {
                struct received *r = &round->received.items[i];
                model->now_ms = r->at;
                r->missed = r->content != RECEPTION_RADIUS;
        }

        /* What was not flushed is lost when the process is killed, but for accounting, which is answered only
         * behind it; what was not synced is lost with the machine. */
        if (power)
                least = model->released;
        for (size_t i = least; i < model->journal_count; i++)
                if (model->journal[i].kind == LIVE_MESSAGE && model->journal[i].content == RECEPTION_RADIUS)
                        least = i + 1;
        live_crash(model, dice_chance(round->dice, 500) ? model->journal_count
                                                        : (size_t)dice_range(round->dice, (int64_t)least,
                                                                  (int64_t)model->journal_count));
}

static void happen(struct round *round, size_t next)
{
        struct live_model *model = &round->model;

        if (dice_chance(round->dice, round->pieces))
                live_tell(model);
        if (dice_chance(round->dice, round->asks))
                ask(round, 8);
        if (dice_chance(round->dice, 4)) {
                live_turn(model);
                live_merge(model, ask_between, dice_chance(round->dice, 800));
        }
        if (dice_chance(round->dice, 2))
                live_turn(model);
        if (round->crashes && dice_chance(round->dice, 3))
                crash(round, next);
}

static void run(struct round *round)
{
        struct live_model *model = &round->model;
        bool was_dropped[RECEPTION_CONTENT_COUNT] = {false};

        live_begin(model);
        for (size_t i = 0; i < round->received.count; i++) {
                const struct received *r = &round->received.items[i];
                model->now_ms = r->at > model->now_ms ? r->at : model->now_ms;
                if (r->missed)
                        continue;
                if (r->dropped) {
                        was_dropped[r->content] = true;
                        happen(round, i + 1);
                        continue;
                }
                if (was_dropped[r->content])
                        live_lose(model, r->content,
                                dice_chance(round->dice, 500) || r->content == RECEPTION_CONNTRACK ||
                                                round->telling.relayed
                                        ? EXPORTER_EVERY
                                        : (uint16_t)0,
                                r->at);
                was_dropped[r->content] = false;
                live_take(model, r);
                if (round->is_conntrack && dice_chance(round->dice, 300))
                        live_listened(model);
                happen(round, i + 1);
        }
        live_tell(model);
        ask(round, 40);
        live_turn(model);
        live_merge(model, NULL, true);
}

/* What an import knows is told from what the node says. */
static void compare(struct round *round)
{
        struct depot *live, *whole;
        struct inquiry *of_live, *of_whole;
        struct error error = {0};
        bool equal = !round->crashes && !round->loses_here;

        live_must(depot_open(round->store, DEPOT_READ, &live, &error), &error, round->store);
        live_must(inquiry_new(live, &of_live, &error), &error, "inquiry");
        live_must(depot_open(round->imported, DEPOT_READ, &whole, &error), &error, round->imported);
        live_must(inquiry_new(whole, &of_whole, &error), &error, "inquiry");
        for (unsigned i = 0; i < 60; i++) {
                struct question q = choose_question(round);
                struct answer a, b;
                live_must(inquiry_ask(of_live, &q, &a, &error), &error, "ask");
                live_must(inquiry_ask(of_whole, &q, &b, &error), &error, "ask");
                judge(round, &a, AGE_END);
                if (round->scenario.lossless && b.verdict != VERDICT_UNKNOWN) {
                        shared->ages[AGE_END].whole++;
                        shared->ages[AGE_END].needless += a.verdict == VERDICT_UNKNOWN;
                }
                bool bolder = a.verdict != VERDICT_UNKNOWN && b.verdict == VERDICT_UNKNOWN,
                     contradicts = a.verdict != b.verdict && a.verdict != VERDICT_UNKNOWN &&
                                   b.verdict != VERDICT_UNKNOWN;
                shared->bolder += bolder;
                shared->contradicted += contradicts;
                if ((verbose && (bolder || contradicts)) ||
                        (verbose && equal && a.verdict != b.verdict && round->scenario.lossless)) {
                        fprintf(stderr, "%s crashes %u:\n", round->source->name, round->model.crashes);
                        answers_print(&round->world, &a, round->seed, "LIVE");
                        answers_print(&round->world, &b, round->seed, "IMPORTED");
                }
                answer_free(&a);
                answer_free(&b);
        }
        for (size_t i = 0; i < shared->asked_count; i++) {
                struct asked *asked = &shared->asked[i];
                struct answer b;
                live_must(inquiry_ask(of_whole, &asked->question, &b, &error), &error, "ask");
                if (b.verdict != VERDICT_UNKNOWN) {
                        shared->ages[asked->age].whole++;
                        shared->ages[asked->age].needless += asked->verdict == VERDICT_UNKNOWN;
                }
                answer_free(&b);
        }
        shared->asked_count = 0;
        inquiry_free(of_live);
        inquiry_free(of_whole);
        depot_close(live);
        depot_close(whole);
}

static void prepare(struct round *round)
{
        struct dice *dice = round->dice;
        unsigned flags = round->source->flags;
        bool lines = flags & SOURCE_TEXT && !(flags & SOURCE_CAPTURE);

        round->scenario = choose_scenario(round->source, dice);
        round->is_conntrack = round->source->write == write_nothing;
        round->stamped = dice_chance(dice, 500);
        if (round->is_conntrack) {
                /* A kernel says what it loses, and nothing overtakes anything. */
                round->scenario.silent_losses = false;
                round->scenario.reordered = round->scenario.duplicated = 0;
        }
        bool quick = round->scenario.leases && !(flags & SOURCE_SUBSCRIBERS) && dice_chance(dice, 400);
        if (quick)
                round->scenario.tenure_ms = dice_range(dice, 20, 300) * TIME_SECOND;
        world_make(&round->world, &round->scenario, dice);
        round->radius_leases =
                round->scenario.leases && !(flags & SOURCE_SUBSCRIBERS) && (quick || dice_chance(dice, 600));
        round->lease_late_ms =
                round->radius_leases && dice_chance(dice, 400) ? dice_range(dice, 1000, 20000) : 0;
        round->crashes = dice_chance(dice, 400);
        for (unsigned i = 0; i < 2; i++)
                round->heartbeat_ms[i] = round->scenario.lossless || dice_chance(dice, 500)
                                                 ? TIME_HOUR
                                                 : dice_range(dice, 1, 20) * TIME_MINUTE;
        round->pieces = (unsigned)dice_range(dice, 1, 3) * 300;
        round->asks = 15;
        round->telling = (struct telling){.world = &round->world,
                .source = round->source,
                .dice = dice,
                .folder = round->folder,
                .files = &round->files,
                .style = (unsigned)dice_range(dice, 0, 1 << 16),
                .local = flags & SOURCE_ZONE && (round->scenario.begin_ms || dice_chance(dice, 300)),
                .relayed = lines && !round->is_conntrack && round->world.outsides == 2 &&
                           dice_chance(dice, 500)};
        make_messages(round);
        round->files.leases[0] = '\0';
        if (round->scenario.leases && !round->radius_leases && !(flags & SOURCE_SUBSCRIBERS))
                log_write_leases(&round->world, round->folder, dice, &round->files);
        round->uncertainty_ms = round->scenario.exact ? 2000 : 2000 + round->telling.grain_ms;
}

static void play_round(uint64_t seed)
{
        struct dice dice = {.state = seed};
        unsigned index = (unsigned)(seed % source_count);
        const char *parent = getenv("TMPDIR");
        char folder[128], capture[160];
        struct round round = {.source = sources[index], .seed = seed, .dice = &dice, .folder = folder};

        dice_roll(&dice);
        snprintf(folder, sizeof folder, "%s/rogatory-property-XXXXXX", parent ? parent : "/tmp");
        if (!mkdtemp(folder)) {
                perror(folder);
                exit(1);
        }
        snprintf(round.store, sizeof round.store, "%s/live", folder);
        snprintf(round.imported, sizeof round.imported, "%s/imported", folder);
        snprintf(capture, sizeof capture, "%s/capture", folder);
        prepare(&round);
        round.model = (struct live_model){
                .store = round.store, .dice = &dice, .interrupt = on_interrupt, .context = &round};
        if (round.world.hold_count > 0 && round.received.count > 0) {
                bool lines = round.source->flags & SOURCE_TEXT && !(round.source->flags & SOURCE_CAPTURE);
                make_store(&round, round.store);
                if (round.files.leases[0])
                        import_file(round.store, round.files.leases, "leases");
                run(&round);
                /* Lines are not read out of captures. */
                if (!lines) {
                        make_store(&round, round.imported);
                        received_write(&round.received, capture);
                        import_file(round.imported, capture, NULL);
                        if (round.files.leases[0])
                                import_file(round.imported, round.files.leases, "leases");
                        compare(&round);
                } else {
                        ask_stored(&round, round.store, 60, AGE_END);
                        shared->asked_count = 0;
                }
                live_end(&round.model);
        }
        live_free(&round.model);
        received_free(&round.received);
        world_free(&round.world);
        if (!getenv("ROGATORY_KEEP"))
                nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        else
                fprintf(stderr, "%s: %s\n", folder, round.source->name);
}

static double percent(uint64_t part, uint64_t whole)
{
        return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static uint64_t total(uint64_t *ret_wrong)
{
        uint64_t questions = 0;

        *ret_wrong = 0;
        for (unsigned i = 0; i < AGE_COUNT; i++) {
                questions += shared->ages[i].questions;
                *ret_wrong += shared->ages[i].wrong;
        }
        return questions;
}

int main(int count, char **arguments)
{
        uint64_t questions = count > 1 ? strtoull(arguments[1], NULL, 10) : QUESTIONS_SHORT;
        uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 20261122, wrong = 0;
        const char *part = count > 3 ? arguments[3] : NULL;

        verbose = getenv("ROGATORY_VERBOSE") != NULL;
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        gather(own_sources, sizeof own_sources / sizeof own_sources[0], part);
        gather(flow_sources, flow_source_count, part);
        gather(line_sources, line_source_count, part);
        gather(packet_sources, packet_source_count, part);
        gather(radius_sources, radius_source_count, part);
        if (!source_count || shared == MAP_FAILED)
                return 1;
        while (total(&wrong) < questions)
                play_round(seed++);
        printf("%-20s %9s %6s %6s %6s   %9s %8s\n", "asked about", "questions", "wrong", "one %", "none %",
                "lossless", "needless");
        for (unsigned i = 0; i < AGE_COUNT; i++) {
                const struct tally *t = &shared->ages[i];
                printf("%-20s %9" PRIu64 " %6" PRIu64 " %6.1f %6.1f   %9" PRIu64 " %7.1f%%\n", age_names[i],
                        t->questions, t->wrong, percent(t->one, t->questions), percent(t->none, t->questions),
                        t->whole, percent(t->needless, t->whole));
        }
        printf("%" PRIu64 " questions, %" PRIu64 " wrong; %" PRIu64 " contradict the import, %" PRIu64
               " are bolder\n",
                total(&wrong), wrong, shared->contradicted, shared->bolder);
        return wrong != 0 || shared->contradicted != 0;
}
