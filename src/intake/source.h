/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_SOURCE_H
#define ROGATORY_INTAKE_SOURCE_H

/* The exporters that an import meets, by number: those of the settings, those that send packets without being
 * in the settings, and those named in stored windows. */

#include "base/address.h"
#include "nat/coverage.h"
#include "settings/settings.h"
#include "store/segment.h"
#include "wire/dialect.h"

#define SOURCES_MAX 16384

struct source {
        struct exporter_settings settings;
        const struct dialect *dialect; /* NULL: recognised or refused */
        uint16_t realm;                /* number in the intake's list of realms */
        bool in_settings;              /* rogatory.conf knows it */
        uint64_t events;               /* sound NAT events of this import */
};

struct source_set {
        struct source *items; /* owned */
        unsigned count, capacity;
};

/* The number of the exporter with this name in this realm; -1 where none. */
int source_find(const struct source_set *set, const char *name, uint16_t realm);

/* Adds one. 0, -ENOMEM or -E2BIG. */
int source_add(struct source_set *set, const struct source *source, uint16_t *ret_number);
/* How long each of them may be silent. Borrows the set. */
struct heartbeats source_heartbeats(const struct source_set *set);

void source_set_free(struct source_set *set);

#endif
