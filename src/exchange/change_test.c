/* SPDX-License-Identifier: EUPL-1.2 */
/* What changes an order on its way, between nodes without a network: the decision of a court on a third
 * country's law (Article 17), and amendments. */
#include "exchange/provider_scene_test.h"

#include <sqlite3.h>

static const char two_lines[] = "2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp\n"
                                "2026-11-11T12:00:00+01:00 login from 198.51.100.9:40999/tcp\n";

static struct law_conflict conflict_of(const char *country)
{
        struct law_conflict conflict = {.law = (char *)(uintptr_t) "the Act on Secrecy, section 4",
                .obligation = (char *)(uintptr_t) "forbids to disclose it",
                .applies = (char *)(uintptr_t) "the account is held there",
                .consequence = (char *)(uintptr_t) "a fine",
                .link = (char *)(uintptr_t) "the parent company"};

        EXAMPLE_SET(conflict.country, country);
        return conflict;
}

static int state_conflict(struct office *office, const char *id, struct error *error)
{
        const struct law_conflict conflict = conflict_of("US");
        const struct provider_refusal refusal = {
                .obstacle = OBSTACLE_THIRD_COUNTRY_LAW, .explanation = "a conflict", .conflict = &conflict};

        return provider_refuse(office, id, &refusal, error);
}

/* Nobody refused anything; says why where somebody did. */
static void no_incident(const char *node)
{
        if (incidents(node) > 0)
                fail_msg("%s: %s: %s", node, last_incident.code, last_incident.words);
}

static int64_t fact_at(const char *node, const char *id, const char *name)
{
        struct office *office = scene_open(node, "wolf");
        struct error error = {0};
        int64_t value;

        scene_must(book_fact(office, id, name, TIME_UNKNOWN, &value, &error), &error);
        office_close(office);
        return value;
}

static void pass(int64_t ms)
{
        scene_clock += ms;
        AS(PROVIDER, "admin", clock_run(office, &error));
        AS(AUTHORITY, "admin", clock_run(office, &error));
}

static const struct authority_review upheld = {.outcome = REVIEW_UPHELD,
                                             .court = "Higher Regional Court of Vienna",
                                             .reason = "the other law does not protect this account"},
                                     lifted = {.outcome = REVIEW_LIFTED,
                                             .court = "Higher Regional Court of Vienna",
                                             .reason = "the other law forbids it"};

/* Neither day 10 nor the clearance of the enforcing authority brings anything out before the court decides.
 */
static void a_conflict_suspends_the_order_until_a_court_upholds_it(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        to_prepared(id);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_HELD);
        int64_t before = fact_at(PROVIDER, id, FACT_DUE_MS);
        pass(3 * TIME_DAY);
        AS(PROVIDER, "desk", state_conflict(office, id, &error));
        settle();
        no_incident(AUTHORITY);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_IN_REVIEW);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SUSPENDED);
        assert_int_equal(fact_at(PROVIDER, id, FACT_DUE_MS), TIME_UNKNOWN);
        assert_int_equal(fact_at(AUTHORITY, id, FACT_DUE_MS), TIME_UNKNOWN);
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection", &error));
        settle();
        for (int day = 0; day < 14; day++) {
                pass(TIME_DAY);
                REFUSED_AS(PROVIDER, "desk", -EPERM, provider_prepare(office, id, &preparing, &error));
                REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
                REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "all the same", &error));
        }
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_IN_REVIEW);
        /* A validator says what the court decided, and says which court and why. */
        struct authority_review silent = upheld;
        silent.reason = " ";
        REFUSED_AS(AUTHORITY, "huber", -EINVAL, authority_review(office, id, &silent, &error));
        silent = upheld;
        silent.court = NULL;
        REFUSED_AS(AUTHORITY, "huber", -EINVAL, authority_review(office, id, &silent, &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_review(office, id, &upheld, &error));
        REFUSED_AS(AUTHORITY, "wolf", -EPERM, authority_review(office, id, &upheld, &error));
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SUSPENDED);
        AS(AUTHORITY, "huber", authority_review(office, id, &upheld, &error));
        assert_int_equal(entries(AUTHORITY, "decision", "uphold"), 1);
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_review(office, id, &lifted, &error));
        settle();
        no_incident(PROVIDER);
        no_incident(ENFORCING);
        assert_int_equal(entries(ENFORCING, "message-received", "review-decision"), 1);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
        /* It is read anew; the time in which it stood still does not count. */
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        assert_true(fact_at(PROVIDER, id, FACT_DUE_MS) >= before + 14 * TIME_DAY);
        to_prepared(id);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        no_incident(AUTHORITY);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
}

