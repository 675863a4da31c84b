/* SPDX-License-Identifier: EUPL-1.2 */
/* The logs of those who write to each other: each container carries the sender's checkpoint with the proof
 * that it grew from what the receiver knows, and the receiver's, cosigned by the sender. */
#include "chronicle/witness.h"
#include "exchange/post_state.h"

#include <string.h>

struct peer {
        uint64_t sent_size;     /* of our checkpoint that was last sent to it */
        uint64_t cosigned_size; /* of our checkpoint that it has cosigned */
        int64_t witnessed_ms;   /* by its own clock, the latest seal with a checkpoint that we accepted */
};

static int read_peer(struct office *office, const char *organisation, struct peer *ret, struct error *error)
{
        sqlite3_stmt *rows;

        *ret = (struct peer){.witnessed_ms = TIME_UNKNOWN};
        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sent_size, cosigned_size, witnessed_sent_ms FROM book_peer WHERE organisation = ?1",
                "t", organisation);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                *ret = (struct peer){.sent_size = (uint64_t)sqlite3_column_int64(rows, 0),
                        .cosigned_size = (uint64_t)sqlite3_column_int64(rows, 1),
                        .witnessed_ms = rows_instant(rows, 2)};
        rows_finish(rows);
        return r < 0 ? r : 0;
}

static int write_peer(
        struct office *office, const char *organisation, const struct peer *peer, struct error *error)
{
        int r = rows_run(office_database(office), error,
                "INSERT INTO book_peer(organisation, sent_size, cosigned_size, unproven, witnessed_sent_ms)"
                " VALUES(?1, ?2, ?3, 0, ?4) ON CONFLICT(organisation) DO UPDATE SET sent_size = ?2,"
                " cosigned_size = ?3, witnessed_sent_ms = ?4",
                "tiim", organisation, (int64_t)peer->sent_size, (int64_t)peer->cosigned_size,
                peer->witnessed_ms);
        return r < 0 ? r : 0;
}

/* ---- out ---- */

#define EARLIER_MARK "earlier "
#define TRIES_MAX 16 /* others append to our log while we look at it */

void post_custody_free(struct post_custody *custody)
{
        buffer_free(&custody->checkpoint);
        buffer_free(&custody->further);
        buffer_free(&custody->earlier);
        buffer_free(&custody->cosigned);
        buffer_free(&custody->note);
}

static struct slice buffer_slice(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

/* From old_size to the checkpoint in custody->note. -EAGAIN where the log has grown since. */
static int prove(struct office *office, const struct post_custody *custody, uint64_t old_size,
        struct buffer *ret, struct error *error)
{
        struct witness_request request;

        int r = chronicle_witness_request(office_chronicle(office), old_size, ret, error);
        if (r == 0)
                r = witness_request_read(buffer_slice(ret), &request, error);
        if (r == 0 &&
                (request.checkpoint.length != custody->note.length ||
                        memcmp(request.checkpoint.text, custody->note.bytes, custody->note.length) != 0))
                r = -EAGAIN;
        return r;
}

/* The earlier checkpoint, and the proof that it is the beginning of the one that we send. */
static int add_earlier(struct office *office, struct post_custody *custody, uint64_t size, struct slice note,
        struct error *error)
{
        struct buffer proof = buffer_make(WITNESS_REQUEST_MAX), body = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request;

        int r = prove(office, custody, size, &proof, error);
        if (r == 0)
                r = witness_request_read(buffer_slice(&proof), &request, error);
        if (r == 0) {
                request.checkpoint = note;
                r = witness_request_write(&request, &body);
                if (r == 0)
                        r = buffer_printf(&custody->earlier, EARLIER_MARK "%zu\n", body.length);
                if (r >= 0)
                        r = buffer_append(&custody->earlier, body.bytes, body.length);
                if (r < 0)
                        error_set(error, r, "not enough memory");
        }
        buffer_free(&proof);
        buffer_free(&body);
        return r < 0 ? r : 0;
}

/* Messages overtake each other, and some never arrive: whichever of ours the receiver has seen last, it finds
 * a proof from there, and those that it has not seen yet are proven before they come. */
static int add_all_earlier(struct office *office, const char *organisation, const struct peer *peer,
        struct post_custody *custody, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office_database(office), error, &rows,
                "SELECT size, note FROM book_peer_sent WHERE organisation = ?1 AND size > ?2 AND size < ?3"
                " ORDER BY size DESC LIMIT ?4",
                "tiii", organisation, (int64_t)peer->cosigned_size, (int64_t)custody->size,
                (int64_t)POST_EARLIER_MAX);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, error)) == 1) {
                r = add_earlier(office, custody, (uint64_t)sqlite3_column_int64(rows, 0),
                        slice_make(sqlite3_column_blob(rows, 1), (size_t)sqlite3_column_bytes(rows, 1)),
                        error);
                if (r < 0)
                        break;
        }
        rows_finish(rows);
        return r;
}

