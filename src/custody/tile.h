/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_TILE_H
#define ROGATORY_CUSTODY_TILE_H

/* A log as static files (c2sp.org/tlog-tiles): tiles of up to 256 hashes of one level, and bundles of the
 * entries themselves. Levels of tiles count by eight levels of the tree: hash i of tile n at level l is that
 * of the 256^l entries from (n * 256 + i) * 256^l on. Only the rightmost tile of a level is partial. Pure. */

#include "base/buffer.h"
#include "base/slice.h"
#include "custody/merkle.h"

#include <stdbool.h>

#define TILE_WIDTH 256u
#define TILE_HEIGHT 8u
#define TILE_BYTES (TILE_WIDTH * MERKLE_HASH_BYTES)
#define TILE_LEVELS 8u          /* of the largest tree that custody/merkle.h knows: 256^8 entries and more */
#define TILE_PATH_MAX 64u       /* of the longest path, with its end mark */
#define BUNDLE_ENTRY_MAX 65535u /* an entry's length has 16 bits */
#define BUNDLE_BYTES_MAX (TILE_WIDTH * (2u + BUNDLE_ENTRY_MAX))

struct tile {
        unsigned level;
        uint64_t index;
        unsigned width; /* 1..256 hashes, or entries */
};

/* How many hashes tile index of a level has in a log of size entries: 0..256. */
unsigned tile_width(unsigned level, uint64_t index, uint64_t size);

/* "tile/0/x001/x234/067", with ".p/12" behind it where the tile is partial. Returns text. */
char *tile_path(const struct tile *tile, char text[TILE_PATH_MAX]);
/* The same for the bundle of entries beside a tile of level 0: "tile/entries/067". */
char *bundle_path(const struct tile *tile, char text[TILE_PATH_MAX]);

/* ---- hashes out of tiles ---- */

/* Reads a tile: tile->width hashes. A partial tile may be gone once there is the full one, whose first hashes
 * are the same: whoever reads tries that too. 0 or negative with a message, which is passed on. */
typedef int tile_read(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error);

/* The tiles of a log of a certain size. Keeps the last tile of each level, so that proofs and roots read each
 * tile about once. What the tiles hold is believed: who makes a proof of them verifies it against a signed
 * root before using it. */
struct tile_source;
int tile_source_new(tile_read *read_tile, void *context, uint64_t size, struct tile_source **ret_source);
void tile_source_free(struct tile_source *source); /* NULL is fine */

/* The merkle_source of custody/merkle.h; context is a struct tile_source. */
int tile_source_hash(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error);

/* The hash of a whole subtree out of 2^levels neighbouring hashes, at most the 256 of a tile. 0, -ENOMEM,
 * -EIO. */
int tile_fold(const uint8_t *hashes, unsigned levels, struct merkle_hash *ret_hash);

/* ---- bundles of entries ---- */

/* Appends one entry. 0, -EINVAL where it is too long, or the failure of the buffer. */
int bundle_append(struct buffer *bundle, const void *entry, size_t length);

/* Cuts the next entry off. false where the bundle is at its end or broken: *rest is empty in the first case
 * only. */
bool bundle_next(struct slice *rest, struct slice *ret_entry);

#endif
