/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/identifier_word.h"

#include <stdio.h>
#include <strings.h>

#define SEPARATORS " \t\r\n,;\"'()<>|="
#define URL_SEPARATORS " \t\r\n\"<>|" /* the others belong to queries (RFC 3986 section 3.4) */

static bool is_arrow(struct slice excerpt, size_t at)
{
        return excerpt.length - at >= 2 && memcmp(excerpt.text + at, "->", 2) == 0;
}

size_t excerpt_words(struct slice excerpt, struct slice words[EXCERPT_WORDS_MAX])
{
        size_t count = 0, i = 0;

        while (i < excerpt.length) {
                size_t start = i;
                struct slice rest = slice_make(excerpt.text + i, excerpt.length - i);
                bool url = slice_starts(rest, "http://") || slice_starts(rest, "https://");

                if (strchr(SEPARATORS, excerpt.text[i])) {
                        i++;
                        continue;
                }
                if (is_arrow(excerpt, i))
                        i += 2;
                else
                        while (i < excerpt.length &&
                                !strchr(url ? URL_SEPARATORS : SEPARATORS, excerpt.text[i]) &&
                                (url || !is_arrow(excerpt, i)))
                                i++;
                if (count == EXCERPT_WORDS_MAX)
                        return EXCERPT_WORDS_MAX + 1;
                words[count++] = slice_make(excerpt.text + start, i - start);
        }
        return count;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
        if (is_digit(c))
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

bool digits_have_luhn(const char *digits, size_t count)
{
        unsigned sum = 0;

        for (size_t i = 0; i < count; i++) {
                unsigned digit = (unsigned)(digits[count - 1 - i] - '0');
                if (i % 2 == 1) {
                        digit *= 2;
                        digit = digit > 9 ? digit - 9 : digit;
                }
                sum += digit;
        }
        return count > 0 && sum % 10 == 0;
}

/* Digits of a word, other marks of `marks` left out; false where it has anything else or more than `most`. */
static bool only_digits(struct slice word, const char *marks, char *digits, size_t most, size_t *count)
{
        for (size_t i = 0; i < word.length; i++) {
                if (is_digit(word.text[i])) {
                        if (*count == most)
                                return false;
                        digits[(*count)++] = word.text[i];
                } else if (word.text[i] == '\0' || !strchr(marks, word.text[i])) {
                        return false;
                }
        }
        return true;
}

/* E.164 section 6: at most 15 digits, the country code first. A number without its country code would be
 * another one in every country. Parentheses cut words, so "+43 (0) 1" comes as three; the trunk zero is
 * refused. */
int phone_words(const struct slice *words, size_t count, struct read_value *ret, struct error *error)
{
        char digits[16];
        size_t length = 0, written = 0;
        int taken = 1;

        if (words[0].length < 2 || words[0].text[0] != '+' || !is_digit(words[0].text[1]))
                return 0;
        struct slice first = slice_make(words[0].text + 1, words[0].length - 1);
        if (!only_digits(first, "-./", digits, sizeof digits, &length))
                return 0;
        while ((size_t)taken < count) {
                size_t before = length;
                if (!is_digit(words[taken].text[0]) ||
                        !only_digits(words[taken], "-./", digits, sizeof digits, &length)) {
                        length = before;
                        break;
                }
                if (words[taken].length == 1 && words[taken].text[0] == '0' && words[taken].text[-1] == '(')
                        return error_set(error, -EINVAL,
                                "a telephone number with a zero in parentheses is two numbers; paste the one "
                                "that is "
                                "dialled from abroad");
                taken++;
        }
        if (length < 7 || length > 15 || digits[0] == '0')
                return error_set(error, -EINVAL,
                        "+%.*s is no telephone number: E.164 numbers have 7 to 15 digits and begin with a "
                        "country code",
                        (int)length, digits);
        written = (size_t)snprintf(ret->text, sizeof ret->text, "+%.*s", (int)length, digits);
        if (taken > 1 || words[0].length != written || memcmp(words[0].text, ret->text, written) != 0)
                ret->warnings |= WORD_BIT(WARNING_SOURCE_CHANGED_FORM);
        return taken;
}

static bool is_mail_character(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || (c & 0x80) ||
               (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* Letters, digits and hyphens in labels of 1 to 63, at least two of them (RFC 1035 section 2.3.1, RFC 5890).
 */
static bool is_domain(struct slice domain)
{
        size_t label = 0, labels = 1;

        if (domain.length == 0 || domain.length > 253)
                return false;
        for (size_t i = 0; i < domain.length; i++) {
                char c = domain.text[i];
                if (c == '.') {
                        if (label == 0 || domain.text[i - 1] == '-')
                                return false;
                        label = 0;
                        labels++;
                } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || (c & 0x80) ||
                           (c == '-' && label > 0)) {
                        if (++label > 63)
                                return false;
                } else {
                        return false;
                }
        }
        return label > 0 && labels > 1 && domain.text[domain.length - 1] != '-';
}

/* RFC 5321 section 4.1.2 without quoted local parts, RFC 6531 for other letters. The local part is kept as it
 * is written: only its own server knows whether the case of its letters counts. The domain is lower case. */
int email_word(struct slice word, struct read_value *ret, struct error *error)
{
        struct slice domain = word;
        const char *at = memchr(word.text, '@', word.length);

        if (!at)
                return 0;
        struct slice local = slice_cut(&domain, '@');
        bool good = local.length > 0 && local.length <= 64 && is_domain(domain) && local.text[0] != '.' &&
                    local.text[local.length - 1] != '.' && word.length <= MODEL_SHORT;
        for (size_t i = 0; good && i < local.length; i++)
                good = is_mail_character(local.text[i]) &&
                       !(local.text[i] == '.' && i > 0 && local.text[i - 1] == '.');
        if (!good)
                return error_set(error, -EINVAL, "\"%.*s\" is no e-mail address",
                        (int)(word.length < 100 ? word.length : 100), word.text);
        memcpy(ret->text, word.text, word.length);
        ret->text[word.length] = '\0';
        for (size_t i = local.length + 1; i < word.length; i++)
                if (ret->text[i] >= 'A' && ret->text[i] <= 'Z') {
                        ret->text[i] = (char)(ret->text[i] - 'A' + 'a');
                        ret->warnings |= WORD_BIT(WARNING_SOURCE_CHANGED_FORM);
                }
        return 1;
}

/* 3GPP TS 23.003 section 6.2: 14 digits and a check digit. With 14 the check digit is missing, with 16 there
 * is a software version instead of it: neither can show that no digit was changed. */
int imei_word(struct slice word, bool expected, struct read_value *ret, struct error *error)
{
        char digits[24];
        size_t count = 0;

        if (!only_digits(word, "-/", digits, sizeof digits, &count) || (!expected && count != 15))
                return expected ? error_set(error, -EINVAL, "\"%.*s\" is no IMEI: 15 digits",
                                          (int)(word.length < 40 ? word.length : 40), word.text)
                                : 0;
        if (count != 15)
                return error_set(error, -EINVAL,
                        "%zu digits: an IMEI has 15, the last one a check digit; without it nothing shows "
                        "that none "
                        "was changed",
                        count);
        if (!digits_have_luhn(digits, count))
                return error_set(error, -EINVAL,
                        "%.15s is no IMEI: the check digit does not fit, so at least one digit is wrong",
                        digits);
        snprintf(ret->text, sizeof ret->text, "%.15s", digits);
        if (word.length != 15)
                ret->warnings |= WORD_BIT(WARNING_SOURCE_CHANGED_FORM);
        return 1;
}

/* IEEE 802: six octets as 00-11-22-33-44-55, with colons, or in three groups with dots. */
int mac_word(struct slice word, struct read_value *ret, struct error *error)
{
        uint8_t octets[6] = {0};
        size_t digits = 0;
        bool dots = word.length == 14 && word.text[4] == '.' && word.text[9] == '.';
        char mark = dots ? '.' : word.length == 17 ? word.text[2] : '\0';

        if (!dots && (word.length != 17 || (mark != ':' && mark != '-')))
                return 0;
        for (size_t i = 0; i < word.length; i++) {
                bool is_mark = dots ? i == 4 || i == 9 : i % 3 == 2;
                int value = is_mark ? -1 : hex_value(word.text[i]);
                if (is_mark ? word.text[i] != mark : value < 0)
                        return 0;
                if (!is_mark) {
                        octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | value);
                        digits++;
                }
        }
        if (octets[0] & 1)
                return error_set(error, -EINVAL,
                        "%.*s is a group address (its first octet is odd), which is no device's own",
                        (int)word.length, word.text);
        snprintf(ret->text, sizeof ret->text, "%02x:%02x:%02x:%02x:%02x:%02x", octets[0], octets[1],
                octets[2], octets[3], octets[4], octets[5]);
        if (octets[0] & 2)
                ret->warnings |= WORD_BIT(WARNING_LOCAL_MAC);
        if (word.length != strlen(ret->text) || memcmp(word.text, ret->text, word.length) != 0)
                ret->warnings |= WORD_BIT(WARNING_SOURCE_CHANGED_FORM);
        return 1;
}

/* RFC 3986: http and https, a host, no user before it (which is how links deceive). Kept as it is written. */
int url_word(struct slice word, struct read_value *ret, struct error *error)
{
        size_t begin = slice_starts(word, "https://") ? 8 : slice_starts(word, "http://") ? 7 : 0;
        size_t end = begin;

        if (begin == 0)
                return 0;
        while (end < word.length && !strchr("/?#", word.text[end]))
                end++;
        struct slice host = slice_make(word.text + begin, end - begin);
        if (host.length && memchr(host.text, '@', host.length))
                return error_set(error, -EINVAL,
                        "the address of a page must not name a user before its host: what stands before @ is "
                        "not where "
                        "it leads");
        struct slice port = host;
        struct slice name = slice_cut(&port, ':');
        uint64_t number = 1;
        struct address address;
        struct error ignored;
        bool good =
                is_domain(name) && (name.length == host.length || slice_number(port, 65535, &number) == 0);
        if (!good)
                good = address_parse_with_port(host, &address, &(int){0}, &ignored) == 0;
        if (!good || number == 0 || word.length > MODEL_SHORT)
                return error_set(error, -EINVAL, "\"%.*s\" is no address of a page or service",
                        (int)(word.length < 100 ? word.length : 100), word.text);
        for (size_t i = 0; i < word.length; i++)
                if ((unsigned char)word.text[i] <= 0x20 || word.text[i] == 0x7f)
                        return error_set(
                                error, -EINVAL, "the address of a page has a control character in it");
        memcpy(ret->text, word.text, word.length);
        ret->text[word.length] = '\0';
        return 1;
}
