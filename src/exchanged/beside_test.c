/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence beside an answer, between nodes that run: fetched to its last byte whatever is killed, and by
 * nobody but its recipient. */
#include "exchanged/path_test.h"
#include "exchanged/proxy_test.h"

#include "courier/client.h"
#include "exchange/beside.h"

#include <curl/curl.h>
#include <dirent.h>

#define INSIDE_BYTES 1000 /* instead of 25,600 kB: all evidence lies beside its answer */

static struct proxy network; /* before the provider */
static const char *verify;   /* rogatory-verify */

static void does(unsigned which, const char *login, deed *what)
{
        char id[MODEL_ID_MAX], state[64];

        find_order(which, id, state);
        if (!act(which, login, what, id, 0))
                fail_msg("%s at %s: %s", login, names[which], last_words);
}

static void await_state(unsigned which, const char *wanted)
{
        char id[MODEL_ID_MAX], state[64];

        AWAIT((find_order(which, id, state), strcmp(state, wanted) == 0));
}

static void start(unsigned which)
{
        start_node(which);
        AWAIT(said(which, "event=ready"));
}

static void end_nodes(void)
{
        for (unsigned i = 0; i < NODES; i++)
                if (nodes[i]) {
                        kill_node(i, SIGTERM);
                        check_log(i);
                }
}

static int do_release_beside(struct office *office, const char *id, struct error *error)
{
        provider_inside_set(INSIDE_BYTES);
        return provider_release(office, id, error);
}

/* What would be released, in plain text: SCRATCH/prepared-N. */
static int do_keep(struct office *office, const char *id, struct error *error)
{
        static const enum provider_part parts[] = {PROVIDER_JSON, PROVIDER_STATEMENT, PROVIDER_PROVENANCE};
        char name[32];
        int r = 0;

        for (unsigned i = 0; r == 0 && i < 3; i++) {
                struct buffer text = buffer_make(1 << 30);
                snprintf(name, sizeof name, "prepared-%u", i);
                r = provider_read(office, id, parts[i], "to look at it", &text, error);
                if (r == 0)
                        r = file_publish(scratch, name, text.bytes, text.length, error);
                buffer_free(&text);
        }
        return r;
}

static int keep_file(void *context, const char *message_id, const struct file *file, const void *bytes,
        size_t length, struct error *error)
{
        unsigned *count = context;
        char name[32];

        (void)message_id;
        (void)file;
        snprintf(name, sizeof name, "opened-%u", (*count)++);
        return file_publish(scratch, name, bytes, length, error);
}

static int do_open_all(struct office *office, const char *id, struct error *error)
{
        struct authority_opened opened;
        unsigned count = 0;

        int r = authority_open(office, id, "who logged in", keep_file, &count, &opened, error);
        return r == 0 && opened.files != 3 ? error_set(error, -ENODATA, "%zu files", opened.files) : r;
}

static int do_open_two(struct office *office, const char *id, struct error *error)
{
        struct authority_opened opened;
        unsigned count = 0;

        int r = authority_open(office, id, "who logged in", keep_file, &count, &opened, error);
        return r == 0 && (opened.files != 2 || opened.missing != 1)
                       ? error_set(error, -ENODATA, "%zu files", opened.files)
                       : r;
}

static int do_fetch_again(struct office *office, const char *id, struct error *error)
{
        return authority_fetch_again(office, id, error);
}

static int do_withdraw(struct office *office, const char *id, struct error *error)
{
        const struct authority_withdrawal wanted = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "closed", .delete_data = true};

        return authority_withdraw(office, id, &wanted, error);
}

static bool same(const char *a, const char *b)
{
        struct buffer one = buffer_make(1 << 30), other = buffer_make(1 << 30);

        bool equal = file_read(scratch_path(a), &one, NULL) == 0 &&
                     file_read(scratch_path(b), &other, NULL) == 0 && one.length == other.length &&
                     one.length > 0 && memcmp(one.bytes, other.bytes, one.length) == 0;
        buffer_free(&one);
        buffer_free(&other);
        return equal;
}

static void opened_is_what_was_prepared(void)
{
        does(AT, "berger", do_open_all);
        assert_true(same("prepared-0", "opened-0"));
        assert_true(same("prepared-1", "opened-1"));
        assert_true(same("prepared-2", "opened-2"));
}

