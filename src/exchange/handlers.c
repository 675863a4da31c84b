/* SPDX-License-Identifier: EUPL-1.2 */
/* From the kind of a message, and what this node has to do with its order, to what handles it. */
#include "exchange/handlers.h"

#define ROLE(name) WORD_BIT(ORGANISATION_##name)

/* SIDE_NONE: at every node, whatever it has to do with the order. */
static const struct post_row rows[] = {
        {MESSAGE_RECEIPT, SIDE_NONE, false, 0, handle_receipt},
        {MESSAGE_ERROR_REPORT, SIDE_NONE, true,
                ROLE(ISSUING) | ROLE(VALIDATING) | ROLE(ENFORCING) | ROLE(PROVIDER), handle_error_report},
        {MESSAGE_ANSWER, SIDE_AUTHORITY, false, ROLE(PROVIDER), handle_answer},
        {MESSAGE_CANNOT_EXECUTE, SIDE_AUTHORITY, false, ROLE(PROVIDER), handle_cannot_execute},
        {MESSAGE_CLARIFICATION_REQUEST, SIDE_AUTHORITY, false, ROLE(PROVIDER), handle_question},
        {MESSAGE_EA_OBJECTION, SIDE_AUTHORITY, false, ROLE(ENFORCING), handle_objection},
        {MESSAGE_EA_CLEARANCE, SIDE_AUTHORITY, false, ROLE(ENFORCING), handle_clearance},
        {MESSAGE_VALIDATION, SIDE_AUTHORITY, false, ROLE(VALIDATING), handle_validation},
        {MESSAGE_PRODUCTION_ORDER, SIDE_PROVIDER, true, ROLE(ISSUING) | ROLE(VALIDATING),
                provider_receive_order},
        {MESSAGE_PRESERVATION_ORDER, SIDE_PROVIDER, true, ROLE(ISSUING) | ROLE(VALIDATING),
                provider_receive_order},
        {MESSAGE_AMENDMENT, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_amendment},
        {MESSAGE_CLARIFICATION_ANSWER, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_clarification},
        {MESSAGE_PRODUCTION_FOLLOWS, SIDE_PROVIDER, false, ROLE(ISSUING),
                provider_receive_production_follows},
        {MESSAGE_EXTENSION, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_extension},
        {MESSAGE_WITHDRAWAL, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_withdrawal},
        /* What others decide may overtake the order itself (exchange/provider_early.c); the rules say then
         * whether it was theirs to decide. */
        {MESSAGE_VALIDATION, SIDE_PROVIDER, true, ROLE(VALIDATING) | ROLE(ISSUING),
                provider_receive_validation},
        {MESSAGE_EA_OBJECTION, SIDE_PROVIDER, true, ROLE(ENFORCING), provider_receive_objection},
        {MESSAGE_EA_CLEARANCE, SIDE_PROVIDER, true, ROLE(ENFORCING), provider_receive_clearance},
        {MESSAGE_REVIEW_DECISION, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_review},
        {MESSAGE_PERSON_NOTICE, SIDE_PROVIDER, false, ROLE(ISSUING), provider_receive_notice},
        {MESSAGE_RECEIPT, SIDE_PROVIDER, false, 0, provider_receive_receipt},
        {MESSAGE_EA_NOTIFICATION, SIDE_ENFORCING, true, ROLE(ISSUING) | ROLE(VALIDATING),
                enforcing_receive_notification},
        {MESSAGE_CANNOT_EXECUTE, SIDE_ENFORCING, true, ROLE(PROVIDER), enforcing_receive_impossibility},
        {MESSAGE_WITHDRAWAL, SIDE_ENFORCING, false, ROLE(ISSUING), enforcing_receive_other},
        {MESSAGE_REVIEW_DECISION, SIDE_ENFORCING, false, ROLE(ISSUING), enforcing_receive_other},
        {MESSAGE_VALIDATION, SIDE_ENFORCING, true, ROLE(VALIDATING) | ROLE(ISSUING),
                enforcing_receive_validation},
        {MESSAGE_VALIDATION_REQUEST, SIDE_VALIDATING, true, ROLE(ISSUING), validating_receive_request},
        {MESSAGE_WITHDRAWAL, SIDE_VALIDATING, false, ROLE(ISSUING), validating_receive_withdrawal},
};

size_t post_rows(const struct post_row **ret_rows)
{
        *ret_rows = rows;
        return sizeof rows / sizeof *rows;
}

const struct post_row *post_row_find(enum message_kind kind, enum book_side side)
{
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                if (rows[i].kind == kind && rows[i].side == side)
                        return &rows[i];
        return NULL;
}

post_handler *post_row_refused(const struct post_row *row)
{
        return row && row->handle == provider_receive_order ? provider_refuse_order : NULL;
}
