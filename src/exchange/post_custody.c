/* SPDX-License-Identifier: EUPL-1.2 */
/* The logs of those who write to each other: each container carries the sender's checkpoint with the proof
 * that it grew from what the receiver knows, and the receiver's, cosigned by the sender. */
#include "chronicle/witness.h"
#include "exchange/post_state.h"

#include <string.h>

struct peer {
        uint64_t sent_size;        /* of our checkpoint that was last sent to it */
        uint64_t cosigned_size;    /* of our checkpoint that it has cosigned */
        int64_t unproven;          /* messages in a row that proved nothing */
        int64_t witnessed_sent_ms; /* when the message was sent whose checkpoint we accepted last */
};

static int read_peer(struct office *office, const char *organisation, struct peer *ret, struct error *error)
{
        sqlite3_stmt *rows;

        *ret = (struct peer){.witnessed_sent_ms = TIME_UNKNOWN};
        int r = rows_ask(office_database(office), error, &rows,
                "SELECT sent_size, cosigned_size, unproven, witnessed_sent_ms FROM book_peer WHERE "
                "organisation"
                " = ?1",
                "t", organisation);
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1)
                *ret = (struct peer){.sent_size = (uint64_t)sqlite3_column_int64(rows, 0),
                        .cosigned_size = (uint64_t)sqlite3_column_int64(rows, 1),
                        .unproven = sqlite3_column_int64(rows, 2),
                        .witnessed_sent_ms = rows_instant(rows, 3)};
        rows_finish(rows);
        return r < 0 ? r : 0;
}

static int write_peer(
        struct office *office, const char *organisation, const struct peer *peer, struct error *error)
{
        int r = rows_run(office_database(office), error,
                "INSERT INTO book_peer(organisation, sent_size, cosigned_size, unproven, witnessed_sent_ms)"
                " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(organisation) DO UPDATE SET sent_size = ?2,"
                " cosigned_size = ?3, unproven = ?4, witnessed_sent_ms = ?5",
                "tiiim", organisation, (int64_t)peer->sent_size, (int64_t)peer->cosigned_size, peer->unproven,
                peer->witnessed_sent_ms);
        return r < 0 ? r : 0;
}

/* ---- out ---- */

void post_custody_free(struct post_custody *custody)
{
        buffer_free(&custody->checkpoint);
        buffer_free(&custody->further);
        buffer_free(&custody->cosigned);
}

int post_custody_make(struct office *office, const struct directory_organisation *receiver,
        struct post_custody *ret, struct error *error)
{
        struct checkpoint ours, theirs;
        struct peer peer;

        *ret = (struct post_custody){.checkpoint = buffer_make(WITNESS_REQUEST_MAX),
                .further = buffer_make(WITNESS_REQUEST_MAX),
                .cosigned = buffer_make((size_t)2 * CHECKPOINT_BYTES_MAX)};
        int r = read_peer(office, receiver->name, &peer, error);
        if (r == 0)
                r = chronicle_checkpoint(office_chronicle(office), &ours, NULL, error);
        if (r < 0)
                return r;
        ret->size = ours.size;
        r = chronicle_witness_request(office_chronicle(office), peer.sent_size, &ret->checkpoint, error);
        /* Where what was sent last never arrived, the receiver still knows what it has cosigned. */
        if (r == 0 && peer.cosigned_size != peer.sent_size)
                r = chronicle_witness_request(
                        office_chronicle(office), peer.cosigned_size, &ret->further, error);
        if (r == 0)
                r = chronicle_witnessed(
                        office_chronicle(office), receiver->log_key.name, &theirs, &ret->cosigned, error);
        return r == -ENOENT ? 0 : r;
}

int post_custody_sent(struct office *office, const char *organisation, uint64_t size, struct error *error)
{
        struct peer peer;

        int r = read_peer(office, organisation, &peer, error);
        peer.sent_size = size;
        return r == 0 ? write_peer(office, organisation, &peer, error) : r;
}

