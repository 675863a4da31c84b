/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines of ulogd2's PRINTFLOW through LOGEMU, as ulogd2 2.0.8 writes them:
 *
 *   Nov 20 23:35:52 vm [NEW] ORIG: SRC=A DST=B PROTO=TCP SPT=1 DPT=2 PKTS=0 BYTES=0 , REPLY: SRC=B DST=C
 * PROTO=TCP SPT=2 DPT=3 PKTS=0 BYTES=0
 *
 * The time is local, has no year and whole seconds: an opening counts from the beginning of its second, an
 * end until the end of it. ICMP comes without its identifier: such a line names an address but no endpoint.
 */
#include "wire/text_decoder.h"
#include "wire/text_time.h"

#include <stdlib.h>

struct flow_side {
        struct address src, dst;
        uint16_t sport, dport;
        int protocol; /* -1: not there */
        unsigned has; /* bits: 1 SRC, 2 DST, 4 SPT, 8 DPT, 16 PROTO */
};

struct ulogd2_decoder {
        struct text_decoder common;
        struct text_clock clock;
};

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct ulogd2_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        text_decoder_init(&decoder->common, options, TIME_SECOND);
        decoder->clock = text_clock_make();
        *ret_decoder = &decoder->common;
        return 0;
}

static void destroy(struct text_decoder *decoder)
{
        text_decoder_release(decoder);
        free(decoder);
}

static int protocol_of(struct slice name)
{
        static const struct {
                const char *name;
                int number;
        } names[] = {
                {"TCP", 6}, {"UDP", 17}, {"ICMP", 1}, {"ICMPv6", 58}, {"ESP", 50}, {"AH", 51}, {"SCTP", 132}};
        uint64_t number;

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (slice_is(name, names[i].name))
                        return names[i].number;
        return slice_number(name, 255, &number) < 0 ? -1 : (int)number;
}

static bool take_value(struct flow_side *side, struct slice key, struct slice value)
{
        static const char *const keys[] = {"SRC", "DST", "SPT", "DPT", "PROTO"};
        uint64_t number = 0;
        unsigned field = 0;

        while (field < 5 && !slice_is(key, keys[field]))
                field++;
        if (field == 5)
                return true; /* PKTS, BYTES, TYPE, CODE */
        if (side->has & 1U << field)
                return false;
        side->has |= 1U << field;
        switch (field) {
        case 0:
                return address_parse(value, &side->src, NULL) == 0;
        case 1:
                return address_parse(value, &side->dst, NULL) == 0;
        case 4:
                side->protocol = protocol_of(value);
                return side->protocol >= 0;
        default:
                if (slice_number(value, UINT16_MAX, &number) < 0)
                        return false;
                *(field == 2 ? &side->sport : &side->dport) = (uint16_t)number;
                return true;
        }
}

static bool take_side(struct slice text, struct flow_side *ret)
{
        struct flow_side side = {.protocol = -1};

        for (struct slice word = slice_word(&text); word.length; word = slice_word(&text)) {
                if (slice_is(word, ","))
                        continue;
                struct slice value = word;
                struct slice key = slice_cut(&value, '=');
                if (key.length == word.length || !take_value(&side, key, value))
                        return false;
        }
        bool both_ports = (side.has & 12) == 12 || (side.has & 12) == 0;
        *ret = side;
        return (side.has & 3) == 3 && side.protocol >= 0 && both_ports;
}

/* Behind "[TAG] ORIG: ": the two sides. */
static bool take_sides(struct slice rest, struct flow_side sides[2])
{
        static const char mark[] = "REPLY: ";
        const char *reply = rest.length ? memmem(rest.text, rest.length, mark, sizeof mark - 1) : NULL;

        if (!reply)
                return false;
        size_t before = (size_t)(reply - rest.text);
        return take_side(slice_make(rest.text, before), &sides[0]) &&
               take_side(slice_make(reply + sizeof mark - 1, rest.length - before - (sizeof mark - 1)),
                       &sides[1]) &&
               sides[0].protocol == sides[1].protocol && (sides[0].has & 12) == (sides[1].has & 12);
}

