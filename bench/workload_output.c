/* SPDX-License-Identifier: EUPL-1.2 */
/* The events in the forms that devices and databases speak: IPFIX (RFC 8158) as messages in a file or in
 * packets of a capture, NetFlow v9 with Cisco's event values, one family of syslog, rows for databases. */
#include "workload.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEMPLATE_ID 256
#define MESSAGE_MOST 1400u
#define TEMPLATE_EVERY 4096u
#define FIELDS_MOST 12u
#define REORDER_BEHIND 4u /* messages that overtake one that is held back */

enum form { FORM_IPFIX, FORM_PCAP, FORM_NETFLOW9, FORM_SYSLOG, FORM_CSV };
static const char *const form_names[] = {"ipfix", "pcap", "netflow9", "syslog", "csv"};

struct message {
        uint8_t bytes[MESSAGE_MOST + 100];
        size_t length;
        int64_t at_ms;
};

struct output {
        enum form form;
        FILE *file;
        const char *path;
        const uint16_t (*fields)[2];
        unsigned field_count, record_bytes, records;
        struct message message;
        uint64_t messages, events;
        struct message held; /* reordered: goes out after the next ones */
        unsigned held_for;
        uint64_t random;
};

static struct output outputs[OUTPUTS_MOST];
static unsigned output_count;
static struct output_counts counts;

/* observationTimeMilliseconds, natEvent, source and translated source, protocol, their ports, destination. */
static const uint16_t session_fields[][2] = {
        {323, 8}, {230, 1}, {8, 4}, {225, 4}, {4, 1}, {7, 2}, {227, 2}, {12, 4}, {11, 2}};
/* The block's ports: portRangeStart and portRangeEnd. */
static const uint16_t block_fields[][2] = {{323, 8}, {230, 1}, {8, 4}, {225, 4}, {361, 2}, {362, 2}};

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
        return at + bytes;
}

/* ---- messages ---- */

static uint8_t *put_template(uint8_t *at, const struct output *o)
{
        at = put(at, o->form == FORM_NETFLOW9 ? 0 : 2, 2);
        at = put(at, 8 + 4 * o->field_count, 2);
        at = put(at, TEMPLATE_ID, 2);
        at = put(at, o->field_count, 2);
        for (size_t i = 0; i < o->field_count; i++)
                at = put(put(at, o->fields[i][0], 2), o->fields[i][1], 2);
        return at;
}

static uint8_t *put_record(uint8_t *at, const struct output *o, const struct workload *w, uint64_t event)
{
        const struct session *s = event_session(w, event);
        bool opens = event & EVENT_OPENS;

        at = put(at, (uint64_t)event_ms(w, event), 8);
        at = put(at,
                o->form == FORM_NETFLOW9 ? (opens ? 1 : 2)
                : w->options.blocks      ? (opens ? 16 : 17)
                                         : (opens ? 4 : 5),
                1);
        at = put(at, FIRST_INSIDE + s->subscriber, 4);
        at = put(at, FIRST_OUTSIDE + w->outside[s->subscriber], 4);
        if (w->options.blocks)
                return put(put(at, s->port, 2), s->port + BLOCK_PORTS - 1, 2);
        at = put(at, s->protocol, 1);
        at = put(at, s->inside_port, 2);
        at = put(at, s->port, 2);
        at = put(at, FIRST_DESTINATION + s->destination, 4);
        return put(at, s->destination_port, 2);
}

static uint16_t folded(const uint8_t *at, size_t length)
{
        uint32_t sum = 0;

        for (size_t i = 0; i < length; i += 2)
                sum += (uint32_t)at[i] << 8 | at[i + 1];
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t)~sum;
}

/* A packet of a capture: Ethernet, IPv4, UDP without a checksum (RFC 768 allows 0). */
static void write_packet(struct output *o, const struct message *m)
{
        uint8_t head[16 + 14 + 20 + 8] = {0}, *at = head;
        uint32_t length = (uint32_t)m->length + 42,
                 numbers[4] = {
                         (uint32_t)(m->at_ms / 1000), (uint32_t)(m->at_ms % 1000 * 1000), length, length};

        memcpy(at, numbers,
                sizeof numbers); /* of this machine's byte order, as the file's magic number says */
        at = put(at + 16, UINT64_C(0x020000000001), 6);
        at = put(put(at, UINT64_C(0x020000000002), 6), 0x0800, 2);
        uint8_t *ip = at;
        at = put(put(put(at, 0x4500, 2), m->length + 28, 2), 0, 4);
        at = put(put(put(at, 64, 1), 17, 1), 0, 2);
        put(put(at, 0xc0000201, 4), 0xc0000202, 4); /* 192.0.2.1 to 192.0.2.2 */
        put(ip + 10, folded(ip, 20), 2);
        put(put(put(ip + 20, 4739, 2), 4739, 2), m->length + 8, 2);
        fwrite(head, sizeof head, 1, o->file);
        fwrite(m->bytes, m->length, 1, o->file);
}

