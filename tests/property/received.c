/* SPDX-License-Identifier: EUPL-1.2 */
#include "received.h"

#include "base/time.h"
#include "wire/radius_encoder_test.h"

#include <stdlib.h>

#define HEAD 28 /* of IPv4 and UDP in outgoing_write's captures */

void received_add(struct received_list *list, enum reception_content content, uint16_t sender, int64_t at,
        const void *bytes, size_t length)
{
        if (list->count == list->capacity) {
                list->capacity = list->capacity ? list->capacity * 2 : 1024;
                list->items = telling_memory(realloc(list->items, list->capacity * sizeof *list->items));
        }
        struct received *r = &list->items[list->count++];
        *r = (struct received){.content = content, .sender = sender, .at = at, .length = length};
        r->bytes = telling_memory(malloc(length ? length : 1));
        memcpy(r->bytes, bytes, length);
}

void received_free(struct received_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i].bytes);
        free(list->items);
        *list = (struct received_list){0};
}

/* --- Captures --- */

static uint64_t read_be(const uint8_t *at, unsigned length)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < length; i++)
                value = value << 8 | at[i];
        return value;
}

void received_read(struct received_list *list, const char *path, uint16_t sender)
{
        FILE *file = telling_memory(fopen(path, "rb"));
        uint8_t head[24];
        static uint8_t packet[65536 + HEAD];

        if (fread(head, 24, 1, file) != 1)
                abort();
        while (fread(head, 16, 1, file) == 1) {
                size_t length = (size_t)read_be(head + 8, 4);
                if (length < HEAD || length > sizeof packet || fread(packet, length, 1, file) != 1)
                        abort();
                int64_t at = (int64_t)read_be(head, 4) * 1000 + (int64_t)read_be(head + 4, 4) / 1000;
                received_add(list, read_be(packet + 22, 2) == 1813 ? RECEPTION_RADIUS : RECEPTION_FLOW,
                        sender, at, packet + HEAD, length - HEAD);
        }
        fclose(file);
}

static void put_be(FILE *file, uint64_t value, int length)
{
        for (int i = length - 1; i >= 0; i--)
                fputc((int)(value >> 8 * i & 0xff), file);
}

static void write_one(FILE *file, const struct received *r)
{
        put_be(file, (uint64_t)(r->at / 1000), 4);
        put_be(file, (uint64_t)(r->at % 1000 * 1000), 4);
        put_be(file, r->length + HEAD, 4);
        put_be(file, r->length + HEAD, 4);
        put_be(file, 0x4500, 2);
        put_be(file, r->length + HEAD, 2);
        put_be(file, 0, 4);
        put_be(file, 0x4011, 2);
        put_be(file, 0, 2);
        put_be(file, 0xc0000201u + r->sender, 4);
        put_be(file, 0xc00002feu, 4);
        put_be(file, 50000, 2);
        put_be(file, r->content == RECEPTION_RADIUS ? 1813 : 4739, 2);
        put_be(file, r->length + 8, 2);
        put_be(file, 0, 2);
        fwrite(r->bytes, 1, r->length, file);
}

void received_write(const struct received_list *list, const char *path)
{
        FILE *file = telling_memory(fopen(path, "wb"));

        put_be(file, 0xa1b2c3d4, 4);
        put_be(file, 0x00020004, 4);
        put_be(file, 0, 8);
        put_be(file, 65535, 4);
        put_be(file, 101, 4);
        for (size_t i = 0; i < list->count; i++)
                if (!list->items[i].dropped && !list->items[i].missed)
                        write_one(file, &list->items[i]);
        fclose(file);
}

/* Stable: what was sent in one millisecond stays in turn. */
void received_sort(struct received_list *list)
{
        struct received *from = list->items,
                        *to = telling_memory(malloc((list->count + 1) * sizeof *list->items));

        for (size_t width = 1; width < list->count; width *= 2) {
                for (size_t at = 0; at < list->count; at += 2 * width) {
                        size_t middle = at + width < list->count ? at + width : list->count,
                               end = at + 2 * width < list->count ? at + 2 * width : list->count, a = at,
                               b = middle;
                        for (size_t k = at; k < end; k++)
                                to[k] = a < middle && (b == end || from[a].at <= from[b].at) ? from[a++]
                                                                                             : from[b++];
                }
                struct received *swapped = from;
                from = to;
                to = swapped;
        }
        list->items = from;
        free(to);
}

