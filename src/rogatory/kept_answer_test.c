/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/kept_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MOST 4

static uint64_t random_state = 7;

static unsigned below(unsigned limit)
{
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (unsigned)(random_state >> 33) % limit;
}

/* Every byte of a structure is something else, so that none that is forgotten can go unseen. */
static void fill(void *at, size_t size)
{
        for (size_t i = 0; i < size; i++)
                ((uint8_t *)at)[i] = (uint8_t)below(256);
}

/* A text of any length, up to all the room there is, with zeros behind. */
static void fill_text(char *text, size_t size)
{
        size_t length = below(3) ? below((unsigned)size) : below(2) ? size - 1 : 0;

        memset(text, 0, size);
        for (size_t i = 0; i < length; i++)
                text[i] = (char)(1 + below(255));
}

static void fill_candidates(struct answer_candidate *items, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                fill(&items[i], sizeof items[i]);
                fill_text(items[i].subscriber, sizeof items[i].subscriber);
                fill_text(items[i].realm, sizeof items[i].realm);
                fill_text(items[i].exporter, sizeof items[i].exporter);
                fill_text(items[i].record, sizeof items[i].record);
        }
}

static void make_answer(struct answer *ret)
{
        fill(ret, sizeof *ret);
        fill_text(ret->realm, sizeof ret->realm);
        fill_text(ret->zone, sizeof ret->zone);
        ret->candidate_count = below(MOST);
        ret->possible_count = below(MOST);
        ret->exporter_count = below(MOST);
        ret->candidates = calloc(MOST, sizeof *ret->candidates);
        ret->possible = calloc(MOST, sizeof *ret->possible);
        ret->exporters = calloc(MOST, sizeof *ret->exporters);
        assert_true(ret->candidates && ret->possible && ret->exporters);
        fill_candidates(ret->candidates, ret->candidate_count);
        fill_candidates(ret->possible, ret->possible_count);
        for (size_t i = 0; i < ret->exporter_count; i++) {
                fill(&ret->exporters[i], sizeof ret->exporters[i]);
                fill_text(ret->exporters[i].realm, sizeof ret->exporters[i].realm);
                fill_text(ret->exporters[i].name, sizeof ret->exporters[i].name);
        }
}

/* What stands behind a text is nobody's. */
static void clear_behind(char *text, size_t size)
{
        size_t length = strlen(text);

        memset(text + length, 0, size - length);
}

static void compare_candidates(struct answer_candidate *a, const struct answer_candidate *b, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                clear_behind(a[i].subscriber, sizeof a[i].subscriber);
                clear_behind(a[i].realm, sizeof a[i].realm);
                clear_behind(a[i].exporter, sizeof a[i].exporter);
                clear_behind(a[i].record, sizeof a[i].record);
                assert_memory_equal(&a[i], &b[i], sizeof a[i]);
        }
}

static void compare(struct answer *a, const struct answer *b)
{
        struct answer same = *b;

        compare_candidates(a->candidates, b->candidates, b->candidate_count);
        compare_candidates(a->possible, b->possible, b->possible_count);
        for (size_t i = 0; i < b->exporter_count; i++) {
                clear_behind(a->exporters[i].realm, sizeof a->exporters[i].realm);
                clear_behind(a->exporters[i].name, sizeof a->exporters[i].name);
                assert_memory_equal(&a->exporters[i], &b->exporters[i], sizeof a->exporters[i]);
        }
        clear_behind(a->realm, sizeof a->realm);
        clear_behind(a->zone, sizeof a->zone);
        same.candidates = a->candidates;
        same.possible = a->possible;
        same.exporters = a->exporters;
        assert_memory_equal(a, &same, sizeof same);
}

/* Many answers one behind the other, taken out in another order, each as it was. */
static void test_every_byte_comes_back(void **state)
{
        static struct answer answers[300];
        size_t places[300];
        struct buffer kept = buffer_make(1u << 24);
        struct answer_kept out = {.candidate_room = 0};

        (void)state;
        for (size_t i = 0; i < 300; i++) {
                make_answer(&answers[i]);
                places[i] = kept.length;
                assert_int_equal(answer_keep(&answers[i], &kept), 0);
        }
        for (size_t i = 0; i < 300; i++) {
                size_t which = i * 7 % 300;
                assert_int_equal(answer_take_out(kept.bytes + places[which], &out), 0);
                compare(&out.answer, &answers[which]);
        }
        for (size_t i = 0; i < 300; i++)
                answer_free(&answers[i]);
        answer_kept_free(&out);
        buffer_free(&kept);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte_comes_back)};

        return cmocka_run_group_tests_name("kept answers", tests, NULL, NULL);
}
