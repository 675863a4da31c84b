/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/witness.h"

#include "custody/log_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ORIGIN "log.example/a"
#define LEAVES 40

static struct merkle_hash leaves[LEAVES];
static struct note_secret secret, stranger;

static int setup(void **state)
{
        uint8_t bytes[ED25519_SECRET_BYTES] = {7};
        struct error error = {0};

        (void)state;
        for (unsigned i = 0; i < LEAVES; i++)
                if (merkle_leaf_hash(&i, sizeof i, &leaves[i]) < 0)
                        return -1;
        if (note_secret_make(ORIGIN, NOTE_KEY_ED25519, bytes, &secret, &error) < 0)
                return -1;
        bytes[0] = 8;
        return note_secret_make("log.example/b", NOTE_KEY_ED25519, bytes, &stranger, &error);
}

static int source(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error)
{
        struct merkle_hash left, right;

        if (level == 0) {
                *ret_hash = leaves[index];
                return 0;
        }
        source(context, level - 1, 2 * index, &left, error);
        source(context, level - 1, 2 * index + 1, &right, error);
        return merkle_node_hash(&left, &right, ret_hash);
}

static struct checkpoint checkpoint_of(uint64_t size)
{
        struct checkpoint checkpoint = {.origin = ORIGIN, .size = size};
        struct error error = {0};

        assert_int_equal(merkle_root(source, NULL, size, &checkpoint.root, &error), 0);
        return checkpoint;
}

/* What a log of now `size` entries sends to a witness that it believes to know old_size of them. */
static struct buffer body_of(
        uint64_t old_size, const struct checkpoint *checkpoint, const struct note_secret *by)
{
        struct buffer signed_checkpoint = buffer_make(CHECKPOINT_BYTES_MAX);
        struct buffer body = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request = {.old_size = old_size};
        struct error error = {0};

        assert_int_equal(checkpoint_sign(checkpoint, by, 0, &signed_checkpoint, &error), 0);
        request.checkpoint = slice_make((char *)signed_checkpoint.bytes, signed_checkpoint.length);
        if (old_size <= checkpoint->size)
                assert_int_equal(merkle_consistency_make(
                                         source, NULL, old_size, checkpoint->size, &request.proof, &error),
                        0);
        assert_int_equal(witness_request_write(&request, &body), 0);
        buffer_free(&signed_checkpoint);
        return body;
}

static enum witness_verdict judge(const struct buffer *body, const struct checkpoint *latest)
{
        struct witness_request request;
        struct checkpoint found = {.size = UINT64_MAX};
        enum witness_verdict verdict;
        struct error error = {0};

        if (witness_request_read(slice_make((char *)body->bytes, body->length), &request, &error) < 0)
                return WITNESS_MALFORMED;
        assert_int_equal(
                witness_judge(&request, ORIGIN, &secret.key, 1, latest, &verdict, &found, &error), 0);
        assert_true(verdict == WITNESS_ACCEPTED || error.text[0]);
        assert_int_equal(found.size != UINT64_MAX,
                verdict == WITNESS_ACCEPTED || witness_verdict_is_evidence(verdict));
        return verdict;
}

static enum witness_verdict judge_growth(
        uint64_t old_size, const struct checkpoint *checkpoint, const struct checkpoint *latest)
{
        struct buffer body = body_of(old_size, checkpoint, &secret);
        enum witness_verdict verdict = judge(&body, latest);

        buffer_free(&body);
        return verdict;
}

static void test_an_honest_log_is_accepted(void **state)
{
        (void)state;
        for (uint64_t size = 0; size <= LEAVES; size += 3) {
                struct checkpoint now = checkpoint_of(size);
                assert_int_equal(judge_growth(0, &now, NULL), WITNESS_ACCEPTED);
                for (uint64_t before = 0; before <= size; before++) {
                        struct checkpoint latest = checkpoint_of(before);
                        assert_int_equal(judge_growth(before, &now, &latest), WITNESS_ACCEPTED);
                }
        }
}

