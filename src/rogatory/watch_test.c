/* SPDX-License-Identifier: EUPL-1.2 */
/* What `rogatory top` makes of a node's numbers, and that it fits into any screen. */
#include "rogatory/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXPORTERS 40u

static struct error error;
static struct buffer page, text;

/* A node with many exporters at `seconds`, each of which gets `number` more messages per second. */
static void make_page(int64_t seconds, int64_t started, unsigned exporters)
{
        buffer_clear(&page);
        buffer_printf(&page,
                "{\"now\":%lld.250,\"collector\":{\"journal_next\":101,\"journal_released\":60,"
                "\"journal_durable\":100,\"taking\":1,\"stops\":0,\"started\":%lld},\"store\":{\"events\":7,"
                "\"hour\":3600.000,\"shares\":[[1,5],[16,2],[17,1],[128,3]],\"worst\":[{\"address\":"
                "\"203.0.113.7\",\"users\":900},{\"address\":\"203.0.113.8\",\"users\":200}]},\"listeners\":"
                "[",
                (long long)seconds, (long long)started);
        for (unsigned i = 0; i < 8; i++)
                buffer_printf(&page, "%s{\"name\":\"listener-%u\",\"transport\":\"udp\",\"received\":%lld}",
                        i ? "," : "", i, (long long)seconds * 3);
        buffer_append_text(&page, "],\"exporters\":[");
        for (unsigned i = 0; i < exporters; i++)
                buffer_printf(&page,
                        "%s{\"name\":\"cgn-with-a-name-that-is-rather-long-%u\",\"messages\":%lld,\"events\":"
                        "%lld,\"lost\":%lld,\"last_heard\":%lld,\"clock_offset_least\":-0.003,"
                        "\"clock_offset_most\":%s,\"refused\":{\"bad-value\":%u,\"bad-line\":2}}",
                        i ? "," : "", i, (long long)seconds * i, (long long)seconds * 1000 * i,
                        i == 3 ? (long long)seconds : 0LL, (long long)(i == 5 ? seconds - 90 : seconds),
                        i == 7 ? "2.500" : "0.001", i);
        buffer_append_text(&page, "]}");
        assert_int_equal(page.failed, 0);
}

static void read_page(struct watch_reading *ret)
{
        if (watch_read(slice_make((const char *)page.bytes, page.length), ret, &error) < 0)
                fail_msg("%s", error.text);
}

/* Two looks, ten seconds apart. */
static void read_twice(struct watch_reading *ret, unsigned exporters)
{
        struct watch_reading before;

        make_page(1000, 500, exporters);
        read_page(&before);
        watch_sort(&before, WATCH_BY_RATE);
        make_page(1010, 500, exporters);
        read_page(ret);
        watch_compare(ret, &before);
        watch_free(&before);
}

static const struct watch_exporter *exporter_of(const struct watch_reading *reading, unsigned number)
{
        char name[64];

        snprintf(name, sizeof name, "cgn-with-a-name-that-is-rather-long-%u", number);
        for (size_t i = 0; i < reading->exporter_count; i++)
                if (strcmp(reading->exporters[i].name, name) == 0)
                        return &reading->exporters[i];
        fail_msg("%s is not there", name);
        return NULL;
}

static int setup(void **state)
{
        (void)state;
        page = buffer_make(64u << 20);
        text = buffer_make(64u << 20);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        buffer_free(&page);
        buffer_free(&text);
        return 0;
}

