/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/access_record.h"

#include "base/time.h"
#include "crypto/digest.h"
#include "custody/canonical_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_FORMAT 1

/* ,"hash":"<64 digits>"} : everything before it is what the hash covers. */
#define SEAL_MARK ",\"hash\":\""
#define SEAL_MARK_LENGTH (sizeof SEAL_MARK - 1)
#define SEAL_LENGTH (SEAL_MARK_LENGTH + 2 * DIGEST_BYTES + 2)

static const char *const keys[] = {"format", "entry", "at", "person", "action", "case", "question", "verdict",
        "detail", "previous", "hash"};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

/* Writing */

/* One JSON text in the one form this record knows: no blanks, order of members as given. */
static int append_json(struct buffer *ret, const json_t *value)
{
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text)
                return -ENOMEM;
        int r = buffer_append_text(ret, text);
        free(text);
        return r;
}

static void append_key(struct buffer *ret, const char *key)
{
        buffer_append_text(ret, ",\"");
        buffer_append_text(ret, key);
        buffer_append_text(ret, "\":");
}

static int append_text(
        struct buffer *ret, const char *key, const char *text, bool required, struct error *error)
{
        append_key(ret, key);
        if (!text && !required)
                return buffer_append_text(ret, "null");
        if (!text || !text[0])
                return error_set(error, -EINVAL, "an access entry needs its \"%s\"", key);
        if (json_is_plain_text(text)) {
                buffer_append_u8(ret, '"');
                buffer_append_text(ret, text);
                return buffer_append_u8(ret, '"');
        }
        json_t *value = json_string(text);
        if (!value)
                return error_set(error, -EINVAL, "the \"%s\" of an access entry is not UTF-8 text", key);
        int r = append_json(ret, value);
        json_decref(value);
        return r;
}

static int append_object(struct buffer *ret, const char *key, const char *text, struct error *error)
{
        json_error_t reason;

        append_key(ret, key);
        if (!text)
                return buffer_append_text(ret, "null");
        if (json_is_canonical_object(text))
                return buffer_append_text(ret, text);
        json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &reason);
        if (!json_is_object(value)) {
                json_decref(value);
                return error_set(error, -EINVAL, "the \"%s\" of an access entry is not a JSON object: %s",
                        key, value ? "something else" : reason.text);
        }
        int r = append_json(ret, value);
        json_decref(value);
        return r;
}

static int append_entry(const struct access_entry *entry, const struct access_head *head, struct buffer *ret,
        struct error *error)
{
        char at[TIME_TEXT_MAX], previous[DIGEST_TEXT_MAX];

        if (entry->at_ms < TIME_FIRST || entry->at_ms >= TIME_LIMIT)
                return error_set(
                        error, -EINVAL, "the time of an access entry is outside the years 1970 to 2261");
        buffer_append_text(ret, "{\"format\":");
        buffer_append_decimal(ret, RECORD_FORMAT);
        buffer_append_text(ret, ",\"entry\":");
        buffer_append_decimal(ret, (int64_t)(head->entries + 1));
        buffer_append_text(ret, ",\"at\":\"");
        buffer_append_text(ret, time_format_utc(entry->at_ms, at));
        buffer_append_u8(ret, '"');
        int r = append_text(ret, "person", entry->person, true, error);
        if (r == 0)
                r = append_text(ret, "action", entry->action, true, error);
        if (r == 0)
                r = append_text(ret, "case", entry->case_reference, false, error);
        if (r == 0)
                r = append_object(ret, "question", entry->question, error);
        if (r == 0)
                r = append_text(ret, "verdict", entry->verdict, false, error);
        if (r == 0)
                r = append_object(ret, "detail", entry->detail, error);
        if (r < 0)
                return r;
        buffer_append_text(ret, ",\"previous\":\"");
        buffer_append(ret, digest_format(head->hash, previous), 2 * DIGEST_BYTES);
        return buffer_append_u8(ret, '"');
}

int access_entry_write(
        const struct access_entry *entry, struct access_head *head, struct buffer *ret, struct error *error)
{
        struct access_head next = {.entries = head->entries + 1, .at_ms = entry->at_ms};
        size_t begin = ret->length;
        char hash[DIGEST_TEXT_MAX];

        int r = append_entry(entry, head, ret, error);
        if (r == 0)
                r = digest_of(ret->bytes + begin, ret->length - begin, next.hash);
        if (r == 0) {
                buffer_append_text(ret, SEAL_MARK);
                buffer_append(ret, digest_format(next.hash, hash), 2 * DIGEST_BYTES);
                r = buffer_append_text(ret, "\"}\n");
        }
        if (r != -EINVAL && !ret->failed && ret->length - begin > ACCESS_LINE_MAX)
                r = error_set(
                        error, -EINVAL, "an access entry must not be longer than %d bytes", ACCESS_LINE_MAX);
        else if (r < 0 && r != -EINVAL)
                error_set(error, r, "the access entry could not be written: %s",
                        r == -ENOMEM ? "not enough memory" : strerror(-r));
        if (r == 0)
                *head = next;
        else
                ret->length = begin;
        return r;
}

/* Checking */

static int refuse(struct error *error, const char *reason)
{
        return error_set(error, -EBADMSG, "%s", reason);
}

