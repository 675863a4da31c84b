/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/syslog_match.h"

#include "wire/syslog_field.h"

#include <errno.h>
#include <stdlib.h>

#define OPS_MAX 64    /* literals and fields of one pattern */
#define KEY_SLOTS 128 /* power of two, well above SYSLOG_KEYS_MAX */
#define LEAD_LEAST 6  /* a literal of this length at the beginning of a message tells its family */
#define STRAY_LEAST 8 /* ... and of this length anywhere in a line; a mark of MARK_LEAST */
#define MARK_LEAST 5
#define MARKS_MAX 512

struct op {
        const char *text; /* NULL: a field */
        uint16_t length;
        uint8_t field; /* enum syslog_field */
};

struct syslog_compiled {
        const struct syslog_family *family;
        const struct syslog_pattern *pattern;
        struct slice lead, mark;
        uint32_t lead_word, lead_mask; /* its first bytes, up to four and before a blank */
        struct op ops[OPS_MAX];
        unsigned op_count;
        uint8_t key_slots[KEY_SLOTS]; /* index of the key plus 1; 0: empty */
        uint64_t key_lengths;         /* bit set of the keys' lengths */
        unsigned needed;              /* keys that must come */
        bool is_bracketed;            /* the keys end with a closing bracket */
};

struct syslog_book {
        struct syslog_compiled *patterns; /* owned; sorted by the first byte of lead, then as in the tables */
        size_t count;
        size_t first[257]; /* where the patterns of a first byte begin */
        struct {
                struct slice text;
                const struct syslog_family *family;
        } marks[MARKS_MAX];
        size_t mark_count;
        uint8_t mark_words[8192]; /* bit set of the hashes of their first four bytes */
};

static uint32_t word_at(const char *text)
{
        uint32_t word;

        memcpy(&word, text, sizeof word);
        return word;
}

static uint32_t word_hash(uint32_t word)
{
        return word * UINT32_C(2654435761) >> 16;
}

/* --- Compiling --- */

static const char *const field_names[SYSLOG_FIELD_COUNT] = {[SYSLOG_WORD] = "word",
        [SYSLOG_TEXT] = "text",
        [SYSLOG_INSIDE] = "inside",
        [SYSLOG_INSIDE_PORT] = "inside-port",
        [SYSLOG_OUTSIDE] = "outside",
        [SYSLOG_FIRST] = "first",
        [SYSLOG_LAST] = "last",
        [SYSLOG_COUNT] = "count",
        [SYSLOG_DESTINATION] = "destination",
        [SYSLOG_DESTINATION_PORT] = "destination-port",
        [SYSLOG_PROTOCOL] = "protocol",
        [SYSLOG_VRF] = "vrf",
        [SYSLOG_SESSION] = "session",
        [SYSLOG_EPOCH_HEX] = "epoch-hex",
        [SYSLOG_EPOCH] = "epoch",
        [SYSLOG_STAMP] = "stamp",
        [SYSLOG_DATE] = "date",
        [SYSLOG_TIME] = "time",
        [SYSLOG_ZONE] = "zone",
        [SYSLOG_LASTED_MS] = "lasted-ms",
        [SYSLOG_LASTED_S] = "lasted-s",
        [SYSLOG_ACTION] = "action"};

static int field_by_name(struct slice name)
{
        for (int i = 0; i < SYSLOG_FIELD_COUNT; i++)
                if (slice_is(name, field_names[i]))
                        return i;
        return -EINVAL;
}

static bool add_op(struct syslog_compiled *c, struct op op)
{
        if (c->op_count == OPS_MAX)
                return false;
        c->ops[c->op_count++] = op;
        return true;
}

static bool add_field(struct syslog_compiled *c, struct slice *rest)
{
        *rest = slice_make(rest->text + 2, rest->length - 2);
        struct slice name = slice_cut(rest, '}');
        int field = field_by_name(name);

        if (field < 0)
                return false;
        if (field == SYSLOG_ACTION && !c->pattern->words)
                return false;
        /* Two fields side by side: nobody could tell where the first ends. */
        if (c->op_count && !c->ops[c->op_count - 1].text)
                return false;
        return add_op(c, (struct op){.field = (uint8_t)field});
}

static bool compile_text(struct syslog_compiled *c)
{
        struct slice rest = slice_of(c->pattern->text);

        while (rest.length) {
                if (slice_starts(rest, "%{")) {
                        if (!add_field(c, &rest))
                                return false;
                        continue;
                }
                if (rest.text[0] == '%') { /* "%%": the literal begins with the second one */
                        if (!slice_starts(rest, "%%"))
                                return false;
                        rest = slice_make(rest.text + 1, rest.length - 1);
                }
                size_t length = 1;
                while (length < rest.length && rest.text[length] != '%')
                        length++;
                if (!add_op(c, (struct op){.text = rest.text, .length = (uint16_t)length}))
                        return false;
                rest = slice_make(rest.text + length, rest.length - length);
        }
        return c->op_count && c->ops[0].text && c->ops[0].text[0] != ' ';
}

