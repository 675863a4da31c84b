/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/canonical_json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS                                                                                              \
        "{\"candidates\":1,\"possible\":0,\"records\":[\"default/nat/20261120T10Z.000001.seg#198.18.0.120/"  \
        "4\"]}"

static void what_the_record_writes_is_canonical(void **state)
{
        static const char *const texts[] = {"{}", "{\"a\":[]}",
                "{\"a\":-1,\"b\":0,\"c\":null,\"d\":true,\"e\":false}",
                "{\"address\":\"198.51.100.7\",\"port\":4711,\"protocol\":6,\"at\":\"2026-11-20T23:35:52."
                "000Z\","
                "\"skew_ms\":1,\"dest\":null}",
                RECORDS};

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                assert_true(json_is_canonical_object(texts[i]));
        assert_true(json_is_plain_text("uid 1000 (anna)/x"));
}

static void everything_else_is_not(void **state)
{
        static const char *const texts[] = {"", "{", "[]", "1", "null", "{\"a\":1", "{\"a\":1}x",
                "{\"a\":1,}", "{\"a\" :1}", " {}", "{}\n", "{\"a\":1,\"a\":2}", "{\"a\":-0}", "{\"a\":01}",
                "{\"a\":1.5}", "{\"a\":1e3}", "{\"a\":-}", "{\"a\":\"\\u0041\"}", "{\"a\":\"\t\"}",
                "{\"a\":\"\xc3\xa4\"}", "{\"a\":[1,]}", "{\"a\":[1 ,2]}", "{\"a\":12345678901234567890}",
                "{\"a\":nul}", "{a:1}", "{\"a\":\"b}"};

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                assert_false(json_is_canonical_object(texts[i]));
        assert_false(json_is_plain_text("a\"b"));
        assert_false(json_is_plain_text("a\\b"));
        assert_false(json_is_plain_text("a\nb"));
        assert_false(json_is_plain_text("\xff"));
}

/* Whatever it takes for canonical is what reading and writing it gives. Random texts of few characters, often
 * near JSON. */
static void canonical_is_what_reading_and_writing_gives(void **state)
{
        static const char *const pieces[] = {"{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"aa\"",
                "\"a\":", "\"b\":", "1", "-2", "0", "null", "true", "false", "\"\"", " ", "{}", "[]", ".5",
                "\"a\":1", "\"b\":2", ",\"c\":3"};
        unsigned taken = 0;

        (void)state;
        srand(99);
        for (unsigned round = 0; round < 2000000; round++) {
                char text[128] = "{";
                size_t length = 1;
                for (unsigned count = (unsigned)rand() % 9; count > 0; count--) {
                        const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof pieces[0])];
                        memcpy(text + length, piece, strlen(piece));
                        length += strlen(piece);
                }
                memcpy(text + length, "}", 2);
                if (!json_is_canonical_object(text))
                        continue;
                taken++;
                json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
                assert_true(json_is_object(value));
                char *written = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
                assert_string_equal(written, text);
                free(written);
                json_decref(value);
        }
        assert_true(taken > 5000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_record_writes_is_canonical),
                cmocka_unit_test(everything_else_is_not),
                cmocka_unit_test(canonical_is_what_reading_and_writing_gives),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
