/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_FORM_ROW_H
#define ROGATORY_ORDER_FORM_ROW_H

/* How the tables of fields are written; for form_order.c and form_message.c alone. */

#include "order/form.h"

#define ROW(holder, member, where, words_for_people, ...)                                                    \
        {                                                                                                    \
                .name = #member, .section = (where), .label = (words_for_people),                            \
                .offset = offsetof(struct holder, member), __VA_ARGS__                                       \
        }
#define ID .kind = MODEL_ID
#define COUNTRY .kind = MODEL_COUNTRY
#define ORGANISATION .kind = MODEL_ORGANISATION
#define PERSON .kind = MODEL_PERSON
#define SHORT .kind = MODEL_TEXT, .limit = MODEL_SHORT
#define LONG .kind = MODEL_TEXT, .limit = MODEL_LONG
#define TEXTS .kind = MODEL_TEXTS, .limit = MODEL_LONG
#define INSTANT .kind = MODEL_INSTANT
#define NUMBER(highest) .kind = MODEL_NUMBER, .limit = (highest)
#define SIGNED(highest) .kind = MODEL_SIGNED, .limit = (highest)
#define CHOICE(list) .kind = MODEL_CHOICE, .words = &(list)
#define SET(list) .kind = MODEL_SET, .words = &(list)
#define DIGEST .kind = MODEL_DIGEST
#define ADDRESS .kind = MODEL_ADDRESS
#define PART(type) .kind = MODEL_PART, .part = &(type)
#define LIST(type, most) .kind = MODEL_LIST, .part = &(type), .limit = (most)
#define NEED(conditions) .need = (conditions)
#define BAR(conditions) .bar = (conditions)
#define ALWAYS NEED(FORM_ALWAYS)

#define TYPE(rows, title, holder)                                                                            \
        {                                                                                                    \
                .name = (title), .size = sizeof(struct holder), .fields = (rows),                            \
                .field_count = sizeof(rows) / sizeof *(rows)                                                 \
        }

extern const struct model_type signatory_type;
extern const struct model_type addressee_type;
extern const struct model_type signing_authority_type;

#endif
