/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/line_reader.h"

#include "os/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEAST (256 * 1024)

struct line_reader {
        struct input *input;
        char *block;     /* owned */
        char *beginning; /* owned; of a line that is too long */
        size_t capacity;
        size_t at, length; /* unread part of the block: [at, length) */
        size_t searched;   /* up to here (absolute in block) no line feed was found */
        size_t longest;
        uint64_t number; /* of the line handed out last */
        uint64_t offset; /* of block[at] in the unpacked text */
        bool ended;
        int failure; /* handed out after the lines before it */
        struct error reason;
};

int line_reader_over(
        struct input *input, size_t longest, struct line_reader **ret_reader, struct error *error)
{
        struct line_reader *reader = calloc(1, sizeof *reader);
        if (!reader) {
                input_close(input);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        reader->input = input;
        reader->longest = longest;
        reader->capacity = longest + 1 > BLOCK_LEAST / 2 ? 2 * (longest + 1) : BLOCK_LEAST;
        reader->block = malloc(reader->capacity);
        if (!reader->block) {
                line_reader_close(reader);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        *ret_reader = reader;
        return 0;
}

int line_reader_open(const char *path, size_t longest, struct line_reader **ret_reader, struct error *error)
{
        struct input *input;

        int r = input_open(path, &input, error);
        return r < 0 ? r : line_reader_over(input, longest, ret_reader, error);
}

void line_reader_close(struct line_reader *reader)
{
        if (!reader)
                return;
        input_close(reader->input);
        free(reader->block);
        free(reader->beginning);
        free(reader);
}

/* More bytes behind the unread part. A failure is kept until the lines at hand are out. */
static void fill(struct line_reader *reader)
{
        if (reader->at > 0) {
                memmove(reader->block, reader->block + reader->at, reader->length - reader->at);
                reader->length -= reader->at;
                reader->searched = reader->searched > reader->at ? reader->searched - reader->at : 0;
                reader->at = 0;
        }
        ssize_t got = input_read(reader->input, reader->block + reader->length,
                reader->capacity - reader->length, &reader->reason);
        if (got <= 0) {
                reader->ended = true;
                reader->failure = (int)got;
        } else {
                reader->length += (size_t)got;
        }
}

/* The line feed that ends the line at reader->at; NULL where none is within longest + 1 bytes or at the end.
 */
static const char *find_end(struct line_reader *reader)
{
        for (;;) {
                if (reader->searched < reader->at)
                        reader->searched = reader->at;
                const char *found =
                        memchr(reader->block + reader->searched, '\n', reader->length - reader->searched);
                if (found)
                        return found;
                reader->searched = reader->length;
                if (reader->length - reader->at > reader->longest || reader->ended)
                        return NULL;
                fill(reader);
        }
}

/* Drops everything up to and with the next line feed; false where the text ended before one. */
static bool skip_rest(struct line_reader *reader)
{
        for (;;) {
                const char *found = memchr(reader->block + reader->at, '\n', reader->length - reader->at);
                size_t dropped = found ? (size_t)(found - reader->block) + 1 - reader->at
                                       : reader->length - reader->at;
                reader->at += dropped;
                reader->offset += dropped;
                if (found)
                        return true;
                if (reader->ended)
                        return false;
                fill(reader);
        }
}

/* Skipping overwrites the block, so the beginning of the line is kept elsewhere. */
static int next_too_long(struct line_reader *reader, struct line *ret_line, struct error *error)
{
        struct line line = {.number = ++reader->number, .offset = reader->offset, .too_long = true};

        if (!reader->beginning)
                reader->beginning = malloc(reader->longest ? reader->longest : 1);
        if (!reader->beginning)
                return error_set(error, -ENOMEM, "%s: not enough memory", input_name(reader->input));
        memcpy(reader->beginning, reader->block + reader->at, reader->longest);
        line.text = slice_make(reader->beginning, reader->longest);
        line.ended = skip_rest(reader);
        *ret_line = line;
        return 1;
}

int line_reader_next(struct line_reader *reader, struct line *ret_line, struct error *error)
{
        const char *end = find_end(reader);
        size_t length = (end ? (size_t)(end - reader->block) : reader->length) - reader->at;

        if (length > reader->longest)
                return next_too_long(reader, ret_line, error);
        if (!end && length == 0) {
                if (reader->failure)
                        return error_set(error, reader->failure, "%s", reader->reason.text);
                return 0;
        }
        *ret_line = (struct line){
                .text = slice_make(reader->block + reader->at, length),
                .number = ++reader->number,
                .offset = reader->offset,
                .ended = end != NULL,
        };
        reader->at += length + (end != NULL);
        reader->offset += length + (end != NULL);
        return 1;
}

const char *line_reader_name(const struct line_reader *reader)
{
        return input_name(reader->input);
}

uint64_t line_reader_consumed(const struct line_reader *reader)
{
        return input_consumed(reader->input);
}

uint64_t line_reader_size(const struct line_reader *reader)
{
        return input_size(reader->input);
}