/* --- Lines --- */

void received_lines(struct received_list *list, struct telling *t)
{
        struct told *told;
        size_t count = telling_collect(
                t, 0, t->source->flags & (SOURCE_INTERIMS | SOURCE_GLIMPSES) ? 7 * TIME_MINUTE : 0, &told);
        const struct scenario *s = &t->world->scenario;
        unsigned burst = 0;

        t->files->heard_to = count ? told[count - 1].said : t->world->log_from;
        for (size_t i = 0; i < count; i++) {
                char *text = NULL;
                size_t length = 0;
                bool may = !(t->one_is_whole && told[i].hold->outside == OUTSIDE_FIRST);
                int64_t at = told[i].said + dice_range(t->dice, 1, 40);
                if (burst == 0 && dice_chance(t->dice, s->lost_burst))
                        burst = (unsigned)dice_range(t->dice, 1, 20);
                if (may && (burst > 0 || dice_chance(t->dice, s->lost))) {
                        burst -= burst > 0;
                        t->files->any_loss = true;
                        continue;
                }
                FILE *file = telling_memory(open_memstream(&text, &length));
                t->source->line(t, &told[i], log_clock(t->world, told[i].at), file);
                fclose(file);
                if (dice_chance(t->dice, s->reordered)) /* it took another way */
                        at += dice_range(t->dice, 0, 2900);
                int copies = 1 + dice_chance(t->dice, s->duplicated);
                for (int k = 0; k < copies && length > 0; k++)
                        received_add(list, RECEPTION_TEXT,
                                t->relayed ? (uint16_t)(told[i].hold->outside - OUTSIDE_FIRST) : 0, at, text,
                                length);
                free(text);
        }
        free(told);
}

/* --- The kernel's own events (linux/netfilter/nfnetlink_conntrack.h) --- */

struct netlink {
        uint8_t bytes[512];
        size_t length;
};

static void put(struct netlink *n, const void *bytes, size_t length)
{
        memcpy(n->bytes + n->length, bytes, length);
        n->length += length;
}

static size_t begin_attribute(struct netlink *n, uint16_t number)
{
        size_t at = n->length;

        put(n, &(uint16_t){0}, 2);
        put(n, &number, 2);
        return at;
}

static void end_attribute(struct netlink *n, size_t at)
{
        uint16_t length = (uint16_t)(n->length - at);

        memcpy(n->bytes + at, &length, 2);
        while (n->length % 4)
                put(n, "", 1);
}

