/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_ORDER_H
#define ROGATORY_ORDER_ORDER_H

/* The messages between authorities and providers, typed. Every struct has a table of its fields (form.h);
 * what "not given" means for each kind of field, and who owns what, stands in model.h. Choices: vocabulary.h.
 *
 * Sections are those of the forms in the annexes of Regulation (EU) 2023/1543: Form 1 the EPOC (Annex I),
 * Form 2 the EPOC-PR (Annex II), Form 3 impossibility (Annex III), Form 5 production follows (Annex V), Form
 * 6 extension (Annex VI). All instants are ms since 1970 UTC; the offset that a source stated is kept beside
 * them. */

#include "order/model.h"

#define ORDER_IDENTIFIERS_MAX 1000u /* identifiers in one message */
#define ORDER_EARLIER_MAX 64u
#define MESSAGE_FILES_MAX 1000u
#define SOURCE_BYTES_MAX (16u << 20) /* of a text that identifiers are taken from */

/* Who signed a section of a form, as a person. */
struct signatory {
        char person[MODEL_PERSON_MAX]; /* login@organisation at the node */
        char *name;
        char *post; /* title, grade */
        char *place;
        int64_t signed_ms;
};

/* An authority: Form 1 sections A, I, J, K; Form 2 A, G, H; Forms 5 and 6. */
struct authority {
        char country[MODEL_COUNTRY_MAX];
        char organisation[MODEL_ORGANISATION_MAX]; /* in the directory */
        char *name;
        enum authority_nature nature;
        char *representative; /* of a court or an office */
        char *file_number;
        char *address;
        char *telephone;
        char *fax;
        char *email;
        char *languages;    /* in which it can be reached */
        char *contact_name; /* where it is another than the signatory */
        char *contact_telephone;
        char *contact_email;
        struct signatory signatory;
};

/* Form 1 section B, Form 2 section B, Form 3 section C. */
struct addressee {
        enum addressee_kind kind;
        char country[MODEL_COUNTRY_MAX]; /* of the enforcing State: whose holidays and zone count */
        char organisation[MODEL_ORGANISATION_MAX];
        char *name;
        char *address;
        char *telephone;
        char *fax;
        char *email;
        char *contact_person;
        char *file_number;
        char *provider_name;                                /* the provider concerned, where it is another */
        char provider_organisation[MODEL_ORGANISATION_MAX]; /* the same in the directory */
        char *readdressed_reason;                           /* emergency: why not to the first addressee */
        char *further;
};

/* Form 1 section C. */
struct deadline_wish {
        enum deadline_kind kind;
        char *threat;          /* emergency: what threatens whom, and why it is imminent */
        int64_t procedural_ms; /* a date that proceedings set, for the addressee to know */
        char *procedural_reason;
        char *further;
};

/* An emergency: Form 1 sections C and I, Article 4(5). Two people stand for it, whatever the category. */
struct emergency {
        char first_person[MODEL_PERSON_MAX];
        char second_person[MODEL_PERSON_MAX]; /* another than the first */
        enum yes_no unvalidated;              /* issued before validation: the box in section I */
        char *no_time_reason;                 /* why validation could not be had in time */
        enum yes_no domestic_power;           /* it could do so in a similar domestic case */
        char *call_back_contact; /* whom the provider may ask for; the number is the directory's */
};

/* Form 1 section D. */
struct earlier_order {
        enum earlier_relation relation;
        char order_id[MODEL_ID_MAX];
        char *authority;
        char *addressee;
        char *reference; /* file number of the addressee or of the authority */
        int64_t issued_ms;
};

/* Where an identifier was taken from: it must not change on its way from the source into the order. */
struct identifier_source {
        char *title;                        /* file name or description of the source */
        uint8_t digest[MODEL_DIGEST_BYTES]; /* SHA-256 of the whole source text, as it was pasted */
        int64_t place;                      /* byte offset of the excerpt in it */
        int64_t length;                     /* bytes of the excerpt */
        int64_t line;                       /* from 1 */
        char *excerpt;                      /* the source's own words */
};

