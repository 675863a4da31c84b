/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs one stage of the path of an event over a fixed input, for counting its instructions (bench/guard) or
 * its nanoseconds.
 *
 *   stages decode|gather|pair|encode|lookup EVENTS.ipfix [ROUNDS]
 *
 * Everything before the stage is done outside of `measured_stage`, so that a tool which counts one function
 * sees the stage alone. Prints the number of events, sessions or questions that it did, and the nanoseconds
 * of each. */

#include "intake/bucket.h"
#include "nat/pairing.h"
#include "store/segment.h"
#include "wire/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WINDOW_FROM INT64_C(1717236000000) /* 2024-06-01T10:00:00Z, as bench/workload.h */
#define MESSAGE_EVENTS 49u                 /* in a message of 1,400 bytes */
#define QUESTIONS_MOST 20000u

struct bytes {
        uint8_t *at;
        size_t length;
};

struct run {
        struct bytes file;
        struct nat_event *events; /* decoded */
        size_t event_count, event_room;
        struct bucket_set buckets;
        struct host_table hosts;
        struct nat_point *points; /* by address, one behind the other */
        struct binding_list *sheets;
        uint32_t sheet_count;
        struct buffer segment;
        struct segment_reader *reader;
        size_t done;
};

static void must(bool good, const char *what)
{
        if (good)
                return;
        fprintf(stderr, "stages: %s\n", what);
        exit(1);
}

/* --- The stages --- */

static int take_event(void *context, const struct nat_event *event)
{
        struct run *run = context;

        must(run->event_count < run->event_room, "more events than expected");
        run->events[run->event_count++] = *event;
        return 0;
}

static void decode(struct run *run)
{
        const struct decode_sink sink = {.context = run, .event = take_event};
        const struct flow_exporter exporter = {.delay_ms = TIME_SECOND};
        struct flow_decoder *decoder;
        size_t at = 0, length;

        run->event_count = 0;
        must(flow_decoder_new(&decoder) == 0, "no memory");
        for (; at < run->file.length; at += length) {
                must(flow_message_length(run->file.at + at, run->file.length - at, &length, NULL) == 0,
                        "the input is no IPFIX file");
                must(flow_decode(decoder, &exporter, TIME_UNKNOWN, run->file.at + at, length, &sink) == 0,
                        "decoding failed");
        }
        flow_decoder_free(decoder);
        run->done = run->event_count;
}

static void gather(struct run *run)
{
        bucket_set_free(&run->buckets);
        for (size_t i = 0, count; i < run->event_count; i += count) {
                count = run->event_count - i < MESSAGE_EVENTS ? run->event_count - i : MESSAGE_EVENTS;
                must(bucket_add_many(
                             &run->buckets, 0, WINDOW_FROM, &run->events[i], count, false, &run->hosts) == 0,
                        "no memory");
        }
        bucket_group(&run->buckets.items[0]);
        run->done = run->event_count;
}

/* Unpacks and pairs. */
static void pair(struct run *run)
{
        const struct bucket *bucket = &run->buckets.items[0];

        run->done = 0;
        run->sheet_count = bucket->stream_count;
        for (uint32_t i = 0; i < bucket->stream_count; i++) {
                const struct bucket_stream *stream = &bucket->streams[i];
                run->sheets[i].count = 0;
                must(bucket_unpack(&run->buckets, stream, WINDOW_FROM, &run->hosts, run->points) == 0 &&
                                pairing_run(run->points, stream->count, false, NULL, 0, &run->sheets[i]) == 0,
                        "no memory");
                run->done += run->sheets[i].count;
        }
}

