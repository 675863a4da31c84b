/* SPDX-License-Identifier: EUPL-1.2 */
/* Where a timestamp service is, out of its URL (RFC 3986 section 3). On its own and by hand, because the
 * settings of a node are read by every command, and no command loads an HTTP library for that. Narrower than
 * the RFC: what two readers could take for two different hosts is refused. */
#include "courier/timestamp_fetch.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define IPV6_BYTES "0123456789abcdefABCDEF:."

/* What stands behind http:// or https://, and the port that it means; NULL where it is neither. */
static const char *skip_scheme(const char *url, uint16_t *ret_port)
{
        static const char http[] = "http://", https[] = "https://";
        bool plain = strncasecmp(url, http, sizeof http - 1) == 0;

        if (!plain && strncasecmp(url, https, sizeof https - 1) != 0)
                return NULL;
        *ret_port = plain ? 80 : 443;
        return url + (plain ? sizeof http : sizeof https) - 1;
}

/* The length of the host: a name, an IPv4 address, or an IPv6 address with its brackets. 0: none. */
static size_t host_length(const char *at)
{
        if (*at != '[')
                return strspn(at, NAME_BYTES);
        size_t length = strspn(at + 1, IPV6_BYTES);
        return length > 0 && at[length + 1] == ']' ? length + 2 : 0;
}

/* No blanks, control characters, other alphabets, backslashes and no fragment. */
static bool is_plain(const char *text)
{
        for (; *text; text++)
                if (*text <= ' ' || *text > '~' || *text == '\\' || *text == '#')
                        return false;
        return true;
}

int timestamp_service_place(
        const char *url, char ret_host[TIMESTAMP_HOST_MAX], uint16_t *ret_port, struct error *error)
{
        uint16_t port = 0;
        const char *host = skip_scheme(url, &port), *end = host;
        size_t length = host ? host_length(host) : 0;
        bool good = length > 0 && length < TIMESTAMP_HOST_MAX && is_plain(url);

        if (good) {
                end = host + length;
                if (*end == ':') {
                        uint64_t number = 0;
                        size_t digits = strspn(end + 1, "0123456789");
                        good = slice_number(slice_make(end + 1, digits), UINT16_MAX, &number) == 0 &&
                               number > 0;
                        port = (uint16_t)number;
                        end += 1 + digits;
                }
                good = good && (*end == '\0' || *end == '/' || *end == '?');
        }
        if (!good)
                return error_set(error, -EINVAL,
                        "%s: is no address of a timestamp service: http:// or https:// with a host, "
                        "and no user, password or fragment",
                        url);
        memcpy(ret_host, host, length);
        ret_host[length] = '\0';
        *ret_port = port;
        return 0;
}
