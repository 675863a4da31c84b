/* SPDX-License-Identifier: EUPL-1.2 */
/* Coverage taken in pieces while a log is heard, and decoders that go on where another one stopped: what
 * comes of it together is what one decoder says at the end, or claims less. */
#include "wire/flow_fixture_test.h"

#define EXCHANGED_TEMPLATE                                                                                   \
        FIELDS({323, 8, 0}, {230, 1, 0}, {225, 4, 0}, {8, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0})
#define MESSAGES 240u

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)((seed >> 33) % below);
}

struct sent {
        uint8_t bytes[600];
        size_t length;
        int64_t receipt_ms;
};

static struct sent sent[MESSAGES];
static unsigned sent_count;

/* Every event that there was, also of messages that were lost, and of records that must be refused. */
static struct truth {
        int64_t time_ms;
        uint32_t inside, outside;
        uint16_t port;
} truth[8192];
static size_t truth_count;

static void send_one(int64_t now_ms)
{
        encode_end(&message);
        assert_true(message.length <= sizeof sent[0].bytes && sent_count < MESSAGES);
        memcpy(sent[sent_count].bytes, message.bytes, message.length);
        sent[sent_count].length = message.length;
        sent[sent_count++].receipt_ms = now_ms;
}

/* A log of one domain with everything that happens to one: templates again and late, losses, disorder,
 * repetition, restarts, silence. */
static void make_log(void)
{
        int64_t now_ms = NOW_MS;
        uint32_t number = draw(3) ? 0 : draw(UINT32_MAX);
        unsigned shape = draw(2);
        bool announced = draw(3);

        sent_count = 0;
        truth_count = 0;
        while (sent_count < MESSAGES - 1) {
                now_ms += draw(20) ? draw(700) : draw(90000);
                if (announced && draw(40) == 0) { /* a restart */
                        number = draw(4) ? 0 : draw(UINT32_MAX);
                        announced = draw(4);
                        now_ms += 2000;
                }
                encode_message(&message, 10, (uint32_t)(now_ms / 1000), number, 1);
                if (announced ? draw(15) == 0 || number == 0 : draw(12) == 0) {
                        if (shape)
                                encode_template(&message, 256, EXCHANGED_TEMPLATE);
                        else
                                encode_template(&message, 256, SESSION_TEMPLATE);
                        announced = true;
                }
                unsigned records = draw(6), bad = draw(30) == 0;
                if (records) {
                        encode_set(&message, 256);
                        for (unsigned i = 0; i < records; i++) {
                                struct truth *e = &truth[truth_count++];
                                *e = (struct truth){now_ms - draw(900), INSIDE + draw(9), OUTSIDE + draw(9),
                                        (uint16_t)(1024 + draw(999))};
                                encode_session(&message, (uint64_t)e->time_ms, bad ? 77 : 4 + draw(2),
                                        shape ? e->outside : e->inside, shape ? e->inside : e->outside, 6, 1,
                                        e->port);
                        }
                        encode_set_end(&message, false);
                }
                number += records;
                if (draw(25))
                        send_one(now_ms);
                if (sent_count > 1 && draw(25) == 0) {
                        struct sent swap = sent[sent_count - 1];
                        sent[sent_count - 1] = sent[sent_count - 2];
                        sent[sent_count - 2] = swap;
                }
                if (sent_count && sent_count < MESSAGES && draw(25) == 0) {
                        sent[sent_count] = sent[sent_count - 1 - draw(sent_count < 9 ? sent_count : 9)];
                        sent_count++;
                }
        }
}

static void give(unsigned which)
{
        assert_int_equal(flow_decode(decoder, &exporter, sent[which].receipt_ms, sent[which].bytes,
                                 sent[which].length, &sink),
                0);
}

static struct coverage listen(bool in_pieces)
{
        struct coverage found = {0};

        assert_int_equal(flow_decoder_new(&decoder), 0);
        heard.count = 0;
        for (unsigned i = 0; i < sent_count; i++) {
                give(i);
                if (in_pieces && draw(3) == 0)
                        assert_int_equal(flow_decoder_pieces(decoder, &found), 0);
        }
        assert_int_equal(flow_decoder_finish(decoder, &sink, &found), 0);
        flow_decoder_free(decoder);
        return found;
}

