/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/fragment.h"

#include <errno.h>
#include <stdlib.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define LENGTH_UNKNOWN UINT32_MAX

struct piece {
        struct piece *next; /* by offset */
        uint32_t offset, length;
        uint8_t bytes[];
};

struct datagram {
        struct datagram *next; /* oldest first */
        struct packet head;    /* addresses, identification; no payload */
        struct piece *pieces;
        uint32_t piece_count, held; /* held: bytes */
        uint32_t length;            /* told by the last piece, or LENGTH_UNKNOWN */
        int64_t first_ms;
        uint64_t number;
        bool given_up; /* what still comes of it is dropped (RFC 5722 section 4) */
};

struct fragment_set {
        struct datagram *first, *last;
        unsigned count;
        size_t bytes;
        uint8_t *whole; /* of the datagram put together last */
};

int fragment_set_new(struct fragment_set **ret_set)
{
        struct fragment_set *set = calloc(1, sizeof *set);

        if (!set)
                return -ENOMEM;
        *ret_set = set;
        return 0;
}

static void drop_pieces(struct fragment_set *set, struct datagram *datagram)
{
        while (datagram->pieces) {
                struct piece *next = datagram->pieces->next;
                free(datagram->pieces);
                datagram->pieces = next;
        }
        set->bytes -= datagram->held;
        datagram->held = datagram->piece_count = 0;
}

static void take_out(struct fragment_set *set, struct datagram *datagram)
{
        struct datagram *before = NULL;

        for (struct datagram *at = set->first; at != datagram; at = at->next)
                before = at;
        *(before ? &before->next : &set->first) = datagram->next;
        if (set->last == datagram)
                set->last = before;
        set->count--;
        drop_pieces(set, datagram);
        free(datagram);
}

static void give_up_first(struct fragment_set *set, const char *complaint, fragment_lost *lost, void *context)
{
        if (!set->first->given_up)
                lost(context, set->first->number, complaint);
        take_out(set, set->first);
}

void fragment_set_free(struct fragment_set *set)
{
        if (!set)
                return;
        while (set->first)
                take_out(set, set->first);
        free(set->whole);
        free(set);
}

void fragment_finish(struct fragment_set *set, fragment_lost *lost, void *context)
{
        while (set->first)
                give_up_first(
                        set, "fragments of a packet whose other fragments were not captured", lost, context);
}

/* A clock that steps, in either direction, makes pieces as old as the step. */
static bool is_older(const struct datagram *datagram, int64_t time_ms, int64_t limit_ms)
{
        return time_ms - datagram->first_ms > limit_ms || datagram->first_ms - time_ms > limit_ms;
}

static bool is_same(const struct datagram *datagram, const struct packet *piece)
{
        const struct packet *head = &datagram->head;

        /* RFC 791 section 3.2 counts the protocol in, RFC 8200 section 4.5 does not. */
        return head->identification == piece->identification && head->version == piece->version &&
               (head->version == 6 || head->protocol == piece->protocol) &&
               address_compare(&head->source, &piece->source) == 0 &&
               address_compare(&head->destination, &piece->destination) == 0;
}

static struct datagram *datagram_of(
        struct fragment_set *set, const struct packet *piece, int64_t time_ms, uint64_t number)
{
        for (struct datagram *at = set->first; at; at = at->next)
                if (is_same(at, piece))
                        return at;
        struct datagram *datagram = calloc(1, sizeof *datagram);
        if (!datagram)
                return NULL;
        datagram->head = *piece;
        datagram->head.payload = NULL;
        datagram->length = LENGTH_UNKNOWN;
        datagram->first_ms = time_ms;
        datagram->number = number;
        *(set->last ? &set->last->next : &set->first) = datagram;
        set->last = datagram;
        set->count++;
        return datagram;
}

static void give_up(struct fragment_set *set, struct datagram *datagram, const char *complaint,
        fragment_lost *lost, void *context)
{
        datagram->given_up = true;
        drop_pieces(set, datagram);
        lost(context, datagram->number, complaint);
}

enum fit { FIT_NEW, FIT_AGAIN, FIT_OVERLAP };

/* Where the piece belongs. The same piece captured twice (a mirror that sees both sides of a switch) is no
 * overlap (RFC 8200 section 4.5). */
static enum fit find_place(struct datagram *datagram, const struct packet *piece, struct piece ***ret_link)
{
        struct piece **link = &datagram->pieces;

        while (*link && (*link)->offset + (*link)->length <= piece->offset)
                link = &(*link)->next;
        *ret_link = link;
        if (!*link || piece->offset + piece->length <= (*link)->offset)
                return FIT_NEW;
        bool again = (*link)->offset == piece->offset && (*link)->length == piece->length &&
                     memcmp((*link)->bytes, piece->payload, piece->length) == 0;
        return again ? FIT_AGAIN : FIT_OVERLAP;
}