static void test_reading(void **state)
{
        struct watch_reading reading;

        (void)state;
        make_page(1000, 500, EXPORTERS);
        read_page(&reading);
        assert_int_equal(reading.now_ms, 1000250);
        assert_int_equal(reading.collector.started_ms, 500000);
        assert_int_equal(reading.exporter_count, EXPORTERS);
        assert_int_equal(exporter_of(&reading, 9)->refused, 11);
        assert_int_equal(exporter_of(&reading, 9)->offset_least_ms, -3);
        /* What is not told is not known. */
        assert_int_equal(exporter_of(&reading, 9)->gaps, -1);
        assert_int_equal(reading.store.held_bytes, -1);
        assert_true(reading.store.last_merge_ms == TIME_UNKNOWN);
        assert_true(exporter_of(&reading, 9)->message_rate < 0);
        assert_int_equal(watch_addresses(&reading), 11);
        assert_int_equal(watch_over(&reading, 16), 4);
        assert_int_equal(watch_over(&reading, 15), 6);
        assert_int_equal(watch_over(&reading, WATCH_LIMIT_MAX), 3);
        watch_free(&reading);
}

static void test_since_the_look_before(void **state)
{
        struct watch_reading reading, anew;

        (void)state;
        read_twice(&reading, EXPORTERS);
        assert_true(exporter_of(&reading, 12)->message_rate == 12);
        assert_true(exporter_of(&reading, 12)->event_rate == 12000);
        assert_int_equal(exporter_of(&reading, 12)->newly_missed, 0);
        assert_int_equal(exporter_of(&reading, 3)->newly_missed, 10);
        assert_true(reading.listeners[2].message_rate == 3);
        /* A collector that began anew counts from nothing; a look at the same moment tells nothing. */
        make_page(1020, 1015, EXPORTERS);
        read_page(&anew);
        watch_compare(&anew, &reading);
        assert_true(exporter_of(&anew, 12)->message_rate < 0);
        watch_free(&anew);
        make_page(1010, 500, EXPORTERS + 1);
        read_page(&anew);
        watch_compare(&anew, &reading);
        assert_true(exporter_of(&anew, 12)->message_rate < 0);
        watch_free(&anew);
        /* An exporter that was not there before has no rate, the others have. */
        make_page(1020, 500, EXPORTERS + 1);
        read_page(&anew);
        watch_compare(&anew, &reading);
        assert_true(exporter_of(&anew, EXPORTERS)->message_rate < 0);
        assert_true(exporter_of(&anew, 12)->message_rate == 12);
        watch_free(&anew);
        watch_free(&reading);
}

static void test_trouble_comes_first(void **state)
{
        struct watch_reading reading;

        (void)state;
        read_twice(&reading, EXPORTERS);
        assert_string_equal(watch_exporter_trouble(&reading, exporter_of(&reading, 3)), "loses");
        assert_string_equal(watch_exporter_trouble(&reading, exporter_of(&reading, 5)), "silent");
        assert_string_equal(watch_exporter_trouble(&reading, exporter_of(&reading, 7)), "clock");
        assert_null(watch_exporter_trouble(&reading, exporter_of(&reading, 9)));
        watch_sort(&reading, WATCH_BY_TROUBLE);
        assert_ptr_equal(exporter_of(&reading, 3), &reading.exporters[0]);
        assert_ptr_equal(exporter_of(&reading, 7), &reading.exporters[1]);
        assert_ptr_equal(exporter_of(&reading, 5), &reading.exporters[2]);
        assert_ptr_equal(exporter_of(&reading, EXPORTERS - 1), &reading.exporters[3]);
        watch_sort(&reading, WATCH_BY_RATE);
        assert_ptr_equal(exporter_of(&reading, EXPORTERS - 1), &reading.exporters[0]);
        watch_sort(&reading, WATCH_BY_NAME);
        assert_ptr_equal(exporter_of(&reading, 0), &reading.exporters[0]);
        assert_ptr_equal(exporter_of(&reading, 10), &reading.exporters[2]);
        watch_free(&reading);
}

/* --- Layout --- */

static void write_view(const struct watch_view *view, struct watch_place *ret_place)
{
        buffer_clear(&text);
        assert_int_equal(watch_write(view, &text, ret_place), 0);
}

