/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_SEALED_STORE_TEST_H
#define ROGATORY_DEPOT_SEALED_STORE_TEST_H

/* A store whose realm has a key, with windows of made-up bindings. */

#include "depot/internal.h"
#include "os/file.h"
#include "os/scratch_test.h"
#include "os/softhsm_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

#define OUTSIDE 0xc6336407u /* 198.51.100.7 */

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static inline struct depot *open_store(const char *name, enum depot_mode mode)
{
        struct depot *depot = NULL;
        struct error error = {0};

        if (depot_open(scratch_path(name), mode, &depot, &error) < 0)
                fail_msg("%s", error.text);
        return depot;
}

/* Settings of a store with these sources; "none" takes the key away. */
static inline void write_settings(const char *store, const char *sources)
{
        char text[1024];
        struct error error = {0};

        int length = snprintf(text, sizeof text, "[realm default]\nkey = %s\n", sources);
        if (file_publish(scratch_path(store), "rogatory.conf", text, (size_t)length, &error) < 0)
                fail_msg("%s", error.text);
}

/* Whether the key is in a token (token_scratch_setup) and not in a file. */
static bool with_token;

static inline int token_scratch_setup(void **state)
{
        static char label[] = "stores";

        with_token = true;
        return scratch_setup(state) < 0 ? -1 : softhsm_setup(label);
}

static inline int token_scratch_teardown(void **state)
{
        with_token = false;
        return scratch_teardown(state);
}

/* A new store whose key is scratch/secret/realm.key, or in the token. */
static inline struct depot *make_sealed_store(const char *name)
{
        char sources[500];
        struct error error = {0};

        depot_close(open_store(name, DEPOT_CREATE));
        if (with_token)
                snprintf(sources, sizeof sources,
                        "pkcs11:token=stores;object=default?module-path=%s&pin-source=file:%s",
                        softhsm_module(), scratch_path("secret/pin"));
        else
                snprintf(sources, sizeof sources, "file:%s", scratch_path("secret/realm.key"));
        assert_int_equal(folder_make(scratch_path("secret"), &error), 0);
        write_settings(name, sources);
        return open_store(name, DEPOT_WRITE);
}

/* Publishes a window of count bindings whose first has this outside port. Returns 0 or what failed. */
static inline int publish_window(
        struct depot *depot, int64_t window, uint16_t port, size_t count, struct error *error)
{
        static const char *const exporters[] = {"cgn-1"};
        struct depot_draft draft;
        struct segment_writer *writer = NULL;
        struct segment_header written;
        struct host_table hosts;
        struct coverage coverage = {.spans = NULL};

        if (host_table_init(&hosts, 1u << 20) < 0)
                return -ENOMEM;
        int r = depot_draft_begin(depot, "default", DEPOT_NAT, window, &draft, error);
        if (r < 0) {
                host_table_free(&hosts);
                return r;
        }
        struct segment_header header = {.realm = "default",
                .window_from = window,
                .window_to = window + DEPOT_WINDOW_MS,
                .generation = draft.generation};
        struct nat_binding *bindings = calloc(count, sizeof *bindings);
        for (size_t i = 0; i < count; i++) {
                struct nat_host host = {
                        .address = address_from_ipv4(0x64400001 + (uint32_t)(i * 7919 % 512))};
                bindings[i] = (struct nat_binding){.from_ms = window + 1000 + (int64_t)i * 17,
                        .to_ms = window + 2000 + (int64_t)i * 23,
                        .outside = OUTSIDE,
                        .port_first = (uint16_t)(port + i * 31),
                        .port_last = (uint16_t)(port + i * 31),
                        .protocol = 6,
                        .from_edge = EDGE_OBSERVED,
                        .to_edge = EDGE_OBSERVED};
                host_intern(&hosts, &host, &bindings[i].inside);
        }
        r = segment_writer_new(&header, exporters, 1, &draft.output, &writer);
        if (r == 0)
                r = segment_writer_sheet(writer, bindings, count, &hosts, error);
        if (r == 0)
                r = segment_writer_finish(writer, &coverage, &written, error);
        segment_writer_free(writer);
        free(bindings);
        host_table_free(&hosts);
        if (r < 0)
                depot_draft_abandon(&draft);
        return r < 0 ? r : depot_draft_publish(depot, &draft, error);
}

/* The port of the first binding in a window; negative where it cannot be read. */
static inline int first_port(struct depot *depot, int64_t window, struct error *error)
{
        struct depot_window opened;
        struct host_table hosts;
        struct binding_list list = {.items = NULL};

        int r = depot_window_open(depot, "default", window, &opened, error);
        if (r < 0)
                return r;
        if (host_table_init(&hosts, 1u << 20) < 0)
                return -ENOMEM;
        r = segment_query(opened.segment, OUTSIDE, -1, window, window + DEPOT_WINDOW_MS, &hosts, NULL, &list,
                NULL, error);
        if (r == 0)
                r = list.count > 0 ? list.items[0].port_first : -ENODATA;
        binding_list_free(&list);
        host_table_free(&hosts);
        depot_window_release(&opened);
        return r;
}

/* Copies one file as it is. */
static inline void copy_file(const char *from, const char *folder, const char *name)
{
        struct buffer bytes = buffer_make(64 << 20);
        struct error error = {0};

        if (file_read(from, &bytes, &error) < 0 ||
                file_publish(folder, name, bytes.bytes, bytes.length, &error) < 0)
                fail_msg("%s", error.text);
        buffer_free(&bytes);
}

#endif
