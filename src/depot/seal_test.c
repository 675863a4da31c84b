/* SPDX-License-Identifier: EUPL-1.2 */
/* Stores whose files are sealed: what is written can be read with the key and by nothing else, and what was
 * destroyed cannot be read from any copy. */
#include "depot/sealed_store_test.h"

#include "custody/realm_key.h"
#include "depot/keys.h"

#include <sys/wait.h>

#define FIRST "store/realms/default/nat/202611/20261120T10Z.000001.seg"

static void must_publish(struct depot *depot, int64_t window, uint16_t port, size_t count)
{
        struct error error = {0};

        if (publish_window(depot, window, port, count, &error) < 0)
                fail_msg("%s", error.text);
}

static void must_destroy(struct depot *depot, int64_t window, struct depot_destruction *ret)
{
        struct depot_doomed doomed = {.kind = DEPOT_NAT, .window_from = window};
        struct error error = {0};

        if (depot_destroy(depot, "default", &doomed, 1, ret, &error) < 0)
                fail_msg("%s", error.text);
}

static int assert_fails(struct depot *depot, int64_t window, const char *words)
{
        struct error error = {0};

        int r = first_port(depot, window, &error);
        assert_true(r < 0);
        if (!strstr(error.text, words))
                fail_msg("\"%s\" is not in: %s", words, error.text);
        return r;
}

static bool holds(const char *path, const void *bytes, size_t length)
{
        struct buffer file = buffer_make(64 << 20);
        struct error error = {0};

        assert_int_equal(file_read(path, &file, &error), 0);
        bool found = memmem(file.bytes, file.length, bytes, length) != NULL;
        buffer_free(&file);
        return found;
}

static void test_what_is_sealed_is_read_again(void **state)
{
        (void)state;
        struct depot *writer = make_sealed_store("store");
        struct depot_window window;
        struct error error = {0};

        must_publish(writer, ten, 1001, 30000);
        must_publish(writer, ten + DEPOT_WINDOW_MS, 1002, 1);
        struct depot *reader = open_store("store", DEPOT_READ);
        assert_int_equal(first_port(reader, ten, &error), 1001);
        assert_int_equal(first_port(reader, ten + DEPOT_WINDOW_MS, &error), 1002);
        for (uint16_t port = 1; port < 12; port++) {
                must_publish(writer, ten, port, 3);
                assert_int_equal(first_port(writer, ten, &error), port);
                assert_int_equal(first_port(reader, ten, &error), port);
        }
        /* Nothing that the plain file says stands in the sealed one. */
        assert_false(
                holds(scratch_path("store/realms/default/nat/202611/20261120T11Z.000001.seg"), "cgn-1", 5));
        assert_int_equal(depot_window_open(reader, "default", ten, &window, &error), 0);
        assert_non_null(window.seal);
        assert_int_equal(depot_window_check_seal(&window, NULL, NULL), 0);
        depot_window_release(&window);
        depot_close(reader);
        depot_close(writer);
}

static uint64_t count_present(const struct depot_seal *seal)
{
        uint64_t present = 0;

        for (uint64_t i = 0; i < seal_reader_chunks(seal->reader); i++)
                present += seal->present[i / 8] >> i % 8 & 1;
        return present;
}

/* Opening and asking open the chunks that they touch and no other. */
static void test_reading_is_lazy(void **state)
{
        struct depot_window window;
        struct host_table hosts;
        struct binding_list list = {.items = NULL};
        struct error error = {0};

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 60000);
        assert_int_equal(depot_window_open(depot, "default", ten, &window, &error), 0);
        assert_true(seal_reader_chunks(window.seal->reader) > 20);
        assert_true(count_present(window.seal) <= 3); /* the two ends */
        assert_int_equal(host_table_init(&hosts, 1u << 20), 0);
        assert_int_equal(segment_query(window.segment, OUTSIDE + 1, -1, ten, ten + DEPOT_WINDOW_MS, &hosts,
                                 NULL, &list, NULL, &error),
                0);
        assert_int_equal(list.count, 0);
        assert_true(count_present(window.seal) <= 3);
        assert_int_equal(segment_query(window.segment, OUTSIDE, -1, ten, ten + DEPOT_WINDOW_MS, &hosts, NULL,
                                 &list, NULL, &error),
                0);
        assert_int_equal(list.count, 60000);
        assert_int_equal(count_present(window.seal), seal_reader_chunks(window.seal->reader));
        binding_list_free(&list);
        host_table_free(&hosts);
        depot_window_release(&window);
        depot_close(depot);
}

