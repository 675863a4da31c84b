/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE_BYTES_MAX 480u

struct changes {
        struct amendment *amendment;
        const struct model_field *list;
        struct error *error;
        size_t untold;
};

static int tell(struct changes *changes, const char *words)
{
        if (changes->amendment->changes.count + 1 >=
                MODEL_TEXTS_MAX) { /* one is kept for how many are not told */
                changes->untold++;
                return 0;
        }
        return model_texts_add(changes->list, changes->amendment, slice_of(words), changes->error);
}

static bool is_left_out(const struct model_field *field)
{
        return strcmp(field->name, "signatory") == 0 || strcmp(field->name, "identifiers") == 0 ||
               strcmp(field->name, "ea_information") == 0;
}

static int compare(struct changes *changes, const struct model_type *type, const void *before,
        const void *after, const char *whole, const char *section)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                const struct model_type alone = {
                        .name = type->name, .size = type->size, .fields = field, .field_count = 1};
                const char *stands = *field->section ? field->section : section;
                char words[CHANGE_BYTES_MAX];
                if (is_left_out(field) || model_equal(&alone, before, after))
                        continue;
                if (field->kind == MODEL_PART) {
                        r = compare(changes, field->part, model_at_const(field, before),
                                model_at_const(field, after), field->label, stands);
                        continue;
                }
                snprintf(words, sizeof words, "%s%s%s%s%s: %s", *stands ? "section " : "", stands,
                        *stands ? ", " : "", whole, *whole ? "" : "order", field->label);
                r = tell(changes, words);
        }
        return r;
}

static void identifier_words(
        const struct identifier *identifier, const char *what, char ret[CHANGE_BYTES_MAX])
{
        char port[32] = "";

        if (identifier->source_port != MODEL_UNSTATED)
                snprintf(port, sizeof port, " port %lld", (long long)identifier->source_port);
        snprintf(ret, CHANGE_BYTES_MAX, "identifier %s: %s %.300s%s", what,
                word_name(&identifier_kind_words, (int)identifier->kind),
                identifier->value ? identifier->value : "", port);
}

static int compare_identifiers(struct changes *changes, const struct order *before, const struct order *after)
{
        char words[CHANGE_BYTES_MAX];
        int r = 0;

        for (size_t i = 0; r == 0 && i < after->identifiers.count; i++) {
                const struct identifier *now = &after->identifiers.items[i];
                const struct identifier *was = order_identifier(before, now->id);
                if (was && model_equal(&identifier_type, was, now))
                        continue;
                identifier_words(now, was ? "changed" : "added", words);
                r = tell(changes, words);
        }
        for (size_t i = 0; r == 0 && i < before->identifiers.count; i++) {
                const struct identifier *was = &before->identifiers.items[i];
                if (order_identifier(after, was->id))
                        continue;
                identifier_words(was, "taken out", words);
                r = tell(changes, words);
        }
        return r;
}

int amendment_changes(const struct order *before, struct amendment *amendment, struct error *error)
{
        struct changes changes = {.amendment = amendment,
                .list = model_field_find(message_body_type(MESSAGE_AMENDMENT), slice_of("changes")),
                .error = error};
        char words[64];

        for (size_t i = 0; i < amendment->changes.count; i++)
                free(amendment->changes.items[i]);
        free(amendment->changes.items);
        amendment->changes = (struct text_list){.items = NULL};
        int r = compare(&changes, &order_type, before, &amendment->order, "", "");
        if (r == 0)
                r = compare_identifiers(&changes, before, &amendment->order);
        if (r == 0 && changes.untold > 0) {
                snprintf(words, sizeof words, "and %zu further changes", changes.untold);
                r = model_texts_add(changes.list, amendment, slice_of(words), error);
        }
        return r;
}
