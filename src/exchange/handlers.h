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

#endif
