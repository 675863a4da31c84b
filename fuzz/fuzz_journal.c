/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte chooses: the bytes as a journal file, or as orders by which one is written and then damaged.
 * Whatever is read out of the latter was written, in its order, and what is not damaged is all there. */
#include "depot/journal_format.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536u
#define ENTRIES_MAX 256u
#define MARK UINT64_C(0x5ca1ab1e0ddba115)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

struct written {
        size_t lengths[ENTRIES_MAX]; /* of each entry; its content is its number, repeated */
        size_t count, delivered, damaged;
        uint64_t last;
};

static int take_any(void *context, const struct journal_entry *entry)
{
        uint64_t *next = context;
        uint8_t sum = 0;

        check(entry->sequence >= *next && entry->length <= JOURNAL_ENTRY_MAX);
        for (size_t i = 0; i < entry->length; i++)
                sum ^= ((const uint8_t *)entry->bytes)[i];
        *next = entry->sequence + 1 + (sum & 0);
        return 0;
}

static int take_written(void *context, const struct journal_entry *entry)
{
        struct written *written = context;

        check(entry->sequence > written->last && entry->sequence <= written->count);
        check(entry->length == written->lengths[entry->sequence - 1]);
        for (size_t i = 0; i < entry->length; i++)
                check(((const uint8_t *)entry->bytes)[i] == (uint8_t)entry->sequence);
        written->last = entry->sequence;
        written->delivered++;
        return 0;
}

static void take_damage(void *context, size_t offset, size_t length)
{
        check(offset >= JOURNAL_HEADER_BYTES && length > 0);
        ((struct written *)context)->damaged += length;
}

static struct seal *seal; /* of the file that is made; NULL: it is plain */

/* One batch of so many entries; returns its length. */
static size_t write_batch(struct written *written, struct buffer *file, unsigned entries, uint8_t seed)
{
        struct buffer batch = buffer_make(FILE_MAX);
        static const uint8_t head[JOURNAL_BATCH_HEAD_BYTES];
        uint8_t content[256];
        uint64_t first = written->count + 1;

        buffer_append(&batch, head, sizeof head);
        for (unsigned i = 0; i < entries && written->count < ENTRIES_MAX; i++) {
                struct journal_entry entry = {.bytes = content, .length = (uint8_t)(seed * (i + 1))};
                memset(content, (int)(written->count + 1), sizeof content);
                check(journal_entry_write(&batch, &entry) == 0);
                written->lengths[written->count++] = entry.length;
        }
        size_t length = written->count >= first ? batch.length : 0;
        if (length) {
                if (seal) {
                        check(buffer_reserve(&batch, JOURNAL_TAG_BYTES) == 0);
                        check(journal_payload_seal(seal, batch.bytes + JOURNAL_BATCH_HEAD_BYTES,
                                      batch.length - JOURNAL_BATCH_HEAD_BYTES, first, MARK) == 0);
                        batch.length += JOURNAL_TAG_BYTES;
                        length = batch.length;
                }
                journal_batch_close(batch.bytes, batch.length - JOURNAL_BATCH_HEAD_BYTES, MARK, first,
                        (uint32_t)(written->count + 1 - first));
                buffer_append(file, batch.bytes, batch.length);
        }
        buffer_free(&batch);
        return length;
}

static void write_and_damage(const uint8_t *bytes, size_t length)
{
        const struct journal_header header = {.first_sequence = 1, .mark = MARK};
        struct buffer file = buffer_make(FILE_MAX);
        struct written written = {.count = 0};
        struct journal_scanned scanned;
        uint8_t head[JOURNAL_HEADER_BYTES];
        size_t orders = 1 + bytes[0] % 16;
        static const uint8_t key[SEAL_KEY_BYTES] = {1, 2, 3};

        /* A file of every other kind is sealed; damage in it is found by its tags too. */
        seal = NULL;
        check(!(bytes[0] & 0x40) || seal_new(key, &seal) == 0);

        journal_header_write(&header, head);
        buffer_append(&file, head, sizeof head);
        for (size_t i = 1; i + 1 < length && i < 2 * orders; i += 2)
                write_batch(&written, &file, bytes[i] % 8, bytes[i + 1]);
        bool is_damaged = false;
        for (size_t i = 2 * orders; i + 2 < length && file.length > JOURNAL_HEADER_BYTES; i += 3) {
                size_t at = (size_t)bytes[i] << 8 | bytes[i + 1];
                file.bytes[JOURNAL_HEADER_BYTES + at % (file.length - JOURNAL_HEADER_BYTES)] ^= bytes[i + 2];
                is_damaged |= bytes[i + 2] != 0;
        }
        const struct journal_scan_sink sink = {
                .context = &written, .entry = take_written, .damaged = take_damage};
        check(journal_scan(file.bytes, file.length, seal, &sink, &scanned, NULL) == 0);
        check(scanned.entries == written.delivered && scanned.sound_end <= file.length);
        check(is_damaged || (written.delivered == written.count && written.damaged == 0));
        check(scanned.damaged_bytes + (file.length - scanned.sound_end) == written.damaged);
        buffer_free(&file);
        seal_free(seal);
        seal = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct journal_scanned scanned;
        uint64_t next = 0;

        if (length < 2)
                return 0;
        const struct journal_scan_sink sink = {.context = &next, .entry = take_any};
        if (bytes[0] & 1)
                write_and_damage(bytes + 1, length - 1);
        else if (journal_scan(bytes + 1, length - 1, NULL, &sink, &scanned, NULL) == 0)
                check(scanned.sound_end <= length - 1 && scanned.next_sequence >= next);
        return 0;
}
