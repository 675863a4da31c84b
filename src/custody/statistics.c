/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/statistics.h"

#include <stdlib.h>
#include <string.h>

/* The letters in this file are those of Article 28(2). */

#define CATEGORIES 4
static const char *const category_names[CATEGORIES] = {"subscriber", "identify-only", "traffic", "content"};

struct order {
        bool preservation, emergency, derogation, received;
        unsigned categories; /* bit i: category_names[i] */
        char *addressee;     /* owned */
        int64_t begun_ms;
        int64_t done_ms;     /* evidence obtained, released or preserved for the first time; TIME_UNKNOWN */
        int64_t followed_ms; /* of a preservation: production of its data was ordered; TIME_UNKNOWN */
        bool notified, refused, withdrawn, later_refused;
        bool transmitted, enforcement_accepted, enforcement_fulfilled;
        unsigned remedies_issuing, remedies_enforcing;
        json_int_t claimed_cents, reimbursed_cents;
        json_t *grounds; /* owned; an object whose members are the grounds; NULL: none */
};

struct statistics {
        int year;
        struct order *orders; /* of every year, because one may follow another */
        size_t count, capacity;
        json_t *places; /* order id -> place in orders */
        json_t *undone; /* an object whose members are the steps that had no effect */
        uint64_t erased, without_order;
};

int statistics_new(int year, struct statistics **ret_statistics)
{
        struct statistics *statistics = calloc(1, sizeof *statistics);
        json_t *places = json_object(), *undone = json_object();

        if (!statistics || !places || !undone) {
                free(statistics);
                json_decref(places);
                json_decref(undone);
                return -ENOMEM;
        }
        statistics->year = year;
        statistics->places = places;
        statistics->undone = undone;
        *ret_statistics = statistics;
        return 0;
}

void statistics_free(struct statistics *statistics)
{
        if (!statistics)
                return;
        for (size_t i = 0; i < statistics->count; i++) {
                free(statistics->orders[i].addressee);
                json_decref(statistics->orders[i].grounds);
        }
        free(statistics->orders);
        json_decref(statistics->places);
        json_decref(statistics->undone);
        free(statistics);
}

void statistics_add_erased(struct statistics *statistics)
{
        statistics->erased++;
}

static const char *text_of(const json_t *fields, const char *name)
{
        return json_string_value(json_object_get(fields, name));
}

static bool flag_of(const json_t *fields, const char *name)
{
        return json_is_true(json_object_get(fields, name));
}

static struct order *find(const struct statistics *statistics, const char *id)
{
        const json_t *place = id ? json_object_get(statistics->places, id) : NULL;
        return place ? &statistics->orders[json_integer_value(place)] : NULL;
}

static unsigned categories_of(const json_t *fields)
{
        const json_t *list = json_object_get(fields, "categories");
        unsigned categories = 0;

        for (size_t i = 0; i < json_array_size(list); i++)
                for (unsigned k = 0; k < CATEGORIES; k++)
                        if (strcmp(json_string_value(json_array_get(list, i)), category_names[k]) == 0)
                                categories |= 1u << k;
        return categories;
}

static int make_room(struct statistics *statistics, struct error *error)
{
        if (statistics->count < statistics->capacity)
                return 0;
        if (statistics->count == STATISTICS_ORDERS_MAX)
                return error_set(error, -EFBIG,
                        "the log holds more than %u orders, which are not counted here",
                        STATISTICS_ORDERS_MAX);
        size_t capacity = statistics->capacity ? statistics->capacity * 2 : 64;
        struct order *orders = reallocarray(statistics->orders, capacity, sizeof *orders);
        if (!orders)
                return error_set(error, -ENOMEM, "not enough memory");
        statistics->orders = orders;
        statistics->capacity = capacity;
        return 0;
}

