/* SPDX-License-Identifier: EUPL-1.2 */
/* What each verb of `rogatory order` does. */
#include "rogatory/office_node.h"
#include "rogatory/order.h"
#include "rogatory/order_form.h"
#include "rogatory/terminal.h"

#include "exchange/validating.h"
#include "order/identifier.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE_NAME_STANDARD "standard input"

/* ---- what is said afterwards ---- */

/* The order's number and state: enough for the next step, and the same each time. */
int order_say(struct office *office, const struct order_words *words, const char *id, struct buffer *ret,
        struct error *error)
{
        struct book_order order;

        int r = book_order_find(office, id, &order, error);
        if (r < 0)
                return r;
        if (words->json)
                output_json_line(ret, json_pack("{s:s, s:s}", "id", order.id, "state",
                                              word_name(&order_state_words, order.state)));
        else
                buffer_printf(ret, "%s: %s\n", order.id, word_meaning(&order_state_words, order.state));
        return 0;
}

int order_need(
        const struct order_words *words, enum order_option option, const char *what, struct error *error)
{
        return words->values[option] && *words->values[option]
                       ? 0
                       : error_set(error, -EINVAL, "%s is missing", what);
}

/* ---- drafts ---- */

static int read_form(
        struct office *office, const struct order_words *words, struct message *form, struct error *error)
{
        const char *path = words->values[ORDER_FORM];
        struct buffer text = buffer_make(FORM_BYTES_MAX);

        int r = order_need(
                words, ORDER_FORM, "--form FILE (rogatory order new --template prints an empty one)", error);
        if (r == 0)
                r = office_input(path, FORM_BYTES_MAX, &text, error);
        if (r == 0)
                r = form_read(office, slice_make((const char *)text.bytes, text.length),
                        strcmp(path, "-") == 0 ? SOURCE_NAME_STANDARD : path, form, error);
        buffer_free(&text);
        return r;
}

int order_new(struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        struct message form;
        struct book_order order;

        message_init(&form, MESSAGE_NONE);
        int r = read_form(office, words, &form, error);
        if (r == 0)
                r = authority_new(office, &form, &order, error);
        if (r == 0)
                r = order_say(office, words, order.id, ret, error);
        message_free(&form);
        return r;
}

int order_edit(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        struct message form;

        message_init(&form, MESSAGE_NONE);
        int r = read_form(office, words, &form, error);
        if (r == 0)
                r = authority_edit(office, words->id, &form, error);
        if (r == 0)
                r = order_say(office, words, words->id, ret, error);
        message_free(&form);
        return r;
}

static int read_kind(const struct order_words *words, enum identifier_kind *ret_kind, struct error *error)
{
        const char *name = words->values[ORDER_KIND];
        int kind = name ? word_find(&identifier_kind_words, slice_of(name)) : IDENTIFIER_NONE;

        if (name && kind == IDENTIFIER_NONE)
                return error_set(error, -EINVAL,
                        "--kind: \"%.40s\" is no kind of identifier; one of ipv4, ipv6, ip-range, phone, "
                        "email, "
                        "imei, mac, user-id, service-url, other",
                        name);
        *ret_kind = (enum identifier_kind)kind;
        return 0;
}

static int read_number(const char *text, const char *what, uint64_t *ret, struct error *error)
{
        return slice_number(slice_of(text), UINT32_MAX, ret) == 0
                       ? 0
                       : error_set(error, -EINVAL, "%s: \"%.40s\" is no number", what, text);
}

static void say_pasted(
        const struct order_words *words, const struct authority_pasted *pasted, struct buffer *ret)
{
        if (words->json) {
                json_t *lines = json_array();
                for (size_t i = 0; i < pasted->line_count; i++)
                        json_array_append_new(
                                lines, json_pack("{s:I, s:o}", "line", (json_int_t)pasted->lines[i].line,
                                               "words", json_foreign(pasted->lines[i].words)));
                output_json_line(ret,
                        json_pack("{s:s, s:I, s:I, s:o}", "id", words->id, "taken", (json_int_t)pasted->taken,
                                "refused", (json_int_t)pasted->refused, "refused_lines", lines));
                return;
        }
        buffer_printf(ret, "%zu identifier%s taken", pasted->taken, pasted->taken == 1 ? "" : "s");
        if (pasted->refused)
                buffer_printf(ret, ", %zu line%s refused", pasted->refused, pasted->refused == 1 ? "" : "s");
        buffer_append_text(ret, "\n");
        for (size_t i = 0; i < pasted->line_count; i++) {
                buffer_printf(ret, "  line %llu: ", (unsigned long long)pasted->lines[i].line);
                append_foreign(ret, pasted->lines[i].words);
                buffer_append_text(ret, "\n");
        }
}

