/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/witness.h"

#include <inttypes.h>
#include <string.h>

static const struct {
        const char *name;
        unsigned status;
        bool evidence;
} verdicts[WITNESS_VERDICTS] = {
        [WITNESS_ACCEPTED] = {"accepted", 200, false},
        [WITNESS_MALFORMED] = {"malformed", 400, false},
        [WITNESS_UNKNOWN] = {"unknown", 404, false},
        [WITNESS_UNSIGNED] = {"unsigned", 403, false},
        [WITNESS_CONFLICT] = {"conflict", 409, false},
        [WITNESS_SHRUNK] = {"shrunk", 409, true},
        [WITNESS_FORKED] = {"forked", 422, true},
        [WITNESS_UNPROVEN] = {"unproven", 422, true},
};

const char *witness_verdict_name(enum witness_verdict verdict)
{
        return verdicts[verdict].name;
}

unsigned witness_verdict_status(enum witness_verdict verdict)
{
        return verdicts[verdict].status;
}

bool witness_verdict_is_evidence(enum witness_verdict verdict)
{
        return verdicts[verdict].evidence;
}

static int refuse(struct error *error, const char *reason)
{
        return error_set(error, -EBADMSG, "%s", reason);
}

int witness_request_read(struct slice body, struct witness_request *ret_request, struct error *error)
{
        struct witness_request request = {.old_size = 0};
        struct slice rest = body;
        static const char mark[] = "old ";

        if (body.length > WITNESS_REQUEST_MAX)
                return error_set(error, -EBADMSG, "a request to a witness must not be longer than %u bytes",
                        WITNESS_REQUEST_MAX);
        struct slice line = slice_cut(&rest, '\n');
        if (!slice_starts(line, mark) ||
                tree_number_read(slice_make(line.text + strlen(mark), line.length - strlen(mark)),
                        &request.old_size) < 0)
                return refuse(error, "a request to a witness begins with a line \"old SIZE\"");
        for (;;) {
                if (rest.length == 0)
                        return refuse(error, "a request to a witness ends without a checkpoint");
                line = slice_cut(&rest, '\n');
                if (line.length == 0)
                        break;
                if (request.proof.count == MERKLE_PROOF_MAX)
                        return error_set(error, -EBADMSG, "a proof has at most %d hashes", MERKLE_PROOF_MAX);
                int r = hash_line_read(line, &request.proof.hashes[request.proof.count++]);
                if (r == -ENOMEM)
                        return error_set(error, r, "not enough memory");
                if (r < 0)
                        return refuse(error, "a line of a proof is no SHA-256 hash in base64");
        }
        if (rest.length == 0)
                return refuse(error, "a request to a witness ends without a checkpoint");
        request.checkpoint = rest;
        *ret_request = request;
        return 0;
}

int witness_request_write(const struct witness_request *request, struct buffer *ret)
{
        buffer_printf(ret, "old %" PRIu64 "\n", request->old_size);
        for (size_t i = 0; i < request->proof.count; i++)
                hash_line_write(&request->proof.hashes[i], ret);
        buffer_append_u8(ret, '\n');
        return buffer_append(ret, request->checkpoint.text, request->checkpoint.length);
}

/* The verdict on a checkpoint that its log has signed, in the order of the document. */
static enum witness_verdict judge_growth(const struct witness_request *request,
        const struct checkpoint *latest, const struct checkpoint *checkpoint, int *ret_failure,
        struct error *error)
{
        struct checkpoint nothing = {.size = 0};

        *ret_failure = 0;
        if (!latest) {
                *ret_failure = merkle_empty_root(&nothing.root);
                latest = &nothing;
        }
        if (*ret_failure < 0)
                return WITNESS_UNPROVEN;
        if (checkpoint->size < latest->size) {
                error_set(error, -EBADMSG,
                        "the log %s has %" PRIu64 " entries now and had %" PRIu64
                        " before: entries were taken away",
                        checkpoint->origin, checkpoint->size, latest->size);
                return WITNESS_SHRUNK;
        }
        /* Two signed roots of one size need no proof; the document leaves it open whether the wrong old size
         * or this is told first, and this is worse. */
        if (checkpoint->size == latest->size &&
                memcmp(&checkpoint->root, &latest->root, sizeof latest->root) != 0) {
                error_set(error, -EBADMSG,
                        "the log %s was forked: it has signed two different trees of %" PRIu64 " entries",
                        checkpoint->origin, checkpoint->size);
                return WITNESS_FORKED;
        }
        if (request->old_size > checkpoint->size) {
                error_set(error, -EBADMSG, "the proof begins behind the end of the log");
                return WITNESS_MALFORMED;
        }
        if (request->old_size != latest->size) {
                error_set(error, -EBADMSG,
                        "the proof begins at %" PRIu64
                        " entries, the latest checkpoint known here has %" PRIu64,
                        request->old_size, latest->size);
                return WITNESS_CONFLICT;
        }
        int r = merkle_consistency_verify(
                latest->size, &latest->root, checkpoint->size, &checkpoint->root, &request->proof);
        if (r == -EBADMSG) {
                error_set(error, r,
                        "the log %s does not prove that it only grew from %" PRIu64 " to %" PRIu64
                        " entries: it was forked, or its proof is wrong",
                        checkpoint->origin, latest->size, checkpoint->size);
                return WITNESS_UNPROVEN;
        }
        *ret_failure = r;
        return r < 0 ? WITNESS_UNPROVEN : WITNESS_ACCEPTED;
}

int witness_judge(const struct witness_request *request, const char *origin, const struct note_key *keys,
        size_t count, const struct checkpoint *latest, enum witness_verdict *ret_verdict,
        struct checkpoint *ret_checkpoint, struct error *error)
{
        struct checkpoint checkpoint;
        enum witness_verdict verdict;
        int failure = 0;

        int r = count == 0 ? -ENOENT
                           : checkpoint_open(request->checkpoint, keys, count, &checkpoint, NULL, error);
        if (r == -ENOMEM || r == -EIO || r == -EINVAL)
                return r;
        if (r == -ENOENT) {
                error_set(error, -EBADMSG, "no key of this log is known here");
                verdict = WITNESS_UNKNOWN;
        } else if (r == -ENOKEY || r == -EKEYREJECTED) {
                verdict = WITNESS_UNSIGNED;
        } else if (r < 0) {
                verdict = WITNESS_MALFORMED;
        } else if (strcmp(checkpoint.origin, origin) != 0) {
                error_set(error, -EBADMSG, "the checkpoint is of the log %s and not of %s", checkpoint.origin,
                        origin);
                verdict = WITNESS_UNKNOWN;
        } else {
                verdict = judge_growth(request, latest, &checkpoint, &failure, error);
        }
        if (failure < 0)
                return error_set(error, failure, "a hash of the tree could not be computed");
        *ret_verdict = verdict;
        if (verdict == WITNESS_ACCEPTED || verdicts[verdict].evidence)
                *ret_checkpoint = checkpoint;
        return 0;
}