/* Up to a prepared answer, of which the provider has shown what is in it. */
static void to_prepared(void)
{
        make_source();
        make_store();
        start(DE);
        start(AT);
        does(AT, "berger", do_draft);
        does(AT, "berger", do_submit);
        does(AT, "huber", do_approve);
        does(AT, "berger", do_send);
        await_state(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "desk", do_keep);
}

#define HERE "SELECT count(*) FROM book_fetch WHERE state = 'here'"
#define OFFERED(state) "SELECT count(*) FROM book_offer WHERE state = '" state "'"
#define ENDED "SELECT count(*) FROM book_offer WHERE ended_ms IS NOT NULL"
#define INCIDENTS(code) "SELECT count(*) FROM book_incident WHERE code = '" code "'"

static int entries(unsigned which, const char *kind, const char *words);

/* The one offer of the provider: SCRATCH/.../evidence/MANIFEST. */
static void find_offer(char ret_manifest[ID_TEXT_MAX])
{
        char path[300];
        sqlite3 *database = NULL;
        sqlite3_stmt *row = NULL;

        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[DE]));
        assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(
                sqlite3_prepare_v2(database, "SELECT manifest FROM book_offer", -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        snprintf(ret_manifest, ID_TEXT_MAX, "%s", (const char *)sqlite3_column_text(row, 0));
        sqlite3_finalize(row);
        sqlite3_close(database);
}

static void offered_file(const char *name, char ret_path[400])
{
        char manifest[ID_TEXT_MAX];

        find_offer(manifest);
        snprintf(ret_path, 400, "%s/evidence/%s/%s", scratch_path(names[DE]), manifest, name);
}

static bool has_folder(unsigned which, const char *name)
{
        char path[400];

        snprintf(path, sizeof path, "%s/evidence/%s", scratch_path(names[which]), name);
        return access(path, F_OK) == 0;
}

/* ---- the usual way ---- */

/* What travelled beside it belongs to the message, by the word of a program that knows neither node. */
static int verified(const char *beside)
{
        char container[400], directory[300], key[300], file[400], path[300];
        sqlite3 *database = NULL;
        sqlite3_stmt *row = NULL;

        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[AT]));
        assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(
                sqlite3_prepare_v2(database, "SELECT message_id FROM book_fetch", -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        const char *id = (const char *)sqlite3_column_text(row, 0);
        snprintf(container, sizeof container, "%s/containers/in-" PROVIDER "-%s.asice",
                scratch_path(names[AT]), id);
        snprintf(file, sizeof file, "--beside=%s/evidence/" PROVIDER "/%s/%s", scratch_path(names[AT]), id,
                beside);
        sqlite3_finalize(row);
        sqlite3_close(database);
        snprintf(directory, sizeof directory, "--directory=%s/pki/directory/directory.json", scratch);
        snprintf(key, sizeof key, "--directory-key=%s/pki/directory/operator.pub", scratch);
        const char *const words[] = {verify, directory, key, file, container, NULL};
        return run_program(words);
}

static void what_lies_beside_is_verified_with_its_container(void)
{
        char path[400], *slash;
        int status = verified("evidence.json.p7m");

        assert_int_equal(status, 0);
        assert_int_equal(verified("statement.html.p7m"), 0);
        assert_int_equal(verified("nowhere"), 3);
        /* Another name, another content. */
        snprintf(path, sizeof path, "%s/evidence/" PROVIDER, scratch_path(names[AT]));
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (const struct dirent *one; (one = readdir(folder));)
                if (one->d_name[0] != '.')
                        snprintf(path, sizeof path, "%s/evidence/" PROVIDER "/%.40s/x.p7m",
                                scratch_path(names[AT]), one->d_name);
        closedir(folder);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0 && write(file, "x", 1) == 1 && close(file) == 0);
        assert_int_equal(verified("x.p7m"), 1);
        slash = strrchr(path, '/');
        char other[420];
        snprintf(other, sizeof other, "%.*s/provenance.jsonld.p7m", (int)(slash - path), path);
        assert_int_equal(verified("provenance.jsonld.p7m"), 0);
        assert_int_equal(rename(other, path), 0);
        file = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0 && write(file, "x", 1) == 1 && close(file) == 0);
        assert_int_equal(verified("provenance.jsonld.p7m"), 1);
        assert_int_equal(rename(path, other), 0);
}

