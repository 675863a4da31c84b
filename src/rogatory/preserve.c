/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory preserve`: quick freeze. The entry in the record of access stands before the hold appears. */
#include "rogatory/hold_view.h"
#include "rogatory/node.h"
#include "rogatory/option.h"
#include "rogatory/question_text.h"
#include "rogatory/terminal.h"

#include "os/clock.h"
#include "os/person.h"
#include "upkeep/preserve.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
        KEY_STORE = 1,
        KEY_CASE,
        KEY_PROTO,
        KEY_FROM,
        KEY_TO,
        KEY_UNTIL,
        KEY_EXTEND,
        KEY_PRODUCTION,
        KEY_LET_GO,
        KEY_JSON
};

struct preserve_options {
        const char *store, *case_reference, *protocol, *from, *to, *until, *extend, *production, *let_go,
                *address;
        bool json;
};

/* --- The command line --- */

static void take_option(struct preserve_options *o, int key, const char *value)
{
        const char **const fields[] = {[KEY_STORE] = &o->store,
                [KEY_CASE] = &o->case_reference,
                [KEY_PROTO] = &o->protocol,
                [KEY_FROM] = &o->from,
                [KEY_TO] = &o->to,
                [KEY_UNTIL] = &o->until,
                [KEY_EXTEND] = &o->extend,
                [KEY_PRODUCTION] = &o->production,
                [KEY_LET_GO] = &o->let_go};

        if (key == KEY_JSON)
                o->json = true;
        else
                *fields[key] = value;
}

static const char *missing(const struct preserve_options *o, int operands)
{
        if (!o->store)
                return "--store DIR is missing";
        if (!o->case_reference)
                return "--case REF is missing: records are preserved for a case, and only for it they answer";
        if (o->production && !o->extend)
                return "--production goes with --extend: it says why a hold is kept longer";
        if (o->let_go)
                return operands > 0 || o->from || o->to || o->protocol || o->until || o->extend
                               ? "with --let-go, nothing else is given"
                               : NULL;
        if (!o->until)
                return "--until TIME is missing: when the hold is destroyed, at most 60 days from now";
        if (o->extend && (operands > 0 || o->from || o->to || o->protocol))
                return "with --extend, only --until is given: what is in the hold stays as it is";
        if (o->extend)
                return NULL;
        if (operands != 1)
                return operands ? "one address at a time" : "no address is given: write ADDR or ADDR:PORT";
        return o->from && o->to ? NULL
                                : "--from TIME and --to TIME are both needed: the time that is preserved";
}

static int read_time(const char *text, const char *option, int64_t *ret_instant, struct error *error)
{
        int r = time_parse_rfc3339(slice_of(text), ret_instant, NULL, error);

        return r < 0 ? error_prefix(error, r, "--%s: ", option) : 0;
}

/* What the description takes in a line of its own, and what a person can tell apart later. */
static int check_case(const char *reference, struct hold *hold, struct error *error)
{
        size_t length = strlen(reference);
        struct slice trimmed = slice_trim(slice_of(reference));

        for (size_t i = 0; i < length; i++)
                if ((unsigned char)reference[i] < 0x20 || reference[i] == 0x7f)
                        return error_set(error, -EINVAL, "--case: no control characters");
        if (trimmed.length == 0 || trimmed.length != length || length >= sizeof hold->case_reference)
                return error_set(error, -EINVAL,
                        "--case: 1 to 1024 bytes, at least one letter or digit, and no blanks at its ends");
        memcpy(hold->case_reference, reference, length + 1);
        return 0;
}

static int check_times(const struct hold *hold, struct error *error)
{
        if (hold->to_ms < hold->from_ms)
                return error_set(error, -EINVAL, "--to is before --from");
        if (hold->to_ms > hold->made_ms)
                return error_set(error, -EINVAL,
                        "--to is in the future: what is not recorded yet cannot be preserved; run it again "
                        "then");
        if (hold->to_ms - hold->from_ms > PRESERVE_LONGEST_MS)
                return error_set(error, -EINVAL, "--from to --to is more than 31 days; make several holds");
        if (hold->until_ms <= hold->made_ms)
                return error_set(error, -EINVAL, "--until is in the past");
        if (hold->until_ms - hold->made_ms > HOLD_LONGEST_MS)
                return error_set(error, -EINVAL,
                        "--until is more than 60 days from now; a hold can be extended once, by 30 days at "
                        "most");
        return 0;
}

static int read_hold(const struct preserve_options *o, struct hold *hold, struct error *error)
{
        int r = address_parse_with_port(slice_of(o->address), &hold->address, &hold->port, error);

        if (r == 0 && (address_is_none(&hold->address) || address_is_named(&hold->address)))
                r = error_set(error, -EINVAL, "'%.60s' is an address that nobody holds", o->address);
        if (r == 0 && o->protocol)
                r = protocol_read(slice_of(o->protocol), &hold->protocol, error);
        if (r == 0)
                r = read_time(o->from, "from", &hold->from_ms, error);
        if (r == 0)
                r = read_time(o->to, "to", &hold->to_ms, error);
        return r < 0 ? r : check_times(hold, error);
}

/* --- What is said --- */

json_t *hold_to_json(const struct hold *hold)
{
        char address[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], made[TIME_TEXT_MAX],
                until[TIME_TEXT_MAX], protocol[PROTOCOL_TEXT_MAX];

        return json_pack("{s:s, s:o, s:s, s:o, s:o, s:s, s:s, s:I, s:s, s:s, s:b, s:o}", "hold", hold->id,
                "case", json_foreign(hold->case_reference), "address",
                address_format(&hold->address, address), "port",
                hold->port < 0 ? json_null() : json_integer(hold->port), "protocol",
                hold->protocol < 0 ? json_null()
                                   : json_string(protocol_format_code(hold->protocol, protocol)),
                "from", time_format_utc(hold->from_ms, from), "to", time_format_utc(hold->to_ms, to),
                "margin_ms", (json_int_t)hold->margin_ms, "made", time_format_utc(hold->made_ms, made),
                "until", time_format_utc(hold->until_ms, until), "extended", hold->extended, "person",
                json_foreign(hold->person));
}

void hold_write_text(const struct hold *hold, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], until[TIME_TEXT_MAX],
                margin[TIME_TEXT_MAX], made[TIME_TEXT_MAX], protocol[PROTOCOL_TEXT_MAX];

        buffer_append_text(ret, "  case        ");
        append_foreign(ret, hold->case_reference);
        buffer_printf(ret, "\n  endpoint    %s", address_format(&hold->address, address));
        if (hold->port >= 0)
                buffer_printf(ret, " port %d", hold->port);
        else
                buffer_append_text(ret, ", every port");
        buffer_printf(ret, hold->protocol >= 0 ? ", %s\n" : ", every protocol\n",
                protocol_format(hold->protocol, protocol));
        buffer_printf(ret, "  from        %s\n  to          %s, and %s more on both sides\n",
                time_format_utc(hold->from_ms, from), time_format_utc(hold->to_ms, to),
                time_format_duration(hold->margin_ms, margin));
        buffer_printf(ret, "  made        %s by ", time_format_utc(hold->made_ms, made));
        append_foreign(ret, hold->person);
        buffer_printf(ret, "\n  kept until  %s%s\n", time_format_utc(hold->until_ms, until),
                hold->extended ? " (was extended, and cannot be again)"
                               : " (can be extended once, by 30 days at most)");
}

static int show(const struct hold *hold, const struct preserve_counts *counts, const char *done, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (json) {
                json_t *value = hold_to_json(hold);
                if (counts)
                        json_object_update_new(value,
                                json_pack("{s:I, s:I, s:I, s:I}", "bindings", (json_int_t)counts->bindings,
                                        "leases", (json_int_t)counts->leases, "plan_rows",
                                        (json_int_t)counts->plan_rows, "hours", (json_int_t)counts->hours));
                output_json_line(&text, value);
        } else {
                buffer_printf(&text, "%s: hold %s\n", done, hold->id);
                hold_write_text(hold, &text);
                if (counts)
                        buffer_printf(&text,
                                "  records     %" PRIu64 " bindings, %" PRIu64 " leases, %" PRIu64
                                " rows of plans, what was heard in %" PRIu64 " hours\n",
                                counts->bindings, counts->leases, counts->plan_rows, counts->hours);
                buffer_append_text(&text,
                        "All times are UTC. 'rogatory ask --case' of the same case answers from it when the "
                        "store no longer can.\n");
        }
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

/* --- The record of access --- */

static int record(struct depot *depot, const struct hold *hold, const char *action,
        const struct preserve_counts *counts, const char *production, struct error *error)
{
        json_t *detail = hold_to_json(hold);

        if (detail && production)
                json_object_set_new(detail, "production", json_foreign(production));
        if (detail && counts)
                json_object_update_new(detail,
                        json_pack("{s:I, s:I, s:I}", "bindings", (json_int_t)counts->bindings, "leases",
                                (json_int_t)counts->leases, "plan_rows", (json_int_t)counts->plan_rows));
        char *text = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
        json_decref(detail);
        if (!text)
                return error_set(error, -ENOMEM, "not enough memory");
        struct access_entry entry = {.at_ms = clock_now_ms(),
                .person = hold->person,
                .action = action,
                .case_reference = hold->case_reference,
                .detail = text};
        int r = depot_record_access(depot, &entry, error);
        free(text);
        return r;
}

/* --- Doing it --- */

static int make(struct depot *depot, struct hold *hold, struct preserve_counts *counts, struct error *error)
{
        int r = preserve(depot, hold, counts, error);

        if (r < 0)
                return r;
        r = record(depot, hold, "preserve", counts, NULL, error);
        if (r == 0)
                r = depot_hold_publish(depot, hold, error);
        if (r < 0)
                depot_hold_abandon(depot, hold);
        return r;
}

/* ret_hold: the hold as it is extended. */
static int find(struct depot *depot, const char *id, const struct hold *wanted, struct hold *ret_hold,
        struct error *error)
{
        struct hold_list list;
        bool found = false;

        int r = depot_holds(depot, &list, error);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.count && !found; i++) {
                found = strcmp(list.items[i].id, id) == 0 &&
                        strcmp(list.items[i].case_reference, wanted->case_reference) == 0;
                if (found)
                        *ret_hold = list.items[i];
        }
        hold_list_free(&list);
        return found ? 0
                     : error_set(error, -ENOENT,
                               "there is no hold %.60s of this case; 'rogatory holds' lists them", id);
}

/* production: of the order that it waits for. While production is requested the data are kept until they are
 * produced, 30 days at a time (Article 11(2) of Regulation (EU) 2023/1543); the record says for which. */
static int extend(
        struct depot *depot, const char *id, const char *production, struct hold *hold, struct error *error)
{
        struct hold known;

        int r = find(depot, id, hold, &known, error);
        if (r < 0)
                return r;
        if (known.extended && !production)
                return error_set(
                        error, -EPERM, "hold %s was extended before; that can be done once", known.id);
        if (known.until_ms <= hold->made_ms)
                return error_set(error, -EPERM, "the time of hold %s is up", known.id);
        if (hold->until_ms <= known.until_ms)
                return error_set(error, -EINVAL, "--until is not later than what hold %s has", known.id);
        if (hold->until_ms - known.until_ms > HOLD_EXTENSION_MS)
                return error_set(
                        error, -EINVAL, "--until is more than 30 days later than what hold %s has", known.id);
        known.until_ms = hold->until_ms;
        known.extended = known.extended || !production;
        memcpy(known.person, hold->person, sizeof known.person);
        r = record(depot, &known, "preserve-extend", NULL, production, error);
        if (r == 0)
                r = depot_hold_change(depot, &known, error);
        *hold = known;
        return r;
}

static int is_gone(struct depot *depot, const char *id, struct error *error)
{
        struct hold_list list;
        int r = depot_holds(depot, &list, error);

        if (r < 0)
                return r;
        r = 1;
        for (size_t i = 0; i < list.count; i++)
                if (strcmp(list.items[i].id, id) == 0)
                        r = 0;
        hold_list_free(&list);
        return r;
}

/* Its time is up from now on; 'rogatory retain' destroys it as any other. 1: it was destroyed before. */
static int let_go(struct depot *depot, const char *id, struct hold *hold, struct error *error)
{
        struct hold known;

        int r = is_gone(depot, id, error);
        if (r == 0)
                r = find(depot, id, hold, &known, error);
        if (r != 0)
                return r;
        if (known.until_ms > hold->made_ms) {
                known.until_ms = hold->made_ms;
                memcpy(known.person, hold->person, sizeof known.person);
                r = record(depot, &known, "preserve-let-go", NULL, NULL, error);
                if (r == 0)
                        r = depot_hold_change(depot, &known, error);
        }
        *hold = known;
        return r;
}

static int say_gone(const char *id, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (json)
                output_json_line(&text, json_pack("{s:o, s:b}", "hold", json_foreign(id), "gone", 1));
        else
                buffer_append_text(&text, "The hold is gone already.\n");
        int code = output_write(&text);
        buffer_free(&text);
        return code;
}

static int run(const struct command *command, const struct preserve_options *o)
{
        struct hold hold = {.port = -1, .protocol = -1, .made_ms = clock_now_ms()};
        struct preserve_counts counts = {0};
        struct error error = {0};
        struct depot *depot = NULL;

        person_describe(hold.person);
        int r = check_case(o->case_reference, &hold, &error);
        if (r == 0 && o->until)
                r = read_time(o->until, "until", &hold.until_ms, &error);
        if (r == 0 && !o->extend && !o->let_go)
                r = read_hold(o, &hold, &error);
        if (r < 0)
                return complain_usage(command, "%s", error.text);
        r = depot_open(o->store, DEPOT_WRITE, &depot, &error);
        if (r == 0)
                r = o->extend   ? extend(depot, o->extend, o->production, &hold, &error)
                    : o->let_go ? let_go(depot, o->let_go, &hold, &error)
                                : make(depot, &hold, &counts, &error);
        depot_close(depot);
        if (r == 1)
                return say_gone(o->let_go, o->json);
        const char *done = o->extend ? "EXTENDED" : o->let_go ? "LET GO" : "PRESERVED";
        return r < 0 ? complain_error(&error)
                     : show(&hold, o->extend || o->let_go ? NULL : &counts, done, o->json);
}

static int run_preserve(const struct command *command, int argc, char **argv)
{
        struct preserve_options options = {0};
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                take_option(&options, key, reader.value);
        }
        const char *wrong = missing(&options, argc - optind);
        if (wrong)
                return complain_usage(command, "%s", wrong);
        options.address = optind < argc ? argv[optind] : NULL;
        int code;
        return node_run(options.store, argc, argv, NULL, &code) ? code : run(command, &options);
}

static const struct option_text preserve_options[] = {
        {KEY_STORE, "store", "DIR", "The store."},
        {KEY_CASE, "case", "REF", "The case for which it is preserved. Only for it the hold answers."},
        {KEY_PROTO, "proto", "tcp|udp|icmp|NUMBER", "Only this protocol."},
        {KEY_FROM, "from", "TIME", "The first moment, RFC 3339 with its offset: 2026-11-20T23:00:00Z."},
        {KEY_TO, "to", "TIME", "The last moment; at most 31 days after the first, not in the future."},
        {KEY_UNTIL, "until", "TIME", "When the hold is destroyed: at most 60 days from now."},
        {KEY_EXTEND, "extend", "HOLD", "Keeps a hold longer: once, by 30 days at most."},
        {KEY_PRODUCTION, "production", "REF",
                "With --extend: production of it is requested by this order. It may be extended\n"
                "again, by 30 days at a time, until it was produced."},
        {KEY_LET_GO, "let-go", "HOLD", "Ends a hold now; 'rogatory retain' destroys it."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_preserve = {
        .name = "preserve",
        .summary = "keep the records of one endpoint for a case",
        .usage = "--store DIR --case REF [OPTION]... --until TIME ADDR[:PORT]\n"
                 "--store DIR --case REF --extend HOLD [OPTION]... --until TIME\n"
                 "--store DIR --case REF --let-go HOLD",
        .description =
                "Copies the records of a public address, and port, over a time into a hold, and no\n"
                "others: bindings that may have stood then, the leases of their inside hosts, and what\n"
                "was heard of the logs. The hold outlives the time that the store keeps them, answers\n"
                "questions of its case alone, and is destroyed by 'rogatory retain' when its own time\n"
                "is up. Names nobody.\n",
        .options = preserve_options,
        .option_count = sizeof preserve_options / sizeof preserve_options[0],
        .exits = "0  preserved, or extended\n1  failure: nothing was preserved\n2  wrong usage",
        .examples =
                "rogatory preserve --store /srv/rogatory --case A-17/26 198.51.100.7:4711 --proto tcp \\\n"
                "    --from 2026-11-20T23:30:00Z --to 2026-11-20T23:40:00Z \\\n"
                "    --until 2027-01-10T00:00:00Z\n"
                "rogatory preserve --store /srv/rogatory --case A-17/26 --extend 20261121-1 \\\n"
                "    --until 2027-02-05T00:00:00Z",
        .run = run_preserve,
};
