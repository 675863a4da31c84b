/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"
#include "os/keyring.h"
#include "os/scratch_test.h"

#include <linux/keyctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <cmocka.h>

static const char secret[] = "0123456789abcdef0123456789abcdef+";

static int read_file(const char *path, struct buffer *ret, struct error *error)
{
        buffer_free(ret);
        *ret = buffer_make(SECRET_MOST);
        return secret_file_read(path, ret, error);
}

static void test_key_files_are_made_read_and_replaced(void **state)
{
        struct buffer got = buffer_make(SECRET_MOST);
        const char *path = scratch_path("realm.key");
        struct error error = {0};

        (void)state;
        assert_int_equal(read_file(path, &got, &error), -ENOENT);
        assert_int_equal(secret_file_create(path, "first", 5, &error), 0);
        assert_int_equal(secret_file_create(path, "other", 5, &error), -EEXIST);
        assert_int_equal(read_file(path, &got, &error), 0);
        assert_int_equal(got.length, 5);
        assert_memory_equal(got.bytes, "first", 5);
        assert_int_equal(secret_file_replace(path, "second", 6, &error), 0);
        assert_int_equal(read_file(path, &got, &error), 0);
        assert_memory_equal(got.bytes, "second", 6);
        assert_int_equal(scratch_count(), 1);
        buffer_free(&got);
}

/* A replacement leaves nothing to read, even for who had the old file open or a name left over. */
static void test_the_old_key_is_overwritten(void **state)
{
        const char *path = scratch_path("realm.key"), *left = scratch_path(".realm.key.tmp");
        char bytes[8] = "";
        struct error error = {0};

        (void)state;
        assert_int_equal(secret_file_create(path, "first", 5, &error), 0);
        FILE *old = fopen(path, "re");
        assert_non_null(old);
        setbuf(old, NULL);
        assert_int_equal(secret_file_replace(path, "second", 6, &error), 0);
        assert_int_equal(fread(bytes, 1, 5, old), 5);
        assert_memory_equal(bytes, "\0\0\0\0\0", 5);
        fclose(old);
        /* what a writer left that was killed */
        assert_int_equal(file_publish(scratch, ".realm.key.tmp", "third", 5, &error), 0);
        assert_int_equal(secret_file_tidy(path, &error), 0);
        assert_int_equal(access(left, F_OK), -1);
        assert_int_equal(file_publish(scratch, ".realm.key.tmp", "third", 5, &error), 0);
        assert_int_equal(secret_file_replace(path, "fourth", 6, &error), 0);
        assert_int_equal(scratch_count(), 1);
}

static void test_keys_that_others_reach_are_refused(void **state)
{
        struct buffer got = buffer_make(SECRET_MOST);
        const char *path = scratch_path("realm.key"), *second = scratch_path("second.key");
        struct error error = {0};

        (void)state;
        assert_int_equal(secret_file_create(path, "first", 5, &error), 0);
        for (unsigned bit = 0; bit < 6; bit++) {
                assert_int_equal(chmod(path, 0600 | 1u << bit), 0);
                assert_int_equal(read_file(path, &got, &error), -EACCES);
                assert_non_null(strstr(error.text, "chmod 0600"));
        }
        assert_int_equal(chmod(path, 0400), 0);
        assert_int_equal(read_file(path, &got, &error), 0);
        assert_int_equal(link(path, second), 0);
        assert_int_equal(read_file(path, &got, &error), -EACCES);
        assert_non_null(strstr(error.text, "second name"));
        assert_int_equal(unlink(second), 0);
        assert_int_equal(symlink(path, second), 0);
        assert_int_equal(read_file(second, &got, &error), -EACCES);
        assert_int_equal(read_file(scratch, &got, &error) < 0, 1);
        assert_int_equal(chmod(scratch, 0770), 0);
        assert_int_equal(read_file(path, &got, &error), -EACCES);
        assert_non_null(strstr(error.text, "others may write to this folder"));
        assert_int_equal(chmod(scratch, 0700), 0);
        buffer_free(&got);
}

static void test_credentials(void **state)
{
        struct buffer got = buffer_make(SECRET_MOST);
        struct error error = {0};

        (void)state;
        unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(credential_read("realm", &got, &error), -ENOENT);
        assert_non_null(strstr(error.text, "LoadCredentialEncrypted"));
        setenv("CREDENTIALS_DIRECTORY", scratch, 1);
        assert_int_equal(credential_read("realm", &got, &error), -ENOENT);
        assert_int_equal(file_publish(scratch, "short", secret, 31, &error), 0);
        assert_int_equal(credential_read("short", &got, &error), -EINVAL);
        buffer_clear(&got);
        assert_int_equal(file_publish(scratch, "realm", secret, 33, &error), 0);
        assert_int_equal(credential_read("realm", &got, &error), 0);
        assert_int_equal(got.length, 33);
        assert_memory_equal(got.bytes, secret, 33);
        unsetenv("CREDENTIALS_DIRECTORY");
        buffer_free(&got);
}

static void test_kernel_keyring(void **state)
{
        struct buffer got = buffer_make(SECRET_MOST);
        struct error error = {0};

        (void)state;
        assert_true(keyring_read("rogatory-test-nobody-has-this", &got, &error) < 0);
        assert_non_null(strstr(error.text, "keyctl padd user"));
        long key = syscall(
                SYS_add_key, "user", "rogatory-test-realm", secret, (size_t)33, KEY_SPEC_PROCESS_KEYRING);
        if (key < 0) {
                print_message("SKIP: this system lets nobody add a key: %s\n", strerror(errno));
                skip();
        }
        if (keyring_read("rogatory-test-realm", &got, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(got.length, 33);
        assert_memory_equal(got.bytes, secret, 33);
        assert_true(syscall(SYS_add_key, "user", "rogatory-test-realm", secret, (size_t)9,
                            KEY_SPEC_PROCESS_KEYRING) >= 0);
        buffer_clear(&got);
        assert_int_equal(keyring_read("rogatory-test-realm", &got, &error), -EINVAL);
        assert_int_equal(syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING), 0);
        buffer_free(&got);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        test_key_files_are_made_read_and_replaced, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_the_old_key_is_overwritten, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(
                        test_keys_that_others_reach_are_refused, scratch_setup, scratch_teardown),
                cmocka_unit_test_setup_teardown(test_credentials, scratch_setup, scratch_teardown),
                cmocka_unit_test(test_kernel_keyring),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
