/* SPDX-License-Identifier: EUPL-1.2 */
#include "issuance/issuance.h"

#include "crypto/issue.h"
#include "crypto/seal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)
#define LEEWAY TIME_HOUR /* that all is valid before now: clocks of a test differ */

/* What is shared by the steps of one making. */
struct making {
        const struct issuance_list *list;
        struct issuance_set *set;
        struct directory *directory;
        struct issuer *issuer;
        int64_t from_ms, until_ms;
        struct error *error;
};

/* ---- files ---- */

static int add(struct issuance_set *set, bool folder, bool secret, struct buffer *bytes, const char *format,
        ...) __attribute__((format(printf, 5, 6)));

/* Takes over the bytes, whatever happens. */
static int add(
        struct issuance_set *set, bool folder, bool secret, struct buffer *bytes, const char *format, ...)
{
        va_list arguments;
        int r = bytes ? bytes->failed : 0;

        if (r == 0 && set->count == set->capacity) {
                size_t capacity = set->capacity ? set->capacity * 2 : 64;
                struct issuance_file *files = reallocarray(set->files, capacity, sizeof *files);
                if (files) {
                        set->files = files;
                        set->capacity = capacity;
                } else {
                        r = -ENOMEM;
                }
        }
        if (r < 0) {
                if (bytes && bytes->bytes)
                        seal_wipe(bytes->bytes, bytes->capacity);
                if (bytes)
                        buffer_free(bytes);
                return r;
        }
        struct issuance_file *file = &set->files[set->count++];
        *file = (struct issuance_file){
                .folder = folder, .secret = secret, .bytes = bytes ? *bytes : buffer_make(0)};
        va_start(arguments, format);
        vsnprintf(file->path, sizeof file->path, format, arguments);
        va_end(arguments);
        return 0;
}

void issuance_set_free(struct issuance_set *set)
{
        for (size_t i = 0; i < set->count; i++) {
                struct buffer *bytes = &set->files[i].bytes;
                if (bytes->bytes)
                        seal_wipe(bytes->bytes, bytes->capacity);
                buffer_free(bytes);
        }
        free(set->files);
        *set = (struct issuance_set){.count = 0};
}

static int failed(const struct making *making, int code)
{
        if (making->error && making->error->code == code)
                return code;
        return error_set(making->error, code, "the test set cannot be made: %s", strerror(-code));
}

/* ---- certificates ---- */

/* Makes a key and a certificate, and adds PATH.key and PATH.crt. ret_certificate may be NULL. */
static int make_certificate(const struct making *making, const struct issue_wish *wish, const char *path,
        struct certificate **ret_certificate)
{
        struct buffer pem = buffer_make(FILE_BYTES_MAX), key = buffer_make(FILE_BYTES_MAX);

        int r = issue_certificate(making->issuer, wish, &pem, &key, making->error);
        if (r == 0 && ret_certificate)
                r = certificate_parse(pem.bytes, pem.length, path, ret_certificate, making->error);
        if (r < 0)
                pem.failed = key.failed = r;
        int first = add(making->set, false, false, &pem, "%s.crt", path);
        int second = add(making->set, false, true, &key, "%s.key", path);
        return first < 0 ? first : second;
}

/* "https://host:port/" -> "host"; without the brackets of an IPv6 address. */
static void host_of(const char *node, char *ret, size_t room)
{
        const char *at = node + strcspn(node, "/");
        at += strspn(at, "/[");
        snprintf(ret, room, "%.*s", (int)strcspn(at, node[8] == '[' ? "]/" : ":/"), at);
}

static int make_organisation_certificates(
        const struct making *making, struct directory_organisation *organisation)
{
        static const enum issue_use uses[DIRECTORY_PURPOSES] = {ISSUE_SEAL, ISSUE_TLS, ISSUE_DECRYPTION};
        char host[DIRECTORY_URL_MAX], name[DIRECTORY_NAME_MAX + 16], path[ISSUANCE_PATH_MAX];

        host_of(organisation->node, host, sizeof host);
        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                const char *word = directory_purpose_name((enum directory_purpose)purpose);
                struct directory_certificate *pinned = &organisation->certificates[purpose][0];
                /* RFC 5280 appendix A: 64 characters are the most of a common name. */
                snprintf(name, sizeof name, "%.50s %s", organisation->name, word);
                snprintf(path, sizeof path, "organisations/%s/%s", organisation->name, word);
                struct issue_wish wish = {.use = uses[purpose],
                        .name = name,
                        .organisation = organisation->name,
                        .country = organisation->country,
                        .host = purpose == DIRECTORY_TLS ? host : NULL,
                        .from_ms = making->from_ms,
                        .until_ms = making->until_ms};
                int r = make_certificate(making, &wish, path, &pinned->certificate);
                if (r < 0)
                        return r;
                organisation->certificate_count[purpose] = 1;
                pinned->from_ms = making->from_ms;
                pinned->until_ms = making->until_ms;
        }
        return 0;
}

