/* SPDX-License-Identifier: EUPL-1.2 */
#include "chronicle/witness.h"

#include "chronicle/state.h"

#include <errno.h>
#include <string.h>

/* What is known of the log when a request is judged. */
struct known {
        bool any;
        struct checkpoint checkpoint;
        struct buffer note;
};

static int find_known(
        struct chronicle *chronicle, const char *origin, struct known *known, struct error *error)
{
        *known = (struct known){.note = buffer_make(2 * CHECKPOINT_BYTES_MAX)};
        int r = openings_peer_latest(chronicle->openings, origin, &known->checkpoint, &known->note, error);
        known->any = r == 0;
        return r == -ENOENT ? 0 : r;
}

/* The note as it came, cosigned by us: one line more. */
static int cosign(struct chronicle *chronicle, struct slice bytes, int64_t now_ms, struct buffer *ret_note,
        struct buffer *ret_line, struct error *error)
{
        struct note note;

        int r = note_read(bytes, &note, error);
        if (r == 0)
                r = note_sign(note.text, &chronicle->witness_secret, (uint64_t)(now_ms / TIME_SECOND),
                        ret_line, error);
        if (r < 0)
                return r;
        buffer_append(ret_note, bytes.text, bytes.length);
        r = buffer_append(ret_note, ret_line->bytes, ret_line->length);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

static int accept(struct chronicle *chronicle, const struct checkpoint *checkpoint, struct slice bytes,
        int64_t now_ms, struct buffer *ret_cosignature, struct error *error)
{
        struct buffer note = buffer_make(2 * CHECKPOINT_BYTES_MAX), line = buffer_make(NOTE_BYTES_MAX);

        int r = cosign(chronicle, bytes, now_ms, &note, &line, error);
        if (r == 0)
                r = openings_peer_add(chronicle->openings, checkpoint,
                        slice_make((const char *)note.bytes, note.length), now_ms, error);
        if (r == 0 && (r = buffer_append(ret_cosignature, line.bytes, line.length)) < 0)
                error_set(error, r, "not enough memory");
        buffer_free(&note);
        buffer_free(&line);
        return r;
}

/* 1 where it is new. */
static int keep_evidence(struct chronicle *chronicle, const struct known *known, enum witness_verdict verdict,
        const struct checkpoint *offered, struct slice bytes, int64_t now_ms, struct error *error)
{
        return openings_evidence_add(chronicle->openings, offered, witness_verdict_name(verdict),
                slice_make((const char *)known->note.bytes, known->note.length), bytes, now_ms, error);
}

static int tell_refusal(struct chronicle *chronicle, const struct known *known, enum witness_verdict verdict,
        const struct checkpoint *offered, int64_t now_ms, struct error *error)
{
        char kept[DIGEST_TEXT_MAX], other[DIGEST_TEXT_MAX];
        json_t *fields = json_pack("{s:s, s:s, s:I, s:s, s:I, s:s}", "origin", offered->origin, "verdict",
                witness_verdict_name(verdict), "kept_size", (json_int_t)known->checkpoint.size, "kept_root",
                digest_format(known->checkpoint.root.bytes, kept), "offered_size", (json_int_t)offered->size,
                "offered_root", digest_format(offered->root.bytes, other));
        const struct chronicle_item item = {
                .kind = "log-refused", .at_ms = now_ms, .by = "node", .fields = fields};

        int r = fields ? chronicle_append_all(chronicle, &item, 1, NULL, error)
                       : error_set(error, -ENOMEM, "not enough memory");
        json_decref(fields);
        return r;
}

/* The step that nobody else may come between: read what is known, judge, keep. Returns 1 where new evidence
 * was kept. */
static int judge_and_keep(struct chronicle *chronicle, const char *origin, const struct note_key *keys,
        size_t count, const struct witness_request *request, int64_t now_ms, struct known *known,
        struct checkpoint *offered, struct witness_answer *answer, struct buffer *cosignature,
        struct error *error)
{
        int r = find_known(chronicle, origin, known, error);
        if (r == 0)
                r = witness_judge(request, origin, keys, count, known->any ? &known->checkpoint : NULL,
                        &answer->verdict, offered, error);
        if (r < 0)
                return r;
        answer->known_size = known->any ? known->checkpoint.size : 0;
        if (answer->verdict == WITNESS_ACCEPTED) {
                answer->known_size = offered->size;
                return accept(chronicle, offered, request->checkpoint, now_ms, cosignature, error);
        }
        if (!witness_verdict_is_evidence(answer->verdict))
                return 0;
        if (answer->verdict == WITNESS_SHRUNK) {
                r = openings_peer_knows(chronicle->openings, offered, error);
                if (r != 0) {
                        answer->stale = r > 0;
                        return r < 0 ? r : 0;
                }
        }
        return keep_evidence(chronicle, known, answer->verdict, offered, request->checkpoint, now_ms, error);
}

static int check_writer(const struct chronicle *chronicle, struct error *error)
{
        return chronicle->mode == CHRONICLE_WRITE
                       ? 0
                       : error_set(error, -EROFS, "%s: this log is open for reading only", chronicle->path);
}

int chronicle_witness(struct chronicle *chronicle, const char *origin, const struct note_key *keys,
        size_t count, struct slice body, int64_t now_ms, struct witness_answer *ret_answer,
        struct buffer *ret_cosignature, struct error *error)
{
        struct witness_answer answer = {.verdict = WITNESS_MALFORMED};
        struct witness_request request;
        struct checkpoint offered;
        struct known known;
        struct error failure = {0};
        size_t before = ret_cosignature->length;

