/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier_reading.h"

#include <stdio.h>
#include <strings.h>

static bool is_word(struct slice word, const char *const *list)
{
        for (; *list; list++)
                if (word.length == strlen(*list) && strncasecmp(word.text, *list, word.length) == 0)
                        return true;
        return false;
}

static const char *const source_port_words[] = {
        "port", "ports", "sport", "spt", "srcport", "src_port", "sourceport", "source_port", NULL};
static const char *const destination_port_words[] = {
        "dport", "dpt", "dstport", "dst_port", "destport", "dest_port", "destination_port", NULL};
static const char *const destination_words[] = {
        "->", "dst", "dest", "daddr", "dstip", "dst_ip", "destination", "server", NULL};
static const char *const until_words[] = {"-", "--", "to", "until", "till", "bis", NULL};
static const char *const protocol_words[] = {"proto", "protocol", NULL};

static const struct {
        const char *name;
        int number; /* IANA protocol numbers */
} protocols[] = {
        {"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"sctp", 132}, {"dccp", 33}, {"udplite", 136}};

static int protocol_of(struct slice word)
{
        for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
                if (word.length == strlen(protocols[i].name) &&
                        strncasecmp(word.text, protocols[i].name, word.length) == 0)
                        return protocols[i].number;
        return -1;
}

static int set_once(int64_t *held, int64_t value, const char *what, struct error *error)
{
        if (*held != MODEL_UNSTATED && *held != value)
                return error_set(
                        error, -EINVAL, "two different %ss; paste only the part that is meant", what);
        *held = value;
        return 0;
}

static int set_port(int64_t *held, struct slice word, struct error *error)
{
        uint64_t port = 0;

        if (slice_number(word, 65535, &port) < 0 || port == 0)
                return error_set(error, -EINVAL, "\"%.*s\" is no port: 1 to 65535",
                        (int)(word.length < 20 ? word.length : 20), word.text);
        return set_once(held, (int64_t)port, "port", error);
}

static int only_one(struct reading *reading, enum identifier_kind kind, struct error *error)
{
        if (reading->kind != IDENTIFIER_NONE)
                return error_set(error, -EINVAL,
                        "two identifiers in one excerpt (%s and %s); paste the part around the one that is "
                        "meant",
                        word_name(&identifier_kind_words, reading->kind),
                        word_name(&identifier_kind_words, kind));
        reading->kind = kind;
        return 0;
}

/* Digits and dots with three dots, or colons and hexadecimal digits that are no clock: meant as an address.
 */
static bool looks_like_address(struct slice word)
{
        size_t dots = 0, colons = 0;
        bool hex = true, digits = true, twice = false;

        if (word.length && word.text[0] == '[')
                return true;
        for (size_t i = 0; i < word.length; i++) {
                char c = word.text[i];
                dots += c == '.';
                colons += c == ':';
                twice |= c == ':' && i > 0 && word.text[i - 1] == ':';
                hex &= (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') || c == ':' ||
                       c == '.';
                digits &= (c >= '0' && c <= '9') || c == '.' || c == ':';
        }
        bool mac = word.length == 17 && colons == 5 && !twice;
        return (digits && dots == 3 && colons <= 1) || (hex && !mac && (twice || colons >= 3));
}

static int take_range(struct reading *reading, struct slice word, struct error *error)
{
        struct slice rest = word;
        struct slice first = slice_cut(&rest, '-');
        struct prefix prefix;

        if (first.length < word.length) {
                if (address_parse(first, &reading->address, error) < 0 ||
                        address_parse(rest, &reading->address_last, error) < 0)
                        return -EINVAL;
                if (address_is_ipv4(&reading->address) != address_is_ipv4(&reading->address_last) ||
                        address_compare(&reading->address, &reading->address_last) > 0)
                        return error_set(error, -EINVAL,
                                "\"%.*s\" is no range: the first address comes before the last",
                                (int)word.length, word.text);
        } else {
                if (prefix_parse(word, &prefix, error) < 0)
                        return -EINVAL;
                reading->address = reading->address_last = prefix.address;
                for (unsigned bit = prefix.length; bit < 128; bit++)
                        reading->address_last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        }
        return only_one(reading, IDENTIFIER_IP_RANGE, error);
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, any of them with /tcp behind, ADDRESS/LENGTH, ADDRESS-ADDRESS. */
static int take_address(struct reading *reading, struct slice word, bool destination, struct error *error)
{
        struct slice tail = word, bare = word;
        struct slice head = slice_cut(&tail, '/');
        struct address address;
        int port = -1, r;

        if (!looks_like_address(head)) {
                struct slice last = head;
                struct slice first = slice_cut(&last, '-');
                if (first.length == head.length || !looks_like_address(first) || !looks_like_address(last))
                        return 0;
                return take_range(reading, word, error) < 0 ? -EINVAL : 1;
        }
        if (head.length < word.length) {
                int protocol = protocol_of(tail);
                if (protocol < 0)
                        return destination ? error_set(error, -EINVAL, "\"%.*s\" is no single address",
                                                     (int)word.length, word.text)
                                           : (take_range(reading, word, error) < 0 ? -EINVAL : 1);
                bare = head;
                if (set_once(&reading->protocol, protocol, "protocol", error) < 0)
                        return -EINVAL;
        }
        if (bare.length > 2 && bare.text[0] == '[' && bare.text[bare.length - 1] == ']')
                r = address_parse(slice_make(bare.text + 1, bare.length - 2), &address, error);
        else
                r = address_parse_with_port(bare, &address, &port, error);
        if (r < 0)
                return r;
        if (port == 0)
                return error_set(
                        error, -EINVAL, "port 0 is never a customer's; paste the port that was seen");
        if (address_is_none(&address))
                return error_set(error, -EINVAL, "the unspecified address is nobody's");
        int64_t *held = destination ? &reading->destination_port : &reading->source_port;
        if (port > 0 && set_once(held, port, "port", error) < 0)
                return -EINVAL;
        if (destination) {
                if (!address_is_none(&reading->destination) &&
                        address_compare(&reading->destination, &address) != 0)
                        return error_set(error, -EINVAL,
                                "two addresses that were reached; paste the part that is meant");
                reading->destination = address;
                return 1;
        }
        reading->address = address;
        return only_one(reading, address_is_ipv4(&address) ? IDENTIFIER_IPV4 : IDENTIFIER_IPV6, error) < 0
                       ? -EINVAL
                       : 1;
}

/* What stands around a word in the source, also outside of the excerpt. */
static char character_before(struct slice ground, const char *at, size_t back)
{
        return (size_t)(at - ground.text) >= back ? at[-(ptrdiff_t)back] : '\0';
}

static char character_after(struct slice ground, struct slice word)
{
        const char *end = word.text + word.length;

        return end < ground.text + ground.length ? *end : '\0';
}

static bool is_edge(char c)
{
        return c == '\0' || strchr(" \t\r\n", c);
}

/* The key of "key=" before a word. */
static bool is_key_character(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static struct slice key_before(struct slice ground, const char *mark)
{
        const char *begin = mark;

        while (begin > ground.text && is_key_character(begin[-1]))
                begin--;
        return slice_make(begin, (size_t)(mark - begin));
}

/* What reads like an e-mail address may be the end of a longer one, cut at a mark that its local part has:
 * then it would be somebody else's. A known key before = is no part of it. */
static int whole_email(struct slice ground, struct slice word, struct error *error)
{
        static const char *const keys[] = {"mail", "email", "e-mail", "user", "username", "login", "account",
                "from", "to", "sender", "recipient", "address", "sasl_username", NULL};
        char mark = character_before(ground, word.text, 1), before = character_before(ground, word.text, 2);

        if ((mark != '=' && mark != '\'' && mark != '|') || is_edge(before) || strchr(",;\"()<>=|", before))
                return 0;
        if (mark == '=' && is_word(key_before(ground, word.text - 1), keys))
                return 0;
        return error_set(error, -EINVAL, "it is not clear where the e-mail address \"%.*s\" begins",
                (int)(word.length < 100 ? word.length : 100), word.text);
}

/* "+43 1 5551234 200": digits that follow may belong to the number or not. */
static int whole_phone(struct slice ground, struct slice last, bool alone, struct error *error)
{
        struct slice rest = slice_make(
                last.text + last.length, ground.length - (size_t)(last.text + last.length - ground.text));

        while (rest.length && (rest.text[0] == ' ' || rest.text[0] == '\t'))
                rest = slice_make(rest.text + 1, rest.length - 1);
        if (!alone || (rest.length && ((rest.text[0] >= '0' && rest.text[0] <= '9') || rest.text[0] == '(')))
                return error_set(error, -EINVAL,
                        "it is not clear where the telephone number ends; paste it without what follows");
        return 0;
}

static int whole_single(const struct reading *reading, enum identifier_kind found, const struct slice *words,
        size_t taken, bool expected, struct error *error)
{
        char after = character_after(reading->ground, words[0]);

        if (found == IDENTIFIER_EMAIL)
                return whole_email(reading->ground, words[0], error);
        if (found == IDENTIFIER_PHONE) /* in several words only where nothing else is expected */
                return whole_phone(reading->ground, words[taken - 1], taken == 1 || expected, error);
        if (found == IDENTIFIER_SERVICE_URL && !is_edge(after) && !strchr("\"<>|.!?:", after))
                return error_set(
                        error, -EINVAL, "the address of the page goes on behind the excerpt; take all of it");
        return 0;
}

static bool wants(enum identifier_kind wanted, enum identifier_kind kind)
{
        return wanted == IDENTIFIER_NONE || wanted == kind;
}

static int take_single(struct reading *reading, const struct slice *words, size_t count,
        enum identifier_kind kind, struct error *error)
{
        struct read_value value = {.warnings = 0};
        enum identifier_kind found = IDENTIFIER_NONE;
        int r = 0;

        if (r == 0 && wants(kind, IDENTIFIER_SERVICE_URL) && (r = url_word(words[0], &value, error)) != 0)
                found = IDENTIFIER_SERVICE_URL;
        if (r == 0 && wants(kind, IDENTIFIER_EMAIL) && (r = email_word(words[0], &value, error)) != 0)
                found = IDENTIFIER_EMAIL;
        if (r == 0 && wants(kind, IDENTIFIER_MAC) && (r = mac_word(words[0], &value, error)) != 0)
                found = IDENTIFIER_MAC;
        if (r == 0 && wants(kind, IDENTIFIER_PHONE) && (r = phone_words(words, count, &value, error)) != 0)
                found = IDENTIFIER_PHONE;
        if (r == 0 && wants(kind, IDENTIFIER_IMEI) && (r = imei_word(words[0], false, &value, error)) != 0)
                found = IDENTIFIER_IMEI;
        if (r <= 0)
                return r;
        if (only_one(reading, found, error) < 0 || whole_single(reading, found, words, (size_t)r,
                                                           kind == found && (size_t)r == count, error) < 0)
                return -EINVAL;
        memcpy(reading->value, value.text, sizeof reading->value);
        reading->warnings |= value.warnings;
        return r;
}

static int take_time(struct reading *reading, const struct slice *words, size_t at, size_t count,
        const struct local_zone *zone, struct error *error)
{
        struct stated_instant instant;
        int r = instant_words(words + at, count - at, zone, &instant, error);

        if (r <= 0)
                return r;
        if (reading->times == 2 || (reading->times == 1 && !reading->until))
                return error_set(error, -EINVAL,
                        "two times in one excerpt; paste the part around the one that is meant, or write "
                        "FROM - TO");
        const char *begin = words[at].text,
                   *end = words[at + (size_t)r - 1].text + words[at + (size_t)r - 1].length;
        if (reading->times == 0) {
                reading->first = instant;
                reading->stated = slice_make(begin, (size_t)(end - begin));
        } else {
                if (instant.to_ms < reading->first.from_ms)
                        return error_set(error, -EINVAL, "the end of the time comes before its beginning");
                reading->stated.length = (size_t)(end - reading->stated.text);
        }
        reading->last = instant;
        reading->times++;
        return r;
}

/* "port 4711", "sport=4711", "udp", "proto=udp". */
static int take_port_or_protocol(
        struct reading *reading, const struct slice *words, size_t at, size_t count, struct error *error)
{
        bool source = is_word(words[at], source_port_words), next = at + 1 < count;
        uint64_t number;

        if (next && (source || is_word(words[at], destination_port_words)) && words[at + 1].text[0] >= '0' &&
                words[at + 1].text[0] <= '9')
                return set_port(source ? &reading->source_port : &reading->destination_port, words[at + 1],
                               error) < 0
                               ? -EINVAL
                               : 2;
        if (next && is_word(words[at], protocol_words) && slice_number(words[at + 1], 255, &number) == 0)
                return set_once(&reading->protocol, (int64_t)number, "protocol", error) < 0 ? -EINVAL : 2;
        int protocol = protocol_of(words[at]);
        if (protocol >= 0)
                return set_once(&reading->protocol, protocol, "protocol", error) < 0 ? -EINVAL : 1;
        return 0;
}

static struct slice without_end(struct slice word)
{
        while (word.length > 1 && strchr(".!?", word.text[word.length - 1]))
                word.length--;
        /* an IPv6 address may end in two colons; a single one behind anything is punctuation */
        if (word.length > 2 && word.text[word.length - 1] == ':' && word.text[word.length - 2] != ':')
                word.length--;
        return word;
}

void reading_init(struct reading *reading, struct slice ground)
{
        memset(reading, 0, sizeof *reading);
        reading->ground = ground;
        reading->source_port = reading->destination_port = reading->protocol = MODEL_UNSTATED;
}

int reading_of(struct reading *reading, struct slice excerpt, enum identifier_kind kind,
        const struct local_zone *zone, struct error *error)
{
        struct slice words[EXCERPT_WORDS_MAX];
        size_t count = excerpt_words(excerpt, words);
        bool addresses = kind == IDENTIFIER_NONE || kind == IDENTIFIER_IPV4 || kind == IDENTIFIER_IPV6 ||
                         kind == IDENTIFIER_IP_RANGE;
        bool destination = false;

        if (count > EXCERPT_WORDS_MAX)
                return error_set(error, -EINVAL,
                        "more than %u words; paste only the part around the identifier", EXCERPT_WORDS_MAX);
        for (size_t i = 0; i < count; i++)
                words[i] = without_end(words[i]);
        for (size_t i = 0; i < count;) {
                int r = take_time(reading, words, i, count, zone, error);

                if (r == 0 && addresses)
                        r = take_address(reading, words[i], destination, error);
                if (r == 0 && addresses)
                        r = take_port_or_protocol(reading, words, i, count, error);
                if (r == 0 && (kind == IDENTIFIER_NONE || !addresses))
                        r = take_single(reading, words + i, count - i, kind, error);
                if (r < 0)
                        return r;
                destination = r == 0 && is_word(words[i], destination_words);
                reading->until = r == 0 && is_word(words[i], until_words);
                i += r ? (size_t)r : 1;
        }
        if (reading->kind == IDENTIFIER_NONE)
                return error_set(error, -EINVAL,
                        "nothing in it is %s; paste the part of the source that holds it",
                        kind ? word_meaning(&identifier_kind_words, kind) : "an identifier");
        if (kind != IDENTIFIER_NONE && reading->kind != kind)
                return error_set(error, -EINVAL, "it holds %s, and not %s",
                        word_meaning(&identifier_kind_words, reading->kind),
                        word_meaning(&identifier_kind_words, kind));
        return 0;
}
