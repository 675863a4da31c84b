/* SPDX-License-Identifier: EUPL-1.2 */
#include "live_model.h"

#include "os/zone.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void live_must(int r, const struct error *error, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %d %s\n", what, r, error->text);
        exit(1);
}

/* --- Zones --- */

static int to_instant(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        struct zone_reading reading = zone_from_civil(context, civil);

        if (reading.count == 0)
                return -ERANGE;
        *ret_instant = reading.instants[0];
        *ret_second = reading.instants[reading.count - 1];
        return reading.count - 1;
}

static const struct local_clock *find_clock(void *context, const char *name)
{
        static struct local_clock clocks[2];
        static const char *const names[2] = {"Europe/Berlin", "UTC"};
        struct error error = {0};

        (void)context;
        for (unsigned i = 0; i < 2; i++) {
                struct zone *zone;
                if (strcmp(names[i], name) != 0)
                        continue;
                if (!clocks[i].to_instant) {
                        live_must(zone_open(name, &zone, &error), &error, name);
                        clocks[i] = (struct local_clock){.context = zone, .to_instant = to_instant};
                }
                return &clocks[i];
        }
        return NULL;
}

/* --- From the reception to the store --- */

static void maybe_interrupt(struct live_model *model, unsigned per_mille)
{
        if (model->interrupt && dice_chance(model->dice, per_mille))
                model->interrupt(model->context);
}

static struct intake *taking(struct live_model *model)
{
        return generations_last(&model->generations)->intake;
}

static int take_event(void *context, const struct nat_event *event)
{
        struct live_model *model = context;
        struct error error = {0};

        maybe_interrupt(model, 1);
        live_must(intake_live_event(taking(model), event, model->now_ms, &error), &error, "event");
        return 0;
}

static int take_lease(void *context, uint16_t exporter, const struct lease_event *lease)
{
        struct live_model *model = context;
        struct error error = {0};

        maybe_interrupt(model, 1);
        live_must(intake_live_lease(taking(model), exporter, lease, model->now_ms, &error), &error, "lease");
        return 0;
}

static int take_span(void *context, const struct coverage_span *span)
{
        struct live_model *model = context;
        struct error error = {0};

        maybe_interrupt(model, 1);
        live_must(intake_live_span(taking(model), span, &error), &error, "span");
        return 0;
}

static int take_gap(void *context, const struct coverage_gap *gap)
{
        struct live_model *model = context;
        struct error error = {0};

        maybe_interrupt(model, 5);
        live_must(intake_live_gap(taking(model), gap, &error), &error, "gap");
        return 0;
}

static int take_torn(void *context, uint16_t realm)
{
        struct live_model *model = context;

        intake_live_torn(taking(model), depot_settings(model->depot)->realms[realm].name);
        return 0;
}

static void show_refused(void *context, uint16_t exporter, enum refusal refusal, const char *detail)
{
        (void)context;
        if (getenv("ROGATORY_REFUSED"))
                fprintf(stderr, "refused of %u: %s %s\n", exporter, refusal_name(refusal), detail);
}

/* --- The journal --- */

static void decode(struct live_model *model, size_t at)
{
        const struct live_entry *entry = &model->journal[at];
        struct error error = {0};

        if (entry->kind == LIVE_LOST) {
                live_must(
                        reception_lost(model->reception, entry->content, entry->exporter, entry->at, &error),
                        &error, "lost");
        } else {
                const struct reception_message message = {.content = entry->content,
                        .exporter = entry->exporter,
                        .session = entry->content == RECEPTION_CONNTRACK ? 0 : 50001,
                        .receipt_ms = entry->at,
                        .bytes = entry->message->bytes,
                        .length = entry->message->length};
                live_must(reception_take(model->reception, &message, &error), &error, "message");
        }
        model->told = at + 1;
}

static void append(struct live_model *model, const struct live_entry *entry)
{
        if (model->journal_count == model->journal_capacity) {
                model->journal_capacity = model->journal_capacity ? 2 * model->journal_capacity : 1024;
                model->journal = telling_memory(
                        realloc(model->journal, model->journal_capacity * sizeof *model->journal));
        }
        model->journal[model->journal_count++] = *entry;
        if (entry->at > model->now_ms)
                model->now_ms = entry->at;
        decode(model, model->journal_count - 1);
}

void live_take(struct live_model *model, const struct received *message)
{
        struct address sender = address_from_ipv4(0xc0000201u + message->sender);
        const struct settings *settings = depot_settings(model->depot);
        const struct exporter_settings *exporter = settings_exporter_at(settings, &sender);

        if (!exporter)
                abort();
        append(model, &(struct live_entry){.kind = LIVE_MESSAGE,
                              .content = message->content,
                              .exporter = (uint16_t)(exporter - settings->exporters),
                              .at = message->at,
                              .message = message});
}

