/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/journal_format.h"

#include "base/checksum.h"
#include "base/cursor.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

#define VERSION_PLAIN 1u
#define VERSION_SEALED 2u
#define HEADER_SUMMED 56u /* bytes of the header under its checksum */

static const uint8_t magic[8] = {'R', 'O', 'G', 'J', 'N', 'L', '\r', '\n'};

static uint8_t *put(uint8_t *at, uint64_t value, size_t length)
{
        for (size_t i = 0; i < length; i++)
                at[i] = (uint8_t)(value >> (8 * i));
        return at + length;
}

void journal_header_write(const struct journal_header *header, uint8_t ret_bytes[JOURNAL_HEADER_BYTES])
{
        memset(ret_bytes, 0, JOURNAL_HEADER_BYTES);
        memcpy(ret_bytes, magic, sizeof magic);
        put(ret_bytes + 8, header->is_sealed ? VERSION_SEALED : VERSION_PLAIN, 2);
        put(ret_bytes + 16, (uint64_t)header->window_from, 8);
        put(ret_bytes + 24, header->first_sequence, 8);
        put(ret_bytes + 32, header->mark, 8);
        if (header->is_sealed)
                memcpy(ret_bytes + 40, header->key_id, sizeof header->key_id);
        put(ret_bytes + HEADER_SUMMED, checksum(ret_bytes, HEADER_SUMMED), 8);
}

