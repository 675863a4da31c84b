/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/form_row.h"

/* The fields of Forms 1 and 2. A field is mandatory where the forms of the annexes ask for it without "if
 * available" or "where applicable". */

static const struct model_field signatory_rows[] = {
        ROW(signatory, person, "1I 1J 2G 2H", "login of the signatory", PERSON, ALWAYS),
        ROW(signatory, name, "1I 1J 2G 2H", "name of the signatory", SHORT, ALWAYS),
        ROW(signatory, post, "1I 1J 2G 2H", "post held (title, grade)", SHORT),
        ROW(signatory, place, "1I 1J 2G 2H", "place of the signature", SHORT),
        ROW(signatory, signed_ms, "1I 1J 2G 2H", "date of the signature", INSTANT, ALWAYS),
};
const struct model_type signatory_type = TYPE(signatory_rows, "signatory", signatory);

/* An authority that is only named, and one that signs: the same struct, but who signs says more of itself. */
#define AUTHORITY_ROWS(of_signing)                                                                           \
        ROW(authority, country, "1A 2A", "State of the authority", COUNTRY, ALWAYS),                         \
                ROW(authority, organisation, "1A 2A", "short name of the authority in the directory",        \
                        ORGANISATION, ALWAYS),                                                               \
                ROW(authority, name, "1A 1I 1J 1K", "name of the authority", SHORT, ALWAYS),                 \
                ROW(authority, nature, "1I 1J", "nature of the authority", CHOICE(authority_nature_words),   \
                        NEED(of_signing)),                                                                   \
                ROW(authority, representative, "1I 1J", "name of its representative", SHORT),                \
                ROW(authority, file_number, "1A 1I 1J", "file number", SHORT, NEED(of_signing)),             \
                ROW(authority, address, "1I 1J 1K", "address", LONG),                                        \
                ROW(authority, telephone, "1I 1J 1K", "telephone", SHORT),                                   \
                ROW(authority, fax, "1I 1J 1K", "fax", SHORT),                                               \
                ROW(authority, email, "1I 1J 1K", "e-mail", SHORT),                                          \
                ROW(authority, languages, "1I 1J", "languages in which it can be reached", SHORT),           \
                ROW(authority, contact_name, "1I 1J", "contact person", SHORT),                              \
                ROW(authority, contact_telephone, "1I 1J", "telephone of the contact person", SHORT),        \
                ROW(authority, contact_email, "1I 1J", "e-mail of the contact person", SHORT),               \
                ROW(authority, signatory, "1I 1J 2G 2H", "signatory", PART(signatory_type),                  \
                        NEED(of_signing))
static const struct model_field authority_rows[] = {AUTHORITY_ROWS(0)};
const struct model_type authority_type = TYPE(authority_rows, "authority", authority);
static const struct model_field signing_authority_rows[] = {AUTHORITY_ROWS(FORM_ALWAYS)};
const struct model_type signing_authority_type = TYPE(signing_authority_rows, "signing authority", authority);

static const struct model_field addressee_rows[] = {
        ROW(addressee, kind, "1B 2B 3C", "kind of addressee", CHOICE(addressee_kind_words), ALWAYS),
        ROW(addressee, country, "1B 2B 3C", "enforcing State", COUNTRY, ALWAYS),
        ROW(addressee, organisation, "1B 2B 3C", "short name of the addressee in the directory", ORGANISATION,
                ALWAYS),
        ROW(addressee, name, "1B 2B 3C", "name of the addressee", SHORT, ALWAYS),
        ROW(addressee, address, "1B 2B 3C", "address", LONG),
        ROW(addressee, telephone, "1B 2B 3C", "telephone", SHORT),
        ROW(addressee, fax, "1B 2B 3C", "fax", SHORT),
        ROW(addressee, email, "1B 2B 3C", "e-mail", SHORT),
        ROW(addressee, contact_person, "1B 2B 3C", "contact person", SHORT),
        ROW(addressee, file_number, "1B 2B 3C", "file number of the addressee", SHORT),
        ROW(addressee, provider_name, "1B 2B 3C", "provider concerned", SHORT),
        ROW(addressee, provider_organisation, "1B 2B 3C", "short name of the provider concerned",
                ORGANISATION),
        ROW(addressee, readdressed_reason, "1B", "why it is addressed to another establishment", LONG,
                NEED(FORM_READDRESSED)),
        ROW(addressee, further, "1B 2B", "further information on the addressee", LONG),
};
const struct model_type addressee_type = TYPE(addressee_rows, "addressee", addressee);

