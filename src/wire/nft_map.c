/* SPDX-License-Identifier: EUPL-1.2 */
/* Maps of nftables that give each inside address an outside address and ports, as nft 1.0 lists them:
 *
 *   map blocks {
 *           type ipv4_addr : interval ipv4_addr . inet_service
 *           flags interval
 *           elements = { 100.64.0.1 : 203.0.113.1 . 1024-2047, ... }
 *   }
 *
 * nft(8), "MAPS". Other maps and everything else in a ruleset is stepped over. */
#include "wire/plan_source.h"
#include "wire/plan_word.h"

#include <stdio.h>

/* --- Values --- */

#define TEXT(slice) (slice).length > 40 ? 40 : (int)(slice).length, (slice).length ? (slice).text : ""

static int ipv4_parse(struct slice text, uint32_t *ret, struct error *error)
{
        struct address address;
        int r = address_parse(text, &address, error);

        if (r < 0)
                return r;
        if (!address_is_ipv4(&address))
                return error_set(error, -EINVAL, "\"%.*s\" is not an IPv4 address", TEXT(text));
        *ret = address_ipv4(&address);
        return 0;
}

int ipv4_range_parse(struct slice text, uint32_t *ret_first, uint32_t *ret_last, struct error *error)
{
        struct slice rest = text, first = slice_cut(&rest, '-');
        uint32_t from, to;

        if (first.length < text.length) {
                int r = ipv4_parse(first, &from, error);
                if (r == 0)
                        r = ipv4_parse(rest, &to, error);
                if (r < 0)
                        return r;
                if (to < from)
                        return error_set(error, -EINVAL, "the range %.*s ends before it begins", TEXT(text));
        } else {
                struct prefix prefix;
                int r = prefix_parse(text, &prefix, error);
                if (r < 0)
                        return r;
                if (prefix.length < 96 || !address_is_ipv4(&prefix.address))
                        return error_set(error, -EINVAL, "\"%.*s\" is not IPv4", TEXT(text));
                from = address_ipv4(&prefix.address);
                to = from | (uint32_t)((UINT64_C(1) << (128 - prefix.length)) - 1);
        }
        *ret_first = from;
        *ret_last = to;
        return 0;
}

int port_range_parse(struct slice text, uint16_t *ret_first, uint16_t *ret_last, struct error *error)
{
        struct slice rest = text, first = slice_cut(&rest, '-');
        bool is_range = first.length < text.length;
        uint64_t from, to;

        if (slice_number(first, UINT16_MAX, &from) < 0 ||
                (is_range && slice_number(rest, UINT16_MAX, &to) < 0))
                return error_set(error, -EINVAL, "\"%.*s\" is no port and no range of ports", TEXT(text));
        to = is_range ? to : from;
        if (to < from)
                return error_set(error, -EINVAL, "the ports %.*s end before they begin", TEXT(text));
        *ret_first = (uint16_t)from;
        *ret_last = (uint16_t)to;
        return 0;
}

