/* SPDX-License-Identifier: EUPL-1.2 */
/* IPFIX and NetFlow v9 in every dialect, by the encoders that tests of the decoder have of their own: a
 * message for each event, templates in each, and templates alone where nothing happens. */
#include "source.h"

#include "base/time.h"
#include "wire/dialect_encoder_test.h"

#include <stdlib.h>

#define REFRESH_MS (30 * TIME_SECOND)
#define ACTIVE_MS (30 * TIME_MINUTE) /* a flow cache reports what goes on once in so long */
#define INACTIVE_MS (15 * TIME_SECOND)

struct form {
        const char *dialect, *what;
};

static const struct writing *writing_of(const struct form *form)
{
        for (size_t i = 0; i < WRITINGS; i++)
                if (strcmp(writings[i].dialect, form->dialect) == 0 &&
                        strcmp(writings[i].what, form->what) == 0)
                        return &writings[i];
        abort();
}

static struct truth truth_of(const struct telling *t, const struct told *told)
{
        const struct hold *h = told->hold;
        int64_t gone = h->to < told->said ? h->to : told->said;

        return (struct truth){.time_ms = log_clock(t->world, told->at),
                .last_ms = log_clock(t->world, gone),
                .goes_on = h->to > gone,
                .inside = h->inside,
                .outside = h->outside,
                .destination = h->destination,
                .inside_port = h->inside_port,
                .outside_port = h->port_first,
                .outside_last = h->port_last,
                .destination_port = h->destination_port,
                .protocol = h->protocol,
                .kind = (uint8_t)t->world->scenario.kind,
                .closes = told->what == TELL_CLOSE};
}

static size_t header_length(const struct encoder *e)
{
        return e->version == 10 ? 16 : 20;
}

static void set_number(struct encoder *e, uint32_t number)
{
        size_t at = header_length(e) - 8;

        encode_at(e, at, (uint16_t)(number >> 16));
        encode_at(e, at + 2, (uint16_t)number);
}

/* Removes the data set of a message, so that templates are left. The template set follows the header. */
static void leave_templates(struct encoder *e)
{
        size_t at = header_length(e);

        e->length = at + (size_t)(e->bytes[at + 2] << 8 | e->bytes[at + 3]);
        e->records = 1;
        encode_end(e);
}

static void keep_message(const struct telling *t, const struct writing *writing, const struct truth *truth,
        int64_t said, bool templates, uint32_t *number, struct outgoing *out)
{
        struct encoder *e = telling_memory(malloc(sizeof *e));

        if (write_truth(e, writing, truth, (uint32_t)(log_clock(t->world, said) / 1000))) {
                if (templates)
                        leave_templates(e);
                set_number(e, *number);
                *number += writing->version == 9 ? 1 : !templates;
                outgoing_keep(out, e->bytes, e->length, said);
        }
        free(e);
}

/* Flows: told some time after their last packet, and what goes on every half an hour. */
static size_t collect_flows(const struct telling *t, struct told **ret)
{
        const struct world *w = t->world;
        size_t count = 0;
        struct told *list = telling_memory(malloc((3 * w->hold_count + 1) * sizeof *list));

        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *hold = &w->holds[i];
                if (hold->planned || hold->to < w->log_from)
                        continue;
                if (hold->to - hold->from > ACTIVE_MS && hold->from + ACTIVE_MS >= w->log_from)
                        list[count++] =
                                (struct told){.hold = hold, .at = hold->from, .said = hold->from + ACTIVE_MS};
                if (!hold->end_unlogged)
                        list[count++] = (struct told){.hold = hold,
                                .at = hold->from,
                                .said = hold->to + dice_range(t->dice, 0, INACTIVE_MS)};
        }
        for (size_t i = 0; i < count;)
                if (list[i].said > w->log_to || (w->restart_at && list[i].hold->from < w->restart_at &&
                                                        list[i].said >= w->restart_at))
                        list[i] = list[--count];
                else
                        i++;
        *ret = list;
        return count;
}

static int compare_said(const void *left, const void *right)
{
        const struct told *a = left, *b = right;
        return (a->said > b->said) - (a->said < b->said);
}

static void write_flow(struct telling *t)
{
        const struct world *w = t->world;
        const struct writing *writing = writing_of(t->source->detail);
        struct told *list;
        size_t count = writing->is_flow ? collect_flows(t, &list) : telling_collect(t, 800, 0, &list);
        struct outgoing out = {0};
        uint32_t number = w->scenario.warm ? (uint32_t)dice_roll(t->dice) : 0;
        int64_t last = w->log_from - REFRESH_MS;
        struct truth any = {.kind = (uint8_t)w->scenario.kind, .protocol = 6};
        bool restarted = w->restart_at == 0;

        qsort(list, count, sizeof *list, compare_said);
        for (size_t i = 0; i <= count; i++) {
                int64_t said = i < count ? list[i].said : w->log_to;
                for (last += REFRESH_MS; last < said; last += REFRESH_MS) {
                        if (!restarted && last >= w->restart_at) {
                                restarted = true;
                                number = 0;
                        }
                        keep_message(t, writing, &any, last, true, &number, &out);
                }
                last = said;
                if (!restarted && last >= w->restart_at) {
                        restarted = true;
                        number = 0;
                }
                if (i == count)
                        break;
                struct truth truth = truth_of(t, &list[i]);
                keep_message(t, writing, &truth, said, false, &number, &out);
        }
        free(list);
        t->files->heard_to = w->log_to - REFRESH_MS;
        if (writing->is_flow)
                t->late_ms = ACTIVE_MS + 2 * INACTIVE_MS;
        t->files->any_loss = outgoing_harm(w, &out, t->dice);
        outgoing_write(w, &out, t->folder, 2055, t->dice, t->files);
        outgoing_free(&out);
}

#define FLOW(of, as, what_kinds, how)                                                                        \
        {                                                                                                    \
                .name = of " " as, .dialect = of, .kinds = (what_kinds), .flags = SOURCE_DECLARED | (how),   \
                .write = write_flow, .detail = &(const struct form)                                          \
                {                                                                                            \
                        of, as                                                                               \
                }                                                                                            \
        }
#define TO SOURCE_DESTINATIONS

const struct source flow_sources[] = {
        FLOW("rfc8158", "session of v9", SESSIONS, TO),
        FLOW("juniper", "session", SESSIONS, TO),
        FLOW("juniper", "session of v9", SESSIONS, TO),
        FLOW("juniper", "mapping", MAPPINGS, 0),
        FLOW("juniper", "block of v9", BLOCKS, 0),
        FLOW("cisco-nel", "session", SESSIONS, TO),
        FLOW("cisco-nel", "block", BLOCKS, 0),
        FLOW("cisco-cgn", "session", SESSIONS, 0),
        FLOW("cisco-asa", "old elements", SESSIONS, TO),
        FLOW("cisco-asa", "new elements", SESSIONS, TO),
        FLOW("nokia", "format 1", SESSIONS, TO),
        FLOW("nokia", "format 2", SESSIONS, TO),
        FLOW("huawei", "session", SESSIONS, TO),
        FLOW("fortigate", "flow", SESSIONS, TO | SOURCE_ENDS),
        FLOW("mikrotik", "flow", SESSIONS, TO | SOURCE_ENDS),
        FLOW("vpp", "session", SESSIONS, 0),
        FLOW("pflow", "session", SESSIONS, TO | SOURCE_DEPENDENT),
};
const size_t flow_source_count = sizeof flow_sources / sizeof flow_sources[0];
