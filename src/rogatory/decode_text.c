/* SPDX-License-Identifier: EUPL-1.2 */
/* Text logs and leases: each line with what was made of it. */
#include "os/line_reader.h"
#include "rogatory/decode.h"
#include "settings/settings.h"

#include <errno.h>
#include <string.h>

struct reading {
        struct decode_job *job;
        const struct text_format *format;
        struct text_decoder *decoder;
        struct decode_verdict verdict;
        struct decode_sink sink;
};

/* Local time for lines that state no zone. */
static int to_instant(void *context, const struct civil *civil, int64_t *ret_instant, int64_t *ret_second)
{
        struct zone_reading reading = zone_from_civil(context, civil);

        if (reading.count == 0)
                return -ERANGE;
        *ret_instant = reading.instants[0];
        if (reading.count == 1)
                return 0;
        *ret_second = reading.instants[1];
        return 1;
}

/* Each host of a relay's file has the options given, and a year, a side of a clock change and a hearing of
 * its own, as in an import. */
static int options_by_host(void *context, const char *host, struct text_options *ret)
{
        (void)context;
        (void)ret;
        return !host[0] || settings_name_is_valid(host) ? 0 : -EINVAL;
}

static const char *nothing_because(const struct text_counts *before, const struct text_counts *after)
{
        if (after->blank > before->blank)
                return "an empty line";
        if (after->continued > before->continued)
                return "belongs to the record that began above";
        if (after->not_nat > before->not_nat)
                return "sound, but it binds nothing";
        if (after->reported_losses > before->reported_losses)
                return "the source says that it lost events";
        if (after->plan_rows > before->plan_rows)
                return "a row of a plan; 'rogatory plan show' prints plans";
        if (after->other > before->other)
                return "a header, a comment or the like";
        return "read; what it tells follows below, or at the end";
}

/* The line itself, as far as a terminal can bear it. */
static void write_line(struct reading *reading, const struct line *line)
{
        char text[TEXT_LINE_MAX + 1];
        size_t length = line->text.length < TEXT_LINE_MAX ? line->text.length : TEXT_LINE_MAX;

        while (length > 0 && line->text.text[length - 1] == '\r')
                length--;
        memcpy(text, line->text.text, length);
        text[length] = '\0';
        buffer_printf(&reading->job->out, "line %llu: ", (unsigned long long)line->number);
        append_foreign(&reading->job->out, text);
        buffer_append_u8(&reading->job->out, '\n');
}

static void write_result(struct reading *reading, const struct line *line, const char *why)
{
        struct buffer *out = &reading->job->out;
        const struct decode_verdict *verdict = &reading->verdict;

        if (!reading->job->options.json) {
                if (line)
                        write_line(reading, line);
                else
                        buffer_append_text(out, "at the end\n");
                buffer_append(out, verdict->text.bytes, verdict->text.length);
                if (why)
                        buffer_printf(out, "  => %s\n", why);
        } else {
                buffer_append_text(out, "{\"file\":");
                append_json_string(out, slice_of(reading->job->path));
                buffer_printf(out, ",\"format\":\"%s\"", reading->format->name);
                if (line) {
                        buffer_printf(out, ",\"line\":%llu,\"text\":", (unsigned long long)line->number);
                        append_json_string(out, line->text);
                }
                buffer_append_text(out, ",\"result\":[");
                buffer_append(out, verdict->json.bytes, verdict->json.length);
                buffer_append_u8(out, ']');
                if (why)
                        buffer_printf(out, ",\"nothing\":\"%s\"", why);
                buffer_append_text(out, "}\n");
        }
        reading->job->refused += verdict->refused;
}

static int take_line(struct reading *reading, const struct line *line)
{
        const struct text_format *format = reading->format;
        bool whole = line->ended && !line->too_long;

        decode_verdict_clear(&reading->verdict);
        struct text_counts before = *format->counts(reading->decoder);
        int r = whole ? format->line(reading->decoder, line->text, &reading->sink)
                      : text_incomplete_line(
                                format, reading->decoder, line->text, line->too_long, &reading->sink);
        if (r < 0)
                return r;
        bool nothing = reading->verdict.made + reading->verdict.refused == 0;
        write_result(
                reading, line, nothing ? nothing_because(&before, format->counts(reading->decoder)) : NULL);
        reading->job->shown++;
        return decode_flush(reading->job);
}

static int take_lines(struct reading *reading, struct line_reader *lines, struct error *error)
{
        struct coverage heard = {0};
        struct line line;
        int r = 1;

        while (!decode_is_over(reading->job) && (r = line_reader_next(lines, &line, error)) > 0) {
                r = take_line(reading, &line);
                if (r < 0)
                        return r;
        }
        if (r != 0)
                return r < 0 ? r : 0;
        decode_verdict_clear(&reading->verdict);
        r = reading->format->finish(reading->decoder, &reading->sink, &heard);
        coverage_free(&heard);
        if (r == 0 && reading->verdict.made + reading->verdict.refused > 0)
                write_result(reading, NULL, NULL);
        return r;
}

int decode_text(
        struct decode_job *job, struct input *input, const struct text_format *format, struct error *error)
{
        struct reading reading = {.job = job, .format = format, .verdict = decode_verdict_make()};
        struct line_reader *lines;
        struct zone *zone = NULL;

        int r = line_reader_over(input, TEXT_LINE_MAX, &lines, error);
        if (r < 0)
                return r;
        if (job->options.zone)
                r = zone_open(job->options.zone, &zone, error);
        struct local_clock clock = {.context = zone, .to_instant = to_instant};
        struct text_options options = {.clock = zone ? &clock : NULL,
                .year = job->options.year,
                .family = job->options.family,
                .by_host = format->names_hosts ? options_by_host : NULL};
        if (r == 0)
                r = format->create(&options, &reading.decoder);
        if (r == 0) {
                reading.sink = decode_verdict_sink(&reading.verdict);
                r = take_lines(&reading, lines, error);
                format->free(reading.decoder);
        }
        decode_verdict_free(&reading.verdict);
        line_reader_close(lines);
        zone_close(zone);
        return r;
}