/* ---- keys of logs ---- */

static int make_note_key(const struct making *making, const struct directory_organisation *organisation,
        const char *word, enum note_key_type type, struct note_key *ret_key)
{
        uint8_t secret[ED25519_SECRET_BYTES];
        struct note_secret note = {0};
        char name[NOTE_NAME_MAX];
        struct buffer text = buffer_make(FILE_BYTES_MAX), public = buffer_make(FILE_BYTES_MAX);

        snprintf(name, sizeof name, "%s.rogatory/%s", organisation->name, word);
        int r = ed25519_make(secret);
        if (r == 0)
                r = note_secret_make(name, type, secret, &note, making->error);
        if (r == 0)
                r = note_secret_write(&note, &text);
        if (r == 0)
                r = note_key_write(&note.key, &public);
        buffer_append_u8(&text, '\n');
        buffer_append_u8(&public, '\n');
        if (r == 0)
                *ret_key = note.key;
        else
                text.failed = public.failed = r;
        seal_wipe(secret, sizeof secret);
        seal_wipe(&note, sizeof note);
        int first = add(making->set, false, true, &text, "organisations/%s/%s.key", organisation->name, word);
        int second =
                add(making->set, false, false, &public, "organisations/%s/%s.pub", organisation->name, word);
        return first < 0 ? first : second;
}

/* ---- the directory ---- */

#define MILD CATEGORIES_MILD
#define ALL (CATEGORIES_MILD | CATEGORIES_GRAVE)

static void give_roles(const struct issuance_organisation *from, struct directory_organisation *organisation)
{
        for (int role = ORGANISATION_ISSUING; role <= ORGANISATION_OVERSIGHT; role++) {
                if (!(from->roles & WORD_BIT(role)))
                        continue;
                struct directory_role *given = &organisation->roles[organisation->role_count++];
                given->role = (enum organisation_role)role;
                if (role != ORGANISATION_ISSUING && role != ORGANISATION_VALIDATING)
                        continue;
                /* Article 4(1) to (3): a prosecutor produces no traffic and no content data; preserving is
                 * everybody's. Another authority orders what a validating one then validates. */
                given->production = from->nature == NATURE_PROSECUTOR ? MILD : ALL;
                given->preservation = ALL;
        }
}

static int make_organisation(const struct making *making, const struct issuance_organisation *from,
        struct directory_organisation *organisation)
{
        snprintf(organisation->name, sizeof organisation->name, "%s", from->name);
        snprintf(organisation->display_name, sizeof organisation->display_name, "%s", from->display_name);
        snprintf(organisation->node, sizeof organisation->node, "%s", from->node);
        organisation->country[0] = (char)(from->name[0] & ~0x20);
        organisation->country[1] = (char)(from->name[1] & ~0x20);
        organisation->nature = from->nature;
        give_roles(from, organisation);
        organisation->contact_count = 1;
        snprintf(organisation->contacts[0].name, sizeof organisation->contacts[0].name, "%.240s",
                from->display_name);
        snprintf(organisation->contacts[0].phone, sizeof organisation->contacts[0].phone, "%s", from->phone);
        int r = add(making->set, true, false, NULL, "organisations/%s", from->name);
        if (r == 0)
                r = make_organisation_certificates(making, organisation);
        if (r == 0)
                r = make_note_key(making, organisation, "log", NOTE_KEY_ED25519, &organisation->log_key);
        if (r == 0)
                r = make_note_key(
                        making, organisation, "witness", NOTE_KEY_COSIGNATURE, &organisation->witness_key);
        return r;
}

