/* SPDX-License-Identifier: EUPL-1.2 */
#include "outgoing.h"

#include "base/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
        if (!memory)
                abort();
        return memory;
}

void outgoing_keep(struct outgoing *out, const uint8_t *bytes, size_t length, int64_t said)
{
        if (out->count == out->capacity) {
                out->capacity = out->capacity ? out->capacity * 2 : 256;
                out->items = must(realloc(out->items, out->capacity * sizeof *out->items));
        }
        struct message *m = &out->items[out->count++];
        *m = (struct message){
                .said = said, .order = out->count, .length = length, .bytes = must(malloc(length))};
        memcpy(m->bytes, bytes, length);
}

static int compare_messages(const void *left, const void *right)
{
        const struct message *a = left, *b = right;
        if (a->said != b->said)
                return a->said < b->said ? -1 : 1;
        return (a->order > b->order) - (a->order < b->order);
}

void outgoing_sort(struct outgoing *out)
{
        qsort(out->items, out->count, sizeof *out->items, compare_messages);
}

void outgoing_free(struct outgoing *out)
{
        for (size_t i = 0; i < out->count; i++)
                free(out->items[i].bytes);
        free(out->items);
        *out = (struct outgoing){0};
}

static void swap(struct message *a, struct message *b)
{
        struct message kept = *a;
        *a = *b;
        *b = kept;
}

/* Loses, repeats, reorders and cuts messages. */
bool outgoing_harm(const struct world *w, struct outgoing *out, struct dice *dice)
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
                if (dice_chance(dice, w->scenario.truncated) && m->length > 4) {
                        m->length = (size_t)dice_range(dice, 1, (int64_t)m->length - 1);
                        harmed = true;
                }
                outgoing_keep(&kept, m->bytes, m->length, m->said);
                if (dice_chance(dice, w->scenario.duplicated))
                        outgoing_keep(&kept, m->bytes, m->length, m->said);
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

static void write_packet(FILE *file, const struct message *m, unsigned port, struct dice *dice)
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
        write_be(file, 50000, 2);
        write_be(file, port, 2);
        write_be(file, m->length + 8, 2);
        write_be(file, 0, 2);
        fwrite(m->bytes, 1, m->length, file);
}

void outgoing_write(const struct world *w, const struct outgoing *out, const char *folder, unsigned port,
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
                                write_packet(file, &out->items[at], port, dice);
                        else
                                fwrite(out->items[at].bytes, 1, out->items[at].length, file);
                }
                fclose(file);
        }
}

const char *dotted(uint32_t address, char text[ADDRESS_TEXT_MAX])
{
        struct address a = address_from_ipv4(address);
        return address_format(&a, text);
}