/* Requirement 18: a witness refuses a forked or shrunken log. */
static void requirement_18_a_witness_refuses_a_forked_or_shrunken_log(void **state)
{
        struct checkpoint latest = checkpoint_of(20), now;

        (void)state;
        for (uint64_t size = 0; size < 20; size++) {
                now = checkpoint_of(size);
                assert_int_equal(judge_growth(size, &now, &latest), WITNESS_SHRUNK);
        }
        for (unsigned changed = 0; changed < 20; changed++) {
                leaves[changed].bytes[5] ^= 1;
                now = checkpoint_of(20);
                assert_int_equal(judge_growth(20, &now, &latest), WITNESS_FORKED);
                now = checkpoint_of(33);
                assert_int_equal(judge_growth(20, &now, &latest), WITNESS_UNPROVEN);
                leaves[changed].bytes[5] ^= 1;
        }
        now = checkpoint_of(33);
        assert_int_equal(judge_growth(20, &now, &latest), WITNESS_ACCEPTED);
}

static void test_who_asks_and_how(void **state)
{
        struct checkpoint latest = checkpoint_of(20), now = checkpoint_of(30), other = now;
        struct witness_request request;
        enum witness_verdict verdict;
        struct error error = {0};

        (void)state;
        assert_int_equal(judge_growth(10, &now, &latest), WITNESS_CONFLICT);
        assert_int_equal(judge_growth(0, &now, &latest), WITNESS_CONFLICT);
        assert_int_equal(judge_growth(25, &now, &latest), WITNESS_CONFLICT);
        assert_int_equal(judge_growth(31, &now, &latest), WITNESS_MALFORMED);

        struct buffer body = body_of(20, &now, &stranger);
        assert_int_equal(judge(&body, &latest), WITNESS_UNSIGNED);
        buffer_free(&body);
        memcpy(other.origin, "log.example/b", sizeof "log.example/b");
        assert_int_equal(judge_growth(20, &other, &latest), WITNESS_UNKNOWN);
        body = body_of(20, &now, &secret);
        assert_int_equal(
                witness_request_read(slice_make((char *)body.bytes, body.length), &request, &error), 0);
        assert_int_equal(witness_judge(&request, ORIGIN, NULL, 0, NULL, &verdict, &other, &error), 0);
        assert_int_equal(verdict, WITNESS_UNKNOWN);
        buffer_free(&body);
        for (unsigned i = 0; i < WITNESS_VERDICTS; i++) {
                assert_true(witness_verdict_name((enum witness_verdict)i)[0] != '\0');
                assert_true(witness_verdict_status((enum witness_verdict)i) >= 200);
        }
}

/* Nothing of a request can be changed so that it is still accepted. */
static void test_no_changed_byte_is_accepted(void **state)
{
        struct checkpoint latest = checkpoint_of(20), now = checkpoint_of(33);
        struct buffer body = body_of(20, &now, &secret);

        (void)state;
        assert_int_equal(judge(&body, &latest), WITNESS_ACCEPTED);
        for (size_t at = 0; at < body.length; at++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                        body.bytes[at] ^= (uint8_t)(1 << bit);
                        assert_true(judge(&body, &latest) != WITNESS_ACCEPTED);
                        body.bytes[at] ^= (uint8_t)(1 << bit);
                }
        }
        buffer_free(&body);
}

static void assert_no_request(const char *bytes)
{
        struct witness_request request;
        struct error error = {0};

        assert_int_equal(witness_request_read(slice_of(bytes), &request, &error), -EBADMSG);
        assert_true(error.text[0] != '\0');
}

#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static void test_what_is_no_request(void **state)
{
        char long_proof[16 + 70 * sizeof HASH] = "old 5\n";
        struct witness_request request;
        struct error error = {0};

        (void)state;
        assert_no_request("");
        assert_no_request("old 5");
        assert_no_request("old 5\n");
        assert_no_request("old 5\n\n");
        assert_no_request("old  5\n\nx");
        assert_no_request("old 05\n\nx");
        assert_no_request("old -5\n\nx");
        assert_no_request("old 4611686018427387905\n\nx");
        assert_no_request("new 5\n\nx");
        assert_no_request("old 5\n" HASH "x");
        assert_no_request("old 5\nAAAA\n\nx");
        assert_no_request("old 5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\nx"); /* 33 bytes */
        assert_int_equal(witness_request_read(slice_of("old 5\n" HASH "\nx"), &request, &error), 0);
        size_t at = strlen(long_proof);
        for (unsigned i = 0; i < MERKLE_PROOF_MAX; i++, at += strlen(HASH))
                memcpy(long_proof + at, HASH, sizeof HASH);
        memcpy(long_proof + at, "\nx", 3);
        assert_int_equal(witness_request_read(slice_of(long_proof), &request, &error), 0);
        memcpy(long_proof + at, HASH "\nx", sizeof HASH + 2);
        assert_no_request(long_proof);
}

