/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_MODEL_H
#define ROGATORY_ORDER_MODEL_H

/* How a struct of order.h describes itself: a table with a row per field. What has to treat every field alike
 * (making, freeing, copying, comparing, reading and writing JSON, showing a form, finding what is missing)
 * walks the tables, so that a field added to a struct and its table is nowhere forgotten.
 *
 * Ownership: a struct owns all its texts and lists. model_init before first use, model_free when done; a
 * freed struct is initialised again. Structs are never copied by assignment, only by model_copy. */

#include "base/address.h"
#include "base/error.h"
#include "base/time.h"
#include "order/vocabulary.h"

#define MODEL_ID_MAX 37           /* "f81d4fae-7dec-41d0-a765-00a0c91e6bf6" and an end mark */
#define MODEL_COUNTRY_MAX 3       /* "AT" and an end mark */
#define MODEL_ORGANISATION_MAX 64 /* "at-prosecution-vienna" and an end mark */
#define MODEL_PERSON_MAX 128      /* "login@organisation" and an end mark */
#define MODEL_DIGEST_BYTES 32
#define MODEL_SHORT 255u     /* bytes; ShortString of ETSI TS 103 280 */
#define MODEL_LONG 65535u    /* bytes; LongString of ETSI TS 103 280 */
#define MODEL_TEXTS_MAX 256u /* items in a list of texts */
#define MODEL_DEPTH_MAX 8u   /* structs within structs, in our own tables */
#define MODEL_PATH_MAX 192
#define MODEL_UNSTATED INT64_MIN

enum model_kind {
        MODEL_TEXT,         /* char *: owned; NULL: not given. Never empty. limit: bytes */
        MODEL_ID,           /* char[MODEL_ID_MAX]: UUID, lower case; "": not given */
        MODEL_COUNTRY,      /* char[MODEL_COUNTRY_MAX]: ISO 3166-1 alpha-2, upper case; "": not given */
        MODEL_ORGANISATION, /* char[MODEL_ORGANISATION_MAX]: [a-z0-9-]; "": not given */
        MODEL_PERSON,       /* char[MODEL_PERSON_MAX]: login@organisation; "": not given */
        MODEL_INSTANT,      /* int64_t: ms since 1970 UTC; TIME_UNKNOWN: not given */
        MODEL_NUMBER,       /* int64_t: 0..limit; MODEL_UNSTATED: not given */
        MODEL_SIGNED,       /* int64_t: -limit..limit; MODEL_UNSTATED: not given */
        MODEL_CHOICE,       /* an enum of vocabulary.h; 0: not given */
        MODEL_SET,          /* uint64_t: WORD_BITs; 0: not given */
        MODEL_DIGEST,       /* uint8_t[32]: SHA-256; all zero: not given */
        MODEL_ADDRESS,      /* struct address; none: not given */
        MODEL_PART,         /* an embedded struct; given where any of its fields is */
        MODEL_LIST,         /* { struct X *items; size_t count; }; limit: items. Not given: empty */
        MODEL_TEXTS,        /* struct text_list; limit: bytes of each */
};

struct text_list {
        char **items; /* owned, and each text */
        size_t count;
};

struct model_type;

struct model_field {
        const char *name; /* stable: the member's name, and its name in JSON */
        const char
                *section;  /* where it stands in the forms: "1E 2C" is Form 1 section E and Form 2 section C;
                            * "" for what no form has */
        const char *label; /* for people: lower case, no full stop */
        enum model_kind kind;
        size_t offset;
        uint32_t limit;
        const struct vocabulary *words; /* of MODEL_CHOICE and MODEL_SET */
        const struct model_type *part;  /* of MODEL_PART and MODEL_LIST */
        uint32_t need;                  /* bits of enum form_condition (form.h): mandatory where one holds */
        uint32_t bar;                   /* the same: must not be given where one holds */
};

struct model_type {
        const char *name; /* "identifier" */
        size_t size;
        const struct model_field *fields;
        size_t field_count;
};

/* Sets every field to "not given". Allocates nothing. */
void model_init(const struct model_type *type, void *object);
/* Frees what the struct owns and initialises it again. */
void model_free(const struct model_type *type, void *object);
/* Deep copy into an object that is initialised; what it had is freed. 0 or -ENOMEM (ret is initialised then).
 */
int model_copy(const struct model_type *type, const void *from, void *ret);
bool model_equal(const struct model_type *type, const void *one, const void *other);

/* NULL where the type has no such field. */
const struct model_field *model_field_find(const struct model_type *type, struct slice name);

/* Where the field lies in an object of its type. */
static inline void *model_at(const struct model_field *field, void *object)
{
        return (char *)object + field->offset;
}
static inline const void *model_at_const(const struct model_field *field, const void *object)
{
        return (const char *)object + field->offset;
}

/* A part is given where any field in it is. */
bool model_is_given(const struct model_field *field, const void *object);
bool model_part_is_given(const struct model_type *type, const void *object);

/* Setting a field from text, checked: a text of at most limit bytes in valid UTF-8 without control characters
 * but line feed and tab; ids, countries, organisations and persons in their form. Replaces what was there;
 * an empty text makes it "not given". -EINVAL, -ENOMEM with a message that names the field. */
int model_set_text(const struct model_field *field, void *object, struct slice text, struct error *error);
/* The same for a plain char * member, whatever its field. */
int model_text(char **text, struct slice value, size_t limit, const char *what, struct error *error);
/* Fields of MODEL_INSTANT, MODEL_NUMBER, MODEL_SIGNED, in their limits. -ERANGE with a message. */
int model_set_number(const struct model_field *field, void *object, int64_t number, struct error *error);
/* MODEL_CHOICE by the word's name; MODEL_SET: adds the word. -EINVAL with a message that lists the words. */
int model_set_word(const struct model_field *field, void *object, struct slice name, struct error *error);

/* Lists. A new item is initialised; pointers to items hold until the list grows. -ENOMEM, -E2BIG (named
 * limit) with a message. */
size_t model_list_count(const struct model_field *field, const void *object);
void *model_list_at(const struct model_field *field, void *object, size_t index);
const void *model_list_at_const(const struct model_field *field, const void *object, size_t index);
int model_list_add(const struct model_field *field, void *object, void **ret_item, struct error *error);
int model_texts_add(const struct model_field *field, void *object, struct slice text, struct error *error);

/* Walks all fields, in the order of the tables, into parts and lists (a part or item is visited itself before
 * its fields). path is like "identifiers[2].source.digest". within: the part or item that holds the field is
 * given, as are all around it. Stops at the first result that is not 0 and returns it. */
typedef int model_visit(
        void *context, const char *path, const struct model_field *field, const void *object, bool within);
int model_walk(const struct model_type *type, const void *object, const char *prefix, model_visit *visit,
        void *context);

/* The forms of the short texts. */
bool model_is_id(struct slice text);
bool model_is_country(struct slice text);
bool model_is_organisation(struct slice text);
bool model_is_person(struct slice text);
bool model_is_plain_text(struct slice text);

#endif
