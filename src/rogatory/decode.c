/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory decode`: what is in a file, field by field, and what an import would make of it. It looks at
 * files that the caller has already and at no store, so there is no store in whose record of access it could
 * leave a trace. */
#include "rogatory/decode.h"

#include "os/capture.h"
#include "rogatory/option.h"
#include "wire/packet_reader.h"
#include "wire/syslog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_BYTES (1u << 16)
#define BLOCK_BYTES (1u << 20)
#define MESSAGE_MAX 65535u

enum { KEY_DIALECT = 1, KEY_FORMAT, KEY_ZONE, KEY_YEAR, KEY_EXPORTER, KEY_LIMIT, KEY_JSON };

bool decode_is_over(const struct decode_job *job)
{
        return job->options.limit > 0 && job->shown >= job->options.limit;
}

static int write_out(struct decode_job *job)
{
        int code = output_write(&job->out);

        buffer_clear(&job->out);
        return code == EXIT_DONE ? 0 : -EIO;
}

int decode_flush(struct decode_job *job)
{
        return job->out.length < FLUSH_BYTES && !job->out.failed ? 0 : write_out(job);
}

static void write_remark(struct decode_job *job, const char *place, uint64_t number, const char *words)
{
        if (!job->options.json) {
                buffer_printf(&job->out, "%s %llu: ", place, (unsigned long long)number);
                append_foreign(&job->out, words);
                buffer_append_u8(&job->out, '\n');
                return;
        }
        buffer_append_text(&job->out, "{\"file\":");
        append_json_string(&job->out, slice_of(job->path));
        buffer_printf(&job->out, ",\"%s\":%llu,\"remark\":", strcmp(place, "byte") == 0 ? "offset" : place,
                (unsigned long long)number);
        append_json_string(&job->out, slice_of(words));
        buffer_append_text(&job->out, "}\n");
}

/* --- Captures --- */

struct capture_reading {
        struct decode_job *job;
        struct captured_packet captured;
};

static int take_datagram(void *context, const struct packet *packet)
{
        struct capture_reading *reading = context;
        struct decode_job *job = reading->job;
        struct decode_place place = {.number = reading->captured.number,
                .packet = packet,
                .receipt_ms = reading->captured.time_ms};

        if (decode_is_over(job) || (!address_is_none(&job->options.exporter) &&
                                           address_compare(&job->options.exporter, &packet->source) != 0))
                return 0;
        return decode_datagram(job, &place);
}

static void take_other(void *context)
{
        (void)context;
}

static void take_damaged(void *context, uint64_t number, const char *complaint)
{
        struct capture_reading *reading = context;

        reading->job->refused++;
        write_remark(reading->job, "packet", number, complaint);
}

static int take_packets(
        struct decode_job *job, struct capture *capture, struct packet_reader *reader, struct error *error)
{
        struct capture_reading reading = {.job = job};
        struct packet_sink sink = {
                .context = &reading, .datagram = take_datagram, .other = take_other, .damaged = take_damaged};
        char name[CAPTURE_LINK_TEXT_MAX], complaint[CAPTURE_LINK_TEXT_MAX + 64];
        int r = 0;

        while (!decode_is_over(job) && (r = capture_next(capture, &reading.captured, error)) > 0) {
                const struct captured_packet *at = &reading.captured;
                if (at->time_ms == TIME_UNKNOWN) {
                        take_damaged(&reading, at->number, "the capture does not say when it was captured");
                        continue;
                }
                if (!packet_link_known(at->link)) {
                        snprintf(complaint, sizeof complaint, "no way is known to IP in link type %s",
                                capture_link_name(at->link, name));
                        take_damaged(&reading, at->number, complaint);
                        continue;
                }
                r = packet_reader_take(reader, at->link, at->bytes, at->captured, at->original, at->time_ms,
                        at->number, &sink);
                if (r < 0)
                        return r;
        }
        if (r == -EBADMSG) { /* what came before the damage is shown */
                job->refused++;
                write_remark(job, "packet", reading.captured.number + 1, error->text);
                r = 0;
        }
        return r < 0 || decode_is_over(job) ? (r < 0 ? r : 0) : packet_reader_finish(reader, &sink);
}

static int decode_capture(struct decode_job *job, struct input *input, struct error *error)
{
        struct packet_reader *reader = NULL;
        struct capture *capture;

        int r = capture_over(input, &capture, error);
        if (r < 0)
                return r;
        r = packet_reader_new(&reader);
        if (r == 0)
                r = take_packets(job, capture, reader, error);
        packet_reader_free(reader);
        capture_close(capture);
        return r;
}

/* --- Raw messages --- */

/* Fills the block as far as the file goes. */
static int fill(struct input *input, uint8_t *block, size_t *length, bool *ended, struct error *error)
{
        while (!*ended && *length < BLOCK_BYTES) {
                ssize_t got = input_read(input, block + *length, BLOCK_BYTES - *length, error);
                if (got < 0)
                        return (int)got;
                *ended = got == 0;
                *length += (size_t)got;
        }
        return 0;
}

/* Shows the message at `at`, or says why there is none and finds the next one. Returns the bytes passed. */
static int take_raw(
        struct decode_job *job, uint64_t offset, const uint8_t *at, size_t left, size_t *ret_passed)
{
        struct decode_place place = {.number = offset, .receipt_ms = TIME_UNKNOWN};
        struct error why = {0};
        size_t length = 0, next;

        if (flow_message_length(at, left, &length, &why) == 0) {
                *ret_passed = length;
                return decode_flow_message(job, &place, at, length);
        }
        size_t passed = 1;
        while (passed < left && flow_message_length(at + passed, left - passed, &next, NULL) < 0)
                passed++;
        job->refused++;
        write_remark(job, "byte", offset, why.text);
        *ret_passed = passed;
        return 0;
}

static int decode_raw(struct decode_job *job, struct input *input, struct error *error)
{
        uint8_t *block = malloc(BLOCK_BYTES);
        size_t length = 0, at = 0;
        uint64_t offset = 0;
        bool ended = false;
        int r = block ? fill(input, block, &length, &ended, error) : -ENOMEM;

        while (r == 0 && at < length && !decode_is_over(job)) {
                size_t passed = 0;
                r = take_raw(job, offset, block + at, length - at, &passed);
                at += passed;
                offset += passed;
                if (r == 0 && !ended && length - at < 2 * MESSAGE_MAX) {
                        memmove(block, block + at, length - at);
                        length -= at;
                        at = 0;
                        r = fill(input, block, &length, &ended, error);
                }
        }
        free(block);
        input_close(input);
        return r;
}

/* --- Files --- */

static bool is_capture(const uint8_t *head, size_t length)
{
        static const uint8_t magics[][4] = {{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1},
                {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, {0x0a, 0x0d, 0x0d, 0x0a}};

        for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
                if (length >= 4 && memcmp(head, magics[i], 4) == 0)
                        return true;
        return false;
}

/* The job's flow decoders live as long as a file: no template of one explains another. */
static int decode_flows(struct decode_job *job, struct input *input, bool capture, struct error *error)
{
        int r = decode_flow_new(&job->flow);

        if (r < 0) {
                input_close(input);
                return r;
        }
        r = capture ? decode_capture(job, input, error) : decode_raw(job, input, error);
        if (r == 0 && !decode_is_over(job))
                r = decode_flow_finish(job);
        decode_flow_free(job->flow);
        decode_datagrams_free(job->datagrams);
        job->flow = NULL;
        job->datagrams = NULL;
        return r;
}

static int decode_as(struct decode_job *job, struct input *input, struct error *error)
{
        const char *format = job->options.format;
        bool automatic = !format || strcmp(format, "auto") == 0;
        uint8_t head[INPUT_PEEK_MAX];

        ssize_t length = input_peek(input, head, sizeof head, error);
        if (length <= 0) {
                input_close(input);
                return length < 0 ? (int)length
                                  : error_set(error, -EINVAL, "%s: the file is empty", job->path);
        }
        bool capture = automatic ? is_capture(head, (size_t)length) : strcmp(format, "pcap") == 0;
        bool flow = automatic ? length >= 16 && head[0] == 0 && (head[1] == 9 || head[1] == 10)
                              : strcmp(format, "flow") == 0;
        if (capture || flow)
                return decode_flows(job, input, capture, error);
        const struct text_format *text = automatic ? text_format_recognise((const char *)head, (size_t)length)
                                                   : text_format_by_name(format);
        if (text)
                return decode_text(job, input, text, error);
        input_close(input);
        return error_set(error, -EINVAL,
                "%s: it is not clear what kind of file this is; name it with --format (pcap, flow, or a text "
                "format that 'rogatory dialects' lists)",
                job->path);
}

static int decode_file(struct decode_job *job, const char *path, struct error *error)
{
        struct input *input;

        job->path = path;
        int r = input_open(path, &input, error);
        if (r == 0)
                r = decode_as(job, input, error);
        if (r == -ENOMEM && !error->text[0])
                error_set(error, r, "%s: not enough memory", path);
        return r;
}

/* --- The command --- */

static int take_option(const struct command *command, struct decode_options *o, int key, const char *value)
{
        struct error error = {0};
        uint64_t number = 0;

        switch (key) {
        case KEY_DIALECT:
                o->dialect = dialect_by_name(value);
                o->family = syslog_family_by_name(value);
                return o->dialect || o->family
                               ? -1
                               : complain_usage(command,
                                         "--dialect: '%s' is not known; 'rogatory dialects' lists those "
                                         "that are",
                                         value);
        case KEY_FORMAT:
                o->format = value;
                return strcmp(value, "auto") == 0 || strcmp(value, "pcap") == 0 ||
                                       strcmp(value, "flow") == 0 || text_format_by_name(value)
                               ? -1
                               : complain_usage(command,
                                         "--format: '%s' is not known; write auto, pcap, flow, or a name out "
                                         "of "
                                         "'rogatory dialects'",
                                         value);
        case KEY_ZONE:
                o->zone = value;
                return zone_is_known(value) ? -1
                                            : complain_usage(command,
                                                      "--zone: '%s' is no time zone of this machine; write "
                                                      "one as Europe/Berlin",
                                                      value);
        case KEY_YEAR:
                if (slice_number(slice_of(value), 2261, &number) < 0 || number < 1970)
                        return complain_usage(command, "--year: write a year from 1970 to 2261");
                o->year = (int)number;
                return -1;
        case KEY_EXPORTER:
                return address_parse(slice_of(value), &o->exporter, &error) == 0
                               ? -1
                               : complain_usage(command, "--exporter: %s", error.text);
        case KEY_LIMIT:
                return slice_number(slice_of(value), UINT32_MAX, &o->limit) == 0 && o->limit > 0
                               ? -1
                               : complain_usage(command, "--limit: write how many records or lines to show");
        default:
                o->json = true;
                return -1;
        }
}

/* Shows every file; one that cannot be read does not cost the others. */
static int decode_files(struct decode_job *job, char **files, int count)
{
        int code = EXIT_DONE;

        for (int i = 0; i < count && !decode_is_over(job); i++) {
                struct error error = {0};
                if (count > 1 && !job->options.json) {
                        buffer_printf(&job->out, "%s", i > 0 ? "\n" : "");
                        append_foreign(&job->out, files[i]);
                        buffer_append_text(&job->out, ":\n");
                }
                int r = decode_file(job, files[i], &error);
                if (write_out(job) < 0 || r == -EIO)
                        return EXIT_FAILED;
                if (r < 0)
                        code = complain_error(&error);
        }
        return code;
}

static int run_decode(const struct command *command, int argc, char **argv)
{
        struct decode_job job = {.out = buffer_make(OUTPUT_MAX)};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                int code = take_option(command, &job.options, key, reader.value);
                if (code >= 0)
                        return code;
        }
        if (optind == argc)
                return complain_usage(command, "no file is given; \"-\" is standard input");
        int code = decode_files(&job, argv + optind, argc - optind);
        buffer_free(&job.out);
        return code;
}

static const struct option_text decode_options_text[] = {
        {KEY_DIALECT, "dialect", "NAME",
                "How the exporter writes NAT events, or the family of its lines in syslog\n"
                "('rogatory dialects' lists both). Without it an unmistakable signature\n"
                "decides, and what stays in doubt is refused."},
        {KEY_FORMAT, "format", "auto|pcap|flow|NAME",
                "What the files are: a capture, raw IPFIX or NetFlow v9 messages, or a text\n"
                "format by its name. auto (the default) looks at their beginning."},
        {KEY_ZONE, "zone", "TZ", "The time zone of lines that do not say theirs, as Europe/Berlin."},
        {KEY_YEAR, "year", "YYYY", "The year of lines that do not say theirs."},
        {KEY_EXPORTER, "exporter", "ADDRESS", "Only what this address sent (captures)."},
        {KEY_LIMIT, "limit", "N", "Stops after this many records or lines."},
        {KEY_JSON, "json", NULL, "One JSON object per record, line or remark."},
};

const struct command command_decode = {
        .name = "decode",
        .summary = "show every field of a log and what is made of it",
        .usage = "[OPTION]... FILE...\n[OPTION]... -",
        .description =
                "Shows what is in captures, raw flow messages and text logs: of IPFIX and NetFlow v9\n"
                "every template and every field of every record, with its name and what it means to\n"
                "rogatory; of text every line; and beneath it (=>) the events that an import would\n"
                "make of it, or why it refuses it. Nothing is stored, no store is read, and so nothing\n"
                "is entered into a record of access: the files are the caller's own. What they say of\n"
                "people is shown as it stands in them.\n",
        .options = decode_options_text,
        .option_count = sizeof decode_options_text / sizeof decode_options_text[0],
        .exits = "0  shown (also what is refused inside a file)\n"
                 "1  failure: a file could not be read, or standard output could not be written\n"
                 "2  wrong usage",
        .examples = "rogatory decode --limit 3 nat.pcap\n"
                    "rogatory decode --exporter 192.0.2.1 --dialect cisco-nel nel.pcapng\n"
                    "rogatory decode --format conntrack --json events.log",
        .run = run_decode,
};
