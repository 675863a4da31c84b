/* SPDX-License-Identifier: EUPL-1.2 */
/* Text logs, leases and plans, line by line. */
#include "intake/reading.h"
#include "os/line_reader.h"
#include "os/zone.h"
#include "wire/syslog.h"

#include <stdlib.h>
#include <string.h>

/* A zone that exporters of one file state; opened once. */
struct open_zone {
        struct open_zone *next;
        struct zone *zone; /* owned */
        struct local_clock clock;
};

/* What the lines of one file may need to know of their exporters. */
struct senders {
        struct intake *intake;
        struct open_zone *zones; /* owned */
        uint16_t file_source;    /* whose the lines are that name no host */
        struct error *error;
};

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

/* What was heard of an exporter belongs to its realm. */
static int keep_heard(struct intake *intake, const struct coverage *heard)
{
        int r = 0;

        for (size_t i = 0; i < heard->span_count && r == 0; i++) {
                uint16_t realm = intake->sources.items[heard->spans[i].exporter].realm;
                r = coverage_add_span(&intake->realms[realm].coverage, &heard->spans[i]);
        }
        for (size_t i = 0; i < heard->gap_count && r == 0; i++) {
                uint16_t realm = intake->sources.items[heard->gaps[i].exporter].realm;
                r = coverage_add_gap(&intake->realms[realm].coverage, &heard->gaps[i]);
        }
        return r;
}

static uint64_t count_refused(const struct intake *intake)
{
        uint64_t count = 0;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++)
                count += intake->summary.refused[i].count;
        return count;
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
        /* Accounting may tell of port ranges beside leases. */
        bool tells_nat = !format->carries_leases || format->counts(decoder)->events > 0;
        if (ended == 0 && tells_nat)
                ended = keep_heard(intake, &heard);
        if (tells_nat && format->carries_leases && !options->loss_reported)
                intake->summary.loss_undetectable = true;
        add_counts(intake, format->counts(decoder));
        format->free(decoder);
        coverage_free(&heard);
        return ended;
}

/* NULL with 0 where no zone is stated. */
static int clock_of(
        struct senders *senders, const struct source *source, const struct local_clock **ret_clock)
{
        const char *name = zone_of(senders->intake, source);

        *ret_clock = NULL;
        if (!name)
                return 0;
        for (struct open_zone *open = senders->zones; open; open = open->next)
                if (strcmp(zone_name(open->zone), name) == 0) {
                        *ret_clock = &open->clock;
                        return 0;
                }
        struct open_zone *open = calloc(1, sizeof *open);
        if (!open)
                return error_set(senders->error, -ENOMEM, "not enough memory");
        int r = zone_open(name, &open->zone, senders->error);
        if (r < 0) {
                free(open);
                return r;
        }
        open->clock = (struct local_clock){.context = open->zone, .to_instant = to_instant};
        open->next = senders->zones;
        senders->zones = open;
        *ret_clock = &open->clock;
        return 0;
}

static void close_zones(struct senders *senders)
{
        while (senders->zones) {
                struct open_zone *open = senders->zones;
                senders->zones = open->next;
                zone_close(open->zone);
                free(open);
        }
}

/* What the decoder has to know of an exporter. */
static int options_of(struct senders *senders, uint16_t number, struct text_options *ret)
{
        struct intake *intake = senders->intake;
        const struct source *source = &intake->sources.items[number];
        const char *dialect = intake->options.dialect && intake->options.dialect[0]
                                      ? intake->options.dialect
                                      : source->settings.dialect;
        const struct local_clock *clock;
        int r = clock_of(senders, source, &clock);

        if (r < 0)
                return r;
        *ret = (struct text_options){
                .exporter = number,
                .loss_reported = source->settings.loss == LOSS_REPORTED,
                .clock = clock,
                .year = intake->options.year ? intake->options.year : source->settings.year,
                .heartbeat_ms = source->settings.heartbeat_ms,
                .family = syslog_family_by_name(dialect),
        };
        if (!ret->loss_reported)
                intake->summary.loss_undetectable = true;
        return 0;
}

/* The host of a line is an exporter by its name, or, where it is an address, by the address that the settings
 * know; otherwise it becomes one of that name, as the sender of a packet does. */
static int options_by_host(void *context, const char *host, struct text_options *ret)
{
        struct senders *senders = context;
        struct intake *intake = senders->intake;
        struct address address;
        uint16_t number;
        int r;

        if (!host[0])
                return options_of(senders, senders->file_source, ret);
        if (!settings_name_is_valid(host))
                return -EINVAL;
        if (!settings_exporter(depot_settings(intake->depot), host) &&
                address_parse(slice_of(host), &address, NULL) == 0)
                r = intake_source_by_sender(intake, &address, &number, senders->error);
        else
                r = intake_source_by_name(intake, host, &number, senders->error);
        if (r == 0)
                r = options_of(senders, number, ret);
        /* The line is not at fault. */
        return r == -EINVAL ? -EPERM : r;
}

int intake_read_text(
        struct intake *intake, struct input *input, const struct text_format *format, struct error *error)
{
        struct senders senders = {.intake = intake, .error = error};
        struct text_options options = {0};
        struct line_reader *reader;
        uint16_t number;
        bool was_undetectable = intake->summary.loss_undetectable;

        const char *name = format->carries_plans ? intake_file_plan(intake) : intake_file_source(intake);
        uint64_t refused = count_refused(intake);
        int r = intake_source_by_name(intake, name, &number, error);
        if (r < 0) {
                input_close(input);
                return r;
        }
        r = line_reader_over(input, TEXT_LINE_MAX, &reader, error);
        if (r < 0)
                return r;
        intake->place_is_base = false;
        intake->lease_realm = intake->sources.items[number].realm;
        senders.file_source = number;
        r = options_of(&senders, number, &options);
        bool is_named = intake->options.exporter && intake->options.exporter[0];
        if (format->names_hosts && !is_named) {
                /* Nothing is known yet of whose lines these are. */
                intake->summary.loss_undetectable = was_undetectable;
                options.by_host = options_by_host;
                options.by_host_context = &senders;
        } else if (format->carries_leases) {
                intake->summary.loss_undetectable = was_undetectable;
        }
        if (r == 0 && format->carries_plans)
                r = intake_plans_begin(intake, name, error);
        intake->reads_leases = format->carries_leases;
        if (r == 0)
                r = decode_lines(intake, reader, format, &options, error);
        intake->reads_leases = false;
        if (r == 0 && format->carries_plans)
                intake_plans_end(intake, count_refused(intake) > refused);
        line_reader_close(reader);
        close_zones(&senders);
        return r;
}
