/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that came: checked, handled, answered. */
#include "exchange/post_state.h"

#include "hi1/hi1.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANDLER_REFUSED "handler-refused"

struct taking {
        struct office *office;
        struct incoming incoming;
        struct buffer bytes;
        struct post_opened opened;
        struct post_refusal refusal;
        struct book_order order;
        bool has_order;
        int64_t skew_ms;
        const struct post_row *row;
};

/* ---- what is checked beyond the container itself ---- */

static int64_t measured_skew(struct office *office, const char *organisation)
{
        struct skew skew;

        return queue_skew(office_queue(office), organisation, SKEW_SEEN_BY_US, &skew, NULL) == 0
                       ? skew.ahead_ms
                       : 0;
}

static int check_head(struct taking *taking)
{
        const struct message *message = &taking->opened.message;
        const char *seal = taking->opened.sender->name;
        char text[TIME_TEXT_MAX];

        if (strcmp(message->sender.organisation, seal) != 0 ||
                strcmp(message->sender.country, taking->opened.sender->country) != 0)
                return post_refuse(&taking->refusal, "wrong-seal",
                        "the message says that %s sends it, and the seal is that of %s",
                        message->sender.organisation, seal);
        if (strcmp(seal, taking->incoming.sender) != 0)
                return post_refuse(&taking->refusal, "wrong-bearer", "a message of %s was brought by %s",
                        seal, taking->incoming.sender);
        if (strcmp(message->receiver.organisation, office_organisation(taking->office)) != 0)
                return post_refuse(&taking->refusal, "wrong-receiver",
                        "the message is for %s, and this is %s", message->receiver.organisation,
                        office_organisation(taking->office));
        if (strcmp(message->id, taking->incoming.id) != 0)
                return post_refuse(&taking->refusal, "other-id",
                        "the message has the id %s, and came as %s: what was sent once is sent again",
                        message->id, taking->incoming.id);
        int64_t ahead_ms = taking->skew_ms > 0 ? taking->skew_ms : 0;
        if (message->sent_ms > taking->incoming.received_ms + ahead_ms + POST_FUTURE_MS)
                return post_refuse(&taking->refusal, "sent-in-future",
                        "the message says that it was sent at %s, which is later than it came",
                        time_format_utc(message->sent_ms, text));
        return 0;
}

/* The role in which an organisation with this side takes part. */
static enum organisation_role role_of_side(enum book_side side)
{
        switch (side) {
        case SIDE_PROVIDER:
                return ORGANISATION_PROVIDER;
        case SIDE_ENFORCING:
                return ORGANISATION_ENFORCING;
        case SIDE_VALIDATING:
                return ORGANISATION_VALIDATING;
        case SIDE_OVERSIGHT:
                return ORGANISATION_OVERSIGHT;
        default:
                return ORGANISATION_ISSUING;
        }
}

static uint64_t directory_roles(const struct directory_organisation *organisation)
{
        uint64_t roles = 0;

        for (size_t i = 0; i < organisation->role_count; i++)
                roles |= WORD_BIT(organisation->roles[i].role);
        return roles;
}

/* Of a message that begins an order here: the row of a side for which we have the role. */
static const struct post_row *find_beginning(struct taking *taking)
{
        const struct post_row *rows;
        uint64_t ours = directory_roles(office_self(taking->office));
        size_t count = post_rows(&rows);

        for (size_t i = 0; i < count; i++)
                if (rows[i].kind == taking->opened.message.kind && rows[i].begins &&
                        (rows[i].side == SIDE_NONE || ours & WORD_BIT(role_of_side(rows[i].side))))
                        return &rows[i];
        return NULL;
}

static int find_order(struct taking *taking, struct error *error)
{
        struct error reason = {0};

        int r = book_order_find(taking->office, taking->opened.message.order_id, &taking->order, &reason);
        taking->has_order = r == 0;
        return r == 0 || r == -ENOENT ? 0 : error_set(error, r, "%s", reason.text);
}

