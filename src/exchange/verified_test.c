/* SPDX-License-Identifier: EUPL-1.2 */
/* What a node sends is what rogatory-verify, a program of its own, says of it: offline, with the directory
 * alone.
 *
 *   verified_test PROGRAM_VERIFY
 */
#include "exchange/office_scene_test.h"
#include "hi1/hi1.h"
#include "order/order_example_test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;
static char output[65536];

/* The exit code of rogatory-verify with the scene's directory. */
static int verify(const char *name, const char *more)
{
        char directory[256], key[256], file[256];
        size_t length = 0;
        int ends[2], status;

        snprintf(directory, sizeof directory, "%s/pki/directory/directory.json", scratch);
        snprintf(key, sizeof key, "%s/pki/directory/operator.pub", scratch);
        snprintf(file, sizeof file, "%s", scratch_path(name));
        const char *const words[] = {program, "--directory", directory, "--directory-key", key, "--at",
                "2026-11-23T12:00:00Z", file, more, NULL};
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                dup2(ends[1], STDERR_FILENO);
                execv(program, (char *const *)(uintptr_t)words);
                _exit(127);
        }
        close(ends[1]);
        for (ssize_t got; (got = read(ends[0], output + length, sizeof output - 1 - length)) > 0;)
                length += (size_t)got;
        output[length] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(int code, const char *words, const char *name)
{
        int got = verify(name, NULL);

        if (got != code || !strstr(output, words))
                fail_msg("exit %d and not %d, or not \"%s\":\n%s", got, code, words, output);
}

