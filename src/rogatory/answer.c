/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory answer`: what a provider does with an order that it has accepted. */
#include "base/json_shape.h"
#include "rogatory/desk.h"
#include "rogatory/office_node.h"
#include "rogatory/terminal.h"

#include <stdlib.h>
#include <string.h>

#define REGISTER_BYTES_MAX ((size_t)4 << 20)
#define REGISTER_PEOPLE_MAX 10000u

/* ---- the customer register ---- */

struct customer_register {
        json_t *tree; /* owned; persons point into it */
        struct evidence_person *persons;
        size_t count;
};

static int read_person(const json_t *one, struct evidence_person *ret, struct error *error)
{
        const char *origin = json_string_value(json_object_get(one, "address_origin"));

        *ret = (struct evidence_person){.subscriber = json_string_value(json_object_get(one, "subscriber")),
                .name = json_string_value(json_object_get(one, "name")),
                .postal_address = json_string_value(json_object_get(one, "postal_address"))};
        if (!ret->subscriber)
                return error_set(error, -EBADMSG, "--register: an entry names no subscriber");
        if (!ret->postal_address)
                return 0;
        ret->origin = (enum address_origin)(origin ? word_find(&address_origin_words, slice_of(origin)) : 0);
        if (ret->origin == ORIGIN_NONE || ret->origin == ORIGIN_NOT_ANSWERED)
                return error_set(error, -EBADMSG,
                        "--register: a postal address without its origin (contract, billing, installation, "
                        "user-stated, not-known)");
        return 0;
}

static int read_register(const char *path, struct customer_register *ret, struct error *error)
{
        static const struct json_limits limits = {
                .bytes = REGISTER_BYTES_MAX, .depth = 4, .values = 6 * REGISTER_PEOPLE_MAX};
        struct buffer text = buffer_make(REGISTER_BYTES_MAX);
        json_error_t json_error;
        int r = path ? office_input(path, REGISTER_BYTES_MAX, &text, error) : 0;

        if (!path)
                return 0;
        struct slice slice = slice_make((const char *)text.bytes, text.length);
        if (r == 0)
                r = json_shape_check(slice, "--register", &limits, error);
        if (r == 0) {
                ret->tree = json_loadb(slice.text, slice.length, JSON_REJECT_DUPLICATES, &json_error);
                if (!ret->tree)
                        r = error_set(
                                error, -EBADMSG, "--register: line %d: %s", json_error.line, json_error.text);
        }
        buffer_free(&text);
        if (r < 0)
                return r;
        const json_t *list = json_object_get(ret->tree, "subscribers");
        if (!json_is_array(list) || json_array_size(list) > REGISTER_PEOPLE_MAX)
                return error_set(error, -EBADMSG, "--register: no list 'subscribers', or more than %u",
                        REGISTER_PEOPLE_MAX);
        ret->persons = calloc(json_array_size(list) + 1, sizeof *ret->persons);
        if (!ret->persons)
                return error_set(error, -ENOMEM, "not enough memory");
        for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
                r = read_person(json_array_get(list, i), &ret->persons[ret->count++], error);
        return r;
}

/* ---- verbs ---- */

static int prepare(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct customer_register customers = {.tree = NULL};
        int r = read_register(words->values[DESK_REGISTER], &customers, error);
        const struct provider_preparing preparing = {.purpose = words->values[DESK_PURPOSE],
                .persons = customers.persons,
                .person_count = customers.count};

        if (r == 0)
                r = provider_prepare(office, words->id, &preparing, error);
        free(customers.persons);
        json_decref(customers.tree);
        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static int show(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        const char *part = words->values[DESK_PART];
        enum provider_part which = PROVIDER_JSON;

        if (part && strcmp(part, "statement") == 0)
                which = PROVIDER_STATEMENT;
        else if (part && strcmp(part, "provenance") == 0)
                which = PROVIDER_PROVENANCE;
        else if (part && strcmp(part, "evidence") != 0)
                return error_set(error, -EINVAL, "--part is one of evidence, statement or provenance");
        return provider_read(office, words->id, which, words->values[DESK_PURPOSE], ret, error);
}

/* "2=only this case is served" */
static int read_confirmation(const char *given, struct provider_confirmation *ret, struct error *error)
{
        struct slice rest = slice_of(given);
        const char *sign = strchr(given, '=');
        uint64_t number = 0;

        if (!sign || slice_number(slice_cut(&rest, '='), UINT32_MAX, &number) < 0)
                return error_set(error, -EINVAL,
                        "--condition: write NUMBER=REASON, with the number that 'inbox show' gives the "
                        "condition");
        *ret = (struct provider_confirmation){.number = number, .reason = sign + 1};
        return 0;
}

static int release(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct provider_confirmation confirmations[DESK_GIVEN_MAX];
        size_t count = 0;
        int r = 0;

        for (size_t i = 0; r == 0 && i < words->list_count; i++)
                if (words->list[i].key == DESK_CONDITION)
                        r = read_confirmation(words->list[i].value, &confirmations[count++], error);
        if (r == 0)
                r = provider_release_under(office, words->id, confirmations, count, error);
        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static char *text_of(const struct desk_words *words, int key)
{
        return (char *)(uintptr_t)words->values[key]; /* only read */
}

static int refuse(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct law_conflict conflict = {.law = text_of(words, DESK_LAW),
                .obligation = text_of(words, DESK_OBLIGATION),
                .applies = text_of(words, DESK_APPLIES),
                .consequence = text_of(words, DESK_CONSEQUENCE),
                .link = text_of(words, DESK_LINK)};
        struct provider_refusal refusal = {
                .explanation = words->values[DESK_WHY], .information_needed = words->values[DESK_NEEDED]};
        char room[MODEL_ID_MAX];
        int obstacle;
        int r = desk_word(&obstacle_words, "reason", words->values[DESK_REASON], &obstacle, error);

        if (r == 0)
                r = desk_identifier(office, words, room, &refusal.identifier_id, error);
        if (r < 0)
                return r;
        refusal.obstacle = (enum obstacle)obstacle;
        if (refusal.obstacle == OBSTACLE_THIRD_COUNTRY_LAW) {
                const char *country = words->values[DESK_COUNTRY];
                if (!country || !model_is_country(slice_of(country)))
                        return error_set(error, -EINVAL, "name the third country with --country CC");
                snprintf(conflict.country, sizeof conflict.country, "%s", country);
                refusal.conflict = &conflict;
        }
        r = provider_refuse(office, words->id, &refusal, error);
        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static int clarify(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        const char *identifier, *texts[DESK_GIVEN_MAX];
        size_t count = 0;
        char room[MODEL_ID_MAX];
        int obstacle = 0;
        int r = words->values[DESK_REASON]
                        ? desk_word(&obstacle_words, "reason", words->values[DESK_REASON], &obstacle, error)
                        : 0;

        if (r == 0)
                r = desk_identifier(office, words, room, &identifier, error);
        for (size_t i = 0; i < words->list_count; i++)
                if (words->list[i].key == DESK_TEXT)
                        texts[count++] = words->list[i].value;
        if (r == 0)
                r = provider_clarify_all(
                        office, words->id, identifier, (enum obstacle)obstacle, texts, count, error);
        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static int call_back(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        int r = provider_call_back(
                office, words->id, !words->given[DESK_NOT_CONFIRMED], words->values[DESK_SPOKE_WITH], error);

        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static int notice(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        int r = provider_notice(office, words->id, &text, error);

        if (r == 0 && words->json)
                output_json_line(ret, json_pack("{s:s, s:s%}", "order", words->id, "notice",
                                              (const char *)text.bytes, text.length));
        else if (r == 0)
                for (size_t i = 0; i < text.length; i++) /* a peer's words are in it */
                        buffer_append_u8(
                                ret, text.bytes[i] == '\n' || text.bytes[i] >= 0x20 ? text.bytes[i] : '?');
        buffer_free(&text);
        return r;
}

static int noticed(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        int r = provider_noticed(office, words->id, words->values[DESK_MEANS], error);

        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static const struct desk_verb verbs[] = {
        {"prepare", prepare, true, {DESK_PURPOSE, DESK_REGISTER}},
        {"show", show, true, {DESK_PURPOSE, DESK_PART}},
        {"release", release, true, {DESK_CONDITION}},
        {"refuse", refuse, true,
                {DESK_REASON, DESK_WHY, DESK_IDENTIFIER, DESK_NEEDED, DESK_COUNTRY, DESK_LAW, DESK_OBLIGATION,
                        DESK_APPLIES, DESK_CONSEQUENCE, DESK_LINK}},
        {"clarify", clarify, true, {DESK_TEXT, DESK_REASON, DESK_IDENTIFIER}},
        {"call-back", call_back, true, {DESK_SPOKE_WITH, DESK_NOT_CONFIRMED}},
        {"notice", notice, true, {0}},
        {"noticed", noticed, true, {DESK_MEANS}},
        {NULL, NULL, false, {0}},
};

static int run_answer(const struct command *command, int argc, char **argv)
{
        return desk_run(command, verbs, argc, argv);
}

static const struct option_text texts[] = {
        {DESK_NODE, "node", "DIR", "The node's folder."},
        {DESK_PURPOSE, "purpose", "TEXT", "prepare, show: for what it is read. It stands in the log first."},
        {DESK_REGISTER, "register", "FILE",
                "prepare: names and postal addresses out of the customer register, each\n"
                "with its origin; - is standard input."},
        {DESK_PART, "part", "PART", "show: evidence (JSON), statement (HTML) or provenance (CASE/UCO)."},
        {DESK_REASON, "reason", "WORD",
                "refuse, clarify: incomplete, manifest-error, insufficient-information,\n"
                "not-stored, force-majeure, wrong-authority, wrong-offence,\n"
                "service-out-of-scope, immunity-or-press, third-country-law, other."},
        {DESK_WHY, "why", "TEXT", "refuse: the reason in words; it goes to the authority."},
        {DESK_IDENTIFIER, "identifier", "NUMBER", "refuse, clarify: this one alone, as 'inbox show' counts."},
        {DESK_NEEDED, "needed", "TEXT", "refuse: which information is needed."},
        {DESK_TEXT, "text", "TEXT", "clarify: the question; given again, one more of them."},
        {DESK_SPOKE_WITH, "spoke-with", "NAME", "call-back: who was on the telephone."},
        {DESK_NOT_CONFIRMED, "not-confirmed", NULL, "call-back: they do not know of the order."},
        {DESK_COUNTRY, "country", "CC", "refuse --reason third-country-law: which country."},
        {DESK_LAW, "law", "TEXT", "the same: its law and provisions."},
        {DESK_OBLIGATION, "obligation", "TEXT", "the same: what the law demands or forbids."},
        {DESK_APPLIES, "applies", "TEXT", "the same: why it applies to this case."},
        {DESK_CONSEQUENCE, "consequence", "TEXT", "the same: what follows for the provider."},
        {DESK_LINK, "link", "TEXT", "the same: the link between provider and country."},
        {DESK_CONDITION, "condition", "NUMBER=REASON",
                "release: how this condition of the enforcing authority is kept, as\n"
                "'inbox show' counts them; once for each."},
        {DESK_MEANS, "means", "TEXT", "noticed: how the customer was told."},
        {DESK_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_answer = {
        .name = "answer",
        .summary = "prepare, read and release the answer to an order, or refuse it",
        .usage = "prepare --node DIR --purpose TEXT [OPTION]... ORDER\n"
                 "show --node DIR --purpose TEXT [--part PART] ORDER\n"
                 "release --node DIR [--condition NUMBER=REASON]... ORDER\n"
                 "refuse --node DIR --reason WORD --why TEXT [OPTION]... ORDER\n"
                 "clarify --node DIR --text TEXT [OPTION]... [--json] ORDER\n"
                 "call-back --node DIR --spoke-with NAME [OPTION]... ORDER\n"
                 "notice --node DIR [--json] ORDER\n"
                 "noticed --node DIR --means TEXT [--json] ORDER",
        .description = "What a provider does with an order. prepare asks the store exactly the\n"
                       "identifiers and times that were ordered and keeps of its answer what was\n"
                       "ordered, encrypted to this node; of a preservation order it has the records\n"
                       "preserved and answers. show gives what would be released to whoever says what\n"
                       "for. release, by a second person, encrypts it to its recipient and sends it:\n"
                       "never before the enforcing authority has cleared it or day 10 is over, where one\n"
                       "is involved. Where that authority has set conditions, whoever releases says of\n"
                       "each how it is kept: it goes into the log and to the issuing authority with the\n"
                       "answer.\n\n"
                       "refuse sends Form 3, for the whole order or for one identifier; privilege and\n"
                       "the press go to the enforcing authority too. clarify asks the issuing authority,\n"
                       "and the clock stops. call-back records that the contact which the directory\n"
                       "names was called about an emergency.\n\n"
                       "notice prints what the customer is to be told whom an answer wrongly named, once\n"
                       "an error was reported; noticed says that it was sent, and authority and\n"
                       "oversight bodies learn it. 'inbox show' says when it is due.\n\n"
                       "ORDER is the order's number, or its first characters.\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .repeating = UINT64_C(1) << DESK_CONDITION | UINT64_C(1) << DESK_TEXT,
        .exits = "0  done\n"
                 "1  failure: not allowed, refused by a rule, no such order\n"
                 "2  wrong usage\n",
        .examples = "rogatory answer prepare --node node --purpose 'order 5d1c' 5d1c\n"
                    "rogatory answer show --node node --purpose 'second look' --part statement 5d1c\n"
                    "rogatory answer release --node node 5d1c\n",
        .run = run_answer,
};
