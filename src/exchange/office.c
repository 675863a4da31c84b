/* SPDX-License-Identifier: EUPL-1.2 */
/* A node's folder, opened. */
#include "crypto/seal.h"
#include "exchange/book.h"
#include "exchange/office_state.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int office_join(const struct office *office, const char *name, char ret_path[PATH_MAX], struct error *error)
{
        int length = snprintf(ret_path, PATH_MAX, "%s/%s", office->path, name);

        return length < 0 || length >= PATH_MAX
                       ? error_set(error, -ENAMETOOLONG, "%s/%s: the path is too long", office->path, name)
                       : 0;
}

int office_read_file(
        const char *folder, const char *name, size_t most, struct buffer *ret, struct error *error)
{
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", folder, name);

        *ret = buffer_make(most);
        return length < 0 || length >= PATH_MAX
                       ? error_set(error, -ENAMETOOLONG, "%s/%s: the path is too long", folder, name)
                       : file_read(path, ret, error);
}

static struct slice slice_of_buffer(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

/* ---- settings and who acts ---- */

static int read_settings(struct office *office, struct error *error)
{
        struct buffer text;

        office->settings = calloc(1, sizeof *office->settings);
        if (!office->settings)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = office_read_file(office->path, OFFICE_SETTINGS_NAME, OFFICE_SETTINGS_BYTES_MAX, &text, error);
        if (r == 0 && (r = office_settings_read(slice_of_buffer(&text), office->settings, error)) < 0)
                error_prefix(error, r, "%s/" OFFICE_SETTINGS_NAME ": ", office->path);
        buffer_free(&text);
        return r;
}

static int find_person(struct office *office, struct error *error)
{
        char login[PERSON_LOGIN_MAX];

        if (office->options.login)
                snprintf(login, sizeof login, "%s", office->options.login);
        else
                person_login(login);
        snprintf(office->person, sizeof office->person, "%s@%s", login, office->settings->organisation);
        if (!model_is_person(slice_of(office->person)))
                return error_set(error, -EINVAL, "\"%s\" cannot be the name of somebody who acts here",
                        office->person);
        for (size_t i = 0; i < office->settings->person_count; i++)
                if (strcmp(office->settings->people[i].login, login) == 0)
                        office->roles = office->settings->people[i].roles;
        return 0;
}

/* ---- directory ---- */

static int read_pin(struct office *office, struct directory_pin *ret_pin, struct error *error)
{
        sqlite3_stmt *rows;

        int r = rows_ask(office->database, error, &rows, "SELECT version, digest FROM office_pin", "");
        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1) {
                ret_pin->version = (uint64_t)sqlite3_column_int64(rows, 0);
                rows_digest(rows, 1, ret_pin->digest);
        }
        rows_finish(rows);
        return r < 0 ? r : 0;
}

static int verify_directory(struct office *office, const struct directory_pin *last, struct error *error)
{
        struct buffer text, signature, key_text;
        struct note_key key;
        char folder[PATH_MAX];

        int r = office_join(office, "directory", folder, error);
        if (r < 0)
                return r;
        r = office_read_file(folder, "directory.json", DIRECTORY_BYTES_MAX, &text, error);
        int s = office_read_file(folder, "directory.json.sig", DIRECTORY_SIGNATURE_BYTES_MAX, &signature,
                r < 0 ? NULL : error);
        r = r < 0 ? r : s;
        s = office_read_file(folder, "operator.pub", NOTE_KEY_TEXT_MAX * 2, &key_text, r < 0 ? NULL : error);
        r = r < 0 ? r : s;
        if (r == 0 && (r = note_key_read(slice_trim(slice_of_buffer(&key_text)), &key, error)) < 0)
                error_prefix(error, r, "%s/operator.pub: ", folder);
        if (r == 0 && (r = directory_verify(slice_of_buffer(&text), slice_of_buffer(&signature), &key, last,
                               office_now(office), &office->directory, error)) < 0)
                error_prefix(error, r, "%s/directory.json: ", folder);
        buffer_free(&text);
        buffer_free(&signature);
        buffer_free(&key_text);
        return r;
}

/* What was accepted is remembered before anybody is believed by it, and the log tells of it. */
static int pin_directory(struct office *office, struct error *error)
{
        struct directory_pin pin = directory_pin_of(office->directory);
        char text[DIGEST_TEXT_MAX];

        int r = office_step_begin(office, error);
        if (r < 0)
                return r;
        r = rows_run(office->database, error, "DELETE FROM office_pin", "");
        if (r >= 0)
                r = rows_run(office->database, error, "INSERT INTO office_pin VALUES(?1, ?2)", "id",
                        (int64_t)pin.version, pin.digest);
        if (r >= 0)
                r = office_log(office, "directory-changed", OFFICE_NODE,
                        json_pack("{s:I, s:s}", "version", (json_int_t)pin.version, "digest",
                                digest_format(pin.digest, text)),
                        error);
        return office_step_end(office, r < 0 ? r : 0, error);
}

