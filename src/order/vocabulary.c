/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/vocabulary.h"

const char *word_name(const struct vocabulary *vocabulary, int value)
{
        if (value == 0)
                return "not-stated";
        for (size_t i = 0; i < vocabulary->count; i++)
                if (vocabulary->words[i].value == value)
                        return vocabulary->words[i].name;
        return "unheard-of";
}

const char *word_wire(const struct vocabulary *vocabulary, int value)
{
        for (size_t i = 0; i < vocabulary->count; i++)
                if (vocabulary->words[i].value == value)
                        return vocabulary->words[i].wire;
        return NULL;
}

const char *word_meaning(const struct vocabulary *vocabulary, int value)
{
        if (value == 0)
                return "not stated";
        for (size_t i = 0; i < vocabulary->count; i++)
                if (vocabulary->words[i].value == value)
                        return vocabulary->words[i].meaning;
        return "unheard of";
}

int word_find(const struct vocabulary *vocabulary, struct slice name)
{
        for (size_t i = 0; i < vocabulary->count; i++)
                if (slice_is(name, vocabulary->words[i].name))
                        return vocabulary->words[i].value;
        return 0;
}

int word_find_wire(const struct vocabulary *vocabulary, struct slice wire)
{
        for (size_t i = 0; i < vocabulary->count; i++)
                if (vocabulary->words[i].wire && slice_is(wire, vocabulary->words[i].wire))
                        return vocabulary->words[i].value;
        return 0;
}

bool word_set_is_valid(const struct vocabulary *vocabulary, uint64_t set)
{
        for (size_t i = 0; i < vocabulary->count; i++)
                set &= ~WORD_BIT(vocabulary->words[i].value);
        return set == 0;
}

static const struct word message_kind_words_rows[] = {
        {MESSAGE_PRODUCTION_ORDER, "production-order", "EPOC",
                "European Production Order Certificate (Form 1)"},
        {MESSAGE_PRESERVATION_ORDER, "preservation-order", "EPOCPR",
                "European Preservation Order Certificate (Form 2)"},
        {MESSAGE_AMENDMENT, "amendment", NULL, "an order that takes the place of an earlier one"},
        {MESSAGE_CLARIFICATION_REQUEST, "clarification-request", NULL,
                "the provider asks the issuing authority"},
        {MESSAGE_CLARIFICATION_ANSWER, "clarification-answer", NULL,
                "the issuing authority answers the provider"},
        {MESSAGE_PRODUCTION_FOLLOWS, "production-follows", NULL,
                "confirmation that production of preserved data was requested (Form 5)"},
        {MESSAGE_EXTENSION, "extension", NULL, "preservation for 30 further days (Form 6)"},
        {MESSAGE_WITHDRAWAL, "withdrawal", NULL, "the order, or some of its identifiers, is withdrawn"},
        {MESSAGE_VALIDATION, "validation", NULL,
                "what the validating authority decided of an emergency order afterwards"},
        {MESSAGE_VALIDATION_REQUEST, "validation-request", NULL,
                "the validating authority is asked to validate an emergency order afterwards"},
        {MESSAGE_EA_NOTIFICATION, "ea-notification", NULL, "the enforcing authority is notified of an order"},
        {MESSAGE_EA_OBJECTION, "ea-objection", NULL, "the enforcing authority refuses, or sets conditions"},
        {MESSAGE_EA_CLEARANCE, "ea-clearance", NULL, "the enforcing authority will not refuse"},
        {MESSAGE_CANNOT_EXECUTE, "cannot-execute", NULL, "the provider cannot or may not execute (Form 3)"},
        {MESSAGE_REVIEW_DECISION, "review-decision", NULL,
                "what the court decided of a conflict with a third country's law"},
        {MESSAGE_ANSWER, "answer", NULL, "what the provider found, identifier by identifier"},
        {MESSAGE_RECEIPT, "receipt", NULL, "a message was received, opened or refused"},
        {MESSAGE_PERSON_NOTICE, "person-notice", NULL, "the person whose data were sought was informed"},
        {MESSAGE_ERROR_REPORT, "error-report", NULL, "an order or an answer was wrong"},
};
const struct vocabulary message_kind_words = {"message kind", message_kind_words_rows,
        sizeof message_kind_words_rows / sizeof *message_kind_words_rows};

