/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as a person reads it: the verdict in one sentence, the question as understood, the evidence, the
 * reasons, how far the logs were heard, and a chart. What is only possible never stands in the sentence. */
#include "rogatory/answer_view.h"
#include "rogatory/question_text.h"
#include "rogatory/terminal.h"

/* More are counted, not shown: --json lists all. */
#define CANDIDATES_SHOWN 40

static void write_endpoint(const struct question *q, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX], protocol[PROTOCOL_TEXT_MAX];

        buffer_append_text(ret, address_format(&q->address, address));
        if (q->port >= 0)
                buffer_printf(ret, "%s%d", q->protocol == 1 ? " identifier " : " port ", q->port);
        if (q->protocol >= 0)
                buffer_printf(ret, " (%s)", protocol_format(q->protocol, protocol));
}

/* --- The verdict --- */

static void write_one(const struct answer *a, struct buffer *ret)
{
        buffer_append_text(ret, "ONE: ");
        if (a->candidate_count > 0)
                holder_write(&a->candidates[0], ret);
        buffer_append_text(ret, " held ");
        write_endpoint(&a->question, ret);
        buffer_append_text(ret, ", and nobody else did");
        if (a->candidate_count > 0 && !a->candidates[0].subscriber[0])
                buffer_append_text(ret, "; no subscriber is known for the inside address");
}

static void write_several(const struct answer *a, struct buffer *ret)
{
        size_t holders = holder_count(a->candidates, a->candidate_count);

        buffer_append_text(ret, "SEVERAL: ");
        if (holders > 1)
                buffer_printf(ret, "%zu different holders had ", holders);
        else
                buffer_append_text(ret, "the question is too coarse to tell who held ");
        write_endpoint(&a->question, ret);
        if (holders > 1)
                buffer_append_text(ret, ", and the records do not tell which of them is meant");
}

/* The sentence alone, in one line. */
static void write_sentence(const struct answer *a, struct buffer *ret)
{
        char at[TIME_TEXT_MAX], skew[SPAN_TEXT_MAX];

        switch (a->verdict) {
        case VERDICT_ONE:
                write_one(a, ret);
                break;
        case VERDICT_SEVERAL:
                write_several(a, ret);
                break;
        case VERDICT_NONE:
                buffer_append_text(ret, "NONE: complete records show that nobody held ");
                write_endpoint(&a->question, ret);
                break;
        case VERDICT_UNKNOWN:
        default:
                buffer_append_text(ret, "UNKNOWN: the records do not prove who held ");
                write_endpoint(&a->question, ret);
                break;
        }
        buffer_printf(ret, ", within %s of %s.", span_format(a->question.skew_ms, skew),
                time_format_utc(a->question.at_ms, at));
        buffer_append_u8(ret, '\0');
}

static void write_verdict(const struct answer_view *view, struct buffer *ret)
{
        struct buffer sentence = buffer_make(4096);

        write_sentence(view->answer, &sentence);
        if (sentence.failed)
                ret->failed = sentence.failed;
        else
                append_wrapped(ret, (const char *)sentence.bytes, 0, 0);
        buffer_free(&sentence);
}

/* --- What needs attention --- */

/* Takes the words over. */
static void write_paragraph(struct buffer *words, struct buffer *ret)
{
        buffer_append_u8(words, '\0');
        if (words->failed && !ret->failed)
                ret->failed = words->failed;
        buffer_append_u8(ret, '\n');
        if (!words->failed)
                append_wrapped(ret, (const char *)words->bytes, 0, 0);
        buffer_free(words);
}

