/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of ctnetlink. A message that contradicts itself is refused and costs only itself; what cannot be
 * told apart from the next message costs the rest of its datagram. */
#include "wire/conntrack_netlink.h"

#include "wire/conntrack_entry.h"
#include "wire/text_decoder.h"

#include <stdlib.h>

/* linux/netlink.h: the head is length (4), type (2), flags (2), sequence (4), port (4). */
#define HEAD_BYTES 16u
#define FLAG_LISTED 0x02u        /* NLM_F_MULTI */
#define FLAG_INCOMPLETE 0x10u    /* NLM_F_DUMP_INTR */
#define FLAGS_OF_NEW 0x600u      /* NLM_F_EXCL, NLM_F_CREATE; an update has neither */
#define TYPE_OVERRUN 4u          /* NLMSG_OVERRUN */
#define TYPE_FIRST_OWN 0x10u     /* below are netlink's own */
#define ATTRIBUTE_HEAD_BYTES 4u  /* length (2), type (2) */
#define ATTRIBUTE_NUMBER 0x3fffu /* NLA_TYPE_MASK */

/* linux/netfilter/nfnetlink.h: family (1), version (1), resource (2) */
#define FAMILY_HEAD_BYTES 4u
#define SUBSYSTEM_CONNTRACK 1u

/* linux/netfilter/nfnetlink_conntrack.h */
enum command { COMMAND_NEW = 0, COMMAND_DELETE = 2 };
enum of_entry {
        TUPLE_SENT = 1,
        TUPLE_ANSWERED = 2,
        ENTRY_ID = 12,       /* be32 */
        ENTRY_ZONE = 18,     /* be16 */
        ENTRY_LIFE = 20,     /* CTA_TIMESTAMP */
        STAMP_OF_EVENT = 27, /* CTA_TIMESTAMP_EVENT: be64, ns since 1970, when the event came to be */
};
enum of_tuple { TUPLE_ADDRESSES = 1, TUPLE_PORTS = 2, TUPLE_ZONE = 3 };
enum of_addresses { IPV4_SRC = 1, IPV4_DST = 2 };
enum of_ports { PROTOCOL = 1, PORT_SRC = 2, PORT_DST = 3, ICMP_ID = 4 };
enum of_life { LIFE_BEGAN = 1, LIFE_ENDED = 2 }; /* be64, ns since 1970 */
#define ATTRIBUTES_MAX 32                        /* numbers from there on are not looked at */

/* Linux's own numbers (linux/socket.h), whatever this is built on. */
enum family { FAMILY_IPV4 = 2, FAMILY_IPV6 = 10 };

struct conntrack_decoder {
        struct text_decoder hearing; /* of which only the spans are used */
        struct conntrack_options options;
        struct conntrack_counts counts;
        uint32_t ended[CONNTRACK_ENDS_REMEMBERED]; /* an id stands at its remainder; 0: none */
};

/* One message while it is read. */
struct message {
        const struct decode_sink *sink;
        const uint8_t *bytes;
        size_t at, length; /* in its datagram */
        int64_t receipt_ms;
        uint16_t flags;
        uint8_t command, family;
        enum refusal why;
        const char *wrong;
};

/* The attributes of one level, by number: their payload; NULL where there is none. */
struct attributes {
        const uint8_t *bytes[ATTRIBUTES_MAX];
        uint16_t length[ATTRIBUTES_MAX];
};

int conntrack_decoder_new(const struct conntrack_options *options, struct conntrack_decoder **ret_decoder)
{
        struct conntrack_decoder *decoder = calloc(1, sizeof *decoder);

        if (!decoder)
                return -ENOMEM;
        /* The kernel tells a listener when it lost events (ENOBUFS, netlink(7)). */
        text_decoder_init(&decoder->hearing,
                &(struct text_options){.exporter = options->exporter,
                        .loss_reported = true,
                        .heartbeat_ms = options->heartbeat_ms},
                0);
        decoder->options = *options;
        *ret_decoder = decoder;
        return 0;
}

void conntrack_decoder_free(struct conntrack_decoder *decoder)
{
        if (decoder)
                text_decoder_release(&decoder->hearing);
        free(decoder);
}

