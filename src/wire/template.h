/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_TEMPLATE_H
#define ROGATORY_WIRE_TEMPLATE_H

/* Templates of IPFIX (RFC 7011 section 3.4) and NetFlow v9 (RFC 3954 section 5.2), each compiled into a plan:
 * where in a record the fields of a NAT event lie. */

#include "base/cursor.h"
#include "wire/dialect.h"
#include "wire/flow.h"
#include "wire/record_plan.h"

#define FIELD_VARIABLE 65535 /* RFC 7011 section 7 */

struct template_field {
        uint32_t enterprise;
        uint16_t element;
        uint16_t length; /* bytes; FIELD_VARIABLE in IPFIX */
};

/* Where a slot lies in a record. */
struct place {
        uint16_t offset;
        uint16_t length; /* 0: the template has no such field, or one without bytes */
};

/* What an event value means for the records of a template: judged once per template, dialect and value,
 * because which fields there are is a property of the template. */
struct meaning {
        const struct dialect_event *event; /* NULL where it is not known */
        const char *complaint;             /* why it is refused; NULL where it is not */
        uint8_t state;                     /* enum meaning_state */
        uint8_t refusal;                   /* enum refusal, where refused */
        uint8_t kind;                      /* enum nat_kind, where it binds */
};

enum meaning_state {
        MEANING_NOT_JUDGED,
        MEANING_REFUSED,
        MEANING_NOT_TRANSLATED, /* a flow like any other, in a dialect that sends these too */
        MEANING_BINDS_NOTHING,
        MEANING_BINDS
};

struct template
{
        uint16_t id, version;
        uint16_t field_count;
        uint16_t shortest; /* bytes of the shortest record; the length of every record where not variable */
        bool is_options;
        bool is_variable;                       /* at least one field of variable length */
        bool is_ambiguous;                      /* its records were recognised as two dialects */
        bool is_nat;                            /* carries anything that belongs to NAT events alone */
        bool is_searched;                       /* shown_by is known */
        const char *unsound;                    /* why no NAT event can be read by it; NULL where one can */
        bool was_redefined;                     /* during the life of the present sequence */
        uint32_t session;                       /* transport session that defined it (struct flow_exporter) */
        uint32_t sequence;                      /* of the message that (re)defined it */
        uint64_t present;                       /* slots it has */
        struct place places[SLOT_COUNT];        /* where not variable */
        int16_t slot_of_field[FLOW_FIELDS_MAX]; /* enum slot or -1 */
        const struct dialect *shown_by;         /* the dialect that its fields show; NULL where none */
        const struct dialect *shown_by_value[DIALECT_VALUES_MAX]; /* the same by the event's value ... */
        uint32_t values_looked_up;                                /* ... where its bit is set */
        const struct dialect *judged_by;                          /* the dialect of view and meanings */
        struct place view[SLOT_COUNT];                            /* places, as that dialect names them */
        struct meaning meanings[DIALECT_VALUES_MAX];
        struct record_plan plan;        /* by the same view */
        struct template_field fields[]; /* field_count */
};

/* What template_read found. */
struct template_header {
        uint16_t id;
        uint16_t field_count; /* 0: a withdrawal (RFC 7011 section 8.1) */
};

/* Reads one template record. version is 9 or 10.
 * 0 with *ret_template (owned by the caller; NULL for a withdrawal, which ret_header shows); -EBADMSG where
 * it cannot be, -EFBIG where it passes a named limit (complaint is then a sentence part and the rest of the
 * set is unreadable where cursor->overrun is set); -ENOMEM. ret_header is filled as far as it could be read.
 */
int template_read(struct cursor *cursor, uint16_t version, bool is_options,
        struct template_header *ret_header, struct template **ret_template, const char **ret_complaint);

/* Makes a template of fields that were read before, by template_read. 0, -ENOMEM, or -EBADMSG. */
int template_make(uint16_t version, uint16_t id, bool is_options, const struct template_field *fields,
        size_t count, struct template **ret_template);

bool template_equal(const struct template *a, const struct template *b);

/* Lengths a slot may have: addresses and times are exact, a number may be reduced (RFC 7011 section 6.2). */
bool template_length_fits(int slot, size_t length);

/* Length of the record at the cursor (moved behind it) and, where places is not NULL, where the slots lie in
 * it; where fields is not NULL (field_count long), every field. false where the record does not fit. */
bool template_walk(const struct template *template, struct cursor *cursor, struct place *places,
        struct flow_field *fields);

/* The templates of one observation domain, sorted by id. A template belongs to the transport session that it
 * came in (RFC 7011 section 8): two processes of one exporter may use one id for two shapes, and data read by
 * the other's template would be wrong without being noticed. But many exporters send what one session
 * announced in another, and then there is one shape only. So: a session's own template counts; without one,
 * the shape that all others agree on; where they do not agree, none. Zero-initialise. */
struct template_list {
        struct template **items; /* owned */
        size_t count, capacity;
};

/* The template by which data of this session is read; NULL where none is known beyond doubt. own_only: what
 * other sessions said does not count for it. */
struct template *template_find(
        const struct template_list *list, uint16_t id, uint32_t session, bool own_only);
/* Takes ownership on success and may free it where it says nothing new. ret_changed: a different template of
 * its session stood under this id. 0, -ENOMEM, -EFBIG. */
int template_put(struct template_list *list, struct template *template, bool own_only, bool *ret_changed);
/* Forgets what a session said; EVERY_SESSION: everything under this id. */
#define EVERY_SESSION UINT32_MAX
void template_remove(struct template_list *list, uint16_t id, uint32_t session);
void template_remove_all(
        struct template_list *list, bool is_options, uint32_t session); /* one kind (RFC 7011 section 8.1) */
void template_list_free(struct template_list *list);

#endif