static void large_evidence_arrives_as_if_it_had_stood_inside(void **state)
{
        char manifest[ID_TEXT_MAX];

        (void)state;
        to_prepared();
        does(DE, "maier", do_release_beside);
        await_state(AT, "answered");
        AWAIT(number_of(AT, HERE) == 3);
        AWAIT(number_of(DE, OFFERED("received")) == 1);
        opened_is_what_was_prepared();
        what_lies_beside_is_verified_with_its_container();
        AWAIT(number_of(DE, OFFERED("acknowledged")) == 1);
        assert_int_equal(entries(AT, "evidence-fetched", "whole"), 1);
        assert_int_equal(entries(DE, "receipt", "fetched"), 1);
        assert_int_equal(number_of(AT, "SELECT count(*) FROM book_incident"), 0);
        /* At the end of the window it is gone at the provider, and stays at its recipient. */
        find_offer(manifest);
        assert_true(has_folder(DE, manifest));
        set_clock(DE, 46 * TIME_DAY);
        AWAIT(number_of(DE, ENDED) == 1);
        AWAIT(!has_folder(DE, manifest));
        assert_int_equal(entries(DE, "retention", "window for fetching it is over; it was opened"), 1);
        opened_is_what_was_prepared();
        end_nodes();
}

/* ---- what goes wrong ---- */

/* The authority's node is down while its answer is on its way, so that nothing is fetched yet. */
static void to_offered(void)
{
        to_prepared();
        kill_node(AT, SIGTERM);
        does(DE, "maier", do_release_beside);
}

static void a_tampered_file_is_not_taken(void **state)
{
        char path[400];
        uint8_t byte = 0;

        (void)state;
        to_offered();
        offered_file("statement.html.p7m", path);
        int file = open(path, O_RDWR | O_CLOEXEC);
        assert_true(file >= 0 && pread(file, &byte, 1, 700) == 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(file, &byte, 1, 700), 1);
        start(AT);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fetch WHERE state = 'failed' AND wrong = 3") == 1);
        AWAIT(number_of(AT, HERE) == 2);
        AWAIT(number_of(DE, OFFERED("error")) == 1);
        assert_int_equal(number_of(AT, INCIDENTS("evidence-not-fetched")), 1);
        assert_int_equal(number_of(DE, INCIDENTS("evidence-not-fetched")), 1);
        assert_int_equal(entries(AT, "evidence-fetched", "is not what its manifest says"), 1);
        does(AT, "berger", do_open_two);
        /* The provider finds out and puts it right; an officer has it fetched again. */
        byte ^= 0x10;
        assert_int_equal(pwrite(file, &byte, 1, 700), 1);
        close(file);
        does(AT, "berger", do_fetch_again);
        AWAIT(number_of(AT, HERE) == 3);
        AWAIT(number_of(DE, OFFERED("acknowledged")) == 1 || number_of(DE, OFFERED("received")) == 1);
        opened_is_what_was_prepared();
        end_nodes();
}

static void a_window_that_ends_is_told_at_both_sides(void **state)
{
        char path[400], away[420], manifest[ID_TEXT_MAX];

        (void)state;
        to_offered();
        find_offer(manifest);
        offered_file("evidence.json.p7m", path);
        snprintf(away, sizeof away, "%s.away", path);
        assert_int_equal(rename(path, away), 0);
        start(AT);
        AWAIT(number_of(AT, HERE) == 2);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fetch WHERE state = 'waiting' AND reason <> ''") == 1);
        for (unsigned i = 0; i < NODES; i++)
                set_clock(i, 46 * TIME_DAY);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fetch WHERE state = 'over'") == 1);
        AWAIT(number_of(AT, INCIDENTS("evidence-not-fetched")) == 1);
        AWAIT(number_of(DE, INCIDENTS("evidence-not-fetched")) == 1);
        AWAIT(number_of(DE, ENDED) == 1);
        assert_int_equal(entries(AT, "evidence-fetched", "is over"), 1);
        assert_int_equal(entries(DE, "receipt", "not-fetched"), 1);
        assert_int_equal(entries(DE, "retention", "nobody said that it was fetched"), 1);
        assert_false(has_folder(DE, manifest));
        end_nodes();
}

/* Also of a node that runs; "": what the disk really has. */
static void set_room(const char *bytes)
{
        char path[300], text[40];

        snprintf(path, sizeof path, "%s/room", scratch);
        snprintf(text, sizeof text, "%-31s\n", bytes);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(file >= 0 && write(file, text, 32) == 32 && close(file) == 0);
        setenv("ROGATORY_PRETEND_ROOM", path, 1);
}