struct conntrack_counts conntrack_decoder_counts(const struct conntrack_decoder *decoder)
{
        return decoder->counts;
}

int conntrack_heard(struct conntrack_decoder *decoder, int64_t instant)
{
        return text_heard(&decoder->hearing, instant);
}

int conntrack_lost(struct conntrack_decoder *decoder, int64_t noticed_ms)
{
        text_missing(&decoder->hearing, GAP_REPORTED);
        return text_heard(&decoder->hearing, noticed_ms);
}

void conntrack_begin_lost(struct conntrack_decoder *decoder)
{
        text_missing(&decoder->hearing, GAP_REPORTED);
}

int conntrack_decoder_pieces(struct conntrack_decoder *decoder, struct coverage *ret)
{
        return text_hearing_pieces(&decoder->hearing, ret);
}

int conntrack_decoder_finish(struct conntrack_decoder *decoder, struct coverage *ret)
{
        return text_hearing_finish(&decoder->hearing, ret);
}

static bool wrong(struct message *message, enum refusal why, const char *sentence)
{
        message->why = why;
        message->wrong = sentence;
        return false;
}

static int refuse(struct conntrack_decoder *decoder, const struct message *message)
{
        bool damaged = message->why == REFUSAL_BAD_LENGTH || message->why == REFUSAL_TRUNCATED;

        decoder->counts.refused[message->why]++;
        text_missing(&decoder->hearing, damaged ? GAP_DAMAGED : GAP_REFUSED);
        if (message->sink->refused)
                message->sink->refused(message->sink->context, message->why, message->at, message->wrong);
        return 0;
}

static size_t padded(size_t length)
{
        return (length + 3) & ~(size_t)3;
}

static uint64_t big_endian(const uint8_t *bytes, size_t length)
{
        uint64_t number = 0;

        for (size_t i = 0; i < length; i++)
                number = number << 8 | bytes[i];
        return number;
}

/* Attributes in a row: length and type in two bytes each, in the machine's order, padded to four. */
static bool take_attributes(
        struct message *message, const uint8_t *bytes, size_t length, struct attributes *ret)
{
        *ret = (struct attributes){0};
        for (size_t at = 0; at < length;) {
                uint16_t head[2];
                if (length - at < ATTRIBUTE_HEAD_BYTES)
                        return wrong(message, REFUSAL_BAD_LENGTH, "bytes that are no attribute");
                memcpy(head, bytes + at, sizeof head);
                if (head[0] < ATTRIBUTE_HEAD_BYTES || head[0] > length - at)
                        return wrong(message, REFUSAL_BAD_LENGTH,
                                "an attribute that is longer than what holds it");
                unsigned number = head[1] & ATTRIBUTE_NUMBER;
                if (number < ATTRIBUTES_MAX) {
                        if (ret->bytes[number])
                                return wrong(message, REFUSAL_CONTRADICTION, "an attribute twice");
                        ret->bytes[number] = bytes + at + ATTRIBUTE_HEAD_BYTES;
                        ret->length[number] = (uint16_t)(head[0] - ATTRIBUTE_HEAD_BYTES);
                }
                size_t whole = padded(head[0]);
                at += whole < length - at ? whole : length - at;
        }
        return true;
}

static bool take_nested(
        struct message *message, const struct attributes *from, unsigned number, struct attributes *ret)
{
        if (!from->bytes[number])
                return wrong(message, REFUSAL_MISSING_FIELD, "a tuple, or a part of one, is missing");
        return take_attributes(message, from->bytes[number], from->length[number], ret);
}

/* 1: there; 0: not there; -1: it has another length, and the message is wrong. */
static int take_number(
        struct message *message, const struct attributes *from, unsigned number, size_t length, uint64_t *ret)
{
        if (!from->bytes[number])
                return 0;
        if (from->length[number] != length) {
                wrong(message, REFUSAL_BAD_LENGTH, "a number of an unexpected length");
                return -1;
        }
        *ret = big_endian(from->bytes[number], length);
        return 1;
}

