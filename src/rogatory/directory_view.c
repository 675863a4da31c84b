/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/directory_view.h"
#include "rogatory/terminal.h"

#include <inttypes.h>

#define SOON (14 * TIME_DAY)
#define DEADLINE_REACH 90 /* days that a deadline of today may reach into a list of holidays */

static void append_at(struct buffer *ret, int64_t at_ms)
{
        char text[TIME_TEXT_MAX];
        buffer_append_text(ret, time_format_utc(at_ms, text));
}

static void append_day(struct buffer *ret, int64_t day)
{
        char text[TIME_TEXT_MAX];
        buffer_printf(ret, "%.10s", time_format_utc(day * TIME_DAY, text));
}

static void append_categories(struct buffer *ret, const char *what, uint64_t set)
{
        const char *mark = "";

        buffer_printf(ret, "    %-13s ", what);
        for (int category = CATEGORY_SUBSCRIBER; category <= CATEGORY_CONTENT; category++)
                if (set & WORD_BIT(category)) {
                        buffer_printf(ret, "%s%s", mark, word_name(&data_category_words, category));
                        mark = ", ";
                }
        buffer_append_text(ret, set ? "\n" : "nothing\n");
}

static void append_roles(struct buffer *ret, const struct directory_organisation *organisation)
{
        for (size_t i = 0; i < organisation->role_count; i++) {
                const struct directory_role *role = &organisation->roles[i];
                bool orders = role->role == ORGANISATION_ISSUING || role->role == ORGANISATION_VALIDATING;
                buffer_printf(
                        ret, "  role          %s", word_name(&organisation_role_words, (int)role->role));
                if (orders)
                        buffer_printf(
                                ret, " (%s)", word_name(&authority_nature_words, (int)organisation->nature));
                buffer_append_u8(ret, '\n');
                if (orders) {
                        append_categories(ret, "production", role->production);
                        append_categories(ret, "preservation", role->preservation);
                }
        }
}

static void append_certificates(
        struct buffer *ret, const struct directory_organisation *organisation, int64_t now_ms)
{
        char digest[DIGEST_TEXT_MAX];

        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                for (size_t i = 0; i < organisation->certificate_count[purpose]; i++) {
                        const struct directory_certificate *pin = &organisation->certificates[purpose][i];
                        const struct certificate_words *words = certificate_words(pin->certificate);
                        bool used = directory_certificate_at(
                                            organisation, (enum directory_purpose)purpose, now_ms) == pin;
                        buffer_printf(
                                ret, "  %-13s ", directory_purpose_name((enum directory_purpose)purpose));
                        append_at(ret, pin->from_ms);
                        buffer_append_text(ret, " to ");
                        append_at(ret, pin->until_ms);
                        buffer_printf(ret, "%s\n                %s, ", used ? ", in use" : "", words->key);
                        append_foreign(ret, words->subject);
                        buffer_printf(
                                ret, "\n                %s\n", digest_format(words->fingerprint, digest));
                }
}

static void append_organisation(
        struct buffer *ret, const struct directory_organisation *organisation, int64_t now_ms)
{
        buffer_printf(ret, "\n%s  ", organisation->name);
        append_foreign(ret, organisation->display_name);
        buffer_printf(ret, "\n  country       %s\n", organisation->country);
        append_roles(ret, organisation);
        buffer_printf(ret, "  node          %s\n", organisation->node);
        append_certificates(ret, organisation, now_ms);
        buffer_append_text(ret, "  log           ");
        append_foreign(ret, organisation->log_key.name);
        buffer_append_text(ret, "\n  witness       ");
        append_foreign(ret, organisation->witness_key.name);
        for (size_t i = 0; i < organisation->contact_count; i++) {
                buffer_printf(ret, "\n  call back     %s, ", organisation->contacts[i].phone);
                append_foreign(ret, organisation->contacts[i].name);
        }
        buffer_append_u8(ret, '\n');
}

void directory_write_text(const struct directory *directory, int64_t now_ms, struct buffer *ret)
{
        char digest[DIGEST_TEXT_MAX];

        buffer_printf(ret, "Directory, version %" PRIu64 ", of ", directory->version);
        append_foreign(ret, directory->signer);
        buffer_append_text(ret, "\n  issued        ");
        append_at(ret, directory->issued_ms);
        buffer_append_text(ret, "\n  expires       ");
        append_at(ret, directory->expires_ms);
        buffer_append_text(ret, directory_is_expired(directory, now_ms) ? ", has expired\n" : "\n");
        buffer_printf(ret, "  digest        %s\n", digest_format(directory->digest, digest));
        for (size_t i = 0; i < directory->state_count; i++) {
                const struct directory_state *state = &directory->states[i];
                buffer_printf(ret, "  State         %s, %s, %zu holidays from ", state->country, state->zone,
                        state->holiday_count);
                append_day(ret, state->known_from);
                buffer_append_text(ret, " to ");
                append_day(ret, state->known_to);
                buffer_append_u8(ret, '\n');
        }
        for (size_t i = 0; i < directory->organisation_count; i++)
                append_organisation(ret, &directory->organisations[i], now_ms);
}

/* ---- JSON ---- */

static json_t *instant(int64_t at_ms)
{
        char text[TIME_TEXT_MAX];
        return json_string(time_format_utc(at_ms, text));
}

