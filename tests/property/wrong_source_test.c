/* SPDX-License-Identifier: EUPL-1.2 */
/* No wrong name out of any source: simulated NATs, lease servers and plans tell of themselves in each of the
 * ways that rogatory reads, with faults, in local time, through relays, and sometimes read as another's.
 *
 *   wrong_source_test [QUESTIONS [SEED [SOURCE]]]     SOURCE: a part of a name in the table that is printed
 */
#include "answers.h"
#include "intake/intake.h"
#include "sealed.h"
#include "source.h"
#include "wire/dialect.h"
#include "wire/syslog.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define QUESTIONS_PER_ROUND 120
#define QUESTIONS_SHORT 15000
#define SOURCES_MAX 96
#define SHORT_BLOCK_MS (20 * TIME_MINUTE)

struct tally {
        uint64_t questions, wrong, one, none;
        uint64_t whole, whole_held; /* questions to lossless logs, and those whose port was somebody's */
        uint64_t needless, needless_held;
};

struct round {
        const struct source *source;
        struct scenario scenario;
        struct telling telling;
        char dialect[64];
        bool is_wrong;
        uint64_t seed;
        int64_t uncertainty_ms;
};

static const struct source *sources[SOURCES_MAX];
static struct tally tallies[SOURCES_MAX];
static unsigned source_count, wrongs;

static void gather(const struct source *list, size_t count, const char *part)
{
        for (size_t i = 0; i < count; i++)
                if (!part || strstr(list[i].name, part))
                        sources[source_count++] = &list[i];
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status, (void)kind, (void)place;
        return remove(path);
}

static void must_succeed(int r, const struct error *error, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %s\n", what, error->text);
        exit(1);
}

/* --- The scenario
 * --------------------------------------------------------------------------------------------------- */

static enum nat_kind choose_kind(unsigned kinds, struct dice *dice)
{
        for (;;) {
                enum nat_kind kind = (enum nat_kind)dice_range(dice, NAT_SESSION, NAT_BLOCK);
                if (kinds & SOURCE_KIND(kind))
                        return kind;
        }
}

static void choose_faults(struct scenario *s, unsigned flags, struct dice *dice)
{
        s->lost = dice_chance(dice, 500) ? (unsigned)dice_range(dice, 0, 60) : 0;
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
        if (s->capture && dice_chance(dice, 150))
                s->runaway_ms = dice_range(dice, -2 * TIME_HOUR, 2 * TIME_HOUR);
        if (llabs(s->runaway_ms) <= 2 * TIME_SECOND) /* within the uncertainty, that is not off */
                s->runaway_ms = 0;
        if (dice_chance(dice, 150))
                s->step_ms = s->capture ? dice_range(dice, -TIME_HOUR, TIME_HOUR)
                                        : dice_range(dice, 90 * TIME_SECOND, TIME_HOUR);
        /* What a loss hides is in no record (KNOWN_RISKS.md), and of a damaged file of NetFlow v9, whose
         * messages do not say how long they are, much is lost. */
        if (s->step_ms && !s->capture)
                s->lost_burst = s->truncated = 0;
}

/* The nights in which clocks change, and the year's end; 0: an ordinary day. */
static int64_t choose_day(struct dice *dice)
{
        static const int64_t days[] = {
                INT64_C(1792885800000), /* 2026-10-24T23:50Z: the hour from 2 to 3 comes twice */
                INT64_C(1774742400000), /* 2026-03-29T00:00Z: the hour from 2 to 3 never comes */
                INT64_C(1798754400000), /* 2026-12-31T22:00Z: an hour to the year's end in Berlin */
                0, 0};
        return days[dice_range(dice, 0, 4)];
}

