/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DIRECTORY_FACTS_H
#define ROGATORY_DIRECTORY_FACTS_H

/* A directory as the legal rules ask for it. */

#include "directory/directory.h"
#include "order/rules.h"

/* What the rules of order/rules.h ask about an organisation in a role; not known where it is not in it. */
void directory_facts(const struct directory *directory, const char *organisation, enum organisation_role role,
        struct organisation_facts *ret);

#endif
