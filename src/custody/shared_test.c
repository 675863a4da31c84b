/* SPDX-License-Identifier: EUPL-1.2 */
/* What others wrote: the examples of the specifications, and a log of another project with sixteen
 * checkpoints, its tiles and its entries. Looked for in ROGATORY_SHARED, or beside the checkout. */
#include "custody/log_proof.h"
#include "custody/tile.h"
#include "custody/tile_edge.h"
#include "custody/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LOG "tessera/testdata/log/"
#define LOG_ORIGIN "example.com/log/testdata"
#define LOG_SIZE 15

/* The public key of that log stands in the tests of its project, github.com/transparency-dev/tessera. */
static const char log_key[] = LOG_ORIGIN "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

static char folder[400];

static size_t read_shared(const char *name, char *ret_bytes, size_t room)
{
        char path[512];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *file = fopen(path, "rb");
        if (!file)
                fail_msg("%s cannot be read", path);
        size_t length = fread(ret_bytes, 1, room - 1, file);
        fclose(file);
        ret_bytes[length] = '\0';
        return length;
}

static char page[1 << 16];

/* The note between a text and the end of its block. */
static struct slice example(const char *begin, const char *end)
{
        const char *at = strstr(page, begin);
        assert_non_null(at);
        return slice_make(at, (size_t)(strstr(at, end) - at));
}

