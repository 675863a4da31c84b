/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/plan_word.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static void step(struct word_reader *reader, size_t length)
{
        reader->rest = slice_make(reader->rest.text + length, reader->rest.length - length);
}

static enum word_kind mark_of(char c)
{
        switch (c) {
        case '\n':
                return WORD_LINE_END;
        case '{':
                return WORD_OPEN;
        case '}':
                return WORD_CLOSE;
        case ',':
                return WORD_COMMA;
        case ';':
                return WORD_SEMICOLON;
        default:
                return WORD_TEXT;
        }
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct word_reader *reader)
{
        while (reader->rest.length) {
                const char *p = reader->rest.text;
                bool comment = p[0] == '#' || (reader->rest.length > 1 && p[0] == '/' && p[1] == '/');
                if (comment) {
                        const char *end = memchr(p, '\n', reader->rest.length);
                        step(reader, end ? (size_t)(end - p) : reader->rest.length);
                } else if (is_blank(p[0])) {
                        step(reader, 1);
                } else {
                        return;
                }
        }
}

struct plan_word word_next(struct word_reader *reader)
{
        skip_blanks(reader);
        struct plan_word word = {.kind = WORD_END, .line = reader->line};
        if (reader->rest.length == 0)
                return word;
        const char *p = reader->rest.text;
        word.kind = mark_of(p[0]);
        size_t length = 0;
        if (word.kind != WORD_TEXT) {
                reader->line += word.kind == WORD_LINE_END;
                step(reader, 1);
                return word;
        }
        if (p[0] == '"') { /* nft's strings have no escapes and no line ends */
                word.kind = WORD_QUOTED;
                for (length = 1; length < reader->rest.length && p[length] != '"' && p[length] != '\n';)
                        length++;
                word.text = slice_make(p + 1, length - 1);
                step(reader, length < reader->rest.length && p[length] == '"' ? length + 1 : length);
                return word;
        }
        while (length < reader->rest.length && !is_blank(p[length]) && mark_of(p[length]) == WORD_TEXT)
                length++;
        word.text = slice_make(p, length);
        step(reader, length);
        return word;
}

struct plan_word word_next_solid(struct word_reader *reader)
{
        struct plan_word word;

        do
                word = word_next(reader);
        while (word.kind == WORD_LINE_END);
        return word;
}

bool word_skip_block(struct word_reader *reader)
{
        for (uint64_t depth = 1; depth;) {
                struct plan_word word = word_next(reader);
                if (word.kind == WORD_END)
                        return false;
                depth += word.kind == WORD_OPEN ? 1 : 0;
                depth -= word.kind == WORD_CLOSE ? 1 : 0;
        }
        return true;
}

void plan_source_refuse(
        const struct decode_sink *sink, enum refusal refusal, uint64_t line, const char *format, ...)
{
        char detail[ERROR_TEXT_MAX], sentence[ERROR_TEXT_MAX - 32];
        va_list arguments;

        if (!sink->refused)
                return;
        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        snprintf(detail, sizeof detail, "line %" PRIu64 ": %s", line, sentence);
        sink->refused(sink->context, refusal, 0, detail);
}
