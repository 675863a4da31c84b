/* SPDX-License-Identifier: EUPL-1.2 */
/* The keys of signed notes and their writings. */
#include "base/base64.h"
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "custody/note.h"
#include "custody/note_text.h"

#include <inttypes.h>
#include <string.h>

#define SECRET_MARK "PRIVATE+KEY+"
#define KEY_BYTES (1 + ED25519_PUBLIC_BYTES) /* the type, then the key; secret keys are as long */

static bool is_known(unsigned type)
{
        return type == NOTE_KEY_ED25519 || type == NOTE_KEY_COSIGNATURE;
}

/* SHA-256(name || 0x0A || type || public key)[:4] */
static int identify(struct note_key *key)
{
        struct buffer bytes = buffer_make(NOTE_NAME_MAX + 1 + KEY_BYTES);
        uint8_t hash[DIGEST_BYTES];

        buffer_append_text(&bytes, key->name);
        buffer_append_u8(&bytes, '\n');
        buffer_append_u8(&bytes, (uint8_t)key->type);
        int r = buffer_append(&bytes, key->public_key, sizeof key->public_key);
        if (r == 0)
                r = digest_of(bytes.bytes, bytes.length, hash);
        buffer_free(&bytes);
        if (r == 0)
                key->id =
                        (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
        return r;
}

static int make_key(struct slice name, unsigned type, const uint8_t public_key[ED25519_PUBLIC_BYTES],
        struct note_key *ret_key, struct error *error)
{
        struct note_key key = {.type = (enum note_key_type)type};

        if (!is_known(type))
                return error_set(error, -EINVAL, "a key of type %u is not known here", type);
        if (name.length >= sizeof key.name || !note_text_is_sound(name) || !note_name_is_sound(name))
                return error_set(error, -EINVAL,
                        "a key's name has 1 to %d bytes of UTF-8 without blanks and without '+'",
                        NOTE_NAME_MAX - 1);
        memcpy(key.name, name.text, name.length);
        memcpy(key.public_key, public_key, sizeof key.public_key);
        int r = identify(&key);
        if (r < 0)
                return error_set(error, r, "the id of a key could not be computed");
        *ret_key = key;
        return 0;
}

int note_key_make(const char *name, enum note_key_type type, const uint8_t public_key[ED25519_PUBLIC_BYTES],
        struct note_key *ret_key, struct error *error)
{
        return make_key(slice_of(name), type, public_key, ret_key, error);
}

static int make_secret(struct slice name, unsigned type, const uint8_t secret[ED25519_SECRET_BYTES],
        struct note_secret *ret_secret, struct error *error)
{
        uint8_t public_key[ED25519_PUBLIC_BYTES];
        struct note_key key;

        int r = ed25519_public_of(secret, public_key);
        if (r < 0)
                return error_set(error, r, "the public part of a key could not be computed");
        r = make_key(name, type, public_key, &key, error);
        if (r < 0)
                return r;
        ret_secret->key = key;
        memcpy(ret_secret->secret, secret, ED25519_SECRET_BYTES);
        return 0;
}

int note_secret_make(const char *name, enum note_key_type type, const uint8_t secret[ED25519_SECRET_BYTES],
        struct note_secret *ret_secret, struct error *error)
{
        return make_secret(slice_of(name), type, secret, ret_secret, error);
}

/* ---- writings ---- */

static int write_key(
        const struct note_key *key, const uint8_t bytes[ED25519_PUBLIC_BYTES], struct buffer *ret)
{
        uint8_t typed[KEY_BYTES] = {(uint8_t)key->type};

        memcpy(typed + 1, bytes, KEY_BYTES - 1);
        buffer_printf(ret, "%s+%08" PRIx32 "+", key->name, key->id);
        int r = base64_write(typed, sizeof typed, ret);
        seal_wipe(typed, sizeof typed);
        return r;
}

int note_key_write(const struct note_key *key, struct buffer *ret)
{
        return write_key(key, key->public_key, ret);
}

int note_secret_write(const struct note_secret *secret, struct buffer *ret)
{
        buffer_append_text(ret, SECRET_MARK);
        return write_key(&secret->key, secret->secret, ret);
}

static int digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly eight lower-case digits, because one id must have one writing. */
static bool read_id(struct slice text, uint32_t *ret_id)
{
        uint32_t id = 0;

        if (text.length != 8)
                return false;
        for (size_t i = 0; i < 8; i++) {
                int value = digit_value(text.text[i]);
                if (value < 0)
                        return false;
                id = id << 4 | (uint32_t)value;
        }
        *ret_id = id;
        return true;
}

/* "NAME+ID+BASE64" into its parts. */
static int take_apart(struct slice text, struct slice *ret_name, uint32_t *ret_id,
        uint8_t ret_typed[KEY_BYTES], struct error *error)
{
        struct buffer typed = buffer_make(KEY_BYTES);
        struct slice rest = text;
        struct slice name = slice_cut(&rest, '+'), id = slice_cut(&rest, '+');

        int r = rest.length == BASE64_LENGTH(KEY_BYTES) && read_id(id, ret_id) ? base64_read(rest, &typed)
                                                                               : -EINVAL;
        if (r == 0 && typed.length != KEY_BYTES)
                r = -EINVAL;
        if (r == 0) {
                memcpy(ret_typed, typed.bytes, KEY_BYTES);
                *ret_name = name;
        }
        if (typed.bytes)
                seal_wipe(typed.bytes, typed.capacity);
        buffer_free(&typed);
        return r == 0 ? 0
                      : error_set(error, r == -ENOMEM ? r : -EINVAL,
                                "is no key of the form NAME+ID+KEY with an Ed25519 key "
                                "(c2sp.org/signed-note)");
}

static int check_id(uint32_t stated, const struct note_key *key, struct error *error)
{
        if (stated == key->id)
                return 0;
        return error_set(error, -EINVAL,
                "is no key: it states the id %08" PRIx32 " but has %08" PRIx32
                ", so that a part of it is wrong",
                stated, key->id);
}

int note_key_read(struct slice text, struct note_key *ret_key, struct error *error)
{
        uint8_t typed[KEY_BYTES];
        struct note_key key;
        struct slice name;
        uint32_t id;

        int r = take_apart(text, &name, &id, typed, error);
        if (r == 0)
                r = make_key(name, typed[0], typed + 1, &key, error);
        if (r == 0)
                r = check_id(id, &key, error);
        if (r == 0)
                *ret_key = key;
        return r;
}

int note_secret_read(struct slice text, struct note_secret *ret_secret, struct error *error)
{
        uint8_t typed[KEY_BYTES] = {0};
        struct note_secret secret = {.secret = {0}};
        struct slice name;
        uint32_t id;

        if (!slice_starts(text, SECRET_MARK))
                return error_set(error, -EINVAL, "is no secret key: it does not begin with " SECRET_MARK);
        size_t mark = strlen(SECRET_MARK);
        int r = take_apart(slice_make(text.text + mark, text.length - mark), &name, &id, typed, error);
        if (r == 0)
                r = make_secret(name, typed[0], typed + 1, &secret, error);
        if (r == 0)
                r = check_id(id, &secret.key, error);
        if (r == 0)
                *ret_secret = secret;
        seal_wipe(typed, sizeof typed);
        seal_wipe(&secret, sizeof secret);
        return r;
}

bool note_key_is(const struct note_key *a, const struct note_key *b)
{
        return a->type == b->type && a->id == b->id && strcmp(a->name, b->name) == 0 &&
               memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}
