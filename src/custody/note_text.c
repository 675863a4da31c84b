/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/note_text.h"

#define NO_CHARACTER UINT32_MAX

static bool continues(uint8_t byte)
{
        return (byte & 0xc0) == 0x80;
}

/* Cuts the next character off; NO_CHARACTER where the bytes are none. */
static uint32_t next_character(struct slice *rest)
{
        static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
        const uint8_t *at = (const uint8_t *)rest->text;
        size_t length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
        uint32_t character = at[0];

        if (length > rest->length || (at[0] >= 0x80 && at[0] < 0xc2) || at[0] > 0xf4)
                return NO_CHARACTER;
        if (length > 1)
                character = at[0] & (0xffu >> (length + 1));
        for (size_t i = 1; i < length; i++) {
                if (!continues(at[i]))
                        return NO_CHARACTER;
                character = character << 6 | (at[i] & 0x3f);
        }
        if (character < least[length] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
                return NO_CHARACTER;
        *rest = slice_make(rest->text + length, rest->length - length);
        return character;
}

bool note_text_is_sound(struct slice text)
{
        while (text.length > 0) {
                uint32_t character = next_character(&text);
                if (character == NO_CHARACTER || (character < ' ' && character != '\n'))
                        return false;
        }
        return true;
}

/* The property White_Space of Unicode. */
static bool is_space(uint32_t character)
{
        return (character >= 0x09 && character <= 0x0d) || character == 0x20 || character == 0x85 ||
               character == 0xa0 || character == 0x1680 || (character >= 0x2000 && character <= 0x200a) ||
               character == 0x2028 || character == 0x2029 || character == 0x202f || character == 0x205f ||
               character == 0x3000;
}

bool note_name_is_sound(struct slice name)
{
        if (name.length == 0)
                return false;
        while (name.length > 0) {
                uint32_t character = next_character(&name);
                if (character == NO_CHARACTER || character == '+' || is_space(character))
                        return false;
        }
        return true;
}
