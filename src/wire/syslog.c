/* SPDX-License-Identifier: EUPL-1.2 */
/* Syslog of the NATs of many vendors: RFC 5424, RFC 3164, what relays make of them, or bare messages. The
 * families are tables (syslog.h). What was heard, the year and the side of a clock change are followed for
 * each host apart: in a relay's file the chatter of one NAT must not hide the silence of another. */
#include "base/checksum.h"
#include "wire/syslog_event.h"
#include "wire/syslog_header.h"
#include "wire/text_decoder.h"

#include <stdlib.h>

#define HOST_SLOTS (2 * TEXT_HOSTS_MAX) /* a power of two */
#define EVENTS_MAX 256                  /* events of one message */

/* A line that tells when something happened may be this far from when it says it was written. */
#define CLOCKS_APART_MAX TIME_DAY
/* The same where the header states its zone and the message does not: zones are at least 15 minutes apart, so
 * more than that is a zone that was declared wrongly. */
#define ZONES_APART_MIN (15 * TIME_MINUTE)

/* One device. */
struct host {
        struct text_decoder heard; /* its options, what was heard of it, and how many events it gave */
        struct text_clock header_clock, own_clock;
        uint32_t adrift[GAP_REASON_COUNT]; /* damage of unknown origin that it knows of */
        char name[TEXT_HOST_MAX];          /* "": lines that name none */
        uint64_t hash;
};

struct syslog_decoder {
        struct text_decoder
                common; /* its trouble counts the damage of unknown origin, which is every host's */
        const struct syslog_book *book;
        struct syslog_book *own_book; /* NULL: it is borrowed */
        struct host **hosts;
        size_t host_count;
        uint16_t slots[HOST_SLOTS]; /* index in hosts plus 1 */
        struct host *last;          /* of the line before */
};

/* One line, on its way. */
struct taken {
        struct slice text;
        struct syslog_header header;
        struct syslog_match match;
};

/* --- Hosts --- */

static bool is_host(const struct host *host, struct slice name)
{
        return strlen(host->name) == name.length &&
               (name.length == 0 || memcmp(host->name, name.text, name.length) == 0);
}

static struct slice host_of(const struct syslog_decoder *decoder, const struct syslog_header *header)
{
        return decoder->common.options.by_host ? header->host : (struct slice){0};
}

/* NULL: not met yet; *ret_slot is then where it belongs. */
static struct host *find_host(
        struct syslog_decoder *decoder, struct slice name, uint64_t *ret_hash, size_t *ret_slot)
{
        if (decoder->last && is_host(decoder->last, name))
                return decoder->last;
        uint64_t hash = checksum(name.length ? name.text : "", name.length);
        size_t slot = hash & (HOST_SLOTS - 1);
        for (; decoder->slots[slot]; slot = (slot + 1) & (HOST_SLOTS - 1)) {
                struct host *host = decoder->hosts[decoder->slots[slot] - 1];
                if (host->hash == hash && is_host(host, name))
                        return host;
        }
        *ret_hash = hash;
        *ret_slot = slot;
        return NULL;
}

static int make_host(
        struct syslog_decoder *decoder, struct slice name, uint64_t hash, size_t slot, struct host **ret_host)
{
        struct text_options options = decoder->common.options;
        char text[TEXT_HOST_MAX] = "";
        int r = 0;

        if (name.length)
                memcpy(text, name.text, name.length);
        if (options.by_host)
                r = options.by_host(options.by_host_context, text, &options);
        if (r < 0)
                return r;
        if (decoder->host_count % 64 == 0) {
                struct host **grown =
                        realloc(decoder->hosts, (decoder->host_count + 64) * sizeof *decoder->hosts);
                if (!grown)
                        return -ENOMEM;
                decoder->hosts = grown;
        }
        struct host *host = calloc(1, sizeof *host);
        if (!host)
                return -ENOMEM;
        text_decoder_init(&host->heard, &options, TIME_SECOND);
        host->header_clock = host->own_clock = text_clock_make();
        host->hash = hash;
        memcpy(host->name, text, sizeof host->name);
        decoder->hosts[decoder->host_count++] = host;
        decoder->slots[slot] = (uint16_t)decoder->host_count;
        *ret_host = host;
        return 0;
}