static void a_full_disk_is_waited_for(void **state)
{
        (void)state;
        to_offered();
        set_room("67108000"); /* the reserve, and no more */
        start(AT);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fetch WHERE reason LIKE '%the disk has%'") > 0);
        assert_int_equal(number_of(AT, HERE), 0);
        set_room("");
        AWAIT(number_of(AT, HERE) == 3);
        opened_is_what_was_prepared();
        assert_int_equal(number_of(AT, "SELECT count(*) FROM book_incident"), 0);
        unsetenv("ROGATORY_PRETEND_ROOM");
        end_nodes();
}

static void a_withdrawn_order_leaves_nothing_at_either_side(void **state)
{
        char manifest[ID_TEXT_MAX];

        (void)state;
        to_prepared();
        does(DE, "maier", do_release_beside);
        await_state(AT, "answered");
        AWAIT(number_of(AT, HERE) == 3);
        find_offer(manifest);
        assert_true(has_folder(DE, manifest) && has_folder(AT, PROVIDER));
        does(AT, "berger", do_withdraw);
        AWAIT(number_of(DE, ENDED) == 1);
        AWAIT(!has_folder(DE, manifest));
        assert_int_equal(number_of(AT, "SELECT count(*) FROM book_fetch WHERE state = 'withdrawn'"), 3);
        assert_int_equal(entries(DE, "retention", "the order was withdrawn"), 1);
        char path[400];
        snprintf(path, sizeof path, "%s/evidence/%s", scratch_path(names[AT]), PROVIDER);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (const struct dirent *one; (one = readdir(folder));)
                assert_int_equal(one->d_name[0], '.');
        closedir(folder);
        end_nodes();
}

/* ---- who else asks ---- */

/* As an organisation that the directory names. The target goes out as it stands here. */
static long ask(const char *who, const char *target, const char *range)
{
        char url[512], certificate[300], key[300];
        CURL *curl = curl_easy_init();
        FILE *nothing = fopen("/dev/null", "we");
        long status = 0;

        assert_true(curl && nothing);
        snprintf(url, sizeof url, "https://127.0.0.1:%u%s", ports[DE], target);
        snprintf(certificate, sizeof certificate, "%s/pki/organisations/%s/tls.crt", scratch, who);
        snprintf(key, sizeof key, "%s/pki/organisations/%s/tls.key", scratch, who);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(curl, CURLOPT_SSLCERT, certificate);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, nothing);
        if (range)
                curl_easy_setopt(curl, CURLOPT_RANGE, range);
        if (curl_easy_perform(curl) == CURLE_OK)
                curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(curl);
        (void)fclose(nothing);
        return status;
}

#define WHERE "/rogatory/v1/evidence/"

static void nobody_else_gets_it(void **state)
{
        static const char *const names_of[] = {"evidence.json.p7m", "statement.html.p7m", "manifest.json",
                "..%2f..%2fkeys%2ftls.key", "../../keys/tls.key", "../../../exchange.sqlite", "x", ""};
        char manifest[ID_TEXT_MAX], target[512];

        (void)state;
        to_offered();
        find_offer(manifest);
        for (unsigned i = 0; i < sizeof names_of / sizeof *names_of; i++) {
                snprintf(target, sizeof target, WHERE "%s/%s", manifest, names_of[i]);
                long status = ask(HOSTILE, target, NULL);
                if (status != 404 && status != 400)
                        fail_msg("%s: %ld", names_of[i], status);
                status = ask(HOSTILE, target, "0-9");
                assert_true(status == 404 || status == 400);
                /* Its recipient gets the files, and nothing beside them. */
                status = ask(AUTHORITY, target, NULL);
                if (status != (i < 2 ? 200 : 404) && (i < 2 || status != 400))
                        fail_msg("%s: %ld", names_of[i], status);
        }
        snprintf(target, sizeof target, WHERE "%s/evidence.json.p7m", manifest);
        assert_int_equal(ask(AUTHORITY, target, "10-19"), 206);
        assert_int_equal(ask(AUTHORITY, target, "99999999-"), 416);
        assert_int_equal(
                ask(AUTHORITY, WHERE "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01/evidence.json.p7m", NULL), 404);
        assert_int_equal(ask(AUTHORITY, WHERE "..%2f../exchange.json", NULL), 400);
        assert_true(said(DE, "event=evidence-refused peer=" HOSTILE));
        /* However often it asks, it is one incident, and one entry of the log. */
        AWAIT(number_of(DE, INCIDENTS("offer-of-another")) == 1);
        assert_int_equal(entries(DE, "administration", "evidence-refused"), 1);
        end_nodes();
}