static int take_event(struct ulogd2_decoder *decoder, const struct flow_side sides[2], bool opens,
        int64_t instant, const struct decode_sink *sink)
{
        struct text_decoder *common = &decoder->common;
        bool has_port = nat_protocol_has_port(sides[0].protocol), logged = (sides[0].has & 12) != 0;
        bool same_port = !logged || sides[1].dport == sides[0].sport;

        if (!address_is_ipv4(&sides[1].dst) ||
                (address_compare(&sides[1].dst, &sides[0].src) == 0 && same_port)) {
                common->counts.not_nat++;
                return 0;
        }
        if (address_ipv4(&sides[1].dst) == 0 || address_is_none(&sides[0].src))
                return text_refuse(
                        common, sink, REFUSAL_BAD_VALUE, "the address 0.0.0.0 cannot take part in a NAT");
        struct nat_event event = {.time_ms = opens ? instant : instant + TIME_SECOND - 1,
                .inside = sides[0].src,
                .destination = sides[0].dst,
                .outside = address_ipv4(&sides[1].dst),
                .port_first = logged ? sides[1].dport : 0,
                .port_last = logged ? sides[1].dport : UINT16_MAX,
                .inside_port = sides[0].sport,
                .destination_port = sides[0].dport,
                .exporter = common->options.exporter,
                .protocol = (uint8_t)sides[0].protocol,
                .kind = NAT_SESSION,
                .action = opens ? NAT_OPEN : NAT_CLOSE_BOUND,
                .flags = NAT_HAS_DESTINATION | NAT_DESTINATION_BOUND};
        if (logged)
                event.flags |= NAT_HAS_INSIDE_PORT;
        else if (has_port)
                event.flags |= NAT_PORT_UNKNOWN;
        common->counts.used++;
        return text_deliver(common, sink, &event);
}

/* "host [NEW] ORIG: " or "host ulogd[17]: [NEW] ORIG: "; *ret_tag is the letter behind the bracket. */
static bool take_head(struct slice *rest, char *ret_tag)
{
        struct slice host = slice_word(rest), tag = slice_word(rest);

        if (tag.length && tag.text[tag.length - 1] == ':')
                tag = slice_word(rest);
        if (host.length == 0 ||
                !(slice_is(tag, "[NEW]") || slice_is(tag, "[UPDATE]") || slice_is(tag, "[DESTROY]")))
                return false;
        *ret_tag = tag.text[1];
        return slice_is(slice_word(rest), "ORIG:");
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct ulogd2_decoder *decoder = (struct ulogd2_decoder *)common;
        struct flow_side sides[2];
        struct civil reading;
        struct slice rest;
        int64_t instant;
        const char *why;
        char tag;

        if (!text_take_line(common, &text, sink))
                return 0;
        rest = text;
        if (!text_take_bsd_time(&rest, &reading) || !take_head(&rest, &tag) || !take_sides(rest, sides)) {
                if (text_contains(text, "enobufs") || text_contains(text, "losing events")) {
                        common->counts.reported_losses++;
                        text_missing(common, GAP_REPORTED);
                        return 0;
                }
                return text_refuse(common, sink, REFUSAL_BAD_LINE, "not a flow line of ulogd2: \"%.*s\"",
                        text.length > 60 ? 60 : (int)text.length, text.text);
        }
        if (text_clock_instant(&decoder->clock, &common->options, &reading, &instant, &why) < 0)
                return text_refuse(common, sink, REFUSAL_IMPOSSIBLE_TIME, "%s", why);
        int r = text_heard(common, instant);
        if (r < 0 || tag != 'U')
                return r < 0 ? r : take_event(decoder, sides, tag == 'N', instant, sink);
        common->counts.not_nat++;
        return 0;
}

static int finish(struct text_decoder *decoder, const struct decode_sink *sink, struct coverage *ret)
{
        (void)sink;
        return text_hearing_finish(decoder, ret);
}

static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length);
        int sound = 0;

        while (rest.length) {
                struct slice first = text_first_line(&rest);
                struct civil reading;
                char tag;
                if (text_take_bsd_time(&first, &reading) && take_head(&first, &tag))
                        sound++;
                else if (sound == 0 && slice_trim(first).length)
                        return 0;
        }
        return sound ? 90 : 0;
}

const struct text_format text_format_ulogd2 = {
        .name = "ulogd2",
        .description = "ulogd2 PRINTFLOW/LOGEMU text (local time: needs --zone and --year)",
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
