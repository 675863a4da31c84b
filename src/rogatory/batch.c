/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory ask --batch`: many questions, JSON lines out in their order.
 *
 * Questions are read in groups and answered hour by hour and address by address, because what one question
 * brings into the caches serves the next one too. Answers go out in pieces, in the order of the rows: a whole
 * piece stands in the record of access before its first answer is printed. */
#include "rogatory/ask.h"
#include "rogatory/batch_row.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/line_reader.h"
#include "os/progress.h"

#include <stdlib.h>

#define GROUP_QUESTIONS 32768
#define GROUP_CANDIDATES 65536 /* candidates held at once: coarse questions have thousands each */
#define PIECE_QUESTIONS 1000
#define BATCH_LINE_MAX 4096 /* no question is longer */

/* One row of the group: still to be answered, answered, or the reason why it cannot be. */
struct batch_item {
        uint64_t row;
        struct question question;
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
        struct batch_item *items;  /* owned; room for a group */
        struct batch_item **order; /* owned; those that can be answered, by address and time */
        size_t count, candidates;
        uint64_t rows, failed;
        struct progress progress;
};

/* --- A group --- */

static void empty_item(struct batch *batch, struct batch_item *item)
{
        if (item->answered) {
                batch->candidates -= item->answer.candidate_count + item->answer.possible_count;
                answer_free(&item->answer);
        }
        free(item->time_given);
        free(item->reason);
        *item = (struct batch_item){0};
}

static void empty_group(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++)
                empty_item(batch, &batch->items[i]);
        batch->count = 0;
}

static int record_piece(
        struct batch *batch, const struct batch_item *items, size_t item_count, struct error *error)
{
        struct inquiry_record *records = calloc(item_count + 1, sizeof *records);
        size_t count = 0;

        if (!records)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; i < item_count; i++)
                if (items[i].answered)
                        records[count++] = (struct inquiry_record){.person = batch->asking->person,
                                .action = "batch-ask",
                                .case_reference = batch->asking->case_reference,
                                .answer = &items[i].answer};
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

/* Records and prints some rows, all of which are answered or have a reason. An exit code. */
static int write_piece(struct batch *batch, const struct batch_item *items, size_t count)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};
        int r = record_piece(batch, items, count, &error);

        for (size_t i = 0; i < count && r == 0; i++)
                r = write_item(batch, &items[i], &text, &error);
        if (batch->progress.shown)
                progress_end(&batch->progress);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
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

/* Reads the question of a row into its item. */
static int take_row(
        struct batch *batch, struct batch_item *item, const struct question_text *text, struct error *error)
{
        struct error reason = {0};

        if (question_read(text, batch->asking->skew_ms, &item->question, &reason) < 0)
                return fail_row(batch, item, &reason, error);
        item->time_given = copy_slice(text->time);
        return item->time_given ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

static int answer_item(struct batch *batch, struct batch_item *item, struct error *error)
{
        struct error reason = {0};

        if (asking_answer(batch->asking, &item->question, &item->answer, &reason) < 0) {
                int r = asking_record_failure(batch->asking, "batch-ask", &item->question, &reason, error);
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
        return r < 0 ? fail_row(batch, item, &reason, error) : take_row(batch, item, &text, error);
}

/* --- A group's answers --- */

/* By hour, because that is a window, then by address, which is a sheet of it. */
static int compare_question(const void *left, const void *right)
{
        const struct batch_item *a = *(struct batch_item *const *)left,
                                *b = *(struct batch_item *const *)right;
        int64_t a_hour = a->question.at_ms / TIME_HOUR, b_hour = b->question.at_ms / TIME_HOUR;

        if (a_hour != b_hour)
                return a_hour < b_hour ? -1 : 1;
        int r = address_compare(&a->question.address, &b->question.address);
        if (r)
                return r;
        return (a->question.at_ms > b->question.at_ms) - (a->question.at_ms < b->question.at_ms);
}

/* Answers the rows of a group by address, until more candidates are held than may be. What is left is
 * answered when its turn to be printed comes. */
static int answer_ahead(struct batch *batch, struct error *error)
{
        size_t count = 0;
        int r = 0;

        for (size_t i = 0; i < batch->count; i++)
                if (!batch->items[i].reason)
                        batch->order[count++] = &batch->items[i];
        qsort(batch->order, count, sizeof *batch->order, compare_question);
        for (size_t i = 0; i < count && r == 0 && batch->candidates < GROUP_CANDIDATES; i++)
                r = answer_item(batch, batch->order[i], error);
        return r;
}

/* Answers what is not yet answered of the next rows, as many as one piece takes. */
static int next_piece(struct batch *batch, size_t from, size_t *ret_count, struct error *error)
{
        size_t candidates = 0, count = 0;
        int r = 0;

        while (r == 0 && from + count < batch->count && count < PIECE_QUESTIONS &&
                candidates < GROUP_CANDIDATES) {
                struct batch_item *item = &batch->items[from + count++];
                if (!item->answered && !item->reason)
                        r = answer_item(batch, item, error);
                candidates += item->answer.candidate_count + item->answer.possible_count;
        }
        *ret_count = count;
        return r;
}

/* An exit code. */
static int flush_group(struct batch *batch)
{
        struct error error = {0};
        int r = answer_ahead(batch, &error), code = EXIT_DONE;

        for (size_t from = 0, count; from < batch->count && r == 0 && code == EXIT_DONE; from += count) {
                r = next_piece(batch, from, &count, &error);
                if (r == 0)
                        code = write_piece(batch, &batch->items[from], count);
                for (size_t i = 0; i < count; i++)
                        empty_item(batch, &batch->items[from + i]);
        }
        empty_group(batch);
        return r < 0 ? complain_error(&error) : code;
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
                if (batch->count == GROUP_QUESTIONS)
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

static void batch_free(struct batch *batch)
{
        if (!batch)
                return;
        if (batch->items)
                empty_group(batch);
        free(batch->row);
        free(batch->items);
        free(batch->order);
        free(batch);
}

int ask_batch(struct asking *asking, const char *file)
{
        struct batch *batch = calloc(1, sizeof *batch);
        struct error error = {0};
        int code = EXIT_FAILED;

        if (batch) {
                batch->row = calloc(1, sizeof *batch->row);
                batch->items = calloc(GROUP_QUESTIONS, sizeof *batch->items);
                batch->order = calloc(GROUP_QUESTIONS, sizeof *batch->order);
        }
        if (!batch || !batch->row || !batch->items || !batch->order) {
                complain("not enough memory");
                batch_free(batch);
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
        batch_free(batch);
        return code;
}