int nft_element_deliver(const struct nft_element *e, const struct plan_row *pattern,
        const struct decode_sink *sink, struct error *error)
{
        struct address inside = address_from_ipv4(e->inside_first);
        struct plan_row row = {.from_ms = pattern->from_ms,
                .to_ms = pattern->to_ms,
                .outside = e->outside_first,
                .port_first = e->port_first,
                .port_last = e->port_last,
                .repeat_count = 1,
                .protocol = pattern->protocol,
                .is_dynamic = e->inside_first != e->inside_last};

        if (e->outside_first != e->outside_last && (uint64_t)e->outside_last - e->outside_first > 65535)
                return error_set(error, -EINVAL, "more than 65536 outside addresses in one element");
        if (!row.is_dynamic) {
                row.inside = prefix_of(&inside, 128);
                row.vrf = pattern->vrf;
        }
        for (uint64_t outside = e->outside_first; outside <= e->outside_last; outside++) {
                row.outside = (uint32_t)outside;
                int r = plan_row_check(&row, error);
                if (r == 0 && sink->plan)
                        r = sink->plan(sink->context, &row);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- Elements --- */

/* How a map's value is written. */
enum map_order { NOT_A_PLAN, ADDRESS_FIRST, PORT_FIRST };

struct element_words {
        struct slice key, value[2]; /* address and port, or port and address */
        unsigned values;
        uint64_t line;
        bool has_value, is_strange;
};

/* Words of one element, up to its comma or the closing brace. Behind the key may stand a counter, a timeout
 * or a comment, which say nothing here. */
static enum word_kind take_element(struct word_reader *reader, struct element_words *ret)
{
        struct plan_word word;

        *ret = (struct element_words){0};
        for (;;) {
                word = word_next_solid(reader);
                if (word.kind != WORD_TEXT && word.kind != WORD_QUOTED)
                        return word.kind;
                if (ret->key.length == 0) {
                        ret->line = word.line;
                        ret->key = word.text;
                        ret->is_strange = word.kind == WORD_QUOTED;
                } else if (!ret->has_value) {
                        ret->has_value = word.kind == WORD_TEXT && slice_is(word.text, ":");
                        /* "a . b": the key is a concatenation */
                        ret->is_strange |= word.kind == WORD_TEXT && slice_is(word.text, ".");
                } else if (word.kind == WORD_QUOTED || slice_is(word.text, ".") != (ret->values % 2 == 1)) {
                        ret->is_strange = true;
                } else {
                        if (ret->values % 2 == 0 && ret->values / 2 < 2)
                                ret->value[ret->values / 2] = word.text;
                        ret->values++;
                }
        }
}

static int deliver(const struct element_words *words, enum map_order order, const struct plan_row *pattern,
        const struct decode_sink *sink, struct error *error)
{
        struct nft_element e;
        struct slice outside = words->value[order == PORT_FIRST], port = words->value[order == ADDRESS_FIRST];

        if (words->is_strange || words->values != 3)
                return error_set(error, -EINVAL,
                        "an element is not written as INSIDE : OUTSIDE . PORTS (\"%.*s\")", TEXT(words->key));
        int r = ipv4_range_parse(words->key, &e.inside_first, &e.inside_last, error);
        if (r == 0)
                r = ipv4_range_parse(outside, &e.outside_first, &e.outside_last, error);
        if (r == 0)
                r = port_range_parse(port, &e.port_first, &e.port_last, error);
        return r < 0 ? r : nft_element_deliver(&e, pattern, sink, error);
}

/* A listing while it is read. */
struct nft_reading {
        struct word_reader words;
        const struct plan_row *pattern;
        const struct decode_sink *sink;
        uint64_t used;
        unsigned maps; /* that give hosts ports, and have elements */
};

/* The content of "elements = { ... }", behind the opening brace. Which rule uses a map, and for which
 * protocol, stands elsewhere: of two maps one may be for UDP alone, or no longer used, and read together
 * they would name somebody for the other's ports. */
static int take_elements(struct nft_reading *n, enum map_order order, struct slice name)
{
        struct element_words words;
        enum word_kind end;

        if (n->maps++) {
                plan_source_refuse(n->sink, REFUSAL_CONTRADICTION, n->words.line,
                        "%.*s is a second map that gives hosts ports; list one at a time (nft list map ...), "
                        "each with the protocol of its rule",
                        TEXT(name));
                word_skip_block(&n->words);
                return 0;
        }
        do {
                struct error error = {0};
                end = take_element(&n->words, &words);
                if (end != WORD_COMMA && end != WORD_CLOSE) {
                        plan_source_refuse(n->sink, REFUSAL_TRUNCATED, n->words.line,
                                "the elements of a map do not end; the listing may be cut off");
                        return 0;
                }
                if (words.key.length == 0 && end == WORD_CLOSE)
                        break;
                int r = deliver(&words, order, n->pattern, n->sink, &error);
                if (r < 0 && !error.text[0])
                        return r;
                if (r < 0)
                        plan_source_refuse(n->sink, REFUSAL_BAD_VALUE, words.line, "%s", error.text);
                else
                        n->used++;
        } while (end == WORD_COMMA);
        return 0;
}

/* --- Maps --- */

/* The words of "type K : V" or "typeof K : V", up to the end of the line. */
static enum map_order take_type(struct word_reader *reader)
{
        struct slice parts[2][8] = {{{0}}};
        size_t counts[2] = {0, 0};
        unsigned side = 0;

        for (struct plan_word word = word_next(reader); word.kind == WORD_TEXT; word = word_next(reader)) {
                if (slice_is(word.text, ":") && side == 0)
                        side = 1;
                else if (slice_is(word.text, "interval") && side == 1)
                        continue;
                else if (counts[side] < 8)
                        parts[side][counts[side]++] = word.text;
        }
        bool plain = counts[0] == 1 && slice_is(parts[0][0], "ipv4_addr");
        bool field = counts[0] == 2 && slice_is(parts[0][0], "ip") && slice_is(parts[0][1], "saddr");
        if (plain && counts[1] == 3 && slice_is(parts[1][1], ".")) {
                if (slice_is(parts[1][0], "ipv4_addr") && slice_is(parts[1][2], "inet_service"))
                        return ADDRESS_FIRST;
                if (slice_is(parts[1][0], "inet_service") && slice_is(parts[1][2], "ipv4_addr"))
                        return PORT_FIRST;
        }
        if (field && counts[1] == 5 && slice_is(parts[1][2], ".")) { /* ip saddr . tcp sport, or so */
                if (slice_is(parts[1][0], "ip"))
                        return ADDRESS_FIRST;
                if (slice_is(parts[1][3], "ip"))
                        return PORT_FIRST;
        }
        return NOT_A_PLAN;
}

static void note_other_map(const struct decode_sink *sink, struct slice name)
{
        char sentence[ERROR_TEXT_MAX];

        if (!sink->noted)
                return;
        snprintf(sentence, sizeof sentence,
                "map %.*s gives no inside address an outside address and ports, and is not read", TEXT(name));
        sink->noted(sink->context, sentence);
}

/* Behind "map NAME {". */
static int take_map(struct nft_reading *n, struct slice name)
{
        enum map_order order = NOT_A_PLAN;
        int r = 0;

        while (r == 0) {
                struct plan_word word = word_next_solid(&n->words);
                if (word.kind == WORD_END) {
                        plan_source_refuse(n->sink, REFUSAL_TRUNCATED, n->words.line,
                                "the map %.*s does not end; the listing may be cut off", TEXT(name));
                        return 0;
                }
                if (word.kind == WORD_CLOSE)
                        break;
                if (word.kind == WORD_TEXT && (slice_is(word.text, "type") || slice_is(word.text, "typeof")))
                        order = take_type(&n->words);
                else if (word.kind == WORD_OPEN && order != NOT_A_PLAN)
                        r = take_elements(n, order, name);
                else if (word.kind == WORD_OPEN)
                        word_skip_block(&n->words);
        }
        if (order == NOT_A_PLAN)
                note_other_map(n->sink, name);
        return r;
}

int nft_map_read(
        struct slice text, const struct plan_row *pattern, const struct decode_sink *sink, uint64_t *ret_used)
{
        struct nft_reading n = {.words = word_reader_make(text), .pattern = pattern, .sink = sink};
        bool in_snat = false;
        int r = 0;

        while (r == 0) {
                struct plan_word word = word_next(&n.words);
                if (word.kind == WORD_END)
                        break;
                if (word.kind == WORD_LINE_END)
                        in_snat = false;
                if (word.kind != WORD_TEXT)
                        continue;
                in_snat |= slice_is(word.text, "snat");
                if (!slice_is(word.text, "map"))
                        continue;
                word = word_next(&n.words);
                if (word.kind == WORD_OPEN && in_snat) /* snat ip to ip saddr map { ... } */
                        r = take_elements(&n, ADDRESS_FIRST, slice_of("the map in a rule"));
                else if (word.kind == WORD_TEXT && word_next(&n.words).kind == WORD_OPEN)
                        r = take_map(&n, word.text);
        }
        *ret_used = n.used;
        return r;
}
