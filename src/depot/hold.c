/* SPDX-License-Identifier: EUPL-1.2 */
#include "depot/hold.h"

#include "depot/internal.h"
#include "os/file.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOLDS_FOLDER "holds"
#define HOLD_FILE "hold"
#define HOLD_TEXT_MAX 16384
#define PARTIAL_END ".partial" /* of a folder that is still being made */
#define FOLDERS_OPEN 16

void hold_list_free(struct hold_list *list)
{
        free(list->items);
        *list = (struct hold_list){.items = NULL};
}

/* "20261121-1" */
static bool id_is_valid(const char *id)
{
        return strlen(id) > 9 && strlen(id) < HOLD_ID_MAX && strspn(id, "0123456789") == 8 && id[8] == '-' &&
               strspn(id + 9, "0123456789") == strlen(id + 9);
}

int depot_hold_path(
        const struct depot *depot, const char *id, char *ret_path, size_t size, struct error *error)
{
        if (!id_is_valid(id))
                return error_set(error, -EINVAL,
                        "\"%.60s\" is not the name of a hold; 'rogatory holds' lists them", id);
        return depot_join(ret_path, size, error, "%s/" HOLDS_FOLDER "/%s", depot->path, id);
}

static int partial_path(
        const struct depot *depot, const char *id, char *ret_path, size_t size, struct error *error)
{
        return depot_join(ret_path, size, error, "%s/" HOLDS_FOLDER "/%s" PARTIAL_END, depot->path, id);
}

/* --- The description --- */

static int write_description(const struct hold *hold, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX], made[TIME_TEXT_MAX],
                until[TIME_TEXT_MAX], margin[TIME_TEXT_MAX];

        buffer_append_text(ret, "# What this hold is about. Written by rogatory; do not change it.\n");
        buffer_printf(ret, "case = %s\nperson = %s\naddress = %s\n", hold->case_reference, hold->person,
                address_format(&hold->address, address));
        if (hold->port >= 0)
                buffer_printf(ret, "port = %d\n", hold->port);
        if (hold->protocol >= 0)
                buffer_printf(ret, "protocol = %d\n", hold->protocol);
        return buffer_printf(ret, "from = %s\nto = %s\nmargin = %s\nmade = %s\nuntil = %s\nextended = %s\n",
                time_format_utc(hold->from_ms, from), time_format_utc(hold->to_ms, to),
                time_format_duration(hold->margin_ms, margin), time_format_utc(hold->made_ms, made),
                time_format_utc(hold->until_ms, until), hold->extended ? "yes" : "no");
}

static bool copy(struct slice value, char *field, size_t size)
{
        if (value.length == 0 || value.length >= size)
                return false;
        memset(field, 0, size);
        memcpy(field, value.text, value.length);
        return true;
}

static bool read_number(struct slice value, uint64_t most, int *field)
{
        uint64_t number;

        if (slice_number(value, most, &number) < 0)
                return false;
        *field = (int)number;
        return true;
}

/* What a description must hold; port and protocol may be left out. */
enum {
        HAS_CASE = 1,
        HAS_PERSON = 2,
        HAS_ADDRESS = 4,
        HAS_FROM = 8,
        HAS_TO = 16,
        HAS_MADE = 32,
        HAS_UNTIL = 64,
        HAS_MARGIN = 128,
        HAS_EXTENDED = 256,
        HAS_ALL = 511
};

static bool read_value(struct slice key, struct slice value, struct hold *hold, unsigned *seen)
{
        const struct {
                const char *name;
                int64_t *field;
                unsigned bit;
        } times[] = {{"from", &hold->from_ms, HAS_FROM}, {"to", &hold->to_ms, HAS_TO},
                {"made", &hold->made_ms, HAS_MADE}, {"until", &hold->until_ms, HAS_UNTIL}};

        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
                if (slice_is(key, times[i].name)) {
                        *seen |= times[i].bit;
                        return time_parse_rfc3339(value, times[i].field, NULL, NULL) == 0;
                }
        if (slice_is(key, "port"))
                return read_number(value, UINT16_MAX, &hold->port);
        if (slice_is(key, "protocol"))
                return read_number(value, UINT8_MAX, &hold->protocol);
        *seen |= slice_is(key, "case")       ? HAS_CASE
                 : slice_is(key, "person")   ? HAS_PERSON
                 : slice_is(key, "address")  ? HAS_ADDRESS
                 : slice_is(key, "margin")   ? HAS_MARGIN
                 : slice_is(key, "extended") ? HAS_EXTENDED
                                             : 0;
        if (slice_is(key, "case"))
                return copy(value, hold->case_reference, sizeof hold->case_reference);
        if (slice_is(key, "person"))
                return copy(value, hold->person, sizeof hold->person);
        if (slice_is(key, "address"))
                return address_parse(value, &hold->address, NULL) == 0;
        if (slice_is(key, "margin"))
                return time_parse_duration(value, &hold->margin_ms, NULL) == 0;
        hold->extended = slice_is(value, "yes");
        return slice_is(key, "extended");
}

