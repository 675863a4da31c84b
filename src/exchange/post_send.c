/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that go out. */
#include "exchange/post_state.h"

#include "crypto/seal.h"
#include "crypto/timestamp.h"
#include "hi1/hi1.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MORE 5 /* beside the files: message, manifest, three of custody */

struct sending {
        struct office *office;
        struct message *message;
        const struct post_file *files;
        size_t count;
        const struct post_extra *extra;
        const struct directory_organisation *receiver;
        struct buffer json, container;
        struct post_custody custody;
        struct container_part *parts; /* owned */
        char (*names)[CONTAINER_NAME_MAX + 1];
        size_t part_count;
};

void post_file_name(const char *peer, const char *id, char ret_name[POST_FILE_NAME_MAX])
{
        if (peer)
                snprintf(ret_name, POST_FILE_NAME_MAX, "in-%s-%s.asice", peer, id);
        else
                snprintf(ret_name, POST_FILE_NAME_MAX, "out-%s.asice", id);
}

int64_t post_generation(const struct message *message)
{
        return message->generation == MODEL_UNSTATED ? 0 : message->generation;
}

/* ---- head ---- */

/* What is not preserved in time is gone; all else waits for a directory that holds (directory.h). */
static bool orders_production(const struct message *message)
{
        const struct order *order = message_order_const(message);

        return order && message->kind != MESSAGE_EA_NOTIFICATION && order->kind == ORDER_PRODUCTION;
}

static int fill_head(struct sending *sending, struct error *error)
{
        struct office *office = sending->office;
        struct message *message = sending->message;

        sending->receiver = directory_find(office_directory(office), message->receiver.organisation);
        if (!sending->receiver)
                return error_set(error, -EINVAL, "the directory knows no organisation \"%s\"",
                        message->receiver.organisation);
        if (office_directory_is_expired(office) && orders_production(message))
                return error_set(error, -EKEYEXPIRED,
                        "the directory has expired: production is ordered of nobody until there is a newer "
                        "one");
        snprintf(message->receiver.country, sizeof message->receiver.country, "%s",
                sending->receiver->country);
        snprintf(message->sender.country, sizeof message->sender.country, "%s", office_self(office)->country);
        snprintf(message->sender.organisation, sizeof message->sender.organisation, "%s",
                office_organisation(office));
        message->sent_ms = office_now(office);
        return *message->id ? 0 : office_new_id(message->id, error);
}

static int fill_file(struct message *message, const struct post_file *from, struct error *error)
{
        const struct model_field *list = model_field_find(&message_head_type, slice_of("files"));
        const struct model_field *identifier = model_field_find(&file_type, slice_of("identifier_id"));
        void *item;

        if (!evidence_name_is_valid(from->name))
                return error_set(
                        error, -EINVAL, "\"%.100s\" cannot be the name of a file in a message", from->name);
        int r = model_list_add(list, message, &item, error);
        if (r < 0)
                return r;
        struct file *file = item;
        r = model_text(&file->name, slice_of(from->name), MODEL_SHORT, "name", error);
        if (r == 0)
                r = model_text(
                        &file->media_type, slice_of(from->media_type), MODEL_SHORT, "media type", error);
        if (r == 0 && from->description)
                r = model_text(
                        &file->description, slice_of(from->description), MODEL_LONG, "description", error);
        if (r == 0 && from->identifier_id)
                r = model_set_text(identifier, file, slice_of(from->identifier_id), error);
        if (r == 0 && (r = digest_of(from->bytes, from->length, file->digest)) < 0)
                error_set(error, r, "a digest could not be made");
        file->size = (int64_t)from->length;
        file->encrypted = from->encrypted ? STATED_YES : STATED_NO;
        file->outside = STATED_NO;
        return r;
}

/* ---- container ---- */

static void add_part(struct sending *sending, const char *folder, const char *name, const char *media_type,
        const void *bytes, size_t length)
{
        char *whole = sending->names[sending->part_count];

        snprintf(whole, sizeof sending->names[0], "%s%s", folder, name);
        sending->parts[sending->part_count++] = (struct container_part){
                .name = whole, .media_type = media_type, .bytes = bytes, .length = length};
}

static void add_buffer(struct sending *sending, const char *name, const struct buffer *bytes)
{
        if (bytes->length > 0)
                add_part(sending, "", name, "text/plain", bytes->bytes, bytes->length);
}

static int make_parts(struct sending *sending, struct error *error)
{
        sending->parts = calloc(sending->count + PARTS_MORE, sizeof *sending->parts);
        sending->names = calloc(sending->count + PARTS_MORE, sizeof *sending->names);
        if (!sending->parts || !sending->names)
                return error_set(error, -ENOMEM, "not enough memory");
        add_part(sending, "", POST_MESSAGE_NAME, "application/json", sending->json.bytes,
                sending->json.length);
        for (size_t i = 0; i < sending->count; i++)
                add_part(sending, POST_EVIDENCE_FOLDER, sending->files[i].name, sending->files[i].media_type,
                        sending->files[i].bytes, sending->files[i].length);
        if (sending->extra && sending->extra->manifest)
                add_part(sending, "", POST_MANIFEST_NAME, "application/json", sending->extra->manifest,
                        strlen(sending->extra->manifest));
        add_buffer(sending, POST_CHECKPOINT_NAME, &sending->custody.checkpoint);
        add_buffer(sending, POST_FURTHER_NAME, &sending->custody.further);
        add_buffer(sending, POST_COSIGNED_NAME, &sending->custody.cosigned);
        return 0;
}