static json_t *digest(const uint8_t hash[DIGEST_BYTES])
{
        char text[DIGEST_TEXT_MAX];
        return json_string(digest_format(hash, text));
}

static json_t *categories_to_json(uint64_t set)
{
        json_t *list = json_array();

        for (int category = CATEGORY_SUBSCRIBER; category <= CATEGORY_CONTENT; category++)
                if (set & WORD_BIT(category))
                        json_array_append_new(list, json_string(word_name(&data_category_words, category)));
        return list;
}

static json_t *certificates_to_json(const struct directory_organisation *organisation, int64_t now_ms)
{
        json_t *all = json_object();

        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                json_t *list = json_array();
                for (size_t i = 0; i < organisation->certificate_count[purpose]; i++) {
                        const struct directory_certificate *pin = &organisation->certificates[purpose][i];
                        const struct certificate_words *words = certificate_words(pin->certificate);
                        bool used = directory_certificate_at(
                                            organisation, (enum directory_purpose)purpose, now_ms) == pin;
                        json_array_append_new(list,
                                json_pack("{s:o, s:o, s:b, s:s, s:o, s:o}", "from", instant(pin->from_ms),
                                        "until", instant(pin->until_ms), "in_use", used, "key", words->key,
                                        "subject", json_foreign(words->subject), "fingerprint",
                                        digest(words->fingerprint)));
                }
                json_object_set_new(all, directory_purpose_name((enum directory_purpose)purpose), list);
        }
        return all;
}

static json_t *organisation_to_json(const struct directory_organisation *organisation, int64_t now_ms)
{
        json_t *roles = json_array(), *contacts = json_array();

        for (size_t i = 0; i < organisation->role_count; i++)
                json_array_append_new(roles,
                        json_pack("{s:s, s:o, s:o}", "role",
                                word_name(&organisation_role_words, (int)organisation->roles[i].role),
                                "production", categories_to_json(organisation->roles[i].production),
                                "preservation", categories_to_json(organisation->roles[i].preservation)));
        for (size_t i = 0; i < organisation->contact_count; i++)
                json_array_append_new(contacts,
                        json_pack("{s:o, s:s}", "name", json_foreign(organisation->contacts[i].name), "phone",
                                organisation->contacts[i].phone));
        return json_pack("{s:s, s:o, s:s, s:s?, s:o, s:s, s:o, s:o, s:o, s:o}", "name", organisation->name,
                "display_name", json_foreign(organisation->display_name), "country", organisation->country,
                "nature",
                organisation->nature ? word_name(&authority_nature_words, (int)organisation->nature) : NULL,
                "roles", roles, "node", organisation->node, "certificates",
                certificates_to_json(organisation, now_ms), "log", json_foreign(organisation->log_key.name),
                "witness", json_foreign(organisation->witness_key.name), "call_back", contacts);
}

json_t *directory_to_view(const struct directory *directory, int64_t now_ms)
{
        json_t *organisations = json_array();

        for (size_t i = 0; i < directory->organisation_count; i++)
                json_array_append_new(
                        organisations, organisation_to_json(&directory->organisations[i], now_ms));
        return json_pack("{s:I, s:o, s:o, s:o, s:b, s:o, s:o}", "version", (json_int_t)directory->version,
                "signer", json_foreign(directory->signer), "issued", instant(directory->issued_ms), "expires",
                instant(directory->expires_ms), "expired", directory_is_expired(directory, now_ms), "digest",
                digest(directory->digest), "organisations", organisations);
}

/* ---- concerns ---- */

static size_t certificate_concerns(
        const struct directory_organisation *organisation, int64_t now_ms, struct buffer *ret)
{
        size_t count = 0;

        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                enum directory_purpose at = (enum directory_purpose)purpose;
                const char *when = !directory_certificate_at(organisation, at, now_ms)          ? "now"
                                   : !directory_certificate_at(organisation, at, now_ms + SOON) ? "in 14 days"
                                                                                                : NULL;
                if (when)
                        buffer_printf(ret, "%s: has no %s certificate %s\n", organisation->name,
                                directory_purpose_name(at), when);
                count += when != NULL;
        }
        return count;
}

size_t directory_write_concerns(const struct directory *directory, int64_t now_ms, struct buffer *ret)
{
        int64_t today = now_ms / TIME_DAY;
        size_t count = 0;

        if (directory_is_expired(directory, now_ms)) {
                buffer_append_text(ret,
                        "the directory has expired: nothing may be produced by it, preservation goes on\n");
                count++;
        } else if (directory_is_expired(directory, now_ms + SOON)) {
                buffer_append_text(ret, "the directory expires within 14 days\n");
                count++;
        }
        for (size_t i = 0; i < directory->state_count; i++) {
                const struct directory_state *state = &directory->states[i];
                if (today >= state->known_from && today + DEADLINE_REACH <= state->known_to)
                        continue;
                buffer_printf(ret, "%s: its holidays are not known for all of the next %d days\n",
                        state->country, DEADLINE_REACH);
                count++;
        }
        for (size_t i = 0; i < directory->organisation_count; i++)
                count += certificate_concerns(&directory->organisations[i], now_ms, ret);
        return count;
}