void live_lose(
        struct live_model *model, enum reception_content content, uint16_t exporter, int64_t noticed_ms)
{
        append(model, &(struct live_entry){
                              .kind = LIVE_LOST, .content = content, .exporter = exporter, .at = noticed_ms});
}

void live_listened(struct live_model *model)
{
        const struct settings *settings = depot_settings(model->depot);
        struct error error = {0};

        for (size_t i = 0; i < settings->exporter_count; i++)
                if (strcmp(settings->exporters[i].name, "cgn") == 0)
                        live_must(reception_listened(model->reception, (uint16_t)i, model->now_ms, &error),
                                &error, "listened");
}

/* --- Marks --- */

static void forget(struct live_model *model, size_t count)
{
        for (size_t i = 0; i < count; i++)
                buffer_free(&model->kept[i].state);
        model->kept_count -= count;
        memmove(model->kept, model->kept + count, model->kept_count * sizeof model->kept[0]);
}

void live_tell(struct live_model *model)
{
        struct error error = {0};

        live_must(reception_pieces(model->reception, &error), &error, "pieces");
        if (model->told == model->marked)
                return;
        model->marked = model->told;
        generations_last(&model->generations)->mark = model->marked;
        if (model->kept_count == LIVE_KEPT_MAX || !dice_chance(model->dice, 300))
                return;
        struct buffer state = buffer_make(64u << 20);
        live_must(reception_save(model->reception, &state), &error, "save");
        model->kept[model->kept_count].sequence = model->marked;
        model->kept[model->kept_count++].state = state;
}

void live_turn(struct live_model *model)
{
        struct error error = {0};

        live_must(generations_turn(&model->generations, &error), &error, "turn");
}

/* As the collector releases its journal: where a state was kept. */
static void release(struct live_model *model, uint64_t mark)
{
        size_t count = 0;

        while (count < model->kept_count && model->kept[count].sequence <= mark)
                count++;
        if (count == 0)
                return;
        model->released = model->kept[count - 1].sequence;
        forget(model, count - 1);
}

void live_merge(struct live_model *model, void (*between)(void *context), bool is_noticed)
{
        unsigned closed = generations_closed(&model->generations);
        int status;

        if (closed == 0)
                return;
        pid_t pid = fork();
        if (pid == 0) {
                struct generations_merged merged;
                struct error error = {0};
                live_must(generations_merge(
                                  &model->generations, model->store, model->now_ms, NULL, &merged, &error),
                        &error, "merge");
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                fprintf(stderr, "a merge failed\n");
                exit(1);
        }
        model->merges++;
        if (between)
                between(model->context);
        if (is_noticed)
                release(model, generations_forget(&model->generations, closed));
}

/* --- Lives --- */

void live_begin(struct live_model *model)
{
        const struct reception_sink sink = {.context = model,
                .event = take_event,
                .lease = take_lease,
                .span = take_span,
                .gap = take_gap,
                .torn = take_torn,
                .refused = show_refused};
        const struct reception_zones zones = {.clock = find_clock};
        static const enum reception_content contents[] = {
                RECEPTION_TEXT, RECEPTION_RADIUS, RECEPTION_CONNTRACK};
        struct error error = {0};

        live_must(depot_open(model->store, DEPOT_READ, &model->depot, &error), &error, "store");
        live_must(generations_open(&model->generations, model->depot, &error), &error, "generations");
        live_must(reception_new(depot_settings(model->depot), &zones, &sink, &model->reception, &error),
                &error, "reception");
        forget(model,
                model->kept_count > 0 && model->kept[0].sequence <= model->released ? 0 : model->kept_count);
        if (model->kept_count > 0) {
                live_must(reception_load(model->reception, model->kept[0].state.bytes,
                                  model->kept[0].state.length, &error),
                        &error, "load");
                while (model->kept_count > 1)
                        buffer_free(&model->kept[--model->kept_count].state);
        }
        model->told = model->marked = model->released;
        model->is_replaying = true;
        for (size_t at = model->released; at < model->journal_count; at++) {
                decode(model, at);
                if (dice_chance(model->dice, 20))
                        live_tell(model);
        }
        live_tell(model);
        model->is_replaying = false;
        for (unsigned i = 0; i < 3; i++)
                live_lose(model, contents[i], EXPORTER_EVERY, model->now_ms);
}

void live_end(struct live_model *model)
{
        reception_free(model->reception);
        generations_close(&model->generations);
        depot_close(model->depot);
}

void live_crash(struct live_model *model, size_t keeps)
{
        model->crashes++;
        live_end(model);
        model->journal_count = keeps < model->released ? model->released : keeps;
        live_begin(model);
}

void live_free(struct live_model *model)
{
        forget(model, model->kept_count);
        free(model->journal);
}
