/* SPDX-License-Identifier: EUPL-1.2 */
/* The lease files of ISC dhcpd 4: dhcpd.leases and dhcpd6.leases, as dhcpd.leases(5) describes them.
 *
 * Declarations in braces, one statement per line as dhcpd writes them (a long one may go on in the next).
 * Times are UTC ("6 2026/11/21 12:16:44": weekday, date, time), or "epoch N" with db-time-format local, or
 * "never". `starts` is the last transaction that gave the address, `cltt` the client's last one, `ends` when
 * it runs out. dhcpd 4.4.3 was watched: of an IPv6 lease that is given back, `ends` keeps what had been
 * promised and `cltt` tells when it was given back. */
#include "wire/dhcp_identity.h"
#include "wire/dhcp_tenure.h"

#include <stdio.h>
#include <stdlib.h>

#define STATEMENT_MAX 4096 /* bytes of one statement: a DUID of 130 bytes in octal has 520 */
#define DEPTH_MAX 16
#define LINES_MAX 4096 /* of one declaration */

enum declaration { DECLARATION_NONE, DECLARATION_LEASE, DECLARATION_IA, DECLARATION_OTHER };
enum moment { MOMENT_MISSING, MOMENT_NEVER, MOMENT_KNOWN };
enum binding_state {
        STATE_MISSING,
        STATE_ACTIVE,
        STATE_EXPIRED,
        STATE_RELEASED,
        STATE_FREE,
        STATE_ABANDONED
};

struct stated_time {
        enum moment moment;
        int64_t instant;
};

/* One address: a lease, or an iaaddr or iaprefix of an ia. */
struct stated_lease {
        bool known; /* there is one, and its address could be read */
        struct prefix prefix;
        enum binding_state state;
        struct stated_time starts, ends;
};

#define IA_ADDRESSES_MAX 64

struct dhcpd_decoder {
        struct text_decoder common;
        struct dhcp_tenures *tenures;
        /* the declaration that is open */
        enum declaration kind;
        uint64_t line, lines; /* of its beginning; behind it */
        unsigned depth;
        struct stated_time cltt;
        struct dhcp_identity identity;
        struct stated_lease leases[IA_ADDRESSES_MAX];
        size_t lease_count;
        bool in_address; /* at depth 2 of an ia: statements belong to its last address */
        enum refusal refusal;
        char wrong[200]; /* the first thing that was wrong; empty: sound */
        /* the statement that is being read */
        char text[STATEMENT_MAX];
        size_t length;
        bool in_string, escaped, too_long;
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct dhcpd_decoder *d = calloc(1, sizeof *d);

        if (!d)
                return -ENOMEM;
        text_decoder_init(&d->common, options, TIME_SECOND);
        if (dhcp_tenures_new(&d->common, &d->tenures) < 0) {
                free(d);
                return -ENOMEM;
        }
        *ret_decoder = &d->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        if (decoder)
                dhcp_tenures_free(((struct dhcpd_decoder *)decoder)->tenures);
        free(decoder);
}

static void spoil(struct dhcpd_decoder *d, enum refusal refusal, const char *what, struct slice where)
{
        if (d->wrong[0])
                return;
        if (where.length == 0)
                where = slice_of("the declaration");
        d->refusal = refusal;
        snprintf(d->wrong, sizeof d->wrong, "%.*s: %s", where.length > 60 ? 60 : (int)where.length,
                where.text, what);
}

/* --- Values --- */

static bool take_octal(struct slice *rest, uint8_t *ret)
{
        unsigned value = 0;

        if (rest->length < 3)
                return false;
        for (size_t i = 0; i < 3; i++) {
                if (rest->text[i] < '0' || rest->text[i] > '7')
                        return false;
                value = value * 8 + (unsigned)(rest->text[i] - '0');
        }
        *ret = (uint8_t)value;
        *rest = slice_make(rest->text + 3, rest->length - 3);
        return value <= 255;
}

