/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_PLAN_WORD_H
#define ROGATORY_WIRE_PLAN_WORD_H

/* Words of configurations written in braces: nft's listings, and those of Snabb. */

#include "base/slice.h"

#include "wire/sink.h"

enum word_kind {
        WORD_END,
        WORD_TEXT,
        WORD_QUOTED,
        WORD_LINE_END,
        WORD_OPEN,
        WORD_CLOSE,
        WORD_COMMA,
        WORD_SEMICOLON
};

struct plan_word {
        enum word_kind kind;
        struct slice text; /* into the listing; without its quotes */
        uint64_t line;     /* from 1 */
};

struct word_reader {
        struct slice rest;
        uint64_t line;
};

static inline struct word_reader word_reader_make(struct slice text)
{
        return (struct word_reader){.rest = text, .line = 1};
}

/* The next word. "#" and "//" begin a comment that ends with the line. */
struct plan_word word_next(struct word_reader *reader);

/* The next word that is no line end. */
struct plan_word word_next_solid(struct word_reader *reader);

/* Behind the closing brace that belongs to one already read. false where the text ends before it. */
bool word_skip_block(struct word_reader *reader);

/* "line N: ..." to the sink. */
void plan_source_refuse(const struct decode_sink *sink, enum refusal refusal, uint64_t line,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
