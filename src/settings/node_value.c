/* SPDX-License-Identifier: EUPL-1.2 */
#include "settings/node_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a bad value that a message repeats */

static const struct {
        const char *unit;
        unsigned shift;
} units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};
#define UNITS (sizeof units / sizeof units[0])

static int shown(struct slice value)
{
        return (int)(value.length > SHOWN_MAX ? SHOWN_MAX : value.length);
}

/* --- Numbers --- */

static const char *format_size(uint64_t size, char *text, size_t room)
{
        size_t i = 0;

        while (i + 1 < UNITS && (size >> units[i].shift == 0 || size & ((UINT64_C(1) << units[i].shift) - 1)))
                i++;
        snprintf(text, room, "%llu%s", (unsigned long long)(size >> units[i].shift), units[i].unit);
        return text;
}

int value_read_size(const struct key *key, struct slice value, uint64_t *field, struct error *problem)
{
        char least[32], most[32];
        size_t digits = 0, unit = 0;
        uint64_t number;

        while (digits < value.length && value.text[digits] >= '0' && value.text[digits] <= '9')
                digits++;
        struct slice rest = slice_make(value.text + digits, value.length - digits);
        while (unit < UNITS && !slice_is(rest, units[unit].unit))
                unit++;
        if (unit == UNITS || digits == 0)
                return error_set(problem, -EINVAL,
                        "\"%.*s\" is not a size; write a number and its unit: 512KiB, 32MiB, 4GiB",
                        shown(value), value.text);
        int r = slice_number(
                slice_make(value.text, digits), (uint64_t)key->most >> units[unit].shift, &number);
        if (r < 0 || number << units[unit].shift < (uint64_t)key->least)
                return error_set(problem, -EINVAL, "\"%.*s\" is outside %s to %s", shown(value), value.text,
                        format_size((uint64_t)key->least, least, sizeof least),
                        format_size((uint64_t)key->most, most, sizeof most));
        *field = number << units[unit].shift;
        return 0;
}

int value_write_size(uint64_t size, struct buffer *buffer)
{
        char text[32];
        return buffer_append_text(buffer, format_size(size, text, sizeof text));
}

int value_read_count(const struct key *key, struct slice value, uint32_t *field, struct error *problem)
{
        uint64_t number;

        if (slice_number(value, (uint64_t)key->most, &number) < 0 || number < (uint64_t)key->least)
                return error_set(problem, -EINVAL, "\"%.*s\" is not a whole number from %lld to %lld",
                        shown(value), value.text, (long long)key->least, (long long)key->most);
        *field = (uint32_t)number;
        return 0;
}

/* --- Addresses --- */

int value_read_address(struct slice value, struct address *field, struct error *problem)
{
        return address_parse(value, field, problem) < 0 ? -EINVAL : 0;
}

/* No address is "-" elsewhere; here it is every one of IPv6. */
static const char *address_text(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
        return address_is_none(address) ? "::" : address_format(address, text);
}

int value_write_address(const struct address *address, struct buffer *buffer)
{
        char text[ADDRESS_TEXT_MAX];
        return buffer_append_text(buffer, address_text(address, text));
}

int value_read_endpoint(struct slice value, struct endpoint *field, struct error *problem)
{
        struct address address;
        int port = -1;

        if (address_parse_with_port(value, &address, &port, problem) < 0)
                return -EINVAL;
        if (port <= 0)
                return error_set(problem, -EINVAL, "\"%.*s\" has no port; write 127.0.0.1:9464 or [::1]:9464",
                        shown(value), value.text);
        *field = (struct endpoint){.address = address, .port = (uint16_t)port};
        return 0;
}

int value_write_endpoint(const struct endpoint *endpoint, struct buffer *buffer)
{
        char text[ADDRESS_TEXT_MAX];

        if (endpoint->port == 0)
                return buffer->failed;
        return buffer_printf(buffer, address_is_ipv4(&endpoint->address) ? "%s:%u" : "[%s]:%u",
                address_text(&endpoint->address, text), endpoint->port);
}

/* --- Text --- */

int value_read_text(const struct key *key, struct slice value, char *field, struct error *problem)
{
        if (value.length > (size_t)key->most)
                return error_set(problem, -EINVAL, "\"%.*s...\" is longer than %lld bytes", shown(value),
                        value.text, (long long)key->most);
        for (size_t i = 0; i < value.length; i++)
                if ((unsigned char)value.text[i] < ' ' || value.text[i] == 0x7f)
                        return error_set(
                                problem, -EINVAL, "the value holds a control character (byte %zu)", i + 1);
        memset(field, 0, (size_t)key->most + 1);
        memcpy(field, value.text, value.length);
        return 0;
}