int journal_header_read(
        const void *bytes, size_t length, struct journal_header *ret_header, struct error *error)
{
        struct cursor cursor = cursor_over(bytes, length);
        struct journal_header header = {.is_sealed = false};

        if (length < JOURNAL_HEADER_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
                return error_set(error, -EBADMSG, "is no journal: its first bytes are others, or missing");
        cursor_skip(&cursor, sizeof magic);
        uint64_t version = cursor_le16(&cursor);
        cursor_skip(&cursor, 6);
        header.window_from = (int64_t)cursor_le64(&cursor);
        header.first_sequence = cursor_le64(&cursor);
        header.mark = cursor_le64(&cursor);
        const uint8_t *key_id = cursor_take(&cursor, sizeof header.key_id);
        if (cursor_le64(&cursor) != checksum(bytes, HEADER_SUMMED))
                return error_set(error, -EBADMSG, "the journal's header is damaged: its checksum is wrong");
        if (version != VERSION_PLAIN && version != VERSION_SEALED)
                return error_set(error, -ENOTSUP,
                        "is a journal of version %u, and this program reads 1 and 2", (unsigned)version);
        header.is_sealed = version == VERSION_SEALED;
        if (header.is_sealed && key_id)
                memcpy(header.key_id, key_id, sizeof header.key_id);
        *ret_header = header;
        return 0;
}

int journal_entry_write(struct buffer *payload, const struct journal_entry *entry)
{
        size_t before = payload->length;

        if (entry->length > JOURNAL_ENTRY_MAX)
                return -EMSGSIZE;
        /* Reserved at once, so that a full buffer refuses the whole entry and goes on taking shorter ones. */
        if (payload->length + JOURNAL_ENTRY_HEAD_BYTES + entry->length > payload->ceiling)
                return -EFBIG;
        buffer_append_le(payload, entry->length, 4);
        buffer_append_u8(payload, entry->kind);
        buffer_append_u8(payload, 0);
        buffer_append_le(payload, entry->port, 2);
        buffer_append_le(payload, (uint64_t)entry->receipt_ms, 8);
        buffer_append_le(payload, entry->stream, 8);
        buffer_append(payload, entry->source.bytes, sizeof entry->source.bytes);
        int r = buffer_append(payload, entry->bytes, entry->length);
        if (r < 0) {
                payload->length = before;
                payload->failed = 0;
        }
        return r;
}

void journal_batch_close(
        uint8_t *batch, size_t payload_length, uint64_t mark, uint64_t first_sequence, uint32_t count)
{
        put(batch + 8, mark, 8);
        put(batch + 16, first_sequence, 8);
        put(batch + 24, payload_length, 4);
        put(batch + 28, count, 4);
        put(batch, checksum(batch + 8, JOURNAL_BATCH_HEAD_BYTES - 8 + payload_length), 8);
}

/* A number is never given twice, and each file has a key of its own: so no nonce is. */
static void nonce_of(uint64_t first_sequence, uint8_t ret[SEAL_NONCE_BYTES])
{
        memset(ret, 0, SEAL_NONCE_BYTES);
        put(ret, first_sequence, 8);
}

int journal_payload_seal(
        struct seal *seal, uint8_t *payload, size_t length, uint64_t first_sequence, uint64_t mark)
{
        uint8_t nonce[SEAL_NONCE_BYTES], context[8];

        nonce_of(first_sequence, nonce);
        put(context, mark, sizeof context);
        return seal_close(seal, nonce, context, sizeof context, payload, length, payload);
}

struct batch {
        uint64_t first_sequence;
        uint32_t count;
        const uint8_t *payload;
        size_t length; /* of the payload */
        size_t stored; /* bytes in the file, with the head */
};

static void read_entry(struct cursor *cursor, struct journal_entry *ret)
{
        ret->length = cursor_le32(cursor);
        ret->kind = cursor_u8(cursor);
        cursor_skip(cursor, 1);
        ret->port = cursor_le16(cursor);
        ret->receipt_ms = (int64_t)cursor_le64(cursor);
        ret->stream = cursor_le64(cursor);
        const uint8_t *source = cursor_take(cursor, sizeof ret->source.bytes);
        if (source)
                ret->source = address_from_ipv6(source);
        ret->bytes = ret->length <= JOURNAL_ENTRY_MAX ? cursor_take(cursor, ret->length)
                                                      : cursor_take(cursor, SIZE_MAX);
}

/* Do the entries fill the payload exactly? Looked at before any is delivered: a batch counts whole or not. */
static bool entries_fit(const struct batch *batch)
{
        struct cursor cursor = cursor_over(batch->payload, batch->length);
        struct journal_entry entry;

        for (uint32_t i = 0; i < batch->count && !cursor.overrun; i++)
                read_entry(&cursor, &entry);
        return !cursor.overrun && cursor_left(&cursor) == 0;
}

/* What a scan needs beside the bytes. */
struct scan {
        struct seal *seal; /* NULL: the file is plain */
        uint8_t *plain;    /* of the batch opened last; owned */
        size_t room;
};

static bool open_batch(struct scan *scan, uint64_t mark, struct batch *batch)
{
        uint8_t nonce[SEAL_NONCE_BYTES], context[8];

        if (batch->length < JOURNAL_TAG_BYTES)
                return false;
        if (batch->length > scan->room) {
                uint8_t *grown = realloc(scan->plain, batch->length);
                if (!grown)
                        return false;
                scan->plain = grown;
                scan->room = batch->length;
        }
        nonce_of(batch->first_sequence, nonce);
        put(context, mark, sizeof context);
        if (seal_open(scan->seal, nonce, context, sizeof context, batch->payload, batch->length,
                    scan->plain) < 0)
                return false;
        batch->payload = scan->plain;
        batch->length -= JOURNAL_TAG_BYTES;
        return true;
}

/* Does a whole batch of this file begin here, with sequences that were not met yet? */
static bool batch_at(const uint8_t *bytes, size_t left, struct scan *scan,
        const struct journal_scanned *scanned, struct batch *ret)
{
        struct cursor cursor = cursor_over(bytes, left);
        struct batch batch;

        if (left < JOURNAL_BATCH_HEAD_BYTES)
                return false;
        uint64_t sum = cursor_le64(&cursor);
        if (cursor_le64(&cursor) != scanned->header.mark)
                return false;
        batch.first_sequence = cursor_le64(&cursor);
        batch.length = cursor_le32(&cursor);
        batch.count = cursor_le32(&cursor);
        if (batch.length > JOURNAL_PAYLOAD_MAX || batch.length > cursor_left(&cursor) || batch.count == 0 ||
                batch.first_sequence < scanned->next_sequence ||
                batch.first_sequence > UINT64_MAX - batch.count ||
                checksum(bytes + 8, JOURNAL_BATCH_HEAD_BYTES - 8 + batch.length) != sum)
                return false;
        batch.payload = bytes + JOURNAL_BATCH_HEAD_BYTES;
        batch.stored = JOURNAL_BATCH_HEAD_BYTES + batch.length;
        if (scan->seal && !open_batch(scan, scanned->header.mark, &batch))
                return false;
        *ret = batch;
        return entries_fit(&batch);
}

/* Where the next whole batch begins at or behind `from`; length where there is none. */
static size_t find_batch(const uint8_t *bytes, size_t length, size_t from, struct scan *scan,
        const struct journal_scanned *scanned, struct batch *ret)
{
        uint8_t mark[8];

        put(mark, scanned->header.mark, sizeof mark);
        for (size_t at = from; at < length && length - at >= JOURNAL_BATCH_HEAD_BYTES; at++) {
                if (batch_at(bytes + at, length - at, scan, scanned, ret))
                        return at;
                const uint8_t *next = memmem(bytes + at + 9, length - at - 9, mark, sizeof mark);
                if (!next)
                        break;
                at = (size_t)(next - bytes) - 9; /* the mark stands 8 bytes into its batch; at++ adds one */
        }
        return length;
}

static int deliver(
        const struct batch *batch, const struct journal_scan_sink *sink, struct journal_scanned *scanned)
{
        struct cursor cursor = cursor_over(batch->payload, batch->length);
        struct journal_entry entry;
        int r = 0;

        for (uint32_t i = 0; r >= 0 && i < batch->count; i++) {
                read_entry(&cursor, &entry);
                entry.sequence = batch->first_sequence + i;
                scanned->last_ms = entry.receipt_ms;
                if (sink->entry)
                        r = sink->entry(sink->context, &entry);
        }
        scanned->batches++;
        scanned->entries += batch->count;
        scanned->next_sequence = batch->first_sequence + batch->count;
        return r < 0 ? r : 0;
}

int journal_scan(const void *bytes, size_t length, struct seal *seal, const struct journal_scan_sink *sink,
        struct journal_scanned *ret, struct error *error)
{
        struct scan scan = {.seal = seal};
        struct journal_scanned scanned = {.sound_end = JOURNAL_HEADER_BYTES, .last_ms = TIME_UNKNOWN};
        struct batch batch = {0};

        int r = journal_header_read(bytes, length, &scanned.header, error);
        scanned.next_sequence = r < 0 ? 0 : scanned.header.first_sequence;
        for (size_t at = JOURNAL_HEADER_BYTES; r == 0 && at < length;) {
                size_t found = find_batch(bytes, length, at, &scan, &scanned, &batch);
                if (found > at && sink->damaged)
                        sink->damaged(sink->context, at, found - at);
                if (found == length)
                        break;
                scanned.damaged_bytes += found - at;
                r = deliver(&batch, sink, &scanned);
                at = found + batch.stored;
                scanned.sound_end = at;
        }
        if (scan.plain)
                seal_wipe(scan.plain, scan.room);
        free(scan.plain);
        if (r < 0)
                return r;
        *ret = scanned;
        return 0;
}
