/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_DESK_H
#define ROGATORY_ROGATORY_DESK_H

/* What `rogatory inbox`, `answer`, `clear` and `object` share: one table of verbs each, carried out at the
 * node. */

#include "exchange/enforcing.h"
#include "exchange/provider.h"
#include "rogatory/command.h"

enum desk_option {
        DESK_NODE = 1,
        DESK_WHY,
        DESK_PURPOSE,
        DESK_REGISTER,
        DESK_PART,
        DESK_IDENTIFIER,
        DESK_REASON,
        DESK_TEXT,
        DESK_NEEDED,
        DESK_SPOKE_WITH,
        DESK_NOT_CONFIRMED,
        DESK_COUNTRY,
        DESK_LAW,
        DESK_OBLIGATION,
        DESK_APPLIES,
        DESK_CONSEQUENCE,
        DESK_LINK,
        DESK_MEANS,
        DESK_GROUND,
        DESK_CONDITION,
        DESK_DELETE,
        DESK_JSON,
        DESK_OPTIONS
};

#define DESK_GIVEN_MAX 512u /* options in one call */
struct desk_given {
        int key;
        const char *value; /* NULL: of an option without one */
};

struct desk_words {
        const char *values[DESK_OPTIONS]; /* of what repeats, the last */
        bool given[DESK_OPTIONS];
        struct desk_given list[DESK_GIVEN_MAX]; /* all of them, as they were given */
        size_t list_count;
        const char *id; /* NULL where there is none */
        bool json;
};

/* Appends what is to be said. 0, or negative with a message. */
typedef int desk_work(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error);

#define DESK_TAKES_MAX 10
struct desk_verb {
        const char *name;
        desk_work *run;
        bool needs_id;
        int takes[DESK_TAKES_MAX]; /* options beside --node and --json */
};

/* Reads options, finds the verb, and has it carried out by the running node or here. verbs: NULL name at the
 * end; a table of one verb without a name is a command without verbs. An exit code. */
int desk_run(const struct command *command, const struct desk_verb *verbs, int argc, char **argv);

/* "ORDER: STATE, in words", or as JSON: the end of every verb that changes something. */
int desk_say_state(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error);

/* The id of the identifier with the number that --identifier gives; NULL without one. -ENOENT. */
int desk_identifier(struct office *office, const struct desk_words *words, char room[MODEL_ID_MAX],
        const char **ret_id, struct error *error);

/* The same for a number that is given. */
int desk_identifier_of(struct office *office, const struct desk_words *words, const char *given,
        char room[MODEL_ID_MAX], struct error *error);

/* A word of a list, by the option. -EINVAL with the words. */
int desk_word(const struct vocabulary *words, const char *option, const char *value, int *ret_value,
        struct error *error);

/* The desk's view of an order as text. */
void desk_write_view(const json_t *view, struct buffer *ret);

#endif
