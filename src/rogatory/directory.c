/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory directory`: shows, checks and signs a directory. */
#include "rogatory/directory_view.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "crypto/seal.h"
#include "os/clock.h"
#include "os/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_KEY = 1, KEY_SIGNATURE, KEY_LAST, KEY_JSON };

struct words {
        const char *file, *key, *signature, *last;
        bool json;
};

static int read_directory(
        const char *path, struct buffer *text, struct directory **ret_directory, struct error *error)
{
        int r = file_read(path, text, error);
        if (r == 0 && (r = directory_parse(slice_make((const char *)text->bytes, text->length), ret_directory,
                               error)) < 0)
                error_prefix(error, r, "%s: ", path);
        return r;
}

/* FILE.sig where nothing else was said; allocated. */
static char *signature_path(const struct words *words)
{
        char *path = NULL;

        if (words->signature)
                return strdup(words->signature);
        return asprintf(&path, "%s.sig", words->file) < 0 ? NULL : path;
}

/* ---- show ---- */

static int show(const struct words *words, struct buffer *ret, struct error *error)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX);
        struct directory *directory = NULL;
        int64_t now_ms = clock_now_ms();

        int r = read_directory(words->file, &text, &directory, error);
        if (r == 0 && words->json) {
                output_json_line(ret, directory_to_view(directory, now_ms));
        } else if (r == 0) {
                directory_write_text(directory, now_ms, ret);
                buffer_append_text(
                        ret, "\nIts signature was not looked at; 'rogatory directory check' does that.\n");
        }
        directory_free(directory);
        buffer_free(&text);
        return r;
}

/* ---- check ---- */

static int read_key(const char *path, struct note_key *ret_key, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX * 2);

        int r = file_read(path, &text, error);
        if (r == 0 && (r = note_key_read(slice_trim(slice_make((const char *)text.bytes, text.length)),
                               ret_key, error)) < 0)
                error_prefix(error, r, "%s: ", path);
        buffer_free(&text);
        return r;
}

/* The directory that was accepted before: only its version and digest count, its signature was checked then.
 */
static int read_last(const char *path, struct directory_pin *ret_pin, struct error *error)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX);
        struct directory *directory = NULL;

        int r = read_directory(path, &text, &directory, error);
        if (r == 0)
                *ret_pin = directory_pin_of(directory);
        directory_free(directory);
        buffer_free(&text);
        return r;
}

static void write_checked(const struct words *words, const struct directory *directory,
        const struct note_key *key, struct buffer *ret)
{
        struct buffer concerns = buffer_make(OUTPUT_MAX);
        int64_t now_ms = clock_now_ms();
        size_t count = directory_write_concerns(directory, now_ms, &concerns);

        buffer_append_u8(&concerns, '\0');
        if (words->json) {
                json_t *list = json_array();
                struct slice rest = slice_of((const char *)concerns.bytes);
                while (rest.length > 0) {
                        struct slice line = slice_cut(&rest, '\n');
                        json_array_append_new(list, json_stringn(line.text, line.length));
                }
                output_json_line(ret,
                        json_pack("{s:o, s:I, s:o, s:b, s:o}", "file", json_foreign(words->file), "version",
                                (json_int_t)directory->version, "signed_by", json_foreign(key->name),
                                "expired", directory_is_expired(directory, now_ms), "concerns", list));
        } else {
                append_foreign(ret, words->file);
                buffer_printf(ret, ": version %" PRIu64 " with %zu organisations, signed by ",
                        directory->version, directory->organisation_count);
                append_foreign(ret, key->name);
                buffer_printf(ret, "\n%s", (const char *)concerns.bytes);
                if (count > 0)
                        buffer_printf(ret, "%zu concern%s\n", count, count == 1 ? "" : "s");
        }
        buffer_free(&concerns);
}

static int check(const struct words *words, struct buffer *ret, struct error *error)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX),
                      signature = buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX);
        struct directory_pin last = {.version = 0};
        struct directory *directory = NULL;
        struct note_key key;
        char *path = signature_path(words);

        int r = path ? read_key(words->key, &key, error) : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0 && words->last)
                r = read_last(words->last, &last, error);
        if (r == 0)
                r = file_read(words->file, &text, error);
        if (r == 0)
                r = file_read(path, &signature, error);
        if (r == 0) {
                r = directory_verify(slice_make((const char *)text.bytes, text.length),
                        slice_make((const char *)signature.bytes, signature.length), &key, &last,
                        clock_now_ms(), &directory, error);
                if (r < 0)
                        error_prefix(error, r, "%s: ", words->file);
        }
        if (r == 0)
                write_checked(words, directory, &key, ret);
        directory_free(directory);
        buffer_free(&text);
        buffer_free(&signature);
        free(path);
        return r;
}

/* ---- sign ---- */

/* A key that others could have read or changed proves nothing. */
static int check_guard(const char *path, struct error *error)
{
        struct stat facts;

        if (stat(path, &facts) < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (!S_ISREG(facts.st_mode) || (facts.st_uid != geteuid() && facts.st_uid != 0) ||
                (facts.st_mode & 077))
                return error_set(error, -EPERM,
                        "%s: a private key must be a file of the account that uses it, which nobody else may "
                        "read "
                        "(mode 0600)",
                        path);
        return 0;
}

static int read_secret(const char *path, struct note_secret *ret_secret, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX * 2);

        int r = check_guard(path, error);
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0 && (r = note_secret_read(slice_trim(slice_make((const char *)text.bytes, text.length)),
                               ret_secret, error)) < 0)
                error_prefix(error, r, "%s: ", path);
        if (text.bytes)
                seal_wipe(text.bytes, text.capacity);
        buffer_free(&text);
        return r;
}

static int publish(const char *path, const struct buffer *signature, struct error *error)
{
        const char *slash = strrchr(path, '/');
        char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

        int r = folder ? file_publish(
                                 folder, slash ? slash + 1 : path, signature->bytes, signature->length, error)
                       : error_set(error, -ENOMEM, "not enough memory");
        free(folder);
        return r;
}

static int sign(const struct words *words, struct buffer *ret, struct error *error)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX),
                      signature = buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX);
        struct directory *directory = NULL;
        struct directory_pin last = {.version = 0};
        struct note_secret secret = {0};
        char *path = signature_path(words);

        int r = path ? read_directory(words->file, &text, &directory, error)
                     : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0 && words->last)
                r = read_last(words->last, &last, error);
        if (r == 0 && directory->version <= last.version)
                r = error_set(error, -ESTALE,
                        "%s: is version %" PRIu64 ", but %s was %" PRIu64
                        " already; every node would refuse it",
                        words->file, directory->version, words->last, last.version);
        if (r == 0)
                r = read_secret(words->key, &secret, error);
        if (r == 0)
                r = directory_sign(directory, &secret, &signature, error);
        if (r == 0)
                r = publish(path, &signature, error);
        if (r == 0 && words->json) {
                output_json_line(
                        ret, json_pack("{s:o, s:o, s:I, s:o}", "file", json_foreign(words->file), "signature",
                                     json_foreign(path), "version", (json_int_t)directory->version,
                                     "signed_by", json_foreign(secret.key.name)));
        } else if (r == 0) {
                append_foreign(ret, path);
                buffer_printf(ret, ": signature of version %" PRIu64 " by ", directory->version);
                append_foreign(ret, secret.key.name);
                buffer_append_u8(ret, '\n');
        }
        seal_wipe(&secret, sizeof secret);
        directory_free(directory);
        buffer_free(&text);
        buffer_free(&signature);
        free(path);
        return r;
}

/* ---- words ---- */

static const struct verb {
        const char *name;
        int (*run)(const struct words *words, struct buffer *ret, struct error *error);
        bool needs_key;
} verbs[] = {{"show", show, false}, {"check", check, true}, {"sign", sign, true}};

static int run_verb(const struct command *command, const struct verb *verb, const struct words *words)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};

        if (verb->needs_key && !words->key)
                return complain_usage(command, "directory %s needs --key", verb->name);
        if (!verb->needs_key && (words->key || words->signature || words->last))
                return complain_usage(command, "directory %s takes no option but --json", verb->name);
        int code = verb->run(words, &text, &error) < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_directory(const struct command *command, int argc, char **argv)
{
        struct option_reader reader;
        struct error error = {0};
        struct words words = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == KEY_KEY)
                        words.key = reader.value;
                else if (key == KEY_SIGNATURE)
                        words.signature = reader.value;
                else if (key == KEY_LAST)
                        words.last = reader.value;
                else
                        words.json = true;
        }
        if (optind == argc)
                return complain_usage(command, "say show, check or sign");
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
                if (strcmp(verbs[i].name, argv[optind]) != 0)
                        continue;
                if (argc - optind != 2)
                        return complain_usage(command, "FILE is missing, or is not one");
                words.file = argv[optind + 1];
                return run_verb(command, &verbs[i], &words);
        }
        return complain_usage(command, "'%s' is not known; say show, check or sign", argv[optind]);
}

static const struct option_text directory_options[] = {
        {KEY_KEY, "key", "FILE", "check: the operator's verifier key. sign: his private key."},
        {KEY_SIGNATURE, "signature", "FILE", "Where the signature is, or goes; without it FILE.sig."},
        {KEY_LAST, "last", "FILE", "The directory that was accepted before: an older one is refused."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_directory = {
        .name = "directory",
        .summary = "show, check or sign the directory of an exchange",
        .usage = "show FILE [--json]\n"
                 "check FILE --key FILE [--signature FILE] [--last FILE] [--json]\n"
                 "sign FILE --key FILE [--signature FILE] [--last FILE] [--json]",
        .description =
                "The directory says which organisations take part in an exchange of orders, what each\n"
                "may order, and with which keys. It is a file and a signature by its operator. check\n"
                "does what a node does before it accepts one, and lists what its operator should see\n"
                "to: certificates that are missing or end soon, holidays that are not known. sign\n"
                "refuses what a node would refuse.\n",
        .options = directory_options,
        .option_count = sizeof directory_options / sizeof directory_options[0],
        .exits = "0  shown, signed, or accepted\n1  failure, or refused\n2  wrong usage",
        .examples = "rogatory directory show directory.json\n"
                    "rogatory directory check directory.json --key operator.pub --last accepted.json\n"
                    "rogatory directory sign directory.json --key operator.key --last accepted.json",
        .run = run_directory,
};
