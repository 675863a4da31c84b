/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* RFC 4648 section 10. */
static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"},
        {"\xfb\xef\xbe", "++++"}};

static void test_vectors(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
                struct buffer text = buffer_make(64), bytes = buffer_make(64);
                size_t length = strlen(vectors[i][0]);
                assert_int_equal(base64_write(vectors[i][0], length, &text), 0);
                assert_int_equal(text.length, strlen(vectors[i][1]));
                assert_memory_equal(text.bytes ? (const char *)text.bytes : "", vectors[i][1], text.length);
                assert_int_equal(base64_read(slice_of(vectors[i][1]), &bytes), 0);
                assert_int_equal(bytes.length, length);
                assert_memory_equal(bytes.bytes ? (const char *)bytes.bytes : "", vectors[i][0], length);
                buffer_free(&text);
                buffer_free(&bytes);
        }
}

static void test_there_is_one_writing(void **state)
{
        static const char *const wrong[] = {"Z", "Zg",
                "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=Zg=", "====", "Zm8=\n", "Zm9v ", "Zm-_",
                "Z===", "Zm9vZm9\x80"};
        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct buffer bytes = buffer_make(64);
                buffer_append_text(&bytes, "kept");
                assert_int_equal(base64_read(slice_of(wrong[i]), &bytes), -EINVAL);
                assert_int_equal(bytes.length, 4);
                buffer_free(&bytes);
        }
}

static void test_ceilings(void **state)
{
        (void)state;
        struct buffer text = buffer_make(7);
        assert_int_equal(base64_write("foob", 4, &text), -EFBIG);
        buffer_free(&text);
        text = buffer_make(2);
        assert_int_equal(base64_read(slice_of("Zm9v"), &text), -EFBIG);
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_there_is_one_writing),
                cmocka_unit_test(test_ceilings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
