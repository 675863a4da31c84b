/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_VOCABULARY_H
#define ROGATORY_ORDER_VOCABULARY_H

/* Every choice that an order, an answer or any message between them can state, with its stable name. In each
 * list 0 means "not stated". Numbers are for memory only and may change; names are what is stored, sent and
 * logged, and never change. Articles are those of Regulation (EU) 2023/1543. */

#include "base/slice.h"

#include <limits.h> /* has a WORD_BIT of its own, which would otherwise come behind ours */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One choice of a list. */
struct word {
        int value;        /* 1..63: also the number of its bit in a set */
        const char *name; /* stable, lower case with hyphens */
        const char *wire; /* its name in ETSI TS 103 120 or in the forms' data model; NULL where neither has
                             one */
        const char *meaning; /* in words, for a person; starts in lower case, no full stop */
};

struct vocabulary {
        const char *title; /* "message kind": for error messages */
        const struct word *words;
        size_t count;
};

/* A set of choices of one list: bit v stands for the word of value v. */
#undef WORD_BIT
#define WORD_BIT(value) (UINT64_C(1) << (value))

/* "not-stated" for 0 and "unheard-of" for a value that the list does not have: never NULL. */
const char *word_name(const struct vocabulary *vocabulary, int value);
const char *word_wire(const struct vocabulary *vocabulary, int value); /* NULL where there is none */
const char *word_meaning(const struct vocabulary *vocabulary, int value);
/* The value of a name, 0 where the list does not have it. */
int word_find(const struct vocabulary *vocabulary, struct slice name);
int word_find_wire(const struct vocabulary *vocabulary, struct slice wire);
/* Are all bits of the set words of the list? */
bool word_set_is_valid(const struct vocabulary *vocabulary, uint64_t set);

enum message_kind {
        MESSAGE_NONE,
        MESSAGE_PRODUCTION_ORDER,      /* Form 1, EPOC */
        MESSAGE_PRESERVATION_ORDER,    /* Form 2, EPOC-PR */
        MESSAGE_AMENDMENT,             /* a whole order that takes the place of an earlier one */
        MESSAGE_CLARIFICATION_REQUEST, /* Form 3 section F: provider to issuing authority */
        MESSAGE_CLARIFICATION_ANSWER,
        MESSAGE_PRODUCTION_FOLLOWS, /* Form 5 */
        MESSAGE_EXTENSION,          /* Form 6 */
        MESSAGE_WITHDRAWAL,
        MESSAGE_VALIDATION,         /* of an emergency, afterwards: Article 4(5) */
        MESSAGE_VALIDATION_REQUEST, /* to the validating authority of an emergency, afterwards: Article 4(5)
                                     */
        MESSAGE_EA_NOTIFICATION,
        MESSAGE_EA_OBJECTION,
        MESSAGE_EA_CLEARANCE,    /* it will not refuse: Article 10(2) */
        MESSAGE_CANNOT_EXECUTE,  /* Form 3 */
        MESSAGE_REVIEW_DECISION, /* of the court, on a third country's law: Article 17 */
        MESSAGE_ANSWER,
        MESSAGE_RECEIPT,
        MESSAGE_PERSON_NOTICE, /* Article 13 */
        MESSAGE_ERROR_REPORT,
        MESSAGE_KINDS
};
extern const struct vocabulary message_kind_words;

enum order_kind { ORDER_NONE, ORDER_PRODUCTION, ORDER_PRESERVATION };
extern const struct vocabulary order_kind_words;

enum yes_no { YES_NO_NONE, STATED_YES, STATED_NO };
extern const struct vocabulary yes_no_words;

/* What an organisation is, in the directory. */
enum organisation_role {
        ORGANISATION_NONE,
        ORGANISATION_ISSUING,
        ORGANISATION_VALIDATING,
        ORGANISATION_ENFORCING,
        ORGANISATION_PROVIDER,
        ORGANISATION_OVERSIGHT,
};
extern const struct vocabulary organisation_role_words;

/* What a person does on a node. Nobody holds two roles of one decision. */
enum person_role {
        PERSON_NONE,
        PERSON_OFFICER,
        PERSON_VALIDATOR,
        PERSON_DESK,
        PERSON_SECOND,
        PERSON_OVERSEER,
        PERSON_ADMINISTRATOR,
};
extern const struct vocabulary person_role_words;