/* 0; -EINVAL: the name can be no exporter's; -ENOENT: it is none; -E2BIG: too many; others are fatal. */
static int take_host(struct syslog_decoder *decoder, const struct taken *taken, struct host **ret_host)
{
        struct slice name = host_of(decoder, &taken->header);
        uint64_t hash = 0;
        size_t slot = 0;

        if (name.length >= TEXT_HOST_MAX || (name.length && memchr(name.text, '\0', name.length)))
                return -EINVAL;
        struct host *host = find_host(decoder, name, &hash, &slot);
        if (!host && decoder->host_count == TEXT_HOSTS_MAX)
                return -E2BIG;
        int r = host ? 0 : make_host(decoder, name, hash, slot, &host);
        if (r == 0)
                decoder->last = *ret_host = host;
        return r;
}

static int refuse_host(
        struct syslog_decoder *decoder, const struct taken *taken, int code, const struct decode_sink *sink)
{
        struct slice name = taken->header.host;

        if (code == -ENOENT)
                return text_refuse(&decoder->common, sink, REFUSAL_BAD_VALUE,
                        "the host \"%.*s\" is none of the exporters in rogatory.conf; add a section of that "
                        "name, or of any name with its address",
                        name.length > 60 ? 60 : (int)name.length, name.length ? name.text : "");
        if (code == -EINVAL)
                return text_refuse(&decoder->common, sink, REFUSAL_BAD_VALUE,
                        "the host \"%.*s\" cannot name an exporter (letters, digits and . - _ :); say "
                        "whose lines these are with --exporter",
                        name.length > 60 ? 60 : (int)name.length, name.length ? name.text : "");
        return text_refuse(&decoder->common, sink, REFUSAL_BAD_VALUE,
                "more than %d different hosts in one file", TEXT_HOSTS_MAX);
}

/* Damage whose origin is not known may have been a line of this host. */
static void take_adrift(const struct syslog_decoder *decoder, struct host *host)
{
        for (unsigned reason = 0; reason < GAP_REASON_COUNT; reason++) {
                uint32_t count = decoder->common.hearing.trouble[reason].count;
                if (count == host->adrift[reason])
                        continue;
                host->adrift[reason] = count;
                text_missing(&host->heard, (enum gap_reason)reason);
        }
}

/* --- Times --- */

/* The time of an event. 0, or -ERANGE with the reason. */
static int own_time(struct host *host, const struct syslog_match *match, int64_t *ret_instant,
        int64_t *ret_resolution_ms, const char **ret_why)
{
        const struct syslog_found *found = &match->found;

        if (syslog_has(found, SYSLOG_EPOCH_HEX) || syslog_has(found, SYSLOG_EPOCH)) {
                *ret_instant = (int64_t)found->epoch_ms;
                *ret_resolution_ms = (int64_t)found->epoch_resolution_ms;
                return 0;
        }
        if (!syslog_has(found, SYSLOG_DATE) || !syslog_has(found, SYSLOG_TIME)) {
                *ret_why = "the message states no time of its own";
                return -ERANGE;
        }
        struct text_reading reading = {
                .civil = found->clock, .has_offset = match->pattern->flags & SYSLOG_OWN_TIME_UTC};
        if (syslog_has(found, SYSLOG_ZONE)) {
                reading.has_offset = true;
                reading.offset_s = found->zone_s;
        }
        reading.civil.year = found->date.year;
        reading.civil.month = found->date.month;
        reading.civil.day = found->date.day;
        *ret_resolution_ms = found->clock_resolution_ms;
        return text_clock_reading(&host->own_clock, &host->heard.options, &reading, ret_instant, ret_why);
}

/* Whether the message's own time could only be read in the zone of the settings. */
static bool is_in_declared_zone(const struct syslog_match *match)
{
        const struct syslog_found *found = &match->found;

        return !syslog_has(found, SYSLOG_EPOCH_HEX) && !syslog_has(found, SYSLOG_EPOCH) &&
               !syslog_has(found, SYSLOG_ZONE) && !(match->pattern->flags & SYSLOG_OWN_TIME_UTC);
}

static int header_time(
        struct host *host, const struct syslog_header *header, int64_t *ret_instant, const char **ret_why)
{
        if (!header->has_time) {
                *ret_why = "the line states no time";
                return -ERANGE;
        }
        if (header->is_unset) {
                *ret_why = "the device says that its clock was not set (\"*\" before the time)";
                return -ERANGE;
        }
        if (header->is_ambiguous && !host->heard.options.family) {
                *ret_why =
                        "its date may be month/day or day/month; set the dialect of the exporter, which says "
                        "which";
                return -ERANGE;
        }
        return text_clock_reading(
                &host->header_clock, &host->heard.options, &header->reading, ret_instant, ret_why);
}

