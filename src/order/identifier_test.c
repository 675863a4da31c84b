/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier.h"

#include "order/form.h"
#include "order/local_zone_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct local_zone vienna;

static struct identifier_source_text source_of(const char *text)
{
        struct identifier_source_text source = {
                .text = slice_of(text), .title = "forum.log", .zone = &vienna};

        memset(source.digest, 0x11, sizeof source.digest);
        return source;
}

static struct identifier empty(void)
{
        struct identifier identifier;

        memset(&identifier, 0, sizeof identifier);
        model_init(&identifier_type, &identifier);
        return identifier;
}

static struct identifier reads(const char *text, enum identifier_kind kind)
{
        struct identifier identifier = empty();
        struct identifier_source_text source = source_of(text);
        struct error error = {.code = 0};

        if (identifier_paste(&source, 0, strlen(text), kind, &identifier, &error) < 0) {
                print_error("\"%s\": %s\n", text, error.text);
                fail();
        }
        return identifier;
}

static void drop(struct identifier *identifier)
{
        model_free(&identifier_type, identifier);
}

static void refuses(const char *text, enum identifier_kind kind, const char *words)
{
        struct identifier identifier = empty();
        struct identifier_source_text source = source_of(text);
        struct error error = {.code = 0};
        int r = identifier_paste(&source, 0, strlen(text), kind, &identifier, &error);

        if (r >= 0)
                print_error("\"%s\" was read as %s\n", text, identifier.value);
        assert_true(r == -EINVAL || r == -ERANGE);
        if (!strstr(error.text, words))
                print_error("\"%s\": %s\n", text, error.text);
        assert_non_null(strstr(error.text, words));
        assert_false(model_part_is_given(&identifier_type, &identifier));
}

static void is_value(
        const char *text, enum identifier_kind kind, enum identifier_kind found, const char *value)
{
        struct identifier identifier = reads(text, kind);

        assert_int_equal(identifier.kind, found);
        assert_string_equal(identifier.value, value);
        drop(&identifier);
}

static void is_endpoint(const char *text, const char *value, int64_t port, int64_t protocol, const char *at)
{
        struct identifier identifier = reads(text, IDENTIFIER_NONE);

        assert_string_equal(identifier.value, value);
        assert_int_equal(identifier.source_port, port);
        assert_int_equal(identifier.protocol, protocol);
        assert_true(identifier.from_ms == (at ? AT(at) : TIME_UNKNOWN));
        drop(&identifier);
}

static void test_addresses_with_port_protocol_and_time(void **state)
{
        (void)state;
        is_endpoint("2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp", "198.51.100.7", 40211, 6,
                "2026-11-11T10:00:00Z");
        is_endpoint("198.51.100.7 port 40211 udp at 2026-11-11 11:00:00 +0100.", "198.51.100.7", 40211, 17,
                "2026-11-11T10:00:00Z");
        is_endpoint("198.51.100.7 - - [11/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 512",
                "198.51.100.7", MODEL_UNSTATED, MODEL_UNSTATED, "2026-11-11T10:00:00Z");
        is_endpoint("src=198.51.100.7 sport=40211 dst=203.0.113.9 dport=443 proto=6 "
                    "time=2026-11-11T10:00:00.123Z",
                "198.51.100.7", 40211, 6, "2026-11-11T10:00:00.123Z");
        is_endpoint("198.51.100.7:40211->203.0.113.9:443 tcp, 11.11.2026 10:00:00 UTC", "198.51.100.7", 40211,
                6, "2026-11-11T10:00:00Z");
        is_endpoint(
                "[2001:DB8::1]:443/tcp 2026-11-11T10:00:00Z", "2001:db8::1", 443, 6, "2026-11-11T10:00:00Z");
        is_endpoint("2001:db8:0:0::1 2026-11-11T10:00:00Z", "2001:db8::1", MODEL_UNSTATED, MODEL_UNSTATED,
                "2026-11-11T10:00:00Z");
        is_endpoint("::ffff:198.51.100.7 2026-11-11T10:00:00Z", "198.51.100.7", MODEL_UNSTATED,
                MODEL_UNSTATED, "2026-11-11T10:00:00Z");
        struct identifier reached = reads("198.51.100.7:40211 -> 203.0.113.9:443", IDENTIFIER_IPV4);
        assert_int_equal(reached.destination_port, 443);
        assert_int_equal(address_ipv4(&reached.destination), 0xcb007109);
        drop(&reached);
        is_value("198.51.100.0/30 2026-11-11T10:00:00Z", IDENTIFIER_NONE, IDENTIFIER_IP_RANGE,
                "198.51.100.0-198.51.100.3");
        is_value("198.51.100.4-198.51.100.9", IDENTIFIER_NONE, IDENTIFIER_IP_RANGE,
                "198.51.100.4-198.51.100.9");
        is_value("2001:db8::/64", IDENTIFIER_NONE, IDENTIFIER_IP_RANGE,
                "2001:db8::-2001:db8::ffff:ffff:ffff:ffff");
}