enum data_category {
        CATEGORY_NONE,
        CATEGORY_SUBSCRIBER,    /* Article 3(9) */
        CATEGORY_IDENTIFY_ONLY, /* for the sole purpose of identifying the user, Article 3(10) */
        CATEGORY_TRAFFIC,       /* Article 3(11) */
        CATEGORY_CONTENT,       /* Article 3(12) */
};
extern const struct vocabulary data_category_words;
#define CATEGORIES_MILD (WORD_BIT(CATEGORY_SUBSCRIBER) | WORD_BIT(CATEGORY_IDENTIFY_ONLY))
#define CATEGORIES_GRAVE (WORD_BIT(CATEGORY_TRAFFIC) | WORD_BIT(CATEGORY_CONTENT))

enum authority_nature {
        NATURE_NONE,
        NATURE_JUDGE,
        NATURE_COURT,
        NATURE_INVESTIGATING_JUDGE,
        NATURE_PROSECUTOR,
        NATURE_OTHER,
};
extern const struct vocabulary authority_nature_words;

/* Form 1 section B. */
enum addressee_kind {
        ADDRESSEE_NONE,
        ADDRESSEE_ESTABLISHMENT,
        ADDRESSEE_REPRESENTATIVE,
        ADDRESSEE_OTHER_ESTABLISHMENT, /* emergency re-addressing, Article 7(2) */
        ADDRESSEE_PROVIDER,
};
extern const struct vocabulary addressee_kind_words;

/* Form 1 section C. */
enum deadline_kind {
        DEADLINE_NONE,
        DEADLINE_TEN_DAYS,
        DEADLINE_TEN_DAYS_WITH_EA,
        DEADLINE_EIGHT_HOURS_LIFE,
        DEADLINE_EIGHT_HOURS_INFRASTRUCTURE,
};
extern const struct vocabulary deadline_kind_words;

/* Form 1 section D. */
enum earlier_relation {
        EARLIER_NONE,
        EARLIER_PRESERVED_WHOLLY,
        EARLIER_PRESERVED_PARTLY,
        EARLIER_PRODUCTION,
        EARLIER_OTHER,
};
extern const struct vocabulary earlier_relation_words;

/* Form 1 section E. */
enum identifier_kind {
        IDENTIFIER_NONE,
        IDENTIFIER_IPV4,
        IDENTIFIER_IPV6,
        IDENTIFIER_IP_RANGE,
        IDENTIFIER_PHONE,
        IDENTIFIER_EMAIL,
        IDENTIFIER_IMEI,
        IDENTIFIER_MAC,
        IDENTIFIER_USER_ID,
        IDENTIFIER_SERVICE_URL,
        IDENTIFIER_OTHER,
};
extern const struct vocabulary identifier_kind_words;

enum identifier_entry {
        ENTRY_NONE,
        ENTRY_PASTED,  /* taken by machine out of a source whose digest is known */
        ENTRY_RETYPED, /* by hand: needs a second person who compared it */
};
extern const struct vocabulary identifier_entry_words;

/* What is doubtful about an identifier, found when it was read. */
enum identifier_warning {
        WARNING_NONE,
        WARNING_NO_PORT,
        WARNING_NO_PROTOCOL,
        WARNING_DST_OVERLAP,
        WARNING_DST_GAP,
        WARNING_ZONE_DISAGREES,
        WARNING_SOURCE_CHANGED_FORM,
        WARNING_SPECIAL_ADDRESS,
        WARNING_LOCAL_MAC,
        WARNING_NO_TIME,
        WARNING_SECOND_RESOLUTION,
        WARNING_RESERVED_PORT,
};
extern const struct vocabulary identifier_warning_words;

/* Form 1 section F (a) to (d). */
enum subscriber_data {
        SUBSCRIBER_NONE,
        SUBSCRIBER_IDENTITY,
        SUBSCRIBER_REGISTRATION,
        SUBSCRIBER_SERVICE,
        SUBSCRIBER_PROFILE,
        SUBSCRIBER_VALIDATION,
        SUBSCRIBER_PAYMENT,
        SUBSCRIBER_PUK,
        SUBSCRIBER_OTHER,
};
extern const struct vocabulary subscriber_data_words;

enum identification_data {
        IDENTIFICATION_NONE,
        IDENTIFICATION_IP_LOGS,
        IDENTIFICATION_PORTS,
        IDENTIFICATION_TIMESTAMPS,
        IDENTIFICATION_USER_IDS,
        IDENTIFICATION_OTHER,
};
extern const struct vocabulary identification_data_words;

