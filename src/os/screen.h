/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_SCREEN_H
#define ROGATORY_OS_SCREEN_H

/* A terminal as a page that is drawn anew: the other screen of ECMA-48 terminals (so that what stood there
 * comes back), keys as they are pressed, the size as it is. One at a time. */

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum screen_key {
        SCREEN_NONE = 0, /* none in time */
        SCREEN_UP = 256,
        SCREEN_DOWN,
        SCREEN_PAGE_UP,
        SCREEN_PAGE_DOWN,
        SCREEN_RESIZED, /* draw again */
        SCREEN_END      /* SIGINT, SIGTERM, SIGHUP, or the terminal went away */
};

/* Are standard input and output a terminal that can do this? */
bool screen_is_there(void);
/* May colours be used on standard output? Not on a pipe, on a dumb terminal, or where NO_COLOR says so
 * (no-color.org: set, and not empty). */
bool screen_has_colour(void);

int screen_begin(struct error *error);
void screen_end(void); /* all is as before; harmless where nothing was begun */

void screen_size(unsigned *ret_width, unsigned *ret_height); /* 80 by 24 where it is not known */

/* The page: lines, none longer than the screen is wide, no more than it is high. */
void screen_draw(struct slice page);

/* A key (its byte), or one of the above. */
int screen_wait(int64_t ms);

#endif
