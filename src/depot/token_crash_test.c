/* SPDX-License-Identifier: EUPL-1.2 */
/* A writer that ends between any two steps of a destruction while the realm's key is in a token. It is ended
 * there by what stands in the place of the step (linked with --wrap): a random kill could hit SoftHSM while
 * it rewrites its own files in place, which no store can mend. */
#include "depot/sealed_store_test.h"

#include "custody/key_table.h"
#include "os/token.h"

#include <sys/wait.h>

enum end { AFTER_NEW_KEY, AFTER_TABLE, AFTER_OLD_KEY, AT_NO_STEP };
static enum end end_at = AT_NO_STEP;

int __real_key_table_wrap_anew(struct key_table *table, const uint8_t realm_key[SEAL_KEY_BYTES]);
int __wrap_key_table_wrap_anew(struct key_table *table, const uint8_t realm_key[SEAL_KEY_BYTES]);
int __real_token_destroy_key(struct token *token, const struct token_key *key, struct error *error);
int __wrap_token_destroy_key(struct token *token, const struct token_key *key, struct error *error);

int __wrap_key_table_wrap_anew(struct key_table *table, const uint8_t realm_key[SEAL_KEY_BYTES])
{
        if (end_at == AFTER_NEW_KEY)
                _exit(AFTER_NEW_KEY);
        return __real_key_table_wrap_anew(table, realm_key);
}

int __wrap_token_destroy_key(struct token *token, const struct token_key *key, struct error *error)
{
        if (end_at == AFTER_TABLE)
                _exit(AFTER_TABLE);
        int r = __real_token_destroy_key(token, key, error);
        if (end_at == AFTER_OLD_KEY)
                _exit(AFTER_OLD_KEY);
        return r;
}

static const struct depot_doomed doomed = {.kind = DEPOT_NAT, .window_from = INT64_C(1795168800000)};

static int keys_in_token(void)
{
        const struct token_place place = {softhsm_module(), "stores", "default", scratch_path("secret/pin")};
        struct token_key keys[TOKEN_KEYS_MAX];
        struct error error = {0};
        struct token *token;

        if (token_open(&place, false, &token, &error) < 0)
                fail_msg("%s", error.text);
        int count = token_find(token, "", 0, keys, &error);
        token_close(token);
        return count;
}

/* Two windows, the first of which is destroyed by a writer that ends on the way. */
static void begin_and_end_at(enum end end)
{
        struct depot_destruction done;
        struct error error = {0};
        int status;

        struct depot *depot = make_sealed_store("store");
        assert_int_equal(publish_window(depot, ten, 1001, 5, &error), 0);
        assert_int_equal(publish_window(depot, ten + TIME_HOUR, 1002, 5, &error), 0);
        depot_close(depot);
        assert_int_equal(keys_in_token(), 1);
        for (int i = 0; i < 3; i++) {
                static const char *const folders[] = {"copy", "copy/keys", "copy/realms"};
                assert_int_equal(folder_make(scratch_path(folders[i]), &error), 0);
        }
        copy_file(scratch_path("store/keys/default.keys"), scratch_path("copy/keys"), "default.keys");
        copy_file(scratch_path("store/rogatory.conf"), scratch_path("copy"), "rogatory.conf");
        assert_int_equal(symlink("../../store/realms/default", scratch_path("copy/realms/default")), 0);

        pid_t child = fork();
        if (child == 0) {
                depot = open_store("store", DEPOT_WRITE);
                end_at = end;
                if (depot_destroy(depot, "default", &doomed, 1, &done, &error) < 0)
                        print_message("%s\n", error.text);
                _exit(AT_NO_STEP);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), end);
}

/* What a reader of this store finds in the two windows. */
static void assert_reads(const char *store, int first, int second)
{
        struct error error = {0};
        struct depot *reader = open_store(store, DEPOT_READ);

        assert_int_equal(first_port(reader, ten, &error), first);
        int port = first_port(reader, ten + TIME_HOUR, &error);
        if (port != second)
                fail_msg("%d: %s", port, error.text);
        depot_close(reader);
}