static const struct word order_kind_words_rows[] = {
        {ORDER_PRODUCTION, "production", "EPOC", "production of data"},
        {ORDER_PRESERVATION, "preservation", "EPOCPR", "preservation of data"},
};
const struct vocabulary order_kind_words = {
        "kind of order", order_kind_words_rows, sizeof order_kind_words_rows / sizeof *order_kind_words_rows};

static const struct word yes_no_words_rows[] = {
        {STATED_YES, "yes", NULL, "yes"},
        {STATED_NO, "no", NULL, "no"},
};
const struct vocabulary yes_no_words = {
        "yes or no", yes_no_words_rows, sizeof yes_no_words_rows / sizeof *yes_no_words_rows};

static const struct word organisation_role_words_rows[] = {
        {ORGANISATION_ISSUING, "issuing-authority", "ISSUING_AUTHORITY", "issues orders"},
        {ORGANISATION_VALIDATING, "validating-authority", "VALIDATING_AUTHORITY",
                "validates orders of others"},
        {ORGANISATION_ENFORCING, "enforcing-authority", "ENFORCING_AUTHORITY",
                "is notified of orders and may object"},
        {ORGANISATION_PROVIDER, "provider", "SERVICE_PROVIDER", "holds the data"},
        {ORGANISATION_OVERSIGHT, "oversight", NULL, "checks afterwards"},
};
const struct vocabulary organisation_role_words = {"role of an organisation", organisation_role_words_rows,
        sizeof organisation_role_words_rows / sizeof *organisation_role_words_rows};

static const struct word person_role_words_rows[] = {
        {PERSON_OFFICER, "officer", NULL, "drafts and sends orders, opens answers"},
        {PERSON_VALIDATOR, "validator", NULL, "approves what an officer drafted"},
        {PERSON_DESK, "desk", NULL, "examines orders at the provider and prepares answers"},
        {PERSON_SECOND, "second-person", NULL, "releases what the desk prepared"},
        {PERSON_OVERSEER, "overseer", NULL, "reads and checks, changes nothing"},
        {PERSON_ADMINISTRATOR, "administrator", NULL, "runs the node, sees no content"},
};
const struct vocabulary person_role_words = {"role of a person", person_role_words_rows,
        sizeof person_role_words_rows / sizeof *person_role_words_rows};

static const struct word data_category_words_rows[] = {
        {CATEGORY_SUBSCRIBER, "subscriber", "SubscriberData", "subscriber data"},
        {CATEGORY_IDENTIFY_ONLY, "identify-only", "UserIdentifyingData",
                "data requested for the sole purpose of identifying the user"},
        {CATEGORY_TRAFFIC, "traffic", "TrafficData", "traffic data"},
        {CATEGORY_CONTENT, "content", "StoredContentData", "content data"},
};
const struct vocabulary data_category_words = {"data category", data_category_words_rows,
        sizeof data_category_words_rows / sizeof *data_category_words_rows};

static const struct word authority_nature_words_rows[] = {
        {NATURE_JUDGE, "judge", "JudgeCourtOrInvestigatingJudge", "a judge"},
        {NATURE_COURT, "court", "JudgeCourtOrInvestigatingJudge", "a court"},
        {NATURE_INVESTIGATING_JUDGE, "investigating-judge", "JudgeCourtOrInvestigatingJudge",
                "an investigating judge"},
        {NATURE_PROSECUTOR, "prosecutor", "PublicProsecutor", "a public prosecutor"},
        {NATURE_OTHER, "other", "OtherCompetentAuthority", "another competent authority"},
};
const struct vocabulary authority_nature_words = {"nature of the authority", authority_nature_words_rows,
        sizeof authority_nature_words_rows / sizeof *authority_nature_words_rows};

static const struct word addressee_kind_words_rows[] = {
        {ADDRESSEE_ESTABLISHMENT, "designated-establishment", NULL,
                "the provider's designated establishment"},
        {ADDRESSEE_REPRESENTATIVE, "legal-representative", NULL, "the provider's legal representative"},
        {ADDRESSEE_OTHER_ESTABLISHMENT, "other-establishment", NULL,
                "another establishment or representative, because the first did not react in an emergency"},
        {ADDRESSEE_PROVIDER, "provider", NULL, "the provider itself"},
};
const struct vocabulary addressee_kind_words = {"kind of addressee", addressee_kind_words_rows,
        sizeof addressee_kind_words_rows / sizeof *addressee_kind_words_rows};