/* Which row of the table is it, and may this sender do this? */
static int find_row(struct taking *taking, struct error *error)
{
        const struct message *message = &taking->opened.message;
        uint64_t roles = 0;

        int r = find_order(taking, error);
        if (r < 0)
                return r;
        if (taking->has_order)
                taking->row = post_row_find(message->kind, taking->order.side);
        if (!taking->row)
                taking->row = post_row_find(message->kind, SIDE_NONE);
        bool known = taking->row && taking->has_order;
        if (!taking->row)
                taking->row = find_beginning(taking);
        if (!taking->row)
                return post_refuse(&taking->refusal, taking->has_order ? "not-expected" : "unknown-order",
                        taking->has_order ? "a %s is nothing that this node takes about the order %s"
                                          : "a %s about the order %s, which this node does not know",
                        word_name(&message_kind_words, message->kind), message->order_id);
        r = book_party_roles(taking->office, message->order_id, taking->opened.sender->name, &roles, error);
        if (r < 0)
                return r;
        if (!known || taking->row->begins)
                roles |= directory_roles(taking->opened.sender);
        if (taking->row->from && !(taking->row->from & roles))
                return post_refuse(&taking->refusal, "wrong-party",
                        "%s has no role in which it may send a %s about the order %s",
                        taking->opened.sender->name, word_name(&message_kind_words, message->kind),
                        message->order_id);
        return 0;
}

static int check_fresh(struct taking *taking, struct error *error)
{
        struct book_message before;
        struct error reason = {0};

        int r = book_message_find(
                taking->office, taking->opened.sender->name, taking->opened.message.id, &before, &reason);
        if (r == 0)
                return post_refuse(&taking->refusal, "replayed", "this message was taken before");
        return r == -ENOENT ? 0 : error_set(error, r, "%s", reason.text);
}

/* ---- what is kept ---- */

static int keep_message(struct taking *taking, bool refused, struct error *error)
{
        const struct message *message = &taking->opened.message;
        struct book_message row = {.direction = DIRECTION_IN,
                .at_ms = taking->incoming.received_ms,
                .sent_ms = message->sent_ms,
                .refused = refused};

        snprintf(row.peer, sizeof row.peer, "%s", taking->opened.sender->name);
        book_text_set(row.reason, taking->refusal.words);
        memcpy(row.digest, taking->incoming.digest, DIGEST_BYTES);
        return book_message_put(taking->office, message, &row, error);
}

static int keep_container(struct taking *taking, struct error *error)
{
        char name[POST_FILE_NAME_MAX];

        post_file_name(taking->incoming.sender, taking->incoming.id, name);
        return file_publish(
                office_containers(taking->office), name, taking->bytes.bytes, taking->bytes.length, error);
}

/* What is refused is not kept: it may hold evidence that nobody is to have. */
static int drop_container(struct taking *taking, struct error *error)
{
        char name[POST_FILE_NAME_MAX], path[PATH_MAX];

        post_file_name(taking->incoming.sender, taking->incoming.id, name);
        int length = snprintf(path, sizeof path, "%s/%s", office_containers(taking->office), name);
        return length < (int)sizeof path ? file_remove(path, error) : 0;
}

static int log_received(struct taking *taking, struct error *error)
{
        const struct message *message = &taking->opened.message;
        char text[DIGEST_TEXT_MAX];

        return office_log(taking->office, "message-received", OFFICE_NODE,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "message", message->id, "message_kind",
                        word_name(&message_kind_words, message->kind), "sender", taking->opened.sender->name,
                        "container", digest_format(taking->incoming.digest, text), "order",
                        message->order_id),
                error);
}

/* ---- the receipt ---- */

/* Receipts and reports of errors are not answered: two nodes would go on for ever. */
static bool wants_receipt(const struct taking *taking)
{
        enum message_kind kind = taking->opened.message.kind;

        return kind != MESSAGE_RECEIPT &&
               directory_find(office_directory(taking->office), taking->incoming.sender) != NULL;
}

static int fill_receipt(struct taking *taking, struct message *message, struct error *error)
{
        const struct message *of = &taking->opened.message;
        struct receipt *receipt = &message->receipt;
        const struct model_field *list =
                model_field_find(message_body_type(MESSAGE_RECEIPT), slice_of("findings"));
        bool refused = *taking->refusal.code;
        int r = 0;

        /* Where nothing could be read, the id under which it came stands for the order too. */
        snprintf(message->order_id, sizeof message->order_id, "%s",
                *of->order_id ? of->order_id : taking->incoming.id);
        snprintf(message->reply_to, sizeof message->reply_to, "%s", taking->incoming.id);
        snprintf(message->receiver.organisation, sizeof message->receiver.organisation, "%s",
                taking->incoming.sender);
        snprintf(receipt->message_id, sizeof receipt->message_id, "%s", taking->incoming.id);
        receipt->message_kind = of->kind;
        receipt->effect = refused ? RECEIPT_REFUSED : RECEIPT_RECEIVED;
        memcpy(receipt->container_digest, taking->incoming.digest, DIGEST_BYTES);
        receipt->received_ms = taking->incoming.received_ms;
        receipt->skew_ms = taking->skew_ms;
        message->test = of->test;
        if (refused) {
                char words[sizeof taking->refusal.code + sizeof taking->refusal.words + 4];
                snprintf(words, sizeof words, "%s: %s", taking->refusal.code, taking->refusal.words);
                /* Of what a peer wrote only what is printable got into the words, but it may be cut. */
                for (char *c = words; *c; c++)
                        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
                                *c = '?';
                r = model_texts_add(list, receipt, slice_of(words), error);
        }
        return r;
}

