/* SPDX-License-Identifier: EUPL-1.2 */
/* Steps: database, outbox and log in one go. */
#include "exchange/office_state.h"

#include <stdio.h>
#include <string.h>

bool office_in_step(const struct office *office)
{
        return *office->step;
}

/* ---- what an earlier process left ---- */

struct undone {
        char steps[STEP_ITEMS_MAX][MODEL_ID_MAX];
        size_t count;
};

static int note_undone(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct undone *undone = context;
        const json_t *detail = entry ? json_object_get(entry->fields, "detail") : NULL;
        const char *step = json_string_value(json_object_get(detail, "step"));

        (void)index;
        (void)error;
        if (!step || strlen(step) >= MODEL_ID_MAX)
                return 0;
        for (size_t i = 0; i < undone->count; i++)
                if (strcmp(undone->steps[i], step) == 0)
                        return 0;
        if (undone->count < STEP_ITEMS_MAX)
                snprintf(undone->steps[undone->count++], MODEL_ID_MAX, "%s", step);
        return 0;
}

static int tell_undone(struct office *office, const struct undone *undone, struct error *error)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < undone->count; i++) {
                json_t *fields = json_pack("{s:s, s:s}", "action", "step-undone", "what", undone->steps[i]);
                const struct chronicle_item item = {.kind = "administration",
                        .at_ms = office_now(office),
                        .by = OFFICE_NODE,
                        .fields = fields};
                r = fields ? chronicle_append_all(office->chronicle, &item, 1, NULL, error)
                           : error_set(error, -ENOMEM, "not enough memory");
                json_decref(fields);
        }
        return r;
}

static int log_size(struct office *office, uint64_t *ret_size, struct error *error)
{
        struct checkpoint checkpoint;

        int r = chronicle_checkpoint(office->chronicle, &checkpoint, NULL, error);
        if (r == 0)
                *ret_size = checkpoint.size;
        return r;
}

static int keep_size(struct office *office, struct error *error)
{
        uint64_t size = 0;

        int r = log_size(office, &size, error);
        if (r == 0)
                r = rows_run(office->database, error,
                        "INSERT INTO office_number VALUES('log-size', ?1) ON CONFLICT(name) DO UPDATE SET "
                        "value "
                        "= ?1",
                        "i", (int64_t)size);
        return r < 0 ? r : 0;
}

/* Nobody else is within a step now. An entry of a step behind what the last committed one saw is of a step
 * whose process died before it committed. */
static int look_back(struct office *office, struct error *error)
{
        struct undone undone = {.count = 0};
        uint64_t size = 0;
        int64_t seen = 0;

        int r = rows_number(office->database, error, 0, &seen,
                "SELECT value FROM office_number WHERE name = 'log-size'", "");
        if (r == 0)
                r = log_size(office, &size, error);
        if (r < 0 || size <= (uint64_t)seen)
                return r;
        r = chronicle_walk(office->chronicle, (uint64_t)seen, note_undone, &undone, error);
        return r == 0 ? tell_undone(office, &undone, error) : r;
}

/* ---- steps ---- */

int office_step_adopt(struct office *office, struct error *error)
{
        char id[MODEL_ID_MAX];

        int r = look_back(office, error);
        if (r == 0)
                r = office_new_id(id, error);
        if (r == 0)
                memcpy(office->step, id, sizeof office->step);
        return r;
}

int office_step_begin(struct office *office, struct error *error)
{
        if (*office->step)
                return error_set(error, -EBUSY, "a step is open already");
        int r = queue_work_begin(office->queue, error);
        if (r < 0)
                return r;
        r = office_step_adopt(office, error);
        if (r < 0)
                queue_work_abandon(office->queue);
        return r;
}

void office_step_trim(struct office *office, size_t from)
{
        while (office->item_count > from)
                json_decref(office->items[--office->item_count].fields);
}

void office_step_forget(struct office *office)
{
        office_step_trim(office, 0);
        *office->step = '\0';
}

int office_step_enter(struct office *office, struct error *error)
{
        struct chronicle_item items[STEP_ITEMS_MAX];
        int64_t now_ms = office_now(office);

        for (size_t i = 0; i < office->item_count; i++)
                items[i] = (struct chronicle_item){.kind = office->items[i].kind,
                        .at_ms = now_ms,
                        .by = office->items[i].by,
                        .fields = office->items[i].fields};
        int r = office->item_count > 0
                        ? chronicle_append_all(office->chronicle, items, office->item_count, NULL, error)
                        : 0;
        return r == 0 ? keep_size(office, error) : r;
}

int office_step_end(struct office *office, int r, struct error *error)
{
        if (!*office->step)
                return error_set(error, -EINVAL, "no step is open");
        if (r >= 0) {
                int entered = office_step_enter(office, error);
                r = entered < 0 ? entered : r;
        }
        office_step_forget(office);
        if (r < 0) {
                queue_work_abandon(office->queue);
                return r;
        }
        int committed = queue_work_commit(office->queue, error);
        /* What cannot be removed now is removed by the next pass. */
        if (committed == 0 && office->drafts_destroyed)
                (void)draft_sweep(office, NULL);
        return committed < 0 ? committed : r;
}

/* ---- entries ---- */

static int take_entry(struct office *office, const char *kind, const char *by, json_t *fields,
        struct office_item *ret, struct error *error)
{
        const struct entry_kind *known = entry_kind_find(kind);

        if (!fields)
                return error_set(error, -ENOMEM, "an entry of the log cannot be made");
        if (!known) {
                json_decref(fields);
                return error_set(error, -EINVAL, "the log has no entries of the kind \"%s\"", kind);
        }
        *ret = (struct office_item){.kind = known->name, .fields = fields};
        snprintf(ret->by, sizeof ret->by, "%s", by ? by : office->person);
        return 0;
}

int office_log(struct office *office, const char *kind, const char *by, json_t *fields, struct error *error)
{
        struct office_item item;

        int r = take_entry(office, kind, by, fields, &item, error);
        if (r < 0)
                return r;
        json_t *detail = json_object_get(fields, "detail");
        if (!*office->step) {
                r = error_set(error, -EINVAL, "no step is open");
        } else if (office->item_count == STEP_ITEMS_MAX) {
                r = error_set(error, -E2BIG, "one step enters more than %d entries", STEP_ITEMS_MAX);
        } else if (!detail && json_object_set_new(fields, "detail", detail = json_object()) < 0) {
                r = error_set(error, -ENOMEM, "not enough memory");
        } else if (json_object_set_new(detail, "step", json_string(office->step)) < 0) {
                r = error_set(error, -ENOMEM, "not enough memory");
        }
        if (r < 0) {
                json_decref(fields);
                return r;
        }
        office->items[office->item_count++] = item;
        return 0;
}

int office_log_now(struct office *office, const char *kind, const char *by, json_t *fields,
        uint64_t *ret_index, struct error *error)
{
        struct office_item entry;

        int r = take_entry(office, kind, by, fields, &entry, error);
        if (r < 0)
                return r;
        const struct chronicle_item item = {
                .kind = entry.kind, .at_ms = office_now(office), .by = entry.by, .fields = entry.fields};
        r = chronicle_append_all(office->chronicle, &item, 1, ret_index, error);
        json_decref(fields);
        return r;
}
