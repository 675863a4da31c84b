/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_HANDLERS_H
#define ROGATORY_EXCHANGE_HANDLERS_H

/* The handlers of messages (exchange/post.h), one for each row of the table in handlers.c. */

#include "exchange/post.h"

/* At every node: a receipt of something that this node sent. */
post_handler handle_receipt;
/* At every node: somebody was, or may have been, wrongly identified. */
post_handler handle_error_report;

/* At the issuing authority (authority_answer.c). */
post_handler handle_answer, handle_cannot_execute, handle_question, handle_objection, handle_clearance,
        handle_validation;

/* At a provider (provider_receive.c). */
post_handler provider_receive_order, provider_receive_amendment, provider_receive_clarification,
        provider_receive_production_follows, provider_receive_extension, provider_receive_withdrawal,
        provider_receive_validation, provider_receive_objection, provider_receive_clearance,
        provider_receive_review, provider_receive_notice, provider_receive_receipt;
/* After an order was refused: what rules stop is answered by Form 3, beside the receipt. 0, or this node
 * failed. */
post_handler provider_refuse_order;

/* At an enforcing authority (enforcing.c). */
post_handler enforcing_receive_notification, enforcing_receive_other, enforcing_receive_validation,
        enforcing_receive_impossibility;

/* At a validating authority (validating.c). */
post_handler validating_receive_request, validating_receive_withdrawal;

#endif
