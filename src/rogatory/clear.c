/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory clear` and `rogatory object`: what an enforcing authority decides. */
#include "rogatory/desk.h"
#include "rogatory/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int clear(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        int r = enforcing_clear(office, words->id, words->values[DESK_WHY], error);

        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

/* ---- object ---- */

/* One objection as it was written: about an identifier, or (the only one) about the order. */
struct objecting {
        const char *identifier, *ground, *why;
        char room[MODEL_ID_MAX];
        bool deletes;
        const char **conditions; /* into the pool */
        size_t condition_count;
};
struct objectings {
        struct objecting items[DESK_GIVEN_MAX];
        const char *pool[DESK_GIVEN_MAX];
        struct enforcing_objection objections[DESK_GIVEN_MAX];
        size_t count, pool_count;
};

static int say_once(const char **place, const struct desk_given *given, const struct objecting *one,
        const char *option, struct error *error)
{
        if (*place)
                return error_set(error, -EINVAL, "--%s is given twice for %s%.20s", option,
                        one->identifier ? "identifier " : "the order",
                        one->identifier ? one->identifier : "");
        *place = given->value;
        return 0;
}

static int add_word(struct objectings *all, const struct desk_given *given, struct error *error)
{
        struct objecting *one = &all->items[all->count - 1];

        switch (given->key) {
        case DESK_GROUND:
                return say_once(&one->ground, given, one, "ground", error);
        case DESK_WHY:
                return say_once(&one->why, given, one, "why", error);
        case DESK_DELETE:
                one->deletes = true;
                return 0;
        case DESK_CONDITION:
                if (!one->condition_count)
                        one->conditions = &all->pool[all->pool_count];
                one->condition_count++;
                all->pool[all->pool_count++] = given->value;
                return 0;
        default:
                return 0;
        }
}

/* Where there are several, each begins with its --identifier: whose a ground is, is never guessed. With one
 * the options come in any order. */
static int read_objections(const struct desk_words *words, struct objectings *all, struct error *error)
{
        size_t identifiers = 0;
        int r = 0;

        for (size_t i = 0; i < words->list_count; i++)
                identifiers += words->list[i].key == DESK_IDENTIFIER;
        if (identifiers <= 1) {
                all->count = 1;
                all->items[0].identifier = words->values[DESK_IDENTIFIER];
        }
        for (size_t i = 0; r == 0 && i < words->list_count; i++) {
                const struct desk_given *given = &words->list[i];
                bool says = given->key == DESK_GROUND || given->key == DESK_WHY ||
                            given->key == DESK_CONDITION || given->key == DESK_DELETE;
                if (given->key == DESK_IDENTIFIER && identifiers > 1)
                        all->items[all->count++].identifier = given->value;
                else if (says && all->count == 0)
                        r = error_set(error, -EINVAL,
                                "with several objections each begins with its --identifier NUMBER; what "
                                "stands before the first belongs to none");
                else if (says)
                        r = add_word(all, given, error);
        }
        return r;
}

static int check_twice(const struct objectings *all, size_t index, struct error *error)
{
        const struct objecting *one = &all->items[index];

        for (size_t i = 0; i < index; i++)
                if (strcmp(all->items[i].room, one->room) == 0)
                        return error_set(error, -EINVAL,
                                "identifier %.20s is objected to twice in one call; one objection takes "
                                "several --condition",
                                one->identifier);
        return 0;
}

static int make_objection(struct office *office, const struct desk_words *words, struct objectings *all,
        size_t index, struct error *error)
{
        struct objecting *one = &all->items[index];
        struct error reason = {0};
        int ground;

        int r = desk_word(&refusal_ground_words, "ground", one->ground, &ground, &reason);
        if (r == 0 && !one->why)
                r = error_set(&reason, -EINVAL, "say why with --why TEXT");
        if (r == 0 && one->deletes && one->condition_count)
                r = error_set(&reason, -EINVAL,
                        "--delete and --condition do not go together: data that are deleted are not used");
        if (r < 0)
                return all->count > 1
                               ? error_set(error, r, "identifier %.20s: %s", one->identifier, reason.text)
                               : error_set(error, r, "%s", reason.text);
        if (one->identifier)
                r = desk_identifier_of(office, words, one->identifier, one->room, error);
        if (r == 0)
                r = check_twice(all, index, error);
        all->objections[index] =
                (struct enforcing_objection){.identifier_id = one->identifier ? one->room : NULL,
                        .effect = one->condition_count ? OBJECTION_CONDITIONAL
                                  : one->deletes       ? OBJECTION_DELETE
                                                       : OBJECTION_REFUSED,
                        .ground = (enum refusal_ground)ground,
                        .explanation = one->why,
                        .conditions = one->conditions,
                        .condition_count = one->condition_count};
        return r;
}

static int object(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct objectings *all = calloc(1, sizeof *all);

        if (!all)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = read_objections(words, all, error);
        for (size_t i = 0; r == 0 && i < all->count; i++)
                r = make_objection(office, words, all, i, error);
        if (r == 0)
                r = enforcing_object(office, words->id, all->objections, all->count, error);
        free(all);
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

#define KEY(key) (UINT64_C(1) << (key))
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
        {DESK_IDENTIFIER, "identifier", "NUMBER",
                "This one alone, as 'inbox show' counts. Given again, each begins an\n"
                "objection of its own, with what follows it."},
        {DESK_CONDITION, "condition", "TEXT",
                "The data may be used under this condition: nothing is refused. It may be\n"
                "given more than once."},
        {DESK_DELETE, "delete", NULL,
                "What an emergency had produced has to be deleted or restricted\n"
                "(Article 10(4))."},
        {DESK_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_object = {
        .name = "object",
        .summary = "refuse an order, or parts of it, as an enforcing authority",
        .usage = "--node DIR --ground WORD --why TEXT [OPTION]... ORDER\n"
                 "--node DIR {--identifier NUMBER OPTION...}... ORDER",
        .description = "An enforcing authority that was notified of an order raises a ground for refusal\n"
                       "(Article 12 of Regulation (EU) 2023/1543), for the whole order or for one\n"
                       "identifier of it, or makes the use of the data subject to a condition. It goes\n"
                       "to addressee and issuing authority. What was prepared with a refused identifier\n"
                       "is destroyed at the provider; the others go on.\n\n"
                       "Several objections go in one message: each begins with its --identifier, and has\n"
                       "its own ground, explanation and conditions. All are taken, or none.\n",
        .options = object_texts,
        .option_count = sizeof object_texts / sizeof object_texts[0],
        .repeating = KEY(DESK_GROUND) | KEY(DESK_WHY) | KEY(DESK_IDENTIFIER) | KEY(DESK_CONDITION) |
                     KEY(DESK_DELETE),
        .exits = EXITS,
        .examples = "rogatory object --node node --ground press-freedom --why 'a newspaper' 5d1c\n"
                    "rogatory object --node node --identifier 1 --ground press-freedom \\\n"
                    "  --why paper --identifier 2 --ground fundamental-rights --why law 5d1c\n",
        .run = run_object,
};
