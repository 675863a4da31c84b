/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory-verify: is this container what its signers signed? For whoever has nothing else of rogatory. */
#include "verify/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
        EXIT_VERIFIED = 0,
        EXIT_REFUSED = 1,
        EXIT_USAGE = 2,
        EXIT_UNREADABLE = 3, /* a file, a key, memory: nothing was decided */
};

struct words {
        const char *file, *directory, *directory_signature, *directory_key, *log_key, *object;
        struct beside_file *beside; /* owned */
        size_t beside_count;
        bool json;
};

static const char help[] =
        "Usage: rogatory-verify [OPTION]... FILE\n"
        "Says step by step whether an ASiC-E container is what its signers signed, what the\n"
        "message in it says, and whether the rules allow it; or, of a proof out of a log, what\n"
        "was entered there; or, of decrypted evidence, that its records stood in the log.\n"
        "\n"
        "      --pinned FILE           certificates (PEM) that may sign, or issue those that do; repeatable\n"
        "      --directory FILE        a directory, whose seals may sign\n"
        "      --directory-key FILE    the key of who keeps it\n"
        "      --directory-signature FILE  its signature (FILE.sig where this is not given)\n"
        "      --log-key FILE          the key of a log, for a proof out of it\n"
        "      --timestamps FILE       certificates of timestamp services; repeatable\n"
        "      --timestamp-required    refuse signatures without a timestamp of theirs\n"
        "      --at INSTANT            examine as at this instant (RFC 3339), and not now\n"
        "      --strict                refuse containers that are packed otherwise than rogatory packs\n"
        "      --beside FILE           a file that travelled beside the message; repeatable\n"
        "      --object NAME           print this file of a verified container, and nothing else\n"
        "      --json                  one JSON object\n"
        "      --help, --version\n"
        "\n"
        "Exit status: 0 verified, 1 refused, 2 wrong usage, 3 something could not be read.\n";

static int load(const char *path, struct buffer *ret_bytes, struct error *error)
{
        char piece[65536];
        size_t got = 0;
        FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");

        if (!file)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        while (ret_bytes->failed == 0 && (got = fread(piece, 1, sizeof piece, file)) > 0)
                (void)buffer_append(ret_bytes, piece, got);
        bool broken = ferror(file) != 0;
        if (file != stdin)
                (void)fclose(file);
        if (broken)
                return error_set(error, -EIO, "%s: cannot be read to its end", path);
        if (ret_bytes->failed == -EFBIG)
                return error_set(error, -EFBIG, "%s: is longer than %zu bytes", path, ret_bytes->ceiling);
        return ret_bytes->failed < 0 ? error_set(error, ret_bytes->failed, "%s: out of memory", path) : 0;
}

static int load_certificates(const char *path, struct certificate_set *set, struct error *error)
{
        struct buffer bytes = buffer_make(CERTIFICATE_TEXT_MAX);
        int r = load(path, &bytes, error);
        if (r == 0)
                r = certificate_set_parse(set, bytes.bytes, bytes.length, path, error);
        buffer_free(&bytes);
        return r;
}

static int load_directory_parts(
        const struct words *words, const char *signature_path, struct buffer parts[3], struct error *error)
{
        int r = load(words->directory, &parts[0], error);
        if (r == 0)
                r = load(signature_path, &parts[1], error);
        return r == 0 ? load(words->directory_key, &parts[2], error) : r;
}

