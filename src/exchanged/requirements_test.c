/* SPDX-License-Identifier: EUPL-1.2 */
/* What no room can show alone: requirements that hold between nodes that run, over days that pass, with
 * clocks that are apart. */
#include "exchanged/path_test.h"

#include "exchange/enforcing.h"
#include "exchange/validating.h"

#define KNOWS "the order is %s, not %s"

static const char *state_of(unsigned which)
{
        static char state[64];
        char id[MODEL_ID_MAX];

        find_order(which, id, state);
        return state;
}

static const char *order_id(unsigned which)
{
        static char id[MODEL_ID_MAX];
        char state[64];

        find_order(which, id, state);
        return id;
}

static void await_state(unsigned which, const char *state)
{
        int64_t give_up = clock_steady_ms() + PATIENCE_MS;

        while (strcmp(state_of(which), state) != 0) {
                if (clock_steady_ms() > give_up)
                        fail_msg("%s: " KNOWS, names[which], state_of(which), state);
                usleep(10000);
        }
}

static void does(unsigned which, const char *login, deed *what)
{
        if (!act(which, login, what, order_id(which), 0))
                fail_msg("%s at %s: %s", login, names[which], last_words);
}

static void may_not(unsigned which, const char *login, deed *what)
{
        if (act(which, login, what, order_id(which), 0))
                fail_msg("%s at %s was let", login, names[which]);
}

static void start(unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                start_node(i);
        for (unsigned i = 0; i < count; i++)
                AWAIT(said(i, "event=ready"));
}

static void end(unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                kill_node(i, SIGTERM);
                check_log(i);
        }
}

static void answered(void)
{
        does(AT, "berger", do_draft);
        does(AT, "berger", do_submit);
        does(AT, "huber", do_approve);
        does(AT, "berger", do_send);
        await_state(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "maier", do_release);
        await_state(AT, "answered");
}

/* Entries of a kind in the log of a node. */
struct counting {
        const char *kind;
        int count;
        char text[2048]; /* of the last */
};

static int count_entry(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct counting *counting = context;

        (void)index;
        (void)error;
        if (!entry || strcmp(entry->kind_name, counting->kind) != 0)
                return 0;
        char *text = json_dumps(entry->fields, JSON_COMPACT | JSON_SORT_KEYS);
        snprintf(counting->text, sizeof counting->text, "%s %s", entry->by, text ? text : "");
        free(text);
        counting->count++;
        return 0;
}

static struct counting entries(unsigned which, const char *kind)
{
        struct office *office = open_node(which, "wolf");
        struct counting counting = {.kind = kind};
        struct error error = {0};

        must(chronicle_walk(office_chronicle(office), 0, count_entry, &counting, &error), &error);
        office_close(office);
        return counting;
}

/* ---- 3 ---- */

static int do_emergency(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        form.order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&form.order.deadline.threat, "A child is missing since noon.");
        form.order.emergency.unvalidated = STATED_YES;
        form.order.emergency.domestic_power = STATED_YES;
        example_text(&form.order.emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&form.order.emergency.call_back_contact, "Duty officer");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static void requirement_03_an_unvalidated_emergency_is_gone_everywhere_after_48_hours(void **state)
{
        (void)state;
        start(NODES);
        does(AT, "berger", do_emergency);
        does(AT, "berger", do_submit);
        may_not(AT, "berger", do_approve);
        does(AT, "maier", do_approve);
        does(AT, "berger", do_send);
        await_state(DE, "received");
        for (unsigned i = 0; i < NODES; i++)
                set_clock(i, 47 * TIME_HOUR);
        usleep(1500000);
        assert_string_equal(state_of(AT), "sent");
        for (unsigned i = 0; i < NODES; i++)
                set_clock(i, 49 * TIME_HOUR);
        await_state(AT, "deleted");
        AWAIT(strcmp(state_of(DE), "withdrawn") == 0 || strcmp(state_of(DE), "deleted") == 0);
        may_not(DE, "desk", do_prepare);
        may_not(DE, "maier", do_release);
        assert_true(entries(AT, "withdrawal").count > 0 || entries(AT, "message-sent").count > 1);
        end(NODES);
}