enum traffic_data {
        TRAFFIC_NONE,
        TRAFFIC_CONNECTIONS,
        TRAFFIC_ROUTING,
        TRAFFIC_LOCATION,
        TRAFFIC_DEVICE,
        TRAFFIC_VOLUME,
        TRAFFIC_SESSIONS,
        TRAFFIC_PURCHASES,
        TRAFFIC_OTHER,
};
extern const struct vocabulary traffic_data_words;

enum content_data {
        CONTENT_NONE,
        CONTENT_MAILBOX,
        CONTENT_STORAGE,
        CONTENT_PAGES,
        CONTENT_MESSAGES,
        CONTENT_VOICEMAIL,
        CONTENT_SERVER,
        CONTENT_BACKUP,
        CONTENT_CONTACTS,
        CONTENT_OTHER,
};
extern const struct vocabulary content_data_words;

/* Form 1 section G. */
enum proceedings_kind { PROCEEDINGS_NONE, PROCEEDINGS_CRIMINAL, PROCEEDINGS_SENTENCE };
extern const struct vocabulary proceedings_kind_words;

/* Why traffic or content data may be ordered: Article 5(4). */
enum threshold_basis {
        THRESHOLD_NONE,
        THRESHOLD_THREE_YEARS,
        THRESHOLD_NON_CASH_PAYMENT,    /* Directive (EU) 2019/713, by means of an information system */
        THRESHOLD_CHILD_ABUSE,         /* Directive 2011/93/EU, by means of an information system */
        THRESHOLD_INFORMATION_SYSTEMS, /* Directive 2013/40/EU, by means of an information system */
        THRESHOLD_TERRORISM,           /* Directive (EU) 2017/541 */
        THRESHOLD_SENTENCE,            /* a custodial sentence of at least four months for such an offence */
};
extern const struct vocabulary threshold_basis_words;

/* Annex IV: for these no dual criminality is asked (Article 12(1)(d)). */
enum annex_offence {
        OFFENCE_NONE,
        OFFENCE_CRIMINAL_ORGANISATION,
        OFFENCE_TERRORISM,
        OFFENCE_HUMAN_TRAFFICKING,
        OFFENCE_CHILD_EXPLOITATION,
        OFFENCE_DRUGS,
        OFFENCE_WEAPONS,
        OFFENCE_CORRUPTION,
        OFFENCE_FRAUD,
        OFFENCE_LAUNDERING,
        OFFENCE_CURRENCY,
        OFFENCE_COMPUTER,
        OFFENCE_ENVIRONMENT,
        OFFENCE_UNAUTHORISED_ENTRY,
        OFFENCE_MURDER_OR_INJURY,
        OFFENCE_ORGANS,
        OFFENCE_KIDNAPPING,
        OFFENCE_RACISM,
        OFFENCE_ROBBERY,
        OFFENCE_CULTURAL_GOODS,
        OFFENCE_SWINDLING,
        OFFENCE_EXTORTION,
        OFFENCE_PIRACY,
        OFFENCE_FORGED_DOCUMENTS,
        OFFENCE_FORGED_PAYMENT,
        OFFENCE_HORMONES,
        OFFENCE_NUCLEAR,
        OFFENCE_STOLEN_VEHICLES,
        OFFENCE_RAPE,
        OFFENCE_ARSON,
        OFFENCE_INTERNATIONAL_COURT,
        OFFENCE_SEIZURE_OF_CRAFT,
        OFFENCE_SABOTAGE,
};
extern const struct vocabulary annex_offence_words;

/* Whom the provider is for the data: Article 5(6). */
enum data_holder { HOLDER_NONE, HOLDER_CONTROLLER, HOLDER_PROCESSOR };
extern const struct vocabulary data_holder_words;

/* What protects the data or the person: Articles 5(9), 5(10), 12(1)(a). */
enum protection {
        PROTECTION_NONE,
        PROTECTION_PROFESSIONAL_PRIVILEGE,
        PROTECTION_IMMUNITY,
        PROTECTION_PRESS,
};
extern const struct vocabulary protection_words;

/* Form 1 section H: Article 13(3) of Directive (EU) 2016/680. */
enum delay_ground {
        DELAY_NONE,
        DELAY_INQUIRY,
        DELAY_OFFENCES,
        DELAY_PUBLIC_SECURITY,
        DELAY_NATIONAL_SECURITY,
        DELAY_OTHERS_RIGHTS,
};
extern const struct vocabulary delay_ground_words;