/* Does the piece agree with the end that is known, or is it that end? */
static bool agrees_with_end(struct datagram *datagram, const struct packet *piece)
{
        uint32_t end = piece->offset + (uint32_t)piece->length;

        if (piece->more)
                return datagram->length == LENGTH_UNKNOWN || end < datagram->length;
        for (const struct piece *at = datagram->pieces; at; at = at->next)
                if (at->offset + at->length > end)
                        return false;
        if (datagram->length != LENGTH_UNKNOWN && datagram->length != end)
                return false;
        datagram->length = end;
        return true;
}

/* The sum of RFC 1071 over a pseudo-header (RFC 768, RFC 8200 section 8.1) and the datagram. */
static bool sum_is_right(const struct packet *whole)
{
        unsigned skipped = whole->version == 4 ? 12 : 0;
        uint64_t sum = whole->protocol + (uint64_t)whole->length;

        for (unsigned i = skipped; i < 16; i += 2) {
                sum += (uint64_t)whole->source.bytes[i] << 8 | whole->source.bytes[i + 1];
                sum += (uint64_t)whole->destination.bytes[i] << 8 | whole->destination.bytes[i + 1];
        }
        for (size_t i = 0; i < whole->length; i++)
                sum += i % 2 == 0 ? (uint64_t)whole->payload[i] << 8 : whole->payload[i];
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return sum == 0xffff;
}

/* NULL, or why what was put together may be out of two datagrams. */
static const char *check_whole(const struct datagram *datagram, const struct packet *whole, int64_t time_ms)
{
        bool is_udp = whole->protocol == PROTOCOL_UDP && whole->length >= 8;
        bool has_sum = whole->protocol == PROTOCOL_TCP ||
                       (is_udp && (whole->payload[6] != 0 || whole->payload[7] != 0));

        if (has_sum)
                return sum_is_right(whole) ? NULL : "fragments whose checksum is wrong once put together";
        return is_older(datagram, time_ms, FRAGMENT_UNCHECKED_MS)
                       ? "fragments too far apart to be put together without a checksum"
                       : NULL;
}

/* 1, 0 where given up, -ENOMEM. */
static int put_together(struct fragment_set *set, struct datagram *datagram, int64_t time_ms,
        fragment_lost *lost, void *context, struct packet *ret_whole)
{
        uint8_t *bytes = malloc(datagram->length);

        if (!bytes)
                return -ENOMEM;
        for (const struct piece *at = datagram->pieces; at; at = at->next)
                memcpy(bytes + at->offset, at->bytes, at->length);
        free(set->whole);
        set->whole = bytes;
        struct packet whole = datagram->head;
        whole.payload = bytes;
        whole.length = datagram->length;
        const char *complaint = check_whole(datagram, &whole, time_ms);
        if (complaint) {
                give_up(set, datagram, complaint, lost, context);
                return 0;
        }
        take_out(set, datagram);
        *ret_whole = whole;
        return 1;
}

static int keep_piece(
        struct fragment_set *set, struct datagram *datagram, const struct packet *piece, struct piece **link)
{
        struct piece *kept = malloc(sizeof *kept + piece->length);

        if (!kept)
                return -ENOMEM;
        kept->next = *link;
        kept->offset = piece->offset;
        kept->length = (uint32_t)piece->length;
        memcpy(kept->bytes, piece->payload, piece->length);
        *link = kept;
        if (piece->offset == 0) /* its first piece says what the datagram holds (RFC 8200 section 4.5) */
                datagram->head.protocol = piece->protocol;
        datagram->piece_count++;
        datagram->held += kept->length;
        set->bytes += kept->length;
        return 0;
}

static void make_room(struct fragment_set *set, int64_t time_ms, fragment_lost *lost, void *context)
{
        while (set->first && is_older(set->first, time_ms, FRAGMENT_MS))
                give_up_first(set, "fragments of a packet whose other fragments were not captured in time",
                        lost, context);
        while (set->first && (set->count >= FRAGMENT_DATAGRAMS_MAX || set->bytes >= FRAGMENT_BYTES_MAX))
                give_up_first(set, "fragments of more packets at once than are kept", lost, context);
}

int fragment_add(struct fragment_set *set, const struct packet *piece, int64_t time_ms, uint64_t number,
        fragment_lost *lost, void *context, struct packet *ret_whole)
{
        struct piece **link;

        make_room(set, time_ms, lost, context);
        struct datagram *datagram = datagram_of(set, piece, time_ms, number);
        if (!datagram)
                return -ENOMEM;
        if (datagram->given_up)
                return 0;
        enum fit fit = find_place(datagram, piece, &link);
        if (fit == FIT_AGAIN)
                return 0;
        if (fit == FIT_OVERLAP || !agrees_with_end(datagram, piece)) {
                give_up(set, datagram, "fragments that overlap or contradict each other", lost, context);
                return 0;
        }
        if (datagram->piece_count == FRAGMENT_PIECES_MAX) {
                give_up(set, datagram, "a packet in more fragments than are kept", lost, context);
                return 0;
        }
        int r = keep_piece(set, datagram, piece, link);
        if (r < 0 || datagram->held != datagram->length)
                return r;
        return put_together(set, datagram, time_ms, lost, context, ret_whole);
}