static struct scenario choose_scenario(const struct source *source, struct dice *dice)
{
        unsigned flags = source->flags;
        bool ipv6 = strstr(source->name, "jool") != NULL;
        struct scenario s = {
                .kind = choose_kind(source->kinds, dice),
                .dependent = dice_chance(dice, flags & SOURCE_DEPENDENT ? 700 : 300),
                .keep_destinations = dice_chance(dice, 500),
                .leases = flags & (SOURCE_LEASES | SOURCE_SUBSCRIBERS) ||
                          (!(flags & SOURCE_PLAN) && !ipv6 && dice_chance(dice, 400)),
                .leases_lost = dice_chance(dice, 400),
                .warm = dice_chance(dice, 400),
                .capture = flags & SOURCE_CAPTURE || (!(flags & SOURCE_TEXT) && dice_chance(dice, 400)),
                .declared = dice_chance(dice, 700),
                .domains = 1,
                .files = (int)dice_range(dice, 1, 3),
                .lossless = dice_chance(dice, 300),
                .exact = dice_chance(dice, 600),
                .plan = flags & SOURCE_PLAN,
                .longest_session_ms = LONGEST_SESSION_MS,
                .begin_ms = flags & SOURCE_ZONE ? choose_day(dice) : 0,
        };

        if (s.kind != NAT_SESSION)
                s.dependent = false; /* mappings and blocks serve every destination */
        s.destinations_untold =
                s.kind == NAT_SESSION && !(flags & (SOURCE_DESTINATIONS | SOURCE_LEASES | SOURCE_PLAN));
        s.clock_error_ms = s.exact ? 0 : (int)dice_range(dice, -1900, 1900);
        if (!s.lossless) {
                choose_faults(&s, flags, dice);
                return s;
        }
        bool untold = s.kind == NAT_SESSION && (!s.keep_destinations || s.destinations_untold);
        if (flags & (SOURCE_TEXT | SOURCE_SECONDS))
                s.keep_destinations = true;
        else if (untold)
                s.longest_session_ms = 4 * TIME_HOUR;
        if (s.kind == NAT_SESSION && !(flags & SOURCE_DESTINATIONS) &&
                !(flags & (SOURCE_LEASES | SOURCE_PLAN)))
                s.dependent = false;
        s.block_life_ms = SHORT_BLOCK_MS;
        s.files = 1;
        s.warm = false;
        s.declared = true;
        s.leases_lost = false;
        return s;
}

static void choose_dialect(struct round *round, struct dice *dice)
{
        const char *own = round->source->dialect;
        size_t dialects, families;
        const struct dialect *table = dialect_table(&dialects);
        const struct syslog_family *const *list = syslog_families(&families);

        if (!round->scenario.lossless && dice_chance(dice, 200)) {
                size_t i = (size_t)dice_range(dice, 0, (int64_t)(dialects + families - 1));
                const char *other = i < dialects ? table[i].name : list[i - dialects]->name;
                round->is_wrong = !own || strcmp(own, other) != 0;
                snprintf(round->dialect, sizeof round->dialect, "%s", other);
                return;
        }
        bool named = own && (round->source->flags & SOURCE_DECLARED
                                            ? round->scenario.lossless || dice_chance(dice, 900)
                                            : dice_chance(dice, 500));
        if (named)
                snprintf(round->dialect, sizeof round->dialect, "%s", own);
}

/* --- The store
 * --------------------------------------------------------------------------------------------------- */

static bool loses(const struct round *round)
{
        return round->scenario.lost || round->scenario.lost_burst;
}

/* What the provider may say of the losses of an exporter's lines. */
static enum loss_detection loss_of(const struct round *round, unsigned host)
{
        unsigned flags = round->source->flags;

        if (!(flags & SOURCE_TEXT) || flags & (SOURCE_NO_ENDS | SOURCE_GLIMPSES | SOURCE_ENDS))
                return LOSS_AUTOMATIC;
        if (!loses(round) || (round->telling.one_is_whole && host == 0))
                return LOSS_REPORTED;
        return round->scenario.silent_losses || flags & SOURCE_CAPTURE ? LOSS_AUTOMATIC : LOSS_REPORTED;
}

