/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/form_row.h"

/* The fields of all messages but the orders themselves. */

static const struct model_field amendment_rows[] = {
        ROW(amendment, replaces, "", "message that is replaced", ID, ALWAYS),
        ROW(amendment, reason, "", "reason", LONG, ALWAYS),
        ROW(amendment, changes, "", "what was changed", TEXTS, ALWAYS),
        ROW(amendment, order, "", "the order as it is now", PART(order_type), ALWAYS),
};
static const struct model_type amendment_type = TYPE(amendment_rows, "amendment", amendment);

static const struct model_field question_rows[] = {
        ROW(provider_question, identifier_id, "3F", "identifier", ID),
        ROW(provider_question, obstacles, "3D", "what is in the way", SET(obstacle_words)),
        ROW(provider_question, text, "3F", "question", LONG, ALWAYS),
};
static const struct model_type question_type = TYPE(question_rows, "question", provider_question);
static const struct model_field clarification_request_rows[] = {
        ROW(clarification_request, questions, "3F", "questions", LIST(question_type, ORDER_IDENTIFIERS_MAX),
                ALWAYS),
        ROW(clarification_request, preserved, "3G", "data are preserved", CHOICE(yes_no_words), ALWAYS),
        ROW(clarification_request, signatory, "3H", "signatory", PART(signatory_type), ALWAYS),
};
static const struct model_type clarification_request_type =
        TYPE(clarification_request_rows, "clarification request", clarification_request);

static const struct model_field reply_rows[] = {
        ROW(reply, identifier_id, "", "identifier", ID),
        ROW(reply, text, "", "reply", LONG, ALWAYS),
};
static const struct model_type reply_type = TYPE(reply_rows, "reply", reply);
static const struct model_field clarification_answer_rows[] = {
        ROW(clarification_answer, replies, "", "replies", LIST(reply_type, ORDER_IDENTIFIERS_MAX), ALWAYS),
        ROW(clarification_answer, amended, "", "an amended order follows", CHOICE(yes_no_words)),
        ROW(clarification_answer, signatory, "", "signatory", PART(signatory_type), ALWAYS),
};
static const struct model_type clarification_answer_type =
        TYPE(clarification_answer_rows, "clarification answer", clarification_answer);

