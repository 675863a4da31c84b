/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/ask.h"
#include "rogatory/terminal.h"

#include "os/clock.h"

#include <stdlib.h>

int asking_open(struct asking *asking, const char *store, struct error *error)
{
        if (asking->source) {
                asking->depot = asking->source->depot;
                asking->inquiry = asking->source->inquiry;
                person_describe(asking->person);
                return 0;
        }
        int r = depot_open(store, DEPOT_READ, &asking->depot, error);

        if (r == 0)
                r = inquiry_new(asking->depot, &asking->inquiry, error);
        person_describe(asking->person);
        return r;
}

void asking_close(struct asking *asking)
{
        if (asking->inquiry && !asking->source)
                inquiry_free(asking->inquiry);
        if (asking->depot && !asking->source)
                depot_close(asking->depot);
        if (asking->zone)
                zone_close(asking->zone);
        hold_list_free(&asking->holds);
        *asking = (struct asking){0};
}

static int open_zone(struct asking *asking, const char *name, struct error *error)
{
        struct zone *zone = NULL;

        if (asking->zone && strcmp(zone_name(asking->zone), name) == 0)
                return 0;
        int r = zone_open(name, &zone, error);
        if (r < 0)
                return r;
        if (asking->zone)
                zone_close(asking->zone);
        asking->zone = zone;
        return 0;
}

int asking_view(struct asking *asking, const struct answer *answer, struct slice time_given,
        struct answer_view *ret_view, struct error *error)
{
        const struct realm_settings *realm = settings_realm(depot_settings(asking->depot), answer->realm);
        int r = open_zone(asking, answer->zone[0] ? answer->zone : "UTC", error);

        if (r < 0)
                return r;
        *ret_view = (struct answer_view){.answer = answer,
                .time_given = time_given,
                .case_reference = asking->case_reference,
                .uncertainty_ms = realm ? realm->uncertainty_ms : realm_defaults("default").uncertainty_ms,
                .zone = asking->zone};
        return 0;
}

int asking_record_failure(struct asking *asking, const char *action, const struct question *question,
        const struct error *failure, struct error *error)
{
        struct buffer text = buffer_make(ACCESS_LINE_MAX);
        struct question asked = *question;
        char *detail = NULL;

        if (asked.skew_ms < 0)
                asked.skew_ms = inquiry_default_skew(asking->inquiry, &asked.address);
        int r = question_write_json(&asked, &text);
        buffer_append_u8(&text, '\0');
        json_t *reason = json_pack("{s:o}", "failed", json_foreign(failure->text));
        detail = reason ? json_dumps(reason, JSON_COMPACT) : NULL;
        if (r == 0 && (!detail || text.failed))
                r = -ENOMEM;
        if (r == 0) {
                struct access_entry entry = {.at_ms = clock_now_ms(),
                        .person = asking->person,
                        .action = action,
                        .case_reference = asking->case_reference,
                        .question = (const char *)text.bytes,
                        .detail = detail};
                r = depot_record_access(asking->depot, &entry, error);
        }
        free(detail);
        json_decref(reason);
        buffer_free(&text);
        return r;
}
