/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/syslog_field.h"

#include "base/checksum.h"

#define DIGITS_MAX 18

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
        if (is_digit(c))
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void advance(struct slice *rest, size_t count)
{
        rest->text += count;
        rest->length -= count;
}

struct slice syslog_word_before(struct slice text, char stop)
{
        size_t length = 0;

        while (length < text.length && text.text[length] != ' ' && text.text[length] != '\t' &&
                text.text[length] != stop)
                length++;
        return slice_make(text.text, length);
}

static bool take_number(struct slice *rest, uint64_t *ret)
{
        uint64_t number = 0;
        size_t digits = 0;

        while (digits < rest->length && is_digit(rest->text[digits])) {
                number = number * 10 + (uint64_t)(rest->text[digits] - '0');
                if (++digits > DIGITS_MAX)
                        return false;
        }
        advance(rest, digits);
        *ret = number;
        return digits > 0;
}

/* A dotted quad without leading zeros (which some read as octal). */
static bool take_ipv4(struct slice *rest, uint32_t *ret)
{
        const char *at = rest->text, *end = rest->text + rest->length;
        uint32_t address = 0;

        for (int i = 0; i < 4; i++) {
                unsigned part = 0;
                const char *first = at;
                while (at < end && is_digit(*at) && at - first < 4)
                        part = part * 10 + (unsigned)(*at++ - '0');
                if (at == first || part > 255 || (*first == '0' && at - first > 1))
                        return false;
                address = address << 8 | part;
                if (i < 3 && (at == end || *at++ != '.'))
                        return false;
        }
        if (at < end && (*at == '.' || hex_digit(*at) >= 0))
                return false;
        *ret = address;
        advance(rest, (size_t)(at - rest->text));
        return true;
}

static bool take_address(struct slice *rest, struct address *ret)
{
        uint32_t ipv4;
        size_t length = 0;

        if (take_ipv4(rest, &ipv4)) {
                *ret = address_from_ipv4(ipv4);
                return true;
        }
        while (length < rest->length && (rest->text[length] == ':' || rest->text[length] == '.' ||
                                                hex_digit(rest->text[length]) >= 0))
                length++;
        struct slice text = slice_make(rest->text, length);
        if (length == 0 || !memchr(text.text, ':', length) || address_parse(text, ret, NULL) < 0)
                return false;
        advance(rest, length);
        return true;
}

/* IPv6 outside: a translation that is not kept here, but no damage. */
static bool take_outside(struct slice *rest, struct syslog_found *found)
{
        struct address address;

        found->outside_is_ipv6 = false;
        if (take_ipv4(rest, &found->outside))
                return true;
        found->outside_is_ipv6 = true;
        return take_address(rest, &address) && !address_is_ipv4(&address);
}

static bool is_same_word(struct slice text, const char *lower)
{
        for (size_t i = 0; i < text.length; i++) {
                char c = text.text[i];
                if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != lower[i])
                        return false;
        }
        return lower[text.length] == '\0';
}

static bool take_protocol(struct slice *rest, uint8_t *ret)
{
        static const struct {
                const char *name;
                uint8_t number;
        } names[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"ipv6-icmp", 58}, {"gre", 47},
                {"esp", 50}, {"ah", 51}, {"sctp", 132}, {"dccp", 33}, {"udplite", 136}, {"ipip", 4},
                {"igmp", 2}, {"ospf", 89}, {"l2tp", 115}};
        uint64_t number;
        size_t length = 0;

        if (rest->length && is_digit(rest->text[0])) {
                if (!take_number(rest, &number) || number > 255)
                        return false;
                *ret = (uint8_t)number;
                return true;
        }
        while (length < rest->length && ((rest->text[length] | 0x20) >= 'a' || rest->text[length] == '-' ||
                                                is_digit(rest->text[length])))
                length++;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (is_same_word(slice_make(rest->text, length), names[i].name)) {
                        *ret = names[i].number;
                        advance(rest, length);
                        return true;
                }
        return false;
}

static uint32_t hash_of(struct slice text)
{
        uint64_t hash = checksum(text.text, text.length);

        return (uint32_t)(hash ^ hash >> 32);
}

/* Numbers keep their value below 2^31; a name gets a number above, so that none of them is taken for the
 * other. */
static bool take_vrf(struct slice *rest, char stop, uint32_t *ret)
{
        struct slice word = syslog_word_before(*rest, stop);
        uint64_t number;

        if (word.length == 0 || slice_is(word, "-") || slice_is(word, "default"))
                *ret = 0;
        else if (slice_number(word, INT32_MAX, &number) == 0)
                *ret = (uint32_t)number;
        else
                *ret = hash_of(word) | UINT32_C(1) << 31;
        advance(rest, word.length);
        return true;
}

static bool take_session(struct slice *rest, char stop, uint32_t *ret)
{
        struct slice word = syslog_word_before(*rest, stop);

        if (word.length == 0)
                return false;
        *ret = hash_of(word);
        *ret += *ret == 0;
        advance(rest, word.length);
        return true;
}

