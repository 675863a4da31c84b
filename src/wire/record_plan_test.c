/* SPDX-License-Identifier: EUPL-1.2 */
/* Made-up templates and records, sound ones and others: a decoder that takes the short way where it may and
 * one that judges every record must say the same, in the same order. Usage: [ROUNDS [SEED]]. */
#include "base/checksum.h"
#include "wire/flow_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1700000000u
#define FIELDS_MOST 24
#define MESSAGE_BYTES 16384
#define MESSAGES 12

static uint64_t seed = 1, rounds = 4000;

static uint32_t draw(uint32_t below)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (uint32_t)((seed >> 16) % below);
}

static bool one_in(uint32_t many)
{
        return draw(many) == 0;
}

/* --- What a decoder said --- */

struct said {
        uint64_t hash;
        unsigned long events, refused, batched;
};

static void note(struct said *said, const void *bytes, size_t length)
{
        uint64_t parts[2] = {said->hash, checksum(bytes, length)};

        said->hash = checksum(parts, sizeof parts);
}

static int on_event(void *context, const struct nat_event *event)
{
        struct said *said = context;

        said->events++;
        note(said, event, offsetof(struct nat_event, flags) + sizeof event->flags);
        return 0;
}

static int on_events(void *context, const struct nat_event *events, size_t count)
{
        struct said *said = context;

        said->batched += count;
        for (size_t i = 0; i < count; i++)
                on_event(context, &events[i]);
        return 0;
}

static int on_lease(void *context, const struct lease_event *lease)
{
        note(context, lease->subscriber, strlen(lease->subscriber));
        note(context, &lease->prefix.address, sizeof lease->prefix.address);
        return 0;
}

static void on_refused(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct said *said = context;
        uint64_t parts[2] = {(uint64_t)refusal, offset};

        said->refused++;
        note(said, parts, sizeof parts);
        note(said, detail, strlen(detail));
}

/* --- Templates and records --- */

struct field {
        uint16_t element, length;
};

/* What records of sessions carry, with the length that it has as a rule. */
static const struct field usual[] = {{323, 8}, {230, 1}, {8, 4}, {225, 4}, {4, 1}, {7, 2}, {227, 2}, {12, 4},
        {11, 2}, {226, 4}, {228, 2}, {234, 4}, {463, 4}, {1, 8}, {6, 1}};