static int make(struct office *office, const struct directory_organisation *receiver, const struct peer *peer,
        struct post_custody *ret, struct error *error)
{
        struct checkpoint ours;

        int r = chronicle_checkpoint(office_chronicle(office), &ours, &ret->note, error);
        if (r < 0)
                return r;
        ret->size = ours.size;
        r = prove(office, ret, peer->sent_size, &ret->checkpoint, error);
        /* Where what was sent last never arrived, the receiver still knows what it has cosigned. */
        if (r == 0 && peer->cosigned_size != peer->sent_size)
                r = prove(office, ret, peer->cosigned_size, &ret->further, error);
        return r == 0 ? add_all_earlier(office, receiver->name, peer, ret, error) : r;
}

int post_custody_make(struct office *office, const struct directory_organisation *receiver,
        struct post_custody *ret, struct error *error)
{
        struct checkpoint theirs;
        struct peer peer;

        *ret = (struct post_custody){.checkpoint = buffer_make(WITNESS_REQUEST_MAX),
                .further = buffer_make(WITNESS_REQUEST_MAX),
                .earlier = buffer_make((size_t)POST_EARLIER_MAX * (WITNESS_REQUEST_MAX + 32)),
                .cosigned = buffer_make((size_t)2 * CHECKPOINT_BYTES_MAX),
                .note = buffer_make(CHECKPOINT_BYTES_MAX)};
        int r = read_peer(office, receiver->name, &peer, error);
        if (r < 0)
                return r;
        for (int tries = 0; tries < TRIES_MAX; tries++) {
                buffer_clear(&ret->note);
                buffer_clear(&ret->checkpoint);
                buffer_clear(&ret->further);
                buffer_clear(&ret->earlier);
                if ((r = make(office, receiver, &peer, ret, error)) != -EAGAIN)
                        break;
        }
        if (r == -EAGAIN)
                return error_set(error, -EBUSY, "the log of this node grows faster than it can be proven");
        if (r == 0)
                r = chronicle_witnessed(
                        office_chronicle(office), receiver->log_key.name, &theirs, &ret->cosigned, error);
        return r == -ENOENT ? 0 : r;
}

int post_custody_sent(struct office *office, const char *organisation, const struct post_custody *custody,
        struct error *error)
{
        struct peer peer;

        int r = read_peer(office, organisation, &peer, error);
        peer.sent_size = custody->size;
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "INSERT OR REPLACE INTO book_peer_sent VALUES(?1, ?2, ?3)", "tib", organisation,
                        (int64_t)custody->size, custody->note.bytes, custody->note.length);
        return r < 0 ? r : write_peer(office, organisation, &peer, error);
}

/* ---- in ---- */

static struct slice object_text(const struct container_object *object)
{
        return slice_make((const char *)object->bytes, object->length);
}

