/* SPDX-License-Identifier: EUPL-1.2 */
/* The lease files of Kea's memfile backend: kea-leases4.csv, kea-leases6.csv, and what its cleanup makes of
 * them
 * (.1, .2, .completed), as the Kea administrator reference manual describes them ("Memfile - Basic Storage
 * for Leases", "Why Is Lease File Cleanup Necessary?").
 *
 * The file is a journal: a row is written for every change, and the last row of an address counts. `expire`
 * less `valid_lifetime` is the client's last transaction. A lease that is given back or removed is written
 * with a valid_lifetime of 0 and without the time at which that happened. Nothing is quoted; "&#x2c" is a
 * comma. */
#include "wire/csv_row.h"
#include "wire/dhcp_identity.h"
#include "wire/dhcp_tenure.h"

#include <stdio.h>
#include <stdlib.h>

enum column {
        ADDRESS,
        HARDWARE,
        CLIENT_ID,
        DUID,
        LIFETIME,
        EXPIRE,
        LEASE_TYPE,
        PREFIX_LENGTH,
        STATE,
        CONTEXT,
        SUBNET,
        PREFERRED,
        IAID,
        FORWARD,
        REVERSE,
        HOSTNAME,
        HARDWARE_TYPE,
        HARDWARE_SOURCE,
        POOL,
        COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {"address", "hwaddr", "client_id", "duid", "valid_lifetime",
        "expire", "lease_type", "prefix_len", "state", "user_context", "subnet_id", "pref_lifetime", "iaid",
        "fqdn_fwd", "fqdn_rev", "hostname", "hwtype", "hwaddr_source", "pool_id"};

enum kea_state { KEA_DEFAULT, KEA_DECLINED, KEA_RECLAIMED, KEA_RELEASED, KEA_REGISTERED, KEA_STATE_COUNT };
enum kea_type { KEA_ADDRESS, KEA_TEMPORARY, KEA_PREFIX };

#define LIFETIME_INFINITE UINT32_MAX

struct kea_decoder {
        struct text_decoder common;
        struct csv_table table;
        struct dhcp_tenures *tenures;
        char context[TEXT_LINE_MAX];
        uint8_t bytes[TEXT_LINE_MAX / 2];
};

/* Why a row is refused. */
struct objection {
        enum refusal refusal;
        const char *why; /* static text */
};

static bool lacks(const struct csv_columns *columns, char *ret, size_t size)
{
        static const enum column needed[] = {ADDRESS, LIFETIME, EXPIRE};

        for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
                if (columns->at[needed[i]] < 0) {
                        snprintf(ret, size, "does not name the column %s, which is needed", names[needed[i]]);
                        return true;
                }
        snprintf(ret, size, "names neither hwaddr nor duid");
        return columns->at[HARDWARE] < 0 && columns->at[DUID] < 0;
}

static int create(const struct text_options *options, struct text_decoder **ret_decoder)
{
        struct kea_decoder *d = calloc(1, sizeof *d);

        if (!d)
                return -ENOMEM;
        text_decoder_init(&d->common, options, TIME_SECOND);
        d->table.names = names;
        d->table.name_count = COLUMN_COUNT;
        d->table.lacks = lacks;
        d->table.plain = true;
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
                dhcp_tenures_free(((struct kea_decoder *)decoder)->tenures);
        free(decoder);
}

static struct slice field(const struct kea_decoder *d, enum column column)
{
        return csv_field(&d->table.row, &d->table.columns, column);
}

/* --- What the relay told: user_context --- */

static bool hex_digit(char c, unsigned *ret)
{
        if (c >= '0' && c <= '9')
                *ret = (unsigned)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
                *ret = (unsigned)((c | 32) - 'a') + 10;
        else
                return false;
        return true;
}

/* "&#x2c" is the byte 0x2c. */
static struct slice unescape(struct kea_decoder *d, struct slice text)
{
        size_t length = 0;
        unsigned high, low;

