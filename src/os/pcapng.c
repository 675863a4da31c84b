/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/pcapng.h"

#include "base/cursor.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

enum block {
        BLOCK_SECTION = 0x0a0d0d0a,
        BLOCK_INTERFACE = 1,
        BLOCK_OLD_PACKET = 2,
        BLOCK_SIMPLE_PACKET = 3,
        BLOCK_PACKET = 6,
};

enum option {
        OPTION_END = 0,
        OPTION_RESOLUTION = 9, /* if_tsresol */
        OPTION_OFFSET = 14,    /* if_tsoffset, seconds */
};

#define BLOCK_AROUND 12 /* type and length before the body, length behind it */

struct interface {
        int link;
        uint32_t longest;
        uint8_t resolution; /* as if_tsresol: a power of ten, or with the high bit of two */
        int64_t offset_s;
};

struct pcapng {
        FILE *file; /* borrowed */
        bool is_big;
        struct interface interfaces[PCAPNG_INTERFACES_MAX];
        unsigned interface_count;
        uint8_t *body; /* of the block at hand */
        size_t capacity;
        uint64_t number; /* packets read */
};

static uint64_t read_number(const struct pcapng *pcapng, struct cursor *cursor, size_t length)
{
        return pcapng->is_big ? cursor_be(cursor, length) : cursor_le(cursor, length);
}

static int damaged(const struct pcapng *pcapng, const char *what, struct error *error)
{
        return error_set(error, -EBADMSG, "packet %llu: %s; everything before it was read",
                (unsigned long long)pcapng->number + 1, what);
}

/* 0, 1 at the end of the file, or damage. */
static int read_bytes(struct pcapng *pcapng, uint8_t *bytes, size_t length, bool may_end, struct error *error)
{
        size_t got = fread(bytes, 1, length, pcapng->file);

        if (got == length)
                return 0;
        if (ferror(pcapng->file))
                return damaged(pcapng, "the file could not be read on", error);
        return got == 0 && may_end ? 1 : damaged(pcapng, "the file ends within a block", error);
}

static int make_room(struct pcapng *pcapng, size_t length, struct error *error)
{
        if (length <= pcapng->capacity)
                return 0;
        uint8_t *grown = realloc(pcapng->body, length);
        if (!grown)
                return error_set(error, -ENOMEM, "not enough memory");
        pcapng->body = grown;
        pcapng->capacity = length;
        return 0;
}

/* The order of bytes of a section is in its body, so it is known before its length is. */
static int read_order(struct pcapng *pcapng, uint8_t *head, struct error *error)
{
        static const uint8_t big[4] = {0x1a, 0x2b, 0x3c, 0x4d}, little[4] = {0x4d, 0x3c, 0x2b, 0x1a};

        int r = read_bytes(pcapng, head + 8, 4, false, error);
        if (r < 0)
                return r;
        pcapng->is_big = memcmp(head + 8, big, sizeof big) == 0;
        if (!pcapng->is_big && memcmp(head + 8, little, sizeof little) != 0)
                return damaged(pcapng, "the order of bytes of its section is neither of the two", error);
        pcapng->interface_count = 0;
        return 0;
}

/* Reads one block. 1 with its type and body, 0 at the end, or damage. */
static int read_block(struct pcapng *pcapng, uint32_t *ret_type, struct cursor *ret_body, struct error *error)
{
        static const uint8_t section[4] = {0x0a, 0x0d, 0x0d, 0x0a};
        uint8_t head[12], tail[4];
        size_t taken = 0;

        int r = read_bytes(pcapng, head, 8, true, error);
        if (r != 0)
                return r < 0 ? r : 0;
        if (memcmp(head, section, sizeof section) == 0) {
                r = read_order(pcapng, head, error);
                if (r < 0)
                        return r;
                taken = 4;
        }
        struct cursor cursor = cursor_over(head, 8);
        *ret_type = (uint32_t)read_number(pcapng, &cursor, 4);
        uint64_t length = read_number(pcapng, &cursor, 4);
        if (length < BLOCK_AROUND + taken || length % 4 != 0 || length > PCAPNG_BLOCK_MAX)
                return damaged(pcapng, "a block has a length that cannot be", error);
        size_t body = (size_t)length - BLOCK_AROUND;
        r = make_room(pcapng, body + 1, error);
        if (r == 0 && taken > 0)
                memcpy(pcapng->body, head + 8, taken);
        if (r == 0)
                r = read_bytes(pcapng, pcapng->body + taken, body - taken, false, error);
        if (r == 0)
                r = read_bytes(pcapng, tail, sizeof tail, false, error);
        if (r < 0)
                return r;
        cursor = cursor_over(tail, sizeof tail);
        if (read_number(pcapng, &cursor, 4) != length)
                return damaged(pcapng, "the two lengths of a block differ", error);
        *ret_body = cursor_over(pcapng->body, body);
        return 1;
}

