/* SPDX-License-Identifier: EUPL-1.2 */
#include "exchanged/exchanged.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum {
        KEY_NODE = 1,
        KEY_SOCKET,
        KEY_GROUP,
        KEY_USER,
        KEY_CHECK,
        KEY_LANDLOCK,
        KEY_SECCOMP,
        KEY_HELP,
        KEY_VERSION
};

static const char help[] =
        "rogatory-exchange: a node of an exchange, which takes and brings orders and answers\n"
        "\n"
        "Usage: rogatory-exchange --node DIR [--check] [--user NAME] [--socket PATH]\n"
        "                         [--socket-group NAME]\n"
        "\n"
        "  --node DIR           The node's folder, made by 'rogatory office init'.\n"
        "  --check              Say what is wrong with the folder and start nothing.\n"
        "  --user NAME          Become this user. Needed where it is started by root.\n"
        "  --socket PATH        Where people of this machine reach the node; otherwise\n"
        "                       exchange.socket in its folder.\n"
        "  --socket-group NAME  The group that may; otherwise the group that runs it.\n"
        "  --without-landlock   Do not confine it to its paths: the kernel cannot.\n"
        "  --without-seccomp    Do not confine it to its system calls: the kernel cannot.\n"
        "  --help               This text.\n"
        "  --version            The version.\n"
        "\n"
        "It writes what happens to standard error, a line for each event. SIGHUP reads the directory\n"
        "again; SIGTERM ends it.\n"
        "\n"
        "Exit status: 0 it was ended, or --check found nothing; 1 something is wrong; 2 wrong usage.\n"
        "rogatory-exchange(8) says the rest.\n";

static int refuse(const char *what)
{
        fprintf(stderr, "rogatory-exchange: %s\nTry 'rogatory-exchange --help'.\n", what);
        return -EINVAL;
}

int exchanged_options_read(int argc, char **argv, struct exchanged_options *ret_options)
{
        static const struct option known[] = {{"node", required_argument, NULL, KEY_NODE},
                {"check", no_argument, NULL, KEY_CHECK}, {"user", required_argument, NULL, KEY_USER},
                {"socket", required_argument, NULL, KEY_SOCKET},
                {"socket-group", required_argument, NULL, KEY_GROUP},
                {"without-landlock", no_argument, NULL, KEY_LANDLOCK},
                {"without-seccomp", no_argument, NULL, KEY_SECCOMP}, {"help", no_argument, NULL, KEY_HELP},
                {"version", no_argument, NULL, KEY_VERSION}, {NULL, 0, NULL, 0}};
        struct exchanged_options options = {.node = NULL};
        int key;

        opterr = 0;
        while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
                switch (key) {
                case KEY_NODE:
                        options.node = optarg;
                        break;
                case KEY_CHECK:
                        options.check = true;
                        break;
                case KEY_USER:
                        options.user = optarg;
                        break;
                case KEY_SOCKET:
                        options.socket = optarg;
                        break;
                case KEY_GROUP:
                        options.socket_group = optarg;
                        break;
                case KEY_LANDLOCK:
                        options.without_landlock = true;
                        break;
                case KEY_SECCOMP:
                        options.without_seccomp = true;
                        break;
                case KEY_HELP:
                        fputs(help, stdout);
                        return fflush(stdout) == 0 ? 1 : -EIO;
                case KEY_VERSION:
                        puts("rogatory-exchange " ROGATORY_VERSION);
                        return fflush(stdout) == 0 ? 1 : -EIO;
                default:
                        return refuse("an option is unknown, or its value is missing");
                }
        }
        if (optind < argc)
                return refuse("it takes only options");
        if (!options.node)
                return refuse("--node DIR is missing: the node's folder, made by 'rogatory office init'");
        *ret_options = options;
        return 0;
}