static bool read_description(const struct buffer *text, struct hold *hold)
{
        struct slice rest = slice_make((const char *)text->bytes, text->length);
        unsigned seen = 0;

        hold->port = hold->protocol = -1;
        while (rest.length > 0) {
                struct slice line = slice_cut(&rest, '\n');
                if (line.length == 0 || line.text[0] == '#')
                        continue;
                struct slice key = slice_trim(slice_cut(&line, '='));
                if (!read_value(key, slice_trim(line), hold, &seen))
                        return false;
        }
        return seen == HAS_ALL;
}

static int read_hold(const struct depot *depot, const char *id, struct hold *ret, struct error *error)
{
        struct buffer text = buffer_make(HOLD_TEXT_MAX);
        struct hold hold = {.port = -1};
        char folder[DEPOT_PATH_MAX], path[DEPOT_PATH_MAX];

        int r = depot_hold_path(depot, id, folder, sizeof folder, error);
        if (r == 0)
                r = depot_join(path, sizeof path, error, "%s/" HOLD_FILE, folder);
        if (r == 0)
                r = file_read(path, &text, error);
        if (r == 0)
                memcpy(hold.id, id, strlen(id) + 1);
        if (r == 0 && !read_description(&text, &hold))
                r = error_set(error, -EBADMSG, "%s: is not the description of a hold", path);
        buffer_free(&text);
        if (r == 0)
                *ret = hold;
        return r;
}

/* --- All of them --- */

static int compare_holds(const void *a, const void *b)
{
        const struct hold *one = a, *other = b;

        if (one->made_ms != other->made_ms)
                return one->made_ms < other->made_ms ? -1 : 1;
        return strcmp(one->id, other->id);
}

static int add_hold(const struct depot *depot, const char *id, struct hold_list *list, struct error *error)
{
        if (list->count == HOLDS_MAX)
                return error_set(error, -E2BIG, "%s: more than %d holds", depot->path, HOLDS_MAX);
        struct hold *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
        if (!grown)
                return error_set(error, -ENOMEM, "not enough memory");
        list->items = grown;
        int r = read_hold(depot, id, &grown[list->count], error);
        list->count += r == 0;
        return r;
}

int depot_holds(struct depot *depot, struct hold_list *ret_list, struct error *error)
{
        struct hold_list list = {.items = NULL};
        char path[DEPOT_PATH_MAX];

        int r = depot_join(path, sizeof path, error, "%s/" HOLDS_FOLDER, depot->path);
        if (r < 0)
                return r;
        DIR *folder = opendir(path);
        if (!folder && errno != ENOENT)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        for (struct dirent *entry; folder && r == 0 && (entry = readdir(folder));)
                if (id_is_valid(entry->d_name))
                        r = add_hold(depot, entry->d_name, &list, error);
        if (folder)
                closedir(folder);
        if (r < 0) {
                hold_list_free(&list);
                return r;
        }
        if (list.count > 1)
                qsort(list.items, list.count, sizeof *list.items, compare_holds);
        *ret_list = list;
        return 0;
}

/* --- Making and removing --- */

/* The first number of the day that neither a hold nor the remains of one have. */
static int give_id(const struct depot *depot, struct hold *hold, struct error *error)
{
        struct civil day = time_to_civil(hold->made_ms);
        char path[DEPOT_PATH_MAX];

        for (unsigned number = 1; number <= HOLDS_MAX; number++) {
                snprintf(hold->id, sizeof hold->id, "%04d%02d%02d-%u", day.year, day.month, day.day, number);
                int r = depot_hold_path(depot, hold->id, path, sizeof path, error);
                if (r < 0)
                        return r;
                if (access(path, F_OK) < 0 && errno == ENOENT)
                        return 0;
        }
        return error_set(error, -E2BIG, "%s: more than %d holds in a day", depot->path, HOLDS_MAX);
}