static void write_message(struct output *o, const struct message *m)
{
        if (o->form == FORM_PCAP)
                write_packet(o, m);
        else
                fwrite(m->bytes, m->length, 1, o->file);
}

/* Each output has its own source of faults, so that the same workload comes in every form. */
static unsigned chance(struct output *o)
{
        o->random = o->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned)((o->random >> 33) % 10000);
}

static void deliver(struct output *o, const struct workload *w)
{
        const struct options *options = &w->options;

        counts.messages++;
        if (chance(o) < options->lose) {
                counts.lost++;
        } else if (!o->held_for && chance(o) < options->reorder) {
                counts.reordered++;
                o->held = o->message;
                o->held_for = REORDER_BEHIND;
        } else {
                write_message(o, &o->message);
                if (chance(o) < options->duplicate) {
                        counts.duplicated++;
                        write_message(o, &o->message);
                }
        }
        if (o->held_for && --o->held_for == 0)
                write_message(o, &o->held);
}

static void end_message(struct output *o, const struct workload *w)
{
        uint8_t *at = o->message.bytes;
        unsigned header = o->form == FORM_NETFLOW9 ? 20 : 16, set = header;
        bool template = o->messages % TEMPLATE_EVERY == 0;

        if (!o->records)
                return;
        if (template)
                set += 8 + 4 * o->field_count;
        put(put(at + set, TEMPLATE_ID, 2), o->message.length - set, 2);
        uint64_t seconds = (uint64_t)o->message.at_ms / 1000;
        if (o->form == FORM_NETFLOW9) { /* the sequence number counts messages; RFC 3954 section 5.1 */
                put(put(put(at, 9, 2), o->records + template, 2), (uint64_t)o->message.at_ms & 0xffffffff, 4);
                put(put(put(at + 8, seconds, 4), o->messages, 4), 1, 4);
        } else { /* it counts the records before this message; RFC 7011 section 3.1 */
                put(put(put(at, 10, 2), o->message.length, 2), seconds, 4);
                put(put(at + 8, o->events - o->records, 4), 1, 4);
        }
        deliver(o, w);
        o->messages++;
        o->records = 0;
}

static void add_record(struct output *o, const struct workload *w, uint64_t event)
{
        struct message *m = &o->message;

        if (!o->records) {
                unsigned header = o->form == FORM_NETFLOW9 ? 20 : 16;
                uint8_t *at = m->bytes + header;
                if (o->messages % TEMPLATE_EVERY == 0)
                        at = put_template(at, o);
                m->length = (size_t)(at + 4 - m->bytes);
        }
        m->length = (size_t)(put_record(m->bytes + m->length, o, w, event) - m->bytes);
        m->at_ms = event_ms(w, event);
        o->records++;
        o->events++;
        if (m->length + o->record_bytes > MESSAGE_MOST)
                end_message(o, w);
}

/* ---- text ---- */

static char *put_decimal(char *at, uint64_t value)
{
        char digits[20];
        unsigned count = 0;

        do
                digits[count++] = (char)('0' + value % 10);
        while (value /= 10);
        while (count)
                *at++ = digits[--count];
        return at;
}

static char *put_text(char *at, const char *text)
{
        size_t length = strlen(text);
        memcpy(at, text, length);
        return at + length;
}

static char *put_address(char *at, uint32_t address)
{
        for (int shift = 24; shift >= 0; shift -= 8) {
                at = put_decimal(at, address >> shift & 255);
                if (shift)
                        *at++ = '.';
        }
        return at;
}

static char *put_time(char *at, int64_t ms)
{
        static char text[24];
        static time_t last = -1;
        time_t seconds = ms / 1000;

        if (seconds != last) {
                struct tm utc;
                gmtime_r(&seconds, &utc);
                strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &utc);
                last = seconds;
        }
        at = put_text(at, text);
        *at++ = (char)('0' + ms % 1000 / 100);
        *at++ = (char)('0' + ms % 100 / 10);
        *at++ = (char)('0' + ms % 10);
        return at;
}

/* As NFWare's Virtual CGNAT writes them. */
static void add_line(struct output *o, const struct workload *w, uint64_t event)
{
        const struct session *s = event_session(w, event);
        char line[300], *at = put_text(line, "<134>1 ");

        at = put_time(at, event_ms(w, event));
        at = put_text(at, "Z cgn1 nat - - - ");
        at = put_text(at, event & EVENT_OPENS ? "A VRF 0 " : "D VRF 0 ");
        if (!w->options.blocks) {
                at = put_decimal(at, s->protocol);
                *at++ = ' ';
        }
        at = put_address(put_text(at, "INT "), FIRST_INSIDE + s->subscriber);
        if (!w->options.blocks)
                at = put_decimal(put_text(at, ":"), s->inside_port);
        at = put_address(put_text(at, " EXT "), FIRST_OUTSIDE + w->outside[s->subscriber]);
        at = put_decimal(put_text(at, ":"), s->port);
        if (w->options.blocks) {
                at = put_decimal(put_text(at, "-"), s->port + BLOCK_PORTS - 1);
        } else {
                at = put_address(put_text(at, " DST "), FIRST_DESTINATION + s->destination);
                at = put_decimal(put_text(at, ":"), s->destination_port);
                at = put_text(at, " DIR OUT");
        }
        *at++ = '\n';
        fwrite(line, (size_t)(at - line), 1, o->file);
}

