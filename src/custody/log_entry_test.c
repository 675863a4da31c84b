/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/log_entry.h"

#include "crypto/seal.h"
#include "custody/commitment.h"
#include "custody/jcs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define AT INT64_C(1795168800123) /* 2026-11-20T10:00:00.123Z */
#define ORDER_ID "0b5e9c1e-8f0a-4c53-9a51-0d9b8a5f2c11"
#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"

static struct slice slice_of_buffer(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

/* ---- canonical JSON ---- */

static void test_canonical_writing(void **state)
{
        static const struct {
                const char *given, *canonical;
        } cases[] = {
                {"{ }", "{}"},
                {"[ 1 , -2, 0, 9007199254740991 ]", "[1,-2,0,9007199254740991]"},
                {"{\"b\":true,\"a\":null,\"aa\":false,\"B\":[]}",
                        "{\"B\":[],\"a\":null,\"aa\":false,\"b\":true}"},
                {"[\"\\u00e4\\/\\u20ac\"]", "[\"\xc3\xa4/\xe2\x82\xac\"]"},
                {"[\"\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001f\\u007f\\\"\\\\\"]",
                        "[\"\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\\\"\\\\\"]"},
                {"{\"x\":{\"d\":1,\"c\":[{\"z\":1,\"y\":2}]}}",
                        "{\"x\":{\"c\":[{\"y\":2,\"z\":1}],\"d\":1}}"},
        };
        const struct json_limits limits = {4096, 8, 100};

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct buffer text = buffer_make(4096);
                struct error error = {0};
                json_t *value = json_loads(cases[i].given, 0, NULL), *again;
                assert_int_equal(jcs_write(value, &text, &error), 0);
                buffer_append_u8(&text, 0);
                assert_string_equal((char *)text.bytes, cases[i].canonical);
                assert_int_equal(jcs_read(slice_of(cases[i].canonical), "it", &limits, &again, &error), 0);
                assert_true(json_equal(value, again));
                if (strcmp(cases[i].given, cases[i].canonical) != 0)
                        assert_int_equal(
                                jcs_read(slice_of(cases[i].given), "it", &limits, &again, &error), -EBADMSG);
                json_decref(value);
                json_decref(again);
                buffer_free(&text);
        }
}

static void test_what_has_no_canonical_writing(void **state)
{
        static const char *const wrong[] = {"[1.5]", "[1e3]", "[9007199254740992]", "{\"\\u00e4\":1}",
                "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"};
        const struct json_limits limits = {4096, 8, 100};

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct buffer text = buffer_make(4096);
                struct error error = {0};
                json_t *value = json_loads(wrong[i], 0, NULL), *again = NULL;
                assert_non_null(value);
                assert_int_equal(jcs_write(value, &text, &error), -EINVAL);
                assert_true(error.text[0] != '\0');
                assert_int_equal(jcs_read(slice_of(wrong[i]), "it", &limits, &again, &error), -EBADMSG);
                json_decref(value);
                buffer_free(&text);
        }
}

/* ---- entries ---- */

static int write_entry(const char *kind, const char *fields_text, struct buffer *ret)
{
        struct error error = {0};
        json_t *fields = json_loads(fields_text, JSON_DECODE_ANY, NULL);

        assert_non_null(fields);
        int r = log_entry_write(kind, AT, "anna@at-prosecution", fields, ret, &error);
        assert_true(r == 0 || error.text[0]);
        json_decref(fields);
        return r;
}

