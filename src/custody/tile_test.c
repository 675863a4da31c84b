/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/tile.h"
#include "custody/tile_edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_paths(void **state)
{
        static const struct {
                struct tile tile;
                const char *path, *bundle;
        } cases[] = {
                {{0, 0, 256}, "tile/0/000", "tile/entries/000"},
                {{0, 273, 112}, "tile/0/273.p/112", "tile/entries/273.p/112"},
                {{1, 999, 1}, "tile/1/999.p/1", "tile/entries/999.p/1"},
                {{2, 1000, 256}, "tile/2/x001/000", "tile/entries/x001/000"},
                {{7, 1234067, 255}, "tile/7/x001/x234/067.p/255", "tile/entries/x001/x234/067.p/255"},
                {{0, UINT64_MAX, 3}, "tile/0/x018/x446/x744/x073/x709/x551/615.p/3",
                        "tile/entries/x018/x446/x744/x073/x709/x551/615.p/3"},
        };
        char text[TILE_PATH_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                assert_string_equal(tile_path(&cases[i].tile, text), cases[i].path);
                assert_string_equal(bundle_path(&cases[i].tile, text), cases[i].bundle);
        }
}

/* The example of c2sp.org/tlog-tiles, and its edges. */
static void test_widths(void **state)
{
        (void)state;
        assert_int_equal(tile_width(0, 272, 70000), 256);
        assert_int_equal(tile_width(0, 273, 70000), 112);
        assert_int_equal(tile_width(0, 274, 70000), 0);
        assert_int_equal(tile_width(1, 0, 70000), 256);
        assert_int_equal(tile_width(1, 1, 70000), 17);
        assert_int_equal(tile_width(2, 0, 70000), 1);
        assert_int_equal(tile_width(3, 0, 70000), 0);
        assert_int_equal(tile_width(0, 0, 256), 256);
        assert_int_equal(tile_width(0, 1, 256), 0);
        assert_int_equal(tile_width(1, 0, 256), 1);
        assert_int_equal(tile_width(0, UINT64_MAX, MERKLE_SIZE_MAX), 0);
        assert_int_equal(tile_width(7, 0, MERKLE_SIZE_MAX), 64);
        assert_int_equal(tile_width(8, 0, MERKLE_SIZE_MAX), 0);
}

/* A log in memory. */
#define LOG_TILES 1200
#define LOG_ENTRIES 66000u

struct memory_log {
        struct {
                struct tile tile;
                uint8_t hashes[TILE_BYTES];
        } * tiles;
        size_t count, written, full;
};

static int write_tile(void *context, const struct tile *tile, const uint8_t *hashes, struct error *error)
{
        struct memory_log *log = context;
        size_t at = 0;

        (void)error;
        while (at < log->count &&
                (log->tiles[at].tile.level != tile->level || log->tiles[at].tile.index != tile->index))
                at++;
        assert_true(at < LOG_TILES);
        if (at == log->count)
                log->count++;
        else
                assert_true(log->tiles[at].tile.width < tile->width);
        log->tiles[at].tile = *tile;
        memcpy(log->tiles[at].hashes, hashes, (size_t)tile->width * MERKLE_HASH_BYTES);
        log->written++;
        log->full += tile->width == TILE_WIDTH;
        return 0;
}

static int read_tile(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error)
{
        struct memory_log *log = context;

        for (size_t i = 0; i < log->count; i++)
                if (log->tiles[i].tile.level == tile->level && log->tiles[i].tile.index == tile->index &&
                        log->tiles[i].tile.width >= tile->width) {
                        memcpy(ret_hashes, log->tiles[i].hashes, (size_t)tile->width * MERKLE_HASH_BYTES);
                        return 0;
                }
        return error_set(error, -ENOENT, "no such tile");
}

static struct merkle_hash leaf_of(uint64_t index)
{
        struct merkle_hash leaf;

        assert_int_equal(merkle_leaf_hash(&index, sizeof index, &leaf), 0);
        return leaf;
}

/* The frontier of a tree: whole subtrees from the left, kept in another way than tiles are. */
struct frontier {
        struct merkle_hash hashes[64];
        uint64_t size;
};

static void frontier_push(struct frontier *frontier, struct merkle_hash hash)
{
        unsigned level = 0;

        for (; frontier->size >> level & 1; level++)
                assert_int_equal(merkle_node_hash(&frontier->hashes[level], &hash, &hash), 0);
        frontier->hashes[level] = hash;
        frontier->size++;
}

static struct merkle_hash frontier_root(const struct frontier *frontier)
{
        struct merkle_hash root;
        bool begun = false;

        assert_int_equal(merkle_empty_root(&root), 0);
        for (unsigned level = 0; level < 64; level++) {
                if (!(frontier->size >> level & 1))
                        continue;
                if (begun)
                        assert_int_equal(merkle_node_hash(&frontier->hashes[level], &root, &root), 0);
                else
                        root = frontier->hashes[level];
                begun = true;
        }
        return root;
}

