/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/office_scene_test.h"

#include <sqlite3.h>
#include <sys/stat.h>

#define TOKEN_URI "pkcs11:token=a;object=b?module-path=/usr/lib/m.so&pin-source=file:/etc/pin"

/* Every option of the settings, and what is none. */
static void settings_are_strict(void **state)
{
        static const char *const wrong[] = {"", "[]", "{}", "{\"format\":\"rogatory-exchange/1\"}",
                "{\"format\":\"rogatory-exchange/2\",\"organisation\":\"at-a\",\"people\":[]}",
                "{\"format\":\"rogatory-exchange/1\",\"organisation\":\"AT\",\"people\":[]}",
                "{\"format\":\"rogatory-exchange/1\",\"organisation\":\"at-a\",\"people\":[],\"more\":1}",
                "{\"format\":\"rogatory-exchange/"
                "1\",\"organisation\":\"at-a\",\"people\":[{\"login\":\"a\",\"roles\":[]}]}",
                "{\"format\":\"rogatory-exchange/"
                "1\",\"organisation\":\"at-a\",\"people\":[{\"login\":\"a\",\"roles\":[\"king\"]}]}",
                "{\"format\":\"rogatory-exchange/"
                "1\",\"organisation\":\"at-a\",\"people\":[{\"login\":\"a\",\"roles\":[\"desk\"]},"
                "{\"login\":\"a\",\"roles\":[\"officer\"]}]}",
                "{\"format\":\"rogatory-exchange/1\",\"organisation\":\"at-a\",\"people\":[],\"people\":[]}",
                "{\"format\":\"rogatory-exchange/"
                "1\",\"organisation\":\"at-a\",\"people\":[],\"limits\":{\"identifiers\":0}}",
#define WITH_KEYS(text)                                                                                      \
        "{\"format\":\"rogatory-exchange/1\",\"organisation\":\"at-a\",\"people\":[],\"keys\":" text "}"
                WITH_KEYS("1"), WITH_KEYS("{\"log\":\"file\"}"), WITH_KEYS("{\"seal\":\"seal.key\"}"),
                WITH_KEYS("{\"seal\":\"pkcs11:token=a;object=b\"}"),
                WITH_KEYS("{\"tls\":\"" TOKEN_URI "&pin-value=1234\"}"),
                WITH_KEYS("{\"token_files\":[\"tokens\"]}"), WITH_KEYS("{\"token_files\":[1]}"),
                "{\"format\":\"rogatory-exchange/"
                "1\",\"organisation\":\"at-a\",\"listen\":\"127.0.0.1:0\",\"people\":[]}"};
        struct office_settings *settings = calloc(1, sizeof *settings), *again = calloc(1, sizeof *again);
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX),
                      second = buffer_make(OFFICE_SETTINGS_BYTES_MAX);

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                struct error error = {0};
                if (office_settings_read(slice_of(wrong[i]), settings, &error) != -EBADMSG || !error.text[0])
                        fail_msg("%s", wrong[i]);
        }
        struct error error = {0};
        office_settings_default(settings);
        snprintf(settings->organisation, sizeof settings->organisation, "at-a");
        snprintf(settings->listen, sizeof settings->listen, "127.0.0.1:1");
        snprintf(settings->store, sizeof settings->store, "/srv/store");
        settings->limits.identifiers_most = 7;
        scene_must(
                office_settings_add_person(settings, slice_of("berger:officer,validator"), &error), &error);
        scene_must(office_settings_add_person(settings, slice_of("maier:desk"), &error), &error);
        static const char *const nowhere[] = {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":443",
                "node.example:443", "::1:443", "127.0.0.1:44x",
                "[2001:db8::1]:4433333333333333333333333333333333333333333333333333333333333333333333333333"};
        for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
                assert_int_equal(office_settings_set_listen(settings, nowhere[i], &error), -EINVAL);
        assert_string_equal(settings->listen, "127.0.0.1:1");
        scene_must(office_settings_set_listen(settings, "[::1]:7443", &error), &error);
        assert_int_equal(office_settings_add_person(settings, slice_of("maier"), &error), -EINVAL);
        assert_int_equal(office_settings_add_person(settings, slice_of("maier:king"), &error), -EINVAL);
        scene_must(office_settings_place_key(settings, slice_of("tls=" TOKEN_URI), &error), &error);
        assert_int_equal(office_settings_place_key(settings, slice_of("log=file"), &error), -EINVAL);
        snprintf(settings->token_files[settings->token_file_count++], PATH_MAX, "/var/lib/tokens");
        scene_must(office_settings_write(settings, &text, &error), &error);
        scene_must(office_settings_read(slice_make((char *)text.bytes, text.length), again, &error), &error);
        /* One form for one content: what was read is written as it was. */
        scene_must(office_settings_write(again, &second, &error), &error);
        assert_int_equal(text.length, second.length);
        assert_memory_equal(text.bytes, second.bytes, text.length);
        assert_string_equal(again->store, "/srv/store");
        assert_int_equal(again->limits.identifiers_most, 7);
        assert_int_equal(again->person_count, 2);
        assert_string_equal(again->keys[DIRECTORY_TLS].uri, TOKEN_URI);
        assert_string_equal(again->keys[DIRECTORY_TLS].token.pin_file, "/etc/pin");
        assert_string_equal(again->keys[DIRECTORY_SEAL].uri, "");
        assert_string_equal(again->token_files[0], "/var/lib/tokens");
        buffer_free(&text);
        buffer_free(&second);
        free(settings);
        free(again);
}

