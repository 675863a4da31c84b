/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchange/beside.h"

#include "exchange/office_scene_test.h"
#include "exchange/provider.h"
#include "exchange/rows.h"

#include <unistd.h>

#define ORDER_ID "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"
#define MANIFEST_ID "3c1d5b7e-9f20-4d68-8a4b-5e6f70819203"
#define MESSAGE_ID "7d9f2f0a-6c1e-4f57-9b1c-0f3f6f2d1e4a"

static const struct schedule schedule = {.first_ms = 1000, .longest_ms = 60000};

/* ---- what a message says twice ---- */

static struct evidence_manifest manifest_of(struct evidence_file *files, size_t count)
{
        struct evidence_manifest manifest = {.id = MANIFEST_ID,
                .order = ORDER_ID,
                .sender = PROVIDER,
                .recipient = AUTHORITY,
                .made_ms = scene_clock,
                .means = "rogatory-courier-1",
                .from_ms = scene_clock,
                .until_ms = scene_clock + 20 * TIME_DAY,
                .files = files,
                .file_count = count};
        return manifest;
}

static void add_row(struct message *message, const char *name, int64_t size)
{
        const struct model_field *list = model_field_find(&message_head_type, slice_of("files"));
        struct error error = {0};
        void *item;

        scene_must(model_list_add(list, message, &item, &error), &error);
        struct file *file = item;
        file->name = strdup(name);
        file->media_type = strdup("application/pkcs7-mime");
        file->size = size;
        file->encrypted = file->outside = STATED_YES;
        file->location = strdup("https://192.0.2.1/rogatory/v1/evidence/x");
        file->available_from_ms = scene_clock;
        file->available_to_ms = scene_clock + 20 * TIME_DAY;
        memset(file->digest, 7, sizeof file->digest);
}

static int note_last(void *context, const struct book_incident *incident)
{
        *(struct book_incident *)context = *incident;
        return 0;
}

/* A report of the provider with these rows and this manifest; gives the code of its refusal, "" where it was
 * taken. */
static const char *said_twice(const char *row, int64_t size, const char *manifest)
{
        static struct book_incident last;
        struct office *from = scene_open(PROVIDER, "berger"), *to = scene_open(AUTHORITY, "berger");
        const struct post_extra extra = {.manifest = manifest};
        struct message message;
        struct error error = {0};

        memset(&last, 0, sizeof last);
        message_init(&message, MESSAGE_ERROR_REPORT);
        snprintf(message.order_id, sizeof message.order_id, ORDER_ID);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, AUTHORITY);
        message.error_report.kind = ERROR_WRONG_PERSON;
        message.error_report.description = strdup("the port was read as another");
        message.error_report.found_ms = scene_clock;
        if (row)
                add_row(&message, row, size);
        scene_must(office_step_begin(from, &error), &error);
        scene_must(office_step_end(from, post_send(from, &message, NULL, 0, &extra, &error), &error), &error);
        message_free(&message);
        scene_carry(from, to);
        scene_must(post_take_all(to, &error), &error);
        scene_must(book_incidents_each(to, note_last, &last, &error), &error);
        office_close(from);
        office_close(to);
        return strcmp(last.code, "error-reported") == 0 ? "" : last.code;
}

static void what_lies_beside_is_said_twice_the_same(void **state)
{
        struct evidence_file files[2] = {{.name = "a.p7m", .length = 5000}, {.name = "b.p7m", .length = 1}};
        struct evidence_manifest manifest = manifest_of(files, 1);
        struct error error = {0};
        char *text;

        (void)state;
        memset(files[0].digest, 7, sizeof files[0].digest);
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        scene_must(evidence_manifest_write(&manifest, &text, &error), &error);
        assert_string_equal(said_twice("a.p7m", 5000, text), "");
        assert_string_equal(said_twice("a.p7m", 5000, NULL), "manifest-missing");
        assert_string_equal(said_twice("a.p7m", 5000, "{}"), "manifest-wrong");
        assert_string_equal(said_twice("a.p7m", 5001, text), "manifest-differs");
        assert_string_equal(said_twice("b.p7m", 5000, text), "manifest-differs");
        assert_string_equal(said_twice(NULL, 0, text), "manifest-differs");
        free(text);
        manifest.file_count = 2;
        scene_must(evidence_manifest_write(&manifest, &text, &error), &error);
        assert_string_equal(said_twice("a.p7m", 5000, text), "manifest-differs");
        free(text);
        manifest.file_count = 1;
        files[0].length = BESIDE_FILE_BYTES_MAX + 1;
        scene_must(evidence_manifest_write(&manifest, &text, &error), &error);
        assert_string_equal(
                said_twice("a.p7m", (int64_t)BESIDE_FILE_BYTES_MAX + 1, text), "evidence-too-large");
        free(text);
        files[0].length = 5000;
        snprintf(manifest.sender, sizeof manifest.sender, AUTHORITY);
        scene_must(evidence_manifest_write(&manifest, &text, &error), &error);
        assert_string_equal(said_twice("a.p7m", 5000, text), "manifest-differs");
        free(text);
}

