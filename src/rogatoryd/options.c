/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/options.h"

#include <getopt.h>
#include <stdio.h>

enum { KEY_CONFIG = 1, KEY_CHECK, KEY_FOREGROUND, KEY_LIBEXEC, KEY_HELP, KEY_VERSION };

static const char help[] =
        "rogatoryd: the node, which listens, keeps what comes, and is asked\n"
        "\n"
        "Usage: rogatoryd --config PATH [--check] [--libexec FOLDER]\n"
        "\n"
        "  --config PATH      A store's folder, or the rogatory.conf in it.\n"
        "  --check            Say every mistake in the configuration and start nothing.\n"
        "  --foreground       Stay in the foreground, which it always does; accepted for service\n"
        "                     managers that say so.\n"
        "  --libexec FOLDER   Where rogatory-collect and rogatory-store are. Otherwise they are looked\n"
        "                     for beside rogatoryd, then where they are installed.\n"
        "  --help             This text.\n"
        "  --version          The version.\n"
        "\n"
        "It writes what happens to standard error, a line for each event. SIGHUP reads the configuration\n"
        "again, if it has no mistake; SIGTERM ends it.\n"
        "\n"
        "Exit status: 0 it was ended, or --check found nothing; 1 a mistake, or it could not go on;\n"
        "2 wrong usage. rogatoryd(8) says the rest.\n";

static enum options_result refuse(const char *what)
{
        fprintf(stderr, "rogatoryd: %s\nTry 'rogatoryd --help'.\n", what);
        return OPTIONS_WRONG;
}

enum options_result options_read(int argc, char **argv, struct options *ret_options)
{
        static const struct option known[] = {{"config", required_argument, NULL, KEY_CONFIG},
                {"check", no_argument, NULL, KEY_CHECK}, {"foreground", no_argument, NULL, KEY_FOREGROUND},
                {"libexec", required_argument, NULL, KEY_LIBEXEC}, {"help", no_argument, NULL, KEY_HELP},
                {"version", no_argument, NULL, KEY_VERSION}, {NULL, 0, NULL, 0}};
        struct options options = {.config = NULL};
        int key;

        opterr = 0;
        while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
                switch (key) {
                case KEY_CONFIG:
                        options.config = optarg;
                        break;
                case KEY_CHECK:
                        options.check = true;
                        break;
                case KEY_FOREGROUND:
                        break;
                case KEY_LIBEXEC:
                        options.libexec = optarg;
                        break;
                case KEY_HELP:
                        fputs(help, stdout);
                        return fflush(stdout) == 0 ? OPTIONS_DONE : OPTIONS_WRONG;
                case KEY_VERSION:
                        puts("rogatoryd " ROGATORY_VERSION);
                        return fflush(stdout) == 0 ? OPTIONS_DONE : OPTIONS_WRONG;
                default:
                        return refuse("an option is unknown, or its value is missing");
                }
        }
        if (optind < argc)
                return refuse("it takes only options");
        if (!options.config)
                return refuse("--config PATH is missing: a store's folder, or the rogatory.conf in it");
        *ret_options = options;
        return OPTIONS_RUN;
}