static void test_what_is_no_checkpoint(void **state)
{
        static const char *const wrong[] = {"", "o\n5\n",
                "o\n5\n"
                "AAAA\n",
                "\n5\n" HASH, "o\n05\n" HASH, "o\n\n" HASH, "o\n 5\n" HASH, "o\n4611686018427387905\n" HASH,
                "o\n5\n" HASH "\n", "o\n5\n" HASH "cut", "o\n-1\n" HASH};
        struct checkpoint checkpoint;
        struct error error = {0};

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(checkpoint_read(slice_of(wrong[i]), &checkpoint, &error), -EBADMSG);
        assert_int_equal(checkpoint_read(slice_of("o\n0\n" HASH "more\nlines\n"), &checkpoint, &error), 0);
        assert_int_equal(checkpoint.size, 0);
}

/* ---- proofs of inclusion as a text ---- */

static void test_proof_of_an_entry(void **state)
{
        const unsigned index = 13;
        const struct slice entry = slice_make((const char *)&index, sizeof index);
        struct checkpoint now = checkpoint_of(33), found;
        struct buffer signed_checkpoint = buffer_make(CHECKPOINT_BYTES_MAX);
        struct buffer text = buffer_make(LOG_PROOF_MAX);
        struct log_proof proof = {.extra = slice_of("YWJj"), .index = index}, again;
        struct error error = {0};

        (void)state;
        assert_int_equal(checkpoint_sign(&now, &secret, 0, &signed_checkpoint, &error), 0);
        proof.checkpoint = slice_make((char *)signed_checkpoint.bytes, signed_checkpoint.length);
        assert_int_equal(merkle_inclusion_make(source, NULL, index, 33, &proof.inclusion, &error), 0);
        assert_int_equal(log_proof_write(&proof, &text), 0);
        assert_int_equal(log_proof_read(slice_make((char *)text.bytes, text.length), &again, &error), 0);
        assert_true(slice_is(again.extra, "YWJj"));
        assert_int_equal(log_proof_verify(&again, entry, ORIGIN, &secret.key, 1, &found, &error), 0);
        assert_int_equal(found.size, 33);
        assert_int_equal(
                log_proof_verify(&again, slice_of("else"), ORIGIN, &secret.key, 1, &found, &error), -EBADMSG);
        assert_int_equal(
                log_proof_verify(&again, entry, "log.example/b", &secret.key, 1, &found, &error), -EBADMSG);
        assert_int_equal(log_proof_verify(&again, entry, ORIGIN, &stranger.key, 1, &found, &error), -ENOKEY);
        again.index = 12;
        assert_int_equal(log_proof_verify(&again, entry, ORIGIN, &secret.key, 1, &found, &error), -EBADMSG);
        for (size_t length = 0; length < text.length; length++) {
                int r = log_proof_read(slice_make((char *)text.bytes, length), &again, &error);
                assert_true(r == -EBADMSG ||
                            log_proof_verify(&again, entry, ORIGIN, &secret.key, 1, &found, &error) < 0);
        }
        buffer_free(&text);
        buffer_free(&signed_checkpoint);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_honest_log_is_accepted),
                cmocka_unit_test(requirement_18_a_witness_refuses_a_forked_or_shrunken_log),
                cmocka_unit_test(test_who_asks_and_how),
                cmocka_unit_test(test_no_changed_byte_is_accepted),
                cmocka_unit_test(test_what_is_no_request),
                cmocka_unit_test(test_what_is_no_checkpoint),
                cmocka_unit_test(test_proof_of_an_entry),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
