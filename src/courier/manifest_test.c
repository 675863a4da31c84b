/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW INT64_C(1795168800000) /* 2026-11-20T10:00:00Z */

static struct evidence_file files[] = {
        {.name = "bindings.json.p7m", .length = 30000000, .digest = {1}, .second_digest = {2}},
        {.name = "statement.pdf.p7m", .length = 1, .digest = {0xff}, .second_digest = {[63] = 0xab}},
};

static struct evidence_manifest sound(void)
{
        return (struct evidence_manifest){.id = "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a",
                .order = "0b8f6f5e-2d3c-4a1b-8c9d-1e2f3a4b5c6d",
                .sender = "de-provider",
                .recipient = "at-court",
                .made_ms = NOW,
                .means = "rogatory-courier-1",
                .from_ms = NOW,
                .until_ms = NOW + 10 * TIME_DAY,
                .files = files,
                .file_count = 2};
}

static void there_and_back(void **state)
{
        struct evidence_manifest manifest = sound(), back;
        struct error error = {0};
        char *text, *again;

        (void)state;
        assert_int_equal(evidence_manifest_write(&manifest, &text, &error), 0);
        assert_int_equal(evidence_manifest_read(text, strlen(text), &back, &error), 0);
        assert_string_equal(back.recipient, "at-court");
        assert_int_equal(back.until_ms, manifest.until_ms);
        assert_int_equal(back.file_count, 2);
        assert_memory_equal(back.files, files, sizeof files);
        assert_int_equal(evidence_manifest_write(&back, &again, &error), 0);
        assert_string_equal(text, again);
        assert_ptr_equal(evidence_manifest_find(&back, "statement.pdf.p7m"), &back.files[1]);
        assert_null(evidence_manifest_find(&back, "statement.pdf"));
        evidence_manifest_free(&back);
        /* Cut short anywhere it is none. */
        for (size_t length = 0; length < strlen(text); length++)
                assert_true(evidence_manifest_read(text, length, &back, &error) < 0);
        free(text);
        free(again);
}

static void the_window(void **state)
{
        struct evidence_manifest manifest = sound();
        struct error error = {0};

        (void)state;
        manifest.until_ms = manifest.from_ms + 45 * TIME_DAY;
        assert_int_equal(evidence_manifest_check(&manifest, &error), 0);
        manifest.until_ms++;
        assert_int_equal(evidence_manifest_check(&manifest, &error), -EINVAL);
        manifest.until_ms = manifest.from_ms + 10 * TIME_DAY - 1;
        assert_int_equal(evidence_manifest_check(&manifest, &error), -EINVAL);
        assert_non_null(strstr(error.text, "10 to 45 days"));
        manifest.until_ms = manifest.from_ms - 1;
        assert_int_equal(evidence_manifest_check(&manifest, &error), -EINVAL);
        manifest.until_ms = INT64_MAX;
        assert_int_equal(evidence_manifest_check(&manifest, &error), -EINVAL);
}

/* Replaces the first `from` of a sound manifest's text and reads that. */
static int read_changed(const char *from, const char *to)
{
        struct evidence_manifest manifest = sound(), back;
        struct error error = {0};
        char *text, changed[4096];

        assert_int_equal(evidence_manifest_write(&manifest, &text, &error), 0);
        const char *at = strstr(text, from);
        assert_non_null(at);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        free(text);
        int r = evidence_manifest_read(changed, strlen(changed), &back, &error);
        if (r == 0)
                evidence_manifest_free(&back);
        else
                assert_true(error.text[0]);
        return r;
}

static void what_is_refused(void **state)
{
        static const char *const cases[][2] = {
                {"rogatory-evidence-manifest-1", "rogatory-evidence-manifest-2"},
                {"\"order\"", "\"other\""},
                {"7d9f2f0a", "7D9F2F0A"},
                {"at-court", "at court"},
                {"at-court", "at-court\\u0000"},
                {"rogatory-courier-1", ""},
                {"rogatory-courier-1", "\\u0007"},
                {"\"means\"", "\"more\":1,\"means\""},
                {"\"means\"", "\"order\":\"0b8f6f5e-2d3c-4a1b-8c9d-1e2f3a4b5c6d\",\"means\""},
                {"2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000"},
                {"statement.pdf.p7m", "bindings.json.p7m"},
                {"statement.pdf.p7m", "../statement"},
                {"\"bytes\":1,", "\"bytes\":0,"},
                {"\"bytes\":1,", "\"bytes\":-1,"},
                {"\"bytes\":1,", "\"bytes\":1.0,"},
                {"\"bytes\":1,", "\"bytes\":9000000000000000000,"},
                {"\"bytes\":1,", "\"bytes\":1,\"more\":2,"},
                {"\"sha256\":\"01", "\"sha256\":\"0"},
                {"\"sha256\":\"01", "\"sha256\":\"0G"},
                {"\"sha3-512\":\"02", "\"sha3-512\":\"0"},
                {"\"sha3-512\":\"02", "\"sha3-512\":\"A2"},
                {"\"files\":[", "\"files\":[1,"},
        };

        (void)state;
        assert_int_equal(read_changed("at-court", "at-other-court"), 0);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                if (read_changed(cases[i][0], cases[i][1]) != -EINVAL)
                        fail_msg("case %zu is taken", i);
        assert_int_equal(evidence_manifest_read("[]", 2, NULL, NULL), -EINVAL);
        assert_int_equal(evidence_manifest_read("", MANIFEST_BYTES_MAX + 1, NULL, NULL), -EFBIG);
        struct evidence_manifest manifest = sound();
        char *text;
        manifest.file_count = 0;
        assert_int_equal(evidence_manifest_write(&manifest, &text, NULL), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_and_back),
                cmocka_unit_test(the_window),
                cmocka_unit_test(what_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
