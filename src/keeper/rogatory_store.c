/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory-store: the process of a live node that holds its keys and windows. Started by rogatoryd. */
#include "keeper/keeper.h"

#include "rogatory/command.h"
#include "rogatory/node.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it carries out for others, and retention. */
static const struct command *const commands[] = {
        &command_ask, &command_preserve, &command_holds, &command_info, &command_check, &command_retain};

const struct command *const *command_table(size_t *ret_count)
{
        *ret_count = sizeof commands / sizeof commands[0];
        return commands;
}

static int usage(void)
{
        fputs("rogatory-store is started by rogatoryd:\n"
              "  rogatory-store --config DIR --relay FD [--ask FD] [--ready FD]\n",
                stderr);
        return EXIT_USAGE;
}

static bool read_descriptor(const char *text, int *ret)
{
        char *end;
        long value = strtol(text, &end, 10);

        *ret = (int)value;
        return *text && !*end && value >= 0 && value < 65536;
}

static bool read_words(int argc, char **argv, struct keeper_options *ret)
{
        static const struct option words[] = {{"config", required_argument, NULL, 'c'},
                {"relay", required_argument, NULL, 'r'}, {"ask", required_argument, NULL, 'a'},
                {"ready", required_argument, NULL, 'y'}, {NULL, 0, NULL, 0}};
        int word;

        *ret = (struct keeper_options){.relay = -1, .ask = -1, .ready = -1};
        while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
                bool sound = word == 'c' || (word == 'r' && read_descriptor(optarg, &ret->relay)) ||
                             (word == 'a' && read_descriptor(optarg, &ret->ask)) ||
                             (word == 'y' && read_descriptor(optarg, &ret->ready));
                if (word == 'c')
                        ret->store = optarg;
                if (!sound)
                        return false;
        }
        return optind == argc && ret->store && ret->relay >= 0;
}

int main(int argc, char **argv)
{
        struct keeper_options options;
        struct error error = {0};
        struct keeper *keeper = calloc(1, sizeof *keeper);

        if (!keeper || !read_words(argc, argv, &options))
                return usage();
        log_begin("rogatory-store");
        node_is_here();
        int r = keeper_open(keeper, &options, &error);
        if (r == 0)
                r = keeper_confine(keeper, &error);
        if (r == 0)
                r = keeper_run(keeper, &error);
        if (r < 0)
                keeper_say(r == -EPIPE ? LOG_NOTICE : LOG_FATAL, "end", "%s", error.text);
        keeper_close(keeper);
        free(keeper);
        return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