/* Form 1 section L. */
enum delivery_recipient { RECIPIENT_NONE, RECIPIENT_ISSUING, RECIPIENT_VALIDATING, RECIPIENT_OTHER };
extern const struct vocabulary delivery_recipient_words;

/* Form 3 section D. */
enum obstacle {
        OBSTACLE_NONE,
        OBSTACLE_INCOMPLETE,
        OBSTACLE_MANIFEST_ERROR,
        OBSTACLE_INSUFFICIENT_INFORMATION,
        OBSTACLE_NOT_STORED,
        OBSTACLE_FORCE_MAJEURE,
        OBSTACLE_WRONG_AUTHORITY,
        OBSTACLE_WRONG_OFFENCE,
        OBSTACLE_SERVICE_OUT_OF_SCOPE,
        OBSTACLE_IMMUNITY_OR_PRESS,
        OBSTACLE_THIRD_COUNTRY_LAW,
        OBSTACLE_OTHER,
};
extern const struct vocabulary obstacle_words;

/* Article 12(1). */
enum refusal_ground {
        GROUND_NONE,
        GROUND_IMMUNITY_OR_PRIVILEGE,
        GROUND_PRESS_FREEDOM,
        GROUND_FUNDAMENTAL_RIGHTS,
        GROUND_NE_BIS_IN_IDEM,
        GROUND_DUAL_CRIMINALITY,
};
extern const struct vocabulary refusal_ground_words;

enum objection_effect {
        OBJECTION_NONE,
        OBJECTION_REFUSED,     /* it must not be produced */
        OBJECTION_CONDITIONAL, /* it may be produced and used under the conditions named */
        OBJECTION_DELETE,      /* produced in an emergency: it must be deleted or restricted, Article 10(4) */
};
extern const struct vocabulary objection_effect_words;

enum validation_decision { VALIDATION_NONE, VALIDATION_GRANTED, VALIDATION_REFUSED };
extern const struct vocabulary validation_decision_words;

enum review_outcome { REVIEW_NONE, REVIEW_UPHELD, REVIEW_LIFTED };
extern const struct vocabulary review_outcome_words;

enum withdrawal_reason {
        WITHDRAWAL_NONE,
        WITHDRAWAL_NOT_VALIDATED, /* 48 hours have gone by, Article 4(5) */
        WITHDRAWAL_VALIDATION_REFUSED,
        WITHDRAWAL_NOT_NEEDED,
        WITHDRAWAL_MISTAKE,
        WITHDRAWAL_EA_REFUSED,
        WITHDRAWAL_REVIEW_LIFTED,
};
extern const struct vocabulary withdrawal_reason_words;

/* What became of one identifier. */
enum outcome {
        OUTCOME_NONE,
        OUTCOME_DISCLOSED,
        OUTCOME_NOT_AVAILABLE,
        OUTCOME_REFUSED,
        OUTCOME_PRESERVED,
        OUTCOME_NOT_PRESERVED,
};
extern const struct vocabulary outcome_words;

/* The verdict of the records on an address, port and time (doc/verdict.md). */
enum answer_verdict {
        VERDICT_OF_NONE,
        VERDICT_OF_ONE,
        VERDICT_OF_SEVERAL,
        VERDICT_OF_NOBODY,
        VERDICT_OF_UNKNOWN
};
extern const struct vocabulary answer_verdict_words;

/* Where a postal address in an answer comes from. */
enum address_origin {
        ORIGIN_NONE,
        ORIGIN_CONTRACT,
        ORIGIN_BILLING,
        ORIGIN_INSTALLATION,
        ORIGIN_USER_STATED,
        ORIGIN_NOT_KNOWN,
        ORIGIN_NOT_ANSWERED,
};
extern const struct vocabulary address_origin_words;

enum receipt_effect {
        RECEIPT_NONE,
        RECEIPT_RECEIVED,
        RECEIPT_OPENED,
        RECEIPT_REFUSED,
        RECEIPT_FETCHED,
        RECEIPT_NOT_FETCHED
};
extern const struct vocabulary receipt_effect_words;

enum error_kind {
        ERROR_NONE,
        ERROR_WRONG_PERSON,
        ERROR_WRONG_TIME,
        ERROR_WRONG_IDENTIFIER,
        ERROR_TOO_MUCH,
        ERROR_OTHER,
};
extern const struct vocabulary error_kind_words;

#endif
