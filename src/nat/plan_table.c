/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/plan_table.h"

#include <stdlib.h>

int plan_table_append(
        struct plan_table *table, const struct plan_row *row, uint64_t line, struct error *error)
{
        if (table->count == PLAN_ROWS_MAX)
                return error_set(
                        error, -EFBIG, "the plan has more than %zu rows; divide it", (size_t)PLAN_ROWS_MAX);
        if (table->count == table->capacity) {
                size_t capacity = table->capacity ? 2 * table->capacity : 256;
                struct plan_line *lines = realloc(table->lines, capacity * sizeof *lines);
                if (!lines)
                        return error_set(error, -ENOMEM, "not enough memory for %zu rows", capacity);
                table->lines = lines;
                table->capacity = capacity;
        }
        table->lines[table->count++] = (struct plan_line){.row = *row, .line = line};
        return 0;
}

void plan_table_free(struct plan_table *table)
{
        free(table->lines);
        *table = (struct plan_table){0};
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

int plan_holder_compare(const struct plan_row *a, const struct plan_row *b)
{
        if (a->is_dynamic || b->is_dynamic)
                return COMPARE(a->is_dynamic, b->is_dynamic);
        if (a->vrf != b->vrf)
                return COMPARE(a->vrf, b->vrf);
        int r = address_compare(&a->inside.address, &b->inside.address);
        return r ? r : COMPARE(a->inside.length, b->inside.length);
}

static int compare(const void *left, const void *right)
{
        const struct plan_line *x = left, *y = right;
        const struct plan_row *a = &x->row, *b = &y->row;

        if (a->outside != b->outside)
                return COMPARE(a->outside, b->outside);
        if (a->port_first != b->port_first)
                return COMPARE(a->port_first, b->port_first);
        if (a->from_ms != b->from_ms)
                return COMPARE(a->from_ms, b->from_ms);
        if (a->protocol != b->protocol)
                return COMPARE(a->protocol, b->protocol);
        int r = plan_holder_compare(a, b);
        return r ? r : COMPARE(x->line, y->line);
}

void plan_table_sort(struct plan_table *table)
{
        if (table->count > 1)
                qsort(table->lines, table->count, sizeof *table->lines, compare);
}

static bool is_same(const struct plan_row *a, const struct plan_row *b)
{
        return a->from_ms == b->from_ms && a->to_ms == b->to_ms && a->outside == b->outside &&
               a->port_first == b->port_first && a->port_last == b->port_last &&
               a->repeat_every == b->repeat_every && a->repeat_count == b->repeat_count &&
               a->protocol == b->protocol && plan_holder_compare(a, b) == 0;
}

bool plan_table_is_same(const struct plan_table *a, const struct plan_table *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!is_same(&a->lines[i].row, &b->lines[i].row))
                        return false;
        return true;
}

int plan_table_holder(const struct plan_table *table, uint32_t outside, uint16_t port, uint8_t protocol,
        int64_t instant, const struct plan_row **ret_row)
{
        const struct plan_row *found = NULL;

        for (size_t i = 0; i < table->count; i++) {
                const struct plan_row *row = &table->lines[i].row;
                if (row->outside != outside || !plan_row_has_port(row, port) ||
                        !plan_row_is_valid_at(row, instant) || (row->protocol && row->protocol != protocol))
                        continue;
                if (found && plan_holder_compare(found, row) != 0)
                        return -EEXIST;
                found = row;
        }
        if (!found)
                return 0;
        *ret_row = found;
        return 1;
}
