/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_STATE_H
#define ROGATORY_CHRONICLE_STATE_H

/* What the parts of this room share. */

#include "chronicle/chronicle.h"
#include "chronicle/openings.h"
#include "custody/tile_edge.h"

#include <limits.h>

struct chronicle {
        char path[PATH_MAX]; /* from the root */
        enum chronicle_mode mode;
        struct note_key log_key, witness_key;
        struct note_secret log_secret, witness_secret; /* of a writer */
        struct openings *openings;
        /* The checkpoint that was last read or written, its text, and the right edge of that tree. */
        struct checkpoint now;
        struct buffer note;
        struct tile_edge *edge; /* NULL: to be loaded */
};

#define CHRONICLE_DRAFT ".draft" /* the one temporary; whoever has the lock may remove it */

/* "FOLDER/name". -ENAMETOOLONG with a message. */
int chronicle_join(const char *folder, const char *name, char ret_path[PATH_MAX], struct error *error);

/* Publishes FOLDER/name whole, making the folders on the way. Under the lock. */
int chronicle_publish(
        const char *folder, const char *name, const void *bytes, size_t length, struct error *error);

/* tile_read and tile_write of custody; context: the folder's path. */
int chronicle_tile_read(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error);
int chronicle_tile_write(void *context, const struct tile *tile, const uint8_t *hashes, struct error *error);

/* The first tile->width entries of a bundle, appended to ret: also where there is only a longer one. */
int chronicle_bundle_read(
        const char *folder, const struct tile *tile, struct buffer *ret, struct error *error);
int chronicle_bundle_write(
        const char *folder, const struct tile *tile, const struct buffer *bundle, struct error *error);

/* Takes the lock, removes a draft that was left, and brings what is in memory to what stands on the disk,
 * refusing what does not fit. Then lock_release. -EROFS. */
int chronicle_begin(struct chronicle *chronicle, int *ret_lock, struct error *error);
/* The same for readers: no lock, nothing is mended. */
int chronicle_refresh(struct chronicle *chronicle, struct error *error);

/* Appends under the lock that the caller has. erased: the entry whose opening goes with it, or NULL. */
int chronicle_append_locked(struct chronicle *chronicle, const struct chronicle_item *items, size_t count,
        const uint64_t *erased, struct error *error);

#endif
