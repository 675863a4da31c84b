/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/chronicle.h"

#include "custody/log_opening.h"
#include "custody/statistics.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define ORIGIN "node.example/log"
static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static struct chronicle *open_log(enum chronicle_mode mode)
{
        struct chronicle *chronicle;
        struct error error = {0};

        if (chronicle_open(scratch_path("log"), mode, NULL, &chronicle, &error) < 0)
                fail_msg("%s", error.text);
        return chronicle;
}

static void create_log(void)
{
        struct error error = {0};

        if (chronicle_create(scratch_path("log"), ORIGIN, NULL, &error) < 0)
                fail_msg("%s", error.text);
}

static uint64_t append(struct chronicle *chronicle, unsigned number)
{
        struct error error = {0};
        uint64_t index = UINT64_MAX;
        char fields[128];

        snprintf(fields, sizeof fields, "{\"what\":\"file %u\",\"purpose\":\"to answer an order\"}", number);
        if (chronicle_append(chronicle, "plaintext-read", ten + number, "anna@node", fields, &index, &error) <
                0)
                fail_msg("%s", error.text);
        return index;
}

static void append_many(struct chronicle *chronicle, size_t count)
{
        static struct chronicle_item items[CHRONICLE_ITEMS_MAX];
        struct error error = {0};
        json_t *fields = json_pack("{s:s}", "action", "test");

        for (size_t i = 0; i < count; i++)
                items[i] = (struct chronicle_item){"administration", ten, "node", fields};
        if (chronicle_append_all(chronicle, items, count, NULL, &error) < 0)
                fail_msg("%s", error.text);
        json_decref(fields);
}

/* The fatal findings of a whole examination. */
static size_t fatal_findings(const char *code)
{
        struct findings findings = {0};
        struct chronicle_counts counts;
        struct error error = {0};

        if (chronicle_check(scratch_path("log"), NULL, &findings, &counts, &error) < 0)
                fail_msg("%s", error.text);
        size_t fatal = findings.fatal;
        const struct finding *found = code ? findings_find(&findings, code) : NULL;
        if (code && (!found || found->weight != FINDING_FATAL)) {
                struct buffer text = buffer_make(1 << 20);
                findings_write(&findings, &text);
                buffer_append_u8(&text, 0);
                fail_msg("no finding %s:\n%s", code, (char *)text.bytes);
        }
        findings_free(&findings);
        return fatal;
}

