/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/desk.h"

#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/order.h"
#include "rogatory/terminal.h"

#include <stdio.h>
#include <string.h>

#define LABEL_MAX 64

static const struct desk_verb *find_verb(const struct desk_verb *verbs, const char *name)
{
        for (; verbs->run; verbs++)
                if (strcmp(verbs->name, name) == 0)
                        return verbs;
        return NULL;
}

static const char *stray_option(
        const struct command *command, const struct desk_verb *verb, const struct desk_words *words)
{
        for (size_t i = 0; i < command->option_count; i++) {
                int key = command->options[i].key;
                bool taken = key == DESK_NODE || key == DESK_JSON || !words->given[key];
                for (size_t k = 0; k < DESK_TAKES_MAX; k++)
                        taken |= verb->takes[k] == key;
                if (!taken)
                        return command->options[i].name;
        }
        return NULL;
}

static int carry_out(const struct desk_verb *verb, const struct desk_words *words, int argc, char **argv)
{
        const char *node = words->values[DESK_NODE];
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct office *office = NULL;
        struct error error = {0};
        int code;

        if (office_elsewhere(node, argc, argv, words->values[DESK_REGISTER], &code))
                return code;
        int r = office_here(node, &office, &error);
        if (r == 0)
                r = verb->run(office, words, &text, &error);
        office_close(office);
        code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_words(const struct command *command, const struct desk_verb *verbs, struct desk_words *words,
        int argc, char **argv)
{
        const struct desk_verb *verb = verbs;
        int at = optind;

        if (*verbs->name) {
                if (at == argc)
                        return complain_usage(command, "say what is to be done: %s ...", verbs->name);
                verb = find_verb(verbs, argv[at]);
                if (!verb)
                        return complain_usage(
                                command, "'%s' is nothing that '%s' can do", argv[at], command->name);
                at++;
        }
        const char *stray = stray_option(command, verb, words);
        if (stray)
                return complain_usage(command, "'%s %s' takes no --%s", command->name, verb->name, stray);
        if (verb->needs_id && at == argc)
                return complain_usage(command, "name the order by its number, or the beginning of it");
        if (argc - at > (verb->needs_id ? 1 : 0))
                return complain_usage(command, "too many operands, from '%s' on", argv[at + verb->needs_id]);
        words->id = verb->needs_id ? argv[at] : NULL;
        if (!words->values[DESK_NODE])
                return complain_usage(command, "name the node with --node DIR");
        return carry_out(verb, words, argc, argv);
}

int desk_run(const struct command *command, const struct desk_verb *verbs, int argc, char **argv)
{
        struct desk_words words = {.json = false};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                words.given[key] = true;
                words.values[key] = reader.value;
                if (words.list_count == DESK_GIVEN_MAX)
                        return complain_usage(command, "more than %u options in one call", DESK_GIVEN_MAX);
                words.list[words.list_count++] = (struct desk_given){.key = key, .value = reader.value};
        }
        words.json = words.given[DESK_JSON];
        return run_words(command, verbs, &words, argc, argv);
}

int desk_say_state(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct book_order order;
        int r = book_order_find(office, words->id, &order, error);

        if (r < 0)
                return r;
        const char *state = word_name(&order_state_words, order.state);
        if (words->json)
                output_json_line(ret, json_pack("{s:s, s:s}", "order", order.id, "state", state));
        else
                buffer_printf(
                        ret, "%s: %s (%s)\n", order.id, state, word_meaning(&order_state_words, order.state));
        return 0;
}

int desk_identifier_of(struct office *office, const struct desk_words *words, const char *given,
        char room[MODEL_ID_MAX], struct error *error)
{
        struct book_order order;
        struct message message;
        uint64_t number = 0;

        if (slice_number(slice_of(given), ORDER_IDENTIFIERS_MAX, &number) < 0 || number == 0)
                return error_set(error, -EINVAL, "--identifier: '%.40s' is no number; the first is 1", given);
        message_init(&message, MESSAGE_NONE);
        int r = book_order_find(office, words->id, &order, error);
        if (r == 0)
                r = book_order_message(office, &order, &message, error);
        const struct order *form = r == 0 ? message_order_const(&message) : NULL;
        if (form && number <= form->identifiers.count)
                memcpy(room, form->identifiers.items[number - 1].id, MODEL_ID_MAX);
        else if (r == 0)
                r = error_set(error, -ENOENT, "the order has no identifier %.40s", given);
        message_free(&message);
        return r;
}