/* 1: what is said of our log is a beginning of what it is now. */
static int is_ours(struct office *office, const struct checkpoint *stated, struct error *error)
{
        struct buffer proof = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request;
        struct checkpoint now;

        int r = chronicle_witness_request(office_chronicle(office), stated->size, &proof, error);
        if (r == 0)
                r = witness_request_read(buffer_slice(&proof), &request, error);
        if (r == 0)
                r = checkpoint_open(request.checkpoint, &office_self(office)->log_key, 1, &now, NULL, error);
        if (r == 0) {
                r = merkle_consistency_verify(
                        stated->size, &stated->root, now.size, &now.root, &request.proof);
                r = r == -EBADMSG ? 0 : r < 0 ? error_set(error, r, "a hash cannot be computed") : 1;
        }
        buffer_free(&proof);
        return r;
}

/* Our own checkpoint, cosigned by the sender: from then on our proofs may begin there. */
static int take_cosigned(struct office *office, const struct directory_organisation *sender,
        const struct container_object *object, struct peer *peer, struct post_refusal *refusal,
        struct error *error)
{
        const struct note_key keys[] = {office_self(office)->log_key, sender->witness_key};
        struct note_signed holds[2] = {{.holds = false}};
        struct checkpoint checkpoint, now;
        struct error reason = {0};

        if (!object)
                return 0;
        int r = checkpoint_open(object_text(object), keys, 2, &checkpoint, holds, &reason);
        if (r == -ENOMEM || r == -EIO)
                return error_set(error, r, "%s", reason.text);
        if (r < 0 || !holds[0].holds || !holds[1].holds)
                return post_refuse(refusal, "cosignature-wrong",
                        "%s: is no checkpoint of our log that the sender cosigned: %s", POST_COSIGNED_NAME,
                        r < 0 ? reason.text : "a signature is missing");
        r = chronicle_checkpoint(office_chronicle(office), &now, NULL, error);
        if (r < 0)
                return r;
        if (checkpoint.size > now.size)
                return post_refuse(refusal, "cosignature-wrong",
                        "%s: a checkpoint of our log with %llu entries, and it has %llu: somebody else signs "
                        "with its key, or this node was set back",
                        POST_COSIGNED_NAME, (unsigned long long)checkpoint.size,
                        (unsigned long long)now.size);
        r = is_ours(office, &checkpoint, error);
        if (r < 0)
                return r;
        if (r == 0)
                return post_refuse(refusal, "cosignature-wrong",
                        "%s: a checkpoint of our log with %llu entries that is no beginning of it: somebody "
                        "else "
                        "signs with its key, or this node was set back",
                        POST_COSIGNED_NAME, (unsigned long long)checkpoint.size);
        if (checkpoint.size < peer->cosigned_size)
                return 0; /* an older one that was long on its way */
        peer->cosigned_size = checkpoint.size;
        r = write_peer(office, sender->name, peer, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_peer SET cosigned_note = ?2 WHERE organisation = ?1", "tb", sender->name,
                        object->bytes, object->length);
        /* Whatever was sent before is proven there, or comes to be with what was cosigned. */
        if (r >= 0)
                r = rows_run(office_database(office), error,
                        "DELETE FROM book_peer_sent WHERE organisation = ?1 AND size <= ?2", "ti",
                        sender->name, (int64_t)checkpoint.size);
        return r < 0 ? r : 0;
}

/* What a container says of its sender's log. */
struct statement {
        const struct directory_organisation *sender;
        const struct container_object *checkpoint, *further, *earlier;
        int64_t sealed_ms; /* as its seal says */
};

static int judge(struct office *office, const struct statement *said, struct slice body,
        struct witness_answer *ret, struct error *reason)
{
        struct buffer line = buffer_make(NOTE_BYTES_MAX);

        *reason = (struct error){.code = 0};
        int r = chronicle_witness(office_chronicle(office), said->sender->log_key.name,
                &said->sender->log_key, 1, body, office_now(office), ret, &line, reason);
        buffer_free(&line);
        return r;
}

static struct slice earlier_of(const struct statement *said)
{
        return said->earlier ? object_text(said->earlier) : slice_make("", 0);
}