/* ---- killed ---- */

static void killed_while_it_is_fetched(void **state)
{
        unsigned kills = 0;

        (void)state;
        srandom(99);
        to_prepared();
        network.orders->bytes_per_s = 20000;
        does(DE, "maier", do_release_beside);
        while (number_of(AT, HERE) < 3 && kills < 60) {
                unsigned which = random() % 3 ? AT : DE;
                usleep((useconds_t)(random() % 400000));
                kill_node(which, SIGKILL);
                kills++;
                start_node(which);
                if (kills > 20)
                        network.orders->bytes_per_s = 0;
        }
        network.orders->bytes_per_s = 0;
        AWAIT(number_of(AT, HERE) == 3);
        AWAIT(number_of(DE, OFFERED("received")) == 1);
        opened_is_what_was_prepared();
        assert_int_equal(entries(AT, "evidence-fetched", "whole"), 1);
        assert_int_equal(number_of(AT, "SELECT count(*) FROM book_incident"), 0);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_incident"), 0);
        print_message("%u kills, %lld attempts\n", kills,
                (long long)number_of(AT, "SELECT sum(attempts) FROM book_fetch"));
        end_nodes();
}

/* ---- as large as it takes ---- */

#define ADDRESSES 6
#define SHARING 8000 /* at each of them; one answer of the store has no more than 4 MiB */

/* So many at one address in one second, each with a port of his own, that an order without a port has them
 * all in its answer. */
static void make_large_store(void)
{
        char path[300], store[300], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        snprintf(path, sizeof path, "%s/nat.csv", scratch);
        snprintf(store, sizeof store, "--store=%s/store", scratch);
        time_format_utc(question_ms - TIME_HOUR, from);
        time_format_utc(question_ms + TIME_HOUR, to);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        fprintf(file, "start,end,protocol,outside_address,outside_port,inside_address,inside_port\n");
        for (unsigned a = 0; a < ADDRESSES; a++)
                for (unsigned i = 0; i < SHARING; i++)
                        fprintf(file, "%s,%s,tcp,198.51.100.%u,%u,100.64.%u.%u,%u\n", from, to, 7 + a,
                                1024 + i, a * 40 + i / 250, i % 250 + 1, 2000 + i);
        assert_int_equal(fclose(file), 0);
        const char *const words[] = {rogatory, "import", store, "--quiet", "--exporter", "nat", path, NULL};
        assert_int_equal(run_program(words), 0);
}

