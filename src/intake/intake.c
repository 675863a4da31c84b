/* SPDX-License-Identifier: EUPL-1.2 */
#include "intake/intake.h"

#include "intake/reading.h"
#include "os/clock.h"
#include "wire/radius.h"
#include "wire/syslog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SOURCE_DEFAULT "exporter"

static bool said(const char *option)
{
        return option && option[0];
}

/* --- Realms and exporters --- */

static int add_realm(struct intake *intake, const struct realm_settings *settings, uint16_t *ret_number)
{
        struct intake_realm *grown = realloc(intake->realms, (intake->realm_count + 1) * sizeof *grown);

        if (!grown)
                return -ENOMEM;
        intake->realms = grown;
        *ret_number = (uint16_t)intake->realm_count;
        grown[intake->realm_count++] =
                (struct intake_realm){.settings = *settings, .leases_until_ms = TIME_UNKNOWN};
        return 0;
}

/* The realm is either in the settings or was named on the command line (and will be written there). */
int intake_find_realm(struct intake *intake, const char *name, uint16_t *ret_number, struct error *error)
{
        for (unsigned i = 0; i < intake->realm_count; i++)
                if (strcmp(intake->realms[i].settings.name, name) == 0) {
                        *ret_number = (uint16_t)i;
                        return 0;
                }
        const struct realm_settings *known = settings_realm(depot_settings(intake->depot), name);
        struct realm_settings made = realm_defaults(name);
        int r = add_realm(intake, known ? known : &made, ret_number);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

static int set_dialect(struct intake *intake, struct source *source, struct error *error)
{
        const char *name = said(intake->options.dialect) ? intake->options.dialect : source->settings.dialect;

        /* One name may stand for a device's flow records and for its syslog. */
        source->dialect = name[0] ? dialect_by_name(name) : NULL;
        if (name[0] && !source->dialect && !text_format_by_name(name) && !syslog_family_by_name(name))
                return error_set(error, -EINVAL,
                        "there is no dialect \"%s\"; `rogatory dialects` lists those that there are", name);
        return 0;
}

static int parse_loss(const char *name, enum loss_detection *ret_loss, struct error *error)
{
        static const struct {
                const char *name;
                enum loss_detection loss;
        } names[] = {{"automatic", LOSS_AUTOMATIC}, {"sequence", LOSS_SEQUENCE}, {"reported", LOSS_REPORTED},
                {"undetectable", LOSS_UNDETECTABLE}};

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (strcmp(names[i].name, name) == 0) {
                        *ret_loss = names[i].loss;
                        return 0;
                }
        return error_set(error, -EINVAL, "--loss is sequence, reported or undetectable, not \"%s\"", name);
}

/* A new exporter gets what was said on the command line; one that the settings know keeps what they say. */
static int make_source(
        struct intake *intake, const char *name, struct source *ret_source, struct error *error)
{
        const struct exporter_settings *known = settings_exporter(depot_settings(intake->depot), name);
        const char *realm = known                         ? known->realm
                            : said(intake->options.realm) ? intake->options.realm
                                                          : "default";
        struct source source = {
                .settings = known ? *known : exporter_defaults(name, realm), .in_settings = known != NULL};
        int r = 0;

        if (!settings_name_is_valid(name))
                return error_set(error, -EINVAL,
                        "\"%s\" cannot name an exporter: letters, digits and . - _ : are allowed, %d at most",
                        name, SETTINGS_NAME_MAX - 1);
        if (known && said(intake->options.realm) && strcmp(known->realm, intake->options.realm) != 0)
                return error_set(error, -EINVAL,
                        "exporter \"%s\" belongs to realm \"%s\" in rogatory.conf, not to \"%s\"; use "
                        "another "
                        "--exporter name or change the settings",
                        name, known->realm, intake->options.realm);
        if (said(intake->options.loss))
                r = parse_loss(intake->options.loss, &source.settings.loss, error);
        if (r == 0 && known && source.settings.loss != known->loss)
                r = error_set(error, -EINVAL,
                        "rogatory.conf says already how losses of exporter \"%s\" show, and --loss is for "
                        "exporters that it does not know; write loss = %s into its section there",
                        name, intake->options.loss);
        if (r == 0)
                r = intake_find_realm(intake, realm, &source.realm, error);
        if (r == 0)
                r = set_dialect(intake, &source, error);
        if (r == 0)
                *ret_source = source;
        return r;
}

int intake_source_by_name(struct intake *intake, const char *name, uint16_t *ret_number, struct error *error)
{
        struct source source;

        for (unsigned i = 0; i < intake->sources.count; i++)
                if (strcmp(intake->sources.items[i].settings.name, name) == 0) {
                        *ret_number = (uint16_t)i;
                        return 0;
                }
        int r = make_source(intake, name, &source, error);
        if (r < 0)
                return r;
        r = source_add(&intake->sources, &source, ret_number);
        return r < 0 ? error_set(error, r, "more than %d exporters in one import", SOURCES_MAX) : 0;
}

int intake_source_by_sender(
        struct intake *intake, const struct address *sender, uint16_t *ret_number, struct error *error)
{
        const struct exporter_settings *known = settings_exporter_at(depot_settings(intake->depot), sender);
        char text[ADDRESS_TEXT_MAX];

        if (said(intake->options.exporter))
                return intake_source_by_name(intake, intake->options.exporter, ret_number, error);
        if (known)
                return intake_source_by_name(intake, known->name, ret_number, error);
        address_format(sender, text);
        intake->summary.unknown_senders += settings_exporter(depot_settings(intake->depot), text) == NULL;
        return intake_source_by_name(intake, text, ret_number, error);
}

const char *intake_file_source(const struct intake *intake)
{
        return said(intake->options.exporter) ? intake->options.exporter : FILE_SOURCE_DEFAULT;
}

const char *intake_file_plan(const struct intake *intake)
{
        return said(intake->options.exporter) ? intake->options.exporter : PLAN_NAME_DEFAULT;
}

/* --- Sinks --- */

static int64_t window_of(int64_t instant)
{
        return instant - instant % DEPOT_WINDOW_MS;
}

#define IN_FUTURE                                                                                            \
        "a time in the future of this machine's clock; is the year right that was given with --year or "     \
        "stands "                                                                                            \
        "in rogatory.conf?"

static int fail(struct intake *intake, int code, const char *why)
{
        return error_set(intake->error, code, "%s", why);
}

static void note_time(struct intake *intake, int64_t instant)
{
        if (intake->summary.first_ms == TIME_UNKNOWN || instant < intake->summary.first_ms)
                intake->summary.first_ms = instant;
        if (intake->summary.last_ms == TIME_UNKNOWN || instant > intake->summary.last_ms)
                intake->summary.last_ms = instant;
}

/* Events of one exporter and one window. */
static int take_together(struct intake *intake, const struct nat_event *events, size_t count)
{
        struct source *source = &intake->sources.items[events->exporter];
        int r = bucket_add_many(&intake->buckets, source->realm, window_of(events->time_ms), events, count,
                intake->realms[source->realm].settings.keep_destinations, &intake->hosts);

        if (r == -EFBIG)
                return fail(intake, r, "too many different hosts for one import; import fewer files at once");
        if (r == -E2BIG)
                return fail(intake, r, "the times in this log spread over too many hours for one import");
        if (r < 0)
                return fail(intake, r, "not enough memory; import fewer files at once");
        source->events += count;
        intake->realms[source->realm].used = true;
        intake->summary.events += count;
        for (size_t i = 0; i < count; i++)
                note_time(intake, events[i].time_ms);
        return 0;
}

static bool is_possible_time(struct intake *intake, int64_t time_ms)
{
        if (time_ms >= TIME_FIRST && time_ms <= intake->latest_ms)
                return true;
        intake_take_refusal(intake, REFUSAL_IMPOSSIBLE_TIME, 0,
                time_ms < TIME_FIRST ? "a time before the year 1970" : IN_FUTURE);
        return false;
}

int intake_take_event(void *context, const struct nat_event *event)
{
        return is_possible_time(context, event->time_ms) ? take_together(context, event, 1) : 0;
}

int intake_take_events(void *context, const struct nat_event *events, size_t count)
{
        struct intake *intake = context;
        int r = 0;

        for (size_t i = 0, next; r == 0 && i < count; i = next) {
                int64_t window = window_of(events[i].time_ms);
                next = i + 1;
                if (!is_possible_time(intake, events[i].time_ms))
                        continue;
                while (next < count && next - i < BUCKET_MANY_MAX &&
                        events[next].exporter == events[i].exporter && events[next].time_ms >= window &&
                        events[next].time_ms < window + DEPOT_WINDOW_MS &&
                        events[next].time_ms <= intake->latest_ms)
                        next++;
                r = take_together(intake, &events[i], next - i);
        }
        return r;
}

/* Flow records repeat with every flow who the subscriber is: what has been said already is joined whenever
 * the list has doubled, so that memory goes with the subscribers and not with their flows. Joining is a
 * function of the set, so it does not matter how often it is done. */
static int join_early(struct intake_realm *realm)
{
        if (realm->leases.count < INTAKE_LEASES_JOIN || realm->leases.count < 2 * realm->leases_joined)
                return 0;
        int r = lease_heap_join(&realm->leases);
        realm->leases_joined = realm->leases.count;
        return r;
}

/* How far the lease log was heard. A flow record that names its subscriber is no part of that log: it says
 * nothing of those who have no flows. Nor is what a DHCP server keeps: it forgets leases that are over. */
static void hear_lease(
        struct intake_realm *realm, const struct lease_event *event, int64_t latest_ms, int64_t settle_ms)
{
        if (address_is_named(&event->prefix.address) || event->flags & LEASE_RENEWABLE)
                return;
        int64_t said_ms = event->from_ms;

        if (event->to_ms != TIME_UNKNOWN && event->to_ms > said_ms && event->to_ms <= latest_ms)
                said_ms = event->to_ms;
        if (said_ms != TIME_UNKNOWN && said_ms - settle_ms > realm->leases_until_ms)
                realm->leases_until_ms = said_ms - settle_ms;
}

int intake_take_lease(void *context, const struct lease_event *event)
{
        struct intake *intake = context;
        struct intake_realm *realm = &intake->realms[intake->lease_realm];
        struct lease lease = {.is = *event, .seen_until_ms = TIME_UNKNOWN};

        if (event->from_ms != TIME_UNKNOWN && event->from_ms > intake->latest_ms) {
                intake_take_refusal(intake, REFUSAL_IMPOSSIBLE_TIME, 0, IN_FUTURE);
                return 0;
        }
        if (realm->leases.count >= INTAKE_LEASES_MAX)
                return fail(
                        intake, -E2BIG, "too many lease records for one import; import fewer files at once");
        int r = lease_heap_add(&realm->leases, &lease);
        if (r == 0)
                r = join_early(realm);
        if (r < 0)
                return fail(intake, r, "not enough memory");
        hear_lease(realm, event, intake->latest_ms, intake->lease_settle_ms);
        realm->used = true;
        intake->summary.lease_events++;
        return 0;
}

/* "lease-log = complete" says that every start and stop is in the log; of this one it is known that not all
 * were understood, and whose lease is missing may be somebody's choice (the name he logs in with). */
static void tear_leases(struct intake *intake)
{
        struct intake_realm *realm = &intake->realms[intake->lease_realm];
        char note[INTAKE_NOTE_LENGTH];

        if (!realm->leases_torn && realm->settings.lease_log_complete) {
                snprintf(note, sizeof note,
                        "lease records were refused, so \"lease-log = complete\" of realm %s is not believed",
                        realm->settings.name);
                intake_take_note(intake, note);
        }
        realm->leases_torn = true;
}

void intake_take_refusal(void *context, enum refusal refusal, size_t offset, const char *detail)
{
        struct intake *intake = context;
        struct intake_refusal *refused = &intake->summary.refused[refusal];

        /* An event that is not known is a port range beside leases that count. */
        if (intake->reads_leases && refusal != REFUSAL_UNKNOWN_EVENT)
                tear_leases(intake);
        if (refused->count++ > 0)
                return;
        snprintf(refused->first_file, sizeof refused->first_file, "%.255s", intake->path ? intake->path : "");
        snprintf(refused->first_detail, sizeof refused->first_detail, "%.255s", detail ? detail : "");
        refused->first_place = intake->place + (intake->place_is_base ? offset : 0);
}

void intake_take_note(void *context, const char *sentence)
{
        struct intake *intake = context;

        if (intake->summary.note_count == INTAKE_NOTES_MAX)
                return;
        snprintf(intake->summary.notes[intake->summary.note_count++], INTAKE_NOTE_LENGTH, "%s: %.200s",
                intake->path ? intake->path : "", sentence);
}

void intake_take_damage(struct intake *intake, const struct error *reason)
{
        intake_take_refusal(
                intake, REFUSAL_TRUNCATED, 0, reason ? reason->text : "compressed data is damaged");
}

struct decode_sink intake_sink(struct intake *intake)
{
        return (struct decode_sink){
                .context = intake,
                .event = intake_take_event,
                .events = intake_take_events,
                .lease = intake_take_lease,
                .plan = intake_take_plan,
                .refused = intake_take_refusal,
                .noted = intake_take_note,
        };
}

static struct flow_exporter flow_exporter_of(const struct intake *intake, uint16_t number)
{
        const struct source *source = &intake->sources.items[number];

        return (struct flow_exporter){
                .number = number,
                .dialect = source->dialect,
                .delay_ms = source->settings.delay_ms,
                .restart_keeps = source->settings.restart_keeps,
        };
}

int intake_flow_message(struct intake *intake, uint16_t number, uint32_t session, int64_t receipt_ms,
        const void *bytes, size_t length, struct error *error)
{
        const struct source *source = &intake->sources.items[number];
        struct flow_exporter exporter = flow_exporter_of(intake, number);
        struct decode_sink sink = intake_sink(intake);

        exporter.session = session;
        intake->error = error;
        intake->lease_realm = source->realm;
        intake->summary.messages++;
        int r = flow_decode(intake->flow, &exporter, receipt_ms, bytes, length, &sink);
        return r < 0 ? r : intake_bound_memory(intake, error);
}

int intake_userlog_message(struct intake *intake, uint16_t number, int64_t receipt_ms, const void *bytes,
        size_t length, struct error *error)
{
        struct flow_exporter exporter = flow_exporter_of(intake, number);
        struct decode_sink sink = intake_sink(intake);

        intake->error = error;
        intake->summary.messages++;
        int r = userlog_decode(intake->userlog, &exporter, receipt_ms, bytes, length, &sink);
        return r < 0 ? r : intake_bound_memory(intake, error);
}

/* --- One file --- */

static bool is_capture(const uint8_t *head, size_t length)
{
        static const uint8_t magics[][4] = {{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1},
                {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, {0x0a, 0x0d, 0x0d, 0x0a}};

        for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
                if (length >= 4 && memcmp(head, magics[i], 4) == 0)
                        return true;
        return false;
}

static bool is_flow(const uint8_t *head, size_t length)
{
        return length >= 16 && head[0] == 0 && (head[1] == 9 || head[1] == 10);
}

static int not_recognised(const char *path, struct error *error)
{
        return error_set(error, -EINVAL,
                "%s: it is not clear what kind of file this is; name it with --format (pcap, flow, or a text "
                "format that 'rogatory dialects' lists)",
                path);
}

/* A dialect of --dialect that this kind of file cannot be in was a mistake about the file or about the
 * dialect.
 */
static void note_dialect(struct intake *intake, const struct text_format *text)
{
        const char *name = intake->options.dialect;
        char sentence[160];

        if (!said(name))
                return;
        if (text ? syslog_family_by_name(name) || strcmp(text->name, name) == 0
                 : dialect_by_name(name) != NULL)
                return;
        snprintf(sentence, sizeof sentence, "\"%.40s\" is no dialect of %s, so it was not used here", name,
                text ? "this kind of text" : "flow records");
        intake_take_note(intake, sentence);
}

static int read_as(struct intake *intake, struct input *input, const char *format, struct error *error)
{
        uint8_t head[INPUT_PEEK_MAX];
        bool automatic = !said(format) || strcmp(format, "auto") == 0;

        ssize_t length = input_peek(input, head, sizeof head, error);
        if (length == -EBADMSG) {
                intake_take_damage(intake, error);
                input_close(input);
                return 0;
        }
        if (length <= 0) {
                input_close(input);
                if (length == 0)
                        intake_take_note(intake, "the file is empty");
                return (int)length;
        }
        if (automatic ? is_capture(head, (size_t)length) : strcmp(format, "pcap") == 0)
                return note_dialect(intake, NULL), intake_read_capture(intake, input, error);
        if (automatic ? is_flow(head, (size_t)length) : strcmp(format, "flow") == 0)
                return note_dialect(intake, NULL), intake_read_flow(intake, input, error);
        const struct text_format *text = automatic ? text_format_recognise((const char *)head, (size_t)length)
                                                   : text_format_by_name(format);
        if (text)
                return note_dialect(intake, text), intake_read_text(intake, input, text, error);
        input_close(input);
        return automatic
                       ? not_recognised(intake->path, error)
                       : error_set(error, -EINVAL,
                                 "there is no format \"%s\"; `rogatory dialects` lists those that there are",
                                 format);
}

/* The window from which on points are left in memory when it gets short: a log comes in order of time,
 * nearly, so the last window is still growing, and would have to be read and written again. INT64_MAX where
 * the last one is most of what is held. */
static int64_t growing_window(const struct intake *intake)
{
        const struct bucket *last = NULL;

        for (size_t i = 0; i < intake->buckets.count; i++)
                if (!last || intake->buckets.items[i].window_from > last->window_from)
                        last = &intake->buckets.items[i];
        return last && last->bytes < intake->buckets.bytes / 2 ? last->window_from : INT64_MAX;
}

int intake_bound_memory(struct intake *intake, struct error *error)
{
        size_t limit = intake->options.memory_limit ? intake->options.memory_limit : INTAKE_MEMORY_DEFAULT;

        return intake->buckets.bytes > limit ? intake_flush(intake, growing_window(intake), false, error) : 0;
}

int intake_file(struct intake *intake, const char *path, struct error *error)
{
        struct input *input;

        intake->path = path;
        intake->error = error;
        intake->place = 0;
        int r = input_open(path, &input, error);
        if (r < 0)
                return r;
        r = read_as(intake, input, intake->options.format, error);
        if (r < 0)
                return r;
        intake->summary.files++;
        return 0;
}

/* --- Beginning and end --- */

static int parse_mapping(const char *name, enum mapping_behaviour *ret_mapping, struct error *error)
{
        if (strcmp(name, "endpoint-independent") == 0)
                *ret_mapping = MAPPING_ENDPOINT_INDEPENDENT;
        else if (strcmp(name, "destination-dependent") == 0)
                *ret_mapping = MAPPING_DESTINATION_DEPENDENT;
        else
                return error_set(error, -EINVAL,
                        "--mapping is endpoint-independent or destination-dependent, not \"%s\"", name);
        return 0;
}

/* Writes a realm named on the command line into the settings before anything is read: its windows are made by
 * them. */
static int declare_realm(struct intake *intake, struct error *error)
{
        const char *name = said(intake->options.realm) ? intake->options.realm : "default";
        const struct realm_settings *known = settings_realm(depot_settings(intake->depot), name);
        enum mapping_behaviour mapping = MAPPING_UNDECLARED;
        struct buffer text = buffer_make(65536);
        int r = 0;

        if (!settings_name_is_valid(name))
                return error_set(error, -EINVAL, "\"%s\" cannot name a realm", name);
        if (said(intake->options.mapping))
                r = parse_mapping(intake->options.mapping, &mapping, error);
        if (r == 0 && known && mapping != MAPPING_UNDECLARED) {
                if (known->mapping == MAPPING_UNDECLARED)
                        return depot_set_value(
                                intake->depot, "realm", name, "mapping", intake->options.mapping, error);
                return known->mapping == mapping ? 0
                                                 : error_set(error, -EINVAL,
                                                           "realm \"%s\" declares another mapping in "
                                                           "rogatory.conf; change it there",
                                                           name);
        }
        if (r < 0 || known)
                return r;
        struct realm_settings realm = realm_defaults(name);
        realm.mapping = mapping;
        r = settings_write_realm(&text, &realm);
        if (r == 0)
                r = depot_add_settings(intake->depot, &text, error);
        buffer_free(&text);
        memcpy(intake->summary.new_realm, realm.name, sizeof intake->summary.new_realm);
        return r;
}

int intake_new(struct depot *depot, const struct intake_options *options, intake_progress *progress,
        void *context, struct intake **ret_intake, struct error *error)
{
        struct intake *intake = calloc(1, sizeof *intake);

        if (!intake)
                return error_set(error, -ENOMEM, "not enough memory");
        intake->depot = depot;
        intake->options = *options;
        intake->progress = progress;
        intake->progress_context = context;
        intake->latest_ms = options->latest_ms ? options->latest_ms : clock_now_ms() + TIME_DAY;
        intake->summary.first_ms = intake->summary.last_ms = TIME_UNKNOWN;
        int r = host_table_init(&intake->hosts, INTAKE_HOSTS_MAX);
        if (r == 0)
                r = flow_decoder_new(&intake->flow);
        if (r == 0)
                r = userlog_decoder_new(&intake->userlog);
        if (r < 0)
                error_set(error, r, "not enough memory");
        else
                r = declare_realm(intake, error);
        if (r < 0) {
                intake_free(intake);
                return r;
        }
        *ret_intake = intake;
        return 0;
}

void intake_free(struct intake *intake)
{
        if (!intake)
                return;
        for (unsigned i = 0; i < intake->realm_count; i++) {
                coverage_free(&intake->realms[i].coverage);
                lease_heap_free(&intake->realms[i].leases);
                lease_list_free(&intake->realms[i].leases_shown);
                merge_carried_free(&intake->realms[i].carried);
                realm_plans_free(&intake->realms[i].plans);
        }
        free(intake->realms);
        source_set_free(&intake->sources);
        host_table_free(&intake->hosts);
        bucket_set_free(&intake->buckets);
        flow_decoder_free(intake->flow);
        userlog_decoder_free(intake->userlog);
        radius_decoder_free(intake->radius);
        free(intake);
}