static const struct word deadline_kind_words_rows[] = {
        {DEADLINE_TEN_DAYS, "ten-days", "AS_SOON_AS_POSSIBLE",
                "as soon as possible and within 10 days at the latest"},
        {DEADLINE_TEN_DAYS_WITH_EA, "ten-days-with-ea", "AT_THE_END_OF_TEN_DAYS",
                "at the end of 10 days, or as soon as the enforcing authority says that it will not refuse"},
        {DEADLINE_EIGHT_HOURS_LIFE, "eight-hours-life", "IMMINENT_THREAT_TO_LIFE",
                "within 8 hours: imminent threat to life, physical integrity or safety"},
        {DEADLINE_EIGHT_HOURS_INFRASTRUCTURE, "eight-hours-infrastructure",
                "IMMINENT_THREAT_TO_CRITICAL_INFRASTRUCTURE",
                "within 8 hours: imminent threat to a critical infrastructure"},
};
const struct vocabulary deadline_kind_words = {"deadline", deadline_kind_words_rows,
        sizeof deadline_kind_words_rows / sizeof *deadline_kind_words_rows};

static const struct word earlier_relation_words_rows[] = {
        {EARLIER_PRESERVED_WHOLLY, "preserved-wholly", NULL, "all data were preserved under it"},
        {EARLIER_PRESERVED_PARTLY, "preserved-partly", NULL, "some of the data were preserved under it"},
        {EARLIER_PRODUCTION, "production", NULL, "it ordered production in the same case"},
        {EARLIER_OTHER, "other", NULL, "related in another way"},
};
const struct vocabulary earlier_relation_words = {"relation to an earlier order", earlier_relation_words_rows,
        sizeof earlier_relation_words_rows / sizeof *earlier_relation_words_rows};

static const struct word identifier_kind_words_rows[] = {
        {IDENTIFIER_IPV4, "ipv4", "IPV_4", "an IPv4 address"},
        {IDENTIFIER_IPV6, "ipv6", "IPV_6", "an IPv6 address"},
        {IDENTIFIER_IP_RANGE, "ip-range", "IP_ADDRESS_RANGE", "a range of IP addresses"},
        {IDENTIFIER_PHONE, "phone", "PHONE_NUMBER", "a telephone number (E.164)"},
        {IDENTIFIER_EMAIL, "email", "EMAIL", "an e-mail address"},
        {IDENTIFIER_IMEI, "imei", "IMEI_NUMBER", "the number of a mobile device (IMEI)"},
        {IDENTIFIER_MAC, "mac", "MAC_ADDRESS", "a MAC address"},
        {IDENTIFIER_USER_ID, "user-id", "USER_ID", "a user name, login or account of a service"},
        {IDENTIFIER_SERVICE_URL, "service-url", NULL, "the address of a page or service (URL)"},
        {IDENTIFIER_OTHER, "other", NULL, "another unique identifier"},
};
const struct vocabulary identifier_kind_words = {"kind of identifier", identifier_kind_words_rows,
        sizeof identifier_kind_words_rows / sizeof *identifier_kind_words_rows};

static const struct word identifier_entry_rows[] = {
        {ENTRY_PASTED, "pasted", NULL, "taken by machine out of a source whose digest is known"},
        {ENTRY_RETYPED, "retyped", NULL, "typed by hand and compared by a second person"},
};
const struct vocabulary identifier_entry_words = {
        "way of entry", identifier_entry_rows, sizeof identifier_entry_rows / sizeof *identifier_entry_rows};

