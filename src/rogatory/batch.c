/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory ask --batch`: many questions, JSON lines out in their order.
 *
 * Questions are read in groups and answered hour by hour and address by address, because what one question
 * brings into the caches serves the next one too: each block of a sheet is decoded once for the whole group.
 * Answers wait for their turn packed (kept_answer.h), because what is not written to memory need not be read
 * again. They go out in pieces, in the order of the rows: a whole piece stands in the record of access before
 * its first answer is printed. */
#include "rogatory/ask.h"
#include "rogatory/batch_row.h"
#include "rogatory/kept_answer.h"
#include "rogatory/nearness.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/line_reader.h"
#include "os/progress.h"

#include <stdlib.h>

#define GROUP_QUESTIONS 131072         /* some 350 bytes each, mostly */
#define AHEAD_MAX (128u * 1024 * 1024) /* of answers held at once; what is left is answered in its turn */
#define PIECE_QUESTIONS 4096
#define PIECE_TEXT_MAX (8u * 1024 * 1024) /* coarse questions have thousands of candidates each */
#define NEAR_AT_ONCE 32
#define CACHE_LINE 64
#define KEPT_USUAL 384      /* bytes of an answer with one candidate */
#define BATCH_LINE_MAX 4096 /* no question is longer */

/* One row of the group: still to be answered, answered, or without an answer, for a reason. */
struct batch_item {
        uint64_t row;
        struct question question;
        size_t time_given, time_length; /* in `given` */
        const struct buffer *where;     /* NULL: still to be answered */
        size_t kept;                    /* the answer in it, or the reason as a text */
        bool failed;
};

/* What goes out next: the lines of some rows, and of those that were answered the entries. */
struct piece {
        struct buffer lines, texts;
        struct access_entry entries[PIECE_QUESTIONS];
        size_t places[PIECE_QUESTIONS][2]; /* of each entry's question and detail in texts */
        size_t count, entry_count;
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
        struct buffer ahead;      /* answers and reasons of the group */
        struct buffer late;       /* of the row that is printed next */
        struct answer_kept answer;
        struct piece piece;
        size_t count;
        uint64_t rows, failed;
        struct progress progress;
};

static int no_memory(struct error *error)
{
        return error_set(error, -ENOMEM, "not enough memory");
}

/* --- What goes out --- */

static int record_piece(struct batch *batch, struct error *error)
{
        struct piece *piece = &batch->piece;
        int64_t now = clock_now_ms();

        for (size_t i = 0; i < piece->entry_count; i++) {
                struct access_entry *entry = &piece->entries[i];
                entry->at_ms = now;
                entry->person = batch->asking->person;
                entry->action = "batch-ask";
                entry->case_reference = batch->asking->case_reference;
                entry->question = (const char *)piece->texts.bytes + piece->places[i][0];
                entry->detail = (const char *)piece->texts.bytes + piece->places[i][1];
        }
        return piece->entry_count ? depot_record_accesses(
                                            batch->asking->depot, piece->entries, piece->entry_count, error)
                                  : 0;
}

/* Records and prints the piece. An exit code. */
static int write_piece(struct batch *batch)
{
        struct error error = {0};
        int r = record_piece(batch, &error);

        if (batch->progress.shown)
                progress_end(&batch->progress);
        return r < 0 ? complain_error(&error) : output_write(&batch->piece.lines);
}

static int too_much(int r, struct error *error)
{
        return r == -EFBIG ? error_set(error, r, "an answer is too long to be written") : no_memory(error);
}

/* Adds the line and the entry of a row to the piece. */
static int add_row(struct batch *batch, const struct batch_item *item, struct error *error)
{
        struct piece *piece = &batch->piece;
        const uint8_t *kept = item->where->bytes + item->kept;
        struct slice given =
                slice_make(item->time_length ? (const char *)batch->given.bytes + item->time_given : "",
                        item->time_length);
        struct answer_view view;

        piece->count++;
        if (item->failed) {
                output_json_line(&piece->lines, json_pack("{s:I, s:o}", "row", (json_int_t)item->row, "error",
                                                        json_foreign((const char *)kept)));
                return piece->lines.failed ? too_much(piece->lines.failed, error) : 0;
        }
        if (answer_take_out(kept, &batch->answer) < 0)
                return no_memory(error);
        int r = asking_view(batch->asking, &batch->answer.answer, given, &view, error);
        if (r < 0)
                return r;
        answer_write_json(&view, &piece->lines);
        piece->entries[piece->entry_count].verdict = verdict_name(batch->answer.answer.verdict);
        r = inquiry_write_entry(&batch->answer.answer, &piece->texts, piece->places[piece->entry_count++]);
        if (r == 0)
                r = piece->lines.failed;
        return r < 0 ? too_much(r, error) : 0;
}

/* --- A row --- */

static int fail_row(struct batch *batch, struct batch_item *item, struct buffer *where,
        const struct error *reason, struct error *error)
{
        batch->failed++;
        item->failed = true;
        item->where = where;
        item->kept = where->length;
        return buffer_append(where, reason->text, strlen(reason->text) + 1) < 0 ? no_memory(error) : 0;
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

static int answer_item(
        struct batch *batch, struct batch_item *item, struct buffer *where, struct error *error)
{
        struct error reason = {0};
        struct answer answer;

        if (asking_answer(batch->asking, &item->question, &answer, &reason) < 0) {
                int r = asking_record_failure(batch->asking, "batch-ask", &item->question, &reason, error);
                return r < 0 ? r : fail_row(batch, item, where, &reason, error);
        }
        item->where = where;
        item->kept = where->length;
        int r = answer_keep(&answer, where);
        answer_free(&answer);
        return r < 0 ? too_much(r, error) : 0;
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

/* Answers the rows of a group by hour and address, until more answers are held than may be. What is left is
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
        for (size_t i = 0; i < count && r == 0 && batch->ahead.length < AHEAD_MAX; i++) {
                if (i % NEAR_AT_ONCE == 0)
                        bring_near(batch, order + i, count - i < NEAR_AT_ONCE ? count - i : NEAR_AT_ONCE);
                r = answer_item(batch, &batch->items[order[i].index], &batch->ahead, error);
        }
        return r;
}

/* The same for what was kept of rows that are printed next. */
static void bring_kept_near(const struct batch *batch, size_t from)
{
        for (size_t i = from; i < from + NEAR_AT_ONCE && i < batch->count; i++) {
                const struct batch_item *item = &batch->items[i];
                if (item->where != &batch->ahead)
                        continue;
                for (size_t at = item->kept; at < item->kept + KEPT_USUAL && at < batch->ahead.length;
                        at += CACHE_LINE)
                        (void)*(const volatile uint8_t *)(batch->ahead.bytes + at);
        }
}

/* Makes a piece of the next rows, and answers those of them that are not answered yet. */
static int next_piece(struct batch *batch, size_t from, struct error *error)
{
        struct piece *piece = &batch->piece;
        int r = 0;

        buffer_clear(&piece->lines);
        buffer_clear(&piece->texts);
        piece->count = piece->entry_count = 0;
        while (r == 0 && from + piece->count < batch->count && piece->count < PIECE_QUESTIONS &&
                piece->lines.length < PIECE_TEXT_MAX) {
                struct batch_item *item = &batch->items[from + piece->count];
                if (piece->count % NEAR_AT_ONCE == 0)
                        bring_kept_near(batch, from + piece->count);
                buffer_clear(&batch->late);
                if (!item->where)
                        r = answer_item(batch, item, &batch->late, error);
                if (r == 0)
                        r = add_row(batch, item, error);
        }
        return r;
}

static void empty_group(struct batch *batch)
{
        buffer_clear(&batch->ahead);
        buffer_clear(&batch->given);
        batch->count = 0;
}

/* An exit code. */
static int flush_group(struct batch *batch)
{
        struct error error = {0};
        int r = answer_ahead(batch, &error), code = EXIT_DONE;

        for (size_t from = 0; from < batch->count && r == 0 && code == EXIT_DONE;
                from += batch->piece.count) {
                r = next_piece(batch, from, &error);
                if (r == 0)
                        code = write_piece(batch);
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
        buffer_free(&batch->ahead);
        buffer_free(&batch->late);
        buffer_free(&batch->given);
        buffer_free(&batch->piece.lines);
        buffer_free(&batch->piece.texts);
        answer_kept_free(&batch->answer);
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
        /* Room for what is held, and for one answer more, however long that is. */
        batch->ahead = batch->late = buffer_make(AHEAD_MAX + OUTPUT_MAX);
        batch->given = buffer_make((size_t)GROUP_QUESTIONS * BATCH_LINE_MAX);
        batch->piece.lines = batch->piece.texts = buffer_make(PIECE_TEXT_MAX + OUTPUT_MAX);
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
