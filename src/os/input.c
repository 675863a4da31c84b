/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_BLOCK (256 * 1024)

/* A window of 128 MiB is what `zstd --long=27` needs and its own reader takes without being asked; more would
 * let a small file claim much memory. */
#define ZSTD_WINDOW_LOG_LARGEST 27

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct input {
        char *name;
        int file;
        enum packing packing;
        uint8_t *raw;              /* RAW_BLOCK bytes as they stand in the file */
        size_t raw_at, raw_length; /* unread part */
        bool raw_ended;
        bool inside; /* within a compressed member or frame */
        uint64_t consumed, size;
        uint8_t head[INPUT_PEEK_MAX]; /* shown by input_peek, not taken yet */
        size_t head_at, head_length;
        z_stream gzip;
        ZSTD_DStream *zstd;
};

/* 1: there are unread raw bytes, 0: the file has ended. */
static int raw_fill(struct input *input, struct error *error)
{
        while (input->raw_at == input->raw_length && !input->raw_ended) {
                ssize_t got = read(input->file, input->raw, RAW_BLOCK);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0) {
                        int code = errno;
                        return error_set(
                                error, -code, "%s: cannot be read: %s", input->name, strerrordesc_np(code));
                }
                input->raw_at = 0;
                input->raw_length = (size_t)got;
                input->raw_ended = got == 0;
                input->consumed += (uint64_t)got;
        }
        return input->raw_at < input->raw_length;
}

/* The first bytes decide. A pipe may hand out fewer than four at once, so it is asked until there are four.
 */
static int detect(struct input *input, struct error *error)
{
        static const uint8_t gzip[] = {0x1f, 0x8b, 8}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};

        while (input->raw_length < 4 && !input->raw_ended) {
                ssize_t got =
                        read(input->file, input->raw + input->raw_length, RAW_BLOCK - input->raw_length);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0) {
                        int code = errno;
                        return error_set(
                                error, -code, "%s: cannot be read: %s", input->name, strerrordesc_np(code));
                }
                input->raw_length += (size_t)got;
                input->raw_ended = got == 0;
                input->consumed += (uint64_t)got;
        }
        if (input->raw_length >= sizeof gzip && memcmp(input->raw, gzip, sizeof gzip) == 0)
                input->packing = PACKING_GZIP;
        else if (input->raw_length >= sizeof zstd && memcmp(input->raw, zstd, sizeof zstd) == 0)
                input->packing = PACKING_ZSTD;
        if (input->packing == PACKING_GZIP && inflateInit2(&input->gzip, 15 + 16) != Z_OK) {
                input->packing = PACKING_NONE;
                return error_set(error, -ENOMEM, "%s: not enough memory to unpack it", input->name);
        }
        if (input->packing == PACKING_ZSTD) {
                input->zstd = ZSTD_createDStream();
                if (!input->zstd)
                        return error_set(error, -ENOMEM, "%s: not enough memory to unpack it", input->name);
                ZSTD_DCtx_setParameter(input->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_LARGEST);
        }
        return 0;
}

int input_open(const char *path, struct input **ret_input, struct error *error)
{
        bool standard = strcmp(path, "-") == 0;
        struct stat status;

        struct input *input = calloc(1, sizeof *input);
        if (!input)
                return error_set(error, -ENOMEM, "%s: not enough memory", path);
        input->file = -1;
        input->name = strdup(standard ? "standard input" : path);
        input->raw = malloc(RAW_BLOCK);
        int r = input->name && input->raw ? 0 : error_set(error, -ENOMEM, "%s: not enough memory", path);
        if (r == 0) {
                input->file = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
                int code = errno;
                if (input->file < 0)
                        r = error_set(error, -code, "%s: cannot be opened: %s", path, strerrordesc_np(code));
        }
        if (r == 0 && fstat(input->file, &status) == 0) {
                if (S_ISDIR(status.st_mode))
                        r = error_set(error, -EISDIR, "%s: is a folder, not a file", path);
                input->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
        }
        if (r == 0)
                r = detect(input, error);
        if (r < 0) {
                input_close(input);
                return r;
        }
        *ret_input = input;
        return 0;
}

