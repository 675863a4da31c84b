/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/witness.h"

#include "chronicle/openings.h"
#include "os/keyring.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#define PEER "peer.example/log"
static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static struct chronicle *open_log(const char *name, const char *origin)
{
        struct chronicle *chronicle;
        struct error error = {0};

        if (origin && chronicle_create(scratch_path(name), origin, NULL, &error) < 0)
                fail_msg("%s", error.text);
        if (chronicle_open(scratch_path(name), CHRONICLE_WRITE, NULL, &chronicle, &error) < 0)
                fail_msg("%s", error.text);
        return chronicle;
}

static void append(struct chronicle *chronicle, unsigned count)
{
        struct error error = {0};

        for (unsigned i = 0; i < count; i++)
                assert_int_equal(chronicle_append(chronicle, "administration", ten, "node",
                                         "{\"action\":\"test\"}", NULL, &error),
                        0);
}

static struct buffer request_of(struct chronicle *log, uint64_t old_size)
{
        struct buffer request = buffer_make(WITNESS_REQUEST_MAX);
        struct error error = {0};

        assert_int_equal(chronicle_witness_request(log, old_size, &request, &error), 0);
        return request;
}

static struct witness_answer ask(struct chronicle *witness, const struct note_key *key,
        const struct buffer *request, struct buffer *line)
{
        struct buffer own = buffer_make(NOTE_BYTES_MAX), *target = line ? line : &own;
        struct witness_answer answer;
        struct error error = {0};

        assert_int_equal(
                chronicle_witness(witness, PEER, key, key ? 1 : 0,
                        slice_make((char *)request->bytes, request->length), ten, &answer, target, &error),
                0);
        assert_true((answer.verdict == WITNESS_ACCEPTED) == (target->length > 0));
        buffer_free(&own);
        return answer;
}

static enum witness_verdict witness_log(struct chronicle *witness, struct chronicle *log, uint64_t old_size)
{
        struct buffer request = request_of(log, old_size);
        struct witness_answer answer = ask(witness, chronicle_log_key(log), &request, NULL);

        buffer_free(&request);
        return answer.verdict;
}

static uint64_t size_of(struct chronicle *chronicle)
{
        struct checkpoint checkpoint;
        struct error error = {0};

        assert_int_equal(chronicle_checkpoint(chronicle, &checkpoint, NULL, &error), 0);
        return checkpoint.size;
}

static void test_what_grows_is_cosigned(void **state)
{
        struct chronicle *witness = open_log("witness", "witness.example/log"), *log = open_log("log", PEER);
        struct buffer line = buffer_make(NOTE_BYTES_MAX), note = buffer_make(2 * CHECKPOINT_BYTES_MAX),
                      request;
        struct checkpoint checkpoint;
        struct note_signed said[2];
        struct error error = {0};

        (void)state;
        assert_int_equal(chronicle_witnessed(witness, PEER, &checkpoint, NULL, &error), -ENOENT);
        assert_int_equal(witness_log(witness, log, 0), WITNESS_ACCEPTED);
        append(log, 5);
        assert_int_equal(witness_log(witness, log, 0), WITNESS_ACCEPTED);
        append(log, 3);
        assert_int_equal(witness_log(witness, log, 0), WITNESS_CONFLICT);
        request = request_of(log, 5);
        assert_int_equal(ask(witness, NULL, &request, NULL).verdict, WITNESS_UNKNOWN);
        assert_int_equal(ask(witness, chronicle_log_key(witness), &request, NULL).verdict, WITNESS_UNSIGNED);
        assert_int_equal(ask(witness, chronicle_log_key(log), &request, &line).known_size, 8);
        buffer_free(&request);

        /* The checkpoint that is kept carries both signatures, and survives the witness's restart. */
        const struct note_key keys[2] = {*chronicle_log_key(log), *chronicle_witness_key(witness)};
        chronicle_close(witness);
        witness = open_log("witness", NULL);
        assert_int_equal(chronicle_witnessed(witness, PEER, &checkpoint, &note, &error), 0);
        assert_int_equal(checkpoint.size, 8);
        assert_int_equal(checkpoint_open(slice_make((char *)note.bytes, note.length), keys, 2, &checkpoint,
                                 said, &error),
                0);
        assert_true(said[0].holds && said[1].holds);
        assert_int_equal(said[1].time_s, ten / 1000);
        assert_non_null(memmem(note.bytes, note.length, line.bytes, line.length));
        assert_int_equal(size_of(witness), 0); /* nothing happened that is to be told */
        chronicle_close(witness);
        chronicle_close(log);
        buffer_free(&line);
        buffer_free(&note);
}

