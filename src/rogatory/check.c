/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory check`: is everything in the store as it was written? */
#include "rogatory/option.h"
#include "rogatory/store_option.h"
#include "rogatory/terminal.h"

#include "base/address.h"
#include "os/progress.h"
#include "upkeep/check.h"

#include <inttypes.h>

/* --- Rendering --- */

static void write_damage(const struct check_damage *d, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];
        struct address outside = address_from_ipv4(d->outside);

        buffer_append_text(ret, "  ");
        append_foreign(ret, d->file);
        if (d->in_block && d->outside)
                buffer_printf(ret, ", block %u of %s", d->block, address_format(&outside, text));
        else if (d->in_block)
                buffer_printf(ret, ", block %u", d->block);
        buffer_append_text(ret, "\n    ");
        append_foreign(ret, d->reason);
        buffer_append_u8(ret, '\n');
}

/* They are no damage, but nobody who reads "sound" should believe that all is well. */
static void write_mistakes(const struct configuration_report *report, struct buffer *ret)
{
        if (report->count > 0)
                buffer_printf(
                        ret, "Configuration: %zu mistake%s\n", report->count, report->count == 1 ? "" : "s");
        for (size_t i = 0; i < report->count; i++) {
                buffer_append_text(ret, "  ");
                append_foreign(ret, report->mistakes[i].file);
                if (report->mistakes[i].line > 0)
                        buffer_printf(ret, ":%u", report->mistakes[i].line);
                buffer_append_text(ret, "\n    ");
                append_foreign(ret, report->mistakes[i].text);
                buffer_append_u8(ret, '\n');
        }
}

static void write_text(const struct check_report *r, struct buffer *ret)
{
        buffer_printf(ret,
                r->damage_total ? "DAMAGED: %" PRIu64 " %s found\n" : "SOUND: nothing is damaged\n",
                r->damage_total, r->damage_total == 1 ? "damage was" : "damages were");
        for (size_t i = 0; i < r->damage_count; i++)
                write_damage(&r->damages[i], ret);
        if (r->damage_total > r->damage_count)
                buffer_printf(ret, "  ... and %" PRIu64 " more\n", r->damage_total - r->damage_count);
        buffer_printf(ret,
                "Verified\n  realms             %" PRIu64 "\n  hours stored       %" PRIu64
                "\n  bindings           %" PRIu64 "\n  lease files        %" PRIu64
                "\n  leases             %" PRIu64 "\n",
                r->realms, r->segments, r->bindings, r->lease_files, r->leases);
        if (r->plan_files > 0)
                buffer_printf(ret, "  plan files         %" PRIu64 "\n  rows of plans      %" PRIu64 "\n",
                        r->plan_files, r->plan_rows);
        buffer_printf(ret, "  sealed files       %" PRIu64 " of %" PRIu64 "\n", r->sealed,
                r->segments + r->lease_files + r->plan_files);
        buffer_printf(ret, "  bytes              %" PRIu64 "\n  record of access   %" PRIu64 " entries\n",
                r->bytes, r->access_entries);
        if (r->cut_bytes > 0)
                buffer_printf(ret,
                        "The last entry of the record of access was cut off (%zu bytes): its question was "
                        "never answered,\n"
                        "and the next entry puts it aside.\n",
                        r->cut_bytes);
        write_mistakes(&r->configuration, ret);
        if (r->damage_total > 0)
                buffer_append_text(ret,
                        "What is named here cannot be read; everything beside it answers as before.\n"
                        "Put the file back from a copy, or import its logs again.\n");
}

static json_t *damage_to_json(const struct check_damage *d)
{
        char text[ADDRESS_TEXT_MAX];
        struct address outside = address_from_ipv4(d->outside);

        return json_pack("{s:o, s:o, s:o, s:o}", "file", json_foreign(d->file), "block",
                d->in_block ? json_integer(d->block) : json_null(), "address",
                d->in_block && d->outside ? json_string(address_format(&outside, text)) : json_null(),
                "reason", json_foreign(d->reason));
}

static json_t *mistake_to_json(const struct configuration_mistake *m)
{
        return json_pack("{s:o, s:o, s:o}", "file", json_foreign(m->file), "line",
                m->line ? json_integer(m->line) : json_null(), "mistake", json_foreign(m->text));
}

static json_t *report_to_json(const struct check_report *r)
{
        json_t *damages = json_array();

        for (size_t i = 0; i < r->damage_count; i++)
                json_array_append_new(damages, damage_to_json(&r->damages[i]));
        json_t *mistakes = json_array();

        for (size_t i = 0; i < r->configuration.count; i++)
                json_array_append_new(mistakes, mistake_to_json(&r->configuration.mistakes[i]));
        return json_pack("{s:b, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sound",
                r->damage_total == 0, "damage_count", (json_int_t)r->damage_total, "damages", damages,
                "mistakes", mistakes, "windows", (json_int_t)r->segments, "bindings", (json_int_t)r->bindings,
                "lease_files", (json_int_t)r->lease_files, "leases", (json_int_t)r->leases, "plan_files",
                (json_int_t)r->plan_files, "plan_rows", (json_int_t)r->plan_rows, "sealed_files",
                (json_int_t)r->sealed, "bytes", (json_int_t)r->bytes, "access_entries",
                (json_int_t)r->access_entries, "access_bytes_cut", (json_int_t)r->cut_bytes);
}

/* --- The command --- */

static void show_progress(void *context, uint64_t done, uint64_t total, uint64_t files)
{
        progress_update(context, done, total, files);
}

static int check(struct depot *depot, bool json, struct buffer *ret, struct error *error)
{
        struct check_report report;
        struct progress progress;

        progress_begin(&progress, "files");
        int r = check_store(depot, show_progress, &progress, &report, error);
        progress_end(&progress);
        if (r < 0)
                return r;
        if (json)
                output_json_line(ret, report_to_json(&report));
        else
                write_text(&report, ret);
        int result = report.damage_total > 0          ? STORE_DAMAGED
                     : report.configuration.count > 0 ? STORE_MISCONFIGURED
                                                      : STORE_SOUND;
        check_report_free(&report);
        return result;
}

static int run_check(const struct command *command, int argc, char **argv)
{
        return store_command_run(command, argc, argv, check);
}

static const struct option_text check_options[] = {
        {STORE_KEY_STORE, "store", "DIR", "The store that is verified. Nothing in it is changed."},
        {STORE_KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_check = {
        .name = "check",
        .summary = "verify a whole store",
        .usage = "--store DIR [--json]",
        .description =
                "Verifies the settings, every checksum of every file, that files are what their names\n"
                "say, and the chain of the record of access. Lists damage by file and block, and what\n"
                "'rogatory conf-check' finds. The check itself is recorded.\n",
        .options = check_options,
        .option_count = sizeof check_options / sizeof check_options[0],
        .exits = "0  everything is sound\n1  something is damaged, could not be read, or the configuration "
                 "has a mistake\n2  wrong usage",
        .examples = "rogatory check --store /srv/rogatory",
        .run = run_check,
};