static void test_a_new_log(void **state)
{
        struct chronicle *chronicle;
        struct checkpoint checkpoint;
        struct stat status;
        struct error error = {0};

        (void)state;
        create_log();
        assert_int_equal(chronicle_create(scratch_path("log"), ORIGIN, NULL, &error), -EEXIST);
        chronicle = open_log(CHRONICLE_WRITE);
        assert_int_equal(chronicle_checkpoint(chronicle, &checkpoint, NULL, &error), 0);
        assert_int_equal(checkpoint.size, 0);
        assert_string_equal(checkpoint.origin, ORIGIN);
        assert_string_equal(chronicle_log_key(chronicle)->name, ORIGIN);
        chronicle_close(chronicle);
        assert_int_equal(stat(scratch_path("log/log.key"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(stat(scratch_path("log/openings.db"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(fatal_findings(NULL), 0);
        assert_int_equal(chronicle_create(scratch_path("other"), "a name", NULL, &error), -EINVAL);
        /* A key that others may read is not used. */
        assert_int_equal(chmod(scratch_path("log/log.key"), 0640), 0);
        assert_int_equal(
                chronicle_open(scratch_path("log"), CHRONICLE_WRITE, NULL, &chronicle, &error), -EACCES);
        chronicle = open_log(CHRONICLE_READ);
        chronicle_close(chronicle);
}

static void test_appended_entries_are_proven(void **state)
{
        struct buffer text = buffer_make(LOG_PROOF_MAX), content = buffer_make(LOG_ENTRY_MAX);
        uint8_t entry[COMMITMENT_ENTRY_BYTES], salt[COMMITMENT_SALT_BYTES];
        struct checkpoint checkpoint;
        struct log_proof proof;
        struct error error = {0};

        (void)state;
        create_log();
        struct chronicle *chronicle = open_log(CHRONICLE_WRITE);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(append(chronicle, i), i);
        append_many(chronicle, 700); /* over two tiles */
        assert_int_equal(append(chronicle, 705), 705);
        for (uint64_t index = 0; index < 706; index += 47) {
                buffer_clear(&text);
                buffer_clear(&content);
                assert_int_equal(chronicle_prove(chronicle, index, true, &text, &error), 0);
                assert_int_equal(
                        log_proof_read(slice_make((char *)text.bytes, text.length), &proof, &error), 0);
                assert_int_equal(chronicle_entry(chronicle, index, entry, &error), 0);
                assert_int_equal(log_proof_verify(&proof, slice_make((char *)entry, sizeof entry), ORIGIN,
                                         chronicle_log_key(chronicle), 1, &checkpoint, &error),
                        0);
                assert_int_equal(checkpoint.size, 706);
                assert_int_equal(chronicle_opening(chronicle, index, salt, &content, &error), 0);
                assert_int_equal(commitment_check(slice_make((char *)entry, sizeof entry), salt,
                                         slice_make((char *)content.bytes, content.length)),
                        0);
        }
        assert_int_equal(chronicle_entry(chronicle, 706, entry, &error), -ENOENT);
        assert_int_equal(chronicle_prove(chronicle, 706, true, &text, &error), -ENOENT);
        chronicle_close(chronicle);
        /* Full tiles have taken the place of their partial ones. */
        assert_int_equal(access(scratch_path("log/tile/0/000"), F_OK), 0);
        assert_int_equal(access(scratch_path("log/tile/0/000.p"), F_OK), -1);
        assert_int_equal(access(scratch_path("log/tile/entries/001"), F_OK), 0);
        assert_int_equal(access(scratch_path("log/tile/1/000.p/2"), F_OK), 0);
        assert_int_equal(fatal_findings(NULL), 0);
        buffer_free(&text);
        buffer_free(&content);
}

/* Whoever has the proof and the public key learns what was entered, and nothing else can be made of it. */
static void test_a_proof_tells_what_was_entered(void **state)
{
        struct buffer text = buffer_make(LOG_PROOF_MAX), forged = buffer_make(LOG_PROOF_EXTRA_MAX);
        const uint8_t salt[COMMITMENT_SALT_BYTES] = {1};
        struct checkpoint checkpoint;
        struct log_proof proof;
        struct log_entry entry;
        struct error error = {0};

        (void)state;
        create_log();
        struct chronicle *chronicle = open_log(CHRONICLE_WRITE);
        append(chronicle, 1);
        append(chronicle, 2);
        const struct note_key *key = chronicle_log_key(chronicle);
        assert_int_equal(chronicle_prove(chronicle, 1, true, &text, &error), 0);
        assert_int_equal(log_proof_read(slice_make((char *)text.bytes, text.length), &proof, &error), 0);
        assert_int_equal(log_opening_verify(&proof, ORIGIN, key, 1, &checkpoint, &entry, &error), 0);
        assert_int_equal(checkpoint.size, 2);
        assert_string_equal(entry.kind_name, "plaintext-read");
        assert_string_equal(json_string_value(json_object_get(entry.fields, "what")), "file 2");
        log_entry_free(&entry);

        assert_int_equal(
                log_opening_verify(&proof, "other.example", key, 1, &checkpoint, &entry, &error), -EBADMSG);
        assert_int_equal(log_opening_verify(&proof, ORIGIN, chronicle_witness_key(chronicle), 1, &checkpoint,
                                 &entry, &error),
                -ENOKEY);
        struct slice honest = proof.extra;
        assert_int_equal(log_opening_write(salt, slice_of("{}"), &forged), 0);
        proof.extra = slice_make((char *)forged.bytes, forged.length);
        assert_int_equal(log_opening_verify(&proof, ORIGIN, key, 1, &checkpoint, &entry, &error), -EBADMSG);
        for (size_t length = 1; length < honest.length; length++) {
                proof.extra = slice_make(honest.text, length);
                assert_int_equal(
                        log_opening_verify(&proof, ORIGIN, key, 1, &checkpoint, &entry, &error), -EBADMSG);
        }
        proof.extra.length = 0;
        assert_int_equal(log_opening_verify(&proof, ORIGIN, key, 1, &checkpoint, &entry, &error), -ENODATA);
        chronicle_close(chronicle);
        buffer_free(&text);
        buffer_free(&forged);
}

static void test_several_handles(void **state)
{
        struct checkpoint checkpoint;
        struct error error = {0};

        (void)state;
        create_log();
        struct chronicle *one = open_log(CHRONICLE_WRITE), *two = open_log(CHRONICLE_WRITE);
        struct chronicle *reader = open_log(CHRONICLE_READ);
        for (unsigned i = 0; i < 20; i++)
                assert_int_equal(append(i % 2 ? one : two, i), i);
        assert_int_equal(chronicle_checkpoint(reader, &checkpoint, NULL, &error), 0);
        assert_int_equal(checkpoint.size, 20);
        chronicle_close(one);
        chronicle_close(two);
        chronicle_close(reader);
        assert_int_equal(fatal_findings(NULL), 0);
}

static void test_what_is_no_entry_is_not_appended(void **state)
{
        struct checkpoint checkpoint;
        struct error error = {0};
        json_t *good = json_pack("{s:s}", "action", "test"), *bad = json_object();
        const struct chronicle_item items[2] = {
                {"administration", ten, "node", good}, {"administration", ten, "node", bad}};

        (void)state;
        create_log();
        struct chronicle *chronicle = open_log(CHRONICLE_WRITE);
        assert_int_equal(chronicle_append_all(chronicle, items, 2, NULL, &error), -EINVAL);
        assert_non_null(strstr(error.text, "action"));
        assert_int_equal(
                chronicle_append(chronicle, "administration", ten, "node", "{", NULL, &error), -EINVAL);
        assert_int_equal(chronicle_append_all(chronicle, items, 0, NULL, &error), -EINVAL);
        assert_int_equal(chronicle_checkpoint(chronicle, &checkpoint, NULL, &error), 0);
        assert_int_equal(checkpoint.size, 0);
        assert_int_equal(chronicle_append_all(chronicle, items, 1, NULL, &error), 0);
        chronicle_close(chronicle);
        json_decref(good);
        json_decref(bad);
        assert_int_equal(fatal_findings(NULL), 0);
}

/* ---- requirements ---- */

/* The whole of a file's text contains these bytes? */
static bool file_holds(const char *name, const char *text)
{
        struct buffer bytes = buffer_make(1 << 26);
        struct error error = {0};

        if (file_read(scratch_path(name), &bytes, &error) < 0) {
                buffer_free(&bytes);
                return false;
        }
        bool found = memmem(bytes.bytes, bytes.length, text, strlen(text)) != NULL;
        buffer_free(&bytes);
        return found;
}

/* Requirement 17: erasing a salt keeps every proof valid. What was proven before the erasure verifies after
 * it, the entry can still be proven, and what it committed to is gone from the files. */
static void requirement_17_erasing_an_opening_keeps_every_proof_valid(void **state)
{
        struct buffer before = buffer_make(LOG_PROOF_MAX), after = buffer_make(LOG_PROOF_MAX),
                      content = buffer_make(LOG_ENTRY_MAX);
        uint8_t entry[COMMITMENT_ENTRY_BYTES], again[COMMITMENT_ENTRY_BYTES], salt[COMMITMENT_SALT_BYTES];
        struct checkpoint checkpoint;
        struct log_proof proof;
        struct error error = {0};

        (void)state;
        create_log();
        struct chronicle *chronicle = open_log(CHRONICLE_WRITE);
        append_many(chronicle, 254);
        append_many(chronicle, 3);
        uint64_t index = append(chronicle, 4711);
        append(chronicle, 4712);
        assert_true(file_holds("log/openings.db", "file 4711"));
        assert_int_equal(chronicle_entry(chronicle, index, entry, &error), 0);
        assert_int_equal(chronicle_prove(chronicle, index, true, &before, &error), 0);

        assert_int_equal(chronicle_erase(chronicle, index, ten, "admin@node", "kept for a year", &error), 0);
        assert_false(file_holds("log/openings.db", "file 4711"));
        assert_true(file_holds("log/openings.db", "file 4712"));
        assert_int_equal(chronicle_opening(chronicle, index, salt, &content, &error), -ENODATA);
        assert_int_equal(chronicle_erase(chronicle, index, ten, "admin@node", "again", &error), -ENODATA);
        assert_int_equal(chronicle_entry(chronicle, index, again, &error), 0);
        assert_memory_equal(entry, again, sizeof entry);
        struct slice as_slice = slice_make((char *)entry, sizeof entry);
        assert_int_equal(log_proof_read(slice_make((char *)before.bytes, before.length), &proof, &error), 0);
        assert_int_equal(log_proof_verify(&proof, as_slice, ORIGIN, chronicle_log_key(chronicle), 1,
                                 &checkpoint, &error),
                0);
        assert_int_equal(chronicle_prove(chronicle, index, true, &after, &error), 0);
        assert_int_equal(log_proof_read(slice_make((char *)after.bytes, after.length), &proof, &error), 0);
        assert_int_equal(proof.extra.length, 0);
        assert_int_equal(log_proof_verify(&proof, as_slice, ORIGIN, chronicle_log_key(chronicle), 1,
                                 &checkpoint, &error),
                0);
        assert_int_equal(checkpoint.size, index + 3);
        chronicle_close(chronicle);
        assert_int_equal(fatal_findings(NULL), 0);
        buffer_free(&before);
        buffer_free(&after);
        buffer_free(&content);
}

static void overwrite(const char *name, size_t at, uint8_t change)
{
        struct buffer bytes = buffer_make(1 << 26);
        struct error error = {0};

        assert_int_equal(file_read(scratch_path(name), &bytes, &error), 0);
        assert_true(at < bytes.length);
        bytes.bytes[at] ^= change;
        FILE *file = fopen(scratch_path(name), "r+b");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes.bytes, 1, bytes.length, file), bytes.length);
        fclose(file);
        buffer_free(&bytes);
}

/* What an administrator can do to the database. */
static void run_sql(const char *text)
{
        sqlite3 *database;

        assert_int_equal(sqlite3_open(scratch_path("log/openings.db"), &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(database);
}

static void copy_file(const char *from, const char *to)
{
        struct buffer bytes = buffer_make(1 << 26);
        struct error error = {0};

        assert_int_equal(file_read(scratch_path(from), &bytes, &error), 0);
        FILE *file = fopen(scratch_path(to), "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes.bytes, 1, bytes.length, file), bytes.length);
        fclose(file);
        buffer_free(&bytes);
}

/* Requirement 16: no administrator can delete a log entry. Whoever has the disk can destroy files, but not so
 * that the log still passes. (That not even its own key helps against its witnesses is requirement 18.) */
static void requirement_16_no_entry_can_be_deleted_unseen(void **state)
{
        struct chronicle *chronicle;
        struct error error = {0};

        (void)state;
        create_log();
        chronicle = open_log(CHRONICLE_WRITE);
        for (unsigned i = 0; i < 5; i++)
                append(chronicle, i);
        copy_file("log/checkpoint", "before");
        append(chronicle, 5);
        /* An erasure cannot be erased. */
        assert_int_equal(chronicle_erase(chronicle, 2, ten, "admin@node", "time is up", &error), 0);
        assert_int_equal(chronicle_erase(chronicle, 6, ten, "admin@node", "hide it", &error), -EPERM);
        chronicle_close(chronicle);
        assert_int_equal(fatal_findings(NULL), 0);

        /* An entry is changed. */
        overwrite("log/tile/entries/000.p/7", 2 + 5, 1);
        assert_true(fatal_findings("root") > 0);
        overwrite("log/tile/entries/000.p/7", 2 + 5, 1);
        /* A hash is changed. */
        overwrite("log/tile/0/000.p/7", 3, 1);
        assert_true(fatal_findings("tile") > 0);
        assert_int_equal(
                chronicle_open(scratch_path("log"), CHRONICLE_READ, NULL, &chronicle, &error), -EBADMSG);
        overwrite("log/tile/0/000.p/7", 3, 1);
        /* The signature is changed. */
        overwrite("log/checkpoint", 120, 1);
        assert_true(fatal_findings("signature") > 0);
        overwrite("log/checkpoint", 120, 1);
        assert_int_equal(fatal_findings(NULL), 0);
        /* The log is set back to an honest older checkpoint. */
        copy_file("log/checkpoint", "after");
        copy_file("before", "log/checkpoint");
        assert_true(fatal_findings("set-back") > 0);
        assert_int_equal(
                chronicle_open(scratch_path("log"), CHRONICLE_WRITE, NULL, &chronicle, &error), -EBADMSG);
        assert_non_null(strstr(error.text, "set back"));
        copy_file("after", "log/checkpoint");
        assert_int_equal(fatal_findings(NULL), 0);
        /* An opening is changed, or taken away without an entry that says so. */
        run_sql("UPDATE opening SET content = replace(content, 'file 1', 'file 9') WHERE entry = 1");
        assert_true(fatal_findings("opening") > 0);
        run_sql("DELETE FROM opening WHERE entry = 1");
        assert_true(fatal_findings("opening-lost") > 0);
        run_sql("INSERT INTO erased VALUES(1, 6)");
        assert_true(fatal_findings("erasure") > 0);
}

static int count_readings(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        (void)index;
        (void)error;
        if (entry && strcmp(entry->kind_name, "plaintext-read") == 0) {
                assert_non_null(json_object_get(entry->fields, "purpose"));
                ++*(unsigned *)context;
        }
        return 0;
}

static int add_statistics(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        (void)index;
        if (!entry) {
                statistics_add_erased(context);
                return 0;
        }
        return statistics_add(context, entry, error);
}

/* Requirement 21: oversight has a read-only role, and recomputes the statistics from the log. */
static void requirement_21_oversight_only_reads_and_recomputes(void **state)
{
        struct statistics *statistics;
        struct error error = {0};
        unsigned readings = 0;
        json_t *json;

        (void)state;
        create_log();
        struct chronicle *chronicle = open_log(CHRONICLE_WRITE);
        append(chronicle, 1);
        assert_int_equal(
                chronicle_append(chronicle, "order-issued", ten, "anna@node",
                        "{\"order\":\"0b5e9c1e-8f0a-4c53-9a51-0d9b8a5f2c11\",\"instrument\":\"production\","
                        "\"categories\":[\"subscriber\"],\"addressee\":\"de-carrier\",\"emergency\":false,"
                        "\"derogation\":false}",
                        NULL, &error),
                0);
        append(chronicle, 2);
        assert_int_equal(chronicle_erase(chronicle, 0, ten, "admin@node", "time is up", &error), 0);
        chronicle_close(chronicle);

        /* The overseer has no secret key at all. */
        assert_int_equal(remove(scratch_path("log/log.key")), 0);
        assert_int_equal(remove(scratch_path("log/witness.key")), 0);
        chronicle = open_log(CHRONICLE_READ);
        assert_int_equal(chronicle_append(chronicle, "administration", ten, "x", "{\"action\":\"test\"}",
                                 NULL, &error),
                -EROFS);
        assert_int_equal(chronicle_erase(chronicle, 1, ten, "x", "y", &error), -EROFS);
        assert_int_equal(chronicle_walk(chronicle, 0, count_readings, &readings, &error), 0);
        assert_int_equal(readings, 1);
        assert_int_equal(statistics_new(2026, &statistics), 0);
        assert_int_equal(chronicle_walk(chronicle, 0, add_statistics, statistics, &error), 0);
        assert_int_equal(statistics_to_json(statistics, &json), 0);
        assert_int_equal(
                json_integer_value(json_object_get(json_object_get(json, "production"), "issued")), 1);
        assert_int_equal(json_integer_value(json_object_get(json, "erased_openings")), 1);
        json_decref(json);
        statistics_free(statistics);
        chronicle_close(chronicle);
        assert_int_equal(fatal_findings(NULL), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(test_a_new_log),
                CASE(test_appended_entries_are_proven),
                CASE(test_a_proof_tells_what_was_entered),
                CASE(test_several_handles),
                CASE(test_what_is_no_entry_is_not_appended),
                CASE(requirement_17_erasing_an_opening_keeps_every_proof_valid),
                CASE(requirement_16_no_entry_can_be_deleted_unseen),
                CASE(requirement_21_oversight_only_reads_and_recomputes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