int desk_identifier(struct office *office, const struct desk_words *words, char room[MODEL_ID_MAX],
        const char **ret_id, struct error *error)
{
        const char *given = words->values[DESK_IDENTIFIER];
        int r = given ? desk_identifier_of(office, words, given, room, error) : 0;

        *ret_id = r == 0 && given ? room : NULL;
        return r;
}

int desk_word(const struct vocabulary *words, const char *option, const char *value, int *ret_value,
        struct error *error)
{
        char list[512] = "";
        size_t length = 0;

        *ret_value = value ? word_find(words, slice_of(value)) : 0;
        if (*ret_value)
                return 0;
        for (size_t i = 0; i < words->count && length < sizeof list; i++)
                length += (size_t)snprintf(
                        list + length, sizeof list - length, "%s%s", i ? ", " : "", words->words[i].name);
        return error_set(error, -EINVAL, "--%s is one of %s", option, list);
}

/* ---- the view as text ---- */

/* Names of members serve as labels. */
static void write_label(struct buffer *ret, const char *label)
{
        char words[LABEL_MAX];

        snprintf(words, sizeof words, "%s", label);
        for (char *c = words; *c; c++)
                *c = *c == '_' ? ' ' : *c;
        buffer_printf(ret, "  %-22s ", words);
}

static void line(struct buffer *ret, const char *label, const json_t *value)
{
        if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
                return;
        write_label(ret, label);
        if (json_is_string(value))
                append_foreign(ret, json_string_value(value));
        else if (json_is_integer(value))
                buffer_printf(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_boolean(value))
                buffer_append_text(ret, json_is_true(value) ? "yes" : "no");
        for (size_t i = 0; i < json_array_size(value); i++) {
                buffer_append_text(ret, i ? ", " : "");
                append_foreign(ret, json_string_value(json_array_get(value, i)));
        }
        buffer_append_text(ret, "\n");
}

static void write_identifier(const json_t *one, size_t number, struct buffer *ret)
{
        buffer_printf(ret, "Identifier %zu\n", number);
        line(ret, "what", json_object_get(one, "kind"));
        line(ret, "value", json_object_get(one, "value"));
        line(ret, "port", json_object_get(one, "port"));
        const json_t *protocol = json_object_get(one, "protocol");
        if (json_is_integer(protocol)) {
                char room[ORDER_PROTOCOL_MAX];
                write_label(ret, "protocol");
                buffer_printf(ret, "%s\n", order_protocol(json_integer_value(protocol), room));
        }
        line(ret, "times", json_object_get(one, "times"));
        line(ret, "categories", json_object_get(one, "categories"));
        line(ret, "doubtful",
                json_array_size(json_object_get(one, "warnings")) ? json_object_get(one, "warnings") : NULL);
        line(ret, "REFUSED", json_object_get(one, "refused"));
        const json_t *release = json_object_get(one, "would_release");
        for (size_t i = 0; i < json_array_size(release); i++)
                line(ret, i ? "" : "would be released", json_array_get(release, i));
}

static void write_object(const json_t *object, struct buffer *ret)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)object, name, value)
        {
                if (!json_is_object(value) && !(json_is_array(value) && json_array_size(value) == 0))
                        line(ret, name, value);
        }
}

static void write_findings(const json_t *findings, struct buffer *ret)
{
        buffer_append_text(
                ret, json_array_size(findings) ? "What the rules say\n" : "The rules find nothing.\n");
        for (size_t i = 0; i < json_array_size(findings); i++) {
                const json_t *one = json_array_get(findings, i);
                buffer_printf(ret,
                        "  %s, Article %s (%s): ", json_string_value(json_object_get(one, "severity")),
                        json_string_value(json_object_get(one, "article")),
                        json_string_value(json_object_get(one, "rule")));
                const char *place = json_string_value(json_object_get(one, "place"));
                if (place && strncmp(place, "identifiers[", strlen("identifiers[")) == 0) {
                        order_write_place(place, ret);
                        buffer_append_text(ret, ": ");
                }
                append_foreign(ret, json_string_value(json_object_get(one, "words")));
                buffer_append_text(ret, "\n");
        }
}

static void write_decisions(const json_t *decisions, struct buffer *ret)
{
        if (json_array_size(decisions))
                buffer_append_text(ret, "Decisions\n");
        for (size_t i = 0; i < json_array_size(decisions); i++) {
                const json_t *one = json_array_get(decisions, i);
                buffer_printf(ret, "  %s  %s by ", json_string_value(json_object_get(one, "at")),
                        json_string_value(json_object_get(one, "step")));
                append_foreign(ret, json_string_value(json_object_get(one, "person")));
                const char *reason = json_string_value(json_object_get(one, "reason"));
                if (reason && *reason) {
                        buffer_append_text(ret, ": ");
                        append_foreign(ret, reason);
                }
                buffer_append_text(ret, "\n");
        }
}

