/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_DECODE_H
#define ROGATORY_ROGATORY_DECODE_H

/* `rogatory decode`: shared by its parts. decode.c reads the command line and the files, decode_flow.c shows
 * messages of IPFIX and NetFlow v9, decode_record.c one record of them, decode_datagram.c other datagrams,
 * decode_text.c lines, decode_value.c values and events in words. */

#include "os/input.h"
#include "os/zone.h"
#include "rogatory/terminal.h"
#include "wire/flow.h"
#include "wire/packet.h"
#include "wire/text.h"

struct decode_flow;
struct decode_datagrams;

struct decode_options {
        const struct dialect *dialect;      /* NULL: recognised */
        const struct syslog_family *family; /* the same of syslog; one of both at most */
        const char *format;                 /* NULL: by the file's beginning */
        const char *zone;
        struct address exporter; /* only what this address sent; none: everything */
        int year;
        uint64_t limit; /* records and lines shown; 0: all */
        bool json;
};

/* One run of the command. */
struct decode_job {
        struct decode_options options;
        struct buffer out;
        uint64_t shown;   /* records and lines */
        uint64_t refused; /* of them, and packets and messages */
        /* The file being read. */
        const char *path;
        struct decode_flow *flow;           /* made for captures and raw files */
        struct decode_datagrams *datagrams; /* made where datagrams of other kinds come */
};

/* true where as much was shown as is wanted. */
bool decode_is_over(const struct decode_job *job);

/* Writes out what has gathered. 0, or -EIO where standard output takes no more (which was said). */
int decode_flush(struct decode_job *job);

/* --- decode_flow.c --- */

int decode_flow_new(struct decode_flow **ret_flow); /* -ENOMEM */
void decode_flow_free(struct decode_flow *flow);

/* Where a message was found. */
struct decode_place {
        uint64_t number;             /* packet from 1, or offset in the file */
        const struct packet *packet; /* NULL: a raw file */
        int64_t receipt_ms;
};

/* Shows one message. 0, or negative where nothing can go on. */
int decode_flow_message(
        struct decode_job *job, const struct decode_place *place, const void *bytes, size_t length);

/* Shows what is left waiting at the end of a file. */
int decode_flow_finish(struct decode_job *job);

/* The number under which decoders know the sender. */
uint16_t decode_exporter_number(struct decode_flow *flow, const struct decode_place *place);

/* --- decode_datagram.c --- */

/* Shows one datagram of a capture, of whatever kind an import reads; others are passed over. As
 * decode_flow_message. */
int decode_datagram(struct decode_job *job, const struct decode_place *place);
void decode_datagrams_free(struct decode_datagrams *datagrams);

/* --- decode_record.c --- */

/* What rogatory makes of something: gathered by a decoder's sink. */
struct decode_verdict {
        struct buffer text; /* lines for people */
        struct buffer json; /* members of a list */
        uint64_t made, refused;
        struct nat_event event; /* the first event, where made > 0 and has_event */
        bool has_event;
};

struct decode_verdict decode_verdict_make(void);
void decode_verdict_free(struct decode_verdict *verdict);
void decode_verdict_clear(struct decode_verdict *verdict);
struct decode_sink decode_verdict_sink(struct decode_verdict *verdict);

/* What of a message its records need. */
struct decode_message {
        const struct decode_place *place;
        uint16_t version;
        uint32_t domain;
        int64_t export_ms, uptime_zero_ms;
};

/* Shows one record; why: what it is where nothing is made of it and nothing refused, or NULL. */
void decode_record_write(struct decode_job *job, const struct decode_message *message,
        const struct flow_record *record, uint64_t number, const struct decode_verdict *verdict,
        const char *why);

/* --- decode_text.c --- */

int decode_text(
        struct decode_job *job, struct input *input, const struct text_format *format, struct error *error);

/* --- decode_value.c --- */

/* A field's value as text, by the type of its element; its bytes in hex where the type is not known or does
 * not fit. Foreign text cannot steer a terminal. */
void decode_value_write(
        const struct flow_field *field, const struct decode_message *message, struct buffer *ret);

/* What the field means to rogatory; NULL where nothing. event: what the record said in the end, or NULL. */
const char *decode_meaning(const struct flow_field *field, const struct nat_event *event);

/* Where the field says what happened: what its value is called in the dialect in force, or in every dialect
 * that knows it. Appends nothing for other fields. */
void decode_event_name_write(const struct flow_field *field, const struct decode_options *options,
        unsigned version, struct buffer *ret);

void decode_hex_write(const uint8_t *bytes, size_t length, struct buffer *ret);

/* An event or a lease in words, without a line end. */
void decode_event_write(const struct nat_event *event, struct buffer *ret);
void decode_lease_write(const struct lease_event *lease, struct buffer *ret);

/* The same as JSON objects. */
void decode_event_json(const struct nat_event *event, struct buffer *ret);
void decode_lease_json(const struct lease_event *lease, struct buffer *ret);

#endif
