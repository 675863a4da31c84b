/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_PROGRAM_H
#define ROGATORY_OS_PROGRAM_H

/* Where the running program lies, and what loads it. */

#include "base/error.h"

#include <stddef.h>

/* The folder of the running executable. */
int program_folder(char *ret_path, size_t size, struct error *error);

/* The loader that the kernel starts for it (PT_INTERP); NULL where it needs none. For the life of the
 * process. */
const char *program_loader(void);

#endif
