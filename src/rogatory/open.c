/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory open`: evidence in plain text, after its purpose is on record. */
#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "exchange/authority.h"
#include "os/file.h"
#include "rogatory/node.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_NODE = 1, KEY_TO, KEY_PURPOSE, KEY_JSON };

#define HEAD_MAX 1024 /* of a file in the stream, with its line end */

struct words {
        const char *id, *node, *to, *purpose;
        bool json;
};

/* ---- the stream: "NAME LENGTH\n" and the bytes, one after the other, from a node to its caller ---- */

struct writing {
        int stream; /* -1: files into the folder */
        const char *folder;
        json_t *files;
};

/* What was encrypted is plain now, and is called so. */
static void plain_name(const struct file *file, char *ret, size_t room)
{
        size_t length = strlen(file->name);

        if (file->encrypted == STATED_YES && length > 4 && strcmp(file->name + length - 4, ".p7m") == 0)
                length -= 4;
        snprintf(ret, room, "%.*s", (int)length, file->name);
}

static int write_one(const struct writing *writing, const char *name, const void *bytes, size_t length,
        struct error *error)
{
        char path[PATH_MAX];

        if (!evidence_name_is_valid(name))
                return error_set(error, -EINVAL, "\"%.100s\" is no name for a file", name);
        int n = snprintf(path, sizeof path, "%s/%s", writing->folder, name);
        if (n >= (int)sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", name);
        /* Nothing that is there is written over: it may be what another order brought. */
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        int r = file_write_all(file, bytes, length, path, error);
        if (r == 0 && fsync(file) < 0)
                r = error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        close(file);
        return r;
}

static int take_file(void *context, const char *message_id, const struct file *file, const void *bytes,
        size_t length, struct error *error)
{
        struct writing *writing = context;
        char name[EVIDENCE_NAME_MAX], head[HEAD_MAX];
        int r;

        plain_name(file, name, sizeof name);
        if (writing->stream >= 0) {
                int n = snprintf(head, sizeof head, "%s %zu\n", name, length);
                r = file_write_all(writing->stream, head, (size_t)n, "the caller's file", error);
                if (r == 0)
                        r = file_write_all(writing->stream, bytes, length, "the caller's file", error);
        } else {
                r = write_one(writing, name, bytes, length, error);
        }
        if (r == 0)
                json_array_append_new(writing->files,
                        json_pack("{s:s, s:I, s:s, s:s}", "name", name, "bytes", (json_int_t)length,
                                "message", message_id, "identifier", file->identifier_id));
        return r;
}

static int unpack(const char *folder, const struct file_map *map, struct error *error)
{
        const struct writing writing = {.stream = -1, .folder = folder};
        struct slice rest = slice_make(map->bytes, map->length);

        while (rest.length > 0) {
                struct slice head = slice_cut(&rest, '\n'), name = slice_cut(&head, ' ');
                char text[EVIDENCE_NAME_MAX];
                uint64_t length;
                if (name.length >= sizeof text || slice_number(head, rest.length, &length) < 0)
                        return error_set(
                                error, -EBADMSG, "the node handed over something else than evidence");
                snprintf(text, sizeof text, "%.*s", (int)name.length, name.text);
                int r = write_one(&writing, text, rest.text, length, error);
                if (r < 0)
                        return r;
                rest = slice_make(rest.text + length, rest.length - length);
        }
        return 0;
}

/* ---- here, or by the node ---- */

/* What each identifier came to, in words: who opens files by their names alone must not take an 'unknown' for
 * a name. */
struct telling {
        struct office *office;
        const struct order *form;
        json_t *list;
        struct error *error;
};

static int tell_results(void *context, const struct book_message *row)
{
        struct telling *telling = context;
        struct message message;

        if (row->direction != DIRECTION_IN || row->refused)
                return 0;
        message_init(&message, MESSAGE_NONE);
        int r = book_message_read(telling->office, row->peer, row->id, &message, telling->error);
        const struct result_list *results = &message.answer.results;
        for (size_t i = 0; r == 0 && i < results->count; i++) {
                const struct result *one = &results->items[i];
                size_t number = 0;
                for (size_t k = 0; k < telling->form->identifiers.count; k++)
                        if (strcmp(telling->form->identifiers.items[k].id, one->identifier_id) == 0)
                                number = k + 1;
                json_array_append_new(telling->list,
                        json_pack("{s:I, s:s, s:s?, s:s?}", "identifier", (json_int_t)number, "outcome",
                                word_name(&outcome_words, (int)one->outcome), "verdict",
                                one->verdict ? word_name(&answer_verdict_words, (int)one->verdict) : NULL,
                                "statement", one->statement));
        }
        message_free(&message);
        return r;
}

static int results_of(struct office *office, const char *id, json_t *list, struct error *error)
{
        struct book_order order;
        struct message message;
        struct telling telling = {.office = office, .list = list, .error = error};

        message_init(&message, MESSAGE_NONE);
        int r = book_order_find(office, id, &order, error);
        if (r == 0)
                r = book_order_message(office, &order, &message, error);
        telling.form = r == 0 ? message_order_const(&message) : NULL;
        if (telling.form)
                r = book_messages_each(office, order.id, MESSAGE_ANSWER, tell_results, &telling, error);
        message_free(&message);
        return r;
}

static void write_result(const struct words *words, const struct authority_opened *opened, json_t *files,
        json_t *results, struct buffer *ret)
{
        char due[TIME_TEXT_MAX];

        time_format_utc(opened->inform_due_ms, due);
        if (words->json) {
                output_json_line(ret, json_pack("{s:s, s:O, s:O, s:s}", "order", words->id, "files", files,
                                              "results", results, "inform_due", due));
                return;
        }
        for (size_t i = 0; i < json_array_size(files); i++) {
                append_foreign(ret, json_string_value(json_object_get(json_array_get(files, i), "name")));
                buffer_printf(ret, "  %" JSON_INTEGER_FORMAT " bytes\n",
                        json_integer_value(json_object_get(json_array_get(files, i), "bytes")));
        }
        for (size_t i = 0; i < json_array_size(results); i++) {
                const json_t *one = json_array_get(results, i);
                const char *verdict = json_string_value(json_object_get(one, "verdict")),
                           *statement = json_string_value(json_object_get(one, "statement"));
                buffer_printf(ret, "identifier %" JSON_INTEGER_FORMAT ", %s: ",
                        json_integer_value(json_object_get(one, "identifier")),
                        verdict ? verdict : json_string_value(json_object_get(one, "outcome")));
                append_foreign(ret, statement ? statement : "");
                buffer_append_text(ret, "\n");
        }
        if (opened->missing)
                buffer_printf(ret,
                        "%zu beside the message, and given up ('rogatory order status' says why)\n",
                        opened->missing);
        buffer_printf(ret, "the person has to be informed by %s (Article 13), or a delay be decided\n", due);
}

static int open_here(const struct words *words)
{
        struct writing writing = {.stream = strcmp(words->to, "-") == 0 ? STDIN_FILENO : -1,
                .folder = words->to,
                .files = json_array()};
        json_t *results = json_array();
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct authority_opened opened;
        struct office *office = NULL;
        struct error error = {0};

        int r = writing.stream < 0 && node_is_this()
                        ? error_set(&error, -EPERM, "the node opens no folders for its callers")
                        : office_here(words->node, &office, &error);
        if (r == 0)
                r = authority_open(office, words->id, words->purpose, take_file, &writing, &opened, &error);
        if (r == 0)
                r = results_of(office, words->id, results, &error);
        if (r == 0)
                write_result(words, &opened, writing.files, results, &text);
        office_close(office);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        json_decref(writing.files);
        json_decref(results);
        return code;
}

/* The node writes into a file of ours that has no name; only when it is done files come about. */
static bool open_there(const struct words *words, int argc, char **argv, int *ret_code)
{
        struct error error = {0};
        char path[64];
        struct file_map map;

        int file = open(words->to, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file < 0) {
                complain("%s: %s", words->to, strerrordesc_np(errno));
                *ret_code = EXIT_FAILED;
                return true;
        }
        bool done = office_elsewhere_with(words->node, argc, argv, words->to, file, ret_code);
        if (done && *ret_code == EXIT_DONE) {
                snprintf(path, sizeof path, "/proc/self/fd/%d", file);
                int r = file_map(path, &map, &error);
                if (r == 0) {
                        r = unpack(words->to, &map, &error);
                        file_unmap(&map);
                }
                if (r < 0)
                        *ret_code = complain_error(&error);
        }
        close(file);
        return done;
}

static int run_words(const struct command *command, struct words *words, int argc, char **argv)
{
        struct error error = {0};
        int code;

        if (!words->node)
                return complain_usage(command, "name the node with --node DIR");
        if (!words->to)
                return complain_usage(command, "name the folder for the evidence with --to DIR");
        if (!words->purpose)
                return complain_usage(command, "say what for with --purpose TEXT; it goes on record");
        if (!node_is_this()) {
                if (folder_make(words->to, &error) < 0)
                        return complain_error(&error);
                if (open_there(words, argc, argv, &code))
                        return code;
        }
        return open_here(words);
}

static int run_open(const struct command *command, int argc, char **argv)
{
        struct words words = {.json = false};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                words.json |= key == KEY_JSON;
                words.node = key == KEY_NODE ? reader.value : words.node;
                words.to = key == KEY_TO ? reader.value : words.to;
                words.purpose = key == KEY_PURPOSE ? reader.value : words.purpose;
        }
        if (optind == argc)
                return complain_usage(command, "name the order whose answer is to be opened");
        if (optind + 1 < argc)
                return complain_usage(command, "one order at a time");
        words.id = argv[optind];
        return run_words(command, &words, argc, argv);
}

static const struct option_text texts[] = {
        {KEY_NODE, "node", "DIR", "The node's folder."},
        {KEY_TO, "to", "DIR",
                "Where the evidence is written; made where it is not there. No file is replaced."},
        {KEY_PURPOSE, "purpose", "TEXT", "What the evidence is read for. It stands in the log first."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_open = {
        .name = "open",
        .summary = "open the evidence that an order has brought",
        .usage = "--node DIR --to DIR --purpose TEXT [--json] ORDER",
        .description = "Decrypts what was answered and writes it into a folder. Before anything is in\n"
                       "plain text, the log of the node says who reads it and what for; nothing is\n"
                       "written before everything was found unchanged. The first time, a receipt goes\n"
                       "back to the provider and the duty to inform the person begins (Article 13).\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .exits = "0  opened\n"
                 "1  failure: not allowed, nothing has come, not for this key\n"
                 "2  wrong usage\n",
        .examples = "rogatory open --node node --to case-12 --purpose 'who wrote the threat' 5d1c\n",
        .run = run_open,
};
