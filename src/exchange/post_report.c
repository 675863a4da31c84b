/* SPDX-License-Identifier: EUPL-1.2 */
/* Whoever's log was set back or forked, oversight hears of it from each node that saw it (requirement 18). */
#include "exchange/post_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool speaks_against_log(const char *code)
{
        return strncmp(code, "log-", 4) == 0 || strcmp(code, "cosignature-wrong") == 0;
}

static bool is_oversight(const struct directory_organisation *organisation)
{
        for (size_t i = 0; i < organisation->role_count; i++)
                if (organisation->roles[i].role == ORGANISATION_OVERSIGHT)
                        return true;
        return false;
}

static int tell(struct office *office, const struct directory_organisation *to,
        const struct book_incident *incident, const char *order_id, struct error *error)
{
        const size_t length = sizeof incident->code + sizeof incident->words + 4;
        struct message message;

        message_init(&message, MESSAGE_ERROR_REPORT);
        struct error_report *report = &message.error_report;
        snprintf(message.order_id, sizeof message.order_id, "%s", order_id);
        snprintf(message.receiver.organisation, sizeof message.receiver.organisation, "%s", to->name);
        snprintf(report->message_id, sizeof report->message_id, "%s", incident->message_id);
        report->kind = ERROR_OTHER;
        report->found_ms = incident->at_ms;
        report->oversight_informed = STATED_YES;
        report->oversight_informed_ms = incident->at_ms;
        report->description = malloc(length);
        int r = report->description ? 0 : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0) {
                snprintf(report->description, length, "%s: %s", incident->code, incident->words);
                r = post_send(office, &message, NULL, 0, NULL, error);
        }
        message_free(&message);
        return r;
}

static int log_report(struct office *office, const struct book_incident *incident, const char *order_id,
        json_t *notified, struct error *error)
{
        return office_log(office, "error-reported", OFFICE_NODE,
                json_pack("{s:s, s:s, s:O, s:s, s:{s:s, s:s}}", "error",
                        word_name(&error_kind_words, ERROR_OTHER), "what", incident->words, "notified",
                        notified, "order", order_id, "detail", "message", incident->message_id, "sender",
                        incident->peer),
                error);
}

static int tell_all(struct office *office, const struct book_incident *incident, const char *order_id,
        json_t *notified, struct error *error)
{
        const struct directory *directory = office_directory(office);
        const char *country = office_self(office)->country;
        bool own = false;
        int r = 0;

        for (size_t i = 0; i < directory->organisation_count; i++)
                own |= is_oversight(&directory->organisations[i]) &&
                       strcmp(directory->organisations[i].country, country) == 0;
        for (size_t i = 0; r == 0 && i < directory->organisation_count; i++) {
                const struct directory_organisation *to = &directory->organisations[i];
                if (!is_oversight(to) || strcmp(to->name, office_organisation(office)) == 0 ||
                        (own && strcmp(to->country, country) != 0))
                        continue;
                r = tell(office, to, incident, order_id, error);
                json_array_append_new(notified, json_string(to->name));
        }
        return r;
}

int post_report(struct office *office, const struct book_incident *incident, const char *order_id,
        struct error *error)
{
        int64_t told = 0;

        if (!speaks_against_log(incident->code))
                return 0;
        int r = rows_number(office_database(office), error, 0, &told,
                "SELECT count(*) FROM book_incident WHERE code = ?1 AND peer = ?2 AND at_ms > ?3", "tti",
                incident->code, incident->peer, incident->at_ms - TIME_DAY);
        if (r < 0 || told > 0)
                return r;
        json_t *notified = json_array();
        r = notified ? tell_all(office, incident, order_id, notified, error)
                     : error_set(error, -ENOMEM, "not enough memory");
        if (r == 0 && json_array_size(notified) > 0)
                r = log_report(office, incident, order_id, notified, error);
        json_decref(notified);
        return r;
}
