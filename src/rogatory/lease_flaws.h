/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_LEASE_FLAWS_H
#define ROGATORY_ROGATORY_LEASE_FLAWS_H

/* Overlaps and gaps between leases, as the summary of an import and `info` show them: prefix and times of the
 * first of each kind, and nobody's name. */

#include "base/buffer.h"
#include "nat/lease_quality.h"

#include <jansson.h>

/* Appends "To look at in the leases" with what there is, after `indent` blanks; nothing where all fit
 * together. */
void lease_flaws_write(const struct lease_quality *quality, unsigned indent, struct buffer *ret);

/* [{"kind", "count", "first": [{"prefix", "vrf", "from", "to"}]}]; NULL where memory is out. */
json_t *lease_flaws_to_json(const struct lease_quality *quality);

#endif