static void write_near_edge(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;
        char margin[SPAN_TEXT_MAX], bound[SPAN_TEXT_MAX];
        int64_t limit =
                view->uncertainty_ms > a->question.skew_ms ? view->uncertainty_ms : a->question.skew_ms;
        int64_t least = TIME_UNKNOWN;
        struct buffer words = buffer_make(4096);

        for (size_t i = 0; i < a->candidate_count; i++) {
                int64_t m = a->candidates[i].margin_ms;
                if (m != TIME_UNKNOWN && (least == TIME_UNKNOWN || m < least))
                        least = m;
        }
        if (least == TIME_UNKNOWN || least >= limit)
                return;
        buffer_printf(&words,
                "ATTENTION: the time asked is only %s away from an edge of a binding, less than the %s by "
                "which the "
                "clocks may differ. Make sure that the time in the request is exact.",
                span_format(least, margin), span_format(limit, bound));
        write_paragraph(&words, ret);
}

static void write_attention(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;
        struct buffer words = buffer_make(4096);

        write_near_edge(view, ret);
        if (a->reasons & (1u << REASON_SKEW_BELOW_CLOCK)) {
                buffer_append_text(&words, "ATTENTION: the skew asked is smaller than the uncertainty of the "
                                           "realm's clocks, so the "
                                           "answer holds only if every clock was better than declared.");
                write_paragraph(&words, ret);
        }
        if (view->zone && zone_is_ambiguous(view->zone, a->question.at_ms)) {
                buffer_printf(&words,
                        "ATTENTION: clocks in %s showed this local time twice, because they were set back. "
                        "Make sure "
                        "that the request means this one of the two.",
                        zone_name(view->zone));
                write_paragraph(&words, ret);
        }
}

/* --- The question --- */

static void write_time(const struct answer_view *view, struct buffer *ret)
{
        const struct question *q = &view->answer->question;
        char text[TIME_TEXT_MAX];
        int offset = view->zone ? zone_offset(view->zone, q->at_ms) : 0;

        buffer_printf(
                ret, "  time        %.*s (as given)\n", (int)view->time_given.length, view->time_given.text);
        buffer_printf(ret, "              %s (UTC)\n", time_format_utc(q->at_ms, text));
        buffer_printf(ret, "              %s (%s%s)\n", time_format_offset(q->at_ms, offset, text),
                view->zone ? zone_name(view->zone) : "UTC",
                view->zone && zone_is_ambiguous(view->zone, q->at_ms) ? ", came twice" : "");
}

static void write_question(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;
        const struct question *q = &a->question;
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], text[ADDRESS_TEXT_MAX], skew[SPAN_TEXT_MAX];

        buffer_append_text(ret, "\nQuestion\n  endpoint    ");
        write_endpoint(q, ret);
        buffer_append_u8(ret, '\n');
        if (!address_is_ipv4(&q->address) && (q->port >= 0 || q->protocol >= 0))
                buffer_append_text(
                        ret, "              (port and protocol do not matter: the leases answer)\n");
        if (!address_is_none(&q->destination)) {
                buffer_printf(ret, "  destination %s", address_format(&q->destination, text));
                if (q->destination_port >= 0)
                        buffer_printf(ret, " port %d", q->destination_port);
                buffer_append_u8(ret, '\n');
        }
        write_time(view, ret);
        buffer_printf(ret, "  skew        %s\n", span_format(q->skew_ms, skew));
        buffer_printf(ret, "  judged      %s to %s\n", time_format_utc(a->from_ms, from),
                time_format_utc(a->to_ms, to));
        buffer_append_text(ret, "  case        ");
        append_foreign(ret, view->case_reference);
        buffer_append_u8(ret, '\n');
}

/* --- Candidates --- */

static void write_edge(const char *name, int64_t instant, enum binding_edge edge, struct buffer *ret)
{
        char text[TIME_TEXT_MAX];

        if (edge == EDGE_OPEN)
                buffer_printf(ret, "     %-11s %s\n", name, edge_sentence(edge));
        else
                buffer_printf(ret, "     %-11s %s (%s)\n", name, time_format_utc(instant, text),
                        edge_sentence(edge));
}

