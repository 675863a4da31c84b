/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_IDENTIFIER_WORD_H
#define ROGATORY_ORDER_IDENTIFIER_WORD_H

/* The words of an excerpt, for identifier.c alone. Every reader of words returns how many it took, 0 where
 * they are not of its kind, and -EINVAL with a message where they are of its kind but wrong. */

#include "order/identifier.h"

#define EXCERPT_WORDS_MAX 512u

/* Cuts an excerpt at blanks and at what stands around words in logs: , ; " ' ( ) < > | and = (addresses of
 * pages at fewer of them). Returns the number of words, EXCERPT_WORDS_MAX + 1 for too many. */
size_t excerpt_words(struct slice excerpt, struct slice words[EXCERPT_WORDS_MAX]);

int instant_words(const struct slice *words, size_t count, const struct local_zone *zone,
        struct stated_instant *ret, struct error *error);

/* The readers of single identifiers write the canonical value, at most MODEL_SHORT bytes. */
struct read_value {
        char text[MODEL_SHORT + 1];
        uint64_t warnings;
};
int phone_words(const struct slice *words, size_t count, struct read_value *ret, struct error *error);
int email_word(struct slice word, struct read_value *ret, struct error *error);
int imei_word(struct slice word, bool expected, struct read_value *ret, struct error *error);
int mac_word(struct slice word, struct read_value *ret, struct error *error);
int url_word(struct slice word, struct read_value *ret, struct error *error);

#endif