static void declare_exporter(const struct round *round, const char *name, unsigned host, struct buffer *text)
{
        const struct scenario *s = &round->scenario;
        struct exporter_settings exporter = exporter_defaults(name, "sim");
        struct prefix outside = {.address = address_from_ipv4(OUTSIDE_FIRST + host), .length = 128};
        struct error error = {0};

        exporter.delay_ms = s->late ? 27 * TIME_SECOND : s->reordered ? 5 * TIME_SECOND : 2 * TIME_SECOND;
        exporter.restart_keeps = s->restart_keeps || s->warm;
        exporter.heartbeat_ms = TIME_HOUR;
        exporter.loss = loss_of(round, host);
        snprintf(exporter.dialect, sizeof exporter.dialect, "%s", round->dialect);
        if (round->telling.needs_zone)
                snprintf(exporter.zone, sizeof exporter.zone, "%s",
                        round->telling.local ? "Europe/Berlin" : "UTC");
        if (round->telling.relayed && round->telling.style & 16)
                exporter.outside = (struct prefix_list){.items = &outside, .count = 1};
        must_succeed(settings_write_exporter(text, &exporter), &error, "settings");
}

static void declare(struct depot *depot, struct round *round)
{
        const struct scenario *s = &round->scenario;
        struct buffer text = buffer_make(65536);
        struct realm_settings realm = realm_defaults("sim");
        struct error error = {0};

        realm.longest_session_ms = s->longest_session_ms;
        realm.longest_block_ms = s->block_life_ms ? s->block_life_ms : LONGEST_BLOCK_MS;
        realm.lease_log_complete =
                !s->leases_lost && !(round->source->flags & SOURCE_CAPTURE && loses(round));
        realm.keep_destinations = s->keep_destinations;
        if (!s->exact && round->telling.grain_ms)
                realm.uncertainty_ms = 2000 + round->telling.grain_ms;
        round->uncertainty_ms = realm.uncertainty_ms;
        if (s->declared)
                realm.mapping = s->dependent ? MAPPING_DESTINATION_DEPENDENT : MAPPING_ENDPOINT_INDEPENDENT;
        seal_where_asked(depot, &realm);
        must_succeed(settings_write_realm(&text, &realm), &error, "settings");
        if (round->telling.relayed)
                for (unsigned i = 0; i < 2; i++)
                        declare_exporter(round, i ? "nat1" : "nat0", i, &text);
        else
                declare_exporter(round, "cgn", 0, &text);
        must_succeed(depot_add_settings(depot, &text, &error), &error, "settings");
        buffer_free(&text);
}

static int year_of(const struct round *round, int64_t at)
{
        return time_to_civil(at + (round->telling.local ? TIME_HOUR : 0)).year;
}

static void import_file(struct depot *depot, const struct round *round, const char *path, int64_t first_ms)
{
        struct intake_options options = {
                .exporter = round->telling.relayed ? NULL : "cgn", .format = "auto", .realm = "sim"};
        struct intake_summary summary;
        struct intake *intake;
        struct error error = {0};

        if (!path[0])
                return;
        if (first_ms && round->telling.needs_year)
                options.year = year_of(round, first_ms);
        must_succeed(intake_new(depot, &options, NULL, NULL, &intake, &error), &error, "import");
        int r = intake_file(intake, path, &error);
        if (r < 0 && r != -EINVAL) /* a file cut down to nothing recognisable may be refused as a whole */
                must_succeed(r, &error, path);
        must_succeed(intake_commit(intake, &summary, &error), &error, "commit");
        if (getenv("ROGATORY_VERBOSE") && round->scenario.lossless)
                for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                        if (summary.refused[i].count)
                                fprintf(stderr, "%s: %" PRIu64 " refused: %s\n", round->source->name,
                                        summary.refused[i].count, summary.refused[i].first_detail);
        if (getenv("ROGATORY_VERBOSE") && r < 0)
                fprintf(stderr, "%s: %s\n", path, error.text);
        intake_free(intake);
}

