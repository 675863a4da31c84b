/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_FLOW_FIXTURE_TEST_H
#define ROGATORY_WIRE_FLOW_FIXTURE_TEST_H

/* What the tests of the flow decoder share: one decoder, one exporter, and what was heard of it. */

#include "wire/flow.h"

#include "wire/flow_encoder_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1700000000u
#define NOW_MS (INT64_C(1700000000) * 1000)
#define INSIDE 0x64400001u  /* 100.64.0.1 */
#define OUTSIDE 0xc6336407u /* 198.51.100.7 */

struct heard_events {
        struct nat_event items[8192];
        size_t count;
        unsigned refused[REFUSAL_COUNT];
        char detail[256];
};

static struct heard_events heard;
static struct encoder message;
static struct flow_decoder *decoder;
static struct flow_exporter exporter;

static inline int on_event(void *context, const struct nat_event *event)
{
        struct heard_events *h = context;

        if (h->count < sizeof h->items / sizeof h->items[0])
                h->items[h->count] = *event;
        h->count++;
        return 0;
}

static inline void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct heard_events *h = context;

        (void)offset;
        assert_true(refusal < REFUSAL_COUNT);
        h->refused[refusal]++;
        snprintf(h->detail, sizeof h->detail, "%s", detail);
}

static const struct decode_sink sink = {.context = &heard, .event = on_event, .refused = on_refused};

static inline int setup(void **state)
{
        (void)state;
        memset(&heard, 0, sizeof heard);
        exporter =
                (struct flow_exporter){.number = 3, .dialect = dialect_by_name("rfc8158"), .delay_ms = 1000};
        return flow_decoder_new(&decoder);
}

static inline int teardown(void **state)
{
        (void)state;
        flow_decoder_free(decoder);
        return 0;
}

static inline void send_message(void)
{
        encode_end(&message);
        assert_int_equal(
                flow_decode(decoder, &exporter, TIME_UNKNOWN, message.bytes, message.length, &sink), 0);
}

static inline struct flow_counts counts(void)
{
        return flow_decoder_counts(decoder, exporter.number);
}

static inline void send_template(
        uint16_t version, uint16_t id, const struct encoded_field *fields, size_t count)
{
        encode_message(&message, version, NOW, 0, 1);
        encode_template(&message, id, fields, count);
        send_message();
}

/* One data record of the template that was sent last, as bytes that the caller has encoded behind encode_set.
 */
static inline void begin_record(uint16_t version, uint32_t number)
{
        encode_message(&message, version, NOW, number, 1);
        encode_set(&message, 256);
}

static inline void end_record(void)
{
        encode_set_end(&message, false);
        send_message();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
