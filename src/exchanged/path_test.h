/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_PATH_TEST_H
#define ROGATORY_EXCHANGED_PATH_TEST_H

/* For tests: an order on its path between nodes that run. What a person does is a process of its own that
 * opens the node as that person, so that it can be killed like any other. */

#include "exchange/authority.h"
#include "exchange/provider.h"
#include "exchanged/nodes_test.h"
#include "order/order_example_test.h"

#define QUESTION_ADDRESS "198.51.100.7"
#define QUESTION_PORT 40211
#define OTHER_PORT 40999 /* another's */

static const char *rogatory; /* the program of people */

/* --- The order --- */

static char source_line[256]; /* what the officer pastes; of some days ago */
static int64_t question_ms;

static inline void make_source(void)
{
        char text[TIME_TEXT_MAX];

        question_ms = (clock_now_ms() / TIME_SECOND - 864000) * TIME_SECOND;
        snprintf(source_line, sizeof source_line, "%s login from " QUESTION_ADDRESS ":%u/tcp\n",
                time_format_utc(question_ms, text), QUESTION_PORT);
}

/* Of two people: REFUSED_INSIDE and ALLOWED_INSIDE had the two ports. */
static inline void make_two_sources(void)
{
        char text[TIME_TEXT_MAX];

        make_source();
        size_t length = strlen(source_line);
        snprintf(source_line + length, sizeof source_line - length,
                "%s login from " QUESTION_ADDRESS ":%u/tcp\n", time_format_utc(question_ms, text),
                OTHER_PORT);
}

