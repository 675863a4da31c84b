/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory log seal-windows`: the digests of a store's windows enter the log. */
#include "chronicle/windows.h"
#include "crypto/digest.h"
#include "depot/depot.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/person.h"
#include "rogatory/log.h"
#include "rogatory/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 500 /* entries of one append */

struct sealing {
        struct depot *depot;
        struct chronicle *chronicle;
        struct logged_windows known;
        struct chronicle_item items[BATCH];
        size_t item_count;
        uint64_t entered, known_before;
        char person[PERSON_TEXT_MAX];
};

static int flush(struct sealing *sealing, struct error *error)
{
        int r = sealing->item_count == 0 ? 0
                                         : chronicle_append_all(sealing->chronicle, sealing->items,
                                                   sealing->item_count, NULL, error);

        for (size_t i = 0; i < sealing->item_count; i++)
                json_decref((json_t *)sealing->items[i].fields);
        sealing->entered += r == 0 ? sealing->item_count : 0;
        sealing->item_count = 0;
        return r;
}

static int seal_window(struct sealing *sealing, const char *realm, enum depot_kind kind,
        const struct depot_file *file, struct error *error)
{
        char path[PATH_MAX], digest[DIGEST_TEXT_MAX], from[TIME_TEXT_MAX];
        uint8_t hash[DIGEST_BYTES];
        struct file_map map;

        if (logged_windows_find(&sealing->known, realm, file->name)) {
                sealing->known_before++;
                return 0;
        }
        int r = depot_file_path(sealing->depot, realm, kind, file->name, path, sizeof path, error);
        if (r == 0)
                r = file_map(path, &map, error);
        if (r == -ENOENT)
                return 0; /* a newer generation took its place meanwhile; it is entered next time */
        if (r < 0)
                return r;
        r = digest_of(map.bytes, map.length, hash);
        json_t *fields = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "realm", realm, "file", file->name,
                "window", time_format_utc(file->from, from), "generation", (json_int_t)file->generation,
                "digest", digest_format(hash, digest), "bytes", (json_int_t)map.length);
        file_unmap(&map);
        if (r < 0 || !fields) {
                json_decref(fields);
                return error_set(error, r < 0 ? r : -ENOMEM, "%s: the digest could not be made", path);
        }
        sealing->items[sealing->item_count++] = (struct chronicle_item){
                .kind = "window-sealed", .at_ms = clock_now_ms(), .by = sealing->person, .fields = fields};
        return sealing->item_count == BATCH ? flush(sealing, error) : 0;
}

static int seal_realm(struct sealing *sealing, const char *realm, struct error *error)
{
        static int (*const lists[])(struct depot *, const char *, struct depot_files *, struct error *) = {
                [DEPOT_NAT] = depot_nat_files,
                [DEPOT_LEASES] = depot_lease_files,
                [DEPOT_PLANS] = depot_plan_files};
        int r = 0;

        for (int kind = 0; r == 0 && kind < DEPOT_KIND_COUNT; kind++) {
                struct depot_files files = {.items = NULL};
                r = lists[kind](sealing->depot, realm, &files, error);
                for (size_t i = 0; r == 0 && i < files.count; i++)
                        r = seal_window(sealing, realm, (enum depot_kind)kind, &files.items[i], error);
                depot_files_free(&files);
        }
        return r;
}

static int seal_all(struct sealing *sealing, struct error *error)
{
        char **names = NULL;
        size_t count = 0;

        int r = depot_realms(sealing->depot, &names, &count, error);
        for (size_t i = 0; i < count; i++) {
                if (r == 0)
                        r = seal_realm(sealing, names[i], error);
                free(names[i]);
        }
        free(names);
        int flushed = flush(sealing, error);
        return r < 0 ? r : flushed;
}

int log_open(const char *path, struct chronicle **ret_chronicle, struct error *error)
{
        char own[PATH_MAX], log[PATH_MAX], witness[PATH_MAX];
        struct chronicle_keys keys = {.log = log, .witness = witness};

        int length = snprintf(own, sizeof own, "%s/log.key", path);
        snprintf(log, sizeof log, "%s/../keys/log.key", path);
        snprintf(witness, sizeof witness, "%s/../keys/witness.key", path);
        bool beside =
                length > 0 && (size_t)length < sizeof own && access(own, F_OK) != 0 && access(log, F_OK) == 0;
        return chronicle_open(path, CHRONICLE_WRITE, beside ? &keys : NULL, ret_chronicle, error);
}

int log_seal_windows(const struct command *command, const struct log_options *options)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct sealing *sealing = calloc(1, sizeof *sealing);
        struct error error = {0};

        if (!sealing)
                return complain_error(&(struct error){.code = -ENOMEM, .text = "not enough memory"});
        if (!options->store) {
                free(sealing);
                return complain_usage(command, "name the store with --store DIR");
        }
        person_describe(sealing->person);
        int r = depot_open(options->store, DEPOT_READ, &sealing->depot, &error);
        if (r == 0)
                r = log_open(options->log, &sealing->chronicle, &error);
        if (r == 0)
                r = logged_windows_read(sealing->chronicle, &sealing->known, &error);
        if (r == 0)
                r = seal_all(sealing, &error);
        if (r == 0 && options->json)
                output_json_line(&text, json_pack("{s:I, s:I}", "entered", (json_int_t)sealing->entered,
                                                "known", (json_int_t)sealing->known_before));
        else if (r == 0)
                buffer_printf(&text, "Entered %" PRIu64 " windows; %" PRIu64 " stood in the log already.\n",
                        sealing->entered, sealing->known_before);
        logged_windows_free(&sealing->known);
        chronicle_close(sealing->chronicle);
        depot_close(sealing->depot);
        free(sealing);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}