/* "text with \001 and \" in it", or hexadecimal bytes with colons. The number of bytes, or -EINVAL. */
static int take_bytes(struct slice text, uint8_t ret[DHCP_VALUE_MAX])
{
        size_t length = 0;

        if (text.length == 0 || text.text[0] != '"')
                return dhcp_hex(text, ret, DHCP_VALUE_MAX);
        if (text.length < 2 || text.text[text.length - 1] != '"')
                return -EINVAL;
        struct slice rest = slice_make(text.text + 1, text.length - 2);
        while (rest.length) {
                uint8_t byte = (uint8_t)rest.text[0];
                rest = slice_make(rest.text + 1, rest.length - 1);
                if (byte == '"' || length == DHCP_VALUE_MAX)
                        return -EINVAL;
                if (byte == '\\') {
                        bool octal = rest.length && rest.text[0] >= '0' && rest.text[0] <= '9';
                        if (rest.length == 0 || (octal && !take_octal(&rest, &byte)))
                                return -EINVAL;
                        if (!octal) {
                                if (rest.text[0] != '"' && rest.text[0] != '\\')
                                        return -EINVAL;
                                byte = (uint8_t)rest.text[0];
                                rest = slice_make(rest.text + 1, rest.length - 1);
                        }
                }
                ret[length++] = byte;
        }
        return (int)length;
}

static bool take_number(struct slice *rest, char mark, size_t digits, int *ret)
{
        struct slice text = slice_cut(rest, mark);
        uint64_t number;

        if (text.length != digits || slice_number(text, 9999, &number) < 0)
                return false;
        *ret = (int)number;
        return true;
}

/* "6 2026/11/21 12:16:44". The weekday (0 is Sunday) must be the date's: a digit that was lost shows there.
 */
static bool take_date(struct slice weekday, struct slice date, struct slice clock, int64_t *ret)
{
        struct civil c = {0};
        uint64_t day;

        if (!take_number(&date, '/', 4, &c.year) || !take_number(&date, '/', 2, &c.month) ||
                !take_number(&date, ' ', 2, &c.day) || !take_number(&clock, ':', 2, &c.hour) ||
                !take_number(&clock, ':', 2, &c.minute) || !take_number(&clock, ' ', 2, &c.second) ||
                date.length || clock.length || !civil_is_valid(&c) || slice_number(weekday, 6, &day) < 0)
                return false;
        *ret = time_from_civil(&c);
        /* 1970-01-01 was a Thursday. */
        return *ret >= TIME_FIRST && *ret < TIME_LIMIT && (uint64_t)((*ret / TIME_DAY + 4) % 7) == day;
}

static bool take_time(struct slice text, struct stated_time *ret)
{
        struct slice first = slice_word(&text), second = slice_word(&text), third = slice_word(&text);
        uint64_t seconds;

        if (slice_trim(text).length)
                return false;
        ret->moment = MOMENT_KNOWN;
        if (slice_is(first, "never") && second.length == 0) {
                ret->moment = MOMENT_NEVER;
                return true;
        }
        if (slice_is(first, "epoch") && third.length == 0) {
                if (slice_number(second, (uint64_t)(TIME_LIMIT / TIME_SECOND) - 1, &seconds) < 0)
                        return false;
                ret->instant = (int64_t)seconds * TIME_SECOND;
                return true;
        }
        return take_date(first, second, third, &ret->instant);
}

static enum binding_state state_of(struct slice name)
{
        static const struct {
                const char *name;
                enum binding_state state;
        } known[] = {{"active", STATE_ACTIVE}, {"expired", STATE_EXPIRED}, {"released", STATE_RELEASED},
                {"free", STATE_FREE}, {"backup", STATE_FREE}, {"reset", STATE_FREE},
                {"abandoned", STATE_ABANDONED}};

        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
                if (slice_is(name, known[i].name))
                        return known[i].state;
        return STATE_MISSING;
}

/* --- Statements --- */

/* A word that dhcpd never writes there is damage: what it was meant to say must not be missed. */
static bool is_among(struct slice word, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (slice_is(word, words[i]))
                        return true;
        return false;
}

#define IS_AMONG(word, words) is_among(word, words, sizeof(words) / sizeof(words)[0])

static const char *const words_passed_over[] = {"tstp", "tsfp", "atsfp", "next", "rewind", "client-hostname",
        "abandoned", "bootp", "reserved", "dynamic-bootp", "billing", "preferred-life", "max-life",
        "vendor-class", "hostname", "ddns-text", "dynamic"};

