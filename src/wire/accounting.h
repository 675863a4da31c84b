/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_ACCOUNTING_H
#define ROGATORY_WIRE_ACCOUNTING_H

/* One RADIUS accounting record (RFC 2866), whoever wrote it down: its attributes are collected here, and
 * turned into lease events and NAT events. The readers (RADIUS packets: radius.c; FreeRADIUS' detail files:
 * freeradius_detail.c) know how attributes are written, and nothing of what they mean. Pure. */

#include "wire/sink.h"

#define ACCOUNTING_PREFIXES_MAX 16 /* addresses and prefixes in one record */
#define ACCOUNTING_RANGES_MAX 128  /* port ranges in one record: a packet of 4096 bytes holds no more */
#define ACCOUNTING_TRIPLES_MAX 64  /* address, first and last port in attributes of their own */
#define ACCOUNTING_TLVS_MAX 16     /* TLVs in one attribute of RFC 8045 */

/* An Event-Timestamp further than this from when the record came contradicts it: that clock was not set. */
#define ACCOUNTING_REACH_MS TIME_DAY

enum accounting_status {
        ACCOUNTING_NO_STATUS,
        ACCOUNTING_START,
        ACCOUNTING_STOP,
        ACCOUNTING_INTERIM,
        ACCOUNTING_ON_OFF, /* Accounting-On and Accounting-Off: the NAS has lost every session */
        ACCOUNTING_OTHER
};

/* How an attribute's value is written in a packet. */
enum accounting_kind {
        ACCOUNTING_NUMBER,   /* 32 bits */
        ACCOUNTING_TIME,     /* 32 bits: seconds since 1970 UTC */
        ACCOUNTING_TEXT,     /* up to 253 bytes */
        ACCOUNTING_IPV4,     /* 4 bytes */
        ACCOUNTING_IPV6,     /* 16 bytes */
        ACCOUNTING_PREFIX,   /* RFC 3162 section 2.3: a zero byte, the length in bits, up to 16 bytes */
        ACCOUNTING_INTERFACE /* RFC 3162 section 2.2: 8 bytes */
};

enum accounting_attribute {
        ATTRIBUTE_STATUS,
        ATTRIBUTE_USER_NAME,
        ATTRIBUTE_CHARGEABLE, /* Chargeable-User-Identity, RFC 4372 */
        ATTRIBUTE_CALLING,    /* Calling-Station-Id */
        ATTRIBUTE_SESSION_ID,
        ATTRIBUTE_MULTI_SESSION_ID,
        ATTRIBUTE_NAS_IPV4,
        ATTRIBUTE_NAS_IPV6,
        ATTRIBUTE_NAS_NAME,
        ATTRIBUTE_EVENT_TIME,
        ATTRIBUTE_SESSION_TIME,
        ATTRIBUTE_DELAY_TIME,
        ATTRIBUTE_FRAMED_IPV4,
        ATTRIBUTE_FRAMED_IPV6,
        ATTRIBUTE_FRAMED_PREFIX,
        ATTRIBUTE_FRAMED_INTERFACE,
        ATTRIBUTE_DELEGATED_PREFIX,
        ATTRIBUTE_NOKIA_RANGE, /* "198.51.100.7 1024-2047 router base" */
        ATTRIBUTE_NOKIA_OUTSIDE,
        ATTRIBUTE_NOKIA_REASON,
        ATTRIBUTE_HUAWEI_OUTSIDE,
        ATTRIBUTE_HUAWEI_FIRST,
        ATTRIBUTE_HUAWEI_LAST,
        ATTRIBUTE_HUAWEI_UPDATE,
        ATTRIBUTE_H3C_OUTSIDE,
        ATTRIBUTE_H3C_FIRST,
        ATTRIBUTE_H3C_LAST,
        ATTRIBUTE_COUNT
};

/* An attribute that matters here: its name in FreeRADIUS' dictionaries, and its number. */
struct accounting_field {
        const char *name;
        uint16_t vendor; /* IANA private enterprise number; 0: RADIUS' own registry */
        uint8_t type;
        uint8_t kind; /* enum accounting_kind */
};

/* By enum accounting_attribute. */
extern const struct accounting_field accounting_fields[ATTRIBUTE_COUNT];

/* The TLVs of RFC 8045 section 3.2, the same in IP-Port-Range (241.6) and IP-Port-Forwarding-Map (241.7). */
enum accounting_tlv_type {
        TLV_PROTOCOL = 1,
        TLV_LIMIT = 2,
        TLV_OUTSIDE = 3,
        TLV_INSIDE_IPV4 = 4,
        TLV_INSIDE_IPV6 = 5,
        TLV_INSIDE_PORT = 6,
        TLV_OUTSIDE_PORT = 7,
        TLV_ALLOC = 8,
        TLV_FIRST = 9,
        TLV_LAST = 10,
        TLV_LOCAL_ID = 11,
        TLV_TYPE_COUNT
};

struct accounting_tlv {
        uint8_t type;           /* enum accounting_tlv_type */
        uint32_t number;        /* numbers, and IPv4 addresses in host order */
        struct address address; /* TLV_INSIDE_IPV6 */
};