        int r = check_writer(chronicle, error);
        if (r < 0)
                return r;
        r = witness_request_read(body, &request, error);
        if (r == -EBADMSG) {
                *ret_answer = answer;
                return 0;
        }
        if (r == 0)
                r = openings_begin(chronicle->openings, error);
        if (r < 0)
                return r;
        r = judge_and_keep(chronicle, origin, keys, count, &request, now_ms, &known, &offered, &answer,
                ret_cosignature, error);
        int ended = openings_end(chronicle->openings, r >= 0, &failure);
        if (r >= 0 && ended < 0) {
                openings_end(chronicle->openings, false, NULL);
                r = error_set(error, ended, "%s", failure.text);
        }
        if (r > 0 &&
                (ended = tell_refusal(chronicle, &known, answer.verdict, &offered, now_ms, &failure)) < 0)
                r = error_set(error, ended, "%s", failure.text);
        buffer_free(&known.note);
        if (r < 0) {
                /* A cosignature that was not kept must not leave. */
                ret_cosignature->length = before;
                return r;
        }
        *ret_answer = answer;
        return 0;
}

int chronicle_witness_settle(struct chronicle *chronicle, const char *origin, const struct note_key *keys,
        size_t count, struct slice bytes, const struct merkle_proof *proof, int64_t now_ms,
        struct error *error)
{
        struct checkpoint late;
        struct known known;

        int r = check_writer(chronicle, error);
        if (r == 0)
                r = checkpoint_open(bytes, keys, count, &late, NULL, error);
        if (r < 0)
                return r;
        if (strcmp(late.origin, origin) != 0)
                return error_set(error, -EBADMSG, "the checkpoint is of the log %s and not of %s",
                        late.origin, origin);
        r = find_known(chronicle, origin, &known, error);
        if (r == 0 && !known.any)
                r = error_set(error, -ENOENT, "nothing is known here of the log %s", origin);
        if (r == 0) {
                r = merkle_consistency_verify(
                        late.size, &late.root, known.checkpoint.size, &known.checkpoint.root, proof);
                if (r < 0)
                        error_set(error, r,
                                "it is not proven that the checkpoint is the beginning of the latest one");
        }
        if (r == 0 && late.size < known.checkpoint.size)
                r = openings_peer_add(chronicle->openings, &late, bytes, now_ms, error);
        buffer_free(&known.note);
        return r;
}

int chronicle_witnessed(struct chronicle *chronicle, const char *origin, struct checkpoint *ret_checkpoint,
        struct buffer *ret_note, struct error *error)
{
        return openings_peer_latest(chronicle->openings, origin, ret_checkpoint, ret_note, error);
}

int chronicle_evidence_walk(
        struct chronicle *chronicle, chronicle_evidence *visit, void *context, struct error *error)
{
        return openings_evidence_walk(chronicle->openings, visit, context, error);
}
