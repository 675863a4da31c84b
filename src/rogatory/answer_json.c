/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as the JSON object of doc/format/answer.schema.json. Written straight into the buffer: a batch
 * writes millions of them, and a tree of values costs ten times as much as the judgement. */
#include "rogatory/answer_view.h"
#include "rogatory/question_text.h"
#include "rogatory/terminal.h"

/* --- Values --- */

/* So that the compiler sees how long the names of members are. */
#define INLINE inline __attribute__((always_inline))

/* A member's name, behind a comma where it is not the first. Names are our own and need no escaping. */
static INLINE void name(struct buffer *ret, const char *text)
{
        bool first = ret->length > 0 && ret->bytes[ret->length - 1] == '{';
        size_t length = strlen(text);

        if ((ret->failed || length + 4 > ret->capacity - ret->length) && buffer_reserve(ret, length + 4) < 0)
                return;
        uint8_t *at = ret->bytes + ret->length;
        *at = ',';
        at += !first;
        *at++ = '"';
        memcpy(at, text, length);
        memcpy(at + length, "\":", 2);
        ret->length = (size_t)(at - ret->bytes) + length + 2;
}

/* Between the elements of an array. */
static void next(struct buffer *ret)
{
        if (ret->length > 0 && ret->bytes[ret->length - 1] != '[')
                buffer_append_u8(ret, ',');
}

static void write_null(struct buffer *ret)
{
        buffer_append_text(ret, "null");
}

/* Text of our own: codes, addresses, times. */
static INLINE void write_code(struct buffer *ret, const char *text)
{
        buffer_append_u8(ret, '"');
        buffer_append_text(ret, text);
        buffer_append_u8(ret, '"');
}

static INLINE void member_code(struct buffer *ret, const char *member, const char *text)
{
        name(ret, member);
        write_code(ret, text);
}

/* Text from outside; null where there is none. */
static INLINE void member_text(struct buffer *ret, const char *member, const char *text)
{
        name(ret, member);
        if (text[0])
                append_json_string(ret, slice_of(text));
        else
                write_null(ret);
}

static INLINE void member_flag(struct buffer *ret, const char *member, bool flag)
{
        name(ret, member);
        buffer_append_text(ret, flag ? "true" : "false");
}

/* null where the number is the one that stands for "not known". */
static INLINE void member_number(struct buffer *ret, const char *member, int64_t number, int64_t unknown)
{
        name(ret, member);
        if (number == unknown)
                write_null(ret);
        else
                buffer_append_decimal(ret, number);
}

static INLINE void member_time(struct buffer *ret, const char *member, int64_t instant)
{
        char text[TIME_TEXT_MAX];

        name(ret, member);
        if (instant == TIME_UNKNOWN)
                write_null(ret);
        else
                write_code(ret, time_format_utc(instant, text));
}

static INLINE void member_address(struct buffer *ret, const char *member, const struct address *address)
{
        char text[ADDRESS_TEXT_MAX];

        name(ret, member);
        if (address_is_none(address) || address_is_named(address))
                write_null(ret);
        else
                write_code(ret, address_format(address, text));
}

/* 0: every protocol, -1: not given. */
static INLINE void member_protocol(struct buffer *ret, const char *member, int protocol)
{
        char text[PROTOCOL_TEXT_MAX];

        name(ret, member);
        if (protocol > 0)
                write_code(ret, protocol_format_code(protocol, text));
        else
                write_null(ret);
}

static void member_reasons(struct buffer *ret, const char *member, unsigned reasons)
{
        name(ret, member);
        buffer_append_u8(ret, '[');
        for (unsigned i = 0; i < REASON_COUNT; i++)
                if (reasons & (1u << i)) {
                        next(ret);
                        write_code(ret, reason_code((enum reason)i));
                }
        buffer_append_u8(ret, ']');
}

/* --- Candidates --- */

static void write_lease(struct buffer *ret, const struct answer_candidate *c)
{
        char text[ADDRESS_TEXT_MAX];

        name(ret, "lease");
        if (!c->has_lease ||
                address_is_named(&c->lease_prefix.address)) { /* named in the NAT's own records */
                write_null(ret);
                return;
        }
        buffer_append_u8(ret, '{');
        member_code(ret, "prefix", prefix_format(&c->lease_prefix, text));
        member_time(ret, "from", c->lease_from_ms);
        member_code(ret, "from_edge", edge_name(c->lease_from_edge));
        member_time(ret, "to", c->lease_to_ms);
        member_code(ret, "to_edge", edge_name(c->lease_to_edge));
        buffer_append_u8(ret, '}');
}

static void write_destination(struct buffer *ret, const struct answer_candidate *c)
{
        name(ret, "destination");
        if (address_is_none(&c->destination)) {
                write_null(ret);
                return;
        }
        buffer_append_u8(ret, '{');
        member_address(ret, "address", &c->destination);
        member_number(ret, "port", c->destination_port, -1);
        buffer_append_u8(ret, '}');
}

