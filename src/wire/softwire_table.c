/* SPDX-License-Identifier: EUPL-1.2 */
/* Binding tables of lw4o6 (RFC 7596 section 6.1): which lwB4 has which IPv4 address and port set. */
#include "nat/plan_make.h"
#include "wire/csv_row.h"
#include "wire/plan_source.h"
#include "wire/plan_word.h"

#include <stdlib.h>

/* One softwire as it was written; -1: not said. */
struct softwire {
        struct prefix b4;
        uint32_t ipv4;
        int64_t psid, psid_length, psid_offset, shift;
        bool has_b4, has_ipv4;
};

static const struct softwire empty = {.psid = -1, .psid_length = -1, .psid_offset = -1, .shift = -1};

static int deliver(const struct softwire *s, const struct plan_row *pattern, const struct decode_sink *sink,
        struct error *error)
{
        struct plan_row row = {.from_ms = pattern->from_ms,
                .to_ms = pattern->to_ms,
                .inside = s->b4,
                .vrf = pattern->vrf,
                .outside = s->ipv4,
                .protocol = pattern->protocol};
        int64_t length = s->psid_length, offset = s->psid_offset;

        if (!s->has_b4 || !s->has_ipv4)
                return error_set(
                        error, -EINVAL, "a softwire needs the IPv6 address of its B4 and an IPv4 address");
        if (address_is_ipv4(&s->b4.address))
                return error_set(error, -EINVAL, "the address of the B4 is not IPv6");
        if (length < 0 || offset < 0)
                return error_set(error, -EINVAL,
                        "PSID length and offset are not both said; without them the ports are not known");
        if (s->psid < 0 && length > 0)
                return error_set(error, -EINVAL, "the softwire has no PSID");
        int r = plan_port_set(
                &row, (unsigned)offset, (unsigned)length, s->psid < 0 ? 0 : (uint32_t)s->psid, error);
        if (r == 0)
                r = plan_row_check(&row, error);
        return r < 0 || !sink->plan ? r : sink->plan(sink->context, &row);
}

static int take_number(struct slice text, uint64_t maximum, int64_t *ret, struct error *error)
{
        uint64_t number;

        if (slice_number(text, maximum, &number) < 0)
                return error_set(error, -EINVAL, "\"%.*s\" is not a number from 0 to %llu",
                        text.length > 40 ? 40 : (int)text.length, text.length ? text.text : "",
                        (unsigned long long)maximum);
        *ret = (int64_t)number;
        return 0;
}

static int take_ipv4(struct slice text, struct softwire *s, struct error *error)
{
        uint32_t last;
        int r = ipv4_range_parse(text, &s->ipv4, &last, error);

        if (r == 0 && last != s->ipv4)
                return error_set(error, -EINVAL, "a softwire has one IPv4 address");
        s->has_ipv4 = r == 0;
        return r;
}

static int take_b4(struct slice text, struct softwire *s, struct error *error)
{
        int r = prefix_parse(text, &s->b4, error);

        s->has_b4 = r == 0;
        return r;
}

/* --- CSV --- */

enum column { B4_IPV6, IPV4, PSID, PSID_LENGTH, PSID_OFFSET, COLUMN_COUNT };

static const char *const names[COLUMN_COUNT] = {"b4_ipv6", "ipv4", "psid", "psid_length", "psid_offset"};

static int take_row(const struct csv_row *row, const struct csv_columns *columns,
        const struct plan_row *pattern, const struct decode_sink *sink, struct error *error)
{
        struct softwire s = empty;
        struct slice psid = csv_field(row, columns, PSID);
        int r = take_b4(csv_field(row, columns, B4_IPV6), &s, error);

        if (r == 0)
                r = take_ipv4(csv_field(row, columns, IPV4), &s, error);
        if (r == 0 && psid.length)
                r = take_number(psid, UINT16_MAX, &s.psid, error);
        if (r == 0)
                r = take_number(csv_field(row, columns, PSID_LENGTH), 16, &s.psid_length, error);
        if (r == 0)
                r = take_number(csv_field(row, columns, PSID_OFFSET), 15, &s.psid_offset, error);
        return r < 0 ? r : deliver(&s, pattern, sink, error);
}

struct csv_reading {
        struct csv_columns columns;
        struct csv_row row;
        uint64_t line, used;
};

/* 0, -EINVAL with the reason, or what the sink returned. */
static int take_line(struct csv_reading *c, struct slice line, const struct plan_row *pattern,
        const struct decode_sink *sink, struct error *error)
{
        const char *why;

        if (csv_row_split(line, &c->row, &why) < 0)
                return error_set(error, -EINVAL, "%s", why);
        if (!c->columns.read) {
                c->columns.read = true;
                if (csv_columns_read(&c->row, names, COLUMN_COUNT, sink, &c->columns, &why) < 0)
                        return error_set(error, -EINVAL, "%s", why);
                for (enum column column = B4_IPV6; column < COLUMN_COUNT; column++)
                        if (c->columns.at[column] < 0)
                                return error_set(error, -EINVAL,
                                        "the header row does not name the column %s, which is needed",
                                        names[column]);
                c->columns.usable = true;
                return 0;
        }
        if (!c->columns.usable)
                return error_set(error, -EINVAL, "the file has no usable header row");
        if (c->row.count != c->columns.expected)
                return error_set(error, -EINVAL, "%zu fields where the header row has %zu", c->row.count,
                        c->columns.expected);
        int r = take_row(&c->row, &c->columns, pattern, sink, error);
        c->used += r == 0;
        return r;
}