static void take_value(
        struct dhcpd_decoder *d, enum dhcp_value value, struct slice text, struct slice statement)
{
        uint8_t bytes[DHCP_VALUE_MAX];
        int length = take_bytes(text, bytes);

        if (length < 0)
                spoil(d, REFUSAL_BAD_LINE, "the value is damaged or too long", statement);
        else
                dhcp_identity_set(&d->identity, value, bytes, (size_t)length);
}

/* `option agent.remote-id VALUE`, or `set remote-id = VALUE` where the administrator had it noted himself. */
static void take_option(struct dhcpd_decoder *d, struct slice rest, bool is_set, struct slice statement)
{
        struct slice name = slice_word(&rest);

        rest = slice_trim(rest);
        if (is_set) {
                if (rest.length == 0 || rest.text[0] != '=')
                        return;
                rest = slice_trim(slice_make(rest.text + 1, rest.length - 1));
        }
        if (slice_starts(name, "agent."))
                name = slice_make(name.text + 6, name.length - 6);
        else if (!is_set)
                return;
        if (slice_is(name, "remote-id"))
                take_value(d, DHCP_REMOTE_ID, rest, statement);
        else if (slice_is(name, "circuit-id"))
                take_value(d, DHCP_CIRCUIT_ID, rest, statement);
        else if (slice_is(name, "subscriber-id"))
                take_value(d, DHCP_SUBSCRIBER_ID, rest, statement);
}

static void take_stated_time(
        struct dhcpd_decoder *d, struct stated_time *time, struct slice rest, struct slice statement)
{
        if (time->moment != MOMENT_MISSING)
                spoil(d, REFUSAL_CONTRADICTION, "said twice", statement);
        else if (!take_time(rest, time))
                spoil(d, REFUSAL_IMPOSSIBLE_TIME, "not a time as dhcpd writes it", statement);
}

static void take_state(
        struct dhcpd_decoder *d, struct stated_lease *lease, struct slice rest, struct slice statement)
{
        enum binding_state state =
                slice_is(slice_word(&rest), "state") ? state_of(slice_trim(rest)) : STATE_MISSING;

        if (state == STATE_MISSING || lease->state != STATE_MISSING)
                spoil(d, REFUSAL_BAD_VALUE, "not a binding state that is known, or said twice", statement);
        lease->state = state;
}

/* What stands in the braces of an address: the same words for both families. */
static void take_address_statement(struct dhcpd_decoder *d, struct slice statement)
{
        struct stated_lease *lease = &d->leases[d->lease_count - 1];
        struct slice rest = statement, word = slice_word(&rest);

        if (slice_is(word, "binding"))
                take_state(d, lease, rest, statement);
        else if (slice_is(word, "starts"))
                take_stated_time(d, &lease->starts, rest, statement);
        else if (slice_is(word, "ends"))
                take_stated_time(d, &lease->ends, rest, statement);
        else if (slice_is(word, "option") || slice_is(word, "set"))
                take_option(d, rest, slice_is(word, "set"), statement);
        else if (!IS_AMONG(word, words_passed_over))
                spoil(d, REFUSAL_BAD_LINE, "not a statement that dhcpd writes", statement);
}

/* "ethernet 02:00:00:00:00:01" */
static void take_hardware(struct dhcpd_decoder *d, struct slice rest, struct slice statement)
{
        slice_word(&rest);
        take_value(d, DHCP_HARDWARE, slice_trim(rest), statement);
}

static void take_lease_statement(struct dhcpd_decoder *d, struct slice statement)
{
        struct slice rest = statement, word = slice_word(&rest);

        if (slice_is(word, "cltt"))
                take_stated_time(d, &d->cltt, rest, statement);
        else if (slice_is(word, "uid"))
                take_value(d, DHCP_CLIENT_ID, slice_trim(rest), statement);
        else if (slice_is(word, "hardware"))
                take_hardware(d, rest, statement);
        else
                take_address_statement(d, statement);
}

