/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_MERGE_H
#define ROGATORY_INTAKE_MERGE_H

/* Merging what was read into the stored windows of one realm, in order of time, so that every binding that
 * crosses into a window stands in it too. */

#include "depot/depot.h"
#include "intake/bucket.h"
#include "intake/source.h"
#include "nat/sharing.h"

/* What went on out of the window that a merge wrote last. An import that merges several times carries it into
 * the next window without decoding the last one for it. Zero-initialise, and free. */
struct merge_carried {
        struct segment_header header; /* of the window; window_to 0: none yet */
        struct binding_list bindings; /* owned; hosts by the import's table, exporters by its numbers */
};
void merge_carried_free(struct merge_carried *carried);

/* What one merge works on. */
struct merge_request {
        struct depot *depot;
        const struct realm_settings *realm;
        uint16_t realm_number;
        struct bucket_set *buckets; /* the realm's points in it are taken and dropped as they are written */
        int64_t before; /* points of windows that begin at or after this are left where they are */
        const struct coverage *coverage; /* new spans and gaps of the realm; NULL: none yet */
        struct source_set *sources;      /* names of exporters; those found in stored windows are added */
        struct host_table *hosts;
        /* NULL, or the one outside address that matters: its windows are made as they would be, into memory
         * (depot_begin_memory), and the points stay where they are. */
        const uint32_t *only;
        /* NULL, or what is counted of the latest window that was written whole (that ends at or before
         * `whole`): how its addresses are shared. Left as it is where all that was written is older. */
        struct sharing *sharing;
        int64_t whole;
        /* What retention has destroyed does not come back: a live node still holds in its journal, or is sent
         * late, what stood in a window of then. Points of such windows are left out. */
        bool leaves_gone;
        /* NULL, or what the merge before this one left, of this realm and with these hosts; this one leaves
         * its own. */
        struct merge_carried *carried;
};

struct merge_counts {
        uint64_t windows_written, windows_skipped, bytes_written;
        uint64_t paired, open, unbegun; /* bindings of the windows written, each counted where it begins */
};

/* Windows without records that one merge makes only to say that they were heard. More are left out (and
 * counted as skipped), which can only turn a "none" into an "unknown". */
#define MERGE_EMPTY_WINDOWS_MAX 9000

int merge_run(const struct merge_request *request, struct merge_counts *counts, struct error *error);

#endif