static unsigned key_hash(const char *key, size_t length)
{
        return ((unsigned)length * 31u + (unsigned char)key[0] * 7u + (unsigned char)key[length - 1] * 3u) &
               (KEY_SLOTS - 1);
}

static bool compile_keys(struct syslog_compiled *c)
{
        const struct syslog_pattern *p = c->pattern;

        if (p->key_count > SYSLOG_KEYS_MAX)
                return false;
        for (size_t i = 0; i < p->key_count; i++) {
                size_t length = strlen(p->keys[i].key);
                if (length == 0 || length > 63 || (p->keys[i].field == SYSLOG_ACTION && !p->keys[i].words))
                        return false;
                unsigned slot = key_hash(p->keys[i].key, length);
                while (c->key_slots[slot])
                        slot = (slot + 1) & (KEY_SLOTS - 1);
                c->key_slots[slot] = (uint8_t)(i + 1);
                c->key_lengths |= UINT64_C(1) << length;
                c->needed += !p->keys[i].optional;
        }
        c->is_bracketed = p->key_count && p->text[strlen(p->text) - 1] == '[';
        return true;
}

static bool compile(
        struct syslog_compiled *c, const struct syslog_family *family, const struct syslog_pattern *pattern)
{
        c->family = family;
        c->pattern = pattern;
        if (!pattern->text || !compile_text(c) || !compile_keys(c))
                return false;
        c->lead = slice_make(c->ops[0].text, c->ops[0].length);
        c->mark = pattern->mark ? slice_of(pattern->mark) : (struct slice){0};
        char first[4] = "", mask[4] = "";
        for (size_t i = 0; i < 4 && i < c->lead.length && c->lead.text[i] != ' '; i++) {
                first[i] = c->lead.text[i];
                mask[i] = (char)0xff;
        }
        c->lead_word = word_at(first);
        c->lead_mask = word_at(mask);
        if (pattern->second_mark && strlen(pattern->second_mark) < MARK_LEAST)
                return false;
        return pattern->mark ? c->mark.length >= MARK_LEAST : c->lead.length >= LEAD_LEAST;
}

static bool note_mark(struct syslog_book *book, const struct syslog_family *family, struct slice mark)
{
        for (size_t i = 0; i < book->mark_count; i++)
                if (book->marks[i].text.length == mark.length &&
                        memcmp(book->marks[i].text.text, mark.text, mark.length) == 0)
                        return true;
        if (book->mark_count == MARKS_MAX)
                return false;
        uint32_t hash = word_hash(word_at(mark.text));
        book->mark_words[hash >> 3] |= (uint8_t)(1u << (hash & 7));
        book->marks[book->mark_count].text = mark;
        book->marks[book->mark_count++].family = family;
        return true;
}

static bool note_marks(struct syslog_book *book, const struct syslog_compiled *c)
{
        struct slice second = slice_of(c->pattern->second_mark ? c->pattern->second_mark : "");
        bool noted = (!c->mark.length || note_mark(book, c->family, c->mark)) &&
                     (!second.length || note_mark(book, c->family, second));

        return noted && (c->lead.length < STRAY_LEAST || note_mark(book, c->family, c->lead));
}

static int compile_all(struct syslog_book *book)
{
        size_t family_count, at = 0;
        const struct syslog_family *const *families = syslog_families(&family_count);

        for (int byte = 0; byte < 256; byte++) {
                book->first[byte] = at;
                for (size_t i = 0; i < family_count; i++)
                        for (size_t k = 0; k < families[i]->pattern_count; k++) {
                                const struct syslog_pattern *p = &families[i]->patterns[k];
                                if (!p->text || (unsigned char)p->text[0] != byte)
                                        continue;
                                struct syslog_compiled *c = &book->patterns[at++];
                                if (!compile(c, families[i], p) || !note_marks(book, c))
                                        return -EINVAL;
                        }
        }
        book->first[256] = at;
        return at == book->count ? 0 : -EINVAL;
}

int syslog_book_make(struct syslog_book **ret_book)
{
        size_t family_count, count = 0;
        const struct syslog_family *const *families = syslog_families(&family_count);
        struct syslog_book *book = calloc(1, sizeof *book);

        for (size_t i = 0; i < family_count; i++)
                count += families[i]->pattern_count;
        if (book)
                book->patterns = calloc(count ? count : 1, sizeof *book->patterns);
        if (!book || !book->patterns) {
                syslog_book_free(book);
                return -ENOMEM;
        }
        book->count = count;
        int r = compile_all(book);
        if (r < 0) {
                syslog_book_free(book);
                return r;
        }
        *ret_book = book;
        return 0;
}

