/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/merkle.h"

#include <stdbool.h>
#include <string.h>

/* RFC 6962, section 2.1: what stands in front of what is hashed, so that no leaf can pass for a node. */
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

int merkle_leaf_hash(const void *entry, size_t length, struct merkle_hash *ret_hash)
{
        static const uint8_t prefix = LEAF_PREFIX;
        struct digest *digest;

        int r = digest_new(&digest);
        if (r < 0)
                return r;
        r = digest_add(digest, &prefix, 1);
        if (r == 0)
                r = digest_add(digest, entry, length);
        if (r == 0)
                r = digest_finish(digest, ret_hash->bytes);
        digest_free(digest);
        return r;
}

int merkle_node_hash(
        const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash)
{
        uint8_t bytes[1 + 2 * MERKLE_HASH_BYTES] = {NODE_PREFIX};

        memcpy(bytes + 1, left->bytes, MERKLE_HASH_BYTES);
        memcpy(bytes + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
        return digest_of(bytes, sizeof bytes, ret_hash->bytes);
}

int merkle_empty_root(struct merkle_hash *ret_hash)
{
        return digest_of("", 0, ret_hash->bytes);
}

/* The largest power of two below n (n > 1): where RFC 6962 splits a tree of n entries. */
static uint64_t split_of(uint64_t n)
{
        return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static unsigned level_of(uint64_t power)
{
        return (unsigned)__builtin_ctzll(power);
}

/* MTH(D[begin:end]) for the ranges that RFC 6962 splits into, which begin at a multiple of every whole
 * subtree in them: the whole subtrees from the left, put together from the right. */
static int range_hash(merkle_source *source, void *context, uint64_t begin, uint64_t end,
        struct merkle_hash *ret_hash, struct error *error)
{
        struct merkle_hash parts[64], hash;
        unsigned count = 0;
        int r = 0;

        while (begin < end && r == 0) {
                uint64_t whole = UINT64_C(1) << (63 - __builtin_clzll(end - begin));
                unsigned level = level_of(whole);
                r = source(context, level, begin >> level, &parts[count++], error);
                begin += whole;
        }
        if (r < 0)
                return r;
        hash = parts[--count];
        while (r == 0 && count > 0)
                r = merkle_node_hash(&parts[--count], &hash, &hash);
        if (r < 0)
                return error_set(error, r, "a hash of the tree could not be computed");
        *ret_hash = hash;
        return 0;
}

int merkle_root(merkle_source *source, void *context, uint64_t size, struct merkle_hash *ret_root,
        struct error *error)
{
        if (size > MERKLE_SIZE_MAX)
                return error_set(error, -EINVAL, "no tree has so many entries");
        if (size > 0)
                return range_hash(source, context, 0, size, ret_root, error);
        int r = merkle_empty_root(ret_root);
        return r < 0 ? error_set(error, r, "a hash of the tree could not be computed") : 0;
}

/* The hashes are found from the root downwards and belong into the proof the other way round. */
static void turn_round(struct merkle_proof *proof)
{
        for (size_t i = 0, k = proof->count; i + 1 < k; i++) {
                struct merkle_hash hash = proof->hashes[i];
                proof->hashes[i] = proof->hashes[--k];
                proof->hashes[k] = hash;
        }
}

int merkle_inclusion_make(merkle_source *source, void *context, uint64_t index, uint64_t size,
        struct merkle_proof *ret_proof, struct error *error)
{
        struct merkle_proof proof = {.count = 0};
        uint64_t begin = 0, end = size;
        int r = 0;

        if (size > MERKLE_SIZE_MAX || index >= size)
                return error_set(error, -EINVAL, "there is no such entry in a tree of this size");
        /* PATH(m, D[n]) of RFC 6962, section 2.1.1. */
        while (r == 0 && end - begin > 1) {
                uint64_t middle = begin + split_of(end - begin);
                struct merkle_hash *sibling = &proof.hashes[proof.count++];
                if (index < middle) {
                        r = range_hash(source, context, middle, end, sibling, error);
                        end = middle;
                } else {
                        r = range_hash(source, context, begin, middle, sibling, error);
                        begin = middle;
                }
        }
        if (r < 0)
                return r;
        turn_round(&proof);
        *ret_proof = proof;
        return 0;
}

int merkle_consistency_make(merkle_source *source, void *context, uint64_t old_size, uint64_t new_size,
        struct merkle_proof *ret_proof, struct error *error)
{
        struct merkle_proof proof = {.count = 0};
        uint64_t begin = 0, end = new_size;
        int r = 0;

        if (new_size > MERKLE_SIZE_MAX || old_size > new_size)
                return error_set(error, -EINVAL, "no tree of this size begins with one of that size");
        /* SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2, until what is left is whole in both trees. */
        while (r == 0 && old_size > 0 && end != old_size) {
                uint64_t middle = begin + split_of(end - begin);
                struct merkle_hash *hash = &proof.hashes[proof.count++];
                if (old_size <= middle) {
                        r = range_hash(source, context, middle, end, hash, error);
                        end = middle;
                } else {
                        r = range_hash(source, context, begin, middle, hash, error);
                        begin = middle;
                }
        }
        /* Its hash is the old root itself where it is the whole old tree, and then known (b is true). */
        if (r == 0 && old_size > 0 && begin > 0)
                r = range_hash(source, context, begin, end, &proof.hashes[proof.count++], error);
        if (r < 0)
                return r;
        turn_round(&proof);
        *ret_proof = proof;
        return 0;
}

static bool is_same(const struct merkle_hash *a, const struct merkle_hash *b)
{
        return memcmp(a->bytes, b->bytes, MERKLE_HASH_BYTES) == 0;
}

/* RFC 9162, section 2.1.3.2. */
int merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
        const struct merkle_proof *proof, const struct merkle_hash *root)
{
        if (size > MERKLE_SIZE_MAX || index >= size || proof->count > MERKLE_PROOF_MAX)
                return -EBADMSG;
        uint64_t fn = index, sn = size - 1;
        struct merkle_hash hash = *leaf;
        for (size_t i = 0; i < proof->count; i++) {
                if (sn == 0)
                        return -EBADMSG;
                bool from_left = fn & 1 || fn == sn;
                int r = from_left ? merkle_node_hash(&proof->hashes[i], &hash, &hash)
                                  : merkle_node_hash(&hash, &proof->hashes[i], &hash);
                if (r < 0)
                        return r;
                while (from_left && !(fn & 1) && fn != 0) {
                        fn >>= 1;
                        sn >>= 1;
                }
                fn >>= 1;
                sn >>= 1;
        }
        return sn == 0 && is_same(&hash, root) ? 0 : -EBADMSG;
}

/* Both roots out of the proof, where the old tree is neither empty nor the new one; begin: the hash that it
 * starts from. RFC 9162, section 2.1.4.2, from step 3 on. */
static int verify_growth(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
        const struct merkle_hash *new_root, const struct merkle_hash *begin, const struct merkle_hash *rest,
        size_t count)
{
        uint64_t fn = old_size - 1, sn = new_size - 1;
        struct merkle_hash fr = *begin, sr = *begin;
        int r = 0;

        while (fn & 1) {
                fn >>= 1;
                sn >>= 1;
        }
        for (size_t i = 0; i < count && r == 0; i++) {
                if (sn == 0)
                        return -EBADMSG;
                if (fn & 1 || fn == sn) {
                        r = merkle_node_hash(&rest[i], &fr, &fr);
                        if (r == 0)
                                r = merkle_node_hash(&rest[i], &sr, &sr);
                        while (!(fn & 1) && fn != 0) {
                                fn >>= 1;
                                sn >>= 1;
                        }
                } else {
                        r = merkle_node_hash(&sr, &rest[i], &sr);
                }
                fn >>= 1;
                sn >>= 1;
        }
        if (r < 0)
                return r;
        return sn == 0 && is_same(&fr, old_root) && is_same(&sr, new_root) ? 0 : -EBADMSG;
}

int merkle_consistency_verify(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
        const struct merkle_hash *new_root, const struct merkle_proof *proof)
{
        struct merkle_hash empty;

        if (new_size > MERKLE_SIZE_MAX || old_size > new_size || proof->count > MERKLE_PROOF_MAX)
                return -EBADMSG;
        if (old_size == 0) {
                /* Every tree begins with the empty one, so that nothing may be left to prove. */
                int r = merkle_empty_root(&empty);
                if (r < 0)
                        return r;
                if (proof->count > 0 || !is_same(&empty, old_root))
                        return -EBADMSG;
                return new_size > 0 || is_same(&empty, new_root) ? 0 : -EBADMSG;
        }
        if (old_size == new_size)
                return proof->count == 0 && is_same(old_root, new_root) ? 0 : -EBADMSG;
        if (proof->count == 0)
                return -EBADMSG;
        /* A whole subtree as the old tree is itself the hash to begin with. */
        if ((old_size & (old_size - 1)) == 0)
                return verify_growth(
                        old_size, old_root, new_size, new_root, old_root, proof->hashes, proof->count);
        return verify_growth(old_size, old_root, new_size, new_root, &proof->hashes[0], proof->hashes + 1,
                proof->count - 1);
}
