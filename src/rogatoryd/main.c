/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatoryd: the parent of a live node. It opens sockets, starts two processes, and watches them. */
#include "os/log.h"
#include "rogatoryd/node.h"

/* A test has less patience. */
#ifdef ROGATORYD_TIMES
extern const struct policy_times ROGATORYD_TIMES;
#else
#define ROGATORYD_TIMES policy_usual_times
#endif

enum { EXIT_ENDED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
        struct options options;
        struct node node;

        log_begin("rogatoryd");
        enum options_result wanted = options_read(argc, argv, &options);
        if (wanted != OPTIONS_RUN)
                return wanted == OPTIONS_DONE ? EXIT_ENDED : EXIT_USAGE;
        if (node_check(&options) < 0)
                return EXIT_FAILED;
        if (options.check)
                return EXIT_ENDED;
        int r = node_open(&node, &options, &ROGATORYD_TIMES);
        if (r == 0)
                r = node_run(&node);
        node_close(&node);
        return r == 0 ? EXIT_ENDED : EXIT_FAILED;
}