void syslog_book_free(struct syslog_book *book)
{
        if (book)
                free(book->patterns);
        free(book);
}

/* --- Matching --- */

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static struct slice after_blanks(struct slice text)
{
        while (text.length && is_blank(text.text[0])) {
                text.text++;
                text.length--;
        }
        return text;
}

/* A blank of the literal stands for one or more. */
static bool take_literal(struct slice *rest, const char *literal, size_t length)
{
        if (rest->length >= length && memcmp(rest->text, literal, length) == 0) {
                *rest = slice_make(rest->text + length, rest->length - length);
                if (literal[length - 1] == ' ')
                        *rest = after_blanks(*rest);
                return true;
        }
        struct slice after = *rest;
        for (size_t i = 0; i < length; i++) {
                if (after.length == 0)
                        return false;
                if (literal[i] == ' ') {
                        if (!is_blank(after.text[0]))
                                return false;
                        after = after_blanks(after);
                        continue;
                }
                if (after.text[0] != literal[i])
                        return false;
                after = slice_make(after.text + 1, after.length - 1);
        }
        *rest = after;
        return true;
}

/* What stands before the next literal: a word without blanks, or any text. */
static bool take_skipped(struct slice *rest, const struct op *op, const struct op *next)
{
        if (op->field == SYSLOG_TEXT) {
                const char *end = next && rest->length
                                          ? memmem(rest->text, rest->length, next->text, next->length)
                                          : NULL;
                if (next && !end)
                        return false;
                size_t length = next ? (size_t)(end - rest->text) : rest->length;
                *rest = slice_make(rest->text + length, rest->length - length);
                return true;
        }
        struct slice word = syslog_word_before(*rest, next ? next->text[0] : ' ');
        *rest = slice_make(rest->text + word.length, rest->length - word.length);
        return word.length > 0;
}

/* Matches the ops behind the first literal. *rest is where it stopped, also on failure. */
static bool match_ops(const struct syslog_compiled *c, struct slice *rest, struct syslog_found *found)
{
        for (unsigned i = 1; i < c->op_count; i++) {
                const struct op *op = &c->ops[i], *next = i + 1 < c->op_count ? op + 1 : NULL;
                if (op->text) {
                        if (!take_literal(rest, op->text, op->length))
                                return false;
                } else if (op->field <= SYSLOG_TEXT) {
                        if (!take_skipped(rest, op, next))
                                return false;
                } else if (!syslog_take_field(
                                   rest, op->field, next ? next->text[0] : ' ', c->pattern->words, found)) {
                        return false;
                }
        }
        return true;
}

static const struct syslog_key *find_key(const struct syslog_compiled *c, const char *key, size_t length)
{
        if (length == 0 || length > 63 || !(c->key_lengths >> length & 1))
                return NULL;
        for (unsigned slot = key_hash(key, length); c->key_slots[slot]; slot = (slot + 1) & (KEY_SLOTS - 1)) {
                const struct syslog_key *known = &c->pattern->keys[c->key_slots[slot] - 1];
                if (strncmp(known->key, key, length) == 0 && known->key[length] == '\0')
                        return known;
        }
        return NULL;
}

/* What ends a key, and a value without quotes. */
static const bool ends_key[256] = {['='] = true, [' '] = true, ['\t'] = true, [']'] = true, [','] = true};
static const bool ends_value[256] = {[' '] = true, ['\t'] = true, [','] = true};

/* The value behind "key=". false where it does not end: the line is cut off. */
static bool take_value(struct slice *rest, bool is_bracketed, struct slice *ret)
{
        if (rest->length && rest->text[0] == '"') {
                size_t at = 1;
                for (;;) {
                        const char *quote =
                                at < rest->length ? memchr(rest->text + at, '"', rest->length - at) : NULL;
                        if (!quote)
                                return false;
                        size_t end = (size_t)(quote - rest->text), escapes = 0;
                        while (rest->text[end - 1 - escapes] == '\\')
                                escapes++;
                        at = end + 1;
                        if (escapes % 2 == 0)
                                break;
                }
                *ret = slice_make(rest->text + 1, at - 2);
                *rest = slice_make(rest->text + at, rest->length - at);
                return true;
        }
        size_t length = 0;
        while (length < rest->length && !ends_value[(unsigned char)rest->text[length]] &&
                !(is_bracketed && rest->text[length] == ']'))
                length++;
        *ret = slice_make(rest->text, length);
        bool ended = length < rest->length;
        *rest = slice_make(rest->text + length, rest->length - length);
        return ended;
}

static struct slice after_separators(struct slice text)
{
        while (text.length && (is_blank(text.text[0]) || text.text[0] == ',')) {
                text.text++;
                text.length--;
        }
        return text;
}

