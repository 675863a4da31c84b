/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory inform`: that the person was informed, or why not yet (Article 13). */
#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "exchange/authority.h"

#include <string.h>

enum {
        KEY_NODE = 1,
        KEY_MEANS,
        KEY_REMEDIES,
        KEY_LANGUAGE,
        KEY_DATA,
        KEY_REFERENCE,
        KEY_SECRECY_ENDS,
        KEY_DELAY_UNTIL,
        KEY_GROUND,
        KEY_WHY,
        KEY_JSON,
        KEYS
};

struct words {
        const char *id, *values[KEYS];
        bool given[KEYS];
};

static int delay(struct office *office, const struct words *words, struct error *error)
{
        const char *ground = words->values[KEY_GROUND];
        int64_t until_ms;

        int r = time_parse_rfc3339(slice_of(words->values[KEY_DELAY_UNTIL]), &until_ms, NULL, error);
        if (r < 0)
                return error_prefix(error, r, "--delay-until: ");
        int found = ground ? word_find(&delay_ground_words, slice_of(ground)) : DELAY_NONE;
        if (ground && found == DELAY_NONE)
                return error_set(error, -EINVAL, "--ground: \"%.40s\" is no ground of Article 13(2)", ground);
        return authority_delay(
                office, words->id, (enum delay_ground)found, words->values[KEY_WHY], until_ms, error);
}

static int inform(struct office *office, const struct words *words, struct buffer *ret, struct error *error)
{
        const struct authority_inform wish = {.means = words->values[KEY_MEANS],
                .remedies = words->values[KEY_REMEDIES],
                .language = words->values[KEY_LANGUAGE],
                .data = words->values[KEY_DATA],
                .person_reference = words->values[KEY_REFERENCE],
                .secrecy_ends = words->given[KEY_SECRECY_ENDS]};
        struct book_order order;
        int64_t due_ms = TIME_UNKNOWN;
        char due[TIME_TEXT_MAX];

        int r = words->values[KEY_DELAY_UNTIL] ? delay(office, words, error)
                                               : authority_inform(office, words->id, &wish, error);
        if (r == 0)
                r = book_order_find(office, words->id, &order, error);
        if (r == 0)
                r = book_fact(office, order.id, FACT_INFORM_DUE_MS, TIME_UNKNOWN, &due_ms, error);
        if (r < 0)
                return r;
        bool done = order.state == ORDER_STATE_INFORMED;
        time_format_utc(due_ms, due);
        if (words->given[KEY_JSON])
                output_json_line(ret, json_pack("{s:s, s:s, s:b, s:s}", "id", order.id, "state",
                                              word_name(&order_state_words, order.state), "informed",
                                              (int)done, "due", due));
        else if (done)
                buffer_printf(ret, "%s: the person was informed\n", order.id);
        else
                buffer_printf(
                        ret, "%s: informing is put off until %s; then it is asked again\n", order.id, due);
        return 0;
}

static int run_words(const struct command *command, const struct words *words, int argc, char **argv)
{
        const char *node = words->values[KEY_NODE];
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct office *office = NULL;
        struct error error = {0};
        int code;

        if (!node)
                return complain_usage(command, "name the node with --node DIR");
        if (!words->values[KEY_DELAY_UNTIL] && (words->values[KEY_GROUND] || words->values[KEY_WHY]))
                return complain_usage(command, "--ground and --why are for --delay-until");
        if (office_elsewhere(node, argc, argv, NULL, &code))
                return code;
        int r = office_here(node, &office, &error);
        if (r == 0)
                r = inform(office, words, &text, &error);
        office_close(office);
        code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_inform(const struct command *command, int argc, char **argv)
{
        struct words words = {.id = NULL};
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
        }
        if (optind == argc)
                return complain_usage(command, "name the order");
        if (optind + 1 < argc)
                return complain_usage(command, "one order at a time");
        words.id = argv[optind];
        return run_words(command, &words, argc, argv);
}

static const struct option_text texts[] = {
        {KEY_NODE, "node", "DIR", "The node's folder."},
        {KEY_MEANS, "means", "TEXT", "By what means the person was informed: a letter, in person."},
        {KEY_REMEDIES, "remedies", "TEXT", "Which remedies were named: which court, within what time."},
        {KEY_LANGUAGE, "language", "TEXT", "In which language."},
        {KEY_DATA, "data", "TEXT", "Of which data."},
        {KEY_REFERENCE, "reference", "TEXT", "How the file calls the person; not the name."},
        {KEY_SECRECY_ENDS, "secrecy-ends", NULL, "The provider need not be silent any longer."},
        {KEY_DELAY_UNTIL, "delay-until", "TIME",
                "Puts informing off until then, RFC 3339; then it asks again."},
        {KEY_GROUND, "ground", "WORD",
                "With --delay-until: inquiry, offences, public-security, national-security,\n"
                "rights-of-others."},
        {KEY_WHY, "why", "TEXT", "With --delay-until: the reason, for the file."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_inform = {
        .name = "inform",
        .summary = "record that the person was informed, or why not yet",
        .usage = "--node DIR --means TEXT --remedies TEXT [OPTION]... [--json] ORDER\n"
                 "--node DIR --delay-until TIME --ground WORD --why TEXT ORDER",
        .description = "Whoever's data were produced has to be informed without undue delay (Article 13),\n"
                       "and of the remedies. The node counts from the moment when the evidence was\n"
                       "opened and says when it is due. A delay needs a ground and a reason, ends, and\n"
                       "has to be decided anew then.\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .exits = "0  recorded\n"
                 "1  failure: not allowed, not opened yet\n"
                 "2  wrong usage\n",
        .examples = "rogatory inform --node node --means 'by letter' \\\n"
                    "    --remedies 'objection to the court of Vienna within 14 days' 5d1c\n",
        .run = run_inform,
};
