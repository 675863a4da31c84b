/* SPDX-License-Identifier: EUPL-1.2 */
/* Files of lines: one NAT's own, or a relay's with several, with what goes wrong on the way. */
#include "source.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

void *telling_memory(void *memory)
{
        if (!memory)
                abort();
        return memory;
}

static int compare_told(const void *left, const void *right)
{
        const struct told *a = left, *b = right;
        if (a->said != b->said)
                return a->said < b->said ? -1 : 1;
        return (a->at > b->at) - (a->at < b->at);
}

static void tell(const struct telling *t, int64_t delay_ms, const struct hold *hold, int64_t at,
        enum tell what, struct told *list, size_t *count)
{
        const struct world *w = t->world;
        int64_t delay =
                w->scenario.late && dice_chance(t->dice, w->scenario.late) ? 25 * TIME_SECOND : delay_ms;
        int64_t said = at + (delay_ms ? dice_range(t->dice, 0, delay) : 0);
        bool died = w->restart_at && at < w->restart_at && said >= w->restart_at;

        if (!died && at >= w->log_from && said >= w->log_from && said <= w->log_to)
                list[(*count)++] = (struct told){.hold = hold, .at = at, .said = said, .what = what};
}

size_t telling_collect(const struct telling *t, int64_t delay_ms, int64_t interim_ms, struct told **ret)
{
        const struct world *w = t->world;
        size_t count = 0, capacity = 0;
        struct told *list = NULL;

        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *hold = &w->holds[i];
                int64_t at = hold->from;
                if (hold->planned)
                        continue;
                size_t more = 2 + (interim_ms ? (size_t)((hold->to - hold->from) / interim_ms) + 1 : 0);
                if (count + more > capacity) {
                        capacity = 2 * (count + more);
                        list = telling_memory(realloc(list, capacity * sizeof *list));
                }
                tell(t, delay_ms, hold, at, TELL_OPEN, list, &count);
                while (interim_ms && (at += interim_ms) < hold->to)
                        tell(t, delay_ms, hold, at, TELL_ALIVE, list, &count);
                if (!hold->end_unlogged)
                        tell(t, delay_ms, hold, hold->to, TELL_CLOSE, list, &count);
        }
        if (count)
                qsort(list, count, sizeof *list, compare_told);
        *ret = list ? list : telling_memory(malloc(1));
        return count;
}

static unsigned host_of(const struct telling *t, const struct told *told)
{
        return t->relayed ? told->hold->outside - OUTSIDE_FIRST : 0;
}

/* On their way to the relay lines overtake each other, but for a few seconds only. */
static void shuffle(const struct telling *t, struct told *list, size_t count)
{
        for (size_t i = 1; i < count; i++)
                if (dice_chance(t->dice, t->world->scenario.reordered)) {
                        size_t k = i - (size_t)dice_range(t->dice, 1, 3);
                        if (k < i && list[i].said - list[k].said <= 3000) {
                                struct told swapped = list[i];
                                list[i] = list[k];
                                list[k] = swapped;
                        }
                }
}

static void tell_loss(struct telling *t, FILE *file, int64_t shown)
{
        char at[TIME_TEXT_MAX];

        fprintf(file, "%s relay rsyslogd-2177: imuxsock[pid 5]: 12 messages lost due to rate-limiting\n",
                time_format_utc(shown, at));
        t->files->any_loss = true;
}

/* One of the files: lines [at, end). */
static void write_file(struct telling *t, const char *path, const struct told *list, size_t at, size_t end)
{
        const struct scenario *s = &t->world->scenario;
        char *text = NULL;
        size_t length = 0;
        unsigned burst = 0;
        bool lost = false;
        FILE *file = telling_memory(open_memstream(&text, &length));

        for (; at < end; at++) {
                int64_t shown = log_clock(t->world, list[at].at);
                bool may = !(t->one_is_whole && host_of(t, &list[at]) == 0);
                if (burst == 0 && dice_chance(t->dice, s->lost_burst))
                        burst = (unsigned)dice_range(t->dice, 1, 20);
                if (may && (burst > 0 || dice_chance(t->dice, s->lost))) {
                        burst -= burst > 0;
                        lost = t->files->any_loss = true;
                        continue;
                }
                if (lost && !s->silent_losses)
                        tell_loss(t, file, shown);
                lost = false;
                int copies = 1 + dice_chance(t->dice, s->duplicated);
                struct dice kept = *t->dice;
                for (int i = 0; i < copies; i++) {
                        *t->dice = kept;
                        t->source->line(t, &list[at], shown, file);
                }
        }
        if (lost && !s->silent_losses && end > 0)
                tell_loss(t, file, log_clock(t->world, list[end - 1].at));
        fclose(file);
        if (t->cut && length > 2 && dice_chance(t->dice, 500))
                length -= (size_t)dice_range(t->dice, 1, length > 200 ? 200 : (int64_t)length - 1);
        file = telling_memory(fopen(path, "wb"));
        fwrite(text, 1, length, file);
        fclose(file);
        free(text);
}

void write_source_lines(struct telling *t)
{
        struct told *list;
        size_t count = telling_collect(t, 0,
                       t->source->flags & (SOURCE_INTERIMS | SOURCE_GLIMPSES) ? 7 * TIME_MINUTE : 0, &list),
               at = 0;

        shuffle(t, list, count);
        t->files->count = t->world->scenario.files;
        t->files->heard_to = count ? list[count - 1].said : t->world->log_from;
        for (int i = 0; i < t->files->count; i++) {
                size_t end = i + 1 == t->files->count
                                     ? count
                                     : at + (size_t)dice_range(t->dice, 0, (int64_t)(count - at));
                snprintf(t->files->paths[i], sizeof t->files->paths[i], "%s/log%d", t->folder, i);
                if (at < end)
                        t->files->first_ms[i] = log_clock(t->world, list[at].at);
                write_file(t, t->files->paths[i], list, at, end);
                at = end;
        }
        free(list);
}
