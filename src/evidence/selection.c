/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/selection.h"

#include "nat/attribution.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

json_t *selection_utc(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

json_t *selection_local(const struct local_zone *zone, int64_t instant)
{
        char text[TIME_TEXT_MAX];

        if (!zone || instant < TIME_FIRST || instant >= TIME_LIMIT)
                return json_null();
        return json_string(time_format_offset(instant, zone->offset(zone->context, instant), text));
}

json_t *selection_reasons(const json_t *codes)
{
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(codes); i++) {
                const char *code = json_string_value(json_array_get(codes, i)), *sentence = NULL;
                for (unsigned k = 0; k < REASON_COUNT; k++)
                        if (strcmp(reason_code((enum reason)k), code) == 0)
                                sentence = reason_sentence((enum reason)k);
                json_array_append_new(list, json_pack("{s:s, s:s?}", "code", code, "sentence", sentence));
        }
        return list;
}

/* ---- what is ordered of one binding ---- */

/* What of a binding was ordered. A member of which no data category asks stays inside. */
struct permits {
        bool subscriber;  /* who it was, as the store calls him */
        bool person;      /* name and address out of the customer register */
        bool addresses;   /* inside address, prefix of the lease */
        bool ports;       /* inside port, range of outside ports */
        bool destination; /* where it went: traffic data */
};

static bool is_inside(const struct scope *scope, struct scope_record *record, enum data_category category,
        enum scope_fate *ret_fate)
{
        record->category = category;
        *ret_fate = scope_of(scope, record, NULL);
        return *ret_fate == SCOPE_INSIDE;
}

static enum scope_fate permits_of(const struct evidence_case *of, const struct evidence_question *question,
        const struct store_answer *answer, const json_t *candidate, const struct identifier *identifier,
        struct permits *ret)
{
        const json_t *ports = json_object_get(candidate, "outside_ports");
        const json_t *protocol = json_object_get(candidate, "protocol");
        const struct data_wish *data = &of->scope->order->data;
        int64_t before = identifier->from_ms - answer->judged_from_ms,
                after = answer->judged_to_ms - identifier->to_ms;
        struct scope scope = *of->scope;
        struct scope_record record = {.address = question->address,
                .port_first = json_integer_value(json_object_get(ports, "first")),
                .port_last = json_integer_value(json_object_get(ports, "last")),
                .protocol = json_is_null(protocol) ? MODEL_UNSTATED
                                                   : store_answer_protocol(json_string_value(protocol)),
                .from_ms = store_answer_instant(candidate, "from"),
                .to_ms = store_answer_instant(candidate, "to")};
        enum scope_fate fate = SCOPE_OTHER_CATEGORY, by_identity, traffic;

        /* Of this identifier alone: another one that asks for the same address must not let it in under this
         * one's name. A view that is only read. */
        struct identifier only = *identifier;
        struct order alone = *of->scope->order;
        alone.identifiers = (struct identifier_list){.items = &only, .count = 1};
        scope.order = &alone;
        scope.skew_ms = before > after ? before : after;
        bool subscriber = is_inside(&scope, &record, CATEGORY_SUBSCRIBER, &by_identity);
        bool identify = is_inside(&scope, &record, CATEGORY_IDENTIFY_ONLY, &fate);
        bool grave = is_inside(&scope, &record, CATEGORY_TRAFFIC, &traffic);
        bool register_data = subscriber && (data->subscriber & WORD_BIT(SUBSCRIBER_IDENTITY));
        bool user_ids = identify && (data->identification & WORD_BIT(IDENTIFICATION_USER_IDS));
        *ret = (struct permits){.subscriber = register_data || user_ids,
                .person = register_data,
                .addresses = identify && (data->identification & WORD_BIT(IDENTIFICATION_IP_LOGS)),
                .ports = identify && (data->identification & WORD_BIT(IDENTIFICATION_PORTS)),
                .destination = grave && (data->traffic & WORD_BIT(TRAFFIC_CONNECTIONS))};
        if (subscriber || identify || grave)
                return SCOPE_INSIDE;
        return by_identity > fate ? by_identity : fate;
}

/* ---- the window that a record stands in ---- */

/* REALM/nat/FILE#ADDRESS/NUMBER, or the same behind holds/ID/. Realms and files have no '/' in their names.
 */
