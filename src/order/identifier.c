/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier.h"

#include "order/form.h"
#include "order/identifier_reading.h"

#include <stdio.h>
#include <stdlib.h>

bool address_is_special(const struct address *address)
{
        static const struct {
                uint32_t network;
                unsigned length;
        } ranges[] = {
                {0x00000000, 8},  /* RFC 791: this network */
                {0x0a000000, 8},  /* RFC 1918 */
                {0x64400000, 10}, /* RFC 6598: between a NAT and its customers */
                {0x7f000000, 8},  /* RFC 1122: loopback */
                {0xa9fe0000, 16}, /* RFC 3927: link-local */
                {0xac100000, 12}, /* RFC 1918 */
                {0xc0000000, 24}, /* RFC 6890: IETF protocol assignments */
                {0xc0a80000, 16}, /* RFC 1918 */
                {0xc6120000, 15}, /* RFC 2544: benchmarking */
                {0xe0000000, 4},  /* RFC 5771: multicast */
                {0xf0000000, 4},  /* RFC 1112: reserved */
        };

        if (!address_is_ipv4(address)) /* customers' addresses come out of 2000::/3, RFC 4291 section 2.4 */
                return (address->bytes[0] & 0xe0) != 0x20;
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
                if ((address_ipv4(address) ^ ranges[i].network) >> (32 - ranges[i].length) == 0)
                        return true;
        return false;
}

static uint64_t clock_warnings(const struct stated_instant *instant, const struct local_zone *zone)
{
        if (!zone || instant->offset_s == 0) /* UTC: no clocks are set */
                return 0;
        struct local_reading stated = local_reading_of(zone, &instant->civil);
        bool fits = false;
        for (int i = 0; i < stated.count; i++)
                fits |= stated.offsets_s[i] == instant->offset_s;
        if (stated.count == 2 && fits)
                return WORD_BIT(WARNING_DST_OVERLAP);
        int before =
                zone->offset(zone->context, instant->from_ms > TIME_DAY ? instant->from_ms - TIME_DAY : 0);
        int after = zone->offset(zone->context,
                instant->from_ms < TIME_LIMIT - TIME_DAY ? instant->from_ms + TIME_DAY : instant->from_ms);
        if (stated.count == 0 && (instant->offset_s == before || instant->offset_s == after))
                return WORD_BIT(WARNING_DST_GAP);
        return fits ? 0 : WORD_BIT(WARNING_ZONE_DISAGREES);
}

static uint64_t address_warnings(const struct reading *reading)
{
        uint64_t found = 0;
        bool nat = reading->kind == IDENTIFIER_IPV4;

        found |= nat && reading->source_port == MODEL_UNSTATED ? WORD_BIT(WARNING_NO_PORT) : 0;
        found |= nat && reading->source_port != MODEL_UNSTATED && reading->protocol == MODEL_UNSTATED
                         ? WORD_BIT(WARNING_NO_PROTOCOL)
                         : 0;
        found |= reading->source_port != MODEL_UNSTATED && reading->source_port < 1024
                         ? WORD_BIT(WARNING_RESERVED_PORT)
                         : 0;
        found |= address_is_special(&reading->address) ? WORD_BIT(WARNING_SPECIAL_ADDRESS) : 0;
        found |= reading->times == 0 ? WORD_BIT(WARNING_NO_TIME) : 0;
        return found;
}

/* The one writing of an address or range. */
static void address_value(struct reading *reading, struct slice excerpt)
{
        char text[ADDRESS_TEXT_MAX], last[ADDRESS_TEXT_MAX];

        address_format(&reading->address, text);
        if (reading->kind == IDENTIFIER_IP_RANGE)
                snprintf(reading->value, sizeof reading->value, "%s-%s", text,
                        address_format(&reading->address_last, last));
        else
                snprintf(reading->value, sizeof reading->value, "%s", text);
        if (!memmem(excerpt.text, excerpt.length, reading->value, strlen(reading->value)))
                reading->warnings |= WORD_BIT(WARNING_SOURCE_CHANGED_FORM);
}

static bool is_address_kind(enum identifier_kind kind)
{
        return kind == IDENTIFIER_IPV4 || kind == IDENTIFIER_IPV6 || kind == IDENTIFIER_IP_RANGE;
}