/* What lies beside the answers, and whether its recipient has it. */
static void write_offers(const json_t *offers, struct buffer *ret)
{
        static const char *const members[] = {"recipient", "state", "files", "bytes", "from", "until",
                "fetched", "opened", "ended", "reason"};

        for (size_t i = 0; i < json_array_size(offers); i++) {
                buffer_append_text(ret, "Evidence offered beside the answer\n");
                for (size_t m = 0; m < sizeof members / sizeof *members; m++)
                        if (!json_is_null(json_object_get(json_array_get(offers, i), members[m])))
                                line(ret, members[m], json_object_get(json_array_get(offers, i), members[m]));
        }
}

/* Conditions of the enforcing authority: whoever releases answers for each by its number. */
static void write_conditions(const json_t *list, struct buffer *ret)
{
        if (json_array_size(list))
                buffer_append_text(ret, "Conditions of the enforcing authority\n");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i), *about = json_object_get(one, "identifier");
                buffer_printf(ret, "  %zu  ", i + 1);
                if (json_is_integer(about))
                        buffer_printf(
                                ret, "identifier %" JSON_INTEGER_FORMAT ": ", json_integer_value(about));
                append_foreign(ret, json_string_value(json_object_get(one, "condition")));
                buffer_append_text(ret, json_is_true(json_object_get(one, "needs_confirmation"))
                                                ? "\n"
                                                : " (nothing that it is about is answered)\n");
        }
}

static void write_form_3(const json_t *list, struct buffer *ret)
{
        if (json_array_size(list))
                buffer_append_text(ret, "Form 3 of the provider\n");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);
                line(ret, "identifier", json_object_get(one, "identifier"));
                line(ret, "reasons", json_object_get(one, "obstacles"));
                line(ret, "explanation", json_object_get(one, "explanation"));
        }
}

/* Of what this node sent: what waits for a timestamp has not left. */
static void write_unstamped(const json_t *list, struct buffer *ret)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);
                const char *state = json_string_value(json_object_get(one, "state"));
                const char *reason = json_string_value(json_object_get(one, "reason"));
                buffer_printf(ret, "%s %s to ",
                        strcmp(state, "waits") == 0    ? "Waits for a timestamp:"
                        : strcmp(state, "failed") == 0 ? "Was not sealed:"
                                                       : "Left without a timestamp:",
                        json_string_value(json_object_get(one, "kind")));
                append_foreign(ret, json_string_value(json_object_get(one, "to")));
                buffer_printf(ret, ", since %s%s", json_string_value(json_object_get(one, "since")),
                        *reason ? ": " : "");
                append_foreign(ret, reason);
                buffer_append_text(ret, "\n");
        }
}

void desk_write_view(const json_t *view, struct buffer *ret)
{
        const json_t *identifiers = json_object_get(view, "identifiers");

        buffer_append_text(ret, "Order\n");
        static const char *const members[] = {"order", "title", "kind", "state", "state_words", "peer",
                "addressee", "emergency", "test", "received", "issued", "generation", "decide_until",
                "offence", "case_summary", "necessity", "threat", "no_time_reason", "decided", "prepared"};
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
                line(ret, members[i], json_object_get(view, members[i]));
        if (json_object_get(view, "summary")) {
                buffer_append_text(ret, "Legal summary\n");
                write_object(json_object_get(view, "summary"), ret);
        }
        if (json_object_size(json_object_get(view, "deadlines"))) {
                buffer_append_text(ret, "Deadlines\n");
                write_object(json_object_get(view, "deadlines"), ret);
        }
        write_offers(json_object_get(view, "offers"), ret);
        for (size_t i = 0; i < json_array_size(identifiers); i++)
                write_identifier(json_array_get(identifiers, i), i + 1, ret);
        write_conditions(json_object_get(view, "conditions"), ret);
        order_write_questions(identifiers, json_object_get(view, "questions"), ret);
        write_form_3(json_object_get(view, "form_3"), ret);
        if (json_object_get(view, "findings"))
                write_findings(json_object_get(view, "findings"), ret);
        write_decisions(json_object_get(view, "decisions"), ret);
        write_unstamped(json_object_get(view, "without_timestamp"), ret);
}
