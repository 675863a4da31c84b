/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/store_answer.h"

#include "base/json_shape.h"

#include <errno.h>
#include <stdio.h>

static const struct protocol_name {
        int number;
        const char *name;
} protocol_names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {33, "dccp"}, {47, "gre"}, {50, "esp"},
        {51, "ah"}, {132, "sctp"}, {136, "udplite"}};

int store_answer_protocol(const char *name)
{
        uint64_t number;

        for (size_t i = 0; i < sizeof protocol_names / sizeof *protocol_names; i++)
                if (strcmp(protocol_names[i].name, name) == 0)
                        return protocol_names[i].number;
        return slice_number(slice_of(name), 255, &number) == 0 ? (int)number : -1;
}

char *store_answer_protocol_name(int protocol, char text[PROTOCOL_NAME_MAX])
{
        for (size_t i = 0; i < sizeof protocol_names / sizeof *protocol_names; i++)
                if (protocol_names[i].number == protocol) {
                        snprintf(text, PROTOCOL_NAME_MAX, "%s", protocol_names[i].name);
                        return text;
                }
        snprintf(text, PROTOCOL_NAME_MAX, "%u", (unsigned)protocol & 0xff);
        return text;
}

/* ---- kinds of members ---- */

enum member_kind { A_TEXT, A_TIME, A_NUMBER, A_FLAG, AN_OBJECT, A_LIST, A_PROTOCOL, TEXTS };
struct member {
        const char *name;
        enum member_kind kind;
        bool null; /* may be null */
        int64_t least, most;
};

static const struct member answer_members[] = {
        {.name = "question", .kind = AN_OBJECT},
        {.name = "verdict", .kind = A_TEXT},
        {.name = "reasons", .kind = TEXTS},
        {.name = "candidates", .kind = A_LIST},
        {.name = "possible", .kind = A_LIST},
        {.name = "coverage", .kind = AN_OBJECT},
        {.name = "realm", .kind = A_TEXT, .null = true},
};
static const struct member question_members[] = {
        {.name = "address", .kind = A_TEXT},
        {.name = "port", .kind = A_NUMBER, .null = true, .most = 65535},
        {.name = "protocol", .kind = A_PROTOCOL, .null = true},
        {.name = "at", .kind = A_TIME},
        {.name = "skew_ms", .kind = A_NUMBER, .most = INT64_C(100) * 366 * TIME_DAY},
        {.name = "dest", .kind = A_TEXT, .null = true},
};
static const struct member candidate_members[] = {
        {.name = "subscriber", .kind = A_TEXT, .null = true},
        {.name = "inside_address", .kind = A_TEXT, .null = true},
        {.name = "inside_port", .kind = A_NUMBER, .null = true, .most = 65535},
        {.name = "realm", .kind = A_TEXT, .null = true},
        {.name = "exporter", .kind = A_TEXT, .null = true},
        {.name = "from", .kind = A_TIME, .null = true},
        {.name = "from_edge", .kind = A_TEXT},
        {.name = "to", .kind = A_TIME, .null = true},
        {.name = "to_edge", .kind = A_TEXT},
        {.name = "margin_ms", .kind = A_NUMBER, .null = true, .most = INT64_MAX},
        {.name = "record", .kind = A_TEXT, .null = true},
        {.name = "clock_offset_ms", .kind = A_NUMBER, .null = true, .least = INT32_MIN, .most = INT32_MAX},
        {.name = "kind", .kind = A_TEXT},
        {.name = "protocol", .kind = A_PROTOCOL, .null = true},
        {.name = "outside_ports", .kind = AN_OBJECT},
        {.name = "destination", .kind = AN_OBJECT, .null = true},
        {.name = "lease", .kind = AN_OBJECT, .null = true},
        {.name = "reasons", .kind = TEXTS},
};
static const struct member port_members[] = {
        {.name = "first", .kind = A_NUMBER, .most = 65535},
        {.name = "last", .kind = A_NUMBER, .most = 65535},
};
static const struct member destination_members[] = {
        {.name = "address", .kind = A_TEXT, .null = true},
        {.name = "port", .kind = A_NUMBER, .null = true, .most = 65535},
};
static const struct member lease_members[] = {
        {.name = "prefix", .kind = A_TEXT},
        {.name = "from", .kind = A_TIME, .null = true},
        {.name = "from_edge", .kind = A_TEXT},
        {.name = "to", .kind = A_TIME, .null = true},
        {.name = "to_edge", .kind = A_TEXT},
};
static const struct member coverage_members[] = {
        {.name = "complete", .kind = A_FLAG},
        {.name = "from", .kind = A_TIME},
        {.name = "to", .kind = A_TIME},
        {.name = "exporters", .kind = A_LIST},
};
static const struct member exporter_members[] = {
        {.name = "realm", .kind = A_TEXT, .null = true},
        {.name = "exporter", .kind = A_TEXT, .null = true},
        {.name = "whole", .kind = A_FLAG},
        {.name = "heard_from", .kind = A_TIME, .null = true},
        {.name = "heard_to", .kind = A_TIME, .null = true},
        {.name = "clock_offset_ms", .kind = A_NUMBER, .null = true, .least = INT32_MIN, .most = INT32_MAX},
        {.name = "gaps", .kind = TEXTS},
};
#define CHECK(object, place, table, error) check(object, place, table, sizeof table / sizeof *table, error)