static int do_ask_validation(struct office *office, const char *id, struct error *error)
{
        return authority_ask_validation(office, id, names[COURT], error);
}

static int do_validate(struct office *office, const char *id, struct error *error)
{
        return validating_decide(office, id, VALIDATION_GRANTED, "in order", error);
}

static int do_refuse_validation(struct office *office, const char *id, struct error *error)
{
        return validating_decide(office, id, VALIDATION_REFUSED, "no danger to life", error);
}

static int do_call_back(struct office *office, const char *id, struct error *error)
{
        return provider_call_back(office, id, true, "Dr. Huber", error);
}

static void emergency_asked(void)
{
        does(AT, "berger", do_emergency);
        does(AT, "berger", do_submit);
        does(AT, "maier", do_approve);
        does(AT, "berger", do_send);
        await_state(DE, "received");
        does(AT, "berger", do_ask_validation);
        await_state(COURT, "received");
        may_not(AT, "huber", do_validate);
        may_not(COURT, "berger", do_validate);
}

static void requirement_03_a_court_validates_on_its_own_node(void **state)
{
        (void)state;
        start(COURT + 1);
        emergency_asked();
        does(COURT, "huber", do_validate);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'validated'") == 1);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_fact WHERE name = 'validated'") == 1);
        for (unsigned i = 0; i <= COURT; i++)
                set_clock(i, 49 * TIME_HOUR);
        usleep(1500000);
        assert_string_equal(state_of(AT), "sent");
        does(DE, "maier", do_call_back);
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "maier", do_release);
        await_state(AT, "answered");
        end(COURT + 1);
}

static void requirement_03_a_court_refuses_on_its_own_node(void **state)
{
        (void)state;
        start(COURT + 1);
        emergency_asked();
        does(DE, "maier", do_call_back);
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(COURT, "huber", do_refuse_validation);
        await_state(AT, "deleted");
        await_state(COURT, "withdrawn");
        AWAIT(strcmp(state_of(DE), "withdrawn") == 0 || strcmp(state_of(DE), "deleted") == 0);
        may_not(DE, "maier", do_release);
        /* The proof: what was deleted, and when, in the withdrawal. */
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'withdrawal' AND "
                                       "refused = 0 AND instr(CAST(content AS TEXT), 'deleted_ms') > 0"),
                1);
        end(COURT + 1);
}

/* ---- 12 ---- */

/* A judge asks for traffic data, the enforcing authority is notified. */
static int do_traffic(struct office *office, const char *id, struct error *error)
{
        struct message form;
        struct book_order order;

        (void)id;
        make_form(&form);
        struct order *body = &form.order;
        body->deadline.kind = DEADLINE_TEN_DAYS_WITH_EA;
        body->data.categories = WORD_BIT(CATEGORY_TRAFFIC);
        body->data.subscriber = body->data.identification = 0;
        body->data.traffic = WORD_BIT(TRAFFIC_CONNECTIONS);
        body->data.from_ms = question_ms - TIME_HOUR;
        body->data.to_ms = question_ms + TIME_HOUR;
        body->grounds.threshold = THRESHOLD_THREE_YEARS;
        example_authority(&body->issuer, "AT", names[COURT], NATURE_COURT, "berger@at-court-vienna");
        body->ea.notified = STATED_YES;
        example_authority(&body->ea.authority, "DE", names[EA], NATURE_COURT, "huber@de-enforcement-berlin");
        example_text(&body->ea_information.necessity, "No other trace leads to the sender.");
        example_text(&body->ea_information.case_summary, "Threats in a forum");
        example_text(&body->ea_information.offence, "Fraud, section 146");
        int r = authority_new(office, &form, &order, error);
        message_free(&form);
        return r;
}

