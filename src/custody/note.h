/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_NOTE_H
#define ROGATORY_CUSTODY_NOTE_H

/* Signed notes (c2sp.org/signed-note): a text and the lines of those who signed it. Two types of signature
 * are known: Ed25519 over the text, and the timestamped cosignature of a checkpoint by a witness
 * (c2sp.org/tlog-cosignature); lines of other types or keys are read and ignored, as that document demands.
 * Pure. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "crypto/ed25519.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTE_BYTES_MAX (256u << 10)
#define NOTE_SIGNATURES_MAX 32 /* the document wants 16 at least, post-quantum ones of 5 kB among them */
#define NOTE_NAME_MAX 256      /* of a key that we know, with the end mark */
#define NOTE_KEY_TEXT_MAX 384  /* of a key in its writing, with the end mark */

enum note_key_type {
        NOTE_KEY_ED25519 = 0x01,
        NOTE_KEY_COSIGNATURE = 0x04,
};

/* A public key ("vkey"). */
struct note_key {
        char name[NOTE_NAME_MAX];
        enum note_key_type type;
        uint32_t id; /* follows from the rest; tells keys apart, proves nothing */
        uint8_t public_key[ED25519_PUBLIC_BYTES];
};

/* A secret key; wipe it after use (seal_wipe). */
struct note_secret {
        struct note_key key;
        uint8_t secret[ED25519_SECRET_BYTES];
};

/* The four makers: 0; -EINVAL with a message (a name that is empty, too long, no UTF-8, or has blanks or a
 * plus in it; a text that is no key, of another type, or whose id is not that of the key); -ENOMEM; -EIO.
 * Outputs are untouched then. */
int note_key_make(const char *name, enum note_key_type type, const uint8_t public_key[ED25519_PUBLIC_BYTES],
        struct note_key *ret_key, struct error *error);
int note_key_read(struct slice text, struct note_key *ret_key, struct error *error);
int note_secret_make(const char *name, enum note_key_type type, const uint8_t secret[ED25519_SECRET_BYTES],
        struct note_secret *ret_secret, struct error *error);
int note_secret_read(struct slice text, struct note_secret *ret_secret, struct error *error);

/* "NAME+ID+KEY", and "PRIVATE+KEY+NAME+ID+KEY" as golang.org/x/mod/sumdb/note writes it. No line end. 0 or
 * the failure of the buffer. */
int note_key_write(const struct note_key *key, struct buffer *ret);
int note_secret_write(const struct note_secret *secret, struct buffer *ret);

bool note_key_is(const struct note_key *a, const struct note_key *b);

/* A note that was taken apart; everything is borrowed from its bytes. Nothing in it may be believed before
 * note_verify. */
struct note {
        struct slice text; /* with its last line end */
        size_t count;
        struct note_line {
                struct slice name;
                uint32_t key_id;
                struct slice signature; /* base64 of key id and signature */
        } lines[NOTE_SIGNATURES_MAX];
};

/* 0; -EBADMSG with a message where it is no note or has too many signatures; -ENOMEM. */
int note_read(struct slice bytes, struct note *ret_note, struct error *error);

/* What one known key said. */
struct note_signed {
        bool holds;
        uint64_t time_s; /* of a cosignature: seconds since 1970 UTC, the witness's clock; else 0 */
};

/* Verifies every line of a known key. ret_signed: one for each key. 0 where at least one holds;
 * -EKEYREJECTED where a line of a known key does not hold, which spoils the whole note; -ENOKEY where no
 * known key signed it; each with a message. -ENOMEM, -EIO. */
int note_verify(const struct note *note, const struct note_key *keys, size_t count,
        struct note_signed *ret_signed, struct error *error);

/* Appends a signature line over the text (which ends in a line end). time_s: of a cosignature, up to 2^63 -
 * 1; 0 for the other type. A note is its text, a line end, and such lines. 0, -EINVAL where the text is none
 * of a note, -ENOMEM, -EIO, each with a message. */
int note_sign(struct slice text, const struct note_secret *secret, uint64_t time_s, struct buffer *ret,
        struct error *error);

#endif
