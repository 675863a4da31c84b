/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that go out. */
#include "exchange/post_state.h"

#include "hi1/hi1.h"

#include <stdio.h>
#include <string.h>

#define PARTS_MORE 2 /* beside the files: message, manifest */

struct sending {
        struct office *office;
        struct message *message;
        const struct post_file *files;
        size_t count;
        const struct post_extra *extra;
        const struct directory_organisation *receiver;
        struct buffer json;
        struct post_sealing sealing;
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

static int make_parts(struct sending *sending, struct error *error)
{
        struct post_sealing *sealing = &sending->sealing;

        int r = post_sealing_begin(sealing, sending->count + PARTS_MORE, error);
        if (r < 0)
                return r;
        post_sealing_add(sealing, "", POST_MESSAGE_NAME, "application/json", sending->json.bytes,
                sending->json.length);
        for (size_t i = 0; i < sending->count; i++)
                post_sealing_add(sealing, POST_EVIDENCE_FOLDER, sending->files[i].name,
                        sending->files[i].media_type, sending->files[i].bytes, sending->files[i].length);
        if (sending->extra && sending->extra->manifest)
                post_sealing_add(sealing, "", POST_MANIFEST_NAME, "application/json",
                        sending->extra->manifest, strlen(sending->extra->manifest));
        return 0;
}

static int put_row(struct sending *sending, const uint8_t digest[DIGEST_BYTES], struct error *error)
{
        struct book_message row = {.direction = DIRECTION_OUT,
                .at_ms = office_now(sending->office),
                .sent_ms = sending->message->sent_ms};

        snprintf(row.peer, sizeof row.peer, "%s", sending->receiver->name);
        memcpy(row.digest, digest, DIGEST_BYTES);
        return book_message_put(sending->office, sending->message, &row, error);
}

static int send_now(struct sending *sending, struct error *error)
{
        struct post_sealing *sealing = &sending->sealing;
        uint8_t digest[DIGEST_BYTES];

        int r = post_sealing_custody(sealing, error);
        if (r == 0)
                r = post_sealing_sign(sealing, error);
        if (r == 0)
                r = post_sealing_write(sealing, 0, error);
        if (r == 0)
                r = post_sealing_hand_over(sealing, digest, error);
        if (r == 0)
                r = put_row(sending, digest, error);
        return r == 0 ? post_sealing_enter(sealing, digest, NULL, error) : r;
}

/* Where a service is configured nothing leaves before it was asked, and no service is asked within a step:
 * others wait for the database meanwhile. */
static int let_wait(struct sending *sending, struct error *error)
{
        struct post_sealing *sealing = &sending->sealing;
        uint8_t digest[DIGEST_BYTES];

        int r = post_sealing_sign(sealing, error);
        if (r == 0)
                r = post_sealing_write(sealing, POST_STAMP_MORE, error);
        if (r == 0 && (r = digest_of(sealing->container.bytes, sealing->container.length, digest)) < 0)
                error_set(error, r, "a digest could not be made");
        if (r == 0)
                r = put_row(sending, digest, error);
        return r == 0 ? post_stamp_wait(sealing, error) : r;
}

int post_send(struct office *office, struct message *message, const struct post_file *files, size_t count,
        const struct post_extra *extra, struct error *error)
{
        struct sending sending = {.office = office,
                .message = message,
                .files = files,
                .count = count,
                .extra = extra,
                .json = buffer_make(HI1_BYTES_MAX)};

        if (!office_in_step(office))
                return error_set(error, -EINVAL, "messages are sent within a step only");
        int r = fill_head(&sending, error);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = fill_file(message, &files[i], error);
        if (r == 0)
                r = hi1_write(message, &sending.json, error);
        sending.sealing =
                (struct post_sealing){.office = office, .message = message, .receiver = sending.receiver};
        if (r == 0)
                r = make_parts(&sending, error);
        if (r == 0)
                r = *office_settings(office)->timestamp_url ? let_wait(&sending, error)
                                                            : send_now(&sending, error);
        post_sealing_end(&sending.sealing);
        buffer_free(&sending.json);
        return r;
}
