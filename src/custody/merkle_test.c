/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define LEAVES 70

static struct merkle_hash leaves[LEAVES];

static int make_leaves(void **state)
{
        (void)state;
        for (unsigned i = 0; i < LEAVES; i++)
                if (merkle_leaf_hash(&i, sizeof i, &leaves[i]) < 0)
                        return -1;
        return 0;
}

/* MTH as RFC 6962 defines it, word by word. */
static struct merkle_hash defined_hash(uint64_t begin, uint64_t end)
{
        struct merkle_hash left, right, hash;
        uint64_t split = 1;

        if (begin == end) {
                assert_int_equal(merkle_empty_root(&hash), 0);
                return hash;
        }
        if (end - begin == 1)
                return leaves[begin];
        while (split * 2 < end - begin)
                split *= 2;
        left = defined_hash(begin, begin + split);
        right = defined_hash(begin + split, end);
        assert_int_equal(merkle_node_hash(&left, &right, &hash), 0);
        return hash;
}

/* What the makers were last told that the tree has. */
static uint64_t known_size;

static int source(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error)
{
        (void)context;
        (void)error;
        assert_true((index + 1) << level <= known_size);
        *ret_hash = defined_hash(index << level, (index + 1) << level);
        return 0;
}

static void assert_same(const struct merkle_hash *a, const struct merkle_hash *b)
{
        assert_memory_equal(a->bytes, b->bytes, MERKLE_HASH_BYTES);
}

