/* SPDX-License-Identifier: EUPL-1.2 */
/* Names that no system takes for a way out of the folder, or for another name. */
#include "container/zip_shape.h"

#include <string.h>

static bool is_control(unsigned char byte)
{
        return byte < 0x20 || byte == 0x7f;
}

const char *zip_name_wrong(const char *name, size_t length)
{
        if (length == 0)
                return "it is empty";
        if (length > CONTAINER_NAME_MAX)
                return "it is too long";
        if (name[0] == '/')
                return "it begins at the root";
        size_t part = 0; /* where the current part begins */
        for (size_t i = 0; i <= length; i++) {
                char at = i < length ? name[i] : '/';
                if (i < length && is_control((unsigned char)at))
                        return "it has a control character";
                if (at == '\\' || at == ':')
                        return "it has a backslash or a colon, which some systems take for a separator";
                if (at != '/')
                        continue;
                size_t size = i - part;
                if (i == length && size == 0 && length > 1)
                        break; /* the slash at the end of a folder's name */
                if (size == 0)
                        return "a part of it is empty";
                if (name[part] == '.' && (size == 1 || (size == 2 && name[part + 1] == '.')))
                        return "it leaves its folder";
                if (name[i - 1] == '.' || name[i - 1] == ' ')
                        return "a part of it ends with a dot or a blank, which some systems drop";
                part = i + 1;
        }
        return NULL;
}

bool zip_name_is_plain(const char *name)
{
        return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/")] ==
                       '\0' &&
               name[0] != '.' && !strstr(name, "/.");
}