static void test_without_the_key_nothing_is_read(void **state)
{
        struct error error = {0};

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 5);
        depot_close(depot);
        assert_int_equal(rename(scratch_path("secret/realm.key"), scratch_path("secret/away")), 0);
        depot = open_store("store", DEPOT_READ);
        assert_int_equal(assert_fails(depot, ten, "the key of realm default is missing"), -ENOKEY);
        depot_close(depot);
        /* Nor is anything written plainly, or a second key made. */
        depot = open_store("store", DEPOT_WRITE);
        assert_int_equal(publish_window(depot, ten, 1, 1, &error), -ENOKEY);
        depot_close(depot);
        assert_int_equal(rename(scratch_path("secret/away"), scratch_path("secret/realm.key")), 0);
        assert_int_equal(chmod(scratch_path("secret/realm.key"), 0640), 0);
        depot = open_store("store", DEPOT_READ);
        assert_int_equal(assert_fails(depot, ten, "chmod 0600"), -EACCES);
        depot_close(depot);
        assert_int_equal(chmod(scratch_path("secret/realm.key"), 0600), 0);
        write_settings("store", "none");
        depot = open_store("store", DEPOT_READ);
        assert_int_equal(assert_fails(depot, ten, "names no key"), -ENOKEY);
        depot_close(depot);
        depot = open_store("store", DEPOT_WRITE);
        assert_int_equal(publish_window(depot, ten, 1, 1, &error), -ENOKEY);
        depot_close(depot);
}

/* A store that gets a key reads on what is plain and seals what it writes. */
static void test_plain_files_stay_readable(void **state)
{
        struct error error = {0};
        char sources[300];

        (void)state;
        struct depot *depot = open_store("store", DEPOT_CREATE);
        must_publish(depot, ten, 1001, 5);
        must_publish(depot, ten + DEPOT_WINDOW_MS, 1002, 5);
        depot_close(depot);
        snprintf(sources, sizeof sources, "file:%s", scratch_path("secret/realm.key"));
        assert_int_equal(folder_make(scratch_path("secret"), &error), 0);
        write_settings("store", sources);
        depot = open_store("store", DEPOT_WRITE);
        assert_int_equal(first_port(depot, ten, &error), 1001);
        must_publish(depot, ten, 1003, 5);
        assert_int_equal(first_port(depot, ten, &error), 1003);
        assert_int_equal(first_port(depot, ten + DEPOT_WINDOW_MS, &error), 1002);
        assert_true(
                holds(scratch_path("store/realms/default/nat/202611/20261120T11Z.000001.seg"), "cgn-1", 5));
        assert_false(
                holds(scratch_path("store/realms/default/nat/202611/20261120T10Z.000002.seg"), "cgn-1", 5));
        /* A plain file in the place of a sealed one was put there by somebody else. */
        copy_file(scratch_path("store/realms/default/nat/202611/20261120T11Z.000001.seg"),
                scratch_path("store/realms/default/nat/202611"), "20261120T10Z.000002.seg");
        assert_int_equal(assert_fails(depot, ten, "is not sealed, although it was"), -EBADMSG);
        depot_close(depot);
}

static void test_damage_is_named(void **state)
{
        struct buffer file = buffer_make(64 << 20);
        struct error error = {0};

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 30000);
        assert_int_equal(file_read(scratch_path(FIRST), &file, &error), 0);
        file.bytes[file.length / 2] ^= 1;
        assert_int_equal(file_publish(scratch_path("store/realms/default/nat/202611"),
                                 "20261120T10Z.000001.seg", file.bytes, file.length, &error),
                0);
        assert_int_equal(assert_fails(depot, ten, "damaged or changed under its seal"), -EBADMSG);
        file.bytes[file.length / 2] ^= 1;
        file.bytes[file.length - 1] ^= 1;
        assert_int_equal(file_publish(scratch_path("store/realms/default/nat/202611"),
                                 "20261120T10Z.000001.seg", file.bytes, file.length, &error),
                0);
        assert_int_equal(assert_fails(depot, ten, "damaged or changed under its seal"), -EBADMSG);
        /* One of another hour under this name. */
        must_publish(depot, ten + DEPOT_WINDOW_MS, 1002, 5);
        copy_file(scratch_path("store/realms/default/nat/202611/20261120T11Z.000001.seg"),
                scratch_path("store/realms/default/nat/202611"), "20261120T10Z.000001.seg");
        assert_int_equal(assert_fails(depot, ten, "renamed or copied"), -EBADMSG);
        buffer_free(&file);
        depot_close(depot);
}

