/* SPDX-License-Identifier: EUPL-1.2 */
/* What a provider asked of an order (Form 3 section F), and what was answered: for the views of both. */
#include "exchange/facts.h"

#include <stdio.h>
#include <string.h>

struct listing {
        struct office *office;
        json_t *list, *due;
        struct error *error;
};

/* Answers stand as their questions stood. */
static void add_answers(json_t *list, const struct book_message *row, const struct message *message)
{
        const struct reply_list *replies = &message->clarification_answer.replies;
        char at[TIME_TEXT_MAX];
        size_t next = 0;

        for (size_t i = 0; i < json_array_size(list); i++) {
                json_t *one = json_array_get(list, i);
                if (strcmp(json_string_value(json_object_get(one, "message")), message->reply_to) != 0 ||
                        next == replies->count)
                        continue;
                const char *text = replies->items[next++].text;
                json_object_set_new(one, "answer", text ? json_string(text) : json_null());
                json_object_set_new(one, "answered", json_string(time_format_utc(row->at_ms, at)));
                json_object_set_new(one, "due", json_null());
        }
}

static int add_questions(struct listing *l, const struct book_message *row, const struct message *message)
{
        const struct question_list *questions = &message->clarification_request.questions;
        char at[TIME_TEXT_MAX];

        for (size_t i = 0; i < questions->count; i++)
                if (json_array_append_new(l->list,
                            json_pack("{s:s, s:I, s:s, s:s?, s:s, s:O, s:n, s:n}", "message", message->id,
                                    "number", (json_int_t)i + 1, "identifier",
                                    questions->items[i].identifier_id, "question", questions->items[i].text,
                                    "asked", time_format_utc(row->at_ms, at), "due", l->due, "answer",
                                    "answered")) < 0)
                        return error_set(l->error, -ENOMEM, "not enough memory");
        return 0;
}

static int list_message(void *context, const struct book_message *row)
{
        struct listing *l = context;
        struct message message;

        if (row->direction == DIRECTION_DRAFT || row->refused)
                return 0;
        message_init(&message, MESSAGE_NONE);
        int r = book_message_read(
                l->office, row->direction == DIRECTION_IN ? row->peer : NULL, row->id, &message, l->error);
        if (r == 0 && message.kind == MESSAGE_CLARIFICATION_REQUEST)
                r = add_questions(l, row, &message);
        else if (r == 0)
                add_answers(l->list, row, &message);
        message_free(&message);
        return r;
}

int facts_questions(struct office *office, const char *order_id, json_t **ret, struct error *error)
{
        struct listing l = {.office = office, .list = json_array(), .error = error};
        int64_t due = TIME_UNKNOWN;
        char text[TIME_TEXT_MAX];

        int r = book_fact(office, order_id, FACT_QUESTION_DUE_MS, TIME_UNKNOWN, &due, error);
        l.due = r == 0 && due != TIME_UNKNOWN ? json_string(time_format_utc(due, text)) : json_null();
        if (r == 0)
                r = book_messages_each(
                        office, order_id, MESSAGE_CLARIFICATION_REQUEST, list_message, &l, error);
        if (r == 0)
                r = book_messages_each(
                        office, order_id, MESSAGE_CLARIFICATION_ANSWER, list_message, &l, error);
        json_decref(l.due);
        if (r < 0)
                json_decref(l.list);
        else
                *ret = l.list;
        return r < 0 ? r : 0;
}
