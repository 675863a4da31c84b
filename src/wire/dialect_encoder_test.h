/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_DIALECT_ENCODER_TEST_H
#define ROGATORY_WIRE_DIALECT_ENCODER_TEST_H

/* Encoders of every dialect for tests only: written from the documents, each with the templates that its
 * exporter sends. They share nothing with the decoder's table. */

#include "wire/flow_encoder_test.h"

#include "nat/event.h"

#include <stdio.h>

/* A binding, or a flow, that a NAT has to tell. */
struct truth {
        int64_t time_ms; /* of the event; of the first packet where flows are logged */
        int64_t last_ms; /* of the last packet */
        uint32_t inside; /* IPv4, or where is64 the last bytes of 2001:db8::/96 */
        uint32_t outside;
        uint32_t destination;
        uint32_t vrf; /* below 65536 */
        uint16_t inside_port, outside_port, outside_last, destination_port;
        uint8_t protocol; /* 6 or 17 */
        uint8_t kind;     /* enum nat_kind */
        bool is64, closes;
        bool goes_on;  /* the flow is told and is not over */
        bool is_named; /* the subscriber is known by a name only */
        char name[32];
};

/* One way of writing it. */
struct writing {
        const char *dialect; /* whose it is */
        const char *what;
        uint16_t version;
        bool is_flow;                                    /* a record tells both ends */
        bool no_port, no_inside, no_vrf, no_destination; /* what it cannot carry */
        /* Fills in the template's number and the event's value; false where there is no way to say it. */
        bool (*numbers)(const struct truth *truth, uint16_t *ret_template, unsigned *ret_event);
        struct encoded_field fields[24]; /* ended by element 0 */
};

#define HOUR_UP 3600000u /* the uptime in the headers of flow_encoder_test.h */

static inline uint64_t number_of(const struct writing *writing, const struct truth *t, unsigned element,
        unsigned event, int64_t export_ms)
{
        bool nokia1 = strcmp(writing->what, "format 1") == 0;
        int64_t zero_ms = export_ms - HOUR_UP;

        switch (element) {
        case 4:
                return t->kind == NAT_BLOCK ? 0 : t->protocol;
        case 7:
                return t->inside_port;
        case 8:
                return nokia1 ? t->outside : t->inside;
        case 11:
        case 228:
        case 40004:
                return t->destination_port;
        case 12:
        case 226:
        case 40002:
                return t->destination;
        case 136: /* flowEndReason: active timeout, or end of flow detected */
                return t->goes_on ? 2 : 3;
        case 21:
                return (uint64_t)(t->last_ms - zero_ms);
        case 22:
                return (uint64_t)(t->time_ms - zero_ms);
        case 58:
        case 91:
        case 234:
                return t->vrf;
        case 152:
        case 153:
        case 323:
                return (uint64_t)t->time_ms;
        case 160:
                return (uint64_t)zero_ms;
        case 225:
        case 40001:
                return t->outside;
        case 227:
        case 361:
        case 40003:
                return t->outside_port;
        case 230:
        case 233:
        case 40005:
                return event;
        case 362:
                return t->outside_last;
        case 363:
                return 1;
        case 364:
                return (uint64_t)(t->outside_last - t->outside_port + 1);
        default: /* counters, interfaces, padding: anything */
                return element;
        }
}

static inline void encode_ipv6(struct encoder *e, uint32_t last)
{
        encode(e, 0x20010db8, 4);
        encode(e, 0, 8);
        encode(e, last, 4);
}

/* Nokia's string: "variable, aligned to 8 bytes". */
static inline void encode_subscriber(struct encoder *e, const struct truth *t)
{
        char text[64];
        size_t length = t->is_named
                                ? (size_t)snprintf(text, sizeof text, "%s", t->name)
                                : (size_t)snprintf(text, sizeof text, "LSN-Host@%u.%u.%u.%u", t->inside >> 24,
                                          t->inside >> 16 & 255, t->inside >> 8 & 255, t->inside & 255);
        size_t padded = (length + 8) / 8 * 8;

        memset(text + length, 0, sizeof text - length);
        encode(e, padded, 1);
        encode_bytes(e, text, padded);
}

/* The message: template and record. false where the dialect has no way to say it. */
static inline bool write_truth(
        struct encoder *e, const struct writing *writing, const struct truth *t, uint32_t seconds)
{
        struct encoded_field fields[24];
        size_t count = 0;
        uint16_t id;
        unsigned event;