/* The eight entries and the root that the first implementations of Certificate Transparency test with. */
static void test_known_root(void **state)
{
        static const struct {
                const char *bytes;
                size_t length;
        } entries[8] = {{"", 0}, {"\x00", 1}, {"\x10", 1}, {"\x20\x21", 2}, {"\x30\x31", 2},
                {"\x40\x41\x42\x43", 4}, {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
                {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
        struct merkle_hash root;
        char text[DIGEST_TEXT_MAX];

        (void)state;
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(merkle_leaf_hash(entries[i].bytes, entries[i].length, &leaves[i]), 0);
        known_size = 8;
        assert_int_equal(merkle_root(source, NULL, 8, &root, NULL), 0);
        assert_string_equal(digest_format(root.bytes, text),
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
        assert_int_equal(merkle_root(source, NULL, 0, &root, NULL), 0);
        assert_string_equal(digest_format(root.bytes, text),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_roots_are_as_defined(void **state)
{
        (void)state;
        for (uint64_t size = 0; size <= LEAVES; size++) {
                struct merkle_hash root, expected = defined_hash(0, size);
                known_size = size;
                assert_int_equal(merkle_root(source, NULL, size, &root, NULL), 0);
                assert_same(&root, &expected);
        }
}

static void flip(struct merkle_hash *hash)
{
        hash->bytes[17] ^= 0x20;
}

/* A proof that differs in any hash, is longer or shorter, or is held against other numbers. */
static void assert_only_true_inclusion(
        uint64_t index, uint64_t size, struct merkle_proof *proof, struct merkle_hash *root)
{
        struct merkle_hash *leaf = &leaves[index];

        assert_int_equal(merkle_inclusion_verify(leaf, index, size, proof, root), 0);
        for (size_t i = 0; i < proof->count; i++) {
                flip(&proof->hashes[i]);
                assert_int_equal(merkle_inclusion_verify(leaf, index, size, proof, root), -EBADMSG);
                flip(&proof->hashes[i]);
        }
        flip(root);
        assert_int_equal(merkle_inclusion_verify(leaf, index, size, proof, root), -EBADMSG);
        flip(root);
        for (uint64_t other = 0; other < size; other++)
                if (other != index)
                        assert_int_equal(merkle_inclusion_verify(leaf, other, size, proof, root), -EBADMSG);
        proof->hashes[proof->count++] = *leaf;
        assert_int_equal(merkle_inclusion_verify(leaf, index, size, proof, root), -EBADMSG);
        if (--proof->count > 0) {
                proof->count--;
                assert_int_equal(merkle_inclusion_verify(leaf, index, size, proof, root), -EBADMSG);
                proof->count++;
        }
        assert_int_equal(merkle_inclusion_verify(leaf, size, size, proof, root), -EBADMSG);
}

static void test_inclusion(void **state)
{
        (void)state;
        for (uint64_t size = 1; size <= LEAVES; size++) {
                struct merkle_hash root = defined_hash(0, size);
                known_size = size;
                for (uint64_t index = 0; index < size; index++) {
                        struct merkle_proof proof;
                        assert_int_equal(merkle_inclusion_make(source, NULL, index, size, &proof, NULL), 0);
                        assert_only_true_inclusion(index, size, &proof, &root);
                }
                struct merkle_proof none;
                assert_int_equal(merkle_inclusion_make(source, NULL, size, size, &none, NULL), -EINVAL);
        }
}

static void assert_only_true_growth(uint64_t old_size, uint64_t new_size, struct merkle_proof *proof)
{
        struct merkle_hash old_root = defined_hash(0, old_size), new_root = defined_hash(0, new_size);

        assert_int_equal(merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), 0);
        for (size_t i = 0; i < proof->count; i++) {
                flip(&proof->hashes[i]);
                assert_int_equal(
                        merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), -EBADMSG);
                flip(&proof->hashes[i]);
        }
        flip(&old_root);
        assert_int_equal(
                merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), -EBADMSG);
        flip(&old_root);
        if (old_size > 0) { /* every tree grows out of the empty one */
                flip(&new_root);
                assert_int_equal(
                        merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), -EBADMSG);
                flip(&new_root);
        }
        proof->hashes[proof->count++] = new_root;
        assert_int_equal(
                merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), -EBADMSG);
        if (--proof->count > 0) {
                proof->count--;
                assert_int_equal(
                        merkle_consistency_verify(old_size, &old_root, new_size, &new_root, proof), -EBADMSG);
                proof->count++;
        }
        if (old_size < new_size)
                assert_int_equal(
                        merkle_consistency_verify(new_size, &new_root, old_size, &old_root, proof), -EBADMSG);
}

static void test_consistency(void **state)
{
        (void)state;
        for (uint64_t new_size = 0; new_size <= LEAVES; new_size++) {
                known_size = new_size;
                for (uint64_t old_size = 0; old_size <= new_size; old_size++) {
                        struct merkle_proof proof;
                        assert_int_equal(
                                merkle_consistency_make(source, NULL, old_size, new_size, &proof, NULL), 0);
                        assert_only_true_growth(old_size, new_size, &proof);
                }
                struct merkle_proof none;
                assert_int_equal(
                        merkle_consistency_make(source, NULL, new_size + 1, new_size, &none, NULL), -EINVAL);
        }
}

/* A log that changed an entry cannot prove that it only grew, whichever honest proof it shows. */
static void test_a_changed_tree_has_no_proof(void **state)
{
        (void)state;
        for (uint64_t old_size = 1; old_size < 20; old_size++) {
                struct merkle_hash old_root = defined_hash(0, old_size);
                for (uint64_t changed = 0; changed < old_size; changed++) {
                        struct merkle_proof proof;
                        flip(&leaves[changed]);
                        known_size = 20;
                        struct merkle_hash root = defined_hash(0, 20);
                        assert_int_equal(
                                merkle_consistency_make(source, NULL, old_size, 20, &proof, NULL), 0);
                        assert_int_equal(
                                merkle_consistency_verify(old_size, &old_root, 20, &root, &proof), -EBADMSG);
                        flip(&leaves[changed]);
                }
        }
}

/* Every whole subtree of equal entries has one hash, so that trees too large for any disk can be asked. */
static int uniform_source(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error)
{
        struct merkle_hash hash = leaves[0];

        (void)context;
        (void)index;
        (void)error;
        while (level-- > 0)
                assert_int_equal(merkle_node_hash(&hash, &hash, &hash), 0);
        *ret_hash = hash;
        return 0;
}

static void test_the_largest_trees(void **state)
{
        static const uint64_t sizes[] = {MERKLE_SIZE_MAX, MERKLE_SIZE_MAX - 1, (UINT64_C(1) << 61) + 1};
        struct merkle_proof proof;
        struct merkle_hash root, old_root;

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                uint64_t size = sizes[i];
                assert_int_equal(merkle_root(uniform_source, NULL, size, &root, NULL), 0);
                assert_int_equal(
                        merkle_inclusion_make(uniform_source, NULL, size - 1, size, &proof, NULL), 0);
                assert_int_equal(merkle_inclusion_verify(&leaves[0], size - 1, size, &proof, &root), 0);
                for (uint64_t old_size = 1; old_size < size; old_size = old_size * 5 + 2) {
                        assert_int_equal(merkle_root(uniform_source, NULL, old_size, &old_root, NULL), 0);
                        assert_int_equal(
                                merkle_consistency_make(uniform_source, NULL, old_size, size, &proof, NULL),
                                0);
                        assert_int_equal(
                                merkle_consistency_verify(old_size, &old_root, size, &root, &proof), 0);
                }
        }
        assert_int_equal(merkle_root(uniform_source, NULL, MERKLE_SIZE_MAX + 1, &root, NULL), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_known_root, make_leaves),
                cmocka_unit_test_setup(test_roots_are_as_defined, make_leaves),
                cmocka_unit_test_setup(test_inclusion, make_leaves),
                cmocka_unit_test_setup(test_consistency, make_leaves),
                cmocka_unit_test_setup(test_a_changed_tree_has_no_proof, make_leaves),
                cmocka_unit_test_setup(test_the_largest_trees, make_leaves),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
