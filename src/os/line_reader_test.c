/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/line_reader.h"

#include "base/buffer.h"
#include "os/file.h"
#include "os/input.h"
#include "os/scratch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

static void publish(const char *name, const void *bytes, size_t length)
{
        struct error error = {0};
        if (file_publish(scratch, name, bytes, length, &error) < 0)
                fail_msg("%s", error.text);
}

static struct line_reader *open_reader(const char *name, size_t longest)
{
        struct line_reader *reader = NULL;
        struct error error = {0};
        if (line_reader_open(scratch_path(name), longest, &reader, &error) < 0)
                fail_msg("%s", error.text);
        return reader;
}

static void expect(struct line_reader *reader, const char *text, uint64_t number, uint64_t offset, bool ended)
{
        struct line line;
        struct error error = {0};

        assert_int_equal(line_reader_next(reader, &line, &error), 1);
        assert_int_equal(line.text.length, strlen(text));
        assert_memory_equal(line.text.text, text, strlen(text));
        assert_int_equal(line.number, number);
        assert_int_equal(line.offset, offset);
        assert_int_equal(line.ended, ended);
        assert_false(line.too_long);
}

static void expect_end(struct line_reader *reader, int result)
{
        struct line line;
        struct error error = {0};
        assert_int_equal(line_reader_next(reader, &line, &error), result);
        assert_int_equal(line_reader_next(reader, &line, &error), result);
        assert_true(result == 0 || error.text[0]);
}

static void test_lines(void **state)
{
        (void)state;
        publish("a", "one\n\nthree\r\nfour", 16);
        struct line_reader *reader = open_reader("a", 100);
        expect(reader, "one", 1, 0, true);
        expect(reader, "", 2, 4, true);
        expect(reader, "three\r", 3, 5, true);
        expect(reader, "four", 4, 12, false);
        expect_end(reader, 0);
        assert_int_equal(line_reader_consumed(reader), 16);
        assert_int_equal(line_reader_size(reader), 16);
        line_reader_close(reader);
        publish("empty", "", 0);
        reader = open_reader("empty", 100);
        expect_end(reader, 0);
        line_reader_close(reader);
}

/* Around the limit, and far above it over several blocks: the line is reported once and the next one is
 * whole. */
static void test_long_lines(void **state)
{
        static const size_t lengths[] = {9, 10, 11, 12, 1000, 262143, 262144, 262145, 1000000};
        static char content[1000020];

        (void)state;
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                for (int ended = 0; ended < 2; ended++) {
                        size_t length = lengths[i];
                        struct line line;
                        struct error error = {0};

                        memcpy(content, "before\n", 7);
                        memset(content + 7, 'x', length);
                        memcpy(content + 7 + length, "\nafter", 6);
                        publish("a", content, 7 + length + (ended ? 6 : 0));
                        struct line_reader *reader = open_reader("a", 10);
                        expect(reader, "before", 1, 0, true);
                        assert_int_equal(line_reader_next(reader, &line, &error), 1);
                        assert_int_equal(line.too_long, length > 10);
                        assert_int_equal(line.text.length, length > 10 ? 10 : length);
                        assert_memory_equal(line.text.text, "xxxxxxxxxx", line.text.length);
                        assert_int_equal(line.offset, 7);
                        assert_int_equal(line.ended, ended);
                        if (ended)
                                expect(reader, "after", 3, 7 + length + 1, false);
                        expect_end(reader, 0);
                        line_reader_close(reader);
                }
        }
}

/* Many lines of changing length over many blocks, compared with what was written. */
static struct buffer many_lines(void)
{
        struct buffer text = buffer_make(64 << 20);
        for (unsigned i = 0; i < 40000; i++)
                buffer_printf(&text, "%u %.*s\n", i, (int)(i % 97),
                        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                        "xxxxxxxxxxxxxxxxxxxxx");
        return text;
}

static void assert_many_lines(struct line_reader *reader, const struct buffer *text)
{
        struct slice rest = slice_make((char *)text->bytes, text->length);
        struct line line;
        struct error error = {0};
        uint64_t number = 0;

        while (rest.length) {
                size_t offset = (size_t)(rest.text - (char *)text->bytes);
                struct slice wanted = slice_cut(&rest, '\n');
                assert_int_equal(line_reader_next(reader, &line, &error), 1);
                assert_int_equal(line.number, ++number);
                assert_int_equal(line.offset, offset);
                assert_int_equal(line.text.length, wanted.length);
                assert_memory_equal(line.text.text, wanted.text, wanted.length);
        }
        expect_end(reader, 0);
}

