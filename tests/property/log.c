/* SPDX-License-Identifier: EUPL-1.2 */
#include "log.h"

#include "base/address.h"
#include "base/buffer.h"
#include "base/time.h"
#include "outgoing.h"
#include "wire/flow_encoder_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One event on its way out of the exporter. */
struct saying {
        const struct hold *hold;
        int64_t at;   /* when it happened */
        int64_t said; /* when the exporter sends it */
        bool close;
};

static void *must(void *memory)
{
        if (!memory)
                abort();
        return memory;
}

int64_t log_clock(const struct world *w, int64_t at)
{
        int64_t shown = at + w->scenario.runaway_ms;

        if (!w->scenario.exact)
                shown += w->scenario.clock_error_ms / 2;
        if (w->step_at && at < w->step_at)
                shown += w->scenario.step_ms;
        return shown;
}

static int compare_sayings(const void *left, const void *right)
{
        const struct saying *a = left, *b = right;
        if (a->said != b->said)
                return a->said < b->said ? -1 : 1;
        return (a->at > b->at) - (a->at < b->at);
}

static int64_t random_delay(const struct world *w, struct dice *dice)
{
        if (w->scenario.late && dice_chance(dice, w->scenario.late))
                return dice_range(dice, 0, 25 * TIME_SECOND);
        return w->scenario.conntrack ? 0 : dice_range(dice, 0, 800);
}

/* Everything that happened while the log ran; what was said before it began or after it ended is not in it.
 */
static size_t collect(const struct world *w, struct dice *dice, struct saying **ret)
{
        struct saying *list = must(malloc((2 * w->hold_count + 1) * sizeof *list));
        size_t count = 0;

        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *hold = &w->holds[i];
                if (hold->planned)
                        continue;
                int64_t open_said = hold->from + random_delay(w, dice),
                        close_said = hold->to + random_delay(w, dice);
                /* What had not been sent when the exporter restarted died with it. */
                bool open_died = w->restart_at && hold->from < w->restart_at && open_said >= w->restart_at;
                bool close_died = w->restart_at && hold->to < w->restart_at && close_said >= w->restart_at;
                if (!open_died && open_said >= w->log_from && open_said <= w->log_to &&
                        hold->from >= w->log_from)
                        list[count++] = (struct saying){.hold = hold, .at = hold->from, .said = open_said};
                if (!hold->end_unlogged && !close_died && close_said >= w->log_from &&
                        close_said <= w->log_to && hold->to >= w->log_from)
                        list[count++] = (struct saying){
                                .hold = hold, .at = hold->to, .said = close_said, .close = true};
        }
        qsort(list, count, sizeof *list, compare_sayings);
        *ret = list;
        return count;
}

static unsigned event_value(const struct world *w, bool close)
{
        unsigned open = w->scenario.kind == NAT_SESSION ? 4 : w->scenario.kind == NAT_MAPPING ? 8 : 16;
        if (w->scenario.netflow9)
                return close ? 2 : 1;
        if (w->scenario.wrong_dialect) /* the draft's numbers: 6/7 NAT44 BIB, 14/15 blocks */
                open = w->scenario.kind == NAT_BLOCK ? 14 : 6;
        return open + (close ? 1 : 0);
}

static void put_template(struct encoder *e, const struct world *w, uint16_t id)
{
        if (w->scenario.kind == NAT_BLOCK && w->scenario.netflow9)
                encode_template(e, id,
                        FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0}, {363, 2, 0},
                                {364, 2, 0}));
        else if (w->scenario.kind == NAT_BLOCK)
                encode_template(e, id,
                        FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0}, {362, 2, 0}));
        else if (w->scenario.kind == NAT_SESSION)
                encode_template(e, id,
                        FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},
                                {227, 2, 0}, {12, 4, 0}, {11, 2, 0}));
        else
                encode_template(e, id, SESSION_TEMPLATE);
}

