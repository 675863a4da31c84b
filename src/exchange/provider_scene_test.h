/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_PROVIDER_SCENE_TEST_H
#define ROGATORY_EXCHANGE_PROVIDER_SCENE_TEST_H

/* The provider's and the enforcing authority's side of an order, end to end between nodes without a network.
 * The store is one that answers by the questions that it is asked, and keeps them. */
#include "exchange/provider.h"

#include "chronicle/windows.h"
#include "crypto/cms_seal.h"
#include "evidence/scene_test.h"
#include "exchange/authority.h"
#include "exchange/clock.h"
#include "exchange/enforcing.h"
#include "exchange/office_scene_test.h"

__attribute__((unused)) static const char log_line[] =
        "2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp\n";
__attribute__((unused)) static const char log_line_2[] =
        "2026-11-11T12:00:00+01:00 login from 198.51.100.9:40999/tcp\n";

/* ---- the store ---- */

static struct fake_store {
        const char *verdict;
        int64_t margin_ms;
        int asked, held, extended;
        char words[32][96];
        char last_case[64], all_holds[4096];
} fake;

__attribute__((unused)) static int hold(const char *const *words, struct buffer *ret)
{
        bool extends = false;

        for (size_t i = 0; words[i]; i++)
                extends |= strcmp(words[i], "--extend") == 0;
        for (size_t i = 0; words[i]; i++) {
                size_t length = strlen(fake.all_holds);
                snprintf(fake.all_holds + length, sizeof fake.all_holds - length, "%s ", words[i]);
        }
        fake.held += !extends;
        fake.extended += extends;
        return buffer_printf(ret, "{\"hold\":\"20261123-%d\"}\n", fake.held);
}

__attribute__((unused)) static int answer_question(
        void *context, const char *const *words, struct buffer *ret, int *ret_exit, struct error *error)
{
        struct evidence_question q = {.port = -1, .protocol = -1, .destination_port = -1};

        (void)context;
        *ret_exit = 0;
        if (strcmp(words[0], "preserve") == 0)
                return hold(words, ret);
        assert_string_equal(words[0], "ask");
        assert_string_equal(words[2], "--case");
        snprintf(fake.last_case, sizeof fake.last_case, "%s", words[3]);
        scene_must(address_parse_with_port(slice_of(words[6]), &q.address, &q.port, error), error);
        for (size_t i = 7; words[i]; i += 2)
                if (strcmp(words[i], "--at") == 0)
                        scene_must(time_parse_rfc3339(slice_of(words[i + 1]), &q.at_ms, NULL, error), error);
                else if (strcmp(words[i], "--proto") == 0)
                        q.protocol = 6;
        snprintf(fake.words[fake.asked++ % 32], sizeof fake.words[0], "%s %s", words[6], words[8]);
        struct scene_candidate holders[2] = {
                scene_holder(&q, "customer-17", "100.64.0.3"), scene_holder(&q, "customer-18", "100.64.0.4")};
        if (fake.margin_ms)
                holders[0].margin_ms = fake.margin_ms;
        char *text = scene_answer(&q, fake.verdict, holders, strcmp(fake.verdict, "one") == 0 ? 1 : 2);
        buffer_append_text(ret, text);
        free(text);
        return 0;
}

__attribute__((unused)) static const struct provider_store store = {.run = answer_question};
__attribute__((unused)) static const struct provider_preparing preparing = {
        .purpose = "to answer the order", .store = &store};

/* ---- people ---- */

#define AS(where, who, call)                                                                                 \
        do {                                                                                                 \
                struct office *office = scene_open(where, who);                                              \
                struct error error = {0};                                                                    \
                scene_must(call, &error);                                                                    \
                office_close(office);                                                                        \
        } while (0)
#define REFUSED_AS(where, who, code, call)                                                                   \
        do {                                                                                                 \
                struct office *office = scene_open(where, who);                                              \
                struct error error = {0};                                                                    \
                int outcome = call;                                                                          \
                if (outcome != (code) || !error.text[0])                                                     \
                        fail_msg("line %d: %d: %s", __LINE__, outcome, error.text);                          \
                office_close(office);                                                                        \
        } while (0)

/* Of one node to another, where both are there. */
static inline int carry_and_take(const char *one, const char *other)
{
        struct error error = {0};

        if (access(scratch_path(one), F_OK) != 0)
                return 0;
        /* One path at a time: scratch_path has one place for it. */
        if (access(scratch_path(other), F_OK) != 0)
                return 0;
        struct office *from = scene_open(one, "admin"), *to = scene_open(other, "admin");
        int moved = scene_carry(from, to);
        int r = post_take_all(to, &error);
        scene_must(r, &error);
        office_close(from);
        office_close(to);
        return moved + r;
}