/* A relay may stamp in another zone than the device, and without a year: two days apart they are still no two
 * readings of one moment. */
static bool is_far_apart(const struct syslog_header *header, int64_t instant, bool by_declared_zone)
{
        const struct text_reading *reading = &header->reading;
        struct civil c = reading->civil;
        int64_t most = !reading->has_offset ? 2 * CLOCKS_APART_MAX
                       : by_declared_zone   ? ZONES_APART_MIN - 1
                                            : CLOCKS_APART_MAX;
        int year = time_to_civil(instant).year;

        if (!header->has_time)
                return false;
        for (int candidate = year - 1; candidate <= year + 1; candidate++) {
                c.year = reading->civil.year ? reading->civil.year : candidate;
                if (!civil_is_valid(&c))
                        continue;
                int64_t apart = time_from_civil(&c) - reading->offset_s * TIME_SECOND - instant;
                if (apart <= most && apart >= -most)
                        return false;
        }
        return true;
}

static int event_time(struct host *host, const struct taken *taken, int64_t *ret_instant,
        int64_t *ret_resolution_ms, const char **ret_why)
{
        unsigned flags = taken->match.pattern->flags;

        *ret_resolution_ms = taken->header.resolution_ms;
        if (!(flags & SYSLOG_OWN_TIME))
                return header_time(host, &taken->header, ret_instant, ret_why);
        int r = own_time(host, &taken->match, ret_instant, ret_resolution_ms, ret_why);
        if (r < 0 || flags & SYSLOG_LATE)
                return r;
        if (is_far_apart(&taken->header, *ret_instant, false)) {
                *ret_why = "the times of the header and of the message are more than a day apart";
                return -ERANGE;
        }
        if (is_in_declared_zone(&taken->match) && is_far_apart(&taken->header, *ret_instant, true)) {
                *ret_why = "in the zone that was declared, the message's time is not that of the header, "
                           "which states its zone; check --zone";
                return -ERANGE;
        }
        return r;
}

/* --- Events --- */

static int deliver(struct syslog_decoder *decoder, struct host *host, const struct decode_sink *sink,
        struct nat_event *event, enum nat_action action, int64_t instant)
{
        event->action = (uint8_t)action;
        event->time_ms = instant;
        event->exporter = host->heard.options.exporter;
        host->heard.counts.events++;
        return text_deliver(&decoder->common, sink, event);
}

/* How long it had lived, told at its end, proves that it was alive since. Rounding may be off by one unit,
 * and the end may lie anywhere in its second: the instant is drawn that much later. */
static int deliver_lasting(struct syslog_decoder *decoder, struct host *host,
        const struct syslog_found *found, struct nat_event event, int64_t instant, int64_t resolution_ms,
        const struct decode_sink *sink)
{
        bool in_seconds = syslog_has(found, SYSLOG_LASTED_S);
        int64_t margin = resolution_ms + (in_seconds ? 2 * TIME_SECOND : TIME_SECOND);
        int64_t since = instant - (int64_t)found->lasted_ms + margin;

        if (!in_seconds && !syslog_has(found, SYSLOG_LASTED_MS))
                return 0;
        if (since >= instant || since < TIME_FIRST)
                return 0;
        return deliver(decoder, host, sink, &event, NAT_ALIVE, since);
}

/* An opening counts from the beginning of its second, an end until the end of it. */
static int deliver_event(struct syslog_decoder *decoder, struct host *host, const struct syslog_found *found,
        struct nat_event *event, int64_t instant, int64_t resolution_ms, const struct decode_sink *sink)
{
        enum nat_action action = event->action;
        bool ends = action == NAT_CLOSE || action == NAT_CLOSE_BOUND;
        int r = 0;

        if (ends)
                r = deliver_lasting(decoder, host, found, *event, instant, resolution_ms, sink);
        return r < 0 ? r
                     : deliver(decoder, host, sink, event, action,
                               ends ? instant + resolution_ms - 1 : instant);
}