static bool is_instant(const json_t *value)
{
        int64_t instant;

        return json_is_string(value) &&
               time_parse_rfc3339(slice_of(json_string_value(value)), &instant, NULL, NULL) == 0;
}

static bool fits(const struct member *member, const json_t *value)
{
        switch (member->kind) {
        case A_TEXT:
                return json_is_string(value);
        case A_TIME:
                return is_instant(value);
        case A_NUMBER:
                return json_is_integer(value) && json_integer_value(value) >= member->least &&
                       json_integer_value(value) <= member->most;
        case A_FLAG:
                return json_is_boolean(value);
        case AN_OBJECT:
                return json_is_object(value);
        case A_LIST:
                return json_is_array(value) && json_array_size(value) <= EVIDENCE_CANDIDATES_MAX;
        case A_PROTOCOL:
                return json_is_string(value) && store_answer_protocol(json_string_value(value)) >= 0;
        case TEXTS:
                if (!json_is_array(value))
                        return false;
                for (size_t i = 0; i < json_array_size(value); i++)
                        if (!json_is_string(json_array_get(value, i)))
                                return false;
                return true;
        }
        return false;
}

/* json_string_value ends at the first zero byte: the parser refuses such texts (no JSON_ALLOW_NUL). */
static int check(const json_t *object, const char *place, const struct member *members, size_t count,
        struct error *error)
{
        if (!json_is_object(object))
                return error_set(error, -EBADMSG, "the store's answer: %s is no object", place);
        for (size_t i = 0; i < count; i++) {
                const json_t *value = json_object_get(object, members[i].name);
                if (!value)
                        return error_set(error, -EBADMSG, "the store's answer: %s has no '%s'", place,
                                members[i].name);
                if (!(members[i].null && json_is_null(value)) && !fits(&members[i], value))
                        return error_set(error, -EBADMSG,
                                "the store's answer: '%s' of %s is not of the kind that doc/format/"
                                "answer.schema.json gives it",
                                members[i].name, place);
        }
        return 0;
}

static int check_candidates(const json_t *list, const char *place, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);
                r = CHECK(one, place, candidate_members, error);
                if (r == 0)
                        r = CHECK(
                                json_object_get(one, "outside_ports"), "outside_ports", port_members, error);
                if (r == 0 && !json_is_null(json_object_get(one, "destination")))
                        r = CHECK(json_object_get(one, "destination"), "destination", destination_members,
                                error);
                if (r == 0 && !json_is_null(json_object_get(one, "lease")))
                        r = CHECK(json_object_get(one, "lease"), "lease", lease_members, error);
        }
        return r;
}

static int check_kinds(const json_t *tree, struct error *error)
{
        int r = CHECK(tree, "it", answer_members, error);

        if (r == 0)
                r = CHECK(json_object_get(tree, "question"), "question", question_members, error);
        if (r == 0)
                r = check_candidates(json_object_get(tree, "candidates"), "candidates", error);
        if (r == 0)
                r = check_candidates(json_object_get(tree, "possible"), "possible", error);
        if (r == 0)
                r = CHECK(json_object_get(tree, "coverage"), "coverage", coverage_members, error);
        const json_t *exporters = json_object_get(json_object_get(tree, "coverage"), "exporters");
        for (size_t i = 0; r == 0 && i < json_array_size(exporters); i++)
                r = CHECK(json_array_get(exporters, i), "exporters", exporter_members, error);
        return r;
}

int64_t store_answer_instant(const json_t *object, const char *name)
{
        const char *text = json_string_value(json_object_get(object, name));
        int64_t instant = TIME_UNKNOWN;

        if (!text || time_parse_rfc3339(slice_of(text), &instant, NULL, NULL) < 0)
                return TIME_UNKNOWN;
        return instant;
}

