/* SPDX-License-Identifier: EUPL-1.2 */
/* dump_segment FILE: one line of JSON per binding or row of a plan (to be compared with
 * doc/format/read_segment.py) or per lease. */
#include "store/lease_segment.h"
#include "store/plan_segment.h"
#include "store/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_time(const char *name, int64_t time)
{
        if (time == TIME_UNKNOWN)
                printf("\"%s\": null, ", name);
        else
                printf("\"%s\": %" PRId64 ", ", name, time);
}

static void print_host(const char *name, const struct host_table *hosts, uint32_t number)
{
        struct nat_host host = host_get(hosts, number);

        printf("\"%s\": \"", name);
        for (unsigned i = 0; i < 16; i++)
                printf("%02x", host.address.bytes[i]);
        printf("/%u\", ", (unsigned)host.vrf);
}

static void print_binding(const struct nat_binding *b, const struct host_table *hosts)
{
        printf("{\"outside\": %u, ", (unsigned)b->outside);
        print_time("from", b->from_ms);
        print_time("to", b->to_ms);
        printf("\"from_edge\": %d, \"to_edge\": %d, \"ports\": [%d, %d], \"protocol\": %d, \"kind\": %d, "
               "\"flags\": %d, ",
                b->from_edge, b->to_edge, b->port_first, b->port_last, b->protocol, b->kind, b->flags);
        print_host("inside", hosts, b->inside);
        printf("\"inside_port\": %d, ", b->inside_port);
        print_host("destination", hosts, b->destination);
        printf("\"destination_port\": %d, \"session\": %u, \"exporter\": %d}\n", b->destination_port,
                (unsigned)b->session, b->exporter);
}

static int dump(const struct segment_reader *reader, struct error *error)
{
        for (uint32_t sheet = 0; sheet < segment_sheet_count(reader); sheet++) {
                struct host_table hosts;
                struct binding_list list = {0};
                if (host_table_init(&hosts, 1u << 24) < 0)
                        return -ENOMEM;
                int r = segment_read_sheet(reader, sheet, &hosts, NULL, &list, error);
                for (size_t i = 0; i < list.count; i++)
                        print_binding(&list.items[i], &hosts);
                binding_list_free(&list);
                host_table_free(&hosts);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int dump_nat(const struct buffer *file, const char *name, struct error *error)
{
        struct segment_reader *reader = NULL;
        int r = segment_reader_new(file->bytes, file->length, name, &reader, error);

        if (r == 0)
                r = dump(reader, error);
        segment_reader_free(reader);
        return r;
}

static int dump_leases(const struct buffer *file, const char *name, struct error *error)
{
        struct lease_reader *reader = NULL;
        struct lease_list list = {0};
        int r = lease_reader_new(file->bytes, file->length, name, &reader, error);

        if (r == 0)
                r = lease_read_all(reader, &list, error);
        for (size_t i = 0; i < list.count; i++) {
                const struct lease_event *is = &list.items[i].is;
                char prefix[ADDRESS_TEXT_MAX];
                printf("{\"prefix\": \"%s\", \"vrf\": %u, ", prefix_format(&is->prefix, prefix),
                        (unsigned)is->vrf);
                print_time("from", is->from_ms);
                print_time("to", is->to_ms);
                print_time("seen_until", list.items[i].seen_until_ms);
                printf("\"from_edge\": %d, \"to_edge\": %d, \"flags\": %d, \"session\": %" PRIu64
                       ", \"subscriber\": \"%s\"}\n",
                        is->from_edge, is->to_edge, is->flags, is->session, is->subscriber);
        }
        lease_list_free(&list);
        lease_reader_free(reader);
        return r;
}

static int print_plan_row(void *context, const struct plan_entry *entry, uint32_t number)
{
        const struct plan_row *row = &entry->row;

        (void)number;
        printf("{\"outside\": %u, ", (unsigned)row->outside);
        print_time("from", row->from_ms);
        print_time("to", row->to_ms);
        print_time("until", entry->until_ms);
        printf("\"ports\": [%d, %d], \"every\": %d, \"count\": %d, \"protocol\": %d, \"dynamic\": %s, "
               "\"inside\": \"",
                row->port_first, row->port_last, row->repeat_every, row->repeat_count, row->protocol,
                row->is_dynamic ? "true" : "false");
        for (unsigned i = 0; i < 16; i++)
                printf("%02x", row->inside.address.bytes[i]);
        printf("/%d\", \"vrf\": %u, \"plan\": \"%s\", \"marks\": %d}\n", row->inside.length,
                (unsigned)row->vrf, plan_name(context, entry->exporter), entry->marks);
        return 0;
}

static int dump_plan(const struct buffer *file, const char *name, struct error *error)
{
        struct plan_reader *reader = NULL;
        int r = plan_reader_new(file->bytes, file->length, name, &reader, error);

        if (r == 0)
                r = plan_read_each(reader, print_plan_row, reader, error);
        plan_reader_free(reader);
        return r;
}

int main(int count, char **arguments)
{
        struct buffer file = buffer_make(1u << 28);
        struct error error = {0};
        uint8_t chunk[4096];

        FILE *in = count == 2 ? fopen(arguments[1], "rb") : NULL;
        if (!in) {
                fprintf(stderr, "usage: dump_segment FILE\n");
                return 2;
        }
        for (size_t got; (got = fread(chunk, 1, sizeof chunk, in)) > 0;)
                buffer_append(&file, chunk, got);
        fclose(in);
        bool leases = file.length >= 6 && memcmp(file.bytes, "ROGLSE", 6) == 0;
        bool plan = file.length >= 6 && memcmp(file.bytes, "ROGPLN", 6) == 0;
        int r = leases ? dump_leases(&file, arguments[1], &error)
                : plan ? dump_plan(&file, arguments[1], &error)
                       : dump_nat(&file, arguments[1], &error);
        if (r < 0)
                fprintf(stderr, "dump_segment: %s\n", error.text);
        buffer_free(&file);
        return r < 0 ? 1 : 0;
}
