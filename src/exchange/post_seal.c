/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes out: parts into a container, our seal on it, the container to the courier. */
#include "exchange/post_state.h"

#include "crypto/seal.h"
#include "crypto/timestamp.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUSTODY_PARTS 4

int post_sealing_begin(struct post_sealing *sealing, size_t parts, struct error *error)
{
        sealing->container = buffer_make(CONTAINER_BYTES_MAX);
        sealing->proven_ms = TIME_UNKNOWN;
        sealing->parts = calloc(parts + CUSTODY_PARTS, sizeof *sealing->parts);
        sealing->names = calloc(parts + CUSTODY_PARTS, sizeof *sealing->names);
        return sealing->parts && sealing->names ? 0 : error_set(error, -ENOMEM, "not enough memory");
}

void post_sealing_end(struct post_sealing *sealing)
{
        container_draft_free(sealing->draft);
        post_custody_free(&sealing->custody);
        buffer_free(&sealing->container);
        free(sealing->parts);
        free(sealing->names);
}

void post_sealing_add(struct post_sealing *sealing, const char *folder, const char *name,
        const char *media_type, const void *bytes, size_t length)
{
        char *whole = sealing->names[sealing->part_count];

        snprintf(whole, sizeof sealing->names[0], "%s%s", folder, name);
        sealing->parts[sealing->part_count++] = (struct container_part){
                .name = whole, .media_type = media_type, .bytes = bytes, .length = length};
}

static void add_buffer(struct post_sealing *sealing, const char *name, const struct buffer *bytes)
{
        if (bytes->length > 0)
                post_sealing_add(sealing, "", name, "text/plain", bytes->bytes, bytes->length);
}

int post_sealing_custody(struct post_sealing *sealing, struct error *error)
{
        int r = post_custody_make(sealing->office, sealing->receiver, &sealing->custody, error);

        if (r < 0)
                return r;
        add_buffer(sealing, POST_CHECKPOINT_NAME, &sealing->custody.checkpoint);
        add_buffer(sealing, POST_FURTHER_NAME, &sealing->custody.further);
        add_buffer(sealing, POST_EARLIER_NAME, &sealing->custody.earlier);
        add_buffer(sealing, POST_COSIGNED_NAME, &sealing->custody.cosigned);
        return 0;
}

int post_sealing_sign(struct post_sealing *sealing, struct error *error)
{
        const struct private_key *key;

        int r = office_key(sealing->office, DIRECTORY_SEAL, &key, &sealing->seal, error);
        if (r == 0)
                r = container_draft_new(sealing->parts, sealing->part_count, &sealing->draft, error);
        return r == 0 ? container_draft_sign(
                                sealing->draft, key, sealing->seal, NULL, office_now(sealing->office), error)
                      : r;
}

/* ---- the timestamp ---- */

/* A token is put in only where this node itself would believe it: genuine, of a service that the settings
 * pin, of this signature, and of now by our own clock, which a receiver will ask too. */
static int verify_token(struct post_sealing *sealing, const struct buffer *token, const uint8_t *value,
        size_t length, struct error *error)
{
        struct findings findings = {0};
        char proven[TIME_TEXT_MAX], now[TIME_TEXT_MAX];
        int64_t now_ms = office_now(sealing->office), proven_ms = TIME_UNKNOWN;

        int r = timestamp_verify(token->bytes, token->length, value, length, &sealing->office->services,
                "timestamp", &findings, &proven_ms);
        for (size_t i = 0; r == -EBADMSG && i < findings.count; i++)
                if (findings.list[i].weight == FINDING_FATAL) {
                        error_set(error, r, "what the timestamp service gave is refused: %s",
                                findings.list[i].sentence);
                        break;
                }
        if (r < 0 && r != -EBADMSG)
                error_set(error, r, "a timestamp could not be examined");
        findings_free(&findings);
        if (r == 0 && (proven_ms > now_ms + POST_FUTURE_MS || proven_ms < now_ms - POST_FUTURE_MS))
                r = error_set(error, -EBADMSG,
                        "what the timestamp service gave is refused: it says %s, and by this node's clock it "
                        "is %s",
                        time_format_utc(proven_ms, proven), time_format_utc(now_ms, now));
        sealing->proven_ms = r == 0 ? proven_ms : TIME_UNKNOWN;
        return r;
}