static bool split_record(const char *record, struct slice *ret_realm, struct slice *ret_file)
{
        struct slice rest = slice_of(record ? record : "");

        *ret_realm = slice_cut(&rest, '/');
        struct slice folder = slice_cut(&rest, '/');
        *ret_file = slice_cut(&rest, '#');
        return slice_is(folder, "nat") && ret_realm->length > 0 && ret_file->length > 0 && rest.length > 0;
}

static size_t window_number(const struct window_list *windows, const char *realm, const char *file)
{
        for (size_t i = 0; i < json_array_size(windows->list); i++) {
                const json_t *one = json_array_get(windows->list, i);
                if (strcmp(json_string_value(json_object_get(one, "realm")), realm) == 0 &&
                        strcmp(json_string_value(json_object_get(one, "file")), file) == 0)
                        return i;
        }
        return SIZE_MAX;
}

static int add_window(struct window_list *windows, const char *realm, const char *file, struct error *error)
{
        struct evidence_window window = {.known = false};
        char digest[DIGEST_TEXT_MAX];
        int r = windows->of->window ? windows->of->window(windows->of->context, realm, file, &window, error)
                                    : 0;

        if (r < 0)
                return r;
        windows->unproven |= !window.known;
        json_t *log = window.known ? json_pack("{s:s, s:I, s:s}", "origin", window.origin, "index",
                                             (json_int_t)window.index, "proof", window.proof)
                                   : json_null();
        json_t *sum = window.known ? json_string(digest_format(window.digest, digest)) : json_null();
        if (json_array_append_new(windows->list, json_pack("{s:s, s:s, s:o, s:o}", "realm", realm, "file",
                                                         file, "sha256", sum, "log", log)) < 0)
                return error_set(error, -ENOMEM, "not enough memory for the windows of an answer");
        return 0;
}

/* Its number in the list of windows, as JSON; null where the record stands in none that is known by name. */
static json_t *window_of(struct window_list *windows, const json_t *candidate, struct error *error)
{
        const char *record = json_string_value(json_object_get(candidate, "record"));
        struct slice realm, file;
        char realm_name[128], file_name[128];

        if (!split_record(record, &realm, &file) || realm.length >= sizeof realm_name ||
                file.length >= sizeof file_name)
                return json_null();
        snprintf(realm_name, sizeof realm_name, "%.*s", (int)realm.length, realm.text);
        snprintf(file_name, sizeof file_name, "%.*s", (int)file.length, file.text);
        size_t number = window_number(windows, realm_name, file_name);
        if (number == SIZE_MAX) {
                if (add_window(windows, realm_name, file_name, error) < 0)
                        return NULL;
                number = json_array_size(windows->list) - 1;
        }
        return json_integer((json_int_t)number);
}

/* ---- one binding ---- */

static json_t *copy_of(const json_t *object, const char *name)
{
        return json_deep_copy(json_object_get(object, name));
}

static json_t *lease_of(const json_t *candidate, const struct permits *permits)
{
        const json_t *lease = json_object_get(candidate, "lease");

        if (json_is_null(lease))
                return json_null();
        json_t *ret = json_pack("{s:o, s:o, s:o, s:o}", "from", copy_of(lease, "from"), "from_edge",
                copy_of(lease, "from_edge"), "to", copy_of(lease, "to"), "to_edge",
                copy_of(lease, "to_edge"));
        if (ret && permits->addresses)
                json_object_set_new(ret, "prefix", copy_of(lease, "prefix"));
        return ret;
}

static const struct evidence_person *person_of(const struct evidence_case *of, const char *subscriber)
{
        for (size_t i = 0; subscriber && i < of->person_count; i++)
                if (strcmp(of->persons[i].subscriber, subscriber) == 0)
                        return &of->persons[i];
        return NULL;
}

static void add_person(
        const struct evidence_case *of, json_t *binding, const char *subscriber, struct selection *selection)
{
        const struct evidence_person *person = person_of(of, subscriber);

        if (!person)
                return;
        json_object_set_new(binding, "person",
                json_pack("{s:s?, s:s?, s:s, s:s}", "name", person->name, "postal_address",
                        person->postal_address, "address_origin",
                        word_name(&address_origin_words,
                                (int)(person->postal_address ? person->origin : ORIGIN_NOT_ANSWERED)),
                        "address_origin_words",
                        word_meaning(&address_origin_words,
                                (int)(person->postal_address ? person->origin : ORIGIN_NOT_ANSWERED))));
        /* Of several origins the least certain one labels the answer. */
        if (person->postal_address &&
                (selection->origin == ORIGIN_NOT_ANSWERED || person->origin > selection->origin))
                selection->origin = person->origin;
}

