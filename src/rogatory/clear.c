/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory clear` and `rogatory object`: what an enforcing authority decides. */
#include "rogatory/desk.h"
#include "rogatory/terminal.h"

static int clear(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        int r = enforcing_clear(office, words->id, words->values[DESK_WHY], error);

        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static int object(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        const char *condition = words->values[DESK_CONDITION];
        struct enforcing_objection objection = {.explanation = words->values[DESK_WHY],
                .effect = condition                   ? OBJECTION_CONDITIONAL
                          : words->given[DESK_DELETE] ? OBJECTION_DELETE
                                                      : OBJECTION_REFUSED,
                .conditions = &condition,
                .condition_count = condition ? 1 : 0};
        char room[MODEL_ID_MAX];
        int ground;
        int r = desk_word(&refusal_ground_words, "ground", words->values[DESK_GROUND], &ground, error);

        if (r == 0 && !objection.explanation)
                r = error_set(error, -EINVAL, "say why with --why TEXT");
        if (r == 0)
                r = desk_identifier(office, words, room, &objection.identifier_id, error);
        if (r < 0)
                return r;
        objection.ground = (enum refusal_ground)ground;
        r = enforcing_object(office, words->id, &objection, 1, error);
        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static const struct desk_verb clear_verbs[] = {{"", clear, true, {DESK_WHY}}, {NULL, NULL, false, {0}}};
static const struct desk_verb object_verbs[] = {
        {"", object, true, {DESK_WHY, DESK_GROUND, DESK_IDENTIFIER, DESK_CONDITION, DESK_DELETE}},
        {NULL, NULL, false, {0}}};

static int run_clear(const struct command *command, int argc, char **argv)
{
        return desk_run(command, clear_verbs, argc, argv);
}

static int run_object(const struct command *command, int argc, char **argv)
{
        return desk_run(command, object_verbs, argc, argv);
}

#define EXITS                                                                                                \
        "0  done\n"                                                                                          \
        "1  failure: not allowed, refused by a rule, no such order\n"                                        \
        "2  wrong usage\n"

static const struct option_text clear_texts[] = {
        {DESK_NODE, "node", "DIR", "The node's folder."},
        {DESK_WHY, "why", "TEXT", "The statement that goes with it."},
        {DESK_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_clear = {
        .name = "clear",
        .summary = "say, as an enforcing authority, that an order will not be refused",
        .usage = "--node DIR [--why TEXT] [--json] ORDER",
        .description = "An enforcing authority that was notified of an order (Article 8 of Regulation (EU)\n"
                       "2023/1543) tells addressee and issuing authority that it raises no ground for\n"
                       "refusal: the provider need not wait for day 10 any longer (Article 10(2)).\n"
                       "'inbox show' shows the order and until when it has to be decided. Where it has\n"
                       "objected to some identifiers, the rest is cleared once that has arrived.\n",
        .options = clear_texts,
        .option_count = sizeof clear_texts / sizeof clear_texts[0],
        .exits = EXITS,
        .examples = "rogatory clear --node node --why 'no ground for refusal' 5d1c\n",
        .run = run_clear,
};

static const struct option_text object_texts[] = {
        {DESK_NODE, "node", "DIR", "The node's folder."},
        {DESK_GROUND, "ground", "WORD",
                "Article 12(1): immunity-or-privilege, press-freedom, fundamental-rights,\n"
                "ne-bis-in-idem, dual-criminality."},
        {DESK_WHY, "why", "TEXT", "The explanation, which goes with it."},
        {DESK_IDENTIFIER, "identifier", "NUMBER", "This one alone, as 'inbox show' counts."},
        {DESK_CONDITION, "condition", "TEXT",
                "The data may be used under this condition: nothing is refused."},
        {DESK_DELETE, "delete", NULL,
                "What an emergency had produced has to be deleted or restricted\n"
                "(Article 10(4))."},
        {DESK_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_object = {
        .name = "object",
        .summary = "refuse an order, or parts of it, as an enforcing authority",
        .usage = "--node DIR --ground WORD --why TEXT [--identifier NUMBER]\n"
                 "       [--condition TEXT | --delete] [--json] ORDER",
        .description = "An enforcing authority that was notified of an order raises a ground for refusal\n"
                       "(Article 12 of Regulation (EU) 2023/1543), for the whole order or for one\n"
                       "identifier of it, or makes the use of the data subject to a condition. It goes to\n"
                       "addressee and issuing authority. What was prepared with a refused identifier is\n"
                       "destroyed at the provider; the others go on.\n",
        .options = object_texts,
        .option_count = sizeof object_texts / sizeof object_texts[0],
        .exits = EXITS,
        .examples = "rogatory object --node node --ground press-freedom --why 'a newspaper' 5d1c\n",
        .run = run_object,
};