/* What a plan says of its rows' edges is no event that was seen. */
static void write_planned_edges(const struct answer_candidate *c, struct buffer *ret)
{
        char text[TIME_TEXT_MAX];

        buffer_printf(ret, "     from        %s (the plan says so)\n", time_format_utc(c->from_ms, text));
        if (c->to_edge == EDGE_OPEN)
                buffer_append_text(ret, "     to          further notice: the plan gives no end\n");
        else
                buffer_printf(ret, "     to          %s (%s)\n", time_format_utc(c->to_ms, text),
                        c->to_edge == EDGE_REUSED ? "a later row of the plan takes its place"
                                                  : "the plan says so");
}

static void write_inside(const struct answer_candidate *c, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        if (!address_is_none(&c->inside) && !address_is_named(&c->inside)) {
                buffer_printf(ret, "     inside      %s", address_format(&c->inside, text));
                if (c->inside_port >= 0)
                        buffer_printf(ret, " port %d", c->inside_port);
                if (c->vrf)
                        buffer_printf(ret, " in VRF %u", c->vrf);
                buffer_append_u8(ret, '\n');
        }
}

static void write_holding(const struct answer_candidate *c, struct buffer *ret)
{
        char protocol[PROTOCOL_TEXT_MAX], text[ADDRESS_TEXT_MAX];

        if (c->exporter[0] == '\0')
                return; /* the lease says it all */
        if (c->kind == NAT_ADDRESS)
                buffer_append_text(ret, "     held        the whole address");
        else if (c->port_first == 0 && c->port_last == UINT16_MAX)
                buffer_append_text(ret, "     held        a port that the log does not tell");
        else if (c->port_first != c->port_last)
                buffer_printf(ret, "     held        ports %d to %d", c->port_first, c->port_last);
        else
                buffer_printf(ret, "     held        port %d", c->port_first);
        if (c->protocol > 0)
                buffer_printf(ret, ", %s", protocol_format(c->protocol, protocol));
        buffer_printf(ret, " (%s)", holding_name(c));
        if (!address_is_none(&c->destination)) {
                buffer_printf(ret, " towards %s", address_format(&c->destination, text));
                if (c->destination_port >= 0)
                        buffer_printf(ret, " port %d", c->destination_port);
        }
        buffer_append_u8(ret, '\n');
}

static void write_lease(const struct answer_candidate *c, struct buffer *ret)
{
        char prefix[ADDRESS_TEXT_MAX], time[TIME_TEXT_MAX];

        if (!c->has_lease)
                return;
        if (address_is_named(&c->lease_prefix.address)) {
                buffer_append_text(
                        ret, "     named       by the NAT's own records, which give no inside address\n");
                return;
        }
        buffer_printf(ret, "     lease       %s from ", prefix_format(&c->lease_prefix, prefix));
        if (c->lease_from_edge == EDGE_OPEN)
                buffer_append_text(ret, "a time never seen");
        else
                buffer_printf(ret, "%s (%s)", time_format_utc(c->lease_from_ms, time),
                        edge_name(c->lease_from_edge));
        if (c->lease_to_edge == EDGE_OPEN)
                buffer_append_text(ret, ", no end seen\n");
        else
                buffer_printf(ret, "\n                 to %s (%s)\n", time_format_utc(c->lease_to_ms, time),
                        edge_name(c->lease_to_edge));
}

static void write_candidate(const struct answer_candidate *c, size_t number, struct buffer *ret)
{
        char text[SPAN_TEXT_MAX];

        buffer_printf(ret, "  %zu. ", number);
        holder_write(c, ret);
        buffer_append_u8(ret, '\n');
        write_inside(c, ret);
        write_holding(c, ret);
        if (c->planned) {
                write_planned_edges(c, ret);
        } else {
                write_edge("from", c->from_ms, c->from_edge, ret);
                write_edge("to", c->to_ms, c->to_edge, ret);
        }
        if (c->margin_ms != TIME_UNKNOWN)
                buffer_printf(ret, "     margin      %s from the time asked to the nearest edge\n",
                        span_format(c->margin_ms, text));
        if (c->exporter[0]) {
                buffer_append_text(ret, "     exporter    ");
                append_foreign(ret, c->exporter);
                buffer_printf(ret, ", realm %s, clock offset %s\n", c->realm,
                        c->clock_offset_ms == OFFSET_UNKNOWN ? "not known"
                                                             : offset_format(c->clock_offset_ms, text));
        }
        if (!c->exporter[0])
                buffer_printf(ret, "     realm       %s\n", c->realm);
        write_lease(c, ret);
        buffer_printf(ret, "     record      %s\n", c->record);
        for (unsigned i = 0; i < REASON_COUNT; i++)
                if (c->reasons & (1u << i)) {
                        buffer_append_text(ret, "     remark      ");
                        append_wrapped(ret, reason_sentence((enum reason)i), 17, 17);
                }
}

