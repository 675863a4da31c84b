/* SPDX-License-Identifier: EUPL-1.2 */
/* Somebody was wrongly identified by what this provider answered: its customer has to be told, by a notice
 * that the node writes and a person sends (requirement 20; Regulation (EU) 2016/679 articles 12 to 16). */
#include "exchange/provider_case.h"

#include "order/identifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_of_a_person(enum error_kind kind)
{
        return kind == ERROR_WRONG_PERSON || kind == ERROR_WRONG_TIME || kind == ERROR_WRONG_IDENTIFIER;
}

/* ---- the duty ---- */

int provider_error_reported(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct error_report *report = &arrival->message->error_report;
        struct provider_case c;
        struct book_message sent;

        if (!arrival->order || arrival->order->side != SIDE_PROVIDER || !is_of_a_person(report->kind))
                return 0;
        int r = book_message_latest(office, arrival->order->id, MESSAGE_ANSWER, DIRECTION_OUT, &sent, error);
        if (r < 0) /* nothing was answered: nobody was named by us */
                return r == -ENOENT ? 0 : r;
        r = provider_case_open(office, arrival->order->id, &c, error);
        if (r == 0)
                r = book_fact_clear(office, c.order.id, FACT_NOTICED_MS, error);
        if (r == 0)
                r = provider_fact(&c, FACT_NOTICE_DUE_MS,
                        deadline_days(&c.calendar, arrival->received_ms,
                                office_settings(office)->inform.within_days),
                        error);
        if (r == 0)
                r = provider_fact(&c, FACT_NOTICE_LOOK_MS, arrival->received_ms, error);
        if (r == 0)
                r = provider_look_again(&c, error);
        provider_case_close(&c);
        return r;
}

static bool is_open(struct provider_case *c, int64_t *ret_due, int *ret_r, struct error *error)
{
        int64_t noticed = TIME_UNKNOWN;

        *ret_due = TIME_UNKNOWN;
        *ret_r = book_fact(c->office, c->order.id, FACT_NOTICE_DUE_MS, TIME_UNKNOWN, ret_due, error);
        if (*ret_r == 0)
                *ret_r = book_fact(c->office, c->order.id, FACT_NOTICED_MS, TIME_UNKNOWN, &noticed, error);
        return *ret_r == 0 && *ret_due != TIME_UNKNOWN && noticed == TIME_UNKNOWN;
}

/* Told at once, and then every day from the day on which it is due. */
int notice_clock(struct provider_case *c, struct error *error)
{
        int64_t look = TIME_UNKNOWN, due, now = office_now(c->office);
        char until[TIME_TEXT_MAX];
        int r = book_fact(c->office, c->order.id, FACT_NOTICE_LOOK_MS, TIME_UNKNOWN, &look, error);

        if (r < 0 || look == TIME_UNKNOWN || look > now)
                return r;
        if (!is_open(c, &due, &r, error))
                return r < 0 ? r : book_fact_clear(c->office, c->order.id, FACT_NOTICE_LOOK_MS, error);
        struct book_incident incident = {.code = "notice-due", .at_ms = now};
        snprintf(incident.peer, sizeof incident.peer, "%s", c->order.peer);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", c->order.message_id);
        snprintf(incident.words, sizeof incident.words,
                "order %s: the customer who was wrongly identified has to be told by %s ('answer notice')",
                c->order.id, time_format_utc(due, until));
        r = book_incident_add(c->office, &incident, error);
        return r == 0 ? provider_fact(c, FACT_NOTICE_LOOK_MS, due > now ? due : now + TIME_DAY, error) : r;
}

/* ---- the notice ---- */

static int report_of(struct provider_case *c, struct message *ret, struct error *error)
{
        struct book_message row;
        int r = book_message_latest(c->office, c->order.id, MESSAGE_ERROR_REPORT, DIRECTION_IN, &row, error);

        if (r == -ENOENT)
                return error_set(error, r, "no error was reported about the order %s", c->order.id);
        return r < 0 ? r : book_message_read(c->office, row.peer, row.id, ret, error);
}

static const char *or_none(const char *text)
{
        return text && *text ? text : "nothing is known of it";
}

