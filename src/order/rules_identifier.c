/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier.h"
#include "order/rules_row.h"

#include <inttypes.h>
#include <stdio.h>

static const char *place_of(size_t index, const char *field, char place[MODEL_PATH_MAX])
{
        snprintf(place, MODEL_PATH_MAX, "identifiers[%zu].%s", index, field);
        return place;
}

#define EACH_IDENTIFIER(c, i, identifier)                                                                    \
        for (size_t i = 0; i < (c)->order->identifiers.count; i++)                                           \
                for (const struct identifier *identifier = &(c)->order->identifiers.items[i]; identifier;    \
                        identifier = NULL)

static bool has_address(const struct identifier *identifier)
{
        return identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6 ||
               identifier->kind == IDENTIFIER_IP_RANGE;
}

uint64_t identifier_addresses(const struct identifier *identifier)
{
        uint64_t high = 0, low = 0;

        if (!has_address(identifier))
                return 0;
        if (identifier->kind != IDENTIFIER_IP_RANGE)
                return 1;
        for (int i = 0; i < 8; i++) {
                high = high << 8 | identifier->address_last.bytes[i];
                low = low << 8 | identifier->address_last.bytes[8 + i];
        }
        uint64_t first_high = 0, first_low = 0;
        for (int i = 0; i < 8; i++) {
                first_high = first_high << 8 | identifier->address.bytes[i];
                first_low = first_low << 8 | identifier->address.bytes[8 + i];
        }
        uint64_t borrow = low < first_low;
        low -= first_low;
        high -= first_high + borrow;
        return high != 0 || low == UINT64_MAX ? UINT64_MAX : low + 1;
}

void look_identifier_count(struct rule_case *c)
{
        if (c->order->identifiers.count > c->settings->identifiers_most)
                broken(c, "identifiers", NULL, "%zu identifiers; %zu are laid down as the most for one order",
                        c->order->identifiers.count, c->settings->identifiers_most);
}

void look_range(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                uint64_t addresses = identifier_addresses(identifier);
                if (addresses > c->settings->addresses_most)
                        broken(c, place_of(i, "value", place), identifier,
                                "%s%" PRIu64 " addresses; %" PRIu64 " are laid down as the most",
                                addresses == UINT64_MAX ? "at least " : "", addresses,
                                c->settings->addresses_most);
        }
}

static bool is_span(const struct identifier *identifier)
{
        return identifier->from_ms != TIME_UNKNOWN && identifier->to_ms != TIME_UNKNOWN;
}

static void too_long(struct rule_case *c, const char *place, const struct identifier *identifier,
        int64_t span, int64_t most)
{
        char one[TIME_TEXT_MAX], two[TIME_TEXT_MAX];

        if (span > most)
                broken(c, place, identifier, "asks about %s; %s are laid down as the most",
                        time_format_duration(span, one), time_format_duration(most, two));
}

void look_time(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                if (!is_span(identifier))
                        continue;
                if (identifier->to_ms < identifier->from_ms)
                        broken(c, place_of(i, "to_ms", place), identifier, "it ends before it begins");
                else
                        too_long(c, place_of(i, "to_ms", place), identifier,
                                identifier->to_ms - identifier->from_ms,
                                c->settings->identifier_time_most_ms);
        }
}

void look_order_time(struct rule_case *c)
{
        int64_t from = c->order->data.from_ms, to = c->order->data.to_ms;

        if (from == TIME_UNKNOWN || to == TIME_UNKNOWN)
                return;
        if (to < from)
                broken(c, "data.to_ms", NULL, "the time range ends before it begins");
        else
                too_long(c, "data.to_ms", NULL, to - from, c->settings->time_most_ms);
}

void look_kinds_of_data(struct rule_case *c)
{
        unsigned traffic = (unsigned)__builtin_popcountll(c->order->data.traffic);
        unsigned content = (unsigned)__builtin_popcountll(c->order->data.content);

        if (traffic > c->settings->traffic_kinds_most)
                broken(c, "data.traffic", NULL, "%u kinds of traffic data; %u are laid down as the most",
                        traffic, c->settings->traffic_kinds_most);
        if (content > c->settings->content_kinds_most)
                broken(c, "data.content", NULL, "%u kinds of content; %u are laid down as the most", content,
                        c->settings->content_kinds_most);
}

void look_inside(struct rule_case *c)
{
        const struct data_wish *data = &c->order->data;
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                if (identifier->categories & ~data->categories)
                        broken(c, place_of(i, "categories", place), identifier,
                                "asks for a category that section F does not name");
                if ((data->from_ms != TIME_UNKNOWN && identifier->from_ms != TIME_UNKNOWN &&
                            identifier->from_ms < data->from_ms) ||
                        (data->to_ms != TIME_UNKNOWN && identifier->to_ms != TIME_UNKNOWN &&
                                identifier->to_ms > data->to_ms))
                        broken(c, place_of(i, "from_ms", place), identifier,
                                "its time lies outside of the order's time range");
        }
}

void look_future(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];
        int64_t limit = c->facts->now_ms + c->settings->future_ms;

        EACH_IDENTIFIER(c, i, identifier)
        if (identifier->to_ms != TIME_UNKNOWN && identifier->to_ms > limit)
                broken(c, place_of(i, "to_ms", place), identifier,
                        "asks about a time that has not come yet: data still to come are intercepted, not "
                        "produced");
        if (c->order->data.to_ms != TIME_UNKNOWN && c->order->data.to_ms > limit)
                broken(c, "data.to_ms", NULL, "the time range ends in the future");
}