static void a_court_that_lifts_the_order_ends_it(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        to_prepared(id);
        AS(PROVIDER, "desk", state_conflict(office, id, &error));
        settle();
        AS(AUTHORITY, "huber", authority_review(office, id, &lifted, &error));
        settle();
        no_incident(PROVIDER);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_REFUSED);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_REFUSED);
        pass(20 * TIME_DAY);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "all the same", &error));
}

static void a_court_that_lifts_some_identifiers_leaves_the_others(void **state)
{
        static const size_t first[] = {1}, both[] = {1, 2}, third[] = {3};
        struct authority_review partly = lifted;
        struct message form, answer;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue_lines(&form, two_lines, id);
        AS(PROVIDER, "desk", state_conflict(office, id, &error));
        settle();
        partly.number_count = 1;
        partly.numbers = third;
        REFUSED_AS(AUTHORITY, "huber", -ENOENT, authority_review(office, id, &partly, &error));
        partly.numbers = first;
        struct authority_review wrong = upheld;
        wrong.numbers = first;
        wrong.number_count = 1;
        REFUSED_AS(AUTHORITY, "huber", -EINVAL, authority_review(office, id, &wrong, &error));
        AS(AUTHORITY, "huber", authority_review(office, id, &partly, &error));
        settle();
        no_incident(PROVIDER);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        to_prepared(id);
        assert_int_equal(fake.asked, 1);
        assert_string_equal(fake.words[0], "198.51.100.9:40999 2026-11-11T11:00:00.000Z");
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection", &error));
        settle();
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        no_incident(AUTHORITY);
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.items[0].outcome, OUTCOME_REFUSED);
        assert_int_equal(answer.answer.results.items[1].outcome, OUTCOME_DISCLOSED);
        message_free(&answer);
        /* All of them by their numbers is the whole order. */
        make_form(&form);
        involve_ea(&form);
        issue_lines(&form, two_lines, id);
        AS(PROVIDER, "desk", state_conflict(office, id, &error));
        settle();
        partly.numbers = both;
        partly.number_count = 2;
        AS(AUTHORITY, "huber", authority_review(office, id, &partly, &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_REFUSED);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_REFUSED);
}