int order_paste(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        const char *path = words->values[ORDER_SOURCE], *title = words->values[ORDER_TITLE];
        struct identifier_source_text source = {.text = {.text = NULL}};
        struct authority_pasted pasted;
        struct calendar calendar;
        enum identifier_kind kind;
        uint64_t line = 0;
        struct buffer text = buffer_make(SOURCE_BYTES_MAX);

        int r = order_need(words, ORDER_SOURCE, "--source FILE", error);
        if (r == 0)
                r = read_kind(words, &kind, error);
        if (r == 0 && words->values[ORDER_LINE])
                r = read_number(words->values[ORDER_LINE], "--line", &line, error);
        if (r == 0 && words->values[ORDER_LINE] && line == 0)
                r = error_set(error, -EINVAL, "--line: lines are counted from 1");
        if (r == 0)
                r = office_input(path, SOURCE_BYTES_MAX, &text, error);
        if (r == 0 && (r = digest_of(text.bytes, text.length, source.digest)) < 0)
                error_set(error, r, "a digest could not be made");
        if (r == 0) {
                const char *slash = strrchr(path, '/');
                source.text = slice_make((const char *)text.bytes, text.length);
                source.title = title                    ? title
                               : strcmp(path, "-") == 0 ? SOURCE_NAME_STANDARD
                               : slash                  ? slash + 1
                                                        : path;
                if (office_calendar(office, office_self(office)->country, &calendar))
                        source.zone = calendar.zone;
                r = authority_paste(office, words->id, &source, kind, line, &pasted, error);
        }
        if (r == 0)
                say_pasted(words, &pasted, ret);
        buffer_free(&text);
        return r;
}

