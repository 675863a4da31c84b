/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/cursor.h"

uint64_t cursor_varint(struct cursor *cursor)
{
        uint64_t value = 0;

        for (unsigned shift = 0; shift < 64; shift += 7) {
                uint8_t byte = cursor_u8(cursor);
                if (cursor->overrun)
                        return 0;
                if (shift == 63 && byte > 1)
                        break;
                value |= (uint64_t)(byte & 0x7f) << shift;
                if (!(byte & 0x80)) {
                        if (byte == 0 && shift > 0)
                                break;
                        return value;
                }
        }
        cursor->overrun = true;
        cursor->at = cursor->end;
        return 0;
}
