/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory info`: what a store holds, as a person wants to see it. */
#include "rogatory/answer_view.h"
#include "rogatory/lease_flaws.h"
#include "rogatory/option.h"
#include "rogatory/store_option.h"
#include "rogatory/terminal.h"

#include "upkeep/info.h"

#include <inttypes.h>

#define DAYS_SHOWN 31

static const char *mapping_name(const struct realm_settings *settings)
{
        static const char *const names[] = {"undeclared", "endpoint-independent", "destination-dependent"};

        return settings && settings->mapping <= MAPPING_DESTINATION_DEPENDENT ? names[settings->mapping]
                                                                              : names[0];
}

/* --- For a person --- */

static void write_settings(const struct info_realm *realm, struct buffer *ret)
{
        const struct realm_settings *s = realm->settings;
        char skew[TIME_TEXT_MAX], keep[TIME_TEXT_MAX];

        if (!s) {
                buffer_append_text(ret, "  rogatory.conf has no section for it\n");
                return;
        }
        buffer_printf(ret, "  zone               %s\n  mapping            %s\n", s->zone, mapping_name(s));
        buffer_printf(ret, "  clock uncertainty  %s\n", time_format_duration(s->uncertainty_ms, skew));
        buffer_printf(ret, "  destinations       %s\n  records kept       %s\n",
                s->keep_destinations ? "kept" : "dropped",
                s->retain_ms ? time_format_duration(s->retain_ms, keep) : "without limit");
}

/* What whoever has the disk can read, and what a destruction reaches. */
static void write_key(const struct info_realm *realm, struct buffer *ret)
{
        const struct key_sources *sources = realm->settings ? &realm->settings->key : NULL;

        buffer_append_text(ret, "  key                ");
        if (!sources || sources->count == 0) {
                buffer_append_text(ret, "none: files are stored as they are\n");
                return;
        }
        key_sources_write(sources, ret);
        buffer_printf(ret, "\n                     %" PRIu64 " of %" PRIu64 " files are sealed by it\n",
                realm->sealed, realm->files);
        if (!key_sources_replaceable(sources))
                buffer_append_text(ret,
                        "                     no part of it can be destroyed: copies of destroyed files stay "
                        "readable with it\n");
}

static void write_sizes(const struct info_realm *realm, struct buffer *ret)
{
        if (realm->bindings == 0)
                return;
        buffer_printf(ret, "  bytes per binding  %.2f, of these\n",
                (double)realm->nat_bytes / (double)realm->bindings);
        for (size_t i = 0; i < realm->column_count; i++)
                if (realm->columns[i].bytes > 0)
                        buffer_printf(ret, "    %-28s %12" PRIu64 "  %6.3f\n", realm->columns[i].name,
                                realm->columns[i].bytes,
                                (double)realm->columns[i].bytes / (double)realm->bindings);
}

static void write_plans(const struct info_realm *realm, struct buffer *ret)
{
        const struct plan_summary *plans = &realm->plans;
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        if (plans->rows == 0)
                return;
        bool open = plans->until_ms == TIME_UNKNOWN;
        buffer_printf(ret, "  plans              %" PRIu64 " rows for %u addresses, %" PRIu64 " bytes\n",
                plans->rows, (unsigned)plans->addresses, realm->plan_bytes);
        buffer_printf(ret, "                     valid from %s %s%s\n", time_format_utc(plans->from_ms, from),
                open ? "until further notice" : "to ", open ? "" : time_format_utc(plans->until_ms, to));
        if (plans->disputed > 0)
                buffer_printf(ret, "                     %u rows contradict others and prove nothing\n",
                        (unsigned)plans->disputed);
        if (plans->incomplete > 0)
                buffer_printf(ret, "                     %u rows are of tables with refused lines\n",
                        (unsigned)plans->incomplete);
}

static void write_windows(const struct info_realm *realm, struct buffer *ret)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        buffer_printf(ret, "  hours stored       %" PRIu64 "\n", realm->windows);
        if (realm->first_ms != TIME_UNKNOWN)
                buffer_printf(ret, "  from               %s to %s\n", time_format_utc(realm->first_ms, from),
                        time_format_utc(realm->last_ms, to));
        buffer_printf(ret, "  bindings           %" PRIu64 "\n  outside addresses  %" PRIu64 "\n",
                realm->bindings, realm->outside_addresses);
        buffer_printf(ret, "  leases             %" PRIu64 "\n", realm->leases);
        if (realm->leases_heard_until_ms != TIME_UNKNOWN)
                buffer_printf(ret, "  lease log ends     %s\n",
                        time_format_utc(realm->leases_heard_until_ms, from));
        if (realm->leases_torn)
                buffer_printf(ret, "  lease log          not complete: records of it were refused\n");
        buffer_printf(ret, "  bytes              %" PRIu64 " of bindings, %" PRIu64 " of leases\n",
                realm->nat_bytes, realm->lease_bytes);
        lease_flaws_write(&realm->lease_quality, 2, ret);
        write_plans(realm, ret);
        if (realm->damaged_windows > 0)
                buffer_printf(ret, "  %" PRIu64 " files cannot be opened; 'rogatory check' tells which\n",
                        realm->damaged_windows);
}

static char hour_mark(const struct info_realm *realm, const struct info_exporter *exporter, int64_t hour)
{
        static const char marks[] = {'.', '+', '#', '!'};
        int64_t begin = realm->last_ms - (int64_t)realm->hour_count * TIME_HOUR;
        int64_t number = (hour - begin) / TIME_HOUR;

        if (hour < begin || (size_t)number >= realm->hour_count)
                return ' ';
        return marks[exporter->hours[number] <= HEARD_LOSS ? exporter->hours[number] : 0];
}

static void write_days(
        const struct info_realm *realm, const struct info_exporter *exporter, struct buffer *ret)
{
        int64_t last = (realm->last_ms - 1) / TIME_DAY, first = realm->first_ms / TIME_DAY;
        char date[TIME_TEXT_MAX];

        if (last - first >= DAYS_SHOWN)
                first = last - DAYS_SHOWN + 1;
        buffer_printf(ret, "      %-10s 0     6     12    18\n", "");
        for (int64_t day = first; day <= last; day++) {
                time_format_utc(day * TIME_DAY, date);
                buffer_printf(ret, "      %.10s ", date);
                for (int64_t at = day * TIME_DAY; at < (day + 1) * TIME_DAY && at < realm->last_ms;
                        at += TIME_HOUR)
                        buffer_append_u8(ret, (uint8_t)hour_mark(realm, exporter, at));
                buffer_append_u8(ret, '\n');
        }
}

static void write_exporter(
        const struct info_realm *realm, const struct info_exporter *exporter, struct buffer *ret)
{
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        buffer_append_text(ret, "    ");
        append_foreign(ret, exporter->name);
        if (exporter->first_ms == TIME_UNKNOWN) {
                buffer_append_text(ret, ": nothing proves what of its log was heard\n");
        } else {
                buffer_printf(ret, ": heard from %s\n      to %s\n",
                        time_format_utc(exporter->first_ms, from), time_format_utc(exporter->last_ms, to));
                write_days(realm, exporter, ret);
        }
        for (unsigned i = 0; i < GAP_REASON_COUNT; i++)
                if (exporter->gaps[i] > 0)
                        buffer_printf(ret, "      gaps (%s): %" PRIu64 "\n", gap_name((enum gap_reason)i),
                                exporter->gaps[i]);
}

static void write_realm(const struct info_realm *realm, struct buffer *ret)
{
        buffer_printf(ret, "Realm %s\n", realm->name);
        write_settings(realm, ret);
        write_key(realm, ret);
        write_windows(realm, ret);
        write_sizes(realm, ret);
        if (realm->exporter_count == 0)
                return;
        buffer_append_text(
                ret, "  Coverage by hour, UTC: # without loss  + partly  ! something lost  . not heard\n");
        for (size_t i = 0; i < realm->exporter_count; i++)
                write_exporter(realm, &realm->exporters[i], ret);
}

static void write_text(const struct info *info, struct buffer *ret)
{
        if (info->realm_count == 0)
                buffer_append_text(ret, "The store is empty.\n");
        for (size_t i = 0; i < info->realm_count; i++) {
                if (i > 0)
                        buffer_append_u8(ret, '\n');
                write_realm(&info->realms[i], ret);
        }
}

/* --- For a machine --- */

static json_t *instant_to_json(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

static json_t *exporter_to_json(const struct info_realm *realm, const struct info_exporter *exporter)
{
        struct buffer hours = buffer_make(INFO_HOURS_MAX + 1);
        json_t *gaps = json_object();
        int64_t begin = realm->last_ms - (int64_t)realm->hour_count * TIME_HOUR;

        for (size_t i = 0; i < realm->hour_count; i++)
                buffer_append_u8(&hours, (uint8_t)hour_mark(realm, exporter, begin + (int64_t)i * TIME_HOUR));
        for (unsigned i = 0; i < GAP_REASON_COUNT; i++)
                if (exporter->gaps[i] > 0)
                        json_object_set_new(gaps, gap_name((enum gap_reason)i),
                                json_integer((json_int_t)exporter->gaps[i]));
        json_t *object = json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "exporter",
                json_foreign(exporter->name), "heard_from", instant_to_json(exporter->first_ms), "heard_to",
                instant_to_json(exporter->last_ms), "whole_hours",
                (json_int_t)(exporter->heard_ms / TIME_HOUR), "gaps", gaps, "hours_from",
                instant_to_json(realm->hour_count ? begin : TIME_UNKNOWN), "hours",
                json_stringn(hours.bytes ? (const char *)hours.bytes : "", hours.length));
        buffer_free(&hours);
        return object;
}

static json_t *plans_to_json(const struct info_realm *realm)
{
        const struct plan_summary *plans = &realm->plans;

        if (plans->rows == 0)
                return json_null();
        return json_pack("{s:I, s:I, s:I, s:o, s:o, s:I, s:I}", "rows", (json_int_t)plans->rows,
                "outside_addresses", (json_int_t)plans->addresses, "bytes", (json_int_t)realm->plan_bytes,
                "from", instant_to_json(plans->from_ms), "to", instant_to_json(plans->until_ms),
                "rows_contradicting", (json_int_t)plans->disputed, "rows_incomplete",
                (json_int_t)plans->incomplete);
}

static json_t *key_to_json(const struct info_realm *realm)
{
        struct buffer text = buffer_make(KEY_SOURCES_MAX * (KEY_SOURCE_NAME_MAX + 16));

        if (!realm->settings || realm->settings->key.count == 0)
                return json_null();
        key_sources_write(&realm->settings->key, &text);
        json_t *key = json_stringn(text.bytes ? (const char *)text.bytes : "", text.length);
        buffer_free(&text);
        return key;
}

static json_t *realm_to_json(const struct info_realm *realm)
{
        json_t *columns = json_object(), *exporters = json_array();

        for (size_t i = 0; i < realm->column_count; i++)
                json_object_set_new(
                        columns, realm->columns[i].name, json_integer((json_int_t)realm->columns[i].bytes));
        for (size_t i = 0; i < realm->exporter_count; i++)
                json_array_append_new(exporters, exporter_to_json(realm, &realm->exporters[i]));
        json_t *per_binding =
                realm->bindings ? json_real((double)realm->nat_bytes / (double)realm->bindings) : json_null();
        return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:I, s:o, "
                         "s:o, s:o, s:o, s:I, s:I}",
                "realm", realm->name, "zone", realm->settings ? realm->settings->zone : "UTC", "mapping",
                mapping_name(realm->settings), "windows", (json_int_t)realm->windows, "from",
                instant_to_json(realm->first_ms), "to", instant_to_json(realm->last_ms), "bindings",
                (json_int_t)realm->bindings, "outside_addresses", (json_int_t)realm->outside_addresses,
                "bytes", (json_int_t)realm->nat_bytes, "bytes_per_binding", per_binding, "columns", columns,
                "leases", (json_int_t)realm->leases, "lease_bytes", (json_int_t)realm->lease_bytes,
                "leases_heard_until", instant_to_json(realm->leases_heard_until_ms), "files_damaged",
                (json_int_t)realm->damaged_windows, "exporters", exporters, "plans", plans_to_json(realm),
                "lease_flaws", lease_flaws_to_json(&realm->lease_quality), "key", key_to_json(realm), "files",
                (json_int_t)realm->files, "sealed_files", (json_int_t)realm->sealed);
}

static json_t *info_to_json(const struct info *info)
{
        json_t *realms = json_array();

        for (size_t i = 0; i < info->realm_count; i++)
                json_array_append_new(realms, realm_to_json(&info->realms[i]));
        return json_pack("{s:o}", "realms", realms);
}

/* --- The command --- */

static int info(struct depot *depot, bool json, struct buffer *ret, struct error *error)
{
        struct info gathered;
        int damaged = 0;

        int r = info_gather(depot, &gathered, error);
        if (r < 0)
                return r;
        if (json)
                output_json_line(ret, info_to_json(&gathered));
        else
                write_text(&gathered, ret);
        for (size_t i = 0; i < gathered.realm_count; i++)
                damaged = damaged || gathered.realms[i].damaged_windows > 0;
        info_free(&gathered);
        return damaged;
}

static int run_info(const struct command *command, int argc, char **argv)
{
        return store_command_run(command, argc, argv, info);
}

static const struct option_text info_options[] = {
        {STORE_KEY_STORE, "store", "DIR", "The store that is described."},
        {STORE_KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_info = {
        .name = "info",
        .summary = "show realms, hours, coverage and sizes of a store",
        .usage = "--store DIR [--json]",
        .description =
                "Shows what a store holds: its realms and their settings, the hours stored, sizes\n"
                "by column, leases, plans, and for each exporter which hours were heard without loss.\n"
                "Names nobody. That it was looked at is recorded.\n",
        .options = info_options,
        .option_count = sizeof info_options / sizeof info_options[0],
        .exits = "0  shown\n1  a file of the store is damaged, or could not be read\n2  wrong usage",
        .examples = "rogatory info --store /srv/rogatory",
        .run = run_info,
};
