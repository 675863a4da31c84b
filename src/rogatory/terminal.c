/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/terminal.h"

#include "base/slice.h"
#include "os/file.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_COLUMNS 80

int output_write(const struct buffer *text)
{
        struct error error = {0};

        if (text->failed) {
                complain("the result could not be written out: %s",
                        text->failed == -EFBIG ? "it is too long" : "not enough memory");
                return EXIT_FAILED;
        }
        if (text->length > 0 &&
                file_write_all(STDOUT_FILENO, text->bytes, text->length, "standard output", &error) < 0)
                return complain_error(&error);
        return EXIT_DONE;
}

void output_json_line(struct buffer *text, json_t *value)
{
        char *line = value ? json_dumps(value, JSON_PRESERVE_ORDER | JSON_COMPACT | JSON_REAL_PRECISION(15))
                           : NULL;

        if (line) {
                buffer_append_text(text, line);
                buffer_append_u8(text, '\n');
        } else if (!text->failed) {
                text->failed = -ENOMEM;
        }
        free(line);
        json_decref(value);
}

static void complain_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void complain_list(const char *format, va_list arguments)
{
        fputs("rogatory: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
}

void complain(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        complain_list(format, arguments);
        va_end(arguments);
}

int complain_usage(const struct command *command, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        complain_list(format, arguments);
        va_end(arguments);
        fprintf(stderr, "Try 'rogatory %s%s--help'.\n", command ? command->name : "", command ? " " : "");
        return EXIT_USAGE;
}

int complain_error(const struct error *error)
{
        complain("%s", error->text[0] ? error->text : strerror(error->code < 0 ? -error->code : EIO));
        return EXIT_FAILED;
}

int print_help(const struct command *command)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        command_write_help(command, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

/* --- Foreign text --- */

/* The bytes of the UTF-8 character (RFC 3629 section 4) at text, and its code point; 0 where there is none.
 */
static unsigned utf8_character(const uint8_t *text, size_t left, uint32_t *ret_point)
{
        static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
        uint32_t point = length == 1 ? text[0] : text[0] & (0x7fu >> length);

        if (length > left || (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4)))
                return 0;
        for (unsigned i = 1; i < length; i++) {
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (text[i] & 0x3fu);
        }
        if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
                return 0;
        *ret_point = point;
        return length;
}

/* Control characters, and the characters that are invisible or turn the direction of writing. */
static bool is_treacherous(uint32_t point)
{
        return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
               (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
               (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
               (point >= 0xe0000 && point <= 0xe0fff);
}

static void append_escaped(struct buffer *text, const char *foreign, bool only_invalid)
{
        const uint8_t *at = (const uint8_t *)foreign;

        while (*at) {
                uint32_t point = 0;
                unsigned length = utf8_character(at, strlen((const char *)at), &point);
                bool plain = length > 0 && (only_invalid || !is_treacherous(point));
                unsigned taken = length > 0 ? length : 1;
                if (plain)
                        buffer_append(text, at, taken);
                for (unsigned i = 0; i < taken && !plain; i++)
                        buffer_printf(text, "\\x%02x", at[i]);
                at += taken;
        }
}

void append_foreign(struct buffer *text, const char *foreign)
{
        append_escaped(text, foreign, false);
}

void append_wrapped(struct buffer *text, const char *words, unsigned column, unsigned indent)
{
        struct slice rest = slice_of(words);
        bool first = true;

        for (struct slice word = slice_word(&rest); word.length > 0; word = slice_word(&rest)) {
                if (!first && column + 1 + word.length > LINE_COLUMNS) {
                        buffer_printf(text, "\n%*s", (int)indent, "");
                        column = indent;
                } else if (!first) {
                        buffer_append_u8(text, ' ');
                        column++;
                }
                buffer_append(text, word.text, word.length);
                column += (unsigned)word.length;
                first = false;
        }
        buffer_append_u8(text, '\n');
}

json_t *json_foreign(const char *foreign)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        append_escaped(&text, foreign, true);
        json_t *value =
                text.failed ? NULL : json_stringn(text.length ? (const char *)text.bytes : "", text.length);
        buffer_free(&text);
        return value;
}

/* A byte or two that JSON writes in its own way (RFC 8259 section 7). */
static void append_json_control(struct buffer *text, uint8_t byte)
{
        switch (byte) {
        case '"':
                buffer_append_text(text, "\\\"");
                break;
        case '\\':
                buffer_append_text(text, "\\\\");
                break;
        default:
                buffer_printf(text, "\\u%04x", byte);
                break;
        }
}

/* Bytes that JSON writes as they are (RFC 8259 section 7). */
static const bool json_plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7f] = true};

void append_json_string(struct buffer *text, struct slice foreign)
{
        const uint8_t *at = (const uint8_t *)foreign.text, *end = at + foreign.length;

        buffer_append_u8(text, '"');
        while (at < end) {
                uint32_t point = 0;
                const uint8_t *plain = at;
                while (at < end && json_plain[*at])
                        at++;
                if (at > plain) {
                        buffer_append(text, plain, (size_t)(at - plain));
                        continue;
                }
                unsigned length = utf8_character(at, (size_t)(end - at), &point);
                if (length == 0)
                        buffer_printf(text, "\\\\x%02x", *at);
                else if (point < 0x20 || point == '"' || point == '\\')
                        append_json_control(text, *at);
                else
                        buffer_append(text, at, length);
                at += length ? length : 1;
        }
        buffer_append_u8(text, '"');
}