/* ---- tasks ---- */

static void put_task(struct office *office, const char *name, int64_t length)
{
        uint8_t digest[DIGEST_BYTES] = {1}, second[MANIFEST_SECOND_BYTES] = {2};
        struct error error = {0};

        scene_must(
                rows_run(office_database(office), &error,
                        "INSERT INTO book_fetch(sender, message_id, name, order_id, manifest, length, digest,"
                        " second_digest, from_ms, until_ms, state, attempts, in_vain, wrong, next_ms, told,"
                        " reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting', 0, 0, 0, ?9, 0,"
                        " '')",
                        "tttttidbii", PROVIDER, MESSAGE_ID, name, ORDER_ID, MANIFEST_ID, length, digest,
                        second, sizeof second, scene_clock, scene_clock + 20 * TIME_DAY),
                &error);
}

static int64_t number(struct office *office, const char *sql)
{
        struct error error = {0};
        int64_t value = -1;

        scene_must(rows_number(office_database(office), &error, -1, &value, sql, ""), &error);
        return value;
}

static struct beside_task take(struct office *office)
{
        struct beside_task task;
        struct error error = {0};
        int r = beside_fetch_begin(office_queue(office), PROVIDER, office_evidence(office), &schedule,
                UINT32_MAX, scene_clock, &task, &error);

        scene_must(r, &error);
        assert_int_equal(r, 1);
        return task;
}

static bool nothing_due(struct office *office)
{
        struct beside_task task;
        struct error error = {0};

        return beside_fetch_begin(office_queue(office), PROVIDER, office_evidence(office), &schedule, 1,
                       scene_clock, &task, &error) == 0;
}

static void give(struct office *office, const struct beside_task *task, enum download_end end, int status,
        uint64_t kept)
{
        struct download_result result = {
                .end = end, .status = status, .kept_bytes = kept, .reason = "because"};
        struct error error = {0};

        scene_must(beside_fetch_end(
                           office_queue(office), task, &result, &schedule, UINT32_MAX, scene_clock, &error),
                &error);
}

static struct office *begin_tasks(void)
{
        char folder[PATH_MAX];
        struct error error = {0};

        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        snprintf(folder, sizeof folder, "%.3000s/" PROVIDER, office_evidence(office));
        scene_must(folder_make(folder, &error), &error);
        return office;
}

static void an_attempt_in_vain_waits_longer_each_time(void **state)
{
        struct office *office = begin_tasks();
        int64_t waits[3];

        (void)state;
        put_task(office, "a.p7m", 1000);
        for (unsigned i = 0; i < 3; i++) {
                struct beside_task task = take(office);
                assert_int_equal(task.attempts, i + 1);
                assert_int_equal(task.length, 1000);
                /* Whoever dies now has made his attempt. */
                assert_true(nothing_due(office));
                give(office, &task, DOWNLOAD_INTERRUPTED, 0, 0);
                waits[i] = number(office, "SELECT next_ms FROM book_fetch") - scene_clock;
                scene_clock += waits[i];
        }
        assert_true(waits[1] > waits[0] && waits[2] > waits[1]);
        /* Bytes came: the peer is there, and is asked soon. */
        struct beside_task task = take(office);
        give(office, &task, DOWNLOAD_INTERRUPTED, 200, 500);
        assert_int_equal(number(office, "SELECT next_ms FROM book_fetch") - scene_clock, waits[0]);
        assert_int_equal(number(office, "SELECT attempts FROM book_fetch"), 4);
        /* 404 may become another answer; 410 does not. */
        scene_clock += waits[0];
        task = take(office);
        give(office, &task, DOWNLOAD_REFUSED, 404, 500);
        assert_int_equal(number(office, "SELECT count(*) FROM book_fetch WHERE state = 'waiting'"), 1);
        scene_clock += 60000;
        task = take(office);
        give(office, &task, DOWNLOAD_REFUSED, 410, 500);
        assert_int_equal(number(office, "SELECT count(*) FROM book_fetch WHERE state = 'over'"), 1);
        office_close(office);
}