static int add_interface(struct pcapng *pcapng, struct cursor *body, struct error *error)
{
        struct interface interface = {.resolution = 6};

        interface.link = (int)read_number(pcapng, body, 2);
        cursor_skip(body, 2);
        interface.longest = (uint32_t)read_number(pcapng, body, 4);
        if (body->overrun)
                return damaged(pcapng, "the description of an interface is cut short", error);
        while (cursor_left(body) >= 4) {
                unsigned option = (unsigned)read_number(pcapng, body, 2);
                size_t length = (size_t)read_number(pcapng, body, 2);
                if (option == OPTION_END)
                        break;
                struct cursor value = cursor_part(body, length);
                cursor_skip(body, (4 - length % 4) % 4);
                if (option == OPTION_RESOLUTION && length == 1)
                        interface.resolution = cursor_u8(&value);
                else if (option == OPTION_OFFSET && length == 8)
                        interface.offset_s = (int64_t)read_number(pcapng, &value, 8);
        }
        if (body->overrun)
                return damaged(pcapng, "the options of an interface are cut short", error);
        if (pcapng->interface_count == PCAPNG_INTERFACES_MAX)
                return damaged(pcapng, "the file describes too many interfaces", error);
        pcapng->interfaces[pcapng->interface_count++] = interface;
        return 0;
}

/* Ticks of an interface's clock to milliseconds; TIME_UNKNOWN outside the years that are accepted. */
static int64_t instant_of(const struct interface *interface, uint64_t ticks)
{
        unsigned power = interface->resolution & 0x7f;
        __int128 milliseconds;

        if (interface->resolution & 0x80) {
                milliseconds = power < 64 ? (__int128)ticks * 1000 >> power : 0;
        } else {
                milliseconds = (__int128)ticks * 1000;
                for (unsigned i = 0; i < power && milliseconds > 0; i++)
                        milliseconds /= 10;
        }
        milliseconds += (__int128)interface->offset_s * 1000;
        return milliseconds >= TIME_FIRST && milliseconds < TIME_LIMIT ? (int64_t)milliseconds : TIME_UNKNOWN;
}

static int take_packet(struct pcapng *pcapng, uint32_t type, struct cursor *body, struct captured_packet *ret,
        struct error *error)
{
        bool is_simple = type == BLOCK_SIMPLE_PACKET;
        uint64_t number = is_simple ? 0 : read_number(pcapng, body, type == BLOCK_OLD_PACKET ? 2 : 4);

        if (type == BLOCK_OLD_PACKET)
                cursor_skip(body, 2); /* drops */
        uint64_t ticks = is_simple ? 0 : read_number(pcapng, body, 4) << 32;
        if (!is_simple)
                ticks |= read_number(pcapng, body, 4);
        uint64_t captured = is_simple ? 0 : read_number(pcapng, body, 4);
        uint64_t original = read_number(pcapng, body, 4);
        if (body->overrun || number >= pcapng->interface_count)
                return damaged(pcapng, "it belongs to no interface that is described", error);
        const struct interface *interface = &pcapng->interfaces[number];
        if (is_simple) {
                captured = interface->longest > 0 && interface->longest < original ? interface->longest
                                                                                   : original;
                if (captured > cursor_left(body))
                        captured = cursor_left(body);
        }
        if (captured > cursor_left(body))
                return damaged(pcapng, "it is longer than its block", error);
        *ret = (struct captured_packet){
                .bytes = body->at,
                .captured = (size_t)captured,
                .original = (size_t)original,
                .time_ms = is_simple ? TIME_UNKNOWN : instant_of(interface, ticks),
                .number = ++pcapng->number,
                .link = interface->link,
        };
        return 1;
}

/* Goes to the next packet, or (only_interface) to the first interface. 1, 0 at the end, or damage. */
static int advance(
        struct pcapng *pcapng, bool only_interface, struct captured_packet *ret_packet, struct error *error)
{
        struct cursor body;
        uint32_t type;
        int r;

        while ((r = read_block(pcapng, &type, &body, error)) > 0) {
                switch (type) {
                case BLOCK_INTERFACE:
                        r = add_interface(pcapng, &body, error);
                        if (r < 0 || only_interface)
                                return r < 0 ? r : 1;
                        break;
                case BLOCK_PACKET:
                case BLOCK_OLD_PACKET:
                case BLOCK_SIMPLE_PACKET:
                        if (only_interface)
                                return damaged(pcapng, "it belongs to no interface that is described", error);
                        return take_packet(pcapng, type, &body, ret_packet, error);
                default: /* names, statistics, what others add */
                        break;
                }
        }
        return r;
}

int pcapng_open(FILE *file, const char *name, struct pcapng **ret_pcapng, struct error *error)
{
        struct pcapng *pcapng = calloc(1, sizeof *pcapng);
        struct error why = {0};
        struct cursor body;
        uint32_t type = 0;

        if (!pcapng)
                return error_set(error, -ENOMEM, "not enough memory");
        pcapng->file = file;
        int r = read_block(pcapng, &type, &body, &why);
        if (r > 0 && type == BLOCK_SECTION)
                r = advance(pcapng, true, NULL, &why);
        else if (r >= 0)
                r = error_set(&why, -EBADMSG, "it does not begin with a section");
        if (r < 0) {
                pcapng_close(pcapng);
                return error_set(error, r, "%s: no capture file: %s", name, why.text);
        }
        *ret_pcapng = pcapng;
        return 0;
}

void pcapng_close(struct pcapng *pcapng)
{
        if (!pcapng)
                return;
        free(pcapng->body);
        free(pcapng);
}

int pcapng_link(const struct pcapng *pcapng)
{
        return pcapng->interface_count > 0 ? pcapng->interfaces[pcapng->interface_count - 1].link : -1;
}

int pcapng_next(struct pcapng *pcapng, struct captured_packet *ret_packet, struct error *error)
{
        return advance(pcapng, false, ret_packet, error);
}