/* The next writer leaves one key, and the store answers as before; then destroying works. */
static void finish(bool destroyed)
{
        struct depot_destruction done;
        struct error error = {0};

        struct depot *depot = open_store("store", DEPOT_WRITE);
        assert_int_equal(first_port(depot, ten, &error), destroyed ? -ENOENT : 1001);
        assert_int_equal(first_port(depot, ten + TIME_HOUR, &error), 1002);
        assert_int_equal(keys_in_token(), 1);
        assert_int_equal(depot_destroy(depot, "default", &doomed, 1, &done, &error), 0);
        depot_close(depot);
        assert_int_equal(keys_in_token(), 1);
        assert_reads("store", -ENOENT, 1002);
        /* The copy has the table of before; the file of the second window is the one in the store. */
        assert_reads("copy", -ENOENT, -EKEYREJECTED);
}

static void before_the_table_nothing_is_destroyed(void **state)
{
        (void)state;
        begin_and_end_at(AFTER_NEW_KEY);
        assert_int_equal(keys_in_token(), 2);
        assert_reads("store", 1001, 1002);
        finish(false);
}

static void behind_the_table_the_old_key_goes(void **state)
{
        struct error error = {0};

        (void)state;
        begin_and_end_at(AFTER_TABLE);
        assert_int_equal(keys_in_token(), 2);
        struct depot *reader = open_store("store", DEPOT_READ);
        assert_true(first_port(reader, ten, &error) < 0);
        assert_int_equal(first_port(reader, ten + TIME_HOUR, &error), 1002);
        depot_close(reader);
        finish(true);
}

static void behind_the_old_key_the_files_go(void **state)
{
        (void)state;
        begin_and_end_at(AFTER_OLD_KEY);
        assert_int_equal(keys_in_token(), 1);
        finish(true);
}

/* Two stores with one label in one token do not take each other's keys. */
static void stores_share_a_token(void **state)
{
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        struct depot *one = make_sealed_store("store");
        struct depot *other = make_sealed_store("other");
        assert_int_equal(publish_window(one, ten, 1001, 5, &error), 0);
        assert_int_equal(publish_window(other, ten, 2001, 5, &error), 0);
        assert_int_equal(publish_window(other, ten + TIME_HOUR, 2002, 5, &error), 0);
        assert_int_equal(keys_in_token(), 2);
        assert_int_equal(depot_destroy(one, "default", &doomed, 1, &done, &error), 0);
        assert_true(done.final_here);
        depot_close(one);
        depot_close(other);
        assert_reads("other", 2001, 2002);
        assert_int_equal(keys_in_token(), 2);
}

/* What a hold is destroyed by: its keys, and nobody else's. */
static void a_store_goes_as_a_whole(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *one = make_sealed_store("store");
        struct depot *other = make_sealed_store("other");
        assert_int_equal(publish_window(one, ten, 1001, 5, &error), 0);
        assert_int_equal(publish_window(other, ten, 2001, 5, &error), 0);
        assert_int_equal(depot_destroy_token_keys(one, "default", &error), 0);
        depot_close(one);
        depot_close(other);
        assert_int_equal(keys_in_token(), 1);
        struct depot *reader = open_store("store", DEPOT_READ);
        assert_int_equal(first_port(reader, ten, &error), -ENOKEY);
        depot_close(reader);
        reader = open_store("other", DEPOT_READ);
        assert_int_equal(first_port(reader, ten, &error), 2001);
        depot_close(reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, token_scratch_setup, token_scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(before_the_table_nothing_is_destroyed),
                TEST(behind_the_table_the_old_key_goes),
                TEST(behind_the_old_key_the_files_go),
                TEST(stores_share_a_token),
                TEST(a_store_goes_as_a_whole),
        };

        if (!softhsm_module()) {
                printf("SKIP: SoftHSM (softhsm2) is not installed\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
