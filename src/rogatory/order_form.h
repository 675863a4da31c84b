/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_ORDER_FORM_H
#define ROGATORY_ROGATORY_ORDER_FORM_H

/* Forms of orders as people write them: the JSON of a certificate (doc/format/exchange.md) with comments, and
 * with fields that are left empty. */

#include "base/buffer.h"
#include "base/error.h"
#include "exchange/office.h"
#include "order/form.h"

#define FORM_BYTES_MAX ((size_t)4 << 20)

/* Appends a form of every field that an order of the kind can have, each with its section, what it means and
 * what may stand in it, all of them empty. */
void form_write_template(enum order_kind kind, struct buffer *ret);

/* Reads such a form into an order message (initialised). Lines that begin with // are comments; null, "", []
 * and
 * {} are "not given"; instants may have any offset. Identifiers are refused: they are pasted or typed, and
 * not written into forms. -EBADMSG with the place. */
int form_read(
        struct office *office, struct slice text, const char *name, struct message *ret, struct error *error);

#endif
