/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory ask --batch`: many questions, JSON lines out in their order.
 *
 * Questions are read in groups and answered hour by hour and address by address, because what one question
 * brings into the caches serves the next one too: each block of a sheet is decoded once for the whole group.
 * An answer becomes its line and its entry at once, and only these texts wait for their turn. They go out in
 * pieces, in the order of the rows: a whole piece stands in the record of access before its first answer is
 * printed. */
#include "rogatory/ask.h"
#include "rogatory/batch_row.h"
#include "rogatory/nearness.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/line_reader.h"
#include "os/progress.h"

#include <stdlib.h>

#define GROUP_QUESTIONS 131072              /* a kilobyte of text each, mostly */
#define AHEAD_TEXT_MAX (160u * 1024 * 1024) /* lines held at once; what is left is answered in its turn */
#define PIECE_QUESTIONS 8192
#define PIECE_TEXT_MAX (16u * 1024 * 1024) /* of what was not answered ahead: coarse questions have */
                                           /* thousands of candidates each */
#define NEAR_AT_ONCE 32
#define CACHE_LINE 64
#define OUTPUT_AT_ONCE (1024 * 1024)
#define BATCH_LINE_MAX 4096 /* no question is longer */

/* Texts of answered questions, one behind the other in the order in which they were answered. */
struct answered {
        struct buffer lines;   /* as they are printed */
        struct buffer entries; /* inquiry_write_entry */
};

/* One row of the group: still to be answered, answered, or without an answer, which its line explains. */
struct batch_item {
        uint64_t row;
        struct question question;
        size_t time_given, time_length; /* in `given` */
        const struct answered *where;   /* NULL: still to be answered */
        size_t line, line_length, entry[2];
        enum verdict verdict;
        bool failed; /* no entry belongs to it */
};

struct batch {
        struct asking *asking;
        struct line_reader *reader;
        struct batch_columns columns;
        bool begun; /* the first row was seen, so no header can follow */
        struct csv_row *row;
        struct batch_item *items; /* owned; room for a group */
        struct near_item *order;  /* owned; those that can be answered, twice the room of a group */
        struct buffer given;      /* times as they were given */
        struct answered ahead;    /* of the group */
        struct answered late;     /* of the piece that is printed next */
        struct buffer output;
        size_t count;
        uint64_t rows, failed;
        struct progress progress;
};

static int no_memory(struct error *error)
{
        return error_set(error, -ENOMEM, "not enough memory");
}

/* --- A group --- */

static void empty_answered(struct answered *answered)
{
        buffer_clear(&answered->lines);
        buffer_clear(&answered->entries);
}

static void empty_group(struct batch *batch)
{
        empty_answered(&batch->ahead);
        empty_answered(&batch->late);
        buffer_clear(&batch->given);
        batch->count = 0;
}

static int record_piece(
        struct batch *batch, const struct batch_item *items, size_t item_count, struct error *error)
{
        struct access_entry *entries = calloc(item_count + 1, sizeof *entries);
        int64_t now = clock_now_ms();
        size_t count = 0;

        if (!entries)
                return no_memory(error);
        for (size_t i = 0; i < item_count; i++) {
                if (items[i].failed)
                        continue;
                const char *texts = (const char *)items[i].where->entries.bytes;
                entries[count++] = (struct access_entry){
                        .at_ms = now,
                        .person = batch->asking->person,
                        .action = "batch-ask",
                        .case_reference = batch->asking->case_reference,
                        .question = texts + items[i].entry[0],
                        .verdict = verdict_name(items[i].verdict),
                        .detail = texts + items[i].entry[1],
                };
        }
        int r = count ? depot_record_accesses(batch->asking->depot, entries, count, error) : 0;
        free(entries);
        return r;
}

/* Prints lines as they stand in the order of their rows. An exit code. */
static int print_piece(struct batch *batch, const struct batch_item *items, size_t count)
{
        int code = EXIT_DONE;

        buffer_clear(&batch->output);
        for (size_t i = 0; i < count && code == EXIT_DONE; i++) {
                buffer_append(
                        &batch->output, items[i].where->lines.bytes + items[i].line, items[i].line_length);
                if (batch->output.length < OUTPUT_AT_ONCE && i + 1 < count)
                        continue;
                code = output_write(&batch->output);
                buffer_clear(&batch->output);
        }
        return code;
}

/* Records and prints some rows, all of which have a line. An exit code. */
static int write_piece(struct batch *batch, const struct batch_item *items, size_t count)
{
        struct error error = {0};
        int r = record_piece(batch, items, count, &error);

        if (batch->progress.shown)
                progress_end(&batch->progress);
        return r < 0 ? complain_error(&error) : print_piece(batch, items, count);
}

/* --- A row --- */

/* The line of a row that cannot be answered. */
static int fail_row(struct batch *batch, struct batch_item *item, struct answered *answered,
        const struct error *reason, struct error *error)
{
        batch->failed++;
        item->failed = true;
        item->where = answered;
        item->line = answered->lines.length;
        output_json_line(&answered->lines,
                json_pack("{s:I, s:o}", "row", (json_int_t)item->row, "error", json_foreign(reason->text)));
        item->line_length = answered->lines.length - item->line;
        return answered->lines.failed ? no_memory(error) : 0;
}

/* Reads the question of a row into its item. */
static int take_row(
        struct batch *batch, struct batch_item *item, const struct question_text *text, struct error *error)
{
        struct error reason = {0};

        if (question_read(text, batch->asking->skew_ms, &item->question, &reason) < 0)
                return fail_row(batch, item, &batch->ahead, &reason, error);
        item->time_given = batch->given.length;
        item->time_length = text->time.length;
        return buffer_append(&batch->given, text->time.text, text->time.length) < 0 ? no_memory(error) : 0;
}

/* Turns the answer into its texts. */
static int keep_answer(struct batch *batch, struct batch_item *item, const struct answer *answer,
        struct answered *answered, struct error *error)
{
        struct slice given =
                slice_make(item->time_length ? (const char *)batch->given.bytes + item->time_given : "",
                        item->time_length);
        struct answer_view view;

        int r = asking_view(batch->asking, answer, given, &view, error);
        if (r < 0)
                return r;
        item->verdict = answer->verdict;
        item->where = answered;
        item->line = answered->lines.length;
        answer_write_json(&view, &answered->lines);
        item->line_length = answered->lines.length - item->line;
        r = inquiry_write_entry(answer, &answered->entries, item->entry);
        if (r == 0)
                r = answered->lines.failed;
        return r < 0 ? error_set(error, r,
                               r == -EFBIG ? "an answer is too long to be written" : "not enough memory")
                     : 0;
}

static int answer_item(
        struct batch *batch, struct batch_item *item, struct answered *answered, struct error *error)
{
        struct error reason = {0};
        struct answer answer;

        if (asking_answer(batch->asking, &item->question, &answer, &reason) < 0) {
                int r = asking_record_failure(batch->asking, "batch-ask", &item->question, &reason, error);
                return r < 0 ? r : fail_row(batch, item, answered, &reason, error);
        }
        int r = keep_answer(batch, item, &answer, answered, error);
        answer_free(&answer);
        return r;
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
        return r < 0 ? fail_row(batch, item, &batch->ahead, &reason, error)
                     : take_row(batch, item, &text, error);
}

/* --- A group's answers --- */

/* Rows lie in memory in another order than they are answered in, and each would be waited for: here they are
 * waited for together. */
static void bring_near(const struct batch *batch, const struct near_item *order, size_t count)
{
        for (size_t i = 0; i < count; i++)
                for (size_t at = 0; at < sizeof *batch->items; at += CACHE_LINE)
                        (void)*((const volatile uint8_t *)&batch->items[order[i].index] + at);
        for (size_t i = 0; i < count; i++)
                (void)*(const volatile uint8_t *)(batch->given.bytes +
                                                  batch->items[order[i].index].time_given);
}

/* Answers the rows of a group by hour and address, until more text is held than may be. What is left is
 * answered when its turn to be printed comes. */
static int answer_ahead(struct batch *batch, struct error *error)
{
        struct near_item *order = batch->order;
        size_t count = 0;
        int r = 0;

        for (size_t i = 0; i < batch->count; i++)
                if (!batch->items[i].where)
                        order[count++] = near_item_of(&batch->items[i].question, (uint32_t)i);
        near_items_sort(order, count, order + GROUP_QUESTIONS);
        for (size_t i = 0; i < count && r == 0 && batch->ahead.lines.length < AHEAD_TEXT_MAX; i++) {
                if (i % NEAR_AT_ONCE == 0)
                        bring_near(batch, order + i, count - i < NEAR_AT_ONCE ? count - i : NEAR_AT_ONCE);
                r = answer_item(batch, &batch->items[order[i].index], &batch->ahead, error);
        }
        return r;
}

/* Answers what is not yet answered of the next rows, as many as one piece takes. */
static int next_piece(struct batch *batch, size_t from, size_t *ret_count, struct error *error)
{
        size_t count = 0;
        int r = 0;

        empty_answered(&batch->late);
        while (r == 0 && from + count < batch->count && count < PIECE_QUESTIONS &&
                batch->late.lines.length < PIECE_TEXT_MAX) {
                struct batch_item *item = &batch->items[from + count++];
                if (!item->where)
                        r = answer_item(batch, item, &batch->late, error);
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
        buffer_free(&batch->ahead.lines);
        buffer_free(&batch->ahead.entries);
        buffer_free(&batch->late.lines);
        buffer_free(&batch->late.entries);
        buffer_free(&batch->given);
        buffer_free(&batch->output);
        free(batch->row);
        free(batch->items);
        free(batch->order);
        free(batch);
}

static struct batch *batch_new(void)
{
        struct batch *batch = calloc(1, sizeof *batch);

        if (!batch)
                return NULL;
        /* Room for the texts of a group, and of one question more, however long that is. */
        batch->ahead.lines = batch->late.lines = buffer_make(AHEAD_TEXT_MAX + OUTPUT_MAX);
        batch->ahead.entries = batch->late.entries = buffer_make(SIZE_MAX / 2);
        batch->given = buffer_make((size_t)GROUP_QUESTIONS * BATCH_LINE_MAX);
        batch->output = buffer_make(OUTPUT_AT_ONCE + (size_t)OUTPUT_MAX);
        batch->row = calloc(1, sizeof *batch->row);
        batch->items = malloc(GROUP_QUESTIONS * sizeof *batch->items);
        batch->order = malloc(2 * GROUP_QUESTIONS * sizeof *batch->order);
        if (batch->row && batch->items && batch->order)
                return batch;
        batch_free(batch);
        return NULL;
}

int ask_batch(struct asking *asking, const char *file)
{
        struct batch *batch = batch_new();
        struct error error = {0};
        int code = EXIT_FAILED;

        if (!batch) {
                complain("not enough memory");
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