static const struct word identifier_warning_words_rows[] = {
        {WARNING_NO_PORT, "no-port", NULL,
                "no source port is stated: behind a NAT thousands of customers can share the address"},
        {WARNING_NO_PROTOCOL, "no-protocol", NULL,
                "no protocol is stated: TCP and UDP ports of one number belong to different customers"},
        {WARNING_DST_OVERLAP, "dst-overlap", NULL,
                "the clocks of the zone showed this time twice; only the stated offset tells which one is "
                "meant"},
        {WARNING_DST_GAP, "dst-gap", NULL, "the clocks of the zone never showed this time"},
        {WARNING_ZONE_DISAGREES, "zone-disagrees", NULL,
                "the offset stated is not the one that the zone had then"},
        {WARNING_SOURCE_CHANGED_FORM, "changed-form", NULL,
                "the value stands in the source in another writing"},
        {WARNING_SPECIAL_ADDRESS, "special-address", NULL,
                "the address is private, shared or reserved: no provider lends it to the outside"},
        {WARNING_LOCAL_MAC, "local-mac", NULL,
                "the address is locally administered: devices make such addresses up"},
        {WARNING_NO_TIME, "no-time", NULL, "no time is stated"},
        {WARNING_SECOND_RESOLUTION, "coarse-time", NULL, "the time is stated to the minute only"},
        {WARNING_RESERVED_PORT, "service-port", NULL,
                "a source port below 1024 is rare: it may be the port of the service that was reached"},
};
const struct vocabulary identifier_warning_words = {"warning", identifier_warning_words_rows,
        sizeof identifier_warning_words_rows / sizeof *identifier_warning_words_rows};

static const struct word subscriber_data_words_rows[] = {
        {SUBSCRIBER_IDENTITY, "identity", "UserInformation",
                "name, date of birth, postal address and contacts"},
        {SUBSCRIBER_REGISTRATION, "registration", "RegistrationInformation",
                "when and how the user registered"},
        {SUBSCRIBER_SERVICE, "service", "TypeOfServiceInformation",
                "type of service, its duration and its technical identifiers"},
        {SUBSCRIBER_PROFILE, "profile", "ProfileInformation", "the user's profile"},
        {SUBSCRIBER_VALIDATION, "validation", "DataOnValidationOfUse",
                "data on how the use of the service was validated"},
        {SUBSCRIBER_PAYMENT, "payment", "DebitOrCreditCardInformation",
                "payment card data that the user gave for billing"},
        {SUBSCRIBER_PUK, "puk", "PUKCodes", "PUK codes"},
        {SUBSCRIBER_OTHER, "other", "SubscriberDataOther", "other subscriber data"},
};
const struct vocabulary subscriber_data_words = {"subscriber data", subscriber_data_words_rows,
        sizeof subscriber_data_words_rows / sizeof *subscriber_data_words_rows};

static const struct word identification_data_words_rows[] = {
        {IDENTIFICATION_IP_LOGS, "ip-logs", NULL, "records of IP connections"},
        {IDENTIFICATION_PORTS, "ports", NULL, "source ports"},
        {IDENTIFICATION_TIMESTAMPS, "timestamps", NULL, "time stamps"},
        {IDENTIFICATION_USER_IDS, "user-ids", NULL, "user identifiers and the interface used"},
        {IDENTIFICATION_OTHER, "other", NULL, "other identifying data"},
};
const struct vocabulary identification_data_words = {"identifying data", identification_data_words_rows,
        sizeof identification_data_words_rows / sizeof *identification_data_words_rows};

static const struct word traffic_data_words_rows[] = {
        {TRAFFIC_CONNECTIONS, "connections", NULL, "who was in contact with whom, when and how long"},
        {TRAFFIC_ROUTING, "routing", NULL, "addresses and ports at both ends, headers"},
        {TRAFFIC_LOCATION, "location", NULL, "location of the device"},
        {TRAFFIC_DEVICE, "device", NULL, "device and software used"},
        {TRAFFIC_VOLUME, "volume", NULL, "amounts of data"},
        {TRAFFIC_SESSIONS, "sessions", NULL, "logs of sessions"},
        {TRAFFIC_PURCHASES, "purchases", NULL, "history of purchases and tickets"},
        {TRAFFIC_OTHER, "other", NULL, "other traffic data"},
};
const struct vocabulary traffic_data_words = {"traffic data", traffic_data_words_rows,
        sizeof traffic_data_words_rows / sizeof *traffic_data_words_rows};

