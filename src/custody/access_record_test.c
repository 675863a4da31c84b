/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/access_record.h"

#include "crypto/digest.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ENTRIES 5

static const struct access_entry examples[ENTRIES] = {
        {.at_ms = 1795131352000, .person = "uid 1000 (anna)", .action = "import", .detail = "{\"files\":2}"},
        {.at_ms = 1795131353001,
                .person = "uid 1000 (anna)",
                .action = "ask",
                .case_reference = "K 12/26",
                .question = "{\"address\":\"198.51.100.7\",\"port\":4711}",
                .verdict = "one",
                .detail = "{\"candidates\":[\"20261120T10Z.000001.seg#17\"]}"},
        {.at_ms = 1795131352900, .person = "uid 0 (root)", .action = "check"},
        {.at_ms = 1795131360000,
                .person = "uid 1001 (J\xc3\xb6rg \"the\" \\)",
                .action = "ask",
                .case_reference = "line\nend",
                .question = "{ \"a\" : [ 1, 2.5, null ] ,\n \"b\":true}",
                .verdict = "unknown"},
        {.at_ms = 1795131361000,
                .person = "uid 1000 (anna)",
                .action = "ask",
                .case_reference = "x",
                .question = "{}",
                .verdict = "none"},
};

/* The whole record and where each line begins (offsets[ENTRIES] is the length). */
static struct buffer write_record(size_t offsets[ENTRIES + 1], struct access_head *head)
{
        struct buffer record = buffer_make(1 << 20);
        struct error error = {0};

        *head = (struct access_head){.entries = 0};
        for (size_t i = 0; i < ENTRIES; i++) {
                offsets[i] = record.length;
                assert_int_equal(access_entry_write(&examples[i], head, &record, &error), 0);
        }
        offsets[ENTRIES] = record.length;
        return record;
}

static int check(const void *bytes, size_t length, struct access_head *head, uint64_t *bad, size_t *cut)
{
        struct error error = {0};
        int r = access_record_check(slice_make(bytes, length), head, bad, cut, &error);
        assert_true(r == 0 || (r == -EBADMSG && error.text[0] && *bad > 0));
        return r;
}

static void test_written_record_checks(void **state)
{
        size_t offsets[ENTRIES + 1], cut = 1;
        struct access_head written, read;
        uint64_t bad = 0;

        (void)state;
        struct buffer record = write_record(offsets, &written);
        assert_int_equal(check(record.bytes, record.length, &read, &bad, &cut), 0);
        assert_int_equal(cut, 0);
        assert_int_equal(read.entries, ENTRIES);
        assert_int_equal(read.at_ms, examples[ENTRIES - 1].at_ms);
        assert_memory_equal(read.hash, written.hash, ACCESS_HASH_BYTES);
        for (size_t i = 0; i < ENTRIES; i++) {
                struct slice line =
                        slice_make((char *)record.bytes + offsets[i], offsets[i + 1] - offsets[i] - 1);
                assert_null(memchr(line.text, '\n', line.length));
                assert_int_equal(access_head_of(line, &read, NULL), 0);
                assert_int_equal(read.entries, i + 1);
        }
        buffer_free(&record);
}

/* The exact bytes, because others will write checkers from the document. Hash computed with sha256sum. */
static void test_exact_bytes(void **state)
{
        static const char expected[] =
                "{\"format\":1,\"entry\":1,\"at\":\"2026-11-20T00:00:00.000Z\",\"person\":\"uid 0 (root)\","
                "\"action\":\"check\",\"case\":null,\"question\":null,\"verdict\":null,\"detail\":null,"
                "\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\","
                "\"hash\":\"79016606085b4b4eb9b5fd46bed89c7720b90640d37ca075c7e7e8428ff51bb2\"}\n";
        struct access_entry entry = {.at_ms = 1795132800000, .person = "uid 0 (root)", .action = "check"};
        struct access_head head = {.entries = 0};
        struct buffer line = buffer_make(4096);

        (void)state;
        assert_int_equal(access_entry_write(&entry, &head, &line, NULL), 0);
        assert_int_equal(line.length, sizeof expected - 1);
        assert_memory_equal(line.bytes, expected, sizeof expected - 1);
        buffer_free(&line);
}