static int compare_organisations(const void *a, const void *b)
{
        return strcmp(((const struct directory_organisation *)a)->name,
                ((const struct directory_organisation *)b)->name);
}

static int compare_states(const void *a, const void *b)
{
        return strcmp(
                ((const struct directory_state *)a)->country, ((const struct directory_state *)b)->country);
}

static const struct issuance_state *stated(const struct issuance_list *list, const char *country)
{
        for (size_t i = 0; i < list->state_count; i++)
                if (strcmp(list->states[i].country, country) == 0)
                        return &list->states[i];
        return NULL;
}

/* Holidays of all years that the certificates touch, and of the one behind them, in which deadlines end. */
static int make_holidays(const struct making *making, struct directory_state *state)
{
        int first = time_to_civil(making->from_ms).year, last = time_to_civil(making->until_ms).year + 1;
        const struct issuance_state *from = stated(making->list, state->country);
        struct civil begin = {.year = first, .month = 1, .day = 1},
                     end = {.year = last, .month = 12, .day = 31};

        state->known_from = time_from_civil(&begin) / TIME_DAY;
        state->known_to = time_from_civil(&end) / TIME_DAY;
        if (!(state->holidays = calloc(DIRECTORY_HOLIDAYS_MAX, sizeof *state->holidays)))
                return -ENOMEM;
        if (from) {
                snprintf(state->zone, sizeof state->zone, "%s", from->zone);
                for (size_t i = 0; i < from->holiday_count; i++)
                        if (from->holidays[i] >= state->known_from && from->holidays[i] <= state->known_to)
                                state->holidays[state->holiday_count++] = from->holidays[i];
                return 0;
        }
        snprintf(state->zone, sizeof state->zone, "%s",
                strcmp(state->country, "AT") == 0 ? "Europe/Vienna" : "Europe/Berlin");
        for (int year = first; year <= last; year++) {
                size_t count = 0;
                int r = issuance_holidays(state->country, year, state->holidays + state->holiday_count,
                        DIRECTORY_HOLIDAYS_MAX - state->holiday_count, &count);
                if (r == -ENOENT)
                        return error_set(making->error, -EINVAL,
                                "the holidays of %s are not known here; add a line 'state %s ZONE DATE...' "
                                "to the list",
                                state->country, state->country);
                if (r < 0)
                        return r;
                state->holiday_count += count;
        }
        return 0;
}

static int make_states(const struct making *making)
{
        struct directory *directory = making->directory;

        for (size_t i = 0; i < directory->organisation_count; i++) {
                if (directory_state_of(directory, directory->organisations[i].country))
                        continue;
                if (directory->state_count == DIRECTORY_STATES_MAX)
                        return -E2BIG;
                struct directory_state *state = &directory->states[directory->state_count++];
                memcpy(state->country, directory->organisations[i].country, sizeof state->country);
                int r = make_holidays(making, state);
                if (r < 0)
                        return r;
        }
        qsort(directory->states, directory->state_count, sizeof *directory->states, compare_states);
        return 0;
}

static int make_directory_files(const struct making *making)
{
        struct buffer text = buffer_make(DIRECTORY_BYTES_MAX), signature = buffer_make(FILE_BYTES_MAX);
        struct buffer key = buffer_make(FILE_BYTES_MAX), public = buffer_make(FILE_BYTES_MAX);
        uint8_t secret[ED25519_SECRET_BYTES];
        struct note_secret operator= {0};
        struct directory *again = NULL;

        int r = directory_write(making->directory, &text);
        /* What would be refused by those who read it is refused here. */
        if (r == 0)
                r = directory_parse(slice_make((const char *)text.bytes, text.length), &again, making->error);
        if (r == 0)
                r = ed25519_make(secret);
        if (r == 0)
                r = note_secret_make(
                        "rogatory.directory", NOTE_KEY_ED25519, secret, &operator, making->error);
        if (r == 0)
                r = directory_sign(again, &operator, & signature, making->error);
        if (r == 0)
                r = note_secret_write(&operator, & key);
        if (r == 0)
                r = note_key_write(&operator.key, &public);
        buffer_append_u8(&key, '\n');
        buffer_append_u8(&public, '\n');
        directory_free(again);
        seal_wipe(secret, sizeof secret);
        seal_wipe(&operator, sizeof operator);
        if (r < 0)
                text.failed = signature.failed = key.failed = public.failed = r;
        int results[] = {
                add(making->set, false, false, &text, "directory/directory.json"),
                add(making->set, false, false, &signature, "directory/directory.json.sig"),
                add(making->set, false, true, &key, "directory/operator.key"),
                add(making->set, false, false, &public, "directory/operator.pub"),
        };
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
                r = r < 0 ? r : results[i];
        return r;
}