/* A row per session when it ends, as a collector that pairs would hand it to a database: all numbers. */
static void add_row(struct output *o, const struct workload *w, uint64_t event)
{
        const struct session *s = event_session(w, event);
        int64_t begins_ms = event & EVENT_BEFORE ? w->before.begins_ms : w->now.begins_ms;
        char line[200];

        if (event & EVENT_OPENS)
                return;
        const uint64_t values[] = {FIRST_OUTSIDE + w->outside[s->subscriber], s->port,
                w->options.blocks ? s->port + BLOCK_PORTS - 1 : s->port, s->protocol,
                (uint64_t)(begins_ms + s->from), (uint64_t)(begins_ms + s->to), FIRST_INSIDE + s->subscriber,
                s->inside_port, FIRST_DESTINATION + s->destination, s->destination_port};
        char *at = line;
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                at = put_decimal(at, values[i]);
                *at++ = ',';
        }
        at[-1] = '\n';
        fwrite(line, (size_t)(at - line), 1, o->file);
}

/* ---- ---- */

void output_add(struct workload *w, const char *format_and_path)
{
        const char *path = strchr(format_and_path, '=');
        struct output *o = &outputs[output_count];

        for (o->form = FORM_IPFIX; path && o->form <= FORM_CSV; o->form++)
                if (strlen(form_names[o->form]) == (size_t)(path - format_and_path) &&
                        memcmp(form_names[o->form], format_and_path, (size_t)(path - format_and_path)) == 0)
                        break;
        if (!path || o->form > FORM_CSV || output_count == OUTPUTS_MOST ||
                (o->form == FORM_NETFLOW9 && w->options.blocks)) {
                fputs("workload: --write wants ipfix|pcap|netflow9|syslog|csv=FILE (no netflow9 of blocks)\n",
                        stderr);
                exit(2);
        }
        o->path = path + 1;
        o->file = fopen(o->path, "wb");
        if (!o->file)
                die(o->path);
        setvbuf(o->file, NULL, _IOFBF, 1u << 20);
        o->random = w->options.seed;
        o->fields = w->options.blocks ? block_fields : session_fields;
        o->field_count = w->options.blocks ? sizeof block_fields / sizeof block_fields[0]
                                           : sizeof session_fields / sizeof session_fields[0];
        for (unsigned i = 0; i < o->field_count; i++)
                o->record_bytes += o->fields[i][1];
        if (o->form == FORM_PCAP) {
                static const uint32_t head[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 /* Ethernet */};
                fwrite(head, sizeof head, 1, o->file);
        }
        output_count++;
}

void output_hour(struct workload *w)
{
        counts.events += w->event_count;
        for (unsigned k = 0; k < output_count; k++) {
                struct output *o = &outputs[k];
                for (size_t i = 0; i < w->event_count; i++) {
                        /* Sessions lie in another order than their events: fetch what will be needed. */
                        if (i + 16 < w->event_count)
                                __builtin_prefetch(event_session(w, w->events[i + 16]));
                        if (o->form <= FORM_NETFLOW9)
                                add_record(o, w, w->events[i]);
                        else if (o->form == FORM_SYSLOG)
                                add_line(o, w, w->events[i]);
                        else
                                add_row(o, w, w->events[i]);
                }
        }
}

void output_finish(struct workload *w)
{
        for (unsigned k = 0; k < output_count; k++) {
                struct output *o = &outputs[k];
                if (o->form <= FORM_NETFLOW9)
                        end_message(o, w);
                if (o->held_for)
                        write_message(o, &o->held);
                bool failed = ferror(o->file) != 0;
                if (fclose(o->file) != 0 || failed)
                        die(o->path);
        }
}

const struct output_counts *output_counts_of(void)
{
        return &counts;
}

/* Leases, oldest first: the address of every subscriber (and as many others as wanted) today, and other
 * customers on the same addresses on the days before. */
void write_leases(const struct workload *w, const char *path)
{
        FILE *file = fopen(path, "w");
        const int64_t day = INT64_C(86400000);

        if (!file)
                die(path);
        fputs("inside_address,subscriber,start,end\n", file);
        for (unsigned i = w->options.leases; i-- > 0;) {
                unsigned number = i % INSIDE_ADDRESSES, age = i / INSIDE_ADDRESSES;
                int64_t start = BEGIN_MS - (int64_t)(age + 1) * day;
                char line[200], *at = put_address(line, FIRST_INSIDE + number);
                at = put_decimal(put_text(at, ",customer-"), number);
                at = put_time(put_text(put_decimal(put_text(at, "-"), age), ","), start);
                at = put_time(put_text(at, "Z,"), age ? start + day : BEGIN_MS + 400 * day);
                at = put_text(at, "Z\n");
                fwrite(line, (size_t)(at - line), 1, file);
        }
        bool failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
                die(path);
}