static int do_clear(struct office *office, const char *id, struct error *error)
{
        return enforcing_clear(office, id, "no ground to refuse", error);
}

static void held_until_cleared(void)
{
        does(COURT, "berger", do_traffic);
        does(COURT, "berger", do_submit);
        does(COURT, "huber", do_approve);
        does(COURT, "berger", do_send);
        await_state(DE, "received");
        AWAIT(*order_id(EA));
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        may_not(DE, "maier", do_release);
        assert_int_equal(
                number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'answer' AND direction = 1"),
                0);
}

static void requirement_12_no_release_before_clearance_whatever_clocks_show(void **state)
{
        (void)state;
        start(EA + 1);
        set_clock(DE, TIME_HOUR);
        set_clock(EA, -TIME_HOUR);
        held_until_cleared();
        does(EA, "huber", do_clear);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'ea-cleared'") == 1);
        does(DE, "maier", do_release);
        await_state(COURT, "answered");
        assert_true(said(DE, "event=clock-skew") || said(EA, "event=clock-skew"));
        end(EA + 1);
}

/* Nobody clears: day 10 by the later clock, and not before. */
static void requirement_12_day_10_counts_by_the_later_clock(void **state)
{
        (void)state;
        start(EA + 1);
        set_clock(DE, TIME_HOUR);
        held_until_cleared();
        for (unsigned i = 0; i <= EA; i++)
                set_clock(i, 8 * TIME_DAY + ahead_ms[i]);
        usleep(1000000);
        may_not(DE, "maier", do_release);
        for (unsigned i = 0; i <= EA; i++)
                set_clock(i, 9 * TIME_DAY + ahead_ms[i]);
        usleep(1000000);
        does(DE, "maier", do_release);
        await_state(COURT, "answered");
        end(EA + 1);
}

/* ---- amendments ---- */

static int keep_draft(void *context, const struct book_order *order)
{
        if (strncmp(order->title, "amendment of ", 13) == 0)
                memcpy(context, order->id, MODEL_ID_MAX);
        return 0;
}

static int find_draft(struct office *office, char ret_id[MODEL_ID_MAX], struct error *error)
{
        ret_id[0] = '\0';
        int r = book_orders_each(office, SIDE_AUTHORITY, 0, keep_draft, ret_id, error);
        return r < 0 || *ret_id ? r : error_set(error, -ENOENT, "there is no draft of an amendment");
}

static int do_amend(struct office *office, const char *id, struct error *error)
{
        struct book_order draft;
        int r = authority_amend(office, id, "a second line of the log", &draft, error);

        if (r == 0)
                r = do_paste(office, draft.id, error);
        return r == 0 ? authority_submit(office, draft.id, error) : r;
}

static int do_approve_amendment(struct office *office, const char *id, struct error *error)
{
        char draft[MODEL_ID_MAX];
        int r = find_draft(office, draft, error);

        (void)id;
        return r == 0 ? authority_approve(office, draft, "looked at again", error) : r;
}

static int do_send_amendment(struct office *office, const char *id, struct error *error)
{
        char draft[MODEL_ID_MAX];
        int r = find_draft(office, draft, error);

        (void)id;
        return r == 0 ? authority_send(office, draft, error) : r;
}

/* The enforcing authority had cleared what was amended then: that counts for nothing, and day 10 begins anew.
 */