/* Where a service is configured a signature without its timestamp does not leave. */
static int add_timestamp(struct office *office, struct container_draft *draft, struct error *error)
{
        const struct office_settings *settings = office_settings(office);
        const struct office_options *options = &office->options;
        struct buffer request = buffer_make(TIMESTAMP_REQUEST_MAX),
                      token = buffer_make(TIMESTAMP_RESPONSE_MAX),
                      response = buffer_make(TIMESTAMP_RESPONSE_MAX);
        uint8_t nonce[TIMESTAMP_NONCE_BYTES];
        const uint8_t *value;
        size_t length;

        if (!*settings->timestamp_url)
                return 0;
        if (!options->timestamp)
                return error_set(error, -ENOTSUP,
                        "the settings name a timestamp service, and nothing here can reach it");
        container_draft_signature_value(draft, &value, &length);
        int r = seal_random(nonce, sizeof nonce);
        if (r == 0)
                r = timestamp_request(value, length, nonce, &request);
        if (r < 0)
                error_set(error, r, "a timestamp cannot be asked for");
        if (r == 0)
                r = options->timestamp(options->context, settings->timestamp_url,
                        slice_make((const char *)request.bytes, request.length), &response, error);
        if (r == 0)
                r = timestamp_accept(
                        request.bytes, request.length, response.bytes, response.length, &token, error);
        if (r == 0)
                r = container_draft_timestamp(draft, token.bytes, token.length, error);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&token);
        return r;
}

static int make_container(struct sending *sending, struct error *error)
{
        const struct private_key *key;
        const struct certificate *certificate;
        struct container_draft *draft = NULL;

        int r = office_key(sending->office, DIRECTORY_SEAL, &key, &certificate, error);
        if (r == 0)
                r = make_parts(sending, error);
        if (r == 0)
                r = container_draft_new(sending->parts, sending->part_count, &draft, error);
        if (r == 0)
                r = container_draft_sign(draft, key, certificate, NULL, office_now(sending->office), error);
        if (r == 0)
                r = add_timestamp(sending->office, draft, error);
        if (r == 0)
                r = container_draft_write(draft, &sending->container, error);
        if (r == 0 && sending->container.length > MESSAGE_BYTES_MAX)
                r = error_set(error, -EFBIG,
                        "the message has %zu bytes, and %llu are the most; larger evidence travels beside it",
                        sending->container.length, (unsigned long long)MESSAGE_BYTES_MAX);
        container_draft_free(draft);
        return r;
}

/* ---- out ---- */

static int hand_over(struct sending *sending, uint8_t ret_digest[DIGEST_BYTES], struct error *error)
{
        struct office *office = sending->office;
        const struct message *message = sending->message;
        char name[POST_FILE_NAME_MAX];
        struct content *content = NULL;
        int64_t now_ms = office_now(office);

        post_file_name(NULL, message->id, name);
        int r = file_publish(
                office_containers(office), name, sending->container.bytes, sending->container.length, error);
        if (r == 0)
                r = content_of(office_spool(office), sending->container.bytes, sending->container.length,
                        &content, error);
        if (r < 0)
                return r;
        memcpy(ret_digest, content_digest(content), DIGEST_BYTES);
        r = queue_enqueue(office_queue(office), message->id, sending->receiver->name,
                now_ms + POST_DAYS * TIME_DAY, content, now_ms, error);
        content_free(content);
        return r < 0 ? r : 0;
}

static int enter(struct sending *sending, const uint8_t digest[DIGEST_BYTES], struct error *error)
{
        const struct message *message = sending->message;
        struct book_message row = {.direction = DIRECTION_OUT,
                .at_ms = office_now(sending->office),
                .sent_ms = message->sent_ms};
        char text[DIGEST_TEXT_MAX];

        snprintf(row.peer, sizeof row.peer, "%s", sending->receiver->name);
        memcpy(row.digest, digest, DIGEST_BYTES);
        int r = book_message_put(sending->office, message, &row, error);
        if (r == 0)
                r = post_custody_sent(sending->office, sending->receiver->name, sending->custody.size, error);
        if (r < 0)
                return r;
        return office_log(sending->office, "message-sent", OFFICE_NODE,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "message", message->id, "message_kind",
                        word_name(&message_kind_words, message->kind), "receiver", sending->receiver->name,
                        "container", digest_format(digest, text), "order", message->order_id),
                error);
}

int post_send(struct office *office, struct message *message, const struct post_file *files, size_t count,
        const struct post_extra *extra, struct error *error)
{
        struct sending sending = {.office = office,
                .message = message,
                .files = files,
                .count = count,
                .extra = extra,
                .json = buffer_make(HI1_BYTES_MAX),
                .container = buffer_make(CONTAINER_BYTES_MAX)};
        uint8_t digest[DIGEST_BYTES];

        if (!office_in_step(office))
                return error_set(error, -EINVAL, "messages are sent within a step only");
        int r = fill_head(&sending, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = fill_file(message, &files[i], error);
        if (r == 0)
                r = hi1_write(message, &sending.json, error);
        if (r == 0)
                r = post_custody_make(office, sending.receiver, &sending.custody, error);
        if (r == 0)
                r = make_container(&sending, error);
        if (r == 0)
                r = hand_over(&sending, digest, error);
        if (r == 0)
                r = enter(&sending, digest, error);
        buffer_free(&sending.json);
        buffer_free(&sending.container);
        post_custody_free(&sending.custody);
        free(sending.parts);
        free(sending.names);
        return r;
}
