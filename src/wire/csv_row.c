/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/csv_row.h"

/* A quoted field; rest begins behind the opening quote and ends behind the closing one. */
static bool take_quoted(struct slice *rest, char *scratch, size_t *used, struct slice *ret)
{
        size_t begin = *used;

        for (size_t i = 0; i < rest->length; i++) {
                if (rest->text[i] == '"') {
                        if (i + 1 == rest->length || rest->text[i + 1] != '"') {
                                *ret = slice_make(scratch + begin, *used - begin);
                                *rest = slice_make(rest->text + i + 1, rest->length - i - 1);
                                return true;
                        }
                        i++;
                }
                scratch[(*used)++] = rest->text[i]; /* never more than the line has bytes */
        }
        return false;
}

static const char *take_field(struct slice *rest, struct csv_row *row, size_t *used, bool *ret_more)
{
        struct slice *field = &row->fields[row->count];

        if (rest->length && rest->text[0] == '"') {
                *rest = slice_make(rest->text + 1, rest->length - 1);
                if (!take_quoted(rest, row->scratch, used, field))
                        return "a quoted field does not end in this line";
                if (rest->length && rest->text[0] != ',')
                        return "text behind the closing quote of a field";
                *ret_more = rest->length > 0;
                if (*ret_more)
                        *rest = slice_make(rest->text + 1, rest->length - 1);
        } else {
                size_t before = rest->length;
                *field = slice_cut(rest, ',');
                *ret_more = field->length < before;
                if (field->length && memchr(field->text, '"', field->length))
                        return "a quote inside a field that is not quoted";
        }
        row->count++;
        return NULL;
}

int csv_row_split(struct slice line, struct csv_row *row, const char **ret_why)
{
        struct slice rest = line;
        size_t used = 0;
        bool more = true;

        row->count = 0;
        if (line.length > sizeof row->scratch) {
                *ret_why = "the row is too long";
                return -EINVAL;
        }
        while (more) {
                if (row->count == CSV_FIELDS_MAX) {
                        *ret_why = "more than 64 fields";
                        return -EINVAL;
                }
                const char *why = take_field(&rest, row, &used, &more);
                if (why) {
                        *ret_why = why;
                        return -EINVAL;
                }
        }
        return 0;
}

struct slice csv_skip_mark(struct slice line)
{
        if (slice_starts(line, "\xef\xbb\xbf"))
                return slice_make(line.text + 3, line.length - 3);
        return line;
}

static size_t column_of(struct slice name, const char *const *names, size_t name_count)
{
        size_t column = 0;

        while (column < name_count && !slice_is(name, names[column]))
                column++;
        return column;
}

int csv_columns_read(struct csv_row *row, const char *const *names, size_t name_count,
        const struct decode_sink *sink, struct csv_columns *ret, const char **ret_why)
{
        for (size_t i = 0; i < CSV_FIELDS_MAX; i++)
                ret->at[i] = -1;
        ret->expected = row->count;
        for (size_t i = 0; i < row->count; i++) {
                struct slice name = slice_trim(row->fields[i]);
                size_t column = column_of(name, names, name_count);
                if (column == name_count) {
                        text_note(sink, "column \"%.*s\" is not known and is not read",
                                name.length > 60 ? 60 : (int)name.length, name.length ? name.text : "");
                        continue;
                }
                if (ret->at[column] >= 0) {
                        *ret_why = "the header names a column twice";
                        return -EINVAL;
                }
                ret->at[column] = (int)i;
        }
        return 0;
}

struct slice csv_field(const struct csv_row *row, const struct csv_columns *columns, unsigned column)
{
        int at = columns->at[column];

        return at < 0 || (size_t)at >= row->count ? slice_make(NULL, 0) : slice_trim(row->fields[at]);
}

size_t csv_recognise(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown)
{
        struct slice rest = csv_skip_mark(slice_make(head, length));
        struct slice row = slice_make(NULL, 0);
        size_t known = 0;

        *ret_unknown = 0;
        while (rest.length && (slice_trim(row).length == 0 || row.text[0] == '#'))
                row = text_first_line(&rest);
        while (row.length) {
                struct slice name = slice_trim(slice_cut(&row, ','));
                if (name.length > 1 && name.text[0] == '"' && name.text[name.length - 1] == '"')
                        name = slice_trim(slice_make(name.text + 1, name.length - 2));
                if (column_of(name, names, name_count) < name_count)
                        known++;
                else
                        ++*ret_unknown;
        }
        return known;
}