/* Form 1 section E, Form 2 section C: one thing that is asked about. ETSI: one task each. */
struct identifier {
        char id[MODEL_ID_MAX];
        enum identifier_kind kind;
        char *value;                 /* in its one canonical writing; of a range "first-last" */
        struct address address;      /* of IP kinds; of a range its first */
        struct address address_last; /* of a range only */
        int64_t source_port;         /* on the customer's side of the public address; 0..65535 */
        int64_t protocol;            /* IANA number; 6 TCP, 17 UDP */
        struct address destination;
        int64_t destination_port;
        int64_t from_ms, to_ms; /* asked about, both ends included; equal for one moment */
        int64_t offset_s;       /* seconds east of UTC that the source states with the time */
        char *stated_time;      /* the time in the source's words */
        char *zone;             /* local zone of the people who read it, IANA name */
        char *service;          /* name of the service concerned */
        uint64_t categories;    /* for this one; none: those of section F */
        enum identifier_entry entry;
        struct identifier_source source;
        char typed_by[MODEL_PERSON_MAX];
        char compared_by[MODEL_PERSON_MAX]; /* the second person of a retyped one */
        uint64_t warnings;                  /* enum identifier_warning */
        char *note;
};
struct identifier_list {
        struct identifier *items;
        size_t count;
};
struct earlier_list {
        struct earlier_order *items;
        size_t count;
};

/* Form 1 section F, Form 2 section D; the time range stands in section E of Form 1. */
struct data_wish {
        uint64_t categories; /* enum data_category: (a) to (d) */
        uint64_t subscriber; /* enum subscriber_data */
        char *subscriber_other;
        uint64_t identification; /* enum identification_data */
        char *identification_other;
        uint64_t traffic; /* enum traffic_data */
        char *traffic_other;
        uint64_t content; /* enum content_data */
        char *content_other;
        int64_t from_ms, to_ms;  /* nothing outside is asked for, whatever an identifier says */
        enum yes_no all_holders; /* yes: where several held an address, all are to be named */
        char *all_holders_reason;
        char *further;
};

/* Form 1 section G, Form 2 section E. */
struct grounds {
        enum proceedings_kind proceedings;
        char *offence;           /* nature and legal classification */
        char *provision;         /* statutory provision */
        uint64_t annex;          /* enum annex_offence */
        int64_t maximum_months;  /* highest custodial sentence that the law threatens */
        int64_t sentence_months; /* that was imposed, where a sentence is executed */
        enum threshold_basis threshold;
        enum yes_no information_system; /* committed by means of an information system */
        enum yes_no similar_domestic;   /* could be ordered in a similar domestic case, Article 5(2) */
        char *necessity;                /* why necessary and proportionate, Article 5(2) */
        enum data_holder holder;
        char *processor_reason;       /* why the processor is addressed, Article 5(6) */
        enum yes_no public_authority; /* stored for a public authority, Article 5(8) */
        uint64_t protections;         /* enum protection: what may protect the data or the person */
        char *protection_clarified;   /* what was found out before issuing, Articles 5(9) and 5(10) */
        char *preservation_reason;    /* Form 2: why removal, deletion or change threatens */
        char *further;
};

/* Form 1 section H, Form 2 section F. */
struct user_information {
        enum yes_no delayed;
        uint64_t delay_grounds;
        char *delay_reasons; /* for the file: Article 13(2) */
        int64_t delayed_until_ms;
};

/* Form 1 section K. */
struct ea_involvement {
        enum yes_no notified;
        struct authority authority;
        int64_t notified_ms;
        enum yes_no offence_here; /* committed in the issuing State: Article 8(2)(a) */
        enum yes_no person_here;  /* the person resides in the issuing State: Article 8(2)(b) */
        char *exemption_reason;
};

