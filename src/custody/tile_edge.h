/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_TILE_EDGE_H
#define ROGATORY_CUSTODY_TILE_EDGE_H

/* The right edge of a tiled log: the partial tile of each level. It is all that is needed to append entries
 * and to know the root, whatever the size of the log. Pure: tiles come and go through callbacks. */

#include "custody/tile.h"

struct tile_edge;

/* Takes a tile that has changed: tile->width hashes, 256 where it is full and will not change again. 0 or
 * negative with a message, which is passed on. */
typedef int tile_write(void *context, const struct tile *tile, const uint8_t *hashes, struct error *error);

/* Reads the partial tiles of a log of size entries; at size 0 nothing is read. -ENOMEM, -EINVAL where no log
 * is so large, or what the callback returned. */
int tile_edge_load(
        tile_read *read_tile, void *context, uint64_t size, struct tile_edge **ret_edge, struct error *error);
void tile_edge_free(struct tile_edge *edge); /* NULL is fine */

uint64_t tile_edge_size(const struct tile_edge *edge);

/* Appends a leaf. Tiles that become full are written here, the others by tile_edge_write_partial. After a
 * failure the edge is of no further use. */
int tile_edge_push(struct tile_edge *edge, const struct merkle_hash *leaf, tile_write *write_tile,
        void *context, struct error *error);
/* Writes the partial tiles that have changed since they were read or written. */
int tile_edge_write_partial(
        struct tile_edge *edge, tile_write *write_tile, void *context, struct error *error);

/* The root of the tree. 0, -ENOMEM, -EIO with a message. */
int tile_edge_root(struct tile_edge *edge, struct merkle_hash *ret_root, struct error *error);

#endif