static struct slice slice_of_buffer(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

static int load_directory(
        const struct words *words, int64_t at_ms, struct directory **ret_directory, struct error *error)
{
        struct buffer parts[3] = {buffer_make(DIRECTORY_BYTES_MAX),
                buffer_make(DIRECTORY_SIGNATURE_BYTES_MAX), buffer_make(2 * NOTE_KEY_TEXT_MAX)};
        static const struct directory_pin none; /* nothing is remembered between two runs */
        int64_t now_ms = (int64_t)time(NULL) * TIME_SECOND;
        struct note_key key;
        char *path = NULL;
        int r = 0;

        if (!words->directory_key)
                return error_set(error, -EINVAL,
                        "--directory needs --directory-key: whose directory it is cannot be seen without");
        if (asprintf(&path, "%s%s",
                    words->directory_signature ? words->directory_signature : words->directory,
                    words->directory_signature ? "" : ".sig") < 0)
                return error_set(error, -ENOMEM, "Out of memory");
        r = load_directory_parts(words, path, parts, error);
        bool loaded = r == 0;
        if (loaded && (r = note_key_read(slice_trim(slice_of_buffer(&parts[2])), &key, error)) < 0)
                (void)error_prefix(error, r, "%s: ", words->directory_key);
        else if (loaded && (r = directory_verify(slice_of_buffer(&parts[0]), slice_of_buffer(&parts[1]), &key,
                                    &none, at_ms > now_ms ? at_ms : now_ms, ret_directory, error)) < 0)
                (void)error_prefix(error, r, "%s: ", words->directory);
        for (size_t i = 0; i < 3; i++)
                buffer_free(&parts[i]);
        free(path);
        return r;
}

static int load_log_key(const char *path, struct note_key *ret_key, struct error *error)
{
        struct buffer text = buffer_make(2 * NOTE_KEY_TEXT_MAX);

        int r = load(path, &text, error);
        if (r == 0)
                r = note_key_read(slice_trim(slice_of_buffer(&text)), ret_key, error);
        if (r < 0)
                (void)error_prefix(error, r, "%s: ", path);
        buffer_free(&text);
        return r;
}

/* Out of a verified container alone. */
static int print_object(const struct words *words, const struct examination_result *result)
{
        const struct container_object *object = container_find(&result->container, words->object);
        if (!object) {
                fprintf(stderr, "rogatory-verify: %s: holds no file \"%s\"\n", words->file, words->object);
                return EXIT_UNREADABLE;
        }
        bool done = fwrite(object->bytes, 1, object->length, stdout) == object->length && fflush(stdout) == 0;
        return done ? EXIT_VERIFIED : EXIT_UNREADABLE;
}

static int report(
        const struct words *words, const struct evidence *evidence, const struct examination_result *result)
{
        struct buffer text = buffer_make(64 << 20);
        bool verified = findings_hold(&result->findings);
        FILE *out = words->object ? stderr : stdout;

        if (words->object && verified)
                return print_object(words, result);
        int r = words->json ? report_json(words->file, evidence, result, &text)
                            : report_text(words->file, evidence, result, &text);
        bool written = r == 0 && fwrite(text.bytes, 1, text.length, out) == text.length && fflush(out) == 0;
        buffer_free(&text);
        if (!written)
                return EXIT_UNREADABLE;
        return verified ? EXIT_VERIFIED : EXIT_REFUSED;
}

static int fail(const struct error *error)
{
        fprintf(stderr, "rogatory-verify: %s\n", error->text);
        return EXIT_UNREADABLE;
}

static int usage(const char *sentence)
{
        fprintf(stderr, "rogatory-verify: %s\n", sentence);
        return EXIT_USAGE;
}

static int leave(struct directory *directory, struct buffer *bytes, int status)
{
        directory_free(directory);
        buffer_free(bytes);
        return status;
}

static int run(const struct words *words, struct evidence *evidence)
{
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX + 1);
        struct examination_result result;
        struct directory *directory = NULL;
        struct note_key log_key;
        struct error error = {0};
        int status = EXIT_UNREADABLE;

        int r = load(words->file, &bytes, &error);
        if (r == 0 && words->directory)
                r = load_directory(words, evidence->at_ms, &directory, &error);
        if (r == 0 && words->log_key)
                r = load_log_key(words->log_key, &log_key, &error);
        if (r < 0) {
                status = fail(&error);
        } else {
                evidence->bytes = bytes.bytes;
                evidence->length = bytes.length;
                evidence->directory = directory;
                evidence->beside = words->beside;
                evidence->beside_count = words->beside_count;
                evidence->log_key = words->log_key ? &log_key : NULL;
                bool proof = is_proof(bytes.bytes, bytes.length),
                     decrypted = is_evidence(bytes.bytes, bytes.length);
                if ((proof || decrypted) && words->beside_count > 0)
                        return leave(directory, &bytes,
                                usage("--beside is about files beside a message, and FILE is no container"));
                r = proof       ? examine_proof(evidence, &result)
                    : decrypted ? examine_windows(evidence, &result)
                                : examine_evidence(evidence, &result);
                if (r == 0 || r == -EBADMSG)
                        status = report(words, evidence, &result);
                else
                        fprintf(stderr, "rogatory-verify: %s: %s\n", words->file, strerrordesc_np(-r));
                examination_clear(&result);
        }
        return leave(directory, &bytes, status);
}