/* Takes the colours out of `text`. How many there were. */
static unsigned strip(void)
{
        unsigned codes = 0;
        size_t kept = 0;

        for (size_t i = 0; i < text.length; i++) {
                if (text.bytes[i] != 0x1b) {
                        text.bytes[kept++] = text.bytes[i];
                        continue;
                }
                while (i < text.length && text.bytes[i] != 'm')
                        i++;
                codes++;
        }
        text.length = kept;
        return codes;
}

static void check_fits(const struct watch_view *view)
{
        unsigned lines = 1, column = 0;

        for (size_t i = 0; i < text.length; i++) {
                assert_true(text.bytes[i] == '\n' || (text.bytes[i] >= ' ' && text.bytes[i] < 0x7f));
                column = text.bytes[i] == '\n' ? 0 : column + 1;
                lines += text.bytes[i] == '\n';
                if (column > view->width || lines > view->height)
                        fail_msg("%u by %u: column %u of line %u", view->width, view->height, column, lines);
        }
}

static void test_every_screen(void **state)
{
        struct watch_reading reading;
        struct watch_view view = {
                .reading = &reading, .node = "[2001:db8::1]:9464", .limit = 16, .has_keys = true};

        (void)state;
        read_twice(&reading, EXPORTERS);
        for (view.height = 1; view.height <= 70; view.height += view.height < 26 ? 1 : 11)
                for (view.width = 1; view.width <= 200; view.width += view.width < 90 ? 1 : 17)
                        for (unsigned more = 0; more < 4; more++) {
                                struct buffer plain;
                                struct watch_place place, place_plain;
                                view.trouble = more & 1 ? "no answer in time" : NULL;
                                view.from = more & 2 ? EXPORTERS - 2 : 0;
                                view.has_colour = false;
                                write_view(&view, &place_plain);
                                assert_int_equal(strip(), 0);
                                check_fits(&view);
                                plain = text;
                                text = buffer_make(1 << 20);
                                /* Colours change nothing but the colours. */
                                view.has_colour = true;
                                write_view(&view, &place);
                                strip();
                                assert_memory_equal(&place, &place_plain, sizeof place);
                                /* The last exporter stands where the page ends. */
                                assert_int_equal(place.first,
                                        more & 2 ? EXPORTERS - (place.shown > 2 ? place.shown : 2) : 0);
                                assert_int_equal(text.length, plain.length);
                                assert_memory_equal(text.bytes, plain.bytes, plain.length);
                                buffer_free(&plain);
                        }
        watch_free(&reading);
}

static void test_of_a_screen_of_80_by_24(void **state)
{
        struct watch_reading reading;
        struct watch_view view = {.reading = &reading,
                .node = "127.0.0.1:9464",
                .width = 80,
                .height = 24,
                .limit = 16,
                .has_keys = true};
        struct watch_place place;

        (void)state;
        read_twice(&reading, EXPORTERS);
        watch_sort(&reading, WATCH_BY_TROUBLE);
        write_view(&view, &place);
        assert_int_equal(place.first, 0);
        assert_int_equal(place.shown, 5);
        buffer_append_u8(&text, 0);
        assert_string_equal((const char *)text.bytes,
                "rogatory  127.0.0.1:9464  1970-01-01 00:16:50 UTC  up 8m 30s\n"
                "Journal   -; 40 messages in no window yet, 1 not safe from power loss\n"
                "          - on their way to the store; taking stopped 0 times\n"
                "Store     - events held in -; - windows written, -\n"
                "          no merge yet; 0 failed\n"
                "          disk - free; - questions\n"
                "Sharing   01:00-02:00 UTC: 11 public addresses, 4 with more than 16 users\n"
                "          most users: 203.0.113.7 900, 203.0.113.8 200\n"
                "\n"
                "  LISTENER     TRANSPORT      MSG/S  KERNEL DROPS   REFUSED  CONNECTIONS\n"
                "  listener-0   udp                3             -         -            -\n"
                "  listener-1   udp                3             -         -            -\n"
                "  listener-2   udp                3             -         -            -\n"
                "  listener-3   udp                3             -         -            -\n"
                "  listener-4   udp                3             -         -            -\n"
                "  and 3 more\n"
                "\n"
                "  EXPORTER            MSG/S EVENTS/S    LOST   GAPS  REFUSED CLOCK OFF    HEARD\n"
                "! cgn-with~-long-3        3     3000    1010      -        5     0.00s      now\n"
                "! cgn-with~-long-7        7     7000       0      -        9    +2.50s      now\n"
                "! cgn-with~-long-5        5     5000       0      -        7     0.00s   1m 30s\n"
                "  cgn-with~long-39       39    39.0k       0      -       41     0.00s      now\n"
                "  cgn-with~long-38       38    38.0k       0      -       40     0.00s      now\n"
                "q quit   s sorted by trouble   up, down: exporters 1 to 5 of 40");
        watch_free(&reading);
}