static bool take_addresses(
        struct message *message, const struct attributes *tuple, struct conntrack_tuple *ret)
{
        struct attributes addresses;
        uint64_t src = 0, dst = 0;

        if (!take_nested(message, tuple, TUPLE_ADDRESSES, &addresses))
                return false;
        int has_src = take_number(message, &addresses, IPV4_SRC, 4, &src);
        int has_dst = take_number(message, &addresses, IPV4_DST, 4, &dst);
        if (has_src < 0 || has_dst < 0)
                return false;
        if (!has_src || !has_dst)
                return wrong(message, REFUSAL_MISSING_FIELD, "a tuple without its two addresses");
        ret->src = (uint32_t)src;
        ret->dst = (uint32_t)dst;
        ret->has |= CONNTRACK_HAS_SRC | CONNTRACK_HAS_DST;
        return true;
}

static bool take_ports(struct message *message, const struct attributes *tuple, struct conntrack_tuple *ret,
        uint8_t *ret_protocol)
{
        struct attributes ports;
        uint64_t number = 0, values[3] = {0};
        const struct {
                unsigned number;
                enum conntrack_field field;
        } fields[3] = {{PORT_SRC, CONNTRACK_HAS_SPORT}, {PORT_DST, CONNTRACK_HAS_DPORT},
                {ICMP_ID, CONNTRACK_HAS_ICMP_ID}};

        if (!take_nested(message, tuple, TUPLE_PORTS, &ports))
                return false;
        int r = take_number(message, &ports, PROTOCOL, 1, &number);
        if (r == 0)
                return wrong(message, REFUSAL_MISSING_FIELD, "a tuple without its protocol");
        for (unsigned i = 0; r >= 0 && i < 3; i++) {
                r = take_number(message, &ports, fields[i].number, 2, &values[i]);
                if (r > 0)
                        ret->has |= fields[i].field;
        }
        ret->sport = (uint16_t)values[0];
        ret->dport = (uint16_t)values[1];
        ret->icmp_id = (uint16_t)values[2];
        *ret_protocol = (uint8_t)number;
        return r >= 0;
}

/* Connection tracking zones keep overlapping inside networks apart, as VRFs do. A zone of both directions
 * stands beside the tuples, one of the original direction in its tuple; that of the answers names no inside.
 */
static bool take_zone(struct message *message, const struct attributes *all, const struct attributes *sent,
        struct conntrack_entry *entry)
{
        uint64_t zone = 0;

        if (take_number(message, all, ENTRY_ZONE, 2, &zone) < 0 ||
                take_number(message, sent, TUPLE_ZONE, 2, &zone) < 0)
                return false;
        entry->zone = (uint32_t)zone;
        return true;
}

static bool take_tuples(struct message *message, const struct attributes *all, struct conntrack_entry *entry)
{
        struct attributes tuples[2];
        uint8_t protocols[2] = {0};

        for (unsigned i = 0; i < 2; i++)
                if (!take_nested(message, all, i == 0 ? TUPLE_SENT : TUPLE_ANSWERED, &tuples[i]) ||
                        !take_addresses(message, &tuples[i], &entry->tuples[i]) ||
                        !take_ports(message, &tuples[i], &entry->tuples[i], &protocols[i]))
                        return false;
        if (protocols[0] != protocols[1])
                return wrong(message, REFUSAL_CONTRADICTION, "two tuples of different protocols");
        entry->protocol = protocols[0];
        return take_zone(message, all, &tuples[0], entry);
}

/* A stamp that can be meant: not ahead of its receipt, and of the last day. */
static bool is_sound_stamp(uint64_t nanoseconds, int64_t receipt_ms)
{
        int64_t instant = (int64_t)(nanoseconds / 1000000);

        return instant >= TIME_FIRST && instant <= receipt_ms && receipt_ms - instant <= TIME_DAY;
}

