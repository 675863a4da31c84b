/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_GONE_H
#define ROGATORY_DEPOT_GONE_H

/* What retention has destroyed in a realm, so that its absence is not taken for "nobody", whatever the
 * settings say later: realms/REALM/gone, a line for each kind and prefix (doc/format/gone.md). */

#include "depot/depot.h"

struct depot_gone {
        struct prefix prefix; /* ::/0 for every address */
        enum retain_kind kind;
        int64_t until_ms; /* what ended before this instant may have been destroyed */
};

struct depot_gone_list {
        struct depot_gone *items; /* owned */
        size_t count;
};
void depot_gone_free(struct depot_gone_list *list);

/* Takes the entry in; of two for one kind and prefix the later instant stays. 0 or -ENOMEM. */
int depot_gone_add(struct depot_gone_list *list, const struct depot_gone *gone);

/* Until when records of this kind are gone for all addresses of a prefix, by the longest prefix that contains
 * it; TIME_UNKNOWN where nothing is. */
int64_t depot_gone_until(
        const struct depot_gone_list *list, enum retain_kind kind, const struct prefix *prefix);
int64_t depot_gone_until_of(
        const struct depot_gone_list *list, enum retain_kind kind, const struct address *address);

/* Empty where nothing was ever destroyed. -EBADMSG where a line cannot be understood: then nothing may be
 * answered, because what is missing could look like "nobody". */
int depot_gone_read(
        struct depot *depot, const char *realm, struct depot_gone_list *ret_list, struct error *error);

/* Published whole, on the disk when it returns. Needs a writing mode. */
int depot_gone_write(
        struct depot *depot, const char *realm, const struct depot_gone_list *list, struct error *error);

#endif