/* Form 1 section L. */
struct delivery_wish {
        enum delivery_recipient recipient;
        struct authority other; /* where it is another authority */
        char *format;
        char *means;
        char *languages;
};

/* Form 1 section M: for the enforcing authority only, never sent to the addressee. */
struct ea_information {
        char *necessity; /* grounds that necessity and proportionality rest on */
        char *case_summary;
        char *offence;
        uint64_t annex; /* enum annex_offence */
        char *further;
};

/* Form 1 (production) or Form 2 (preservation). */
struct order {
        enum order_kind kind;
        char *title;                   /* for lists, e.g. the case's short name */
        char *issuing_file_number;     /* A */
        char *validating_file_number;  /* A */
        struct addressee addressee;    /* 1B 2B */
        struct deadline_wish deadline; /* 1C */
        struct emergency emergency;
        enum yes_no has_earlier;              /* 1D */
        struct earlier_list earlier;          /* 1D */
        struct identifier_list identifiers;   /* 1E 2C */
        struct data_wish data;                /* 1F 2D */
        struct grounds grounds;               /* 1G 2E */
        struct user_information information;  /* 1H 2F */
        struct authority issuer;              /* 1I 2G */
        struct authority validator;           /* 1J 2H */
        struct ea_involvement ea;             /* 1K */
        struct delivery_wish delivery;        /* 1L */
        struct ea_information ea_information; /* 1M */
};

/* An order that takes the place of generation - 1 of the same order_id. */
struct amendment {
        char replaces[MODEL_ID_MAX]; /* the message that it replaces */
        char *reason;
        struct text_list changes; /* what was changed, in words */
        struct order order;
};

/* Form 3 section F. */
struct provider_question {
        char identifier_id[MODEL_ID_MAX]; /* not given: the whole order */
        uint64_t obstacles;
        char *text;
};
struct question_list {
        struct provider_question *items;
        size_t count;
};
struct clarification_request {
        struct question_list questions;
        enum yes_no preserved; /* the data are held meanwhile */
        struct signatory signatory;
};
struct reply {
        char identifier_id[MODEL_ID_MAX];
        char *text;
};
struct reply_list {
        struct reply *items;
        size_t count;
};
struct clarification_answer {
        struct reply_list replies;
        enum yes_no amended; /* an amendment follows */
        struct signatory signatory;
};

/* Form 5: goes to the provider that preserves. */
struct production_follows {
        char production_order_id[MODEL_ID_MAX];
        int64_t issued_ms;
        struct text_list identifier_ids; /* none: all */
        struct authority authority;
};

/* Form 6. */
struct extension {
        int64_t days; /* 30 */
        char *reason;
        struct authority authority;
};

struct withdrawal {
        enum withdrawal_reason reason;
        char *explanation;
        struct text_list identifier_ids;  /* none: the whole order */
        enum yes_no delete_data;          /* whoever has data under it deletes them */
        int64_t deleted_ms;               /* the sender's own have been deleted */
        struct text_list deleted_digests; /* SHA-256 of each deleted file, in hex */
        struct signatory signatory;       /* none where the clock withdrew it */
};

/* Ex-post validation of an emergency: Article 4(5). */
struct validation {
        enum validation_decision decision;
        char *reason;
        int64_t decided_ms;
        struct authority authority;
};

/* The emergency order that somebody is asked to validate afterwards, as the addressee has it. */
struct validation_request {
        struct order order;
};

/* Form 1 with section M. */
struct ea_notification {
        enum yes_no suspensive; /* no in emergencies: Article 8(4) */
        struct order order;
};

/* Article 12. */
struct objection {
        char identifier_id[MODEL_ID_MAX]; /* not given: all */
        enum objection_effect effect;
        uint64_t grounds; /* enum refusal_ground */
        char *explanation;
        struct text_list conditions;
};
struct objection_list {
        struct objection *items;
        size_t count;
};
struct ea_objection {
        struct objection_list objections;
        uint8_t order_digest[MODEL_DIGEST_BYTES]; /* of the order that it was shown: hi1_order_digest */
        struct authority authority;
};
struct ea_clearance {
        struct text_list identifier_ids; /* none: all */
        char *statement;
        uint8_t order_digest[MODEL_DIGEST_BYTES]; /* of the order that it was shown: hi1_order_digest */
        struct authority authority;
};