static void take_statement(struct dhcpd_decoder *d, struct slice statement)
{
        if (d->kind == DECLARATION_LEASE && d->depth == 1)
                take_lease_statement(d, statement);
        else if (d->kind == DECLARATION_IA && d->depth == 2 && d->in_address)
                take_address_statement(d, statement);
        else if (d->kind == DECLARATION_IA && d->depth == 1 && slice_starts(statement, "cltt "))
                take_stated_time(
                        d, &d->cltt, slice_make(statement.text + 5, statement.length - 5), statement);
        else if (d->kind == DECLARATION_IA && d->depth == 1)
                spoil(d, REFUSAL_BAD_LINE, "not a statement that dhcpd writes", statement);
}

/* --- Declarations --- */

static void add_address(struct dhcpd_decoder *d, struct slice text, bool single, struct slice statement)
{
        if (d->lease_count == IA_ADDRESSES_MAX) {
                spoil(d, REFUSAL_BAD_VALUE, "more than 64 addresses in one ia", statement);
                return;
        }
        struct stated_lease *lease = &d->leases[d->lease_count++];
        *lease = (struct stated_lease){.state = STATE_MISSING};
        lease->known = prefix_parse(text, &lease->prefix, NULL) == 0 && lease->prefix.length > 0 &&
                       (!single || lease->prefix.length == 128) &&
                       address_is_ipv4(&lease->prefix.address) == (d->kind == DECLARATION_LEASE);
        if (!lease->known)
                spoil(d, REFUSAL_BAD_VALUE, "not an address that can be leased", statement);
}

/* The name of an ia: its IAID (four bytes), then the client's DUID (RFC 8415 section 11). */
static void take_ia_name(struct dhcpd_decoder *d, struct slice text, struct slice statement)
{
        uint8_t bytes[DHCP_VALUE_MAX];
        int length = take_bytes(text, bytes);

        if (length < 4 + 3)
                spoil(d, REFUSAL_BAD_LINE, "not an IAID and a DUID", statement);
        else
                dhcp_identity_set(&d->identity, DHCP_DUID, bytes + 4, (size_t)length - 4);
}

static enum declaration declaration_of(struct slice word)
{
        if (slice_is(word, "lease"))
                return DECLARATION_LEASE;
        if (slice_is(word, "ia-na") || slice_is(word, "ia-ta") || slice_is(word, "ia-pd"))
                return DECLARATION_IA;
        return DECLARATION_OTHER;
}

static const char *const other_declarations[] = {
        "failover", "host", "group", "subgroup", "class", "subclass", "zone", "key"};

static void begin_declaration(struct dhcpd_decoder *d, struct slice statement)
{
        struct slice rest = statement, word = slice_word(&rest);

        d->kind = declaration_of(word);
        d->line = d->common.counts.lines;
        d->lines = 0;
        d->depth = 1;
        d->cltt = (struct stated_time){.moment = MOMENT_MISSING};
        memset(&d->identity, 0, sizeof d->identity);
        d->lease_count = 0;
        d->in_address = false;
        d->wrong[0] = '\0';
        if (d->kind == DECLARATION_LEASE)
                add_address(d, slice_trim(rest), true, statement);
        else if (d->kind == DECLARATION_IA)
                take_ia_name(d, slice_trim(rest), statement);
        else if (!IS_AMONG(word, other_declarations))
                spoil(d, REFUSAL_BAD_LINE, "not a declaration that dhcpd writes", statement);
}

static int refuse_declaration(struct dhcpd_decoder *d, const struct decode_sink *sink)
{
        bool told = d->lease_count > 0;
        int r = 0;

        text_refuse_at(&d->common, sink, d->line, d->refusal, d->wrong);
        for (size_t i = 0; i < d->lease_count; i++)
                told = told && d->leases[i].known;
        /* An ia that breaks off may have held more addresses than could be read. */
        if (!told || d->kind == DECLARATION_IA)
                return dhcp_tenures_lose_all(d->tenures, sink);
        for (size_t i = 0; i < d->lease_count && r == 0; i++)
                r = dhcp_tenures_lose(d->tenures, &d->leases[i].prefix, sink);
        return r;
}

static int64_t known_or(struct stated_time time, int64_t other)
{
        return time.moment == MOMENT_KNOWN ? time.instant : other;
}