/* Ten days, by the provider's own node, and by the authority's where the provider's forgets. */
static void a_conflict_is_stated_within_ten_days(void **state)
{
        const struct law_conflict conflict = conflict_of("US");
        struct message form, late;
        struct error failure = {0};
        void *item;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        pass(9 * TIME_DAY); /* received on a Monday: the tenth day is a Thursday */
        pass(2 * TIME_DAY);
        REFUSED_AS(PROVIDER, "desk", -EPERM, state_conflict(office, id, &error));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        message_init(&late, MESSAGE_CANNOT_EXECUTE);
        EXAMPLE_SET(late.order_id, id);
        EXAMPLE_SET(late.receiver.organisation, AUTHORITY);
        late.cannot_execute.order_kind = ORDER_PRODUCTION;
        example_text(&late.cannot_execute.issuing_authority, "Prosecution");
        late.cannot_execute.addressee.kind = ADDRESSEE_ESTABLISHMENT;
        EXAMPLE_SET(late.cannot_execute.addressee.country, "DE");
        EXAMPLE_SET(late.cannot_execute.addressee.organisation, PROVIDER);
        example_text(&late.cannot_execute.addressee.name, "Provider");
        const struct model_type *type = message_body_type(MESSAGE_CANNOT_EXECUTE);
        scene_must(model_list_add(model_field_find(type, slice_of("reasons")), &late.cannot_execute, &item,
                           &failure),
                &failure);
        struct impossibility *reason = item;
        reason->obstacles = WORD_BIT(OBSTACLE_THIRD_COUNTRY_LAW);
        example_text(&reason->explanation, "too late");
        scene_must(model_copy(model_field_find(type, slice_of("conflict"))->part, &conflict,
                           &late.cannot_execute.conflict),
                &failure);
        scene_must(model_list_add(
                           model_field_find(type, slice_of("kept")), &late.cannot_execute, &item, &failure),
                &failure);
        ((struct kept_data *)item)->preserved = STATED_NO;
        EXAMPLE_SET(late.cannot_execute.signatory.person, "desk@" PROVIDER);
        example_text(&late.cannot_execute.signatory.name, "desk");
        late.cannot_execute.signatory.signed_ms = scene_clock;
        struct office *provider = scene_open(PROVIDER, "desk"), *authority = scene_open(AUTHORITY, "admin");
        scene_must(office_step_begin(provider, &failure), &failure);
        scene_must(office_step_end(provider, post_send(provider, &late, NULL, 0, NULL, &failure), &failure),
                &failure);
        scene_settle(provider, authority);
        office_close(provider);
        office_close(authority);
        message_free(&late);
        assert_int_equal(incidents(AUTHORITY), 1);
        if (!strstr(last_incident.words, "third-country-within-ten-days"))
                fail_msg("%s", last_incident.words);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
}

/* A court decides what was stated, and nothing else; a withdrawal ends what is suspended. */
static void nothing_is_decided_where_no_conflict_was_stated(void **state)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "solved", .delete_data = true};
        struct message form, decision;
        char id[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_review(office, id, &upheld, &error));
        message_init(&decision, MESSAGE_REVIEW_DECISION);
        EXAMPLE_SET(decision.order_id, id);
        decision.review_decision.outcome = REVIEW_UPHELD;
        example_text(&decision.review_decision.court, "Court");
        example_text(&decision.review_decision.reason, "in order");
        decision.review_decision.decided_ms = scene_clock;
        example_authority(
                &decision.review_decision.authority, "AT", AUTHORITY, NATURE_PROSECUTOR, "huber@" AUTHORITY);
        send_raw(AUTHORITY, &decision);
        message_free(&decision);
        assert_int_equal(incidents(PROVIDER), 1);
        assert_non_null(strstr(last_incident.words, "no conflict"));
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        settle();
        AS(PROVIDER, "desk", state_conflict(office, id, &error));
        settle();
        AS(AUTHORITY, "berger", authority_withdraw(office, id, &withdrawal, &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_DELETED);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_DELETED);
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_review(office, id, &upheld, &error));
}

/* ---- amendments ---- */

static void begin_amendment(const char *id, char ret_draft[MODEL_ID_MAX])
{
        struct book_order draft;

        AS(AUTHORITY, "berger", authority_amend(office, id, "a second login was found", &draft, &error));
        memcpy(ret_draft, draft.id, MODEL_ID_MAX);
}

static void send_amendment(const char *draft)
{
        AS(AUTHORITY, "berger", authority_submit(office, draft, &error));
        AS(AUTHORITY, "huber", authority_approve(office, draft, "looked at again", &error));
        AS(AUTHORITY, "berger", authority_send(office, draft, &error));
}

static struct book_order order_at(const char *node, const char *id)
{
        struct office *office = scene_open(node, "wolf");
        struct error error = {0};
        struct book_order order;

        scene_must(book_order_find(office, id, &order, &error), &error);
        office_close(office);
        return order;
}