/* What is said of a port range beside the status of the record. */
enum accounting_change {
        CHANGE_UNSAID, /* nothing: the status decides, and an interim says that it is held */
        CHANGE_GIVEN,
        CHANGE_TAKEN,
        CHANGE_NOKIA /* Nokia's attribute: what an interim says by it depends on others */
};

struct accounting_range {
        struct address inside; /* none: the host that the record is about */
        uint32_t outside;      /* IPv4, host order */
        uint16_t first, last;
        uint16_t inside_port;
        uint8_t protocol;
        uint8_t change;  /* enum accounting_change */
        bool is_mapping; /* one port towards one inside port, not a block */
};

/* Ports as three attributes that belong together by their order (Huawei, H3C). */
struct accounting_triples {
        uint32_t outside[ACCOUNTING_TRIPLES_MAX];
        uint16_t first[ACCOUNTING_TRIPLES_MAX], last[ACCOUNTING_TRIPLES_MAX];
        size_t outside_count, first_count, last_count;
};

struct accounting_record {
        enum accounting_status status;
        int64_t event_ms;    /* TIME_UNKNOWN: no Event-Timestamp that says its zone */
        int64_t received_ms; /* set by the reader, whole seconds; TIME_UNKNOWN: not known when the record came
                              */
        int64_t delay_ms, session_time_ms; /* -1: not there */
        uint64_t session_id, multi_session_id;
        uint64_t nas[3]; /* hashes; 0: not there. IPv4, IPv6, identifier */
        struct prefix prefixes[ACCOUNTING_PREFIXES_MAX];
        size_t prefix_count;
        struct address framed_ipv4, framed_ipv6;       /* the last of each; none where not there */
        struct prefix framed_prefix, delegated_prefix; /* length 0: not there */
        size_t framed_prefix_count;
        uint8_t interface[8];
        bool has_interface;
        struct accounting_range ranges[ACCOUNTING_RANGES_MAX];
        size_t range_count;
        struct accounting_triples huawei, h3c;
        uint32_t nokia_outside;              /* 0: not there */
        int64_t nokia_reason, huawei_update; /* -1: not there */
        const char *unusable;                /* why port ranges are left out that were understood; NULL */
        char subscriber[SUBSCRIBER_MAX], chargeable[SUBSCRIBER_MAX], calling[SUBSCRIBER_MAX];
        enum refusal refusal;
        char wrong[200]; /* the first thing that was wrong; empty: sound */
};

void accounting_begin(struct accounting_record *record);

/* Remembers why the record is refused; the first reason counts. name: the attribute. */
void accounting_spoil(
        struct accounting_record *record, enum refusal refusal, struct slice name, const char *what);

/* An attribute by its kind: numbers and times (seconds), texts, addresses, prefixes. false: the value cannot
 * be, or contradicts one before. */
bool accounting_take_number(
        struct accounting_record *record, enum accounting_attribute attribute, uint64_t number);
bool accounting_take_text(
        struct accounting_record *record, enum accounting_attribute attribute, struct slice text);
bool accounting_take_address(
        struct accounting_record *record, enum accounting_attribute attribute, const struct address *address);
bool accounting_take_prefix(
        struct accounting_record *record, enum accounting_attribute attribute, const struct prefix *prefix);
bool accounting_take_interface(struct accounting_record *record, const uint8_t interface[8]);

/* One IP-Port-Range, or (is_map) one IP-Port-Forwarding-Map, by its TLVs. */
bool accounting_take_tlvs(
        struct accounting_record *record, bool is_map, const struct accounting_tlv *tlvs, size_t count);

/* Records that came twice. A NAS repeats a request until it is answered (RFC 2866 section 2), and proxies
 * pass copies on; without an Event-Timestamp the copies would be stamped by when they came, as several
 * events. */
#define ACCOUNTING_REPEATS 16384u
#define ACCOUNTING_REPEAT_MS TIME_MINUTE /* copies lie no further apart */

struct accounting_repeats {
        struct {
                uint64_t key;
                int64_t instant;
        } seen[ACCOUNTING_REPEATS]; /* a newer one overwrites an older: then it is not recognised, as before
                                     */
};

enum accounting_outcome {
        ACCOUNTING_USED,
        ACCOUNTING_NOTHING, /* sound, but of no address */
        ACCOUNTING_RESTART, /* Accounting-On or -Off */
        ACCOUNTING_PASSED,  /* another status: tunnels, failures */
        ACCOUNTING_REFUSED
};

struct accounting_result {
        enum accounting_outcome outcome;
        enum refusal refusal; /* where refused, with the sentence part `why` */
        char why[200];
        const char *unusable; /* not NULL: leases were delivered, but port ranges were left out: why */
        int64_t instant_ms;   /* when it happened; TIME_UNKNOWN where refused without */
        int64_t offset_ms;    /* NAS's clock minus receiver's; 0 where not known */
        bool offset_known, is_repeated;
        uint64_t leases, events; /* delivered */
};

/* Judges a record and delivers what it says, in the name of an exporter. repeats and scope (a realm: copies
 * count within it): NULL where copies need not be found. 0, or what the sink returned. */
int accounting_deliver(const struct accounting_record *record, uint16_t exporter,
        struct accounting_repeats *repeats, uint16_t scope, const struct decode_sink *sink,
        struct accounting_result *ret);

#endif
