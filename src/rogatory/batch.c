/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory ask --batch`: many questions, JSON lines out in their order. Questions are answered in groups: a
 * whole group stands in the record of access before its first answer is printed. */
#include "rogatory/ask.h"
#include "rogatory/batch_row.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/line_reader.h"
#include "os/progress.h"

#include <stdlib.h>

#define GROUP_QUESTIONS 1000
#define GROUP_CANDIDATES 20000 /* candidates held at once: coarse questions have thousands each */
#define BATCH_LINE_MAX 4096    /* no question is longer */

/* One row of the group: answered, or the reason why not. */
struct batch_item {
        uint64_t row;
        bool answered;
        struct answer answer;
        char *time_given; /* owned */
        char *reason;     /* owned; where not answered */
};

struct batch {
        struct asking *asking;
        struct line_reader *reader;
        struct batch_columns columns;
        bool begun; /* the first row was seen, so no header can follow */
        struct csv_row *row;
        struct batch_item items[GROUP_QUESTIONS];
        size_t count, candidates;
        uint64_t rows, failed;
        struct progress progress;
};

/* --- A group --- */

static void empty_group(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                if (batch->items[i].answered)
                        answer_free(&batch->items[i].answer);
                free(batch->items[i].time_given);
                free(batch->items[i].reason);
                batch->items[i] = (struct batch_item){0};
        }
        batch->count = 0;
        batch->candidates = 0;
}

static int record_group(struct batch *batch, struct error *error)
{
        struct inquiry_record *records = calloc(GROUP_QUESTIONS, sizeof *records);
        size_t count = 0;

        if (!records)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < batch->count; i++)
                if (batch->items[i].answered)
                        records[count++] = (struct inquiry_record){.person = batch->asking->person,
                                .action = "batch-ask",
                                .case_reference = batch->asking->case_reference,
                                .answer = &batch->items[i].answer};
        int r = count ? inquiry_record(batch->asking->depot, records, count, clock_now_ms(), error) : 0;
        free(records);
        return r;
}

static int write_item(
        struct batch *batch, const struct batch_item *item, struct buffer *ret, struct error *error)
{
        struct answer_view view;

        if (!item->answered) {
                output_json_line(
                        ret, json_pack("{s:I, s:o}", "row", (json_int_t)item->row, "error",
                                     json_foreign(item->reason ? item->reason : "the batch ended here")));
                return 0;
        }
        int r = asking_view(batch->asking, &item->answer, slice_of(item->time_given), &view, error);
        if (r == 0)
                answer_write_json(&view, ret);
        return r;
}

/* An exit code. */
static int flush_group(struct batch *batch)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};
        int r = record_group(batch, &error);

        for (size_t i = 0; i < batch->count && r == 0; i++)
                r = write_item(batch, &batch->items[i], &text, &error);
        if (batch->progress.shown)
                progress_end(&batch->progress);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        empty_group(batch);
        return code;
}

/* --- A row --- */

static char *copy_slice(struct slice text)
{
        char *copy = malloc(text.length + 1);

        if (copy) {
                memcpy(copy, text.text ? text.text : "", text.length);
                copy[text.length] = '\0';
        }
        return copy;
}

/* 0, or -ENOMEM with a message. */
static int fail_row(
        struct batch *batch, struct batch_item *item, const struct error *reason, struct error *error)
{
        batch->failed++;
        item->reason = copy_slice(slice_of(reason->text));
        return item->reason ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

static int answer_row(
        struct batch *batch, struct batch_item *item, const struct question_text *text, struct error *error)
{
        struct question question;
        struct error reason = {0};

        if (question_read(text, batch->asking->skew_ms, &question, &reason) < 0)
                return fail_row(batch, item, &reason, error);
        item->time_given = copy_slice(text->time);
        if (!item->time_given)
                return error_set(error, -ENOMEM, "not enough memory");
        if (inquiry_ask(batch->asking->inquiry, &question, &item->answer, &reason) < 0) {
                int r = asking_record_failure(batch->asking, "batch-ask", &question, &reason, error);
                return r < 0 ? r : fail_row(batch, item, &reason, error);
        }
        item->answered = true;
        batch->candidates += item->answer.candidate_count + item->answer.possible_count;
        return 0;
}

static int split(struct batch *batch, const struct line *line, struct error *reason)
{
        const char *why = NULL;

        if (line->too_long)
                return error_set(reason, -EINVAL, "the row is longer than %d bytes", BATCH_LINE_MAX);
        if (csv_row_split(line->number == 1 ? csv_skip_mark(line->text) : line->text, batch->row, &why) < 0)
                return error_set(reason, -EINVAL, "%s", why ? why : "the row cannot be read");
        return 0;
}

/* One line of the file. Negative: the batch cannot go on. */
static int take_line(struct batch *batch, const struct line *line, struct error *error)
{
        struct error reason = {0};
        struct question_text text;

        if (slice_trim(line->text).length == 0)
                return 0;
        int r = split(batch, line, &reason);
        if (r == 0 && !batch->begun) {
                int header = batch_header_read(batch->row, &batch->columns, error);
                if (header < 0)
                        return header;
                batch->begun = true;
                if (header)
                        return 0;
        }
        batch->begun = true;
        batch->rows++;
        struct batch_item *item = &batch->items[batch->count++];
        *item = (struct batch_item){.row = line->number};
        if (r == 0)
                r = batch_row_read(batch->row, &batch->columns, &text, &reason);
        return r < 0 ? fail_row(batch, item, &reason, error) : answer_row(batch, item, &text, error);
}

/* An exit code. */
static int take_all(struct batch *batch)
{
        struct error error = {0};
        struct line line;
        int r, code = EXIT_DONE;

        while (code == EXIT_DONE && (r = line_reader_next(batch->reader, &line, &error)) != 0) {
                if (r > 0)
                        r = take_line(batch, &line, &error);
                if (r < 0) {
                        /* What was answered before is recorded and shown: a cut file costs only what is
                         * missing. */
                        (void)flush_group(batch);
                        return complain_error(&error);
                }
                progress_update(&batch->progress, line_reader_consumed(batch->reader),
                        line_reader_size(batch->reader), batch->rows);
                if (batch->count == GROUP_QUESTIONS || batch->candidates >= GROUP_CANDIDATES)
                        code = flush_group(batch);
        }
        if (code == EXIT_DONE)
                code = flush_group(batch);
        if (code == EXIT_DONE && batch->failed > 0) {
                complain("%llu of %llu rows could not be answered; their lines say why",
                        (unsigned long long)batch->failed, (unsigned long long)batch->rows);
                code = EXIT_FAILED;
        }
        return code;
}

int ask_batch(struct asking *asking, const char *file)
{
        struct batch *batch = calloc(1, sizeof *batch);
        struct error error = {0};
        int code = EXIT_FAILED;

        if (batch)
                batch->row = calloc(1, sizeof *batch->row);
        if (!batch || !batch->row) {
                complain("not enough memory");
                free(batch);
                return EXIT_FAILED;
        }
        batch->asking = asking;
        batch->columns = batch_columns_default();
        if (line_reader_open(file, BATCH_LINE_MAX, &batch->reader, &error) < 0) {
                complain_error(&error);
        } else {
                progress_begin(&batch->progress, "questions");
                code = take_all(batch);
                progress_end(&batch->progress);
                line_reader_close(batch->reader);
        }
        empty_group(batch);
        free(batch->row);
        free(batch);
        return code;
}
