/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "a line\n\nanother line, \xc3\xa4\n";

static struct note_secret secret_of(const char *name, enum note_key_type type, uint8_t filling)
{
        uint8_t bytes[ED25519_SECRET_BYTES];
        struct note_secret secret;
        struct error error = {0};

        memset(bytes, filling, sizeof bytes);
        if (note_secret_make(name, type, bytes, &secret, &error) < 0)
                fail_msg("%s", error.text);
        return secret;
}

static struct buffer signed_by(const struct note_secret *secrets, size_t count, uint64_t time_s)
{
        struct buffer note = buffer_make(NOTE_BYTES_MAX);
        struct error error = {0};

        buffer_append_text(&note, text);
        buffer_append_u8(&note, '\n');
        for (size_t i = 0; i < count; i++)
                assert_int_equal(
                        note_sign(slice_of(text), &secrets[i],
                                secrets[i].key.type == NOTE_KEY_COSIGNATURE ? time_s : 0, &note, &error),
                        0);
        return note;
}

static struct slice slice_of_buffer(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

static int verify(
        const struct buffer *bytes, const struct note_key *keys, size_t count, struct note_signed *ret_signed)
{
        struct note note;
        struct error error = {0};

        int r = note_read(slice_of_buffer(bytes), &note, &error);
        assert_true(r == 0 || (r == -EBADMSG && error.text[0]));
        if (r < 0)
                return r;
        r = note_verify(&note, keys, count, ret_signed, &error);
        assert_true(r == 0 || error.text[0]);
        return r;
}

static void test_several_signatures(void **state)
{
        const struct note_secret secrets[3] = {secret_of("log.example/a", NOTE_KEY_ED25519, 1),
                secret_of("witness.example/w", NOTE_KEY_COSIGNATURE, 2),
                secret_of("log.example/b", NOTE_KEY_ED25519, 3)};
        const struct note_key known[2] = {secrets[1].key, secrets[0].key};
        const struct note_secret other = secret_of("log.example/c", NOTE_KEY_ED25519, 4);
        struct note_signed said[2];

        (void)state;
        struct buffer note = signed_by(secrets, 3, 1795168800);
        assert_int_equal(verify(&note, known, 2, said), 0);
        assert_true(said[0].holds && said[0].time_s == 1795168800);
        assert_true(said[1].holds && said[1].time_s == 0);
        assert_int_equal(verify(&note, &other.key, 1, said), -ENOKEY);
        assert_false(said[0].holds);
        assert_int_equal(verify(&note, known, 0, said), -ENOKEY);
        buffer_free(&note);

        /* One known key of two is enough, the other says nothing. */
        note = signed_by(secrets, 1, 0);
        assert_int_equal(verify(&note, known, 2, said), 0);
        assert_true(!said[0].holds && said[1].holds);
        buffer_free(&note);
}

/* Whatever byte is changed: it is no note any more, its signature does not hold, or nobody known signed it.
 */
static void test_no_changed_byte_is_believed(void **state)
{
        const struct note_secret secrets[2] = {secret_of("log.example/a", NOTE_KEY_ED25519, 1),
                secret_of("witness.example/w", NOTE_KEY_COSIGNATURE, 2)};
        struct note_signed said[1];

        (void)state;
        for (size_t which = 0; which < 2; which++) {
                struct buffer note = signed_by(&secrets[which], 1, 1795168800);
                for (size_t at = 0; at < note.length; at++) {
                        for (unsigned bit = 0; bit < 8; bit++) {
                                note.bytes[at] ^= (uint8_t)(1 << bit);
                                assert_true(verify(&note, &secrets[which].key, 1, said) < 0);
                                note.bytes[at] ^= (uint8_t)(1 << bit);
                        }
                }
                for (size_t length = 0; length < note.length; length++) {
                        struct buffer cut = note;
                        cut.length = length;
                        assert_true(verify(&cut, &secrets[which].key, 1, said) < 0);
                }
                assert_int_equal(verify(&note, &secrets[which].key, 1, said), 0);
                buffer_free(&note);
        }
}

/* A line of a known key that does not hold spoils the note, although another one does hold. */
static void test_a_false_signature_spoils_the_note(void **state)
{
        const struct note_secret good = secret_of("log.example/a", NOTE_KEY_ED25519, 1);
        struct note_secret liar = secret_of("log.example/b", NOTE_KEY_ED25519, 2);
        const struct note_key known[2] = {good.key, liar.key};
        struct note_signed said[2];

        (void)state;
        liar.secret[0] ^= 1; /* signs with another key under the same name and id */
        const struct note_secret secrets[2] = {good, liar};
        struct buffer note = signed_by(secrets, 2, 0);
        assert_int_equal(verify(&note, known, 2, said), -EKEYREJECTED);
        assert_int_equal(verify(&note, known, 1, said), 0);
        buffer_free(&note);
}

static void test_a_cosignature_is_no_signature(void **state)
{
        const struct note_secret cosigner = secret_of("log.example/a", NOTE_KEY_COSIGNATURE, 1);
        struct note_key as_log;
        struct note_signed said[1];
        struct error error = {0};

        (void)state;
        assert_int_equal(
                note_key_make("log.example/a", NOTE_KEY_ED25519, cosigner.key.public_key, &as_log, &error),
                0);
        assert_true(as_log.id != cosigner.key.id);
        struct buffer note = signed_by(&cosigner, 1, 7);
        assert_int_equal(verify(&note, &as_log, 1, said), -ENOKEY);
        buffer_free(&note);
}

static void test_keys_in_writing(void **state)
{
        const struct note_secret secret = secret_of("log.example/a", NOTE_KEY_ED25519, 9);
        struct buffer written = buffer_make(NOTE_KEY_TEXT_MAX);
        struct note_secret secret_again;
        struct note_key key_again;
        struct error error = {0};

        (void)state;
        assert_int_equal(note_key_write(&secret.key, &written), 0);
        assert_int_equal(note_key_read(slice_of_buffer(&written), &key_again, &error), 0);
        assert_true(note_key_is(&key_again, &secret.key));
        for (size_t at = 0; at < written.length; at++) {
                written.bytes[at] ^= 1;
                assert_int_equal(note_key_read(slice_of_buffer(&written), &key_again, &error), -EINVAL);
                written.bytes[at] ^= 1;
        }
        assert_int_equal(note_secret_read(slice_of_buffer(&written), &secret_again, &error), -EINVAL);
        buffer_clear(&written);
        assert_int_equal(note_secret_write(&secret, &written), 0);
        assert_int_equal(note_secret_read(slice_of_buffer(&written), &secret_again, &error), 0);
        assert_true(note_key_is(&secret_again.key, &secret.key));
        assert_memory_equal(secret_again.secret, secret.secret, sizeof secret.secret);
        written.bytes[written.length - 3] ^= 1;
        assert_int_equal(note_secret_read(slice_of_buffer(&written), &secret_again, &error), -EINVAL);
        buffer_free(&written);
}

static void test_names(void **state)
{
        static const char *const wrong[] = {"", "a b", "a+b", "a\tb", "a\nb", "a\xc2\xa0z", "a\xe2\x80\x83z",
                "a\xe3\x80\x80z", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80"};
        char long_name[NOTE_NAME_MAX + 1];
        const uint8_t public_key[ED25519_PUBLIC_BYTES] = {1};
        struct note_key key;
        struct error error = {0};

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(
                        note_key_make(wrong[i], NOTE_KEY_ED25519, public_key, &key, &error), -EINVAL);
        memset(long_name, 'a', sizeof long_name);
        long_name[NOTE_NAME_MAX] = '\0';
        assert_int_equal(note_key_make(long_name, NOTE_KEY_ED25519, public_key, &key, &error), -EINVAL);
        long_name[NOTE_NAME_MAX - 1] = '\0';
        assert_int_equal(note_key_make(long_name, NOTE_KEY_ED25519, public_key, &key, &error), 0);
        assert_int_equal(note_key_make("\xc3\xb6.example", NOTE_KEY_ED25519, public_key, &key, &error), 0);
        assert_int_equal(note_key_make("a", (enum note_key_type)2, public_key, &key, &error), -EINVAL);
}

static void assert_no_note(const char *bytes)
{
        struct note note;
        struct error error = {0};

        assert_int_equal(note_read(slice_of(bytes), &note, &error), -EBADMSG);
        assert_true(error.text[0] != '\0');
}

static void test_what_is_no_note(void **state)
{
#define LINE "\xe2\x80\x94 name AAAAAAA=\n"
        char many[64 * sizeof LINE];
        struct note note;
        struct error error = {0};
        size_t at = 3;

        (void)state;
        assert_int_equal(note_read(slice_of("t\n\n" LINE), &note, &error), 0);
        assert_no_note("");
        assert_no_note("\n");
        assert_no_note("t\n");
        assert_no_note("t\n\n");
        assert_no_note("t\n" LINE);
        assert_no_note("t\n\nname AAAAAAA=\n");
        assert_no_note("t\n\n- name AAAAAAA=\n");
        assert_no_note("t\n\n\xe2\x80\x94 name\n");
        assert_no_note("t\n\n\xe2\x80\x94 name AAAAAA==\n"); /* an id alone */
        assert_no_note("t\n\n\xe2\x80\x94 name AAAAAAB=\n"); /* another writing of the same bytes */
        assert_no_note("t\n\n\xe2\x80\x94  AAAAAAA=\n");
        assert_no_note("t\n\n\xe2\x80\x94 na+me AAAAAAA=\n");
        assert_no_note("t\n\n\xe2\x80\x94 name AAAAAAA= \n");
        assert_no_note("t\r\n\n" LINE);
        assert_no_note("t\x01\n\n" LINE);
        assert_no_note("t\xff\n\n" LINE);
        memcpy(many, "t\n\n", 3);
        for (unsigned i = 0; i <= NOTE_SIGNATURES_MAX; i++, at += strlen(LINE))
                memcpy(many + at, LINE, sizeof LINE);
        assert_no_note(many);
        many[at - strlen(LINE)] = '\0';
        assert_int_equal(note_read(slice_of(many), &note, &error), 0);
        assert_int_equal(note.count, NOTE_SIGNATURES_MAX);
}

static void test_what_cannot_be_signed(void **state)
{
        const struct note_secret secret = secret_of("log.example/a", NOTE_KEY_ED25519, 1);
        const struct note_secret cosigner = secret_of("witness.example/w", NOTE_KEY_COSIGNATURE, 1);
        struct buffer line = buffer_make(NOTE_BYTES_MAX);
        struct error error = {0};

        (void)state;
        assert_int_equal(note_sign(slice_of(""), &secret, 0, &line, &error), -EINVAL);
        assert_int_equal(note_sign(slice_of("no end"), &secret, 0, &line, &error), -EINVAL);
        assert_int_equal(note_sign(slice_of("a\tb\n"), &secret, 0, &line, &error), -EINVAL);
        assert_int_equal(note_sign(slice_of("a\n"), &secret, 5, &line, &error), -EINVAL);
        assert_int_equal(note_sign(slice_of("a\n"), &cosigner, UINT64_MAX, &line, &error), -EINVAL);
        assert_int_equal(line.length, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_several_signatures),
                cmocka_unit_test(test_no_changed_byte_is_believed),
                cmocka_unit_test(test_a_false_signature_spoils_the_note),
                cmocka_unit_test(test_a_cosignature_is_no_signature),
                cmocka_unit_test(test_keys_in_writing),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_what_is_no_note),
                cmocka_unit_test(test_what_cannot_be_signed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