/* A directory that is set back, or somebody else's, is an incident, once a day; nothing but the error says so
 * where it cannot be written down. */
static void note_refused_directory(struct office *office, int why, const struct error *error)
{
        struct book_incident incident = {.at_ms = office_now(office)};
        int64_t told = 0;

        if (why != -ESTALE && why != -EBADMSG && why != -ENOKEY && why != -EKEYREJECTED)
                return;
        snprintf(incident.code, sizeof incident.code, "%s",
                why == -ESTALE ? "directory-rolled-back" : "directory-refused");
        snprintf(incident.peer, sizeof incident.peer, "%s", office->settings->organisation);
        book_text_set(incident.words, error->text);
        if (office_step_begin(office, NULL) < 0)
                return;
        int r = rows_number(office->database, NULL, 0, &told,
                "SELECT count(*) FROM book_incident WHERE code = ?1 AND at_ms > ?2", "ti", incident.code,
                incident.at_ms - TIME_DAY);
        if (r == 0)
                r = told > 0 ? -EEXIST : book_incident_add(office, &incident, NULL);
        if (r == 0)
                r = office_log(office, "administration", OFFICE_NODE,
                        json_pack("{s:s, s:s}", "action", incident.code, "what", incident.words), NULL);
        (void)office_step_end(office, r, NULL);
}

static int take_directory(struct office *office, struct error *error)
{
        struct directory_pin last = {.version = 0};

        int r = read_pin(office, &last, error);
        if (r == 0)
                r = verify_directory(office, &last, error);
        if (r < 0)
                note_refused_directory(office, r, error);
        if (r == 0 && office->directory->version != last.version)
                r = pin_directory(office, error);
        if (r < 0)
                return r;
        office->self = directory_find(office->directory, office->settings->organisation);
        if (!office->self)
                return error_set(error, -ENOENT,
                        "%s: is not in the directory (version %llu), so nobody would believe this node",
                        office->settings->organisation, (unsigned long long)office->directory->version);
        return 0;
}

/* ---- timestamp services ---- */

/* Who asks the service reads them again; what is wrong with them is said before. */
static int check_authorities(const struct office *office, struct error *error)
{
        const char *name = office->settings->timestamp_authorities;
        struct certificate_set authorities = {0};
        struct buffer bytes;

        if (!*name)
                return 0;
        int r = office_read_file(office->path, name, CERTIFICATE_TEXT_MAX, &bytes, error);
        if (r == 0)
                r = certificate_set_parse(&authorities, bytes.bytes, bytes.length, name, error);
        certificate_set_free(&authorities);
        buffer_free(&bytes);
        return r;
}

static int read_services(struct office *office, struct error *error)
{
        struct buffer bytes;

        if (!*office->settings->timestamp_certificate)
                return 0;
        int r = office_read_file(
                office->path, office->settings->timestamp_certificate, CERTIFICATE_TEXT_MAX, &bytes, error);
        if (r == 0)
                r = certificate_set_parse(&office->services, bytes.bytes, bytes.length,
                        office->settings->timestamp_certificate, error);
        buffer_free(&bytes);
        return r == 0 ? check_authorities(office, error) : r;
}

/* ---- opened ---- */

static int open_log_and_book(struct office *office, struct error *error)
{
        char path[PATH_MAX], log[PATH_MAX], witness[PATH_MAX];
        struct chronicle_keys keys = {.log = log, .witness = witness};

        int r = office_join(office, "keys/log.key", log, error);
        if (r == 0)
                r = office_join(office, "keys/witness.key", witness, error);
        if (r == 0)
                r = office_join(office, "chronicle", path, error);
        if (r == 0)
                r = chronicle_open(path, CHRONICLE_WRITE, &keys, &office->chronicle, error);
        if (r == 0)
                r = office_join(office, OFFICE_DATABASE_NAME, path, error);
        if (r == 0 && access(path, F_OK) < 0)
                r = error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (r == 0)
                r = queue_open(path, &office->queue, error);
        if (r < 0)
                return r;
        office->database = queue_database(office->queue);
        return book_check_tables(office->database, error);
}

static int fill(struct office *office, struct error *error)
{
        int r = read_settings(office, error);

        if (r == 0)
                r = office_join(office, "containers", office->containers, error);
        if (r == 0)
                r = office_join(office, "evidence", office->evidence, error);
        if (r == 0)
                r = office_join(office, "spool", office->spool, error);
        if (r == 0)
                r = find_person(office, error);
        if (r == 0)
                r = open_log_and_book(office, error);
        if (r == 0)
                r = take_directory(office, error);
        return r == 0 ? read_services(office, error) : r;
}

int office_open(const char *path, const struct office_options *options, struct office **ret_office,
        struct error *error)
{
        struct office *office = calloc(1, sizeof *office);

