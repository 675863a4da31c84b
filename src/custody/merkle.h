/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_MERKLE_H
#define ROGATORY_CUSTODY_MERKLE_H

/* The Merkle tree of RFC 6962 (section 2.1; the same in RFC 9162, section 2.1) over SHA-256: hashes, proofs
 * that an entry stands in a tree, and proofs that one tree is the beginning of another. Pure: the hashes of a
 * tree come through a callback. */

#include "base/error.h"
#include "crypto/digest.h"

#include <stddef.h>
#include <stdint.h>

#define MERKLE_HASH_BYTES DIGEST_BYTES
/* Entries of a tree. With it no proof has more than 63 hashes, the most that tlog-witness lets one send. */
#define MERKLE_SIZE_MAX (UINT64_C(1) << 62)
#define MERKLE_PROOF_MAX 63

struct merkle_hash {
        uint8_t bytes[MERKLE_HASH_BYTES];
};

/* In the order of RFC 6962: from the leaf's side to the root's. */
struct merkle_proof {
        size_t count;
        struct merkle_hash hashes[MERKLE_PROOF_MAX];
};

/* All 0, -ENOMEM or -EIO. */
int merkle_leaf_hash(const void *entry, size_t length, struct merkle_hash *ret_hash);
int merkle_node_hash(
        const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash);
int merkle_empty_root(struct merkle_hash *ret_hash); /* of a tree without entries */

/* Gives the hash of the whole subtree of 2^level entries that begins at entry index * 2^level. Asked only for
 * subtrees that the tree has whole. 0 or negative with a message, which is passed on. */
typedef int merkle_source(
        void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash, struct error *error);

/* The three makers: 0, what the source returned, -EINVAL where the numbers are no places of a tree (index
 * below size, old_size at most new_size, size at most MERKLE_SIZE_MAX), -ENOMEM, -EIO. */
int merkle_root(merkle_source *source, void *context, uint64_t size, struct merkle_hash *ret_root,
        struct error *error);
int merkle_inclusion_make(merkle_source *source, void *context, uint64_t index, uint64_t size,
        struct merkle_proof *ret_proof, struct error *error);
/* Empty where old_size is 0 or new_size. */
int merkle_consistency_make(merkle_source *source, void *context, uint64_t old_size, uint64_t new_size,
        struct merkle_proof *ret_proof, struct error *error);

/* Does this leaf stand at index in the tree of this size and root? 0, -EBADMSG where it is not proven, -EIO,
 * -ENOMEM. */
int merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
        const struct merkle_proof *proof, const struct merkle_hash *root);

/* Is the old tree the beginning of the new one? An old_root of size 0 must be that of the empty tree. 0,
 * -EBADMSG where it is not proven, -EIO, -ENOMEM. */
int merkle_consistency_verify(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
        const struct merkle_hash *new_root, const struct merkle_proof *proof);

#endif
