/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory retain`: destroys what a store keeps no longer. The entry in the record of access stands before
 * anything goes. */
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/person.h"
#include "upkeep/retention.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEY_STORE = 1, KEY_DRY_RUN, KEY_JSON };

struct retain_options {
        const char *store;
        bool dry_run, json;
};

/* --- For a person --- */

static const char *plural(uint64_t count)
{
        return count == 1 ? "" : "s";
}

static void write_rule(const struct retention_item *item, bool dry_run, struct buffer *ret)
{
        char prefix[ADDRESS_TEXT_MAX], keep[TIME_TEXT_MAX], before[TIME_TEXT_MAX];

        buffer_printf(ret, "  %s of %s: ", retain_kind_name(item->kind),
                item->of_range ? prefix_format(&item->prefix, prefix) : "all other addresses");
        if (item->keep_ms == 0) {
                buffer_append_text(ret, item->kind == RETAIN_DESTINATIONS ? "kept as long as their bindings\n"
                                                                          : "kept without limit\n");
                return;
        }
        buffer_printf(ret, "kept %s, so what ended before %s %s", time_format_duration(item->keep_ms, keep),
                time_format_utc(item->horizon_ms, before), dry_run ? "goes" : "is gone");
        if (item->records > 0)
                buffer_printf(ret, ": %" PRIu64, item->records);
        buffer_append_u8(ret, '\n');
}

static void write_whole(const struct retention_realm *realm, bool dry_run, struct buffer *ret)
{
        int64_t from = TIME_UNKNOWN, to = TIME_UNKNOWN;
        char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];

        for (size_t i = 0; i < realm->window_count; i++) {
                if (!realm->windows[i].whole)
                        continue;
                from = from == TIME_UNKNOWN ? realm->windows[i].from_ms : from;
                to = realm->windows[i].to_ms;
        }
        buffer_printf(ret, "  %" PRIu64 " hour%s with %" PRIu64 " binding%s %s whole", realm->whole,
                plural(realm->whole), realm->bindings, plural(realm->bindings),
                dry_run ? (realm->whole == 1 ? "goes" : "go") : (realm->whole == 1 ? "is gone" : "are gone"));
        if (realm->whole > 0)
                buffer_printf(
                        ret, ", from %s to %s", time_format_utc(from, first), time_format_utc(to, last));
        buffer_printf(ret, "\n  %" PRIu64 " hour%s %s without what is due\n", realm->parts,
                plural(realm->parts),
                dry_run ? (realm->parts == 1 ? "is written anew" : "are written anew")
                        : (realm->parts == 1 ? "was written anew" : "were written anew"));
}

static void write_realm(const struct retention_realm *realm, bool dry_run, struct buffer *ret)
{
        buffer_append_text(ret, "Realm ");
        append_foreign(ret, realm->name);
        buffer_append_u8(ret, '\n');
        for (size_t i = 0; i < realm->item_count; i++)
                write_rule(&realm->items[i], dry_run, ret);
        write_whole(realm, dry_run, ret);
        if (realm->unreadable > 0)
                buffer_printf(ret,
                        "  %" PRIu64
                        " file%s cannot be read; what is due in part of them stays, see 'rogatory check'\n",
                        realm->unreadable, plural(realm->unreadable));
}

static void write_holds(const struct retention_report *report, bool dry_run, struct buffer *ret)
{
        char until[TIME_TEXT_MAX];

        for (size_t i = 0; i < report->holds.count; i++) {
                const struct hold *hold = &report->holds.items[i];
                buffer_printf(ret, "Hold %s of case ", hold->id);
                append_foreign(ret, hold->case_reference);
                buffer_printf(ret, ": kept until %s, so it %s\n", time_format_utc(hold->until_ms, until),
                        dry_run ? "goes" : "is gone");
        }
}

static void write_text(const struct retention_report *report, bool dry_run, bool needed, struct buffer *ret)
{
        char now[TIME_TEXT_MAX];

        buffer_printf(ret, "%s, at %s\n",
                !needed   ? "NOTHING IS DUE"
                : dry_run ? "DRY RUN: this would be destroyed, nothing was changed"
                          : "DONE: this was destroyed",
                time_format_utc(report->now_ms, now));
        for (size_t i = 0; i < report->realm_count; i++)
                write_realm(&report->realms[i], dry_run, ret);
        write_holds(report, dry_run, ret);
        buffer_append_text(ret,
                "All times are UTC. An hour goes when its last moment is older than the time it is kept.\n");
}

/* --- For a machine, and for the record of access --- */

static json_t *time_to_json(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

static json_t *rule_to_json(const struct retention_item *item)
{
        char text[TIME_TEXT_MAX], prefix[ADDRESS_TEXT_MAX];

        return json_pack("{s:s, s:o, s:s, s:o, s:I}", "kind", retain_kind_name(item->kind), "prefix",
                item->of_range ? json_string(prefix_format(&item->prefix, prefix)) : json_null(), "kept",
                time_format_duration(item->keep_ms, text), "before", time_to_json(item->horizon_ms),
                "records", (json_int_t)item->records);
}

static json_t *realm_to_json(const struct retention_realm *realm)
{
        json_t *rules = json_array();
        int64_t from = TIME_UNKNOWN, to = TIME_UNKNOWN;

        for (size_t i = 0; i < realm->item_count; i++)
                if (realm->items[i].keep_ms != 0)
                        json_array_append_new(rules, rule_to_json(&realm->items[i]));
        for (size_t i = 0; i < realm->window_count; i++)
                if (realm->windows[i].whole) {
                        from = from == TIME_UNKNOWN ? realm->windows[i].from_ms : from;
                        to = realm->windows[i].to_ms;
                }
        return json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:I, s:o}", "realm", realm->name, "hours_destroyed",
                (json_int_t)realm->whole, "bindings_in_them", (json_int_t)realm->bindings, "from",
                time_to_json(from), "to", time_to_json(to), "hours_rewritten", (json_int_t)realm->parts,
                "unreadable", (json_int_t)realm->unreadable, "rules", rules);
}

static void write_json(const struct retention_report *report, bool dry_run, bool needed, struct buffer *ret)
{
        json_t *realms = json_array(), *holds = json_array();

        for (size_t i = 0; i < report->realm_count; i++)
                json_array_append_new(realms, realm_to_json(&report->realms[i]));
        for (size_t i = 0; i < report->holds.count; i++)
                json_array_append_new(holds, json_string(report->holds.items[i].id));
        output_json_line(ret, json_pack("{s:b, s:b, s:o, s:o, s:o}", "dry_run", dry_run, "due", needed, "at",
                                      time_to_json(report->now_ms), "realms", realms, "holds", holds));
}

/* Takes the JSON over. */
static int fill_entry(struct access_entry *entry, json_t *detail)
{
        entry->detail = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
        json_decref(detail);
        return entry->detail ? 0 : -ENOMEM;
}

/* An entry for each realm, what is about to go under which rules, and for each hold. */
static int record(
        struct depot *depot, const struct retention_report *report, bool dry_run, struct error *error)
{
        size_t count = report->realm_count + report->holds.count;
        struct access_entry *entries = calloc(count + 1, sizeof *entries);
        char person[PERSON_TEXT_MAX], until[TIME_TEXT_MAX];
        int r = entries ? 0 : -ENOMEM;

        person_describe(person);
        for (size_t i = 0; i < count && r == 0; i++) {
                const struct hold *hold =
                        i < report->realm_count ? NULL : &report->holds.items[i - report->realm_count];
                entries[i] = (struct access_entry){.at_ms = report->now_ms,
                        .person = person,
                        .action = dry_run ? "retain-dry-run" : "retain",
                        .case_reference = hold ? hold->case_reference : NULL};
                r = fill_entry(&entries[i], hold ? json_pack("{s:s, s:s}", "hold", hold->id, "until",
                                                           time_format_utc(hold->until_ms, until))
                                                 : realm_to_json(&report->realms[i]));
        }
        r = r < 0 ? error_set(error, r, "not enough memory")
                  : depot_record_accesses(depot, entries, count, error);
        for (size_t i = 0; entries && i < count; i++)
                free((char *)(uintptr_t)entries[i].detail);
        free(entries);
        return r;
}

/* --- The command --- */

static int show(const struct retention_report *report, const struct retain_options *o, bool needed)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (o->json)
                write_json(report, o->dry_run, needed, &text);
        else
                write_text(report, o->dry_run, needed, &text);
        int code = output_write(&text);
        buffer_free(&text);
        for (size_t i = 0; i < report->realm_count && code == EXIT_DONE; i++)
                if (report->realms[i].unreadable > 0)
                        code = EXIT_FAILED;
        return code;
}

static int retain(const struct retain_options *o)
{
        struct retention_report report = {.realms = NULL};
        struct error error = {0};
        struct depot *depot = NULL;
        bool needed = false;

        int r = depot_open(o->store, o->dry_run ? DEPOT_READ : DEPOT_WRITE, &depot, &error);
        if (r == 0)
                r = retention_survey(depot, clock_now_ms(), &report, &error);
        if (r == 0) {
                needed = retention_is_needed(&report);
                r = record(depot, &report, o->dry_run, &error);
        }
        /* Also where nothing is due: a run that was cut off may have left keys of what it replaced. */
        if (r == 0 && !o->dry_run)
                r = retention_carry_out(depot, &report, &error);
        int code = r < 0 ? complain_error(&error) : show(&report, o, needed);
        retention_report_free(&report);
        depot_close(depot);
        return code;
}

static int run_retain(const struct command *command, int argc, char **argv)
{
        struct retain_options options = {0};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                if (key == KEY_STORE)
                        options.store = reader.value;
                else if (key == KEY_DRY_RUN)
                        options.dry_run = true;
                else
                        options.json = true;
        }
        if (!options.store)
                return complain_usage(command, "--store DIR is missing");
        if (optind < argc)
                return complain_usage(
                        command, "'%s' is one word too many: retain takes only options", argv[optind]);
        return retain(&options);
}

static const struct option_text retain_options[] = {
        {KEY_STORE, "store", "DIR", "The store."},
        {KEY_DRY_RUN, "dry-run", NULL,
                "Only says what is due, under which rule and how much. Changes nothing."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_retain = {
        .name = "retain",
        .summary = "destroy what is kept no longer",
        .usage = "--store DIR [--dry-run] [--json]",
        .description =
                "Destroys the records whose time is up by rogatory.conf: retain, retain-destinations,\n"
                "retain-leases and retain-ranges of each realm. What goes, under which rule, is in the\n"
                "record of access before it goes. Questions about it are answered unknown:\n"
                "outside-retention. Run it from a timer; a second run finds nothing to do.\n",
        .options = retain_options,
        .option_count = sizeof retain_options / sizeof retain_options[0],
        .exits = "0  done, or nothing is due\n1  failure, or a damaged file kept what is due in part of it\n"
                 "2  wrong usage",
        .examples = "rogatory retain --store /srv/rogatory --dry-run\nrogatory retain --store /srv/rogatory",
        .run = run_retain,
};