void look_needs_time(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                if (!has_address(identifier))
                        continue;
                if (!is_span(identifier))
                        broken(c, place_of(i, "from_ms", place), identifier,
                                "an address is somebody else's at every moment; state the time, with its "
                                "offset from UTC");
                else if (identifier->offset_s == MODEL_UNSTATED || !identifier->stated_time)
                        broken(c, place_of(i, "offset_s", place), identifier,
                                "the time has no offset from UTC, or not the words of its source");
        }
}

/* Is it known not to be shared? IPv6 is lent whole; IPv4 where the provider says so. */
static bool may_be_shared(const struct rule_case *c, const struct identifier *identifier)
{
        if (identifier->kind == IDENTIFIER_IPV6)
                return false;
        if (identifier->kind == IDENTIFIER_IP_RANGE && !address_is_ipv4(&identifier->address))
                return false;
        if (c->settings->shared_unknown)
                return true;
        for (size_t i = 0; i < c->settings->shared_count; i++) {
                const struct prefix *shared = &c->settings->shared[i];
                struct prefix around = prefix_of(&identifier->address, shared->length);
                bool range = identifier->kind == IDENTIFIER_IP_RANGE;
                /* a range that begins before a shared prefix may still reach into it */
                if (address_compare(&around.address, &shared->address) == 0 ||
                        (range && address_compare(&identifier->address, &shared->address) <= 0 &&
                                address_compare(&identifier->address_last, &shared->address) >= 0))
                        return true;
        }
        return false;
}

void look_port(struct rule_case *c)
{
        enum severity severity = c->settings->portless_stops ? SEVERITY_STOP : SEVERITY_WARNING;
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                if (!has_address(identifier) || !may_be_shared(c, identifier))
                        continue;
                if (identifier->source_port == MODEL_UNSTATED)
                        broken_milder(c, severity, place_of(i, "source_port", place), identifier,
                                "no source port: behind a NAT many customers share the address at the same "
                                "moment; ask "
                                "the source for it");
                else if (identifier->protocol == MODEL_UNSTATED)
                        broken_milder(c, SEVERITY_WARNING, place_of(i, "protocol", place), identifier,
                                "no protocol: the same port number of TCP and of UDP may be two customers'");
        }
}

void look_entry(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                if (identifier->entry != ENTRY_RETYPED)
                        continue;
                if (!*identifier->typed_by || !*identifier->compared_by)
                        broken(c, place_of(i, "compared_by", place), identifier,
                                "typed by hand, and nobody has compared it with the source");
                else if (strcmp(identifier->typed_by, identifier->compared_by) == 0)
                        broken(c, place_of(i, "compared_by", place), identifier,
                                "typed and compared by one and the same person");
        }
}

void look_source(struct rule_case *c)
{
        static const uint8_t none[MODEL_DIGEST_BYTES];
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        {
                const struct identifier_source *source = &identifier->source;
                if (identifier->entry == ENTRY_PASTED &&
                        (memcmp(source->digest, none, sizeof none) == 0 || !source->excerpt ||
                                source->place < 0 || source->length < 1))
                        broken(c, place_of(i, "source", place), identifier,
                                "the digest of its source, the place in it, or its words are missing");
        }
}

void look_clock_change(struct rule_case *c)
{
        const enum identifier_warning clocks[] = {
                WARNING_DST_OVERLAP, WARNING_DST_GAP, WARNING_ZONE_DISAGREES};
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++)
                if (identifier->warnings & WORD_BIT(clocks[k]))
                        broken(c, place_of(i, "stated_time", place), identifier, "%s: %s",
                                identifier->stated_time ? identifier->stated_time : "-",
                                word_meaning(&identifier_warning_words, clocks[k]));
}

void look_special(struct rule_case *c)
{
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        if (has_address(identifier) && address_is_special(&identifier->address))
                broken(c, place_of(i, "address", place), identifier, "%s",
                        word_meaning(&identifier_warning_words, WARNING_SPECIAL_ADDRESS));
}

void look_warnings(struct rule_case *c)
{
        const uint64_t told = WORD_BIT(WARNING_NO_PORT) | WORD_BIT(WARNING_NO_PROTOCOL) |
                              WORD_BIT(WARNING_DST_OVERLAP) | WORD_BIT(WARNING_DST_GAP) |
                              WORD_BIT(WARNING_ZONE_DISAGREES) | WORD_BIT(WARNING_SPECIAL_ADDRESS) |
                              WORD_BIT(WARNING_NO_TIME);
        char place[MODEL_PATH_MAX];

        EACH_IDENTIFIER(c, i, identifier)
        for (size_t k = 0; k < identifier_warning_words.count; k++) {
                const struct word *word = &identifier_warning_words.words[k];
                if (identifier->warnings & WORD_BIT(word->value) & ~told)
                        broken(c, place_of(i, "warnings", place), identifier, "%s", word->meaning);
        }
}

void look_all_holders(struct rule_case *c)
{
        if (is_production(c) && c->order->data.all_holders == STATED_YES)
                broken(c, "data.all_holders", NULL,
                        "where several held an address all of them are named, and all but one are not "
                        "concerned");
}

void look_one_hit(struct rule_case *c)
{
        size_t addresses = 0;

        EACH_IDENTIFIER(c, i, identifier) addresses += has_address(identifier);
        if (is_production(c) && addresses == 1 && c->order->identifiers.count == 1)
                broken(c, "identifiers", &c->order->identifiers.items[0],
                        "one address at one time is all that leads to a person: ask for further times, or "
                        "seek other "
                        "evidence before anybody is searched or charged");
}