/* As an officer fills it in: a prosecutor asks who had an address. */
static inline void make_form(struct message *form)
{
        example_production(form);
        model_free(&order_type, &form->order);
        form->order.kind = ORDER_PRODUCTION;
        example_order_body(&form->order);
        struct identifier_list *list = &form->order.identifiers;
        for (size_t i = 0; i < list->count; i++)
                model_free(&identifier_type, &list->items[i]);
        list->count = 0;
        memset(form->id, 0, sizeof form->id);
        EXAMPLE_SET(form->order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(form->order.addressee.country, "DE");
        form->order.deadline.kind = DEADLINE_TEN_DAYS;
        form->order.has_earlier = STATED_NO;
        form->order.grounds.holder = HOLDER_CONTROLLER;
        form->order.delivery.recipient = RECIPIENT_ISSUING;
}

/* --- The store of the provider --- */

static inline int run_program(const char *const *words)
{
        int status;
        fflush(NULL);
        pid_t pid = fork();

        if (pid == 0) {
                int nothing = open("/dev/null", O_WRONLY);
                if (nothing >= 0)
                        dup2(nothing, STDOUT_FILENO);
                execv(words[0], (char *const *)(const void *)words);
                _exit(127);
        }
        return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void make_store(void)
{
        char path[300], store[300], text[1024], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        snprintf(path, sizeof path, "%s/nat.csv", scratch);
        snprintf(store, sizeof store, "--store=%s/store", scratch);
        int length = snprintf(text, sizeof text,
                "start,end,protocol,outside_address,outside_port,inside_address,inside_port\n"
                "%s,%s,tcp," QUESTION_ADDRESS ",%u,100.64.0.3,40378\n"
                "%s,%s,tcp," QUESTION_ADDRESS ",%u,100.64.0.4,40379\n",
                time_format_utc(question_ms - TIME_HOUR, from), time_format_utc(question_ms + TIME_HOUR, to),
                QUESTION_PORT, from, to, OTHER_PORT);
        FILE *file = fopen(path, "we");
        assert_true(file && fwrite(text, 1, (size_t)length, file) == (size_t)length && fclose(file) == 0);
        const char *const words[] = {rogatory, "import", store, "--quiet", "--exporter", "nat", "--mapping",
                "endpoint-independent", "--loss", "reported", path, NULL};
        assert_int_equal(run_program(words), 0);
}

/* --- What people do --- */

/* The one order of this test; "" before there is one. */
static inline void find_order(unsigned which, char ret_id[MODEL_ID_MAX], char ret_state[64])
{
        char path[300];
        sqlite3 *database = NULL;
        sqlite3_stmt *row = NULL;

        ret_id[0] = ret_state[0] = '\0';
        snprintf(path, sizeof path, "%s/exchange.sqlite", scratch_path(names[which]));
        if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                sqlite3_busy_timeout(database, 30000) == SQLITE_OK &&
                sqlite3_prepare_v2(database, "SELECT id, state FROM book_order LIMIT 1", -1, &row, NULL) ==
                        SQLITE_OK &&
                sqlite3_step(row) == SQLITE_ROW) {
                snprintf(ret_id, MODEL_ID_MAX, "%s", (const char *)sqlite3_column_text(row, 0));
                snprintf(ret_state, 64, "%s", (const char *)sqlite3_column_text(row, 1));
        }
        sqlite3_finalize(row);
        sqlite3_close(database);
}

typedef int deed(struct office *office, const char *id, struct error *error);

static char last_words[600]; /* why the last deed was refused */

/* kill_after_us 0: let live. True where it was done. */
static inline bool act(unsigned which, const char *login, deed *what, const char *id, unsigned kill_after_us)
{
        int status, ends[2];

        fflush(NULL);
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                const struct office_options options = {
                        .now = node_now, .context = &ahead_ms[which], .login = login};
                struct office *office = NULL;
                struct error error = {0};
                int r = office_open(scratch_path(names[which]), &options, &office, &error);
                if (r == 0)
                        r = what(office, id, &error);
                if (r < 0 && write(ends[1], error.text, strlen(error.text)) < 0)
                        _exit(2);
                office_close(office);
                _exit(r < 0);
        }
        close(ends[1]);
        if (kill_after_us > 0) {
                usleep(kill_after_us);
                kill(pid, SIGKILL);
        }
        ssize_t length = read(ends[0], last_words, sizeof last_words - 1);
        last_words[length > 0 ? length : 0] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (getenv("ROGATORY_TALK"))
                print_message("%s %s: %x %s\n", names[which], login, status, last_words);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline int do_draft(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static inline int do_paste(struct office *office, const char *id, struct error *error)
{
        struct identifier_source_text source = {.text = slice_of(source_line), .title = "forum.log"};
        struct authority_pasted pasted;

        if (digest_of(source_line, strlen(source_line), source.digest) < 0)
                return -EIO;
        return authority_paste(office, id, &source, IDENTIFIER_NONE, 0, &pasted, error);
}

/* What was pasted before is not pasted again. */
static inline int do_submit(struct office *office, const char *id, struct error *error)
{
        struct book_order order;
        struct message message;

        message_init(&message, MESSAGE_NONE);
        int r = book_order_find(office, id, &order, error);
        if (r == 0)
                r = book_order_message(office, &order, &message, error);
        bool pasted = r == 0 && message.order.identifiers.count > 0;
        message_free(&message);
        if (r == 0 && !pasted)
                r = do_paste(office, id, error);
        return r == 0 ? authority_submit(office, id, error) : r;
}

static inline int do_approve(struct office *office, const char *id, struct error *error)
{
        return authority_approve(office, id, "looked at", error);
}

static inline int do_send(struct office *office, const char *id, struct error *error)
{
        return authority_send(office, id, error);
}

static inline int see_file(void *context, const char *message_id, const struct file *file, const void *bytes,
        size_t length, struct error *error)
{
        (void)context;
        (void)message_id;
        (void)file;
        (void)error;
        return bytes && length > 0 ? 0 : -EBADMSG;
}

static inline int do_open(struct office *office, const char *id, struct error *error)
{
        struct authority_opened opened;

        int r = authority_open(office, id, "who logged in", see_file, NULL, &opened, error);
        return r == 0 && opened.files == 0 ? error_set(error, -ENODATA, "no file was opened") : r;
}

static inline int do_inform(struct office *office, const char *id, struct error *error)
{
        const struct authority_inform inform = {.means = "letter",
                .language = "de",
                .data = "subscriber",
                .remedies = "a complaint to the court",
                .person_reference = "7 St 12/26"};

        return authority_inform(office, id, &inform, error);
}

static inline int do_examine(struct office *office, const char *id, struct error *error)
{
        return provider_examine(office, id, "looked at", error);
}

static inline int do_prepare(struct office *office, const char *id, struct error *error)
{
        const struct provider_preparing preparing = {.purpose = "the order"};

        provider_program_set(rogatory);
        return provider_prepare(office, id, &preparing, error);
}

static inline int do_release(struct office *office, const char *id, struct error *error)
{
        return provider_release(office, id, error);
}

#endif
