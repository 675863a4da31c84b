/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/finding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void test_only_a_fatal_finding_refuses(void **state)
{
        struct findings findings = {0};

        (void)state;
        findings_add(&findings, FINDING_HELD, "first", "a", "held");
        findings_add(&findings, FINDING_REMARK, "second", "b", "differs by %d", 3);
        assert_true(findings_hold(&findings));
        assert_int_equal(findings_refuse(&findings, "third", "c", "wrong"), -EBADMSG);
        assert_false(findings_hold(&findings));
        assert_string_equal(findings_find(&findings, "second")->sentence, "differs by 3");
        assert_null(findings_find(&findings, "fourth"));
        findings_soften(&findings, 2);
        assert_true(findings_hold(&findings));
        assert_int_equal(findings.remarked, 2);
        findings_free(&findings);
}

static void test_what_is_not_kept_still_refuses(void **state)
{
        struct findings findings = {0};
        struct buffer text = buffer_make(1 << 20);

        (void)state;
        for (int i = 0; i < FINDINGS_MAX; i++)
                findings_add(&findings, FINDING_REMARK, "many", "a", "one");
        (void)findings_refuse(&findings, "last", "b", "wrong");
        assert_int_equal(findings.count, FINDINGS_MAX);
        assert_int_equal(findings.dropped, 1);
        assert_false(findings_hold(&findings));
        findings_soften(&findings, 0); /* what was not kept cannot be softened */
        assert_false(findings_hold(&findings));
        assert_int_equal(findings_write(&findings, &text), 0);
        assert_int_equal(buffer_append_u8(&text, 0), 0);
        assert_non_null(strstr((char *)text.bytes, "1 more findings were not kept"));
        buffer_free(&text);
        findings_free(&findings);
}

static void test_nothing_moves_the_cursor(void **state)
{
        struct findings findings = {0};

        (void)state;
        findings_add(&findings, FINDING_HELD, "a", "x\033[2J", "b\r\n\xc2\x9b y \xc3\xa9");
        assert_string_equal(findings.list[0].place, "x?[2J");
        assert_string_equal(findings.list[0].sentence, "b???? y \xc3\xa9");
        findings_free(&findings);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_a_fatal_finding_refuses),
                cmocka_unit_test(test_what_is_not_kept_still_refuses),
                cmocka_unit_test(test_nothing_moves_the_cursor),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
