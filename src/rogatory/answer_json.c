/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as the JSON object of doc/format/answer.schema.json. */
#include "rogatory/answer_view.h"
#include "rogatory/question_text.h"
#include "rogatory/terminal.h"

static json_t *json_time(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

static json_t *json_address(const struct address *address)
{
        char text[ADDRESS_TEXT_MAX];

        return address_is_none(address) ? json_null() : json_string(address_format(address, text));
}

static json_t *json_known(int value)
{
        return value < 0 ? json_null() : json_integer(value);
}

static json_t *json_text(const char *text)
{
        return text[0] ? json_foreign(text) : json_null();
}

static json_t *json_offset(int32_t offset)
{
        return offset == OFFSET_UNKNOWN ? json_null() : json_integer(offset);
}

static json_t *reasons_to_json(unsigned reasons)
{
        json_t *list = json_array();

        for (unsigned i = 0; i < REASON_COUNT; i++)
                if (reasons & (1u << i))
                        json_array_append_new(list, json_string(reason_code((enum reason)i)));
        return list;
}

/* --- Candidates
 * ------------------------------------------------------------------------------------------------- */

static json_t *lease_to_json(const struct answer_candidate *c)
{
        char text[ADDRESS_TEXT_MAX];

        if (!c->has_lease)
                return json_null();
        return json_pack("{s:s, s:o, s:s, s:o, s:s}", "prefix", prefix_format(&c->lease_prefix, text), "from",
                json_time(c->lease_from_ms), "from_edge", edge_name(c->lease_from_edge), "to",
                json_time(c->lease_to_ms), "to_edge", edge_name(c->lease_to_edge));
}

static json_t *destination_to_json(const struct address *address, int port)
{
        if (address_is_none(address))
                return json_null();
        return json_pack("{s:o, s:o}", "address", json_address(address), "port", json_known(port));
}

static json_t *protocol_to_json(int protocol)
{
        char text[PROTOCOL_TEXT_MAX];

        return protocol > 0 ? json_string(protocol_format_code(protocol, text)) : json_null();
}

static json_t *candidate_to_json(const struct answer_candidate *c)
{
        json_t *margin = c->margin_ms == TIME_UNKNOWN ? json_null() : json_integer(c->margin_ms);
        json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o}", "subscriber",
                json_text(c->subscriber), "inside_address", json_address(&c->inside), "inside_port",
                json_known(c->inside_port), "realm", json_text(c->realm), "exporter", json_text(c->exporter),
                "from", json_time(c->from_ms), "from_edge", edge_name(c->from_edge), "to",
                json_time(c->to_ms), "to_edge", edge_name(c->to_edge), "margin_ms", margin, "record",
                json_text(c->record));
        json_t *more = json_pack("{s:o, s:s, s:o, s:{s:i, s:i}, s:o, s:I, s:o, s:o}", "clock_offset_ms",
                json_offset(c->clock_offset_ms), "kind", holding_name(c), "protocol",
                protocol_to_json(c->protocol), "outside_ports", "first", c->port_first, "last", c->port_last,
                "destination", destination_to_json(&c->destination, c->destination_port), "vrf",
                (json_int_t)c->vrf, "lease", lease_to_json(c), "reasons", reasons_to_json(c->reasons));

        if (!object || json_object_update_new(object, more) < 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}

static json_t *candidates_to_json(const struct answer_candidate *candidates, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                if (json_array_append_new(list, candidate_to_json(&candidates[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

/* --- Coverage
 * --------------------------------------------------------------------------------------------------- */

static json_t *gaps_to_json(unsigned gap_reasons)
{
        json_t *list = json_array();

        for (unsigned i = 0; i < GAP_REASON_COUNT; i++)
                if (gap_reasons & (1u << i))
                        json_array_append_new(list, json_string(gap_name((enum gap_reason)i)));
        return list;
}

static json_t *coverage_to_json(const struct answer *answer)
{
        json_t *exporters = json_array();

        for (size_t i = 0; i < answer->exporter_count; i++) {
                const struct answer_exporter *e = &answer->exporters[i];
                json_array_append_new(exporters,
                        json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "realm", json_text(e->realm),
                                "exporter", json_text(e->name), "whole", e->whole, "heard_from",
                                json_time(e->heard_from_ms), "heard_to", json_time(e->heard_to_ms),
                                "clock_offset_ms", json_offset(e->clock_offset_ms), "gaps",
                                gaps_to_json(e->gap_reasons)));
        }
        return json_pack("{s:b, s:o, s:o, s:o}", "complete", answer->complete, "from",
                json_time(answer->from_ms), "to", json_time(answer->to_ms), "exporters", exporters);
}

/* --- The answer
 * ------------------------------------------------------------------------------------------------- */

/* The object that stands in the record of access, with the protocol by its name. */
static json_t *question_to_json(const struct question *question)
{
        struct buffer text = buffer_make(ACCESS_LINE_MAX);
        json_t *object = NULL;

        if (question_write_json(question, &text) == 0)
                object = json_loadb((const char *)text.bytes, text.length, 0, NULL);
        buffer_free(&text);
        if (object && json_object_set_new(object, "protocol", protocol_to_json(question->protocol)) < 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}

static json_t *time_to_json(const struct answer_view *view)
{
        char local[TIME_TEXT_MAX];
        int64_t at = view->answer->question.at_ms;
        int offset = view->zone ? zone_offset(view->zone, at) : 0;
        bool twice = view->zone && zone_is_ambiguous(view->zone, at);

        return json_pack("{s:o, s:o, s:s, s:s, s:b}", "given",
                json_stringn(view->time_given.text, view->time_given.length), "utc", json_time(at), "local",
                time_format_offset(at, offset, local), "zone", view->zone ? zone_name(view->zone) : "UTC",
                "local_time_came_twice", twice);
}

json_t *answer_to_json(const struct answer_view *view)
{
        const struct answer *a = view->answer;

        return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "question",
                question_to_json(&a->question), "verdict", verdict_name(a->verdict), "reasons",
                reasons_to_json(a->reasons), "candidates",
                candidates_to_json(a->candidates, a->candidate_count), "possible",
                candidates_to_json(a->possible, a->possible_count), "coverage", coverage_to_json(a), "realm",
                json_text(a->realm), "time", time_to_json(view));
}
