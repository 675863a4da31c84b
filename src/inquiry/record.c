/* SPDX-License-Identifier: EUPL-1.2 */
/* What was asked and answered, as it goes into the record of access. */
#include "inquiry/inquiry.h"

#include <inttypes.h>
#include <stdlib.h>

#define RECORD_TEXT_MAX                                                                                      \
        32768 /* of one entry's question and detail; candidates beyond it are counted, not listed */
#define RECORDS_LISTED_MAX 64

static void write_port(struct buffer *ret, const char *name, int port)
{
        buffer_printf(ret, ",\"%s\":", name);
        if (port < 0)
                buffer_append_text(ret, "null");
        else
                buffer_printf(ret, "%d", port);
}

int question_write_json(const struct question *q, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];

        buffer_printf(ret, "{\"address\":\"%s\"", address_format(&q->address, address));
        write_port(ret, "port", q->port);
        write_port(ret, "protocol", q->protocol);
        buffer_printf(ret,
                ",\"at\":\"%s\",\"skew_ms\":%" PRId64 ",\"dest\":", time_format_utc(q->at_ms, time),
                q->skew_ms);
        bool ipv4 = address_is_ipv4(&q->destination);
        if (address_is_none(&q->destination))
                buffer_append_text(ret, "null");
        else if (q->destination_port < 0)
                buffer_printf(ret, "\"%s\"", address_format(&q->destination, address));
        else
                buffer_printf(ret, ipv4 ? "\"%s:%d\"" : "\"[%s]:%d\"",
                        address_format(&q->destination, address), q->destination_port);
        return buffer_append_text(ret, "}");
}

/* Which records were shown: enough to say later what was read, without repeating a person's name. */
static int write_detail(const struct answer *answer, struct buffer *ret)
{
        size_t listed = 0;

        buffer_printf(ret, "{\"candidates\":%zu,\"possible\":%zu,\"records\":[", answer->candidate_count,
                answer->possible_count);
        for (size_t i = 0; i < answer->candidate_count && listed < RECORDS_LISTED_MAX; i++)
                buffer_printf(ret, "%s\"%s\"", listed++ ? "," : "", answer->candidates[i].record);
        for (size_t i = 0; i < answer->possible_count && listed < RECORDS_LISTED_MAX; i++)
                buffer_printf(ret, "%s\"%s\"", listed++ ? "," : "", answer->possible[i].record);
        return buffer_append_text(ret, "]}");
}

static int write_entry(const struct inquiry_record *record, int64_t now_ms, struct buffer *question,
        struct buffer *detail, struct access_entry *ret)
{
        *question = buffer_make(RECORD_TEXT_MAX);
        *detail = buffer_make(RECORD_TEXT_MAX);
        int r = question_write_json(&record->answer->question, question);
        if (r == 0)
                r = write_detail(record->answer, detail);
        if (r == 0)
                r = buffer_append_u8(question, 0);
        if (r == 0)
                r = buffer_append_u8(detail, 0);
        *ret = (struct access_entry){
                .at_ms = now_ms,
                .person = record->person,
                .action = record->action,
                .case_reference = record->case_reference,
                .question = (const char *)question->bytes,
                .verdict = verdict_name(record->answer->verdict),
                .detail = (const char *)detail->bytes,
        };
        return r;
}

int inquiry_record(struct depot *depot, const struct inquiry_record *records, size_t count, int64_t now_ms,
        struct error *error)
{
        struct access_entry *entries = calloc(count + 1, sizeof *entries);
        struct buffer *texts = calloc(2 * count + 1, sizeof *texts);
        int r = entries && texts ? 0 : -ENOMEM;

        for (size_t i = 0; i < count && r == 0; i++)
                r = write_entry(&records[i], now_ms, &texts[2 * i], &texts[2 * i + 1], &entries[i]);
        if (r < 0)
                error_set(error, r, "not enough memory to write the record of access");
        else
                r = depot_record_accesses(depot, entries, count, error);
        for (size_t i = 0; texts && i < 2 * count; i++)
                buffer_free(&texts[i]);
        free(texts);
        free(entries);
        return r;
}