static int read_excerpt(struct reading *reading, struct slice ground, struct slice excerpt,
        enum identifier_kind kind, const struct local_zone *zone, struct error *error)
{
        reading_init(reading, ground);
        if (slice_trim(excerpt).length == 0 || excerpt.length > EXCERPT_MAX)
                return error_set(error, -EINVAL, "an excerpt has 1 to %u bytes", EXCERPT_MAX);
        if (!model_is_plain_text(slice_trim(excerpt)))
                return error_set(error, -EINVAL,
                        "the excerpt is not UTF-8, or has control characters or marks that turn the "
                        "direction of writing");
        if (kind == IDENTIFIER_USER_ID || kind == IDENTIFIER_OTHER) {
                struct slice value = slice_trim(excerpt);
                if (value.length > MODEL_SHORT)
                        return error_set(error, -EINVAL, "longer than %u bytes", MODEL_SHORT);
                memcpy(reading->value, value.text, value.length);
                reading->kind = kind;
                return 0;
        }
        int r = reading_of(reading, excerpt, kind, zone, error);
        if (r < 0)
                return r;
        if (is_address_kind(reading->kind)) {
                address_value(reading, excerpt);
                reading->warnings |= address_warnings(reading);
        } else { /* a port beside a telephone number is not the number's */
                reading->source_port = reading->destination_port = reading->protocol = MODEL_UNSTATED;
                memset(&reading->destination, 0, sizeof reading->destination);
        }
        if (reading->times) {
                reading->warnings |=
                        clock_warnings(&reading->first, zone) | clock_warnings(&reading->last, zone);
                if (reading->first.from_ms != reading->first.to_ms ||
                        reading->last.from_ms != reading->last.to_ms)
                        reading->warnings |= WORD_BIT(WARNING_SECOND_RESOLUTION);
        }
        return 0;
}

/* Fills the identifier with what was read. Texts are made first, so that a failure leaves it as it was. */
static int fill(struct identifier *ret, const struct reading *reading, const struct local_zone *zone,
        struct error *error)
{
        char *value = NULL, *stated = NULL, *name = NULL;
        int r = model_text(&value, slice_of(reading->value), MODEL_SHORT, "value", error);

        if (r == 0 && reading->times)
                r = model_text(&stated, reading->stated, MODEL_SHORT, "stated_time", error);
        if (r == 0 && zone && reading->times)
                r = model_text(&name, slice_of(zone->name), MODEL_SHORT, "zone", error);
        if (r < 0) {
                free(value);
                free(stated);
                free(name);
                return r;
        }
        free(ret->value);
        free(ret->stated_time);
        free(ret->zone);
        ret->kind = reading->kind;
        ret->value = value;
        ret->stated_time = stated;
        ret->zone = name;
        ret->address = reading->address;
        ret->address_last = reading->address_last;
        ret->source_port = reading->source_port;
        ret->protocol = reading->protocol;
        ret->destination = reading->destination;
        ret->destination_port = reading->destination_port;
        ret->from_ms = reading->times ? reading->first.from_ms : TIME_UNKNOWN;
        ret->to_ms = reading->times ? reading->last.to_ms : TIME_UNKNOWN;
        ret->offset_s = reading->times ? reading->first.offset_s : MODEL_UNSTATED;
        ret->warnings = reading->warnings;
        return 0;
}

static bool parts_words(char c)
{
        return c == '\0' || strchr(" \t\r\n,;\"'()<>|=", c) != NULL;
}

/* An excerpt that begins or ends within a word would turn 198.51.100.71 into 198.51.100.7. Punctuation at the
 * end of a sentence may be left out. */
static bool cuts_a_word(struct slice text, size_t place, size_t length)
{
        size_t end = place + length;

        if (place > 0 && !parts_words(text.text[place]) && !parts_words(text.text[place - 1]))
                return true;
        if (end >= text.length || parts_words(text.text[end - 1]))
                return false;
        if (text.length - end >= 2 && memcmp(text.text + end, "->", 2) == 0)
                return false;
        while (end < text.length && strchr(".!?:", text.text[end]))
                end++;
        return end < text.length && !parts_words(text.text[end]);
}