static void test_entry_there_and_back(void **state)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        struct log_entry entry;
        struct error error = {0};

        (void)state;
        assert_int_equal(write_entry("withdrawn",
                                 "{\"reason\":\"mistake\",\"order\":\"" ORDER_ID "\",\"detail\":{\"a\":[1]}}",
                                 &content),
                0);
        assert_true(slice_is(slice_of_buffer(&content),
                "{\"at\":\"2026-11-20T10:00:00.123Z\",\"by\":\"anna@at-prosecution\",\"fields\":{\"detail\":{"
                "\"a\":[1]},\"order\":\"" ORDER_ID "\",\"reason\":\"mistake\"},\"format\":1,\"kind\":"
                "\"withdrawn\"}"));
        assert_int_equal(log_entry_read(slice_of_buffer(&content), &entry, &error), 0);
        assert_string_equal(entry.kind->name, "withdrawn");
        assert_string_equal(entry.by, "anna@at-prosecution");
        assert_true(entry.at_ms == AT);
        assert_string_equal(json_string_value(json_object_get(entry.fields, "reason")), "mistake");
        log_entry_free(&entry);
        for (size_t at = 0; at < content.length; at++) {
                struct slice cut = slice_make((char *)content.bytes, at);
                assert_int_equal(log_entry_read(cut, &entry, &error), -EBADMSG);
        }
        buffer_free(&content);
        /* A kind that this version does not know is read, its fields are not judged. */
        assert_int_equal(
                log_entry_read(slice_of("{\"at\":\"2026-11-20T10:00:00.123Z\",\"by\":\"x\",\"fields\":{},"
                                        "\"format\":1,\"kind\":\"new-one\"}"),
                        &entry, &error),
                0);
        assert_null(entry.kind);
        assert_string_equal(entry.kind_name, "new-one");
        log_entry_free(&entry);
}

static void assert_refused(const char *kind, const char *fields)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);

        assert_int_equal(write_entry(kind, fields, &content), -EINVAL);
        assert_int_equal(content.length, 0);
}

static void test_fields(void **state)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);

        (void)state;
        assert_refused("no-such-kind", "{}");
        assert_refused("withdrawn", "[]");
        assert_refused("withdrawn", "{\"order\":\"" ORDER_ID "\"}");
        assert_refused("withdrawn", "{\"order\":\"" ORDER_ID "\",\"reason\":\"mistake\",\"more\":1}");
        assert_refused(
                "withdrawn", "{\"order\":\"0B5E9C1E-8f0a-4c53-9a51-0d9b8a5f2c11\",\"reason\":\"mistake\"}");
        assert_refused("withdrawn", "{\"order\":\"\",\"reason\":\"mistake\"}");
        assert_refused("withdrawn", "{\"order\":\"" ORDER_ID "\",\"reason\":\"a mistake\"}");
        assert_refused("withdrawn", "{\"order\":\"" ORDER_ID "\",\"reason\":\"mistake\",\"detail\":[]}");
        assert_refused("enforcement", "{\"order\":\"" ORDER_ID "\",\"step\":\"accept\"}");
        assert_refused("enforcement", "{\"order\":\"" ORDER_ID "\",\"step\":\"accepted|refused\"}");
        assert_refused("preserved", "{\"order\":\"" ORDER_ID "\",\"until\":\"2026-11-20T10:00:00Z\"}");
        assert_refused(
                "preserved", "{\"order\":\"" ORDER_ID "\",\"until\":\"2026-11-20T10:00:00.000+00:00\"}");
        assert_refused("refused",
                "{\"order\":\"" ORDER_ID "\",\"stage\":\"provider\",\"whole\":true,\"grounds\":[]}");
        assert_refused("refused", "{\"order\":\"" ORDER_ID
                                  "\",\"stage\":\"provider\",\"whole\":true,\"grounds\":[\"a\",\"a\"]}");
        assert_refused("refused",
                "{\"order\":\"" ORDER_ID "\",\"stage\":\"provider\",\"whole\":1,\"grounds\":[\"a\"]}");
        assert_refused("directory-changed", "{\"version\":-1,\"digest\":\"" ZEROES "\"}");
        assert_refused("directory-changed", "{\"version\":1,\"digest\":\"00\"}");
        assert_refused("directory-changed", "{\"version\":1.0,\"digest\":\"" ZEROES "\"}");
        assert_int_equal(
                write_entry("directory-changed", "{\"version\":1,\"digest\":\"" ZEROES "\"}", &content), 0);
        buffer_clear(&content);
        assert_int_equal(
                write_entry("refused",
                        "{\"order\":\"" ORDER_ID "\",\"stage\":\"enforcing-authority\",\"whole\":false,"
                        "\"grounds\":[\"press-freedom\",\"ne-bis-in-idem\"]}",
                        &content),
                0);
        buffer_free(&content);
}