int post_sealing_stamp(struct post_sealing *sealing, struct error *error)
{
        const struct office_options *options = &sealing->office->options;
        struct buffer request = buffer_make(TIMESTAMP_REQUEST_MAX),
                      token = buffer_make(TIMESTAMP_RESPONSE_MAX),
                      response = buffer_make(TIMESTAMP_RESPONSE_MAX);
        uint8_t nonce[TIMESTAMP_NONCE_BYTES];
        const uint8_t *value;
        size_t length;

        container_draft_signature_value(sealing->draft, &value, &length);
        int r = seal_random(nonce, sizeof nonce);
        if (r == 0)
                r = timestamp_request(value, length, nonce, &request);
        if (r < 0)
                error_set(error, r, "a timestamp cannot be asked for");
        if (r == 0)
                r = options->timestamp(options->context, office_settings(sealing->office)->timestamp_url,
                        slice_make((const char *)request.bytes, request.length), &response, error);
        if (r == 0)
                r = timestamp_accept(
                        request.bytes, request.length, response.bytes, response.length, &token, error);
        if (r == 0)
                r = verify_token(sealing, &token, value, length, error);
        if (r == 0)
                r = container_draft_timestamp(sealing->draft, token.bytes, token.length, error);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&token);
        return r;
}

/* ---- out ---- */

int post_sealing_write(struct post_sealing *sealing, size_t still_to_come, struct error *error)
{
        int r = container_draft_write(sealing->draft, &sealing->container, error);

        if (r == 0 && sealing->container.length + still_to_come > MESSAGE_BYTES_MAX)
                r = error_set(error, -EFBIG,
                        "the message has %zu bytes, and %llu are the most; larger evidence travels beside it",
                        sealing->container.length + still_to_come, (unsigned long long)MESSAGE_BYTES_MAX);
        return r;
}

int post_sealing_hand_over(
        struct post_sealing *sealing, uint8_t ret_digest[DIGEST_BYTES], struct error *error)
{
        struct office *office = sealing->office;
        const struct message *message = sealing->message;
        char name[POST_FILE_NAME_MAX];
        struct content *content = NULL;
        int64_t now_ms = office_now(office);

        post_file_name(NULL, message->id, name);
        int r = file_publish(
                office_containers(office), name, sealing->container.bytes, sealing->container.length, error);
        if (r == 0)
                r = content_of(office_spool(office), sealing->container.bytes, sealing->container.length,
                        &content, error);
        if (r < 0)
                return r;
        memcpy(ret_digest, content_digest(content), DIGEST_BYTES);
        r = queue_enqueue(office_queue(office), message->id, sealing->receiver->name,
                now_ms + POST_DAYS * TIME_DAY, content, now_ms, error);
        content_free(content);
        return r < 0 ? r : post_custody_sent(office, sealing->receiver->name, &sealing->custody, error);
}

int post_sealing_enter(
        struct post_sealing *sealing, const uint8_t digest[DIGEST_BYTES], json_t *detail, struct error *error)
{
        const struct message *message = sealing->message;
        char text[DIGEST_TEXT_MAX];
        json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s}", "message", message->id, "message_kind",
                word_name(&message_kind_words, message->kind), "receiver", sealing->receiver->name,
                "container", digest_format(digest, text), "order", message->order_id);

        if (detail && json_object_set_new(fields, "detail", detail) < 0) {
                json_decref(fields);
                fields = NULL;
        }
        return office_log(sealing->office, "message-sent", OFFICE_NODE, fields, error);
}