static int add_line(struct office *office, const char *id, struct error *error)
{
        return paste(office, id, log_line_2, error);
}

/* What stands at the authority in the place of the order. */
static void amended_order_tells_what_was_changed(const char *id)
{
        struct office *node = scene_open(AUTHORITY, "wolf");
        struct book_order order = order_at(AUTHORITY, id);
        struct message amended;
        struct error error = {0};

        message_init(&amended, MESSAGE_NONE);
        scene_must(book_order_message(node, &order, &amended, &error), &error);
        assert_int_equal(amended.kind, MESSAGE_AMENDMENT);
        assert_string_equal(amended.order_id, id);
        assert_int_equal(amended.amendment.changes.count, 1);
        assert_non_null(strstr(amended.amendment.changes.items[0], "identifier added: ipv4 198.51.100.9"));
        message_free(&amended);
        office_close(node);
}

static void an_amendment_goes_the_way_of_an_order_and_is_examined_anew(void **state)
{
        struct message form, answer;
        struct book_order unused;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        to_prepared(id);
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection", &error));
        settle();
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_PREPARED);
        scene_clock += TIME_DAY;
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_amend(office, id, "mine", &unused, &error));
        REFUSED_AS(AUTHORITY, "wolf", -EPERM, authority_amend(office, id, "mine", &unused, &error));
        REFUSED_AS(AUTHORITY, "berger", -EINVAL, authority_amend(office, id, " ", &unused, &error));
        begin_amendment(id, draft);
        REFUSED_AS(AUTHORITY, "berger", -EEXIST, authority_amend(office, id, "twice", &unused, &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_amend(office, draft, "of itself", &unused, &error));
        /* The draft changes nothing, and goes no other way than an order. */
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
        AS(AUTHORITY, "berger", add_line(office, draft, &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_send(office, draft, &error));
        AS(AUTHORITY, "berger", authority_submit(office, draft, &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_approve(office, draft, "mine", &error));
        AS(AUTHORITY, "huber", authority_approve(office, draft, "looked at again", &error));
        AS(AUTHORITY, "berger", authority_send(office, draft, &error));
        assert_int_equal(state_at(AUTHORITY, draft), ORDER_STATE_MERGED);
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_send(office, draft, &error));
        settle();
        no_incident(AUTHORITY);
        no_incident(PROVIDER);
        no_incident(ENFORCING);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_SENT);
        assert_int_equal(order_at(AUTHORITY, id).generation, 1);
        assert_int_equal(order_at(PROVIDER, id).generation, 1);
        assert_int_equal(order_at(ENFORCING, id).generation, 1);
        assert_int_equal(entries(PROVIDER, "message-received", "amendment"), 1);
        assert_int_equal(entries(AUTHORITY, "decision", "\"amended\""), 1);
        /* The clearance was one of the old text, and what was prepared is gone. */
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        scene_clock += 1000;
        to_prepared(id);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_HELD);
        pass(9 * TIME_DAY);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection to this one either", &error));
        settle();
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        no_incident(AUTHORITY);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
        read_answer(id, &answer);
        assert_int_equal(answer.generation, 1);
        assert_int_equal(answer.answer.results.count, 2);
        message_free(&answer);
        amended_order_tells_what_was_changed(id);
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_amend(office, id, "too late", &unused, &error));
}