static void write_candidate(struct buffer *ret, const struct answer_candidate *c)
{
        buffer_append_u8(ret, '{');
        member_text(ret, "subscriber", c->subscriber);
        member_address(ret, "inside_address", &c->inside);
        member_number(ret, "inside_port", c->inside_port, -1);
        member_text(ret, "realm", c->realm);
        member_text(ret, "exporter", c->exporter);
        member_time(ret, "from", c->from_ms);
        member_code(ret, "from_edge", edge_name(c->from_edge));
        member_time(ret, "to", c->to_ms);
        member_code(ret, "to_edge", edge_name(c->to_edge));
        member_number(ret, "margin_ms", c->margin_ms, TIME_UNKNOWN);
        member_text(ret, "record", c->record);
        member_number(ret, "clock_offset_ms", c->clock_offset_ms, OFFSET_UNKNOWN);
        member_code(ret, "kind", holding_name(c));
        member_protocol(ret, "protocol", c->protocol);
        name(ret, "outside_ports");
        buffer_append_u8(ret, '{');
        member_number(ret, "first", c->port_first, -1);
        member_number(ret, "last", c->port_last, -1);
        buffer_append_u8(ret, '}');
        write_destination(ret, c);
        member_number(ret, "vrf", c->vrf, -1);
        write_lease(ret, c);
        member_reasons(ret, "reasons", c->reasons);
        buffer_append_u8(ret, '}');
}

static void write_candidates(
        struct buffer *ret, const char *member, const struct answer_candidate *candidates, size_t count)
{
        name(ret, member);
        buffer_append_u8(ret, '[');
        for (size_t i = 0; i < count; i++) {
                next(ret);
                write_candidate(ret, &candidates[i]);
        }
        buffer_append_u8(ret, ']');
}

/* --- Coverage --- */

static void write_exporter(struct buffer *ret, const struct answer_exporter *e)
{
        buffer_append_u8(ret, '{');
        member_text(ret, "realm", e->realm);
        member_text(ret, "exporter", e->name);
        member_flag(ret, "whole", e->whole);
        member_time(ret, "heard_from", e->heard_from_ms);
        member_time(ret, "heard_to", e->heard_to_ms);
        member_number(ret, "clock_offset_ms", e->clock_offset_ms, OFFSET_UNKNOWN);
        name(ret, "gaps");
        buffer_append_u8(ret, '[');
        for (unsigned i = 0; i < GAP_REASON_COUNT; i++)
                if (e->gap_reasons & (1u << i)) {
                        next(ret);
                        write_code(ret, gap_name((enum gap_reason)i));
                }
        buffer_append_text(ret, "]}");
}

static void write_coverage(struct buffer *ret, const struct answer *a)
{
        name(ret, "coverage");
        buffer_append_u8(ret, '{');
        member_flag(ret, "complete", a->complete);
        member_time(ret, "from", a->from_ms);
        member_time(ret, "to", a->to_ms);
        name(ret, "exporters");
        buffer_append_u8(ret, '[');
        for (size_t i = 0; i < a->exporter_count; i++) {
                next(ret);
                write_exporter(ret, &a->exporters[i]);
        }
        buffer_append_text(ret, "]}");
}

/* --- The answer --- */

static void write_question(struct buffer *ret, const struct question *q)
{
        char address[ADDRESS_TEXT_MAX];

        name(ret, "question");
        buffer_append_u8(ret, '{');
        member_address(ret, "address", &q->address);
        member_number(ret, "port", q->port, -1);
        member_protocol(ret, "protocol", q->protocol);
        member_time(ret, "at", q->at_ms);
        member_number(ret, "skew_ms", q->skew_ms, -1);
        name(ret, "dest");
        if (address_is_none(&q->destination)) {
                write_null(ret);
        } else {
                bool bracket = q->destination_port >= 0 && !address_is_ipv4(&q->destination);
                buffer_append_text(ret, bracket ? "\"[" : "\"");
                buffer_append_text(ret, address_format(&q->destination, address));
                buffer_append_text(ret, bracket ? "]" : "");
                if (q->destination_port >= 0) {
                        buffer_append_u8(ret, ':');
                        buffer_append_decimal(ret, q->destination_port);
                }
                buffer_append_u8(ret, '"');
        }
        buffer_append_u8(ret, '}');
}

static void write_time(struct buffer *ret, const struct answer_view *view)
{
        char local[TIME_TEXT_MAX];
        int64_t at = view->answer->question.at_ms;
        int offset = view->zone ? zone_offset(view->zone, at) : 0;

        name(ret, "time");
        buffer_append_u8(ret, '{');
        name(ret, "given");
        append_json_string(ret, view->time_given);
        member_time(ret, "utc", at);
        member_code(ret, "local", time_format_offset(at, offset, local));
        member_code(ret, "zone", view->zone ? zone_name(view->zone) : "UTC");
        member_flag(ret, "local_time_came_twice", view->zone && zone_is_ambiguous(view->zone, at));
        buffer_append_u8(ret, '}');
}

void answer_write_json(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;

        buffer_append_u8(ret, '{');
        write_question(ret, &a->question);
        member_code(ret, "verdict", verdict_name(a->verdict));
        member_reasons(ret, "reasons", a->reasons);
        write_candidates(ret, "candidates", a->candidates, a->candidate_count);
        write_candidates(ret, "possible", a->possible, a->possible_count);
        write_coverage(ret, a);
        member_text(ret, "realm", a->realm);
        write_time(ret, view);
        buffer_append_text(ret, "}\n");
}