/* An order is told once: a repeated or changed telling of it does not count again. */
static int begin_order(struct statistics *statistics, const struct log_entry *entry, struct error *error)
{
        const json_t *fields = entry->fields;
        const char *id = text_of(fields, "order");
        struct order *followed = find(statistics, text_of(fields, "follows"));

        if (find(statistics, id))
                return 0;
        int r = make_room(statistics, error);
        if (r < 0)
                return r;
        struct order order = {
                .preservation = strcmp(text_of(fields, "instrument"), "preservation") == 0,
                .emergency = flag_of(fields, "emergency"),
                .derogation = flag_of(fields, "derogation"),
                .received = strcmp(entry->kind_name, "order-received") == 0,
                .categories = categories_of(fields),
                .addressee = strdup(text_of(fields, "addressee")),
                .begun_ms = entry->at_ms,
                .done_ms = TIME_UNKNOWN,
                .followed_ms = TIME_UNKNOWN,
        };
        if (!order.addressee || json_object_set_new(statistics->places, id,
                                        json_integer((json_int_t)statistics->count)) < 0) {
                free(order.addressee);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        statistics->orders[statistics->count++] = order;
        if (followed && followed->preservation && followed->followed_ms == TIME_UNKNOWN)
                followed->followed_ms = entry->at_ms;
        return 0;
}

static int add_grounds(struct order *order, const json_t *fields, struct error *error)
{
        const json_t *grounds = json_object_get(fields, "grounds");

        order->refused = order->refused || flag_of(fields, "whole");
        if (!order->grounds)
                order->grounds = json_object();
        for (size_t i = 0; i < json_array_size(grounds); i++)
                if (!order->grounds ||
                        json_object_set_new(order->grounds, json_string_value(json_array_get(grounds, i)),
                                json_true()) < 0)
                        return error_set(error, -ENOMEM, "not enough memory");
        return 0;
}

static void add_enforcement(struct order *order, const char *step)
{
        order->transmitted = order->transmitted || strcmp(step, "transmitted") == 0;
        order->enforcement_accepted = order->enforcement_accepted || strcmp(step, "accepted") == 0;
        order->enforcement_fulfilled = order->enforcement_fulfilled || strcmp(step, "fulfilled") == 0;
}

static void add_done(struct order *order, int64_t at_ms)
{
        if (order->done_ms == TIME_UNKNOWN)
                order->done_ms = at_ms;
}

static int add_event(struct order *order, const struct log_entry *entry, struct error *error)
{
        const char *kind = entry->kind_name;
        const json_t *fields = entry->fields;

        if (strcmp(kind, "data-obtained") == 0 || strcmp(kind, "released") == 0) {
                if (!order->preservation)
                        add_done(order, entry->at_ms);
        } else if (strcmp(kind, "preserved") == 0) {
                if (order->preservation)
                        add_done(order, entry->at_ms);
        } else if (strcmp(kind, "refused") == 0) {
                return add_grounds(order, fields, error);
        } else if (strcmp(kind, "withdrawn") == 0) {
                order->withdrawn = true;
        } else if (strcmp(kind, "authority-notified") == 0) {
                order->notified = true;
        } else if (strcmp(kind, "later-validation") == 0) {
                order->later_refused =
                        order->later_refused || strcmp(text_of(fields, "outcome"), "refused") == 0;
        } else if (strcmp(kind, "enforcement") == 0) {
                add_enforcement(order, text_of(fields, "step"));
        } else if (strcmp(kind, "remedy") == 0) {
                bool issuing = strcmp(text_of(fields, "state"), "issuing") == 0;
                order->remedies_issuing += issuing;
                order->remedies_enforcing += !issuing;
        } else if (strcmp(kind, "costs") == 0) {
                order->claimed_cents += json_integer_value(json_object_get(fields, "claimed_cents"));
                order->reimbursed_cents += json_integer_value(json_object_get(fields, "reimbursed_cents"));
        }
        return 0;
}

/* What people decide of an order before it is issued: nothing that figures are made of. */
static bool is_of_draft(const struct log_entry *entry)
{
        return strcmp(entry->kind_name, "decision") == 0 || strcmp(entry->kind_name, "order-checked") == 0;
}

int statistics_look_ahead(struct statistics *statistics, const struct log_entry *entry, struct error *error)
{
        const char *action = text_of(entry->fields, "action"), *step = text_of(entry->fields, "what");

        if (!action || !step || strcmp(entry->kind_name, "administration") != 0 ||
                strcmp(action, "step-undone") != 0)
                return 0;
        return json_object_set_new(statistics->undone, step, json_true()) < 0
                       ? error_set(error, -ENOMEM, "not enough memory")
                       : 0;
}

static bool was_undone(const struct statistics *statistics, const struct log_entry *entry)
{
        const char *step = text_of(json_object_get(entry->fields, "detail"), "step");

        return step && json_object_get(statistics->undone, step);
}

int statistics_add(struct statistics *statistics, const struct log_entry *entry, struct error *error)
{
        const char *id = text_of(entry->fields, "order");

        if (!entry->kind || !id || was_undone(statistics, entry))
                return 0;
        if (strcmp(entry->kind_name, "order-issued") == 0 || strcmp(entry->kind_name, "order-received") == 0)
                return begin_order(statistics, entry, error);
        struct order *order = find(statistics, id);
        if (!order) {
                statistics->without_order += !is_of_draft(entry);
                return 0;
        }
        return add_event(order, entry, error);
}

/* ---- the figures ---- */

/* Sums over orders. */
struct figures {
        json_int_t issued, received, derogations, fulfilled, refused, withdrawn, open, notified;
        json_int_t transmitted, accepted, enforced, remedies_issuing, remedies_enforcing, later_refused;
        json_int_t claimed_cents, reimbursed_cents;
        json_int_t done, done_ms, followed, followed_ms; /* how many, and the sum of their times */
        json_t *grounds;                                 /* owned */
};

static void count_order(struct figures *figures, const struct order *order)
{
        bool done = order->done_ms != TIME_UNKNOWN;

        figures->issued += !order->received;
        figures->received += order->received;
        figures->derogations += order->derogation;
        figures->fulfilled += done;
        figures->refused += !done && order->refused;
        figures->withdrawn += !done && !order->refused && order->withdrawn;
        figures->open += !done && !order->refused && !order->withdrawn;
        figures->notified += order->notified;
        figures->transmitted += order->transmitted;
        figures->accepted += order->enforcement_accepted;
        figures->enforced += order->enforcement_fulfilled;
        figures->remedies_issuing += order->remedies_issuing;
        figures->remedies_enforcing += order->remedies_enforcing;
        figures->later_refused += order->later_refused;
        figures->claimed_cents += order->claimed_cents;
        figures->reimbursed_cents += order->reimbursed_cents;
        if (done) {
                figures->done++;
                figures->done_ms += order->done_ms - order->begun_ms;
        }
        if (done && order->followed_ms != TIME_UNKNOWN) {
                figures->followed++;
                figures->followed_ms += order->followed_ms - order->begun_ms;
        }
}

static int count_grounds(struct figures *figures, const struct order *order)
{
        const char *ground;
        json_t *value;

        if (!figures->grounds && !(figures->grounds = json_object()))
                return -ENOMEM;
        json_object_foreach(order->grounds, ground, value)
        {
                json_int_t before = json_integer_value(json_object_get(figures->grounds, ground));
                if (json_object_set_new(figures->grounds, ground, json_integer(before + 1)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static json_t *average(json_int_t count, json_int_t sum_ms)
{
        return count ? json_integer(sum_ms / count) : json_null();
}

static json_t *figures_to_json(const struct figures *figures)
{
        return json_pack(
                "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:o, s:o, s:{s:I, s:I, s:I}, s:{s:I, s:I}, "
                "s:I, s:{s:I, s:I}}",
                "issued", figures->issued, "received", figures->received,                        /* (a) */
                "emergency_derogations", figures->derogations,                                   /* (b) */
                "fulfilled", figures->fulfilled, "refused", figures->refused,                    /* (c) */
                "withdrawn", figures->withdrawn, "open", figures->open,                          /* (c) */
                "authority_notified", figures->notified, "grounds", figures->grounds,            /* (d) */
                "average_ms", average(figures->done, figures->done_ms),                          /* (e) */
                "average_until_production_ms", average(figures->followed, figures->followed_ms), /* (f) */
                "enforcement", "transmitted", figures->transmitted, "accepted", figures->accepted,
                "fulfilled", figures->enforced, /* (g) */
                "remedies", "issuing", figures->remedies_issuing, "enforcing",
                figures->remedies_enforcing,                        /* (h) */
                "later_validation_refused", figures->later_refused, /* (i) */
                "costs", "claimed_cents", figures->claimed_cents, "reimbursed_cents",
                figures->reimbursed_cents);
}

static int year_of(int64_t at_ms)
{
        return time_to_civil(at_ms).year;
}

/* Which orders a row counts. */
struct cell {
        bool preservation, emergency;
        unsigned category; /* CATEGORIES: any */
        const char *addressee;
};

static bool is_in(const struct order *order, const struct cell *cell, int year)
{
        return year_of(order->begun_ms) == year && order->preservation == cell->preservation &&
               (cell->category == CATEGORIES || order->categories >> cell->category & 1) &&
               (!cell->addressee || (order->emergency == cell->emergency &&
                                            strcmp(order->addressee, cell->addressee) == 0));
}

static int sum(const struct statistics *statistics, const struct cell *cell, json_t **ret_json)
{
        struct figures figures = {.grounds = json_object()};
        int r = figures.grounds ? 0 : -ENOMEM;

        for (size_t i = 0; i < statistics->count && r == 0; i++) {
                if (!is_in(&statistics->orders[i], cell, statistics->year))
                        continue;
                count_order(&figures, &statistics->orders[i]);
                r = count_grounds(&figures, &statistics->orders[i]);
        }
        json_t *json = r == 0 ? figures_to_json(&figures) : NULL;
        json_decref(figures.grounds);
        if (!json)
                return -ENOMEM;
        *ret_json = json;
        return 0;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The addressees of the year, each once, in their order. */
static int addressees_of(const struct statistics *statistics, const char ***ret_list, size_t *ret_count)
{
        const char **list = malloc((statistics->count + 1) * sizeof *list);
        size_t count = 0, kept = 0;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < statistics->count; i++)
                if (year_of(statistics->orders[i].begun_ms) == statistics->year)
                        list[count++] = statistics->orders[i].addressee;
        qsort(list, count, sizeof *list, compare_texts);
        for (size_t i = 0; i < count; i++)
                if (i == 0 || strcmp(list[i], list[kept - 1]) != 0)
                        list[kept++] = list[i];
        *ret_list = list;
        *ret_count = kept;
        return 0;
}

static bool is_empty(const struct statistics *statistics, const struct cell *cell)
{
        for (size_t i = 0; i < statistics->count; i++)
                if (is_in(&statistics->orders[i], cell, statistics->year))
                        return false;
        return true;
}

static int add_row(const struct statistics *statistics, const struct cell *cell, json_t *rows)
{
        json_t *json;

        if (is_empty(statistics, cell))
                return 0;
        int r = sum(statistics, cell, &json);
        if (r < 0)
                return r;
        json_object_set_new(
                json, "instrument", json_string(cell->preservation ? "preservation" : "production"));
        json_object_set_new(json, "category", json_string(category_names[cell->category]));
        json_object_set_new(json, "addressee", json_string(cell->addressee));
        json_object_set_new(json, "emergency", json_boolean(cell->emergency));
        return json_array_append_new(rows, json) < 0 ? -ENOMEM : 0;
}

static int add_rows(const struct statistics *statistics, json_t *rows)
{
        const char **addressees;
        size_t count;

        int r = addressees_of(statistics, &addressees, &count);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count && r == 0; i++)
                for (unsigned kind = 0; kind < 4 * CATEGORIES && r == 0; kind++) {
                        struct cell cell = {.preservation = kind >= 2 * CATEGORIES,
                                .category = kind / 2 % CATEGORIES,
                                .emergency = kind % 2 == 1,
                                .addressee = addressees[i]};
                        r = add_row(statistics, &cell, rows);
                }
        free(addressees);
        return r;
}

int statistics_to_json(const struct statistics *statistics, json_t **ret_json)
{
        const struct cell all[2] = {{.category = CATEGORIES}, {.category = CATEGORIES, .preservation = true}};
        json_t *totals[2] = {NULL, NULL}, *rows = json_array(), *json = NULL;

        int r = rows ? 0 : -ENOMEM;
        for (unsigned i = 0; i < 2 && r == 0; i++)
                r = sum(statistics, &all[i], &totals[i]);
        if (r == 0)
                r = add_rows(statistics, rows);
        if (r == 0) {
                json = json_pack("{s:i, s:O, s:O, s:O, s:I, s:I}", "year", statistics->year, "production",
                        totals[0], "preservation", totals[1], "rows", rows, "erased_openings",
                        (json_int_t)statistics->erased, "entries_without_order",
                        (json_int_t)statistics->without_order);
                r = json ? 0 : -ENOMEM;
        }
        json_decref(totals[0]);
        json_decref(totals[1]);
        json_decref(rows);
        if (r == 0)
                *ret_json = json;
        return r;
}