static void write_identifiers(
        const struct provider_case *c, const struct error_report *report, struct buffer *ret)
{
        for (size_t i = 0; i < c->form->identifiers.count; i++) {
                const struct identifier *one = &c->form->identifiers.items[i];
                char times[1024] = "";
                if (*report->identifier_id && strcmp(report->identifier_id, one->id) != 0)
                        continue;
                identifier_time_words(one, c->calendar.zone, times, sizeof times);
                buffer_printf(ret, "    %s", one->value ? one->value : "");
                if (one->source_port != MODEL_UNSTATED)
                        buffer_printf(ret, ", port %lld", (long long)one->source_port);
                buffer_printf(ret, "\n    %s\n", times);
        }
}

static void write_bodies(const struct provider_case *c, const char *country, struct buffer *ret)
{
        const struct directory_organisation *body = NULL;

        while ((body = directory_next_with_role(
                        office_directory(c->office), body, ORGANISATION_OVERSIGHT, country)))
                buffer_printf(ret, "    %s (%s)%s%s\n", body->display_name, country,
                        body->contact_count ? ", telephone " : "",
                        body->contact_count ? body->contacts[0].phone : "");
}

static void write_notice(const struct provider_case *c, const struct message *message,
        const struct book_message *answer, int64_t due, struct buffer *ret)
{
        const struct error_report *report = &message->error_report;
        const char *us = office_self(c->office)->country, *them = c->form->issuer.country;
        char answered[TIME_TEXT_MAX], until[TIME_TEXT_MAX], informed[TIME_TEXT_MAX];

        time_format_utc(answer->at_ms, answered)[10] = '\0';
        buffer_printf(ret,
                "[For the desk, not for the letter. To be sent by %s to the customer whom our answer named;\n"
                "who that is the sealed answer says, or the store to whoever asks it with this purpose.\n",
                time_format_utc(due, until));
        if (report->person_informed == STATED_YES && report->person_informed_ms != TIME_UNKNOWN)
                buffer_printf(ret, "The authority says that it informed the person at %s.\n",
                        time_format_utc(report->person_informed_ms, informed));
        else
                buffer_append_text(ret,
                        "The authority does not say that it informed the person: ask it first whether "
                        "secrecy\nhas ended (Article 13(4) of Regulation (EU) 2023/1543).\n");
        buffer_printf(ret, "Confirm with: rogatory answer noticed --node NODE --means LETTER %.8s]\n\n",
                c->order.id);
        buffer_printf(ret,
                "YOU WERE WRONGLY IDENTIFIED\n\n"
                "On %s we, %s, answered an order of\n%s (%s),\nin which your connection was named. We have "
                "been told that this was an error.\n\n",
                answered, office_self(c->office)->display_name,
                c->form->issuer.name ? c->form->issuer.name : c->order.peer, them);
        buffer_printf(ret, "The order: number %s%s%s.\nIt asked who used\n", c->order.id,
                c->form->issuer.file_number ? ", file number " : "",
                c->form->issuer.file_number ? c->form->issuer.file_number : "");
        write_identifiers(c, report, ret);
        buffer_printf(ret, "\nWhat was wrong: %s.\n    %s\n\n",
                word_meaning(&error_kind_words, (int)report->kind), or_none(report->description));
        buffer_printf(ret, "What was done because of it, as the authority says:\n    %s\n\n",
                or_none(report->consequence));
        buffer_printf(ret, "Your data at the authority: %s.\n\n",
                report->data_deleted == STATED_YES ? "it says that they were deleted"
                                                   : "it does not say that they were deleted");
        buffer_append_text(ret,
                "What you can do. You may demand of the authority and of us what was recorded about you, and "
                "that\nit is corrected or erased (Directive (EU) 2016/680 Articles 14 and 16; Regulation "
                "(EU) "
                "2016/679\nArticles 15 to 17). You may contest the order before a court of the issuing State "
                "(Regulation (EU)\n2023/1543 Article 18), complain to a supervisory authority, and claim "
                "compensation (Regulation (EU)\n2016/679 Articles 77, 79 and 82). Oversight bodies of this "
                "exchange:\n");
        write_bodies(c, us, ret);
        if (strcmp(us, them) != 0)
                write_bodies(c, them, ret);
}