/* Requirement 16: every reading of plaintext is logged with its purpose. An entry without one cannot be made.
 */
static void requirement_16_reading_plaintext_needs_a_purpose(void **state)
{
        struct buffer content = buffer_make(LOG_ENTRY_MAX);

        (void)state;
        assert_refused("plaintext-read", "{\"what\":\"evidence/a.p7m\"}");
        assert_refused("plaintext-read", "{\"what\":\"evidence/a.p7m\",\"purpose\":\"\"}");
        assert_refused("plaintext-read", "{\"what\":\"evidence/a.p7m\",\"purpose\":\" \\t\"}");
        assert_refused("plaintext-read", "{\"purpose\":\"to answer an order\"}");
        assert_int_equal(
                write_entry("plaintext-read",
                        "{\"what\":\"evidence/a.p7m\",\"purpose\":\"to answer an order\"}", &content),
                0);
        buffer_free(&content);
}

static void test_the_table_is_sound(void **state)
{
        size_t count;
        const struct entry_kind *kinds = entry_kinds(&count);

        (void)state;
        for (size_t i = 0; i < count; i++) {
                assert_ptr_equal(entry_kind_find(kinds[i].name), &kinds[i]);
                assert_true(kinds[i].meaning[0] != '\0');
                for (size_t k = 0; k < kinds[i].count; k++)
                        for (size_t m = 0; m < k; m++)
                                assert_string_not_equal(kinds[i].fields[k].name, kinds[i].fields[m].name);
        }
        assert_null(entry_kind_find("plaintext"));
}

/* ---- commitments ---- */

/* Requirement 17: the log holds salted commitments only. Nothing of a content stands in its entry, equal
 * contents have different entries, and only salt and content together open one. */
static void requirement_17_an_entry_is_a_salted_commitment(void **state)
{
        const struct slice content = slice_of("{\"secret\":1}"), other = slice_of("{\"secret\":2}");
        uint8_t salt[COMMITMENT_SALT_BYTES], second_salt[COMMITMENT_SALT_BYTES];
        uint8_t entry[COMMITMENT_ENTRY_BYTES], second[COMMITMENT_ENTRY_BYTES];
        struct slice as_slice = slice_make((char *)entry, sizeof entry);

        (void)state;
        assert_int_equal(seal_random(salt, sizeof salt), 0);
        assert_int_equal(seal_random(second_salt, sizeof second_salt), 0);
        assert_int_equal(commitment_make(salt, content, entry), 0);
        assert_int_equal(commitment_make(second_salt, content, second), 0);
        assert_memory_not_equal(entry, second, sizeof entry);
        assert_int_equal(commitment_check(as_slice, salt, content), 0);
        assert_int_equal(commitment_check(as_slice, second_salt, content), -EBADMSG);
        assert_int_equal(commitment_check(as_slice, salt, other), -EBADMSG);
        assert_int_equal(
                commitment_check(slice_make((char *)entry, sizeof entry - 1), salt, content), -EBADMSG);
        entry[0] = 2;
        assert_int_equal(commitment_check(as_slice, salt, content), -EBADMSG);
}

/* The format, by an independent calculation (printf and sha256sum): the domain, 32 times 0x11, {"a":1}. */
static void test_commitment_of_the_format(void **state)
{
        uint8_t salt[COMMITMENT_SALT_BYTES], entry[COMMITMENT_ENTRY_BYTES];
        static const uint8_t expected[4] = {0x01, 0x71, 0xee, 0xf0};

        (void)state;
        memset(salt, 0x11, sizeof salt);
        assert_int_equal(commitment_make(salt, slice_of("{\"a\":1}"), entry), 0);
        assert_memory_equal(entry, expected, sizeof expected);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_canonical_writing),
                cmocka_unit_test(test_what_has_no_canonical_writing),
                cmocka_unit_test(test_entry_there_and_back),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(requirement_16_reading_plaintext_needs_a_purpose),
                cmocka_unit_test(test_the_table_is_sound),
                cmocka_unit_test(requirement_17_an_entry_is_a_salted_commitment),
                cmocka_unit_test(test_commitment_of_the_format),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
