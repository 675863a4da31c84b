/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/canonical_json.h"

#include <stddef.h>
#include <string.h>

#define DEPTH_MAX 6
#define MEMBERS_MAX 16
#define DIGITS_MAX 18 /* fit 64 bits */

/* Printable ASCII that JSON writes as it is. A table, because every byte of every entry is asked. */
static const bool plain[256] = {[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

static inline bool is_plain(char c)
{
        return plain[(unsigned char)c];
}

bool json_is_plain_text(const char *text)
{
        while (is_plain(*text))
                text++;
        return *text == '\0';
}

/* Each of these returns what stands behind, or NULL where the text is something else. */
static const char *skip_value(const char *at, int depth);

static const char *skip_string(const char *at)
{
        if (*at++ != '"')
                return NULL;
        while (is_plain(*at))
                at++;
        return *at == '"' ? at + 1 : NULL;
}

static const char *skip_word(const char *at, const char *word)
{
        size_t length = strlen(word);
        return strncmp(at, word, length) == 0 ? at + length : NULL;
}

/* A whole number as it is written: no "-0", no leading zero, no fraction. */
static const char *skip_number(const char *at)
{
        bool negative = *at == '-';
        const char *first = negative ? at + 1 : at, *end = first;

        while (*end >= '0' && *end <= '9')
                end++;
        if (end == first || end - first > DIGITS_MAX || (*first == '0' && (negative || end - first > 1)))
                return NULL;
        return *end == '.' || *end == 'e' || *end == 'E' ? NULL : end;
}

static const char *skip_array(const char *at, int depth)
{
        if (*++at == ']')
                return at + 1;
        for (;;) {
                at = skip_value(at, depth);
                if (!at || *at == ']')
                        return at ? at + 1 : NULL;
                if (*at++ != ',')
                        return NULL;
        }
}

/* Keys with their quotes, so that none is the beginning of another. */
static bool is_repeated(const char *key, size_t length, const char *const *keys, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strncmp(keys[i], key, length) == 0)
                        return true;
        return false;
}

static const char *skip_object(const char *at, int depth)
{
        const char *keys[MEMBERS_MAX];

        if (*++at == '}')
                return at + 1;
        for (size_t count = 0; count < MEMBERS_MAX; count++) {
                const char *key = at;
                at = skip_string(at);
                if (!at || at - key == 2 || is_repeated(key, (size_t)(at - key), keys, count) || *at != ':')
                        return NULL;
                keys[count] = key;
                at = skip_value(at + 1, depth);
                if (!at || *at == '}')
                        return at ? at + 1 : NULL;
                if (*at++ != ',')
                        return NULL;
        }
        return NULL;
}

static const char *skip_value(const char *at, int depth)
{
        if (depth >= DEPTH_MAX)
                return NULL;
        switch (*at) {
        case '"':
                return skip_string(at);
        case '{':
                return skip_object(at, depth + 1);
        case '[':
                return skip_array(at, depth + 1);
        case 't':
                return skip_word(at, "true");
        case 'f':
                return skip_word(at, "false");
        case 'n':
                return skip_word(at, "null");
        default:
                return skip_number(at);
        }
}

bool json_is_canonical_object(const char *text)
{
        const char *end = *text == '{' ? skip_object(text, 0) : NULL;
        return end && *end == '\0';
}