static void make_order(struct message *message)
{
        example_production(message);
        EXAMPLE_SET(message->order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(message->order.addressee.country, "DE");
        EXAMPLE_SET(message->order.issuer.organisation, AUTHORITY);
        EXAMPLE_SET(message->order.issuer.country, "AT");
        EXAMPLE_SET(message->receiver.organisation, PROVIDER);
        memset(message->id, 0, sizeof message->id);
        memset(message->order_id, 0, sizeof message->order_id);
        EXAMPLE_SET(message->order_id, "0b8a7c52-54c3-4f7e-9a56-0d4a1f7f6a01");
}

static void write_file(const char *name, const void *bytes, size_t length)
{
        struct error error = {0};

        scene_must(file_publish(scratch, name, bytes, length, &error), &error);
}

/* Sends it; the container as the courier would carry it stands in SCRATCH/name. */
static void send_to_file(struct office *office, struct message *message, const struct post_file *files,
        size_t count, const char *name)
{
        static const struct schedule schedule = {.first_ms = 1, .longest_ms = 1};
        struct outgoing outgoing;
        struct content *content = NULL;
        struct error error = {0};

        scene_must(office_step_begin(office, &error), &error);
        int r = post_send(office, message, files, count, NULL, &error);
        scene_must(office_step_end(office, r, &error), &error);
        assert_int_equal(queue_attempt_begin(office_queue(office), PROVIDER, &schedule, 1, scene_clock,
                                 &outgoing, &error),
                1);
        scene_must(queue_outgoing_content(
                           office_queue(office), outgoing.id, office_spool(office), &content, &error),
                &error);
        uint8_t *bytes = malloc(outgoing.length);
        assert_non_null(bytes);
        size_t read = 0;
        scene_must(content_read(content, 0, bytes, outgoing.length, &read, &error), &error);
        assert_int_equal(read, outgoing.length);
        write_file(name, bytes, outgoing.length);
        free(bytes);
        content_free(content);
        scene_must(
                queue_attempt_delivered(office_queue(office), outgoing.id, "taken", 5, scene_clock, &error),
                &error);
}

static void a_lawful_order_is_verified_with_its_parties_its_log_and_the_rules(void **state)
{
        struct message message;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        make_order(&message);
        send_to_file(office, &message, NULL, 0, "order.asice");
        expect(0, "seal of " AUTHORITY, "order.asice");
        assert_non_null(strstr(output, "Its sender is the organisation whose seal it has"));
        assert_non_null(strstr(output, "signed by the key that the directory pins"));
        assert_non_null(strstr(output, "No rule forbids the order"));
        assert_int_equal(verify("order.asice", "--json"), 0);
        assert_non_null(strstr(output, "\"verified\""));
        message_free(&message);
        office_close(office);
}

/* Whoever has both containers sees whether what was decided was decided of this order. */
static void the_words_of_an_order_are_those_that_a_clearance_names(void **state)
{
        struct message message, clearance;
        struct error error = {0};
        char text[DIGEST_TEXT_MAX], words[DIGEST_TEXT_MAX + 64];

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        make_order(&message);
        message_init(&clearance, MESSAGE_EA_CLEARANCE);
        EXAMPLE_SET(clearance.order_id, message.order_id);
        EXAMPLE_SET(clearance.receiver.organisation, PROVIDER);
        example_authority(&clearance.ea_clearance.authority, "AT", AUTHORITY, NATURE_COURT, "huber@x");
        scene_must(hi1_order_digest(message.order_id, message.generation, &message.order,
                           clearance.ea_clearance.order_digest, &error),
                &error);
        digest_format(clearance.ea_clearance.order_digest, text);
        send_to_file(office, &message, NULL, 0, "order.asice");
        snprintf(words, sizeof words, "The order's words are %s", text);
        expect(0, words, "order.asice");
        send_to_file(office, &clearance, NULL, 0, "clearance.asice");
        snprintf(words, sizeof words, "It is of the order whose words are %s", text);
        expect(0, words, "clearance.asice");
        message_free(&clearance);
        message_free(&message);
        office_close(office);
}

static void an_order_that_the_law_forbids_is_refused_though_its_seal_is_genuine(void **state)
{
        struct message message;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        make_order(&message);
        message.order.data.categories = WORD_BIT(CATEGORY_CONTENT);
        memset(message.order.validator.organisation, 0, sizeof message.order.validator.organisation);
        message.order.validator.nature = NATURE_NONE;
        send_to_file(office, &message, NULL, 0, "order.asice");
        expect(1, "Article 4(2)", "order.asice");
        message_free(&message);
        office_close(office);
}

static void a_file_that_the_message_names_is_that_file(void **state)
{
        const struct post_file files[] = {
                {.name = "annex.txt", .media_type = "text/plain", .bytes = "annex", .length = 5}};
        struct message message;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        make_order(&message);
        send_to_file(office, &message, files, 1, "order.asice");
        expect(0, "The files are those that the message names", "order.asice");
        assert_non_null(strstr(output, "evidence/annex.txt"));
        message_free(&message);
        office_close(office);
}

static void a_proof_out_of_a_log_says_what_was_entered(void **state)
{
        struct buffer proof = buffer_make((1 << 20));
        struct message message;
        struct error error = {0};

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        make_order(&message);
        send_to_file(office, &message, NULL, 0, "order.asice");
        struct checkpoint checkpoint;
        scene_must(chronicle_checkpoint(office_chronicle(office), &checkpoint, NULL, &error), &error);
        scene_must(
                chronicle_prove(office_chronicle(office), checkpoint.size - 1, true, &proof, &error), &error);
        write_file("entry.proof", proof.bytes, proof.length);
        expect(0, "\"message-sent\"", "entry.proof");
        assert_non_null(strstr(output, "VERIFIED: this was entered in the log"));
        /* One changed byte of what was entered. */
        uint8_t *opening = memmem(proof.bytes, proof.length, "\nextra ", 7);
        assert_non_null(opening);
        opening[60] = opening[60] == 'A' ? 'B' : 'A';
        write_file("changed.proof", proof.bytes, proof.length);
        expect(1, "REFUSED", "changed.proof");
        buffer_free(&proof);
        message_free(&message);
        office_close(office);
}

int main(int count, char **arguments)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_lawful_order_is_verified_with_its_parties_its_log_and_the_rules, scene_setup,
                        scratch_teardown),
                cmocka_unit_test_setup_teardown(the_words_of_an_order_are_those_that_a_clearance_names,
                        scene_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        an_order_that_the_law_forbids_is_refused_though_its_seal_is_genuine, scene_setup,
                        scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        a_file_that_the_message_names_is_that_file, scene_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        a_proof_out_of_a_log_says_what_was_entered, scene_setup, scratch_teardown),
        };

        if (count < 2)
                return 2;
        program = arguments[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