static int take_beside(struct words *words, const char *path, struct error *error)
{
        if (words->beside_count == BESIDE_FILES_MAX)
                return error_set(error, -E2BIG, "--beside: more than %u files", BESIDE_FILES_MAX);
        struct beside_file *list =
                reallocarray(words->beside, words->beside_count + 1, sizeof *words->beside);
        if (!list)
                return error_set(error, -ENOMEM, "Out of memory");
        words->beside = list;
        return beside_file_read(path, &list[words->beside_count++], error);
}

static int take_option(int option, struct words *words, struct evidence *evidence, struct error *error)
{
        switch (option) {
        case 'p':
                return load_certificates(optarg, &evidence->signers, error);
        case 't':
                return load_certificates(optarg, &evidence->services, error);
        case 'a':
                return time_parse_rfc3339(slice_of(optarg), &evidence->at_ms, NULL, error);
        case 'd':
                words->directory = optarg;
                return 0;
        case 'k':
                words->directory_key = optarg;
                return 0;
        case 'g':
                words->directory_signature = optarg;
                return 0;
        case 'b':
                return take_beside(words, optarg, error);
        case 'l':
                words->log_key = optarg;
                return 0;
        case 'o':
                words->object = optarg;
                return 0;
        case 'r':
                evidence->timestamp_required = true;
                return 0;
        case 's':
                evidence->deviations_refused = true;
                return 0;
        case 'j':
                words->json = true;
                return 0;
        }
        return error_set(error, -EINVAL, "Unknown option; see rogatory-verify --help");
}

static const struct option options[] = {
        {"pinned", required_argument, NULL, 'p'},
        {"timestamps", required_argument, NULL, 't'},
        {"timestamp-required", no_argument, NULL, 'r'},
        {"directory", required_argument, NULL, 'd'},
        {"directory-key", required_argument, NULL, 'k'},
        {"directory-signature", required_argument, NULL, 'g'},
        {"log-key", required_argument, NULL, 'l'},
        {"at", required_argument, NULL, 'a'},
        {"strict", no_argument, NULL, 's'},
        {"beside", required_argument, NULL, 'b'},
        {"object", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {0},
};

/* -1: go on; else the exit status. */
static int read_words(int count, char **arguments, struct words *words, struct evidence *evidence)
{
        struct error error = {0};
        int option;

        while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
                if (option == 'h' || option == 'v') {
                        (void)fputs(option == 'h' ? help : "rogatory-verify " ROGATORY_VERSION "\n", stdout);
                        return EXIT_VERIFIED;
                }
                if (option == '?')
                        return EXIT_USAGE; /* getopt has said what */
                int r = take_option(option, words, evidence, &error);
                if (r < 0 && option == 'a')
                        return usage(error.text);
                if (r < 0)
                        return fail(&error);
        }
        if (optind + 1 != count)
                return usage("needs one FILE; see rogatory-verify --help");
        if (evidence->signers.count == 0 && !words->directory && !words->log_key)
                return usage("needs --pinned, --directory or --log-key: nobody is believed by default");
        words->file = arguments[optind];
        return -1;
}

int main(int count, char **arguments)
{
        struct evidence evidence = {.at_ms = (int64_t)time(NULL) * TIME_SECOND};
        struct words words = {0};

        int status = read_words(count, arguments, &words, &evidence);
        if (status < 0)
                status = run(&words, &evidence);
        certificate_set_free(&evidence.signers);
        certificate_set_free(&evidence.services);
        free(words.beside);
        return status;
}