struct seen {
        unsigned count;
        char verdicts[4][16];
        uint64_t kept[4], offered[4];
};

static int see_evidence(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept, struct slice offered)
{
        struct seen *seen = context;
        struct checkpoint checkpoint;
        struct note note;
        struct error error = {0};

        assert_string_equal(origin, PEER);
        assert_true(at_ms == ten);
        assert_true(seen->count < 4);
        snprintf(seen->verdicts[seen->count], 16, "%s", verdict);
        assert_int_equal(note_read(kept, &note, &error), 0);
        assert_int_equal(checkpoint_read(note.text, &checkpoint, &error), 0);
        seen->kept[seen->count] = checkpoint.size;
        assert_int_equal(note_read(offered, &note, &error), 0);
        assert_int_equal(checkpoint_read(note.text, &checkpoint, &error), 0);
        seen->offered[seen->count++] = checkpoint.size;
        return 0;
}

static void copy_log(const char *to)
{
        int status;

        pid_t child = fork();
        if (child == 0) {
                execlp("cp", "cp", "-a", scratch_path("log"), scratch_path(to), (char *)NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Requirement 18: a witness refuses a forked or shrunken log, and keeps both checkpoints. The peer cheats
 * with its own key: it goes back to an older state and tells another story from there. */
static void requirement_18_a_forked_or_shrunken_log_is_refused_with_evidence(void **state)
{
        struct chronicle *witness = open_log("witness", "witness.example/log"), *log = open_log("log", PEER);
        struct seen seen = {.count = 0};
        struct checkpoint checkpoint;
        struct error error = {0};

        (void)state;
        append(log, 5);
        copy_log("fork");
        append(log, 4);
        assert_int_equal(witness_log(witness, log, 0), WITNESS_ACCEPTED);

        /* Five entries, never seen here: taken away from nine. */
        struct chronicle *fork = open_log("fork", NULL);
        assert_int_equal(witness_log(witness, fork, 5), WITNESS_SHRUNK);
        assert_int_equal(witness_log(witness, fork, 5), WITNESS_SHRUNK); /* kept once */
        append(fork, 4);
        assert_int_equal(witness_log(witness, fork, 9), WITNESS_FORKED);
        append(fork, 2);
        assert_int_equal(witness_log(witness, fork, 9), WITNESS_UNPROVEN);
        assert_int_equal(chronicle_evidence_walk(witness, see_evidence, &seen, &error), 0);
        assert_int_equal(seen.count, 3);
        assert_string_equal(seen.verdicts[0], "shrunk");
        assert_string_equal(seen.verdicts[1], "forked");
        assert_string_equal(seen.verdicts[2], "unproven");
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(seen.kept[i], 9);
        assert_int_equal(seen.offered[0], 5);
        assert_int_equal(seen.offered[1], 9);
        assert_int_equal(seen.offered[2], 11);
        assert_int_equal(size_of(witness), 3); /* each told in the witness's own log */

        /* What was accepted stands, and the honest log goes on. */
        assert_int_equal(chronicle_witnessed(witness, PEER, &checkpoint, NULL, &error), 0);
        assert_int_equal(checkpoint.size, 9);
        append(log, 1);
        assert_int_equal(witness_log(witness, log, 9), WITNESS_ACCEPTED);
        chronicle_close(fork);
        chronicle_close(witness);
        chronicle_close(log);
}

/* Messages overtake each other: an older checkpoint accuses nobody where it was accepted before, or is proven
 * to be the beginning of the latest one. */
static void test_late_checkpoints(void **state)
{
        struct chronicle *witness = open_log("witness", "witness.example/log"), *log = open_log("log", PEER);
        struct buffer first, second, note = buffer_make(CHECKPOINT_BYTES_MAX);
        struct witness_answer answer;
        struct witness_request request;
        struct checkpoint checkpoint;
        struct error error = {0};

        (void)state;
        append(log, 3);
        first = request_of(log, 0);
        answer = ask(witness, chronicle_log_key(log), &first, NULL);
        assert_int_equal(answer.verdict, WITNESS_ACCEPTED);
        append(log, 2);
        second = request_of(log, 3);
        assert_int_equal(chronicle_checkpoint(log, &checkpoint, &note, &error), 0);
        append(log, 4);
        assert_int_equal(witness_log(witness, log, 3), WITNESS_ACCEPTED);

        answer = ask(witness, chronicle_log_key(log), &first, NULL); /* of 3: seen before */
        assert_true(answer.verdict == WITNESS_SHRUNK && answer.stale && answer.known_size == 9);
        answer = ask(witness, chronicle_log_key(log), &second, NULL); /* of 5: never seen */
        assert_true(answer.verdict == WITNESS_SHRUNK && !answer.stale);

        /* The log explains itself. */
        struct buffer proof = request_of(log, 5);
        assert_int_equal(
                witness_request_read(slice_make((char *)proof.bytes, proof.length), &request, &error), 0);
        struct slice late = slice_make((char *)note.bytes, note.length);
        struct merkle_proof wrong = request.proof;
        wrong.hashes[0].bytes[0] ^= 1;
        assert_int_equal(
                chronicle_witness_settle(witness, PEER, chronicle_log_key(log), 1, late, &wrong, ten, &error),
                -EBADMSG);
        assert_int_equal(chronicle_witness_settle(
                                 witness, PEER, chronicle_log_key(log), 1, late, &request.proof, ten, &error),
                0);
        answer = ask(witness, chronicle_log_key(log), &second, NULL);
        assert_true(answer.verdict == WITNESS_SHRUNK && answer.stale);
        buffer_free(&first);
        buffer_free(&second);
        buffer_free(&proof);
        buffer_free(&note);
        chronicle_close(witness);
        chronicle_close(log);
}

static int count_evidence(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept, struct slice offered)
{
        (void)origin;
        (void)verdict;
        (void)at_ms;
        (void)kept;
        (void)offered;
        ++*(unsigned *)context;
        return 0;
}

/* Whoever has the key of a log can sign any number of stories; they do not fill our disk. */
static void test_evidence_has_a_limit(void **state)
{
        struct chronicle *witness = open_log("witness", "witness.example/log"), *log = open_log("log", PEER);
        struct buffer secret_text = buffer_make(SECRET_MOST), body = buffer_make(WITNESS_REQUEST_MAX);
        struct note_secret secret;
        struct error error = {0};
        unsigned count = 0;

        (void)state;
        append(log, 1);
        assert_int_equal(witness_log(witness, log, 0), WITNESS_ACCEPTED);
        assert_int_equal(secret_file_read(scratch_path("log/log.key"), &secret_text, &error), 0);
        assert_int_equal(
                note_secret_read(slice_trim(slice_make((char *)secret_text.bytes, secret_text.length)),
                        &secret, &error),
                0);
        for (unsigned i = 0; i < PEER_EVIDENCE_MAX + 5; i++) {
                struct checkpoint story = {.origin = PEER, .size = 1};
                struct buffer note = buffer_make(CHECKPOINT_BYTES_MAX);
                struct witness_request request = {.old_size = 1};
                story.root.bytes[0] = (uint8_t)i;
                assert_int_equal(checkpoint_sign(&story, &secret, 0, &note, &error), 0);
                request.checkpoint = slice_make((char *)note.bytes, note.length);
                buffer_clear(&body);
                assert_int_equal(witness_request_write(&request, &body), 0);
                assert_int_equal(ask(witness, chronicle_log_key(log), &body, NULL).verdict, WITNESS_FORKED);
                buffer_free(&note);
        }
        assert_int_equal(chronicle_evidence_walk(witness, count_evidence, &count, &error), 0);
        assert_int_equal(count, PEER_EVIDENCE_MAX);
        assert_int_equal(size_of(witness), PEER_EVIDENCE_MAX);
        chronicle_close(witness);
        chronicle_close(log);
        buffer_free(&secret_text);
        buffer_free(&body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(test_what_grows_is_cosigned),
                CASE(requirement_18_a_forked_or_shrunken_log_is_refused_with_evidence),
                CASE(test_late_checkpoints),
                CASE(test_evidence_has_a_limit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
