/* SPDX-License-Identifier: EUPL-1.2 */
#include "log.h"

#include "base/address.h"
#include "base/buffer.h"
#include "base/time.h"
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

struct message {
        int64_t said;
        size_t order; /* in which it was made; keeps messages of one millisecond in turn */
        uint8_t *bytes;
        size_t length;
};

struct outgoing {
        struct message *items;
        size_t count, capacity;
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

static void keep(struct outgoing *out, const struct encoder *e, int64_t said)
{
        if (out->count == out->capacity) {
                out->capacity = out->capacity ? out->capacity * 2 : 256;
                out->items = must(realloc(out->items, out->capacity * sizeof *out->items));
        }
        struct message *m = &out->items[out->count++];
        *m = (struct message){
                .said = said, .order = out->count, .length = e->length, .bytes = must(malloc(e->length))};
        memcpy(m->bytes, e->bytes, e->length);
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
                keep(out, e, at);
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
        keep(out, e, w->log_from);
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
                keep(out, e, said);
        }
        free(e);
        repeat_templates(w, number, template_id, domain, w->log_to, out);
}

static int compare_messages(const void *left, const void *right)
{
        const struct message *a = left, *b = right;
        if (a->said != b->said)
                return a->said < b->said ? -1 : 1;
        return (a->order > b->order) - (a->order < b->order);
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
                        struct encoder copy = {.length = one.items[i].length};
                        memcpy(copy.bytes, one.items[i].bytes, copy.length);
                        keep(out, &copy, one.items[i].said);
                        free(one.items[i].bytes);
                }
                free(one.items);
        }
        qsort(out->items, out->count, sizeof *out->items, compare_messages);
        free(own);
}

static void swap(struct message *a, struct message *b)
{
        struct message kept = *a;
        *a = *b;
        *b = kept;
}

/* Loses, repeats, reorders and cuts messages. */
static bool do_harm(const struct world *w, struct outgoing *out, struct dice *dice)
{
        struct outgoing kept = {0};
        unsigned burst = 0;
        bool harmed = false;

        for (size_t i = 0; i < out->count; i++) {
                struct message *m = &out->items[i];
                if (burst == 0 && dice_chance(dice, w->scenario.lost_burst))
                        burst = (unsigned)dice_range(dice, 2, 60);
                if (burst > 0 || dice_chance(dice, w->scenario.lost)) {
                        burst -= burst > 0;
                        harmed = true;
                        free(m->bytes);
                        continue;
                }
                struct encoder copy = {.length = 0};
                if (dice_chance(dice, w->scenario.truncated) && m->length > 4) {
                        m->length = (size_t)dice_range(dice, 1, (int64_t)m->length - 1);
                        harmed = true;
                }
                memcpy(copy.bytes, m->bytes, m->length);
                copy.length = m->length;
                keep(&kept, &copy, m->said);
                if (dice_chance(dice, w->scenario.duplicated))
                        keep(&kept, &copy, m->said);
                free(m->bytes);
        }
        for (size_t i = 1; i < kept.count; i++)
                if (dice_chance(dice, w->scenario.reordered)) {
                        size_t back = (size_t)dice_range(dice, 1, 3);
                        if (back <= i)
                                swap(&kept.items[i], &kept.items[i - back]);
                }
        free(out->items);
        *out = kept;
        return harmed;
}

static void write_be(FILE *file, uint64_t value, int length)
{
        for (int i = length - 1; i >= 0; i--)
                fputc((int)(value >> 8 * i & 0xff), file);
}

static void write_packet(FILE *file, const struct message *m, struct dice *dice)
{
        int64_t received = m->said + dice_range(dice, 1, 40);

        write_be(file, (uint64_t)(received / 1000), 4);
        write_be(file, (uint64_t)(received % 1000 * 1000), 4);
        write_be(file, m->length + 28, 4);
        write_be(file, m->length + 28, 4);
        write_be(file, 0x4500, 2);
        write_be(file, m->length + 28, 2);
        write_be(file, 0, 4);
        write_be(file, 0x4011, 2);
        write_be(file, 0, 2);
        write_be(file, 0xc0000201, 4);
        write_be(file, 0xc0000202, 4);
        write_be(file, 4739, 2);
        write_be(file, 4739, 2);
        write_be(file, m->length + 8, 2);
        write_be(file, 0, 2);
        fwrite(m->bytes, 1, m->length, file);
}

static void write_messages(const struct world *w, const struct outgoing *out, const char *folder,
        struct dice *dice, struct log_files *ret)
{
        size_t at = 0;

        ret->count = w->scenario.files;
        for (int i = 0; i < ret->count; i++) {
                size_t end = i + 1 == ret->count
                                     ? out->count
                                     : at + (size_t)dice_range(dice, 0, (int64_t)(out->count - at));
                snprintf(ret->paths[i], sizeof ret->paths[i], "%s/log%d", folder, i);
                FILE *file = must(fopen(ret->paths[i], "wb"));
                if (w->scenario.capture) {
                        write_be(file, 0xa1b2c3d4, 4);
                        write_be(file, 0x00020004, 4);
                        write_be(file, 0, 8);
                        write_be(file, 65535, 4);
                        write_be(file, 101, 4);
                }
                for (; at < end; at++) {
                        if (w->scenario.capture)
                                write_packet(file, &out->items[at], dice);
                        else
                                fwrite(out->items[at].bytes, 1, out->items[at].length, file);
                }
                fclose(file);
        }
}

static const char *dotted(uint32_t address, char text[ADDRESS_TEXT_MAX])
{
        struct address a = address_from_ipv4(address);
        return address_format(&a, text);
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

static void write_leases(const struct world *w, const char *folder, struct dice *dice, struct log_files *ret)
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
                ret->any_loss = do_harm(w, &out, dice);
                write_messages(w, &out, folder, dice, ret);
        }
        if (w->scenario.leases)
                write_leases(w, folder, dice, ret);
        for (size_t i = 0; i < out.count; i++)
                free(out.items[i].bytes);
        free(out.items);
        free(list);
}