static void import_all(struct round *round, const char *store, struct dice *dice)
{
        const struct log_files *files = round->telling.files;
        struct depot *depot;
        struct error error = {0};
        const char *paths[LOG_FILES_MAX + 3] = {files->leases, files->earlier_leases, files->plan};
        int64_t first[LOG_FILES_MAX + 3] = {0};
        int count = 3;

        for (int i = 0; i < files->count; i++, count++) {
                paths[count] = files->paths[i];
                first[count] = files->first_ms[i];
        }
        must_succeed(depot_open(store, DEPOT_CREATE, &depot, &error), &error, store);
        declare(depot, round);
        for (int i = count - 1; i > 0; i--) {
                int k = (int)dice_range(dice, 0, i);
                const char *path = paths[i];
                int64_t at = first[i];
                paths[i] = paths[k], first[i] = first[k];
                paths[k] = path, first[k] = at;
        }
        for (int i = 0; i < count; i++)
                import_file(depot, round, paths[i], first[i]);
        if (dice_chance(dice, 200))
                import_file(depot, round, paths[0], first[0]);
        depot_close(depot);
}

/* --- Asking
 * --------------------------------------------------------------------------------------------------- */

/* From when to when the log, if nothing went wrong, has to answer everything. */
static bool is_settled(const struct round *round, const struct question *q)
{
        const struct world *w = round->telling.world;
        bool waits = round->source->flags & (SOURCE_TEXT | SOURCE_SECONDS);
        int64_t edge = 4000 + q->skew_ms + round->telling.grain_ms;
        int64_t life =
                w->scenario.kind == NAT_BLOCK ? w->scenario.block_life_ms : w->scenario.longest_session_ms;

        return q->at_ms - edge > w->log_from + (waits ? life : 0) &&
               q->at_ms + edge < round->telling.files->heard_to - round->telling.late_ms;
}

static void judge(const struct round *round, const struct answer *a, struct tally *tally)
{
        const struct world *w = round->telling.world;
        const char *wrong = answers_mistake(w, a, round->telling.grain_ms);
        bool verbose = getenv("ROGATORY_VERBOSE") != NULL;
        uint64_t holder;

        tally->questions++;
        tally->one += a->verdict == VERDICT_ONE;
        tally->none += a->verdict == VERDICT_NONE;
        if (wrong) {
                tally->wrong++;
                if (verbose || wrongs++ < 5) {
                        fprintf(stderr, "%s, read as %s%s:\n", round->source->name, round->dialect,
                                round->is_wrong ? " (wrong)" : "");
                        answers_print(w, a, round->seed, wrong);
                }
        }
        if (!w->scenario.lossless || !is_settled(round, &a->question))
                return;
        bool held =
                world_holders(w, &a->question, a->question.at_ms, a->question.at_ms, NULL, &holder, 1) > 0;
        bool needless = a->verdict == VERDICT_UNKNOWN;
        tally->whole++;
        tally->whole_held += held;
        tally->needless += needless;
        tally->needless_held += needless && held;
        if (needless && verbose)
                answers_print(w, a, round->seed, round->source->name);
}

static void ask_all(struct round *round, const char *store, struct dice *dice, struct tally *tally)
{
        struct depot *depot;
        struct inquiry *inquiry;
        struct error error = {0};
        int64_t least = round->scenario.exact ? round->telling.grain_ms : round->uncertainty_ms;

        must_succeed(depot_open(store, DEPOT_READ, &depot, &error), &error, store);
        must_succeed(inquiry_new(depot, &inquiry, &error), &error, "inquiry");
        for (unsigned i = 0; i < QUESTIONS_PER_ROUND; i++) {
                struct question q = answers_choose(round->telling.world, dice);
                struct answer answer;
                if (q.skew_ms >= 0 && q.skew_ms < least)
                        q.skew_ms = least;
                must_succeed(inquiry_ask(inquiry, &q, &answer, &error), &error, "ask");
                judge(round, &answer, tally);
                answer_free(&answer);
        }
        inquiry_free(inquiry);
        depot_close(depot);
}