/* ---- the whole ---- */

static const char readme[] =
        "Made by 'rogatory pki' for tests and trials. One hand made every private key below, so that nothing "
        "that is\n"
        "signed or sealed with them proves who did it. For a real exchange each organisation makes its own "
        "keys and\n"
        "has them certified, and the operator of the directory makes his.\n"
        "\n"
        "root.crt, root.key          the authority that issued all certificates\n"
        "tsa.crt, tsa.key            a timestamp service\n"
        "directory/                  directory.json, its signature, the operator's key pair\n"
        "organisations/NAME/         seal, tls, decryption (.crt, .key); log, witness (.pub, .key)\n";

static int make_authority(struct making *making)
{
        struct buffer pem = buffer_make(FILE_BYTES_MAX), key = buffer_make(FILE_BYTES_MAX),
                      text = buffer_make(FILE_BYTES_MAX);
        struct issue_wish wish = {.use = ISSUE_TIMESTAMP,
                .name = "rogatory test timestamp service",
                .from_ms = making->from_ms,
                .until_ms = making->until_ms};

        buffer_append_text(&text, readme);
        int r = add(making->set, false, false, &text, "README");
        int code = issuer_new("rogatory test authority", making->from_ms, making->until_ms, &making->issuer,
                &pem, &key, making->error);
        if (code < 0)
                pem.failed = key.failed = code;
        int first = add(making->set, false, false, &pem, "root.crt");
        int second = add(making->set, false, true, &key, "root.key");
        r = r < 0 ? r : first < 0 ? first : second;
        if (r == 0)
                r = make_certificate(making, &wish, "tsa", NULL);
        if (r == 0)
                r = add(making->set, true, false, NULL, "directory");
        if (r == 0)
                r = add(making->set, true, false, NULL, "organisations");
        return r;
}

static int make_all(struct making *making)
{
        struct directory *directory = making->directory;

        int r = make_authority(making);
        for (size_t i = 0; r == 0 && i < making->list->organisation_count; i++) {
                directory->organisation_count = i + 1;
                r = make_organisation(making, &making->list->organisations[i], &directory->organisations[i]);
        }
        if (r == 0) {
                qsort(directory->organisations, directory->organisation_count,
                        sizeof *directory->organisations, compare_organisations);
                r = make_states(making);
        }
        return r < 0 ? r : make_directory_files(making);
}

int issuance_make(const struct issuance_list *list, int64_t now_ms, unsigned days, uint64_t version,
        struct issuance_set *ret_set, struct error *error)
{
        struct issuance_set set = {.count = 0};
        struct making making = {.list = list, .set = &set, .error = error};

        if (days < 1 || days > ISSUANCE_DAYS_MAX)
                return error_set(error, -EINVAL, "a test set is valid for 1 to %d days", ISSUANCE_DAYS_MAX);
        /* Certificates know whole seconds. */
        making.from_ms = (now_ms - LEEWAY) / TIME_SECOND * TIME_SECOND;
        making.until_ms = making.from_ms + days * TIME_DAY;
        if (error)
                error->code = 0;
        int r = -ENOMEM;
        struct directory *directory = making.directory = calloc(1, sizeof *directory);
        if (directory) {
                directory->version = version;
                directory->issued_ms = now_ms / TIME_SECOND * TIME_SECOND;
                directory->expires_ms = making.until_ms;
                snprintf(directory->signer, sizeof directory->signer, "rogatory pki (tests and trials)");
                directory->organisations =
                        calloc(ISSUANCE_ORGANISATIONS_MAX, sizeof *directory->organisations);
                directory->states = calloc(DIRECTORY_STATES_MAX, sizeof *directory->states);
                if (directory->organisations && directory->states)
                        r = make_all(&making);
        }
        directory_free(directory);
        issuer_free(making.issuer);
        if (r < 0) {
                issuance_set_free(&set);
                return failed(&making, r);
        }
        *ret_set = set;
        return 0;
}
