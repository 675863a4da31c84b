/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/kept_answer.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A text within a structure. What stands between the texts is copied as it is. */
struct text_place {
        size_t offset, size;
};

#define TEXT(type, member)                                                                                   \
        {                                                                                                    \
                offsetof(type, member), sizeof(((type *)0)->member)                                          \
        }

/* By ascending offset. */
static const struct text_place candidate_texts[] = {
        TEXT(struct answer_candidate, subscriber),
        TEXT(struct answer_candidate, realm),
        TEXT(struct answer_candidate, exporter),
        TEXT(struct answer_candidate, record),
};
static const struct text_place exporter_texts[] = {
        TEXT(struct answer_exporter, realm),
        TEXT(struct answer_exporter, name),
};
static const struct text_place answer_texts[] = {
        TEXT(struct answer, realm),
        TEXT(struct answer, zone),
};

#define COUNT(places) (sizeof(places) / sizeof(places)[0])

/* Appends bytes [0, size) of a structure without the room behind its texts. */
static void keep(
        struct buffer *ret, const void *from, size_t size, const struct text_place *texts, size_t count)
{
        const uint8_t *bytes = from;
        size_t at = 0;

        for (size_t i = 0; i < count; i++) {
                const char *text = (const char *)bytes + texts[i].offset;
                buffer_append(ret, bytes + at, texts[i].offset - at);
                buffer_append(ret, text, strnlen(text, texts[i].size - 1));
                buffer_append_u8(ret, '\0');
                at = texts[i].offset + texts[i].size;
        }
        buffer_append(ret, bytes + at, size - at);
}

/* The reverse. Returns what stands behind. The room behind a text is left as it is. */
static const uint8_t *take_out(
        const uint8_t *kept, void *to, size_t size, const struct text_place *texts, size_t count)
{
        uint8_t *bytes = to;
        size_t at = 0;

        for (size_t i = 0; i < count; i++) {
                memcpy(bytes + at, kept, texts[i].offset - at);
                kept += texts[i].offset - at;
                size_t length = strlen((const char *)kept) + 1;
                memcpy(bytes + texts[i].offset, kept, length);
                kept += length;
                at = texts[i].offset + texts[i].size;
        }
        memcpy(bytes + at, kept, size - at);
        return kept + (size - at);
}

int answer_keep(const struct answer *answer, struct buffer *ret)
{
        keep(ret, answer, sizeof *answer, answer_texts, COUNT(answer_texts));
        for (size_t i = 0; i < answer->candidate_count; i++)
                keep(ret, &answer->candidates[i], sizeof *answer->candidates, candidate_texts,
                        COUNT(candidate_texts));
        for (size_t i = 0; i < answer->possible_count; i++)
                keep(ret, &answer->possible[i], sizeof *answer->possible, candidate_texts,
                        COUNT(candidate_texts));
        for (size_t i = 0; i < answer->exporter_count; i++)
                keep(ret, &answer->exporters[i], sizeof *answer->exporters, exporter_texts,
                        COUNT(exporter_texts));
        return ret->failed;
}

static int need(void **items, size_t *room, size_t count, size_t size)
{
        if (count <= *room)
                return 0;
        void *grown = realloc(*items, count * size);
        if (!grown)
                return -ENOMEM;
        *items = grown;
        *room = count;
        return 0;
}

static int take_out_candidates(
        const uint8_t **kept, struct answer_candidate **items, size_t *room, size_t count)
{
        void *grown = *items;
        int r = need(&grown, room, count, sizeof **items);

        *items = grown;
        for (size_t i = 0; i < count && r == 0; i++)
                *kept = take_out(
                        *kept, &(*items)[i], sizeof **items, candidate_texts, COUNT(candidate_texts));
        return r;
}

int answer_take_out(const uint8_t *kept, struct answer_kept *ret)
{
        struct answer_candidate *candidates = ret->answer.candidates, *possible = ret->answer.possible;
        void *exporters = ret->answer.exporters;

        kept = take_out(kept, &ret->answer, sizeof ret->answer, answer_texts, COUNT(answer_texts));
        struct answer *answer = &ret->answer;
        int r = take_out_candidates(&kept, &candidates, &ret->candidate_room, answer->candidate_count);
        if (r == 0)
                r = take_out_candidates(&kept, &possible, &ret->possible_room, answer->possible_count);
        if (r == 0)
                r = need(&exporters, &ret->exporter_room, answer->exporter_count, sizeof *answer->exporters);
        /* The pointers that were kept are those of an answer that is gone. */
        answer->candidates = candidates;
        answer->possible = possible;
        answer->exporters = exporters;
        for (size_t i = 0; i < answer->exporter_count && r == 0; i++)
                kept = take_out(kept, &answer->exporters[i], sizeof *answer->exporters, exporter_texts,
                        COUNT(exporter_texts));
        return r;
}

void answer_kept_free(struct answer_kept *kept)
{
        answer_free(&kept->answer);
        *kept = (struct answer_kept){0};
}
