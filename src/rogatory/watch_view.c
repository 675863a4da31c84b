/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/watch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LISTENER_LINES 4u /* at least so many are shown where exporters want the room */
#define HEIGHT_WHOLE 20u  /* below it details are left away */
#define NAME_LEAST 12u
#define NAME_MOST 64u
#define COLUMNS_EXPORTER 64u /* of all but the name */
#define COLUMNS_LISTENER 61u
#define PATCH_MAX 400

/* --- Lines --- */

enum style { PLAIN, BOLD, FAINT, ALARM, CAUTION };

/* Writes lines of ASCII that are no longer than they may be; what does not fit is cut off. */
struct pen {
        const struct watch_view *view;
        struct buffer *out;
        unsigned column, lines;
};

static void put(struct pen *pen, enum style style, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static void put(struct pen *pen, enum style style, const char *format, ...)
{
        /* SGR parameters of ECMA-48. */
        static const char *const codes[] = {"", "1", "2", "1;31", "33"};
        unsigned width = pen->view->width;
        char patch[PATCH_MAX];
        va_list arguments;

        va_start(arguments, format);
        int length = vsnprintf(patch, sizeof patch, format, arguments);
        va_end(arguments);
        if (length < 0 || (width && pen->column >= width))
                return;
        unsigned used = (unsigned)length < sizeof patch ? (unsigned)length : sizeof patch - 1;
        if (width && used > width - pen->column)
                used = width - pen->column;
        bool coloured = pen->view->has_colour && style != PLAIN;
        if (coloured)
                buffer_printf(pen->out, "\x1b[%sm", codes[style]);
        buffer_append(pen->out, patch, used);
        if (coloured)
                buffer_append_text(pen->out, "\x1b[0m");
        pen->column += used;
}

static unsigned lines_left(const struct pen *pen)
{
        unsigned height = pen->view->height;

        return !height ? UINT32_MAX : pen->lines < height ? height - pen->lines : 0;
}

static bool begin_line(struct pen *pen)
{
        if (lines_left(pen) == 0)
                return false;
        if (pen->lines > 0)
                buffer_append_u8(pen->out, '\n');
        pen->lines++;
        pen->column = 0;
        return true;
}

/* Of a low screen the exporters get what there is; all else stands in one line each. */
static bool is_low(const struct pen *pen)
{
        return pen->view->height && pen->view->height < HEIGHT_WHOLE;
}

static bool begin_detail(struct pen *pen)
{
        return !is_low(pen) && begin_line(pen);
}

static void head(struct pen *pen, const char *word)
{
        put(pen, BOLD, "%-10s", word);
}

/* --- Quantities --- */

#define TEXT_MAX 24

/* 9999, 10.0k, 217k, 5.10M: three digits are enough to see what happens. */
static const char *quantity(double number, char text[TEXT_MAX])
{
        static const char units[] = "kMGTPE";
        int unit = -1;

        if (number < 0)
                return "-";
        if (number < 9999.5) {
                bool is_whole = number >= 100 || number == (double)(int64_t)number;
                snprintf(text, TEXT_MAX, is_whole ? "%.0f" : "%.1f", number);
                return text;
        }
        while (number >= 999.5 && unit + 1 < (int)sizeof units - 1) {
                number /= 1000;
                unit++;
        }
        snprintf(text, TEXT_MAX, "%.*f%c", number < 9.995 ? 2 : number < 99.95 ? 1 : 0, number, units[unit]);
        return text;
}

static const char *bytes_text(int64_t bytes, char text[TEXT_MAX])
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
        double number = (double)bytes;
        unsigned unit = 0;

        if (bytes < 0)
                return "-";
        while (number >= 999.5 && unit < 6) {
                number /= 1000;
                unit++;
        }
        snprintf(text, TEXT_MAX, "%.*f %s", unit > 0 && number < 99.95 ? 1 : 0, number, units[unit]);
        return text;
}

