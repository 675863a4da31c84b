/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/option.h"

#include <string.h>

#define WORD_LONGEST 32 /* longer words are no slip of the fingers */

/* --- Nearest --- */

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* Levenshtein distance: insertions, deletions and replacements that turn one word into the other. */
static unsigned word_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
        unsigned row[WORD_LONGEST + 1];

        for (size_t k = 0; k <= b_length; k++)
                row[k] = (unsigned)k;
        for (size_t i = 1; i <= a_length; i++) {
                unsigned diagonal = row[0];
                row[0] = (unsigned)i;
                for (size_t k = 1; k <= b_length; k++) {
                        unsigned above = row[k];
                        unsigned replaced = diagonal + (a[i - 1] != b[k - 1]);
                        row[k] = least(replaced, least(above, row[k - 1]) + 1);
                        diagonal = above;
                }
        }
        return row[b_length];
}

const char *nearest_name(const char *word, const char *const *names, size_t count)
{
        size_t length = strcspn(word, "=");
        unsigned best = length < 4 ? 2 : 3; /* below this many slips */
        const char *nearest = NULL;

        if (length == 0 || length > WORD_LONGEST)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                size_t name_length = strlen(names[i]);
                if (name_length > WORD_LONGEST)
                        continue;
                unsigned slips = word_distance(word, length, names[i], name_length);
                if (slips < best) {
                        best = slips;
                        nearest = names[i];
                }
        }
        return nearest;
}

/* --- Reading --- */

#define KEY_HELP OPTION_KEYS

void option_begin(struct option_reader *reader, const struct command *command, int argc, char **argv)
{
        size_t count = 0;

        *reader = (struct option_reader){.command = command, .argc = argc, .argv = argv};
        for (; count < command->option_count && count < OPTIONS_MAX; count++)
                reader->longs[count] = (struct option){.name = command->options[count].name,
                        .has_arg = command->options[count].argument ? required_argument : no_argument,
                        .val = command->options[count].key};
        reader->longs[count] = (struct option){.name = "help", .has_arg = no_argument, .val = KEY_HELP};
        opterr = 0;
        optind = 0; /* glibc: begin anew */
}

static const char *option_name(const struct option_reader *reader, int key)
{
        for (size_t i = 0; reader->longs[i].name; i++)
                if (reader->longs[i].val == key)
                        return reader->longs[i].name;
        return "?";
}

static int refuse_unknown(const struct option_reader *reader, const char *word, struct error *error)
{
        const char *names[OPTIONS_MAX + 1];
        size_t count = 0;

        for (; reader->longs[count].name; count++)
                names[count] = reader->longs[count].name;
        size_t length = strcspn(word, "=");
        const char *nearest = strncmp(word, "--", 2) == 0 ? nearest_name(word + 2, names, count) : NULL;
        if (nearest)
                error_set(error, -EINVAL, "unknown option %.*s; did you mean --%s?", (int)length, word,
                        nearest);
        else
                error_set(error, -EINVAL, "unknown option %.*s", (int)length, word);
        return OPTION_WRONG;
}

static int refuse(const struct option_reader *reader, struct error *error)
{
        const char *word = optind > 0 && optind <= reader->argc ? reader->argv[optind - 1] : "";

        if (optopt > 0 && optopt < OPTION_KEYS) {
                error_set(error, -EINVAL, "--%s takes no value", option_name(reader, optopt));
                return OPTION_WRONG;
        }
        if (strncmp(word, "--", 2) != 0) {
                error_set(error, -EINVAL, "unknown option -%c; options are long names such as --%s", optopt,
                        reader->longs[0].name);
                return OPTION_WRONG;
        }
        return refuse_unknown(reader, word, error);
}

int option_next(struct option_reader *reader, struct error *error)
{
        int key = getopt_long(reader->argc, reader->argv, ":h", reader->longs, NULL);

        reader->value = optarg;
        if (key == -1)
                return OPTION_END;
        if (key == 'h' || key == KEY_HELP)
                return OPTION_HELP;
        if (key == ':') {
                error_set(error, -EINVAL, "--%s needs a value", option_name(reader, optopt));
                return OPTION_WRONG;
        }
        if (key == '?')
                return refuse(reader, error);
        if (reader->seen & ~reader->command->repeating & (UINT64_C(1) << key)) {
                error_set(error, -EINVAL, "--%s is given twice", option_name(reader, key));
                return OPTION_WRONG;
        }
        reader->seen |= UINT64_C(1) << key;
        return key;
}