/* Whatever is claimed to have been heard whole was heard, every event of it. */
static void check_claims(const struct coverage *coverage, int64_t from, int64_t to, const char *when)
{
        struct heard claim = coverage_heard(coverage, EXPORTER_EVERY, NULL, from, to);

        for (size_t i = 0; claim.whole && i < truth_count; i++) {
                const struct truth *t = &truth[i];
                bool found = t->time_ms < from || t->time_ms > to;
                for (size_t k = 0; k < heard.count && !found; k++) {
                        const struct nat_event *e = &heard.items[k];
                        found = e->time_ms == t->time_ms && e->port_first == t->port &&
                                e->outside == t->outside && address_ipv4(&e->inside) == t->inside;
                }
                if (!found)
                        fail_msg("%s: %lld is claimed, and an event of it was not heard", when,
                                (long long)(t->time_ms - NOW_MS));
        }
}

static void check_all(struct coverage *coverage, const char *when)
{
        for (unsigned i = 0; i < 100; i++) {
                int64_t from = NOW_MS - 5000 + draw(400000);
                check_claims(coverage, from, from + draw(20000), when);
        }
}

/* How much is claimed by one and not by the other. */
static void compare(
        const struct coverage *whole, const struct coverage *pieces, unsigned *lost, unsigned *kept)
{
        for (unsigned i = 0; i < 400; i++) {
                int64_t at = NOW_MS - 5000 + draw(400000);
                bool a = coverage_heard(whole, EXPORTER_EVERY, NULL, at, at).whole,
                     b = coverage_heard(pieces, EXPORTER_EVERY, NULL, at, at).whole;
                *lost += a && !b;
                *kept += a && b;
        }
}

static void test_pieces_are_the_whole(void **state)
{
        unsigned lost = 0, kept = 0;

        (void)state;
        for (unsigned round = 1; round <= 200; round++) {
                seed = round;
                make_log();
                struct coverage whole = listen(false);
                coverage_normalise(&whole, 60000);
                check_all(&whole, "whole");
                struct coverage pieces = listen(true);
                coverage_normalise(&pieces, 60000);
                check_all(&pieces, "pieces");
                compare(&whole, &pieces, &lost, &kept);
                coverage_free(&whole);
                coverage_free(&pieces);
        }
        if (lost * 100 > kept)
                fail_msg("%u instants are not claimed any more, %u are", lost, kept);
}

/* At no moment do the pieces claim what is not there yet. */
static void test_pieces_claim_nothing_too_early(void **state)
{
        unsigned claimed = 0;

        (void)state;
        for (unsigned round = 1; round <= 100; round++) {
                struct coverage so_far = {0}, found = {0};
                seed = round;
                make_log();
                assert_int_equal(flow_decoder_new(&decoder), 0);
                heard.count = 0;
                for (unsigned i = 0; i < sent_count; i++) {
                        give(i);
                        if (draw(8))
                                continue;
                        assert_int_equal(flow_decoder_pieces(decoder, &found), 0);
                        coverage_free(&so_far);
                        assert_int_equal(coverage_add_all(&so_far, &found), 0);
                        coverage_normalise(&so_far, 60000);
                        for (unsigned k = 0; k < 20; k++) {
                                int64_t at = sent[i].receipt_ms + 1000 - draw(20000);
                                check_claims(&so_far, at, at + draw(500), "too early");
                                claimed += coverage_heard(&so_far, EXPORTER_EVERY, NULL, at, at).whole;
                        }
                }
                flow_decoder_free(decoder);
                coverage_free(&so_far);
                coverage_free(&found);
        }
        assert_true(claimed > 10000);
}

/* Stops of the process, each followed by a replay of what was not released: the same events, and nothing is
 * claimed that is not there. */
static void test_a_decoder_goes_on_where_another_stopped(void **state)
{
        unsigned lost = 0, kept = 0;

        (void)state;
        for (unsigned round = 1; round <= 200; round++) {
                struct coverage pieces = {0};
                struct buffer saved = buffer_make(1u << 20);
                unsigned released = 0;

                seed = round;
                make_log();
                struct coverage whole = listen(false);
                heard.count = 0;
                assert_int_equal(flow_decoder_new(&decoder), 0);
                for (unsigned i = 0; i < sent_count; i++) {
                        give(i);
                        if (draw(3) == 0)
                                assert_int_equal(flow_decoder_pieces(decoder, &pieces), 0);
                        if (draw(6) == 0) { /* all that was told before a release is safe */
                                assert_int_equal(flow_decoder_pieces(decoder, &pieces), 0);
                                buffer_clear(&saved);
                                assert_int_equal(flow_decoder_save(decoder, &saved), 0);
                                released = i + 1;
                        }
                        if (draw(60) == 0 && released) {
                                flow_decoder_free(decoder);
                                assert_int_equal(flow_decoder_new(&decoder), 0);
                                assert_int_equal(
                                        flow_decoder_load(decoder, saved.bytes, saved.length, NULL), 0);
                                i = released - 1;
                        }
                }
                assert_int_equal(flow_decoder_finish(decoder, &sink, &pieces), 0);
                flow_decoder_free(decoder);
                assert_true(heard.count <= sizeof heard.items / sizeof heard.items[0]);
                coverage_normalise(&whole, 60000);
                coverage_normalise(&pieces, 60000);
                check_all(&pieces, "replayed");
                compare(&whole, &pieces, &lost, &kept);
                for (size_t i = 0; i < heard.count; i++) { /* and nothing was invented */
                        const struct nat_event *e = &heard.items[i];
                        bool found = false;
                        for (size_t k = 0; k < truth_count && !found; k++)
                                found = e->time_ms == truth[k].time_ms && e->port_first == truth[k].port &&
                                        e->outside == truth[k].outside &&
                                        address_ipv4(&e->inside) == truth[k].inside;
                        if (!found)
                                fail_msg("round %u: an event that nobody sent", round);
                }
                coverage_free(&whole);
                coverage_free(&pieces);
                buffer_free(&saved);
        }
        if (lost * 5 > kept)
                fail_msg("%u instants are not claimed any more, %u are", lost, kept);
}