static void test_every_changed_byte_is_found(void **state)
{
        size_t offsets[ENTRIES + 1], cut = 0;
        struct access_head head;
        uint64_t bad = 0;

        (void)state;
        struct buffer record = write_record(offsets, &head);
        for (size_t i = 0; i < record.length; i++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                        record.bytes[i] ^= (uint8_t)(1u << bit);
                        int r = check(record.bytes, record.length, &head, &bad, &cut);
                        /* A changed last line feed looks like a write that was cut off, and is reported as
                         * that. */
                        if (i + 1 == record.length)
                                assert_true(r == 0 && cut > 0 && head.entries == ENTRIES - 1);
                        else
                                assert_int_equal(r, -EBADMSG);
                        record.bytes[i] ^= (uint8_t)(1u << bit);
                }
        }
        buffer_free(&record);
}

static void test_every_missing_byte_is_found(void **state)
{
        size_t offsets[ENTRIES + 1], cut = 0;
        struct access_head head;
        uint64_t bad = 0;

        (void)state;
        struct buffer record = write_record(offsets, &head);
        uint8_t *shorter = malloc(record.length);
        for (size_t i = 0; i < record.length; i++) {
                memcpy(shorter, record.bytes, i);
                memcpy(shorter + i, record.bytes + i + 1, record.length - i - 1);
                int r = check(shorter, record.length - 1, &head, &bad, &cut);
                assert_true(r == -EBADMSG || (r == 0 && cut > 0));
        }
        free(shorter);
        buffer_free(&record);
}

/* Builds a record out of whole lines in a given order. */
static struct buffer arrange(
        const struct buffer *record, const size_t *offsets, const int *order, size_t count)
{
        struct buffer arranged = buffer_make(1 << 20);
        for (size_t i = 0; i < count; i++)
                buffer_append(&arranged, record->bytes + offsets[order[i]],
                        offsets[order[i] + 1] - offsets[order[i]]);
        return arranged;
}

static void test_moved_lines_are_found(void **state)
{
        static const struct {
                int order[ENTRIES + 1];
                size_t count;
                uint64_t bad;
        } cases[] = {
                {{1, 2, 3, 4}, 4, 1},       /* first removed */
                {{0, 1, 3, 4}, 4, 3},       /* one from the middle removed */
                {{0, 2, 1, 3, 4}, 5, 2},    /* two swapped */
                {{0, 1, 1, 2, 3, 4}, 6, 3}, /* one repeated */
                {{0, 1, 2, 3, 4, 0}, 6, 6}, /* one appended */
        };
        size_t offsets[ENTRIES + 1], cut = 0;
        struct access_head head;

        (void)state;
        struct buffer record = write_record(offsets, &head);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                uint64_t bad = 0;
                struct buffer arranged = arrange(&record, offsets, cases[i].order, cases[i].count);
                assert_int_equal(check(arranged.bytes, arranged.length, &head, &bad, &cut), -EBADMSG);
                assert_int_equal(bad, cases[i].bad);
                buffer_free(&arranged);
        }
        buffer_free(&record);
}

/* An entry with a hash of its own that is right, put in the place of another, does not fit its neighbours. */
static void test_forged_line_is_found(void **state)
{
        size_t offsets[ENTRIES + 1], cut = 0;
        struct access_head head, before = {.entries = 0};
        struct access_entry forged = examples[1];
        struct buffer forgery = buffer_make(1 << 20);
        uint64_t bad = 0;

        (void)state;
        struct buffer record = write_record(offsets, &head);
        assert_int_equal(access_entry_write(&examples[0], &before, &forgery, NULL), 0);
        forged.case_reference = "another case";
        assert_int_equal(access_entry_write(&forged, &before, &forgery, NULL), 0);
        buffer_append(&forgery, record.bytes + offsets[2], record.length - offsets[2]);
        assert_int_equal(check(forgery.bytes, forgery.length, &head, &bad, &cut), -EBADMSG);
        assert_int_equal(bad, 3);
        buffer_free(&forgery);
        buffer_free(&record);
}