static void test_note_of_the_specification(void **state)
{
        struct note_key key;
        struct note note;
        struct note_signed said[1];
        struct error error = {0};

        (void)state;
        read_shared("c2sp/signed-note.md", page, sizeof page);
        struct slice text = example("example.com/foo+", "\n");
        if (note_key_read(text, &key, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(note_read(example("This is an example message.\n\n", "```"), &note, &error), 0);
        assert_int_equal(note_verify(&note, &key, 1, said, &error), 0);
        assert_true(said[0].holds);
        /* The poem: its key is not told, but it is a note, and its text has an empty line. */
        assert_int_equal(note_read(example("Ognuno", "```"), &note, &error), 0);
        assert_int_equal(note.count, 1);
        assert_int_equal(note.lines[0].key_id, 0x367ba04b);
}

static void test_requests_of_the_specification(void **state)
{
        struct witness_request request;
        struct checkpoint checkpoint;
        struct note note;
        struct error error = {0};
        char body[4096];
        size_t length = 0;

        (void)state;
        read_shared("c2sp/tlog-witness.md", page, sizeof page);
        struct slice rest = example("old 20852014", "\nThe witness MUST verify the checkpoint");
        while (rest.length > 0) { /* each line but the first stands behind four blanks */
                struct slice line = slice_cut(&rest, '\n');
                if (slice_starts(line, "    "))
                        line = slice_make(line.text + 4, line.length - 4);
                length += (size_t)snprintf(
                        body + length, sizeof body - length, "%.*s\n", (int)line.length, line.text);
        }
        if (witness_request_read(slice_make(body, length), &request, &error) < 0)
                fail_msg("%s", error.text);
        assert_int_equal(request.old_size, 20852014);
        assert_int_equal(request.proof.count, 4);
        assert_int_equal(note_read(request.checkpoint, &note, &error), 0);
        assert_int_equal(note.count, 2);
        assert_int_equal(checkpoint_read(note.text, &checkpoint, &error), 0);
        assert_string_equal(checkpoint.origin, "example.com/behind-the-sofa");
        assert_int_equal(checkpoint.size, 20852163);
}

/* ---- the other project's log ---- */

static struct checkpoint log_checkpoint(unsigned size)
{
        struct checkpoint checkpoint;
        struct note_key key;
        struct error error = {0};
        char name[64], bytes[1024];

        snprintf(name, sizeof name, LOG "checkpoint.%u", size);
        size_t length = read_shared(name, bytes, sizeof bytes);
        assert_int_equal(note_key_read(slice_of(log_key), &key, &error), 0);
        if (checkpoint_open(slice_make(bytes, length), &key, 1, &checkpoint, NULL, &error) < 0)
                fail_msg("%s: %s", name, error.text);
        bytes[strlen(LOG_ORIGIN) + 1] ^= 1; /* another size */
        struct checkpoint forged;
        assert_int_equal(
                checkpoint_open(slice_make(bytes, length), &key, 1, &forged, NULL, &error), -EKEYREJECTED);
        return checkpoint;
}

static int read_log_tile(
        void *context, const struct tile *tile, uint8_t ret_hashes[TILE_BYTES], struct error *error)
{
        char path[TILE_PATH_MAX], name[256];
        static char bytes[TILE_BYTES + 1];

        (void)context;
        (void)error;
        snprintf(name, sizeof name, LOG "%s", tile_path(tile, path));
        size_t length = read_shared(name, bytes, sizeof bytes);
        assert_int_equal(length, (size_t)tile->width * MERKLE_HASH_BYTES);
        memcpy(ret_hashes, bytes, length);
        return 0;
}

static void test_checkpoints_and_tiles(void **state)
{
        (void)state;
        for (unsigned size = 0; size <= LOG_SIZE; size++) {
                struct checkpoint checkpoint = log_checkpoint(size);
                struct tile_edge *edge;
                struct merkle_hash root;
                struct error error = {0};

                assert_string_equal(checkpoint.origin, LOG_ORIGIN);
                assert_int_equal(checkpoint.size, size);
                assert_int_equal(tile_edge_load(read_log_tile, NULL, size, &edge, &error), 0);
                assert_int_equal(tile_edge_root(edge, &root, &error), 0);
                assert_memory_equal(root.bytes, checkpoint.root.bytes, sizeof root);
                tile_edge_free(edge);
        }
}

static void test_proofs_over_that_log(void **state)
{
        const struct tile bundle = {0, 0, LOG_SIZE};
        struct checkpoint last = log_checkpoint(LOG_SIZE);
        struct tile_source *source;
        struct merkle_proof proof;
        struct merkle_hash leaf;
        struct error error = {0};
        struct slice entry;
        char path[TILE_PATH_MAX], name[256], bytes[1024];
        uint64_t index = 0;

        (void)state;
        snprintf(name, sizeof name, LOG "%s", bundle_path(&bundle, path));
        struct slice rest = slice_make(bytes, read_shared(name, bytes, sizeof bytes));
        assert_int_equal(tile_source_new(read_log_tile, NULL, LOG_SIZE, &source), 0);
        while (bundle_next(&rest, &entry)) {
                assert_int_equal(merkle_leaf_hash(entry.text, entry.length, &leaf), 0);
                assert_int_equal(
                        merkle_inclusion_make(tile_source_hash, source, index, LOG_SIZE, &proof, &error), 0);
                assert_int_equal(merkle_inclusion_verify(&leaf, index, LOG_SIZE, &proof, &last.root), 0);
                index++;
        }
        assert_int_equal(rest.length, 0);
        assert_int_equal(index, LOG_SIZE);
        for (unsigned size = 0; size <= LOG_SIZE; size++) {
                struct checkpoint old = log_checkpoint(size);
                assert_int_equal(
                        merkle_consistency_make(tile_source_hash, source, size, LOG_SIZE, &proof, &error), 0);
                assert_int_equal(merkle_consistency_verify(size, &old.root, LOG_SIZE, &last.root, &proof), 0);
        }
        tile_source_free(source);
}

int main(int argc, char **argv)
{
        const char *shared = getenv("ROGATORY_SHARED");
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_note_of_the_specification),
                cmocka_unit_test(test_requests_of_the_specification),
                cmocka_unit_test(test_checkpoints_and_tiles),
                cmocka_unit_test(test_proofs_over_that_log),
        };
        if (shared)
                snprintf(folder, sizeof folder, "%s/data/tlog", shared);
        else
                snprintf(folder, sizeof folder, "%s/../shared/data/tlog", argc > 1 ? argv[1] : ".");
        FILE *there = fopen(folder, "r");
        if (!there) {
                printf("SKIP: %s is not here, so no log of others is read\n", folder);
                return 77;
        }
        fclose(there);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
