/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_PROPERTY_SEALED_H
#define ROGATORY_PROPERTY_SEALED_H

/* With ROGATORY_SEALED=1 the stores of the tests have a key, beside their folder. */

#include "depot/depot.h"

#include <stdio.h>
#include <stdlib.h>

static inline void seal_where_asked(const struct depot *depot, struct realm_settings *realm)
{
        if (!getenv("ROGATORY_SEALED"))
                return;
        realm->key.count = 1;
        realm->key.items[0].kind = KEY_SOURCE_FILE;
        snprintf(realm->key.items[0].name, sizeof realm->key.items[0].name, "%s/../%s.key", depot_path(depot),
                realm->name);
}

#endif
