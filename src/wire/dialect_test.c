/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of dialects, and what is recognised where none is set: only what no other exporter could have
 * sent. */
#include "wire/flow.h"

#include "wire/dialect_encoder_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW 1700000000u
#define NOW_MS (INT64_C(1700000000) * 1000)

static unsigned events, refused[REFUSAL_COUNT];
static char detail[256];

static int on_event(void *context, const struct nat_event *event)
{
        (void)context, (void)event;
        events++;
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *sentence)
{
        (void)context, (void)offset;
        refused[refusal]++;
        snprintf(detail, sizeof detail, "%s", sentence);
}

/* Reads a binding, as this exporter writes it, without a dialect. */
static void read_unset(const struct writing *writing)
{
        static struct encoder e;
        const struct flow_exporter exporter = {.number = 1, .delay_ms = 1000};
        const struct decode_sink sink = {.context = NULL, .event = on_event, .refused = on_refused};
        struct flow_decoder *decoder;
        struct truth t = {.time_ms = NOW_MS - 60000,
                .last_ms = NOW_MS - 30000,
                .inside = 0x64400007,
                .outside = 0xc6336407,
                .destination = 0xcb007109,
                .inside_port = 40000,
                .outside_port = 2048,
                .destination_port = 443,
                .protocol = 6};
        bool written = false;

        for (unsigned i = 0; i < 2u * NAT_KIND_COUNT && !written; i++) {
                t.kind = (uint8_t)(i / 2);
                t.is64 = i % 2;
                t.outside_last = t.kind == NAT_BLOCK ? 2559 : 2048;
                written = write_truth(&e, writing, &t, NOW);
        }
        assert_true(written);
        events = 0;
        memset(refused, 0, sizeof refused);
        detail[0] = '\0';
        assert_int_equal(flow_decoder_new(&decoder), 0);
        assert_int_equal(flow_decode(decoder, &exporter, TIME_UNKNOWN, e.bytes, e.length, &sink), 0);
        flow_decoder_free(decoder);
}

/* Draft-02 numbers collide with RFC 8158's, and a template's number or a flow with a translated address may
 * be anybody's: these are never recognised, but what is refused says which dialect would take it. In NetFlow
 * v9, 1 and 2 mean the same to everybody who sends them. */
static bool is_recognised(const struct writing *w)
{
        if (strcmp(w->dialect, "juniper") == 0)
                return strcmp(w->what, "session of v9") == 0;
        return strcmp(w->dialect, "huawei") != 0 && strcmp(w->dialect, "mikrotik") != 0;
}

static void test_only_what_is_beyond_doubt(void **state)
{
        (void)state;
        for (size_t i = 0; i < WRITINGS; i++) {
                const struct writing *w = &writings[i];
                bool nat64 = strcmp(w->what, "NAT64 flow") == 0; /* the same fields but for the family */
                read_unset(w);
                if (is_recognised(w) || nat64) {
                        if (events == 0)
                                fail_msg("%s, %s: %s", w->dialect, w->what, detail);
                        continue;
                }
                if (events != 0)
                        fail_msg("%s, %s was recognised", w->dialect, w->what);
                assert_int_equal(refused[REFUSAL_NO_DIALECT], 1);
                if (!strstr(detail, "set the exporter's dialect: ") || !strstr(detail, w->dialect))
                        fail_msg("%s, %s: %s", w->dialect, w->what, detail);
        }
}

static void test_the_table_is_sound(void **state)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);

        (void)state;
        for (size_t i = 0; i < count; i++) {
                const struct dialect *d = &table[i];
                assert_ptr_equal(dialect_by_name(d->name), d);
                assert_true(d->description[0] && d->source[0]);
                if (d->event_count == 0)
                        continue;
                assert_true(d->carries[0]);
                assert_true(d->version == 0 || d->version == 9 || d->version == 10);
                for (size_t k = 0; k < d->event_count; k++) {
                        assert_ptr_equal(dialect_event_of(d, d->events[k].value), &d->events[k]);
                        assert_true(d->event_source != EVENT_IS_ELEMENT ||
                                    d->events[k].value < DIALECT_VALUES_MAX);
                        assert_true(
                                d->events[k].kind < NAT_KIND_COUNT && d->events[k].action < NAT_ACTION_COUNT);
                }
                for (size_t k = 0; k < DIALECT_SIGNATURES_MAX;
                        k++) /* only of fields that it does not refuse */
                        assert_true((d->signatures[k] & (d->foreign | (SLOTS_MARKING & ~d->marks))) == 0);
                assert_true((d->required & d->foreign) == 0);
        }
        assert_null(dialect_by_name("nobody"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_what_is_beyond_doubt),
                cmocka_unit_test(test_the_table_is_sound),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