static void an_amendment_is_cleared_and_examined_anew_everywhere(void **state)
{
        (void)state;
        start(EA + 1);
        held_until_cleared();
        does(EA, "huber", do_clear);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'ea-cleared'") == 1);
        does(COURT, "berger", do_amend);
        may_not(COURT, "berger", do_approve_amendment);
        may_not(COURT, "berger", do_send_amendment);
        does(COURT, "huber", do_approve_amendment);
        does(COURT, "berger", do_send_amendment);
        await_state(DE, "received");
        may_not(DE, "maier", do_release);
        AWAIT(number_of(EA, "SELECT generation FROM book_order") == 1);
        assert_int_equal(number_of(DE, "SELECT generation FROM book_order"), 1);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'ea-cleared'"), 0);
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        may_not(DE, "maier", do_release);
        does(EA, "huber", do_clear);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'ea-cleared'") == 1);
        does(DE, "maier", do_release);
        await_state(COURT, "answered");
        may_not(COURT, "berger", do_amend);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'amendment'"), 1);
        assert_int_equal(number_of(COURT, "SELECT count(*) FROM book_message WHERE kind = 'answer'"), 1);
        end(EA + 1);
}

/* ---- Article 17 ---- */

static int do_state_conflict(struct office *office, const char *id, struct error *error)
{
        struct law_conflict conflict = {.country = "US",
                .law = (char *)(uintptr_t) "the Act on Secrecy, section 4",
                .obligation = (char *)(uintptr_t) "forbids to disclose it",
                .applies = (char *)(uintptr_t) "the account is held there",
                .consequence = (char *)(uintptr_t) "a fine",
                .link = (char *)(uintptr_t) "the parent company"};
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_THIRD_COUNTRY_LAW, .explanation = "a conflict", .conflict = &conflict};

        return provider_refuse(office, id, &refusal, error);
}

static int do_uphold(struct office *office, const char *id, struct error *error)
{
        const struct authority_review review = {.outcome = REVIEW_UPHELD,
                .court = "Higher Regional Court of Vienna",
                .reason = "the other law does not protect this account"};

        return authority_review(office, id, &review, error);
}

/* Cleared, and after day 10, by clocks that are two hours apart: nothing leaves before the court has decided.
 */
static void article_17_no_release_before_a_court_decides_whatever_clocks_show(void **state)
{
        (void)state;
        start(EA + 1);
        set_clock(DE, TIME_HOUR);
        set_clock(COURT, -TIME_HOUR);
        held_until_cleared();
        does(DE, "desk", do_state_conflict);
        await_state(DE, "in-review");
        await_state(COURT, "suspended");
        does(EA, "huber", do_clear);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_fact WHERE name = 'ea-cleared'") == 1);
        may_not(DE, "maier", do_release);
        for (unsigned i = 0; i <= EA; i++)
                set_clock(i, 16 * TIME_DAY + ahead_ms[i]);
        usleep(1000000);
        assert_string_equal(state_of(DE), "in-review");
        may_not(DE, "desk", do_examine);
        may_not(DE, "desk", do_prepare);
        may_not(DE, "maier", do_release);
        may_not(COURT, "berger", do_uphold);
        assert_int_equal(
                number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'answer' AND direction = 1"),
                0);
        does(COURT, "huber", do_uphold);
        await_state(DE, "received");
        does(DE, "desk", do_examine);
        does(DE, "desk", do_prepare);
        does(DE, "maier", do_release);
        await_state(COURT, "answered");
        end(EA + 1);
}

/* ---- 15 and 16 ---- */

static int do_delay(struct office *office, const char *id, struct error *error)
{
        return authority_delay(office, id, DELAY_INQUIRY, "the others would be warned",
                office_now(office) + 20 * TIME_DAY, error);
}

static void requirement_15_informing_is_due_and_a_delay_asks_again(void **state)
{
        (void)state;
        start(NODES);
        answered();
        does(AT, "berger", do_open);
        assert_string_equal(state_of(AT), "opened");
        assert_true(number_of(AT, "SELECT value FROM book_fact WHERE name = 'inform-due'") > clock_now_ms());
        does(AT, "berger", do_delay);
        assert_true(number_of(AT, "SELECT count(*) FROM book_fact WHERE name = 'delayed-until'") == 1);
        for (unsigned i = 0; i < NODES; i++)
                set_clock(i, 60 * TIME_DAY);
        /* The delay is over: it is due, and the duty is still there. */
        assert_true(number_of(AT, "SELECT value FROM book_fact WHERE name = 'inform-due'") <
                    clock_now_ms() + ahead_ms[AT]);
        assert_string_not_equal(state_of(AT), "informed");
        does(AT, "berger", do_inform);
        assert_string_equal(state_of(AT), "informed");
        end(NODES);
}

