/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/log_proof.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define EXTRA_MARK "extra "
#define INDEX_MARK "index "

static int refuse(struct error *error, const char *reason)
{
        return error_set(error, -EBADMSG, "%s", reason);
}

static struct slice behind(struct slice line, const char *mark)
{
        size_t length = strlen(mark);
        return slice_make(line.text + length, line.length - length);
}

int log_proof_read(struct slice text, struct log_proof *ret_proof, struct error *error)
{
        struct log_proof proof = {.index = 0};
        struct slice rest = text;

        if (text.length > LOG_PROOF_MAX)
                return error_set(error, -EBADMSG, "a proof must not be longer than %u bytes", LOG_PROOF_MAX);
        if (!slice_is(slice_cut(&rest, '\n'), FIRST_LINE))
                return refuse(error, "a proof begins with the line " FIRST_LINE);
        struct slice line = slice_cut(&rest, '\n');
        if (slice_starts(line, EXTRA_MARK)) {
                proof.extra = behind(line, EXTRA_MARK);
                if (proof.extra.length == 0)
                        return refuse(error, "a proof has a line of extra data without any");
                line = slice_cut(&rest, '\n');
        }
        if (!slice_starts(line, INDEX_MARK) || tree_number_read(behind(line, INDEX_MARK), &proof.index) < 0)
                return refuse(error, "a proof needs a line \"index NUMBER\"");
        for (;;) {
                if (rest.length == 0)
                        return refuse(error, "a proof ends without a checkpoint");
                line = slice_cut(&rest, '\n');
                if (line.length == 0)
                        break;
                if (proof.inclusion.count == MERKLE_PROOF_MAX)
                        return error_set(error, -EBADMSG, "a proof has at most %d hashes", MERKLE_PROOF_MAX);
                int r = hash_line_read(line, &proof.inclusion.hashes[proof.inclusion.count++]);
                if (r < 0)
                        return error_set(error, r, "a line of a proof is no SHA-256 hash in base64");
        }
        if (rest.length == 0)
                return refuse(error, "a proof ends without a checkpoint");
        proof.checkpoint = rest;
        *ret_proof = proof;
        return 0;
}

int log_proof_write(const struct log_proof *proof, struct buffer *ret)
{
        buffer_append_text(ret, FIRST_LINE "\n");
        if (proof->extra.length > 0) {
                buffer_append_text(ret, EXTRA_MARK);
                buffer_append(ret, proof->extra.text, proof->extra.length);
                buffer_append_u8(ret, '\n');
        }
        buffer_printf(ret, INDEX_MARK "%" PRIu64 "\n", proof->index);
        for (size_t i = 0; i < proof->inclusion.count; i++)
                hash_line_write(&proof->inclusion.hashes[i], ret);
        buffer_append_u8(ret, '\n');
        return buffer_append(ret, proof->checkpoint.text, proof->checkpoint.length);
}

int log_proof_verify(const struct log_proof *proof, struct slice entry, const char *origin,
        const struct note_key *keys, size_t count, struct checkpoint *ret_checkpoint, struct error *error)
{
        struct checkpoint checkpoint;
        struct merkle_hash leaf;

        int r = checkpoint_open(proof->checkpoint, keys, count, &checkpoint, NULL, error);
        if (r < 0)
                return r;
        if (strcmp(checkpoint.origin, origin) != 0)
                return error_set(error, -EBADMSG, "the checkpoint is of the log %s and not of %s",
                        checkpoint.origin, origin);
        r = merkle_leaf_hash(entry.text, entry.length, &leaf);
        if (r == 0)
                r = merkle_inclusion_verify(
                        &leaf, proof->index, checkpoint.size, &proof->inclusion, &checkpoint.root);
        if (r < 0)
                return error_set(error, r,
                        r == -EBADMSG ? "it is not proven that this entry stands in the log"
                                      : "a hash of the tree could not be computed");
        *ret_checkpoint = checkpoint;
        return 0;
}