static size_t gzip(const void *bytes, size_t length, uint8_t *packed, size_t size)
{
        z_stream stream = {0};
        assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        stream.next_in = (Bytef *)(uintptr_t)bytes;
        stream.avail_in = (uInt)length;
        stream.next_out = packed;
        stream.avail_out = (uInt)size;
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        deflateEnd(&stream);
        return size - stream.avail_out;
}

static void test_packed_text_reads_the_same(void **state)
{
        static uint8_t packed[8 << 20];
        struct buffer text = many_lines();
        size_t half = text.length / 2;

        (void)state;
        publish("plain", text.bytes, text.length);
        struct line_reader *reader = open_reader("plain", 1000);
        assert_many_lines(reader, &text);
        line_reader_close(reader);

        size_t length = gzip(text.bytes, half, packed, sizeof packed);
        length += gzip(text.bytes + half, text.length - half, packed + length, sizeof packed - length);
        publish("two.gz", packed, length);
        reader = open_reader("two.gz", 1000);
        assert_many_lines(reader, &text);
        assert_int_equal(line_reader_consumed(reader), length);
        line_reader_close(reader);

        length = ZSTD_compress(packed, sizeof packed, text.bytes, half, 3);
        length += ZSTD_compress(
                packed + length, sizeof packed - length, text.bytes + half, text.length - half, 3);
        publish("two.zst", packed, length);
        reader = open_reader("two.zst", 1000);
        assert_many_lines(reader, &text);
        line_reader_close(reader);
        buffer_free(&text);
}

/* Cut off or changed anywhere: the sound lines come first, then the damage is said. */
static void test_damaged_packed_text(void **state)
{
        static uint8_t packed[8 << 20];
        struct buffer text = many_lines();

        (void)state;
        for (int kind = 0; kind < 2; kind++) {
                size_t length = kind ? ZSTD_compress(packed, sizeof packed, text.bytes, text.length, 3)
                                     : gzip(text.bytes, text.length, packed, sizeof packed);
                for (size_t cut = 20; cut < length; cut += length / 7) {
                        struct line line;
                        struct error error = {0};
                        int r;

                        publish("cut", packed, cut);
                        struct line_reader *reader = open_reader("cut", 1000);
                        while ((r = line_reader_next(reader, &line, &error)) == 1)
                                assert_memory_equal(
                                        line.text.text, text.bytes + line.offset, line.text.length);
                        assert_int_equal(r, -EBADMSG);
                        assert_non_null(strstr(error.text, "ends early"));
                        line_reader_close(reader);
                }
        }
        size_t length = gzip(text.bytes, text.length, packed, sizeof packed);
        packed[length / 2] ^= 0xff;
        publish("changed", packed, length);
        struct line_reader *reader = open_reader("changed", 1000);
        struct line line;
        struct error error = {0};
        int r;
        while ((r = line_reader_next(reader, &line, &error)) == 1)
                continue;
        assert_int_equal(r, -EBADMSG);
        line_reader_close(reader);
        buffer_free(&text);
}

/* A pipe hands out a few bytes at a time, also of the magic number. */
static void test_standard_input_in_small_pieces(void **state)
{
        static uint8_t packed[4096];
        int pipes[2], before = dup(STDIN_FILENO), status;
        struct line_reader *reader;
        struct error error = {0};
        size_t length = gzip("one\ntwo\n", 8, packed, sizeof packed);

        (void)state;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
                for (size_t i = 0; i < length; i++)
                        if (write(pipes[1], packed + i, 1) != 1)
                                _exit(1);
                _exit(0);
        }
        close(pipes[1]);
        dup2(pipes[0], STDIN_FILENO);
        close(pipes[0]);
        assert_int_equal(line_reader_open("-", 100, &reader, &error), 0);
        assert_string_equal(line_reader_name(reader), "standard input");
        expect(reader, "one", 1, 0, true);
        expect(reader, "two", 2, 4, true);
        expect_end(reader, 0);
        assert_int_equal(line_reader_size(reader), 0);
        line_reader_close(reader);
        dup2(before, STDIN_FILENO);
        close(before);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_what_cannot_be_opened(void **state)
{
        struct input *input;
        struct error error = {0};

        (void)state;
        assert_int_equal(input_open(scratch_path("none"), &input, &error), -ENOENT);
        assert_int_equal(input_open(scratch, &input, &error), -EISDIR);
        assert_non_null(strstr(error.text, "is a folder"));
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                SCRATCH_TEST(test_lines),
                SCRATCH_TEST(test_long_lines),
                SCRATCH_TEST(test_packed_text_reads_the_same),
                SCRATCH_TEST(test_damaged_packed_text),
                cmocka_unit_test(test_standard_input_in_small_pieces),
                SCRATCH_TEST(test_what_cannot_be_opened),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