static void test_what_looks_like_an_address_but_is_none_is_refused(void **state)
{
        (void)state;
        refuses("198.51.100.300:1 2026-11-11T10:00:00Z", IDENTIFIER_NONE, "198.51.100.300");
        refuses("198.51.100.7:65536", IDENTIFIER_NONE, "65536");
        refuses("198.51.100.7:0", IDENTIFIER_NONE, "port 0");
        refuses("198.51.100.7 port 0", IDENTIFIER_NONE, "no port");
        refuses("198.51.100.07", IDENTIFIER_NONE, "198.51.100.07");
        refuses("2001:db8::1::2", IDENTIFIER_NONE, "2001:db8");
        refuses("2001:db8:::1", IDENTIFIER_NONE, "2001:db8");
        refuses("::", IDENTIFIER_NONE, "nobody");
        refuses("198.51.100.7 198.51.100.8", IDENTIFIER_NONE, "two identifiers");
        refuses("198.51.100.7:1 port 2", IDENTIFIER_NONE, "two different ports");
        refuses("198.51.100.7/tcp udp", IDENTIFIER_NONE, "two different protocols");
        refuses("198.51.100.1/30", IDENTIFIER_NONE, "198.51.100.1");
        refuses("198.51.100.9-198.51.100.4", IDENTIFIER_NONE, "first address comes before");
        refuses("198.51.100.7", IDENTIFIER_IPV6, "not");
        refuses("hello world", IDENTIFIER_NONE, "nothing in it is an identifier");
        refuses("", IDENTIFIER_NONE, "1 to 4096");
        refuses("198.51.100.7\x01", IDENTIFIER_NONE, "control");
}