/* Puts a member in, or its name among those that nobody ordered. */
static void member(
        json_t *binding, json_t *withheld, const json_t *candidate, const char *name, bool permitted)
{
        if (json_is_null(json_object_get(candidate, name)))
                return;
        if (permitted)
                json_object_set_new(binding, name, copy_of(candidate, name));
        else
                json_array_append_new(withheld, json_string(name));
}

static void learn(struct selection *selection, const json_t *candidate)
{
        const json_t *margin = json_object_get(candidate, "margin_ms"),
                     *offset = json_object_get(candidate, "clock_offset_ms"),
                     *lease = json_object_get(candidate, "lease");
        const char *exporter = json_string_value(json_object_get(candidate, "exporter")),
                   *realm = json_string_value(json_object_get(candidate, "realm"));

        if (json_is_integer(margin) &&
                (selection->margin_ms == MODEL_UNSTATED || json_integer_value(margin) < selection->margin_ms))
                selection->margin_ms = json_integer_value(margin);
        if (json_is_integer(offset) &&
                (selection->clock_offset_ms == MODEL_UNSTATED ||
                        llabs(json_integer_value(offset)) > llabs(selection->clock_offset_ms)))
                selection->clock_offset_ms = json_integer_value(offset);
        if (!json_is_null(lease)) {
                int64_t from = store_answer_instant(lease, "from"), to = store_answer_instant(lease, "to");
                if (from != TIME_UNKNOWN &&
                        (selection->lease_from_ms == TIME_UNKNOWN || from > selection->lease_from_ms))
                        selection->lease_from_ms = from;
                if (to != TIME_UNKNOWN &&
                        (selection->lease_to_ms == TIME_UNKNOWN || to < selection->lease_to_ms))
                        selection->lease_to_ms = to;
        }
        if (!selection->clock_source[0])
                snprintf(selection->clock_source, sizeof selection->clock_source,
                        exporter ? "clock of the exporter %.100s of the realm %.100s"
                                 : "clock of the lease log%.0s of the realm %.100s",
                        exporter ? exporter : "", realm ? realm : "-");
}

static json_t *binding_of(const struct evidence_case *of, const json_t *candidate,
        const struct permits *permits, struct selection *selection, struct window_list *windows,
        struct error *error)
{
        static const char *const always[] = {"realm", "exporter", "from", "from_edge", "to", "to_edge",
                "margin_ms", "record", "clock_offset_ms", "kind", "protocol"};
        json_t *binding = json_object(), *withheld = json_array();
        json_t *window = window_of(windows, candidate, error), *lease = lease_of(candidate, permits);

        if (!binding || !withheld || !window || !lease) {
                json_decref(binding);
                json_decref(withheld);
                json_decref(window);
                json_decref(lease);
                if (!error || !error->code)
                        error_set(error, -ENOMEM, "not enough memory for a binding");
                return NULL;
        }
        for (size_t i = 0; i < sizeof always / sizeof *always; i++)
                json_object_set_new(binding, always[i], copy_of(candidate, always[i]));
        member(binding, withheld, candidate, "subscriber", permits->subscriber);
        member(binding, withheld, candidate, "inside_address", permits->addresses);
        member(binding, withheld, candidate, "inside_port", permits->ports);
        member(binding, withheld, candidate, "outside_ports", permits->ports);
        member(binding, withheld, candidate, "destination", permits->destination);
        if (permits->person)
                add_person(of, binding, json_string_value(json_object_get(binding, "subscriber")), selection);
        json_object_set_new(
                binding, "from_local", selection_local(of->zone, store_answer_instant(candidate, "from")));
        json_object_set_new(
                binding, "to_local", selection_local(of->zone, store_answer_instant(candidate, "to")));
        json_object_set_new(binding, "lease", lease);
        json_object_set_new(binding, "window", window);
        json_object_set_new(binding, "reasons", selection_reasons(json_object_get(candidate, "reasons")));
        json_object_set_new(binding, "not_ordered", withheld);
        const json_t *margin = json_object_get(candidate, "margin_ms");
        json_object_set_new(binding, "near_edge",
                json_boolean(json_is_integer(margin) && json_integer_value(margin) < of->near_edge_ms));
        selection->subscribers += json_object_get(binding, "subscriber") != NULL;
        selection->named +=
                json_object_get(binding, "subscriber") || json_object_get(binding, "inside_address");
        selection->bindings++;
        learn(selection, candidate);
        return binding;
}

