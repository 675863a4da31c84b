/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/watch.h"

#include "base/address.h"
#include "base/json_shape.h"
#include "settings/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 9e9 /* of an instant or a span: beyond year 2255 */

enum kind { COUNT, SECONDS, INSTANT }; /* the latter two with fractions, kept in ms */

struct member {
        const char *name;
        enum kind kind;
        size_t at;
};

#define MEMBER(kind, type, name, field)                                                                      \
        {                                                                                                    \
                name, kind, offsetof(type, field)                                                            \
        }

#define E(name) MEMBER(COUNT, struct watch_exporter, #name, name)
static const struct member exporter_members[] = {E(messages), E(bytes), E(events), E(leases), E(lost),
        E(gaps), E(restarts), E(clock_steps),
        MEMBER(INSTANT, struct watch_exporter, "last_heard", last_heard_ms),
        MEMBER(SECONDS, struct watch_exporter, "clock_offset_least", offset_least_ms),
        MEMBER(SECONDS, struct watch_exporter, "clock_offset_most", offset_most_ms)};

#define L(name) MEMBER(COUNT, struct watch_listener, #name, name)
static const struct member listener_members[] = {L(received), L(delivered), L(bytes), L(refused),
        L(strangers), L(over_rate), L(not_taken), L(kernel_drops), L(connections)};

#define C(name) MEMBER(COUNT, struct watch_reading, #name, collector.name)
static const struct member collector_members[] = {C(journal_next), C(journal_flushed), C(journal_durable),
        C(journal_released), C(journal_bytes), C(queued_bytes), C(taking), C(stops),
        MEMBER(SECONDS, struct watch_reading, "stopped", collector.stopped_ms),
        MEMBER(INSTANT, struct watch_reading, "started", collector.started_ms)};

#define S(name) MEMBER(COUNT, struct watch_reading, #name, store.name)
static const struct member store_members[] = {S(events), S(refused), S(held_events), S(held_bytes), S(merges),
        S(merges_failed), S(windows), S(window_bytes), S(open_bindings), S(questions), S(questions_busy),
        S(disk_free_bytes), MEMBER(INSTANT, struct watch_reading, "last_merge", store.last_merge_ms),
        MEMBER(SECONDS, struct watch_reading, "last_merge_took", store.last_merge_took_ms),
        MEMBER(INSTANT, struct watch_reading, "hour", store.hour_ms),
        MEMBER(INSTANT, struct watch_reading, "key_since", store.key_since_ms)};

#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

/* --- Numbers --- */

static int not_sound(const char *part, const char *name, const char *wanted, struct error *error)
{
        return error_set(error, -EBADMSG, "the answer is not that of a rogatory node: \"%s\" of %s is not %s",
                name, part, wanted);
}

static int read_seconds(json_t *value, bool is_instant, int64_t *ret_ms)
{
        double seconds = json_number_value(value);

        if (!json_is_number(value) || !(seconds > -SECONDS_MAX && seconds < SECONDS_MAX) ||
                (is_instant && seconds < 0))
                return -EBADMSG;
        *ret_ms = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
        return 0;
}

static int read_count(json_t *value, int64_t *ret)
{
        if (!json_is_integer(value) || json_integer_value(value) < 0)
                return -EBADMSG;
        *ret = json_integer_value(value);
        return 0;
}

static int read_members(json_t *object, const char *part, const struct member *members, size_t count,
        void *row, struct error *error)
{
        if (!json_is_object(object))
                return not_sound("the whole", part, "an object", error);
        for (size_t i = 0; i < count; i++) {
                json_t *value = json_object_get(object, members[i].name);
                int64_t number = members[i].kind == COUNT ? -1 : TIME_UNKNOWN;
                int r = !value                     ? 0
                        : members[i].kind == COUNT ? read_count(value, &number)
                                                   : read_seconds(value, members[i].kind == INSTANT, &number);
                if (r < 0)
                        return not_sound(part, members[i].name, "a number that can be", error);
                memcpy((char *)row + members[i].at, &number, sizeof number);
        }
        return 0;
}