/* Section M goes to the enforcing authority alone, and with the amendment once more. */
static void section_m_reaches_the_enforcing_authority_alone(void **state)
{
        struct message form, kept;
        struct book_order order;
        struct error failure = {0};
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", add_line(office, draft, &error));
        send_amendment(draft);
        settle();
        for (int i = 0; i < 2; i++) {
                struct office *node = scene_open(i ? PROVIDER : ENFORCING, "wolf");
                order = order_at(i ? PROVIDER : ENFORCING, id);
                assert_int_equal(order.generation, 1);
                message_init(&kept, MESSAGE_NONE);
                scene_must(book_order_message(node, &order, &kept, &failure), &failure);
                assert_int_equal(message_order(&kept)->ea_information.case_summary == NULL, i);
                message_free(&kept);
                office_close(node);
        }
        make_form(&form);
        involve_ea(&form);
        model_free(
                model_field_find(&order_type, slice_of("ea_information"))->part, &form.order.ea_information);
        AS(AUTHORITY, "berger", authority_new(office, &form, &order, &error));
        message_free(&form);
        AS(AUTHORITY, "berger", paste(office, order.id, log_line, &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_submit(office, order.id, &error));
}

/* Who approved the order cannot write its amendment. */
static void roles_of_an_amendment_are_those_of_its_order(void **state)
{
        struct message form;
        struct book_order order, unused;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        AS(AUTHORITY, "berger", authority_new(office, &form, &order, &error));
        memcpy(id, order.id, sizeof id);
        AS(AUTHORITY, "berger", paste(office, id, log_line, &error));
        message_free(&form);
        AS(AUTHORITY, "berger", authority_submit(office, id, &error));
        AS(AUTHORITY, "both", authority_approve(office, id, "looked at", &error));
        AS(AUTHORITY, "berger", authority_send(office, id, &error));
        settle();
        REFUSED_AS(AUTHORITY, "both", -EPERM, authority_amend(office, id, "mine too", &unused, &error));
        begin_amendment(id, draft);
        REFUSED_AS(AUTHORITY, "both", -EPERM, add_line(office, draft, &error));
        REFUSED_AS(AUTHORITY, "both", -EPERM, authority_submit(office, draft, &error));
}

static void an_amendment_that_changes_nothing_or_the_parties_is_not_sent(void **state)
{
        struct message form;
        struct book_order unused;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", authority_submit(office, draft, &error));
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_approve(office, draft, "looked at", &error));
        AS(AUTHORITY, "berger", authority_discard(office, draft, "nothing to change", &error));
        begin_amendment(id, draft);
        /* Without the enforcing authority that was notified. */
        make_form(&form);
        AS(AUTHORITY, "berger", authority_edit(office, draft, &form, &error));
        message_free(&form);
        AS(AUTHORITY, "berger", authority_submit(office, draft, &error));
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_approve(office, draft, "please", &error));
        AS(AUTHORITY, "berger", authority_discard(office, draft, "in order as it is", &error));
        make_preservation(&form);
        begin_amendment(id, draft);
        REFUSED_AS(AUTHORITY, "berger", -EINVAL, authority_edit(office, draft, &form, &error));
        message_free(&form);
        assert_int_equal(order_at(AUTHORITY, id).generation, 0);
        /* Nothing is amended while a question is open. */
        AS(PROVIDER, "desk", provider_clarify(office, id, NULL, OBSTACLE_INCOMPLETE, "which clock?", &error));
        settle();
        AS(AUTHORITY, "berger", authority_discard(office, draft, "a question came", &error));
        REFUSED_AS(AUTHORITY, "berger", -EPERM, authority_amend(office, id, "now", &unused, &error));
}

/* The answer left while the amendment was on its way: the one is taken, the other refused, with words. */
static void an_amendment_that_comes_after_the_answer_changes_nothing(void **state)
{
        struct message form, answer;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue_lines(&form, two_lines, id);
        to_prepared(id);
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", authority_remove(office, draft, 1, &error));
        send_amendment(draft);
        assert_int_equal(order_at(AUTHORITY, id).generation, 1);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        assert_int_equal(incidents(PROVIDER), 1);
        assert_non_null(strstr(last_incident.words, "answered already"));
        assert_int_equal(order_at(PROVIDER, id).generation, 0);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RELEASED);
        assert_int_equal(incidents(AUTHORITY), 1);
        assert_string_equal(last_incident.code, "refused-there");
        assert_int_equal(order_at(AUTHORITY, id).generation, 0);
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
        read_answer(id, &answer);
        assert_int_equal(answer.answer.results.count, 2);
        message_free(&answer);
}

