/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/names.h"

#include <string.h>

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_hexadecimal(char c)
{
        return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool id_is_valid(const char *text)
{
        if (strlen(text) != ID_TEXT_MAX - 1)
                return false;
        for (size_t i = 0; i < ID_TEXT_MAX - 1; i++) {
                bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
                if (hyphen ? text[i] != '-' : !is_hexadecimal(text[i]))
                        return false;
        }
        /* Version 4, and the variant of RFC 9562, 4.1. */
        return text[14] == '4' && strchr("89ab", text[19]);
}

bool organisation_is_valid(const char *text)
{
        size_t length = strlen(text);

        if (length == 0 || length >= ORGANISATION_TEXT_MAX)
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'z') && text[i] != '-')
                        return false;
        return true;
}

bool fingerprint_is_valid(const char *text)
{
        size_t length = 0;

        while (is_hexadecimal(text[length]))
                length++;
        return length == FINGERPRINT_TEXT_MAX - 1 && text[length] == '\0';
}

bool evidence_name_is_valid(const char *text)
{
        size_t length = strlen(text);

        if (length == 0 || length >= EVIDENCE_NAME_MAX || (!is_letter(text[0]) && !is_digit(text[0])))
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_letter(text[i]) && !is_digit(text[i]) && !strchr("._-", text[i]))
                        return false;
        return true;
}