static const struct model_field deadline_rows[] = {
        ROW(deadline_wish, kind, "1C", "deadline", CHOICE(deadline_kind_words), ALWAYS),
        ROW(deadline_wish, threat, "1C", "what threatens whom, and why it is imminent", LONG,
                NEED(FORM_EMERGENCY)),
        ROW(deadline_wish, procedural_ms, "1C", "date set by the proceedings", INSTANT),
        ROW(deadline_wish, procedural_reason, "1C", "why that date", LONG),
        ROW(deadline_wish, further, "1C", "further information on the deadline", LONG),
};
static const struct model_type deadline_type = TYPE(deadline_rows, "deadline", deadline_wish);

static const struct model_field emergency_rows[] = {
        ROW(emergency, first_person, "1C", "first person who stands for the emergency", PERSON, ALWAYS),
        ROW(emergency, second_person, "1C", "second person who stands for the emergency", PERSON, ALWAYS),
        ROW(emergency, unvalidated, "1I 2G", "issued before validation", CHOICE(yes_no_words), ALWAYS),
        ROW(emergency, no_time_reason, "1I 2G", "why validation could not be had in time", LONG),
        ROW(emergency, domestic_power, "1I 2G", "could do so in a similar domestic case",
                CHOICE(yes_no_words)),
        ROW(emergency, call_back_contact, "1I 2G", "whom the provider may ask for", SHORT, ALWAYS),
};
static const struct model_type emergency_type = TYPE(emergency_rows, "emergency", emergency);

static const struct model_field earlier_rows[] = {
        ROW(earlier_order, relation, "1D", "relation", CHOICE(earlier_relation_words), ALWAYS),
        ROW(earlier_order, order_id, "1D", "number of the earlier order", ID),
        ROW(earlier_order, authority, "1D", "authority that issued it", SHORT, ALWAYS),
        ROW(earlier_order, addressee, "1D", "to whom it was sent", SHORT, ALWAYS),
        ROW(earlier_order, reference, "1D", "its file number", SHORT),
        ROW(earlier_order, issued_ms, "1D", "when it was issued", INSTANT, ALWAYS),
};
static const struct model_type earlier_type = TYPE(earlier_rows, "earlier order", earlier_order);

static const struct model_field source_rows[] = {
        ROW(identifier_source, title, "", "name of the source", SHORT),
        ROW(identifier_source, digest, "", "SHA-256 of the source text", DIGEST),
        ROW(identifier_source, place, "", "byte in the source where the excerpt begins",
                NUMBER(SOURCE_BYTES_MAX)),
        ROW(identifier_source, length, "", "bytes of the excerpt", NUMBER(SOURCE_BYTES_MAX)),
        ROW(identifier_source, line, "", "line of the source", NUMBER(SOURCE_BYTES_MAX)),
        ROW(identifier_source, excerpt, "", "the source's own words", LONG),
};
static const struct model_type source_type = TYPE(source_rows, "source", identifier_source);

/* Which fields an identifier needs depends on its kind: rules.c. */
static const struct model_field identifier_rows[] = {
        ROW(identifier, id, "1E 2C", "number of the identifier", ID, ALWAYS),
        ROW(identifier, kind, "1E 2C", "kind of identifier", CHOICE(identifier_kind_words), ALWAYS),
        ROW(identifier, value, "1E 2C", "identifier", SHORT, ALWAYS),
        ROW(identifier, address, "1E 2C", "address", ADDRESS),
        ROW(identifier, address_last, "1E 2C", "last address of the range", ADDRESS),
        ROW(identifier, source_port, "1E 2C", "source port", NUMBER(65535)),
        ROW(identifier, protocol, "1E 2C", "protocol", NUMBER(255)),
        ROW(identifier, destination, "1E 2C", "address that was reached", ADDRESS),
        ROW(identifier, destination_port, "1E 2C", "port that was reached", NUMBER(65535)),
        ROW(identifier, from_ms, "1E 2C", "beginning of the time asked about", INSTANT),
        ROW(identifier, to_ms, "1E 2C", "end of the time asked about", INSTANT),
        ROW(identifier, offset_s, "1E 2C", "offset from UTC that the source states", SIGNED(64800)),
        ROW(identifier, stated_time, "1E 2C", "time in the words of the source", SHORT),
        ROW(identifier, zone, "1E 2C", "local zone of the source", SHORT),
        ROW(identifier, service, "1E 2C", "service concerned", SHORT),
        ROW(identifier, categories, "1F 2D", "data asked of this identifier", SET(data_category_words)),
        ROW(identifier, entry, "", "way of entry", CHOICE(identifier_entry_words), ALWAYS),
        ROW(identifier, source, "", "source", PART(source_type)),
        ROW(identifier, typed_by, "", "who typed it", PERSON),
        ROW(identifier, compared_by, "", "who compared it", PERSON),
        ROW(identifier, warnings, "", "warnings", SET(identifier_warning_words)),
        ROW(identifier, note, "1E 2C", "further information on the identifier", LONG),
};
const struct model_type identifier_type = TYPE(identifier_rows, "identifier", identifier);

