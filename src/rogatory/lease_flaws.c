/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/lease_flaws.h"

#include "base/time.h"

#include <inttypes.h>

static uint64_t examples_of(const struct lease_quality *quality, enum lease_flaw flaw)
{
        uint64_t count = quality->flaws[flaw].count;

        return count < LEASE_EXAMPLES ? count : LEASE_EXAMPLES;
}

static void write_example(const struct lease_example *example, enum lease_flaw flaw, struct buffer *ret)
{
        char prefix[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        buffer_append_text(ret, prefix_format(&example->prefix, prefix));
        if (example->vrf)
                buffer_printf(ret, " (VRF %" PRIu32 ")", example->vrf);
        if (flaw == LEASE_SEEN_ONCE)
                buffer_printf(ret, ": %s\n", time_format_utc(example->from_ms, from));
        else if (example->to_ms == TIME_UNKNOWN)
                buffer_printf(ret, ": from %s on\n", time_format_utc(example->from_ms, from));
        else
                buffer_printf(ret, ": %s to %s\n", time_format_utc(example->from_ms, from),
                        time_format_utc(example->to_ms, to));
}

void lease_flaws_write(const struct lease_quality *quality, unsigned indent, struct buffer *ret)
{
        bool any = false;

        for (enum lease_flaw flaw = 0; flaw < LEASE_FLAW_COUNT; flaw++) {
                if (quality->flaws[flaw].count == 0)
                        continue;
                if (!any)
                        buffer_printf(ret, "%*sTo look at in the leases\n", (int)indent, "");
                any = true;
                buffer_printf(ret, "%*s  %12" PRIu64 "  %s\n", (int)indent, "", quality->flaws[flaw].count,
                        lease_flaw_sentence(flaw));
                for (uint64_t i = 0; i < examples_of(quality, flaw); i++) {
                        buffer_printf(ret, "%*s", (int)indent + 16, "");
                        write_example(&quality->flaws[flaw].first[i], flaw, ret);
                }
        }
}

static json_t *instant_to_json(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

json_t *lease_flaws_to_json(const struct lease_quality *quality)
{
        json_t *list = json_array();

        for (enum lease_flaw flaw = 0; flaw < LEASE_FLAW_COUNT; flaw++) {
                json_t *first = json_array();
                for (uint64_t i = 0; i < examples_of(quality, flaw); i++) {
                        const struct lease_example *example = &quality->flaws[flaw].first[i];
                        char prefix[ADDRESS_TEXT_MAX];
                        json_array_append_new(first,
                                json_pack("{s:s, s:I, s:o, s:o}", "prefix",
                                        prefix_format(&example->prefix, prefix), "vrf",
                                        (json_int_t)example->vrf, "from", instant_to_json(example->from_ms),
                                        "to", instant_to_json(example->to_ms)));
                }
                if (quality->flaws[flaw].count == 0)
                        json_decref(first);
                else
                        json_array_append_new(
                                list, json_pack("{s:s, s:I, s:o}", "kind", lease_flaw_name(flaw), "count",
                                              (json_int_t)quality->flaws[flaw].count, "first", first));
        }
        return list;
}