static void a_node_is_made_and_opens(void **state)
{
        struct error error = {0};
        struct stat status;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        assert_string_equal(office_person(office), "berger@" AUTHORITY);
        assert_true(office_has_role(office, PERSON_OFFICER));
        assert_int_equal(office_need_role(office, PERSON_VALIDATOR, &error), -EPERM);
        assert_int_equal(stat(scratch_path(AUTHORITY "/keys/seal.key"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        struct calendar calendar;
        assert_true(office_calendar(office, "AT", &calendar));
        assert_true(office_calendar(office, "AT", &calendar));
        assert_true(calendar.holiday_count > 10);
        assert_false(office_calendar(office, "XX", &calendar));
        office_close(office);
        office = scene_open(AUTHORITY, "nobody");
        assert_int_equal(office_roles(office), 0);
        office_close(office);
}

/* Nothing of a step stays where it fails, and a step whose process died after the log was written is told of.
 */
static void steps_are_all_or_nothing(void **state)
{
        struct book_order order = {.id = "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01",
                                  .side = SIDE_AUTHORITY,
                                  .kind = ORDER_PRODUCTION,
                                  .state = ORDER_STATE_DRAFT,
                                  .issued_ms = TIME_UNKNOWN,
                                  .received_ms = TIME_UNKNOWN,
                                  .look_ms = TIME_UNKNOWN},
                          found;
        struct error error = {0};
        struct checkpoint before, after;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        assert_int_equal(book_order_add(office, &order, &error), -EINVAL);
        for (int round = 0; round < 2; round++) {
                scene_must(chronicle_checkpoint(office_chronicle(office), &before, NULL, &error), &error);
                scene_must(office_step_begin(office, &error), &error);
                scene_must(book_order_add(office, &order, &error), &error);
                scene_must(office_log(office, "administration", NULL, json_pack("{s:s}", "action", "tried"),
                                   &error),
                        &error);
                assert_int_equal(office_step_end(office, round ? 0 : -EIO, &error), round ? 0 : -EIO);
                scene_must(chronicle_checkpoint(office_chronicle(office), &after, NULL, &error), &error);
                assert_int_equal(after.size - before.size, round);
                assert_int_equal(book_order_find(office, "0b54", &found, &error), round ? 0 : -ENOENT);
        }
        assert_string_equal(found.id, order.id);
        /* As if the process had died between the log and the database: what the database saw is set back. */
        scene_must(office_step_begin(office, &error), &error);
        assert_int_equal(sqlite3_exec(office_database(office),
                                 "UPDATE office_number SET value = value - 1 WHERE name = 'log-size'", NULL,
                                 NULL, NULL),
                0);
        queue_work_commit(office_queue(office), &error);
        office_close(office);
        office = scene_open(AUTHORITY, "berger");
        scene_must(office_step_begin(office, &error), &error);
        scene_must(office_step_end(office, 0, &error), &error);
        scene_must(chronicle_checkpoint(office_chronicle(office), &before, NULL, &error), &error);
        assert_int_equal(before.size, after.size + 1);
        struct buffer content = buffer_make(LOG_ENTRY_MAX);
        uint8_t salt[COMMITMENT_SALT_BYTES];
        scene_must(chronicle_opening(office_chronicle(office), after.size, salt, &content, &error), &error);
        assert_non_null(memmem(content.bytes, content.length, "step-undone", 11));
        buffer_free(&content);
        office_close(office);
}

/* Another organisation's keys, a directory of somebody else, and one that is older than what was seen. */
static void a_wrong_node_does_not_open(void **state)
{
        struct office_settings *settings = calloc(1, sizeof *settings);
        const struct office_options options = {.now = scene_now, .login = "admin"};
        struct error error = {0};
        struct office *office = NULL;
        char keys[512], directory[512], command[1600];

        (void)state;
        office_settings_default(settings);
        snprintf(settings->organisation, sizeof settings->organisation, AUTHORITY);
        snprintf(keys, sizeof keys, "%s/pki/organisations/%s", scratch, PROVIDER);
        snprintf(directory, sizeof directory, "%s/pki/directory", scratch);
        const struct office_plan plan = {.keys = keys, .directory = directory, .settings = settings};
        assert_true(office_init(scratch_path("wrong"), &plan, &options, &error) < 0);
        free(settings);
        scene_init(AUTHORITY);
        /* Signed by another operator. */
        scene_write_set(SCENE_NOW, 2, "other");
        for (int i = 0; i < 2; i++) {
                struct buffer bytes = buffer_make(DIRECTORY_BYTES_MAX);
                const char *name = i ? "directory.json.sig" : "directory.json";
                snprintf(command, sizeof command, "%s/other/directory/%s", scratch, name);
                scene_must(file_read(command, &bytes, &error), &error);
                scene_must(file_publish(scratch_path(AUTHORITY "/directory"), name, bytes.bytes, bytes.length,
                                   &error),
                        &error);
                buffer_free(&bytes);
        }
        assert_int_equal(office_open(scratch_path(AUTHORITY), &options, &office, &error), -EKEYREJECTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(settings_are_strict),
                TEST(a_node_is_made_and_opens),
                TEST(steps_are_all_or_nothing),
                TEST(a_wrong_node_does_not_open),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
