/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EVIDENCE_SCENE_TEST_H
#define ROGATORY_EVIDENCE_SCENE_TEST_H

/* Answers of a store for tests, in the shape of doc/format/answer.schema.json. */

#include "evidence/evidence.h"
#include "order/order_example_test.h"

/* One candidate of the endpoint asked. NULL texts are null. */
struct scene_candidate {
        const char *subscriber, *inside_address;
        int64_t from_ms, to_ms;
        int first, last; /* outside ports */
        const char *destination;
        const char *record;
        int64_t margin_ms, lease_from_ms, lease_to_ms;
};

__attribute__((unused)) static json_t *scene_time(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

__attribute__((unused)) static json_t *scene_candidate_object(const struct scene_candidate *c)
{
        json_t *lease = c->lease_from_ms == 0
                                ? json_null()
                                : json_pack("{s:s, s:o, s:s, s:o, s:s}", "prefix", "100.64.0.3", "from",
                                          scene_time(c->lease_from_ms), "from_edge", "observed", "to",
                                          scene_time(c->lease_to_ms), "to_edge", "observed");
        json_t *destination = c->destination ? json_pack("{s:s, s:i}", "address", c->destination, "port", 443)
                                             : json_null();

        return json_pack("{s:s?, s:s?, s:i, s:s, s:s, s:o, s:s, s:o, s:s, s:I, s:s?, s:i, s:s, s:s, "
                         "s:{s:i, s:i}, s:o, s:i, s:o, s:[]}",
                "subscriber", c->subscriber, "inside_address", c->inside_address, "inside_port", 5000,
                "realm", "east", "exporter", "cgn-1", "from", scene_time(c->from_ms), "from_edge", "observed",
                "to", scene_time(c->to_ms), "to_edge", "observed", "margin_ms", (json_int_t)c->margin_ms,
                "record", c->record, "clock_offset_ms", -40, "kind", "session", "protocol", "tcp",
                "outside_ports", "first", c->first, "last", c->last, "destination", destination, "vrf", 0,
                "lease", lease, "reasons");
}

/* The answer as text (free). */
__attribute__((unused)) static char *scene_answer(const struct evidence_question *q, const char *verdict,
        const struct scene_candidate *candidates, size_t count)
{
        bool proven = strcmp(verdict, "one") == 0 || strcmp(verdict, "several") == 0;
        int64_t skew = q->skew_ms > 0 ? q->skew_ms : 2000;
        char address[ADDRESS_TEXT_MAX];
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, scene_candidate_object(&candidates[i]));
        json_t *answer = json_pack("{s:{s:s, s:o, s:o, s:o, s:I, s:o}, s:s, s:[s], s:o, s:o, s:{s:b, s:o, "
                                   "s:o, s:[{s:s, s:s, s:b, "
                                   "s:o, s:o, s:i, s:[]}]}, s:s, s:{s:s}}",
                "question", "address", address_format(&q->address, address), "port",
                q->port < 0 ? json_null() : json_integer(q->port), "protocol",
                q->protocol == 6 ? json_string("tcp") : json_null(), "at", scene_time(q->at_ms), "skew_ms",
                (json_int_t)skew, "dest", json_null(), "verdict", verdict, "reasons",
                proven ? "proven" : "log-gap", "candidates", proven ? list : json_array(), "possible",
                proven ? json_array() : list, "coverage", "complete", 1, "from", scene_time(q->at_ms - skew),
                "to", scene_time(q->at_ms + skew), "exporters", "realm", "east", "exporter", "cgn-1", "whole",
                1, "heard_from", scene_time(q->at_ms - TIME_DAY), "heard_to", scene_time(q->at_ms + TIME_DAY),
                "clock_offset_ms", -40, "gaps", "realm", "east", "time", "given", "-");
        if (!answer)
                abort();
        char *text = json_dumps(answer, JSON_COMPACT);
        json_decref(answer);
        return text;
}

/* A binding over the time asked, an hour to either side. */
__attribute__((unused)) static struct scene_candidate scene_holder(
        const struct evidence_question *q, const char *subscriber, const char *inside)
{
        return (struct scene_candidate){.subscriber = subscriber,
                .inside_address = inside,
                .from_ms = q->at_ms - TIME_HOUR,
                .to_ms = q->at_ms + TIME_HOUR,
                .first = q->port < 0 ? 0 : q->port,
                .last = q->port < 0 ? 65535 : q->port,
                .record = "east/nat/20261111T10Z.000002.seg#198.51.100.7/17",
                .margin_ms = TIME_HOUR,
                .lease_from_ms = q->at_ms - TIME_DAY,
                .lease_to_ms = q->at_ms + TIME_DAY};
}

__attribute__((unused)) static int scene_window(void *context, const char *realm, const char *file,
        struct evidence_window *ret_window, struct error *error)
{
        (void)context;
        (void)realm;
        (void)file;
        (void)error;
        *ret_window = (struct evidence_window){
                .known = true, .origin = "node.example/log", .index = 7, .proof = "c2sp.org/tlog-proof@v1\n"};
        memset(ret_window->digest, 0xab, sizeof ret_window->digest);
        return 0;
}

__attribute__((unused)) static int scene_offset(void *context, int64_t instant)
{
        (void)context;
        (void)instant;
        return 3600;
}
static const struct local_zone scene_zone = {.name = "Europe/Vienna", .offset = scene_offset};

__attribute__((unused)) static struct evidence_case scene_case(const struct scope *scope)
{
        return (struct evidence_case){.scope = scope,
                .order_id = EXAMPLE_ORDER_ID,
                .provider = "ie-carrier",
                .authority = "at-prosecution-vienna",
                .prepared_by = "desk@ie-carrier",
                .made_ms = EXAMPLE_NOW,
                .zone = &scene_zone,
                .near_edge_ms = 60000,
                .program = "rogatory 0.2.0",
                .base = "https://ie-carrier.example/kb/",
                .window = scene_window};
}

#endif
