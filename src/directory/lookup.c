/* SPDX-License-Identifier: EUPL-1.2 */
#include "directory/directory.h"

#include <string.h>

const char *directory_purpose_name(enum directory_purpose purpose)
{
        static const char *const names[] = {"seal", "tls", "decryption"};
        return names[purpose];
}

const struct directory_organisation *directory_find(const struct directory *directory, const char *name)
{
        size_t low = 0, high = directory->organisation_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(directory->organisations[middle].name, name);
                if (order == 0)
                        return &directory->organisations[middle];
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const struct directory_state *directory_state_of(const struct directory *directory, const char *country)
{
        for (size_t i = 0; i < directory->state_count; i++)
                if (strcmp(directory->states[i].country, country) == 0)
                        return &directory->states[i];
        return NULL;
}

bool directory_knows_holidays(const struct directory_state *state, int64_t from_ms, int64_t to_ms)
{
        /* No zone is further than a day from UTC. */
        return from_ms <= to_ms && from_ms / TIME_DAY - 1 >= state->known_from &&
               to_ms / TIME_DAY + 1 <= state->known_to;
}

static bool is_pinned_at(const struct directory_certificate *certificate, int64_t at_ms)
{
        return at_ms >= certificate->from_ms && at_ms < certificate->until_ms;
}

const struct directory_organisation *directory_find_certificate(const struct directory *directory,
        enum directory_purpose purpose, const uint8_t fingerprint[DIGEST_BYTES], int64_t at_ms,
        const struct directory_certificate **ret_certificate)
{
        for (size_t i = 0; i < directory->organisation_count; i++) {
                const struct directory_organisation *organisation = &directory->organisations[i];
                for (size_t k = 0; k < organisation->certificate_count[purpose]; k++) {
                        const struct directory_certificate *certificate =
                                &organisation->certificates[purpose][k];
                        if (memcmp(certificate_words(certificate->certificate)->fingerprint, fingerprint,
                                    DIGEST_BYTES) != 0)
                                continue;
                        /* No second place has it: that is checked when a directory is read. */
                        if (!is_pinned_at(certificate, at_ms))
                                return NULL;
                        if (ret_certificate)
                                *ret_certificate = certificate;
                        return organisation;
                }
        }
        return NULL;
}

const struct directory_certificate *directory_certificate_at(
        const struct directory_organisation *organisation, enum directory_purpose purpose, int64_t at_ms)
{
        /* Ascending by their beginnings. */
        for (size_t k = organisation->certificate_count[purpose]; k-- > 0;)
                if (is_pinned_at(&organisation->certificates[purpose][k], at_ms))
                        return &organisation->certificates[purpose][k];
        return NULL;
}

const struct directory_role *directory_role_of(
        const struct directory_organisation *organisation, enum organisation_role role)
{
        for (size_t i = 0; i < organisation->role_count; i++)
                if (organisation->roles[i].role == role)
                        return &organisation->roles[i];
        return NULL;
}

const struct directory_organisation *directory_next_with_role(const struct directory *directory,
        const struct directory_organisation *after, enum organisation_role role, const char *country)
{
        size_t i = after ? (size_t)(after - directory->organisations) + 1 : 0;

        for (; i < directory->organisation_count; i++) {
                const struct directory_organisation *organisation = &directory->organisations[i];
                if (directory_role_of(organisation, role) &&
                        (!country || strcmp(organisation->country, country) == 0))
                        return organisation;
        }
        return NULL;
}

enum directory_verdict directory_may_order(const struct directory *directory,
        const struct directory_organisation *organisation, enum organisation_role role, bool preservation,
        enum data_category category, int64_t now_ms)
{
        const struct directory_role *found = directory_role_of(organisation, role);

        if (!found || (role != ORGANISATION_ISSUING && role != ORGANISATION_VALIDATING))
                return DIRECTORY_NO_SUCH_ROLE;
        if (category == CATEGORY_NONE ||
                !((preservation ? found->preservation : found->production) & WORD_BIT(category)))
                return DIRECTORY_CATEGORY_NOT_GIVEN;
        if (!preservation && directory_is_expired(directory, now_ms))
                return DIRECTORY_EXPIRED;
        return DIRECTORY_MAY;
}

const char *directory_verdict_sentence(enum directory_verdict verdict)
{
        switch (verdict) {
        case DIRECTORY_MAY:
                return "the directory allows it";
        case DIRECTORY_NO_SUCH_ROLE:
                return "the directory does not know the organisation in that role";
        case DIRECTORY_CATEGORY_NOT_GIVEN:
                return "the directory does not allow the organisation to order data of that category";
        case DIRECTORY_EXPIRED:
                return "the directory has expired; orders to produce wait for a new one, preservation goes "
                       "on";
        }
        return "the directory does not say";
}
