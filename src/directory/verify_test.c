/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/scene_test.h"

#include <string.h>

#define DIRECTORY_LINE "rogatory-directory/1\n"

static struct directory *scene;
static struct buffer text, signature;
static struct note_secret operator;
static const struct directory_pin nothing_yet = {.version = 0};

static void make_secret(uint8_t number, struct note_secret *ret_secret)
{
        uint8_t secret[ED25519_SECRET_BYTES] = {number, 99};
        struct error error = {0};
        assert_int_equal(
                note_secret_make("operator.example", NOTE_KEY_ED25519, secret, ret_secret, &error), 0);
}

/* Writes and signs the scene as it is now. */
static void publish(const struct note_secret *by)
{
        struct directory *read = NULL;
        struct error error = {0};

        buffer_clear(&text);
        buffer_clear(&signature);
        assert_int_equal(directory_write(scene, &text), 0);
        assert_int_equal(directory_parse(scene_slice(&text), &read, &error), 0);
        assert_int_equal(directory_sign(read, by, &signature, &error), 0);
        directory_free(read);
}

static int setup(void **state)
{
        (void)state;
        scene = scene_directory();
        text = buffer_make(DIRECTORY_BYTES_MAX);
        signature = buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX);
        make_secret(1, &operator);
        publish(&operator);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        directory_free(scene);
        buffer_free(&text);
        buffer_free(&signature);
        return 0;
}

static int verify(
        const struct directory_pin *last, int64_t now_ms, struct directory_pin *ret_pin, struct error *error)
{
        struct directory *directory = NULL;
        int r = directory_verify(
                scene_slice(&text), scene_slice(&signature), &operator.key, last, now_ms, &directory, error);
        if (r == 0 && ret_pin)
                *ret_pin = directory_pin_of(directory);
        assert_true((r == 0) == (directory != NULL));
        assert_true(r == 0 || error->text[0] != '\0');
        directory_free(directory);
        return r;
}

static void test_the_operators_directory_is_accepted_again_and_again(void **state)
{
        struct directory_pin pin;
        struct error error = {0};
        (void)state;
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, &pin, &error), 0);
        assert_int_equal(pin.version, 7);
        assert_int_equal(verify(&pin, SCENE_NOW, &pin, &error), 0);
        scene->version = 8;
        publish(&operator);
        assert_int_equal(verify(&pin, SCENE_NOW, &pin, &error), 0);
        assert_int_equal(pin.version, 8);
}

static void test_rollback_is_refused(void **state)
{
        struct directory_pin pin;
        struct error error = {0};
        (void)state;
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, &pin, &error), 0);
        scene->version = 6;
        publish(&operator);
        assert_int_equal(verify(&pin, SCENE_NOW, NULL, &error), -ESTALE);
        scene->version = 7;
        snprintf(scene->signer, sizeof scene->signer, "Somebody else");
        publish(&operator);
        assert_int_equal(verify(&pin, SCENE_NOW, NULL, &error), -ESTALE);
        assert_non_null(strstr(error.text, "its content is another"));
}

static void test_forgery_is_refused(void **state)
{
        struct note_secret other;
        struct error error = {0};
        (void)state;
        make_secret(2, &other);
        publish(&other);
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
        publish(&operator);
        /* Another directory under the signature of this one, also of the same length and version. */
        text.bytes[text.length / 2] ^= 1;
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
        text.bytes[text.length / 2] ^= 1;
        buffer_append_u8(&text, '\n');
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
        text.length--;
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), 0);
}

static void test_each_byte_of_the_signature_counts(void **state)
{
        (void)state;
        for (size_t i = 0; i < signature.length; i++) {
                struct error error = {0};
                signature.bytes[i] ^= 1;
                assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
                signature.bytes[i] ^= 1;
        }
        struct error error = {0};
        size_t length = signature.length;
        for (signature.length = 0; signature.length < length; signature.length += 7)
                assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
        signature.length = length;
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), 0);
}

/* The operator's key over something else, such as a checkpoint of a log, is no signature of a directory. */
static void test_a_note_of_another_kind_is_none_of_a_directory(void **state)
{
        static const char leading_zero[] =
                DIRECTORY_LINE "07\n0000000000000000000000000000000000000000000000000000000000000000\n";
        static const char *const notes[] = {
                "operator.example\n7\nabcd\n", leading_zero, DIRECTORY_LINE "7\n"};
        (void)state;
        for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
                struct error error = {0};
                buffer_clear(&signature);
                buffer_append_text(&signature, notes[i]);
                buffer_append_u8(&signature, '\n');
                assert_int_equal(note_sign(slice_of(notes[i]), &operator, 0, &signature, &error), 0);
                assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EKEYREJECTED);
        }
}

static void test_a_directory_of_tomorrow_is_refused_and_one_of_yesterday_is_not(void **state)
{
        struct error error = {0};
        (void)state;
        assert_int_equal(verify(&nothing_yet, scene->issued_ms - DIRECTORY_SKEW_MAX, NULL, &error), 0);
        assert_int_equal(
                verify(&nothing_yet, scene->issued_ms - DIRECTORY_SKEW_MAX - 1, NULL, &error), -EBADMSG);
        /* Expired is accepted: preservation goes on by it. */
        assert_int_equal(verify(&nothing_yet, scene->expires_ms + 100 * TIME_DAY, NULL, &error), 0);
}

static void test_version_of_signature_and_content_agree(void **state)
{
        struct directory *read = NULL;
        struct error error = {0};
        (void)state;
        assert_int_equal(directory_parse(scene_slice(&text), &read, &error), 0);
        read->version = 9;
        buffer_clear(&signature);
        assert_int_equal(directory_sign(read, &operator, & signature, &error), 0);
        directory_free(read);
        assert_int_equal(verify(&nothing_yet, SCENE_NOW, NULL, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "its signature says 9"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_the_operators_directory_is_accepted_again_and_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rollback_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_forgery_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_each_byte_of_the_signature_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_note_of_another_kind_is_none_of_a_directory, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_directory_of_tomorrow_is_refused_and_one_of_yesterday_is_not, setup, teardown),
                cmocka_unit_test_setup_teardown(test_version_of_signature_and_content_agree, setup, teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