/* An excerpt that is cut too short names somebody else. */
static void test_an_excerpt_never_cuts_a_word(void **state)
{
        const char *text =
                "at 2026-11-11T11:00:00+01:00 from 198.51.100.71:4021, mail o'brien@example.org x. "
                "tel +43 1 5551234 200 https://example.org/a,b";
        struct identifier_source_text source = source_of(text);
        struct identifier identifier = empty();
        struct error error = {.code = 0};
        static const struct {
                const char *part;
                int result;
        } parts[] = {
                {"198.51.100.71:4021", 0},
                {"198.51.100.71:402", -EINVAL},
                {"198.51.100.71", -EINVAL}, /* the port belongs to it */
                {"198.51.100.7", -EINVAL},
                {"98.51.100.71:4021", -EINVAL},
                {"2026-11-11T11:00:00+01:00 from 198.51.100.71:4021", 0},
                {"11-11T11:00:00+01:00 from 198.51.100.71:4021", -EINVAL},
                {"brien@example.org", -EINVAL}, /* the mark is part of the name */
                {"+43 1 5551234", -EINVAL},     /* digits follow */
                {"https://example.org/a", -EINVAL},
                {"https://example.org/a,b", 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                const char *at = strstr(text, parts[i].part);
                int r = identifier_paste(&source, (size_t)(at - text), strlen(parts[i].part), IDENTIFIER_NONE,
                        &identifier, &error);
                if (r != parts[i].result)
                        print_error("%s: %d %s\n", parts[i].part, r, error.text);
                assert_int_equal(r, parts[i].result);
        }
        assert_int_equal(
                identifier_paste(&source, strlen(text), 1, IDENTIFIER_NONE, &identifier, NULL), -EINVAL);
        drop(&identifier);
}

static void test_requirement_06_naive_time_is_refused(void **state)
{
        (void)state;
        refuses("198.51.100.7:4021 2026-11-11T11:00:00", IDENTIFIER_NONE, "states no offset");
        refuses("198.51.100.7:4021 2026-11-11 11:00:00", IDENTIFIER_NONE, "2026-11-11T11:00:00.000+01:00");
        refuses("198.51.100.7:4021 2026-10-25 02:30:00", IDENTIFIER_NONE, "twice");
        refuses("198.51.100.7:4021 2026-03-29 02:30:00", IDENTIFIER_NONE, "never showed it");
        refuses("198.51.100.7:4021 2026-11-11 11:00:00 CET", IDENTIFIER_NONE, "CET is no offset");
        refuses("198.51.100.7:4021 2026-11-11T11:00:00 IST", IDENTIFIER_NONE, "IST is no offset");
        refuses("198.51.100.7:4021 03/04/2026 11:00:00 +0100", IDENTIFIER_NONE, "day and month");
        refuses("198.51.100.7:4021 2026-11-31T11:00:00Z", IDENTIFIER_NONE, "there is no");
        refuses("198.51.100.7:4021 2026-11-11T24:00:00Z", IDENTIFIER_NONE, "there is no");
        refuses("198.51.100.7:4021 2026-11-11T11:00:00+25:00", IDENTIFIER_NONE, "no offset");
        refuses("198.51.100.7:4021 2026-11-11 11:00:00 UTC +2", IDENTIFIER_NONE, "two offsets");
        refuses("198.51.100.7:4021 2026-11-11T11:00:00Z 2026-11-11T12:00:00Z", IDENTIFIER_NONE, "two times");
        refuses("198.51.100.7:4021 2026-11-11T12:00:00Z - 2026-11-11T11:00:00Z", IDENTIFIER_NONE,
                "before its");
}

static uint64_t warnings_of(const char *text)
{
        struct identifier identifier = reads(text, IDENTIFIER_NONE);
        uint64_t warnings = identifier.warnings;

        drop(&identifier);
        return warnings;
}

static void test_requirement_06_clock_changes_are_flagged(void **state)
{
        (void)state;
        assert_true(warnings_of("198.51.100.7:4021/tcp 2026-10-25T02:30:00+02:00") ==
                    WORD_BIT(WARNING_DST_OVERLAP));
        assert_true(warnings_of("198.51.100.7:4021/tcp 2026-10-25T02:30:00+01:00") ==
                    WORD_BIT(WARNING_DST_OVERLAP));
        assert_true(
                warnings_of("198.51.100.7:4021/tcp 2026-03-29T02:30:00+01:00") == WORD_BIT(WARNING_DST_GAP));
        assert_true(
                warnings_of("198.51.100.7:4021/tcp 2026-03-29T02:30:00+02:00") == WORD_BIT(WARNING_DST_GAP));
        assert_true(warnings_of("198.51.100.7:4021/tcp 2026-07-11T11:00:00+01:00") ==
                    WORD_BIT(WARNING_ZONE_DISAGREES));
        assert_true(warnings_of("198.51.100.7:4021/tcp 2026-07-11T11:00:00+02:00") == 0);
        assert_true(warnings_of("198.51.100.7:4021/tcp 2026-10-25T00:30:00Z") == 0);
}

static void test_requirement_06_source_utc_and_local_time_stand_side_by_side(void **state)
{
        struct identifier identifier = reads("198.51.100.7:4021 2026-11-11 05:00:00 -0500", IDENTIFIER_NONE);
        char text[256];

        (void)state;
        assert_string_equal(identifier_time_words(&identifier, &vienna, text, sizeof text),
                "\"2026-11-11 05:00:00 -0500\" in the source; 2026-11-11T10:00:00.000Z UTC; "
                "2026-11-11T11:00:00.000+01:00 Europe/Vienna");
        assert_int_equal(identifier.offset_s, -18000);
        identifier_time_words(&identifier, &vienna, text, 60);
        assert_int_equal(strlen(text), 59);
        drop(&identifier);
        identifier =
                reads("198.51.100.7:4021 2026-11-11 11:00+01:00 to 2026-11-11 11:05+01:00", IDENTIFIER_NONE);
        assert_true(identifier.from_ms == AT("2026-11-11T10:00:00Z"));
        assert_true(identifier.to_ms == AT("2026-11-11T10:05:59.999Z"));
        assert_true(identifier.warnings & WORD_BIT(WARNING_SECOND_RESOLUTION));
        drop(&identifier);
}

static void test_requirement_08_an_address_without_a_port_is_warned_of(void **state)
{
        (void)state;
        assert_true(warnings_of("198.51.100.7 2026-11-11T10:00:00Z") == WORD_BIT(WARNING_NO_PORT));
        assert_true(warnings_of("198.51.100.7:40211 2026-11-11T10:00:00Z") == WORD_BIT(WARNING_NO_PROTOCOL));
        assert_true(
                warnings_of("198.51.100.7:443/tcp 2026-11-11T10:00:00Z") == WORD_BIT(WARNING_RESERVED_PORT));
        assert_true(warnings_of("100.64.0.1:40211/tcp 2026-11-11T10:00:00Z") ==
                    WORD_BIT(WARNING_SPECIAL_ADDRESS));
        assert_true(warnings_of("fe80::1 2026-11-11T10:00:00Z") == WORD_BIT(WARNING_SPECIAL_ADDRESS));
        assert_true(warnings_of("198.51.100.7:40211/tcp") == WORD_BIT(WARNING_NO_TIME));
        assert_true(warnings_of("2001:DB8::1 2026-11-11T10:00:00Z") == WORD_BIT(WARNING_SOURCE_CHANGED_FORM));
}

static void test_requirement_07_identifiers_are_validated(void **state)
{
        (void)state;
        is_value("490154203237518", IDENTIFIER_NONE, IDENTIFIER_IMEI, "490154203237518");
        is_value("49-015420-323751-8", IDENTIFIER_IMEI, IDENTIFIER_IMEI, "490154203237518");
        refuses("490154203237519", IDENTIFIER_IMEI, "check digit");
        refuses("490154203237581", IDENTIFIER_NONE, "check digit"); /* two digits changed places */
        refuses("49015420323751", IDENTIFIER_IMEI, "no");
        is_value("00:11:22:AA:bb:cc", IDENTIFIER_NONE, IDENTIFIER_MAC, "00:11:22:aa:bb:cc");
        is_value("0011.22aa.bbcc", IDENTIFIER_NONE, IDENTIFIER_MAC, "00:11:22:aa:bb:cc");
        refuses("01-11-22-aa-bb-cc", IDENTIFIER_NONE, "group address");
        refuses("00:11:22:aa:bb:cg", IDENTIFIER_MAC, "nothing in it is a MAC");
        is_value("+4315551234", IDENTIFIER_NONE, IDENTIFIER_PHONE, "+4315551234");
        is_value("+43 (1) 555-1234", IDENTIFIER_PHONE, IDENTIFIER_PHONE, "+4315551234");
        refuses("+43 1 5551234", IDENTIFIER_NONE, "where the telephone number ends");
        refuses("+43 (0) 1 5551234", IDENTIFIER_PHONE, "zero in parentheses");
        refuses("+0155512345", IDENTIFIER_PHONE, "country code");
        refuses("+1234567890123456", IDENTIFIER_PHONE, "no");
        refuses("01 5551234", IDENTIFIER_PHONE, "nothing in it is a telephone");
        is_value("Anna.B@Example.ORG", IDENTIFIER_NONE, IDENTIFIER_EMAIL, "Anna.B@example.org");
        is_value("user=anna@example.org,", IDENTIFIER_NONE, IDENTIFIER_EMAIL, "anna@example.org");
        is_value("<anna@example.org>", IDENTIFIER_NONE, IDENTIFIER_EMAIL, "anna@example.org");
        refuses("o'brien@example.org", IDENTIFIER_NONE, "begins");
        refuses("x=brien@example.org", IDENTIFIER_NONE, "begins");
        refuses("anna@example", IDENTIFIER_EMAIL, "no e-mail");
        refuses("a..b@example.org", IDENTIFIER_EMAIL, "no e-mail");
        refuses("@example.org", IDENTIFIER_EMAIL, "no e-mail");
        is_value("https://example.org/a?b=c,d", IDENTIFIER_NONE, IDENTIFIER_SERVICE_URL,
                "https://example.org/a?b=c,d");
        refuses("https://bank.example@203.0.113.9/", IDENTIFIER_SERVICE_URL, "before its host");
        refuses("https:///a", IDENTIFIER_SERVICE_URL, "no address of a page");
        is_value(" Anna B. ", IDENTIFIER_USER_ID, IDENTIFIER_USER_ID, "Anna B.");
        assert_true(digits_have_luhn("79927398713", 11));
        assert_false(digits_have_luhn("79927398710", 11));
        assert_false(digits_have_luhn("", 0));
}

static void test_requirement_07_an_identifier_is_held_against_its_source(void **state)
{
        const char *text = "first line\n2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp\n";
        struct identifier_source_text source = source_of(text);
        struct identifier identifier = empty();
        struct error error = {.code = 0};

        (void)state;
        assert_int_equal(
                identifier_paste(&source, 11, strlen(text) - 12, IDENTIFIER_NONE, &identifier, &error), 0);
        assert_int_equal(identifier.source.line, 2);
        assert_int_equal(identifier.source.place, 11);
        assert_string_equal(identifier.source.title, "forum.log");
        assert_int_equal(identifier.entry, ENTRY_PASTED);
        assert_int_equal(identifier_check_source(&identifier, &source, &error), 0);
        identifier.source_port++;
        assert_int_equal(identifier_check_source(&identifier, &source, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "source port"));
        identifier.source_port--;
        identifier.from_ms += TIME_HOUR;
        assert_int_equal(identifier_check_source(&identifier, &source, &error), -EBADMSG);
        identifier.from_ms -= TIME_HOUR;
        identifier.source.place++;
        assert_int_equal(identifier_check_source(&identifier, &source, &error), -EBADMSG);
        identifier.source.place--;
        source.digest[0] ^= 1;
        assert_int_equal(identifier_check_source(&identifier, &source, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "SHA-256"));
        drop(&identifier);
}

static void test_requirement_07_retyping_needs_a_second_person(void **state)
{
        struct identifier identifier = empty();
        struct error error = {.code = 0};
        struct slice text = slice_of("198.51.100.7:40211/tcp 2026-11-11T11:00:00+01:00");

        (void)state;
        assert_int_equal(
                identifier_retype(text, IDENTIFIER_NONE, &vienna, "anna", &identifier, &error), -EINVAL);
        assert_int_equal(
                identifier_retype(text, IDENTIFIER_NONE, &vienna, "anna@at-court", &identifier, &error), 0);
        assert_int_equal(identifier.entry, ENTRY_RETYPED);
        assert_string_equal(identifier.typed_by, "anna@at-court");
        assert_int_equal(identifier_compare(&identifier, text, &vienna, "anna@at-court", &error), -EPERM);
        assert_int_equal(
                identifier_compare(&identifier, slice_of("198.51.100.7:40212/tcp 2026-11-11T11:00:00+01:00"),
                        &vienna, "ben@at-court", &error),
                -EBADMSG);
        assert_string_equal(identifier.compared_by, "");
        assert_int_equal(identifier_compare(&identifier, text, &vienna, "ben@at-court", &error), 0);
        assert_string_equal(identifier.compared_by, "ben@at-court");
        drop(&identifier);
}

struct tally {
        int good, bad;
        uint64_t bad_line;
};

static int count(void *context, uint64_t line, size_t place, size_t length, int r,
        struct identifier *identifier, const struct error *error)
{
        struct tally *tally = context;

        (void)place;
        (void)length;
        if (r == 0) {
                tally->good++;
                assert_int_equal(identifier->source.line, line);
        } else {
                tally->bad++;
                tally->bad_line = line;
                assert_true(*error->text);
        }
        return 0;
}

static void test_a_bad_line_does_not_cost_the_good_ones(void **state)
{
        struct identifier_source_text source = source_of("198.51.100.7:1025/tcp 2026-11-11T10:00:00Z\r\n\n"
                                                         "198.51.100.8:1025/tcp 2026-11-11 10:00:00\n"
                                                         "198.51.100.9:1025/tcp 2026-11-11T10:00:00Z");
        struct tally tally = {.good = 0};

        (void)state;
        assert_int_equal(identifier_scan(&source, IDENTIFIER_IPV4, count, &tally, NULL), 0);
        assert_int_equal(tally.good, 2);
        assert_int_equal(tally.bad, 1);
        assert_int_equal(tally.bad_line, 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_addresses_with_port_protocol_and_time),
                cmocka_unit_test(test_what_looks_like_an_address_but_is_none_is_refused),
                cmocka_unit_test(test_an_excerpt_never_cuts_a_word),
                cmocka_unit_test(test_requirement_06_naive_time_is_refused),
                cmocka_unit_test(test_requirement_06_clock_changes_are_flagged),
                cmocka_unit_test(test_requirement_06_source_utc_and_local_time_stand_side_by_side),
                cmocka_unit_test(test_requirement_07_identifiers_are_validated),
                cmocka_unit_test(test_requirement_07_an_identifier_is_held_against_its_source),
                cmocka_unit_test(test_requirement_07_retyping_needs_a_second_person),
                cmocka_unit_test(test_requirement_08_an_address_without_a_port_is_warned_of),
                cmocka_unit_test(test_a_bad_line_does_not_cost_the_good_ones),
        };
        vienna = vienna_zone();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