/* See the header: the kernel's times where it stamps both sides, else that of receipt. */
static bool take_time(struct message *message, const struct attributes *all, struct conntrack_entry *entry)
{
        struct attributes life = {0};
        uint64_t event = 0, began = 0, ended = 0;

        entry->time_ms = message->receipt_ms;
        int stamped = take_number(message, all, STAMP_OF_EVENT, 8, &event);
        if (stamped < 0 || (all->bytes[ENTRY_LIFE] && !take_nested(message, all, ENTRY_LIFE, &life)))
                return false;
        int has_began = take_number(message, &life, LIFE_BEGAN, 8, &began);
        int has_ended = take_number(message, &life, LIFE_ENDED, 8, &ended);
        if (has_began < 0 || has_ended < 0)
                return false;
        if (!stamped || entry->action == NAT_ALIVE)
                return true;
        if (entry->action == NAT_OPEN && is_sound_stamp(event, message->receipt_ms))
                entry->time_ms = (int64_t)(event / 1000000);
        if (entry->action == NAT_CLOSE_BOUND && has_began && has_ended && began <= ended &&
                is_sound_stamp(ended, message->receipt_ms)) {
                entry->time_ms = (int64_t)(ended / 1000000);
                entry->action = NAT_CLOSE;
        }
        return true;
}

/* The number is siphash of the entry's place and tuple (nf_ct_get_id), the same in every message of it. */
static bool take_entry(struct message *message, const struct attributes *all, struct conntrack_entry *entry)
{
        uint64_t id = 0;

        if (!take_tuples(message, all, entry) || !take_time(message, all, entry))
                return false;
        int has_id = take_number(message, all, ENTRY_ID, 4, &id);
        if (has_id < 0)
                return false;
        entry->id = !has_id ? 0 : id ? (uint32_t)id : UINT32_MAX;
        return true;
}

/* An end is told at once, and the listing may have been written by then and lie behind it in the queue. */
static bool has_ended(struct conntrack_decoder *decoder, const struct conntrack_entry *entry)
{
        uint32_t *place = &decoder->ended[entry->id % CONNTRACK_ENDS_REMEMBERED];

        if (entry->id == 0)
                return false;
        if (entry->action == NAT_ALIVE)
                return *place == entry->id;
        if (entry->action != NAT_OPEN)
                *place = entry->id;
        else if (*place == entry->id)
                *place = 0; /* the same place in memory, and the same endpoints again */
        return false;
}

/* A time of the kernel's tells how long an event was on its way. */
static void note_delay(struct conntrack_decoder *decoder, int64_t delay_ms)
{
        struct text_hearing *h = &decoder->hearing.hearing;

        if (delay_ms > h->delay_ms)
                h->delay_ms = delay_ms;
}

static int take_event(
        struct conntrack_decoder *decoder, struct message *message, const struct conntrack_entry *entry)
{
        struct nat_event event;

        int r = conntrack_entry_event(entry, &event, &message->why, &message->wrong);
        if (r < 0)
                return refuse(decoder, message);
        bool gone = r > 0 && has_ended(decoder, entry);
        if (r == 0) {
                decoder->counts.not_nat++;
                return 0;
        }
        if (entry->action == NAT_ALIVE && !decoder->options.ends_are_told) {
                decoder->counts.existing++;
                return 0;
        }
        if (gone) {
                decoder->counts.gone++;
                return 0;
        }
        note_delay(decoder, message->receipt_ms - entry->time_ms);
        decoder->counts.used++;
        decoder->counts.alive += entry->action == NAT_ALIVE;
        decoder->hearing.counts.events++;
        return message->sink->event ? message->sink->event(message->sink->context, &event) : 0;
}