/* The next of the earlier checkpoints. 1; 0: no more; -EBADMSG: it is none. */
static int next_earlier(struct slice *rest, struct witness_request *ret, struct error *reason)
{
        const size_t mark = strlen(EARLIER_MARK);
        uint64_t length = 0;

        if (rest->length == 0)
                return 0;
        struct slice line = slice_cut(rest, '\n');
        if (!slice_starts(line, EARLIER_MARK) ||
                tree_number_read(slice_make(line.text + mark, line.length - mark), &length) < 0 ||
                length > rest->length)
                return error_set(reason, -EBADMSG, "is no list of checkpoints");
        int r = witness_request_read(slice_make(rest->text, (size_t)length), ret, reason);
        *rest = slice_make(rest->text + length, rest->length - (size_t)length);
        return r < 0 ? r : 1;
}

/* A proof from `from` on to the checkpoint that the message brought. */
static int judge_from(struct office *office, const struct statement *said, uint64_t from,
        const struct merkle_proof *proof, struct witness_answer *ret, struct error *reason)
{
        struct buffer body = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request;

        int r = witness_request_read(object_text(said->checkpoint), &request, reason);
        if (r == 0) {
                request.old_size = from;
                request.proof = *proof;
                if ((r = witness_request_write(&request, &body)) < 0)
                        error_set(reason, r, "not enough memory");
        }
        if (r == 0)
                r = judge(office, said, buffer_slice(&body), ret, reason);
        buffer_free(&body);
        return r;
}

/* Whichever of its checkpoints we have accepted last: is there a proof from there? Of a log of which nothing
 * is known every beginning is proven. */
static int judge_all(struct office *office, const struct statement *said, struct witness_answer *answer,
        struct error *reason)
{
        static const struct merkle_proof nothing = {.count = 0};
        struct witness_request earlier;
        struct slice rest = earlier_of(said);

        int r = judge(office, said, object_text(said->checkpoint), answer, reason);
        if (r == 0 && answer->verdict == WITNESS_CONFLICT && answer->known_size == 0)
                r = judge_from(office, said, 0, &nothing, answer, reason);
        if (r == 0 && answer->verdict == WITNESS_CONFLICT && said->further)
                r = judge(office, said, object_text(said->further), answer, reason);
        for (int i = 0; r == 0 && answer->verdict == WITNESS_CONFLICT && i < POST_EARLIER_MAX; i++) {
                struct error unread = {0};
                if (next_earlier(&rest, &earlier, &unread) <= 0)
                        break;
                if (earlier.old_size == answer->known_size)
                        r = judge_from(office, said, earlier.old_size, &earlier.proof, answer, reason);
        }
        return r;
}

