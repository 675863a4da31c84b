/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/token.h"

#include "os/softhsm_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char label[] = "rogatory-test";
static struct error error;

static struct token_place place_of(const char *token)
{
        return (struct token_place){softhsm_module(), token, "default", scratch_path("secret/pin")};
}

static struct token *must_open(bool to_change)
{
        struct token_place place = place_of(label);
        struct token *token = NULL;

        if (token_open(&place, to_change, &token, &error) < 0)
                fail_msg("%s", error.text);
        return token;
}

static int setup(void **state)
{
        return scratch_setup(state) < 0 ? -1 : softhsm_setup(label);
}

static void assert_refused(const struct token_place *place, int expected, const char *words)
{
        struct token *token;

        assert_int_equal(token_open(place, false, &token, &error), expected);
        if (!strstr(error.text, words))
                fail_msg("\"%s\" is not in: %s", words, error.text);
}

static void keys_are_made_used_and_destroyed(void **state)
{
        static const uint8_t ids[3][TOKEN_KEY_ID_BYTES] = {"table-1 key-b", "table-1 key-a", "table-2 key-a"};
        uint8_t value[TOKEN_VALUE_BYTES] = "the same for all", made[3][TOKEN_VALUE_BYTES],
                again[TOKEN_VALUE_BYTES];
        struct token_key key, found[TOKEN_KEYS_MAX];

        (void)state;
        struct token *token = must_open(true);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(token_make_key(token, ids[i], &key, &error), 0);
                assert_int_equal(token_apply(token, &key, value, made[i], &error), 0);
        }
        assert_memory_not_equal(made[0], made[1], sizeof made[0]);
        assert_memory_not_equal(made[0], value, sizeof value);
        token_close(token);

        token = must_open(true);
        assert_int_equal(token_find(token, "table-1", 7, found, &error), 2);
        assert_memory_equal(found[0].id, ids[1], sizeof ids[1]);
        assert_memory_equal(found[1].id, ids[0], sizeof ids[0]);
        assert_int_equal(token_apply(token, &found[1], value, again, &error), 0);
        assert_memory_equal(again, made[0], sizeof again);
        assert_int_equal(token_destroy_key(token, &found[1], &error), 0);
        assert_int_equal(token_find(token, "table-1", 7, found, &error), 1);
        assert_int_equal(token_find(token, "table-2", 7, found, &error), 1);
        assert_int_equal(token_find(token, "table-3", 7, found, &error), 0);
        assert_int_equal(token_find(token, "table", 5, found, &error), 2);
        assert_int_equal(token_make_key(token, ids[0], &key, &error), 0);
        assert_int_equal(token_find(token, "table", 5, found, &error), -EMFILE);
        token_close(token);

        /* Who only reads changes nothing. */
        token = must_open(false);
        assert_int_equal(token_find(token, "table-1", 7, found, &error), 2);
        assert_true(token_destroy_key(token, &found[0], &error) < 0);
        assert_true(token_make_key(token, ids[0], &key, &error) < 0);
        token_close(token);
}

static void what_does_not_open(void **state)
{
        (void)state;
        struct token_place place = place_of("another");
        assert_refused(&place, -ENODEV, "no token of this name");
        place = place_of(label);
        place.module = scratch_path("none.so");
        assert_refused(&place, -ENOENT, "cannot be loaded");
        place = place_of(label);
        place.pin_file = scratch_path("secret/none");
        assert_refused(&place, -ENOENT, "");
        place = place_of(label);
        assert_int_equal(chmod(scratch_path("secret/pin"), 0644), 0);
        assert_refused(&place, -EACCES, "secret/pin");
        assert_int_equal(chmod(scratch_path("secret/pin"), 0600), 0);
        assert_int_equal(softhsm_write("secret/pin", "000000\n", 0600), 0);
        assert_refused(&place, -EACCES, "does not take the PIN");
        assert_int_equal(softhsm_setup(label), 0); /* a second one of the same name */
        assert_refused(&place, -ENOTUNIQ, "2 tokens have this name");
}

/* A key that somebody put there, and kept. */
static void keys_that_were_outside(void **state)
{
        char *const arguments[] = {"softhsm2-util", "--import", (char *)scratch_path("key"), "--aes",
                "--token", label, "--pin", TOKEN_PIN, "--label", "default", "--id",
                "303132333435363738393031323334353637383930313233", NULL};
        struct token_key found[TOKEN_KEYS_MAX];

        (void)state;
        assert_int_equal(softhsm_write("key", "0123456789abcdef0123456789abcdef", 0600), 0);
        assert_int_equal(softhsm_util(arguments), 0);
        struct token *token = must_open(false);
        assert_int_equal(token_find(token, "01234567", 8, found, &error), -EKEYREJECTED);
        assert_non_null(strstr(error.text, "can be taken out of it"));
        assert_int_equal(token_find(token, "other", 5, found, &error), 0);
        token_close(token);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(keys_are_made_used_and_destroyed),
                TEST(what_does_not_open),
                TEST(keys_that_were_outside),
        };

        if (!softhsm_module()) {
                printf("SKIP: SoftHSM (softhsm2) is not installed\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