static bool take_action(struct slice *rest, char stop, const struct syslog_word *words, int8_t *action)
{
        struct slice word = syslog_word_before(*rest, stop);

        for (; words && words->word; words++)
                if (slice_is(word, words->word)) {
                        /* A word that binds nothing outranks all; one that only has to be there, none. */
                        if (words->means == SYSLOG_NOTHING ||
                                (words->means != SYSLOG_PASS && *action != SYSLOG_NOTHING))
                                *action = words->means;
                        advance(rest, word.length);
                        return true;
                }
        return false;
}

/* --- Times --- */

static bool take_hexadecimal(struct slice *rest, struct syslog_found *found)
{
        uint64_t seconds = 0;
        size_t digits = 0;

        if (slice_starts(*rest, "0x"))
                advance(rest, 2);
        while (digits < rest->length && hex_digit(rest->text[digits]) >= 0) {
                seconds = seconds << 4 | (unsigned)hex_digit(rest->text[digits]);
                if (++digits > 12)
                        return false;
        }
        if (digits == 0 || seconds >= (uint64_t)TIME_LIMIT / 1000)
                return false;
        advance(rest, digits);
        found->epoch_ms = seconds * 1000;
        found->epoch_resolution_ms = 1000;
        return true;
}

/* ".123": milliseconds, cut; the resolution is that of the digits there are. */
static bool take_fraction(struct slice *rest, uint64_t *ret_ms, uint64_t *ret_resolution_ms)
{
        static const unsigned scale[] = {1000, 100, 10, 1};
        size_t digits = 0;
        unsigned number = 0;

        *ret_ms = 0;
        *ret_resolution_ms = 1000;
        if (rest->length < 2 || rest->text[0] != '.' || !is_digit(rest->text[1]))
                return true;
        advance(rest, 1);
        for (; digits < rest->length && is_digit(rest->text[digits]); digits++)
                if (digits < 3)
                        number = number * 10 + (unsigned)(rest->text[digits] - '0');
        advance(rest, digits);
        *ret_resolution_ms = scale[digits < 3 ? digits : 3];
        *ret_ms = number * *ret_resolution_ms;
        return digits <= 9;
}

static bool take_epoch(struct slice *rest, struct syslog_found *found)
{
        uint64_t seconds, fraction;

        if (!take_number(rest, &seconds) || seconds >= (uint64_t)TIME_LIMIT / 1000 ||
                !take_fraction(rest, &fraction, &found->epoch_resolution_ms))
                return false;
        found->epoch_ms = seconds * 1000 + fraction;
        return true;
}

static bool take_fixed(struct slice *rest, size_t digits, int *ret)
{
        int number = 0;

        if (rest->length < digits)
                return false;
        for (size_t i = 0; i < digits; i++) {
                if (!is_digit(rest->text[i]))
                        return false;
                number = number * 10 + (rest->text[i] - '0');
        }
        advance(rest, digits);
        *ret = number;
        return true;
}

static bool take_stamp(struct slice *rest, struct syslog_found *found)
{
        struct civil c = {0};

        if (!take_fixed(rest, 4, &c.year) || !take_fixed(rest, 2, &c.month) || !take_fixed(rest, 2, &c.day) ||
                !take_fixed(rest, 2, &c.hour) || !take_fixed(rest, 2, &c.minute) ||
                !take_fixed(rest, 2, &c.second) || (rest->length && is_digit(rest->text[0])))
                return false;
        found->date = found->clock = c;
        found->clock_resolution_ms = TIME_SECOND;
        found->has |= UINT32_C(1) << SYSLOG_DATE | UINT32_C(1) << SYSLOG_TIME;
        return civil_is_valid(&c);
}

static bool take_one_or_two(struct slice *rest, int *ret)
{
        size_t digits = rest->length > 1 && is_digit(rest->text[1]) ? 2 : 1;

        return take_fixed(rest, digits, ret) && !(rest->length && is_digit(rest->text[0]));
}

static bool take_char(struct slice *rest, char c)
{
        if (rest->length == 0 || rest->text[0] != c)
                return false;
        advance(rest, 1);
        return true;
}

static bool take_date(struct slice *rest, struct civil *ret)
{
        struct civil c = {0};

        if (!take_fixed(rest, 4, &c.year) || rest->length == 0)
                return false;
        char separator = rest->text[0];
        if ((separator != '-' && separator != '/') || !take_char(rest, separator) ||
                !take_one_or_two(rest, &c.month) || !take_char(rest, separator) ||
                !take_one_or_two(rest, &c.day))
                return false;
        *ret = c;
        return civil_is_valid(&c);
}

static bool take_clock(struct slice *rest, struct syslog_found *found)
{
        struct civil c = {.year = 2000, .month = 1, .day = 1};
        uint64_t fraction, resolution;

        /* Some print "16:13:2". */
        if (!take_one_or_two(rest, &c.hour) || !take_char(rest, ':') || !take_one_or_two(rest, &c.minute) ||
                !take_char(rest, ':') || !take_one_or_two(rest, &c.second) ||
                !take_fraction(rest, &fraction, &resolution))
                return false;
        c.millisecond = (int)fraction;
        found->clock = c;
        found->clock_resolution_ms = (int64_t)resolution;
        return civil_is_valid(&c);
}

