/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_LIVE_VIEW_H
#define ROGATORY_LIVE_VIEW_H

/* The store as it would be if everything that was heard stood in windows: what a question is asked of. For a
 * process of its own that answers and ends: it learns hosts and joins leases in its copy of the memory. */

#include "inquiry/inquiry.h"
#include "live/generations.h"

struct live_view {
        struct generations *generations; /* borrowed */
        struct depot *depot;             /* owned; with windows in memory before it */
        struct inquiry *inquiry;         /* owned */
        bool shows;                      /* windows of `outside` stand in memory */
        uint32_t outside;
};

/* Opens the store at `path` for reading. 0, or negative with a message; live_view_close in any case. */
int live_view_open(
        struct live_view *view, struct generations *generations, const char *path, struct error *error);
void live_view_close(struct live_view *view);

/* Before a question about this address is put to view->inquiry. */
int live_view_turn(
        struct live_view *view, const struct address *address, int64_t now_ms, struct error *error);

#endif