static void test_without_a_reading(void **state)
{
        struct watch_view view = {.node = "127.0.0.1:9464",
                .trouble = "Connection refused",
                .width = 80,
                .height = 24,
                .limit = 16};

        (void)state;
        write_view(&view, NULL);
        buffer_append_u8(&text, 0);
        assert_string_equal((const char *)text.bytes, "rogatory  127.0.0.1:9464\nConnection refused");
}

/* --- What listens there may be anything --- */

static void test_changed_pages(void **state)
{
        static const char bytes[] = "{}[]\",:-0e.\\u\x1b\xff";
        unsigned seed = 4711, sound = 0;
        struct buffer changed = buffer_make(1 << 20);

        (void)state;
        make_page(1000, 500, 3);
        for (unsigned turn = 0; turn < 4000; turn++) {
                struct watch_reading reading;
                struct watch_view view = {
                        .reading = &reading, .node = "n", .width = 80, .height = 24, .limit = 16};
                buffer_clear(&changed);
                buffer_append(&changed, page.bytes, page.length);
                for (unsigned k = 0; k < 1 + turn % 3; k++) {
                        seed = seed * 1103515245u + 12345u;
                        changed.bytes[(seed >> 8) % changed.length] =
                                (uint8_t)bytes[seed % (sizeof bytes - 1)];
                }
                if (turn % 5 == 0)
                        changed.length = (seed >> 4) % changed.length;
                int r = watch_read(slice_make((const char *)changed.bytes, changed.length), &reading, &error);
                if (r == 0) {
                        watch_sort(&reading, WATCH_BY_TROUBLE);
                        write_view(&view, NULL);
                        check_fits(&view);
                        json_decref(watch_to_json(&reading, "n", 16));
                        sound++;
                }
                watch_free(&reading);
        }
        buffer_free(&changed);
        assert_in_range(sound, 1, 3999);
}

static void test_too_many_rows(void **state)
{
        struct watch_reading reading;

        (void)state;
        buffer_clear(&page);
        buffer_append_text(
                &page, "{\"now\":1,\"collector\":{},\"store\":{},\"listeners\":[],\"exporters\":[");
        for (unsigned i = 0; i <= WATCH_ROWS_MAX; i++)
                buffer_append_text(&page, i ? ",{\"name\":\"a\"}" : "{\"name\":\"a\"}");
        buffer_append_text(&page, "]}");
        assert_true(watch_read(slice_make((const char *)page.bytes, page.length), &reading, &error) < 0);
        assert_non_null(strstr(error.text, "exporters"));
        watch_free(&reading);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_reading, setup, teardown),
                cmocka_unit_test_setup_teardown(test_since_the_look_before, setup, teardown),
                cmocka_unit_test_setup_teardown(test_trouble_comes_first, setup, teardown),
                cmocka_unit_test_setup_teardown(test_every_screen, setup, teardown),
                cmocka_unit_test_setup_teardown(test_of_a_screen_of_80_by_24, setup, teardown),
                cmocka_unit_test_setup_teardown(test_without_a_reading, setup, teardown),
                cmocka_unit_test_setup_teardown(test_changed_pages, setup, teardown),
                cmocka_unit_test_setup_teardown(test_too_many_rows, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
