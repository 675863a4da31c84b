/* SPDX-License-Identifier: EUPL-1.2 */
/* Plans out of files: the table, and what products print. */
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include "os/input.h"
#include "os/line_reader.h"
#include "wire/text_decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_row(void *context, const struct plan_row *row)
{
        struct plan_reading *reading = context;
        struct error *error = reading->error;

        /* The reader's message stays free: a sink that fails has words of its own. */
        return plan_table_append(&reading->table, row, reading->line, error);
}

static void take_refusal(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct plan_reading *reading = context;

        (void)refusal;
        (void)offset;
        if (reading->refused < PLAN_REFUSALS_SHOWN)
                reading->refusals[reading->refused] = strdup(detail);
        reading->refused++;
}

static void take_note(void *context, const char *sentence)
{
        struct plan_reading *reading = context;

        free(reading->note);
        reading->note = strdup(sentence);
}

struct decode_sink plan_reading_sink(struct plan_reading *reading)
{
        return (struct decode_sink){
                .context = reading, .plan = take_row, .refused = take_refusal, .noted = take_note};
}

void plan_reading_free(struct plan_reading *reading)
{
        plan_table_free(&reading->table);
        for (size_t i = 0; i < PLAN_REFUSALS_SHOWN; i++)
                free(reading->refusals[i]);
        free(reading->note);
        *reading = (struct plan_reading){0};
}

/* --- The table --- */

static int decode_lines(struct line_reader *lines, struct text_decoder *decoder, struct plan_reading *ret,
        struct error *error)
{
        const struct text_format *format = &text_format_plan;
        struct decode_sink sink = plan_reading_sink(ret);
        struct line line;
        int r;

        while ((r = line_reader_next(lines, &line, error)) > 0) {
                ret->line = line.number;
                if (line.ended && !line.too_long)
                        r = format->line(decoder, line.text, &sink);
                else
                        r = text_incomplete_line(format, decoder, line.text, line.too_long, &sink);
                if (r < 0)
                        return r;
        }
        return r;
}

int plan_read_table(const char *path, struct plan_reading *ret, struct error *error)
{
        struct text_options options = {0};
        struct text_decoder *decoder = NULL;
        struct line_reader *lines;
        int r = line_reader_open(path, TEXT_LINE_MAX, &lines, error);

        if (r < 0)
                return r;
        ret->error = error;
        r = text_format_plan.create(&options, &decoder);
        r = r < 0 ? error_set(error, r, "not enough memory") : decode_lines(lines, decoder, ret, error);
        if (r == 0 && ret->line == 0)
                r = error_set(error, -EINVAL, "%s: the file is empty", path);
        if (decoder)
                text_format_plan.free(decoder);
        line_reader_close(lines);
        return r;
}

/* --- Listings --- */

static int read_whole(const char *path, struct buffer *ret, struct error *error)
{
        struct input *input;
        ssize_t length = 1;
        int r = input_open(path, &input, error);

        if (r < 0)
                return r;
        while (length > 0) {
                if (buffer_reserve(ret, 65536) < 0) {
                        length = error_set(error, ret->failed, "%s is longer than %zu MiB", path,
                                PLAN_LISTING_MAX >> 20);
                        break;
                }
                length = input_read(input, ret->bytes + ret->length, 65536, error);
                ret->length += length > 0 ? (size_t)length : 0;
        }
        input_close(input);
        return (int)length;
}

int plan_read_listing(const char *path, plan_source *source, const struct plan_row *pattern,
        struct plan_reading *ret, struct error *error)
{
        struct buffer text = buffer_make(PLAN_LISTING_MAX);
        struct decode_sink sink = plan_reading_sink(ret);
        int r = read_whole(path, &text, error);

        ret->error = error;
        if (r == 0) {
                struct slice whole = slice_make((const char *)text.bytes, text.length);
                struct slice trimmed = slice_trim(whole);
                if (source == nft_map_read && trimmed.length && trimmed.text[0] == '{')
                        r = plan_read_nft_json(trimmed.text, trimmed.length, pattern, ret, error);
                else
                        r = source(whole, pattern, &sink, &ret->used);
        }
        buffer_free(&text);
        return r;
}

/* --- Views --- */

json_t *plan_refusals_to_json(const struct plan_reading *reading)
{
        json_t *list = json_array();

        for (size_t i = 0; i < reading->refused && i < PLAN_REFUSALS_SHOWN; i++)
                json_array_append_new(list, json_foreign(reading->refusals[i] ? reading->refusals[i] : ""));
        return list;
}

void plan_write_refusals(const struct plan_reading *reading, struct buffer *ret)
{
        if (reading->refused == 0)
                return;
        buffer_printf(ret, "\nNot read (%llu)\n", (unsigned long long)reading->refused);
        for (size_t i = 0; i < reading->refused && i < PLAN_REFUSALS_SHOWN; i++) {
                buffer_append_text(ret, "  ");
                append_foreign(ret, reading->refusals[i] ? reading->refusals[i] : "");
                buffer_append_u8(ret, '\n');
        }
        if (reading->refused > PLAN_REFUSALS_SHOWN)
                buffer_printf(ret, "  ... and %llu more\n",
                        (unsigned long long)reading->refused - PLAN_REFUSALS_SHOWN);
}