/* Form 3. */
struct impossibility {
        char identifier_id[MODEL_ID_MAX]; /* not given: all */
        uint64_t obstacles;
        char *explanation;
};
struct impossibility_list {
        struct impossibility *items;
        size_t count;
};
/* Form 3 section E: Article 17(2). */
struct law_conflict {
        char country[MODEL_COUNTRY_MAX];
        char *law;         /* name and provisions */
        char *obligation;  /* what it forbids or demands */
        char *applies;     /* why it applies to this case */
        char *consequence; /* what follows for the addressee */
        char *link;        /* between provider and third country */
        char *further;
};
/* Form 3 section G. */
struct kept_data {
        char identifier_id[MODEL_ID_MAX];
        enum yes_no preserved;
        int64_t until_ms;
        char *explanation;
};
struct kept_list {
        struct kept_data *items;
        size_t count;
};
struct cannot_execute {
        enum order_kind order_kind;        /* A */
        char *issuing_authority;           /* B */
        char *enforcing_authority;         /* B: press and privilege go to it too, Article 10(5) */
        struct addressee addressee;        /* C */
        struct impossibility_list reasons; /* D */
        struct law_conflict conflict;      /* E */
        char *information_needed;          /* F */
        struct kept_list kept;             /* G */
        struct signatory signatory;        /* H */
};

/* Article 17(4) to (8). */
struct review_decision {
        enum review_outcome outcome;
        char *court;
        char *reason;
        int64_t decided_ms;
        struct text_list identifier_ids; /* none: all */
        struct authority authority;
};

/* What was found about one identifier. The evidence itself is in files. */
struct result {
        char identifier_id[MODEL_ID_MAX];
        enum outcome outcome;
        uint64_t obstacles; /* of what is refused or not available */
        enum answer_verdict verdict;
        struct text_list reasons; /* of the verdict: its stable names */
        char *statement;          /* what it means, in words */
        int64_t holders;          /* how many held it, or may have */
        int64_t judged_from_ms, judged_to_ms;
        enum address_origin address_origin;
        char *clock_source;      /* whose clock the records follow, and how sure it is */
        int64_t clock_offset_ms; /* that clock minus true time, as far as known; signed */
        int64_t clock_uncertainty_ms;
        int64_t lease_from_ms, lease_to_ms; /* edges of the lease that names the person */
        int64_t margin_ms;                  /* from the time asked to the nearest edge */
        enum yes_no near_edge;
        enum yes_no corroborate; /* rests on one record of one address: ask for more */
        int64_t preserved_until_ms;
        struct text_list conditions;    /* of the enforcing authority: they bind whoever uses it */
        struct text_list confirmations; /* for each condition, in their order: how the provider kept it */
        struct text_list files;         /* names of the files that belong to it */
};
struct result_list {
        struct result *items;
        size_t count;
};
struct answer_body {
        struct addressee provider;
        struct result_list results; /* one for each identifier of the order, none beside them */
        int64_t answered_ms;
        enum yes_no final;          /* no: further answers follow */
        char *means;                /* how the files travel */
        struct text_list warnings;  /* in words, to be read before the data */
        struct signatory signatory; /* who released it */
};

struct receipt {
        char message_id[MODEL_ID_MAX]; /* of what was received */
        enum message_kind message_kind;
        enum receipt_effect effect;
        uint8_t container_digest[MODEL_DIGEST_BYTES]; /* SHA-256 of the container as it came */
        int64_t received_ms;
        int64_t opened_ms;
        int64_t skew_ms;                          /* the sender's clock minus ours; signed */
        struct text_list findings;                /* in words */
        uint8_t order_digest[MODEL_DIGEST_BYTES]; /* of the order in a notification: hi1_order_digest */
};