static void test_one_key_file_serves_one_store(void **state)
{
        struct error error = {0};
        char sources[300];

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 5);
        depot_close(depot);
        depot_close(open_store("second", DEPOT_CREATE));
        snprintf(sources, sizeof sources, "file:%s", scratch_path("secret/realm.key"));
        write_settings("second", sources);
        depot = open_store("second", DEPOT_WRITE);
        assert_int_equal(publish_window(depot, ten, 1, 1, &error), -EEXIST);
        assert_non_null(strstr(error.text, "belongs to another store"));
        depot_close(depot);
        /* Nor may it lie in the store, whose copies would hold it. */
        snprintf(sources, sizeof sources, "file:%s", scratch_path("second/realm.key"));
        write_settings("second", sources);
        depot = open_store("second", DEPOT_WRITE);
        assert_int_equal(publish_window(depot, ten, 1, 1, &error), -EINVAL);
        assert_non_null(strstr(error.text, "lies in the store"));
        depot_close(depot);
}

/* ---- destroying ---- */

/* A copy of the store as it stands, but for its key file. */
static void copy_store(const char *name)
{
        char folder[100];
        struct error error = {0};
        static const char *const folders[] = {"", "/keys", "/realms", "/realms/default",
                "/realms/default/nat", "/realms/default/nat/202611"};

        for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
                snprintf(folder, sizeof folder, "%s%s", name, folders[i]);
                assert_int_equal(folder_make(scratch_path(folder), &error), 0);
        }
        copy_file(scratch_path("store/rogatory.conf"), scratch_path(name), "rogatory.conf");
        snprintf(folder, sizeof folder, "%s/keys", name);
        copy_file(scratch_path("store/keys/default.keys"), scratch_path(folder), "default.keys");
        snprintf(folder, sizeof folder, "%s/realms/default/nat/202611", name);
        DIR *stream = opendir(scratch_path("store/realms/default/nat/202611"));
        assert_non_null(stream);
        for (struct dirent *entry; (entry = readdir(stream));) {
                char path[120];
                snprintf(path, sizeof path, "store/realms/default/nat/202611/%.60s", entry->d_name);
                if (entry->d_name[0] != '.')
                        copy_file(scratch_path(path), scratch_path(folder), entry->d_name);
        }
        closedir(stream);
}

static void assert_copy_is_unreadable(const char *name, int hours)
{
        struct depot *copy = open_store(name, DEPOT_READ);

        for (int hour = 0; hour < hours; hour++) {
                struct error error = {0};
                assert_true(first_port(copy, ten + hour * TIME_HOUR, &error) < 0);
                assert_true(error.code == -EKEYREJECTED || error.code == -ENOKEY);
        }
        depot_close(copy);
}

