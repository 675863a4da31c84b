/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned tile_width(unsigned level, uint64_t index, uint64_t size)
{
        uint64_t hashes = level < TILE_LEVELS ? size >> (TILE_HEIGHT * level) : 0;

        if (index >= hashes / TILE_WIDTH + 1)
                return 0;
        uint64_t left = hashes - index * TILE_WIDTH;
        return left > TILE_WIDTH ? TILE_WIDTH : (unsigned)left;
}

/* The index in groups of three digits, all but the last with an x before them, then the width. */
static void append_place(const struct tile *tile, char *text, size_t length)
{
        uint64_t groups[8];
        unsigned count = 0;
        int at = 0;

        for (uint64_t left = tile->index; count == 0 || left > 0; left /= 1000)
                groups[count++] = left % 1000;
        while (count > 1)
                at += snprintf(text + at, length - (size_t)at, "/x%03" PRIu64, groups[--count]);
        at += snprintf(text + at, length - (size_t)at, "/%03" PRIu64, groups[0]);
        if (tile->width < TILE_WIDTH)
                snprintf(text + at, length - (size_t)at, ".p/%u", tile->width);
}

char *tile_path(const struct tile *tile, char text[TILE_PATH_MAX])
{
        int at = snprintf(text, TILE_PATH_MAX, "tile/%u", tile->level);

        append_place(tile, text + at, TILE_PATH_MAX - (size_t)at);
        return text;
}

char *bundle_path(const struct tile *tile, char text[TILE_PATH_MAX])
{
        int at = snprintf(text, TILE_PATH_MAX, "tile/entries");

        append_place(tile, text + at, TILE_PATH_MAX - (size_t)at);
        return text;
}

/* ---- hashes out of tiles ---- */

struct held_tile {
        struct tile tile; /* width 0: nothing is held */
        uint8_t hashes[TILE_BYTES];
};

struct tile_source {
        tile_read *read;
        void *context;
        uint64_t size;
        struct held_tile held[TILE_LEVELS];
};

int tile_source_new(tile_read *read_tile, void *context, uint64_t size, struct tile_source **ret_source)
{
        struct tile_source *source = calloc(1, sizeof *source);

        if (!source)
                return -ENOMEM;
        source->read = read_tile;
        source->context = context;
        source->size = size;
        *ret_source = source;
        return 0;
}

void tile_source_free(struct tile_source *source)
{
        free(source);
}

int tile_fold(const uint8_t *hashes, unsigned level, struct merkle_hash *ret_hash)
{
        struct merkle_hash row[TILE_WIDTH];
        unsigned count = 1u << level;
        int r = 0;

        memcpy(row, hashes, (size_t)count * MERKLE_HASH_BYTES);
        for (; count > 1 && r == 0; count /= 2)
                for (unsigned i = 0; i < count / 2 && r == 0; i++)
                        r = merkle_node_hash(&row[2 * i], &row[2 * i + 1], &row[i]);
        if (r == 0)
                *ret_hash = row[0];
        return r;
}

int tile_source_hash(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error)
{
        struct tile_source *source = context;
        unsigned tile_level = level / TILE_HEIGHT, above = level % TILE_HEIGHT;
        unsigned count = 1u << above;
        uint64_t first = index << above; /* the first of its hashes at the level of the tile */
        struct tile tile = {.level = tile_level, .index = first / TILE_WIDTH};
        unsigned at = (unsigned)(first % TILE_WIDTH);

        if (level >= TILE_LEVELS * TILE_HEIGHT || index > MERKLE_SIZE_MAX >> level)
                return error_set(error, -EINVAL, "there is no such hash in a tree");
        tile.width = tile_width(tile.level, tile.index, source->size);
        if (at + count > tile.width)
                return error_set(error, -EINVAL, "the tree has no whole subtree at this place");
        struct held_tile *held = &source->held[tile_level];
        if (held->tile.width == 0 || held->tile.index != tile.index) {
                held->tile.width = 0;
                int r = source->read(source->context, &tile, held->hashes, error);
                if (r < 0)
                        return r;
                held->tile = tile;
        }
        int r = tile_fold(held->hashes + (size_t)at * MERKLE_HASH_BYTES, above, ret_hash);
        return r < 0 ? error_set(error, r, "a hash of the tree could not be computed") : 0;
}

/* ---- bundles of entries ---- */

int bundle_append(struct buffer *bundle, const void *entry, size_t length)
{
        if (length > BUNDLE_ENTRY_MAX)
                return -EINVAL;
        buffer_append_be(bundle, length, 2);
        return buffer_append(bundle, entry, length);
}

bool bundle_next(struct slice *rest, struct slice *ret_entry)
{
        const uint8_t *bytes = (const uint8_t *)rest->text;

        if (rest->length < 2)
                return false;
        size_t length = (size_t)bytes[0] << 8 | bytes[1];
        if (rest->length - 2 < length)
                return false;
        *ret_entry = slice_make(rest->text + 2, length);
        *rest = slice_make(rest->text + 2 + length, rest->length - 2 - length);
        return true;
}