static const char *span_text(int64_t ms, char text[TEXT_MAX])
{
        int64_t seconds = ms / 1000;

        if (ms < 0)
                ms = seconds = 0;
        if (ms < 10000)
                snprintf(text, TEXT_MAX, ms % 1000 ? "%" PRId64 ".%" PRId64 "s" : "%" PRId64 "s", seconds,
                        ms % 1000 / 100);
        else if (seconds < 60)
                snprintf(text, TEXT_MAX, "%" PRId64 "s", seconds);
        else if (seconds < 3600)
                snprintf(text, TEXT_MAX, "%" PRId64 "m %" PRId64 "s", seconds / 60, seconds % 60);
        else if (seconds < 86400)
                snprintf(text, TEXT_MAX, "%" PRId64 "h %" PRId64 "m", seconds / 3600, seconds / 60 % 60);
        else
                snprintf(text, TEXT_MAX, "%" PRId64 "d %" PRId64 "h", seconds / 86400, seconds / 3600 % 24);
        return text;
}

static const char *ago_text(int64_t now_ms, int64_t then_ms, char text[TEXT_MAX])
{
        char span[TEXT_MAX];

        if (then_ms == TIME_UNKNOWN)
                return "never";
        if (now_ms - then_ms < 1000)
                return "now";
        snprintf(text, TEXT_MAX, "%s", span_text((now_ms - then_ms) / 1000 * 1000, span));
        return text;
}

/* The offset that is furthest off. */
static const char *offset_text(int64_t least_ms, int64_t most_ms, char text[TEXT_MAX])
{
        int64_t worst;

        if (least_ms == TIME_UNKNOWN || most_ms == TIME_UNKNOWN)
                return "-";
        worst = most_ms + least_ms < 0 ? least_ms : most_ms;
        snprintf(text, TEXT_MAX, worst > -5 && worst < 5 ? "0.00s" : "%+.2fs", (double)worst / 1000);
        return text;
}

static const char *plural(int64_t count)
{
        return count == 1 ? "" : "s";
}

/* --- The node --- */

static void write_title(struct pen *pen)
{
        const struct watch_view *view = pen->view;
        const struct watch_reading *r = view->reading;
        char at[TIME_TEXT_MAX], up[TEXT_MAX];

        begin_line(pen);
        head(pen, "rogatory");
        put(pen, PLAIN, "%s", view->node);
        if (r) {
                time_format_utc(r->now_ms / 1000 * 1000, at);
                put(pen, PLAIN, "  %.10s %.8s UTC", at, at + 11);
                if (r->collector.started_ms != TIME_UNKNOWN)
                        put(pen, PLAIN, "  up %s", span_text(r->now_ms - r->collector.started_ms, up));
                if (r->collector.taking == 0)
                        put(pen, ALARM, "  TAKES NOTHING, see its log");
        }
        if (view->trouble && begin_line(pen))
                put(pen, ALARM, "%s%s", r ? "no newer numbers: " : "", view->trouble);
}

static int64_t less(int64_t next, int64_t reached)
{
        return next >= 0 && reached >= 0 && next > reached ? next - reached : 0;
}

static void write_journal(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        char bytes[TEXT_MAX], behind[TEXT_MAX], unsafe[TEXT_MAX], queue[TEXT_MAX], stopped[TEXT_MAX];

        if (!begin_line(pen))
                return;
        head(pen, "Journal");
        put(pen, PLAIN, "%s; %s messages in no window yet, %s not safe from power loss",
                bytes_text(r->collector.journal_bytes, bytes),
                quantity((double)less(r->collector.journal_next, r->collector.journal_released + 1), behind),
                quantity((double)less(r->collector.journal_next, r->collector.journal_durable), unsafe));
        if (!begin_detail(pen))
                return;
        head(pen, "");
        put(pen, PLAIN, "%s on their way to the store; ", bytes_text(r->collector.queued_bytes, queue));
        put(pen, r->collector.stops > 0 ? CAUTION : PLAIN, "taking stopped %" PRId64 " time%s",
                r->collector.stops < 0 ? 0 : r->collector.stops, plural(r->collector.stops));
        if (r->collector.stops > 0 && r->collector.stopped_ms != TIME_UNKNOWN)
                put(pen, CAUTION, ", %s in all", span_text(r->collector.stopped_ms, stopped));
}

