/* SPDX-License-Identifier: EUPL-1.2 */
/* What other nodes and logs send: signed notes, checkpoints, requests to a witness, proofs, keys, and the
 * contents of entries. No bytes break the readers; what is read is written again as the same bytes, so that
 * nothing has two writings; nothing is believed that the known key did not sign; and a witness accepts no log
 * that became smaller. */
#include "custody/log_opening.h"
#include "custody/witness.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool holds)
{
        if (!holds)
                abort();
}

static void must_be_the_same(struct buffer *written, struct slice input)
{
        must(written->failed == 0 && written->length == input.length &&
                (input.length == 0 || memcmp(written->bytes, input.text, input.length) == 0));
        buffer_free(written);
}

static const struct note_secret *our_secret(void)
{
        static struct note_secret secret;
        static const uint8_t bytes[ED25519_SECRET_BYTES] = {42};

        if (secret.key.id == 0)
                must(note_secret_make("log.example/a", NOTE_KEY_ED25519, bytes, &secret, NULL) == 0);
        return &secret;
}

static void try_note(struct slice input)
{
        struct buffer written = buffer_make(NOTE_BYTES_MAX);
        struct note_signed said[1];
        struct checkpoint checkpoint;
        struct error error = {0};
        struct note note;

        if (note_read(input, &note, &error) < 0) {
                must(error.text[0] != '\0');
                return;
        }
        buffer_append(&written, note.text.text, note.text.length);
        buffer_append_u8(&written, '\n');
        for (size_t i = 0; i < note.count; i++) {
                buffer_append_text(&written, "\xe2\x80\x94 ");
                buffer_append(&written, note.lines[i].name.text, note.lines[i].name.length);
                buffer_append_u8(&written, ' ');
                buffer_append(&written, note.lines[i].signature.text, note.lines[i].signature.length);
                buffer_append_u8(&written, '\n');
        }
        must_be_the_same(&written, input);
        (void)note_verify(&note, &our_secret()->key, 1, said, &error);
        (void)checkpoint_read(note.text, &checkpoint, &error);
}

/* As the request would be from a log that signs whatever it is told to. */
static void try_judgement(const struct witness_request *request)
{
        struct buffer signed_note = buffer_make(CHECKPOINT_BYTES_MAX);
        struct checkpoint checkpoint, latest = {.size = 5}, found;
        struct witness_request own = *request;
        enum witness_verdict verdict;
        struct error error = {0};
        struct note note;

        if (note_read(request->checkpoint, &note, &error) < 0 ||
                checkpoint_read(note.text, &checkpoint, &error) < 0)
                return;
        memcpy(checkpoint.origin, "log.example/a", sizeof "log.example/a");
        must(checkpoint_sign(&checkpoint, our_secret(), 0, &signed_note, &error) == 0);
        own.checkpoint = slice_make((const char *)signed_note.bytes, signed_note.length);
        memset(latest.root.bytes, 0x55, sizeof latest.root.bytes);
        must(witness_judge(&own, "log.example/a", &our_secret()->key, 1, NULL, &verdict, &found, &error) ==
                0);
        must(verdict != WITNESS_ACCEPTED || own.proof.count == 0);
        must(witness_judge(&own, "log.example/a", &our_secret()->key, 1, &latest, &verdict, &found, &error) ==
                0);
        must(verdict != WITNESS_ACCEPTED || (found.size >= latest.size && own.old_size == latest.size));
        buffer_free(&signed_note);
}

static void try_request(struct slice input)
{
        struct buffer written = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request;
        struct error error = {0};

        if (witness_request_read(input, &request, &error) < 0)
                return;
        witness_request_write(&request, &written);
        must_be_the_same(&written, input);
        try_judgement(&request);
}

static void try_proof(struct slice input)
{
        struct buffer written = buffer_make(LOG_PROOF_MAX);
        struct checkpoint checkpoint;
        struct log_proof proof;
        struct log_entry entry;
        struct error error = {0};

        if (log_proof_read(input, &proof, &error) < 0)
                return;
        log_proof_write(&proof, &written);
        must_be_the_same(&written, input);
        must(log_opening_verify(&proof, "log.example/a", &our_secret()->key, 1, &checkpoint, &entry, &error) <
                0);
}

static void try_key(struct slice input)
{
        struct buffer written = buffer_make(NOTE_KEY_TEXT_MAX);
        struct note_secret secret;
        struct note_key key;
        struct error error = {0};

        if (note_key_read(input, &key, &error) == 0) {
                note_key_write(&key, &written);
                must_be_the_same(&written, input);
        }
        if (note_secret_read(input, &secret, &error) == 0) {
                note_secret_write(&secret, &written);
                must_be_the_same(&written, input);
        }
}

static void try_content(struct slice input)
{
        struct buffer written = buffer_make(LOG_ENTRY_MAX);
        struct log_entry entry;
        struct error error = {0};

        if (log_entry_read(input, &entry, &error) < 0)
                return;
        if (entry.kind) {
                must(log_entry_write(
                             entry.kind_name, entry.at_ms, entry.by, entry.fields, &written, &error) == 0);
                must_be_the_same(&written, input);
        }
        log_entry_free(&entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct slice input = slice_make((const char *)bytes, length);

        try_note(input);
        try_request(input);
        try_proof(input);
        try_key(input);
        try_content(input);
        return 0;
}
