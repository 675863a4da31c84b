/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows and addresses of a plan, as text and as JSON. */
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include <string.h>

char *plan_holder_text(const struct plan_row *row, char text[ADDRESS_TEXT_MAX])
{
        return row->is_dynamic ? memcpy(text, "dynamic", 8) : prefix_format(&row->inside, text);
}

char *plan_outside_text(uint32_t outside, char text[ADDRESS_TEXT_MAX])
{
        struct address address = address_from_ipv4(outside);

        return address_format(&address, text);
}

const char *plan_end_text(int64_t to_ms, char text[TIME_TEXT_MAX])
{
        return to_ms == TIME_UNKNOWN ? "until further notice" : time_format_utc(to_ms, text);
}

json_t *plan_time_to_json(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

json_t *plan_row_to_json(const struct plan_line *line)
{
        const struct plan_row *row = &line->row;
        char outside[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX];

        return json_pack("{s:s, s:i, s:i, s:i, s:i, s:o, s:b, s:I, s:o, s:o, s:o, s:o}", "outside_address",
                plan_outside_text(row->outside, outside), "port_first", row->port_first, "port_last",
                row->port_last, "repeat_every", row->repeat_every, "repeat_count", row->repeat_count,
                "inside", row->is_dynamic ? json_null() : json_string(prefix_format(&row->inside, inside)),
                "dynamic", row->is_dynamic, "vrf", (json_int_t)row->vrf, "protocol",
                row->protocol ? json_integer(row->protocol) : json_null(), "valid_from",
                plan_time_to_json(row->from_ms), "valid_to", plan_time_to_json(row->to_ms), "line",
                line->line ? json_integer((json_int_t)line->line) : json_null());
}
