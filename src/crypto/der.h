/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CRYPTO_DER_H
#define ROGATORY_CRYPTO_DER_H

/* Elements of DER (ITU-T X.690 clause 10), one after the other. What is allowed in BER only (indefinite or
 * long-winded lengths) is refused, so that one value has one writing. Pure; allocates nothing. */

#include "base/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DER_DEPTH_MAX 32

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_OCTETS 0x04
#define DER_NULL 0x05
#define DER_OBJECT 0x06
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT(number) (uint8_t)(0x80 | (number))        /* primitive */
#define DER_CONTEXT_WITHIN(number) (uint8_t)(0xa0 | (number)) /* constructed */

struct der {
        uint8_t tag;            /* identifier octet; high tag numbers are refused */
        const uint8_t *content; /* borrowed */
        size_t length;          /* of the content */
        const uint8_t *whole;   /* with tag and length */
        size_t whole_length;
};

/* The next element. false (and overrun set) where none is readable. */
bool der_next(struct cursor *cursor, struct der *ret_element);

/* The next element, which must have this tag. */
bool der_expect(struct cursor *cursor, uint8_t tag, struct der *ret_element);

/* Is the next element's tag this one? At the end: no. */
bool der_follows(const struct cursor *cursor, uint8_t tag);

struct cursor der_within(const struct der *element);

/* Is the element this object identifier (its content octets)? */
bool der_is(const struct der *element, const void *object, size_t length);

/* A small number 0..127, or -1. */
int der_small(const struct der *element);

/* Is every element in it well-formed down to the last, no deeper than DER_DEPTH_MAX? */
bool der_is_sound(const void *bytes, size_t length);

#endif
