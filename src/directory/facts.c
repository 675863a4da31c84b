/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/facts.h"

#include <stdio.h>

void directory_facts(const struct directory *directory, const char *organisation, enum organisation_role role,
        struct organisation_facts *ret)
{
        const struct directory_organisation *one = directory_find(directory, organisation);

        *ret = (struct organisation_facts){.known = false};
        if (!one)
                return;
        ret->known = true;
        snprintf(ret->organisation, sizeof ret->organisation, "%s", one->name);
        snprintf(ret->country, sizeof ret->country, "%s", one->country);
        ret->nature = one->nature;
        ret->has_call_back = one->contact_count > 0;
        for (size_t i = 0; i < one->role_count; i++) {
                const struct directory_role *row = &one->roles[i];
                ret->roles |= WORD_BIT(row->role);
                if (row->role != role)
                        continue;
                ret->may_produce = row->production;
                ret->may_preserve = row->preservation;
                if (role == ORGANISATION_VALIDATING)
                        ret->may_validate = row->production | row->preservation;
        }
}