static const struct word content_data_words_rows[] = {
        {CONTENT_MAILBOX, "mailbox", NULL, "a mailbox"},
        {CONTENT_STORAGE, "storage", NULL, "stored files"},
        {CONTENT_PAGES, "pages", NULL, "pages"},
        {CONTENT_MESSAGES, "messages", NULL, "messages"},
        {CONTENT_VOICEMAIL, "voicemail", NULL, "voice messages"},
        {CONTENT_SERVER, "server", NULL, "what a server holds"},
        {CONTENT_BACKUP, "backup", NULL, "the backup of a device"},
        {CONTENT_CONTACTS, "contacts", NULL, "lists of contacts"},
        {CONTENT_OTHER, "other", NULL, "other content"},
};
const struct vocabulary content_data_words = {"content data", content_data_words_rows,
        sizeof content_data_words_rows / sizeof *content_data_words_rows};

static const struct word proceedings_kind_words_rows[] = {
        {PROCEEDINGS_CRIMINAL, "criminal-proceedings", NULL, "criminal proceedings"},
        {PROCEEDINGS_SENTENCE, "sentence", NULL,
                "execution of a custodial sentence or detention order of at least four months"},
};
const struct vocabulary proceedings_kind_words = {"kind of proceedings", proceedings_kind_words_rows,
        sizeof proceedings_kind_words_rows / sizeof *proceedings_kind_words_rows};

static const struct word threshold_basis_words_rows[] = {
        {THRESHOLD_THREE_YEARS, "three-years", NULL, "a maximum custodial sentence of at least 3 years"},
        {THRESHOLD_NON_CASH_PAYMENT, "non-cash-payment", NULL,
                "fraud with non-cash means of payment, by means of an information system"},
        {THRESHOLD_CHILD_ABUSE, "child-abuse", NULL,
                "sexual abuse of children, by means of an information system"},
        {THRESHOLD_INFORMATION_SYSTEMS, "information-systems", NULL,
                "an attack against information systems, by means of an information system"},
        {THRESHOLD_TERRORISM, "terrorism", NULL, "a terrorist offence"},
        {THRESHOLD_SENTENCE, "sentence", NULL,
                "execution of a sentence of at least four months for one of these offences"},
};
const struct vocabulary threshold_basis_words = {"threshold of the offence", threshold_basis_words_rows,
        sizeof threshold_basis_words_rows / sizeof *threshold_basis_words_rows};

static const struct word annex_offence_words_rows[] = {
        {OFFENCE_CRIMINAL_ORGANISATION, "criminal-organisation", NULL,
                "participation in a criminal organisation"},
        {OFFENCE_TERRORISM, "terrorism", NULL, "terrorism"},
        {OFFENCE_HUMAN_TRAFFICKING, "human-trafficking", NULL, "trafficking in human beings"},
        {OFFENCE_CHILD_EXPLOITATION, "child-exploitation", NULL, "sexual exploitation of children"},
        {OFFENCE_DRUGS, "drugs", NULL, "illicit traffic in drugs"},
        {OFFENCE_WEAPONS, "weapons", NULL, "illicit traffic in weapons, munitions and explosives"},
        {OFFENCE_CORRUPTION, "corruption", NULL, "corruption"},
        {OFFENCE_FRAUD, "fraud", NULL, "fraud, also against the Union's interests"},
        {OFFENCE_LAUNDERING, "laundering", NULL, "laundering of the proceeds of crime"},
        {OFFENCE_CURRENCY, "currency", NULL, "counterfeiting of currency"},
        {OFFENCE_COMPUTER, "computer", NULL, "computer-related crime"},
        {OFFENCE_ENVIRONMENT, "environment", NULL, "environmental crime"},
        {OFFENCE_UNAUTHORISED_ENTRY, "unauthorised-entry", NULL,
                "facilitation of unauthorised entry and residence"},
        {OFFENCE_MURDER_OR_INJURY, "murder-or-injury", NULL, "murder or grievous bodily injury"},
        {OFFENCE_ORGANS, "organs", NULL, "illicit trade in human organs and tissue"},
        {OFFENCE_KIDNAPPING, "kidnapping", NULL, "kidnapping, unlawful restraint or hostage-taking"},
        {OFFENCE_RACISM, "racism", NULL, "racism and xenophobia"},
        {OFFENCE_ROBBERY, "robbery", NULL, "organised or armed robbery"},
        {OFFENCE_CULTURAL_GOODS, "cultural-goods", NULL, "illicit traffic in cultural goods"},
        {OFFENCE_SWINDLING, "swindling", NULL, "swindling"},
        {OFFENCE_EXTORTION, "extortion", NULL, "racketeering and extortion"},
        {OFFENCE_PIRACY, "piracy", NULL, "counterfeiting and piracy of products"},
        {OFFENCE_FORGED_DOCUMENTS, "forged-documents", NULL,
                "forgery of administrative documents and traffic in them"},
        {OFFENCE_FORGED_PAYMENT, "forged-payment", NULL, "forgery of means of payment"},
        {OFFENCE_HORMONES, "hormones", NULL, "illicit traffic in hormones and growth promoters"},
        {OFFENCE_NUCLEAR, "nuclear", NULL, "illicit traffic in nuclear or radioactive material"},
        {OFFENCE_STOLEN_VEHICLES, "stolen-vehicles", NULL, "traffic in stolen vehicles"},
        {OFFENCE_RAPE, "rape", NULL, "rape"},
        {OFFENCE_ARSON, "arson", NULL, "arson"},
        {OFFENCE_INTERNATIONAL_COURT, "international-court", NULL,
                "crimes within the jurisdiction of the International Criminal Court"},
        {OFFENCE_SEIZURE_OF_CRAFT, "seizure-of-craft", NULL, "unlawful seizure of aircraft or ships"},
        {OFFENCE_SABOTAGE, "sabotage", NULL, "sabotage"},
};
const struct vocabulary annex_offence_words = {"category of offence (Annex IV)", annex_offence_words_rows,
        sizeof annex_offence_words_rows / sizeof *annex_offence_words_rows};

