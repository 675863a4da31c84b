/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory ask`: one question, or a batch of them. The question is in the record of access before anything
 * of its answer is printed. */
#include "rogatory/ask.h"
#include "rogatory/node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "os/clock.h"

enum { KEY_STORE = 1, KEY_CASE, KEY_AT, KEY_PROTO, KEY_DEST, KEY_SKEW, KEY_BATCH, KEY_JSON };

#define CASE_LENGTH_MAX 1024

struct ask_options {
        const char *store, *case_reference, *at, *protocol, *destination, *skew, *batch, *address;
        bool json;
};

/* --- The command line --- */

static void take_option(struct ask_options *o, int key, const char *value)
{
        switch (key) {
        case KEY_STORE:
                o->store = value;
                break;
        case KEY_CASE:
                o->case_reference = value;
                break;
        case KEY_AT:
                o->at = value;
                break;
        case KEY_PROTO:
                o->protocol = value;
                break;
        case KEY_DEST:
                o->destination = value;
                break;
        case KEY_SKEW:
                o->skew = value;
                break;
        case KEY_BATCH:
                o->batch = value;
                break;
        default:
                o->json = true;
                break;
        }
}

/* Whoever reads the record of access later must be able to tell which case it was. */
static bool is_case_readable(const char *reference)
{
        bool readable = false;

        for (const char *c = reference; *c; c++) {
                unsigned char byte = (unsigned char)*c;
                if (byte < 0x20 || byte == 0x7f)
                        return false;
                readable = readable || byte > ' ';
        }
        return readable;
}

static const char *missing_or_odd(const struct ask_options *o, int operands)
{
        if (!o->store)
                return "--store DIR is missing: the store that is asked";
        if (!o->case_reference || !o->case_reference[0])
                return "--case REF is missing: every question is recorded with the case it is asked for, "
                       "because nobody "
                       "may be looked up without one";
        if (!is_case_readable(o->case_reference))
                return "the case reference must be readable: at least one letter or digit, and no control "
                       "characters";
        if (strlen(o->case_reference) > CASE_LENGTH_MAX)
                return "the case reference is longer than 1024 bytes";
        if (o->batch && (operands > 0 || o->at || o->protocol || o->destination))
                return "with --batch, address, time, protocol and destination stand in the file";
        if (o->batch)
                return NULL;
        if (operands == 0)
                return "no address is given: write ADDR or ADDR:PORT";
        if (operands > 1)
                return "one address at a time; use --batch FILE for many";
        if (!o->at)
                return "--at TIME is missing; write it with its offset from UTC, as in 2026-11-20T23:35:52Z "
                       "or "
                       "2026-11-21T00:35:52+01:00";
        return NULL;
}

/* 0, or the exit code to leave with, or -1 to go on. */
static int read_options(const struct command *command, int argc, char **argv, struct ask_options *ret)
{
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                take_option(ret, key, reader.value);
        }
        const char *wrong = missing_or_odd(ret, argc - optind);
        if (wrong)
                return complain_usage(command, "%s", wrong);
        ret->address = ret->batch ? NULL : argv[optind];
        return -1;
}

/* --- One question --- */

static struct slice optional(const char *text)
{
        return text ? slice_of(text) : slice_make(NULL, 0);
}

static int exit_code_of(enum verdict verdict)
{
        static const int codes[] = {EXIT_DONE, EXIT_SEVERAL, EXIT_NONE, EXIT_UNKNOWN};

        return verdict <= VERDICT_UNKNOWN ? codes[verdict] : EXIT_UNKNOWN;
}

static int show(const struct answer_view *view, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (json)
                answer_write_json(view, &text);
        else
                answer_write_text(view, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code == EXIT_DONE ? exit_code_of(view->answer->verdict) : code;
}

static int fail_question(struct asking *asking, const struct question *question, const struct error *failure)
{
        struct error error = {0};

        if (asking_record_failure(asking, "ask", question, failure, &error) < 0)
                complain_error(&error);
        return complain_error(failure);
}

static int ask_one(struct asking *asking, const struct ask_options *o, const struct question *question)
{
        struct error error = {0};
        struct answer answer = {0};
        struct answer_view view;

        int r = asking_answer(asking, question, &answer, &error);
        if (r < 0)
                return fail_question(asking, question, &error);
        struct inquiry_record record = {.person = asking->person,
                .action = "ask",
                .case_reference = asking->case_reference,
                .answer = &answer};
        r = asking_view(asking, &answer, optional(o->at), &view, &error);
        if (r == 0)
                r = inquiry_record(asking->depot, &record, 1, clock_now_ms(), &error);
        int code = r < 0 ? complain_error(&error) : show(&view, o->json);
        answer_free(&answer);
        return code;
}

static int ask(const struct command *command, const struct ask_options *o, const struct asking_source *source)
{
        struct question_text text = {.address = optional(o->address),
                .protocol = optional(o->protocol),
                .time = optional(o->at),
                .destination = optional(o->destination)};
        struct asking asking = {.source = source, .case_reference = o->case_reference, .skew_ms = -1};
        struct error error = {0};
        struct question question;

        if (o->skew && time_parse_duration(slice_of(o->skew), &asking.skew_ms, &error) < 0)
                return complain_usage(command, "--skew: %s", error.text);
        if (!o->batch && question_read(&text, asking.skew_ms, &question, &error) < 0)
                return complain_usage(command, "%s", error.text);
        int code;
        if (asking_open(&asking, o->store, &error) < 0)
                code = complain_error(&error);
        else
                code = o->batch ? ask_batch(&asking, o->batch) : ask_one(&asking, o, &question);
        asking_close(&asking);
        return code;
}

static int run_ask(const struct command *command, int argc, char **argv)
{
        struct ask_options options = {0};
        int code = read_options(command, argc, argv, &options);

        if (code >= 0 || node_run(options.store, argc, argv, options.batch, &code))
                return code;
        return ask(command, &options, NULL);
}

int ask_for(const struct asking_source *source, int argc, char **argv)
{
        struct ask_options options = {0};
        int code = read_options(&command_ask, argc, argv, &options);

        if (code >= 0)
                return code;
        if (options.batch && strcmp(options.batch, "-") != 0)
                return complain_usage(&command_ask, "a node reads questions from its asker alone");
        return ask(&command_ask, &options, source);
}

static const struct option_text ask_options[] = {
        {KEY_STORE, "store", "DIR", "The store that is asked."},
        {KEY_CASE, "case", "REF",
                "The case for which it is asked. Always needed: who asked what, when and for\n"
                "which case is recorded in the store before the answer is shown."},
        {KEY_AT, "at", "TIME",
                "The moment, by RFC 3339 with its offset from UTC: 2026-11-20T23:35:52Z or\n"
                "2026-11-21T00:35:52.250+01:00."},
        {KEY_PROTO, "proto", "tcp|udp|icmp|NUMBER",
                "The protocol. For icmp, PORT is the query identifier. GRE, ESP and others\n"
                "without ports are asked without a port."},
        {KEY_DEST, "dest", "ADDR[:PORT]",
                "Where the connection went. Tells holders apart where the store keeps\n"
                "destinations, and the answer says so where it does not."},
        {KEY_SKEW, "skew", "DURATION",
                "How far the clock behind TIME may have been off: 500ms, 2s, 5m. Without it,\n"
                "the clock uncertainty of the realm (2s unless set in rogatory.conf)."},
        {KEY_BATCH, "batch", "FILE",
                "Answers the questions of a CSV file (\"-\": standard input), one JSON object\n"
                "per line, in their order. Columns: address,port,protocol,time[,dest]."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_ask = {
        .name = "ask",
        .summary = "who held this public address and port at this time",
        .usage = "--store DIR --case REF [OPTION]... ADDR[:PORT] --at TIME\n"
                 "--store DIR --case REF [--skew DURATION] --batch FILE",
        .description = "Tells who held a public address and port at a moment. The verdict is one (the\n"
                       "records prove one holder and nobody else), several, none, or unknown (they prove\n"
                       "none of these). Whoever is listed as possible is not the answer.\n",
        .options = ask_options,
        .option_count = sizeof ask_options / sizeof ask_options[0],
        .exits = "0  one\n3  several\n4  none\n5  unknown\n2  wrong usage\n1  failure: nothing was answered\n"
                 "With --batch: 0 every row was answered, 1 a row or the whole batch failed,\n"
                 "2 wrong usage.",
        .examples = "rogatory ask --store /srv/rogatory --case A-17/26 --proto tcp \\\n"
                    "    198.51.100.7:4711 --at 2026-11-20T23:35:52Z\n"
                    "rogatory ask --store /srv/rogatory --case A-17/26 '2001:db8:17::5' \\\n"
                    "    --at 2026-11-21T00:35:52+01:00\n"
                    "rogatory ask --store /srv/rogatory --case A-17/26 --batch questions.csv",
        .run = run_ask,
};
