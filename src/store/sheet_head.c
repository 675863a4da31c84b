/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sheet_head.h"

int sheet_host_compare(const struct nat_host *a, const struct nat_host *b)
{
        if (a->vrf != b->vrf)
                return a->vrf < b->vrf ? -1 : 1;
        return address_compare(&a->address, &b->address);
}

/* ---- writing ---- */

static bool is_plain(const struct nat_host *hosts, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++)
                if (hosts[i].vrf != hosts[0].vrf || !address_is_ipv4(&hosts[i].address))
                        return false;
        return true;
}

/* The Rice parameter that suits the mean gap: gaps of randomly spread addresses are geometrically
 * distributed. */
static unsigned rice_parameter(uint64_t span, uint32_t gaps)
{
        uint64_t mean = gaps ? span / gaps : 0;
        unsigned k = 0;

        while (k < 31 && (mean * 45 >> 6) >> (k + 1)) /* 0.7 times the mean */
                k++;
        return k;
}

struct bit_appender {
        struct buffer *out;
        uint64_t pending;
        unsigned bits;
};

static void append_bits(struct bit_appender *appender, uint64_t value, unsigned count)
{
        appender->pending = appender->pending << count | value;
        for (appender->bits += count; appender->bits >= 8; appender->bits -= 8)
                buffer_append_u8(appender->out, (uint8_t)(appender->pending >> (appender->bits - 8)));
}

static void put_gaps(struct buffer *out, const struct nat_host *hosts, uint32_t count)
{
        uint32_t first = address_ipv4(&hosts[0].address), last = address_ipv4(&hosts[count - 1].address);
        unsigned k = rice_parameter(last - first, count - 1);
        struct bit_appender appender = {.out = out};

        buffer_append_le(out, first, 4);
        buffer_append_u8(out, (uint8_t)k);
        for (uint32_t i = 1; i < count; i++) {
                uint32_t gap = address_ipv4(&hosts[i].address) - address_ipv4(&hosts[i - 1].address) - 1;
                for (uint32_t quotient = gap >> k; quotient > 0; quotient--)
                        append_bits(&appender, 1, 1);
                append_bits(&appender, 0, 1);
                append_bits(&appender, gap & ((UINT32_C(1) << k) - 1), k);
        }
        if (appender.bits)
                append_bits(&appender, 0, 8 - appender.bits);
}

static void put_general(struct buffer *out, const struct nat_host *hosts, uint32_t count)
{
        struct nat_host last = {0};

        for (uint32_t i = 0; i < count; i++) {
                unsigned shared = 0;
                while (shared < 16 && hosts[i].address.bytes[shared] == last.address.bytes[shared])
                        shared++;
                buffer_append_varint(out, hosts[i].vrf - last.vrf);
                buffer_append_u8(out, (uint8_t)shared);
                buffer_append(out, hosts[i].address.bytes + shared, 16 - shared);
                last = hosts[i];
        }
}

int sheet_put_dictionary(struct buffer *out, const struct nat_host *hosts, uint32_t count)
{
        bool none = count > 0 && address_is_none(&hosts[0].address);

        hosts += none;
        count -= none;
        bool plain = is_plain(hosts, count);
        buffer_append_u8(out, (uint8_t)((plain ? 0 : DICTIONARY_GENERAL) | (none ? DICTIONARY_HAS_NONE : 0)));
        buffer_append_varint(out, count);
        if (!plain) {
                put_general(out, hosts, count);
        } else if (count > 0) {
                buffer_append_varint(out, hosts[0].vrf);
                put_gaps(out, hosts, count);
        }
        return out->failed;
}

void sheet_put_entry(struct buffer *out, const struct block_entry *entry, int64_t previous_begin)
{
        buffer_append_u8(out, entry->flags);
        buffer_append_varint(out, entry->scan_length);
        buffer_append_varint(out, entry->rest_length);
        buffer_append_varint(out, zigzag((uint64_t)entry->begin - (uint64_t)previous_begin));
        if (!(entry->flags & BLOCK_END_UNKNOWN))
                buffer_append_varint(out, zigzag((uint64_t)entry->end - (uint64_t)entry->begin));
        buffer_append_le(out, entry->scan_checksum, 4);
        buffer_append_le(out, entry->rest_checksum, 4);
}

/* ---- reading ---- */

bool sheet_head_open(struct sheet_head *head, const uint8_t *bytes, size_t length,
        const struct segment_header *header, uint64_t blocks_offset)
{
        struct cursor cursor = cursor_over(bytes, length);
        uint64_t count = cursor_varint(&cursor);
        uint64_t dictionary_length = cursor_varint(&cursor);

        if (cursor.overrun || dictionary_length > cursor_left(&cursor) || count == 0)
                return false;
        const uint8_t *dictionary = cursor_take(&cursor, (size_t)dictionary_length);
        /* An entry takes at least 12 bytes: a count that the directory cannot hold is refused before any
         * work. */
        uint64_t most = (uint64_t)cursor_left(&cursor) / 12 * header->block_bindings;
        if (count > most)
                return false;
        *head = (struct sheet_head){
                .binding_count = count,
                .dictionary = dictionary,
                .dictionary_length = (size_t)dictionary_length,
                .directory = cursor,
                .blocks_left = block_count(count, header->block_bindings),
                .block_bindings = header->block_bindings,
                .bindings_left = count,
                .next_offset = blocks_offset,
                .last_begin = header->window_from,
        };
        return true;
}