static const struct word data_holder_words_rows[] = {
        {HOLDER_CONTROLLER, "controller", NULL, "the provider is the controller of the data"},
        {HOLDER_PROCESSOR, "processor", NULL, "the provider processes the data for somebody else"},
};
const struct vocabulary data_holder_words = {"holder of the data", data_holder_words_rows,
        sizeof data_holder_words_rows / sizeof *data_holder_words_rows};

static const struct word protection_words_rows[] = {
        {PROTECTION_PROFESSIONAL_PRIVILEGE, "professional-privilege", NULL, "professional privilege"},
        {PROTECTION_IMMUNITY, "immunity", NULL, "an immunity or privilege"},
        {PROTECTION_PRESS, "press", NULL, "freedom of the press and of expression in other media"},
};
const struct vocabulary protection_words = {
        "protection", protection_words_rows, sizeof protection_words_rows / sizeof *protection_words_rows};

static const struct word delay_ground_words_rows[] = {
        {DELAY_INQUIRY, "inquiry", NULL, "not to obstruct inquiries, investigations or procedures"},
        {DELAY_OFFENCES, "offences", NULL,
                "not to prejudice prevention, detection, investigation or prosecution of offences"},
        {DELAY_PUBLIC_SECURITY, "public-security", NULL, "to protect public security"},
        {DELAY_NATIONAL_SECURITY, "national-security", NULL, "to protect national security"},
        {DELAY_OTHERS_RIGHTS, "rights-of-others", NULL, "to protect the rights and freedoms of others"},
};
const struct vocabulary delay_ground_words = {"ground of delay", delay_ground_words_rows,
        sizeof delay_ground_words_rows / sizeof *delay_ground_words_rows};

static const struct word delivery_recipient_words_rows[] = {
        {RECIPIENT_ISSUING, "issuing-authority", "ISSUING_AUTHORITY", "the issuing authority"},
        {RECIPIENT_VALIDATING, "validating-authority", "VALIDATING_AUTHORITY", "the validating authority"},
        {RECIPIENT_OTHER, "other-authority", "OTHER_COMPETENT_AUTHORITY", "another competent authority"},
};
const struct vocabulary delivery_recipient_words = {"recipient of the data", delivery_recipient_words_rows,
        sizeof delivery_recipient_words_rows / sizeof *delivery_recipient_words_rows};