/* What the statements of one address say together; false where they contradict each other. */
static bool make_record(struct dhcpd_decoder *d, const struct stated_lease *lease, struct dhcp_record *ret)
{
        int64_t cltt = known_or(d->cltt, TIME_UNKNOWN), starts = known_or(lease->starts, cltt),
                ends = known_or(lease->ends, TIME_UNKNOWN);
        struct slice none = slice_make(NULL, 0);

        ret->prefix = lease->prefix;
        ret->state = lease->state == STATE_ACTIVE      ? DHCP_HELD
                     : lease->state == STATE_ABANDONED ? DHCP_NOBODY
                                                       : DHCP_ENDED;
        ret->from_ms = starts;
        ret->seen_ms = cltt == TIME_UNKNOWN || cltt < starts ? starts : cltt;
        ret->end_ms = ends;
        if (lease->state == STATE_MISSING)
                spoil(d, REFUSAL_MISSING_FIELD, "no binding state", none);
        else if (ret->state == DHCP_HELD && starts == TIME_UNKNOWN)
                spoil(d, REFUSAL_IMPOSSIBLE_TIME, "neither starts nor cltt", none);
        else if (ret->state == DHCP_HELD && lease->ends.moment == MOMENT_MISSING)
                spoil(d, REFUSAL_MISSING_FIELD, "no ends", none);
        else if (ret->state == DHCP_HELD && ends != TIME_UNKNOWN && ends < ret->seen_ms)
                spoil(d, REFUSAL_IMPOSSIBLE_TIME, "it ends before it began", none);
        if (ret->state != DHCP_ENDED)
                return !d->wrong[0];
        ret->seen_ms = starts;
        if (d->kind == DECLARATION_IA && lease->state != STATE_EXPIRED) {
                /* Of one given back, the last transaction was that; of a free one nothing is told. */
                bool released = lease->state == STATE_RELEASED && cltt != TIME_UNKNOWN;
                ret->end_ms = released ? cltt < ends || ends == TIME_UNKNOWN ? cltt : ends : TIME_UNKNOWN;
                ret->from_ms = ret->seen_ms = TIME_UNKNOWN;
        }
        return true;
}

static int take_address(
        struct dhcpd_decoder *d, const struct dhcp_record *record, const struct decode_sink *sink)
{
        int r = dhcp_tenures_take(d->tenures, record, sink);

        if (r == -E2BIG) {
                spoil(d, REFUSAL_BAD_VALUE, "more addresses than are followed at once", slice_make(NULL, 0));
                return 0;
        }
        return r;
}

static int take_declaration(struct dhcpd_decoder *d, const struct decode_sink *sink)
{
        struct dhcp_record records[IA_ADDRESSES_MAX];
        char subscriber[SUBSCRIBER_MAX];
        struct slice none = slice_make(NULL, 0);
        unsigned rank = 0;
        bool held = false;
        int r = 0;

        const char *why = dhcp_identity_subscriber(&d->identity, subscriber, &rank);
        if (why)
                subscriber[0] = '\0';
        for (size_t i = 0; i < d->lease_count && !d->wrong[0]; i++) {
                if (!make_record(d, &d->leases[i], &records[i]))
                        break;
                held = held || records[i].state == DHCP_HELD;
                records[i].client = dhcp_identity_client(&d->identity);
                records[i].rank = rank;
                records[i].subscriber = subscriber;
        }
        if (held && why)
                spoil(d, REFUSAL_MISSING_FIELD, why, none);
        else if (held && dhcp_identity_client(&d->identity) == 0)
                spoil(d, REFUSAL_MISSING_FIELD, "neither uid nor hardware says which client it is", none);
        for (size_t i = 0; i < d->lease_count && r == 0 && !d->wrong[0]; i++)
                r = take_address(d, &records[i], sink);
        if (r < 0)
                return r;
        if (d->wrong[0])
                return refuse_declaration(d, sink);
        if (d->lease_count)
                d->common.counts.used++;
        else
                d->common.counts.not_nat++;
        return 0;
}