static void put_record(struct encoder *e, const struct world *w, const struct saying *s)
{
        const struct hold *h = s->hold;
        uint64_t shown = (uint64_t)log_clock(w, s->at);

        if (w->scenario.kind == NAT_BLOCK) {
                encode(e, shown, 8);
                encode(e, event_value(w, s->close), 1);
                encode(e, h->inside, 4);
                encode(e, h->outside, 4);
                encode(e, h->port_first, 2);
                if (w->scenario.netflow9)
                        encode(e, 1, 2);
                encode(e, w->scenario.netflow9 ? 4 : h->port_last, 2);
                e->records++;
                return;
        }
        encode_session(e, shown, event_value(w, s->close), h->inside, h->outside, h->protocol, h->inside_port,
                h->port_first);
        if (w->scenario.kind == NAT_SESSION) {
                encode(e, h->destination, 4);
                encode(e, h->destination_port, 2);
        }
}

#define REFRESH_MS (30 * TIME_SECOND)

/* An exporter over UDP sends its templates again and again (RFC 7011 section 8.1), also when nothing happens.
 * Returns the next sequence number. */
static uint32_t repeat_templates(const struct world *w, uint32_t number, uint16_t template_id,
        uint32_t domain, int64_t until, struct outgoing *out)
{
        struct encoder *e = must(malloc(sizeof *e));
        int64_t last = out->count ? out->items[out->count - 1].said : w->log_from;

        for (int64_t at = last + REFRESH_MS; at < until; at += REFRESH_MS) {
                encode_message(e, w->scenario.netflow9 ? 9 : 10, (uint32_t)(log_clock(w, at) / 1000), number,
                        domain);
                put_template(e, w, template_id);
                encode_end(e);
                number += w->scenario.netflow9;
                outgoing_keep(out, e->bytes, e->length, at);
        }
        free(e);
        return number;
}

/* Groups what is said into messages of at most a few events and about a second. */
static void encode_domain(const struct world *w, const struct saying *list, size_t count, uint32_t domain,
        struct dice *dice, struct outgoing *out)
{
        struct encoder *e = must(malloc(sizeof *e));
        uint32_t number = w->scenario.warm ? (uint32_t)dice_range(dice, 1, UINT32_MAX) : 0;
        uint16_t template_id = 256;
        unsigned since_template = 1000;
        bool restarted = w->restart_at == 0;

        /* The templates come first, as soon as the log is switched on. */
        encode_message(e, w->scenario.netflow9 ? 9 : 10, (uint32_t)(log_clock(w, w->log_from) / 1000), number,
                domain);
        put_template(e, w, template_id);
        encode_end(e);
        number += w->scenario.netflow9;
        outgoing_keep(out, e->bytes, e->length, w->log_from);
        for (size_t at = 0; at < count;) {
                size_t most = (size_t)dice_range(dice, 1, 12), records = 0;
                int64_t first = list[at].said;
                bool after = !restarted && first >= w->restart_at;
                number = repeat_templates(w, number, template_id, domain, after ? w->restart_at : first, out);
                if (after) {
                        number = 0;
                        template_id = (uint16_t)(template_id + 1);
                        since_template = 1000;
                        restarted = true;
                }
                int64_t said = first;
                size_t end = at;
                while (end < count && end - at < most && list[end].said <= first + 900 &&
                        (restarted || list[end].said < w->restart_at))
                        said = list[end++].said;
                encode_message(e, w->scenario.netflow9 ? 9 : 10, (uint32_t)(log_clock(w, said) / 1000),
                        number, domain);
                if (since_template++ > 20) {
                        put_template(e, w, template_id);
                        since_template = 0;
                }
                encode_set(e, template_id);
                for (; at < end; at++, records++)
                        put_record(e, w, &list[at]);
                encode_set_end(e, w->scenario.netflow9);
                encode_end(e);
                number += w->scenario.netflow9 ? 1 : (uint32_t)records;
                outgoing_keep(out, e->bytes, e->length, said);
        }
        free(e);
        repeat_templates(w, number, template_id, domain, w->log_to, out);
}

/* Every line card counts and sends for itself; on the wire their messages mix. */
static void encode_all(const struct world *w, const struct saying *list, size_t count, struct dice *dice,
        struct outgoing *out)
{
        struct saying *own = must(malloc((count + 1) * sizeof *own));