        if (!office || !(office->keys = calloc(1, sizeof *office->keys))) {
                free(office);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        if (options)
                office->options = *options;
        int r = realpath(path, office->path)
                        ? fill(office, error)
                        : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (r < 0) {
                office_close(office);
                return r;
        }
        *ret_office = office;
        return 0;
}

void office_close(struct office *office)
{
        if (!office)
                return;
        if (*office->step)
                office_step_end(office, -ECANCELED, NULL);
        for (size_t i = 0; i < office->calendar_count; i++) {
                free(office->calendars[i].holidays);
                if (office->calendars[i].zone)
                        zone_close(office->calendars[i].zone);
        }
        queue_close(office->queue);
        chronicle_close(office->chronicle);
        office_keys_free(office->keys);
        certificate_set_free(&office->services);
        directory_free(office->directory);
        free(office->settings);
        free(office);
}

const char *office_path(const struct office *office)
{
        return office->path;
}

const struct office_settings *office_settings(const struct office *office)
{
        return office->settings;
}

const char *office_organisation(const struct office *office)
{
        return office->settings->organisation;
}

const struct directory_organisation *office_self(const struct office *office)
{
        return office->self;
}

const struct directory *office_directory(const struct office *office)
{
        return office->directory;
}

bool office_directory_is_expired(const struct office *office)
{
        return directory_is_expired(office->directory, office_now(office));
}

struct chronicle *office_chronicle(struct office *office)
{
        return office->chronicle;
}

struct queue *office_queue(struct office *office)
{
        return office->queue;
}

struct sqlite3 *office_database(struct office *office)
{
        return office->database;
}

int64_t office_now(const struct office *office)
{
        return office->options.now ? office->options.now(office->options.context) : clock_now_ms();
}

const char *office_containers(const struct office *office)
{
        return office->containers;
}

const char *office_evidence(const struct office *office)
{
        return office->evidence;
}

const char *office_spool(const struct office *office)
{
        return office->spool;
}

const char *office_person(const struct office *office)
{
        return office->person;
}

uint64_t office_roles(const struct office *office)
{
        return office->roles;
}

bool office_has_role(const struct office *office, enum person_role role)
{
        return office->roles & WORD_BIT(role);
}

int office_need_role(const struct office *office, enum person_role role, struct error *error)
{
        if (office_has_role(office, role))
                return 0;
        return error_set(error, -EPERM, "%s does not have the role %s at this node (exchange.json, people)",
                office->person, word_name(&person_role_words, role));
}

int office_need_any_role(const struct office *office, struct error *error)
{
        if (office->roles)
                return 0;
        return error_set(
                error, -EPERM, "%s has no role at this node (exchange.json, people)", office->person);
}

/* ---- calendars ---- */

static int zone_offset_of(void *context, int64_t instant_ms)
{
        return zone_offset(context, instant_ms);
}

static void fill_calendar(struct office *office, struct office_calendar_kept *kept)
{
        const struct directory_state *state = directory_state_of(office->directory, kept->country);

        kept->local = (struct local_zone){
                .name = "UTC", .offset = local_fixed_offset, .context = &office->utc_offset};
        kept->calendar = (struct calendar){.zone = &kept->local, .weekend = WEEKEND_SATURDAY_SUNDAY};
        if (!state || zone_open(state->zone, &kept->zone, NULL) < 0)
                return;
        kept->local = (struct local_zone){
                .name = zone_name(kept->zone), .offset = zone_offset_of, .context = kept->zone};
        kept->holidays = calloc(state->holiday_count ? state->holiday_count : 1, sizeof *kept->holidays);
        if (!kept->holidays)
                return;
        for (size_t i = 0; i < state->holiday_count; i++)
                kept->holidays[i] = state->holidays[i];
        kept->calendar.holidays = kept->holidays;
        kept->calendar.holiday_count = state->holiday_count;
        kept->known = true;
}

bool office_calendar(struct office *office, const char *country, struct calendar *ret_calendar)
{
        struct office_calendar_kept *kept = NULL;

        for (size_t i = 0; i < office->calendar_count; i++)
                if (strcmp(office->calendars[i].country, country) == 0)
                        kept = &office->calendars[i];
        if (!kept) {
                /* Beyond as many as a directory can have there are only unknown ones, which are all alike. */
                if (office->calendar_count == DIRECTORY_STATES_MAX)
                        office->calendar_count--;
                kept = &office->calendars[office->calendar_count++];
                free(kept->holidays);
                if (kept->zone)
                        zone_close(kept->zone);
                *kept = (struct office_calendar_kept){.known = false};
                snprintf(kept->country, sizeof kept->country, "%s", country);
                fill_calendar(office, kept);
        }
        *ret_calendar = kept->calendar;
        return kept->known;
}

int office_new_id(char ret_id[MODEL_ID_MAX], struct error *error)
{
        uint8_t b[16];

        int r = seal_random(b, sizeof b);
        if (r < 0)
                return error_set(error, r, "there are no random numbers");
        b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4: version and variant */
        b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
        snprintf(ret_id, MODEL_ID_MAX, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                b[15]);
        return 0;
}