        for (size_t i = 0; i < text.length; i++) {
                bool escape = text.length - i >= 5 && memcmp(text.text + i, "&#x", 3) == 0 &&
                              hex_digit(text.text[i + 3], &high) && hex_digit(text.text[i + 4], &low);
                d->context[length++] = escape ? (char)(high << 4 | low) : text.text[i];
                i += escape ? 4 : 0;
        }
        return slice_make(d->context, length);
}

/* The next string of a JSON text (RFC 8259 section 7), between its quotes and still escaped. */
static bool next_string(struct slice *rest, struct slice *ret)
{
        const char *quote = rest->length ? memchr(rest->text, '"', rest->length) : NULL;

        if (!quote)
                return false;
        size_t begin = (size_t)(quote - rest->text) + 1, end = begin;
        while (end < rest->length && rest->text[end] != '"')
                end += rest->text[end] == '\\' ? 2 : 1;
        if (end >= rest->length)
                return false;
        *ret = slice_make(rest->text + begin, end - begin);
        *rest = slice_make(rest->text + end + 1, rest->length - end - 1);
        return true;
}

static bool take_relay(struct kea_decoder *d, struct slice hex, bool ipv6, struct dhcp_identity *identity)
{
        if (slice_starts(hex, "0x") || slice_starts(hex, "0X"))
                hex = slice_make(hex.text + 2, hex.length - 2);
        int length = dhcp_hex(hex, d->bytes, sizeof d->bytes);
        if (length < 0)
                return false;
        return ipv6 ? dhcp_identity_relay6(identity, d->bytes, (size_t)length)
                    : dhcp_identity_relay(identity, d->bytes, (size_t)length);
}

static bool is_member(struct slice rest)
{
        rest = slice_trim(rest);
        return rest.length && rest.text[0] == ':';
}

/* The relay's options as Kea keeps them with store-extended-info: {"ISC": {"relay-agent-info": "0x..."}},
 * later
 * {"relay-agent-info": {"sub-options": "0x..."}}; in DHCPv6 {"relay-info": [{"options": "0x..."}]}, one for
 * each relay on the way. Where several relays told something, which of them is the subscriber's is not known.
 */
static const char *take_context(struct kea_decoder *d, bool ipv6, struct dhcp_identity *identity)
{
        struct slice rest = unescape(d, field(d, CONTEXT)), name, value;
        unsigned relays = 0;

        while (next_string(&rest, &name)) {
                bool options = ipv6 ? slice_is(name, "options")
                                    : slice_is(name, "sub-options") || slice_is(name, "relay-agent-info");
                if (!options || !is_member(rest))
                        continue;
                struct slice behind = slice_trim(rest);
                behind = slice_trim(slice_make(behind.text + 1, behind.length - 1));
                if (behind.length == 0 || behind.text[0] != '"')
                        continue; /* an object: its members follow */
                if (!next_string(&rest, &value))
                        return "user_context breaks off";
                if (value.length == 0)
                        continue;
                if (!take_relay(d, value, ipv6, identity))
                        return "the relay's options in user_context are damaged";
                relays++;
        }
        if (relays > 1)
                for (enum dhcp_value of = DHCP_SUBSCRIBER_ID; of <= DHCP_CIRCUIT_ID; of++)
                        identity->values[of].length = 0;
        return NULL;
}

/* --- Rows --- */

static bool take_bytes(const struct kea_decoder *d, enum column column, enum dhcp_value value,
        struct dhcp_identity *identity)
{
        uint8_t bytes[DHCP_VALUE_MAX];
        struct slice text = field(d, column);

