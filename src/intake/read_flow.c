/* SPDX-License-Identifier: EUPL-1.2 */
/* Raw files: IPFIX or NetFlow v9 messages one behind the other (RFC 5655), or a single datagram. */
#include "intake/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (1u << 20)
#define MESSAGE_MAX 65535u

struct raw_file {
        struct intake *intake;
        struct input *input;
        uint8_t *block;
        size_t at, length;
        uint64_t offset; /* of block[at] in the file */
        bool ended;
        uint16_t source;
};

static int fill(struct raw_file *raw, struct error *error)
{
        memmove(raw->block, raw->block + raw->at, raw->length - raw->at);
        raw->length -= raw->at;
        raw->at = 0;
        while (!raw->ended && raw->length < BLOCK_BYTES) {
                ssize_t got =
                        input_read(raw->input, raw->block + raw->length, BLOCK_BYTES - raw->length, error);
                if (got == -EBADMSG) {
                        intake_take_damage(raw->intake, error);
                        got = 0;
                }
                if (got < 0)
                        return (int)got;
                raw->ended = got == 0;
                raw->length += (size_t)got;
        }
        return 0;
}

/* Does a message begin here that is followed by another one, or by the end of the file? */
static bool begins_message(const struct raw_file *raw, size_t at)
{
        size_t length, next;

        if (flow_message_length(raw->block + at, raw->length - at, &length, NULL) < 0 ||
                at + length > raw->length)
                return false;
        if (at + length == raw->length)
                return raw->ended;
        return flow_message_length(raw->block + at + length, raw->length - at - length, &next, NULL) == 0;
}

/* Skips damage up to the next place where a message begins. */
static int skip_damage(struct raw_file *raw, const char *why, struct error *error)
{
        uint64_t begun = raw->offset;
        char detail[160];
        int r = 0;

        do {
                raw->at++;
                raw->offset++;
                if (raw->length - raw->at < 2 * MESSAGE_MAX && !raw->ended)
                        r = fill(raw, error);
        } while (r == 0 && raw->at < raw->length && !begins_message(raw, raw->at));
        if (r < 0)
                return r;
        snprintf(detail, sizeof detail, "%llu bytes skipped: %.100s",
                (unsigned long long)(raw->offset - begun), why);
        raw->intake->place = begun;
        intake_take_refusal(raw->intake, REFUSAL_BAD_LENGTH, 0, detail);
        return 0;
}

static int read_message(struct raw_file *raw, struct error *error)
{
        struct error why = {0};
        size_t length;

        int r = flow_message_length(raw->block + raw->at, raw->length - raw->at, &length, &why);
        if (r < 0)
                return skip_damage(raw, why.text, error);
        if (length > raw->length - raw->at)
                length = raw->length - raw->at; /* cut off by the end of the file: the decoder says so */
        raw->intake->place = raw->offset;
        r = intake_flow_message(
                raw->intake, raw->source, 0, TIME_UNKNOWN, raw->block + raw->at, length, error);
        raw->at += length;
        raw->offset += length;
        return r;
}

int intake_read_flow(struct intake *intake, struct input *input, struct error *error)
{
        struct raw_file raw = {.intake = intake, .input = input, .block = malloc(BLOCK_BYTES)};
        unsigned messages = 0;

        int r = raw.block ? intake_source_by_name(intake, intake_file_source(intake), &raw.source, error)
                          : error_set(error, -ENOMEM, "%s: not enough memory", input_name(input));
        intake->place_is_base = true;
        if (r == 0)
                r = fill(&raw, error);
        while (r == 0 && raw.at < raw.length) {
                r = read_message(&raw, error);
                if (r == 0 && !raw.ended && raw.length - raw.at < 2 * MESSAGE_MAX)
                        r = fill(&raw, error);
                if (intake->progress && ++messages % 4096 == 0)
                        intake->progress(intake->progress_context, intake->path, input_consumed(input),
                                input_size(input), intake->summary.events);
        }
        intake->summary.bytes += input_consumed(input);
        free(raw.block);
        input_close(input);
        return r;
}
