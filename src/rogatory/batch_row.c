/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/batch_row.h"

static const char *const column_names[COLUMN_COUNT] = {"address", "port", "protocol", "time", "dest"};

struct batch_columns batch_columns_default(void)
{
        struct batch_columns columns = {.least = COLUMN_DEST, .most = COLUMN_COUNT};

        for (int i = 0; i < COLUMN_COUNT; i++)
                columns.place[i] = i;
        return columns;
}

static bool is_name(struct slice text, const char *name)
{
        bool same = text.length == strlen(name);

        for (size_t i = 0; same && i < text.length; i++) {
                char c = text.text[i];
                same = (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) == name[i];
        }
        return same;
}

static int column_named(struct slice text)
{
        for (int i = 0; i < COLUMN_COUNT; i++)
                if (is_name(slice_trim(text), column_names[i]))
                        return i;
        return -1;
}

static int place_column(struct batch_columns *columns, struct slice name, int place, struct error *error)
{
        int column = column_named(name);

        /* A column that is passed over could be the one that tells two people apart. */
        if (column < 0)
                return error_set(error, -EINVAL,
                        "the header names a column '%.*s'; known are address, port, protocol, time and dest",
                        (int)(name.length < 40 ? name.length : 40), name.text);
        if (columns->place[column] >= 0)
                return error_set(
                        error, -EINVAL, "the header names the column %s twice", column_names[column]);
        columns->place[column] = place;
        return 0;
}

int batch_header_read(const struct csv_row *row, struct batch_columns *ret_columns, struct error *error)
{
        struct batch_columns columns = {.least = row->count, .most = row->count};
        bool header = false;

        for (int i = 0; i < COLUMN_COUNT; i++)
                columns.place[i] = -1;
        for (size_t i = 0; i < row->count; i++)
                header = header || column_named(row->fields[i]) >= 0;
        if (!header)
                return 0;
        for (size_t i = 0; i < row->count; i++)
                if (place_column(&columns, row->fields[i], (int)i, error) < 0)
                        return -EINVAL;
        if (columns.place[COLUMN_ADDRESS] < 0 || columns.place[COLUMN_TIME] < 0)
                return error_set(error, -EINVAL, "the header names no column 'address' or no column 'time'");
        *ret_columns = columns;
        return 1;
}

static struct slice field_of(
        const struct csv_row *row, const struct batch_columns *columns, enum batch_column column)
{
        int place = columns->place[column];

        return place >= 0 && (size_t)place < row->count ? slice_trim(row->fields[place])
                                                        : slice_make(NULL, 0);
}

int batch_row_read(const struct csv_row *row, const struct batch_columns *columns,
        struct question_text *ret_text, struct error *error)
{
        if (row->count < columns->least || row->count > columns->most)
                return error_set(error, -EINVAL,
                        "the row has %zu fields instead of %zu; the columns are "
                        "address,port,protocol,time[,dest], and a "
                        "field that is not known stays empty",
                        row->count, columns->least);
        *ret_text = (struct question_text){.address = field_of(row, columns, COLUMN_ADDRESS),
                .port = field_of(row, columns, COLUMN_PORT),
                .protocol = field_of(row, columns, COLUMN_PROTOCOL),
                .time = field_of(row, columns, COLUMN_TIME),
                .destination = field_of(row, columns, COLUMN_DEST)};
        return 0;
}