        if (text.length == 0)
                return true;
        int length = dhcp_hex(text, bytes, sizeof bytes);
        return length >= 0 && dhcp_identity_set(identity, value, bytes, (size_t)length);
}

static bool take_number(const struct kea_decoder *d, enum column column, uint64_t maximum, uint64_t *ret)
{
        struct slice text = field(d, column);

        if (text.length == 0 && d->table.columns.at[column] < 0)
                return true; /* an older version of the file: what *ret was set to */
        return slice_number(text, maximum, ret) == 0;
}

static bool take_prefix(const struct kea_decoder *d, struct prefix *ret)
{
        uint64_t type = KEA_ADDRESS, length = 128;
        struct address address;

        if (address_parse(field(d, ADDRESS), &address, NULL) < 0 || address_is_none(&address) ||
                !take_number(d, LEASE_TYPE, KEA_PREFIX, &type) ||
                address_is_ipv4(&address) == (d->table.columns.at[DUID] >= 0))
                return false;
        if (type == KEA_PREFIX && (!take_number(d, PREFIX_LENGTH, 128, &length) || length == 0))
                return false;
        *ret = prefix_of(&address, (unsigned)length);
        return address_compare(&ret->address, &address) == 0;
}

static const char *take_identity(struct kea_decoder *d, struct dhcp_identity *identity)
{
        bool ipv6 = d->table.columns.at[DUID] >= 0;

        if (!take_bytes(d, CLIENT_ID, DHCP_CLIENT_ID, identity) ||
                !take_bytes(d, DUID, DHCP_DUID, identity) ||
                !take_bytes(d, HARDWARE, DHCP_HARDWARE, identity))
                return "hwaddr, client_id or duid is not hexadecimal";
        return take_context(d, ipv6, identity);
}

/* What the states and times of a row say; the client is set already. */
static bool make_record(
        const struct kea_decoder *d, struct dhcp_record *record, uint64_t *ret_state, struct objection *o)
{
        uint64_t lifetime = 0, expire = 0, state = KEA_DEFAULT;

        o->refusal = REFUSAL_BAD_VALUE;
        o->why = "valid_lifetime, expire or state is not a number that is known";
        if (!take_number(d, LIFETIME, UINT32_MAX, &lifetime) ||
                !take_number(
                        d, EXPIRE, (uint64_t)(TIME_LIMIT / TIME_SECOND) - 1 + LIFETIME_INFINITE, &expire) ||
                !take_number(d, STATE, KEA_STATE_COUNT - 1, &state))
                return false;
        o->refusal = REFUSAL_IMPOSSIBLE_TIME;
        o->why = "the lease was given before 1970 or after 2261";
        if (expire < lifetime || expire - lifetime >= (uint64_t)(TIME_LIMIT / TIME_SECOND) ||
                (lifetime != LIFETIME_INFINITE && expire >= (uint64_t)(TIME_LIMIT / TIME_SECOND)))
                return false;
        *ret_state = state;
        record->from_ms = record->seen_ms = (int64_t)(expire - lifetime) * TIME_SECOND;
        record->end_ms = lifetime == LIFETIME_INFINITE ? TIME_UNKNOWN : (int64_t)expire * TIME_SECOND;
        record->state = state == KEA_DEFAULT ? DHCP_HELD : state == KEA_DECLINED ? DHCP_NOBODY : DHCP_ENDED;
        if (lifetime == 0 || state == KEA_RELEASED) {
                /* Removed or given back, when is not said; expire is the transaction before. */
                record->state = DHCP_ENDED;
                record->from_ms = record->seen_ms = record->end_ms = TIME_UNKNOWN;
        }
        return true;
}

static int refuse(struct kea_decoder *d, const struct objection *o, const struct prefix *prefix,
        const struct decode_sink *sink)
{
        text_refuse(&d->common, sink, o->refusal, "%s", o->why);
        return prefix ? dhcp_tenures_lose(d->tenures, prefix, sink) : dhcp_tenures_lose_all(d->tenures, sink);
}

static int take_row(struct kea_decoder *d, const struct decode_sink *sink)
{
        struct dhcp_record record = {.subscriber = ""};
        struct dhcp_identity identity = {0};
        struct objection o = {REFUSAL_BAD_VALUE, "no address or prefix that can be leased"};
        char subscriber[SUBSCRIBER_MAX];
        uint64_t state;

        if (!take_prefix(d, &record.prefix))
                return refuse(d, &o, NULL, sink);
        if (!make_record(d, &record, &state, &o))
                return refuse(d, &o, &record.prefix, sink);
        o = (struct objection){REFUSAL_BAD_VALUE, take_identity(d, &identity)};
        if (o.why)
                return refuse(d, &o, &record.prefix, sink);
        if (state == KEA_REGISTERED) {
                /* RFC 9686: the host tells which address it chose; nobody lent it. */
                d->common.counts.not_nat++;
                return 0;
        }
        record.client = dhcp_identity_client(&identity);
        o = (struct objection){
                REFUSAL_MISSING_FIELD, dhcp_identity_subscriber(&identity, subscriber, &record.rank)};
        if (!o.why && record.client == 0)
                o.why = "neither hwaddr, client_id nor duid says which client it is";
        if (o.why && record.state == DHCP_HELD)
                return refuse(d, &o, &record.prefix, sink);
        record.subscriber = o.why ? "" : subscriber;
        int r = dhcp_tenures_take(d->tenures, &record, sink);
        o = (struct objection){REFUSAL_BAD_VALUE, "more addresses than are followed at once"};
        if (r == -E2BIG)
                return refuse(d, &o, &record.prefix, sink);
        d->common.counts.used += r == 0;
        return r;
}

static int line(struct text_decoder *common, struct slice text, const struct decode_sink *sink)
{
        struct kea_decoder *d = (struct kea_decoder *)common;
        uint64_t passed = common->counts.blank + common->counts.other;
        int r = csv_take_line(common, &d->table, text, sink);

        if (r > 0)
                return take_row(d, sink);
        /* A row that was refused may have been of any address. */
        if (r == 0 && passed == common->counts.blank + common->counts.other)
                r = dhcp_tenures_lose_all(d->tenures, sink);
        return r;
}

static int finish(struct text_decoder *common, const struct decode_sink *sink, struct coverage *ret)
{
        (void)ret;
        return dhcp_tenures_finish(((struct kea_decoder *)common)->tenures, sink);
}

static int recognise(const char *head, size_t length)
{
        struct slice rest = slice_make(head, length), first = text_first_line(&rest);

        return slice_starts(first, "address,hwaddr,client_id,valid_lifetime,expire") ||
                               slice_starts(first, "address,duid,valid_lifetime,expire")
                       ? 95
                       : 0;
}

const struct text_format text_format_kea_leases = {
        .name = "kea-leases",
        .description = "lease files of Kea (kea-leases4.csv, kea-leases6.csv)",
        .carries_leases = true,
        .recognise = recognise,
        .create = create,
        .line = line,
        .finish = finish,
        .counts = text_decoder_counts,
        .free = destroy,
};
