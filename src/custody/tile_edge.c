/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/tile_edge.h"

#include <stdlib.h>
#include <string.h>

struct edge_level {
        unsigned width; /* 0..255 */
        bool changed;
        uint8_t hashes[TILE_BYTES];
};

struct tile_edge {
        uint64_t size;
        struct edge_level levels[TILE_LEVELS];
};

static uint64_t hashes_at(const struct tile_edge *edge, unsigned level)
{
        return edge->size >> (TILE_HEIGHT * level);
}

int tile_edge_load(
        tile_read *read_tile, void *context, uint64_t size, struct tile_edge **ret_edge, struct error *error)
{
        if (size > MERKLE_SIZE_MAX)
                return error_set(error, -EINVAL, "no log has so many entries");
        struct tile_edge *edge = calloc(1, sizeof *edge);
        if (!edge)
                return error_set(error, -ENOMEM, "not enough memory");
        edge->size = size;
        for (unsigned level = 0; level < TILE_LEVELS; level++) {
                uint64_t hashes = hashes_at(edge, level);
                struct tile tile = {level, hashes / TILE_WIDTH, (unsigned)(hashes % TILE_WIDTH)};
                if (tile.width == 0)
                        continue;
                int r = read_tile(context, &tile, edge->levels[level].hashes, error);
                if (r < 0) {
                        free(edge);
                        return r;
                }
                edge->levels[level].width = tile.width;
        }
        *ret_edge = edge;
        return 0;
}

void tile_edge_free(struct tile_edge *edge)
{
        free(edge);
}

uint64_t tile_edge_size(const struct tile_edge *edge)
{
        return edge->size;
}

/* A tile of the edge as the tile of a log, so that custody/tile.h puts its hashes together. */
static int read_edge(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error)
{
        const struct edge_level *level = &((const struct tile_edge *)context)->levels[tile->level];

        (void)error;
        memcpy(ret_hashes, level->hashes, (size_t)tile->width * MERKLE_HASH_BYTES);
        return 0;
}

int tile_edge_push(struct tile_edge *edge, const struct merkle_hash *leaf, tile_write *write_tile,
        void *context, struct error *error)
{
        struct merkle_hash hash = *leaf;

        if (edge->size == MERKLE_SIZE_MAX)
                return error_set(error, -EINVAL, "the log is full");
        edge->size++;
        for (unsigned number = 0; number < TILE_LEVELS; number++) {
                struct edge_level *level = &edge->levels[number];
                memcpy(level->hashes + (size_t)level->width * MERKLE_HASH_BYTES, hash.bytes, sizeof hash);
                level->changed = true;
                if (++level->width < TILE_WIDTH)
                        return 0;
                struct tile tile = {number, hashes_at(edge, number) / TILE_WIDTH - 1, TILE_WIDTH};
                int r = write_tile(context, &tile, level->hashes, error);
                if (r < 0)
                        return r;
                r = tile_fold(level->hashes, TILE_HEIGHT, &hash);
                if (r < 0)
                        return error_set(error, r, "a hash of the tree could not be computed");
                level->width = 0;
                level->changed = false;
        }
        return 0;
}

int tile_edge_write_partial(
        struct tile_edge *edge, tile_write *write_tile, void *context, struct error *error)
{
        int r = 0;

        for (unsigned number = 0; number < TILE_LEVELS && r == 0; number++) {
                struct edge_level *level = &edge->levels[number];
                struct tile tile = {number, hashes_at(edge, number) / TILE_WIDTH, level->width};
                if (!level->changed || level->width == 0)
                        continue;
                r = write_tile(context, &tile, level->hashes, error);
                level->changed = r < 0;
        }
        return r;
}

int tile_edge_root(struct tile_edge *edge, struct merkle_hash *ret_root, struct error *error)
{
        struct tile_source *source;

        int r = tile_source_new(read_edge, edge, edge->size, &source);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        /* A root takes the whole subtrees from the left, and RFC 6962 makes them the bits of the size: those
         * of eight levels stand in the partial tile of these levels. */
        r = merkle_root(tile_source_hash, source, edge->size, ret_root, error);
        tile_source_free(source);
        return r;
}