static const struct field unusual[] = {{322, 4}, {27, 16}, {152, 8}, {153, 8}, {22, 4}, {21, 4}, {160, 8},
        {58, 2}, {361, 2}, {362, 2}, {363, 2}, {364, 2}, {283, 4}, {466, 4}, {467, 4}, {233, 1}, {95, 4},
        {136, 1}, {65, 2}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct shape {
        uint16_t version, id;
        struct field fields[FIELDS_MOST];
        unsigned count;
};

static struct shape make_shape(void)
{
        struct shape shape = {.version = one_in(4) ? 9 : 10, .id = one_in(4) ? 259 : 256};
        bool strange = one_in(3);

        for (unsigned i = 0; i < COUNT(usual); i++)
                if (!one_in(strange || i > 8 ? 4 : 60))
                        shape.fields[shape.count++] = usual[i];
        while (shape.count < FIELDS_MOST && one_in(strange ? 2 : 12))
                shape.fields[shape.count++] = unusual[draw(COUNT(unusual))];
        if (shape.count == 0)
                shape.fields[shape.count++] = usual[0];
        for (unsigned i = 0; i < shape.count; i++) {
                unsigned other = draw(shape.count);
                struct field swapped = shape.fields[i];
                shape.fields[i] = shape.fields[other];
                shape.fields[other] = swapped;
                if (one_in(strange ? 12 : 200))
                        shape.fields[i].length = (uint16_t)draw(10);
                if (shape.version == 10 && one_in(strange ? 20 : 400))
                        shape.fields[i].length = FIELD_VARIABLE;
        }
        return shape;
}

struct message {
        uint8_t bytes[MESSAGE_BYTES];
        size_t length;
};

static void put(struct message *m, uint64_t value, unsigned length)
{
        for (unsigned i = length; i-- > 0; m->length++)
                m->bytes[m->length] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
}

static uint64_t value_of(uint16_t element)
{
        static const uint8_t protocols[] = {6, 6, 17, 17, 17, 1, 58, 132, 0, 41, 255};

        if (one_in(40))
                return 0;
        if (one_in(60))
                return (uint64_t)draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
        switch (element) {
        case 323:
                return (uint64_t)NOW * 1000 - draw(5000) + (one_in(50) ? 10000 : 0) -
                       (one_in(50) ? 86400000 : 0);
        case 322:
                return NOW - draw(5);
        case 152:
        case 153:
        case 160:
                return (uint64_t)NOW * 1000 - draw(50000);
        case 230:
        case 233:
                return one_in(10) ? draw(40) : 4 + draw(2);
        case 4:
                return protocols[draw(sizeof protocols)];
        case 8:
                return 0x64400000 + draw(65536);
        case 225:
                return 0xc6336400 + draw(256);
        case 234:
        case 463:
                return draw(3);
        default:
                return draw(65536);
        }
}

static void put_record(struct message *m, const struct shape *shape)
{
        for (unsigned i = 0; i < shape->count; i++) {
                unsigned length = shape->fields[i].length;
                if (length == FIELD_VARIABLE) {
                        length = draw(10);
                        put(m, length, 1);
                }
                put(m, value_of(shape->fields[i].element), length);
        }
}

static size_t begin_set(struct message *m, uint16_t id)
{
        put(m, id, 2);
        put(m, 0, 2);
        return m->length - 4;
}

static void end_set(struct message *m, size_t at)
{
        m->bytes[at + 2] = (uint8_t)((m->length - at) >> 8);
        m->bytes[at + 3] = (uint8_t)(m->length - at);
}

static void put_template(struct message *m, const struct shape *shape)
{
        size_t at = begin_set(m, shape->version == 10 ? 2 : 0);

        put(m, shape->id, 2);
        put(m, shape->count, 2);
        for (unsigned i = 0; i < shape->count; i++) {
                put(m, shape->fields[i].element, 2);
                put(m, shape->fields[i].length, 2);
        }
        end_set(m, at);
}

/* Returns the number of records. */
static unsigned put_records(struct message *m, const struct shape *shape)
{
        size_t at = begin_set(m, shape->id);
        unsigned most = one_in(3) ? 200 : draw(8), count = 0;

        for (; count < most && m->length + FIELDS_MOST * 16 < MESSAGE_BYTES; count++)
                put_record(m, shape);
        if (one_in(10))
                put(m, 0, draw(4));
        end_set(m, at);
        return count;
}

static void begin_message(struct message *m, uint16_t version, uint32_t number)
{
        m->length = 0;
        put(m, version, 2);
        put(m, 0, 2);
        if (version == 9)
                put(m, draw(100000), 4); /* uptime */
        put(m, NOW, 4);
        put(m, number, 4);
        put(m, 1, 4);
}

static void end_message(struct message *m, uint16_t version)
{
        if (version == 10) {
                m->bytes[2] = (uint8_t)(m->length >> 8);
                m->bytes[3] = (uint8_t)m->length;
        }
        if (one_in(20))
                m->bytes[draw((uint32_t)m->length)] ^= (uint8_t)(1u << draw(8));
}

/* --- Both ways --- */

static const struct dialect *any_dialect(void)
{
        size_t count;
        const struct dialect *table = dialect_table(&count);

        return one_in(3) ? NULL : &table[one_in(2) ? 0 : draw((uint32_t)count)];
}

static void compare(
        const struct flow_decoder *quick, const struct flow_decoder *judging, const struct said said[2])
{
        struct flow_counts a = flow_decoder_counts(quick, 7), b = flow_decoder_counts(judging, 7);

        assert_int_equal(said[0].events, said[1].events);
        assert_int_equal(said[0].refused, said[1].refused);
        assert_true(said[0].hash == said[1].hash);
        assert_memory_equal(&a, &b, sizeof a);
}

static void compare_coverage(
        struct flow_decoder *quick, struct flow_decoder *judging, const struct decode_sink sinks[2])
{
        struct coverage a = {0}, b = {0};

        assert_int_equal(flow_decoder_finish(quick, &sinks[0], &a), 0);
        assert_int_equal(flow_decoder_finish(judging, &sinks[1], &b), 0);
        assert_int_equal(a.span_count, b.span_count);
        assert_int_equal(a.gap_count, b.gap_count);
        for (size_t i = 0; i < a.span_count; i++)
                assert_true(a.spans[i].from == b.spans[i].from && a.spans[i].to == b.spans[i].to &&
                            a.spans[i].delay_ms == b.spans[i].delay_ms &&
                            a.spans[i].flags == b.spans[i].flags &&
                            a.spans[i].sequence_to == b.spans[i].sequence_to);
        for (size_t i = 0; i < a.gap_count; i++)
                assert_true(a.gaps[i].from == b.gaps[i].from && a.gaps[i].to == b.gaps[i].to &&
                            a.gaps[i].reason == b.gaps[i].reason && a.gaps[i].count == b.gaps[i].count);
        coverage_free(&a);
        coverage_free(&b);
}

static void one_exporter(unsigned long counts[3])
{
        struct said said[2] = {{0}, {0}};
        struct decode_sink sinks[2];
        struct flow_exporter exporter = {.number = 7, .dialect = any_dialect(), .delay_ms = draw(2) * 1000};
        struct flow_decoder *decoders[2];
        struct shape shape = make_shape();
        struct message *message = malloc(sizeof *message);
        uint32_t number = draw(3) * 1000;

        assert_non_null(message);
        for (unsigned i = 0; i < 2; i++) {
                sinks[i] = (struct decode_sink){.context = &said[i],
                        .event = on_event,
                        .events = i == 0 ? on_events : NULL,
                        .lease = on_lease,
                        .refused = on_refused};
                assert_int_equal(flow_decoder_new(&decoders[i]), 0);
        }
        decoders[1]->judges_all = true;
        for (unsigned i = 0; i < MESSAGES; i++) {
                if (one_in(12))
                        shape = make_shape();
                if (one_in(16))
                        exporter.dialect = any_dialect();
                begin_message(message, shape.version, number);
                if (i == 0 || one_in(4))
                        put_template(message, &shape);
                unsigned records = put_records(message, &shape);
                number += shape.version == 10 ? records : 1;
                end_message(message, shape.version);
                for (unsigned k = 0; k < 2; k++)
                        assert_int_equal(flow_decode(decoders[k], &exporter, TIME_UNKNOWN, message->bytes,
                                                 message->length, &sinks[k]),
                                0);
                compare(decoders[0], decoders[1], said);
        }
        compare_coverage(decoders[0], decoders[1], sinks);
        counts[0] += said[0].events;
        counts[1] += said[0].refused;
        counts[2] += said[0].batched;
        for (unsigned i = 0; i < 2; i++)
                flow_decoder_free(decoders[i]);
        free(message);
}

static void both_ways_say_the_same(void **state)
{
        unsigned long counts[3] = {0};

        (void)state;
        for (uint64_t i = 0; i < rounds; i++)
                one_exporter(counts);
        print_message(
                "%lu events, %lu of them the short way, %lu refusals\n", counts[0], counts[2], counts[1]);
        assert_true(counts[1] > 0 && counts[2] > counts[0] / 3);
        assert_true(counts[2] < counts[0]);
}

int main(int count, char **words)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(both_ways_say_the_same)};

        rounds = count > 1 ? strtoull(words[1], NULL, 10) : rounds;
        seed = count > 2 ? strtoull(words[2], NULL, 10) : seed;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