static int64_t line_of(struct slice text, size_t place)
{
        int64_t line = 1;

        for (size_t i = 0; i < place; i++)
                line += text.text[i] == '\n';
        return line;
}

int identifier_paste(const struct identifier_source_text *source, size_t place, size_t length,
        enum identifier_kind kind, struct identifier *ret, struct error *error)
{
        struct reading reading;
        char *excerpt = NULL, *title = NULL;

        if (source->text.length > SOURCE_BYTES_MAX || place > source->text.length ||
                length > source->text.length - place)
                return error_set(error, -EINVAL, "the excerpt does not lie within the source");
        struct slice words = slice_make(source->text.text + place, length);
        if (length && cuts_a_word(source->text, place, length))
                return error_set(error, -EINVAL,
                        "the excerpt begins or ends in the middle of a word; take the whole word");
        int r = read_excerpt(&reading, source->text, words, kind, source->zone, error);
        if (r == 0)
                r = model_text(&excerpt, slice_trim(words), MODEL_LONG, "excerpt", error);
        if (r == 0 && source->title)
                r = model_text(&title, slice_of(source->title), MODEL_SHORT, "title", error);
        if (r == 0)
                r = fill(ret, &reading, source->zone, error);
        if (r < 0) {
                free(excerpt);
                free(title);
                return r;
        }
        free(ret->source.excerpt);
        free(ret->source.title);
        ret->source.excerpt = excerpt;
        ret->source.title = title;
        memcpy(ret->source.digest, source->digest, sizeof ret->source.digest);
        size_t blank = (size_t)(slice_trim(words).text - words.text);
        ret->source.place = (int64_t)(place + blank);
        ret->source.length = (int64_t)slice_trim(words).length;
        ret->source.line = line_of(source->text, place + blank);
        ret->entry = ENTRY_PASTED;
        memset(ret->typed_by, 0, sizeof ret->typed_by);
        memset(ret->compared_by, 0, sizeof ret->compared_by);
        return 0;
}

int identifier_scan(const struct identifier_source_text *source, enum identifier_kind kind,
        identifier_visit *visit, void *context, struct error *error)
{
        uint64_t line = 0;
        size_t place = 0;

        if (source->text.length > SOURCE_BYTES_MAX)
                return error_set(error, -E2BIG, "the source has more than %u bytes; cut it into parts",
                        SOURCE_BYTES_MAX);
        while (place < source->text.length) {
                struct slice rest = slice_make(source->text.text + place, source->text.length - place);
                struct slice text = slice_cut(&rest, '\n');
                struct identifier found;
                struct error why = {.code = 0};

                line++;
                if (slice_trim(text).length > 0) {
                        memset(&found, 0, sizeof found);
                        model_init(&identifier_type, &found);
                        int r = identifier_paste(source, place, text.length, kind, &found, &why);
                        r = visit(context, line, place, text.length, r, &found, &why);
                        model_free(&identifier_type, &found);
                        if (r)
                                return r;
                }
                place += text.length + 1;
        }
        return 0;
}

/* What two readings must agree in: everything that says who is meant. NULL where they do. */
static const char *difference(const struct identifier *one, const struct identifier *other)
{
        if (one->kind != other->kind)
                return "kind";
        if (!one->value || !other->value || strcmp(one->value, other->value) != 0)
                return "value";
        if (address_compare(&one->address, &other->address) != 0 ||
                address_compare(&one->address_last, &other->address_last) != 0)
                return "address";
        if (one->source_port != other->source_port)
                return "source port";
        if (one->protocol != other->protocol)
                return "protocol";
        if (address_compare(&one->destination, &other->destination) != 0 ||
                one->destination_port != other->destination_port)
                return "destination";
        if (one->from_ms != other->from_ms || one->to_ms != other->to_ms)
                return "time";
        if (one->offset_s != other->offset_s)
                return "offset from UTC";
        return NULL;
}

