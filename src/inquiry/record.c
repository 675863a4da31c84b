/* SPDX-License-Identifier: EUPL-1.2 */
/* What was asked and answered, as it goes into the record of access. */
#include "inquiry/inquiry.h"

#include <errno.h>
#include <stdlib.h>

#define RECORD_TEXT_MAX                                                                                      \
        32768 /* of one entry's question and detail; candidates beyond it are counted, not listed */
#define RECORD_TEXT_USUAL 256 /* of both together */
#define RECORDS_LISTED_MAX 64

static void append_code(struct buffer *ret, const char *text)
{
        buffer_append_u8(ret, '"');
        buffer_append_text(ret, text);
        buffer_append_u8(ret, '"');
}

static void append_port(struct buffer *ret, int port)
{
        if (port < 0)
                buffer_append_text(ret, "null");
        else
                buffer_append_decimal(ret, port);
}

/* Without printf, as the answer itself: batches write one for each question. */
int question_write_json(const struct question *q, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];

        buffer_append_text(ret, "{\"address\":");
        append_code(ret, address_format(&q->address, address));
        buffer_append_text(ret, ",\"port\":");
        append_port(ret, q->port);
        buffer_append_text(ret, ",\"protocol\":");
        append_port(ret, q->protocol);
        buffer_append_text(ret, ",\"at\":");
        append_code(ret, time_format_utc(q->at_ms, time));
        buffer_append_text(ret, ",\"skew_ms\":");
        buffer_append_decimal(ret, q->skew_ms);
        buffer_append_text(ret, ",\"dest\":");
        bool ipv4 = address_is_ipv4(&q->destination);
        if (address_is_none(&q->destination))
                buffer_append_text(ret, "null");
        else if (q->destination_port < 0)
                append_code(ret, address_format(&q->destination, address));
        else
                buffer_printf(ret, ipv4 ? "\"%s:%d\"" : "\"[%s]:%d\"",
                        address_format(&q->destination, address), q->destination_port);
        return buffer_append_text(ret, "}");
}

/* Which records were shown: enough to say later what was read, without repeating a person's name. */
static int write_detail(const struct answer *answer, struct buffer *ret)
{
        size_t listed = 0;

        buffer_append_text(ret, "{\"candidates\":");
        buffer_append_decimal(ret, (int64_t)answer->candidate_count);
        buffer_append_text(ret, ",\"possible\":");
        buffer_append_decimal(ret, (int64_t)answer->possible_count);
        buffer_append_text(ret, ",\"records\":[");
        for (size_t i = 0; i < answer->candidate_count && listed < RECORDS_LISTED_MAX; i++) {
                if (listed++)
                        buffer_append_u8(ret, ',');
                append_code(ret, answer->candidates[i].record);
        }
        for (size_t i = 0; i < answer->possible_count && listed < RECORDS_LISTED_MAX; i++) {
                if (listed++)
                        buffer_append_u8(ret, ',');
                append_code(ret, answer->possible[i].record);
        }
        return buffer_append_text(ret, "]}");
}

int inquiry_write_entry(const struct answer *answer, struct buffer *texts, size_t ret_places[2])
{
        ret_places[0] = texts->length;
        question_write_json(&answer->question, texts);
        buffer_append_u8(texts, 0);
        ret_places[1] = texts->length;
        write_detail(answer, texts);
        buffer_append_u8(texts, 0);
        if (!texts->failed && (ret_places[1] - ret_places[0] > RECORD_TEXT_MAX ||
                                      texts->length - ret_places[1] > RECORD_TEXT_MAX))
                texts->failed = -EFBIG;
        return texts->failed;
}

int inquiry_record(struct depot *depot, const struct inquiry_record *records, size_t count, int64_t now_ms,
        struct error *error)
{
        struct access_entry *entries = calloc(count + 1, sizeof *entries);
        size_t(*places)[2] = calloc(count + 1, sizeof *places);
        struct buffer texts = buffer_make(2 * (count + 1) * RECORD_TEXT_MAX);
        int r = entries && places ? buffer_reserve(&texts, count * RECORD_TEXT_USUAL) : -ENOMEM;

        for (size_t i = 0; i < count && r == 0; i++)
                r = inquiry_write_entry(records[i].answer, &texts, places[i]);
        for (size_t i = 0; i < count && r == 0; i++)
                entries[i] = (struct access_entry){
                        .at_ms = now_ms,
                        .person = records[i].person,
                        .action = records[i].action,
                        .case_reference = records[i].case_reference,
                        .question = (const char *)texts.bytes + places[i][0],
                        .verdict = verdict_name(records[i].answer->verdict),
                        .detail = (const char *)texts.bytes + places[i][1],
                };
        if (r < 0)
                error_set(error, r, "not enough memory to write the record of access");
        else
                r = depot_record_accesses(depot, entries, count, error);
        buffer_free(&texts);
        free(places);
        free(entries);
        return r;
}