static const struct model_field production_follows_rows[] = {
        ROW(production_follows, production_order_id, "5C", "number of the production order", ID),
        ROW(production_follows, issued_ms, "5C", "when production was ordered", INSTANT, ALWAYS),
        ROW(production_follows, identifier_ids, "5C", "identifiers", TEXTS),
        ROW(production_follows, authority, "5A", "authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type production_follows_type =
        TYPE(production_follows_rows, "confirmation that production follows", production_follows);

static const struct model_field extension_rows[] = {
        ROW(extension, days, "6C", "further days", NUMBER(365), ALWAYS),
        ROW(extension, reason, "6C", "reason", LONG, ALWAYS),
        ROW(extension, authority, "6A", "authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type extension_type = TYPE(extension_rows, "extension", extension);

static const struct model_field withdrawal_rows[] = {
        ROW(withdrawal, reason, "", "reason", CHOICE(withdrawal_reason_words), ALWAYS),
        ROW(withdrawal, explanation, "", "explanation", LONG),
        ROW(withdrawal, identifier_ids, "", "identifiers", TEXTS),
        ROW(withdrawal, delete_data, "", "data obtained are to be deleted", CHOICE(yes_no_words), ALWAYS),
        ROW(withdrawal, deleted_ms, "", "when the sender deleted its own", INSTANT),
        ROW(withdrawal, deleted_digests, "", "SHA-256 of what was deleted", TEXTS),
        ROW(withdrawal, signatory, "", "signatory", PART(signatory_type)),
};
static const struct model_type withdrawal_type = TYPE(withdrawal_rows, "withdrawal", withdrawal);

static const struct model_field validation_rows[] = {
        ROW(validation, decision, "1J 2H", "decision", CHOICE(validation_decision_words), ALWAYS),
        ROW(validation, reason, "", "reason", LONG),
        ROW(validation, decided_ms, "1J 2H", "when it was decided", INSTANT, ALWAYS),
        ROW(validation, authority, "1J 2H", "validating authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type validation_type = TYPE(validation_rows, "validation", validation);

static const struct model_field validation_request_rows[] = {
        ROW(validation_request, order, "", "the order", PART(order_type), ALWAYS),
};
static const struct model_type validation_request_type =
        TYPE(validation_request_rows, "request for validation", validation_request);

static const struct model_field ea_notification_rows[] = {
        ROW(ea_notification, suspensive, "", "nothing is produced before it is over", CHOICE(yes_no_words),
                ALWAYS),
        ROW(ea_notification, order, "", "the order", PART(order_type), ALWAYS),
};
static const struct model_type ea_notification_type =
        TYPE(ea_notification_rows, "notification of the enforcing authority", ea_notification);

static const struct model_field objection_rows[] = {
        ROW(objection, identifier_id, "", "identifier", ID),
        ROW(objection, effect, "", "effect", CHOICE(objection_effect_words), ALWAYS),
        ROW(objection, grounds, "", "grounds", SET(refusal_ground_words), ALWAYS),
        ROW(objection, explanation, "", "explanation", LONG, ALWAYS),
        ROW(objection, conditions, "", "conditions", TEXTS),
};
static const struct model_type objection_type = TYPE(objection_rows, "objection", objection);
static const struct model_field ea_objection_rows[] = {
        ROW(ea_objection, objections, "", "objections", LIST(objection_type, ORDER_IDENTIFIERS_MAX), ALWAYS),
        ROW(ea_objection, order_digest, "", "SHA-256 of the order's words", DIGEST, ALWAYS),
        ROW(ea_objection, authority, "", "enforcing authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type ea_objection_type =
        TYPE(ea_objection_rows, "objection of the enforcing authority", ea_objection);
static const struct model_field ea_clearance_rows[] = {
        ROW(ea_clearance, identifier_ids, "", "identifiers", TEXTS),
        ROW(ea_clearance, statement, "", "statement", LONG),
        ROW(ea_clearance, order_digest, "", "SHA-256 of the order's words", DIGEST, ALWAYS),
        ROW(ea_clearance, authority, "", "enforcing authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type ea_clearance_type =
        TYPE(ea_clearance_rows, "clearance by the enforcing authority", ea_clearance);

static const struct model_field impossibility_rows[] = {
        ROW(impossibility, identifier_id, "3D", "identifier", ID),
        ROW(impossibility, obstacles, "3D", "reasons", SET(obstacle_words), ALWAYS),
        ROW(impossibility, explanation, "3D", "explanation", LONG, ALWAYS),
};
static const struct model_type impossibility_type = TYPE(impossibility_rows, "reason", impossibility);
static const struct model_field conflict_rows[] = {
        ROW(law_conflict, country, "3E", "third country", COUNTRY, ALWAYS),
        ROW(law_conflict, law, "3E", "its law and provisions", LONG, ALWAYS),
        ROW(law_conflict, obligation, "3E", "nature of the conflicting obligation", LONG, ALWAYS),
        ROW(law_conflict, applies, "3E", "why it applies to this case", LONG, ALWAYS),
        ROW(law_conflict, consequence, "3E", "consequences for the addressee", LONG, ALWAYS),
        ROW(law_conflict, link, "3E", "link between provider and third country", LONG, ALWAYS),
        ROW(law_conflict, further, "3E", "further information on the conflict", LONG),
};
static const struct model_type conflict_type = TYPE(conflict_rows, "conflict of laws", law_conflict);
static const struct model_field kept_rows[] = {
        ROW(kept_data, identifier_id, "3G", "identifier", ID),
        ROW(kept_data, preserved, "3G", "data are preserved", CHOICE(yes_no_words), ALWAYS),
        ROW(kept_data, until_ms, "3G", "until when", INSTANT),
        ROW(kept_data, explanation, "3G", "explanation", LONG),
};
static const struct model_type kept_type = TYPE(kept_rows, "preserved data", kept_data);
static const struct model_field cannot_execute_rows[] = {
        ROW(cannot_execute, order_kind, "3A", "kind of order", CHOICE(order_kind_words), ALWAYS),
        ROW(cannot_execute, issuing_authority, "3B", "issuing authority", SHORT, ALWAYS),
        ROW(cannot_execute, enforcing_authority, "3B", "enforcing authority", SHORT),
        ROW(cannot_execute, addressee, "3C", "addressee", PART(addressee_type), ALWAYS),
        ROW(cannot_execute, reasons, "3D", "reasons", LIST(impossibility_type, ORDER_IDENTIFIERS_MAX),
                ALWAYS),
        ROW(cannot_execute, conflict, "3E", "conflict of laws", PART(conflict_type), NEED(FORM_CONFLICT)),
        ROW(cannot_execute, information_needed, "3F", "information needed", LONG, NEED(FORM_UNCLEAR)),
        ROW(cannot_execute, kept, "3G", "preserved data", LIST(kept_type, ORDER_IDENTIFIERS_MAX), ALWAYS),
        ROW(cannot_execute, signatory, "3H", "signatory", PART(signatory_type), ALWAYS),
};
static const struct model_type cannot_execute_type = TYPE(cannot_execute_rows, "Form 3", cannot_execute);

static const struct model_field review_rows[] = {
        ROW(review_decision, outcome, "", "outcome", CHOICE(review_outcome_words), ALWAYS),
        ROW(review_decision, court, "", "court", SHORT, ALWAYS),
        ROW(review_decision, reason, "", "reason", LONG, ALWAYS),
        ROW(review_decision, decided_ms, "", "when it was decided", INSTANT, ALWAYS),
        ROW(review_decision, identifier_ids, "", "identifiers", TEXTS),
        ROW(review_decision, authority, "", "authority that communicates it", PART(signing_authority_type),
                ALWAYS),
};
static const struct model_type review_type = TYPE(review_rows, "decision of the court", review_decision);

static const struct model_field result_rows[] = {
        ROW(result, identifier_id, "", "identifier", ID, ALWAYS),
        ROW(result, outcome, "", "outcome", CHOICE(outcome_words), ALWAYS),
        ROW(result, obstacles, "3D", "reasons of what is missing", SET(obstacle_words)),
        ROW(result, verdict, "", "verdict", CHOICE(answer_verdict_words)),
        ROW(result, reasons, "", "reasons of the verdict", TEXTS),
        ROW(result, statement, "", "what it means", LONG, ALWAYS),
        ROW(result, holders, "", "number of holders", NUMBER(INT32_MAX)),
        ROW(result, judged_from_ms, "", "beginning of the interval judged", INSTANT),
        ROW(result, judged_to_ms, "", "end of the interval judged", INSTANT),
        ROW(result, address_origin, "", "origin of the postal address", CHOICE(address_origin_words)),
        ROW(result, clock_source, "", "source of the clock", LONG),
        ROW(result, clock_offset_ms, "", "error of the clock in milliseconds", SIGNED(INT32_MAX)),
        ROW(result, clock_uncertainty_ms, "", "uncertainty of the clock in milliseconds", NUMBER(INT32_MAX)),
        ROW(result, lease_from_ms, "", "beginning of the lease", INSTANT),
        ROW(result, lease_to_ms, "", "end of the lease", INSTANT),
        ROW(result, margin_ms, "", "milliseconds to the nearest edge", NUMBER(UINT32_MAX)),
        ROW(result, near_edge, "", "the time asked is near an edge", CHOICE(yes_no_words)),
        ROW(result, corroborate, "", "rests on one record: more evidence is needed", CHOICE(yes_no_words)),
        ROW(result, preserved_until_ms, "", "preserved until", INSTANT),
        ROW(result, conditions, "", "conditions of the enforcing authority", TEXTS),
        ROW(result, confirmations, "", "how the provider kept each condition", TEXTS),
        ROW(result, files, "", "files that belong to it", TEXTS),
};
const struct model_type result_type = TYPE(result_rows, "result", result);
static const struct model_field answer_rows[] = {
        ROW(answer_body, provider, "", "provider", PART(addressee_type), ALWAYS),
        ROW(answer_body, results, "", "results", LIST(result_type, ORDER_IDENTIFIERS_MAX), ALWAYS),
        ROW(answer_body, answered_ms, "", "when it was answered", INSTANT, ALWAYS),
        ROW(answer_body, final, "", "nothing follows", CHOICE(yes_no_words), ALWAYS),
        ROW(answer_body, means, "", "means of the transfer", SHORT, ALWAYS),
        ROW(answer_body, warnings, "", "warnings", TEXTS),
        ROW(answer_body, signatory, "", "who released it", PART(signatory_type), ALWAYS),
};
static const struct model_type answer_type = TYPE(answer_rows, "answer", answer_body);

static const struct model_field receipt_rows[] = {
        ROW(receipt, message_id, "", "message received", ID, ALWAYS),
        ROW(receipt, message_kind, "", "kind of the message received", CHOICE(message_kind_words)),
        ROW(receipt, effect, "", "effect", CHOICE(receipt_effect_words), ALWAYS),
        ROW(receipt, container_digest, "", "SHA-256 of the container", DIGEST, ALWAYS),
        ROW(receipt, received_ms, "", "when it was received", INSTANT, ALWAYS),
        ROW(receipt, opened_ms, "", "when it was opened", INSTANT),
        ROW(receipt, skew_ms, "", "the sender's clock minus the receiver's, in milliseconds",
                SIGNED(UINT32_MAX)),
        ROW(receipt, findings, "", "findings", TEXTS),
        ROW(receipt, order_digest, "", "SHA-256 of the words of the order notified of", DIGEST),
};
static const struct model_type receipt_type = TYPE(receipt_rows, "receipt", receipt);

static const struct model_field person_notice_rows[] = {
        ROW(person_notice, person_reference, "", "how the file calls the person", SHORT, ALWAYS),
        ROW(person_notice, informed_ms, "", "when the person was informed", INSTANT, ALWAYS),
        ROW(person_notice, means, "", "means", SHORT, ALWAYS),
        ROW(person_notice, language, "", "language", SHORT),
        ROW(person_notice, data, "", "data that were obtained", LONG, ALWAYS),
        ROW(person_notice, remedies, "", "remedies", LONG, ALWAYS),
        ROW(person_notice, secrecy_ends, "", "the provider need not be silent any longer",
                CHOICE(yes_no_words)),
        ROW(person_notice, authority, "", "authority", PART(signing_authority_type), ALWAYS),
};
static const struct model_type person_notice_type =
        TYPE(person_notice_rows, "notice to the person", person_notice);

static const struct model_field error_report_rows[] = {
        ROW(error_report, kind, "", "kind of error", CHOICE(error_kind_words), ALWAYS),
        ROW(error_report, message_id, "", "message that was wrong", ID, ALWAYS),
        ROW(error_report, identifier_id, "", "identifier", ID),
        ROW(error_report, description, "", "description", LONG, ALWAYS),
        ROW(error_report, consequence, "", "what was done because of it", LONG),
        ROW(error_report, found_ms, "", "when it was found", INSTANT, ALWAYS),
        ROW(error_report, person_informed, "", "the wrongly identified person was informed",
                CHOICE(yes_no_words), ALWAYS),
        ROW(error_report, person_informed_ms, "", "when that person was informed", INSTANT),
        ROW(error_report, oversight_informed, "", "the oversight body was informed", CHOICE(yes_no_words),
                ALWAYS),
        ROW(error_report, oversight_informed_ms, "", "when it was informed", INSTANT),
        ROW(error_report, data_deleted, "", "data of that person were deleted", CHOICE(yes_no_words)),
        ROW(error_report, signatory, "", "signatory", PART(signatory_type), ALWAYS),
};
static const struct model_type error_report_type = TYPE(error_report_rows, "error report", error_report);

static const struct model_field file_rows[] = {
        ROW(file, name, "", "file name", SHORT, ALWAYS),
        ROW(file, media_type, "", "media type", SHORT),
        ROW(file, size, "", "size in bytes", NUMBER(UINT32_MAX), ALWAYS),
        ROW(file, digest, "", "SHA-256", DIGEST, ALWAYS),
        ROW(file, description, "", "description", LONG),
        ROW(file, identifier_id, "", "identifier", ID),
        ROW(file, encrypted, "", "encrypted to the recipient", CHOICE(yes_no_words)),
        ROW(file, outside, "", "travels outside the message", CHOICE(yes_no_words)),
        ROW(file, location, "", "where it can be fetched", LONG),
        ROW(file, available_from_ms, "", "can be fetched from", INSTANT),
        ROW(file, available_to_ms, "", "can be fetched until", INSTANT),
};
const struct model_type file_type = TYPE(file_rows, "file", file);

static const struct model_field party_rows[] = {
        ROW(party, country, "", "State", COUNTRY, ALWAYS),
        ROW(party, organisation, "", "short name in the directory", ORGANISATION, ALWAYS),
};
static const struct model_type party_type = TYPE(party_rows, "party", party);

static const struct model_field head_rows[] = {
        ROW(message, kind, "", "kind of message", CHOICE(message_kind_words), ALWAYS),
        ROW(message, id, "", "number of the message", ID, ALWAYS),
        ROW(message, order_id, "", "number of the order", ID, ALWAYS),
        ROW(message, reply_to, "", "message that is answered", ID),
        ROW(message, generation, "", "generation of the order", NUMBER(9999)),
        ROW(message, sender, "", "sender", PART(party_type), ALWAYS),
        ROW(message, receiver, "", "receiver", PART(party_type), ALWAYS),
        ROW(message, sent_ms, "", "when it was sent", INSTANT, ALWAYS),
        ROW(message, test, "", "a test without a real person behind it", CHOICE(yes_no_words)),
        ROW(message, note, "", "note", LONG),
        ROW(message, files, "", "files", LIST(file_type, MESSAGE_FILES_MAX)),
};
const struct model_type message_head_type = TYPE(head_rows, "message", message);

static const struct model_type *const body_types[MESSAGE_KINDS] = {
        [MESSAGE_PRODUCTION_ORDER] = &order_type,
        [MESSAGE_PRESERVATION_ORDER] = &order_type,
        [MESSAGE_AMENDMENT] = &amendment_type,
        [MESSAGE_CLARIFICATION_REQUEST] = &clarification_request_type,
        [MESSAGE_CLARIFICATION_ANSWER] = &clarification_answer_type,
        [MESSAGE_PRODUCTION_FOLLOWS] = &production_follows_type,
        [MESSAGE_EXTENSION] = &extension_type,
        [MESSAGE_WITHDRAWAL] = &withdrawal_type,
        [MESSAGE_VALIDATION] = &validation_type,
        [MESSAGE_VALIDATION_REQUEST] = &validation_request_type,
        [MESSAGE_EA_NOTIFICATION] = &ea_notification_type,
        [MESSAGE_EA_OBJECTION] = &ea_objection_type,
        [MESSAGE_EA_CLEARANCE] = &ea_clearance_type,
        [MESSAGE_CANNOT_EXECUTE] = &cannot_execute_type,
        [MESSAGE_REVIEW_DECISION] = &review_type,
        [MESSAGE_ANSWER] = &answer_type,
        [MESSAGE_RECEIPT] = &receipt_type,
        [MESSAGE_PERSON_NOTICE] = &person_notice_type,
        [MESSAGE_ERROR_REPORT] = &error_report_type,
};

const struct model_type *message_body_type(enum message_kind kind)
{
        return (unsigned)kind < MESSAGE_KINDS ? body_types[kind] : NULL;
}
