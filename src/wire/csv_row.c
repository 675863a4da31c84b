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

int csv_row_split_plain(struct slice line, struct csv_row *row, const char **ret_why)
{
        bool more = true;

        for (row->count = 0; more; row->count++) {
                if (row->count == CSV_FIELDS_MAX) {
                        *ret_why = "more than 64 fields";
                        return -EINVAL;
                }
                size_t before = line.length;
                row->fields[row->count] = slice_cut(&line, ',');
                more = row->fields[row->count].length < before;
        }
        return 0;
}

struct slice csv_skip_mark(struct slice line)
{
        if (slice_starts(line, "\xef\xbb\xbf"))
                return slice_make(line.text + 3, line.length - 3);
        return line;
}

/* --- Columns --- */

static char fold(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == ' ' || c == '-' ? '_' : c;
}

static bool is_name(struct slice text, struct slice name)
{
        for (size_t i = 0; i < text.length && i < name.length; i++)
                if (fold(text.text[i]) != name.text[i])
                        return false;
        return text.length == name.length;
}

/* The column of a name, name_count where there is none. *ret_own: it is the column's first name. */
static size_t column_of(struct slice text, const char *const *names, size_t name_count, bool *ret_own)
{
        for (size_t column = 0; column < name_count; column++) {
                struct slice rest = slice_of(names[column]);
                for (*ret_own = true; rest.length; *ret_own = false)
                        if (is_name(text, slice_cut(&rest, '|')))
                                return column;
        }
        return name_count;
}

static void note_unread(struct slice name, const struct decode_sink *sink)
{
        text_note(sink, "column \"%.*s\" is not known and is not read",
                name.length > 60 ? 60 : (int)name.length, name.length ? name.text : "");
}

int csv_columns_read(struct csv_row *row, const char *const *names, size_t name_count,
        const struct decode_sink *sink, struct csv_columns *columns, const char **ret_why)
{
        bool own[CSV_FIELDS_MAX] = {false}, is_own;

        for (size_t i = 0; i < CSV_FIELDS_MAX; i++)
                columns->at[i] = -1;
        columns->expected = row->count;
        for (size_t i = 0; i < row->count; i++) {
                struct slice name = slice_trim(row->fields[i]);
                size_t column = column_of(name, names, name_count, &is_own);
                if (column < name_count && columns->at[column] >= 0 && own[column] == is_own) {
                        *ret_why = is_own ? "the header names a column twice"
                                          : "two columns of the header could be the same; give the right one "
                                            "the name that the manual gives it";
                        return -EINVAL;
                }
                if (column == name_count || (columns->at[column] >= 0 && own[column])) {
                        note_unread(name, sink);
                        continue;
                }
                if (columns->at[column] >= 0)
                        note_unread(slice_trim(row->fields[columns->at[column]]), sink);
                columns->at[column] = (int)i;
                own[column] = is_own;
        }
        return 0;
}

struct slice csv_field(const struct csv_row *row, const struct csv_columns *columns, unsigned column)
{
        int at = columns->at[column];

        return at < 0 || (size_t)at >= row->count ? slice_make(NULL, 0) : slice_trim(row->fields[at]);
}

static int take_header(struct text_decoder *decoder, struct csv_table *table, const struct decode_sink *sink)
{
        char missing[160];
        const char *why;

        table->columns.read = true;
        if (csv_columns_read(&table->row, table->names, table->name_count, sink, &table->columns, &why) < 0)
                return text_refuse(decoder, sink, REFUSAL_BAD_LINE, "%s", why);
        if (table->lacks(&table->columns, missing, sizeof missing))
                return text_refuse(decoder, sink, REFUSAL_MISSING_FIELD, "the header row %s", missing);
        table->columns.usable = true;
        decoder->counts.other++;
        return 0;
}

int csv_take_line(struct text_decoder *decoder, struct csv_table *table, struct slice line,
        const struct decode_sink *sink)
{
        const char *why;

        if (!text_take_line(decoder, &line, sink))
                return 0;
        line = decoder->counts.lines == 1 ? csv_skip_mark(line) : line;
        if (line.length && line.text[0] == '#') {
                decoder->counts.other++;
                return 0;
        }
        int r = table->plain ? csv_row_split_plain(line, &table->row, &why)
                             : csv_row_split(line, &table->row, &why);
        if (r < 0)
                return text_refuse(decoder, sink, REFUSAL_BAD_LINE, "%s", why);
        if (!table->columns.read)
                return take_header(decoder, table, sink);
        if (!table->columns.usable)
                return text_refuse(decoder, sink, REFUSAL_MISSING_FIELD, "the file has no usable header row");
        if (table->row.count != table->columns.expected)
                return text_refuse(decoder, sink, REFUSAL_BAD_LINE, "%zu fields where the header row has %zu",
                        table->row.count, table->columns.expected);
        return 1;
}

uint64_t csv_recognise_columns(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown)
{
        struct slice rest = csv_skip_mark(slice_make(head, length));
        struct slice row = slice_make(NULL, 0);
        uint64_t known = 0;
        bool own;

        *ret_unknown = 0;
        while (rest.length && (slice_trim(row).length == 0 || row.text[0] == '#'))
                row = text_first_line(&rest);
        while (row.length) {
                struct slice name = slice_trim(slice_cut(&row, ','));
                if (name.length > 1 && name.text[0] == '"' && name.text[name.length - 1] == '"')
                        name = slice_trim(slice_make(name.text + 1, name.length - 2));
                size_t column = column_of(name, names, name_count, &own);
                if (column < name_count)
                        known |= UINT64_C(1) << column;
                else
                        ++*ret_unknown;
        }
        return known;
}

size_t csv_recognise(
        const char *head, size_t length, const char *const *names, size_t name_count, size_t *ret_unknown)
{
        return (size_t)__builtin_popcountll(
                csv_recognise_columns(head, length, names, name_count, ret_unknown));
}
