/* SPDX-License-Identifier: EUPL-1.2 */
/* Binary flow logs of H3C (3.0) and Huawei (eLog V1), after the documents that doc/format/userlog.md names.
 */
#include "source.h"

#include "base/time.h"

#include <stdlib.h>

#define DELAY_MS 800

static void encode_header(struct encoder *e, bool huawei, uint32_t seconds, uint32_t number)
{
        e->length = 0;
        encode(e, huawei ? 0x10 : 3, 1);
        encode(e, 4, 1);
        encode(e, 0, 2);
        encode(e, seconds, 4);
        encode(e, number, 4);
        encode(e, 0x00010200, 4);
}

static void encode_flow(struct encoder *e, const struct telling *t, const struct told *told, bool huawei)
{
        const struct hold *h = told->hold;
        static const uint8_t ends[] = {1, 2, 3, 4, 7, 254};
        uint8_t action = told->what == TELL_OPEN    ? 8
                         : told->what == TELL_ALIVE ? 6
                                                    : ends[dice_range(t->dice, 0, 5)];

        encode(e, h->protocol, 1);
        encode(e, huawei ? 0 : action, 1);
        encode(e, 4, 1);
        encode(e, 0, 1);
        encode(e, h->inside, 4);
        encode(e, h->outside, 4);
        encode(e, h->destination, 4);
        encode(e, h->destination, 4);
        encode(e, h->inside_port, 2);
        encode(e, h->port_first, 2);
        encode(e, h->destination_port, 2);
        encode(e, h->destination_port, 2);
        encode(e, (uint64_t)(log_clock(t->world, h->from) / 1000), 4);
        encode(e, told->what == TELL_OPEN ? 0 : (uint64_t)(log_clock(t->world, told->at) / 1000), 4);
        encode(e, 1000, 4);
        encode(e, 1001, 4);
        encode(e, 1002, 4);
        encode(e, 1003, 4);
        encode(e, 0, 4);
        encode(e, 0, 4);
        encode(e, 0, 4);
}

static void write_userlog(struct telling *t)
{
        const struct world *w = t->world;
        bool huawei = t->source->detail != NULL;
        struct told *list;
        size_t count =
                telling_collect(t, DELAY_MS, t->source->flags & SOURCE_INTERIMS ? 5 * TIME_MINUTE : 0, &list);
        struct outgoing out = {0};
        struct encoder *e = telling_memory(malloc(sizeof *e));
        uint32_t number = w->scenario.warm ? (uint32_t)dice_roll(t->dice) : 0;
        bool restarted = w->restart_at == 0;

        t->grain_ms = 1000;
        t->files->heard_to = w->log_from;
        for (size_t i = 0; i < count;) {
                size_t most = (size_t)dice_range(t->dice, 1, 8), records = 0;
                int64_t first = list[i].said, said = first;
                if (!restarted && first >= w->restart_at) {
                        restarted = true;
                        number = 0;
                }
                size_t begin = i;
                while (i < count && i - begin < most && list[i].said <= first + 900 &&
                        (restarted || list[i].said < w->restart_at))
                        said = list[i++].said;
                encode_header(e, huawei, (uint32_t)(log_clock(w, said) / 1000), number);
                for (size_t k = begin; k < i; k++) {
                        if (t->source->flags & SOURCE_ENDS && list[k].what == TELL_OPEN)
                                continue;
                        encode_flow(e, t, &list[k], huawei);
                        records++;
                }
                encode_at(e, 2, (uint16_t)records);
                if (!records)
                        continue;
                /* H3C counts packets, Huawei flows. */
                number += huawei ? (uint32_t)records : 1;
                outgoing_keep(&out, e->bytes, e->length, said);
                t->files->heard_to = said;
        }
        free(e);
        free(list);
        t->files->any_loss = outgoing_harm(w, &out, t->dice);
        outgoing_write(w, &out, t->folder, 9020, t->dice, t->files);
        outgoing_free(&out);
}

#define USERLOG(of, label, how, is_huawei)                                                                   \
        {                                                                                                    \
                .name = label, .dialect = of, .kinds = SESSIONS,                                             \
                .flags = SOURCE_SECONDS | SOURCE_CAPTURE | SOURCE_DESTINATIONS | (how),                      \
                .write = write_userlog, .detail = (is_huawei) ? "huawei" : NULL                              \
        }

const struct source packet_sources[] = {
        USERLOG("h3c-userlog", "h3c-userlog", 0, false),
        USERLOG("h3c-userlog", "h3c-userlog with regular records", SOURCE_INTERIMS, false),
        USERLOG("h3c-userlog", "h3c-userlog, ends only", SOURCE_ENDS, false),
        USERLOG("huawei-elog", "huawei-elog", 0, true),
        USERLOG("huawei-elog", "huawei-elog, ends only", SOURCE_ENDS, true),
};
const size_t packet_source_count = sizeof packet_sources / sizeof packet_sources[0];