/* ---- is it the answer to this question? ---- */

static bool same_number(const json_t *value, int number)
{
        return number < 0 ? json_is_null(value)
                          : json_is_integer(value) && json_integer_value(value) == number;
}

static bool same_protocol(const json_t *value, int protocol)
{
        return protocol < 0
                       ? json_is_null(value)
                       : json_is_string(value) && store_answer_protocol(json_string_value(value)) == protocol;
}

static bool same_destination(const json_t *value, const struct evidence_question *question)
{
        struct address address;
        int port = -1;

        if (address_is_none(&question->destination) || json_is_null(value))
                return address_is_none(&question->destination) && json_is_null(value);
        return address_parse_with_port(slice_of(json_string_value(value)), &address, &port, NULL) == 0 &&
               address_compare(&address, &question->destination) == 0 && port == question->destination_port;
}

static int check_question(
        const struct store_answer *answer, const struct evidence_question *question, struct error *error)
{
        const json_t *said = json_object_get(answer->tree, "question");
        struct address address;
        const char *wrong = NULL;

        if (address_parse(slice_of(json_string_value(json_object_get(said, "address"))), &address, NULL) <
                        0 ||
                address_compare(&address, &question->address) != 0)
                wrong = "address";
        else if (!same_number(json_object_get(said, "port"), question->port))
                wrong = "port";
        else if (!same_protocol(json_object_get(said, "protocol"), question->protocol))
                wrong = "protocol";
        else if (store_answer_instant(said, "at") != question->at_ms)
                wrong = "time";
        else if (question->skew_ms > 0 ? answer->skew_ms != question->skew_ms
                                       : answer->skew_ms > EVIDENCE_WIDEN_MAX_MS)
                wrong = "skew";
        else if (!same_destination(json_object_get(said, "dest"), question))
                wrong = "destination";
        else if (answer->judged_from_ms > question->at_ms - question->skew_ms ||
                 answer->judged_to_ms < question->at_ms + question->skew_ms ||
                 answer->judged_from_ms < question->at_ms - question->skew_ms - EVIDENCE_WIDEN_MAX_MS ||
                 answer->judged_to_ms > question->at_ms + question->skew_ms + EVIDENCE_WIDEN_MAX_MS)
                wrong = "interval judged";
        if (!wrong)
                return 0;
        return error_set(error, -EBADMSG,
                "the store answered another question than the one that it was asked: the %s differs", wrong);
}

int store_answer_read(struct slice text, const struct evidence_question *question,
        struct store_answer *ret_answer, struct error *error)
{
        static const struct json_limits limits = {.bytes = EVIDENCE_ANSWER_MAX, .depth = 8, .values = 600000};
        struct store_answer answer = {.tree = NULL};
        json_error_t json_error;
        int r = json_shape_check(text, "the store's answer", &limits, error);

        if (r < 0)
                return r;
        answer.tree = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, &json_error);
        if (!answer.tree)
                return error_set(error, -EBADMSG, "the store's answer is no JSON: %s", json_error.text);
        r = check_kinds(answer.tree, error);
        if (r == 0) {
                answer.verdict = (enum answer_verdict)word_find(&answer_verdict_words,
                        slice_of(json_string_value(json_object_get(answer.tree, "verdict"))));
                answer.candidates = json_object_get(answer.tree, "candidates");
                answer.possible = json_object_get(answer.tree, "possible");
                answer.coverage = json_object_get(answer.tree, "coverage");
                answer.judged_from_ms = store_answer_instant(answer.coverage, "from");
                answer.judged_to_ms = store_answer_instant(answer.coverage, "to");
                answer.skew_ms = json_integer_value(
                        json_object_get(json_object_get(answer.tree, "question"), "skew_ms"));
                if (answer.verdict == VERDICT_OF_NONE)
                        r = error_set(error, -EBADMSG, "the store's answer has a verdict that nobody knows");
        }
        if (r == 0 && answer.verdict == VERDICT_OF_ONE && json_array_size(answer.candidates) == 0)
                r = error_set(error, -EBADMSG, "the store's answer says 'one' and shows nobody");
        if (r == 0)
                r = check_question(&answer, question, error);
        if (r < 0) {
                store_answer_free(&answer);
                return r;
        }
        *ret_answer = answer;
        return 0;
}

void store_answer_free(struct store_answer *answer)
{
        json_decref(answer->tree);
        *answer = (struct store_answer){.tree = NULL};
}