__attribute__((unused)) static void settle(void)
{
        static const char *const nodes[] = {AUTHORITY, PROVIDER, ENFORCING, COURT, OVERSIGHT};
        const size_t count = sizeof nodes / sizeof *nodes;
        int moved;

        do {
                moved = 0;
                for (size_t i = 0; i < count; i++)
                        for (size_t k = 0; k < count; k++)
                                moved += i == k ? 0 : carry_and_take(nodes[i], nodes[k]);
        } while (moved > 0);
        for (size_t i = 0; i < count; i++) {
                struct error error = {0};
                if (access(scratch_path(nodes[i]), F_OK) != 0)
                        continue;
                struct office *node = scene_open(nodes[i], "admin");
                scene_must(clock_run(node, &error), &error);
                office_close(node);
        }
}

__attribute__((unused)) static int state_at(const char *node, const char *id)
{
        struct office *office = scene_open(node, "wolf");
        struct book_order order;
        struct error error = {0};
        int r = book_order_find(office, id, &order, &error);

        office_close(office);
        return r < 0 ? r : order.state;
}

struct counting {
        const char *kind, *text;
        int count;
};
__attribute__((unused)) static int count_entry(
        void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct counting *counting = context;
        char *text = entry ? json_dumps(entry->content, 0) : NULL;

        (void)index;
        (void)error;
        counting->count += entry && strcmp(entry->kind_name, counting->kind) == 0 &&
                           (!counting->text || strstr(text, counting->text));
        free(text);
        return 0;
}
__attribute__((unused)) static int entries(const char *node, const char *kind, const char *text)
{
        struct office *office = scene_open(node, "wolf");
        struct counting counting = {.kind = kind, .text = text};
        struct error error = {0};

        scene_must(chronicle_walk(office_chronicle(office), 0, count_entry, &counting, &error), &error);
        office_close(office);
        return counting.count;
}

__attribute__((unused)) static struct book_incident last_incident;
__attribute__((unused)) static int keep_incident(void *context, const struct book_incident *incident)
{
        last_incident = *incident;
        (*(int *)context)++;
        return 0;
}
__attribute__((unused)) static int incidents(const char *node)
{
        struct office *office = scene_open(node, "wolf");
        struct error error = {0};
        int count = 0;

        scene_must(book_incidents_each(office, keep_incident, &count, &error), &error);
        office_close(office);
        return count;
}

__attribute__((unused)) static bool file_has(const char *path, const char *text)
{
        struct buffer bytes = buffer_make(64 << 20);
        struct error error = {0};

        scene_must(file_read(path, &bytes, &error), &error);
        bool found = memmem(bytes.bytes, bytes.length, text, strlen(text)) != NULL;
        buffer_free(&bytes);
        return found;
}

/* ---- orders ---- */

__attribute__((unused)) static void begin(void)
{
        scene_init(AUTHORITY);
        scene_init(PROVIDER);
        scene_init(ENFORCING);
        fake = (struct fake_store){.verdict = "one"};
}

__attribute__((unused)) static void make_form(struct message *form)
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

__attribute__((unused)) static void involve_ea(struct message *form)
{
        form->order.deadline.kind = DEADLINE_TEN_DAYS_WITH_EA;
        form->order.ea.notified = STATED_YES;
        EXAMPLE_SET(form->order.ea.authority.organisation, ENFORCING);
        EXAMPLE_SET(form->order.ea.authority.country, "DE");
        example_text(&form->order.ea.authority.name, "Enforcing authority");
        example_text(&form->order.ea_information.necessity, "No other trace leads to the sender.");
        example_text(&form->order.ea_information.case_summary, "Threats in a forum");
        example_text(&form->order.ea_information.offence, "Fraud, section 146");
}

__attribute__((unused)) static int paste(
        struct office *office, const char *id, const char *text, struct error *error)
{
        struct identifier_source_text source = {.text = slice_of(text), .title = "forum.log"};
        struct authority_pasted pasted;

        assert_int_equal(digest_of(text, strlen(text), source.digest), 0);
        return authority_paste(office, id, &source, IDENTIFIER_NONE, 0, &pasted, error);
}

__attribute__((unused)) static void issue_lines(
        struct message *form, const char *lines, char ret_id[MODEL_ID_MAX])
{
        struct book_order order;

        AS(AUTHORITY, "berger", authority_new(office, form, &order, &error));
        AS(AUTHORITY, "berger", paste(office, order.id, lines, &error));
        memcpy(ret_id, order.id, MODEL_ID_MAX);
        message_free(form);
        AS(AUTHORITY, "berger", authority_submit(office, ret_id, &error));
        AS(AUTHORITY, "huber", authority_approve(office, ret_id, "looked at", &error));
        AS(AUTHORITY, "berger", authority_send(office, ret_id, &error));
        settle();
}

__attribute__((unused)) static void issue(struct message *form, char ret_id[MODEL_ID_MAX])
{
        issue_lines(form, log_line, ret_id);
}

