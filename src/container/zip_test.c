/* SPDX-License-Identifier: EUPL-1.2 */
/* Archives that are made to be read in two ways, or to cost. */
#include "container/zip_archive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <cmocka.h>

static struct buffer archive(void)
{
        static const struct zip_content contents[] = {
                {"mimetype", "x", 1}, {"a.txt", "hello", 5}, {"b/c.txt", "", 0}};
        struct buffer bytes = buffer_make(1 << 24);
        struct error error = {0};
        assert_int_equal(zip_pack(contents, 3, &bytes, &error), 0);
        return bytes;
}

/* The first fatal finding's code, or "" where it is let through and unpacks. */
static const char *verdict(const struct buffer *bytes)
{
        struct findings findings = {0};
        struct zip_entry *entries = NULL;
        uint8_t **contents = NULL;
        const char *code = "";
        size_t count = 0;
        int r = zip_shape(bytes->bytes, bytes->length, &findings, &entries, &count);

        if (r == 0)
                r = zip_unpack(bytes->bytes, bytes->length, entries, count, &findings, &contents);
        assert_int_equal(r == 0, findings_hold(&findings));
        for (size_t i = 0; i < findings.count; i++)
                if (findings.list[i].weight == FINDING_FATAL)
                        code = findings.list[i].code;
        for (size_t i = 0; contents && i < count; i++)
                free(contents[i]);
        free(contents);
        free(entries);
        findings_free(&findings);
        return code;
}

/* Where the central header of the named entry begins. */
static uint8_t *central(struct buffer *bytes, const char *name)
{
        uint8_t *found = NULL, *at = bytes->bytes;
        size_t left = bytes->length;
        while ((at = memmem(at, left, name, strlen(name)))) {
                found = at;
                at++;
                left = bytes->length - (size_t)(at - bytes->bytes);
        }
        assert_non_null(found);
        return found - 46;
}

static void put16(uint8_t *at, uint16_t value)
{
        at[0] = (uint8_t)value;
        at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
        put16(at, (uint16_t)value);
        put16(at + 2, (uint16_t)(value >> 16));
}

static void test_headers_that_contradict(void **state)
{
        static const struct {
                size_t at; /* in the central header */
                uint16_t value;
                const char *code;
        } cases[] = {
                {8, 0x0001, "entry-flags"},                                /* encrypted */
                {10, 99, "entry-method"}, {14, 1, "entry-header-differs"}, /* another date */
                {16, 1, "entry-header-differs"},                           /* another sum */
                {20, 4, "entry-size"}, {20, 0xffff, "entry-size"},
                {42, 1, "archive-overlap"}, /* another place */
        };

        (void)state;
        struct buffer good = archive();
        assert_string_equal(verdict(&good), "");
        buffer_free(&good);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct buffer bytes = archive();
                put16(central(&bytes, "a.txt") + cases[i].at, cases[i].value);
                assert_string_equal(verdict(&bytes), cases[i].code);
                buffer_free(&bytes);
        }
}

static void test_the_end_that_lies(void **state)
{
        static const struct {
                size_t at; /* in the end record */
                uint32_t value;
                const char *code;
        } cases[] = {
                {4, 1, "archive-disks"},
                {8, 0x00020002, "archive-directory"},
                {8, 0x00040004, "archive-directory"},
                {8, 0xffffffff, "archive-zip64"},
                {8, 0x07d007d0, "archive-too-many-entries"},
                {12, 1, "archive-directory-place"},
                {16, 0, "archive-directory-place"},
                {18, 0xffff0000, "archive-trailing-bytes"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct buffer bytes = archive();
                put32(bytes.bytes + bytes.length - 22 + cases[i].at, cases[i].value);
                assert_string_equal(verdict(&bytes), cases[i].code);
                buffer_free(&bytes);
        }
}

/* Another file of the same length is in the header than in the directory: `unzip` and a streaming reader
 * would give out two different ones. */
static void test_two_names_for_one_entry(void **state)
{
        struct buffer bytes = archive();

        (void)state;
        memcpy(central(&bytes, "a.txt") + 46, "z.txt", 5);
        assert_string_equal(verdict(&bytes), "entry-header-differs");
        buffer_free(&bytes);
}

static struct buffer deflated(size_t length)
{
        struct buffer bytes = buffer_make(1 << 24);
        zip_error_t reason = {0};
        zip_source_t *written = zip_source_buffer_create(NULL, 0, 0, &reason);
        zip_t *zip = zip_open_from_source(written, ZIP_TRUNCATE, &reason);
        void *zeros = calloc(1, length);
        zip_stat_t stat;

        zip_source_keep(written);
        assert_true(zip_file_add(zip, "zeros", zip_source_buffer(zip, zeros, length, 0), 0) >= 0);
        assert_int_equal(zip_close(zip), 0);
        assert_int_equal(zip_source_stat(written, &stat), 0);
        assert_int_equal(zip_source_open(written), 0);
        assert_int_equal(buffer_reserve(&bytes, stat.size), 0);
        bytes.length = (size_t)zip_source_read(written, bytes.bytes, stat.size);
        zip_source_free(written);
        free(zeros);
        return bytes;
}

static void test_bombs_are_refused_before_they_are_unpacked(void **state)
{
        struct buffer bytes = deflated(20 << 20);

        (void)state;
        assert_string_equal(verdict(&bytes), "entry-ratio");
        /* which says that it is small, and is not */
        put32(central(&bytes, "zeros") + 24, 1000);
        put32(bytes.bytes + 22, 1000);
        assert_string_equal(verdict(&bytes), "entry-unreadable");
        put32(central(&bytes, "zeros") + 24, CONTAINER_ENTRY_BYTES_MAX + 1);
        assert_string_equal(verdict(&bytes), "entry-too-long");
        buffer_free(&bytes);
        bytes = deflated(60000);
        assert_string_equal(verdict(&bytes), "");
        buffer_free(&bytes);
}

static void test_names(void **state)
{
        static const char *const wrong[] = {"", "/a", "../a", "a/../b", "a/..", ".", "./a", "a//b", "a\\b",
                "C:a", "a\nb", "a.", "a /b", "//"};
        static const char *const fine[] = {"a", "a/b", "a/", "a.b", "..a", "a b", "\xc3\xa4", "META-INF/x"};
        char longest[CONTAINER_NAME_MAX + 2];

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                if (!zip_name_wrong(wrong[i], strlen(wrong[i])))
                        fail_msg("\"%s\" is let through", wrong[i]);
        for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
                assert_null(zip_name_wrong(fine[i], strlen(fine[i])));
        memset(longest, 'a', sizeof longest);
        assert_null(zip_name_wrong(longest, CONTAINER_NAME_MAX));
        assert_non_null(zip_name_wrong(longest, CONTAINER_NAME_MAX + 1));
        assert_true(zip_name_is_plain("a/b-c_D.9"));
        assert_false(zip_name_is_plain("a b"));
        assert_false(zip_name_is_plain(".a"));
        assert_false(zip_name_is_plain("a/.b"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_headers_that_contradict),
                cmocka_unit_test(test_the_end_that_lies),
                cmocka_unit_test(test_two_names_for_one_entry),
                cmocka_unit_test(test_bombs_are_refused_before_they_are_unpacked),
                cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