static const struct model_field data_rows[] = {
        ROW(data_wish, categories, "1F 2D", "data categories", SET(data_category_words), ALWAYS),
        ROW(data_wish, subscriber, "1F 2D", "subscriber data", SET(subscriber_data_words),
                NEED(FORM_SUBSCRIBER)),
        ROW(data_wish, subscriber_other, "1F 2D", "other subscriber data", LONG),
        ROW(data_wish, identification, "1F 2D", "identifying data", SET(identification_data_words),
                NEED(FORM_IDENTIFY)),
        ROW(data_wish, identification_other, "1F 2D", "other identifying data", LONG),
        ROW(data_wish, traffic, "1F 2D", "traffic data", SET(traffic_data_words), NEED(FORM_TRAFFIC)),
        ROW(data_wish, traffic_other, "1F 2D", "other traffic data", LONG),
        ROW(data_wish, content, "1F 2D", "content data", SET(content_data_words), NEED(FORM_CONTENT)),
        ROW(data_wish, content_other, "1F 2D", "other content data", LONG),
        ROW(data_wish, from_ms, "1E 2C", "beginning of the time range", INSTANT, NEED(FORM_GRAVE)),
        ROW(data_wish, to_ms, "1E 2C", "end of the time range", INSTANT, NEED(FORM_GRAVE)),
        ROW(data_wish, all_holders, "1F", "name all where several held it", CHOICE(yes_no_words)),
        ROW(data_wish, all_holders_reason, "1F", "why all are to be named", LONG, NEED(FORM_ALL_HOLDERS)),
        ROW(data_wish, further, "1F 2D", "further information on the data", LONG),
};
static const struct model_type data_type = TYPE(data_rows, "data", data_wish);

static const struct model_field grounds_rows[] = {
        ROW(grounds, proceedings, "1G 2E", "kind of proceedings", CHOICE(proceedings_kind_words), ALWAYS),
        ROW(grounds, offence, "1G 2E", "nature and legal classification of the offence", LONG, ALWAYS),
        ROW(grounds, provision, "1G 2E", "statutory provision", LONG, ALWAYS),
        ROW(grounds, annex, "1G 1M", "categories of Annex IV", SET(annex_offence_words)),
        ROW(grounds, maximum_months, "1G", "maximum custodial sentence in months", NUMBER(12000)),
        ROW(grounds, sentence_months, "1G", "sentence imposed in months", NUMBER(12000)),
        ROW(grounds, threshold, "1G", "threshold of the offence", CHOICE(threshold_basis_words)),
        ROW(grounds, information_system, "1G", "committed by means of an information system",
                CHOICE(yes_no_words)),
        ROW(grounds, similar_domestic, "1G 2E", "could be ordered in a similar domestic case",
                CHOICE(yes_no_words), NEED(FORM_PRODUCTION | FORM_PRESERVATION)),
        ROW(grounds, necessity, "1G 2E", "why it is necessary and proportionate", LONG,
                NEED(FORM_PRODUCTION | FORM_PRESERVATION)),
        ROW(grounds, holder, "1G", "controller or processor", CHOICE(data_holder_words),
                NEED(FORM_PRODUCTION)),
        ROW(grounds, processor_reason, "1G", "why the processor is addressed", LONG, NEED(FORM_PROCESSOR)),
        ROW(grounds, public_authority, "1G", "stored for a public authority", CHOICE(yes_no_words)),
        ROW(grounds, protections, "1G", "what may protect the data or the person", SET(protection_words)),
        ROW(grounds, protection_clarified, "1G", "what was clarified about the protection", LONG,
                NEED(FORM_PROTECTED)),
        ROW(grounds, preservation_reason, "2E", "why removal, deletion or change of the data threatens", LONG,
                NEED(FORM_PRESERVATION), BAR(FORM_PRODUCTION)),
        ROW(grounds, further, "1G 2E", "further information on the proceedings", LONG),
};
static const struct model_type grounds_type = TYPE(grounds_rows, "grounds", grounds);

static const struct model_field information_rows[] = {
        ROW(user_information, delayed, "1H 2F", "information of the person is delayed", CHOICE(yes_no_words),
                ALWAYS),
        ROW(user_information, delay_grounds, "1H 2F", "grounds of the delay", SET(delay_ground_words),
                NEED(FORM_DELAYED)),
        ROW(user_information, delay_reasons, "1H 2F", "reasons of the delay for the file", LONG,
                NEED(FORM_DELAYED)),
        ROW(user_information, delayed_until_ms, "1H 2F", "end of the delay", INSTANT, NEED(FORM_DELAYED)),
};
static const struct model_type information_type =
        TYPE(information_rows, "information of the person", user_information);

