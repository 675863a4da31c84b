/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_CARRY_H
#define ROGATORY_NAT_CARRY_H

/* Which bindings of one window go on into the next, and when the opening of one shows the end of another. */

#include "nat/attribution.h"

/* Does the opening of `other` show that `b`, whose end was not seen, had ended by then? Between two holders
 * only where one alone can hold (exclusive); for the same endpoints where a second opening without an end
 * between is impossible, that is for everything but sessions whose destination is not known. Both lend a port
 * in common. */
bool binding_shows_end(const struct nat_binding *b, const struct nat_binding *other, bool exclusive);

/* The longest that a binding of this kind lives. */
int64_t binding_longest_life(const struct nat_binding *b, const struct attribution_rules *rules);

/* Of all bindings of one outside address in a window that ends at window_to, appends to ret those that may
 * live on: without a seen end, not shown to have ended, not older than any binding lives. Keeps their order.
 * 0 or -ENOMEM. */
int carry_select(const struct nat_binding *bindings, size_t count, const struct attribution_rules *rules,
        int64_t window_to, struct binding_list *ret);

/* What a stored window says of its own time, without what was carried into it: a binding that begins before
 * window_from keeps only its end or interim inside the window (its beginning is carried in anew). Appends to
 * ret. 0 or -ENOMEM. */
int carry_strip(
        const struct nat_binding *bindings, size_t count, int64_t window_from, struct binding_list *ret);

#endif