static void test_cut_off_end_is_told_apart(void **state)
{
        size_t offsets[ENTRIES + 1], cut = 0;
        struct access_head head;
        uint64_t bad = 0;

        (void)state;
        struct buffer record = write_record(offsets, &head);
        for (size_t length = offsets[ENTRIES - 1] + 1; length < record.length; length++) {
                assert_int_equal(check(record.bytes, length, &head, &bad, &cut), 0);
                assert_int_equal(cut, length - offsets[ENTRIES - 1]);
                assert_int_equal(head.entries, ENTRIES - 1);
        }
        assert_int_equal(check(NULL, 0, &head, &bad, &cut), 0);
        assert_int_equal(head.entries, 0);
        buffer_free(&record);
}

static void test_unsound_entries_are_refused(void **state)
{
        struct access_entry good = examples[1];
        struct access_head head = {.entries = 7};
        struct buffer line = buffer_make(1 << 20);
        char *huge = malloc(ACCESS_LINE_MAX + 1);

        (void)state;
        memset(huge, 'x', ACCESS_LINE_MAX);
        huge[ACCESS_LINE_MAX] = '\0';
        struct access_entry bad[] = {good, good, good, good, good, good, good};
        bad[0].person = NULL;
        bad[1].action = "";
        bad[2].question = "[1]";
        bad[3].question = "{\"a\":1,\"a\":2}";
        bad[4].person = "\xff\xfe";
        bad[5].case_reference = huge;
        bad[6].at_ms = -1;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct error error = {0};
                assert_int_equal(access_entry_write(&bad[i], &head, &line, &error), -EINVAL);
                assert_true(error.text[0]);
                assert_int_equal(line.length, 0);
                assert_int_equal(head.entries, 7);
        }
        free(huge);
        buffer_free(&line);
}

/* A line whose hash is right but whose members are not those of an entry. */
static void test_sealed_nonsense_is_refused(void **state)
{
        static const char *const contents[] = {
                "{\"format\":1",
                "{\"format\":2,\"entry\":1,\"at\":\"2026-11-20T00:00:00.000Z\",\"person\":\"a\",\"action\":"
                "\"b\","
                "\"case\":null,\"question\":null,\"verdict\":null,\"detail\":null,\"previous\":"
                "\"0000000000000000000000000000000000000000000000000000000000000000\"",
                "{\"format\":1,\"entry\":1,\"at\":\"2026-11-20T00:00:00.000\",\"person\":\"a\",\"action\":"
                "\"b\","
                "\"case\":null,\"question\":null,\"verdict\":null,\"detail\":null,\"previous\":"
                "\"0000000000000000000000000000000000000000000000000000000000000000\"",
                "not JSON at all, but long enough to hold a seal of its own",
        };

        (void)state;
        for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
                uint8_t hash[DIGEST_BYTES];
                char text[DIGEST_TEXT_MAX], line[1024];
                struct access_head head = {.entries = 0};

                assert_int_equal(digest_of(contents[i], strlen(contents[i]), hash), 0);
                snprintf(line, sizeof line, "%s,\"hash\":\"%s\"}", contents[i], digest_format(hash, text));
                assert_int_equal(access_entry_check(slice_of(line), &head, NULL), -EBADMSG);
                assert_int_equal(access_head_of(slice_of(line), &head, NULL), -EBADMSG);
                assert_int_equal(head.entries, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_written_record_checks),
                cmocka_unit_test(test_exact_bytes),
                cmocka_unit_test(test_every_changed_byte_is_found),
                cmocka_unit_test(test_every_missing_byte_is_found),
                cmocka_unit_test(test_moved_lines_are_found),
                cmocka_unit_test(test_forged_line_is_found),
                cmocka_unit_test(test_cut_off_end_is_told_apart),
                cmocka_unit_test(test_unsound_entries_are_refused),
                cmocka_unit_test(test_sealed_nonsense_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
