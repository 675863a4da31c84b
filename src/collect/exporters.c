/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/exporters.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LENGTHS 129

struct exporters {
        struct exporter *rows; /* owned; longest prefix first, then by address */
        size_t count;
        size_t first_of[LENGTHS + 1]; /* by 128 - length: where the rows of a length begin */
        struct stranger strangers[STRANGERS_MAX];
        size_t stranger_count;
};

static int compare_rows(const void *a, const void *b)
{
        const struct exporter *one = a, *other = b;
        if (one->from.length != other->from.length)
                return one->from.length > other->from.length ? -1 : 1;
        return address_compare(&one->from.address, &other->from.address);
}

static int take_row(struct exporter *row, const struct exporter_setting *setting, struct error *error)
{
        char text[ADDRESS_TEXT_MAX];
        size_t secret = setting->secret ? strlen(setting->secret) : 1;

        if (setting->number == EXPORTER_NOBODY || setting->from.length > 128 || secret == 0 ||
                secret > EXPORTER_SECRET_MAX)
                return error_set(error, -EINVAL,
                        "The exporter at %s cannot be: its number is none, or its secret is empty or longer "
                        "than %u "
                        "bytes",
                        prefix_format(&setting->from, text), EXPORTER_SECRET_MAX);
        *row = (struct exporter){.from = setting->from,
                .number = setting->number,
                .rate = setting->rate ? setting->rate : EXPORTER_RATE_DEFAULT,
                .filled_ms = INT64_MIN};
        row->secret = setting->secret ? strdup(setting->secret) : NULL;
        row->certificate_name = setting->certificate_name ? strdup(setting->certificate_name) : NULL;
        if ((setting->secret && !row->secret) || (setting->certificate_name && !row->certificate_name))
                return error_set(error, -ENOMEM, "Not enough memory for the exporters");
        return 0;
}

static int index_rows(struct exporters *exporters, struct error *error)
{
        size_t row = 0;

        if (exporters->count)
                qsort(exporters->rows, exporters->count, sizeof *exporters->rows, compare_rows);
        for (size_t i = 1; i < exporters->count; i++) {
                char text[ADDRESS_TEXT_MAX];
                if (compare_rows(&exporters->rows[i - 1], &exporters->rows[i]) == 0)
                        return error_set(error, -EINVAL, "Two exporters are configured at %s",
                                prefix_format(&exporters->rows[i].from, text));
        }
        for (size_t place = 0; place <= LENGTHS; place++) {
                while (row < exporters->count && 128u - exporters->rows[row].from.length < place)
                        row++;
                exporters->first_of[place] = row;
        }
        return 0;
}

int exporters_new(const struct exporter_setting *settings, size_t count, struct exporters **ret_exporters,
        struct error *error)
{
        struct exporters *exporters = calloc(1, sizeof *exporters);
        int r = 0;

        if (exporters)
                exporters->rows = calloc(count ? count : 1, sizeof *exporters->rows);
        if (!exporters || !exporters->rows)
                r = error_set(error, -ENOMEM, "Not enough memory for the exporters");
        else if (count > EXPORTERS_MAX)
                r = error_set(error, -EINVAL, "More than %u exporters are configured", EXPORTERS_MAX);
        for (size_t i = 0; r == 0 && i < count; i++) {
                exporters->count++;
                r = take_row(&exporters->rows[i], &settings[i], error);
        }
        if (r == 0)
                r = index_rows(exporters, error);
        if (r < 0) {
                exporters_free(exporters);
                return r;
        }
        *ret_exporters = exporters;
        return 0;
}

void exporters_free(struct exporters *exporters)
{
        if (!exporters)
                return;
        for (size_t i = 0; i < exporters->count; i++) {
                if (exporters->rows[i].secret)
                        OPENSSL_cleanse(exporters->rows[i].secret, strlen(exporters->rows[i].secret));
                free(exporters->rows[i].secret);
                free(exporters->rows[i].certificate_name);
        }
        free(exporters->rows);
        free(exporters);
}

struct exporter *exporters_find(struct exporters *exporters, const struct address *source)
{
        for (size_t place = 0; place < LENGTHS; place++) {
                size_t low = exporters->first_of[place], high = exporters->first_of[place + 1];
                if (low == high)
                        continue;
                struct exporter wanted = {.from = prefix_of(source, 128 - (unsigned)place)};
                struct exporter *found = bsearch(
                        &wanted, exporters->rows + low, high - low, sizeof *exporters->rows, compare_rows);
                if (found)
                        return found;
        }
        return NULL;
}

bool exporter_may_send(struct exporter *exporter, int64_t steady_ms)
{
        uint64_t full = (uint64_t)exporter->rate * 1000;
        int64_t passed = exporter->filled_ms == INT64_MIN ? 1000 : steady_ms - exporter->filled_ms;

        if (passed > 0) {
                uint64_t more = passed >= 1000 ? full : (uint64_t)passed * exporter->rate;
                exporter->allowance = exporter->allowance + more > full ? full : exporter->allowance + more;
                exporter->filled_ms = steady_ms;
        }
        if (exporter->allowance < 1000)
                return false;
        exporter->allowance -= 1000;
        return true;
}

void exporters_add_stranger(struct exporters *exporters, const struct address *source, int64_t now_ms)
{
        struct stranger *rarest = &exporters->strangers[0];

        for (size_t i = 0; i < exporters->stranger_count; i++) {
                struct stranger *one = &exporters->strangers[i];
                if (address_compare(&one->source, source) == 0) {
                        one->count++;
                        one->last_ms = now_ms;
                        return;
                }
                if (one->count < rarest->count)
                        rarest = one;
        }
        if (exporters->stranger_count < STRANGERS_MAX) {
                rarest = &exporters->strangers[exporters->stranger_count++];
                rarest->count = 0;
        }
        rarest->source = *source;
        rarest->count++;
        rarest->last_ms = now_ms;
}

const struct stranger *exporters_strangers(const struct exporters *exporters, size_t *ret_count)
{
        *ret_count = exporters->stranger_count;
        return exporters->strangers;
}