static void play_round(uint64_t seed)
{
        struct dice dice = {.state = seed};
        unsigned index = (unsigned)(seed % source_count);
        struct log_files files = {0};
        struct world world;
        const char *parent = getenv("TMPDIR");
        char folder[128], store[160];
        struct round round = {.source = sources[index], .seed = seed};

        dice_roll(&dice);
        round.scenario = choose_scenario(round.source, &dice);
        choose_dialect(&round, &dice);
        snprintf(folder, sizeof folder, "%s/rogatory-property-XXXXXX", parent ? parent : "/tmp");
        if (!mkdtemp(folder)) {
                perror(folder);
                exit(1);
        }
        snprintf(store, sizeof store, "%s/store", folder);
        world_make(&world, &round.scenario, &dice);
        unsigned flags = round.source->flags;
        bool lines = flags & SOURCE_TEXT && !(flags & SOURCE_CAPTURE);
        round.telling = (struct telling){.world = &world,
                .source = round.source,
                .dice = &dice,
                .folder = folder,
                .files = &files,
                .style = (unsigned)dice_range(&dice, 0, 1 << 16),
                .local = flags & SOURCE_ZONE && (round.scenario.begin_ms || dice_chance(&dice, 300)),
                .relayed = lines && world.outsides == 2 && dice_chance(&dice, 500),
                .cut = !round.scenario.lossless && dice_chance(&dice, 200)};
        round.telling.one_is_whole =
                round.telling.relayed && round.scenario.silent_losses && dice_chance(&dice, 500);
        round.source->write(&round.telling);
        /* The NAT's own names for its subscribers are in the records. */
        if (round.scenario.leases && !(flags & (SOURCE_LEASES | SOURCE_SUBSCRIBERS | SOURCE_PLAN)))
                log_write_leases(&world, folder, &dice, &files);
        if (world.hold_count > 0) {
                import_all(&round, store, &dice);
                ask_all(&round, store, &dice, &tallies[index]);
        }
        world_free(&world);
        if (!getenv("ROGATORY_KEEP"))
                nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        else
                fprintf(stderr, "%s: %s\n", folder, round.source->name);
}

static double percent(uint64_t part, uint64_t whole)
{
        return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

int main(int count, char **arguments)
{
        uint64_t questions = count > 1 ? strtoull(arguments[1], NULL, 10) : QUESTIONS_SHORT;
        uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 20261121, asked = 0, wrong = 0;
        const char *part = count > 3 ? arguments[3] : NULL;

        gather(flow_sources, flow_source_count, part);
        gather(line_sources, line_source_count, part);
        gather(packet_sources, packet_source_count, part);
        gather(radius_sources, radius_source_count, part);
        gather(lease_sources, lease_source_count, part);
        gather(plan_sources, plan_source_count, part);
        if (!source_count)
                return 1;
        for (; asked < questions; asked += QUESTIONS_PER_ROUND)
                play_round(seed++);
        printf("%-38s %9s %6s %6s %6s   %9s %8s %8s\n", "source", "questions", "wrong", "one %", "none %",
                "lossless", "unknown", "of held");
        for (unsigned i = 0; i < source_count; i++) {
                const struct tally *t = &tallies[i];
                printf("%-38s %9" PRIu64 " %6" PRIu64 " %6.1f %6.1f   %9" PRIu64 " %7.1f%% %7.1f%%\n",
                        sources[i]->name, t->questions, t->wrong, percent(t->one, t->questions),
                        percent(t->none, t->questions), t->whole, percent(t->needless, t->whole),
                        percent(t->needless_held, t->whole_held));
                wrong += t->wrong;
        }
        printf("%" PRIu64 " questions, %" PRIu64 " wrong\n", asked, wrong);
        return wrong != 0;
}