static void announce(uint32_t number, bool exchanged)
{
        encode_message(&message, 10, NOW, number, 1);
        if (exchanged)
                encode_template(&message, 256, EXCHANGED_TEMPLATE);
        else
                encode_template(&message, 256, SESSION_TEMPLATE);
        send_message();
}

static void tell(uint32_t number, unsigned port)
{
        begin_record(10, number);
        encode_session(&message, NOW_MS, 4, INSIDE, OUTSIDE, 6, 1, port);
        end_record();
}

static void load_anew(const struct buffer *saved)
{
        flow_decoder_free(decoder);
        assert_int_equal(flow_decoder_new(&decoder), 0);
        assert_int_equal(flow_decoder_load(decoder, saved->bytes, saved->length, NULL), 0);
}

static void test_kept_templates(void **state)
{
        struct buffer saved = buffer_make(1u << 20), again = buffer_make(1u << 20);

        (void)state;
        announce(0, false);
        tell(0, 2000);
        tell(1, 2001);
        assert_int_equal(flow_decoder_save(decoder, &saved), 0);
        load_anew(&saved);
        assert_int_equal(flow_decoder_save(decoder, &again), 0);
        assert_int_equal(saved.length, again.length);
        assert_memory_equal(saved.bytes, again.bytes, saved.length);
        tell(2, 2002); /* goes on where it stood */
        assert_int_equal(heard.count, 3);
        load_anew(&saved);
        tell(9, 2003); /* some were lost meanwhile */
        assert_int_equal(heard.count, 4);
        load_anew(&saved);
        tell(0, 2004); /* the exporter restarted meanwhile: what its template is now, nobody knows */
        assert_int_equal(heard.count, 4);
        load_anew(&saved);
        flow_decoder_end_session(decoder, exporter.number, exporter.session);
        tell(2, 2005);
        assert_int_equal(heard.count, 4);
        for (size_t cut = 0; cut < saved.length; cut++) {
                struct error error = {0};
                flow_decoder_free(decoder);
                assert_int_equal(flow_decoder_new(&decoder), 0);
                int r = flow_decoder_load(decoder, saved.bytes, cut, &error);
                assert_true(cut == 0 ? r == 0 : r == -EBADMSG && error.text[0]);
        }
        buffer_free(&saved);
        buffer_free(&again);
}

/* An exporter that takes another port at each of many starts: templates of ports that are gone give way. */
static void test_ports_come_and_go(void **state)
{
        (void)state;
        for (uint32_t i = 0; i < 3 * FLOW_TEMPLATES_MAX; i++) {
                exporter.session = 1000 + i;
                announce(0, i % 2); /* shapes differ, so each has to keep its own */
        }
        assert_int_equal(heard.refused[REFUSAL_TEMPLATE_LIMIT], 0);
        exporter.session = 1000 + 3 * FLOW_TEMPLATES_MAX - 2;
        tell(0, 2000);
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.items[0].outside, OUTSIDE);
}

/* For tests that make their decoders themselves. */
static int set_exporter(void **state)
{
        int r = setup(state);

        flow_decoder_free(decoder);
        decoder = NULL;
        return r;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_kept_templates),
                TEST(test_ports_come_and_go),
                cmocka_unit_test_setup(test_pieces_are_the_whole, set_exporter),
                cmocka_unit_test_setup(test_pieces_claim_nothing_too_early, set_exporter),
                cmocka_unit_test_setup(test_a_decoder_goes_on_where_another_stopped, set_exporter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