static int end_declaration(struct dhcpd_decoder *d, const struct decode_sink *sink)
{
        enum declaration kind = d->kind;
        int r = 0;

        if (d->wrong[0])
                r = refuse_declaration(d, sink);
        else if (kind == DECLARATION_OTHER)
                d->common.counts.other++;
        else
                r = take_declaration(d, sink);
        d->kind = DECLARATION_NONE;
        d->wrong[0] = '\0';
        d->depth = 0;
        d->length = 0;
        d->in_string = d->escaped = d->too_long = false;
        return r;
}

/* --- Text --- */

static struct slice statement_of(struct dhcpd_decoder *d)
{
        struct slice statement = slice_trim(slice_make(d->text, d->length));

        if (d->too_long)
                spoil(d, REFUSAL_BAD_LINE, "a statement longer than 4096 bytes", slice_make(NULL, 0));
        d->length = 0;
        d->too_long = false;
        return statement;
}

static void open_brace(struct dhcpd_decoder *d)
{
        struct slice statement = statement_of(d), rest = statement, word = slice_word(&rest);

        if (d->kind == DECLARATION_NONE) {
                begin_declaration(d, statement);
                return;
        }
        if (++d->depth > DEPTH_MAX)
                spoil(d, REFUSAL_BAD_LINE, "braces too deep", statement);
        if (d->kind == DECLARATION_OTHER || d->depth != 2 || slice_is(word, "on"))
                return; /* what dhcpd is to do when the lease ends */
        d->in_address = d->kind == DECLARATION_IA && (slice_is(word, "iaaddr") || slice_is(word, "iaprefix"));
        if (d->in_address)
                add_address(d, slice_trim(rest), slice_is(word, "iaaddr"), statement);
        else
                spoil(d, REFUSAL_BAD_LINE, "not a declaration that dhcpd writes", statement);
        d->in_address = d->in_address && !d->wrong[0];
}

/* A declaration begins inside another: dhcpd was stopped while it wrote, and went on in the next line. */
static bool breaks_off(const struct dhcpd_decoder *d, struct slice line)
{
        struct slice rest = line, word = slice_word(&rest);

        return d->kind != DECLARATION_NONE && declaration_of(word) != DECLARATION_OTHER &&
               line.text[0] == word.text[0] && line.text[line.length - 1] == '{';
}

static int lose_line(struct dhcpd_decoder *d, const char *why, const struct decode_sink *sink)
{
        text_refuse(&d->common, sink, REFUSAL_BAD_LINE, "%s", why);
        d->length = 0;
        d->in_string = d->escaped = d->too_long = false;
        return dhcp_tenures_lose_all(d->tenures, sink);
}

/* A statement outside of declarations: what dhcpd notes about itself. */
static int take_outside(struct dhcpd_decoder *d, struct slice behind, const struct decode_sink *sink)
{
        struct slice statement = statement_of(d);

        behind = slice_trim(behind);
        if (d->wrong[0] || (behind.length && behind.text[0] != '#') ||
                !(slice_starts(statement, "authoring-byte-order ") ||
                        slice_starts(statement, "server-duid "))) {
                d->wrong[0] = '\0';
                return lose_line(d, "a statement that belongs to no declaration", sink);
        }
        d->common.counts.other++;
        return 0;
}

static void add_character(struct dhcpd_decoder *d, char c)
{
        if (d->length < sizeof d->text)
                d->text[d->length++] = c;
        else
                d->too_long = true;
}

/* The state of a string from one character to the next. */
static void follow_string(struct dhcpd_decoder *d, char c)
{
        if (d->escaped)
                d->escaped = false;
        else if (c == '\\')
                d->escaped = true;
        else if (c == '"')
                d->in_string = false;
        add_character(d, c);
}