static void test_copies_are_unreadable_after_a_destruction(void **state)
{
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        struct depot *depot = make_sealed_store("store");
        for (int hour = 0; hour < 3; hour++)
                must_publish(depot, ten + hour * TIME_HOUR, (uint16_t)(1001 + hour), 5);
        must_publish(depot, ten, 2001, 5); /* a second generation, whose first has a key too */
        copy_store("copy");
        struct depot *reader = open_store("copy", DEPOT_READ);
        assert_int_equal(first_port(reader, ten, &error), 2001); /* the copy is one: now it can be read */
        depot_close(reader);

        must_destroy(depot, ten, &done);
        assert_int_equal(done.files, 1);
        assert_int_equal(done.keys, 2);
        assert_int_equal(done.unsealed, 0);
        assert_true(done.final_here);
        assert_int_equal(first_port(depot, ten, &error), -ENOENT);
        assert_int_equal(first_port(depot, ten + TIME_HOUR, &error), 1002);
        assert_int_equal(first_port(depot, ten + 2 * TIME_HOUR, &error), 1003);
        assert_copy_is_unreadable("copy", 3);

        /* The file put back beside the new table and the new key says nothing either. */
        copy_file(scratch_path("copy/realms/default/nat/202611/20261120T10Z.000002.seg"),
                scratch_path("store/realms/default/nat/202611"), "20261120T10Z.000002.seg");
        reader = open_store("store", DEPOT_READ);
        assert_true(first_port(reader, ten, &error) < 0);
        depot_close(reader);
        depot_close(depot);

        /* Nor at any later time, with any key that there is then. */
        for (int hour = 1; hour < 3; hour++) {
                depot = open_store("store", DEPOT_WRITE);
                must_publish(depot, ten + 9 * TIME_HOUR, 7, 5);
                assert_copy_is_unreadable("copy", 3);
                must_destroy(depot, ten + hour * TIME_HOUR, &done);
                depot_close(depot);
                assert_copy_is_unreadable("copy", 3);
        }
        reader = open_store("store", DEPOT_READ);
        assert_int_equal(first_port(reader, ten + 9 * TIME_HOUR, &error), 7);
        depot_close(reader);
}

static void test_replaced_generations_are_destroyed_too(void **state)
{
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 5);
        copy_store("copy");
        must_publish(depot, ten, 1002, 5); /* written anew without what is due */
        assert_int_equal(depot_destroy(depot, "default", NULL, 0, &done, &error), 0);
        assert_int_equal(done.keys, 1);
        assert_true(done.final_here);
        assert_int_equal(first_port(depot, ten, &error), 1002);
        assert_copy_is_unreadable("copy", 1);
        /* Where nothing is due, nothing is done. */
        assert_int_equal(depot_destroy(depot, "default", NULL, 0, &done, &error), 0);
        assert_int_equal(done.keys, 0);
        depot_close(depot);
}

/* Without a part that can be replaced the files go and the copies stay readable: that is said. */
static void test_fixed_keys_do_not_destroy_copies(void **state)
{
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        setenv("CREDENTIALS_DIRECTORY", scratch, 1);
        assert_int_equal(file_publish(scratch, "realm", "0123456789abcdef0123456789abcdef", 32, &error), 0);
        depot_close(open_store("store", DEPOT_CREATE));
        write_settings("store", "credential:realm");
        struct depot *depot = open_store("store", DEPOT_WRITE);
        must_publish(depot, ten, 1001, 5);
        assert_int_equal(first_port(depot, ten, &error), 1001);
        must_destroy(depot, ten, &done);
        assert_int_equal(done.files, 1);
        assert_false(done.final_here);
        assert_int_equal(first_port(depot, ten, &error), -ENOENT);
        depot_close(depot);
        unsetenv("CREDENTIALS_DIRECTORY");
}

/* With two sources both are needed. */
static void test_two_sources(void **state)
{
        struct depot_destruction done;
        struct error error = {0};
        char sources[400];

        (void)state;
        setenv("CREDENTIALS_DIRECTORY", scratch, 1);
        assert_int_equal(file_publish(scratch, "realm", "0123456789abcdef0123456789abcdef", 32, &error), 0);
        depot_close(make_sealed_store("store"));
        snprintf(sources, sizeof sources, "credential:realm, file:%s", scratch_path("secret/realm.key"));
        write_settings("store", sources);
        struct depot *depot = open_store("store", DEPOT_WRITE);
        must_publish(depot, ten, 1001, 5);
        must_publish(depot, ten + TIME_HOUR, 1002, 5);
        copy_store("copy");
        must_destroy(depot, ten, &done);
        assert_true(done.final_here);
        assert_copy_is_unreadable("copy", 2);
        assert_int_equal(first_port(depot, ten + TIME_HOUR, &error), 1002);
        depot_close(depot);
        assert_int_equal(file_publish(scratch, "realm", "1123456789abcdef0123456789abcdef", 32, &error), 0);
        depot = open_store("store", DEPOT_READ);
        assert_int_equal(
                assert_fails(depot, ten + TIME_HOUR, "no key of the realm's sources"), -EKEYREJECTED);
        depot_close(depot);
        unsetenv("CREDENTIALS_DIRECTORY");
}