        if (!writing->numbers(t, &id, &event))
                return false;
        for (size_t i = 0; writing->fields[i].element; i++) {
                fields[count] = writing->fields[i];
                if (fields[count].element == 152 && !writing->is_flow &&
                        t->closes) /* Nokia: the edge is the event */
                        fields[count].element = 153;
                count++;
        }
        encode_message(e, writing->version, seconds, 7, 1);
        encode_template(e, id, fields, count);
        encode_set(e, id);
        for (size_t i = 0; i < count; i++) {
                if (fields[i].enterprise == 637 && fields[i].element == 93)
                        encode_subscriber(e, t);
                else if (fields[i].element == 27)
                        encode_ipv6(e, t->inside);
                else if (fields[i].element == 28)
                        encode_ipv6(e, t->destination);
                else
                        encode(e, number_of(writing, t, fields[i].element, event, (int64_t)seconds * 1000),
                                fields[i].length);
        }
        e->records++;
        encode_set_end(e, true);
        encode_end(e);
        return true;
}

/* ---- RFC 8158 sections 5.3 to 5.9, and the draft that Juniper follows ---- */

static inline bool rfc_session44(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 256;
        *event = 4u + t->closes;
        return t->kind == NAT_SESSION && !t->is64 && !t->is_named;
}

static inline bool rfc_session64(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 257;
        *event = 6u + t->closes;
        return t->kind == NAT_SESSION && t->is64;
}

static inline bool rfc_bib44(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 258;
        *event = 8u + t->closes;
        return t->kind == NAT_MAPPING && !t->is64;
}

static inline bool rfc_bib64(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 259;
        *event = 10u + t->closes;
        return t->kind == NAT_MAPPING && t->is64;
}

static inline bool rfc_address(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 260;
        *event = 14u + t->closes;
        return t->kind == NAT_ADDRESS && !t->is64;
}

static inline bool rfc_block(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 262;
        *event = 16u + t->closes;
        return t->kind == NAT_BLOCK && !t->is64;
}

static inline bool draft_session44(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_session44(t, id, event);
        *event = 1u + t->closes;
        return fits;
}

static inline bool draft_session64(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_session64(t, id, event);
        *event = 4u + t->closes;
        return fits;
}

static inline bool draft_bib44(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_bib44(t, id, event);
        *event = 6u + t->closes;
        return fits;
}

static inline bool draft_bib64(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_bib64(t, id, event);
        *event = 8u + t->closes;
        return fits;
}

static inline bool draft_address(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_address(t, id, event);
        *event = 12u + t->closes;
        return fits;
}

static inline bool draft_block(const struct truth *t, uint16_t *id, unsigned *event)
{
        bool fits = rfc_block(t, id, event);
        *event = 14u + t->closes;
        return fits;
}

/* ---- the others ---- */

static inline bool cisco_block(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 259;
        *event = 1u + t->closes;
        return t->kind == NAT_BLOCK && !t->is64;
}

static inline bool asa(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = t->closes ? 259 : 260; /* any number: here those that another vendor means the opposite by */
        *event = 1u + t->closes;
        return t->kind == NAT_SESSION && !t->is64 && !t->is_named;
}

static inline bool nokia(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = t->closes ? 257 : 256;
        *event = 0;
        return t->kind == NAT_SESSION && !t->is64;
}

static inline bool huawei(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = t->closes ? 260 : 259;
        *event = 0;
        return t->kind == NAT_SESSION && !t->is64 && !t->is_named;
}

static inline bool flow44(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 262;
        *event = 0;
        return t->kind == NAT_SESSION && !t->is64 && !t->is_named;
}

static inline bool flow64(const struct truth *t, uint16_t *id, unsigned *event)
{
        *id = 265;
        *event = 0;
        return t->kind == NAT_SESSION && t->is64;
}

#define SESSION44                                                                                            \
        {323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},                              \
        {                                                                                                    \
                227, 2, 0                                                                                    \
        }
#define SESSION64                                                                                            \
        {323, 8, 0}, {230, 1, 0}, {27, 16, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},                            \
        {                                                                                                    \
                227, 2, 0                                                                                    \
        }
#define TO44                                                                                                 \
        {12, 4, 0}, {226, 4, 0}, {11, 2, 0},                                                                 \
        {                                                                                                    \
                228, 2, 0                                                                                    \
        }
#define TO64                                                                                                 \
        {28, 16, 0}, {226, 4, 0}, {11, 2, 0},                                                                \
        {                                                                                                    \
                228, 2, 0                                                                                    \
        }
