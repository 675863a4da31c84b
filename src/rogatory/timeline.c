/* SPDX-License-Identifier: EUPL-1.2 */
/* The chart below a plain answer: what was held when, around the time asked.
 *
 *   Timeline (UTC; one column is 1.312 s)
 *                     23:35:12.000                   T                  23:36:32.000
 *     asked                                       [==T==]
 *     customer-17                |-----------------------------------|
 *     ~ customer-9    ?..........|
 *
 * The judged interval stays visible (at least three columns wide), so far edges leave the chart at '<' and
 * '>'. */
#include "rogatory/answer_view.h"

#include <stdio.h>

#define LABEL_COLUMNS 18
#define CHART_COLUMNS 59 /* odd: T stands in the middle; 2 + 18 + 1 + 59 = 80 */
#define MIDDLE (CHART_COLUMNS / 2)
#define ROWS_MAX 12

struct chart {
        int64_t at;     /* the instant in the middle column */
        int64_t column; /* milliseconds of one */
        char cells[CHART_COLUMNS + 1];
};

static int64_t distance(int64_t a, int64_t b)
{
        return a > b ? a - b : b - a;
}

/* --- Scale
 * ------------------------------------------------------------------------------------------------------ */

static void reach_for_edges(
        const struct answer_candidate *c, size_t count, int64_t at, int64_t furthest, int64_t *reach)
{
        for (size_t i = 0; i < count; i++) {
                int64_t edges[2] = {c[i].from_ms, c[i].to_ms};
                for (int k = 0; k < 2; k++)
                        if (edges[k] != TIME_UNKNOWN && distance(edges[k], at) > *reach)
                                *reach =
                                        distance(edges[k], at) < furthest ? distance(edges[k], at) : furthest;
        }
}

static struct chart make_chart(const struct answer *a)
{
        int64_t at = a->question.at_ms;
        int64_t half = distance(a->from_ms, at) > distance(a->to_ms, at) ? distance(a->from_ms, at)
                                                                         : distance(a->to_ms, at);
        int64_t reach = half + half / 2 + 1;

        reach_for_edges(a->candidates, a->candidate_count, at, half * (MIDDLE - 2) + 1, &reach);
        reach_for_edges(a->possible, a->possible_count, at, half * (MIDDLE - 2) + 1, &reach);
        /* Two columns stay free on both sides, so that an edge that fits is seen as one. */
        return (struct chart){.at = at, .column = reach / (MIDDLE - 2) + 1};
}

/* The column of an instant: -1 left of the chart, CHART_COLUMNS right of it. */
static int column_of(const struct chart *chart, int64_t instant)
{
        int64_t half = chart->column / 2;
        int64_t off = instant - chart->at;
        int64_t column = MIDDLE + (off >= 0 ? (off + half) / chart->column : -((half - off) / chart->column));

        if (column < 0)
                return -1;
        return column >= CHART_COLUMNS ? CHART_COLUMNS : (int)column;
}

/* --- Rows
 * ------------------------------------------------------------------------------------------------------- */

static void clear(struct chart *chart)
{
        memset(chart->cells, ' ', CHART_COLUMNS);
        chart->cells[CHART_COLUMNS] = '\0';
}

static void fill(struct chart *chart, int from, int to, char mark)
{
        for (int i = from < 0 ? 0 : from; i <= to && i < CHART_COLUMNS; i++)
                chart->cells[i] = mark;
}

static void put(struct chart *chart, int column, char mark)
{
        if (column >= 0 && column < CHART_COLUMNS)
                chart->cells[column] = mark;
}

static void write_row(struct chart *chart, const char *label, struct buffer *ret)
{
        int length = CHART_COLUMNS;

        while (length > 0 && chart->cells[length - 1] == ' ')
                length--;
        buffer_printf(ret, "  %-*.*s %.*s\n", LABEL_COLUMNS, LABEL_COLUMNS, label, length, chart->cells);
}

static char edge_mark(enum binding_edge edge)
{
        return edge == EDGE_OBSERVED ? '|' : edge == EDGE_OPEN ? '?' : '+';
}

/* What is not proven is dotted: the stretch before an unseen beginning or behind an unseen end, and
 * everything of a candidate that is only possible. */
static void draw_candidate(struct chart *chart, const struct answer_candidate *c, bool possible)
{
        bool from_known = c->from_edge != EDGE_OPEN, to_known = c->to_edge != EDGE_OPEN;
        int from = from_known ? column_of(chart, c->from_ms) : 0;
        int to = to_known ? column_of(chart, c->to_ms) : CHART_COLUMNS - 1;

        clear(chart);
        fill(chart, from, to, possible || !from_known || !to_known ? '.' : '-');
        if (from < 0)
                put(chart, to < 0 ? -1 : 0, '<');
        if (to >= CHART_COLUMNS && from < CHART_COLUMNS)
                put(chart, CHART_COLUMNS - 1, '>');
        if (from >= CHART_COLUMNS)
                put(chart, CHART_COLUMNS - 1, '>');
        if (to < 0)
                put(chart, 0, '<');
        put(chart, from, edge_mark(c->from_edge));
        put(chart, to, edge_mark(c->to_edge));
}

static void write_scale(struct chart *chart, struct buffer *ret)
{
        char text[TIME_TEXT_MAX];
        int64_t reach = chart->column * MIDDLE;
        int64_t left = chart->at > reach ? chart->at - reach : 0;

        clear(chart);
        memcpy(chart->cells, time_format_utc(left, text) + 11, 12);
        memcpy(chart->cells + CHART_COLUMNS - 12, time_format_utc(chart->at + reach, text) + 11, 12);
        put(chart, MIDDLE, 'T');
        write_row(chart, "", ret);
}

static void write_asked(struct chart *chart, const struct answer *a, struct buffer *ret)
{
        clear(chart);
        int from = column_of(chart, a->from_ms), to = column_of(chart, a->to_ms);
        fill(chart, from, to, '=');
        put(chart, from, '[');
        put(chart, to, ']');
        put(chart, MIDDLE, 'T');
        write_row(chart, "asked", ret);
}

static void write_candidates(struct chart *chart, const struct answer_candidate *c, size_t count,
        bool possible, struct buffer *ret)
{
        for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
                struct buffer label = buffer_make(1024);
                if (possible)
                        buffer_append_text(&label, "~ ");
                holder_write(&c[i], &label);
                buffer_append_u8(&label, '\0');
                draw_candidate(chart, &c[i], possible);
                write_row(chart, label.failed ? "?" : (const char *)label.bytes, ret);
                buffer_free(&label);
        }
        if (count > ROWS_MAX)
                buffer_printf(ret, "  ... and %zu more\n", count - ROWS_MAX);
}

void timeline_write(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;
        char text[SPAN_TEXT_MAX];

        if (a->candidate_count + a->possible_count == 0)
                return;
        struct chart chart = make_chart(a);
        buffer_printf(ret, "Timeline (UTC; one column is %s)\n", span_format(chart.column, text));
        write_scale(&chart, ret);
        write_asked(&chart, a, ret);
        write_candidates(&chart, a->candidates, a->candidate_count, false, ret);
        write_candidates(&chart, a->possible, a->possible_count, true, ret);
        buffer_append_text(
                ret, "  | observed edge  + interim, reused or bound edge  ? edge never seen  < > goes on\n");
        if (a->possible_count > 0)
                buffer_append_text(ret, "  ~ and dots: possible, not proven\n");
}
