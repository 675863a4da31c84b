/* SPDX-License-Identifier: EUPL-1.2 */
/* Who made this directory, and is it the newest that was seen? */
#include "directory/parse.h"

#include <inttypes.h>
#include <string.h>

/* The text that is signed: what it is of, its version, its digest. The first line keeps a signature over a
 * directory from ever being taken for one over anything else, such as a checkpoint, and the other way round.
 */
static int write_statement(uint64_t version, const uint8_t digest[DIGEST_BYTES], struct buffer *ret)
{
        char text[DIGEST_TEXT_MAX];

        return buffer_printf(
                ret, DIRECTORY_FORMAT "\n%" PRIu64 "\n%s\n", version, digest_format(digest, text));
}

int directory_sign(const struct directory *directory, const struct note_secret *secret, struct buffer *ret,
        struct error *error)
{
        struct buffer text = buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX);

        int r = write_statement(directory->version, directory->digest, &text);
        if (r == 0)
                r = buffer_append(ret, text.bytes, text.length);
        if (r == 0)
                r = buffer_append_u8(ret, '\n');
        if (r == 0)
                r = note_sign(slice_make((const char *)text.bytes, text.length), secret, 0, ret, error);
        buffer_free(&text);
        return r;
}

/* What the statement says; it was signed, but may still be one of another kind. */
static int read_statement(
        struct slice text, uint64_t *ret_version, uint8_t ret_digest[DIGEST_BYTES], struct error *error)
{
        struct buffer again = buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX);
        struct slice rest = text;
        uint64_t version = 0;

        slice_cut(&rest, '\n');
        int r = slice_number(slice_cut(&rest, '\n'), UINT64_MAX, &version);
        if (r == 0)
                r = digest_parse(slice_cut(&rest, '\n'), ret_digest);
        if (r == 0)
                r = write_statement(version, ret_digest, &again);
        if (r == 0 && (again.length != text.length || memcmp(again.bytes, text.text, text.length) != 0))
                r = -EINVAL;
        buffer_free(&again);
        if (r < 0)
                return error_set(error, -EKEYREJECTED,
                        "the directory's signature is not over a directory but over something else");
        *ret_version = version;
        return 0;
}

static int check_signature(struct slice text, struct slice signature, const struct note_key *operator_key,
        uint64_t *ret_version, struct error *error)
{
        struct note_signed said;
        struct note note;
        uint8_t stated[DIGEST_BYTES], actual[DIGEST_BYTES];

        if (signature.length > DIRECTORY_SIGNATURE_BYTES_MAX)
                return error_set(error, -EKEYREJECTED, "the directory's signature is longer than %d bytes",
                        DIRECTORY_SIGNATURE_BYTES_MAX);
        int r = note_read(signature, &note, error);
        if (r == 0)
                r = note_verify(&note, operator_key, 1, &said, error);
        if (r == 0 && !said.holds)
                r = error_set(error, -EKEYREJECTED, "the operator's key did not sign it");
        if (r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED) {
                error_prefix(
                        error, r, "the directory is not signed by the operator's key that is pinned here: ");
                return error ? error->code = -EKEYREJECTED : -EKEYREJECTED;
        }
        if (r == 0)
                r = read_statement(note.text, ret_version, stated, error);
        if (r < 0)
                return r;
        r = digest_of(text.text, text.length, actual);
        if (r < 0)
                return error_set(error, r, "the directory's digest cannot be computed");
        if (memcmp(stated, actual, DIGEST_BYTES) != 0)
                return error_set(error, -EKEYREJECTED,
                        "the directory was changed since its operator signed it, or belongs to another "
                        "signature; "
                        "get both from the operator again, and believe neither in the meantime");
        return 0;
}

static int check_newer(
        const struct directory *directory, const struct directory_pin *last, struct error *error)
{
        if (directory->version < last->version)
                return error_set(error, -ESTALE,
                        "the directory is version %" PRIu64 ", but version %" PRIu64
                        " was accepted before; an older one could bring back keys that were taken out",
                        directory->version, last->version);
        if (last->version > 0 && directory->version == last->version &&
                memcmp(directory->digest, last->digest, DIGEST_BYTES) != 0)
                return error_set(error, -ESTALE,
                        "the directory is version %" PRIu64 " like the one that was accepted before, but its "
                        "content is another; its operator has signed two of one number",
                        directory->version);
        return 0;
}

int directory_verify(struct slice text, struct slice signature, const struct note_key *operator_key,
        const struct directory_pin *last, int64_t now_ms, struct directory **ret_directory,
        struct error *error)
{
        struct directory *directory = NULL;
        char issued[TIME_TEXT_MAX], now[TIME_TEXT_MAX];
        uint64_t version = 0;

        if (text.length > DIRECTORY_BYTES_MAX)
                return error_set(error, -EFBIG, "the directory is %zu bytes long; %zu are the most",
                        text.length, DIRECTORY_BYTES_MAX);
        int r = check_signature(text, signature, operator_key, &version, error);
        if (r == 0)
                r = directory_parse(text, &directory, error);
        if (r == 0 && directory->version != version)
                r = error_set(error, -EBADMSG,
                        "the directory says that it is version %" PRIu64 ", its signature says %" PRIu64,
                        directory->version, version);
        if (r == 0)
                r = check_newer(directory, last, error);
        if (r == 0 && directory->issued_ms > now_ms + DIRECTORY_SKEW_MAX)
                r = error_set(error, -EBADMSG,
                        "the directory is dated %s, and it is %s here; set this machine's clock or ask its "
                        "operator",
                        time_format_utc(directory->issued_ms, issued), time_format_utc(now_ms, now));
        if (r < 0) {
                directory_free(directory);
                return r;
        }
        *ret_directory = directory;
        return 0;
}

struct directory_pin directory_pin_of(const struct directory *directory)
{
        struct directory_pin pin = {.version = directory->version};

        memcpy(pin.digest, directory->digest, DIGEST_BYTES);
        return pin;
}