static size_t key_length(struct slice text)
{
        size_t length = 0;

        while (length < text.length && !ends_key[(unsigned char)text.text[length]])
                length++;
        return length;
}

/* What follows is another pair, or nothing: a word that is no pair tells that a value before it was torn.
 * Only in brackets it has a meaning ("junos@2636.1.1.1.2.28"). */
static bool goes_on(const struct syslog_compiled *c, struct slice rest)
{
        rest = after_separators(rest);
        size_t length = key_length(rest);

        return c->is_bracketed || rest.length == 0 || (length < rest.length && rest.text[length] == '=');
}

/* key=value, key="value" up to the end. Stops as soon as every key of the pattern was met: what follows was
 * not asked for. */
static bool match_keys(const struct syslog_compiled *c, struct slice *rest, struct syslog_found *found)
{
        uint32_t met = 0;
        unsigned left = (unsigned)c->pattern->key_count, needed = c->needed;

        while (left) {
                *rest = after_separators(*rest);
                if (rest->length == 0 || (c->is_bracketed && rest->text[0] == ']'))
                        break;
                if (!goes_on(c, *rest))
                        return false;
                size_t length = key_length(*rest);
                if (length == rest->length || rest->text[length] != '=') {
                        length += length == 0;
                        *rest = slice_make(rest->text + length, rest->length - length);
                        continue;
                }
                const struct syslog_key *key = find_key(c, rest->text, length);
                struct slice value, at = *rest;
                *rest = slice_make(rest->text + length + 1, rest->length - length - 1);
                bool ended = take_value(rest, c->is_bracketed, &value);
                uint32_t bit = key ? UINT32_C(1) << (key - c->pattern->keys) : 0;
                bool sound = key ? ended && !(met & bit) && syslog_take_value(value, key, found)
                                 : ended || rest->length == 0;
                if (!sound) {
                        *rest = at;
                        return false;
                }
                met |= bit;
                left -= key != NULL;
                needed -= key && !key->optional;
        }
        return needed == 0 && goes_on(c, *rest);
}

static bool match_one(const struct syslog_compiled *c, struct slice *rest, struct syslog_found *found)
{
        found->has = 0;
        found->action = SYSLOG_PASS;
        if (!match_ops(c, rest, found))
                return false;
        if (c->pattern->key_count)
                return match_keys(c, rest, found);
        *rest = after_blanks(*rest);
        return rest->length == 0 || (c->pattern->flags & SYSLOG_REPEATS);
}

static void note_stuck(
        struct syslog_match *ret, const struct syslog_compiled *c, struct slice text, struct slice rest)
{
        if (ret->family && text.length - rest.length < text.length - ret->stuck.length)
                return;
        ret->family = c->family;
        ret->stuck = rest;
}

bool syslog_book_match(const struct syslog_book *book, struct slice text, const struct syslog_family *only,
        struct syslog_match *ret)
{
        unsigned char first = text.length ? (unsigned char)text.text[0] : 0;
        uint32_t word = text.length >= 4 ? word_at(text.text) : 0;

        ret->family = NULL;
        ret->pattern = NULL;
        for (size_t i = book->first[first]; text.length >= 4 && i < book->first[first + 1]; i++) {
                const struct syslog_compiled *c = &book->patterns[i];
                struct slice rest = text;
                if ((word & c->lead_mask) != c->lead_word)
                        continue;
                if ((only && c->family != only) || !take_literal(&rest, c->lead.text, c->lead.length))
                        continue;
                if (c->lead.length < LEAD_LEAST &&
                        !memmem(text.text, text.length, c->mark.text, c->mark.length))
                        continue;
                if (match_one(c, &rest, &ret->found)) {
                        ret->family = c->family;
                        ret->pattern = c->pattern;
                        ret->rest = rest;
                        return true;
                }
                note_stuck(ret, c, text, rest);
        }
        return false;
}

bool syslog_book_match_next(const struct syslog_book *book, struct slice text, struct syslog_match *match)
{
        struct syslog_match next;

        if (!syslog_book_match(book, text, match->family, &next) || !(next.pattern->flags & SYSLOG_REPEATS)) {
                match->stuck = text;
                return false;
        }
        *match = next;
        return true;
}

const struct syslog_family *syslog_book_marked(const struct syslog_book *book, struct slice text)
{
        for (size_t at = 0; at + MARK_LEAST <= text.length; at++) {
                uint32_t hash = word_hash(word_at(text.text + at));
                if (!(book->mark_words[hash >> 3] >> (hash & 7) & 1))
                        continue;
                for (size_t i = 0; i < book->mark_count; i++) {
                        struct slice mark = book->marks[i].text;
                        if (mark.length <= text.length - at &&
                                memcmp(mark.text, text.text + at, mark.length) == 0)
                                return book->marks[i].family;
                }
        }
        return NULL;
}
