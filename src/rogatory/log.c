/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory log`: the transparency log of a node of an exchange. */
#include "rogatory/log.h"
#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
        KEY_LOG = 1,
        KEY_NODE,
        KEY_KEY,
        KEY_YEAR,
        KEY_FROM,
        KEY_LIMIT,
        KEY_KIND,
        KEY_ORDER,
        KEY_REASON,
        KEY_ORIGIN,
        KEY_OUTPUT,
        KEY_WITHOUT_OPENING,
        KEY_STORE,
        KEY_JSON
};

static const struct verb {
        const char *name;
        int (*run)(const struct command *command, const struct log_options *options);
        unsigned least, most; /* operands behind the verb */
        bool reads;           /* and nothing else: what an overseer may, by --node */
        int keys[6];          /* the options that it takes, beside --log, --node and --json */
} verbs[] = {
        {"init", log_init, 0, 0, false, {KEY_ORIGIN}},
        {"check", log_check, 0, 0, true, {KEY_KEY}},
        {"stats", log_stats, 0, 0, true, {KEY_YEAR}},
        {"show", log_show, 0, 1, true, {KEY_FROM, KEY_LIMIT, KEY_KIND, KEY_ORDER}},
        {"prove", log_prove, 1, 1, true, {KEY_OUTPUT, KEY_WITHOUT_OPENING}},
        {"erase", log_erase, 1, 1, false, {KEY_REASON}},
        {"seal-windows", log_seal_windows, 0, 0, false, {KEY_STORE}},
};
#define VERBS "init, check, stats, show, prove, erase or seal-windows"

/* Where an option's value goes; NULL for those without one. */
static const char **place_of(struct log_options *o, int key)
{
        const char **const places[] = {[KEY_LOG] = &o->log,
                [KEY_NODE] = &o->node,
                [KEY_KEY] = &o->key,
                [KEY_YEAR] = &o->year,
                [KEY_FROM] = &o->from,
                [KEY_LIMIT] = &o->limit,
                [KEY_KIND] = &o->kind,
                [KEY_ORDER] = &o->order,
                [KEY_REASON] = &o->reason,
                [KEY_ORIGIN] = &o->origin,
                [KEY_OUTPUT] = &o->output,
                [KEY_STORE] = &o->store,
                [KEY_JSON] = NULL};

        return places[key];
}

static const struct verb *verb_by_name(const char *name)
{
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

/* The first option that the verb does not take; NULL where there is none. */
static const char *stray_option(
        const struct command *command, const struct verb *verb, const struct option_reader *reader)
{
        for (size_t i = 0; i < command->option_count; i++) {
                int key = command->options[i].key;
                bool taken = key == KEY_LOG || key == KEY_JSON || (key == KEY_NODE && verb->reads) ||
                             !(reader->seen & (UINT64_C(1) << key));
                for (size_t k = 0; k < sizeof verb->keys / sizeof *verb->keys; k++)
                        taken |= verb->keys[k] == key;
                if (!taken)
                        return command->options[i].name;
        }
        return NULL;
}

/* What is read, for the node's own log: the words as they were given, but for the node's folder. */
static void describe(const struct verb *verb, const struct log_options *options, char *ret, size_t room)
{
        snprintf(ret, room, "%s%s%.64s%s%.64s%s%.64s%s%.16s", verb->name, options->operand ? " " : "",
                options->operand ? options->operand : "", options->kind ? ", kind " : "",
                options->kind ? options->kind : "", options->order ? ", order " : "",
                options->order ? options->order : "", options->year ? ", year " : "",
                options->year ? options->year : "");
        for (char *at = ret; *at; at++)
                if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
                        *at = '?';
}

/* By an overseer, who needs no rights on the folder where the node runs. That he reads, and what, is itself
 * an entry, before anything is read. An administrator may see that the log is sound, and not what it says. */
static int open_for_reading(
        const struct verb *verb, struct log_options *options, char path[PATH_MAX], struct error *error)
{
        struct office *office = NULL;
        char what[512];

        describe(verb, options, what, sizeof what);
        int r = office_here(options->node, &office, error);
        if (r == 0 && !office_has_role(office, PERSON_OVERSEER) &&
                !(verb->run == log_check && office_has_role(office, PERSON_ADMINISTRATOR)))
                r = error_set(error, -EPERM, "%s is no overseer of this node: the log is read by those",
                        office_person(office));
        if (r == 0)
                r = office_log_now(office, "administration", NULL,
                        json_pack("{s:s, s:s}", "action", "log-read", "what", what), NULL, error);
        if (r == 0)
                r = office_join(office, "chronicle", path, error);
        office_close(office);
        return r;
}

static int run_at_node(const struct command *command, const struct verb *verb, struct log_options *options,
        int argc, char **argv)
{
        static char path[PATH_MAX];
        struct error error = {0};
        int code;

        if (options->log)
                return complain_usage(command, "the log is named by --log or by --node, not by both");
        if (options->key || options->output)
                return complain_usage(command,
                        "with --node, neither --key nor --output: the node opens no files for its callers");
        if (office_elsewhere(options->node, argc, argv, NULL, &code))
                return code;
        if (open_for_reading(verb, options, path, &error) < 0)
                return complain_error(&error);
        options->log = path;
        return verb->run(command, options);
}

static int run_verb(const struct command *command, const struct option_reader *reader, int argc, char **argv,
        struct log_options *options)
{
        if (optind == argc)
                return complain_usage(command, "say " VERBS);
        const struct verb *verb = verb_by_name(argv[optind]);
        if (!verb)
                return complain_usage(command, "'%s' is not one of " VERBS, argv[optind]);
        const char *stray = stray_option(command, verb, reader);
        if (stray)
                return complain_usage(command, "'log %s' takes no --%s", verb->name, stray);
        unsigned operands = (unsigned)(argc - optind - 1);
        if (operands < verb->least)
                return complain_usage(command, "'log %s' needs the number of an entry", verb->name);
        if (operands > verb->most)
                return complain_usage(command, "'log %s': too many operands, from '%s' on", verb->name,
                        argv[optind + 1 + (int)verb->most]);
        options->operand = operands > 0 ? argv[optind + 1] : NULL;
        if (options->node)
                return run_at_node(command, verb, options, argc, argv);
        if (!options->log)
                return complain_usage(
                        command, verb->reads ? "name the log with --log DIR, or the node with --node DIR"
                                             : "name the log with --log DIR");
        return verb->run(command, options);
}

static int run_log(const struct command *command, int argc, char **argv)
{
        struct log_options options = {.json = false};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                options.json |= key == KEY_JSON;
                options.without_opening |= key == KEY_WITHOUT_OPENING;
                const char **place =
                        key == KEY_JSON || key == KEY_WITHOUT_OPENING ? NULL : place_of(&options, key);
                if (place)
                        *place = reader.value;
        }
        return run_verb(command, &reader, argc, argv, &options);
}

static const struct option_text log_options_texts[] = {
        {KEY_LOG, "log", "DIR", "The folder of the log."},
        {KEY_NODE, "node", "DIR",
                "check, stats, show, prove: the folder of the node whose log it is, in place of\n"
                "--log. A node that runs reads it for an overseer, who needs no rights on the\n"
                "folder; that he reads stands in the log."},
        {KEY_KEY, "key", "FILE",
                "check: the public key that the log is known by, for instance out of the\n"
                "directory. Without it the one in the folder is believed, which whoever\n"
                "changed the log may have changed too."},
        {KEY_YEAR, "year", "YEAR", "stats: the calendar year, in UTC. Without it the one before this."},
        {KEY_FROM, "from", "NUMBER", "show: the first entry that is shown."},
        {KEY_LIMIT, "limit", "NUMBER", "show: stops after so many entries."},
        {KEY_KIND, "kind", "KIND", "show: only entries of this kind."},
        {KEY_ORDER, "order", "ID", "show: only entries about this order."},
        {KEY_REASON, "reason", "TEXT", "erase: why. It stands in the log."},
        {KEY_ORIGIN, "origin", "NAME",
                "init: which log it is, in the log's checkpoints and the names of its keys:\n"
                "the address of the node without its scheme, like node.example/log."},
        {KEY_OUTPUT, "output", "FILE", "prove: the file that is written, in place of standard output."},
        {KEY_WITHOUT_OPENING, "without-opening", NULL,
                "prove: says that the entry stands in the log and not what it commits to."},
        {KEY_STORE, "store", "DIR", "seal-windows: the store whose windows enter the log."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_log = {
        .name = "log",
        .summary = "check, show or prove the transparency log of a node",
        .usage = "init --log DIR --origin NAME [--json]\n"
                 "check --log DIR [--key FILE] [--json]\n"
                 "check|stats|show|prove --node DIR [OPTION]... [NUMBER]\n"
                 "stats --log DIR [--year YEAR] [--json]\n"
                 "show --log DIR [--kind KIND] [--order ID] [OPTION]... [N]\n"
                 "prove --log DIR [--without-opening] [--output FILE] NUMBER\n"
                 "erase --log DIR --reason TEXT [--json] NUMBER\n"
                 "seal-windows --log DIR --store DIR [--json]",
        .description = "A node of an exchange keeps a log of everything that happens on it, to which\n"
                       "can be added and from which nothing can be taken away unseen. Its entries\n"
                       "commit to what happened and do not say it; that is kept beside them and can be\n"
                       "erased.\n\n"
                       "init makes a new log and its keys. check examines all of it: the signature,\n"
                       "every entry against the signed root, everything that is kept against its\n"
                       "entry. stats recomputes the yearly statistics of Article 28 of Regulation (EU)\n"
                       "2023/1543. show lists what the entries commit to. prove writes a proof that an\n"
                       "entry stands in the log, which anybody can check offline (c2sp.org/tlog-\n"
                       "proof). erase destroys what an entry commits to, after a new entry says so;\n"
                       "the entry stays, and so does every proof of it. seal-windows enters the digest\n"
                       "of each stored window of a store that has no entry yet, so that it can be shown\n"
                       "later that a record stood there at that hour.\n",
        .options = log_options_texts,
        .option_count = sizeof log_options_texts / sizeof *log_options_texts,
        .exits = "0  done; check: the log is sound\n1  failure; check: the log is not sound\n2  wrong usage",
        .examples = "rogatory log check --log /srv/node/log --key node.vkey\n"
                    "rogatory log stats --log /srv/node/log --year 2026\n"
                    "rogatory log show --log /srv/node/log --kind plaintext-read\n"
                    "rogatory log stats --node /srv/node --year 2026\n"
                    "rogatory log prove --log /srv/node/log --output entry-17.tlog-proof 17\n"
                    "rogatory log erase --log /srv/node/log --reason 'kept for two years' 17\n"
                    "rogatory log seal-windows --log /srv/node/chronicle --store /srv/rogatory",
        .run = run_log,
};
