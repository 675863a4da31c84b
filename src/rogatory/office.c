/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory office`: makes, checks and shows a node of an exchange. */
#include "rogatory/node.h"
#include "rogatory/office_node.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include "exchange/post.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        KEY_NODE = 1,
        KEY_FROM,
        KEY_DIRECTORY,
        KEY_ORGANISATION,
        KEY_PEOPLE,
        KEY_LISTEN,
        KEY_STORE,
        KEY_KEYS,
        KEY_TOKEN_FILES,
        KEY_STAMP_URL,
        KEY_STAMPS,
        KEY_JSON
};

struct words {
        const char *verb, *operand, *values[KEY_JSON];
        bool json;
};

/* ---- init ---- */

/* "https://127.0.0.1:7101/" -> "127.0.0.1:7101": where a node of tests listens is what the directory says. */
static void listen_of(const char *directory, struct office_settings *settings)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX);
        struct directory *read_directory = NULL;
        char path[PATH_MAX], place[OFFICE_LISTEN_MAX];

        snprintf(path, sizeof path, "%s/directory.json", directory);
        if (office_input(path, DIRECTORY_BYTES_MAX, &text, NULL) == 0 &&
                directory_parse(slice_make((const char *)text.bytes, text.length), &read_directory, NULL) ==
                        0) {
                const struct directory_organisation *one =
                        directory_find(read_directory, settings->organisation);
                const char *at = one ? strstr(one->node, "//") : NULL;
                if (at) {
                        snprintf(place, sizeof place, "%.*s", (int)strcspn(at + 2, "/"), at + 2);
                        (void)office_settings_set_listen(settings, place, NULL);
                }
        }
        directory_free(read_directory);
        buffer_free(&text);
}

/* Where keys are that are in no file. */
static int fill_keys(const struct words *words, struct office_settings *settings, struct error *error)
{
        struct slice rest = slice_of(words->values[KEY_KEYS] ? words->values[KEY_KEYS] : "");
        int r = 0;

        for (struct slice word = slice_word(&rest); r == 0 && word.length > 0; word = slice_word(&rest))
                r = office_settings_place_key(settings, word, error);
        rest = slice_of(words->values[KEY_TOKEN_FILES] ? words->values[KEY_TOKEN_FILES] : "");
        for (struct slice word = slice_word(&rest); r == 0 && word.length > 0; word = slice_word(&rest)) {
                if (settings->token_file_count == OFFICE_TOKEN_FILES_MAX || word.text[0] != '/' ||
                        word.length >= PATH_MAX)
                        return error_set(error, -EINVAL,
                                "--token-files: at most %d paths from the root, blanks between",
                                OFFICE_TOKEN_FILES_MAX);
                memcpy(settings->token_files[settings->token_file_count++], word.text, word.length);
        }
        return r;
}

static int fill_settings(const struct words *words, struct office_settings *settings, struct error *error)
{
        const char *from = words->values[KEY_FROM], *organisation = words->values[KEY_ORGANISATION];
        size_t length = strlen(from);

        office_settings_default(settings);
        while (length > 1 && from[length - 1] == '/')
                length--;
        size_t begin = length;
        while (begin > 0 && from[begin - 1] != '/')
                begin--;
        int n = organisation
                        ? snprintf(settings->organisation, sizeof settings->organisation, "%s", organisation)
                        : snprintf(settings->organisation, sizeof settings->organisation, "%.*s",
                                  (int)(length - begin), from + begin);
        if (n >= (int)sizeof settings->organisation ||
                !model_is_organisation(slice_of(settings->organisation)))
                return error_set(error, -EINVAL,
                        "\"%s\" is no short name of an organisation (--organisation)",
                        settings->organisation);
        if (!words->values[KEY_LISTEN])
                listen_of(words->values[KEY_DIRECTORY], settings);
        else if (office_settings_set_listen(settings, words->values[KEY_LISTEN], error) < 0)
                return error_prefix(error, -EINVAL, "--listen: ");
        if (words->values[KEY_STORE])
                snprintf(settings->store, sizeof settings->store, "%s", words->values[KEY_STORE]);
        if (words->values[KEY_STAMPS])
                snprintf(settings->timestamp_certificate, PATH_MAX, "timestamps.crt");
        if (words->values[KEY_STAMP_URL] &&
                (!words->values[KEY_STAMPS] || strncmp(words->values[KEY_STAMP_URL], "http://", 7) != 0 ||
                        strlen(words->values[KEY_STAMP_URL]) >= OFFICE_URL_MAX))
                return error_set(error, -EINVAL,
                        "--timestamp-url is http://..., and --timestamps the service's certificate; https:// "
                        "is for exchange.json");
        snprintf(settings->timestamp_url, OFFICE_URL_MAX, "%s",
                words->values[KEY_STAMP_URL] ? words->values[KEY_STAMP_URL] : "");
        int r = fill_keys(words, settings, error);
        struct slice rest = slice_of(words->values[KEY_PEOPLE] ? words->values[KEY_PEOPLE] : "");
        for (struct slice word = slice_word(&rest); r == 0 && word.length > 0; word = slice_word(&rest))
                r = office_settings_add_person(settings, word, error);
        return r;
}

static int init(const struct words *words, struct buffer *ret, struct error *error)
{
        struct office_settings *settings = calloc(1, sizeof *settings);
        const struct office_plan plan = {.keys = words->values[KEY_FROM],
                .directory = words->values[KEY_DIRECTORY],
                .settings = settings,
                .timestamps = words->values[KEY_STAMPS]};

        if (!settings)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = fill_settings(words, settings, error);
        if (r == 0)
                r = office_init(words->operand, &plan, NULL, error);
        if (r == 0 && words->json) {
                output_json_line(
                        ret, json_pack("{s:o, s:s, s:s, s:i}", "folder", json_foreign(words->operand),
                                     "organisation", settings->organisation, "listen", settings->listen,
                                     "people", (int)settings->person_count));
        } else if (r == 0) {
                append_foreign(ret, words->operand);
                buffer_printf(ret, ": the node of %s, with %zu %s", settings->organisation,
                        settings->person_count, settings->person_count == 1 ? "person" : "people");
                if (*settings->listen)
                        buffer_printf(ret, ", listening at %s", settings->listen);
                else
                        buffer_append_text(ret,
                                ", which takes nothing from others before it is said where it "
                                "listens (exchange.json)");
                buffer_append_text(ret, "\n");
        }
        free(settings);
        return r;
}

/* ---- check ---- */

static void add_concern(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_concern(json_t *list, const char *format, ...)
{
        char text[ERROR_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        json_array_append_new(list, json_foreign(text));
}

/* Messages that have not left because the timestamp service gives nothing. */
static void find_unstamped(struct office *office, json_t *list)
{
        struct post_stamp first;
        char since[TIME_TEXT_MAX];
        uint64_t count = 0;

        if (post_stamp_first(office, &first, &count, NULL) == 0 && count > 0)
                add_concern(list, "%" PRIu64 " %s for a timestamp, since %s%s%s", count,
                        count == 1 ? "message waits" : "messages wait",
                        time_format_utc(first.since_ms, since), *first.reason ? ": " : "", first.reason);
}

static json_t *find_concerns(struct office *office)
{
        const struct office_settings *settings = office_settings(office);
        json_t *list = json_array();
        struct error error = {0};
        uint64_t held = 0;

        if (office_directory_is_expired(office))
                add_concern(
                        list, "the directory has expired: nothing is produced until there is a newer one");
        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                if (office_key(office, (enum directory_purpose)purpose, NULL, NULL, &error) < 0)
                        add_concern(list, "%s", error.text);
        for (size_t i = 0; i < settings->person_count; i++)
                held |= settings->people[i].roles;
        find_unstamped(office, list);
        if (settings->person_count < 2)
                add_concern(list, "fewer than two people: no decision that needs two can be taken");
        for (size_t i = 0; i < office_self(office)->role_count; i++) {
                enum organisation_role role = office_self(office)->roles[i].role;
                bool provider = role == ORGANISATION_PROVIDER;
                if (role == ORGANISATION_ISSUING &&
                        (!(held & WORD_BIT(PERSON_OFFICER)) || !(held & WORD_BIT(PERSON_VALIDATOR))))
                        add_concern(list, "an issuing authority needs an officer and a validator");
                if (provider && (!(held & WORD_BIT(PERSON_DESK)) || !(held & WORD_BIT(PERSON_SECOND))))
                        add_concern(list, "a provider needs a desk and a second person");
                if (provider && !*settings->store)
                        add_concern(list, "no store is named: answers have to be prepared by hand");
        }
        return list;
}

/* Everything about the log: a changed entry is no concern but a failure. */
static int check_log(struct office *office, struct chronicle_counts *ret_counts, struct error *error)
{
        struct findings findings = {0};
        char path[PATH_MAX];

        int r = office_join(office, "chronicle", path, error);
        if (r == 0)
                r = chronicle_check(path, &office_self(office)->log_key, &findings, ret_counts, error);
        for (size_t i = 0; r == 0 && i < findings.count; i++)
                if (findings.list[i].weight == FINDING_FATAL)
                        r = error_set(error, -EBADMSG, "%s: %s: %s", path, findings.list[i].place,
                                findings.list[i].sentence);
        findings_free(&findings);
        return r;
}

/* A key that cannot be had is no concern but a failure; one that the directory does not pin is a concern. */
static int check_keys(struct office *office, json_t *where, struct error *error)
{
        char text[OFFICE_KEY_URI_MAX];
        int r = 0;

        for (int i = 0; r == 0 && i < DIRECTORY_PURPOSES; i++) {
                enum directory_purpose purpose = (enum directory_purpose)i;
                r = office_key(office, purpose, NULL, NULL, error);
                r = r == -ENOKEY ? 0 : r;
                office_key_where(office, purpose, text);
                json_object_set_new(where, directory_purpose_name(purpose), json_foreign(text));
        }
        return r;
}

static int check(const struct words *words, struct office *office, struct buffer *ret, struct error *error)
{
        struct chronicle_counts counts = {.entries = 0};

        json_t *where = json_object(), *place;
        const char *purpose;

        int r = check_keys(office, where, error);
        if (r == 0)
                r = check_log(office, &counts, error);
        if (r < 0) {
                json_decref(where);
                return r;
        }
        json_t *concerns = find_concerns(office);
        if (words->json) {
                output_json_line(
                        ret, json_pack("{s:s, s:I, s:o, s:o}", "organisation", office_organisation(office),
                                     "log_entries", (json_int_t)counts.entries, "keys", where, "concerns",
                                     concerns));
                return 0;
        }
        buffer_printf(ret, "%s: settings, keys, directory and all %" PRIu64 " entries of the log hold\n",
                office_organisation(office), counts.entries);
        json_object_foreach(where, purpose, place)
        {
                buffer_printf(ret, "key: %s in %s\n", purpose, json_string_value(place));
        }
        json_decref(where);
        for (size_t i = 0; i < json_array_size(concerns); i++)
                buffer_printf(ret, "concern: %s\n", json_string_value(json_array_get(concerns, i)));
        json_decref(concerns);
        return 0;
}

/* ---- show ---- */

static int add_incident(void *context, const struct book_incident *incident)
{
        char at[TIME_TEXT_MAX];

        json_array_append_new(
                context, json_pack("{s:s, s:s, s:s, s:s, s:o}", "at", time_format_utc(incident->at_ms, at),
                                 "code", incident->code, "peer", incident->peer, "message",
                                 incident->message_id, "words", json_foreign(incident->words)));
        return 0;
}

struct counts {
        int64_t by_side[8];
};
static int count_order(void *context, const struct book_order *order)
{
        ((struct counts *)context)->by_side[order->side]++;
        return 0;
}

static json_t *role_names(uint64_t roles)
{
        json_t *list = json_array();

        for (size_t i = 0; i < person_role_words.count; i++)
                if (roles & WORD_BIT(person_role_words.words[i].value))
                        json_array_append_new(list, json_string(person_role_words.words[i].name));
        return list;
}

static json_t *to_json(
        struct office *office, const struct counts *counts, json_t *incidents, uint64_t entries)
{
        char expires[TIME_TEXT_MAX];
        const struct directory *directory = office_directory(office);
        json_t *orders = json_object(), *unstamped = json_array();

        find_unstamped(office, unstamped);
        for (size_t i = 0; i < book_side_words.count; i++)
                json_object_set_new(orders, book_side_words.words[i].name,
                        json_integer(counts->by_side[book_side_words.words[i].value]));
        return json_pack("{s:s, s:s, s:s, s:o, s:{s:I, s:s, s:b}, s:I, s:o, s:o, s:o}", "organisation",
                office_organisation(office), "listen", office_settings(office)->listen, "person",
                office_person(office), "roles", role_names(office_roles(office)), "directory", "version",
                (json_int_t)directory->version, "expires", time_format_utc(directory->expires_ms, expires),
                "expired", (int)office_directory_is_expired(office), "log_entries", (json_int_t)entries,
                "orders", orders, "concerns", unstamped, "incidents", incidents);
}

static void write_shown(const json_t *shown, struct buffer *ret)
{
        const json_t *directory = json_object_get(shown, "directory"),
                     *roles = json_object_get(shown, "roles"),
                     *incidents = json_object_get(shown, "incidents");
        const char *side;
        json_t *number;

        buffer_printf(ret, "%s, listening at %s\n", json_string_value(json_object_get(shown, "organisation")),
                json_string_value(json_object_get(shown, "listen")));
        buffer_printf(ret, "  you         %s:", json_string_value(json_object_get(shown, "person")));
        for (size_t i = 0; i < json_array_size(roles); i++)
                buffer_printf(ret, " %s", json_string_value(json_array_get(roles, i)));
        buffer_printf(ret, "%s\n  directory   version %" JSON_INTEGER_FORMAT ", until %s%s\n",
                json_array_size(roles) ? "" : " no role here",
                json_integer_value(json_object_get(directory, "version")),
                json_string_value(json_object_get(directory, "expires")),
                json_is_true(json_object_get(directory, "expired")) ? " (expired)" : "");
        buffer_printf(ret, "  log         %" JSON_INTEGER_FORMAT " entries\n  orders     ",
                json_integer_value(json_object_get(shown, "log_entries")));
        json_object_foreach(json_object_get(shown, "orders"), side, number)
        {
                buffer_printf(ret, " %s %" JSON_INTEGER_FORMAT, side, json_integer_value(number));
        }
        const json_t *concerns = json_object_get(shown, "concerns");
        for (size_t i = 0; i < json_array_size(concerns); i++) {
                buffer_append_text(ret, "\n  concern     ");
                append_foreign(ret, json_string_value(json_array_get(concerns, i)));
        }
        if (json_is_null(incidents)) {
                buffer_append_text(ret, "\n  incidents   are shown to whoever has a role\n");
                return;
        }
        buffer_printf(ret, "\n  incidents   %zu\n", json_array_size(incidents));
        for (size_t i = 0; i < json_array_size(incidents); i++) {
                const json_t *one = json_array_get(incidents, i);
                buffer_printf(ret, "    %s %s of %s: ", json_string_value(json_object_get(one, "at")),
                        json_string_value(json_object_get(one, "code")),
                        json_string_value(json_object_get(one, "peer")));
                append_foreign(ret, json_string_value(json_object_get(one, "words")));
                buffer_append_text(ret, "\n");
        }
}

static int show(const struct words *words, struct office *office, struct buffer *ret, struct error *error)
{
        struct counts counts = {.by_side = {0}};
        struct checkpoint checkpoint = {.size = 0};
        json_t *incidents = json_array();

        int r = book_orders_each(office, SIDE_NONE, 0, count_order, &counts, error);
        if (r == 0)
                r = book_incidents_each(office, add_incident, incidents, error);
        if (r == 0)
                r = chronicle_checkpoint(office_chronicle(office), &checkpoint, NULL, error);
        if (r < 0) {
                json_decref(incidents);
                return r;
        }
        json_t *shown = to_json(office, &counts, incidents, checkpoint.size);
        if (!office_roles(office)) /* they quote what others wrote */
                json_object_set_new(shown, "incidents", json_null());
        if (words->json) {
                output_json_line(ret, shown);
        } else {
                write_shown(shown, ret);
                json_decref(shown);
        }
        return 0;
}

/* ---- the command ---- */

static int run_open(const struct words *words, int argc, char **argv)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct office *office = NULL;
        struct error error = {0};
        int code;

        if (office_elsewhere(words->operand, argc, argv, NULL, &code))
                return code;
        /* Whoever has no role learns so here. */
        int r = office_open(words->operand, NULL, &office, &error);
        if (r == 0)
                r = strcmp(words->verb, "check") == 0 ? check(words, office, &text, &error)
                                                      : show(words, office, &text, &error);
        office_close(office);
        code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_words(const struct command *command, struct words *words, int argc, char **argv)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};

        if (strcmp(words->verb, "check") == 0 || strcmp(words->verb, "show") == 0) {
                if (!words->values[KEY_NODE])
                        return complain_usage(command, "name the node with --node DIR");
                words->operand = words->values[KEY_NODE];
                return run_open(words, argc, argv);
        }
        if (!words->operand)
                return complain_usage(command, "name the folder that is to be made");
        if (!words->values[KEY_FROM] || !words->values[KEY_DIRECTORY])
                return complain_usage(
                        command, "say where keys and directory come from: --from and --directory");
        int r = node_is_this() ? error_set(&error, -EPERM, "a node makes no node for its callers")
                               : init(words, &text, &error);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        buffer_free(&text);
        return code;
}

static int run_office(const struct command *command, int argc, char **argv)
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
                if (key == KEY_JSON)
                        words.json = true;
                else
                        words.values[key] = reader.value;
        }
        words.verb = optind < argc ? argv[optind] : "";
        if (strcmp(words.verb, "init") != 0 && strcmp(words.verb, "check") != 0 &&
                strcmp(words.verb, "show") != 0)
                return complain_usage(command, "say init, check or show");
        words.operand = optind + 1 < argc ? argv[optind + 1] : NULL;
        if (optind + (strcmp(words.verb, "init") == 0 ? 2 : 1) < argc)
                return complain_usage(command, "'office %s': too many operands", words.verb);
        return run_words(command, &words, argc, argv);
}

static const struct option_text texts[] = {
        {KEY_NODE, "node", "DIR", "check, show: the node's folder."},
        {KEY_FROM, "from", "DIR",
                "init: the organisation's keys and certificates, as 'rogatory pki' writes them."},
        {KEY_DIRECTORY, "directory", "DIR",
                "init: the directory: directory.json, directory.json.sig, operator.pub."},
        {KEY_ORGANISATION, "organisation", "NAME",
                "init: the short name in the directory. Without it the name of the folder that\n"
                "the keys come from."},
        {KEY_PEOPLE, "people", "LIST",
                "init: who may do what, blanks between: 'berger:officer huber:validator'. Roles\n"
                "are officer, validator, desk, second-person, overseer, administrator."},
        {KEY_LISTEN, "listen", "ADDR:PORT",
                "init: where peers reach the node. Without it what the directory says."},
        {KEY_STORE, "store", "DIR", "init: the store that a provider answers from: a folder or a socket."},
        {KEY_KEYS, "keys", "LIST",
                "init: which keys are in PKCS#11 tokens, blanks between:\n"
                "'seal=pkcs11:token=...'. Others come out of --from. A token's key is made or\n"
                "imported before."},
        {KEY_TOKEN_FILES, "token-files", "LIST",
                "init: what the tokens' modules read and write beside /etc and /usr, blanks\n"
                "between: /var/lib/softhsm/tokens."},
        {KEY_STAMP_URL, "timestamp-url", "URL",
                "init: the service of RFC 3161 that timestamps what the node seals. What waits\n"
                "for it does not leave."},
        {KEY_STAMPS, "timestamps", "FILE",
                "init: the certificates of timestamp services that the node believes."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_office = {
        .name = "office",
        .summary = "make, check or show a node of an exchange",
        .usage = "init --from DIR --directory DIR [--people LIST] [OPTION]... DIR\n"
                 "check --node DIR [--json]\n"
                 "show --node DIR [--json]",
        .description = "A node belongs to one organisation: an authority, a provider, an enforcing\n"
                       "authority or an oversight body. Its folder holds settings (exchange.json),\n"
                       "keys, the directory, orders and messages, and the transparency log.\n\n"
                       "init makes it. check verifies keys, directory and every entry of the log, says\n"
                       "where each key is, and what is of concern. show says who you are there, and\n"
                       "what was refused.\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .exits = "0  done\n"
                 "1  failure\n"
                 "2  wrong usage\n",
        .examples = "rogatory office init --from trial/organisations/at-prosecution-vienna \\\n"
                    "    --directory trial/directory --people 'berger:officer huber:validator' node\n"
                    "rogatory office show --node node\n",
        .run = run_office,
};
