/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory-collect: the process of a live node that listens. Started by rogatoryd. */
#include "node/node.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static int usage(void)
{
        fputs("rogatory-collect is started by rogatoryd:\n"
              "  rogatory-collect --config DIR --relay FD [--ready FD] [--metrics FD] [--listener "
              "NUMBER:FD]...\n",
                stderr);
        return EXIT_USAGE;
}

static bool read_number(const char *text, char end, long most, const char **ret_rest, int *ret)
{
        char *stop;
        long value = strtol(text, &stop, 10);

        *ret = (int)value;
        *ret_rest = stop + 1;
        return *text >= '0' && *text <= '9' && *stop == end && value <= most;
}

static bool read_listener(const char *text, struct node_options *options)
{
        const char *rest;
        int number, descriptor;

        if (!read_number(text, ':', SETTINGS_LISTENERS_MAX - 1, &rest, &number) ||
                !read_number(rest, '\0', 65535, &rest, &descriptor))
                return false;
        options->listeners[number] = descriptor;
        return true;
}

static bool read_words(int argc, char **argv, struct node_options *ret)
{
        static const struct option words[] = {{"config", required_argument, NULL, 'c'},
                {"relay", required_argument, NULL, 'r'}, {"ready", required_argument, NULL, 'y'},
                {"metrics", required_argument, NULL, 'm'}, {"listener", required_argument, NULL, 'l'},
                {NULL, 0, NULL, 0}};
        const char *rest;
        int word;

        *ret = (struct node_options){.relay = -1, .ready = -1, .metrics = -1};
        for (size_t i = 0; i < SETTINGS_LISTENERS_MAX; i++)
                ret->listeners[i] = -1;
        while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
                bool sound = word == 'c' || (word == 'l' && read_listener(optarg, ret)) ||
                             (word == 'r' && read_number(optarg, '\0', 65535, &rest, &ret->relay)) ||
                             (word == 'y' && read_number(optarg, '\0', 65535, &rest, &ret->ready)) ||
                             (word == 'm' && read_number(optarg, '\0', 65535, &rest, &ret->metrics));
                if (word == 'c')
                        ret->folder = optarg;
                if (!sound)
                        return false;
        }
        return optind == argc && ret->folder && ret->relay >= 0;
}

int main(int argc, char **argv)
{
        struct node_options options;
        struct error error = {0};
        struct node *node = calloc(1, sizeof *node);

        if (!node || !read_words(argc, argv, &options)) {
                free(node);
                return usage();
        }
        log_begin("rogatory-collect");
        int r = node_open(node, &options, &error);
        if (r == 0)
                r = node_confine(node, &error);
        if (r == 0)
                r = node_run(node, &error);
        if (r < 0)
                node_say(r == -EPIPE ? LOG_NOTICE : LOG_FATAL, "end", "%s", error.text);
        node_close(node);
        free(node);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
