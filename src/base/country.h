/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_COUNTRY_H
#define ROGATORY_BASE_COUNTRY_H

#include <stdbool.h>

/* Is this one of the codes that ISO 3166-1 alpha-2 assigns, in upper case? Reserved ones are not: it is GB
 * and not UK, GR and not EL. */
bool country_is_assigned(const char *code);

#endif
