/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_HI1_HI1_H
#define ROGATORY_HI1_HI1_H

/* Messages as they travel: the HI1Message of ETSI TS 103 120 V1.23.1 in JSON, in the profile of
 * doc/format/exchange.md. Each message states its content twice: once in the objects of the standard
 * (authorisation, tasks, notification, deliveries) and once whole, as the certificate in a DocumentObject.
 * What is read is the certificate, and the objects must say the same, to the byte: a message that tells one
 * thing to a machine of another make and another thing to us is refused.
 *
 * Pure: bytes in, bytes out. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/finding.h"
#include "base/slice.h"
#include "order/form.h"

/* Limits of what is read, of the message and of the certificate in it. */
#define HI1_BYTES_MAX ((size_t)32 << 20)
#define HI1_DEPTH_MAX 24
#define HI1_VALUES_MAX ((size_t)400000)
#define HI1_CERTIFICATE_BYTES_MAX ((size_t)16 << 20)

#define HI1_VERSION "V1.23.1"
#define HI1_PROFILE_OWNER "rogatory"
#define HI1_PROFILE_VERSION "exchange-1"

/* Appends the message as HI1 JSON: one form for one content. Fields that the forms ask for may be missing (a
 * Form 3 can answer that); what a message cannot be sent without may not: kind, id, order_id, sender,
 * receiver, sent_ms, the ids of identifiers. -EINVAL with a message that names the field, -EFBIG, -ENOMEM. */
int hi1_write(const struct message *message, struct buffer *ret, struct error *error);

/* Reads a message into one that is initialised (message_init). Every deviation from the profile is a finding,
 * with its place as a path
 * ("Payload.RequestPayload.ActionRequests.ActionRequest[1].CREATE.HI1Object.task:Reference"): not-json,
 * too-large       nothing can be read missing                   fatal: a member that the profile demands
 *   unknown-member            fatal: what nobody reads may say what nobody knows
 *   wrong-kind, wrong-value   fatal: another kind of JSON, or no value of its list
 *   outside-profile           fatal: another version or profile, a verb or object that the profile has not
 *   contradiction             fatal: an object says otherwise than the certificate
 *   form-missing, form-barred a remark: what the forms of the Regulation ask for, or bar, in the certificate;
 * whether the order stands without it is for the rules to say 0 where nothing fatal was found; -EBADMSG, and
 * the message is empty then; -ENOMEM. findings: zero-initialised or already in use, owned by the caller. */
int hi1_read(struct slice text, struct message *message, struct findings *findings);

/* Who sends what to whom, as the header says it: for logs and for answers to messages that are refused.
 * Nothing in it is proven. Fields that are missing or malformed are empty. 0, -EBADMSG where it is no JSON,
 * -EFBIG, -ENOMEM. */
struct hi1_header {
        struct party sender, receiver;
        char transaction[MODEL_ID_MAX];
        int64_t sent_ms; /* TIME_UNKNOWN: not given */
};
int hi1_read_header(struct slice text, struct hi1_header *ret_header, struct error *error);

/* The certificate alone: the whole message as JSON by the tables of order/form.h, in one form for one
 * content. It is what a DocumentObject holds, and what a node keeps and shows. As hi1_write and hi1_read. */
int hi1_certificate_write(const struct message *message, struct buffer *ret, struct error *error);
int hi1_certificate_read(struct slice text, struct message *message, struct findings *findings);

/* What an order says, as one SHA-256: of "rogatory-order-words/1", a line feed, and the certificate of an
 * order message that has in its head the kind, the order's id and its generation alone, and in its body the
 * form without section M. An authority that decides on an order names it by this digest: nobody can show it
 * other words than the addressee gets (doc/format/exchange.md). generation: MODEL_UNSTATED is 0. */
int hi1_order_digest(const char *order_id, int64_t generation, const struct order *order,
        uint8_t ret_digest[MODEL_DIGEST_BYTES], struct error *error);

#endif
