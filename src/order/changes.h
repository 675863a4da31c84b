/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_CHANGES_H
#define ROGATORY_ORDER_CHANGES_H

#include "order/form.h"

/* What an amendment changes, in words, field by field as the forms call them, and identifier by identifier;
 * who signed it and section M, which is not the addressee's to read, are left out. What was in the
 * amendment's list of changes is freed. The list is empty where nothing is changed; what does not fit into it
 * is counted in its last text. 0, or -ENOMEM with a message. */
int amendment_changes(const struct order *before, struct amendment *amendment, struct error *error);

#endif
