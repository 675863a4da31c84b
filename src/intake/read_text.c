/* SPDX-License-Identifier: EUPL-1.2 */
/* Text logs and leases, line by line. */
#include "intake/reading.h"
#include "os/line_reader.h"
#include "os/zone.h"

#include <string.h>

/* Local time for logs that state no zone: the zone that the command line or the settings name. */
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

/* What is said on the command line outranks the exporter's settings. */
static const char *zone_of(const struct intake *intake, const struct source *source)
{
        if (intake->options.zone && intake->options.zone[0])
                return intake->options.zone;
        return source->settings.zone[0] ? source->settings.zone : NULL;
}

static int feed_lines(struct intake *intake, struct line_reader *reader, const struct text_format *format,
        struct text_decoder *decoder, const struct decode_sink *sink, struct error *error)
{
        struct line line;
        int r;

        while ((r = line_reader_next(reader, &line, error)) > 0) {
                intake->place = line.number;
                intake->summary.lines++;
                bool whole = line.ended && !line.too_long;
                r = whole ? format->line(decoder, line.text, sink)
                          : text_incomplete_line(format, decoder, line.text, line.too_long, sink);
                if (r == 0)
                        r = intake_bound_memory(intake, error);
                if (r < 0)
                        break;
                if (intake->progress && line.number % 65536 == 0)
                        intake->progress(intake->progress_context, intake->path, line_reader_consumed(reader),
                                line_reader_size(reader),
                                intake->summary.events + intake->summary.lease_events);
        }
        intake->summary.bytes += line_reader_consumed(reader);
        if (r == -EBADMSG) {
                intake_take_damage(intake, error);
                r = 0;
        }
        return r;
}

static void add_counts(struct intake *intake, const struct text_counts *counts)
{
        intake->summary.not_nat += counts->not_nat;
        intake->summary.reported_losses += counts->reported_losses;
}

static int decode_lines(struct intake *intake, struct line_reader *reader, const struct text_format *format,
        const struct text_options *options, struct error *error)
{
        struct decode_sink sink = intake_sink(intake);
        struct text_decoder *decoder;
        struct coverage heard = {0};

        int r = format->create(options, &decoder);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        r = feed_lines(intake, reader, format, decoder, &sink, error);
        int ended = r < 0 ? r : format->finish(decoder, &sink, &heard);
        if (ended == 0 && !format->carries_leases) {
                uint16_t realm = intake->sources.items[options->exporter].realm;
                ended = coverage_add_all(&intake->realms[realm].coverage, &heard);
        }
        add_counts(intake, format->counts(decoder));
        format->free(decoder);
        coverage_free(&heard);
        return ended;
}

int intake_read_text(
        struct intake *intake, struct input *input, const struct text_format *format, struct error *error)
{
        struct line_reader *reader;
        struct zone *zone = NULL;
        uint16_t number;

        int r = intake_source_by_name(intake, intake_file_source(intake), &number, error);
        if (r < 0) {
                input_close(input);
                return r;
        }
        const struct source *source = &intake->sources.items[number];
        const char *zone_name = zone_of(intake, source);
        r = line_reader_over(input, TEXT_LINE_MAX, &reader, error);
        if (r < 0)
                return r;
        if (zone_name)
                r = zone_open(zone_name, &zone, error);
        struct local_clock clock = {.context = zone, .to_instant = to_instant};
        struct text_options options = {
                .exporter = number,
                .loss_reported = source->settings.loss == LOSS_REPORTED,
                .clock = zone ? &clock : NULL,
                .year = intake->options.year ? intake->options.year : source->settings.year,
                .heartbeat_ms = source->settings.heartbeat_ms,
        };
        intake->place_is_base = false;
        intake->lease_realm = source->realm;
        if (source->settings.heartbeat_ms > intake->heartbeat_ms)
                intake->heartbeat_ms = source->settings.heartbeat_ms;
        if (!format->carries_leases && !options.loss_reported)
                intake->summary.loss_undetectable = true;
        if (r == 0)
                r = decode_lines(intake, reader, format, &options, error);
        line_reader_close(reader);
        zone_close(zone);
        return r;
}