static void write_merges(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        char ago[TEXT_MAX], took[TEXT_MAX], open[TEXT_MAX];

        if (!begin_detail(pen))
                return;
        head(pen, "");
        if (r->store.last_merge_ms == TIME_UNKNOWN)
                put(pen, PLAIN, "no merge yet");
        else
                put(pen, PLAIN, "last merge %s ago, took %s",
                        span_text(r->now_ms - r->store.last_merge_ms, ago),
                        span_text(r->store.last_merge_took_ms, took));
        put(pen, r->store.merges_failed > 0 ? CAUTION : PLAIN, "; %" PRId64 " failed",
                r->store.merges_failed < 0 ? 0 : r->store.merges_failed);
        if (r->store.open_bindings >= 0)
                put(pen, PLAIN, "; %s bindings open", quantity((double)r->store.open_bindings, open));
}

static void write_keeping(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        char space[TEXT_MAX], key[TEXT_MAX], asked[TEXT_MAX];

        if (!begin_detail(pen))
                return;
        head(pen, "");
        put(pen, PLAIN, "disk %s free; ", bytes_text(r->store.disk_free_bytes, space));
        if (r->store.key_since_ms != TIME_UNKNOWN)
                put(pen, PLAIN, "oldest key %s; ", span_text(r->now_ms - r->store.key_since_ms, key));
        put(pen, PLAIN, "%s question%s", quantity((double)r->store.questions, asked),
                plural(r->store.questions));
        if (r->store.questions_busy > 0)
                put(pen, CAUTION, ", %" PRId64 " turned away", r->store.questions_busy);
}

static void write_store(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        char events[TEXT_MAX], held[TEXT_MAX], windows[TEXT_MAX], bytes[TEXT_MAX];

        if (!begin_line(pen))
                return;
        head(pen, "Store");
        if (r->store.events < 0) {
                put(pen, CAUTION, "has told nothing yet");
                return;
        }
        put(pen, PLAIN, "%s events held in %s; %s window%s written, %s",
                quantity((double)r->store.held_events, events), bytes_text(r->store.held_bytes, held),
                quantity((double)r->store.windows, windows), plural(r->store.windows),
                bytes_text(r->store.window_bytes, bytes));
        if (r->store.refused > 0)
                put(pen, CAUTION, "; %" PRId64 " refused", r->store.refused);
        write_merges(pen);
        write_keeping(pen);
}

static void write_worst(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        unsigned width = pen->view->width ? pen->view->width : 80;

        if (r->worst_count == 0 || !begin_detail(pen))
                return;
        head(pen, "");
        put(pen, PLAIN, "most users");
        for (size_t i = 0; i < r->worst_count; i++) {
                char text[80];
                int length = snprintf(text, sizeof text, "%s %s %" PRId64, i ? "," : ":", r->worst[i].address,
                        r->worst[i].users);
                if (length < 0 || pen->column + (unsigned)length > width)
                        break;
                put(pen, r->worst[i].users > pen->view->limit ? CAUTION : PLAIN, "%s", text);
        }
}

