/* SPDX-License-Identifier: EUPL-1.2 */
/* syslog_lines_test SOURCE_FOLDER: every genuine line of a vendor, where they are present, and the event that
 * must come out of it. Lines without a time of their own get a header here. */
#include "wire/syslog_fixture_test.h"

#include <stdlib.h>

#define SKIPPED 77
#define LINE_LONGEST 8192

/* By the family's name in the file and the number of the line among those of that name. */
static const struct expectation {
        const char *vendor;
        unsigned number;
        const char *events; /* one per line; "": the line is sound and binds nothing */
} expectations[] = {
        {"juniper-srx/mx-pba", 1,
                "block open 2022-04-04T14:45:38.000Z 0 10.0.10.10 > 1.2.84.172:48640-48895"},
        {"juniper-srx/mx-pba", 2,
                "block alive 2022-04-04T14:45:38.000Z 0 10.0.10.10 > 1.2.84.172:48640-48895"},
        {"juniper-srx/mx-pba", 3,
                "block close 2022-04-04T15:20:39.999Z 0 10.0.10.10 > 1.2.84.172:48640-48895"},
        {"juniper-srx-flow", 1,
                "session close 2019-04-12T14:29:06.576Z 6 10.3.255.203:47776 > 10.3.136.49:19162-19162 to "
                "67.43.156.15:80"},
        {"juniper-ms-mpc", 1,
                "session open 2026-07-06T12:00:00.000Z 17 24.0.0.2:18575 > 198.51.100.17:1048-1048 to "
                "23.0.0.2:63"},
        {"juniper-ms-mpc", 2, ""},
        {"a10-pba-v2", 1, "block open 2026-07-06T12:05:37.000Z 0 100.104.128.32 > 62.45.100.176:11777-12288"},
        {"6wind", 1, "block open 2026-06-11T06:03:09.000Z 6 100.64.0.1 > 192.0.2.33:1-512"},
        {"6wind", 2, "block close 2026-06-11T06:07:30.999Z 6 100.64.0.1 > 192.0.2.33:1-512"},
        {"6wind", 3,
                "session open 2026-06-14T10:17:35.000Z 6 10.100.0.1:4241 > 10.175.0.3:10752-10752 to "
                "10.200.0.1:33815"},
        {"nfware", 1, "block open 2026-07-06T12:00:00.000Z 0 10.0.0.1 > 100.64.0.1:1024-1535"},
        {"nfware", 2,
                "session open 2026-07-06T12:00:00.000Z 6 10.0.0.1:57938 > 100.64.0.1:28475-28475 to "
                "185.165.123.206:443"},
        {"huawei-ne-type3", 1, "session open 2020-01-17T10:05:55.000Z 17 10.1.1.2:0 > 172.16.1.1:1025-1025"},
        {"huawei-ne-type3", 2, "session close 2020-01-17T10:06:03.999Z 17 10.1.1.2:0 > 172.16.1.1:1025-1025"},
        {"huawei-ne-nat64", 1,
                "session open 2020-01-17T16:11:27.000Z 17 2001:db8:1::2:2:0 > 10.11.11.100:2048-2048"},
        {"fortinet-np7", 1,
                "session open 2022-10-06T00:29:32.000Z 6 10.1.100.11:40836 > 172.16.201.182:8117-8117 to "
                "172.16.200.155:80"},
        {"fortinet-np7", 2,
                "session alive 2022-10-06T00:29:34.064Z 6 10.1.100.11:40836 > 172.16.201.182:8117-8117 to "
                "172.16.200.155:80\n"
                "session close 2022-10-06T00:29:35.999Z 6 10.1.100.11:40836 > 172.16.201.182:8117-8117 to "
                "172.16.200.155:80"},
        {"cisco-iosxe", 1,
                "session open 2026-05-21T12:00:01.123Z 17 192.168.0.11:44593 > 192.168.0.11:21129-21129 to "
                "192.168.0.11:53"},
        {"mikrotik", 1,
                "session alive 2026-07-06T12:00:00.000Z 17 10.0.0.3:51258 > 203.0.113.10:51258-51258 to "
                "1.1.1.1:53"},
        {"mikrotik", 2, ""}, /* before the translation: nothing tells the outside endpoint */
        {"jool-bib", 1, "mapping open 2015-04-08T16:13:02.000Z 17 2001:db8::5:19945 > 192.0.2.2:8208-8208"},
        {"jool-session", 1,
                "session open 2015-04-08T17:01:47.000Z 6 1::5:47073 > 192.0.2.2:63527-63527 to 192.0.2.5:80"},
        {"h3c/hp", 1,
                "session open 2005-07-07T02:20:03.000Z 1 192.168.1.6:768 > 1.1.1.1:12288-12288 to 2.2.2.2:0"},
        {"citrix", 1,
                "session open 2016-02-02T01:13:01.000Z 6 1.1.1.1:6500 > 8.8.8.8:47902-47902 to 2.2.2.2:80"},
};

#define EXPECTATION_COUNT (sizeof expectations / sizeof expectations[0])

static unsigned failures;

static void fail_line(const char *line, const char *what)
{
        printf("%s\n  %s\n", line, what);
        failures++;
}

static void check_line(const char *line, const struct expectation *expected)
{
        struct slice rest = slice_of(expected->events);
        size_t at = 0;

        if (c.refused_count)
                fail_line(line, c.last_detail);
        for (; rest.length; at++) {
                struct slice event = slice_cut(&rest, '\n');
                const char *got = at < c.event_count ? fixture_event(&c.events[at]) : "nothing";
                if (!slice_is(event, got))
                        fail_line(line, got);
        }
        if (c.event_count != at)
                fail_line(line, "another number of events");
}

/* What is bare in the file gets a time. */
static void read_line(const char *text)
{
        char line[LINE_LONGEST + 64];
        struct text_options options = fixture_options();
        bool is_bare = text[0] == '{' || strncmp(text, "A VRF", 5) == 0 || strncmp(text, "A|", 2) == 0;

        snprintf(line, sizeof line, "%s%s\n", is_bare ? "Jul  6 14:00:00 nat1 " : "", text);
        collected_free(&c);
        if (collect(&text_format_syslog, &options, slice_of(line), &c) < 0)
                exit(1);
}

int main(int argc, char **argv)
{
        char path[4096], line[LINE_LONGEST];
        unsigned met = 0, numbers[EXPECTATION_COUNT] = {0};

        snprintf(path, sizeof path, "%s/../shared/data/syslog/vendor-lines.tsv", argc > 1 ? argv[1] : ".");
        FILE *file = fopen(path, "r");
        if (!file) {
                printf("SKIP: %s is not there\n", path);
                return SKIPPED;
        }
        while (fgets(line, sizeof line, file)) {
                struct slice rest = slice_of(line), vendor = slice_cut(&rest, '\t');
                slice_cut(&rest, '\t');
                char *text = line + (rest.text - line);
                text[strcspn(text, "\n")] = '\0';
                for (size_t i = 0, number = 0; i < EXPECTATION_COUNT; i++) {
                        if (!slice_is(vendor, expectations[i].vendor))
                                continue;
                        if (number == 0)
                                number = ++numbers[i];
                        if (expectations[i].number != number)
                                continue;
                        read_line(text);
                        check_line(text, &expectations[i]);
                        met++;
                }
        }
        fclose(file);
        collected_free(&c);
        printf("%u lines, %u failed\n", met, failures);
        return failures || met != EXPECTATION_COUNT;
}