int provider_notice(struct office *office, const char *id, struct buffer *ret, struct error *error)
{
        struct provider_case c;
        struct book_message answer;
        struct message message;
        int64_t due = TIME_UNKNOWN;

        message_init(&message, MESSAGE_NONE);
        int r = provider_case_open(office, id, &c, error);
        if (r == 0 && !office_has_role(office, PERSON_DESK) && !office_has_role(office, PERSON_SECOND) &&
                !office_has_role(office, PERSON_OVERSEER))
                r = error_set(error, -EPERM,
                        "%s is neither of the desk nor a second person nor an overseer of this node",
                        office_person(office));
        if (r == 0)
                r = book_fact(office, c.order.id, FACT_NOTICE_DUE_MS, TIME_UNKNOWN, &due, error);
        if (r == 0 && due == TIME_UNKNOWN)
                r = error_set(
                        error, -ENOENT, "nobody has to be told anything about the order %s", c.order.id);
        if (r == 0)
                r = report_of(&c, &message, error);
        if (r == 0) {
                r = book_message_latest(office, c.order.id, MESSAGE_ANSWER, DIRECTION_OUT, &answer, error);
                if (r == 0)
                        write_notice(&c, &message, &answer, due, ret);
                else if (r == -ENOENT)
                        r = error_set(error, r, "the order %s was never answered", c.order.id);
        }
        if (r == 0 && ret->failed)
                r = error_set(error, ret->failed, "the notice does not fit");
        message_free(&message);
        provider_case_close(&c);
        return r;
}

/* ---- confirmed ---- */

/* To the authority and to the oversight bodies of this State: what was reported, and that the person knows.
 */
static int tell_one(
        struct provider_case *c, const struct message *reported, const char *receiver, struct error *error)
{
        struct message message;
        int64_t now = office_now(c->office);

        message_init(&message, MESSAGE_NONE);
        int r = message_copy(reported, &message);
        if (r < 0)
                return error_set(error, r, "not enough memory");
        message.id[0] = '\0';
        snprintf(message.reply_to, sizeof message.reply_to, "%s", reported->id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", receiver);
        message.error_report.person_informed = message.error_report.oversight_informed = STATED_YES;
        message.error_report.person_informed_ms = message.error_report.oversight_informed_ms = now;
        free(message.error_report.signatory.post);
        free(message.error_report.signatory.place);
        message.error_report.signatory.post = message.error_report.signatory.place = NULL;
        r = provider_sign(c, &message.error_report.signatory, error);
        if (r == 0)
                r = post_send(c->office, &message, NULL, 0, NULL, error);
        message_free(&message);
        return r;
}

static int note(struct provider_case *c, const char *means, struct error *error)
{
        struct book_decision decision = {.role = PERSON_DESK,
                .at_ms = office_now(c->office),
                .from = c->order.state,
                .to = c->order.state};

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "noticed");
        snprintf(decision.person, sizeof decision.person, "%s", office_person(c->office));
        snprintf(decision.reason, sizeof decision.reason, "%.500s", means);
        return book_decision_add(c->office, &decision, error);
}

static int noticed(struct provider_case *c, const void *arguments, struct error *error)
{
        const struct directory_organisation *body = NULL;
        const char *means = arguments;
        struct message reported;
        char until[TIME_TEXT_MAX];
        int64_t due;
        int r = office_need_role(c->office, PERSON_DESK, error);

        if (r < 0)
                return r;
        if (!means || slice_trim(slice_of(means)).length == 0)
                return error_set(error, -EINVAL, "say how the customer was told");
        if (!is_open(c, &due, &r, error))
                return r < 0 ? r
                             : error_set(error, -EPERM, "nobody has to be told anything about the order %s",
                                       c->order.id);
        message_init(&reported, MESSAGE_NONE);
        r = report_of(c, &reported, error);
        if (r == 0)
                r = provider_fact(c, FACT_NOTICED_MS, office_now(c->office), error);
        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_NOTICE_LOOK_MS, error);
        if (r == 0)
                r = note(c, means, error);
        if (r == 0)
                r = tell_one(c, &reported, c->order.peer, error);
        while (r == 0 && (body = directory_next_with_role(office_directory(c->office), body,
                                  ORGANISATION_OVERSIGHT, office_self(c->office)->country)))
                r = tell_one(c, &reported, body->name, error);
        message_free(&reported);
        return r == 0 ? office_log(c->office, "person-informed", NULL,
                                json_pack("{s:s, s:s, s:s}", "order", c->order.id, "due",
                                        time_format_utc(due, until), "how", means),
                                error)
                      : r;
}

int provider_noticed(struct office *office, const char *id, const char *means, struct error *error)
{
        return provider_step(office, id, noticed, means, error);
}