        for (uint32_t domain = 0; domain < (uint32_t)w->scenario.domains; domain++) {
                struct outgoing one = {0};
                size_t owned = 0;
                for (size_t i = 0; i < count; i++)
                        if (list[i].hold->inside % (uint32_t)w->scenario.domains == domain)
                                own[owned++] = list[i];
                encode_domain(w, own, owned, domain + 7, dice, &one);
                for (size_t i = 0; i < one.count; i++) {
                        outgoing_keep(out, one.items[i].bytes, one.items[i].length, one.items[i].said);
                }
                outgoing_free(&one);
        }
        outgoing_sort(out);
        free(own);
}

static void write_line(FILE *file, const struct world *w, const struct saying *s)
{
        const struct hold *h = s->hold;
        char inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX], destination[ADDRESS_TEXT_MAX];
        int64_t shown = log_clock(w, s->at);

        dotted(h->inside, inside);
        dotted(h->outside, outside);
        dotted(h->destination, destination);
        fprintf(file,
                "[%" PRId64
                ".%03d000]\t%s %s %d %ssrc=%s dst=%s sport=%u dport=%u %ssrc=%s dst=%s sport=%u dport=%u "
                "id=%u\n",
                shown / 1000, (int)(shown % 1000), s->close ? "[DESTROY]" : "    [NEW]",
                h->protocol == 6 ? "tcp     " : "udp     ", h->protocol, s->close ? "" : "30 ", inside,
                destination, h->inside_port, h->destination_port, s->close ? "" : "[UNREPLIED] ", destination,
                outside, h->destination_port, h->port_first, h->identity);
}

static void write_lines(const struct world *w, const struct saying *list, size_t count, const char *folder,
        struct dice *dice, struct log_files *ret)
{
        unsigned burst = 0;
        bool was_lost = false;

        ret->count = 1;
        snprintf(ret->paths[0], sizeof ret->paths[0], "%s/log0", folder);
        FILE *file = must(fopen(ret->paths[0], "wb"));
        for (size_t i = 0; i < count; i++) {
                if (burst == 0 && dice_chance(dice, w->scenario.lost_burst))
                        burst = (unsigned)dice_range(dice, 1, 20);
                if (burst > 0) {
                        burst--;
                        was_lost = true;
                        ret->any_loss = true;
                        continue;
                }
                if (was_lost && !w->scenario.silent_losses)
                        fprintf(file, "WARNING: We have hit ENOBUFS! We are losing events.\n");
                was_lost = false;
                write_line(file, w, &list[i]);
                if (dice_chance(dice, w->scenario.duplicated))
                        write_line(file, w, &list[i]);
        }
        if (was_lost && !w->scenario.silent_losses)
                fprintf(file, "WARNING: We have hit ENOBUFS! We are losing events.\n");
        fclose(file);
}

void log_write_leases(const struct world *w, const char *folder, struct dice *dice, struct log_files *ret)
{
        char inside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        snprintf(ret->leases, sizeof ret->leases, "%s/leases.csv", folder);
        FILE *file = must(fopen(ret->leases, "wb"));
        fprintf(file, "inside_address,subscriber,start,end\n");
        for (size_t i = 0; i < w->tenure_count; i++) {
                if (w->scenario.leases_lost && dice_chance(dice, 100))
                        continue;
                fprintf(file, "%s,subscriber-%u,%s,%s\n", dotted(w->tenures[i].inside, inside),
                        w->tenures[i].subscriber, time_format_utc(w->tenures[i].from, from),
                        time_format_utc(w->tenures[i].to, to));
        }
        fclose(file);
}

void log_write(const struct world *w, const char *folder, struct dice *dice, struct log_files *ret)
{
        struct saying *list;
        struct outgoing out = {0};
        size_t count = collect(w, dice, &list);

        *ret = (struct log_files){.heard_to = w->log_to - 30 * TIME_SECOND};
        if (w->scenario.conntrack) {
                ret->heard_to = count ? list[count - 1].said : w->log_from;
                write_lines(w, list, count, folder, dice, ret);
        } else {
                encode_all(w, list, count, dice, &out);
                ret->any_loss = outgoing_harm(w, &out, dice);
                outgoing_write(w, &out, folder, 4739, dice, ret);
        }
        if (w->scenario.leases)
                log_write_leases(w, folder, dice, ret);
        outgoing_free(&out);
        free(list);
}
