/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/token_uri.h"

#include "settings/key_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MODULE "module-path=/usr/lib/softhsm/libsofthsm2.so"
#define PIN "pin-source=file:/etc/rogatory/pin"

static struct error problem;

static void what_is_read(void **state)
{
        struct token_uri uri;

        (void)state;
        assert_int_equal(
                token_uri_read(slice_of("token=ro;object=realm?" MODULE "&" PIN), &uri, &problem), 0);
        assert_string_equal(uri.token, "ro");
        assert_string_equal(uri.object, "realm");
        assert_string_equal(uri.module, "/usr/lib/softhsm/libsofthsm2.so");
        assert_string_equal(uri.pin_file, "/etc/rogatory/pin");
        assert_int_equal(
                token_uri_read(slice_of("object=a%2Cb%20c;token=%c3%A9?" PIN "&" MODULE), &uri, &problem), 0);
        assert_string_equal(uri.object, "a,b c");
        assert_string_equal(uri.token, "\xc3\xa9");
}

static void what_is_refused(void **state)
{
        static const struct {
                const char *text, *words;
        } wrong[] = {
                {"", "token is missing"},
                {"token=a?" MODULE "&" PIN, "object is missing"},
                {"token=a;object=b?" PIN, "module-path is missing"},
                {"token=a;object=b?" MODULE, "pin-source is missing"},
                {"token=a;object=b?" MODULE "&pin-value=1234", "must not stand in the configuration"},
                {"token=a;object=b?" MODULE "&pin-source=/etc/pin", "pin-source must be file:/path"},
                {"token=a;object=b?" MODULE "&pin-source=file:pin", "must be a path from the root"},
                {"token=a;object=b?module-path=softhsm&" PIN, "must be a path from the root"},
                {"token=a;object=b?module-name=softhsm&" PIN, "\"module-name\" has no meaning here"},
                {"token=a;object=b;" MODULE "?" PIN, "\"module-path\" has no meaning here"},
                {"token=a;token=b;object=b?" MODULE "&" PIN, "token stands there twice"},
                {"token=;object=b?" MODULE "&" PIN, "token is empty"},
                {"token=a%;object=b?" MODULE "&" PIN, "two hexadecimal digits"},
                {"token=a%2;object=b?" MODULE "&" PIN, "two hexadecimal digits"},
                {"token=a%2g;object=b?" MODULE "&" PIN, "two hexadecimal digits"},
                {"token=a%00b;object=b?" MODULE "&" PIN, "control character"},
                {"token=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;object=b?" MODULE "&" PIN, "longer than 32 bytes"},
        };
        struct token_uri uri;

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                assert_int_equal(token_uri_read(slice_of(wrong[i].text), &uri, &problem), -EINVAL);
                if (!strstr(problem.text, wrong[i].words))
                        fail_msg("\"%s\" is not in: %s", wrong[i].words, problem.text);
        }
}

/* Among the sources of a key: as it was written, beside a credential, never beside a file. */
static void as_a_source(void **state)
{
        static const char text[] = "credential:realm, pkcs11:token=a;object=b?" MODULE "&" PIN;
        struct buffer written = buffer_make(4096);
        struct key_sources sources;

        (void)state;
        assert_int_equal(key_sources_read(slice_of(text), &sources, &problem), 0);
        assert_int_equal(sources.count, 2);
        assert_ptr_equal(key_sources_replaceable(&sources), &sources.items[1]);
        assert_int_equal(key_sources_replaceable(&sources)->kind, KEY_SOURCE_TOKEN);
        assert_null(key_sources_file(&sources));
        assert_int_equal(key_sources_write(&sources, &written), 0);
        assert_int_equal(written.length, sizeof text - 1);
        assert_memory_equal(written.bytes, text, sizeof text - 1);
        buffer_free(&written);
        assert_int_equal(key_sources_read(slice_of("file:/etc/key, pkcs11:token=a;object=b?" MODULE "&" PIN),
                                 &sources, &problem),
                -EINVAL);
        assert_non_null(strstr(problem.text, "only one of the sources can be a file or a token"));
        assert_int_equal(key_sources_read(slice_of("keyring:a"), &sources, &problem), 0);
        assert_null(key_sources_replaceable(&sources));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_read),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(as_a_source),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
