/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_UPKEEP_CONFIGURATION_NODE_H
#define ROGATORY_UPKEEP_CONFIGURATION_NODE_H

/* What only this system knows of a node's settings: accounts, files, keys. */

#include "settings/settings.h"

/* Without zones and dialects. */
struct settings_checks configuration_node_checks(void);

#endif