static void write_sharing(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        int64_t over = watch_over(r, pen->view->limit);
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], addresses[TEXT_MAX], text[TEXT_MAX];

        if (over < 0 || !begin_line(pen))
                return;
        time_format_utc(r->store.hour_ms, from);
        time_format_utc(r->store.hour_ms + TIME_HOUR, to);
        head(pen, "Sharing");
        put(pen, PLAIN, "%.5s-%.5s UTC: %s public address%s, ", from + 11, to + 11,
                quantity((double)watch_addresses(r), addresses), watch_addresses(r) == 1 ? "" : "es");
        put(pen, over > 0 ? CAUTION : PLAIN, "%s with more than %" PRIu32 " users",
                quantity((double)over, text), pen->view->limit);
        write_worst(pen);
}

/* --- Names --- */

/* Names of many exporters begin alike and differ at their end: what is left out stands in the middle. */
static const char *name_text(const char *name, unsigned width, char text[NAME_MOST + 1])
{
        size_t length = strlen(name), head = width / 2, tail = width - head - 1;

        if (length <= width)
                snprintf(text, NAME_MOST + 1, "%-*s", (int)width, name);
        else
                snprintf(text, NAME_MOST + 1, "%.*s~%s", (int)head, name, name + length - tail);
        return text;
}

/* --- Listeners --- */

static unsigned name_width(const struct pen *pen, unsigned others, size_t longest)
{
        unsigned width = pen->view->width, room = width > others ? width - others : 0;
        unsigned name = (unsigned)(longest < NAME_LEAST  ? NAME_LEAST
                                   : longest > NAME_MOST ? NAME_MOST
                                                         : longest);

        if (width && name > room)
                name = room < NAME_LEAST ? NAME_LEAST : room;
        return name;
}

static void write_listener(struct pen *pen, const struct watch_listener *l, unsigned name)
{
        char rate[TEXT_MAX], drops[TEXT_MAX], refused[TEXT_MAX], connections[TEXT_MAX], text[NAME_MOST + 1];
        bool loses = l->newly_missed > 0;

        put(pen, loses ? ALARM : PLAIN, "%c %s", loses ? '!' : ' ', name_text(l->name, name, text));
        put(pen, PLAIN, " %-10.10s %9s", l->transport, quantity(l->message_rate, rate));
        put(pen, l->kernel_drops > 0 ? CAUTION : PLAIN, " %13s", quantity((double)l->kernel_drops, drops));
        put(pen, l->refused > 0 ? CAUTION : PLAIN, " %9s", quantity((double)l->refused, refused));
        put(pen, PLAIN, " %12s", quantity((double)l->connections, connections));
}

static void write_listeners(struct pen *pen)
{
        const struct watch_reading *r = pen->view->reading;
        size_t longest = 0, shown = r->listener_count;
        unsigned left = lines_left(pen), least = is_low(pen) ? 1 : LISTENER_LINES;

        for (size_t i = 0; i < r->listener_count; i++)
                longest = strlen(r->listeners[i].name) > longest ? strlen(r->listeners[i].name) : longest;
        unsigned name = name_width(pen, COLUMNS_LISTENER, longest);
        if (pen->view->height && shown > least && shown > left / 3)
                shown = left / 3 > least ? left / 3 : least;
        if (!begin_line(pen))
                return;
        put(pen, BOLD, "  %-*s %-10s %9s %13s %9s %12s", (int)name, "LISTENER", "TRANSPORT", "MSG/S",
                "KERNEL DROPS", "REFUSED", "CONNECTIONS");
        for (size_t i = 0; i < shown && begin_line(pen); i++)
                write_listener(pen, &r->listeners[i], name);
        if (shown < r->listener_count && begin_line(pen))
                put(pen, FAINT, "  and %zu more", r->listener_count - shown);
}

/* --- Exporters --- */

