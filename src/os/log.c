/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096 /* below PIPE_BUF, so that lines of several processes do not mix */

static const char *log_program = "rogatory";
static bool log_on_terminal;

void log_begin(const char *program)
{
        log_program = program;
        log_on_terminal = isatty(STDERR_FILENO);
}

static void write_line(const char *line, size_t length)
{
        while (length > 0) {
                ssize_t written = write(STDERR_FILENO, line, length);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return;
                line += written;
                length -= (size_t)written;
        }
}

void log_event(enum log_weight weight, const char *event, const char *fields, ...)
{
        char line[LINE_MAX_BYTES], more[LINE_MAX_BYTES] = "", weight_text[8] = "";
        int kept = errno;
        va_list arguments;

        if (!log_on_terminal)
                snprintf(weight_text, sizeof weight_text, "<%d>", (int)weight);
        if (fields) {
                va_start(arguments, fields);
                vsnprintf(more, sizeof more, fields, arguments);
                va_end(arguments);
        }
        int length = snprintf(line, sizeof line - 1, "%s%s event=%s%s%s", weight_text, log_program, event,
                more[0] ? " " : "", more);
        if (length > (int)sizeof line - 2)
                length = (int)sizeof line - 2;
        /* One event is one line, whatever stood in it. */
        for (int i = 0; i < length; i++)
                if ((unsigned char)line[i] < ' ')
                        line[i] = ' ';
        line[length++] = '\n';
        write_line(line, (size_t)length);
        errno = kept;
}

char *log_quote(const char *text, char quoted[LOG_QUOTED_MAX])
{
        size_t length = 0;

        quoted[length++] = '"';
        for (; *text && length < LOG_QUOTED_MAX - 6; text++) {
                unsigned char byte = (unsigned char)*text;
                if (byte < ' ' || byte == 0x7f) {
                        length += (size_t)snprintf(quoted + length, 5, "\\x%02x", byte);
                        continue;
                }
                if (byte == '"' || byte == '\\')
                        quoted[length++] = '\\';
                quoted[length++] = *text;
        }
        quoted[length++] = '"';
        quoted[length] = '\0';
        return quoted;
}