static const struct model_field ea_rows[] = {
        ROW(ea_involvement, notified, "1K", "enforcing authority is notified", CHOICE(yes_no_words),
                NEED(FORM_GRAVE)),
        ROW(ea_involvement, authority, "1K", "enforcing authority", PART(authority_type), NEED(FORM_EA)),
        ROW(ea_involvement, notified_ms, "1K", "when it was notified", INSTANT),
        ROW(ea_involvement, offence_here, "1K", "offence committed in the issuing State",
                CHOICE(yes_no_words), NEED(FORM_EA_EXEMPT)),
        ROW(ea_involvement, person_here, "1K", "person resides in the issuing State", CHOICE(yes_no_words),
                NEED(FORM_EA_EXEMPT)),
        ROW(ea_involvement, exemption_reason, "1K", "why the enforcing authority need not be notified", LONG,
                NEED(FORM_EA_EXEMPT)),
};
static const struct model_type ea_type = TYPE(ea_rows, "enforcing authority", ea_involvement);

static const struct model_field delivery_rows[] = {
        ROW(delivery_wish, recipient, "1L", "recipient of the data", CHOICE(delivery_recipient_words),
                ALWAYS),
        ROW(delivery_wish, other, "1L", "other authority that receives the data", PART(authority_type),
                NEED(FORM_OTHER_RECIPIENT)),
        ROW(delivery_wish, format, "1L", "format of the data", SHORT),
        ROW(delivery_wish, means, "1L", "means of the transfer", SHORT),
        ROW(delivery_wish, languages, "1L", "languages of the answer", SHORT),
};
static const struct model_type delivery_type = TYPE(delivery_rows, "delivery", delivery_wish);

static const struct model_field ea_information_rows[] = {
        ROW(ea_information, necessity, "1M", "grounds of necessity and proportionality", LONG, ALWAYS),
        ROW(ea_information, case_summary, "1M", "summary of the case", LONG, ALWAYS),
        ROW(ea_information, offence, "1M", "offence", LONG, ALWAYS),
        ROW(ea_information, annex, "1M", "categories of Annex IV", SET(annex_offence_words)),
        ROW(ea_information, further, "1M", "further information for the enforcing authority", LONG),
};
static const struct model_type ea_information_type =
        TYPE(ea_information_rows, "information for the enforcing authority", ea_information);

static const struct model_field order_rows[] = {
        ROW(order, kind, "", "kind of order", CHOICE(order_kind_words), ALWAYS),
        ROW(order, title, "", "title of the order", SHORT),
        ROW(order, issuing_file_number, "1A 2A", "file number of the issuing authority", SHORT, ALWAYS),
        ROW(order, validating_file_number, "1A 2A", "file number of the validating authority", SHORT),
        ROW(order, addressee, "1B 2B", "addressee", PART(addressee_type), ALWAYS),
        ROW(order, deadline, "1C", "deadline", PART(deadline_type), NEED(FORM_PRODUCTION),
                BAR(FORM_PRESERVATION)),
        ROW(order, emergency, "1C 1I 2G", "emergency", PART(emergency_type), NEED(FORM_EMERGENCY)),
        ROW(order, has_earlier, "1D", "there is an earlier order", CHOICE(yes_no_words),
                NEED(FORM_PRODUCTION)),
        ROW(order, earlier, "1D", "earlier orders", LIST(earlier_type, ORDER_EARLIER_MAX),
                NEED(FORM_EARLIER)),
        ROW(order, identifiers, "1E 2C", "identifiers", LIST(identifier_type, ORDER_IDENTIFIERS_MAX), ALWAYS),
        ROW(order, data, "1F 2D", "data", PART(data_type), ALWAYS),
        ROW(order, grounds, "1G 2E", "grounds", PART(grounds_type), ALWAYS),
        ROW(order, information, "1H 2F", "information of the person", PART(information_type), ALWAYS),
        ROW(order, issuer, "1A 1I 2A 2G", "issuing authority", PART(signing_authority_type), ALWAYS),
        ROW(order, validator, "1A 1J 2A 2H", "validating authority", PART(signing_authority_type),
                NEED(FORM_VALIDATED)),
        ROW(order, ea, "1K", "enforcing authority", PART(ea_type), BAR(FORM_PRESERVATION), NEED(FORM_GRAVE)),
        ROW(order, delivery, "1L", "delivery", PART(delivery_type), NEED(FORM_PRODUCTION),
                BAR(FORM_PRESERVATION)),
        ROW(order, ea_information, "1M", "information for the enforcing authority", PART(ea_information_type),
                NEED(FORM_TO_EA), BAR(FORM_TO_PROVIDER)),
};
const struct model_type order_type = TYPE(order_rows, "order", order);
