/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut message must show that it was cut. */
static void mark_cut(char *text, int wanted)
{
        if (wanted >= ERROR_TEXT_MAX)
                memcpy(text + ERROR_TEXT_MAX - 4, "...", 4);
}

int error_set(struct error *error, int code, const char *format, ...)
{
        va_list arguments;

        if (!error)
                return code;
        va_start(arguments, format);
        int wanted = vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        mark_cut(error->text, wanted);
        error->code = code;
        return code;
}

int error_prefix(struct error *error, int code, const char *format, ...)
{
        char prefix[ERROR_TEXT_MAX];
        char reason[ERROR_TEXT_MAX];
        va_list arguments;

        if (!error)
                return code;
        va_start(arguments, format);
        vsnprintf(prefix, sizeof prefix, format, arguments);
        va_end(arguments);
        memcpy(reason, error->text, sizeof reason);
        int wanted = snprintf(error->text, sizeof error->text, "%s%s", prefix, reason);
        mark_cut(error->text, wanted);
        error->code = code;
        return code;
}