static void requirement_16_reading_is_logged_and_no_entry_can_go(void **state)
{
        char path[300];

        (void)state;
        start(NODES);
        answered();
        int before = entries(AT, "plaintext-read").count;
        does(AT, "berger", do_open);
        struct counting read = entries(AT, "plaintext-read");
        assert_true(read.count > before);
        assert_non_null(strstr(read.text, "berger@" AUTHORITY));
        assert_non_null(strstr(read.text, "who logged in"));
        assert_true(entries(DE, "plaintext-read").count > 0);
        end(NODES);
        /* An administrator has the folder: whatever he takes out of the log shows. */
        struct findings findings = {0};
        struct chronicle_counts counts;
        struct error error = {0};
        snprintf(path, sizeof path, "%s/chronicle", scratch_path(names[AT]));
        const char *const words[] = {"/bin/sh", "-c",
                "cd \"$0\" && for f in $(find . -type f -path '*tile*'); do "
                "printf x | dd of=\"$f\" bs=1 seek=9 conv=notrunc 2>/dev/null; done",
                path, NULL};
        assert_int_equal(run_program(words), 0);
        (void)chronicle_check(path, NULL, &findings, &counts, &error);
        assert_false(findings_hold(&findings));
        findings_free(&findings);
}

/* ---- 20 and 21 ---- */

static int do_report_error(struct office *office, const char *id, struct error *error)
{
        const struct authority_error report = {.kind = ERROR_WRONG_PERSON,
                .number = 1,
                .description = "the clock of the forum was an hour off",
                .consequence = "a search",
                .person_informed_ms = office_now(office),
                .data_deleted = true};

        return authority_report_error(office, id, &report, error);
}

static int do_notice(struct office *office, const char *id, struct error *error)
{
        struct buffer text = buffer_make(65536);
        int r = provider_notice(office, id, &text, error);

        if (r == 0 && !memmem(text.bytes, text.length, "WRONGLY IDENTIFIED", 18))
                r = error_set(error, -ENODATA, "the notice does not say what it is");
        buffer_free(&text);
        return r;
}

static int do_noticed(struct office *office, const char *id, struct error *error)
{
        return provider_noticed(office, id, "registered letter", error);
}

static void requirement_20_an_error_reaches_the_person_and_the_oversight_body(void **state)
{
        (void)state;
        start(ALL_NODES);
        answered();
        does(AT, "berger", do_open);
        does(AT, "berger", do_report_error);
        AWAIT(number_of(OVERSIGHT,
                      "SELECT count(*) FROM book_message WHERE kind = 'error-report' AND refused = 0 "
                      "AND sender = '" AUTHORITY "'") == 1);
        AWAIT(number_of(DE,
                      "SELECT count(*) FROM book_message WHERE kind = 'error-report' AND refused = 0") == 1);
        /* The provider's customer: told by a notice with a day on which it is due, which the clock asks for.
         */
        assert_true(number_of(DE, "SELECT value FROM book_fact WHERE name = 'notice-due'") >
                    clock_now_ms() + 28 * TIME_DAY);
        AWAIT(number_of(DE, "SELECT count(*) FROM book_incident WHERE code = 'notice-due'") == 1);
        does(DE, "desk", do_notice);
        may_not(DE, "maier", do_noticed);
        does(DE, "desk", do_noticed);
        assert_int_equal(entries(DE, "person-informed").count, 1);
        AWAIT(number_of(AT, "SELECT count(*) FROM book_message WHERE kind = 'error-report' AND refused = 0 "
                            "AND sender = '" PROVIDER "'") == 1);
        end(ALL_NODES);
}

