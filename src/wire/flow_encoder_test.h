/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_FLOW_ENCODER_TEST_H
#define ROGATORY_WIRE_FLOW_ENCODER_TEST_H

/* A small encoder of IPFIX and NetFlow v9 for tests only: it shares no code with the decoder. */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct encoder {
        uint8_t bytes[65536];
        size_t length;
        size_t set; /* where the open set begins; 0: none */
        uint16_t version;
        uint16_t records;
};

static inline void encode(struct encoder *e, uint64_t value, size_t length)
{
        assert(e->length + length <= sizeof e->bytes);
        for (size_t i = 0; i < length; i++)
                e->bytes[e->length++] = (uint8_t)(length - 1 - i < 8 ? value >> 8 * (length - 1 - i) : 0);
}

static inline void encode_bytes(struct encoder *e, const void *bytes, size_t length)
{
        assert(e->length + length <= sizeof e->bytes);
        memcpy(&e->bytes[e->length], bytes, length);
        e->length += length;
}

static inline void encode_at(struct encoder *e, size_t at, uint16_t value)
{
        e->bytes[at] = (uint8_t)(value >> 8);
        e->bytes[at + 1] = (uint8_t)value;
}

static inline void encode_message(
        struct encoder *e, uint16_t version, uint32_t seconds, uint32_t number, uint32_t domain)
{
        e->length = e->set = 0;
        e->version = version;
        e->records = 0;
        encode(e, version, 2);
        encode(e, 0, 2);
        if (version == 9)
                encode(e, 3600000, 4); /* up for an hour */
        encode(e, seconds, 4);
        encode(e, number, 4);
        encode(e, domain, 4);
}

static inline void encode_set(struct encoder *e, uint16_t id)
{
        e->set = e->length;
        encode(e, id, 2);
        encode(e, 0, 2);
}

static inline void encode_set_end(struct encoder *e, bool pad)
{
        while (pad && (e->length - e->set) % 4)
                encode(e, 0, 1);
        encode_at(e, e->set + 2, (uint16_t)(e->length - e->set));
        e->set = 0;
}

static inline void encode_end(struct encoder *e)
{
        encode_at(e, 2, e->version == 10 ? (uint16_t)e->length : e->records);
}

struct encoded_field {
        uint16_t element, length;
        uint32_t enterprise;
};

/* A template set with one template. */
static inline void encode_template(
        struct encoder *e, uint16_t id, const struct encoded_field *fields, size_t count)
{
        encode_set(e, e->version == 10 ? 2 : 0);
        encode(e, id, 2);
        encode(e, count, 2);
        for (size_t i = 0; i < count; i++) {
                encode(e, fields[i].element | (fields[i].enterprise ? 0x8000u : 0), 2);
                encode(e, fields[i].length, 2);
                if (fields[i].enterprise)
                        encode(e, fields[i].enterprise, 4);
        }
        encode_set_end(e, false);
        e->records++;
}

#define FIELDS(...)                                                                                          \
        (const struct encoded_field[]){__VA_ARGS__},                                                         \
                sizeof((const struct encoded_field[]){__VA_ARGS__}) / sizeof(struct encoded_field)

/* The NAT44 session template most exporters send: 323 230 8 225 4 7 227. */
#define SESSION_TEMPLATE                                                                                     \
        FIELDS({323, 8, 0}, {230, 1, 0}, {8, 4, 0}, {225, 4, 0}, {4, 1, 0}, {7, 2, 0}, {227, 2, 0})

static inline void encode_session(struct encoder *e, uint64_t time_ms, unsigned event, uint32_t inside,
        uint32_t outside, unsigned protocol, unsigned inside_port, unsigned outside_port)
{
        encode(e, time_ms, 8);
        encode(e, event, 1);
        encode(e, inside, 4);
        encode(e, outside, 4);
        encode(e, protocol, 1);
        encode(e, inside_port, 2);
        encode(e, outside_port, 2);
        e->records++;
}

#endif