static int send_receipt(struct taking *taking, struct error *error)
{
        struct message message;
        int r = 0;

        if (!wants_receipt(taking))
                return 0;
        message_init(&message, MESSAGE_RECEIPT);
        r = fill_receipt(taking, &message, error);
        if (r == 0)
                r = post_send(taking->office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}

/* ---- refused ---- */

static bool is_order(enum message_kind kind)
{
        return kind == MESSAGE_PRODUCTION_ORDER || kind == MESSAGE_PRESERVATION_ORDER;
}

static int log_refused(struct taking *taking, struct error *error)
{
        const struct message *message = &taking->opened.message;
        char words[LOG_ENTRY_TEXT_MAX], text[DIGEST_TEXT_MAX];

        snprintf(words, sizeof words, "message %s of %s: %s", taking->incoming.id, taking->incoming.sender,
                taking->refusal.words);
        digest_format(taking->incoming.digest, text);
        if (taking->opened.sender && is_order(message->kind) && !taking->has_order)
                return office_log(taking->office, "refused", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:[s], s:b, s:s, s:{s:s, s:s, s:s}}", "order",
                                message->order_id, "stage", "check", "grounds", taking->refusal.code, "whole",
                                1, "reason", taking->refusal.words, "detail", "message", taking->incoming.id,
                                "sender", taking->incoming.sender, "container", text),
                        error);
        return office_log(taking->office, "administration", OFFICE_NODE,
                json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "action", "message-refused", "what", words,
                        "detail", "code", taking->refusal.code, "message", taking->incoming.id, "sender",
                        taking->incoming.sender, "container", text),
                error);
}

/* Only what came from its sender and under its id stands in the book under both: else whoever gets hold of a
 * message could use up its id before it comes. */
static bool is_own(const struct taking *taking)
{
        return taking->opened.sender && taking->opened.message.kind != MESSAGE_NONE &&
               strcmp(taking->opened.sender->name, taking->incoming.sender) == 0 &&
               strcmp(taking->opened.message.id, taking->incoming.id) == 0;
}

static struct post_arrival arrival_of(const struct taking *taking)
{
        struct post_arrival arrival = {.message = &taking->opened.message,
                .container = &taking->opened.container,
                .sender = taking->opened.sender,
                .received_ms = taking->incoming.received_ms,
                .skew_ms = taking->skew_ms,
                .order = taking->has_order ? &taking->order : NULL};

        memcpy(arrival.digest, taking->incoming.digest, DIGEST_BYTES);
        return arrival;
}

static int answer_refused(struct taking *taking, struct error *error)
{
        post_handler *answer = post_row_refused(taking->row);
        struct post_arrival arrival = arrival_of(taking);

        return answer ? answer(taking->office, &arrival, error) : 0;
}

static int refuse(struct taking *taking, struct error *error)
{
        struct book_incident incident = {.at_ms = office_now(taking->office)};

        snprintf(incident.code, sizeof incident.code, "%s", taking->refusal.code);
        snprintf(incident.peer, sizeof incident.peer, "%s", taking->incoming.sender);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", taking->incoming.id);
        book_text_set(incident.words, taking->refusal.words);
        int r = post_report(taking->office, &incident,
                *taking->opened.message.order_id ? taking->opened.message.order_id : taking->incoming.id,
                error);
        if (r == 0)
                r = book_incident_add(taking->office, &incident, error);
        if (r == 0)
                r = log_refused(taking, error);
        if (r == 0 && is_own(taking) && strcmp(taking->refusal.code, "replayed") != 0) {
                r = keep_message(taking, true, error);
                r = r == -EEXIST ? 0 : r;
        }
        if (r == 0 && strcmp(taking->refusal.code, HANDLER_REFUSED) == 0)
                r = answer_refused(taking, error);
        return r == 0 ? send_receipt(taking, error) : r;
}

/* ---- one message ---- */

static int read_bytes(struct taking *taking, struct error *error)
{
        struct office *office = taking->office;
        struct content *content = NULL;
        size_t length = (size_t)taking->incoming.length, got = 0;

        int r = queue_take_content(office_queue(office), office_spool(office), &content, error);
        if (r < 0)
                return r;
        taking->bytes = buffer_make(MESSAGE_BYTES_MAX);
        r = buffer_reserve(&taking->bytes, length);
        if (r < 0)
                error_set(error, r, "not enough memory for a message");
        while (r == 0 && taking->bytes.length < length) {
                r = content_read(content, taking->bytes.length, taking->bytes.bytes + taking->bytes.length,
                        length - taking->bytes.length, &got, error);
                taking->bytes.length += got;
                if (r == 0 && got == 0)
                        r = error_set(error, -EIO, "a message that came is shorter than it was");
        }
        content_free(content);
        return r;
}

