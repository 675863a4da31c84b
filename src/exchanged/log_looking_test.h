/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_LOG_LOOKING_TEST_H
#define ROGATORY_EXCHANGED_LOG_LOOKING_TEST_H

/* For tests: what stands in the log of a node, without what was undone. A node that is killed within a step
 * has written entries of it; the next step says that they had no effect, and what they told of is told again.
 */

#include "custody/log_entry.h"
#include "exchanged/nodes_test.h"

#define STEPS_MAX 64

struct log_looking {
        const char *kind, *key, *value; /* fields.key == value; NULL: whatever */
        const char *undone[STEPS_MAX];
        size_t undone_count;
        json_t *kept; /* owns the names above */
        int64_t first, last;
        int count;
};

static inline int note_undone(
        void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct log_looking *looking = context;
        const char *action = entry ? json_string_value(json_object_get(entry->fields, "action")) : NULL;

        (void)index;
        (void)error;
        if (!action || strcmp(action, "step-undone") != 0)
                return 0;
        assert_true(looking->undone_count < STEPS_MAX);
        json_t *kept = json_deep_copy(entry->fields);
        json_array_append_new(looking->kept, kept);
        looking->undone[looking->undone_count++] = json_string_value(json_object_get(kept, "what"));
        return 0;
}

static inline int note_entry(
        void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct log_looking *looking = context;

        (void)error;
        if (!entry || strcmp(entry->kind_name, looking->kind) != 0)
                return 0;
        const char *value = looking->key ? json_string_value(json_object_get(entry->fields, looking->key))
                                         : NULL,
                   *step = json_string_value(
                           json_object_get(json_object_get(entry->fields, "detail"), "step"));
        if (looking->key && (!value || strcmp(value, looking->value) != 0))
                return 0;
        for (size_t i = 0; step && i < looking->undone_count; i++)
                if (strcmp(looking->undone[i], step) == 0)
                        return 0;
        if (looking->count++ == 0)
                looking->first = (int64_t)index;
        looking->last = (int64_t)index;
        return 0;
}

/* first and last are -1 where there is none. */
static inline struct log_looking log_look(
        struct office *office, const char *kind, const char *key, const char *value)
{
        struct log_looking looking = {
                .kind = kind, .key = key, .value = value, .kept = json_array(), .first = -1, .last = -1};
        struct error error = {0};

        must(chronicle_walk(office_chronicle(office), 0, note_undone, &looking, &error), &error);
        must(chronicle_walk(office_chronicle(office), 0, note_entry, &looking, &error), &error);
        json_decref(looking.kept);
        looking.kept = NULL;
        return looking;
}

#endif