/* RFC 5280 section 4.2.1.6: a dNSName, here without a wildcard, because it names one exporter. */
int value_read_host(struct slice value, char *field, struct error *problem)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
        char name[SETTINGS_HOST_MAX] = "";

        if (value.length < sizeof name)
                memcpy(name, value.text, value.length);
        if (value.length >= sizeof name || name[0] == '\0' || name[0] == '.' || name[0] == '-' ||
                strspn(name, allowed) != value.length)
                return error_set(problem, -EINVAL,
                        "\"%.*s\" is not a DNS name; write it as in the certificate: cgn1.example.net",
                        shown(value), value.text);
        memcpy(field, name, sizeof name);
        return 0;
}

int value_read_path(const struct key *key, struct slice value, const struct settings_checks *checks,
        char *field, struct error *problem)
{
        char path[SETTINGS_PATH_MAX] = "";

        int r = value_read_text(key, value, path, problem);
        /* It must mean the same for whoever runs a program, wherever that is. */
        if (r == 0 && (path[0] != '/' || path[value.length - 1] == '/'))
                r = error_set(problem, -EINVAL,
                        "\"%.*s\" is no path of a file from the root; write it like /etc/rogatory/%s",
                        shown(value), value.text, key->name);
        if (r == 0 && checks && checks->file_is_sound)
                r = checks->file_is_sound(checks->context, key->file, path, problem);
        if (r == 0)
                memcpy(field, path, (size_t)key->most + 1);
        return r;
}

/* useradd(8): what a name of an account may look like. */
int value_read_account(const struct key *key, struct slice value, const struct settings_checks *checks,
        char *field, struct error *problem)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
        bool group = key->kind == KEY_GROUP;
        bool (*known)(void *, const char *) =
                !checks ? NULL : (group ? checks->group_is_known : checks->user_is_known);
        char name[SETTINGS_ACCOUNT_MAX] = "";

        if (value.length < sizeof name)
                memcpy(name, value.text, value.length);
        if (name[0] == '\0' || name[0] == '-' || name[0] == '.' || strspn(name, allowed) != value.length)
                return error_set(problem, -EINVAL, "\"%.*s\" is not the name of a %s", shown(value),
                        value.text, group ? "group" : "user");
        if (!group && strcmp(name, "root") == 0)
                return error_set(problem, -EINVAL, "root cannot be confined; name another user");
        if (known && !known(checks->context, name))
                return error_set(problem, -EINVAL, "there is no %s \"%s\" on this system; make it with %s",
                        group ? "group" : "user", name,
                        group ? "groupadd --system" : "useradd --system --shell /usr/sbin/nologin");
        memcpy(field, name, sizeof name);
        return 0;
}

/* --- Lists of names --- */

static int add_name(struct name_list *list, struct slice piece, struct error *problem)
{
        char name[SETTINGS_NAME_MAX] = "";

        if (piece.length < sizeof name)
                memcpy(name, piece.text, piece.length);
        if (strlen(name) != piece.length || !settings_name_is_valid(name))
                return error_set(problem, -EINVAL, "\"%.*s\" is not a name", shown(piece), piece.text);
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->items[i], name) == 0)
                        return error_set(problem, -EINVAL, "\"%s\" stands there twice", name);
        char(*grown)[SETTINGS_NAME_MAX] = realloc(list->items, (list->count + 1) * sizeof *grown);
        if (!grown)
                return -ENOMEM;
        list->items = grown;
        memcpy(list->items[list->count++], name, sizeof name);
        return 0;
}

int value_read_names(struct slice value, struct name_list *field, struct error *problem)
{
        struct name_list list = {.items = NULL};
        int r = 0;

        while (r == 0 && value.length) {
                if (list.count == SETTINGS_LISTENERS_MAX)
                        r = error_set(problem, -EINVAL, "more than %d names", SETTINGS_LISTENERS_MAX);
                else
                        r = add_name(&list, slice_trim(slice_cut(&value, ',')), problem);
        }
        if (r < 0) {
                free(list.items);
                return r;
        }
        free(field->items);
        *field = list;
        return 0;
}

int value_write_names(const struct name_list *list, struct buffer *buffer)
{
        for (size_t i = 0; i < list->count; i++)
                buffer_printf(buffer, "%s%s", i ? ", " : "", list->items[i]);
        return buffer->failed;
}
