/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory verify`: hands everything to rogatory-verify, which a court runs by itself. There is one that
 * examines, so that both say the same, and it has no library beside it that this program needs. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VERIFIER "rogatory-verify"

enum {
        KEY_PINNED = 1,
        KEY_DIRECTORY,
        KEY_DIRECTORY_KEY,
        KEY_DIRECTORY_SIGNATURE,
        KEY_LOG_KEY,
        KEY_TIMESTAMPS,
        KEY_TIMESTAMP_REQUIRED,
        KEY_AT,
        KEY_STRICT,
        KEY_BESIDE,
        KEY_OBJECT,
        KEY_JSON,
};

static const struct option_text verify_options[] = {
        {KEY_PINNED, "pinned", "FILE",
                "Certificates (PEM) that may sign, or issue those that do; repeatable."},
        {KEY_DIRECTORY, "directory", "FILE", "A directory, whose seals may sign."},
        {KEY_DIRECTORY_KEY, "directory-key", "FILE", "The key of who keeps it."},
        {KEY_DIRECTORY_SIGNATURE, "directory-signature", "FILE",
                "Its signature; otherwise FILE.sig beside the directory."},
        {KEY_LOG_KEY, "log-key", "FILE", "The key of a log, for a proof out of it."},
        {KEY_TIMESTAMPS, "timestamps", "FILE", "Certificates of timestamp services; repeatable."},
        {KEY_TIMESTAMP_REQUIRED, "timestamp-required", NULL,
                "Refuses signatures without a timestamp of theirs."},
        {KEY_AT, "at", "INSTANT", "Examines as at this instant (RFC 3339), and not now."},
        {KEY_STRICT, "strict", NULL, "Refuses containers that are packed otherwise than rogatory packs."},
        {KEY_BESIDE, "beside", "FILE", "A file that travelled beside the message; repeatable."},
        {KEY_OBJECT, "object", "NAME", "Prints this file of a verified container, and nothing else."},
        {KEY_JSON, "json", NULL, "Prints one JSON object."},
};

/* Beside this program, as both are installed and built; "" where that does not fit. */
static void find_verifier(char ret_path[PATH_MAX])
{
        ssize_t length = readlink("/proc/self/exe", ret_path, PATH_MAX - sizeof VERIFIER);
        char *slash = NULL;

        if (length > 0) {
                ret_path[length] = '\0';
                slash = strrchr(ret_path, '/');
        }
        if (slash)
                memcpy(slash + 1, VERIFIER, sizeof VERIFIER);
        else
                *ret_path = '\0';
}

static int run_verify(const struct command *command, int argc, char **argv)
{
        static char name[] = VERIFIER;
        char path[PATH_MAX];
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
        }
        if (optind + 1 != argc)
                return complain_usage(command, "verify needs one file");
        find_verifier(path);
        argv[0] = name;
        (void)execv(path, argv);
        fprintf(stderr, "rogatory: %s cannot be run: %s; it belongs beside this program\n",
                *path ? path : VERIFIER, strerrordesc_np(errno));
        return EXIT_SEVERAL; /* 3 of rogatory-verify: nothing was decided */
}

const struct command command_verify = {
        .name = "verify",
        .summary = "check a message, evidence or a proof, offline",
        .usage = "[OPTION]... FILE",
        .description =
                "Says step by step whether an ASiC-E container is what its signers signed, what the\n"
                "message in it says, and whether the rules allow it; or, of a proof out of a log, what\n"
                "was entered there; or, of decrypted evidence, that its records stood in the log. The\n"
                "examining is done by rogatory-verify, a program that needs nothing else of rogatory.\n",
        .options = verify_options,
        .option_count = sizeof verify_options / sizeof verify_options[0],
        .repeating = UINT64_C(1) << KEY_PINNED | UINT64_C(1) << KEY_TIMESTAMPS | UINT64_C(1) << KEY_BESIDE,
        .exits = "0  verified\n"
                 "1  refused\n"
                 "2  wrong usage\n"
                 "3  something could not be read: nothing was decided\n",
        .examples = "rogatory verify --directory directory.json --directory-key operator.pub order.asice\n"
                    "rogatory verify --log-key log.pub proof.json\n",
        .run = run_verify,
};
