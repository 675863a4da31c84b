/* SPDX-License-Identifier: EUPL-1.2 */
/* Reports that somebody was, or may have been, wrongly identified: requirement 20. */
#include "exchange/provider_case.h"

#include <stdio.h>

int handle_error_report(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct message *message = arrival->message;
        const struct error_report *report = &message->error_report;
        struct book_incident incident = {.code = "error-reported", .at_ms = office_now(office)};
        char what[BOOK_TEXT_MAX];

        if (report->kind == ERROR_NONE || !report->description) {
                error_set(error, -EINVAL,
                        "the report says neither what kind of error it was nor what happened");
                return POST_REFUSED;
        }
        snprintf(what, sizeof what, "%s: %.*s", word_meaning(&error_kind_words, (int)report->kind),
                slice_fitting(report->description, 400), report->description);
        snprintf(incident.peer, sizeof incident.peer, "%s", arrival->sender->name);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", message->id);
        snprintf(incident.words, sizeof incident.words, "%s", what);
        int r = book_incident_add(office, &incident, error);
        json_t *notified = json_pack("[s]", office_organisation(office));
        if (report->person_informed == STATED_YES)
                json_array_append_new(notified, json_string("the person"));
        if (report->oversight_informed == STATED_YES)
                json_array_append_new(notified, json_string("the oversight body"));
        json_t *fields = json_pack("{s:s, s:s, s:o, s:s, s:{s:s, s:s}}", "error",
                word_name(&error_kind_words, (int)report->kind), "what", what, "notified", notified, "order",
                message->order_id, "detail", "message", message->id, "sender", arrival->sender->name);
        if (r < 0) {
                json_decref(fields);
                return r;
        }
        r = provider_error_reported(office, arrival, error);
        if (r < 0) {
                json_decref(fields);
                return r;
        }
        r = office_log(office, "error-reported", OFFICE_NODE, fields, error);
        return r < 0 ? r : POST_TAKEN;
}