/* ---- in ---- */

static struct slice object_text(const struct container_object *object)
{
        return slice_make((const char *)object->bytes, object->length);
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
        if (checkpoint.size < peer->cosigned_size)
                return 0; /* an older one that was long on its way */
        peer->cosigned_size = checkpoint.size;
        r = write_peer(office, sender->name, peer, error);
        if (r == 0)
                r = rows_run(office_database(office), error,
                        "UPDATE book_peer SET cosigned_note = ?2 WHERE organisation = ?1", "tb", sender->name,
                        object->bytes, object->length);
        return r < 0 ? r : 0;
}

static int judge(struct office *office, const struct directory_organisation *sender,
        const struct container_object *object, struct witness_answer *ret, struct error *reason)
{
        struct buffer line = buffer_make(NOTE_BYTES_MAX);

        int r = chronicle_witness(office_chronicle(office), sender->log_key.name, &sender->log_key, 1,
                object_text(object), office_now(office), ret, &line, reason);
        buffer_free(&line);
        return r;
}

/* A checkpoint smaller than what is known speaks against its log, unless its message is older than the one
 * that brought what is known: messages overtake each other. */
static bool only_late(const struct witness_answer *answer, const struct peer *peer, int64_t sent_ms)
{
        return answer->verdict == WITNESS_SHRUNK &&
               (answer->stale ||
                       (peer->witnessed_sent_ms != TIME_UNKNOWN && sent_ms <= peer->witnessed_sent_ms));
}

static int take_answer(struct office *office, const struct directory_organisation *sender,
        const struct witness_answer *answer, const struct error *reason, struct peer *peer, int64_t sent_ms,
        struct post_refusal *refusal, struct error *error)
{
        char code[64];

        if (answer->verdict == WITNESS_ACCEPTED) {
                peer->unproven = 0;
                peer->witnessed_sent_ms = sent_ms;
                return write_peer(office, sender->name, peer, error);
        }
        if (answer->verdict == WITNESS_CONFLICT || only_late(answer, peer, sent_ms)) {
                if (++peer->unproven > POST_UNPROVEN_MAX)
                        return post_refuse(refusal, "log-unproven",
                                "%s has sent more than %d messages in a row without showing that its log "
                                "only "
                                "grew from the %llu entries that we know",
                                sender->name, POST_UNPROVEN_MAX, (unsigned long long)answer->known_size);
                return write_peer(office, sender->name, peer, error);
        }
        snprintf(code, sizeof code, "log-%s", witness_verdict_name(answer->verdict));
        return post_refuse(refusal, code, "the log of %s: %s", sender->name,
                reason->text[0] ? reason->text : "its checkpoint is not accepted");
}

int post_custody_look(struct office *office, const struct directory_organisation *sender,
        const struct container *container, int64_t sent_ms, struct post_refusal *refusal, struct error *error)
{
        const struct container_object *checkpoint = container_find(container, POST_CHECKPOINT_NAME),
                                      *further = container_find(container, POST_FURTHER_NAME);
        struct witness_answer answer = {.verdict = WITNESS_CONFLICT};
        struct error reason = {0};
        struct peer peer;

        if (!checkpoint)
                return post_refuse(refusal, "custody-missing",
                        "%s: the container says nothing of the sender's log", POST_CHECKPOINT_NAME);
        int r = read_peer(office, sender->name, &peer, error);
        if (r == 0)
                r = take_cosigned(
                        office, sender, container_find(container, POST_COSIGNED_NAME), &peer, refusal, error);
        if (r < 0)
                return r;
        r = judge(office, sender, checkpoint, &answer, &reason);
        if (r == 0 && answer.verdict == WITNESS_CONFLICT && further) {
                reason = (struct error){.code = 0};
                r = judge(office, sender, further, &answer, &reason);
        }
        if (r < 0)
                return error_set(error, r, "%s", reason.text);
        return take_answer(office, sender, &answer, &reason, &peer, sent_ms, refusal, error);
}