int identifier_check_source(
        const struct identifier *identifier, const struct identifier_source_text *source, struct error *error)
{
        struct identifier again;

        if (identifier->entry != ENTRY_PASTED || identifier->source.place < 0 ||
                identifier->source.length < 1)
                return error_set(error, -EINVAL, "the identifier was not taken out of a source");
        if (memcmp(identifier->source.digest, source->digest, MODEL_DIGEST_BYTES) != 0)
                return error_set(
                        error, -EBADMSG, "the source is another one: its SHA-256 is not the order's");
        memset(&again, 0, sizeof again);
        model_init(&identifier_type, &again);
        int r = identifier_paste(source, (size_t)identifier->source.place, (size_t)identifier->source.length,
                identifier->kind, &again, error);
        if (r == 0) {
                const char *what = difference(identifier, &again);
                if (!what && (!identifier->source.excerpt ||
                                     strcmp(identifier->source.excerpt, again.source.excerpt) != 0))
                        what = "excerpt";
                if (what)
                        r = error_set(
                                error, -EBADMSG, "%s: the order says something else than its source", what);
        } else if (r == -EINVAL || r == -ERANGE) {
                r = error_prefix(error, -EBADMSG, "the source does not say what the order says: ");
        }
        model_free(&identifier_type, &again);
        return r;
}

int identifier_retype(struct slice text, enum identifier_kind kind, const struct local_zone *zone,
        const char *person, struct identifier *ret, struct error *error)
{
        struct reading reading;

        if (!model_is_person(slice_of(person)))
                return error_set(error, -EINVAL, "who typed it is not stated as login@organisation");
        int r = read_excerpt(&reading, text, text, kind, zone, error);
        if (r == 0)
                r = fill(ret, &reading, zone, error);
        if (r < 0)
                return r;
        ret->entry = ENTRY_RETYPED;
        memset(ret->typed_by, 0, sizeof ret->typed_by);
        memcpy(ret->typed_by, person, strlen(person));
        memset(ret->compared_by, 0, sizeof ret->compared_by);
        return 0;
}

int identifier_compare(struct identifier *identifier, struct slice text, const struct local_zone *zone,
        const char *person, struct error *error)
{
        struct identifier again;

        if (identifier->entry != ENTRY_RETYPED)
                return error_set(error, -EINVAL, "only what was typed by hand is typed a second time");
        if (strcmp(identifier->typed_by, person) == 0)
                return error_set(
                        error, -EPERM, "%s typed it first; another person has to type it again", person);
        memset(&again, 0, sizeof again);
        model_init(&identifier_type, &again);
        int r = identifier_retype(text, identifier->kind, zone, person, &again, error);
        const char *what = r == 0 ? difference(identifier, &again) : NULL;
        if (what)
                r = error_set(error, -EBADMSG,
                        "%s: the two people typed something different; look at the source again", what);
        if (r == 0) {
                memset(identifier->compared_by, 0, sizeof identifier->compared_by);
                memcpy(identifier->compared_by, person, strlen(person));
        }
        model_free(&identifier_type, &again);
        return r;
}

static int shown_offset(const struct local_zone *zone, int64_t instant)
{
        return zone->offset(zone->context, instant);
}

char *identifier_time_words(
        const struct identifier *identifier, const struct local_zone *zone, char *text, size_t room)
{
        char utc[2][TIME_TEXT_MAX], local[2][TIME_TEXT_MAX];
        bool span = identifier->from_ms != identifier->to_ms;

        if (identifier->from_ms == TIME_UNKNOWN || identifier->to_ms == TIME_UNKNOWN) {
                snprintf(text, room, "no time is stated");
                return text;
        }
        int written = snprintf(text, room, "\"%s\" in the source; %s%s%s UTC",
                identifier->stated_time ? identifier->stated_time : "-",
                time_format_utc(identifier->from_ms, utc[0]), span ? " to " : "",
                span ? time_format_utc(identifier->to_ms, utc[1]) : "");
        if (!zone || written < 0 || (size_t)written >= room)
                return text;
        time_format_offset(identifier->from_ms, shown_offset(zone, identifier->from_ms), local[0]);
        time_format_offset(identifier->to_ms, shown_offset(zone, identifier->to_ms), local[1]);
        snprintf(text + written, room - (size_t)written, "; %s%s%s %s", local[0], span ? " to " : "",
                span ? local[1] : "", zone->name);
        return text;
}