static void write_exporter(struct pen *pen, const struct watch_exporter *e, unsigned name)
{
        const struct watch_reading *r = pen->view->reading;
        const char *trouble = watch_exporter_trouble(r, e);
        char messages[TEXT_MAX], events[TEXT_MAX], lost[TEXT_MAX], gaps[TEXT_MAX], refused[TEXT_MAX],
                offset[TEXT_MAX], heard[TEXT_MAX], text[NAME_MOST + 1];
        bool never = e->last_heard_ms == TIME_UNKNOWN, clock = trouble && strcmp(trouble, "clock") == 0;
        bool silent = trouble && strcmp(trouble, "silent") == 0;

        put(pen,
                e->newly_missed > 0 ? ALARM
                : trouble           ? CAUTION
                : never             ? FAINT
                                    : PLAIN,
                "%c %s", trouble ? '!' : ' ', name_text(e->name, name, text));
        put(pen, PLAIN, " %8s %8s", quantity(e->message_rate, messages), quantity(e->event_rate, events));
        put(pen, e->lost > 0 ? CAUTION : PLAIN, " %7s", quantity((double)e->lost, lost));
        put(pen, e->gaps > 0 ? CAUTION : PLAIN, " %6s", quantity((double)e->gaps, gaps));
        put(pen, e->refused > 0 ? CAUTION : PLAIN, " %8s", quantity((double)e->refused, refused));
        put(pen, clock ? CAUTION : PLAIN, " %9s", offset_text(e->offset_least_ms, e->offset_most_ms, offset));
        put(pen,
                silent  ? CAUTION
                : never ? FAINT
                        : PLAIN,
                " %8s", ago_text(r->now_ms, e->last_heard_ms, heard));
}

static struct watch_place write_exporters(struct pen *pen)
{
        const struct watch_view *view = pen->view;
        const struct watch_reading *r = view->reading;
        struct watch_place place = {.first = view->from};
        size_t longest = 0;

        for (size_t i = 0; i < r->exporter_count; i++)
                longest = strlen(r->exporters[i].name) > longest ? strlen(r->exporters[i].name) : longest;
        unsigned name = name_width(pen, COLUMNS_EXPORTER, longest);
        if (!begin_line(pen))
                return place;
        put(pen, BOLD, "  %-*s %8s %8s %7s %6s %8s %9s %8s", (int)name, "EXPORTER", "MSG/S", "EVENTS/S",
                "LOST", "GAPS", "REFUSED", "CLOCK OFF", "HEARD");
        size_t left = lines_left(pen), room = left > view->has_keys ? left - view->has_keys : 0;
        /* No line stays empty that could show one. */
        size_t last = r->exporter_count > room ? r->exporter_count - room : 0;
        place.first = view->from < last ? view->from : last;
        place.shown = r->exporter_count < room ? r->exporter_count : room;
        for (size_t i = place.first; i < place.first + place.shown; i++) {
                begin_line(pen);
                write_exporter(pen, &r->exporters[i], name);
        }
        return place;
}

static void write_keys(struct pen *pen, struct watch_place place)
{
        static const char *const orders[WATCH_ORDER_COUNT] = {"trouble", "rate", "name"};
        const struct watch_view *view = pen->view;
        size_t count = view->reading ? view->reading->exporter_count : 0;

        if (!begin_line(pen))
                return;
        put(pen, FAINT, "q quit   s sorted by %s", orders[view->order]);
        if (place.shown > 0 && place.shown < count)
                put(pen, FAINT, "   up, down: exporters %zu to %zu of %zu", place.first + 1,
                        place.first + place.shown, count);
}

int watch_write(const struct watch_view *view, struct buffer *ret, struct watch_place *ret_place)
{
        struct pen pen = {.view = view, .out = ret};
        struct watch_place place = {.first = view->from};

        write_title(&pen);
        if (view->reading) {
                write_journal(&pen);
                write_store(&pen);
                write_sharing(&pen);
                begin_detail(&pen);
                write_listeners(&pen);
                begin_detail(&pen);
                place = write_exporters(&pen);
        }
        if (view->has_keys)
                write_keys(&pen, place);
        if (!view->height)
                buffer_append_u8(ret, '\n');
        if (ret_place)
                *ret_place = place;
        return ret->failed;
}