int sheet_head_next(struct sheet_head *head, struct block_entry *ret_entry)
{
        struct cursor *cursor = &head->directory;
        struct block_entry entry = {.offset = head->next_offset, .end = INT64_MAX};

        if (head->blocks_left == 0)
                return cursor_left(cursor) == 0 ? 0 : -EBADMSG;
        entry.flags = cursor_u8(cursor);
        entry.scan_length = cursor_varint(cursor);
        entry.rest_length = cursor_varint(cursor);
        entry.begin = (int64_t)((uint64_t)head->last_begin + unzigzag(cursor_varint(cursor)));
        if (!(entry.flags & BLOCK_END_UNKNOWN))
                entry.end = (int64_t)((uint64_t)entry.begin + unzigzag(cursor_varint(cursor)));
        entry.scan_checksum = cursor_le32(cursor);
        entry.rest_checksum = cursor_le32(cursor);
        if (cursor->overrun || entry.flags & ~BLOCK_FLAGS_KNOWN || entry.scan_length > UINT32_MAX ||
                entry.rest_length > UINT32_MAX)
                return -EBADMSG;
        entry.count = head->bindings_left < head->block_bindings ? (unsigned)head->bindings_left
                                                                 : head->block_bindings;
        head->bindings_left -= entry.count;
        head->blocks_left--;
        head->last_begin = entry.begin;
        head->next_offset += entry.scan_length + entry.rest_length;
        *ret_entry = entry;
        return 1;
}

int64_t sheet_host_count(const struct sheet_head *head)
{
        struct cursor cursor = cursor_over(head->dictionary, head->dictionary_length);
        uint8_t mode = cursor_u8(&cursor);
        uint64_t count = cursor_varint(&cursor);

        if (cursor.overrun || mode & ~(DICTIONARY_GENERAL | DICTIONARY_HAS_NONE) ||
                count > 8 * (uint64_t)head->dictionary_length)
                return -EBADMSG;
        return (int64_t)count + (mode & DICTIONARY_HAS_NONE ? 1 : 0);
}

/* Bits of a byte string, most significant bit of the first byte first. */
struct bit_cursor {
        const uint8_t *bytes;
        uint64_t at, end; /* bits */
};

static unsigned take_bit(struct bit_cursor *bits)
{
        if (bits->at >= bits->end)
                return 0;
        unsigned bit = bits->bytes[bits->at / 8] >> (7 - bits->at % 8) & 1;
        bits->at++;
        return bit;
}

static int read_gaps(struct cursor *cursor, struct nat_host *hosts, uint64_t count)
{
        uint64_t vrf = cursor_varint(cursor);
        uint64_t address = cursor_le32(cursor);
        unsigned k = cursor_u8(cursor);

        if (cursor->overrun || k > 31 || vrf > UINT32_MAX)
                return -EBADMSG;
        struct bit_cursor bits = {.bytes = cursor->at, .end = (uint64_t)cursor_left(cursor) * 8};
        for (uint64_t i = 0; i < count; i++) {
                if (i > 0) {
                        uint64_t gap = 0, low = 0;
                        while (take_bit(&bits))
                                gap++;
                        for (unsigned b = 0; b < k; b++)
                                low = low << 1 | take_bit(&bits);
                        address += (gap << k) + low + 1;
                }
                if (address > UINT32_MAX)
                        return -EBADMSG;
                hosts[i] = (struct nat_host){address_from_ipv4((uint32_t)address), (uint32_t)vrf};
        }
        return bits.end - bits.at < 8 ? 0 : -EBADMSG;
}

static int read_general(struct cursor *cursor, struct nat_host *hosts, uint64_t count)
{
        struct nat_host last = {0};

        for (uint64_t i = 0; i < count; i++) {
                last.vrf += (uint32_t)cursor_varint(cursor);
                unsigned shared = cursor_u8(cursor);
                const uint8_t *tail = cursor_take(cursor, shared > 16 ? SIZE_MAX : 16 - shared);
                if (!tail)
                        return -EBADMSG;
                memcpy(last.address.bytes + shared, tail, 16 - shared);
                hosts[i] = last;
        }
        return cursor_left(cursor) == 0 ? 0 : -EBADMSG;
}

int sheet_read_hosts(const struct sheet_head *head, struct nat_host *hosts, uint32_t count)
{
        struct cursor cursor = cursor_over(head->dictionary, head->dictionary_length);
        uint8_t mode = cursor_u8(&cursor);

        cursor_varint(&cursor);
        if (mode & DICTIONARY_HAS_NONE) {
                *hosts++ = (struct nat_host){0};
                count--;
        }
        if (mode & DICTIONARY_GENERAL)
                return read_general(&cursor, hosts, count);
        if (count == 0)
                return cursor_left(&cursor) == 0 ? 0 : -EBADMSG;
        return read_gaps(&cursor, hosts, count);
}
