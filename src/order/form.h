/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_FORM_H
#define ROGATORY_ORDER_FORM_H

/* The tables of fields of order.h, and what must and must not be filled in where. */

#include "order/order.h"

/* When a field is mandatory, or barred. What they mean of a message: form_conditions. */
enum form_condition {
        FORM_ALWAYS = 1 << 0, /* wherever the struct that holds it is needed or given */
        FORM_PRODUCTION = 1 << 1,
        FORM_PRESERVATION = 1 << 2,
        FORM_SUBSCRIBER = 1 << 3, /* the category is asked for, in section F or for an identifier */
        FORM_IDENTIFY = 1 << 4,
        FORM_TRAFFIC = 1 << 5,
        FORM_CONTENT = 1 << 6,
        FORM_EMERGENCY = 1 << 7,  /* a deadline of 8 hours, or an order issued before validation */
        FORM_VALIDATED = 1 << 8,  /* somebody else must have validated it by now */
        FORM_DELAYED = 1 << 9,    /* the person is informed later */
        FORM_EA = 1 << 10,        /* section K says that the enforcing authority is notified */
        FORM_EA_EXEMPT = 1 << 11, /* production of traffic or content, and section K says that it is not */
        FORM_TO_EA = 1 << 12,     /* the message goes to the enforcing authority */
        FORM_TO_PROVIDER = 1 << 13,
        FORM_OTHER_RECIPIENT = 1 << 14, /* section L names another authority */
        FORM_EARLIER = 1 << 15,         /* section D says that there are earlier orders */
        FORM_PROCESSOR = 1 << 16,       /* the provider is a processor */
        FORM_PROTECTED = 1 << 17,       /* section G says that something may protect the data */
        FORM_ALL_HOLDERS = 1 << 18,     /* all holders are to be named */
        FORM_READDRESSED = 1 << 19,     /* to another establishment */
        FORM_CONFLICT = 1 << 20,        /* Form 3 states a conflict with a third country's law */
        FORM_UNCLEAR = 1 << 21, /* Form 3 states that something is incomplete, wrong or insufficient */
        FORM_GRAVE = FORM_TRAFFIC | FORM_CONTENT,
};

/* Head and files of every message; the body has a type of its own. */
extern const struct model_type message_head_type;
/* NULL for MESSAGE_NONE. */
const struct model_type *message_body_type(enum message_kind kind);
/* Where the body lies. */
void *message_body(struct message *message);
const void *message_body_const(const struct message *message);

extern const struct model_type order_type;
extern const struct model_type identifier_type;
extern const struct model_type authority_type;
extern const struct model_type result_type;
extern const struct model_type file_type;

/* A deadline of 8 hours, or issued before validation. */
bool order_is_emergency(const struct order *order);

/* Which conditions hold of a message, as bits. */
uint32_t form_conditions(const struct message *message);

/* One field that is missing, or given where it must not be. */
struct form_gap {
        char path[MODEL_PATH_MAX]; /* "identifiers[2].source.digest" */
        const struct model_field *field;
        bool barred; /* given, but must not be */
};
/* Finds every such field of head and body. Writes the first `room` of them, counts all. */
size_t form_gaps(const struct message *message, struct form_gap *ret_gaps, size_t room);

/* Walks head, then body. Paths of the head begin with "message.", those of the body with nothing. */
int message_walk(const struct message *message, model_visit *visit, void *context);

#endif