int depot_hold_begin(struct depot *depot, struct hold *hold, char *ret_path, size_t size, struct error *error)
{
        char folder[DEPOT_PATH_MAX];

        int r = depot_must_write(depot, error);
        if (r == 0)
                r = depot_hold_remove(depot, NULL, error);
        if (r == 0)
                r = depot_join(folder, sizeof folder, error, "%s/" HOLDS_FOLDER, depot->path);
        if (r == 0)
                r = folder_make(folder, error);
        if (r == 0)
                r = give_id(depot, hold, error);
        if (r == 0)
                r = partial_path(depot, hold->id, ret_path, size, error);
        return r < 0 ? r : folder_make(ret_path, error);
}

static int describe(const struct hold *hold, const char *folder, struct error *error)
{
        struct buffer text = buffer_make(HOLD_TEXT_MAX);

        int r = write_description(hold, &text);
        r = r < 0 ? error_set(error, r, "%s: the hold cannot be described", folder)
                  : file_publish(folder, HOLD_FILE, text.bytes, text.length, error);
        buffer_free(&text);
        return r;
}

int depot_hold_publish(struct depot *depot, const struct hold *hold, struct error *error)
{
        char partial[DEPOT_PATH_MAX], final[DEPOT_PATH_MAX], folder[DEPOT_PATH_MAX];

        int r = partial_path(depot, hold->id, partial, sizeof partial, error);
        if (r == 0)
                r = depot_hold_path(depot, hold->id, final, sizeof final, error);
        if (r == 0)
                r = depot_join(folder, sizeof folder, error, "%s/" HOLDS_FOLDER, depot->path);
        if (r == 0)
                r = describe(hold, partial, error);
        if (r == 0 && rename(partial, final) < 0)
                r = error_set(error, -errno, "%s: %s", final, strerrordesc_np(errno));
        return r < 0 ? r : folder_sync(folder, error);
}

void depot_hold_abandon(struct depot *depot, const struct hold *hold)
{
        (void)hold;
        (void)depot_hold_remove(depot, NULL, NULL);
}

int depot_hold_change(struct depot *depot, const struct hold *hold, struct error *error)
{
        char path[DEPOT_PATH_MAX];

        int r = depot_must_write(depot, error);
        if (r == 0)
                r = depot_hold_path(depot, hold->id, path, sizeof path, error);
        return r < 0 ? r : describe(hold, path, error);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status;
        (void)kind;
        (void)place;
        return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_tree(const char *path, struct error *error)
{
        int r = nftw(path, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);

        if (r == -1)
                r = errno == ENOENT ? 0 : -errno;
        return r < 0 ? error_set(error, r, "%s: cannot be removed: %s", path, strerrordesc_np(-r)) : 0;
}

/* A published hold first stops being one, in one step. */
static int remove_published(struct depot *depot, const char *id, struct error *error)
{
        char partial[DEPOT_PATH_MAX], final[DEPOT_PATH_MAX];

        int r = depot_hold_path(depot, id, final, sizeof final, error);
        if (r == 0)
                r = partial_path(depot, id, partial, sizeof partial, error);
        if (r == 0 && rename(final, partial) < 0)
                r = error_set(error, -errno, "%s: %s", final, strerrordesc_np(errno));
        return r;
}

int depot_hold_remove(struct depot *depot, const char *id, struct error *error)
{
        char folder[DEPOT_PATH_MAX], path[DEPOT_PATH_MAX];

        int r = depot_must_write(depot, error);
        if (r == 0 && id)
                r = remove_published(depot, id, error);
        if (r == 0)
                r = depot_join(folder, sizeof folder, error, "%s/" HOLDS_FOLDER, depot->path);
        if (r < 0)
                return r;
        DIR *stream = opendir(folder);
        if (!stream)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: %s", folder, strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(stream));) {
                size_t length = strlen(entry->d_name), end = strlen(PARTIAL_END);
                if (length <= end || strcmp(entry->d_name + length - end, PARTIAL_END) != 0)
                        continue;
                r = depot_join(path, sizeof path, error, "%s/%s", folder, entry->d_name);
                if (r == 0)
                        r = remove_tree(path, error);
        }
        closedir(stream);
        return r < 0 ? r : folder_sync(folder, error);
}