static void a_wrong_file_is_given_up_after_three(void **state)
{
        struct office *office = begin_tasks();
        struct beside_progress progress;
        struct error error = {0};
        char words[BESIDE_PROGRESS_MAX], until[TIME_TEXT_MAX], wanted[BESIDE_PROGRESS_MAX];
        uint32_t again;

        (void)state;
        put_task(office, "a.p7m", 40000000);
        put_task(office, "b.p7m", 56000000);
        struct beside_task task = take(office);
        give(office, &task, DOWNLOAD_DONE, 200, 0);
        for (unsigned i = 0; i < BESIDE_WRONG_MAX; i++) {
                scene_clock += 60000;
                task = take(office);
                give(office, &task, DOWNLOAD_WRONG, 200, 0);
        }
        scene_clock += 60000;
        assert_true(nothing_due(office));
        scene_must(beside_progress(office, ORDER_ID, NULL, &progress, &error), &error);
        assert_int_equal(progress.here, 1);
        assert_int_equal(progress.failed, 1);
        beside_progress_words(&progress, words);
        assert_string_equal(words, "1 of 2 files here, 40 of 96 MB; 1 given up");
        scene_must(office_step_begin(office, &error), &error);
        scene_must(office_step_end(office, beside_again(office, ORDER_ID, &again, &error), &error), &error);
        assert_int_equal(again, 1);
        scene_must(beside_progress(office, ORDER_ID, NULL, &progress, &error), &error);
        beside_progress_words(&progress, words);
        time_format_utc(number(office, "SELECT until_ms FROM book_fetch LIMIT 1"), until);
        snprintf(wanted, sizeof wanted, "1 of 2 files here, 40 of 96 MB; can be fetched until %s", until);
        assert_string_equal(words, wanted);
        office_close(office);
}

/* Withdrawn between the beginning and the end of a fetch: what comes does not bring the order back. */
static void what_is_withdrawn_stays_so(void **state)
{
        struct office *office = begin_tasks();
        struct error error = {0};
        int64_t files = 0;

        (void)state;
        put_task(office, "a.p7m", 1000);
        struct beside_task task = take(office);
        scene_must(file_publish(task.folder, ".a.p7m.part", "half", 4, &error), &error);
        scene_must(office_step_begin(office, &error), &error);
        scene_must(
                office_step_end(office, beside_delete(office, PROVIDER, MESSAGE_ID, &files, &error), &error),
                &error);
        assert_int_equal(files, 1);
        assert_int_equal(access(task.folder, F_OK), -1);
        give(office, &task, DOWNLOAD_DONE, 200, 0);
        assert_int_equal(number(office, "SELECT count(*) FROM book_fetch WHERE state = 'withdrawn'"), 1);
        office_close(office);
}

/* ---- the folder and the book ---- */

static void what_no_release_stands_behind_is_removed(void **state)
{
        struct office *office = begin_tasks();
        char folder[PATH_MAX], sender[PATH_MAX];
        struct error error = {0};

        (void)state;
        snprintf(folder, sizeof folder, "%.3000s/" MANIFEST_ID, office_evidence(office));
        snprintf(sender, sizeof sender, "%.3000s/" PROVIDER, office_evidence(office));
        scene_must(folder_make(folder, &error), &error);
        scene_must(file_publish(folder, "evidence.json.p7m", "half", 4, &error), &error);
        scene_must(file_publish(office_evidence(office), "draft-x", "half", 4, &error), &error);
        scene_must(beside_run(office, &error), &error);
        assert_int_equal(access(folder, F_OK), -1);
        assert_int_equal(access(sender, F_OK), 0);
        snprintf(folder, sizeof folder, "%.3000s/draft-x", office_evidence(office));
        assert_int_equal(access(folder, F_OK), 0);
        office_close(office);
}

static void a_node_of_version_1_is_carried_over(void **state)
{
        static const char *const of_version_2[] = {
                "DROP TABLE book_fetch", "DROP TABLE book_offer", "DROP TABLE book_peer_sent"};
        struct error error = {0};
        int64_t look_ms;

        (void)state;
        scene_init(AUTHORITY);
        struct office *office = scene_open(AUTHORITY, "berger");
        for (unsigned i = 0; i < sizeof of_version_2 / sizeof *of_version_2; i++)
                scene_must(rows_run(office_database(office), &error, of_version_2[i], ""), &error);
        scene_must(rows_run(office_database(office), &error,
                           "UPDATE office_number SET value = 1 WHERE name = 'version'", ""),
                &error);
        office_close(office);
        office = scene_open(AUTHORITY, "berger");
        assert_int_equal(number(office, "SELECT value FROM office_number WHERE name = 'version'"), 2);
        scene_must(beside_next_look(office, &look_ms, &error), &error);
        assert_int_equal(look_ms, TIME_UNKNOWN);
        office_close(office);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(what_lies_beside_is_said_twice_the_same),
                TEST(an_attempt_in_vain_waits_longer_each_time),
                TEST(a_wrong_file_is_given_up_after_three),
                TEST(what_is_withdrawn_stays_so),
                TEST(what_no_release_stands_behind_is_removed),
                TEST(a_node_of_version_1_is_carried_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
