/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_RETENTION_WINDOW_H
#define ROGATORY_UPKEEP_RETENTION_WINDOW_H

/* Retention inside one window of bindings. Used by retention.c only. */

#include "upkeep/retention.h"

/* The item of the report under whose rule an address falls. */
struct retention_item *retention_item_of(
        struct retention_realm *realm, enum retain_kind kind, const struct address *address);

/* Counts what is due in a segment into the realm's items. ret_due: is there anything? -EBADMSG for damage. */
int retention_survey_segment(const struct segment_reader *segment, struct retention_realm *realm,
        int64_t window_to, int64_t now_ms, bool *ret_due, struct error *error);

/* Destroys the windows that go whole. */
int retention_destroy_windows(struct depot *depot, const struct retention_realm *realm, struct error *error);

/* Writes a window anew without what is due. */
int retention_rewrite_window(struct depot *depot, const struct retention_realm *realm,
        const struct retention_window *window, int64_t now_ms, struct error *error);

#endif