/* Behind netlink's head: family, version and resource (nfgenmsg), then attributes. */
static int take_conntrack(struct conntrack_decoder *decoder, struct message *message)
{
        struct conntrack_entry entry = {.exporter = decoder->options.exporter};
        struct attributes all;
        size_t head = HEAD_BYTES + FAMILY_HEAD_BYTES;

        if (message->length < head) {
                wrong(message, REFUSAL_BAD_LENGTH, "too short for a message of conntrack");
                return refuse(decoder, message);
        }
        message->family = message->bytes[HEAD_BYTES];
        if (message->bytes[HEAD_BYTES + 1] != 0) {
                wrong(message, REFUSAL_BAD_VERSION, "a version of nfnetlink that is not known");
                return refuse(decoder, message);
        }
        bool is_listed = message->flags & FLAG_LISTED;
        bool is_update = message->command == COMMAND_NEW && !is_listed && !(message->flags & FLAGS_OF_NEW);
        if (is_update || message->family == FAMILY_IPV6) {
                decoder->counts.not_nat++;
                return 0;
        }
        if (message->family != FAMILY_IPV4)
                wrong(message, REFUSAL_BAD_VALUE, "neither IPv4 nor IPv6");
        entry.action = message->command == COMMAND_DELETE ? NAT_CLOSE_BOUND
                       : is_listed                        ? NAT_ALIVE
                                                          : NAT_OPEN;
        if (message->wrong ||
                !take_attributes(message, message->bytes + head, message->length - head, &all) ||
                !take_entry(message, &all, &entry))
                return refuse(decoder, message);
        return take_event(decoder, message, &entry);
}

static void note_incomplete(struct conntrack_decoder *decoder, const struct message *message)
{
        decoder->counts.incomplete++;
        text_note(message->sink, "the kernel's listing of what existed at the beginning is not complete; of "
                                 "what it left out is "
                                 "known only what came later");
}

/* Netlink's own messages (netlink(7)). */
static int take_control(struct conntrack_decoder *decoder, struct message *message, uint16_t type)
{
        int32_t code = 0;

        if (type == TYPE_OVERRUN) {
                decoder->counts.reported_losses++;
                text_missing(&decoder->hearing, GAP_REPORTED);
                return 0;
        }
        if (message->length >= HEAD_BYTES + sizeof code)
                memcpy(&code, message->bytes + HEAD_BYTES, sizeof code);
        decoder->counts.other++;
        /* NLMSG_DONE has a code too where the listing was broken off; 0 is an acknowledgement. */
        if (code < 0 || message->flags & FLAG_INCOMPLETE)
                note_incomplete(decoder, message);
        return 0;
}

static int take_message(struct conntrack_decoder *decoder, struct message *message, uint16_t type)
{
        uint8_t subsystem = (uint8_t)(type >> 8);

        message->command = (uint8_t)type;
        if (type < TYPE_FIRST_OWN)
                return take_control(decoder, message, type);
        if (subsystem == SUBSYSTEM_CONNTRACK &&
                (message->command == COMMAND_NEW || message->command == COMMAND_DELETE))
                return take_conntrack(decoder, message);
        decoder->counts.other++;
        return 0;
}

/* The next message of a datagram; false where what is left is none. */
static bool cut_message(struct message *message, const uint8_t *bytes, size_t length, uint16_t *ret_type)
{
        uint32_t whole;

        message->bytes = bytes + message->at;
        message->length = length - message->at;
        if (message->length < HEAD_BYTES)
                return wrong(message, REFUSAL_TRUNCATED, "too short for a message of netlink");
        memcpy(&whole, message->bytes, sizeof whole);
        if (whole < HEAD_BYTES)
                return wrong(message, REFUSAL_BAD_LENGTH, "a message that is shorter than its own head");
        if (whole > message->length)
                return wrong(message, REFUSAL_TRUNCATED, "a message that is longer than its datagram");
        message->length = whole;
        memcpy(ret_type, message->bytes + 4, sizeof *ret_type);
        memcpy(&message->flags, message->bytes + 6, sizeof message->flags);
        return true;
}

int conntrack_decode(struct conntrack_decoder *decoder, int64_t receipt_ms, const void *bytes, size_t length,
        const struct decode_sink *sink)
{
        size_t at = 0;

        decoder->counts.datagrams++;
        int r = text_heard(&decoder->hearing, receipt_ms);
        while (r == 0 && at < length) {
                struct message message = {.sink = sink, .at = at, .receipt_ms = receipt_ms};
                uint16_t type;
                decoder->counts.messages++;
                if (!cut_message(&message, bytes, length, &type))
                        return refuse(decoder, &message);
                r = take_message(decoder, &message, type);
                size_t whole = padded(message.length);
                at += whole < length - at ? whole : length - at;
        }
        return r;
}
