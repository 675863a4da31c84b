/* SPDX-License-Identifier: EUPL-1.2 */
/* make_golden STYLE SEED SHEETS MOST FILE: writes a segment from a seed (tests/golden, fuzz corpora, random
 * files for the comparison with the second decoder). STYLE: plain, destinations, blocks, wild, leases. */
#include "store/lease_segment.h"
#include "store/random_segment.h"

#include <stdio.h>
#include <stdlib.h>

static int write_to_buffer(void *context, const void *bytes, size_t length)
{
        return buffer_append(context, bytes, length);
}

static int style_of(const char *name)
{
        static const char *const names[RANDOM_STYLES] = {"plain", "destinations", "blocks", "wild"};

        for (int i = 0; i < RANDOM_STYLES; i++)
                if (strcmp(name, names[i]) == 0)
                        return i;
        return -1;
}

static int make_leases(uint64_t seed, size_t count, struct buffer *file, struct error *error)
{
        struct random_source random = {seed};
        struct segment_header header = {
                .realm = "access", .window_from = INT64_C(1795132800000), .generation = 1};
        struct segment_output output = {file, write_to_buffer};
        struct lease_list list = {0};
        int r = 0;

        header.window_to = header.window_from + TIME_DAY;
        for (size_t i = 0; i < count && r == 0; i++) {
                struct address address = address_from_ipv4(0x64400000u + (uint32_t)random_below(&random, 64));
                struct lease lease = {
                        .is = {.prefix = prefix_of(&address, random_below(&random, 4) ? 128 : 124),
                                .session = random_next(&random),
                                .from_ms = header.window_from + (int64_t)random_below(&random, TIME_DAY),
                                .to_ms = TIME_UNKNOWN,
                                .from_edge = EDGE_OBSERVED},
                        .seen_until_ms = TIME_UNKNOWN};
                snprintf(lease.is.subscriber, sizeof lease.is.subscriber, "customer-%u",
                        (unsigned)random_below(&random, 99));
                r = lease_list_append(&list, &lease);
        }
        if (r == 0)
                r = lease_join(&list);
        if (r == 0)
                r = lease_segment_write(&header, list.items, list.count, header.window_to, &output, error);
        lease_list_free(&list);
        return r;
}

int main(int count, char **arguments)
{
        struct buffer file = buffer_make(1u << 28);
        struct error error = {0};

        if (count != 6 || (style_of(arguments[1]) < 0 && strcmp(arguments[1], "leases") != 0)) {
                fprintf(stderr,
                        "usage: make_golden plain|destinations|blocks|wild|leases SEED SHEETS MOST FILE\n");
                return 2;
        }
        uint64_t seed = strtoull(arguments[2], NULL, 10);
        size_t sheets = strtoul(arguments[3], NULL, 10), most = strtoul(arguments[4], NULL, 10);
        int style = style_of(arguments[1]), r;
        if (style >= 0) {
                struct random_content content;
                random_content_make(&content, seed, (enum random_style)style, sheets, most);
                r = random_content_write(&content, &file, &error);
                random_content_free(&content);
        } else {
                r = make_leases(seed, most, &file, &error);
        }
        FILE *out = r < 0 ? NULL : fopen(arguments[5], "wb");
        bool written = out && fwrite(file.bytes, 1, file.length, out) == file.length;
        if (out && fclose(out) != 0)
                written = false;
        buffer_free(&file);
        if (!written)
                fprintf(stderr, "make_golden: %s: %s\n", arguments[5],
                        r < 0 ? error.text : "cannot be written");
        return written ? 0 : 1;
}
