/* SPDX-License-Identifier: EUPL-1.2 */
/* A directory as the one text that its content has: members in the order of doc/format/directory.md, two
 * blanks for each level, so that what changed between two versions can be read with diff. */
#include "directory/parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX (CERTIFICATE_BYTES_MAX * 2)

static json_t *instant(int64_t at_ms)
{
        char text[TIME_TEXT_MAX];
        return json_string(time_format_utc(at_ms, text));
}

static json_t *day(int64_t days)
{
        char text[TIME_TEXT_MAX];
        return json_stringn(time_format_utc(days * TIME_DAY, text), 10);
}

static json_t *state_to_json(const struct directory_state *state)
{
        json_t *dates = json_array();

        for (size_t i = 0; i < state->holiday_count; i++)
                json_array_append_new(dates, day(state->holidays[i]));
        return json_pack("{s:s, s:s, s:{s:o, s:o, s:o}}", "country", state->country, "zone", state->zone,
                "holidays", "from", day(state->known_from), "to", day(state->known_to), "dates", dates);
}

static json_t *categories_to_json(uint64_t set)
{
        json_t *list = json_array();

        for (size_t i = 0; i < data_category_words.count; i++)
                if (set & WORD_BIT(data_category_words.words[i].value))
                        json_array_append_new(list, json_string(data_category_words.words[i].name));
        return list;
}

static json_t *roles_to_json(const struct directory_organisation *organisation)
{
        json_t *list = json_array();

        for (size_t i = 0; i < organisation->role_count; i++) {
                const struct directory_role *role = &organisation->roles[i];
                json_t *object =
                        json_pack("{s:s}", "role", word_name(&organisation_role_words, (int)role->role));
                if (role->role == ORGANISATION_ISSUING || role->role == ORGANISATION_VALIDATING) {
                        json_object_set_new(object, "production", categories_to_json(role->production));
                        json_object_set_new(object, "preservation", categories_to_json(role->preservation));
                }
                json_array_append_new(list, object);
        }
        return list;
}

static json_t *purpose_to_json(
        const struct directory_organisation *organisation, enum directory_purpose purpose)
{
        json_t *list = json_array();

        for (size_t i = 0; i < organisation->certificate_count[purpose]; i++) {
                const struct directory_certificate *certificate = &organisation->certificates[purpose][i];
                struct buffer pem = buffer_make(PEM_MAX);
                json_t *object = NULL;
                if (directory_certificate_write(certificate, &pem) == 0)
                        object = json_pack("{s:o, s:o, s:o}", "from", instant(certificate->from_ms), "until",
                                instant(certificate->until_ms), "pem",
                                json_stringn((const char *)pem.bytes, pem.length));
                buffer_free(&pem);
                if (json_array_append_new(list, object) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static json_t *note_key(const struct note_key *key)
{
        struct buffer text = buffer_make(NOTE_KEY_TEXT_MAX);
        json_t *value = NULL;

        if (note_key_write(key, &text) == 0)
                value = json_stringn((const char *)text.bytes, text.length);
        buffer_free(&text);
        return value;
}

static json_t *organisation_to_json(const struct directory_organisation *organisation)
{
        json_t *contacts = json_array(), *object = json_object();

        for (size_t i = 0; i < organisation->contact_count; i++)
                json_array_append_new(
                        contacts, json_pack("{s:s, s:s}", "name", organisation->contacts[i].name, "phone",
                                          organisation->contacts[i].phone));
        int r = json_object_set_new(object, "name", json_string(organisation->name));
        r |= json_object_set_new(object, "display_name", json_string(organisation->display_name));
        r |= json_object_set_new(object, "country", json_string(organisation->country));
        if (organisation->nature != NATURE_NONE)
                r |= json_object_set_new(object, "nature",
                        json_string(word_name(&authority_nature_words, (int)organisation->nature)));
        r |= json_object_set_new(object, "roles", roles_to_json(organisation));
        r |= json_object_set_new(object, "node", json_string(organisation->node));
        r |= json_object_set_new(object, "certificates",
                json_pack("{s:o, s:o, s:o}", "seal", purpose_to_json(organisation, DIRECTORY_SEAL), "tls",
                        purpose_to_json(organisation, DIRECTORY_TLS), "decryption",
                        purpose_to_json(organisation, DIRECTORY_DECRYPTION)));
        r |= json_object_set_new(object, "log",
                json_pack("{s:s, s:o, s:o}", "origin", organisation->log_key.name, "key",
                        note_key(&organisation->log_key), "witness", note_key(&organisation->witness_key)));
        r |= json_object_set_new(object, "call_back", contacts);
        if (r != 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}

/* NULL: no memory, or text that is no UTF-8, which directory_parse never lets in. */
static json_t *directory_to_json(const struct directory *directory)
{
        json_t *states = json_array(), *organisations = json_array();
        int r = 0;

        for (size_t i = 0; i < directory->state_count; i++)
                r |= json_array_append_new(states, state_to_json(&directory->states[i]));
        for (size_t i = 0; i < directory->organisation_count; i++)
                r |= json_array_append_new(organisations, organisation_to_json(&directory->organisations[i]));
        json_t *root = json_pack("{s:s, s:I, s:o, s:o, s:s, s:o, s:o}", "format", DIRECTORY_FORMAT, "version",
                (json_int_t)directory->version, "issued", instant(directory->issued_ms), "expires",
                instant(directory->expires_ms), "signer", directory->signer, "states", states,
                "organisations", organisations);
        if (r != 0) {
                json_decref(root);
                return NULL;
        }
        return root;
}

int directory_write(const struct directory *directory, struct buffer *ret)
{
        json_t *root = directory_to_json(directory);
        char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

        json_decref(root);
        if (!text)
                return -ENOMEM;
        buffer_append_text(ret, text);
        free(text);
        return buffer_append_u8(ret, '\n');
}