/* The provider takes fewer identifiers at once than the authority does. */
static void provider_takes_one_identifier(void)
{
        char path[PATH_MAX];

        snprintf(path, sizeof path, "%s/exchange.json", scratch_path(PROVIDER));
        json_t *settings = json_load_file(path, 0, NULL);
        assert_non_null(settings);
        json_object_set_new(settings, "limits", json_pack("{s:i}", "identifiers", 1));
        assert_int_equal(json_dump_file(settings, path, JSON_INDENT(2)), 0);
        json_decref(settings);
}

/* The second one has a number of its own: what the enforcing authority said of the first is not of it. */
static void after_an_amendment_that_was_refused_comes_another(void **state)
{
        struct message form;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        involve_ea(&form);
        issue(&form, id);
        provider_takes_one_identifier();
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", add_line(office, draft, &error));
        send_amendment(draft);
        settle();
        assert_int_equal(order_at(AUTHORITY, id).generation, 0);
        assert_int_equal(order_at(PROVIDER, id).generation, 0);
        assert_int_equal(order_at(ENFORCING, id).generation, 1);
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection to the first", &error));
        settle();
        to_prepared(id);
        scene_clock +=
                20 * TIME_DAY; /* its silence on generation 0 is that of an authority which saw another */
        AS(PROVIDER, "admin", clock_run(office, &error));
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", add_line(office, draft, &error));
        AS(AUTHORITY, "berger", authority_remove(office, draft, 1, &error));
        send_amendment(draft);
        settle();
        assert_int_equal(order_at(AUTHORITY, id).generation, 2);
        assert_int_equal(order_at(PROVIDER, id).generation, 2);
        assert_int_equal(order_at(ENFORCING, id).generation, 2);
        scene_clock += TIME_SECOND;
        to_prepared(id);
        REFUSED_AS(PROVIDER, "maier", -EPERM, provider_release(office, id, &error));
        AS(ENFORCING, "huber", enforcing_clear(office, id, "no objection to the second", &error));
        settle();
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
}

/* A changed emergency is called back again, and its 48 hours do not begin anew. */
static void an_amended_emergency_is_called_back_again(void **state)
{
        struct message form;
        struct book_order order;
        char id[MODEL_ID_MAX], draft[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        form.order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&form.order.deadline.threat, "A child is missing since noon.");
        form.order.emergency.unvalidated = STATED_YES;
        form.order.emergency.domestic_power = STATED_YES;
        example_text(&form.order.emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&form.order.emergency.call_back_contact, "Duty officer");
        AS(AUTHORITY, "berger", authority_new(office, &form, &order, &error));
        memcpy(id, order.id, sizeof id);
        message_free(&form);
        AS(AUTHORITY, "berger", paste(office, id, log_line, &error));
        AS(AUTHORITY, "berger", authority_submit(office, id, &error));
        AS(AUTHORITY, "maier", authority_approve(office, id, "urgent", &error));
        AS(AUTHORITY, "berger", authority_send(office, id, &error));
        settle();
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "the duty officer", &error));
        AS(PROVIDER, "desk", provider_examine(office, id, "urgent", &error));
        int64_t issued = order_at(PROVIDER, id).issued_ms;
        scene_clock += TIME_HOUR;
        begin_amendment(id, draft);
        AS(AUTHORITY, "berger", add_line(office, draft, &error));
        AS(AUTHORITY, "berger", authority_submit(office, draft, &error));
        REFUSED_AS(AUTHORITY, "huber", -EPERM, authority_approve(office, draft, "urgent", &error));
        AS(AUTHORITY, "maier", authority_approve(office, draft, "urgent", &error));
        AS(AUTHORITY, "berger", authority_send(office, draft, &error));
        settle();
        no_incident(PROVIDER);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_RECEIVED);
        assert_true(
                order_at(PROVIDER, id).issued_ms == issued && order_at(AUTHORITY, id).issued_ms == issued);
        REFUSED_AS(PROVIDER, "desk", -EPERM, provider_examine(office, id, "urgent", &error));
        AS(PROVIDER, "maier", provider_call_back(office, id, true, "the duty officer", &error));
        AS(PROVIDER, "desk", provider_examine(office, id, "urgent", &error));
        scene_clock = issued + 48 * TIME_HOUR;
        AS(AUTHORITY, "admin", clock_run(office, &error));
        settle();
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_DELETED);
        assert_int_equal(state_at(PROVIDER, id), ORDER_STATE_DELETED);
}