static int do_draft_of_all(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        form.order.data.all_holders = STATED_YES;
        example_text(&form.order.data.all_holders_reason, "All who were at it are asked what they saw.");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static int do_paste_all(struct office *office, const char *id, struct error *error)
{
        struct identifier_source_text source = {.title = "forum.log"};
        struct authority_pasted pasted;
        char text[1024] = "", at[TIME_TEXT_MAX];
        size_t length = 0;

        time_format_utc(question_ms, at);
        for (unsigned a = 0; a < ADDRESSES; a++)
                length += (size_t)snprintf(
                        text + length, sizeof text - length, "%s login from 198.51.100.%u\n", at, 7 + a);
        source.text = slice_make(text, length);
        if (digest_of(text, length, source.digest) < 0)
                return -EIO;
        int r = authority_paste(office, id, &source, IDENTIFIER_NONE, 0, &pasted, error);
        return r == 0 && pasted.taken != ADDRESSES ? error_set(error, -ENODATA, "%s", pasted.lines[0].words)
                                                   : r;
}

/* The provider lets orders in that name no port, as long as a person decides it. */
static void allow_portless(unsigned which)
{
        static const char stops[] = "\"portless_stops\": true", lets[] = "\"portless_stops\": false";
        struct buffer text = buffer_make(1 << 20), other = buffer_make(1 << 20);
        struct error error = {0};
        char path[300];

        snprintf(path, sizeof path, "%s/exchange.json", scratch_path(names[which]));
        must(file_read(path, &text, &error), &error);
        buffer_append(&text, "", 1);
        const char *at = strstr((char *)text.bytes, stops);
        assert_non_null(at);
        buffer_append(&other, text.bytes, (size_t)(at - (char *)text.bytes));
        buffer_append_text(&other, lets);
        buffer_append_text(&other, at + strlen(stops));
        must(file_publish(scratch_path(names[which]), "exchange.json", other.bytes, other.length, &error),
                &error);
        buffer_free(&text);
        buffer_free(&other);
}

static void evidence_of_more_than_25600_kilobytes(void **state)
{
        unsigned kills = 0;

        (void)state;
        if (!getenv("ROGATORY_LONG")) {
                print_message("SKIP: takes minutes; with ROGATORY_LONG=1\n");
                return;
        }
        srandom(7);
        make_source();
        make_large_store();
        for (unsigned i = 0; i < NODES; i++)
                allow_portless(i);
        start(DE);
        start(AT);
        does(AT, "berger", do_draft_of_all);
        does(AT, "berger", do_paste_all);
        does(AT, "berger", do_submit);
        does(AT, "huber", do_approve);
        does(AT, "berger", do_send);
        await_state(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "desk", do_keep);
        network.orders->bytes_per_s = 4000000;
        does(DE, "maier", do_release); /* by the limit of the regulation */
        await_state(AT, "answered");
        assert_true(number_of(DE, "SELECT bytes FROM book_offer") > (int64_t)25600 * 1000);
        while (number_of(AT, HERE) < 3 && kills < 8) {
                unsigned which = random() % 3 ? AT : DE;
                usleep((useconds_t)(random() % 3000000));
                kill_node(which, SIGKILL);
                kills++;
                start_node(which);
        }
        AWAIT(number_of(AT, HERE) == 3);
        AWAIT(number_of(DE, OFFERED("received")) == 1);
        opened_is_what_was_prepared();
        print_message("%lld bytes, %u kills, %llu bytes passed\n",
                (long long)number_of(DE, "SELECT bytes FROM book_offer"), kills,
                (unsigned long long)network.orders->bytes);
        /* What was here was not fetched again. */
        assert_true(network.orders->bytes < (uint64_t)number_of(DE, "SELECT bytes FROM book_offer") * 3 / 2);
        end_nodes();
}

/* ---- the log ---- */

struct counting {
        const char *kind, *words;
        int count;
};

static int count_entry(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct counting *counting = context;

        (void)index;
        (void)error;
        if (!entry || strcmp(entry->kind_name, counting->kind) != 0)
                return 0;
        char *text = json_dumps(entry->fields, JSON_COMPACT | JSON_SORT_KEYS);
        counting->count += text && strstr(text, counting->words);
        free(text);
        return 0;
}

static int entries(unsigned which, const char *kind, const char *words)
{
        struct office *office = open_node(which, "wolf");
        struct counting counting = {.kind = kind, .words = words};
        struct error error = {0};

        must(chronicle_walk(office_chronicle(office), 0, count_entry, &counting, &error), &error);
        office_close(office);
        return counting.count;
}

/* ---- a network before the provider ---- */

static int make_network(void **state)
{
        published[DE] = free_port();
        int r = make_nodes(state);
        proxy_start(&network, published[DE], ports[DE], 4711);
        return r;
}

static int stop_network(void **state)
{
        proxy_stop(&network);
        return stop_nodes(state);
}

#define WITH_NODES(test) cmocka_unit_test_setup_teardown(test, make_network, stop_network)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                WITH_NODES(large_evidence_arrives_as_if_it_had_stood_inside),
                WITH_NODES(a_tampered_file_is_not_taken),
                WITH_NODES(a_window_that_ends_is_told_at_both_sides),
                WITH_NODES(a_full_disk_is_waited_for),
                WITH_NODES(a_withdrawn_order_leaves_nothing_at_either_side),
                WITH_NODES(nobody_else_gets_it),
                WITH_NODES(killed_while_it_is_fetched),
                WITH_NODES(evidence_of_more_than_25600_kilobytes),
        };

        rogatory = argc > 2 ? argv[2] : "";
        if (getenv("ROGATORY_ONLY"))
                cmocka_set_test_filter(getenv("ROGATORY_ONLY"));
        verify = argc > 3 ? argv[3] : "";
        store_below_scratch = true;
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