static int look(struct taking *taking, struct error *error)
{
        struct office *office = taking->office;

        if (taking->incoming.takes > POST_TAKES_MAX)
                return post_refuse(&taking->refusal, "not-handled",
                        "this node began %d times to handle the message and never came to an end",
                        POST_TAKES_MAX);
        int r = post_open(office, taking->bytes.bytes, taking->bytes.length, taking->incoming.received_ms,
                &taking->opened, &taking->refusal, error);
        if (r == 0)
                r = check_head(taking);
        if (r == 0)
                r = check_fresh(taking, error);
        if (r == 0)
                r = post_custody_look(
                        office, taking->opened.sender, &taking->opened.container, &taking->refusal, error);
        if (r == 0)
                r = find_row(taking, error);
        return r;
}

static int savepoint(struct office *office, const char *sql, struct error *error)
{
        int r = rows_run(office_database(office), error, sql, "");

        return r < 0 ? r : 0;
}

/* What a handler that refuses has written is undone; what was found out about the sender's log stays. */
static int handle(struct taking *taking, struct error *error)
{
        struct office *office = taking->office;
        struct post_arrival arrival = arrival_of(taking);
        struct error reason = {0};
        size_t items = office->item_count;

        int r = savepoint(office, "SAVEPOINT handler", error);
        if (r == 0)
                r = keep_message(taking, false, error);
        if (r == 0)
                r = keep_container(taking, error);
        if (r == 0)
                r = log_received(taking, error);
        if (r < 0)
                return r;
        r = taking->row->handle(office, &arrival, &reason);
        if (r < 0)
                return error_set(
                        error, r, "%s of %s: %s", taking->incoming.id, taking->incoming.sender, reason.text);
        if (r == POST_TAKEN)
                return savepoint(office, "RELEASE handler", error);
        int effect = r;
        office_step_trim(office, items);
        r = savepoint(office, "ROLLBACK TO handler", error);
        if (r == 0)
                r = savepoint(office, "RELEASE handler", error);
        if (r == 0)
                r = drop_container(taking, error);
        const char *code = effect == POST_DIFFERS ? INCIDENT_ORDER_DIFFERS : HANDLER_REFUSED;
        return r < 0 ? r : post_refuse(&taking->refusal, code, "%s", reason.text);
}

static int settle(struct taking *taking, struct error *error)
{
        struct office *office = taking->office;
        int64_t now_ms = office_now(office);

        int r = *taking->refusal.code ? refuse(taking, error) : send_receipt(taking, error);
        if (r == 0)
                r = office_step_enter(office, error);
        if (r < 0)
                return r;
        office_step_forget(office);
        if (!*taking->refusal.code)
                return queue_take_commit(office_queue(office), now_ms, error);
        char reason[QUEUE_REASON_MAX];
        snprintf(reason, sizeof reason, "%s: %.400s", taking->refusal.code, taking->refusal.words);
        return queue_take_refuse(office_queue(office), reason, now_ms, error);
}

int post_take(struct office *office, struct error *error)
{
        struct taking taking = {.office = office};

        if (office_in_step(office))
                return error_set(error, -EBUSY, "a step is open already");
        int r = queue_take_begin(office_queue(office), &taking.incoming, error);
        if (r != 1)
                return r;
        message_init(&taking.opened.message, MESSAGE_NONE);
        taking.skew_ms = measured_skew(office, taking.incoming.sender);
        r = office_step_adopt(office, error);
        if (r == 0)
                r = read_bytes(&taking, error);
        if (r == 0)
                r = look(&taking, error);
        if (r == 0)
                r = handle(&taking, error);
        if (r == 0 || (r == -EBADMSG && *taking.refusal.code))
                r = settle(&taking, error);
        if (r < 0) {
                office_step_forget(office);
                queue_take_abandon(office_queue(office));
        }
        if (r == 0 && office->drafts_destroyed)
                (void)draft_sweep(office, NULL);
        post_opened_clear(&taking.opened);
        buffer_free(&taking.bytes);
        return r < 0 ? r : 1;
}

int post_take_all(struct office *office, struct error *error)
{
        int r, count = 0;

        while ((r = post_take(office, error)) == 1)
                count++;
        return r < 0 ? r : count;
}