/* Readers that begin at any moment of it see what stays, and never an error. */
static void test_readers_during_destructions(void **state)
{
        struct depot_destruction done;
        int status;

        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 5);
        pid_t child = fork();
        if (child == 0) {
                for (int i = 0; i < 1500; i++) {
                        struct error error = {0};
                        struct depot *reader;
                        if (depot_open(scratch_path("store"), DEPOT_READ, &reader, &error) < 0)
                                _exit(1);
                        if (first_port(reader, ten, &error) != 1001) {
                                print_message("%s\n", error.text);
                                _exit(2);
                        }
                        depot_close(reader);
                }
                _exit(0);
        }
        unsigned rounds = 0;
        while (waitpid(child, &status, WNOHANG) == 0) {
                must_publish(depot, ten + TIME_HOUR, (uint16_t)(1 + rounds++ % 1000), 5);
                must_destroy(depot, ten + TIME_HOUR, &done);
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_true(rounds > 0);
        print_message("%u destructions\n", rounds);
        depot_close(depot);
}

static void test_plain_windows_are_destroyed_too(void **state)
{
        struct depot_destruction done;
        struct error error = {0};

        (void)state;
        struct depot *depot = open_store("store", DEPOT_CREATE);
        must_publish(depot, ten, 1001, 5);
        must_destroy(depot, ten, &done);
        assert_int_equal(done.files, 1);
        assert_int_equal(done.unsealed, 1);
        assert_false(done.final_here);
        assert_int_equal(first_port(depot, ten, &error), -ENOENT);
        depot_close(depot);
}

/* The store and its token, but another PIN or none of the keys: nothing. */
static void test_without_the_token_nothing_is_read(void **state)
{
        (void)state;
        struct depot *depot = make_sealed_store("store");
        must_publish(depot, ten, 1001, 5);
        depot_close(depot);
        struct depot *reader = open_store("store", DEPOT_READ);
        assert_int_equal(softhsm_write("secret/pin", "000000", 0600), 0);
        assert_int_equal(assert_fails(reader, ten, "does not take the PIN"), -EACCES);
        assert_int_equal(softhsm_write("secret/pin", TOKEN_PIN, 0600), 0);
        assert_int_equal(rename(scratch_path("tokens"), scratch_path("away")), 0);
        assert_int_equal(mkdir(scratch_path("tokens"), 0700), 0);
        assert_int_equal(assert_fails(reader, ten, "no token of this name"), -ENOKEY);
        static char label[] = "stores";
        assert_int_equal(softhsm_setup(label), 0);
        assert_int_equal(assert_fails(reader, ten, "the token has no key for realm default"), -ENOKEY);
        depot_close(reader);
}

#define TOKEN_TEST(function)                                                                                 \
        cmocka_unit_test_setup_teardown(function, token_scratch_setup, token_scratch_teardown)
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_what_is_sealed_is_read_again),
                TEST(test_reading_is_lazy),
                TEST(test_without_the_key_nothing_is_read),
                TEST(test_plain_files_stay_readable),
                TEST(test_damage_is_named),
                TEST(test_one_key_file_serves_one_store),
                TEST(test_copies_are_unreadable_after_a_destruction),
                TEST(test_replaced_generations_are_destroyed_too),
                TEST(test_fixed_keys_do_not_destroy_copies),
                TEST(test_two_sources),
                TEST(test_readers_during_destructions),
                TEST(test_plain_windows_are_destroyed_too),
        };
        const struct CMUnitTest token_tests[] = {
                TOKEN_TEST(test_what_is_sealed_is_read_again),
                TOKEN_TEST(test_plain_files_stay_readable),
                TOKEN_TEST(test_without_the_token_nothing_is_read),
                TOKEN_TEST(test_copies_are_unreadable_after_a_destruction),
                TOKEN_TEST(test_replaced_generations_are_destroyed_too),
                TOKEN_TEST(test_readers_during_destructions),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);

        if (softhsm_module())
                failed += cmocka_run_group_tests_name("token", token_tests, NULL, NULL);
        else
                print_message("SKIP: keys in a token: SoftHSM (softhsm2) is not installed\n");
        return failed;
}
