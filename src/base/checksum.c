/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/checksum.h"

#include <xxhash.h>

uint64_t checksum(const void *bytes, size_t length)
{
        return XXH64(bytes, length, 0);
}