static const struct word obstacle_words_rows[] = {
        {OBSTACLE_INCOMPLETE, "incomplete", NULL, "the certificate is incomplete"},
        {OBSTACLE_MANIFEST_ERROR, "manifest-error", NULL, "the certificate contains a manifest error"},
        {OBSTACLE_INSUFFICIENT_INFORMATION, "insufficient-information", NULL,
                "the certificate does not say enough to execute it"},
        {OBSTACLE_NOT_STORED, "not-stored", NULL, "the data are not stored"},
        {OBSTACLE_FORCE_MAJEURE, "force-majeure", NULL,
                "it is impossible for reasons outside the provider's control"},
        {OBSTACLE_WRONG_AUTHORITY, "wrong-authority", NULL,
                "it was not issued or validated by an authority that may do so"},
        {OBSTACLE_WRONG_OFFENCE, "wrong-offence", NULL,
                "the offence is none for which such data may be ordered"},
        {OBSTACLE_SERVICE_OUT_OF_SCOPE, "service-out-of-scope", NULL,
                "the service is not covered by the regulation"},
        {OBSTACLE_IMMUNITY_OR_PRESS, "immunity-or-press", NULL,
                "immunities, privileges, or the freedom of the press and of expression could be concerned"},
        {OBSTACLE_THIRD_COUNTRY_LAW, "third-country-law", NULL,
                "it conflicts with the law of a third country"},
        {OBSTACLE_OTHER, "other", NULL, "another reason"},
};
const struct vocabulary obstacle_words = {"reason not to execute", obstacle_words_rows,
        sizeof obstacle_words_rows / sizeof *obstacle_words_rows};

static const struct word refusal_ground_words_rows[] = {
        {GROUND_IMMUNITY_OR_PRIVILEGE, "immunity-or-privilege", NULL,
                "an immunity or privilege protects the data"},
        {GROUND_PRESS_FREEDOM, "press-freedom", NULL,
                "rules on the freedom of the press or of expression in other media"},
        {GROUND_FUNDAMENTAL_RIGHTS, "fundamental-rights", NULL,
                "execution would manifestly breach a fundamental right"},
        {GROUND_NE_BIS_IN_IDEM, "ne-bis-in-idem", NULL, "nobody is tried twice for the same offence"},
        {GROUND_DUAL_CRIMINALITY, "dual-criminality", NULL,
                "the conduct is no offence in the enforcing State, and not in Annex IV"},
};
const struct vocabulary refusal_ground_words = {"ground of refusal", refusal_ground_words_rows,
        sizeof refusal_ground_words_rows / sizeof *refusal_ground_words_rows};

static const struct word objection_effect_words_rows[] = {
        {OBJECTION_REFUSED, "refused", NULL, "the data must not be produced"},
        {OBJECTION_CONDITIONAL, "conditional", NULL,
                "the data may be produced and used under conditions only"},
        {OBJECTION_DELETE, "delete", NULL, "data already produced must be deleted, or their use restricted"},
};
const struct vocabulary objection_effect_words = {"effect of the objection", objection_effect_words_rows,
        sizeof objection_effect_words_rows / sizeof *objection_effect_words_rows};

static const struct word validation_decision_words_rows[] = {
        {VALIDATION_GRANTED, "validated", NULL, "validated"},
        {VALIDATION_REFUSED, "refused", NULL, "validation was refused"},
};
const struct vocabulary validation_decision_words = {"decision of the validating authority",
        validation_decision_words_rows,
        sizeof validation_decision_words_rows / sizeof *validation_decision_words_rows};

static const struct word review_outcome_words_rows[] = {
        {REVIEW_UPHELD, "upheld", NULL, "the order is upheld"},
        {REVIEW_LIFTED, "lifted", NULL, "the order is lifted"},
};
const struct vocabulary review_outcome_words = {"outcome of the review", review_outcome_words_rows,
        sizeof review_outcome_words_rows / sizeof *review_outcome_words_rows};