/* Verifies that the line ends in its own hash. */
static int check_seal(struct slice line, uint8_t ret_hash[DIGEST_BYTES], struct error *error)
{
        uint8_t stated[DIGEST_BYTES], actual[DIGEST_BYTES];

        if (line.length <= SEAL_LENGTH || line.length >= ACCESS_LINE_MAX)
                return refuse(error, "is not an access entry: too short or too long");
        size_t covered = line.length - SEAL_LENGTH;
        struct slice digits = slice_make(line.text + covered + SEAL_MARK_LENGTH, 2 * DIGEST_BYTES);
        if (memcmp(line.text + covered, SEAL_MARK, SEAL_MARK_LENGTH) != 0 ||
                digest_parse(digits, stated) < 0 || memcmp(line.text + line.length - 2, "\"}", 2) != 0)
                return refuse(error, "does not end in its hash");
        int r = digest_of(line.text, covered, actual);
        if (r < 0)
                return error_set(error, r, "the hash could not be computed");
        if (memcmp(stated, actual, DIGEST_BYTES) != 0)
                return refuse(error, "was changed: its content does not have the hash that it states");
        memcpy(ret_hash, actual, DIGEST_BYTES);
        return 0;
}

static bool is_text_or_null(const json_t *value)
{
        return json_is_null(value) || json_string_length(value) > 0;
}

/* The members, each once, in their order, each of its kind. */
static bool members_fit(json_t *object)
{
        size_t position = 0;
        const char *key;
        json_t *value;

        json_object_foreach(object, key,
                value) if (position >= KEY_COUNT || strcmp(key, keys[position++]) != 0) return false;
        json_t *question = json_object_get(object, "question"), *detail = json_object_get(object, "detail");
        return position == KEY_COUNT &&
               json_integer_value(json_object_get(object, "format")) == RECORD_FORMAT &&
               json_integer_value(json_object_get(object, "entry")) > 0 &&
               json_string_length(json_object_get(object, "person")) > 0 &&
               json_string_length(json_object_get(object, "action")) > 0 &&
               is_text_or_null(json_object_get(object, "case")) &&
               is_text_or_null(json_object_get(object, "verdict")) &&
               (json_is_null(question) || json_is_object(question)) &&
               (json_is_null(detail) || json_is_object(detail));
}

/* What a line says of its place in the chain. */
struct place {
        uint64_t entry;
        int64_t at_ms;
        uint8_t previous[DIGEST_BYTES];
};

static int read_place(struct slice line, struct place *ret_place, struct error *error)
{
        json_error_t reason;
        struct place place = {.entry = 0};
        int offset_s = -1;

        json_t *object = json_loadb(line.text, line.length, JSON_REJECT_DUPLICATES, &reason);
        if (!json_is_object(object) || !members_fit(object)) {
                json_decref(object);
                return refuse(error, "does not have the members of an access entry, in their order");
        }
        const char *at = json_string_value(json_object_get(object, "at"));
        const char *previous = json_string_value(json_object_get(object, "previous"));
        place.entry = (uint64_t)json_integer_value(json_object_get(object, "entry"));
        bool sound = at && previous && time_parse_rfc3339(slice_of(at), &place.at_ms, &offset_s, NULL) == 0 &&
                     offset_s == 0 && digest_parse(slice_of(previous), place.previous) == 0;
        json_decref(object);
        if (!sound)
                return refuse(error, "has no sound time or no sound hash of the entry before it");
        *ret_place = place;
        return 0;
}

int access_head_of(struct slice line, struct access_head *ret_head, struct error *error)
{
        struct access_head head;
        struct place place;

        int r = check_seal(line, head.hash, error);
        if (r == 0)
                r = read_place(line, &place, error);
        if (r < 0)
                return r;
        head.entries = place.entry;
        head.at_ms = place.at_ms;
        *ret_head = head;
        return 0;
}

int access_entry_check(struct slice line, struct access_head *head, struct error *error)
{
        struct access_head next;
        struct place place;

        int r = check_seal(line, next.hash, error);
        if (r == 0)
                r = read_place(line, &place, error);
        if (r < 0)
                return r;
        if (place.entry != head->entries + 1)
                return error_set(error, -EBADMSG,
                        "is entry %" PRIu64 ", but entry %" PRIu64
                        " belongs here: entries were removed, inserted or moved",
                        place.entry, head->entries + 1);
        if (memcmp(place.previous, head->hash, DIGEST_BYTES) != 0)
                return refuse(error, "does not continue the entry before it: one of the two was replaced");
        next.entries = place.entry;
        next.at_ms = place.at_ms;
        *head = next;
        return 0;
}

int access_record_check(struct slice record, struct access_head *ret_head, uint64_t *ret_bad_line,
        size_t *ret_cut, struct error *error)
{
        struct access_head head = {.entries = 0, .at_ms = TIME_UNKNOWN};
        struct slice rest = record;
        uint64_t number = 0;

        while (rest.length && memchr(rest.text, '\n', rest.length)) {
                number++;
                int r = access_entry_check(slice_cut(&rest, '\n'), &head, error);
                if (r < 0) {
                        error_prefix(error, r, "line %" PRIu64 " ", number);
                        if (r == -EBADMSG)
                                *ret_bad_line = number;
                        return r;
                }
        }
        *ret_cut = rest.length;
        *ret_head = head;
        return 0;
}