__attribute__((unused)) static void make_emergency(struct message *form)
{
        make_form(form);
        form->order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&form->order.deadline.threat, "A child is missing since noon.");
        form->order.emergency.unvalidated = STATED_YES;
        form->order.emergency.domestic_power = STATED_YES;
        example_text(&form->order.emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&form->order.emergency.call_back_contact, "Duty officer");
}

__attribute__((unused)) static void issue_as_emergency(struct message *form, char ret_id[MODEL_ID_MAX])
{
        struct book_order order;

        AS(AUTHORITY, "berger", authority_new(office, form, &order, &error));
        AS(AUTHORITY, "berger", paste(office, order.id, log_line, &error));
        AS(AUTHORITY, "berger", authority_submit(office, order.id, &error));
        AS(AUTHORITY, "maier", authority_approve(office, order.id, "a child is missing", &error));
        AS(AUTHORITY, "berger", authority_send(office, order.id, &error));
        memcpy(ret_id, order.id, MODEL_ID_MAX);
        message_free(form);
}

__attribute__((unused)) static void issue_emergency(char ret_id[MODEL_ID_MAX])
{
        struct message form;

        make_emergency(&form);
        issue_as_emergency(&form, ret_id);
        settle();
}

/* An order that no authority function made: as a peer of another make, or a forger, sends it. */
__attribute__((unused)) static void send_raw(const char *from, struct message *message)
{
        struct office *node = scene_open(from, "berger");
        struct error error = {0};

        EXAMPLE_SET(message->receiver.organisation, PROVIDER);
        message->id[0] = '\0';
        scene_must(office_step_begin(node, &error), &error);
        scene_must(office_step_end(node, post_send(node, message, NULL, 0, NULL, &error), &error), &error);
        struct office *provider = scene_open(PROVIDER, "admin");
        scene_carry(node, provider);
        scene_must(post_take_all(provider, &error), &error);
        office_close(provider);
        office_close(node);
}

__attribute__((unused)) static void raw_order(struct message *message, const char *issuer)
{
        example_production(message);
        EXAMPLE_SET(message->order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(message->order.addressee.country, "DE");
        example_authority(&message->order.issuer, "AT", issuer, NATURE_PROSECUTOR, "berger@x");
        message->order.issuer.signatory.signed_ms = scene_clock - TIME_HOUR;
        message->order.identifiers.items[0].from_ms = message->order.identifiers.items[0].to_ms =
                scene_clock - 12 * TIME_DAY;
}

struct opened {
        char all[400000]; /* every part */
        char json[200000];
        int files;
};
__attribute__((unused)) static int keep_file(void *context, const char *message_id, const struct file *file,
        const void *bytes, size_t length, struct error *error)
{
        struct opened *opened = context;

        (void)message_id;
        (void)error;
        if (strcmp(file->name, "evidence.json.p7m") == 0 && length < sizeof opened->json) {
                memcpy(opened->json, bytes, length);
                opened->json[length] = '\0';
        }
        size_t have = strlen(opened->all);
        if (length < sizeof opened->all - have) {
                memcpy(opened->all + have, bytes, length);
                opened->all[have + length] = '\0';
        }
        opened->files++;
        return 0;
}
__attribute__((unused)) static struct opened opened_answer;
__attribute__((unused)) static void open_answer(const char *id)
{
        struct authority_opened result;

        memset(&opened_answer, 0, sizeof opened_answer);
        AS(AUTHORITY, "berger",
                authority_open(office, id, "who wrote it", keep_file, &opened_answer, &result, &error));
        assert_int_equal(opened_answer.files, 3);
}

__attribute__((unused)) static void to_prepared(const char *id)
{
        AS(PROVIDER, "desk", provider_examine(office, id, "looked at", &error));
        AS(PROVIDER, "desk", provider_prepare(office, id, &preparing, &error));
}

/* The answer as the authority has it in its book. */
__attribute__((unused)) static int note_answer(void *context, const struct book_message *message)
{
        memcpy(context, message, sizeof *message);
        return 0;
}
__attribute__((unused)) static void read_answer(const char *id, struct message *ret)
{
        struct office *office = scene_open(AUTHORITY, "wolf");
        struct book_message row = {.id = ""};
        struct error error = {0};

        scene_must(book_messages_each(office, id, MESSAGE_ANSWER, note_answer, &row, &error), &error);
        message_init(ret, MESSAGE_NONE);
        scene_must(book_message_read(office, PROVIDER, row.id, ret, &error), &error);
        office_close(office);
}

__attribute__((unused)) static void make_preservation(struct message *form)
{
        example_preservation(form);
        struct identifier_list *list = &form->order.identifiers;
        for (size_t i = 0; i < list->count; i++)
                model_free(&identifier_type, &list->items[i]);
        list->count = 0;
        memset(form->id, 0, sizeof form->id);
        EXAMPLE_SET(form->order.addressee.organisation, PROVIDER);
        EXAMPLE_SET(form->order.addressee.country, "DE");
}

#endif