/* ---- the finding ---- */

static json_t *coverage_of(const struct store_answer *answer)
{
        static const char *const members[] = {
                "realm", "exporter", "whole", "heard_from", "heard_to", "clock_offset_ms", "gaps"};
        const json_t *exporters = json_object_get(answer->coverage, "exporters");
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(exporters); i++) {
                json_t *one = json_object();
                for (size_t k = 0; k < sizeof members / sizeof *members; k++)
                        json_object_set_new(
                                one, members[k], copy_of(json_array_get(exporters, i), members[k]));
                json_array_append_new(list, one);
        }
        return json_pack("{s:o, s:o, s:o, s:o}", "complete", copy_of(answer->coverage, "complete"), "from",
                copy_of(answer->coverage, "from"), "to", copy_of(answer->coverage, "to"), "exporters", list);
}

static int add_bindings(const struct evidence_case *of, const struct evidence_question *question,
        const struct store_answer *answer, struct selection *selection, struct window_list *windows,
        json_t *bindings, struct error *error)
{
        for (size_t i = 0; i < json_array_size(answer->candidates); i++) {
                const json_t *candidate = json_array_get(answer->candidates, i);
                struct permits permits;
                enum scope_fate fate =
                        permits_of(of, question, answer, candidate, selection->identifier, &permits);
                if (fate != SCOPE_INSIDE) {
                        selection->withheld[fate]++;
                        continue;
                }
                json_t *binding = binding_of(of, candidate, &permits, selection, windows, error);
                if (!binding || json_array_append_new(bindings, binding) < 0)
                        return error && error->code
                                       ? error->code
                                       : error_set(error, -ENOMEM, "not enough memory for evidence");
        }
        return 0;
}

static size_t holders_of(const struct store_answer *answer)
{
        if (answer->verdict == VERDICT_OF_ONE)
                return 1; /* several bindings of one person */
        return answer->verdict == VERDICT_OF_SEVERAL ? json_array_size(answer->candidates)
                                                     : json_array_size(answer->possible);
}

json_t *selection_finding(const struct evidence_case *of, const struct evidence_question *question,
        const struct store_answer *answer, struct selection *selection, struct window_list *windows,
        struct error *error)
{
        json_t *bindings = json_array();
        char address[ADDRESS_TEXT_MAX], protocol[PROTOCOL_NAME_MAX];

        /* Of an answer that may name nobody no binding leaves at all: an inside address, an edge or a record
         * that two answers share tells whom it is about. */
        if (selection->may_name &&
                add_bindings(of, question, answer, selection, windows, bindings, error) < 0) {
                json_decref(bindings);
                return NULL;
        }
        selection->holders += (int64_t)holders_of(answer);
        if (answer->judged_from_ms < selection->judged_from_ms || selection->judged_from_ms == TIME_UNKNOWN)
                selection->judged_from_ms = answer->judged_from_ms;
        if (answer->judged_to_ms > selection->judged_to_ms || selection->judged_to_ms == TIME_UNKNOWN)
                selection->judged_to_ms = answer->judged_to_ms;
        int64_t half = (selection->identifier->to_ms - selection->identifier->from_ms + 1) / 2;
        int64_t uncertainty = answer->skew_ms > half ? answer->skew_ms - half : 0;
        selection->uncertainty_ms =
                uncertainty > selection->uncertainty_ms ? uncertainty : selection->uncertainty_ms;
        json_t *finding = json_pack("{s:{s:s, s:o, s:o, s:o, s:I}, s:s, s:o, s:I, s:o, s:o, s:o}", "question",
                "address", address_format(&question->address, address), "port",
                question->port < 0 ? json_null() : json_integer(question->port), "protocol",
                question->protocol < 0
                        ? json_null()
                        : json_string(store_answer_protocol_name(question->protocol, protocol)),
                "at", selection_utc(question->at_ms), "skew_ms", (json_int_t)answer->skew_ms, "verdict",
                word_name(&answer_verdict_words, answer->verdict), "reasons",
                selection_reasons(json_object_get(answer->tree, "reasons")), "holders",
                (json_int_t)holders_of(answer), "bindings", bindings, "coverage", coverage_of(answer),
                "realm", copy_of(answer->tree, "realm"));
        if (!finding)
                error_set(error, -ENOMEM, "not enough memory for a finding");
        return finding;
}