static void put_value(struct netlink *n, uint16_t number, uint64_t value, unsigned bytes)
{
        size_t at = begin_attribute(n, number);

        for (unsigned i = bytes; i-- > 0;)
                put(n, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
        end_attribute(n, at);
}

static void put_tuple(struct netlink *n, uint16_t number, uint8_t protocol, uint32_t source, uint16_t from,
        uint32_t destination, uint16_t to)
{
        size_t tuple = begin_attribute(n, number | 0x8000), inner = begin_attribute(n, 1 | 0x8000);

        put_value(n, 1, source, 4);
        put_value(n, 2, destination, 4);
        end_attribute(n, inner);
        inner = begin_attribute(n, 2 | 0x8000);
        put_value(n, 1, protocol, 1);
        put_value(n, 2, from, 2);
        put_value(n, 3, to, 2);
        end_attribute(n, inner);
        end_attribute(n, tuple);
}

static void put_entry(
        struct netlink *n, const struct hold *h, bool closes, int64_t stamp_ms, int64_t began_ms)
{
        uint32_t length;

        n->length = 0;
        put(n, "\0\0\0\0", 4);
        put(n, &(uint16_t){closes ? 0x102 : 0x100}, 2);
        put(n, &(uint16_t){closes ? 0 : 0x600}, 2);
        put(n, "\0\0\0\0\0\0\0\0\2\0\0\0", 12);
        put_tuple(n, 1, h->protocol, h->inside, h->inside_port, h->destination, h->destination_port);
        put_tuple(n, 2, h->protocol, h->destination, h->destination_port, h->outside, h->port_first);
        put_value(n, 12, h->identity, 4);
        if (stamp_ms && closes) {
                size_t life = begin_attribute(n, 20 | 0x8000);
                put_value(n, 1, (uint64_t)began_ms * 1000000, 8);
                put_value(n, 2, (uint64_t)stamp_ms * 1000000, 8);
                end_attribute(n, life);
        }
        if (stamp_ms)
                put_value(n, 27, (uint64_t)stamp_ms * 1000000, 8);
        length = (uint32_t)n->length;
        memcpy(n->bytes, &length, 4);
}

void received_conntrack(struct received_list *list, struct telling *t, bool stamped)
{
        struct told *told;
        size_t count = telling_collect(t, 0, 0, &told);
        struct netlink n;
        int64_t last = 0;

        t->files->heard_to = count ? told[count - 1].said : t->world->log_from;
        for (size_t i = 0; i < count; i++) {
                const struct hold *h = told[i].hold;
                bool closes = told[i].what == TELL_CLOSE;
                put_entry(&n, h, closes, stamped ? log_clock(t->world, told[i].at) : 0,
                        log_clock(t->world, h->from));
                /* Its own NAT's clock is the receiver's, and nothing overtakes anything. */
                int64_t at = log_clock(t->world, told[i].at) + dice_range(t->dice, 0, 3);
                last = at > last ? at : last;
                received_add(list, RECEPTION_CONNTRACK, 0, last, n.bytes, n.length);
        }
        free(told);
}

/* --- Leases --- */

static void lease_record(struct received_list *list, struct telling *t, uint16_t sender, int64_t late_ms,
        const struct tenure *tenure, unsigned status, int64_t at)
{
        const struct world *w = t->world;
        struct radius_packet *p = telling_memory(malloc(sizeof *p));
        char text[64], address[ADDRESS_TEXT_MAX];
        unsigned server = tenure->inside % 2;
        /* For a while nothing of this server arrives: all of it comes with the next attempt. */
        struct dice outage = {.state = (uint64_t)(at / (20 * TIME_SECOND)) * 2 + server};
        int64_t late = late_ms && dice_chance(&outage, 300) ? dice_range(&outage, 0, late_ms) : 0,
                received = at + late + dice_range(t->dice, 1, 40);

        if (at < w->log_from || at > w->log_to || (w->scenario.leases_lost && dice_chance(t->dice, 100))) {
                free(p);
                return;
        }
        packet_begin(p, 4, (uint8_t)dice_roll(t->dice));
        put_number(p, 40, status);
        snprintf(text, sizeof text, "subscriber-%u", tenure->subscriber);
        put_text(p, 1, text);
        put_address(p, 4, "192.0.2.9");
        put_address(p, 8, dotted(tenure->inside, address));
        snprintf(text, sizeof text, "%08x", tenure->subscriber);
        put_text(p, 44, text);
        if (t->style & 1)
                put_number(p, 55, (uint32_t)(at / 1000));
        else if (late)
                put_number(p, 41, (uint32_t)(late / 1000));
        received_add(list, RECEPTION_RADIUS, (uint16_t)(sender + server), received, p->bytes, p->length);
        free(p);
}

void received_leases(struct received_list *list, struct telling *t, uint16_t sender, int64_t late_ms)
{
        for (size_t i = 0; i < t->world->tenure_count; i++) {
                const struct tenure *tenure = &t->world->tenures[i];
                int64_t phase = dice_range(t->dice, 1, 10 * TIME_MINUTE);
                lease_record(list, t, sender, late_ms, tenure, 1, tenure->from);
                for (int64_t at = tenure->from + phase; at < tenure->to; at += 10 * TIME_MINUTE)
                        lease_record(list, t, sender, late_ms, tenure, 3, at);
                lease_record(list, t, sender, late_ms, tenure, 2, tenure->to);
        }
}