/* Article 13: sent to the provider or the oversight body when done; what the person got is a file. */
struct person_notice {
        char *person_reference; /* not a name: how the file calls the person */
        int64_t informed_ms;
        char *means;
        char *language;
        char *data;               /* what was obtained */
        char *remedies;           /* Article 18: before which court, within what time */
        enum yes_no secrecy_ends; /* the provider need not be silent any longer */
        struct authority authority;
};

struct error_report {
        enum error_kind kind;
        char message_id[MODEL_ID_MAX]; /* the order or answer that was wrong */
        char identifier_id[MODEL_ID_MAX];
        char *description;
        char *consequence; /* what was done to the person because of it */
        int64_t found_ms;
        enum yes_no person_informed; /* the wrongly identified one */
        int64_t person_informed_ms;
        enum yes_no oversight_informed;
        int64_t oversight_informed_ms;
        enum yes_no data_deleted;
        struct signatory signatory;
};

/* A file beside the message: Implementing Regulation (EU) 2025/1550. */
struct file {
        char *name;                         /* without a path */
        char *media_type;                   /* "application/pdf" */
        int64_t size;                       /* bytes */
        uint8_t digest[MODEL_DIGEST_BYTES]; /* SHA-256 */
        char *description;
        char identifier_id[MODEL_ID_MAX]; /* not given: the whole message */
        enum yes_no encrypted;            /* to the recipient's decryption certificate */
        enum yes_no outside;              /* travels outside the container, under its manifest */
        char *location;                   /* URL, where outside */
        int64_t available_from_ms, available_to_ms;
};
struct file_list {
        struct file *items;
        size_t count;
};

struct party {
        char country[MODEL_COUNTRY_MAX];
        char organisation[MODEL_ORGANISATION_MAX];
};

/* A message: head, files, and the body that its kind has. */
struct message {
        enum message_kind kind;
        char id[MODEL_ID_MAX];       /* of this message: one effect, however often it comes */
        char order_id[MODEL_ID_MAX]; /* of the order that it is about; of an order: its own */
        char reply_to[MODEL_ID_MAX]; /* the message that it answers */
        int64_t generation;          /* of an order: 0, then one more for each amendment */
        struct party sender;
        struct party receiver;
        int64_t sent_ms;
        enum yes_no test; /* yes: no real person is behind it */
        char *note;
        struct file_list files;
        union {
                struct order order; /* MESSAGE_PRODUCTION_ORDER, MESSAGE_PRESERVATION_ORDER */
                struct amendment amendment;
                struct clarification_request clarification_request;
                struct clarification_answer clarification_answer;
                struct production_follows production_follows;
                struct extension extension;
                struct withdrawal withdrawal;
                struct validation validation;
                struct validation_request validation_request;
                struct ea_notification ea_notification;
                struct ea_objection ea_objection;
                struct ea_clearance ea_clearance;
                struct cannot_execute cannot_execute;
                struct review_decision review_decision;
                struct answer_body answer;
                struct receipt receipt;
                struct person_notice person_notice;
                struct error_report error_report;
        };
};

/* An empty message of the kind; of an order, order.kind is set too. */
void message_init(struct message *message, enum message_kind kind);
/* Frees everything; the message is MESSAGE_NONE then. */
void message_free(struct message *message);
/* Into a message that is initialised (of any kind). 0 or -ENOMEM. */
int message_copy(const struct message *from, struct message *ret);
bool message_equal(const struct message *one, const struct message *other);

/* The order inside an order, amendment or notification; NULL for other kinds. */
struct order *message_order(struct message *message);
const struct order *message_order_const(const struct message *message);

/* The identifier of that id, NULL where the order has none. */
const struct identifier *order_identifier(const struct order *order, const char *id);

/* The categories that are asked of one identifier. */
uint64_t order_categories(const struct order *order, const struct identifier *identifier);

#endif