static const struct word withdrawal_reason_words_rows[] = {
        {WITHDRAWAL_NOT_VALIDATED, "not-validated", NULL, "it was not validated within 48 hours"},
        {WITHDRAWAL_VALIDATION_REFUSED, "validation-refused", NULL, "validation was refused"},
        {WITHDRAWAL_NOT_NEEDED, "not-needed", NULL, "the data are no longer needed"},
        {WITHDRAWAL_MISTAKE, "mistake", NULL, "the order was a mistake"},
        {WITHDRAWAL_EA_REFUSED, "ea-refused", NULL, "the enforcing authority refused"},
        {WITHDRAWAL_REVIEW_LIFTED, "review-lifted", NULL, "the court lifted the order"},
};
const struct vocabulary withdrawal_reason_words = {"reason of the withdrawal", withdrawal_reason_words_rows,
        sizeof withdrawal_reason_words_rows / sizeof *withdrawal_reason_words_rows};

static const struct word outcome_words_rows[] = {
        {OUTCOME_DISCLOSED, "disclosed", "Disclosed", "data are disclosed"},
        {OUTCOME_NOT_AVAILABLE, "not-available", "DisclosureNotAvailable", "there are no data to disclose"},
        {OUTCOME_REFUSED, "refused", "Rejected", "nothing is disclosed or preserved, for the reasons stated"},
        {OUTCOME_PRESERVED, "preserved", "Preserved", "data are preserved"},
        {OUTCOME_NOT_PRESERVED, "not-preserved", "PreservationNotAvailable", "there are no data to preserve"},
};
const struct vocabulary outcome_words = {
        "outcome", outcome_words_rows, sizeof outcome_words_rows / sizeof *outcome_words_rows};

static const struct word answer_verdict_words_rows[] = {
        {VERDICT_OF_ONE, "one", NULL, "the records prove one holder"},
        {VERDICT_OF_SEVERAL, "several", NULL,
                "several held it, and the records do not tell which of them is meant"},
        {VERDICT_OF_NOBODY, "none", NULL, "the records prove that nobody held it"},
        {VERDICT_OF_UNKNOWN, "unknown", NULL,
                "the records prove nothing; this is no evidence against anybody"},
};
const struct vocabulary answer_verdict_words = {"verdict", answer_verdict_words_rows,
        sizeof answer_verdict_words_rows / sizeof *answer_verdict_words_rows};

static const struct word address_origin_words_rows[] = {
        {ORIGIN_CONTRACT, "contract", NULL, "from the contract"},
        {ORIGIN_BILLING, "billing", NULL, "where bills are sent"},
        {ORIGIN_INSTALLATION, "installation", NULL, "where the line ends"},
        {ORIGIN_USER_STATED, "user-stated", NULL, "as the user stated it, not verified"},
        {ORIGIN_NOT_KNOWN, "not-known", NULL, "the provider does not know where it comes from"},
        {ORIGIN_NOT_ANSWERED, "not-answered", NULL, "the answer names no postal address"},
};
const struct vocabulary address_origin_words = {"origin of the postal address", address_origin_words_rows,
        sizeof address_origin_words_rows / sizeof *address_origin_words_rows};

static const struct word receipt_effect_words_rows[] = {
        {RECEIPT_RECEIVED, "received", "Received", "the message is received and stored"},
        {RECEIPT_OPENED, "opened", "Acknowledged", "the message was opened and checked"},
        {RECEIPT_REFUSED, "refused", "Error", "the message was refused for the findings stated"},
        {RECEIPT_FETCHED, "fetched", NULL, "all files beside the message were fetched, and are what it says"},
        {RECEIPT_NOT_FETCHED, "not-fetched", NULL,
                "files beside the message did not come, for the findings stated"},
};
const struct vocabulary receipt_effect_words = {"effect of the receipt", receipt_effect_words_rows,
        sizeof receipt_effect_words_rows / sizeof *receipt_effect_words_rows};

static const struct word error_kind_words_rows[] = {
        {ERROR_WRONG_PERSON, "wrong-person", NULL, "somebody was named who was not concerned"},
        {ERROR_WRONG_TIME, "wrong-time", NULL, "the time was wrong"},
        {ERROR_WRONG_IDENTIFIER, "wrong-identifier", NULL, "the identifier was wrong"},
        {ERROR_TOO_MUCH, "too-much", NULL, "more was disclosed than was ordered"},
        {ERROR_OTHER, "other", NULL, "another error"},
};
const struct vocabulary error_kind_words = {
        "kind of error", error_kind_words_rows, sizeof error_kind_words_rows / sizeof *error_kind_words_rows};