static int do_nothing_as_overseer(struct office *office, const char *id, struct error *error)
{
        struct book_order order;
        struct message message;
        struct rule_findings findings = {0};

        message_init(&message, MESSAGE_NONE);
        int r = authority_check(office, id, &order, &message, &findings, error);
        rule_findings_free(&findings);
        message_free(&message);
        return r;
}

static void requirement_21_oversight_reads_and_the_statistics_come_out_of_the_log(void **state)
{
        static deed *const forbidden[] = {do_draft, do_submit, do_approve, do_send, do_open, do_inform};
        char log[300], output[300], text[8192] = "", year[TIME_TEXT_MAX];

        (void)state;
        start(NODES);
        answered();
        does(AT, "wolf", do_nothing_as_overseer);
        for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
                may_not(AT, "wolf", forbidden[i]);
        may_not(DE, "wolf", do_release);
        end(NODES);
        snprintf(log, sizeof log, "%s/chronicle", scratch_path(names[AT]));
        snprintf(output, sizeof output, "%s/statistics", scratch);
        time_format_utc(clock_now_ms(), year)[4] = '\0';
        const char *const words[] = {"/bin/sh", "-c",
                "\"$0\" log stats --log \"$1\" --year \"$3\" --json > \"$2\"", rogatory, log, output, year,
                NULL};
        assert_int_equal(run_program(words), 0);
        FILE *file = fopen(output, "re");
        assert_true(file && fread(text, 1, sizeof text - 1, file) > 0 && fclose(file) == 0);
        json_t *statistics = json_loads(text, 0, NULL);
        assert_non_null(statistics);
        const json_t *production = json_object_get(statistics, "production");
        assert_int_equal(json_integer_value(json_object_get(production, "issued")), 1);
        json_decref(statistics);
}

static const char *pretend; /* the program, as one of several people of this account */