static int refuse_match(struct syslog_decoder *decoder, struct host *host, const struct syslog_match *match,
        const struct decode_sink *sink)
{
        const struct slice *at = &match->stuck;

        return text_refuse_for(&decoder->common, &host->heard, sink, REFUSAL_BAD_LINE,
                "no %s message that is known, from here on: \"%.*s\"", match->family->name,
                at->length > 50 ? 50 : (int)at->length, at->length ? at->text : "");
}

/* All events of a message. What is sound before the damage counts. */
static int take_events(struct syslog_decoder *decoder, struct host *host, struct taken *taken,
        const struct decode_sink *sink)
{
        struct syslog_match *match = &taken->match;
        unsigned events = 0;

        for (unsigned i = 0;; i++) {
                struct syslog_objection objection;
                struct nat_event event;
                int64_t instant, resolution_ms;
                const char *why;

                int made = syslog_event_make(match, &event, &objection);
                if (made < 0)
                        return text_refuse_for(&decoder->common, &host->heard, sink, objection.refusal,
                                "%s: %s", match->family->name, objection.why);
                if (made > 0 && event_time(host, taken, &instant, &resolution_ms, &why) < 0)
                        return text_refuse_for(
                                &decoder->common, &host->heard, sink, REFUSAL_IMPOSSIBLE_TIME, "%s", why);
                int r = 0;
                if (made > 0 && i == 0 && !(match->pattern->flags & SYSLOG_LATE))
                        r = text_heard(&host->heard, instant);
                if (r == 0 && made > 0)
                        r = deliver_event(decoder, host, &match->found, &event, instant, resolution_ms, sink);
                if (r < 0)
                        return r;
                events += made > 0;
                if (match->rest.length == 0 || !(match->pattern->flags & SYSLOG_REPEATS))
                        break;
                if (i + 1 == EVENTS_MAX || !syslog_book_match_next(decoder->book, match->rest, match))
                        return refuse_match(decoder, host, match, sink);
        }
        decoder->common.counts.used += events > 0;
        decoder->common.counts.not_nat += events == 0;
        return 0;
}

/* --- Lines --- */

/* Whose message it is and what it says, at any of the places where one may begin. */
static bool match_line(
        const struct syslog_decoder *decoder, struct taken *taken, const struct syslog_family *only)
{
        struct syslog_match best = {0};

        for (unsigned i = 0;; i++) {
                if (i == taken->header.start_count)
                        syslog_header_read_on(&taken->header);
                if (i == taken->header.start_count)
                        break;
                if (syslog_book_match(decoder->book, taken->header.starts[i], only, &taken->match))
                        return true;
                if (taken->match.family && !best.family)
                        best = taken->match;
        }
        taken->match = best;
        return false;
}

/* A message of a known family, sound or not. */
static int take_message(struct syslog_decoder *decoder, struct taken *taken, const struct decode_sink *sink)
{
        struct host *host;
        int r = take_host(decoder, taken, &host);

        if (r == -EINVAL || r == -E2BIG || r == -ENOENT)
                return refuse_host(decoder, taken, r, sink);
        if (r < 0)
                return r;
        take_adrift(decoder, host);
        const struct syslog_family *declared = host->heard.options.family;
        const struct syslog_family *met = taken->match.family;
        if (declared && met != declared && !match_line(decoder, taken, declared) && !taken->match.family)
                return text_refuse_for(&decoder->common, &host->heard, sink, REFUSAL_CONTRADICTION,
                        "a message of %s, but the dialect of this exporter is %s", met->name, declared->name);
        if (!taken->match.pattern)
                return refuse_match(decoder, host, &taken->match, sink);
        return take_events(decoder, host, taken, sink);
}

static bool reports_loss(struct slice text)
{
        if (!memmem(text.text, text.length, "lost", 4) && !memmem(text.text, text.length, "drop", 4))
                return false;
        return text_contains(text, "messages lost") || text_contains(text, "lost messages") ||
               text_contains(text, "messages dropped") || text_contains(text, "drop messages") ||
               text_contains(text, "dropped messages") || text_contains(text, "messages were lost") ||
               text_contains(text, "messages were dropped");
}

/* A line in which no message of a family begins: another program's, or a damaged one. It is no proof that a
 * NAT was heard. */
static int take_other(
        struct syslog_decoder *decoder, const struct taken *taken, const struct decode_sink *sink)
{
        struct text_decoder *common = &decoder->common;
        const struct syslog_family *family = syslog_book_marked(decoder->book, taken->text);

