/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory order`: the orders of an issuing authority. */
#include "rogatory/order.h"

#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/order_form.h"
#include "rogatory/terminal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKES_MAX 6

static const struct verb {
        const char *name;
        order_verb *run;
        bool needs_id;
        int takes[TAKES_MAX]; /* options beside --node and --json */
} verbs[] = {
        {"new", order_new, false, {ORDER_FORM, ORDER_TEMPLATE, ORDER_KIND}},
        {"edit", order_edit, true, {ORDER_FORM}},
        {"paste", order_paste, true, {ORDER_SOURCE, ORDER_TITLE, ORDER_LINE, ORDER_KIND}},
        {"type", order_type_in, true, {ORDER_TEXT, ORDER_KIND}},
        {"compare", order_compare, true, {ORDER_TEXT, ORDER_IDENTIFIER}},
        {"remove", order_remove, true, {ORDER_IDENTIFIER}},
        {"show", order_show, true, {0}},
        {"check", order_check, true, {0}},
        {"submit", order_submit, true, {0}},
        {"approve", order_approve, true, {ORDER_WHY}},
        {"disapprove", order_disapprove, true, {ORDER_WHY}},
        {"revise", order_revise, true, {ORDER_WHY}},
        {"discard", order_discard, true, {ORDER_WHY}},
        {"send", order_send, true, {0}},
        {"withdraw", order_withdraw, true, {ORDER_REASON, ORDER_WHY, ORDER_IDENTIFIER, ORDER_KEEP_DATA}},
        {"extend", order_extend, true, {ORDER_WHY}},
        {"clarify", order_clarify, true, {ORDER_TEXT, ORDER_ANSWER}},
        {"ask-validation", order_ask_validation, true, {ORDER_AUTHORITY}},
        {"validate", order_validate, true, {ORDER_DECISION, ORDER_AUTHORITY, ORDER_WHY}},
        {"amend", order_amend, true, {ORDER_WHY}},
        {"review", order_review, true, {ORDER_DECISION, ORDER_COURT, ORDER_WHY, ORDER_IDENTIFIER}},
        {"report-error", order_report_error, true,
                {ORDER_REASON, ORDER_WHAT, ORDER_CONSEQUENCE, ORDER_IDENTIFIER, ORDER_PERSON_INFORMED,
                        ORDER_DATA_DELETED}},
        {"fetch", order_fetch, true, {0}},
        {"status", order_status, true, {0}},
        {"list", order_list, false, {ORDER_STATE}},
};

static const struct verb *find_verb(const char *name)
{
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

static const char *stray_option(
        const struct command *command, const struct verb *verb, const struct order_words *words)
{
        for (size_t i = 0; i < command->option_count; i++) {
                int key = command->options[i].key;
                bool taken = key == ORDER_NODE || key == ORDER_JSON || !words->given[key];
                for (size_t k = 0; k < TAKES_MAX; k++)
                        taken |= verb->takes[k] == key;
                if (!taken)
                        return command->options[i].name;
        }
        return NULL;
}

static int print_template(const struct command *command, const struct order_words *words)
{
        const char *name = words->values[ORDER_KIND] ? words->values[ORDER_KIND] : "production";
        struct buffer text = buffer_make(OUTPUT_MAX);
        int kind = word_find(&order_kind_words, slice_of(name));

        if (kind == ORDER_NONE)
                return complain_usage(command, "--kind: a template is one of production or preservation");
        form_write_template((enum order_kind)kind, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

/* A node reads what it is handed as its standard input and does not learn what it is called; it is told,
 * because the name goes into the order. */
static bool done_elsewhere(
        const struct order_words *words, int argc, char **argv, const char *file, int *ret_code)
{
        const char *node = words->values[ORDER_NODE], *source = words->values[ORDER_SOURCE];
        const char *slash = source ? strrchr(source, '/') : NULL;
        char title[NAME_MAX + sizeof "--title="];

        if (!source || words->values[ORDER_TITLE] || strcmp(source, "-") == 0)
                return office_elsewhere(node, argc, argv, file, ret_code);
        char **with = calloc((size_t)argc + 2, sizeof *with);
        if (!with) {
                complain("not enough memory");
                *ret_code = EXIT_FAILED;
                return true;
        }
        snprintf(title, sizeof title, "--title=%s", slash ? slash + 1 : source);
        with[0] = argv[0];
        with[1] = title;
        memcpy(with + 2, argv + 1, (size_t)(argc - 1) * sizeof *with);
        bool done = office_elsewhere(node, argc + 1, with, file, ret_code);
        free(with);
        return done;
}

static int carry_out(const struct verb *verb, const struct order_words *words, int argc, char **argv)
{
        const char *file =
                words->values[ORDER_FORM] ? words->values[ORDER_FORM] : words->values[ORDER_SOURCE];
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct office *office = NULL;
        struct error error = {0};
        int code;

        if (done_elsewhere(words, argc, argv, file, &code))
                return code;
        int r = office_here(words->values[ORDER_NODE], &office, &error);
        if (r == 0)
                r = verb->run(office, words, &text, &error);
        office_close(office);
        code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_words(const struct command *command, struct order_words *words, int argc, char **argv)
{
        if (optind == argc)
                return complain_usage(command, "say what is to be done: new, show, check, list ...");
        const struct verb *verb = find_verb(argv[optind]);
        if (!verb)
                return complain_usage(
                        command, "'%s' is nothing that can be done with an order", argv[optind]);
        const char *stray = stray_option(command, verb, words);
        if (stray)
                return complain_usage(command, "'order %s' takes no --%s", verb->name, stray);
        int operands = argc - optind - 1;
        if (verb->needs_id && operands == 0)
                return complain_usage(command, "'order %s' needs the number of an order", verb->name);
        if (operands > (verb->needs_id ? 1 : 0))
                return complain_usage(command, "'order %s': too many operands", verb->name);
        words->id = verb->needs_id ? argv[optind + 1] : NULL;
        if (words->given[ORDER_TEMPLATE])
                return print_template(command, words);
        if (!words->values[ORDER_NODE])
                return complain_usage(command, "name the node with --node DIR");
        return carry_out(verb, words, argc, argv);
}

static int run_order(const struct command *command, int argc, char **argv)
{
        struct order_words words = {.json = false};
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
                if (key == ORDER_ANSWER && words.answer_count == ORDER_ANSWERS_MAX)
                        return complain_usage(command, "more than %u answers in one call", ORDER_ANSWERS_MAX);
                if (key == ORDER_ANSWER)
                        words.answers[words.answer_count++] = reader.value;
        }
        words.json = words.given[ORDER_JSON];
        return run_words(command, &words, argc, argv);
}

static const struct option_text texts[] = {
        {ORDER_NODE, "node", "DIR", "The node's folder."},
        {ORDER_FORM, "form", "FILE", "new, edit: the filled in form; - is standard input."},
        {ORDER_TEMPLATE, "template", NULL, "new: prints an empty form of --kind and does nothing else."},
        {ORDER_KIND, "kind", "KIND",
                "new --template: production or preservation. paste, type: what the\n"
                "identifier is: ipv4, ipv6, ip-range, phone, email, imei, mac, user-id,\n"
                "service-url, other. Without it what can be recognised."},
        {ORDER_SOURCE, "source", "FILE",
                "paste: the text that identifiers are taken out of; its SHA-256 and the\n"
                "place go into the order. - is standard input."},
        {ORDER_TITLE, "title", "TEXT", "paste: what the source is; else the name of the file."},
        {ORDER_LINE, "line", "NUMBER", "paste: only this line, from 1. Without it every line that has one."},
        {ORDER_TEXT, "text", "TEXT",
                "type, compare: the identifier as it stands on the paper, with its time and\n"
                "offset. clarify: the answer, where one thing was asked."},
        {ORDER_ANSWER, "answer", "NUMBER=TEXT",
                "clarify: the answer to this question of the provider, as show counts;\n"
                "once for each."},
        {ORDER_IDENTIFIER, "identifier", "NUMBER",
                "compare, remove, report-error: which one, as show counts. withdraw,\n"
                "review: those only, as 1,3."},
        {ORDER_REASON, "reason", "WORD",
                "withdraw: not-needed, mistake, ea-refused, review-lifted. report-error:\n"
                "wrong-person, wrong-time, wrong-identifier, too-much, other."},
        {ORDER_WHY, "why", "TEXT",
                "The reason in words, which goes on record. approve needs it where rules warn."},
        {ORDER_DECISION, "decision", "WORD", "validate: granted or refused. review: upheld or lifted."},
        {ORDER_COURT, "court", "TEXT", "review: which court decided."},
        {ORDER_AUTHORITY, "authority", "NAME",
                "ask-validation, validate: which authority validates; else the one of section J."},
        {ORDER_KEEP_DATA, "keep-data", NULL,
                "withdraw: what it has brought is not deleted, neither here nor there."},
        {ORDER_STATE, "state", "STATE", "list: only orders in this state."},
        {ORDER_WHAT, "what", "TEXT", "report-error: what happened."},
        {ORDER_CONSEQUENCE, "consequence", "TEXT",
                "report-error: what was done to the person because of it."},
        {ORDER_PERSON_INFORMED, "person-informed", "TIME",
                "report-error: when the wrongly identified person was informed, RFC 3339."},
        {ORDER_DATA_DELETED, "data-deleted", NULL, "report-error: the wrong data have been deleted."},
        {ORDER_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_order = {
        .name = "order",
        .summary = "draft, approve, send and follow orders of an authority",
        .usage = "new --template [--kind KIND]\n"
                 "new --node DIR --form FILE [--json]\n"
                 "edit --node DIR --form FILE [--json] ORDER\n"
                 "paste --node DIR --source FILE [--line NUMBER] [OPTION]... ORDER\n"
                 "type --node DIR --kind KIND --text TEXT [--json] ORDER\n"
                 "compare --node DIR --identifier NUMBER --text TEXT [--json] ORDER\n"
                 "remove --node DIR --identifier NUMBER [--json] ORDER\n"
                 "show|check|status --node DIR [--json] ORDER\n"
                 "submit|send|fetch --node DIR [--json] ORDER\n"
                 "approve|disapprove|revise --node DIR [--why TEXT] ORDER\n"
                 "discard|extend --node DIR --why TEXT ORDER\n"
                 "withdraw --node DIR --reason WORD [--why TEXT] [OPTION]... ORDER\n"
                 "clarify --node DIR --answer NUMBER=TEXT... ORDER\n"
                 "ask-validation --node DIR [--authority NAME] [--json] ORDER\n"
                 "validate --node DIR --decision WORD [OPTION]... ORDER\n"
                 "amend --node DIR --why TEXT [--json] ORDER\n"
                 "review --node DIR --decision WORD --court TEXT [OPTION]... ORDER\n"
                 "report-error --node DIR --reason WORD --what TEXT [OPTION]... ORDER\n"
                 "list --node DIR [--state STATE] [--json]",
        .description = "A European Production or Preservation Order (Regulation (EU) 2023/1543) on its way\n"
                       "through the node of an issuing authority. An officer drafts it: new takes a form,\n"
                       "paste takes identifiers out of their source. check says what the rules find, with\n"
                       "the article. submit hands it to a validator, who approves on another login; an\n"
                       "emergency needs a second person. send seals it and puts it into the outbox.\n"
                       "Evidence that is too large for an answer lies beside it, and the node fetches it;\n"
                       "status says how far it is, and fetch tries anew what was given up.\n\n"
                       "What can be done by whom in which state is one table (doc/format/order.md); nobody\n"
                       "holds two roles of one order. Where the node runs (rogatory-exchange(8)) it does\n"
                       "what is asked for, as the caller whom the kernel names; else whoever may open the\n"
                       "folder does it.\n\n"
                       "ORDER is the order's number, or its first characters.\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .repeating = UINT64_C(1) << ORDER_ANSWER,
        .exits = "0  done\n"
                 "1  failure: not allowed, refused by a rule, no such order\n"
                 "2  wrong usage\n",
        .examples = "rogatory order new --template > form.json\n"
                    "rogatory order new --node node --form form.json\n"
                    "rogatory order paste --node node --source forum.log --line 3 5d1c\n"
                    "rogatory order check --node node 5d1c\n",
        .run = run_order,
};
