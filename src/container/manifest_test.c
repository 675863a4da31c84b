/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/manifest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define OPEN                                                                                                 \
        "<asic:ASiCManifest xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" "                               \
        "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"
#define SIGNATURE "<asic:SigReference URI=\"META-INF/s.p7s\"/>"
#define METHOD "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"
#define VALUE                                                                                                \
        "<ds:DigestValue>LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=</ds:DigestValue>" /* of "hello"        \
                                                                                         */
#define FILE_OF(uri) "<asic:DataObjectReference URI=\"" uri "\">" METHOD VALUE "</asic:DataObjectReference>"
#define CLOSE "</asic:ASiCManifest>"

static int read_text(const char *text, struct manifest *ret_manifest)
{
        struct findings findings = {0};
        int r = manifest_read(text, strlen(text), "manifest", &findings, ret_manifest);
        assert_int_equal(r == 0, findings_hold(&findings));
        findings_free(&findings);
        return r;
}

static void test_what_is_written_is_read(void **state)
{
        static const struct manifest_entry entries[] = {
                {"message.json", "application/json", "hello", 5}, {"a/b", "text/plain", "", 0}};
        struct buffer text = buffer_make(1 << 20);
        struct manifest manifest;

        (void)state;
        assert_int_equal(manifest_write("META-INF/signature001.p7s", entries, 2, &text), 0);
        assert_int_equal(buffer_append_u8(&text, 0), 0);
        assert_int_equal(read_text((char *)text.bytes, &manifest), 0);
        assert_string_equal(manifest.signature, "META-INF/signature001.p7s");
        assert_int_equal(manifest.count, 2);
        assert_string_equal(manifest.references[0].name, "message.json");
        assert_string_equal(manifest.references[0].media_type, "application/json");
        assert_int_equal(manifest_compare(&manifest.references[0], "hello", 5), MANIFEST_SAME);
        assert_int_equal(manifest_compare(&manifest.references[0], "hellO", 5), MANIFEST_DIFFERS);
        assert_int_equal(manifest_compare(&manifest.references[1], "", 0), MANIFEST_SAME);
        manifest_free(&manifest);
        buffer_free(&text);
}

static void test_names_are_decoded(void **state)
{
        struct manifest manifest;

        (void)state;
        assert_int_equal(read_text(OPEN SIGNATURE FILE_OF("/a%20b%2ec") FILE_OF("d#e") CLOSE, &manifest), 0);
        assert_string_equal(manifest.references[0].name, "a b.c");
        assert_false(manifest.references[0].part);
        assert_string_equal(manifest.references[1].name, "d");
        assert_true(manifest.references[1].part);
        assert_int_equal(manifest_compare(&manifest.references[0], "hello", 5), MANIFEST_SAME);
        manifest_free(&manifest);
}

static void test_anything_else_is_refused(void **state)
{
        static const char *const wrong[] = {
                "",
                "hello",
                OPEN CLOSE,
                OPEN SIGNATURE CLOSE,
                OPEN FILE_OF("a") CLOSE,
                OPEN SIGNATURE SIGNATURE FILE_OF("a") CLOSE,
                OPEN SIGNATURE FILE_OF("a"),
                OPEN SIGNATURE FILE_OF("a") "<x/>" CLOSE,
                OPEN SIGNATURE FILE_OF("a") "text" CLOSE,
                OPEN SIGNATURE FILE_OF("a%00b") CLOSE,
                OPEN SIGNATURE FILE_OF("a%zz") CLOSE,
                OPEN SIGNATURE FILE_OF("") CLOSE,
                OPEN SIGNATURE "<asic:DataObjectReference>" METHOD VALUE "</asic:DataObjectReference>" CLOSE,
                OPEN SIGNATURE "<asic:DataObjectReference URI=\"a\">" METHOD VALUE VALUE
                               "</asic:DataObjectReference>" CLOSE,
                OPEN SIGNATURE "<asic:DataObjectReference URI=\"a\">" METHOD
                               "<ds:DigestValue>!</ds:DigestValue></asic:DataObjectReference>" CLOSE,
                OPEN SIGNATURE "<?php ?>" FILE_OF("a") CLOSE,
                "<!DOCTYPE a [<!ENTITY e \"x\">]>" OPEN SIGNATURE FILE_OF("&e;") CLOSE,
                "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">" OPEN SIGNATURE FILE_OF("a") CLOSE,
                "<ASiCManifest>" SIGNATURE CLOSE,
        };
        struct manifest manifest;

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                if (read_text(wrong[i], &manifest) == 0)
                        fail_msg("read as a manifest: %s", wrong[i]);
}

static void test_depth_and_count_are_limited(void **state)
{
        struct buffer text = buffer_make(8 << 20);
        struct findings findings = {0};
        struct manifest manifest;

        (void)state;
        for (int i = 0; i < 100000; i++)
                (void)buffer_append_text(&text, "<a>");
        assert_int_equal(
                manifest_read_foreign(text.bytes, text.length, "deep", &findings, &manifest), -EBADMSG);
        buffer_clear(&text);
        (void)buffer_append_text(&text, OPEN SIGNATURE);
        for (int i = 0; i <= MANIFEST_REFERENCES_MAX; i++)
                (void)buffer_append_text(&text, FILE_OF("a"));
        (void)buffer_append_text(&text, CLOSE);
        assert_int_equal(manifest_read(text.bytes, text.length, "many", &findings, &manifest), -EBADMSG);
        findings_free(&findings);
        buffer_free(&text);
}

static void test_digests_of_unknown_kinds_are_not_right(void **state)
{
        struct reference reference = {
                .algorithm = "http://www.w3.org/2000/09/xmldsig#sha1", .digest_length = 20};

        (void)state;
        assert_int_equal(manifest_compare(&reference, "", 0), MANIFEST_UNKNOWN);
        memcpy(reference.algorithm, "http://www.w3.org/2001/04/xmlenc#sha512", 40);
        assert_int_equal(manifest_compare(&reference, "", 0), MANIFEST_DIFFERS);
        reference.digest_length = 0;
        assert_int_equal(manifest_compare(&reference, "", 0), MANIFEST_DIFFERS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_written_is_read),
                cmocka_unit_test(test_names_are_decoded),
                cmocka_unit_test(test_anything_else_is_refused),
                cmocka_unit_test(test_depth_and_count_are_limited),
                cmocka_unit_test(test_digests_of_unknown_kinds_are_not_right),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
