/* SPDX-License-Identifier: EUPL-1.2 */
/* RADIUS accounting of port blocks, after RFC 8045 and the vendors' attribute lists (doc/format/radius.md).
 */
#include "source.h"

#include "base/time.h"
#include "wire/radius_encoder_test.h"

#include <stdlib.h>

enum style {
        RFC8045,     /* a session per subscriber; interims give and take ranges */
        HUAWEI,      /* the same, by HW-Nat-Port-Range-Update */
        NOKIA_MULTI, /* a session for each range, under one Acct-Multi-Session-Id */
        NOKIA_ONE, /* all ranges under the subscriber's session: an interim does not say which way it goes */
        H3C,       /* a session for each range */
};

enum status { START = 1, STOP = 2, INTERIM = 3 };

static uint32_t tenure_of(const struct world *w, uint32_t inside, int64_t at)
{
        return world_subscriber(w, inside, at);
}

static void put_range(struct radius_packet *p, enum style style, const struct hold *h, bool takes)
{
        char range[80], outside[ADDRESS_TEXT_MAX];

        dotted(h->outside, outside);
        switch (style) {
        case RFC8045:
                put_port_range(p, h->outside, h->port_first, h->port_last, 0, takes ? 2 : 1);
                return;
        case HUAWEI:
                put_vendor_address(p, 2011, 161, outside);
                put_vendor_number(p, 2011, 162, h->port_first);
                put_vendor_number(p, 2011, 163, h->port_last);
                put_vendor_number(p, 2011, 165, takes);
                return;
        case NOKIA_MULTI:
        case NOKIA_ONE:
                snprintf(range, sizeof range, "%s %u..%u router base", outside, h->port_first, h->port_last);
                put_vendor_text(p, 6527, 121, range);
                return;
        case H3C:
                put_vendor_address(p, 25506, 32, outside);
                put_vendor_number(p, 25506, 33, h->port_first);
                put_vendor_number(p, 25506, 34, h->port_last);
                return;
        }
}

/* One record, and what the NAS sends again because no answer came. hold: NULL where it is about the
 * subscriber alone. */
static void send_record(const struct telling *t, enum status status, uint32_t inside, uint32_t session,
        const struct hold *hold, bool takes, uint32_t subscriber, int64_t at, struct outgoing *out)
{
        enum style style = *(const enum style *)t->source->detail;
        struct radius_packet *p = telling_memory(malloc(sizeof *p));
        char text[64], address[ADDRESS_TEXT_MAX];
        int copies = 1 + dice_chance(t->dice, t->world->scenario.duplicated);
        int64_t said = at + dice_range(t->dice, 0, 300);

        for (int i = 0; i < copies; i++, said += 3000) {
                packet_begin(p, 4, (uint8_t)dice_roll(t->dice));
                put_number(p, 40, status);
                if (t->source->flags & SOURCE_SUBSCRIBERS)
                        snprintf(text, sizeof text, "subscriber-%u", subscriber);
                else
                        snprintf(text, sizeof text, "LSN44@%s", dotted(inside, address));
                put_text(p, 1, text);
                put_address(p, 4, "192.0.2.1");
                put_address(p, 8, dotted(inside, address));
                snprintf(text, sizeof text, "%08x", session);
                put_text(p, 44, text);
                if (style == NOKIA_MULTI)
                        put_text(p, 50, "multi");
                if (t->style & 1)
                        put_number(p, 55, (uint32_t)(log_clock(t->world, at) / 1000));
                else if (i > 0)
                        put_number(p, 41, (uint32_t)((said - at) / 1000));
                if (hold)
                        put_range(p, style, hold, takes);
                if (said <= t->world->log_to)
                        outgoing_keep(out, p->bytes, p->length, said);
        }
        free(p);
}

static void send_block(
        const struct telling *t, const struct told *told, uint32_t number, struct outgoing *out)
{
        const struct hold *h = told->hold;
        enum style style = *(const enum style *)t->source->detail;
        bool own = style == NOKIA_MULTI || style == H3C;
        uint32_t subscriber = tenure_of(t->world, h->inside, h->from);
        enum status status = !own || told->what == TELL_ALIVE ? INTERIM
                             : told->what == TELL_OPEN        ? START
                                                              : STOP;

        send_record(t, status, h->inside, own ? 0x10000 + number : subscriber, h, told->what == TELL_CLOSE,
                subscriber, told->at, out);
}

static void send_tenures(const struct telling *t, struct outgoing *out)
{
        const struct world *w = t->world;

        for (size_t i = 0; i < w->tenure_count; i++) {
                const struct tenure *tenure = &w->tenures[i];
                int64_t at = tenure->from;
                for (; at < tenure->to; at += 10 * TIME_MINUTE)
                        if (at >= w->log_from && at <= w->log_to)
                                send_record(t, at == tenure->from ? START : INTERIM, tenure->inside,
                                        tenure->subscriber, NULL, false, tenure->subscriber, at, out);
                if (tenure->to >= w->log_from && tenure->to <= w->log_to)
                        send_record(t, STOP, tenure->inside, tenure->subscriber, NULL, false,
                                tenure->subscriber, tenure->to, out);
        }
}

static void write_radius(struct telling *t)
{
        enum style style = *(const enum style *)t->source->detail;
        struct told *list;
        size_t count = telling_collect(t, 0, 10 * TIME_MINUTE, &list);
        struct outgoing out = {0};

        t->grain_ms = 1000 + 300;
        if (style == RFC8045 || style == HUAWEI || style == NOKIA_ONE)
                send_tenures(t, &out);
        for (size_t i = 0; i < count; i++)
                send_block(t, &list[i], (uint32_t)(list[i].hold - t->world->holds), &out);
        free(list);
        outgoing_sort(&out);
        t->files->heard_to = out.count ? out.items[out.count - 1].said : t->world->log_from;
        t->files->any_loss = outgoing_harm(t->world, &out, t->dice);
        outgoing_write(t->world, &out, t->folder, 1813, t->dice, t->files);
        outgoing_free(&out);
}

#define RADIUS(label, as, how)                                                                               \
        {                                                                                                    \
                .name = "radius " label, .kinds = BLOCKS,                                                    \
                .flags = SOURCE_TEXT | SOURCE_CAPTURE | SOURCE_INTERIMS | (how), .write = write_radius,      \
                .detail = &(const enum style)                                                                \
                {                                                                                            \
                        as                                                                                   \
                }                                                                                            \
        }

const struct source radius_sources[] = {
        RADIUS("rfc8045", RFC8045, 0),
        RADIUS("rfc8045 with subscribers", RFC8045, SOURCE_SUBSCRIBERS),
        RADIUS("huawei", HUAWEI, 0),
        RADIUS("huawei with subscribers", HUAWEI, SOURCE_SUBSCRIBERS),
        RADIUS("nokia, multi-session", NOKIA_MULTI, 0),
        RADIUS("nokia, multi-session, with subscribers", NOKIA_MULTI, SOURCE_SUBSCRIBERS),
        RADIUS("nokia, one session", NOKIA_ONE, 0),
        RADIUS("nokia, one session, with subscribers", NOKIA_ONE, SOURCE_SUBSCRIBERS),
        RADIUS("h3c", H3C, 0),
        RADIUS("h3c with subscribers", H3C, SOURCE_SUBSCRIBERS),
};
const size_t radius_source_count = sizeof radius_sources / sizeof radius_sources[0];
