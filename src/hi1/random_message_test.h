/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_HI1_RANDOM_MESSAGE_TEST_H
#define ROGATORY_HI1_RANDOM_MESSAGE_TEST_H

/* Messages of every kind with any of their fields given, by the tables of the fields: sendable, not lawful.
 */

#include "hi1/hi1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chance {
        uint64_t state; /* never 0 */
};

static inline uint64_t chance_next(struct chance *chance)
{
        /* xorshift64*: the same numbers everywhere for one seed. */
        chance->state ^= chance->state >> 12;
        chance->state ^= chance->state << 25;
        chance->state ^= chance->state >> 27;
        return chance->state * UINT64_C(2685821657736338717);
}

static inline uint64_t chance_below(struct chance *chance, uint64_t limit)
{
        return (chance_next(chance) >> 11) % limit;
}

static inline size_t random_text(struct chance *chance, size_t most, char *ret)
{
        static const char *const pieces[] = {"a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "<", "&", "%",
                "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x94\x92", "{", "]", ",", "'"};
        size_t length = 0, count = 1 + chance_below(chance, 12);

        for (size_t i = 0; i < count; i++) {
                const char *piece = pieces[chance_below(chance, sizeof pieces / sizeof pieces[0])];
                if (length + strlen(piece) > most)
                        break;
                memcpy(ret + length, piece, strlen(piece));
                length += strlen(piece);
        }
        if (length == 0)
                ret[length++] = 'x';
        ret[length] = '\0';
        return length;
}

static inline void random_id(struct chance *chance, char ret[MODEL_ID_MAX])
{
        uint64_t one = chance_next(chance), other = chance_next(chance);

        snprintf(ret, MODEL_ID_MAX, "%08x-%04x-4%03x-%x%03x-%012llx", (unsigned)(one >> 32),
                (unsigned)(one >> 16 & 0xffff), (unsigned)(one & 0xfff), (unsigned)(8 + (other >> 62)),
                (unsigned)(other >> 48 & 0xfff), (unsigned long long)(other & 0xffffffffffff));
}

static inline void random_short(struct chance *chance, enum model_kind kind, char *ret)
{
        static const char *const countries[] = {"AT", "DE", "FR", "GR", "IE"};
        unsigned number = (unsigned)chance_below(chance, 1000);

        if (kind == MODEL_ID)
                random_id(chance, ret);
        else if (kind == MODEL_COUNTRY)
                snprintf(ret, MODEL_COUNTRY_MAX, "%s", countries[number % 5]);
        else if (kind == MODEL_ORGANISATION)
                snprintf(ret, MODEL_ORGANISATION_MAX, "at-office-%u", number);
        else
                snprintf(ret, MODEL_PERSON_MAX, "p.%u@at-office-%u", number, number % 7);
}

static inline void random_object(
        struct chance *chance, const struct model_type *type, void *object, unsigned depth);

static inline void random_number(struct chance *chance, const struct model_field *field, void *object)
{
        int64_t number = field->kind == MODEL_INSTANT
                                 ? (int64_t)chance_below(chance, (uint64_t)TIME_LIMIT)
                                 : (int64_t)chance_below(chance, (uint64_t)field->limit + 1);

        if (field->kind == MODEL_SIGNED && chance_below(chance, 2))
                number = -number;
        if (model_set_number(field, object, number, NULL) < 0)
                abort();
}

static inline void random_field(
        struct chance *chance, const struct model_field *field, void *object, unsigned depth)
{
        char text[MODEL_PERSON_MAX];
        uint8_t bytes[32];
        void *at = model_at(field, object), *item;
        size_t count = 1 + chance_below(chance, 3);

        switch (field->kind) {
        case MODEL_TEXT:
                if (model_set_text(field, object,
                            slice_make(
                                    text, random_text(chance, field->limit < 100 ? field->limit : 100, text)),
                            NULL) < 0)
                        abort();
                break;
        case MODEL_ID:
        case MODEL_COUNTRY:
        case MODEL_ORGANISATION:
        case MODEL_PERSON:
                random_short(chance, field->kind, text);
                if (model_set_text(field, object, slice_of(text), NULL) < 0)
                        abort();
                break;
        case MODEL_INSTANT:
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                random_number(chance, field, object);
                break;
        case MODEL_CHOICE:
        case MODEL_SET:
                for (size_t i = 0; i < (field->kind == MODEL_SET ? count : 1); i++)
                        if (model_set_word(field, object,
                                    slice_of(field->words->words[chance_below(chance, field->words->count)]
                                                     .name),
                                    NULL) < 0)
                                abort();
                break;
        case MODEL_DIGEST:
        case MODEL_ADDRESS:
                for (size_t i = 0; i < sizeof bytes; i++)
                        bytes[i] = (uint8_t)chance_next(chance);
                memcpy(bytes, "\x20\x01", 2);
                if (field->kind == MODEL_ADDRESS && chance_below(chance, 2))
                        memcpy(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2", 15);
                memcpy(at, bytes, field->kind == MODEL_ADDRESS ? 16 : 32);
                break;
        case MODEL_PART:
                random_object(chance, field->part, at, depth + 1);
                break;
        case MODEL_LIST:
                for (size_t i = 0; i < count; i++) {
                        if (model_list_add(field, object, &item, NULL) < 0)
                                abort();
                        random_object(chance, field->part, item, depth + 1);
                }
                break;
        case MODEL_TEXTS:
                for (size_t i = 0; i < count; i++) {
                        size_t length = random_text(chance, 60, text);
                        if (strcmp(field->name, "identifier_ids") == 0) {
                                random_id(chance, text);
                                length = MODEL_ID_MAX - 1;
                        }
                        if (model_texts_add(field, object, slice_make(text, length), NULL) < 0)
                                abort();
                }
                break;
        }
}

static inline void random_object(
        struct chance *chance, const struct model_type *type, void *object, unsigned depth)
{
        /* Some objects are full, some nearly empty. */
        uint64_t share = 1 + chance_below(chance, 4);

        for (size_t i = 0; i < type->field_count; i++)
                if (chance_below(chance, 4) < share)
                        random_field(chance, &type->fields[i], object, depth);
}

/* An initialised message comes out full of something. */
static inline void random_message(struct chance *chance, enum message_kind kind, struct message *message)
{
        message_init(message, kind);
        random_object(chance, &message_head_type, message, 0);
        message->kind = kind; /* the table of the head has it too, but the body must be initialised for it */
        random_object(chance, message_body_type(kind), message_body(message), 0);
        random_id(chance, message->id);
        random_id(chance, message->order_id);
        random_short(chance, MODEL_COUNTRY, message->sender.country);
        random_short(chance, MODEL_ORGANISATION, message->sender.organisation);
        random_short(chance, MODEL_COUNTRY, message->receiver.country);
        random_short(chance, MODEL_ORGANISATION, message->receiver.organisation);
        if (message->sent_ms == TIME_UNKNOWN)
                message->sent_ms = INT64_C(1795131352123);
        struct order *order = message_order(message);
        if (order && kind == MESSAGE_PRODUCTION_ORDER)
                order->kind = ORDER_PRODUCTION;
        else if (order && kind == MESSAGE_PRESERVATION_ORDER)
                order->kind = ORDER_PRESERVATION;
        for (size_t i = 0; order && i < order->identifiers.count; i++)
                random_id(chance, order->identifiers.items[i].id);
}

#endif