static void append(struct memory_log *log, struct frontier *frontier, uint64_t count)
{
        struct tile_edge *edge;
        struct error error = {0};
        struct merkle_hash root, expected;

        assert_int_equal(tile_edge_load(read_tile, log, frontier->size, &edge, &error), 0);
        for (uint64_t i = 0; i < count; i++) {
                struct merkle_hash leaf = leaf_of(frontier->size);
                assert_int_equal(tile_edge_push(edge, &leaf, write_tile, log, &error), 0);
                frontier_push(frontier, leaf);
        }
        assert_int_equal(tile_edge_write_partial(edge, write_tile, log, &error), 0);
        assert_int_equal(tile_edge_size(edge), frontier->size);
        assert_int_equal(tile_edge_root(edge, &root, &error), 0);
        expected = frontier_root(frontier);
        assert_memory_equal(root.bytes, expected.bytes, sizeof root);
        tile_edge_free(edge);
}

/* Grown in steps of every kind, past the first tile of the second level of tiles. */
static void test_growth_and_proofs(void **state)
{
        struct memory_log log = {.tiles = malloc(LOG_TILES * sizeof *log.tiles)};
        struct frontier frontier = {.size = 0};
        struct tile_source *source;
        struct merkle_proof proof;
        struct merkle_hash root, old_root = {{0}};
        struct error error = {0};
        uint64_t old_size = 0;

        (void)state;
        assert_non_null(log.tiles);
        append(&log, &frontier, 0);
        assert_int_equal(log.written, 0);
        for (uint64_t step = 1; frontier.size < LOG_ENTRIES; step = step * 3 % 1021) {
                append(&log, &frontier, step);
                if (old_size == 0 && frontier.size > 5000) {
                        old_size = frontier.size;
                        old_root = frontier_root(&frontier);
                }
        }
        assert_int_equal(log.full, frontier.size / 256 + frontier.size / 65536);
        root = frontier_root(&frontier);
        assert_int_equal(tile_source_new(read_tile, &log, frontier.size, &source), 0);
        for (uint64_t index = 0; index < frontier.size; index += index % 251 + 200) {
                struct merkle_hash leaf = leaf_of(index);
                assert_int_equal(
                        merkle_inclusion_make(tile_source_hash, source, index, frontier.size, &proof, &error),
                        0);
                assert_int_equal(merkle_inclusion_verify(&leaf, index, frontier.size, &proof, &root), 0);
        }
        assert_int_equal(
                merkle_consistency_make(tile_source_hash, source, old_size, frontier.size, &proof, &error),
                0);
        assert_int_equal(merkle_consistency_verify(old_size, &old_root, frontier.size, &root, &proof), 0);
        assert_int_equal(tile_source_hash(source, 0, frontier.size, &root, &error), -EINVAL);
        assert_int_equal(tile_source_hash(source, 20, 0, &root, &error), -EINVAL);
        tile_source_free(source);
        free(log.tiles);
}

static void test_missing_tiles_are_told(void **state)
{
        struct memory_log log = {.tiles = NULL};
        struct tile_source *source;
        struct tile_edge *edge;
        struct merkle_hash hash;
        struct error error = {0};

        (void)state;
        assert_int_equal(tile_edge_load(read_tile, &log, 5, &edge, &error), -ENOENT);
        assert_int_equal(tile_edge_load(read_tile, &log, MERKLE_SIZE_MAX + 1, &edge, &error), -EINVAL);
        assert_int_equal(tile_source_new(read_tile, &log, 300, &source), 0);
        assert_int_equal(tile_source_hash(source, 3, 2, &hash, &error), -ENOENT);
        tile_source_free(source);
}

static void test_bundles(void **state)
{
        struct buffer bundle = buffer_make(BUNDLE_BYTES_MAX);
        static char long_entry[BUNDLE_ENTRY_MAX + 1];
        struct slice entry;

        (void)state;
        assert_int_equal(bundle_append(&bundle, "one", 3), 0);
        assert_int_equal(bundle_append(&bundle, "", 0), 0);
        assert_int_equal(bundle_append(&bundle, long_entry, BUNDLE_ENTRY_MAX), 0);
        assert_int_equal(bundle_append(&bundle, long_entry, BUNDLE_ENTRY_MAX + 1), -EINVAL);
        assert_memory_equal(bundle.bytes, "\0\3one\0\0\xff\xff", 9);
        struct slice rest = slice_make((char *)bundle.bytes, bundle.length);
        assert_true(bundle_next(&rest, &entry) && slice_is(entry, "one"));
        assert_true(bundle_next(&rest, &entry) && entry.length == 0);
        assert_true(bundle_next(&rest, &entry) && entry.length == BUNDLE_ENTRY_MAX);
        assert_false(bundle_next(&rest, &entry));
        assert_int_equal(rest.length, 0);
        for (size_t cut = 1; cut < 5; cut++) {
                rest = slice_make("\0\3one", cut);
                assert_false(bundle_next(&rest, &entry));
                assert_int_equal(rest.length, cut);
        }
        buffer_free(&bundle);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_widths),
                cmocka_unit_test(test_growth_and_proofs),
                cmocka_unit_test(test_missing_tiles_are_told),
                cmocka_unit_test(test_bundles),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