        if (family)
                return text_refuse(common, sink, REFUSAL_BAD_LINE,
                        "something of %s, but not where a message begins: \"%.*s\"", family->name,
                        taken->text.length > 60 ? 60 : (int)taken->text.length, taken->text.text);
        if (!taken->header.is_framed)
                return text_refuse(common, sink, REFUSAL_BAD_LINE,
                        "neither a NAT's message of a known family nor a line of syslog: \"%.*s\"",
                        taken->text.length > 60 ? 60 : (int)taken->text.length, taken->text.text);
        if (reports_loss(taken->text)) {
                common->counts.reported_losses++;
                text_missing(common, GAP_REPORTED);
                return 0;
        }
        common->counts.not_nat++;
        return 0;
}

/* A datagram's end mark: a zero byte, which rsyslog writes as "#000". */
static struct slice without_end_mark(struct slice text)
{
        while (text.length && (text.text[text.length - 1] == '\0' || text.text[text.length - 1] == ' '))
                text.length--;
        if (text.length >= 4 && memcmp(text.text + text.length - 4, "#000", 4) == 0)
                text.length -= 4;
        return text;
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct syslog_decoder *decoder = (struct syslog_decoder *)common;
        struct taken taken;

        if (!text_take_line(common, &text, sink))
                return 0;
        taken.text = without_end_mark(text);
        syslog_header_read(taken.text, &taken.header);
        if (match_line(decoder, &taken, NULL) || taken.match.family)
                return take_message(decoder, &taken, sink);
        return take_other(decoder, &taken, sink);
}

static int finish(struct text_decoder *common, const struct decode_sink *sink, struct coverage *ret)
{
        struct syslog_decoder *decoder = (struct syslog_decoder *)common;
        int r = 0;

        (void)sink;
        for (size_t i = 0; i < decoder->host_count && r == 0; i++) {
                take_adrift(decoder, decoder->hosts[i]);
                r = text_hearing_finish(&decoder->hosts[i]->heard, ret);
        }
        return r;
}

static int pieces(struct text_decoder *common, struct coverage *ret)
{
        struct syslog_decoder *decoder = (struct syslog_decoder *)common;
        int r = 0;

        for (size_t i = 0; i < decoder->host_count && r == 0; i++) {
                struct host *host = decoder->hosts[i];
                if (host->heard.hearing.is_heard)
                        take_adrift(decoder, host);
                r = text_hearing_pieces(&host->heard, ret);
        }
        return r;
}

static void destroy(struct text_decoder *common)
{
        struct syslog_decoder *decoder = (struct syslog_decoder *)common;

        if (!decoder)
                return;
        for (size_t i = 0; i < decoder->host_count; i++) {
                text_decoder_release(&decoder->hosts[i]->heard);
                free(decoder->hosts[i]);
        }
        free(decoder->hosts);
        syslog_book_free(decoder->own_book);
        text_decoder_release(common);
        free(decoder);
}

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct syslog_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, TIME_SECOND);
        int r = options->book ? 0 : syslog_book_make(&decoder->own_book);
        decoder->book = options->book ? options->book : decoder->own_book;
        if (r < 0) {
                destroy(&decoder->common);
                return r;
        }
        *ret_decoder = &decoder->common;
        return 0;
}

/* A message of a known family decides; lines that are only syslog make it likely. */
static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length);
        struct syslog_book *book;
        unsigned known = 0, framed = 0, foreign = 0;

        if (syslog_book_make(&book) < 0)
                return 0;
        struct syslog_decoder decoder = {.book = book};
        while (rest.length) {
                struct taken taken = {.text = without_end_mark(text_first_line(&rest))};
                if (slice_trim(taken.text).length == 0)
                        continue;
                syslog_header_read(taken.text, &taken.header);
                if (match_line(&decoder, &taken, NULL))
                        known++;
                else if (taken.header.is_framed)
                        framed++;
                else if (rest.length) /* the last one may be cut off */
                        foreign++;
        }
        syslog_book_free(book);
        return known ? (known + framed > foreign ? 80 : 40) : framed && !foreign ? 20 : 0;
}

const struct text_format text_format_syslog = {
        .name = "syslog",
        .description = "syslog of many vendors' NATs, whose families are listed below (RFC 5424, RFC 3164, "
                       "bare messages)",
        .names_hosts = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .pieces = pieces,
        .counts = text_decoder_counts,
        .free = destroy,
};