/* Over the node's socket. Returns the exit code; what it wrote is in said_by_program. */
static char said_by_program[65536];
static int run_as(unsigned which, const char *login, const char *const *words)
{
        char node[300], output[300];
        const char *all[16] = {pretend};
        size_t count = 1;
        int status = -1;

        snprintf(node, sizeof node, "%s", scratch_path(names[which]));
        snprintf(output, sizeof output, "%s/output", scratch);
        for (size_t i = 0; words[i]; i++)
                all[count++] = strcmp(words[i], "NODE") == 0 ? node : words[i];
        all[count] = NULL;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
                int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                setenv("ROGATORY_PRETEND_LOGIN", login, 1);
                if (file >= 0) {
                        dup2(file, STDOUT_FILENO);
                        dup2(file, STDERR_FILENO);
                }
                execv(pretend, (char *const *)(void *)all);
                _exit(127);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        FILE *file = fopen(output, "re");
        assert_non_null(file);
        said_by_program[fread(said_by_program, 1, sizeof said_by_program - 1, file)] = '\0';
        fclose(file);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define AS(which, login, ...) run_as(which, login, (const char *const[]){__VA_ARGS__, NULL})

static void requirement_21_an_overseer_reads_over_the_socket_and_does_nothing(void **state)
{
        char year[TIME_TEXT_MAX], id[MODEL_ID_MAX];

        (void)state;
        if (!*pretend)
                skip();
        start(NODES);
        answered();
        snprintf(id, sizeof id, "%s", order_id(AT));
        time_format_utc(clock_now_ms(), year)[4] = '\0';
        /* He reads, verifies and recomputes; each reading is an entry of his. */
        int before = entries(AT, "administration").count;
        assert_int_equal(AS(AT, "wolf", "log", "check", "--node", "NODE"), 0);
        assert_non_null(strstr(said_by_program, "SOUND"));
        assert_int_equal(AS(AT, "wolf", "log", "stats", "--node", "NODE", "--year", year, "--json"), 0);
        json_t *statistics = json_loads(said_by_program, 0, NULL);
        assert_int_equal(
                json_integer_value(json_object_get(json_object_get(statistics, "production"), "issued")), 1);
        json_decref(statistics);
        assert_int_equal(AS(AT, "wolf", "log", "show", "--node", "NODE", "--kind", "order-issued"), 0);
        assert_non_null(strstr(said_by_program, id));
        assert_int_equal(AS(AT, "wolf", "log", "prove", "--node", "NODE", "0"), 0);
        assert_non_null(strstr(said_by_program, "c2sp.org/tlog-proof@v1"));
        struct counting read = entries(AT, "administration");
        assert_int_equal(read.count, before + 4);
        assert_non_null(strstr(read.text, "wolf@" AUTHORITY));
        assert_non_null(strstr(read.text, "log-read"));
        assert_int_equal(AS(AT, "wolf", "order", "show", "--node", "NODE", id), 0);
        /* He takes no step, not even of the log. */
        assert_int_not_equal(
                AS(AT, "wolf", "order", "withdraw", "--node", "NODE", "--reason", "mistake", id), 0);
        assert_int_not_equal(AS(AT, "wolf", "open", "--node", "NODE", "--purpose", "curious", id), 0);
        assert_int_not_equal(AS(AT, "wolf", "log", "erase", "--node", "NODE", "--reason", "why not", "0"), 0);
        assert_int_not_equal(AS(DE, "wolf", "answer", "release", "--node", "NODE", id), 0);
        assert_string_equal(state_of(AT), "answered");
        /* An administrator sees that the log is sound, not what it says; reads no plaintext, erases nothing.
         */
        assert_int_equal(AS(AT, "admin", "log", "check", "--node", "NODE"), 0);
        assert_int_not_equal(AS(AT, "admin", "log", "show", "--node", "NODE"), 0);
        assert_int_not_equal(AS(AT, "admin", "open", "--node", "NODE", "--purpose", "curious", id), 0);
        assert_int_not_equal(AS(AT, "admin", "log", "erase", "--node", "NODE", "--reason", "gone", "0"), 0);
        assert_int_not_equal(AS(AT, "berger", "log", "show", "--node", "NODE"), 0);
        assert_int_not_equal(AS(AT, "nobody", "log", "check", "--node", "NODE"), 0);
        assert_int_equal(entries(AT, "plaintext-read").count, 0);
        assert_int_equal(entries(AT, "opening-erased").count, 0);
        end(NODES);
}

static int setup(void **state)
{
        node_count = ALL_NODES;
        memset(ahead_ms, 0, sizeof ahead_ms);
        int r = make_nodes(state);
        make_source();
        make_store();
        return r;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, stop_nodes)
        const struct CMUnitTest tests[] = {
                TEST(requirement_03_an_unvalidated_emergency_is_gone_everywhere_after_48_hours),
                TEST(requirement_03_a_court_validates_on_its_own_node),
                TEST(requirement_03_a_court_refuses_on_its_own_node),
                TEST(requirement_12_no_release_before_clearance_whatever_clocks_show),
                TEST(requirement_12_day_10_counts_by_the_later_clock),
                TEST(an_amendment_is_cleared_and_examined_anew_everywhere),
                TEST(article_17_no_release_before_a_court_decides_whatever_clocks_show),
                TEST(requirement_15_informing_is_due_and_a_delay_asks_again),
                TEST(requirement_16_reading_is_logged_and_no_entry_can_go),
                TEST(requirement_20_an_error_reaches_the_person_and_the_oversight_body),
                TEST(requirement_21_oversight_reads_and_the_statistics_come_out_of_the_log),
                TEST(requirement_21_an_overseer_reads_over_the_socket_and_does_nothing),
        };

        rogatory = argc > 2 ? argv[2] : "";
        pretend = argc > 3 ? argv[3] : "";
        store_below_scratch = true;
        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