/* 1: the message says exactly what is known, and proves it from elsewhere. */
static int is_known(struct office *office, const struct statement *said, struct error *error)
{
        const struct note_key *key = &said->sender->log_key;
        struct checkpoint known, stated;
        struct witness_request request;
        struct error reason = {0};

        int r = witness_request_read(object_text(said->checkpoint), &request, &reason);
        if (r == 0)
                r = checkpoint_open(request.checkpoint, key, 1, &stated, NULL, &reason);
        if (r < 0)
                return r == -ENOMEM || r == -EIO ? error_set(error, r, "%s", reason.text) : 0;
        r = chronicle_witnessed(office_chronicle(office), key->name, &known, NULL, error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return known.size == stated.size &&
               memcmp(known.root.bytes, stated.root.bytes, sizeof known.root.bytes) == 0;
}

/* Those that are still on their way count as accepted from now on: they are proven to be beginnings of what
 * we know. */
static int settle_earlier(struct office *office, const struct statement *said, struct post_refusal *refusal,
        struct error *error)
{
        const struct note_key *key = &said->sender->log_key;
        struct slice rest = earlier_of(said);
        struct witness_request earlier;
        struct error reason = {0};
        int r;

        for (int i = 0; (r = next_earlier(&rest, &earlier, &reason)) == 1; i++) {
                if (i == POST_EARLIER_MAX)
                        return post_refuse(refusal, "log-unproven", "%s: has more than %d checkpoints",
                                POST_EARLIER_NAME, POST_EARLIER_MAX);
                r = chronicle_witness_settle(office_chronicle(office), key->name, key, 1, earlier.checkpoint,
                        &earlier.proof, office_now(office), &reason);
                if (r < 0)
                        break;
        }
        if (r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED || r == -EINVAL)
                return post_refuse(refusal, "log-unproven", "%s: %s", POST_EARLIER_NAME, reason.text);
        return r < 0 ? error_set(error, r, "%s", reason.text) : 0;
}

/* The log goes on from what we know, or stands there. */
static int go_on(struct office *office, const struct statement *said, struct peer *peer,
        struct post_refusal *refusal, struct error *error)
{
        int r = settle_earlier(office, said, refusal, error);

        if (r < 0)
                return r;
        if (peer->witnessed_ms == TIME_UNKNOWN || said->sealed_ms > peer->witnessed_ms)
                peer->witnessed_ms = said->sealed_ms;
        return write_peer(office, said->sender->name, peer, error);
}

/* Messages overtake each other. One that is late says what was accepted or proven before, and was not sealed
 * later than the one that brought what is known: whoever says of his log now what was true before it grew has
 * set it back. */
static bool is_late(
        const struct witness_answer *answer, const struct statement *said, const struct peer *peer)
{
        return answer->verdict == WITNESS_SHRUNK && answer->stale && peer->witnessed_ms != TIME_UNKNOWN &&
               said->sealed_ms <= peer->witnessed_ms;
}

static int refuse_log(const struct statement *said, const struct witness_answer *answer,
        const struct error *reason, struct post_refusal *refusal)
{
        char code[64];

        if (answer->verdict == WITNESS_CONFLICT)
                return post_refuse(refusal, "log-unproven",
                        "%s does not show that its log only grew from the %llu entries that we know",
                        said->sender->name, (unsigned long long)answer->known_size);
        snprintf(code, sizeof code, "log-%s", witness_verdict_name(answer->verdict));
        return post_refuse(refusal, code, "the log of %s: %s", said->sender->name,
                reason->text[0] ? reason->text : "its checkpoint is not accepted");
}

int post_custody_look(struct office *office, const struct directory_organisation *sender,
        const struct container *container, struct post_refusal *refusal, struct error *error)
{
        const struct statement said = {.sender = sender,
                .checkpoint = container_find(container, POST_CHECKPOINT_NAME),
                .further = container_find(container, POST_FURTHER_NAME),
                .earlier = container_find(container, POST_EARLIER_NAME),
                .sealed_ms = container->signer_count > 0 ? container->signers[0].stated_ms : TIME_UNKNOWN};
        struct witness_answer answer = {.verdict = WITNESS_CONFLICT};
        struct error reason = {0};
        struct peer peer;

        if (!said.checkpoint)
                return post_refuse(refusal, "custody-missing",
                        "%s: the container says nothing of the sender's log", POST_CHECKPOINT_NAME);
        int r = read_peer(office, sender->name, &peer, error);
        if (r == 0)
                r = take_cosigned(
                        office, sender, container_find(container, POST_COSIGNED_NAME), &peer, refusal, error);
        if (r < 0)
                return r;
        r = judge_all(office, &said, &answer, &reason);
        if (r < 0)
                return error_set(error, r, "%s", reason.text);
        if (answer.verdict == WITNESS_ACCEPTED)
                return go_on(office, &said, &peer, refusal, error);
        r = answer.verdict == WITNESS_CONFLICT ? is_known(office, &said, error) : 0;
        if (r != 0)
                return r < 0 ? r : go_on(office, &said, &peer, refusal, error);
        return is_late(&answer, &said, &peer) ? 0 : refuse_log(&said, &answer, &reason, refusal);
}