/* Names go to a terminal: nothing else than rogatory.conf allows is shown. */
static int read_name(
        json_t *object, const char *member, const char *part, const char **ret, struct error *error)
{
        *ret = json_string_value(json_object_get(object, member));
        return *ret && settings_name_is_valid(*ret) ? 0 : not_sound(part, member, "a name", error);
}

/* --- Rows --- */

static int begin_rows(json_t *document, const char *name, size_t most, size_t row, void **ret_rows,
        size_t *ret_count, struct error *error)
{
        json_t *list = json_object_get(document, name);

        if (!json_is_array(list) || json_array_size(list) > most)
                return not_sound("the whole", name, "a list that can be", error);
        *ret_count = json_array_size(list);
        *ret_rows = calloc(*ret_count + 1, row);
        return *ret_rows ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

static int read_exporter(json_t *object, struct watch_exporter *ret, struct error *error)
{
        json_t *reasons = json_object_get(object, "refused"), *value;
        const char *reason;

        int r = read_members(object, "exporters", exporter_members, LENGTH(exporter_members), ret, error);
        if (r == 0)
                r = read_name(object, "name", "exporters", &ret->name, error);
        if (r < 0)
                return r;
        ret->message_rate = ret->event_rate = -1;
        ret->newly_missed = -1;
        ret->refused = 0;
        json_object_foreach(reasons, reason, value)
        {
                int64_t count;
                if (read_count(value, &count) < 0 || count > INT64_MAX - ret->refused)
                        return not_sound("exporters", "refused", "a count for each reason", error);
                ret->refused += count;
        }
        return 0;
}

static int read_exporters(struct watch_reading *reading, struct error *error)
{
        void *rows = NULL;

        int r = begin_rows(reading->document, "exporters", WATCH_ROWS_MAX, sizeof *reading->exporters, &rows,
                &reading->exporter_count, error);
        reading->exporters = rows;
        for (size_t i = 0; r == 0 && i < reading->exporter_count; i++)
                r = read_exporter(json_array_get(json_object_get(reading->document, "exporters"), i),
                        &reading->exporters[i], error);
        return r;
}

static int read_listeners(struct watch_reading *reading, struct error *error)
{
        void *rows = NULL;

        int r = begin_rows(reading->document, "listeners", WATCH_ROWS_MAX, sizeof *reading->listeners, &rows,
                &reading->listener_count, error);
        reading->listeners = rows;
        for (size_t i = 0; r == 0 && i < reading->listener_count; i++) {
                json_t *object = json_array_get(json_object_get(reading->document, "listeners"), i);
                struct watch_listener *row = &reading->listeners[i];
                r = read_members(object, "listeners", listener_members, LENGTH(listener_members), row, error);
                if (r == 0)
                        r = read_name(object, "name", "listeners", &row->name, error);
                if (r == 0)
                        r = read_name(object, "transport", "listeners", &row->transport, error);
                row->message_rate = -1;
                row->newly_missed = -1;
        }
        return r;
}

/* --- Sharing --- */

static int read_shares(struct watch_reading *reading, json_t *store, struct error *error)
{
        void *rows = NULL;

        int r = begin_rows(store, "shares", WATCH_SHARES_MAX, sizeof *reading->shares, &rows,
                &reading->share_count, error);
        reading->shares = rows;
        for (size_t i = 0; r == 0 && i < reading->share_count; i++) {
                json_t *pair = json_array_get(json_object_get(store, "shares"), i);
                int64_t users, addresses;
                if (read_count(json_array_get(pair, 0), &users) < 0 || users > UINT32_MAX ||
                        read_count(json_array_get(pair, 1), &addresses) < 0 || addresses > UINT32_MAX)
                        return not_sound("store", "shares", "a list of pairs", error);
                reading->shares[i] =
                        (struct watch_share){.users = (uint32_t)users, .addresses = (uint32_t)addresses};
        }
        return r;
}

static int read_worst(struct watch_reading *reading, json_t *store, struct error *error)
{
        struct error ignored = {0};
        struct address address;
        void *rows = NULL;

        int r = begin_rows(
                store, "worst", WATCH_WORST_MAX, sizeof *reading->worst, &rows, &reading->worst_count, error);
        reading->worst = rows;
        for (size_t i = 0; r == 0 && i < reading->worst_count; i++) {
                json_t *object = json_array_get(json_object_get(store, "worst"), i);
                struct watch_worst *row = &reading->worst[i];
                row->address = json_string_value(json_object_get(object, "address"));
                if (!row->address || address_parse(slice_of(row->address), &address, &ignored) < 0 ||
                        read_count(json_object_get(object, "users"), &row->users) < 0)
                        return not_sound("store", "worst", "a list of addresses", error);
        }
        return r;
}

/* --- The page --- */

int watch_read(struct slice page, struct watch_reading *ret, struct error *error)
{
        const struct json_limits limits = {
                .bytes = WATCH_PAGE_MAX, .depth = 8, .values = 40 * WATCH_ROWS_MAX};
        json_error_t problem;

        *ret = (struct watch_reading){.document = NULL};
        int r = json_shape_check(page, "the answer", &limits, error);
        if (r < 0)
                return r;
        ret->document = json_loadb(page.text, page.length, JSON_REJECT_DUPLICATES, &problem);
        if (!ret->document)
                return error_set(error, -EBADMSG, "the answer is no JSON: %s", problem.text);
        json_t *store = json_object_get(ret->document, "store");
        if (read_seconds(json_object_get(ret->document, "now"), true, &ret->now_ms) < 0)
                return not_sound("the whole", "now", "an instant", error);
        r = read_members(json_object_get(ret->document, "collector"), "collector", collector_members,
                LENGTH(collector_members), ret, error);
        if (r == 0)
                r = read_members(store, "store", store_members, LENGTH(store_members), ret, error);
        if (r == 0 && json_object_get(store, "shares"))
                r = read_shares(ret, store, error);
        if (r == 0 && json_object_get(store, "worst"))
                r = read_worst(ret, store, error);
        if (r == 0)
                r = read_listeners(ret, error);
        return r < 0 ? r : read_exporters(ret, error);
}

void watch_free(struct watch_reading *reading)
{
        free(reading->shares);
        free(reading->worst);
        free(reading->listeners);
        free(reading->exporters);
        json_decref(reading->document);
        *reading = (struct watch_reading){.document = NULL};
}

/* --- Since the look before --- */

static double rate(int64_t now, int64_t before, int64_t ms)
{
        return now < 0 || before < 0 || now < before ? -1 : (double)(now - before) * 1000 / (double)ms;
}

static int64_t grown(int64_t now, int64_t before)
{
        return now > before && before >= 0 ? now - before : 0;
}

static int by_name(const void *left, const void *right)
{
        const struct watch_exporter *const *a = left, *const *b = right;

        return strcmp((*a)->name, (*b)->name);
}

/* The rows of the look before by name: they may have been sorted otherwise. */
static const struct watch_exporter **index_by_name(const struct watch_reading *reading)
{
        const struct watch_exporter **index = calloc(reading->exporter_count + 1, sizeof *index);

        for (size_t i = 0; index && i < reading->exporter_count; i++)
                index[i] = &reading->exporters[i];
        if (index)
                qsort(index, reading->exporter_count, sizeof *index, by_name);
        return index;
}

static void compare_exporter(struct watch_exporter *now, const struct watch_exporter *before, int64_t ms)
{
        now->message_rate = rate(now->messages, before->messages, ms);
        now->event_rate = rate(now->events, before->events, ms);
        now->newly_missed = grown(now->lost, before->lost) + grown(now->gaps, before->gaps) +
                            grown(now->refused, before->refused);
}

static void compare_listener(struct watch_listener *now, const struct watch_listener *before, int64_t ms)
{
        if (strcmp(now->name, before->name) != 0)
                return;
        now->message_rate = rate(now->received, before->received, ms);
        now->newly_missed =
                grown(now->kernel_drops, before->kernel_drops) + grown(now->refused, before->refused);
}

void watch_compare(struct watch_reading *reading, const struct watch_reading *before)
{
        int64_t ms = reading->now_ms - before->now_ms;

        if (!before->document || ms <= 0 || reading->collector.started_ms != before->collector.started_ms)
                return;
        for (size_t i = 0; i < reading->listener_count && i < before->listener_count; i++)
                compare_listener(&reading->listeners[i], &before->listeners[i], ms);
        const struct watch_exporter **index = index_by_name(before);
        for (size_t i = 0; index && i < reading->exporter_count; i++) {
                const struct watch_exporter *wanted = &reading->exporters[i];
                const struct watch_exporter **found =
                        bsearch(&wanted, index, before->exporter_count, sizeof *index, by_name);
                if (found)
                        compare_exporter(&reading->exporters[i], *found, ms);
        }
        free(index);
}

/* --- What follows --- */

int64_t watch_over(const struct watch_reading *reading, uint32_t limit)
{
        int64_t over = 0;

        for (size_t i = 0; i < reading->share_count; i++)
                over += reading->shares[i].users > limit ? reading->shares[i].addresses : 0;
        return reading->store.hour_ms == TIME_UNKNOWN ? -1 : over;
}

int64_t watch_addresses(const struct watch_reading *reading)
{
        return watch_over(reading, 0);
}

const char *watch_exporter_trouble(const struct watch_reading *reading, const struct watch_exporter *exporter)
{
        if (exporter->newly_missed > 0)
                return "loses";
        if (exporter->last_heard_ms != TIME_UNKNOWN &&
                reading->now_ms - exporter->last_heard_ms > WATCH_SILENT_MS)
                return "silent";
        if (exporter->offset_least_ms != TIME_UNKNOWN && exporter->offset_most_ms != TIME_UNKNOWN &&
                (exporter->offset_least_ms < -WATCH_CLOCK_MS || exporter->offset_most_ms > WATCH_CLOCK_MS))
                return "clock";
        return NULL;
}

static int compare_rate(const struct watch_exporter *a, const struct watch_exporter *b)
{
        if (a->event_rate != b->event_rate)
                return a->event_rate < b->event_rate ? 1 : -1;
        if (a->message_rate != b->message_rate)
                return a->message_rate < b->message_rate ? 1 : -1;
        return strcmp(a->name, b->name);
}

struct sorted {
        struct watch_exporter exporter;
        int weight; /* of its trouble */
};

static int weight_of(const struct watch_reading *reading, const struct watch_exporter *exporter)
{
        const char *trouble = watch_exporter_trouble(reading, exporter);

        if (trouble)
                return exporter->newly_missed > 0 ? 3 : 2;
        return exporter->lost > 0 || exporter->gaps > 0 || exporter->refused > 0;
}

static int compare_trouble(const void *left, const void *right)
{
        const struct sorted *a = left, *b = right;

        return a->weight != b->weight ? (a->weight < b->weight ? 1 : -1)
                                      : compare_rate(&a->exporter, &b->exporter);
}

static int compare_by_rate(const void *left, const void *right)
{
        return compare_rate(
                &((const struct sorted *)left)->exporter, &((const struct sorted *)right)->exporter);
}

static int compare_by_name(const void *left, const void *right)
{
        return strcmp(
                ((const struct sorted *)left)->exporter.name, ((const struct sorted *)right)->exporter.name);
}

void watch_sort(struct watch_reading *reading, enum watch_order order)
{
        static int (*const compare[WATCH_ORDER_COUNT])(const void *, const void *) = {
                compare_trouble, compare_by_rate, compare_by_name};
        struct sorted *rows = calloc(reading->exporter_count + 1, sizeof *rows);

        /* Without memory they stay in the order of the configuration. */
        for (size_t i = 0; rows && i < reading->exporter_count; i++)
                rows[i] = (struct sorted){.exporter = reading->exporters[i],
                        .weight = weight_of(reading, &reading->exporters[i])};
        if (rows)
                qsort(rows, reading->exporter_count, sizeof *rows, compare[order]);
        for (size_t i = 0; rows && i < reading->exporter_count; i++)
                reading->exporters[i] = rows[i].exporter;
        free(rows);
}