/* ---- deletion ---- */

static int64_t courier_copies(const char *order_id)
{
        struct office *node = scene_open(AUTHORITY, "wolf");
        sqlite3_stmt *rows;

        assert_int_equal(
                sqlite3_prepare_v2(office_database(node),
                        "SELECT count(*) FROM inbox_content JOIN inbox USING(number) JOIN book_message ON"
                        " book_message.id = inbox.id AND book_message.sender = inbox.sender WHERE"
                        " book_message.order_id = ?1 AND book_message.kind = 'answer'",
                        -1, &rows, NULL),
                SQLITE_OK);
        sqlite3_bind_text(rows, 1, order_id, -1, SQLITE_STATIC);
        assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
        int64_t count = sqlite3_column_int64(rows, 0);
        sqlite3_finalize(rows);
        office_close(node);
        return count;
}

/* What another order brought stays where it is, also at the courier; the log says which containers went. */
static void a_withdrawal_deletes_exactly_what_its_order_brought(void **state)
{
        const struct authority_withdrawal withdrawal = {
                .reason = WITHDRAWAL_NOT_NEEDED, .explanation = "solved", .delete_data = true};
        struct message form, answer;
        char ids[2][MODEL_ID_MAX], path[PATH_MAX];

        (void)state;
        begin();
        for (int i = 0; i < 2; i++) {
                make_form(&form);
                issue(&form, ids[i]);
                to_prepared(ids[i]);
                AS(PROVIDER, "maier", provider_release(office, ids[i], &error));
                settle();
                assert_int_equal(courier_copies(ids[i]), 1);
        }
        AS(AUTHORITY, "berger", authority_withdraw(office, ids[0], &withdrawal, &error));
        assert_int_equal(courier_copies(ids[0]), 0);
        assert_int_equal(courier_copies(ids[1]), 1);
        read_answer(ids[0], &answer);
        snprintf(path, sizeof path, "%s/containers/in-" PROVIDER "-%s.asice", scratch_path(AUTHORITY),
                answer.id);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(entries(AUTHORITY, "retention", answer.id), 1);
        message_free(&answer);
        read_answer(ids[1], &answer);
        snprintf(path, sizeof path, "%s/containers/in-" PROVIDER "-%s.asice", scratch_path(AUTHORITY),
                answer.id);
        assert_int_equal(access(path, F_OK), 0);
        message_free(&answer);
        open_answer(ids[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scratch_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_conflict_suspends_the_order_until_a_court_upholds_it),
                TEST(a_court_that_lifts_the_order_ends_it),
                TEST(a_court_that_lifts_some_identifiers_leaves_the_others),
                TEST(a_conflict_is_stated_within_ten_days),
                TEST(nothing_is_decided_where_no_conflict_was_stated),
                TEST(an_amendment_goes_the_way_of_an_order_and_is_examined_anew),
                TEST(section_m_reaches_the_enforcing_authority_alone),
                TEST(a_withdrawal_deletes_exactly_what_its_order_brought),
                TEST(roles_of_an_amendment_are_those_of_its_order),
                TEST(an_amendment_that_changes_nothing_or_the_parties_is_not_sent),
                TEST(an_amendment_that_comes_after_the_answer_changes_nothing),
                TEST(after_an_amendment_that_was_refused_comes_another),
                TEST(an_amended_emergency_is_called_back_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