int order_type_in(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        enum identifier_kind kind;

        int r = order_need(words, ORDER_TEXT, "--text TEXT", error);
        if (r == 0)
                r = read_kind(words, &kind, error);
        if (r == 0)
                r = authority_retype(office, words->id, kind, slice_of(words->values[ORDER_TEXT]), error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

static int read_identifier(const struct order_words *words, uint64_t *ret, struct error *error)
{
        int r = order_need(
                words, ORDER_IDENTIFIER, "--identifier NUMBER (rogatory order show counts them)", error);

        return r == 0 ? read_number(words->values[ORDER_IDENTIFIER], "--identifier", ret, error) : r;
}

int order_compare(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        uint64_t number;

        int r = read_identifier(words, &number, error);
        if (r == 0)
                r = order_need(words, ORDER_TEXT, "--text TEXT", error);
        if (r == 0)
                r = authority_compare(office, words->id, number, slice_of(words->values[ORDER_TEXT]), error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_remove(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        uint64_t number;

        int r = read_identifier(words, &number, error);
        if (r == 0)
                r = authority_remove(office, words->id, number, error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

/* ---- looking ---- */

static int look(struct office *office, const struct order_words *words, bool whole, bool rules,
        struct buffer *ret, struct error *error)
{
        struct rule_findings findings = {.count = 0};
        struct book_order order;
        struct message message;
        json_t *shown = NULL;

        message_init(&message, MESSAGE_NONE);
        int r = 0;
        if (rules) {
                r = authority_check(office, words->id, &order, &message, &findings, error);
        } else {
                r = book_order_find(office, words->id, &order, error);
                if (r == 0)
                        r = book_order_message(office, &order, &message, error);
        }
        if (r == 0)
                r = order_to_json(office, &order, &message, rules ? &findings : NULL, &shown, error);
        if (r == 0 && words->json) {
                output_json_line(ret, json_incref(shown));
        } else if (r == 0) {
                order_write_text(office, &message, shown, whole, ret);
                if (rules) {
                        buffer_append_text(ret, json_array_size(json_object_get(shown, "findings"))
                                                        ? "rules\n"
                                                        : "the rules find nothing\n");
                        order_write_findings(json_object_get(shown, "findings"), ret);
                }
        }
        json_decref(shown);
        rule_findings_free(&findings);
        message_free(&message);
        return r;
}

int order_show(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return look(office, words, true, false, ret, error);
}

int order_status(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return look(office, words, false, false, ret, error);
}

int order_check(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return look(office, words, false, true, ret, error);
}

struct listing {
        const struct order_words *words;
        struct buffer *ret;
        json_t *list;
};

static int list_one(void *context, const struct book_order *order)
{
        const struct listing *listing = context;
        char changed[TIME_TEXT_MAX];

        time_format_utc(order->changed_ms, changed);
        if (listing->list) {
                json_array_append_new(
                        listing->list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:s}", "id", order->id,
                                               "side", word_name(&book_side_words, (int)order->side), "kind",
                                               word_name(&order_kind_words, (int)order->kind), "state",
                                               word_name(&order_state_words, order->state), "peer",
                                               order->peer, "title", json_foreign(order->title), "emergency",
                                               (int)order->emergency, "changed", changed));
                return 0;
        }
        buffer_printf(listing->ret, "%.8s  %-18s %-12s %s  ", order->id,
                word_name(&order_state_words, order->state), word_name(&order_kind_words, (int)order->kind),
                order->peer);
        append_foreign(listing->ret, order->title);
        buffer_append_text(listing->ret, order->emergency ? "  emergency\n" : "\n");
        return 0;
}

int order_list(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        struct listing listing = {.words = words, .ret = ret, .list = words->json ? json_array() : NULL};
        const char *name = words->values[ORDER_STATE];
        int state = name ? word_find(&order_state_words, slice_of(name)) : 0;

        if (name && state == 0) {
                json_decref(listing.list);
                return error_set(error, -EINVAL, "--state: \"%.40s\" is no state of an order", name);
        }
        int r = book_orders_each(
                office, SIDE_AUTHORITY, state ? WORD_BIT(state) : 0, list_one, &listing, error);
        if (r == 0 && listing.list)
                output_json_line(ret, json_pack("{s:O}", "orders", listing.list));
        json_decref(listing.list);
        return r;
}

/* ---- steps without more than a reason ---- */

static int step(struct office *office, const struct order_words *words, struct buffer *ret,
        struct error *error, int (*take)(struct office *, const char *, const char *, struct error *),
        bool needs_reason)
{
        int r = needs_reason ? order_need(words, ORDER_WHY, "--why TEXT", error) : 0;

        if (r == 0)
                r = take(office, words->id, words->values[ORDER_WHY], error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_submit(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        int r = authority_submit(office, words->id, error);

        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_approve(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return step(office, words, ret, error, authority_approve, false);
}

int order_disapprove(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return step(office, words, ret, error, authority_disapprove, true);
}

int order_revise(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return step(office, words, ret, error, authority_revise, false);
}

int order_discard(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return step(office, words, ret, error, authority_discard, true);
}

int order_send(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        int r = authority_send(office, words->id, error);

        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_fetch(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        int r = authority_fetch_again(office, words->id, error);

        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_extend(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        return step(office, words, ret, error, authority_extend, true);
}

/* "2=the clock of the forum" */
static int read_answer(const char *given, struct authority_reply *ret, struct error *error)
{
        struct slice rest = slice_of(given);
        const char *sign = strchr(given, '=');
        uint64_t number = 0;

        if (!sign || slice_number(slice_cut(&rest, '='), ORDER_IDENTIFIERS_MAX, &number) < 0)
                return error_set(error, -EINVAL,
                        "--answer: write NUMBER=TEXT, with the number that 'order show' gives the question");
        *ret = (struct authority_reply){.number = number, .text = sign + 1};
        return 0;
}

int order_clarify(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        struct authority_reply replies[ORDER_ANSWERS_MAX];
        size_t count = words->answer_count;
        int r = 0;

        if (count && words->given[ORDER_TEXT])
                return error_set(error, -EINVAL,
                        "--text answers one question, --answer each by its number: "
                        "give one of the two");
        for (size_t i = 0; r == 0 && i < count; i++)
                r = read_answer(words->answers[i], &replies[i], error);
        if (!count)
                r = order_need(words, ORDER_TEXT, "--text TEXT", error);
        if (r == 0)
                r = count ? authority_clarify_each(office, words->id, replies, count, error)
                          : authority_clarify(office, words->id, words->values[ORDER_TEXT], error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

/* ---- steps with more ---- */

/* "1,3" */
int order_numbers(
        const char *text, size_t numbers[ORDER_IDENTIFIERS_MAX], size_t *ret_count, struct error *error)
{
        struct slice rest = slice_of(text ? text : "");

        *ret_count = 0;
        while (rest.length > 0) {
                uint64_t number;
                struct slice word = slice_trim(slice_cut(&rest, ','));
                if (slice_number(word, ORDER_IDENTIFIERS_MAX, &number) < 0 || number == 0 ||
                        *ret_count == ORDER_IDENTIFIERS_MAX)
                        return error_set(error, -EINVAL, "--identifier: write numbers as 1,3");
                numbers[(*ret_count)++] = number;
        }
        return 0;
}

int order_withdraw(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        static size_t numbers[ORDER_IDENTIFIERS_MAX];
        const char *name = words->values[ORDER_REASON];
        struct authority_withdrawal withdrawal = {.explanation = words->values[ORDER_WHY],
                .delete_data = !words->given[ORDER_KEEP_DATA],
                .numbers = numbers};

        int r = order_need(words, ORDER_REASON, "--reason not-needed, mistake or ea-refused", error);
        if (r == 0) {
                withdrawal.reason =
                        (enum withdrawal_reason)word_find(&withdrawal_reason_words, slice_of(name));
                if (withdrawal.reason != WITHDRAWAL_NOT_NEEDED && withdrawal.reason != WITHDRAWAL_MISTAKE &&
                        withdrawal.reason != WITHDRAWAL_EA_REFUSED &&
                        withdrawal.reason != WITHDRAWAL_REVIEW_LIFTED)
                        r = error_set(
                                error, -EINVAL, "--reason: \"%.40s\" is not for a person to state", name);
        }
        if (r == 0)
                r = order_numbers(words->values[ORDER_IDENTIFIER], numbers, &withdrawal.number_count, error);
        if (r == 0)
                r = authority_withdraw(office, words->id, &withdrawal, error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_validate(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        const char *name = words->values[ORDER_DECISION];

        int r = order_need(words, ORDER_DECISION, "--decision granted or refused", error);
        int decision = r == 0 ? word_find(&validation_decision_words, slice_of(name)) : 0;
        if (r == 0 && decision == VALIDATION_NONE)
                r = error_set(error, -EINVAL, "--decision: \"%.40s\" is neither granted nor refused", name);
        struct book_order order;
        if (r == 0)
                r = book_order_find(office, words->id, &order, error);
        if (r == 0 && order.side == SIDE_VALIDATING && words->values[ORDER_AUTHORITY])
                r = error_set(error, -EINVAL, "--authority: this node decides for its own organisation");
        else if (r == 0 && order.side == SIDE_VALIDATING)
                r = validating_decide(office, words->id, (enum validation_decision)decision,
                        words->values[ORDER_WHY], error);
        else if (r == 0)
                r = authority_validate(office, words->id, (enum validation_decision)decision,
                        words->values[ORDER_AUTHORITY], words->values[ORDER_WHY], error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_ask_validation(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        int r = authority_ask_validation(office, words->id, words->values[ORDER_AUTHORITY], error);

        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}

int order_report_error(
        struct office *office, const struct order_words *words, struct buffer *ret, struct error *error)
{
        const char *name = words->values[ORDER_REASON], *informed = words->values[ORDER_PERSON_INFORMED];
        struct authority_error report = {.description = words->values[ORDER_WHAT],
                .consequence = words->values[ORDER_CONSEQUENCE],
                .person_informed_ms = TIME_UNKNOWN,
                .data_deleted = words->given[ORDER_DATA_DELETED]};
        uint64_t number = 0;

        int r = order_need(words, ORDER_REASON,
                "--reason wrong-person, wrong-time, wrong-identifier, too-much or other", error);
        if (r == 0)
                r = order_need(words, ORDER_WHAT, "--what TEXT", error);
        if (r == 0) {
                report.kind = (enum error_kind)word_find(&error_kind_words, slice_of(name));
                if (report.kind == ERROR_NONE)
                        r = error_set(error, -EINVAL, "--reason: \"%.40s\" is no kind of error", name);
        }
        if (r == 0 && informed &&
                (r = time_parse_rfc3339(slice_of(informed), &report.person_informed_ms, NULL, error)) < 0)
                error_prefix(error, r, "--person-informed: ");
        if (r == 0 && words->values[ORDER_IDENTIFIER])
                r = read_number(words->values[ORDER_IDENTIFIER], "--identifier", &number, error);
        report.number = number;
        if (r == 0)
                r = authority_report_error(office, words->id, &report, error);
        return r == 0 ? order_say(office, words, words->id, ret, error) : r;
}
