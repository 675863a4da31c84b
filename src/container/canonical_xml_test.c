/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/canonical_xml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* The expected texts were compared once with what `xmllint --c14n` makes of the same elements. */
static void check(const char *document, int expected, const char *canonical)
{
        struct buffer text = buffer_make(1 << 16);
        assert_int_equal(canonical_xml_part(document, strlen(document), "x", &text), expected);
        if (expected == 0) {
                assert_int_equal(buffer_append_u8(&text, 0), 0);
                assert_string_equal((char *)text.bytes, canonical);
        }
        buffer_free(&text);
}

static void test_one_writing(void **state)
{
        (void)state;
        check("<?xml version=\"1.0\"?><r><a Id='x'   b=\"1\"\n/></r>", 0, "<a Id=\"x\" b=\"1\"></a>");
        check("<a z='1' Id='x' c='&quot;&lt;&#9;>'>&amp;&gt;&#13;<!-- no --><![CDATA[<]]>\r\n</a>", 0,
                "<a Id=\"x\" c=\"&quot;&lt;&#x9;>\" z=\"1\">&amp;&gt;&#xD;&lt;\n</a>");
}

static void test_namespaces_in_scope_are_written_once(void **state)
{
        (void)state;
        check("<r xmlns='u:d' xmlns:q='u:q' xmlns:p='u:p'><p:a Id='x' q:t='1' p:s='2'><b xmlns:p='u:p' "
              "xmlns:q='u:z'/></p:a></r>",
                0,
                "<p:a xmlns=\"u:d\" xmlns:p=\"u:p\" xmlns:q=\"u:q\" Id=\"x\" p:s=\"2\" q:t=\"1\"><b "
                "xmlns:q=\"u:z\"></b></p:a>");
        check("<r xmlns='u:d'><a xmlns='' Id='x'><b xmlns='u:e'><c xmlns=''/></b></a></r>", 0,
                "<a Id=\"x\"><b xmlns=\"u:e\"><c xmlns=\"\"></c></b></a>");
}

static void test_what_is_not_told(void **state)
{
        (void)state;
        check("<r/>", -ENOENT, NULL);
        check("<r><a Id='x'/><a Id='x'/></r>", -EBADMSG, NULL);
        check("<r xml:lang='de'><a Id='x'/></r>", -EBADMSG, NULL);
        check("<!DOCTYPE r><r><a Id='x'/></r>", -EBADMSG, NULL);
        check("<r><a Id='x'>", -EBADMSG, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_writing),
                cmocka_unit_test(test_namespaces_in_scope_are_written_once),
                cmocka_unit_test(test_what_is_not_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