#define VRF                                                                                                  \
        {                                                                                                    \
                234, 4, 0                                                                                    \
        }
#define ADDRESS44                                                                                            \
        {323, 8, 0}, {230, 1, 0}, {8, 4, 0},                                                                 \
        {                                                                                                    \
                225, 4, 0                                                                                    \
        }
#define BLOCK44                                                                                              \
        {323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {361, 2, 0},                                       \
        {                                                                                                    \
                362, 2, 0                                                                                    \
        }
#define FORTIGATE_FIRST                                                                                      \
        {1, 8, 0}, {23, 8, 0}, {2, 4, 0}, {24, 4, 0}, {22, 4, 0}, {21, 4, 0}, {7, 2, 0}, {11, 2, 0},         \
                {10, 2, 0}, {14, 2, 0}, {4, 1, 0}, {95, 9, 0}, {65, 2, 0}, {89, 1, 0},                       \
        {                                                                                                    \
                136, 1, 0                                                                                    \
        }
#define NO_DESTINATION .no_destination = true

static const struct writing writings[] = {
        {"rfc8158", "session", 10, .numbers = rfc_session44, .fields = {SESSION44, TO44, VRF}},
        {"rfc8158", "session of v9", 9, .numbers = rfc_session44, .fields = {SESSION44, TO44, VRF}},
        {"rfc8158", "NAT64 session", 10, .numbers = rfc_session64, .fields = {SESSION64, TO64, VRF}},
        {"rfc8158", "mapping", 10, NO_DESTINATION, .numbers = rfc_bib44, .fields = {SESSION44, VRF}},
        {"rfc8158", "NAT64 mapping", 10, NO_DESTINATION, .numbers = rfc_bib64, .fields = {SESSION64, VRF}},
        {"rfc8158", "address", 10, NO_DESTINATION, .numbers = rfc_address, .fields = {ADDRESS44, VRF}},
        {"rfc8158", "block", 10, NO_DESTINATION, .numbers = rfc_block, .fields = {BLOCK44, VRF}},
        {"rfc8158", "block of v9", 9, NO_DESTINATION, .numbers = rfc_block, .fields = {BLOCK44, VRF}},
        {"juniper", "session", 10, .numbers = draft_session44, .fields = {SESSION44, TO44, VRF}},
        {"juniper", "session of v9", 9, .numbers = draft_session44, .fields = {SESSION44, TO44, VRF}},
        {"juniper", "NAT64 session", 10, .numbers = draft_session64, .fields = {SESSION64, TO64, VRF}},
        {"juniper", "NAT64 session of v9", 9, .numbers = draft_session64, .fields = {SESSION64, TO64, VRF}},
        {"juniper", "mapping", 10, NO_DESTINATION, .numbers = draft_bib44, .fields = {SESSION44, VRF}},
        {"juniper", "mapping of v9", 9, NO_DESTINATION, .numbers = draft_bib44, .fields = {SESSION44, VRF}},
        {"juniper", "NAT64 mapping", 10, NO_DESTINATION, .numbers = draft_bib64, .fields = {SESSION64, VRF}},
        {"juniper", "address", 10, NO_DESTINATION, .numbers = draft_address, .fields = {ADDRESS44, VRF}},
        {"juniper", "address of v9", 9, NO_DESTINATION, .numbers = draft_address, .fields = {ADDRESS44, VRF}},
        {"juniper", "block", 10, NO_DESTINATION, .numbers = draft_block, .fields = {BLOCK44, VRF}},
        {"juniper", "block of v9", 9, NO_DESTINATION, .numbers = draft_block, .fields = {BLOCK44, VRF}},
        {"cisco-nel", "session", 9, .numbers = draft_session44,
                .fields = {{8, 4, 0}, {225, 4, 0}, {12, 4, 0}, {226, 4, 0}, {7, 2, 0}, {227, 2, 0},
                        {11, 2, 0}, {228, 2, 0}, VRF, {4, 1, 0}, {230, 1, 0}, {323, 8, 0}}},
        {"cisco-nel", "block", 9, NO_DESTINATION, .numbers = cisco_block,
                .fields = {{8, 4, 0}, {225, 4, 0}, VRF, {4, 1, 0}, {230, 1, 0}, {323, 8, 0}, {361, 2, 0},
                        {363, 2, 0}, {364, 2, 0}}},
        {"cisco-cgn", "session", 9, NO_DESTINATION, .no_inside = true, .numbers = draft_session44,
                .fields = {{225, 4, 0}, {227, 2, 0}, VRF, {4, 1, 0}, {230, 1, 0}, {323, 8, 0}}},
        {"cisco-asa", "old elements", 9, .no_vrf = true, .numbers = asa,
                .fields = {{148, 4, 0}, {8, 4, 0}, {7, 2, 0}, {10, 2, 0}, {12, 4, 0}, {11, 2, 0}, {14, 2, 0},
                        {4, 1, 0}, {176, 1, 0}, {177, 1, 0}, {40001, 4, 0}, {40002, 4, 0}, {40003, 2, 0},
                        {40004, 2, 0}, {40005, 1, 0}, {33002, 2, 0}, {323, 8, 0}, {33000, 12, 0}}},
        {"cisco-asa", "new elements", 9, .no_vrf = true, .numbers = asa,
                .fields = {{148, 4, 0}, {8, 4, 0}, {7, 2, 0}, {10, 2, 0}, {12, 4, 0}, {11, 2, 0}, {14, 2, 0},
                        {4, 1, 0}, {176, 1, 0}, {177, 1, 0}, {225, 4, 0}, {226, 4, 0}, {227, 2, 0},
                        {228, 2, 0}, {233, 1, 0}, {33002, 2, 0}, {323, 8, 0}, {33000, 12, 0}}},
        {"nokia", "format 1", 10, .no_port = true, .numbers = nokia,
                .fields = {{148, 8, 0}, {8, 4, 0}, {12, 4, 0}, {7, 2, 0}, {11, 2, 0}, {152, 8, 0}, {4, 1, 0},
                        {210, 1, 0}, {91, 2, 637}, {92, 2, 637}, {93, 65535, 637}}},
        {"nokia", "format 2", 10, .numbers = nokia,
                .fields = {{148, 8, 0}, {225, 4, 0}, {12, 4, 0}, {7, 2, 0}, {227, 2, 0}, {11, 2, 0},
                        {152, 8, 0}, {4, 1, 0}, {210, 1, 0}, {91, 2, 637}, {92, 2, 637}, {93, 65535, 637}}},
        {"huawei", "session", 9, .numbers = huawei,
                .fields = {{323, 8, 0}, {58, 2, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0},
                        {12, 4, 0}, {226, 4, 0}, {11, 2, 0}, {228, 2, 0}, {1, 4, 0}, {2, 4, 0}}},
        {"fortigate", "flow", 9, .is_flow = true, .no_vrf = true, .numbers = flow44,
                .fields = {FORTIGATE_FIRST, {8, 4, 0}, {12, 4, 0}, {225, 4, 0}, {226, 4, 0}, {227, 2, 0},
                        {228, 2, 0}}},
        {"fortigate", "NAT64 flow", 9, .is_flow = true, .no_vrf = true, .numbers = flow64,
                .fields = {FORTIGATE_FIRST, {27, 16, 0}, {28, 16, 0}, {225, 4, 0}, {226, 4, 0}, {227, 2, 0},
                        {228, 2, 0}}},
        {"mikrotik", "flow", 10, .is_flow = true, .no_vrf = true, .no_port = true, .numbers = flow44,
                .fields = {{60, 1, 0}, {22, 4, 0}, {21, 4, 0}, {160, 8, 0}, {2, 4, 0}, {1, 4, 0}, {7, 2, 0},
                        {11, 2, 0}, {10, 4, 0}, {14, 4, 0}, {4, 1, 0}, {6, 1, 0}, {8, 4, 0}, {12, 4, 0},
                        {15, 4, 0}, {225, 4, 0}, {226, 4, 0}}},
        {"vpp", "session", 10, NO_DESTINATION, .numbers = rfc_session44,
                .fields = {{323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0},
                        {227, 2, 0}, VRF}},
        {"vpp", "NAT64 mapping", 10, NO_DESTINATION, .numbers = rfc_bib64, .fields = {SESSION64, VRF}},
        {"pflow", "session", 10, .no_vrf = true, .numbers = rfc_session44,
                .fields = {{323, 8, 0}, {230, 1, 0}, {4, 1, 0}, {8, 4, 0}, {7, 2, 0}, {225, 4, 0},
                        {227, 2, 0}, {12, 4, 0}, {11, 2, 0}, {226, 4, 0}, {228, 2, 0}}},
};

#define WRITINGS (sizeof writings / sizeof writings[0])

#endif
