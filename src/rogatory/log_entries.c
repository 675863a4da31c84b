/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory log show`, `prove` and `erase`. */
#include "os/clock.h"
#include "os/file.h"
#include "os/person.h"
#include "rogatory/log.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int read_index(const char *text, uint64_t *ret_index, struct error *error)
{
        if (tree_number_read(slice_of(text), ret_index) < 0)
                return error_set(error, -EINVAL, "'%s' is no number of an entry; the first is 0", text);
        return 0;
}

/* ---- show ---- */

struct show {
        const struct log_options *options;
        uint64_t from, limit, shown;
        bool one; /* this entry alone */
        struct buffer text;
        json_t *list; /* of --json */
};

#define ENOUGH 1

static bool is_wanted(const struct show *show, const struct log_entry *entry)
{
        const struct log_options *options = show->options;

        if (!entry)
                return !options->kind && !options->order;
        const char *order = json_string_value(json_object_get(entry->fields, "order"));
        return (!options->kind || strcmp(options->kind, entry->kind_name) == 0) &&
               (!options->order || (order && strcmp(options->order, order) == 0));
}

static void show_json(struct show *show, uint64_t index, const struct log_entry *entry)
{
        char at[TIME_TEXT_MAX];

        json_array_append_new(
                show->list, entry ? json_pack("{s:I, s:s, s:s, s:s, s:O}", "index", (json_int_t)index, "kind",
                                            entry->kind_name, "at", time_format_utc(entry->at_ms, at), "by",
                                            entry->by, "fields", (json_t *)entry->fields)
                                  : json_pack("{s:I, s:b}", "index", (json_int_t)index, "erased", true));
}

static void show_field(struct buffer *text, const char *name, const json_t *value)
{
        char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        buffer_printf(text, "        %s: ", name);
        append_foreign(text, json_is_string(value) ? json_string_value(value) : dumped ? dumped : "");
        buffer_append_u8(text, '\n');
        free(dumped);
}

static void show_text(struct show *show, uint64_t index, const struct log_entry *entry)
{
        struct buffer *text = &show->text;
        char at[TIME_TEXT_MAX];
        const char *name;
        json_t *value;

        if (!entry) {
                buffer_printf(text, "%6" PRIu64 "  erased\n", index);
                return;
        }
        buffer_printf(text, "%6" PRIu64 "  %s  %s, by ", index, time_format_utc(entry->at_ms, at),
                entry->kind_name);
        append_foreign(text, entry->by);
        buffer_append_u8(text, '\n');
        json_object_foreach((json_t *)entry->fields, name, value) show_field(text, name, value);
}

static int show_one(void *context, uint64_t index, const struct log_entry *entry, struct error *error)
{
        struct show *show = context;

        (void)error;
        if (show->shown == show->limit)
                return ENOUGH;
        if (is_wanted(show, entry)) {
                show->shown++;
                if (show->options->json)
                        show_json(show, index, entry);
                else
                        show_text(show, index, entry);
        }
        return show->one ? ENOUGH : 0;
}

static int read_range(const struct log_options *options, struct show *show, struct error *error)
{
        int r = 0;

        show->one = options->operand != NULL;
        show->limit = UINT64_MAX;
        if (options->operand && (options->from || options->limit))
                return error_set(error, -EINVAL, "one entry is shown without --from and --limit");
        if (options->operand || options->from)
                r = read_index(options->operand ? options->operand : options->from, &show->from, error);
        if (r == 0 && options->limit && slice_number(slice_of(options->limit), INT64_MAX, &show->limit) < 0)
                r = error_set(error, -EINVAL, "--limit: '%s' is no number", options->limit);
        if (r == 0 && options->kind && !entry_kind_find(options->kind))
                r = error_set(error, -EINVAL, "--kind: there is no kind of entry '%s'", options->kind);
        return r;
}

int log_show(const struct command *command, const struct log_options *options)
{
        struct show show = {.options = options, .text = buffer_make(OUTPUT_MAX)};
        struct chronicle *chronicle;
        struct checkpoint checkpoint;
        struct error error = {0};

        if (read_range(options, &show, &error) < 0)
                return complain_usage(command, "%s", error.text);
        int r = chronicle_open(options->log, CHRONICLE_READ, NULL, &chronicle, &error);
        if (r < 0)
                return complain_error(&error);
        show.list = json_array();
        r = chronicle_checkpoint(chronicle, &checkpoint, NULL, &error);
        if (r == 0 && show.one && show.from >= checkpoint.size)
                r = error_set(&error, -ENOENT, "there is no entry %" PRIu64 "; the log has %" PRIu64,
                        show.from, checkpoint.size);
        if (r == 0)
                r = chronicle_walk(chronicle, show.from, show_one, &show, &error);
        chronicle_close(chronicle);
        if (r < 0) {
                json_decref(show.list);
                buffer_free(&show.text);
                return complain_error(&error);
        }
        if (options->json)
                output_json_line(&show.text, json_pack("{s:s, s:I, s:O}", "origin", checkpoint.origin, "size",
                                                     (json_int_t)checkpoint.size, "entries", show.list));
        json_decref(show.list);
        r = output_write(&show.text);
        buffer_free(&show.text);
        return r;
}

/* ---- prove ---- */

/* The proof as a file of its own; the folder is that of the path. */
static int write_file(const char *path, const struct buffer *proof, struct error *error)
{
        char folder[PATH_MAX];
        const char *slash = strrchr(path, '/');
        size_t length = slash ? (size_t)(slash - path) : 1;

        if (length >= sizeof folder)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", path);
        memcpy(folder, slash ? path : ".", length);
        folder[length] = '\0';
        return file_publish(
                length ? folder : "/", slash ? slash + 1 : path, proof->bytes, proof->length, error);
}

int log_prove(const struct command *command, const struct log_options *options)
{
        struct buffer proof = buffer_make(OUTPUT_MAX), text = buffer_make(OUTPUT_MAX);
        struct chronicle *chronicle = NULL;
        struct error error = {0};
        uint64_t index;

        if (read_index(options->operand, &index, &error) < 0)
                return complain_usage(command, "%s", error.text);
        int r = chronicle_open(options->log, CHRONICLE_READ, NULL, &chronicle, &error);
        if (r == 0)
                r = chronicle_prove(chronicle, index, !options->without_opening, &proof, &error);
        if (r == 0 && options->output)
                r = write_file(options->output, &proof, &error);
        chronicle_close(chronicle);
        if (r == 0) {
                if (options->json)
                        output_json_line(&text, json_pack("{s:I, s:s%}", "index", (json_int_t)index, "proof",
                                                        (const char *)proof.bytes, proof.length));
                else if (!options->output)
                        buffer_append(&text, proof.bytes, proof.length);
        }
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&proof);
        buffer_free(&text);
        return code;
}

/* ---- erase ---- */

int log_erase(const struct command *command, const struct log_options *options)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct chronicle *chronicle;
        struct error error = {0};
        char person[PERSON_TEXT_MAX];
        uint64_t index;

        if (read_index(options->operand, &index, &error) < 0)
                return complain_usage(command, "%s", error.text);
        if (!options->reason || slice_trim(slice_of(options->reason)).length == 0)
                return complain_usage(command, "say why with --reason TEXT; it stands in the log");
        int r = log_open(options->log, &chronicle, &error);
        if (r < 0)
                return complain_error(&error);
        r = chronicle_erase(
                chronicle, index, clock_now_ms(), person_describe(person), options->reason, &error);
        chronicle_close(chronicle);
        if (r < 0)
                return complain_error(&error);
        if (options->json)
                output_json_line(&text, json_pack("{s:I}", "erased", (json_int_t)index));
        else
                buffer_printf(&text,
                        "Erased what entry %" PRIu64
                        " commits to. The entry and its proofs stay as they are.\n",
                        index);
        r = output_write(&text);
        buffer_free(&text);
        return r;
}
