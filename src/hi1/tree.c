/* SPDX-License-Identifier: EUPL-1.2 */
#include "hi1/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_DEPTH 40

char *tree_path(const struct tree_place *place, char path[FINDING_PLACE_MAX])
{
        const struct tree_place *chain[PATH_DEPTH];
        size_t depth = 0, length = 0;

        for (; place && depth < PATH_DEPTH; place = place->above)
                chain[depth++] = place;
        path[0] = '\0';
        while (depth-- > 0 && length < FINDING_PLACE_MAX) {
                const struct tree_place *at = chain[depth];
                size_t room = FINDING_PLACE_MAX - length;
                int n = at->member ? snprintf(path + length, room, "%s%.48s", length ? "." : "", at->member)
                                   : snprintf(path + length, room, "[%zu]", at->index);
                length += n > 0 ? (size_t)n : 0;
        }
        return path;
}

int tree_wrong_kind(const struct tree_place *place, struct findings *findings, const char *wanted)
{
        char path[FINDING_PLACE_MAX];
        return findings_refuse(findings, "wrong-kind", tree_path(place, path), "must be %s", wanted);
}

int tree_rank(const struct vocabulary *words, const char *name)
{
        for (size_t i = 0; i < words->count; i++)
                if (strcmp(words->words[i].name, name) == 0)
                        return (int)i + 1;
        return 0;
}

int tree_check_kind(const struct message *message, struct findings *findings)
{
        const struct order *order = message_order_const(message);
        enum order_kind wanted = message->kind == MESSAGE_PRODUCTION_ORDER     ? ORDER_PRODUCTION
                                 : message->kind == MESSAGE_PRESERVATION_ORDER ? ORDER_PRESERVATION
                                                                               : ORDER_NONE;

        if (order && wanted != ORDER_NONE && order->kind != wanted)
                return findings_refuse(findings, "contradiction", "body.kind",
                        "the message is a %s, the order in it another kind",
                        word_name(&message_kind_words, (int)message->kind));
        return 0;
}

/* ---- comparison ---- */

/* A short text of a value, for people. */
static void describe(const json_t *value, char *ret, size_t room)
{
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        snprintf(ret, room, "%.60s%s", text ? text : "?", text && strlen(text) > 60 ? "..." : "");
        free(text);
}

static int compare_values(
        const json_t *came, const json_t *given, const struct tree_place *place, struct findings *findings)
{
        char path[FINDING_PLACE_MAX], one[80], other[80];

        if (json_equal(came, given))
                return 0;
        describe(came, one, sizeof one);
        describe(given, other, sizeof other);
        return findings_refuse(findings,
                json_typeof(came) == json_typeof(given) ? "contradiction" : "wrong-kind",
                tree_path(place, path), "says %s; by the certificate it must be %s", one, other);
}

static int compare_objects(
        const json_t *came, const json_t *given, const struct tree_place *place, struct findings *findings)
{
        char path[FINDING_PLACE_MAX], other[80];
        const char *name;
        json_t *value;
        int result = 0;

        json_object_foreach((json_t *)came, name, value)
        {
                struct tree_place at = {.above = place, .member = name};
                const json_t *wanted = json_object_get(given, name);
                int r = wanted ? tree_compare(value, wanted, &at, findings)
                               : findings_refuse(findings, "unknown-member", tree_path(&at, path),
                                         "the profile has no such member here");
                result = r < 0 ? r : result;
        }
        json_object_foreach((json_t *)given, name, value)
        {
                struct tree_place at = {.above = place, .member = name};
                if (json_object_get(came, name))
                        continue;
                describe(value, other, sizeof other);
                result = findings_refuse(findings, "missing", tree_path(&at, path),
                        "is missing; by the certificate it must be %s", other);
        }
        return result;
}

static int compare_arrays(
        const json_t *came, const json_t *given, const struct tree_place *place, struct findings *findings)
{
        size_t count = json_array_size(came), wanted = json_array_size(given);
        char path[FINDING_PLACE_MAX];
        int result = 0;

        if (count != wanted)
                result = findings_refuse(findings, count < wanted ? "missing" : "contradiction",
                        tree_path(place, path), "has %zu elements; by the certificate it must have %zu",
                        count, wanted);
        for (size_t i = 0; i < count && i < wanted; i++) {
                struct tree_place at = {.above = place, .index = i};
                int r = tree_compare(json_array_get(came, i), json_array_get(given, i), &at, findings);
                result = r < 0 ? r : result;
        }
        return result;
}

int tree_compare(
        const json_t *came, const json_t *given, const struct tree_place *place, struct findings *findings)
{
        if (json_is_object(came) && json_is_object(given))
                return compare_objects(came, given, place, findings);
        if (json_is_array(came) && json_is_array(given))
                return compare_arrays(came, given, place, findings);
        return compare_values(came, given, place, findings);
}
