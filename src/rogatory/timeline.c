/* SPDX-License-Identifier: EUPL-1.2 */
/* The chart below a plain answer: what was held when, around the time asked.
 *
 *   Timeline (UTC; one column is 0.200 s)
 *                      10:24:54.200                 T                 10:25:05.800
 *   asked                                 [=========T=========]
 *   1. customer-17     <----------------------------|
 *   ~1. customer-18                                      |........................?
 *
 * The edge nearest to T is always in the chart; edges further away may leave it at '<' and '>'. */
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

/* --- Scale --- */

/* Widths of a column that a person can count in. */
static const int64_t widths[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1 * TIME_SECOND, 2 * TIME_SECOND,
        5 * TIME_SECOND, 10 * TIME_SECOND, 15 * TIME_SECOND, 30 * TIME_SECOND, 1 * TIME_MINUTE,
        2 * TIME_MINUTE, 5 * TIME_MINUTE, 10 * TIME_MINUTE, 15 * TIME_MINUTE, 30 * TIME_MINUTE, 1 * TIME_HOUR,
        2 * TIME_HOUR, 6 * TIME_HOUR, 12 * TIME_HOUR, 1 * TIME_DAY, 7 * TIME_DAY, 30 * TIME_DAY,
        365 * TIME_DAY};

#define WIDTH_COUNT (sizeof widths / sizeof widths[0])

static int64_t least_margin(const struct answer_candidate *c, size_t count, int64_t least)
{
        for (size_t i = 0; i < count; i++)
                if (c[i].margin_ms != TIME_UNKNOWN && (least == TIME_UNKNOWN || c[i].margin_ms < least))
                        least = c[i].margin_ms;
        return least;
}

/* Wide enough for the interval judged and for the edge nearest to the time asked, which is the one that
 * matters. */
static struct chart make_chart(const struct answer *a)
{
        int64_t at = a->question.at_ms;
        int64_t before = distance(a->from_ms, at), after = distance(a->to_ms, at);
        int64_t half = before > after ? before : after;
        int64_t least = least_margin(a->candidates, a->candidate_count, TIME_UNKNOWN);
        int64_t reach = half + half / 2;
        size_t i = 0;

        least = least_margin(a->possible, a->possible_count, least);
        if (least != TIME_UNKNOWN && least + least / 4 > reach)
                reach = least + least / 4;
        while (i + 1 < WIDTH_COUNT && widths[i] * (MIDDLE - 2) < reach)
                i++;
        return (struct chart){.at = at, .column = widths[i]};
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

/* --- Rows --- */

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

/* The first characters of a label, padded. What is cut off is seen to be: half a name may be another's. */
static void write_label(const char *label, struct buffer *ret)
{
        size_t columns = 0, cut = 0, length = 0;

        for (; label[length]; length++) {
                if (((unsigned char)label[length] & 0xc0) == 0x80)
                        continue; /* inside a UTF-8 character */
                if (columns == LABEL_COLUMNS - 2)
                        cut = length;
                columns++;
        }
        if (columns > LABEL_COLUMNS)
                buffer_printf(ret, "  %.*s.. ", (int)cut, label);
        else
                buffer_printf(ret, "  %s%*s", label, (int)(LABEL_COLUMNS - columns + 1), "");
}

static void write_row(struct chart *chart, const char *label, struct buffer *ret)
{
        int length = CHART_COLUMNS;

        while (length > 0 && chart->cells[length - 1] == ' ')
                length--;
        write_label(label, ret);
        buffer_printf(ret, "%.*s\n", length, chart->cells);
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

        if (c->planned && !to_known) {
                to_known = true;
                to = CHART_COLUMNS;
        }
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
        int64_t left = chart->at > reach ? chart->at - reach : TIME_FIRST;
        int64_t right = chart->at + reach < TIME_LIMIT ? chart->at + reach : TIME_LIMIT - 1;
        /* "2026-11-20" or "23:35:52.123" out of RFC 3339 */
        size_t skip = chart->column >= 30 * TIME_MINUTE ? 0 : 11,
               length = chart->column >= 30 * TIME_MINUTE ? 10 : 12;

        clear(chart);
        memcpy(chart->cells, time_format_utc(left, text) + skip, length);
        memcpy(chart->cells + CHART_COLUMNS - length, time_format_utc(right, text) + skip, length);
        put(chart, MIDDLE, 'T');
        write_row(chart, "", ret);
}

static void write_asked(struct chart *chart, const struct answer *a, struct buffer *ret)
{
        int from = column_of(chart, a->from_ms), to = column_of(chart, a->to_ms);

        /* Never narrower than can be seen. */
        from = from < MIDDLE ? from : MIDDLE - 1;
        to = to > MIDDLE ? to : MIDDLE + 1;
        clear(chart);
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
                char address[ADDRESS_TEXT_MAX];
                buffer_printf(&label, "%s%zu. ", possible ? "~" : "", i + 1);
                if (c[i].subscriber[0] || address_is_none(&c[i].inside) || address_is_named(&c[i].inside))
                        holder_write(&c[i], &label);
                else
                        buffer_append_text(&label, address_format(&c[i].inside, address));
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
        buffer_append_text(ret, "  | observed  + interim, reused or bound  ? never seen  < > goes on\n");
        if (a->possible_count > 0)
                buffer_append_text(ret, "  ~ and dots: possible, not proven\n");
}