void input_close(struct input *input)
{
        if (!input)
                return;
        if (input->packing == PACKING_GZIP)
                inflateEnd(&input->gzip);
        ZSTD_freeDStream(input->zstd);
        if (input->file >= 0)
                close(input->file);
        free(input->raw);
        free(input->name);
        free(input);
}

static int damaged(const struct input *input, const char *reason, struct error *error)
{
        return error_set(error, -EBADMSG, "%s: compressed data is damaged near byte %llu: %s", input->name,
                (unsigned long long)(input->consumed - (input->raw_length - input->raw_at)), reason);
}

/* Unpacks what it can from the raw bytes at hand: bytes produced, 0 where more raw bytes are needed. */
static ssize_t gzip_step(struct input *input, void *bytes, size_t length, struct error *error)
{
        if (!input->inside && inflateReset(&input->gzip) != Z_OK)
                return damaged(input, "the unpacker cannot be reset", error);
        input->inside = true;
        input->gzip.next_in = input->raw + input->raw_at;
        input->gzip.avail_in = (uInt)(input->raw_length - input->raw_at);
        input->gzip.next_out = bytes;
        input->gzip.avail_out = length > INT32_MAX ? INT32_MAX : (uInt)length;
        uInt room = input->gzip.avail_out;
        int result = inflate(&input->gzip, Z_NO_FLUSH);
        input->raw_at = input->raw_length - input->gzip.avail_in;
        if (result == Z_STREAM_END)
                input->inside = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
                return damaged(input, input->gzip.msg ? input->gzip.msg : "not gzip", error);
        return (ssize_t)(room - input->gzip.avail_out);
}

static ssize_t zstd_step(struct input *input, void *bytes, size_t length, struct error *error)
{
        ZSTD_inBuffer in = {.src = input->raw, .size = input->raw_length, .pos = input->raw_at};
        ZSTD_outBuffer out = {.dst = bytes, .size = length, .pos = 0};

        size_t result = ZSTD_decompressStream(input->zstd, &out, &in);
        input->raw_at = in.pos;
        if (ZSTD_isError(result))
                return damaged(input, ZSTD_getErrorName(result), error);
        input->inside = result != 0;
        return (ssize_t)out.pos;
}

/* Unpacked bytes from the file: the number, 0 at the end. */
static ssize_t unpack(struct input *input, void *bytes, size_t length, struct error *error)
{
        if (length == 0)
                return 0;
        for (;;) {
                int more = raw_fill(input, error);
                if (more < 0)
                        return more;
                if (input->packing == PACKING_NONE) {
                        size_t left = input->raw_length - input->raw_at;
                        size_t taken = left < length ? left : length;
                        memcpy(bytes, input->raw + input->raw_at, taken);
                        input->raw_at += taken;
                        return (ssize_t)taken;
                }
                /* An unpacker may still hold output after the last raw byte. */
                if (!more && !input->inside)
                        return 0;
                ssize_t got = input->packing == PACKING_GZIP ? gzip_step(input, bytes, length, error)
                                                             : zstd_step(input, bytes, length, error);
                if (got != 0)
                        return got;
                if (!more && input->inside)
                        return damaged(input, "the file ends early", error);
        }
}

ssize_t input_peek(struct input *input, void *bytes, size_t length, struct error *error)
{
        size_t wanted = length < INPUT_PEEK_MAX ? length : INPUT_PEEK_MAX;

        while (input->head_length < wanted) {
                ssize_t got =
                        unpack(input, input->head + input->head_length, wanted - input->head_length, error);
                if (got < 0)
                        return got;
                if (got == 0)
                        break;
                input->head_length += (size_t)got;
        }
        size_t shown = input->head_length < wanted ? input->head_length : wanted;
        memcpy(bytes, input->head, shown);
        return (ssize_t)shown;
}

ssize_t input_read(struct input *input, void *bytes, size_t length, struct error *error)
{
        size_t left = input->head_length - input->head_at;

        if (left == 0)
                return unpack(input, bytes, length, error);
        size_t taken = left < length ? left : length;
        memcpy(bytes, input->head + input->head_at, taken);
        input->head_at += taken;
        return (ssize_t)taken;
}

const char *input_name(const struct input *input)
{
        return input->name;
}

uint64_t input_consumed(const struct input *input)
{
        return input->consumed - (input->raw_length - input->raw_at);
}

uint64_t input_size(const struct input *input)
{
        return input->size;
}