static void write_candidates(
        const char *heading, const struct answer_candidate *list, size_t count, struct buffer *ret)
{
        if (count == 0)
                return;
        buffer_printf(ret, "\n%s\n", heading);
        for (size_t i = 0; i < count && i < CANDIDATES_SHOWN; i++)
                write_candidate(&list[i], i + 1, ret);
        if (count > CANDIDATES_SHOWN)
                buffer_printf(ret, "  ... and %zu more; --json lists them all\n", count - CANDIDATES_SHOWN);
}

/* --- Reasons and coverage --- */

static void write_reasons(const struct answer *a, struct buffer *ret)
{
        buffer_append_text(ret, "\nReasons\n");
        for (unsigned i = 0; i < REASON_COUNT; i++)
                if (a->reasons & (1u << i)) {
                        const char *code = reason_code((enum reason)i);
                        buffer_printf(ret, "  %s: ", code);
                        append_wrapped(ret, reason_sentence((enum reason)i), (unsigned)strlen(code) + 4, 4);
                }
}

static void write_exporter(const struct answer_exporter *e, struct buffer *ret)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
        const char *lead = ": ";

        buffer_append_text(ret, "  ");
        append_foreign(ret, e->name);
        if (e->whole && e->heard_from_ms != TIME_UNKNOWN) {
                buffer_printf(ret, ": heard without loss from %s\n    to %s\n",
                        time_format_utc(e->heard_from_ms, from),
                        e->heard_to_ms == TIME_UNKNOWN ? "further notice (a plan without an end)"
                                                       : time_format_utc(e->heard_to_ms, to));
                return;
        }
        buffer_append_text(ret, e->whole ? ": heard without loss" : ": not heard, or not without loss");
        for (unsigned i = 0; i < GAP_REASON_COUNT; i++)
                if (e->gap_reasons & (1u << i)) {
                        buffer_printf(ret, "%s%s", lead, gap_name((enum gap_reason)i));
                        lead = ", ";
                }
        buffer_append_u8(ret, '\n');
}

static void write_coverage(const struct answer *a, struct buffer *ret)
{
        if (!address_is_ipv4(&a->question.address)) {
                buffer_append_text(ret, "\nCoverage: the leases alone answer for an IPv6 address\n");
                return;
        }
        buffer_printf(
                ret, "\nCoverage of the interval judged: %s\n", a->complete ? "complete" : "not complete");
        if (a->verdict == VERDICT_ONE && !a->complete)
                buffer_append_text(ret, "  (the verdict does not rest on it: who holds a port throughout "
                                        "leaves no room for another)\n");
        if (a->exporter_count == 0)
                buffer_append_text(
                        ret, "  no log of any exporter that may lend this address is stored around it\n");
        for (size_t i = 0; i < a->exporter_count; i++)
                write_exporter(&a->exporters[i], ret);
}

void answer_write_text(const struct answer_view *view, struct buffer *ret)
{
        const struct answer *a = view->answer;

        write_verdict(view, ret);
        write_attention(view, ret);
        write_question(view, ret);
        write_candidates("Evidence", a->candidates, a->candidate_count, ret);
        write_candidates(
                "Possible, NOT proven - nobody here is the answer", a->possible, a->possible_count, ret);
        write_reasons(a, ret);
        write_coverage(a, ret);
        if (a->candidate_count + a->possible_count > 0)
                buffer_append_u8(ret, '\n');
        timeline_write(view, ret);
}