/* One line of text; *ret_counted: it has been counted (or belongs to a declaration that will be). */
static int read_line(
        struct dhcpd_decoder *d, struct slice text, bool *ret_counted, const struct decode_sink *sink)
{
        for (size_t i = 0; i < text.length; i++) {
                char c = text.text[i];
                struct slice behind = slice_make(text.text + i + 1, text.length - i - 1);
                if (d->in_string) {
                        follow_string(d, c);
                        continue;
                }
                if (c == '#')
                        break;
                if (c == '{') {
                        bool outer = d->kind == DECLARATION_NONE;
                        open_brace(d);
                        *ret_counted = *ret_counted || outer;
                } else if (c == '}' && d->kind == DECLARATION_NONE) {
                        *ret_counted = true;
                        return lose_line(d, "a closing brace that belongs to nothing", sink);
                } else if (c == '}') {
                        if (statement_of(d).length)
                                spoil(d, REFUSAL_BAD_LINE, "a statement without its semicolon",
                                        slice_make(NULL, 0));
                        if (--d->depth > 0)
                                continue;
                        behind = slice_trim(behind);
                        if (behind.length && behind.text[0] != '#')
                                spoil(d, REFUSAL_BAD_LINE, "text behind the closing brace", behind);
                        return end_declaration(d, sink);
                } else if (c == ';' && d->kind == DECLARATION_NONE) {
                        *ret_counted = true;
                        return take_outside(d, behind, sink);
                } else if (c == ';') {
                        struct slice statement = statement_of(d);
                        if (!d->wrong[0])
                                take_statement(d, statement);
                } else {
                        d->in_string = c == '"';
                        add_character(d, c);
                }
        }
        if (d->in_string) {
                if (d->kind != DECLARATION_NONE)
                        spoil(d, REFUSAL_BAD_LINE, "a text that does not end in its line",
                                slice_make(NULL, 0));
                d->in_string = d->escaped = false;
        }
        add_character(d, ' ');
        return 0;
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct dhcpd_decoder *d = (struct dhcpd_decoder *)common;
        uint64_t blank = common->counts.blank;
        bool counted = d->kind != DECLARATION_NONE;
        int r = 0;

        if (!text_take_line(common, &text, sink)) {
                if (common->counts.blank != blank)
                        return 0;
                if (d->kind == DECLARATION_NONE)
                        return dhcp_tenures_lose_all(d->tenures, sink);
                spoil(d, REFUSAL_BAD_LINE, "a line in it is not whole", slice_make(NULL, 0));
                return 0;
        }
        if (breaks_off(d, text)) {
                spoil(d, REFUSAL_TRUNCATED, "it breaks off", slice_make(NULL, 0));
                r = end_declaration(d, sink);
                counted = false;
        } else if (counted) {
                common->counts.continued++;
                if (++d->lines > LINES_MAX)
                        spoil(d, REFUSAL_BAD_LINE, "more than 4096 lines", slice_make(NULL, 0));
        }
        if (r == 0)
                r = read_line(d, text, &counted, sink);
        if (r < 0 || counted)
                return r;
        /* Outside of declarations a statement is one line. */
        if (slice_trim(slice_make(d->text, d->length)).length)
                return lose_line(d, "neither a statement nor a declaration", sink);
        d->length = 0;
        common->counts.other++;
        return 0;
}

static int finish(struct text_decoder *common, const struct decode_sink *sink, struct coverage *ret)
{
        struct dhcpd_decoder *d = (struct dhcpd_decoder *)common;
        int r = 0;

        (void)ret;
        if (d->kind != DECLARATION_NONE) {
                spoil(d, REFUSAL_TRUNCATED, "the file ends within it", slice_make(NULL, 0));
                r = end_declaration(d, sink);
        }
        return r < 0 ? r : dhcp_tenures_finish(d->tenures, sink);
}

/* A declaration of a lease, or what dhcpd writes at the head of a file that has none yet. */
static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length);

        while (rest.length) {
                struct slice text = text_first_line(&rest), word = slice_word(&text);
                if (word.length == 0 || word.text[0] == '#')
                        continue;
                text = slice_trim(text);
                bool brace = text.length && text.text[text.length - 1] == '{';
                bool statement = text.length && text.text[text.length - 1] == ';';
                if (brace && declaration_of(word) != DECLARATION_OTHER)
                        return 95;
                if (statement && (slice_is(word, "authoring-byte-order") || slice_is(word, "server-duid")))
                        return 95;
                if (!brace && !statement && !slice_is(word, "}"))
                        return 0;
        }
        return 0;
}

const struct text_format text_format_dhcpd_leases = {
        .name = "dhcpd-leases",
        .description = "lease files of ISC dhcpd (dhcpd.leases, dhcpd6.leases)",
        .carries_leases = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
