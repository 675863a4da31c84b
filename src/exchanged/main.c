/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory-exchange: a node of an exchange. */
#include "exchanged/exchanged.h"
#include "rogatory/node.h"

#include <errno.h>
#include <stdlib.h>

/* A test has less patience. */
#ifdef EXCHANGED_TIMES
extern const struct exchanged_times EXCHANGED_TIMES;
#else
#define EXCHANGED_TIMES exchanged_usual_times
#endif

enum { ENDED = 0, FAILED = 1, WRONG_USAGE = 2 };

int main(int argc, char **argv)
{
        struct exchanged_options options;
        struct error error = {0};
        struct exchanged *node = calloc(1, sizeof *node);

        log_begin("rogatory-exchange");
        node_is_here();
        int r = exchanged_options_read(argc, argv, &options);
        if (r != 0 || !node) {
                free(node);
                return r > 0 ? ENDED : WRONG_USAGE;
        }
        r = exchanged_open(node, &options, &EXCHANGED_TIMES, &error);
        if (r == 0)
                r = exchanged_prepare(node, &error);
        if (r == 0)
                r = exchanged_examine(node, &error);
        if (r == 0 && !options.check)
                r = exchanged_run(node, &error);
        if (r < 0)
                exchanged_say(LOG_FATAL, "end", "%s", error.text);
        exchanged_close(node);
        free(node);
        return r < 0 ? FAILED : ENDED;
}