static int take_bytes(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static void encode(struct run *run)
{
        static const char *const names[] = {"cgn1"};
        struct segment_header header = {.realm = "default",
                .window_from = WINDOW_FROM,
                .window_to = WINDOW_FROM + TIME_HOUR,
                .generation = 1};
        const struct segment_output output = {.context = &run->segment, .write = take_bytes};
        const struct coverage none = {0};
        struct segment_writer *writer;
        struct error error = {0};

        run->done = 0;
        buffer_clear(&run->segment);
        must(segment_writer_new(&header, names, 1, &output, &writer) == 0, "no memory");
        for (uint32_t i = 0; i < run->sheet_count; i++) {
                must(segment_writer_sheet(
                             writer, run->sheets[i].items, run->sheets[i].count, &run->hosts, &error) == 0,
                        error.text);
                run->done += run->sheets[i].count;
        }
        must(segment_writer_finish(writer, &none, &header, &error) == 0, error.text);
        segment_writer_free(writer);
}

/* Each question names an endpoint and an instant in the middle of a binding. */
static void look_up(struct run *run)
{
        struct binding_list found = {0};
        struct error error = {0};

        run->done = 0;
        for (uint32_t i = 0; run->done < QUESTIONS_MOST && i < 64 * run->sheet_count; i++) {
                const struct binding_list *sheet = &run->sheets[i * 7919u % run->sheet_count];
                const struct nat_binding *b = &sheet->items[(size_t)i * 104729u % sheet->count];
                int64_t at = b->from_edge == EDGE_OPEN ? b->to_ms : b->from_ms;
                found.count = 0;
                must(segment_query(run->reader, b->outside, b->port_first, at - 1, at + 1, &run->hosts, NULL,
                             &found, NULL, &error) == 0 &&
                                found.count > 0,
                        "a binding was not found again");
                run->done++;
        }
        binding_list_free(&found);
}

static const struct stage {
        const char *name;
        void (*run)(struct run *run);
} stages[] = {
        {"decode", decode}, {"gather", gather}, {"pair", pair}, {"encode", encode}, {"lookup", look_up}};

#define STAGE_COUNT (sizeof stages / sizeof stages[0])

/* --- The frame --- */

__attribute__((noinline)) void measured_stage(struct run *run, const struct stage *stage);
void measured_stage(struct run *run, const struct stage *stage)
{
        stage->run(run);
        __asm__ volatile("" ::: "memory"); /* no tail call: the counting ends where this function does */
}

static void load(struct run *run, const char *path)
{
        FILE *file = fopen(path, "rb");

        must(file && fseek(file, 0, SEEK_END) == 0, "the input cannot be read");
        run->file.length = (size_t)ftell(file);
        run->file.at = malloc(run->file.length + 1);
        run->event_room = run->file.length / 16 + 1; /* no record is shorter */
        run->events = malloc(run->event_room * sizeof *run->events);
        must(run->file.at && run->events && fseek(file, 0, SEEK_SET) == 0 &&
                        fread(run->file.at, 1, run->file.length, file) == run->file.length,
                "the input cannot be read");
        fclose(file);
        run->segment = buffer_make((size_t)1 << 32);
        must(host_table_init(&run->hosts, 1u << 24) == 0, "no memory");
}

/* What the stages behind this one stand on. */
static void prepare_next(struct run *run, size_t stage)
{
        struct error error = {0};

        if (stage == 1) {
                run->points = malloc((run->event_count + 1) * sizeof *run->points);
                run->sheets = calloc(run->buckets.items[0].stream_count + 1, sizeof *run->sheets);
                must(run->points && run->sheets, "no memory");
        }
        if (stage == 3)
                must(segment_reader_new(
                             run->segment.bytes, run->segment.length, "segment", &run->reader, &error) == 0,
                        error.text);
}

static double seconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int count, char **words)
{
        static struct run run;

        must(count == 3 || count == 4,
                "usage: stages decode|gather|pair|encode|lookup EVENTS.ipfix [ROUNDS]");
        long rounds = count == 4 ? strtol(words[3], NULL, 10) : 1;
        load(&run, words[2]);
        for (size_t i = 0; i < STAGE_COUNT; i++) {
                if (strcmp(stages[i].name, words[1]) != 0) {
                        stages[i].run(&run);
                        prepare_next(&run, i);
                        continue;
                }
                double begun = seconds();
                for (long round = 0; round < rounds; round++)
                        measured_stage(&run, &stages[i]);
                printf("%s: %zu, %.1f ns each\n", words[1], run.done,
                        (seconds() - begun) * 1e9 / ((double)run.done * (double)rounds));
                return 0;
        }
        must(false, "no such stage");
        return 1;
}