static int read_csv(
        struct slice text, const struct plan_row *pattern, const struct decode_sink *sink, uint64_t *ret_used)
{
        struct csv_reading *c = calloc(1, sizeof *c);
        int r = 0;

        if (!c)
                return -ENOMEM;
        text = csv_skip_mark(text);
        while (text.length && r == 0) {
                struct error error = {0};
                bool ended = memchr(text.text, '\n', text.length);
                struct slice line = text_first_line(&text);
                c->line++;
                if (slice_trim(line).length == 0 || line.text[0] == '#')
                        continue;
                r = ended ? take_line(c, line, pattern, sink, &error)
                          : error_set(&error, -EINVAL,
                                    "the last line has no line feed, so it may be cut off; if it is whole, "
                                    "add one");
                if (r < 0 && error.text[0]) {
                        plan_source_refuse(sink, REFUSAL_BAD_LINE, c->line, "%s", error.text);
                        r = 0;
                }
        }
        *ret_used = c->used;
        free(c);
        return r;
}

/* --- Snabb --- */

/* Snabb lwAFTR, configuration.md: shift is 16 less psid-length less reserved-ports-bit-count, and the latter
 * is 0 where it is not said. */
static int settle(struct softwire *s, struct error *error)
{
        if (s->shift >= 0 && s->psid_length < 0)
                s->psid_length = 16 - s->shift - (s->psid_offset > 0 ? s->psid_offset : 0);
        if (s->psid_offset < 0)
                s->psid_offset = 0;
        if (s->shift >= 0 && s->psid_length + s->psid_offset + s->shift != 16)
                return error_set(error, -EINVAL,
                        "psid-length, reserved-ports-bit-count and shift do not add up to 16");
        return 0;
}

static int take_leaf(struct slice name, struct slice value, struct softwire *s, struct error *error)
{
        if (slice_is(name, "ipv4"))
                return take_ipv4(value, s, error);
        if (slice_is(name, "b4-ipv6"))
                return take_b4(value, s, error);
        if (slice_is(name, "psid"))
                return take_number(value, UINT16_MAX, &s->psid, error);
        if (slice_is(name, "psid-length"))
                return take_number(value, 16, &s->psid_length, error);
        if (slice_is(name, "reserved-ports-bit-count"))
                return take_number(value, 15, &s->psid_offset, error);
        if (slice_is(name, "shift"))
                return take_number(value, 16, &s->shift, error);
        return 0; /* br-address, padding ... */
}

/* Behind "softwire {": leaves, and the inner block port-set or psid-map. Returns 0 with the softwire, or
 * -EINVAL with the reason; *ret_ended false where the text ends before the softwire. */
static int take_softwire(
        struct word_reader *reader, struct softwire *ret, bool *ret_ended, struct error *error)
{
        struct slice leaf[2];
        unsigned depth = 1, words = 0;
        int r = 0;

        *ret_ended = false;
        while (depth) {
                struct plan_word word = word_next_solid(reader);
                if (word.kind == WORD_END)
                        return error_set(error, -EINVAL, "a softwire does not end; the file may be cut off");
                if (word.kind == WORD_TEXT || word.kind == WORD_QUOTED) {
                        if (words < 2)
                                leaf[words] = word.text;
                        words++;
                        continue;
                }
                if (word.kind == WORD_SEMICOLON && words == 2 && r == 0)
                        r = take_leaf(leaf[0], leaf[1], ret, error);
                words = 0;
                depth += word.kind == WORD_OPEN ? 1 : 0;
                depth -= word.kind == WORD_CLOSE ? 1 : 0;
        }
        *ret_ended = true;
        return r;
}

static int read_snabb(
        struct slice text, const struct plan_row *pattern, const struct decode_sink *sink, uint64_t *ret_used)
{
        struct word_reader reader = word_reader_make(text);
        uint64_t used = 0;

        for (struct plan_word word = word_next_solid(&reader); word.kind != WORD_END;
                word = word_next_solid(&reader)) {
                struct softwire s = empty;
                struct error error = {0};
                bool ended;
                uint64_t line = word.line;
                if (word.kind != WORD_TEXT || !slice_is(word.text, "softwire") ||
                        word_next_solid(&reader).kind != WORD_OPEN)
                        continue;
                int r = take_softwire(&reader, &s, &ended, &error);
                if (r == 0)
                        r = settle(&s, &error);
                if (r == 0)
                        r = deliver(&s, pattern, sink, &error);
                if (r < 0 && !error.text[0])
                        return r;
                if (r < 0)
                        plan_source_refuse(
                                sink, ended ? REFUSAL_BAD_VALUE : REFUSAL_TRUNCATED, line, "%s", error.text);
                used += r == 0;
        }
        *ret_used = used;
        return 0;
}

int softwire_table_read(
        struct slice text, const struct plan_row *pattern, const struct decode_sink *sink, uint64_t *ret_used)
{
        size_t unknown, known = csv_recognise(text.text, text.length < 4096 ? text.length : 4096, names,
                                COLUMN_COUNT, &unknown);

        return known >= 2 ? read_csv(text, pattern, sink, ret_used)
                          : read_snabb(text, pattern, sink, ret_used);
}
