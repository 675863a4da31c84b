/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_BASE_CHECKSUM_H
#define ROGATORY_BASE_CHECKSUM_H

/* XXH64 with seed 0 (xxHash specification 0.1.1): detects damage, proves nothing against an adversary. */

#include <stddef.h>
#include <stdint.h>

uint64_t checksum(const void *bytes, size_t length);

#endif