static bool take_zone(struct slice *rest, int *ret)
{
        bool west = rest->length && rest->text[0] == '-';
        int hours, minutes;

        if (!west && !(rest->length && rest->text[0] == '+'))
                return false;
        advance(rest, 1);
        if (!take_fixed(rest, 2, &hours))
                return false;
        if (rest->length && rest->text[0] == ':')
                advance(rest, 1);
        if (!take_fixed(rest, 2, &minutes) || hours > 23 || minutes > 59)
                return false;
        *ret = (hours * 60 + minutes) * (west ? -60 : 60);
        return true;
}

static bool take_lasting(struct slice *rest, uint64_t unit_ms, uint64_t *ret)
{
        uint64_t number;

        if (!take_number(rest, &number) || number > (uint64_t)TIME_LIMIT / 1000)
                return false;
        *ret = number * unit_ms;
        return true;
}

/* --- One field --- */

static bool read_field(struct slice *rest, enum syslog_field field, char stop,
        const struct syslog_word *words, struct syslog_found *found)
{
        switch (field) {
        case SYSLOG_INSIDE:
                return take_address(rest, &found->inside);
        case SYSLOG_OUTSIDE:
                return take_outside(rest, found);
        case SYSLOG_DESTINATION:
                return take_address(rest, &found->destination);
        case SYSLOG_INSIDE_PORT:
                return take_number(rest, &found->inside_port);
        case SYSLOG_FIRST:
                return take_number(rest, &found->first);
        case SYSLOG_LAST:
                return take_number(rest, &found->last);
        case SYSLOG_COUNT:
                return take_number(rest, &found->count);
        case SYSLOG_DESTINATION_PORT:
                return take_number(rest, &found->destination_port);
        case SYSLOG_PROTOCOL:
                return take_protocol(rest, &found->protocol);
        case SYSLOG_VRF:
                return take_vrf(rest, stop, &found->vrf);
        case SYSLOG_SESSION:
                return take_session(rest, stop, &found->session);
        case SYSLOG_EPOCH_HEX:
                return take_hexadecimal(rest, found);
        case SYSLOG_EPOCH:
                return take_epoch(rest, found);
        case SYSLOG_STAMP:
                return take_stamp(rest, found);
        case SYSLOG_DATE:
                return take_date(rest, &found->date);
        case SYSLOG_TIME:
                return take_clock(rest, found);
        case SYSLOG_ZONE:
                return take_zone(rest, &found->zone_s);
        case SYSLOG_LASTED_MS:
                return take_lasting(rest, 1, &found->lasted_ms);
        case SYSLOG_LASTED_S:
                return take_lasting(rest, 1000, &found->lasted_ms);
        case SYSLOG_ACTION:
                return take_action(rest, stop, words, &found->action);
        default:
                return false;
        }
}

/* A field that stands twice says the same twice. Others than these have no reason to. */
static bool is_same(const struct syslog_found *a, const struct syslog_found *b, enum syslog_field field)
{
        switch (field) {
        case SYSLOG_INSIDE:
                return address_compare(&a->inside, &b->inside) == 0;
        case SYSLOG_OUTSIDE:
                return a->outside_is_ipv6 == b->outside_is_ipv6 && a->outside == b->outside;
        case SYSLOG_DESTINATION:
                return address_compare(&a->destination, &b->destination) == 0;
        case SYSLOG_INSIDE_PORT:
                return a->inside_port == b->inside_port;
        case SYSLOG_FIRST:
                return a->first == b->first;
        case SYSLOG_DESTINATION_PORT:
                return a->destination_port == b->destination_port;
        case SYSLOG_PROTOCOL:
                return a->protocol == b->protocol;
        case SYSLOG_ACTION:
                return true;
        default:
                return false;
        }
}

/* A field that the line had already says the same, or the line is refused. Apart, because the copy of what
 * was found costs more than reading a field, and hardly any line needs it. */
static __attribute__((noinline)) bool read_again(struct slice *after, enum syslog_field field, char stop,
        const struct syslog_word *words, struct syslog_found *found)
{
        struct syslog_found before = *found;

        return read_field(after, field, stop, words, found) && is_same(&before, found, field);
}

bool syslog_take_field(struct slice *rest, enum syslog_field field, char stop,
        const struct syslog_word *words, struct syslog_found *found)
{
        struct slice after = *rest;

        if (!(syslog_has(found, field) ? read_again(&after, field, stop, words, found)
                                       : read_field(&after, field, stop, words, found)))
                return false;
        found->has |= UINT32_C(1) << field;
        *rest = after;
        return true;
}

bool syslog_take_value(struct slice value, const struct syslog_key *key, struct syslog_found *found)
{
        if (key->field == SYSLOG_WORD || key->field == SYSLOG_TEXT)
                return true;
        return syslog_take_field(&value, key->field, '\0', key->words, found) && value.length == 0;
}
