/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory log init`, `check` and `stats`. */
#include "custody/statistics.h"
#include "os/clock.h"
#include "os/file.h"
#include "rogatory/log.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <string.h>

#define YEAR_FIRST 1970
#define YEAR_LAST 2261

/* ---- init ---- */

static void show_key(const struct note_key *key, const char *what, struct buffer *ret)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);

        note_key_write(key, &text);
        buffer_append_u8(&text, 0);
        if (text.failed)
                ret->failed = text.failed;
        else
                buffer_printf(ret, "  %-8s %s\n", what, (const char *)text.bytes);
        buffer_free(&text);
}

static json_t *key_text(const struct note_key *key)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);
        json_t *value = NULL;

        if (note_key_write(key, &text) == 0)
                value = json_stringn((const char *)text.bytes, text.length);
        buffer_free(&text);
        return value;
}

int log_init(const struct command *command, const struct log_options *options)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct chronicle *chronicle = NULL;
        struct error error = {0};

        if (!options->origin)
                return complain_usage(command, "name the log with --origin NAME, like node.example/log");
        int r = chronicle_create(options->log, options->origin, NULL, &error);
        if (r == 0)
                r = chronicle_open(options->log, CHRONICLE_READ, NULL, &chronicle, &error);
        if (r < 0) {
                buffer_free(&text);
                return complain_error(&error);
        }
        if (options->json) {
                output_json_line(&text, json_pack("{s:s, s:o, s:o}", "origin", options->origin, "log_key",
                                                key_text(chronicle_log_key(chronicle)), "witness_key",
                                                key_text(chronicle_witness_key(chronicle))));
        } else {
                buffer_append_text(&text, "Made the log ");
                append_foreign(&text, options->origin);
                buffer_append_text(&text, ". Its public keys, for the directory:\n");
                show_key(chronicle_log_key(chronicle), "log", &text);
                show_key(chronicle_witness_key(chronicle), "witness", &text);
        }
        chronicle_close(chronicle);
        r = output_write(&text);
        buffer_free(&text);
        return r;
}

/* ---- check ---- */

static int read_key(const char *path, struct note_key *ret_key, struct error *error)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);

        int r = file_read(path, &text, error);
        if (r == 0) {
                r = note_key_read(
                        slice_trim(slice_make((const char *)text.bytes, text.length)), ret_key, error);
                if (r < 0)
                        error_prefix(error, r, "%s: ", path);
        }
        buffer_free(&text);
        return r;
}

static json_t *findings_to_json(const struct findings *findings)
{
        json_t *list = json_array();

        for (size_t i = 0; i < findings->count; i++) {
                const struct finding *finding = &findings->list[i];
                json_array_append_new(list,
                        json_pack("{s:s, s:s, s:o, s:o}", "weight", finding_weight_word(finding->weight),
                                "code", finding->code, "place", json_foreign(finding->place), "sentence",
                                json_foreign(finding->sentence)));
        }
        return list;
}

int log_check(const struct command *command, const struct log_options *options)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct findings findings = {0};
        struct chronicle_counts counts = {0};
        struct note_key key;
        struct error error = {0};

        (void)command;
        int r = options->key ? read_key(options->key, &key, &error) : 0;
        if (r == 0)
                r = chronicle_check(options->log, options->key ? &key : NULL, &findings, &counts, &error);
        if (r < 0) {
                findings_free(&findings);
                return complain_error(&error);
        }
        bool sound = findings_hold(&findings);
        if (options->json) {
                output_json_line(&text,
                        json_pack("{s:b, s:I, s:I, s:I, s:o}", "sound", sound, "entries",
                                (json_int_t)counts.entries, "openings", (json_int_t)counts.openings, "erased",
                                (json_int_t)counts.erased, "findings", findings_to_json(&findings)));
        } else {
                buffer_printf(&text, "%s: %" PRIu64 " entries, %" PRIu64 " openings, %" PRIu64 " erased\n",
                        sound ? "SOUND" : "NOT SOUND", counts.entries, counts.openings, counts.erased);
                findings_write(&findings, &text);
        }
        findings_free(&findings);
        r = output_write(&text);
        buffer_free(&text);
        return r == EXIT_DONE && !sound ? EXIT_FAILED : r;
}

/* ---- stats ---- */

static int look_ahead(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        (void)index;
        return entry ? statistics_look_ahead(context, entry, error) : 0;
}

static int add_entry(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        (void)index;
        if (entry)
                return statistics_add(context, entry, error);
        statistics_add_erased(context);
        return 0;
}

static json_int_t number_of(const json_t *figures, const char *name)
{
        return json_integer_value(json_object_get(figures, name));
}

static void write_average(const json_t *figures, const char *name, const char *words, struct buffer *ret)
{
        const json_t *value = json_object_get(figures, name);
        json_int_t minutes = json_integer_value(value) / TIME_MINUTE;

        if (json_is_integer(value))
                buffer_printf(ret, "    %s: %lld d %02lld h %02lld min\n", words, (long long)(minutes / 1440),
                        (long long)(minutes / 60 % 24), (long long)(minutes % 60));
}

static void write_figures(const json_t *figures, struct buffer *ret)
{
        static const struct {
                const char *of, *name, *words;
        } lines[] = {
                {NULL, "issued", "issued"},
                {NULL, "received", "received"},
                {NULL, "emergency_derogations", "in an emergency without validation beforehand"},
                {NULL, "fulfilled", "fulfilled"},
                {NULL, "refused", "refused"},
                {NULL, "withdrawn", "withdrawn"},
                {NULL, "open", "open"},
                {NULL, "authority_notified", "notified to the enforcing authority"},
                {"enforcement", "transmitted", "sent for enforcement"},
                {"enforcement", "accepted", "accepted for enforcement"},
                {"enforcement", "fulfilled", "fulfilled by enforcement"},
                {"remedies", "issuing", "remedies in the issuing State"},
                {"remedies", "enforcing", "remedies in the enforcing State"},
                {NULL, "later_validation_refused", "validation refused afterwards"},
                {"costs", "claimed_cents", "costs claimed, in cents"},
                {"costs", "reimbursed_cents", "costs reimbursed, in cents"},
        };
        const char *ground;
        json_t *count;

        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
                const json_t *place = lines[i].of ? json_object_get(figures, lines[i].of) : figures;
                if (number_of(place, lines[i].name) > 0)
                        buffer_printf(ret, "    %s: %lld\n", lines[i].words,
                                (long long)number_of(place, lines[i].name));
        }
        json_object_foreach(json_object_get(figures, "grounds"), ground, count) buffer_printf(
                ret, "    refused for %s: %lld\n", ground, (long long)json_integer_value(count));
        write_average(figures, "average_ms", "average until fulfilled", ret);
        write_average(figures, "average_until_production_ms", "average until production was ordered", ret);
}

static void write_row(const json_t *row, struct buffer *ret)
{
        buffer_append_text(ret, "  ");
        append_foreign(ret, json_string_value(json_object_get(row, "addressee")));
        buffer_printf(ret, ", %s, %s%s\n", json_string_value(json_object_get(row, "instrument")),
                json_string_value(json_object_get(row, "category")),
                json_is_true(json_object_get(row, "emergency")) ? ", emergency" : "");
        write_figures(row, ret);
}

static void write_statistics(const json_t *json, struct buffer *ret)
{
        const json_t *rows = json_object_get(json, "rows");

        buffer_printf(ret, "Orders of %lld (Article 28(2) of Regulation (EU) 2023/1543)\n",
                (long long)number_of(json, "year"));
        buffer_append_text(ret, "  All production orders\n");
        write_figures(json_object_get(json, "production"), ret);
        buffer_append_text(ret, "  All preservation orders\n");
        write_figures(json_object_get(json, "preservation"), ret);
        for (size_t i = 0; i < json_array_size(rows); i++)
                write_row(json_array_get(rows, i), ret);
        if (number_of(json, "erased_openings") > 0)
                buffer_printf(ret, "What %lld erased entries said is missing in these figures.\n",
                        (long long)number_of(json, "erased_openings"));
        if (number_of(json, "entries_without_order") > 0)
                buffer_printf(ret, "%lld entries are about orders whose beginning is not told here.\n",
                        (long long)number_of(json, "entries_without_order"));
}

static int read_year(const char *text, int *ret_year, struct error *error)
{
        uint64_t year = (uint64_t)time_to_civil(clock_now_ms()).year - 1;

        if (text && (slice_number(slice_of(text), YEAR_LAST, &year) < 0 || year < YEAR_FIRST))
                return error_set(
                        error, -EINVAL, "'%s' is no year from %d to %d", text, YEAR_FIRST, YEAR_LAST);
        *ret_year = (int)year;
        return 0;
}

int log_stats(const struct command *command, const struct log_options *options)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct statistics *statistics = NULL;
        struct chronicle *chronicle = NULL;
        struct error error = {0};
        json_t *json = NULL;
        int year;

        if (read_year(options->year, &year, &error) < 0)
                return complain_usage(command, "--year: %s", error.text);
        int r = chronicle_open(options->log, CHRONICLE_READ, NULL, &chronicle, &error);
        if (r == 0 && (r = statistics_new(year, &statistics)) < 0)
                error_set(&error, r, "not enough memory");
        if (r == 0)
                r = chronicle_walk(chronicle, 0, look_ahead, statistics, &error);
        if (r == 0)
                r = chronicle_walk(chronicle, 0, add_entry, statistics, &error);
        if (r == 0 && (r = statistics_to_json(statistics, &json)) < 0)
                error_set(&error, r, "not enough memory");
        statistics_free(statistics);
        chronicle_close(chronicle);
        if (r < 0)
                return complain_error(&error);
        if (options->json) {
                output_json_line(&text, json);
        } else {
                write_statistics(json, &text);
                json_decref(json);
        }
        r = output_write(&text);
        buffer_free(&text);
        return r;
}
