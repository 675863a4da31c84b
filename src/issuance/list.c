/* SPDX-License-Identifier: EUPL-1.2 */
/* The list of organisations that a test set is made for. */
#include "issuance/issuance.h"

#include "base/country.h"
#include "directory/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char issuance_default_list[] =
        "at-court-vienna        validating-authority  court       https://127.0.0.1:7102  +431000002  Court "
        "of Vienna (test)\n"
        "at-oversight           oversight             -           https://127.0.0.1:7105  +431000005  "
        "Oversight body (test)\n"
        "at-prosecution-vienna  issuing-authority     prosecutor  https://127.0.0.1:7101  +431000001  "
        "Prosecution of Vienna (test)\n"
        "de-enforcement-berlin  enforcing-authority   -           https://127.0.0.1:7103  +4930000003 "
        "Enforcing authority in Berlin (test)\n"
        "de-provider            provider              -           https://127.0.0.1:7104  +4930000004 "
        "Provider in Germany (test)\n";

/* Where a reading of the list stands. */
struct reading {
        struct issuance_list *list;
        const char *name;
        size_t line;
        struct error *error;
};

static int refuse(const struct reading *reading, const char *reason, struct slice what)
{
        return error_set(reading->error, -EBADMSG, "%s:%zu: %s%s%.*s", reading->name, reading->line, reason,
                what.length ? ": " : "", (int)(what.length < 64 ? what.length : 64), what.text);
}

/* Copies a word into a text of a fixed size. */
static int take(const struct reading *reading, struct slice word, const char *what, char *ret, size_t room)
{
        char reason[80];

        snprintf(reason, sizeof reason, "%s is missing or too long", what);
        if (word.length == 0 || word.length >= room)
                return refuse(reading, reason, word);
        memcpy(ret, word.text, word.length);
        ret[word.length] = '\0';
        return 0;
}

static int read_roles(const struct reading *reading, struct slice words, uint64_t *ret_roles)
{
        uint64_t roles = 0;

        while (words.length > 0) {
                struct slice word = slice_cut(&words, ',');
                int role = word_find(&organisation_role_words, word);
                if (role == 0)
                        return refuse(reading, "is no role of an organisation", word);
                roles |= WORD_BIT(role);
        }
        if (roles == 0)
                return refuse(reading, "a role is missing", words);
        *ret_roles = roles;
        return 0;
}

static int read_nature(
        const struct reading *reading, struct slice word, struct issuance_organisation *organisation)
{
        bool orders =
                organisation->roles & (WORD_BIT(ORGANISATION_ISSUING) | WORD_BIT(ORGANISATION_VALIDATING));

        if (word.length == 0)
                return refuse(reading, "the nature is missing; write - where there is none", word);
        if (!slice_is(word, "-"))
                organisation->nature = (enum authority_nature)word_find(&authority_nature_words, word);
        if (!slice_is(word, "-") && organisation->nature == NATURE_NONE)
                return refuse(reading,
                        "is no nature of an authority (judge, court, investigating-judge, prosecutor, other)",
                        word);
        if (orders != (organisation->nature != NATURE_NONE))
                return refuse(reading,
                        orders ? "an issuing or validating authority needs a nature"
                               : "only issuing and validating authorities have a nature; write -",
                        word);
        return 0;
}

static int read_organisation(const struct reading *reading, struct slice name, struct slice rest)
{
        struct issuance_list *list = reading->list;

        if (list->organisation_count == ISSUANCE_ORGANISATIONS_MAX)
                return refuse(reading, "more organisations than a test set can have", slice_of(""));
        struct issuance_organisation *organisation = &list->organisations[list->organisation_count++];
        int r = take(reading, name, "the name", organisation->name, sizeof organisation->name);
        if (r == 0 && name.length < 4)
                r = refuse(reading, "a name begins with the country, as de-provider does", name);
        for (size_t i = 0; r == 0 && i + 1 < list->organisation_count; i++)
                if (strcmp(list->organisations[i].name, organisation->name) == 0)
                        r = refuse(reading, "this name stands above already", name);
        if (r == 0)
                r = read_roles(reading, slice_word(&rest), &organisation->roles);
        if (r == 0)
                r = read_nature(reading, slice_word(&rest), organisation);
        if (r == 0)
                r = take(reading, slice_word(&rest), "the address of the node", organisation->node,
                        sizeof organisation->node);
        if (r == 0)
                r = take(reading, slice_word(&rest), "the telephone number", organisation->phone,
                        sizeof organisation->phone);
        if (r == 0)
                r = take(reading, slice_trim(rest), "the display name", organisation->display_name,
                        sizeof organisation->display_name);
        return r;
}

static int read_state(const struct reading *reading, struct slice rest)
{
        struct issuance_list *list = reading->list;
        struct slice country = slice_word(&rest);
        char date[16];

        if (list->state_count == ISSUANCE_STATES_MAX)
                return refuse(reading, "more States than a test set can have", slice_of(""));
        struct issuance_state *state = &list->states[list->state_count++];
        state->stated = true;
        int r = take(reading, country, "the country", state->country, sizeof state->country);
        if (r == 0 && !country_is_assigned(state->country))
                r = refuse(reading, "is no country of ISO 3166-1", country);
        for (size_t i = 0; r == 0 && i + 1 < list->state_count; i++)
                if (strcmp(list->states[i].country, state->country) == 0)
                        r = refuse(reading, "this State stands above already", country);
        if (r == 0)
                r = take(reading, slice_word(&rest), "the zone", state->zone, sizeof state->zone);
        for (struct slice word = slice_word(&rest); r == 0 && word.length > 0; word = slice_word(&rest)) {
                int64_t *day = &state->holidays[state->holiday_count];
                if (state->holiday_count == DIRECTORY_HOLIDAYS_MAX)
                        return refuse(reading, "too many holidays", slice_of(""));
                r = take(reading, word, "the date", date, sizeof date);
                if (r == 0 && directory_read_date(date, day) < 0)
                        r = refuse(reading, "is no date such as 2026-12-24", word);
                if (r == 0 && state->holiday_count > 0 && *day <= day[-1])
                        r = refuse(reading, "dates are written once and in ascending order", word);
                state->holiday_count++;
        }
        return r;
}

static int read_lines(struct reading *reading, struct slice text)
{
        int r = 0;

        while (r == 0 && text.length > 0) {
                struct slice whole = slice_cut(&text, '\n'), line = slice_cut(&whole, '#');
                struct slice first = slice_word(&line);
                reading->line++;
                if (first.length > 0)
                        r = slice_is(first, "state") ? read_state(reading, line)
                                                     : read_organisation(reading, first, line);
        }
        if (r == 0 && reading->list->organisation_count == 0)
                r = error_set(reading->error, -EBADMSG, "%s: names no organisation", reading->name);
        return r;
}

int issuance_list_read(
        struct slice text, const char *name, struct issuance_list **ret_list, struct error *error)
{
        struct reading reading = {
                .list = calloc(1, sizeof(struct issuance_list)), .name = name, .error = error};

        if (!reading.list)
                return error_set(error, -ENOMEM, "%s: out of memory", name);
        int r = memchr(text.text, '\0', text.length) ? error_set(error, -EBADMSG, "%s: is no text", name)
                                                     : read_lines(&reading, text);
        if (r < 0) {
                issuance_list_free(reading.list);
                return r;
        }
        *ret_list = reading.list;
        return 0;
}

void issuance_list_free(struct issuance_list *list)
{
        free(list);
}
